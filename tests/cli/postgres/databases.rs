//! Several databases of a server, what a database is, and how much of it is read at a time.

use crate::cli::postgres::RESIDUAL;
use crate::cli::postgres::ends;
use crate::cli::postgres::fill;
use crate::cli::postgres::kept;
use crate::cli::postgres::own;
use crate::cli::postgres::prints_nothing;
use crate::cli::postgres::rows_read;
use crate::cli::postgres::scan;
use crate::cli::postgres::table;
use crate::cli::server::Postgres;
use crate::cli::world::World;

#[test]
fn every_database_is_asked_for_or_named() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    table(&server, "contacts", &own(&world), "");
    ends(&scan(&world, &[&server.url("crm")], &[]), 0, &[]);
    server.create("other");
    server.sql("other", format!("CREATE TABLE contacts ({});", super::declared()));
    server.sql("other", format!("INSERT INTO contacts VALUES {};", super::values(&kept(&world))));
    let report = scan(&world, &[&server.url("crm")], &[]);
    ends(&report, 10, &["gap:not_asked"]);
    let name = format!("postgres://127.0.0.1:{}/other", server.port());
    assert_eq!(report.json()["coverage"]["gaps"][0]["target"], name.as_str());
    for urls in
        [vec![server.url("crm"), server.url("other")], vec![server.url("")], vec![server.url("crm"), server.socket_url("other")]]
    {
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        ends(&scan(&world, &urls, &[]), 11, RESIDUAL);
    }
    world.case.write("map.toml", format!("[[exclude]]\nmatch = \"{name}\"\nreason = \"of another company\"\n"));
    let report = scan(&world, &[&server.url("crm")], &["--map", "map.toml"]);
    assert_eq!(report.json()["coverage"]["gaps"].as_array().map(Vec::len), Some(0), "{}", report.whole());
    assert_eq!(report.json()["coverage"]["excluded"][0]["target"], name.as_str(), "{}", report.whole());
    server.sql("", "UPDATE pg_database SET datallowconn = false WHERE datname = 'other';");
    ends(&scan(&world, &[&server.url("")], &[]), 10, &["gap:denied"]);
    server.sql(
        "",
        "UPDATE pg_database SET datallowconn = true WHERE datname = 'other';\nREVOKE CONNECT ON DATABASE other FROM public;
         CREATE ROLE reader LOGIN PASSWORD 'heron-secret' IN ROLE pg_read_all_data;",
    );
    ends(&scan(&world, &[&server.url_as("reader:heron-secret", "")], &[]), 10, &["gap:denied"]);
    ends(&scan(&world, &[&server.url_as("reader:heron-secret", "crm")], &[]), 10, &["gap:not_asked"]);
    prints_nothing(&world);
}

#[test]
fn one_connection_and_several_read_the_same() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    table(&server, "contacts", &kept(&world), "");
    table(&server, "archive", &own(&world), "");
    let reports: Vec<_> = ["1", "2", "8"]
        .iter()
        .map(|number| {
            let found = format!("found-{number}.csv");
            let report = scan(&world, &[&server.url("crm")], &["--connections", number, "--findings", &found]);
            ends(&report, 11, RESIDUAL);
            let lines: Vec<String> = world.case.read(&found).lines().skip(1).map(str::to_owned).collect();
            (rows_read(&report), lines.len())
        })
        .collect();
    assert_eq!(reports[0].0.iter().map(|(_, rows)| rows).sum::<u64>(), 81);
    assert!(reports[0] == reports[1] && reports[0] == reports[2], "{reports:?}");
    prints_nothing(&world);
}

#[test]
fn parts_hold_every_row_once() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    table(&server, "contacts", &own(&world), "");
    // 10,000 pages, most of them of dead rows.
    server.sql(
        "crm",
        "ALTER TABLE contacts ADD filler text;\nALTER TABLE contacts ALTER filler SET STORAGE PLAIN;
         INSERT INTO contacts (filler) SELECT repeat('x', 1800) FROM generate_series(1, 20000);",
    );
    fill(&server, "contacts", &kept(&world));
    server.sql(
        "crm",
        "INSERT INTO contacts (filler) SELECT repeat('x', 1800) FROM generate_series(1, 20000);
         DELETE FROM contacts WHERE filler IS NOT NULL AND ctid > '(2000,0)' AND ctid < '(4000,0)';
         UPDATE contacts SET filler = 'y' WHERE ctid > '(7000,0)' AND ctid < '(7100,0)';\nVACUUM contacts;
         DELETE FROM contacts WHERE ctid > '(8000,0)' AND ctid < '(9000,0)';",
    );
    let rows: u64 = server.query("crm", "SELECT count(*) FROM contacts;").parse().expect("a number");
    let mut found = Vec::new();
    for threads in ["1", "4"] {
        let name = format!("found-{threads}.csv");
        let report = scan(&world, &[&server.url("crm")], &["--threads", threads, "--findings", &name]);
        ends(&report, 11, RESIDUAL);
        assert_eq!(rows_read(&report)[0].1, rows, "{threads}");
        found.push(world.case.read(&name).lines().skip(1).map(str::to_owned).collect::<Vec<_>>());
    }
    for lines in &mut found {
        lines.sort();
    }
    assert_eq!(found[0], found[1]);
    prints_nothing(&world);
}

#[test]
fn a_row_beyond_bounds_is_a_gap_and_takes_no_memory() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    for storage in ["EXTERNAL", "EXTENDED"] {
        server.sql("", "DROP DATABASE IF EXISTS crm;\nCREATE DATABASE crm;");
        table(&server, "contacts", &own(&world), "");
        // The statistics know of no long value.
        server.sql("crm", format!("ALTER TABLE contacts ADD note text;\nALTER TABLE contacts ALTER note SET STORAGE {storage};\nVACUUM ANALYZE contacts;"));
        server.sql("crm", "INSERT INTO contacts (id, note) VALUES (1, repeat('x', 100000000));");
        fill(&server, "contacts", &kept(&world)[40..]);
        let words = super::scanning(&world, &[&server.url("crm")], &[]);
        let report = world.command(crate::cli::world::AFTER, &words).in_shell("ulimit -v 2000000; exec \"$@\"").run();
        ends(&report, 11, &["supply_record_found", "gap:row_too_long"]);
        let gap = report.json()["coverage"]["gaps"][0].clone();
        assert_eq!((gap["column"].as_str(), gap["count"].as_u64()), (Some("note"), Some(1)), "{gap}");
    }
    prints_nothing(&world);
}
