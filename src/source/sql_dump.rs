//! Scripts of SQL with rows in them: dumps of `pg_dump`, `mysqldump` and `sqlite3`, scripts of SQL Server's tools, and whoever else writes
//! statements of `INSERT`.
//!
//! The script is gone through once when it is opened, without keeping it ([`index`]): that shows the tables, their columns and the parts of the
//! file in which their rows stand. Reading a table goes through these parts again ([`reader`]). Both follow the same way ([`script`]), so that
//! what the one counts the other reads. A script in an encoding whose quotes cannot be told in its bytes is read from a copy in UTF-8, and an
//! archive of `pg_dump` from what `pg_restore` makes of it ([`archive`]).

mod archive;
mod body;
mod coding;
mod copy;
mod define;
mod dialect;
mod fill;
mod index;
mod lexer;
mod literal;
mod passed;
mod reader;
mod row;
mod script;
mod table;
#[cfg(test)]
mod tests;
mod value;

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
use super::batch::Feed;
use super::csv::Encoding;
use super::file::OpenedFile;
use super::file::io_reason;
use crate::support::progress::Cancel;
pub(super) use archive::is_archive;
pub(super) use archive::open_archive;
pub(super) use archive::open_folder;
use coding::Coding;
use dialect::Dialect;
use dialect::EVIDENCE;
pub(super) use dialect::is_sql;
use index::Enter;
use index::Index;
use lexer::Lexer;
use reader::Reader;
use script::Script;
use script::State;
use std::collections::HashSet;
use table::Table;

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// The largest part of a file that is read on its own, in bytes, and below which parts cost more than they save.
const LARGEST_SPLIT: u64 = 8 << 20;
const SMALLEST_SPLIT: u64 = 256 << 10;

/// What a session read of the file, where that is not the file itself.
struct Copied {
    text: OpenedFile,
    /// What it is, for people.
    form: String,
    problems: Vec<Problem>,
}

/// An opened script.
pub(super) struct SqlSession {
    file: OpenedFile,
    copy: Option<OpenedFile>,
    identity: Identity,
    inventory: Inventory,
    index: Index,
    dialect: Dialect,
    /// The table of each object.
    tables: Vec<usize>,
    chunk: usize,
}

/// Opens a script.
pub(super) fn open(file: OpenedFile, options: &Options, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    SqlSession::open(file, None, options, cancel, (CHUNK, None)).map(|session| Box::new(session) as Box<dyn Session>)
}

/// How the script was gone through.
struct Passed {
    index: Index,
    problems: Vec<Problem>,
    /// Nothing in it was out of order.
    is_clean: bool,
}

impl SqlSession {
    /// Opens a script, or a copy of it. `sizes` are the bytes that are read at once and, where given, those of a part.
    fn open(
        file: OpenedFile,
        copied: Option<Copied>,
        options: &Options,
        cancel: &Cancel,
        sizes: (usize, Option<u64>),
    ) -> Result<Self, Problem> {
        let name = file.name().to_owned();
        let unreadable = |error: &std::io::Error| Problem::of_source(ProblemCode::Unreadable, &name, io_reason(error));
        let (mut copy, mut form, mut problems) = match copied {
            Some(copied) => (Some(copied.text), Some(copied.form), copied.problems),
            None => (None, None, Vec::new()),
        };
        let text = copy.as_ref().unwrap_or(&file);
        let head = text.head(EVIDENCE).map_err(|error| unreadable(&error))?;
        let stated = options.text_of(&name).encoding.filter(|_| copy.is_none());
        let encoding = Encoding::detect(text, &head, stated).map_err(|error| unreadable(&error))?;
        let found = encoding_rs::Encoding::for_label(encoding.name().as_bytes()).unwrap_or(encoding_rs::UTF_8);
        let (mut mark, mut is_fixed) = (encoding.mark(), encoding.is_stated() || encoding.mark() > 0);
        let mut coding = Coding { encoding: found, is_declared: is_fixed };
        let mut doubt = encoding.doubt();
        let mut words = found.name();
        let hidden = coding::hiding(&head, Dialect::tell(&head)).filter(|_| !is_fixed);
        if let Some(hidden) = hidden.or(Some(found).filter(|found| encoding.is_wide() || coding::hides_ascii(found))) {
            let mut copied = copy::in_utf8(text, hidden, mark, cancel)?;
            words = hidden.name();
            form.get_or_insert(copied.form);
            problems.append(&mut copied.problems);
            copy = Some(copied.text);
            (coding, mark, is_fixed, doubt) = (Coding::UTF_8, 0, true, None);
        }
        let text = copy.as_ref().unwrap_or(&file);
        let head = text.head(EVIDENCE).map_err(|error| unreadable(&error))?;
        let dialect = Dialect::tell(&head);
        let (chunk, step) = sizes;
        let step = step.unwrap_or_else(|| (text.size() / 64).clamp(SMALLEST_SPLIT, LARGEST_SPLIT));
        let pass = |escapes: bool, is_doubtful: bool| {
            let mut state = State::new(dialect, escapes, coding, is_fixed);
            state.rules.is_doubtful = is_doubtful;
            pass(text, &name, state, (mark as u64, chunk, step), cancel)
        };
        let mut passed = pass(dialect == Dialect::Mysql, false)?;
        let mut escapes = None;
        if dialect == Dialect::Unknown && copy::has_backslashes(text, cancel)? {
            let other = pass(true, false)?;
            escapes = match (passed.is_clean, other.is_clean) {
                (true, false) => Some(false),
                (false, true) => Some(true),
                _ => None,
            };
            passed = match escapes {
                Some(true) => other,
                Some(false) => passed,
                None => pass(false, true)?,
            };
        }
        problems.append(&mut passed.problems);
        let is_guessed =
            |region: &index::Region| !region.state.coding.is_declared && region.state.coding.encoding == coding.encoding;
        if let Some(doubt) = doubt.filter(|_| passed.index.regions.iter().any(is_guessed)) {
            problems.push(Problem::of_source(ProblemCode::AmbiguousEncoding, &name, doubt));
        }
        let mut details = vec![("format", "SQL script".to_owned()), ("dialect", dialect.name().to_owned())];
        if let Some(form) = form {
            details.push(("read from", form));
        }
        if let Some(escapes) = escapes {
            details.push(("backslashes", if escapes { "escape" } else { "stand for themselves" }.to_owned()));
        }
        if passed.index.tables.is_empty() && dialect == Dialect::Unknown && problems.is_empty() {
            problems.push(Problem::of_source(ProblemCode::Empty, &name, "the script neither makes nor fills a table"));
        }
        let identity = Identity { kind: "sql-dump".into(), name: name.clone(), facts: file.facts() };
        let (inventory, tables) = inventory(&passed.index, &name, problems, &details, words);
        Ok(Self { file, copy, identity, inventory, index: passed.index, dialect, tables, chunk })
    }

