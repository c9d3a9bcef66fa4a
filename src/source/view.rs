//! Whether rows are written into the definition of a view, rather than only taken from tables.

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    /// A bare word or number.
    Word(&'a str),
    /// A text between single quotes that says something.
    Text,
    /// One of blanks and marks alone.
    Blank,
    /// A quoted name.
    Name,
    /// Any other character.
    Mark(char),
}

impl Token<'_> {
    fn is(self, wanted: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(wanted))
    }
}

/// Whether a definition lists `VALUES`, has a `SELECT` that takes its row from nowhere or writes its values out, or asks a function for
/// rows. In doubt it does: such a view is read.
pub(super) fn holds_rows(sql: &str) -> bool {
    let tokens = tokens(sql);
    let count = |wanted: &str| tokens.iter().filter(|token| token.is(wanted)).count();
    // `IS DISTINCT FROM` compares.
    let comparisons = tokens.windows(2).filter(|pair| pair[0].is("distinct") && pair[1].is("from")).count();
    let from = count("from") - comparisons;
    let is_function = |three: &[Token]| {
        (three[0].is("from") || three[0].is("join"))
            && matches!(three[1], Token::Word(_) | Token::Name)
            && three[2] == Token::Mark('(')
    };
    let writes_out = |place: usize| tokens[place].is("select") && is_written_out(&tokens[place + 1..]);
    from == 0
        || count("select") > from
        || count("values") > 0
        || tokens.windows(3).any(is_function)
        || (0..tokens.len()).any(writes_out)
}

/// Functions of a database whose result shows no more than what they are given.
const PLAIN_FUNCTIONS: [&str; 55] = [
    "abs",
    "avg",
    "btrim",
    "cast",
    "ceil",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "date",
    "date_part",
    "date_trunc",
    "day",
    "decimal",
    "dense_rank",
    "distinct",
    "exists",
    "extract",
    "filter",
    "first_value",
    "floor",
    "greatest",
    "ifnull",
    "in",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "month",
    "now",
    "nullif",
    "numeric",
    "over",
    "rank",
    "right",
    "round",
    "row_number",
    "rtrim",
    "strftime",
    "substr",
    "substring",
    "sum",
    "trim",
    "upper",
    "varchar",
    "varying",
    "year",
    "all",
];

