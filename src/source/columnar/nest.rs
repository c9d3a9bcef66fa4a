//! Columns with others inside: records, lists and maps, shown value by value to a [`Tree`], which makes flat rows of them.

use super::cell;
use super::cell::Bytes;
use super::cell::Cells;
use super::cell::Shown;
use crate::source::nested::PathId;
use crate::source::nested::Paths;
use crate::source::nested::Tree;
use arrow_array::Array;
use arrow_array::ArrayRef;
use arrow_array::GenericListArray;
use arrow_array::GenericListViewArray;
use arrow_array::MapArray;
use arrow_array::OffsetSizeTrait;
use arrow_array::StructArray;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use arrow_schema::Field;
use std::borrow::Cow;
use std::ops::Range;

/// The deepest nesting that is followed.
const DEEPEST: usize = 48;

/// What becomes of a column, or of a part of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// One cell.
    Cell(PathId, Bytes),
    /// A record, with its parts.
    Record(PathId, Vec<Shape>),
    /// A list, with what each of its values is.
    List(PathId, Box<Shape>),
    /// A map, read as a list of records of a key and a value.
    Map(PathId, Vec<Shape>),
}

/// Whether every part of a type can be read.
pub(super) fn is_read(kind: &DataType) -> bool {
    is_read_at(kind, 0)
}

fn is_read_at(kind: &DataType, depth: usize) -> bool {
    depth < DEEPEST
        && match kind {
            DataType::Struct(fields) => fields.iter().all(|field| is_read_at(field.data_type(), depth + 1)),
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field)
            | DataType::FixedSizeList(field, _)
            | DataType::Map(field, _) => is_read_at(field.data_type(), depth + 1),
            other => cell::is_shown(other),
        }
}

/// Whether a type makes several rows of one.
pub(super) fn has_list(kind: &DataType) -> bool {
    match kind {
        DataType::Struct(fields) => fields.iter().any(|field| has_list(field.data_type())),
        other => other.is_nested() && !cell::is_shown(other),
    }
}

impl Shape {
    /// The shape of a field, whose paths are made; `None` where there are too many.
    pub(super) fn of(field: &Field, path: PathId, bytes: &dyn Fn(&Field) -> Bytes, paths: &mut Paths) -> Option<Shape> {
        Some(match field.data_type() {
            DataType::Struct(_) => Shape::Record(path, Shape::parts(field, path, bytes, paths)?),
            DataType::List(inner)
            | DataType::LargeList(inner)
            | DataType::ListView(inner)
            | DataType::LargeListView(inner)
            | DataType::FixedSizeList(inner, _) => Shape::List(path, Box::new(Shape::of(inner, path, bytes, paths)?)),
            DataType::Map(inner, _) => Shape::Map(path, Shape::parts(inner, path, bytes, paths)?),
            _ => {
                paths.mark(path);
                Shape::Cell(path, bytes(field))
            }
        })
    }

    fn parts(field: &Field, path: PathId, bytes: &dyn Fn(&Field) -> Bytes, paths: &mut Paths) -> Option<Vec<Shape>> {
        let DataType::Struct(fields) = field.data_type() else { return None };
        let part = |inner: &std::sync::Arc<Field>| {
            let path = paths.add(path, inner.name())?;
            Shape::of(inner, path, bytes, paths)
        };
        fields.iter().map(part).collect()
    }
}

/// A column of a batch by its shape.
pub(super) enum Nest<'a> {
    Cell(PathId, Cells<'a>),
    Record(PathId, &'a StructArray, Vec<Nest<'a>>),
    List(PathId, Ranges<'a>, Box<Nest<'a>>),
    Map(PathId, &'a MapArray, Vec<Nest<'a>>),
    /// What is not what the file's schema says.
    Nothing,
}

