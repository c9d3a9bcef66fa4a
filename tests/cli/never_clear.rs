//! What must never end in `clear`: a record left behind in whatever place and spelling, a part that was not seen, a scan of another place.
//!
//! Each place is scanned twice: without a supplied record it ends in `clear` (else the case would prove little), with one of 60 it does not.

use crate::cli::harness::Output;
use crate::cli::harness::skip;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use rusqlite::Connection;
use std::fs;

/// A scan of `place`, signed by nobody.
fn scan(world: &World, sources: &[&str], extra: &[&str]) -> Output {
    world.scan("deletion", "deletion.challenge.json", sources, &[extra, &["--format", "json"]].concat())
}

/// The scan ends with the code and names all of these reasons and gaps.
#[track_caller]
fn ends(scan: &Output, code: i32, named: &[&str]) {
    scan.exits_with(code).stderr_is("");
    let codes = codes(scan);
    for name in named {
        assert!(codes.iter().any(|code| code == name), "{name} is not among {codes:?}{}", scan.whole());
    }
    let json = scan.json();
    let complete = json["coverage"]["gaps"].as_array().is_some_and(Vec::is_empty)
        && json["coverage"]["excluded"].as_array().is_some_and(Vec::is_empty);
    assert_eq!(json["coverage"]["complete"], complete, "{}", scan.whole());
}

/// A way to hold people: writes them into the folder that is named.
type Holding = fn(&World, &str, &[&Person]);

/// People with one left-over record among them, and what a scan of the place has to say.
struct Kept {
    name: &'static str,
    hold: Holding,
    /// The exit code without the record: 0, or 10 where something else stands in the way too.
    without: i32,
    code: i32,
    named: &'static [&'static str],
}

const RESIDUAL: &[&str] = &["supply_record_found", "person_found"];
const PERSON: &[&str] = &["person_found"];
// Beside the row's own name so much is tried that a name and a house, and no more, may agree by chance.
const POSSIBLE: &[&str] = &["possible_coincidence"];
const UNKEYED: &[&str] = &["rows_unkeyed"];

const KEPT: [Kept; 44] = [
    Kept { name: "second table", hold: second_table, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "table without primary key", hold: no_primary_key, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "WITHOUT ROWID", hold: without_rowid, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "quoted table name", hold: quoted_name, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "generated column", hold: generated_column, without: 0, code: 11, named: PERSON },
    Kept { name: "view's table", hold: under_a_view, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "attached log in WAL mode", hold: write_ahead_log, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "nested folder", hold: nested_folder, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "hidden file", hold: hidden_file, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "another file ending", hold: other_ending, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "TSV", hold: tsv, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "semicolon CSV", hold: semicolon, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "pipe CSV", hold: pipe, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "quoted CSV with CRLF and a byte order mark", hold: quoted_crlf, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "no line feed at the end", hold: no_last_line_feed, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "upper case", hold: upper_case, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "dates in words", hold: dates_in_words, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "American dates", hold: american_dates, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "compact dates", hold: compact_dates, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "one name column", hold: one_name_column, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "other headers", hold: other_headers, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "no header", hold: no_header, without: 0, code: 11, named: &[] },
    Kept { name: "e-mail addresses alone", hold: emails_alone, without: 0, code: 11, named: PERSON },
    Kept { name: "postcode without a space, phone with a prefix", hold: other_spelling, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "the last of 500 rows", hold: last_row, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "a row among 2,000 blank ones", hold: among_blank_rows, without: 0, code: 11, named: RESIDUAL },
    Kept {
        name: "a name and a date among 2,000 blank rows",
        hold: name_and_date_among_blank_rows,
        without: 0,
        code: 11,
        named: PERSON,
    },
    Kept { name: "days as a spreadsheet counts them", hold: serial_dates, without: 0, code: 11, named: RESIDUAL },
    Kept { name: "names and dates without a header", hold: names_and_dates_without_header, without: 0, code: 11, named: PERSON },
    Kept { name: "columns without a meaning", hold: meaningless_columns, without: 0, code: 11, named: PERSON },
    Kept { name: "addresses in queries", hold: addresses_in_queries, without: 0, code: 11, named: PERSON },
    Kept { name: "addresses put out of use", hold: addresses_put_out_of_use, without: 0, code: 11, named: PERSON },
    Kept { name: "surname and postcode", hold: surname_and_postcode, without: 10, code: 10, named: UNKEYED },
    Kept { name: "initial, surname and address", hold: initial_and_address, without: 10, code: 10, named: UNKEYED },
    Kept { name: "name and district", hold: name_and_district, without: 0, code: 11, named: PERSON },
    Kept { name: "name and masked address", hold: name_and_masked_address, without: 10, code: 10, named: UNKEYED },
    Kept { name: "a JSON column", hold: json_column, without: 0, code: 11, named: PERSON },
    Kept { name: "notes", hold: notes, without: 0, code: 11, named: PERSON },
    Kept { name: "lines of a log with a number first", hold: log_lines, without: 0, code: 11, named: PERSON },
    Kept { name: "addresses of mail in two columns", hold: emails_in_halves, without: 0, code: 11, named: PERSON },
    Kept { name: "addresses of mail spelt out", hold: emails_spelt_out, without: 0, code: 11, named: PERSON },
    Kept { name: "somebody else in a note, without a postcode", hold: beside_in_note, without: 0, code: 10, named: POSSIBLE },
    Kept { name: "somebody else in a column of addresses", hold: beside_in_address, without: 0, code: 11, named: PERSON },
    Kept { name: "somebody else in a column of towns", hold: beside_in_town, without: 0, code: 11, named: PERSON },
];

