//! `receive`: the recipient makes the manifest anew from the data, and confirms it, or sees that it is another's.

use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::supply_csv;
use serde_json::Value;

const RECEIVING: [&str; 10] = [
    "--manifest",
    "handover/baseline.residua",
    "--challenge",
    "baseline.json",
    "--from",
    "keys/originator.card.json",
    "--as",
    "keys/recipient.key",
    "--out",
    "receipt.json",
];

/// Supplied, with a challenge of the baseline.
fn asked(extra: &[&str]) -> World {
    let world = World::new();
    world.supply("supply.csv", "handover", extra).exits_with(0);
    world.run(SUPPLIED, &world.asking("baseline", "baseline.json", &[])).exits_with(0);
    world
}

fn receive(world: &World, data: &str, extra: &[&str]) -> crate::cli::harness::Output {
    world.run(SUPPLIED, &[&["receive", data][..], &RECEIVING, extra].concat())
}

fn shown(world: &World) -> String {
    let list = world.run(SUPPLIED, &["supplies", "list", "--format", "json"]);
    let list: Value = list.json();
    let id = list["supplies"][0]["supplyId"].as_str().expect("an id").to_owned();
    world.run(SUPPLIED, &["supplies", "show", &id]).exits_with(0).stdout.clone()
}

#[test]
fn a_manifest_of_the_data_is_confirmed() {
    let world =
        asked(&["--contract", "DPA 2017/12", "--lawful-basis", "consent", "--manner", "overwritten, backups within 90 days"]);
    assert!(shown(&world).contains("not confirmed by the recipient"), "{}", shown(&world));
    let received = receive(&world, "supply.csv", &["--name", "A. N. Other", "--role", "data steward"]);
    received.exits_with(0).prints("The manifest is that of the data").prints("60 records");
    world
        .run(SUPPLIED, &["verify", "receipt.json"])
        .exits_with(0)
        .prints("made anew from the data")
        .prints("A. N. Other, data steward");
    // A second time changes nothing.
    let lines = || world.case.read("ledger/ledger.jsonl").lines().count();
    let before = lines();
    world.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(0);
    assert_eq!(lines(), before);
    let shown = shown(&world);
    for words in [
        "found the same",
        "contract: DPA 2017/12",
        "lawful basis: consent",
        "manner of deletion: overwritten, backups within 90 days",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    world
        .run(SUPPLIED, &["inspect", "handover/baseline.residua.intoto.json"])
        .exits_with(0)
        .prints("overwritten, backups within 90 days");
    world.run(SUPPLIED, &["inspect", "receipt.json"]).exits_with(0).prints("data steward").prints("made it anew");
}

#[test]
fn data_in_another_order_are_the_same_data() {
    let world = asked(&[]);
    let mut people = world.supplied.clone();
    people.reverse();
    world.case.write("other.csv", supply_csv(&people));
    receive(&world, "other.csv", &[]).exits_with(0);
}

#[test]
fn receipt_alone_says_no_more() {
    let world = asked(&[]);
    let without =
        ["--manifest", "handover/baseline.residua", "--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
    let received = world.run(SUPPLIED, &[&["receive", "--out", "receipt.json"][..], &without].concat());
    received.exits_with(0).prints("What is in the manifest was not looked at");
    world.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(0).prints("receipt alone");
    assert!(shown(&world).contains("receipt alone"));
}

#[test]
fn a_manifest_of_other_data_is_not_confirmed() {
    let world = asked(&[]);
    let people = &world.supplied;
    let mut altered = people.clone();
    altered[7].postcode = "SW1A 2AA".to_owned();
    let mut swapped = people.clone();
    let phone = swapped[3].email.clone();
    swapped[3].email = std::mem::replace(&mut swapped[4].email, phone);
    let more: Vec<_> = people.iter().chain([&world.own[0]]).cloned().collect();
    for (name, people, words) in [
        (
            "one.csv",
            altered.as_slice(),
            "`name_postcode`: of 60 fingerprints of the manifest 1 is not of the data; of the data 1 is not in it",
        ),
        ("fewer.csv", &people[1..], "It speaks of 60 records, and the data hold 59."),
        ("more.csv", &more, "It speaks of 60 records, and the data hold 61."),
        (
            "swapped.csv",
            &swapped,
            "`whole`: of 60 fingerprints of the manifest 2 are not of the data; of the data 2 are not in it",
        ),
    ] {
        world.case.write(name, supply_csv(people));
        let received = receive(&world, name, &[]);
        received.exits_with(12).prints(words).prints("nothing was signed");
        assert!(!world.case.path("receipt.json").exists());
        let json = receive(&world, name, &["--format", "json"]);
        assert_eq!(json.exits_with(12).json()["agrees"], false);
    }
    world.case.write("columns.csv", "first_name,last_name\nAnn,Lee\n");
    receive(&world, "columns.csv", &[]).exits_with(1).warns("where those that were supplied had").warns("as it was delivered");
    // Nothing is left of what was made on the way.
    let left: Vec<_> =
        std::fs::read_dir(world.case.path(".")).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}

#[test]
fn days_are_read_as_they_were_supplied() {
    // Every day of birth can be read in two orders, and the schema says which it is.
    let world = World::new();
    let mut people = world.supplied.clone();
    for (number, person) in people.iter_mut().enumerate() {
        person.mother_dob = (1970 + number % 20, 1 + number % 12, 1 + number % 11);
    }
    world.case.write("supply.csv", supply_csv(&people));
    let schema = "[columns.child_dob]\nkind = \"date\"\nrole = \"child\"\norigin = \"supply\"\n[columns.mother_dob]\nkind = \"date\"\norder = \"dmy\"\n";
    world.case.write("schema.toml", schema);
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    world.run(SUPPLIED, &world.asking("baseline", "baseline.json", &[])).exits_with(0);
    receive(&world, "supply.csv", &[]).exits_with(0);
}

#[test]
fn documents_of_others_are_refused() {
    let world = asked(&[]);
    let other = World::new();
    other.supply("supply.csv", "handover", &[]).exits_with(0);
    for file in ["handover/deletion.residua.intoto.json", "handover/baseline.residua.intoto.json"] {
        let kept = world.case.read(file);
        world.case.write(file, other.case.read(file));
        receive(&world, "supply.csv", &[]).exits_with(1);
        world.case.write(file, kept);
    }
    receive(&world, "supply.csv", &[]).exits_with(0);
    // Another recipient's, and one that was altered.
    let signed = world.case.read("receipt.json");
    world.case.write(
        "altered.json",
        signed.replacen("\"payload\": \"", "\"payload\": \"e", 1).replacen("\"payload\":\"", "\"payload\":\"e", 1),
    );
    world.run(SUPPLIED, &["verify", "altered.json"]).exits_with(12);
    other.case.write("receipt.json", signed);
    other.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(12).prints("refused");
}

#[test]
fn a_key_that_is_revoked_confirms_nothing() {
    let world = asked(&[]);
    receive(&world, "supply.csv", &[]).exits_with(0);
    world.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(0);
    let card: Value = serde_json::from_str(&world.case.read("keys/recipient.card.json")).expect("a card");
    let key = card["fingerprint"].as_str().expect("a fingerprint");
    world.run(AFTER, &["recipient", "revoke", key, "--since", "2017-05-01", "--reason", "stolen"]).exits_with(0);
    assert!(shown(&world).contains("not confirmed by the recipient"), "{}", shown(&world));
    world.run(AFTER, &["verify", "receipt.json"]).exits_with(12).prints("revoked as of 2017-05-01");
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_other_from_being_entered() {
    let world = asked(&[]);
    receive(&world, "supply.csv", &[]).exits_with(0);
    let verified = world.run(SUPPLIED, &["verify", "missing.json", "receipt.json", "--format", "json"]);
    verified.exits_with(1).warns("cannot read the attestation `missing.json`");
    assert_eq!(verified.json()["countersignatures"][0]["result"], "accepted");
    assert!(shown(&world).contains("found the same"));
}

#[test]
fn who_has_a_new_key_by_then_confirms_with_it() {
    let world = World::new();
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    let new = ["keygen", "--name", "The recipient", "--out", "keys/new", "--replaces", "keys/recipient.key"];
    world.run(SUPPLIED, &new).exits_with(0);
    world.run(SUPPLIED, &["recipient", "rotate", "keys/new.rotation.json"]).exits_with(0);
    world.run(SUPPLIED, &world.asking("baseline", "baseline.json", &[])).exits_with(0);
    let received = receive(&world, "supply.csv", &[]);
    received.exits_with(1).warns("The recipient");
    let mut words = [&["receive", "supply.csv"][..], &RECEIVING].concat();
    let key = words.iter().position(|word| *word == "keys/recipient.key").expect("a key");
    words[key] = "keys/new.key";
    world.run(SUPPLIED, &words).exits_with(0).prints("The manifest is that of the data");
    world.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(0).prints("made anew from the data");
    // Without a challenge nothing says that the key is the recipient's.
    let without: Vec<&str> =
        ["receive", "--manifest", "handover/baseline.residua", "--from", "keys/originator.card.json", "--as", "keys/new.key"]
            .into_iter()
            .chain(["--out", "other.json"])
            .collect();
    world.run(SUPPLIED, &without).exits_with(1).warns("if it was replaced since");
}
