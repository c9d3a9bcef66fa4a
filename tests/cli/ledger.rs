//! `ledger verify`, `repair` and `export`: whatever is taken from a ledger, put in or altered is seen, and nothing is repaired in passing.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use std::fs;

const LINES: &str = "ledger/ledger.jsonl";
const HEAD: &str = "ledger/head";

/// The kinds of the faults that are found, and the exit code that fits them.
#[track_caller]
fn faults(world: &World, against: &[&str]) -> Vec<String> {
    let flags = against.iter().flat_map(|file| ["--against", file]);
    let words: Vec<&str> = ["ledger", "verify", "--format", "json"].into_iter().chain(flags).collect();
    let output = world.run(AFTER, &words);
    let json = output.stderr_is("").json();
    let faults: Vec<String> = all(&json["faults"], "kind");
    let code = if faults.iter().any(|kind| kind == "unseen") { 1 } else { 12 * i32::from(!faults.is_empty()) };
    output.exits_with(code);
    assert_eq!(json["sound"], faults.is_empty());
    assert!(all(&json["faults"], "help").iter().all(|help| !help.is_empty()));
    faults
}

fn all(values: &Value, member: &str) -> Vec<String> {
    let values = values.as_array().expect("an array").iter();
    values.map(|value| value[member].as_str().expect("a text").to_owned()).collect()
}

#[track_caller]
fn verified(world: &World) -> Output {
    world.run(AFTER, &["ledger", "verify"])
}

