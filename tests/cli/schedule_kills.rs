//! Checks that are killed, the process alone or with all that it started, at the moments that matter and at any other: whatever was done is not done twice, and
//! whatever was not is done by the next run.

use crate::cli::harness::Output;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use serde_json::Value;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

const HOOKS: &str = "\
[hooks]
on_clear = [\"sh\", \"tell.sh\", \"NAME\"]
on_residual = [\"sh\", \"tell.sh\", \"NAME\"]
on_inconclusive = [\"sh\", \"tell.sh\", \"NAME\"]
on_error = [\"sh\", \"tell.sh\", \"NAME\"]
";

const ORIGINATOR: &str = "\
[originator]
key = \"keys/originator.key\"
ledger = \"ledger\"
inbox = \"to-originator\"
outbox = \"from-originator\"
state = \"originator-state\"
recheck_days = 180
";

const RECIPIENT: &str = "\
[recipient]
key = \"keys/recipient.key\"
originators = [\"keys/originator.card.json\"]
inbox = \"to-recipient\"
outbox = \"from-recipient\"
state = \"recipient-state\"
sources = [\"crm.db\", \"exports\"]
";

/// When a check is killed: as soon as there is one thing more of a kind, or after some milliseconds.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// A file in this folder.
    File(&'static str),
    /// A line of the ledger of this kind.
    Line(&'static str),
    After(u64),
}

/// In the order in which they come in a run, so that each is reached although one was killed at those before it.
const ASKING: [Moment; 3] =
    [Moment::File("originator-state/staging"), Moment::Line("challenge"), Moment::File("from-originator")];
const ANSWERING: [Moment; 8] = [
    Moment::File("recipient-state/findings"),
    Moment::File("recipient-state/answers"),
    Moment::File("recipient-state/untold"),
    Moment::File("from-recipient"),
    Moment::File("recipient-state/sent"),
    Moment::File("to-recipient/done"),
    Moment::File("."),
    Moment::File("recipient-state/told"),
];
const ENTERING: [Moment; 6] = [
    Moment::Line("receipt"),
    Moment::File("from-originator/receipts"),
    Moment::File("originator-state/untold"),
    Moment::File("to-originator/done"),
    Moment::File("."),
    Moment::File("originator-state/told"),
];

/// The days on which something is asked, and the word of its answer.
const QUESTIONS: [(&str, &str, &str); 4] = [
    (SUPPLIED, "baseline", "present"),
    ("2017-07-09T09:00:00Z", "deletion", "residual"),
    ("2017-07-16T09:00:00Z", "deletion", "clear"),
    ("2018-01-12T09:00:00Z", "recheck", "clear"),
];

/// Numbers that are the same in every run of the test: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

struct Kills {
    world: World,
    /// How many checks were killed, and how many said that another was running.
    killed: Cell<usize>,
    waited: Cell<usize>,
    /// What a hook was told and a killed run did not note, as the hook has it: it may be told again.
    unnoted: RefCell<BTreeMap<String, usize>>,
}

fn is_running(id: u32) -> bool {
    // A process that ended and was not waited for is a zombie.
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

impl Kills {
    fn begin() -> Kills {
        let world = World::supplied();
        world.case.write("tell.sh", "sleep 0.02\ntext=$(tr -d '\\n')\necho \"$text\" >> told-$1\n");
        for (name, settings) in [("originator", ORIGINATOR), ("recipient", RECIPIENT)] {
            world.case.write(&format!("{name}.toml"), format!("{settings}{}", HOOKS.replace("NAME", name)));
        }
        for folder in ["to-originator", "from-originator", "from-recipient"] {
            fs::create_dir(world.case.path(folder)).expect("a folder");
        }
        fs::create_dir(world.case.path("to-recipient")).expect("a folder");
        fs::rename(world.case.path("handover"), world.case.path("to-recipient/handover")).expect("a move");
        Kills { world, killed: Cell::new(0), waited: Cell::new(0), unnoted: RefCell::default() }
    }

    fn count(&self, moment: Moment) -> usize {
        match moment {
            Moment::File(folder) => self.names(folder).len(),
            Moment::Line(kind) => {
                let text = fs::read_to_string(self.world.case.path("ledger/ledger.jsonl")).unwrap_or_default();
                text.matches(&format!("\"entry\":{{\"{kind}\":")).count()
            }
            Moment::After(_) => 0,
        }
    }

    /// The files in a folder, without those that are still being written.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.world.case.path(folder)).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| !entry.path().is_dir());
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| !name.starts_with('.')).collect()
    }

    /// Runs a check and kills it at a moment, with all that it started or alone.
    fn kill(&self, who: &str, now: &str, moment: Moment, is_whole: bool) {
        self.look_at_hooks(who);
        let before = self.count(moment);
        let config = format!("{who}.toml");
        let check = self.world.command(now, &["check", "--config", &config]).in_shell("exec setsid \"$@\"");
        let output = check.run_while(|id| {
            // Ready beforehand, so that it takes no time.
            let target = if is_whole { format!("-{id}") } else { id.to_string() };
            let mut killer = Command::new("sh")
                .args(["-c", "read -r _; kill -s KILL -- \"$1\" 2>/dev/null", "sh", &target])
                .stdin(Stdio::piped())
                .spawn()
                .expect("a shell");
            let begun = Instant::now();
            let is_due = || match moment {
                Moment::After(milliseconds) => begun.elapsed() >= Duration::from_millis(milliseconds),
                _ => self.count(moment) > before,
            };
            while is_running(id) && !is_due() {
                thread::sleep(Duration::from_micros(100));
            }
            // One that has ended meanwhile is not there any more.
            killer.stdin.take().expect("a pipe").write_all(b"\n").expect("a shell that reads");
            killer.wait().expect("a shell that ends");
        });
        match output.code {
            None => self.killed.set(self.killed.get() + 1),
            Some(_) if output.stdout.contains("Another check is running") => self.waited.set(self.waited.get() + 1),
            Some(_) => {}
        }
    }

    /// Notes what a hook was told of which a killed run left no mark.
    fn look_at_hooks(&self, who: &str) {
        let told = self.told(who);
        for name in self.names(&format!("{who}-state/untold")) {
            let event = self.world.case.read(&format!("{who}-state/untold/{name}")).replace('\n', "");
            let times = told.iter().filter(|line| **line == event).count();
            self.unnoted.borrow_mut().insert(event, times);
        }
    }

    fn told(&self, who: &str) -> Vec<String> {
        let text = fs::read_to_string(self.world.case.path(&format!("told-{who}"))).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Runs a check to its end, after what a killed one has left running.
    fn check(&self, who: &str, now: &str) -> Output {
        loop {
            self.look_at_hooks(who);
            let output = self.world.run(now, &["check", "--config", &format!("{who}.toml")]);
            if !output.stdout.contains("Another check is running") {
                assert!(matches!(output.code, Some(0 | 10 | 11 | 13)), "{}", output.whole());
                return output;
            }
            self.waited.set(self.waited.get() + 1);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs checks that are killed at these moments, and then until nothing is left to do.
    fn turn(&self, who: &str, now: &str, moments: &[Moment], dice: &mut Dice) {
        for moment in moments {
            self.kill(who, now, *moment, dice.below(2) == 0);
        }
        self.check(who, now);
        let before = self.what_is_done();
        self.check(who, now);
        assert_eq!(self.what_is_done(), before, "a second run found something to do");
    }

    /// Where everything is.
    fn what_is_done(&self) -> Vec<String> {
        self.world.case.files().into_iter().filter(|name| !name.contains("/told/")).collect()
    }

    fn post(&self, from: &str, to: &str) {
        for name in self.names(from) {
            let path = |folder: &str| self.world.case.path(&format!("{folder}/{name}"));
            assert!(!path(to).exists(), "{name} came twice");
            fs::rename(path(from), path(to)).expect("a move");
        }
    }

    /// A whole campaign; `moments` are those at which the checks of a turn are killed.
    fn campaign(&self, dice: &mut Dice, moments: fn(&mut Dice, &[Moment]) -> Vec<Moment>) {
        for (now, phase, word) in QUESTIONS {
            if word == "clear" {
                self.world.keep(&[]);
            }
            let asking = moments(dice, &ASKING);
            self.turn("originator", now, &asking, dice);
            assert_eq!(self.names("from-originator").len(), 1, "not one {phase} challenge");
            self.post("from-originator", "to-recipient");
            let answering = moments(dice, &ANSWERING);
            self.turn("recipient", now, &answering, dice);
            assert_eq!(self.names("from-recipient").len(), 1, "not one answer to the {phase} challenge");
            self.post("from-recipient", "to-originator");
            let entering = moments(dice, &ENTERING);
            self.turn("originator", now, &entering, dice);
        }
        self.ends_well();
    }

    fn ends_well(&self) {
        let case = &self.world.case;
        let (mut challenges, mut receipts) = (BTreeSet::new(), BTreeMap::new());
        let mut order = Vec::new();
        for line in case.read("ledger/ledger.jsonl").lines() {
            let line: Value = serde_json::from_str(line).expect("a line");
            let text = |value: &Value, name: &str| value[name].as_str().expect("a text").to_owned();
            let (challenge, receipt) = (&line["entry"]["challenge"], &line["entry"]["receipt"]);
            if challenge.is_object() {
                order.push((text(challenge, "challengeId"), text(challenge, "phase")));
                assert!(challenges.insert(text(challenge, "challengeId")));
            }
            if receipt.is_object() {
                let is_new = receipts.insert(text(receipt, "challengeId"), text(receipt, "appraisal")).is_none();
                assert!(is_new, "entered twice: {receipt}");
            }
        }
        let asked: Vec<(&str, &str)> = order.iter().map(|(id, phase)| (phase.as_str(), receipts[id].as_str())).collect();
        assert_eq!(asked, QUESTIONS.map(|(_, phase, word)| (phase, word)));
        // Each challenge went out once and each answer came in once, and nothing was put aside or left on its way.
        let ids = |folder: &str, of: fn(&Value) -> &Value| -> Vec<String> {
            let documents = self.names(folder).into_iter().map(|name| payload(&case.read(&format!("{folder}/{name}"))));
            let mut ids: Vec<String> = documents
                .map(|statement| of(&statement["predicate"])["challengeId"].as_str().expect("an id").to_owned())
                .collect();
            ids.sort();
            ids
        };
        let all: Vec<String> = challenges.into_iter().collect();
        assert_eq!(ids("to-recipient/done", |predicate| predicate), all);
        assert_eq!(ids("recipient-state/answers", |predicate| &predicate["challenge"]), all);
        assert_eq!(ids("to-originator/done", |predicate| &predicate["challenge"]), all);
        let empty = ["to-recipient", "to-originator", "from-recipient", "from-originator", "originator-state/staging"];
        let further = ["recipient-state/untold", "originator-state/untold", "to-recipient/refused", "to-originator/refused"];
        for folder in empty.into_iter().chain(further) {
            assert_eq!(self.names(folder), Vec::<String>::new(), "{folder}");
        }
        assert_eq!(self.names("from-originator/receipts").len(), 4);
        // The lists for whoever deletes are there, of the one answer that found somebody.
        let findings = self.names("recipient-state/findings");
        assert_eq!(findings.iter().filter(|name| name.ends_with(".summary.json")).count(), 4, "{findings:?}");
        assert!(!case.files().iter().any(|name| name.contains("/kept/")), "{:?}", case.files());
        // Everything was told, and nothing again that was noted as told.
        for who in ["originator", "recipient"] {
            let told = self.told(who);
            let different: BTreeSet<&String> = told.iter().collect();
            let words: Vec<String> = different
                .iter()
                .map(|line| {
                    let event: Value = serde_json::from_str(line).expect("JSON");
                    format!("{} {}", event["event"].as_str().expect("a word"), event["about"].as_str().expect("a text"))
                })
                .collect();
            let mut expected: Vec<String> = order
                .iter()
                .filter(|(_, phase)| phase != "baseline")
                .map(|(id, phase)| {
                    let supply = self.supply();
                    format!("{} the {phase} challenge {} of supply {}", receipts[id], &id[..8], &supply[..8])
                })
                .collect();
            let mut heard: Vec<String> = words.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
            heard.sort();
            expected.sort();
            assert_eq!(heard, expected, "{who}: {told:?}");
            for line in different {
                let times = told.iter().filter(|told| *told == line).count();
                let allowed = 1 + self.unnoted.borrow().get(line).copied().unwrap_or(0);
                assert!(times <= allowed, "{who} was told {times} times, and {allowed} would do: {line}");
            }
        }
        let now = "2018-01-13T09:00:00Z";
        let json = self.world.run(now, &["status", "--format", "json"]).json();
        assert_eq!(json["supplies"][0]["stateWord"], "attested_clear");
        self.world.run(now, &["ledger", "verify"]).exits_with(0);
    }

    fn supply(&self) -> String {
        let statement = payload(&self.world.case.read("to-recipient/handover/deletion.residua.intoto.json"));
        statement["predicate"]["supply"]["supplyId"].as_str().expect("an id").to_owned()
    }
}

#[test]
fn checks_that_are_killed_as_soon_as_something_is_done_do_it_once() {
    let mut killed = 0;
    for seed in [0x5eed_2017, 0x5eed_2018] {
        let kills = Kills::begin();
        kills.campaign(&mut Dice(seed), |_, moments| moments.to_vec());
        killed += kills.killed.get();
    }
    // Some end before the watcher sees what they did: how many, is for the machine to say.
    assert!(killed > 15, "only {killed} were killed");
}

#[test]
fn checks_that_are_killed_at_any_time_forget_nothing() {
    let mut killed = 0;
    for seed in [0x0bad_cafe_2017, 0x0bad_cafe_2018, 0x0bad_cafe_2019] {
        let kills = Kills::begin();
        // A check takes some tens of milliseconds before it does anything, and up to some hundreds in all.
        kills.campaign(&mut Dice(seed), |dice, _| (0..4).map(|_| Moment::After(5 + dice.below(100))).collect());
        killed += kills.killed.get();
    }
    // However fast the machine is.
    assert!(killed > 3, "only {killed} were killed");
}

#[test]
fn a_scan_that_outlives_its_check_is_waited_for_and_not_repeated() {
    let kills = Kills::begin();
    kills
        .world
        .case
        .write("recipient.toml", format!("{RECIPIENT}max_rows_per_second = 120\n{}", HOOKS.replace("NAME", "recipient")));
    kills.check("originator", SUPPLIED);
    kills.post("from-originator", "to-recipient");
    kills.kill("recipient", SUPPLIED, Moment::After(400), false);
    assert_eq!(kills.killed.get(), 1);
    kills.world.run(SUPPLIED, &["check", "--config", "recipient.toml"]).exits_with(0).prints("Another check is running");
    assert_eq!(kills.names("from-recipient"), Vec::<String>::new());
    let output = kills.check("recipient", SUPPLIED);
    output.exits_with(0).prints("send ");
    assert!(!output.stdout.contains("scan "), "{}", output.whole());
    assert_eq!(kills.names("from-recipient").len(), 1);
    assert_eq!(kills.names("to-recipient/done").len(), 1);
}
