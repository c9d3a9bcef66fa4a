//! The whole loop by hand: supplied, found, partly deleted, found out, deleted, clear; and what each command says of it.

use crate::cli::world::AFTER;
use crate::cli::world::COLUMNS;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::csv;
use serde_json::Value;

/// The state that `status` shows, with its exit code.
#[track_caller]
fn state(world: &World, now: &str) -> (String, i32) {
    let output = world.run(now, &["status", "--format", "json"]);
    let json = output.json();
    let supplies = json["supplies"].as_array().expect("supplies");
    assert_eq!(supplies.len(), 1);
    (supplies[0]["state"].as_str().expect("a state").to_owned(), output.code.expect("an exit code"))
}

fn is(name: &str, code: i32) -> (String, i32) {
    (name.to_owned(), code)
}

/// The only element of an array whose member has this value.
#[track_caller]
fn with<'a>(array: &'a Value, member: &str, value: &str) -> &'a Value {
    let all = array.as_array().expect("an array");
    all.iter().find(|element| element[member] == value).unwrap_or_else(|| panic!("no `{member}` is `{value}` in {array:#}"))
}

#[test]
fn the_loop_ends_in_clear() {
    let world = World::supplied();
    assert_eq!(state(&world, SUPPLIED), is("awaiting baseline", 0));

    // On receipt.
    world.run(SUPPLIED, &world.asking("baseline", "b.challenge.json", &[])).exits_with(0).stderr_is("").prints("baseline");
    let scan = world.scanning("baseline", "b.challenge.json", &["crm.db", "exports"], &["--out", "b.attestation.json"]);
    world.run(SUPPLIED, &scan).exits_with(0).stderr_is("").prints("present").prints("60");
    assert_eq!(state(&world, SUPPLIED), is("awaiting baseline", 0));
    world.run(SUPPLIED, &["verify", "b.attestation.json"]).exits_with(0).stderr_is("").prints("Appraisal: present");
    assert_eq!(state(&world, SUPPLIED), is("in use", 0));
    assert_eq!(state(&world, "2017-05-31T09:00:00Z"), is("due in 30 d", 0));
    assert_eq!(state(&world, "2017-06-30T23:59:59Z"), is("due in 0 d", 0));

    // After the agreed day, with everything but one record deleted.
    assert_eq!(state(&world, "2017-07-03T00:00:00Z"), is("overdue 3 d", 13));
    world.ask("deletion", "1.challenge.json", &[]).exits_with(0).stderr_is("");
    assert_eq!(state(&world, AFTER), is("challenge issued", 0));
    world.keep(&[&world.supplied[7]]);
    let outputs = ["--out", "1.attestation.json", "--findings", "findings.csv"];
    let scan = world.scan("deletion", "1.challenge.json", &["crm.db", "exports"], &outputs);
    scan.exits_with(11).stderr_is("").prints("residual").prints("In the targets listed").prints("crm.db#contacts");
    world.verify("1.attestation.json").exits_with(11).stderr_is("").prints("Appraisal: residual");
    assert_eq!(state(&world, AFTER), is("residual", 13));

    // With the rest deleted.
    world.ask("deletion", "2.challenge.json", &[]).exits_with(0);
    world.keep(&[]);
    let scan = world.scan("deletion", "2.challenge.json", &["crm.db", "exports"], &["--out", "2.attestation.json"]);
    scan.exits_with(0).stderr_is("").prints("clear").prints("In the targets listed");
    world.verify("2.attestation.json").exits_with(0).stderr_is("").prints("Appraisal: clear");
    assert_eq!(state(&world, AFTER), is("attested clear", 0));

    // Of several attestations the worst counts, and those that are known already may be verified again.
    world.run(AFTER, &["verify", "2.attestation.json", "1.attestation.json", "b.attestation.json"]).exits_with(11);
    world.run(AFTER, &["verify", "2.attestation.json", "b.attestation.json"]).exits_with(0);
    assert_eq!(state(&world, AFTER), is("attested clear", 0));

    // A recheck, later.
    world.ask("recheck", "3.challenge.json", &[]).exits_with(0);
    world.scan("deletion", "3.challenge.json", &["crm.db", "exports"], &["--out", "3.attestation.json"]).exits_with(0);
    world.verify("3.attestation.json").exits_with(0).prints("the salt was released by an earlier challenge");
}

