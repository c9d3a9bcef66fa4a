//! The register of traps: each way to a false `clear`, or to a false accusation, that anybody thought of, with the test that sets it; each gap and each reason of
//! a verdict, with a test that ends in it. And the traps that have no other home.

use crate::cli::world::AFTER;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::csv;
use std::env;
use std::fs;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

/// What must never end in `clear`, and where a test sets the trap: a file below `tests/cli/`, and a function or the name of a case in it.
const NEVER_CLEAR: [(&str, &str, &str); 43] = [
    ("the only hit in the last row of many", "traps.rs", "the_last_row_of_many"),
    ("in a second schema", "postgres/relations.rs", "odd_names"),
    ("in a second table", "never_clear.rs", "second table"),
    ("in a table without a primary key", "never_clear.rs", "table without primary key"),
    ("in a table whose name needs quoting", "mysql.rs", "names that need quotes"),
    ("behind row-level security", "postgres/rights.rs", "rows are hidden"),
    ("in a partition", "postgres/meanwhile.rs", "partitions_under_the_table_through_which_they_are_read"),
    ("in a view's base table", "never_clear.rs", "view's table"),
    ("in a generated column", "never_clear.rs", "generated column"),
    ("in a column that was dropped and added again", "postgres/relations.rs", "a column dropped and added again"),
    ("in a JSON snapshot column", "never_clear.rs", "a JSON column"),
    ("in an audit log's text", "never_clear.rs", "lines of a log with a number first"),
    ("in a table that forms no usable key", "never_clear.rs", "names alone"),
    ("in a copy of everybody's name and date of birth", "traps.rs", "a_copy_of_names_and_dates"),
    ("in a table that is padded with rows", "never_clear.rs", "more rows than planned"),
    ("in a file that is cut", "never_clear.rs", "a cut database"),
    ("in a file that changes while it is read", "never_clear.rs", "a_file_that_changes_while_it_is_read"),
    ("in a broken archive", "packed.rs", "what_hinders_the_unpacking_is_a_gap_and_the_rest_is_read"),
    ("in an encrypted workbook", "hostile_files.rs", "encrypted.xlsx"),
    ("in a sparse file", "hostile_files.rs", "a_file_with_a_hole"),
    ("behind a special file", "never_clear.rs", "what_is_neither_file_nor_folder"),
    ("in a loop of links", "never_clear.rs", "a_folder_that_leads_back_to_itself"),
    ("in a file whose name has control characters", "traps.rs", "a_name_with_control_characters"),
    ("beside NULL and empty keys", "traps.rs", "null_and_empty_cells"),
    ("a connection that drops in the middle", "postgres/meanwhile.rs", "connections_that_are_lost"),
    ("a server that stops", "mysql.rs", "a_server_that_stops_leaves_no_verdict"),
    ("a replica that lags", "traps.rs", "a_replica_that_is_behind"),
    ("a wrong, old or truncated manifest or challenge", "bad_input.rs", "documents_that_cannot_be_trusted"),
    ("a wrong salt", "bad_input.rs", "documents_that_cannot_be_trusted"),
    ("a clock set back", "traps.rs", "a_clock_set_back"),
    ("a clock set back between checks", "schedule.rs", "a_clock_that_steps_back_and_a_second_run_do_nothing"),
    ("a mapping of the wrong column", "traps.rs", "a_mapping_of_the_wrong_column"),
    ("a declaration that nobody accepted", "never_clear.rs", "what_is_declared_and_not_accepted"),
    ("an exclusion that nobody accepted", "never_clear.rs", "what_was_left_out_and_is_not_accepted"),
    ("an empty database", "never_clear.rs", "empty database"),
    ("a baseline of the wrong place", "traps.rs", "a_baseline_of_the_wrong_place"),
    ("a scan of the wrong place", "never_clear.rs", "a_scan_of_the_wrong_place"),
    ("an account that sees a part", "mysql.rs", "what_an_account_is_not_shown_may_be_there"),
    ("a database of the server that is forgotten", "postgres/databases.rs", "every_database_is_asked_for_or_named"),
    (
        "a share of a divided scan that is missing",
        "split.rs",
        "a_clear_scan_is_clear_in_shares_and_inconclusive_with_one_missing",
    ),
    (
        "a share that another machine read of other files",
        "split.rs",
        "what_is_alike_counts_once_and_what_is_not_of_one_scan_is_refused",
    ),
    ("a disk that gives an error", "faults.rs", "a_scan_that_cannot_read_is_never_clear"),
    (
        "records of a register that are said to be lawful and were supplied",
        "traps.rs",
        "a_supplied_record_that_is_declared_lawful",
    ),
];

