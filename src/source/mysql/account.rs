//! The statements by which an administrator makes an account that may read all tables of a server, and nothing else.
//!
//! They are shown to a person, who runs them with the server's client. The right is one to everything, on purpose: without it the server hides
//! tables from the account, and a scan cannot know that it has seen all.

use super::MysqlSession;
use super::column::literal;
use crate::source::Grants;
use crate::support::sanitize::clean;
use crate::support::sanitize::is_harmful;
use std::fmt::Write;

/// Connections at a time: the one that reads, one that breaks off, one that looks at the end, and one to spare.
const CONNECTIONS: usize = 4;

/// Writes the statements for a session's server. `None`: the account's name cannot be written without harm to a terminal.
pub(super) fn write(session: &MysqlSession, account: &str) -> Option<Grants> {
    let version = session.facts.iter().find(|(name, _)| name == "version").map(|(_, value)| value.as_str()).unwrap_or_default();
    let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
    let server = statements(account, is_mariadb)?;
    let names = session.databases.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
    Some(Grants { server, database: format!("-- With these, all of it can be read: {names}\n") })
}

fn statements(account: &str, is_mariadb: bool) -> Option<String> {
    if account.is_empty() || account.contains(is_harmful) || account.contains('\\') {
        return None;
    }
    let name = format!("{}@'%'", literal(account));
    let mut text = "-- An account that may log in and read, and nothing else. Run this as an administrator.\n".to_owned();
    text.push_str("-- In place of '%' write the host from which the scan runs. Over a socket leave REQUIRE SSL out.\n");
    let created =
        if is_mariadb { "IDENTIFIED VIA mysql_native_password USING 'invalid'" } else { "IDENTIFIED BY RANDOM PASSWORD" };
    let _ = writeln!(text, "CREATE USER IF NOT EXISTS {name} {created} REQUIRE SSL WITH MAX_USER_CONNECTIONS {CONNECTIONS};");
    if is_mariadb {
        text.push_str("-- It has no password yet, and cannot log in. Give it one by hand, where nobody reads it:\n");
        let _ = writeln!(text, "--   SET PASSWORD FOR {name} = PASSWORD('…');");
    } else {
        text.push_str("-- The server shows the password once, and nowhere else.\n");
    }
    text.push_str(
        "-- On everything: where a right is missing, the server hides the table, and the verdict stays inconclusive.\n",
    );
    let _ = writeln!(text, "GRANT SELECT, SHOW VIEW ON *.* TO {name};");
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_quotes() {
        let text = statements("it's", true).unwrap();
        assert!(text.contains("GRANT SELECT, SHOW VIEW ON *.* TO 'it''s'@'%';"), "{text}");
        assert!(statements("a\\", true).is_none() && statements("a\nb", false).is_none() && statements("", false).is_none());
    }
}
