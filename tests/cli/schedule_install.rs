//! What `schedule install` prints: a unit that systemd takes, a line that cron and the shell take, whatever folders are called.

use crate::cli::harness::Case;
use crate::cli::harness::Output;
use crate::cli::harness::skip;
use std::env;
use std::process::Command;
use std::process::Stdio;

const RECIPIENT: &str = "\
[recipient]
key = \"keys/party.key\"
originators = [\"keys/emma.card.json\"]
inbox = \"inbox\"
outbox = \"outbox\"
state = \"state\"
sources = [\"exports\"]
";

const SYSTEMD: [&str; 3] = ["--systemd", "--user", "residua"];

/// Keys, folders and settings of a recipient in a folder of a case.
fn set_up(case: &Case, folder: &str, settings: &str) {
    let at = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    for (name, key) in [("Emma", "keys/emma"), ("The party", "keys/party")] {
        case.run(&["keygen", "--name", name, "--out", &at(key)]).exits_with(0);
    }
    for name in ["inbox/.keep", "outbox/.keep", "state/.keep", "exports/none.csv"] {
        case.write(&at(name), "");
    }
    // As a first run makes it.
    std::fs::set_permissions(case.path(&at("state")), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("a mode");
    case.write(&at("residua.toml"), settings);
}

fn install(case: &Case, config: &str, extra: &[&str]) -> Output {
    case.run(&[&["schedule", "install", "--config", config], extra].concat())
}

/// Whether systemd can be asked on this machine.
fn has_systemd() -> bool {
    let version = Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = version.is_ok_and(|status| status.success());
    if !is_there {
        assert!(env::var_os("CI").is_none(), "`systemd-analyze` is not installed, and CI is set");
        skip("`systemd-analyze` is not installed");
    }
    is_there
}

/// The values of a setting in a unit, as they stand there.
fn values<'a>(unit: &'a str, setting: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(setting)?.strip_prefix('=')).collect()
}

#[test]
fn a_service_and_its_timer_are_printed() {
    let case = Case::new();
    set_up(&case, "", RECIPIENT);
    let before = case.files();
    let output = install(&case, "residua.toml", &SYSTEMD);
    output.exits_with(0);
    // The files alone, each behind a line with its name, and everything else on standard error.
    let (service, timer) = output.stdout.split_once("\n# residua-check.timer: ").expect("a timer");
    assert!(service.starts_with("# residua-check.service: "), "{}", output.whole());
    assert!(output.stderr.lines().all(|line| line.starts_with("note: ")), "{}", output.whole());
    assert_eq!(values(service, "User"), ["residua"]);
    assert_eq!(values(service, "SuccessExitStatus"), ["10 11 13"]);
    let mut writes = values(service, "ReadWritePaths");
    // The test's folder lies below that of temporary files.
    writes.retain(|path| *path != "/tmp /var/tmp");
    assert_eq!(writes, ["[TMP]/inbox", "[TMP]/outbox", "[TMP]/state"]);
    assert!(values(service, "ExecStart")[0].ends_with(" check --config [TMP]/residua.toml"), "{service}");
    assert_eq!(values(timer, "OnCalendar"), ["*-*-* *:00:00 UTC"]);
    assert_eq!(values(timer, "Persistent"), ["yes"]);
    output.warns("enable --now residua-check.timer");
    let quiet = install(&case, "residua.toml", &["--systemd", "--user", "residua", "--quiet"]);
    quiet.exits_with(0).stdout_is(&output.stdout).stderr_is("");
    assert_eq!(case.files(), before);

    let json = install(&case, "residua.toml", &[&SYSTEMD[..], &["--format", "json"]].concat());
    json.exits_with(0).stderr_is("");
    let json = json.json();
    assert_eq!(json["files"][0]["name"], "residua-check.service");
    assert_eq!(json["files"][1]["name"], "residua-check.timer");
    let contents = ["0", "1"].map(|number| json["files"][number.parse::<usize>().expect("a number")]["content"].as_str());
    assert_eq!(contents.map(Option::unwrap_or_default).join("\n"), output.stdout);
    assert!(json["files"][0]["written"].is_null());
}

#[test]
fn systemd_takes_the_units_and_what_it_says_is_shown() {
    let case = Case::new();
    let every = "metrics = \"prom/r.prom\"\nlog = \"log/residua.log\"\n".to_owned()
        + &RECIPIENT.replace("\"exports\"", "\"postgres://residua@db.example.com/crm\"")
        + "[hours]\nfrom = \"22:00\"\nto = \"05:00\"\n[environment]\nPGPASSWORD = { credential = \"crm\" }\nMYSQL_PWD = { variable = \"OTHER\" }\n\
           [hooks]\non_error = [\"/bin/true\"]\n";
    set_up(&case, "o'ne \"50%\" $HOME \\ é;#", &every);
    let output = install(&case, "o'ne \"50%\" $HOME \\ é;#/residua.toml", &SYSTEMD);
    output.exits_with(0);
    for part in [
        "LoadCredential=crm:/etc/residua/credentials/crm",
        "ProtectHome=read-only",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "The commands under [hooks] run inside of this service",
        "The settings take OTHER from the environment",
        "scans begin from 22:00 to 05:00 UTC",
        "ReadWritePaths=\"[TMP]/o'ne \\\"50%%\\\" $HOME \\\\ é;#/log\"",
    ] {
        output.prints(part);
    }
    output.warns("/prom` is not there yet; make it first: install -d -m 0755 -o residua '[TMP]/o'\\''ne");
    output.warns("put the value of the credential `crm` into `/etc/residua/credentials/crm`");
    if !has_systemd() {
        return;
    }
    output.warns("note: systemd read the units and found no fault\n");
    let json = install(&case, "o'ne \"50%\" $HOME \\ é;#/residua.toml", &[&SYSTEMD[..], &["--format", "json"]].concat());
    assert_eq!((&json.json()["verified"], &json.json()["complaints"]), (&true.into(), &serde_json::json!([])));
    // What systemd finds is told, and keeps the files from being written. It finds the account that is nobody's strange.
    set_up(&case, "", RECIPIENT);
    let strange = ["--systemd", "--user", "nobody"];
    install(&case, "residua.toml", &strange).exits_with(0).warns("warning: systemd says: residua-check.service:");
    let before = case.files();
    let refused = install(&case, "residua.toml", &[&strange[..], &["--write", "."]].concat());
    refused.exits_with(1).stdout_is("").warns("systemd finds fault with the units, and nothing was written");
    assert_eq!(case.files(), before);
    install(&case, "residua.toml", &[&SYSTEMD[..], &["--on-calendar", "Foo 25:99"]].concat()).exits_with(1).stderr_is(
        "error: systemd does not understand the times `Foo 25:99`\n  help: see `systemd-analyze calendar` and systemd.time(7)\n",
    );
    install(&case, "residua.toml", &[&SYSTEMD[..], &["--on-calendar", "Mon *-*-* 02:30:00 UTC"]].concat())
        .exits_with(0)
        .prints("OnCalendar=Mon *-*-* 02:30:00 UTC")
        .warns("found no fault");
}

#[test]
fn without_systemd_the_units_are_printed_all_the_same() {
    let case = Case::new();
    set_up(&case, "", RECIPIENT);
    let words = [&["schedule", "install", "--config", "residua.toml"], &SYSTEMD[..]].concat();
    let output = case.command(&words).env("PATH", "/nowhere").run();
    output.exits_with(0).prints("ExecStart=").warns("`systemd-analyze` is not on this machine");
    let json = case.command(&[&words[..], &["--format", "json"]].concat()).env("PATH", "/nowhere").run();
    assert!(json.json()["verified"].is_null());
}

/// The path of the program has characters that mean something to systemd, and is found by it all the same.
#[cfg(unix)]
#[test]
fn a_program_in_an_odd_folder_is_found() {
    let case = Case::new();
    set_up(&case, "", RECIPIENT);
    let words = [&["schedule", "install", "--config", "residua.toml"], &SYSTEMD[..]].concat();
    let odd = "mkdir -p '50% o$HOME' && cp \"$1\" '50% o$HOME/residua' && shift && exec './50% o$HOME/residua' \"$@\"";
    let output = case.command(&words).in_shell(odd).run();
    output.exits_with(0).prints("ExecStart=\":[TMP]/50%% o$HOME/residua\" check");
    if has_systemd() {
        output.warns("found no fault");
    }
    let refused = "mkdir -p \"o'ne\" && cp \"$1\" \"o'ne/residua\" && shift && exec \"./o'ne/residua\" \"$@\"";
    case.command(&words).in_shell(refused).run().exits_with(1).stdout_is("").stderr_is(
        "error: `[TMP]/o'ne/residua` cannot stand in a unit of systemd: it has a quotation mark or a backslash, which systemd refuses in \
         the path of a program\n  help: give it another name or place, and name that in the settings\n",
    );
}

/// What cron hands to the shell: a `%` ends the command unless a backslash stands before it, which cron takes away.
fn by_cron(line: &str) -> String {
    let command = line.splitn(6, ' ').nth(5).expect("five times and a command");
    let mut handed = String::new();
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'%') => handed.extend(characters.next()),
            '%' => break,
            _ => handed.push(character),
        }
    }
    handed
}

