//! Workbooks of the older kind (`.xls`), of Excel 5 and later.

use super::biff::Biff;
use super::biff::Script;
use super::cfb::Compound;
use super::cfb::Stream;
use super::number::Format;
use super::outside::Outside;
use super::outside::TOO_MANY;
use super::outside::show;
use super::strings::Strings;
use super::table::Book;
use super::table::Halt;
use super::table::Region;
use super::table::Regions;
use super::table::Table;
use super::table::Visit;
use super::xls_sheet;
use super::xls_sheet::Part;
use super::xls_sheet::Shared;
use crate::source::Options;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::support::progress::Cancel;
use encoding_rs::Encoding;
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The most sheets and styles.
const MOST: usize = 1 << 16;

/// Streams with the properties of the document.
const PROPERTIES: [&str; 2] = ["\u{5}SummaryInformation", "\u{5}DocumentSummaryInformation"];

/// The most bytes of them that are looked at.
const LONGEST_PROPERTIES: u64 = 1 << 20;

/// Records that may hold texts that no cell shows: formulas, names, headers, notes of links, lists to choose from, filters, scenarios.
const WITH_TEXTS: [u16; 16] =
    [0x06, 0x14, 0x15, 0x18, 0x21, 0x36, 0x9e, 0xaf, 0x1b1, 0x1b8, 0x1be, 0x206, 0x221, 0x4bc, 0x800, 0x87e];

/// Streams and folders that hold no rows.
const NOTHING: [&str; 16] = [
    "Workbook",
    "Book",
    "\u{5}SummaryInformation",
    "\u{5}DocumentSummaryInformation",
    "\u{1}CompObj",
    "\u{1}Ole",
    "\u{3}ObjInfo",
    "User Names",
    "_VBA_PROJECT_CUR",
    "VBA",
    "PROJECT",
    "PROJECTwm",
    "_signatures",
    "_xmlsignatures",
    "\u{9}DRMContent",
    "XLSB",
];

/// An opened workbook.
pub(super) struct XlsBook {
    stream: Stream,
    globals: Globals,
    tables: Vec<Table>,
    /// For each table where its sheet begins, and which part of it it is.
    contents: Vec<(u64, Part)>,
    strings: Mutex<Option<Arc<Strings>>>,
    /// Texts that were found when the workbook was opened, in the last tables.
    outside: Vec<Vec<String>>,
}

/// What the beginning of the workbook says of all sheets.
struct Globals {
    script: Script,
    is_1904: bool,
    formats: Vec<Format>,
    sheets: Vec<Listed>,
    has_strings: bool,
    /// Cells of other workbooks, of which copies are kept.
    copies: u64,
    /// The encoding of texts is none that is known.
    is_unknown_script: bool,
}

/// A sheet as the workbook lists it.
struct Listed {
    name: String,
    at: u64,
    is_hidden: bool,
}

/// What a compound file is that holds no workbook, in words; `None` where it holds one.
pub(super) fn other(compound: &Compound) -> Option<&'static str> {
    let has = |name: &str| compound.find(name).is_some();
    if has("Workbook") || has("Book") || has("EncryptedPackage") {
        return None;
    }
    Some(match () {
        () if has("WordDocument") => "an old Word document",
        () if has("PowerPoint Document") => "an old PowerPoint presentation",
        () if has("__properties_version1.0") => "a message of Outlook",
        () if has("VisioDocument") => "a Visio drawing",
        () => "an old office document",
    })
}

