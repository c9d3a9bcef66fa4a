//! Statements that bring rows: `INSERT`, `REPLACE` and `COPY … FROM stdin`.

use super::dialect::Dialect;
use super::lexer::Kind;
use super::lexer::Lexer;
use super::lexer::end_of_quoted;
use super::lexer::is_of_word;
use super::literal;
use super::literal::Escapes;
use super::passed;
use super::row::Cell;
use super::row::Row;
use super::script::CopyForm;
use super::script::Guide;
use super::script::KEPT;
use super::script::Script;
use super::table::Filling;
use super::table::TableName;
use super::value;
use crate::source::ReadError;
use memchr::memchr;
use memchr::memchr2;
use std::sync::Arc;

/// Rows between looks at whether the job is interrupted.
const ROWS_A_LOOK: u32 = 1_024;

impl<G: Guide> Script<'_, '_, G> {
    /// `INSERT` or `REPLACE`, behind its first word.
    pub(super) fn insert(&mut self, offset: u64, word: &str) -> Result<(), ReadError> {
        let mut is_into = false;
        loop {
            let token = self.next();
            let next = self.word_of(token);
            let is_option = match next.as_str() {
                "into" => {
                    is_into = true;
                    break;
                }
                "low_priority" | "high_priority" | "delayed" | "ignore" | "overwrite" => true,
                "or" => {
                    self.next();
                    true
                }
                "all" | "first" if word == "insert" && self.state.rules.dialect == Dialect::Unknown => {
                    self.unread(None, "statements that fill several tables are not understood; they are not read", offset);
                    self.skip(false, None);
                    return Ok(());
                }
                _ => false,
            };
            if !is_option {
                self.lexer.put_back(token);
                break;
            }
        }
        if is_into {
            self.takes("table");
        }
        let Some(name) = self.table() else {
            self.unread(None, "statements are not understood, and may hold rows; they are not read", offset);
            self.skip(false, None);
            return Ok(());
        };
        let columns = self.head_of_insert(&name, offset)?;
        let Some(columns) = columns else { return Ok(()) };
        let filling = self.guide.fill(offset, &name, columns.as_deref(), &self.state);
        // Most statements begin as the one before.
        if let Some(head) = self.lexer.since(offset).filter(|head| head.len() < 1 << 16) {
            self.known = Some((head.to_vec(), filling.clone()));
        }
        self.rows(&filling)
    }

    /// What stands between the table and its rows: `Some` with the list of columns where rows follow.
    #[expect(clippy::option_option, reason = "no rows, and rows without a list of columns, are two things")]
    fn head_of_insert(&mut self, name: &TableName, offset: u64) -> Result<Option<Option<Vec<String>>>, ReadError> {
        let mut columns = None;
        loop {
            let token = self.next();
            match (token.kind, self.word_of(token).as_str()) {
                (Kind::Mark(b'('), _) => {
                    columns = self.columns_listed();
                    if columns.is_none() {
                        self.unread(Some(name), "rows are not written out, but selected; they are not read", offset);
                        self.skip(false, None);
                        return Ok(None);
                    }
                }
                (Kind::Word, "values" | "value") => return Ok(Some(columns)),
                (Kind::Word, "default") => {
                    // `DEFAULT VALUES`: a row without any value.
                    self.skip(false, None);
                    return Ok(None);
                }
                (Kind::Word, "partition") => {
                    if self.takes_mark(b'(') {
                        while !matches!(self.next().kind, Kind::Mark(b')') | Kind::End | Kind::Stop) {}
                    }
                }
                (Kind::Word, "overriding") => {
                    self.next();
                    if !self.takes("value") {
                        self.takes("values");
                    }
                }
                (Kind::Word, "as") => {
                    self.next();
                }
                (Kind::Word, "set") if columns.is_none() => {
                    self.assignments(name, offset)?;
                    return Ok(None);
                }
                (Kind::End, _) => {
                    self.is_cut = true;
                    return Ok(None);
                }
                (Kind::Stop, _) => {
                    self.has_stops = true;
                    self.unread(Some(name), "statements are not understood, and may hold rows; they are not read", offset);
                    return Ok(None);
                }
                _ => {
                    self.unread(Some(name), "rows are not written out, but selected or computed; they are not read", offset);
                    self.skip(false, None);
                    return Ok(None);
                }
            }
        }
    }

