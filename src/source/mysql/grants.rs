//! What an account may read, by its grants as the server shows them: whether there may be objects that the server hides from it.
//!
//! `MariaDB` and `MySQL` leave out of `information_schema` what an account has no right to. Only a right to everything, or to a whole database,
//! shows that nothing was left out.

/// What the grants of an account come to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Grants {
    /// `SELECT` on everything, and no exception from it.
    reads_all: bool,
    /// The names of all databases are listed.
    lists_databases: bool,
    /// Rights are taken away from what is granted as a whole.
    has_exceptions: bool,
    /// For each pattern of databases, whether `SELECT` is granted.
    databases: Vec<(String, bool)>,
}

impl Grants {
    /// Takes the lines of `SHOW GRANTS`, one after the other. What is not understood grants nothing.
    pub(super) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Grants {
        let mut grants = Grants::default();
        for line in lines {
            let line = line.trim();
            if is_word(line, "REVOKE") || is_word(line, "DENY") {
                grants.has_exceptions = true;
            } else if is_word(line, "GRANT") {
                grants.add(&line["GRANT".len()..]);
            }
        }
        grants
    }

    fn add(&mut self, line: &str) {
        // A role that is granted, or what is granted on one column, has no target.
        let Some((rights, rest)) = split_on(line) else { return };
        let names: Vec<&str> = rights.split(',').map(str::trim).collect();
        let has = |wanted: &str| names.iter().any(|right| right.eq_ignore_ascii_case(wanted));
        let has_all = has("ALL PRIVILEGES") || has("ALL");
        let reads = has_all || has("SELECT");
        let Some((database, rest)) = name(rest) else { return };
        let Some(rest) = rest.strip_prefix('.') else { return };
        if !rest.starts_with("* ") && rest != "*" {
            return;
        }
        match database {
            None => {
                self.reads_all |= reads;
                self.lists_databases |= reads || has("SHOW DATABASES");
            }
            Some(database) => self.databases.push((database, reads)),
        }
    }

    /// Whether there may be objects that this account is not shown, where one database was asked for or all.
    pub(super) fn is_blind(&self, asked: Option<&str>) -> bool {
        if self.has_exceptions {
            return true;
        }
        if self.reads_all {
            return false;
        }
        let Some(asked) = asked else { return true };
        // Of several patterns that fit the server takes one: all of them have to do.
        let mut fitting = self.databases.iter().filter(|(pattern, _)| is_like(pattern, asked)).peekable();
        let reads_database = fitting.peek().is_some() && fitting.all(|(_, reads)| *reads);
        !reads_database || !self.lists_databases
    }
}

fn is_word(line: &str, word: &str) -> bool {
    let (first, rest) = line.split_at_checked(word.len()).unwrap_or_default();
    first.eq_ignore_ascii_case(word) && rest.starts_with(' ')
}

/// The rights of a line, and what follows the `ON` behind them. Rights on single columns stand in brackets, and count for nothing here.
fn split_on(line: &str) -> Option<(String, &str)> {
    let (mut rights, mut depth, mut quote) = (String::new(), 0_usize, None);
    for (place, character) in line.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '`' | '"' | '\'') => quote = Some(character),
            (None, '(') => {
                depth += 1;
                rights.push('(');
            }
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth > 0 => {}
            (None, ' ') if line[place..].starts_with(" ON ") => return Some((rights, &line[place + " ON ".len()..])),
            (None, _) => rights.push(character),
        }
    }
    None
}

/// The name at the beginning, `None` for `*`, and what follows it. A pattern keeps its backslashes.
fn name(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((None, rest));
    }
    let quote = text.chars().next().filter(|first| matches!(first, '`' | '"'))?;
    let mut found = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((place, character)) = characters.next() {
        if character != quote {
            found.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            found.push(quote);
        } else {
            return Some((Some(found), &text[place + 1..]));
        }
    }
    None
}

