//! Where in a large table a sample looks: at its beginning, at its end, and at places between, found by row id in a few steps each.

use super::quoted;
use rusqlite::Connection;
use rusqlite::OptionalExtension;

/// Places at which a sample looks, the beginning and the end among them.
const PLACES: u64 = 12;

/// Ranges of row ids, both ends included and none overlapping, with at most `rows` rows in all. Row ids may have gaps of any size, so
/// that the beginning and the end are counted off in rows, and only what lies between them is divided by number.
pub(super) fn ranges(connection: &Connection, table: &str, row_id: &str, rows: u64) -> rusqlite::Result<Vec<(i64, i64)>> {
    let each = i64::try_from(rows / PLACES).unwrap_or(i64::MAX).max(1);
    let nth = |from: i64, is_forward: bool| -> rusqlite::Result<Option<i64>> {
        let (comparison, order) = if is_forward { (">=", "ASC") } else { ("<=", "DESC") };
        let query = format!(
            "SELECT {row_id} FROM main.{} NOT INDEXED WHERE {row_id} {comparison} ?1 ORDER BY {row_id} {order} LIMIT 1 OFFSET ?2",
            quoted(table)
        );
        connection.prepare(&query)?.query_row([from, each - 1], |row| row.get(0)).optional()
    };
    let edge = |function: &str| -> rusqlite::Result<Option<i64>> {
        connection
            .query_row(&format!("SELECT {function}({row_id}) FROM main.{} NOT INDEXED", quoted(table)), [], |row| row.get(0))
    };
    let (Some(first), Some(last)) = (edge("min")?, edge("max")?) else { return Ok(Vec::new()) };
    let (Some(beginning), Some(end)) = (nth(first, true)?, nth(last, false)?) else { return Ok(vec![(first, last)]) };
    if beginning >= end {
        return Ok(vec![(first, last)]);
    }
    let mut ranges = vec![(first, beginning)];
    let starts = between(beginning, end);
    for (index, start) in starts.iter().enumerate() {
        let limit = starts.get(index + 1).copied().unwrap_or(end) - 1;
        let stop = nth(*start, true)?.map_or(limit, |stop| stop.min(limit));
        ranges.push((*start, stop));
    }
    ranges.push((end, last));
    Ok(ranges)
}

/// Numbers between two others, at equal distances, without doublets.
fn between(low: i64, high: i64) -> Vec<i64> {
    let (low, high, count) = (i128::from(low), i128::from(high), i128::from(PLACES) - 2);
    let mut numbers: Vec<i64> = (0..count)
        .map(|place| low + (high - low) * (2 * place + 1) / (2 * count))
        .filter(|number| *number > low && *number < high)
        .filter_map(|number| i64::try_from(number).ok())
        .collect();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges_of(ids: impl IntoIterator<Item = i64>) -> (Vec<(i64, i64)>, Vec<i64>) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY); BEGIN").unwrap();
        for id in ids {
            connection.execute("INSERT INTO t VALUES (?1)", [id]).unwrap();
        }
        let ranges = ranges(&connection, "t", "rowid", 120).unwrap();
        let mut statement = connection.prepare("SELECT count(*) FROM t WHERE id BETWEEN ?1 AND ?2").unwrap();
        let counts = ranges.iter().map(|range| statement.query_row(*range, |row| row.get(0)).unwrap()).collect();
        (ranges, counts)
    }

    #[test]
    fn places_are_spread_over_the_table() {
        let (ranges, counts) = ranges_of(1..=5_000);
        assert_eq!((ranges[0], ranges[11]), ((1, 10), (4_991, 5_000)));
        assert_eq!(counts, [10; 12]);
        assert!(ranges.is_sorted_by(|one, other| one.1 < other.0), "{ranges:?}");
        let widest = ranges.windows(2).map(|pair| pair[1].0 - pair[0].1).max();
        assert!(widest < Some(550), "{ranges:?}");
    }

    #[test]
    fn row_ids_may_have_gaps() {
        // One row with a row id far from the others does not draw the places away from them.
        let (_, counts) = ranges_of((1..=5_000).chain([i64::MIN, i64::MAX]));
        assert_eq!((counts[0], counts[counts.len() - 1]), (10, 10));
        assert!(counts[1..counts.len() - 1].iter().filter(|count| **count == 10).count() >= 8, "{counts:?}");
        let (ranges, counts) = ranges_of((0..9).chain(900..905));
        assert_eq!((ranges, counts), (vec![(0, 904)], vec![14]));
        assert_eq!(ranges_of([]).0, []);
        assert_eq!(ranges_of([7]).0, [(7, 7)]);
    }
}
