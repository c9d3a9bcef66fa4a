//! Files made by the crates' own writers, and what becomes of them when they are cut, damaged or lie.

use super::*;
use crate::source::columnar;
use crate::source::testing::Collect;
use crate::source::testing::Row;
use crate::source::testing::codes;
use crate::source::testing::read_all;
use ::arrow_ipc::CompressionType;
use ::arrow_ipc::writer::FileWriter;
use ::arrow_ipc::writer::IpcWriteOptions;
use ::arrow_ipc::writer::StreamWriter;
use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::BrotliLevel;
use ::parquet::basic::Compression;
use ::parquet::basic::GzipLevel;
use ::parquet::basic::ZstdLevel;
use ::parquet::file::properties::WriterProperties;
use arrow_array::ArrayRef;
use arrow_array::BinaryArray;
use arrow_array::BooleanArray;
use arrow_array::Date32Array;
use arrow_array::Decimal128Array;
use arrow_array::Float64Array;
use arrow_array::Int64Array;
use arrow_array::RecordBatch;
use arrow_array::StringArray;
use arrow_array::TimestampMicrosecondArray;
use arrow_array::builder::ListBuilder;
use arrow_array::builder::StringBuilder;
use proptest::prelude::*;
use std::io::Write;

fn file(content: &[u8]) -> OpenedFile {
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(content).unwrap();
    OpenedFile::unnamed("t.parquet", copy).unwrap()
}

fn open(content: &[u8]) -> Result<Box<dyn Session>, Problem> {
    columnar::open(file(content), Kind::Parquet, &Cancel::default())
}

fn people(rows: usize) -> RecordBatch {
    let numbers = || 0..i64::try_from(rows).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(numbers()))),
        ("name", Arc::new(StringArray::from_iter_values(numbers().map(|number| format!("person {number}"))))),
        ("town", Arc::new(numbers().map(|number| (number % 3 > 0).then_some("Leeds")).collect::<StringArray>())),
        ("phone", Arc::new(Float64Array::from_iter_values(numbers().map(|number| 447_700_900_000.0 + number as f64)))),
        ("born", Arc::new(Date32Array::from_iter_values(numbers().map(|number| 3_000 + i32::try_from(number).unwrap())))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn parquet(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    content
}

fn in_groups(rows: usize) -> WriterProperties {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows)).set_data_page_row_count_limit(10);
    properties.set_write_batch_size(5).build()
}

fn expected(row: usize) -> Row {
    let number = i64::try_from(row).unwrap();
    let mut born = String::new();
    let days = 3_000 + number;
    if days < 3_000 + 25 {
        born = format!("1978-03-{:02}", 20 + number);
        if number > 11 {
            born = format!("1978-04-{:02}", number - 11);
        }
    }
    [
        Some(number.to_string()),
        Some(format!("person {number}")),
        (number % 3 > 0).then(|| "Leeds".to_owned()),
        Some((447_700_900_000 + number).to_string()),
        Some(born),
    ]
    .to_vec()
}

#[test]
fn rows_read_as_a_csv_export_shows_them() {
    let session = open(&parquet(&people(25), in_groups(10))).unwrap();
    let object = &session.inventory().objects[0];
    assert_eq!((object.name.as_str(), object.rows_expected), ("t.parquet", Some(25)));
    assert!(session.inventory().problems.is_empty(), "{:?}", session.inventory().problems);
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(sink.rows, (0..25).map(expected).collect::<Vec<_>>());
}

#[test]
fn parts_make_the_whole() {
    let session = open(&parquet(&people(95), in_groups(10))).unwrap();
    let (whole, _) = read_all(session.as_ref(), 0).unwrap();
    for wanted in [2, 3, 4, 9, 10, 50] {
        let mut parts = Collect::default();
        let cancel = Cancel::default();
        for split in session.splits(0, wanted, &cancel).unwrap() {
            let mut part = Collect::default();
            session.read(&split, &mut part, &cancel).unwrap();
            parts.rows.extend(part.rows);
            parts.locators.extend(part.locators);
        }
        assert_eq!(parts.rows, whole.rows);
        assert_eq!(parts.locators, whole.locators);
    }
}

