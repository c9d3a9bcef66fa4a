//! What a file is, told by its first bytes and never by its name.

use super::Options;
use super::Problem;
use super::ProblemCode;
use super::Session;
#[cfg(feature = "columnar")]
use super::columnar;
use super::csv::CsvSession;
use super::csv::Encoding;
use super::file::OpenedFile;
use super::file::io_reason;
use super::json;
use super::sql_dump;
use super::sqlite::SqliteSession;
#[cfg(feature = "workbooks")]
use super::workbook;
#[cfg(feature = "workbooks")]
use super::workbook::Office;
use crate::support::progress::Cancel;
#[cfg(feature = "workbooks")]
use std::sync::Arc;

/// Bytes by which a file is judged.
pub(super) const HEAD: usize = 1 << 20;

/// How a `SQLite` database begins.
pub(super) const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Beginnings of files of residua's own, which hold no rows of people.
const OWN: [(&[u8], &str); 5] = [
    (b"\x89RSD\r\n\x1a\n", "a manifest of residua"),
    (b"# Private key of residua", "a private key of residua"),
    (b"# nonce ", "findings of residua"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "an encrypted file"),
    (b"age-encryption.org/", "an encrypted file"),
];

/// Beginnings of formats that are known and not read.
const SIGNATURES: [(&[u8], &str); 18] = [
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "lz4-compressed data"),
    (b"\x1f\x9d", "data compressed by `compress`"),
    (b"\xff\x06\0\0sNaPpY", "snappy-compressed data"),
    (b"LZIP", "lzip-compressed data"),
    (b"MSCF", "a cabinet archive"),
    (b"ORC", "an ORC file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    (b"\0\x01\0\0Standard ", "an Access database"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"BEGIN:V", "a card or calendar file"),
    (b"\0\x05\x16\x07", "what macOS keeps beside a file (AppleDouble)"),
    (b"\0\0\0\x01Bud1", "what macOS keeps of a folder (`.DS_Store`)"),
    (b"\xff\xfe\0\0", "text in UTF-32"),
    (b"\0\0\xfe\xff", "text in UTF-32"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
];

/// Beginnings of formats that only some builds read.
const OPTIONAL: [(&[u8], &str); 10] = [
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
];

/// Opens a file that is not packed, by its first bytes.
pub(super) fn open(file: OpenedFile, head: &[u8], options: &Options, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let name = file.name().to_owned();
    let problem = |code, detail: &str| Err(Problem::of_source(code, &name, detail));
    if head.is_empty() {
        return problem(ProblemCode::Empty, "the file is empty");
    }
    if head.starts_with(SQLITE_MAGIC) {
        return SqliteSession::open(file).map(|session| Box::new(session) as Box<dyn Session>);
    }
    if let Some((_, format)) = OWN.iter().find(|(signature, _)| head.starts_with(signature)) {
        return problem(ProblemCode::Unsupported, &format!("{format}; move it out of what is scanned"));
    }
    if sql_dump::is_archive(head) {
        return sql_dump::open_archive(file, options, options.limits.bytes, cancel);
    }
    #[cfg(feature = "columnar")]
    if let Some(format) = columnar::format_of(head) {
        return columnar::open(file, format, cancel);
    }
    #[cfg(feature = "workbooks")]
    match workbook::office(&Arc::new(file.clone()), cancel) {
        Office::Workbook => return workbook::open(Arc::new(file), options, cancel),
        Office::Other(format) => return problem(ProblemCode::Unsupported, &unsupported(format)),
        Office::No => {}
    }
    if let Some((_, format)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return problem(ProblemCode::Unsupported, &unsupported(format));
    }
    if let Some((_, format)) = OPTIONAL.iter().find(|(signature, _)| head.starts_with(signature)) {
        return problem(ProblemCode::Unsupported, &format!("{format}, which this build of the program does not read"));
    }
    open_text(file, head, options, cancel)
}

/// Whether a zip archive is a document of an office program, which is read as a whole.
#[cfg(all(feature = "archives", feature = "workbooks"))]
pub(super) fn is_office(file: &OpenedFile, cancel: &Cancel) -> bool {
    workbook::office(&Arc::new(file.clone()), cancel) != Office::No
}

/// Whether a zip archive is a document of an office program, which is read as a whole: to a build without a reader of such, none is.
#[cfg(all(feature = "archives", not(feature = "workbooks")))]
pub(super) fn is_office(_file: &OpenedFile, _cancel: &Cancel) -> bool {
    false
}

/// Opens a file that is a text, or nothing that is known.
fn open_text(file: OpenedFile, head: &[u8], options: &Options, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let name = file.name().to_owned();
    let problem = |code, detail: &str| Err(Problem::of_source(code, &name, detail));
    let text = options.text_of(&name);
    let encoding = match Encoding::detect(&file, head, text.encoding) {
        Ok(encoding) => encoding,
        Err(error) => return problem(ProblemCode::Unreadable, &io_reason(&error)),
    };
    let bytes = &head[encoding.mark()..];
    let mut narrow = Vec::new();
    let units = if encoding.is_wide() {
        encoding.narrow(bytes, &mut narrow);
        // Text has its spaces, delimiters and line breaks in ASCII, whatever its script.
        let ascii = narrow.iter().filter(|unit| unit.is_ascii() && **unit != 0).count();
        let is_line = !encoding.is_stated() || narrow.iter().any(|unit| matches!(unit, b'\n' | b'\r'));
        if ascii * 20 < narrow.len() || (!narrow.is_empty() && !is_line) {
            return problem(ProblemCode::AmbiguousEncoding, &format!("the bytes are no text in {}", encoding.name()));
        }
        &narrow
    } else {
        bytes
    };
    let is_table = text.is_shape_of_one || file.stated_kind() == Some("csv");
    if json::is_json(units) && !is_own(units) && !is_table {
        if encoding.is_wide() {
            return problem(ProblemCode::Unsupported, "JSON in UTF-16; convert it to UTF-8");
        }
        return json::open(file, options, cancel);
    }
    if let Some(format) = foreign_text(units).filter(|_| !is_table) {
        return problem(ProblemCode::Unsupported, &unsupported(format));
    }
    if sql_dump::is_sql(units) && !is_table {
        return sql_dump::open(file, options, cancel);
    }
    if is_binary(units) {
        return problem(ProblemCode::UnknownFormat, "neither text nor a known format");
    }
    match CsvSession::open(file, encoding, (bytes, units), &text, options) {
        Some(session) => Ok(Box::new(session)),
        None => problem(ProblemCode::Empty, "the file holds no row"),
    }
}

fn unsupported(format: &str) -> String {
    format!("{format}; this version does not read it")
}

/// A text that is no table, by its beginning.
fn foreign_text(units: &[u8]) -> Option<&'static str> {
    let text = units.trim_ascii_start();
    let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match text.first() {
        Some(b'{') if is_own(text) => return Some("a signed document or card of residua"),
        Some(b'<') if first_line.contains(&b'>') || text[1..].first().is_some_and(u8::is_ascii_alphabetic) => {
            return Some("XML or HTML");
        }
        _ => {}
    }
    None
}

