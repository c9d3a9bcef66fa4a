//! Odd `SQLite` databases, each with a supplied person in it: either the record is found, or what hid it is named as a gap. Without the
//! person, none is found.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use rusqlite::Connection;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Writes people into a folder, in a way of its own.
type Holding = fn(&World, &str, &[&Person]);

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

const fn odd(name: &'static str, hold: Holding, codes: (i32, i32), named: &'static [&'static str]) -> Odd {
    Odd { name, hold, codes, named }
}

const RESIDUAL: &[&str] = &["supply_record_found"];
const PERSON: &[&str] = &["person_found"];

/// How the file is kept: journals, logs, encodings, page sizes.
const KEPT: &[Odd] = &[
    odd("WAL mode, closed", wal_closed, FOUND, RESIDUAL),
    odd("rows in the log alone", wal_log, FOUND, RESIDUAL),
    odd("a log with frames of a transaction that was never committed", wal_uncommitted, FOUND, RESIDUAL),
    odd("a log of no bytes", wal_empty, FOUND, RESIDUAL),
    odd("a log that is damaged in its middle", wal_damaged, NAMED, &["gap:cut_short"]),
    odd("a log with a damaged header", wal_header, NAMED, &["gap:cut_short"]),
    odd("another name of a database in WAL mode", wal_other_name, NAMED, &["gap:unsupported"]),
    odd("a journal of a transaction that broke off", hot_journal, NAMED, &["gap:unreadable"]),
    odd("a journal that is over", cold_journal, FOUND, RESIDUAL),
    odd("a journal that is a database itself", journal_database, BOTH, &["supply_record_found", "gap:unreadable"]),
    odd("a log that is a database itself", log_database, BOTH, &["supply_record_found", "gap:cut_short"]),
    odd("a file that may not be written", |w, p, n| read_only(w, p, n, false), FOUND, RESIDUAL),
    odd("WAL mode in a file that may not be written", |w, p, n| read_only(w, p, n, true), FOUND, RESIDUAL),
    odd("auto_vacuum", |w, p, n| set(w, p, n, "auto_vacuum = full"), FOUND, RESIDUAL),
    odd("incremental auto_vacuum", |w, p, n| set(w, p, n, "auto_vacuum = incremental"), FOUND, RESIDUAL),
    odd("UTF-16, little-endian", |w, p, n| set(w, p, n, "encoding = 'UTF-16le'"), FOUND, RESIDUAL),
    odd("UTF-16, big-endian", |w, p, n| set(w, p, n, "encoding = 'UTF-16be'"), FOUND, RESIDUAL),
    odd("pages of 512 bytes", |w, p, n| set(w, p, n, "page_size = 512"), FOUND, RESIDUAL),
    odd("pages of 65,536 bytes", |w, p, n| set(w, p, n, "page_size = 65536"), FOUND, RESIDUAL),
    odd("deleted content overwritten", |w, p, n| set(w, p, n, "secure_delete = on"), FOUND, RESIDUAL),
    odd("an application's own number", |w, p, n| set(w, p, n, "application_id = 1196444487"), FOUND, RESIDUAL),
    odd("a GeoPackage with shapes", geopackage, BOTH, &["supply_record_found", "gap:binary_cells"]),
    odd("several databases in a folder", several, FOUND, RESIDUAL),
];

/// What is encrypted, cut or damaged.
const BROKEN: &[Odd] = &[
    odd("encrypted", encrypted, NAMED, &["gap:unknown_format"]),
    odd("encrypted but for its first bytes", plaintext_header, NAMED, &["gap:unreadable"]),
    odd("no byte", |w, p, n| cut(w, p, n, |_| 0), NAMED, &["gap:empty"]),
    odd("cut within its first words", |w, p, n| cut(w, p, n, |_| 16), NAMED, &["gap:unreadable"]),
    odd("cut within its header", |w, p, n| cut(w, p, n, |_| 90), NAMED, &["gap:unreadable"]),
    odd("cut in the middle", |w, p, n| cut(w, p, n, |length| length / 2), NAMED, &["gap:unreadable"]),
    odd("without its last page", |w, p, n| cut(w, p, n, |length| length - 4096), NAMED, &["gap:unreadable"]),
    odd("another page size in the header", page_size, NAMED, &["gap"]),
    odd("an overwritten page", |w, p, n| patch(w, p, n, "contacts", |page| page.fill(0xa5)), NAMED, &["gap:read_failed"]),
    odd("a zeroed page", |w, p, n| patch(w, p, n, "contacts", |page| page.fill(0)), NAMED, &["gap:read_failed"]),
    odd("a page that leads to itself", cycle, NAMED, &["gap:read_failed"]),
    odd("a page that is left out for another twice", left_out, NAMED, &["gap:read_failed"]),
    odd("a page without its last row", |w, p, n| patch(w, p, n, "contacts", drop_last_cell), NAMED, &["gap:read_failed"]),
    odd("a table that the schema lost", lost_table, NAMED, &["gap:read_failed"]),
    odd("damaged free pages", freelist, BOTH, &["supply_record_found", "gap:read_failed"]),
    odd("an index with rows of its own", ghost_index, NAMED, &["gap:read_failed"]),
    odd(
        "a schema that cannot be parsed",
        |w, p, n| schema(w, p, n, "sql = 'CREATE TABLE contacts (id,,)'"),
        NAMED,
        &["gap:unreadable"],
    ),
    odd("a table without columns", |w, p, n| schema(w, p, n, "sql = 'CREATE TABLE contacts ()'"), NAMED, &["gap:unreadable"]),
    odd("a table that is called an index", |w, p, n| schema(w, p, n, "type = 'index'"), NAMED, &["gap:unreadable"]),
    odd("a table by two names", |w, p, n| schema(w, p, n, "name = 'orders'"), NAMED, &["gap:unreadable"]),
    odd("a table of no page", |w, p, n| schema(w, p, n, "rootpage = 0"), NAMED, &["gap"]),
    odd("two tables whose names differ by case", same_name, NAMED, &["gap:unreadable"]),
    odd("another database behind the end", behind_the_end, NAMED, &["gap:unknown_format"]),
    odd("room behind the end", room_behind_the_end, FOUND, RESIDUAL),
    odd("a dump of statements that is cut", dump, NAMED, &["gap:cut_short"]),
];

/// Tables, views and their names.
const TABLES: &[Odd] = &[
    odd("a view with rows of its own", view_values, FOUND, RESIDUAL),
    odd("a view that writes its row out beside a table", view_literals, FOUND, RESIDUAL),
    odd("a view over JSON in its definition", view_json, FOUND, RESIDUAL),
    odd("a view that cannot be run, beside a table", view_broken, FOUND, RESIDUAL),
    odd("a view over another database", view_elsewhere, NAMED, &["gap:unreadable"]),
    odd("a trigger over a table that is gone", trigger, FOUND, RESIDUAL),
    odd("generated columns, virtual", |w, p, n| generated(w, p, n, "VIRTUAL"), FOUND, PERSON),
    odd("generated columns, stored", |w, p, n| generated(w, p, n, "STORED"), FOUND, PERSON),
    odd("a generated column whose function is not here", uncomputable, BOTH, &["supply_record_found", "gap:unsupported"]),
    odd("FTS5", |w, p, n| full_text(w, p, n, "fts5(full_name, email, postcode)"), BOTH, &["person_found", "gap:unsupported"]),
    odd("FTS4", |w, p, n| full_text(w, p, n, "fts4(full_name, email, postcode)"), BOTH, &["person_found", "gap:unsupported"]),
    odd("FTS3", |w, p, n| full_text(w, p, n, "fts3(full_name, email, postcode)"), BOTH, &["person_found", "gap:unsupported"]),
    odd(
        "FTS5 that keeps no text",
        |w, p, n| full_text(w, p, n, "fts5(full_name, email, postcode, content='')"),
        NAMED,
        &["gap:unsupported", "gap:binary_cells"],
    ),
    odd("FTS5 whose text was deleted", stale_full_text, NAMED, &["gap:unsupported", "gap:binary_cells"]),
    odd(
        "FTS4 that keeps no text",
        |w, p, n| full_text(w, p, n, "fts4(full_name, email, postcode, content='')"),
        NAMED,
        &["gap:unsupported"],
    ),
    odd("R*Tree with further columns", rtree, BOTH, &["person_found", "gap:unsupported"]),
    odd("a module that is not here", no_module, NAMED, &["gap:unsupported"]),
    odd("no primary key", |w, p, n| table(w, p, n, "contacts", &COLUMNS.join(", "), ""), FOUND, RESIDUAL),
    odd(
        "a key of several columns",
        |w, p, n| table(w, p, n, "contacts", &(COLUMNS.join(", ") + ", PRIMARY KEY (last_name, id)"), ""),
        FOUND,
        RESIDUAL,
    ),
    odd(
        "no row ids",
        |w, p, n| table(w, p, n, "contacts", &(COLUMNS.join(", ") + ", PRIMARY KEY (last_name, id)"), "WITHOUT ROWID"),
        FOUND,
        RESIDUAL,
    ),
    odd("STRICT", strict, FOUND, RESIDUAL),
    odd("an order of the application's own", collation, FOUND, RESIDUAL),
    odd("an index and a condition whose functions are not here", missing_functions, FOUND, RESIDUAL),
    odd("values against the conditions of their table", against_conditions, FOUND, RESIDUAL),
    odd("columns by every name of the row id", row_id_names, FOUND, RESIDUAL),
    odd("2,000 columns", wide, FOUND, RESIDUAL),
    odd("a table without a name", |w, p, n| table(w, p, n, "\"\"", &COLUMNS.join(", "), ""), FOUND, RESIDUAL),
    odd("a column without a name", |w, p, n| table(w, p, n, "contacts", &(COLUMNS.join(", ") + ", \"\""), ""), FOUND, RESIDUAL),
    odd(
        "a name of several lines",
        |w, p, n| table(w, p, n, "\"two\nlines\u{1b}[31m\"", &COLUMNS.join(", "), ""),
        FOUND,
        RESIDUAL,
    ),
    odd("a name of quotes", |w, p, n| table(w, p, n, "\"'[`\"\"]; --\"", &COLUMNS.join(", "), ""), FOUND, RESIDUAL),
    odd("a name in emoji", |w, p, n| table(w, p, n, "\"👶🏽 #1\"", &COLUMNS.join(", "), ""), FOUND, RESIDUAL),
    odd(
        "keywords for names",
        |w, p, n| table(w, p, n, "\"select\"", &(COLUMNS.join(", ") + ", \"from\", [group], `order`"), ""),
        FOUND,
        RESIDUAL,
    ),
    odd("empty tables beside", empty_tables, FOUND, RESIDUAL),
    odd("samples of an analysis", samples, FOUND, PERSON),
    odd("a table that begins unlike it goes on", late, BOTH, PERSON),
];

/// What stands in the cells.
const CELLS: &[Odd] = &[
    odd("text as bytes", |w, p, n| cells(w, p, n, "CAST({} AS BLOB)"), FOUND, RESIDUAL),
    odd("UTF-16 as bytes", utf16_blobs, FOUND, RESIDUAL),
    odd("JSON as bytes", json_blob, FOUND, PERSON),
    odd("JSON in a binary form", |w, p, n| packed(w, p, n, "jsonb(json_array({name}, {email}))"), NAMED, &["gap:binary_cells"]),
    odd("compressed bytes", |w, p, n| packed(w, p, n, "x'789c' || {name}"), NAMED, &["gap:binary_cells"]),
    odd(
        "values packed with their lengths",
        |w, p, n| packed(w, p, n, "x'0a03' || {name} || x'1205'"),
        NAMED,
        &["gap:binary_cells"],
    ),
    odd(
        "UTF-16 whose bytes are ASCII",
        |w, p, n| packed(w, p, n, "x'10043d043d043004' || substr({name}, 1, 0)"),
        NAMED,
        &["gap:binary_cells"],
    ),
    odd("a NUL behind each text", |w, p, n| cells(w, p, n, "{} || char(0)"), NAMED, &["gap:binary_cells"]),
    odd(
        "text that is no UTF-8",
        |w, p, n| cells(w, p, n, "CAST({} || x'e9' AS TEXT)"),
        BOTH,
        &["person_found", "gap:undecodable"],
    ),
    odd("a cell of 17 MiB", |w, p, n| large(w, p, n, 17 << 20), BOTH, &["supply_record_found", "gap:row_too_long"]),
    odd("a cell of 5 MiB", |w, p, n| large(w, p, n, 5 << 20), FOUND, RESIDUAL),
    // So few numbers prove nothing each, only together.
    odd("telephone numbers as integers", |w, p, n| phones(w, p, n, "INTEGER"), (0, 10), &["aggregate_excess"]),
    odd("telephone numbers as reals", |w, p, n| phones(w, p, n, "REAL"), (0, 10), &["aggregate_excess"]),
    // Those of the years before 1974 have eight digits or fewer, and are not understood.
    odd("dates as seconds since 1970", |w, p, n| dates(w, p, n, "CAST(strftime('%s', {}) AS INTEGER)"), BOTH, PERSON),
    odd("dates as milliseconds since 1970", |w, p, n| dates(w, p, n, "strftime('%s', {}) * 1000"), FOUND, PERSON),
    odd("dates as seconds in reals", |w, p, n| dates(w, p, n, "strftime('%s', {}) * 1.0"), BOTH, PERSON),
    odd("dates as numbers of eight digits", |w, p, n| dates(w, p, n, "CAST(strftime('%Y%m%d', {}) AS INTEGER)"), FOUND, PERSON),
    odd("dates as numbers of eight digits in reals", |w, p, n| dates(w, p, n, "strftime('%Y%m%d', {}) * 1.0"), FOUND, PERSON),
    odd("dates as Julian days", |w, p, n| dates(w, p, n, "julianday({})"), FOUND, PERSON),
    odd("text in columns of numbers", text_in_numbers, FOUND, RESIDUAL),
    odd("booleans and nulls beside", booleans, FOUND, RESIDUAL),
];

fn scan(world: &World, place: &str) -> Output {
    world.scan("deletion", "deletion.challenge.json", &[place], &["--format", "json"])
}

fn run(odds: &[Odd]) {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    let kept: Vec<&Person> = own.iter().copied().chain([&world.supplied[23]]).collect();
    let mut wrong = Vec::new();
    for (number, odd) in odds.iter().enumerate() {
        let runs = [(&own, odd.codes.0, &[][..]), (&kept, odd.codes.1, odd.named)];
        // What is unseen either way is looked at once.
        for (people, code, named) in runs.into_iter().skip(usize::from(odd.codes == NAMED)) {
            let place = format!("place-{number}-{}", people.len());
            fs::create_dir_all(world.case.path(&place)).expect("a folder");
            (odd.hold)(&world, &place, people);
            let scan = scan(&world, &place);
            let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
            if scan.code != Some(code) || !named.iter().all(|name| codes.iter().any(|code| code == name)) {
                let gaps = if scan.code == Some(1) { Value::Null } else { scan.json()["coverage"]["gaps"].clone() };
                wrong.push(format!(
                    "{}, {} people: {:?} {codes:?}, not {code} {named:?}; {gaps}",
                    odd.name,
                    people.len(),
                    scan.code
                ));
            }
            // Large files would fill the disk.
            fs::remove_dir_all(world.case.path(&place)).expect("an old folder");
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), odds.len(), wrong.join("\n"));
    world.case.never_prints(crate::cli::world::CANARY);
}

#[test]
fn however_the_file_is_kept() {
    run(KEPT);
}

#[test]
fn whatever_is_broken() {
    run(BROKEN);
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
fn while_a_writer_is_at_work() {
    let world = World::asked();
    let path = world.case.path("busy/held.db");
    fs::create_dir_all(world.case.path("busy")).expect("a folder");
    let writer = Connection::open(&path).expect("a database");
    writer.pragma_update(None, "journal_mode", "wal").expect("a log");
    create(&writer, "contacts", "");
    let people: Vec<&Person> = world.own.iter().chain([&world.supplied[23]]).collect();
    insert(&writer, "contacts", &people);
    // Enough of the rest that the scan takes a while, and none of it with a key.
    let filler = "CREATE TABLE log (line TEXT);
                  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO log SELECT 'line' FROM n";
    writer.execute_batch(filler).expect("a long table");
    let words = world.scanning("deletion", "deletion.challenge.json", &["busy"], &["--format", "json"]);
    let is_over = AtomicBool::new(false);
    let scan = std::thread::scope(|scope| {
        let is_over = &is_over;
        let busy = scope.spawn(move || {
            let mut rounds = 0;
            while !is_over.load(Ordering::Relaxed) {
                let statements = "UPDATE log SET line = 'other' WHERE rowid % 100 = 0; INSERT INTO log (line) VALUES ('more');
                                  PRAGMA wal_checkpoint(PASSIVE)";
                writer.execute_batch(statements).expect("a written row");
                rounds += 1;
            }
            rounds
        });
        let scan = world.command(AFTER, &words).run();
        is_over.store(true, Ordering::Relaxed);
        assert!(busy.join().expect("a writer") > 0);
        scan
    });
    scan.exits_with(11);
    assert_eq!(codes(&scan).iter().filter(|code| code.starts_with("gap:")).count(), 0, "{}", scan.whole());
}

// How the file is kept.

fn database(world: &World, place: &str, fill: impl FnOnce(&Connection)) {
    world.database(&format!("{place}/held.db"), fill);
}

fn key(person: &Person) -> i64 {
    i64::try_from(person.id).expect("a key")
}

fn contacts(database: &Connection, people: &[&Person]) {
    create(database, "contacts", "");
    insert(database, "contacts", people);
}

fn execute(database: &Connection, statements: &str) {
    database.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
}

fn change(world: &World, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = world.case.path(file);
    let mut content = fs::read(&path).expect("a file");
    change(&mut content);
    fs::write(path, content).expect("a changed file");
}

fn set(world: &World, place: &str, people: &[&Person], pragma: &str) {
    database(world, place, |database| {
        execute(database, &format!("PRAGMA {pragma}"));
        contacts(database, people);
    });
}

fn wal_closed(world: &World, place: &str, people: &[&Person]) {
    set(world, place, people, "journal_mode = wal");
}

/// Leaves the database with its log as a program does that was killed.
fn killed(world: &World, place: &str, fill: impl FnOnce(&Connection)) {
    let origin = format!("{place}-origin");
    database(world, &origin, |database| {
        execute(database, "PRAGMA page_size = 1024; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0");
        fill(database);
        for file in ["held.db", "held.db-wal"] {
            fs::copy(world.case.path(&format!("{origin}/{file}")), world.case.path(&format!("{place}/{file}"))).expect("a copy");
        }
    });
    fs::remove_dir_all(world.case.path(&origin)).expect("an old folder");
}

fn wal_log(world: &World, place: &str, people: &[&Person]) {
    killed(world, place, |database| contacts(database, people));
}

fn wal_uncommitted(world: &World, place: &str, people: &[&Person]) {
    killed(world, place, |database| {
        contacts(database, people);
        // With next to no cache, pages reach the log before the commit.
        execute(database, "PRAGMA cache_size = 1; BEGIN; DELETE FROM contacts; CREATE TABLE other (a)");
        execute(
            database,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO other SELECT i FROM n",
        );
    });
}

fn wal_empty(world: &World, place: &str, people: &[&Person]) {
    wal_closed(world, place, people);
    world.case.write(&format!("{place}/held.db-wal"), "");
}

fn wal_damaged(world: &World, place: &str, people: &[&Person]) {
    killed(world, place, |database| {
        create(database, "contacts", "");
        execute(database, "CREATE TABLE before (a)");
        insert(database, "contacts", people);
    });
    // A frame is 24 bytes and a page.
    change(world, &format!("{place}/held.db-wal"), |log| log[32 + 4 * 1048 + 500] ^= 1);
}

fn wal_header(world: &World, place: &str, people: &[&Person]) {
    wal_log(world, place, people);
    change(world, &format!("{place}/held.db-wal"), |log| log[17] ^= 1);
}

/// The other name stands outside of what is scanned, and beside it a log with the last rows.
fn wal_other_name(world: &World, place: &str, people: &[&Person]) {
    let origin = format!("{place}-elsewhere");
    fs::create_dir_all(world.case.path(&origin)).expect("a folder");
    killed(world, &origin, |database| {
        contacts(database, &people[..5]);
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
        insert(database, "contacts", &people[5..]);
    });
    fs::hard_link(world.case.path(&format!("{origin}/held.db")), world.case.path(&format!("{place}/other.db"))).expect("a link");
}

/// A transaction that wrote pages into the database and was killed. The journal holds what they were.
fn hot_journal(world: &World, place: &str, people: &[&Person]) {
    let origin = format!("{place}-origin");
    database(world, &origin, |database| {
        contacts(database, people);
        execute(
            database,
            "PRAGMA cache_size = 1; BEGIN; UPDATE contacts SET last_name = 'x', child_dob = NULL, email = NULL; CREATE TABLE other (a)",
        );
        execute(
            database,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO other SELECT i FROM n",
        );
        for file in ["held.db", "held.db-journal"] {
            fs::copy(world.case.path(&format!("{origin}/{file}")), world.case.path(&format!("{place}/{file}"))).expect("a copy");
        }
        execute(database, "ROLLBACK");
    });
    fs::remove_dir_all(world.case.path(&origin)).expect("an old folder");
}

fn cold_journal(world: &World, place: &str, people: &[&Person]) {
    set(world, place, people, "journal_mode = persist");
    assert!(world.case.path(&format!("{place}/held.db-journal")).exists());
}

fn journal_database(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, &people[..5]));
    world.database(&format!("{place}/other.db"), |database| contacts(database, people));
    fs::rename(world.case.path(&format!("{place}/other.db")), world.case.path(&format!("{place}/held.db-journal")))
        .expect("a file");
}

