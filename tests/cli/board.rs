//! The board in all its forms, exceptions that end, and objections.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;

/// A backup whose last copy is overwritten at the end of September.
const TAPE: &str = "[[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-06-30\"\nroll_off = \"2017-09-29\"\nrotation = \"monthly\"\n\
                    beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n";

/// The one line of the board, and the exit code.
#[track_caller]
fn row(world: &World, now: &str) -> (Value, i32) {
    let output = world.run(now, &["status", "--format", "json"]);
    let rows = output.json()["supplies"].as_array().expect("supplies").clone();
    assert_eq!(rows.len(), 1, "{}", output.whole());
    (rows[0].clone(), output.code.expect("an exit code"))
}

/// Cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("a cell").push(character),
        }
    }
    cells
}

/// Asked, answered and verified at once: all is deleted, and this is declared.
fn answer(world: &World, phase: &str, name: &str, now: &str, declared: &str) -> Output {
    let (challenge, attestation) = (format!("{name}.challenge.json"), format!("{name}.json"));
    world.case.write("declared.toml", declared);
    world.run(now, &world.asking(phase, &challenge, &["--accept", "declared.toml"])).exits_with(0);
    let extra = ["--declare", "declared.toml", "--out", &attestation];
    world.run(now, &world.scanning("deletion", &challenge, &["crm.db", "exports"], &extra)).exits_with(0);
    world.run(now, &["verify", &attestation])
}

#[test]
fn an_accepted_backup_is_an_exception_until_its_day() {
    let world = World::with_baseline();
    world.keep(&[]);
    let verified = answer(&world, "deletion", "1", AFTER, TAPE);
    verified
        .exits_with(0)
        .prints("Appraisal: clear with exceptions until 2017-09-29\n")
        .prints("  except for backup `tape`: last copy 2017-06-30, overwritten on 2017-09-29; rotation: monthly\n")
        .prints("From 2017-09-30 on the supply is open again");
    let json = world.run(AFTER, &["verify", "1.json", "--format", "json"]).json();
    assert_eq!(json["attestations"][0]["appraisal"], "clear");
    assert_eq!(json["attestations"][0]["clearUntil"], "2017-09-29");
    assert_eq!(json["attestations"][0]["exceptions"][0]["rollOff"], "2017-09-29");
    let (shown, code) = row(&world, "2017-09-29T23:59:59Z");
    assert_eq!((shown["state"].as_str(), code), (Some("clear with exceptions until 2017-09-29"), 0));
    assert_eq!(
        (shown["stateWord"].as_str(), shown["until"].as_str(), shown["days"].as_i64()),
        (Some("clear_with_exceptions"), Some("2017-09-29"), Some(0))
    );
    world.run("2017-09-29T23:59:59Z", &["status"]).exits_with(0).prints("clear with exceptions\n").prints("2017-09-29");
    world
        .run(AFTER, &["supplies", "show", &world.supply_id()])
        .prints("appraised clear with exceptions until 2017-09-29")
        .prints("except for backup `tape`");

    // On the day after it somebody has to ask, and the same paper is no answer any more.
    let (shown, code) = row(&world, "2017-09-30T00:00:00Z");
    assert_eq!((shown["state"].as_str(), code), (Some("overdue 1 d"), 13));
    assert!(shown["nextCommand"].as_str().expect("a command").ends_with("--phase recheck"), "{shown}");
    world.case.write("declared.toml", TAPE);
    world
        .run("2017-09-30T09:00:00Z", &world.asking("recheck", "2.challenge.json", &["--accept", "declared.toml"]))
        .exits_with(1)
        .stderr_is(
            "error: the backup `tape` cannot be accepted: the day on which its last copy was to be overwritten has passed: 2017-09-29\n  \
             help: strike it out of the declaration file, or have the recipient correct it: copies are an exception where all four promises of \
             `beyond_use` are true, and until the day of `roll_off`\n",
        );
    answer(&world, "recheck", "3", "2017-09-30T09:00:00Z", "").exits_with(0).prints("Appraisal: clear\n");
    assert_eq!(row(&world, "2030-01-01T00:00:00Z").0["state"], "attested clear");
}

