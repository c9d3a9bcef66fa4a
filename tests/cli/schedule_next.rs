//! What `schedule next` says will be done is what `check` does then.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use std::fs;

const ORIGINATOR: &str = "\
[originator]
key = \"keys/originator.key\"
ledger = \"ledger\"
inbox = \"to-originator\"
outbox = \"from-originator\"
state = \"originator-state\"
";

const RECIPIENT: &str = "\
[recipient]
key = \"keys/recipient.key\"
originators = [\"keys/originator.card.json\"]
inbox = \"to-recipient\"
outbox = \"to-originator\"
state = \"recipient-state\"
sources = [\"crm.db\", \"exports\"]
";

/// A supply was made, its manifests lie in the recipient's inbox, and challenges go there by themselves.
fn campaign() -> World {
    let world = World::supplied();
    world.case.write("originator.toml", ORIGINATOR.replace("\"from-originator\"", "\"to-recipient\""));
    world.case.write("recipient.toml", RECIPIENT);
    for folder in ["to-originator", "to-recipient/handover"] {
        fs::create_dir_all(world.case.path(folder)).expect("a folder");
    }
    for file in ["baseline.residua", "deletion.residua", "baseline.residua.intoto.json", "deletion.residua.intoto.json"] {
        let from = world.case.path(&format!("handover/{file}"));
        fs::copy(from, world.case.path(&format!("to-recipient/handover/{file}"))).expect("a copy");
    }
    world
}

fn next(world: &World, who: &str, now: &str, extra: &[&str]) -> Output {
    world.run(now, &[&["schedule", "next", "--config", &format!("{who}.toml")], extra].concat())
}

fn rows(world: &World, who: &str, now: &str) -> Vec<Value> {
    let output = next(world, who, now, &["--format", "json"]);
    let json = output.exits_with(0).stderr_is("").json();
    assert_eq!(json["party"], who);
    json["coming"].as_array().expect("rows").clone()
}

/// What is done now, by `next`, and by a check that only looks.
#[track_caller]
fn agrees(world: &World, who: &str, now: &str) {
    let before = world.case.files();
    let said: Vec<String> = rows(world, who, now)
        .iter()
        .filter(|row| row["when"] == "now")
        .map(|row| row["what"].as_str().expect("what").split(' ').next().expect("a word").to_owned())
        .collect();
    assert_eq!(world.case.files(), before);
    let checked = world.run(now, &["check", "--config", &format!("{who}.toml"), "--dry-run", "--format", "json"]).json();
    let steps = checked["steps"].as_array().expect("steps");
    let done: Vec<String> = (steps.iter())
        .filter_map(|step| match step["what"].as_str() {
            Some(done @ ("issue" | "scan")) => Some(done.to_owned()),
            Some("refuse") => Some("put".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(said, done, "{who} at {now}");
}

fn check(world: &World, who: &str, now: &str) -> Output {
    world.run(now, &["check", "--config", &format!("{who}.toml")])
}

#[test]
fn a_campaign_is_foreseen() {
    let world = campaign();
    let first = rows(&world, "originator", SUPPLIED);
    assert_eq!(first.len(), 1);
    let of = |row: &Value| ["when", "on", "what"].map(|name| row[name].as_str().unwrap_or("-").to_owned());
    assert_eq!(of(&first[0]), ["now", "-", "issue a baseline challenge"]);
    assert_eq!((&first[0]["days"], &first[0]["supplyId"]), (&0.into(), &world.supply_id().into()));
    // Nothing is held or made: a check finds the folder as it was.
    assert!(!world.case.path("originator-state").exists() && !world.case.path("recipient-state").exists());
    agrees(&world, "originator", SUPPLIED);
    next(&world, "originator", SUPPLIED, &[])
        .exits_with(0)
        .stderr_is("")
        .prints("now")
        .prints("no baseline was accepted yet")
        .prints("decides at which minute");
    // The recipient knows the agreed day before anybody asks.
    let known = rows(&world, "recipient", SUPPLIED);
    assert_eq!(known.len(), 1);
    assert_eq!(of(&known[0]), ["on", "2017-06-30", "delete by then"]);
    assert_eq!(known[0]["days"], 56);

    check(&world, "originator", SUPPLIED).exits_with(0);
    let waiting = rows(&world, "originator", "2017-05-06T09:00:00Z");
    assert_eq!(of(&waiting[0]), ["on", "2017-05-19", "the challenge ends"]);
    assert_eq!(waiting[0]["days"], 13);
    let asked = rows(&world, "recipient", "2017-05-06T09:00:00Z");
    assert_eq!(of(&asked[0]), ["now", "-", "scan and answer"]);
    assert!(asked[0]["until"].as_str().expect("an end").starts_with("2017-05-19"), "{asked:?}");
    agrees(&world, "recipient", "2017-05-06T09:00:00Z");
    check(&world, "recipient", "2017-05-06T09:00:00Z").exits_with(0);
    check(&world, "originator", "2017-05-06T09:00:00Z").exits_with(0);

    let quiet = rows(&world, "originator", "2017-05-07T09:00:00Z");
    assert_eq!(of(&quiet[0]), ["on", "2017-07-01", "issue a challenge"]);
    for now in ["2017-06-30T23:59:59Z", "2017-07-01T00:00:00Z", AFTER] {
        agrees(&world, "originator", now);
        agrees(&world, "recipient", now);
    }
    assert_eq!(rows(&world, "originator", "2017-06-30T23:59:59Z")[0]["days"], 1);
    assert_eq!(of(&rows(&world, "originator", "2017-07-01T00:00:00Z")[0]), ["now", "-", "issue a deletion challenge"]);
    // The agreed day has passed, and the recipient has nothing before it.
    next(&world, "recipient", AFTER, &[]).exits_with(0).prints("Nothing comes.");
    check(&world, "originator", AFTER).exits_with(0);
    agrees(&world, "recipient", AFTER);
    check(&world, "recipient", AFTER).exits_with(11);
    check(&world, "originator", AFTER).exits_with(11);
    let again = rows(&world, "originator", AFTER);
    assert_eq!(of(&again[0]), ["on", "2017-07-08", "issue a challenge"]);
    assert_eq!(again[0]["why"], "the answer before was not clear");
}

#[test]
fn what_waits_says_for_what() {
    let world = campaign();
    check(&world, "originator", SUPPLIED).exits_with(0);
    world.case.write("recipient.toml", format!("{RECIPIENT}[hours]\nfrom = \"22:00\"\nto = \"05:00\"\n"));
    let json = next(&world, "recipient", SUPPLIED, &["--format", "json"]).json();
    assert_eq!(json["hoursOpen"], "2017-05-05T22:00:00Z");
    assert_eq!((&json["coming"][0]["on"], &json["coming"][0]["days"]), (&"2017-05-05T22:00:00Z".into(), &0.into()));
    let text = next(&world, "recipient", SUPPLIED, &[]);
    text.exits_with(0).prints("Scans begin from 22:00 to 05:00 UTC: next at 2017-05-05T22:00:00Z.").prints("answer until");
    agrees(&world, "recipient", SUPPLIED);
    agrees(&world, "recipient", "2017-05-05T23:00:00Z");
    // Without its manifest it waits for a person, and when it is over it is put aside.
    fs::rename(world.case.path("to-recipient/handover"), world.case.path("elsewhere")).expect("a move");
    let rows_then = rows(&world, "recipient", "2017-05-05T23:00:00Z");
    assert_eq!((&rows_then[0]["when"], rows_then.len()), (&"person".into(), 1));
    next(&world, "recipient", "2017-05-05T23:00:00Z", &["--days", "0"])
        .prints("the manifest that it is about is not in the inbox");
    agrees(&world, "recipient", "2017-06-20T09:00:00Z");
    next(&world, "recipient", "2017-06-20T09:00:00Z", &[]).prints("it expired at").prints("put aside, unanswered");
}

#[test]
fn what_is_shown_can_be_limited() {
    let world = campaign();
    world.supply("supply.csv", "second", &[]).exits_with(0);
    assert_eq!(rows(&world, "originator", SUPPLIED).len(), 2);
    let count = |extra: &[&str]| {
        let json = next(&world, "originator", SUPPLIED, &[extra, &["--format", "json"]].concat()).json();
        json["coming"].as_array().expect("rows").len()
    };
    assert_eq!((count(&["--count", "1"]), count(&["--days", "0"]), count(&["--count", "0"])), (1, 2, 0));
    let paused = format!("{ORIGINATOR}baseline = false\n[[originator.supply]]\nid = \"{}\"\npaused = true\n", world.supply_id());
    world.case.write("originator.toml", paused);
    let shown = rows(&world, "originator", SUPPLIED);
    assert_eq!((&shown[0]["on"], &shown[1]["when"]), (&"2017-07-01".into(), &"never".into()));
    assert_eq!(shown[1]["why"], "it is paused in the settings");
    assert_eq!((count(&["--days", "30"]), count(&["--days", "57"])), (0, 1));
    agrees(&world, "originator", SUPPLIED);
    agrees(&world, "originator", AFTER);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let world = campaign();
    world.case.write("bad.toml", "[recipient]\nsecret = \"qzgeheim\"\n");
    let output = next(&world, "bad", SUPPLIED, &[]);
    output.exits_with(1).stdout_is("").warns("cannot use the settings `bad.toml`: line 2: unknown field `secret`");
    assert_eq!(output.stderr, world.run(SUPPLIED, &["check", "--config", "bad.toml"]).stderr);
    next(&world, "none", SUPPLIED, &[]).exits_with(1).warns("cannot read the settings `none.toml`");
    world.case.never_prints("qzgeheim");
}
