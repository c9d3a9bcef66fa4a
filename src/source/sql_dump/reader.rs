//! The second way through a script: the rows of one table.

use super::coding::Coding;
use super::dialect::Dialect;
use super::index::Index;
use super::lexer::Lexer;
use super::row::Cell;
use super::row::Row;
use super::script::Declaration;
use super::script::Guide;
use super::script::State;
use super::table::Filling;
use super::table::Layout;
use super::table::Table;
use super::table::TableName;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::batch::Counts;
use crate::source::batch::Feed;
use crate::source::batch::LONGEST_ROW;
use crate::source::bytes;
use crate::source::copy_text;
use crate::source::postgres::Form;
use crate::support::progress::Cancel;
use memchr::memchr;
use memchr::memmem;
use std::sync::Arc;

/// What the text of a column stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ColumnForm {
    Text,
    /// A day or a moment, which may be all zeros in place of NULL.
    Moment,
    /// Bits, which are a number.
    Bits,
    /// Bytes that are filled up with zeros.
    FixedBytes,
    /// As PostgreSQL writes it.
    Postgres(Form),
    /// As PostgreSQL writes it, of a type that is not known: bytes show by their beginning.
    Untyped,
}

/// How often something was met, and where first.
#[derive(Clone, Copy, Default)]
struct Met {
    count: u64,
    first: Option<Locator>,
}

impl Met {
    fn bump(&mut self, locator: Locator) {
        self.count += 1;
        self.first.get_or_insert(locator);
    }
}

/// Where the values of rows of one statement go.
struct Plan {
    filling: Arc<Filling>,
    /// Rows of so many values lie as the columns do.
    in_order: Vec<usize>,
}

/// Takes the rows of one table.
pub(super) struct Reader<'a, 'f> {
    index: &'a Index,
    table: usize,
    forms: Vec<ColumnForm>,
    /// No text of the table means anything but itself, unless it holds this.
    suspicious: Option<memmem::Finder<'static>>,
    is_plain: bool,
    /// Backslashes speak for bytes.
    is_untyped: bool,
    pub(super) feed: Feed<'f>,
    plan: Option<Plan>,
    scratch: Vec<u8>,
    line: Row,
    spans: Vec<(usize, usize)>,
    order: Vec<Option<usize>>,
    /// Rows are numbered, since the file is not what is read.
    pub(super) number: Option<u64>,
    binary: Counts,
    unclear: Counts,
    short: Met,
    long: Met,
    too_long: Met,
    backslashes: Met,
}

impl<'a, 'f> Reader<'a, 'f> {
    pub(super) fn new(index: &'a Index, table: usize, dialect: Dialect, feed: Feed<'f>) -> Self {
        let known = &index.tables[table];
        let forms: Vec<ColumnForm> =
            known.columns.iter().map(|column| form_of(column.declared_type.as_deref(), dialect)).collect();
        let has = |form: ColumnForm| forms.contains(&form);
        let suspicious = match dialect {
            Dialect::Mysql if has(ColumnForm::Moment) => Some(memmem::Finder::new(b"0000-00-00")),
            Dialect::Postgres if has(ColumnForm::Postgres(Form::Moment)) => Some(memmem::Finder::new(b"infinity")),
            _ => None,
        };
        let is_simple = |form: &ColumnForm| match form {
            ColumnForm::Postgres(form) => matches!(form, Form::Text | Form::Moment),
            ColumnForm::Text | ColumnForm::Moment | ColumnForm::Untyped => true,
            ColumnForm::Bits | ColumnForm::FixedBytes => false,
        };
        Self {
            index,
            table,
            is_plain: forms.iter().all(is_simple),
            is_untyped: dialect == Dialect::Postgres,
            suspicious,
            forms,
            feed,
            plan: None,
            scratch: Vec::new(),
            line: Row::default(),
            spans: Vec::new(),
            order: Vec::new(),
            number: None,
            binary: Counts::default(),
            unclear: Counts::default(),
            short: Met::default(),
            long: Met::default(),
            too_long: Met::default(),
            backslashes: Met::default(),
        }
    }