/// A column that takes anything is read for what it is, and as text too where that is asked for. Who asked for it at the baseline asks again.
#[test]
fn a_person_in_a_column_of_towns_is_seen_by_looking_deep() {
    let world = World::supplied();
    let (own, kept) = (world.own.iter().collect::<Vec<_>>(), &world.supplied[23]);
    let all: Vec<&Person> = own.iter().copied().chain(&world.supplied).collect();
    world.case.write("data/crm.csv", csv(&all, ','));
    world.ask("baseline", "b.json", &[]).exits_with(0);
    world.scan("baseline", "b.json", &["data"], &["--deep", "--out", "b.answer.json"]).exits_with(0);
    world.verify("b.answer.json").exits_with(0);
    world.case.write("data/crm.csv", csv(&own, ','));
    for (challenge, answer, extra, code) in
        [("1.json", "1.answer.json", &["--deep"][..], 0), ("2.json", "2.answer.json", &[], 10)]
    {
        world.ask("deletion", challenge, &[]).exits_with(0);
        world.scan("deletion", challenge, &["data"], &[extra, &["--out", answer]].concat()).exits_with(0);
        let verified = world.verify(answer);
        verified.exits_with(code);
        assert_eq!(verified.stdout.contains("every column was read as text in the baseline"), code == 10, "{}", verified.whole());
    }
    let [_, first, last, ..] = kept.cells();
    let town = |cells: &[String; 9]| {
        let town =
            if cells[0] == own[0].id.to_string() { format!("{first} {last} {}", kept.cells()[7]) } else { "Leeds".to_owned() };
        format!("{},{},{town},{}", cells[1], cells[2], kept.postcode)
    };
    world.case.write("towns/crm.csv", table("first_name,last_name,town,postcode", &own, town));
    world.scan("deletion", "2.json", &["towns"], &["--deep"]).exits_with(11);
}

#[test]
fn a_record_left_behind() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    let kept: Vec<&Person> = own.iter().copied().chain([&world.supplied[23]]).collect();
    let mut wrong = Vec::new();
    for (number, case) in KEPT.iter().enumerate() {
        for (people, code, named) in [(&own, case.without, &[][..]), (&kept, case.code, case.named)] {
            let place = format!("place-{number}-{}", people.len());
            fs::create_dir_all(world.case.path(&place)).expect("a folder");
            (case.hold)(&world, &place, people);
            let scan = scan(&world, &[&place], &[]);
            let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
            if scan.code != Some(code) || !named.iter().all(|name| codes.iter().any(|code| code == name)) {
                wrong.push(format!(
                    "{}, with {} people: exit code {:?} and {codes:?}, not {code} and {named:?}",
                    case.name,
                    people.len(),
                    scan.code
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn database(world: &World, place: &str, fill: impl FnOnce(&Connection)) {
    world.database(&format!("{place}/held.db"), fill);
}

fn text(world: &World, place: &str, content: impl AsRef<[u8]>) {
    world.case.write(&format!("{place}/held.csv"), content);
}

/// A text table of other columns, from the people's cells in the order of [`COLUMNS`].
fn table(header: &str, people: &[&Person], row: impl Fn(&[String; 9]) -> String) -> String {
    people.iter().fold(format!("{header}\n"), |text, person| text + &row(&person.cells()) + "\n")
}

fn second_table(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "contacts", "");
        insert(database, "contacts", &people[..10]);
        create(database, "contacts_backup_2017", "");
        insert(database, "contacts_backup_2017", people);
    });
}

fn no_primary_key(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        database.execute_batch(&format!("CREATE TABLE contacts ({})", COLUMNS.join(", "))).expect("a table");
        insert(database, "contacts", people);
    });
}

fn without_rowid(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "contacts", "WITHOUT ROWID");
        insert(database, "contacts", people);
    });
}

fn quoted_name(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "\"my \"\"old\"\" contacts; 'x' [y]\"", "");
        insert(database, "\"my \"\"old\"\" contacts; 'x' [y]\"", people);
    });
}

/// The personal columns are generated from one that packs a date and a name, and which therefore stays a gap.
fn generated_column(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        let columns = "id INTEGER PRIMARY KEY, blob TEXT, full_name TEXT AS (substr(blob, 12)) VIRTUAL, dob TEXT AS (substr(blob, 1, 10)) STORED";
        database.execute_batch(&format!("CREATE TABLE contacts ({columns})")).expect("a table");
        for person in people {
            let packed = format!("{} {}", Person::iso(person.mother_dob), person.full_name());
            database.execute("INSERT INTO contacts (id, blob) VALUES (?, ?)", (person.id.to_string(), packed)).expect("a row");
        }
    });
}

fn under_a_view(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "stored", "");
        insert(database, "stored", people);
        database.execute_batch("CREATE VIEW contacts AS SELECT * FROM stored WHERE id < 2000").expect("a view");
    });
}

/// The rows stand in the write-ahead log beside the database, as after a crash.
fn write_ahead_log(world: &World, place: &str, people: &[&Person]) {
    database(world, &format!("{place}-origin"), |database| {
        database.pragma_update(None, "journal_mode", "wal").expect("a log");
        database.pragma_update(None, "wal_autocheckpoint", 0).expect("no checkpoint");
        create(database, "contacts", "");
        insert(database, "contacts", people);
        for file in ["held.db", "held.db-wal"] {
            let from = world.case.path(&format!("{place}-origin/{file}"));
            fs::copy(from, world.case.path(&format!("{place}/{file}"))).expect("a copy");
        }
    });
    fs::remove_dir_all(world.case.path(&format!("{place}-origin"))).expect("an old folder");
}

fn nested_folder(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(&people[..5], ','));
    text(world, &format!("{place}/2017/05/old"), csv(people, ','));
}

fn hidden_file(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(&people[..5], ','));
    world.case.write(&format!("{place}/.cache/.held.csv~"), csv(people, ','));
}

fn other_ending(world: &World, place: &str, people: &[&Person]) {
    world.case.write(&format!("{place}/held.bak"), csv(people, ','));
}

fn tsv(world: &World, place: &str, people: &[&Person]) {
    world.case.write(&format!("{place}/held.tsv"), csv(people, '\t'));
}

fn semicolon(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ';'));
}

fn pipe(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, '|'));
}

fn quoted_crlf(world: &World, place: &str, people: &[&Person]) {
    let quote = |text: String, line: &str| text + "\"" + &line.replace(',', "\",\"") + "\"\r\n";
    let quoted = csv(people, ',').lines().fold(String::new(), quote);
    text(world, place, format!("\u{feff}{quoted}"));
}

fn no_last_line_feed(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ',').trim_end());
}

fn upper_case(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ',').to_uppercase());
}

fn dates_in_words(world: &World, place: &str, people: &[&Person]) {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    dates(world, place, people, |(year, month, day)| format!("{day} {} {year}", MONTHS[month - 1]));
}

fn american_dates(world: &World, place: &str, people: &[&Person]) {
    dates(world, place, people, |(year, month, day)| format!("{month}/{day}/{year}"));
}

fn compact_dates(world: &World, place: &str, people: &[&Person]) {
    dates(world, place, people, |(year, month, day)| format!("{year}{month:02}{day:02}"));
}

fn dates(world: &World, place: &str, people: &[&Person], form: impl Fn((usize, usize, usize)) -> String) {
    let mut content = COLUMNS.join(",") + "\n";
    for person in people {
        let mut cells = person.cells();
        (cells[7], cells[8]) = (form(person.mother_dob), form(person.child_dob));
        content += &(cells.join(",") + "\n");
    }
    text(world, place, content);
}

