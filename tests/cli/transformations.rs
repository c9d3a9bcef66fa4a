//! The transformation suite: six hundred people, rewritten in every way in which a recipient's system may, and which of them are found again.
//!
//! Each [`way`] makes one file with all people in it, in an order of its own. The folder of all files is scanned once, and the list of findings is
//! held against who stands in which row. `docs/match-quality.md` shows the table; `RESIDUA_BLESS=1` writes it there.

pub(crate) mod people;
mod score;
mod way;
mod ways;

use crate::cli::transformations::people::Draws;
use crate::cli::transformations::people::MEMBERS;
use crate::cli::transformations::people::Person;
use crate::cli::transformations::people::everybody;
use crate::cli::transformations::score::Key;
use crate::cli::transformations::score::Score;
use crate::cli::transformations::score::Tie;
use crate::cli::transformations::score::Truth;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::table;
use crate::cli::transformations::ways::READABLE;
use crate::cli::transformations::ways::UNREADABLE;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::snapshot::is_blessing;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Ways of which not everybody is found yet by every key, or which are not told as unreadable. They are measured and shown, and nothing is
/// asserted of their recall; that nobody is tied wrongly is.
const NOT_YET: &[&str] = &["lines_before_header"];

/// The least share of rows that a key finds among those of which all that it takes survives.
const LEAST_RECALL: f64 = 0.99;

/// The supplied file among the rewritten ones, to learn whose each record is.
const SUPPLIED: &str = "supplied.csv";

/// What stands around the table in the document.
const MARKS: [&str; 2] = ["<!-- rewritten -->\n", "<!-- end of what was rewritten -->\n"];

#[test]
fn people_are_found_again_however_they_are_rewritten() {
    let people = everybody();
    let ways: Vec<&Way> = READABLE.iter().flat_map(|(_, ways)| *ways).chain(UNREADABLE).collect();
    let (world, orders) = rewritten(&people, &ways);
    let scan = world.scan("deletion", "asked.json", &["rewritten"], &["--findings", "found.csv", "--format", "json"]).json();
    let keys = keys(&world);
    let ties = ties(&world, &scan, &keys, &orders);
    let truth = Truth::of(&ties[SUPPLIED]);
    let none = Vec::new();
    let score = |way: &Way| Score::of(way, &people, &keys, &truth, ties.get(&way.file_name()).unwrap_or(&none));

    let gaps = files_with_gaps(&scan);

    let mut document = String::new();
    let mut faults = Vec::new();
    for (group, ways) in READABLE {
        put_heading(&mut document, group);
        for way in ways {
            let score = score(way);
            put_line(&mut document, way, &score);
            faults.extend(faults_of(way, &score));
            if score.found < MEMBERS && !gaps.contains(&way.file_name()) {
                faults.push(format!("`{}`: not everybody is found, and no gap says so", way.name));
            }
        }
    }
    put_heading(&mut document, "Beyond reading");
    for way in UNREADABLE {
        let score = score(way);
        put_line(&mut document, way, &score);
        faults.extend(wrong(way, &score));
        if !NOT_YET.contains(&way.name) && !is_told(&world, way) {
            faults.push(format!("`{}`: scanned alone, no gap makes it inconclusive", way.name));
        }
    }
    hold_document(&document);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The files for which the scan names a gap.
fn files_with_gaps(scan: &Value) -> BTreeSet<String> {
    let gaps = scan["coverage"]["gaps"].as_array().expect("gaps").iter();
    gaps.filter_map(|gap| gap["target"].as_str()).map(file_of).collect()
}

/// Whether a scan of this way's file alone says that it did not see everything.
fn is_told(world: &World, way: &Way) -> bool {
    let source = format!("rewritten/{}", way.file_name());
    let scan = world.scan("deletion", "asked.json", &[&source], &["--format", "json"]);
    scan.code == Some(10) && files_with_gaps(&scan.json()).contains(&way.file_name())
}

/// The name of a file, of the source that it is for a scan.
fn file_of(source: &str) -> String {
    source.strip_prefix("rewritten/").unwrap_or(source).to_owned()
}

/// The parties, the supply, and a folder with a file of each way; with it who stands in the rows of each file.
fn rewritten<'a>(people: &'a [Person], ways: &[&Way]) -> (World, BTreeMap<String, Vec<&'a Person>>) {
    let world = World::new();
    let supplied = supplied(&people[..MEMBERS]);
    world.case.write("supply.csv", &supplied);
    world.case.write(&format!("rewritten/{SUPPLIED}"), &supplied);
    let mut orders = BTreeMap::from([(SUPPLIED.to_owned(), people[..MEMBERS].iter().collect())]);
    for (index, way) in ways.iter().enumerate() {
        let order: Vec<&Person> =
            Draws::of(10_000 + index).order(people.len()).into_iter().map(|person| &people[person]).collect();
        world.case.write(&format!("rewritten/{}", way.file_name()), way.write(&order));
        let known = orders.insert(way.file_name(), order);
        assert!(known.is_none(), "two ways are called `{}`", way.name);
    }
    // As many as the scan will read: the classes of the keys hold for that.
    let rows = (ways.len() * people.len() + MEMBERS).next_multiple_of(10_000).to_string();
    world.supply("supply.csv", "handover", &["--expect-rows", &rows]).exits_with(0);
    world.ask("deletion", "asked.json", &["--without-baseline"]).exits_with(0);
    (world, orders)
}

