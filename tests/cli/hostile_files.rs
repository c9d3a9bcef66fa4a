//! Files that were made to break their readers, or might have been. Each ends in a gap with its name, or is read; none takes the machine's
//! memory, and none keeps the program from ending.

use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::csv;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

/// The most memory that the program may hold, whatever it reads.
const MOST_MEMORY: u64 = 256 << 20;

/// What one scan says of a file, alone in its folder.
struct Said {
    records: u64,
    gaps: Vec<String>,
    peak: u64,
}

impl Said {
    /// Scans a file, and takes care that nothing of it was printed.
    fn of(world: &World, path: &str) -> Said {
        let arguments = world.scanning("deletion", "deletion.challenge.json", &[path], &["--format", "json"]);
        let (scan, peak) = world.command(AFTER, &arguments).run_measured();
        assert!(matches!(scan.code, Some(0 | 10 | 11)), "{}", scan.whole());
        for word in [CANARY, HERON] {
            world.case.never_prints(word);
        }
        let json = scan.json();
        let list = |member: &str| json["coverage"][member].as_array().expect("a list").clone();
        let code = |gap: Value| gap["code"].as_str().expect("a code").to_owned();
        Said {
            records: json["recordsFound"].as_u64().expect("a number"),
            gaps: list("gaps").into_iter().map(code).collect(),
            peak,
        }
    }

    /// What is wrong with it: it should name this gap, or find the record, and hold little memory.
    fn fault(&self, name: &str, expected: Expected) -> Option<String> {
        let is_right = match expected {
            Expected::Gap(code) => self.gaps.iter().any(|gap| gap == code),
            Expected::Found => self.records == 1,
            Expected::FoundAndNothingElse => self.records == 1 && self.gaps.is_empty(),
        };
        let is_small = self.peak <= MOST_MEMORY;
        let Said { records, gaps, peak } = self;
        (!is_right || !is_small).then(|| format!("{name}: {records} records, {gaps:?}, {} MB", peak >> 20))
    }
}

#[derive(Clone, Copy)]
enum Expected {
    Gap(&'static str),
    Found,
    FoundAndNothingElse,
}

/// The recipient's own people, and one who was supplied.
fn kept(world: &World) -> Vec<&Person> {
    world.own.iter().take(20).chain([&world.supplied[7]]).collect()
}

fn members(person: &Person) -> Value {
    let cells = person.cells();
    let members = crate::cli::world::COLUMNS.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), json!(cell)));
    Value::Object(members.collect())
}

