//! Whether rows are written into the definition of a view, rather than only taken from tables.

/// Whether a definition lists `VALUES`, or has a `SELECT` that takes its row from nowhere. In doubt it does: such a view is read.
pub(super) fn holds_rows(sql: &str) -> bool {
    let words = words(sql);
    let count = |wanted: &str| words.iter().filter(|word| word.eq_ignore_ascii_case(wanted)).count();
    // `IS DISTINCT FROM` compares.
    let is_comparison = |pair: &&[&str]| pair[0].eq_ignore_ascii_case("distinct") && pair[1].eq_ignore_ascii_case("from");
    let comparisons = words.windows(2).filter(is_comparison).count();
    let from = count("from") - comparisons;
    from == 0 || count("select") > from || count("values") > 0
}

/// The bare words of a statement, without comments, texts and quoted names.
fn words(sql: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => end_after(rest, 2, "*/"),
            // A doubled quote ends one text and begins another, which comes to the same.
            '\'' => end_after(rest, 1, "'"),
            '"' => end_after(rest, 1, "\""),
            '`' => end_after(rest, 1, "`"),
            '[' => end_after(rest, 1, "]"),
            _ if is_of_word(first) => {
                let length = rest.find(|character| !is_of_word(character)).unwrap_or(rest.len());
                words.push(&rest[..length]);
                length
            }
            _ => first.len_utf8(),
        };
        rest = &rest[length..];
    }
    words
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
        ] {
            assert!(holds_rows(sql), "{sql}");
        }
        for sql in [
            "CREATE VIEW v AS SELECT a FROM t",
            "CREATE VIEW v AS SELECT a FROM(SELECT a FROM t) WHERE a IS DISTINCT FROM 'values'",
            "CREATE VIEW values_of_t AS SELECT \"values\" FROM t",
        ] {
            assert!(!holds_rows(sql), "{sql}");
        }
    }
}
