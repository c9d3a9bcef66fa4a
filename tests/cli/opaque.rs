//! What is hashed, encrypted, encoded or cut short, beside a table in which nobody is left: what decodes is read, and the rest is a gap.

use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::csv;
use crate::cli::world::payload;
use data_encoding::BASE64;
use data_encoding::BASE64_MIME;
use data_encoding::BASE64URL_NOPAD;
use data_encoding::HEXLOWER;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;
use std::fs;

/// Who is in the file beside the table.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// The recipient's own people alone: the scan ends as it would without the file.
    Own,
    /// A supplied person among them.
    Kept,
}

/// Cells of a column of its own, and how a scan of it ends.
struct Column {
    name: &'static str,
    header: &'static str,
    cell: fn(&Person) -> String,
    /// The exit code, without a supplied person and with one.
    codes: [i32; 2],
    named: &'static str,
}

const COLUMNS: [Column; 19] = [
    Column {
        name: "rows in base64",
        header: "payload",
        cell: |person| BASE64.encode(row(person).as_bytes()),
        codes: [0, 11],
        named: "person_found",
    },
    Column {
        name: "rows in base64 of a link",
        header: "id",
        cell: |person| BASE64URL_NOPAD.encode(row(person).as_bytes()),
        codes: [0, 11],
        named: "person_found",
    },
    Column {
        name: "rows in folded base64",
        header: "payload",
        cell: |person| format!("\"{}\"", BASE64_MIME.encode(row(person).as_bytes()).trim_end()),
        codes: [0, 11],
        named: "person_found",
    },
    Column { name: "rows in UTF-16 in base64", header: "payload", cell: utf16, codes: [0, 11], named: "person_found" },
    Column { name: "JSON in base64 in base64", header: "payload", cell: twice, codes: [0, 11], named: "person_found" },
    Column {
        name: "addresses in hexadecimal",
        header: "customer_no",
        cell: |person| HEXLOWER.encode(person.email.as_bytes()),
        codes: [0, 11],
        named: "person_found",
    },
    Column { name: "signed tokens", header: "token", cell: signed, codes: [0, 11], named: "person_found" },
    Column { name: "digests", header: "audience", cell: digest, codes: [10, 10], named: "gap:hashed_values" },
    Column {
        name: "digests in base64",
        header: "audience",
        cell: |person| BASE64.encode(&Sha256::digest(&person.email)),
        codes: [10, 10],
        named: "gap:hashed_values",
    },
    Column {
        name: "digests of a length of their own as numbers",
        header: "contact_id",
        cell: |person| digest(person)[..32].to_owned(),
        codes: [10, 10],
        named: "gap:hashed_values",
    },
    Column {
        name: "digests in JSON",
        header: "payload",
        cell: |person| format!("\"{{\"\"h\"\":\"\"{}\"\"}}\"", digest(person)),
        codes: [10, 10],
        named: "gap:hashed_values",
    },
    Column {
        name: "encrypted rows",
        header: "payload",
        cell: |person| BASE64.encode(&encrypted(person)),
        codes: [10, 10],
        named: "gap:encoded_values",
    },
    Column {
        name: "encrypted rows with their start",
        header: "payload",
        cell: |person| format!("{}:{}", &digest(person)[..32], HEXLOWER.encode(&encrypted(person))),
        codes: [10, 10],
        named: "gap:encoded_values",
    },
    Column {
        name: "telephone numbers, some cut short",
        header: "phone",
        cell: |person| if person.id.is_multiple_of(5) { rounded(person) } else { "07700 900123".to_owned() },
        codes: [10, 10],
        named: "gap:rounded_numbers",
    },
    Column { name: "numbers cut short", header: "c7", cell: rounded, codes: [10, 10], named: "gap:rounded_numbers" },
    Column {
        name: "words in base64",
        header: "c7",
        cell: |person| BASE64.encode(&person.first_name.as_bytes()[..3 + person.id % 3]),
        codes: [10, 10],
        named: "gap:encoded_values",
    },
    Column {
        name: "salted hashes of passwords",
        header: "password",
        cell: |person| format!("$2b$12${}", &BASE64URL_NOPAD.encode(&encrypted(person))[..53]),
        codes: [0, 0],
        named: "",
    },
    Column { name: "random UUIDs", header: "session", cell: |person| uuid(person, true), codes: [0, 0], named: "" },
    Column {
        name: "random UUIDs without hyphens",
        header: "session",
        cell: |person| uuid(person, false),
        codes: [0, 0],
        named: "",
    },
];