/// Whether most result columns after a `SELECT` are written out, and one of them as text; or one is computed from a text that stands there, or
/// by a function that may unpack what no other reader understands. `EXISTS (SELECT 1 FROM …)` is not meant, nor a column that says from which
/// table a row is.
fn is_written_out(tokens: &[Token]) -> bool {
    let (mut depth, mut columns, mut written, mut texts) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut column: Vec<Token> = Vec::new();
    let mut tokens = tokens.iter().skip_while(|token| token.is("distinct") || token.is("all"));
    loop {
        let token = tokens.next().copied();
        let ends = depth == 0 && token.is_none_or(|token| token.is("from") || matches!(token, Token::Mark(',' | ')' | ';')));
        if !ends && let Some(token) = token {
            match token {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            column.push(token);
            continue;
        }
        if is_computed(&column) {
            return true;
        }
        columns += 1;
        written += usize::from(is_value(&column));
        texts += usize::from(is_value(&column) && column.contains(&Token::Text));
        column.clear();
        if token != Some(Token::Mark(',')) {
            return texts > 0 && 2 * written > columns;
        }
    }
}

/// Whether a result column is more than columns of tables side by side, and no mere value.
fn is_computed(column: &[Token]) -> bool {
    let is_foreign = |pair: &[Token]| match pair {
        [Token::Word(word), Token::Mark('(')] => !PLAIN_FUNCTIONS.iter().any(|plain| word.eq_ignore_ascii_case(plain)),
        [Token::Name, Token::Mark('(')] => true,
        _ => false,
    };
    (column.contains(&Token::Text) && !is_value(column)) || column.windows(2).any(is_foreign)
}

/// Whether a result column is a value and at most a name for it.
fn is_value(column: &[Token]) -> bool {
    let mut rest = column.iter().filter(|token| !token.is("as")).skip_while(|token| matches!(token, Token::Mark('-' | '+')));
    let is_value = match rest.next() {
        Some(Token::Text | Token::Blank) => true,
        // The mark of a blob, or a number.
        Some(Token::Word(word)) => {
            word.eq_ignore_ascii_case("x") && rest.next() == Some(&Token::Text)
                || word.starts_with(|first: char| first.is_ascii_digit())
        }
        _ => false,
    };
    is_value && rest.all(|token| matches!(token, Token::Word(_) | Token::Name))
}

/// The pieces of a statement, without comments.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => end_after(rest, 2, "*/"),
            // A doubled quote ends one text and begins another, which comes to the same.
            '\'' => {
                let length = end_after(rest, 1, "'");
                let says = rest.get(1..length).is_some_and(|text| text.contains(char::is_alphanumeric));
                match (tokens.last(), says) {
                    (Some(Token::Text), _) | (Some(Token::Blank), false) => {}
                    (Some(Token::Blank), true) => {
                        tokens.pop();
                        tokens.push(Token::Text);
                    }
                    _ => tokens.push(if says { Token::Text } else { Token::Blank }),
                }
                length
            }
            '"' | '`' | '[' => {
                tokens.push(Token::Name);
                end_after(rest, 1, if first == '[' { "]" } else { &rest[..1] })
            }
            _ if is_of_word(first) => {
                let length = rest.find(|character| !is_of_word(character)).unwrap_or(rest.len());
                // A text may be written in hexadecimal.
                let is_text = length > 2 && rest.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
                tokens.push(if is_text { Token::Text } else { Token::Word(&rest[..length]) });
                length
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token::Mark(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

/// Where `end` is over, looked for from a place on.
fn end_after(text: &str, from: usize, end: &str) -> usize {
    text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$') || !character.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tells_rows_from_queries() {
        for sql in [
            "CREATE VIEW v AS VALUES ('ann')",
            "create view v as select 'ann'",
            "CREATE VIEW v AS SELECT 'ann' AS \"from\"",
            "CREATE VIEW v AS SELECT 'it''s from' -- FROM t\n, 1 /* FROM t",
            "CREATE VIEW [from] AS SELECT 1 AS `from`",
            "CREATE VIEW v AS SELECT a FROM t UNION SELECT 'ann'",
            "CREATE VIEW v AS SELECT 1 IS NOT DISTINCT FROM 2",
            "CREATE VIEW v AS WITH w (a) AS (VALUES (1)) SELECT a FROM w",
            "CREATE VIEW v AS SELECT value FROM json_each('[1]')",
            "CREATE VIEW v AS SELECT value FROM t JOIN \"json_each\" (t.a)",
            "CREATE VIEW v AS SELECT 'ann' AS name, 'it''s' town, 7 FROM t LIMIT 1",
            "CREATE VIEW v AS SELECT DISTINCT x'616e6e' FROM t",
            "CREATE VIEW v AS SELECT a FROM t UNION SELECT 'ann' FROM t",
            "CREATE VIEW v AS SELECT 'Dr ' || a, coalesce(b, 'none') FROM t JOIN u USING (a)",
            "CREATE VIEW v AS SELECT CASE id WHEN 1 THEN 'Jane' END FROM t",
            "CREATE VIEW v AS SELECT aes_decrypt(a, k) FROM t",
            "CREATE VIEW v AS SELECT a, 'Jane' varchar(50) FROM t",
            "CREATE VIEW v AS SELECT char(74, 97, 110, 101) FROM t",
            "CREATE VIEW v AS SELECT 0x4a616e65 AS name FROM t LIMIT 1",
            "CREATE VIEW v AS SELECT extract(year FROM d) FROM t UNION SELECT 'Jane' || ''",
        ] {
            assert!(holds_rows(sql), "{sql}");
        }
        for sql in [
            "CREATE VIEW v AS SELECT a FROM t",
            "CREATE VIEW v AS SELECT a FROM(SELECT a FROM t) WHERE a IS DISTINCT FROM 'values'",
            "CREATE VIEW values_of_t AS SELECT \"values\" FROM t",
            "CREATE VIEW v AS SELECT a, 'customer' AS kind FROM t UNION ALL SELECT a, 'lead' AS kind FROM u",
            "CREATE VIEW v AS SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.b IN ('x', 'y'))",
            "CREATE VIEW v AS SELECT a || ' ' || b, lower(c), count(*) FROM t JOIN u USING (a) GROUP BY 1, 2",
        ] {
            assert!(!holds_rows(sql), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(sql in "(SELECT|FROM|AS|x|'|\"|\\[|\\(|\\)|,|--|/\\*|[ a1é]){0,30}") {
            let _ = holds_rows(&sql);
        }
    }
}
