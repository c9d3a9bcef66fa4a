//! Odd databases of a `MariaDB` server, each with a supplied person in it: either the record is found, or what hid it is named as a gap.
//! Without the person, none is found. And whatever happens to a server while it is read.

use crate::cli::harness::Output;
use crate::cli::server::MariaDb;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// Fills the database `crm` with people, in a way of its own.
type Holding = fn(&MariaDb, &[&Person]);

/// One odd database.
struct Odd {
    name: &'static str,
    hold: Holding,
    /// The exit codes of a scan without the supplied person and with it.
    codes: (i32, i32),
    /// Reasons and, after `gap:`, gaps that the second names.
    named: &'static [&'static str],
}

const FOUND: (i32, i32) = (0, 11);
/// Found, and something else stays unseen.
const BOTH: (i32, i32) = (10, 11);
const NAMED: (i32, i32) = (10, 10);

const RESIDUAL: &[&str] = &["supply_record_found"];

const fn odd(name: &'static str, hold: Holding, codes: (i32, i32), named: &'static [&'static str]) -> Odd {
    Odd { name, hold, codes, named }
}

const TABLES: &[Odd] = &[
    odd("a table", |s, n| s.load_people("crm", "contacts", n), FOUND, RESIDUAL),
    odd("names that need quotes", odd_names, FOUND, RESIDUAL),
    odd("a table that keeps its history", history, FOUND, RESIDUAL),
    odd("a table that keeps its history in partitions", history_in_partitions, FOUND, RESIDUAL),
    odd("partitions", |s, n| engine(s, n, "PARTITION BY HASH (id) PARTITIONS 3"), FOUND, RESIDUAL),
    odd("MyISAM", |s, n| engine(s, n, "ENGINE=MyISAM"), FOUND, RESIDUAL),
    odd("Aria", |s, n| engine(s, n, "ENGINE=Aria"), FOUND, RESIDUAL),
    odd(
        "memory, whose changes nobody sees",
        |s, n| engine(s, n, "ENGINE=MEMORY"),
        BOTH,
        &["supply_record_found", "gap:changed_while_read"],
    ),
    odd("a compressed table", |s, n| engine(s, n, "ROW_FORMAT=COMPRESSED"), FOUND, RESIDUAL),
    odd("columns that nobody sees", invisible, FOUND, RESIDUAL),
    odd("virtual columns", |s, n| generated(s, n, "VIRTUAL"), FOUND, RESIDUAL),
    odd("stored columns", |s, n| generated(s, n, "STORED"), FOUND, RESIDUAL),
    odd("a view with rows of its own", view_of_values, FOUND, RESIDUAL),
    odd("a view that cannot be run, beside a table", view_broken, FOUND, RESIDUAL),
    odd("a sequence beside a table", sequence, FOUND, RESIDUAL),
    odd("a table whose index is damaged", damaged, NAMED, &["gap"]),
    odd("a table without its file", discarded, NAMED, &["gap:read_failed"]),
];

const CELLS: &[Odd] = &[
    odd("Latin-1", |s, n| cells(s, n, "varchar(100) character set latin1", "{}"), FOUND, RESIDUAL),
    odd("UTF-8 that was taken for Latin-1", mistaken, FOUND, RESIDUAL),
    odd("UTF-16", |s, n| cells(s, n, "varchar(100) character set utf16", "{}"), FOUND, RESIDUAL),
    odd("bytes", |s, n| cells(s, n, "varbinary(100)", "{}"), FOUND, RESIDUAL),
    odd("bytes filled up with zeros", |s, n| cells(s, n, "binary(100)", "{}"), FOUND, RESIDUAL),
    odd("long bytes", |s, n| cells(s, n, "longblob", "{}"), FOUND, RESIDUAL),
    odd("UTF-16 as bytes", |s, n| cells(s, n, "blob", "CAST(CONVERT({} USING utf16le) AS BINARY)"), FOUND, RESIDUAL),
    odd(
        "UTF-16 as text",
        |s, n| cells(s, n, "text character set latin1", "CONVERT(CAST(CONVERT({} USING utf16le) AS BINARY) USING latin1)"),
        FOUND,
        RESIDUAL,
    ),
    odd("compressed bytes", |s, n| cells(s, n, "blob", "COMPRESS({})"), NAMED, &["gap:binary_cells"]),
    odd("dates in a type of their own", dates, FOUND, RESIDUAL),
    odd("flags, shapes, years and lists beside", others, FOUND, RESIDUAL),
    odd("a cell of 17 MiB", |s, n| large(s, n, 17 << 20), BOTH, &["supply_record_found", "gap:row_too_long"]),
    odd("a cell of 100 MB", |s, n| large(s, n, 100_000_000), BOTH, &["supply_record_found", "gap:row_too_long"]),
    odd("a cell of 5 MiB", |s, n| large(s, n, 5 << 20), FOUND, RESIDUAL),
];

fn columns(kind: &str) -> String {
    let columns: Vec<String> = COLUMNS[1..].iter().map(|column| format!("{column} {kind}")).collect();
    columns.join(", ")
}

fn insert(server: &MariaDb, table: &str, people: &[&Person]) {
    server.insert_rows("crm", table, &COLUMNS, people.iter().map(|person| person.cells()));
}

fn engine(server: &MariaDb, people: &[&Person], options: &str) {
    server.sql("crm", format!("CREATE TABLE contacts (id int PRIMARY KEY, {}) {options}", columns("varchar(100)")));
    insert(server, "contacts", people);
}

fn odd_names(server: &MariaDb, people: &[&Person]) {
    let columns = columns("text").replace("email", "`e``mail.\"x`");
    server.sql("crm", format!("CREATE TABLE `a.b``c\"d' é` (id int PRIMARY KEY, {columns})"));
    server.load_people("crm", "staging", people);
    server.sql("crm", "INSERT INTO `a.b``c\"d' é` SELECT * FROM staging; DROP TABLE staging");
}

fn history(server: &MariaDb, people: &[&Person]) {
    engine(server, people, "WITH SYSTEM VERSIONING");
    server.sql("crm", "DELETE FROM contacts");
}

fn history_in_partitions(server: &MariaDb, people: &[&Person]) {
    engine(server, people, "WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION p1 CURRENT)");
    server.sql("crm", "DELETE FROM contacts");
}

fn invisible(server: &MariaDb, people: &[&Person]) {
    let columns = columns("varchar(100) INVISIBLE");
    server.sql("crm", format!("CREATE TABLE contacts (id int PRIMARY KEY, {columns})"));
    insert(server, "contacts", people);
}

fn generated(server: &MariaDb, people: &[&Person], kind: &str) {
    let part = |(index, column): (usize, &&str)| {
        let from = "SUBSTRING_INDEX(CONVERT(FROM_BASE64(packed) USING utf8mb4)";
        format!("{column} varchar(100) AS (SUBSTRING_INDEX({from}, '|', {}), '|', -1)) {kind}", index + 1)
    };
    let columns: Vec<String> = COLUMNS[1..].iter().enumerate().map(part).collect();
    server.load_people("crm", "staging", people);
    // What is packed is nothing that anybody could read.
    let packed = format!("TO_BASE64(CONCAT_WS('|', {}))", COLUMNS[1..].join(", "));
    server.sql("crm", format!("CREATE TABLE contacts (id int PRIMARY KEY, packed text, {})", columns.join(", ")));
    server.sql("crm", format!("INSERT INTO contacts (id, packed) SELECT id, {packed} FROM staging; DROP TABLE staging"));
}

fn view_of_values(server: &MariaDb, people: &[&Person]) {
    let mut rows = Vec::new();
    for person in people {
        let cells = person.cells();
        let cells: Vec<String> = COLUMNS.iter().zip(cells).map(|(column, cell)| format!("'{cell}' AS {column}")).collect();
        rows.push(format!("SELECT {}", cells.join(", ")));
    }
    server.sql("crm", format!("CREATE VIEW contacts AS {}", rows.join(" UNION ALL ")));
}

fn view_broken(server: &MariaDb, people: &[&Person]) {
    server.load_people("crm", "contacts", people);
    server.sql("crm", "CREATE TABLE gone (id int); CREATE VIEW broken AS SELECT id FROM gone; DROP TABLE gone");
}

fn sequence(server: &MariaDb, people: &[&Person]) {
    server.load_people("crm", "contacts", people);
    server.sql("crm", "CREATE SEQUENCE numbers");
}

fn cells(server: &MariaDb, people: &[&Person], kind: &str, form: &str) {
    server.load_people("crm", "staging", people);
    server.sql("crm", format!("CREATE TABLE contacts (id int PRIMARY KEY, {})", columns(kind)));
    let formed: Vec<String> = COLUMNS[1..].iter().map(|column| form.replace("{}", column)).collect();
    server.sql("crm", format!("INSERT INTO contacts SELECT id, {} FROM staging; DROP TABLE staging", formed.join(", ")));
}

fn mistaken(server: &MariaDb, people: &[&Person]) {
    cells(server, people, "varchar(100) character set latin1", "CONVERT(CAST(REPLACE({}, 'a', 'á') AS BINARY) USING latin1)");
    server.sql("crm", "ALTER TABLE contacts DROP email, DROP phone, DROP address");
}

fn damaged(server: &MariaDb, people: &[&Person]) {
    engine(server, people, "ENGINE=MyISAM");
    server.sql("crm", "FLUSH TABLES");
    fs::write(server.folder().join("data/crm/contacts.MYI"), "no index").expect("a file");
}

fn discarded(server: &MariaDb, people: &[&Person]) {
    engine(server, people, "");
    server.sql("crm", "ALTER TABLE contacts DISCARD TABLESPACE");
}

fn dates(server: &MariaDb, people: &[&Person]) {
    server.load_people("crm", "contacts", people);
    server.sql(
        "crm",
        "SET sql_mode = ''; UPDATE contacts SET mother_dob = STR_TO_DATE(mother_dob, '%d/%m/%Y');
         ALTER TABLE contacts MODIFY mother_dob date, MODIFY child_dob date, ADD seen datetime DEFAULT '0000-00-00 00:00:00';
         INSERT INTO contacts (id, mother_dob, child_dob) VALUES (1, '0000-00-00', '0000-00-00')",
    );
}

fn others(server: &MariaDb, people: &[&Person]) {
    server.load_people("crm", "contacts", people);
    server.sql(
        "crm",
        "ALTER TABLE contacts ADD active bit(1) DEFAULT 1, ADD place point DEFAULT point(1, 2), ADD since year DEFAULT 2001,
         ADD kind enum('lead', 'customer') DEFAULT 'lead', ADD tags set('x', 'y') DEFAULT 'x,y', ADD sum decimal(9, 2) DEFAULT 1.5",
    );
}

fn large(server: &MariaDb, people: &[&Person], length: usize) {
    server.sql("", "SET GLOBAL max_allowed_packet = 268435456");
    server.load_people("crm", "contacts", people);
    server
        .sql("crm", format!("ALTER TABLE contacts ADD note longtext; UPDATE contacts SET note = REPEAT('x', {length}) LIMIT 1"));
}

fn scan(world: &World, source: &str) -> Output {
    world.scan("deletion", "deletion.challenge.json", &[source], &["--format", "json"])
}

/// The code and what was named, with everything that was said where it is not so.
#[track_caller]
fn ends(scan: &Output, code: i32, named: &[&str]) {
    scan.exits_with(code);
    let codes = codes(scan);
    assert!(named.iter().all(|name| codes.iter().any(|code| code == name)), "{codes:?}, not {named:?}{}", scan.whole());
}

fn with(world: &World, has_supplied: bool) -> Vec<&Person> {
    world.own.iter().chain(has_supplied.then(|| &world.supplied[23])).collect()
}

fn run(odds: &[Odd]) {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    let mut wrong = Vec::new();
    for odd in odds {
        let runs = [(false, odd.codes.0, &[][..]), (true, odd.codes.1, odd.named)];
        for (has_supplied, code, named) in runs {
            server.sql("", "DROP DATABASE IF EXISTS crm; CREATE DATABASE crm");
            (odd.hold)(&server, &with(&world, has_supplied));
            let scan = scan(&world, &server.url("crm"));
            let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
            if scan.code != Some(code) || !named.iter().all(|name| codes.iter().any(|code| code == name)) {
                let gaps = if scan.code == Some(1) { Value::Null } else { scan.json()["coverage"]["gaps"].clone() };
                wrong.push(format!("{}, {has_supplied}: {:?} {codes:?}, not {code} {named:?}; {gaps}", odd.name, scan.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), odds.len(), wrong.join("\n"));
    world.case.never_prints(CANARY);
}

#[test]
fn whatever_the_tables_are() {
    run(TABLES);
}

#[test]
fn whatever_stands_in_the_cells() {
    run(CELLS);
}

#[test]
fn what_an_account_is_not_shown_may_be_there() {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    server.load_people("crm", "hidden", &with(&world, true));
    let accounts = [
        // What the account may read, and what a scan of the one database ends with.
        ("one_table", "GRANT SELECT ON crm.contacts TO {}", 10, &["gap:blind"][..]),
        ("some_columns", "GRANT SELECT (id, first_name, last_name) ON crm.contacts TO {}", 10, &["gap:blind"]),
        ("one_database", "GRANT SELECT ON crm.* TO {}", 11, &["supply_record_found", "gap:blind"]),
        ("and_names", "GRANT SELECT ON crm.* TO {}; GRANT SHOW DATABASES ON *.* TO {}", 11, &["supply_record_found"]),
        ("pattern", "GRANT SELECT ON `c_m`.* TO {}; GRANT SHOW DATABASES ON *.* TO {}", 11, &["supply_record_found"]),
        ("everything", "GRANT SELECT, SHOW VIEW ON *.* TO {}", 11, &["supply_record_found"]),
        (
            "by_role",
            "CREATE ROLE r; GRANT SELECT ON *.* TO r; GRANT r TO {}; SET DEFAULT ROLE r FOR {}",
            11,
            &["supply_record_found"],
        ),
        ("idle_role", "GRANT r TO {}; GRANT SELECT ON crm.contacts TO {}", 10, &["gap:blind"]),
    ];
    for (name, grants, code, named) in accounts {
        let account = format!("{name}@'%'");
        server.sql("", format!("CREATE USER {account} IDENTIFIED BY 'hush-{name}'; {}", grants.replace("{}", &account)));
        let found = scan(&world, &server.url_as(&format!("{name}:hush-{name}"), "crm"));
        ends(&found, code, named);
        let is_blind = named.contains(&"gap:blind");
        assert_eq!(codes(&found).iter().any(|code| code == "gap:blind"), is_blind, "{name}{}", found.whole());
    }
    // All databases: what one database's account is shown is not everything, and its own tables alone are nothing to go by.
    ends(&scan(&world, &server.url_as("and_names:hush-and_names", "")), 11, &["gap:blind"]);
    server.sql("crm", "DROP TABLE hidden");
    ends(&scan(&world, &server.url_as("everything:hush-everything", "crm")), 0, &[]);
    // The server's own database may hold logs of statements, and this account does not see whether it does.
    ends(&scan(&world, &server.url_as("and_names:hush-and_names", "crm")), 10, &["gap:not_asked"]);
    ends(&scan(&world, &server.url_as("one_database:hush-one_database", "crm")), 10, &["gap:blind"]);
    // A database that was not asked for is named, and read where all are.
    server.sql("", "CREATE DATABASE `o.d``d é`");
    server.load_people("o.d`d é", "contacts", &with(&world, true));
    let partly = scan(&world, &server.url("crm"));
    ends(&partly, 10, &["gap:not_asked"]);
    assert!(partly.stdout.contains("o.d%60d%20%C3%A9"), "{}", partly.whole());
    ends(&scan(&world, &server.url("")), 11, &["supply_record_found"]);
    ends(&scan(&world, &server.url("o.d%60d%20%C3%A9")), 11, &["supply_record_found", "gap:not_asked"]);
    // The server's own log of statements is read with everything else.
    server.sql("", "DROP DATABASE `o.d``d é`");
    ends(&scan(&world, &server.url("")), 0, &[]);
    let mut logged = String::new();
    for person in with(&world, true) {
        writeln!(logged, "DO '{}';", person.cells().join("', '")).expect("a string takes all");
    }
    let settings = "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1;";
    server.sql("", format!("{settings} {logged} SET GLOBAL general_log = 0"));
    let found = scan(&world, &server.url(""));
    ends(&found, 11, &["person_found"]);
    found.prints("#mysql.general_log");
    let partly = scan(&world, &server.url("crm"));
    ends(&partly, 10, &["gap:not_asked"]);
    world.case.never_prints("hush-");
    world.case.never_prints(CANARY);
}

#[test]
fn a_login_is_looked_up_and_never_shown() {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    server.sql("", "CREATE USER reader@'%' IDENTIFIED BY 'hush#one'; GRANT SELECT ON *.* TO reader@'%'");
    let url = format!("mysql://127.0.0.1:{}/crm", server.port());
    let words =
        world.scanning("deletion", "deletion.challenge.json", &[&url], &["--format", "json", "--defaults-file", "my.cnf"]);
    world.case.write("my.cnf", "[client]\nuser = reader\npassword = \"hush#one\" # mine\n");
    world.run(AFTER, &words).exits_with(1).warns("chmod 600");
    restrict(&world, "my.cnf");
    ends(&world.run(AFTER, &words), 0, &[]);
    fs::rename(world.case.path("my.cnf"), world.case.path(".my.cnf")).expect("a new name");
    ends(&scan(&world, &url), 0, &[]);
    fs::remove_file(world.case.path(".my.cnf")).expect("a file");
    let words = world.scanning("deletion", "deletion.challenge.json", &[&url.replace("//", "//reader@")], &["--format", "json"]);
    ends(&world.command(AFTER, &words).env("MYSQL_PWD", "hush#one").run(), 0, &[]);
    let refused = world.command(AFTER, &words).env("MYSQL_PWD", "hush-wrong").run();
    refused.exits_with(1).warns("Access denied for user 'reader'");
    for wrong in ["reader:hush-wrong", "nobody:hush-wrong"] {
        scan(&world, &server.url_as(wrong, "crm")).exits_with(1).warns("Access denied");
    }
    scan(&world, &format!("{url}?password=hush-wrong")).exits_with(1);
    scan(&world, &server.url("nowhere")).exits_with(1).warns("there is no database nowhere");
    // Nobody listens there.
    scan(&world, "mysql://me:hush-wrong@127.0.0.1:1/crm").exits_with(1).warns("cannot connect to `mysql://127.0.0.1:1/crm`");
    ends(&scan(&world, &server.socket_url("crm")), 0, &[]);
    world.case.never_prints("hush");
}

#[cfg(unix)]
fn restrict(world: &World, file: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(world.case.path(file), fs::Permissions::from_mode(0o600)).expect("other rights");
}

#[test]
fn a_certificate_is_looked_at() {
    let Some(server) = MariaDb::start_with_tls() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    let url = |host: &str, parameters: &str| format!("mysql://tester:hush@{host}:{}/crm?{parameters}", server.port());
    server.sql("", "CREATE USER tester@'%' IDENTIFIED BY 'hush' REQUIRE SSL; GRANT SELECT ON *.* TO tester@'%'");
    let authority = format!("ssl-ca={}", server.authority().display());
    for (parameters, words) in [
        ("", "if offered, server not verified"),
        ("ssl-mode=required", "server not verified"),
        (&*format!("ssl-mode=VERIFY_CA&{authority}"), "authority verified"),
        (&*format!("ssl-mode=VERIFY_IDENTITY&{authority}"), "host verified"),
        (&*authority, "host verified"),
    ] {
        let scan = scan(&world, &url("127.0.0.1", parameters));
        ends(&scan, 0, &[]);
        assert!(scan.stdout.contains(words), "{parameters}{}", scan.whole());
    }
    ends(&scan(&world, &url("localhost", &authority)), 0, &[]);
    for parameters in ["ssl-mode=VERIFY_IDENTITY", "ssl-mode=VERIFY_CA"] {
        scan(&world, &url("127.0.0.1", parameters)).exits_with(1).warns("certificate");
    }
    scan(&world, &url("127.0.0.1", "ssl-mode=DISABLED")).exits_with(1).warns("Access denied");
    drop(server);
    let Some(server) = MariaDb::start_with_tls_for("db.example.com") else { return };
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    let url = |mode: &str| format!("{}?ssl-mode={mode}&ssl-ca={}", server.url("crm"), server.authority().display());
    scan(&world, &url("VERIFY_IDENTITY")).exits_with(1).warns("certificate");
    ends(&scan(&world, &url("VERIFY_CA")), 0, &[]);
    drop(server);
    let Some(server) = MariaDb::start() else { return };
    scan(&world, &format!("{}?ssl-mode=REQUIRED", server.url(""))).exits_with(1).warns("the server offers no TLS");
    world.case.never_prints("hush");
}

/// Scans `crm`, whose table `gate` is locked until the scan waits before it and something was done; then it goes on.
fn while_waiting(server: &MariaDb, world: &World, deed: impl FnOnce()) -> Output {
    const HOLD: &str = "LOCK TABLES gate WRITE;
        DELIMITER //
        BEGIN NOT ATOMIC WHILE IS_USED_LOCK('go') IS NULL DO DO SLEEP(0.02); END WHILE; END//";
    let words = world.scanning("deletion", "deletion.challenge.json", &[&server.url("crm")], &["--format", "json"]);
    thread::scope(|scope| {
        scope.spawn(|| server.sql("crm", HOLD));
        wait_for(server, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'", "1");
        world.command(AFTER, &words).run_while(|_| {
            wait_for(server, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE '%metadata lock%'", "1");
            deed();
            server.sql("", "DO GET_LOCK('go', 0); DO SLEEP(0.2)");
        })
    })
}

fn wait_for(server: &MariaDb, query: &str, answer: &str) {
    let begun = Instant::now();
    while server.query("", query) != answer {
        assert!(begun.elapsed() < Duration::from_secs(20), "`{query}` does not become {answer}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What somebody does, and what a scan ends with.
type Deed = (fn(&MariaDb, &Person), i32, &'static [&'static str]);

#[test]
fn what_happens_while_it_is_read() {
    const CHANGED: &[&str] = &["gap:changed_while_read"];
    const UNREAD: &[&str] = &["gap:read_failed", "gap:changed_while_read"];
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    let deeds: [Deed; 10] = [
        (|_, _| {}, 0, &[]),
        // The snapshot does not have them.
        (|server, person| ["a_first", "z_last"].iter().for_each(|table| insert(server, table, &[person])), 0, &[]),
        // The snapshot has them.
        (|server, _| server.sql("crm", "DELETE FROM y_kept"), 11, RESIDUAL),
        (|server, _| server.sql("crm", "ALTER TABLE z_last ADD more int, ALGORITHM=COPY"), 10, UNREAD),
        (|server, _| server.sql("crm", "ALTER TABLE a_first ADD more int, ALGORITHM=INSTANT"), 10, CHANGED),
        (|server, _| server.sql("crm", "TRUNCATE TABLE z_last"), 10, &["gap:read_failed"]),
        (|server, _| server.sql("crm", "DROP TABLE z_last"), 10, UNREAD),
        (|server, _| server.sql("crm", "RENAME TABLE z_last TO zz_last"), 10, UNREAD),
        (|server, person| insert(server, "x_unheld", &[person]), 11, CHANGED),
        (|server, _| server.sql("crm", "DELETE FROM x_unheld"), 10, CHANGED),
    ];
    for (number, (deed, code, named)) in deeds.into_iter().enumerate() {
        let own = with(&world, false);
        server.sql("", "DROP DATABASE IF EXISTS crm; CREATE DATABASE crm; CREATE TABLE crm.gate (id int)");
        for table in ["a_first", "x_unheld", "y_kept", "z_last"] {
            server.load_people("crm", table, &own);
        }
        server.sql("crm", "ALTER TABLE x_unheld ENGINE=MyISAM");
        if number == 2 {
            insert(&server, "y_kept", &[&world.supplied[23]]);
        }
        let scan = while_waiting(&server, &world, || deed(&server, &world.supplied[23]));
        ends(&scan, code, named);
    }
    world.case.never_prints(CANARY);
}

#[test]
fn a_server_that_stops_leaves_no_verdict() {
    let Some(mut server) = MariaDb::start() else { return };
    let world = World::asked();
    let own = with(&world, false);
    server.create("crm");
    server.load_people("crm", "contacts", &own);
    slow_view(&server);
    let words = world.scanning("deletion", "deletion.challenge.json", &[&server.url("crm")], &["--format", "json"]);
    let scan = world.command(AFTER, &words).run_while(|_| {
        wait_for(&server, RUNNING, "1");
        server.stop();
    });
    ends(&scan, 10, &["gap:read_failed", "gap:changed_while_read"]);
}

/// Counts the reading of [`slow_view`].
const RUNNING: &str =
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT%`zz_slow`%' AND ID <> CONNECTION_ID()";

/// A view whose rows take a minute to come, and which is read since it holds values of its own.
fn slow_view(server: &MariaDb) {
    server.sql("crm", "CREATE VIEW zz_slow AS SELECT 'a' AS one, 'b' AS two, SLEEP(0.02) AS three FROM seq_1_to_3000");
}

#[test]
fn nothing_goes_on_where_somebody_stops_it() {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    slow_view(&server);
    let words = world.scanning("deletion", "deletion.challenge.json", &[&server.url("crm")], &["--format", "json"]);
    for signal in ["-INT", "-TERM"] {
        let scan = world.command(AFTER, &words).run_while(|id| {
            wait_for(&server, RUNNING, "1");
            assert!(Command::new("kill").args([signal, &id.to_string()]).status().expect("kill").success());
        });
        scan.exits_with(1).stderr_is("error: interrupted; nothing was written\n");
        assert_eq!(server.query("", RUNNING), "0", "{signal}");
    }
    // A time limit of the person's own ends it, too.
    let words = [words, vec!["--statement-timeout".to_owned(), "1".to_owned()]].concat();
    ends(&world.run(AFTER, &words), 10, &["gap:read_failed"]);
    assert_eq!(server.query("", RUNNING), "0");
}

#[test]
fn the_printed_account_reads_everything_and_writes_nothing() {
    let Some(server) = MariaDb::start_with_tls() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &world.supplied.iter().collect::<Vec<&Person>>());
    let statements = world.run(AFTER, &["inspect", &server.url(""), "--grants=It's"]).exits_with(0).stdout.clone();
    assert!(statements.contains("CREATE USER IF NOT EXISTS 'It''s'@'%'") && statements.contains("REQUIRE SSL"), "{statements}");
    server.sql("", &statements);
    let url = server.url_as("It%27s:secret", "");
    world.run(AFTER, &["inspect", &url]).exits_with(1).warns("cannot connect");
    server.sql("", "SET PASSWORD FOR 'It''s'@'%' = PASSWORD('secret');");
    let json = world.run(AFTER, &["inspect", &url, "--format", "json"]).exits_with(0).json();
    let gaps: Vec<&Value> = json["problems"].as_array().expect("problems").iter().map(|gap| &gap["code"]).collect();
    assert!(!gaps.iter().any(|code| ["denied", "blind", "not_asked"].iter().any(|word| *code == word)), "{json:#}");
    world.scan("deletion", "deletion.challenge.json", &[&url], &[]).exits_with(11);
    let rights = server.query("", "SHOW GRANTS FOR 'It''s'@'%';");
    assert!(!["INSERT", "UPDATE", "DELETE", "CREATE", "ALL"].iter().any(|right| rights.contains(right)), "{rights}");
}

#[test]
fn a_database_or_table_is_not_passed_over_for_its_name() {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &with(&world, false));
    ends(&scan(&world, &server.url("")), 0, &[]);
    for (database, name) in
        [("cr\\m", "held"), ("mysql", "innodb_held"), ("mysql", "gtid_x"), ("sys", "held"), ("SYS", "held"), ("`,0x7430) #", "t")]
    {
        let quoted = format!("`{}`", database.replace('`', "``"));
        server.sql("", format!("CREATE DATABASE IF NOT EXISTS {quoted}"));
        server.sql("crm", format!("CREATE TABLE {quoted}.{name} LIKE contacts"));
        server.load_people("crm", "staging", &with(&world, true));
        server.sql("crm", format!("INSERT INTO {quoted}.{name} SELECT * FROM staging; DROP TABLE staging"));
        ends(&scan(&world, &server.url("")), 11, &["supply_record_found"]);
        ends(&scan(&world, &server.url("crm")), 10, &["gap:not_asked"]);
        server.sql(
            "",
            if matches!(database, "mysql" | "sys") {
                format!("DROP TABLE {quoted}.{name}")
            } else {
                format!("DROP DATABASE {quoted}")
            },
        );
    }
    // What was deleted lives on in the history.
    server.sql("", "CREATE DATABASE IF NOT EXISTS test; CREATE TABLE test.held (a int) WITH SYSTEM VERSIONING; INSERT INTO test.held VALUES (1); DELETE FROM test.held");
    ends(&scan(&world, &server.url("crm")), 10, &["gap:not_asked"]);
}
