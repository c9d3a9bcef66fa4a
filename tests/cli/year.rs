//! A year of an originator with thirty recipients: who answers on time, who late, who by the wrong key, who in part, and who lies in each of the ways that
//! can be found out. The boards at three dates were written by hand, as a careful person would have written them, and not taken from the program.

use crate::cli::harness::Case;
use crate::cli::harness::Output;
use crate::cli::world::payload;
use crate::cli::world::sign_as;
use rusqlite::Connection;
use rusqlite::params_from_iter;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::thread;

/// All are supplied in May, and most have to delete by the end of June.
const SUPPLIED: &str = "2017-05-02T09:00:00Z";
const BASELINE: &str = "2017-05-10T09:00:00Z";
const ASKED: &str = "2017-07-03T09:00:00Z";
const ANSWERED: &str = "2017-07-10T09:00:00Z";
const DELETE_BY: &str = "2017-06-30";

/// When the boards are drawn up.
const BEFORE: &str = "2017-06-15T12:00:00Z";
const SUMMER: &str = "2017-08-15T12:00:00Z";
const END: &str = "2018-05-31T12:00:00Z";

/// Records of every supply; of a hundred and more it is seen where they are altered in place.
const RECORDS: usize = 120;
const OWN: usize = 30;

const SCHEMA: &str = "[columns.child_dob]\nkind = \"date\"\nrole = \"child\"\norigin = \"supply\"\n";
const COLUMNS: [&str; 8] = ["id", "first_name", "last_name", "address", "postcode", "email", "phone", "child_dob"];

const GIVEN: [&str; 10] = ["Anna", "Bertha", "Clara", "Dora", "Elsa", "Freda", "Greta", "Hilda", "Irma", "Julia"];
const FAMILY: [&str; 12] =
    ["Abbott", "Bryce", "Cobb", "Dunn", "Ewing", "Foster", "Garth", "Holt", "Irvine", "Judd", "Kemp", "Lamb"];
const STREETS: [&str; 7] = ["Maple Road", "High Street", "Elm Grove", "Mill Lane", "Park Row", "Oak Way", "Ash Close"];

/// An invented person; numbers from [`RECORDS`] on are the recipients' own.
fn person(number: usize) -> [String; 8] {
    let letter = |number: usize| char::from(b"ABDEFGHJLNPQRSTUWXYZ"[number % 20]);
    let (given, family) = (GIVEN[number % 10], FAMILY[(number / 10 + number) % 12]);
    [
        (7_000 + number).to_string(),
        given.to_owned(),
        family.to_owned(),
        format!("{} {}", 1 + number * 7 % 89, STREETS[number % 7]),
        format!(
            "{}{} {}{}{}",
            ["BN", "PO", "TN"][number % 3],
            1 + number % 17,
            number % 10,
            letter(number / 7),
            letter(number * 3)
        ),
        format!("{}.{}{number}@mail.example", given.to_lowercase(), family.to_lowercase()),
        format!("07{:09}", 100_000_007 + number * 4_091_831),
        format!("{}-{:02}-{:02}", 2013 + number % 4, 1 + number / 28 % 12, 1 + number % 28),
    ]
}

/// The parties, with all that they have, in one folder.
struct Year {
    case: Case,
}

/// One recipient: its files are in a folder of its name.
struct Party<'a> {
    year: &'a Year,
    name: &'static str,
}

impl Year {
    fn run(&self, now: &str, words: &[&str]) -> Output {
        self.case.command(words).now(now).run()
    }

    fn party(&self, name: &'static str) -> Party<'_> {
        Party { year: self, name }
    }

    /// State, whether it is overdue, and the remark, by recipient.
    fn board(&self, now: &str) -> BTreeMap<String, (String, bool, String)> {
        let output = self.run(now, &["status", "--format", "json"]);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let json = output.json();
        let rows = json["supplies"].as_array().expect("supplies").iter();
        rows.map(|row| {
            let about = format!("{} | {}", text(&row["nextCommand"]), text(&row["remark"]));
            (text(&row["recipient"]), (text(&row["state"]), row["isOverdue"].as_bool().expect("a truth"), about))
        })
        .collect()
    }
}

impl Party<'_> {
    fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    fn run(&self, now: &str, words: &[&str]) -> Output {
        self.year.run(now, words)
    }

