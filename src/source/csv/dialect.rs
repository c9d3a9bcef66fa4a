//! How a delimited text is written: its delimiter, and whether its first row names the columns.
//!
//! A wrong guess would be a wrong result later, so both are judged on a sample by how evenly the rows divide, and every doubt is told:
//! a tie between delimiters is a problem, and a first row that may be a record is read as a record.

use super::encoding::Encoding;
use super::fixed;
use super::tokenizer::Cells;
use super::tokenizer::QUOTE;
use super::tokenizer::Step;
use super::tokenizer::Tokenizer;
use crate::source::Options;
use crate::source::TextOptions;
use crate::source::header::Header;
use crate::source::header::column_name;
use crate::source::header::told;
use crate::source::header::unique_names;
use std::collections::HashMap;
use std::collections::HashSet;

/// Delimiters that are tried. Earlier ones win a tie: they are rarer within values.
const CANDIDATES: [u8; 4] = [b'\t', b'|', b';', b','];

/// Delimiters that are tried where none of those divides anything: they are common within values.
const RARE: [u8; 4] = [0x1f, b'^', b'~', b':'];

/// The most columns of a table.
const MOST_COLUMNS: usize = 16_384;

/// The share of rows that one delimiter has to divide into equally many cells.
const EVEN: f64 = 0.9;

/// Rows of the sample that are looked at.
const SAMPLE_ROWS: usize = 2_000;

/// How a text is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Dialect {
    /// `None`: every line is one cell, or divided by place.
    pub(super) delimiter: Option<u8>,
    /// The widths of the columns in characters, where lines are divided by place.
    pub(super) widths: Option<Vec<usize>>,
    /// Columns of fixed width may touch.
    pub(super) is_packed: bool,
    pub(super) header: Header,
    /// The columns' names, unique; `column_1` and so on where no row names them.
    pub(super) names: Vec<String>,
    /// Names that occur more than once in the header.
    pub(super) duplicates: Vec<String>,
    /// Cells of the header and of most rows, where the two differ.
    pub(super) uneven: Option<(usize, usize)>,
    /// The first row, stated to be the header, opens a quote that is never closed.
    pub(super) has_open_header: bool,
    /// More than one delimiter divides the rows, or none does evenly.
    pub(super) is_ambiguous: bool,
    /// Where the rows of data begin, in code units of the sample.
    pub(super) data_start: usize,
    /// All lines of the sample have so many characters, and no delimiter divides them: columns of fixed width, perhaps.
    pub(super) even_length: Option<usize>,
}

/// The first part of a text, from its first row on.
pub(super) struct Sample<'a> {
    /// The bytes as they are in the file.
    pub(super) bytes: &'a [u8],
    /// One byte for each code unit.
    pub(super) units: &'a [u8],
    pub(super) encoding: Encoding,
    /// Nothing follows it.
    pub(super) is_whole: bool,
}

impl Dialect {
    /// Judges a sample. `None`: it holds no row.
    pub(super) fn detect(sample: &Sample<'_>, text: &TextOptions, options: &Options) -> Option<Dialect> {
        let (delimiter, is_ambiguous) = match (text.delimiter, &text.widths) {
            (Some(delimiter), _) => (Some(delimiter), false),
            (None, Some(_)) => (None, false),
            (None, None) => choose_delimiter(sample),
        };
        let shape = Shape { delimiter, widths: text.widths.as_deref() };
        let Rows { cells: rows, second: data_start, is_first_open } = sample_rows(sample, shape);
        let first = rows.first()?;
        let header = match text.header {
            None if is_first_open => Header::Unsure,
            stated => Header::judge(&rows, stated, options),
        };
        // What is stated and divides nothing is a slip, and so may be what divides the words of a text.
        let divided = rows.iter().filter(|row| row.len() > 1).count();
        let is_stated = text.delimiter.is_some() || text.widths.is_some();
        let is_rare = delimiter.is_some_and(|delimiter| RARE.contains(&delimiter)) && !is_stated;
        let is_ambiguous = is_ambiguous
            || (is_stated && (divided as f64) < (1.0 - EVEN) * rows.len() as f64)
            || (is_rare && !header.is_present());
        let data_rows = if header.is_present() && rows.len() > 1 { &rows[1..] } else { &rows[..] };
        let mut data_width = most_common_width(data_rows).0;
        if header.is_present() && data_rows.iter().all(|row| row.iter().skip(first.len()).all(String::is_empty)) {
            // Delimiters at the ends of lines add cells that hold nothing.
            data_width = data_width.min(first.len());
        }
        let (mut names, duplicates) =
            if header.is_present() { unique_names(&told(first, header, options)) } else { (Vec::new(), Vec::new()) };
        // A line that is divided by place may end early.
        data_width = data_width.max(text.widths.as_ref().map_or(0, Vec::len));
        // Nothing of such a width is a table, and every column takes memory.
        let is_ambiguous = is_ambiguous || data_width.max(names.len()) > MOST_COLUMNS;
        names.truncate(MOST_COLUMNS);
        data_width = data_width.min(MOST_COLUMNS);
        let is_uneven = if text.widths.is_some() { names.len() > data_width } else { names.len() != data_width };
        let uneven = (header.is_present() && is_uneven).then_some((names.len(), data_width));
        while names.len() < data_width {
            names.push(column_name(names.len()));
        }
        let data_start = if header.is_present() { data_start } else { 0 };
        let has_open_header = is_first_open && header.is_present();
        let even_length = if delimiter.is_none() && text.widths.is_none() { even_length(&rows) } else { None };
        let widths = text.widths.clone();
        Some(Dialect {
            is_packed: text.is_packed,
            delimiter,
            widths,
            header,
            names,
            duplicates,
            uneven,
            has_open_header,
            is_ambiguous,
            data_start,
            even_length,
        })
    }
}