impl XlsBook {
    /// Opens the workbook that a compound file holds. Problems are what is known to stay unread.
    pub(super) fn open(
        compound: &Compound,
        source: &str,
        options: &Options,
        cancel: &Cancel,
    ) -> Result<(XlsBook, Vec<Problem>), Halt> {
        let encrypted = || Halt::unsupported("the workbook is encrypted; save a copy without its password");
        if compound.find("EncryptedPackage").is_some() {
            return Err(encrypted());
        }
        let stream = |name: &str| compound.find(name).filter(|entry| entry.is_stream);
        let entry = stream("Workbook").or_else(|| stream("Book"));
        let stream = compound.stream(entry.ok_or_else(|| Halt::unsupported("the document holds no workbook"))?)?;
        let globals = globals(&stream, cancel)?.ok_or_else(encrypted)?;
        let mut problems = Vec::new();
        let mut problem = |code, detail: String| problems.push(Problem::of_source(code, source, detail));
        if globals.copies > 0 {
            let detail =
                format!("the workbook keeps copies of cells of other workbooks ({} rows), which are not read", globals.copies);
            problem(ProblemCode::Unsupported, detail);
        }
        if compound.has_other_bytes()? {
            problem(ProblemCode::UnknownFormat, "the file holds bytes that belong to no part of the workbook".to_owned());
        }
        if globals.is_unknown_script {
            let detail = "the workbook's encoding is not known; its texts were read as Windows-1252";
            problem(ProblemCode::AmbiguousEncoding, detail.to_owned());
        }
        if compound.find("Workbook").is_some() && compound.find("Book").is_some() {
            let detail = "the workbook is there in two formats, of which only the newer one is read";
            problem(ProblemCode::Unsupported, detail.to_owned());
        }
        let mut unread: Vec<(&str, u64)> = Vec::new();
        for entry in compound.entries.iter().filter(|entry| !NOTHING.contains(&entry.name.as_str())) {
            let words = match entry.name.as_str() {
                "_SX_DB_CUR" | "_SX_DB" => "copies of rows for pivot tables",
                "Revision Log" => "a log of what was changed",
                "Ctls" => "controls",
                "MsoDataStore" => "custom XML",
                name if name.starts_with("MBD") || name.starts_with("LNK") => "embedded objects",
                _ => "parts of an unknown kind",
            };
            match unread.iter_mut().find(|(known, _)| *known == words) {
                Some((_, count)) => *count += 1,
                None => unread.push((words, 1)),
            }
        }
        for (words, count) in unread {
            let parts = if count == 1 { "part".to_owned() } else { format!("{count} parts") };
            problem(ProblemCode::Unsupported, format!("the workbook holds {words} ({parts}), which this version does not read"));
        }
        let (mut tables, mut contents) = (Vec::new(), Vec::new());
        for sheet in &globals.sheets {
            for (part, ending) in [(Part::Cells, ""), (Part::Charts, " (charts)"), (Part::Texts, " (comments and text boxes)")] {
                let hidden = sheet.is_hidden.then(|| ("sheet".to_owned(), "hidden".to_owned()));
                let names = (part == Part::Texts).then(|| vec!["text".to_owned()]);
                let name = format!("{}{ending}", sheet.name);
                tables.push(Table { name, details: hidden.into_iter().collect(), names, bytes: None });
                contents.push((sheet.at, part));
            }
        }
        let strings = Mutex::new(None);
        let mut book = XlsBook { stream, globals, tables, contents, strings, outside: Vec::new() };
        let mut outside = Outside::new(options);
        book.look(compound, &mut outside, cancel)?;
        for (table, texts) in outside.tables() {
            book.tables.push(table);
            book.outside.push(texts);
        }
        if outside.left_out > 0 {
            problems.push(Problem::of_source(ProblemCode::Unsupported, source, TOO_MANY));
        }
        Ok((book, problems))
    }

