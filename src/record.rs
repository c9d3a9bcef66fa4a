//! What a record is: fields with a kind, a role and an origin, and the canonical values that both sides make of them.
//!
//! Rows come in as text cells; [`schema`] says what a column means, [`normalize`] turns a cell into canonical form, and [`RecordBatch`]
//! carries the canonical values of many rows to the match keys. Nothing here reads a file, a clock or randomness.

pub(crate) mod field;
pub(crate) mod normalize;
pub(crate) mod schema;

use std::fmt;

use crate::record::field::Slot;
use crate::support::short;

/// Of the row being built, so many of the latest values of a slot are compared with a new one. A row with more candidates than this may
/// hold the same value twice, which costs a hash and changes no result; without the bound a hostile row would cost its square.
const DUPLICATE_WINDOW: usize = 64;

/// Canonical values of a batch of rows, slot by slot. Row `r`'s candidates for slot `s` are `candidates(s, r)`.
///
/// Each slot is one arena of bytes with offsets, so that a batch is refilled without allocating.
#[derive(Default)]
pub(crate) struct RecordBatch {
    columns: [SlotColumn; Slot::COUNT],
    /// After each row, how many values each slot has.
    row_ends: Vec<[u32; Slot::COUNT]>,
    /// How many values each slot had when the row being built began.
    open: [u32; Slot::COUNT],
}

/// The values of one slot: `bytes` holds them end to end, and room for more; `ends` where each ends.
#[derive(Default)]
struct SlotColumn {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// A sign of each value, by which it is told from most others.
    signs: Vec<u8>,
}

/// The sign of a value, of its length and its ends.
#[inline]
fn sign(value: &[u8]) -> u8 {
    let end = |byte: Option<&u8>| byte.copied().unwrap_or(0);
    let middle = value.get(value.len() / 2);
    value.len().to_le_bytes()[0].rotate_left(4)
        ^ end(value.first())
        ^ end(value.last()).rotate_left(3)
        ^ end(middle).rotate_left(5)
}

/// Bytes of room that a slot has at least, once it has a value.
const ROOM: usize = 4_096;

impl SlotColumn {
    #[inline]
    fn value(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start as usize..self.ends[index] as usize]
    }

    /// Bytes of all values.
    fn used(&self) -> usize {
        self.ends.last().map_or(0, |end| *end as usize)
    }

    #[inline]
    fn push(&mut self, value: &[u8], sign: u8) {
        let start = self.used();
        let end = start + value.len();
        if end > self.bytes.len() {
            self.bytes.resize((2 * end).max(ROOM), 0);
        }
        short::copy(&mut self.bytes[start..end], value);
        self.ends.push(offset(end));
        self.signs.push(sign);
    }
}

impl RecordBatch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Empties the batch and keeps its memory.
    pub(crate) fn clear(&mut self) {
        for column in &mut self.columns {
            column.ends.clear();
            column.signs.clear();
        }
        self.row_ends.clear();
        self.open = [0; Slot::COUNT];
    }

    /// Rows ended so far; the row being built does not count.
    pub(crate) fn rows(&self) -> usize {
        self.row_ends.len()
    }

    /// Index of the first value of a slot in the row being built.
    #[inline]
    fn open_row(&self, slot: Slot) -> usize {
        self.open[slot.index()] as usize
    }

    /// Whether the row being built has a candidate of a slot.
    #[inline]
    pub(crate) fn has_open(&self, slot: Slot) -> bool {
        self.columns[slot.index()].ends.len() > self.open_row(slot)
    }

    /// All candidates of a slot: their bytes end to end, where each ends, and how many there are after each row.
    pub(crate) fn arena(&self, slot: Slot) -> (&[u8], &[u32], impl Iterator<Item = u32>) {
        let column = &self.columns[slot.index()];
        (&column.bytes[..column.used()], &column.ends, self.row_ends.iter().map(move |ends| ends[slot.index()]))
    }

    /// Adds a candidate to the row being built. An empty value is ignored, and so is one that this row and slot already has.
    pub(crate) fn push(&mut self, slot: Slot, value: &str) {
        self.push_bytes(slot, value.as_bytes());
    }

    /// As [`RecordBatch::push`], of text in UTF-8.
    #[inline]
    pub(crate) fn push_bytes(&mut self, slot: Slot, value: &[u8]) {
        if value.is_empty() {
            return;
        }
        let first = self.open_row(slot);
        let column = &mut self.columns[slot.index()];
        let first = first.max(column.ends.len().saturating_sub(DUPLICATE_WINDOW));
        let sign = sign(value);
        let signs = &column.signs[first..];
        if !signs.is_empty() && memchr::memchr_iter(sign, signs).any(|ahead| short::is_same(column.value(first + ahead), value)) {
            return;
        }
        column.push(value, sign);
    }

    /// The candidates of a slot that the row being built has so far.
    pub(crate) fn open(&self, slot: Slot) -> impl Iterator<Item = &[u8]> {
        let column = &self.columns[slot.index()];
        (self.open_row(slot)..column.ends.len()).map(|index| column.value(index))
    }

    /// Ends the row being built; one without any value is a row too.
    pub(crate) fn end_row(&mut self) {
        self.open = self.columns.each_ref().map(|column| offset(column.ends.len()));
        self.row_ends.push(self.open);
    }

    /// The candidates of a slot in an ended row, in the order they were pushed; none for a row that there is not.
    pub(crate) fn candidates(&self, slot: Slot, row: usize) -> impl Iterator<Item = &[u8]> {
        let column = &self.columns[slot.index()];
        let end = |row: usize| self.row_ends.get(row).map_or(0, |ends| ends[slot.index()] as usize);
        let start = row.checked_sub(1).map_or(0, end);
        (start..end(row)).map(|index| column.value(index))
    }
}

/// An offset within a batch, which is far smaller than 4 GiB: a batch of the source holds a few MiB.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Says how many rows there are and none of their values.
impl fmt::Debug for RecordBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RecordBatch").field("rows", &self.rows()).finish_non_exhaustive()
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