fn one_name_column(world: &World, place: &str, people: &[&Person]) {
    let header = "id,name,address,postcode,dob,child_dob";
    text(
        world,
        place,
        table(header, people, |cells| {
            format!("{},Mrs {} {},{},{},{},{}", cells[0], cells[2], cells[1], cells[3], cells[4], cells[7], cells[8])
        }),
    );
}

fn other_headers(world: &World, place: &str, people: &[&Person]) {
    let header = "Ref;Surname;Forename;House No;Street;Post Code;E-Mail;Mobile;D.O.B.;Baby's Date of Birth";
    text(
        world,
        place,
        table(header, people, |cells| {
            let (number, street) = cells[3].split_once(' ').expect("a number and a street");
            [&cells[0], &cells[2], &cells[1], number, street, &cells[4], &cells[5], &cells[6], &cells[7], &cells[8]].join(";")
        }),
    );
}

fn no_header(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ',').split_once('\n').expect("a header").1);
}

fn emails_alone(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("email", people, |cells| cells[5].clone()));
}

fn addresses_in_queries(world: &World, place: &str, people: &[&Person]) {
    let row = |cells: &[String; 9]| format!("{},/unsubscribe?email={}&list=3,200", cells[0], cells[5].replace('@', "%40"));
    text(world, place, table("id,request_url,status", people, row));
}

fn addresses_put_out_of_use(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("id,email", people, |cells| format!("{},deleted_{}", cells[0], cells[5])));
}

fn surname_and_postcode(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("last_name,postcode", people, |cells| format!("{},{}", cells[2], cells[4])));
}

fn initial_and_address(world: &World, place: &str, people: &[&Person]) {
    let row = |cells: &[String; 9]| format!("Ms {:.1} {},{},{}", cells[1], cells[2], cells[3], cells[4]);
    text(world, place, table("name,address,postcode", people, row));
}

fn name_and_district(world: &World, place: &str, people: &[&Person]) {
    let district = |postcode: &str| postcode.split(' ').next().unwrap_or_default().to_owned();
    let row = |cells: &[String; 9]| format!("{} {},{}", cells[1], cells[2], district(&cells[4]));
    text(world, place, table("name,postcode", people, row));
}

fn name_and_masked_address(world: &World, place: &str, people: &[&Person]) {
    let domain = |email: &str| email.split('@').nth(1).unwrap_or_default().to_owned();
    let row = |cells: &[String; 9]| format!("{} {},{:.1}***@{}", cells[1], cells[2], cells[5], domain(&cells[5]));
    text(world, place, table("name,email", people, row));
}

fn other_spelling(world: &World, place: &str, people: &[&Person]) {
    let header = "id,name,address,postcode,phone,dob,child_dob";
    text(
        world,
        place,
        table(header, people, |cells| {
            let (postcode, phone) = (cells[4].replace(' ', "").to_lowercase(), format!("+44 (0) {}", &cells[6][1..]));
            format!("{},\"{}, {}\",{},{postcode},{phone},{},{}", cells[0], cells[2], cells[1], cells[3], cells[7], cells[8])
        }),
    );
}

fn last_row(world: &World, place: &str, people: &[&Person]) {
    let own = &people[..world.own.len()];
    let rows = csv(own, ',');
    let others = rows.split_once('\n').expect("a header").1.repeat(12);
    let rest: String = people[own.len()..].iter().map(|person| person.cells().join(",") + "\n").collect();
    text(world, place, csv(own, ',') + &others + &rest);
}

/// Rows that form no key do not count against the plan.
fn among_blank_rows(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ',') + &(",".repeat(8) + "\n").repeat(2_000));
}

fn name_and_date_among_blank_rows(world: &World, place: &str, people: &[&Person]) {
    let blank = ",,\n".repeat(1_000);
    let rows =
        table("first_name,last_name,dob", &people[people.len() - 1..], |cells| format!("{},{},{}", cells[1], cells[2], cells[7]));
    text(world, place, rows.replacen('\n', &format!("\n{blank}"), 1) + &blank);
}

/// 25569 is the first day of 1970.
fn serial_dates(world: &World, place: &str, people: &[&Person]) {
    dates(world, place, people, |(year, month, day)| {
        let [year, month, day] = [year, month, day].map(|part| i16::try_from(part).expect("a small number"));
        let date = jiff::civil::date(year, i8::try_from(month).expect("a month"), i8::try_from(day).expect("a day"));
        (25_569 + date.since(jiff::civil::date(1970, 1, 1)).expect("days").get_days()).to_string()
    });
}

fn names_and_dates_without_header(world: &World, place: &str, people: &[&Person]) {
    let row = |text: String, person: &&Person| {
        text + &person.full_name()
            + ","
            + &Person::dmy(person.mother_dob)
            + "
"
    };
    let rows = people.iter().fold(String::new(), row);
    text(world, place, rows);
}

fn meaningless_columns(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        database.execute_batch("CREATE TABLE t (c0 INTEGER PRIMARY KEY, c1 TEXT, c2 TEXT, c3 TEXT)").expect("a table");
        for person in people {
            let row = (person.id.to_string(), &person.first_name, &person.last_name, Person::iso(person.mother_dob));
            database.execute("INSERT INTO t VALUES (?, ?, ?, ?)", row).expect("a row");
        }
    });
}

fn json_column(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        database.execute_batch("CREATE TABLE audit (id INTEGER PRIMARY KEY, payload TEXT)").expect("a table");
        for person in people {
            let row =
                (person.id.to_string(), format!("{{\"name\": \"{}\", \"email\": \"{}\"}}", person.full_name(), person.email));
            database.execute("INSERT INTO audit VALUES (?, ?)", row).expect("a row");
        }
    });
}

/// What is not seen, or not accepted: no record was kept, and it ends in no `clear` all the same.
struct Unseen {
    name: &'static str,
    hold: Holding,
    code: i32,
    named: &'static [&'static str],
}

