//! The way through a script, statement by statement. It is gone twice: once to learn which tables there are and where their rows stand, and
//! again for the rows of one table. What differs is the [`Guide`].

use super::coding::Coding;
use super::coding::Declared;
use super::coding::declared;
use super::coding::hides_ascii;
use super::dialect::Dialect;
use super::dialect::find_ignoring_case;
use super::lexer::Kind;
use super::lexer::Lexer;
use super::lexer::Rules;
use super::lexer::Token;
use super::passed;
use super::row::Row;
use super::table::Filling;
use super::table::TableName;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::support::progress::Cancel;
use std::sync::Arc;

/// The most bytes of a statement that are kept to be looked at.
pub(super) const KEPT: usize = 4 << 20;

/// What was said before a place of the script, and counts there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) rules: Rules,
    pub(super) coding: Coding,
    /// The encoding that was declared for the whole session.
    session: Coding,
    /// What a person states, or the form of a copy: nothing in the script changes it.
    is_fixed: bool,
    database: Option<String>,
    schema: Option<String>,
}

impl State {
    pub(super) fn new(dialect: Dialect, escapes: bool, coding: Coding, is_fixed: bool) -> Self {
        let rules = Rules { dialect, escapes, is_doubtful: false, delimiter: b";".to_vec() };
        Self { rules, coding, session: coding, is_fixed, database: None, schema: None }
    }

    /// The table that is meant by a name of one part or several.
    fn table(&self, mut parts: Vec<String>) -> TableName {
        let name = parts.pop().unwrap_or_default();
        let last = parts.pop();
        if self.rules.dialect == Dialect::Mysql {
            return TableName { database: last.or_else(|| self.database.clone()), schema: None, name };
        }
        let schema = last.filter(|schema| !schema.is_empty()).or_else(|| self.schema.clone());
        TableName { database: parts.pop().or_else(|| self.database.clone()), schema, name }
    }
}

/// How `COPY` writes its rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CopyForm {
    Text,
    /// With options that are not read.
    Other,
}

/// Who goes through the script.
pub(super) trait Guide {
    /// A statement begins. `false`: it is not wanted any more.
    fn statement(&mut self, offset: u64, state: &State) -> bool;
    /// A table is made, with its columns: name, type, whether its values are computed from others.
    fn create(&mut self, offset: u64, name: &TableName, columns: Vec<Declaration>);
    /// Columns are added to a table.
    fn add_columns(&mut self, offset: u64, name: &TableName, columns: Vec<Declaration>);
    /// A table is removed.
    fn drop_table(&mut self, name: &TableName);
    /// The columns of a table as they are known.
    fn columns(&self, name: &TableName) -> Vec<Declaration>;
    /// A statement with rows begins; `columns` are those that it names.
    fn fill(&mut self, offset: u64, name: &TableName, columns: Option<&[String]>, state: &State) -> Arc<Filling>;
    /// Whether these are rows whose values are wanted.
    fn wants(&self, filling: &Filling) -> bool {
        let _ = filling;
        false
    }
    /// A row begins. `false`: it is not wanted any more.
    fn row_begins(&mut self, offset: u64, filling: &Arc<Filling>, state: &State) -> bool;
    /// A row with so many values was passed over.
    fn passed(&mut self, filling: &Filling, values: usize);
    /// A row breaks off.
    fn broken_row(&mut self, filling: &Filling, offset: u64);
    /// A row was read.
    fn row(&mut self, filling: &Arc<Filling>, row: &mut Row, offset: u64, state: &State) -> Result<(), ReadError>;
    /// The rows of a `COPY`, up to its end or to where they are not wanted any more; whether its end was found.
    fn copy(&mut self, lexer: &mut Lexer<'_>, filling: &Arc<Filling>, state: &State, cancel: &Cancel) -> Result<bool, ReadError>;
    /// Something that is not read, as words for people.
    fn problem(&mut self, code: ProblemCode, object: Option<&TableName>, detail: &str, offset: u64);
    /// A comment.
    fn comment(&mut self, comment: &[u8], offset: u64);
}

/// A column as a script declares it.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) declared_type: Option<String>,
    pub(super) is_generated: bool,
}

/// A script on its way.
pub(super) struct Script<'a, 'g, G> {
    pub(super) lexer: Lexer<'a>,
    pub(super) state: State,
    pub(super) guide: &'g mut G,
    pub(super) cancel: &'g Cancel,
    pub(super) row: Row,
    /// The statement that is being read has no end.
    pub(super) is_cut: bool,
    /// The last statement ended by nothing but the end of the file.
    pub(super) is_unended: bool,
    /// Some statement ended with its delimiter.
    pub(super) has_stops: bool,
    /// The beginning of the last statement with rows as it stands there, up to its rows, and how they go into their table.
    pub(super) known: Option<(Vec<u8>, Arc<Filling>)>,
}

