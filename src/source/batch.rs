//! Rows on their way from a source to whoever reads them: one arena of text, and where each cell of each row lies in it.

use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Sink;
use super::SplitReport;
use std::fmt;
use std::mem;
use std::ops::Range;

/// Rows in a full batch.
const FULL_ROWS: usize = 1_024;

/// Bytes of text in a full batch.
const FULL_BYTES: usize = 1 << 20;

/// Cells in a full batch, for tables of thousands of columns.
const FULL_CELLS: usize = 1 << 18;

/// The most cells of a row that is read as it lies; no table has so many columns. What is beyond is counted, and not read.
pub(super) const MOST_CELLS: usize = 1 << 16;

/// The most bytes that one row may have. Above it a cell is left out and counted, so that memory stays bounded.
pub(crate) const LONGEST_ROW: usize = 16 << 20;

/// Where in its source a row stands. For local findings only, but for the offset in a file, which problems name too.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Locator {
    /// Nowhere: the row's primary key says it, or the row was made up.
    None,
    /// The offset of its first byte in the file.
    ByteOffset(u64),
    /// Its row id in the database.
    RowId(i64),
    /// The page that it lies on, and its place there (`ctid`).
    TupleId(u32, u16),
}

/// A cell's place in the arena; `NULL` is [`Span::NULL`].
#[derive(Clone, Copy, Eq, PartialEq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    const NULL: Span = Span { start: 1, end: 0 };
}

/// A run of consecutive rows. Rows may differ in length: a row may end early, or hold more cells than the object has columns.
///
/// Text is checked for UTF-8 when it comes in, a whole row at once where possible; bytes that are not UTF-8 read as U+FFFD and are
/// counted by column.
#[derive(Clone, Default)]
pub(crate) struct RowBatch {
    text: String,
    spans: Vec<Span>,
    /// For each row, the number of cells up to its end.
    row_ends: Vec<u32>,
    locators: Vec<Locator>,
    first_row: u64,
    flaws: Flaws,
}

/// What was wrong with the cells of a batch, or of all batches of a split.
#[derive(Clone, Default)]
struct Flaws {
    undecodable: Marks,
    zeros: Marks,
    too_long: Marks,
}

/// Numbers of cells by column, and the row of the first.
#[derive(Clone, Default)]
struct Marks {
    counts: Counts,
    /// For each column its row: in a batch the number of the row there, later its place in the source.
    first: Vec<Option<(usize, Locator)>>,
}

impl Marks {
    fn bump(&mut self, column: usize, row: usize) {
        self.counts.bump(column);
        self.note(column, (row, Locator::None));
    }

    fn note(&mut self, column: usize, first: (usize, Locator)) {
        if self.first.len() <= column {
            self.first.resize(column + 1, None);
        }
        self.first[column].get_or_insert(first);
    }

    /// Moves all marks of a batch into this one.
    fn absorb(&mut self, batch: &mut Marks, locators: &[Locator]) {
        self.counts.absorb(&mut batch.counts);
        for (column, first) in batch.first.drain(..).enumerate() {
            if let Some((row, _)) = first {
                self.note(column, (row, locators.get(row).copied().unwrap_or(Locator::None)));
            }
        }
    }

    fn clear(&mut self) {
        self.counts.0.clear();
        self.first.clear();
    }
}

/// Numbers of cells by column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(Vec<u64>);

impl Counts {
    /// Counts one cell of a column.
    pub(crate) fn bump(&mut self, column: usize) {
        if self.0.len() <= column {
            self.0.resize(column + 1, 0);
        }
        self.0[column] += 1;
    }

    /// Moves all numbers of another into this one.
    fn absorb(&mut self, other: &mut Counts) {
        for (column, count) in other.0.drain(..).enumerate().filter(|(_, count)| *count > 0) {
            if self.0.len() <= column {
                self.0.resize(column + 1, 0);
            }
            self.0[column] += count;
        }
    }

    /// Columns with a number, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }
}

impl RowBatch {
    /// Number of complete rows.
    pub(crate) fn rows(&self) -> usize {
        self.row_ends.len()
    }

    /// Number of cells of a row; 0 where there is no such row.
    #[cfg(test)]
    pub(crate) fn columns(&self, row: usize) -> usize {
        let end = self.row_ends.get(row).map_or(0, |end| *end as usize);
        end - self.row_start(row).min(end)
    }

