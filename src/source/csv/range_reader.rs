//! Reads the records of a range of bytes into batches, in memory that is bounded whatever the file holds.

use super::CsvSession;
use super::encoding::Decoded;
use super::encoding::is_late_control;
use super::fixed;
use super::index::Index;
use super::tokenizer::Cells;
use super::tokenizer::QUOTE;
use super::tokenizer::Step;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::batch::Feed;
use crate::source::batch::LONGEST_ROW;
use crate::source::batch::MOST_CELLS;
use crate::source::file::BLOCK;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use memchr::memchr;
use std::mem;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 << 10;

/// Room for what is kept of one reading to the next, so that as much is read again.
const SPARE: usize = 64 << 10;

/// Bytes that are looked at at once for the ends of cells: they and what is found in them fit the nearest cache.
const STRETCH: usize = 16 << 10;

/// Above it, a record is not looked for in one stretch.
const LONGEST_STRETCH: usize = 1 << 20;

/// How often something was met, and where first.
#[derive(Clone, Copy, Default)]
struct Met {
    count: u64,
    first: Option<Locator>,
}

impl Met {
    fn bump(&mut self, locator: Locator) {
        self.count += 1;
        self.first.get_or_insert(locator);
    }
}

/// Reads the records of one range of bytes.
#[expect(clippy::struct_excessive_bools, reason = "each says of the range or the buffer what no other does")]
pub(super) struct RangeReader<'a> {
    session: &'a CsvSession,
    feed: Feed<'a>,
    cells: Cells,
    index: Index,
    /// What divides the cells, where simple records may be told by the index.
    delimiter: Option<u8>,
    /// Bytes that are looked at at once.
    stretch: usize,
    scratch: Vec<u8>,
    /// The bytes of the file from `base` on, of which `filled` are there.
    buffer: Vec<u8>,
    /// One byte for each code unit of the buffer, where code units have two.
    units: Vec<u8>,
    /// A row as UTF-8.
    line: String,
    /// The buffer holds zero bytes that are characters.
    has_zeros: bool,
    base: u64,
    filled: usize,
    start: u64,
    end: u64,
    /// The digest is made of what is read.
    is_digested: bool,
    /// Rows are handed over as they are in the file.
    is_plain: bool,
    /// The range is all there is, so that its irregularities need no other reader.
    is_serial: bool,
    /// The rest of a line that is too long is being passed over.
    is_skipping: bool,
    short_rows: Met,
    long_rows: Met,
    too_long: Met,
    unclosed: Met,
    foreign: Met,
    odd: Met,
    /// For each column of fixed width, the rows in which its end stands within a word.
    cuts: Vec<u64>,
    broken: Option<Problem>,
}

impl<'a> RangeReader<'a> {
    pub(super) fn new(session: &'a CsvSession, start: u64, end: u64, sink: &'a mut dyn Sink) -> Self {
        let is_plain = session.encoding.is_utf8() && session.widths.is_none();
        let delimiter = session.tokenizer.delimiter.unwrap_or(b'\n');
        let is_serial = start <= session.data_start && end == session.file.size();
        Self {
            session,
            feed: Feed::new(sink),
            cells: Cells::default(),
            index: Index::default(),
            delimiter: (is_plain && session.tokenizer.has_quotes && delimiter != QUOTE).then_some(delimiter),
            stretch: STRETCH,
            scratch: Vec::new(),
            buffer: vec![0; READ_SIZE + SPARE],
            units: Vec::new(),
            line: String::new(),
            has_zeros: false,
            base: start,
            filled: 0,
            start,
            end,
            is_digested: session.file.is_digested(),
            is_plain,
            is_serial,
            is_skipping: false,
            short_rows: Met::default(),
            long_rows: Met::default(),
            too_long: Met::default(),
            unclosed: Met::default(),
            foreign: Met::default(),
            odd: Met::default(),
            cuts: vec![0; session.widths.as_ref().map_or(0, Vec::len)],
            broken: None,
        }
    }

