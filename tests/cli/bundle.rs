//! Bundles: the evidence of one supply for somebody who has no ledger. What it comes to is the same for everybody, nothing of others is in it, and nothing
//! in it can be changed unseen.

use crate::cli::harness::Case;
use crate::cli::harness::Output;
use crate::cli::harness::holds;
use crate::cli::harness::skip;
use crate::cli::seeds;
use crate::cli::stamp;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Another recipient of the same originator, and why its key was revoked.
const OTHER: &str = "Quagmire Holdings";
const REASON: &str = "zanzibar affair";

fn fingerprint(world: &World, party: &str) -> String {
    let card: Value = serde_json::from_str(&world.case.read(&format!("keys/{party}.card.json"))).expect("a card");
    card["fingerprint"].as_str().expect("a fingerprint").to_owned()
}

/// A supply with seeds, a baseline, an answer in which a seed was left, and a clear answer that an officer countersigned; receipts, and a time stamp where there
/// is an OpenSSL. Between its lines stand those of a supply to somebody else.
fn rich() -> World {
    let (world, _) = seeds::seeded(&[]);
    let all = seeds::rows(&world.case.read("handover/data.csv"));
    world.run(SUPPLIED, &["keygen", "--name", OTHER, "--out", "keys/other"]).exits_with(0);
    let words = ["--as", "keys/originator.key", "--to", "keys/other.card.json", "--delete-by", "2017-06-30", "--out", "second"];
    world.run(SUPPLIED, &[&["supply", "people.csv"][..], &words].concat()).exits_with(0);
    seeds::load(&world, &all);
    let spots = ["--spot-checks", "12"];
    world.run(SUPPLIED, &world.asking("baseline", "b.json", &spots)).exits_with(0);
    world.run(SUPPLIED, &world.scanning("baseline", "b.json", &["crm.db"], &["--out", "b.att.json"])).exits_with(0);
    world.run(SUPPLIED, &["verify", "b.att.json"]).exits_with(0);
    world
        .run(AFTER, &["recipient", "revoke", &fingerprint(&world, "other"), "--since", "2017-06-01", "--reason", REASON])
        .exits_with(0);
    world.run(AFTER, &["keygen", "--name", "The officer", "--out", "keys/officer"]).exits_with(0);
    world.run(AFTER, &["recipient", "add", "keys/recipient.card.json", "--officer", "keys/officer.card.json"]).exits_with(0);

    let table = "[[lawful_source]]\nname = \"own customers\"\ntarget = \"crm.db#people\"\nsource = \"our own shop\"\n";
    world.case.write("declared.toml", table);
    let accepting = [&spots[..], &["--accept", "declared.toml"]].concat();
    world.ask("deletion", "1.json", &accepting).exits_with(0);
    seeds::load(&world, &seeds::seeds(&world)[2..3]);
    world.scan("deletion", "1.json", &["crm.db"], &["--declare", "declared.toml", "--out", "1.att.json"]).exits_with(0);
    world.verify("1.att.json").exits_with(11);
    world.ask("recheck", "2.json", &[&accepting[..], &["--require-countersignature"]].concat()).exits_with(0);
    seeds::load(&world, &[]);
    world.scan("deletion", "2.json", &["crm.db"], &["--declare", "declared.toml", "--out", "2.att.json"]).exits_with(0);
    let officer = ["--as", "keys/officer.key", "--from", "keys/recipient.card.json", "--out", "2.approval.json"];
    world
        .run(AFTER, &[&["countersign", "2.att.json"][..], &officer, &["--name", "B. Other", "--role", "director"]].concat())
        .exits_with(0);
    let receipts = ["--as", "keys/originator.key", "--receipts", "receipts"];
    world.run(AFTER, &[&["verify", "2.att.json", "2.approval.json"][..], &receipts].concat()).exits_with(0);
    let dispute = ["dispute", &world.supply_id(), "--by", "recipient", "--reason", "counted twice"];
    world.run(AFTER, &dispute).exits_with(0);
    if stamp::has_openssl() {
        stamp::found_authority(&world);
        world.run(AFTER, &["stamp", "ask", "2.att.json"]).exits_with(0);
        stamp::answer(&world, "good", "2.att.json.tsq", "2.att.json.tsr");
        world.run(AFTER, &["stamp", "keep", "2.att.json.tsr"]).exits_with(0);
    }
    world
}

