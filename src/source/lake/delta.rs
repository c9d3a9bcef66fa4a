//! Delta Lake: a log of numbered versions in JSON, of which each adds files and removes some, and now and then the whole state as Parquet.

use super::Lake;
use super::files;
use super::table;
use super::text;
use super::within;
use crate::support::progress::Cancel;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

/// The folder of the log.
pub(super) const LOG: &str = "_delta_log";

/// Where in a schema the name in the files stands, and how deep it is followed.
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

/// A line of a version.
#[derive(Deserialize)]
struct Action<'a> {
    add: Option<File>,
    remove: Option<File>,
    cdc: Option<File>,
    #[serde(rename = "metaData")]
    metadata: Option<Metadata>,
    #[serde(borrow, rename = "commitInfo")]
    commit: Option<Commit<'a>>,
    #[serde(borrow, rename = "domainMetadata")]
    domain: Option<&'a RawValue>,
}

/// Who changed the table, and how: a condition such as `email = '…'` is told in its parameters.
#[derive(Deserialize)]
struct Commit<'a> {
    #[serde(borrow, rename = "operationParameters")]
    parameters: Option<&'a RawValue>,
    /// Whatever its writer wished to note.
    #[serde(borrow, rename = "userMetadata")]
    note: Option<&'a RawValue>,
}

/// What the log keeps of a file's rows.
#[derive(Deserialize)]
struct Statistics<'a> {
    #[serde(borrow, rename = "minValues")]
    smallest: Option<&'a RawValue>,
    #[serde(borrow, rename = "maxValues")]
    largest: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    #[serde(rename = "deletionVector")]
    vector: Option<IgnoredAny>,
    stats: Option<String>,
    #[serde(rename = "partitionValues")]
    partition: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "schemaString")]
    schema: String,
    description: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Schema {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    metadata: BTreeMap<String, serde_json::Value>,
}

/// What the log says of a file.
#[derive(Default)]
struct History {
    /// Versions that refer to it, as far as the last.
    spans: Vec<(u64, Option<u64>)>,
    /// The first of them was told by a whole state: earlier versions may refer to it too.
    is_open_ended: bool,
    has_vector: bool,
    /// It tells what changed, and is part of no state.
    is_change: bool,
}

impl History {
    fn add(&mut self, version: u64) {
        if self.spans.last().is_none_or(|(_, end)| end.is_some()) {
            self.spans.push((version, None));
        }
    }

    fn remove(&mut self, version: u64) {
        match self.spans.last_mut() {
            Some((_, end @ None)) => *end = Some(version),
            Some(_) => {}
            None => self.spans.push((version, Some(version))),
        }
    }

    fn words(&self, last: u64) -> String {
        let spans = self.spans.iter().map(|(first, removed)| match removed {
            None if *first == last => format!("version {first} (the current one) refers to it"),
            None => format!("referred to by versions {first} to {last} (the current one)"),
            Some(removed) if removed == first => format!("removed in version {removed}"),
            Some(removed) if removed - 1 == *first => format!("referred to by version {first}, removed in version {removed}"),
            Some(removed) => format!("referred to by versions {first} to {}, removed in version {removed}", removed - 1),
        });
        let mut words = spans.collect::<Vec<_>>().join("; ");
        if self.is_change {
            "tells what a version changed".clone_into(&mut words);
        }
        if self.is_open_ended {
            words.push_str("; what was before the first whole state is not known");
        }
        if self.has_vector {
            words.push_str("; a deletion vector hides rows of it, which are read like the others");
        }
        words
    }
}

