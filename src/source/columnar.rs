//! Files that keep their rows by columns: Parquet, Arrow IPC (Feather among it) and, with rows but of the same crates, Avro. One table a file.
//!
//! A format tells what columns there are and reads its parts (row groups, batches, blocks) as batches of columns; `rows` turns these into
//! rows, and `cell` values into the text that a CSV export would show.

mod cell;
mod footer;
mod hole;
mod page;
mod parquet;
mod rows;
#[cfg(test)]
mod tests;
mod thrift;

use super::Access;
use super::Column;
use super::Consistency;
use super::Extent;
use super::Identity;
use super::Inventory;
use super::Object;
use super::ObjectKind;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Session;
use super::Sink;
use super::Split;
use super::SplitReport;
use super::file::OpenedFile;
use crate::support::progress::Cancel;
use arrow_schema::DataType;
use cell::Bytes;
use parquet::Parquet;
use rows::Filling;
use rows::Pour;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

/// How Parquet files begin.
pub(super) const PARQUET_MAGIC: &[u8] = footer::MAGIC;

/// How Parquet files with an encrypted footer begin.
pub(super) const ENCRYPTED_PARQUET_MAGIC: &[u8] = footer::ENCRYPTED;

/// What is known of a file's table from elsewhere than the file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Dress {
    /// Columns that every row has with the same value, as the folders of the path name them.
    pub(super) extra: Vec<(String, Option<String>)>,
    /// What columns are called by people, by their names in the file.
    pub(super) renames: BTreeMap<String, String>,
}

/// Opens a Parquet file.
pub(super) fn open_parquet(file: OpenedFile, dress: &Dress, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let _ = cancel;
    let file = Arc::new(file);
    let (format, described) = Parquet::open(&file)?;
    Ok(Box::new(ColumnarSession::new(file, "parquet", Format::Parquet(format), described, dress)))
}

/// What a file says of itself.
#[derive(Debug, Default)]
struct Described {
    columns: Vec<DescribedColumn>,
    rows: Option<u64>,
    details: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// A column, as the file says.
#[derive(Debug)]
struct DescribedColumn {
    name: String,
    declared: String,
    /// What its bytes are; `None` where this version does not read it.
    bytes: Option<Bytes>,
}

enum Format {
    Parquet(Parquet),
}

/// An opened file.
struct ColumnarSession {
    file: Arc<OpenedFile>,
    identity: Identity,
    inventory: Inventory,
    format: Format,
    fillings: Vec<Filling>,
    /// The number of rows of each part.
    parts: Vec<u64>,
}

impl ColumnarSession {
    fn new(file: Arc<OpenedFile>, kind: &'static str, format: Format, described: Described, dress: &Dress) -> Self {
        let identity = Identity { kind, name: file.name().to_owned(), facts: file.facts() };
        let mut problems = described.problems;
        let mut names = Vec::new();
        let mut fillings = Vec::new();
        let mut columns = Vec::new();
        let stated = described.columns.iter().map(|column| dress.renames.get(&column.name).unwrap_or(&column.name));
        let stated: Vec<String> = stated.cloned().collect();
        let is_read = described.columns.iter().any(|column| column.bytes.is_some());
        for (name, column) in stated.iter().zip(described.columns) {
            names.push(name.clone());
            let unsupported = || Access::Unsupported(format!("columns of this type are not read: {}", column.declared));
            let access = column.bytes.map_or_else(unsupported, |_| Access::Readable);
            fillings.push(column.bytes.map_or(Filling::Nothing, Filling::Read));
            columns.push(Column { name: String::new(), declared_type: Some(column.declared), access });
        }
        for (name, value) in &dress.extra {
            if !stated.contains(name) {
                names.push(name.clone());
                fillings.push(Filling::Constant(value.clone()));
                columns.push(Column { name: String::new(), declared_type: None, access: Access::Readable });
            }
        }
        let (names, duplicates) = unique_names(&names);
        for (column, name) in columns.iter_mut().zip(names) {
            column.name = name;
        }
        for name in duplicates {
            let detail = "several columns bear this name; the later ones were numbered";
            let problem = Problem::of_source(ProblemCode::DuplicateColumn, file.name(), detail);
            problems.push(problem.in_object(file.name()).in_column(&name));
        }
        let access = match columns.iter().find_map(|column| column.access.problem()) {
            Some((_, reason)) if !is_read => Access::Unsupported(reason.to_owned()),
            _ => Access::Readable,
        };
        let parts = match &format {
            Format::Parquet(parquet) => parquet.parts(),
        };
        let object = Object {
            name: file.name().to_owned(),
            kind: ObjectKind::File,
            columns,
            primary_key: Vec::new(),
            rows_expected: described.rows,
            rows_estimated: None,
            bytes: Some(file.size()),
            access,
            details: described.details,
        };
        let inventory = Inventory { objects: vec![object], blind: false, problems };
        Self { file, identity, inventory, format, fillings, parts }
    }

