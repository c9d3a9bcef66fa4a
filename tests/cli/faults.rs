//! Commands that break off: killed at each call by which they change something, or refused that call, or a read. Afterwards nothing is half there, the ledger is
//! sound, and the same command completes and has done nothing twice.
//!
//! `strace` counts the calls and tampers with them, so that a point is the same in every run.

use crate::cli::canary::written;
use crate::cli::harness::Output;
use crate::cli::harness::holds;
use crate::cli::harness::skip;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The calls by which something changes, standard output included.
const CHANGES: &str = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,ftruncate,fallocate,mkdir,mkdirat,\
                       flock,fchmod,chmod,copy_file_range,sendfile,openat";
const READS: &str = "read,pread64,openat";

/// A command, the state of things before it, and what it leaves when it is done.
struct Scenario {
    prepare: fn() -> World,
    now: &'static str,
    words: fn(&World) -> Vec<String>,
    /// Its exit code when nothing goes wrong.
    code: i32,
    /// What is there when it is done.
    outputs: &'static [&'static str],
    /// The kind of line that it adds to the ledger, once.
    line: Option<&'static str>,
    /// Which share of the points is tried: each, or every third of a command that does the same for file after file.
    every: usize,
    /// A command that believes the outputs, and its exit code.
    believed: fn(&World) -> (Vec<String>, i32),
}

/// A call of the command that can be tampered with: its name, and its number among the calls of that name in a thread.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    call: String,
    number: usize,
    /// As the log has it.
    whole: String,
}

/// Whether `strace` is there and may tamper. Where it is not, this is said; in CI it has to be.
fn has_strace() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "-e", "inject=chdir:error=EIO", "true"]).output();
    let has = tried.is_ok_and(|output| output.status.success());
    assert!(has || env::var_os("CI").is_none(), "`strace` cannot be used: install it, and let it trace");
    if !has {
        skip("there is no `strace`, or it may not trace, so no fault was tried");
    }
    has
}

