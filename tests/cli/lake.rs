//! A table of Delta Lake as a recipient has it: rows that were deleted live on in files that no version refers to, and in the log.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use serde_json::json;
use std::fs;
use std::sync::Arc;

/// Writes a data file.
fn data(world: &World, name: &str, people: &[&Person]) {
    let columns = COLUMNS.iter().enumerate().map(|(place, name)| {
        let cells: Vec<String> = people.iter().map(|person| person.cells()[place].clone()).collect();
        let array: arrow_array::ArrayRef = Arc::new(arrow_array::StringArray::from(cells));
        (*name, array)
    });
    let batch = arrow_array::RecordBatch::try_from_iter(columns).expect("a batch");
    let mut content = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut content, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("room");
    writer.close().expect("room");
    world.case.write(&format!("lake/{name}"), content);
    // Hadoop's checksums, of runs of 512 bytes.
    let size = fs::metadata(world.case.path(&format!("lake/{name}"))).expect("a file").len();
    let mut checksums = b"crc\0\0\0\x02\0".to_vec();
    checksums.resize(8 + 4 * usize::try_from(size.div_ceil(512)).expect("a small file"), 7);
    world.case.write(&format!("lake/.{name}.crc"), checksums);
}

/// Statistics of a data file: the values of one row are the smallest, those of another the largest.
fn statistics(smallest: &Person, largest: &Person) -> String {
    let values = |person: &Person| {
        COLUMNS
            .iter()
            .zip(person.cells())
            .map(|(name, cell)| ((*name).to_owned(), json!(cell)))
            .collect::<serde_json::Map<_, _>>()
    };
    json!({ "numRecords": 3, "minValues": values(smallest), "maxValues": values(largest), "nullCount": {} }).to_string()
}

fn version(world: &World, number: u64, actions: &[serde_json::Value]) {
    let lines: Vec<String> = actions.iter().map(ToString::to_string).collect();
    world.case.write(&format!("lake/_delta_log/{number:020}.json"), lines.join("\n"));
}

fn scan(world: &World) -> Output {
    world.run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &["lake"], &["--format", "json"]))
}

/// The targets in which records were found, with what is said of how each was read.
fn found(scan: &Output) -> Vec<(String, String)> {
    let json = scan.json();
    let targets = json["coverage"]["targets"].as_array().expect("targets").clone();
    let found = targets.iter().filter(|target| target["recordsFound"].as_u64() > Some(0));
    found
        .map(|target| {
            let reading = target["reading"].as_array().expect("facts");
            let delta =
                reading.iter().find(|fact| fact["name"] == "delta").map_or("", |fact| fact["value"].as_str().expect("words"));
            (target["name"].as_str().expect("a name").to_owned(), delta.to_owned())
        })
        .collect()
}

#[test]
fn what_a_table_has_let_go_is_read_and_said_to_be_let_go() {
    let world = World::asked();
    let (left, own) = (&world.supplied[7], &world.own);
    let remain: Vec<&Person> = own.iter().collect();
    data(&world, "old.parquet", &[&remain[..], &[left]].concat());
    data(&world, "new.parquet", &remain);
    let add = |path: &str, statistics: String| json!({ "add": { "path": path, "partitionValues": {}, "size": 1, "modificationTime": 1, "dataChange": true, "stats": statistics } });
    version(
        &world,
        0,
        &[
            json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }),
            json!({ "metaData": { "id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", "schemaString": "{\"type\":\"struct\",\"fields\":[]}", "partitionColumns": [] } }),
            add("old.parquet", statistics(&own[0], &own[1])),
        ],
    );
    let remove = json!({ "remove": { "path": "old.parquet", "deletionTimestamp": 1, "dataChange": true } });
    let commit = json!({ "commitInfo": { "timestamp": 1_498_867_200_000_u64, "operation": "DELETE", "operationParameters": { "predicate": "[\"(id = 7)\"]" } } });
    version(&world, 1, &[commit, remove.clone(), add("new.parquet", statistics(&own[2], &own[3]))]);
    world.case.write("lake/_SUCCESS", "");

    let scanned = scan(&world);
    scanned.exits_with(11);
    assert_eq!(found(&scanned), [("lake/old.parquet".to_owned(), "referred to by version 0, removed in version 1".to_owned())]);
    assert!(codes(&scanned).iter().all(|code| !code.starts_with("gap")), "{}", scanned.whole());

    // Vacuumed: nothing is left of the person, and the log does not stand in the way.
    fs::remove_file(world.case.path("lake/old.parquet")).expect("the old file");
    fs::remove_file(world.case.path("lake/.old.parquet.crc")).expect("its checksums");
    let scanned = scan(&world);
    scanned.exits_with(0);

    // But the log may have kept the person's values as the largest of the file.
    version(&world, 0, &[add("old.parquet", statistics(&own[0], left))]);
    let scanned = scan(&world);
    scanned.exits_with(11);
    assert_eq!(found(&scanned), [("lake/_delta_log".to_owned(), String::new())]);

    // Or in the condition of the deletion itself.
    let condition = format!("[\"(email = '{}')\"]", left.email);
    let commit = json!({ "commitInfo": { "operation": "DELETE", "operationParameters": { "predicate": condition } } });
    version(&world, 0, &[add("old.parquet", statistics(&own[0], &own[1]))]);
    version(&world, 1, &[commit, remove, add("new.parquet", statistics(&own[2], &own[3]))]);
    let scanned = scan(&world);
    assert!(matches!(scanned.code, Some(10 | 11)), "{}", scanned.whole());

    // Or in what the writer of a version noted.
    let commit = json!({ "commitInfo": { "operation": "DELETE", "userMetadata": format!("asked for by {}", left.email) } });
    version(&world, 1, &[commit, add("new.parquet", statistics(&own[2], &own[3]))]);
    let scanned = scan(&world);
    assert!(matches!(scanned.code, Some(10 | 11)), "{}", scanned.whole());

    // What else somebody put into the folder of the log is a file like any other.
    version(&world, 1, &[]);
    world.case.write("lake/_delta_log/people.csv", crate::cli::world::csv(&[left], ','));
    let scanned = scan(&world);
    assert_eq!(found(&scanned), [("lake/_delta_log/people.csv".to_owned(), String::new())]);
}

#[test]
fn what_only_the_folders_of_a_text_say_is_a_gap() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write("lake/country=GB/part.csv", crate::cli::world::csv(&own, ','));
    scan(&world).exits_with(0);
    world.case.write("lake/surname=Lee/part.csv", crate::cli::world::csv(&own, ','));
    let scanned = scan(&world);
    scanned.exits_with(10);
    assert!(codes(&scanned).iter().any(|code| code == "gap:unsupported"), "{}", scanned.whole());
}