    fn supply_id(&self) -> String {
        let statement = payload(&self.year.case.read(&self.path("handover/deletion.residua.intoto.json")));
        statement["predicate"]["supply"]["supplyId"].as_str().expect("an id").to_owned()
    }

    /// Supplies everybody.
    fn supply(&self, now: &str, delete_by: &str, extra: &[&str]) {
        let (card, out) = (self.path("key.card.json"), self.path("handover"));
        self.run(now, &["keygen", "--name", self.name, "--out", &self.path("key")]).exits_with(0);
        let fixed = ["supply", "people.csv", "--schema", "schema.toml", "--as", "originator.key", "--to", &card];
        self.run(now, &[&fixed[..], &["--delete-by", delete_by, "--out", &out], extra].concat()).exits_with(0);
        fs::create_dir_all(self.year.case.path(&self.path("files"))).expect("a folder");
    }

    /// Writes the recipient's data anew: its own people in `crm.db`, with these rows among them, and the same in `files/list.csv`.
    fn load(&self, rows: &[[String; 8]]) {
        self.load_as("crm.db", "people", rows);
        let mut list = COLUMNS.join(",") + "\n";
        for row in (RECORDS..RECORDS + OWN).map(person).chain(rows.iter().cloned()) {
            writeln!(list, "{}", row.join(",")).expect("a string takes all");
        }
        self.year.case.write(&self.path("files/list.csv"), list);
    }