fn log_database(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, &people[..5]));
    world.database(&format!("{place}/other.db"), |database| contacts(database, people));
    fs::rename(world.case.path(&format!("{place}/other.db")), world.case.path(&format!("{place}/held.db-wal"))).expect("a file");
}

fn read_only(world: &World, place: &str, people: &[&Person], is_wal: bool) {
    set(world, place, people, if is_wal { "journal_mode = wal" } else { "journal_mode = delete" });
    let path = world.case.path(&format!("{place}/held.db"));
    let mut rights = fs::metadata(&path).expect("a file").permissions();
    rights.set_readonly(true);
    fs::set_permissions(path, rights).expect("a read-only file");
}

fn geopackage(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(
            database,
            "PRAGMA application_id = 1196444487; CREATE TABLE homes (fid INTEGER PRIMARY KEY, geom BLOB);
             INSERT INTO homes VALUES (1, x'47500001e6100000')",
        );
    });
}

fn several(world: &World, place: &str, people: &[&Person]) {
    for (file, people) in [("a.db", &people[..5]), ("b.sqlite", &people[5..9]), ("c", people)] {
        world.database(&format!("{place}/{file}"), |database| contacts(database, people));
    }
}

// What is broken.

/// Bytes without any order, the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

fn encrypted(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, people));
    change(world, &format!("{place}/held.db"), |content| {
        content.iter_mut().zip(noise(1 << 20)).for_each(|(byte, noise)| *byte ^= noise);
    });
}

