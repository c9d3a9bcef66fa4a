//! Papers between the parties: an officer's countersignature of an attestation, the originator's receipt for it, and declarations that were refused.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use serde_json::Value;
use serde_json::json;

/// The day after [`AFTER`].
const LATER: &str = "2017-07-02T09:00:00Z";

fn key(world: &World, party: &str) -> String {
    let card: Value = serde_json::from_str(&world.case.read(&format!("keys/{party}.card.json"))).expect("a card");
    card["fingerprint"].as_str().expect("a fingerprint").to_owned()
}

fn state(world: &World) -> String {
    let json = world.run(AFTER, &["status", "--format", "json"]).json();
    json["supplies"][0]["state"].as_str().expect("a state").to_owned()
}

fn lines(world: &World) -> usize {
    world.case.read("ledger/ledger.jsonl").lines().count()
}

fn new_key(world: &World, name: &str) {
    world.run(SUPPLIED, &["keygen", "--name", name, "--out", &format!("keys/{name}")]).exits_with(0);
}

fn pin(world: &World, officer: &str) -> Output {
    world.run(AFTER, &["recipient", "add", "keys/recipient.card.json", "--officer", &format!("keys/{officer}.card.json")])
}

fn countersign(world: &World, attestation: &str, officer: &str, out: &str) -> Output {
    let key = format!("keys/{officer}.key");
    let words = ["countersign", attestation, "--as", &key, "--from", "keys/recipient.card.json", "--out", out];
    world.run(AFTER, &[&words[..], &["--name", "B. Other", "--role", "director"]].concat())
}

/// An officer, a deletion challenge that requires a countersignature, and a clear answer in `1.json`.
fn required() -> World {
    let world = World::with_baseline();
    new_key(&world, "officer");
    pin(&world, "officer").exits_with(0);
    world.ask("deletion", "1.challenge.json", &["--require-countersignature"]).exits_with(0);
    world.keep(&[]);
    world.scan("deletion", "1.challenge.json", &["crm.db", "exports"], &["--out", "1.json"]).exits_with(0);
    world
}

fn verify(world: &World, files: &[&str]) -> Output {
    world.run(AFTER, &[&["verify"], files].concat())
}

#[test]
fn an_answer_waits_for_its_officer() {
    let world = required();
    let missing = verify(&world, &["1.json"]);
    missing.exits_with(10).prints("Appraisal: inconclusive").prints("requires a countersignature by an officer");
    missing.prints("help: ask the recipient's officer for the countersignature: `residua countersign`");
    assert_eq!(state(&world), "inconclusive");

    let signed = countersign(&world, "1.json", "officer", "approval.json");
    signed
        .exits_with(0)
        .stderr_is("")
        .prints("You countersign as B. Other, director, what The recipient attests:")
        .prints("clear");
    signed.prints(&world.supply_id());
    world.run(AFTER, &["inspect", "approval.json"]).exits_with(0).prints("B. Other").prints("NOT checked");
    let entered = verify(&world, &["approval.json"]);
    entered.exits_with(0).prints("Countersigned by B. Other, director").prints("which is now appraised as: clear");
    assert_eq!(state(&world), "attested clear");
    verify(&world, &["1.json"]).exits_with(0).prints("Countersigned by B. Other, director");
    // Again, and nothing is added.
    let before = lines(&world);
    verify(&world, &["approval.json"]).exits_with(0);
    verify(&world, &["approval.json", "1.json"]).exits_with(0);
    assert_eq!(lines(&world), before);
    world.run(AFTER, &["ledger", "verify"]).exits_with(0).prints("The ledger is sound.");
    let inspected = world.run(AFTER, &["recipient", "list"]);
    inspected.exits_with(0).prints(&format!("officer {}  officer: current, pinned 2017-07-01", key(&world, "officer")));
    let list = world.run(AFTER, &["recipient", "list", "--format", "json"]).json();
    assert_eq!(list["recipients"][0]["officers"][0]["state"], "current");
}

#[test]
fn both_come_at_once_in_any_order() {
    for order in [["1.json", "approval.json"], ["approval.json", "1.json"]] {
        let world = required();
        countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
        let verified = world.run(AFTER, &[&["verify"][..], &order, &["--format", "json"]].concat());
        let json = verified.exits_with(0).json();
        assert_eq!((&json["approvals"][0]["result"], &json["approvals"][0]["appraisal"]), (&json!("accepted"), &json!("clear")));
        assert_eq!(json["attestations"][0]["appraisal"], "clear");
        assert_eq!(json["attestations"][0]["countersignedBy"]["role"], "director");
        assert_eq!(state(&world), "attested clear");
    }
    // Before it, by itself, it is of nothing that is known.
    let world = required();
    countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
    verify(&world, &["approval.json"]).exits_with(12).prints("which was not received for its challenge");
    verify(&world, &["1.json"]).exits_with(10);
    verify(&world, &["approval.json"]).exits_with(0);
    assert_eq!(state(&world), "attested clear");
}