    /// A list of columns behind its opening parenthesis; `None`: it is none.
    fn columns_listed(&mut self) -> Option<Vec<String>> {
        let mut columns = Vec::new();
        loop {
            let token = self.next();
            if token.is(b')') && columns.is_empty() {
                return Some(columns);
            }
            let is_query = matches!(self.word_of(token).as_str(), "select" | "with" | "values") && columns.is_empty();
            let mut name = self.name_part(token).filter(|_| !is_query)?;
            let mut end = self.next();
            // `people.name`, of which the last part counts.
            while end.is(b'.') {
                let part = self.next();
                name = self.name_part(part)?;
                end = self.next();
            }
            columns.push(name);
            match end.kind {
                Kind::Mark(b',') if columns.len() < super::table::MOST_COLUMNS => {}
                Kind::Mark(b')') => return Some(columns),
                _ => {
                    self.lexer.put_back(end);
                    return None;
                }
            }
        }
    }

    /// `INSERT … SET name = 'Ann', …`
    fn assignments(&mut self, name: &TableName, offset: u64) -> Result<(), ReadError> {
        let mut columns = Vec::new();
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        loop {
            let token = self.next();
            let column = self.name_part(token);
            let Some(column) = column.filter(|_| columns.len() < super::table::MOST_COLUMNS && self.takes_mark(b'=')) else {
                self.row = row;
                self.unread(Some(name), "statements are not understood, and may hold rows; they are not read", offset);
                self.skip(false, None);
                return Ok(());
            };
            columns.push(column);
            let is_more = value::assigned(&mut self.lexer, &mut row);
            if !is_more {
                break;
            }
        }
        let filling = self.guide.fill(offset, name, Some(&columns), &self.state);
        if self.guide.row_begins(offset, &filling, &self.state) {
            if self.guide.wants(&filling) {
                self.guide.row(&filling, &mut row, offset, &self.state)?;
            } else {
                self.guide.passed(&filling, columns.len());
            }
        }
        self.row = row;
        self.tail();
        Ok(())
    }

    /// The rows of a statement, from before the first or a later one on.
    pub(super) fn rows(&mut self, filling: &Arc<Filling>) -> Result<(), ReadError> {
        let mut rows_until_look = ROWS_A_LOOK;
        loop {
            rows_until_look -= 1;
            if rows_until_look == 0 {
                rows_until_look = ROWS_A_LOOK;
                if self.cancel.is_cancelled() {
                    return Err(ReadError::Cancelled);
                }
            }
            if !self.is_at(b'(') {
                let token = self.next();
                let token = if self.lexer.is_word(token, "row") { self.next() } else { token };
                if !token.is(b'(') {
                    self.is_cut |= token.kind == Kind::End;
                    self.lexer.put_back(token);
                    break;
                }
                self.lexer.put_back(token);
            }
            let offset = self.lexer.offset();
            if !self.guide.row_begins(offset, filling, &self.state) {
                self.is_cut = true;
                return Ok(());
            }
            if self.guide.wants(filling) {
                let mut row = std::mem::take(&mut self.row);
                row.clear();
                let is_whole = read_row(&mut self.lexer, &mut row);
                let done = if is_whole { self.guide.row(filling, &mut row, offset, &self.state) } else { Ok(()) };
                self.row = row;
                done?;
                if !is_whole {
                    self.row_without_end(filling, offset);
                    return Ok(());
                }
            } else {
                let Some(values) = self.pass_row() else {
                    self.row_without_end(filling, offset);
                    return Ok(());
                };
                self.guide.passed(filling, values);
            }
            if !self.takes_comma() {
                break;
            }
        }
        self.tail();
        Ok(())
    }

    /// A row breaks off. Behind the end of its statement all may be well again.
    fn row_without_end(&mut self, filling: &Filling, offset: u64) {
        let token = self.next();
        if token.kind == Kind::Stop {
            self.has_stops = true;
            self.guide.broken_row(filling, offset);
        } else {
            self.is_cut = true;
        }
    }

