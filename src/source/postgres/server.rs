//! From a URL to the databases of a server: those that were asked for as sessions, the others by name.

use super::PgSession;
use super::ROLLBACK;
use super::SAVEPOINT;
use super::address::Address;
use super::catalogue;
use super::connection::Connection;
use super::connection::Connector;
use super::connection::in_safety;
use super::connection::reason;
use super::connection::refusal;
use crate::source::Identity;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::Session;
use crate::source::server::Asked;
use crate::source::server::Connections;
use crate::source::server::Opened;
use postgres::Client;
use postgres::Error;
use std::sync::Mutex;

/// The oldest version that is read.
const OLDEST: i32 = 100_000;

/// From here on rows are found by page without reading the others.
const WITH_RANGES: i32 = 140_000;

/// Connections that read at a time, where nothing is said.
const READERS: usize = 4;

/// Databases that most servers have, and that most often hold nothing.
const OFTEN_EMPTY: [&str; 2] = ["postgres", "template1"];

/// Seconds that a replica may lag behind.
const LARGEST_LAG: f64 = 3_600.0;

/// A database of the server, as the server lists it.
struct Database {
    name: String,
    allows_connections: bool,
    may_connect: bool,
    /// It came with the server.
    is_servers_own: bool,
}

/// What a server says of itself.
struct Listed {
    version: i32,
    system: Option<String>,
    started: String,
    databases: Vec<Database>,
}

/// Opens what a URL asks for, by what follows `postgres:`.
pub(crate) fn open(url: &str, options: &ServerOptions) -> Result<Opened, ServerError> {
    let address = Address::resolve(url, options)?;
    let refused = |name: &str, error: &Error| ServerError::Connect {
        name: name.to_owned(),
        reason: reason(error),
        refusal: refusal(error),
    };
    let (mut first, name) = match &address.asked {
        Asked::One(database) => {
            let name = address.name_of(database);
            (connect(&address, database, options)?.map_err(|error| refused(&name, &error))?, name)
        }
        Asked::All => {
            let candidates = ["postgres", address.user().unwrap_or("postgres"), "template1"];
            let mut refusal = None;
            let mut opened = None;
            for database in candidates {
                match connect(&address, database, options)? {
                    Ok(connection) => {
                        opened = Some(connection);
                        break;
                    }
                    Err(error) => refusal = refusal.or(Some(error)),
                }
            }
            let name = address.name().to_owned();
            match (opened, refusal) {
                (Some(connection), _) => (connection, name),
                (None, Some(error)) => return Err(refused(&name, &error)),
                (None, None) => return Err(ServerError::Address { kind: "PostgreSQL", fault: "it has no database".to_owned() }),
            }
        }
    };
    let listed = |client: &mut Client| -> Result<Listed, Error> {
        let version = client.query_one("SELECT current_setting('server_version_num')::int4", &[])?.try_get(0)?;
        // Some managed services forbid it.
        client.batch_execute("SAVEPOINT residua")?;
        let system = client.query_one("SELECT system_identifier::text FROM pg_control_system()", &[]);
        let system = system.and_then(|row| row.try_get(0)).ok();
        client.batch_execute("ROLLBACK TO SAVEPOINT residua")?;
        let started = client.query_one("SELECT EXTRACT(EPOCH FROM pg_postmaster_start_time())::text", &[])?.try_get(0)?;
        Ok(Listed { version, system, started, databases: databases(client)? })
    };
    let Listed { version, system, started, databases } =
        in_safety(&mut first.client, listed).map_err(|error| refused(&name, &error))?;
    drop(first);
    if version < OLDEST {
        let fault = "its version is older than 10, which this program does not read".to_owned();
        return Err(ServerError::Address { kind: "PostgreSQL", fault });
    }
    // A copy of a server has its number, and was not started with it.
    let server = format!("{} {started}", system.as_deref().unwrap_or(address.name()));
    let mut opened = Opened { server, ..Opened::default() };
    for database in &databases {
        let name = address.name_of(&database.name);
        let is_asked = match &address.asked {
            Asked::One(asked) => *asked == database.name,
            Asked::All => true,
        };
        // The one database that nobody can write to: new ones are copied from it.
        if database.name == "template0" && database.is_servers_own && !database.allows_connections {
            continue;
        }
        if !is_asked {
            let is_empty = OFTEN_EMPTY.contains(&database.name.as_str())
                && database.may_connect
                && is_empty(&address, &database.name, options);
            if !is_empty {
                opened.others.push(name);
            }
            continue;
        }
        opened.asked.push(name.clone());
        let problem = |code, detail: String| Problem::of_source(code, &name, detail);
        if !database.allows_connections {
            opened.problems.push(problem(ProblemCode::Denied, "the database allows no connections".to_owned()));
            continue;
        }
        match session(&address, &database.name, options, version, system.as_deref()) {
            Ok(session) => opened.sessions.push(Box::new(session) as Box<dyn Session>),
            Err(Refused::Address(error)) => return Err(error),
            Err(Refused::Server(error)) => {
                let code = if database.may_connect { ProblemCode::Unreadable } else { ProblemCode::Denied };
                opened.problems.push(problem(code, reason(&error)));
            }
        }
    }
    Ok(opened)
}