#[test]
fn who_attests_does_not_countersign() {
    let world = required();
    let own = countersign(&world, "1.json", "recipient", "own.json");
    own.exits_with(1).warns("this is the key that signed the attestation").warns("somebody else countersigns");
    assert!(!world.case.path("own.json").exists());
    pin(&world, "recipient").exits_with(1).warns("signs attestations");
    world.run(AFTER, &["recipient", "add", "keys/officer.card.json"]).exits_with(1).warns("an officer's, who countersigns");
    // What a recipient could write who alters its program.
    countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
    let statement = payload(&world.case.read("approval.json"));
    world.case.write("forged.json", sign(&world, "recipient", &statement));
    verify(&world, &["1.json", "forged.json"]).exits_with(12).prints("a key that signs attestations, and so by no officer");
    assert_eq!(state(&world), "inconclusive");
    // An officer whom nobody pinned, and one of other bytes.
    new_key(&world, "stranger");
    countersign(&world, "1.json", "stranger", "2.json").exits_with(0);
    verify(&world, &["2.json"]).exits_with(12).prints("no officer of this ledger has signed these bytes");
    let mut altered = statement;
    altered["subject"][0]["digest"]["sha256"] = json!("0".repeat(64));
    world.case.write("altered.json", sign(&world, "officer", &altered));
    verify(&world, &["altered.json"]).exits_with(12).prints("which was not received for its challenge");
    assert_eq!(state(&world), "inconclusive");
    // Each is a failure of its own; the attestation beside it is not touched.
    verify(&world, &["altered.json", "approval.json"]).exits_with(12).prints("now appraised as: clear");
    assert_eq!(state(&world), "attested clear");
}

#[test]
fn an_officer_who_is_revoked_opens_it_again() {
    let world = required();
    countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
    verify(&world, &["1.json", "approval.json"]).exits_with(0);
    let revoke = |officer: &str| {
        world.run(LATER, &["recipient", "revoke", &key(&world, officer), "--since", "2017-07-01", "--reason", "left in May"])
    };
    let revoked = revoke("officer");
    revoked.exits_with(0).stderr_is("").prints("officer: revoked").prints("revoked as of 2017-07-01: left in May");
    revoked.prints("Answers that no longer count:");
    assert_eq!(state(&world), "inconclusive");
    verify(&world, &["1.json"]).exits_with(10).prints("which is revoked as of 2017-07-01: left in May");
    verify(&world, &["approval.json"]).exits_with(12).prints("is revoked as of 2017-07-01");
    pin(&world, "officer").exits_with(1).warns("this officer's key is revoked");
    // Nobody is left to countersign, until another is pinned.
    world
        .ask("deletion", "2.challenge.json", &["--require-countersignature"])
        .exits_with(1)
        .warns("has no officer")
        .warns("--officer");
    new_key(&world, "second");
    pin(&world, "second").exits_with(0);
    countersign(&world, "1.json", "second", "approval-2.json").exits_with(0);
    verify(&world, &["approval-2.json"]).exits_with(0).prints("now appraised as: clear");
    assert_eq!(state(&world), "attested clear");
}

#[test]
fn nobody_signs_what_was_altered() {
    let world = required();
    let words = |extra: &[&str]| {
        let fixed =
            ["countersign", "1.json", "--as", "keys/officer.key", "--from", "keys/recipient.card.json", "--out", "a.json"];
        world.run(AFTER, &[&fixed[..], extra].concat())
    };
    words(&["--name", " ", "--role", "director"]).exits_with(2).warns("one line of 1 to 1000 bytes");
    words(&["--name", "two\nlines", "--role", "director"]).exits_with(2);
    let text = world.case.read("1.json");
    world.case.write("1.json", text.replacen("eyJ", "eyK", 1));
    words(&["--name", "B. Other", "--role", "director"]).exits_with(1);
    world.case.write("1.json", world.case.read("1.challenge.json"));
    words(&["--name", "B. Other", "--role", "director"]).exits_with(1);
    assert!(!world.case.path("a.json").exists());
}

