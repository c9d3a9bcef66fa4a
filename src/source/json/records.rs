//! The records in a range of bytes, one after another, in memory that is bounded whatever the file holds.

use super::bounds::Ending;
use super::bounds::Search;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::batch::LONGEST_ROW;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::support::progress::Cancel;
use memchr::memchr;
use std::ops::Range;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 << 10;

/// How records follow one another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// One on each line.
    Lines,
    /// One behind the other, whatever stands on a line.
    Values,
    /// The elements of a list, between commas.
    Elements,
    /// The members of an object, between commas, each with its name.
    Members,
    /// One that is put together from what the file holds besides lists of records.
    Rest,
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// A record: its place in the buffer.
    Record(Range<usize>),
    /// A record beyond bounds, which was passed over, and its place in the file.
    TooLong(u64),
    End,
}

/// Goes through the records of a range of bytes.
pub(super) struct Records<'a> {
    file: &'a OpenedFile,
    order: Order,
    end: u64,
    /// The bytes of the file from `base` on, of which `filled` are there, and all before `at` are done with.
    buffer: Vec<u8>,
    base: u64,
    filled: usize,
    at: usize,
    is_last: bool,
    /// What stopped it before the end of the range.
    broken: Option<Problem>,
}

impl<'a> Records<'a> {
    pub(super) fn new(file: &'a OpenedFile, order: Order, range: Range<u64>) -> Self {
        Self {
            file,
            order,
            end: range.end,
            buffer: vec![0; READ_SIZE],
            base: range.start,
            filled: 0,
            at: 0,
            is_last: range.is_empty(),
            broken: None,
        }
    }

    /// The bytes of a place in the buffer. They stay until the next record is asked for.
    pub(super) fn bytes(&self, place: Range<usize>) -> &[u8] {
        &self.buffer[place]
    }

    /// Where a place of the buffer is in the file.
    pub(super) fn offset(&self, place: usize) -> u64 {
        self.base + place as u64
    }

    /// Whether the range ends behind a place of the buffer.
    pub(super) fn is_end(&self, place: usize) -> bool {
        self.is_last && place >= self.filled
    }

    /// Why the range was not read to its end.
    pub(super) fn broken(self) -> Option<Problem> {
        self.broken
    }

    pub(super) fn next(&mut self, cancel: &Cancel) -> Result<Next, ReadError> {
        if !self.skip_between(cancel)? {
            return Ok(Next::End);
        }
        let start = self.offset(self.at);
        let mut search = Search::new(if self.order == Order::Values { Ending::Value } else { Ending::Comma });
        let mut searched = self.at;
        let mut is_too_long = false;
        loop {
            let fresh = &self.buffer[searched..self.filled];
            let found = if self.order == Order::Lines { memchr(b'\n', fresh) } else { search.end(fresh) };
            let end = match found {
                Some(length) => searched + length,
                None if self.is_last => self.filled,
                None => {
                    searched = self.filled;
                    if is_too_long || searched - self.at > LONGEST_ROW {
                        is_too_long = true;
                        self.at = searched;
                    }
                    searched -= self.fill(cancel)?;
                    continue;
                }
            };
            // A bracket that closes nothing is a record of its own, which is malformed.
            let end = if end == self.at && self.offset(end) == start { (end + 1).min(self.filled) } else { end };
            let place = self.at..end;
            self.at = end;
            return Ok(if is_too_long || place.len() > LONGEST_ROW { Next::TooLong(start) } else { Next::Record(place) });
        }
    }

    /// Goes on to the first byte of a record; false where there is none.
    fn skip_between(&mut self, cancel: &Cancel) -> Result<bool, ReadError> {
        loop {
            let is_between = |byte: &u8| match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x1e => true,
                b',' => matches!(self.order, Order::Elements | Order::Members),
                _ => false,
            };
            match self.buffer[self.at..self.filled].iter().position(|byte| !is_between(byte)) {
                Some(place) => {
                    self.at += place;
                    return Ok(true);
                }
                None if self.is_last => return Ok(false),
                None => {
                    self.at = self.filled;
                    self.fill(cancel)?;
                }
            }
        }
    }

    /// Reads on, and says by how many bytes what is kept has moved to the front.
    fn fill(&mut self, cancel: &Cancel) -> Result<usize, ReadError> {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let moved = self.at;
        self.buffer.copy_within(self.at..self.filled, 0);
        self.base += moved as u64;
        self.filled -= moved;
        self.at = 0;
        if self.filled * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        } else if self.filled < READ_SIZE / 2 && self.buffer.len() > 16 * READ_SIZE {
            self.buffer.truncate(READ_SIZE);
            self.buffer.shrink_to_fit();
        }
        let offset = self.base + self.filled as u64;
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let room = left.min(self.buffer.len() - self.filled);
        match self.file.read_at(&mut self.buffer[self.filled..self.filled + room], offset) {
            Ok(0) if room > 0 => self.stop(ProblemCode::CutShort, "the file is shorter than at its opening"),
            Ok(count) => {
                self.filled += count;
                self.is_last = count == left;
            }
            Err(error) => self.stop(ProblemCode::ReadFailed, &io_reason(&error)),
        }
        Ok(moved)
    }

    fn stop(&mut self, code: ProblemCode, detail: &str) {
        self.broken = Some(Problem::of_source(code, self.file.name(), detail));
        self.is_last = true;
    }
}