    fn text(&self) -> &OpenedFile {
        self.copy.as_ref().unwrap_or(&self.file)
    }

    /// The places of the regions with rows of a table.
    fn regions_of(&self, table: usize) -> impl Iterator<Item = usize> + '_ {
        let has = move |place: &usize| self.index.regions[*place].rows.iter().any(|(known, _)| *known == table);
        (0..self.index.regions.len()).filter(has)
    }
}

/// The first way through a script, from a place on.
fn pass(
    text: &OpenedFile,
    name: &str,
    state: State,
    (start, chunk, step): (u64, usize, u64),
    cancel: &Cancel,
) -> Result<Passed, Problem> {
    let dialect = state.rules.dialect;
    let mut index = Index::new(dialect, step);
    let lexer = Lexer::new(text, start, text.size(), state.rules.clone(), chunk);
    let mut script = Script::new(lexer, state, &mut index, cancel);
    if script.run().is_err() {
        return Err(Problem::of_source(ProblemCode::ReadFailed, name, "interrupted"));
    }
    let end = script.lexer.offset();
    let (failed, is_short) = (script.lexer.failed.take(), script.lexer.is_short);
    let (is_cut, is_unended, has_stops) = (script.is_cut, script.is_unended, script.has_stops);
    index.finish(end);
    let problem = |code, detail: &str| Problem::of_source(code, name, detail);
    let mut problems = Vec::new();
    if let Some(failed) = failed {
        problems.push(problem(ProblemCode::ReadFailed, &failed));
    }
    let is_missing = dialect != Dialect::SqlServer && is_unended && has_stops;
    if is_short {
        problems.push(problem(ProblemCode::CutShort, "the file is shorter than at its opening"));
    } else if is_cut || is_missing {
        let detail = format!(
            "the script ends, or is not understood any more, within a statement, at byte {end}; what stands before was read"
        );
        problems.push(problem(ProblemCode::CutShort, &detail));
    } else if index.begun > index.ended {
        problems.push(problem(ProblemCode::CutShort, "the dump does not end with the words with which its program ends one"));
    }
    let is_clean = problems.is_empty() && index.notes.is_empty();
    Ok(Passed { index, problems, is_clean })
}

