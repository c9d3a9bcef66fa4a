//! Workbooks of Excel in XML (`.xlsx`, `.xlsm`), and what both their kinds have in common with binary ones (`.xlsb`): the parts.

use super::number::Format;
use super::outside::Outside;
use super::outside::TOO_MANY;
use super::outside::show;
use super::package::OTHER_BYTES;
use super::package::Package;
use super::parts;
use super::parts::Sort;
use super::parts::Texts;
use super::pivot::Definition;
use super::relations::Relation;
use super::relations::relations;
use super::sheet_xml;
use super::sheet_xml::Shared;
use super::strings::Strings;
use super::table::Book;
use super::table::Halt;
use super::table::Regions;
use super::table::Table;
use super::table::Visit;
use super::texts;
use super::xml::Xml;
use super::xml::attribute;
use super::xml::local;
use super::xml::push_text;
use crate::source::Options;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::batch::LONGEST_ROW;
use crate::support::progress::Cancel;
use quick_xml::events::Event;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The most sheets of a workbook, and the most of its styles.
const MOST: usize = 1 << 16;

/// What a table of the workbook is made of.
enum Content {
    Sheet(usize),
    External(usize),
    Pivot {
        definition: usize,
        records: Option<usize>,
    },
    Texts(Texts, Vec<usize>),
    /// Texts that were found when the workbook was opened.
    Outside(Vec<String>),
}

/// An opened workbook.
pub(super) struct XlsxBook {
    package: Package,
    tables: Vec<Table>,
    contents: Vec<Content>,
    is_1904: bool,
    formats: Vec<Format>,
    /// The part with the texts that cells share.
    strings_part: Option<usize>,
    /// Those texts, while they are needed.
    strings: Mutex<Option<Arc<Strings>>>,
    is_binary: bool,
}

/// What the workbook's own part says.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) is_1904: bool,
    pub(super) sheets: Vec<ListedSheet>,
}

/// A sheet as the workbook lists it.
#[derive(Default)]
pub(super) struct ListedSheet {
    pub(super) name: String,
    /// `visible`, `hidden` or `veryHidden`.
    pub(super) state: String,
    /// By which its part is found.
    pub(super) relation: String,
}

/// The part that is the workbook itself, by the package's references or its usual name.
pub(super) fn workbook_part(package: &Package, cancel: &Cancel) -> Option<usize> {
    let stated = relations(package, "", cancel).unwrap_or_default();
    let stated =
        stated.iter().find(|relation| relation.kind == "officeDocument").and_then(|relation| package.find(&relation.target));
    let is_workbook = |index: &usize| {
        let name = package.parts[*index].name.to_lowercase();
        name.rsplit('/').next().is_some_and(|file| file.starts_with("workbook"))
    };
    stated.filter(is_workbook).or_else(|| package.find("xl/workbook.xml")).or_else(|| package.find("xl/workbook.bin"))
}

impl XlsxBook {
    /// Opens the workbook that a package holds. Problems are what is known to stay unread.
    pub(super) fn open(
        package: Package,
        source: &str,
        options: &Options,
        cancel: &Cancel,
    ) -> Result<(XlsxBook, Vec<Problem>), Halt> {
        let missing = || Halt::unsupported("the archive holds no workbook");
        let workbook = workbook_part(&package, cancel).ok_or_else(missing)?;
        let name = package.parts[workbook].name.clone();
        let is_binary = name.to_lowercase().ends_with(".bin");
        let relations = relations(&package, &name, cancel)?;
        let outline = if is_binary {
            super::xlsb::outline(&package, workbook, cancel)?
        } else {
            package.with_xml(workbook, cancel, outline)?
        };
        let named = |kind: &str| {
            let related = relations.iter().find(|relation| relation.kind == kind);
            related.and_then(|relation| package.find(&relation.target))
        };
        let formats = match named("styles") {
            Some(part) if is_binary => super::xlsb::formats(&package, part, cancel)?,
            Some(part) => package.with_xml(part, cancel, formats)?,
            None => Vec::new(),
        };
        let strings_part = named("sharedStrings");
        let mut book = XlsxBook {
            tables: Vec::new(),
            contents: Vec::new(),
            is_1904: outline.is_1904,
            formats,
            strings_part,
            strings: Mutex::new(None),
            is_binary,
            package,
        };
        let mut problems = Vec::new();
        let mut problem = |code, detail: String| problems.push(Problem::of_source(code, source, detail));
        if book.package.has_hidden_parts {
            problem(ProblemCode::Unsupported, "several parts of the file bear one name; only one of them is read".to_owned());
        }
        if book.package.has_other_bytes {
            problem(ProblemCode::UnknownFormat, OTHER_BYTES.to_owned());
        }
        let listed = book.add_listed(&outline.sheets, &relations, &mut problem);
        book.add_unlisted(&listed, &name, &mut problem, cancel)?;
        book.add_outside(&name, options, &mut problem, cancel)?;
        Ok((book, problems))
    }