/// What must never end in `residual`.
const NEVER_RESIDUAL: [(&str, &str, &str); 7] = [
    ("sequential ids", "traps.rs", "numbers_that_follow_each_other_accuse_nobody"),
    ("families and twins", "traps.rs", "relatives_and_namesakes_accuse_nobody"),
    ("namesakes", "traps.rs", "relatives_and_namesakes_accuse_nobody"),
    ("people named together in a text", "crowd.rs", "people_named_together_accuse_nobody"),
    ("a small supply", "traps.rs", "a_small_supply_accuses_nobody"),
    (
        "an overlap with the electoral roll",
        "overlap.rs",
        "an_overlap_of_all_people_is_clear_and_ten_records_that_were_kept_are_not",
    ),
    ("people who answered by themselves", "traps.rs", "a_supplied_record_that_is_declared_lawful"),
];

/// Codes that no run ends in that a test could make: where they are provoked instead.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    ("row_count", "src/scan/target.rs", "GapCode::RowCount"),
    ("weak_keys", "src/finding/verdict.rs", "only_reason(&outcome, &policy), ReasonCode::WeakKeys"),
    ("sentinel_missed", "src/verification/vectors.rs", "v7_sentinels_known_answers_spot_checks"),
    ("known_answer_missed", "src/verification/vectors.rs", "v7_sentinels_known_answers_spot_checks"),
];

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_trap_is_set_somewhere() {
    let mut lacking = Vec::new();
    for (trap, file, place) in NEVER_CLEAR.iter().chain(&NEVER_RESIDUAL) {
        let text = source(&format!("tests/cli/{file}"));
        if !text.contains(&format!("fn {place}(")) && !text.contains(&format!("\"{place}")) {
            lacking.push(format!("{trap}: there is no `{place}` in tests/cli/{file}"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_gap_and_every_reason_is_provoked() {
    let words = |file: &str, kind: &str| -> Vec<String> {
        let text = source(file);
        let (_, text) = text.split_once(&format!("impl {kind} {{")).expect("the codes");
        let (_, text) = text.split_once("fn word(self)").expect("the words");
        let (text, _) = text.split_once("\n    }\n").expect("the end of the words");
        text.split(&format!("{kind}::")).skip(1).filter_map(|arm| arm.split('"').nth(1)).map(str::to_owned).collect()
    };
    let mut tests = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                tests += &fs::read_to_string(path).expect("a text");
            }
        }
    }
    let (gaps, reasons) = (words("src/finding/gap.rs", "GapCode"), words("src/finding/verdict.rs", "ReasonCode"));
    assert!(gaps.len() > 30 && reasons.len() > 15, "{gaps:?} {reasons:?}");
    let mut lacking = Vec::new();
    for word in gaps.iter().chain(&reasons) {
        let is_provoked = tests.contains(&format!("\"{word}\"")) || tests.contains(&format!("\"gap:{word}\""));
        let elsewhere = ELSEWHERE.iter().find(|(other, ..)| other == word);
        let is_elsewhere = elsewhere.is_some_and(|(_, file, place)| source(file).contains(place));
        if !is_elsewhere && (elsewhere.is_some() || !is_provoked) {
            lacking.push(word);
        }
    }
    assert!(lacking.is_empty(), "no test ends in {lacking:?}");
}

/// A scan of a folder, signed by nobody, and what it says.
#[track_caller]
fn ends(world: &World, sources: &[&str], extra: &[&str], code: i32, named: &[&str]) {
    let scan = world.scan("deletion", "deletion.challenge.json", sources, &[extra, &["--format", "json"]].concat());
    scan.exits_with(code);
    let codes = codes(&scan);
    for name in named {
        assert!(codes.iter().any(|code| code == name), "{name} is not among {codes:?}{}", scan.whole());
    }
}

/// So many rows, of which only the last is a supplied person's. `RESIDUA_ROWS` says how many: ten million take a release build half a minute.
#[test]
fn the_last_row_of_many() {
    let rows: u64 = env::var("RESIDUA_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(60_000);
    let world = World::new();
    world.supply("supply.csv", "handover", &["--expect-rows", &(2 * rows).to_string()]).exits_with(0);
    world.ask("deletion", "deletion.challenge.json", &["--without-baseline"]).exits_with(0);
    let write = |last: &str| {
        fs::create_dir_all(world.case.path("long")).expect("a folder");
        let mut out = BufWriter::new(fs::File::create(world.case.path("long/held.csv")).expect("a file"));
        writeln!(out, "number,email").expect("a line");
        for number in 0..rows {
            writeln!(out, "{number},member{number}@mail.example").expect("a line");
        }
        write!(out, "{rows},{last}").expect("a line");
    };
    write("nobody@mail.example");
    ends(&world, &["long"], &[], 0, &[]);
    write(&world.supplied[23].email);
    ends(&world, &["long"], &[], 11, &["person_found"]);
}

#[test]
fn a_copy_of_names_and_dates() {
    let world = World::asked();
    let table = |people: &[&Person]| {
        let row = |text: String, person: &&Person| text + &format!("{},{}\n", person.full_name(), Person::dmy(person.mother_dob));
        people.iter().fold("name,dob\n".to_owned(), row)
    };
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write("copy/people.csv", table(&own));
    ends(&world, &["copy"], &[], 0, &[]);
    let all: Vec<&Person> = own.iter().copied().chain(&world.supplied).collect();
    world.case.write("copy/people.csv", table(&all));
    ends(&world, &["copy"], &[], 11, &["person_found"]);
}

#[cfg(unix)]
#[test]
fn a_name_with_control_characters() {
    let world = World::asked();
    let name = "odd/\u{1b}[2J\nclear\r\u{202e}.csv";
    let people: Vec<&Person> = world.own.iter().chain([&world.supplied[3]]).collect();
    world.case.write(name, csv(&people, ','));
    for format in ["text", "json"] {
        let findings = ["--format", format, "--findings", "findings.csv", "--out", "answer.json", "--force"];
        let scan = world.scan("deletion", "deletion.challenge.json", &["odd"], &findings);
        scan.exits_with(11);
        for (name, text) in [
            ("standard output", &scan.stdout),
            ("answer.json", &world.case.read("answer.json")),
            ("findings.csv", &world.case.read("findings.csv")),
        ] {
            assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']), "{name}: {text:?}");
        }
    }
    for words in
        [&["verify", "answer.json"][..], &["inspect", "answer.json"], &["inspect", "odd"], &["report", "--html", "page.html"]]
    {
        let output = world.run(AFTER, words);
        assert!(!output.stdout.contains(['\u{1b}', '\u{202e}']), "{}", output.whole());
    }
    assert!(!world.case.read("page.html").contains(['\u{1b}', '\u{202e}']));
}

/// Rows of which nearly every cell says nothing, the first column's too; one address of mail among them.
#[test]
fn null_and_empty_cells() {
    let world = World::asked();
    for kept in [None, Some(&world.supplied[7].email)] {
        let name = format!("rows-{}/held.db", usize::from(kept.is_some()));
        world.database(&name, |database| {
            database.execute_batch(&format!("CREATE TABLE contacts ({})", COLUMNS.join(", "))).expect("a table");
            for person in &world.own {
                let row = (&person.email, Option::<&str>::None, "");
                database.execute("INSERT INTO contacts (email, id, postcode) VALUES (?, ?, ?)", row).expect("a row");
            }
            database.execute("INSERT INTO contacts DEFAULT VALUES", []).expect("a row of NULL");
            let blank = "INSERT INTO contacts VALUES ('', '', NULL, 'NULL', '-', ?, 'n/a', NULL, '')";
            database.execute(blank, [kept.map_or("", String::as_str)]).expect("a blank row");
        });
        let (code, named) = if kept.is_some() { (11, &["person_found"][..]) } else { (0, &[][..]) };
        ends(&world, &[name.split_once('/').expect("a folder").0], &[], code, named);
    }
}

/// A scan says when it ended by the recipient's clock, and the answer came by the originator's. One of the two is wrong, and neither is believed.
#[test]
fn a_clock_set_back() {
    let world = World::asked();
    world.keep(&[]);
    let words = world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "later.json"]);
    world.run("2017-07-02T09:00:00Z", &words).exits_with(0);
    world.verify("later.json").exits_with(10).prints("V5");
    // A recipient whose clock is before the challenge does not scan.
    let words = world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "earlier.json"]);
    world.run("2017-07-01T08:00:00Z", &words).exits_with(1).warns("later than this machine's clock");
    // An originator whose clock went back before the agreed day asks for nothing.
    world.run(SUPPLIED, &world.asking("deletion", "early.json", &[])).exits_with(1);
}