    fn load_as(&self, file: &str, table: &str, rows: &[[String; 8]]) {
        let database = Connection::open(self.year.case.path(&self.path(file))).expect("a database");
        database
            .execute_batch(&format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({}); VACUUM", COLUMNS.join(" TEXT, ")))
            .expect("a table");
        for row in (RECORDS..RECORDS + OWN).map(person).chain(rows.iter().cloned()) {
            database.execute(&format!("INSERT INTO {table} VALUES (?,?,?,?,?,?,?,?)"), params_from_iter(row)).expect("a row");
        }
    }

    fn load_all(&self) {
        self.load(&everybody());
    }

    fn ask(&self, now: &str, phase: &str, name: &str, extra: &[&str]) -> Output {
        let (id, out) = (self.supply_id(), self.path(&format!("{name}.challenge")));
        let output =
            self.run(now, &[&["challenge", &id, "--phase", phase, "--as", "originator.key", "--out", &out][..], extra].concat());
        output.exits_with(0);
        output
    }

    /// Scans what is named, by a key, and writes the attestation.
    fn scan_by(&self, now: &str, key: &str, name: &str, sources: &[&str], extra: &[&str]) -> Output {
        let group = if name == "baseline" { "baseline" } else { "deletion" };
        let manifest = self.path(&format!("handover/{group}.residua"));
        let (challenge, out) = (self.path(&format!("{name}.challenge")), self.path(&format!("{name}.json")));
        let sources: Vec<String> = sources.iter().map(|source| self.path(source)).collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let who = ["--from", "originator.card.json", "--as", key, "--manifest", &manifest, "--challenge", &challenge];
        self.run(now, &[&["scan"][..], &sources, &who, &["--out", &out], extra].concat())
    }

    fn scan(&self, now: &str, name: &str, extra: &[&str]) -> Output {
        self.scan_by(now, &self.path("key.key"), name, &["crm.db", "files"], extra)
    }

    fn verify(&self, now: &str, name: &str) -> Output {
        self.run(now, &["verify", &self.path(&format!("{name}.json"))])
    }

    /// The baseline of an honest recipient.
    fn baseline(&self) {
        self.load_all();
        self.ask(BASELINE, "baseline", "baseline", &[]);
        self.scan(BASELINE, "baseline", &[]).exits_with(0);
        self.verify(BASELINE, "baseline").exits_with(0);
    }

    /// Asks for the deletion, and answers with what is left.
    fn answer(&self, left: &[[String; 8]], asking: &[&str], scanning: &[&str]) -> Output {
        self.ask(ASKED, "deletion", "deletion", asking);
        self.load(left);
        self.scan(ANSWERED, "deletion", scanning);
        self.verify(ANSWERED, "deletion")
    }

    /// Writes the attestation anew with a change, signed by the same key.
    fn forge(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let file = self.path(&format!("{name}.json"));
        let mut statement = payload(&self.year.case.read(&file));
        change(&mut statement["predicate"]);
        let (key, card) = (self.path("key.key"), self.path("key.card.json"));
        self.year.case.write(&file, sign_as(&self.year.case, &key, &card, &statement));
    }

    /// A file for `--accept` and `--declare`.
    fn declare(&self, text: &str) -> String {
        let path = self.path("declared.toml");
        self.year.case.write(&path, text);
        path
    }
}

fn everybody() -> Vec<[String; 8]> {
    (0..RECORDS).map(person).collect()
}

/// Copies in a backup that end on a day.
fn backup(roll_off: &str) -> String {
    format!(
        "[[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-06-30\"\nroll_off = \"{roll_off}\"\nrotation = \"monthly\"\n\
         beyond_use = {{ not_used = true, not_shared = true, secured = true, will_be_deleted = true }}\n"
    )
}

/// All thirty, in the order of their stories.
const CAST: [&str; 30] = [
    "on time",
    "on time with files",
    "closed",
    "backup and recheck",
    "backup until December",
    "backup forgotten",
    "late",
    "new key",
    "stolen key",
    "in part",
    "in part, then whole",
    "encrypted file",
    "silent",
    "never asked",
    "wrong key",
    "objects",
    "in use",
    "due",
    "new",
    "broker",
    "lawful source",
    "no countersignature",
    "lies: other place",
    "lies: seeds kept",
    "lies: numbers",
    "lies: verdict",
    "lies: replay",
    "lies: altered in place",
    "lies: clock",
    "lies: while we looked away",
];

/// Up to the middle of June: supplied, and the baseline answered.
fn spring(party: &Party<'_>) {
    match party.name {
        "in use" => {
            party.supply(SUPPLIED, "2018-12-31", &[]);
            party.baseline();
        }
        "due" => {
            party.supply(SUPPLIED, "2018-06-15", &[]);
            party.baseline();
        }
        // Comes in the year after.
        "new" => {}
        "lies: seeds kept" => {
            party.supply(SUPPLIED, DELETE_BY, &["--seeds", "1"]);
            let mut rows: Vec<[String; 8]> = everybody();
            rows.push(seed(party));
            party.load(&rows);
            party.ask(BASELINE, "baseline", "baseline", &[]);
            party.scan(BASELINE, "baseline", &[]).exits_with(0);
            party.verify(BASELINE, "baseline").exits_with(0);
        }
        _ => {
            party.supply(SUPPLIED, DELETE_BY, &[]);
            party.baseline();
        }
    }
}

/// The one seed, as a row of a recipient's table.
fn seed(party: &Party<'_>) -> [String; 8] {
    let people = party.year.case.read(&party.path("handover/data.csv"));
    let known: Vec<String> = everybody().iter().map(|row| row[5].clone()).collect();
    let rows = people.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let mut seeds = rows.filter(|row| !known.contains(&row[5]));
    let seed = seeds.next().expect("a seed");
    assert!(seeds.next().is_none());
    seed.try_into().expect("eight cells")
}

/// July and August: the date has passed.
fn summer(party: &Party<'_>) {
    match party.name {
        "on time" | "closed" => {
            party.answer(&[], &[], &[]).exits_with(0).prints("Appraisal: clear");
        }
        "on time with files" => {
            // The data base was deleted whole, as had been agreed.
            let declared =
                party.declare(&format!("[[removed]]\ntarget = \"{}/crm.db#people\"\nreason = \"dropped\"\n", party.name));
            party.ask(ASKED, "deletion", "deletion", &["--accept", &declared]);
            party.load(&[]);
            let database = Connection::open(party.year.case.path(&party.path("crm.db"))).expect("a database");
            database
                .execute_batch("DROP TABLE people; CREATE TABLE orders (number TEXT); INSERT INTO orders VALUES ('17')")
                .expect("a table");
            drop(database);
            party.scan(ANSWERED, "deletion", &["--declare", &declared]).exits_with(0);
            party.verify(ANSWERED, "deletion").exits_with(0).prints("Appraisal: clear");
        }
        "backup and recheck" | "backup forgotten" | "backup until December" => {
            let until = match party.name {
                "backup until December" => "2018-12-31",
                "backup forgotten" => "2018-03-31",
                _ => "2017-09-29",
            };
            let declared = party.declare(&backup(until));
            let verified = party.answer(&[], &["--accept", &declared], &["--declare", &declared]);
            verified.exits_with(0).prints(&format!("clear with exceptions until {until}"));
        }
        "late" => {
            // Two weeks are given, and it takes five.
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&[]);
            party.scan("2017-08-07T09:00:00Z", "deletion", &[]).exits_with(1).warns("expired");
            party.ask("2017-08-08T09:00:00Z", "deletion", "again", &[]);
            party.scan("2017-08-09T09:00:00Z", "again", &[]).exits_with(0);
            party.verify("2017-08-10T09:00:00Z", "again").exits_with(0);
        }
        "new key" => {
            let (old, new) = (party.path("key.key"), party.path("new"));
            party.run(ASKED, &["keygen", "--name", party.name, "--out", &new, "--replaces", &old]).exits_with(0);
            party.run(ASKED, &["recipient", "rotate", &party.path("new.rotation.json")]).exits_with(0);
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&[]);
            party.scan_by(ANSWERED, &party.path("new.key"), "deletion", &["crm.db", "files"], &[]).exits_with(0);
            party.verify(ANSWERED, "deletion").exits_with(0);
        }
        "in part" | "objects" => {
            party.answer(&everybody()[..9], &[], &[]).exits_with(11).prints("Appraisal: residual");
        }
        "in part, then whole" => {
            party.answer(&everybody()[100..], &[], &[]).exits_with(11);
            party.ask("2017-07-20T09:00:00Z", "deletion", "again", &[]);
            party.load(&[]);
            party.scan("2017-07-21T09:00:00Z", "again", &[]).exits_with(0);
            party.verify("2017-07-21T09:00:00Z", "again").exits_with(0);
        }
        "encrypted file" => {
            party
                .year
                .case
                .write(&party.path("files/old.csv.gpg"), b"\x85\x02\x0c\x03\xaa\x11\x22\x33\x44\x55\x66\x77\x01\x10\x00\xff");
            party.answer(&[], &[], &[]).exits_with(10).prints("Appraisal: inconclusive");
        }
        "silent" => {
            party.ask(ASKED, "deletion", "deletion", &[]);
        }
        "wrong key" => {
            // The challenge is for one key; an honest program does not answer with another, so the paper is signed anew.
            party.run(ASKED, &["keygen", "--name", "Somebody", "--out", &party.path("other")]).exits_with(0);
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&[]);
            party.scan_by(ANSWERED, &party.path("other.key"), "deletion", &["crm.db"], &[]).exits_with(1);
            party.scan(ANSWERED, "deletion", &[]).exits_with(0);
            let file = party.path("deletion.json");
            let statement = payload(&party.year.case.read(&file));
            let signed = sign_as(&party.year.case, &party.path("other.key"), &party.path("other.card.json"), &statement);
            party.year.case.write(&file, signed);
            party.verify(ANSWERED, "deletion").exits_with(12).prints("V2 failed");
        }
        "no countersignature" => {
            // An officer has to sign too, and does not.
            party.run(ASKED, &["keygen", "--name", "Officer", "--out", &party.path("officer")]).exits_with(0);
            let (card, officer) = (party.path("key.card.json"), party.path("officer.card.json"));
            party.run(ASKED, &["recipient", "add", &card, "--officer", &officer]).exits_with(0);
            party.answer(&[], &["--require-countersignature"], &[]).exits_with(10).prints("countersign");
        }
        "broker" => {
            // It hosts the data base of a client, which has not answered it.
            let declared = party.declare("[[onward]]\nrecipient = \"the client\"\nreason = \"its data base is hosted\"\n");
            let verified = party.answer(&[], &["--accept", &declared], &["--declare", &declared]);
            verified.exits_with(0).prints("Appraisal: clear");
        }
        "lawful source" => {
            let declared = party.declare(&format!(
                "[[lawful_source]]\nname = \"customers\"\ntarget = \"{}/crm.db#people\"\nsource = \"our own shop\"\n",
                party.name
            ));
            // One of the people is a customer of the recipient's, without what only the supply had.
            let mut customer = person(17);
            customer[7] = String::new();
            party.ask(ASKED, "deletion", "deletion", &["--accept", &declared]);
            party.load(&[]);
            party.load_as("crm.db", "people", &[customer]);
            party.scan(ANSWERED, "deletion", &["--declare", &declared]).exits_with(0);
            party.verify(ANSWERED, "deletion").exits_with(0).prints("Declared overlap: 1 people");
        }
        "lies: other place" => {
            // What is shown is another data base, which never held anybody of the supply.
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load_as("clean.db", "people", &[]);
            party.scan_by(ANSWERED, &party.path("key.key"), "deletion", &["clean.db"], &[]).exits_with(0);
            party.verify(ANSWERED, "deletion").exits_with(10).prints("Appraisal: inconclusive");
        }
        "lies: seeds kept" => {
            // All but one row is deleted, which is said to be a customer of its own.
            let declared = party.declare(&format!(
                "[[lawful_source]]\nname = \"customers\"\ntarget = \"{}/crm.db#people\"\nsource = \"our own shop\"\n",
                party.name
            ));
            let mut kept = seed(party);
            kept[7] = String::new();
            party.ask(ASKED, "deletion", "deletion", &["--accept", &declared]);
            party.load(&[]);
            party.load_as("crm.db", "people", &[kept]);
            party.scan(ANSWERED, "deletion", &["--declare", &declared]).exits_with(0);
            party.verify(ANSWERED, "deletion").exits_with(11).prints("seed 1 of 1 was found");
        }
        "lies: numbers" => {
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&everybody()[..5]);
            party.scan(ANSWERED, "deletion", &[]).exits_with(11);
            // Half of the rows are said not to have been there.
            party.forge("deletion", |predicate| {
                predicate["coverage"]["targets"][0]["rowsRead"] = json!(3);
                predicate["verdict"] = json!("clear");
                predicate["verdictReasons"] = json!([]);
            });
            party.verify(ANSWERED, "deletion").exits_with(12).prints("V6 failed");
        }
        "lies: verdict" => {
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&everybody()[..5]);
            party.scan(ANSWERED, "deletion", &[]).exits_with(11);
            party.forge("deletion", |predicate| {
                predicate["verdict"] = json!("clear");
                predicate["verdictReasons"] = json!([]);
            });
            party.verify(ANSWERED, "deletion").exits_with(12).prints("V8 failed");
        }
        "lies: replay" => {
            // A true and clear answer to a first challenge, given again for a second, after the data came back.
            party.answer(&[], &[], &[]).exits_with(0);
            party.load_all();
            party.ask("2017-08-01T09:00:00Z", "recheck", "again", &[]);
            let first = payload(&party.year.case.read(&party.path("deletion.json")));
            let second = payload(&party.year.case.read(&party.path("again.challenge")));
            let mut statement = first;
            statement["predicate"]["challenge"]["challengeId"] = second["predicate"]["challengeId"].clone();
            let (key, card) = (party.path("key.key"), party.path("key.card.json"));
            party.year.case.write(&party.path("again.json"), sign_as(&party.year.case, &key, &card, &statement));
            party.verify("2017-08-02T09:00:00Z", "again").exits_with(12).prints("V3 failed");
        }
        "lies: altered in place" => {
            // Every row is still there, with the values of somebody who does not exist.
            let altered: Vec<[String; 8]> = (1_000..1_000 + RECORDS).map(person).collect();
            let verified = party.answer(&altered, &[], &[]);
            verified.exits_with(10).prints("Appraisal: inconclusive");
        }
        "lies: clock" => {
            // What is attested is said to have been seen the day before it was asked for.
            party.ask(ASKED, "deletion", "deletion", &[]);
            party.load(&[]);
            party.scan(ANSWERED, "deletion", &[]).exits_with(0);
            party.forge("deletion", |predicate| {
                predicate["scan"]["startedAt"] = json!("2017-07-02T09:00:00Z");
                predicate["scan"]["finishedAt"] = json!("2017-07-02T09:01:00Z");
            });
            party.verify(ANSWERED, "deletion").exits_with(10).prints("Appraisal: inconclusive");
        }
        "stolen key" | "lies: while we looked away" => {
            party.answer(&[], &[], &[]).exits_with(0);
        }
        _ => {}
    }
}