#[test]
fn everything_deleted_is_clear_by_the_originators_word() {
    let world = World::with_baseline();
    // The table and its header stay, without a row; the export is gone.
    world.database("crm.db", |database| {
        database.execute_batch("DELETE FROM contacts").expect("an empty table");
    });
    std::fs::remove_file(world.case.path("exports/mailing.csv")).expect("no export");
    world.case.write("declared.toml", "[[removed]]\ntarget = \"exports/mailing.csv\"\nreason = \"deleted\"\n");

    // Never by itself, and the reason says what either side can do.
    world.ask("deletion", "1.challenge.json", &["--accept", "declared.toml"]).exits_with(0);
    let outputs = |name| ["--declare", "declared.toml", "--out", name];
    let scan = world.scan("deletion", "1.challenge.json", &["crm.db", "exports"], &outputs("1.json"));
    scan.exits_with(10).prints("nothing_read").prints("--accept-empty").prints("[[removed]]");
    world.verify("1.json").exits_with(10).prints("not one row was read");

    let asked = world.ask("deletion", "2.challenge.json", &["--accept", "declared.toml", "--accept-empty"]);
    asked.exits_with(0).prints("The targets may be empty");
    world.run(AFTER, &["inspect", "2.challenge.json"]).exits_with(0).prints("accepts that everything was deleted");
    let scan = world.scan("deletion", "2.challenge.json", &["crm.db", "exports"], &outputs("2.json"));
    scan.exits_with(0).stderr_is("").prints("clear").prints("no row of a person is left");
    let verified = world.verify("2.json");
    verified
        .exits_with(0)
        .prints("Appraisal: clear")
        .prints("no row of a person is left")
        .prints("an empty copy in the same place");
    assert_eq!(state(&world, AFTER), is("attested clear", 0));

    // A file of which the header is left needs no declaration.
    world.ask("recheck", "3.challenge.json", &["--accept-empty"]).exits_with(0);
    world.case.write("exports/mailing.csv", csv(&[], ','));
    world.scan("deletion", "3.challenge.json", &["crm.db", "exports"], &["--out", "3.json"]).exits_with(0);
    world.verify("3.json").exits_with(0).prints("no row of a person is left");

    // With people of its own the answer is judged as ever, and what is left is found.
    world.ask("recheck", "4.challenge.json", &["--accept-empty"]).exits_with(0);
    world.keep(&[&world.supplied[7]]);
    world.scan("deletion", "4.challenge.json", &["crm.db", "exports"], &["--out", "4.json"]).exits_with(11);
}

#[test]
fn what_is_printed_as_declared_can_be_accepted() {
    let world = World::with_baseline();
    world.keep(&[]);
    // An address in a column that the recipient calls text, with and without a reason.
    for (number, reason) in ["", ", reason = \"not ours\""].into_iter().enumerate() {
        let rule = format!("[[target]]\nmatch = \"*\"\n[target.columns]\nemail = {{ kind = \"text\"{reason} }}\n");
        world.case.write("map.toml", rule);
        let [first, second] = [0, 1].map(|part| format!("{number}-{part}"));
        let answer = |name: &str| {
            let outputs = ["--map", "map.toml", "--out", name];
            world.scan("deletion", &format!("{name}.challenge"), &["crm.db", "exports"], &outputs)
        };
        world.ask("deletion", &format!("{first}.challenge"), &[]).exits_with(0);
        let scan = answer(&first);
        scan.exits_with(10).prints("exclusion_not_accepted").prints("--declared > accepted.toml");
        assert!(!scan.stdout.contains("unmapped_personal") && !scan.stdout.contains("email.main: \n"), "{}", scan.whole());
        let printed = world.run(AFTER, &["inspect", &first, "--declared"]);
        printed.exits_with(0).prints("[[exclusion]]").prints("where it looks like email.main");
        assert!(!printed.stdout.contains("[]"), "{}", printed.whole());
        world.case.write("accepted.toml", &printed.stdout);
        world.ask("deletion", &format!("{second}.challenge"), &["--accept", "accepted.toml"]).exits_with(0);
        answer(&second).exits_with(0).prints("clear");
    }
}