#[test]
fn a_mapping_of_the_wrong_column() {
    let world = World::asked();
    let people: Vec<&Person> = world.own.iter().chain([&world.supplied[3]]).collect();
    world.case.write("held/people.csv", csv(&people, ','));
    let wrong = |rules: &str, code: i32, named: &[&str]| {
        world.case.write("map.toml", format!("[[target]]\nmatch = \"held/people.csv\"\n[target.columns]\n{rules}"));
        ends(&world, &["held"], &["--map", "map.toml"], code, named);
    };
    let all = |kind: &str| COLUMNS.iter().fold(String::new(), |text, column| text + &format!("{column} = {kind}\n"));
    // Everything is called a telephone number: what is none says so, and an address of mail is known wherever it stands.
    wrong(&all("{ kind = \"phone\" }"), 11, &["person_found", "gap:implausible_mapping"]);
    wrong(&all("{ kind = \"date\" }"), 11, &["person_found", "gap:implausible_mapping"]);
    // Two columns exchanged, and the others left as they are, still find the person.
    wrong(
        "email = { kind = \"phone\" }\nphone = { kind = \"email\" }\n",
        11,
        &["supply_record_found", "gap:implausible_mapping"],
    );
    wrong(
        "mother_dob = { kind = \"date\", role = \"child\" }\nchild_dob = { kind = \"date\", role = \"birth\" }\n",
        11,
        &["person_found"],
    );
}

