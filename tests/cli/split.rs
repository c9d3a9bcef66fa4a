//! `scan --split` and `merge`: a scan in shares finds exactly what it would find undivided, and what is missing, other or tampered with is named.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::csv;
use crate::cli::world::payload;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// Copies of the recipient's own people in the large file, so that it has many parts.
const COPIES: usize = 80;

const SOURCES: [&str; 3] = ["data", "crm.db", "exports"];

/// A recipient with one large file, some small ones and a database, who kept three supplied persons.
fn much() -> World {
    let world = World::asked();
    let mut people: Vec<&Person> = world.own.iter().cycle().take(world.own.len() * COPIES).collect();
    for (place, number) in [(7, 0), (people.len() / 2, 17), (people.len(), 29)] {
        people.insert(place, &world.supplied[number]);
    }
    world.case.write("data/large.csv", csv(&people, ','));
    for number in 0..4 {
        let people: Vec<&Person> = world.own.iter().cycle().skip(number).take(20).collect();
        world.case.write(&format!("data/small-{number}.csv"), csv(&people, ';'));
    }
    world
}

fn scan(world: &World, extra: &[&str]) -> Output {
    world.scan("deletion", "deletion.challenge.json", &SOURCES, extra)
}

fn split(world: &World, share: &str, out: &str, extra: &[&str]) -> Output {
    scan(world, &[&["--split", share, "--out", out], extra].concat())
}

/// The shares of a scan in files `1.split` and so on.
fn split_all(world: &World, of: usize, extra: &[&str]) -> Vec<String> {
    let names: Vec<String> = (1..=of).map(|number| format!("{number}.split")).collect();
    for (number, name) in names.iter().enumerate() {
        // By so many threads as there happen to be.
        let threads = (number % 3 + 1).to_string();
        split(world, &format!("{}/{of}", number + 1), name, &[&["--threads", &threads], extra].concat()).exits_with(0);
    }
    names
}

fn merge(world: &World, results: &[String], extra: &[&str]) -> Output {
    let mut words: Vec<&str> = vec!["merge"];
    words.extend(results.iter().map(String::as_str));
    words.extend(["--manifest", "handover/deletion.residua", "--challenge", "deletion.challenge.json"]);
    words.extend(["--from", "keys/originator.card.json", "--as", "keys/recipient.key"]);
    words.extend(extra);
    world.run(AFTER, &words)
}

/// An attestation without what depends on who read it: times, the sentinels of each thread, and the digest of findings with a nonce.
fn steady(world: &World, name: &str) -> Value {
    let mut predicate = payload(&world.case.read(name))["predicate"].clone();
    assert_eq!(predicate["sentinels"]["injected"], predicate["sentinels"]["detected"]);
    for member in ["scan", "sentinels", "detail"] {
        predicate[member] = Value::Null;
    }
    for target in predicate["coverage"]["targets"].as_array_mut().expect("targets") {
        target["hashes"] = Value::Null;
    }
    predicate
}

/// The findings below their nonce.
fn findings(world: &World, name: &str) -> String {
    world.case.read(name).split_once('\n').expect("a nonce").1.to_owned()
}

#[test]
fn shares_together_say_what_one_scan_says() {
    let world = much();
    scan(&world, &["--out", "whole.json", "--findings", "whole.csv"]).exits_with(11);
    for of in [1, 2, 5] {
        let mut names = split_all(&world, of, &["--with-findings", "--force"]);
        // Whatever their order.
        names.rotate_left(1);
        let merged = merge(&world, &names, &["--out", "merged.json", "--findings", "merged.csv", "--force"]);
        merged.exits_with(11).prints("rows, as ").prints("Attestation: merged.json");
        assert_eq!(steady(&world, "whole.json"), steady(&world, "merged.json"), "{of} shares");
        assert_eq!(findings(&world, "whole.csv"), findings(&world, "merged.csv"), "{of} shares");
    }
    assert!(findings(&world, "merged.csv").lines().count() > 6);
    world.verify("merged.json").exits_with(11);

    // The large file was divided: no share read all of it.
    let rows = |name: &str, share: &str| split(&world, share, name, &["--format", "json", "--force"]).json()["rows"].as_u64();
    let counts: Vec<u64> = (1..=5).map(|number| rows("n.split", &format!("{number}/5")).expect("a count")).collect();
    let all = u64::try_from(world.own.len() * COPIES).expect("a number");
    assert!(counts.iter().all(|count| (all / 10..all / 2).contains(count)), "{counts:?} of {all}");
}

#[test]
fn a_clear_scan_is_clear_in_shares_and_inconclusive_with_one_missing() {
    let world = much();
    world.keep(&[]);
    // Of nobody: with more people than the keys were planned for no scan is clear.
    world.case.write("data/large.csv", format!("width,height\n{}", "12.5,80.25\n13.25,90.75\n".repeat(12_000)));
    scan(&world, &[]).exits_with(0);
    let names = split_all(&world, 4, &[]);
    merge(&world, &names, &["--out", "merged.json"]).exits_with(0);
    world.verify("merged.json").exits_with(0);
    for missing in 0..names.len() {
        let some: Vec<String> =
            names.iter().enumerate().filter(|(number, _)| *number != missing).map(|(_, name)| name.clone()).collect();
        let merged = merge(&world, &some, &["--format", "json"]);
        assert!(codes(merged.exits_with(10)).contains(&"gap:missing_split".to_owned()), "{}", merged.whole());
        let gaps = merged.json()["coverage"]["gaps"].clone();
        let large = gaps.as_array().expect("gaps").iter().find(|gap| gap["target"] == "data/large.csv").expect("a gap").clone();
        assert_eq!(large["detail"], json!(format!("not all of it was read: split {} was not handed in", missing + 1)));
    }
}

