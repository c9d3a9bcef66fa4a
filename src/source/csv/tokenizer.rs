//! Bytes of a delimited text, cut into records and cells.
//!
//! The rules are those of the `csv` crate, which the tests hold against this: a record ends at CR, LF or CRLF; empty lines are no records;
//! a quote opens a quoted cell only as the cell's first byte, anywhere else it is a character; a doubled quote within a quoted cell is
//! one quote; what follows a closing quote belongs to the cell. `simd-csv` was tried first: to it a quote anywhere opens a quoted
//! cell, so that one `5" pipe` silently glues the records up to the next quote into one, and its record buffer grows without bound.
//!
//! One rule is our own. A quote that is never closed would swallow the rest of the file; then it is taken as a character, its line is a
//! record of its own and reading goes on in the next line, so that the records after it are still seen. The caller reports it.

use memchr::memchr;
use memchr::memchr3;
use std::ops::Range;

/// The byte that quotes a cell.
pub(crate) const QUOTE: u8 = b'"';

/// Where records and cells end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tokenizer {
    /// `None`: every line is one cell.
    pub(super) delimiter: Option<u8>,
    /// Whether cells may be quoted; where lines are divided by place a quote is a character.
    pub(super) has_quotes: bool,
}

/// What a look at the input found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// A record lies at `record`; what follows begins at `next`.
    Record { record: Range<usize>, next: usize },
    /// A quote that opens within the record that begins at `start` has no end in the input, or the record has none.
    Open { start: usize },
    /// No record is left.
    End,
}

/// The cells of one record, reused from record to record.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// Start and end of each cell, from the start of the record.
    pub(super) spans: Vec<(usize, usize)>,
    /// Some cells are not their bytes: see [`Cells::unescape`].
    pub(super) is_escaped: bool,
}

impl Tokenizer {
    /// Finds the first record at or after `from`. With `is_last` the end of the input ends a record too.
    pub(super) fn step(self, input: &[u8], from: usize, is_last: bool, cells: &mut Cells) -> Step {
        self.walk(input, from, is_last, self.has_quotes, cells)
    }

    /// The same with quotes as plain characters, for a record whose quote is never closed.
    pub(super) fn step_unquoted(self, input: &[u8], from: usize, is_last: bool, cells: &mut Cells) -> Step {
        self.walk(input, from, is_last, false, cells)
    }

    /// Finds the cells of one record, whose bounds are known.
    pub(super) fn record(self, record: &[u8], has_quotes: bool, cells: &mut Cells) {
        if !matches!(self.walk(record, 0, true, has_quotes && self.has_quotes, cells), Step::Record { .. }) {
            // Decoding cannot open a quote or add a break; if it ever did, the record is one cell.
            cells.spans.clear();
            cells.spans.push((0, record.len()));
            cells.is_escaped = false;
        }
    }

    fn walk(self, input: &[u8], from: usize, is_last: bool, has_quotes: bool, cells: &mut Cells) -> Step {
        cells.spans.clear();
        cells.is_escaped = false;
        let Some(blank) = input[from..].iter().position(|byte| !is_break(*byte)) else {
            return Step::End;
        };
        let start = from + blank;
        let delimiter = self.delimiter.unwrap_or(b'\n');
        let mut position = start;
        loop {
            // One cell a turn, from its first byte.
            let mut search_from = position;
            if has_quotes && input.get(position) == Some(&QUOTE) {
                let Some(close) = closing_quote(&input[position + 1..], cells).map(|offset| position + 1 + offset) else {
                    return Step::Open { start };
                };
                match input.get(close + 1) {
                    None if !is_last => return Step::Open { start },
                    next if next.is_none_or(|byte| *byte == delimiter || is_break(*byte)) => {
                        cells.spans.push((position + 1 - start, close - start));
                        match next {
                            Some(byte) if !is_break(*byte) => {
                                position = close + 2;
                                continue;
                            }
                            Some(_) => return Step::Record { record: start..close + 1, next: close + 2 },
                            None => return Step::Record { record: start..close + 1, next: close + 1 },
                        }
                    }
                    _ => {
                        cells.is_escaped = true;
                        search_from = close + 1;
                    }
                }
            }
            match memchr3(delimiter, b'\n', b'\r', &input[search_from..]).map(|offset| search_from + offset) {
                Some(end) => {
                    cells.spans.push((position - start, end - start));
                    if is_break(input[end]) {
                        return Step::Record { record: start..end, next: end + 1 };
                    }
                    position = end + 1;
                }
                None if is_last => {
                    cells.spans.push((position - start, input.len() - start));
                    return Step::Record { record: start..input.len(), next: input.len() };
                }
                None => return Step::Open { start },
            }
        }
    }
}

