//! `doctor`: what would keep a check from its work is told beforehand, each thing by itself, and nothing is changed.

use crate::cli::harness::Output;
use crate::cli::harness::skip;
use crate::cli::schedule::ORIGINATOR;
use crate::cli::schedule::RECIPIENT;
use crate::cli::schedule::campaign;
use crate::cli::schedule::check;
use crate::cli::schedule::post;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::world::CANARY;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A password that no output may hold.
const SECRET: &str = "qzgeheim";

/// A day on which the challenge of [`SUPPLIED`] is valid.
const LATER: &str = "2017-05-06T09:00:00Z";

fn doctor(world: &World, who: &str, now: &str) -> Output {
    world.run(now, &["doctor", "--config", &format!("{who}.toml")])
}

fn json(world: &World, who: &str, now: &str) -> Value {
    world.run(now, &["doctor", "--config", &format!("{who}.toml"), "--format", "json"]).json()
}

/// A campaign whose baseline challenge has come in.
fn asked() -> World {
    let world = campaign();
    check(&world, "originator", SUPPLIED, &[]).exits_with(0);
    post(&world, "from-originator", "to-recipient");
    world
}

/// The settings of the recipient with other sources, and more at their end.
fn reading(world: &World, sources: &[&str], more: &str) {
    let named: Vec<String> = sources.iter().map(|source| format!("{source:?}")).collect();
    let usual = "[\"crm.db\", \"exports\"]";
    assert!(RECIPIENT.contains(usual));
    let settings = RECIPIENT.replace(usual, &format!("[{}]", named.join(", ")));
    world.case.write("recipient.toml", format!("{settings}{more}"));
}

