//! Workbooks that other programs wrote, and ones that nobody should.

#![allow(clippy::cast_possible_truncation, clippy::format_collect, reason = "small numbers and short texts")]

use super::*;
use crate::source::Locator;
use crate::source::testing::Collect;
use crate::source::testing::Row;
use crate::source::testing::codes;
use crate::source::testing::read_all;
use proptest::prelude::*;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Formula;
use rust_xlsxwriter::Note;
use rust_xlsxwriter::Workbook;
use std::io::Cursor;
use std::io::Write;
use zip::write::SimpleFileOptions;

fn opened(content: &[u8]) -> Arc<OpenedFile> {
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(content).unwrap();
    Arc::new(OpenedFile::unnamed("t.xlsx", copy).unwrap())
}

fn options() -> Options {
    let names = |cell: &str| matches!(cell.to_lowercase().as_str(), "name" | "town" | "born" | "phone" | "address" | "id");
    Options { names_column: Some(names), ..Options::default() }
}

fn open_bytes(content: &[u8]) -> Result<Box<dyn Session>, Problem> {
    open(opened(content), &options(), &Cancel::default())
}

fn row(cells: &[&str]) -> Row {
    cells.iter().map(|cell| (*cell != "-").then(|| (*cell).to_owned())).collect()
}

fn rows(session: &dyn Session, object: usize) -> Vec<Row> {
    read_all(session, object).unwrap().0.rows
}

fn names(session: &dyn Session, object: usize) -> Vec<String> {
    session.inventory().objects[object].columns.iter().map(|column| column.name.clone()).collect()
}

fn detail(session: &dyn Session, object: usize, name: &str) -> Option<String> {
    let details = &session.inventory().objects[object].details;
    details.iter().find(|(detail, _)| detail == name).map(|(_, value)| value.clone())
}

/// A package of parts.
fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const TYPES: (&str, &str) = ("[Content_Types].xml", "<Types/>");
const WORKBOOK: (&str, &str) =
    ("xl/workbook.xml", r#"<workbook xmlns:r="r"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>"#);
const RELATIONS: (&str, &str) = (
    "xl/_rels/workbook.xml.rels",
    r#"<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
);

/// A workbook of one sheet with such rows, and with other parts.
fn sheet_with(rows: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let sheet = if rows.starts_with('<') && !rows.starts_with("<row") {
        rows.to_owned()
    } else {
        format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
    };
    let mut parts = vec![TYPES, WORKBOOK, RELATIONS, ("xl/worksheets/sheet1.xml", sheet.as_str())];
    parts.extend(others);
    package(&parts)
}

fn sheet(rows: &str) -> Vec<u8> {
    sheet_with(rows, &[])
}

fn people() -> Workbook {
    let mut workbook = Workbook::new();
    let date = Format::new().set_num_format("dd/mm/yyyy");
    let sheet = workbook.add_worksheet().set_name("People").unwrap();
    for (column, name) in ["name", "phone", "born", "score", "active", "sum", "code"].iter().enumerate() {
        sheet.write(0, column as u16, *name).unwrap();
    }
    for (row, name, phone, day) in [(1, "Ann Lee", 447_700_900_123.0, 12), (2, "Bob Hill", 447_700_900_456.0, 13)] {
        sheet.write(row, 0, name).unwrap();
        sheet.write(row, 1, phone).unwrap();
        sheet.write_with_format(row, 2, ExcelDateTime::from_ymd(1980, 1, day).unwrap(), &date).unwrap();
        sheet.write(row, 3, 1.5).unwrap();
        sheet.write(row, 4, true).unwrap();
        sheet.write_formula(row, 5, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write(row, 6, "007").unwrap();
    }
    workbook
}

#[test]
fn cells_read_as_a_csv_export_would_show_them() {
    let session = open_bytes(&people().save_to_buffer().unwrap()).unwrap();
    assert_eq!(names(session.as_ref(), 0), ["name", "phone", "born", "score", "active", "sum", "code"]);
    assert_eq!(detail(session.as_ref(), 0, "header").as_deref(), Some("yes"));
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows[0], row(&["Ann Lee", "447700900123", "1980-01-12", "1.5", "true", "2", "007"]));
    assert_eq!(sink.rows[1], row(&["Bob Hill", "447700900456", "1980-01-13", "1.5", "true", "2", "007"]));
    assert_eq!(sink.locators, [Locator::RowId(2), Locator::RowId(3)]);
    assert_eq!(codes(&report.problems), []);
    assert_eq!(session.inventory().problems, []);
    assert_eq!(session.identity().kind, "workbook");
}

#[test]
fn hidden_sheets_are_read_and_empty_ones_left_out() {
    let mut workbook = people();
    workbook.add_worksheet().set_name("Empty").unwrap();
    let sheet = workbook.add_worksheet().set_name("Old").unwrap();
    sheet.set_hidden(true);
    sheet.write(0, 0, "Cid").unwrap();
    let sheet = workbook.add_worksheet().set_name("Older").unwrap();
    sheet.set_very_hidden(true);
    sheet.write(3, 2, "Dot").unwrap();
    let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
    let objects: Vec<_> = session.inventory().objects.iter().map(|object| object.name.as_str()).collect();
    assert_eq!(objects, ["People", "Old", "Older"]);
    for object in [1, 2] {
        assert_eq!(detail(session.as_ref(), object, "sheet").as_deref(), Some("hidden"));
    }
    assert_eq!(rows(session.as_ref(), 2), [row(&["Dot"])]);
}

#[test]
fn two_cells_at_far_corners_are_two_rows() {
    let content = sheet(r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#);
    let session = open_bytes(&content).unwrap();
    let (sink, _) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows, [row(&["1"]), row(&["-", "2"])]);
    assert_eq!(sink.locators[1], Locator::RowId(1_048_576));
}

#[test]
fn merged_cells_count_for_each_row_that_they_cover() {
    let mut workbook = Workbook::new();
    let format = Format::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["name", "address", "town"].iter().enumerate() {
        sheet.write(0, column as u16, *name).unwrap();
    }
    sheet.merge_range(1, 1, 3, 1, "1 High St", &format).unwrap();
    sheet.merge_range(1, 2, 9, 2, "Leeds", &format).unwrap();
    for (row, name) in [(1, "Ann"), (2, "Bob"), (3, "Cid"), (4, "Dot")] {
        sheet.write(row, 0, name).unwrap();
    }
    let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
    let expected =
        [["Ann", "1 High St", "Leeds"], ["Bob", "1 High St", "Leeds"], ["Cid", "1 High St", "Leeds"], ["Dot", "-", "Leeds"]];
    assert_eq!(rows(session.as_ref(), 0), expected.map(|cells| row(&cells)));
}

#[test]
fn titles_may_stand_above_the_names() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(1, 1, "Customers").unwrap();
    sheet.write(2, 1, "printed 2017").unwrap();
    for (column, name) in ["Name", "Town", "Born"].iter().enumerate() {
        sheet.write(4, column as u16 + 1, *name).unwrap();
        sheet.write(5, column as u16 + 1, ["Ann", "Leeds", "1980-01-02"][column]).unwrap();
    }
    let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(names(session.as_ref(), 0), ["Name", "Town", "Born"]);
    assert_eq!(detail(session.as_ref(), 0, "header row").as_deref(), Some("5"));
    assert_eq!(rows(session.as_ref(), 0), [row(&["Customers"]), row(&["printed 2017"]), row(&["Ann", "Leeds", "1980-01-02"])]);
}

