//! Dictionaries of which rows use a part.

use crate::source::Options;
use crate::source::Session;
use crate::source::detect;
use crate::source::file::OpenedFile;
use crate::source::testing::Collect;
use crate::source::testing::read_all;
use crate::support::progress::Cancel;
use ::arrow_ipc::writer::DictionaryHandling;
use ::arrow_ipc::writer::FileWriter;
use ::arrow_ipc::writer::IpcWriteOptions;
use ::arrow_ipc::writer::StreamWriter;
use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::basic::ZstdLevel;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::properties::WriterVersion;
use arrow_array::Array;
use arrow_array::ArrayRef;
use arrow_array::Date32Array;
use arrow_array::Decimal128Array;
use arrow_array::DictionaryArray;
use arrow_array::Float64Array;
use arrow_array::Int8Array;
use arrow_array::Int32Array;
use arrow_array::Int64Array;
use arrow_array::RecordBatch;
use arrow_array::StringArray;
use arrow_array::StructArray;
use arrow_array::builder::ListBuilder;
use arrow_array::builder::StringBuilder;
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int8Type;
use proptest::prelude::*;
use std::io::Write;
use std::sync::Arc;

fn open(content: &[u8]) -> Box<dyn Session> {
    opened(content).unwrap()
}

fn opened(content: &[u8]) -> Option<Box<dyn Session>> {
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(content).unwrap();
    let file = OpenedFile::unnamed("t", copy).unwrap();
    let head = file.head(detect::HEAD).unwrap();
    detect::open(file, &head, &Options::default(), &Cancel::default()).ok()
}

/// What the tables of unused values hold, each behind the name of its column; nothing where there are none.
fn unused(content: &[u8]) -> Vec<String> {
    let session = open(content);
    let objects = &session.inventory().objects;
    assert!(session.inventory().problems.is_empty(), "{:?}", session.inventory().problems);
    let mut found = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let (sink, report) = read_all(session.as_ref(), index).unwrap();
        assert_eq!(report.problems, []);
        if let Some(expected) = object.rows_expected {
            assert_eq!(sink.rows.len() as u64, expected);
        }
        if index > 0 {
            let name = object.columns[0].name.clone();
            assert_eq!((object.columns.len(), object.name.clone()), (1, format!("(values of {name} that no row uses)")));
            found.push(name);
            found.extend(sink.rows.into_iter().map(|row| row[0].clone().unwrap_or_default()));
        }
    }
    found
}

