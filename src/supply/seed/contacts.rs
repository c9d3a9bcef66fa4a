//! Contacts: what a person gives for the seeds, such as addresses and numbers under the originator's own control.

use crate::intake::Mapping;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Stopped;
use crate::supply::SupplyError;
use crate::supply::seed::MOST_SEEDS;
use crate::supply::seed::SeedError;
use crate::support::progress::Cancel;

/// One row for each seed.
pub(crate) struct Contacts {
    /// For each seed and column of the data, what is given; an empty cell gives nothing.
    rows: Vec<Vec<Option<String>>>,
}

impl Contacts {
    /// Reads contacts for so many seeds of data with this mapping.
    pub(crate) fn read(
        session: &dyn Session,
        object: usize,
        mapping: &Mapping,
        wanted: u32,
        cancel: &Cancel,
    ) -> Result<Contacts, SupplyError> {
        let own = &session.inventory().objects[object].columns;
        let place =
            |name: &String| mapping.columns.iter().position(|taken| taken.name == *name).ok_or(SeedError::NoColumn(name.clone()));
        let places: Vec<usize> = own.iter().map(|column| place(&column.name)).collect::<Result<_, _>>()?;
        let mut sink = ContactSink { places: &places, columns: mapping.columns.len(), rows: Vec::new() };
        for split in session.splits(object, 1, cancel)? {
            match session.read(&split, &mut sink, cancel) {
                Ok(report) => report.problems.into_iter().next().map_or(Ok(()), |problem| Err(SupplyError::Source(problem)))?,
                // More contacts than there can be seeds.
                Err(ReadError::Stopped(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if sink.rows.len() < wanted as usize {
            return Err(SeedError::FewContacts { rows: sink.rows.len() as u64, wanted }.into());
        }
        Ok(Contacts { rows: sink.rows })
    }

    /// What is given for a seed, by its number.
    pub(super) fn of(&self, number: usize) -> &[Option<String>] {
        self.rows.get(number).map(Vec::as_slice).unwrap_or_default()
    }
}

struct ContactSink<'a> {
    places: &'a [usize],
    columns: usize,
    rows: Vec<Vec<Option<String>>>,
}

impl Sink for ContactSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        for row in 0..batch.rows() {
            if self.rows.len() >= MOST_SEEDS as usize {
                return Err(Stopped);
            }
            let mut cells = vec![None; self.columns];
            for (cell, place) in batch.row(row).zip(self.places) {
                cells[*place] = cell.filter(|cell| !cell.trim().is_empty()).map(str::to_owned);
            }
            self.rows.push(cells);
        }
        Ok(batch)
    }
}