#[test]
fn a_cut_file_is_a_problem() {
    let content = parquet(&people(25), in_groups(10));
    for length in [0, 4, 11, 12, 100, content.len() - 1] {
        assert_eq!(open(&content[..length]).err().unwrap().code, ProblemCode::CutShort, "{length}");
    }
}

#[test]
fn bytes_that_nothing_accounts_for_are_a_problem() {
    let mut content = parquet(&people(25), in_groups(10));
    // The footer says where everything is: what is put in between moves the footer alone.
    let footer = content.len() - 8 - u32::from_le_bytes(content[content.len() - 8..][..4].try_into().unwrap()) as usize;
    let tail = content.split_off(footer);
    content.resize(content.len() + 40_000, b'x');
    content.extend(tail);
    let session = open(&content).unwrap();
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::UnknownFormat, None)]);
    assert!(session.inventory().problems[0].detail.contains("40000 bytes"));
}

#[test]
fn a_broken_page_leaves_the_other_row_groups() {
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
    ] {
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1_000)).set_compression(compression);
        let properties = properties.set_dictionary_enabled(false).build();
        let mut content = parquet(&people(3_000), properties);
        let session = open(&content).unwrap();
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!((sink.rows.len(), report.problems.len()), (3_000, 0), "{compression}");
        drop(session);
        // The middle of the file is in the second group.
        let middle = content.len() / 2;
        content[middle..middle + 400].fill(0xff);
        let session = open(&content).unwrap();
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        let end = sink.rows.last().unwrap();
        assert_eq!(end[0].as_deref(), Some("2999"), "{compression} {:?}", report.problems);
        // Bytes that pass for others cannot be told; rows that are missing are counted.
        let failed = report.problems.iter().filter(|problem| problem.code == ProblemCode::ReadFailed);
        let lost: u64 = failed.filter_map(|problem| problem.count).sum();
        assert_eq!(sink.rows.len() as u64 + lost, 3_000, "{compression}");
    }
}

#[test]
fn types_are_shown() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("truth", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("price", Arc::new(Decimal128Array::from(vec![1_250, 44_770_090_012_300]).with_precision_and_scale(20, 2).unwrap())),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"ann"[..], b"\xff\0\x01"]))),
        ("seen", Arc::new(TimestampMicrosecondArray::from(vec![-1, 641_779_200_500_000]).with_timezone("UTC"))),
        ("local", Arc::new(TimestampMicrosecondArray::from(vec![0, 641_779_200_000_000]))),
    ];
    let session = open(&parquet(&RecordBatch::try_from_iter(columns).unwrap(), WriterProperties::default())).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    let text = |row: usize| sink.rows[row].iter().map(|cell| cell.clone().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(text(0), ["true", "12.50", "ann", "1969-12-31 23:59:59.999999Z", "1970-01-01 00:00:00"]);
    assert_eq!(text(1), ["", "447700900123", "", "1990-05-04 00:00:00.5Z", "1990-05-04 00:00:00"]);
    assert_eq!(codes(&report.problems), [(ProblemCode::BinaryCells, Some(1))]);
}

