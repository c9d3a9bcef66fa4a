//! Statements that make and change tables, and others that begin with `CREATE`.

use super::dialect::Dialect;
use super::lexer::Kind;
use super::lexer::Token;
use super::script::Declaration;
use super::script::Guide;
use super::script::KEPT;
use super::script::Script;
use super::table::MOST_COLUMNS;
use super::table::TableName;
use crate::source::view;

/// Words behind which a column's type is over.
const AFTER_TYPE: [&str; 34] = [
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "check",
    "references",
    "collate",
    "generated",
    "as",
    "constraint",
    "auto_increment",
    "autoincrement",
    "identity",
    "comment",
    "charset",
    "on",
    "stored",
    "virtual",
    "persisted",
    "persistent",
    "invisible",
    "key",
    "sparse",
    "rowguidcol",
    "masked",
    "storage",
    "compression",
    "visible",
    "encode",
    "deferrable",
    "options",
    "column_format",
    "first",
];

impl<G: Guide> Script<'_, '_, G> {
    /// `CREATE`, behind this word.
    pub(super) fn create(&mut self, offset: u64) {
        loop {
            let token = self.next();
            match self.word_of(token).as_str() {
                "table" => return self.create_table(offset),
                "view" => return self.create_view(offset),
                "function" | "procedure" | "proc" | "trigger" | "event" | "rule" | "package" | "task" => {
                    return self.body(offset);
                }
                "or" | "replace" | "alter" | "global" | "local" | "temp" | "temporary" | "unlogged" | "foreign" | "virtual"
                | "external" | "materialized" | "recursive" | "constraint" | "definer" | "sql" | "security" | "invoker"
                | "algorithm" | "undefined" | "merge" | "temptable" | "current_user" | "aggregate" | "editionable" | "force"
                | "noneditionable" => {}
                // `DEFINER=`root`@`localhost``
                _ if matches!(token.kind, Kind::Mark(b'=' | b'@') | Kind::Name | Kind::Text) => {}
                word if word.starts_with('@') => {}
                _ => {
                    self.lexer.put_back(token);
                    return self.skip(false, None);
                }
            }
        }
    }

    /// A view, into whose definition rows may be written.
    fn create_view(&mut self, offset: u64) {
        if self.takes("if") {
            self.takes("not");
            self.takes("exists");
        }
        let name = self.table();
        let mut text = b"CREATE VIEW v ".to_vec();
        self.skip(self.state.rules.dialect == Dialect::SqlServer, Some(&mut text));
        let definition = String::from_utf8_lossy(&text);
        let is_placeholder = self.state.rules.dialect == Dialect::Mysql && is_placeholder(&definition);
        if text.len() >= KEPT || (!is_placeholder && view::holds_rows(&definition)) {
            self.unread(
                name.as_ref(),
                "rows are written into the definition of a view, or computed there; they are not read",
                offset,
            );
        }
    }

    fn create_table(&mut self, offset: u64) {
        if self.takes("if") {
            self.takes("not");
            self.takes("exists");
        }
        let Some(name) = self.table() else { return self.skip(false, None) };
        let mut columns = Vec::new();
        if self.takes("partition") {
            self.takes("of");
            if let Some(parent) = self.table() {
                columns = self.guide.columns(&parent);
            }
            self.guide.create(offset, &name, columns);
            return self.skip(false, None);
        }
        if self.takes("like") {
            if let Some(model) = self.table() {
                columns = self.guide.columns(&model);
            }
            self.guide.create(offset, &name, columns);
            return self.skip(false, None);
        }
        // `USING fts5(…)` names columns in a way of its own; without a parenthesis they come from a query.
        if !self.takes_mark(b'(') {
            return self.made_by_query(offset, &name, columns);
        }
        if self.takes("like") {
            if let Some(model) = self.table() {
                columns = self.guide.columns(&model);
            }
            self.rest_of_item();
        } else {
            loop {
                let (column, is_more) = self.column();
                columns.extend(column.filter(|_| columns.len() < MOST_COLUMNS));
                if !is_more {
                    break;
                }
            }
        }
        if self.takes("inherits") && self.takes_mark(b'(') {
            let mut inherited: Vec<Declaration> = Vec::new();
            while let Some(parent) = self.table() {
                for column in self.guide.columns(&parent) {
                    if inherited.iter().all(|known| known.name != column.name) {
                        inherited.push(column);
                    }
                }
                if !self.takes_mark(b',') {
                    break;
                }
            }
            columns.retain(|column| inherited.iter().all(|known| known.name != column.name));
            inherited.append(&mut columns);
            columns = inherited;
        }
        self.made_by_query(offset, &name, columns);
    }

