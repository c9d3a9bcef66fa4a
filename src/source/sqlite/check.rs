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
use rusqlite::types::ValueRef;
use std::io;

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

/// Tables of which an index holds other entries than the table. They are told apart by sums over row ids and lengths, in one pass each.
pub(super) fn disagreeing_indexes(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let query = "SELECT t.name, i.name FROM pragma_table_list t, pragma_index_list(t.name, 'main') i
                 WHERE t.schema = 'main' AND t.type = 'table' AND t.wr = 0 AND i.partial = 0 ORDER BY t.name, i.seq";
    let mut statement = connection.prepare(query)?;
    let indexes: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for (table, index) in indexes {
        if disagrees(connection, &table, &index)? {
            found.push((table, index));
        }
    }
    Ok(found)
}

fn disagrees(connection: &Connection, table: &str, index: &str) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_index_info(?1, 'main') WHERE name IS NOT NULL")?;
    let names: Vec<String> = statement.query_map([index], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let lengths = names.iter().map(|name| format!(", total(octet_length({}))", quoted(name)));
    let columns: String = lengths.collect();
    let sums = |by: &str| -> rusqlite::Result<Vec<u64>> {
        let query = format!("SELECT count(*), total(rowid % 1000003){columns} FROM main.{} {by}", quoted(table));
        connection.query_row(&query, [], |row| {
            (0..names.len() + 2)
                .map(|column| {
                    Ok(match row.get_ref(column)? {
                        ValueRef::Real(sum) => sum.to_bits(),
                        ValueRef::Integer(count) => count.cast_unsigned(),
                        _ => 0,
                    })
                })
                .collect()
        })
    };
    match (sums("NOT INDEXED"), sums(&format!("INDEXED BY {}", quoted(index)))) {
        (Ok(of_table), Ok(of_index)) => Ok(of_table != of_index),
        (Err(error), _) | (_, Err(error)) if is_damage(&error) => Err(error),
        // An index over expressions whose functions are not here, or that alone shows no row.
        _ => Ok(false),
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