/// What the log of a folder says.
pub(super) fn read(folder: &Path, cancel: &Cancel) -> Lake {
    let mut lake = Lake::new("delta");
    let log = folder.join(LOG);
    let mut versions = BTreeMap::new();
    let mut states: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for name in files(&log) {
        let Some(version) = name.get(..20).and_then(|digits| digits.parse::<u64>().ok()) else { continue };
        match &name[20..] {
            ".json" => {
                versions.insert(version, name);
            }
            rest if rest.starts_with(".checkpoint.") => states.entry(version).or_default().push(name),
            _ => {}
        }
    }
    let mut histories: HashMap<PathBuf, History> = HashMap::new();
    let mut schema = None;
    // What whole states keep of rows, whether or not the versions before them are there.
    for name in states.values().flatten() {
        let mut is_kept = true;
        let path = log.join(name);
        let is_read = table::read(&path, &["add.stats"], cancel, &mut |cells| {
            is_kept &= cells[0].is_none_or(|statistics| keep(&mut lake, statistics));
        });
        if is_read && is_kept {
            lake.read.insert(Path::new(LOG).join(name));
        }
    }
    // A whole state is only needed where the versions before it are gone.
    let first = versions.keys().next().copied();
    if first != Some(0) {
        let state = states.into_iter().rfind(|(version, _)| first.is_none_or(|first| *version <= first));
        match state {
            Some((version, names)) => {
                for name in names {
                    read_state(&log.join(&name), version, &mut histories, &mut schema, &mut lake, cancel);
                }
            }
            None => lake.unread += 1,
        }
    }
    let last = versions.keys().next_back().copied().unwrap_or(0);
    let mut elsewhere = BTreeSet::new();
    for (version, name) in versions {
        if cancel.is_cancelled() {
            break;
        }
        let Some(content) = text(&log.join(&name)) else {
            lake.unread += 1;
            continue;
        };
        let unread = lake.unread;
        let mut is_kept = true;
        let mut added = Vec::new();
        for line in content.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(action) = serde_json::from_str::<Action>(line) else {
                lake.unread += 1;
                continue;
            };
            let note = action.commit.as_ref().and_then(|commit| commit.note);
            let description = action.metadata.as_ref().and_then(|metadata| metadata.description.as_deref());
            for note in [note, description].into_iter().flatten().filter(|note| note.get() != "null") {
                is_kept &= lake.keep(&format!("{{\"note\":{}}}", note.get()));
            }
            schema = action.metadata.map(|metadata| metadata.schema).or(schema);
            for object in [action.commit.and_then(|commit| commit.parameters), action.domain].into_iter().flatten() {
                is_kept &= lake.keep(object.get());
            }
            for file in [&action.add, &action.remove].into_iter().flatten() {
                is_kept &= file.partition.as_ref().is_none_or(|values| lake.keep(values.get()));
                is_kept &= file.stats.as_ref().is_none_or(|statistics| keep(&mut lake, statistics));
            }
            if let Some(file) = action.remove {
                with(&mut histories, &file.path, &mut elsewhere, |history| history.remove(version));
            }
            if let Some(file) = action.cdc {
                with(&mut histories, &file.path, &mut elsewhere, |history| history.is_change = true);
            }
            added.extend(action.add);
        }
        // A version that removes a file and adds it again, with other rows hidden, refers to it.
        for file in added {
            with(&mut histories, &file.path, &mut elsewhere, |history| {
                if history.spans.last().is_some_and(|(_, end)| *end == Some(version)) {
                    history.spans.pop().into_iter().for_each(|(first, _)| history.spans.push((first, None)));
                }
                history.add(version);
                history.has_vector |= file.vector.is_some();
            });
        }
        if is_kept && lake.unread == unread {
            lake.read.insert(Path::new(LOG).join(&name));
        }
    }
    lake.elsewhere = elsewhere.len() as u64;
    for (path, history) in histories {
        lake.say(path, history.words(last));
    }
    lake.renames = schema.map(|schema| renames(&schema)).unwrap_or_default();
    lake.settle("no version refers to it")
}

/// Keeps the values of rows that statistics tell. `false`: they are not understood, or there is no room.
fn keep(lake: &mut Lake, statistics: &str) -> bool {
    let Ok(statistics) = serde_json::from_str::<Statistics<'_>>(statistics) else { return false };
    [statistics.smallest, statistics.largest].into_iter().flatten().all(|values| lake.keep(values.get()))
}

/// Notes something on the file of a path, which is written as part of a URL.
fn with(
    histories: &mut HashMap<PathBuf, History>,
    path: &str,
    elsewhere: &mut BTreeSet<String>,
    note: impl FnOnce(&mut History),
) {
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let is_url = path
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match within(&decoded).filter(|_| !is_url) {
        Some(path) if histories.len() < super::MOST_FILES || histories.contains_key(&path) => {
            note(histories.entry(path).or_default());
        }
        Some(_) => {}
        None => {
            if elsewhere.len() < super::MOST_LOG_FILES {
                elsewhere.insert(decoded);
            }
        }
    }
}

/// Reads a whole state, or a part of one.
fn read_state(
    path: &Path,
    version: u64,
    histories: &mut HashMap<PathBuf, History>,
    schema: &mut Option<String>,
    lake: &mut Lake,
    cancel: &Cancel,
) {
    let mut elsewhere = BTreeSet::new();
    let columns = ["add.path", "add.deletionVector.storageType", "metaData.schemaString"];
    let is_read = table::read(path, &columns, cancel, &mut |cells| {
        if let Some(path) = cells[0] {
            with(histories, path, &mut elsewhere, |history| {
                history.add(version);
                history.is_open_ended = true;
                history.has_vector |= cells[1].is_some();
            });
        }
        if let Some(text) = cells[2] {
            *schema = Some(text.to_owned());
        }
    });
    lake.elsewhere += elsewhere.len() as u64;
    lake.unread += u64::from(!is_read);
}

/// What columns are called, by their names in the files.
fn renames(schema: &str) -> BTreeMap<String, String> {
    let fields = serde_json::from_str::<Schema>(schema).map(|schema| schema.fields).unwrap_or_default();
    let physical = |field: &Field| field.metadata.get(PHYSICAL_NAME)?.as_str().map(str::to_owned);
    fields
        .into_iter()
        .filter_map(|field| Some((physical(&field)?, field.name)))
        .filter(|(physical, name)| physical != name)
        .collect()
}
