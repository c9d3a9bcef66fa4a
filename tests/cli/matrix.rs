//! Same rows, same findings: one table of people in every kind of source, each scanned alone. All that a scan counts, finds and concludes is
//! held against what it says of the table as CSV; only names, places and digests may differ.

#[cfg(unix)]
use crate::cli::server::MariaDb;
#[cfg(unix)]
use crate::cli::server::Postgres;
#[cfg(unix)]
use crate::cli::sql_dump;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use serde_json::Value;
use serde_json::json;
use std::fmt::Write;
use std::fs;

/// The table's columns. Where a kind has types, the first is a whole number, and the last two are days.
const COLUMNS: [&str; 9] = ["id", "first_name", "last_name", "address", "postcode", "email", "phone", "mother_dob", "child_dob"];

/// A row's cells, with days in ISO form, since that is how types show them.
fn cells(person: &Person) -> [String; 9] {
    let mut cells = person.cells();
    cells[7] = Person::iso(person.mother_dob);
    cells
}

/// The recipient's own people and two that were supplied.
fn people(world: &World) -> Vec<[String; 9]> {
    world.own.iter().chain([&world.supplied[7], &world.supplied[20]]).map(cells).collect()
}

fn delimited(rows: &[[String; 9]], delimiter: &str) -> String {
    let mut text = COLUMNS.join(delimiter) + "\n";
    for row in rows {
        text += &(row.join(delimiter) + "\n");
    }
    text
}

/// What one scan says of its one target, without what tells the kinds apart.
fn said(world: &World, source: &[&str], input: Option<Vec<u8>>) -> Value {
    let findings = world.case.path("findings.csv");
    let extra = ["--format", "json", "--findings", "findings.csv", "--force"];
    let arguments = world.scanning("deletion", "deletion.challenge.json", source, &extra);
    let mut command = world.command(AFTER, &arguments);
    if let Some(input) = input {
        command = command.input(input);
    }
    let scan = command.run();
    assert_eq!(scan.code, Some(11), "{}", scan.whole());
    let json = scan.json();
    let coverage = &json["coverage"];
    let targets = coverage["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 1, "{}", scan.whole());
    let counted = ["rowsRead", "rowsWithoutKey", "rowsUnkeyed", "rowsByNumber", "hashes", "recordsFound", "columns", "byKey"];
    let mut target: serde_json::Map<String, Value> =
        counted.iter().map(|member| ((*member).to_owned(), targets[0][*member].clone())).collect();
    // Where the number of rows is known beforehand, it is that of the rows read.
    let expected = &targets[0]["rowsExpected"];
    assert!(expected.is_null() || *expected == targets[0]["rowsRead"], "{}", scan.whole());
    target.insert("gaps".to_owned(), coverage["gaps"].clone());
    target.insert("verdict".to_owned(), json["verdict"].clone());
    let codes = json["verdictReasons"].as_array().expect("reasons").iter().map(|reason| reason["code"].clone());
    target.insert("reasons".to_owned(), codes.collect());
    // Key, class and record of each finding; where it lies differs.
    let text = fs::read_to_string(&findings).expect("findings");
    let mut found: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.rsplitn(4, ',').collect();
            format!("{} {} {}", cells[0], cells[1], cells[2])
        })
        .collect();
    found.sort();
    target.insert("findings".to_owned(), json!(found));
    Value::Object(target)
}

/// One way to hold the table: the words of the scan, and what is piped into it.
struct Kind {
    name: &'static str,
    sources: Vec<String>,
    input: Option<Vec<u8>>,
}

struct Matrix {
    world: World,
    rows: Vec<[String; 9]>,
    kinds: Vec<Kind>,
}

impl Matrix {
    fn file(&mut self, name: &'static str, content: impl AsRef<[u8]>) {
        self.file_with(name, content, &[]);
    }

    fn file_with(&mut self, name: &'static str, content: impl AsRef<[u8]>, extra: &[&str]) {
        let path = format!("kinds/{name}");
        self.world.case.write(&path, content);
        let sources = [path.as_str()].iter().chain(extra).map(|word| (*word).to_owned()).collect();
        self.kinds.push(Kind { name, sources, input: None });
    }

    fn source(&mut self, name: &'static str, source: String) {
        self.kinds.push(Kind { name, sources: vec![source], input: None });
    }
}

