//! Tests of damage: whatever byte of a database is another one, all rows are read or something is named.

use super::SqliteSession;
use crate::source::Session;
use crate::source::file::OpenedFile;
use crate::source::testing::read_all;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

const PAGE: usize = 512;

/// A database of small pages of every sort: tables and indexes of several levels, overflow chains, free pages, and pointer maps.
fn content(auto_vacuum: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)";
    Connection::open(&path)
        .unwrap()
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE}; PRAGMA auto_vacuum = {auto_vacuum};
             CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, town TEXT); CREATE INDEX by_name ON people (name, town);
             {numbers} INSERT INTO people SELECT i, 'name ' || i, 'town ' || (i % 7) FROM n;
             CREATE TABLE sorted (k TEXT PRIMARY KEY, v) WITHOUT ROWID; {numbers} INSERT INTO sorted SELECT 'key ' || i, i FROM n;
             CREATE TABLE long (t); INSERT INTO long VALUES ('{}'), ('end');
             CREATE TABLE gone (t); {numbers} INSERT INTO gone SELECT 'gone ' || i FROM n; DELETE FROM gone;
             CREATE VIEW listed AS VALUES ('one')",
            "long ".repeat(300)
        ))
        .unwrap();
    fs::read(path).unwrap()
}

/// The number of rows of every object, unless something is named.
fn rows_or_named(path: &Path) -> Option<Vec<(String, u64)>> {
    let session = SqliteSession::open(OpenedFile::open("a.db", path).unwrap()).ok()?;
    let inventory = session.inventory();
    if inventory.blind || !inventory.problems.is_empty() {
        return None;
    }
    let mut rows = Vec::new();
    for (place, object) in inventory.objects.iter().enumerate() {
        if object.access.problem().is_some() || object.columns.iter().any(|column| column.access.problem().is_some()) {
            return None;
        }
        if object.access.is_readable() {
            let (_, report) = read_all(&session, place).ok()?;
            if !report.problems.is_empty() || object.rows_expected.is_some_and(|expected| expected != report.rows) {
                return None;
            }
            rows.push((object.name.clone(), report.rows));
        }
    }
    session.recheck().is_empty().then_some(rows)
}

/// Rows of every object by number alone: a damaged name is still a table that is read.
fn numbers(rows: &[(String, u64)]) -> Vec<u64> {
    let mut numbers: Vec<u64> = rows.iter().map(|(_, count)| *count).collect();
    numbers.sort_unstable();
    numbers
}

fn every_row_is_read_or_something_is_named(auto_vacuum: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let sound = content(auto_vacuum);
    fs::write(&path, &sound).unwrap();
    let expected = numbers(&rows_or_named(&path).expect("a sound database"));
    assert_eq!(expected, [0, 1, 2, 90, 90]);
    let mut named = 0;
    let mut missed = Vec::new();
    // The head of every page, and some of the rest.
    let head = |at: &usize| at % PAGE < 14 || *at < 112 || at.is_multiple_of(23);
    for at in (0..sound.len()).filter(head) {
        let mut damaged = sound.clone();
        damaged[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
        fs::write(&path, &damaged).unwrap();
        if !damaged.starts_with(b"SQLite format 3\0") {
            continue;
        }
        match rows_or_named(&path) {
            None => named += 1,
            Some(rows) if numbers(&rows) == expected => {}
            Some(rows) => missed.push((at / PAGE + 1, at % PAGE, rows)),
        }
    }
    assert!(missed.is_empty(), "{} places: {missed:?}", missed.len());
    assert!(named > 300, "{named}");
}

#[test]
fn any_byte_may_be_another_one() {
    every_row_is_read_or_something_is_named("none");
}

#[test]
fn any_byte_may_be_another_one_with_pointer_maps() {
    every_row_is_read_or_something_is_named("full");
}

#[test]
fn any_end_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let sound = content("none");
    for length in (16..sound.len()).step_by(101).chain((1..sound.len() / PAGE).map(|page| page * PAGE)) {
        fs::write(&path, &sound[..length]).unwrap();
        // Rows are complete where only free pages are gone.
        let rows = rows_or_named(&path);
        assert!(rows.is_none_or(|rows| numbers(&rows) == [0, 1, 2, 90, 90]), "{length}");
    }
}