fn row(person: &Person) -> String {
    person.cells().join(",")
}

fn utf16(person: &Person) -> String {
    BASE64.encode(&row(person).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

fn twice(person: &Person) -> String {
    let payload = format!("{{\"email\":\"{}\",\"plan\":\"basic\"}}", BASE64.encode(person.email.as_bytes()));
    BASE64.encode(payload.as_bytes())
}

fn digest(person: &Person) -> String {
    HEXLOWER.encode(&Sha256::digest(&person.email))
}

fn encrypted(person: &Person) -> Vec<u8> {
    [Sha256::digest(&person.email), Sha256::digest(&person.phone)].concat()[..55].to_vec()
}

fn rounded(person: &Person) -> String {
    format!("4.47{:03}E+11", person.id % 1_000)
}

fn signed(person: &Person) -> String {
    let payload = format!("{{\"sub\":\"{}\",\"iat\":1516239022}}", person.email);
    let signature = Sha256::digest(&payload);
    [&b"{\"alg\":\"HS256\"}"[..], payload.as_bytes(), &signature].map(|part| BASE64URL_NOPAD.encode(part)).join(".")
}

fn uuid(person: &Person, has_hyphens: bool) -> String {
    let digits = digest(person);
    let sign = if has_hyphens { "-" } else { "" };
    [&digits[..8], &digits[8..12], &format!("4{}", &digits[13..16]), &format!("a{}", &digits[17..20]), &digits[20..32]].join(sign)
}

/// Scans the folder, and returns the exit code and what was named.
fn scan(world: &World, place: &str) -> (Option<i32>, Vec<String>) {
    let scan = world.scan("deletion", "deletion.challenge.json", &[place], &["--format", "json"]);
    let codes = if scan.code == Some(1) { vec![scan.stderr.clone()] } else { codes(&scan) };
    (scan.code, codes)
}

/// A clean table, and a file of one column beside it, or with numbers before it.
fn write(world: &World, place: &str, column: &Column, who: Who, is_alone: bool) {
    fs::create_dir_all(world.case.path(place)).expect("a folder");
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write(&format!("{place}/held.csv"), csv(&own, ','));
    let kept = (who == Who::Kept).then(|| &world.supplied[23]);
    let before = |text: &str| if is_alone { String::new() } else { format!("{text},") };
    let row = |person: &Person| format!("{}{}", before(&person.id.to_string()), (column.cell)(person));
    let rows = own.into_iter().chain(kept).map(row).collect::<Vec<String>>().join("\n");
    world.case.write(&format!("{place}/beside.csv"), format!("{}{}\n{rows}\n", before("number"), column.header));
}

#[test]
fn what_decodes_is_read_and_the_rest_is_a_gap() {
    let world = World::asked();
    let mut wrong = Vec::new();
    for (number, column) in COLUMNS.iter().enumerate() {
        for (who, code) in [(Who::Own, column.codes[0]), (Who::Kept, column.codes[1])] {
            let place = format!("place-{number}-{}", who as usize);
            write(&world, &place, column, who, false);
            let (found, codes) = scan(&world, &place);
            let is_named = column.named.is_empty() || code == 0 || codes.iter().any(|code| code == column.named);
            if found != Some(code) || !is_named {
                wrong.push(format!("{}: exit code {found:?} and {codes:?}, not {code} and {}", column.name, column.named));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_of_one_column_is_as_any() {
    let world = World::asked();
    for (number, column) in COLUMNS.iter().enumerate().filter(|(number, _)| matches!(number, 0 | 7 | 11 | 14)) {
        let place = format!("place-{number}");
        write(&world, &place, column, Who::Kept, true);
        let (code, codes) = scan(&world, &place);
        assert_eq!(code, Some(column.codes[1]), "{}: {codes:?}", column.name);
    }
}

#[test]
fn a_column_that_was_left_out_is_no_gap() {
    let world = World::asked();
    write(&world, "place", &COLUMNS[7], Who::Own, false);
    world.case.write(
        "map.toml",
        "[[target]]\nmatch = \"place/beside*\"\n[target.columns]\naudience = { kind = \"ignored\", reason = \"of our own\" }\n",
    );
    let scan = world.scan("deletion", "deletion.challenge.json", &["place"], &["--format", "json", "--map", "map.toml"]);
    assert!(!codes(&scan).iter().any(|code| code == "gap:hashed_values"), "{}", scan.whole());
}

/// Digests of addresses, as a recipient may hold them: the cell's form, and the word by which they are asked for.
type Written = (&'static str, fn(&str) -> String);

const WRITTEN: [Written; 4] = [
    ("md5", |email| HEXLOWER.encode(&Md5::digest(email)).to_uppercase()),
    ("md5", |email| format!("https://www.gravatar.com/avatar/{}", HEXLOWER.encode(&Md5::digest(email)))),
    ("sha1", |email| format!("\"{{\"\"h\"\":\"\"{}\"\"}}\"", HEXLOWER.encode(&Sha1::digest(email)))),
    ("sha256", |email| BASE64.encode(&Sha256::digest(email))),
];

#[test]
fn digests_of_addresses_are_looked_for_where_the_supply_says_so() {
    let world = World::new();
    world.supply("supply.csv", "handover", &["--probe-hashed-email", "sha256,md5,sha1"]).exits_with(0);
    world.keep(&[]);
    world.ask("deletion", "deletion.challenge.json", &["--without-baseline"]).exits_with(0);
    let own: Vec<&Person> = world.own.iter().collect();
    let statement = payload(&world.case.read("handover/deletion.residua.intoto.json"));
    let keys: Vec<&str> =
        statement["predicate"]["keys"].as_array().unwrap().iter().filter_map(|key| key["name"].as_str()).collect();
    assert_eq!(keys[keys.len() - 3..], ["email_md5", "email_sha1", "email_sha256"]);
    for (number, (algorithm, write)) in WRITTEN.iter().enumerate() {
        for kept in [None, Some(&world.supplied[23])] {
            let place = format!("place-{number}-{}", usize::from(kept.is_some()));
            fs::create_dir_all(world.case.path(&place)).expect("a folder");
            world.case.write(&format!("{place}/held.csv"), csv(&own, ','));
            let row = |person: &Person| format!("{},{}", person.id, write(&person.email));
            let rows = own.iter().copied().chain(kept).map(row).collect::<Vec<String>>().join("\n");
            world.case.write(&format!("{place}/beside.csv"), format!("number,audience\n{rows}\n"));
            let (code, codes) = scan(&world, &place);
            let is_found = codes.iter().any(|code| code == "person_found");
            assert_eq!(
                (code == Some(11), is_found),
                (kept.is_some(), kept.is_some()),
                "{algorithm} {number}: {code:?} {codes:?}"
            );
            let is_gap = codes.iter().any(|code| code == "gap:hashed_values");
            assert!(is_gap, "a digest of something else may stand there: {codes:?}");
        }
    }
    // The originator reads the same.
    world.scan("deletion", "deletion.challenge.json", &["place-0-1"], &["--out", "answer.json"]).exits_with(11);
    world.verify("answer.json").exits_with(11).prints("email_md5");
}

#[test]
fn digests_need_addresses() {
    let world = World::new();
    world.case.write("names.csv", "first_name,last_name,dob\nAnn,Lee,1980-02-03\n");
    let supply = world.run(SUPPLIED, &world.supplying("names.csv", "handover", &["--probe-hashed-email", "md5"]));
    supply.exits_with(1).warns("no column was recognised as one of e-mail addresses");
    world.supply("supply.csv", "handover", &["--probe-hashed-email", "crc32"]).exits_with(2);
}
