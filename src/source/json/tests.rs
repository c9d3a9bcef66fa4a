//! What JSON files become.

use super::*;
use crate::source::testing::Collect;
use crate::source::testing::codes;
use proptest::prelude::*;
use std::io::Write;

fn try_open(content: &[u8]) -> Result<JsonSession, ReadError> {
    let names = |text: &str| {
        let known = ["name", "first_name", "born", "postcode", "street", "First Name", "mother name", "father name"];
        known.contains(&text)
    };
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(content).unwrap();
    JsonSession::open(OpenedFile::unnamed("t.json", copy).unwrap(), Some(names), &Cancel::default())
}

fn open_bytes(content: impl AsRef<[u8]>) -> JsonSession {
    try_open(content.as_ref()).unwrap()
}

/// All that was read of an object.
struct Read {
    name: String,
    columns: Vec<String>,
    /// Each row as `column=cell`, without what is NULL.
    rows: Vec<String>,
    locators: Vec<Locator>,
    problems: Vec<Problem>,
}

fn read(session: &JsonSession, object: usize, wanted: usize) -> Read {
    let cancel = Cancel::default();
    let about = &session.inventory().objects[object];
    let columns: Vec<_> = about.columns.iter().map(|column| column.name.clone()).collect();
    let mut report = SplitReport::default();
    let (mut rows, mut locators) = (Vec::new(), Vec::new());
    for split in session.splits(object, wanted, &cancel).unwrap() {
        let mut sink = Collect::default();
        report.absorb(session.read(&split, &mut sink, &cancel).unwrap());
        for row in sink.rows {
            assert!(row.len() <= columns.len());
            let cells = columns.iter().zip(row).filter_map(|(name, cell)| Some(format!("{name}={}", cell?)));
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
        locators.extend(sink.locators);
    }
    assert_eq!(report.rows, rows.len() as u64);
    Read { name: about.name.clone(), columns, rows, locators, problems: report.problems }
}

/// The rows of a file that is one object, where nothing is wrong with it.
fn rows(content: impl AsRef<[u8]>) -> Vec<String> {
    let session = open_bytes(content);
    assert_eq!(session.inventory().problems, []);
    assert_eq!(session.inventory().objects.len(), 1);
    let read = read(&session, 0, 1);
    assert_eq!(read.problems, []);
    read.rows
}

#[test]
fn records_may_follow_one_another_in_every_way() {
    let expected = ["a=1 b=x", "a=2 b=y"];
    for content in [
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n",
        "\u{feff}{\"a\":1,\"b\":\"x\"}\r\n\r\n{\"a\":2,\"b\":\"y\"}",
        "\u{1e}{\"a\":1,\"b\":\"x\"}\n\u{1e}{\"a\":2,\"b\":\"y\"}\n",
        "{\"a\":1,\"b\":\"x\"}{\"a\":2,\"b\":\"y\"}",
        "{\n \"a\": 1,\n \"b\": \"x\"\n}\n{\n \"a\": 2,\n \"b\": \"y\"\n}\n",
        "[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"}]",
        "[\n{\"a\":1,\"b\":\"x\"},\n{\"a\":2,\"b\":\"y\"}\n]\n",
        "[{\"a\":1,\"b\":\"x\"}]\n[{\"a\":2,\"b\":\"y\"}]\n",
        "{\"data\":{\"rows\":[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"}]}}",
        "{\"a\":1,\"b\":\"x\"} {\"a\":2,\"b\":\"y\"}\n{}",
    ] {
        let mut read = rows(content);
        read.retain(|row| !row.is_empty());
        assert_eq!(read, expected, "{content}");
    }
}

#[test]
fn paths_are_columns_and_lists_are_rows() {
    let content = r#"{"name":"Ann","address":{"postcode":"LS1","town":null},"children":[{"dob":"1980"},{"dob":"1981"}],"tags":[]}
{"name":"Bob","address":"1 High St","children":null,"late":true}"#;
    let session = open_bytes(content);
    let read = read(&session, 0, 1);
    assert_eq!(read.columns, ["name", "address", "address.postcode", "address.town", "children.dob", "late"]);
    assert_eq!(
        read.rows,
        [
            "name=Ann address.postcode=LS1 children.dob=1980",
            "name=Ann address.postcode=LS1 children.dob=1981",
            "name=Bob address=1 High St late=true",
        ]
    );
    let second = content.find('\n').unwrap() as u64 + 1;
    assert_eq!(read.locators, [0, 0, second].map(Locator::ByteOffset));
}