    /// Adds the sheets that the workbook lists, and says which parts they are.
    fn add_listed(
        &mut self,
        sheets: &[ListedSheet],
        relations: &[Relation],
        problem: &mut dyn FnMut(ProblemCode, String),
    ) -> Vec<usize> {
        let targets: HashMap<&str, &Relation> = relations.iter().map(|relation| (relation.id.as_str(), relation)).collect();
        let mut listed = Vec::new();
        for sheet in sheets {
            let target = targets.get(sheet.relation.as_str());
            if target.is_some_and(|target| target.kind == "chartsheet") {
                continue;
            }
            let Some(part) = target.and_then(|target| self.package.find(&target.target)) else {
                problem(ProblemCode::ReadFailed, format!("the sheet `{}` is listed, but missing in the file", sheet.name));
                continue;
            };
            listed.push(part);
            let mut details = Vec::new();
            match sheet.state.as_str() {
                "" | "visible" => {}
                _ => details.push(("sheet".to_owned(), "hidden".to_owned())),
            }
            let bytes = Some(self.package.parts[part].bytes);
            self.add(Table { name: sheet.name.clone(), details, names: None, bytes }, Content::Sheet(part));
        }
        listed
    }

    /// Adds what other parts of the package hold.
    fn add_unlisted(
        &mut self,
        listed: &[usize],
        workbook: &str,
        problem: &mut dyn FnMut(ProblemCode, String),
        cancel: &Cancel,
    ) -> Result<(), Halt> {
        let folder = workbook.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let mut unread: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut texts: BTreeMap<&'static str, (Texts, Vec<usize>)> = BTreeMap::new();
        let mut records = Vec::new();
        let mut encrypted = 0_u64;
        for index in 0..self.package.parts.len() {
            let part = self.package.parts[index].clone();
            encrypted += u64::from(part.is_encrypted);
            if Some(index) == self.strings_part || part.name == workbook {
                continue;
            }
            match parts::sort(&part.name, &folder) {
                Sort::Sheet if !listed.contains(&index) => {
                    let details = vec![("sheet".to_owned(), "not listed in the workbook".to_owned())];
                    self.add(Table { name: part.name, details, names: None, bytes: Some(part.bytes) }, Content::Sheet(index));
                }
                Sort::External => {
                    let details = vec![("sheet".to_owned(), "copies of cells of another workbook".to_owned())];
                    self.add(Table { name: part.name, details, names: None, bytes: Some(part.bytes) }, Content::External(index));
                }
                Sort::PivotCache if part.name.to_lowercase().contains("definition") => {
                    let related = relations(&self.package, &part.name, cancel)?;
                    let related = related.iter().find(|relation| relation.kind == "pivotCacheRecords");
                    let found = related.and_then(|relation| self.package.find(&relation.target));
                    records.extend(found);
                    let names = match Definition::read(&self.package, index, cancel) {
                        Ok(definition) => definition.names,
                        Err(Halt::Fault(code, detail)) => {
                            problem(code, format!("copies of rows for pivot tables cannot be read: {detail}"));
                            continue;
                        }
                        Err(halt) => return Err(halt),
                    };
                    let details = vec![("sheet".to_owned(), "copies of rows for pivot tables".to_owned())];
                    let table = Table { name: part.name, details, names: Some(names), bytes: Some(part.bytes) };
                    self.add(table, Content::Pivot { definition: index, records: found });
                }
                Sort::Texts(sort) => texts.entry(sort.label).or_insert((sort, Vec::new())).1.push(index),
                Sort::Unread(words) => *unread.entry(words).or_default() += 1,
                Sort::Sheet | Sort::PivotCache | Sort::Nothing => {}
            }
        }
        for index in 0..self.package.parts.len() {
            let name = &self.package.parts[index].name;
            if parts::sort(name, &folder) == Sort::PivotCache
                && name.to_lowercase().contains("records")
                && !records.contains(&index)
            {
                *unread.entry("copies of rows for pivot tables").or_default() += 1;
            }
        }
        for (label, (sort, parts)) in texts {
            let bytes = parts.iter().map(|part| self.package.parts[*part].bytes).sum();
            let names = Some(vec!["text".to_owned()]);
            self.add(
                Table { name: label.to_owned(), details: Vec::new(), names, bytes: Some(bytes) },
                Content::Texts(sort, parts),
            );
        }
        for (words, count) in unread {
            let parts = if count == 1 { "part".to_owned() } else { format!("{count} parts") };
            problem(ProblemCode::Unsupported, format!("the workbook holds {words} ({parts}), which this version does not read"));
        }
        if encrypted > 0 {
            problem(ProblemCode::Unsupported, "parts of the workbook are encrypted; save a copy without a password".to_owned());
        }
        Ok(())
    }