/// A signed document of residua, or a card.
fn is_own(text: &[u8]) -> bool {
    let is_object = text.trim_ascii_start().first() == Some(&b'{');
    let names = ["\"application/vnd.in-toto+json\"", "\"publicKeyPem\""];
    is_object && names.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
}

/// Whether bytes are no text: control characters, but for the zero bytes with which some programs fill up the cells of a text.
fn is_binary(units: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| units.iter().filter(|byte| is(byte)).count();
    let zeros = count(|byte| *byte == 0);
    let controls = count(|byte| byte.is_ascii_control() && !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1f));
    let is_lines = units.contains(&b'\n') || units.contains(&b'\r');
    controls * 50 > units.len() || (zeros > 0 && (controls > 0 || !is_lines || zeros * 2 > units.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::TextOptions;
    use crate::source::testing::Collect;
    use crate::source::testing::read_all;
    use proptest::prelude::*;
    use std::fs;
    use std::io::Write;

    fn open_bytes(content: &[u8]) -> Result<Box<dyn Session>, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, content).unwrap();
        open_file(OpenedFile::open("x.csv", &path).unwrap(), &Options::default())
    }

    fn open_file(file: OpenedFile, options: &Options) -> Result<Box<dyn Session>, Problem> {
        let head = file.head(HEAD).unwrap();
        open(file, &head, options, &Cancel::default())
    }

    fn code(content: &[u8]) -> Option<ProblemCode> {
        open_bytes(content).err().map(|problem| problem.code)
    }

    #[test]
    fn what_is_no_table_is_a_problem() {
        assert_eq!(code(b""), Some(ProblemCode::Empty));
        assert_eq!(code(b"\n\r\n"), Some(ProblemCode::Empty));
        assert_eq!(code(b"\xef\xbb\xbf"), Some(ProblemCode::Empty));
        assert_eq!(code(b"a\0b"), Some(ProblemCode::UnknownFormat));
        assert_eq!(code(b"\x01\x02\x03abc"), Some(ProblemCode::UnknownFormat));
        let foreign: [&[u8]; 4] = [b"\x1f\x8b\x08\x00", b"PK\x03\x04zzzz", b"\xff\xfe\0\0a\0\0\0", b"<?xml version='1.0'?><a/>"];
        for content in foreign {
            assert_eq!(code(content), Some(ProblemCode::Unsupported), "{content:?}");
        }
    }

    #[test]
    fn statements_are_a_script() {
        let scripts: [&[u8]; 3] =
            [b"-- dump\nCREATE TABLE a (b text);\n", b"INSERT INTO a VALUES (1);\n", b"/* only */\n-- comments\n"];
        for content in scripts {
            assert_eq!(open_bytes(content).unwrap().identity().kind, "sql-dump", "{content:?}");
        }
    }

    #[test]
    fn text_is_a_table() {
        let tables: [&[u8]; 9] = [
            b"a",
            b"a,b\n1,2\n",
            b"caf\xe9,1\n",
            b"[x],y\n1,2\n",
            b"set,copy\n1,2\n",
            b"\xef\xbb\xbfname,born\nann,1980\n",
            b"\xff\xfea\0,\0b\0\n\0",
            b"\xfe\xff\0a\0,\0b\0\n",
            b"name\0\0,born\nann\0\0\0,1980\n",
        ];
        for content in tables {
            assert_eq!(open_bytes(content).unwrap().identity().kind, "csv", "{content:?}");
        }
    }

    #[test]
    fn json_is_read() {
        let texts: [&[u8]; 4] = [b"{\"a\": 1}\n{\"a\": 2}\n", b"[ {\"a\": 1} ]", b"\xef\xbb\xbf{\"a\":[]}", b"[1,2]\n[3,4]\n"];
        for content in texts {
            assert_eq!(open_bytes(content).unwrap().identity().kind, "json", "{content:?}");
        }
        assert_eq!(code(b"\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0"), Some(ProblemCode::Unsupported));
        assert_eq!(code(b"{\"publicKeyPem\": \"x\"}"), Some(ProblemCode::Unsupported));
    }

    #[test]
    fn a_broken_database_is_a_problem() {
        let mut content = SQLITE_MAGIC.to_vec();
        assert_eq!(code(&content), Some(ProblemCode::Unreadable));
        content.extend([7; 5000]);
        assert_eq!(code(&content), Some(ProblemCode::Unreadable));
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_read_or_refused(
            mark in prop::sample::select(vec![&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=;\n", b"\xff\xfes\0e\0p\0=\0;\0\n\0"]),
            content in prop::collection::vec(prop::sample::select(b"ab\",;\n\r 1\xe9\0\0\xd8\x81\xc3".to_vec()), 0..300),
            widths in prop::option::of(prop::collection::vec(1_usize..9, 1..4)),
        ) {
            let mut copy = tempfile::tempfile().unwrap();
            copy.write_all(mark).unwrap();
            copy.write_all(&content).unwrap();
            let text = TextOptions { widths, ..TextOptions::default() };
            if let Ok(session) = open_file(OpenedFile::unnamed("t", copy).unwrap(), &Options { text, ..Options::default() }) {
                let cancel = Cancel::default();
                let (whole, _) = read_all(session.as_ref(), 0).unwrap();
                let mut parts = Collect::default();
                for split in session.splits(0, 3, &cancel).unwrap() {
                    session.read(&split, &mut parts, &cancel).unwrap();
                }
                prop_assert_eq!(parts.rows, whole.rows);
            }
        }
    }
}