    /// Whether this byte is the next but for blanks in the buffer, before which it stops.
    fn is_at(&mut self, mark: u8) -> bool {
        let rest = &self.lexer.buffer[self.lexer.at..];
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        let is_at = rest.get(blanks) == Some(&mark);
        if is_at {
            self.lexer.at += blanks;
        }
        is_at
    }

    fn takes_comma(&mut self) -> bool {
        if self.is_at(b',') {
            self.lexer.at += 1;
            return true;
        }
        self.takes_mark(b',')
    }

    /// What follows the rows, up to the statement's end, which need not be marked where another statement follows.
    fn tail(&mut self) {
        let token = self.next();
        match (token.kind, self.word_of(token).as_str()) {
            (Kind::Stop, _) => self.has_stops = true,
            (Kind::End, _) => self.is_unended = true,
            (
                Kind::Word,
                "insert" | "go" | "set" | "create" | "alter" | "print" | "use" | "commit" | "update" | "delete" | "replace",
            ) => {
                self.lexer.put_back(token);
            }
            _ => {
                let offset = self.lexer.offset_of(token);
                let mut text = self.lexer.bytes(token).to_vec();
                text.push(b' ');
                self.skip(false, Some(&mut text));
                // `email = VALUES(email)` says nothing that the rows do not.
                if text.len() >= KEPT || passed::holds_literals(&text, &self.state.rules) {
                    self.unread(None, "values stand behind the rows of an INSERT; they are not read", offset);
                }
            }
        }
    }

    /// Passes over a row and counts its values; `None`: it has no end.
    fn pass_row(&mut self) -> Option<usize> {
        let dialect = self.state.rules.dialect;
        if let Some((values, end)) = pass_quickly(&self.lexer.buffer[self.lexer.at..], self.lexer.rules.escapes, dialect) {
            self.lexer.at += end;
            return Some(values);
        }
        let (mut depth, mut values, mut is_empty) = (0_usize, 1, true);
        loop {
            let token = self.next();
            match token.kind {
                Kind::Mark(b'(') => depth += 1,
                Kind::Mark(b')') => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(if is_empty { 0 } else { values });
                    }
                }
                Kind::Mark(b',') if depth == 1 => values += 1,
                Kind::End | Kind::Stop => {
                    self.lexer.put_back(token);
                    return None;
                }
                _ => {}
            }
            is_empty &= depth == 1 && token.is(b'(');
        }
    }

    /// `COPY`, behind its first word.
    pub(super) fn copy(&mut self, offset: u64) -> Result<(), ReadError> {
        let Some(name) = self.table() else {
            self.unread(None, "statements of the sort COPY that are not understood may hold rows; they are not read", offset);
            self.skip(false, None);
            return Ok(());
        };
        let columns = if self.takes_mark(b'(') { self.columns_listed() } else { None };
        let (mut is_from, mut is_stdin) = (false, false);
        let first = self.next();
        if self.lexer.is_word(first, "from") {
            is_from = true;
            is_stdin = self.takes("stdin");
        } else {
            self.lexer.put_back(first);
        }
        let mut options = Vec::new();
        self.skip(false, Some(&mut options));
        if !is_stdin {
            if is_from {
                self.unread(Some(&name), "rows come from other files, which the script names; they are not read", offset);
            }
            return Ok(());
        }
        let options: String = String::from_utf8_lossy(&options).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let is_plain =
            ["", "with", "( format text )", "with ( format text )", "( freeze )", "with ( freeze )", "with ( freeze true )"];
        let form = if is_plain.contains(&options.as_str()) { CopyForm::Text } else { CopyForm::Other };
        // The rows begin on the next line.
        self.lexer.line();
        let filling = self.guide.fill(offset, &name, columns.as_deref(), &self.state);
        if form == CopyForm::Other {
            self.unread(Some(&name), "rows of a COPY with options that are not known; they are not read", offset);
            while self.lexer.more() {
                let line = self.lexer.line();
                if line == b"\\." {
                    return Ok(());
                }
            }
            self.is_cut = true;
            return Ok(());
        }
        self.copied(&filling)
    }

    /// The rows of a `COPY`, from the beginning of one on.
    pub(super) fn copied(&mut self, filling: &Arc<Filling>) -> Result<(), ReadError> {
        let has_end = self.guide.copy(&mut self.lexer, filling, &self.state, self.cancel)?;
        self.is_cut |= !has_end;
        Ok(())
    }
}

