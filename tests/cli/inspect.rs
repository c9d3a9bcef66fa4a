//! `inspect` of every file of ours, as people and as programs read it. Whatever a file says, no control character of it reaches a terminal, and
//! nothing of a secret is shown.

use crate::cli::harness::Output;
use crate::cli::messages::redacted;
use crate::cli::messages::without_supply;
use crate::cli::world::AFTER;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use crate::snapshot;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// A world with a file of every kind.
fn world() -> World {
    let world = World::asked();
    world.case.write(
        "declared.toml",
        "[[lawful_source]]\nname = \"register\"\ntarget = \"crm.db#contacts\"\nsource = \"bought\"\nrows = { column = \"source\", equals = \"shop\" }\n\
         [[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-06-29\"\nroll_off = \"2017-09-29\"\nrotation = \"monthly\"\n\
         beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n",
    );
    world.case.write(
        "map.toml",
        "[[target]]\nmatch = \"crm.db#*\"\n[target.columns]\nid = { kind = \"ignored\", reason = \"numbers of rows\" }\n[[exclude]]\nmatch = \"exports/*\"\nreason = \"our own\"\n",
    );
    world.ask("deletion", "accepting.challenge.json", &["--accept", "declared.toml", "--require-key", "email"]).exits_with(0);
    let outputs =
        ["--out", "residual.json", "--findings", "findings.csv", "--declare", "declared.toml", "--operator", "A. Person"];
    world.scan("deletion", "accepting.challenge.json", &["crm.db"], &outputs).exits_with(11);
    world
}

fn inspect(world: &World, name: &str) -> Output {
    let output = world.run(AFTER, &["inspect", name]);
    output.exits_with(0).stderr_is("");
    output
}

fn inspect_json(world: &World, name: &str) -> Value {
    let output = world.run(AFTER, &["inspect", name, "--format", "json"]);
    output.exits_with(0).stderr_is("");
    output.json()
}

/// Every kind of file, and the word for it in JSON.
const FILES: [(&str, &str); 16] = [
    ("baseline.attestation.json", "attestation"),
    ("residual.json", "attestation"),
    ("baseline.challenge.json", "challenge"),
    ("accepting.challenge.json", "challenge"),
    ("handover/baseline.residua.intoto.json", "manifest"),
    ("handover/deletion.residua.intoto.json", "manifest"),
    ("handover/deletion.residua", "manifest file"),
    ("keys/recipient.card.json", "card"),
    ("keys/recipient.key", "private key"),
    ("ledger", "ledger"),
    ("ledger/ledger.jsonl", "ledger"),
    ("findings.csv", "findings"),
    ("schema.toml", "schema"),
    ("map.toml", "map"),
    ("declared.toml", "declarations"),
    ("crm.db", "sources"),
];

#[test]
fn every_file_is_shown_in_words_and_as_json() {
    let world = world();
    let mut text = String::new();
    for (name, kind) in FILES {
        let shown = inspect(&world, name).stdout;
        let platform = format!("{} ({})", std::env::consts::OS, std::env::consts::ARCH);
        let steady = redacted(&without_supply(&world, &shown))
            .replace(env!("CARGO_PKG_VERSION"), "[version]")
            .replace(&platform, "[platform]");
        text += &format!("$ residua inspect {name}\n{steady}\n");
        let json = inspect_json(&world, name);
        assert_eq!(json["kind"], kind, "{name}");
    }
    snapshot::holds("inspect.txt", &text);
}

#[test]
fn signatures_are_said_to_be_unchecked() {
    let world = world();
    for (name, command) in [
        ("residual.json", "residua verify residual.json"),
        ("accepting.challenge.json", "residua scan"),
        ("handover/deletion.residua.intoto.json", "residua scan"),
        ("handover/deletion.residua", "residua scan"),
    ] {
        inspect(&world, name).prints("NOT checked").prints(command);
        assert_eq!(inspect_json(&world, name)["isSignatureChecked"], false);
    }
    // A forged one reads the same, so it has to say so.
    let statement = payload(&world.case.read("residual.json"));
    world.case.write("forged.json", sign(&world, "originator", &statement));
    inspect(&world, "forged.json").prints("NOT checked").prints("residual");
}

