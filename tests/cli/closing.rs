//! The end of a supply: both sides destroy what they had of it, and sign that they did.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use serde_json::Value;
use serde_json::json;
use std::fs;

const RECIPIENT: [&str; 8] =
    ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--name", "A. N. Other", "--role", "data steward"];

/// Everything that the recipient had of the supply.
const THEIRS: [&str; 5] = [
    "theirs/baseline.residua",
    "theirs/deletion.residua",
    "theirs/baseline.challenge.json",
    "theirs/deletion.challenge.json",
    "theirs/findings.csv",
];

/// Deleted and attested clear. The recipient's copies are in `theirs`.
fn clear() -> World {
    let world = World::asked();
    world.keep(&[]);
    let extra = ["--out", "deletion.attestation.json", "--findings", "theirs/findings.csv"];
    fs::create_dir_all(world.case.path("theirs")).expect("a folder");
    world.run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra)).exits_with(0);
    world.verify("deletion.attestation.json").exits_with(0);
    for name in ["baseline.residua", "baseline.residua.intoto.json", "deletion.residua", "deletion.residua.intoto.json"] {
        fs::copy(world.case.path(&format!("handover/{name}")), world.case.path(&format!("theirs/{name}"))).expect("a copy");
    }
    for name in ["baseline.challenge.json", "deletion.challenge.json"] {
        fs::copy(world.case.path(name), world.case.path(&format!("theirs/{name}"))).expect("a copy");
    }
    world
}

fn destroy(world: &World, files: &[&str], extra: &[&str]) -> Output {
    world.run(AFTER, &[&["destroy"], files, &RECIPIENT, &["--out", "destroyed.json"], extra].concat())
}

fn close(world: &World, files: &[&str], extra: &[&str]) -> Output {
    let supply = world.supply_id();
    world.run(AFTER, &[&["close", &supply], files, &["--as", "keys/originator.key", "--name", "D. P. Officer"], extra].concat())
}

const OURS: [&str; 2] = ["handover/baseline.residua", "handover/deletion.residua"];

fn state(world: &World) -> (String, i32) {
    let output = world.run("2019-01-01T09:00:00Z", &["status", "--format", "json"]);
    let state = output.json()["supplies"][0]["state"].as_str().expect("a state").to_owned();
    (state, output.code.expect("a code"))
}

fn secrets(world: &World) -> usize {
    fs::read_dir(world.case.path("ledger/secrets")).expect("a folder").count()
}