/// A copy of a folder with all in it, modes included.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, fs::metadata(from).expect("a folder").permissions()).expect("a mode");
    for entry in fs::read_dir(from).expect("a readable folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A world in which one command is tried over and over.
struct Trial {
    scenario: Scenario,
    world: World,
    words: Vec<String>,
    before: tempfile::TempDir,
    faults: Vec<String>,
    tried: usize,
}

impl Trial {
    fn begin(scenario: Scenario) -> Trial {
        let world = (scenario.prepare)();
        let words = (scenario.words)(&world);
        let before = tempfile::tempdir().expect("a folder");
        copy(&world.case.path(""), before.path());
        Trial { scenario, world, words, before, faults: Vec::new(), tried: 0 }
    }

    /// Puts everything back as it was before the command.
    fn restore(&self) {
        let top = self.world.case.path("");
        for entry in fs::read_dir(&top).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("an empty folder");
        }
        copy(self.before.path(), &top);
    }

    fn run(&self, extra: &[&str]) -> Output {
        let words: Vec<&str> = self.words.iter().map(String::as_str).chain(extra.iter().copied()).collect();
        self.world.run(self.scenario.now, &words)
    }

    fn traced(&self, options: &str) -> Output {
        let script = format!("exec strace -f -qq {options} \"$@\"");
        self.world.command(self.scenario.now, &self.words).in_shell(script).run()
    }

    /// The calls that an undisturbed run makes, of those that are asked for.
    fn points(&mut self, calls: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<Point> {
        self.restore();
        let log = tempfile::NamedTempFile::new().expect("a file");
        self.traced(&format!("-y -o {} -e trace={calls}", log.path().display())).exits_with(self.scenario.code);
        let mut points = Vec::new();
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for line in fs::read_to_string(log.path()).expect("a log").lines() {
            let Some((thread, call)) = line.split_once(' ') else { continue };
            // Numbers of threads are padded.
            let call = call.trim_start();
            let Some((name, _)) = call.split_once('(').filter(|(name, _)| calls.split(',').any(|call| call == *name)) else {
                continue;
            };
            let count = counts.entry((thread.to_owned(), name.to_owned())).or_default();
            *count += 1;
            if is_wanted(call) {
                points.push(Point { call: name.to_owned(), number: *count, whole: call.to_owned() });
            }
        }
        points.sort();
        points.dedup_by(|a, b| (&a.call, a.number) == (&b.call, b.number));
        let every = if env::var_os("RESIDUA_EVERY_POINT").is_some() { 1 } else { self.scenario.every };
        let points: Vec<Point> = points.into_iter().step_by(every).collect();
        assert!(!points.is_empty(), "the command makes no such call");
        points
    }

    /// Whether a call of the log is about something in the folder. Each has the working folder in it, where it names a path.
    fn is_inside(folder: &str, call: &str) -> bool {
        // What is read or written stands in quotes too.
        let is_of_bytes = ["read(", "pread64(", "write(", "pwrite64(", "writev("].iter().any(|name| call.starts_with(name));
        match call.split_once('"') {
            Some((_, path)) if !is_of_bytes => !path.starts_with('/') || path.starts_with(folder),
            _ => call.contains(&format!("<{folder}")),
        }
    }

    /// The path of the folder as the log has it.
    fn folder(&self) -> String {
        self.world.case.path("").to_string_lossy().trim_end_matches('/').to_owned()
    }

    fn lines(&self) -> usize {
        let text = fs::read_to_string(self.world.case.path("ledger/ledger.jsonl")).unwrap_or_default();
        self.scenario.line.map_or(0, |kind| text.matches(&format!("\"entry\":{{\"{kind}\":")).count())
    }

    fn is_done(&self, lines_before: usize) -> bool {
        let is_there = |name: &&str| self.world.case.path(name).is_file();
        self.scenario.outputs.iter().all(is_there) && (self.scenario.line.is_none() || self.lines() == lines_before + 1)
    }

    /// No value of the data stands in what a run printed that broke off, nor in what it left.
    fn keeps_quiet(&mut self, point: &str, broken: &Output) {
        if holds(broken.whole().as_bytes(), CANARY) {
            self.faults.push(format!("{point}: a value is printed"));
        }
        for (name, bytes) in written(&self.world) {
            if holds(&bytes, CANARY) {
                self.faults.push(format!("{point}: a value stands in {name}"));
            }
        }
    }

    /// What is wrong after a run that broke off; nothing where the same command completes.
    fn recover(&mut self, point: &str, lines_before: usize) {
        self.tried += 1;
        let mut wrong = String::new();
        for name in self.world.case.files() {
            let path = self.world.case.path(&name);
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            if (name.starts_with("ledger/") || Path::new(&name).extension().is_some_and(|ending| ending == "key"))
                && mode & 0o077 != 0
            {
                write!(wrong, "\n  `{name}` can be read by others").expect("a string");
            }
        }
        if self.world.case.path("ledger/ledger.jsonl").is_file() {
            let verified = self.world.run(self.scenario.now, &["ledger", "verify"]);
            if verified.code != Some(0) {
                write!(wrong, "\n  the ledger does not verify:{}", verified.whole()).expect("a string");
            }
        }
        let mut again = self.run(&[]);
        if again.code != Some(self.scenario.code) {
            // Where outputs stand in the way, that is said; where the work is done, nothing remains to do.
            let stands = again.code == Some(1) && again.stderr.contains("--force");
            if stands && !self.is_done(lines_before) {
                again = self.run(&["--force"]);
            }
            let is_over = again.code == Some(1) && self.is_done(lines_before);
            if again.code != Some(self.scenario.code) && !is_over {
                write!(wrong, "\n  the command does not complete:{}", again.whole()).expect("a string");
            }
        }
        if !self.is_done(lines_before) {
            let lines = self.lines() - lines_before;
            write!(wrong, "\n  afterwards there are {lines} lines, and the files {:?}", self.world.case.files())
                .expect("a string");
        }
        let (words, code) = (self.scenario.believed)(&self.world);
        let believed = self.world.run(self.scenario.now, &words);
        if believed.code != Some(code) {
            write!(wrong, "\n  what was made is not believed:{}", believed.whole()).expect("a string");
        }
        if !wrong.is_empty() {
            self.faults.push(format!("{point}:{wrong}"));
        }
    }

    /// Kills the command at each call by which something changes.
    fn kill_everywhere(&mut self) {
        let lines_before = self.lines();
        let is_wanted = |call: &str| !call.starts_with("openat") || call.contains("O_CREAT");
        for Point { call, number, whole } in self.points(CHANGES, is_wanted) {
            self.restore();
            let killed = self.traced(&format!("-o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={number}"));
            // A thread may make fewer calls this time.
            if killed.code.is_none() {
                let point = format!("killed at {call} {number}, {whole}");
                self.keeps_quiet(&point, &killed);
                self.recover(&point, lines_before);
            }
        }
    }

    /// Refuses each call by which something changes in the folder.
    fn refuse_everywhere(&mut self) {
        let lines_before = self.lines();
        let folder = self.folder();
        let is_wanted = |call: &str| Trial::is_inside(&folder, call) && (!call.starts_with("openat") || call.contains("O_CREAT"));
        for Point { call, number, whole } in self.points(CHANGES, is_wanted) {
            for error in ["ENOSPC", "EIO"] {
                self.restore();
                let refused = self.traced(&format!("-o /dev/null -e trace={call} -e inject={call}:error={error}:when={number}"));
                let point = format!("{error} at {call} {number}, {whole}");
                let is_said = refused.code == Some(1) && refused.stderr.starts_with("error: ");
                if refused.code != Some(self.scenario.code) && !is_said {
                    self.faults.push(format!("{point}:{}", refused.whole()));
                }
                let is_half = |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "part");
                let half: Vec<String> = self.world.case.files().into_iter().filter(is_half).collect();
                // What cannot be removed stays.
                if !half.is_empty() && !call.starts_with("unlink") {
                    self.faults.push(format!("{point}: {half:?} are left behind{}", refused.whole()));
                }
                self.keeps_quiet(&point, &refused);
                self.recover(&point, lines_before);
            }
        }
    }

    /// Refuses each read of a file in the folder.
    fn misread_everywhere(&mut self, is_believed: impl Fn(&Output) -> bool) {
        let folder = self.folder();
        let is_wanted = |call: &str| Trial::is_inside(&folder, call) && !call.contains("O_CREAT");
        for Point { call, number, whole } in self.points(READS, is_wanted) {
            self.restore();
            let misread = self.traced(&format!("-o /dev/null -e trace={call} -e inject={call}:error=EIO:when={number}"));
            // Reads of the loader count as well, in the thread that begins.
            if misread.code == Some(127) {
                continue;
            }
            self.tried += 1;
            let point = format!("EIO at {call} {number}, {whole}");
            self.keeps_quiet(&point, &misread);
            if !is_believed(&misread) {
                self.faults.push(format!("{point}:{}", misread.whole()));
            }
        }
    }

    #[expect(clippy::print_stderr, reason = "the figure that docs/reliability.md names")]
    fn end(self) {
        eprintln!("{} points", self.tried);
        let shown = self.faults[..self.faults.len().min(9)].join("\n");
        assert!(self.faults.is_empty(), "{} of {} points:\n{shown}", self.faults.len(), self.tried);
        assert!(self.tried > 5, "only {} points were tried", self.tried);
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn keygen() -> Scenario {
    Scenario {
        prepare: World::new,
        now: SUPPLIED,
        words: |_| words(&["keygen", "--name", "Another", "--out", "keys/another"]),
        code: 0,
        outputs: &["keys/another.key", "keys/another.card.json"],
        line: None,
        every: 1,
        believed: |_| (words(&["inspect", "keys/another.card.json"]), 0),
    }
}

fn supply() -> Scenario {
    Scenario {
        prepare: World::new,
        now: SUPPLIED,
        words: |world| {
            world.supplying("supply.csv", "handover", &["--schema", "schema.toml", "--keys", "email,child_postcode_dob"])
        },
        code: 0,
        outputs: &[
            "handover/baseline.residua",
            "handover/baseline.residua.intoto.json",
            "handover/deletion.residua",
            "handover/deletion.residua.intoto.json",
        ],
        line: Some("supply"),
        every: 1,
        believed: |world| (world.asking("baseline", "believed.json", &[]), 0),
    }
}

fn challenge() -> Scenario {
    Scenario {
        prepare: World::with_baseline,
        now: AFTER,
        words: |world| world.asking("deletion", "deletion.challenge.json", &[]),
        code: 0,
        outputs: &["deletion.challenge.json"],
        line: Some("challenge"),
        every: 1,
        believed: |world| (world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &[]), 11),
    }
}

fn scan() -> Scenario {
    Scenario {
        prepare: World::asked,
        now: AFTER,
        words: |world| {
            world.scanning(
                "deletion",
                "deletion.challenge.json",
                &["crm.db", "exports"],
                &["--out", "answer.json", "--findings", "findings.csv"],
            )
        },
        code: 11,
        outputs: &["answer.json", "findings.csv"],
        line: None,
        every: 1,
        believed: |_| (words(&["verify", "answer.json"]), 11),
    }
}

fn resumed_scan() -> Scenario {
    Scenario {
        words: |world| {
            world.scanning(
                "deletion",
                "deletion.challenge.json",
                &["crm.db", "exports"],
                &["--out", "answer.json", "--resume", "kept"],
            )
        },
        outputs: &["answer.json"],
        ..scan()
    }
}

fn verify() -> Scenario {
    Scenario {
        prepare: || {
            let world = World::asked();
            let signing = ["--out", "answer.json", "--findings", "findings.csv"];
            world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &signing).exits_with(11);
            world
        },
        now: AFTER,
        words: |_| words(&["verify", "answer.json"]),
        code: 11,
        outputs: &[],
        line: Some("receipt"),
        every: 1,
        believed: |_| (words(&["status"]), 13),
    }
}