#[cfg(unix)]
#[test]
fn a_line_of_a_crontab_does_a_check() {
    let case = Case::new();
    let folder = "o'ne \"50%\" $HOME `id` ;&#é";
    set_up(&case, folder, RECIPIENT);
    let config = format!("{folder}/residua.toml");
    let output = install(&case, &config, &["--cron"]);
    output.exits_with(0).warns("crontab -e");
    let line = output.stdout.lines().last().expect("a line").replace("[TMP]", &case.path("").to_string_lossy());
    assert!(output.stdout.lines().rev().skip(1).all(|line| line.starts_with("# ")), "{}", output.whole());
    let minute: u8 = line.split(' ').next().and_then(|minute| minute.parse().ok()).expect("a minute");
    assert!(minute < 60 && line.starts_with(&format!("{minute} * * * * umask 077 && ")), "{line}");
    // Always the same.
    install(&case, &config, &["--cron"]).stdout_is(&output.stdout);

    // As cron runs it, and as one does that knows nothing of `%`, the check is done by these settings.
    for command in [by_cron(&line), line.splitn(6, ' ').nth(5).expect("a command").to_owned()] {
        let clock = case.path(&format!("{folder}/state/clock"));
        assert!(!clock.exists());
        let ended =
            Command::new("/bin/sh").args(["-c", &command]).env_clear().env("PATH", "/usr/bin:/bin").output().expect("a shell");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() && ended.stdout.is_empty() && said.is_empty(), "{command}: {said}");
        std::fs::remove_file(&clock).expect("the time of the check");
    }
    // With an account it is for /etc/cron.d.
    let of_account = install(&case, &config, &["--cron", "--user", "residua", "--every", "hour"]);
    of_account.exits_with(0).prints(" * * * * residua umask 077 && ");
}

