//! The pool: rows of the data that were drawn to make seeds from, and what is known of the columns from them.

use crate::intake::Mapping;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::supply::seed::random::Random;
use crate::supply::seed::shape::digit_groups;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// Rows that are drawn at least, where the data have so many.
const LEAST: u64 = 4_096;

/// Rows that are drawn for each seed.
const PER_SEED: u64 = 16;

/// Rows beside a seed's place that are kept.
const NEAR: u64 = 8;

/// The longest row that is kept, in bytes; no seed is made after a longer one.
const LONGEST: usize = 1 << 13;

/// Rows of the pool in which a value has to stand to be nobody's own: a category.
const MANY: u32 = 10;

/// Rows of the pool in which a name has to stand to be drawn, so that no seed bears a name by which one person is known.
const COMMON: u32 = 3;

/// Rows by which the constant characters of a column are told.
const COMPARED: usize = 512;

/// Titles that stand before a name.
const TITLES: [&str; 12] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "rev", "herr", "frau", "mme"];

/// A row of the data. An absent cell is an empty one.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) cells: Vec<String>,
}

/// The numbers at the ends of a column's cells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) count: u64,
}

impl Numbers {
    fn see(&mut self, cell: &str) {
        let Some(number) = ending(cell).1.parse().ok() else { return };
        self.least = if self.count == 0 { number } else { self.least.min(number) };
        self.most = self.most.max(number);
        self.count += 1;
    }

    fn merge(&mut self, other: Numbers) {
        if other.count > 0 {
            self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
            self.most = self.most.max(other.most);
            self.count += other.count;
        }
    }

    /// Whether the cells count on, so that hardly a number between the least and the most is free.
    pub(super) fn is_dense(self) -> bool {
        self.count > 0 && self.count.saturating_mul(2) > self.most - self.least
    }
}

/// A cell before its last digits, and these digits.
pub(super) fn ending(cell: &str) -> (&str, &str) {
    let before = cell.trim_end_matches(|character: char| character.is_ascii_digit());
    cell.split_at(before.len())
}

/// The parts of a whole name as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Parts<'a> {
    pub(super) title: &'a str,
    pub(super) given: &'a str,
    pub(super) family: &'a str,
    /// The family name stands first, before a comma.
    pub(super) is_turned: bool,
}

/// Takes a whole name apart; `None` where it has no two parts.
pub(super) fn parts(cell: &str) -> Option<Parts<'_>> {
    let cell = cell.trim();
    let is_title = |word: &str| TITLES.contains(&word.trim_end_matches('.').to_lowercase().as_str());
    if let Some((family, rest)) = cell.split_once(',') {
        let given = rest.split_whitespace().find(|word| !is_title(word))?;
        return (!family.trim().is_empty()).then_some(Parts { title: "", given, family: family.trim(), is_turned: true });
    }
    let mut words = cell.split_whitespace();
    let first = words.next()?;
    let (title, given) = if is_title(first) { (first, words.next()?) } else { ("", first) };
    Some(Parts { title, given, family: words.next_back()?, is_turned: false })
}

/// What was drawn.
pub(super) struct Pool {
    /// Rows drawn at random and rows beside the seeds' places, by their numbers.
    rows: Vec<Row>,
    /// The rows drawn at random.
    drawn: Vec<usize>,
    pub(super) numbers: Vec<Numbers>,
    /// How many drawn rows hold a value, by column.
    values: Vec<HashMap<String, u32>>,
    /// Columns in which a number of one digit stands before another one, as in `3/4/1990`.
    short: Vec<bool>,
    given: HashMap<String, u32>,
    family: HashMap<String, u32>,
}

