//! The values of one row, on their way from the script into a batch.

use crate::source::batch::LONGEST_ROW;

/// What a value of a statement is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cell {
    Null,
    /// The default of its column, which the script does not repeat.
    Default,
    /// Text in the encoding of the script.
    Text,
    /// Bytes.
    Bytes,
    /// Text in UTF-8, made up from escapes.
    Unicode,
    /// An expression whose value is not known.
    Unclear,
    /// Beyond the largest size.
    TooLong,
}

/// The values of one row in the order in which they stand.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) text: Vec<u8>,
    /// Where each value lies in the text; one that ends before it begins is NULL.
    pub(super) spans: Vec<(usize, usize)>,
    pub(super) cells: Vec<Cell>,
    /// Some value is neither plain text nor NULL.
    pub(super) is_odd: bool,
    /// Some text holds a backslash, of which it is not known whether it escapes.
    pub(super) backslashes: bool,
}

impl Row {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(1 << 20);
        self.spans.clear();
        self.cells.clear();
        (self.is_odd, self.backslashes) = (false, false);
    }

    /// Adds a value whose bytes were added to the text from `start` on.
    #[inline]
    pub(super) fn end(&mut self, cell: Cell, start: usize) {
        let cell = if self.text.len() > LONGEST_ROW { Cell::TooLong } else { cell };
        match cell {
            Cell::Text => self.spans.push((start, self.text.len())),
            Cell::Null => {
                self.text.truncate(start);
                self.spans.push((1, 0));
            }
            Cell::Bytes | Cell::Unicode => {
                self.is_odd = true;
                self.spans.push((start, self.text.len()));
            }
            Cell::Default | Cell::Unclear | Cell::TooLong => {
                self.is_odd = true;
                self.text.truncate(start);
                self.spans.push((1, 0));
            }
        }
        self.cells.push(cell);
    }

    /// The bytes of a value.
    pub(super) fn bytes(&self, index: usize) -> &[u8] {
        self.spans.get(index).and_then(|(start, end)| self.text.get(*start..*end)).unwrap_or_default()
    }
}
