//! Paths as units of systemd and lines of a crontab take them. What such a file cannot hold safely is refused, never written in part.

use crate::support::sanitize::clean;
use crate::support::sanitize::is_harmful;
use std::path::Path;
use std::path::PathBuf;

/// Why a path or a word cannot stand in what an administrator sets up.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum QuotingError {
    /// The person's: the file has to be called something else. A line break would otherwise stand in the message too.
    #[error("`{}` cannot stand in {place}: it {why}", clean(&path.to_string_lossy()))]
    Path { path: PathBuf, place: &'static str, why: &'static str },
    /// The person's: a word of the command line or of the settings.
    #[error("{what} `{}` cannot be used: {why}", clean(word))]
    Word { what: &'static str, word: String, why: &'static str },
}

/// What a unit is called in messages.
pub(crate) const UNIT: &str = "a unit of systemd";

/// What a line of a crontab is called in messages.
pub(crate) const CRONTAB: &str = "a crontab";

/// A path as text that shows what it is: valid, and in one line.
pub(crate) fn text<'a>(path: &'a Path, place: &'static str) -> Result<&'a str, QuotingError> {
    let refused = |why| QuotingError::Path { path: path.to_owned(), place, why };
    let text = path.to_str().ok_or_else(|| refused("is not UTF-8"))?;
    if text.chars().any(is_harmful) {
        return Err(refused("has a line break or another character that does not show"));
    }
    Ok(text)
}

/// A word of a setting of systemd: quoted where it has to be, with `%` doubled, by which systemd would begin a specifier.
pub(crate) fn systemd(word: &str) -> String {
    let doubled = word.replace('%', "%%");
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    if !doubled.is_empty() && doubled.chars().all(is_plain) {
        return doubled;
    }
    format!("\"{}\"", doubled.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word for the shell that cron starts. A `%` ends the command for cron unless a backslash stands before it, which cron takes away; outside of the
/// quotes the shell takes it away where a cron does not.
pub(crate) fn cron(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@+,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("'");
    for character in word.chars() {
        match character {
            // In quotes of the other kind, since crons differ in what they do to a backslash before anything but `%`.
            '\'' => quoted.push_str("'\"'\"'"),
            '%' => quoted.push_str("'\\%'"),
            _ => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}

/// A path as a crontab can hold it.
pub(crate) fn cron_path(path: &Path) -> Result<String, QuotingError> {
    let text = text(path, CRONTAB)?;
    if text.contains('\\') {
        let why = "has a backslash, which not every cron reads in the same way";
        return Err(QuotingError::Path { path: path.to_owned(), place: CRONTAB, why });
    }
    Ok(cron(text))
}

/// The name of an account, or its number.
pub(crate) fn account(word: &str) -> Result<(), QuotingError> {
    let begins = word.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    let goes_on = word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    if begins && goes_on && word.len() <= 31 {
        return Ok(());
    }
    let why = "the name of an account has letters, digits, `_`, `-` and `.`, at most 31";
    Err(QuotingError::Word { what: "the account", word: word.to_owned(), why })
}

/// A name by which several configurations on one machine are told apart.
pub(crate) fn name(word: &str) -> Result<(), QuotingError> {
    let begins = word.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && word.len() <= 64 && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter)) {
        return Ok(());
    }
    let why = "a name has letters, digits, `_` and `-`, at most 64, and begins with a letter or digit";
    Err(QuotingError::Word { what: "the name", word: word.to_owned(), why })
}

/// The name of a credential, which is the name of a file too.
pub(crate) fn credential(word: &str) -> Result<(), QuotingError> {
    let begins = word.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    if begins && word.len() <= 128 && word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter)) {
        return Ok(());
    }
    let why = "the name of a credential has letters, digits, `_`, `-` and `.`, at most 128";
    Err(QuotingError::Word { what: "the credential", word: word.to_owned(), why })
}

/// The name of a variable of the environment.
pub(crate) fn variable(word: &str) -> Result<(), QuotingError> {
    let begins = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if begins && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Ok(());
    }
    let why = "the name of a variable has letters, digits and `_`";
    Err(QuotingError::Word { what: "the variable", word: word.to_owned(), why })
}

/// An expression of times, as systemd.time(7) has them: whether it holds nothing but what such a one may. What it means is for systemd to say.
pub(crate) fn calendar(word: &str) -> Result<(), QuotingError> {
    let is_known = |letter: char| letter.is_ascii_alphanumeric() || " *,.-/:~+_".contains(letter);
    if !word.trim().is_empty() && word.len() <= 200 && word.chars().all(is_known) {
        return Ok(());
    }
    let why = "it is no expression of systemd.time(7), as `*-*-* 02:30:00 UTC`";
    Err(QuotingError::Word { what: "the time", word: word.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_reads_back_what_was_meant() {
        for (word, quoted) in [
            ("/etc/residua/residua.toml", "/etc/residua/residua.toml"),
            ("/a/50%", "/a/50%%"),
            ("/a b", "\"/a b\""),
            ("/a/$HOME", "\"/a/$HOME\""),
            ("/a\\b\"c'd", "\"/a\\\\b\\\"c'd\""),
            ("/a;b#c", "\"/a;b#c\""),
            ("/ends\\", "\"/ends\\\\\""),
            ("", "\"\""),
        ] {
            assert_eq!(systemd(word), quoted, "{word}");
        }
    }

    #[test]
    fn cron_hands_the_shell_what_was_meant() {
        for (word, quoted) in [
            ("/usr/bin/residua", "/usr/bin/residua"),
            ("/a b", "'/a b'"),
            ("/50% off", "'/50'\\%' off'"),
            ("/o'ne", "'/o'\"'\"'ne'"),
            ("/$HOME`x`", "'/$HOME`x`'"),
            ("", "''"),
        ] {
            assert_eq!(cron(word), quoted, "{word}");
        }
        assert!(cron_path(Path::new("/a\\b")).unwrap_err().to_string().contains("a backslash"));
    }

    #[test]
    fn what_does_not_show_is_refused() {
        for path in ["/a\nExecStartPost=/bin/x", "/a\rb", "/a\tb", "/a\u{202e}b", "/a\u{1b}b"] {
            let error = text(Path::new(path), UNIT).unwrap_err().to_string();
            assert!(error.contains("cannot stand in a unit of systemd"), "{error}");
            cron_path(Path::new(path)).unwrap_err();
        }
        assert_eq!(text(Path::new("/a/Büro"), UNIT), Ok("/a/Büro"));
    }

    #[test]
    fn words_of_other_kinds_are_held_to_their_letters() {
        for (check, good, bad) in [
            (
                account as fn(&str) -> Result<(), QuotingError>,
                &["residua", "_res-1", "1000"][..],
                &["", "a b", "a\nb", "-a", "a%n"][..],
            ),
            (name, &["residua", "crm-2"], &["", "-a", "a.b", "a@b", "../a", "a b"]),
            (credential, &["crm", "a.b-c"], &["", "..", "a:b", "a/b", "a\nb"]),
            (variable, &["PGPASSWORD", "_a1"], &["", "1a", "A B", "A\nB"]),
            (calendar, &["hourly", "Mon..Fri *-*-* 02:30:00 UTC", "*:0/15"], &["", " ", "daily\nOnBootSec=1", "%n", "$x"]),
        ] {
            assert!(good.iter().all(|word| check(word).is_ok()), "{good:?}");
            assert!(bad.iter().all(|word| check(word).is_err()), "{bad:?}");
        }
    }
}