#[test]
fn all_files_are_written_or_none() {
    let case = Case::new();
    set_up(&case, "", RECIPIENT);
    case.write("units/readme", "");
    let words = [&SYSTEMD[..], &["--name", "crm", "--write", "units"]].concat();
    let written = install(&case, "residua.toml", &words);
    written.exits_with(0).warns("enable --now crm-check.timer");
    let both = case.read("units/crm-check.service") + "\n" + &case.read("units/crm-check.timer");
    let redacted = both.replace(&*case.path("").to_string_lossy(), "[TMP]/").replace("[TMP]//", "[TMP]/");
    assert_eq!(redacted, written.stdout);
    let refused = "error: cannot write `units/crm-check.service`\n  cause: it exists already\n  help: `--force` replaces it; another \
                   `--name` sets up another\n";
    install(&case, "residua.toml", &words).exits_with(1).stdout_is("").stderr_is(refused);
    // Where the second cannot be written, the first is not either.
    std::fs::remove_file(case.path("units/crm-check.service")).expect("a file");
    case.write("units/crm-check.timer", "of somebody else");
    install(&case, "residua.toml", &words).exits_with(1).warns("cannot write `units/crm-check.timer`");
    assert_eq!(case.files().iter().filter(|name| name.starts_with("units/")).count(), 2);
    assert_eq!(case.read("units/crm-check.timer"), "of somebody else");
    let forced = install(&case, "residua.toml", &[&words[..], &["--force", "--format", "json"]].concat());
    assert_eq!(forced.exits_with(0).json()["files"][1]["written"], "units/crm-check.timer");
    assert!(case.read("units/crm-check.timer").contains("OnCalendar"));
    install(&case, "residua.toml", &[&SYSTEMD[..], &["--write", "gone"]].concat()).exits_with(1).stdout_is("").stderr_is(
        "error: cannot write `gone/residua-check.service`\n  cause: there is no such file or folder\n  help: nothing was written; see to the \
         folder that `--write` names\n",
    );

    case.write("cron.d/readme", "");
    let cron = ["--cron", "--user", "residua", "--write", "cron.d"];
    install(&case, "residua.toml", &cron).exits_with(0).warns("cron reads the file by itself");
    assert!(case.read("cron.d/residua-check").ends_with(" >/dev/null\n"));
}