    fn known(&self) -> &'a Table {
        &self.index.tables[self.table]
    }

    /// Prepares for rows of a statement.
    fn plan(&mut self, filling: &Arc<Filling>) {
        if self.plan.as_ref().is_some_and(|plan| Arc::ptr_eq(&plan.filling, filling)) {
            return;
        }
        let is_ordered = |places: &[usize]| places.iter().enumerate().all(|(place, column)| place == *column);
        let mut in_order = Vec::new();
        match &filling.layout {
            Layout::Listed(places) if is_ordered(places) => in_order.push(places.len()),
            Layout::Positional { all, stored } => {
                if is_ordered(stored) {
                    in_order.push(stored.len());
                }
                if all.iter().enumerate().all(|(place, column)| *column == Some(place)) {
                    in_order.push(all.len());
                }
            }
            Layout::Counted => in_order.push(self.known().columns.len()),
            Layout::Listed(_) => {}
        }
        self.plan = Some(Plan { filling: filling.clone(), in_order });
    }

    fn locator(&mut self, offset: u64) -> Locator {
        match &mut self.number {
            None => Locator::ByteOffset(offset),
            Some(number) => {
                *number += 1;
                Locator::RowId(i64::try_from(*number).unwrap_or(i64::MAX))
            }
        }
    }

    /// Whether a row's text can be handed over as it stands.
    fn is_raw(&self, text: &[u8], coding: Coding) -> bool {
        self.is_plain
            && (coding.is_utf8() || text.is_ascii())
            && memchr(0, text).is_none()
            && self.suspicious.as_ref().is_none_or(|finder| finder.find(text).is_none())
    }

    fn emit(&mut self, filling: &Arc<Filling>, row: &Row, locator: Locator, state: &State) -> Result<(), ReadError> {
        self.plan(filling);
        if row.backslashes {
            self.backslashes.bump(locator);
        }
        let count = row.cells.len();
        let is_ordered = self.plan.as_ref().is_some_and(|plan| plan.in_order.contains(&count));
        let has_bytes = self.is_untyped && memchr(b'\\', &row.text).is_some();
        if is_ordered && !row.is_odd && !has_bytes && self.is_raw(&row.text, state.coding) {
            self.feed.batch.push_raw_row(&row.text, &row.spans, locator);
            return self.feed.row_done();
        }
        let width = self.known().columns.len();
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.resize(width, None);
        let stored: &[usize] = match &filling.layout {
            Layout::Listed(places) => places,
            Layout::Positional { all, .. } if all.len() == count => &[],
            Layout::Positional { stored, .. } => stored,
            Layout::Counted => &[],
        };
        let place_of = |value: usize| match &filling.layout {
            Layout::Positional { all, .. } if all.len() == count => all.get(value).copied().flatten(),
            Layout::Counted => Some(value),
            _ => stored.get(value).copied(),
        };
        let expected = match &filling.layout {
            Layout::Positional { all, .. } if all.len() == count => count,
            Layout::Counted => width,
            _ => stored.len(),
        };
        let (mut extra, mut last) = (Vec::new(), 0);
        for value in 0..count {
            match place_of(value) {
                Some(place) if place < width && order[place].is_none() => {
                    order[place] = Some(value);
                    last = last.max(place + 1);
                }
                _ if value >= expected => extra.push(value),
                _ => {}
            }
        }
        if count < expected {
            self.short.bump(locator);
        } else if count > expected {
            self.long.bump(locator);
        }
        // A row that ends early lacks its last columns; what is too much follows behind all.
        let end = if extra.is_empty() { last } else { width };
        for (column, value) in order[..end].iter().enumerate() {
            match value {
                Some(value) => self.cell(column, row.cells[*value], row.bytes(*value), state.coding),
                None => self.feed.batch.push_cell(None),
            }
        }
        for (place, value) in extra.into_iter().enumerate() {
            self.cell(width + place, row.cells[value], row.bytes(value), state.coding);
        }
        self.order = order;
        self.feed.batch.end_row(locator);
        self.feed.row_done()
    }

    /// Adds one value.
    fn cell(&mut self, column: usize, cell: Cell, bytes: &[u8], coding: Coding) {
        let batch = &mut self.feed.batch;
        let form = self.forms.get(column).copied().unwrap_or(ColumnForm::Text);
        if matches!(cell, Cell::Text | Cell::Bytes) {
            match form {
                ColumnForm::Bits if bytes.len() <= 8 && !bytes.iter().all(u8::is_ascii_digit) => {
                    let number = bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
                    return batch.push_text(&number.to_string());
                }
                ColumnForm::FixedBytes => return bytes::push(batch, column, without_filling(bytes), &mut self.binary),
                _ => {}
            }
        }
        match cell {
            Cell::Null | Cell::Default => batch.push_cell(None),
            Cell::Unclear => {
                self.unclear.bump(column);
                batch.push_cell(None);
            }
            Cell::TooLong => batch.push_too_long(),
            Cell::Bytes => bytes::push(batch, column, bytes, &mut self.binary),
            Cell::Text | Cell::Unicode => {
                self.scratch.clear();
                if cell == Cell::Unicode || coding.is_utf8() || bytes.is_ascii() {
                    self.scratch.extend_from_slice(bytes);
                } else {
                    let (text, is_whole) = coding.decode(bytes);
                    if !is_whole {
                        batch.mark_undecodable(column);
                    }
                    self.scratch.extend_from_slice(text.as_bytes());
                }
                match form {
                    ColumnForm::Postgres(form) => form.push(batch, column, &mut self.scratch, &mut self.binary),
                    ColumnForm::Untyped if is_hexadecimal(&self.scratch) => {
                        Form::Bytes.push(batch, column, &mut self.scratch, &mut self.binary);
                    }
                    _ if self.scratch.contains(&0) => bytes::push(batch, column, &self.scratch, &mut self.binary),
                    ColumnForm::Moment if is_zero(&self.scratch) => batch.push_cell(None),
                    _ => batch.push_cell(Some(&self.scratch)),
                }
            }
        }
    }

    /// A row of a `COPY`.
    fn copied(&mut self, filling: &Arc<Filling>, line: &[u8], locator: Locator, state: &State) -> Result<(), ReadError> {
        let mut spans = std::mem::take(&mut self.spans);
        spans.clear();
        let is_escaped = copy_text::split(line, &mut spans);
        if self.known().columns.is_empty() && line.is_empty() {
            spans.clear();
        }
        let is_ordered = self.plan.as_ref().is_some_and(|plan| plan.in_order.contains(&spans.len()));
        if is_ordered && !is_escaped && self.is_raw(line, state.coding) {
            self.feed.batch.push_raw_row(line, &spans, locator);
            self.spans = spans;
            return self.feed.row_done();
        }
        let mut row = std::mem::take(&mut self.line);
        row.clear();
        for span in &spans {
            let start = row.text.len();
            if *span == copy_text::NULL {
                row.end(Cell::Null, start);
            } else {
                let mut cell = std::mem::take(&mut self.scratch);
                copy_text::unescape(line.get(span.0..span.1).unwrap_or_default(), &mut cell);
                row.text.extend_from_slice(&cell);
                self.scratch = cell;
                row.end(Cell::Text, start);
            }
        }
        self.spans = spans;
        let done = self.emit(filling, &row, locator, state);
        self.line = row;
        done
    }

    /// What was wrong with the rows.
    pub(super) fn finish(self, source: &str, object: &str) -> Result<(u64, u64, Vec<Problem>), ReadError> {
        let columns = &self.index.tables[self.table].columns;
        let name =
            |column: usize| columns.get(column).map_or_else(|| format!("column_{}", column + 1), |column| column.name.clone());
        let report = self.feed.finish(source, object, name)?;
        let problem = |code, detail: &str| Problem::of_source(code, source, detail).in_object(object);
        let mut problems = report.problems;
        let width = columns.len();
        let counted = [
            (ProblemCode::RaggedRows, self.short, format!("rows hold fewer values than columns are named for them, of {width}")),
            (ProblemCode::RaggedRows, self.long, format!("rows hold more values than columns are named for them, of {width}")),
            (ProblemCode::RowTooLong, self.too_long, "rows are longer than 16 MiB; they were not read".to_owned()),
            (
                ProblemCode::AmbiguousEncoding,
                self.backslashes,
                "rows hold backslashes, and nothing tells whether these escape what follows them; they were read as they stand"
                    .to_owned(),
            ),
        ];
        let counted = counted.into_iter().filter(|(_, met, _)| met.count > 0);
        problems.extend(counted.map(|(code, met, detail)| problem(code, &detail).counted(met.count).first_at(met.first)));
        let cells = [
            (ProblemCode::BinaryCells, &self.binary, "cells hold bytes that are no text; they were not read"),
            (ProblemCode::Unsupported, &self.unclear, "values are expressions that are not understood; they were not read"),
        ];
        for (code, counts, detail) in cells {
            problems.extend(counts.iter().map(|(column, count)| problem(code, detail).in_column(&name(column)).counted(count)));
        }
        Ok((report.rows, report.bytes, problems))
    }
}