/// Where it is not required it changes nothing, and is told.
#[test]
fn one_that_nobody_asked_for_is_told() {
    let world = World::asked();
    new_key(&world, "officer");
    pin(&world, "officer").exits_with(0);
    pin(&world, "officer").exits_with(1).warns("this key is in the ledger already");
    world.keep(&[]);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "1.json"]).exits_with(0);
    verify(&world, &["1.json"]).exits_with(0);
    countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
    verify(&world, &["approval.json"]).exits_with(0);
    verify(&world, &["1.json"]).exits_with(0).prints("Countersigned by B. Other, director, on 2017-07-01T09:00:00Z");
}

/// Nothing left, asked, and answered in `1.json`.
fn answered() -> World {
    let world = World::asked();
    world.keep(&[]);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "1.json"]).exits_with(0);
    world
}

const RECEIPTS: [&str; 4] = ["--as", "keys/originator.key", "--receipts", "receipts"];

fn receipted(world: &World, files: &[&str], extra: &[&str]) -> Output {
    world.run(AFTER, &[&["verify"][..], files, &RECEIPTS, extra].concat())
}

#[test]
fn what_was_entered_is_confirmed() {
    let world = answered();
    let verified = receipted(&world, &["1.json"], &[]);
    verified.exits_with(0).stderr_is("").prints("Receipt: receipts/1.json.receipt.json");
    let file = "receipts/1.json.receipt.json";
    let kept = world.case.read(file);
    let statement = payload(&kept);
    let said = &statement["predicate"];
    assert_eq!(statement["predicateType"], "urn:residua:receipt:v1");
    assert_eq!(said["attestationSha256"], statement["subject"][0]["digest"]["sha256"]);
    assert_eq!((&said["appraisal"], &said["receivedAt"]), (&Value::Null, &json!(AFTER)));
    // The line that it names is the attestation's own, and its own follows.
    let before = lines(&world);
    assert_eq!(said["ledgerEntries"], before - 1);
    // Received again, it is the same receipt, whether the file is there or not.
    receipted(&world, &["1.json"], &[]).exits_with(0);
    std::fs::remove_file(world.case.path(file)).expect("a receipt");
    world.run(LATER, &[&["verify", "1.json"][..], &RECEIPTS].concat()).exits_with(0);
    assert_eq!((world.case.read(file), lines(&world)), (kept, before));
    let json = receipted(&world, &["1.json"], &["--format", "json"]).json();
    assert_eq!(json["attestations"][0]["receipt"], file);

    // The recipient checks and reads it, and the ledger is held against it.
    let inspected = world.run(AFTER, &["inspect", file, "--from", "keys/originator.card.json"]);
    inspected.exits_with(0).prints("The signature is by SHA256:").prints("of The originator.").prints("not stated");
    let json = world.run(AFTER, &["inspect", file, "--from", "keys/originator.card.json", "--format", "json"]).json();
    assert_eq!(json["isSignatureChecked"], true);
    world.run(AFTER, &["inspect", file]).exits_with(0).prints("NOT checked");
    world.run(AFTER, &["inspect", file, "--from", "keys/recipient.card.json"]).exits_with(1).stdout_is("").warns("and not by");
    world
        .run(AFTER, &["inspect", "supply.csv", "--from", "keys/recipient.card.json"])
        .exits_with(1)
        .warns("is no signed document");
    let audit = world.run(AFTER, &["ledger", "verify", "--against", file, "--against", "deletion.challenge.json"]);
    audit.exits_with(0).prints("The ledger is sound.").prints(&format!("was issued after line {}, which is there", before - 1));
    // Without its own line, and with a number of lines that is another's.
    let mut other = statement;
    other["predicate"]["appraisal"] = json!("clear");
    world.case.write("other.json", sign(&world, "originator", &other));
    world.run(AFTER, &["ledger", "verify", "--against", "other.json"]).exits_with(12).prints("has no line itself");
    other["predicate"]["ledgerEntries"] = json!(1);
    world.case.write("other.json", sign(&world, "originator", &other));
    world.run(AFTER, &["ledger", "verify", "--against", "other.json"]).exits_with(12).prints("counts other lines");
    other["predicate"]["ledgerHead"] = json!("1".repeat(64));
    world.case.write("other.json", sign(&world, "originator", &other));
    world.run(AFTER, &["ledger", "verify", "--against", "other.json"]).exits_with(12).prints("that it does not have");
    world.case.write("other.json", sign(&world, "recipient", &other));
    world.run(AFTER, &["ledger", "verify", "--against", "other.json"]).exits_with(12).prints("not signed by the originator");
    world.run(AFTER, &["ledger", "verify", "--against", "1.json"]).exits_with(1);
}

