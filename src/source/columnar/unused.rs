//! Values of dictionaries that no row refers to. Programs that keep a column's dictionary whole when rows are deleted leave the values of the
//! deleted behind, where no reader of rows sees them.
//!
//! They are looked for at opening, and are a table of their own, which is there only where there are such values: a column for each column of
//! the file that has some, and a row for each value, since nobody can tell which of them stood together in a row.

pub(super) mod in_arrow;
pub(super) mod in_parquet;
#[cfg(test)]
mod tests;
mod used;

use super::Described;
use super::rows::Filling;
use super::rows::Place;
use crate::source::Access;
use crate::source::Column;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::OpenedFile;
use arrow_schema::DataType;
use arrow_schema::Field;
pub(super) use used::Used;

/// The most values of dictionaries that are remembered at once as perhaps not used.
const MOST_VALUES: u64 = 1 << 28;

/// A dictionary with values that no row uses.
pub(super) struct Leftover {
    /// The place of its column among all that have no others inside.
    leaf: usize,
    /// Where it stands: a row group, or the message that completes it.
    pub(super) part: usize,
    pub(super) used: Used,
}

/// The table of such values.
pub(super) struct Unused {
    pub(super) object: Object,
    pub(super) filling: Filling,
    leaves: Vec<Leaf>,
    /// Each with its column of the table.
    leftovers: Vec<(usize, Leftover)>,
}

/// A column without others inside.
struct Leaf {
    name: String,
    field: Field,
}

impl Unused {
    /// The table, where there is one.
    pub(super) fn of(file: &OpenedFile, described: &mut Described) -> Option<Unused> {
        if described.unused.is_empty() {
            return None;
        }
        let mut leaves = Vec::new();
        for column in &described.columns {
            let name = column.field.name();
            add_leaves(file.setting().names.get(name).unwrap_or(name).clone(), &column.field, &mut leaves);
        }
        let mut columns = Vec::new();
        let mut leftovers = Vec::new();
        for leftover in described.unused.drain(..) {
            if leftover.leaf >= leaves.len() {
                // The format counts columns that are not among those of the file: to be told, rather than to be taken for others.
                described.problems.push(beyond(file).counted(leftover.used.left()));
                continue;
            }
            if !columns.contains(&leftover.leaf) {
                columns.push(leftover.leaf);
            }
            leftovers.push((columns.len() - 1, leftover));
        }
        if leftovers.is_empty() {
            return None;
        }
        let stated: Vec<String> = columns.iter().map(|leaf| leaves[*leaf].name.clone()).collect();
        let places = columns.iter().map(|leaf| Place::Read(super::meaning(&leaves[*leaf].field))).collect();
        let (names, _) = super::unique_names(&stated);
        let column = |name| Column { name, declared_type: None, access: Access::Readable };
        let object = Object {
            name: "(values that no row uses)".to_owned(),
            kind: ObjectKind::Table,
            columns: names.into_iter().map(column).collect(),
            primary_key: Vec::new(),
            rows_expected: Some(leftovers.iter().map(|(_, leftover)| leftover.used.left()).sum()),
            rows_estimated: None,
            bytes: None,
            access: Access::Readable,
            details: vec![("found in".to_owned(), "dictionaries of the file's columns".to_owned())],
        };
        Some(Unused { object, filling: Filling::Flat(places), leaves, leftovers })
    }

    /// Each dictionary with its column of the table, and the field whose values it holds.
    pub(super) fn dictionaries(&self) -> impl Iterator<Item = (usize, &Leftover, &Field)> {
        self.leftovers.iter().map(|(column, leftover)| (*column, leftover, &self.leaves[leftover.leaf].field))
    }
}

/// Says that not every dictionary could be looked at.
pub(super) fn beyond(file: &OpenedFile) -> Problem {
    let detail = "dictionaries hold more values that no row may use than are looked for";
    Problem::of_source(ProblemCode::Unsupported, file.name(), detail).in_object(file.name())
}

/// The columns without others inside, in the order in which formats count them. Lists add nothing to a name.
fn add_leaves(name: String, field: &Field, leaves: &mut Vec<Leaf>) {
    match field.data_type() {
        DataType::Struct(fields) => {
            for inner in fields {
                add_leaves(format!("{name}.{}", inner.name()), inner, leaves);
            }
        }
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::ListView(inner)
        | DataType::LargeListView(inner)
        | DataType::FixedSizeList(inner, _)
        | DataType::Map(inner, _) => add_leaves(name, inner, leaves),
        _ => leaves.push(Leaf { name, field: field.clone() }),
    }
}