/// The objects of a script, and the table of each.
fn inventory(
    index: &Index,
    source: &str,
    mut problems: Vec<Problem>,
    details: &[(&str, String)],
    words: &str,
) -> (Inventory, Vec<usize>) {
    let databases: HashSet<&Option<String>> =
        index.tables.iter().filter(|table| !table.is_dropped).map(|table| &table.name.database).collect();
    let shown = |table: &Table| table.name.shown(table.name.schema.is_none() || databases.len() > 1);
    for note in &index.notes {
        let mut problem = Problem::of_source(note.code, source, note.detail.clone()).counted(note.count);
        problem.first = Some(note.first);
        let object = note.object.as_ref();
        let known = object.and_then(|name| index.place(name)).map(|place| shown(&index.tables[place]));
        problem.object = known.or_else(|| object.map(|name| name.shown(name.schema.is_none())));
        problems.push(problem);
    }
    let (mut objects, mut tables) = (Vec::new(), Vec::new());
    let mut codings: Vec<Vec<&'static str>> = vec![Vec::new(); index.tables.len()];
    let mut bytes = vec![0_u64; index.tables.len()];
    for region in &index.regions {
        let name = region.state.coding.encoding.name();
        for (table, _) in &region.rows {
            bytes[*table] += region.end - region.start;
            if !codings[*table].contains(&name) {
                codings[*table].push(name);
            }
        }
    }
    for (place, table) in index.tables.iter().enumerate().filter(|(_, table)| !table.is_dropped) {
        let name = shown(table);
        for column in &table.repeated {
            let detail = "several columns bear this name; the later ones were numbered";
            problems.push(Problem::of_source(ProblemCode::DuplicateColumn, source, detail).in_object(&name).in_column(column));
        }
        let mut details: Vec<(String, String)> =
            details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if table.is_made_up {
            details.push(("header".to_owned(), "no".to_owned()));
        }
        let encoding = if codings[place].is_empty() { words.to_owned() } else { codings[place].join(", ") };
        details.push(("encoding".to_owned(), encoding));
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            declared_type: column.declared_type.clone(),
            access: Access::Readable,
        });
        objects.push(Object {
            name,
            kind: ObjectKind::Table,
            columns: columns.collect(),
            primary_key: Vec::new(),
            rows_expected: Some(table.rows),
            rows_estimated: None,
            bytes: Some(bytes[place]),
            access: Access::Readable,
            details,
        });
        tables.push(place);
    }
    (Inventory { objects, blind: false, problems }, tables)
}

impl Session for SqlSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        self.file.consistency()
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let table = *self.tables.get(object).ok_or(ReadError::UnknownSplit)?;
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        let bytes = self.inventory.objects[object].bytes.unwrap_or(0);
        let size = if wanted <= 1 { u64::MAX } else { bytes.div_ceil(wanted as u64).min(LARGEST_SPLIT) };
        for place in self.regions_of(table) {
            let region = &self.index.regions[place];
            match ranges.last_mut() {
                Some((start, end)) if *end - *start < size && (wanted <= 1 || region.end - *start <= 2 * LARGEST_SPLIT) => {
                    *end = region.end;
                }
                _ => ranges.push((region.start, region.end)),
            }
        }
        if ranges.is_empty() {
            ranges.push((0, 0));
        }
        let split = |(index, (start, end))| Split { object, index, extent: Extent::Bytes { start, end } };
        Ok(ranges.into_iter().enumerate().map(split).collect())
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let Extent::Bytes { start, end } = split.extent else { return Err(ReadError::UnknownSplit) };
        let table = *self.tables.get(split.object).ok_or(ReadError::UnknownSplit)?;
        let places: Vec<usize> = self.regions_of(table).collect();
        let known = |place: usize| &self.index.regions[place];
        let first = places.iter().position(|place| known(*place).start == start);
        let last = places.iter().position(|place| known(*place).end == end);
        let (first, last) = match (first, last) {
            (Some(first), Some(last)) if first <= last => (first, last + 1),
            _ if places.is_empty() && (start, end) == (0, 0) => (0, 0),
            _ => return Err(ReadError::UnknownSplit),
        };
        let mut reader = Reader::new(&self.index, table, self.dialect, Feed::new(sink));
        let rows_in =
            |place: &usize| known(*place).rows.iter().filter(|(known, _)| *known == table).map(|(_, rows)| rows).sum::<u64>();
        if self.copy.is_some() {
            reader.number = Some(places[..first].iter().map(rows_in).sum());
        }
        let (mut read, mut failed, mut is_short) = (0, None, false);
        for region in places[first..last].iter().map(|place| known(*place)) {
            let lexer = Lexer::new(self.text(), region.start, region.end, region.state.rules.clone(), self.chunk);
            let mut script = Script::new(lexer, (*region.state).clone(), &mut reader, cancel);
            match &region.enter {
                Enter::Statement => {}
                Enter::Values(filling) => script.rows(filling)?,
                Enter::Copy(filling) => script.copied(filling)?,
            }
            script.run()?;
            read += region.end - region.start;
            failed = failed.or(script.lexer.failed.take());
            is_short |= script.lexer.is_short;
        }
        let object = &self.inventory.objects[split.object].name;
        let (rows, _, mut problems) = reader.finish(self.file.name(), object)?;
        let problem = |code, detail: &str| Problem::of_source(code, self.file.name(), detail).in_object(object);
        if let Some(failed) = failed {
            problems.push(problem(ProblemCode::ReadFailed, &failed));
        }
        let expected: u64 = places[first..last].iter().map(rows_in).sum();
        if is_short {
            problems.push(problem(ProblemCode::CutShort, "the file is shorter than at its opening"));
        } else if rows < expected && problems.is_empty() {
            problems.push(
                problem(ProblemCode::ReadFailed, "rows that were counted at the opening were not found again")
                    .counted(expected - rows),
            );
        }
        Ok(SplitReport { rows, bytes: read, problems })
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
