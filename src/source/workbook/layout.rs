//! The columns of a table, judged by its first rows: which there are, and whether a row names them.

use super::table::Halt;
use super::table::Table;
use super::table::Value;
use super::table::Visit;
use crate::source::Options;
use crate::source::header::Header;
use crate::source::header::names_no_column;
use crate::source::header::told;
use crate::source::header::unique_names;

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 500;

/// Cells that are looked at.
const SAMPLE_CELLS: usize = 50_000;

/// Bytes that are looked at.
const SAMPLE_BYTES: usize = 4 << 20;

/// The most characters of a column's name.
const LONGEST_NAME: usize = 200;

/// Up to so many columns, one that holds nothing in the first rows is a column too.
const FEW_COLUMNS: u32 = 256;

/// The most columns of a table. A batch of rows has a place for each of them in each row, whether or not it holds something.
const MOST_COLUMNS: usize = 2_048;

/// How the cells of a table make rows.
pub(super) struct Layout {
    pub(super) names: Vec<String>,
    pub(super) duplicates: Vec<String>,
    pub(super) header: Header,
    /// The row that names the columns, counted from 0 over the rows with a value.
    pub(super) header_row: Option<u64>,
    /// The same by its number in the sheet.
    pub(super) header_number: Option<u32>,
    /// The columns of the sheet that the table has, in order.
    used: Vec<u32>,
    /// For each column of the sheet its place among those; [`u32::MAX`] where it has none.
    places: Vec<u32>,
}

impl Layout {
    /// Judges the first rows of a table. `None`: there is no row.
    pub(super) fn judge(sample: &Sample, table: &Table, stated: Option<bool>, options: &Options) -> Option<Layout> {
        let mut used: Vec<u32> = sample.rows.iter().flat_map(|row| row.cells.iter().map(|(column, _)| *column)).collect();
        used.extend(table.names.iter().flat_map(|names| 0..u32::try_from(names.len()).unwrap_or(0)));
        used.sort_unstable();
        used.dedup();
        // What lies beyond is read behind the last column, and told.
        used.truncate(MOST_COLUMNS);
        let (first, last) = (*used.first()?, *used.last()?);
        let row = |row: &SampleRow| {
            let mut cells = vec![String::new(); used.len()];
            for (column, text) in &row.cells {
                if let Ok(place) = used.binary_search(column) {
                    cells[place].clone_from(text);
                }
            }
            cells
        };
        let filled: Vec<&SampleRow> = sample.rows.iter().filter(|row| row.has_value()).collect();
        let rows: Vec<Vec<String>> = filled.iter().map(|sample| row(sample)).collect();
        let (header, header_place) = match &table.names {
            // They are those of a sheet.
            Some(names) if names_no_column(names, options) => (Header::People, None),
            Some(_) => (Header::Found, None),
            None => Header::find(&rows, stated, options),
        };
        let mut titles = match (&table.names, header_place) {
            (Some(names), _) if header.is_present() => told(names, header, options),
            (None, Some(place)) => told(&rows[place], header, options),
            _ => vec![String::new(); used.len()],
        };
        if last - first < FEW_COLUMNS {
            let all: Vec<u32> = (first..=last).collect();
            titles = all
                .iter()
                .map(|column| {
                    used.binary_search(column)
                        .map_or_else(|_| String::new(), |place| titles.get(place).cloned().unwrap_or_default())
                })
                .collect();
            used = all;
        }
        titles.resize(used.len(), String::new());
        for title in &mut titles {
            let words = title.split_whitespace().collect::<Vec<_>>().join(" ");
            *title = words.chars().take(LONGEST_NAME).collect();
        }
        let (names, duplicates) = unique_names(&titles);
        let mut places = vec![u32::MAX; last as usize + 1];
        for (place, column) in (0_u32..).zip(&used) {
            places[*column as usize] = place;
        }
        Some(Layout {
            names,
            duplicates,
            header,
            header_row: header_place.map(|place| place as u64),
            header_number: header_place.map(|place| filled[place].number),
            used,
            places,
        })
    }

    /// The number of columns.
    pub(super) fn width(&self) -> usize {
        self.used.len()
    }

    /// The place of a column of the sheet among the table's.
    pub(super) fn column(&self, column: u32) -> Option<usize> {
        self.places.get(column as usize).filter(|place| **place != u32::MAX).map(|place| *place as usize)
    }

    /// The table's columns in a range of the sheet's, both ends included.
    pub(super) fn between(&self, first: u32, last: u32) -> impl Iterator<Item = u32> {
        let start = self.used.partition_point(|column| *column < first);
        self.used[start..].iter().copied().take_while(move |column| *column <= last)
    }
}

/// The first rows of a table.
#[derive(Default)]
pub(super) struct Sample {
    rows: Vec<SampleRow>,
    cells: usize,
    bytes: usize,
}

impl Sample {
    /// Whether no row has a cell.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| row.cells.is_empty())
    }
}

struct SampleRow {
    number: u32,
    cells: Vec<(u32, String)>,
}

impl SampleRow {
    fn has_value(&self) -> bool {
        self.cells.iter().any(|(_, text)| !text.trim().is_empty())
    }
}

impl Visit for Sample {
    fn row(&mut self, number: u32) -> Result<(), Halt> {
        if self.rows.len() >= SAMPLE_ROWS || self.cells >= SAMPLE_CELLS || self.bytes >= SAMPLE_BYTES {
            return Err(Halt::Enough);
        }
        match self.rows.last_mut() {
            // A row without a cell is none.
            Some(row) if row.cells.is_empty() => row.number = number,
            _ => self.rows.push(SampleRow { number, cells: Vec::new() }),
        }
        Ok(())
    }

    fn cell(&mut self, column: u32, value: Value<'_>) -> Result<(), Halt> {
        let text = match value {
            Value::Text(text) => text.trim_start().chars().take(1_000).collect(),
            _ => String::new(),
        };
        self.cells += 1;
        self.bytes += text.len();
        if self.cells > 4 * SAMPLE_CELLS || self.bytes > 2 * SAMPLE_BYTES {
            return Err(Halt::Enough);
        }
        let Some(row) = self.rows.last_mut() else { return Ok(()) };
        if row.cells.last().is_some_and(|(last, _)| *last >= column) && row.cells.iter().any(|(known, _)| *known == column) {
            let number = row.number;
            self.rows.push(SampleRow { number, cells: vec![(column, text)] });
        } else {
            row.cells.push((column, text));
        }
        Ok(())
    }

    fn repeat(&mut self, times: u32) -> Result<(), Halt> {
        for _ in 0..times {
            let Some(row) = self.rows.last().filter(|row| !row.cells.is_empty()) else { break };
            let copy = SampleRow { number: row.number + 1, cells: row.cells.clone() };
            self.row(copy.number)?;
            self.cells += copy.cells.len();
            if let Some(row) = self.rows.last_mut() {
                *row = copy;
            }
        }
        Ok(())
    }
}