#[test]
fn a_manifest_is_compared_with_the_statement_beside_it() {
    let world = world();
    let agreements = |json: &Value| {
        json["comparisons"].as_array().expect("comparisons").iter().map(|one| one["agrees"].clone()).collect::<Vec<_>>()
    };
    let json = inspect_json(&world, "handover/deletion.residua");
    assert_eq!(agreements(&json), [true, true, true, true]);
    assert_eq!(
        json["keys"].as_array().expect("keys").len(),
        payload(&world.case.read("handover/deletion.residua.intoto.json"))["predicate"]["keys"].as_array().expect("keys").len()
    );

    let manifest = fs::read(world.case.path("handover/deletion.residua")).expect("a manifest");
    let statement = world.case.read("handover/deletion.residua.intoto.json");
    let put = |name: &str, bytes: &[u8], statement: &str| {
        world.case.write(&format!("m/{name}.residua"), bytes);
        world.case.write(&format!("m/{name}.residua.intoto.json"), statement);
        format!("m/{name}.residua")
    };
    // A changed fingerprint, a cut file, another manifest's statement, and none.
    let mut changed = manifest.clone();
    changed[5000] ^= 1;
    let changed = put("changed", &changed, &statement);
    assert_eq!(agreements(&inspect_json(&world, &changed)), [true, true, true, false]);
    inspect(&world, &changed).prints("the file is not the one that the statement is about").prints("help: ");
    let cut = put("cut", &manifest[..manifest.len() - 100], &statement);
    assert_eq!(agreements(&inspect_json(&world, &cut)), [true, false]);
    let other = put("other", &manifest, &world.case.read("handover/baseline.residua.intoto.json"));
    assert_eq!(agreements(&inspect_json(&world, &other))[0], false);
    world.case.write("m/alone.residua", &manifest);
    inspect(&world, "m/alone.residua").prints("not beside it").prints("help: ");
    assert_eq!(inspect_json(&world, "m/alone.residua")["statement"], Value::Null);
    // A statement that is none is an error, and not silence.
    let wrong = put("wrong", &manifest, &world.case.read("accepting.challenge.json"));
    world.run(AFTER, &["inspect", &wrong]).exits_with(1).warns("is no statement of a manifest");
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let world = world();
    let salts = format!("ledger/secrets/{}.json", world.supply_id());
    let challenge = payload(&world.case.read("accepting.challenge.json"));
    world.case.write("salt.age", challenge["predicate"]["sealedSalt"].as_str().expect("a salt"));
    for name in ["keys/recipient.key", salts.as_str(), "salt.age"] {
        let shown = inspect(&world, name).stdout;
        let json = world.run(AFTER, &["inspect", name, "--format", "json"]).stdout;
        let content = world.case.read(name);
        for part in content.split(|character: char| !character.is_ascii_alphanumeric()).filter(|part| part.len() > 20) {
            assert!(!shown.contains(part) && !json.contains(part), "{name}: {part}");
        }
    }
    assert_eq!(inspect_json(&world, &salts)["kind"], "salts");
    assert_eq!(inspect_json(&world, "salt.age")["kind"], "sealed salt");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    fs::set_permissions(world.case.path("keys/recipient.key"), fs::Permissions::from_mode(0o644)).expect("a mode");
    inspect(&world, "keys/recipient.key").prints("Others than its owner can read it.").prints("help: ");
    assert_eq!(inspect_json(&world, "keys/recipient.key")["isReadableByOthers"], true);
}

