//! Reads the records of a range of bytes into batches, in memory that is bounded whatever the file holds.

use super::CsvSession;
use super::tokenizer::Cells;
use super::tokenizer::Step;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::batch::Feed;
use crate::source::batch::LONGEST_ROW;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use memchr::memchr;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 << 10;

/// Reads the records of one range of bytes.
pub(super) struct RangeReader<'a> {
    session: &'a CsvSession,
    feed: Feed<'a>,
    cells: Cells,
    scratch: Vec<u8>,
    /// The bytes of the file from `base` on, of which `filled` are there.
    buffer: Vec<u8>,
    base: u64,
    filled: usize,
    start: u64,
    end: u64,
    /// The range is all there is, so that its irregularities need no other reader.
    is_serial: bool,
    /// The rest of a line that is too long is being passed over.
    is_skipping: bool,
    short_rows: u64,
    long_rows: u64,
    too_long: u64,
    unclosed: u64,
    broken: Option<Problem>,
}

impl<'a> RangeReader<'a> {
    pub(super) fn new(session: &'a CsvSession, start: u64, end: u64, sink: &'a mut dyn Sink) -> Self {
        let is_serial = start <= session.data_start && end == session.file.size();
        Self {
            session,
            feed: Feed::new(sink),
            cells: Cells::default(),
            scratch: Vec::new(),
            buffer: vec![0; READ_SIZE],
            base: start,
            filled: 0,
            start,
            end,
            is_serial,
            is_skipping: false,
            short_rows: 0,
            long_rows: 0,
            too_long: 0,
            unclosed: 0,
            broken: None,
        }
    }

    pub(super) fn run(&mut self, cancel: &Cancel) -> Result<(), ReadError> {
        loop {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let is_last = self.fill();
            let kept_from = self.records(is_last)?;
            if is_last {
                return Ok(());
            }
            self.buffer.copy_within(kept_from..self.filled, 0);
            self.base += kept_from as u64;
            self.filled -= kept_from;
        }
    }

    /// Reads on; true where nothing is left to read.
    fn fill(&mut self) -> bool {
        if self.filled * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let left = self.end - self.base - self.filled as u64;
        let room = usize::try_from(left).map_or(usize::MAX, |left| left).min(self.buffer.len() - self.filled);
        let offset = self.base + self.filled as u64;
        match self.session.file.read_at(&mut self.buffer[self.filled..self.filled + room], offset) {
            Ok(0) if room > 0 => {
                self.broken = Some(self.session.problem(ProblemCode::CutShort, "the file is shorter than at its opening"));
                true
            }
            Ok(count) => {
                self.filled += count;
                count as u64 == left
            }
            Err(error) => {
                self.broken = Some(self.session.problem(ProblemCode::ReadFailed, io_reason(&error)));
                true
            }
        }
    }

    /// Hands over the records in the buffer and says from where on it is still needed.
    fn records(&mut self, is_last: bool) -> Result<usize, ReadError> {
        let mut from = 0;
        if self.is_skipping {
            let Some(line_end) = memchr(b'\n', &self.buffer[..self.filled]) else { return Ok(self.filled) };
            self.is_skipping = false;
            from = line_end + 1;
        }
        loop {
            let input = &self.buffer[..self.filled];
            let (start, is_open) = match self.session.tokenizer.step(input, from, is_last, &mut self.cells) {
                Step::End => return Ok(self.filled),
                Step::Open { start } if !is_last && self.filled - start <= LONGEST_ROW => return Ok(start),
                Step::Open { start } => (start, self.filled - start <= LONGEST_ROW),
                Step::Record { record, next } if record.len() <= LONGEST_ROW => {
                    self.record(record.start, record.end)?;
                    from = next;
                    continue;
                }
                Step::Record { record, .. } => (record.start, false),
            };
            if !self.is_serial {
                return Err(ReadError::SplitMismatch);
            }
            // A quote without an end, or a record beyond bounds: take the line as it stands and go on after it.
            *(if is_open { &mut self.unclosed } else { &mut self.too_long }) += 1;
            match self.session.tokenizer.step_unquoted(input, start, is_last, &mut self.cells) {
                Step::Record { record, next } => {
                    self.record(record.start, record.end)?;
                    from = next;
                }
                Step::Open { .. } | Step::End => {
                    self.is_skipping = true;
                    return Ok(self.filled);
                }
            }
        }
    }

    fn record(&mut self, start: usize, end: usize) -> Result<(), ReadError> {
        let record = &self.buffer[start..end];
        let locator = Locator::ByteOffset(self.base + start as u64);
        let width = self.session.width();
        let count = self.cells.spans.len();
        if count < width {
            self.short_rows += 1;
        } else if count > width && self.cells.spans[width..].iter().any(|(start, end)| start < end) {
            self.long_rows += 1;
        }
        if self.cells.is_escaped {
            for span in &self.cells.spans {
                Cells::cell(record, *span, true, &mut self.scratch);
                self.feed.batch.push_cell(Some(&self.scratch));
            }
            self.feed.batch.end_row(locator);
        } else {
            self.feed.batch.push_raw_row(record, &self.cells.spans, locator);
        }
        self.feed.row_done()
    }

    pub(super) fn finish(self) -> Result<SplitReport, ReadError> {
        let session = self.session;
        let mut report = self.feed.finish(session.file.name(), session.file.name(), |index| session.column(index))?;
        report.bytes = self.base + self.filled as u64 - self.start;
        let width = session.width();
        let counted = [
            (ProblemCode::RaggedRows, self.short_rows, format!("rows hold fewer cells than the {width} columns")),
            (ProblemCode::RaggedRows, self.long_rows, format!("rows hold more cells than the {width} columns")),
            (ProblemCode::RowTooLong, self.too_long, "rows are longer than 16 MiB; only their single lines were read".to_owned()),
            (ProblemCode::CutShort, self.unclosed, "quotes are never closed; their lines were read as they stand".to_owned()),
        ];
        let counted = counted.into_iter().filter(|(_, count, _)| *count > 0);
        report.problems.extend(counted.map(|(code, count, detail)| session.problem(code, detail).counted(count)));
        report.problems.extend(self.broken);
        Ok(report)
    }
}
