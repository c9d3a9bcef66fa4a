//! Seeds of a file of invented people: like the rows around them, nobody's copy, and unique.

use super::*;
use crate::intake::Mapping;
use crate::intake::infer::infer;
use crate::intake::profile::Profiles;
use crate::match_key;
use crate::source::Locator;
use crate::source::Options;
use crate::source::discover;
use crate::supply;
use crate::support::progress::Silent;
use proptest::prelude::*;
use std::path::Path;

const COLUMNS: [&str; 13] = [
    "customer_no",
    "title",
    "first_name",
    "last_name",
    "house",
    "address",
    "town",
    "postcode",
    "email",
    "phone",
    "dob",
    "source",
    "notes",
];

const GIVEN: [&str; 8] = ["Ann", "Bea", "Cleo", "Dora", "Eve", "Fay", "Gwen", "Hope"];
const FAMILY: [&str; 9] = ["Abbott", "Bryce", "Cobb", "Dunn", "Ewing", "Foster", "Garth", "Holt", "Irvine"];
const STREETS: [&str; 7] = ["Maple Road", "High Street", "Elm Grove", "Mill Lane", "Park Row", "Oak Way", "Ash Close"];

/// Six hundred people, now and then one with a name of her own.
fn people() -> Vec<Vec<String>> {
    let row = |number: usize| {
        let (given, family) = (GIVEN[number % 8], FAMILY[(number / 8 + number) % 9]);
        let own = number % 50 == 7;
        vec![
            format!("C-{:05}", 10_000 + number * 7_919 % 80_000),
            if number.is_multiple_of(3) { "Ms" } else { "Mrs" }.to_owned(),
            if own { format!("Zelda{number}") } else { given.to_owned() },
            if own { format!("Quirke{number}") } else { family.to_owned() },
            if own { format!("Rose Cottage {}", ["A", "B"][number % 2]) } else { String::new() },
            format!("{} {}", 1 + number * 13 % 90, STREETS[number % 7]),
            ["Hove", "Lewes", "Ryde"][number % 3].to_owned(),
            format!("BN{} {}A{}", 1 + number % 20, number % 10, char::from(b"BDEFGHJLNP"[number / 20 % 10])),
            format!("{}{number}@mail.example", given.to_lowercase()),
            format!("07911 {:06}", number * 8_317 % 999_983),
            format!("{:02}/{:02}/{}", 1 + number % 28, 1 + number / 28 % 12, 1970 + number % 25),
            ["web", "fair"][number % 2].to_owned(),
            format!("met {given} at the fair on day {number}"),
        ]
    };
    (0..600).map(row).collect()
}

fn mapping(rows: &[Vec<String>]) -> Mapping {
    let mut batch = RowBatch::default();
    for row in rows {
        for cell in row {
            batch.push_cell(Some(cell.as_bytes()));
        }
        batch.end_row(Locator::None);
    }
    let mut profiles = Profiles::new(COLUMNS.len());
    profiles.see(&batch, u64::MAX);
    let mut mapping = infer(COLUMNS, &profiles);
    super::super::decide_orders(&mut mapping, &profiles).expect("dates of one order");
    mapping
}

fn invent(rows: &[Vec<String>], secret: u8, count: u64, given: &[Option<String>]) -> Vec<Invented> {
    let mapping = mapping(rows);
    let pool = Pool::of_rows(rows.to_vec(), &mapping);
    let random = Random::new(&Secret::new([secret; 32]));
    let mut inventor = Inventor { mapping: &mapping, pool: &pool, random, wanted: count };
    (0..count).map(|number| inventor.invent(number * 500 / count, given).expect("a seed")).collect()
}

fn column(name: &str) -> usize {
    COLUMNS.iter().position(|column| *column == name).expect("a column")
}

#[test]
fn seeds_look_like_the_rows_and_copy_nobody() {
    let rows = people();
    for seed in invent(&rows, 1, 60, &[]) {
        let cell = |name: &str| seed.cells[column(name)].as_str();
        let is_in_data = |name: &str| rows.iter().any(|row| row[column(name)] == cell(name));
        assert!(GIVEN.contains(&cell("first_name")) && FAMILY.contains(&cell("last_name")));
        assert!(matches!(cell("title"), "Ms" | "Mrs") && matches!(cell("source"), "web" | "fair"));
        // What is somebody's own is not copied: numbers are made anew, prose and the names of houses are left out.
        for name in ["email", "phone"] {
            assert!(!is_in_data(name), "{name}");
        }
        assert!(cell("customer_no").starts_with("C-") && cell("customer_no").len() == 7);
        assert_eq!((cell("notes"), cell("house")), ("", ""));
        assert!(cell("phone").starts_with("07700 900") && cell("phone").len() == 12);
        let (local, host) = cell("email").split_once('@').expect("an address");
        assert!(HOSTS.contains(&host) && local.contains(&cell("last_name").to_lowercase()));
        // Street, town and postcode of one row, behind another number.
        let street = cell("address").trim_start_matches(|character: char| character.is_ascii_digit());
        let is_source = |row: &&Vec<String>| {
            row[column("address")].ends_with(street)
                && row[column("postcode")] == cell("postcode")
                && row[column("town")] == cell("town")
        };
        assert!(rows.iter().any(|row| is_source(&row)), "{}", cell("address"));
        let days: Vec<&str> = cell("dob").split('/').collect();
        assert!(days.len() == 3 && days[2].len() == 4 && cell("dob").len() == 10, "{}", cell("dob"));
        assert_eq!(seed.stand_ins.iter().map(|(column, _)| *column).collect::<Vec<_>>(), [column("phone")]);
    }
}