    fn column(&self, index: usize) -> String {
        self.inventory.objects[0].columns.get(index).map_or_else(|| column_name(index), |column| column.name.clone())
    }
}

impl Session for ColumnarSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        if self.file.path().is_some() { Consistency::FileStat } else { Consistency::PrivateCopy }
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        if object != 0 {
            return Err(ReadError::UnknownSplit);
        }
        if !self.inventory.objects[0].access.is_readable() {
            return Ok(Vec::new());
        }
        let extents = extents(&self.parts, wanted);
        Ok(extents.into_iter().enumerate().map(|(index, extent)| Split { object, index, extent }).collect())
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let last_part = self.parts.len().saturating_sub(1);
        let range = match split.extent {
            Extent::Whole => 0..self.parts.len(),
            Extent::Groups { first, last } if first <= last && last <= last_part => first..last + 1,
            _ => return Err(ReadError::UnknownSplit),
        };
        if split.object != 0 || !self.inventory.objects[0].access.is_readable() {
            return Err(ReadError::UnknownSplit);
        }
        let mut pour = Pour::new(self.file.name(), &self.fillings, sink);
        for part in range {
            match &self.format {
                Format::Parquet(parquet) => parquet.read(part, &mut pour, cancel)?,
            }
        }
        pour.finish(|index| self.column(index))
    }

    fn recheck(&self) -> Vec<Problem> {
        self.file.recheck().into_iter().collect()
    }

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }
}

/// About `wanted` runs of parts with about as many rows each.
fn extents(parts: &[u64], wanted: usize) -> Vec<Extent> {
    if wanted <= 1 || parts.len() <= 1 {
        return vec![Extent::Whole];
    }
    let total: u64 = parts.iter().fold(0, |sum, rows| sum.saturating_add(*rows));
    let share = (total / wanted as u64).max(1);
    let (mut extents, mut first, mut rows) = (Vec::new(), 0, 0_u64);
    for (index, part) in parts.iter().enumerate() {
        rows = rows.saturating_add(*part);
        if rows >= share || index + 1 == parts.len() {
            extents.push(Extent::Groups { first, last: index });
            (first, rows) = (index + 1, 0);
        }
    }
    extents
}

/// A type in words.
fn type_words(kind: &DataType) -> String {
    match kind {
        DataType::BinaryView | DataType::Binary | DataType::LargeBinary => "binary".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list".to_owned(),
        DataType::Map(..) => "map".to_owned(),
        DataType::Union(..) => "union".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// The name of a column that has none.
fn column_name(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// Names that tell columns apart, and those that occur more than once.
fn unique_names(stated: &[String]) -> (Vec<String>, Vec<String>) {
    let originals: HashSet<&str> = stated.iter().map(|name| name.trim()).collect();
    let (mut names, mut duplicates) = (Vec::<String>::new(), Vec::new());
    let mut taken = HashSet::new();
    for (index, name) in stated.iter().enumerate() {
        let base = if name.trim().is_empty() { column_name(index) } else { name.trim().to_owned() };
        let mut unique = base.clone();
        if taken.contains(&unique) {
            if !duplicates.contains(&base) {
                duplicates.push(base.clone());
            }
            let mut number = 2;
            while taken.contains(&unique) || originals.contains(unique.as_str()) {
                unique = format!("{base}_{number}");
                number += 1;
            }
        }
        taken.insert(unique.clone());
        names.push(unique);
    }
    (names, duplicates)
}
