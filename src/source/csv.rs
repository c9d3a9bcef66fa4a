//! Text that is a table: delimited (CSV, TSV and kin) or of columns of fixed width, in any encoding, as one table a file.

mod dialect;
mod encoding;
mod fixed;
mod index;
mod masks;
mod range_reader;
mod ranges;
mod tokenizer;

use super::Access;
use super::Column;
use super::Consistency;
use super::Extent;
use super::Identity;
use super::Inventory;
use super::Object;
use super::ObjectKind;
use super::Options;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Session;
use super::Sink;
use super::Split;
use super::SplitReport;
use super::TextOptions;
use super::file::OpenedFile;
use super::header::column_name;
use crate::support::progress::Cancel;
use dialect::Dialect;
use dialect::Sample;
pub(super) use encoding::Encoding;
use range_reader::RangeReader;
use ranges::Boundaries;
use std::sync::OnceLock;
pub(super) use tokenizer::QUOTE;
use tokenizer::Tokenizer;

/// The largest part of a file that is read on its own, in bytes.
const LARGEST_SPLIT: u64 = 8 << 20;

/// Below this, parts cost more than they save.
const SMALLEST_SPLIT: u64 = 64 << 10;

/// Bytes between the places of which it is noted whether they lie within quotes.
const NOTED: usize = 256 << 10;

/// An opened text file.
pub(super) struct CsvSession {
    file: OpenedFile,
    identity: Identity,
    inventory: Inventory,
    encoding: Encoding,
    tokenizer: Tokenizer,
    /// The widths of the columns in characters, where lines are divided by place.
    widths: Option<Vec<usize>>,
    /// Columns of fixed width may touch.
    is_packed: bool,
    /// Where the first record begins, behind byte order mark and header.
    data_start: u64,
    /// Whether places in the file lie within quotes, once it was gone through: from that at or before the first record on, [`NOTED`] bytes apart.
    quoted: OnceLock<Vec<bool>>,
}

impl CsvSession {
    /// Opens a text by its first bytes, and the same as one byte for each code unit, both behind the byte order mark. `None`: it holds
    /// no row.
    pub(super) fn open(
        file: OpenedFile,
        encoding: Encoding,
        (bytes, units): (&[u8], &[u8]),
        text: &TextOptions,
        options: &Options,
    ) -> Option<Self> {
        let is_whole = (encoding.mark() + bytes.len()) as u64 >= file.size();
        let unit = encoding.unit();
        let hint = dialect::hint(units);
        let skipped = hint.map_or(0, |(_, length)| length);
        let text = TextOptions { delimiter: text.delimiter.or(hint.map(|(delimiter, _)| delimiter)), ..text.clone() };
        let sample = Sample { bytes: &bytes[skipped * unit..], units: &units[skipped..], encoding, is_whole };
        let dialect = Dialect::detect(&sample, &text, options)?;
        let data_start = (encoding.mark() + (skipped + dialect.data_start) * unit) as u64;
        let identity = Identity { kind: "csv".into(), name: file.name().to_owned(), facts: file.facts() };
        let inventory = inventory(&file, &dialect, encoding);
        let tokenizer = Tokenizer { delimiter: dialect.delimiter, has_quotes: dialect.widths.is_none() };
        Some(Self {
            identity,
            inventory,
            encoding,
            tokenizer,
            widths: dialect.widths,
            is_packed: dialect.is_packed,
            data_start,
            quoted: OnceLock::new(),
            file,
        })
    }

    /// Parts of about `size` bytes.
    fn splits_of(&self, size: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let end = self.file.size();
        let unit = self.encoding.unit() as u64;
        let mut boundaries = Boundaries::new(self.data_start / unit, size / unit, self.tokenizer.has_quotes);
        if size < end.saturating_sub(self.data_start) {
            self.look_for(&mut boundaries, cancel)?;
        }
        let ranges = boundaries.ranges(end / unit).into_iter().enumerate();
        let split = |(index, (start, stop)): (usize, (u64, u64))| {
            // An odd byte at the end belongs to the last part.
            let stop = if stop == end / unit { end } else { stop * unit };
            Split { object: 0, index, extent: Extent::Bytes { start: start * unit, end: stop } }
        };
        Ok(ranges.map(split).collect())
    }