const UNSEEN: [Unseen; 31] = [
    Unseen { name: "empty database", hold: empty_database, code: 10, named: &["nothing_read"] },
    Unseen { name: "database of empty tables", hold: empty_tables, code: 10, named: &["nothing_read"] },
    Unseen { name: "header and zero rows", hold: zero_rows, code: 10, named: &[] },
    Unseen { name: "empty folder", hold: |_, _, _| (), code: 10, named: &["nothing_read"] },
    Unseen { name: "empty file", hold: empty_file, code: 10, named: &["gap:empty"] },
    Unseen { name: "ragged rows", hold: ragged, code: 10, named: &["gap:ragged_rows"] },
    Unseen { name: "bytes that are no UTF-8", hold: undecodable, code: 10, named: &["gap:undecodable"] },
    Unseen { name: "a few words in Polish", hold: polish, code: 10, named: &["gap:ambiguous_encoding"] },
    Unseen { name: "UTF-32", hold: utf32, code: 10, named: &["gap:unsupported"] },
    Unseen { name: "a zip archive", hold: zip, code: 10, named: &["gap:cut_short"] },
    Unseen { name: "compressed", hold: gzip, code: 10, named: &["gap:cut_short"] },
    Unseen { name: "JSON", hold: json, code: 10, named: &["gap:no_key"] },
    Unseen { name: "an SQL dump", hold: sql_dump, code: 10, named: &["gap:no_key"] },
    Unseen { name: "a damaged database", hold: damaged_database, code: 10, named: &["gap"] },
    Unseen { name: "a cut database", hold: cut_database, code: 10, named: &["gap"] },
    Unseen { name: "a file of bytes", hold: bytes, code: 10, named: &["gap:unknown_format"] },
    Unseen { name: "cells of bytes", hold: binary_cells, code: 10, named: &["gap:binary_cells"] },
    Unseen { name: "an e-mail address beside ragged rows", hold: notes_with_emails, code: 10, named: &["gap:ragged_rows"] },
    Unseen { name: "others in a column of JSON", hold: cells_of_many_values, code: 11, named: PERSON },
    Unseen {
        name: "more names in a text than are tried",
        hold: |w, p, own| long_note(w, p, own, &words(3_000)),
        code: 10,
        named: &["gap:too_many_readings"],
    },
    Unseen {
        name: "more days in a text than are tried",
        hold: |w, p, own| long_note(w, p, own, &days(99)),
        code: 10,
        named: &["gap:too_many_readings"],
    },
    Unseen {
        name: "a day of birth in JSON that is none",
        hold: |w, p, own| long_note(w, p, own, "{'dob': 'the day before yesterday'}"),
        code: 10,
        named: &["gap:unmapped_personal"],
    },
    Unseen { name: "a person in rows of attributes", hold: attributes, code: 10, named: &["gap:attribute_rows"] },
    Unseen { name: "names alone", hold: names_alone, code: 10, named: &["gap:no_key"] },
    Unseen { name: "names beside a number of the recipient's own", hold: names_and_numbers, code: 10, named: &["gap:no_key"] },
    Unseen { name: "dates of birth that are none", hold: no_dates, code: 10, named: &["gap"] },
    Unseen { name: "two columns of one name", hold: duplicate_columns, code: 10, named: &["gap:duplicate_column"] },
    Unseen { name: "a quote that is never closed", hold: open_quote, code: 10, named: &["gap:cut_short"] },
    Unseen { name: "more rows than planned", hold: above_plan, code: 10, named: &["gap:rows_above_plan"] },
    Unseen { name: "a column that a virtual table hides", hold: virtual_table, code: 10, named: &["gap"] },
    Unseen { name: "a link to nowhere", hold: dangling_link, code: 10, named: &["gap:unreadable"] },
];