#[test]
fn several_lists_are_combined() {
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Lee","given":["Ann","Mae"]}],
        "telecom":[{"value":"1"},{"value":"2"}],"address":[{"postalCode":"LS1"},{"postalCode":"LS2"}]}"#;
    let rows = rows(patient);
    assert_eq!(rows.len(), 8);
    assert_eq!(rows[0], "resourceType=Patient name.family=Lee name.given=Ann telecom.value=1 address.postalCode=LS1");
    assert_eq!(rows[7], "resourceType=Patient name.family=Lee name.given=Mae telecom.value=2 address.postalCode=LS2");
    assert_eq!(rows.iter().collect::<HashSet<_>>().len(), 8);
}

#[test]
fn too_many_combinations_are_told_and_every_value_is_kept() {
    let list = |letter: &str| (0..70).map(|number| format!("\"{letter}{number}\"")).collect::<Vec<_>>().join(",");
    let content = format!("{{\"n\":1,\"a\":[{}],\"b\":[{}]}}\n{{\"n\":2}}\n", list("a"), list("b"));
    let read = read(&open_bytes(&content), 0, 1);
    assert_eq!(read.rows.len(), 141);
    assert_eq!((read.rows[0].as_str(), read.rows[139].as_str()), ("n=1 a=a0", "n=1 b=b69"));
    assert_eq!(codes(&read.problems), [(ProblemCode::RowTooLong, Some(1))]);

    let one = (0..10_000).map(|number| format!("{{\"v\":\"{number}\"}}")).collect::<Vec<_>>().join(",");
    let rows = rows(format!("{{\"n\":1,\"a\":[{one}],\"c\":[\"x\"]}}\n{{\"n\":2}}\n"));
    assert_eq!(rows.len(), 10_001);
    assert_eq!(rows[9_999], "n=1 a.v=9999 c=x");
}

#[test]
fn a_large_value_is_not_repeated_without_end() {
    let content = format!("{{\"n\":\"{}\",\"a\":[{}]}}\n{{\"n\":2}}\n", "x".repeat(1 << 20), vec!["\"y\""; 3_000].join(","));
    let read = read(&open_bytes(&content), 0, 1);
    assert_eq!(read.rows.len(), 3_001);
    assert_eq!(read.rows[1], "a=y");
    assert_eq!(codes(&read.problems), [(ProblemCode::RowTooLong, Some(1))]);
}

#[test]
fn a_name_that_stands_twice_keeps_both_values() {
    assert_eq!(rows("{\"email\":1,\"x\":0,\"email\":2}\n{\"email\":3}\n"), ["email=1 x=0", "email=2 x=0", "email=3"]);
    assert_eq!(rows("{\"a\":{\"b\":1},\"a\":\"t\",\"c\":[1,2]}\n{}\n"), ["a.b=1 c=1", "a.b=1 c=2", "a=t c=1", "a=t c=2", ""]);
    assert_eq!(rows("{\"a\":{\"$oid\":\"1\"},\"a\":\"2\"}\n{}\n"), ["a=1", "a=2", ""]);
}

#[test]
fn long_lists_of_numbers_are_one_cell() {
    let numbers = (0..17).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let content = format!(
        "{{\"v\":[{numbers}],\"w\":[1,2]}}\n{{\"v\":[1.5,2]}}\n{{\"v\":[[[0,1],[2,3.25]]]}}\n{{\"v\":[[1,2],[\"3\"]]}}\n"
    );
    assert_eq!(
        rows(content),
        [
            format!("v=[{numbers}] w=1").as_str(),
            &format!("v=[{numbers}] w=2"),
            "v=[1.5,2]",
            "v=[[[0,1],[2,3.25]]]",
            "v=1",
            "v=2",
            "v=3"
        ]
    );
}

#[test]
fn numbers_stay_as_they_are_written() {
    let long = "7".repeat(1_000);
    let content = format!("{{\"a\":{long},\"b\":1980.0,\"c\":4.477e11,\"d\":12.50,\"e\":-0.0,\"f\":1e999}}\n{{}}\n");
    assert_eq!(rows(content)[0], format!("a={long} b=1980 c=447700000000 d=12.50 e=0 f=1e999"));
}