#[test]
fn what_was_concluded_is_told_only_where_it_is_asked_for() {
    let world = answered();
    receipted(&world, &["1.json"], &[]).exits_with(0);
    let told = || payload(&world.case.read("receipts/1.json.receipt.json"))["predicate"]["appraisal"].clone();
    // The one that stands there says less, and is not overwritten unasked.
    receipted(&world, &["1.json"], &["--with-appraisal"]).exits_with(1).warns("exists already").prints("Appraisal: clear");
    assert_eq!(told(), Value::Null);
    receipted(&world, &["1.json"], &["--with-appraisal", "--force"]).exits_with(0);
    assert_eq!(told(), "clear");
    // And without being asked again it is the silent one.
    receipted(&world, &["1.json"], &["--force"]).exits_with(0);
    assert_eq!(told(), Value::Null);
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);
}

#[test]
fn only_the_originator_confirms_and_only_what_was_entered() {
    let world = answered();
    new_key(&world, "other");
    let words = ["verify", "1.json", "--receipts", "receipts", "--as", "keys/other.key"];
    world.run(AFTER, &words).exits_with(1).warns("this key made no supply of this ledger");
    assert_eq!(state(&world), "challenge issued");
    world.run(AFTER, &["verify", "1.json", "--receipts", "receipts"]).exits_with(2);
    world.run(AFTER, &["verify", "1.json", "--as", "keys/originator.key"]).exits_with(2);
    // Nobody's attestation, and a file that is none.
    let statement = payload(&world.case.read("1.json"));
    world.case.write("forged.json", sign(&world, "other", &statement));
    receipted(&world, &["forged.json", "supply.csv"], &[]).exits_with(12);
    assert!(!world.case.path("receipts/forged.json.receipt.json").exists());
    // Two of one name: the second is not written over the first.
    let mut failing = statement;
    failing["predicate"]["verdict"] = json!("present");
    world.case.write("again/1.json", sign(&world, "recipient", &failing));
    let both = receipted(&world, &["1.json", "again/1.json"], &[]);
    both.exits_with(1).warns("exists already").prints("Appraisal: failed");
    let kept = payload(&world.case.read("receipts/1.json.receipt.json"));
    assert_eq!(kept["predicate"]["attestationSha256"], kept["subject"][0]["digest"]["sha256"]);
    assert_eq!(state(&world), "attested clear");
}

/// A receipt that waits for a countersignature in the same call is given once that was entered.
#[test]
fn a_receipt_comes_after_the_countersignature() {
    let world = required();
    countersign(&world, "1.json", "officer", "approval.json").exits_with(0);
    receipted(&world, &["1.json", "approval.json"], &["--with-appraisal"]).exits_with(0);
    assert_eq!(payload(&world.case.read("receipts/1.json.receipt.json"))["predicate"]["appraisal"], "clear");
    world.run(AFTER, &["ledger", "verify", "--against", "receipts/1.json.receipt.json"]).exits_with(0);
}

const ARCHIVE: &str = "[[not_scanned]]\nsystem = \"tape archive\"\nreason = \"offline\"\n";
const HOUSE: &str = "[[onward]]\nrecipient = \"the mailing house\"\nreason = \"printed the letters\"\n";

