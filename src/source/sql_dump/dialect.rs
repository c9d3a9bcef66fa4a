//! Whether a text is a script of SQL, and in whose dialect: by what the programs that write dumps put at their beginning.

/// Bytes at the beginning by which a dialect is told.
pub(super) const EVIDENCE: usize = 1 << 20;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
    Sqlite,
    SqlServer,
    /// Anybody's.
    Unknown,
}

impl Dialect {
    /// The name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Dialect::Postgres => "PostgreSQL",
            Dialect::Mysql => "MySQL or MariaDB",
            Dialect::Sqlite => "SQLite",
            Dialect::SqlServer => "SQL Server",
            Dialect::Unknown => "not told by anything",
        }
    }

    pub(super) fn has_escape_texts(self) -> bool {
        matches!(self, Dialect::Postgres | Dialect::Unknown)
    }

    /// Whether a bracket before this byte opens a name.
    pub(super) fn has_brackets(self, next: Option<u8>) -> bool {
        match self {
            Dialect::SqlServer => true,
            Dialect::Sqlite | Dialect::Unknown => next.is_some_and(|next| next.is_ascii_alphabetic() || next == b'_'),
            Dialect::Postgres | Dialect::Mysql => false,
        }
    }

    /// Whether two dashes before this byte begin a comment. In one dialect a number may follow them.
    pub(super) fn is_dash_comment(self, next: Option<u8>) -> bool {
        self != Dialect::Mysql || next.is_none_or(|next| next.is_ascii_whitespace() || next.is_ascii_control())
    }

    pub(super) fn has_hash_comments(self) -> bool {
        self == Dialect::Mysql
    }

    pub(super) fn has_dollars(self) -> bool {
        matches!(self, Dialect::Postgres | Dialect::Unknown)
    }

    pub(super) fn has_quoted_texts(self) -> bool {
        matches!(self, Dialect::Mysql | Dialect::Unknown)
    }

    /// Whether there are comments whose content is executed.
    pub(super) fn has_executed(self) -> bool {
        matches!(self, Dialect::Mysql | Dialect::Unknown)
    }

    /// The length of what opens a comment that is executed: `/*!40101` or `/*M!100100`. A version that will never be is a comment.
    pub(super) fn executed(self, text: &[u8]) -> Option<usize> {
        if !self.has_executed() {
            return None;
        }
        let opening = [&b"/*!"[..], b"/*M!"].into_iter().find(|opening| text.starts_with(opening))?.len();
        let digits = text[opening..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        (text[opening..opening + digits] != *b"999999").then_some(opening + digits)
    }

    /// Told by the lines at the beginning, of which the first that speaks for one counts.
    pub(super) fn tell(head: &[u8]) -> Dialect {
        head.split(|byte| *byte == b'\n').find_map(of_line).unwrap_or(Dialect::Unknown)
    }
}

/// The dialect that a line speaks for.
fn of_line(line: &[u8]) -> Option<Dialect> {
    let line = line.trim_ascii();
    let line = &line[..line.len().min(400)];
    let has = |word: &str| find_ignoring_case(line, word.as_bytes()).is_some();
    let begins = |word: &str| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    if line.starts_with(b"--") || line.starts_with(b"#") || (line.starts_with(b"/*") && !line.starts_with(b"/*!")) {
        let names: [(&str, Dialect); 11] = [
            ("PostgreSQL database", Dialect::Postgres),
            ("MySQL dump", Dialect::Mysql),
            ("MariaDB dump", Dialect::Mysql),
            ("MySQL Server", Dialect::Mysql),
            ("MySQL database dump", Dialect::Mysql),
            ("phpMyAdmin", Dialect::Mysql),
            ("Adminer", Dialect::Mysql),
            ("HeidiSQL", Dialect::Mysql),
            ("/*M!", Dialect::Mysql),
            ("SQLite", Dialect::Sqlite),
            ("Script Date:", Dialect::SqlServer),
        ];
        return names.into_iter().find(|(name, _)| has(name)).map(|(_, dialect)| dialect);
    }
    if line.starts_with(b"/*!") || begins("LOCK TABLES ") || begins("DELIMITER ") || has("ENGINE=") || has("AUTO_INCREMENT") {
        return Some(Dialect::Mysql);
    }
    let is_statement = ["INSERT ", "REPLACE ", "CREATE ", "USE ", "DROP ", "ALTER "].iter().any(|word| begins(word));
    if is_statement || line.starts_with(b"`") || line.starts_with(b"[") {
        // What stands in quotes of a text says nothing.
        let before_texts = line.split(|byte| *byte == b'\'').next().unwrap_or_default();
        if before_texts.contains(&b'`') {
            return Some(Dialect::Mysql);
        }
        if find_ignoring_case(before_texts, b"[dbo]").is_some() || (is_statement && has_bracket_name(before_texts)) {
            return Some(Dialect::SqlServer);
        }
    }
    let is_postgres = begins("\\connect ")
        || begins("\\restrict ")
        || begins("SET client_encoding")
        || begins("SET standard_conforming_strings")
        || begins("SET search_path")
        || begins("SELECT pg_catalog.")
        || (begins("COPY ") && has(" FROM stdin"))
        || (begins("ALTER ") && has(" OWNER TO "));
    if is_postgres {
        return Some(Dialect::Postgres);
    }
    let is_mysql = begins("SET NAMES ") || begins("SET SQL_MODE") || begins("SET FOREIGN_KEY_CHECKS") || begins("SET @@");
    if is_mysql {
        return Some(Dialect::Mysql);
    }
    if begins("PRAGMA ") || begins("BEGIN TRANSACTION;") || has("AUTOINCREMENT") {
        return Some(Dialect::Sqlite);
    }
    let is_server =
        begins("SET ANSI_NULLS") || begins("SET QUOTED_IDENTIFIER") || begins("SET IDENTITY_INSERT") || begins("SET NOCOUNT");
    (is_server || line.eq_ignore_ascii_case(b"GO")).then_some(Dialect::SqlServer)
}