#[test]
fn a_first_row_that_may_be_a_record_is_one() {
    let content = sheet(
        r#"<row><c t="str"><v>Ann</v></c><c t="str"><v>Leeds</v></c></row><row><c t="str"><v>Bob</v></c><c t="str"><v>York</v></c></row>"#,
    );
    let session = open_bytes(&content).unwrap();
    assert_eq!(names(session.as_ref(), 0), ["column_1", "column_2"]);
    assert_eq!(rows(session.as_ref(), 0), [row(&["Ann", "Leeds"]), row(&["Bob", "York"])]);
    assert!(detail(session.as_ref(), 0, "header").unwrap().starts_with("unsure"));
}

#[test]
fn people_are_no_names_of_columns() {
    let table = |cells: &[[&str; 3]]| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (number, cells) in cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                sheet.write(number as u32, column as u16, *cell).unwrap();
            }
        }
        let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
        (names(session.as_ref(), 0), codes(&session.inventory().problems), rows(session.as_ref(), 0).len())
    };
    let doubt = vec![(ProblemCode::DoubtfulHeader, None)];
    let unnamed = |count: usize| (1..=count).map(|number| format!("column_{number}")).collect::<Vec<_>>();
    let form = [["Name", "Ann Lee", ""], ["Phone", "07700900123", ""], ["Born", "1980-01-02", ""]];
    assert_eq!(table(&form), (unnamed(2), doubt.clone(), 3));
    assert_eq!(table(&[["", "Ann Lee", "Bob Hill"], ["2020-01-01", "1", "0"]]), (unnamed(3), doubt, 2));
    // One among names of columns goes unnamed.
    let names = ["name", "phone", "column_3"].map(str::to_owned).to_vec();
    assert_eq!(table(&[["name", "phone", "Ann Lee"], ["Bob", "1", "2"]]), (names, Vec::new(), 1));
}

#[test]
fn formulas_without_a_result_are_counted() {
    let content = sheet(
        r#"<row><c t="str"><v>name</v></c><c t="str"><v>born</v></c></row>
        <row><c t="str"><v>Ann</v></c><c><f>A1</f><v></v></c></row><row><c t="str"><v>Bob</v></c><c><f>A2</f></c></row>
        <row><c t="str"><v>Cid</v></c><c t="str"><f>A2</f><v></v></c></row><row><c t="str"><v>Dot</v></c><c t="e"><f>A2</f><v>#N/A</v></c></row>"#,
    );
    let session = open_bytes(&content).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows[3], row(&["Dot", "-"]));
    assert_eq!(codes(&report.problems), [(ProblemCode::Unsupported, Some(2))]);
    assert_eq!(report.problems[0].column.as_deref(), Some("born"));
}