/// Writes files and holds what a scan says of each against what is expected.
#[track_caller]
fn expect(world: &World, files: Vec<(&str, Vec<u8>, Expected)>) {
    let mut wrong = Vec::new();
    for (name, content, expected) in files {
        world.case.write(&format!("hostile/{name}"), content);
        let said = Said::of(world, "hostile");
        wrong.extend(said.fault(name, expected));
        fs::remove_dir_all(world.case.path("hostile")).expect("a folder");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn texts_and_documents() {
    let world = World::asked();
    let people = kept(&world);
    let lines: Vec<String> = people.iter().map(|person| members(person).to_string()).collect();
    let table = csv(&people, ',');
    // A number of a thousand digits beside the person's values.
    let long = lines
        .iter()
        .map(|line| line.replacen('{', &format!("{{\"number\":{},", "7".repeat(1_000)), 1) + "\n")
        .collect::<String>();
    // A document within a text within a document within a cell.
    let inner = json!({ "payload": members(people[20]).to_string() }).to_string();
    let nested = format!("id,body\n1,none\n2,\"{}\"\n", inner.replace('"', "\"\""));
    // People under their e-mail addresses, and under a word that is no column's.
    let keyed: serde_json::Map<String, Value> = people[18..]
        .iter()
        .map(|person| (person.email.clone(), json!({ "name": person.full_name(), "dob": Person::iso(person.child_dob) })))
        .collect();
    let within: Vec<Value> = people[11..]
        .iter()
        .map(|person| json!({ "id": 0, "user": { "name": person.full_name(), "address": person.address(), "postcode": person.postcode } }))
        .collect();
    let broken = format!("{}\n{{\"email\": \n{}\n", lines[0], lines[20]);
    let cut = format!("[{}", lines.join(","));
    let insert = format!("INSERT INTO people VALUES ('{}", "x".repeat(80 << 20));
    expect(
        &world,
        vec![
            ("number.jsonl", long.into_bytes(), Expected::FoundAndNothingElse),
            ("nested.csv", nested.into_bytes(), Expected::Found),
            ("keyed.json", Value::Object(keyed).to_string().into_bytes(), Expected::Found),
            ("within.json", Value::Array(within).to_string().into_bytes(), Expected::Found),
            ("broken.jsonl", broken.into_bytes(), Expected::Gap("read_failed")),
            ("cut.json", cut.into_bytes(), Expected::Gap("cut_short")),
            ("deep.json", vec![b'['; 20 << 20], Expected::Gap("cut_short")),
            ("text.json", format!("{{\"a\":\"{}\"}}", "x".repeat(60 << 20)).into_bytes(), Expected::Gap("read_failed")),
            ("quote.sql", insert.into_bytes(), Expected::Gap("cut_short")),
            (
                "commas.csv",
                [vec![b','; 5_000_000], vec![b'\n'], vec![b','; 5_000_000]].concat(),
                Expected::Gap("ambiguous_delimiter"),
            ),
            ("line.csv", [table.as_bytes(), &vec![b'x'; 60 << 20]].concat(), Expected::Gap("row_too_long")),
        ],
    );
}

/// A file of four GiB of which most was never written.
#[test]
fn a_file_with_a_hole() {
    let world = World::asked();
    // More than what a file is judged by stands before the hole.
    let own: Vec<&Person> = world.own.iter().collect();
    let row = csv(&own, ',');
    let (_, body) = row.split_once('\n').expect("a header");
    world.case.write("hostile/sparse.csv", row.clone() + &body.repeat((2 << 20) / body.len()));
    let mut file = fs::OpenOptions::new().write(true).open(world.case.path("hostile/sparse.csv")).expect("the file");
    file.seek(SeekFrom::Start(4 << 30)).expect("a place");
    file.write_all(csv(&kept(&world), ',').as_bytes()).expect("room");
    drop(file);
    let said = Said::of(&world, "hostile");
    assert_eq!(said.fault("sparse.csv", Expected::Gap("row_too_long")), None);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder() {
    let world = World::asked();
    world.case.write("hostile/own.csv", csv(&world.own.iter().collect::<Vec<_>>(), ','));
    let path = world.case.path("hostile/fifo.csv");
    assert!(std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    let said = Said::of(&world, "hostile");
    assert_eq!(said.fault("fifo.csv", Expected::Gap("not_regular")), None);
}

/// What a workbook keeps outside of its sheets is a table only where it has a row, and is named where a supply has to be one table.
#[cfg(feature = "workbooks")]
#[test]
fn workbooks_of_one_sheet_are_supplied() {
    use rust_xlsxwriter::Note;
    use rust_xlsxwriter::Shape;
    use rust_xlsxwriter::Workbook;
    use rust_xlsxwriter::Worksheet;
    let world = World::supplied();
    let lines = world.case.read("supply.csv");
    let book = |change: &dyn Fn(&mut Worksheet)| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (row, line) in (0_u32..).zip(lines.lines()) {
            for (column, cell) in (0_u16..).zip(line.split(',')) {
                sheet.write(row, column, cell).expect("a cell");
            }
        }
        change(sheet);
        book.save_to_buffer().expect("a workbook")
    };
    world.case.write("bare.xlsx", book(&|sheet| drop(sheet.insert_shape(0, 12, &Shape::textbox()))));
    world.case.write("noted.xlsx", book(&|sheet| drop(sheet.insert_note(0, 0, &Note::new("look here")))));
    world.supply("bare.xlsx", "bare", &[]).exits_with(0);
    let noted = world.supply("noted.xlsx", "noted", &[]);
    noted.exits_with(1).warns("`noted.xlsx` holds 2 tables, and a supply is one: `Sheet1`, `(comments)`");
}

#[cfg(feature = "workbooks")]
#[test]
fn workbooks() {
    use rust_xlsxwriter::Workbook;
    let world = World::asked();
    let people = kept(&world);
    let book = |far: bool| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (column, name) in (0_u16..).zip(crate::cli::world::COLUMNS) {
            sheet.write(0, column, name).expect("a cell");
        }
        for (row, person) in (1_u32..).zip(&people) {
            for (column, cell) in (0_u16..).zip(person.cells()) {
                sheet.write(row, column, cell).expect("a cell");
            }
        }
        if far {
            sheet.write(1_048_575, 16_383, people[20].email.as_str()).expect("a cell");
        }
        book.save_to_buffer().expect("a workbook")
    };
    // Two cells, as far from each other as a sheet goes.
    let two = {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "name").expect("a cell");
        sheet.write(1_048_575, 16_383, people[20].email.as_str()).expect("a cell");
        book.save_to_buffer().expect("a workbook")
    };
    let replaced = |part: &str, content: &[u8]| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book(false))).expect("an archive");
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).expect("an entry");
            if entry.name().is_ok_and(|name| name == part) {
                out.start_file(part, zip::write::SimpleFileOptions::default()).expect("an entry");
                out.write_all(content).expect("room");
            } else {
                out.raw_copy_file(entry).expect("an entry");
            }
        }
        out.finish().expect("an archive").into_inner()
    };
    let strings = format!("<sst>{}</sst>", format!("<si><t>{}</t></si>", "a".repeat(4_000)).repeat(100_000));
    let ods = {
        let content = "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
             xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\">\
             <office:body><office:spreadsheet><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1000000000\">\
             <table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"1000000\"><text:p>x</text:p></table:table-cell>\
             </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        out.start_file("mimetype", stored).expect("an entry");
        out.write_all(b"application/vnd.oasis.opendocument.spreadsheet").expect("room");
        out.start_file("content.xml", zip::write::SimpleFileOptions::default()).expect("an entry");
        out.write_all(content.as_bytes()).expect("room");
        out.finish().expect("an archive").into_inner()
    };
    let encrypted = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sources/encrypted.xlsx")).expect("a workbook");
    expect(
        &world,
        vec![
            ("plain.xlsx", book(false), Expected::FoundAndNothingElse),
            ("far.xlsx", book(true), Expected::Found),
            ("two.xlsx", two, Expected::Found),
            ("encrypted.xlsx", encrypted, Expected::Gap("unsupported")),
            ("strings.xlsx", replaced("xl/sharedStrings.xml", strings.as_bytes()), Expected::Gap("unsupported")),
            ("repeated.ods", ods, Expected::Gap("read_failed")),
        ],
    );
}