enum Refused {
    Address(ServerError),
    Server(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Server(error)
    }
}

fn connect(address: &Address, database: &str, options: &ServerOptions) -> Result<Result<Connection, Error>, ServerError> {
    Ok(Connector::new(address, database, options)?.connect())
}

fn databases(client: &mut Client) -> Result<Vec<Database>, Error> {
    let query = "SELECT datname::text, datallowconn, has_database_privilege(oid, 'CONNECT'), oid < 16384::oid FROM pg_database ORDER BY 1";
    let row = |row: &postgres::Row| {
        Ok(Database {
            name: row.try_get(0)?,
            allows_connections: row.try_get(1)?,
            may_connect: row.try_get(2)?,
            is_servers_own: row.try_get(3)?,
        })
    };
    client.query(query, &[])?.iter().map(row).collect()
}

/// Whether a database holds no relation of anybody's. In doubt it does.
fn is_empty(address: &Address, database: &str, options: &ServerOptions) -> bool {
    let Ok(Ok(mut connection)) = connect(address, database, options) else { return false };
    let query = "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid >= 16384::oid AND c.relkind IN ('r', 'p', 'm', 'f', 'v'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)";
    in_safety(&mut connection.client, |client| client.query_one(query, &[])?.try_get(0)).unwrap_or(false)
}

fn session(
    address: &Address,
    database: &str,
    options: &ServerOptions,
    version: i32,
    system: Option<&str>,
) -> Result<PgSession, Refused> {
    let connector = Connector::new(address, database, options).map_err(Refused::Address)?;
    let mut main = connector.connect()?;
    let name = address.name_of(database);
    let readers = options.connections.unwrap_or(READERS);
    let (standing, mut problems) = in_safety(&mut main.client, |client| standing(client, &name))?;
    problems.append(&mut in_safety(&mut main.client, |client| unseen(client, &name))?);
    connector.begin(&mut main.client, None)?;
    let snapshot = if readers > 1 { export(&connector, &mut main.client)? } else { None };
    // What holds the snapshot is listed under it. To ask for a view's definition locks the tables that it shows.
    main.client.batch_execute(SAVEPOINT)?;
    let (mut inventory, readings, stamps) = catalogue::list(&mut main.client, version >= WITH_RANGES)?;
    main.client.batch_execute(ROLLBACK)?;
    inventory.problems.append(&mut problems);
    let mut identity = vec![("database".to_owned(), database.to_owned())];
    identity.extend(system.map(|system| ("systemIdentifier".to_owned(), system.to_owned())));
    let mut facts = vec![("version".to_owned(), version_words(version)), ("tls".to_owned(), address.tls.words().to_owned())];
    facts.extend(standing);
    Ok(PgSession {
        identity: Identity { kind: "postgres".into(), name, facts: identity },
        facts,
        inventory,
        readings,
        stamps,
        connector,
        main: Mutex::new(main),
        snapshot,
        readers: Connections::new(readers),
    })
}

