//! Workbooks of `OpenDocument` (`.ods`), read as the stream of XML that they are.

use super::ods_cell::Cell;
use super::outside::Look;
use super::outside::Outside;
use super::outside::TOO_MANY;
use super::outside::show;
use super::package::OTHER_BYTES;
use super::package::Package;
use super::parts::Texts;
use super::table::Book;
use super::table::Halt;
use super::table::MOST_COLUMNS;
use super::table::MOST_ROWS;
use super::table::Region;
use super::table::Regions;
use super::table::Table;
use super::table::Visit;
use super::texts;
use super::xml::Xml;
use super::xml::attribute;
use super::xml::local;
use crate::source::Options;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::support::progress::Cancel;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

/// The kind of file that a package says it is.
const SPREADSHEET: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

/// How the kinds of all documents of the family begin.
const DOCUMENT: &[u8] = b"application/vnd.oasis.opendocument.";

/// The most tables of a workbook, and the most of its styles that are heeded.
const MOST: usize = 1 << 16;

/// The most cells of a sheet that come of repeating others.
const MOST_REPEATED: u64 = if cfg!(test) { 2_000_000 } else { 20_000_000 };

/// Elements with texts that stand in no cell.
const OUTSIDE: Texts = Texts {
    label: "(comments and text boxes)",
    within: &["annotation", "text-box", "custom-shape"],
    whole: &["annotation", "text-box", "custom-shape"],
    has_attributes: false,
    is_lenient: false,
};

/// Beginnings of the names of parts that hold no rows.
const NOTHING: [&str; 16] = [
    "mimetype",
    "meta-inf/",
    "meta.xml",
    "styles.xml",
    "settings.xml",
    "manifest.rdf",
    "layout-cache",
    "thumbnails/",
    "pictures/",
    "media/",
    "configurations2/",
    "basic/",
    "scripts/",
    "dialogs/",
    "objectreplacements/",
    "__macosx/",
];

/// What a table of the workbook is made of.
enum Content {
    /// The table of a number in a part.
    Table(usize, usize),
    Texts(usize),
    /// Texts that were found when the workbook was opened.
    Outside(Vec<String>),
}

/// An opened workbook.
pub(super) struct OdsBook {
    package: Package,
    tables: Vec<Table>,
    contents: Vec<Content>,
}

/// What a part holds.
#[derive(Default)]
struct Listing {
    /// The names of the tables, and whether they are hidden.
    tables: Vec<(String, bool)>,
    has_changes: bool,
    has_texts: bool,
}

/// Whether a package says that it is such a workbook.
pub(super) fn is_spreadsheet(package: &Package, cancel: &Cancel) -> bool {
    kind(package, cancel).trim_ascii().starts_with(SPREADSHEET)
}

/// Whether a package says that it is a document of the family.
pub(super) fn is_document(package: &Package, cancel: &Cancel) -> bool {
    kind(package, cancel).trim_ascii().starts_with(DOCUMENT)
}

fn kind(package: &Package, cancel: &Cancel) -> Vec<u8> {
    package.find("mimetype").and_then(|part| package.content(part, 1 << 10, cancel).ok()).unwrap_or_default()
}