impl<'a, 'g, G: Guide> Script<'a, 'g, G> {
    pub(super) fn new(mut lexer: Lexer<'a>, state: State, guide: &'g mut G, cancel: &'g Cancel) -> Self {
        lexer.rules = state.rules.clone();
        Self { lexer, state, guide, cancel, row: Row::default(), is_cut: false, is_unended: false, has_stops: false, known: None }
    }

    /// Goes through all statements.
    pub(super) fn run(&mut self) -> Result<(), ReadError> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let token = self.next();
            if token.kind == Kind::End {
                return Ok(());
            }
            if token.kind == Kind::Stop {
                continue;
            }
            let offset = self.lexer.offset_of(token);
            self.lexer.put_back(token);
            if !self.guide.statement(offset, &self.state) {
                return Ok(());
            }
            self.statement(offset)?;
            if self.is_cut {
                return Ok(());
            }
        }
    }

    pub(super) fn next(&mut self) -> Token {
        let offset = self.lexer.offset();
        let guide = &mut *self.guide;
        let token = self.lexer.next(|comment| guide.comment(comment, offset));
        if token.is_open {
            self.is_cut = true;
        }
        token
    }

    pub(super) fn word_of(&self, token: Token) -> String {
        if token.kind == Kind::Word {
            String::from_utf8_lossy(self.lexer.bytes(token)).to_ascii_lowercase()
        } else {
            String::new()
        }
    }

    /// Whether the next piece is this word, which is then taken.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let token = self.next();
        let is_word = self.lexer.is_word(token, word);
        if !is_word {
            self.lexer.put_back(token);
        }
        is_word
    }

    pub(super) fn takes_mark(&mut self, mark: u8) -> bool {
        let token = self.next();
        if !token.is(mark) {
            self.lexer.put_back(token);
        }
        token.is(mark)
    }

    /// Something that is not read.
    pub(super) fn unread(&mut self, name: Option<&TableName>, detail: &str, offset: u64) {
        self.guide.problem(ProblemCode::Unsupported, name, detail, offset);
    }

    /// One statement, from its first piece to behind its end.
    fn statement(&mut self, offset: u64) -> Result<(), ReadError> {
        if let Some((head, filling)) = &self.known
            && self.lexer.buffer[self.lexer.at..].starts_with(head)
        {
            let filling = filling.clone();
            self.lexer.at += head.len();
            return self.rows(&filling);
        }
        self.known = None;
        let token = self.next();
        let word = self.word_of(token);
        match word.as_str() {
            "insert" | "replace" => return self.insert(offset, &word),
            "copy" => return self.copy(offset),
            "create" => self.create(offset),
            "alter" => self.alter(offset),
            "set" => self.set(),
            "select" | "values" => self.select(offset, &word),
            "use" => {
                let name = self.name();
                self.state.database = name.and_then(|mut parts| parts.pop());
                self.skip(false, None);
            }
            "drop" => self.drop(),
            "delimiter" => {
                let line = self.lexer.line();
                let mark = line.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default().to_vec();
                self.state.rules.delimiter = if mark.is_empty() { b";".to_vec() } else { mark };
                self.lexer.rules.delimiter.clone_from(&self.state.rules.delimiter);
            }
            // Lines of programs that run scripts.
            "go" | "rem" | "remark" | "prompt" => {
                let line = self.lexer.line();
                self.look_at_line(&line, offset);
            }
            "do" => self.body(offset),
            "delete" => {
                let mut text = Vec::new();
                self.skip(false, Some(&mut text));
                if find_ignoring_case(&text, b" where ").is_some() {
                    self.unread(None, "statements delete rows by what they hold; these are not read", offset);
                }
            }
            "exec" | "execute" | "if" | "declare" | "while" if self.state.rules.dialect == Dialect::SqlServer => {
                self.body(offset);
            }
            "rollback" if self.state.rules.dialect == Dialect::Sqlite => {
                self.guide.problem(
                    ProblemCode::CutShort,
                    None,
                    "the program that wrote the dump met errors, and says that it is not whole",
                    offset,
                );
                self.skip(false, None);
            }
            _ if HARMLESS.contains(&word.as_str()) => self.skip(false, None),
            _ if token.is(b'\\') => self.meta_command(offset),
            // A command of the shell of SQLite, or of Oracle's.
            _ if token.is(b'.') || token.kind == Kind::Word && word.starts_with('@') || token.is(b'!') => {
                let line = self.lexer.line();
                let is_harmless =
                    token.is(b'.') && ![&b"import"[..], b"read", b"load"].iter().any(|start| line.starts_with(start));
                self.look_at_line(&line, offset);
                if !is_harmless {
                    self.unread(None, "rows may come from other files, which the script names; they are not read", offset);
                }
            }
            // The end of a block of Oracle's.
            _ if token.is(b'/') => {}
            "load" | "import" => {
                self.unread(None, "rows come from other files, which the script names; they are not read", offset);
                self.skip(false, None);
            }
            _ => {
                let detail = match word.as_str() {
                    "update" | "merge" | "call" | "execute" | "with" | "prepare" => {
                        format!("statements of the sort {} may hold values; they are not read", word.to_ascii_uppercase())
                    }
                    _ => "statements are not understood, and may hold rows; they are not read".to_owned(),
                };
                self.unread(None, &detail, offset);
                self.skip(false, None);
            }
        }
        Ok(())
    }

    /// Passes over the rest of a statement; its pieces go to `kept`, as far as there is room. In a body, statements lie within the statement.
    pub(super) fn skip(&mut self, is_body: bool, mut kept: Option<&mut Vec<u8>>) {
        let is_server = self.state.rules.dialect == Dialect::SqlServer;
        let nests = is_body && self.state.rules.delimiter == b";";
        let (mut depth, mut count, mut parentheses) = (0_usize, 0_usize, 0_usize);
        loop {
            let token = self.next();
            match token.kind {
                Kind::End => {
                    self.is_unended = true;
                    return;
                }
                Kind::Stop if depth == 0 && (!is_body || (parentheses == 0 && !is_server)) => {
                    self.has_stops = true;
                    return;
                }
                Kind::Mark(b'(') => parentheses += 1,
                Kind::Mark(b')') => parentheses = parentheses.saturating_sub(1),
                // Where an end is missing, rows are not taken for a part of what they follow.
                Kind::Word
                    if !is_body && count > 0 && parentheses == 0 && token.is_first && self.lexer.is_word(token, "insert") =>
                {
                    self.lexer.put_back(token);
                    return;
                }
                Kind::Word if is_server && token.is_first => {
                    let word = self.word_of(token);
                    if word == "go" || (!is_body && count > 0 && parentheses == 0 && STARTERS.contains(&word.as_str())) {
                        self.lexer.put_back(token);
                        return;
                    }
                }
                _ => {}
            }
            if !is_body || is_server {
                self.look_at(token);
            }
            if nests && token.kind == Kind::Word && !is_server {
                match self.word_of(token).as_str() {
                    "begin" | "case" => depth += 1,
                    "end" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            count += 1;
            if let Some(kept) = &mut kept {
                if kept.len() < KEPT {
                    kept.extend_from_slice(self.lexer.bytes(token));
                }
                kept.push(b' ');
            }
        }
    }

    /// Looks at a piece of what is passed over: texts there are given to no scan.
    pub(super) fn look_at(&mut self, token: Token) {
        let bytes = self.lexer.bytes(token);
        let may_be_value = match token.kind {
            Kind::Text | Kind::Escaped | Kind::Dollar | Kind::Quoted | Kind::Name if token.is_long => true,
            Kind::Text | Kind::Escaped | Kind::Dollar => passed::may_be_value(content(bytes)),
            Kind::Quoted if self.state.rules.dialect.has_quoted_texts() => passed::may_be_value(content(bytes)),
            Kind::Quoted | Kind::Name => passed::is_someones(bytes),
            _ => false,
        };
        if may_be_value {
            let offset = self.lexer.offset_of(token);
            self.unread(None, PASSED, offset);
        }
    }

    /// The same for a line.
    fn look_at_line(&mut self, line: &[u8], offset: u64) {
        if passed::may_be_value(line) {
            self.unread(None, PASSED, offset);
        }
    }

    /// A statement with statements in it, which are looked through for rows that are written out.
    pub(super) fn body(&mut self, offset: u64) {
        let mut text = Vec::new();
        self.skip(true, Some(&mut text));
        if text.len() >= KEPT || super::body::holds_rows(&text, &self.state.rules, 0) {
            self.unread(None, "rows are written into functions, triggers or blocks; they are not read", offset);
        }
    }

    /// A name of one part or several; `None` where none stands here.
    pub(super) fn name(&mut self) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        loop {
            let token = self.next();
            let Some(part) = self.name_part(token) else {
                if token.is(b'.') {
                    // `crm..people`
                    parts.push(String::new());
                    continue;
                }
                self.lexer.put_back(token);
                return (!parts.is_empty()).then_some(parts);
            };
            parts.push(part);
            if parts.len() > 8 || !self.takes_mark(b'.') {
                return Some(parts);
            }
        }
    }

    /// The name that a piece is.
    pub(super) fn name_part(&self, token: Token) -> Option<String> {
        let bytes = self.lexer.bytes(token);
        let (quote, inner) = match token.kind {
            Kind::Word => (0, bytes),
            Kind::Quoted | Kind::Name | Kind::Text => (bytes[0], bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default()),
            _ => return None,
        };
        let (text, _) = self.state.coding.decode(inner);
        // Longer ones are no database's.
        let text: String = text.chars().take(1_000).collect();
        Some(match quote {
            0 if self.state.rules.dialect == Dialect::Postgres => text.to_lowercase(),
            0 => text,
            b'[' => text.replace("]]", "]"),
            quote => {
                let quote = char::from(quote);
                text.replace(&format!("{quote}{quote}"), &quote.to_string())
            }
        })
    }

    /// The table of a name.
    pub(super) fn table(&mut self) -> Option<TableName> {
        self.name().map(|parts| self.state.table(parts))
    }

    fn drop(&mut self) {
        if self.takes("table") {
            if self.takes("if") {
                self.takes("exists");
            }
            loop {
                if let Some(name) = self.table() {
                    self.guide.drop_table(&name);
                }
                if !self.takes_mark(b',') {
                    break;
                }
            }
        }
        self.skip(false, None);
    }

    /// `SELECT`: of functions that set something, or of rows that are written out.
    fn select(&mut self, offset: u64, word: &str) {
        let mut text = format!("{word} ").into_bytes();
        self.skip(false, Some(&mut text));
        let text = String::from_utf8_lossy(&text).to_lowercase();
        let compact: String =
            text.chars().filter(|character| !character.is_whitespace() && *character != '"').take(200).collect();
        let called = compact.strip_prefix("select").unwrap_or_default();
        let called = called.strip_prefix("pg_catalog.").unwrap_or(called);
        if called.starts_with("set_config(") {
            let mut quoted = text.split('\'');
            if quoted.nth(1) == Some("search_path") {
                let path = quoted.nth(1).unwrap_or_default().split(',').next().unwrap_or_default().trim();
                self.state.schema = (!path.is_empty()).then(|| path.to_owned());
            }
        } else if called.starts_with("lo") && ["lo_", "lowrite("].iter().any(|start| called.starts_with(start)) {
            if called.starts_with("lo_open(") || called.starts_with("lo_from_bytea(") {
                self.unread(None, "large objects are not read", offset);
            }
        } else if !called.starts_with("setval(") && (text.len() >= KEPT || crate::source::view::holds_rows(&text)) {
            self.unread(None, "statements of the sort SELECT hold values; they are not read", offset);
        }
    }

    /// `SET`: what is said about escapes, encodings and the path to tables.
    fn set(&mut self) {
        let mut text = Vec::new();
        self.skip(false, Some(&mut text));
        text.truncate(1 << 16);
        let text = String::from_utf8_lossy(&text).into_owned();
        // Several settings may stand in one statement.
        let mut depth = 0_usize;
        let parts = text.split(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == ',' && depth == 0
        });
        let parts: Vec<&str> =
            if text.to_lowercase().trim_start().starts_with("search_path") { vec![&text] } else { parts.collect() };
        let mut last = String::new();
        for part in parts {
            let words: Vec<&str> = part.split([' ', '=']).filter(|word| !word.is_empty()).collect();
            let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            let skipped = lower
                .iter()
                .take_while(|word| matches!(word.as_str(), "session" | "local" | "@" | "global" | "@@session" | "."))
                .count();
            let (words, lower) = (&words[skipped..], &lower[skipped..]);
            let value = |place: usize| lower.get(place).map_or("", |word| word.trim_matches(['\'', '"'])).to_owned();
            let name =
                lower.first().map(|word| word.trim_start_matches("@@session.").trim_start_matches("@@")).unwrap_or_default();
            match name {
                "standard_conforming_strings" => {
                    self.escape(matches!(value(lower.len() - 1).as_str(), "off" | "false" | "0" | "no"));
                }
                "sql_mode" => {
                    "sql_mode".clone_into(&mut last);
                    self.sql_mode(part);
                }
                "names" => self.declare(&value(1), true),
                "client_encoding" => self.declare(&value(lower.len() - 1), true),
                "character_set_client" => {
                    let value = value(lower.len() - 1);
                    if value.starts_with('@') {
                        if !self.state.is_fixed {
                            self.state.coding = self.state.session;
                        }
                    } else {
                        self.declare(&value, false);
                    }
                }
                "search_path" => {
                    let place = usize::from(lower.get(1).is_some_and(|word| word == "to")) + 1;
                    let path = words.get(place).map_or("", |word| word.trim_matches(['\'', '"', ',']));
                    self.state.schema = (!path.is_empty()).then(|| path.to_owned());
                }
                _ if last == "sql_mode" => self.sql_mode_adds(part),
                _ => {}
            }
        }
    }

    fn escape(&mut self, escapes: bool) {
        self.state.rules.escapes = escapes;
        self.lexer.rules.escapes = escapes;
    }

    /// A mode of MySQL's that is set. One that is put back is taken for the usual.
    fn sql_mode(&mut self, part: &str) {
        self.escape(find_ignoring_case(part.as_bytes(), b"NO_BACKSLASH_ESCAPES").is_none());
    }

    fn sql_mode_adds(&mut self, part: &str) {
        if find_ignoring_case(part.as_bytes(), b"NO_BACKSLASH_ESCAPES").is_some() {
            self.escape(false);
        }
    }

    /// The encoding that texts have from here on.
    fn declare(&mut self, name: &str, is_session: bool) {
        if self.state.is_fixed || name == "default" {
            return;
        }
        let offset = self.lexer.offset();
        let coding = match declared(name, self.state.rules.dialect) {
            Declared::Known(encoding) if hides_ascii(encoding) => {
                let detail = "an encoding is declared in the midst of the script that cannot be read from there on";
                return self.guide.problem(ProblemCode::AmbiguousEncoding, None, detail, offset);
            }
            Declared::Known(encoding) => Coding { encoding, is_declared: true },
            Declared::Bytes => return,
            Declared::Unknown => {
                let detail = "the script declares an encoding that this program does not know; it was read as UTF-8";
                return self.guide.problem(ProblemCode::AmbiguousEncoding, None, detail, offset);
            }
        };
        self.state.coding = coding;
        if is_session {
            self.state.session = coding;
        }
    }

    /// A line for `psql`.
    fn meta_command(&mut self, offset: u64) {
        let line = String::from_utf8_lossy(&self.lexer.line()).into_owned();
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match command {
            "connect" | "c" => {
                let name = rest.split_whitespace().next_back().unwrap_or_default().trim_matches('"');
                let name = name.strip_prefix("dbname=").unwrap_or(name).trim_matches('\'');
                self.state.database = Some(name.to_owned());
                self.state.schema = None;
            }
            "encoding" => self.declare(rest.trim(), true),
            "i" | "ir" | "include" | "include_relative" | "copy" | "lo_import" => {
                self.unread(None, "rows come from other files, which the script names; they are not read", offset);
            }
            // A word made up at random.
            "restrict" | "unrestrict" => {}
            _ => self.look_at_line(rest.as_bytes(), offset),
        }
    }
}