fn plaintext_header(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, people));
    let rest = |content: &mut Vec<u8>| content.iter_mut().zip(noise(1 << 20)).skip(32).for_each(|(byte, noise)| *byte ^= noise);
    change(world, &format!("{place}/held.db"), rest);
}

/// Contacts on many pages, with others in front of them.
fn many_pages(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(
            database,
            "CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO log SELECT i, printf('%.900c', 'x') FROM n",
        );
        contacts(database, people);
    });
}

fn cut(world: &World, place: &str, people: &[&Person], length: fn(usize) -> usize) {
    many_pages(world, place, people);
    change(world, &format!("{place}/held.db"), |content| content.truncate(length(content.len())));
}

fn page_size(world: &World, place: &str, people: &[&Person]) {
    many_pages(world, place, people);
    change(world, &format!("{place}/held.db"), |content| content[16..18].copy_from_slice(&1024_u16.to_be_bytes()));
}

fn root(world: &World, place: &str, table: &str) -> usize {
    let database = Connection::open(world.case.path(&format!("{place}/held.db"))).expect("a database");
    let root: i64 =
        database.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table], |row| row.get(0)).expect("a table");
    usize::try_from(root).expect("a page")
}

/// Changes a page by its number.
fn page(world: &World, place: &str, number: usize, damage: impl FnOnce(&mut [u8])) {
    change(world, &format!("{place}/held.db"), |content| damage(&mut content[4096 * (number - 1)..4096 * number]));
}