#[test]
fn findings_name_the_rows() {
    let world = World::asked();
    let (kept, own) = (&world.supplied[7], world.own.len());
    world.keep(&[kept]);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--findings", "findings.csv"]).exits_with(11);

    let text = world.case.read("findings.csv");
    let mut lines = text.lines();
    let nonce = lines.next().and_then(|line| line.strip_prefix("# nonce ")).expect("a comment with the nonce");
    assert!(nonce.len() == 64 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
    assert_eq!(lines.next(), Some("source,object,row,primary_key,match_key,class,record"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 7), "{text}");
    let mut different = rows.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), rows.len(), "a finding is listed twice: {text}");
    let of = |object: &str| rows.iter().filter(|row| row[1] == object).collect::<Vec<_>>();
    let records: Vec<&str> = rows.iter().map(|row| row[6]).collect();
    assert!(records.iter().all(|record| *record == records[0]), "one record was kept: {text}");

    // The row after all of the recipient's own, by its number and by its key.
    let row = (own + 1).to_string();
    for (source, object) in [("crm.db", "contacts"), ("exports/mailing.csv", "exports/mailing.csv")] {
        let found = of(object);
        assert!(!found.is_empty(), "no finding in {object}: {text}");
        assert!(found.iter().all(|finding| finding[0] == source && finding[2] == row), "{text}");
        for (key, class) in [("child_postcode_dob", "S"), ("email", "P"), ("phone", "A")] {
            assert!(
                found.iter().any(|finding| finding[4] == key && finding[5] == class),
                "{object} was not found by {key}: {text}"
            );
        }
    }
    assert!(of("contacts").iter().all(|finding| finding[3] == format!("id={}", kept.id)), "{text}");
    assert!(of("exports/mailing.csv").iter().all(|finding| finding[3].starts_with("byte=")), "{text}");
    assert_eq!(of("contacts").len() + of("exports/mailing.csv").len(), rows.len(), "{text}");

    // The nonce is new each time, so that the file's digest tells nothing.
    world.scan("deletion", "deletion.challenge.json", &["crm.db"], &["--findings", "again.csv"]).exits_with(11);
    assert_ne!(world.case.read("again.csv").lines().next(), text.lines().next());
}

#[cfg(unix)]
#[test]
fn private_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::asked();
    let outputs = ["--findings", "findings.csv", "--out", "deletion.attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db"], &outputs).exits_with(11);
    world.verify("deletion.attestation.json").exits_with(11);
    let mode = |name: &str| std::fs::metadata(world.case.path(name)).expect("a file").permissions().mode() & 0o777;
    let ledger =
        world.case.files().into_iter().filter(|name| name.starts_with("ledger/") && name != "ledger/lock").collect::<Vec<_>>();
    assert!(ledger.len() > 5, "{ledger:?}");
    let private =
        ["findings.csv", "keys/originator.key", "keys/recipient.key", "handover/deletion.residua", "deletion.challenge.json"];
    for name in private.into_iter().map(str::to_owned).chain(ledger) {
        assert_eq!(mode(&name), 0o600, "{name}");
    }
}

#[test]
fn a_scan_without_out_signs_nothing_and_may_be_repeated() {
    let world = World::asked();
    let before = world.case.files();
    for _ in 0..3 {
        let scan = world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &[]);
        scan.exits_with(11).prints("Nothing was signed");
    }
    assert_eq!(world.case.files(), before);
    // It spent nothing: the challenge can still be answered, once.
    world.keep(&[]);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "1.json"]).exits_with(0);
    world.verify("1.json").exits_with(0);
    world.verify("1.json").exits_with(0);
    let later = world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "2.json"]);
    world.run("2017-07-01T10:00:00Z", &later).exits_with(0);
    world.verify("2.json").exits_with(12).prints("V3");
}

#[test]
fn a_scan_changes_nothing_in_what_it_reads() {
    let world = World::asked();
    let read = |name: &str| std::fs::read(world.case.path(name)).expect("a file");
    let before = (read("crm.db"), read("exports/mailing.csv"));
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &[]).exits_with(11);
    assert!((read("crm.db"), read("exports/mailing.csv")) == before);
}