/// The delimiter that a first line such as `sep=;` names for spreadsheets, and the length of that line with its break.
pub(super) fn hint(units: &[u8]) -> Option<(u8, usize)> {
    let line = units.iter().position(|unit| matches!(unit, b'\n' | b'\r'))?;
    let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] = units[..line] else { return None };
    let breaks = if units[line..].starts_with(b"\r\n") { 2 } else { 1 };
    (delimiter.is_ascii() && delimiter != QUOTE).then_some((delimiter, line + breaks))
}

/// What a sample looks like, divided by one delimiter.
struct Division {
    delimiter: u8,
    rows: Vec<Vec<String>>,
    /// Cells of most rows.
    width: usize,
    /// The share of rows that have so many.
    even: f64,
    /// The share of rows that are divided at all.
    divided: f64,
}

/// The delimiter under which most rows have equally many cells, and whether that is in doubt.
fn choose_delimiter(sample: &Sample<'_>) -> (Option<u8>, bool) {
    match choose_among(&CANDIDATES, sample) {
        (None, false) => match choose_among(&RARE, sample) {
            (Some(delimiter), false) => (Some(delimiter), false),
            _ => (None, false),
        },
        chosen => chosen,
    }
}

fn choose_among(candidates: &[u8], sample: &Sample<'_>) -> (Option<u8>, bool) {
    let mut divisions: Vec<Division> = Vec::new();
    for delimiter in candidates.iter().copied() {
        let rows = sample_rows(sample, Shape { delimiter: Some(delimiter), widths: None }).cells;
        let divided = rows.iter().filter(|row| row.len() > 1).count();
        let (width, count) = most_common_width(rows.iter().filter(|row| row.len() > 1));
        if width > 1 {
            let share = |count: usize| count as f64 / rows.len() as f64;
            divisions.push(Division { delimiter, width, even: share(count), divided: share(divided), rows });
        }
    }
    // Stable: a tie keeps the order of the candidates.
    divisions.sort_by(|one, other| other.even.total_cmp(&one.even));
    let Some(even) = divisions.first().map(|best| best.even) else { return (None, false) };
    let tied: Vec<&Division> = divisions.iter().filter(|other| other.even.total_cmp(&even).is_eq()).collect();
    let clear = |one: &&&Division| tied.iter().all(|other| one.delimiter == other.delimiter || is_within_a_column(one, other));
    match divisions.as_slice() {
        [best, ..] if even >= EVEN => match tied.iter().find(clear) {
            Some(one) => (Some(one.delimiter), false),
            None => (Some(best.delimiter), true),
        },
        // Uneven rows: most of them are divided somehow, or this is one column in which the character occurs at times.
        [best, ..] if best.divided >= 0.5 => (Some(best.delimiter), true),
        [best, ..] => (None, best.divided >= 0.1),
        [] => (None, false),
    }
}

/// Whether the other delimiter is a character in one column of this one, as the comma of addresses is between semicolons. It is far rarer
/// then; commas of decimal numbers are as frequent as the semicolons between them.
fn is_within_a_column(one: &Division, other: &Division) -> bool {
    let mut columns = HashSet::new();
    for row in &one.rows {
        columns.extend(
            row.iter().enumerate().filter(|(_, cell)| cell.contains(char::from(other.delimiter))).map(|(column, _)| column),
        );
    }
    columns.len() == 1 && one.width > 3 * (other.width - 1)
}