fn bundle(world: &World, out: &str) -> Output {
    world.run(AFTER, &["bundle", &world.supply_id(), "--out", out])
}

fn verify(world: &World, path: &str, extra: &[&str]) -> Output {
    world.run(AFTER, &[&["verify", "--bundle", path], extra].concat())
}

/// The files of a bundle's folder, by their names in it.
fn files(world: &World, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let prefix = format!("{folder}/");
    let names = world.case.files().into_iter().filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned));
    names.map(|name| (name.clone(), fs::read(world.case.path(&format!("{prefix}{name}"))).expect("a file"))).collect()
}

/// Writes the list of digests anew, as whoever alters a bundle would.
fn seal(world: &World, folder: &str) {
    let listed = files(world, folder).into_iter().filter(|(name, _)| name != "SHA256SUMS");
    let lines: Vec<String> =
        listed.map(|(name, bytes)| format!("{}  {name}\n", HEXLOWER.encode(&Sha256::digest(&bytes)))).collect();
    world.case.write(&format!("{folder}/SHA256SUMS"), lines.concat());
}

/// A copy of a folder.
fn copy(from: &Path, into: &Path) {
    fs::create_dir_all(into).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = into.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).expect("a copy") }
    }
}

#[test]
fn everybody_gets_the_same_result() {
    let world = rich();
    let written = bundle(&world, "ev");
    written.exits_with(0).prints("(exit code 0)").warns("do not give it to The recipient");
    let (text, json) = (world.case.read("ev/verification.txt"), world.case.read("ev/verification.json"));
    for part in [
        "seed 3 of 6 was found",
        "In the ledger it is appraised as: residual",
        "Countersigned by B. Other, director",
        "attestations/3-recheck.attestation.json",
        "Dispute 1 by the recipient",
        "The answers that stand come to: clear\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let readme = world.case.read("ev/README.md");
    assert!(readme.lines().nth(2).is_some_and(|line| line.starts_with("**Not for the recipient.**")), "{readme}");
    assert!(!text.contains("failed") && !text.contains("[TMP]"), "{text}");
    verify(&world, "ev", &[]).exits_with(0).stdout_is(&text).stderr_is("");
    verify(&world, "ev", &["--format", "json"]).exits_with(0).stdout_is(&json).stderr_is("");
    // Again, and nothing is other: neither the folder nor the archive knows when or where it was made.
    bundle(&world, "ev").exits_with(1).warns("exists already");
    world.run("2019-01-01T09:00:00Z", &["bundle", &world.supply_id(), "--out", "again"]).exits_with(0);
    assert!(files(&world, "ev") == files(&world, "again"));
    // Somebody else, at another time, in another folder, who has nothing but the bundle.
    let auditor = Case::new();
    copy(&world.case.path("ev"), &auditor.path("from the originator/x"));
    let elsewhere = |words: &[&str]| auditor.command(words).real_time().run();
    elsewhere(&["verify", "--bundle", "from the originator/x"]).exits_with(0).stdout_is(&text).stderr_is("");
    #[cfg(unix)]
    auditor
        .command(&["verify", "--bundle", "."])
        .in_shell("cd 'from the originator/x' && exec \"$@\"")
        .run()
        .exits_with(0)
        .stdout_is(&text);
    assert_eq!(auditor.files().len(), files(&world, "ev").len(), "verification writes nothing");
    #[cfg(feature = "archives")]
    {
        world.run(AFTER, &["bundle", &world.supply_id(), "--out", "one.zip"]).exits_with(0);
        world.run("2019-01-01T09:00:00Z", &["bundle", &world.supply_id(), "--out", "two.zip"]).exits_with(0);
        let [one, two] = ["one.zip", "two.zip"].map(|name| fs::read(world.case.path(name)).expect("an archive"));
        assert!(one == two);
        auditor.write("ev.zip", &one);
        elsewhere(&["verify", "--bundle", "ev.zip"]).exits_with(0).stdout_is(&text).stderr_is("");
        elsewhere(&["verify", "--bundle", "ev.zip", "--format", "json"]).exits_with(0).stdout_is(&json);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name: &str| fs::metadata(world.case.path(name)).expect("a file").permissions().mode() & 0o777;
            assert_eq!((mode("one.zip"), mode("ev"), mode("ev/README.md")), (0o600, 0o700, 0o600));
        }
        auditor.write("cut.zip", &one[..one.len() / 2]);
        elsewhere(&["verify", "--bundle", "cut.zip"]).exits_with(1).warns("no zip archive");
    }
    elsewhere(&["verify", "--bundle", "nothing"]).exits_with(1);
    auditor.write("empty/a.txt", "a");
    elsewhere(&["verify", "--bundle", "empty"]).exits_with(1).warns("no bundle of residua");

    // The parties' own cards, and others.
    let cards = ["--from", "keys/originator.card.json", "--to", "keys/recipient.card.json"];
    verify(&world, "ev", &cards)
        .exits_with(0)
        .prints("The originator's key is the key of the card")
        .prints("The recipient's key is the key");
    for (flag, card) in [("--from", "recipient"), ("--to", "originator"), ("--to", "officer"), ("--from", "other")] {
        let output = verify(&world, "ev", &[flag, &format!("keys/{card}.card.json"), "--format", "json"]);
        assert_eq!(output.exits_with(12).json()["pinned"][0]["agrees"], false);
    }
    // What goes with it, and what does not.
    for words in [
        &["--bundle", "ev", "1.att.json"][..],
        &["--bundle", "ev", "--ledger", "ledger"],
        &["--bundle", "ev", "--identify", "rows.csv"],
        &["1.att.json", "--from", "keys/originator.card.json"],
        &[],
    ] {
        world.run(AFTER, &[&["verify"], words].concat()).exits_with(2);
    }
}