/// Changes the first page of a table.
fn patch(world: &World, place: &str, people: &[&Person], table: &str, damage: fn(&mut [u8])) {
    many_pages(world, place, people);
    page(world, place, root(world, place, table), damage);
}

/// Pages below the first page of a table: their numbers stand in its cells, and the last in its header.
fn children(page: &[u8]) -> Vec<[u8; 4]> {
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let cell = |place: usize| usize::from(u16::from_be_bytes([page[12 + 2 * place], page[13 + 2 * place]]));
    let at = |offset: usize| [page[offset], page[offset + 1], page[offset + 2], page[offset + 3]];
    (0..cells).map(|place| at(cell(place))).chain([at(8)]).collect()
}

fn cycle(world: &World, place: &str, people: &[&Person]) {
    many_pages(world, place, people);
    let number = root(world, place, "contacts");
    let own = u32::try_from(number).expect("a page").to_be_bytes();
    page(world, place, number, |page| page[8..12].copy_from_slice(&own));
}

fn left_out(world: &World, place: &str, people: &[&Person]) {
    many_pages(world, place, people);
    page(world, place, root(world, place, "contacts"), |page| {
        assert_eq!(page[0], 5, "a table of one page");
        let first = children(page)[0];
        page[8..12].copy_from_slice(&first);
    });
}