impl Pool {
    /// Reads the data and keeps rows of it: some at random, and those beside the places.
    pub(super) fn draw(
        session: &dyn Session,
        draft: &Draft,
        places: &[u64],
        random: &mut Random,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Pool, SupplyError> {
        let records = draft.records();
        let wanted = LEAST.max(PER_SEED * places.len() as u64).min(records);
        let mut at_random = BTreeSet::new();
        while (at_random.len() as u64) < wanted {
            // Most rows of a short table are wanted: then all of them.
            if wanted * 2 > records {
                at_random.extend(0..records);
            } else {
                at_random.insert(random.below(records));
            }
        }
        let near = places.iter().flat_map(|place| place.saturating_sub(NEAR / 2)..(place + NEAR / 2).min(records));
        let keep: Vec<u64> = near.chain(at_random.iter().copied()).collect::<BTreeSet<u64>>().into_iter().collect();
        progress.begin("drawing seeds", Some(records), None);
        let columns = draft.mapping.columns.len();
        let read = |(split, base): &(Split, u64)| {
            let mut sink = PoolSink {
                keep: &keep,
                next_row: *base,
                columns,
                rows: Vec::new(),
                numbers: vec![Numbers::default(); columns],
                progress,
            };
            let report = session.read(split, &mut sink, cancel)?;
            match report.problems.into_iter().next() {
                Some(problem) => Err(SupplyError::Source(problem)),
                None => Ok((sink.rows, sink.numbers)),
            }
        };
        let parts: Result<Vec<_>, SupplyError> = if session.is_parallel() {
            draft.parts.par_iter().map(read).collect()
        } else {
            draft.parts.iter().map(read).collect()
        };
        let (mut rows, mut numbers) = (Vec::with_capacity(keep.len()), vec![Numbers::default(); columns]);
        for (part, part_numbers) in parts? {
            rows.extend(part);
            numbers.iter_mut().zip(part_numbers).for_each(|(mine, theirs)| mine.merge(theirs));
        }
        progress.end();
        Ok(Pool::of(rows, |row| at_random.contains(&row), numbers, &draft.mapping))
    }

    fn of(rows: Vec<Row>, is_drawn: impl Fn(u64) -> bool, numbers: Vec<Numbers>, mapping: &Mapping) -> Pool {
        let drawn: Vec<usize> = (0..rows.len()).filter(|index| is_drawn(rows[*index].number)).collect();
        let mut values = vec![HashMap::new(); mapping.columns.len()];
        let mut short = vec![false; mapping.columns.len()];
        let (mut given, mut family) = (HashMap::new(), HashMap::new());
        let bump = |counts: &mut HashMap<String, u32>, name: &str| *counts.entry(name.to_lowercase()).or_default() += 1;
        for index in &drawn {
            for (((taken, cell), values), short) in
                mapping.columns.iter().zip(&rows[*index].cells).zip(&mut values).zip(&mut short)
            {
                let cell = cell.trim();
                if cell.is_empty() {
                    continue;
                }
                *short |= digit_groups(cell).iter().take(2).any(|(start, end)| end - start == 1);
                *values.entry(cell.to_owned()).or_default() += 1;
                let Some(field) = taken.field().filter(|field| field.kind == Kind::Name) else { continue };
                match field.role {
                    Role::Given | Role::Middle => bump(&mut given, cell),
                    Role::Family => bump(&mut family, cell),
                    _ => {
                        if let Some(parts) = parts(cell) {
                            bump(&mut given, parts.given);
                            bump(&mut family, parts.family);
                        }
                    }
                }
            }
        }
        Pool { rows, drawn, numbers, values, short, given, family }
    }

    /// A pool of all these rows, for tests.
    #[cfg(test)]
    pub(super) fn of_rows(rows: Vec<Vec<String>>, mapping: &Mapping) -> Pool {
        let mut numbers = vec![Numbers::default(); mapping.columns.len()];
        for row in &rows {
            numbers.iter_mut().zip(row).for_each(|(numbers, cell)| numbers.see(cell));
        }
        let rows = (0..).zip(rows).map(|(number, cells)| Row { number, cells }).collect();
        Pool::of(rows, |_| true, numbers, mapping)
    }

    pub(super) fn row(&self, index: usize) -> &Row {
        &self.rows[index]
    }

    /// A row drawn at random.
    pub(super) fn any(&self, random: &mut Random) -> Option<usize> {
        random.of(&self.drawn)
    }

    /// The rows beside a place.
    pub(super) fn near(&self, place: u64) -> Vec<usize> {
        let from = place.saturating_sub(NEAR / 2);
        let start = self.rows.partition_point(|row| row.number < from);
        (start..self.rows.len()).take_while(|index| self.rows[*index].number < place + NEAR / 2).collect()
    }

    /// Whether a value of a column stands in so many rows that it is nobody's own.
    pub(super) fn is_category(&self, column: usize, cell: &str) -> bool {
        self.count(column, cell) >= MANY
    }

    /// How many drawn rows hold a value.
    pub(super) fn count(&self, column: usize, cell: &str) -> u32 {
        self.values[column].get(cell.trim()).copied().unwrap_or(0)
    }

    /// Whether many bear a given name.
    pub(super) fn is_common_given(&self, name: &str) -> bool {
        self.given.get(&name.trim().to_lowercase()).is_some_and(|count| *count >= COMMON)
    }

    /// Whether many bear a family name.
    pub(super) fn is_common_family(&self, name: &str) -> bool {
        self.family.get(&name.trim().to_lowercase()).is_some_and(|count| *count >= COMMON)
    }

    /// Whether a column's cells are different ones, as keys of a table are.
    pub(super) fn is_key_like(&self, column: usize) -> bool {
        let values = &self.values[column];
        values.len() * 2 > self.drawn.len() && values.values().all(|count| *count == 1)
    }

    /// Whether the days of a column have zeros before their numbers.
    pub(super) fn is_padded(&self, column: usize) -> bool {
        !self.short[column]
    }

    /// The share of the drawn rows in which a column is empty, in percent.
    pub(super) fn empty_percent(&self, column: usize) -> u64 {
        let filled: u64 = self.values[column].values().map(|count| u64::from(*count)).sum();
        let drawn = self.drawn.len() as u64;
        (drawn - filled.min(drawn)) * 100 / drawn.max(1)
    }

    /// For each character of a cell, whether nearly all cells of its length have it there.
    pub(super) fn constants(&self, column: usize, cell: &str) -> Vec<bool> {
        let length = cell.chars().count();
        let step = self.drawn.len().div_ceil(COMPARED).max(1);
        let others = self.drawn.iter().step_by(step).map(|index| self.rows[*index].cells[column].as_str());
        let alike: Vec<&str> = others.filter(|other| other.chars().count() == length).collect();
        let mut same = vec![0_usize; length];
        for other in &alike {
            for ((count, mine), theirs) in same.iter_mut().zip(cell.chars()).zip(other.chars()) {
                *count += usize::from(mine == theirs);
            }
        }
        same.into_iter().map(|count| count * 100 >= alike.len() * 95).collect()
    }
}

struct PoolSink<'a> {
    keep: &'a [u64],
    next_row: u64,
    columns: usize,
    rows: Vec<Row>,
    numbers: Vec<Numbers>,
    progress: &'a dyn Progress,
}

