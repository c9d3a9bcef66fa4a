//! A `SQLite` database file, read in one read transaction that is held from opening to the end.
//!
//! All ordinary tables are read, the shadow tables of virtual tables among them. A view is read where rows are written into its own
//! definition (see `view`); any other is listed and not read, since it only shows what its tables hold. Virtual tables are listed as
//! unsupported. Of `SQLite`'s own tables, `sqlite_sequence` and `sqlite_stat1` hold no values of rows and are left out, whereas
//! `sqlite_stat4` keeps samples of indexed values: they are read (see `sample`).
//!
//! Nothing is written beside the database where that can be avoided: with an open log `SQLite` needs its `-shm`, which it makes if it is not there. A database in WAL mode without a `-wal` file is in nobody's use
//! and is opened as immutable, because `SQLite` would create files otherwise; that nobody wrote to it meanwhile is checked at the end.
//!
//! Damage need not show in any row: the structure of the file is checked when its digest is taken (see `check`), and what was found is
//! told with the recheck.

mod catalogue;
mod cell;
mod check;
#[cfg(test)]
mod damage;
mod places;
mod sample;
mod wal;

use super::Consistency;
use super::Extent;
use super::Identity;
use super::Inventory;
use super::Locator;
use super::Object;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Session;
use super::Sink;
use super::Split;
use super::SplitReport;
use super::batch::Counts;
use super::batch::Feed;
use super::file::OpenedFile;
use super::file::io_reason;
use super::unpack::NotKept;
use crate::support::hex;
use crate::support::progress::Cancel;
use cell::push;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::types::ValueRef;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: u32 = 1_024;

/// Steps of `SQLite`'s machine between two looks at the cancel token, for statements that give no row for long.
const STEPS_PER_LOOK: i32 = 1_000_000;

/// How the rows of an object are asked for.
enum Reading {
    /// With the row id under this alias, where the table has one.
    Table(Option<&'static str>),
    /// As the samples of the index of this name.
    Samples(String),
}

/// An opened database.
pub(super) struct SqliteSession {
    file: OpenedFile,
    identity: Identity,
    inventory: Inventory,
    /// For each object, how it is read.
    readings: Vec<Reading>,
    is_immutable: bool,
    wal: PathBuf,
    /// What the check of the structure found, once it was made.
    faults: OnceLock<Vec<Problem>>,
    connection: Mutex<Connection>,
}

impl SqliteSession {
    /// Opens the database and begins its read transaction.
    pub(super) fn open(file: OpenedFile) -> Result<Self, Problem> {
        let name = file.name().to_owned();
        let unreadable = |reason: String| Problem::of_source(ProblemCode::Unreadable, &name, reason);
        // A database that was piped or unpacked becomes a file first: SQLite asks for a path.
        let not_kept = |error| {
            let detail = format!("it could not be copied into {}", NotKept::new(error).words());
            Problem::of_source(ProblemCode::ReadFailed, &name, detail)
        };
        let file = file.with_path().map_err(not_kept)?;
        let Some(path) = file.path() else { return Err(unreadable("the file has no path".to_owned())) };
        let path = path.canonicalize().map_err(|error| unreadable(io_reason(&error)))?;
        let head = file.head(20).map_err(|error| unreadable(io_reason(&error)))?;
        let is_wal = head.get(18..20) == Some(&[2, 2]);
        let wal = beside(&path, "-wal");
        let is_unused = !wal.exists() || (is_empty(&wal) && !beside(&path, "-shm").exists());
        // A journal of a transaction that broke off has to be seen, which an immutable database would not do.
        let is_immutable = is_wal && is_unused && !beside(&path, "-journal").exists();
        let is_damaged = wal.exists() && wal::is_damaged(&wal).map_err(|error| unreadable(io_reason(&error)))?;
        let connection = connect(&path, is_immutable).map_err(|error| {
            let is_for_log = is_wal && !is_immutable && error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen);
            let log = "it has an open log, beside which SQLite writes a file (`-shm`): copy the database and its `-wal` to a folder that this account may write to";
            unreadable(if is_for_log { log.to_owned() } else { reason(&error) })
        })?;
        let mut facts = file.facts();
        for (key, pragma) in [("encoding", "encoding"), ("applicationId", "application_id")] {
            let value = connection.pragma_query_value(None, pragma, |row| {
                Ok(match row.get_ref(0)? {
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    _ => String::new(),
                })
            });
            facts.push((key.to_owned(), value.map_err(|error| unreadable(reason(&error)))?));
        }
        let (mut inventory, readings) = catalogue::list(&connection, &name).map_err(|error| unreadable(reason(&error)))?;
        let mut problem = |code, detail: &str| inventory.problems.push(Problem::of_source(code, &name, detail));
        if is_damaged {
            problem(ProblemCode::CutShort, "the write-ahead log is damaged; what was written after the damage is not read");
        }
        if is_immutable && file.has_other_names() {
            let detail = "the file has other names, beside which a write-ahead log may lie that is not read";
            problem(ProblemCode::Unsupported, detail);
        }
        // With a log, the file may be longer than what is seen of it.
        if (is_immutable || !is_wal) && check::goes_on(&connection, &file).map_err(|error| unreadable(io_reason(&error)))? {
            problem(ProblemCode::UnknownFormat, "bytes stand behind the end of the database, and were not read");
        }
        let identity = Identity { kind: "sqlite".into(), name, facts };
        let (faults, connection) = (OnceLock::new(), Mutex::new(connection));
        Ok(Self { file, identity, inventory, readings, is_immutable, wal, faults, connection })
    }