    /// The text of a cell. `None` is NULL, or a cell that the row does not have.
    #[inline]
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&str> {
        let index = self.row_start(row) + column;
        if index >= *self.row_ends.get(row)? as usize {
            return None;
        }
        let span = self.spans[index];
        self.text.get(span.start as usize..span.end as usize)
    }

    /// The cells of a row, in order.
    pub(crate) fn row(&self, row: usize) -> impl ExactSizeIterator<Item = Option<&str>> {
        let end = self.row_ends.get(row).map_or(0, |end| *end as usize);
        let start = self.row_start(row).min(end);
        self.spans[start..end].iter().map(|span| self.text.get(span.start as usize..span.end as usize))
    }

    /// Where in its source a row stands.
    pub(crate) fn locator(&self, row: usize) -> Locator {
        self.locators.get(row).copied().unwrap_or(Locator::None)
    }

    /// The number of the first row within its split, from 0.
    pub(crate) fn first_row(&self) -> u64 {
        self.first_row
    }

    /// Bytes of text that the batch holds.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether the batch is large enough to be handed over.
    pub(crate) fn is_full(&self) -> bool {
        self.rows() >= FULL_ROWS || self.text.len() >= FULL_BYTES || self.spans.len() >= FULL_CELLS
    }

    /// Empties the batch, whose memory is kept unless one long row had made it large.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(4 * FULL_BYTES);
        self.spans.clear();
        self.row_ends.clear();
        self.locators.clear();
        self.first_row = 0;
        self.flaws.undecodable.clear();
        self.flaws.zeros.clear();
        self.flaws.too_long.clear();
    }

    /// Counts a cell of the row that is being built as one whose bytes are no text in the encoding.
    pub(super) fn mark_undecodable(&mut self, column: usize) {
        self.flaws.undecodable.bump(column, self.rows());
    }

    /// Counts a cell of the row that is being built as one with zero bytes in it.
    pub(super) fn mark_zeros(&mut self, column: usize) {
        self.flaws.zeros.bump(column, self.rows());
    }

    /// Adds a cell to the row that is being built; `None` is NULL.
    pub(crate) fn push_cell(&mut self, cell: Option<&[u8]>) {
        let Some(cell) = cell else {
            self.spans.push(Span::NULL);
            return;
        };
        if let Ok(text) = str::from_utf8(cell) {
            self.push_text(text);
        } else {
            self.mark_undecodable(self.next_column());
            self.push_text(&String::from_utf8_lossy(cell));
        }
    }

    /// Adds a cell of text to the row that is being built.
    pub(crate) fn push_text(&mut self, cell: &str) {
        let row_start = self.spans[self.complete_spans()..].iter().find(|span| **span != Span::NULL);
        let row_start = row_start.map_or(self.text.len(), |span| span.start as usize);
        let start = self.text.len();
        let end = start + cell.len();
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end_position)) if end - row_start <= LONGEST_ROW => {
                self.text.push_str(cell);
                self.spans.push(Span { start, end: end_position });
            }
            _ => self.push_too_long(),
        }
    }

    /// Counts a cell of the row that is being built as one beyond the largest size, and adds NULL in its place.
    pub(super) fn push_too_long(&mut self) {
        self.flaws.too_long.bump(self.next_column(), self.rows());
        self.spans.push(Span::NULL);
    }

    /// Adds a row whose cells lie as they are in `raw`; one that ends before it begins is NULL. Falls back to single cells where `raw` is not UTF-8 or too long.
    pub(super) fn push_raw_row(&mut self, raw: &[u8], cells: &[(usize, usize)], locator: Locator) {
        let base = self.text.len();
        if cells.len() > MOST_CELLS {
            self.flaws.too_long.bump(MOST_CELLS, self.rows());
        }
        let cells = &cells[..cells.len().min(MOST_CELLS)];
        match str::from_utf8(raw) {
            Ok(text) if raw.len() <= LONGEST_ROW && u32::try_from(base + raw.len()).is_ok() => {
                self.text.push_str(text);
                #[allow(clippy::cast_possible_truncation, reason = "checked above for the end of the row")]
                self.spans.extend(cells.iter().map(|(start, end)| {
                    if start > end { Span::NULL } else { Span { start: (base + start) as u32, end: (base + end) as u32 } }
                }));
            }
            _ => cells.iter().for_each(|(start, end)| self.push_cell(raw.get(*start..*end))),
        }
        self.end_row(locator);
    }

    /// Adds rows that lie one behind the other in a text, which is copied once for all of them. `None` where it would make the batch too large.
    pub(super) fn run<'a>(&'a mut self, text: &'a str) -> Option<Run<'a>> {
        let base = u32::try_from(self.text.len()).ok()?;
        u32::try_from(self.text.len() + text.len()).ok()?;
        Some(Run { base, text, start: None, end: 0, batch: self })
    }

    /// Completes the row that is being built.
    pub(crate) fn end_row(&mut self, locator: Locator) {
        // A batch holds far fewer cells than that; if it ever did not, the rest would read as absent rather than as another row's.
        self.row_ends.push(u32::try_from(self.spans.len()).unwrap_or(u32::MAX));
        self.locators.push(locator);
    }

    fn next_column(&self) -> usize {
        self.spans.len() - self.complete_spans()
    }

    fn complete_spans(&self) -> usize {
        self.row_ends.last().map_or(0, |end| (*end as usize).min(self.spans.len()))
    }

    #[inline]
    fn row_start(&self, row: usize) -> usize {
        if row == 0 { 0 } else { self.row_ends.get(row - 1).map_or(usize::MAX / 2, |end| *end as usize) }
    }
}

