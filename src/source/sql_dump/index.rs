//! The first way through a script: which tables there are, and in which parts of the file their rows stand.

use super::dialect::Dialect;
use super::lexer::Lexer;
use super::passed;
use super::row::Row;
use super::script::Declaration;
use super::script::Guide;
use super::script::State;
use super::table::Filling;
use super::table::Layout;
use super::table::Table;
use super::table::TableName;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::support::progress::Cancel;
use memchr::memchr_iter;
use memchr::memmem;
use memchr::memrchr;
use std::collections::HashMap;
use std::sync::Arc;

/// The most tables that are told apart.
const MOST_TABLES: usize = 200_000;

/// Regions up to which a table's rows begin one of their own.
const FINE_REGIONS: usize = 10_000;

/// Bytes of a region after which another table begins a new one in any case.
const COARSE: u64 = 1 << 20;

/// Tables in one region.
const MOST_IN_REGION: usize = 256;

/// Kinds of problems that are told.
const MOST_NOTES: usize = 1_000;

/// A part of the file with rows of one table or of several.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) enter: Enter,
    /// What was said before it.
    pub(super) state: Arc<State>,
    /// The tables of its rows, and how many rows each has here.
    pub(super) rows: Vec<(usize, u64)>,
}

/// Where a region begins.
#[derive(Clone, Debug)]
pub(super) enum Enter {
    Statement,
    /// At a row of a statement.
    Values(Arc<Filling>),
    /// At a row of a `COPY`.
    Copy(Arc<Filling>),
}

/// Something that is not read, and how often.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) code: ProblemCode,
    pub(super) object: Option<TableName>,
    pub(super) detail: String,
    pub(super) count: u64,
    pub(super) first: u64,
}

/// What the first way through a script shows.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) tables: Vec<Table>,
    names: HashMap<TableName, usize>,
    pub(super) regions: Vec<Region>,
    pub(super) notes: Vec<Note>,
    /// Bytes after which a region ends.
    step: u64,
    dialect: Dialect,
    current: Option<Region>,
    /// Marks of the beginning and of the end of a dump.
    pub(super) begun: u64,
    pub(super) ended: u64,
}

impl Index {
    pub(super) fn new(dialect: Dialect, step: u64) -> Self {
        Self {
            tables: Vec::new(),
            names: HashMap::new(),
            regions: Vec::new(),
            notes: Vec::new(),
            step,
            dialect,
            current: None,
            begun: 0,
            ended: 0,
        }
    }

    /// Ends the last region.
    pub(super) fn finish(&mut self, end: u64) {
        self.close(end);
    }

    /// The key of a table's name.
    fn key(&self, name: &TableName) -> TableName {
        match self.dialect {
            Dialect::Postgres | Dialect::Mysql => name.clone(),
            _ => name.folded(),
        }
    }

    /// The place of a table that is known.
    pub(super) fn place(&self, name: &TableName) -> Option<usize> {
        self.names.get(&self.key(name)).copied()
    }

    /// The place of a table, which is noted where it is not known.
    fn make(&mut self, name: &TableName, offset: u64) -> usize {
        if let Some(place) = self.place(name) {
            return place;
        }
        if self.tables.len() >= MOST_TABLES {
            self.problem(
                ProblemCode::Unsupported,
                None,
                "there are more tables than are told apart; the last holds all others",
                offset,
            );
            return self.tables.len() - 1;
        }
        self.names.insert(self.key(name), self.tables.len());
        self.tables.push(Table::new(name.clone()));
        self.tables.len() - 1
    }

    fn close(&mut self, end: u64) {
        if let Some(mut region) = self.current.take()
            && !region.rows.is_empty()
        {
            region.end = end;
            self.regions.push(region);
        }
    }

    fn open(&mut self, start: u64, enter: Enter, state: &State) {
        self.close(start);
        let known = self.regions.last().map(|region| region.state.clone()).filter(|known| **known == *state);
        let state = known.unwrap_or_else(|| Arc::new(state.clone()));
        self.current = Some(Region { start, end: start, enter, state, rows: Vec::new() });
    }

