//! From a URL to the databases of a server: those that were asked for as one session, the others by name.

use super::MysqlSession;
use super::address::Address;

use super::catalogue;
use super::column::shown;
use super::connection::Connection;
use super::connection::Connector;
use super::connection::reason;
use super::connection::refusal;
use super::connection::text;
use super::grants::Grants;
use crate::source::Identity;
use crate::source::Inventory;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::Session;
use crate::source::server::Asked;
use crate::source::server::Opened;
use crate::source::server::Refusal;
use catalogue::Reading;
use mysql_async::Error;
use mysql_async::Row;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Seconds that a replica may lag behind.
const LARGEST_LAG: u64 = 3_600;

/// The server writes down to the second when a table was last written to.
const TICK: Duration = Duration::from_millis(1_100);

type Facts = Vec<(String, String)>;

/// Opens what a URL asks for, by what follows `mysql:`.
pub(crate) fn open(url: &str, options: &ServerOptions) -> Result<Opened, ServerError> {
    let address = Address::resolve(url, options)?;
    let name = match &address.asked {
        Asked::One(database) => address.name_of(database),
        Asked::All => address.name().to_owned(),
    };
    let refused = |error: &Error| ServerError::Connect { name: name.clone(), reason: reason(error), refusal: refusal(error) };
    let connector = Connector::new(&address, options)?;
    let mut main = connector.connect().map_err(|error| refused(&error))?;
    let visible = catalogue::databases(&mut main).map_err(|error| refused(&error))?;
    let (asked, others): (Vec<String>, Vec<String>) = match &address.asked {
        Asked::All => (visible, Vec::new()),
        Asked::One(wanted) => {
            let folds = folds_names(&mut main).map_err(|error| refused(&error))?;
            // Where names are not told apart by case, the server lists the database as it was made.
            let is_wanted = |name: &&String| *name == wanted || folds && name.to_lowercase() == wanted.to_lowercase();
            let Some(found) = visible.iter().find(is_wanted).cloned() else {
                let reason = format!("there is no database {}, or this account may not see it", shown(wanted));
                return Err(ServerError::Connect { name, reason, refusal: Refusal::NoDatabase });
            };
            let others = visible.into_iter().filter(|name| *name != found).collect();
            (vec![found], others)
        }
    };
    let server = identity(&mut main);
    // Whom tables are hidden from cannot say that there are none.
    let sees_all = !grants(&mut main).map_err(|error| refused(&error))?.is_blind(None);
    let others = others.into_iter().filter(|database| !(sees_all && catalogue::is_idle(&mut main, database)));
    let others: Vec<String> = others.map(|database| address.name_of(&database)).collect();
    let mut opened = Opened {
        server: standing_id(&mut main, &server),
        asked: asked.iter().map(|database| address.name_of(database)).collect(),
        others,
        ..Opened::default()
    };
    let session = session(connector, main, &address, &name, asked, server).map_err(|error| refused(&error))?;
    opened.sessions.push(Box::new(session) as Box<dyn Session>);
    Ok(opened)
}

/// Whether the server takes names for the same that differ in case alone.
fn folds_names(connection: &mut Connection) -> Result<bool, Error> {
    let rows = connection.query("SELECT @@lower_case_table_names")?;
    Ok(rows.first().and_then(|row| text(row, 0)).is_some_and(|word| word != "0"))
}

fn session(
    connector: Connector,
    mut main: Connection,
    address: &Address,
    name: &str,
    databases: Vec<String>,
    server: Facts,
) -> Result<MysqlSession, Error> {
    let (standing, mut problems) = standing(&mut main, name)?;
    problems.extend(prepared(&mut main, name));
    let blind = grants(&mut main)?.is_blind(match &address.asked {
        Asked::One(_) => databases.first().map(String::as_str),
        Asked::All => None,
    });
    begin(&mut main)?;
    // What is listed after the snapshot was taken leaves out nothing that it holds. The locks that this takes are given back.
    main.run("SAVEPOINT residua")?;
    let (mut inventory, readings) = settled(&mut main, &databases)?;
    let unheld_empty = unheld_empty(&mut main, &inventory, &readings);
    main.run("ROLLBACK TO SAVEPOINT residua")?;
    inventory.blind = blind;
    inventory.problems.append(&mut problems);
    let mut facts = vec![
        ("version".to_owned(), main.version.clone()),
        ("tls".to_owned(), if main.is_secured { address.tls.words() } else { "none" }.to_owned()),
    ];
    facts.extend(standing);
    let mut stable = server;
    if let Asked::One(database) = &address.asked {
        stable.insert(0, ("database".to_owned(), database.clone()));
    }
    Ok(MysqlSession {
        identity: Identity { kind: "mysql".into(), name: name.to_owned(), facts: stable },
        facts,
        inventory,
        readings,
        unheld_empty,
        databases,
        connector,
        main: Mutex::new(main),
    })
}

/// Begins the transaction under whose snapshot everything is read.
fn begin(main: &mut Connection) -> Result<(), Error> {
    main.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    main.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
}

/// Lists what there is. Tables without a snapshot are known to have changed by the second in which they were last written to; where that
/// is still the present one, the next is waited for.
fn settled(main: &mut Connection, databases: &[String]) -> Result<(Inventory, Vec<Reading>), Error> {
    let now = main.query("SELECT NOW()")?.first().and_then(|row| text(row, 0)).unwrap_or_default();
    let (inventory, readings) = catalogue::list(main, databases)?;
    let is_fresh = |reading: &Reading| reading.stamp.written.as_ref().is_some_and(|written| *written >= now);
    if !readings.iter().any(is_fresh) {
        return Ok((inventory, readings));
    }
    thread::sleep(TICK);
    catalogue::list(main, databases)
}

