//! Seeds: invented people, unique to one supply, mixed in among the records before these are fingerprinted.
//!
//! [`mix_in`] reads the data and writes them anew as CSV with the seeds in random places; the supply then goes on with what was written, so that
//! exactly what is handed over is fingerprinted. [`pool`] draws rows, [`invent`] makes a person of many of them, [`shape`] makes values after a
//! pattern, and [`unique`] holds the seeds against all records. What a person gives for the seeds is in [`contacts`].

pub(crate) mod contacts;
mod invent;
mod pool;
mod random;
mod shape;
pub(crate) mod spot;
mod unique;

use crate::intake::Taken;
use crate::record::field::Kind;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::supply::seed::contacts::Contacts;
use crate::supply::seed::invent::Invented;
use crate::supply::seed::invent::Inventor;
use crate::supply::seed::pool::Pool;
use crate::supply::seed::random::Random;
use crate::supply::seed::unique::Comparison;
use crate::supply::seed::unique::Prints;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use std::collections::HashSet;
use std::io;
use std::io::Write;
use thiserror::Error;

/// The fewest records among which a seed is not seen at once.
const FEWEST_RECORDS: u64 = 100;

/// Records for each seed, at least.
const RECORDS_PER_SEED: u64 = 100;

/// The most seeds of a supply.
pub(crate) const MOST_SEEDS: u32 = 1_000;

/// Seeds that are invented for each that is wanted, since some are like a record.
const CANDIDATES: usize = 3;

/// How often seeds are compared with the data and those that are like a record are made anew.
const ROUNDS: usize = 5;

/// Why there are no seeds. The person's fault or the data's; nothing was written.
#[derive(Debug, Error)]
pub(crate) enum SeedError {
    /// Too few records to hide them.
    #[error("the data hold {records} records, among which at most {most} seeds can be hidden")]
    TooFew {
        /// Records.
        records: u64,
        /// Seeds that they can hide.
        most: u64,
    },
    /// Whatever is drawn is somebody's own.
    #[error("the data hold too few common {0} to invent people from")]
    TooAlike(&'static str),
    /// What was invented is somebody.
    #[error("people could not be invented who share nothing with any record")]
    NotUnique,
    /// A seed shares a key of the plan with a record.
    #[error("a seed shares the match key `{0}` with a record")]
    SharesKey(String),
    /// Nobody could look for them.
    #[error("no match key can be formed from seeds with these columns")]
    NoKey,
    /// The contacts speak of a column that is not there.
    #[error("the contacts have a column `{0}`, which the data do not have")]
    NoColumn(String),
    /// Fewer contacts than seeds.
    #[error("there are {rows} contacts for {wanted} seeds")]
    FewContacts {
        /// Rows of the contacts.
        rows: u64,
        /// Seeds.
        wanted: u32,
    },
    /// A contact is in the data, or stands twice among the contacts.
    #[error("what row {0} of the contacts gives is in the data, or was given for another seed")]
    TakenContact(usize),
    /// A row with more cells than columns.
    #[error("a row has more cells than the data have columns")]
    WideRow,
    /// What was written reads as something else: a bug, or another process meddled with it.
    #[error("the data with the seeds, once written, do not read as they should")]
    ReadsOtherwise,
    /// The data could not be written.
    #[error("cannot write the data with the seeds")]
    Output(#[source] io::Error),
}

impl SeedError {
    /// What a person may do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        Some(match self {
            SeedError::TooFew { .. } => {
                "ask for fewer seeds; one in a hundred records is the most, and of fewer than a hundred there is none"
            }
            SeedError::TooAlike(_) => {
                "give with `--seed-contacts` what the columns of the seeds hold, or say with `--schema` what the columns hold"
            }
            SeedError::NotUnique | SeedError::SharesKey(_) => {
                "supply once more, which draws other seeds; if that does not help, ask for fewer, or give columns with `--seed-contacts`"
            }
            SeedError::NoKey => {
                "give with `--seed-contacts` the numbers of the seeds; where the data have no more than names and places, there can be no seeds"
            }
            SeedError::NoColumn(_) => "name the columns of the contacts as those of the data are named",
            SeedError::FewContacts { .. } => "give one contact for each seed, or ask for fewer seeds",
            SeedError::TakenContact(_) => "give each seed a contact that is used for nothing else",
            SeedError::WideRow => "export the data again, with a name for each column",
            SeedError::ReadsOtherwise => "see that nothing else writes to the folder named with `--out`, and supply once more",
            SeedError::Output(_) => return None,
        })
    }
}