#[test]
fn a_part_not_seen() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    let mut wrong = Vec::new();
    for (number, case) in UNSEEN.iter().enumerate() {
        let place = format!("place-{number}");
        fs::create_dir_all(world.case.path(&place)).expect("a folder");
        (case.hold)(&world, &place, &own);
        let scan = scan(&world, &[&place], &[]);
        let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
        if scan.code != Some(case.code) || !case.named.iter().all(|name| codes.iter().any(|code| code == name)) {
            wrong.push(format!("{}: exit code {:?} and {codes:?}, not {} and {:?}", case.name, scan.code, case.code, case.named));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the originator accepts that nothing is left, and nothing shows that people were ever there.
const NOT_SEEN_EMPTY: [Unseen; 10] = [
    Unseen { name: "empty database", hold: empty_database, code: 10, named: &["nothing_read"] },
    Unseen { name: "empty folder", hold: |_, _, _| (), code: 10, named: &["nothing_read"] },
    Unseen {
        name: "empty file",
        hold: |world, place, _| text(world, place, ""),
        code: 10,
        named: &["gap:empty", "nothing_read"],
    },
    Unseen {
        name: "unknown header",
        hold: |world, place, _| text(world, place, "colour,size\n"),
        code: 10,
        named: &["nothing_read"],
    },
    Unseen { name: "names only", hold: |world, place, _| names_alone(world, place, &[]), code: 10, named: &["nothing_read"] },
    Unseen {
        name: "numbers only",
        hold: |world, place, _| text(world, place, "customer_no\n"),
        code: 10,
        named: &["nothing_read"],
    },
    Unseen { name: "blank rows", hold: blank_rows, code: 10, named: &["nothing_read"] },
    Unseen { name: "names beside it", hold: names_beside_an_empty_table, code: 10, named: &["nothing_read", "gap:no_key"] },
    Unseen { name: "an archive beside it", hold: archive_beside_an_empty_table, code: 10, named: &["gap:cut_short"] },
    Unseen { name: "bytes of a cut database", hold: cut_empty_database, code: 10, named: &["gap"] },
];

#[test]
fn empty_and_not_seen_to_be() {
    let world = World::with_baseline();
    world.ask("deletion", "deletion.challenge.json", &["--accept-empty"]).exits_with(0);
    let mut wrong = Vec::new();
    let seen = [
        Unseen { name: "header and zero rows", hold: zero_rows, code: 0, named: &[] },
        Unseen { name: "database of empty tables", hold: empty_tables, code: 0, named: &[] },
    ];
    for (number, case) in NOT_SEEN_EMPTY.iter().chain(&seen).enumerate() {
        let place = format!("place-{number}");
        fs::create_dir_all(world.case.path(&place)).expect("a folder");
        (case.hold)(&world, &place, &[]);
        let scan = scan(&world, &[&place], &[]);
        let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
        if scan.code != Some(case.code) || !case.named.iter().all(|name| codes.iter().any(|code| code == name)) {
            wrong.push(format!("{}: exit code {:?} and {codes:?}, not {} and {:?}", case.name, scan.code, case.code, case.named));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // One of several sources that is empty does not speak for the others.
    world.case.write("exports/held.csv", csv(&[&world.supplied[3]], ','));
    ends(&scan(&world, &["place-10", "exports"], &[]), 11, &["supply_record_found"]);
}

#[test]
fn empty_in_the_wrong_place() {
    let world = World::with_baseline();
    let removed = |targets: &[&str]| {
        let declared =
            |text: String, target: &&str| text + &format!("[[removed]]\ntarget = \"{target}\"\nreason = \"deleted\"\n");
        world.case.write("declared.toml", targets.iter().fold(String::new(), declared));
    };
    let mut number = 0;
    let mut answered = |sources: &[&str], code: i32, word: &str| {
        number += 1;
        let (challenge, answer) = (format!("{number}.challenge.json"), format!("{number}.json"));
        world.ask("deletion", &challenge, &["--accept-empty", "--accept", "declared.toml"]).exits_with(0);
        world.scan("deletion", &challenge, sources, &["--declare", "declared.toml", "--out", &answer]).exits_with(0);
        world.verify(&answer).exits_with(code).prints(word);
    };
    let contacts = |columns: &str| {
        fs::remove_file(world.case.path("crm.db")).expect("no database");
        world.database("crm.db", |database| {
            database.execute_batch(&format!("CREATE TABLE contacts (id INTEGER PRIMARY KEY, {columns})")).expect("a table");
        });
    };
    // Only a place that the data were never in; with everything declared gone, it still shows nothing.
    world.case.write("elsewhere/mailing.csv", csv(&[], ','));
    removed(&["exports/mailing.csv"]);
    answered(&["elsewhere"], 10, "`crm.db#contacts` of the baseline is gone");
    removed(&["exports/mailing.csv", "crm.db#contacts"]);
    answered(&["elsewhere"], 10, "none of the targets that were read empty");
    // The right name, with other columns or a header that was cut.
    removed(&["exports/mailing.csv"]);
    contacts("email TEXT");
    answered(&["crm.db"], 10, "formed the key");
    removed(&["crm.db#contacts"]);
    world.case.write("exports/mailing.csv", "id,first_name,last_name,address,postcode,email,pho");
    answered(&["exports"], 10, "formed the key");
    // An empty copy of the same form under the same name is not told from the emptied one; the answer says what it rests on.
    removed(&["exports/mailing.csv"]);
    fs::remove_file(world.case.path("exports/mailing.csv")).expect("no export");
    contacts(&(COLUMNS[1..].join(" TEXT, ") + " TEXT"));
    answered(&["crm.db"], 0, "an empty copy in the same place would look the same");
}

#[test]
fn empty_is_accepted_neither_in_a_baseline_nor_without_one() {
    let world = World::supplied();
    let words = world.asking("baseline", "b.challenge.json", &["--accept-empty"]);
    world.run(crate::cli::world::SUPPLIED, &words).exits_with(1).warns("a baseline finds the data");
    let refused = world.ask("deletion", "d.challenge.json", &["--accept-empty", "--without-baseline"]);
    refused.exits_with(1).warns("without a baseline");
    world.ask("deletion", "d.challenge.json", &["--accept-empty"]).exits_with(1).warns("no baseline of this supply");
}

fn blank_rows(world: &World, place: &str, _: &[&Person]) {
    text(world, place, csv(&[], ',') + &(",".repeat(8) + "\n").repeat(50));
}

fn names_beside_an_empty_table(world: &World, place: &str, _: &[&Person]) {
    zero_rows(world, place, &[]);
    names_alone(world, &format!("{place}/more"), &world.own.iter().collect::<Vec<_>>());
}

fn archive_beside_an_empty_table(world: &World, place: &str, _: &[&Person]) {
    zip(world, place, &[]);
}

fn cut_empty_database(world: &World, place: &str, _: &[&Person]) {
    empty_tables(world, place, &[]);
    let path = world.case.path(&format!("{place}/held.db"));
    let content = fs::read(&path).expect("a database");
    fs::write(path, &content[..content.len() / 2]).expect("a cut database");
}

fn empty_database(world: &World, place: &str, _: &[&Person]) {
    database(world, place, |database| database.execute_batch("PRAGMA user_version = 1; VACUUM").expect("a header"));
}

fn empty_tables(world: &World, place: &str, _: &[&Person]) {
    database(world, place, |database| create(database, "contacts", ""));
}

fn zero_rows(world: &World, place: &str, _: &[&Person]) {
    text(world, place, csv(&[], ','));
}

fn empty_file(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/empty.csv"), "");
}

fn ragged(world: &World, place: &str, people: &[&Person]) {
    let rows = csv(people, ',');
    let body = rows.split_once('\n').expect("a header").1;
    text(world, place, format!("{rows}7000,only,three\n{body}"));
}

fn undecodable(world: &World, place: &str, people: &[&Person]) {
    let mut content = csv(people, ',').into_bytes();
    content.extend("7000,José,Nuss,1 High Street,N1 1AA,x@example.org,07700900999,03/04/1980,2014-02-03\n".repeat(2).bytes());
    content.extend(b"7000,Jos\xe9,Nuss,1 High Street,N1 1AA,x@example.org,07700900999,03/04/1980,2014-02-03\n");
    text(world, place, content);
}

fn polish(world: &World, place: &str, people: &[&Person]) {
    let mut content = csv(people, ',').into_bytes();
    // The L with a stroke of Windows-1250, which is a pound sign in Windows-1252.
    content.extend(b"7000,\xa3ukasz,Nuss,1 High Street,N1 1AA,x@example.org,07700900999,03/04/1980,2014-02-03\n");
    text(world, place, content);
}

fn utf32(world: &World, place: &str, people: &[&Person]) {
    let rows = format!("\u{feff}{}", csv(people, ','));
    text(world, place, rows.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect::<Vec<u8>>());
}

fn zip(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/held.zip"), b"PK\x03\x04\x14\x00\x00\x00");
}

fn gzip(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/held.csv.gz"), b"\x1f\x8b\x08\x00\x00\x00\x00\x00");
}

fn json(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/held.json"), "[{\"name\": \"somebody\"}]");
}

fn sql_dump(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/held.sql"), "CREATE TABLE contacts (name text);\nINSERT INTO contacts VALUES ('x');\n");
}

/// A page in the middle of the table is overwritten.
fn damaged_database(world: &World, place: &str, people: &[&Person]) {
    contacts_of_many_pages(world, place, people);
    let path = world.case.path(&format!("{place}/held.db"));
    let mut content = fs::read(&path).expect("a database");
    content[5 * 4096..6 * 4096].fill(0xa5);
    fs::write(path, content).expect("a damaged database");
}

fn cut_database(world: &World, place: &str, people: &[&Person]) {
    contacts_of_many_pages(world, place, people);
    let path = world.case.path(&format!("{place}/held.db"));
    let content = fs::read(&path).expect("a database");
    fs::write(path, &content[..content.len() / 2]).expect("a cut database");
}

fn contacts_of_many_pages(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "contacts", "");
        insert(database, "contacts", people);
        database.execute_batch("CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT)").expect("a table");
        for number in 0..60 {
            database.execute("INSERT INTO log VALUES (?, ?)", (number, "words ".repeat(200))).expect("a row");
        }
    });
}

fn bytes(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    world.case.write(&format!("{place}/held.bin"), [1, 2, 3, 0, 255, 7, 0, 0]);
}

fn binary_cells(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "contacts", "");
        insert(database, "contacts", people);
        database.execute("UPDATE contacts SET last_name = x'00ff01' WHERE id = ?", [people[3].id.to_string()]).expect("a blob");
    });
}