/// Exports the snapshot of the transaction that was begun. Not every server and not every pooler can: then one connection reads it all.
fn export(connector: &Connector, client: &mut Client) -> Result<Option<String>, Error> {
    match client.query_one("SELECT pg_export_snapshot()", &[]).and_then(|row| row.try_get::<_, String>(0)) {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(error) if error.is_closed() => Err(error),
        Err(_) => {
            client.batch_execute("ROLLBACK")?;
            connector.begin(client, None)?;
            Ok(None)
        }
    }
}

fn version_words(version: i32) -> String {
    format!("{}.{}", version / 10_000, version % 10_000)
}

/// What makes rows pass unseen although every table is read.
fn unseen(client: &mut Client, name: &str) -> Result<Vec<Problem>, Error> {
    let problem = |code, detail: &str| Problem::of_source(code, name, detail);
    let mut problems = Vec::new();
    let zeroing: Option<String> = client.query_one("SELECT current_setting('zero_damaged_pages', true)", &[])?.try_get(0)?;
    if zeroing.as_deref() == Some("on") {
        let detail = "the server is set to pass over damaged pages without a word (`zero_damaged_pages`)";
        problems.push(problem(ProblemCode::ReadFailed, detail));
    }
    let query = "SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()";
    let prepared: i64 = client.query_one(query, &[])?.try_get(0)?;
    if prepared > 0 {
        let detail = "transactions are prepared and neither committed nor rolled back; nobody sees what rows they hold";
        let prepared = u64::try_from(prepared).unwrap_or(0);
        problems.push(problem(ProblemCode::Unsupported, detail).counted(prepared));
    }
    Ok(problems)
}

/// Whether the server is a primary or a replica, how far it has come, and who asks.
#[allow(clippy::type_complexity, reason = "facts and problems, as everywhere")]
fn standing(client: &mut Client, name: &str) -> Result<(Vec<(String, String)>, Vec<Problem>), Error> {
    let user: String = client.query_one("SELECT current_user::text", &[])?.try_get(0)?;
    let is_replica: bool = client.query_one("SELECT pg_is_in_recovery()", &[])?.try_get(0)?;
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![fact("user", user), fact("role", if is_replica { "replica" } else { "primary" }.to_owned())];
    if !is_replica {
        let position = client.query_one("SELECT pg_current_wal_lsn()::text", &[]).and_then(|row| row.try_get(0));
        facts.extend(position.ok().map(|position| fact("walPosition", position)));
        return Ok((facts, Vec::new()));
    }
    let query = "SELECT pg_last_wal_replay_lsn()::text, pg_is_wal_replay_paused(),
        EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8,
        EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()";
    let row = client.query_one(query, &[])?;
    let position: Option<String> = row.try_get(0)?;
    let (is_paused, lag, is_level): (bool, Option<f64>, Option<bool>) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    // A primary without writers sends nothing, and its replica does not lag.
    let lag = if is_level == Some(true) { Some(0.0) } else { lag };
    facts.extend(position.map(|position| fact("walPosition", position)));
    facts.extend(lag.map(|lag| fact("lagSeconds", format!("{lag:.0}"))));
    let mut problems = Vec::new();
    if is_paused {
        let detail = "the server is a replica whose replay is paused, and shows an older state than its primary";
        problems.push(Problem::of_source(ProblemCode::Stale, name, detail));
    } else if lag.is_none_or(|lag| lag > LARGEST_LAG) {
        let detail = "the server is a replica that is cut off from its primary or more than an hour behind";
        problems.push(Problem::of_source(ProblemCode::Stale, name, detail));
    }
    Ok((facts, problems))
}