/// How lines are divided.
#[derive(Clone, Copy)]
struct Shape<'a> {
    delimiter: Option<u8>,
    widths: Option<&'a [usize]>,
}

/// The rows of a sample as cells of lossy text. A row that the sample cuts is left out.
struct Rows {
    cells: Vec<Vec<String>>,
    /// Where the second row begins, in code units.
    second: usize,
    /// The first row opens a quote that the sample does not close.
    is_first_open: bool,
}

fn sample_rows(sample: &Sample<'_>, shape: Shape<'_>) -> Rows {
    let tokenizer = Tokenizer { delimiter: shape.delimiter, has_quotes: shape.widths.is_none() };
    let (units, unit) = (sample.units, sample.encoding.unit());
    let (mut rows, mut cells, mut from, mut second, mut is_first_open) = (Vec::new(), Cells::default(), 0, 0, false);
    while rows.len() < SAMPLE_ROWS {
        let mut has_quotes = true;
        let mut step = tokenizer.step(units, from, sample.is_whole, &mut cells);
        if let Step::Open { start } = step
            && (sample.is_whole || rows.is_empty())
        {
            is_first_open |= rows.is_empty();
            // The file ends, or the sample does, within a quote: look at the line as it is.
            has_quotes = false;
            step = tokenizer.step_unquoted(units, start, true, &mut cells);
        }
        let Step::Record { record, next } = step else { break };
        let mut line = String::new();
        sample.encoding.decode(&sample.bytes[record.start * unit..record.end * unit], &mut line);
        match shape.widths {
            Some(widths) => fixed::cells(&line, widths, &mut cells.spans, &mut []),
            None => tokenizer.record(line.as_bytes(), has_quotes, &mut cells),
        }
        let mut text = Vec::new();
        let row = cells.spans.iter().take(MOST_COLUMNS + 1).map(|span| {
            Cells::cell(line.as_bytes(), *span, cells.is_escaped, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        rows.push(row.collect());
        from = next;
        if rows.len() == 1 {
            second = next;
        }
    }
    Rows { cells: rows, second, is_first_open }
}

/// The length of the lines in characters, where nearly all have the same and several words each.
fn even_length(rows: &[Vec<String>]) -> Option<usize> {
    let mut counts = HashMap::new();
    for line in rows.iter().filter_map(|row| row.first()) {
        *counts.entry(line.chars().count()).or_insert(0_usize) += 1;
    }
    let (length, count) = counts.into_iter().max_by_key(|(length, count)| (*count, *length))?;
    let is_spaced = rows.iter().filter_map(|row| row.first()).any(|line| line.trim().contains("  "));
    (rows.len() > 2 && count as f64 >= EVEN * rows.len() as f64 && is_spaced).then_some(length)
}

/// The most common number of cells and how many rows have it; of equals, the larger.
fn most_common_width<'a>(rows: impl IntoIterator<Item = &'a Vec<String>>) -> (usize, usize) {
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry(row.len()).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect_with(text: &str, stated: &TextOptions, options: &Options) -> Dialect {
        let head = text.as_bytes();
        let encoding = Encoding::of_utf8();
        let sample = Sample { bytes: head, units: head, encoding, is_whole: true };
        Dialect::detect(&sample, stated, options).unwrap()
    }

    fn detect(text: &str) -> Dialect {
        detect_with(text, &TextOptions::default(), &Options::default())
    }

    #[test]
    fn finds_each_delimiter() {
        for (text, delimiter) in [
            ("name,town,born\nann,leeds,1980-01-02\n", Some(b',')),
            ("name;sum;born\nann;1,5;1980-01-02\nbob;2,5;1980-01-03\n", Some(b';')),
            ("name\taddress\nann\t1 High St, Leeds\nbob\t2 High St, York\n", Some(b'\t')),
            ("name|n\nann|1\n", Some(b'|')),
            ("name^n\nann^1\n", Some(b'^')),
            ("name\u{1f}n\nann\u{1f}1\n", Some(0x1f)),
            ("name:born\nann:1980-01-02\n", Some(b':')),
            ("dear: all\nit rained\n", None),
            ("ann\nbob\n", None),
            ("name,notes\nann,a;b;c\nbob,d;e;f\n", Some(b',')),
            ("1;ann;1 High St, Leeds;LS1\n2;bob;2 High St, York;YO1\n", Some(b';')),
        ] {
            let dialect = detect(text);
            assert_eq!((dialect.delimiter, dialect.is_ambiguous), (delimiter, false), "{text}");
        }
    }

    #[test]
    fn tells_doubt_about_the_delimiter() {
        assert!(detect("a1;b,c\nd2;e,f\n").is_ambiguous);
        assert!(detect("dear all,\nit rained, and it poured, and so on, 1\nyours, a\n b, c, d, e, f\n").is_ambiguous);
        let stated = TextOptions { delimiter: Some(b','), ..TextOptions::default() };
        assert!(!detect_with("a1;b,c\nd2;e,f\n", &stated, &Options::default()).is_ambiguous);
    }

    #[test]
    fn judges_the_first_row() {
        for (text, header) in [
            ("name,born\nann,1980-01-02\n", Header::Found),
            ("address1,address_2,phone\n1 High St,Leeds,07700900123\n", Header::Found),
            ("ann,1980-01-02\nbob,1981-02-03\n", Header::Absent),
            ("a@b.example\nc@d.example\n", Header::Absent),
            ("name,town\nann,leeds\n", Header::Unsure),
            ("name,,born\nann,leeds,1980-01-02\n", Header::Unsure),
            ("ann,rose cottage,unknown\nbob,1 high st,1980-01-01\nann,2 high st,1980-01-01\n", Header::Absent),
            ("name,born\n", Header::Unsure),
            (",name,born\n0,ann,1980\n", Header::Found),
        ] {
            assert_eq!(detect(text).header, header, "{text}");
        }
    }

    #[test]
    fn what_is_stated_is_held_against_the_rows() {
        let options = Options { names_column: Some(|cell| matches!(cell, "name" | "town" | "born")), ..Options::default() };
        let header = TextOptions { header: Some(true), ..TextOptions::default() };
        for (text, expected) in [
            ("Oliver,O'Brien,19680619,Ne31Dx\nAnn,Lee,19700102,LS12AB\n", Header::Doubtful),
            ("Oliver,O'Brien\n", Header::Doubtful),
            ("colour,size\nred,large\n", Header::Stated),
            ("name,born\n", Header::Stated),
            ("k1,k2,2019\na,b,1\nc,d,2\ne,f,3\n", Header::Doubtful),
            ("k1,k2,k3,k4,2019\na,b,c,d,1\n", Header::Stated),
        ] {
            assert_eq!(detect_with(text, &header, &options).header, expected, "{text}");
        }
        let shape = |delimiter, widths| TextOptions { delimiter, widths, ..TextOptions::default() };
        assert!(detect_with("a,b\n1,2\n", &shape(Some(b';'), None), &options).is_ambiguous);
        assert!(detect_with("ann  leeds\nbob  york\n", &shape(None, Some(vec![20])), &options).is_ambiguous);
        assert!(!detect_with("a;b\n1;2\n", &shape(Some(b';'), None), &options).is_ambiguous);
        assert!(detect_with("ANN 12:30\nBOB 12:31\n", &TextOptions::default(), &options).is_ambiguous);
    }

    #[test]
    fn a_row_that_may_be_a_record_gives_no_names() {
        let dialect = detect("ann,leeds\nbob,york\n");
        assert_eq!((dialect.names, dialect.data_start), (vec!["column_1".to_owned(), "column_2".to_owned()], 0));
    }

    #[test]
    fn a_first_row_with_a_value_is_read_as_a_record() {
        let options = Options {
            names_column: Some(|cell| matches!(cell, "name" | "town" | "born")),
            is_value: Some(|cell| cell == "unknown"),
            ..Options::default()
        };
        let detect = |text: &str| detect_with(text, &TextOptions::default(), &options);
        for text in ["ann,leeds,unknown\nbob,york,1980-01-02\n", "name,town,unknown\nann,leeds,hill\n"] {
            let dialect = detect(text);
            assert_eq!((dialect.header, dialect.data_start), (Header::Unsure, 0), "{text}");
            assert_eq!(dialect.names, ["column_1", "column_2", "column_3"]);
        }
        assert_eq!(detect("name,town,born\nbob,york,1980-01-02\n").header, Header::Found);
        assert_eq!(detect("name,town,born\nann,leeds,unknown\n").header, Header::Found);
    }

    #[test]
    fn makes_names_unique_and_fills_them_up() {
        let dialect = detect("a,b,a,a_2\nx,1,y,z,w\nx,2,y,z,w\n");
        assert_eq!(dialect.names, ["a", "b", "a_3", "a_2", "column_5"]);
        assert_eq!(dialect.duplicates, ["a"]);
        assert_eq!(dialect.uneven, Some((4, 5)));
    }
}