impl OdsBook {
    /// Opens the workbook that a package holds. Problems are what is known to stay unread.
    pub(super) fn open(
        package: Package,
        source: &str,
        options: &Options,
        cancel: &Cancel,
    ) -> Result<(OdsBook, Vec<Problem>), Halt> {
        let manifest = package.find("META-INF/manifest.xml");
        if package.parts.iter().any(|part| part.is_encrypted)
            || manifest.map_or(Ok(false), |part| is_encrypted(&package, part, cancel))?
        {
            return Err(Halt::unsupported("the workbook is encrypted; save a copy without its password"));
        }
        let content = package.find("content.xml").ok_or_else(|| Halt::failed("the workbook's content is missing in the file"))?;
        let mut book = OdsBook { package, tables: Vec::new(), contents: Vec::new() };
        let mut problems = Vec::new();
        let mut unsupported = |detail: &str| problems.push(Problem::of_source(ProblemCode::Unsupported, source, detail));
        let mut others = 0_u64;
        let listing = book.package.with_xml(content, cancel, list)?;
        book.add(content, "", &listing);
        if listing.has_changes {
            unsupported(
                "the workbook keeps what was changed and deleted in it, which is not read; accept all changes and save it",
            );
        }
        let (mut objects, mut outside) = (0_u64, Outside::new(options));
        book.look(&mut outside, cancel)?;
        for index in 0..book.package.parts.len() {
            let name = book.package.parts[index].name.clone();
            let lower = name.to_lowercase();
            if index == content || name.ends_with('/') || NOTHING.iter().any(|known| lower.starts_with(known)) {
                continue;
            }
            match lower.split_once('/') {
                Some((folder, "content.xml")) if folder.starts_with("object ") => {
                    let listing = book.package.with_xml(index, cancel, list)?;
                    objects += u64::from(listing.tables.is_empty() || listing.has_changes);
                    book.add(index, name.split('/').next().unwrap_or_default(), &listing);
                }
                Some((folder, file)) if folder.starts_with("object ") => {
                    let is_known = matches!(file, "styles.xml" | "meta.xml" | "settings.xml") || file.starts_with("pictures/");
                    objects += u64::from(!is_known);
                }
                None if lower.starts_with("object ") => objects += 1,
                _ if lower.starts_with("versions/") || lower == "versionlist.xml" => {
                    unsupported("the workbook keeps earlier versions of itself, which are not read; save a copy without them");
                }
                _ => others += 1,
            }
        }
        if book.package.has_hidden_parts {
            unsupported("several parts of the file bear one name; only one of them is read");
        }
        if outside.left_out > 0 {
            unsupported(TOO_MANY);
        }
        for (count, words) in [(objects, "embedded objects"), (others, "parts of an unknown kind")] {
            if count > 0 {
                unsupported(&format!("the workbook holds {words} ({count}), which this version does not read"));
            }
        }
        if book.package.has_other_bytes {
            problems.push(Problem::of_source(ProblemCode::UnknownFormat, source, OTHER_BYTES));
        }
        for (table, texts) in outside.tables() {
            book.tables.push(table);
            book.contents.push(Content::Outside(texts));
        }
        Ok((book, problems))
    }

    /// Looks for texts that no cell shows.
    fn look(&self, outside: &mut Outside, cancel: &Cancel) -> Result<(), Halt> {
        for index in 0..self.package.parts.len() {
            let name = self.package.parts[index].name.to_lowercase();
            let file = name.strip_prefix("object ").and_then(|rest| rest.split_once('/')).map_or(name.as_str(), |(_, file)| file);
            let look = match file {
                "content.xml" => Look::Tables,
                "meta.xml" | "styles.xml" => Look::All,
                _ => continue,
            };
            self.package.with_xml(index, cancel, |xml| outside.part(xml, look))?;
        }
        Ok(())
    }

    /// Adds what a part holds.
    fn add(&mut self, part: usize, folder: &str, listing: &Listing) {
        let bytes = Some(self.package.parts[part].bytes);
        for (number, (name, is_hidden)) in listing.tables.iter().enumerate() {
            let hidden = is_hidden.then(|| ("sheet".to_owned(), "hidden".to_owned()));
            let within = (!folder.is_empty()).then(|| ("sheet".to_owned(), "the table of an embedded object".to_owned()));
            let name = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            self.tables.push(Table { name, details: hidden.into_iter().chain(within).collect(), names: None, bytes });
            self.contents.push(Content::Table(part, number));
        }
        if listing.has_texts {
            let name = if folder.is_empty() { OUTSIDE.label.to_owned() } else { format!("{folder}/{}", OUTSIDE.label) };
            self.tables.push(Table { name, details: Vec::new(), names: Some(vec!["text".to_owned()]), bytes });
            self.contents.push(Content::Texts(part));
        }
    }
}

impl Book for OdsBook {
    fn format(&self) -> &'static str {
        "ods"
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn walk(&self, table: usize, visit: &mut dyn Visit, cancel: &Cancel) -> Result<(), Halt> {
        match &self.contents[table] {
            Content::Table(part, number) => self.package.with_xml(*part, cancel, |xml| walk(xml, *number, visit, None)),
            Content::Texts(part) => self.package.with_xml(*part, cancel, |xml| texts::walk(xml, &OUTSIDE, &mut 0, visit)),
            Content::Outside(texts) => show(texts, visit),
        }
    }

    fn regions(&self, table: usize, cancel: &Cancel) -> Result<Regions, Halt> {
        let Content::Table(part, number) = self.contents[table] else { return Ok(Regions::default()) };
        if !self.package.with_part(part, cancel, |part| holds(part, b"-spanned=", cancel))? {
            return Ok(Regions::default());
        }
        let mut regions = Regions::default();
        self.package.with_xml(part, cancel, |xml| walk(xml, number, &mut Nobody, Some(&mut regions)))?;
        Ok(regions.sorted())
    }
}