fn notes_with_emails(world: &World, place: &str, people: &[&Person]) {
    let header = "id,name,postcode,dob,notes";
    text(
        world,
        place,
        table(header, people, |cells| {
            let note = if cells[0].ends_with('7') {
                format!("wrote from {} again", cells[5])
            } else {
                "called, and was glad".to_owned()
            };
            format!("{},{} {},{},{},{note}", cells[0], cells[1], cells[2], cells[4], cells[7])
        }),
    );
}

/// The addresses are the recipient's own; whatever else stands in the cells is looked for by nobody.
fn cells_of_many_values(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        database.execute_batch("CREATE TABLE audit (id INTEGER PRIMARY KEY, payload TEXT)").expect("a table");
        for (person, kept) in people.iter().zip(&world.supplied) {
            let (name, postcode, phone) = (kept.full_name(), &kept.postcode, &kept.phone);
            let payload = format!(
                "{{\"by\": \"{}\", \"name\": \"{name}\", \"postcode\": \"{postcode}\", \"phone\": \"{phone}\"}}",
                person.email
            );
            database.execute("INSERT INTO audit VALUES (?, ?)", (person.id.to_string(), payload)).expect("a row");
        }
    });
}

fn notes(world: &World, place: &str, people: &[&Person]) {
    let note = |cells: &[String; 9]| {
        format!("{},\"spoke to Mrs {} {}, {}, {}; born {}\"", cells[0], cells[1], cells[2], cells[3], cells[4], cells[7])
    };
    text(world, place, table("number,note", people, note));
}

fn log_lines(world: &World, place: &str, people: &[&Person]) {
    let line = |cells: &[String; 9]| {
        format!("level=info id={} user {} {} postcode {} born {} is saved", cells[0], cells[1], cells[2], cells[4], cells[7])
    };
    world.case.write(&format!("{place}/held.log"), table("log of changes", people, line));
}

/// An ordinary table in which one row has this note beside it.
fn long_note(world: &World, place: &str, people: &[&Person], note: &str) {
    let row = |cells: &[String; 9]| {
        let note = if cells[0] == people[0].id.to_string() { note } else { "called" };
        format!("{},{},{},{},{},{note}", cells[0], cells[1], cells[2], cells[4], cells[7])
    };
    text(world, place, table("number,first_name,last_name,postcode,dob,note", people, row));
}

fn emails_in_halves(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("username,domain,quota", people, |cells| format!("{},1000", cells[5].replace('@', ","))));
}

fn emails_spelt_out(world: &World, place: &str, people: &[&Person]) {
    let spelt = |cells: &[String; 9]| cells[5].replace('@', " at ").replace('.', " dot ");
    text(world, place, table("number,note", people, |cells| format!("{},it is {} he said", cells[0], spelt(cells))));
}

/// A table of the recipient's own people. What is left of a supplied one stands in one cell of the first row, as `guest` writes it, and `row` makes each row.
fn beside(
    world: &World,
    place: &str,
    people: &[&Person],
    header: &str,
    guest: impl Fn(&[String; 9]) -> String,
    row: impl Fn(&[String; 9], Option<&str>) -> String,
) {
    let (own, kept) = people.split_at(world.own.len());
    let guest = kept.first().map(|person| guest(&person.cells()));
    let first = own[0].id.to_string();
    text(world, place, table(header, own, |cells| row(cells, guest.as_deref().filter(|_| cells[0] == first))));
}

fn beside_in_note(world: &World, place: &str, people: &[&Person]) {
    let guest = |cells: &[String; 9]| format!("\"parcel for {} {}, {}\"", cells[1], cells[2], cells[3]);
    beside(world, place, people, "first_name,last_name,postcode,dob,notes", guest, |cells, guest| {
        [&cells[1], &cells[2], &cells[4], &cells[7], guest.unwrap_or("rang 3 times")].join(",")
    });
}

fn beside_in_address(world: &World, place: &str, people: &[&Person]) {
    let guest = |cells: &[String; 9]| format!("\"{} {}, {}\"", cells[1], cells[2], cells[3]);
    beside(world, place, people, "first_name,last_name,address,postcode,dob", guest, |cells, guest| {
        [&cells[1], &cells[2], guest.unwrap_or(&cells[3]), &cells[4], &cells[7]].join(",")
    });
}

fn beside_in_town(world: &World, place: &str, people: &[&Person]) {
    let guest = |cells: &[String; 9]| format!("{} {} {}", cells[1], cells[2], cells[4]);
    beside(world, place, people, "first_name,last_name,town,dob", guest, |cells, guest| {
        [&cells[1], &cells[2], guest.unwrap_or("Leeds"), &cells[7]].join(",")
    });
}

/// So many different words behind a day.
fn words(number: usize) -> String {
    let letter = |digit: usize| char::from(b'a' + u8::try_from(digit % 26).unwrap_or(0));
    let word = |number: usize| format!("{}{}{}", letter(number), letter(number / 26), letter(number / 676)).repeat(2);
    std::iter::once("1980-02-03".to_owned()).chain((0..number).map(word)).collect::<Vec<String>>().join(" ")
}

fn days(number: usize) -> String {
    (1..=number).map(|year| format!("19{year:02}-01-02")).collect::<Vec<String>>().join(" ")
}

/// One person's values, each in a row of its own, among so many other rows that a person without a key is let pass.
fn attributes(world: &World, place: &str, people: &[&Person]) {
    let cells = people[0].cells();
    let mut rows: Vec<String> = (0..300).map(|number| format!("{number},colour,red")).collect();
    for (name, value) in [("billing_name", people[0].full_name()), ("billing_postcode", cells[4].clone())] {
        rows.push(format!("301,{name},{value}"));
    }
    text(world, place, "user_id,meta_key,meta_value\n".to_owned() + &rows.join("\n") + "\n");
}