    /// Finds the boundaries that are looked for. The first time this goes through the whole file; what it notes of the quotes then leads later ones to
    /// the few places that matter.
    fn look_for(&self, boundaries: &mut Boundaries, cancel: &Cancel) -> Result<(), ReadError> {
        let unit = self.encoding.unit() as u64;
        let (known, mut found) = (self.quoted.get(), Vec::new());
        let (mut bytes, mut units) = (vec![0; NOTED], Vec::new());
        let first = self.data_start / NOTED as u64;
        for (number, offset) in (first * NOTED as u64..self.file.size()).step_by(NOTED).enumerate() {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            match known.map(|known| known.get(number)) {
                // What was shorter the first time has no boundaries beyond its end.
                Some(None) => break,
                Some(Some(_)) if !boundaries.is_wanted_before((offset + NOTED as u64) / unit) => continue,
                Some(Some(is_quoted)) => boundaries.set_quoted(*is_quoted),
                None => found.push(boundaries.is_quoted()),
            }
            let count = self.file.fill_at(&mut bytes, offset).map_err(|error| self.file.failed(&error))?;
            if self.encoding.is_wide() {
                units.clear();
                self.encoding.narrow(&bytes[..count], &mut units);
                boundaries.visit(offset / unit, &units);
            } else {
                boundaries.visit(offset, &bytes[..count]);
            }
            if count < NOTED {
                break;
            }
        }
        if known.is_none() {
            self.quoted.get_or_init(|| found);
        }
        Ok(())
    }

    fn width(&self) -> usize {
        self.inventory.objects[0].columns.len()
    }

    fn column(&self, index: usize) -> String {
        self.inventory.objects[0].columns.get(index).map_or_else(|| column_name(index), |column| column.name.clone())
    }

    fn problem(&self, code: ProblemCode, detail: impl Into<String>) -> Problem {
        Problem::of_source(code, self.file.name(), detail).in_object(self.file.name())
    }
}

impl Session for CsvSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        self.file.consistency()
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        match (object, wanted) {
            (0, 0 | 1) => self.splits_of(u64::MAX, cancel),
            (0, wanted) => {
                let size = self.file.size().div_ceil(wanted as u64);
                self.splits_of(size.clamp(SMALLEST_SPLIT, LARGEST_SPLIT), cancel)
            }
            _ => Err(ReadError::UnknownSplit),
        }
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let Extent::Bytes { start, end } = split.extent else { return Err(ReadError::UnknownSplit) };
        let size = self.file.size();
        if split.object != 0 || start < self.data_start.min(size) || start > end || end > size {
            return Err(ReadError::UnknownSplit);
        }
        let mut reader = RangeReader::new(self, start, end, sink);
        reader.run(cancel)?;
        reader.finish()
    }

    fn recheck(&self) -> Vec<Problem> {
        self.file.recheck().into_iter().collect()
    }

    fn will_digest(&self) {
        self.file.will_digest();
    }

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }

    fn standing(&self) -> Option<String> {
        self.file.standing()
    }
}

