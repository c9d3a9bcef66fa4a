//! The measurement: the program is run from keys to `verify` over persons whose copies are known, and what it lists is held against the truth.
//!
//! A folder holds `supplied.csv`, `recipient.csv` with the same columns, and `truth.csv`, which says for each row of `recipient.csv` (from 0)
//! whether it is a copy of a supplied row (`member`), and of which (`supplied_row`).
//!
//! A row is *found* by a key that ties it to the record it was copied from, and *false* if a key ties it to another one. Findings name records
//! by shuffled numbers, so the supplied file itself is scanned too: a record is the row that most keys tie to it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The national identifier, with and without which is measured.
const IDENTIFIER: &str = "soc_sec_id";

/// The day of the supply, the agreed day, and the day after.
const SUPPLIED: &str = "2017-05-05T09:00:00Z";
const DELETE_BY: &str = "2017-06-30";
const AFTER: &str = "2017-07-01T09:00:00Z";

/// The rows for which the keys are planned.
const EXPECTED_ROWS: &str = "5000";

/// Fields of which keys are made, and the columns that they stand in: what may have been changed in a row that no key found.
const FIELDS: [(&str, &[&str]); 5] = [
    ("name", &["given_name", "surname"]),
    ("date of birth", &["date_of_birth"]),
    ("postcode", &["postcode"]),
    ("house number", &["street_number"]),
    ("street", &["address_1"]),
];

/// Combinations of changed fields that are listed one by one.
const MOST_COMBINATIONS: usize = 6;

/// How many copies are left among the rows of other people, and how often that is tried, each time with others.
const LEFT: [usize; 3] = [1, 2, 5];
const DRAWS: usize = 20;

/// How far apart the copies of one draw stand.
const STRIDE: usize = 37;

/// Runs everything, and writes the tables in Markdown.
pub(crate) fn tables(program: &Path, folder: &Path) -> String {
    let people = People::read(folder);
    let mut text = String::new();
    let mut without = people.clone();
    if without.drop_column(IDENTIFIER) {
        study(&mut text, &format!("With `{IDENTIFIER}`"), program, &people);
        study(&mut text, &format!("Without `{IDENTIFIER}`"), program, &without);
    } else {
        study(&mut text, "All columns", program, &people);
    }
    text
}

fn study(text: &mut String, title: &str, program: &Path, people: &People) {
    let study = Study::run(program, people);
    put(text, &format!("### {title}\n"));
    put(text, &format!("Columns as inferred: {}.\n", study.columns.join(", ")));
    study.keys_table(people, text);
    study.answers_table(text);
    study.left_table(text);
    study.missed_tables(people, text);
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The data: cells by row and column.
#[derive(Clone)]
struct People {
    columns: Vec<String>,
    supplied: Vec<Vec<String>>,
    recipient: Vec<Vec<String>>,
    /// For each of the recipient's rows the supplied row that it is a copy of.
    copied_from: Vec<Option<usize>>,
}

impl People {
    fn read(folder: &Path) -> People {
        let (columns, supplied) = read_table(&folder.join("supplied.csv"));
        let (recipient_columns, recipient) = read_table(&folder.join("recipient.csv"));
        assert_eq!(columns, recipient_columns, "supplied.csv and recipient.csv have different columns");
        let (_, truth) = read_table(&folder.join("truth.csv"));
        let copied_from: Vec<Option<usize>> = truth
            .iter()
            .enumerate()
            .map(|(row, cells)| {
                assert_eq!(cells[0].parse(), Ok(row), "truth.csv leaves out a row");
                (cells[1] == "1").then(|| cells[2].parse().expect("the number of a supplied row"))
            })
            .collect();
        assert_eq!(copied_from.len(), recipient.len(), "truth.csv and recipient.csv have different rows");
        People { columns, supplied, recipient, copied_from }
    }

    /// Whether there was such a column.
    fn drop_column(&mut self, name: &str) -> bool {
        let Some(at) = self.columns.iter().position(|column| column == name) else { return false };
        self.columns.remove(at);
        for row in self.supplied.iter_mut().chain(&mut self.recipient) {
            row.remove(at);
        }
        true
    }

    fn copies(&self) -> usize {
        self.copied_from.iter().flatten().count()
    }

    /// The cells of a row in these columns.
    fn cells<'a>(&self, row: &'a [String], columns: &[&str]) -> Vec<&'a str> {
        let in_columns = self.columns.iter().zip(row).filter(|(column, _)| columns.contains(&column.as_str()));
        in_columns.map(|(_, cell)| cell.as_str()).collect()
    }
}