    /// What the check of the structure finds. It is made once.
    fn faults(&self, cancel: &Cancel) -> Result<&[Problem], ReadError> {
        if let Some(faults) = self.faults.get() {
            return Ok(faults);
        }
        let mut connection = self.connection();
        watch(&mut connection, cancel);
        let problem = |detail: String| Problem::of_source(ProblemCode::ReadFailed, self.file.name(), detail);
        let mut faults = Vec::new();
        match check::is_sound(&connection) {
            Ok(true) => {}
            Ok(false) => faults.push(problem("the database is damaged, so that rows may be missing".to_owned())),
            Err(error) => faults.push(problem(format!("the database cannot be checked for damage: {}", reason(&error)))),
        }
        match check::disagreeing_indexes(&connection) {
            Ok(indexes) => faults.extend(indexes.into_iter().map(|(table, index)| {
                let detail = format!("the index {index} holds other entries than its table, and is not read");
                problem(detail).in_object(&table)
            })),
            Err(error) => faults.push(problem(format!("the indexes cannot be checked: {}", reason(&error)))),
        }
        drop(connection);
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        Ok(self.faults.get_or_init(|| faults))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A reader that panicked leaves the connection as good as it was: it is only read from.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self, object: usize) -> Result<&Object, ReadError> {
        self.inventory.objects.get(object).filter(|object| object.access.is_readable()).ok_or(ReadError::UnknownSplit)
    }
}

