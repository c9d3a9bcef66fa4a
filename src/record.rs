//! What a record is: fields with a kind, a role and an origin, and the canonical values that both sides make of them.
//!
//! Rows come in as text cells; [`schema`] says what a column means, [`normalize`] turns a cell into canonical form, and [`RecordBatch`]
//! carries the canonical values of many rows to the match keys. Nothing here reads a file, a clock or randomness.

pub(crate) mod field;
pub(crate) mod normalize;
pub(crate) mod schema;

use std::fmt;

use crate::record::field::Slot;

/// Of the row being built, so many of the latest values of a slot are compared with a new one. A row with more candidates than this may
/// hold the same value twice, which costs a hash and changes no result; without the bound a hostile row would cost its square.
const DUPLICATE_WINDOW: usize = 64;

/// Canonical values of a batch of rows, slot by slot. Row `r`'s candidates for slot `s` are `candidates(s, r)`.
///
/// Each slot is one arena of bytes with offsets, so that a batch is refilled without allocating.
#[derive(Default)]
pub(crate) struct RecordBatch {
    columns: [SlotColumn; Slot::COUNT],
    rows: usize,
}

/// The values of one slot: `bytes` holds them end to end, `ends` where each ends, `row_ends` how many values there were after each row.
#[derive(Default)]
struct SlotColumn {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    row_ends: Vec<usize>,
}

impl SlotColumn {
    fn value(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// Index of the first value of the row being built.
    fn open_row(&self) -> usize {
        self.row_ends.last().copied().unwrap_or(0)
    }
}

impl RecordBatch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Empties the batch and keeps its memory.
    pub(crate) fn clear(&mut self) {
        for column in &mut self.columns {
            column.bytes.clear();
            column.ends.clear();
            column.row_ends.clear();
        }
        self.rows = 0;
    }

    /// Rows ended so far; the row being built does not count.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a candidate to the row being built. An empty value is ignored, and so is one that this row and slot already has.
    pub(crate) fn push(&mut self, slot: Slot, value: &str) {
        if value.is_empty() {
            return;
        }
        let column = &mut self.columns[slot.index()];
        let first = column.open_row().max(column.ends.len().saturating_sub(DUPLICATE_WINDOW));
        if (first..column.ends.len()).any(|index| column.value(index) == value.as_bytes()) {
            return;
        }
        column.bytes.extend_from_slice(value.as_bytes());
        column.ends.push(column.bytes.len());
    }

    /// The candidates of a slot that the row being built has so far.
    pub(crate) fn open(&self, slot: Slot) -> impl Iterator<Item = &[u8]> {
        let column = &self.columns[slot.index()];
        (column.open_row()..column.ends.len()).map(|index| column.value(index))
    }

    /// Ends the row being built; one without any value is a row too.
    pub(crate) fn end_row(&mut self) {
        for column in &mut self.columns {
            column.row_ends.push(column.ends.len());
        }
        self.rows += 1;
    }

    /// The candidates of a slot in an ended row, in the order they were pushed; none for a row that there is not.
    pub(crate) fn candidates(&self, slot: Slot, row: usize) -> impl Iterator<Item = &[u8]> {
        let column = &self.columns[slot.index()];
        let range = match column.row_ends.get(row) {
            Some(&end) => (if row == 0 { 0 } else { column.row_ends[row - 1] })..end,
            None => 0..0,
        };
        range.map(|index| column.value(index))
    }
}

/// Says how many rows there are and none of their values.
impl fmt::Debug for RecordBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RecordBatch").field("rows", &self.rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(batch: &RecordBatch, slot: Slot, row: usize) -> Vec<String> {
        batch.candidates(slot, row).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }

    #[test]
    fn rows_keep_their_own_candidates() {
        let mut batch = RecordBatch::new();
        batch.push(Slot::Birth, "19560409");
        batch.push(Slot::Birth, "19560904");
        batch.push(Slot::Birth, "19560409");
        batch.push(Slot::Name, "");
        batch.end_row();
        batch.end_row();
        batch.push(Slot::Birth, "19560409");
        batch.push(Slot::Name, "ann green");
        batch.end_row();
        assert_eq!(batch.rows(), 3);
        assert_eq!(read(&batch, Slot::Birth, 0), ["19560409", "19560904"]);
        assert!(read(&batch, Slot::Name, 0).is_empty());
        assert!(read(&batch, Slot::Birth, 1).is_empty());
        assert_eq!(read(&batch, Slot::Birth, 2), ["19560409"]);
        assert_eq!(read(&batch, Slot::Name, 2), ["ann green"]);
        assert!(read(&batch, Slot::Name, 3).is_empty());
        assert!(!format!("{batch:?}").contains("green"));
        batch.clear();
        assert_eq!(batch.rows(), 0);
        assert!(read(&batch, Slot::Birth, 0).is_empty());
    }
}