#[test]
fn rich_text_is_one_text_and_its_sound_none() {
    let shared = (
        "xl/sharedStrings.xml",
        r#"<sst><si><r><t>An</t></r><r><t xml:space="preserve">n L&amp;</t></r><rPh><t>x</t></rPh></si><si/><si><t>a_x000D_b</t></si></sst>"#,
    );
    let content = sheet_with(
        r#"<row><c t="s"><v>0</v></c><c t="s"><v>2</v></c><c t="inlineStr"><is><r><t>c</t></r><rPh><t>x</t></rPh><r><t>d</t></r></is></c><c t="s"><v>9</v></c></row>"#,
        &[shared],
    );
    let session = open_bytes(&content).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows, [row(&["Ann L&", "a\rb", "cd", "-"])]);
    assert_eq!(codes(&report.problems), [(ProblemCode::ReadFailed, Some(1))]);
}

#[test]
fn dates_of_both_systems() {
    let workbook =
        |system: &str| format!(r#"<workbook><workbookPr {system}/><sheets><sheet name="A" r:id="rId1"/></sheets></workbook>"#);
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\-mm\-dd\ hh:mm"/></numFmts><cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#;
    let relations = RELATIONS
        .1
        .replace("</Relationships>", r#"<Relationship Id="s" Type="http://x/styles" Target="styles.xml"/></Relationships>"#);
    let sheet = r#"<worksheet><sheetData><row><c s="1"><v>24107</v></c><c s="2"><v>24107.5</v></c><c s="0"><v>24107</v></c><c t="d"><v>1980-01-02T00:00:00</v></c></row></sheetData></worksheet>"#;
    for (system, expected) in [
        ("", ["1965-12-31", "1965-12-31 12:00:00", "24107", "1980-01-02"]),
        (r#"date1904="1""#, ["1970-01-01", "1970-01-01 12:00:00", "24107", "1980-01-02"]),
    ] {
        let workbook = workbook(system);
        let content = package(&[
            TYPES,
            ("xl/workbook.xml", &workbook),
            (RELATIONS.0, &relations),
            ("xl/styles.xml", styles),
            ("xl/worksheets/sheet1.xml", sheet),
        ]);
        assert_eq!(rows(open_bytes(&content).unwrap().as_ref(), 0), [row(&expected)]);
    }
}

#[test]
fn what_breaks_off_keeps_its_rows() {
    let row_of = |text: &str| format!(r#"<row><c t="str"><v>{text}</v></c><c><v>1</v></c></row>"#);
    for (end, code) in [
        ("<row><c t=\"str\"><v>Bob</v></c", ProblemCode::CutShort),
        ("<row><c></row>", ProblemCode::ReadFailed),
        ("<row><c><v>&x;</v></c></row>", ProblemCode::ReadFailed),
        ("<row><c r=\"?\"><v>1</v></c></row>", ProblemCode::ReadFailed),
    ] {
        let content = sheet(&format!("<worksheet><sheetData>{}{}{end}", row_of("Ann"), row_of("Cid")));
        let session = open_bytes(&content).unwrap();
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!(sink.rows[..2], [row(&["Ann", "1"]), row(&["Cid", "1"])], "{end}");
        let found = codes(&report.problems);
        assert!(
            matches!(found.as_slice(), [(ProblemCode::CutShort | ProblemCode::ReadFailed, None)]),
            "{end} {code:?} {found:?}"
        );
    }
}

#[test]
fn a_sheet_without_its_part_is_a_problem() {
    let content = package(&[TYPES, WORKBOOK, RELATIONS]);
    let session = open_bytes(&content).unwrap();
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::ReadFailed, None)]);
}

#[test]
fn a_part_that_no_sheet_names_is_read_too() {
    let lost = "<worksheet><sheetData><row><c><v>7</v></c></row></sheetData></worksheet>";
    let content = sheet_with("", &[("xl/worksheets/sheet9.xml", lost)]);
    let session = open_bytes(&content).unwrap();
    assert_eq!(session.inventory().objects[0].name, "xl/worksheets/sheet9.xml");
    assert_eq!(rows(session.as_ref(), 0), [row(&["7"])]);
}

#[test]
fn copies_of_rows_elsewhere_are_read_or_named() {
    let external = r#"<externalLink><externalBook><sheetDataSet><sheetData sheetId="0"><row r="1"><cell r="A1" t="str"><v>Ann</v></cell><cell r="B1"><v>1980</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>"#;
    let definition = r#"<pivotCacheDefinition r:id="rId1"><cacheFields count="3"><cacheField name="name"><sharedItems><s v="Ann"/><m/><s v="Bob"/></sharedItems></cacheField><cacheField name="born"><sharedItems/></cacheField><cacheField name="group" databaseField="0"><fieldGroup><groupItems><s v="x"/></groupItems></fieldGroup></cacheField></cacheFields></pivotCacheDefinition>"#;
    let to_records = r#"<Relationships><Relationship Id="rId1" Type="http://x/pivotCacheRecords" Target="pivotCacheRecords1.xml"/></Relationships>"#;
    let records = r#"<pivotCacheRecords><r><x v="0"/><d v="1980-01-02T00:00:00"/></r><r><x v="1"/><n v="3"/></r><r><x v="2"/><m/></r></pivotCacheRecords>"#;
    let comments = "<comments><authors><author>Eve</author></authors><commentList><comment><text><r><t>Call </t></r><r><t>Ann</t></r></text></comment></commentList></comments>";
    let drawing = "<wsDr><anchor><from><col>3</col></from><sp><txBody><p><r><t>Bob</t></r></p><p><r><t>1981</t></r></p></txBody></sp></anchor></wsDr>";
    let content = sheet_with(
        "<row><c><v>1</v></c></row>",
        &[
            ("xl/externalLinks/externalLink1.xml", external),
            ("xl/pivotCache/pivotCacheDefinition1.xml", definition),
            ("xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels", to_records),
            ("xl/pivotCache/pivotCacheRecords1.xml", records),
            ("xl/comments1.xml", comments),
            ("xl/drawings/drawing1.xml", drawing),
            ("xl/model/item.data", "x"),
            ("xl/embeddings/a.bin", "x"),
            ("xl/embeddings/b.bin", "x"),
            ("customXml/item1.xml", r#"<a xmlns="x"><b c="Dot">1982</b></a>"#),
        ],
    );
    let session = open_bytes(&content).unwrap();
    let read = |name: &str| {
        let found = session.inventory().objects.iter().position(|object| object.name == name).expect(name);
        rows(session.as_ref(), found)
    };
    assert_eq!(read("xl/externalLinks/externalLink1.xml"), [row(&["Ann", "1980"])]);
    assert_eq!(read("xl/pivotCache/pivotCacheDefinition1.xml"), [row(&["Ann", "1980-01-02"]), row(&["-", "3"]), row(&["Bob"])]);
    assert_eq!(read("(comments)"), [row(&["Call Ann"])]);
    assert_eq!(read("(text boxes)"), [row(&["Bob\n1981"])]);
    assert_eq!(read("(custom XML)"), [row(&["Dot 1982"])]);
    let problems: Vec<_> = session.inventory().problems.iter().map(|problem| problem.detail.as_str()).collect();
    assert!(problems.iter().any(|detail| detail.contains("data model")), "{problems:?}");
    assert!(problems.iter().any(|detail| detail.contains("embedded objects (2 parts)")), "{problems:?}");
    assert_eq!(problems.len(), 2);
}

#[test]
fn comments_of_a_writer_are_read() {
    let mut workbook = people();
    let sheet = workbook.worksheet_from_index(0).unwrap();
    sheet.insert_note(3, 3, &Note::new("moved to York").add_author_prefix(false)).unwrap();
    let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(session.inventory().objects[1].name, "(comments)");
    assert_eq!(rows(session.as_ref(), 1), [row(&["moved to York"])]);
    assert_eq!(session.inventory().problems, []);
}

#[test]
fn a_second_header_of_another_table_is_told() {
    let row_of = |cells: [&str; 3]| {
        let cells: String = cells.iter().map(|cell| format!(r#"<c t="str"><v>{cell}</v></c>"#)).collect();
        format!("<row>{cells}</row>")
    };
    let table = |second: [&str; 3]| {
        let rows = [["name", "town", "born"], ["Ann", "Leeds", "1980"], second, ["Bob", "York", "1981"]];
        let session = open_bytes(&sheet(&rows.map(row_of).concat())).unwrap();
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!(sink.rows.len(), 3);
        codes(&report.problems)
    };
    assert_eq!(table(["name", "town", "born"]), []);
    assert_eq!(table(["id", "name", "phone"]), [(ProblemCode::DoubtfulHeader, Some(1))]);
}

#[test]
fn other_documents_are_told_apart() {
    let cancel = Cancel::default();
    let office = |content: &[u8]| office(&opened(content), &cancel);
    assert_eq!(office(&sheet("")), Office::Workbook);
    assert_eq!(office(&package(&[TYPES, ("word/document.xml", "<a/>")])), Office::Other("a Word document"));
    assert_eq!(office(&package(&[("a.csv", "a,b")])), Office::No);
    assert_eq!(office(b"PK\x03\x04zzzz"), Office::No);
    assert_eq!(office(b"a,b\n"), Office::No);
}

#[test]
fn stops_when_told_to() {
    let content = people().save_to_buffer().unwrap();
    let session = open_bytes(&content).unwrap();
    let split = &session.splits(0, 4, &Cancel::default()).unwrap()[0];
    let cancel = Cancel::default();
    cancel.cancel();
    assert_eq!(session.read(split, &mut Collect::default(), &cancel), Err(ReadError::Cancelled));
    let mut sink = Collect { limit: Some(1), ..Collect::default() };
    assert!(matches!(session.read(split, &mut sink, &Cancel::default()), Err(ReadError::Stopped(_))));
}

#[test]
fn agrees_with_calamine() {
    use calamine::Reader;
    let content = people().save_to_buffer().unwrap();
    let mut oracle = calamine::Xlsx::new(Cursor::new(&content)).unwrap();
    let range = oracle.worksheet_range("People").unwrap();
    let session = open_bytes(&content).unwrap();
    let ours = rows(session.as_ref(), 0);
    for (row, theirs) in ours.iter().zip(range.rows().skip(1)) {
        for (cell, theirs) in row.iter().zip(theirs) {
            let theirs = match theirs {
                calamine::Data::DateTime(moment) => moment.as_f64().to_string(),
                other => other.to_string(),
            };
            let cell = cell.clone().unwrap_or_default();
            assert!(cell == theirs || cell.starts_with("1980-01-1"), "a cell differs");
        }
    }
    assert_eq!(ours.len() + 1, range.rows().len());
}

fn by_name(session: &dyn Session, name: &str) -> usize {
    session.inventory().objects.iter().position(|object| object.name == name).expect(name)
}

/// The people of the workbooks in `testdata/sources`, as each of them has to read.
fn foreign_people() -> Vec<Row> {
    vec![
        row(&["Ann Lee", "447700900123", "1980-01-12", "1.5", "true", "007", "1 High St\nLeeds"]),
        row(&["Bób Hill", "447700900456", "1981-02-13", "-0.25", "false", "0042", "2 Low Rd, York"]),
        row(&["Cid Moor", "447700900789", "1982-03-14 15:30:00", "1000000000000000000000", "true", "x", "2 Low Rd, York"]),
    ]
}

#[test]
fn workbooks_of_other_writers_read_alike() {
    let xlsx: &[u8] = include_bytes!("../../../testdata/sources/openpyxl.xlsx");
    let xls: &[u8] = include_bytes!("../../../testdata/sources/xlwt.xls");
    let ods: &[u8] = include_bytes!("../../../testdata/sources/odfpy.ods");
    for content in [xlsx, xls, ods] {
        assert_eq!(office(&opened(content), &Cancel::default()), Office::Workbook);
        let session = open_bytes(content).unwrap();
        let format = session.identity().facts.last().unwrap().1.clone();
        assert_eq!(session.inventory().problems, [], "{format}");
        let people = by_name(session.as_ref(), "People");
        assert_eq!(
            names(session.as_ref(), people)[..7],
            ["name", "phone", "born", "score", "active", "code", "address"],
            "{format}"
        );
        let (sink, report) = read_all(session.as_ref(), people).unwrap();
        let cells = sink.rows.iter().map(|row| row[..7].to_vec());
        assert_eq!(cells.collect::<Vec<_>>(), foreign_people(), "{format}");
        assert_eq!(sink.locators[2], Locator::RowId(4), "{format}");
        let uncached = [(ProblemCode::Unsupported, Some(3))];
        assert_eq!(codes(&report.problems), if format == "xlsx" { &uncached[..] } else { &[] }, "{format}");
        let old = by_name(session.as_ref(), "Old");
        assert_eq!(detail(session.as_ref(), old, "sheet").as_deref(), Some("hidden"), "{format}");
        assert_eq!(rows(session.as_ref(), old)[0][0].as_deref(), Some("Dot Vale"), "{format}");
        assert!(!session.inventory().objects.iter().any(|object| object.name == "Empty"), "{format}");
    }
    let session = open_bytes(xlsx).unwrap();
    assert_eq!(rows(session.as_ref(), by_name(session.as_ref(), "(comments)")), [row(&["Ann moved"])]);
    let session = open_bytes(ods).unwrap();
    assert_eq!(rows(session.as_ref(), by_name(session.as_ref(), "(comments and text boxes)")), [row(&["moved"])]);
    let session = open_bytes(xls).unwrap();
    let long = rows(session.as_ref(), by_name(session.as_ref(), "Long"));
    assert_eq!(long, [row(&[&"e".repeat(5_000)]), row(&[&"ł".repeat(2_500)])]);
}

#[test]
fn cut_and_encrypted_old_workbooks_are_refused_or_told() {
    let xls = include_bytes!("../../../testdata/sources/xlwt.xls");
    // The record that follows the first one says that the rest is encrypted.
    let at = memchr::memmem::find(xls, b"\x09\x08\x10\0\0\x06").unwrap() + 20;
    let mut content = xls.to_vec();
    content[at] = 0x2f;
    content[at + 1] = 0;
    let problem = open_bytes(&content).err().unwrap();
    assert_eq!(problem.code, ProblemCode::Unsupported);
    assert!(problem.detail.contains("encrypted"));
}

fn ods(content: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content)];
    parts.extend(others);
    package(&parts)
}

const OPEN: &str = "<office:document-content><office:body><office:spreadsheet>";
const CLOSE: &str = "</office:spreadsheet></office:body></office:document-content>";

#[test]
fn open_document_cells_of_all_kinds() {
    let rows_of = r#"<table:table table:name="A"><table:table-row>
        <table:table-cell office:value-type="float" office:value="1.0E3"><text:p>1,000</text:p></table:table-cell>
        <table:table-cell office:value-type="percentage" office:value="0.5"/>
        <table:table-cell office:value-type="date" office:date-value="1980-01-02T00:00:00"/>
        <table:table-cell office:value-type="time" office:time-value="PT08H05M00S"/>
        <table:table-cell office:value-type="boolean" office:boolean-value="true"/>
        <table:table-cell office:value-type="string"><text:p>a<text:s text:c="2"/>b<text:span>c</text:span><text:tab/>&amp;</text:p><text:p>d</text:p></table:table-cell>
        <table:table-cell calcext:value-type="error" office:value-type="string" office:string-value=""><text:p>#N/A</text:p></table:table-cell>
        <table:table-cell table:formula="of:=1"/>
        <table:table-cell table:number-columns-repeated="16376"/></table:table-row>
        <table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="7"/></table:table-row>
        <table:table-row table:number-rows-repeated="1048572"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>"#;
    let session = open_bytes(&ods(&format!("{OPEN}{rows_of}{CLOSE}"), &[])).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows[0][..7], row(&["1000", "0.5", "1980-01-02", "08:05:00", "true", "a  bc\t&\nd", "-"]));
    assert_eq!(sink.rows[1..], [row(&["7", "7"]), row(&["7", "7"]), row(&["7", "7"])]);
    assert_eq!(codes(&report.problems), [(ProblemCode::Unsupported, Some(1))]);
}

#[test]
fn what_open_document_keeps_elsewhere_is_read_or_named() {
    let sheet = r#"<table:table table:name="A"><table:shapes><draw:frame><draw:text-box><text:p>Ann</text:p></draw:text-box></draw:frame></table:shapes>
        <table:table-row><table:table-cell office:value-type="string"><office:annotation><text:p>Bob</text:p></office:annotation><text:p>Cid</text:p></table:table-cell></table:table-row></table:table>"#;
    let changes = "<table:tracked-changes><table:cell-content-change/></table:tracked-changes>";
    let chart = format!("{OPEN}{}{CLOSE}", sheet.replace("Cid", "Dot"));
    let content = ods(
        &format!("{OPEN}{changes}{sheet}{CLOSE}"),
        &[("Object 1/content.xml", &chart), ("Object 2", "x"), ("Pictures/a.png", "x"), ("Versions/Version1", "x"), ("odd", "x")],
    );
    let session = open_bytes(&content).unwrap();
    let read = |name: &str| rows(session.as_ref(), by_name(session.as_ref(), name));
    assert_eq!(read("A"), [row(&["Cid"])]);
    assert_eq!(read("Object 1/A"), [row(&["Dot"])]);
    assert_eq!(read("(comments and text boxes)"), [row(&["Ann"]), row(&["Bob"])]);
    let details: Vec<_> = session.inventory().problems.iter().map(|problem| problem.detail.as_str()).collect();
    for words in ["changed and deleted", "embedded objects (1)", "earlier versions", "unknown kind (1)"] {
        assert!(details.iter().any(|detail| detail.contains(words)), "{words}: {details:?}");
    }
    assert_eq!(details.len(), 4);
}

#[test]
fn repeats_without_end_are_bounded() {
    let cell = r#"<table:table-cell office:value-type="float" office:value="7""#;
    let rows_of = format!(
        r#"<table:table table:name="A"><table:table-row>{cell}/></table:table-row><table:table-row table:number-rows-repeated="4000000000">{cell}/></table:table-row></table:table>"#
    );
    let session = open_bytes(&ods(&format!("{OPEN}{rows_of}{CLOSE}"), &[])).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows.len(), 1 << 20);
    assert_eq!(codes(&report.problems), [(ProblemCode::ReadFailed, None)]);
    let wide = format!(
        r#"<table:table table:name="A"><table:table-row>{cell} table:number-columns-repeated="99999999"/></table:table-row></table:table>"#
    );
    let session = open_bytes(&ods(&format!("{OPEN}{wide}{CLOSE}"), &[])).unwrap();
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::ReadFailed, None)]);
}