/// From the autumn on.
fn rest(party: &Party<'_>) {
    match party.name {
        "closed" => {
            let now = "2017-10-02T09:00:00Z";
            let files = ["handover/baseline.residua", "handover/deletion.residua", "baseline.challenge", "deletion.challenge"];
            for name in ["baseline.residua", "deletion.residua", "baseline.residua.intoto.json", "deletion.residua.intoto.json"] {
                let copy = party.path(&format!("ours-{name}"));
                fs::copy(party.year.case.path(&party.path(&format!("handover/{name}"))), party.year.case.path(&copy))
                    .expect("a copy");
            }
            let files: Vec<String> = files.iter().map(|name| party.path(name)).collect();
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            let (key, out) = (party.path("key.key"), party.path("destroyed.json"));
            let id = party.supply_id();
            let who = ["--from", "originator.card.json", "--as", &key, "--out", &out];
            party.run(now, &[&["destroy"][..], &files, &who].concat()).exits_with(0);
            party.verify(now, "destroyed").exits_with(0);
            let ours = [party.path("ours-baseline.residua"), party.path("ours-deletion.residua")];
            party.run(now, &["close", &id, &ours[0], &ours[1], "--as", "originator.key"]).exits_with(0);
        }
        "backup and recheck" => {
            party.ask("2017-10-02T09:00:00Z", "recheck", "again", &[]);
            party.scan("2017-10-05T09:00:00Z", "again", &[]).exits_with(0);
            party.verify("2017-10-05T09:00:00Z", "again").exits_with(0);
        }
        "stolen key" => {
            let card: Value = serde_json::from_str(&party.year.case.read(&party.path("key.card.json"))).expect("a card");
            let key = card["fingerprint"].as_str().expect("a key");
            let revoke = ["recipient", "revoke", key, "--since", "2017-07-01", "--reason", "laptop stolen"];
            party.run("2017-11-06T09:00:00Z", &revoke).exits_with(0);
        }
        "objects" => {
            let id = party.supply_id();
            let reason = "they are customers of ours";
            party.run("2017-09-04T09:00:00Z", &["dispute", &id, "--by", "recipient", "--reason", reason]).exits_with(0);
        }
        "new" => party.supply("2018-05-20T09:00:00Z", "2018-09-30", &[]),
        "lies: while we looked away" => {
            // The table was put aside for the scan. Later somebody looks on the spot, with the same challenge, and then asks in form.
            let now = "2018-02-05T09:00:00Z";
            party.load_all();
            party.ask(now, "recheck", "again", &[]);
            party.scan(now, "again", &[]).exits_with(11);
            party.verify(now, "again").exits_with(11);
        }
        _ => {}
    }
}

