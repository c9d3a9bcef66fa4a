//! Recipients' keys as an officer handles them: a card that is signed by the one before it, a key that was stolen, and one that is entered
//! by comparison.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use serde_json::Value;

/// The day after [`AFTER`].
const LATER: &str = "2017-07-02T09:00:00Z";

/// The fingerprint of a party's key.
fn key(world: &World, party: &str) -> String {
    let card: Value = serde_json::from_str(&world.case.read(&format!("keys/{party}.card.json"))).expect("a card");
    card["fingerprint"].as_str().expect("a fingerprint").to_owned()
}

/// A scan by another key than the recipient's first.
fn scan_by(world: &World, now: &str, challenge: &str, party: &str, out: &str) -> Output {
    let words = world.scanning("deletion", challenge, &["crm.db", "exports"], &["--out", out]);
    let key = format!("keys/{party}.key");
    let words: Vec<&str> =
        words.iter().map(|word| if word == "keys/recipient.key" { key.as_str() } else { word.as_str() }).collect();
    world.run(now, &words)
}

fn state(world: &World, now: &str) -> String {
    let json = world.run(now, &["status", "--format", "json"]).json();
    json["supplies"][0]["state"].as_str().expect("a state").to_owned()
}

/// A key pair that replaces the recipient's.
fn renewed(world: &World) {
    let words = ["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key"];
    world.run(AFTER, &words).exits_with(0).stderr_is("").prints("keys/renewed.rotation.json");
}

fn compared(world: &World, party: &str) {
    world.run(AFTER, &["keygen", "--name", "The recipient", "--out", &format!("keys/{party}")]).exits_with(0);
}

#[test]
fn a_recipient_has_a_new_key() {
    let world = World::asked();
    let old = key(&world, "recipient");
    world.keep(&[]);
    scan_by(&world, AFTER, "deletion.challenge.json", "recipient", "old.json").exits_with(0);
    renewed(&world);
    let new = key(&world, "renewed");
    let rotation = payload(&world.case.read("keys/renewed.rotation.json"));
    assert_eq!(
        (&rotation["predicate"]["oldKey"], &rotation["predicate"]["newCard"]["fingerprint"]),
        (&old.clone().into(), &new.clone().into())
    );
    world.run(AFTER, &["inspect", "keys/renewed.rotation.json"]).exits_with(0).prints(&new).prints("NOT checked");
    let entered = world.run(LATER, &["recipient", "rotate", "keys/renewed.rotation.json"]);
    entered
        .exits_with(0)
        .stderr_is("")
        .prints("The recipient: current")
        .prints("can answer any more")
        .prints("--phase deletion`");
    world.run(LATER, &["recipient", "rotate", "keys/renewed.rotation.json"]).exits_with(1).warns("the key was replaced already");

    // What the old key signed, and what is for it, counts no more.
    assert_eq!(state(&world, LATER), "challenge issued");
    let board = world.run(LATER, &["status"]);
    board.exits_with(13).prints("--phase deletion");
    let refused = world.run(LATER, &["verify", "old.json"]);
    refused.exits_with(12).prints(&format!("signed by `{old}`, which `{new}` has replaced since {LATER}"));
    scan_by(&world, LATER, "deletion.challenge.json", "renewed", "none.json").exits_with(1);
    let supply = world.supplying("supply.csv", "again", &[]);
    let refused = world.run(LATER, &supply);
    refused.exits_with(1).warns("was replaced by").warns(&format!("name the card of its successor `{new}`"));

    // The manifests stay as they were delivered; the challenge goes to the new key, and so it ends in clear.
    world.run(LATER, &world.asking("deletion", "2.challenge.json", &[])).exits_with(0);
    scan_by(&world, LATER, "2.challenge.json", "recipient", "none.json").exits_with(1);
    scan_by(&world, LATER, "2.challenge.json", "renewed", "new.json").exits_with(0).prints("clear");
    world.run(LATER, &["verify", "new.json"]).exits_with(0).prints("Appraisal: clear");
    assert_eq!(state(&world, LATER), "attested clear");
    world.run(LATER, &["verify", "baseline.attestation.json"]).exits_with(0);

    let shown = world.run(LATER, &["supplies", "show", &world.supply_id()]);
    shown.exits_with(0).prints(&format!("(key {old})")).prints(&format!("challenges go to its key {new}"));
    let list = world.run(LATER, &["recipient", "list"]);
    list.exits_with(0).prints(&format!("{old}  The recipient: replaced")).prints("named by a supply, 1 supply");
    list.prints(&format!("  replaced on 2017-07-02 by {new}")).prints("signed by the key before it");
    let json = world.run(LATER, &["recipient", "list", "--format", "json"]).json();
    let states: Vec<&str> = json["recipients"].as_array().expect("keys").iter().filter_map(|key| key["state"].as_str()).collect();
    assert_eq!(states, ["replaced", "current"]);
}