#[test]
fn one_table_gives_the_same_findings_in_every_kind_of_source() {
    let world = World::asked();
    let rows = people(&world);
    let mut matrix = Matrix { world, rows, kinds: Vec::new() };
    texts(&mut matrix);
    documents(&mut matrix);
    databases(&mut matrix);
    scripts(&mut matrix);
    #[cfg(unix)]
    let servers = servers(&mut matrix);
    #[cfg(feature = "columnar")]
    columns(&mut matrix);
    #[cfg(feature = "workbooks")]
    workbooks(&mut matrix);
    #[cfg(feature = "archives")]
    packed(&mut matrix);

    let reference = said(&matrix.world, &["kinds/table.csv"], None);
    assert_eq!(reference["recordsFound"], 2, "{reference}");
    assert_eq!(reference["gaps"], json!([]));
    let mut wrong = Vec::new();
    for kind in &matrix.kinds {
        let sources: Vec<&str> = kind.sources.iter().map(String::as_str).collect();
        let said = said(&matrix.world, &sources, kind.input.clone());
        for (member, expected) in reference.as_object().expect("an object") {
            if said[member] != *expected {
                wrong.push(format!("{}, {member}: {}\n    not {expected}", kind.name, said[member]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    #[cfg(unix)]
    drop(servers);
}

fn texts(matrix: &mut Matrix) {
    let table = delimited(&matrix.rows, ",");
    matrix.file("table.csv", &table);
    matrix.kinds.push(Kind { name: "a pipe", sources: vec!["-".to_owned()], input: Some(table.into_bytes()) });
    let text = delimited(&matrix.rows, "\t");
    matrix.file("table.tsv", &text);
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    matrix.file("wide.txt", wide);
    let mut fixed = String::new();
    let header = COLUMNS.map(str::to_owned);
    for row in [&header].into_iter().chain(&matrix.rows) {
        for cell in row {
            write!(fixed, "{cell:<32}").expect("a string takes all");
        }
        fixed.push('\n');
    }
    matrix.file_with("fixed.txt", fixed, &["--widths", "32,32,32,32,32,32,32,32,32"]);
}

/// A row as JSON, in the order of the columns.
fn object(row: &[String; 9]) -> String {
    let members = COLUMNS.iter().zip(row).enumerate().map(|(place, (name, cell))| {
        if place == 0 { format!("\"{name}\": {cell}") } else { format!("\"{name}\": {}", json!(cell)) }
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

fn documents(matrix: &mut Matrix) {
    let objects: Vec<String> = matrix.rows.iter().map(object).collect();
    matrix.file("table.jsonl", objects.join("\n"));
    matrix.file("array.json", format!("[\n{}\n]\n", objects.join(",\n")));
    matrix.file("document.json", format!("{{\"customers\": [{}]}}", objects.join(",")));
    let nested = |row: &[String; 9]| {
        let text = |place: usize| json!(row[place]);
        format!(
            "{{\"id\": {}, \"first_name\": {}, \"last_name\": {}, \"address\": {}, \"postcode\": {}, \"email\": [{}], \"phone\": {}, \
             \"mother_dob\": {{\"$date\": {}}}, \"child_dob\": {}}}",
            row[0],
            text(1),
            text(2),
            text(3),
            text(4),
            text(5),
            text(6),
            text(7),
            text(8)
        )
    };
    matrix.file("lists.jsonl", matrix.rows.iter().map(nested).collect::<Vec<_>>().join("\n"));
}

fn databases(matrix: &mut Matrix) {
    let rows = matrix.rows.clone();
    matrix.world.database("kinds/table.db", |database| {
        let columns = COLUMNS[1..7].iter().map(|column| format!("{column} TEXT")).collect::<Vec<_>>().join(", ");
        let create = format!("CREATE TABLE people (id INTEGER PRIMARY KEY, {columns}, mother_dob DATE, child_dob DATE)");
        database.execute_batch(&create).expect("a new table");
        let insert = "INSERT INTO people VALUES (?,?,?,?,?,?,?,?,?)";
        for row in &rows {
            database.execute(insert, rusqlite::params_from_iter(row)).expect("a new row");
        }
    });
    matrix.source("SQLite", "sqlite:kinds/table.db".to_owned());
}

/// Scripts as `sqlite3` and SQL Server's tools write them.
fn scripts(matrix: &mut Matrix) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let create = format!("CREATE TABLE people(id INTEGER PRIMARY KEY, {} TEXT);", COLUMNS[1..].join(" TEXT, "));
    let values = |row: &[String; 9]| {
        let texts: Vec<String> = row[1..].iter().map(|cell| quoted(cell)).collect();
        format!("{},{}", row[0], texts.join(","))
    };
    let rows: Vec<String> = matrix.rows.iter().map(|row| format!("INSERT INTO people VALUES({});\n", values(row))).collect();
    matrix.file("sqlite.sql", format!("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{create}\n{}COMMIT;\n", rows.concat()));
    let names = COLUMNS.map(|name| format!("[{name}]")).join(", ");
    let rows: Vec<String> = matrix
        .rows
        .iter()
        .map(|row| {
            let texts: Vec<String> = row[1..7].iter().map(|cell| format!("N{}", quoted(cell))).collect();
            let days: Vec<String> = row[7..].iter().map(|cell| format!("CAST(N'{cell}' AS Date)")).collect();
            format!("INSERT [dbo].[people] ({names}) VALUES ({}, {}, {})\r\n", row[0], texts.join(", "), days.join(", "))
        })
        .collect();
    let script: Vec<u8> =
        format!("\u{feff}USE [crm]\r\nGO\r\n{}GO\r\n", rows.concat()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    matrix.file("server.sql", script);
}

/// The table in the servers that are installed, and as their own tools export it.
#[cfg(unix)]
fn servers(matrix: &mut Matrix) -> (Option<Postgres>, Option<MariaDb>) {
    let columns = format!("id INTEGER PRIMARY KEY, {} TEXT, mother_dob DATE, child_dob DATE", COLUMNS[1..7].join(" TEXT, "));
    let create = format!("CREATE TABLE people ({columns});");
    let postgres = Postgres::start();
    if let Some(server) = &postgres {
        server.create("crm");
        server.sql("crm", &create);
        server.insert_rows("crm", "people", &COLUMNS, &matrix.rows);
        matrix.source("PostgreSQL", server.socket_url("crm"));
        let (folder, port) = (server.folder().display().to_string(), server.port().to_string());
        let forms = [
            ("plain.pg_dump", "--format=plain"),
            ("inserts.pg_dump", "--column-inserts"),
            ("custom.pg_dump", "--format=custom"),
            ("tar.pg_dump", "--format=tar"),
            ("folder.pg_dump", "--format=directory"),
        ];
        for (name, form) in forms {
            let path = matrix.world.case.path(&format!("kinds/{name}")).display().to_string();
            let arguments = ["-h", &folder, "-p", &port, "-U", "postgres", "-d", "crm", form, "-f", &path];
            if sql_dump::dump("pg_dump", &arguments) {
                matrix.source(name, format!("kinds/{name}"));
            }
        }
    }
    let mariadb = MariaDb::start();
    if let Some(server) = &mariadb {
        server.create("crm");
        server.sql("crm", create.replace("TEXT", "VARCHAR(80)"));
        server.insert_rows("crm", "people", &COLUMNS, &matrix.rows);
        matrix.source("MariaDB", server.socket_url("crm"));
        let socket = format!("--socket={}", server.folder().join("socket").display());
        let forms = [("mysqldump.sql", "--opt"), ("blobs.sql", "--hex-blob"), ("listed.sql", "--complete-insert")];
        for (name, form) in forms {
            let result = format!("--result-file={}", matrix.world.case.path(&format!("kinds/{name}")).display());
            if sql_dump::dump("mariadb-dump", &["--no-defaults", &socket, "--user=root", &result, form, "crm"]) {
                matrix.source(name, format!("kinds/{name}"));
            }
        }
    }
    (postgres, mariadb)
}

#[cfg(feature = "archives")]
fn packed(matrix: &mut Matrix) {
    use crate::cli::packed;
    let table = delimited(&matrix.rows, ",").into_bytes();
    matrix.file("table.csv.gz", packed::gzip(&table));
    matrix.file("table.csv.zst", packed::zstd(&table));
    matrix.file("table.csv.xz", packed::xz(&table));
    matrix.file("table.csv.bz2", packed::bzip2(&table));
    matrix.file("table.zip", packed::zip(&[("table.csv", &table)]));
    matrix.file("table.tar", packed::tar(&[("table.csv", &table)]));
    let base = fs::read(matrix.world.case.path("kinds/table.db")).expect("a database");
    matrix.file("base.tgz", packed::gzip(&packed::tar(&[("table.db", &base)])));
}

/// The table as a batch of columns, the id as a number and the days as days.
#[cfg(feature = "columnar")]
fn batch(rows: &[[String; 9]]) -> arrow_array::RecordBatch {
    use arrow_array::ArrayRef;
    use arrow_array::Date32Array;
    use arrow_array::Int64Array;
    use arrow_array::StringArray;
    use std::sync::Arc;
    let column = |place: usize| -> ArrayRef {
        let texts = rows.iter().map(|row| row[place].as_str());
        match place {
            0 => Arc::new(Int64Array::from_iter_values(texts.map(|text| text.parse().expect("a number")))),
            7 | 8 => Arc::new(Date32Array::from_iter_values(texts.map(|text| {
                let day: jiff::civil::Date = text.parse().expect("a day");
                (day - jiff::civil::date(1970, 1, 1)).get_days()
            }))),
            _ => Arc::new(StringArray::from_iter_values(texts)),
        }
    };
    let columns = COLUMNS.iter().enumerate().map(|(place, name)| (*name, column(place)));
    arrow_array::RecordBatch::try_from_iter(columns).expect("a batch")
}

#[cfg(feature = "columnar")]
fn columns(matrix: &mut Matrix) {
    let batch = batch(&matrix.rows);
    for (name, rows) in [("table.parquet", 1_000), ("groups.parquet", 5)] {
        let properties = parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
        let mut content = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("room");
        writer.close().expect("room");
        matrix.file(name, content);
    }
    let mut content = Vec::new();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut content, &batch.schema()).expect("a writer");
    writer.write(&batch).expect("room");
    writer.finish().expect("room");
    matrix.file("table.arrow", content);
    let mut content = Vec::new();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut content, &batch.schema()).expect("a writer");
    writer.write(&batch).expect("room");
    writer.finish().expect("room");
    matrix.file("stream.arrows", content);
    let mut writer = arrow_avro::writer::AvroWriter::new(Vec::new(), batch.schema().as_ref().clone()).expect("a writer");
    writer.write(&batch).expect("room");
    writer.finish().expect("room");
    matrix.file("table.avro", writer.into_inner());
}

#[cfg(feature = "workbooks")]
fn workbooks(matrix: &mut Matrix) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
    let sheet = book.add_worksheet();
    for (column, name) in (0_u16..).zip(COLUMNS) {
        sheet.write(0, column, name).expect("a cell");
    }
    for (row, cells) in (1_u32..).zip(&matrix.rows) {
        sheet.write(row, 0, cells[0].parse::<f64>().expect("a number")).expect("a cell");
        for (column, cell) in (1_u16..).zip(&cells[1..7]) {
            sheet.write(row, column, cell).expect("a cell");
        }
        for column in [7, 8] {
            let day = rust_xlsxwriter::ExcelDateTime::parse_from_str(&cells[column]).expect("a day");
            sheet.write_with_format(row, u16::try_from(column).expect("small"), &day, &date).expect("a cell");
        }
    }
    matrix.file("table.xlsx", book.save_to_buffer().expect("a workbook"));
    let (sheet, compound) = (open_document(&matrix.rows), compound(&biff(&matrix.rows)));
    matrix.file("table.ods", sheet);
    matrix.file("table.xls", compound);
}

/// The table as `LibreOffice` writes it.
#[cfg(feature = "workbooks")]
fn open_document(rows: &[[String; 9]]) -> Vec<u8> {
    use std::io::Cursor;
    use std::io::Write;
    let text = |cell: &str| {
        let cell = cell.replace('&', "&amp;").replace('<', "&lt;");
        format!("<table:table-cell office:value-type=\"string\"><text:p>{cell}</text:p></table:table-cell>")
    };
    let value = |(place, cell): (usize, &String)| match place {
        0 => format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{cell}\"><text:p>{cell}</text:p></table:table-cell>"
        ),
        7 | 8 => {
            let shown = cell.split('-').rev().collect::<Vec<_>>().join("/");
            format!(
                "<table:table-cell office:value-type=\"date\" office:date-value=\"{cell}\"><text:p>{shown}</text:p></table:table-cell>"
            )
        }
        _ => text(cell),
    };
    let row = |cells: String| format!("<table:table-row>{cells}</table:table-row>");
    let header = row(COLUMNS.iter().map(|name| text(name)).collect());
    let body: String = rows.iter().map(|cells| row(cells.iter().enumerate().map(value).collect())).collect();
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"Sheet1\">{header}{body}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_str())];
    for (name, content) in parts {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("room");
        writer.write_all(content.as_bytes()).expect("room");
    }
    writer.finish().expect("room").into_inner()
}

/// The table as the records of an Excel 97 workbook, with texts that the cells share.
#[cfg(feature = "workbooks")]
fn biff(rows: &[[String; 9]]) -> Vec<u8> {
    let record = |kind: u16, parts: &[&[u8]]| {
        let content = parts.concat();
        let length = u16::try_from(content.len()).expect("a short record");
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), &content].concat()
    };
    let begin = |sort: u16| record(0x809, &[&0x600_u16.to_le_bytes(), &sort.to_le_bytes(), &[0; 12]]);
    let end = record(0x0a, &[]);
    let style = |format: u16| record(0xe0, &[&[0; 2], &format.to_le_bytes(), &[0; 16]]);
    let (mut texts, mut cells) = (Vec::new(), Vec::new());
    let names = COLUMNS.map(str::to_owned);
    for (row, line) in (0_u16..).zip(std::iter::once(&names).chain(rows)) {
        for (column, cell) in (0_u16..).zip(line) {
            let place = |style: u16| [row, column, style].map(u16::to_le_bytes).concat();
            if row > 0 && matches!(column, 0 | 7 | 8) {
                let day = |cell: &str| {
                    let day: jiff::civil::Date = cell.parse().expect("a day");
                    (day - jiff::civil::date(1899, 12, 30)).get_days()
                };
                let (style, number) = if column == 0 { (0, cell.parse().expect("a number")) } else { (1, day(cell)) };
                cells.extend(record(0x203, &[&place(style), &f64::from(number).to_le_bytes()]));
            } else {
                cells.extend(record(0xfd, &[&place(0), &u32::try_from(texts.len()).expect("few texts").to_le_bytes()]));
                let length = u16::try_from(cell.len()).expect("a short text");
                texts.push([&length.to_le_bytes()[..], &[0], cell.as_bytes()].concat());
            }
        }
    }
    let count = u32::try_from(texts.len()).expect("few texts").to_le_bytes();
    let mut shared = record(0xfc, &[&count, &count]);
    // A record has room for some of them only.
    texts.chunks(100).for_each(|some| shared.extend(record(0x3c, &[&some.concat()])));
    let head = [begin(5), style(0), style(14)].concat();
    let sheet = |at: u32| record(0x85, &[&at.to_le_bytes(), &[0, 0, 6, 0], b"Sheet1"]);
    let at = u32::try_from(head.len() + sheet(0).len() + shared.len() + end.len()).expect("a small workbook");
    [head, sheet(at), shared, end.clone(), begin(0x10), cells, end].concat()
}

/// A compound file that holds one stream, a workbook.
#[cfg(feature = "workbooks")]
fn compound(stream: &[u8]) -> Vec<u8> {
    const NONE: u32 = u32::MAX;
    const END: u32 = 0xffff_fffe;
    let longs = |longs: &[u32]| longs.iter().flat_map(|long| long.to_le_bytes()).collect::<Vec<u8>>();
    let sectors = u32::try_from(stream.len().div_ceil(512)).expect("a small workbook");
    assert!((8..126).contains(&sectors), "{sectors} sectors");
    let mut file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    file.resize(24, 0);
    file.extend([0x3e_u16, 3, 0xfffe, 9, 6, 0, 0, 0].iter().flat_map(|short| short.to_le_bytes()));
    file.extend(longs(&[0, 1, 1, 0, 4_096, END, 0, END, 0, 0]));
    file.resize(512, 0xff);
    // The first sector says which follows which, the second is the directory.
    let mut table = vec![0xffff_fffd, END];
    table.extend((3..sectors + 2).chain([END]));
    table.resize(128, NONE);
    file.extend(longs(&table));
    let mut entry = |name: &str, kind: u8, child: u32, start: u32, size: usize| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(entry.len() + 2).expect("a short name");
        entry.resize(64, 0);
        entry.extend(length.to_le_bytes());
        entry.extend([kind, 1]);
        entry.extend(longs(&[NONE, NONE, child]));
        entry.resize(116, 0);
        entry.extend(longs(&[start, u32::try_from(size).expect("a small workbook"), 0]));
        file.extend(entry);
    };
    entry("Root Entry", 5, 1, END, 0);
    entry("Workbook", 2, NONE, 2, stream.len());
    file.resize(3 * 512, 0);
    file.extend(stream);
    file.resize((sectors as usize + 3) * 512, 0);
    file
}
