//! References: by what the originator knows the row of each record, a column of its own data, for the day on which a find has to be laid at a row.

use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::support::progress::Cancel;
use rayon::prelude::*;

/// Reads a column of the data, a value for each record in the order of the rows.
pub(crate) fn read(session: &dyn Session, draft: &Draft, column: &str, cancel: &Cancel) -> Result<Vec<String>, SupplyError> {
    let column = draft.mapping.columns.iter().position(|taken| taken.name == column);
    let column = column.ok_or(SupplyError::NoReference)?;
    let read = |split: &Split| {
        let mut sink = ReferenceSink { column, values: Vec::new() };
        let report = session.read(split, &mut sink, cancel)?;
        match report.problems.into_iter().next() {
            Some(problem) => Err(SupplyError::Source(problem)),
            None => Ok(sink.values),
        }
    };
    let parts: Result<Vec<Vec<String>>, SupplyError> = if session.is_parallel() {
        draft.parts.par_iter().map(|(split, _)| read(split)).collect()
    } else {
        draft.parts.iter().map(|(split, _)| read(split)).collect()
    };
    Ok(parts?.concat())
}

struct ReferenceSink {
    column: usize,
    values: Vec<String>,
}

impl Sink for ReferenceSink {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.values.extend((0..batch.rows()).map(|row| batch.cell(row, self.column).unwrap_or_default().to_owned()));
        Ok(batch)
    }
}