#[test]
fn a_supply_is_closed_once_both_sides_have_destroyed_what_they_had() {
    let world = clear();
    // Not before the recipient has said so.
    close(&world, &OURS, &[])
        .exits_with(1)
        .prints("is not closed, and nothing was destroyed")
        .prints("no record of the recipient names the baseline manifest")
        .prints("no record of the recipient names the challenge `deletion`")
        .prints("no record of the recipient names the findings of the `deletion` scan");
    assert!(world.case.path(OURS[0]).exists() && secrets(&world) > 0);

    destroy(&world, &THEIRS, &["--dry-run"]).exits_with(0).prints("would be removed").prints("theirs/findings.csv");
    assert!(THEIRS.iter().all(|name| world.case.path(name).exists()) && !world.case.path("destroyed.json").exists());
    destroy(&world, &THEIRS, &[])
        .exits_with(0)
        .prints("deletion manifest `theirs/deletion.residua`")
        .prints("Record: destroyed.json");
    assert!(THEIRS.iter().all(|name| !world.case.path(name).exists()));
    world.run(AFTER, &["inspect", "destroyed.json"]).exits_with(0).prints("findings (removed)").prints("data steward");
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0).prints("5 things named");
    let lines = || world.case.read("ledger/ledger.jsonl").lines().count();
    let before = lines();
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0);
    assert_eq!(lines(), before, "entered twice");

    // Its own manifests have to be named, or said to be gone.
    close(&world, &[], &[]).exits_with(1).prints("your own copy of the deletion manifest is not named");
    let baseline = payload(&world.case.read("handover/baseline.residua.intoto.json"));
    let digest = baseline["subject"][0]["digest"]["sha256"].as_str().expect("a digest").to_owned();
    let gone = format!("baseline={digest}");
    close(&world, &OURS[1..], &["--gone", &gone])
        .exits_with(0)
        .prints("is closed. Destroyed:\n  salts\n  kept manifest\n")
        .prints("Record: ");
    assert_eq!((secrets(&world), world.case.path(OURS[1]).exists()), (0, false));
    assert_eq!(state(&world), ("closed".to_owned(), 0));
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);
    world.run(AFTER, &["supplies", "show", &world.supply_id()]).exits_with(0).prints("data steward").prints("State: closed\n");

    // Nothing more is asked of it or taken in, and what was concluded stays.
    close(&world, &[], &[]).exits_with(0).prints("was closed on");
    close(&world, &["crm.db"], &[]).exits_with(1).warns("were not removed");
    assert!(world.case.path("crm.db").exists());
    world.ask("recheck", "again.json", &[]).exits_with(1).warns("was closed on");
    let before = lines();
    world
        .verify("deletion.attestation.json")
        .exits_with(0)
        .prints("V3 passed")
        .prints("Note: the supply was closed on 2017-07-01: this is judged as of when it was received");
    let mut other = payload(&world.case.read("deletion.attestation.json"));
    other["predicate"]["operator"]["name"] = json!("somebody");
    world.case.write("other.json", sign(&world, "recipient", &other));
    world.verify("other.json").exits_with(12).prints("V3 failed").prints("what an answer would be compared with is destroyed");
    assert_eq!(lines(), before);
    assert_eq!(state(&world).0, "closed");
    world.run(AFTER, &["supplies", "show", &world.supply_id(), "--seeds"]).exits_with(0);
    assert_eq!(fs::read_dir(world.case.path("ledger/manifests")).expect("a folder").count(), 0);
    // Nobody can say any more whether somebody was in it, and nobody says no.
    let traced = world.run(AFTER, &["trace", "--email", "nobody@mail.example"]);
    traced.exits_with(10).prints("unknown");
    // A copy that was put back is found.
    world.case.write(&format!("ledger/secrets/{}.json", world.supply_id()), "{}");
    world.run(AFTER, &["ledger", "verify"]).exits_with(12).prints("is still there");
}

#[test]
fn what_is_not_clear_is_closed_for_a_reason_alone() {
    let world = World::asked();
    close(&world, &OURS, &[]).exits_with(1).prints("the supply stands as `challenge issued`");
    close(&world, &OURS, &["--unresolved", " "]).exits_with(1).warns("the reason is empty");
    assert!(secrets(&world) > 0 && world.case.path(OURS[0]).exists());
    let closed = close(&world, &OURS, &["--unresolved", "the recipient is bankrupt", "--format", "json"]);
    let json = closed.exits_with(0).json();
    assert_eq!((&json["isClosed"], &json["unresolved"]), (&json!(true), &json!("the recipient is bankrupt")));
    assert_eq!(state(&world), ("closed unresolved".to_owned(), 0));
    let record = json["record"].as_str().expect("a record").to_owned();
    let record: Value = payload(&world.case.read(&format!("ledger/envelopes/{record}.json")));
    assert_eq!(record["predicate"]["unresolved"], "the recipient is bankrupt");
    assert_eq!(record["predicate"]["party"], "originator");
    world.run(AFTER, &["status"]).prints("closed unresolved").prints("the recipient is bankrupt");
    // Where nothing stands in the way, nothing is excused.
    let world = clear();
    destroy(&world, &THEIRS, &[]).exits_with(0);
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0);
    close(&world, &OURS, &["--unresolved", "in a hurry"]).exits_with(1).warns("nothing stands in the way");
    assert!(world.case.path(OURS[0]).exists());
}