/// What is said of texts that are passed over, and look like values of somebody's.
const PASSED: &str = "statements that bring no rows hold texts that may be values of rows; they are not read";

/// What a piece holds between its quotes.
fn content(bytes: &[u8]) -> &[u8] {
    let from = bytes.iter().position(|byte| matches!(byte, b'\'' | b'"' | b'$')).map_or(0, |at| at + 1);
    bytes.get(from..bytes.len().saturating_sub(1)).unwrap_or_default()
}

/// First words of statements that hold no rows.
const HARMLESS: [&str; 57] = [
    "abort",
    "alter",
    "analyze",
    "analyse",
    "backup",
    "begin",
    "change",
    "check",
    "checkpoint",
    "close",
    "cluster",
    "comment",
    "commit",
    "connect",
    "deallocate",
    "deny",
    "discard",
    "define",
    "dbcc",
    "end",
    "exit",
    "explain",
    "flush",
    "grant",
    "kill",
    "listen",
    "lock",
    "notify",
    "off",
    "open",
    "optimize",
    "pragma",
    "print",
    "purge",
    "quit",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "rename",
    "reset",
    "repair",
    "restore",
    "revoke",
    "rollback",
    "savepoint",
    "security",
    "set",
    "show",
    "spool",
    "start",
    "stop",
    "truncate",
    "undefine",
    "unlock",
    "vacuum",
    "whenever",
];

/// First words of statements before which no end need stand, in a dialect that asks for none.
const STARTERS: [&str; 18] = [
    "insert", "set", "create", "alter", "use", "print", "if", "exec", "execute", "drop", "update", "delete", "grant", "declare",
    "begin", "end", "commit", "truncate",
];
