//! The option files of `MySQL`'s and `MariaDB`'s clients (`MySQL`'s reference manual, "Using Option Files").

use crate::source::server::is_shared;
use configparser::ini::Ini;
use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// The sections that the clients read, the later ones before the earlier.
const SECTIONS: [&str; 5] = ["client", "client-server", "client-mariadb", "mysql", "mariadb"];

/// Options by name, with `-` between words.
pub(super) type Settings = BTreeMap<String, Zeroizing<String>>;

/// Reads a file. With `may_be_missing` one that is not there holds nothing. One with a password that others may read is refused.
pub(super) fn read(path: &Path, may_be_missing: bool) -> Result<Settings, String> {
    let is_shared = match File::open(path).and_then(|file| file.metadata()) {
        Err(error) if may_be_missing && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Settings::new());
        }
        Ok(metadata) => is_shared(&metadata),
        Err(_) => false,
    };
    let text = fs::read_to_string(path).map_err(|_| format!("cannot read the option file `{}`", path.display()))?;
    let settings = parse(&Zeroizing::new(text)).map_err(|fault| format!("the option file `{}` {fault}", path.display()))?;
    if is_shared && settings.contains_key("password") {
        return Err(format!("others may read the option file `{}`, which holds a password: `chmod 600` it", path.display()));
    }
    Ok(settings)
}

fn parse(text: &str) -> Result<Settings, &'static str> {
    if text.lines().any(|line| line.trim_start().starts_with("!include")) {
        return Err("takes in another file, which is not followed: name that file, or copy its lines");
    }
    let mut file = Ini::new_cs();
    // Quotes come first: what begins a comment elsewhere may stand in a password.
    file.set_inline_comment_symbols(Some(&[]));
    let mut defaults = file.defaults();
    defaults.delimiters = vec!['='];
    file.load_defaults(defaults);
    let sections = file.read(text.to_owned()).map_err(|_| "is malformed")?;
    let mut settings = Settings::new();
    for section in SECTIONS {
        for (name, value) in sections.get(section).into_iter().flatten() {
            let value = Zeroizing::new(value.clone().unwrap_or_default());
            settings.insert(name.trim().replace('_', "-"), Zeroizing::new(plain(&value)));
        }
    }
    Ok(settings)
}

/// A value without its quotes, its comment and its escapes.
fn plain(value: &str) -> String {
    let value = value.trim();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let inner = match quote {
        // A quote ends where the same one stands again without a backslash before it.
        Some(quote) => {
            let mut is_escaped = false;
            let end = value[1..].find(|character| {
                let ends = character == quote && !is_escaped;
                is_escaped = character == '\\' && !is_escaped;
                ends
            });
            end.map_or(value, |end| &value[1..=end])
        }
        None => value.split('#').next().unwrap_or_default().trim_end(),
    };
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('b') => plain.push('\u{8}'),
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('s') => plain.push(' '),
            Some(escaped @ ('\\' | '"' | '\'')) => plain.push(escaped),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_taken_as_the_clients_take_them() {
        for (written, meant) in [
            ("secret", "secret"),
            (" secret  # of the day", "secret"),
            ("\"a#b;c=d:e\" # comment", "a#b;c=d:e"),
            ("'it\\'s \"x\"'", "it's \"x\""),
            ("\"C:\\\\new\\sfolder\"", "C:\\new folder"),
            ("a\\tb\\x", "a\tb\\x"),
            ("p;a:s=s", "p;a:s=s"),
            ("\"open", "\"open"),
            ("\"", "\""),
            ("", ""),
            ("x\\", "x\\"),
        ] {
            assert_eq!(plain(written), meant, "{written}");
        }
    }

    #[test]
    fn sections_of_the_clients_are_read_and_no_others() {
        let text = "# mine\n; and yours\n[client]\nhost = db1\nssl_mode=REQUIRED\npassword=\"a#b;c\"\nskip-ssl\n\n[mysqld]\nport=1\n\
                    [mysql]\nhost=db2\n[mysqldump]\nuser=x\n";
        let settings = parse(text).unwrap();
        let get = |name: &str| settings.get(name).map(|value| value.as_str());
        assert_eq!(get("host"), Some("db2"));
        assert_eq!(get("ssl-mode"), Some("REQUIRED"));
        assert_eq!(get("password"), Some("a#b;c"));
        assert_eq!((get("skip-ssl"), get("port"), get("user")), (Some(""), None, None));
    }

    #[test]
    fn what_is_taken_in_from_elsewhere_is_not_followed() {
        assert!(parse("[client]\n  !includedir /etc/mysql/conf.d/\n").unwrap_err().contains("not followed"));
        assert!(parse("!include x.cnf\n").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_password_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.cnf");
        assert!(read(&path, true).unwrap().is_empty());
        assert!(read(&path, false).is_err());
        fs::write(&path, "[client]\npassword=canary\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let fault = read(&path, false).unwrap_err();
        assert!(fault.contains("chmod 600") && !fault.contains("canary"), "{fault}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path, false).unwrap()["password"].as_str(), "canary");
        fs::write(&path, "[client]\nuser=me\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path, false).unwrap()["user"].as_str(), "me");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\[client\\]|password|=|\"|'|\\\\|#|;|!|\n|[ a-é]){0,24}") {
            let _ = parse(&text);
            let _ = plain(&text);
        }
    }
}