/// Whether a pattern of `LIKE` fits: `%` is any text, `_` any character, and a backslash takes the meaning from either.
fn is_like(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // For each length of the name, whether the pattern so far fits it.
    let mut fits: Vec<bool> = (0..=name.len()).map(|length| length == 0).collect();
    let mut place = 0;
    while place < pattern.len() {
        let is_escaped = pattern[place] == '\\' && place + 1 < pattern.len();
        place += usize::from(is_escaped);
        let wanted = pattern[place];
        place += 1;
        let mut next = vec![false; fits.len()];
        for length in 0..=name.len() {
            next[length] = match wanted {
                '%' if !is_escaped => fits[..=length].contains(&true),
                _ if length == 0 => false,
                '_' if !is_escaped => fits[length - 1],
                _ => fits[length - 1] && name[length - 1] == wanted,
            };
        }
        fits = next;
    }
    fits.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_blind(text: &str, asked: Option<&str>) -> bool {
        Grants::parse(text.lines()).is_blind(asked)
    }

    #[test]
    fn a_right_to_everything_hides_nothing() {
        for text in [
            // MySQL 5.7
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION\nGRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
            "GRANT SELECT, RELOAD, SHOW VIEW ON *.* TO 'reader'@'%'",
            // MySQL 8.0 and 8.4
            "GRANT SELECT, INSERT, UPDATE, SHOW DATABASES, SHOW VIEW ON *.* TO `reader`@`%`\n\
             GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `reader`@`%`\nGRANT `auditor`@`%` TO `reader`@`%`",
            // MariaDB
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD '*AB ON `x`.*' WITH GRANT OPTION",
            "GRANT `auditor` TO `reader`@`%`\nGRANT USAGE ON *.* TO `reader`@`%`\nGRANT SELECT ON *.* TO `auditor`",
        ] {
            assert!(!is_blind(text, None), "{text}");
            assert!(!is_blind(text, Some("crm")), "{text}");
        }
    }

    #[test]
    fn a_right_to_one_database_hides_nothing_of_it_where_databases_are_listed() {
        for grant in ["`crm`", "`c_m`", "`cr%`", "`%`"] {
            let text =
                format!("GRANT SHOW DATABASES ON *.* TO `reader`@`%`\nGRANT SELECT, SHOW VIEW ON {grant}.* TO `reader`@`%`");
            assert!(!is_blind(&text, Some("crm")), "{text}");
            assert!(is_blind(&text, None), "{text}");
            let unlisted = text.replace("SHOW DATABASES", "USAGE");
            assert!(is_blind(&unlisted, Some("crm")), "{unlisted}");
        }
    }

    #[test]
    fn less_than_a_right_to_a_whole_database_may_hide_something() {
        for grants in [
            "",
            "GRANT SELECT ON `crm`.`contacts` TO `reader`@`%`",
            "GRANT SELECT (`id`, `crm`.*) ON `crm`.`contacts` TO `reader`@`%`",
            "GRANT SELECT (`a ON *.* b`) ON `crm`.`contacts` TO `reader`@`%`",
            "GRANT SHOW VIEW ON `crm`.* TO `reader`@`%`",
            "GRANT SELECT ON `crm2`.* TO `reader`@`%`",
            "GRANT SELECT ON `c\\_m`.* TO `reader`@`%`",
            "GRANT SELECT ON `cr%`.* TO `reader`@`%`\nGRANT INSERT ON `crm`.* TO `reader`@`%`",
            "GRANT SELECT ON `crm`.* TO `reader`@`%`\nREVOKE SELECT ON `crm`.* FROM `reader`@`%`",
            "GRANT EXECUTE ON PROCEDURE `crm`.`p` TO `reader`@`%`",
            "GRANT `SELECT ON *.* TO x`@`%` TO `reader`@`%`",
            "GRANT SELECT ON `crm`",
            "GRANT SELECT ON `crm",
        ] {
            let text = format!("GRANT SHOW DATABASES ON *.* TO `reader`@`%`\n{grants}");
            assert!(is_blind(&text, Some("crm")), "{text}");
        }
        // MySQL 8 with partial revokes.
        assert!(is_blind("GRANT SELECT ON *.* TO `r`@`%`\nREVOKE SELECT ON `hr`.* FROM `r`@`%`", Some("crm")));
    }

    #[test]
    fn patterns_fit_as_like_does() {
        for (pattern, name) in [("crm", "crm"), ("c_m", "crm"), ("%", ""), ("a%b%c", "aXXbYc"), ("a\\_b", "a_b"), ("a\\", "a\\")]
        {
            assert!(is_like(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("crm", "crm2"), ("crm", "Crm"), ("_", ""), ("a\\_b", "aXb"), ("a%b", "ac"), ("", "a")] {
            assert!(!is_like(pattern, name), "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "(GRANT|REVOKE|SELECT|ON|TO|\\*|\\.|`|'|\\(|\\)|,|%|[ a-é]){0,24}") {
            let _ = is_blind(&text, Some("a"));
        }
    }
}
