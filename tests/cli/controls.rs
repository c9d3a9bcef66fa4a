//! Controls: people who were not supplied, hidden in the deletion manifest, by whom the originator tells what was kept from what the recipient
//! holds from elsewhere anyway.

use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use std::fmt::Write;

const HEAD: &str = "first_name,last_name,address,postcode,email,mother_dob,child_dob\n";

/// How many are supplied. They are the people from 0 on, and the controls those from here on.
const SUPPLY: usize = 5_000;

/// The row of an invented person: names of six letters, so that people have next to nothing in common.
fn row(person: usize, has_child: bool) -> String {
    let mut state = person as u64 + 1;
    let mut draw = |below: u64| -> usize {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31) % below)
            .expect("a small number")
    };
    let mut letters = |number: usize| -> String {
        (0..number)
            .map(|place| char::from(if place % 2 == 0 { b"bcdfghklmnprstvw"[draw(16)] } else { b"aeiou"[draw(5)] }))
            .collect()
    };
    let (first, last, street) = (letters(6), letters(6), letters(6));
    let area = ["EC1A", "SW1A", "WC2B", "LS1", "M1", "BS8", "NE1", "CF10", "EH1", "G12"][draw(10)];
    let unit = |number: usize| char::from(b"ABDEFGHJLNPQRSTUWXYZ"[number]);
    let postcode = format!("{area} {}{}{}", draw(10), unit(draw(20)), unit(draw(20)));
    let day = format!("{}-{:02}-{:02}", 1955 + draw(40), 1 + draw(12), 1 + draw(28));
    let child = if has_child { format!("{}-{:02}-{:02}", 2012 + draw(5), 1 + draw(12), 1 + draw(28)) } else { String::new() };
    format!("{first},{last},{} {street} Road,{postcode},{first}.{person}@example.com,{day},{child}\n", 1 + draw(200))
}

fn table(people: impl IntoIterator<Item = usize>) -> String {
    people.into_iter().fold(HEAD.to_owned(), |text, person| text + &row(person, true))
}

/// A table of a recipient's own source, which knows no children.
fn roll(people: impl IntoIterator<Item = usize>) -> String {
    people.into_iter().fold(HEAD.to_owned(), |text, person| text + &row(person, false))
}

/// The parties, and the data to be supplied beside people of the same source.
fn world(supplied: usize, controls: &str) -> World {
    let world = World::new();
    world.case.write("people.csv", table(0..supplied));
    world.case.write("controls.csv", controls);
    world
}