    /// The rest of a statement that makes a table, which may be a query.
    fn made_by_query(&mut self, offset: u64, name: &TableName, columns: Vec<Declaration>) {
        let mut text = Vec::new();
        self.skip(false, Some(&mut text));
        let text = String::from_utf8_lossy(&text);
        let lower = text.to_lowercase();
        if lower.split_whitespace().any(|word| matches!(word, "select" | "values")) && view::holds_rows(&text) {
            self.unread(Some(name), "rows are written into the query that makes a table; they are not read", offset);
        }
        let is_module = lower.starts_with("using ");
        if !is_module && (!columns.is_empty() || !lower.starts_with("as ")) {
            self.guide.create(offset, name, columns);
        }
    }

    /// One of the items between parentheses: a column, or a rule about columns. Whether another follows.
    fn column(&mut self) -> (Option<Declaration>, bool) {
        let token = self.next();
        if matches!(token.kind, Kind::Mark(b')') | Kind::End | Kind::Stop) {
            self.is_cut |= token.kind != Kind::Mark(b')');
            return (None, false);
        }
        let word = self.word_of(token);
        let Some(name) = self.name_part(token) else { return (None, self.rest_of_item().1) };
        if self.is_rule(&word) {
            return (None, self.rest_of_item().1);
        }
        let mut declared_type = String::new();
        let (mut is_over, mut is_generated, mut last) = (false, false, String::new());
        let mut depth = 0_usize;
        loop {
            let token = self.next();
            match token.kind {
                Kind::Mark(b',') if depth == 0 => break,
                Kind::Mark(b')') if depth == 0 => {
                    return (Some(declaration(name, declared_type, is_generated)), false);
                }
                Kind::End | Kind::Stop => {
                    self.is_cut = true;
                    return (Some(declaration(name, declared_type, is_generated)), false);
                }
                Kind::Mark(b'(') => {
                    is_generated |= depth == 0 && last == "as";
                    depth += 1;
                }
                Kind::Mark(b')') => depth -= 1,
                _ => self.look_at(token),
            }
            let word = self.word_of(token);
            is_generated |= depth == 0 && last == "as" && word == "row";
            is_over |= depth == 0 && AFTER_TYPE.contains(&word.as_str());
            is_over |= !declared_type.is_empty() && word == "character";
            if !is_over && declared_type.len() < 200 {
                self.add_to_type(token, &mut declared_type);
            }
            if depth == 0 || !word.is_empty() {
                last = word;
            }
        }
        (Some(declaration(name, declared_type, is_generated)), true)
    }

    fn add_to_type(&self, token: Token, declared_type: &mut String) {
        let text = String::from_utf8_lossy(self.lexer.bytes(token));
        let text = text.trim_matches(['"', '`']).trim_start_matches('[').trim_end_matches(if token.kind == Kind::Name {
            "]"
        } else {
            ""
        });
        let is_mark = matches!(token.kind, Kind::Mark(_)) || declared_type.ends_with(['(', ',', '.', '[']);
        let is_joined = declared_type.is_empty() || is_mark || (declared_type.ends_with(')') && token.kind != Kind::Word);
        if !is_joined {
            declared_type.push(' ');
        }
        if token.is(b'[') {
            declared_type.push('[');
        } else {
            declared_type.push_str(text);
        }
    }