fn read_table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<String>>();
    let columns = cells(reader.headers().expect("a header"));
    (columns, reader.records().map(|record| cells(&record.expect("a row"))).collect())
}

fn write_table<'a>(path: &Path, columns: &[String], rows: impl IntoIterator<Item = &'a Vec<String>>) {
    let mut writer = csv::Writer::from_path(path).expect("a new file");
    writer.write_record(columns).expect("a written header");
    for row in rows {
        writer.write_record(row).expect("a written row");
    }
    writer.flush().expect("a written file");
}

/// What one key is and did.
struct Key {
    name: String,
    class: String,
    /// Fingerprints looked up for all rows.
    probes: u64,
}

/// A signed scan of one file, and what the originator made of it.
struct Answer {
    /// What the scan printed.
    scanned: Value,
    appraisal: String,
}

/// What came of one set of columns.
struct Study {
    /// What each column was taken for, in words.
    columns: Vec<String>,
    keys: Vec<Key>,
    /// For each of the recipient's rows the keys that tie it to the record that it is a copy of.
    right: Vec<BTreeSet<String>>,
    /// For each of the recipient's rows the keys that tie it to another record.
    wrong: Vec<BTreeSet<String>>,
    answers: Vec<Answer>,
    /// For each number of copies left the verdicts of all draws.
    left: Vec<Vec<String>>,
}

impl Study {
    fn run(program: &Path, people: &People) -> Study {
        let place = Place { program, folder: tempfile::tempdir().expect("a temporary folder") };
        let rows = || people.recipient.iter().zip(&people.copied_from);
        let others: Vec<&Vec<String>> = rows().filter(|(_, from)| from.is_none()).map(|(row, _)| row).collect();
        let copies: Vec<&Vec<String>> = rows().filter(|(_, from)| from.is_some()).map(|(row, _)| row).collect();
        write_table(&place.path("supplied.csv"), &people.columns, &people.supplied);
        write_table(&place.path("recipient.csv"), &people.columns, &people.recipient);
        write_table(&place.path("others.csv"), &people.columns, others.iter().copied());
        place.run(SUPPLIED, &["keygen", "--name", "Originator", "--out", "originator"]);
        place.run(SUPPLIED, &["keygen", "--name", "Recipient", "--out", "recipient"]);
        let to = [
            "--as",
            "originator.key",
            "--to",
            "recipient.card.json",
            "--delete-by",
            DELETE_BY,
            "--expect-rows",
            EXPECTED_ROWS,
            "--out",
            "handover",
        ];
        let supply = word(&place.run(SUPPLIED, &[&["supply", "supplied.csv"], &to[..]].concat())["supplyId"]);

        let answers = vec![place.ask(&supply, "recipient.csv"), place.ask(&supply, "others.csv")];
        // Without `--out` a scan signs nothing, and may be repeated.
        let again = |data: &str| place.scan(data, "recipient.csv.challenge.json", &[]);
        again("supplied.csv");
        let left = LEFT.map(|count| {
            let verdict = |draw: usize| {
                let first = draw * copies.len() / DRAWS;
                let drawn = (0..count).map(|copy| copies[(first + copy * STRIDE) % copies.len()]);
                let data = format!("{count}-left-{draw}.csv");
                write_table(&place.path(&data), &people.columns, others.iter().copied().chain(drawn));
                word(&again(&data)["verdict"])
            };
            (0..DRAWS).map(verdict).collect()
        });
        let records = records(&place.findings("supplied.csv"));
        let mut right = vec![BTreeSet::new(); people.recipient.len()];
        let mut wrong = right.clone();
        for finding in place.findings("recipient.csv") {
            let is_right = people.copied_from[finding.row].is_some_and(|from| records[&finding.record].contains(&from));
            let keys = if is_right { &mut right } else { &mut wrong };
            keys[finding.row].insert(finding.key);
        }

        let target = &answers[0].scanned["coverage"]["targets"][0];
        let columns = list(&target["columns"]).iter();
        let columns = columns.map(|column| format!("`{}` {}", word(&column["name"]), word(&column["takenFor"]))).collect();
        let keys = list(&target["byKey"]).iter().map(|key| Key {
            name: word(&key["key"]),
            class: word(&key["class"]),
            probes: key["probes"].as_u64().expect("a count"),
        });
        Study { columns, keys: keys.collect(), right, wrong, answers, left: left.into() }
    }