fn bundle() -> Scenario {
    Scenario {
        prepare: World::with_baseline,
        now: AFTER,
        words: |world| words(&["bundle", &world.supply_id(), "--out", "evidence"]),
        code: 0,
        outputs: &["evidence/README.md", "evidence/ledger/ledger.jsonl"],
        line: None,
        every: 3,
        believed: |_| (words(&["verify", "--bundle", "evidence"]), 10),
    }
}

fn export() -> Scenario {
    Scenario {
        prepare: World::with_baseline,
        now: AFTER,
        words: |_| words(&["ledger", "export", "--out", "copy"]),
        code: 0,
        outputs: &["copy/ledger.jsonl", "copy/head"],
        line: None,
        every: 1,
        believed: |_| (words(&["ledger", "verify", "--ledger", "copy"]), 0),
    }
}

fn rotation() -> Scenario {
    Scenario {
        prepare: || {
            let world = World::with_baseline();
            let renew = ["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key"];
            world.run(AFTER, &renew).exits_with(0);
            world
        },
        now: AFTER,
        words: |_| words(&["recipient", "rotate", "keys/renewed.rotation.json"]),
        code: 0,
        outputs: &[],
        line: Some("recipient"),
        every: 1,
        believed: |_| (words(&["recipient", "list"]), 0),
    }
}