    fn count(&mut self, table: usize, rows: u64) {
        self.tables[table].rows += rows;
        let Some(region) = &mut self.current else { return };
        match region.rows.iter_mut().rev().find(|(known, _)| *known == table) {
            Some((_, count)) => *count += rows,
            None => region.rows.push((table, rows)),
        }
    }

    /// Whether the region has rows and is as long as one should be.
    fn is_long(&self, offset: u64) -> bool {
        self.current.as_ref().is_none_or(|region| {
            (!region.rows.is_empty() && offset - region.start >= self.step) || region.rows.len() > MOST_IN_REGION
        })
    }
}

impl Guide for Index {
    fn statement(&mut self, offset: u64, state: &State) -> bool {
        if self.current.as_ref().is_none_or(|region| region.rows.is_empty()) || self.is_long(offset) {
            self.open(offset, Enter::Statement, state);
        }
        true
    }

    fn create(&mut self, offset: u64, name: &TableName, columns: Vec<Declaration>) {
        let table = self.make(name, offset);
        self.tables[table].is_dropped = false;
        self.tables[table].declare(offset, &columns);
    }

    fn add_columns(&mut self, offset: u64, name: &TableName, columns: Vec<Declaration>) {
        if let Some(table) = self.place(name) {
            self.tables[table].extend(offset, &columns);
        }
    }

    fn drop_table(&mut self, name: &TableName) {
        if let Some(table) = self.place(name) {
            // What was written stands in the file all the same.
            self.tables[table].is_dropped = self.tables[table].rows == 0;
        }
    }

    fn columns(&self, name: &TableName) -> Vec<Declaration> {
        self.place(name).map(|table| self.tables[table].declarations()).unwrap_or_default()
    }

    fn fill(&mut self, offset: u64, name: &TableName, columns: Option<&[String]>, state: &State) -> Arc<Filling> {
        let table = self.make(name, offset);
        self.tables[table].is_dropped = false;
        let is_other = self.current.as_ref().is_some_and(|region| {
            region.rows.iter().all(|(known, _)| *known != table)
                && !region.rows.is_empty()
                && (self.regions.len() < FINE_REGIONS || offset - region.start >= COARSE)
        });
        if is_other {
            self.open(offset, Enter::Statement, state);
        }
        let known = &mut self.tables[table];
        let layout = match columns {
            Some(columns) if !columns.is_empty() => Layout::Listed(columns.iter().map(|name| known.listed(name)).collect()),
            _ => Layout::positional(known, offset),
        };
        Arc::new(Filling { table, layout })
    }

    fn row_begins(&mut self, offset: u64, filling: &Arc<Filling>, state: &State) -> bool {
        if self.is_long(offset) {
            self.open(offset, Enter::Values(filling.clone()), state);
        }
        true
    }

    fn passed(&mut self, filling: &Filling, values: usize) {
        if filling.layout == Layout::Counted {
            self.tables[filling.table].widen(values);
        }
        self.count(filling.table, 1);
    }

    fn broken_row(&mut self, filling: &Filling, offset: u64) {
        let name = self.tables[filling.table].name.clone();
        self.problem(ProblemCode::CutShort, Some(&name), "rows break off within their statement; they were not read", offset);
    }

    fn row(&mut self, _: &Arc<Filling>, _: &mut Row, _: u64, _: &State) -> Result<(), ReadError> {
        Ok(())
    }

