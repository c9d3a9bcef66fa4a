//! Files of a log that are tables themselves, read by the readers of such tables.

use crate::source::ProblemCode;
use crate::source::RowBatch;
use crate::source::Sink;
use crate::source::Stopped;
use crate::source::columnar;
use crate::source::file::OpenedFile;
use crate::support::progress::Cancel;
use std::path::Path;

/// Shows the wanted cells of each row.
struct Visit<'a> {
    wanted: Vec<Option<usize>>,
    visit: &'a mut dyn FnMut(&[Option<&str>]),
}

impl Sink for Visit<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        for row in 0..batch.rows() {
            let cells: Vec<Option<&str>> =
                self.wanted.iter().map(|column| column.and_then(|column| batch.cell(row, column))).collect();
            (self.visit)(&cells);
        }
        Ok(batch)
    }
}

/// Shows the cells of columns of every row of a Parquet or an Avro file, several times where the row has lists. `false` where rows are missing.
pub(super) fn read(path: &Path, columns: &[&str], cancel: &Cancel, visit: &mut dyn FnMut(&[Option<&str>])) -> bool {
    // Never a link that leads out of the folder.
    if !super::is_file(path) {
        return false;
    }
    let Ok(file) = OpenedFile::open("log", path) else { return false };
    let Some(format) = file.head(8).ok().and_then(|head| columnar::format_of(&head)) else { return false };
    let Ok(session) = columnar::open(file, format, cancel) else { return false };
    let Some(object) = session.inventory().objects.first() else { return false };
    let place = |name: &&str| object.columns.iter().position(|column| column.name == **name);
    let mut sink = Visit { wanted: columns.iter().map(place).collect(), visit };
    if sink.wanted.first().is_none_or(Option::is_none) {
        return false;
    }
    let Ok(splits) = session.splits(0, 1, cancel) else { return false };
    let is_loss = |code| matches!(code, ProblemCode::ReadFailed | ProblemCode::CutShort | ProblemCode::UnknownFormat);
    let is_whole = !session.inventory().problems.iter().any(|problem| is_loss(problem.code));
    is_whole
        && splits.iter().all(|split| {
            let report = session.read(split, &mut sink, cancel);
            report.is_ok_and(|report| !report.problems.iter().any(|problem| is_loss(problem.code)))
        })
}
