//! The text form of `COPY`: one line a row, tabs between cells, `\N` for NULL, backslashes before what would be misread (PostgreSQL's
//! documentation, `COPY`, section "Text Format").
//!
//! It is preferred to its CSV form: no line break stands within a row, so that rows are told apart without counting quotes, a row beyond
//! bounds is passed over without losing its end, and NULL is not the empty text.

use super::Locator;
use super::ReadError;
use super::RowBatch;
use super::batch::Counts;
use super::batch::Feed;
use super::batch::LONGEST_ROW;
use super::bytes;
use super::postgres::Form;
use memchr::memchr;
use memchr::memchr2;

/// The span of a cell that is NULL.
pub(super) const NULL: (usize, usize) = (1, 0);

/// What stands in a row before its columns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Prefix {
    /// The place of the row, as `(page,place)`.
    pub(super) has_place: bool,
    /// The numbers of the columns whose values are too long to be sent, as `{3,7}`.
    pub(super) has_long: bool,
}

/// Turns the stream into rows.
pub(super) struct CopyText<'a> {
    forms: &'a [Form],
    prefix: Prefix,
    /// All columns are handed over as they come.
    is_plain: bool,
    /// The beginning of a row whose end has not come yet.
    pending: Vec<u8>,
    /// The rest of a row that is too long is being passed over.
    is_skipping: bool,
    spans: Vec<(usize, usize)>,
    scratch: Vec<u8>,
    /// Rows beyond the largest size, which were passed over.
    pub(super) too_long: u64,
    /// Cells of bytes that are no text.
    pub(super) binary: Counts,
    /// Rows that are not of the form that was asked for.
    pub(super) malformed: u64,
}

impl<'a> CopyText<'a> {
    /// For rows with columns of these forms.
    pub(super) fn new(forms: &'a [Form], prefix: Prefix) -> Self {
        Self {
            forms,
            prefix,
            is_plain: forms.iter().all(|form| *form == Form::Text) && !prefix.has_long,
            pending: Vec::new(),
            is_skipping: false,
            spans: Vec::with_capacity(forms.len() + 2),
            scratch: Vec::new(),
            too_long: 0,
            binary: Counts::default(),
            malformed: 0,
        }
    }

    /// Takes what came, wherever it begins and ends.
    pub(super) fn take(&mut self, mut bytes: &[u8], feed: &mut Feed<'_>) -> Result<(), ReadError> {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.is_skipping {
                self.is_skipping = false;
            } else if self.pending.is_empty() {
                self.row(line, feed)?;
            } else {
                let mut row = std::mem::take(&mut self.pending);
                row.extend_from_slice(line);
                self.row(&row, feed)?;
                row.clear();
                self.pending = row;
                self.pending.shrink_to(1 << 20);
            }
        }
        if !self.is_skipping {
            self.pending.extend_from_slice(bytes);
            // Escaped, a row may be twice as long as its values, and more for bytes.
            if self.pending.len() > 4 * LONGEST_ROW {
                self.too_long += 1;
                self.is_skipping = true;
                self.pending = Vec::new();
            }
        }
        Ok(())
    }

    /// Whether the stream ended where a row does.
    pub(super) fn is_complete(&self) -> bool {
        self.pending.is_empty() && !self.is_skipping
    }

    fn row(&mut self, line: &[u8], feed: &mut Feed<'_>) -> Result<(), ReadError> {
        self.spans.clear();
        let is_escaped = split(line, &mut self.spans);
        let leading = usize::from(self.prefix.has_place) + usize::from(self.prefix.has_long);
        // A table without columns gives empty lines.
        let is_blank = self.forms.is_empty() && leading == 0 && line.is_empty();
        if self.spans.len() != leading + self.forms.len() && !is_blank {
            self.malformed += 1;
            return Ok(());
        }
        let text = |span: (usize, usize)| line.get(span.0..span.1).unwrap_or_default();
        let mut locator = Locator::None;
        if self.prefix.has_place {
            locator = place(text(self.spans[0])).unwrap_or(Locator::None);
        }
        if is_blank {
            feed.batch.end_row(locator);
        } else if self.is_plain && !is_escaped {
            // The cells lie behind what leads, from the first on.
            let start = self.spans.get(leading).map_or(line.len(), |_| self.spans[..leading].last().map_or(0, |last| last.1 + 1));
            for span in &mut self.spans[leading..] {
                if *span != NULL {
                    *span = (span.0 - start, span.1 - start);
                }
            }
            feed.batch.push_raw_row(&line[start..], &self.spans[leading..], locator);
        } else {
            let long = if self.prefix.has_long { text(self.spans[leading - 1]) } else { b"{}" };
            for (column, form) in self.forms.iter().enumerate() {
                let span = self.spans[leading + column];
                if span == NULL && long.len() > 2 && names_column(long, column) {
                    feed.batch.push_too_long();
                } else if span == NULL {
                    feed.batch.push_cell(None);
                } else {
                    unescape(&line[span.0..span.1], &mut self.scratch);
                    form.push(&mut feed.batch, column, &mut self.scratch, &mut self.binary);
                }
            }
            feed.batch.end_row(locator);
        }
        feed.row_done()
    }
}