/// The supplied file: as the recipient's, but for the order of columns and the form of dates.
fn supplied(members: &[Person]) -> String {
    let row = |member: &Person| {
        let mut row = Row::of(member);
        row.set("date_of_birth", member.born.iso());
        row.set("child_dob", member.child_born.iso());
        row.0.rotate_right(1);
        row
    };
    table(&members.iter().map(row).collect::<Vec<_>>(), ',')
}

/// The keys of the supply, as its statement has them.
fn keys(world: &World) -> Vec<Key> {
    let statement = payload(&world.case.read("handover/deletion.residua.intoto.json"));
    let text_of = |value: &Value| value.as_str().expect("a word").to_owned();
    let key = |key: &Value| Key {
        name: text_of(&key["name"]),
        class: text_of(&key["class"]),
        atoms: key["atoms"].as_array().expect("atoms").iter().map(text_of).collect(),
    };
    statement["predicate"]["keys"].as_array().expect("keys").iter().map(key).collect()
}

/// What the scan listed, file by file.
fn ties(world: &World, scan: &Value, keys: &[Key], orders: &BTreeMap<String, Vec<&Person>>) -> BTreeMap<String, Vec<Tie>> {
    let targets = scan["coverage"]["targets"].as_array().expect("targets").iter();
    let rows_read: BTreeMap<String, u64> = targets
        .map(|target| (file_of(target["source"].as_str().expect("a source")), target["rowsRead"].as_u64().expect("a count")))
        .collect();
    let mut ties: BTreeMap<String, Vec<Tie>> = BTreeMap::new();
    let list = world.case.read("found.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(list.as_bytes());
    let by_name: BTreeMap<&str, usize> = keys.iter().enumerate().map(|(index, key)| (key.name.as_str(), index)).collect();
    let mut rows = Rows::default();
    let mut line = csv::StringRecord::new();
    // There are a million and more lines, the files one behind the other.
    while reader.read_record(&mut line).expect("a finding") {
        if rows.source != line[0] {
            let file = file_of(&line[0]);
            let is_json = Path::new(&file).extension().is_some_and(|end| end == "jsonl");
            let text = is_json.then(|| fs::read(world.case.path(&line[0])).expect("a file"));
            let order = &orders[&file];
            // What stands above the people may have been read as rows, and the first person as a header.
            let before = i64::try_from(rows_read[&file]).expect("a count") - i64::try_from(order.len()).expect("a count");
            rows = Rows { source: line[0].to_owned(), file, before, lines: text.map(|text| line_ends(&text)) };
        }
        let Some(place) = rows.place(&line[2], &line[3]) else { continue };
        let person = orders[&rows.file][place].index;
        let tie = Tie { person, key: by_name[&line[4]], record: line[6].parse().expect("a record") };
        ties.entry(rows.file.clone()).or_default().push(tie);
    }
    ties
}

/// How the rows of a file are counted.
#[derive(Default)]
struct Rows {
    source: String,
    file: String,
    /// Rows that stand before the first person's.
    before: i64,
    /// Where lines end, in files of JSON, in which an object makes several rows where it holds lists.
    lines: Option<Vec<usize>>,
}

impl Rows {
    /// Whose row it is, by its number or by where it begins; nobody's above the first person's.
    fn place(&self, row: &str, primary_key: &str) -> Option<usize> {
        if let Some(ends) = &self.lines {
            let offset: usize = primary_key.strip_prefix("byte=")?.parse().expect("an offset");
            return Some(ends.partition_point(|end| *end < offset));
        }
        let row: i64 = row.parse().expect("a row");
        usize::try_from(row - 1 - self.before).ok()
    }
}

fn line_ends(text: &[u8]) -> Vec<usize> {
    text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect()
}

fn put_heading(document: &mut String, group: &str) {
    writeln!(document, "\n### {group}\n").expect("a string takes all");
    writeln!(document, "| way | what it does | members found | lowest recall of a key | false ties |")
        .expect("a string takes all");
    writeln!(document, "|---|---|---:|---:|---:|").expect("a string takes all");
}

fn put_line(document: &mut String, way: &Way, score: &Score) {
    let Way { name, about, .. } = way;
    let lowest = match score.lowest() {
        None => "–".to_owned(),
        Some((_, recall)) if *recall >= 1.0 => "1.000".to_owned(),
        Some((key, recall)) => format!("{recall:.3} `{key}`"),
    };
    let (found, wrong) = (score.found, score.wrong.len());
    writeln!(document, "| `{name}` | {about} | {found} of {MEMBERS} | {lowest} | {wrong} |").expect("a string takes all");
}

/// What is not as it should be.
fn faults_of(way: &Way, score: &Score) -> Vec<String> {
    let name = way.name;
    let mut faults = Vec::new();
    faults.extend(wrong(way, score));
    if NOT_YET.contains(&name) {
        return faults;
    }
    if score.found < MEMBERS {
        faults.push(format!("`{name}`: {} of {MEMBERS} members are found", score.found));
    }
    let low: Vec<String> = (score.recalls.iter().filter(|(_, recall)| *recall < LEAST_RECALL))
        .map(|(key, recall)| format!("{key} {recall:.3}"))
        .collect();
    if !low.is_empty() {
        faults.push(format!("`{name}`: keys find too few: {}", low.join(", ")));
    }
    faults
}

/// Rows that are tied to people of whom they are not.
fn wrong(way: &Way, score: &Score) -> Option<String> {
    (!score.wrong.is_empty()).then(|| format!("`{}` ties rows wrongly: {:?}", way.name, score.wrong))
}

/// The document shows the tables.
fn hold_document(tables: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/match-quality.md");
    let document = fs::read_to_string(&path).expect("docs/match-quality.md");
    let (before, rest) = document.split_once(MARKS[0]).expect("the mark before the tables");
    let (shown, after) = rest.split_once(MARKS[1]).expect("the mark after the tables");
    if is_blessing() {
        let [begin, end] = MARKS;
        fs::write(&path, format!("{before}{begin}\n{}\n\n{end}{after}", tables.trim())).expect("docs/match-quality.md");
        return;
    }
    assert_eq!(
        shown.trim(),
        tables.trim(),
        "the tables of docs/match-quality.md (left) are not what the program does (right); RESIDUA_BLESS=1 puts them there"
    );
}
