//! Standard input as a source: `psql -c "COPY …" | residua scan -`.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use std::fs;

/// Scans what comes through the pipe.
fn scan(world: &World, content: &[u8], extra: &[&str]) -> Output {
    let arguments = world.scanning("deletion", "deletion.challenge.json", &["-"], &[extra, &["--format", "json"]].concat());
    let output = world.command(AFTER, &arguments).input(content).run();
    for word in [CANARY, HERON] {
        world.case.never_prints(word);
    }
    output
}

fn kept(world: &World) -> Vec<&Person> {
    world.own.iter().chain([&world.supplied[7]]).collect()
}

#[test]
fn a_pipe_is_a_target_with_the_name_that_it_is_given() {
    let world = World::asked();
    let table = csv(&kept(&world), ',');
    let found = scan(&world, table.as_bytes(), &["--input-format", "csv", "--name", "crm.contacts"]);
    found.exits_with(11);
    let target = &found.json()["coverage"]["targets"][0];
    assert_eq!((target["name"].as_str(), target["recordsFound"].as_u64()), (Some("crm.contacts"), Some(1)));
    let own: Vec<&Person> = world.own.iter().collect();
    assert!(codes(&scan(&world, csv(&own, '\t').as_bytes(), &[])).iter().all(|code| !code.starts_with("gap:")));
}

#[test]
fn what_comes_through_a_pipe_is_told_by_content_and_held_against_what_was_stated() {
    let world = World::asked();
    let table = csv(&kept(&world), ',');
    scan(&world, table.as_bytes(), &["--input-format", "parquet"]).exits_with(10).prints("\"unsupported\"");
    scan(&world, b"", &["--input-format", "csv"]).exits_with(10).prints("\"empty\"");
    // A text that looks like something else is a table where that is said.
    let own: Vec<&Person> = world.own.iter().collect();
    let braced = csv(&own, ',').replace("id,", "{\"id\"},");
    assert_eq!(codes(&scan(&world, braced.as_bytes(), &["--input-format", "csv", "--header", "yes"])), [] as [&str; 0]);
    world.database("made.db", |database| {
        create(database, "contacts", "");
        insert(database, "contacts", &kept(&world));
    });
    let database = fs::read(world.case.path("made.db")).expect("a database");
    scan(&world, &database, &["--input-format", "sqlite"]).exits_with(11);
}

#[test]
fn an_unknown_format_is_a_slip() {
    let world = World::asked();
    let arguments = world.scanning("deletion", "deletion.challenge.json", &["-"], &["--input-format", "cvs"]);
    world.command(AFTER, &arguments).run().exits_with(2).warns("unknown format; one of `csv`");
}

/// A flag that would not be heeded is a slip: whoever gave it relies on it.
#[test]
fn what_is_said_of_a_pipe_needs_one() {
    let world = World::asked();
    for flags in [["--input-format", "json"], ["--name", "crm"]] {
        let arguments = world.scanning("deletion", "deletion.challenge.json", &["crm.db"], &flags);
        let said = world.command(AFTER, &arguments).run();
        said.exits_with(2).warns(&format!("'{}' is said of standard input, and no source is '-'", flags[0]));
        said.warns("Usage: residua scan");
        let inspected = world.run(AFTER, &["inspect", "crm.db", flags[0], flags[1]]);
        inspected.exits_with(2).warns("is said of standard input").warns("Usage: residua inspect");
    }
}
