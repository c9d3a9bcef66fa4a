//! What happens on the server while it is read.
//!
//! The scan is held where it is known to be: another session holds a lock on the first table, so that the scan has its snapshot, waits for
//! that table, and has read no other.

use crate::cli::harness::Output;
use crate::cli::postgres::ends;
use crate::cli::postgres::kept;
use crate::cli::postgres::own;
use crate::cli::postgres::prints_nothing;
use crate::cli::postgres::scan;
use crate::cli::postgres::scanning;
use crate::cli::postgres::session;
use crate::cli::postgres::table;
use crate::cli::postgres::until;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::World;
use crate::cli::world::codes;
use std::process;
use std::thread;
use std::time::Duration;

/// Sessions of the program.
const OURS: &str = "FROM pg_stat_activity WHERE application_name = 'residua'";

const MOVE: &str = "WITH gone AS (DELETE FROM contacts WHERE id >= 5000 RETURNING *) INSERT INTO archive SELECT * FROM gone;";

/// Makes the database `crm` anew, with a table that is read first.
fn anew(server: &Postgres) {
    server.sql("", "DROP DATABASE IF EXISTS crm WITH (FORCE);\nCREATE DATABASE crm;");
    server.sql("crm", "CREATE TABLE aaa (n integer);\nINSERT INTO aaa VALUES (1);");
}

/// Scans, and does something to the server or to the process while the scan waits for the first table.
fn meanwhile(world: &World, server: &Postgres, url: &str, meddle: impl FnOnce(u32)) -> Output {
    meanwhile_with(world, server, url, &[], meddle)
}

/// The same with further flags.
fn meanwhile_with(world: &World, server: &Postgres, url: &str, extra: &[&str], meddle: impl FnOnce(u32)) -> Output {
    let mut holder = session(server, "crm");
    let mut holding = holder.transaction().expect("a transaction");
    holding.batch_execute("LOCK TABLE aaa IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let output = world.command(AFTER, &scanning(world, &[url], extra)).run_while(|id| {
        until(|| server.query("", &format!("SELECT count(*) > 0 {OURS} AND wait_event_type = 'Lock';")) == "t");
        meddle(id);
        // The server may be gone.
        let _ = holding.rollback();
    });
    prints_nothing(world);
    output
}

#[test]
fn the_snapshot_stands() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    let held = kept(&world);
    for (change, code) in [
        (MOVE, 11),
        ("DELETE FROM contacts; VACUUM contacts;", 11),
        ("UPDATE contacts SET email = 'none', first_name = 'none', child_dob = NULL;", 11),
        ("CREATE TABLE later AS SELECT 1 AS n;", 11),
    ] {
        anew(&server);
        table(&server, "archive", &[], "");
        table(&server, "contacts", &held, "");
        let report = meanwhile(&world, &server, &server.url("crm"), |_| server.sql("crm", change));
        ends(&report, code, &["supply_record_found"]);
    }
    for change in [
        format!("INSERT INTO contacts (id, email) VALUES (1, '{}');", world.supplied[super::LEFT].email),
        "CREATE TABLE later AS SELECT * FROM contacts;".to_owned(),
    ] {
        anew(&server);
        table(&server, "contacts", &own(&world), "");
        let report = meanwhile(&world, &server, &server.url("crm"), |_| server.sql("crm", &change));
        ends(&report, 0, &[]);
    }
}