/// Finds the cells of a line. Whether a cell is other than it stands there.
pub(super) fn split(line: &[u8], spans: &mut Vec<(usize, usize)>) -> bool {
    let (mut start, mut from, mut is_escaped) = (0, 0, false);
    loop {
        match memchr2(b'\t', b'\\', &line[from..]).map(|offset| from + offset) {
            Some(at) if line[at] == b'\\' => {
                // `\N` alone is NULL; a backslash in a text is doubled.
                if at == start && line.get(at + 1) == Some(&b'N') && line.get(at + 2).is_none_or(|byte| *byte == b'\t') {
                    spans.push(NULL);
                    start = at + 3;
                    from = start;
                    if from > line.len() {
                        return is_escaped;
                    }
                } else {
                    is_escaped = true;
                    from = at + 2;
                    if from > line.len() {
                        spans.push((start, line.len()));
                        return is_escaped;
                    }
                }
            }
            Some(at) => {
                spans.push((start, at));
                start = at + 1;
                from = start;
            }
            None => {
                spans.push((start, line.len()));
                return is_escaped;
            }
        }
    }
}

/// Undoes the backslashes of a cell.
pub(super) fn unescape(cell: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = cell;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let Some(escaped) = rest.get(at + 1) else { return };
        out.push(match escaped {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            other => *other,
        });
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
}

/// The place of a row, written as `(12,3)`.
fn place(text: &[u8]) -> Option<Locator> {
    let text = str::from_utf8(text).ok()?;
    let (page, item) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some(Locator::TupleId(page.parse().ok()?, item.parse().ok()?))
}

/// Whether a list of columns as `{1,12}`, counted from 1, holds a column, counted from 0.
fn names_column(list: &[u8], column: usize) -> bool {
    let list = list.strip_prefix(b"{").and_then(|list| list.strip_suffix(b"}")).unwrap_or_default();
    let number = (column + 1).to_string();
    list.split(|byte| *byte == b',').any(|item| item == number.as_bytes())
}

impl Form {
    /// Adds a cell that is not NULL. The bytes may be changed on the way.
    pub(super) fn push(self, batch: &mut RowBatch, column: usize, cell: &mut Vec<u8>, binary: &mut Counts) {
        match self {
            // Neither is a day of anything.
            Form::Moment if matches!(cell.as_slice(), b"infinity" | b"-infinity") => batch.push_cell(None),
            Form::Text | Form::Moment => batch.push_cell(Some(cell)),
            // What is not written as it should be is no text either.
            Form::Bytes => bytes::push(batch, column, &hexadecimal(cell).unwrap_or_else(|| vec![0]), binary),
            Form::Index if cell.is_empty() => batch.push_cell(None),
            Form::Index => {
                binary.bump(column);
                batch.push_cell(None);
            }
            Form::Array => match sole_element(cell) {
                Some(element) => batch.push_cell(Some(&element)),
                None => batch.push_cell(Some(cell)),
            },
            Form::WithBytes => match sole_element(cell) {
                Some(element) if element.is_empty() => batch.push_cell(Some(&element)),
                Some(mut element) => Form::Bytes.push(batch, column, &mut element, binary),
                None => bytes::push(batch, column, &with_text(cell).unwrap_or_else(|| vec![0]), binary),
            },
        }
    }
}