fn mode(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.case.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The file of the challenge that came in.
fn challenge(world: &World) -> PathBuf {
    let entries = fs::read_dir(world.case.path("to-recipient")).expect("a folder").filter_map(Result::ok);
    let mut files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    files.next().expect("a challenge")
}

/// The words of the gaps that were told.
fn gaps(told: &Value) -> Vec<String> {
    let all = told["diagnoses"].as_array().expect("diagnoses");
    all.iter().filter_map(|one| one["gap"].as_str()).map(str::to_owned).collect()
}

/// The statements that were told.
fn statements(told: &Value) -> String {
    let all = told["diagnoses"].as_array().expect("diagnoses");
    all.iter().filter_map(|one| one["statements"].as_str()).collect()
}

#[test]
fn nothing_is_wrong_where_nothing_is_and_nothing_is_changed() {
    let world = asked();
    let before = world.case.files();
    let told = doctor(&world, "originator", LATER);
    told.exits_with(0).stderr_is("").prints("0 wrong, 0 doubtful, ").prints("is whole: 2 lines, 1 supply\n");
    told.prints("fine      the key: is that with which the supplies were made");
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(0).stderr_is("").prints("0 wrong, 0 doubtful, ").prints("can be answered: 60 records, ");
    told.prints("fine      `handover/deletion.residua`: is the manifest that its statement describes");
    told.prints("fine      `crm.db`: sqlite: 1 object can be read; ")
        .prints(" can be formed of its columns: whole, email, phone, ");
    told.prints("would take less than a minute: an estimate").prints("valid until 2017-05-19T09:00:00Z");
    let told = json(&world, "recipient", LATER);
    assert_eq!((&told["exitCode"], &told["wrong"], &told["doubtful"]), (&Value::from(0), &Value::from(0), &Value::from(0)));
    assert_eq!(told["estimate"]["rows"], 200, "{told:#}");
    assert_eq!(world.case.files(), before);
    world
        .run(LATER, &["doctor", "--config", "recipient.toml", "--quiet"])
        .exits_with(0)
        .stdout_is(&format!("0 wrong, 0 doubtful, {} fine.\n", told["fine"]));
    // And so it is.
    check(&world, "recipient", LATER, &[]).exits_with(0);
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(0).prints("0 wrong, 0 doubtful, ").prints("no challenge waits in it").prints("of the usual match keys");
    world.case.never_prints(CANARY);
}

#[test]
fn files_and_folders_are_looked_at_one_by_one() {
    let world = asked();
    let well = doctor(&world, "recipient", LATER).stdout + &doctor(&world, "originator", LATER).stdout;
    world.case.write("open.key", world.case.read("keys/recipient.key"));
    mode(&world, "open.key", 0o644);
    world.case.write("bad.toml", "[[exclude]]\nmatch = 5\n");
    world.case.write("odd.toml", "[[exclude]]\nmatch = \"nothing*\"\nreason = \"there is none\"\n");
    world.case.write("password", format!("{SECRET}\n"));
    mode(&world, "password", 0o644);
    world.case.write("empty", "");
    mode(&world, "empty", 0o600);
    world.case.write("tell.sh", "#!/bin/sh\n");
    world.case.write("open.sh", "#!/bin/sh\n");
    mode(&world, "open.sh", 0o777);
    fs::create_dir(world.case.path("shared")).expect("a folder");
    mode(&world, "shared", 0o755);
    // What is written instead of what, what is told of it, and whether it is wrong.
    let recipient = [
        ("keys/recipient.key", "open.key", "wrong     the key `open.key`: ", 1),
        ("keys/recipient.key", "gone.key", "wrong     the key `gone.key`: ", 1),
        ("keys/originator.card.json", "crm.db", "wrong     the card `crm.db`: ", 1),
        ("deep = x", "map = \"bad.toml\"", "wrong     the map `bad.toml`: ", 1),
        ("deep = x", "map = \"odd.toml\"", "wrong     the map: a rule fits none of the sources: nothing*", 1),
        ("deep = x", "declare = \"bad.toml\"", "wrong     what is declared `bad.toml`: ", 1),
        ("deep = x", "[environment]\nA = { file = \"gone\" }", "wrong     the value of `A`: ", 1),
        ("deep = x", "[environment]\nA = { variable = \"NOT_SET\" }", "wrong     the value of `A`: the variable `NOT_SET`", 1),
        ("deep = x", "[environment]\nA = { credential = \"crm\" }", "wrong     the value of `A`: there are no credentials", 1),
        (
            "deep = x",
            "[environment]\nA = { file = \"password\" }",
            "doubtful  the value of `A`: others than its owner may read",
            0,
        ),
        ("deep = x", "[environment]\nA = { file = \"empty\" }", "doubtful  the value of `A`: is empty", 0),
        (
            "deep = x",
            "[hooks]\non_error = [\"./tell.sh\"]",
            "wrong     the hook on_error: cannot start `./tell.sh`: this user may not",
            1,
        ),
        (
            "deep = x",
            "[hooks]\non_clear = [\"no-such-program\"]",
            "wrong     the hook on_clear: cannot start `no-such-program`: no folder",
            1,
        ),
        ("deep = x", "[hooks]\non_clear = [\"sh\", \"open.sh\"]", "wrong     the hook on_clear: everybody may write to", 1),
        ("deep = x", "[hooks]\non_clear = [\"./open.sh\"]", "wrong     the hook on_clear: everybody may write to", 1),
        ("\"to-recipient\"", "\"gone\"", "wrong     the inbox `gone`: there is no such file or folder", 1),
        ("\"to-recipient\"", "\"crm.db\"", "wrong     the inbox `crm.db`: a part of the path is no folder", 1),
        ("\"from-recipient\"", "\"crm.db\"", "wrong     the outbox `crm.db`: a part of the path is no folder", 1),
        ("\"from-recipient\"", "\"gone/out\"", "doubtful  the outbox `gone/out`: is not there", 0),
        ("\"recipient-state\"", "\"shared\"", "wrong     the state `shared`: others than its owner may look into it", 1),
        ("\"recipient-state\"", "\"crm.db/state\"", "wrong     the state `crm.db/state`: a part of the path is no folder", 1),
        ("\"recipient.prom\"", "\"gone/recipient.prom\"", "wrong     the metrics `gone/recipient.prom`: ", 1),
        ("\"recipient.log\"", "\"shared\"", "wrong     the log `shared`: it is no regular file", 1),
        ("\"crm.db\"", "\"gone.db\"", "wrong     `gone.db`, number 1 of `sources`: ", 1),
    ];
    let settings = format!("{RECIPIENT}deep = x\n");
    for (what, instead, line, code) in recipient {
        assert!(settings.contains(what) && !well.contains(line), "{what} {line}");
        world.case.write("recipient.toml", settings.replace(what, instead).replace("deep = x\n", ""));
        doctor(&world, "recipient", LATER).exits_with(code).prints(line).prints("\n            ");
    }
    let originator = [
        ("keys/originator.key", "keys/recipient.key", "wrong     the key: is not that with which these supplies were made", 1),
        ("\"ledger\"", "\"gone\"", "wrong     the ledger `gone`: ", 1),
        ("recheck_days = 180", "[[supply]]", "", 1),
        (
            "recheck_days = 180\nagain_days = 7",
            "[[originator.supply]]\nid = \"zz\"\naccept = \"bad.toml\"",
            "wrong     what is accepted `bad.toml`: ",
            1,
        ),
        ("recheck_days = 180\nagain_days = 7", "[[originator.supply]]\nid = \"zz\"", "doubtful  the rule for `zz`: ", 0),
    ];
    for (what, instead, line, code) in originator {
        assert!(ORIGINATOR.contains(what) && (line.is_empty() || !well.contains(line)), "{what} {line}");
        world.case.write("originator.toml", ORIGINATOR.replace(what, instead));
        doctor(&world, "originator", LATER).exits_with(code).prints(line);
    }
    world.case.write("originator.toml", ORIGINATOR);
    mode(&world, "originator.toml", 0o664);
    doctor(&world, "originator", LATER)
        .exits_with(0)
        .prints("doubtful  the settings `originator.toml`: its group may write to it");
    mode(&world, "originator.toml", 0o666);
    doctor(&world, "originator", LATER)
        .exits_with(1)
        .prints("wrong     the settings `originator.toml`: everybody may write to it");
    world.case.never_prints(SECRET);
}

/// What the system refuses an ordinary user: the system's administrator, as whom tests may run, it refuses nothing.
#[test]
fn folders_that_this_user_may_not_write_to_are_told() {
    let world = asked();
    let is_administrator = {
        fs::create_dir(world.case.path("closed")).expect("a folder");
        mode(&world, "closed", 0o555);
        fs::write(world.case.path("closed/file"), "").is_ok()
    };
    let script = if is_administrator {
        let owned = |path: PathBuf| std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).expect("another owner");
        let mut folders = vec![world.case.path("")];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
            let (below, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
            files.into_iter().for_each(owned);
            folders.extend(below);
            owned(folder);
        }
        "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\""
    } else {
        "exec \"$@\""
    };
    let run = |who: &str| world.command(LATER, &["doctor", "--config", &format!("{who}.toml")]).in_shell(script).run();
    let well = run("recipient");
    if well.code.is_some_and(|code| code > 2) {
        return skip("`setpriv` is missing, or another user may not run the program");
    }
    well.exits_with(0);
    for (folder, line) in [
        ("to-recipient", "wrong     the inbox `to-recipient`: this user may not do that"),
        ("from-recipient", "wrong     the outbox `from-recipient`: this user may not do that"),
    ] {
        mode(&world, folder, 0o555);
        run("recipient").exits_with(1).prints(line);
        mode(&world, folder, 0o755);
    }
    for (what, instead, line) in [
        ("\"recipient-state\"", "\"closed\"", "wrong     the state `closed`: this user may not do that"),
        (
            "\"recipient-state\"",
            "\"closed/state\"",
            "wrong     the state `closed/state`: is not there, and this user may not make it",
        ),
        ("\"recipient.prom\"", "\"closed/prom\"", "wrong     the metrics `closed/prom`: this user may not do that"),
        ("\"recipient.log\"", "\"closed/log\"", "wrong     the log `closed/log`: this user may not do that"),
    ] {
        world.case.write("recipient.toml", RECIPIENT.replace(what, instead));
        run("recipient").exits_with(1).prints(line);
    }
    run("originator").exits_with(0);
    mode(&world, "ledger", 0o555);
    run("originator")
        .exits_with(1)
        .prints("wrong     the ledger `ledger`: nothing can be added to it: this user may not do that");
    mode(&world, "ledger", 0o700);
}