/// The documents of the ledger.
fn envelopes(world: &World) -> Vec<String> {
    world.case.files().into_iter().filter(|name| name.starts_with("ledger/envelopes/")).collect()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Writes lines and their head so that they hold together, as somebody could who knows how. A line that is the same keeps its digest.
fn rewrite(world: &World, lines: &[String]) {
    let mut previous = "0".repeat(64);
    let mut text = String::new();
    for line in lines {
        let (before, after) = line.split_once("\"previous\":\"").expect("a line");
        let line = format!("{before}\"previous\":\"{previous}{}", &after[64..]);
        previous = hex(&Sha256::digest(&line));
        text += &(line + "\n");
    }
    world.case.write(LINES, text);
    world.case.write(HEAD, format!("{} {previous}\n", lines.len()));
}

fn lines(world: &World) -> Vec<String> {
    world.case.read(LINES).lines().map(str::to_owned).collect()
}

/// Before the last line was written, and after: both heads and all lines, which are four.
fn heads(world: &World) -> (String, String, String) {
    let before = world.case.read(HEAD);
    world.ask("deletion", "deletion.challenge.json", &[]).exits_with(0);
    (before, world.case.read(HEAD), world.case.read(LINES))
}

#[test]
fn a_sound_ledger_is_said_to_be_sound() {
    let world = World::asked();
    verified(&world)
        .exits_with(0)
        .stderr_is("")
        .prints("documents  5, 1 of them signed by recipients")
        .prints("secrets    1 file\n")
        .prints("manifests  1 file\nThe ledger is sound.\n")
        .prints("--against");
    assert!(faults(&world, &["baseline.challenge.json", "deletion.challenge.json"]).is_empty());
    let against = world.run(AFTER, &["ledger", "verify", "--against", "deletion.challenge.json"]);
    against.exits_with(0).prints("`deletion.challenge.json` was issued after line 3, which is there.\n");
    assert!(!against.stdout.contains("--against"));
    let json = world.run(AFTER, &["ledger", "verify", "--format", "json", "--against", "deletion.challenge.json"]).json();
    assert_eq!((&json["lines"], &json["against"][0]["line"]), (&Value::from(4), &Value::from(3)));
    world.run(AFTER, &["ledger", "repair"]).exits_with(0).stdout_is("Nothing to repair.\n");
    world.run(AFTER, &["ledger", "verify", "--ledger", "none"]).exits_with(1).warns("there is no ledger in `none`");
    world.run(AFTER, &["ledger", "repair", "--ledger", "none"]).exits_with(1).warns("there is no ledger in `none`");
}

#[test]
fn a_cut_at_any_byte_of_the_last_line_is_seen() {
    let world = World::with_baseline();
    let (before, after, text) = heads(&world);
    let from = text.trim_end().rfind('\n').expect("lines") + 1;
    for end in from..text.len() {
        world.case.write(LINES, &text[..end]);
        // `head` knows the line: it was whole, and somebody cut it.
        assert_eq!(faults(&world, &[]), ["lines"], "{end}");
        if end % 40 == 0 {
            world.case.write(HEAD, &before);
            let torn: &[&str] = if end == from { &[] } else { &["lines"] };
            assert_eq!(faults(&world, &[]), torn, "{end}");
            world.case.write(HEAD, &after);
            let refused = world.run(AFTER, &["ledger", "repair"]);
            refused.exits_with(1).stdout_is("").warns("lines that stood after it are missing").warns("help: ");
            assert_eq!(world.case.read(LINES), text[..end]);
        }
    }
}

#[test]
fn a_torn_line_is_repaired_by_its_command_alone() {
    let world = World::with_baseline();
    let (before, _, text) = heads(&world);
    let torn = &text[..text.len() - 30];
    world.case.write(LINES, torn);
    world.case.write(HEAD, &before);
    for words in [&["status"][..], &["supplies", "list"]] {
        world.run(AFTER, words).exits_with(1).warns("line 4, was cut short").warns("help: `residua ledger repair`");
    }
    verified(&world)
        .exits_with(12)
        .prints("Fault: the last line of the ledger, line 4, was cut short\n  help: `residua ledger repair`");
    assert_eq!(world.case.read(LINES), torn);
    let repaired = world.run(AFTER, &["ledger", "repair"]);
    repaired.exits_with(0).stderr_is("").prints("Line 4 was cut off: ").prints("run the command again");
    let kept: Vec<String> = world.case.files().into_iter().filter(|name| name.starts_with("ledger/torn-4-")).collect();
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    assert!(torn.ends_with(&world.case.read(kept)));
    verified(&world).exits_with(0).prints("Note: line 4 was cut short once; the ").prints("The ledger is sound.");
    assert!(lines(&world)[3].contains("\"entry\":{\"repair\":{\"line\":4,\"bytes\":"), "{:?}", lines(&world));
    // The challenge was never entered, and so has left a document that no line names. Another takes its place.
    verified(&world).prints("Note: no line names 1 file in `envelopes`: `");
    world.ask("deletion", "again.challenge.json", &[]).exits_with(0);
    let json = world.run(AFTER, &["ledger", "repair", "--format", "json"]).exits_with(0).json();
    assert_eq!(json["repaired"], Value::Array(Vec::new()));
    // What was cut off is evidence, too.
    world.case.write(kept, "x");
    assert_eq!(faults(&world, &[]), ["kept"]);
    fs::remove_file(world.case.path(kept)).expect("a removed file");
    assert_eq!(faults(&world, &[]), ["kept"]);
}

#[test]
fn a_repair_goes_on_where_the_machine_failed() {
    let world = World::with_baseline();
    let (before, _, text) = heads(&world);
    let from = text.trim_end().rfind('\n').expect("lines") + 1;
    // Only the line feed is lacking.
    let torn = &text[from..text.len() - 1];
    world.case.write(LINES, &text[..text.len() - 1]);
    world.case.write(HEAD, &before);
    world.run(AFTER, &["ledger", "repair"]).exits_with(0).prints("Only its line feed was lacking");
    let kept = format!("ledger/torn-4-{}", &hex(&Sha256::digest(torn))[..8]);
    assert_eq!(world.case.read(&kept), torn);
    let (repaired, head) = (world.case.read(LINES), world.case.read(HEAD));
    // Each state in which the machine may have failed: nothing, kept, cut, written down.
    for (has_kept, left, adds) in
        [(false, &text[..text.len() - 1], 1), (true, &text[..text.len() - 1], 1), (true, &text[..from], 1), (true, &repaired, 0)]
    {
        world.case.write(LINES, left);
        world.case.write(HEAD, &before);
        if !has_kept {
            fs::remove_file(world.case.path(&kept)).expect("a removed file");
        }
        let json = world.run(AFTER, &["ledger", "repair", "--format", "json"]).exits_with(0).json();
        assert_eq!(json["repaired"].as_array().expect("an array").len(), adds);
        assert_eq!(world.case.read(LINES), repaired);
        assert_eq!(world.case.read(HEAD), if adds == 1 { head.clone() } else { before.clone() });
        assert!(faults(&world, &[]).is_empty());
    }
    // Cut, and no line says so yet: sound, and told.
    world.case.write(LINES, &text[..from]);
    world.case.write(HEAD, &before);
    verified(&world).exits_with(0).prints("was cut off the end of the lines, and no line says so; `residua ledger repair`");
}

#[test]
fn a_document_that_is_gone_or_altered_is_named() {
    let world = World::asked();
    let names = envelopes(&world);
    assert_eq!(names.len(), 5);
    for name in &names {
        let digest = name.trim_start_matches("ledger/envelopes/").trim_end_matches(".json");
        let good = fs::read(world.case.path(name)).expect("a document");
        for at in (0..good.len()).step_by(good.len() / 3) {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            world.case.write(name, &bytes);
            assert_eq!(faults(&world, &[]), ["document"], "{name}");
            verified(&world).exits_with(12).prints(digest).prints("was altered\n  help: restore `envelopes/");
        }
        fs::remove_file(world.case.path(name)).expect("a removed file");
        assert_eq!(faults(&world, &[]), ["document"], "{name}");
        verified(&world).exits_with(12).prints(digest).prints("is missing").prints("The ledger has 1 fault.");
        fs::create_dir(world.case.path(name)).expect("a folder");
        assert_eq!(faults(&world, &[]), ["document"], "{name}");
        fs::remove_dir(world.case.path(name)).expect("a removed folder");
        world.case.write(name, &good);
    }
    assert!(faults(&world, &[]).is_empty());
    // The first fault hides none of the others.
    for name in &names {
        world.case.write(name, "{}");
    }
    let secrets = format!("ledger/secrets/{}.json", world.supply_id());
    let text = world.case.read(&secrets);
    fs::remove_file(world.case.path(&secrets)).expect("a removed file");
    world.case.write(HEAD, "4 x\n");
    assert_eq!(faults(&world, &[]), ["lines", "document", "document", "document", "document", "document", "secrets"]);
    let said = verified(&world);
    said.exits_with(12).prints("The ledger has 7 faults.");
    assert_eq!(said.stdout.matches("  help: ").count(), 7);
    for salt in text.split('"').filter(|word| word.len() == 64) {
        world.case.never_prints(salt);
    }
}

#[cfg(unix)]
#[test]
fn secrets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::asked();
    let path = world.case.path(&format!("ledger/secrets/{}.json", world.supply_id()));
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("another mode");
    for others in [0o640, 0o604, 0o660] {
        mode(others);
        assert_eq!(faults(&world, &[]), ["secrets"]);
        verified(&world).exits_with(12).prints("can be read by others than its owner\n  help: find out who could read it");
    }
    mode(0o600);
    let good = fs::read(&path).expect("secrets");
    fs::write(&path, "{}").expect("other secrets");
    assert_eq!(faults(&world, &[]), ["secrets"]);
    fs::write(&path, good).expect("the secrets");
    assert!(faults(&world, &[]).is_empty());
    world.case.write(&format!("ledger/secrets/{}.json", "0".repeat(32)), "{}");
    world.case.write("ledger/envelopes/.residua-x.part", "{}");
    let said = verified(&world);
    said.exits_with(0).prints("1 file in `envelopes`: `.residua-x.part`").prints("1 file in `secrets`: `0000");
}