    /// Looks for texts that no cell shows. What is damaged comes up again when the sheets are read.
    fn look(&self, compound: &Compound, outside: &mut Outside, cancel: &Cancel) -> Result<(), Halt> {
        for name in PROPERTIES {
            let Some(entry) = compound.find(name).filter(|entry| entry.is_stream) else { continue };
            let mut bytes = Vec::new();
            if compound.stream(entry)?.take(LONGEST_PROPERTIES).read_to_end(&mut bytes).is_ok() {
                outside.record(&bytes);
            }
        }
        match look_in_records(&self.stream, outside, cancel) {
            Ok(()) => {}
            Err(Halt::Fault(..)) => return Ok(()),
            Err(halt) => return Err(halt),
        }
        let strings = self.strings(cancel)?;
        for index in (0..strings.len()).filter(|index| !outside.is_used(*index)).collect::<Vec<_>>() {
            if let Some(text) = strings.get(index) {
                outside.text(text);
            }
        }
        Ok(())
    }

    /// The texts that cells share, from an earlier read where they are still there.
    fn strings(&self, cancel: &Cancel) -> Result<Arc<Strings>, Halt> {
        let mut kept = self.strings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(strings) = kept.as_ref() {
            return Ok(Arc::clone(strings));
        }
        let mut strings = Strings::default();
        if self.globals.has_strings {
            match shared_strings(&self.stream, &mut strings, cancel) {
                Err(Halt::Fault(code, detail)) => strings.fault = Some((code, detail)),
                Err(halt) => return Err(halt),
                Ok(()) => {}
            }
        }
        let strings = Arc::new(strings);
        *kept = Some(Arc::clone(&strings));
        Ok(strings)
    }
}

impl Book for XlsBook {
    fn format(&self) -> &'static str {
        "xls"
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn walk(&self, table: usize, visit: &mut dyn Visit, cancel: &Cancel) -> Result<(), Halt> {
        let Some(&(at, part)) = self.contents.get(table) else {
            return self.outside.get(table - self.contents.len()).map_or(Ok(()), |texts| show(texts, visit));
        };
        let strings = self.strings(cancel)?;
        let shared = Shared {
            strings: &strings,
            formats: &self.globals.formats,
            is_1904: self.globals.is_1904,
            script: self.globals.script,
        };
        xls_sheet::walk(&mut Biff::new(&self.stream, at, cancel), part, shared, visit)?;
        match &strings.fault {
            Some((code, detail)) if part == Part::Cells => {
                Err(Halt::Fault(*code, format!("texts that the sheets share: {detail}")))
            }
            _ => Ok(()),
        }
    }

    fn regions(&self, table: usize, cancel: &Cancel) -> Result<Regions, Halt> {
        let Some(&(at, part)) = self.contents.get(table) else { return Ok(Regions::default()) };
        let mut regions = Regions::default();
        if part != Part::Cells {
            return Ok(regions);
        }
        let (mut biff, mut depth) = (Biff::new(&self.stream, at, cancel), 0_u32);
        while let Some((kind, _)) = biff.next()? {
            match kind {
                xls_sheet::BOF => depth += 1,
                xls_sheet::EOF if depth <= 1 => break,
                xls_sheet::EOF => depth -= 1,
                0xe5 if depth == 1 => {
                    for _ in 0..biff.short()? {
                        let [first_row, last_row, first_column, last_column] =
                            [biff.short()?, biff.short()?, biff.short()?, biff.short()?];
                        regions.push(Some(Region {
                            first_row: u32::from(first_row) + 1,
                            last_row: u32::from(last_row) + 1,
                            first_column: first_column.into(),
                            last_column: last_column.into(),
                        }));
                    }
                }
                _ => {}
            }
        }
        Ok(regions.sorted())
    }