#[test]
fn a_ledger_is_looked_at_to_its_ground() {
    let world = asked();
    let secrets = world.case.files().into_iter().find(|name| name.starts_with("ledger/secrets/")).expect("secrets");
    mode(&world, &secrets, 0o644);
    doctor(&world, "originator", LATER).exits_with(1).prints("wrong     the ledger `ledger`: ");
    mode(&world, &secrets, 0o600);
    doctor(&world, "originator", LATER).exits_with(0);
    // Under a passphrase, which has to be named and right.
    for (file, words) in [("right", "a heron stands in the reeds"), ("wrong", "another bird stands there")] {
        world.case.write(file, words);
        mode(&world, file, 0o600);
    }
    world.run(LATER, &["ledger", "protect", "--new-passphrase-file", "right"]).exits_with(0);
    doctor(&world, "originator", LATER)
        .exits_with(1)
        .prints("wrong     the ledger's secrets: they are under a passphrase, and no");
    for (file, code, line) in [
        ("wrong", 1, "wrong     the ledger's secrets: "),
        ("right", 0, "fine      the ledger's secrets: open with the passphrase"),
    ] {
        world.case.write("originator.toml", format!("{ORIGINATOR}passphrase_file = \"{file}\"\n"));
        doctor(&world, "originator", LATER).exits_with(code).prints(line);
    }
    mode(&world, "right", 0o640);
    doctor(&world, "originator", LATER).exits_with(1).prints("wrong     the passphrase `right`: ");
    mode(&world, "right", 0o600);
    let lines = world.case.read("ledger/ledger.jsonl");
    world.case.write("ledger/ledger.jsonl", lines.replacen("2017-06-30", "2018-06-30", 1));
    doctor(&world, "originator", LATER).exits_with(1).prints("wrong     the ledger `ledger`: ");
    world.case.never_prints("heron stands");
}