#[test]
fn values_of_databases_are_plain() {
    let content = r#"{"_id":{"$oid":"5f"},"born":{"$date":"1980-01-02T00:00:00Z"},"seen":{"$date":{"$numberLong":"315619200000"}},"n":{"$numberLong":"44"},"d":{"$numberDouble":"1980.0"},"x":{"$date":315619200000}}
{"_index":"i","_source":{"name":"Ann"}}"#;
    assert_eq!(
        rows(content),
        [
            "_id=5f born=1980-01-02T00:00:00Z seen=1980-01-02T00:00:00Z n=44 d=1980 x=1980-01-02T00:00:00Z",
            "_index=i _source.name=Ann"
        ]
    );
    let geo = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":{"type":"Point","coordinates":[-1.5,53.8]},"properties":{"name":"Ann"}},
        {"type":"Feature","geometry":null,"properties":{"name":"Bob"}}]}"#;
    let geo = rows(geo);
    assert_eq!(geo.len(), 2);
    assert!(geo[0].ends_with("features.geometry.coordinates=[-1.5,53.8] features.properties.name=Ann"), "{geo:?}");
}

#[test]
fn texts_that_are_objects_are_taken_apart() {
    let inner = r#"{\"email\":\"a@b\",\"more\":\"{\\\"x\\\":1}\"}"#;
    let content =
        format!("{{\"p\":\"{inner}\",\"q\":\"[{{\\\"z\\\":1}},{{\\\"z\\\":2}}]\",\"r\":\"{{not}}\",\"s\":\"[1]\"}}\n{{}}\n");
    assert_eq!(rows(content)[..2], ["p.email=a@b p.more.x=1 q.z=1 r={not} s=[1]", "p.email=a@b p.more.x=1 q.z=2 r={not} s=[1]"]);
}

#[test]
fn a_document_has_an_object_for_each_list_and_one_for_the_rest() {
    let customers =
        (0..40).map(|number| format!("{{\"name\":\"n{number}\",\"tags\":[\"x\",\"y\"]}}")).collect::<Vec<_>>().join(", ");
    let content = format!(
        r#"{{"meta": {{"made":"today","by":["a","b"]}}, "data": {{"customers": [ {customers} ], "orders": [{{"id":1}}], "none": []}}}}"#
    );
    let session = open_bytes(&content);
    assert_eq!(session.inventory().problems, []);
    let all: Vec<_> = (0..3).map(|object| read(&session, object, 1)).collect();
    let names: Vec<_> = all.iter().map(|read| read.name.as_str()).collect();
    assert_eq!(names, ["t.json", "data.customers", "data.orders"]);
    assert_eq!(all[0].rows, ["meta.made=today meta.by=a", "meta.made=today meta.by=b"]);
    assert_eq!((all[1].rows.len(), all[1].rows[79].as_str()), (80, "name=n39 tags=y"));
    assert_eq!(all[2].rows, ["id=1"]);
    let place = content.find("{\"name\":\"n1\"").unwrap() as u64;
    assert_eq!(all[1].locators[2], Locator::ByteOffset(place));
    assert_eq!(session.inventory().objects.len(), 3);
}

