//! Scheduled checks: what is due is done, once, on both sides, and nobody has to remember.

use crate::cli::harness::Output;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use std::fs;

pub(crate) const ORIGINATOR: &str = "\
metrics = \"originator.prom\"
log = \"originator.log\"
[originator]
key = \"keys/originator.key\"
ledger = \"ledger\"
inbox = \"to-originator\"
outbox = \"from-originator\"
state = \"originator-state\"
recheck_days = 180
again_days = 7
";

pub(crate) const RECIPIENT: &str = "\
metrics = \"recipient.prom\"
log = \"recipient.log\"
[recipient]
key = \"keys/recipient.key\"
originators = [\"keys/originator.card.json\"]
inbox = \"to-recipient\"
outbox = \"from-recipient\"
state = \"recipient-state\"
sources = [\"crm.db\", \"exports\"]
operator = \"A. Clerk\"
";

/// A supply was made, and both parties have their settings and folders.
pub(crate) fn campaign() -> World {
    let world = World::supplied();
    world.case.write("originator.toml", ORIGINATOR);
    world.case.write("recipient.toml", RECIPIENT);
    for folder in ["to-originator", "from-originator", "to-recipient", "from-recipient"] {
        fs::create_dir(world.case.path(folder)).expect("a folder");
    }
    fs::create_dir(world.case.path("to-recipient/handover")).expect("a folder");
    for file in ["baseline.residua", "deletion.residua", "baseline.residua.intoto.json", "deletion.residua.intoto.json"] {
        fs::copy(world.case.path(&format!("handover/{file}")), world.case.path(&format!("to-recipient/handover/{file}")))
            .expect("a copy");
    }
    world
}

pub(crate) fn check(world: &World, who: &str, now: &str, extra: &[&str]) -> Output {
    world.run(now, &[&["check", "--config", &format!("{who}.toml")], extra].concat())
}

/// What the post does: moves the files of one folder to another. How many there were.
pub(crate) fn post(world: &World, from: &str, to: &str) -> usize {
    let mut moved = 0;
    for entry in fs::read_dir(world.case.path(from)).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            fs::rename(&path, world.case.path(&format!("{to}/{name}"))).expect("a move");
            moved += 1;
        }
    }
    moved
}

/// Both parties check, and the post goes between them.
pub(crate) fn round(world: &World, now: &str) -> (Output, Output, Output) {
    let asked = check(world, "originator", now, &[]);
    post(world, "from-originator", "to-recipient");
    let answered = check(world, "recipient", now, &[]);
    post(world, "from-recipient", "to-originator");
    let entered = check(world, "originator", now, &[]);
    (asked, answered, entered)
}

pub(crate) fn state(world: &World, now: &str) -> String {
    let json = world.run(now, &["status", "--format", "json"]).json();
    json["supplies"][0]["stateWord"].as_str().expect("a state").to_owned()
}

pub(crate) fn count(world: &World, folder: &str, part: &str) -> usize {
    world.case.files().iter().filter(|name| name.starts_with(folder) && name.contains(part)).count()
}