#[test]
fn what_a_snapshot_does_not_protect_is_a_gap() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    let held = kept(&world);
    for change in [
        "TRUNCATE contacts;",
        "DROP TABLE contacts CASCADE;",
        "ALTER TABLE contacts ADD COLUMN note text;",
        "ALTER TABLE contacts ADD COLUMN note text DEFAULT clock_timestamp()::text;",
        "DROP VIEW shown;\nALTER TABLE contacts DROP COLUMN email;",
        "ALTER TABLE contacts RENAME COLUMN email TO mail;",
        "DROP VIEW shown;\nALTER TABLE contacts ALTER COLUMN postcode TYPE varchar(60);",
        "ALTER TABLE contacts RENAME TO old_contacts;\nCREATE TABLE contacts (id integer);",
        "ALTER TABLE contacts SET SCHEMA other;",
        "ALTER SCHEMA public RENAME TO elsewhere;",
        "VACUUM FULL contacts;",
        "CREATE INDEX i ON contacts (id);\nCLUSTER contacts USING i;",
        "BEGIN;\nTRUNCATE contacts;\nINSERT INTO contacts (id, last_name) VALUES (1, 'none');\nCOMMIT;",
    ] {
        anew(&server);
        server.sql("crm", "CREATE SCHEMA other;");
        table(&server, "contacts", &held, "");
        // A view must not make the reader hold a lock on its table to the end.
        server.sql("crm", "CREATE VIEW shown AS SELECT * FROM contacts;");
        let report =
            meanwhile(&world, &server, &server.url("crm"), |_| server.sql("crm", format!("SET lock_timeout = '3s';\n{change}")));
        assert!(matches!(report.code, Some(10 | 11)), "{change}{}", report.whole());
        let codes = codes(&report);
        assert!(codes.iter().any(|code| code == "gap:changed_while_read"), "{change}: {codes:?}{}", report.whole());
    }
}

#[test]
fn what_becomes_of_a_table_that_is_left_out_matters_to_nobody() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    table(&server, "contacts", &own(&world), "");
    server.sql("crm", "CREATE TABLE queue (n integer);");
    world.case.write("map.toml", "[[exclude]]\nmatch = \"*#public.queue\"\nreason = \"numbers of jobs\"\n");
    let url = server.url("crm");
    let report = meanwhile_with(&world, &server, &url, &["--map", "map.toml"], |_| server.sql("crm", "TRUNCATE queue;"));
    ends(&report, 10, &["exclusion_not_accepted"]);
}

#[test]
fn partitions_under_the_table_through_which_they_are_read() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.sql("", "CREATE ROLE reader LOGIN PASSWORD 'heron-secret';");
    for change in ["TRUNCATE contacts_high;", "DROP TABLE contacts_high;", "ALTER TABLE contacts DETACH PARTITION contacts_high;"]
    {
        anew(&server);
        table(&server, "contacts", &[], "PARTITION BY RANGE (id)");
        server.sql(
            "crm",
            "CREATE TABLE contacts_low PARTITION OF contacts FOR VALUES FROM (0) TO (5000);
             CREATE TABLE contacts_high PARTITION OF contacts FOR VALUES FROM (5000) TO (9000);
             GRANT SELECT ON aaa, contacts TO reader;",
        );
        super::fill(&server, "contacts", &kept(&world));
        let report = meanwhile(&world, &server, &server.url_as("reader:heron-secret", "crm"), |_| server.sql("crm", change));
        assert!(matches!(report.code, Some(10 | 11)), "{change}{}", report.whole());
        assert!(codes(&report).iter().any(|code| code == "gap:changed_while_read"), "{change}{}", report.whole());
    }
}

#[test]
fn a_table_that_is_dropped_while_tables_are_listed() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    table(&server, "contacts", &kept(&world), "");
    // The definition of this view cannot be asked for while its table is locked.
    server.sql("crm", "CREATE VIEW v AS SELECT * FROM aaa;\nCREATE TABLE passing (n integer);");
    let report = meanwhile(&world, &server, &server.url("crm"), |_| server.sql("crm", "DROP TABLE passing;"));
    report.exits_with(11);
    let gaps = report.json()["coverage"]["gaps"].clone();
    let others = gaps
        .as_array()
        .expect("gaps")
        .iter()
        .filter(|gap| !gap["target"].as_str().is_some_and(|target| target.ends_with("passing")));
    assert_eq!(others.count(), 0, "{}", report.whole());
}

