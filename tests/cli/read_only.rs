//! Nothing is ever written to what is read: by an account that might, on servers that keep a list of every statement; and of files every byte, every
//! name and every time of change stay.

use crate::cli::harness::Output;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

/// Everything that looks at a source, or might.
fn look_at(world: &World, source: &str) -> Vec<Output> {
    let config = format!(
        "[recipient]\nkey = \"keys/recipient.key\"\noriginators = [\"keys/originator.card.json\"]\nsources = [{source:?}]\n\
         inbox = \"in\"\noutbox = \"out\"\nstate = \"state\"\n"
    );
    world.case.write("recipient.toml", config);
    fs::create_dir_all(world.case.path("in")).expect("an inbox");
    let run = |words: &[&str]| world.run(AFTER, words);
    let mut outputs = vec![
        run(&["inspect", source]),
        run(&["inspect", source, "--format", "json"]),
        run(&["doctor", "--config", "recipient.toml"]),
        world.scan("deletion", "deletion.challenge.json", &[source], &[]),
    ];
    let findings = ["--findings", "findings.csv", "--out", "answer.json", "--force", "--threads", "2"];
    for extra in [&findings[..], &["--deep"], &["--resume", "kept"], &["--resume", "kept"]] {
        outputs.push(world.scan("deletion", "deletion.challenge.json", &[source], extra));
    }
    outputs
}

/// Everybody, so that much is found, and much is asked for again.
fn everybody(world: &World) -> Vec<&Person> {
    world.own.iter().chain(&world.supplied).collect()
}

#[test]
fn a_postgresql_is_only_read_by_an_account_that_may_do_everything() {
    let Some(server) = Postgres::start_with(&["log_statement=all", "log_line_prefix=<%a|%x>", "track_counts=on"]) else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &everybody(&world));
    server.sql(
        "crm",
        "CREATE TABLE parts (LIKE contacts) PARTITION BY RANGE (id);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9000);
         INSERT INTO parts SELECT * FROM contacts;
         CREATE SEQUENCE numbers;
         CREATE VIEW seen AS SELECT *, nextval('numbers') FROM contacts;
         CREATE TABLE touched (by text);
         CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO touched VALUES (current_user); RETURN NULL; END$$;
         CREATE TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON contacts FOR EACH STATEMENT EXECUTE FUNCTION touch();",
    );
    let digest = || {
        let rows = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM";
        let tables =
            ["contacts t", "parts t", "touched t", "pg_class t WHERE relnamespace = 'public'::regnamespace", "pg_authid t"];
        let mut digests: Vec<String> = tables.iter().map(|table| server.query("crm", &format!("{rows} {table}"))).collect();
        digests.push(server.query("crm", "SELECT last_value, is_called FROM numbers"));
        // The number that the next transaction would get that writes something.
        digests.push(server.query("crm", "SELECT pg_snapshot_xmax(pg_current_snapshot())"));
        digests
    };
    let before = digest();
    let known = server.log().len();
    for output in look_at(&world, &server.url("crm")) {
        assert!(matches!(output.code, Some(0 | 10 | 11)), "{}", output.whole());
    }
    let log = server.log()[known..].to_owned();
    assert_eq!(digest(), before);
    let mut statements = 0;
    for line in log.lines() {
        // The client of this test has another name.
        let Some((place, said)) = line.split_once('>').filter(|(place, _)| place.starts_with("<residua|")) else { continue };
        assert!(place.ends_with("|0"), "a transaction that writes: {line}");
        let said = said.trim_start().trim_start_matches("LOG:").trim_start();
        let Some((_, statement)) =
            said.split_once(": ").filter(|(kind, _)| ["statement", "execute"].iter().any(|word| kind.starts_with(word)))
        else {
            continue;
        };
        statements += 1;
        let first = statement.trim_start().to_uppercase();
        let only_reads = [
            "SELECT",
            "SHOW",
            "SET",
            "BEGIN",
            "START TRANSACTION",
            "COMMIT",
            "ROLLBACK",
            "LOCK TABLE",
            "COPY",
            "WITH",
            "SAVEPOINT",
            "RELEASE",
            "DECLARE",
            "FETCH",
            "CLOSE",
        ];
        assert!(first.is_empty() || only_reads.iter().any(|word| first.starts_with(word)), "{statement}");
        assert!(!first.starts_with("COPY") || first.contains("TO STDOUT"), "{statement}");
        assert!(!first.starts_with("LOCK") || first.contains("ACCESS SHARE"), "{statement}");
        assert!(
            !first.starts_with("START TRANSACTION") && !first.starts_with("BEGIN") || first.contains("READ ONLY"),
            "{statement}"
        );
    }
    assert!(statements > 50, "only {statements} statements are in the log:\n{log}");
}