#[test]
fn a_stolen_key_is_revoked_and_reaches_back() {
    let world = World::asked();
    let old = key(&world, "recipient");
    world.keep(&[]);
    scan_by(&world, AFTER, "deletion.challenge.json", "recipient", "1.json").exits_with(0);
    world.verify("1.json").exits_with(0);
    assert_eq!(state(&world, LATER), "attested clear");

    let revoke =
        |since: &str, reason: &str| world.run(LATER, &["recipient", "revoke", &old[..14], "--since", since, "--reason", reason]);
    revoke("2017-07-03", "stolen").exits_with(1).warns("which is to come");
    revoke("yesterday", "stolen").exits_with(1).warns("is no day");
    revoke("2017-07-01", "two\nlines").exits_with(1).warns("in one line");
    let revoked = revoke("2017-07-01", "laptop stolen");
    revoked.exits_with(0).stderr_is("").prints("revoked as of 2017-07-01: laptop stolen").prints("Answers that no longer count:");
    revoke("2017-07-02", "laptop stolen").exits_with(1).warns("is revoked already");

    assert_eq!(state(&world, LATER), "inconclusive");
    let verified = world.run(LATER, &["verify", "1.json"]);
    verified.exits_with(12).prints(&format!("signed by `{old}`, which is revoked as of 2017-07-01: laptop stolen"));
    let shown = world.run(LATER, &["supplies", "show", &world.supply_id()]);
    shown.prints("appraised inconclusive").prints("laptop stolen");
    let asked = world.run(LATER, &world.asking("deletion", "2.challenge.json", &[]));
    asked.exits_with(1).warns("is revoked as of 2017-07-01").warns("residua recipient add CARD --replaces KEY");
    assert!(!world.case.path("2.challenge.json").exists());
    world.run(LATER, &world.supplying("supply.csv", "again", &[])).exits_with(1).warns("is revoked as of");

    // Whoever stole the key names a card of its own. It is the officer who compares.
    renewed(&world);
    let rotated = world.run(LATER, &["recipient", "rotate", "keys/renewed.rotation.json"]);
    rotated.exits_with(1).warns("is revoked, so that it names no successor");
    compared(&world, "compared");
    let added = world.run(LATER, &["recipient", "add", "keys/compared.card.json", "--replaces", &old]);
    added.exits_with(0).prints("compared by you");
    world.run(LATER, &world.asking("deletion", "2.challenge.json", &[])).exits_with(0);
    scan_by(&world, LATER, "2.challenge.json", "compared", "2.json").exits_with(0);
    world.run(LATER, &["verify", "2.json"]).exits_with(0);
    assert_eq!(state(&world, LATER), "attested clear");
}

#[test]
fn what_is_no_rotation_is_refused() {
    let world = World::asked();
    compared(&world, "stranger");
    world.run(AFTER, &["keygen", "--name", "Y", "--out", "keys/other", "--replaces", "keys/stranger.key"]).exits_with(0);
    let rotate = |file: &str| world.run(LATER, &["recipient", "rotate", file]);
    rotate("keys/other.rotation.json")
        .exits_with(1)
        .warns("no recipient's key of this ledger has signed it")
        .warns("--replaces KEY");
    rotate("keys/recipient.card.json").exits_with(1).warns("cannot accept the rotation");
    rotate("baseline.attestation.json").exits_with(1).warns("cannot accept the rotation").warns("`attestation`");
    rotate("none.json").exits_with(1).warns("there is no such file");
    renewed(&world);
    let mut statement = payload(&world.case.read("keys/renewed.rotation.json"));
    statement["predicate"]["newCard"] = serde_json::from_str(&world.case.read("keys/stranger.card.json")).expect("a card");
    world.case.write("forged.json", sign(&world, "recipient", &statement));
    rotate("forged.json").exits_with(1).warns("it is about another card than the one that it holds");
    world.run(LATER, &["verify", "keys/renewed.rotation.json"]).exits_with(12).prints("of the kind `rotation`");
    // None of these changed the ledger.
    let json = world.run(LATER, &["recipient", "list", "--format", "json"]).json();
    assert_eq!(json["recipients"].as_array().expect("keys").len(), 1);

    let existing = ["keygen", "--name", "Y", "--out", "keys/fresh", "--replaces", "keys/recipient.key"];
    world.case.write("keys/fresh.rotation.json", "mine");
    world.run(AFTER, &existing).exits_with(1).warns("keys/fresh.rotation.json` exists already");
    assert_eq!(world.case.read("keys/fresh.rotation.json"), "mine");
    assert!(!world.case.path("keys/fresh.key").exists());
}

/// Cards may be pinned before anything is supplied.
#[test]
fn a_ledger_may_begin_with_its_recipients() {
    let world = World::new();
    world.run(SUPPLIED, &["recipient", "list"]).exits_with(1).warns("there is no ledger");
    let add = |card: &str| world.run(SUPPLIED, &["recipient", "add", card, "--format", "json"]);
    let added = add("keys/recipient.card.json");
    added.exits_with(0);
    assert_eq!(added.json()["recipient"]["state"], "current");
    add("keys/recipient.card.json").exits_with(1).warns("this key is in the ledger already");
    add("keys/recipient.key").exits_with(1).warns("is not a usable card");
    let unknown = world.run(SUPPLIED, &["recipient", "add", "keys/originator.card.json", "--replaces", "SHA256:none"]);
    unknown.exits_with(1).warns("whose fingerprint begins with `SHA256:none`");
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    world.run(SUPPLIED, &["recipient", "list"]).exits_with(0).prints("compared by you, 1 supply");
}