#[test]
fn only_files_of_ours_are_destroyed_and_all_or_none() {
    let world = clear();
    let untouched = || THEIRS.iter().all(|name| world.case.path(name).exists()) && !world.case.path("destroyed.json").exists();
    for (other, words) in [
        ("crm.db", "is no manifest, list of findings, or challenge"),
        ("deletion.attestation.json", "is no manifest, list of findings, or challenge"),
        ("keys/recipient.key", "is no manifest, list of findings, or challenge"),
        ("theirs", "it is no regular file"),
        ("nothing.residua", "cannot destroy `nothing.residua`"),
    ] {
        destroy(&world, &[&THEIRS[..], &[other]].concat(), &[]).exits_with(1).warns(words);
        assert!(untouched(), "{other}");
    }
    // Of another supply.
    world.supply("supply.csv", "second", &[]).exits_with(0);
    destroy(&world, &[&THEIRS[..], &["second/deletion.residua"]].concat(), &[]).exits_with(1).warns("of several supplies");
    // Nothing says which supply it is of.
    destroy(&world, &["theirs/findings.csv"], &[]).exits_with(1).warns("nothing says which supply");
    let of = ["--of", "theirs/deletion.residua.intoto.json"];
    destroy(&world, &["theirs/findings.csv"], &[&of[..], &["--dry-run"]].concat()).exits_with(0).prints("theirs/findings.csv");
    destroy(&world, &[], &of).exits_with(1).warns("nothing is named");
    // One file by two names.
    destroy(&world, &[&THEIRS[..], &["theirs/../theirs/findings.csv"]].concat(), &[]).exits_with(1).warns("is named twice");
    // Another name of the file would stay.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("deletion.residua", world.case.path("theirs/link.residua")).expect("a link");
        destroy(&world, &["theirs/link.residua"], &[]).exits_with(1).warns("it is a link");
        fs::hard_link(world.case.path("theirs/deletion.residua"), world.case.path("theirs/second.residua")).expect("a link");
        destroy(&world, &THEIRS, &[]).exits_with(1).warns("a second name");
    }
    assert!(untouched());
    // A record that cannot be written is found out before.
    destroy(&world, &THEIRS[2..], &["--out", "no/such/folder.json"]).exits_with(2);
    world.case.write("destroyed.json", "something");
    destroy(&world, &THEIRS[2..], &[]).exits_with(1);
    assert!(THEIRS.iter().all(|name| world.case.path(name).exists()));
}

#[test]
fn a_record_that_is_not_the_recipients_is_refused() {
    let world = clear();
    destroy(&world, &THEIRS, &[]).exits_with(0);
    let statement = payload(&world.case.read("destroyed.json"));
    let forged = |name: &str, party: &str, change: &dyn Fn(&mut Value)| {
        let mut statement = statement.clone();
        change(&mut statement);
        world.case.write(name, sign(&world, party, &statement));
        let output = world.run(AFTER, &["verify", name]);
        output.exits_with(12);
        output
    };
    forged("own.json", "originator", &|_| {}).prints("no recipient of this ledger has signed");
    forged("empty.json", "recipient", &|statement| statement["predicate"]["items"] = json!([])).prints("names nothing");
    forged("party.json", "recipient", &|statement| statement["predicate"]["party"] = json!("originator"))
        .prints("no recipient's record");
    forged("manifest.json", "recipient", &|statement| statement["subject"][0]["digest"]["sha256"] = json!("0".repeat(64)))
        .prints("about another manifest");
    forged("supply.json", "recipient", &|statement| statement["predicate"]["supplyId"] = json!("0".repeat(32)))
        .prints("which is not in this ledger");
    forged("digest.json", "recipient", &|statement| statement["predicate"]["items"][0]["sha256"] = json!("x"))
        .prints("a digest or a time that is none");
    let json = world.run(AFTER, &["verify", "own.json", "--format", "json"]).json();
    assert_eq!(json["destructions"][0]["result"], "refused");
    // One that names too little is entered, and is not enough.
    let fewer = |statement: &mut Value| {
        let items = statement["predicate"]["items"].as_array_mut().expect("items");
        items.retain(|item| item["what"] != "findings");
    };
    let mut statement = statement.clone();
    fewer(&mut statement);
    world.case.write("fewer.json", sign(&world, "recipient", &statement));
    world.run(AFTER, &["verify", "fewer.json"]).exits_with(0);
    let refused = close(&world, &OURS, &[]);
    refused.exits_with(1).prints("names the findings of the `deletion` scan");
    assert!(!refused.stdout.contains("names the challenge"), "{}", refused.whole());
    // What was gone before is named by its digest.
    let attestation = payload(&world.case.read("deletion.attestation.json"));
    let digest = attestation["predicate"]["detail"]["blake3"].as_str().expect("a digest");
    fs::copy(world.case.path("deletion.challenge.json"), world.case.path("theirs/deletion.challenge.json")).expect("a copy");
    let gone = format!("findings={digest}");
    destroy(&world, &THEIRS[3..4], &["--gone", &gone, "--out", "more.json", "--force"]).exits_with(2);
    world
        .run(SUPPLIED, &[&["destroy", THEIRS[3]], &RECIPIENT[..], &["--gone", &gone, "--out", "more.json"]].concat())
        .exits_with(0);
    world.run(AFTER, &["verify", "more.json"]).exits_with(0);
    close(&world, &OURS, &[]).exits_with(0);
    assert_eq!(state(&world).0, "closed");
}

