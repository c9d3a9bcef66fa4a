//! The press: rows become fingerprints, for all manifests of a supply at once, and a sample is kept for the estimate.

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::convert::ColumnCounts;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::intake::known_answer;
use crate::manifest::ordinal::Ordinals;
use crate::manifest::write::Lane;
use crate::manifest::write::Writer;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::source::Locator;
use crate::source::RowBatch;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Job;
use crate::supply::SupplyError;
use crate::supply::control::Placed;
use crate::supply::estimate::Span;
use crate::supply::risk::Domains;
use crate::supply::sample::Sampled;
use crate::supply::sample::Sampler;
use crate::supply::sample::is_drawn;
use crate::supply::seed::Seed;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::time;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::io;

/// Records that are held for the estimate; beyond, every n-th record of the file is.
const SAMPLE: u64 = 1 << 20;

/// Makes fingerprints of records, for all targets.
pub(super) struct Press<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) keys: &'a [MatchKey],
    pub(super) atoms: &'a [Atom],
    pub(super) sampler: &'a Sampler,
    pub(super) targets: Vec<PressTarget>,
    pub(super) records: u64,
    pub(super) progress: &'a dyn Progress,
    pub(super) cancel: &'a Cancel,
    pub(super) guard: Guard,
}

/// The fingerprints of the seeds in the first manifest, which no other record may have.
#[derive(Default)]
pub(super) struct Guard(HashSet<(usize, Fingerprint)>);

pub(super) struct PressTarget {
    pub(super) subkeys: Vec<Subkey>,
    pub(super) ordinals: Ordinals,
    /// The people in it who were not supplied.
    pub(super) placed: Option<Placed>,
    pub(super) writer: Writer,
}

/// What one part of the data came to.
#[derive(Default)]
pub(super) struct Part {
    pub(super) rows: u64,
    pub(super) records_without_key: u64,
    /// Records with each key, in the order of the keys.
    pub(super) keyed: Vec<u64>,
    /// For each key, the controls that share a fingerprint with a record.
    pub(super) met: Vec<BTreeSet<u32>>,
    pub(super) columns: Vec<ColumnCounts>,
    pub(super) sample: Vec<Sampled>,
    pub(super) spans: Spans,
    /// Keys by which a record is a seed too, by their places in the plan.
    pub(super) shared: BTreeSet<usize>,
}

impl Part {
    /// Adds what a later part came to.
    pub(super) fn merge(mut self, other: Part) -> Part {
        self.rows += other.rows;
        self.records_without_key += other.records_without_key;
        for (mine, theirs) in self.keyed.iter_mut().zip(&other.keyed) {
            *mine += theirs;
        }
        for (mine, theirs) in self.met.iter_mut().zip(other.met) {
            mine.extend(theirs);
        }
        for (mine, theirs) in self.columns.iter_mut().zip(&other.columns) {
            mine.merge(theirs);
        }
        self.sample.extend(other.sample);
        self.spans.merge(&other.spans);
        self.shared.extend(other.shared);
        self
    }
}

/// The spread of dates and numbers, slot by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans([Span; 4]);

impl Spans {
    const SLOTS: [Slot; 4] = [Slot::Birth, Slot::Child, Slot::Phone, Slot::Identifier];

    pub(super) fn see(&mut self, records: &RecordBatch) {
        for (span, slot) in self.0.iter_mut().zip(Self::SLOTS) {
            for row in 0..records.rows() {
                records.candidates(slot, row).for_each(|value| span.see(value));
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Spans) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            mine.merge(theirs);
        }
    }

    /// How many values a slot's range has. Dates, as numbers of eight digits, become days.
    pub(super) fn width(&self, slot: Slot) -> Option<u64> {
        let span = Self::SLOTS.iter().position(|known| *known == slot).map(|position| self.0[position])?;
        match slot {
            Slot::Birth | Slot::Child => {
                let (low, high) = span.range()?;
                let day = |number: u64| {
                    time::parse_day(&format!("{:04}-{:02}-{:02}", number / 10_000, number / 100 % 100, number % 100))
                };
                u64::try_from(time::days_between(day(low)?, day(high)?)).ok().map(|days| days + 1)
            }
            _ => span.width(),
        }
    }

