//! The ends of cells and records in a stretch of text, found 64 bytes at a time.
//!
//! Quotes divide a text into what lies within them and what lies outside, by their number alone. That is what [`Tokenizer`] says of it too as long as
//! each quote that opens stands at the beginning of a cell, and each that closes at its end. The index looks that every quote does, and ends
//! before the first record in which one does not: that record is the tokenizer's.
//!
//! [`Tokenizer`]: super::tokenizer::Tokenizer

use super::masks::BLOCK;
use super::masks::Masks;
use super::masks::Visitor;
use super::masks::show;
use super::tokenizer::QUOTE;
use std::mem;
use std::ops::Range;

/// What was found in a stretch of text that begins where a record may begin.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The place of the byte that ends each cell. Only the first `count` are of this stretch.
    ends: Vec<u32>,
    count: usize,
    /// For each record, the number of cells up to its end.
    records: Vec<u32>,
    /// Where a doubled quote stands.
    doubled: Vec<u32>,
    /// How many of `doubled` lie before the record that is looked at.
    doubled_before: usize,
    /// A quote stands in the midst of a cell, behind the records.
    is_odd: bool,
}

/// One record of the stretch.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Its bytes, without the break.
    pub(super) bytes: Range<usize>,
    /// The place of the byte that ends each cell.
    pub(super) ends: &'a [u32],
    /// Some cells hold quotes that are doubled.
    pub(super) is_escaped: bool,
}

impl Found<'_> {
    /// The cells in `text`, which is the stretch, without the quotes around them.
    #[inline]
    pub(super) fn cells(&self, text: &[u8]) -> impl Iterator<Item = (u32, u32)> {
        // No stretch is longer.
        let mut next = u32::try_from(self.bytes.start).unwrap_or(u32::MAX);
        self.ends.iter().map(move |end| {
            let start = mem::replace(&mut next, end.wrapping_add(1));
            let quote = u32::from(text.get(start as usize) == Some(&QUOTE));
            (start.wrapping_add(quote), end.wrapping_sub(quote))
        })
    }
}

/// The blocks of a stretch on their way into its index.
struct Walk<'a> {
    index: &'a mut Index,
    /// Where the block begins.
    place: u32,
    /// All bits where the block begins within quotes.
    inside: u64,
    /// 1 where the byte before the block is the like.
    end: u64,
    line_break: u64,
    close: u64,
}

#[allow(clippy::inline_always, reason = "it uses the processor's wider half only where it is inlined: see `masks`")]
impl Visitor for Walk<'_> {
    #[inline(always)]
    fn visit(&mut self, Masks { mut ends, breaks, quotes }: Masks, text: u64) -> bool {
        let mut is_odd = false;
        if quotes | self.inside | self.close != 0 {
            let inside = running_parity(quotes) ^ self.inside;
            let (opens, closes) = (quotes & inside, quotes & !inside);
            ends &= !inside;
            let after_end = (ends << 1) | self.end;
            let after_close = (closes << 1) | self.close;
            let odd = ((opens & !(after_end | after_close)) | (after_close & !(ends | opens))) & text;
            is_odd = odd != 0;
            if is_odd {
                ends &= (odd & odd.wrapping_neg()) - 1;
            }
            let mut doubled = opens & after_close;
            while doubled != 0 {
                self.index.doubled.push(self.place + doubled.trailing_zeros());
                doubled &= doubled - 1;
            }
            self.inside = 0_u64.wrapping_sub(inside >> 63);
            self.close = closes >> 63;
        }
        let breaks = breaks & ends;
        // What follows a break at once is a line without anything, and no record.
        let blank = breaks & ((breaks << 1) | self.line_break);
        self.end = ends >> 63;
        self.line_break = breaks >> 63;
        self.index.keep(ends & !blank, breaks & !blank, self.place);
        self.place = self.place.wrapping_add(64);
        self.index.is_odd |= is_odd;
        !is_odd
    }
}

#[allow(clippy::inline_always, reason = "as above")]
impl Index {
    /// Looks at a stretch, and says how many complete records there are before the first that is not simple.
    pub(super) fn look_at(&mut self, text: &[u8], delimiter: u8) -> usize {
        self.count = 0;
        self.records.clear();
        self.doubled.clear();
        self.doubled_before = 0;
        self.is_odd = false;
        if self.ends.len() < text.len() + BLOCK {
            self.ends.resize(text.len() + BLOCK, 0);
        }
        let mut walk = Walk { index: self, place: 0, inside: 0, end: 1, line_break: 1, close: 0 };
        show(text, delimiter, &mut walk);
        self.records.len()
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "places are of this type, and there are no more ends than places")]
    fn keep(&mut self, ends: u64, breaks: u64, place: u32) {
        let before = self.count;
        let mut left = ends;
        // Eight at a time, whether there are as many or not: what is too much is written over.
        if let Some(room) = self.ends.get_mut(before..before + BLOCK) {
            let (rooms, _) = room.as_chunks_mut::<8>();
            for room in rooms {
                for end in room {
                    *end = place.wrapping_add(left.trailing_zeros());
                    left &= left.wrapping_sub(1);
                }
                if left == 0 {
                    break;
                }
            }
        }
        self.count = before + ends.count_ones() as usize;
        let mut breaks = breaks;
        while breaks != 0 {
            let up_to = breaks ^ (breaks - 1);
            self.records.push(before as u32 + (ends & up_to).count_ones());
            breaks &= breaks - 1;
        }
    }

    /// Whether the stretch ended before its end, since a record was met that is not simple.
    pub(super) fn is_odd(&self) -> bool {
        self.is_odd
    }

    /// Where the last record ends.
    pub(super) fn end(&self) -> usize {
        let cells = self.records.last().map_or(0, |cells| *cells as usize);
        cells.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |end| *end as usize)
    }

    /// The number of cells in the records before one.
    fn cells_before(&self, record: usize) -> usize {
        if record == 0 { 0 } else { self.records.get(record - 1).map_or(self.count, |cells| *cells as usize) }
    }

    /// A record of `text`, which is the stretch that was looked at; the records are to be asked for in their order.
    #[inline]
    pub(super) fn record(&mut self, text: &[u8], record: usize) -> Option<Found<'_>> {
        let first = self.cells_before(record);
        let ends = self.ends.get(first..*self.records.get(record)? as usize)?;
        let end = *ends.last()? as usize;
        let mut start = if first == 0 { 0 } else { *self.ends.get(first - 1)? as usize + 1 };
        while matches!(text.get(start), Some(b'\n' | b'\r')) {
            start += 1;
        }
        let mut is_escaped = false;
        while self.doubled.get(self.doubled_before).is_some_and(|place| (*place as usize) < end) {
            is_escaped = true;
            self.doubled_before += 1;
        }
        Some(Found { bytes: start..end, ends, is_escaped })
    }
}

