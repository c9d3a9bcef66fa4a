//! What is no longer needed is listed, and destroyed on request with a signed record, on both sides.

use crate::cli::harness::Output;
use crate::cli::schedule::ORIGINATOR;
use crate::cli::schedule::RECIPIENT;
use crate::cli::schedule::campaign;
use crate::cli::schedule::check;
use crate::cli::schedule::count;
use crate::cli::schedule::post;
use crate::cli::schedule::round;
use crate::cli::schedule::state;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use std::fs;

const ANSWERED: &str = "2017-07-16T09:00:00Z";

fn outdated(world: &World, who: &str, now: &str, extra: &[&str]) -> Output {
    world.run(now, &[&["schedule", "outdated", "--config", &format!("{who}.toml")], extra].concat())
}

/// Found at the first question after the date, clear a week later.
fn cleared() -> World {
    let world = campaign();
    world.case.write("recipient.toml", format!("{RECIPIENT}[retention]\nfindings_days = 30\nmanifests_days = 365\n"));
    let supply = format!("[[originator.supply]]\nid = \"{}\"\n", world.supply_id());
    let files = "files = [\"handover/baseline.residua\", \"handover/deletion.residua\"]\n[retention]\nclosing_days = 400\n";
    world.case.write("originator.toml", format!("{}{supply}{files}", ORIGINATOR.replace("recheck_days = 180\n", "")));
    round(&world, SUPPLIED).2.exits_with(0);
    round(&world, "2017-07-09T09:00:00Z").2.exits_with(11);
    outdated(&world, "recipient", "2017-07-15T09:00:00Z", &[])
        .exits_with(0)
        .prints("findings of the baseline scan: found 71 days ago")
        .prints("Nothing was destroyed");
    world.keep(&[]);
    round(&world, ANSWERED).2.exits_with(0).prints("appraised as clear");
    assert_eq!(state(&world, ANSWERED), "attested_clear");
    world
}

#[test]
fn both_sides_let_go_of_a_supply_by_the_calendar_and_at_a_persons_word() {
    let world = cleared();
    // The newest list is a month old on the 15th, the one before on the 8th.
    let early = outdated(&world, "recipient", "2017-08-08T09:00:00Z", &["--format", "json"]);
    let json = early.exits_with(0).json();
    assert_eq!(json["outdated"][0]["files"].as_array().expect("files").len(), 2, "{json}");
    assert_eq!(json["destroyed"], false);
    check(&world, "recipient", "2017-08-08T09:00:00Z", &[])
        .exits_with(0)
        .prints("1 supply has files that are no longer needed: see `residua schedule outdated`");
    assert!(world.case.read("recipient.prom").contains("residua_outdated_supplies 1"));

    // Somebody removed one by hand: the record says that it was gone.
    let lists =
        || world.case.files().into_iter().filter(|name| name.starts_with("recipient-state/findings/")).collect::<Vec<_>>();
    assert_eq!(lists().len(), 6);
    let by_hand = json["outdated"][0]["files"][0].as_str().expect("a file").rsplit('/').next().expect("a name").to_owned();
    fs::remove_file(world.case.path(&format!("recipient-state/findings/{by_hand}"))).expect("removed");
    let destroyed = outdated(&world, "recipient", "2017-08-15T09:00:00Z", &["--destroy", "--role", "data steward"]);
    destroyed.exits_with(0).prints("1 file gone before").prints("Destroyed; record: ");
    assert!(!lists().iter().any(|name| name.contains(".csv")), "{:?}", lists());
    assert_eq!(count(&world, "from-recipient", "2017-08-15.destroyed.json"), 1);
    let record = world.case.files().into_iter().find(|name| name.ends_with(".destroyed.json")).expect("a record");
    world.run(ANSWERED, &["inspect", &record]).exits_with(0).prints("A. Clerk").prints("data steward").prints("findings (gone");
    // Nothing is destroyed twice, and no second record is made.
    outdated(&world, "recipient", "2017-08-15T10:00:00Z", &["--destroy"]).exits_with(0).prints("Nothing is outdated.");

    // Manifests and challenges, a year after the clear answer, and not while another is owed.
    let year = "2018-07-16T09:00:00Z";
    outdated(&world, "recipient", "2018-07-15T09:00:00Z", &[]).exits_with(0).prints("Nothing is outdated.");
    check(&world, "originator", "2018-07-15T09:00:00Z", &["--restore", &world.supply_id()]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    outdated(&world, "recipient", year, &[]).exits_with(0).prints("Nothing is outdated.");
    check(&world, "recipient", year, &[]).exits_with(0).prints("clear");
    post(&world, "from-recipient", "to-originator");
    check(&world, "originator", year, &[]).exits_with(0);

    let later = "2019-09-01T09:00:00Z";
    outdated(&world, "originator", later, &[])
        .exits_with(0)
        .prints("attested clear for 412 days")
        .prints("In the way: no record of the recipient names the baseline manifest");
    outdated(&world, "originator", later, &["--destroy"]).exits_with(1).prints("Not destroyed");
    assert_eq!(state(&world, later), "attested_clear");
    let destroyed = outdated(&world, "recipient", later, &["--destroy", "--format", "json"]).exits_with(0).json();
    assert_eq!(destroyed["outdated"][0]["exitCode"], 0, "{destroyed}");
    assert_eq!(count(&world, "to-recipient/handover", ".residua.intoto.json"), 2);
    assert_eq!(count(&world, "to-recipient/handover", ".residua"), 2, "the statements alone");
    assert_eq!(count(&world, "to-recipient", "challenge.json"), 0);
    post(&world, "from-recipient", "to-originator");
    check(&world, "originator", later, &[]).exits_with(0);
    let closed = outdated(&world, "originator", later, &["--destroy", "--name", "D. P. Officer"]);
    closed.exits_with(0).prints("Destroyed; record: ");
    assert_eq!(state(&world, later), "closed");
    assert!(!world.case.path("handover/baseline.residua").exists());
    world.run(later, &["ledger", "verify"]).exits_with(0);
    for who in ["originator", "recipient"] {
        outdated(&world, who, "2029-09-01T09:00:00Z", &[]).exits_with(0).prints("Nothing is outdated.");
        check(&world, who, later, &[]).exits_with(0).prints("Nothing is due.");
    }
}

#[test]
fn what_is_still_needed_stays() {
    let world = campaign();
    world.case.write("recipient.toml", format!("{RECIPIENT}[retention]\nfindings_days = 0\nmanifests_days = 0\n"));
    round(&world, SUPPLIED).2.exits_with(0);
    round(&world, "2017-07-09T09:00:00Z").2.exits_with(11);
    // By the newest list the rows are deleted; the manifests are asked about again.
    let json = outdated(&world, "recipient", "2020-07-09T09:00:00Z", &["--format", "json"]).exits_with(0).json();
    let files: Vec<&Value> = json["outdated"][0]["files"].as_array().expect("files").iter().collect();
    assert_eq!(files.len(), 1, "{json}");
    // Where nothing is set, nothing is ever outdated.
    world.case.write("recipient.toml", RECIPIENT);
    outdated(&world, "recipient", "2030-07-09T09:00:00Z", &["--destroy"]).exits_with(0).prints("Nothing is outdated.");
    assert_eq!(count(&world, "from-recipient", "destroyed"), 0);
    // Not beside a check.
    let lock = fs::OpenOptions::new().write(true).open(world.case.path("recipient-state/lock")).expect("a lock");
    lock.lock().expect("a lock");
    outdated(&world, "recipient", "2030-07-09T09:00:00Z", &["--destroy"]).exits_with(1).warns("a check is running");
}
