//! Two years of an originator with ten recipients, in which nobody types a command but `check`: letters come late, twice or half written, runs are missed, clocks
//! step back. After every run of the originator, what is expected is worked out anew from the table of `docs/schedule.md` and from what lay in the folders.
//!
//! Everything that happens by chance comes from dice; `RESIDUA_SEED` names another number for them.

mod model;

use crate::cli::harness::Output;
use crate::cli::schedule_years::model::Asked;
use crate::cli::schedule_years::model::CAST;
use crate::cli::schedule_years::model::Habit;
use crate::cli::schedule_years::model::Party;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::csv;
use crate::cli::world::payload;
use crate::cli::world::sign_as;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

/// The day of the supply, and how many follow.
const FIRST: Date = Date::constant(2017, 5, 5);
const LAST: i64 = 730;

/// The agreed day, and the day until which a backup is accepted, from the first day on.
const AGREED: i64 = 56;
const ROLL_OFF: i64 = 147;

/// From when the originator checks, in minutes of the day; recipients do so in between.
const MORNING: i64 = 540;
const EVENING: i64 = 1160;

/// As the settings of the originator say.
const AGAIN: i64 = 7;
const RECHECK: i64 = 180;

const ORIGINATOR: &str = "\
metrics = \"originator.prom\"
log = \"originator.log\"
[originator]
key = \"keys/originator.key\"
ledger = \"ledger\"
inbox = \"in\"
outbox = \"out\"
state = \"originator-state\"
recheck_days = 180
again_days = 7
valid_days = 14
[hooks]
on_clear = [\"sh\", \"tell.sh\", \"told\"]
on_residual = [\"sh\", \"tell.sh\", \"told\"]
on_inconclusive = [\"sh\", \"tell.sh\", \"told\"]
on_overdue = [\"sh\", \"tell.sh\", \"told\"]
on_error = [\"sh\", \"tell.sh\", \"told\"]
";

const RECIPIENT: &str = "\
[recipient]
key = \"key.key\"
originators = [\"../keys/originator.card.json\"]
inbox = \"in\"
outbox = \"out\"
state = \"state\"
sources = [\"data\"]
declare = \"declared.toml\"
[hooks]
on_clear = [\"sh\", \"../tell.sh\", \"told\"]
on_residual = [\"sh\", \"../tell.sh\", \"told\"]
on_inconclusive = [\"sh\", \"../tell.sh\", \"told\"]
on_error = [\"sh\", \"../tell.sh\", \"told\"]
";

const BACKUP: &str = "\
[[backup]]
system = \"tape\"
last_copy = \"2017-06-29\"
roll_off = \"2017-09-29\"
rotation = \"quarterly\"
beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }
";

/// Numbers that are the same in every run of the test: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn days(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).expect("a few days")
    }
}

/// Says which dice were thrown, where a test fails.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stderr, reason = "cargo shows it with the test's name")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("RESIDUA_SEED={}", self.0);
        }
    }
}

/// A file on its way.
struct Letter {
    arrives: i64,
    folder: String,
    name: String,
    bytes: Vec<u8>,
}

struct Years {
    world: World,
    dice: Dice,
    parties: Vec<Party>,
    letters: Vec<Letter>,
    /// Every challenge that came out of the outbox, with its expiry.
    issued: BTreeSet<String>,
    /// Attestations that arrived at the originator and were not taken in yet: the bytes, by the name of their file.
    arrived: BTreeMap<String, Vec<u8>>,
    /// Those that were taken in, by SHA-256 or, here, by their text.
    entered: BTreeSet<Vec<u8>>,
    runs: usize,
    /// What has to be told by the originator's hooks: the day it is first told on, the event, and what it is about.
    expected: BTreeSet<(i64, &'static str, String)>,
    refused: usize,
    /// The latest moment at which the originator ran, in minutes.
    clock: i64,
}

/// A moment, in minutes from the first day on.
fn moment(minutes: i64) -> String {
    let day = date(minutes.div_euclid(1440));
    let minute = minutes.rem_euclid(1440);
    format!("{day}T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

fn date(day: i64) -> Date {
    FIRST.checked_add(day.days()).expect("a day")
}

fn day_of(time: &str) -> i64 {
    let day: Date = time[..10].parse().expect("a day");
    i64::from((day - FIRST).get_days())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

impl Years {
    fn begin(seed: u64) -> Years {
        let world = World::new();
        let case = &world.case;
        case.write("tell.sh", "cat > told.part\ntr -d '\\n' < told.part >> $1\necho >> $1\n");
        let mut parties = Vec::new();
        let mut settings = ORIGINATOR.to_owned();
        for (number, habit) in CAST.into_iter().enumerate() {
            let folder = format!("r{number}");
            let at = |name: &str| format!("{folder}/{name}");
            for name in ["in/handover", "out", "data"] {
                fs::create_dir_all(case.path(&at(name))).expect("a folder");
            }
            let now = moment(480);
            world.run(&now, &["keygen", "--name", &format!("{habit:?}"), "--out", &at("key")]).exits_with(0);
            let (card, out) = (at("key.card.json"), at("handover"));
            let words = ["supply", "supply.csv", "--schema", "schema.toml", "--as", "keys/originator.key", "--to", &card];
            world.run(&now, &[&words[..], &["--delete-by", &date(AGREED).to_string(), "--out", &out]].concat()).exits_with(0);
            case.write(&at("recipient.toml"), RECIPIENT);
            case.write(&at("declared.toml"), "");
            let statement = payload(&case.read(&at("handover/deletion.residua.intoto.json")));
            let supply = text(&statement["predicate"]["supply"], "supplyId").to_owned();
            match habit {
                Habit::Backup => settings += &format!("[[originator.supply]]\nid = \"{supply}\"\naccept = \"accepted.toml\"\n"),
                Habit::NoBaseline => settings += &format!("[[originator.supply]]\nid = \"{supply}\"\nwithout_baseline = true\n"),
                _ => {}
            }
            let (asked, signed) = (Vec::new(), BTreeMap::new());
            parties.push(Party { habit, folder, supply, asked, signed, is_forged: false, last: 0 });
        }
        // The rules of single supplies stand before the hooks.
        let (head, rules) = settings.split_once("[[originator.supply]]").expect("rules");
        let (head, hooks) = head.split_once("[hooks]").expect("hooks");
        case.write("originator.toml", format!("{head}[[originator.supply]]{rules}[hooks]{hooks}"));
        case.write("accepted.toml", BACKUP);
        for folder in ["in", "out"] {
            fs::create_dir_all(case.path(folder)).expect("a folder");
        }
        world.run(&moment(480), &["keygen", "--name", "A stranger", "--out", "keys/stranger"]).exits_with(0);
        Years {
            world,
            dice: Dice(seed),
            parties,
            letters: Vec::new(),
            issued: BTreeSet::new(),
            arrived: BTreeMap::new(),
            entered: BTreeSet::new(),
            runs: 0,
            expected: BTreeSet::new(),
            refused: 0,
            clock: 0,
        }
    }

    fn check(&self, folder: &str, minutes: i64) -> Output {
        let config = if folder.is_empty() { "originator.toml".to_owned() } else { format!("{folder}/recipient.toml") };
        self.world.run(&moment(minutes), &["check", "--config", &config])
    }

    /// The files in a folder itself that nobody is still writing.
    fn files(&self, folder: &str) -> Vec<String> {
        let names = fs::read_dir(self.world.case.path(folder)).into_iter().flatten().map(|entry| entry.expect("an entry"));
        let names = names.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.strip_suffix(".part").is_none()).collect();
        names.sort();
        names
    }

    /// Sends a letter, which may come late, twice, or begin to arrive before it is whole.
    fn send(&mut self, day: i64, party: usize, folder: &str, name: &str, bytes: Vec<u8>) {
        let is_slow = self.parties[party].habit == Habit::SlowPost && day > AGREED;
        let delay = match self.dice.below(10) {
            _ if is_slow => self.dice.days(19),
            0 => self.dice.days(6),
            _ => 0,
        };
        let folder = folder.to_owned();
        if delay > 0 && self.dice.percent(50) {
            self.world.case.write(&format!("{folder}/{name}.part"), &bytes[..bytes.len() / 2]);
            self.world.case.write(&format!("{folder}/.{name}.part"), &bytes[..bytes.len() / 3]);
        }
        if self.dice.percent(15) {
            let arrives = day + self.dice.days(30);
            self.letters.push(Letter { arrives, folder: folder.clone(), name: format!("again-{name}"), bytes: bytes.clone() });
        }
        self.letters.push(Letter { arrives: day + delay, folder, name: name.to_owned(), bytes });
    }

    /// Brings what arrives on a day.
    fn bring(&mut self, day: i64) {
        let (now, later) = std::mem::take(&mut self.letters).into_iter().partition(|letter: &Letter| letter.arrives <= day);
        self.letters = later;
        for Letter { folder, name, bytes, .. } in now {
            let _ = fs::remove_file(self.world.case.path(&format!("{folder}/{name}.part")));
            let _ = fs::remove_file(self.world.case.path(&format!("{folder}/.{name}.part")));
            self.world.case.write(&format!("{folder}/{name}"), &bytes);
            if folder == "in" {
                self.arrived.insert(name, bytes);
            }
        }
    }

    /// What recipients hold on a day.
    fn live(&self, day: i64) {
        let case = &self.world.case;
        let own: Vec<&Person> = self.world.own.iter().collect();
        let all: Vec<&Person> = self.world.own.iter().chain(&self.world.supplied).collect();
        for party in &self.parties {
            let at = |name: &str| format!("{}/{name}", party.folder);
            let (holds, is_locked) = party.habit.holds(day);
            let list = csv(if holds { &all } else { &own }, ',');
            if fs::read_to_string(case.path(&at("data/list.csv"))).ok().as_ref() != Some(&list) {
                case.write(&at("data/list.csv"), list);
            }
            if is_locked {
                case.write(&at("data/old.csv.gpg"), b"\x85\x02\x0c\x03\xaa\x11\x22\x33\x44\x55\x66\x77\x01\x10\x00\xff");
            } else {
                let _ = fs::remove_file(case.path(&at("data/old.csv.gpg")));
            }
            case.write(&at("declared.toml"), if party.habit.declares(day) { BACKUP } else { "" });
            let comes = if party.habit == Habit::LateManifest { 20 } else { 0 };
            let (from, to) = (case.path(&at("handover")), case.path(&at("in/handover")));
            for entry in fs::read_dir(&from).expect("a folder").map(|entry| entry.expect("an entry")).filter(|_| day >= comes) {
                if !to.join(entry.file_name()).exists() {
                    fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
                }
            }
        }
    }

    /// The originator's run, with all that is expected of it.
    fn originator(&mut self, day: i64, from: i64) {
        let minutes = (day * 1440 + from + self.dice.days(240)).max(self.clock - 5);
        if self.dice.percent(6) && self.clock > 3 * 1440 {
            let back = self.clock - 1440 * (1 + self.dice.days(2));
            self.step_back("", back);
        }
        // A clock that is set a little; not to before what has just arrived was signed, which is another story.
        let is_same_day = minutes.div_euclid(1440) == (self.clock - 5).div_euclid(1440);
        let minutes = if self.dice.percent(10) && is_same_day && self.arrived.is_empty() { self.clock - 5 } else { minutes };
        self.clock = self.clock.max(minutes);
        self.runs += 1;
        let mut forged = 0;
        for (name, bytes) in std::mem::take(&mut self.arrived) {
            let stated = payload(&String::from_utf8(bytes.clone()).expect("text"));
            let id = text(&stated["predicate"]["challenge"], "challengeId").to_owned();
            let party = self.parties.iter_mut().find(|party| party.signed.contains_key(&id)).expect("an answer that was signed");
            if name.starts_with("forged") {
                forged += 1;
                continue;
            }
            if !self.entered.insert(bytes) {
                continue;
            }
            let (word, has_backup) = party.signed[&id].clone();
            let asked = party.asked.iter_mut().find(|asked| asked.id == id).expect("a challenge");
            assert!(asked.answer.is_none(), "{id} was answered twice");
            if word != "present" {
                let event = ["clear", "residual", "inconclusive"].into_iter().find(|event| *event == word).expect("a word");
                let about = format!("the {} challenge {} of supply {}", asked.phase, &id[..8], &party.supply[..8]);
                self.expected.insert((0, event, about));
            }
            asked.answer = Some((day, self.runs, word, has_backup));
        }
        let due: Vec<Option<&str>> = self.parties.iter().map(|party| party.due(day)).collect();
        let output = self.check("", minutes);
        assert!(matches!(output.code, Some(0 | 10 | 11 | 12 | 13)), "{}", output.whole());
        assert_eq!(output.code == Some(12), forged > 0, "{}", output.whole());
        self.refused += forged;
        assert_eq!(self.files("in"), Vec::<String>::new(), "{}", output.whole());
        // Exactly what is due was asked, and brought out once.
        let mut asked = vec![None; CAST.len()];
        for name in self.files("out") {
            let path = self.world.case.path(&format!("out/{name}"));
            let bytes = fs::read(&path).expect("a challenge");
            fs::remove_file(&path).expect("a challenge");
            let stated = payload(&String::from_utf8(bytes.clone()).expect("text"));
            let stated = &stated["predicate"];
            let id = text(stated, "challengeId").to_owned();
            assert!(self.issued.insert(id.clone()), "{name} came twice");
            let number = self.parties.iter().position(|party| party.supply == text(stated, "supplyId")).expect("a supply");
            let phase = text(stated, "phase").to_owned();
            assert_eq!(asked[number].replace(phase.clone()), None, "two questions at once");
            let expires = day_of(text(stated, "expiresAt"));
            self.parties[number].asked.push(Asked { id, phase, expires, issued_in: self.runs, answer: None });
            let folder = format!("{}/in", self.parties[number].folder);
            self.send(day, number, &folder, &name, bytes);
        }
        for ((party, due), asked) in self.parties.iter().zip(&due).zip(&asked) {
            assert_eq!(
                asked.as_deref(),
                *due,
                "day {day} ({}), {:?}: {:?}{}",
                date(day),
                party.habit,
                party.asked,
                output.whole()
            );
        }
        self.board(day, minutes);
    }

    /// The board is what the table says, and the ledger knows what went out and came in, each once.
    fn board(&mut self, day: i64, minutes: i64) {
        let json = self.world.run(&moment(minutes), &["status", "--format", "json"]).json();
        let rows: BTreeMap<&str, &str> = json["supplies"]
            .as_array()
            .expect("supplies")
            .iter()
            .map(|row| (text(row, "supplyId"), text(row, "stateWord")))
            .collect();
        assert_eq!(rows.len(), CAST.len());
        for party in &self.parties {
            let (word, is_overdue) = party.board(day);
            assert_eq!(rows[party.supply.as_str()], word, "day {day}, {:?}: {:?}", party.habit, party.asked);
            if is_overdue {
                self.expected.insert((day, "overdue", party.supply.clone()));
            }
        }
        let (mut challenges, mut receipts) = (BTreeSet::new(), BTreeSet::new());
        for line in self.world.case.read("ledger/ledger.jsonl").lines() {
            let line: Value = serde_json::from_str(line).expect("a line");
            let entry = &line["entry"];
            if entry["challenge"].is_object() {
                assert!(challenges.insert(text(&entry["challenge"], "challengeId").to_owned()));
            }
            if entry["receipt"].is_object() {
                let receipt = &entry["receipt"];
                let id = text(receipt, "challengeId").to_owned();
                let party = self.parties.iter().find(|party| party.supply == text(receipt, "supplyId")).expect("a supply");
                assert_eq!(text(receipt, "appraisal"), party.signed[&id].0, "{receipt}");
                assert!(receipts.insert(id), "entered twice: {receipt}");
            }
        }
        assert_eq!(challenges, self.issued);
        let answered = self.parties.iter().flat_map(|party| &party.asked).filter(|asked| asked.answer.is_some());
        assert_eq!(receipts, answered.map(|asked| asked.id.clone()).collect());
    }

    /// A run by a clock that went back by days: an error, and nothing is done.
    fn step_back(&self, folder: &str, minutes: i64) {
        let case = &self.world.case;
        let told = if folder.is_empty() { "told".to_owned() } else { format!("{folder}/told") };
        let left = |case: &crate::cli::harness::Case| -> Vec<(String, Vec<u8>)> {
            let files = case.files().into_iter().filter(|name| !name.starts_with(&told));
            let files = files.filter(|name| folder.is_empty() || name.starts_with(folder));
            files.map(|name| (name.clone(), fs::read(case.path(&name)).expect("a file"))).collect()
        };
        let before = left(case);
        self.check(folder, minutes).exits_with(1).warns("and the last check was at");
        assert!(left(case) == before, "something was done");
        let line = case.read(&told);
        let line: Value = serde_json::from_str(line.lines().last().expect("a line")).expect("JSON");
        assert_eq!((text(&line, "event"), text(&line, "about")), ("error", "check"));
    }

    /// A recipient's run, with all that is expected of it.
    fn recipient(&mut self, day: i64, number: usize) {
        let (folder, habit) = (self.parties[number].folder.clone(), self.parties[number].habit);
        let minutes = (day * 1440 + 840 + self.dice.days(300)).max(self.parties[number].last - 5);
        let inbox = format!("{folder}/in");
        let (holds, is_locked) = habit.holds(day);
        let has_manifest = habit != Habit::LateManifest || day >= 20;
        let (mut refused, mut answered, mut waiting) = (0, BTreeSet::new(), 0);
        for name in self.files(&inbox) {
            let stated = payload(&self.world.case.read(&format!("{inbox}/{name}")));
            let stated = &stated["predicate"];
            let id = text(stated, "challengeId").to_owned();
            let is_over = moment(minutes - 10).as_str() > text(stated, "expiresAt");
            if self.parties[number].signed.contains_key(&id) || answered.contains(&id) {
            } else if is_over {
                refused += 1;
            } else if !has_manifest {
                waiting += 1;
            } else {
                let word = match text(stated, "phase") {
                    "baseline" if holds && !is_locked => "present",
                    "baseline" => "inconclusive",
                    _ if holds => "residual",
                    _ if is_locked => "inconclusive",
                    _ => "clear",
                };
                answered.insert(id.clone());
                self.parties[number].signed.insert(id, (word.to_owned(), word == "clear" && habit.declares(day)));
            }
        }
        let output = self.check(&folder, minutes);
        self.parties[number].last = minutes.max(self.parties[number].last);
        assert_eq!(output.code == Some(1), refused + waiting > 0, "day {day} {habit:?}{}", output.whole());
        assert_eq!(self.files(&inbox).len(), waiting, "{}", output.whole());
        let mut sent = BTreeSet::new();
        for name in self.files(&format!("{folder}/out")) {
            let path = self.world.case.path(&format!("{folder}/out/{name}"));
            let bytes = fs::read(&path).expect("an attestation");
            fs::remove_file(&path).expect("an attestation");
            let stated = payload(&String::from_utf8(bytes.clone()).expect("text"));
            let id = text(&stated["predicate"]["challenge"], "challengeId").to_owned();
            assert_eq!(
                text(&stated["predicate"], "verdict"),
                self.parties[number].signed[&id].0,
                "day {day} {habit:?}{}",
                output.whole()
            );
            assert!(sent.insert(id));
            let mut day = day;
            if habit == Habit::Forged && !name.contains("baseline") && !self.parties[number].is_forged {
                self.parties[number].is_forged = true;
                let forged = sign_as(&self.world.case, "keys/stranger.key", "keys/stranger.card.json", &stated);
                let (folder, name) = ("in".to_owned(), format!("forged-{name}"));
                self.letters.push(Letter { arrives: day, folder, name, bytes: forged.into_bytes() });
                day += 3;
            }
            self.send(day, number, "in", &name, bytes);
        }
        assert_eq!(sent, answered, "{}", output.whole());
        assert_eq!(self.files(&format!("{folder}/state/answers")).len(), self.parties[number].signed.len());
        if self.dice.percent(4) && self.parties[number].last > 5 * 1440 {
            let back = self.parties[number].last - 1440 * (1 + self.dice.days(3));
            self.step_back(&folder, back);
        }
    }

    /// What the hooks were told is what they had to be told, no more and no less.
    fn told(&self) {
        let told = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(self.world.case.path(name)).unwrap_or_default();
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        };
        let mut heard = BTreeSet::new();
        let mut errors = 0;
        for event in told("told") {
            let (name, about) = (text(&event, "event"), text(&event, "about"));
            let words = ["clear", "residual", "inconclusive", "overdue"];
            match words.into_iter().find(|word| *word == name) {
                None => errors += usize::from(about != "check"),
                Some("overdue") => {
                    let supply = &self.parties.iter().find(|party| party.supply.starts_with(about)).expect("a supply").supply;
                    assert!(heard.insert((day_of(text(&event, "at")), "overdue", supply.clone())), "told twice: {event}");
                }
                Some(word) => assert!(heard.insert((0, word, about.to_owned())), "told twice: {event}"),
            }
        }
        assert_eq!(heard, self.expected);
        assert_eq!(errors, self.refused);
        for party in &self.parties {
            let concluded = party.signed.iter().filter(|(_, (word, _))| word != "present");
            let expected: BTreeSet<(String, String)> =
                concluded.map(|(id, (word, _))| (word.clone(), id[..8].to_owned())).collect();
            let mut heard = BTreeSet::new();
            for event in told(&format!("{}/told", party.folder)).iter().filter(|event| event["event"] != "error") {
                let id = text(event, "about").split(' ').nth(3).expect("an id").to_owned();
                assert!(heard.insert((text(event, "event").to_owned(), id)), "told twice: {event}");
                assert!(event["files"].as_array().is_some_and(|files| !files.is_empty()), "{event}");
            }
            assert_eq!(heard, expected, "{:?}", party.habit);
        }
    }

    /// The states that a recipient's story has to come through.
    fn words(&self, habit: Habit) -> Vec<String> {
        let party = self.parties.iter().find(|party| party.habit == habit).expect("a party");
        let mut words: Vec<String> =
            party.later().filter_map(|asked| asked.answer.as_ref()).map(|answer| answer.2.clone()).collect();
        words.dedup();
        words
    }
}

#[test]
fn two_years_with_ten_recipients_run_by_themselves() {
    let seed = std::env::var("RESIDUA_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_170_505);
    let _seed = Seed(seed);
    let mut years = Years::begin(seed);
    let mut day = 0;
    while day <= LAST {
        years.live(day);
        years.bring(day);
        if years.dice.percent(80) {
            years.originator(day, MORNING);
        }
        years.bring(day);
        for (number, habit) in CAST.into_iter().enumerate() {
            let has_mail = !years.files(&format!("{}/in", years.parties[number].folder)).is_empty();
            if habit.is_awake(day) && years.dice.percent(if has_mail { 80 } else { 3 }) {
                years.recipient(day, number);
            }
        }
        years.bring(day);
        // Whoever checks twice on a day does no harm.
        if years.dice.percent(15) {
            years.originator(day, EVENING);
        }
        day += 1 + years.dice.days(9);
    }
    // Nothing is on its way any more, and nothing is due but what nobody answers.
    let end = day + 60;
    years.live(end);
    years.bring(end);
    years.originator(end, MORNING);
    years.told();

    // Each story went as it had to.
    for (habit, story) in [
        (Habit::InTime, &["clear"][..]),
        (Habit::Late, &["residual", "clear"]),
        (Habit::Silent, &[]),
        (Habit::Locked, &["inconclusive", "clear"]),
        (Habit::Backup, &["clear"]),
        (Habit::Restored, &["clear", "residual", "clear"]),
        (Habit::Forged, &["clear"]),
        (Habit::LateManifest, &["clear"]),
        (Habit::SlowPost, &["clear"]),
        (Habit::NoBaseline, &["residual", "clear"]),
    ] {
        assert_eq!(years.words(habit), story, "{habit:?}");
    }
    assert_eq!(years.refused, 1);
    let case = &years.world.case;
    let reason = case.files().into_iter().find(|name| name.starts_with("in/refused/forged-") && name.ends_with(".reason.txt"));
    assert!(!case.read(&reason.expect("a reason")).trim().is_empty());
    // Of all that was signed nothing is lost, and the books are sound.
    let done: BTreeSet<Vec<u8>> =
        years.files("in/done").iter().map(|name| fs::read(case.path(&format!("in/done/{name}"))).expect("a file")).collect();
    assert_eq!(done, years.entered);
    let signed: usize = years.parties.iter().map(|party| party.signed.len()).sum();
    assert_eq!(done.len(), signed);
    let now = moment(end * 1440 + 1439);
    years.world.run(&now, &["ledger", "verify"]).exits_with(0);
    for (habit, code) in [(Habit::InTime, 0), (Habit::Silent, 10)] {
        let supply = &years.parties.iter().find(|party| party.habit == habit).expect("a party").supply;
        let out = format!("evidence-{habit:?}");
        years.world.run(&now, &["bundle", supply, "--out", &out]).exits_with(0);
        let verified = years.world.run(&now, &["verify", "--bundle", &out, "--format", "json"]);
        verified.exits_with(code);
        assert_eq!(verified.json()["exitCode"], code);
        assert_eq!(text(&verified.json()["supply"], "supplyId"), supply);
    }
}