    /// What the ranges tell about how many values there are to guess from.
    pub(super) fn domains(&self) -> Domains {
        let mut domains = Domains::default();
        for slot in Self::SLOTS {
            if let Some(width) = self.width(slot) {
                domains.set(slot, Some(width));
            }
        }
        domains
    }
}

/// Whether digests of addresses are among the atoms.
pub(super) fn has_digest(atoms: &[Atom]) -> bool {
    atoms.iter().any(|atom| atom.slot() == Slot::Digest)
}

impl Press<'_> {
    /// Learns the fingerprints of the seeds.
    pub(super) fn guard_seeds(&mut self) {
        let (Some(target), false) = (self.targets.first(), self.job.seeds.is_empty()) else { return };
        let mut batch = RowBatch::default();
        for seed in self.job.seeds {
            push_row(&mut batch, seed.cells.iter().map(|cell| Some(cell.as_str())), &seed.stand_ins);
        }
        let mut records = RecordBatch::new();
        let converter = Converter::new(&self.job.draft.mapping, Side::Originator);
        converter.with_digests(has_digest(self.atoms)).convert(&batch, &mut records);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, self.atoms);
        let (mut messages, mut fingerprints) = (MessageBatch::default(), Vec::new());
        for (number, key) in self.keys.iter().enumerate() {
            messages.fill(key, &atoms, |_, _| true);
            target.subkeys[number].hash(&messages, &mut fingerprints);
            self.guard.0.extend(fingerprints.iter().map(|fingerprint| (number, *fingerprint)));
        }
    }

    /// The seeds of some rows.
    fn seeds(&self, from: u64, rows: usize) -> &[Seed] {
        let seeds = self.job.seeds;
        let start = seeds.partition_point(|seed| u64::from(seed.row) < from);
        let end = seeds.partition_point(|seed| u64::from(seed.row) < from + rows as u64);
        &seeds[start..end]
    }

    /// Fingerprints one part of the data.
    pub(super) fn part(&self, split: &Split, base: u64) -> Result<Part, SupplyError> {
        let mut sink = PressSink {
            press: self,
            lanes: self.targets.iter().map(|target| target.writer.lane()).collect(),
            converter: Converter::new(&self.job.draft.mapping, Side::Originator).with_digests(has_digest(self.atoms)),
            records: RecordBatch::new(),
            atoms: AtomBatch::default(),
            messages: MessageBatch::default(),
            fingerprints: Vec::new(),
            has_key: Vec::new(),
            next_row: base,
            part: Part { keyed: vec![0; self.keys.len()], met: vec![BTreeSet::new(); self.keys.len()], ..Part::default() },
            failure: None,
        };
        let read = self.job.session.read(split, &mut sink, self.cancel);
        if let Some(error) = sink.failure.take() {
            return Err(SupplyError::Spill(error));
        }
        let report = read?;
        if let Some(problem) = report.problems.into_iter().next() {
            return Err(SupplyError::Source(problem));
        }
        for lane in sink.lanes {
            lane.finish().map_err(SupplyError::Spill)?;
        }
        sink.part.columns = sink.converter.counts().to_vec();
        sink.part.rows = report.rows;
        Ok(sink.part)
    }

    /// Adds the known-answer record, whose ordinal follows all others.
    pub(super) fn known_answer(&self) -> Result<(), SupplyError> {
        let mut atoms = AtomBatch::default();
        atoms.derive(&known_answer::record(Side::Originator), self.atoms);
        let (mut messages, mut fingerprints) = (MessageBatch::default(), Vec::new());
        for target in &self.targets {
            let mut lane = target.writer.lane();
            for (number, key) in self.keys.iter().enumerate() {
                messages.fill(key, &atoms, |_, _| true);
                target.subkeys[number].hash(&messages, &mut fingerprints);
                for fingerprint in &fingerprints {
                    lane.push(number, fingerprint, target.ordinals.end()).map_err(SupplyError::Spill)?;
                }
            }
            lane.finish().map_err(SupplyError::Spill)?;
        }
        Ok(())
    }
}