#[test]
fn columns_of_the_path_are_added_and_names_are_told_apart() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new(StringArray::from(vec!["ann"]))),
        ("col-1", Arc::new(StringArray::from(vec!["Leeds"]))),
        ("", Arc::new(StringArray::from(vec!["x"]))),
        ("name", Arc::new(StringArray::from(vec!["bob"]))),
    ];
    let content = parquet(&RecordBatch::try_from_iter(columns).unwrap(), WriterProperties::default());
    let extra = vec![("country".to_owned(), Some("GB".to_owned())), ("town".to_owned(), None), ("year".to_owned(), None)];
    let renames = [("col-1".to_owned(), "town".to_owned())].into_iter().collect();
    let session = columnar::open(
        file(&content).set_in(Setting { columns: extra, names: renames, ..Setting::default() }),
        Kind::Parquet,
        &Cancel::default(),
    )
    .unwrap();
    let names: Vec<_> = session.inventory().objects[0].columns.iter().map(|column| column.name.clone()).collect();
    assert_eq!(names, ["name", "town", "column_3", "name_2", "country", "year"]);
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::DuplicateColumn, None)]);
    let (sink, _) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows[0].iter().flatten().collect::<Vec<_>>(), ["ann", "Leeds", "x", "bob", "GB"]);
    assert_eq!(sink.rows[0].len(), 6);
}

fn arrow_file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut content = Vec::new();
    let mut writer = FileWriter::try_new_with_options(&mut content, &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    content
}

fn arrow_stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut writer = StreamWriter::try_new(&mut content, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    content
}

