//! Workbooks of Excel and `OpenDocument`, each of their sheets a table, hidden ones too, and with them every other copy of rows inside.
//!
//! Cells are read one after another, never a sheet at once: two cells at the far corners of a sheet may stand in a file of 5 KB. What a
//! workbook holds besides and is not read is a problem, by a list of what is known to hold no rows.

mod biff;
mod cfb;
mod layout;
mod number;
mod ods;
mod ods_cell;
mod outside;
mod package;
mod parts;
mod pivot;
mod relations;
mod rows;
mod sheet_xml;
mod strings;
mod table;
#[cfg(test)]
mod tests;
mod texts;
mod xls;
mod xls_sheet;
mod xlsb;
mod xlsx;
mod xml;

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
use cfb::Compound;
use layout::Layout;
use layout::Sample;
use ods::OdsBook;
use package::Package;
use rows::Rows;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use table::Book;
use table::Halt;
use table::Regions;
use table::Table;
use xls::XlsBook;
use xlsx::XlsxBook;

/// What a file is, as far as offices go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Office {
    Workbook,
    /// A document that is no table, in words for people.
    Other(&'static str),
    /// Nothing of that kind.
    No,
}

/// How a zip archive begins.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Bytes by which a file is judged first.
const HEAD: usize = 32;

/// Parts by which a zip archive is known as another document.
const OTHERS: [(&str, &str); 4] = [
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("visio/document.xml", "a Visio drawing"),
    ("index/document.iwa", "a document of Numbers, Pages or Keynote"),
];

/// Tells by its content whether a file is a workbook.
pub(super) fn office(file: &Arc<OpenedFile>, cancel: &Cancel) -> Office {
    let Ok(head) = file.head(HEAD) else { return Office::No };
    if head.starts_with(ZIP_MAGIC) {
        return Package::open(file).map_or(Office::No, |package| office_of(&package, cancel));
    }
    if head.starts_with(cfb::MAGIC) {
        // A damaged one is told so when it is opened.
        let other = Compound::open(file).map_or(None, |compound| xls::other(&compound));
        return other.map_or(Office::Workbook, Office::Other);
    }
    let is_access = [&b"Standard Jet DB"[..], b"Standard ACE DB"].iter().any(|name| head[head.len().min(4)..].starts_with(name));
    if is_access { Office::Other("a database of Access") } else { Office::No }
}

fn office_of(package: &Package, cancel: &Cancel) -> Office {
    if package.find("[Content_Types].xml").is_some() && xlsx::workbook_part(package, cancel).is_some() {
        return Office::Workbook;
    }
    if ods::is_spreadsheet(package, cancel) {
        return Office::Workbook;
    }
    if ods::is_document(package, cancel) {
        return Office::Other("a text, presentation or drawing of OpenDocument");
    }
    let other = OTHERS.iter().find(|(part, _)| package.find(part).is_some());
    other.map_or(Office::No, |(_, words)| Office::Other(words))
}

/// Opens a workbook.
pub(super) fn open(file: Arc<OpenedFile>, options: &Options, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let source = file.name().to_owned();
    let refused = |halt: Halt| match halt.problem(&source) {
        Ok(problem) => problem,
        Err(_) => Problem::of_source(ProblemCode::Unreadable, &source, "interrupted"),
    };
    let (book, problems) = book(&file, options, cancel).map_err(refused)?;
    WorkbookSession::new(file, book, problems, options, cancel).map(|session| Box::new(session) as Box<dyn Session>)
}

/// The workbook by its format, and what of it is known to stay unread.
fn book(file: &Arc<OpenedFile>, options: &Options, cancel: &Cancel) -> Result<(Box<dyn Book>, Vec<Problem>), Halt> {
    let head = file.head(HEAD).map_err(|error| Halt::of_io(&error, cancel))?;
    if head.starts_with(cfb::MAGIC) {
        let (book, problems) = XlsBook::open(&Compound::open(file)?, file.name(), options, cancel)?;
        return Ok((Box::new(book), problems));
    }
    let package = Package::open(file).ok_or_else(|| Halt::failed("the list of the file's parts is damaged"))?;
    if ods::is_spreadsheet(&package, cancel) {
        let (book, problems) = OdsBook::open(package, file.name(), options, cancel)?;
        return Ok((Box::new(book), problems));
    }
    let (book, problems) = XlsxBook::open(package, file.name(), options, cancel)?;
    Ok((Box::new(book), problems))
}

/// An opened workbook.
struct WorkbookSession {
    file: Arc<OpenedFile>,
    identity: Identity,
    inventory: Inventory,
    book: Box<dyn Book>,
    options: Options,
    /// For each object its table in the workbook, and how its cells make rows.
    tables: Vec<(usize, Layout)>,
    /// The merged regions of the object that was read last.
    regions: Mutex<Option<(usize, Arc<Regions>)>>,
    /// Objects of which is known that they have none.
    unmerged: Vec<AtomicBool>,
}