#[test]
fn a_document_that_is_one_record_stays_one() {
    let content = r#"{"patient":{"name":"Ann","born":"1980"},"addresses":[{"postcode":"LS1"},{"postcode":"LS2"}]}"#;
    let expected = ["LS1", "LS2"].map(|postcode| format!("patient.name=Ann patient.born=1980 addresses.postcode={postcode}"));
    assert_eq!(rows(content), expected);
    let many = vec![r#"{"at":"x"}"#; 17].join(",");
    let session = open_bytes(format!(r#"{{"name":"Ann","calls":[{many}],"tags":["a"]}}"#));
    assert_eq!(read(&session, 0, 1).rows, ["name=Ann tags=a"]);
    assert_eq!(read(&session, 1, 1).rows.len(), 17);
}

#[test]
fn names_that_are_data_are_a_column() {
    let users = (0..30)
        .map(|number| format!("\"-N{number}\": {{\"name\":\"n{number}\",\"at\":{{\"x\":1}}}}"))
        .collect::<Vec<_>>()
        .join(",\n");
    let content = format!("{{\"users\": {{{users}, \"odd\": 7}}, \"version\": 3}}");
    let session = open_bytes(&content);
    assert_eq!(session.inventory().problems, []);
    let (rest, users) = (read(&session, 0, 1), read(&session, 1, 4));
    assert_eq!(rest.rows, ["version=3"]);
    assert_eq!(users.name, "users");
    assert_eq!(users.columns, ["_key", "name", "at.x", "value"]);
    assert_eq!((users.rows[0].as_str(), users.rows[30].as_str()), ("_key=-N0 name=n0 at.x=1", "_key=odd value=7"));
}

#[test]
fn names_that_read_as_data_are_no_names_however_few() {
    let session = open_bytes(r#"{"ann@example.com": {"name": "Ann", "born": "1980"}, "bob@example.com": {"name": "Bob"}}"#);
    let people = read(&session, 0, 1);
    assert_eq!(people.columns, ["_key", "name", "born"]);
    assert_eq!(people.rows, ["_key=ann@example.com name=Ann born=1980", "_key=bob@example.com name=Bob"]);
    // Within records too, beside what the record holds.
    let lines = "{\"shop\":1,\"by\":{\"LS1 4AP\":{\"name\":\"Ann\"},\"Bob Hill\":{\"name\":\"Bob\"}}}\n{\"2017-05-01\":\"Cid\",\"First Name\":\"Dot\"}";
    let session = open_bytes(lines);
    let table = read(&session, 0, 1);
    assert_eq!(table.columns, ["shop", "by.*._key", "by.*.name", "*._key", "*.value", "First Name"]);
    assert_eq!(
        table.rows,
        [
            "shop=1 by.*._key=LS1 4AP by.*.name=Ann",
            "shop=1 by.*._key=Bob Hill by.*.name=Bob",
            "*._key=2017-05-01 *.value=Cid First Name=Dot"
        ]
    );
    for name in ["address_line_1", "First Name", "iso3166", "a b", "IP"] {
        assert_ne!(parse::likelihood(name), Some(parse::Likelihood::Plain), "{name}");
    }
}

#[test]
fn records_of_one_shape_are_named_by_data() {
    let one = r#"{"Lee":{"first_name":"Ann","postcode":"LS1"},"Hill":{"first_name":"Bob","postcode":"YO1","x":1}}"#;
    let expected = ["*._key=Lee *.first_name=Ann *.postcode=LS1", "*._key=Hill *.first_name=Bob *.postcode=YO1 *.x=1"];
    assert_eq!(rows(one), expected);
    // Within a record, beside what it holds.
    let within = format!("{{\"club\":1,\"of\":{one}}}\n{{\"club\":2}}\n");
    let of = |row: &str| format!("club=1 {}", row.replace('*', "of.*"));
    assert_eq!(rows(within), [of(expected[0]), of(expected[1]), "club=2".to_owned()]);
    // Where each has a long list, it is no table called after somebody.
    let calls = vec![r#"{"at":"x"}"#; 20].join(",");
    let person = |name: &str| format!("\"{name}\":{{\"first_name\":\"n\",\"postcode\":\"p\",\"calls\":[{calls}]}}");
    let session = open_bytes(format!("{{{},{}}}", person("Lee"), person("Hill")));
    let read = read(&session, 0, 1);
    assert_eq!((session.inventory().objects.len(), read.name.as_str(), read.rows.len()), (1, "t.json", 40));
    assert_eq!(read.columns, ["_key", "first_name", "postcode", "calls.at"]);
}

#[test]
fn names_of_records_that_may_be_names_of_columns_are_both() {
    let home = |name: &str, number: u8| format!("\"{name}\":{{\"street\":\"s{number}\",\"postcode\":\"p{number}\"}}");
    let two = format!("{{\"name\":\"Ann\",{},{}}}", home("home", 1), home("work", 2));
    assert_eq!(rows(two), ["name=Ann home.street=s1 home.postcode=p1 work.street=s2 work.postcode=p2"]);
    let three = rows(format!("{{\"name\":\"Ann\",{},{},{}}}", home("lee", 1), home("hill", 2), home("dell", 3)));
    assert_eq!(three.len(), 3);
    for (row, (key, number)) in three.iter().zip([("lee", 1), ("hill", 2), ("dell", 3)]) {
        assert!(row.starts_with("name=Ann ") && row.contains("hill.postcode=p2"), "{row}");
        assert!(row.contains(&format!("*._key={key} *.street=s{number} *.postcode=p{number}")), "{row}");
    }
    // Whose they are is told, and what is known for a column's name stays one.
    let parents = r#"{"mother":{"name":"Ann","born":"1"},"father":{"name":"Bob","born":"2"},"Hill":{"name":"Cid","born":"3"}}"#;
    assert_eq!(rows(parents), ["mother.name=Ann mother.born=1 father.name=Bob father.born=2 Hill.name=Cid Hill.born=3"]);
    let typed = r#"{"name":{"S":"Ann"},"postcode":{"S":"LS1"},"Note":{"S":"x"}}"#;
    assert_eq!(rows(typed), ["name.S=Ann postcode.S=LS1 Note.S=x"]);
    let parts = r#"{"Lee":{"name":"Ann","born":"1"},"Note":{"text":"x"},"Home":{"street":"s"}}"#;
    assert_eq!(rows(parts), ["Lee.name=Ann Lee.born=1 Note.text=x Home.street=s"]);
}

#[test]
fn values_of_people_are_rows() {
    assert_eq!(rows(r#"{"Ann Lee":"LS1","Bob Hill":2}"#), ["*._key=Ann Lee *.value=LS1", "*._key=Bob Hill *.value=2"]);
    assert_eq!(rows(r#"{"day":1,"Ann Lee":"LS1"}"#), ["day=1 *._key=Ann Lee *.value=LS1"]);
    let record = r#"{"First Name":"Ann","Job Title":"x","Total Sales":1,"Lorem Ipsum":2}"#;
    assert_eq!(rows(record), ["First Name=Ann Job Title=x Total Sales=1 Lorem Ipsum=2"]);
}

#[test]
fn lines_of_lists_and_scalars_are_rows() {
    assert_eq!(rows("[\"Ann\",1980]\n[\"Bob\",{\"y\":1981}]\n"), ["column_1=Ann column_2=1980", "column_1=Bob column_2.y=1981"]);
    assert_eq!(rows("[\"a\",\"b\",null]"), ["column_1=a", "column_1=b", ""]);
    let session = open_bytes("[[\"Ann\",1980],[\"Bob\",1981]]");
    assert_eq!(read(&session, 0, 1).rows, ["column_1=Ann column_2=1980", "column_1=Bob column_2=1981"]);
    assert!(session.inventory().objects[0].details.contains(&("header".to_owned(), "no".to_owned())));
    assert_eq!(rows("{\"a\":1}\n\"x\"\n7\n"), ["a=1", "column_1=x", "column_1=7"]);
}

#[test]
fn damaged_lines_are_counted_and_the_others_read() {
    let content = b"{\"a\":1}\n{\"a\":2,}\n{\"a\":NaN}\n{'a':3}\n// no\n{\"a\":4}\n{\"a\":\"5\n{\"a\":6}{\"a\":7}\n{\"a\":8}\n{\"a\":9}\n{\"a\":1";
    let read = read(&open_bytes(content), 0, 1);
    assert_eq!(read.rows, ["a=1", "a=4", "a=6", "a=7", "a=8", "a=9"]);
    assert_eq!(codes(&read.problems), [(ProblemCode::ReadFailed, Some(5)), (ProblemCode::CutShort, Some(1))]);
    assert_eq!(read.problems[0].first, Some(8));
    assert!(!read.problems.iter().any(|problem| format!("{problem:?}").contains("NaN")));
}

#[test]
fn a_damaged_document_stands_up_to_the_damage() {
    let content = "[{\"a\":1},{\"a\":2},{\"a\":x},{\"a\":4}]";
    let session = open_bytes(content);
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::ReadFailed, None)]);
    assert_eq!(read(&session, 0, 1).rows, ["a=1", "a=2"]);

    let content = "{\"l\":[{\"a\":1},{\"a\":2},{\"a\":3";
    let session = open_bytes(content);
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::CutShort, None)]);
    assert_eq!(read(&session, 0, 1).rows, ["a=1", "a=2"]);

    let session = open_bytes("{\"l\":[{\"a\":1}] \"m\":[{\"a\":3}]}");
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::ReadFailed, None)]);
    assert_eq!(read(&session, 0, 1).rows, ["a=1"]);

    let session = open_bytes("{\"a\":1,\"l\":tru}");
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::ReadFailed, None)]);
    for content in ["{", "[", "{]", "[}", "{\"a\"", "{\"a\":}", "[1,]", "[,1]", "{\"a\":1,}", "{}}", "[1]]", "{\"a\":[1}", "[{]}"]
    {
        let session = open_bytes(content);
        assert!(!session.inventory().problems.is_empty(), "{content}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_read_and_told() {
    let content = b"{\"a\":\"Ren\xe9\",\"b\":\"x\"}\n{\"a\":\"\\ud83d\",\"b\":\"\xf0\x9f\x98\x80\"}\n{\"a\":\"\\ud83d\\ude00\",\"b\":\"tab\there\"}\n";
    let read = read(&open_bytes(content), 0, 1);
    assert_eq!(read.rows[0], "a=Ren\u{fffd} b=x");
    assert_eq!(read.rows[2], "a=\u{1f600} b=tab\there");
    assert_eq!(codes(&read.problems), [(ProblemCode::Undecodable, Some(2))]);
    assert_eq!(read.problems[0].column.as_deref(), Some("a"));
    assert!(try_open("{\0\"\0".as_bytes()).is_err());
}

#[test]
fn records_beyond_bounds_are_counted_and_what_follows_is_read() {
    let long = "x".repeat(LONGEST_ROW);
    for (before, between, after) in [("", "\n", "\n"), ("[", ",", "]")] {
        let content = format!("{before}{{\"a\":1}}{between}{{\"a\":\"{long}\"}}{between}{{\"a\":3}}{after}");
        let read = read(&open_bytes(&content), 0, 1);
        assert_eq!(read.rows, ["a=1", "a=3"]);
        assert_eq!(codes(&read.problems), [(ProblemCode::RowTooLong, Some(1))]);
    }
    let many = vec!["\"\""; (2 << 20) + 1].join(",");
    let read = read(&open_bytes(format!("{{\"a\":1}}\n{{\"a\":[{many}]}}\n{{\"a\":3}}\n")), 0, 1);
    assert_eq!(read.rows, ["a=1", "a=3"]);
    assert_eq!(codes(&read.problems), [(ProblemCode::RowTooLong, Some(1))]);
}

#[test]
fn what_lies_too_deep_is_text_and_told() {
    for depth in [63, 64, 65, 100_000] {
        let content = format!("{{\"a\":{}\"x\"{},\"b\":1}}\n{{}}\n", "{\"k\":".repeat(depth), "}".repeat(depth));
        let read = read(&open_bytes(&content), 0, 1);
        assert_eq!(read.columns.len(), 2);
        assert!(read.rows[0].starts_with("a.k.k") && read.rows[0].ends_with(" b=1"));
        assert_eq!(read.problems.is_empty(), depth < 64, "{depth}: {:?}", read.problems);
    }
    let content = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    read(&open_bytes(&content), 0, 1);
    read(&open_bytes("[".repeat(1 << 20)), 0, 1);
    open_bytes("{\"a\":".repeat(1 << 18));
}

#[test]
fn columns_have_bounds() {
    let content = (0..5_000).map(|number| format!("{{\"k{number}\":\"v\",\"n\":1}}")).collect::<Vec<_>>().join("\n");
    let read = read(&open_bytes(&content), 0, 1);
    assert_eq!((read.columns.len(), read.rows.len()), (4_096, 5_000));
    assert_eq!(codes(&read.problems), [(ProblemCode::RowTooLong, Some(5_000 - 4_095))]);
    assert_eq!(read.rows[4_999], "n=1");
    let session = open_bytes("{\"a.b\":1,\"a\":{\"b\":2}}\n{}\n");
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::DuplicateColumn, None)]);
}