/// Every file as it is, and what stands inside of its base64.
fn readable(world: &World, folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, bytes) in files(world, folder) {
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Some(payload) = json["payload"].as_str() {
            all.push((format!("{name}, payload"), BASE64.decode(payload.as_bytes()).expect("base64")));
        }
        all.push((name, bytes));
    }
    all
}

#[test]
fn nothing_of_others_and_no_secret_is_in_it() {
    let world = rich();
    bundle(&world, "ev").exits_with(0);
    let second = payload(&world.case.read("second/deletion.residua.intoto.json"));
    let second = second["predicate"]["supply"]["supplyId"].as_str().expect("an id").to_owned();
    let secrets: Value =
        serde_json::from_str(&world.case.read(&format!("ledger/secrets/{}.json", world.supply_id()))).expect("secrets");
    let mut words = vec![OTHER.to_owned(), REASON.to_owned(), second, fingerprint(&world, "other")];
    words.extend(secrets.as_object().expect("an object").values().map(|value| value.as_str().expect("digits").to_owned()));
    for seed in seeds::seeds(&world) {
        words.extend([seed[4].clone(), seed[7].clone(), seed[8].clone()]);
    }
    for (name, bytes) in readable(&world, "ev") {
        for word in &words {
            assert!(!holds(&bytes, word), "`{word}` stands in `{name}`");
        }
    }
    // The other lines are there as numbers and digests alone, and the ledger is as it was.
    let slice = world.case.read("ev/ledger/ledger.jsonl");
    let ledger = world.case.read("ledger/ledger.jsonl");
    assert_eq!(slice.lines().count(), ledger.lines().count());
    let mut withheld = 0;
    for (number, (shown, line)) in (1..).zip(slice.lines().zip(ledger.lines())) {
        if shown != line {
            withheld += 1;
            let digest = HEXLOWER.encode(&Sha256::digest(line));
            assert_eq!(shown, format!("{{\"withheld\":{number},\"sha256\":\"{digest}\"}}"));
        }
    }
    assert_eq!(withheld, 2, "{slice}");
    // An ordinary ledger withholds nothing.
    world.case.write("ledger/ledger.jsonl", &slice);
    world.run(AFTER, &["status"]).exits_with(1).warns("the ledger is broken at line 2: it is not a line of a ledger");
}

