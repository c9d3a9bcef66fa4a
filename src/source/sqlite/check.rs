//! What makes a reading doubtful though no row said so: faults in the structure of the file, an index with entries of its own, bytes
//! behind the end.
//!
//! A page that a damaged pointer leaves out is missed without an error, and so are the rows on it. `SQLite`'s own check knows every page
//! and where it belongs; it takes a small part of the time of a scan.

use super::quoted;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::Row;
use std::collections::BTreeMap;
use std::io;

/// Sums that are asked for at once.
const MOST_SUMS: usize = 1_000;

/// Whether every page is where it belongs, and each index as long as its table. Values that break a constraint are no fault: they are
/// read like others.
pub(super) fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    // The structure comes first in the answer, so that its first line tells.
    let mut statement = connection.prepare("PRAGMA main.quick_check(1)")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(true) };
    let line = row.get_ref(0)?;
    let line = line.as_bytes().unwrap_or_default();
    Ok(!line.starts_with(b"***") && !line.starts_with(b"wrong #"))
}

/// Tables and indexes that hold other entries than each other. They are told apart by sums over row ids and lengths, in one pass over
/// each.
pub(super) fn disagreeing_indexes(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let query = "SELECT t.name, i.name FROM pragma_table_list t, pragma_index_list(t.name, 'main') i
                 WHERE t.schema = 'main' AND t.type = 'table' AND t.wr = 0 AND i.partial = 0 ORDER BY t.name, i.seq";
    let mut statement = connection.prepare(query)?;
    let indexes: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for of_table in indexes.chunk_by(|one, other| one.0 == other.0) {
        let columns: Vec<Vec<String>> =
            of_table.iter().map(|(_, index)| columns_of_index(connection, index)).collect::<rusqlite::Result<_>>()?;
        let mut all: Vec<&String> = columns.iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        let Some(expected) = sums(connection, &of_table[0].0, "NOT INDEXED", &all)? else { continue };
        for ((table, index), columns) in of_table.iter().zip(&columns) {
            let columns: Vec<&String> = columns.iter().collect();
            let by_index = sums(connection, table, &format!("INDEXED BY {}", quoted(index)), &columns)?;
            if by_index.is_some_and(|by_index| by_index.differs_from(&expected)) {
                found.push((table.clone(), index.clone()));
            }
        }
    }
    Ok(found)
}

fn columns_of_index(connection: &Connection, index: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_index_info(?1, 'main') WHERE name IS NOT NULL")?;
    statement.query_map([index], |row| row.get(0))?.collect()
}

/// What tells the rows of a table from others.
struct Sums {
    rows: i64,
    row_ids: f64,
    /// Bytes in each column, by its name.
    lengths: BTreeMap<String, f64>,
}

impl Sums {
    /// Whether they differ in anything that both know.
    #[allow(
        clippy::float_cmp,
        reason = "sums of whole numbers far below the limit of exactness, or the same sum in another order"
    )]
    fn differs_from(&self, other: &Sums) -> bool {
        let differs = |(column, length): (&String, &f64)| other.lengths.get(column).is_some_and(|other| other != length);
        self.rows != other.rows || self.row_ids != other.row_ids || self.lengths.iter().any(differs)
    }
}

/// Counts the rows of a table by a way of reading them. `None` where that cannot be done, for instance for want of a function that an
/// index calls.
fn sums(connection: &Connection, table: &str, by: &str, columns: &[&String]) -> rusqlite::Result<Option<Sums>> {
    let columns = &columns[..columns.len().min(MOST_SUMS)];
    // Remainders keep the sum exact.
    let first = ["count(*)".to_owned(), "total(rowid % 1000003)".to_owned()];
    let lengths = columns.iter().map(|column| format!("total(octet_length({}))", quoted(column)));
    let selected: Vec<String> = first.into_iter().chain(lengths).collect();
    let query = format!("SELECT {} FROM main.{} {by}", selected.join(", "), quoted(table));
    let read = |row: &Row| -> rusqlite::Result<Sums> {
        let lengths = columns.iter().enumerate().map(|(place, column)| Ok(((*column).clone(), row.get(place + 2)?)));
        Ok(Sums { rows: row.get(0)?, row_ids: row.get(1)?, lengths: lengths.collect::<rusqlite::Result<_>>()? })
    };
    match connection.query_row(&query, [], read) {
        Ok(sums) => Ok(Some(sums)),
        Err(error) if is_damage(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether an error says that the file is damaged, or that somebody interrupted.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure | ErrorCode::OperationInterrupted | ErrorCode::NotADatabase)
    )
}

/// Whether something stands behind the end of the database. Zeros are room that a program took in advance.
pub(super) fn goes_on(connection: &Connection, file: &OpenedFile) -> io::Result<bool> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (Ok(pages), Ok(size)) = (pragma("page_count"), pragma("page_size")) else { return Ok(false) };
    let mut position = u64::try_from(pages.saturating_mul(size)).unwrap_or(u64::MAX);
    let mut chunk = Vec::new();
    while position < file.size() {
        chunk.resize(CHUNK, 0);
        let count = file.read_at(&mut chunk, position)?;
        if count == 0 || chunk[..count].iter().any(|byte| *byte != 0) {
            return Ok(count > 0);
        }
        position += count as u64;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disagreeing(statements: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(statements).unwrap();
        disagreeing_indexes(&connection).unwrap().into_iter().map(|(_, index)| index).collect()
    }

    #[test]
    fn sound_indexes_of_every_sort_agree() {
        let statements = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, r REAL, n NUMERIC, b, g AS (a || n));
             CREATE INDEX i1 ON t (r, n, g); CREATE INDEX i2 ON t (b DESC, a COLLATE NOCASE); CREATE INDEX i3 ON t (lower(a), b);
             CREATE INDEX part ON t (b) WHERE b IS NOT NULL; CREATE TABLE none (a UNIQUE); CREATE TABLE w (k PRIMARY KEY) WITHOUT ROWID;
             INSERT INTO t (a, r, n, b) VALUES ('x', 5, '7', x'00ff'), ('Ä', 0.1, 'seven', NULL), (NULL, NULL, 1e300, 'y' || char(0) || 'z')";
        assert_eq!(disagreeing(statements), [""; 0]);
    }

    #[test]
    fn an_index_with_entries_of_its_own_disagrees() {
        // The entries of another table take the place of the index's own.
        let statements = "CREATE TABLE t (a); CREATE INDEX one ON t (a); INSERT INTO t VALUES ('x'), ('y');
             CREATE TABLE u (a); CREATE INDEX two ON u (a); INSERT INTO u VALUES ('x'), ('ghost'); PRAGMA writable_schema = on;
             UPDATE sqlite_schema SET rootpage = CASE name WHEN 'one' THEN 5 ELSE 3 END WHERE type = 'index'; PRAGMA writable_schema = reset";
        assert_eq!(disagreeing(statements), ["one", "two"]);
    }
}