fn category(keys: Vec<Option<i8>>, values: &[&str]) -> ArrayRef {
    let values = Arc::new(StringArray::from(values.to_vec()));
    Arc::new(DictionaryArray::<Int8Type>::try_new(Int8Array::from(keys), values).unwrap())
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn arrow_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut writer = FileWriter::try_new(&mut content, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    content
}

fn arrow_stream(batches: &[RecordBatch], handling: DictionaryHandling) -> Vec<u8> {
    let options = IpcWriteOptions::default().with_dictionary_handling(handling);
    let mut content = Vec::new();
    let mut writer = StreamWriter::try_new_with_options(&mut content, &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    content
}

#[test]
fn values_of_deleted_rows_are_seen_in_arrow() {
    let emails = ["ann@example.org", "bo@example.org", "cy@example.org"];
    let some = |keys| batch(vec![("n", Arc::new(Int32Array::from(vec![1, 2]))), ("email", category(keys, &emails))]);
    let rest = ["email", "ann@example.org", "cy@example.org"];
    assert_eq!(unused(&arrow_file(&[some(vec![Some(1), None])])), rest);
    assert_eq!(unused(&arrow_stream(&[some(vec![Some(1), None])], DictionaryHandling::Resend)), rest);
    // What one batch leaves, another may use.
    let both = [some(vec![Some(1), None]), some(vec![Some(2), Some(0)])];
    assert_eq!(unused(&arrow_file(&both)), [""; 0]);
    assert_eq!(unused(&arrow_stream(&both, DictionaryHandling::Resend)), [""; 0]);
    // A table without rows still has its dictionary.
    assert_eq!(unused(&arrow_file(&[some(vec![None, None]).slice(0, 0)])).len(), 4);
}

#[test]
fn dictionaries_of_streams_grow_and_are_replaced() {
    let one = batch(vec![("email", category(vec![Some(0)], &["ann@example.org", "bo@example.org"]))]);
    let grown = batch(vec![("email", category(vec![Some(2)], &["ann@example.org", "bo@example.org", "cy@example.org"]))]);
    let other = batch(vec![("email", category(vec![Some(1)], &["dee@example.org", "eve@example.org"]))]);
    let all = [one.clone(), grown.clone(), other];
    let rows = unused(&arrow_stream(&all, DictionaryHandling::Delta));
    assert_eq!(rows, ["email", "bo@example.org", "dee@example.org"]);
    let rows = unused(&arrow_stream(&[one, grown], DictionaryHandling::Delta));
    assert_eq!(rows, ["email", "bo@example.org"]);
    for handling in [DictionaryHandling::Delta, DictionaryHandling::Resend] {
        let (sink, _) = read_all(open(&arrow_stream(&all, handling)).as_ref(), 0).unwrap();
        assert_eq!(
            sink.rows.concat().into_iter().flatten().collect::<Vec<_>>(),
            ["ann@example.org", "cy@example.org", "eve@example.org"]
        );
    }
    let rows = unused(&arrow_stream(&all, DictionaryHandling::Resend));
    assert_eq!(rows, ["email", "bo@example.org", "ann@example.org", "bo@example.org", "dee@example.org"]);
}

#[test]
fn values_within_others_are_used_where_they_are_shown() {
    let email = category(vec![Some(0), Some(1)], &["ann@example.org", "bo@example.org"]);
    let field = Arc::new(arrow_schema::Field::new("email", email.data_type().clone(), true));
    // A record that is NULL shows none of its values.
    let nulls = Some(vec![true, false].into());
    let record = StructArray::try_new(vec![field].into(), vec![email], nulls).unwrap();
    let values = StringArray::from(vec!["Leeds", "York", "Hull"]);
    let mut towns = ListBuilder::new(StringDictionaryBuilder::<Int8Type>::new_with_dictionary(2, &values).unwrap());
    towns.append_value([Some("Hull"), Some("York")]);
    towns.append_null();
    let list = towns.finish();
    let content = arrow_file(&[batch(vec![("child", Arc::new(record)), ("towns", Arc::new(list))])]);
    assert_eq!(unused(&content), ["child.email", "bo@example.org", "towns", "Leeds"]);
}

/// A file of Parquet whose rows are eight of eight values, `times` over, in groups of eight; in the first `emptied` groups every row then
/// refers to the third value of its column.
fn parquet(columns: Vec<(&str, ArrayRef)>, version: WriterVersion, packing: Compression, emptied: usize) -> Vec<u8> {
    let batch = batch(columns);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(8)).set_writer_version(version);
    let mut content = Vec::new();
    let properties = properties.set_compression(packing).build();
    let mut writer = ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    // Numbers of three bits: 0 to 7 in one packed run become a run of eight times 2.
    let packed = [3, 3, 0x88, 0xc6, 0xfa];
    let places: Vec<usize> = memchr::memmem::find_iter(&content, &packed).collect();
    for place in places.into_iter().take(emptied) {
        content[place..place + 5].copy_from_slice(&[3, 16, 2, 0, 0]);
    }
    content
}

fn eight_emails(times: usize) -> ArrayRef {
    let emails = (0..times).flat_map(|_| 0..8).map(|number| format!("person{number}@example.org"));
    Arc::new(StringArray::from_iter_values(emails))
}

#[test]
fn values_of_deleted_rows_are_seen_in_parquet() {
    let rest: Vec<String> = [0, 1, 3, 4, 5, 6, 7].iter().map(|number| format!("person{number}@example.org")).collect();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let of =
            |times, emptied| unused(&parquet(vec![("email", eight_emails(times))], version, Compression::UNCOMPRESSED, emptied));
        assert_eq!(of(1, 0), [""; 0]);
        let found = of(1, 1);
        assert_eq!((found[0].as_str(), &found[1..]), ("email", &rest[..]));
        // The same dictionary in two groups: what either uses, is used.
        assert_eq!(of(2, 1), [""; 0]);
        assert_eq!(of(2, 2).len(), 8);
    }
}

