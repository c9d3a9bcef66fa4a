//! Delimited text (CSV, TSV and kin) in UTF-8, as one table a file.

mod dialect;
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
use super::file::OpenedFile;
use crate::support::progress::Cancel;
use dialect::Dialect;
use dialect::Header;
use dialect::column_name;
use range_reader::RangeReader;
use ranges::Boundaries;
pub(super) use tokenizer::QUOTE;
use tokenizer::Tokenizer;

/// The largest part of a file that is read on its own, in bytes.
const LARGEST_SPLIT: u64 = 8 << 20;

/// Below this, parts cost more than they save.
const SMALLEST_SPLIT: u64 = 64 << 10;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// An opened text file.
pub(super) struct CsvSession {
    file: OpenedFile,
    identity: Identity,
    inventory: Inventory,
    tokenizer: Tokenizer,
    /// Where the first record begins, behind byte order mark and header.
    data_start: u64,
}

impl CsvSession {
    /// Opens a text by its first bytes. `None`: it holds no row.
    pub(super) fn open(file: OpenedFile, head: &[u8], options: &Options) -> Option<Self> {
        let text = head.strip_prefix(BOM).unwrap_or(head);
        let mark = head.len() - text.len();
        let is_whole = head.len() as u64 >= file.size();
        let dialect = Dialect::detect(text, is_whole, options)?;
        let data_start = (mark + dialect.data_start) as u64;
        let identity = Identity { kind: "csv", name: file.name().to_owned(), facts: file.facts() };
        let inventory = inventory(&file, &dialect, mark > 0);
        Some(Self { identity, inventory, tokenizer: Tokenizer { delimiter: dialect.delimiter }, data_start, file })
    }

    /// Parts of about `size` bytes.
    fn splits_of(&self, size: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let end = self.file.size();
        let mut boundaries = Boundaries::new(self.data_start, size);
        if size < end.saturating_sub(self.data_start) {
            self.file.pass(cancel, |offset, chunk| boundaries.visit(offset, chunk))?;
        }
        let ranges = boundaries.ranges(end).into_iter().enumerate();
        Ok(ranges.map(|(index, (start, end))| Split { object: 0, index, extent: Extent::Bytes { start, end } }).collect())
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
        if self.file.path().is_some() { Consistency::FileStat } else { Consistency::PrivateCopy }
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

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }
}

/// The one object of a text file, and what its header already shows.
fn inventory(file: &OpenedFile, dialect: &Dialect, has_mark: bool) -> Inventory {
    let column = |name: &String| Column { name: name.clone(), declared_type: None, access: Access::Readable };
    let delimiter = match dialect.delimiter {
        None => "none (one column)".to_owned(),
        Some(b'\t') => "tab".to_owned(),
        Some(byte) => char::from(byte).to_string(),
    };
    let mut details = vec![
        ("delimiter".to_owned(), delimiter),
        ("header".to_owned(), dialect.header.as_str().to_owned()),
        ("encoding".to_owned(), "UTF-8".to_owned()),
    ];
    if has_mark {
        details.push(("byteOrderMark".to_owned(), "yes".to_owned()));
    }
    let problem = |code, detail: String| Problem::of_source(code, file.name(), detail).in_object(file.name());
    let mut problems = Vec::new();
    if dialect.is_ambiguous {
        let detail = "it cannot be told which delimiter divides the rows; state it".to_owned();
        problems.push(problem(ProblemCode::AmbiguousDelimiter, detail));
    }
    if dialect.header == Header::Doubtful {
        let detail = "the first row was stated to name the columns, but holds values; it was read as a record".to_owned();
        problems.push(problem(ProblemCode::DoubtfulHeader, detail));
    }
    for name in &dialect.duplicates {
        let detail = "several columns bear this name; the later ones were numbered".to_owned();
        problems.push(problem(ProblemCode::DuplicateColumn, detail).in_column(name));
    }
    if dialect.has_open_header {
        let detail = "the header opens a quote that is never closed; its line was read as it stands".to_owned();
        problems.push(problem(ProblemCode::CutShort, detail));
    }
    if let Some((names, cells)) = dialect.widths {
        let detail = format!("the header names {names} columns and most rows hold {cells} cells");
        problems.push(problem(ProblemCode::RaggedRows, detail));
    }
    let object = Object {
        name: file.name().to_owned(),
        kind: ObjectKind::File,
        columns: dialect.names.iter().map(column).collect(),
        primary_key: Vec::new(),
        rows_expected: None,
        bytes: Some(file.size()),
        access: Access::Readable,
        details,
    };
    Inventory { objects: vec![object], blind: false, problems }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let head = file.head(1 << 20).unwrap();
        CsvSession::open(file, &head, options)
    }

    fn stated(delimiter: u8, header: bool) -> Options {
        Options { delimiter: Some(delimiter), header: Some(header), ..Options::default() }
    }

    /// The rows as the `csv` crate reads them.
    fn oracle(content: &[u8], delimiter: u8, header: bool) -> Vec<Row> {
        let content = content.strip_prefix(BOM).unwrap_or(content);
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
        let session = open_bytes(b"name,born\ncaf\xe9,1980\n", &Options::default()).unwrap();
        let (_, report) = read_all(&session, 0).unwrap();
        assert_eq!(codes(&report.problems), [(ProblemCode::NotUtf8, Some(1))]);
        assert_eq!(report.problems[0].column.as_deref(), Some("name"));
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
        let head = file.head(1 << 20).unwrap();
        let session = CsvSession::open(file, &head, &Options::default()).unwrap();
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