fn drop_last_cell(page: &mut [u8]) {
    assert_eq!(page[0], 5, "a table of one page");
    let count = u16::from_be_bytes([page[3], page[4]]);
    // The right-most page takes the place of the last cell's.
    let last = children(page)[usize::from(count) - 1];
    page[3..5].copy_from_slice(&(count - 1).to_be_bytes());
    page[8..12].copy_from_slice(&last);
}

fn rewrite_schema(database: &Connection, statement: &str) {
    execute(database, &format!("PRAGMA writable_schema = on; {statement}"));
}

fn lost_table(world: &World, place: &str, people: &[&Person]) {
    many_pages(world, place, people);
    database(world, place, |database| rewrite_schema(database, "DELETE FROM sqlite_schema WHERE name = 'contacts'"));
}

fn freelist(world: &World, place: &str, people: &[&Person]) {
    many_pages(world, place, people);
    database(world, place, |database| execute(database, "DROP TABLE log"));
    // The number of free pages.
    change(world, &format!("{place}/held.db"), |content| content[39] ^= 3);
}

/// The index was not there when the row was deleted, and then again.
fn ghost_index(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(database, "CREATE INDEX by_name ON contacts (last_name, email)");
    });
    let entry = "type, name, tbl_name, rootpage, sql";
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE kept AS SELECT {entry} FROM sqlite_schema WHERE name = 'by_name'"));
        rewrite_schema(database, "DELETE FROM sqlite_schema WHERE name = 'by_name'");
    });
    database(world, place, |database| {
        execute(
            database,
            "DELETE FROM contacts WHERE id >= 5000 OR id = 1003; INSERT INTO contacts (id, email) VALUES (9000, NULL)",
        );
        if database.query_row("SELECT count(*) FROM contacts", [], |row| row.get::<_, i64>(0))
            != i64::try_from(people.len()).map_err(|_| rusqlite::Error::InvalidQuery)
        {
            execute(database, "INSERT INTO contacts (id, email) VALUES (9001, NULL)");
        }
        rewrite_schema(database, &format!("INSERT INTO sqlite_schema ({entry}) SELECT * FROM kept; DROP TABLE kept"));
    });
}

