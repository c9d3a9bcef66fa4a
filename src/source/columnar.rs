//! Files that keep their rows by columns: Parquet, Arrow IPC (Feather among it) and, with rows but of the same crates, Avro. One table a file.
//!
//! A format tells what columns there are and reads its parts (row groups, batches, blocks) as batches of columns; `rows` turns these into
//! rows, and `cell` values into the text that a CSV export would show.

mod arrow_ipc;
mod avro;
mod budget;
mod cell;
mod footer;
mod hole;
mod line;
mod nest;
mod page;
mod parquet;
mod room;
mod rows;
#[cfg(test)]
mod tests;
mod thrift;
mod unused;

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
use super::file::Setting;
use super::header::column_name;
use super::header::unique_names;
use super::nested::PathId;
use super::nested::Paths;
use crate::support::progress::Cancel;
use arrow_ipc::Arrow;
use arrow_schema::DataType;
use arrow_schema::Field;
use avro::Avro;
use cell::Bytes;
use nest::Shape;
use parquet::Parquet;
use rows::Filling;
use rows::Place;
use rows::Pour;
use std::collections::BTreeMap;
use std::sync::Arc;
use unused::Leftover;
use unused::Unused;

/// A format of files that keep tables by columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Parquet,
    Arrow,
    Avro,
}

/// How files of Arrow IPC begin.
const ARROW_MAGIC: &[u8] = b"ARROW1";

/// How object container files of Avro begin.
const AVRO_MAGIC: &[u8] = b"Obj\x01";

/// The format of a file that begins so.
pub(super) fn format_of(head: &[u8]) -> Option<Kind> {
    if head.starts_with(footer::MAGIC) || head.starts_with(footer::ENCRYPTED) {
        Some(Kind::Parquet)
    } else if head.starts_with(ARROW_MAGIC) || arrow_ipc::is_stream(head) {
        Some(Kind::Arrow)
    } else {
        head.starts_with(AVRO_MAGIC).then_some(Kind::Avro)
    }
}

/// Opens a file of a format.
pub(super) fn open(file: OpenedFile, kind: Kind, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let file = Arc::new(file);
    let (word, (format, described)) = match kind {
        Kind::Parquet => {
            ("parquet", Parquet::open(&file, cancel).map(|(parquet, described)| (Format::Parquet(parquet), described))?)
        }
        Kind::Arrow => ("arrow", Arrow::open(&file, cancel).map(|(arrow, described)| (Format::Arrow(arrow), described))?),
        Kind::Avro => ("avro", Avro::open(&file, cancel).map(|(avro, described)| (Format::Avro(avro), described))?),
    };
    Ok(Box::new(ColumnarSession::new(file, word, format, described)))
}

/// What a file says of itself.
#[derive(Default)]
struct Described {
    columns: Vec<DescribedColumn>,
    rows: Option<u64>,
    details: Vec<(String, String)>,
    problems: Vec<Problem>,
    /// Dictionaries with values that no row uses.
    unused: Vec<Leftover>,
    /// It only says where rows are in other files.
    is_elsewhere: bool,
}

/// A column, as the file says.
#[derive(Debug)]
struct DescribedColumn {
    declared: String,
    /// Its name, its type in memory, and notes on what bytes in it are.
    field: Field,
    /// This version reads it.
    is_read: bool,
}

/// The note on a field that says what its bytes are.
const NOTE: &str = "residua:bytes";

/// The word of such a note.
fn note(bytes: Bytes) -> Option<&'static str> {
    match bytes {
        Bytes::Text => Some("text"),
        Bytes::Uuid => Some("uuid"),
        Bytes::Any => None,
    }
}

/// What a field's bytes are.
fn meaning(field: &Field) -> Bytes {
    match field.metadata().get(NOTE).map(String::as_str) {
        Some("text") => Bytes::Text,
        Some("uuid") => Bytes::Uuid,
        _ => Bytes::Any,
    }
}

enum Format {
    Parquet(Parquet),
    Arrow(Arrow),
    Avro(Avro),
}

/// An opened file.
struct ColumnarSession {
    file: Arc<OpenedFile>,
    identity: Identity,
    inventory: Inventory,
    format: Format,
    filling: Filling,
    /// The objects behind the first.
    unused: Vec<Unused>,
    /// The number of rows of each part.
    parts: Vec<u64>,
}