    /// The same without the index: every record is told by the tokenizer.
    #[cfg(test)]
    pub(super) fn without_index(self) -> Self {
        Self { delimiter: None, ..self }
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
            let kept_bytes = kept_from * self.session.encoding.unit();
            self.buffer.copy_within(kept_bytes..self.filled, 0);
            self.base += kept_bytes as u64;
            self.filled -= kept_bytes;
            self.units.drain(..kept_from.min(self.units.len()));
        }
    }

    /// Reads on; true where nothing is left to read.
    fn fill(&mut self) -> bool {
        if self.filled * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let left = self.end - self.base - self.filled as u64;
        let offset = self.base + self.filled as u64;
        let room = self.room(offset, left);
        match self.session.file.read_at(&mut self.buffer[self.filled..self.filled + room], offset) {
            Ok(0) if room > 0 => {
                self.broken = Some(self.session.problem(ProblemCode::CutShort, "the file is shorter than at its opening"));
                true
            }
            Ok(read) => {
                let before = self.filled;
                if self.is_digested {
                    self.session.file.show(&self.buffer[before..before + read], offset);
                }
                // What lies behind the range was read for the digest only.
                let count = usize::try_from(left).map_or(read, |left| left.min(read));
                self.filled += count;
                let is_last = count as u64 == left;
                if self.session.encoding.is_wide() {
                    let narrowed = self.units.len();
                    self.session.encoding.narrow(&self.buffer[narrowed * 2..self.filled], &mut self.units);
                    self.has_zeros = memchr(0, &self.units).is_some();
                    if is_last && self.filled % 2 == 1 {
                        let detail = "the file ends in the middle of a character";
                        self.broken = Some(self.session.problem(ProblemCode::CutShort, detail));
                    }
                } else {
                    // What is kept of an earlier filling may hold one: then it stays so until the buffer is empty.
                    self.has_zeros = (self.has_zeros && before > 0) || memchr(0, &self.buffer[before..self.filled]).is_some();
                }
                is_last
            }
            Err(error) => {
                self.broken = Some(self.session.problem(ProblemCode::ReadFailed, io_reason(&error)));
                true
            }
        }
    }

    /// How much is to be read at an offset with so much left: up to where a block ends of which the digest is made, where it is made meanwhile.
    fn room(&self, offset: u64, left: u64) -> usize {
        let most = (self.buffer.len() - self.filled).min(self.filled.max(READ_SIZE)) as u64;
        let end = offset + most;
        let (last, whole) = ((offset + left).next_multiple_of(BLOCK).min(self.session.file.size()), end - end % BLOCK);
        let wanted = if !self.is_digested || left == 0 {
            left.min(most)
        } else if last <= end {
            last - offset
        } else if whole > offset {
            whole - offset
        } else {
            left.min(most)
        };
        usize::try_from(wanted).unwrap_or_default()
    }

    /// The code units of the buffer.
    fn input(&self) -> &[u8] {
        if self.session.encoding.is_wide() { &self.units } else { &self.buffer[..self.filled] }
    }

    /// Where the record that begins at a code unit of the buffer stands in the file.
    fn locator(&self, start: usize) -> Locator {
        Locator::ByteOffset(self.base + (start * self.session.encoding.unit()) as u64)
    }

    /// Hands over the records in the buffer and says from which code unit on it is still needed.
    fn records(&mut self, is_last: bool) -> Result<usize, ReadError> {
        let mut from = 0;
        let filled = self.input().len();
        if self.is_skipping {
            let Some(line_end) = memchr(b'\n', self.input()) else { return Ok(filled) };
            self.is_skipping = false;
            from = line_end + 1;
        }
        let tokenizer = self.session.tokenizer;
        loop {
            from = self.simple_records(from)?;
            let mut cells = std::mem::take(&mut self.cells);
            let step = tokenizer.step(self.input(), from, is_last, &mut cells);
            self.cells = cells;
            let (start, is_open) = match step {
                Step::End => return Ok(filled),
                Step::Open { start } if !is_last && filled - start <= LONGEST_ROW => return Ok(start),
                Step::Open { start } => (start, filled - start <= LONGEST_ROW),
                Step::Record { record, next } if record.len() <= LONGEST_ROW => {
                    self.record(record.start, record.end, true)?;
                    from = next;
                    continue;
                }
                Step::Record { record, .. } => (record.start, false),
            };
            if !self.is_serial {
                return Err(ReadError::SplitMismatch);
            }
            // A quote without an end, or a record beyond bounds: take the line as it stands and go on after it.
            let locator = self.locator(start);
            (if is_open { &mut self.unclosed } else { &mut self.too_long }).bump(locator);
            let mut cells = std::mem::take(&mut self.cells);
            let step = tokenizer.step_unquoted(self.input(), start, is_last, &mut cells);
            self.cells = cells;
            match step {
                Step::Record { record, next } => {
                    self.record(record.start, record.end, false)?;
                    from = next;
                }
                Step::Open { .. } | Step::End => {
                    self.is_skipping = true;
                    return Ok(filled);
                }
            }
        }
    }

    /// Hands over records as long as they are simple, and says where the first begins that is not, or that the buffer does not hold to its end.
    fn simple_records(&mut self, mut from: usize) -> Result<usize, ReadError> {
        let Some(delimiter) = self.delimiter.filter(|_| !self.has_zeros) else { return Ok(from) };
        self.stretch = STRETCH;
        loop {
            let end = self.filled.min(from + self.stretch);
            let count = self.index.look_at(&self.buffer[from..end], delimiter);
            if count > 0 {
                let end = from + self.index.end();
                let buffer = mem::take(&mut self.buffer);
                let done = self.simple_stretch(&buffer[from..end], self.base + from as u64, count);
                self.buffer = buffer;
                done?;
                from = end + 1;
            } else if end < self.filled && !self.index.is_odd() && self.stretch < LONGEST_STRETCH {
                self.stretch *= 2;
            } else {
                return Ok(from);
            }
        }
    }

    /// Hands over the records that the index found in a stretch, which begins at `base` in the file.
    fn simple_stretch(&mut self, stretch: &[u8], base: u64, count: usize) -> Result<(), ReadError> {
        let width = self.session.width();
        // What is known to be UTF-8 begins at `first`; the next record begins at or behind `next`.
        let (mut text, mut first, mut next, mut number) = ("", 0, 0, 0);
        while number < count {
            if next >= first + text.len() {
                first = next;
                text = match str::from_utf8(&stretch[first..]) {
                    Ok(text) => text,
                    Err(error) => str::from_utf8(&stretch[first..first + error.valid_up_to()]).unwrap_or_default(),
                };
            }
            // No stretch is as long as that.
            let skipped = u32::try_from(first).unwrap_or(u32::MAX);
            let mut other = None;
            if let Some(mut run) = self.feed.batch.run(text) {
                while number < count && !run.is_full() {
                    let Some(found) = self.index.record(stretch, number) else { return Ok(()) };
                    number += 1;
                    next = found.bytes.end + 1;
                    let cells = found.ends.len();
                    if found.is_escaped || found.bytes.end - first > text.len() || cells > MOST_CELLS {
                        self.cells.is_escaped = found.is_escaped;
                        self.cells.spans.clear();
                        let start = found.bytes.start;
                        let spans = found.cells(stretch).map(|(from, to)| (from as usize - start, to as usize - start));
                        self.cells.spans.extend(spans);
                        other = Some(found.bytes);
                        break;
                    }
                    let locator = Locator::ByteOffset(base + found.bytes.start as u64);
                    if cells < width {
                        self.short_rows.bump(locator);
                    } else if cells > width && found.cells(stretch).skip(width).any(|(from, to)| from < to) {
                        self.long_rows.bump(locator);
                    }
                    let place = found.bytes.start - first..found.bytes.end - first;
                    run.push_row(place, found.cells(stretch).map(|(from, to)| (from - skipped, to - skipped)), locator);
                }
                run.end();
            }
            self.feed.row_done()?;
            if let Some(place) = other {
                let locator = Locator::ByteOffset(base + place.start as u64);
                self.plain_record(&stretch[place], locator)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, start: usize, end: usize, has_quotes: bool) -> Result<(), ReadError> {
        let locator = self.locator(start);
        if self.is_plain && !self.has_zeros {
            let buffer = mem::take(&mut self.buffer);
            let done = self.plain_record(&buffer[start..end], locator);
            self.buffer = buffer;
            return done;
        }
        let unit = self.session.encoding.unit();
        self.decoded(start * unit, end * unit, has_quotes, locator)
    }

    /// Hands over a row whose cells lie in its bytes as they are, but for their quotes.
    fn plain_record(&mut self, bytes: &[u8], locator: Locator) -> Result<(), ReadError> {
        let count = self.cells.spans.len();
        if self.cells.is_escaped {
            for span in &self.cells.spans {
                Cells::cell(bytes, *span, true, &mut self.scratch);
                self.feed.batch.push_cell(Some(&self.scratch));
            }
            self.feed.batch.end_row(locator);
        } else {
            self.feed.batch.push_raw_row(bytes, &self.cells.spans, locator);
        }
        let width = self.session.width();
        if count != width {
            let has_more = self.cells.spans.iter().skip(width).any(|(start, end)| start < end);
            self.uneven(count, has_more, locator);
        }
        self.feed.row_done()
    }

    /// Hands over a row that has to be decoded before its cells can be told, or that holds zero bytes.
    fn decoded(&mut self, start: usize, end: usize, has_quotes: bool, locator: Locator) -> Result<(), ReadError> {
        self.line.clear();
        let decoded = self.session.encoding.decode(&self.buffer[start..end], &mut self.line);
        if decoded == Decoded::Foreign {
            self.foreign.bump(locator);
        } else if self.session.encoding.is_belied_by(&self.buffer[start..end]) {
            self.odd.bump(locator);
        }
        match &self.session.widths {
            Some(widths) => {
                self.cells.is_escaped = false;
                fixed::cells(&self.line, widths, &mut self.cells.spans, &mut self.cuts);
            }
            None => self.session.tokenizer.record(self.line.as_bytes(), has_quotes, &mut self.cells),
        }
        for (column, span) in self.cells.spans.iter().enumerate() {
            Cells::cell(self.line.as_bytes(), *span, self.cells.is_escaped, &mut self.scratch);
            // The line is UTF-8, and cells end at ASCII characters.
            let cell = str::from_utf8(&self.scratch).unwrap_or_default();
            if decoded == Decoded::Flawed
                && cell.contains(|character| character == char::REPLACEMENT_CHARACTER || is_late_control(character))
            {
                self.feed.batch.mark_undecodable(column);
            }
            if cell.trim_matches('\0').contains('\0') {
                self.feed.batch.mark_zeros(column);
            }
            self.feed.batch.push_text(cell);
        }
        self.feed.batch.end_row(locator);
        let (count, width) = (self.cells.spans.len(), self.session.width());
        if count != width {
            // Lines that are divided by place end where the blanks at their end were cut off.
            let may_be_short = self.session.widths.is_some() && count < width;
            let has_more = self.cells.spans.iter().skip(width).any(|(start, end)| start < end);
            if !may_be_short {
                self.uneven(count, has_more, locator);
            }
        }
        self.feed.row_done()
    }

    /// Notes a row with fewer cells than there are columns, or with more that hold something.
    fn uneven(&mut self, count: usize, has_more: bool, locator: Locator) {
        if count < self.session.width() {
            self.short_rows.bump(locator);
        } else if has_more {
            self.long_rows.bump(locator);
        }
    }

    pub(super) fn finish(self) -> Result<SplitReport, ReadError> {
        let session = self.session;
        let mut report = self.feed.finish(session.file.name(), session.file.name(), |index| session.column(index))?;
        report.bytes = self.base + self.filled as u64 - self.start;
        let width = session.width();
        let encoding = session.encoding.name();
        let counted = [
            (ProblemCode::RaggedRows, self.short_rows, format!("rows hold fewer cells than the {width} columns")),
            (ProblemCode::RaggedRows, self.long_rows, format!("rows hold more cells than the {width} columns")),
            (ProblemCode::RowTooLong, self.too_long, "rows are longer than 16 MiB; only their single lines were read".to_owned()),
            (ProblemCode::CutShort, self.unclosed, "quotes are never closed; their lines were read as they stand".to_owned()),
            (ProblemCode::AmbiguousEncoding, self.foreign, format!("rows are valid UTF-8 in a text in {encoding}")),
            (ProblemCode::AmbiguousEncoding, self.odd, format!("rows do not look like text in {encoding}, as the others do")),
        ];
        let counted = counted.into_iter().filter(|(_, met, _)| met.count > 0);
        report
            .problems
            .extend(counted.map(|(code, met, detail)| session.problem(code, detail).counted(met.count).first_at(met.first)));
        let doubtful =
            self.cuts.iter().enumerate().filter(|(_, cuts)| !session.is_packed && fixed::is_doubtful(**cuts, report.rows));
        let doubtful: Vec<Problem> = doubtful
            .map(|(column, cuts)| {
                let detail = "the column ends within words, so that its width may be wrong";
                session.problem(ProblemCode::DoubtfulWidths, detail).in_column(&session.column(column)).counted(*cuts)
            })
            .collect();
        report.problems.extend(doubtful);
        report.problems.extend(self.broken);
        Ok(report)
    }
}
