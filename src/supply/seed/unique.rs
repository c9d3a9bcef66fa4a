//! Whether seeds are unique: their fingerprints by every fixed key, held against those of all records.
//!
//! Fingerprints are compared, and not values, so that a seed is another person by the very measure by which it is looked for later.

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::Mapping;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::record::RecordBatch;
use crate::record::field::Field;
use crate::source::Locator;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use rayon::prelude::*;
use std::collections::HashMap;
use std::collections::HashSet;

/// A value of a seed as it is compared: by which key or column, and its fingerprint.
type Print = (usize, Fingerprint);

/// How records are compared.
pub(super) struct Comparison<'a> {
    mapping: &'a Mapping,
    keys: Vec<MatchKey>,
    /// The key of a dwelling, which is compared where it was invented.
    dwelling: Option<usize>,
    subkeys: Vec<Subkey>,
    /// Columns without a field whose cells all differ: no two rows of the data that are handed over may share one.
    columns: Vec<usize>,
    secret: &'a Secret,
}

/// What is compared of one seed.
#[derive(Clone, Debug, Default)]
pub(super) struct Prints {
    all: Vec<Print>,
    /// Whether it forms a key by which it can be looked for.
    pub(super) has_key: bool,
}

impl<'a> Comparison<'a> {
    /// A comparison by these keys, and by these columns.
    pub(super) fn new(mapping: &'a Mapping, mut keys: Vec<MatchKey>, columns: Vec<usize>, secret: &'a Secret) -> Comparison<'a> {
        let feeds = |atom: Atom| mapping.columns.iter().any(|taken| taken.field().and_then(Field::slot) == Some(atom.slot()));
        let dwelling = [Atom::AddressNoWord4, Atom::PostcodeUnit];
        let has_dwelling = dwelling.into_iter().all(feeds);
        if has_dwelling {
            keys.push(MatchKey::planned(dwelling.to_vec()));
        }
        let subkeys = keys.iter().map(|key| Subkey::derive(secret, "seeds", &key.name)).collect();
        Comparison { mapping, dwelling: has_dwelling.then(|| keys.len() - 1), subkeys, keys, columns, secret }
    }

    /// The prints of one row's cells, among which those that others stand in for do not make a key. The dwelling is left out where it was given.
    pub(super) fn prints(&self, cells: &[String], stand_ins: &[(usize, String)], is_dwelling_given: bool) -> Prints {
        let mut batch = RowBatch::default();
        for is_heard in [false, true] {
            for (column, cell) in cells.iter().enumerate() {
                let is_silent = cell.is_empty() || (is_heard && stand_ins.iter().any(|(other, _)| *other == column));
                batch.push_cell((!is_silent).then_some(cell.as_bytes()));
            }
            batch.end_row(Locator::None);
        }
        let mut prints = Prints::default();
        self.press(&mut Bench::new(self.mapping), &batch, |row, key, fingerprint| {
            let is_dwelling = Some(key) == self.dwelling;
            match row {
                1 => prints.has_key |= !is_dwelling && key < self.keys.len(),
                _ if is_dwelling && is_dwelling_given => {}
                _ => prints.all.push((key, fingerprint)),
            }
        });
        prints
    }

    /// Which of the seeds share a print with a record of the data.
    pub(super) fn shared(
        &self,
        session: &dyn Session,
        draft: &Draft,
        seeds: &[Prints],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<HashSet<usize>, SupplyError> {
        let mut owners: HashMap<Print, Vec<usize>> = HashMap::new();
        for (seed, prints) in seeds.iter().enumerate() {
            for print in &prints.all {
                owners.entry(*print).or_default().push(seed);
            }
        }
        progress.begin("comparing seeds with the records", Some(draft.records()), None);
        let read = |(split, _): &(Split, u64)| {
            let mut sink = CompareSink {
                comparison: self,
                owners: &owners,
                bench: Bench::new(self.mapping),
                shared: HashSet::new(),
                progress,
            };
            let report = session.read(split, &mut sink, cancel)?;
            match report.problems.into_iter().next() {
                Some(problem) => Err(SupplyError::Source(problem)),
                None => Ok(sink.shared),
            }
        };
        let parts: Result<Vec<HashSet<usize>>, SupplyError> = if session.is_parallel() {
            draft.parts.par_iter().map(read).collect()
        } else {
            draft.parts.iter().map(read).collect()
        };
        progress.end();
        Ok(parts?.into_iter().flatten().collect())
    }

    /// Calls `each` with row, key and fingerprint of all that the rows form.
    fn press(&self, bench: &mut Bench, batch: &RowBatch, mut each: impl FnMut(usize, usize, Fingerprint)) {
        bench.converter.convert(batch, &mut bench.records);
        bench.atoms.derive(&bench.records, &Atom::ALL);
        for (number, (key, subkey)) in self.keys.iter().zip(&self.subkeys).enumerate() {
            bench.messages.fill(key, &bench.atoms, |_, _| true);
            subkey.hash(&bench.messages, &mut bench.fingerprints);
            for (fingerprint, row) in bench.fingerprints.iter().zip(bench.messages.rows()) {
                each(*row as usize, number, *fingerprint);
            }
        }
        for column in &self.columns {
            for row in 0..batch.rows() {
                let Some(cell) = batch.cell(row, *column).map(str::trim).filter(|cell| !cell.is_empty()) else { continue };
                let hash = blake3::keyed_hash(self.secret.expose(), cell.as_bytes());
                let mut fingerprint = Fingerprint::default();
                fingerprint.copy_from_slice(&hash.as_bytes()[..size_of::<Fingerprint>()]);
                each(row, self.keys.len() + column, fingerprint);
            }
        }
    }
}

impl Prints {
    /// Whether both share a print.
    pub(super) fn meet(&self, others: &HashSet<Print>) -> bool {
        self.all.iter().any(|print| others.contains(print))
    }

    /// Adds the prints to a set.
    pub(super) fn add_to(&self, set: &mut HashSet<Print>) {
        set.extend(&self.all);
    }
}

/// What is needed again for each batch.
struct Bench {
    converter: Converter,
    records: RecordBatch,
    atoms: AtomBatch,
    messages: MessageBatch,
    fingerprints: Vec<Fingerprint>,
}

impl Bench {
    fn new(mapping: &Mapping) -> Bench {
        Bench {
            converter: Converter::new(mapping, Side::Originator),
            records: RecordBatch::new(),
            atoms: AtomBatch::default(),
            messages: MessageBatch::default(),
            fingerprints: Vec::new(),
        }
    }
}

struct CompareSink<'a> {
    comparison: &'a Comparison<'a>,
    owners: &'a HashMap<Print, Vec<usize>>,
    bench: Bench,
    shared: HashSet<usize>,
    progress: &'a dyn Progress,
}

impl Sink for CompareSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        let (owners, shared) = (self.owners, &mut self.shared);
        self.comparison.press(&mut self.bench, &batch, |_, key, fingerprint| {
            shared.extend(owners.get(&(key, fingerprint)).into_iter().flatten());
        });
        self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}