#[test]
fn a_ledger_that_was_written_anew_does_not_fit_what_left_the_house() {
    let world = World::asked();
    let good = lines(&world);
    let carried = ["baseline.challenge.json", "deletion.challenge.json"];
    // The tail was cut and `head` rewritten: from within all is sound.
    for (left, expected) in [(3, 1), (2, 1), (1, 2)] {
        rewrite(&world, &good[..left]);
        assert!(faults(&world, &[]).is_empty(), "{left}");
        verified(&world).exits_with(0).prints("Note: no line names ").prints("and so does whoever removes lines");
        let found = faults(&world, &carried);
        assert_eq!(found.len(), expected, "{left}: {found:?}");
        assert!(found.iter().all(|kind| kind == "carried"));
    }
    rewrite(&world, &[]);
    let said = world.run(AFTER, &["ledger", "verify", "--against", carried[0]]);
    said.exits_with(12).prints("is not signed by the originator of any supply of this ledger");
    // One word of a line was altered, and all that follow were chained anew.
    for (number, from, to, expected) in
        [(0, "2017-06-30", "2018-06-30", 2), (2, "\"appraisal\":\"present\"", "\"appraisal\":\"failed\"", 1)]
    {
        let mut altered = good.clone();
        altered[number] = altered[number].replacen(from, to, 1);
        assert_ne!(altered, good);
        rewrite(&world, &altered);
        assert!(faults(&world, &[]).is_empty());
        assert_eq!(faults(&world, &carried), vec!["carried"; expected]);
    }
    let said = world.run(AFTER, &["ledger", "verify", "--against", carried[1]]);
    said.exits_with(12)
        .prints("was issued when the ledger ended with a line that it does not have")
        .prints("restore the ledger from a backup");
    rewrite(&world, &good);
    assert!(faults(&world, &carried).is_empty());
}