#[test]
fn a_lock_that_is_not_given_back_is_a_gap() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    table(&server, "contacts", &kept(&world), "");
    let report = meanwhile(&world, &server, &server.url("crm"), |id| until(|| !is_running(id)));
    ends(&report, 11, &["gap:read_failed"]);
}

fn is_running(id: u32) -> bool {
    // One that ended and was not asked for its end yet is a zombie.
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn connections_that_are_lost() {
    let Some(mut server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    table(&server, "contacts", &own(&world), "");
    let end = |whose: &str| format!("SELECT pg_terminate_backend(pid) {OURS} AND {whose};");
    let report = meanwhile(&world, &server, &server.url("crm"), |_| server.sql("", end("state = 'idle in transaction'")));
    report.exits_with(10);
    assert!(codes(&report).iter().any(|code| code == "gap:changed_while_read"), "{}", report.whole());
    let report = meanwhile(&world, &server, &server.url("crm"), |_| server.sql("", end("wait_event_type = 'Lock'")));
    // It was taking a sample. The reading itself has another connection, and sees all.
    ends(&report, 0, &[]);
    let url = server.url("crm");
    let mut holder = session(&server, "crm");
    holder.batch_execute("BEGIN; LOCK TABLE aaa IN ACCESS EXCLUSIVE MODE").expect("a lock");
    let report = world.command(AFTER, &scanning(&world, &[&url], &[])).run_while(|_| {
        until(|| server.query("", &format!("SELECT count(*) > 0 {OURS} AND wait_event_type = 'Lock';")) == "t");
        server.stop();
    });
    report.exits_with(10);
    assert!(codes(&report).iter().any(|code| code == "gap:read_failed"), "{}", report.whole());
    prints_nothing(&world);
}

#[test]
fn time_limits_of_a_role_do_not_count() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    table(&server, "contacts", &own(&world), "");
    server.sql(
        "crm",
        "CREATE ROLE reader LOGIN PASSWORD 'heron-secret' IN ROLE pg_read_all_data;
         ALTER ROLE reader SET statement_timeout = '1s';\nALTER ROLE reader SET idle_in_transaction_session_timeout = '1s';
         ALTER ROLE reader SET lock_timeout = '1s';\nALTER ROLE reader SET idle_session_timeout = '1s';",
    );
    let url = server.url_as("reader:heron-secret", "crm");
    let report = meanwhile(&world, &server, &url, |_| thread::sleep(Duration::from_secs(3)));
    ends(&report, 0, &[]);
    // That of the person does.
    server.sql("crm", "CREATE VIEW slow AS SELECT pg_sleep(30)::text AS waited, 1 AS n FROM (VALUES (1)) one;");
    ends(&scan(&world, &[&url], &["--statement-timeout", "1"]), 10, &["gap:read_failed"]);
}

#[test]
fn nothing_goes_on_after_an_interruption() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    anew(&server);
    // Long before its first row, and long between rows.
    for wait in ["pg_sleep(60)", "pg_sleep(n / 1000.0)"] {
        let rows = if wait.contains('n') { "generate_series(1, 600) n" } else { "(VALUES (1)) one (n)" };
        server.sql("crm", format!("DROP VIEW IF EXISTS slow;\nCREATE VIEW slow AS SELECT {wait}::text AS waited FROM {rows};"));
        let before = world.case.files();
        let output = world.command(AFTER, &scanning(&world, &[&server.url("crm")], &["--out", "a.json"])).run_while(|id| {
            until(|| server.query("", &format!("SELECT count(*) > 0 {OURS} AND wait_event = 'PgSleep';")) == "t");
            let status = process::Command::new("kill").args(["-INT", &id.to_string()]).status().expect("kill");
            assert!(status.success());
        });
        output.exits_with(1).stderr_is("error: interrupted; nothing was written\n");
        assert_eq!(world.case.files(), before);
        thread::sleep(Duration::from_secs(1));
        assert_eq!(server.query("", &format!("SELECT count(*) {OURS} AND state = 'active';")), "0");
    }
}