    /// Whether an item that begins with a word is about columns rather than one.
    fn is_rule(&mut self, word: &str) -> bool {
        match word {
            "constraint" | "primary" | "unique" | "foreign" | "check" => true,
            "exclude" | "period" | "like" => {
                let token = self.next();
                let next = self.word_of(token);
                self.lexer.put_back(token);
                matches!(next.as_str(), "using" | "for") || word == "like"
            }
            "fulltext" | "spatial" => self.state.rules.dialect == Dialect::Mysql,
            "key" | "index" => match self.state.rules.dialect {
                Dialect::Mysql => true,
                Dialect::SqlServer => word == "index",
                Dialect::Unknown => {
                    let token = self.next();
                    self.lexer.put_back(token);
                    token.is(b'(') || token.kind == Kind::Name
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Passes over the rest of an item; how many pieces it had, and whether another follows.
    fn rest_of_item(&mut self) -> (usize, bool) {
        let (mut depth, mut count) = (0_usize, 0);
        loop {
            let token = self.next();
            match token.kind {
                Kind::Mark(b',') if depth == 0 => return (count, true),
                Kind::Mark(b')') if depth == 0 => return (count, false),
                Kind::Mark(b'(') => depth += 1,
                Kind::Mark(b')') => depth -= 1,
                Kind::End | Kind::Stop => {
                    self.is_cut = true;
                    return (count, false);
                }
                _ => self.look_at(token),
            }
            count += 1;
        }
    }

    /// `ALTER`, behind this word: what changes the columns of a table.
    pub(super) fn alter(&mut self, offset: u64) {
        self.takes("foreign");
        if !self.takes("table") {
            return self.skip(false, None);
        }
        if self.takes("if") {
            self.takes("exists");
        }
        self.takes("only");
        let Some(name) = self.table() else { return self.skip(false, None) };
        let mut text = Vec::new();
        if !self.takes("add") {
            self.skip(false, Some(&mut text));
            let text = String::from_utf8_lossy(&text).to_lowercase();
            let words: Vec<&str> = text.split_whitespace().take(3).collect();
            let is_change = match words.as_slice() {
                ["drop", "column", ..] | ["rename" | "change", ..] => true,
                ["drop", what, ..] => {
                    !matches!(*what, "constraint" | "primary" | "foreign" | "index" | "key" | "check" | "partition")
                }
                _ => false,
            };
            if is_change && !self.guide.columns(&name).is_empty() {
                self.unread(
                    Some(&name),
                    "columns of the table are renamed or removed in the script; its rows may be read amiss",
                    offset,
                );
            }
            return;
        }
        let is_column = self.takes("column");
        let is_list = self.takes_mark(b'(');
        if self.takes("if") {
            self.takes("not");
            self.takes("exists");
        }
        let token = self.next();
        let word = self.word_of(token);
        let is_rule = !is_column
            && (matches!(
                word.as_str(),
                "index" | "key" | "fulltext" | "spatial" | "generated" | "partition" | "system" | "default"
            ) || self.is_rule(&word));
        let column = self.name_part(token).filter(|_| !is_rule);
        self.skip(false, Some(&mut text));
        let text = String::from_utf8_lossy(&text).to_lowercase();
        let Some(column) = column else { return };
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_elsewhere = words.contains(&"first")
            || words.contains(&"after")
            || words.windows(2).any(|pair| pair[0] == "," && pair[1] == "add");
        if is_elsewhere || is_list {
            self.unread(
                Some(&name),
                "columns are added to the table in a way that is not understood; its rows may be read amiss",
                offset,
            );
        }
        let is_generated = words.windows(2).any(|pair| pair == ["as", "("]);
        let declared_type = words.first().map(|word| (*word).to_owned());
        self.guide.add_columns(offset, &name, vec![Declaration { name: column, declared_type, is_generated }]);
    }
}

fn declaration(name: String, declared_type: String, is_generated: bool) -> Declaration {
    Declaration { name, declared_type: (!declared_type.is_empty()).then_some(declared_type), is_generated }
}

/// Whether a view's definition is that of a place-holder, as `mysqldump` writes it before the view's own: `SELECT 1 AS name, …`, or
/// with `NULL`.
fn is_placeholder(definition: &str) -> bool {
    let lower = definition.to_lowercase();
    let Some((_, list)) = lower.split_once(" select ") else { return false };
    list.split(',').all(|column| {
        let column = column.trim();
        let name = column.strip_prefix("1 as ").or_else(|| column.strip_prefix("null as "));
        // Whatever its name holds, it is a name.
        name.is_some_and(|name| !name.contains(['\'', '(']))
    })
}