#[test]
fn what_cannot_work_is_refused() {
    let case = Case::new();
    set_up(&case, "", RECIPIENT);
    let settings = [
        ("hours", "[hours]\nfrom = \"22:00\"\nto = \"05:00\"\n"),
        ("credential", "[environment]\nPGPASSWORD = { credential = \"crm\" }\n"),
        ("strange", "[environment]\nPGPASSWORD = { credential = \"crm\\nUser=root\" }\n"),
        ("bad", "secret = \"qzgeheim\"\n"),
    ];
    for (name, text) in settings {
        case.write(&format!("{name}.toml"), RECIPIENT.to_owned() + text);
    }
    case.write("root.toml", format!("metrics = \"/r.prom\"\n{RECIPIENT}"));
    case.write("broken.toml", RECIPIENT.replace("\"inbox\"", "\"in\\nExecStartPre=/bin/x\""));
    let service = |extra: &[&'static str]| [&SYSTEMD[..], extra].concat();
    for (config, words, told) in [
        ("bad.toml", service(&[]), "cannot use the settings `bad.toml`: line 8: unknown field `secret`"),
        ("none.toml", service(&[]), "cannot read the settings `none.toml`"),
        ("broken.toml", service(&[]), "it has a line break or another character that does not show"),
        ("root.toml", service(&[]), "it would let the service write everywhere"),
        ("strange.toml", service(&[]), "the credential `crm\\u{a}User=root` cannot be used"),
        ("credential.toml", vec!["--cron"], "cron hands out no credentials, and the settings take `crm` from one"),
        ("hours.toml", vec!["--cron", "--every", "day"], "the settings have `[hours]`, which one run a day may miss"),
        ("residua.toml", vec!["--cron", "--write", "."], "a file for `/etc/cron.d` names the account in each line"),
        ("residua.toml", service(&["--name", "../x"]), "the name `../x` cannot be used"),
        ("residua.toml", service(&["--on-calendar", "daily\nUnit=x"]), "cannot be used: it is no expression of systemd.time(7)"),
        ("residua.toml", vec!["--systemd", "--user", "a\nb"], "the account `a\\u{a}b` cannot be used"),
        ("residua.toml", vec!["--cron", "--user", "a b"], "the account `a b` cannot be used"),
    ] {
        let output = install(&case, config, &words);
        output.exits_with(1).stdout_is("").warns(told).warns("\n  help: ");
    }
    for words in
        [&[][..], &["--systemd"], &["--systemd", "--cron"], &["--cron", "--on-calendar", "daily"], &["--cron", "--force"]]
    {
        install(&case, "residua.toml", words).exits_with(2).stdout_is("");
    }
    case.never_prints("qzgeheim");
}

#[cfg(unix)]
#[test]
fn a_folder_with_a_line_break_is_refused() {
    let case = Case::new();
    set_up(&case, "a\nUser=root\n#", RECIPIENT);
    for words in [&SYSTEMD[..], &["--cron"]] {
        let output = install(&case, "a\nUser=root\n#/residua.toml", words);
        output.exits_with(1).stdout_is("").warns("`[TMP]/a\\u{a}User=root\\u{a}#/residua.toml` cannot stand in a ");
    }
    set_up(&case, "b\\c", RECIPIENT);
    install(&case, "b\\c/residua.toml", &["--cron"]).exits_with(1).stdout_is("").stderr_is(
        "error: `[TMP]/b\\c/residua.toml` cannot stand in a crontab: it has a backslash, which not every cron reads in the same way\n  \
         help: give it another name or place, and name that in the settings\n",
    );
}

#[test]
fn an_originator_writes_its_ledger() {
    let case = Case::new();
    set_up(&case, "", "[originator]\nkey = \"keys/party.key\"\ninbox = \"inbox\"\noutbox = \"outbox\"\nstate = \"state\"\n");
    let usual = install(&case, "residua.toml", &SYSTEMD);
    usual.exits_with(0).prints("Environment=RESIDUA_LEDGER=[TMP]/ledger").prints("ReadWritePaths=[TMP]/ledger");
    usual
        .warns("the settings name no ledger, so that it is the usual one of who asks, `[TMP]/ledger`")
        .prints("PrivateNetwork=yes");
    install(&case, "residua.toml", &["--cron"]).exits_with(0).prints(" && RESIDUA_LEDGER=[TMP]/ledger ");
    let named = case.read("residua.toml") + "ledger = \"./sub/../books\"\n";
    case.write("named.toml", named);
    let named = install(&case, "named.toml", &SYSTEMD);
    named.exits_with(0).prints("ReadWritePaths=[TMP]/books");
    assert!(!named.stdout.contains("RESIDUA_LEDGER"));
}