#[test]
fn a_mariadb_is_only_read_by_an_account_that_may_do_everything() {
    let Some(server) = MariaDb::start_with(&["general-log=1", "general-log-file=statements"]) else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &everybody(&world));
    server.sql("crm", "CREATE TABLE old ENGINE=MyISAM AS SELECT * FROM contacts; CREATE VIEW seen AS SELECT * FROM contacts");
    let digest = || {
        let counters = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_insert', 'Com_update', 'Com_delete', 'Com_replace', 'Com_create_table', \
                        'Com_alter_table', 'Com_drop_table', 'Com_truncate', 'Com_grant', 'Com_lock_tables', 'Com_flush')";
        [server.query("crm", "CHECKSUM TABLE contacts, old EXTENDED"), server.query("crm", counters)]
    };
    let before = digest();
    let log = || {
        fs::read(server.folder().join("data/statements"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .expect("a log")
    };
    let known = log().len();
    for output in look_at(&world, &server.url("crm")) {
        assert!(matches!(output.code, Some(0 | 10 | 11)), "{}", output.whole());
    }
    let said = log()[known..].to_owned();
    assert_eq!(digest(), before);
    let mut statements = 0;
    for line in said.lines() {
        let Some((_, statement)) = line.split_once("Query\t").or_else(|| line.split_once("Execute\t")) else { continue };
        statements += 1;
        let first = statement.trim_start().to_uppercase();
        let only_reads = [
            "SELECT",
            "SHOW",
            "SET",
            "START TRANSACTION",
            "COMMIT",
            "ROLLBACK",
            "USE",
            "KILL QUERY",
            "XA RECOVER",
            "DO 1",
            "SAVEPOINT",
            "RELEASE SAVEPOINT",
            "DESCRIBE",
            "WITH",
        ];
        assert!(only_reads.iter().any(|word| first.starts_with(word)), "{statement}");
        assert!(!first.starts_with("SET") || !first.contains("GLOBAL"), "{statement}");
        assert!(!first.contains("INTO OUTFILE") && !first.contains("FOR UPDATE"), "{statement}");
        assert!(!first.starts_with("START TRANSACTION") || first.contains("READ ONLY"), "{statement}");
    }
    assert!(statements > 50, "only {statements} statements are in the log:\n{said}");
}

/// Every name below a folder, with bytes and time of change.
fn state(world: &World, folder: &str) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let names = world.case.files().into_iter().filter(|name| name.starts_with(folder));
    let look = |name: String| {
        let path = world.case.path(&name);
        let changed = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        (name, (fs::read(&path).expect("a file"), changed))
    };
    let mut state: BTreeMap<_, _> = names.map(look).collect();
    let changed = fs::metadata(world.case.path(folder)).and_then(|metadata| metadata.modified()).expect("a time");
    state.insert("the folder".to_owned(), (Vec::new(), changed));
    state
}

#[test]
fn databases_in_files_and_their_journals_stay_as_they_are() {
    let world = World::asked();
    let people = everybody(&world);
    let fill = |name: &str, then: &dyn Fn(&Connection)| {
        world.database(name, |database| {
            create(database, "contacts", "");
            insert(database, "contacts", &people);
            then(database);
        });
    };
    fill("held/plain/crm.db", &|_| ());
    fill("held/wal/crm.db", &|database| database.pragma_update(None, "journal_mode", "wal").expect("a log"));
    // As a crash leaves a log, and a journal that would be rolled back.
    fs::create_dir_all(world.case.path("held/log")).expect("a folder");
    fill("made/log.db", &|database| {
        database.pragma_update(None, "journal_mode", "wal").expect("a log");
        database.pragma_update(None, "wal_autocheckpoint", 0).expect("no checkpoint");
        database.execute("UPDATE contacts SET phone = '' WHERE id % 2 = 0", []).expect("a change");
        for end in ["", "-wal"] {
            let from = world.case.path(&format!("made/log.db{end}"));
            fs::copy(from, world.case.path(&format!("held/log/crm.db{end}"))).expect("a copy");
        }
    });
    fs::create_dir_all(world.case.path("held/journal")).expect("a folder");
    fill("made/journal.db", &|database| {
        database.pragma_update(None, "cache_size", 1).expect("a small cache");
        database.execute_batch("BEGIN; UPDATE contacts SET phone = 'x'").expect("a change");
        for end in ["", "-journal"] {
            let from = world.case.path(&format!("made/journal.db{end}"));
            fs::copy(from, world.case.path(&format!("held/journal/crm.db{end}"))).expect("a copy");
        }
        database.execute_batch("ROLLBACK").expect("no change");
    });
    world.case.write("held/files/people.csv", csv(&people, ','));
    world.case.write("held/files/old/people.tsv", csv(&people, '\t'));
    let before = state(&world, "held");
    for folder in ["plain", "wal", "log", "journal", "files"] {
        for output in look_at(&world, &format!("held/{folder}")) {
            assert!(matches!(output.code, Some(0 | 10 | 11)), "{folder}{}", output.whole());
        }
    }
    assert_eq!(before.len(), 9, "{:?}", before.keys());
    let mut after = state(&world, "held");
    // With an open log SQLite needs its own list of what the log holds, and makes it where nobody has.
    after.remove("held/log/crm.db-shm");
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (name, was) in &before {
        assert!(after[name] == *was, "{name} was changed");
    }
}