impl WorkbookSession {
    fn new(
        file: Arc<OpenedFile>,
        book: Box<dyn Book>,
        problems: Vec<Problem>,
        options: &Options,
        cancel: &Cancel,
    ) -> Result<Self, Problem> {
        let mut facts = file.facts();
        facts.push(("format".to_owned(), book.format().to_owned()));
        let identity = Identity { kind: "workbook".into(), name: file.name().to_owned(), facts };
        let mut inventory = Inventory { problems, ..Inventory::default() };
        let stated = options.text_of(file.name()).header;
        let mut tables = Vec::new();
        for (place, table) in book.tables().iter().enumerate() {
            let mut sample = Sample::default();
            let halt = match book.walk(place, &mut sample, cancel) {
                Ok(()) | Err(Halt::Enough) => None,
                Err(halt) => Some(halt),
            };
            let holds_nothing = halt.is_none() && sample.is_empty();
            match (Layout::judge(&sample, table, stated, options).filter(|_| !holds_nothing), halt) {
                // What is wrong with it comes up again when it is read.
                (Some(layout), _) => {
                    let object = object(table, &layout);
                    inventory.problems.extend(doubts(file.name(), &object.name, &layout));
                    inventory.objects.push(object);
                    tables.push((place, layout));
                }
                (None, Some(halt)) => match halt.problem(file.name()) {
                    Ok(problem) => inventory.problems.push(problem.in_object(&table.name)),
                    Err(_) => return Err(Problem::of_source(ProblemCode::Unreadable, file.name(), "interrupted")),
                },
                // A sheet or a list of texts that is empty holds nothing that could be missed.
                (None, None) => {}
            }
        }
        book.rest();
        if inventory.objects.is_empty() && inventory.problems.is_empty() {
            return Err(Problem::of_source(ProblemCode::Empty, file.name(), "the workbook holds no row"));
        }
        let unmerged = tables.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Self { file, identity, inventory, book, options: options.clone(), tables, regions: Mutex::new(None), unmerged })
    }

    /// The merged regions of an object.
    fn regions(&self, object: usize, cancel: &Cancel) -> Result<Arc<Regions>, Halt> {
        if self.unmerged[object].load(Ordering::Relaxed) {
            return Ok(Arc::default());
        }
        let kept = || self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, regions)) = kept().as_ref().filter(|(known, _)| *known == object) {
            return Ok(Arc::clone(regions));
        }
        let regions = Arc::new(self.book.regions(self.tables[object].0, cancel)?);
        if regions.all.is_empty() && regions.left_out == 0 {
            self.unmerged[object].store(true, Ordering::Relaxed);
        } else {
            *kept() = Some((object, Arc::clone(&regions)));
        }
        Ok(regions)
    }
}

/// A table as an object of the inventory.
fn object(table: &Table, layout: &Layout) -> Object {
    let column = |name: &String| Column { name: name.clone(), declared_type: None, access: Access::Readable };
    let mut details = table.details.clone();
    if table.names.is_none() {
        details.push(("header".to_owned(), layout.header.as_str().to_owned()));
        if let Some(number) = layout.header_number {
            details.push(("header row".to_owned(), number.to_string()));
        }
    }
    Object {
        name: table.name.clone(),
        kind: ObjectKind::Table,
        columns: layout.names.iter().map(column).collect(),
        primary_key: Vec::new(),
        rows_expected: None,
        rows_estimated: None,
        bytes: table.bytes,
        access: Access::Readable,
        details,
    }
}

/// What the first rows of a table show to be doubtful.
fn doubts(source: &str, object: &str, layout: &Layout) -> Vec<Problem> {
    let problem = |code, detail: &str| Problem::of_source(code, source, detail).in_object(object);
    let mut problems = Vec::new();
    if let Some(doubt) = layout.header.doubt() {
        problems.push(problem(ProblemCode::DoubtfulHeader, doubt));
    }
    for name in &layout.duplicates {
        let detail = "several columns bear this name; the later ones were numbered";
        problems.push(problem(ProblemCode::DuplicateColumn, detail).in_column(name));
    }
    problems
}

impl Session for WorkbookSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        self.file.consistency()
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, _wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        if object < self.tables.len() {
            Ok(vec![Split { object, index: 0, extent: Extent::Whole }])
        } else {
            Err(ReadError::UnknownSplit)
        }
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let (Some((table, layout)), Extent::Whole) = (self.tables.get(split.object), &split.extent) else {
            return Err(ReadError::UnknownSplit);
        };
        let (source, object) = (self.file.name(), &self.inventory.objects[split.object]);
        let regions = self.regions(split.object, cancel);
        let (regions, fault) = match regions {
            Ok(regions) => (regions, None),
            // The rows before it can be read all the same.
            Err(halt) => (Arc::default(), Some(halt.problem(source)?.in_object(&object.name))),
        };
        let mut rows = Rows::new(layout, &regions.all, &self.options, sink, cancel);
        let halt = self.book.walk(*table, &mut rows, cancel).err();
        let mut report = rows.finish(halt, source, &object.name)?;
        if regions.left_out > 0 {
            let detail = "merged cells are too many, or none that can be told; they were read as they stand";
            let problem = Problem::of_source(ProblemCode::ReadFailed, source, detail).in_object(&object.name);
            report.problems.push(problem.counted(regions.left_out));
        }
        let is_known = |fault: &Problem| report.problems.contains(fault);
        report.problems.extend(fault.filter(|fault| !is_known(fault)));
        report.bytes = object.bytes.unwrap_or(report.bytes);
        Ok(report)
    }

    fn rest(&self) {
        self.book.rest();
        *self.regions.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn recheck(&self) -> Vec<Problem> {
        self.file.recheck().into_iter().collect()
    }

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }

    fn standing(&self) -> Option<String> {
        self.file.standing()
    }
}