#[test]
fn what_is_alike_counts_once_and_what_is_not_of_one_scan_is_refused() {
    let world = much();
    let names = split_all(&world, 2, &[]);
    let refused = |results: &[String], words: &str| {
        let merged = merge(&world, results, &["--out", "refused.json"]);
        merged.exits_with(1).warns(words);
        assert!(!world.case.path("refused.json").exists());
    };
    // A retried share.
    split(&world, "2/2", "again.split", &["--threads", "3"]).exits_with(0);
    let twice = [names[0].clone(), names[1].clone(), "again.split".to_owned()];
    let whole = scan(&world, &["--format", "json"]).json();
    let merged = merge(&world, &twice, &["--format", "json"]);
    merged.exits_with(11).warns("`again.split` is of a share that another file has alike");
    assert_eq!(merged.json()["records"], whole["records"]);

    // Other flags, another division, another map, no findings, another kind of file.
    split(&world, "2/2", "deep.split", &["--deep"]).exits_with(0);
    refused(&[names[0].clone(), "deep.split".to_owned()], "the sources were read with other flags");
    split(&world, "3/3", "third.split", &[]).exits_with(0);
    refused(&[names[0].clone(), "third.split".to_owned()], "divided into another number of splits");
    world.case.write("map.toml", "[[exclude]]\nmatch = \"data/small-0.csv\"\nreason = \"ours\"\n");
    split(&world, "2/2", "mapped.split", &["--map", "map.toml"]).exits_with(0);
    refused(&[names[0].clone(), "mapped.split".to_owned()], "it is of another challenge, manifest, map file or declaration file");
    merge(&world, &names, &["--findings", "f.csv"]).exits_with(1).warns("`1.split` has no findings in it");
    refused(&["supply.csv".to_owned()], "cannot use `supply.csv`");
    refused(&["nothing.split".to_owned()], "cannot use `nothing.split`");

    // The sources changed between the shares.
    let before = world.case.read("data/large.csv");
    world.case.write("data/large.csv", before.replacen("Mr", "Ms", 1) + &before[before.len() / 2..]);
    split(&world, "2/2", "later.split", &[]).exits_with(0);
    refused(&[names[0].clone(), "later.split".to_owned()], "the sources, their tables or columns");
    world.case.write("data/large.csv", &before);
    split(&world, "1/2", "1.split", &["--force"]).exits_with(0);
    // Another file of the same name and size, as on another machine: small ones are read by one share alone.
    let small = world.case.read("data/small-0.csv");
    world.case.write("data/small-0.csv", small.replace("Road", "Lane"));
    split(&world, "2/2", "elsewhere.split", &[]).exits_with(0);
    refused(&[names[0].clone(), "elsewhere.split".to_owned()], "the sources, their tables or columns");
    split(&world, "1/2", "1.split", &["--force"]).exits_with(0);
    merge(&world, &[names[0].clone(), "elsewhere.split".to_owned()], &[]).exits_with(11);
    world.case.write("data/new.csv", "email\n");
    split(&world, "2/2", "new.split", &[]).exits_with(0);
    refused(&[names[0].clone(), "new.split".to_owned()], "the sources, their tables or columns");
}

#[test]
fn a_result_that_was_tampered_with_is_refused() {
    let world = much();
    let names = split_all(&world, 2, &["--with-findings"]);
    let bytes = fs::read(world.case.path(&names[1])).expect("a result");
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut other = bytes.clone();
        other[at] ^= 4;
        world.case.write("2.split", other);
        merge(&world, &names, &["--out", "merged.json"]).exits_with(1).warns("cannot use `2.split`");
    }
    world.case.write("2.split", &bytes[..bytes.len() / 2]);
    merge(&world, &names, &["--out", "merged.json"]).exits_with(1).warns("it is damaged");
    assert!(!world.case.path("merged.json").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(world.case.path(&names[0])).expect("a result").permissions().mode();
        assert_eq!(mode & 0o077, 0, "a result can be read by others");
    }
}

/// A quote that nobody closes makes parts that are none: whoever finds out reads all of the file, and that counts.
#[test]
fn a_file_whose_parts_are_none_is_read_whole() {
    let world = much();
    let text = world.case.read("data/large.csv");
    let middle = text[..text.len() / 3].rfind('\n').expect("a line") + 1;
    let (one, two) = text.split_at(middle);
    world.case.write("data/large.csv", format!("{one}\"open,{two}"));
    scan(&world, &["--out", "whole.json"]);
    let names = split_all(&world, 3, &[]);
    merge(&world, &names, &["--out", "merged.json"]);
    assert_eq!(steady(&world, "whole.json"), steady(&world, "merged.json"));
}

#[test]
fn a_share_is_one() {
    let world = much();
    for share in ["0/2", "3/2", "2", "1/0", "a/b", "1/-1", ""] {
        split(&world, share, "x.split", &[]).exits_with(2);
    }
    scan(&world, &["--split", "1/2"]).exits_with(2);
    let piped = world.scanning("deletion", "deletion.challenge.json", &["-"], &["--split", "1/2", "--out", "x.split"]);
    world.run(AFTER, &piped).exits_with(2).warns("nobody else sees what comes through the pipe");
    split(&world, "1/2", "x.split", &["--findings", "f.csv"]).exits_with(2);
    split(&world, "1/2", "x.split", &["--resume", "kept"]).exits_with(2);
    split(&world, "1/1", "x.split", &[]).exits_with(0).prints("Split 1 of 1");
    split(&world, "1/1", "x.split", &[]).exits_with(1).warns("x.split");
}