impl Cells {
    /// The text of any cell, without the quotes that are not part of it.
    pub(super) fn cell(record: &[u8], span: (usize, usize), is_escaped: bool, out: &mut Vec<u8>) {
        if is_escaped {
            Self::unescape(record, span, out);
        } else {
            out.clear();
            out.extend_from_slice(&record[span.0..span.1]);
        }
    }

    /// The text of a cell of a record for which `is_escaped` holds.
    fn unescape(record: &[u8], span: (usize, usize), out: &mut Vec<u8>) {
        out.clear();
        let mut cell = &record[span.0..span.1];
        // A delimiter or nothing stands before a cell; a quote does only where it opened the cell and was closed at its end.
        if span.0 == 0 || record[span.0 - 1] != QUOTE {
            // Either a cell without quotes, or one with text after its closing quote.
            let Some(quoted) = cell.strip_prefix(&[QUOTE]) else {
                out.extend_from_slice(cell);
                return;
            };
            cell = quoted;
        }
        while let Some(quote) = memchr(QUOTE, cell) {
            out.extend_from_slice(&cell[..quote]);
            cell = &cell[quote + 1..];
            if cell.first() == Some(&QUOTE) {
                out.push(QUOTE);
                cell = &cell[1..];
            } else {
                break;
            }
        }
        out.extend_from_slice(cell);
    }
}

/// The offset of the quote that closes a cell whose content begins the input.
fn closing_quote(content: &[u8], cells: &mut Cells) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = from + memchr(QUOTE, &content[from..])?;
        if content.get(quote + 1) != Some(&QUOTE) {
            return Some(quote);
        }
        cells.is_escaped = true;
        from = quote + 2;
    }
}

fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        let tokenizer = Tokenizer { delimiter: Some(b','), has_quotes: true };
        let (mut cells, mut rows, mut from) = (Cells::default(), Vec::new(), 0);
        while let Step::Record { record, next } = tokenizer.step(text.as_bytes(), from, true, &mut cells) {
            let mut row = Vec::new();
            for span in &cells.spans {
                let mut cell = Vec::new();
                Cells::unescape(&text.as_bytes()[record.clone()], *span, &mut cell);
                row.push(String::from_utf8(cell).unwrap());
            }
            rows.push(row);
            from = next;
        }
        rows
    }

    #[test]
    fn a_quote_within_a_cell_is_a_character() {
        assert_eq!(rows("a\njoh\"n,b\nc,d\n"), [vec!["a"], vec!["joh\"n", "b"], vec!["c", "d"]]);
    }

    #[test]
    fn quoted_cells_hold_delimiters_breaks_and_quotes() {
        assert_eq!(rows("\"a,b\",\"c\nd\",\"e\"\"f\"\n"), [["a,b", "c\nd", "e\"f"]]);
        assert_eq!(rows("\"\"\"a\"\"\",\"\",b\"\"\n"), [["\"a\"", "", "b\"\""]]);
        assert_eq!(rows("\"a\"b\"c,d\n"), [["ab\"c", "d"]]);
    }

    #[test]
    fn records_end_at_any_break_and_at_the_end() {
        assert_eq!(rows("a\rb\r\nc\n\n\r\nd"), [["a"], ["b"], ["c"], ["d"]]);
        assert_eq!(rows("a,"), [["a", ""]]);
        assert_eq!(rows("\n\r\n"), Vec::<Vec<String>>::new());
        assert_eq!(rows("\"\""), [[""]]);
    }

    #[test]
    fn a_quote_without_end_leaves_the_record_open() {
        let tokenizer = Tokenizer { delimiter: Some(b','), has_quotes: true };
        let mut cells = Cells::default();
        assert_eq!(tokenizer.step(b"\n\"a\nb", 0, true, &mut cells), Step::Open { start: 1 });
        assert_eq!(tokenizer.step_unquoted(b"\n\"a\nb", 1, true, &mut cells), Step::Record { record: 1..3, next: 4 });
    }
}