#[test]
fn what_was_kept_among_people_lawfully_held_is_seen() {
    // Of 1,040 people one block is filled.
    let world = world(SUPPLY, &table(SUPPLY..SUPPLY + 1_040));
    let supply = world.supply("people.csv", "handover", &["--controls", "controls.csv"]);
    supply
        .exits_with(0)
        .stderr_is("")
        .prints("1,000 people who were never supplied")
        .prints("Left out: 40 rows")
        .prints("Warning: controls disclose");
    let statement = |name: &str| payload(&world.case.read(&format!("handover/{name}.residua.intoto.json")))["predicate"].clone();
    assert_eq!(statement("baseline")["controls"], serde_json::Value::Null);
    let deletion = statement("deletion");
    assert_eq!(
        (&deletion["records"], &deletion["controls"], &deletion["knownAnswer"]),
        (&5_000.into(), &1_000.into(), &6_000.into())
    );
    // No value of theirs leaves their file.
    let control = row(SUPPLY, true);
    let address = control.split(',').nth(4).expect("an e-mail address");
    assert_eq!(world.case.files_with(address), ["controls.csv"]);
    world.case.never_prints(address);

    // The recipient loads the supply, and has three of ten people of that source from elsewhere, whoever they are.
    let others = 900_000..900_300;
    let known = |person: &usize| person % 10 < 3;
    let lawful = || (0..SUPPLY + 1_040).filter(known);
    world.case.write("data/loaded.csv", table((0..SUPPLY).chain(others.clone())));
    world.case.write("data/roll.csv", roll(lawful().chain(910_000..910_500)));
    world
        .case
        .write("declared.toml", "[[lawful_source]]\nname = \"roll\"\ntarget = \"data/roll.csv\"\nsource = \"open register\"\n");
    world.run(SUPPLIED, &world.asking("baseline", "b.challenge.json", &[])).exits_with(0);
    let scanning = |manifest: &str, challenge: &str, out: &str| {
        world.scanning(manifest, challenge, &["data"], &["--declare", "declared.toml", "--out", out])
    };
    world.run(SUPPLIED, &scanning("baseline", "b.challenge.json", "b.json")).exits_with(0);
    world.run(SUPPLIED, &["verify", "b.json"]).exits_with(0).prints("Appraisal: present");

    // Deleted, the roll is left: as many of the supplied people are found as of the others.
    world.case.write("data/loaded.csv", table(others));
    world.ask("deletion", "1.challenge.json", &["--accept", "declared.toml", "--spot-checks", "1000"]).exits_with(0);
    let inspected = world.run(AFTER, &["inspect", "handover/deletion.residua"]);
    inspected.exits_with(0).prints("1,000 of them were never supplied to you");
    let inspected = world.run(AFTER, &["inspect", "handover/deletion.residua.intoto.json"]);
    inspected.exits_with(0).prints("besides, 1,000 people who were never supplied");
    let scan = world.run(AFTER, &scanning("deletion", "1.challenge.json", "1.json"));
    scan.exits_with(0)
        .stderr_is("")
        .prints("It asks about 6,000 people in all: 1,000 of them were never supplied")
        .prints("clear");
    world
        .verify("1.json")
        .exits_with(0)
        .stderr_is("")
        .prints("Appraisal: clear")
        .prints("Note: controls: 1,500 of 5,000 (30.0 %) of the supplied people were found, and ");
    let stated = payload(&world.case.read("1.json"))["predicate"].clone();
    assert_eq!((&stated["coverage"]["records"], &stated["coverage"]["controls"]), (&5_000.into(), &1_000.into()));
    assert_eq!(stated["records"]["personBlocks"].as_array().expect("blocks").len(), 6);
    // Only supplied people are asked for one by one.
    let yes = stated["spotChecks"].as_array().expect("answers").iter().filter(|answer| answer["found"] == true).count();
    assert!((200..400).contains(&yes), "{yes} of 1000");

    // Every tenth of the supplied slips into the roll. No scan by itself can tell, and the originator does.
    world
        .case
        .write("data/roll.csv", roll(lawful().chain((0..SUPPLY).filter(|person| person % 10 == 3)).chain(910_000..910_500)));
    world.ask("recheck", "2.challenge.json", &["--accept", "declared.toml"]).exits_with(0);
    let scan = scanning("deletion", "2.challenge.json", "2.json");
    let scanned = world.command(AFTER, &scan).arg("--format").arg("json").run();
    assert_eq!(scanned.exits_with(0).json()["peopleAskedAbout"], 6_000);
    assert_eq!((&scanned.json()["verdict"], &scanned.json()["neverSupplied"]), (&"clear".into(), &1_000.into()));
    // Who deletes by the findings is warned.
    let listing = world.scan("deletion", "2.challenge.json", &["data"], &["--findings", "findings.csv"]);
    listing.prints("may never have been supplied").prints("holds 2,").prints("of the people asked about");
    let verified = world.verify("2.json");
    verified.exits_with(11).prints("Appraisal: residual").prints("2,000 of 5,000 (40.0 %) of the supplied people were found");
    verified.prints("more often than people of the same source who were never supplied");
}

#[test]
fn controls_that_are_no_measure_are_refused() {
    let blank = |text: &str| -> String {
        let cut = |(number, line): (usize, &str)| {
            let mut cells: Vec<&str> = line.split(',').collect();
            if number % 4 == 1 {
                cells[5] = "";
            }
            cells.join(",") + "\n"
        };
        text.lines().enumerate().map(cut).collect()
    };
    let people = SUPPLY..SUPPLY + 1_000;
    let world = world(1_000, "");
    let refuse = |controls: String, words: &[&str]| {
        world.case.write("controls.csv", controls);
        let output = world.supply("people.csv", "handover", &["--controls", "controls.csv"]);
        output.exits_with(1).warns("error: cannot use the controls `controls.csv`").warns("help: ");
        for word in words {
            output.warns(word);
        }
        assert!(!world.case.path("handover").exists());
    };
    refuse(
        table((SUPPLY..SUPPLY + 998).chain([7, 8])),
        &["2 of the 1,000 people chosen from it are supplied records too", "rows 999, 1000"],
    );
    refuse(table(SUPPLY..SUPPLY + 999), &["it holds 999 rows", "1,000 fill a block"]);
    refuse(table(people.clone()).replace("postcode", "post"), &["no column `postcode`"]);
    refuse(blank(&table(people.clone())), &["75 % of them form the key `", "100 % of the supplied records"]);
    let mut gone = HEAD.to_owned();
    for _ in people {
        writeln!(gone, ",,,EC1A 1BB,,,").expect("a string takes all");
    }
    refuse(gone, &["of whom 0 form a match key of a person"]);

    world.supply("supply.csv", "few", &["--controls", "controls.csv"]).exits_with(1).warns("at least 1,000 supplied records");
    let missing = world.supply("people.csv", "handover", &["--controls", "nowhere.csv"]);
    missing.exits_with(1).warns("cannot use the controls `nowhere.csv`");
}
