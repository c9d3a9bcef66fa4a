//! The password file of PostgreSQL's clients: lines of `host:port:database:user:password`, with `*` for any (libpq, section "The Password
//! File").

use crate::source::server::is_shared;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// The lines of a password file.
#[derive(Default)]
pub(super) struct Passwords(Vec<[Zeroizing<String>; 5]>);

impl Passwords {
    /// Reads a file. One that is not there holds nothing; one that others may read is refused, as psql ignores it.
    pub(super) fn read(path: &Path) -> Result<Passwords, String> {
        let shared = || format!("others may read the password file `{}`: `chmod 600` it", path.display());
        match File::open(path).and_then(|file| file.metadata()) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Passwords::default());
            }
            Ok(metadata) if is_shared(&metadata) => return Err(shared()),
            _ => {}
        }
        let text = fs::read_to_string(path).map_err(|_| format!("cannot read the password file `{}`", path.display()))?;
        Ok(Passwords::parse(&Zeroizing::new(text)))
    }

    fn parse(text: &str) -> Passwords {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Passwords(lines.filter_map(|line| <[Zeroizing<String>; 5]>::try_from(fields(line)).ok()).collect())
    }

    /// The password of the first line that fits.
    pub(super) fn find(&self, host: &str, port: u16, database: &str, user: &str) -> Option<&str> {
        let port = port.to_string();
        let fits = |line: &&[Zeroizing<String>; 5]| {
            line.iter().zip([host, &port, database, user]).all(|(field, value)| field.as_str() == "*" || field.as_str() == value)
        };
        self.0.iter().find(fits).map(|line| line[4].as_str())
    }
}

/// The fields of a line: a backslash takes the meaning from what follows it.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = vec![Zeroizing::<String>::default()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let count = fields.len();
        match (character, fields.last_mut()) {
            // What follows the fourth colon is the password; colons in it need no backslash to be understood.
            (':', _) if count < 5 => fields.push(Zeroizing::default()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (_, Some(field)) => field.push(character),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# comment\ndb1:5432:crm:me:one\n*:*:crm:me:two\n*:*:*:*:t\\:hr\\\\ee:4\nbroken line\n";
        let passwords = Passwords::parse(text);
        assert_eq!(passwords.find("db1", 5432, "crm", "me"), Some("one"));
        assert_eq!(passwords.find("db1", 5433, "crm", "me"), Some("two"));
        assert_eq!(passwords.find("db1", 5433, "other", "me"), Some("t:hr\\ee:4"));
        assert_eq!(Passwords::parse("a:1:b:c:d").find("x", 1, "b", "c"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        assert!(Passwords::read(&path).unwrap().0.is_empty());
        fs::write(&path, "*:*:*:*:x\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Passwords::read(&path).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(Passwords::read(&path).unwrap().find("h", 1, "d", "u"), Some("x"));
    }
}
