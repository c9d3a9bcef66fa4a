//! Batches of columns turned into rows.

use super::cell::Bytes;
use super::cell::Cells;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::batch::Counts;
use crate::source::batch::Feed;
use crate::support::progress::Cancel;
use arrow_array::RecordBatch;

/// How a column of the object is filled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Filling {
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
    fillings: &'a [Filling],
    source: &'a str,
    scratch: String,
    binary: Counts,
    problems: Vec<Problem>,
    bytes: u64,
}

impl<'a> Pour<'a> {
    pub(super) fn new(source: &'a str, fillings: &'a [Filling], sink: &'a mut dyn Sink) -> Self {
        let (scratch, binary) = (String::new(), Counts::default());
        Self { feed: Feed::new(sink), fillings, source, scratch, binary, problems: Vec::new(), bytes: 0 }
    }

    /// Notes bytes of the file that were read.
    pub(super) fn passed(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Notes that so many rows are missing.
    pub(super) fn lost(&mut self, code: ProblemCode, rows: Option<u64>, detail: impl Into<String>) {
        let mut problem = Problem::of_source(code, self.source, detail).in_object(self.source);
        problem.count = rows;
        self.problems.push(problem);
    }

    /// Hands over the rows of a batch, the first of which has this number, counted from 0.
    pub(super) fn batch(&mut self, batch: &RecordBatch, first_row: u64, cancel: &Cancel) -> Result<(), ReadError> {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let mut arrays = batch.columns().iter();
        let columns: Vec<Cells<'_>> = self
            .fillings
            .iter()
            .map(|filling| match filling {
                Filling::Read(bytes) => {
                    arrays.next().and_then(|array| Cells::of(array.as_ref(), *bytes)).unwrap_or(Cells::Nothing)
                }
                _ => Cells::Nothing,
            })
            .collect();
        let rows = &mut self.feed;
        for row in 0..batch.num_rows() {
            for (column, cells) in columns.iter().enumerate() {
                match &self.fillings[column] {
                    Filling::Constant(Some(value)) => rows.batch.push_text(value),
                    _ => cells.push(row, column, &mut rows.batch, &mut self.scratch, &mut self.binary),
                }
            }
            let number = first_row.saturating_add(row as u64).saturating_add(1);
            rows.batch.end_row(Locator::RowId(i64::try_from(number).unwrap_or(i64::MAX)));
            rows.row_done()?;
        }
        Ok(())
    }

    /// What the reading came to; `name` finds a column's name.
    pub(super) fn finish(self, name: impl Fn(usize) -> String) -> Result<SplitReport, ReadError> {
        let mut report = self.feed.finish(self.source, self.source, &name)?;
        report.bytes = self.bytes;
        let of_column = |(column, count)| {
            let detail = "cells hold bytes that are no text; they were not read";
            let problem = Problem::of_source(ProblemCode::BinaryCells, self.source, detail).in_object(self.source);
            problem.in_column(&name(column)).counted(count)
        };
        report.problems.extend(self.binary.iter().map(of_column));
        report.problems.extend(self.problems);
        Ok(report)
    }
}