/// Characters that a terminal would obey, wherever an attestation or a challenge may hold text.
#[test]
fn words_of_files_are_harmless() {
    const EVIL: &str = "e\u{1b}[31m\u{7}\u{9b}2J\u{202e}v";
    fn poisoned(value: &mut Value) {
        const KEPT: [&str; 4] = ["predicateType", "_type", "class", "code"];
        match value {
            Value::String(text) => *text = format!("{text}{EVIL}"),
            Value::Array(values) => values.iter_mut().for_each(poisoned),
            Value::Object(members) => {
                members.iter_mut().filter(|(name, _)| !KEPT.contains(&name.as_str())).for_each(|(_, value)| poisoned(value));
            }
            _ => {}
        }
    }
    let world = world();
    let is_harmless =
        |text: &str| text.chars().all(|character| character == '\n' || !(character.is_control() || character == '\u{202e}'));
    for name in
        ["residual.json", "baseline.attestation.json", "accepting.challenge.json", "handover/deletion.residua.intoto.json"]
    {
        let mut statement = payload(&world.case.read(name));
        poisoned(&mut statement["predicate"]);
        poisoned(&mut statement["subject"]);
        world.case.write("evil.json", sign(&world, "recipient", &statement));
        let text = world.run(AFTER, &["inspect", "evil.json"]);
        assert!(text.stdout.contains("[31m") || text.code == Some(1), "{}", text.whole());
        assert!(is_harmless(&text.stdout) && is_harmless(&text.stderr), "{name}: {:?}", text.stdout);
        let json = world.run(AFTER, &["inspect", "evil.json", "--format", "json"]);
        json.exits_with(0);
        assert!(is_harmless(&json.stdout), "{name}");
        // Programs read exactly what stands there.
        assert_eq!(json.json()["statement"]["subject"], statement["subject"]);
    }
    // The name of a file that somebody else gave.
    world.case.write("ev\u{1b}[31mil.csv", "a,b\n1,2\n");
    let shown = inspect(&world, "ev\u{1b}[31mil.csv");
    assert!(is_harmless(&shown.stdout), "{:?}", shown.stdout);
}

#[test]
fn sources_say_how_they_are_read_and_what_a_scan_would_miss() {
    let world = world();
    world.case.write("s/semicolon.csv", "name;born;notes\nAnn Nash;03/04/1980;x\nBob Moss;05/06/1981;y\n");
    world.case.write("s/zip.csv", b"PK\x03\x04\x14\x00");
    let output = inspect(&world, "s");
    output.prints("delimiter `;`").prints("header `yes").prints("name.full").prints("cut_short").prints("help: ");
    let json = inspect_json(&world, "s");
    assert_eq!(json["problems"][0]["code"], "cut_short");
    assert!(json["problems"][0]["help"].is_string());
    assert_eq!(json["targets"][0]["sampledRows"], 2);
    // With a map, its effect is seen.
    let mapped = world.run(AFTER, &["inspect", "crm.db", "--map", "map.toml"]);
    // A rule may be for a source that is not looked at here; a scan refuses it.
    mapped.exits_with(0).prints("numbers of rows").prints("the rule of the map for `exports/*` matches no target here");
    let both = world.run(AFTER, &["inspect", "crm.db", "s/semicolon.csv", "--map", "map.toml", "--format", "json"]);
    both.exits_with(0);
    assert_eq!(both.json()["targets"].as_array().expect("targets").len(), 2);
    assert_eq!(both.json()["unusedRules"], json!(["exports/*"]));
    world
        .scan("deletion", "deletion.challenge.json", &["crm.db"], &["--map", "map.toml"])
        .exits_with(1)
        .warns("`exports/*` matches no target");
    world.run(AFTER, &["inspect", "schema.toml", "crm.db"]).exits_with(0).prints("A schema: ").prints("crm.db#contacts");
    world.case.write(
        "map2.toml",
        "[[target]]\nmatch = \"crm.db#*\"\n[target.columns]\nid = { kind = \"ignored\", reason = \"row numbers\" }\n",
    );
    world.run(AFTER, &["inspect", "crm.db", "--map", "map2.toml"]).exits_with(0).prints("excluded").prints("row numbers");
}

