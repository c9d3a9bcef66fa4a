//! Iceberg: documents in JSON that list snapshots, for each a list of manifests, and in each manifest the data files, both in Avro.

use super::Lake;
use super::files;
use super::is_file;
use super::table;
use super::text;
use super::within;
use crate::support::progress::Cancel;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

/// The folder of the documents, and how their names end.
pub(super) const LOG: &str = "metadata";
pub(super) const ENDING: &str = ".metadata.json";

/// A document.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    location: Option<String>,
    last_updated_ms: Option<i64>,
    current_snapshot_id: Option<i64>,
    #[serde(default)]
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Snapshot {
    #[serde(rename = "snapshot-id")]
    id: i64,
    timestamp_ms: Option<i64>,
    manifest_list: Option<String>,
    #[serde(default)]
    manifests: Vec<String>,
}

/// What the documents of a folder say.
pub(super) fn read(folder: &Path, cancel: &Cancel) -> Lake {
    let mut lake = Lake::new("iceberg");
    let mut snapshots: BTreeMap<i64, Snapshot> = BTreeMap::new();
    let (mut current, mut newest) = (None, i64::MIN);
    let mut locations = BTreeSet::new();
    // Older documents know snapshots that the newest has forgotten.
    for name in files(&folder.join(LOG)).filter(|name| name.ends_with(ENDING)) {
        let document = text(&folder.join(LOG).join(&name)).and_then(|text| serde_json::from_str::<Document>(&text).ok());
        let Some(document) = document else {
            lake.unread += 1;
            continue;
        };
        lake.read.insert(Path::new(LOG).join(&name));
        locations.extend(document.location);
        if document.last_updated_ms.unwrap_or(0) >= newest {
            newest = document.last_updated_ms.unwrap_or(0);
            current = document.current_snapshot_id.filter(|id| *id != -1);
        }
        snapshots.extend(document.snapshots.into_iter().map(|snapshot| (snapshot.id, snapshot)));
    }
    let place = |path: &str| place(folder, &locations, path);
    // The manifests of each snapshot, and the files of each manifest.
    let mut holders: BTreeMap<PathBuf, Vec<i64>> = BTreeMap::new();
    for snapshot in snapshots.values() {
        let mut note = |path: &str, lake: &mut Lake| match place(path) {
            Some(path) => holders.entry(path).or_default().push(snapshot.id),
            None => lake.unread += 1,
        };
        for path in &snapshot.manifests {
            note(path, &mut lake);
        }
        let Some(list) = &snapshot.manifest_list else { continue };
        let mut paths = BTreeSet::new();
        let is_read = place(list).is_some_and(|list| {
            let mut note = |cells: &[Option<&str>]| paths.extend(cells[0].map(str::to_owned));
            let is_read = table::read(&folder.join(&list), &["manifest_path"], cancel, &mut note);
            is_read && lake.read.insert(list)
        });
        lake.unread += u64::from(!is_read);
        for path in &paths {
            note(path, &mut lake);
        }
    }
    let mut states: HashMap<PathBuf, BTreeSet<i64>> = HashMap::new();
    let mut deleted: BTreeSet<PathBuf> = BTreeSet::new();
    let mut elsewhere = BTreeSet::new();
    for (manifest, ids) in holders {
        if cancel.is_cancelled() {
            break;
        }
        let columns = ["data_file.file_path", "status", "data_file.lower_bounds.key", "data_file.upper_bounds.key"];
        let mut bounded = BTreeSet::new();
        let is_read = table::read(&folder.join(&manifest), &columns, cancel, &mut |cells| {
            let Some(path) = cells[0] else { return };
            if cells[2].or(cells[3]).is_some() && bounded.len() < super::MOST_FILES {
                bounded.insert(path.to_owned());
            }
            match place(path) {
                // Status 2: the file is no longer part of it.
                Some(path) if cells[1] == Some("2") => {
                    deleted.insert(path);
                }
                Some(path) if states.len() < super::MOST_FILES => states.entry(path).or_default().extend(&ids),
                Some(_) => {}
                None => {
                    elsewhere.insert(path.to_owned());
                }
            }
        });
        lake.kept += bounded.len() as u64;
        if is_read {
            lake.read.insert(manifest);
        }
        lake.unread += u64::from(!is_read);
    }
    // A file that is not there any more is none that is elsewhere.
    lake.elsewhere =
        elsewhere.iter().filter(|path| !locations.iter().any(|location| path.starts_with(location.as_str()))).count() as u64;
    for path in deleted {
        if !states.contains_key(&path) {
            lake.say(path, "removed by a snapshot; no snapshot that is known refers to it".to_owned());
        }
    }
    for (path, ids) in states {
        lake.say(path, words(&ids, &snapshots, current));
    }
    lake.settle("no snapshot refers to it")
}

/// Which snapshots refer to a file.
fn words(ids: &BTreeSet<i64>, snapshots: &BTreeMap<i64, Snapshot>, current: Option<i64>) -> String {
    let of = |id: &i64| snapshots.get(id).and_then(|snapshot| snapshot.timestamp_ms);
    let mut dated: Vec<(Option<i64>, i64)> = ids.iter().map(|id| (of(id), *id)).collect();
    dated.sort_unstable();
    let shown = |(time, id): &(Option<i64>, i64)| match time.and_then(|time| Timestamp::from_millisecond(time).ok()) {
        Some(time) => format!("{id} ({})", time.strftime("%Y-%m-%d %H:%M:%SZ")),
        None => id.to_string(),
    };
    let known = match dated.as_slice() {
        [] => "no snapshot refers to it".to_owned(),
        [one] => format!("referred to by snapshot {}", shown(one)),
        [first, .., last] => format!("referred to by {} snapshots from {} to {}", dated.len(), shown(first), shown(last)),
    };
    let is_current = current.is_some_and(|current| ids.contains(&current));
    format!("{known}; {}", if is_current { "in the current snapshot" } else { "not in the current snapshot" })
}

/// Where a file of the table is within the folder, which may have been moved since.
fn place(folder: &Path, locations: &BTreeSet<String>, path: &str) -> Option<PathBuf> {
    let rest = locations.iter().find_map(|location| path.strip_prefix(location.trim_end_matches('/'))?.strip_prefix('/'));
    let bare = path.split_once("://").map_or(path, |(_, rest)| rest);
    let known = rest.and_then(within);
    if known.is_some() {
        return known;
    }
    // The longest end of the path that leads to a file here.
    let parts: Vec<&str> = bare.split('/').filter(|part| !part.is_empty()).collect();
    let first = parts.len().saturating_sub(16);
    (first..parts.len()).filter_map(|from| within(&parts[from..].join("/"))).find(|path| is_file(&folder.join(path)))
}