impl ColumnarSession {
    fn new(file: Arc<OpenedFile>, kind: &'static str, format: Format, mut described: Described) -> Self {
        let identity = Identity { kind: kind.into(), name: file.name().to_owned(), facts: file.facts() };
        let unused = unused::tables(&file, &mut described);
        let mut problems = described.problems;
        let is_read = described.columns.iter().any(|column| column.is_read);
        let reasons: Vec<Option<String>> = described
            .columns
            .iter()
            .map(|column| (!column.is_read).then(|| format!("columns of this type are not read: {}", column.declared)))
            .collect();
        let has_lists = described.columns.iter().any(|column| column.is_read && nest::has_list(column.field.data_type()));
        let is_flat = !described.columns.iter().any(|column| column.is_read && column.field.data_type().is_nested());
        let outfit = Outfit { columns: &described.columns, reasons: &reasons, setting: file.setting() };
        let laid = if is_flat { outfit.flat() } else { outfit.nested() };
        for name in laid.duplicates {
            let detail = "several columns bear this name; the later ones were numbered";
            let problem = Problem::of_source(ProblemCode::DuplicateColumn, file.name(), detail);
            problems.push(problem.in_object(file.name()).in_column(&name));
        }
        if laid.left_out > 0 {
            let detail = "the file has more columns within columns than are read";
            problems.push(
                Problem::of_source(ProblemCode::Unsupported, file.name(), detail).in_object(file.name()).counted(laid.left_out),
            );
        }
        let (columns, filling) = (laid.columns, laid.filling);
        let access = match reasons.iter().flatten().next() {
            _ if described.is_elsewhere => {
                Access::Derived("it only says where rows are in other files, which are read themselves".to_owned())
            }
            Some(reason) if !is_read => Access::Unsupported(reason.clone()),
            _ => Access::Readable,
        };
        let parts = match &format {
            Format::Parquet(parquet) => parquet.parts(),
            Format::Arrow(arrow) => arrow.parts(),
            Format::Avro(avro) => avro.parts(),
        };
        let object = Object {
            name: file.name().to_owned(),
            kind: ObjectKind::File,
            columns,
            primary_key: Vec::new(),
            // A list makes several rows of one.
            rows_expected: described.rows.filter(|_| !has_lists),
            rows_estimated: None,
            bytes: Some(file.size()),
            access,
            details: described.details.into_iter().chain(file.setting().notes.iter().cloned()).collect(),
        };
        let objects = [object].into_iter().chain(unused.iter().map(|unused| unused.object.clone())).collect();
        let inventory = Inventory { objects, blind: false, problems };
        Self { file, identity, inventory, format, filling, unused, parts }
    }

    fn read_unused(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let Some(unused) = self.unused.get(split.object - 1) else { return Err(ReadError::UnknownSplit) };
        let mut pour = Pour::new(self.file.name(), &unused.object.name, &unused.filling, sink);
        for leftover in &unused.leftovers {
            match &self.format {
                Format::Parquet(parquet) => parquet.read_unused(leftover, &unused.field, &mut pour, cancel)?,
                Format::Arrow(arrow) => arrow.read_unused(leftover, &mut pour, cancel)?,
                Format::Avro(_) => return Err(ReadError::UnknownSplit),
            }
        }
        pour.finish(|index| self.column(split.object, index))
    }

    fn column(&self, object: usize, index: usize) -> String {
        self.inventory.objects[object].columns.get(index).map_or_else(|| column_name(index), |column| column.name.clone())
    }
}

/// What the columns of an object are made of.
struct Outfit<'a> {
    columns: &'a [DescribedColumn],
    /// Why a column is not read.
    reasons: &'a [Option<String>],
    setting: &'a Setting,
}

/// The columns of an object, and how they are filled.
struct Laid {
    columns: Vec<Column>,
    filling: Filling,
    /// Names that several columns bear.
    duplicates: Vec<String>,
    /// Columns that there is no room for.
    left_out: u64,
}