#[test]
fn a_baseline_of_the_wrong_place() {
    let world = World::supplied();
    world.run(SUPPLIED, &world.asking("baseline", "baseline.challenge.json", &[])).exits_with(0);
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write("elsewhere/people.csv", csv(&own, ','));
    let out = ["--out", "baseline.json", "--format", "json"];
    let scan = world.run(SUPPLIED, &world.scanning("baseline", "baseline.challenge.json", &["elsewhere"], &out));
    scan.exits_with(10);
    assert!(codes(&scan).contains(&"baseline_share".to_owned()), "{}", scan.whole());
    world.run(SUPPLIED, &["verify", "baseline.json"]).exits_with(10);
    world.ask("deletion", "deletion.challenge.json", &[]).exits_with(1).warns("no baseline of this supply has been accepted");
}

/// Somebody who was supplied, and of whom the recipient says that he came by himself: not residual, and not clear.
#[test]
fn a_supplied_record_that_is_declared_lawful() {
    let world = World::with_baseline();
    let declared = "[[lawful_source]]\nname = \"answers\"\ntarget = \"exports/mailing.csv\"\nsource = \"answered our letter\"\n\
                    rows = { column = \"source\", equals = \"answer\" }\n";
    world.case.write("declared.toml", declared);
    world.ask("deletion", "deletion.challenge.json", &["--accept", "declared.toml"]).exits_with(0);
    world.keep(&[]);
    let mut rows = COLUMNS.join(",") + ",source\n";
    for person in world.own.iter().chain([&world.supplied[3]]) {
        let source = if person.id >= 5000 { "answer" } else { "shop" };
        rows += &format!("{},{source}\n", person.cells().join(","));
    }
    world.case.write("exports/mailing.csv", rows);
    ends(&world, &["crm.db", "exports"], &["--declare", "declared.toml"], 10, &["supply_record_declared_lawful"]);
    // Nobody said where he came from: that is residue.
    ends(&world, &["crm.db", "exports"], &[], 11, &["supply_record_found"]);
}

#[cfg(unix)]
#[test]
fn a_replica_that_is_behind() {
    let Some(server) = crate::cli::server::Postgres::start_as_replica() else { return };
    let world = World::asked();
    let scan = world.scan("deletion", "deletion.challenge.json", &[&server.url("postgres")], &["--format", "json"]);
    scan.exits_with(10);
    assert!(codes(&scan).contains(&"gap:stale".to_owned()), "{}", scan.whole());
}