#[test]
fn a_campaign_runs_by_itself() {
    let world = campaign();
    // Looked at beforehand, nothing is done.
    let before = world.case.files();
    check(&world, "originator", SUPPLIED, &["--dry-run"])
        .exits_with(0)
        .prints("would issue a baseline challenge of supply")
        .prints("residua challenge ");
    assert_eq!(world.case.files(), before);

    let (asked, answered, entered) = round(&world, SUPPLIED);
    asked.exits_with(0).prints("issue a baseline challenge");
    answered.exits_with(0).prints("present: In the targets listed, 60 of 60");
    entered.exits_with(0).prints("appraised as present");
    assert_eq!(state(&world, SUPPLIED), "in_use");
    // Nothing is due, whoever asks, however often.
    let lines = world.case.read("ledger/ledger.jsonl");
    for _ in 0..2 {
        let (asked, answered, entered) = round(&world, "2017-05-20T09:00:00Z");
        for output in [asked, answered, entered] {
            output.exits_with(0).prints("Nothing is due.");
        }
    }
    assert_eq!(world.case.read("ledger/ledger.jsonl"), lines);

    // The day passes, and with it some runs: it is caught up.
    let (asked, answered, entered) = round(&world, "2017-07-09T09:00:00Z");
    asked.exits_with(0).prints("issue a deletion challenge").prints("the agreed day has passed");
    answered.exits_with(11).prints("residual");
    entered.exits_with(11).prints("appraised as residual").prints("overdue");
    assert_eq!((count(&world, "recipient-state/findings", ".csv"), count(&world, "to-originator/done", "deletion")), (2, 1));
    // Not again on the next day, but a week later.
    round(&world, "2017-07-10T09:00:00Z").0.exits_with(13);
    assert_eq!(count(&world, "to-recipient/done", "challenge.json"), 2);
    world.keep(&[]);
    let (asked, answered, entered) = round(&world, "2017-07-16T09:00:00Z");
    asked.exits_with(0).prints("the answer before was not clear");
    answered.exits_with(0).prints("clear: In the targets listed, no supplied record was found");
    entered.exits_with(0).prints("appraised as clear");
    assert_eq!(state(&world, "2017-07-16T09:00:00Z"), "attested_clear");

    // A recheck half a year later, and not before.
    round(&world, "2018-01-11T23:59:59Z").0.exits_with(0).prints("Nothing is due.");
    let (asked, answered, entered) = round(&world, "2018-01-12T00:00:00Z");
    asked.exits_with(0).prints("issue a recheck challenge");
    answered.exits_with(0).prints("clear");
    entered.exits_with(0).prints("appraised as clear");
    assert_eq!(count(&world, "to-recipient/done", "challenge.json"), 4);
    for (file, told) in [
        ("originator.prom", "residua_last_run_exit_code 0"),
        ("originator.prom", "state=\"attested_clear\""),
        ("recipient.prom", "residua_last_run_rows"),
        ("recipient.log", "[11] the deletion challenge"),
        ("originator.log", "2018-01-12T00:00:00Z issue [0] a recheck challenge"),
    ] {
        assert!(world.case.read(file).contains(told), "{file}: {}", world.case.read(file));
    }
}

#[test]
fn what_cannot_be_answered_or_entered_is_put_aside_with_its_reason() {
    let world = campaign();
    world.case.write("to-originator/note.txt", "a note");
    check(&world, "originator", SUPPLIED, &[]).exits_with(12).prints("verify note.txt");
    assert!(world.case.read("to-originator/refused/note.txt.reason.txt").contains("it is not a signed document of residua"));
    assert_eq!(world.case.read("to-originator/refused/note.txt"), "a note");
    post(&world, "from-originator", "to-recipient");
    // Somebody else's challenge, one that is over, and one whose manifest is missing.
    world.run(SUPPLIED, &["keygen", "--name", "A stranger", "--out", "keys/stranger"]).exits_with(0);
    let settings = RECIPIENT.replace("keys/originator.card.json", "keys/stranger.card.json");
    world.case.write("stranger.toml", settings.replace("recipient-state", "stranger-state"));
    let challenge = fs::read_dir(world.case.path("to-recipient"))
        .expect("a folder")
        .filter_map(Result::ok)
        .find(|entry| entry.path().is_file());
    let challenge = challenge.expect("a challenge").path();
    let name = challenge.file_name().expect("a name").to_string_lossy().into_owned();
    let text = fs::read(&challenge).expect("a challenge");
    check(&world, "stranger", SUPPLIED, &[]).exits_with(1).prints("it is not signed by an originator");
    assert!(world.case.read(&format!("to-recipient/refused/{name}.reason.txt")).contains("not signed by an originator"));
    fs::write(&challenge, &text).expect("a challenge");
    fs::rename(world.case.path("to-recipient/handover"), world.case.path("elsewhere")).expect("a move");
    check(&world, "recipient", SUPPLIED, &[]).exits_with(1).prints("the manifest that it is about is not in the inbox");
    assert!(challenge.is_file());
    fs::rename(world.case.path("elsewhere"), world.case.path("to-recipient/handover")).expect("a move");
    check(&world, "recipient", "2017-06-20T09:00:00Z", &[]).exits_with(1).prints("it expired at");
    assert!(!challenge.exists());
}