#[test]
fn encrypted_and_other_open_documents_are_told() {
    let manifest =
        "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let problem = open_bytes(&ods("\u{1}\u{2}", &[("META-INF/manifest.xml", manifest)])).err().unwrap();
    assert!(problem.detail.contains("encrypted"));
    let text = package(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<a/>")]);
    assert!(matches!(office(&opened(&text), &Cancel::default()), Office::Other(_)));
}

/// A record of a binary workbook.
fn record(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if kind < 0x80 {
        bytes.push(kind as u8);
    } else {
        bytes.extend([(kind & 0x7f) as u8 | 0x80, (kind >> 7) as u8]);
    }
    bytes.extend([(content.len() & 0x7f) as u8 | 0x80, (content.len() >> 7) as u8]);
    bytes.extend(content);
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = (units.len() as u32).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}

fn binary_workbook() -> Vec<u8> {
    let sheet = [vec![1, 0, 0, 0, 1, 0, 0, 0], wide("rId1"), wide("People")].concat();
    let workbook = [record(153, &[1, 0, 0, 0]), record(156, &sheet)].concat();
    let strings = [record(19, &[vec![0], wide("name")].concat()), record(19, &[vec![0], wide("born")].concat())].concat();
    let styles = [record(617, &[]), record(47, &[0, 0, 0, 0]), record(47, &[0, 0, 14, 0]), record(618, &[])].concat();
    let cell = |column: u32, style: u32, value: &[u8]| [&column.to_le_bytes(), &style.to_le_bytes(), value].concat();
    let cells = [
        record(0, &0_u32.to_le_bytes()),
        record(7, &cell(0, 0, &0_u32.to_le_bytes())),
        record(7, &cell(1, 0, &1_u32.to_le_bytes())),
        record(0, &1_u32.to_le_bytes()),
        record(6, &cell(0, 0, &wide("Ann"))),
        record(2, &cell(1, 1, &(24_107_u32 << 2 | 2).to_le_bytes())),
        record(0, &2_u32.to_le_bytes()),
        record(5, &cell(0, 0, &447_700_900_123.0_f64.to_le_bytes())),
        record(15, &[0, 0, 0, 0, 1]),
        record(176, &[2_u32, 2, 1, 1].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()),
    ]
    .concat();
    let relations = RELATIONS
        .1
        .replace("sheet1.xml", "sheet1.bin")
        .replace("sharedStrings.xml", "sharedStrings.bin")
        .replace("</Relationships>", r#"<Relationship Id="s" Type="http://x/styles" Target="styles.bin"/></Relationships>"#);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (TYPES.0, TYPES.1.as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/sharedStrings.bin", &strings),
        ("xl/styles.bin", &styles),
        ("xl/worksheets/sheet1.bin", &cells),
    ] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn binary_workbooks_read_as_others_do() {
    let session = open_bytes(&binary_workbook()).unwrap();
    assert_eq!(session.inventory().problems, []);
    assert_eq!(names(session.as_ref(), 0), ["name", "born"]);
    assert_eq!(detail(session.as_ref(), 0, "sheet").as_deref(), Some("hidden"));
    assert_eq!(rows(session.as_ref(), 0), [row(&["Ann", "1970-01-01"]), row(&["447700900123", "true"])]);
}

/// Reads all that can be read.
fn drain(content: &[u8]) {
    let Ok(session) = open_bytes(content) else { return };
    let cancel = Cancel::default();
    for object in 0..session.inventory().objects.len() {
        for split in session.splits(object, 2, &cancel).unwrap() {
            let _ = session.read(&split, &mut Collect::default(), &cancel);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_workbooks_are_read_or_refused(damage in prop::collection::vec((0_usize..1 << 16, any::<u8>()), 0..20), cut in 0_usize..1 << 16) {
        let xls = include_bytes!("../../../testdata/sources/xlwt.xls").to_vec();
        let ods = include_bytes!("../../../testdata/sources/odfpy.ods").to_vec();
        for mut content in [people().save_to_buffer().unwrap(), binary_workbook(), xls, ods] {
            let length = content.len();
            for (at, byte) in &damage {
                content[at % length] = *byte;
            }
            drain(&content);
            content.truncate(cut % length);
            drain(&content);
        }
    }

    #[test]
    fn damaged_sheets_are_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<row r=\"3\">", "</row>", "<row/>", "<c r=\"B3\" t=\"s\">", "<c t=\"inlineStr\" s=\"1\">", "<c r=\"ZZZ9\">", "</c>", "<v>", "</v>",
            "<is>", "<t>", "</t>", "</is>", "<f/>", "<rPh>", "</rPh>", "1e5", "x", "&amp;", "&#0;", "&", "<![CDATA[", "]]>", "<!--", "-->", "<c r=\"A3\"><v>3</v></c>",
            "<mergeCells><mergeCell ref=\"A1:C9\"/></mergeCells>", "<mergeCell ref=\"x\">", "<cell r=\"A1\">", "<value>", "<val>2",
        ]), 0..40),
    ) {
        let content = sheet_with(&format!("<worksheet>{}", pieces.concat()), &[("xl/sharedStrings.xml", "<sst><si><t>a</t></si></sst>")]);
        drain(&content);
    }
}