#[test]
fn what_was_refused_is_remembered() {
    let world = World::asked();
    world.keep(&[]);
    world.case.write("declared.toml", format!("{ARCHIVE}{HOUSE}"));
    world.case.write("archive.toml", ARCHIVE);
    world.case.write("house.toml", HOUSE);
    let answer = |challenge: &str, out: &str| {
        world.scan("deletion", challenge, &["crm.db", "exports"], &["--declare", "declared.toml", "--out", out]).exits_with(10);
    };
    answer("deletion.challenge.json", "1.json");
    let first = verify(&world, &["1.json"]);
    first.exits_with(10);
    assert!(!first.stdout.contains("Refused by you before"), "{}", first.stdout);
    let show = || world.run(LATER, &["supplies", "show", &world.supply_id()]);
    show().prints("system not scanned `tape archive`: proposed").prints("onward recipient `the mailing house`: proposed");

    let ask = |out: &str, extra: &[&str]| world.run(LATER, &world.asking("deletion", out, extra));
    ask("no.json", &["--accept", "declared.toml", "--refuse", "archive.toml"])
        .exits_with(1)
        .warns("the system not scanned `tape archive` is both accepted and refused");
    assert!(!world.case.path("no.json").exists());
    ask("2.challenge.json", &["--accept", "house.toml", "--refuse", "archive.toml"])
        .exits_with(0)
        .prints("Refused: system not scanned `tape archive`");
    // It stands in the ledger, and not in the challenge.
    assert!(!payload(&world.case.read("2.challenge.json")).to_string().contains("tape archive"));
    assert!(
        world
            .case
            .read("ledger/ledger.jsonl")
            .contains("\"refused\":[{\"kind\":\"system not scanned\",\"name\":\"tape archive\"")
    );
    show()
        .prints("system not scanned `tape archive`: refused by you")
        .prints("onward recipient `the mailing house`: accepted by you");
    let json = world.run(LATER, &["supplies", "show", &world.supply_id(), "--format", "json"]).json();
    assert_eq!(
        json["supplies"][0]["declarations"][0],
        json!({ "state": "refused", "kind": "system not scanned", "name": "tape archive" })
    );

    let words = world.scanning(
        "deletion",
        "2.challenge.json",
        &["crm.db", "exports"],
        &["--declare", "declared.toml", "--out", "2.json"],
    );
    world.run(LATER, &words).exits_with(10);
    let again = world.run(LATER, &["verify", "2.json"]);
    again.exits_with(10).prints("Refused by you before, word for word: system not scanned `tape archive` (on 2017-07-02)");
    assert!(!again.stdout.contains("Refused by you before, word for word: onward"), "{}", again.stdout);
    let json = world.run(LATER, &["verify", "2.json", "--format", "json"]).json();
    assert_eq!(json["attestations"][0]["refusedBefore"], json!(["system not scanned `tape archive` (on 2017-07-02)"]));
    // The first answer came before it was refused.
    let first = world.run(LATER, &["verify", "1.json"]);
    assert!(!first.stdout.contains("Refused by you before"), "{}", first.stdout);
    // In other words it is another declaration.
    world.case.write("declared.toml", format!("{}{HOUSE}", ARCHIVE.replace("offline", "in the vault")));
    ask("3.challenge.json", &["--accept", "house.toml"]).exits_with(0);
    let words = world.scanning(
        "deletion",
        "3.challenge.json",
        &["crm.db", "exports"],
        &["--declare", "declared.toml", "--out", "3.json"],
    );
    world.run(LATER, &words).exits_with(10);
    let other = world.run(LATER, &["verify", "3.json"]);
    assert!(!other.stdout.contains("Refused by you before"), "{}", other.stdout);
    show().prints("system not scanned `tape archive`: proposed");
    world.run(LATER, &["ledger", "verify"]).exits_with(0);
}

#[test]
fn a_document_that_is_gone_hides_nothing_of_what_the_lines_say() {
    let world = answered();
    world.verify("1.json").exits_with(0);
    let receipt = world.run(AFTER, &["supplies", "show", &world.supply_id(), "--format", "json"]).json();
    let challenges = receipt["supplies"][0]["challenges"].as_array().expect("challenges");
    let digest = challenges.last().expect("a challenge")["receipts"][0]["attestation"].as_str().expect("a digest").to_owned();
    std::fs::remove_file(world.case.path(&format!("ledger/envelopes/{digest}.json"))).expect("a document");
    let shown = world.run(AFTER, &["supplies", "show", &world.supply_id()]);
    shown.exits_with(1).prints("State: ").prints("attestation received").warns(&digest).warns("restore the file from a backup");
}

#[test]
fn who_asks_for_less_than_before_is_told() {
    let world = required();
    verify(&world, &["1.json"]).exits_with(10);
    world.case.write("declared.toml", "[[not_scanned]]\nsystem = \"archive\"\nreason = \"offline\"\n");
    let second = world.ask("recheck", "2.challenge.json", &["--accept", "declared.toml"]);
    second.exits_with(0).prints("Note: the challenge before required an officer's countersignature, and this one does not");
    assert!(!second.stdout.contains("accepts none"), "{}", second.whole());
    let third = world.ask("recheck", "3.challenge.json", &["--require-countersignature"]);
    third.exits_with(0).prints("Note: the challenge before accepted declarations, and this one accepts none");
    assert!(!third.stdout.contains("and this one does not"), "{}", third.whole());
}

#[test]
fn officers_stand_with_the_current_key() {
    let world = required();
    let new = ["keygen", "--name", "The recipient", "--out", "keys/new", "--replaces", "keys/recipient.key"];
    world.run(AFTER, &new).exits_with(0);
    world.run(AFTER, &["recipient", "rotate", "keys/new.rotation.json"]).exits_with(0);
    let list = world.run(AFTER, &["recipient", "list", "--format", "json"]).json();
    let keys = list["recipients"].as_array().expect("keys");
    for key in keys {
        let officers = key["officers"].as_array().map_or(0, Vec::len);
        assert_eq!(officers, usize::from(key["state"] == "current"), "{list:#}");
    }
}