/// What a scan finds amiss in small files, a look at them has told before, but for what only the manifest or the whole scan shows.
#[test]
fn the_gaps_of_small_files_are_told_before() {
    const LATER: [&str; 3] = ["no_key", "unreadable_values", "rows_above_plan"];
    let world = World::asked();
    let write = |name: &str, text: &str| world.case.write(&format!("s/{name}"), text);
    write(
        "text.csv",
        "number,remark\n1,nothing\n2,ask ann@example.com\n3,call 07700 900123\n4,\"{\"\"dob\"\": \"\"some day\"\"}\"\n",
    );
    write("ragged.csv", "name,email\nAnn Nash,ann@example.com\nBob,Moss,bob@example.com\n");
    write("wrong.csv", "first_name,last_name,dob\nAnn,Nash,12\nBob,Moss,14\n");
    write("names.csv", "a,b\nAnn,Nash\nBob,Moss\nCat,Pope\n");
    write("widths.prn", "Nash      SW1A 1AA  ann@example.com\nMoss      M1 1AE    bob@example.com\n");
    let gaps = |list: &Value, place: &str| {
        let one = |gap: &Value| format!("{} {} {}", gap[place], gap["code"], gap["column"]);
        let mut gaps: Vec<String> =
            list.as_array().expect("gaps").iter().filter(|gap| !LATER.iter().any(|code| gap["code"] == *code)).map(one).collect();
        gaps.sort();
        gaps
    };
    let told = gaps(&inspect_json(&world, "s")["problems"], "place");
    let scanned = world.scan("deletion", "deletion.challenge.json", &["s"], &["--format", "json"]).json();
    let found = gaps(&scanned["coverage"]["gaps"], "target");
    assert_eq!(told, found);
    for (file, code) in [("text.csv", "unmapped_personal"), ("ragged.csv", "ragged_rows"), ("wrong.csv", "implausible_mapping")] {
        assert!(told.iter().any(|gap| gap.contains(file) && gap.contains(code)), "{file}: {told:?}");
    }
}

#[test]
fn a_refused_supply_leaves_no_folder_and_one_that_is_made_says_what_it_lacks() {
    let world = World::asked();
    let supply = |data: &str, out: &str, extra: &[&str]| {
        let who =
            ["--as", "keys/originator.key", "--to", "keys/recipient.card.json", "--delete-by", "2017-06-30", "--ledger", "other"];
        world.run(AFTER, &[&["supply", data, "--out", out][..], &who, extra].concat())
    };
    world.case.write("none.csv", "a,b\n1,2\n");
    supply("none.csv", "new/folder/out", &[]).exits_with(1);
    assert!(!world.case.path("new").exists());
    world.case.write(
        "some.csv",
        "first_name,postcode,Child DOB,email\nAnn,SW1A 1AA,13/02/2016,ann@example.com\nBob,M1 1AE,01/01/1970,bob@example.com\n",
    );
    let made = supply("some.csv", "new/folder/out", &[]);
    made.exits_with(0).prints("1 of 2 records cannot be looked for by").prints("column `Child DOB`: 1 of 2 values empty");
    made.prints("[columns.\"Child DOB\"]\n  origin = \"supply\"\n").prints("`--delete-by` 2017-06-30 has passed");
    world.case.write("origin.toml", "[columns.\"Child DOB\"]\norigin = \"supply\"\n");
    let declared = supply("some.csv", "out", &["--schema", "origin.toml"]);
    declared.exits_with(0).prints("date.child").prints("only this supply had it");
}

#[test]
fn a_folder_of_nothing_is_said_to_be_one() {
    let world = World::asked();
    fs::create_dir(world.case.path("nothing")).expect("a folder");
    inspect(&world, "nothing").prints("Nothing was found in `nothing`: no file and no table.");
}

/// An address is known in prose too, so the scan tries a row of its own there, and nobody is told to report a fault of the program.
#[test]
fn a_scan_of_prose_tries_a_row_of_its_own() {
    let world = World::asked();
    world.case.write("s/prose.csv", "number,remark\n1,nothing\n2,ask ann@example.com\n3,nothing\n");
    let map = "[[target]]\nmatch = \"s/prose.csv\"\n[target.columns]\nnumber = { kind = \"text\" }\n";
    world.case.write("prose.toml", map);
    let scan = world.scan("deletion", "deletion.challenge.json", &["s"], &["--map", "prose.toml", "--out", "a.json"]);
    scan.exits_with(0).prints("Sentinels found: ");
    assert!(!scan.stdout.contains("sentinel_missed"), "{}", scan.whole());
    // Nor does the originator read that a check failed.
    world.verify("a.json").exits_with(10).prints("V7 passed");
}