/// Rows on their way into a batch out of one text.
pub(super) struct Run<'a> {
    batch: &'a mut RowBatch,
    text: &'a str,
    /// Where the text will begin in the arena, once its first row is known; more than it holds, counted around.
    base: u32,
    /// Where the first row begins.
    start: Option<usize>,
    /// Where the last row ends.
    end: usize,
}

impl Run<'_> {
    /// Adds a row that lies at `place` in the text, behind the one before. Its cells are given by their places in the text, within that of the row.
    #[inline]
    pub(super) fn push_row(&mut self, place: Range<usize>, cells: impl Iterator<Item = (u32, u32)>, locator: Locator) {
        if self.start.is_none() {
            self.start = Some(place.start);
            // No text is longer: see `RowBatch::run`.
            self.base = self.base.wrapping_sub(u32::try_from(place.start).unwrap_or_default());
        }
        self.end = place.end;
        let base = self.base;
        let span = |(start, end): (u32, u32)| Span { start: base.wrapping_add(start), end: base.wrapping_add(end) };
        self.batch.spans.extend(cells.map(span));
        self.batch.end_row(locator);
    }

    /// Whether the batch has as many rows or cells as it should hold.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.batch.rows() >= FULL_ROWS || self.batch.spans.len() >= FULL_CELLS
    }

    /// Adds the text of the rows.
    pub(super) fn end(self) {
        let rows = self.start.and_then(|start| self.text.get(start..self.end));
        self.batch.text.push_str(rows.unwrap_or_default());
    }
}

/// Shows sizes only: cells are other people's data.
impl fmt::Debug for RowBatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RowBatch").field("rows", &self.rows()).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

/// Fills batches for a reader and hands them over, and keeps the counts that go into the split's report.
pub(super) struct Feed<'a> {
    sink: &'a mut dyn Sink,
    pub(super) batch: RowBatch,
    rows: u64,
    text_bytes: u64,
    flaws: Flaws,
}