impl Outfit<'_> {
    fn name(&self, column: &DescribedColumn) -> String {
        let name = column.field.name();
        self.setting.names.get(name).unwrap_or(name).clone()
    }

    /// Columns of which each is one cell a row.
    fn flat(&self) -> Laid {
        let (mut columns, mut places) = (Vec::new(), Vec::new());
        let mut stated: Vec<String> = self.columns.iter().map(|column| self.name(column)).collect();
        for (column, reason) in self.columns.iter().zip(self.reasons) {
            places.push(if column.is_read { Place::Read(meaning(&column.field)) } else { Place::Nothing });
            let access = reason.clone().map_or(Access::Readable, Access::Unsupported);
            columns.push(Column { name: String::new(), declared_type: Some(column.declared.clone()), access });
        }
        for (name, value) in &self.setting.columns {
            if !stated.contains(name) {
                stated.push(name.clone());
                places.push(Place::Constant(value.clone()));
                columns.push(Column { name: String::new(), declared_type: None, access: Access::Readable });
            }
        }
        let (names, duplicates) = unique_names(&stated);
        for (column, name) in columns.iter_mut().zip(names) {
            column.name = name;
        }
        Laid { columns, filling: Filling::Flat(places), duplicates, left_out: 0 }
    }

    /// Columns with others inside.
    fn nested(&self) -> Laid {
        let (mut paths, mut shapes, mut left_out) = (Paths::new(), Vec::new(), 0);
        let mut constants = Vec::new();
        let stated: Vec<String> = self.columns.iter().map(|column| self.name(column)).collect();
        let (names, mut duplicates) = unique_names(&stated);
        let mut refused = BTreeMap::new();
        for ((column, reason), name) in self.columns.iter().zip(self.reasons).zip(&names) {
            let path = paths.add(PathId::ROOT, name);
            match (path, reason) {
                (Some(path), Some(reason)) => {
                    paths.mark(path);
                    refused.insert(name.clone(), reason.clone());
                }
                (Some(path), None) => {
                    let shape = Shape::of(&column.field, path, &meaning, &mut paths);
                    left_out += u64::from(shape.is_none());
                    shapes.push(shape.unwrap_or(Shape::Record(path, Vec::new())));
                }
                (None, reason) => {
                    left_out += 1;
                    if reason.is_none() {
                        shapes.push(Shape::Record(PathId::ROOT, Vec::new()));
                    }
                }
            }
        }
        for (name, value) in self.setting.columns.iter().filter(|(name, _)| !stated.contains(name)) {
            if let Some(path) = paths.add(PathId::ROOT, name) {
                paths.mark(path);
                constants.push((path, value.clone()));
            }
        }
        duplicates.extend(paths.settle());
        let column = |name: &String| Column {
            name: name.clone(),
            declared_type: None,
            access: refused.get(name).cloned().map_or(Access::Readable, Access::Unsupported),
        };
        let columns = paths.columns().iter().map(column).collect();
        Laid { columns, filling: Filling::Nested { paths, shapes, constants }, duplicates, left_out }
    }
}

impl Session for ColumnarSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        self.file.consistency()
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        if object >= self.inventory.objects.len() {
            return Err(ReadError::UnknownSplit);
        }
        if object > 0 {
            return Ok(vec![Split { object, index: 0, extent: Extent::Whole }]);
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
        if split.object > 0 {
            return self.read_unused(split, sink, cancel);
        }
        let last_part = self.parts.len().saturating_sub(1);
        let range = match split.extent {
            Extent::Whole => 0..self.parts.len(),
            Extent::Groups { first, last } if first <= last && last <= last_part => first..last + 1,
            _ => return Err(ReadError::UnknownSplit),
        };
        if !self.inventory.objects[0].access.is_readable() {
            return Err(ReadError::UnknownSplit);
        }
        let mut pour = Pour::new(self.file.name(), self.file.name(), &self.filling, sink);
        for part in range {
            match &self.format {
                Format::Parquet(parquet) => parquet.read(part, &mut pour, cancel)?,
                Format::Arrow(arrow) => arrow.read(part, &mut pour, cancel)?,
                Format::Avro(avro) => avro.read(part, &mut pour, cancel)?,
            }
        }
        pour.finish(|index| self.column(0, index))
    }

    fn recheck(&self) -> Vec<Problem> {
        self.file.recheck().into_iter().collect()
    }

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }

    fn standing(&self) -> Option<String> {
        self.file.standing()
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
        let before = rows;
        rows = rows.saturating_add(*part);
        // A run ends where another share of all rows is full: what one run has too many, the next has fewer.
        if rows / share > before / share || index + 1 == parts.len() {
            extents.push(Extent::Groups { first, last: index });
            first = index + 1;
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