#[test]
fn a_column_of_the_last_record_is_there_and_parts_make_the_whole() {
    let mut content = String::new();
    for number in 0..12_000 {
        content.push_str(&format!("{{\"id\":{number},\"name\":\"Zoë \\\"{number}\\\"\",\"tags\":[\"[\",\"}}\"]}},\n"));
    }
    let lines = content.replace("},\n", "}\n") + "{\"late\":1}\n";
    let list = format!("[{content}{{\"late\":1}}]");
    let document = format!("{{\"v\":{{\"n\":1}},\"l\":{list},\"z\":null}}");
    let values = lines.replace('\n', "\r");
    for (content, object) in [(lines, 0), (list, 0), (document, 1), (values, 0)] {
        let session = open_bytes(&content);
        assert_eq!(session.inventory().problems, []);
        let whole = read(&session, object, 1);
        assert_eq!(whole.rows.len(), 24_001);
        assert_eq!(whole.columns, ["id", "name", "tags", "late"]);
        assert_eq!(whole.rows[24_000], "late=1");
        for wanted in [2, 7, 1_000] {
            assert!(session.splits(object, wanted, &Cancel::default()).unwrap().len() > 1);
            let parts = read(&session, object, wanted);
            assert!(parts.rows == whole.rows && parts.locators == whole.locators && parts.problems == whole.problems);
        }
    }
}

