//! A row on its way to a batch: its cells are put one behind the other, and looked at together.

use super::cell::Cells;
use super::cell::Shown;
use crate::source::Locator;
use crate::source::RowBatch;
use crate::source::batch::Counts;
use crate::source::bytes;

/// What stands behind each cell, so that the bytes of two never make a character together.
const DIVIDER: u8 = b'\n';

/// A NULL, whose end stands before its beginning.
const NULL: (usize, usize) = (1, 0);

/// Bytes that are kept for the next row.
const KEPT: usize = 1 << 20;

/// The cells of one row.
#[derive(Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    cells: Vec<(usize, usize)>,
    /// What has to be put together for a cell.
    scratch: String,
}

impl Line {
    /// Adds a cell of text.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.cells.push((start, self.bytes.len()));
        self.bytes.push(DIVIDER);
    }

    pub(super) fn add_null(&mut self) {
        self.cells.push(NULL);
    }

    /// Adds the value of a row. What is bytes and no text is counted and reads as NULL.
    #[inline]
    pub(super) fn add_value(&mut self, cells: &Cells<'_>, row: usize, binary: &mut Counts) {
        let mut scratch = std::mem::take(&mut self.scratch);
        match cells.show(row, &mut scratch) {
            Shown::Null => self.add_null(),
            Shown::Text(text) => self.add(text),
            Shown::Bytes(value) => {
                if let Some(text) = bytes::text(value) {
                    self.add(text.as_bytes());
                } else {
                    binary.bump(self.cells.len());
                    self.add_null();
                }
            }
            Shown::Number(text) | Shown::Word(text) => self.add(text.as_bytes()),
        }
        self.scratch = scratch;
    }

    /// Ends the row, and makes room for another. What calls itself text and holds NUL bytes is judged as bytes are.
    pub(super) fn end(&mut self, batch: &mut RowBatch, binary: &mut Counts, locator: Locator) {
        if memchr::memchr(0, &self.bytes).is_none() {
            batch.push_raw_row(&self.bytes, &self.cells, locator);
        } else {
            for (column, (start, end)) in self.cells.iter().enumerate() {
                match self.bytes.get(*start..*end) {
                    Some(cell) if memchr::memchr(0, cell).is_some() => bytes::push(batch, column, cell, binary),
                    cell => batch.push_cell(cell),
                }
            }
            batch.end_row(locator);
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.cells.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_judged_one_by_one_where_it_matters() {
        let (mut line, mut batch, mut binary) = (Line::default(), RowBatch::default(), Counts::default());
        let mut row = |cells: &[Option<&[u8]>]| {
            for cell in cells {
                match cell {
                    Some(cell) => line.add(cell),
                    None => line.add_null(),
                }
            }
            line.end(&mut batch, &mut binary, Locator::None);
        };
        row(&[Some(b"ann"), None, Some(b"")]);
        // Each half of a character is none.
        row(&[Some(b"\xc3"), Some(b"\xa9")]);
        row(&[Some(b"a\0b\0"), Some("zoë".as_bytes()), Some(b"\0\xff\x01"), None]);
        assert_eq!(batch.row(0).collect::<Vec<_>>(), [Some("ann"), None, Some("")]);
        assert_eq!(batch.row(1).collect::<Vec<_>>(), [Some("\u{fffd}"), Some("\u{fffd}")]);
        assert_eq!(batch.row(2).collect::<Vec<_>>(), [Some("ab"), Some("zoë"), None, None]);
        assert_eq!(binary.iter().collect::<Vec<_>>(), [(2, 1)]);
    }
}