impl Session for SqliteSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        Consistency::OneConnection
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, _wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let known = self.inventory.objects.get(object).ok_or(ReadError::UnknownSplit)?;
        Ok(known.access.is_readable().then_some(Split { object, index: 0, extent: Extent::Whole }).into_iter().collect())
    }

    fn samples(&self, object: usize, rows: u64, cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let whole = self.splits(object, 1, cancel)?;
        let Ok(known) = self.readable(object) else { return Ok(whole) };
        let Reading::Table(Some(row_id)) = &self.readings[object] else { return Ok(whole) };
        if known.rows_expected.is_some_and(|expected| expected <= rows) {
            return Ok(whole);
        }
        // What stands in the way of the places stands in the way of the whole, which says so.
        let ranges = places::ranges(&self.connection(), &known.name, row_id, rows).unwrap_or_default();
        let split = |(index, (first, last))| Split { object, index, extent: Extent::RowIds { first, last } };
        Ok(if ranges.is_empty() { whole } else { ranges.into_iter().enumerate().map(split).collect() })
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let object = self.readable(split.object)?;
        let reading = &self.readings[split.object];
        let row_ids = match (&split.extent, reading) {
            (Extent::Whole, _) => None,
            (Extent::RowIds { first, last }, Reading::Table(Some(_))) => Some((*first, *last)),
            _ => return Err(ReadError::UnknownSplit),
        };
        let mut feed = Feed::new(sink);
        let mut binary = Counts::default();
        let mut connection = self.connection();
        watch(&mut connection, cancel);
        let broken = match step(&connection, object, reading, row_ids, &mut feed, &mut binary, cancel) {
            Ok(()) => None,
            Err(StepError::Read(error)) => return Err(error),
            Err(StepError::Sqlite(_)) if cancel.is_cancelled() => return Err(ReadError::Cancelled),
            Err(StepError::Sqlite(error)) => Some(error),
        };
        drop(connection);
        let source = self.file.name();
        let column = |index: usize| object.columns.get(index).map(|column| column.name.clone()).unwrap_or_default();
        let mut report = feed.finish(source, &object.name, column)?;
        let problem = |code, detail: String| Problem::of_source(code, source, detail).in_object(&object.name);
        report.problems.extend(binary.iter().map(|(index, count)| {
            let detail = "cells hold bytes that are not text and were not read".to_owned();
            problem(ProblemCode::BinaryCells, detail).in_column(&column(index)).counted(count)
        }));
        report.problems.extend(broken.map(|error| problem(ProblemCode::ReadFailed, reason(&error))));
        Ok(report)
    }

    /// Writers do not disturb the snapshot, so that only its loss is drift.
    fn recheck(&self) -> Vec<Problem> {
        let changed = |detail: &str| Problem::of_source(ProblemCode::ChangedWhileRead, self.file.name(), detail);
        // Interrupted by nobody, this is never an error.
        let mut problems = self.faults(&Cancel::default()).map(<[Problem]>::to_vec).unwrap_or_default();
        if self.connection().is_autocommit() {
            problems.push(changed("the read transaction ended before the reading did"));
        }
        if self.is_immutable {
            problems.extend(self.file.recheck());
            if self.wal.exists() && !is_empty(&self.wal) {
                problems.push(changed("another program began to use the database while it was read"));
            }
        } else if self.file.is_replaced() {
            problems.push(changed("the database was replaced or removed while it was read"));
        }
        problems
    }

    /// The whole file goes by here, and meanwhile its structure is checked, where that can be interrupted.
    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        let (faults, digest) = rayon::join(|| self.faults(cancel).map(drop), || self.file.digest(cancel));
        faults.and(digest).map(Some)
    }
}

/// Why stepping through a table ended early.
enum StepError {
    Read(ReadError),
    Sqlite(rusqlite::Error),
}

impl From<ReadError> for StepError {
    fn from(error: ReadError) -> Self {
        StepError::Read(error)
    }
}

impl From<rusqlite::Error> for StepError {
    fn from(error: rusqlite::Error) -> Self {
        StepError::Sqlite(error)
    }
}

/// Hands over every row of an object, or those between two row ids, both included.
fn step(
    connection: &Connection,
    object: &Object,
    reading: &Reading,
    row_ids: Option<(i64, i64)>,
    feed: &mut Feed<'_>,
    binary: &mut Counts,
    cancel: &Cancel,
) -> Result<(), StepError> {
    let query = match reading {
        Reading::Table(row_id) => table_query(object, *row_id, row_ids.is_some()),
        Reading::Samples(_) => sample::QUERY.to_owned(),
    };
    let mut statement = connection.prepare(&query)?;
    let mut rows = match (reading, row_ids) {
        (Reading::Table(_), None) => statement.query([])?,
        (Reading::Table(_), Some((first, last))) => statement.query([first, last])?,
        (Reading::Samples(index), _) => statement.query([index])?,
    };
    let (mut number, mut until_look) = (Vec::with_capacity(32), 0);
    while let Some(row) = rows.next()? {
        if until_look == 0 {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled.into());
            }
            until_look = ROWS_PER_LOOK;
        }
        until_look -= 1;
        let mut locator = Locator::None;
        match reading {
            Reading::Table(row_id) => {
                let first = usize::from(row_id.is_some());
                if first > 0 {
                    locator = row.get_ref(0)?.as_i64().map_or(Locator::None, Locator::RowId);
                }
                for column in 0..object.columns.len() {
                    push(&mut feed.batch, column, row.get_ref(first + column)?, &mut number, binary);
                }
            }
            Reading::Samples(_) => {
                let record = row.get_ref(0)?;
                match record.as_bytes().ok().and_then(sample::values) {
                    Some(values) => values.into_iter().enumerate().for_each(|(column, value)| {
                        push(&mut feed.batch, column, value, &mut number, binary);
                    }),
                    None => push(&mut feed.batch, 0, ValueRef::Blob(&[0xff]), &mut number, binary),
                }
            }
        }
        feed.batch.end_row(locator);
        feed.row_done()?;
    }
    Ok(())
}