#[test]
fn a_clock_is_held_against_all_that_has_a_time() {
    let world = asked();
    // Before the ledger's last line, and before the challenge was issued.
    doctor(&world, "originator", "2017-05-05T08:00:00Z")
        .exits_with(1)
        .prints("and the last line of the ledger is of 2017-05-05T09");
    doctor(&world, "recipient", "2017-05-05T08:00:00Z")
        .exits_with(1)
        .prints("was issued at 2017-05-05T09:00:00Z\n            set the clock");
    // A few minutes are nothing.
    doctor(&world, "originator", "2017-05-05T08:55:00Z").exits_with(0).prints("0 wrong, 0 doubtful");
    check(&world, "recipient", "2017-05-07T09:00:00Z", &[]).exits_with(0);
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1)
        .prints("wrong     the clock: the clock says 2017-05-06T09:00:00Z, and the last check was at 2017-05-07T09");
}

#[test]
fn what_lies_in_the_inbox_is_put_to_the_test() {
    let world = asked();
    let late = doctor(&world, "recipient", "2017-06-20T09:00:00Z");
    late.exits_with(1).prints(": it expired at 2017-05-19T09:00:00Z\n            ask the originator for a new challenge");
    // The last byte of a manifest, another one beside a statement, and none.
    let manifest = world.case.path("to-recipient/handover/baseline.residua");
    let whole = fs::read(&manifest).expect("a manifest");
    let mut altered = whole.clone();
    *altered.last_mut().expect("a byte") ^= 1;
    fs::write(&manifest, altered).expect("a manifest");
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1)
        .prints("wrong     `handover/baseline.residua`: is not the manifest that")
        .prints("wrong     the baseline challenge");
    fs::remove_file(&manifest).expect("a manifest");
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1).prints("the manifest that it is about is not in the inbox");
    told.prints("doubtful  `handover/baseline.residua.intoto.json`: the manifest that it is about does not lie beside it");
    fs::write(&manifest, whole).expect("a manifest");
    doctor(&world, "recipient", LATER).exits_with(0).prints("0 wrong, 0 doubtful");
    // Of somebody whose card is not named, and for somebody else.
    world.run(SUPPLIED, &["keygen", "--name", "A stranger", "--out", "keys/stranger"]).exits_with(0);
    world.case.write("recipient.toml", RECIPIENT.replace("keys/originator.card.json", "keys/stranger.card.json"));
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1).prints("would be put aside: it is not signed by an originator whose card");
    told.prints("doubtful  `handover/deletion.residua.intoto.json`: it is not signed by an originator whose card");
    world.case.write("recipient.toml", RECIPIENT.replace("keys/recipient.key", "keys/stranger.key"));
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1).prints("would be put aside: it is addressed to another key").prints("was made for another key than that");
    assert!(challenge(&world).is_file());
}