fn schema(world: &World, place: &str, people: &[&Person], change: &str) {
    database(world, place, |database| {
        contacts(database, people);
        execute(database, "CREATE TABLE orders2 (a); INSERT INTO orders2 VALUES (1)");
        rewrite_schema(database, &format!("UPDATE sqlite_schema SET {change} WHERE name = 'contacts'"));
    });
}

fn same_name(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        create(database, "contacts2", "");
        let sql = "sql = replace(sql, 'contacts2', 'Contacts'), name = 'Contacts', tbl_name = 'Contacts'";
        rewrite_schema(database, &format!("UPDATE sqlite_schema SET {sql} WHERE name = 'contacts2'"));
    });
}

fn behind_the_end(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, &people[..5]));
    world.database(&format!("{place}-other.db"), |database| contacts(database, people));
    let other = fs::read(world.case.path(&format!("{place}-other.db"))).expect("a database");
    change(world, &format!("{place}/held.db"), |content| content.extend(other));
}

fn room_behind_the_end(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| contacts(database, people));
    change(world, &format!("{place}/held.db"), |content| content.resize(content.len() + 100_000, 0));
}

fn dump(world: &World, place: &str, people: &[&Person]) {
    let rows = people.iter().fold("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n".to_owned(), |mut text, person| {
        writeln!(text, "INSERT INTO contacts VALUES('{}');", person.cells().join("','")).expect("a string takes all");
        text
    });
    world.case.write(&format!("{place}/held.sql"), &rows[..rows.len() / 2]);
    world.case.write(&format!("{place}/own.csv"), csv(&people[..5], ','));
}

// Tables, views and their names.

/// A table with [`COLUMNS`] first.
fn table(world: &World, place: &str, people: &[&Person], name: &str, columns: &str, options: &str) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE {name} ({columns}) {options}"));
        insert(database, name, people);
    });
}

fn written_out(person: &Person) -> String {
    person.cells().map(|cell| format!("'{cell}'")).join(", ")
}

fn view_values(world: &World, place: &str, people: &[&Person]) {
    let rows: Vec<String> = people.iter().map(|person| format!("({})", written_out(person))).collect();
    let sql = format!("CREATE VIEW contacts ({}) AS VALUES {}", COLUMNS.join(", "), rows.join(", "));
    database(world, place, |database| execute(database, &sql));
}

/// One view for each person, on a table of one row.
fn view_literals(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, "CREATE TABLE one (a); INSERT INTO one VALUES (1)");
        for (number, person) in people.iter().rev().take(3).enumerate() {
            let columns = COLUMNS.join(", ");
            execute(database, &format!("CREATE VIEW v{number} ({columns}) AS SELECT {} FROM one", written_out(person)));
        }
    });
}

fn view_json(world: &World, place: &str, people: &[&Person]) {
    let objects: Vec<Value> = people
        .iter()
        .map(|person| {
            COLUMNS.iter().zip(person.cells()).map(|(column, cell)| ((*column).to_owned(), Value::from(cell))).collect()
        })
        .collect();
    let columns = COLUMNS.map(|column| format!("value ->> '{column}' AS {column}")).join(", ");
    let json = Value::from(objects).to_string();
    database(world, place, |database| {
        execute(database, &format!("CREATE VIEW contacts AS SELECT {columns} FROM json_each('{json}')"));
    });
}