impl Guide for Reader<'_, '_> {
    fn statement(&mut self, _: u64, _: &State) -> bool {
        true
    }

    fn create(&mut self, _: u64, _: &TableName, _: Vec<Declaration>) {}

    fn add_columns(&mut self, _: u64, _: &TableName, _: Vec<Declaration>) {}

    fn drop_table(&mut self, _: &TableName) {}

    fn columns(&self, _: &TableName) -> Vec<Declaration> {
        Vec::new()
    }

    fn fill(&mut self, offset: u64, name: &TableName, columns: Option<&[String]>, _: &State) -> Arc<Filling> {
        let Some(table) = self.index.place(name) else {
            return Arc::new(Filling { table: usize::MAX, layout: Layout::Counted });
        };
        let known = &self.index.tables[table];
        let layout = match columns {
            // A list of another table need not be understood.
            Some(columns) if !columns.is_empty() && table == self.table => {
                Layout::Listed(columns.iter().map(|name| known.column(name).unwrap_or(usize::MAX)).collect())
            }
            _ => Layout::positional(known, offset),
        };
        Arc::new(Filling { table, layout })
    }

    fn wants(&self, filling: &Filling) -> bool {
        filling.table == self.table
    }

    fn row_begins(&mut self, _: u64, _: &Arc<Filling>, _: &State) -> bool {
        true
    }