#[test]
fn time_is_held_against_hours_and_challenges() {
    let world = asked();
    // 200 rows at one a second.
    let slow = "max_rows_per_second = 1\n";
    reading(&world, &["crm.db", "exports"], slow);
    let told = doctor(&world, "recipient", "2017-05-19T08:50:00Z");
    told.exits_with(0)
        .prints("about 3 min")
        .prints("would be answered about 2017-05-19T08:53:20Z, and valid until 2017-05-19T09:00:00Z");
    let told = doctor(&world, "recipient", "2017-05-19T08:58:00Z");
    told.exits_with(0).prints("may be too late: answered about 2017-05-19T09:01:20Z").prints("raise `max_rows_per_second`");
    let told = doctor(&world, "recipient", "2017-05-19T08:59:00Z");
    told.exits_with(1).prints("would be too late: answered about 2017-05-19T09:02:20Z");
    reading(&world, &["crm.db", "exports"], &format!("{slow}[hours]\nfrom = \"22:00\"\nto = \"22:02\"\n"));
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(0)
        .prints("doubtful  the hours: from 22:00 to 22:02 UTC")
        .prints("would be answered about 2017-05-06T22:03:20Z");
    reading(&world, &["crm.db", "exports"], &format!("{slow}[hours]\nfrom = \"22:00\"\nto = \"22:04\"\n"));
    doctor(&world, "recipient", LATER).exits_with(0).prints("fine      the hours: ").prints("0 wrong, 0 doubtful");
}

#[test]
fn names_do_no_harm_and_sources_of_nobody_are_told() {
    let world = asked();
    world.case.write("odd/evil\u{1b}[2J\u{202e}.csv", "colour,size\nred,4\nblue,5\n");
    world.database("odd/things.db", |database| {
        database
            .execute_batch(
                "CREATE TABLE \"x\u{1b}[31m\ny\" (colour TEXT, size TEXT); INSERT INTO \"x\u{1b}[31m\ny\" VALUES ('red', '4')",
            )
            .expect("a table");
    });
    reading(&world, &["crm.db", "odd"], "map = \"m\\u001b[2J.toml\"\n");
    for format in ["text", "json"] {
        let told = world.run(LATER, &["doctor", "--config", "recipient.toml", "--format", format]);
        told.exits_with(1);
        let all = format!("{}{}", told.stdout, told.stderr);
        assert!(!all.contains(['\u{1b}', '\u{202e}']), "{all:?}");
    }
    let told = doctor(&world, "recipient", LATER);
    told.prints("things.db`: sqlite: 1 object can be read; no column that can be read is taken for anything of a person")
        .prints("evil\\u{1b}[2J\\u{202e}.csv");
    told.prints("wrong     the map `m\\u{1b}[2J.toml`: ");
    reading(&world, &["crm.db", "none*"], "");
    doctor(&world, "recipient", LATER)
        .exits_with(1)
        .prints("wrong     `none*`, number 2 of `sources`: ")
        .prints("fine      `crm.db`: ");
}

#[test]
fn a_server_that_is_not_reached_hides_no_other_source() {
    let world = asked();
    reading(&world, &["postgres://reader@127.0.0.1:1/crm", "crm.db"], "[environment]\nPGPASSWORD = { file = \"password\" }\n");
    world.case.write("password", SECRET);
    mode(&world, "password", 0o600);
    let told = doctor(&world, "recipient", LATER);
    told.exits_with(1)
        .prints("wrong     `postgres://…`, number 1 of `sources`: ")
        .prints("Connection refused")
        .prints("check host and port")
        .prints("fine      `crm.db`: ");
    assert!(!told.stdout.contains("Time\n"), "{}", told.whole());
    world.case.never_prints(SECRET);
}