/// What the recipient has of the supply.
const THEIRS: [&str; 4] = ["handover/baseline.residua", "handover/deletion.residua", "deletion.challenge.json", "findings.csv"];

fn destroy() -> Scenario {
    Scenario {
        prepare: || {
            let world = World::asked();
            let signing = ["--out", "answer.json", "--findings", "findings.csv"];
            world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &signing).exits_with(11);
            world
        },
        now: AFTER,
        words: |_| {
            let signing = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--out", "destroyed.json"];
            words(&[&["destroy"], &THEIRS[..], &signing[..]].concat())
        },
        code: 0,
        outputs: &["destroyed.json"],
        line: None,
        every: 1,
        // All stands in one record, whichever run removed it.
        believed: |world| {
            let record = payload(&world.case.read("destroyed.json"));
            let named = record["predicate"]["items"].as_array().map_or(0, Vec::len);
            let is_gone = THEIRS.iter().all(|name| !world.case.path(name).exists());
            (words(&["verify", "destroyed.json"]), if is_gone && named == THEIRS.len() { 0 } else { -1 })
        },
    }
}

macro_rules! trials {
    ($($scenario:ident: $killed:ident $refused:ident,)*) => {$(
        #[test]
        fn $killed() {
            if has_strace() {
                let mut trial = Trial::begin($scenario());
                trial.kill_everywhere();
                trial.end();
            }
        }

        #[test]
        fn $refused() {
            if has_strace() {
                let mut trial = Trial::begin($scenario());
                trial.refuse_everywhere();
                trial.end();
            }
        }
    )*};
}

trials! {
    keygen: a_keygen_is_killed a_keygen_is_refused,
    supply: a_supply_is_killed a_supply_is_refused,
    challenge: a_challenge_is_killed a_challenge_is_refused,
    scan: a_scan_is_killed a_scan_is_refused,
    resumed_scan: a_resumed_scan_is_killed a_resumed_scan_is_refused,
    verify: a_verification_is_killed a_verification_is_refused,
    bundle: a_bundle_is_killed a_bundle_is_refused,
    export: an_export_is_killed an_export_is_refused,
    rotation: a_rotation_is_killed a_rotation_is_refused,
    destroy: a_destruction_is_killed a_destruction_is_refused,
}

/// A scan of people of its own alone, which is `clear` where all of it is read.
#[test]
fn a_scan_that_cannot_read_is_never_clear() {
    if has_strace() {
        let mut trial = Trial::begin(Scenario {
            prepare: || {
                let world = World::asked();
                world.keep(&[]);
                world
            },
            code: 0,
            ..scan()
        });
        // A file that is looked at twice may be read whole the second time.
        let is_whole = |output: &Output| output.stdout.contains("in 80 rows of 2 targets, of which 80 formed a key");
        trial.misread_everywhere(|output| matches!(output.code, Some(1 | 10)) || output.code == Some(0) && is_whole(output));
        trial.end();
    }
}

/// An answer that says `residual` is never entered as anything else.
#[test]
fn a_verification_that_cannot_read_believes_nothing() {
    if has_strace() {
        let mut trial = Trial::begin(verify());
        trial.misread_everywhere(|output| matches!(output.code, Some(1 | 11 | 12)));
        trial.end();
    }
}