    fn keys_table(&self, people: &People, text: &mut String) {
        put(text, "| key | class | rows found | recall | by no other key | false rows | fingerprints a row |");
        put(text, "|---|---|---:|---:|---:|---:|---:|");
        let hashes = |probes: u64| format!("{:.2}", probes as f64 / people.recipient.len() as f64);
        let mut line = |name: &str, class: &str, alone: &str, hashes: &str, is_meant: &dyn Fn(&BTreeSet<String>) -> bool| {
            let count = |rows: &[BTreeSet<String>]| rows.iter().filter(|keys| is_meant(keys)).count();
            let (found, wrong) = (count(&self.right), count(&self.wrong));
            let recall = found as f64 / people.copies() as f64;
            put(text, &format!("| {name} | {class} | {found} | {recall:.4} | {alone} | {wrong} | {hashes} |"));
        };
        for key in &self.keys {
            let alone = self.right.iter().filter(|keys| keys.len() == 1 && keys.contains(&key.name)).count();
            let name = format!("`{}`", key.name);
            line(&name, &key.class, &alone.to_string(), &hashes(key.probes), &|keys| keys.contains(&key.name));
        }
        let is_proof = |keys: &BTreeSet<String>| self.keys.iter().any(|key| key.class != "A" && keys.contains(&key.name));
        line("any key", "", "", &hashes(self.keys.iter().map(|key| key.probes).sum()), &|keys| !keys.is_empty());
        line("two keys or more", "", "", "", &|keys| keys.len() > 1);
        line("a key that proves", "S, P", "", "", &is_proof);
        line("only keys that count", "A", "", "", &|keys| !keys.is_empty() && !is_proof(keys));
        let spent = |answer: &Answer| answer.scanned["hashesPerRow"].as_f64().expect("a number");
        let [all, others] = [&self.answers[0], &self.answers[1]].map(spent);
        put(text, &format!("\nHashes a row: {all:.2}; of other people's rows {others:.2}.\n"));
    }

    fn answers_table(&self, text: &mut String) {
        put(text, "| scanned | rows | verdict | reasons | `verify` |");
        put(text, "|---|---:|---|---|---|");
        for (answer, name) in self.answers.iter().zip(["all rows", "rows of other people only"]) {
            let reasons: BTreeSet<String> =
                list(&answer.scanned["verdictReasons"]).iter().map(|reason| format!("`{}`", word(&reason["code"]))).collect();
            let reasons = if reasons.is_empty() { "none".to_owned() } else { Vec::from_iter(reasons).join(", ") };
            let (rows, verdict) = (&answer.scanned["rows"], word(&answer.scanned["verdict"]));
            put(text, &format!("| {name} | {rows} | {verdict} | {reasons} | {} |", answer.appraisal));
        }
        put(text, "");
    }

