//! Reading a `PostgreSQL` server in place: whatever its tables are, whoever asks, and whatever happens meanwhile.
//!
//! Each trap is set twice where that says more: without a supplied record the scan has to end in `clear` (or to name what was hidden), with
//! one of 60 it must not.

mod databases;
mod hostile;
mod logins;
mod meanwhile;
mod relations;
mod rights;
mod values;

use crate::cli::harness::Output;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::COLUMNS;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use postgres::Client;
use postgres::NoTls;
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// The number of the supplied person who is left behind.
const LEFT: usize = 23;

const RESIDUAL: &[&str] = &["supply_record_found", "person_found"];
const PERSON: &[&str] = &["person_found"];

/// Exit codes without and with a left-over record, where it is found and where it cannot be.
const FOUND: (i32, i32) = (0, 11);
const HIDDEN: (i32, i32) = (10, 10);
const BOTH: (i32, i32) = (10, 11);

/// Something that a database may hold, and what scans of it have to say.
struct Trap {
    name: &'static str,
    /// Fills the database `crm` with these people.
    set: fn(&Postgres, &[&Person]),
    /// The login of the scan.
    login: &'static str,
    codes: (i32, i32),
    /// Reasons and gaps that the scan with the left-over record names.
    named: &'static [&'static str],
    /// All the gaps there may be.
    gaps: usize,
}

const fn trap(name: &'static str, set: fn(&Postgres, &[&Person]), codes: (i32, i32), named: &'static [&'static str]) -> Trap {
    Trap { name, set, login: "postgres", codes, named, gaps: 0 }
}

impl Trap {
    /// With so many gaps, at most.
    const fn with_gaps(mut self, gaps: usize) -> Trap {
        self.gaps = gaps;
        self
    }

    /// Scanned by a role without privileges but those that `set` gives it.
    const fn by_reader(self) -> Trap {
        self.by("reader:heron-secret")
    }

    /// Scanned with this login.
    const fn by(mut self, login: &'static str) -> Trap {
        self.login = login;
        self
    }
}

/// Sets each trap in a new database of one server, without and with the left-over record, and says all that went wrong.
fn run(traps: &[Trap]) {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.sql(
        "",
        "CREATE ROLE reader LOGIN PASSWORD 'heron-secret';
         CREATE ROLE seer LOGIN PASSWORD 'heron-secret' BYPASSRLS;
         CREATE ROLE auditor LOGIN PASSWORD 'heron-secret' IN ROLE pg_read_all_data;",
    );
    let mut wrong = Vec::new();
    for trap in traps {
        for (code, people) in [(trap.codes.0, own(&world)), (trap.codes.1, kept(&world))] {
            server.sql("", "DROP DATABASE IF EXISTS crm WITH (FORCE);\nCREATE DATABASE crm;");
            (trap.set)(&server, &people);
            let url = if trap.login == "postgres" { server.socket_url("crm") } else { server.url_as(trap.login, "crm") };
            let scan = scan(&world, &[&url], &[]);
            let named = if people.len() > world.own.len() { trap.named } else { &[] };
            let codes = if scan.code == Some(1) { Vec::new() } else { codes(&scan) };
            let gaps = codes.iter().filter(|code| code.starts_with("gap:")).count();
            let has_all = named.iter().all(|name| codes.iter().any(|code| code == name));
            if scan.code != Some(code) || !has_all || gaps > trap.gaps {
                wrong.push(format!(
                    "{}, {} people: {:?} {codes:?}, not {code} {named:?}{}",
                    trap.name,
                    people.len(),
                    scan.code,
                    brief(&scan)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), traps.len(), wrong.join("\n"));
    prints_nothing(&world);
}

/// The gaps of a scan, or its error.
fn brief(scan: &Output) -> String {
    if scan.code == Some(1) { scan.whole() } else { format!("\n    {}", scan.json()["coverage"]["gaps"]) }
}

/// The recipient's own people.
fn own(world: &World) -> Vec<&Person> {
    world.own.iter().collect()
}

/// With one supplied person among them.
fn kept(world: &World) -> Vec<&Person> {
    world.own.iter().chain([&world.supplied[LEFT]]).collect()
}

/// A scan of URLs, signed by nobody, with its report in JSON.
fn scan(world: &World, urls: &[&str], extra: &[&str]) -> Output {
    world.run(AFTER, &scanning(world, urls, extra))
}

/// The words of such a scan.
fn scanning(world: &World, urls: &[&str], extra: &[&str]) -> Vec<String> {
    world.scanning("deletion", "deletion.challenge.json", urls, &[extra, &["--format", "json"]].concat())
}

/// The scan ends with the code, names all of these reasons and gaps, and has no other gap.
#[track_caller]
fn ends(scan: &Output, code: i32, named: &[&str]) {
    scan.exits_with(code);
    let codes = codes(scan);
    for name in named {
        assert!(codes.iter().any(|code| code == name), "{name} is not among {codes:?}{}", scan.whole());
    }
    let other = codes.iter().find(|code| code.starts_with("gap:") && !named.contains(&code.as_str()));
    assert!(other.is_none(), "{other:?} is too much in {codes:?}{}", scan.whole());
}

/// The number of rows that were read of each object of a scan, by its name.
fn rows_read(scan: &Output) -> Vec<(String, u64)> {
    let json = scan.json();
    let targets = json["coverage"]["targets"].as_array().expect("targets");
    let row = |target: &Value| {
        let name = target["name"].as_str().expect("a name");
        (name.rsplit('/').next().unwrap_or_default().to_owned(), target["rowsRead"].as_u64().unwrap_or_default())
    };
    targets.iter().map(row).collect()
}

/// No value of anybody stands in what was printed, but in findings.
#[track_caller]
fn prints_nothing(world: &World) {
    world.case.never_prints(CANARY);
    world.case.never_prints(HERON);
    world.case.never_prints("heron-secret");
    for person in world.supplied.iter().filter(|person| person.id == 5000 + LEFT) {
        for telltale in person.telltales() {
            world.case.never_prints(&telltale);
        }
    }
}

/// A table of people as SQL values, all text but the key: `(1000, 'Ann…', …), …`.
fn values(people: &[&Person]) -> String {
    let row = |person: &&Person| {
        let cells = person.cells();
        let texts: Vec<String> = cells[1..].iter().map(|cell| format!("'{cell}'")).collect();
        format!("({}, {})", cells[0], texts.join(", "))
    };
    people.iter().map(row).collect::<Vec<_>>().join(",\n")
}

/// The declarations of the columns of people.
fn declared() -> String {
    let columns: Vec<String> = COLUMNS[1..].iter().map(|column| format!("{column} text")).collect();
    format!("id integer, {}", columns.join(", "))
}

/// Makes a table of people by a name as SQL has it, with what follows its columns.
fn table(server: &Postgres, name: &str, people: &[&Person], options: &str) {
    server.sql("crm", format!("CREATE TABLE {name} ({}) {options};", declared()));
    fill(server, name, people);
}

/// Adds people to a table.
fn fill(server: &Postgres, name: &str, people: &[&Person]) {
    if !people.is_empty() {
        server.sql("crm", format!("INSERT INTO {name} ({}) VALUES {};", COLUMNS.join(", "), values(people)));
    }
}

/// A session of the administrator's that stays open: it holds locks and temporary tables.
fn session(server: &Postgres, database: &str) -> Client {
    Client::connect(&server.socket_url(database), NoTls).expect("a session")
}

/// Waits for something, for half a minute at most.
#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not come");
}
