//! Seeds: invented people among the records. They look like everybody else, are told to nobody, and one that is found is decisive.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use serde_json::Value;
use std::fs;

const COLUMNS: [&str; 11] =
    ["customer_no", "title", "first_name", "last_name", "address", "town", "postcode", "email", "phone", "mother_dob", "remark"];

const GIVEN: [&str; 8] = ["Annika", "Beatrix", "Cleo", "Dorothea", "Evelyn", "Fay", "Gwendolyn", "Hope"];
const FAMILY: [&str; 9] = ["Abbott", "Bryce", "Cobb", "Dunn", "Ewing", "Foster", "Garth", "Holt", "Irvine"];
const STREETS: [&str; 7] = ["Maple Road", "High Street", "Elm Grove", "Mill Lane", "Park Row", "Oak Way", "Ash Close"];
const AREAS: [&str; 6] = ["BN", "PO", "TN", "RH", "GU", "SO"];

const RECORDS: usize = 600;
const SEEDS: usize = 6;

/// An invented person; `of` tells the supplied from the recipient's own.
fn person(number: usize, of: usize) -> Vec<String> {
    let given = GIVEN[(number + of) % 8];
    let family = FAMILY[(number / 8 + number) % 9];
    let letter = |number: usize| char::from(b"ABDEFGHJLNPQRSTUWXYZ"[number % 20]);
    vec![
        format!("C{}", 100_000 + (number * 7_919 + of * 13) % 899_983),
        ["Mrs", "Ms"][number % 2].to_owned(),
        given.to_owned(),
        family.to_owned(),
        format!("{} {}", 1 + (number * 13 + of) % 90, STREETS[number % 7]),
        ["Hove", "Lewes", "Ryde"][number % 3].to_owned(),
        format!(
            "{}{} {}{}{}",
            AREAS[(number + of) % 6],
            1 + number % 20,
            number % 10,
            letter(number / 9),
            letter(number * 7 + of)
        ),
        format!("{}{}@mail.example", given.to_lowercase(), number + of * 10_000),
        format!("07{:09}", (7 + number * 91_831 + of * 5_003) % 999_999_937),
        format!("{:02}/{:02}/{}", 1 + (number + of) % 28, 1 + number / 28 % 12, 1962 + (number * 5 + of) % 31),
        ["by post", "", "at a fair, \"twice\"; or more", "line\nbreak"][number % 4].to_owned(),
    ]
}

fn csv(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("a header");
    for row in rows {
        writer.write_record(row).expect("a row");
    }
    String::from_utf8(writer.into_inner().expect("bytes")).expect("UTF-8")
}

/// The rows of a file, without its header.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn supplied() -> Vec<Vec<String>> {
    (0..RECORDS).map(|number| person(number, 0)).collect()
}

/// A world whose supply has seeds; the recipient has loaded nothing yet.
pub(crate) fn seeded(extra: &[&str]) -> (World, Output) {
    let world = World::new();
    world.case.write("people.csv", csv(&supplied()));
    let output = world.run(SUPPLIED, &world.supplying("people.csv", "handover", &[&["--seeds", "6"], extra].concat()));
    output.exits_with(0).stderr_is("");
    (world, output)
}

/// What the ledger keeps of the seeds.
fn kept(world: &World) -> Value {
    let text = world.case.read(&format!("ledger/secrets/{}.seeds.json", world.supply_id()));
    serde_json::from_str(&text).expect("JSON")
}

/// The seeds' cells.
pub(crate) fn seeds(world: &World) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let kept = kept(world);
    let seeds = kept["seeds"].as_array().expect("seeds").iter();
    seeds.map(|seed| seed["cells"].as_array().expect("cells").iter().map(text).collect()).collect()
}

/// The recipient's table: a hundred people of its own, and these rows.
pub(crate) fn load(world: &World, rows: &[Vec<String>]) {
    world.database("crm.db", |database| {
        database
            .execute_batch(&format!("DROP TABLE IF EXISTS people; CREATE TABLE people ({})", COLUMNS.join(" TEXT, ")))
            .expect("a table");
        let own: Vec<Vec<String>> = (0..100).map(|number| person(number, 3)).collect();
        for row in own.iter().chain(rows) {
            let marks = vec!["?"; COLUMNS.len()].join(",");
            database.execute(&format!("INSERT INTO people VALUES ({marks})"), rusqlite::params_from_iter(row)).expect("a row");
        }
    });
}