/// The one object of a text file, and what its header already shows.
fn inventory(file: &OpenedFile, dialect: &Dialect, encoding: Encoding) -> Inventory {
    let column = |name: &String| Column { name: name.clone(), declared_type: None, access: Access::Readable };
    let mut details = Vec::new();
    let mut detail = |name: &str, value: String| details.push((name.to_owned(), value));
    match (&dialect.widths, dialect.delimiter) {
        (Some(widths), _) => {
            let widths = widths.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            // Whoever reads the attestation should see that words may be cut.
            detail("widths", if dialect.is_packed { format!("{widths} (values may touch)") } else { widths });
        }
        (None, None) => detail("delimiter", "none (one column)".to_owned()),
        (None, Some(b'\t')) => detail("delimiter", "tab".to_owned()),
        (None, Some(byte)) if byte.is_ascii_control() => detail("delimiter", format!("byte {byte}")),
        (None, Some(byte)) => detail("delimiter", char::from(byte).to_string()),
    }
    detail("header", dialect.header.as_str().to_owned());
    detail("encoding", encoding.words());
    if let Some(length) = dialect.even_length {
        detail("lines", format!("of {length} characters each; columns of fixed width?"));
    }
    let problem = |code, detail: String| Problem::of_source(code, file.name(), detail).in_object(file.name());
    let mut problems = Vec::new();
    if dialect.is_ambiguous {
        let detail = "it cannot be told how the rows are divided, or what was stated divides none".to_owned();
        problems.push(problem(ProblemCode::AmbiguousDelimiter, detail));
    }
    if let Some(doubt) = encoding.doubt() {
        problems.push(problem(ProblemCode::AmbiguousEncoding, doubt));
    }
    if let Some(doubt) = dialect.header.doubt() {
        problems.push(problem(ProblemCode::DoubtfulHeader, doubt.to_owned()));
    }
    for name in &dialect.duplicates {
        let detail = "several columns bear this name; the later ones were numbered".to_owned();
        problems.push(problem(ProblemCode::DuplicateColumn, detail).in_column(name));
    }
    if dialect.has_open_header {
        let detail = "the header opens a quote that is never closed; its line was read as it stands".to_owned();
        problems.push(problem(ProblemCode::CutShort, detail));
    }
    if let Some((names, cells)) = dialect.uneven {
        let detail = format!("the header names {names} columns and most rows hold {cells} cells");
        problems.push(problem(ProblemCode::RaggedRows, detail));
    }
    let object = Object {
        name: file.name().to_owned(),
        kind: ObjectKind::File,
        columns: dialect.names.iter().map(column).collect(),
        primary_key: Vec::new(),
        rows_expected: None,
        rows_estimated: None,
        bytes: Some(file.size()),
        access: Access::Readable,
        details,
    };
    Inventory { objects: vec![object], blind: false, problems }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Label;
    use crate::source::Locator;
    use crate::source::batch::LONGEST_ROW;
    use crate::source::testing::Collect;
    use crate::source::testing::Row;
    use crate::source::testing::codes;
    use crate::source::testing::read_all;
    use proptest::prelude::*;
    use std::fs;
    use std::io::Write;

    fn open_bytes(content: &[u8], options: &Options) -> Option<CsvSession> {
        let mut copy = tempfile::tempfile().unwrap();
        copy.write_all(content).unwrap();
        let file = OpenedFile::unnamed("t.csv", copy).unwrap();
        open_file(file, options)
    }

    fn open_file(file: OpenedFile, options: &Options) -> Option<CsvSession> {
        let head = file.head(1 << 20).unwrap();
        let text = options.text_of(file.name());
        let encoding = Encoding::detect(&file, &head, text.encoding).unwrap();
        let bytes = &head[encoding.mark()..];
        let mut units = Vec::new();
        if encoding.is_wide() {
            encoding.narrow(bytes, &mut units);
        } else {
            units.extend(bytes);
        }
        CsvSession::open(file, encoding, (bytes, &units), &text, options)
    }

    fn stated(delimiter: u8, header: bool) -> Options {
        // Bytes of any sort are to be read as they come.
        let encoding = Label::parse("utf-8").map(Label::of_one_file);
        let text = TextOptions { delimiter: Some(delimiter), header: Some(header), encoding, ..TextOptions::default() };
        Options { text, ..Options::default() }
    }

    /// The rows as the `csv` crate reads them.
    fn oracle(content: &[u8], delimiter: u8, header: bool) -> Vec<Row> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(header).flexible(true).from_reader(content);
        let text = |cell: &[u8]| Some(String::from_utf8_lossy(cell).into_owned());
        reader.byte_records().map(|record| record.unwrap().iter().map(text).collect()).collect()
    }

    fn is_unclosed(report: &SplitReport) -> bool {
        report.problems.iter().any(|problem| problem.code == ProblemCode::CutShort)
    }

    #[test]
    fn reads_odd_texts_as_the_csv_crate_does() {
        let texts: [&[u8]; 22] = [
            b"a,b\n1,2\n",
            b"a,b\r\n1,2\r\n3,4",
            b"a,b\r1,2\r3,4",
            b"a,b\n\n\r\n1,2\n\n",
            b"\xef\xbb\xbfa,b\n1,2\n",
            b"a,b\n1\n1,2,3\n",
            b"a,b\njoh\"n,x\n\"q\"tail,y\n",
            b"a,b\n\"x\ny\",\"z\r\nw\"\n",
            b"a,b\n\"x \"\"y\"\" z\",\"\"\n",
            b"a,b\n\"\"\"\",\"\"\"a\"\n",
            b"a,b\n,\n",
            b"a,b\n\"1\", \"2\"\n",
            b"a,b\n1,caf\xe9\n",
            b"a\n\"\"\n1\n",
            b"a,b\n1,\0\n",
            b"a,b\n1,2\r\r\n3,4\n",
            b"\"a\",\"b\"\n\"1\",\"2\"\n",
            b"a,b\n5\" pipe,6\" pipe\n1,2\n",
            b"a,b\n1,2\n\x1a",
            b"a;b\n1;2\n",
            b"a,b\n\"x\"\r\n\"y\",\"z\"\r\n",
            b"a\tb\n1\t2\n",
        ];
        for text in texts {
            for delimiter in [b',', b';', b'\t'] {
                for header in [true, false] {
                    let session = open_bytes(text, &stated(delimiter, header)).unwrap();
                    let (sink, report) = read_all(&session, 0).unwrap();
                    assert_eq!(sink.rows, oracle(text, delimiter, header), "{:?}", String::from_utf8_lossy(text));
                    assert!(!is_unclosed(&report));
                }
            }
        }
    }

    #[test]
    fn counts_uneven_rows_and_keeps_their_cells() {
        let session = open_bytes(b"name,born\nann,1980\nbob\ncid,1981,x\ndot,1982,,\neve,1983\n", &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows[2][2].as_deref(), Some("x"));
        assert_eq!(codes(&report.problems), [(ProblemCode::RaggedRows, Some(1)), (ProblemCode::RaggedRows, Some(1))]);
    }

    #[test]
    fn a_quote_that_is_never_closed_hides_no_row() {
        let session = open_bytes(b"name,born\nann,1980\n\"bob,1981\ncid,1982\ndot,1983\n", &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows.len(), 4);
        assert_eq!(sink.rows[3], [Some("dot".to_owned()), Some("1983".to_owned())]);
        assert_eq!(codes(&report.problems), [(ProblemCode::CutShort, Some(1))]);
    }

    #[test]
    fn a_row_beyond_bounds_is_reported_and_what_follows_is_read() {
        let mut content = b"name,born\nann,1980\n\"bob,1981\n".to_vec();
        let line = format!("cid,{}\n", "1".repeat(995));
        for _ in 0..20_000 {
            content.extend(line.as_bytes());
        }
        content.extend(b"dot,\"1983\"\n");
        let session = open_bytes(&content, &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows.len(), 20_003);
        assert_eq!(codes(&report.problems), [(ProblemCode::RowTooLong, Some(1))]);

        let mut content = b"name,born\nann,1980\n".to_vec();
        content.resize(content.len() + 3 * LONGEST_ROW, b'x');
        content.extend(b"\ndot,1983\n");
        let session = open_bytes(&content, &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows.len(), 2);
        assert_eq!(codes(&report.problems), [(ProblemCode::RowTooLong, Some(1))]);
    }

    #[test]
    fn counts_what_is_not_utf8_by_column() {
        let session = open_bytes(b"name,born\nann,1980\ncaf\xe9,1980\n", &stated(b',', true)).unwrap();
        let (_, report) = read_all(&session, 0).unwrap();
        assert_eq!(codes(&report.problems), [(ProblemCode::Undecodable, Some(1))]);
        assert_eq!(report.problems[0].column.as_deref(), Some("name"));
        assert_eq!(report.problems[0].first, Some(19));
    }

    #[test]
    fn shows_how_it_reads() {
        let session = open_bytes(b"\xef\xbb\xbfname;born;name\nann;1980;x\n", &Options::default()).unwrap();
        let object = &session.inventory().objects[0];
        let names: Vec<_> = object.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["name", "born", "name_2"]);
        assert_eq!(object.details[0], ("delimiter".to_owned(), ";".to_owned()));
        assert_eq!(object.details[1], ("header".to_owned(), "yes".to_owned()));
        assert_eq!(codes(&session.inventory().problems), [(ProblemCode::DuplicateColumn, None)]);
    }

    #[test]
    fn locators_are_offsets_in_the_file() {
        let content = b"\xef\xbb\xbfname,born\n\nann,1980\r\nbob,1981\n";
        let session = open_bytes(content, &Options::default()).unwrap();
        let (sink, _) = read_all(&session, 0).unwrap();
        let offsets = ["ann", "bob"].map(|word| content.windows(3).position(|bytes| bytes == word.as_bytes()).unwrap() as u64);
        assert_eq!(sink.locators, offsets.map(Locator::ByteOffset));
    }

    #[test]
    fn unbalanced_quotes_make_parts_that_do_not_fit() {
        let content = b"a,b\nx,5\" pipe\n\"y\nz\",1\n\"v\nw\",2\n";
        let session = open_bytes(content, &stated(b',', true)).unwrap();
        let cancel = Cancel::default();
        let mut sink = Collect::default();
        let splits = session.splits_of(1, &cancel).unwrap();
        let is_mismatch = |split| session.read(split, &mut sink, &cancel) == Err(ReadError::SplitMismatch);
        assert!(splits.iter().any(is_mismatch));
        assert_eq!(read_all(&session, 0).unwrap().0.rows.len(), 3);
    }

    #[test]
    fn large_files_have_several_parts_and_their_digest() {
        let line = "ann,\"1 High St\nLeeds\",1980-01-02\n";
        let content = format!("name,address,born\n{}", line.repeat(40_000));
        let session = open_bytes(content.as_bytes(), &Options::default()).unwrap();
        let cancel = Cancel::default();
        let splits = session.splits(0, 4, &cancel).unwrap();
        assert_eq!(splits.len(), 4);
        let mut sink = Collect::default();
        let reports: Vec<_> = splits.iter().map(|split| session.read(split, &mut sink, &cancel).unwrap()).collect();
        assert_eq!(reports.iter().map(|report| report.rows).sum::<u64>(), 40_000);
        let header = "name,address,born\n".len();
        assert_eq!(reports.iter().map(|report| report.bytes).sum::<u64>(), (content.len() - header) as u64);
        let digest = blake3::hash(content.as_bytes()).to_hex().to_string();
        assert_eq!(session.digest(&cancel).unwrap(), Some(digest));
        let json = serde_json::to_string(&splits[1]).unwrap();
        assert_eq!(serde_json::from_str::<Split>(&json).unwrap(), splits[1]);
    }

    #[test]
    fn a_file_that_shrinks_or_changes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        fs::write(&path, "name,born\nann,1980\nbob,1981\n").unwrap();
        let file = OpenedFile::open("t.csv", &path).unwrap();
        let session = open_file(file, &Options::default()).unwrap();
        assert_eq!(session.recheck(), []);
        fs::write(&path, "name,born\nann,1980\n").unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows.len(), 1);
        assert_eq!(codes(&report.problems), [(ProblemCode::CutShort, None)]);
        assert_eq!(codes(&session.recheck()), [(ProblemCode::ChangedWhileRead, None)]);
    }

    #[test]
    fn stops_when_told_to() {
        let content = format!("name,born\n{}", "ann,1980\n".repeat(20_000));
        let session = open_bytes(content.as_bytes(), &Options::default()).unwrap();
        let cancel = Cancel::default();
        let splits = session.splits(0, 1, &cancel).unwrap();
        let mut sink = Collect { limit: Some(1), ..Collect::default() };
        assert_eq!(session.read(&splits[0], &mut sink, &cancel), Err(ReadError::Stopped(crate::source::Stopped)));
        cancel.cancel();
        assert_eq!(session.read(&splits[0], &mut Collect::default(), &cancel), Err(ReadError::Cancelled));
        assert_eq!(session.digest(&cancel), Err(ReadError::Cancelled));
        let foreign = Split { object: 0, index: 0, extent: Extent::Bytes { start: 5, end: u64::MAX } };
        assert_eq!(session.read(&foreign, &mut Collect::default(), &Cancel::default()), Err(ReadError::UnknownSplit));
    }

    /// A text in each encoding that holds all of its characters, with a mark or without.
    fn in_all_encodings(text: &str) -> Vec<Vec<u8>> {
        let wide = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        let western: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        let all = [
            Some(text.as_bytes().to_vec()),
            Some(marked(b"\xef\xbb\xbf", text.as_bytes())),
            Some(marked(b"\xff\xfe", &little)),
            Some(marked(b"\xfe\xff", &big)),
            Some(little),
            Some(big),
            western,
        ];
        all.into_iter().flatten().collect()
    }

    #[test]
    fn a_text_reads_alike_in_every_encoding() {
        let text = "name;town\r\nZoë;\"Bad\nTölz\"\r\n\"René \"\"R\"\"\";5\" ü\n\nAnn;Málaga\n";
        let whole = oracle(text.as_bytes(), b';', true);
        let named = Options { text: TextOptions { header: Some(true), ..TextOptions::default() }, ..Options::default() };
        for content in in_all_encodings(text) {
            let session = open_bytes(&content, &named).unwrap();
            let (sink, report) = read_all(&session, 0).unwrap();
            assert_eq!((&sink.rows, &report.problems), (&whole, &Vec::new()), "{:?}", session.encoding);
            assert_eq!(session.inventory().problems, []);
            let unit = session.encoding.unit();
            let ann = content.windows(1).position(|byte| byte == b"A").unwrap();
            let ann = ann - ann % unit;
            assert_eq!(sink.locators[2], Locator::ByteOffset(ann as u64));
        }
    }

    #[test]
    fn large_texts_read_alike_in_parts_and_encodings() {
        // Rows of many lengths, so that quoted breaks fall on the edges of what is read at once, wherever these are.
        let mut text = "name,address,born\n".to_owned();
        for row in 0..60_000 {
            let breaks = "\n".repeat(row % 7);
            text.push_str(&format!("Zoë {row},\"{breaks}\"\"{}\"\"\r\n\",{}\r\n", "x".repeat(row % 31), 1900 + row % 100));
        }
        assert!(text.len() > 2 << 20);
        let whole = oracle(text.as_bytes(), b',', true);
        for content in in_all_encodings(&text) {
            let session = open_bytes(&content, &Options::default()).unwrap();
            let cancel = Cancel::default();
            for wanted in [1, 5, 64] {
                let splits = session.splits(0, wanted, &cancel).unwrap();
                assert!(wanted == 1 || splits.len() > 4);
                let mut sink = Collect::default();
                for split in &splits {
                    let before = sink.rows.len();
                    let mut part = Collect::default();
                    session.read(split, &mut part, &cancel).unwrap();
                    sink.rows.append(&mut part.rows);
                    assert!(sink.rows.len() > before);
                }
                assert!(sink.rows == whole, "{:?} in {wanted} parts", session.encoding);
            }
        }
    }

    #[test]
    fn rows_that_cannot_be_decoded_are_told_with_their_place() {
        // A lone surrogate, then a file that ends within a character.
        let mut content: Vec<u8> = "name,born\nann,1980\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let place = content.len() as u64;
        content.extend(b"b\0\x00\xd8,\x001\0\n\0c\0,\x002\0\n\0");
        content.insert(0, 0xfe);
        content.insert(0, 0xff);
        content.push(b'x');
        let session = open_bytes(&content, &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows.len(), 3);
        assert_eq!(codes(&report.problems), [(ProblemCode::Undecodable, Some(1)), (ProblemCode::CutShort, None)]);
        assert_eq!(report.problems[0].first, Some(place + 2));

        let session = open_bytes(b"name,born\nRen\xe9,1980\nRen\xc3\xa9,1981\nZo\xeb,1\n", &Options::default()).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows[1][0].as_deref(), Some("René"));
        assert_eq!(codes(&report.problems), [(ProblemCode::AmbiguousEncoding, Some(1))]);
        assert_eq!(report.problems[0].explanation(), "rows are valid UTF-8 in a text in windows-1252 (the first at byte 20)");
    }

    #[test]
    fn columns_of_fixed_width_are_read_where_they_are_stated() {
        let text = "name    town    born\nZoë     Tölz    1980\nO\"Neill Leeds\n";
        for content in in_all_encodings(text) {
            let options =
                Options { text: TextOptions { widths: Some(vec![8, 8, 4]), ..TextOptions::default() }, ..Options::default() };
            let session = open_bytes(&content, &options).unwrap();
            let object = &session.inventory().objects[0];
            assert_eq!(object.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["name", "town", "born"]);
            let (sink, report) = read_all(&session, 0).unwrap();
            let cells = |row: usize| sink.rows[row].iter().map(|cell| cell.as_deref().unwrap()).collect::<Vec<_>>();
            assert_eq!((cells(0), cells(1)), (vec!["Zoë", "Tölz", "1980"], vec!["O\"Neill", "Leeds"]));
            assert_eq!((report.problems, session.inventory().problems.len()), (Vec::new(), 0));
        }
        let wrong =
            Options { text: TextOptions { widths: Some(vec![6, 10, 4]), ..TextOptions::default() }, ..Options::default() };
        let names = ["Christopher Leeds", "Zoë Tölz", "Mary Ann York", "Annabel Bath", "Bob Hull", "Penelope Wells"];
        let mut rows = String::new();
        for (name, town) in names.iter().filter_map(|name| name.split_once(' ')) {
            rows.push_str(&format!("{name:<8}{town:<8}1980\n"));
        }
        let (_, report) = read_all(&open_bytes(rows.as_bytes(), &wrong).unwrap(), 0).unwrap();
        assert!(codes(&report.problems).iter().any(|(code, _)| *code == ProblemCode::DoubtfulWidths), "{:?}", report.problems);
        let packed = Options { text: TextOptions { is_packed: true, ..wrong.text }, ..Options::default() };
        let (_, report) = read_all(&open_bytes(rows.as_bytes(), &packed).unwrap(), 0).unwrap();
        assert!(codes(&report.problems).iter().all(|(code, _)| *code != ProblemCode::DoubtfulWidths), "{:?}", report.problems);
        let touching = open_bytes(rows.as_bytes(), &packed).unwrap();
        assert_eq!(touching.inventory().objects[0].details[0].1, "6,10,4 (values may touch)");

        let session = open_bytes(b"ann     leeds\nbob     york \ncid     bath \n", &Options::default()).unwrap();
        let details = &session.inventory().objects[0].details;
        assert!(details.iter().any(|(name, value)| name == "lines" && value.contains("13 characters")));
    }

    #[test]
    fn a_first_line_may_say_the_delimiter() {
        for content in in_all_encodings("sep=,\r\nname,sum;born\nZoë,1;1980\nAnn,2;1981\n") {
            let session = open_bytes(&content, &Options::default()).unwrap();
            let (sink, report) = read_all(&session, 0).unwrap();
            assert_eq!((sink.rows.len(), sink.rows[0].len(), report.problems), (2, 2, Vec::new()));
            let object = &session.inventory().objects[0];
            assert_eq!((object.columns[0].name.as_str(), object.details[0].1.as_str()), ("name", ","));
        }
    }

    #[test]
    fn zero_bytes_fill_up_cells_and_do_not_stand_within() {
        let session = open_bytes(b"name,born\nann\0\0,1980\nb\0b,1981\n", &Options::default()).unwrap();
        let (_, report) = read_all(&session, 0).unwrap();
        assert_eq!(codes(&report.problems), [(ProblemCode::BinaryCells, Some(1))]);
        assert_eq!(report.problems[0].column.as_deref(), Some("name"));
    }

    #[test]
    fn parts_are_the_same_whenever_they_are_asked_for() {
        let mut text = "name,note,born\n".to_owned();
        for row in 0..30_000 {
            text.push_str(&format!("Ann {row},\"{}\n\",{}\n", "x\n".repeat(row % 9), 1900 + row % 100));
            if row % 9_000 == 17 {
                // A place may lie far within quotes.
                text.push_str(&format!("Bob,\"{}\",1980\n", "lines of text\n".repeat(20_000)));
            }
        }
        assert!(text.len() > 5 * NOTED);
        for content in in_all_encodings(&text) {
            let open = || open_bytes(&content, &Options::default()).unwrap();
            let (used, cancel) = (open(), Cancel::default());
            for size in [400_000, 300_000, 70_000] {
                let splits = used.splits_of(size, &cancel).unwrap();
                assert_eq!(splits, open().splits_of(size, &cancel).unwrap(), "of {size}");
                assert!(splits.len() > 2);
            }
            cancel.cancel();
            assert_eq!(used.splits_of(1_000, &cancel), Err(ReadError::Cancelled));
        }
    }

    #[test]
    fn the_digest_is_made_of_what_the_readers_read() {
        let text = format!("name,born\n{}Zoë,1981", "ann,\"1980\n\"\n".repeat(16_000));
        let folder = tempfile::tempdir().unwrap();
        for content in in_all_encodings(&text) {
            let path = folder.path().join("t.csv");
            fs::write(&path, &content).unwrap();
            for wanted in [1, 3, 11] {
                let session = open_file(OpenedFile::open("t.csv", &path).unwrap(), &Options::default()).unwrap();
                let cancel = Cancel::default();
                let splits = session.splits(0, wanted, &cancel).unwrap();
                session.will_digest();
                let mut rows = 0;
                for split in splits.iter().rev() {
                    let mut sink = Collect::default();
                    rows += session.read(split, &mut sink, &cancel).unwrap().rows;
                }
                assert_eq!(rows, 16_001);
                // All but the header has gone by, so that nothing else is read any more.
                let file = fs::File::options().write(true).open(&path).unwrap();
                file.set_len(1 << 16).unwrap();
                let digest = blake3::hash(&content).to_hex().to_string();
                assert_eq!(session.digest(&cancel).unwrap(), Some(digest), "{wanted} parts");
                fs::write(&path, &content).unwrap();
            }
        }
    }

    /// Rows with every trouble, so many that buffers end within them.
    fn long() -> impl Strategy<Value = Vec<u8>> {
        let simple = prop::sample::select(vec![
            "a,b,c\n",
            "\"a\",\"b,\nb\",c\r\n",
            "\n",
            "é,\"\"\"\",\"b\"\"c\"\n",
            ",\r",
            "a\n",
            "a,b,c,d\n",
            "a,b,c,\n",
        ]);
        let odd = prop::sample::select(vec![
            &b"5\" pipe,\"6\" pipe\"\n"[..],
            b"Ren\xe9,b,\"c\xff\"\n",
            b"\"\xe9\"\"\",,\n",
            b"a\"b\",c,\n",
            b"\"a\"b,c,d\n",
            b"zero\0,b,\0c\0d\n",
            b"\"never closed,b,c\n",
            b"\xe9",
        ]);
        let simple = (simple, 1_usize..9_000).prop_map(|(row, times)| row.as_bytes().repeat(times));
        let odd = (odd, 1_usize..4).prop_map(|(row, times)| row.repeat(times));
        let vast = (prop::sample::select(b"x, \"\n".to_vec()), 0_usize..700_000)
            .prop_map(|(byte, times)| [b"\"", &vec![byte; times][..], b"\"\n"].concat());
        let wide = (65_530_usize..65_540).prop_map(|commas| [&b",".repeat(commas)[..], b"\n"].concat());
        let piece = prop_oneof![12 => simple, 6 => odd, 1 => vast, 1 => wide];
        prop::collection::vec(piece, 1..30).prop_map(|pieces| pieces.concat())
    }

    /// What a range comes to, with the index or without.
    fn read_range(session: &CsvSession, (start, end): (u64, u64), has_index: bool) -> Result<(Collect, SplitReport), ReadError> {
        let mut sink = Collect::default();
        let reader = RangeReader::new(session, start, end, &mut sink);
        let mut reader = if has_index { reader } else { reader.without_index() };
        reader.run(&Cancel::default())?;
        let report = reader.finish()?;
        Ok((sink, report))
    }

    /// Bytes of which CSV files have their troubles.
    fn messy() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"ab\",\n\r\";1 \xe9\0".to_vec()), 0..200)
    }

    /// Well-formed rows with breaks, quotes and delimiters in quotes.
    fn balanced() -> impl Strategy<Value = Vec<u8>> {
        let cell = prop::sample::select(vec!["a", "", "\"b\nc\"", "\"d\"\"\n\"\"e\"", "\"f,g\"", "\"\r\n\"", "h i"]);
        let row = prop::collection::vec(cell, 1..4).prop_map(|cells| cells.join(","));
        let end = prop::sample::select(vec!["\n", "\r\n", "\n\n"]);
        prop::collection::vec((row, end), 1..40).prop_map(|rows| {
            let mut text = String::new();
            for (row, end) in &rows {
                text.extend([row, *end]);
            }
            text.into_bytes()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        #[test]
        fn the_index_changes_nothing(content in long(), percent in 0_u64..=100, is_digested: bool) {
            let Some(session) = open_bytes(&content, &stated(b',', true)) else { return Ok(()) };
            if is_digested {
                session.will_digest();
            }
            let size = session.file.size();
            // The whole, and a part that ends anywhere.
            let middle = session.data_start + (size - session.data_start) * percent / 100;
            for range in [(session.data_start, size), (session.data_start, middle), (middle, size)] {
                match (read_range(&session, range, true), read_range(&session, range, false)) {
                    (Ok((with, of_it)), Ok((without, of_plain))) => {
                        prop_assert!(with.rows == without.rows);
                        prop_assert!(with.locators == without.locators);
                        prop_assert_eq!(of_it, of_plain);
                    }
                    (with, without) => prop_assert_eq!(with.map(|_| ()), without.map(|_| ())),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_csv_crate(content in messy(), header: bool) {
            if let Some(session) = open_bytes(&content, &stated(b',', header)) {
                let (sink, report) = read_all(&session, 0).unwrap();
                if !is_unclosed(&report) && session.inventory.problems.iter().all(|problem| problem.code != ProblemCode::CutShort) {
                    prop_assert_eq!(sink.rows, oracle(&content, b',', header));
                }
            }
        }

        #[test]
        fn parts_make_the_whole(content in balanced(), size in 1_u64..60) {
            if let Some(session) = open_bytes(&content, &stated(b',', false)) {
                let cancel = Cancel::default();
                let mut sink = Collect::default();
                for split in session.splits_of(size, &cancel).unwrap() {
                    session.read(&split, &mut sink, &cancel).unwrap();
                }
                let (whole, _) = read_all(&session, 0).unwrap();
                prop_assert_eq!(&sink.rows, &whole.rows);
                prop_assert_eq!(sink.locators, whole.locators);
            }
        }

        #[test]
        fn parts_of_utf16_make_the_whole(content in balanced(), size in 1_u64..60, is_little: bool) {
            let text = format!("é,b\n{}", String::from_utf8(content).unwrap());
            let to_bytes = if is_little { u16::to_le_bytes } else { u16::to_be_bytes };
            let content: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
            let text_options = TextOptions { delimiter: Some(b','), header: Some(false), ..TextOptions::default() };
            let session = open_bytes(&content, &Options { text: text_options, ..Options::default() }).unwrap();
            let cancel = Cancel::default();
            let mut sink = Collect::default();
            for split in session.splits_of(size, &cancel).unwrap() {
                session.read(&split, &mut sink, &cancel).unwrap();
            }
            let (whole, _) = read_all(&session, 0).unwrap();
            prop_assert_eq!(&sink.rows, &whole.rows);
            prop_assert_eq!(&sink.rows, &oracle(text.as_bytes(), b',', false));
            prop_assert_eq!(sink.locators, whole.locators);
        }

        #[test]
        fn parts_of_anything_fit_or_say_that_they_do_not(content in messy(), size in 1_u64..30) {
            if let Some(session) = open_bytes(&content, &stated(b',', false)) {
                let cancel = Cancel::default();
                let mut sink = Collect::default();
                let splits = session.splits_of(size, &cancel).unwrap();
                let read: Result<Vec<_>, _> = splits.iter().map(|split| session.read(split, &mut sink, &cancel)).collect();
                match read {
                    Ok(_) => prop_assert_eq!(sink.rows, read_all(&session, 0).unwrap().0.rows),
                    Err(error) => prop_assert_eq!(error, ReadError::SplitMismatch),
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(content in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Some(session) = open_bytes(&content, &Options::default()) {
                let columns = session.inventory().objects[0].columns.len();
                prop_assert!(columns > 0);
                read_all(&session, 0).unwrap();
            }
        }
    }
}