const HOSTS: [&str; 3] = ["example.com", "example.org", "example.net"];

#[test]
fn what_is_given_takes_its_place() {
    let rows = people();
    let mut given = vec![None; COLUMNS.len()];
    given[column("first_name")] = Some("Robin".to_owned());
    given[column("phone")] = Some("0161 4960111".to_owned());
    given[column("postcode")] = Some("M1 1AE".to_owned());
    for seed in invent(&rows, 2, 5, &given) {
        let cell = |name: &str| seed.cells[column(name)].as_str();
        assert_eq!((cell("first_name"), cell("phone"), cell("postcode")), ("Robin", "0161 4960111", "M1 1AE"));
        // The rest of an address that is given is nobody's.
        assert_eq!((cell("address"), cell("town")), ("", ""));
        assert!(cell("email").starts_with("robin") && seed.stand_ins.is_empty());
    }
}

#[test]
fn numbers_that_count_on_go_on() {
    let mut rows = people();
    for (number, row) in rows.iter_mut().enumerate() {
        row[0] = format!("C-{:05}", number + 1);
    }
    for seed in invent(&rows, 3, 20, &[]) {
        let number: u32 = seed.cells[0].strip_prefix("C-").and_then(|digits| digits.parse().ok()).expect("a number");
        assert!((601..=700).contains(&number) && seed.cells[0].len() == 7, "{number}");
    }
}

#[test]
fn where_many_have_no_telephone_seeds_have_none() {
    let mut rows = people();
    rows.iter_mut().step_by(10).for_each(|row| row[column("phone")].clear());
    assert!(invent(&rows, 4, 9, &[]).iter().all(|seed| seed.cells[column("phone")].is_empty() && seed.stand_ins.is_empty()));
}

#[test]
fn people_who_are_all_alone_make_no_seeds() {
    let mut rows = people();
    for (number, row) in rows.iter_mut().enumerate() {
        row[column("last_name")] = format!("Quirke{}", ["a", "b", "c"][number % 3].repeat(1 + number / 3));
    }
    let mapping = mapping(&rows);
    let pool = Pool::of_rows(rows, &mapping);
    let random = Random::new(&Secret::new([5; 32]));
    let made = Inventor { mapping: &mapping, pool: &pool, random, wanted: 1 }.invent(0, &[]);
    assert!(matches!(made, Err(SeedError::TooAlike("family names"))));
}

#[test]
fn room_is_one_in_a_hundred() {
    assert!(
        check_room(99, 1).is_err() && check_room(100, 1).is_ok() && check_room(199, 2).is_err() && check_room(1_000, 10).is_ok()
    );
    assert!(check_room(10_000_000, MOST_SEEDS).is_ok() && check_room(10_000_000, MOST_SEEDS + 1).is_err());
}

#[test]
fn cells_are_quoted_where_a_reader_might_err() {
    let quoted = |cell: &str, is_alone: bool| {
        let mut line = Vec::new();
        push_cell(&mut line, cell, is_alone);
        String::from_utf8(line).expect("UTF-8")
    };
    assert_eq!(quoted("plain", false), "plain");
    assert_eq!(quoted("", false), "");
    assert_eq!(quoted("", true), "\"\"");
    assert_eq!(quoted("a,\"b\"\r\n", false), "\"a,\"\"b\"\"\r\n\"");
    assert_eq!(quoted("#1", false), "\"#1\"");
    assert_eq!(quoted(" x", false), "\" x\"");
}

#[test]
fn places_are_anywhere() {
    let mut random = Random::new(&Secret::new([6; 32]));
    let mut quarters = [0; 4];
    for _ in 0..4_000 {
        quarters[usize::try_from(random.below(1_000) / 250).expect("a quarter")] += 1;
    }
    assert!(quarters.iter().all(|count| (900..1_100).contains(count)), "{quarters:?}");
    assert_eq!((random.below(0), random.below(1)), (0, 0));
}

fn open(path: &Path) -> Box<dyn Session> {
    let path = path.to_str().expect("UTF-8").to_owned();
    let found = discover(&[path], &Options::default(), &mut io::empty(), &Silent, &Cancel::default()).expect("a source");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    found.sessions.into_iter().next().expect("a session")
}

