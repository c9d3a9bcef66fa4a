//! Tables in folders, and what their logs say.

use super::*;
use std::fs;

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn words(lake: &Lake, path: &str) -> String {
    let notes = lake.notes(Path::new(path));
    assert_eq!(notes[0].0, lake.kind);
    notes[0].1.clone()
}

#[test]
fn delta_versions_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = |version: u64, lines: &[&str]| {
        write(folder.path(), &format!("_delta_log/{version:020}.json"), lines.join("\n").as_bytes());
    };
    log(
        0,
        &[
            r#"{"metaData":{"id":"x","schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"town\",\"type\":\"string\",\"nullable\":true,\"metadata\":{\"delta.columnMapping.physicalName\":\"col-1\"}}]}"}}"#,
            r#"{"add":{"path":"a.parquet"}}"#,
            r#"{"add":{"path":"country=G%20B/b.parquet"}}"#,
        ],
    );
    log(1, &[r#"{"add":{"path":"a.parquet","deletionVector":{"storageType":"u"}}}"#, r#"{"remove":{"path":"a.parquet"}}"#]);
    log(2, &[r#"{"remove":{"path":"country=G%20B/b.parquet"}}"#, r#"{"add":{"path":"s3://other/c.parquet"}}"#]);
    let lake = describe(folder.path(), &Cancel::default()).unwrap();
    assert_eq!(
        words(&lake, "a.parquet"),
        "referred to by versions 0 to 2 (the current one); a deletion vector hides rows of it, which are read like the others"
    );
    assert_eq!(words(&lake, "country=G B/b.parquet"), "referred to by versions 0 to 1, removed in version 2");
    assert_eq!(words(&lake, "z.parquet"), "no version refers to it");
    assert_eq!(lake.renames().get("col-1").map(String::as_str), Some("town"));
    assert_eq!(lake.problems("t")[0].count, Some(1));

    write(folder.path(), &format!("_delta_log/{:020}.json", 3), b"{broken");
    let lake = describe(folder.path(), &Cancel::default()).unwrap();
    assert!(words(&lake, "z.parquet").starts_with("cannot be told"));
}

#[test]
fn hudi_commits_are_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".hoodie/20170501101010.commit", b"{}");
    write(folder.path(), ".hoodie/20170502101010.commit", b"{}");
    write(folder.path(), ".hoodie/20170503101010.replacecommit", br#"{"partitionToReplaceFileIds":{"GB":["g2-0"]}}"#);
    write(folder.path(), ".hoodie/20170504101010.commit.requested", b"");
    for name in
        ["g1-0_0-1-1_20170501101010", "g1-0_0-1-1_20170502101010", "g2-0_0-1-1_20170501101010", "g3-0_0-1-1_20170504101010"]
    {
        write(folder.path(), &format!("GB/{name}.parquet"), b"");
    }
    let lake = describe(folder.path(), &Cancel::default()).unwrap();
    let said = |name: &str| words(&lake, &format!("GB/{name}.parquet"));
    assert_eq!(
        said("g1-0_0-1-1_20170501101010"),
        "written by commit 20170501101010; a later state of its group was written by commit 20170502101010"
    );
    assert_eq!(said("g1-0_0-1-1_20170502101010"), "written by commit 20170502101010");
    assert_eq!(said("g2-0_0-1-1_20170501101010"), "written by commit 20170501101010; replaced by commit 20170503101010");
    assert_eq!(said("g3-0_0-1-1_20170504101010"), "written by commit 20170504101010, which was never completed");
}

#[test]
fn a_folder_without_a_log_is_no_table() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "metadata/notes.json", b"{}");
    assert!(describe(folder.path(), &Cancel::default()).is_none());
    write(folder.path(), "metadata/v1.metadata.json", b"{broken");
    let lake = describe(folder.path(), &Cancel::default()).unwrap();
    assert!(words(&lake, "data/a.parquet").starts_with("cannot be told"));
}

