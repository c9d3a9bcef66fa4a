//! Cells become rows: columns in the order of the table, merged cells in each row that they cover, empty rows left out.

use super::layout::Layout;
use super::table::Halt;
use super::table::Region;
use super::table::Value;
use super::table::Visit;
use crate::source::Locator;
use crate::source::Options;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::batch::Feed;
use crate::source::batch::LONGEST_ROW;
use crate::source::header;
use crate::source::header::column_name;
use crate::support::progress::Cancel;

/// Bytes by which merged cells may make a table longer.
const MOST_REPEATED: u64 = 1 << 30;

/// Bytes of the values of merged cells that are kept at once.
const MOST_HELD: usize = 32 << 20;

/// How often merged regions are looked at in all.
const MOST_LOOKS: u64 = 1 << 30;

/// A cell of the row that is being put together.
#[derive(Clone, Copy)]
enum Held {
    /// Where its text lies in the row's.
    Text(usize, usize),
    Null,
    TooLong,
}

/// A merged region that reaches the row.
struct Merged {
    region: Region,
    text: Option<String>,
}

/// Puts the rows of one table together and hands them over.
pub(super) struct Rows<'a> {
    layout: &'a Layout,
    options: &'a Options,
    cancel: &'a Cancel,
    feed: Feed<'a>,
    text: String,
    /// The row's cells by their columns in the sheet.
    cells: Vec<(u32, Held)>,
    is_sorted: bool,
    number: u32,
    has_value: bool,
    /// Rows with a value so far, the one that names the columns included.
    filled: u64,
    /// Regions to come, by their first rows, and those that reach the row.
    regions: std::iter::Peekable<std::slice::Iter<'a, Region>>,
    merged: Vec<Merged>,
    has_regions: bool,
    repeated: u64,
    looks: u64,
    not_repeated: u64,
    /// Bytes of the values of merged cells.
    held: usize,
    /// The highest number of a row so far.
    highest: u32,
    uncached: Vec<u64>,
    unknown: Vec<u64>,
    beyond: u64,
    renamed: u64,
    columns: Vec<Option<Held>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        regions: &'a [Region],
        options: &'a Options,
        sink: &'a mut dyn Sink,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            options,
            cancel,
            feed: Feed::new(sink),
            text: String::new(),
            cells: Vec::new(),
            is_sorted: true,
            number: 0,
            has_value: false,
            filled: 0,
            regions: regions.iter().peekable(),
            merged: Vec::new(),
            has_regions: !regions.is_empty(),
            repeated: 0,
            looks: 0,
            not_repeated: 0,
            held: 0,
            highest: 0,
            uncached: vec![0; layout.width() + 1],
            unknown: vec![0; layout.width() + 1],
            beyond: 0,
            renamed: 0,
            columns: vec![None; layout.width()],
            layout,
        }
    }

    fn over(&mut self) -> Result<(), Halt> {
        if self.has_value {
            if !self.is_sorted {
                self.cells.sort_by_key(|(column, _)| *column);
            }
            let is_header = self.layout.header_row == Some(self.filled);
            self.filled += 1;
            self.fill_merged();
            if !is_header {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(1 << 20);
        self.cells.clear();
        self.is_sorted = true;
        self.has_value = false;
    }

    /// Gives the row the values of the merged regions that cover it.
    fn fill_merged(&mut self) {
        let number = self.number;
        if number < self.highest {
            // Rows out of their order: what was merged above is let go already.
            self.not_repeated += u64::from(self.has_regions);
            return;
        }
        self.highest = number;
        while let Some(region) = self.regions.next_if(|region| region.first_row <= number) {
            if region.last_row >= number {
                self.merged.push(Merged { region: *region, text: None });
            }
        }
        if self.merged.is_empty() {
            return;
        }
        let held = &mut self.held;
        self.merged.retain(|merged| {
            let is_kept = merged.region.last_row >= number;
            *held -= if is_kept { 0 } else { merged.text.as_ref().map_or(0, String::len) };
            is_kept
        });
        self.looks += self.merged.len() as u64;
        if self.looks > MOST_LOOKS {
            self.not_repeated += 1;
            return;
        }
        let mut added = Vec::new();
        for merged in &mut self.merged {
            let region = merged.region;
            let holds = |column: u32| self.cells.binary_search_by_key(&column, |(column, _)| *column).ok();
            if region.first_row == number
                && let Some(place) = holds(region.first_column)
                && let Held::Text(start, end) = self.cells[place].1
            {
                if self.held + end - start > MOST_HELD {
                    self.not_repeated += 1;
                    continue;
                }
                // Regions of one row differ in their first cells, but for those of a row that stands twice.
                self.held -= merged.text.as_ref().map_or(0, String::len);
                self.held += end - start;
                merged.text = Some(self.text[start..end].to_owned());
            }
            let Some(text) = &merged.text else { continue };
            let start = self.text.len();
            let mut is_pushed = false;
            // Only columns that the table has: a region may span a thousand that it has not.
            for column in self.layout.between(region.first_column, region.last_column) {
                if holds(column).is_some() {
                    continue;
                }
                if self.repeated > MOST_REPEATED || self.text.len() > LONGEST_ROW {
                    self.not_repeated += 1;
                    break;
                }
                if !is_pushed {
                    self.text.push_str(text);
                    is_pushed = true;
                }
                self.repeated += text.len() as u64 + 8;
                added.push((column, Held::Text(start, start + text.len())));
            }
        }
        if !added.is_empty() {
            self.cells.append(&mut added);
            self.cells.sort_by_key(|(column, _)| *column);
            self.cells.dedup_by_key(|(column, _)| *column);
        }
    }

    fn hand_over(&mut self) -> Result<(), Halt> {
        self.columns.fill(None);
        let (mut used, mut first_beyond) = (0, self.cells.len());
        for (place, (column, held)) in self.cells.iter().enumerate() {
            match self.layout.column(*column) {
                Some(column) => {
                    self.columns[column] = Some(*held);
                    used = used.max(column + 1);
                }
                None => first_beyond = first_beyond.min(place),
            }
        }
        let beyond = self.cells.iter().skip(first_beyond).filter(|(column, _)| self.layout.column(*column).is_none());
        let beyond = beyond.filter(|(_, held)| match held {
            Held::Text(start, end) => start < end,
            Held::TooLong => true,
            Held::Null => false,
        });
        let has_beyond = beyond.clone().next().is_some();
        if has_beyond {
            self.beyond += 1;
            used = self.layout.width();
        }
        self.renamed += u64::from(self.is_renaming());
        let batch = &mut self.feed.batch;
        let known = self.columns[..used].iter().copied().map(|held| held.unwrap_or(Held::Null));
        for held in known.chain(beyond.map(|(_, held)| *held)) {
            match held {
                Held::Text(start, end) => batch.push_text(&self.text[start..end]),
                Held::Null => batch.push_cell(None),
                Held::TooLong => batch.push_too_long(),
            }
        }
        batch.end_row(Locator::RowId(i64::from(self.number)));
        self.feed.row_done()?;
        Ok(())
    }

    /// Whether the row names columns, and others than the table has there.
    fn is_renaming(&self) -> bool {
        let Some(names) = self.options.names_column else { return false };
        if self.cells.len() < 2 || self.text.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let text = |held: &Held| match held {
            Held::Text(start, end) => &self.text[*start..*end],
            _ => "",
        };
        let row: Vec<String> = self.cells.iter().map(|(_, held)| text(held).to_owned()).collect();
        header::is_clear(&row, self.options)
            && self.cells.iter().any(|(column, held)| {
                let name = text(held).trim();
                !name.is_empty()
                    && !header::reads_as_person(name, names)
                    && self
                        .layout
                        .column(*column)
                        .and_then(|column| self.layout.names.get(column))
                        .is_none_or(|known| known != name)
            })
    }

    /// Hands over what is left, and says what was wrong.
    pub(super) fn finish(mut self, halt: Option<Halt>, source: &str, object: &str) -> Result<SplitReport, ReadError> {
        let mut broken = None;
        match halt {
            None => match self.over() {
                Ok(()) | Err(Halt::Enough) => {}
                Err(halt) => broken = Some(halt.problem(source)?),
            },
            Some(halt) => {
                let problem = halt.problem(source)?;
                // A row that breaks off is handed over as far as it goes.
                match self.over() {
                    Err(Halt::Ended(error)) => return Err(error),
                    _ => broken = Some(problem),
                }
            }
        }
        let layout = self.layout;
        let name = |index: usize| layout.names.get(index).cloned().unwrap_or_else(|| column_name(index));
        let mut report = self.feed.finish(source, object, name)?;
        let mut add = |code, count: u64, column: Option<usize>, detail: &str| {
            if count > 0 {
                let problem = Problem::of_source(code, source, detail).in_object(object).counted(count);
                report.problems.push(match column {
                    Some(column) => problem.in_column(&name(column)),
                    None => problem,
                });
            }
        };
        let uncached = "formulas without a stored result; open the workbook in a spreadsheet program and save it";
        let unknown = "cells hold a value that the workbook does not explain";
        for (counts, code, detail) in
            [(&self.uncached, ProblemCode::Unsupported, uncached), (&self.unknown, ProblemCode::ReadFailed, unknown)]
        {
            for (column, count) in counts.iter().enumerate() {
                add(code, *count, Some(column), detail);
            }
        }
        let beyond = "rows hold cells in columns that neither the names nor the first rows use";
        add(ProblemCode::RaggedRows, self.beyond, None, beyond);
        let renamed = "rows name columns again, and others than above: several tables in one sheet";
        add(ProblemCode::DoubtfulHeader, self.renamed, None, renamed);
        let left = "rows are covered by more merged cells than are read";
        add(ProblemCode::RowTooLong, self.not_repeated, None, left);
        report.problems.extend(broken.map(|problem| problem.in_object(object)));
        Ok(report)
    }
}

impl Visit for Rows<'_> {
    fn row(&mut self, number: u32) -> Result<(), Halt> {
        self.over()?;
        self.clear();
        self.number = number;
        if self.cancel.is_cancelled() { Err(Halt::Ended(ReadError::Cancelled)) } else { Ok(()) }
    }

    fn cell(&mut self, column: u32, value: Value<'_>) -> Result<(), Halt> {
        if let Some((last, _)) = self.cells.last() {
            if *last == column || (*last > column && self.cells.iter().any(|(known, _)| *known == column)) {
                // Two cells at one place: no spreadsheet writes them, and neither is lost.
                self.over()?;
                self.clear();
            } else {
                self.is_sorted &= *last < column;
            }
        }
        let place = self.layout.column(column).unwrap_or(self.layout.width());
        let held = match value {
            Value::Text(text) if self.text.len() + text.len() > 2 * LONGEST_ROW => Held::TooLong,
            Value::Text(text) => {
                let start = self.text.len();
                self.text.push_str(text);
                self.has_value |= !text.trim().is_empty();
                Held::Text(start, self.text.len())
            }
            Value::Error => Held::Null,
            Value::Uncached => {
                self.uncached[place] += 1;
                Held::Null
            }
            Value::Unknown => {
                self.unknown[place] += 1;
                Held::Null
            }
        };
        self.has_value |= matches!(held, Held::TooLong);
        self.cells.push((column, held));
        Ok(())
    }

    fn repeat(&mut self, times: u32) -> Result<(), Halt> {
        for _ in 0..times {
            self.over()?;
            self.number += 1;
            if self.cancel.is_cancelled() {
                return Err(Halt::Ended(ReadError::Cancelled));
            }
        }
        Ok(())
    }
}