/// Names every column, and reads the table itself: an index might cover the columns, and differ from the table in a damaged file.
fn table_query(object: &Object, row_id: Option<&str>, is_part: bool) -> String {
    let columns = object.columns.iter().map(|column| {
        // A column that cannot be computed keeps its place.
        if column.access.is_readable() { quoted(&column.name) } else { "NULL".to_owned() }
    });
    let selected: Vec<_> = row_id.map(str::to_owned).into_iter().chain(columns).collect();
    let part = row_id.filter(|_| is_part).map(|row_id| format!(" WHERE {row_id} BETWEEN ?1 AND ?2"));
    format!("SELECT {} FROM main.{} NOT INDEXED{}", selected.join(", "), quoted(&object.name), part.unwrap_or_default())
}

/// Opens a connection that cannot write and begins its read transaction.
fn connect(path: &Path, is_immutable: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if is_immutable {
        Connection::open_with_flags(immutable_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    connection.busy_timeout(PATIENCE)?;
    // Orders of the application's own are not needed to read every row, only for the statement to be accepted.
    connection.collation_needed(|connection, name| connection.create_collation(name, str::cmp))?;
    connection.execute_batch(
        "PRAGMA query_only = on; PRAGMA trusted_schema = off; PRAGMA cell_size_check = on; PRAGMA temp_store = memory;
         PRAGMA ignore_check_constraints = on; BEGIN",
    )?;
    // The transaction begins with its first read.
    connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Lets a cancelled job end a statement that gives no row. It holds for the statements that follow, until another job takes its place.
fn watch(connection: &mut Connection, cancel: &Cancel) {
    let cancel = cancel.clone();
    // Without it such a statement runs to its own end.
    let _ = connection.progress_handler(STEPS_PER_LOOK, Some(move || cancel.is_cancelled()));
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(*byte)),
            _ => {
                uri.push('%');
                uri.push_str(&hex::encode(&[*byte]));
            }
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What `SQLite` says, by its code alone: its messages may quote values.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, _) | rusqlite::Error::SqlInputError { error: code, .. } => {
            code.to_string().to_lowercase()
        }
        _ => "sqlite gave an answer of an unexpected kind".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::super::ObjectKind;
    use super::*;
    use crate::source::testing::Collect;
    use crate::source::testing::Row;
    use crate::source::testing::codes;
    use crate::source::testing::read_all;
    use tempfile::TempDir;

    fn database(statements: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm 100%.db");
        Connection::open(&path).unwrap().execute_batch(statements).unwrap();
        (folder, path)
    }

    fn open_path(path: &Path) -> Result<SqliteSession, Problem> {
        SqliteSession::open(OpenedFile::open("crm.db", path).unwrap())
    }

    fn place(session: &SqliteSession, name: &str) -> usize {
        session.inventory.objects.iter().position(|object| object.name == name).unwrap()
    }

    fn row(cells: &[&str]) -> Row {
        cells.iter().map(|cell| Some((*cell).to_owned())).collect()
    }

    #[test]
    fn reads_every_sort_of_table_and_value() {
        let (_folder, path) = database(
            "CREATE TABLE v (a, b INTEGER PRIMARY KEY);
             INSERT INTO v VALUES ('x', 5), (NULL, 6), (9223372036854775807, 7), (0.1, 8), (7700900123.0, 9), (1e300, 10), (x'c3a9', 11);
             CREATE TABLE w (k TEXT, n, PRIMARY KEY (n, k)) WITHOUT ROWID; INSERT INTO w VALUES ('a', 1);
             CREATE TABLE \"odd \"\" name\" (\"select\" TEXT, \"a\"\"b\"); INSERT INTO \"odd \"\" name\" VALUES ('s', 't');
             CREATE TABLE g (a, b AS (a || '!'), c AS (a || '?') STORED); INSERT INTO g (a) VALUES ('x');
             CREATE TABLE r (rowid, _rowid_, oid); INSERT INTO r VALUES (1, 2, 3);
             CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO s VALUES (4);
             CREATE VIEW z AS SELECT a FROM v",
        );
        let session = open_path(&path).unwrap();
        let names: Vec<_> = session.inventory.objects.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, ["g", "odd \" name", "r", "s", "v", "w", "z"]);
        assert_eq!(session.inventory.problems, []);
        let read = |name| read_all(&session, place(&session, name)).unwrap();
        let (sink, report) = read("v");
        let values: Vec<_> = sink.rows.iter().map(|row| row[0].as_deref()).collect();
        let expected = [Some("x"), None, Some("9223372036854775807"), Some("0.1"), Some("7700900123"), Some("1e300"), Some("é")];
        assert_eq!(values, expected);
        assert_eq!(sink.locators[1], Locator::RowId(6));
        assert_eq!(report.problems, []);
        assert_eq!(read("w").0.rows, [row(&["a", "1"])]);
        assert_eq!(read("w").0.locators, [Locator::None]);
        assert_eq!(session.inventory.objects[place(&session, "w")].primary_key, [1, 0]);
        assert_eq!(read("odd \" name").0.rows, [row(&["s", "t"])]);
        assert_eq!(read("g").0.rows, [row(&["x", "x!", "x?"])]);
        assert_eq!(read("r").0.rows, [row(&["1", "2", "3"])]);
        assert_eq!(read("s").0.rows, [row(&["4"])]);
        let view = &session.inventory.objects[place(&session, "z")];
        assert_eq!((view.kind, view.access.problem()), (ObjectKind::View, None));
        assert_eq!(session.splits(place(&session, "z"), 1, &Cancel::default()), Ok(Vec::new()));
        assert_eq!(session.inventory.objects[place(&session, "v")].rows_expected, Some(7));
    }

    #[test]
    fn bytes_that_are_no_text_are_counted() {
        let (_folder, path) =
            database("CREATE TABLE t (a, b); INSERT INTO t VALUES (x'ff00', CAST(x'e9' AS TEXT)), (x'fe', 'b')");
        let session = open_path(&path).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        assert_eq!(sink.rows[0], [None, Some("\u{fffd}".to_owned())]);
        assert_eq!(codes(&report.problems), [(ProblemCode::Undecodable, Some(1)), (ProblemCode::BinaryCells, Some(2))]);
        assert_eq!(report.problems[1].column.as_deref(), Some("a"));
    }

    #[test]
    fn values_with_nul_bytes_are_utf16_or_binary() {
        let (_folder, path) = database(
            "CREATE TABLE t (a);
             INSERT INTO t VALUES (x'41006e006e00'), (x'0041006e006e'), (CAST(x'41006e006e00' AS TEXT)), (x'c4007200'),
                                  (x'416e6e00'), (CAST(x'616e6e0062' AS TEXT)), (x'01000200'), (x'00')",
        );
        let session = open_path(&path).unwrap();
        let (sink, report) = read_all(&session, 0).unwrap();
        let values: Vec<_> = sink.rows.iter().map(|row| row[0].as_deref()).collect();
        assert_eq!(values, [Some("Ann"), Some("Ann"), Some("Ann"), Some("Är"), None, None, None, None]);
        assert_eq!(codes(&report.problems), [(ProblemCode::BinaryCells, Some(4))]);
    }

    #[test]
    fn rows_in_the_definition_of_a_view_are_read() {
        let (_folder, path) = database(
            "CREATE TABLE t (a, b); INSERT INTO t VALUES ('ann', 'leeds');
             CREATE VIEW listed AS VALUES ('bob', 'york'), ('eve', 'hull');
             CREATE VIEW single AS SELECT 'joe' /* FROM t */ AS name, 'FROM' AS town;
             CREATE VIEW joined AS SELECT a FROM t UNION ALL SELECT 'kim';
             CREATE VIEW shown AS SELECT a FROM t",
        );
        let session = open_path(&path).unwrap();
        let read = |name| read_all(&session, place(&session, name)).unwrap();
        let (sink, report) = read("listed");
        assert_eq!(sink.rows, [row(&["bob", "york"]), row(&["eve", "hull"])]);
        assert_eq!((sink.locators[0], report.problems), (Locator::None, Vec::new()));
        assert_eq!(read("single").0.rows, [row(&["joe", "FROM"])]);
        assert_eq!(read("joined").0.rows, [row(&["ann"]), row(&["kim"])]);
        let object = |name| &session.inventory.objects[place(&session, name)];
        assert_eq!((object("listed").kind, &object("listed").access), (ObjectKind::View, &Access::Readable));
        assert!(matches!(object("shown").access, Access::Derived(_)));
    }

    #[test]
    fn virtual_tables_are_unsupported_and_their_shadows_are_read() {
        let (_folder, path) = database("CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('hello')");
        let session = open_path(&path).unwrap();
        let object = &session.inventory.objects[place(&session, "f")];
        assert_eq!(object.kind, ObjectKind::VirtualTable);
        assert!(object.access.problem().is_some());
        assert_eq!(read_all(&session, place(&session, "f_content")).unwrap().0.rows, [row(&["1", "hello"])]);
    }

    #[test]
    fn samples_of_an_analysis_outlive_the_rows_and_are_read() {
        let statements = "CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b); INSERT INTO t VALUES ('x', 1980); ANALYZE; DELETE FROM t;
                          CREATE TABLE w (k, n, PRIMARY KEY (n, k)) WITHOUT ROWID; INSERT INTO w VALUES ('z', 1); ANALYZE w; DELETE FROM w";
        let (_folder, path) = database(statements);
        let session = open_path(&path).unwrap();
        let index = place(&session, "sqlite_stat4/i");
        let names: Vec<_> = session.inventory.objects[index].columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "column_3"]);
        assert_eq!(read_all(&session, index).unwrap().0.rows, [row(&["x", "1980", "1"])]);
        assert_eq!(read_all(&session, place(&session, "sqlite_stat4/w")).unwrap().0.rows, [row(&["1", "z"])]);

        let (_folder, path) = database(&format!("PRAGMA encoding = 'UTF-16'; {statements}"));
        let session = open_path(&path).unwrap();
        assert!(session.inventory.objects[place(&session, "sqlite_stat4")].access.problem().is_some());
    }

    #[test]
    fn leaves_no_file_beside_the_database() {
        for mode in ["wal", "delete"] {
            let (folder, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1)"));
            let list = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
            let before = list();
            let session = open_path(&path).unwrap();
            assert_eq!(read_all(&session, 0).unwrap().0.rows, [row(&["1"])]);
            assert_eq!(list(), before);
            assert_eq!(session.recheck(), []);
            drop(session);
            assert_eq!(list(), before);
        }
    }

    #[test]
    fn writers_do_not_disturb_the_snapshot() {
        let (_folder, path) = database("CREATE TABLE t (a)");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = wal; INSERT INTO t VALUES (1)").unwrap();
        let session = open_path(&path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert_eq!(read_all(&session, 0).unwrap().0.rows, [row(&["1"])]);
        assert_eq!(session.recheck(), []);
        assert_eq!(session.consistency(), Consistency::OneConnection);
    }

    #[test]
    fn a_writer_after_an_immutable_opening_is_drift() {
        let (_folder, path) = database("PRAGMA journal_mode = wal; CREATE TABLE t (a)");
        let session = open_path(&path).unwrap();
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert!(codes(&session.recheck()).contains(&(ProblemCode::ChangedWhileRead, None)));
    }

    #[test]
    fn a_replaced_database_is_drift() {
        let (folder, path) = database("CREATE TABLE t (a)");
        let session = open_path(&path).unwrap();
        let other = folder.path().join("other.db");
        fs::copy(&path, &other).unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(codes(&session.recheck()), [(ProblemCode::ChangedWhileRead, None)]);
    }

    #[test]
    fn damage_in_one_table_leaves_the_others() {
        let (_folder, path) = database(
            "PRAGMA page_size = 512; CREATE TABLE bad (a); CREATE TABLE good (a); INSERT INTO good VALUES ('g');
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO bad SELECT 'b' || i FROM n",
        );
        let mut content = fs::read(&path).unwrap();
        let root: i64 = Connection::open(&path)
            .unwrap()
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'bad'", [], |row| row.get(0))
            .unwrap();
        let start = 512 * (usize::try_from(root).unwrap() - 1);
        content[start..start + 512].fill(0xff);
        fs::write(&path, content).unwrap();
        let session = open_path(&path).unwrap();
        let (_, report) = read_all(&session, place(&session, "bad")).unwrap();
        assert_eq!(codes(&report.problems), [(ProblemCode::ReadFailed, None)]);
        assert_eq!(report.problems[0].object.as_deref(), Some("bad"));
        assert_eq!(session.inventory.objects[place(&session, "bad")].rows_expected, None);
        assert_eq!(read_all(&session, place(&session, "good")).unwrap().0.rows, [row(&["g"])]);
    }

    #[test]
    fn samples_come_from_several_places() {
        let (_folder, path) = database(
            "CREATE TABLE t (a); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i FROM n;
             CREATE TABLE w (k PRIMARY KEY) WITHOUT ROWID; INSERT INTO w SELECT a FROM t",
        );
        let session = open_path(&path).unwrap();
        let cancel = Cancel::default();
        let splits = session.samples(0, 120, &cancel).unwrap();
        let mut sink = Collect::default();
        for split in &splits {
            let mut part = Collect::default();
            assert_eq!(session.read(split, &mut part, &cancel).unwrap().rows, 10);
            sink.rows.extend(part.rows);
        }
        assert_eq!((splits.len(), &sink.rows[0], &sink.rows[119]), (12, &row(&["1"]), &row(&["1000"])));
        let whole = [Split { object: 1, index: 0, extent: Extent::Whole }];
        assert_eq!(session.samples(1, 120, &cancel).unwrap(), whole);
        assert_eq!(session.samples(0, 1_000, &cancel).unwrap(), session.splits(0, 1, &cancel).unwrap());
        let foreign = Split { object: 1, ..splits[1].clone() };
        assert_eq!(session.read(&foreign, &mut sink, &cancel), Err(ReadError::UnknownSplit));
    }

    #[test]
    fn a_statement_without_rows_can_be_interrupted() {
        let (_folder, path) = database(
            "CREATE VIEW endless AS WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
        );
        let session = open_path(&path).unwrap();
        let cancel = Cancel::default();
        let other = cancel.clone();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            other.cancel();
        });
        let split = Split { object: 0, index: 0, extent: Extent::Whole };
        assert_eq!(session.read(&split, &mut Collect::default(), &cancel), Err(ReadError::Cancelled));
        stopper.join().unwrap();
    }

    #[test]
    fn bytes_with_control_characters_are_no_text() {
        let (_folder, path) = database("CREATE TABLE t (a); INSERT INTO t VALUES (x'10043d04'), (x'410a420d'), (x'0a03416e6e')");
        let (sink, report) = read_all(&open_path(&path).unwrap(), 0).unwrap();
        let values: Vec<_> = sink.rows.iter().map(|row| row[0].as_deref()).collect();
        assert_eq!(values, [None, Some("A\nB\r"), None]);
        assert_eq!(codes(&report.problems), [(ProblemCode::BinaryCells, Some(2))]);
    }

    #[test]
    fn stops_when_told_to_and_knows_its_own_splits() {
        let (_folder, path) = database("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        let session = open_path(&path).unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        let split = Split { object: 0, index: 0, extent: Extent::Whole };
        assert_eq!(session.read(&split, &mut Collect::default(), &cancel), Err(ReadError::Cancelled));
        let foreign = Split { object: 9, ..split.clone() };
        assert_eq!(session.read(&foreign, &mut Collect::default(), &Cancel::default()), Err(ReadError::UnknownSplit));
        let digest = blake3::hash(&fs::read(&path).unwrap()).to_hex().to_string();
        assert_eq!(session.digest(&Cancel::default()).unwrap(), Some(digest));
    }
}
