//! What the program says when something is wrong, collected to be read: `tests/snapshots/messages/`. Most of it is provoked by the tables of
//! `bad_input`; here is what stands in no table. `RESIDUA_BLESS=1` writes the files anew, to be read in the difference.

use crate::cli::harness::Case;
use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::csv;
use crate::snapshot;

/// One message with what led to it.
pub(crate) fn section(name: &str, line: &str, output: &Output) -> String {
    let code = output.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    redacted(&format!("\n## {name}\n$ residua {line}\n{}exit code {code}\n", output.stderr))
}

/// A text without what differs from run to run: ids, digests, fingerprints of keys, and places in documents, whose length varies with the
/// encryption of the salt.
pub(crate) fn redacted(text: &str) -> String {
    const KEY: &str = "SHA256:";
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_base64 = |character: char| character.is_ascii_alphanumeric() || "+/".contains(character);
        if let Some(key) = rest.strip_prefix(KEY) {
            let length = key.find(|character| !is_base64(character)).unwrap_or(key.len());
            redacted.push_str(if length == 43 { "SHA256:[key]" } else { &rest[..KEY.len() + length] });
            rest = &key[length..];
            continue;
        }
        if let Some(place) =
            rest.strip_prefix("column ").filter(|place| place.starts_with(|character: char| character.is_ascii_digit()))
        {
            redacted.push_str("column [n]");
            rest = place.trim_start_matches(|character: char| character.is_ascii_digit());
            continue;
        }
        let length = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let is_hex = word.chars().all(|character| matches!(character, '0'..='9' | 'a'..='f'));
        match (is_hex, length) {
            (true, 32) => redacted.push_str("[id]"),
            (true, 64) => redacted.push_str("[digest]"),
            (_, 62) if word.starts_with("age1") => redacted.push_str("[age key]"),
            _ => redacted.push_str(word),
        }
        let next = after.chars().next();
        redacted.extend(next);
        rest = &after[next.map_or(0, char::len_utf8)..];
    }
    redacted
}

/// A text without the first digits of the world's supply, where they stand alone.
pub(crate) fn without_supply(world: &World, text: &str) -> String {
    let id = world.supply_id();
    text.replace(&id, &"0".repeat(32)).replace(&id[..8], "[supply]")
}

#[test]
fn what_differs_is_left_out() {
    let key = format!("SHA256:{}", "a+/B".repeat(11).get(..43).expect("43 characters"));
    let text = format!("key `{key}`, id {}, digest {}, 1234567 and beef, column 12: column x", "0a".repeat(16), "0b".repeat(32));
    assert_eq!(redacted(&text), "key `SHA256:[key]`, id [id], digest [digest], 1234567 and beef, column [n]: column x");
}

/// What the parser of the command line says.
#[test]
fn command_lines_that_are_not_understood() {
    let case = Case::new();
    let lines = [
        "",
        "sacn",
        "destroy everything",
        "scan",
        "scan crm.db",
        "supply",
        "keygen --name A",
        "challenge 4f2a --phase later --as k --out o",
        "challenge 4f2a --phase deletion --as k --out o --spot-checks 1001",
        "challenge 4f2a --phase deletion --as k --out o --baseline-percent 101",
        "challenge 4f2a --phase deletion --as k --out o --valid-days many",
        "supplies",
        "supplies show",
        "inspect",
        "inspect crm.db --delimiter xx",
        "inspect crm.db --header maybe",
        "status --format xml",
        "status --state gone",
        "verify a.json --format csv",
        "dispute 4f2a --reason x",
        "status --quiet --verbose",
        "demo --records 5",
        "completions tcsh",
        "verify",
    ];
    let mut said = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let output = case.command(&words).real_time().run();
        output.exits_with(2).stdout_is("");
        let name = if words.is_empty() { "nothing at all" } else { "not understood" };
        said += &section(name, line, &output);
    }
    snapshot::holds("messages/usage.txt", &said);
    assert!(case.files().is_empty());
}

