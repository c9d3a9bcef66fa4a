//! The statements by which an administrator makes an account that may read all tables of a server, and nothing else.
//!
//! They are shown to a person, who runs them with the server's client. The right is one to everything, on purpose: without it the server hides
//! tables from the account, and a scan cannot know that it has seen all.

use super::MysqlSession;
use super::column::literal;
use crate::source::Access;
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

/// Writes the statement that gives the session's own account what it lacks; empty where it lacks nothing.
pub(super) fn missing(session: &MysqlSession) -> String {
    let is_denied = |access: &Access| matches!(access, Access::Denied(_));
    let is_closed = session.inventory.blind
        || (session.inventory.objects.iter())
            .any(|object| is_denied(&object.access) || object.columns.iter().any(|column| is_denied(&column.access)));
    if !is_closed {
        return String::new();
    }
    let user = session.facts.iter().find(|(name, _)| name == "user").map(|(_, value)| value.as_str()).unwrap_or_default();
    right_for(user).unwrap_or_else(|| {
        "-- The account lacks the right to read everything, and its name cannot be written into a statement.\n".to_owned()
    })
}

/// The right to everything, for an account as the server names it: `reader@%`.
fn right_for(user: &str) -> Option<String> {
    let (name, host) = user.rsplit_once('@').filter(|_| !user.contains(is_harmful) && !user.contains('\\'))?;
    Some(format!(
        "-- On everything: where a right is missing, the server hides the table. What was taken away by REVOKE or DENY it does not give back.\n\
         GRANT SELECT, SHOW VIEW ON *.* TO {}@{};\n",
        literal(name),
        literal(host)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_quotes() {
        let text = statements("it's", true).unwrap();
        assert!(text.contains("GRANT SELECT, SHOW VIEW ON *.* TO 'it''s'@'%';"), "{text}");
        assert!(right_for("it's@%").unwrap().ends_with("GRANT SELECT, SHOW VIEW ON *.* TO 'it''s'@'%';\n"));
        assert!(right_for("a\nb@%").is_none() && right_for("a\\@%").is_none() && right_for("").is_none());
        assert!(statements("a\\", true).is_none() && statements("a\nb", false).is_none() && statements("", false).is_none());
    }
}