fn write_people(path: &Path) {
    let mut out = Vec::new();
    for row in std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(people()) {
        for (number, cell) in row.iter().enumerate() {
            out.extend_from_slice(if number > 0 { b"," } else { b"" });
            push_cell(&mut out, cell, false);
        }
        out.push(b'\n');
    }
    std::fs::write(path, out).expect("a file");
}

/// Fingerprints data with seeds, of which `which` makes what the pipeline is told.
fn supplied_with(which: impl Fn(&mut Vec<Seed>)) -> Result<supply::Supplied, SupplyError> {
    let folder = tempfile::tempdir().expect("a folder");
    let [original, written] = ["people.csv", "data.csv"].map(|name| folder.path().join(name));
    write_people(&original);
    let (progress, cancel, secret) = (&Silent, &Cancel::default(), &Secret::new([9; 32]));
    let session = open(&original);
    let draft = supply::draft(session.as_ref(), 0, None, progress, cancel)?;
    let order = Order { session: session.as_ref(), object: 0, draft: &draft, wanted: 6, contacts: None, secret };
    let mut out = Vec::new();
    let mut seeds = mix_in(&order, &mut out, progress, cancel)?;
    std::fs::write(&written, out).expect("a file");
    let session = open(&written);
    let draft = supply::draft_again(session.as_ref(), 0, &draft, &seeds, progress, cancel)?;
    assert_eq!(draft.records(), 606);
    which(&mut seeds);
    let planned = supply::plan(session.as_ref(), &draft, None, &supply::Wanted::default(), 6_060, progress, cancel)?;
    let job = supply::Job {
        session: session.as_ref(),
        draft: &draft,
        keys: planned.keys,
        model: planned.model,
        supply_id: "00",
        expected_rows: 6_060,
        spill_folder: folder.path(),
        seeds: &seeds,
    };
    let mut outs = [Vec::new(), Vec::new()];
    let targets = (1..).zip(&mut outs).map(|(number, out)| supply::Target {
        id: [number; 16],
        salt: Secret::new([number; 32]),
        shuffle: Secret::new([number + 2; 32]),
        controls: None,
        out,
    });
    supply::run(&job, targets.collect(), progress, cancel)
}

#[test]
fn what_is_fingerprinted_is_held_against_the_seeds_once_more() {
    let supplied = supplied_with(|_| {}).expect("a supply");
    assert_eq!(supplied.seeds.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6]);
    assert_ne!(supplied.seeds[0], supplied.seeds[1]);
    // A row is not told to be a seed, so that it is somebody who shares all keys with one; its ordinal does not matter.
    let refused = supplied_with(|seeds| seeds[2].row = if seeds[2].row == 0 { 1 } else { seeds[2].row - 1 });
    assert!(matches!(refused, Err(SupplyError::Seed(SeedError::SharesKey(_)))));
}

#[test]
fn what_reads_otherwise_than_it_was_written_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.csv");
    write_people(&path);
    let session = open(&path);
    let draft = supply::draft(session.as_ref(), 0, None, &Silent, &Cancel::default()).expect("a draft");
    let again = supply::draft_again(session.as_ref(), 0, &draft, &[], &Silent, &Cancel::default()).expect("the same");
    assert_eq!(again.mapping, draft.mapping);
    let seed = Seed { row: 0, cells: Vec::new(), stand_ins: Vec::new() };
    let refused = supply::draft_again(session.as_ref(), 0, &draft, &[seed], &Silent, &Cancel::default());
    assert!(matches!(refused, Err(SupplyError::Seed(SeedError::ReadsOtherwise))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// A copy of a record meets it by every key; a seed that is compared meets none, or is found to.
    #[test]
    fn what_is_shared_is_seen(secret: u8, victim in 0_usize..600) {
        let rows = people();
        let mapping = mapping(&rows);
        let secret_key = Secret::new([secret; 32]);
        let keys = match_key::fixed(|_| true);
        let comparison = Comparison::new(&mapping, keys, vec![column("customer_no")], &secret_key);
        let mut taken = HashSet::new();
        for row in &rows {
            comparison.prints(row, &[], false).add_to(&mut taken);
        }
        for seed in invent(&rows, secret, 4, &[]) {
            let mut prints = comparison.prints(&seed.cells, &seed.stand_ins, false);
            prop_assert!(prints.has_key);
            let is_equal = |name: &str, row: &Vec<String>| row[column(name)] == seed.cells[column(name)];
            let shares = rows.iter().any(|row| {
                is_equal("customer_no", row)
                    || is_equal("address", row) && is_equal("postcode", row)
                    || is_equal("first_name", row) && is_equal("last_name", row) && (is_equal("dob", row) || is_equal("postcode", row))
            });
            prop_assert!(!shares || prints.meet(&taken));
            // With one value of a real person it is somebody.
            for name in ["customer_no", "email", "phone"] {
                let mut cells = seed.cells.clone();
                cells[column(name)].clone_from(&rows[victim][column(name)]);
                prints = comparison.prints(&cells, &seed.stand_ins, true);
                prop_assert!(prints.meet(&taken), "{}", name);
            }
        }
    }
}