    /// Adds the texts that no cell shows, of all parts.
    fn add_outside(
        &mut self,
        workbook: &str,
        options: &Options,
        problem: &mut dyn FnMut(ProblemCode, String),
        cancel: &Cancel,
    ) -> Result<(), Halt> {
        let folder = workbook.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let (mut outside, mut has_unseen, mut damaged) = (Outside::new(options), self.is_binary, 0_u64);
        for index in 0..self.package.parts.len() {
            let name = self.package.parts[index].name.to_lowercase();
            let sort = parts::sort(&name, &folder);
            // Those that cells do not show are looked at below.
            if Some(index) == self.strings_part {
                continue;
            }
            let Some(look) = parts::look(&name, sort) else {
                has_unseen |= sort == Sort::Sheet;
                continue;
            };
            match self.package.with_xml(index, cancel, |xml| outside.part(xml, look)) {
                Ok(()) => {}
                // What is wrong with parts that hold rows comes up again when they are read.
                Err(Halt::Fault(..)) if sort == Sort::Nothing => damaged += 1,
                Err(Halt::Fault(..)) => has_unseen = true,
                Err(halt) => return Err(halt),
            }
        }
        if !has_unseen && self.strings_part.is_some() {
            let strings = self.strings(cancel)?;
            let unused = (0..strings.len()).filter(|index| !outside.is_used(*index)).collect::<Vec<_>>();
            for text in unused.into_iter().filter_map(|index| strings.get(index)) {
                outside.text(text);
            }
        }
        for (table, texts) in outside.tables() {
            self.add(table, Content::Outside(texts));
        }
        if outside.left_out > 0 {
            problem(ProblemCode::Unsupported, TOO_MANY.to_owned());
        }
        if damaged > 0 {
            problem(ProblemCode::ReadFailed, format!("parts with settings and properties are damaged ({damaged})"));
        }
        Ok(())
    }

    fn add(&mut self, table: Table, content: Content) {
        if self.tables.len() < MOST {
            self.tables.push(table);
            self.contents.push(content);
        }
    }

    /// The texts that cells share, from an earlier read where they are still there.
    fn strings(&self, cancel: &Cancel) -> Result<Arc<Strings>, Halt> {
        let mut kept = self.strings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(strings) = kept.as_ref() {
            return Ok(Arc::clone(strings));
        }
        let mut strings = Strings::default();
        let read = match self.strings_part {
            None => Ok(()),
            Some(part) if self.is_binary => super::xlsb::strings(&self.package, part, &mut strings, cancel),
            Some(part) => self.package.with_xml(part, cancel, |xml| shared_strings(xml, &mut strings)),
        };
        match read {
            // Cells whose texts were not reached are counted where they stand, and so is the cause.
            Err(Halt::Fault(code, detail)) => strings.fault = Some((code, detail)),
            Err(halt) => return Err(halt),
            Ok(()) => {}
        }
        let strings = Arc::new(strings);
        *kept = Some(Arc::clone(&strings));
        Ok(strings)
    }
}

impl Book for XlsxBook {
    fn format(&self) -> &'static str {
        if self.is_binary { "xlsb" } else { "xlsx" }
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn walk(&self, table: usize, visit: &mut dyn Visit, cancel: &Cancel) -> Result<(), Halt> {
        match &self.contents[table] {
            Content::Sheet(part) => {
                let strings = self.strings(cancel)?;
                let shared = Shared { strings: &strings, formats: &self.formats, is_1904: self.is_1904 };
                let is_binary = self.package.parts[*part].name.to_lowercase().ends_with(".bin");
                if is_binary {
                    super::xlsb::walk(&self.package, *part, shared, visit, cancel)?;
                } else {
                    self.package.with_xml(*part, cancel, |xml| sheet_xml::walk(xml, shared, visit))?;
                }
                match &strings.fault {
                    Some((code, detail)) => Err(Halt::Fault(*code, format!("texts that the sheets share: {detail}"))),
                    None => Ok(()),
                }
            }
            Content::External(part) => {
                let shared = Shared { strings: &Strings::default(), formats: &[], is_1904: self.is_1904 };
                self.package.with_xml(*part, cancel, |xml| sheet_xml::walk(xml, shared, visit))
            }
            Content::Pivot { definition, records } => {
                let definition = Definition::read(&self.package, *definition, cancel)?;
                match records {
                    Some(part) => self.package.with_xml(*part, cancel, |xml| definition.walk(xml, visit)),
                    None => definition.walk_values(visit),
                }
            }
            Content::Texts(sort, parts) => {
                let mut row = 0;
                for part in parts {
                    self.package.with_xml(*part, cancel, |xml| texts::walk(xml, sort, &mut row, visit))?;
                }
                Ok(())
            }
            Content::Outside(texts) => show(texts, visit),
        }
    }