#[test]
fn a_clock_that_steps_back_and_a_second_run_do_nothing() {
    let world = campaign();
    check(&world, "originator", "2017-05-06T09:00:00Z", &[]).exits_with(0);
    let lines = world.case.read("ledger/ledger.jsonl");
    check(&world, "originator", "2017-05-05T09:00:00Z", &[])
        .exits_with(1)
        .warns("the clock says 2017-05-05T09:00:00Z, and the last check was at");
    let lock = fs::OpenOptions::new().write(true).open(world.case.path("originator-state/lock")).expect("a lock");
    lock.lock().expect("a lock");
    check(&world, "originator", "2017-05-07T09:00:00Z", &[]).exits_with(0).prints("Another check is running");
    drop(lock);
    assert_eq!(world.case.read("ledger/ledger.jsonl"), lines);
}

#[cfg(unix)]
#[test]
fn hooks_are_told_and_do_not_hold_a_run_up() {
    let world = campaign();
    world.case.write("tell.sh", "#!/bin/sh\ncat > told-$1.json\n");
    let hooks =
        "[hooks]\non_residual = [\"sh\", \"tell.sh\", \"residual\"]\non_error = [\"sleep\", \"60\"]\ntimeout_seconds = 1\n";
    world.case.write("recipient.toml", format!("{RECIPIENT}{hooks}"));
    round(&world, SUPPLIED);
    let (_, answered, _) = round(&world, "2017-07-09T09:00:00Z");
    answered.exits_with(11);
    let told: Value = serde_json::from_str(&world.case.read("told-residual.json")).expect("JSON");
    assert_eq!((told["version"].as_u64(), told["event"].as_str()), (Some(1), Some("residual")));
    assert!(told["files"][0].as_str().expect("a file").contains("recipient-state/findings/"));
    world.case.write("to-recipient/other.json", world.case.read("keys/originator.card.json"));
    world.run(SUPPLIED, &["keygen", "--name", "B", "--out", "keys/b"]).exits_with(0);
    let begun = std::time::Instant::now();
    let asked = world.asking("deletion", "to-recipient/forged.json", &["--without-baseline"]);
    world.run("2017-07-10T09:00:00Z", &asked).exits_with(0);
    let forged = world.case.read("to-recipient/forged.json").replacen("\"sig\": \"", "\"sig\": \"AAAA", 1);
    world.case.write("to-recipient/forged.json", forged);
    check(&world, "recipient", "2017-07-10T09:00:00Z", &[]).exits_with(1).warns("took more than 1 seconds and was ended");
    assert!(begun.elapsed().as_secs() < 50);
}

#[test]
fn scans_wait_for_their_hours() {
    let world = campaign();
    let night = "[hours]\nfrom = \"22:00\"\nto = \"05:00\"\n";
    world.case.write("recipient.toml", format!("{RECIPIENT}{night}"));
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    check(&world, "recipient", SUPPLIED, &[])
        .exits_with(0)
        .prints("not before 2017-05-05T22:00:00Z")
        .prints("scans begin from 22:00 to 05:00 UTC");
    check(&world, "recipient", "2017-05-06T01:00:00Z", &[]).exits_with(0).prints("present");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let world = campaign();
    world.case.write("bad.toml", "[recipient]\nsecret = \"qzgeheim\"\n");
    let output = check(&world, "bad", SUPPLIED, &[]);
    output.exits_with(1).warns("cannot use the settings `bad.toml`: line 2: unknown field `secret`");
    world.case.write("recipient.toml", format!("{RECIPIENT}[environment]\nPGPASSWORD = {{ variable = \"NOT_SET\" }}\n"));
    check(&world, "recipient", SUPPLIED, &[]).exits_with(1).warns("the variable `NOT_SET`, for `PGPASSWORD`, is not set");
    world.case.write("recipient.toml", format!("{RECIPIENT}[environment]\nPGPASSWORD = {{ credential = \"crm\" }}\n"));
    check(&world, "recipient", SUPPLIED, &[]).exits_with(1).warns("there are no credentials of the service manager");
    world.case.never_prints("qzgeheim");
}