#[test]
fn a_closing_that_was_interrupted_goes_on() {
    let world = clear();
    destroy(&world, &THEIRS, &[]).exits_with(0);
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0);
    close(&world, &OURS, &[]).exits_with(0);
    // As it is where the machine fails after the secrets are gone, and before the last line.
    let text = world.case.read("ledger/ledger.jsonl");
    let (rest, last) = text.trim_end().rsplit_once('\n').expect("two lines");
    let last: Value = serde_json::from_str(last).expect("a line");
    world.case.write("ledger/ledger.jsonl", format!("{rest}\n"));
    let head = format!("{} {}\n", last["sequence"].as_u64().expect("a number") - 1, last["previous"].as_str().expect("a digest"));
    world.case.write("ledger/head", head);
    assert_eq!(state(&world), ("attested clear".to_owned(), 13));
    world.run(AFTER, &["status", "--format", "json"]).prints("was begun on").prints("residua close");
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);
    world.ask("recheck", "again.json", &[]).exits_with(1).warns("was closed on");
    // Its manifests are gone by now.
    close(&world, &OURS, &[]).exits_with(1).warns("cannot destroy `handover/baseline.residua`");
    close(&world, &[], &[]).exits_with(1).prints("your own copy of the baseline manifest is not named");
    let digest = |name: &str| {
        let statement = payload(&world.case.read(&format!("handover/{name}.residua.intoto.json")));
        format!("{name}={}", statement["subject"][0]["digest"]["sha256"].as_str().expect("a digest"))
    };
    let gone = ["--gone", &digest("baseline"), "--gone", &digest("deletion"), "--format", "json"];
    let closed = close(&world, &[], &gone).exits_with(0).json();
    assert_eq!(state(&world).0, "closed");
    // The record names what the command before had destroyed.
    let record = payload(&world.case.read(&format!("ledger/envelopes/{}.json", closed["record"].as_str().expect("a digest"))));
    let items = record["predicate"]["items"].as_array().expect("items");
    let named: Vec<&str> = items.iter().filter_map(|item| item["what"].as_str()).collect();
    assert_eq!(named, ["salts", "kept manifest", "baseline manifest", "deletion manifest"]);
    assert!(items.iter().all(|item| item["how"] == "gone"), "{items:?}");
}