/// What goes wrong with `inspect`, and with the other commands that read and write nothing.
#[test]
fn files_that_cannot_be_shown() {
    let world = World::asked();
    let write = |name: &str, content: &str| world.case.write(name, content);
    let challenge = world.case.read("deletion.challenge.json");
    write("bad/cut.json", &challenge[..challenge.len() / 2]);
    write("bad/payload.json", &challenge.replace("application/vnd.in-toto+json", "application/json"));
    write("bad/card.json", &world.case.read("keys/recipient.card.json").replacen("SHA256:", "SHA256:A", 1));
    write("bad/cut-card.json", &world.case.read("keys/recipient.card.json")[..60]);
    write("bad/leaflet.pdf", "%PDF-1.7\n");
    write("bad/schema.toml", "[columns.a]\nkind = \"shoe\"\n");
    write("bad/map.toml", "[[exclude]]\nmatch = \"a\"\nreason = \"\"\n");
    write("bad/declared.toml", "[[removed]]\ntarget = \"a\"\nreason = \"\"\n");
    write("bad/other.toml", "answer = 42\n");
    write("bad/empty", "");
    let manifest = std::fs::read(world.case.path("handover/deletion.residua")).expect("a manifest");
    world.case.write("bad/cut.residua", &manifest[..20]);
    let lines = [
        "inspect none.csv",
        "inspect none*.csv",
        "inspect oracle://db/x",
        "inspect bad/cut.json",
        "inspect bad/payload.json",
        "inspect bad/card.json",
        "inspect bad/cut-card.json",
        "inspect bad/schema.toml",
        "inspect bad/map.toml",
        "inspect bad/declared.toml",
        "inspect bad/cut.residua",
        "inspect crm.db --map bad/none.toml",
        "inspect crm.db --map bad/map.toml",
        "inspect keys/recipient.key --declared",
        "inspect keys/recipient.card.json --declared",
        "inspect deletion.challenge.json --declared",
        "inspect crm.db --declared",
        "status --ledger none",
        "supplies list --ledger none",
        "supplies show zz",
        "verify none.json",
        "keygen --name  --out out/key",
        "keygen --name A --out keys/recipient",
        "demo --dir bad",
    ];
    let mut said = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let output = world.run(AFTER, &words);
        output.exits_with(1).stdout_is("");
        said += &section("an error", line, &output);
    }
    // What is no file of ours is looked at as a source, and named as a gap of one.
    for line in ["inspect bad/leaflet.pdf", "inspect bad/other.toml", "inspect bad/empty"] {
        let output = world.run(AFTER, &line.split(' ').collect::<Vec<_>>());
        output.exits_with(0).stderr_is("");
        said += &redacted(&format!("\n## a source\n$ residua {line}\n{}", output.stdout));
    }
    snapshot::holds("messages/inspect.txt", &said);
}

/// Gaps and reasons of one scan over much that cannot be read, and how the originator reads them.
#[test]
fn what_a_scan_does_not_see() {
    let world = World::asked();
    let people: Vec<&Person> = world.own.iter().collect();
    let rows = csv(&people, ',');
    let (head, body) = rows.split_once('\n').expect("a header");
    let write = |name: &str, content: &[u8]| world.case.write(&format!("bad/{name}"), content);
    write("binary.bin", &[0, 1, 2, 3]);
    write("dump.sql", b"INSERT INTO people VALUES (1);\n");
    write("empty.csv", b"");
    write("gzip.csv.gz", b"\x1f\x8b\x08\x00\x00");
    write("leaflet.pdf", b"%PDF-1.7\n");
    write("header.csv", body.as_bytes());
    write("ragged.csv", format!("{rows}{body}extra,{body}").as_bytes());
    write("quote.csv", format!("{rows}\"{body}").as_bytes());
    write("twice.csv", rows.replacen("last_name", "first_name", 1).as_bytes());
    write("notes.csv", format!("notes\n{}", body.replace(',', " ")).as_bytes());
    write("wrong.csv", format!("{}\n{body}", head.replace("mother_dob", "mother")).as_bytes());
    world.case.write("map.toml", "[[exclude]]\nmatch = \"bad/gzip*\"\nreason = \"a test\"\n");
    world.case.write(
        "declared.toml",
        "[[not_scanned]]\nsystem = \"tape\"\nreason = \"offline\"\n[[lawful_source]]\nname = \"shop\"\ntarget = \"crm.db#contacts\"\nsource = \"our shop\"\n",
    );
    let words = world.scanning(
        "deletion",
        "deletion.challenge.json",
        &["bad", "crm.db"],
        &["--map", "map.toml", "--declare", "declared.toml", "--out", "a.json"],
    );
    let scanned = world.run(AFTER, &words);
    scanned.exits_with(11).stderr_is("");
    let verified = world.run(AFTER, &["verify", "a.json"]);
    verified.exits_with(11).stderr_is("");
    let scanned = scanned.stdout.split("\nVerdict ").nth(1).expect("a verdict");
    let scanned: Vec<&str> = scanned.lines().filter(|line| !line.contains("hashes a row")).collect();
    let text = format!("## scan\n\nVerdict {}\n\n## verify\n\n{}", scanned.join("\n"), verified.stdout);
    snapshot::holds("messages/scan-and-verify.txt", &redacted(&without_supply(&world, &text)));
}

/// What differs from the baseline without a word about it.
#[test]
fn what_an_originator_doubts() {
    let world = World::asked();
    world.keep(&[]);
    world.scan("deletion", "deletion.challenge.json", &["crm.db"], &["--out", "a.json"]).exits_with(0);
    let verified = world.run(AFTER, &["verify", "a.json"]);
    verified.exits_with(10).stderr_is("");
    let status = world.run(AFTER, &["status"]);
    let shown = world.run(AFTER, &["supplies", "show", &world.supply_id()]);
    let listed = world.run(SUPPLIED, &["supplies", "list"]);
    let text = format!(
        "## verify\n\n{}\n## status\n\n{}\n## supplies show\n\n{}\n## supplies list\n\n{}",
        verified.stdout, status.stdout, shown.stdout, listed.stdout
    );
    snapshot::holds("messages/doubts.txt", &redacted(&without_supply(&world, &text)));
}