/// For each object, whether it is a table without a snapshot that holds no row.
fn unheld_empty(main: &mut Connection, inventory: &Inventory, readings: &[Reading]) -> Vec<bool> {
    let pairs = inventory.objects.iter().zip(readings);
    pairs.map(|(object, reading)| reading.is_unheld(object) && catalogue::is_empty(main, reading)).collect()
}

fn first(main: &mut Connection, query: &str) -> Option<String> {
    main.query(query).ok()?.first().and_then(|row| text(row, 0)).filter(|value| !value.is_empty())
}

/// What stays the same of a server as long as it is one.
fn identity(main: &mut Connection) -> Facts {
    let query = if main.is_mariadb { "SELECT @@server_uid" } else { "SELECT @@server_uuid" };
    if let Some(id) = first(main, query) {
        return vec![("serverUuid".to_owned(), id)];
    }
    let facts = [("hostname", "SELECT @@hostname"), ("port", "SELECT @@port")];
    facts.into_iter().filter_map(|(name, query)| Some((name.to_owned(), first(main, query)?))).collect()
}

/// What tells this server from every other, copies of it included.
fn standing_id(main: &mut Connection, stable: &Facts) -> String {
    let place = ["SELECT @@hostname", "SELECT @@port", "SELECT @@datadir"]
        .into_iter()
        .map(|query| first(main, query).unwrap_or_default());
    let place = place.collect::<Vec<_>>();
    stable.iter().map(|(_, value)| value.clone()).chain(place).collect::<Vec<_>>().join(" ")
}

/// Transactions that are prepared and neither committed nor rolled back hold rows that nobody sees. Not every account may ask for them.
fn prepared(main: &mut Connection, name: &str) -> Option<Problem> {
    let count = main.query("XA RECOVER").ok()?.len();
    let detail = "transactions are prepared and neither committed nor rolled back; nobody sees what rows they hold";
    let problem = Problem::of_source(ProblemCode::Unsupported, name, detail);
    (count > 0).then(|| problem.counted(count as u64))
}

/// What the account may read, roles included.
fn grants(main: &mut Connection) -> Result<Grants, Error> {
    let lines = |rows: Vec<Row>| rows.iter().filter_map(|row| text(row, 0)).collect::<Vec<_>>();
    let mut told = lines(main.query("SHOW GRANTS")?);
    let role = first(main, "SELECT CURRENT_ROLE()").filter(|role| !role.eq_ignore_ascii_case("none"));
    if let Some(role) = role {
        // MySQL names roles as it wants to have them named, quoted and with commas between; MariaDB has one.
        let of_role = if main.is_mariadb {
            main.query("SHOW GRANTS FOR CURRENT_ROLE")
        } else {
            main.query(&format!("SHOW GRANTS FOR CURRENT_USER() USING {role}"))
        };
        // Without the right to look, what the role may do counts for nothing.
        told.extend(of_role.map(lines).unwrap_or_default());
    }
    Ok(Grants::parse(told.iter().map(String::as_str)))
}

/// Who asks, whether the server is a primary or a replica, and how far it has come.
fn standing(main: &mut Connection, name: &str) -> Result<(Facts, Vec<Problem>), Error> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let user = main.query("SELECT CURRENT_USER()")?.first().and_then(|row| text(row, 0)).unwrap_or_default();
    let mut facts = vec![fact("user", user)];
    let queries: &[&str] = if main.is_mariadb {
        &["SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS"]
    } else {
        &["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"]
    };
    let mut channels = None;
    for query in queries {
        match main.query(query) {
            Ok(rows) => {
                channels = Some(rows);
                break;
            }
            Err(Error::Server(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let role = match &channels {
        None => "unknown",
        Some(rows) if rows.is_empty() => "primary",
        Some(_) => "replica",
    };
    facts.push(fact("role", role.to_owned()));
    let position = if main.is_mariadb { "SELECT @@gtid_current_pos" } else { "SELECT @@gtid_executed" };
    facts.extend(first(main, position).map(|position| fact("gtidPosition", position.replace('\n', ""))));
    let mut problems = Vec::new();
    for channel in channels.iter().flatten() {
        let state = Channel::of(channel);
        facts.extend(state.lag.map(|lag| fact("lagSeconds", lag.to_string())));
        let detail = if state.is_stopped {
            "the server is a replica whose replay is stopped, and shows an older state than its primary"
        } else if state.lag.is_none_or(|lag| lag > LARGEST_LAG) {
            "the server is a replica that is cut off from its primary or more than an hour behind"
        } else {
            continue;
        };
        problems.push(Problem::of_source(ProblemCode::Stale, name, detail));
    }
    problems.dedup();
    Ok((facts, problems))
}

/// How a replica stands to one of its primaries.
struct Channel {
    is_stopped: bool,
    lag: Option<u64>,
}

impl Channel {
    fn of(row: &Row) -> Channel {
        let find = |names: [&str; 2]| {
            let place = row.columns_ref().iter().position(|column| names.iter().any(|name| column.name_str() == *name));
            place.and_then(|place| text(row, place))
        };
        Channel {
            is_stopped: find(["Replica_SQL_Running", "Slave_SQL_Running"]).is_none_or(|word| !word.eq_ignore_ascii_case("yes")),
            lag: find(["Seconds_Behind_Source", "Seconds_Behind_Master"]).and_then(|lag| lag.parse().ok()),
        }
    }
}
