//! What the tests of several readers share: a sink that keeps all rows as plain values.

use super::Locator;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::RowBatch;
use super::Session;
use super::Sink;
use super::SplitReport;
use super::Stopped;
use crate::support::progress::Cancel;

/// A row as plain values.
pub(super) type Row = Vec<Option<String>>;

/// Keeps all rows.
#[derive(Default)]
pub(super) struct Collect {
    pub(super) rows: Vec<Row>,
    pub(super) locators: Vec<Locator>,
    /// Rows after which it stops the read.
    pub(super) limit: Option<usize>,
}

impl Sink for Collect {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        let before = usize::try_from(batch.first_row()).unwrap();
        assert!(self.rows.len() >= before, "row numbers run from the start of a split");
        for row in 0..batch.rows() {
            self.rows.push(batch.row(row).map(|cell| cell.map(str::to_owned)).collect());
            self.locators.push(batch.locator(row));
        }
        if self.limit.is_some_and(|limit| self.rows.len() >= limit) { Err(Stopped) } else { Ok(batch) }
    }
}

/// Reads an object serially.
pub(super) fn read_all(session: &dyn Session, object: usize) -> Result<(Collect, SplitReport), ReadError> {
    let cancel = Cancel::default();
    let mut sink = Collect::default();
    let splits = session.splits(object, 1, &cancel)?;
    assert_eq!(splits.len(), 1);
    let report = session.read(&splits[0], &mut sink, &cancel)?;
    assert_eq!(report.rows, sink.rows.len() as u64);
    Ok((sink, report))
}

/// Code and count of each problem.
pub(super) fn codes(problems: &[Problem]) -> Vec<(ProblemCode, Option<u64>)> {
    problems.iter().map(|problem| (problem.code, problem.count)).collect()
}