#[cfg(unix)]
#[test]
fn a_hook_that_failed_is_called_again_and_one_that_worked_is_not() {
    let world = campaign();
    let hooks = "[hooks]\non_residual = [\"sh\", \"tell.sh\"]\non_error = [\"sh\", \"error.sh\"]\n";
    world.case.write("recipient.toml", format!("{RECIPIENT}{hooks}"));
    world.case.write("error.sh", "cat >> errors.json\n");
    round(&world, SUPPLIED);
    let (_, answered, _) = round(&world, "2017-07-09T09:00:00Z");
    answered.exits_with(1).warns("the hook on_residual did not do its work").prints("it is told again by the next run");
    world.case.write("tell.sh", "cat >> told.json\n");
    for now in ["2017-07-09T10:00:00Z", "2017-07-09T11:00:00Z", "2017-07-12T11:00:00Z"] {
        check(&world, "recipient", now, &[]).exits_with(0).prints("Nothing is due.");
    }
    let told = world.case.read("told.json");
    assert_eq!(told.matches("\"event\": \"residual\"").count(), 1, "{told}");
    assert!(told.contains("residual: ") && told.contains("What stood in the way: ") && told.contains(".summary.json"), "{told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let summary = told["files"][1].as_str().expect("a summary");
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).expect("a summary")).expect("JSON");
    assert_eq!((summary["verdict"].as_str(), &summary["findings"]), (Some("residual"), &told["files"][0]));

    // What lasts is told once a day.
    fs::remove_dir_all(world.case.path("to-recipient")).expect("removed");
    for now in ["2017-07-13T10:00:00Z", "2017-07-13T11:00:00Z", "2017-07-14T00:00:00Z"] {
        check(&world, "recipient", now, &[]).exits_with(1).warns("cannot read the inbox");
    }
    assert_eq!(world.case.read("errors.json").matches("\"event\": \"error\"").count(), 2);
    assert!(world.case.read("recipient.prom").contains("residua_last_run_exit_code 1"));
}

#[test]
fn what_fails_for_reasons_of_its_own_is_looked_at_again() {
    let world = campaign();
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    check(&world, "recipient", SUPPLIED, &[]).exits_with(0);
    assert_eq!(post(&world, "from-recipient", "to-originator"), 1);
    // No receipt can be written.
    world.case.write("from-originator/receipts", "a file in the place of a folder");
    check(&world, "originator", SUPPLIED, &[]).exits_with(1).warns("receipts");
    assert_eq!((count(&world, "to-originator/refused", ""), count(&world, "to-originator", "attestation")), (0, 1));
    fs::remove_file(world.case.path("from-originator/receipts")).expect("removed");
    check(&world, "originator", SUPPLIED, &[]).exits_with(0).prints("appraised as present");
    assert_eq!((count(&world, "to-originator/done", "attestation"), count(&world, "from-originator/receipts", "")), (1, 1));
}