/// Programs read of a scan and of its verification what people read.
#[test]
fn programs_are_helped_too() {
    let world = World::asked();
    world.case.write("s/text.csv", "number,remark\n1,nothing\n2,\"{\"\"dob\"\": \"\"some day\"\"}\"\n3,nothing\n");
    world.case.write("map.toml", "[[exclude]]\nmatch = \"crm.db#*\"\nreason = \"a test\"\n");
    let extra = ["--map", "map.toml", "--out", "a.json", "--format", "json"];
    let scan = world.scan("deletion", "deletion.challenge.json", &["s", "crm.db"], &extra);
    let json = scan.json();
    let reasons = json["verdictReasons"].as_array().expect("reasons");
    assert!(reasons.iter().all(|reason| reason["help"].as_str().is_some_and(|help| !help.is_empty())), "{reasons:?}");
    let gap = reasons.iter().find(|reason| reason["code"] == "gap").expect("a gap");
    assert_eq!(gap["gap"], json!({ "target": "s/text.csv", "column": "remark", "code": "unmapped_personal" }));
    assert_eq!(json["gaps"][0]["place"], "s/text.csv");
    assert!(json["gaps"][0]["help"].as_str().is_some_and(|help| help.contains("kind = \"ignored\"")));

    let verified = world.run(AFTER, &["verify", "a.json", "--format", "json"]).json()["attestations"][0].clone();
    assert_eq!(verified["phase"], "deletion");
    assert_eq!(verified["supplyId"], world.supply_id());
    assert_eq!(verified["recipient"], "The recipient");
    assert_eq!(verified["meaning"], json["meaning"], "{verified:#}");
    assert_eq!(verified["notAccepted"], json!(["exclusion `crm.db#contacts`"]));
    // People read of what was left out once, among the reasons.
    let words = world.verify("a.json");
    words.prints("exclusion_not_accepted: `crm.db#contacts`");
    assert!(!words.stdout.contains("Not accepted by the challenge"), "{}", words.whole());
    // Nobody's key has signed a challenge as an attestation; that it is one is said.
    world.verify("deletion.challenge.json").exits_with(12).prints("it calls itself a challenge");
}

#[test]
fn an_attestation_says_how_everything_was_read() {
    let world = World::asked();
    world.case.write("s/list.txt", b"name;email\nZo\xeb Nash;zoe@example.com\n");
    let extra = ["--encoding", "windows-1252", "--out", "a.json"];
    world.scan("deletion", "deletion.challenge.json", &["s"], &extra);
    inspect(&world, "a.json")
        .prints("delimiter `;`")
        .prints("encoding `windows-1252 (stated)`")
        .prints("`name` as name.full (by header)");
}

#[test]
fn declarations_come_out_as_they_are_accepted() {
    let world = world();
    let declared = world.run(AFTER, &["inspect", "residual.json", "--declared"]);
    declared.exits_with(0).stderr_is("");
    world.case.write("out.toml", &declared.stdout);
    world.ask("deletion", "again.challenge.json", &["--accept", "out.toml"]).exits_with(0);
    let accepted = |name: &str| payload(&world.case.read(name))["predicate"]["policy"]["accept"].clone();
    assert_eq!(accepted("again.challenge.json"), accepted("accepting.challenge.json"));
    let json = world.run(AFTER, &["inspect", "residual.json", "--declared", "--format", "json"]).json();
    assert_eq!(json["kind"], "declarations");
    assert_ne!(json["declarations"]["lawfulSources"], json!([]));
    // One that declares nothing is still a file that can be accepted.
    let nothing = world.run(AFTER, &["inspect", "baseline.attestation.json", "--declared"]);
    nothing.exits_with(0);
    world.case.write("nothing.toml", &nothing.stdout);
    world.ask("deletion", "none.challenge.json", &["--accept", "nothing.toml"]).exits_with(0);
}
