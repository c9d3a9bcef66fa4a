//! Ctrl-C and SIGTERM: the program says so, ends with 1, and leaves no half file.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::DELETE_BY;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::csv;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// What the program says.
const SAID: &str = "error: interrupted; nothing was written\n";

/// People repeated until the reading takes some seconds.
fn long_table(world: &World, name: &str) {
    let people: Vec<&Person> = world.own.iter().chain(&world.supplied).collect();
    let text = csv(&people, ',');
    let rows = text.split_once('\n').expect("a header").1.repeat(3_000);
    world.case.write(name, csv(&[], ',') + &rows);
}

/// Runs a command and sends it a signal once a file of its own has appeared under a passing name in `folder`.
fn interrupt(world: &World, now: &str, words: &[String], folder: &str, signal: &str) -> Output {
    let before = world.case.files();
    world.command(now, words).run_while(|id| {
        let is_running = || fs::metadata(format!("/proc/{id}")).is_ok() || cfg!(not(target_os = "linux"));
        for _ in 0..2_000 {
            let is_new = |name: &String| name.starts_with(folder) && !before.contains(name);
            if !is_running() || world.case.files().iter().any(is_new) {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        // Into the middle of the reading, not its beginning.
        thread::sleep(Duration::from_millis(150));
        let status = Command::new("kill").args([signal, &id.to_string()]).status().expect("kill");
        assert!(status.success(), "the program ended before it could be interrupted");
    })
}

#[test]
fn a_scan_is_interrupted() {
    let world = World::asked();
    long_table(&world, "exports/long.csv");
    let before = world.case.files();
    for signal in ["-INT", "-TERM"] {
        let outputs = ["--out", "out/a.json", "--findings", "out/f.csv"];
        fs::create_dir_all(world.case.path("out")).expect("a folder");
        let words = world.scanning("deletion", "deletion.challenge.json", &["exports/long.csv"], &outputs);
        interrupt(&world, AFTER, &words, "out/", signal).exits_with(1).stderr_is(SAID);
        assert_eq!(world.case.files(), before, "{signal}");
    }
}

#[test]
fn a_supply_is_interrupted() {
    let world = World::with_baseline();
    long_table(&world, "long.csv");
    let (before, ledger) = (world.case.files(), world.case.read("ledger/ledger.jsonl"));
    let words = [
        "supply",
        "long.csv",
        "--as",
        "keys/originator.key",
        "--to",
        "keys/recipient.card.json",
        "--delete-by",
        DELETE_BY,
        "--out",
        "second",
    ];
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    interrupt(&world, SUPPLIED, &words, "second/", "-INT").exits_with(1).stderr_is(SAID);
    assert_eq!(world.case.files(), before);
    assert_eq!(world.case.read("ledger/ledger.jsonl"), ledger);
    // Nothing stands in the way of another try.
    world.run(SUPPLIED, &["status"]).exits_with(0);
    world.case.write("short.csv", world.case.read("supply.csv"));
    world.supply("short.csv", "second", &[]).exits_with(0);
}