/// Looks at no cell.
struct Nobody;

impl Visit for Nobody {
    fn row(&mut self, _number: u32) -> Result<(), Halt> {
        Ok(())
    }

    fn cell(&mut self, _column: u32, _value: super::table::Value<'_>) -> Result<(), Halt> {
        Ok(())
    }

    fn repeat(&mut self, _times: u32) -> Result<(), Halt> {
        Ok(())
    }
}

/// Whether bytes occur in a part.
fn holds(part: &mut impl Read, wanted: &[u8], cancel: &Cancel) -> Result<bool, Halt> {
    let (mut buffer, mut kept) = (vec![0; 256 << 10], 0);
    loop {
        let count = part.read(&mut buffer[kept..]).map_err(|error| Halt::of_io(&error, cancel))?;
        let filled = kept + count;
        if memchr::memmem::find(&buffer[..filled], wanted).is_some() {
            return Ok(true);
        }
        if count == 0 {
            return Ok(false);
        }
        kept = filled.min(wanted.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

/// Whether parts of the package are encrypted.
fn is_encrypted(package: &Package, manifest: usize, cancel: &Cancel) -> Result<bool, Halt> {
    package.with_xml(manifest, cancel, |xml| {
        loop {
            match xml.next()? {
                Event::Start(element) | Event::Empty(element) if local(element.name().as_ref()) == "encryption-data" => {
                    return Ok(true);
                }
                Event::Eof => return Ok(false),
                _ => {}
            }
        }
    })
}

/// Elements with texts and tables of their own, which are no part of the cell or table in which they stand.
fn is_apart(name: &str) -> bool {
    matches!(
        name,
        "annotation" | "shapes" | "frame" | "custom-shape" | "g" | "control" | "forms" | "tracked-changes" | "ruby-text"
    )
}

/// What a part holds.
fn list(xml: &mut Xml<'_, '_>) -> Result<Listing, Halt> {
    let (mut listing, mut hidden, mut style) = (Listing::default(), HashSet::new(), String::new());
    let mut apart = 0_u32;
    loop {
        let event = xml.next()?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name();
                let name = local(name.as_ref());
                listing.has_changes |= name == "tracked-changes";
                listing.has_texts |= OUTSIDE.within.contains(&name);
                apart += u32::from(is_start && is_apart(name));
                let text = |name| attribute(&element, name).map(Cow::into_owned).unwrap_or_default();
                match name {
                    "style" => style = text("name"),
                    "table-properties" if hidden.len() < MOST && text("display") == "false" => {
                        hidden.insert(style.clone());
                    }
                    "table" if apart == 0 && is_start => {
                        if listing.tables.len() >= MOST {
                            return Err(Halt::unsupported("the workbook has too many sheets"));
                        }
                        listing.tables.push((text("name"), hidden.contains(&text("style-name"))));
                    }
                    _ => {}
                }
            }
            Event::End(element) => apart -= u32::from(apart > 0 && is_apart(local(element.name().as_ref()))),
            Event::Eof => return Ok(listing),
            _ => {}
        }
    }
}

/// How often an element stands for itself.
fn times(element: &BytesStart<'_>, name: &str) -> u32 {
    attribute(element, name).and_then(|times| times.parse().ok()).unwrap_or(1).max(1)
}

/// Shows the cells of the table of a number, or notes its merged regions.
fn walk(xml: &mut Xml<'_, '_>, wanted: usize, visit: &mut dyn Visit, mut regions: Option<&mut Regions>) -> Result<(), Halt> {
    let (mut tables, mut depth) = (0, 0_u32);
    let (mut row, mut rows, mut column, mut is_filled) = (0_u32, 1_u32, 0_u32, false);
    let (mut cell, mut filled, mut repeats) = (Cell::default(), 0_u32, MOST_REPEATED);
    loop {
        let event = xml.next()?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name();
                let name = local(name.as_ref());
                if is_start && is_apart(name) {
                    xml.skip()?;
                    continue;
                }
                if name == "table" && is_start {
                    tables += 1;
                    if depth > 0 {
                        // A table within a cell is a table of its own in the list.
                        xml.skip()?;
                    } else if tables == wanted + 1 {
                        depth = 1;
                    } else {
                        tables += skip_table(xml)?;
                        if tables > wanted {
                            return Err(Halt::unsupported("a table lies within another"));
                        }
                    }
                    continue;
                }
                if depth == 0 {
                    continue;
                }
                match name {
                    "table-row" => {
                        rows = times(&element, "number-rows-repeated");
                        (column, is_filled, filled) = (0, false, 0);
                        if is_start {
                            visit.row(row.saturating_add(1))?;
                        } else {
                            row = row.saturating_add(rows);
                        }
                    }
                    "table-cell" | "covered-table-cell" => {
                        cell.begin(&element, times(&element, "number-columns-repeated"));
                        if let Some(regions) = regions.as_deref_mut() {
                            let (down, across) =
                                (times(&element, "number-rows-spanned"), times(&element, "number-columns-spanned"));
                            if down > 1 || across > 1 {
                                regions.push(Some(Region {
                                    first_row: row.saturating_add(1),
                                    last_row: row.saturating_add(down),
                                    first_column: column,
                                    last_column: column.saturating_add(across - 1),
                                }));
                            }
                        }
                        if !is_start {
                            let count = finish(&mut cell, &mut column, row, &mut repeats, visit)?;
                            filled = filled.saturating_add(count);
                            is_filled |= count > 0;
                        }
                    }
                    _ => cell.element(name, &element, is_start),
                }
            }
            Event::End(element) => match local(element.name().as_ref()) {
                "table" if depth > 0 => return Ok(()),
                "table-row" if depth > 0 => {
                    if is_filled && rows > 1 {
                        let most = MOST_ROWS.saturating_sub(row);
                        let allowed = u32::try_from(repeats / u64::from(filled.max(1))).unwrap_or(u32::MAX);
                        let wanted = rows.min(most).saturating_sub(1);
                        visit.repeat(wanted.min(allowed))?;
                        repeats = repeats.saturating_sub(u64::from(wanted) * u64::from(filled.max(1)));
                        if wanted > allowed {
                            return Err(beyond());
                        }
                        if rows > most {
                            return Err(Halt::failed("a row is repeated beyond the last one that a sheet may have"));
                        }
                    }
                    row = row.saturating_add(rows);
                }
                "table-cell" | "covered-table-cell" if depth > 0 => {
                    let count = finish(&mut cell, &mut column, row, &mut repeats, visit)?;
                    filled = filled.saturating_add(count);
                    is_filled |= count > 0;
                }
                name if depth > 0 => cell.end(name),
                _ => {}
            },
            // The table's own end was not reached.
            Event::Eof => return Err(Halt::failed("a sheet that was listed cannot be found again")),
            event if depth > 0 => cell.text(&event)?,
            _ => {}
        }
    }
}

