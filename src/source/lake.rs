//! Folders that are tables of Delta Lake, Iceberg or Hudi, and folders that are partitions of one.
//!
//! Such a table keeps the files of its earlier states, and a log of which state holds which files. A row that the current state has let
//! go is still there: all data files are read, whatever the log says of them. What is here tells people which states refer to a file, so
//! that they know what to clean up. Nothing that the log refers to outside of the folder is opened.

mod delta;
mod hudi;
mod iceberg;
mod mark;
mod partition;
mod table;

use super::Problem;
use super::ProblemCode;
use crate::support::progress::Cancel;
pub(super) use mark::is_mark;
pub(super) use partition::partitions;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// The most data files of one table whose states are told, for the memory that it takes.
const MOST_FILES: usize = 400_000;

/// The most files of a log that are read.
const MOST_LOG_FILES: usize = 100_000;

/// The most bytes of values that are taken out of a log, for the memory that it takes.
const MOST_VALUES: usize = 32 << 20;

/// The most bytes of one file of a log that is read as text.
const LONGEST_LOG: u64 = 64 << 20;

/// What a folder's log says.
pub(super) struct Lake {
    /// `delta`, `iceberg` or `hudi`.
    kind: &'static str,
    /// By the path of a data file within the folder, what states refer to it.
    words: HashMap<PathBuf, String>,
    /// What is true of every other file.
    otherwise: String,
    /// What people call columns, by their names in the files.
    renames: BTreeMap<String, String>,
    /// Files outside of the folder that the log refers to.
    elsewhere: u64,
    /// Parts of the log that could not be read.
    unread: u64,
    /// Files of the log of which all that may be somebody's is in `values`, by their paths within the folder.
    read: HashSet<PathBuf>,
    /// Values of rows that the log itself keeps, an object of JSON on each line.
    values: Vec<u8>,
    /// Data files of which the log keeps values that are not among those.
    kept: u64,
}

/// What the log of a folder says, where the folder is a table of a kind that is known. Its data files are told by the walk of the folder.
pub(super) fn describe(folder: &Path, cancel: &Cancel) -> Option<Lake> {
    if is_folder(&folder.join(delta::LOG)) {
        return Some(delta::read(folder, cancel));
    }
    if is_folder(&folder.join(hudi::LOG)) {
        return Some(hudi::read(folder, cancel));
    }
    let metadata = folder.join(iceberg::LOG);
    let is_iceberg = is_folder(&metadata) && files(&metadata).any(|name| name.ends_with(iceberg::ENDING));
    is_iceberg.then(|| iceberg::read(folder, cancel))
}

impl Lake {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            words: HashMap::new(),
            otherwise: String::new(),
            renames: BTreeMap::new(),
            elsewhere: 0,
            unread: 0,
            read: HashSet::new(),
            values: Vec::new(),
            kept: 0,
        }
    }

    /// What is to be said of a file, by its path within the folder.
    pub(super) fn notes(&self, path: &Path) -> Vec<(String, String)> {
        let words = self.words.get(path).unwrap_or(&self.otherwise);
        vec![(self.kind.to_owned(), words.clone())]
    }

    /// What people call columns, by their names in the data files.
    pub(super) fn renames(&self) -> &BTreeMap<String, String> {
        &self.renames
    }

    /// Whether a file, by its path within the folder, belongs to the log, and its values of rows are among those of the log.
    pub(super) fn has_read(&self, path: &Path) -> bool {
        self.read.contains(path)
    }

    /// Values of rows that the log keeps, as text in JSON Lines, and the folder of the log; none where it keeps none.
    pub(super) fn take_values(&mut self) -> Option<(&'static str, Vec<u8>)> {
        (!self.values.is_empty()).then(|| (delta::LOG, std::mem::take(&mut self.values)))
    }

    /// Keeps an object of JSON. `false`: there is no room for it.
    fn keep(&mut self, object: &str) -> bool {
        let is_known = self.values.len() + object.len() < MOST_VALUES;
        if is_known && object.len() > 2 {
            self.values.extend(object.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            self.values.push(b'\n');
        }
        is_known
    }

    /// What of the table is not seen by reading the folder. `name` is the folder's name as declared.
    pub(super) fn problems(&self, name: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.elsewhere > 0 {
            let detail =
                format!("the {} table refers to data files outside of its folder, which are not read with it", self.kind);
            problems.push(Problem::of_source(ProblemCode::Unsupported, name, detail).counted(self.elsewhere));
        }
        if self.kept > 0 {
            let detail =
                "the table's manifests keep the smallest and largest values of the columns of data files, which are not read";
            let name = format!("{name}/{}", iceberg::LOG);
            problems.push(Problem::of_source(ProblemCode::Unsupported, &name, detail).counted(self.kept));
        }
        problems
    }

    /// What is true of the files that no state refers to, or whose states could not be told.
    fn settle(mut self, nothing: &str) -> Self {
        self.otherwise = if self.unread > 0 || self.words.len() >= MOST_FILES {
            format!("cannot be told, since parts of the log could not be read; {nothing}, as far as it could")
        } else {
            nothing.to_owned()
        };
        self
    }

    /// Notes what states refer to a file.
    fn say(&mut self, path: PathBuf, words: String) {
        if self.words.len() < MOST_FILES {
            self.words.insert(path, words);
        }
    }
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// The names of the regular files of a folder, in order.
fn files(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .take(MOST_LOG_FILES)
        .collect();
    names.sort_unstable();
    names.into_iter()
}

/// The text of a file of the log; `None` where it is too long or no text.
fn text(path: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    if metadata.len() > LONGEST_LOG { None } else { fs::read_to_string(path).ok() }
}

/// A path within the folder; `None` for one that leads out of it.
fn within(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && path.components().next().is_some()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests;
