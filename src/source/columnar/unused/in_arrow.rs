//! Dictionaries in Arrow IPC: they stand in messages of their own, are added to or replaced by later ones, and are shared by all batches behind.

use super::Leftover;
use super::MOST_VALUES;
use super::Used;
use crate::source::columnar::cell::Bytes;
use crate::source::columnar::cell::Cells;
use crate::source::columnar::nest::Ranges;
use arrow_array::Array;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use arrow_schema::Field;
use arrow_schema::Fields;
use arrow_schema::Schema;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A message with values of a dictionary.
#[derive(Clone, Copy)]
pub(in super::super) struct Part {
    pub(in super::super) id: i64,
    pub(in super::super) values: u64,
    /// Its values stand behind those before, and do not take their place.
    pub(in super::super) is_added: bool,
}

/// Looks for values that no batch uses. Parts and batches are shown to it in their order.
pub(in super::super) struct Search<'a> {
    schema: &'a Schema,
    /// For each column without others inside its dictionary, where it has one and is read.
    leaves: Vec<Option<i64>>,
    /// The dictionaries as they are, each with the last message of it.
    open: BTreeMap<i64, (usize, Used)>,
    leftovers: Vec<Leftover>,
}

impl<'a> Search<'a> {
    /// A search in columns of a schema, those at these places of which are read.
    pub(in super::super) fn new(schema: &'a Schema, read: &[usize]) -> Self {
        let mut leaves = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let first = leaves.len();
            add_ids(field, &mut leaves);
            if read.binary_search(&index).is_err() {
                leaves[first..].fill(None);
            }
        }
        Self { schema, leaves, open: BTreeMap::new(), leftovers: Vec::new() }
    }

    /// The places of the columns that have dictionaries.
    pub(in super::super) fn columns(&self) -> Vec<usize> {
        let fields = self.schema.fields().iter().enumerate();
        let has_dictionary = |field: &Field| {
            let mut ids = Vec::new();
            add_ids(field, &mut ids);
            ids.iter().flatten().any(|id| self.leaves.contains(&Some(*id)))
        };
        fields.filter(|(_, field)| has_dictionary(field)).map(|(index, _)| index).collect()
    }

    /// The schema with numbers of values in place of the values, as they lie in the batches.
    pub(in super::super) fn numbers(&self) -> Schema {
        Schema::new(self.schema.fields().iter().map(|field| in_numbers(field)).collect::<Fields>())
    }

    /// Comes to a message of a dictionary.
    pub(in super::super) fn part(&mut self, number: usize, part: Part) {
        match self.open.get_mut(&part.id) {
            Some((last, used)) if part.is_added => {
                *last = number;
                used.extend(part.values);
            }
            _ => {
                self.close(part.id);
                self.open.insert(part.id, (number, Used::none_of(part.values)));
            }
        }
    }

    /// Comes to a batch of those columns.
    pub(in super::super) fn batch(&mut self, batch: &RecordBatch, columns: &[usize]) {
        for (index, array) in columns.iter().zip(batch.columns()) {
            let whole = 0..array.len();
            self.mark(self.schema.field(*index), array.as_ref(), &[whole]);
        }
    }

    /// Marks what rows of an array use.
    fn mark(&mut self, field: &Field, array: &dyn Array, runs: &[Range<usize>]) {
        if let Some(id) = dictionary(field) {
            let (Some((_, used)), Some(cells)) = (self.open.get_mut(&id), Cells::of(array, Bytes::Any)) else { return };
            for row in runs.iter().cloned().flatten() {
                if let Some(value) = cells.index(row) {
                    used.mark(value);
                }
            }
            return;
        }
        match field.data_type() {
            DataType::Struct(fields) => {
                let Some(record) = array.as_struct_opt() else { return };
                let runs = valid(array, runs);
                for (field, part) in fields.iter().zip(record.columns()) {
                    self.mark(field, part.as_ref(), &runs);
                }
            }
            DataType::Map(field, _) => {
                let Some(map) = array.as_map_opt() else { return };
                let place = |row: usize| usize::try_from(map.value_offsets()[row]).unwrap_or(0);
                let rows = valid(array, runs).into_iter().flatten();
                let runs: Vec<_> = rows.map(|row| place(row)..place(row + 1)).collect();
                self.mark(field, map.entries(), &runs);
            }
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field)
            | DataType::FixedSizeList(field, _) => {
                let Some((ranges, values)) = Ranges::within(array) else { return };
                let runs: Vec<_> = runs.iter().cloned().flatten().filter_map(|row| ranges.of(row)).collect();
                self.mark(field, values.as_ref(), &runs);
            }
            _ => {}
        }
    }

    /// Ends with a dictionary.
    fn close(&mut self, id: i64) {
        let Some((part, used)) = self.open.remove(&id) else { return };
        if used.left() > 0 {
            let leaves = self.leaves.iter().enumerate().filter(|(_, of)| **of == Some(id));
            self.leftovers.extend(leaves.map(|(leaf, _)| Leftover { leaf, part, used: used.clone() }));
        }
    }

    /// The dictionaries with values that no batch uses; `None` where there are more than can be looked at.
    pub(in super::super) fn finish(mut self) -> Option<Vec<Leftover>> {
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            self.close(id);
        }
        let total = self.leftovers.iter().fold(0_u64, |sum, leftover| sum.saturating_add(leftover.used.values()));
        (total <= MOST_VALUES).then_some(self.leftovers)
    }
}

/// The runs of rows in which an array is not NULL.
fn valid(array: &dyn Array, runs: &[Range<usize>]) -> Vec<Range<usize>> {
    if array.null_count() == 0 {
        return runs.to_vec();
    }
    let rows = runs.iter().cloned().flatten().filter(|row| array.is_valid(*row));
    rows.map(|row| row..row + 1).collect()
}

/// The number of the dictionary that a column's values are in.
fn dictionary(field: &Field) -> Option<i64> {
    match field.data_type() {
        #[expect(deprecated, reason = "nothing else tells the dictionaries of a file from each other")]
        DataType::Dictionary(..) => field.dict_id(),
        DataType::RunEndEncoded(_, values) => dictionary(values),
        _ => None,
    }
}

fn add_ids(field: &Field, ids: &mut Vec<Option<i64>>) {
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().for_each(|field| add_ids(field, ids)),
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::ListView(inner)
        | DataType::LargeListView(inner)
        | DataType::FixedSizeList(inner, _)
        | DataType::Map(inner, _) => add_ids(inner, ids),
        _ => ids.push(dictionary(field)),
    }
}

fn in_numbers(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(in_numbers(field));
    let kind = match field.data_type() {
        DataType::Dictionary(numbers, _) => numbers.as_ref().clone(),
        DataType::RunEndEncoded(ends, values) => DataType::RunEndEncoded(Arc::clone(ends), inner(values)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(field) => DataType::List(inner(field)),
        DataType::LargeList(field) => DataType::LargeList(inner(field)),
        DataType::ListView(field) => DataType::ListView(inner(field)),
        DataType::LargeListView(field) => DataType::LargeListView(inner(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(inner(field), *size),
        DataType::Map(field, is_sorted) => DataType::Map(inner(field), *is_sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}