#[test]
fn only_a_challenge_or_receipt_can_be_held_against_a_ledger() {
    let world = World::asked();
    let other = World::asked();
    world.case.write("other.json", other.case.read("deletion.challenge.json"));
    assert_eq!(faults(&world, &["other.json"]), ["carried"]);
    world.case.write("altered.json", world.case.read("deletion.challenge.json").replacen("\"sig\": \"", "\"sig\": \"AAAA", 1));
    assert_eq!(faults(&world, &["altered.json"]), ["carried"]);
    let refused = |file: &str, says: &str| {
        let said = world.run(AFTER, &["ledger", "verify", "--against", file]);
        said.exits_with(1).stdout_is("").warns(says).warns("help: ");
    };
    refused("none.json", "cannot read the document `none.json`");
    refused("supply.csv", "cannot hold `supply.csv`");
    refused("baseline.attestation.json", "cannot hold `baseline.attestation.json`");
    refused("handover/deletion.residua.intoto.json", "cannot hold `");
}

#[test]
fn an_export_can_be_read_and_holds_no_secret() {
    let world = World::asked();
    world.run(AFTER, &["ledger", "export", "--out", "copy"]).exits_with(0).stderr_is("").prints("copy: 4 lines and 5 files");
    let names: Vec<String> = world.case.files().into_iter().filter(|name| name.starts_with("copy/")).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names.iter().all(|name| !name.contains("secret") && !name.contains("lock")));
    for name in ["ledger.jsonl", "head"] {
        assert_eq!(world.case.read(&format!("copy/{name}")), world.case.read(&format!("ledger/{name}")));
    }
    let secrets: Value =
        serde_json::from_str(&world.case.read(&format!("ledger/secrets/{}.json", world.supply_id()))).expect("secrets");
    for secret in secrets.as_object().expect("an object").values().filter_map(Value::as_str) {
        assert!(world.case.files_with(secret).iter().all(|name| !name.starts_with("copy/")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(world.case.path(name)).expect("a file").permissions().mode() & 0o777;
        assert_eq!((mode("copy"), mode("copy/envelopes"), mode("copy/ledger.jsonl")), (0o700, 0o700, 0o600));
    }
    // It is read like the ledger.
    let id = world.supply_id();
    for words in [&["status"][..], &["supplies", "list"], &["supplies", "show", &id], &["inspect", "ledger"]] {
        let own = world.run(AFTER, words);
        let words: Vec<&str> = words.iter().map(|word| if *word == "ledger" { "copy" } else { word }).collect();
        let copy = if words[0] == "inspect" {
            world.run(AFTER, &words)
        } else {
            world.run(AFTER, &[&words[..], &["--ledger", "copy"]].concat())
        };
        assert_eq!((own.code, own.stdout.replace("ledger", "copy")), (copy.code, copy.stdout.replace("ledger", "copy")));
    }
    let checked = world.run(AFTER, &["ledger", "verify", "--ledger", "copy", "--against", "deletion.challenge.json"]);
    checked.exits_with(0).prints("Note: this is an export: the secrets are not in it").prints("The ledger is sound.");
    assert!(!checked.stdout.contains("secrets    "));
    // A copy of the copy, too; and faults of a copy show like those of the ledger.
    world.run(AFTER, &["ledger", "export", "--ledger", "copy", "--out", "second"]).exits_with(0);
    world.run(AFTER, &["ledger", "verify", "--ledger", "second"]).exits_with(0);
    world.case.write(&envelopes(&world)[0].replace("ledger/", "second/"), "{}");
    world.run(AFTER, &["ledger", "verify", "--ledger", "second"]).exits_with(12).prints("was altered");
    // Nothing is added to it.
    let before = world.case.files();
    let outputs = ["--out", "answer.json", "--findings", "answer.csv"];
    world.run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &outputs)).exits_with(11);
    for words in [vec!["verify", "answer.json", "--ledger", "copy"], vec!["ledger", "repair", "--ledger", "copy"]] {
        world
            .run(AFTER, &words)
            .exits_with(1)
            .warns("is an export of a ledger, to which nothing is added")
            .warns("help: name the ledger itself");
    }
    world.run(AFTER, &world.asking("deletion", "c.json", &["--ledger", "copy"])).exits_with(1);
    world.run(SUPPLIED, &world.supplying("supply.csv", "again", &["--ledger", "copy"])).exits_with(1);
    let mut after = world.case.files();
    after.retain(|name| !name.starts_with("answer."));
    assert_eq!(after, before);
}