#[cfg(feature = "columnar")]
#[test]
fn columns() {
    use parquet::basic::Compression;
    use parquet::basic::ZstdLevel;
    let world = World::asked();
    let people = kept(&world);
    let write = |columns: Vec<(&str, Vec<String>)>| {
        let columns = columns.into_iter().map(|(name, cells)| {
            let array: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::StringArray::from(cells));
            (name, array)
        });
        let batch = arrow_array::RecordBatch::try_from_iter(columns).expect("a batch");
        let properties = parquet::file::properties::WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("a level")))
            .set_dictionary_enabled(false)
            .build();
        let mut content = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("room");
        writer.close().expect("room");
        content
    };
    let names = crate::cli::world::COLUMNS;
    let table =
        write((0..9).map(|place| (names[place], people.iter().map(|person| person.cells()[place].clone()).collect())).collect());
    let mut broken = table.clone();
    // In the first page, behind its header.
    broken[80] ^= 0xff;
    broken[81] ^= 0xff;
    let bomb = write(vec![("name", vec!["a".repeat(100 << 20); 3])]);
    expect(
        &world,
        vec![
            ("plain.parquet", table.clone(), Expected::FoundAndNothingElse),
            ("broken.parquet", broken, Expected::Gap("read_failed")),
            ("cut.parquet", table[..table.len() / 2].to_vec(), Expected::Gap("cut_short")),
            ("bomb.parquet", bomb, Expected::Gap("read_failed")),
        ],
    );
}