/// The files are gone before there is a record of it, so that a machine may fail between the two.
#[test]
fn a_record_that_was_lost_can_be_made_again() {
    let world = clear();
    let digest = |name: &str| {
        let statement = payload(&world.case.read(&format!("theirs/{name}.residua.intoto.json")));
        format!("{name}={}", statement["subject"][0]["digest"]["sha256"].as_str().expect("a digest"))
    };
    let attestation = payload(&world.case.read("deletion.attestation.json"));
    let findings = format!("findings={}", attestation["predicate"]["detail"]["blake3"].as_str().expect("a digest"));
    let challenges = ["baseline", "deletion"].map(|phase| {
        let answer = payload(&world.case.read(&format!("{phase}.attestation.json")));
        format!("challenge={}", answer["predicate"]["challenge"]["sha256"].as_str().expect("a digest"))
    });
    destroy(&world, &THEIRS, &[]).exits_with(0);
    fs::remove_file(world.case.path("destroyed.json")).expect("a record");
    let (baseline, deletion) = (digest("baseline"), digest("deletion"));
    let all = [&baseline, &deletion, &challenges[0], &challenges[1], &findings];
    let gone: Vec<&str> = all.into_iter().flat_map(|gone| ["--gone", gone.as_str()]).collect();
    destroy(&world, &[], &gone).exits_with(2);
    let statement = ["--of", "theirs/deletion.residua.intoto.json"];
    destroy(&world, &[], &statement).exits_with(1);
    destroy(&world, &[], &[&gone[..], &["--of", "deletion.attestation.json"]].concat()).exits_with(1);
    destroy(&world, &[], &[&gone[..], &statement].concat()).exits_with(0).prints("Record: destroyed.json");
    assert!(world.case.path("theirs/deletion.residua.intoto.json").exists());
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0).prints("5 things named");
    close(&world, &OURS, &[]).exits_with(0);
    assert_eq!(state(&world).0, "closed");
}

#[test]
fn a_digest_that_is_none_does_nothing_to_the_terminal() {
    let world = World::asked();
    world.keep(&[]);
    let extra = ["--out", "1.json", "--findings", "findings.csv"];
    world.run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra)).exits_with(0);
    let mut statement = payload(&world.case.read("1.json"));
    statement["predicate"]["detail"]["blake3"] = json!("\u{1b}[2Jgone");
    world.case.write("1.json", sign(&world, "recipient", &statement));
    world.verify("1.json");
    let closed = close(&world, &OURS, &[]);
    closed.exits_with(1).prints("names the findings of the `deletion` scan");
    assert!(!closed.stdout.contains('\u{1b}'), "{:?}", closed.stdout);
}

#[test]
fn what_a_destruction_that_broke_off_has_removed_stands_in_the_record_of_the_next() {
    let world = clear();
    destroy(&world, &THEIRS, &[]).exits_with(0);
    assert!(!world.case.path("destroyed.json.begun").exists(), "nothing is left of it");
    let record = payload(&world.case.read("destroyed.json"));

    // As it is after a kill: two are gone, and no record stands.
    let world = clear();
    let digest = |name: &str| {
        let statement = payload(&world.case.read(&format!("{name}.intoto.json")));
        statement["subject"][0]["digest"]["sha256"].clone()
    };
    let file = |index: usize| json!({ "path": world.case.path(THEIRS[index]), "item": record["predicate"]["items"][index] });
    let mut begun = json!({
        "version": 1,
        "supplyId": world.supply_id(),
        "manifest": "deletion.residua",
        "manifestSha256": digest(THEIRS[1]),
        "files": [file(0), file(4)],
    });
    world.case.write("destroyed.json.begun", begun.to_string());
    for name in [THEIRS[0], THEIRS[4]] {
        fs::remove_file(world.case.path(name)).expect("a file");
    }
    destroy(&world, &THEIRS, &["--dry-run"]).exits_with(0).prints(THEIRS[1]);
    destroy(&world, &THEIRS, &[]).exits_with(0).prints("findings (by a command that broke off)");
    let again = payload(&world.case.read("destroyed.json"));
    let how: Vec<_> = again["predicate"]["items"].as_array().expect("items").iter().map(|item| &item["how"]).collect();
    assert_eq!(how, ["removed", "removed", "removed", "gone", "gone"]);
    world.run(AFTER, &["verify", "destroyed.json"]).exits_with(0).prints("5 things named");

    // One that cannot be read, or is of another supply, is not passed over.
    let world = clear();
    for spoilt in [String::new(), "{}".to_owned(), json!({ "version": 2 }).to_string()] {
        world.case.write("destroyed.json.begun", spoilt);
        destroy(&world, &THEIRS, &[]).exits_with(1).warns("`destroyed.json.begun` is not what").warns("nothing was destroyed");
    }
    begun["supplyId"] = json!("0".repeat(32));
    world.case.write("destroyed.json.begun", begun.to_string());
    destroy(&world, &THEIRS, &[]).exits_with(1).warns("of several supplies");
    assert!(THEIRS.iter().all(|name| world.case.path(name).exists()));
}