    fn regions(&self, table: usize, cancel: &Cancel) -> Result<Regions, Halt> {
        match self.contents[table] {
            Content::Sheet(part) if self.package.parts[part].name.to_lowercase().ends_with(".bin") => {
                super::xlsb::regions(&self.package, part, cancel)
            }
            Content::Sheet(part) => self.package.with_part(part, cancel, |part| sheet_xml::regions(part, cancel)),
            _ => Ok(Regions::default()),
        }
    }

    fn rest(&self) {
        *self.strings.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The workbook's own part.
fn outline(xml: &mut Xml<'_, '_>) -> Result<Outline, Halt> {
    let mut outline = Outline::default();
    loop {
        match xml.next()? {
            Event::Start(element) | Event::Empty(element) => match local(element.name().as_ref()) {
                "workbookPr" => {
                    outline.is_1904 = attribute(&element, "date1904").is_some_and(|value| value == "1" || value == "true");
                }
                "sheet" if outline.sheets.len() < MOST => {
                    let text = |name| attribute(&element, name).map(Cow::into_owned).unwrap_or_default();
                    outline.sheets.push(ListedSheet { name: text("name"), state: text("state"), relation: text("id") });
                }
                _ => {}
            },
            Event::Eof => return Ok(outline),
            _ => {}
        }
    }
}

/// What the number formats of the styles make of numbers, by the number of the style.
fn formats(xml: &mut Xml<'_, '_>) -> Result<Vec<Format>, Halt> {
    let (mut codes, mut formats, mut is_in_cells) = (HashMap::new(), Vec::new(), false);
    loop {
        match xml.next()? {
            Event::Start(element) | Event::Empty(element) => match local(element.name().as_ref()) {
                "numFmt" if codes.len() < MOST => {
                    let id: Option<u32> = attribute(&element, "numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, attribute(&element, "formatCode")) {
                        codes.insert(id, Format::of_code(&code));
                    }
                }
                "cellXfs" => is_in_cells = true,
                "cellStyleXfs" | "cellStyles" | "dxfs" => is_in_cells = false,
                "xf" if is_in_cells && formats.len() < MOST => {
                    let id = attribute(&element, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    formats.push(codes.get(&id).copied().unwrap_or_else(|| Format::built_in(id)));
                }
                _ => {}
            },
            Event::End(element) if local(element.name().as_ref()) == "cellXfs" => is_in_cells = false,
            Event::Eof => return Ok(formats),
            _ => {}
        }
    }
}

/// The texts that cells share.
fn shared_strings(xml: &mut Xml<'_, '_>, strings: &mut Strings) -> Result<(), Halt> {
    let (mut text, mut scratch) = (String::new(), String::new());
    let (mut is_in_item, mut is_in_text) = (false, false);
    loop {
        match xml.next()? {
            Event::Start(element) => match local(element.name().as_ref()) {
                "si" => {
                    text.clear();
                    is_in_item = true;
                }
                "t" => is_in_text = is_in_item,
                "rPh" => xml.skip()?,
                _ => {}
            },
            Event::Empty(element) if local(element.name().as_ref()) == "si" => strings.push("")?,
            Event::End(element) => match local(element.name().as_ref()) {
                "t" => is_in_text = false,
                "si" => {
                    is_in_item = false;
                    strings.push(sheet_xml::unescape(&text, &mut scratch))?;
                }
                _ => {}
            },
            Event::Eof => return Ok(()),
            event if is_in_text => {
                push_text(&mut text, &event)?;
                if text.len() > 2 * LONGEST_ROW {
                    return Err(Halt::unsupported("a text is longer than 32 MiB"));
                }
            }
            _ => {}
        }
    }
}
