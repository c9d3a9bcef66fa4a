//! Hudi: a timeline of instants, whose files' names are all that is needed, and data files that bear the instant that wrote them.

use super::Lake;
use super::files;
use super::is_folder;
use super::text;
use crate::support::progress::Cancel;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The folder of the timeline.
pub(super) const LOG: &str = ".hoodie";

/// Levels of folders that are gone through.
const DEEPEST: usize = 16;

/// An instant that takes groups of files out of the table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    #[serde(default)]
    partition_to_replace_file_ids: BTreeMap<String, Vec<String>>,
}

/// What the timeline of a folder says.
pub(super) fn read(folder: &Path, cancel: &Cancel) -> Lake {
    let mut lake = Lake::new("hudi");
    let (mut done, mut begun) = (BTreeSet::new(), BTreeSet::new());
    let mut replaced: HashMap<String, String> = HashMap::new();
    for log in [folder.join(LOG), folder.join(LOG).join("timeline")] {
        for name in files(&log) {
            let Some((instant, rest)) = name.split_once('.') else { continue };
            // Later versions put the time of completion behind.
            let instant = instant.split('_').next().unwrap_or(instant);
            if instant.len() < 14 || !instant.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            if rest.ends_with("inflight") || rest.ends_with("requested") {
                begun.insert(instant.to_owned());
                continue;
            }
            done.insert(instant.to_owned());
            if rest == "replacecommit" {
                match text(&log.join(&name)).and_then(|text| serde_json::from_str::<Replacement>(&text).ok()) {
                    Some(replacement) => {
                        let ids = replacement.partition_to_replace_file_ids.into_values().flatten();
                        replaced.extend(ids.map(|id| (id, instant.to_owned())));
                    }
                    None => lake.unread += 1,
                }
            }
        }
    }
    let has_archive = is_folder(&folder.join(LOG).join("archived")) || is_folder(&folder.join(LOG).join("timeline/history"));
    let mut found = Vec::new();
    walk(folder, &PathBuf::new(), 0, cancel, &mut found);
    let mut newest: HashMap<(PathBuf, String), String> = HashMap::new();
    for (path, group, instant) in &found {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let known = newest.entry((folder, group.clone())).or_default();
        if *known < *instant && done.contains(instant) {
            known.clone_from(instant);
        }
    }
    for (path, group, instant) in found {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut words = if done.contains(&instant) {
            format!("written by commit {instant}")
        } else if begun.contains(&instant) {
            format!("written by commit {instant}, which was never completed")
        } else if has_archive && done.first().is_some_and(|first| instant < *first) {
            format!("written by commit {instant}, which is no longer in the timeline")
        } else {
            format!("written by {instant}, of which the timeline says nothing")
        };
        if let Some(by) = replaced.get(&group) {
            words.push_str(&format!("; replaced by commit {by}"));
        } else if let Some(later) = newest.get(&(folder, group)).filter(|later| **later > instant) {
            words.push_str(&format!("; a later state of its group was written by commit {later}"));
        }
        lake.say(path, words);
    }
    lake.settle("its name does not say which commit wrote it")
}

/// Finds data files, whose names are those of their group, of the task and of the instant.
fn walk(root: &Path, relative: &Path, depth: usize, cancel: &Cancel, found: &mut Vec<(PathBuf, String, String)>) {
    if depth > DEEPEST || cancel.is_cancelled() {
        return;
    }
    for entry in fs::read_dir(root.join(relative)).into_iter().flatten().filter_map(Result::ok) {
        if found.len() >= super::MOST_FILES {
            return;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != LOG => walk(root, &relative.join(name), depth + 1, cancel, found),
            Ok(kind) if kind.is_file() => {
                let parts: Vec<&str> = name.split('.').next().unwrap_or_default().split('_').collect();
                if let [group, _, instant] = parts.as_slice()
                    && instant.len() >= 14
                    && instant.bytes().all(|byte| byte.is_ascii_digit())
                {
                    found.push((relative.join(&name), (*group).to_owned(), (*instant).to_owned()));
                }
            }
            _ => {}
        }
    }
}