fn names_alone(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("number,first_name,last_name", people, |cells| format!("{},{},{}", cells[0], cells[1], cells[2])));
}

fn names_and_numbers(world: &World, place: &str, people: &[&Person]) {
    let all: Vec<&Person> = people.iter().copied().chain(&world.supplied).collect();
    text(world, place, table("id,first_name,last_name", &all, |cells| format!("{},{},{}", cells[0], cells[1], cells[2])));
}

fn no_dates(world: &World, place: &str, people: &[&Person]) {
    text(world, place, table("name,dob", people, |cells| format!("{} {},31/02/198x", cells[1], cells[2])));
}

fn duplicate_columns(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ',').replacen("last_name", "first_name", 1));
}

fn open_quote(world: &World, place: &str, people: &[&Person]) {
    text(
        world,
        place,
        csv(people, ',') + "7000,\"Unclosed,Nuss,1 High Street,N1 1AA,x@example.org,07700900999,03/04/1980,2014-02-03\n",
    );
}

fn above_plan(world: &World, place: &str, people: &[&Person]) {
    let rows = csv(people, ',');
    let rows = rows.split_once('\n').expect("a header").1;
    text(world, place, csv(&[], ',') + &rows.repeat(601 / people.len() + 1));
}

fn virtual_table(world: &World, place: &str, people: &[&Person]) {
    database(world, place, |database| {
        create(database, "contacts", "");
        insert(database, "contacts", people);
        let made = "CREATE TABLE t (x); PRAGMA writable_schema = on; INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) \
                    VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING nosuchmodule(a, b)')";
        database.execute_batch(made).expect("a virtual table of an unknown module");
    });
}

#[cfg(unix)]
fn dangling_link(world: &World, place: &str, people: &[&Person]) {
    text(world, place, csv(people, ','));
    std::os::unix::fs::symlink("nowhere.csv", world.case.path(&format!("{place}/link.csv"))).expect("a link");
}

#[cfg(not(unix))]
fn dangling_link(world: &World, place: &str, _: &[&Person]) {
    world.case.write(&format!("{place}/empty.csv"), "");
}

/// A file that may not be read. Root may read everything, so there the folder's own kind has to do.
#[cfg(unix)]
#[test]
fn an_unreadable_file() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::asked();
    world.keep(&[]);
    world.case.write("exports/secret.csv", "name,email\n");
    fs::set_permissions(world.case.path("exports/secret.csv"), fs::Permissions::from_mode(0o000))
        .expect("a file that nobody may read");
    if fs::read(world.case.path("exports/secret.csv")).is_ok() {
        skip("this user may read every file, so that none is unreadable");
        return;
    }
    ends(&scan(&world, &["exports"], &[]), 10, &["gap", "gap:unreadable"]);
}