#[test]
fn the_board_is_filtered_and_its_exit_code_with_it() {
    let world = World::supplied();
    world.run(SUPPLIED, &["keygen", "--name", "=HYPERLINK(1) \"Bad\"", "--out", "keys/other"]).exits_with(0);
    let mut words = world.supplying("supply.csv", "second", &[]);
    let to = words.iter().position(|word| word == "--to").expect("a flag");
    words[to + 1] = "keys/other.card.json".to_owned();
    let by = words.iter().position(|word| word == "--delete-by").expect("a flag");
    words[by + 1] = "2017-08-30".to_owned();
    world.run(SUPPLIED, &words).exits_with(0);

    let status = |flags: &[&str]| world.run("2017-07-03T09:00:00Z", &[&["status"], flags].concat());
    let count = |flags: &[&str], code: i32| {
        let output = status(&[flags, &["--format", "json"]].concat());
        output.exits_with(code).stderr_is("").json()["supplies"].as_array().expect("supplies").len()
    };
    assert_eq!(count(&[], 13), 2);
    assert_eq!(count(&["--overdue"], 13), 1);
    assert_eq!(count(&["--state", "overdue"], 13), 1);
    assert_eq!(count(&["--state", "awaiting_baseline"], 0), 1);
    assert_eq!(count(&["--state", "awaiting_baseline", "--state", "overdue"], 13), 2);
    assert_eq!(count(&["--recipient", "the RECIPIENT"], 13), 1);
    assert_eq!(count(&["--recipient", "hyperlink"], 0), 1);
    assert_eq!(count(&["--due-within", "57"], 13), 1);
    assert_eq!(count(&["--due-within", "58"], 13), 2);
    assert_eq!(count(&["--due-within", "58", "--recipient", "hyperlink"], 0), 1);
    assert_eq!(count(&["--state", "residual"], 0), 0);
    status(&["--state", "residual"]).exits_with(0).stdout_is("No supply of the ledger is like that.\n");
    status(&["--state", "attested clear"]).exits_with(2).stdout_is("");

    // As a table for spreadsheets, of which no cell is run.
    let csv = status(&["--format", "csv"]);
    csv.exits_with(13).stderr_is("");
    let lines: Vec<&str> = csv.stdout.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "supply_id,recipient,records,delete_by,state,days,until,is_overdue,disputes,next_command,remark,missing_onward"
    );
    assert_eq!((lines.len(), lines[3]), (4, ""));
    let first = cells(lines[1]);
    assert_eq!(first[1..9], ["The recipient", "60", "2017-06-30", "overdue", "-3", "", "true", "0"]);
    assert_eq!((first.len(), first[11].as_str()), (12, "0"));
    assert!(lines[2].contains("\"'=HYPERLINK(1) \"\"Bad\"\"\""), "{}", lines[2]);
    let list = world.run(SUPPLIED, &["supplies", "list", "--format", "csv"]);
    list.exits_with(0).stderr_is("").prints("supply_id,recipient,recipient_key,records,delete_by,purpose,created_at,state\r\n");
    assert_eq!(list.stdout.lines().count(), 3);

    // Nothing else is a table.
    for words in [
        &["supplies", "show", "00"][..],
        &["verify", "x"],
        &["inspect", "ledger"],
        &["dispute", "00", "--settle", "1", "--reason", "x"],
    ] {
        let output = world.run(SUPPLIED, &[words, &["--format", "csv"]].concat());
        output.exits_with(2).stdout_is("");
        assert!(
            output.stderr.contains("`--format csv` is for `residua status`, `residua supplies list` and `residua trace`"),
            "{}",
            output.whole()
        );
    }
}