/// Passes over a row that lies whole in a buffer and holds nothing unusual: its values, and where it ends.
fn pass_quickly(buffer: &[u8], escapes: bool, dialect: Dialect) -> Option<(usize, usize)> {
    let (mut at, mut depth, mut values) = (0, 0_usize, 1);
    loop {
        match buffer.get(at)? {
            b'\'' => {
                let is_e = at > 0 && matches!(buffer[at - 1], b'e' | b'E') && dialect.has_escape_texts();
                let is_prefixed = is_e && at.checked_sub(2).is_none_or(|before| !is_of_word(buffer[before]));
                at = end_of_quoted(buffer, at + 1, b'\'', escapes || is_prefixed, false).ok()?;
                continue;
            }
            b',' if depth == 1 => values += 1,
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let is_empty = values == 1 && buffer[1..at].trim_ascii().is_empty();
                    return Some((if is_empty { 0 } else { values }, at + 1));
                }
            }
            b'-' if buffer.get(at + 1)? == &b'-' => return None,
            b'/' | b'*' | b'"' | b'`' | b'[' | b'$' | b'#' | b';' => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Reads the values of a row, from before its parenthesis; `false`: it has no end.
fn read_row(lexer: &mut Lexer<'_>, row: &mut Row) -> bool {
    lexer.at += 1;
    loop {
        let end = match read_quickly(lexer, row) {
            Some(end) => Some(end),
            None => value::read(lexer, row),
        };
        match end {
            Some(b',') => {}
            Some(_) => return true,
            None => return false,
        }
    }
}

/// Reads a value that lies whole in the buffer and is plain, and what ends it.
#[inline]
fn read_quickly(lexer: &mut Lexer<'_>, row: &mut Row) -> Option<u8> {
    let buffer = &lexer.buffer;
    let mut at = lexer.at;
    while matches!(buffer.get(at)?, b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    let (dialect, escapes) = (lexer.rules.dialect, lexer.rules.escapes);
    let first = buffer[at];
    let (cell, start) = (if first == b'N' { Cell::Null } else { Cell::Text }, row.text.len());
    let (from, to, next) = match first {
        b'\'' => {
            let from = at + 1;
            let looks = escapes || lexer.rules.is_doubtful;
            let found = if looks { memchr2(b'\'', b'\\', &buffer[from..]) } else { memchr(b'\'', &buffer[from..]) };
            let to = from + found?;
            if buffer[to] == b'\'' && *buffer.get(to + 1)? != b'\'' {
                (from, to, to + 1)
            } else {
                if !escapes && buffer[to] == b'\\' {
                    return None;
                }
                let end = end_of_quoted(buffer, to, b'\'', escapes, false).ok()?;
                let after = *buffer.get(end)?;
                if !matches!(after, b',' | b')') {
                    return None;
                }
                let forms = match (dialect, escapes) {
                    (_, false) => Escapes::None,
                    (Dialect::Postgres, true) => Escapes::Postgres,
                    _ => Escapes::Mysql,
                };
                if lexer.rules.is_doubtful {
                    row.backslashes |= memchr(b'\\', &buffer[from..end]).is_some();
                }
                literal::unescape(&buffer[from..end - 1], b'\'', forms, &mut row.text);
                lexer.at = end + 1;
                row.end(Cell::Text, start);
                return Some(after);
            }
        }
        b'N' if buffer.get(at..at + 4)? == b"NULL" => (at, at, at + 4),
        b'0'..=b'9' | b'-' => {
            let mut to = at + 1;
            while buffer.get(to)?.is_ascii_digit() {
                to += 1;
            }
            if buffer[to] == b'.' && !matches!(dialect, Dialect::Sqlite | Dialect::SqlServer) {
                to += 1;
                while buffer.get(to)?.is_ascii_digit() {
                    to += 1;
                }
            }
            if to == at + 1 && first == b'-' {
                return None;
            }
            (at, to, to)
        }
        _ => return None,
    };
    let end = *buffer.get(next)?;
    if !matches!(end, b',' | b')') {
        return None;
    }
    row.text.extend_from_slice(&buffer[from..to]);
    lexer.at = next + 1;
    row.end(cell, start);
    Some(end)
}
