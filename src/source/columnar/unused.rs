//! Values of dictionaries that no row refers to. Programs that keep a column's dictionary whole when rows are deleted leave the values of the
//! deleted behind, where no reader of rows sees them.
//!
//! They are looked for at opening. A column that has such values has a table of them, with a row for each: nobody can tell which of them stood
//! together in a row with those of other columns. So what can be searched for on its own is found, and of a column of which no match key can be
//! formed on its own, such as one of names, that is told.

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
use std::collections::BTreeMap;
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

/// The table of such values of one column.
pub(super) struct Unused {
    pub(super) object: Object,
    pub(super) filling: Filling,
    /// The column whose values they are, as it lies in the file.
    pub(super) field: Field,
    pub(super) leftovers: Vec<Leftover>,
}

/// A column without others inside.
struct Leaf {
    name: String,
    field: Field,
}

/// The tables of a file; none of most.
pub(super) fn tables(file: &OpenedFile, described: &mut Described) -> Vec<Unused> {
    let mut leaves = Vec::new();
    for column in described.columns.iter().filter(|_| !described.unused.is_empty()) {
        let name = column.field.name();
        add_leaves(file.setting().names.get(name).unwrap_or(name).clone(), &column.field, &mut leaves);
    }
    let names: Vec<String> = leaves.iter().map(|leaf| leaf.name.clone()).collect();
    let (names, _) = super::unique_names(&names);
    let mut by_leaf = BTreeMap::<usize, Vec<Leftover>>::new();
    for leftover in described.unused.drain(..) {
        by_leaf.entry(leftover.leaf).or_default().push(leftover);
    }
    let mut tables = Vec::new();
    for (place, leftovers) in by_leaf {
        let count = leftovers.iter().map(|leftover| leftover.used.left()).sum();
        let (Some(name), Some(leaf)) = (names.get(place), leaves.get(place)) else {
            // The format counts columns that are not among those of the file: to be told, rather than to be taken for others.
            described.problems.push(beyond(file).counted(count));
            continue;
        };
        let object = Object {
            name: format!("(values of {name} that no row uses)"),
            kind: ObjectKind::Table,
            columns: vec![Column { name: name.clone(), declared_type: None, access: Access::Readable }],
            primary_key: Vec::new(),
            rows_expected: Some(count),
            rows_estimated: None,
            bytes: None,
            access: Access::Readable,
            details: vec![("found in".to_owned(), "dictionaries of the column".to_owned())],
        };
        let filling = Filling::Flat(vec![Place::Read(super::meaning(&leaf.field))]);
        tables.push(Unused { object, filling, field: leaf.field.clone(), leftovers });
    }
    tables
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