/// The bytes that are written as `\x0aff`.
fn hexadecimal(cell: &[u8]) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(cell.strip_prefix(b"\\x")?).ok()
}

/// A list or a row with its bytes as the text that they are; `None` where some are no text. How many backslashes stand before the `x` depends
/// on how deep it lies.
fn with_text(cell: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::with_capacity(cell.len()), cell);
    while let Some(at) = memchr::memmem::find(rest, b"\\x") {
        out.extend_from_slice(&rest[..at]);
        while out.last() == Some(&b'\\') {
            out.pop();
        }
        rest = &rest[at + 2..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (hex, after) = rest.split_at(digits);
        out.extend_from_slice(bytes::text(&data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok()?)?.as_bytes());
        rest = after;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The element of an array of one, or of none: `{"a b"}` holds `a b`. Arrays of several stay as they are written.
fn sole_element(cell: &[u8]) -> Option<Vec<u8>> {
    // One whose elements are not counted from 1 says so before them: `[0:0]={a}`.
    let counted = cell.starts_with(b"[").then(|| memchr(b'=', cell)).flatten().map_or(0, |at| at + 1);
    let inner = cell[counted..].strip_prefix(b"{")?.strip_suffix(b"}")?;
    let Some(quoted) = inner.strip_prefix(b"\"") else {
        let is_one = !inner.iter().any(|byte| matches!(byte, b',' | b'{' | b'"' | b'\\'));
        return is_one.then(|| if inner.eq_ignore_ascii_case(b"null") { Vec::new() } else { inner.to_vec() });
    };
    let (mut element, mut bytes) = (Vec::with_capacity(quoted.len()), quoted.iter());
    loop {
        match bytes.next()? {
            b'\\' => element.push(*bytes.next()?),
            b'"' => return bytes.next().is_none().then_some(element),
            other => element.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::Collect;
    use crate::source::testing::Row;
    use proptest::prelude::*;

    fn read(stream: &[u8], chunk: usize, forms: &[Form], prefix: Prefix) -> (Vec<Row>, Vec<Locator>, u64, u64) {
        let mut sink = Collect::default();
        let mut reader = CopyText::new(forms, prefix);
        let mut feed = Feed::new(&mut sink);
        for part in stream.chunks(chunk.max(1)) {
            reader.take(part, &mut feed).unwrap();
        }
        let report = feed.finish("s", "o", |index| index.to_string()).unwrap();
        let (malformed, binary) = (reader.malformed, reader.binary.iter().map(|(_, count)| count).sum());
        let long = report.problems.iter().filter(|problem| problem.code == crate::source::ProblemCode::RowTooLong).count();
        assert_eq!(long, 0);
        (sink.rows, sink.locators, malformed, binary)
    }

    fn row(cells: &[Option<&str>]) -> Row {
        cells.iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn reads_what_the_server_writes() {
        let stream = b"ann\t\\N\tx\\ty\n\\N\t\t\\\\N\na\\nb\tc\\\\\\r\\b\\f\\v\t\xc3\xa9\n";
        for chunk in [1, 2, 3, 7, 100] {
            let (rows, ..) = read(stream, chunk, &[Form::Text; 3], Prefix::default());
            assert_eq!(
                rows,
                [
                    row(&[Some("ann"), None, Some("x\ty")]),
                    row(&[None, Some(""), Some("\\N")]),
                    row(&[Some("a\nb"), Some("c\\\r\u{8}\u{c}\u{b}"), Some("é")]),
                ]
            );
        }
    }

    #[test]
    fn the_place_leads_and_the_cells_follow() {
        let prefix = Prefix { has_place: true, has_long: false };
        let (rows, places, ..) = read(b"(0,1)\tann\t\\N\n(7,65535)\t\\N\tb\\tb\n", 9, &[Form::Text; 2], prefix);
        assert_eq!(rows, [row(&[Some("ann"), None]), row(&[None, Some("b\tb")])]);
        assert_eq!(places, [Locator::TupleId(0, 1), Locator::TupleId(7, 65_535)]);
    }

    #[test]
    fn rows_of_no_column_and_of_another_number() {
        let (rows, ..) = read(b"\n\n", 1, &[], Prefix::default());
        assert_eq!(rows, [row(&[]), row(&[])]);
        let (rows, _, malformed, _) = read(b"a\nb\tc\n", 1, &[Form::Text], Prefix::default());
        assert_eq!((rows.len(), malformed), (1, 1));
    }

    #[test]
    fn columns_that_are_too_long_are_named() {
        let prefix = Prefix { has_place: false, has_long: true };
        let mut sink = Collect::default();
        let mut reader = CopyText::new(&[Form::Text; 2], prefix);
        let mut feed = Feed::new(&mut sink);
        reader.take(b"{2}\ta\t\\N\n{}\t\\N\tb\n", &mut feed).unwrap();
        let report = feed.finish("s", "o", |index| index.to_string()).unwrap();
        let long = &report.problems[0];
        assert_eq!((long.code, long.column.as_deref(), long.count), (crate::source::ProblemCode::RowTooLong, Some("1"), Some(1)));
        assert_eq!(sink.rows, [row(&[Some("a"), None]), row(&[None, Some("b")])]);
    }

    #[test]
    fn a_row_without_end_is_passed_over() {
        let mut sink = Collect::default();
        let mut reader = CopyText::new(&[Form::Text], Prefix::default());
        let mut feed = Feed::new(&mut sink);
        let piece = vec![b'x'; LONGEST_ROW];
        for _ in 0..6 {
            reader.take(&piece, &mut feed).unwrap();
        }
        assert!(!reader.is_complete());
        reader.take(b"x\nann\n", &mut feed).unwrap();
        assert!(reader.is_complete() && reader.too_long == 1);
        feed.finish("s", "o", |index| index.to_string()).unwrap();
        assert_eq!(sink.rows, [row(&[Some("ann")])]);
    }

    #[test]
    fn bytes_moments_and_arrays_as_a_person_wrote_them() {
        let forms = [Form::Bytes, Form::Moment, Form::Array];
        let stream =
            b"\\\\x416e6e\tinfinity\t{\"a \\\\\"b\\\\\"\"}\n\\\\xff\t1980-01-02\t{a,b}\n\\\\x\t-infinity\t{}\n\\N\t\\N\t{NULL}\n";
        let (rows, _, _, binary) = read(stream, 5, &forms, Prefix::default());
        assert_eq!(
            rows,
            [
                row(&[Some("Ann"), None, Some("a \"b\"")]),
                row(&[None, Some("1980-01-02"), Some("{a,b}")]),
                row(&[Some(""), None, Some("")]),
                row(&[None, None, Some("")]),
            ]
        );
        assert_eq!(binary, 1);
    }

    #[test]
    fn bytes_within_lists_and_rows() {
        let text = |cell: &[u8]| with_text(cell).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(text(br#"{"\\x416e6e","\\x426f"}"#).as_deref(), Some(r#"{"Ann","Bo"}"#));
        assert_eq!(text(br#"(x,"\\x416e6e",)"#).as_deref(), Some(r#"(x,"Ann",)"#));
        assert_eq!(text(br"(x,,\x)").as_deref(), Some("(x,,)"));
        assert_eq!(text(br#"{"\\x00ff"}"#), None);
        assert_eq!(text(br#"{"\\x416"}"#), None);
    }

    fn escaped(cell: Option<&str>) -> String {
        let Some(cell) = cell else { return "\\N".to_owned() };
        cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
    }

    proptest! {
        #[test]
        fn any_rows_come_back(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of("[a\\\\\t\n\rNé]{0,4}"), 3), 0..8),
            chunk in 1_usize..40,
        ) {
            let line = |row: &Row| row.iter().map(|cell| escaped(cell.as_deref())).collect::<Vec<_>>().join("\t") + "\n";
            let stream: String = rows.iter().map(line).collect();
            let (read, ..) = read(stream.as_bytes(), chunk, &[Form::Text; 3], Prefix::default());
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn any_bytes_are_read_without_panic(stream in prop::collection::vec(prop::sample::select(b"a\\N\t\n\"{},(1)\xff".to_vec()), 0..80), place: bool) {
            read(&stream, 3, &[Form::Array, Form::Bytes], Prefix { has_place: place, has_long: !place });
        }
    }
}