    fn rest(&self) {
        *self.strings.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Looks through all records for texts that no cell shows, and for the shared texts that cells do show.
fn look_in_records(stream: &Stream, outside: &mut Outside, cancel: &Cancel) -> Result<(), Halt> {
    let mut biff = Biff::new(stream, 0, cancel);
    let mut is_with_texts = false;
    while let Some((kind, _)) = biff.next()? {
        match kind {
            0xfd => {
                biff.skip(6)?;
                outside.mark(biff.long()? as usize);
            }
            0x3c if !is_with_texts => {}
            kind if kind == 0x3c || WITH_TEXTS.contains(&kind) => outside.record(&biff.rest()?),
            _ => {}
        }
        is_with_texts = WITH_TEXTS.contains(&kind) || (is_with_texts && kind == 0x3c);
    }
    Ok(())
}

/// Reads what the workbook says of all sheets. `None`: it is encrypted.
fn globals(stream: &Stream, cancel: &Cancel) -> Result<Option<Globals>, Halt> {
    let mut biff = Biff::new(stream, 0, cancel);
    let script = match biff.next()? {
        Some((xls_sheet::BOF, _)) => match biff.short()? {
            0x0600 => Script::Unicode,
            0x0500 => Script::Bytes(encoding_rs::WINDOWS_1252),
            _ => return Err(Halt::unsupported("the workbook is of a version before Excel 5; save it in a newer format")),
        },
        _ => return Err(Halt::failed("the workbook does not begin as one")),
    };
    let mut globals = Globals {
        script,
        is_1904: false,
        formats: Vec::new(),
        sheets: Vec::new(),
        has_strings: false,
        copies: 0,
        is_unknown_script: false,
    };
    let (mut codes, mut styles) = (HashMap::new(), Vec::new());
    // A sheet's own name may be written in an encoding that stands behind it.
    while let Some((kind, _)) = biff.next()? {
        match kind {
            xls_sheet::EOF => break,
            0x2f => return Ok(None),
            0x42 => {
                let page = biff.short()?;
                if let Script::Bytes(_) = globals.script {
                    let encoding = encoding_of(page);
                    globals.is_unknown_script = encoding.is_none();
                    globals.script = Script::Bytes(encoding.unwrap_or(encoding_rs::WINDOWS_1252));
                }
            }
            0x22 => globals.is_1904 = biff.short()? == 1,
            0x41e if codes.len() < MOST => {
                let id = biff.short()?;
                let mut code = String::new();
                biff.text(globals.script, matches!(globals.script, Script::Bytes(_)), &mut code)?;
                codes.insert(id, Format::of_code(&code));
            }
            0xe0 if styles.len() < MOST => {
                biff.skip(2)?;
                styles.push(biff.short()?);
            }
            0x85 => {
                let at = u64::from(biff.long()?);
                let (state, sort) = (biff.byte()?, biff.byte()?);
                let mut name = String::new();
                biff.text(globals.script, true, &mut name)?;
                // Code alone has no cells.
                if sort != 6 && globals.sheets.len() < MOST {
                    globals.sheets.push(Listed { name, at, is_hidden: state & 3 != 0 });
                }
            }
            0xfc => globals.has_strings = true,
            0x5a => globals.copies += 1,
            _ => {}
        }
    }
    let format = |id: &u16| codes.get(id).copied().unwrap_or_else(|| Format::built_in(u32::from(*id)));
    globals.formats = styles.iter().map(format).collect();
    Ok(Some(globals))
}

/// The encoding of a code page's number.
fn encoding_of(page: u16) -> Option<&'static Encoding> {
    let label = match page {
        367 | 1252 | 32_769 => "windows-1252",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        10_000 | 32_768 => "macintosh",
        866 => "ibm866",
        1250..=1258 => return Encoding::for_label(format!("windows-{page}").as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The texts that cells share.
fn shared_strings(stream: &Stream, strings: &mut Strings, cancel: &Cancel) -> Result<(), Halt> {
    let mut biff = Biff::new(stream, 0, cancel);
    while let Some((kind, _)) = biff.next()? {
        match kind {
            xls_sheet::EOF => break,
            0xfc => {
                biff.skip(4)?;
                let mut text = String::new();
                for _ in 0..biff.long()? {
                    text.clear();
                    biff.text(Script::Unicode, false, &mut text)?;
                    strings.push(&text)?;
                }
                return Ok(());
            }
            _ => {}
        }
    }
    Ok(())
}