#[cfg(unix)]
#[test]
fn what_is_neither_file_nor_folder() {
    let world = World::asked();
    world.keep(&[]);
    let _socket = std::os::unix::net::UnixListener::bind(world.case.path("exports/socket")).expect("a socket");
    ends(&scan(&world, &["exports"], &[]), 10, &["gap", "gap:not_regular"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_leads_back_to_itself() {
    let world = World::asked();
    world.keep(&[]);
    std::os::unix::fs::symlink(world.case.path("exports"), world.case.path("exports/again")).expect("a link");
    std::os::unix::fs::symlink("self", world.case.path("exports/self")).expect("a link");
    ends(&scan(&world, &["exports"], &[]), 10, &["gap", "gap:symlink_loop"]);
}

#[test]
fn what_was_left_out_and_is_not_accepted() {
    let world = World::asked();
    world.keep(&[&world.supplied[3]]);
    world.case.write("exclude.toml", "[[exclude]]\nmatch = \"crm.db#contacts\"\nreason = \"we are sure\"\n");
    ends(&scan(&world, &["crm.db"], &["--map", "exclude.toml"]), 10, &["exclusion_not_accepted", "nothing_read"]);
    world.case.write("exports/mailing.csv", csv(&world.own.iter().collect::<Vec<_>>(), ','));
    ends(&scan(&world, &["crm.db", "exports"], &["--map", "exclude.toml"]), 10, &["exclusion_not_accepted"]);

    // Columns too: with all of them left out nothing is found, and nothing is clear.
    let rules = |rule: &str| COLUMNS.iter().fold(String::new(), |text, column| text + column + " = { " + rule + " }\n");
    let ignored = rules("kind = \"ignored\", reason = \"not needed\"");
    world.case.write("ignore.toml", format!("[[target]]\nmatch = \"crm.db#contacts\"\n[target.columns]\n{ignored}"));
    ends(&scan(&world, &["crm.db", "exports"], &["--map", "ignore.toml"]), 10, &["exclusion_not_accepted"]);
    // Calling everything text is no way around: each column is an exclusion, and e-mail addresses are looked for all the same.
    let prose = rules("kind = \"text\"");
    world.case.write("prose.toml", format!("[[target]]\nmatch = \"crm.db#contacts\"\n[target.columns]\n{prose}"));
    ends(&scan(&world, &["crm.db", "exports"], &["--map", "prose.toml"]), 11, &["person_found", "exclusion_not_accepted"]);
}

#[test]
fn what_is_declared_and_not_accepted() {
    let world = World::asked();
    let declare = |name: &str, text: &str| {
        world.case.write(name, text);
        scan(&world, &["crm.db", "exports"], &["--declare", name])
    };
    let source = "[[lawful_source]]\nname = \"own\"\ntarget = \"crm.db#contacts\"\nsource = \"our shop\"\n";
    // Supplied records in a place that is said to be lawful: what only the supply had is in no register.
    ends(&declare("1.toml", source), 11, &["supply_record_found", "declaration_not_accepted"]);
    let both = format!("{source}[[lawful_source]]\nname = \"mail\"\ntarget = \"exports/mailing.csv\"\nsource = \"our shop\"\n");
    ends(&declare("2.toml", &both), 11, &["supply_record_found", "declaration_not_accepted"]);
    // A rule for rows that none has, or for a column that is not there, covers nothing.
    for rule in ["{ column = \"postcode\", equals = \"\" }", "{ column = \"nowhere\", equals = \"\" }"] {
        ends(&declare("3.toml", &format!("{source}rows = {rule}\n")), 11, &["supply_record_found"]);
    }
    world.keep(&[]);
    let system = "[[not_scanned]]\nsystem = \"tape archive\"\nreason = \"offline\"\n";
    ends(&declare("4.toml", system), 10, &["not_scanned_not_accepted"]);
    let onward = "[[onward]]\nrecipient = \"a printer\"\nreason = \"prints the letters\"\n";
    ends(&declare("5.toml", onward), 10, &["not_scanned_not_accepted"]);
    let backup = "[[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-06-30\"\nroll_off = \"2017-12-31\"\nrotation = \"monthly\"\n\
                  beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n";
    ends(&declare("6.toml", backup), 10, &["not_scanned_not_accepted"]);
    // What is not declared lifts nothing: the same scan without a declaration is clear.
    ends(&scan(&world, &["crm.db", "exports"], &[]), 0, &[]);
    // What the challenge accepts word for word is, in other words, not accepted.
    world.case.write("accepted.toml", system);
    world.ask("deletion", "accepting.challenge.json", &["--accept", "accepted.toml"]).exits_with(0);
    let accepted = |text: &str| {
        world.case.write("said.toml", text);
        world.scan(
            "deletion",
            "accepting.challenge.json",
            &["crm.db", "exports"],
            &["--declare", "said.toml", "--format", "json"],
        )
    };
    ends(&accepted(system), 0, &[]);
    ends(&accepted(&system.replace("offline", "off-line")), 10, &["not_scanned_not_accepted"]);
}

#[test]
fn a_key_that_is_required_and_cannot_be_formed() {
    let world = World::with_baseline();
    world.ask("deletion", "asked.json", &["--require-key", "child_postcode_dob"]).exits_with(0);
    world.case.write("exports/mailing.csv", "email\nsomebody@example.org\n");
    let scan = world.scan("deletion", "asked.json", &["exports"], &["--format", "json"]);
    ends(&scan, 10, &["required_key_missing"]);
}

#[test]
fn a_scan_of_the_wrong_place() {
    let world = World::asked();
    // The data stay where the baseline found them, and something else is scanned.
    world.case.write("elsewhere/mailing.csv", csv(&world.own.iter().collect::<Vec<_>>(), ','));
    world.scan("deletion", "deletion.challenge.json", &["elsewhere"], &["--out", "elsewhere.json"]).exits_with(0);
    let verified = world.verify("elsewhere.json");
    verified
        .exits_with(10)
        .prints("`crm.db#contacts` of the baseline is gone")
        .prints("`exports/mailing.csv` of the baseline is gone");

    // One of the two, and the other not declared.
    world.ask("deletion", "2.challenge.json", &[]).exits_with(0);
    world.keep(&[]);
    world.scan("deletion", "2.challenge.json", &["crm.db"], &["--out", "half.json"]).exits_with(0);
    world.verify("half.json").exits_with(10).prints("`exports/mailing.csv` of the baseline is gone, and nobody declares why");

    // Declared, but not accepted by the challenge.
    world.ask("deletion", "3.challenge.json", &[]).exits_with(0);
    world.case.write("removed.toml", "[[removed]]\ntarget = \"exports/mailing.csv\"\nreason = \"deleted\"\n");
    world.scan("deletion", "3.challenge.json", &["crm.db"], &["--out", "said.json", "--declare", "removed.toml"]).exits_with(0);
    world.verify("said.json").exits_with(10).prints("declared removed, which the challenge does not accept");

    // Declared and accepted.
    world.ask("deletion", "4.challenge.json", &["--accept", "removed.toml"]).exits_with(0);
    world.scan("deletion", "4.challenge.json", &["crm.db"], &["--out", "agreed.json", "--declare", "removed.toml"]).exits_with(0);
    world.verify("agreed.json").exits_with(0);

    // Another database under the same name, with other columns.
    world.ask("deletion", "5.challenge.json", &["--accept", "removed.toml"]).exits_with(0);
    fs::remove_file(world.case.path("crm.db")).expect("no database");
    world.database("crm.db", |database| {
        database
            .execute_batch(
                "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO contacts VALUES (1, 'a@example.org')",
            )
            .expect("a table");
    });
    world.scan("deletion", "5.challenge.json", &["crm.db"], &["--out", "other.json", "--declare", "removed.toml"]).exits_with(0);
    world.verify("other.json").exits_with(10).prints("crm.db#contacts");
}

#[test]
fn without_a_baseline() {
    let world = World::supplied();
    world.keep(&[]);
    let refused = world.ask("deletion", "asked.json", &[]);
    refused.exits_with(1).warns("no baseline of this supply has been accepted").warns("--without-baseline");

    // A baseline that found too little is none.
    world.run(crate::cli::world::SUPPLIED, &world.asking("baseline", "b.challenge.json", &[])).exits_with(0);
    let scanning = world.scanning("baseline", "b.challenge.json", &["crm.db", "exports"], &["--out", "b.json"]);
    world.run(crate::cli::world::SUPPLIED, &scanning).exits_with(10);
    world.run(crate::cli::world::SUPPLIED, &["verify", "b.json"]).exits_with(10);
    world.ask("deletion", "asked.json", &[]).exits_with(1);

    // The originator may do without, and then says so.
    world.ask("deletion", "asked.json", &["--without-baseline"]).exits_with(0);
    world.scan("deletion", "asked.json", &["crm.db", "exports"], &["--out", "d.json"]).exits_with(0);
    world.verify("d.json").exits_with(0).prints("issued without a baseline");
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let world = World::asked();
    // Rows without a key, so that the plan is not exceeded; enough of them that the reading takes a while.
    let path = world.case.path("exports/long.csv");
    let row = format!("{}\n", ",".repeat(8));
    fs::write(&path, csv(&[], ',') + &row.repeat(1_000_000)).expect("a long file");
    let words = world.scanning("deletion", "deletion.challenge.json", &["exports/long.csv"], &["--format", "json"]);
    let scan = world.command(crate::cli::world::AFTER, &words).run_while(|id| {
        // The program has the file open once it stands among its open files.
        let folder = format!("/proc/{id}/fd");
        let is_open = || {
            let files = fs::read_dir(&folder).into_iter().flatten().flatten();
            files.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file == path)
        };
        while cfg!(target_os = "linux") && fs::metadata(&folder).is_ok() && !is_open() {
            std::thread::yield_now();
        }
        let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the long file");
        std::io::Write::write_all(&mut file, row.as_bytes()).expect("a longer file");
    });
    if cfg!(target_os = "linux") {
        ends(&scan, 10, &["gap:changed_while_read"]);
    }
}