fn view_broken(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(database, "CREATE VIEW gone AS SELECT first_name FROM archive");
    });
}

fn view_elsewhere(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(database, "CREATE VIEW elsewhere AS SELECT first_name FROM contacts");
        rewrite_schema(database, "UPDATE sqlite_schema SET sql = replace(sql, 'FROM ', 'FROM other.') WHERE name = 'elsewhere'");
    });
}

fn trigger(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(database, "CREATE TRIGGER t AFTER DELETE ON contacts BEGIN INSERT INTO archive VALUES (old.id); END");
    });
}

/// The packed column stays a gap.
fn generated(world: &World, place: &str, people: &[&Person], sort: &str) {
    database(world, place, |database| {
        let columns = format!(
            "id INTEGER PRIMARY KEY, packed TEXT, full_name TEXT AS (substr(packed, 12)) {sort}, dob TEXT AS (substr(packed, 1, 10)) {sort}"
        );
        execute(database, &format!("CREATE TABLE contacts ({columns})"));
        for person in people {
            let packed = format!("{} {}", Person::iso(person.mother_dob), person.full_name());
            database.execute("INSERT INTO contacts (id, packed) VALUES (?, ?)", (person.id.to_string(), packed)).expect("a row");
        }
    });
}

fn uncomputable(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts ({}, shout TEXT AS (upper(last_name)))", COLUMNS.join(", ")));
        insert(database, "contacts", people);
        rewrite_schema(database, "UPDATE sqlite_schema SET sql = replace(sql, 'upper', 'nowhere')");
    });
}

fn full_text(world: &World, place: &str, people: &[&Person], module: &str) {
    database(world, place, |database| {
        execute(database, &format!("CREATE VIRTUAL TABLE f USING {module}"));
        for (number, person) in people.iter().enumerate() {
            let row = (i64::try_from(number + 1).expect("a key"), person.full_name(), &person.email, &person.postcode);
            let key = if module.starts_with("fts5") { "rowid" } else { "docid" };
            database
                .execute(&format!("INSERT INTO f ({key}, full_name, email, postcode) VALUES (?, ?, ?, ?)"), row)
                .expect("a row");
        }
    });
}

/// The index still holds the words of rows that its table lost.
fn stale_full_text(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        execute(
            database,
            "CREATE VIRTUAL TABLE f USING fts5(last_name, email, content='contacts', content_rowid='id');
             INSERT INTO f (f) VALUES ('rebuild'); DELETE FROM contacts WHERE id >= 5000",
        );
    });
}

fn rtree(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, "CREATE VIRTUAL TABLE homes USING rtree(id, x0, x1, +full_name TEXT, +email TEXT)");
        for person in people {
            let row = (key(person), 1.0, 2.0, person.full_name(), &person.email);
            database.execute("INSERT INTO homes VALUES (?, ?, ?, ?, ?)", row).expect("a row");
        }
    });
}

fn no_module(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, &people[..5]);
        execute(database, "CREATE VIRTUAL TABLE other USING rtree(id, x0, x1)");
        rewrite_schema(
            database,
            "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE other USING spatial(a, b)' WHERE name = 'other'",
        );
    });
}

fn strict(world: &World, place: &str, people: &[&Person]) {
    let columns = COLUMNS[1..].iter().fold("id ANY".to_owned(), |text, column| text + ", " + column + " TEXT");
    table(world, place, people, "contacts", &columns, "STRICT");
}

fn collation(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        database.create_collation("LOCALIZED", |one, other| one.to_lowercase().cmp(&other.to_lowercase())).expect("an order");
        let columns = COLUMNS.join(", ").replace("last_name", "last_name TEXT COLLATE LOCALIZED");
        execute(database, &format!("CREATE TABLE contacts ({columns}, PRIMARY KEY (last_name, id)) WITHOUT ROWID"));
        execute(database, "CREATE INDEX by_name ON contacts (last_name)");
        insert(database, "contacts", people);
    });
}

fn missing_functions(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts ({}, CHECK (upper(last_name) <> ''))", COLUMNS.join(", ")));
        insert(database, "contacts", people);
        execute(
            database,
            "CREATE INDEX i ON contacts (upper(email)); CREATE INDEX part ON contacts (email) WHERE upper(email) > 'A'",
        );
        rewrite_schema(database, "UPDATE sqlite_schema SET sql = replace(sql, 'upper', 'nowhere')");
    });
}

fn against_conditions(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        let columns = COLUMNS.join(", ").replace("phone", "phone NUMERIC").replace("email", "email CHECK (email = '')");
        execute(database, &format!("PRAGMA ignore_check_constraints = on; CREATE TABLE contacts ({columns}, extra TEXT)"));
        insert(database, "contacts", people);
        rewrite_schema(database, "UPDATE sqlite_schema SET sql = replace(sql, 'extra TEXT', 'extra TEXT NOT NULL')");
    });
}

fn row_id_names(world: &World, place: &str, people: &[&Person]) {
    let columns = COLUMNS.join(", ") + ", rowid, \"_ROWID_\", oid";
    table(world, place, people, "contacts", &columns, "");
}

fn wide(world: &World, place: &str, people: &[&Person]) {
    let others = (COLUMNS.len()..2_000).fold(String::new(), |text, number| text + &format!(", c{number}"));
    table(world, place, people, "contacts", &(COLUMNS.join(", ") + &others), "");
}