#[test]
fn folders_name_columns() {
    let of = |path: &str| partitions(Path::new(path));
    assert_eq!(
        of("country=GB/town=King%27s%20Lynn/x/year=__HIVE_DEFAULT_PARTITION__/a=b.parquet"),
        [
            ("country".to_owned(), Some("GB".to_owned())),
            ("town".to_owned(), Some("King's Lynn".to_owned())),
            ("year".to_owned(), None)
        ]
    );
    assert_eq!(of("a.parquet"), []);
}

#[test]
fn marks_are_told_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let is = |name: &str, content: &[u8]| {
        write(folder.path(), name, content);
        is_mark(&folder.path().join(name))
    };
    write(folder.path(), "part-0.parquet", &[7; 700]);
    assert!(is(".part-0.parquet.crc", b"crc\0\0\0\x02\0aaaabbbb"));
    assert!(!is(".part-0.parquet.crc", b"crc\0\0\0\x02\0aaaabbbbcccc"));
    assert!(!is(".part-1.parquet.crc", b"crc\0\0\0\x02\0aaaabbbb"));
    assert!(!is(".part-0.parquet.crc", b"name,born\nann,1980\n"));
    assert!(is("_SUCCESS", b""));
    assert!(!is("_SUCCESS", b"ann,1980"));
    assert!(is("_started_12", b""));
    assert!(is("_committed_12", br#"{"added":["part-0.c000.snappy.parquet"],"removed":[]}"#));
    assert!(!is("_committed_12", br#"{"added":["ann, 1980"],"removed":[]}"#));
    assert!(!is("_other", b""));
}

#[test]
fn no_path_leads_out_of_the_folder() {
    for path in ["../a", "/etc/a", "a/../../b", "", "./a/.."] {
        assert_eq!(within(path), None, "{path}");
    }
    assert_eq!(within("a/b"), Some(PathBuf::from("a/b")));
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sources/lake").join(name)
}

/// The paths of the data files, and what is said of each.
fn all_words(lake: &Lake, folder: &Path, below: &str) -> Vec<String> {
    let mut said: Vec<String> = files(&folder.join(below)).map(|name| words(lake, &format!("{below}/{name}"))).collect();
    said.sort();
    said
}

#[test]
fn snapshots_of_a_table_made_by_pyiceberg_are_told() {
    let folder = sample("iceberg");
    let lake = describe(&folder, &Cancel::default()).unwrap();
    assert_eq!((lake.kind, lake.unread, lake.elsewhere), ("iceberg", 0, 0));
    let said = all_words(&lake, &folder, "data");
    assert_eq!(said.len(), 3);
    let current = said.iter().filter(|words| words.ends_with("; in the current snapshot")).count();
    let former =
        said.iter().filter(|words| words.starts_with("referred to by ") && words.ends_with("; not in the current snapshot"));
    assert_eq!((current, former.count()), (1, 2), "{said:?}");
    assert_eq!(words(&lake, "data/other.parquet"), "no snapshot refers to it");
}

#[test]
fn versions_of_a_table_made_by_delta_rs_are_told() {
    let folder = sample("delta");
    let lake = describe(&folder, &Cancel::default()).unwrap();
    assert_eq!((lake.kind, lake.unread, lake.elsewhere), ("delta", 0, 0));
    assert_eq!(all_words(&lake, &folder, "country=G%20B"), ["referred to by versions 0 to 1, removed in version 2"]);
    let said = ["referred to by version 1, removed in version 2", "version 2 (the current one) refers to it"];
    assert_eq!(all_words(&lake, &folder, "country=FR"), said);

    // Of the versions that are gone, the whole state tells.
    let other = tempfile::tempdir().unwrap();
    for name in ["00000000000000000002.checkpoint.parquet", "00000000000000000002.json"] {
        write(other.path(), &format!("_delta_log/{name}"), &fs::read(folder.join("_delta_log").join(name)).unwrap());
    }
    let lake = describe(other.path(), &Cancel::default()).unwrap();
    assert_eq!((lake.unread, lake.elsewhere), (0, 0));
    let said = all_words(&lake, &folder, "country=FR");
    assert_eq!(said.iter().filter(|words| words.starts_with("version 2 (the current one) refers to it")).count(), 1, "{said:?}");
}
