//! `verify --identify`: from the records that an attestation names to the rows of the originator's own data.

use crate::cli::world::AFTER;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;

/// Supplied with the customers' numbers as references, all present at the baseline, and two records kept.
fn kept(extra: &[&str]) -> World {
    let world = World::new();
    world.supply("supply.csv", "handover", &[&["--reference", "customer_no"][..], extra].concat()).exits_with(0);
    world.keep(&world.supplied.iter().collect::<Vec<_>>());
    world.keep(&[&world.supplied[7], &world.supplied[33]]);
    world.ask("deletion", "asked.json", &["--without-baseline"]).exits_with(0);
    world
}

#[test]
fn kept_records_are_named_by_reference_and_row() {
    let world = kept(&[]);
    world.scan("deletion", "asked.json", &["crm.db", "exports"], &["--out", "answer.json"]).exits_with(11);
    let verified = world.run(AFTER, &["verify", "answer.json", "--identify", "rows.csv"]);
    verified.exits_with(11).prints("Rows: rows.csv (");
    assert!(!verified.whole().contains(&world.supplied[7].customer_no), "on the terminal");
    let text = world.case.read("rows.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("attestation,supply,record,found_by,row,reference"));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let mut named: Vec<(&str, &str)> =
        lines.iter().filter(|cells| cells[3] == "supply_key").map(|cells| (cells[4], cells[5])).collect();
    named.sort_unstable();
    let number = |person: usize| world.supplied[person].customer_no.as_str();
    let mut expected = [("8", number(7)), ("34", number(33))];
    expected.sort_unstable();
    assert_eq!(named, expected, "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.case.path("rows.csv")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "for the owner alone");
    }
    // It is not overwritten unasked.
    world.run(AFTER, &["verify", "answer.json", "--identify", "rows.csv"]).exits_with(1).warns("cannot write `rows.csv`");
    world.run(AFTER, &["verify", "answer.json", "--identify", "rows.csv", "--force"]).exits_with(11);
}

#[test]
fn counts_alone_name_nobody() {
    let world = kept(&[]);
    world.scan("deletion", "asked.json", &["crm.db", "exports"], &["--out", "answer.json", "--counts-only"]).exits_with(11);
    let verified = world.run(AFTER, &["verify", "answer.json", "--identify", "rows.csv"]);
    verified.exits_with(11).prints("does not name them");
    assert!(world.case.read("rows.csv").lines().skip(1).all(|line| line.contains("spot_check")));
}

#[test]
fn nothing_is_believed_of_what_failed() {
    let world = kept(&[]);
    world.scan("deletion", "asked.json", &["crm.db", "exports"], &["--out", "answer.json"]).exits_with(11);
    let mut statement = payload(&world.case.read("answer.json"));
    statement["predicate"]["verdict"] = "clear".into();
    world.case.write("answer.json", sign(&world, "recipient", &statement));
    world.run(AFTER, &["verify", "answer.json", "--identify", "rows.csv"]).exits_with(12);
    assert_eq!(world.case.read("rows.csv").lines().count(), 1);
}

#[test]
fn a_column_that_is_not_there_is_no_reference() {
    let world = World::new();
    let supplied = world.supply("supply.csv", "handover", &["--reference", "client"]);
    supplied.exits_with(1).warns("no column of the name that references are to come from").warns("--reference");
    assert!(!world.case.path("handover").exists());
}