/// Passes over a table, and says how many others lie in it.
fn skip_table(xml: &mut Xml<'_, '_>) -> Result<usize, Halt> {
    let (mut open, mut inner) = (1, 0);
    while open > 0 {
        let skipped = match xml.next()? {
            Event::Start(element) => {
                let name = element.name();
                let is_table = local(name.as_ref()) == "table";
                open += u32::from(is_table);
                inner += usize::from(is_table);
                is_apart(local(name.as_ref()))
            }
            Event::End(element) => {
                open -= u32::from(local(element.name().as_ref()) == "table");
                false
            }
            Event::Eof => return Ok(inner),
            _ => false,
        };
        if skipped {
            xml.skip()?;
        }
    }
    Ok(inner)
}

/// Shows a cell that is complete as often as it is repeated, and says how many cells that made. Those that hold nothing make none.
fn finish(cell: &mut Cell, column: &mut u32, row: u32, repeats: &mut u64, visit: &mut dyn Visit) -> Result<u32, Halt> {
    let (first, times) = (*column, cell.times);
    *column = column.saturating_add(times);
    let Some(value) = cell.value() else { return Ok(0) };
    if *column > MOST_COLUMNS || row >= MOST_ROWS {
        return Err(Halt::failed("a cell lies beyond the last column or row that a sheet may have"));
    }
    *repeats = repeats.checked_sub(u64::from(times - 1)).ok_or_else(beyond)?;
    for place in first..*column {
        visit.cell(place, value)?;
    }
    Ok(times)
}

/// The fault of cells that are repeated without end.
fn beyond() -> Halt {
    Halt::Fault(ProblemCode::BeyondLimit, format!("a sheet repeats cells more than {} million times", MOST_REPEATED / 1_000_000))
}