#[test]
fn no_byte_can_be_changed_and_no_file_be_taken_or_added() {
    let world = rich();
    bundle(&world, "ev").exits_with(0);
    for (name, bytes) in files(&world, "ev") {
        let path = format!("ev/{name}");
        let mut altered = bytes.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        world.case.write(&path, &altered);
        let code = verify(&world, "ev", &[]).code;
        assert!(matches!(code, Some(12 | 1)), "{name}: {code:?}");
        fs::remove_file(world.case.path(&path)).expect("a file");
        let code = verify(&world, "ev", &[]).code;
        assert!(matches!(code, Some(12 | 1)), "{name}: {code:?}");
        if !["SHA256SUMS", "ledger/ledger.jsonl", "ledger/head"].contains(&name.as_str()) {
            // Whoever does so may write the list anew.
            seal(&world, "ev");
            verify(&world, "ev", &[]).exits_with(12);
        }
        world.case.write(&path, &bytes);
        seal(&world, "ev");
    }
    verify(&world, "ev", &[]).exits_with(0);
    world.case.write("ev/attestations/9-recheck.attestation.json", world.case.read("2.att.json") + " ");
    verify(&world, "ev", &[]).exits_with(12).prints("`attestations/9-recheck.attestation.json` is not listed");
    seal(&world, "ev");
    verify(&world, "ev", &[]).exits_with(12).prints("B3 failed").prints("no line of the ledger names");
}

#[test]
fn what_is_altered_and_listed_anew_is_found() {
    let world = rich();
    bundle(&world, "ev").exits_with(0);
    let good = files(&world, "ev");
    let text = |name: &str| String::from_utf8(good[name].clone()).expect("text");
    let slice = text("ledger/ledger.jsonl");
    let lines: Vec<&str> = slice.lines().collect();
    let without = |number: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != number).map(|(_, line)| format!("{line}\n"));
        kept.collect::<Vec<_>>().concat()
    };
    // Somebody alters these files, writes the list anew, and the result beside it, too.
    let altered = |changes: &[(&str, String)]| {
        for (name, content) in changes {
            world.case.write(&format!("ev/{name}"), content);
        }
        seal(&world, "ev");
        let output = verify(&world, "ev", &[]);
        for (name, bytes) in &good {
            world.case.write(&format!("ev/{name}"), bytes);
        }
        output
    };
    for number in 0..lines.len() {
        altered(&[("ledger/ledger.jsonl", without(number))]).exits_with(12).prints("B2 failed");
    }
    let digest = |line: &str| HEXLOWER.encode(&Sha256::digest(line));
    let withheld = lines.iter().position(|line| line.starts_with("{\"withheld\"")).expect("a withheld line");
    let other = slice.replacen(lines[withheld], &format!("{{\"withheld\":{},\"sha256\":\"{}\"}}", withheld + 1, digest("x")), 1);
    altered(&[("ledger/ledger.jsonl", other)]).exits_with(12).prints("B2 failed");
    // One of its own lines withheld: that something was received, which the newest line shows no more.
    let last = format!("{{\"withheld\":{},\"sha256\":\"{}\"}}", lines.len(), digest(lines[lines.len() - 1]));
    let hidden = format!("{}{last}\n", without(lines.len() - 1));
    altered(&[("ledger/ledger.jsonl", hidden)]).exits_with(12);
    altered(&[("ledger/head", format!("{} {}\n", lines.len(), digest("x")))])
        .exits_with(12)
        .prints("does not name the last line");

    // What stands before a withheld line is held by what was signed.
    altered(&[("ledger/ledger.jsonl", slice.replacen("\"deleteBy\":\"2017-06-30\"", "\"deleteBy\":\"2018-06-30\"", 1))])
        .exits_with(12)
        .prints("the line of the supply says otherwise than the signed statement");

    // Another attestation that the recipient signed, and another card.
    let mut statement = payload(&world.case.read("1.att.json"));
    statement["predicate"]["operator"]["name"] = json!("somebody");
    let forged = sign(&world, "recipient", &statement);
    altered(&[("attestations/2-deletion.attestation.json", forged)])
        .exits_with(12)
        .prints("`attestations/2-deletion.attestation.json` is not what the ledger's lines name");
    let card = world.case.read("keys/other.card.json");
    for name in ["recipient", "originator", "officer"] {
        altered(&[(&format!("cards/{name}.card.json"), card.clone())]).exits_with(12).prints("B3 failed");
    }
    // Fewer seeds, and none, and those that were not found.
    let known = text("ledger/known.json");
    let mut fewer: Value = serde_json::from_str(&known).expect("JSON");
    let seeds = fewer["deletion"]["seeds"].as_array_mut().expect("seeds");
    seeds.pop();
    altered(&[("ledger/known.json", fewer.to_string() + "\n")]).exits_with(12).prints("B2 failed");
    let kept: Value = serde_json::from_str(&known).expect("JSON");
    let seed = kept["deletion"]["seeds"][2].to_string();
    let others = known.replace(&format!(",{seed},"), ",0,");
    if others != known {
        // The appraisal of the ledger's own line stands, and says so.
        let output = altered(&[("ledger/known.json", others)]);
        output
            .exits_with(12)
            .prints("in the ledger it is appraised as `residual`, which is worse than what is seen now, and counts: ");
        output.prints("seed 3 of 6");
    }
    // The result beside it, and the text with its commands.
    let better = text("verification.txt").replace("residual", "clear");
    altered(&[("verification.txt", better)]).exits_with(12).warns("somebody has changed the bundle");
    altered(&[("README.md", text("README.md").replace("sha256sum -c", "rm -rf"))]).exits_with(12).warns("somebody has changed");
    for (page, from, to) in
        [("report.html", "states", "has proved"), ("verifier.html", "Verify an attestation", "Believe an attestation")]
    {
        let altered_page = text(page).replacen(from, to, 1);
        assert_ne!(altered_page, text(page));
        altered(&[(page, altered_page)]).exits_with(12).warns("somebody has changed the bundle");
    }
    // What another version of the program wrote is worded otherwise.
    let older = text("verification.json").replace("\"residua\": \"", "\"residua\": \"0.");
    altered(&[("verification.json", older)]).exits_with(0).warns("another version of residua");
    verify(&world, "ev", &[]).exits_with(0).stderr_is("");
}