fn empty_tables(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        contacts(database, people);
        create(database, "none", "");
        execute(database, "CREATE TABLE blank (a UNIQUE)");
    });
}

/// The rows are gone, and their samples are not.
fn samples(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        // Of so few, all are kept.
        contacts(database, &people[people.len() - 10..]);
        execute(database, "CREATE INDEX by_email ON contacts (email, child_dob); ANALYZE; DELETE FROM contacts");
    });
}

/// Thousands of rows of another sort come first; only the rest tells that the column holds dates of birth.
fn late(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, "CREATE TABLE contacts (full_name TEXT, dob TEXT)");
        let filler = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
                      INSERT INTO contacts SELECT '', 'x' || (i % 10) FROM n";
        execute(database, filler);
        execute(database, "BEGIN");
        for round in 0..300 {
            for person in people {
                let name = if round == 150 { person.full_name() } else { String::new() };
                database.execute("INSERT INTO contacts VALUES (?, ?)", (name, Person::iso(person.mother_dob))).expect("a row");
            }
        }
        execute(database, "COMMIT");
    });
}

// What stands in the cells.

/// Every cell but the key as an expression, in which `{}` stands for the cell.
fn cells(world: &World, place: &str, people: &[&Person], expression: &str) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts ({})", COLUMNS.join(", ")));
        insert(database, "contacts", people);
        let values: Vec<String> =
            COLUMNS[1..].iter().map(|column| format!("{column} = {}", expression.replace("{}", column))).collect();
        execute(database, &format!("UPDATE contacts SET {}", values.join(", ")));
    });
}

fn utf16_blobs(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts ({})", COLUMNS.join(", ")));
        for person in people {
            let cells = person.cells().map(|cell| cell.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
            database
                .execute("INSERT INTO contacts VALUES (?,?,?,?,?,?,?,?,?)", rusqlite::params_from_iter(cells))
                .expect("a row");
        }
    });
}

fn json_blob(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        execute(database, "CREATE TABLE audit (id INTEGER PRIMARY KEY, payload BLOB)");
        for person in people {
            let json = format!("{{\"name\": \"{}\", \"email\": \"{}\"}}", person.full_name(), person.email);
            database.execute("INSERT INTO audit VALUES (?, ?)", (key(person), json.into_bytes())).expect("a row");
        }
    });
}

/// One blob a person, made by an expression with `{name}` and `{email}` in it.
fn packed(world: &World, place: &str, people: &[&Person], expression: &str) {
    let expression = expression.replace("{name}", "?2").replace("{email}", "?3");
    database(world, place, |database| {
        execute(database, "CREATE TABLE packed (id INTEGER PRIMARY KEY, payload BLOB)");
        for person in people {
            let statement = format!("INSERT INTO packed SELECT ?1, CAST({expression} AS BLOB) WHERE ?3 > ''");
            database.execute(&statement, (key(person), person.full_name(), &person.email)).expect("a row");
        }
    });
}

fn large(world: &World, place: &str, people: &[&Person], length: usize) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts (notes, {})", COLUMNS.join(", ")));
        insert(database, "contacts", people);
        let last = people[people.len() - 1].id.to_string();
        database
            .execute("UPDATE contacts SET notes = ?1 WHERE id = ?2", ("word ".repeat(length / 5), last))
            .expect("a long note");
    });
}

fn phones(world: &World, place: &str, people: &[&Person], affinity: &str) {
    database(world, place, |database| {
        execute(database, &format!("CREATE TABLE contacts (id INTEGER PRIMARY KEY, phone {affinity})"));
        let is_kept = people.len() > world.own.len();
        for person in people.iter().copied().chain(&world.supplied[..if is_kept { 20 } else { 0 }]) {
            database.execute("INSERT OR IGNORE INTO contacts VALUES (?, ?)", (key(person), &person.phone)).expect("a row");
        }
        let sort: String = database.query_row("SELECT typeof(phone) FROM contacts", [], |row| row.get(0)).expect("a row");
        assert_eq!(sort.to_uppercase(), affinity);
    });
}

/// Name and date of birth, the latter as an expression in which `{}` stands for the day.
fn dates(world: &World, place: &str, people: &[&Person], expression: &str) {
    database(world, place, |database| {
        execute(database, "CREATE TABLE contacts (id INTEGER PRIMARY KEY, full_name TEXT, dob)");
        let statement = format!("INSERT INTO contacts SELECT ?1, ?2, {}", expression.replace("{}", "?3"));
        for person in people {
            database.execute(&statement, (key(person), person.full_name(), Person::iso(person.mother_dob))).expect("a row");
        }
    });
}

fn text_in_numbers(world: &World, place: &str, people: &[&Person]) {
    let columns = COLUMNS[1..].iter().fold("id TEXT".to_owned(), |text, column| text + ", " + column + " INTEGER");
    table(world, place, people, "contacts", &columns, "");
}

fn booleans(world: &World, place: &str, people: &[&Person]) {
    let columns = COLUMNS.join(", ")
        + ", active BOOLEAN DEFAULT TRUE, opted NULL, score REAL DEFAULT 1e308, big INTEGER DEFAULT -9223372036854775808";
    table(world, place, people, "contacts", &columns, "");
}