/// An invented person among the records.
#[derive(Clone)]
pub(crate) struct Seed {
    /// Its row in what was written, from 0.
    pub(crate) row: u32,
    /// Its cells.
    pub(crate) cells: Vec<String>,
    /// Columns with what is fingerprinted in the place of their cells.
    pub(crate) stand_ins: Vec<(usize, String)>,
}

/// What is to be mixed in.
pub(crate) struct Order<'a> {
    /// The opened data.
    pub(crate) session: &'a dyn Session,
    /// Their table.
    pub(crate) object: usize,
    /// What the first reading found.
    pub(crate) draft: &'a Draft,
    /// How many seeds.
    pub(crate) wanted: u32,
    /// What is given for them.
    pub(crate) contacts: Option<&'a Contacts>,
    /// Where all randomness comes from.
    pub(crate) secret: &'a Secret,
}

/// Whether so many records hide so many seeds.
pub(crate) fn check_room(records: u64, wanted: u32) -> Result<(), SeedError> {
    let most = if records < FEWEST_RECORDS { 0 } else { (records / RECORDS_PER_SEED).min(u64::from(MOST_SEEDS)) };
    if u64::from(wanted) > most { Err(SeedError::TooFew { records, most }) } else { Ok(()) }
}

/// Invents seeds and writes the data with them. Returns the seeds in the order of their rows.
pub(crate) fn mix_in(
    order: &Order<'_>,
    out: &mut dyn Write,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Vec<Seed>, SupplyError> {
    let records = order.draft.records();
    check_room(records, order.wanted)?;
    let mut random = Random::new(order.secret);
    let mut places: Vec<u64> = (0..order.wanted).map(|_| random.below(records + 1)).collect();
    places.sort_unstable();
    let pool = Pool::draw(order.session, order.draft, &places, &mut random, progress, cancel)?;
    let inventor = Inventor { mapping: &order.draft.mapping, pool: &pool, random, wanted: u64::from(order.wanted) };
    let invented = unique_ones(order, inventor, &places, progress, cancel)?;
    let seeds: Vec<Seed> = (0_u64..)
        .zip(places)
        .zip(invented)
        .map(|((before, place), invented)| {
            Ok(Seed { row: row(place + before)?, cells: invented.cells, stand_ins: invented.stand_ins })
        })
        .collect::<Result<_, SupplyError>>()?;
    row(records + u64::from(order.wanted))?;
    write(order, &seeds, out, progress, cancel)?;
    Ok(seeds)
}

/// A row's number in 32 bits.
fn row(number: u64) -> Result<u32, SupplyError> {
    u32::try_from(number).ok().filter(|number| *number < u32::MAX).ok_or(SupplyError::TooMany)
}

/// One seed for each place that shares nothing with a record, nor with another seed.
fn unique_ones(
    order: &Order<'_>,
    mut inventor: Inventor<'_>,
    places: &[u64],
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Vec<Invented>, SupplyError> {
    let draft = order.draft;
    let is_key = |column: &usize| draft.mapping.columns[*column].field().is_none() && inventor.pool.is_key_like(*column);
    let columns = (0..draft.mapping.columns.len()).filter(is_key).collect();
    let comparison = Comparison::new(&draft.mapping, draft.fixed_keys(None)?, columns, order.secret);
    let given = |number: usize| order.contacts.map(|contacts| contacts.of(number)).unwrap_or_default();
    let is_address = |taken: &Taken| taken.field().is_some_and(|field| matches!(field.kind, Kind::Address | Kind::Postcode));
    let has_address = |given: &[Option<String>]| {
        given.iter().zip(&draft.mapping.columns).any(|(cell, taken)| cell.is_some() && is_address(taken))
    };
    let mut chosen: Vec<Option<Invented>> = vec![None; places.len()];
    let mut taken = HashSet::new();
    let mut had_key = false;
    for _ in 0..ROUNDS {
        let mut candidates: Vec<(usize, Invented, Prints)> = Vec::new();
        for number in (0..places.len()).filter(|number| chosen[*number].is_none()) {
            for _ in 0..CANDIDATES {
                let invented = inventor.invent(places[number], given(number))?;
                let prints = comparison.prints(&invented.cells, &invented.stand_ins, has_address(given(number)));
                had_key |= prints.has_key;
                if prints.has_key {
                    candidates.push((number, invented, prints));
                }
            }
            if cancel.is_cancelled() {
                return Err(SupplyError::Read(ReadError::Cancelled));
            }
        }
        let prints: Vec<Prints> = candidates.iter().map(|(_, _, prints)| prints.clone()).collect();
        let shared = comparison.shared(order.session, draft, &prints, progress, cancel)?;
        for (index, (number, invented, prints)) in candidates.into_iter().enumerate() {
            if chosen[number].is_none() && !shared.contains(&index) && !prints.meet(&taken) {
                prints.add_to(&mut taken);
                chosen[number] = Some(invented);
            }
        }
        if chosen.iter().all(Option::is_some) {
            return Ok(chosen.into_iter().flatten().collect());
        }
    }
    let missing = chosen.iter().position(Option::is_none).unwrap_or_default();
    Err(match order.contacts {
        _ if !had_key => SeedError::NoKey,
        Some(_) => SeedError::TakenContact(missing + 1),
        None => SeedError::NotUnique,
    }
    .into())
}

/// Writes header, rows and seeds.
fn write(
    order: &Order<'_>,
    seeds: &[Seed],
    out: &mut dyn Write,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<(), SupplyError> {
    let columns = &order.session.inventory().objects[order.object].columns;
    let mut sink = WriteSink {
        columns: columns.len(),
        seeds: seeds.iter().peekable(),
        next_row: 0,
        rows: 0,
        out: io::BufWriter::with_capacity(1 << 20, out),
        line: Vec::new(),
        progress,
        failure: None,
    };
    progress.begin("writing the data with the seeds", Some(order.draft.records()), None);
    sink.write(columns.iter().map(|column| column.name.as_str())).map_err(SeedError::Output)?;
    for split in order.session.splits(order.object, 1, cancel)? {
        let read = order.session.read(&split, &mut sink, cancel);
        if let Some(failure) = sink.failure.take() {
            return Err(failure.into());
        }
        if let Some(problem) = read?.problems.into_iter().next() {
            return Err(SupplyError::Source(problem));
        }
    }
    sink.write_seeds().and_then(|()| sink.out.flush()).map_err(SeedError::Output)?;
    progress.end();
    if sink.rows != order.draft.records() {
        return Err(SupplyError::Read(ReadError::SplitMismatch));
    }
    match order.session.recheck().into_iter().next() {
        Some(problem) => Err(SupplyError::Source(problem)),
        None => Ok(()),
    }
}

/// Writes rows as they come, and seeds in their places.
struct WriteSink<'a, I: Iterator<Item = &'a Seed>> {
    columns: usize,
    seeds: std::iter::Peekable<I>,
    /// The number of the next row that is written, seeds counted.
    next_row: u64,
    /// Rows of the data so far.
    rows: u64,
    out: io::BufWriter<&'a mut dyn Write>,
    line: Vec<u8>,
    progress: &'a dyn Progress,
    failure: Option<SeedError>,
}

impl<'a, I: Iterator<Item = &'a Seed>> WriteSink<'a, I> {
    fn write<'b>(&mut self, cells: impl Iterator<Item = &'b str>) -> io::Result<()> {
        self.line.clear();
        for (number, cell) in cells.enumerate() {
            if number > 0 {
                self.line.push(b',');
            }
            push_cell(&mut self.line, cell, self.columns == 1);
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    fn write_seeds(&mut self) -> io::Result<()> {
        while let Some(seed) = self.seeds.next_if(|seed| u64::from(seed.row) == self.next_row) {
            self.write(seed.cells.iter().map(String::as_str))?;
            self.next_row += 1;
        }
        Ok(())
    }

    fn take_rows(&mut self, batch: &RowBatch) -> Result<(), SeedError> {
        for row in 0..batch.rows() {
            if batch.row(row).len() > self.columns {
                return Err(SeedError::WideRow);
            }
            self.write_seeds().map_err(SeedError::Output)?;
            let columns = self.columns;
            self.write((0..columns).map(|column| batch.cell(row, column).unwrap_or_default())).map_err(SeedError::Output)?;
            self.next_row += 1;
            self.rows += 1;
        }
        Ok(())
    }
}

impl<'a, I: Iterator<Item = &'a Seed>> Sink for WriteSink<'a, I> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.take_rows(&batch).map_err(|error| {
            self.failure = Some(error);
            Stopped
        })?;
        self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}

/// A cell by RFC 4180. More is quoted than needs to be, so that no reader takes another delimiter for ours or a line for none.
fn push_cell(line: &mut Vec<u8>, cell: &str, is_alone: bool) {
    let is_odd = |character: char| matches!(character, ',' | ';' | '\t' | '|' | '"' | '\'' | '\n' | '\r' | '\u{feff}');
    let is_edged = cell.starts_with([' ', '#']) || cell.ends_with(' ');
    if !(cell.contains(is_odd) || is_edged || (is_alone && cell.is_empty())) {
        line.extend_from_slice(cell.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests;