#[test]
fn an_objection_is_shown_until_it_is_settled() {
    let world = World::with_baseline();
    world.keep(&[]);
    answer(&world, "deletion", "1", AFTER, "").exits_with(0);
    let id = world.supply_id();
    let dispute = |flags: &[&str]| world.run(AFTER, &[&["dispute", &id[..8]], flags].concat());
    world.case.write("letter.txt", "We object.\n");
    let raised = dispute(&[
        "--by",
        "recipient",
        "--reason",
        "the roll is ours\u{1b}[31m",
        "--attestation",
        "1.json",
        "--document",
        "letter.txt",
    ]);
    raised.exits_with(0).stderr_is("").prints(&format!("Objection 1 to supply {id}\n")).prints("--settle 1 --reason TEXT");
    let (shown, code) = row(&world, AFTER);
    assert_eq!((shown["state"].as_str(), shown["disputes"].as_u64(), code), (Some("disputed"), Some(1), 13));
    assert!(shown["remark"].as_str().expect("a remark").contains("by the recipient: the roll is ours"), "{shown}");
    world.run(AFTER, &["status"]).exits_with(13).prints("disputed").prints("objection 1 of 2017-07-01 by the recipient");
    let show = world.run(AFTER, &["supplies", "show", &id]);
    show.exits_with(0).prints("objection 1 by the recipient, raised 2017-07-01T09:00:00Z: the roll is ours").prints("    open\n");
    assert!(!show.stdout.contains('\u{1b}'));
    assert_eq!(show.stdout.matches("with SHA-256 ").count(), 2);
    // By its digest, and in JSON.
    let digest =
        world.run(AFTER, &["supplies", "show", &id, "--format", "json"]).json()["supplies"][0]["disputes"][0]["attestation"]
            .clone();
    let second = dispute(&[
        "--by",
        "originator",
        "--reason",
        "late",
        "--attestation",
        digest.as_str().expect("a digest"),
        "--format",
        "json",
    ]);
    let json = second.exits_with(0).json();
    assert_eq!((json["number"].as_u64(), json["isOpen"].as_bool()), (Some(2), Some(true)));

    dispute(&["--settle", "1", "--reason", "withdrawn"]).exits_with(0).prints("Objection 1 to supply").prints("is settled");
    assert_eq!(
        row(&world, AFTER).0["nextCommand"].as_str(),
        Some(format!("residua dispute {} --settle 2 --reason TEXT", &id[..8]).as_str())
    );
    dispute(&["--settle", "2", "--reason", "explained"]).exits_with(0);
    assert_eq!(row(&world, AFTER).0["state"], "attested clear");
    world.run(AFTER, &["supplies", "show", &id]).prints("settled 2017-07-01T09:00:00Z: withdrawn");

    // What cannot be entered.
    for (flags, words) in [
        (&["--settle", "1", "--reason", "x"][..], "no open objection of number 1"),
        (&["--settle", "9", "--reason", "x"], "no open objection of number 9"),
        (&["--by", "recipient", "--reason", " "], "the reason is empty or too long"),
        (&["--by", "recipient", "--reason", &"x".repeat(1_001)], "the reason is empty or too long"),
        (&["--by", "recipient", "--reason", "x", "--attestation", "letter.txt"], "no such attestation of this supply"),
        (&["--by", "recipient", "--reason", "x", "--attestation", &"0".repeat(64)], "no such attestation of this supply"),
        (&["--by", "recipient", "--reason", "x", "--document", "none.pdf"], "cannot read the document `none.pdf`"),
    ] {
        let output = dispute(flags);
        output.exits_with(1).stdout_is("");
        assert!(output.stderr.contains(words), "{}", output.whole());
    }
    for flags in [&["--reason", "x"][..], &["--by", "recipient"], &["--by", "recipient", "--settle", "1", "--reason", "x"]] {
        dispute(flags).exits_with(2).stdout_is("");
    }
    assert_eq!(row(&world, AFTER).0["state"], "attested clear");
}