#[test]
fn results_for_programs() {
    let world = World::new();
    let json = |now: &str, words: &[&str], code: i32| {
        let output = world.run(now, &[words, &["--format", "json"]].concat());
        output.exits_with(code).stderr_is("");
        output.json()
    };
    let words = |words: Vec<String>| words;
    let text = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let run = |now: &str, words: Vec<String>, code: i32| {
        let joined = text(&words);
        json(now, &joined.split('\n').collect::<Vec<_>>(), code)
    };

    let made = json(SUPPLIED, &["keygen", "--name", "Somebody", "--out", "keys/third"], 0);
    assert_eq!(made["key"], "keys/third.key");
    assert!(made["fingerprint"].as_str().is_some_and(|fingerprint| fingerprint.starts_with("SHA256:")));

    let supplied = run(
        SUPPLIED,
        words(world.supplying("supply.csv", "handover", &["--schema", "schema.toml", "--purpose", "one campaign"])),
        0,
    );
    assert_eq!(supplied["supplyId"], world.supply_id());
    assert_eq!(supplied["records"], 60);
    assert_eq!(supplied["recordsWithoutKey"], 0);
    assert_eq!(supplied["expectedRows"], 600);
    assert_eq!(with(&supplied["columns"], "name", "child_dob")["takenFor"], "date.child");
    assert_eq!(with(&supplied["keys"], "name", "email")["fingerprints"], 60);
    let mut files: Vec<&str> = supplied["files"].as_array().expect("files").iter().filter_map(Value::as_str).collect();
    files.sort_unstable();
    let names = ["baseline.residua", "baseline.residua.intoto.json", "deletion.residua", "deletion.residua.intoto.json"];
    assert_eq!(files, names.map(|name| format!("handover/{name}")));

    world.keep(&world.supplied.iter().collect::<Vec<_>>());
    let asked = run(SUPPLIED, world.asking("baseline", "asked.json", &[]), 0);
    assert_eq!((&asked["phase"], &asked["supplyId"]), (&Value::from("baseline"), &supplied["supplyId"]));
    assert_eq!(asked["expiresAt"], "2017-05-19T09:00:00Z");

    let outputs = ["--out", "answered.json", "--findings", "findings.csv"];
    let scanned = run(SUPPLIED, world.scanning("baseline", "asked.json", &["crm.db", "exports"], &outputs), 0);
    assert_eq!((&scanned["verdict"], &scanned["phase"]), (&Value::from("present"), &Value::from("baseline")));
    assert_eq!((&scanned["attestation"], &scanned["findings"]), (&Value::from("answered.json"), &Value::from("findings.csv")));
    let rows = world.supplied.len() + world.own.len();
    assert_eq!(scanned["rows"], 2 * rows);
    assert_eq!(scanned["recordsFound"], 60);
    assert!(scanned["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0));
    assert!(scanned["hashesPerRow"].as_f64().is_some_and(|hashes| hashes > 5.0 && hashes < 100.0), "{}", scanned["hashesPerRow"]);
    assert_eq!(scanned["coverage"]["complete"], true);
    assert_eq!(scanned["sentinelsInjected"], scanned["sentinelsDetected"]);
    assert_eq!(scanned["knownAnswersAsked"], scanned["knownAnswersAnswered"]);
    let mut bytes = 0;
    for name in ["crm.db#contacts", "exports/mailing.csv"] {
        let target = with(&scanned["coverage"]["targets"], "name", name);
        assert_eq!((&target["rowsRead"], &target["recordsFound"]), (&Value::from(rows), &Value::from(60)), "{name}");
        assert_eq!(target["rowsWithoutKey"], 0);
        bytes += target["bytes"].as_u64().expect("bytes");
        for key in ["email", "phone", "name_postcode", "child_postcode_dob"] {
            let result = with(&target["byKey"], "key", key);
            assert_eq!(result["distinctRecords"], 60, "{name}, {key}");
            assert_eq!(result["fingerprints"], 60, "{key}");
        }
        for column in &COLUMNS[1..] {
            assert_eq!(with(&target["columns"], "name", column)["filled"], rows, "{name}, {column}");
        }
    }
    let file = std::fs::metadata(world.case.path("exports/mailing.csv")).expect("a file").len();
    // The header belongs to no row.
    let read = with(&scanned["coverage"]["targets"], "name", "exports/mailing.csv")["bytes"].as_u64().expect("bytes");
    assert!(read <= file && read + 100 > file, "{read} of {file} bytes");
    assert_eq!(scanned["bytes"], bytes);

    let verified = json(SUPPLIED, &["verify", "answered.json"], 0);
    let attestation = &verified["attestations"][0];
    assert_eq!((&attestation["file"], &attestation["appraisal"]), (&Value::from("answered.json"), &Value::from("present")));
    let checks = attestation["checks"].as_array().expect("checks");
    let results: Vec<_> = checks.iter().map(|check| (check["check"].as_str(), check["result"].as_str())).collect();
    let expected: Vec<String> = (1..=9).map(|number| format!("V{number}")).collect();
    assert_eq!(results, expected.iter().map(|check| (Some(check.as_str()), Some("passed"))).collect::<Vec<_>>());

    let board = json(SUPPLIED, &["status"], 0);
    assert_eq!((&board["today"], &board["supplies"][0]["state"]), (&Value::from("2017-05-05"), &Value::from("in use")));
    let listed = json(SUPPLIED, &["supplies", "list"], 0);
    assert_eq!(
        (&listed["supplies"][0]["purpose"], &listed["supplies"][0]["records"]),
        (&Value::from("one campaign"), &Value::from(60))
    );
    let shown = json(SUPPLIED, &["supplies", "show", &world.supply_id()[..6]], 0);
    assert_eq!(shown["supplies"][0]["challenges"][0]["receipts"][0]["appraisal"], "present");

    let inspected = json(SUPPLIED, &["inspect", "crm.db"], 0);
    assert_eq!(with(&inspected["targets"][0]["columns"], "name", "last_name")["takenFor"], "name.family");
    let inspected = json(SUPPLIED, &["inspect", "answered.json"], 0);
    assert_eq!(
        (&inspected["isSignatureChecked"], &inspected["statement"]["predicate"]["verdict"]),
        (&Value::from(false), &Value::from("present"))
    );
}

#[test]
fn supplies_are_listed_and_shown() {
    let world = World::with_baseline();
    let id = world.supply_id();
    world
        .run(AFTER, &["supplies", "list"])
        .exits_with(0)
        .stderr_is("")
        .prints(&format!("{id}  60 records to The recipient, to be deleted by 2017-06-30"));
    for words in [&id[..], &id[..4]] {
        let shown = world.run(AFTER, &["supplies", "show", words]);
        shown.exits_with(0).stderr_is("").prints("attestation received 2017-05-05T09:00:00Z: stated present, appraised present");
        shown.prints("State: overdue 1 d");
    }
    world
        .run(AFTER, &["supplies", "show", "zz"])
        .exits_with(1)
        .stdout_is("")
        .warns("error: ")
        .warns("  help: `residua supplies list`");
    world.run(AFTER, &["inspect", "ledger"]).exits_with(0).prints("3: 1 supply, 1 challenge, 1 attestation received");
}

#[test]
fn quiet_prints_the_result_alone() {
    let world = World::asked();
    world.keep(&[]);
    let scan = world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--quiet", "--out", "a.json"]);
    scan.exits_with(0).stderr_is("").prints("clear");
    assert!(!scan.stdout.contains("hashes a row"), "{}", scan.whole());
    let verbose = world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--verbose"]);
    verbose.exits_with(0).stderr_is("").prints("filled");
}

#[test]
fn a_declared_overlap_stands_beside_clear() {
    let world = World::supplied();
    let declared =
        "[[lawful_source]]\nname = \"register\"\ntarget = \"crm.db#register\"\nsource = \"open register, bought each year\"\n";
    world.case.write("declared.toml", declared);
    world.database("crm.db", |database| {
        database.execute_batch("CREATE TABLE register (id INTEGER PRIMARY KEY, full_name TEXT, postcode TEXT)").expect("a table");
        for person in world.supplied.iter().take(9) {
            let row = (person.id.to_string(), person.full_name(), &person.postcode);
            database.execute("INSERT INTO register VALUES (?, ?, ?)", row).expect("a row");
        }
    });
    let outputs = ["--out", "b.json", "--declare", "declared.toml"];
    world.run(SUPPLIED, &world.asking("baseline", "b.challenge.json", &[])).exits_with(0);
    world.run(SUPPLIED, &world.scanning("baseline", "b.challenge.json", &["crm.db", "exports"], &outputs)).exits_with(0);
    world.run(SUPPLIED, &["verify", "b.json"]).exits_with(0);
    // The originator takes over what the recipient proposed.
    let proposed = world.run(SUPPLIED, &["inspect", "b.json", "--declared"]);
    proposed.exits_with(0).stderr_is("").prints("open register");
    world.case.write("accepted.toml", &proposed.stdout);
    world.ask("deletion", "d.challenge.json", &["--accept", "accepted.toml"]).exits_with(0).prints("open register");

    world.keep(&[]);
    let outputs = ["--out", "d.json", "--declare", "declared.toml"];
    let scan = world.scan("deletion", "d.challenge.json", &["crm.db", "exports"], &outputs);
    scan.exits_with(0).prints("clear").prints("register").prints("9");
    world.verify("d.json").exits_with(0).prints("Declared overlap: 9 people in `crm.db#register`").prints("open register");
}
