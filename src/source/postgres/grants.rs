//! The statements by which an administrator makes a role that may read all tables of a database, and nothing else.
//!
//! They are shown to a person, who runs them with psql. Names in them come from the database: in statements they are quoted, with escapes for
//! what a terminal would obey, and in comments they are made harmless, so that none of them ends its line.

use super::Broken;
use super::PgSession;
use super::column::quoted;
use crate::source::Access;
use crate::source::Column;
use crate::source::Grants;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::support::sanitize::clean;
use crate::support::sanitize::is_harmful;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Relations of every schema that anybody made, with what stands in the way of reading them.
const RELATIONS: &str = "
    SELECT n.nspname::text, c.relname::text, c.relrowsecurity, n.nspname LIKE 'pg\\_temp\\_%' AS is_temporary,
        COALESCE(s.srvname::text, '') AS server, has_schema_privilege('public', n.oid, 'CREATE') AS is_open
    FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
        LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v')
        AND (c.oid >= 16384::oid OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    ORDER BY n.nspname, c.relname";

/// Databases that most servers have, where not everybody may look whether they are empty.
const CLOSED: &str = "
    SELECT datname::text FROM pg_database
    WHERE datname IN ('postgres', 'template1') AND datallowconn AND NOT has_database_privilege('public', oid, 'CONNECT')
    ORDER BY datname";

/// What an account may do with some relations.
const RIGHTS: &str = "
    SELECT n.nspname::text, c.relname::text, has_schema_privilege(n.oid, 'USAGE') AS has_schema, has_table_privilege(c.oid, 'SELECT') AS has_table,
        row_security_active(c.oid) AS is_filtered
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY ($1)
    ORDER BY n.nspname, c.relname";

/// Databases that most servers have, which this account may not look into to see that they are empty.
const UNSEEN: &str = "
    SELECT datname::text FROM pg_database
    WHERE datname IN ('postgres', 'template1') AND datallowconn AND NOT has_database_privilege(oid, 'CONNECT')
    ORDER BY datname";

/// Connections beside those that hold snapshots and read: the first look, and those that break a statement off.
const SPARE: usize = 3;

/// What is known of one schema.
#[derive(Default)]
struct Schema {
    relations: Vec<String>,
    /// Whether everybody may create tables in it.
    is_open: bool,
}

/// Everything that the statements speak of.
#[derive(Default)]
struct Ground {
    database: String,
    is_replica: bool,
    connections: usize,
    schemas: BTreeMap<String, Schema>,
    /// With row-level security, as schema and name.
    secured: Vec<(String, String)>,
    foreign_servers: Vec<String>,
    closed: Vec<String>,
    /// Views that ask functions for rows.
    views: Vec<String>,
    has_temporary: bool,
    has_large_objects: bool,
}

/// Writes the statements for a session's database, of which `databases` are read in one scan.
pub(super) fn write(session: &PgSession, role: &str, databases: usize) -> Result<Grants, Broken> {
    let fact = |facts: &[(String, String)], name: &str| {
        facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let readers = session.readers.most();
    let each = if readers > 1 { readers + 1 } else { 1 };
    let mut ground = Ground {
        database: fact(&session.identity.facts, "database"),
        is_replica: fact(&session.facts, "role") == "replica",
        connections: databases.max(1).saturating_mul(each).saturating_add(SPARE),
        ..Ground::default()
    };
    session.under_snapshot(|connection| {
        for row in connection.client.query(RELATIONS, &[])? {
            let (schema, name): (String, String) = (row.try_get("nspname")?, row.try_get("relname")?);
            if row.try_get("is_temporary")? {
                ground.has_temporary = true;
                continue;
            }
            if row.try_get("relrowsecurity")? {
                ground.secured.push((schema.clone(), name.clone()));
            }
            let server: String = row.try_get("server")?;
            if !server.is_empty() && !ground.foreign_servers.contains(&server) {
                ground.foreign_servers.push(server);
            }
            let known = ground.schemas.entry(schema).or_default();
            known.is_open = row.try_get("is_open")?;
            known.relations.push(name);
        }
        for row in connection.client.query(CLOSED, &[])? {
            ground.closed.push(row.try_get(0)?);
        }
        Ok(())
    })?;
    for object in &session.inventory.objects {
        match object.kind {
            ObjectKind::View if object.access.is_readable() => ground.views.push(object.name.clone()),
            ObjectKind::LargeObjects => ground.has_large_objects = true,
            _ => {}
        }
    }
    Ok(Grants { server: for_server(&ground, role), database: for_database(&ground, role) })
}

/// Writes the statements that give the session's own account what it lacks. What a scan reads in another way, as partitions through their table, is not
/// granted, and what no grant opens is left out.
pub(super) fn missing(session: &PgSession) -> Result<String, Broken> {
    let fact = |facts: &[(String, String)], name: &str| {
        facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let is_closed = |access: &Access| matches!(access, Access::Denied(_) | Access::Filtered(_));
    let closed: Vec<u32> = (session.inventory.objects.iter().zip(&session.readings))
        .filter(|(object, _)| is_closed(&object.access) || object.columns.iter().any(|column| is_own_gap(object, column)))
        .map(|(_, reading)| reading.id)
        .collect();
    let database = fact(&session.identity.facts, "database");
    let role = identifier(&fact(&session.facts, "user"));
    let (mut schemas, mut tables, mut databases) = (BTreeSet::new(), String::new(), String::new());
    let mut is_filtered = false;
    session.under_snapshot(|connection| {
        for row in connection.client.query(RIGHTS, &[&closed])? {
            let (schema, name): (String, String) = (row.try_get("nspname")?, row.try_get("relname")?);
            is_filtered |= row.try_get::<_, Option<bool>>("is_filtered")?.unwrap_or(false);
            // NULL where somebody has dropped it meanwhile.
            if !row.try_get::<_, Option<bool>>("has_table")?.unwrap_or(true) {
                let _ = writeln!(tables, "GRANT SELECT ON {}.{} TO {role};", identifier(&schema), identifier(&name));
            }
            if !row.try_get::<_, Option<bool>>("has_schema")?.unwrap_or(true) {
                schemas.insert(schema);
            }
        }
        for row in connection.client.query(UNSEEN, &[])? {
            let unseen: String = row.try_get(0)?;
            let _ = writeln!(databases, "GRANT CONNECT ON DATABASE {} TO {role};", identifier(&unseen));
        }
        Ok(())
    })?;
    let mut text = String::new();
    if !(schemas.is_empty() && tables.is_empty()) {
        let _ = writeln!(text, "-- The database `{}`", clean(&database));
        text.push_str(&connect(&database));
        for schema in &schemas {
            let _ = writeln!(text, "GRANT USAGE ON SCHEMA {} TO {role};", identifier(schema));
        }
        text.push_str(&tables);
    }
    if is_filtered {
        text.push_str("-- Row-level security hides rows from the account, and hidden rows are never taken for absent ones:\n");
        let _ = writeln!(text, "ALTER ROLE {role} BYPASSRLS;");
    }
    if !databases.is_empty() {
        text.push_str("-- To see that these hold nothing:\n");
        text.push_str(&databases);
    }
    Ok(text)
}

/// Whether a column that may not be read is a gap of its own.
fn is_own_gap(object: &Object, column: &Column) -> bool {
    object.access.is_readable() && !column.access.is_readable()
}

/// What makes the role.
fn for_server(ground: &Ground, role: &str) -> String {
    let name = identifier(role);
    let mut text = String::new();
    text.push_str("-- A role that may log in and read, and nothing else. Run this with psql as a superuser.\n");
    if ground.is_replica {
        text.push_str("-- On the primary: this server is a replica, which takes the role over from there.\n");
    }
    let create = format!(
        "CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT {};",
        ground.connections
    );
    // Without a dollar in it, the name cannot end the block; then the statements may be run again.
    if role.contains(|character| matches!(character, '$' | '\\') || is_harmful(character)) {
        let _ = writeln!(text, "{create}");
    } else {
        let known = role.replace('\'', "''");
        let _ = writeln!(text, "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{known}') THEN");
        let _ = writeln!(text, "  {create}");
        let _ = writeln!(text, "END IF; END$$;");
    }
    let _ = writeln!(text, "ALTER ROLE {name} CONNECTION LIMIT {};", ground.connections);
    let _ = writeln!(text, "ALTER ROLE {name} SET default_transaction_read_only = on;");
    text.push_str("-- Its password: type this in psql, which asks for it and lets nobody read it.\n");
    let _ = writeln!(text, "--   \\password {}", if is_plain(role) { role.to_owned() } else { clean(&name) });
    for database in &ground.closed {
        let _ = writeln!(text, "-- To see that `{}` holds nothing:", clean(database));
        let _ = writeln!(text, "GRANT CONNECT ON DATABASE {} TO {name};", identifier(database));
    }
    text
}

/// What lets it read a database.
fn for_database(ground: &Ground, role: &str) -> String {
    let role = identifier(role);
    let mut text = format!("-- The database `{}`\n", clean(&ground.database));
    let _ = writeln!(text, "GRANT CONNECT ON DATABASE {} TO {role};", identifier(&ground.database));
    text.push_str(&connect(&ground.database));
    let is_own = |schema: &str| schema == "pg_catalog" || schema == "information_schema";
    for (schema, known) in &ground.schemas {
        let name = identifier(schema);
        if is_own(schema) {
            // In the server's own schemas only what somebody added to them.
            for relation in &known.relations {
                let _ = writeln!(text, "GRANT SELECT ON {name}.{} TO {role};", identifier(relation));
            }
            continue;
        }
        let _ = writeln!(text, "GRANT USAGE ON SCHEMA {name} TO {role};");
        let _ = writeln!(text, "GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {role};");
    }
    if !ground.schemas.is_empty() {
        text.push_str("-- Tables that come later are not covered: look again before each scan.\n");
    }
    if !ground.secured.is_empty() {
        text.push_str("-- Row-level security would hide rows from the role, and hidden rows are never taken for absent ones:\n");
        for (schema, name) in &ground.secured {
            let _ = writeln!(text, "--   {}.{}", clean(schema), clean(name));
        }
        let _ = writeln!(text, "ALTER ROLE {role} BYPASSRLS;");
    }
    for server in &ground.foreign_servers {
        let _ = writeln!(text, "-- Foreign tables need an account on the other server, which only you know:");
        let _ =
            writeln!(text, "--   CREATE USER MAPPING FOR {} SERVER {} OPTIONS (…);", clean(&role), clean(&identifier(server)));
    }
    for view in &ground.views {
        let _ = writeln!(
            text,
            "-- The view `{}` is read too; functions that it asks, the role has to be allowed to execute.",
            clean(view)
        );
    }
    for (schema, _) in ground.schemas.iter().filter(|(_, known)| known.is_open) {
        let _ = writeln!(text, "-- Everybody may create tables in the schema `{}`, and so may this role.", clean(schema));
    }
    if ground.has_temporary {
        text.push_str("-- Temporary tables of other sessions cannot be granted: they are a gap while those sessions last.\n");
    }
    if ground.has_large_objects {
        text.push_str("-- Large objects are not read, whatever is granted: they stay a gap.\n");
    }
    text
}

/// Goes on in another database, in psql's own way.
fn connect(database: &str) -> String {
    if is_plain(database) {
        return format!("\\connect {database}\n");
    }
    if database.chars().any(is_harmful) {
        return "-- Connect to it by hand: psql cannot be told its name on a line.\n".to_owned();
    }
    // As pg_dump does it: what looks like a connection string is one.
    let inner = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("\\connect -reuse-previous=on {}\n", quoted(&format!("dbname='{inner}'")))
}

/// A name in a statement: quoted always, with escapes for what a terminal would obey.
fn identifier(name: &str) -> String {
    if !name.chars().any(is_harmful) {
        return quoted(name);
    }
    let mut escaped = String::from("U&\"");
    for character in name.chars() {
        match character {
            '"' => escaped.push_str("\"\""),
            '\\' => escaped.push_str("\\\\"),
            _ if is_harmful(character) => {
                let _ = write!(escaped, "\\+{:06X}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped.push('"');
    escaped
}

/// A name that psql takes for itself without quotes.
fn is_plain(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    name.starts_with(is_letter) && name.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_quotes_or_its_comment() {
        const EVIL: &str = "x\"; DROP TABLE y; --\n\\! rm\u{1b}[2J";
        let mut ground = Ground { database: EVIL.into(), connections: 8, has_temporary: true, ..Ground::default() };
        ground.schemas.insert(EVIL.into(), Schema { relations: vec![EVIL.into()], is_open: true });
        ground.secured.push((EVIL.into(), EVIL.into()));
        ground.foreign_servers.push(EVIL.into());
        ground.views.push(EVIL.into());
        ground.closed.push(EVIL.into());
        let text = for_server(&ground, EVIL) + &for_database(&ground, EVIL);
        for line in text.lines() {
            assert!(!line.chars().any(is_harmful), "{line:?}");
            let begins = ["--", "CREATE ROLE U&\"x\"\"; DROP", "ALTER ROLE U&\"x\"\"; DROP", "GRANT "];
            assert!(begins.iter().any(|begin| line.starts_with(begin)), "{line:?}");
        }
        assert!(text.contains("\\+00000A\\\\! rm\\+00001B[2J\""), "{text}");
    }

    #[test]
    fn databases_are_gone_to_as_psql_has_it() {
        assert_eq!(connect("crm"), "\\connect crm\n");
        assert_eq!(connect("CRM 2"), "\\connect -reuse-previous=on \"dbname='CRM 2'\"\n");
        assert_eq!(connect("a'\"\\"), "\\connect -reuse-previous=on \"dbname='a\\'\"\"\\\\'\"\n");
        assert!(connect("a\nb").starts_with("-- "));
    }
}