    fn left_table(&self, text: &mut String) {
        let verdicts = ["residual", "inconclusive", "clear"];
        put(text, &format!("| copies left among the rows of other people, {DRAWS} draws each | {} |", verdicts.join(" | ")));
        put(text, "|---:|---:|---:|---:|");
        for (count, drawn) in LEFT.iter().zip(&self.left) {
            let times = verdicts.map(|verdict| drawn.iter().filter(|drawn| *drawn == verdict).count().to_string());
            put(text, &format!("| {count} | {} |", times.join(" | ")));
        }
        put(text, "");
    }

    fn missed_tables(&self, people: &People, text: &mut String) {
        let mut together: BTreeMap<String, usize> = BTreeMap::new();
        let mut apart = [[0_usize; Change::ALL.len()]; FIELDS.len()];
        let copies = people.copied_from.iter().enumerate().filter_map(|(row, from)| Some((row, (*from)?)));
        let missed: Vec<(usize, usize)> = copies.filter(|(row, _)| self.right[*row].is_empty()).collect();
        for (row, from) in &missed {
            let mut changed = Vec::new();
            for ((field, columns), counts) in FIELDS.iter().zip(&mut apart) {
                let cells = |row| people.cells(row, columns);
                let change = Change::between(&cells(&people.supplied[*from]), &cells(&people.recipient[*row]));
                counts[change as usize] += 1;
                if change != Change::None {
                    changed.push(*field);
                }
            }
            *together.entry(changed.join(", ")).or_default() += 1;
        }
        put(text, &format!("Copies that no key found: {} of {}.\n", missed.len(), people.copies()));
        if missed.is_empty() {
            return;
        }
        put(text, "| field | as supplied | missing on one side | a slip | another value |");
        put(text, "|---|---:|---:|---:|---:|");
        for ((field, _), counts) in FIELDS.iter().zip(apart) {
            put(text, &format!("| {field} | {} |", counts.map(|count| count.to_string()).join(" | ")));
        }
        let mut together: Vec<(String, usize)> = together.into_iter().collect();
        together.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        let rest = together.split_off(together.len().min(MOST_COMBINATIONS));
        put(text, "\n| changed together | rows |");
        put(text, "|---|---:|");
        for (fields, rows) in &together {
            put(text, &format!("| {fields} | {rows} |"));
        }
        if !rest.is_empty() {
            let rows: usize = rest.iter().map(|(_, rows)| rows).sum();
            put(text, &format!("| {} other combinations | {rows} |", rest.len()));
        }
        put(text, "");
    }
}

/// What became of a field in a copy.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    /// The same cells, perhaps in another order.
    None,
    Missing,
    /// A character or two (of five or more) were added, left out, replaced, or changed places with their neighbour.
    Slip,
    Other,
}

impl Change {
    const ALL: [Change; 4] = [Change::None, Change::Missing, Change::Slip, Change::Other];

    fn between(original: &[&str], copy: &[&str]) -> Change {
        let filled = |cells: &[&str]| cells.iter().filter(|cell| !cell.is_empty()).count();
        let in_order = [original.concat(), original.iter().rev().copied().collect()];
        let has_slipped =
            in_order.iter().any(|original| distance(original, &copy.concat()) <= 1 + usize::from(original.len() >= 5));
        let mut sorted = [original.to_vec(), copy.to_vec()];
        for cells in &mut sorted {
            cells.sort_unstable();
        }
        if sorted[0] == sorted[1] {
            Change::None
        } else if filled(original) != filled(copy) {
            Change::Missing
        } else if has_slipped {
            Change::Slip
        } else {
            Change::Other
        }
    }
}