/// Fingerprints batches where they are read.
struct PressSink<'a> {
    press: &'a Press<'a>,
    lanes: Vec<Lane>,
    converter: Converter,
    records: RecordBatch,
    atoms: AtomBatch,
    messages: MessageBatch,
    fingerprints: Vec<Fingerprint>,
    has_key: Vec<bool>,
    next_row: u64,
    part: Part,
    failure: Option<io::Error>,
}

impl PressSink<'_> {
    fn press(&mut self, batch: &RowBatch) -> io::Result<()> {
        let press = self.press;
        let seeds = press.seeds(self.next_row, batch.rows());
        let replaced = seeds.iter().any(|seed| !seed.stand_ins.is_empty()).then(|| with_stand_ins(batch, self.next_row, seeds));
        let batch = replaced.as_ref().unwrap_or(batch);
        self.converter.convert(batch, &mut self.records);
        self.atoms.derive(&self.records, self.press.atoms);
        self.part.spans.see(&self.records);
        self.has_key.clear();
        self.has_key.resize(batch.rows(), false);
        // Row numbers are below the number of records, which fits 32 bits.
        let row_of = |row: usize| u32::try_from(self.next_row + row as u64).unwrap_or(u32::MAX);
        let ordinals: Vec<Vec<u32>> = self
            .press
            .targets
            .iter()
            .map(|target| (0..self.has_key.len()).map(|row| target.ordinals.supplied(row_of(row))).collect())
            .collect();
        for (number, key) in self.press.keys.iter().enumerate() {
            self.messages.fill(key, &self.atoms, |_, _| true);
            let mut last_row = None;
            for row in self.messages.rows() {
                self.has_key[*row as usize] = true;
                // The messages of a row follow one another.
                self.part.keyed[number] += u64::from(last_row != Some(row));
                last_row = Some(row);
            }
            let mut is_first = !press.guard.0.is_empty();
            for ((target, lane), ordinals) in self.press.targets.iter().zip(&mut self.lanes).zip(&ordinals) {
                target.subkeys[number].hash(&self.messages, &mut self.fingerprints);
                for (fingerprint, row) in self.fingerprints.iter().zip(self.messages.rows()) {
                    lane.push(number, fingerprint, ordinals[*row as usize])?;
                    if let Some(placed) = &target.placed {
                        self.part.met[number].extend(placed.meet(number, fingerprint));
                    }
                    if is_first && press.guard.0.contains(&(number, *fingerprint)) {
                        let is_seed = seeds.binary_search_by_key(&row_of(*row as usize), |seed| seed.row).is_ok();
                        self.part.shared.extend((!is_seed).then_some(number));
                    }
                }
                is_first = false;
            }
        }
        for row in 0..batch.rows() {
            if is_drawn(self.next_row + row as u64, self.press.records, SAMPLE) {
                self.part.sample.push(self.press.sampler.sample(&self.atoms, row));
            }
        }
        self.part.records_without_key += self.has_key.iter().filter(|has_key| !**has_key).count() as u64;
        self.next_row += batch.rows() as u64;
        Ok(())
    }
}

/// The rows with what is fingerprinted in the place of some cells of seeds.
fn with_stand_ins(batch: &RowBatch, first_row: u64, seeds: &[Seed]) -> RowBatch {
    let mut replaced = RowBatch::default();
    for row in 0..batch.rows() {
        let seed = seeds.iter().find(|seed| u64::from(seed.row) == first_row + row as u64);
        push_row(&mut replaced, batch.row(row), seed.map_or(&[], |seed| &seed.stand_ins));
    }
    replaced
}

fn push_row<'a>(batch: &mut RowBatch, cells: impl Iterator<Item = Option<&'a str>>, stand_ins: &'a [(usize, String)]) {
    for (column, cell) in cells.enumerate() {
        let stand_in = stand_ins.iter().find(|(other, _)| *other == column).map(|(_, value)| value.as_str());
        batch.push_cell(stand_in.or(cell).map(str::as_bytes));
    }
    batch.end_row(Locator::None);
}

impl Sink for PressSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.press(&batch).map_err(|error| {
            self.failure = Some(error);
            Stopped
        })?;
        self.press.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}