#[cfg(unix)]
#[test]
fn the_commands_of_its_text_run() {
    for (tool, flag) in [("openssl", "version"), ("jq", "--version"), ("age", "--version")] {
        if !Command::new(tool).arg(flag).output().is_ok_and(|output| output.status.success()) {
            return skip(&format!("`{tool}` is not installed"));
        }
    }
    let world = rich();
    bundle(&world, "ev").exits_with(0);
    for (name, from) in [("ca.pem", "authority.pem"), ("recipient.key", "keys/recipient.key")] {
        fs::copy(world.case.path(from), world.case.path(name)).expect("a copy");
    }
    let program = std::env::var_os("RESIDUA_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_residua").into());
    let program = fs::canonicalize(program).expect("the program");
    fs::create_dir(world.case.path("bin")).expect("a folder");
    std::os::unix::fs::symlink(program, world.case.path("bin/residua")).expect("a link");
    let path = format!("{}:{}", world.case.path("bin").display(), std::env::var("PATH").expect("a path"));
    let before = files(&world, "ev");
    let readme = world.case.read("ev/README.md");
    let run = |script: &str| {
        let output = Command::new("sh").args(["-c", script]).current_dir(world.case.path("ev")).env("PATH", &path).output();
        let output = output.expect("a shell");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text)
    };
    let blocks: Vec<&str> =
        readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().expect("the end of a block")).collect();
    let mut said = String::new();
    for block in &blocks {
        let (is_good, text) = run(block);
        assert!(is_good, "{block}\n{text}");
        said.push_str(&text);
    }
    assert_eq!(blocks.len(), 7, "{readme}");
    // Two statements, three challenges, three attestations, a countersignature and a receipt.
    assert_eq!(said.matches("Signature Verified Successfully").count(), 10, "{said}");
    for part in ["lines hold together", "Verification: OK", "The answers that stand come to: clear", "README.md: OK", "32\n"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(files(&world, "ev") == before, "a command has written into the bundle");
    // They find what was altered.
    let bad = |name: &str, change: &dyn Fn(&str) -> String, number: usize| {
        world.case.write(&format!("ev/{name}"), change(&String::from_utf8(before[name].clone()).expect("text")));
        let (is_good, text) = run(blocks[number]);
        assert!(!is_good, "{name}: {text}");
        world.case.write(&format!("ev/{name}"), &before[name]);
    };
    bad(
        "attestations/1-baseline.attestation.json",
        &|text| text.replacen("\"sig\": \"", "\"sig\": \"AAAA", 1).replacen("\"sig\":\"", "\"sig\":\"AAAA", 1),
        1,
    );
    bad("cards/originator.card.json", &|_| world.case.read("keys/other.card.json"), 2);
    let other_time = |text: &str| {
        let (index, line) = text.lines().enumerate().find(|(_, line)| line.contains("\"challenge\":")).expect("a challenge");
        assert!(text.lines().nth(index + 1).is_some_and(|next| next.starts_with("{\"sequence\"")), "{text}");
        text.replacen(line, &line.replacen("2017-05-05", "2017-05-06", 1), 1)
    };
    bad("ledger/ledger.jsonl", &other_time, 4);
    bad("ledger/ledger.jsonl", &|text| text.split_inclusive('\n').skip(1).collect(), 4);
}