/// The recipient's own customers have numbers from 1 on, as the supplied ones have.
#[test]
fn numbers_that_follow_each_other_accuse_nobody() {
    let world = World::new();
    let rows = |people: &[Person]| {
        people.iter().enumerate().fold("customer_no,first_name,last_name,email\n".to_owned(), |text, (number, person)| {
            text + &format!("{},{},{},{}\n", number + 1, person.first_name, person.last_name, person.email)
        })
    };
    world.case.write("supply.csv", rows(&world.supplied));
    world.run(SUPPLIED, &world.supplying("supply.csv", "handover", &[])).exits_with(0);
    world.ask("deletion", "deletion.challenge.json", &["--without-baseline"]).exits_with(0);
    world.case.write("held/people.csv", rows(&world.own));
    let scan = world.scan("deletion", "deletion.challenge.json", &["held"], &[]);
    assert!(matches!(scan.code, Some(0 | 10)), "{}", scan.whole());
}

/// Who lives with somebody who was supplied, is called as one, or was born on the same day, was not supplied.
#[test]
fn relatives_and_namesakes_accuse_nobody() {
    let world = World::with_baseline();
    world.ask("deletion", "deletion.challenge.json", &[]).exits_with(0);
    let mut held = Vec::new();
    // Of the two lists, people of the same place are alike; these are not.
    for (number, (supplied, own)) in world.supplied.iter().zip(world.own.iter().cycle().skip(7)).take(40).enumerate() {
        let other = Person { id: 1_000 + number, customer_no: own.customer_no.clone(), ..supplied.clone() };
        held.push(match number % 5 {
            // A brother at the same address: another given name, day, address of mail and telephone.
            0 => Person {
                first_name: own.first_name.clone(),
                email: own.email.clone(),
                phone: own.phone.clone(),
                mother_dob: own.mother_dob,
                child_dob: own.child_dob,
                ..other
            },
            // A sister who has the family's telephone.
            1 => Person {
                first_name: own.first_name.clone(),
                email: own.email.clone(),
                mother_dob: own.mother_dob,
                child_dob: own.child_dob,
                ..other
            },
            // A twin: born on the same day, and the rest of the family's.
            2 => Person { first_name: own.first_name.clone(), email: own.email.clone(), child_dob: own.child_dob, ..other },
            // A namesake elsewhere.
            3 => Person { first_name: supplied.first_name.clone(), last_name: supplied.last_name.clone(), ..own.clone() },
            // The next in the same house.
            _ => Person {
                street: supplied.street.clone(),
                number: supplied.number,
                postcode: supplied.postcode.clone(),
                ..own.clone()
            },
        });
    }
    world.keep(&[]);
    world.case.write("exports/mailing.csv", csv(&held.iter().collect::<Vec<_>>(), ','));
    let scan = world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &[]);
    assert!(matches!(scan.code, Some(0 | 10)), "{}", scan.whole());
}

/// Twelve records, and a hundred thousand rows of others who share names and districts with them.
#[test]
fn a_small_supply_accuses_nobody() {
    let world = World::new();
    let few = crate::cli::world::supply_csv(&world.supplied[..12]);
    world.case.write("supply.csv", few);
    world.supply("supply.csv", "handover", &["--expect-rows", "20000"]).exits_with(0);
    world.ask("deletion", "deletion.challenge.json", &["--without-baseline"]).exits_with(0);
    let mut rows = "first_name,last_name,postcode,dob\n".to_owned();
    for number in 0..10_000_usize {
        let (first, last) = (&world.supplied[number % 12], &world.supplied[(number / 12 + number + 1) % 12]);
        let day = (1930 + number % 70, 1 + number / 70 % 12, 1 + number / 840 % 28);
        rows +=
            &format!("{},{},EX{} {}XY,{}\n", first.first_name, last.last_name, 1 + number % 39, number % 10, Person::iso(day));
    }
    world.case.write("held/people.csv", rows);
    let scan = world.scan("deletion", "deletion.challenge.json", &["held"], &[]);
    assert!(matches!(scan.code, Some(0 | 10)), "{}", scan.whole());
}