    fn copy(&mut self, lexer: &mut Lexer<'_>, filling: &Arc<Filling>, state: &State, cancel: &Cancel) -> Result<bool, ReadError> {
        let end = memmem::Finder::new(b"\n\\.");
        while lexer.more() {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            if self.is_long(lexer.offset()) {
                self.open(lexer.offset(), Enter::Copy(filling.clone()), state);
            }
            let Some(last) = memrchr(b'\n', &lexer.buffer[lexer.at..]) else {
                let Some((line_end, has_break)) = lexer.line_end(1 << 20) else {
                    self.count(filling.table, 1);
                    if !lexer.skip_line() {
                        return Ok(false);
                    }
                    continue;
                };
                let line = lexer.buffer[lexer.at..line_end].trim_ascii_end();
                let is_end = line == b"\\.";
                if !is_end {
                    if filling.layout == Layout::Counted {
                        self.tables[filling.table].widen(memchr_iter(b'\t', line).count() + 1);
                    }
                    self.count(filling.table, 1);
                }
                lexer.at = line_end + usize::from(has_break);
                if is_end || !has_break {
                    return Ok(is_end);
                }
                continue;
            };
            let lines = &lexer.buffer[lexer.at..=lexer.at + last];
            let is_end =
                |from: usize| matches!(lines.get(from..), Some([b'\\', b'.', b'\n', ..] | [b'\\', b'.', b'\r', b'\n', ..]));
            let found = if is_end(0) { Some(0) } else { end.find_iter(lines).map(|at| at + 1).find(|at| is_end(*at)) };
            let rows = &lines[..found.unwrap_or(lines.len())];
            let count = memchr_iter(b'\n', rows).count() as u64;
            if filling.layout == Layout::Counted {
                for line in rows.split(|byte| *byte == b'\n') {
                    self.tables[filling.table].widen(memchr_iter(b'\t', line).count() + 1);
                }
            }
            if count > 0 {
                self.count(filling.table, count);
            }
            match found {
                Some(at) => {
                    lexer.at += at;
                    lexer.line();
                    return Ok(true);
                }
                None => lexer.at += last + 1,
            }
        }
        Ok(false)
    }

    fn problem(&mut self, code: ProblemCode, object: Option<&TableName>, detail: &str, offset: u64) {
        let known =
            self.notes.iter_mut().find(|note| note.code == code && note.object.as_ref() == object && note.detail == detail);
        if let Some(note) = known {
            note.count += 1;
        } else if self.notes.len() < MOST_NOTES {
            self.notes.push(Note { code, object: object.cloned(), detail: detail.to_owned(), count: 1, first: offset });
        } else if object.is_some() || self.notes.len() == MOST_NOTES {
            self.notes.push(Note {
                code,
                object: None,
                detail: "further statements are not read".to_owned(),
                count: 1,
                first: offset,
            });
            self.notes.truncate(MOST_NOTES + 1);
            self.notes[MOST_NOTES].count += 1;
        }
    }

    fn comment(&mut self, comment: &[u8], offset: u64) {
        let is_line = !comment.starts_with(b"/*");
        if is_line && comment.len() < 200 {
            let text = comment.trim_ascii_end();
            if text.starts_with(b"-- PostgreSQL database") && text.ends_with(b"dump") {
                self.begun += 1;
            } else if text.starts_with(b"-- PostgreSQL database") && text.ends_with(b"dump complete") {
                self.ended += 1;
            } else if text.starts_with(b"-- MySQL dump ") || text.starts_with(b"-- MariaDB dump ") {
                self.begun += 1;
            } else if text.starts_with(b"-- Dump completed") {
                self.ended += 1;
            }
        }
        let has_rows =
            if is_line { holds_row(comment.trim_ascii_start()) } else { comment.split(|byte| *byte == b'\n').any(holds_row) };
        if has_rows {
            self.problem(ProblemCode::Unsupported, None, "rows are written into comments; they are not read", offset);
        }
    }
}

/// Whether a line of a comment begins a statement with rows, or holds what may be values of one.
fn holds_row(line: &[u8]) -> bool {
    is_row_statement(line) || passed::is_in_comment(line)
}

/// Whether a line of a comment begins a statement with rows.
fn is_row_statement(line: &[u8]) -> bool {
    let start = line.iter().take_while(|byte| matches!(byte, b'-' | b'#' | b'/' | b'*' | b' ' | b'\t' | b'!')).count();
    let line = &line[start..];
    let lower = line[..line.len().min(400)].to_ascii_lowercase();
    let begins =
        ["insert into ", "insert ignore ", "insert [", "replace into "].iter().any(|word| lower.starts_with(word.as_bytes()));
    let has = |word: &str| memmem::find(&lower, word.as_bytes()).is_some();
    (begins && (has("values") || has("(") || has("select"))) || (lower.starts_with(b"copy ") && has("from stdin"))
}