/// Where the values of each list stand.
pub(super) enum Ranges<'a> {
    Small(&'a GenericListArray<i32>),
    Large(&'a GenericListArray<i64>),
    SmallView(&'a GenericListViewArray<i32>),
    LargeView(&'a GenericListViewArray<i64>),
    Fixed(&'a arrow_array::FixedSizeListArray),
}

impl<'a> Ranges<'a> {
    /// Those of a list, and its values.
    pub(super) fn within(array: &'a dyn Array) -> Option<(Ranges<'a>, &'a ArrayRef)> {
        Some(if let Some(list) = array.as_list_opt::<i32>() {
            (Ranges::Small(list), list.values())
        } else if let Some(list) = array.as_list_opt::<i64>() {
            (Ranges::Large(list), list.values())
        } else if let Some(list) = array.as_list_view_opt::<i32>() {
            (Ranges::SmallView(list), list.values())
        } else if let Some(list) = array.as_list_view_opt::<i64>() {
            (Ranges::LargeView(list), list.values())
        } else {
            let list = array.as_fixed_size_list_opt()?;
            (Ranges::Fixed(list), list.values())
        })
    }

    /// `None` for NULL.
    pub(super) fn of(&self, row: usize) -> Option<Range<usize>> {
        fn place<O: OffsetSizeTrait>(offset: O) -> usize {
            offset.as_usize()
        }
        match self {
            Ranges::Small(array) => {
                array.is_valid(row).then(|| place(array.value_offsets()[row])..place(array.value_offsets()[row + 1]))
            }
            Ranges::Large(array) => {
                array.is_valid(row).then(|| place(array.value_offsets()[row])..place(array.value_offsets()[row + 1]))
            }
            Ranges::SmallView(array) => array.is_valid(row).then(|| {
                let start = place(array.value_offset(row));
                start..start + place(array.value_size(row))
            }),
            Ranges::LargeView(array) => array.is_valid(row).then(|| {
                let start = place(array.value_offset(row));
                start..start + place(array.value_size(row))
            }),
            Ranges::Fixed(array) => array.is_valid(row).then(|| {
                let start = array.value_offset_at(row);
                start..start + usize::try_from(array.value_length()).unwrap_or(0)
            }),
        }
    }
}

impl<'a> Nest<'a> {
    pub(super) fn of(shape: &Shape, array: &'a dyn Array) -> Nest<'a> {
        Nest::known(shape, array).unwrap_or(Nest::Nothing)
    }

    fn known(shape: &Shape, array: &'a dyn Array) -> Option<Nest<'a>> {
        Some(match shape {
            Shape::Cell(path, bytes) => Nest::Cell(*path, Cells::of(array, *bytes)?),
            Shape::Record(path, parts) => {
                let record = array.as_struct_opt()?;
                Nest::Record(*path, record, Nest::parts(parts, record)?)
            }
            Shape::Map(path, parts) => {
                let map = array.as_map_opt()?;
                Nest::Map(*path, map, Nest::parts(parts, map.entries())?)
            }
            Shape::List(path, inner) => {
                let (ranges, values) = Ranges::within(array)?;
                Nest::List(*path, ranges, Box::new(Nest::known(inner, values.as_ref())?))
            }
        })
    }

    fn parts(shapes: &[Shape], record: &'a StructArray) -> Option<Vec<Nest<'a>>> {
        if shapes.len() != record.num_columns() {
            return None;
        }
        shapes.iter().zip(record.columns()).map(|(shape, array)| Nest::known(shape, array.as_ref())).collect()
    }

    /// Shows the value of a row to the tree, at its own path.
    pub(super) fn show(&self, row: usize, tree: &mut Tree<&Paths>, scratch: &mut String) {
        match self {
            Nest::Nothing => {}
            Nest::Cell(path, cells) => {
                tree.at(*path);
                match cells.show(row, scratch) {
                    Shown::Null => tree.null(),
                    Shown::Text(bytes) if memchr::memchr(0, bytes).is_some() => tree.bytes(bytes),
                    Shown::Text(text) => {
                        let text = String::from_utf8_lossy(text);
                        if matches!(text, Cow::Owned(_)) {
                            tree.mark_lossy();
                        }
                        tree.text(&text);
                    }
                    Shown::Bytes(bytes) => tree.bytes(bytes),
                    Shown::Number(number) => tree.number(number),
                    Shown::Word(word) => tree.text(word),
                }
            }
            Nest::Record(path, record, parts) => {
                tree.at(*path);
                if record.is_null(row) {
                    tree.null();
                    return;
                }
                tree.open_record();
                for part in parts {
                    part.show(row, tree, scratch);
                }
                tree.close();
            }
            Nest::List(path, ranges, inner) => {
                tree.at(*path);
                let Some(range) = ranges.of(row) else {
                    tree.null();
                    return;
                };
                tree.open_list();
                for value in range {
                    inner.show(value, tree, scratch);
                }
                tree.close();
            }
            Nest::Map(path, map, parts) => {
                tree.at(*path);
                if map.is_null(row) {
                    tree.null();
                    return;
                }
                let offsets = map.value_offsets();
                let range = usize::try_from(offsets[row]).unwrap_or(0)..usize::try_from(offsets[row + 1]).unwrap_or(0);
                tree.open_list();
                for value in range {
                    tree.at(*path);
                    tree.open_record();
                    for part in parts {
                        part.show(value, tree, scratch);
                    }
                    tree.close();
                }
                tree.close();
            }
        }
    }
}