#[test]
fn cancel_and_foreign_splits_are_heeded() {
    let session = open_bytes("{\"a\":1}\n{\"a\":2}\n");
    let split = |start, end| Split { object: 0, index: 0, extent: Extent::Bytes { start, end } };
    let cancel = Cancel::default();
    assert_eq!(session.read(&split(0, 99), &mut Collect::default(), &cancel), Err(ReadError::UnknownSplit));
    cancel.cancel();
    assert_eq!(session.read(&split(0, 8), &mut Collect::default(), &cancel), Err(ReadError::Cancelled));
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(b"[1,2]").unwrap();
    assert!(open(OpenedFile::unnamed("t", copy).unwrap(), &Options::default(), &cancel).is_err());
}

/// Any JSON value, written in one of several ways.
fn json() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["null", "true", "1.0", "-2e3", "\"\"", "\"a\\\"b\"", "\"{\"", "\"é\\u00e9\"", "[]", "{}"]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 60, 6, |inner| {
        let name = prop::sample::select(vec!["a", "b", "c d", "é"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(" , "))),
            prop::collection::vec((name, inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// The texts and numbers of a value, wherever they stand.
fn scalars(value: &serde_json::Value, out: &mut HashSet<String>) {
    match value {
        serde_json::Value::String(text) => drop(out.insert(text.clone())),
        serde_json::Value::Array(values) => values.iter().for_each(|value| scalars(value, out)),
        serde_json::Value::Object(members) => members.values().for_each(|value| scalars(value, out)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_text_of_a_valid_file_is_in_a_cell(records in prop::collection::vec(json(), 1..8), shape in 0..4) {
        let content = match shape {
            0 => records.join("\n"),
            1 => format!("[{}]", records.join(",")),
            2 => records.join(" "),
            _ => format!("{{\"x\":{{\"l\":[{}]}},\"s\":\"rest\"}}", records.join(",\n")),
        };
        let mut expected = HashSet::new();
        for record in &records {
            scalars(&serde_json::from_str(record).unwrap(), &mut expected);
        }
        let session = open_bytes(&content);
        prop_assert_eq!(&session.inventory().problems, &[]);
        let mut cells = HashSet::new();
        for object in 0..session.inventory().objects.len() {
            let mut sink = Collect::default();
            for split in session.splits(object, 1, &Cancel::default()).unwrap() {
                let report = session.read(&split, &mut sink, &Cancel::default()).unwrap();
                // Lists may have too many combinations.
                prop_assert!(report.problems.iter().all(|problem| problem.code == ProblemCode::RowTooLong));
            }
            cells.extend(sink.rows.into_iter().flatten().flatten());
        }
        for text in expected {
            prop_assert!(cells.contains(&text), "{} of {} is in no cell", text, content);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(content in prop::collection::vec(prop::sample::select(b"{}[]:,\"\\a1 \n\x1e\xe9\0-".to_vec()), 0..120)) {
        for mark in [&b"{"[..], b"[", b"{\"a\":", b"[{", b""] {
            let content = [mark, &content].concat();
            is_json(&content);
            if let Ok(session) = try_open(&content) {
                for object in 0..session.inventory().objects.len() {
                    read(&session, object, 1);
                    read(&session, object, 3);
                }
            }
        }
    }
}
