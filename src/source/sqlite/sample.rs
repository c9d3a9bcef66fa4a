//! The samples of indexed values that `ANALYZE` keeps in `sqlite_stat4`, also of rows that were deleted since.
//!
//! A sample is one entry of an index in `SQLite`'s record format (<https://www.sqlite.org/fileformat2.html#record_format>). The samples of
//! an index read as the rows of an object of their own, with the index's columns.

use super::catalogue::Listed;
use super::catalogue::columns_of;
use crate::source::Access;
use crate::source::Column;
use crate::source::Object;
use crate::source::ObjectKind;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The table that holds the samples.
pub(super) const SAMPLES: &str = "sqlite_stat4";

/// The samples of one index, as rows of one column.
pub(super) const QUERY: &str = "SELECT sample FROM main.sqlite_stat4 WHERE idx = ?1";

/// One object for each index of which there are samples, and the index's name.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<(Object, String)>> {
    let query = "SELECT idx, min(tbl), count(*) FROM main.sqlite_stat4 GROUP BY idx ORDER BY idx";
    let mut statement = connection.prepare(query)?;
    let indexes = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let indexes: Vec<(String, String, i64)> = indexes.collect::<Result<_, _>>()?;
    indexes.into_iter().map(|(index, table, count)| describe(connection, index, &table, count)).collect()
}

fn describe(connection: &Connection, index: String, table: &str, count: i64) -> rusqlite::Result<(Object, String)> {
    let mut names: Vec<String> = connection
        .prepare_cached("SELECT coalesce(name, 'column_' || (seqno + 1)) FROM pragma_index_xinfo(?1, 'main') ORDER BY seqno")?
        .query_map([&index], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        // The primary key of a table without row ids goes by the table's name.
        let mut key: Vec<Listed> = columns_of(connection, table)?.into_iter().filter(|column| column.key_place > 0).collect();
        key.sort_by_key(|column| column.key_place);
        names.extend(key.into_iter().map(|column| column.name));
    }
    let column = |name| Column { name, declared_type: None, access: Access::Readable };
    let object = Object {
        name: format!("{SAMPLES}/{index}"),
        kind: ObjectKind::Table,
        columns: names.into_iter().map(column).collect(),
        primary_key: Vec::new(),
        rows_expected: u64::try_from(count).ok(),
        rows_estimated: None,
        bytes: None,
        access: Access::Readable,
        details: vec![("holds".to_owned(), format!("samples of an index of table {table}, kept by ANALYZE"))],
    };
    Ok((object, index))
}

/// The values of a record. `None`: these bytes are no record.
pub(super) fn values(record: &[u8]) -> Option<Vec<ValueRef<'_>>> {
    let (header_length, mut position) = varint(record)?;
    let header_length = usize::try_from(header_length).ok()?;
    let (header, mut body) = record.split_at_checked(header_length)?;
    let mut values = Vec::new();
    while position < header.len() {
        let (serial_type, length) = varint(&header[position..])?;
        position += length;
        let size = match serial_type {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(serial_type).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((serial_type - 12) / 2).ok()?,
        };
        let (value, rest) = body.split_at_checked(size)?;
        body = rest;
        values.push(match serial_type {
            0 => ValueRef::Null,
            7 => ValueRef::Real(f64::from_be_bytes(value.try_into().ok()?)),
            8 => ValueRef::Integer(0),
            9 => ValueRef::Integer(1),
            1..=6 => ValueRef::Integer(integer(value)),
            _ if serial_type % 2 == 0 => ValueRef::Blob(value),
            _ => ValueRef::Text(value),
        });
    }
    Some(values)
}

/// A big-endian number in two's complement.
fn integer(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |number, byte| (number << 8) | i64::from(*byte))
}

/// A number of 1 to 9 bytes, and how many they are.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some(((number << 8) | u64::from(*byte), 9));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_numbers_of_every_size() {
        let record = [7, 0, 1, 2, 9, 17, 14, 0xff, 0x01, 0x00, b'h', b'i', 0xfe];
        let expected = [
            ValueRef::Null,
            ValueRef::Integer(-1),
            ValueRef::Integer(256),
            ValueRef::Integer(1),
            ValueRef::Text(b"hi"),
            ValueRef::Blob(&[0xfe]),
        ];
        assert_eq!(values(&record), Some(expected.to_vec()));
        assert_eq!(values(&record[..12]), None);
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(record in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = values(&record);
        }
    }
}