#[test]
fn values_of_every_type_are_shown_as_in_rows() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("number", Arc::new(Int64Array::from_iter_values(0..8))),
        ("born", Arc::new(Date32Array::from_iter_values(0..8))),
        (
            "price",
            Arc::new(Decimal128Array::from_iter_values((0..8).map(|n| n * 50 + 25)).with_precision_and_scale(20, 2).unwrap()),
        ),
        ("half", Arc::new(Float64Array::from_iter_values((0..8).map(|n| f64::from(n) + 0.5)))),
    ];
    let found = unused(&parquet(columns, WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED, 4));
    assert_eq!(found.len(), 4 * 8, "{found:?}");
    assert_eq!([&found[0], &found[8], &found[16], &found[24]], ["number", "born", "price", "half"]);
    assert_eq!([&found[1], &found[9], &found[17], &found[25]], ["0", "1970-01-01", "0.25", "0.5"]);
    assert_eq!(found[31], "7.5");
}

#[test]
fn lists_and_nulls_of_parquet_refer_to_what_they_show() {
    // Two of eight rows are NULL, and what fills up the packed numbers is no reference to the first value.
    let with_nulls: ArrayRef =
        Arc::new((0..8).map(|row| (row % 4 > 0).then(|| format!("p{row}@example.org"))).collect::<StringArray>());
    let mut names = ListBuilder::new(StringBuilder::new());
    for row in 0..8 {
        names.append_value((0..row).map(|name| Some(format!("name {name}"))));
    }
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let columns = vec![("email", Arc::clone(&with_nulls)), ("names", Arc::new(names.finish_cloned()) as ArrayRef)];
        assert_eq!(unused(&parquet(columns, version, Compression::ZSTD(ZstdLevel::default()), 0)), [""; 0]);
    }
    // Six numbers of three bits: one packed run of eight, the last two of which are 0. The first becomes 1.
    let mut content = parquet(vec![("email", with_nulls)], WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED, 0);
    let place = memchr::memmem::find(&content, &[3, 3, 0x88, 0xc6, 0x02]).unwrap();
    content[place + 2] = 0x89;
    assert_eq!(unused(&content), ["email", "p1@example.org"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_damage_is_read_or_refused(
        kind in 0..4,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let one = batch(vec![("email", category(vec![Some(0)], &["ann@example.org", "bo@example.org"]))]);
        let grown = batch(vec![("email", category(vec![Some(2)], &["ann@example.org", "bo@example.org", "cy@example.org"]))]);
        let mut content = match kind {
            0 => arrow_file(&[one]),
            1 => arrow_stream(&[one, grown], DictionaryHandling::Delta),
            2 => parquet(vec![("email", eight_emails(2))], WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED, 2),
            _ => parquet(vec![("email", eight_emails(1))], WriterVersion::PARQUET_2_0, Compression::UNCOMPRESSED, 1),
        };
        for (index, value) in flips {
            let at = index.index(content.len());
            content[at] = value;
        }
        if let Some(session) = opened(&content) {
            for object in 0..session.inventory().objects.len() {
                let cancel = Cancel::default();
                for split in session.splits(object, 1, &cancel).unwrap() {
                    let _ = session.read(&split, &mut Collect { limit: Some(10_000), ..Collect::default() }, &cancel);
                }
            }
        }
    }
}