impl<'a> Feed<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, batch: RowBatch::default(), rows: 0, text_bytes: 0, flaws: Flaws::default() }
    }

    /// Hands the batch over where it is full. To be called after each row.
    #[inline]
    pub(super) fn row_done(&mut self) -> Result<(), ReadError> {
        if self.batch.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ReadError> {
        self.rows += self.batch.rows() as u64;
        self.text_bytes += self.batch.bytes() as u64;
        let (flaws, batch) = (&mut self.flaws, &mut self.batch);
        flaws.undecodable.absorb(&mut batch.flaws.undecodable, &batch.locators);
        flaws.zeros.absorb(&mut batch.flaws.zeros, &batch.locators);
        flaws.too_long.absorb(&mut batch.flaws.too_long, &batch.locators);
        self.batch = self.sink.take(mem::take(&mut self.batch))?;
        self.batch.clear();
        self.batch.first_row = self.rows;
        Ok(())
    }

    /// Hands over what is left. The report counts bytes of text; `name` finds a column's name.
    pub(super) fn finish(mut self, source: &str, object: &str, name: impl Fn(usize) -> String) -> Result<SplitReport, ReadError> {
        if self.batch.rows() > 0 {
            self.flush()?;
        }
        let mut problems = Vec::new();
        let reasons = [
            (&self.flaws.undecodable, ProblemCode::Undecodable, "cells hold bytes that are no text in the source's encoding"),
            (&self.flaws.zeros, ProblemCode::BinaryCells, "cells hold zero bytes between characters"),
            (&self.flaws.too_long, ProblemCode::RowTooLong, "cells make their row longer than 16 MiB and were not read"),
        ];
        for (marks, code, detail) in reasons {
            let of_column = |(column, count)| {
                let first = marks.first.get(column).copied().flatten().map(|(_, locator)| locator);
                let problem = Problem::of_source(code, source, detail).in_object(object).in_column(&name(column));
                problem.counted(count).first_at(first)
            };
            problems.extend(marks.counts.iter().map(of_column));
        }
        Ok(SplitReport { rows: self.rows, bytes: self.text_bytes, problems })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_cells_nulls_and_locators() {
        let mut batch = RowBatch::default();
        batch.push_cell(Some(b"a"));
        batch.push_cell(None);
        batch.push_cell(Some(b""));
        batch.end_row(Locator::RowId(7));
        batch.push_text("b");
        batch.end_row(Locator::None);
        assert_eq!(batch.rows(), 2);
        assert_eq!(batch.row(0).collect::<Vec<_>>(), [Some("a"), None, Some("")]);
        assert_eq!(batch.cell(0, 1), None);
        assert_eq!((batch.columns(0), batch.columns(1), batch.columns(2)), (3, 1, 0));
        assert_eq!(batch.cell(1, 0), Some("b"));
        assert_eq!(batch.cell(1, 1), None);
        assert_eq!(batch.cell(2, 0), None);
        assert_eq!(batch.cell(9, 0), None);
        assert_eq!(batch.locator(0), Locator::RowId(7));
        batch.clear();
        assert_eq!((batch.rows(), batch.bytes()), (0, 0));
    }

    #[test]
    fn counts_what_is_not_utf8_by_column_and_reads_it_lossily() {
        let mut batch = RowBatch::default();
        batch.push_raw_row(b"ok,caf\xe9", &[(0, 2), (3, 7)], Locator::ByteOffset(0));
        assert_eq!(batch.row(0).collect::<Vec<_>>(), [Some("ok"), Some("caf\u{fffd}")]);
        assert_eq!(batch.flaws.undecodable.counts.iter().collect::<Vec<_>>(), [(1, 1)]);
    }

    #[test]
    fn copies_the_text_of_many_rows_at_once() {
        let mut batch = RowBatch::default();
        batch.push_text("before");
        batch.end_row(Locator::None);
        let text = "skipped\n\"a\",b\n\nc,\nlater\n";
        let mut run = batch.run(text).unwrap();
        run.push_row(8..13, [(9, 10), (12, 13)].into_iter(), Locator::ByteOffset(8));
        run.push_row(15..17, [(15, 16), (17, 17)].into_iter(), Locator::ByteOffset(15));
        assert!(!run.is_full());
        run.end();
        batch.push_text("after");
        batch.end_row(Locator::None);
        let rows: Vec<Vec<_>> = (0..4).map(|row| batch.row(row).collect()).collect();
        assert_eq!(rows, [vec![Some("before")], vec![Some("a"), Some("b")], vec![Some("c"), Some("")], vec![Some("after")]]);
        assert_eq!((batch.locator(2), batch.bytes()), (Locator::ByteOffset(15), 6 + 9 + 5));
        batch.run(text).unwrap().end();
        assert_eq!(batch.bytes(), 20);
    }

    #[test]
    fn leaves_out_what_makes_a_row_too_long() {
        let mut batch = RowBatch::default();
        let long = vec![b'x'; LONGEST_ROW];
        batch.push_cell(Some(&long));
        batch.push_cell(Some(b"y"));
        batch.end_row(Locator::None);
        batch.push_cell(Some(b"z"));
        batch.end_row(Locator::None);
        assert_eq!(batch.cell(0, 0).map(str::len), Some(LONGEST_ROW));
        assert_eq!(batch.cell(0, 1), None);
        assert_eq!(batch.cell(1, 0), Some("z"));
        assert_eq!(batch.flaws.too_long.counts.iter().collect::<Vec<_>>(), [(1, 1)]);
    }

    #[test]
    fn debug_output_holds_no_cell() {
        let mut batch = RowBatch::default();
        batch.push_text("canary");
        batch.end_row(Locator::None);
        assert!(!format!("{batch:?}").contains("canary"));
    }
}