#[test]
fn the_rights_that_postgres_lacks_are_the_ones_that_are_printed() {
    let Some(server) = Postgres::start() else { return };
    let world = asked();
    server.create("crm");
    server.load_people("crm", "contacts", &world.supplied.iter().collect::<Vec<&Person>>());
    server.sql(
        "crm",
        format!(
            r#"CREATE ROLE "it's" LOGIN PASSWORD '{SECRET}';
            CREATE SCHEMA "Sales ""2";
            CREATE TABLE "Sales ""2"."odd
--; DROP TABLE contacts;" (id int, phone text);
            CREATE TABLE secured (id int, phone text); ALTER TABLE secured ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secured TO "it's";
            CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
            CREATE TABLE events_17 PARTITION OF events FOR VALUES FROM ('2017-01-01') TO ('2018-01-01');
            GRANT SELECT ON events TO "it's";
            CREATE TABLE known (id int); GRANT SELECT ON known TO "it's";
            CREATE VIEW people AS SELECT * FROM contacts;
            GRANT SELECT (id, first_name) ON contacts TO "it's";
            REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;"#
        ),
    );
    world.case.write("password", SECRET);
    mode(&world, "password", 0o600);
    let url = server.url_as("it%27s", "crm");
    reading(&world, &[&url], "[environment]\nPGPASSWORD = { file = \"password\" }\n");
    let file = challenge(&world).display().to_string();
    let scan = || world.command(LATER, &world.scanning("baseline", &file, &[&url], &[])).env("PGPASSWORD", SECRET).run();
    scan().exits_with(10);
    let told = json(&world, "recipient", LATER);
    assert_eq!((&told["exitCode"], &told["wrong"]), (&Value::from(0), &Value::from(0)), "{told:#}");
    let before = gaps(&told);
    for word in ["denied", "filtered", "not_asked"] {
        assert!(before.iter().any(|gap| gap == word), "{word} in {before:?}");
    }
    let missing = statements(&told);
    for part in [
        "GRANT USAGE ON SCHEMA \"Sales \"\"2\" TO \"it's\";",
        "GRANT SELECT ON \"public\".\"contacts\" TO \"it's\";",
        "BYPASSRLS;",
    ] {
        assert!(missing.contains(part), "{part} in {missing}");
    }
    // What it may read already, or reads in another way, it is not given.
    for part in ["\"known\"", "\"events_17\"", "\"people\"", "CREATE", "PASSWORD", "ALL TABLES"] {
        assert!(!missing.contains(part), "{part} in {missing}");
    }
    assert!(
        missing.lines().all(|line| ["--", "\\connect", "GRANT ", "ALTER ROLE "].iter().any(|begin| line.starts_with(begin))),
        "{missing}"
    );
    let shown = doctor(&world, "recipient", LATER);
    shown.exits_with(0).prints("lacks rights").prints(&missing);
    // A column that may not be read forms no key.
    let all = "32 of 32 of the match keys of the challenges can be formed";
    assert!(!shown.stdout.contains(all), "{}", shown.whole());
    let alone = world.command(LATER, &["inspect", &url, "--missing-grants"]).env("PGPASSWORD", SECRET).run();
    alone.exits_with(0).stdout_is(&missing);
    server.sql("", &missing);
    let told = json(&world, "recipient", LATER);
    assert_eq!((gaps(&told), statements(&told)), (Vec::new(), String::new()), "{told:#}");
    doctor(&world, "recipient", LATER).exits_with(0).prints("0 wrong, 0 doubtful").prints(", as it's, a primary: ").prints(all);
    scan().exits_with(0);
    let alone = world.command(LATER, &["inspect", &url, "--missing-grants"]).env("PGPASSWORD", SECRET).run();
    alone.exits_with(0).stdout_is("Nothing is missing that could be granted.\n");
    // The password is that of the settings alone.
    world.case.write("password", "another");
    doctor(&world, "recipient", LATER).exits_with(1).prints("password authentication failed");
    world.run(LATER, &["inspect", "crm.db", "--missing-grants"]).exits_with(1).warns("has no accounts");
    world.case.never_prints(SECRET);
    world.case.never_prints(CANARY);
}

#[test]
fn the_right_that_mariadb_lacks_is_the_one_that_is_printed() {
    let Some(server) = MariaDb::start() else { return };
    let world = asked();
    server.create("crm");
    server.load_people("crm", "contacts", &world.supplied.iter().collect::<Vec<&Person>>());
    server.load_people("crm", "hidden", &[]);
    server.sql("", format!("CREATE USER 'it''s'@'%' IDENTIFIED BY '{SECRET}'; GRANT SELECT ON crm.contacts TO 'it''s'@'%';"));
    world.case.write("password", SECRET);
    mode(&world, "password", 0o600);
    let url = server.url_as("it%27s", "crm");
    reading(&world, &[&url], "[environment]\nMYSQL_PWD = { file = \"password\" }\n");
    let file = challenge(&world).display().to_string();
    let scan = || world.command(LATER, &world.scanning("baseline", &file, &[&url], &[])).env("MYSQL_PWD", SECRET).run();
    scan().exits_with(10);
    let told = json(&world, "recipient", LATER);
    assert!(gaps(&told).iter().any(|gap| gap == "blind"), "{told:#}");
    let missing = statements(&told);
    assert!(missing.ends_with("GRANT SELECT, SHOW VIEW ON *.* TO 'it''s'@'%';\n"), "{missing}");
    server.sql("", &missing);
    let told = json(&world, "recipient", LATER);
    assert_eq!((gaps(&told), statements(&told)), (Vec::new(), String::new()), "{told:#}");
    scan().exits_with(0);
    world.case.never_prints(SECRET);
}