impl Sink for PoolSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        for row in 0..batch.rows() {
            for (numbers, cell) in self.numbers.iter_mut().zip(batch.row(row)) {
                numbers.see(cell.unwrap_or_default().trim_end());
            }
            let number = self.next_row + row as u64;
            let is_short = batch.row(row).flatten().map(str::len).sum::<usize>() <= LONGEST;
            if is_short && self.keep.binary_search(&number).is_ok() {
                let cells = (0..self.columns).map(|column| batch.cell(row, column).unwrap_or_default().to_owned());
                self.rows.push(Row { number, cells: cells.collect() });
            }
        }
        self.next_row += batch.rows() as u64;
        self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_they_are_written() {
        let shown = |cell| parts(cell).map(|parts| (parts.title, parts.given, parts.family, parts.is_turned));
        assert_eq!(shown("Ann Green"), Some(("", "Ann", "Green", false)));
        assert_eq!(shown("Mrs. Ann Jane Green"), Some(("Mrs.", "Ann", "Green", false)));
        assert_eq!(shown("GREEN, Dr Ann"), Some(("", "Ann", "GREEN", true)));
        assert_eq!(shown("Ann"), None);
        assert_eq!(shown("Mrs Green"), None);
        assert_eq!(shown(" "), None);
    }

    #[test]
    fn numbers_that_count_on_are_dense() {
        let of = |cells: &[&str]| {
            let mut numbers = Numbers::default();
            for cell in cells {
                numbers.see(cell);
            }
            numbers
        };
        assert!(of(&["C-0001", "C-0002", "C-0003"]).is_dense());
        assert!(!of(&["17", "90210", "4711"]).is_dense());
        assert!(!of(&["x", ""]).is_dense());
        assert_eq!(ending("AB-12"), ("AB-", "12"));
        assert_eq!(ending("é"), ("é", ""));
    }
}
