//! Batches of columns turned into rows.

use super::cell::Bytes;
use super::cell::Cells;
use super::line::Line;
use super::nest::Nest;
use super::nest::Shape;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::batch::Counts;
use crate::source::batch::Feed;
use crate::source::nested::PathId;
use crate::source::nested::Paths;
use crate::source::nested::Rows;
use crate::source::nested::Tree;
use crate::support::progress::Cancel;
use arrow_array::Array;
use arrow_array::RecordBatch;

/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: usize = 4_096;

/// How the columns of the object are filled.
pub(super) enum Filling {
    /// Each by one cell a row.
    Flat(Vec<Place>),
    /// By values with others inside. What has no place among the batches' columns stands beside.
    Nested { paths: Paths, shapes: Vec<Shape>, constants: Vec<(PathId, Option<String>)> },
}

/// How a column of the object is filled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// By the next column of each batch.
    Read(Bytes),
    /// By nothing: it cannot be read, and keeps its place.
    Nothing,
    /// By the same value in every row, which the file's path tells.
    Constant(Option<String>),
}

/// Takes batches and hands over rows.
pub(super) struct Pour<'a> {
    feed: Feed<'a>,
    filling: &'a Filling,
    /// For values with others inside, what makes flat rows of them.
    nested: Option<(Tree<&'a Paths>, Rows<'a>)>,
    source: &'a str,
    object: &'a str,
    scratch: String,
    line: Line,
    binary: Counts,
    problems: Vec<Problem>,
    bytes: u64,
}

impl<'a> Pour<'a> {
    pub(super) fn new(source: &'a str, object: &'a str, filling: &'a Filling, sink: &'a mut dyn Sink) -> Self {
        let nested = match filling {
            Filling::Flat(_) => None,
            Filling::Nested { paths, .. } => Some((Tree::new(paths), Rows::new(paths))),
        };
        let (scratch, line, binary) = (String::new(), Line::default(), Counts::default());
        Self { feed: Feed::new(sink), filling, nested, source, object, scratch, line, binary, problems: Vec::new(), bytes: 0 }
    }

    /// Notes bytes of the file that were read.
    pub(super) fn passed(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Notes that so many rows are missing.
    pub(super) fn lost(&mut self, code: ProblemCode, rows: Option<u64>, detail: impl Into<String>) {
        let mut problem = Problem::of_source(code, self.source, detail).in_object(self.object);
        problem.count = rows;
        self.problems.push(problem);
    }

    /// Hands over the rows of a batch, the first of which has this number, counted from 0.
    pub(super) fn batch(&mut self, batch: &RecordBatch, first_row: u64, cancel: &Cancel) -> Result<(), ReadError> {
        match self.filling {
            Filling::Flat(places) => self.flat(places, batch, first_row, cancel),
            Filling::Nested { shapes, constants, .. } => self.nested(shapes, constants, batch, first_row, cancel),
        }
    }

    /// Hands over values of the first column, each as a row.
    pub(super) fn values(
        &mut self,
        values: &dyn Array,
        is_wanted: impl Fn(usize) -> bool,
        cancel: &Cancel,
    ) -> Result<(), ReadError> {
        let bytes = match self.filling {
            Filling::Flat(places) => places.first(),
            Filling::Nested { .. } => None,
        };
        let Some(Place::Read(bytes)) = bytes else { return Err(ReadError::UnknownSplit) };
        let cells = Cells::of(values, *bytes).unwrap_or(Cells::Nothing);
        for value in (0..values.len()).filter(|value| is_wanted(*value)) {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            self.line.add_value(&cells, value, &mut self.binary);
            self.line.end(&mut self.feed.batch, &mut self.binary, Locator::None);
            self.feed.row_done()?;
        }
        Ok(())
    }

    fn flat(&mut self, places: &[Place], batch: &RecordBatch, first_row: u64, cancel: &Cancel) -> Result<(), ReadError> {
        let mut arrays = batch.columns().iter();
        let columns: Vec<Cells<'_>> = places
            .iter()
            .map(|place| match place {
                Place::Read(bytes) => arrays.next().and_then(|array| Cells::of(array.as_ref(), *bytes)).unwrap_or(Cells::Nothing),
                _ => Cells::Nothing,
            })
            .collect();
        for row in 0..batch.num_rows() {
            if row % ROWS_PER_LOOK == 0 && cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            for (column, cells) in columns.iter().enumerate() {
                match &places[column] {
                    Place::Constant(Some(value)) => self.line.add(value.as_bytes()),
                    _ => self.line.add_value(cells, row, &mut self.binary),
                }
            }
            self.line.end(&mut self.feed.batch, &mut self.binary, locator(first_row, row));
            self.feed.row_done()?;
        }
        Ok(())
    }

    fn nested(
        &mut self,
        shapes: &[Shape],
        constants: &[(PathId, Option<String>)],
        batch: &RecordBatch,
        first_row: u64,
        cancel: &Cancel,
    ) -> Result<(), ReadError> {
        let Some((tree, rows)) = &mut self.nested else { return Err(ReadError::UnknownSplit) };
        let columns: Vec<Nest<'_>> =
            shapes.iter().zip(batch.columns()).map(|(shape, array)| Nest::of(shape, array.as_ref())).collect();
        for row in 0..batch.num_rows() {
            if row % ROWS_PER_LOOK == 0 && cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            tree.clear();
            tree.open_record();
            for column in &columns {
                column.show(row, tree, &mut self.scratch);
            }
            for (path, value) in constants {
                tree.at(*path);
                match value {
                    Some(value) => tree.text(value),
                    None => tree.null(),
                }
            }
            tree.close();
            rows.write(tree, locator(first_row, row), &mut self.feed, cancel)?;
        }
        Ok(())
    }

    /// What the reading came to; `name` finds a column's name.
    pub(super) fn finish(self, name: impl Fn(usize) -> String) -> Result<SplitReport, ReadError> {
        let mut report = self.feed.finish(self.source, self.object, &name)?;
        report.bytes = self.bytes;
        let of_column = |(column, count)| {
            let detail = "cells hold bytes that are no text; they were not read";
            let problem = Problem::of_source(ProblemCode::BinaryCells, self.source, detail).in_object(self.object);
            problem.in_column(&name(column)).counted(count)
        };
        report.problems.extend(self.binary.iter().map(of_column));
        if let Some((_, rows)) = &self.nested {
            report.problems.extend(rows.problems(self.source, self.object));
        }
        report.problems.extend(self.problems);
        Ok(report)
    }
}

/// The row's number in the file, from 1.
fn locator(first_row: u64, row: usize) -> Locator {
    let number = first_row.saturating_add(row as u64).saturating_add(1);
    Locator::RowId(i64::try_from(number).unwrap_or(i64::MAX))
}