fn avro_file(batches: &[RecordBatch], codec: Option<arrow_avro::compression::CompressionCodec>) -> Vec<u8> {
    let schema = batches[0].schema().as_ref().clone();
    let builder = arrow_avro::writer::WriterBuilder::new(schema).with_compression(codec);
    let mut writer = builder.build::<_, arrow_avro::writer::format::AvroOcfFormat>(Vec::new()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.into_inner()
}

/// Three batches of 10, 10 and 5 rows.
fn batches() -> Vec<RecordBatch> {
    let whole = people(25);
    vec![whole.slice(0, 10), whole.slice(10, 10), whole.slice(20, 5)]
}

fn open_any(content: &[u8]) -> Result<Box<dyn Session>, Problem> {
    let file = file(content);
    let head = file.head(crate::source::detect::HEAD).unwrap();
    crate::source::detect::open(file, &head, &crate::source::Options::default(), &Cancel::default())
}

#[test]
fn arrow_files_and_streams_hold_the_same_rows() {
    let packed = |kind| IpcWriteOptions::default().try_with_compression(Some(kind)).unwrap();
    let contents = [
        arrow_file(&batches(), IpcWriteOptions::default()),
        arrow_file(&batches(), packed(CompressionType::ZSTD)),
        arrow_file(&batches(), packed(CompressionType::LZ4_FRAME)),
        arrow_stream(&batches()),
    ];
    for content in contents {
        let session = open_any(&content).unwrap();
        assert_eq!((session.identity().kind.as_ref(), session.inventory().objects[0].rows_expected), ("arrow", Some(25)));
        assert_eq!(session.inventory().problems, []);
        assert_eq!(session.splits(0, 3, &Cancel::default()).unwrap().len(), 3);
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!((sink.rows, report.problems), ((0..25).map(expected).collect(), vec![]));
    }
}

#[test]
fn an_arrow_file_that_is_cut_is_read_as_far_as_it_goes() {
    let content = arrow_file(&batches(), IpcWriteOptions::default());
    let session = open_any(&content[..content.len() - 30]).unwrap();
    assert_eq!(codes(&session.inventory().problems)[0], (ProblemCode::CutShort, None));
    assert_eq!(read_all(session.as_ref(), 0).unwrap().0.rows.len(), 25);
    let session = open_any(&content[..content.len() * 2 / 3]).unwrap();
    assert!(session.inventory().problems.iter().any(|problem| problem.code == ProblemCode::CutShort));
    assert_eq!(read_all(session.as_ref(), 0).unwrap().0.rows.len() % 10, 0);
}

#[test]
fn avro_files_hold_the_same_rows() {
    use arrow_avro::compression::CompressionCodec as Codec;
    let packed = [Codec::Deflate, Codec::Snappy, Codec::ZStandard, Codec::Bzip2, Codec::Xz].map(Some);
    for codec in packed.into_iter().chain([None]) {
        let content = avro_file(&batches(), codec);
        let session = open_any(&content).unwrap();
        assert_eq!((session.identity().kind.as_ref(), session.inventory().objects[0].rows_expected), ("avro", Some(25)));
        assert_eq!(session.inventory().problems, []);
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!((sink.rows, report.problems), ((0..25).map(expected).collect(), vec![]), "{codec:?}");
    }
}

#[test]
fn a_damaged_block_of_avro_leaves_the_others() {
    let mut content = avro_file(&batches(), None);
    let at = memchr::memmem::find(&content, b"person 12").unwrap();
    // The length of a text in the second block is now that of none.
    content[at - 1] = 0xff;
    let session = open_any(&content).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!(sink.rows.iter().filter(|row| row[1].as_deref() == Some("person 24")).count(), 1);
    assert_eq!(sink.rows.iter().filter(|row| row[1].as_deref() == Some("person 3")).count(), 1);
    assert_eq!(codes(&report.problems), [(ProblemCode::ReadFailed, Some(25 - sink.rows.len() as u64))]);

    let content = avro_file(&batches(), None);
    let session = open_any(&content[..content.len() - 3]).unwrap();
    assert_eq!(codes(&session.inventory().problems), [(ProblemCode::CutShort, None)]);
    assert_eq!(read_all(session.as_ref(), 0).unwrap().0.rows.len(), 20);
}

#[test]
fn lists_make_rows_and_records_make_columns() {
    let mut names = ListBuilder::new(StringBuilder::new());
    names.append_value([Some("ann"), Some("annie")]);
    names.append_null();
    let town: ArrayRef = Arc::new(StringArray::from(vec!["Leeds", "York"]));
    let unit: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let address = arrow_array::StructArray::try_from(vec![("town", town), ("unit", unit)]).unwrap();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("id", Arc::new(Int64Array::from(vec![7, 8]))), ("names", Arc::new(names.finish())), ("address", Arc::new(address))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let contents =
        [parquet(&batch, WriterProperties::default()), arrow_stream(std::slice::from_ref(&batch)), avro_file(&[batch], None)];
    for content in contents {
        let session = open_any(&content).unwrap();
        let names: Vec<_> = session.inventory().objects[0].columns.iter().map(|column| column.name.clone()).collect();
        assert_eq!(names, ["id", "names", "address.town", "address.unit"]);
        assert_eq!(session.inventory().objects[0].rows_expected, None);
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        let rows: Vec<String> = sink
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(rows, ["7 ann Leeds 1", "7 annie Leeds 1", "8 - York -"]);
        assert_eq!(report.problems, []);
    }
}

#[test]
fn files_of_other_programs_hold_the_same_rows() {
    let rows = [
        "1|Ann Example|1980-05-04|447700900123|2017-05-01 10:30:00Z|12.50|Bo|2015-01-02",
        "1|Ann Example|1980-05-04|447700900123|2017-05-01 10:30:00Z|12.50|Cy|2016-03-04",
        "2|Zoë Sample||447700900124|||||",
    ];
    let columns = ["id", "name", "born", "phone", "seen", "fee", "children.name", "children.dob"];
    for name in ["people.parquet", "people.feather", "people.arrows", "people.avro", "people-int96.parquet"] {
        let content = std::fs::read(format!("{}/testdata/sources/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let session = open_any(&content).unwrap();
        assert_eq!(session.inventory().problems, [], "{name}");
        let names: Vec<_> = session.inventory().objects[0].columns.iter().map(|column| column.name.clone()).collect();
        let (sink, report) = read_all(session.as_ref(), 0).unwrap();
        assert_eq!(report.problems, [], "{name}");
        let shown: Vec<String> = sink
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("")).collect::<Vec<_>>().join("|"))
            .collect();
        if name == "people-int96.parquet" {
            // The old kind of time stamp has no zone; and this file has no lists.
            let cut = |row: &str| row.replace('Z', "").replace("oë", "Zoë").split('|').take(6).collect::<Vec<_>>().join("|");
            assert_eq!(
                (names, shown),
                (columns[..6].iter().map(|name| (*name).to_owned()).collect(), vec![cut(rows[0]), cut(rows[2])])
            );
        } else {
            assert_eq!(names, columns, "{name}");
            assert_eq!(shown, [rows[0], rows[1], &rows[2][..rows[2].len() - 1]], "{name}");
        }
    }
}

/// Opens and reads whatever it is.
fn read_or_refuse(content: &[u8]) {
    if let Ok(session) = open_any(content) {
        let cancel = Cancel::default();
        let splits = (0..session.inventory().objects.len()).flat_map(|object| session.splits(object, 3, &cancel).unwrap());
        for split in splits {
            let mut sink = Collect { limit: Some(100_000), ..Collect::default() };
            let _ = session.read(&split, &mut sink, &cancel);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_damage_is_read_or_refused(
        compression in prop::sample::select(vec![Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(GzipLevel::default())]),
        has_dictionary in any::<bool>(),
        is_new in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        in_footer in any::<bool>(),
    ) {
        use ::parquet::file::properties::WriterVersion;
        let version = if is_new { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(10)).set_compression(compression);
        let properties = properties.set_dictionary_enabled(has_dictionary).set_writer_version(version).build();
        let mut content = parquet(&people(25), properties);
        let footer = content.len() - 8 - u32::from_le_bytes(content[content.len() - 8..][..4].try_into().unwrap()) as usize;
        for (index, value) in flips {
            let at = if in_footer { footer + index.index(content.len() - footer) } else { index.index(footer) };
            content[at] = value;
        }
        read_or_refuse(&content);
    }

    #[test]
    fn any_damage_to_other_kinds_is_read_or_refused(
        kind in 0..7,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        use arrow_avro::compression::CompressionCodec as Codec;
        let packed = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
        let mut content = match kind {
            0 => arrow_file(&batches(), IpcWriteOptions::default()),
            1 => arrow_file(&batches(), packed),
            2 => arrow_stream(&batches()),
            3 => avro_file(&batches(), Some(Codec::Deflate)),
            4 => avro_file(&batches(), Some(Codec::Snappy)),
            5 => avro_file(&batches(), Some(Codec::Xz)),
            _ => avro_file(&batches(), None),
        };
        if is_cut {
            content.truncate(length.index(content.len()));
        }
        for (index, value) in flips {
            if !content.is_empty() {
                let at = index.index(content.len());
                content[at] = value;
            }
        }
        read_or_refuse(&content);
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut content in prop::collection::vec(any::<u8>(), 0..300)) {
        read_or_refuse(&content);
        let length = u32::try_from(content.len()).unwrap();
        content.splice(0..0, *b"PAR1");
        content.extend(length.to_le_bytes());
        content.extend(b"PAR1");
        read_or_refuse(&content);
    }
}

#[test]
fn what_a_footer_does_not_speak_of_is_read_and_told() {
    // The number of rows of the one group, as the footer has it: 25 in both places becomes 20.
    let mut content = parquet(&people(25), WriterProperties::default());
    let footer = content.len() - 8 - u32::from_le_bytes(content[content.len() - 8..][..4].try_into().unwrap()) as usize;
    let places: Vec<usize> = (footer..content.len() - 8).filter(|at| content[*at - 1..=*at] == [0x16, 50]).collect();
    for at in places {
        content[at] = 40;
    }
    let session = open(&content).unwrap();
    let (sink, report) = read_all(session.as_ref(), 0).unwrap();
    assert_eq!((sink.rows.len(), codes(&report.problems)), (25, vec![(ProblemCode::CutShort, Some(5))]));
}

#[test]
fn readers_share_their_memory() {
    let room = room::Room::new();
    let cancel = Cancel::default();
    let one = room.take(u64::MAX, &cancel);
    cancel.cancel();
    let two = room.take(1, &cancel);
    drop((one, two));
    drop(room.take(u64::MAX, &Cancel::default()));
}