/// One line of a board as somebody writes it: who, where it stands, whether somebody has to see to it, and what the line has to say besides.
type Row = (&'static str, &'static str, bool, &'static str);

/// Compares with a board that was written by hand.
#[track_caller]
fn compare(year: &Year, now: &str, expected: &[Row]) {
    let mut board = year.board(now);
    let mut wrong = String::new();
    for (name, state, is_overdue, about) in expected {
        match board.remove(*name) {
            None => writeln!(wrong, "{name}: not on the board").expect("a string takes all"),
            Some(row) if row.0 == *state && row.1 == *is_overdue && row.2.contains(about) => {}
            Some(row) => {
                writeln!(wrong, "{name}: {row:?}\n    not {state:?}, {is_overdue}, {about:?}").expect("a string takes all");
            }
        }
    }
    for name in board.keys() {
        writeln!(wrong, "{name}: not expected on the board").expect("a string takes all");
    }
    assert!(wrong.is_empty(), "{now}\n{wrong}");
}

/// Plays a part of the year for all, several at a time.
fn play(year: &Year, part: fn(&Party<'_>)) {
    const AT_ONCE: usize = 3;
    thread::scope(|scope| {
        for number in 0..AT_ONCE {
            scope.spawn(move || {
                for name in CAST.iter().skip(number).step_by(AT_ONCE) {
                    part(&year.party(name));
                }
            });
        }
    });
}

#[test]
fn a_year_with_thirty_recipients_ends_with_the_board_that_a_careful_person_writes() {
    let year = Year { case: Case::new() };
    year.run(SUPPLIED, &["keygen", "--name", "The originator", "--out", "originator"]).exits_with(0);
    let mut people = COLUMNS.join(",") + "\n";
    for row in everybody() {
        writeln!(people, "{}", row.join(",")).expect("a string takes all");
    }
    year.case.write("people.csv", people);
    year.case.write("schema.toml", SCHEMA);

    play(&year, spring);
    let before: Vec<Row> = (CAST.iter().filter(|name| **name != "new"))
        .map(|name| match *name {
            "in use" | "due" => (*name, "in use", false, "--phase deletion"),
            _ => (*name, "due in 15 d", false, "from 2017-07-01 on"),
        })
        .collect();
    compare(&year, BEFORE, &before);

    play(&year, summer);
    compare(
        &year,
        SUMMER,
        &[
            ("on time", "attested clear", false, "nothing is due"),
            ("on time with files", "attested clear", false, "nothing is due"),
            ("closed", "attested clear", false, "nothing is due"),
            ("backup and recheck", "clear with exceptions until 2017-09-29", false, "from 2017-09-30 on"),
            ("backup until December", "clear with exceptions until 2018-12-31", false, "from 2019-01-01 on"),
            ("backup forgotten", "clear with exceptions until 2018-03-31", false, "from 2018-04-01 on"),
            ("late", "attested clear", false, "nothing is due"),
            ("new key", "attested clear", false, "nothing is due"),
            ("stolen key", "attested clear", false, "nothing is due"),
            ("in part", "residual", true, "after the recipient has deleted the rest"),
            ("in part, then whole", "attested clear", false, "nothing is due"),
            ("encrypted file", "inconclusive", true, "after the recipient has mended what the reasons name"),
            ("silent", "overdue 46 d", true, "ended without an accepted answer"),
            ("never asked", "overdue 46 d", true, "--phase deletion"),
            ("wrong key", "overdue 46 d", true, "ended without an accepted answer"),
            ("objects", "residual", true, "after the recipient has deleted the rest"),
            ("in use", "in use", false, "from 2019-01-01 on"),
            ("due", "in use", false, "from 2018-06-16 on"),
            ("broker", "attested clear", true, "onward recipient `the client`: no attestation"),
            ("lawful source", "attested clear", false, "nothing is due"),
            ("no countersignature", "inconclusive", true, "after the recipient has mended what the reasons name"),
            ("lies: other place", "inconclusive", true, ""),
            ("lies: seeds kept", "residual", true, ""),
            ("lies: numbers", "overdue 46 d", true, "ended without an accepted answer"),
            ("lies: verdict", "overdue 46 d", true, "ended without an accepted answer"),
            ("lies: replay", "challenge issued", false, "the attestation received failed its checks"),
            ("lies: altered in place", "inconclusive", true, ""),
            ("lies: clock", "inconclusive", true, ""),
            ("lies: while we looked away", "attested clear", false, "nothing is due"),
        ],
    );

    play(&year, rest);
    compare(
        &year,
        END,
        &[
            ("on time", "attested clear", false, "nothing is due"),
            ("on time with files", "attested clear", false, "nothing is due"),
            ("closed", "closed", false, "closed on 2017-10-02"),
            ("backup and recheck", "attested clear", false, "nothing is due"),
            ("backup until December", "clear with exceptions until 2018-12-31", false, "the copies in `tape`"),
            ("backup forgotten", "overdue 61 d", true, "were to be overwritten on 2018-03-31"),
            ("late", "attested clear", false, "nothing is due"),
            ("new key", "attested clear", false, "nothing is due"),
            ("stolen key", "inconclusive", true, ""),
            ("in part", "residual", true, "after the recipient has deleted the rest"),
            ("in part, then whole", "attested clear", false, "nothing is due"),
            ("encrypted file", "inconclusive", true, "after the recipient has mended what the reasons name"),
            ("silent", "overdue 335 d", true, "ended without an accepted answer"),
            ("never asked", "overdue 335 d", true, "--phase deletion"),
            ("wrong key", "overdue 335 d", true, "ended without an accepted answer"),
            ("objects", "disputed", true, "they are customers of ours; else: residual"),
            ("in use", "in use", false, "from 2019-01-01 on"),
            ("due", "due in 15 d", false, "from 2018-06-16 on"),
            ("new", "awaiting baseline", false, "--phase baseline"),
            ("broker", "attested clear", true, "onward recipient `the client`: no attestation"),
            ("lawful source", "attested clear", false, "nothing is due"),
            ("no countersignature", "inconclusive", true, "after the recipient has mended what the reasons name"),
            ("lies: other place", "inconclusive", true, ""),
            ("lies: seeds kept", "residual", true, ""),
            ("lies: numbers", "overdue 335 d", true, "ended without an accepted answer"),
            ("lies: verdict", "overdue 335 d", true, "ended without an accepted answer"),
            ("lies: replay", "attested clear", true, "what was received for the recheck of 2017-08-01 failed its checks"),
            ("lies: altered in place", "inconclusive", true, ""),
            ("lies: clock", "inconclusive", true, ""),
            ("lies: while we looked away", "residual", true, "after the recipient has deleted the rest"),
        ],
    );
    year.run(END, &["status"]).exits_with(13);
    year.run(END, &["ledger", "verify"]).exits_with(0);
}