    fn passed(&mut self, _: &Filling, _: usize) {}

    fn broken_row(&mut self, _: &Filling, _: u64) {}

    fn row(&mut self, filling: &Arc<Filling>, row: &mut Row, offset: u64, state: &State) -> Result<(), ReadError> {
        let locator = self.locator(offset);
        self.emit(filling, row, locator, state)
    }

    fn copy(&mut self, lexer: &mut Lexer<'_>, filling: &Arc<Filling>, state: &State, cancel: &Cancel) -> Result<bool, ReadError> {
        let is_wanted = self.wants(filling);
        self.plan(filling);
        let mut lines = 0_u32;
        while lexer.more() {
            lines = lines.wrapping_add(1);
            if lines % 1_024 == 1 && cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let offset = lexer.offset();
            // Escaped, a row may be twice as long as its values, and more for bytes.
            let Some((end, has_break)) = lexer.line_end(4 * LONGEST_ROW) else {
                if is_wanted {
                    let locator = self.locator(offset);
                    self.too_long.bump(locator);
                }
                lexer.skip_line();
                continue;
            };
            let line = &lexer.buffer[lexer.at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_end = line == b"\\.";
            if is_wanted && !is_end {
                let locator = self.locator(offset);
                self.copied(filling, line, locator, state)?;
            }
            lexer.at = end + usize::from(has_break);
            if is_end {
                return Ok(true);
            }
        }
        Ok(true)
    }

    fn problem(&mut self, _: ProblemCode, _: Option<&TableName>, _: &str, _: u64) {}

    fn comment(&mut self, _: &[u8], _: u64) {}
}

/// What the text of a column of a type stands for.
fn form_of(declared_type: Option<&str>, dialect: Dialect) -> ColumnForm {
    let lower = declared_type.unwrap_or_default().to_lowercase();
    let first = lower.split([' ', '(']).next().unwrap_or_default();
    match dialect {
        Dialect::Postgres if declared_type.is_none() => ColumnForm::Untyped,
        Dialect::Postgres => {
            let is_array = lower.ends_with("[]");
            let (name, category) = match first {
                "timestamp" if lower.contains("with time zone") => ("timestamptz", "D"),
                name if is_array => (name.trim_end_matches("[]"), "A"),
                name => (name, "U"),
            };
            let form = if is_array { Form::of("", category, name == "bytea") } else { Form::of(name, category, false) };
            if form == Form::Text && first.contains('.') { ColumnForm::Untyped } else { ColumnForm::Postgres(form) }
        }
        Dialect::Mysql if matches!(first, "date" | "datetime" | "timestamp") => ColumnForm::Moment,
        Dialect::Mysql if first == "bit" => ColumnForm::Bits,
        Dialect::Mysql if first == "binary" => ColumnForm::FixedBytes,
        _ => ColumnForm::Text,
    }
}

/// Bytes of fixed length without the zeros at their end, where what is left is text by itself.
fn without_filling(value: &[u8]) -> &[u8] {
    let length = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let rest = &value[..length];
    if !rest.contains(&0) && bytes::text(rest).is_some() { rest } else { value }
}

/// Bytes as PostgreSQL writes them.
fn is_hexadecimal(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    text.strip_prefix(b"\\x").is_some_and(|digits| !digits.is_empty() && digits.len() % 2 == 0 && digits.iter().all(is_digit))
}

/// Whether a date or a moment has no digit but zeros: what programs write where they know no date.
fn is_zero(value: &[u8]) -> bool {
    value.starts_with(b"0000-00-00") && value.iter().all(|byte| matches!(byte, b'0' | b'-' | b':' | b' ' | b'.'))
}