/// The recipient's key was replaced, and an older supply that is not shown had pinned it.
#[test]
fn a_key_that_another_supply_pinned_is_shown_alone() {
    let world = World::new();
    world.supply("supply.csv", "first", &[]).exits_with(0);
    let renew = ["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key"];
    world.run(SUPPLIED, &renew).exits_with(0);
    world.run(SUPPLIED, &["recipient", "rotate", "keys/renewed.rotation.json"]).exits_with(0);
    let words =
        ["--as", "keys/originator.key", "--to", "keys/renewed.card.json", "--delete-by", "2017-06-30", "--out", "handover"];
    world.run(SUPPLIED, &[&["supply", "supply.csv", "--schema", "schema.toml"][..], &words].concat()).exits_with(0);
    world.run(SUPPLIED, &world.asking("baseline", "b.json", &[])).exits_with(0);
    let made = bundle(&world, "ev");
    made.exits_with(0).stderr_is("").prints("(exit code 10)");
    assert!(world.case.read("ev/ledger/pinned.json").contains(&fingerprint(&world, "recipient")));
    let output = verify(&world, "ev", &["--to", "keys/renewed.card.json"]);
    output
        .exits_with(10)
        .prints("Nothing was answered yet")
        .prints("replaced on 2017-05-05")
        .prints("cards/recipient-2.card.json");
    verify(&world, "ev", &["--to", "keys/recipient.card.json"]).exits_with(10);
    let first = payload(&world.case.read("first/deletion.residua.intoto.json"));
    let first = first["predicate"]["supply"]["supplyId"].as_str().expect("an id");
    assert!(readable(&world, "ev").iter().all(|(_, bytes)| !holds(bytes, first)));
    // Of a supply without seeds nothing is said that its recipient should not know.
    assert!(!world.case.path("ev/ledger/known.json").exists());
    assert!(!world.case.read("ev/README.md").contains("Not for the recipient"));
}

#[test]
fn a_supply_that_is_closed_is_judged_as_of_then() {
    let world = rich();
    bundle(&world, "before").exits_with(0);
    let ours = ["handover/baseline.residua", "handover/deletion.residua"];
    let reason = ["--as", "keys/originator.key", "--unresolved", "the auditor asked for it"];
    world.run(AFTER, &[&["close", &world.supply_id()][..], &ours, &reason].concat()).exits_with(0);
    bundle(&world, "ev").exits_with(0).warns("do not give it to The recipient");
    assert!(!world.case.path("ev/ledger/known.json").exists());
    let output = verify(&world, "ev", &[]);
    output
        .exits_with(0)
        .stderr_is("")
        .prints("The supply was closed on 2017-07-01")
        .prints("destructions/1-originator.destroyed.json");
    assert!(!output.stdout.contains("failed"), "{}", output.stdout);
    // The seed that was found is known no more, and still it counts.
    output.prints("in the ledger it is appraised as `residual`, which is worse than what is seen now, and counts: ");
    output.prints("seed 3 of 6 was found");
    output.prints("judged as of when it was received");
    // An older bundle goes on to say what it said.
    verify(&world, "before", &[]).exits_with(0).stdout_is(&world.case.read("before/verification.txt"));
    assert!(world.case.read("ev/README.md").contains("The supply is closed"));
}