/// The ordinals that a challenge asks for.
fn asked(world: &World, file: &str) -> Vec<u64> {
    let challenge = payload(&world.case.read(file));
    challenge["predicate"]["spotChecks"].as_array().expect("spot checks").iter().filter_map(Value::as_u64).collect()
}

fn ordinals(world: &World, manifest: &str) -> Vec<u64> {
    kept(world)["seeds"].as_array().expect("seeds").iter().filter_map(|seed| seed[manifest].as_u64()).collect()
}

#[test]
fn every_row_is_handed_over_as_it_was() {
    let (world, output) = seeded(&[]);
    output.prints("6 of the records are invented people").prints("handover/data.csv").prints("not `people.csv`");
    let written = rows(&world.case.read("handover/data.csv"));
    let (seeds, kept) = (seeds(&world), kept(&world));
    assert_eq!((written.len(), seeds.len()), (RECORDS + SEEDS, SEEDS));
    let places: Vec<u64> = kept["seeds"].as_array().expect("seeds").iter().filter_map(|seed| seed["row"].as_u64()).collect();
    let is_seed = |row: usize| places.contains(&(row as u64));
    let others: Vec<Vec<String>> =
        written.iter().enumerate().filter(|(row, _)| !is_seed(*row)).map(|(_, cells)| cells.clone()).collect();
    assert!(others == supplied(), "a row of the data is not what it was");
    for (place, seed) in places.iter().zip(&seeds) {
        assert_eq!(&written[usize::try_from(*place).expect("a row")], seed);
        // Nobody's number, and no line of words that somebody wrote.
        for column in [0, 7, 8] {
            assert!(others.iter().all(|row| row[column] != seed[column]), "{}", COLUMNS[column]);
        }
        assert!(GIVEN.contains(&seed[2].as_str()) && FAMILY.contains(&seed[3].as_str()));
    }
    // Nothing in what the recipient gets says that there are any.
    for name in ["baseline", "deletion"] {
        let statement = payload(&world.case.read(&format!("handover/{name}.residua.intoto.json")));
        assert!(!statement.to_string().to_lowercase().contains("seed"), "{statement:#}");
        let entries = statement["predicate"]["layout"]["sections"].as_array().expect("sections").iter();
        let entries: Vec<u64> = entries.filter_map(|section| section["entries"].as_u64()).collect();
        assert!(entries.iter().all(|entries| *entries > (RECORDS + SEEDS) as u64), "a key lacks the seeds: {entries:?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for name in ["handover/data.csv".to_owned(), format!("ledger/secrets/{}.seeds.json", world.supply_id())] {
            let mode = fs::metadata(world.case.path(&name)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn one_seed_that_is_left_is_decisive() {
    let (world, _) = seeded(&[]);
    let all = rows(&world.case.read("handover/data.csv"));
    let seeds = seeds(&world);
    load(&world, &all);
    let spots = ["--spot-checks", "12"];
    world.run(SUPPLIED, &world.asking("baseline", "b.json", &spots)).exits_with(0);
    world
        .run(SUPPLIED, &world.scanning("baseline", "b.json", &["crm.db"], &["--out", "b.att.json"]))
        .exits_with(0)
        .prints("present");
    world.run(SUPPLIED, &["verify", "b.att.json"]).exits_with(0).prints("Appraisal: present");

    // Of twelve records that are asked for, six are seeds.
    let table = "[[lawful_source]]\nname = \"own customers\"\ntarget = \"crm.db#people\"\nsource = \"our own shop\"\n";
    world.case.write("declared.toml", table);
    let accepting = [&spots[..], &["--accept", "declared.toml"]].concat();
    world.ask("deletion", "1.json", &accepting).exits_with(0);
    for (file, manifest) in [("b.json", "baseline"), ("1.json", "deletion")] {
        let (asked, seeds) = (asked(&world, file), ordinals(&world, manifest));
        assert_eq!(asked.len(), 12);
        assert!(seeds.iter().all(|seed| asked.contains(seed)), "{asked:?} {seeds:?}");
    }

    // All but one seed is deleted, and its table is declared to be lawful, which the challenge accepts.
    load(&world, &seeds[2..3]);
    let outputs = ["--declare", "declared.toml", "--out", "1.att.json"];
    let scan = world.scan("deletion", "1.json", &["crm.db"], &outputs);
    scan.exits_with(0).prints("clear");
    let verified = world.verify("1.att.json");
    verified.exits_with(11).prints("Appraisal: residual").prints("Known to your ledger alone");
    verified.prints("seed 3 of 6 was found: an invented person whom nobody but The recipient was given");
    let json = world.run(AFTER, &["verify", "1.att.json", "--format", "json"]).json();
    assert_eq!(json["attestations"][0]["appraisal"], "residual");
    assert!(json["attestations"][0]["appraisalReasons"].to_string().contains("seed 3 of 6"));
    world.run(AFTER, &["status"]).exits_with(13).prints("residual");

    // The next challenge asks for the same records, and without the seed the answer is clear.
    world.ask("recheck", "2.json", &accepting).exits_with(0);
    assert_eq!(asked(&world, "1.json"), asked(&world, "2.json"));
    load(&world, &[]);
    let outputs = ["--declare", "declared.toml", "--out", "2.att.json"];
    world.scan("deletion", "2.json", &["crm.db"], &outputs).exits_with(0).prints("clear");
    world.verify("2.att.json").exits_with(0).prints("Appraisal: clear");

    // No command has told who they are.
    world.run(AFTER, &["supplies", "show", &world.supply_id()]).exits_with(0).prints("seeds: 6");
    world.run(AFTER, &["inspect", "ledger"]);
    world.run(AFTER, &["inspect", "handover/data.csv"]).exits_with(0);
    for seed in &seeds {
        for column in [0, 4, 6, 7, 8, 9] {
            world.case.never_prints(&seed[column]);
        }
        // A database keeps what was deleted in it.
        let holding: Vec<String> = world.case.files_with(&seed[7]).into_iter().filter(|name| name != "crm.db").collect();
        assert_eq!(holding, ["handover/data.csv".to_owned(), format!("ledger/secrets/{}.seeds.json", world.supply_id())]);
    }
    let shown = world.run(AFTER, &["supplies", "show", &world.supply_id(), "--seeds"]);
    shown.exits_with(0).prints("Seed 3 of 6").prints("nobody but The recipient was given");
    let json = world.run(AFTER, &["supplies", "show", &world.supply_id(), "--seeds", "--format", "json"]).json();
    for (number, seed) in seeds.iter().enumerate() {
        shown.prints(&seed[7]);
        assert_eq!(json["supplies"][0]["seeds"][number]["cells"]["email"], seed[7]);
    }
}

#[test]
fn a_baseline_without_the_seeds_is_doubted() {
    let (world, _) = seeded(&[]);
    // The file that was to be handed over was not.
    load(&world, &supplied());
    world.run(SUPPLIED, &world.asking("baseline", "b.json", &[])).exits_with(0);
    world
        .run(SUPPLIED, &world.scanning("baseline", "b.json", &["crm.db"], &["--out", "b.att.json"]))
        .exits_with(0)
        .prints("present");
    let verified = world.run(SUPPLIED, &["verify", "b.att.json"]);
    verified.exits_with(10).prints("Appraisal: inconclusive").prints("0 of 6 seeds that the challenge asked for were found");
}

#[test]
fn what_is_given_for_seeds_is_theirs() {
    let world = World::new();
    world.case.write("people.csv", csv(&supplied()));
    let contact = |number: usize| format!("wren{number}@originator.example,020 7123 {:04}", 4_000 + number * 7);
    let contacts = (0..8).map(contact).collect::<Vec<_>>().join("\n");
    world.case.write("contacts.csv", format!("email,phone\n{contacts}\n"));
    let extra = ["--seeds", "6", "--seed-contacts", "contacts.csv", "--format", "json"];
    let output = world.run(SUPPLIED, &world.supplying("people.csv", "handover", &extra));
    output.exits_with(0).stderr_is("");
    let json = output.json();
    assert_eq!(
        (&json["seeds"], &json["data"], &json["records"]),
        (&Value::from(6), &Value::from("handover/data.csv"), &Value::from(606))
    );
    assert!(json["files"].as_array().expect("files").contains(&Value::from("handover/data.csv")));
    for (number, seed) in seeds(&world).iter().enumerate() {
        assert_eq!(format!("{},{}", seed[7], seed[8]), contact(number));
    }
}

#[test]
fn what_cannot_have_seeds_is_refused_and_leaves_nothing() {
    let world = World::new();
    world.case.write("people.csv", csv(&supplied()));
    world.case.write("few.csv", csv(&supplied()[..99]));
    let lonely: Vec<Vec<String>> = supplied()
        .into_iter()
        .enumerate()
        .map(|(number, mut row)| {
            row[3] = format!("Quirke{}", "abcdefghij".repeat(3)[..=(number % 29)].to_owned() + &"z".repeat(number / 29));
            row
        })
        .collect();
    world.case.write("lonely.csv", csv(&lonely));
    world.case.write("contacts/two.csv", "email\na1@originator.example\na2@originator.example\n");
    world.case.write("contacts/other.csv", "shoe,email\n9,a@originator.example\n");
    world.case.write("contacts/same.csv", format!("email\n{}", "a@originator.example\n".repeat(6)));
    world.case.write(
        "contacts/taken.csv",
        format!("email\n{}\n", supplied()[..6].iter().map(|row| row[7].clone()).collect::<Vec<_>>().join("\n")),
    );
    // So that the ledger is there before.
    world.run(SUPPLIED, &world.supplying("people.csv", "first", &[])).exits_with(0);
    let before = world.case.files();
    let refused = |data: &str, extra: &[&str], says: &str| {
        let output = world.run(SUPPLIED, &world.supplying(data, "refused", extra));
        output.exits_with(1).warns(says).warns("  help: ");
        assert_eq!(world.case.files(), before, "{says}");
        assert!(!world.case.path("refused").exists());
    };
    refused("people.csv", &["--seeds", "7"], "600 records, among which at most 6 seeds can be hidden");
    refused("few.csv", &["--seeds", "1"], "99 records, among which at most 0 seeds");
    refused("lonely.csv", &["--seeds", "1"], "too few common family names");
    let given = |file: &'static str| ["--seeds", "6", "--seed-contacts", file];
    refused("people.csv", &given("contacts/two.csv"), "there are 2 contacts for 6 seeds");
    refused("people.csv", &given("contacts/other.csv"), "the contacts have a column `shoe`");
    refused("people.csv", &given("contacts/same.csv"), "row 2 of the contacts");
    refused("people.csv", &given("contacts/taken.csv"), "row 1 of the contacts");
    refused("people.csv", &given("contacts/none.csv"), "contacts/none.csv");
    for wrong in [&["--seeds", "0"][..], &["--seeds", "1001"], &["--seed-contacts", "contacts/two.csv"]] {
        world.run(SUPPLIED, &world.supplying("people.csv", "refused", wrong)).exits_with(2);
    }
    // A file that stands there is not written over.
    world.case.write("there/data.csv", "mine");
    let words = world.supplying("people.csv", "there", &["--seeds", "6"]);
    world.run(SUPPLIED, &words).exits_with(1).warns("data.csv");
    assert_eq!(world.case.read("there/data.csv"), "mine");
    world.run(SUPPLIED, &[&words[..], &["--force".to_owned()]].concat()).exits_with(0);
    assert_eq!(rows(&world.case.read("there/data.csv")).len(), RECORDS + SEEDS);
}

#[cfg(unix)]
#[test]
fn an_interrupted_supply_leaves_nothing() {
    let world = World::new();
    let many: Vec<Vec<String>> = (0..150_000).map(|number| person(number, 0)).collect();
    world.case.write("people.csv", csv(&many));
    world.run(SUPPLIED, &["status"]);
    for delay in [100, 1_500] {
        let before = world.case.files();
        let words = world.supplying("people.csv", "handover", &["--seeds", "1000"]);
        let output = world.command(SUPPLIED, &words).run_while(|id| {
            while !world.case.path("handover").exists() {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            std::thread::sleep(std::time::Duration::from_millis(delay));
            let status = std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().expect("kill");
            assert!(status.success(), "the program ended before it could be interrupted");
        });
        output.exits_with(1).stderr_is("error: interrupted; nothing was written\n");
        let left: Vec<String> =
            world.case.files().into_iter().filter(|name| !before.contains(name) && !name.starts_with("ledger/")).collect();
        assert_eq!(left, Vec::<String>::new());
        assert!(!world.case.path("handover").exists());
    }
}

#[test]
fn who_was_handed_seeds_can_confirm_the_manifest() {
    let (world, _) = seeded(&[]);
    world.run(SUPPLIED, &world.asking("baseline", "asked.json", &[])).exits_with(0);
    let handed = ["--manifest", "handover/baseline.residua", "--challenge", "asked.json", "--out", "receipt.json"];
    let parties = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
    let receive = |data: &str| world.run(SUPPLIED, &[&["receive", data][..], &handed, &parties].concat());
    // The file without the seeds is another.
    receive("people.csv").exits_with(12);
    receive("handover/data.csv").exits_with(0).prints("but for the telephones of up to");
    world.run(SUPPLIED, &["verify", "receipt.json"]).exits_with(0).prints("made anew from the data");
}