/// For each bit, whether the bits up to it are odd in number.
fn running_parity(mut bits: u64) -> u64 {
    for step in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << step;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::super::tokenizer::Cells;
    use super::super::tokenizer::Step;
    use super::super::tokenizer::Tokenizer;
    use super::*;
    use proptest::prelude::*;

    type Record = (Range<usize>, Vec<usize>, bool);

    fn indexed(text: &[u8]) -> (Vec<Record>, bool) {
        let mut index = Index::default();
        // What an earlier stretch left does no harm.
        index.look_at(b"a,b\n\"c\"\"\",d\n\"", b',');
        let count = index.look_at(text, b',');
        let mut records = Vec::new();
        for record in 0..count {
            let Found { bytes, ends, is_escaped } = index.record(text, record).unwrap();
            records.push((bytes, ends.iter().map(|end| *end as usize).collect(), is_escaped));
        }
        assert_eq!(index.end(), records.last().map_or(0, |(bytes, _, _)| bytes.end));
        (records, index.is_odd())
    }

    /// What the tokenizer says of the records that end with a break.
    fn tokenized(text: &[u8]) -> Vec<Record> {
        let tokenizer = Tokenizer { delimiter: Some(b','), has_quotes: true };
        let (mut cells, mut records, mut from) = (Cells::default(), Vec::new(), 0);
        while let Step::Record { record, next } = tokenizer.step(text, from, false, &mut cells) {
            // A closing quote stands between a quoted cell and what ends it.
            let end = |(_, end): &(usize, usize)| record.start + end + usize::from(text[record.start + end] == b'"');
            records.push((record.clone(), cells.spans.iter().map(end).collect(), cells.is_escaped));
            from = next;
        }
        records
    }

    #[test]
    fn a_quote_in_the_midst_of_a_cell_ends_it() {
        let (records, is_odd) = indexed(b"\n\r\na,\"b\n\"\"\"\r\n\nc\nd,5\" pipe\ne\n");
        assert_eq!(records, [(3..11, vec![4, 11], true), (14..15, vec![15], false)]);
        assert!(is_odd);
        for text in [&b"a\n\"b\"c\n"[..], b"a\nb\"\n", b"a\n\"b\" ,c\n", b"a\n\"\"\"\"b\"\n"] {
            assert_eq!(indexed(text), (vec![(0..1, vec![1], false)], true), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_record_without_end_is_none() {
        for text in [&b"a\n\"b\n"[..], b"a\nb,c", b"a\n\"b\"", b"a\n"] {
            assert_eq!(indexed(text), (vec![(0..1, vec![1], false)], false));
        }
        assert_eq!(indexed(b""), (vec![], false));
    }

    /// Pieces of cells and what stands between them, of many lengths, so that all of it falls on the edges of blocks.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            ",",
            ",",
            "\n",
            "\r\n",
            "\n\n",
            "\r",
            "\"\"",
            "\"a,b\"",
            "\"a\nb\"",
            "\"a\"\"b\"",
            "ab",
            "a fairly long cell of plain text",
            "\0",
            "é",
        ]);
        let odd = prop::sample::select(vec!["\"", "a\"b", "\"a\"b", "\"\"\""]);
        let pieces = prop::collection::vec(prop_oneof![40 => piece, 1 => odd], 0..120);
        pieces.prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn simple_records_are_those_of_the_tokenizer(text in text()) {
            let (records, is_odd) = indexed(&text);
            let mut expected = tokenized(&text);
            prop_assert!(is_odd || records.len() == expected.len());
            expected.truncate(records.len());
            prop_assert_eq!(records, expected);
        }

        #[test]
        fn any_bytes_are_looked_at(text in prop::collection::vec(prop::sample::select(b"a,\"\n\r\xff\0".to_vec()), 0..300)) {
            let (records, _) = indexed(&text);
            let mut expected = tokenized(&text);
            expected.truncate(records.len());
            prop_assert_eq!(records, expected);
        }
    }
}