/// Keeps no row.
struct Nothing;

impl Sink for Nothing {
    fn take(&mut self, batch: crate::source::RowBatch) -> Result<crate::source::RowBatch, crate::source::Stopped> {
        Ok(batch)
    }
}

/// The rows of the table of texts that no cell shows, in columns of one name.
fn outside(session: &dyn Session, column: &str) -> Vec<String> {
    let objects = &session.inventory().objects;
    let found = objects.iter().position(|object| object.columns.len() == 1 && object.columns[0].name == column);
    found.map_or_else(Vec::new, |object| rows(session, object).into_iter().flatten().flatten().collect())
}

#[test]
fn texts_that_no_cell_shows_are_read() {
    let sheet = r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><f>HYPERLINK("mailto:f@example.com","x")</f><v>1</v></c></row></sheetData>
        <autoFilter ref="A1:A2"><filterColumn colId="0"><filters><filter val="g@example.com"/></filters></filterColumn></autoFilter>
        <dataValidations><dataValidation type="list" prompt="ask h@example.com"><formula1>"yes,no"</formula1></dataValidation></dataValidations>
        <hyperlinks><hyperlink ref="A1" r:id="rId1" tooltip="i@example.com"/></hyperlinks><headerFooter><oddHeader>&amp;Cj@example.com, x</oddHeader></headerFooter><!-- k@example.com --></worksheet>"#;
    let links = r#"<Relationships><Relationship Id="rId1" Type="http://x/hyperlink" Target="mailto:l@example.com?subject=Hello" TargetMode="External"/></Relationships>"#;
    let core =
        "<cp:coreProperties><dc:creator>own@example.com</dc:creator><dc:title>m@example.com</dc:title></cp:coreProperties>";
    let content = sheet_with(
        sheet,
        &[
            ("xl/sharedStrings.xml", "<sst><si><t>a@example.com</t></si><si><t>n@example.com</t></si></sst>"),
            ("xl/worksheets/_rels/sheet1.xml.rels", links),
            ("docProps/core.xml", core),
            ("xl/tables/table1.xml", r#"<table name="T" comment="for o@example.com"/>"#),
        ],
    );
    let session =
        open(opened(&content), &Options { is_value: Some(|text| text.contains('@')), ..options() }, &Cancel::default()).unwrap();
    let addresses = ["f", "g", "i", "k", "l", "m", "n"].map(|name| format!("{name}@example.com"));
    assert_eq!(outside(session.as_ref(), "email"), addresses);
    assert_eq!(outside(session.as_ref(), "text"), ["&Cj@example.com, x", "ask h@example.com", "for o@example.com"]);
    assert_eq!(session.inventory().problems, []);
}

#[test]
fn an_ordinary_workbook_is_its_sheets_alone() {
    let mut workbook = people();
    workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_title("Customers of May").set_author("a@example.com"));
    let sheet = workbook.worksheet_from_index(0).unwrap();
    sheet.autofilter(0, 0, 2, 6).unwrap();
    let list = rust_xlsxwriter::DataValidation::new().allow_list_strings(&["yes", "no"]).unwrap();
    sheet.add_data_validation(1, 7, 9, 7, &list).unwrap();
    sheet.add_table(4, 0, 6, 2, &rust_xlsxwriter::Table::new()).unwrap();
    sheet.set_header("&CCustomers");
    workbook.define_name("Rate", "=0.96").unwrap();
    let session = open_bytes(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(session.inventory().objects.len(), 1);
    assert_eq!(session.inventory().problems, []);
    for content in
        [&include_bytes!("../../../testdata/sources/xlwt.xls")[..], include_bytes!("../../../testdata/sources/odfpy.ods")]
    {
        let session = open_bytes(content).unwrap();
        assert!(outside(session.as_ref(), "email").is_empty() && session.inventory().problems.is_empty());
        let without_rows =
            (0..session.inventory().objects.len()).filter(|object| rows(session.as_ref(), *object).is_empty()).count();
        assert_eq!(without_rows, 0);
    }
}

#[test]
fn texts_outside_of_open_document_cells_are_read() {
    let body = r#"<table:content-validations><table:content-validation table:condition="of:cell-content-is-in-list(&quot;a@example.com&quot;)"/></table:content-validations>
        <table:table table:name="A"><table:table-row><table:table-cell office:value-type="string" table:formula="of:=&quot;b@example.com&quot;"><text:p><text:a xlink:href="mailto:c@example.com">x</text:a> d@example.com</text:p></table:table-cell></table:table-row></table:table>"#;
    let meta =
        "<office:meta><dc:creator>own@example.com</dc:creator><dc:description>e@example.com</dc:description></office:meta>";
    let session = open_bytes(&ods(&format!("{OPEN}{body}{CLOSE}"), &[("meta.xml", meta)])).unwrap();
    assert_eq!(outside(session.as_ref(), "email"), ["a", "b", "c", "e"].map(|name| format!("{name}@example.com")));
}

#[test]
fn bytes_of_no_part_are_told() {
    let content = people().save_to_buffer().unwrap();
    assert_eq!(open_bytes(&content).unwrap().inventory().problems, []);
    let mut commented = zip::ZipWriter::new_append(Cursor::new(content.clone())).unwrap();
    commented.set_comment("Ann Lee").unwrap();
    let xls = include_bytes!("../../../testdata/sources/xlwt.xls");
    for content in
        [[&content[..], b"Ann Lee"].concat(), commented.finish().unwrap().into_inner(), [&xls[..], b"Ann Lee"].concat()]
    {
        let session = open_bytes(&content).unwrap();
        assert_eq!(codes(&session.inventory().problems), [(ProblemCode::UnknownFormat, None)]);
    }
}

#[test]
fn cells_that_are_repeated_too_often_end_a_sheet() {
    let cells = r#"<table:table table:name="A"><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="7"/></table:table-row></table:table>"#;
    let session = open_bytes(&ods(&format!("{OPEN}{cells}{CLOSE}"), &[])).unwrap();
    let problems =
        session.read(&session.splits(0, 1, &Cancel::default()).unwrap()[0], &mut Nothing, &Cancel::default()).unwrap().problems;
    assert!(problems.iter().any(|problem| problem.code == ProblemCode::BeyondLimit), "{problems:?}");
}