#[test]
fn a_scan_that_was_broken_off_goes_on_and_the_log_can_be_for_programs() {
    let world = campaign();
    world.case.write("recipient.toml", format!("log_format = \"json\"\n{RECIPIENT}"));
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    let dry = check(&world, "recipient", SUPPLIED, &["--dry-run", "--format", "json"]);
    let command: Vec<String> = serde_json::from_value(dry.exits_with(0).json()["steps"][0]["command"].clone()).expect("words");
    let here = fs::canonicalize(world.case.path(".")).expect("a folder").display().to_string();
    let command: Vec<String> = command.iter().map(|word| word.replace("[TMP]", &here)).collect();
    assert!(!world.case.path("recipient-state").exists());
    // The same scan, which ends before it signs.
    let out = command.iter().position(|word| word == "--out").expect("--out");
    let unsigned: Vec<&str> = (command.iter().enumerate())
        .filter(|(index, _)| ![out, out + 1].contains(index))
        .map(|(_, word)| word.as_str())
        .collect();
    let unsigned: Vec<&str> = unsigned.into_iter().filter(|word| *word != "--force").collect();
    fs::create_dir_all(world.case.path("recipient-state/findings")).expect("a folder");
    world.run(SUPPLIED, &unsigned);
    assert!(count(&world, "recipient-state/kept", "") > 0, "{unsigned:?}");
    #[cfg(unix)]
    fs::set_permissions(world.case.path("recipient-state"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("a mode");
    check(&world, "recipient", SUPPLIED, &[]).exits_with(0).prints("present");
    assert_eq!(count(&world, "recipient-state/kept", ""), 0);
    let answer = world.case.files().into_iter().find(|name| name.starts_with("from-recipient/")).expect("an answer");
    assert!(world.case.read(&answer).len() > 100);
    let stated = crate::cli::world::payload(&world.case.read(&answer));
    let targets = stated["predicate"]["coverage"]["targets"].as_array().expect("targets").clone();
    assert!(targets.iter().any(|target| target["resumed"]["scannedAt"].is_string()), "{targets:?}");
    let log = world.case.read("recipient.log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let words: Vec<&str> = lines.iter().map(|line| line["what"].as_str().expect("a word")).collect();
    assert_eq!(words, ["scan", "send", "end"]);
    assert_eq!((&lines[0]["exitCode"], &lines[2]["exitCode"]), (&0.into(), &0.into()));
    // 56 days are left, and the supply was found.
    let metrics = world.case.read("recipient.prom");
    let id = world.supply_id();
    assert!(metrics.contains(&format!("residua_supply_state{{supply=\"{id}\",state=\"present\"}} 1")), "{metrics}");
    assert!(metrics.contains(&format!("residua_supply_days{{supply=\"{id}\"}} ")), "{metrics}");
}

#[test]
fn a_restored_backup_is_asked_about_when_a_person_says_so() {
    let world = campaign();
    let restored = "restored_sources = [\"restored\"]\noperator";
    world.case.write("recipient.toml", RECIPIENT.replace("operator", restored));
    round(&world, SUPPLIED);
    fs::create_dir(world.case.path("restored")).expect("a folder");
    fs::copy(world.case.path("crm.db"), world.case.path("restored/crm.db")).expect("a copy");
    world.keep(&[]);
    round(&world, "2017-07-09T09:00:00Z").2.exits_with(0).prints("appraised as clear");
    let supply = world.supply_id();
    let now = "2017-09-01T09:00:00Z";
    check(&world, "recipient", now, &["--restore", &supply]).exits_with(1).warns("`--restore` is for an originator");
    check(&world, "originator", now, &["--restore", "ffff"]).exits_with(1).warns("no supply");
    check(&world, "originator", now, &["--restore", &supply])
        .exits_with(0)
        .prints("issue a restore challenge")
        .prints("a backup was restored");
    post(&world, "from-originator", "to-recipient");
    check(&world, "recipient", now, &[]).exits_with(11).prints("the restore challenge").prints("residual");
    post(&world, "from-recipient", "to-originator");
    check(&world, "originator", now, &[]).exits_with(11).prints("appraised as residual");
    assert_eq!(state(&world, now), "residual");
}

#[cfg(target_os = "linux")]
#[test]
fn names_lead_nowhere_else() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = campaign();
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    let name = fs::read_dir(world.case.path("from-originator")).expect("a folder").filter_map(Result::ok);
    let name = name.map(|entry| entry.file_name().to_string_lossy().into_owned()).find(|name| name.contains("challenge"));
    let challenge = crate::cli::world::payload(&world.case.read(&format!("from-originator/{}", name.expect("a challenge"))));
    for (member, value) in [("supplyId", "../../evil"), ("challengeId", "../../evil"), ("phase", "/tmp/evil")] {
        let mut forged = challenge.clone();
        forged["predicate"][member] = value.into();
        world.case.write(&format!("to-recipient/{member}.json"), crate::cli::world::sign(&world, "originator", &forged));
    }
    let checked = check(&world, "recipient", SUPPLIED, &[]);
    checked.exits_with(1).prints("its ids or its phase are none that this program knows");
    assert_eq!(count(&world, "to-recipient/refused", ".reason.txt"), 3);
    assert!(!world.case.files().iter().any(|name| name.contains("evil")), "{:?}", world.case.files());

    let odd = world.case.path("to-originator").join(OsStr::from_bytes(b"\xff.json"));
    fs::write(&odd, "{}").expect("a file");
    std::process::Command::new("mkfifo").arg(world.case.path("to-originator/pipe.json")).status().expect("mkfifo");
    check(&world, "originator", SUPPLIED, &[]).exits_with(12).prints("its name is not UTF-8");
    assert!(!odd.exists() && count(&world, "to-originator/refused", ".json") == 1);
    check(&world, "originator", SUPPLIED, &[]).exits_with(0).prints("Nothing is due.");
}