/// Where a word in ASCII stands, in any case.
pub(super) fn find_ignoring_case(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window.eq_ignore_ascii_case(word))
}

/// Whether a name stands between brackets.
fn has_bracket_name(line: &[u8]) -> bool {
    line.windows(2).any(|pair| pair[0] == b'[' && (pair[1].is_ascii_alphabetic() || pair[1] == b'_')) && line.contains(&b']')
}

/// Words with which statements of a dump begin, in lower case.
const STARTS: [&str; 24] = [
    "create table ",
    "create database ",
    "create schema ",
    "insert into ",
    "insert ignore ",
    "insert [",
    "replace into ",
    "drop table ",
    "drop database ",
    "alter table ",
    "begin;",
    "begin transaction",
    "start transaction",
    "copy ",
    "set ",
    "pragma ",
    "lock tables ",
    "use `",
    "use [",
    "delimiter ",
    "\\connect ",
    "\\restrict ",
    "rem inserting ",
    "/*!",
];

/// Whether a text, in bytes that are ASCII where its characters are, is a script of SQL: its first line that is no comment begins a statement.
pub(in crate::source) fn is_sql(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let (mut is_commented, mut in_comment) = (false, false);
    for line in text.split(|byte| *byte == b'\n').take(2_000) {
        let line = line.trim_ascii();
        if in_comment {
            in_comment = !line.windows(2).any(|pair| pair == b"*/");
            continue;
        }
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b"--") || (line.starts_with(b"/*") && !line.starts_with(b"/*!")) || is_hash_comment(line) {
            in_comment = line.starts_with(b"/*") && !line.windows(2).any(|pair| pair == b"*/");
            is_commented = true;
            continue;
        }
        let start = String::from_utf8_lossy(&line[..line.len().min(40)]).to_lowercase();
        let begins = STARTS.iter().any(|word| start.starts_with(word));
        let is_statement = begins && (is_commented || line.contains(&b'(') || line.ends_with(b";") || start.starts_with("rem "));
        let is_alone = line.contains(&b'[') && begins || start == "go";
        return is_statement || is_alone && has_row_statement(text) || has_row_statement(text);
    }
    is_commented
}

/// A hash and a blank, as `phpMyAdmin` once wrote them.
fn is_hash_comment(line: &[u8]) -> bool {
    line == b"#" || line.starts_with(b"# ") && find_ignoring_case(line, b"sql").is_some()
}

fn has_row_statement(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(is_row_statement)
}

/// Whether a line, wherever it stands, begins a statement that makes a table or fills one.
fn is_row_statement(line: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&line[..line.len().min(40)]).trim_start().to_lowercase();
    let makes = ["insert into ", "replace into ", "create table ", "insert ["].iter().any(|word| start.starts_with(word));
    makes && line.contains(&b'(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_are_told_by_their_first_word() {
        for (text, dialect) in [
            ("--\n-- PostgreSQL database dump\n--\n", Dialect::Postgres),
            ("-- MariaDB dump 10.19  Distrib\n", Dialect::Mysql),
            ("/*M!999999\\- enable the sandbox mode */ \n", Dialect::Mysql),
            ("INSERT INTO `a` VALUES (1);\n", Dialect::Mysql),
            ("PRAGMA foreign_keys=OFF;\n", Dialect::Sqlite),
            ("INSERT [dbo].[people] ([id]) VALUES (1)\nGO\n", Dialect::SqlServer),
            ("INSERT INTO a VALUES (1, '`x` [y] ENGINE');\n", Dialect::Unknown),
            ("COPY a (b) FROM stdin;\n1\n\\.\n", Dialect::Postgres),
        ] {
            assert_eq!(Dialect::tell(text.as_bytes()), dialect, "{text}");
        }
    }

    #[test]
    fn scripts_are_told_from_tables() {
        for text in [
            "-- dump\nCREATE TABLE a (b text);\n",
            "INSERT INTO a VALUES (1);\n",
            "/* only */\n-- comments\n",
            "/*\n SQL of somebody\n*/\nINSERT INTO a (b)\nVALUES (1);",
            "USE [crm]\nGO\nINSERT [dbo].[people] ([id]) VALUES (1)\n",
            "\\restrict abc\n\nSET x = 1;\nINSERT INTO a VALUES (1);\n",
        ] {
            assert!(is_sql(text.as_bytes()), "{text}");
        }
        for text in ["set,copy\n1,2\n", "name,born\nann,1980\n", "copy that\nset\n", "# a\nb\n", ""] {
            assert!(!is_sql(text.as_bytes()), "{text}");
        }
    }
}