#[test]
fn an_export_that_cannot_be_whole_says_so_or_is_not_made() {
    let world = World::asked();
    fs::create_dir(world.case.path("there")).expect("a folder");
    world.run(AFTER, &["ledger", "export", "--out", "there"]).exits_with(1).warns("`there` exists already").warns("help: ");
    world.run(AFTER, &["ledger", "export", "--out", "none/copy"]).exits_with(1).warns("cannot write `none/copy`").warns("help: ");
    fs::remove_file(world.case.path(&envelopes(&world)[2])).expect("a removed file");
    let output = world.run(AFTER, &["ledger", "export", "--out", "copy", "--format", "json"]);
    assert_eq!((&output.exits_with(0).json()["files"], &output.json()["missing"]), (&Value::from(4), &Value::from(1)));
    world.run(AFTER, &["ledger", "export", "--out", "second"]).exits_with(0).prints("1 file that lines name could not be copied");
    let text = world.case.read(LINES);
    world.case.write(LINES, text.replacen("2017-06-30", "2018-06-30", 1));
    world.run(AFTER, &["ledger", "export", "--out", "third"]).exits_with(1).warns("the ledger is broken at line 2");
    let left = fs::read_dir(world.case.path(".")).expect("a folder").flatten();
    assert!(left.into_iter().all(|file| !file.file_name().to_string_lossy().starts_with(".residua")));
    assert!(!world.case.path("third").exists());
}