/// The fewest characters to add, leave out, replace or exchange with their neighbour, none twice (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (row, cells) in table.iter_mut().enumerate() {
        cells[0] = row;
    }
    table[0] = (0..=other.len()).collect();
    for (row, a) in (1..).zip(&one) {
        for (column, b) in (1..).zip(&other) {
            let added = 1 + table[row - 1][column].min(table[row][column - 1]);
            let replaced = table[row - 1][column - 1] + usize::from(a != b);
            let mut fewest = added.min(replaced);
            if row > 1 && column > 1 && *a == other[column - 2] && one[row - 2] == *b {
                fewest = fewest.min(1 + table[row - 2][column - 2]);
            }
            table[row][column] = fewest;
        }
    }
    table[one.len()][other.len()]
}

/// One line of a list of findings.
struct Finding {
    /// From 0.
    row: usize,
    key: String,
    record: u64,
}

/// For each record the supplied rows that most keys tie to it: one, unless rows are equal in every field.
fn records(findings: &[Finding]) -> BTreeMap<u64, BTreeSet<usize>> {
    let mut ties: BTreeMap<u64, BTreeMap<usize, usize>> = BTreeMap::new();
    for finding in findings {
        *ties.entry(finding.record).or_default().entry(finding.row).or_default() += 1;
    }
    ties.into_iter()
        .map(|(record, rows)| {
            let most = rows.values().max().copied();
            (record, rows.into_iter().filter(|(_, keys)| Some(*keys) == most).map(|(row, _)| row).collect())
        })
        .collect()
}

/// A folder in which the program is run.
struct Place<'a> {
    program: &'a Path,
    folder: TempDir,
}

impl Place<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command at a moment, and reads the JSON that it prints.
    fn run(&self, now: &str, arguments: &[&str]) -> Value {
        let output = Command::new(self.program)
            .args(["--now", now])
            .args(arguments)
            .args(["--format", "json"])
            .current_dir(self.folder.path())
            .env("RESIDUA_LEDGER", self.path("ledger"))
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.program.display()));
        let complaint = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("`residua {}` printed no JSON ({error}): {complaint}", arguments.join(" ")))
    }

    /// Scans a file, and lists every key that ties a row of it to a record.
    fn scan(&self, data: &str, challenge: &str, extra: &[&str]) -> Value {
        let manifest = ["--manifest", "handover/deletion.residua", "--challenge", challenge];
        let parties = ["--from", "originator.card.json", "--as", "recipient.key"];
        let listed = format!("{data}.findings.csv");
        self.run(AFTER, &[&["scan", data], &manifest[..], &parties, &["--findings", &listed], extra].concat())
    }

    /// Asks about a file, and has the answer signed and verified.
    fn ask(&self, supply: &str, data: &str) -> Answer {
        let (challenge, attestation) = (format!("{data}.challenge.json"), format!("{data}.attestation.json"));
        let deletion = ["--phase", "deletion", "--without-baseline", "--as", "originator.key", "--out", &challenge];
        self.run(AFTER, &[&["challenge", supply], &deletion[..]].concat());
        let scanned = self.scan(data, &challenge, &["--out", &attestation]);
        let verified = self.run(AFTER, &["verify", &attestation]);
        Answer { scanned, appraisal: word(&verified["attestations"][0]["appraisal"]) }
    }

    /// What the scan of a file listed.
    fn findings(&self, data: &str) -> Vec<Finding> {
        let listed = self.path(&format!("{data}.findings.csv"));
        let reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(listed);
        let mut reader = reader.expect("a list of findings");
        let columns = reader.headers().expect("a header").clone();
        let at = |name: &str| columns.iter().position(|column| column == name).expect("a column of findings");
        let (row, key, record) = (at("row"), at("match_key"), at("record"));
        let finding = |cells: csv::StringRecord| Finding {
            row: cells[row].parse::<usize>().expect("a row") - 1,
            key: cells[key].to_owned(),
            record: cells[record].parse().expect("a record"),
        };
        reader.records().map(|cells| finding(cells.expect("a finding"))).collect()
    }
}

fn word(value: &Value) -> String {
    value.as_str().expect("a word").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}