/// Whoever alters the lines, the list and the named version enters an answer for a challenge that it does not answer.
#[test]
fn an_older_answer_does_not_stand_for_a_newer_challenge() {
    let world = World::asked();
    let scan = |challenge: &str, out: &str| world.scan("deletion", challenge, &["crm.db", "exports"], &["--out", out]);
    world.keep(&[]);
    scan("deletion.challenge.json", "one.json").exits_with(0);
    world.verify("one.json").exits_with(0);
    world.ask("deletion", "second.challenge.json", &[]).exits_with(0);
    bundle(&world, "open").exits_with(0);
    verify(&world, "open", &[]).exits_with(0).prints("Not answered: `challenges/3-deletion.challenge.json`\n");
    world.keep(&[&world.supplied[3]]);
    scan("second.challenge.json", "two.json").exits_with(11);
    world.verify("two.json").exits_with(11);
    bundle(&world, "ev").exits_with(0).prints("(exit code 11)");
    let slice = world.case.read("ev/ledger/ledger.jsonl");
    let received: Vec<&str> = slice.lines().filter(|line| line.contains("\"entry\":{\"receipt\"")).collect();
    let [baseline, clear, newest] = received[..] else { panic!("{slice}") };
    let entry = |line: &str| serde_json::from_str::<Value>(line).expect("a line")["entry"]["receipt"].clone();
    let json = world.case.read("ev/verification.json").replace("\"residua\": \"", "\"residua\": \"0.");
    world.case.write("ev/verification.json", json);
    fs::remove_file(world.case.path("ev/attestations/3-deletion.attestation.json")).expect("a file");
    for other in [clear, baseline] {
        let (frame, _) = newest.split_once("\"entry\"").expect("a frame");
        let (_, said) = other.split_once("\"entry\"").expect("an entry");
        let mut forged = format!("{frame}\"entry\"{said}").replace("\"phase\":\"baseline\"", "\"phase\":\"deletion\"");
        for member in ["challengeId", "receivedAt"] {
            let text = |line: &str| entry(line)[member].as_str().expect("text").to_owned();
            forged = forged.replace(&text(other), &text(newest));
        }
        assert_eq!(slice.lines().last(), Some(newest));
        world.case.write("ev/ledger/ledger.jsonl", slice.replacen(newest, &forged, 1));
        let head = format!("{} {}\n", slice.lines().count(), HEXLOWER.encode(&Sha256::digest(&forged)));
        world.case.write("ev/ledger/head", head);
        seal(&world, "ev");
        verify(&world, "ev", &[])
            .exits_with(12)
            .prints("Contradiction: `attestations/")
            .prints("was entered for another challenge than the one that it answers")
            .prints("The answers that stand come to: failed");
    }
}

#[test]
fn a_bundle_is_refused_where_the_ledger_is_not_sound() {
    let world = World::with_baseline();
    world.run(AFTER, &["bundle", "ffff", "--out", "ev"]).exits_with(1).warns("no supply of this ledger");
    world.run(AFTER, &["ledger", "export", "--out", "copy"]).exits_with(0);
    world
        .run(AFTER, &["bundle", &world.supply_id(), "--out", "ev", "--ledger", "copy"])
        .exits_with(1)
        .warns("an export of a ledger lacks");
    let digest = HEXLOWER.encode(&Sha256::digest(world.case.read("baseline.attestation.json")));
    let kept = format!("ledger/envelopes/{digest}.json");
    fs::remove_file(world.case.path(&kept)).expect("a document");
    bundle(&world, "ev").exits_with(1).warns("is missing or cannot be read");
    world.case.write(&kept, world.case.read("baseline.attestation.json") + " ");
    bundle(&world, "ev").exits_with(1).warns("was altered");
    assert!(!world.case.path("ev").exists());
    world.case.write(&kept, world.case.read("baseline.attestation.json"));
    bundle(&world, "no/such/folder").exits_with(1);
    bundle(&world, "ev").exits_with(0).prints("(exit code 10)");
    let json = world.run(AFTER, &["bundle", &world.supply_id(), "--out", "json", "--format", "json"]).exits_with(0).json();
    assert_eq!((&json["verification"], &json["notForTheRecipient"]), (&json!(10), &json!(false)));
    assert_eq!(json["sha256Sums"], HEXLOWER.encode(&Sha256::digest(world.case.read("ev/SHA256SUMS"))));
    verify(&world, "ev", &[]).exits_with(10).prints("Nothing was answered yet about the deletion");
}
