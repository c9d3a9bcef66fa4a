//! Controls: people of the same source who were not supplied, and who fill whole blocks of ordinals of the deletion manifest.
//!
//! A recipient may hold many of the supplied people lawfully. If it holds them more often than people of the same source whom it was never
//! given, something was kept, and the originator's verification tells the one from the other. Which blocks are the controls' follows from the
//! key of the shuffle ([`Ordinals`]). Their fingerprints disclose that these people are in the source at all, so there are few of them.

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::manifest::ordinal::BLOCK;
use crate::manifest::ordinal::Ordinals;
use crate::manifest::shuffle::Shuffle;
use crate::manifest::write::Writer;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Class;
use crate::match_key::strength::has_supply_atom;
use crate::record::RecordBatch;
use crate::record::field::Field;
use crate::record::schema::Usage;
use crate::source::Problem;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::supply::press::has_digest;
use crate::support::number::grouped;
use crate::support::number::of;
use crate::support::progress::Cancel;
use crate::support::secret::Secret;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;
use thiserror::Error;

/// The most blocks of controls. Ten thousand people tell an excess of one in a hundred, and their fingerprints fit any memory.
const MOST_BLOCKS: u32 = 10;

/// Supplied records for each block of controls, so that there are about ten supplied people to one who was not.
const RECORDS_PER_BLOCK: u64 = 10_000;

/// The fewest supplied records among which controls are hidden: with fewer there is one full block, and it is theirs.
const FEWEST_RECORDS: u64 = BLOCK as u64;

/// How many people in a hundred fewer may have a key among the controls than among the supplied records. A key that they lack finds none of
/// them, and the recipient would be accused for it.
const MOST_APART: u64 = 5;

/// Rows that are named, the first ones, where controls are supplied records too.
const MOST_ROWS: usize = 8;

/// Separates the choice of people from every other use of a shuffle's key.
const CHOICE_CONTEXT: &str = "residua v1 control choice";

/// Why people cannot be controls of a supply. The file's fault, or the person's who named it.
#[derive(Debug, Error)]
pub(crate) enum ControlError {
    /// The file cannot be read whole.
    #[error("{0}")]
    Source(Problem),
    /// Reading broke off.
    #[error(transparent)]
    Read(ReadError),
    /// A column of the data is not there.
    #[error("it has no column `{0}`, from which the data form match keys")]
    NoColumn(String),
    /// Not one block can be filled.
    #[error("it holds {}, of whom {} form a match key of a person, and {} fill a block", of(*.rows, "row"), grouped(*.usable), grouped(u64::from(BLOCK)))]
    TooFew {
        /// Rows.
        rows: u64,
        /// Those that form a key by which a person is found.
        usable: u64,
    },
    /// The supplied records are too few to hide anybody among them.
    #[error("controls are hidden among at least {} supplied records, and the data hold {}", grouped(FEWEST_RECORDS), grouped(*.0))]
    FewRecords(u64),
    /// Some of them were supplied.
    #[error("{} of the {} people chosen from it are supplied records too, by a key that tells people apart, {}", grouped(*.shared), grouped(*.of), listed(.rows))]
    Supplied {
        /// How many.
        shared: u64,
        /// Of how many controls.
        of: u64,
        /// The first of their rows, from 1.
        rows: Vec<u32>,
    },
    /// A key is formed less often than of the supplied records.
    #[error(
        "its people are others than those supplied: {controls} % of them form the key `{key}`, and {records} % of the supplied records"
    )]
    Incomparable {
        /// The key.
        key: String,
        /// Controls with it, in percent.
        controls: u64,
        /// Supplied records with it, in percent.
        records: u64,
    },
}

fn listed(rows: &[u32]) -> String {
    let numbers: Vec<String> = rows.iter().map(u32::to_string).collect();
    format!("row{} {}", if rows.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

/// A file of people who were not supplied.
pub(crate) struct Controls<'a> {
    session: &'a dyn Session,
    splits: Vec<Split>,
    mapping: Mapping,
    rows: u32,
    most_blocks: u32,
}

/// What became of the controls of a supply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ControlCounts {
    /// How many there are.
    pub(crate) people: u64,
    /// The rows of their file.
    pub(crate) rows: u64,
    /// Rows that form no key by which a person is found.
    pub(crate) without_key: u64,
}

impl<'a> Controls<'a> {
    /// Maps the columns as those of the data, by their names, and counts the rows.
    pub(crate) fn open(
        session: &'a dyn Session,
        object: usize,
        draft: &Draft,
        cancel: &Cancel,
    ) -> Result<Controls<'a>, SupplyError> {
        if draft.records() < FEWEST_RECORDS {
            return Err(ControlError::FewRecords(draft.records()).into());
        }
        let mapping = map(&session.inventory().objects[object].columns, &draft.mapping)?;
        let splits = session.splits(object, 1, cancel).map_err(broken_off)?;
        let most_blocks = u64::from(MOST_BLOCKS).min(draft.records().div_ceil(RECORDS_PER_BLOCK));
        let most_blocks = u32::try_from(most_blocks).unwrap_or(MOST_BLOCKS);
        let mut controls = Controls { session, splits, mapping, rows: 0, most_blocks };
        let rows = controls.read(cancel, |_, _| Ok(()))?;
        if rows < u64::from(BLOCK) {
            return Err(ControlError::TooFew { rows, usable: rows }.into());
        }
        controls.rows = u32::try_from(rows).map_err(|_| SupplyError::TooMany)?;
        Ok(controls)
    }

    /// The most controls that there can be.
    pub(super) fn most(&self) -> u64 {
        u64::from(BLOCK) * u64::from(self.most_blocks.min(self.rows / BLOCK))
    }

    /// Reads all rows, batch by batch with the number of the first row; returns how many there were.
    fn read(&self, cancel: &Cancel, take: impl FnMut(&RowBatch, u32) -> io::Result<()>) -> Result<u64, SupplyError> {
        let mut sink = BatchSink { take, next_row: 0, failure: None };
        let mut rows = 0;
        for split in &self.splits {
            let read = self.session.read(split, &mut sink, cancel);
            if let Some(error) = sink.failure.take() {
                return Err(SupplyError::Spill(error));
            }
            let report = read.map_err(broken_off)?;
            if let Some(problem) = report.problems.into_iter().next() {
                return Err(ControlError::Source(problem).into());
            }
            rows += report.rows;
        }
        match self.session.recheck().into_iter().next() {
            Some(problem) => Err(ControlError::Source(problem).into()),
            None => Ok(rows),
        }
    }

    /// Chooses the people, in an order of their own that nobody knows who has not the key, and gives them their ordinals and fingerprints.
    pub(super) fn place(
        &self,
        ground: &Ground<'_>,
        shuffle: &Secret,
        subkeys: &[Subkey],
        writer: &Writer,
        cancel: &Cancel,
    ) -> Result<Placed, SupplyError> {
        let usable = self.usable(ground, cancel)?;
        let too_few = ControlError::TooFew { rows: u64::from(self.rows), usable: usable.len() };
        let blocks = u32::try_from(usable.len() / u64::from(BLOCK)).unwrap_or(u32::MAX).min(self.most_blocks);
        if blocks == 0 {
            return Err(too_few.into());
        }
        let ordinals = Ordinals::new(shuffle, ground.records, blocks).ok_or(SupplyError::TooMany)?;
        let order = Shuffle::new(&Secret::new(blake3::derive_key(CHOICE_CONTEXT, shuffle.expose())), self.rows);
        let in_order = (0..self.rows).map(|place| order.row(place)).filter(|row| usable.contains(*row));
        let rows: Vec<u32> = in_order.take((blocks * BLOCK) as usize).collect();
        let number_of: HashMap<u32, u32> = rows.iter().copied().zip(0..).collect();

        let mut keyed = vec![0; ground.keys.len()];
        let mut watch: Watch = vec![HashMap::new(); ground.keys.len()];
        let mut lane = writer.lane();
        let (mut messages, mut fingerprints) = (MessageBatch::default(), Vec::new());
        let mut deriving = Deriving::new(&self.mapping, ground.atoms);
        self.read(cancel, |batch, first| {
            let atoms = deriving.derive(batch, ground.atoms);
            let number = |row: u32| number_of.get(&(first + row)).copied();
            for (key, planned) in ground.keys.iter().enumerate() {
                messages.fill(planned, atoms, |row, _| u32::try_from(row).is_ok_and(|row| number(row).is_some()));
                subkeys[key].hash(&messages, &mut fingerprints);
                let mut last_row = None;
                for (fingerprint, row) in fingerprints.iter().zip(messages.rows()) {
                    let Some(number) = number(*row) else { continue };
                    keyed[key] += u64::from(last_row != Some(row));
                    last_row = Some(row);
                    lane.push(key, fingerprint, ordinals.control(number))?;
                    if planned.tells_person() || ground.has_supply_atom(planned) {
                        watch[key].entry(*fingerprint).or_default().push(number);
                    }
                }
            }
            Ok(())
        })?;
        lane.finish().map_err(SupplyError::Spill)?;
        let counts = ControlCounts {
            people: rows.len() as u64,
            rows: u64::from(self.rows),
            without_key: u64::from(self.rows) - usable.len(),
        };
        Ok(Placed { blocks, watch, rows, keyed, counts })
    }

    /// The rows by whose keys a person is found.
    fn usable(&self, ground: &Ground<'_>, cancel: &Cancel) -> Result<RoaringBitmap, SupplyError> {
        let finds_people = |key: &&MatchKey| key.tells_person() && !ground.has_supply_atom(key);
        let keys: Vec<&MatchKey> = ground.keys.iter().filter(finds_people).collect();
        let mut usable = RoaringBitmap::new();
        let mut deriving = Deriving::new(&self.mapping, ground.atoms);
        self.read(cancel, |batch, first| {
            let atoms = deriving.derive(batch, ground.atoms);
            let has = |key: &&MatchKey, row: usize| key.atoms.iter().all(|atom| atoms.count(*atom, row) > 0);
            let rows = (0..batch.rows()).zip(first..).filter(|(row, _)| keys.iter().any(|key| has(key, *row)));
            usable.extend(rows.map(|(_, number)| number));
            Ok(())
        })?;
        Ok(usable)
    }
}

/// The columns of another file, taken as those of the same names in the data.
fn map(columns: &[crate::source::Column], like: &Mapping) -> Result<Mapping, ControlError> {
    let is_used = |taken: &&Taken| taken.field().and_then(Field::slot).is_some();
    let is_there = |taken: &&Taken| columns.iter().any(|column| column.name == taken.name);
    if let Some(missing) = like.columns.iter().filter(is_used).find(|taken| !is_there(taken)) {
        return Err(ControlError::NoColumn(missing.name.clone()));
    }
    let taken = |name: &str| like.columns.iter().find(|taken| taken.name == name).cloned();
    let other = |name: &str| Taken::new(name, Usage::Ignored, By::Header);
    let columns = columns.iter().map(|column| taken(&column.name).unwrap_or_else(|| other(&column.name))).collect();
    Ok(Mapping { columns, is_deep: false })
}

/// That reading the controls broke off, or was interrupted.
fn broken_off(error: ReadError) -> SupplyError {
    match error {
        ReadError::Cancelled => SupplyError::Read(ReadError::Cancelled),
        ReadError::Failed(problem) => ControlError::Source(problem).into(),
        other => ControlError::Read(other).into(),
    }
}

/// Hands over batches with the number of their first row.
struct BatchSink<F> {
    take: F,
    next_row: u32,
    failure: Option<io::Error>,
}

impl<F: FnMut(&RowBatch, u32) -> io::Result<()>> Sink for BatchSink<F> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        (self.take)(&batch, self.next_row).map_err(|error| {
            self.failure = Some(error);
            Stopped
        })?;
        self.next_row = self.next_row.saturating_add(u32::try_from(batch.rows()).unwrap_or(u32::MAX));
        Ok(batch)
    }
}

/// Rows become atoms.
struct Deriving {
    converter: Converter,
    records: RecordBatch,
    atoms: AtomBatch,
}

impl Deriving {
    fn new(mapping: &Mapping, atoms: &[Atom]) -> Deriving {
        let converter = Converter::new(mapping, Side::Originator).with_digests(has_digest(atoms));
        Deriving { converter, records: RecordBatch::new(), atoms: AtomBatch::default() }
    }

    fn derive(&mut self, batch: &RowBatch, atoms: &[Atom]) -> &AtomBatch {
        self.converter.convert(batch, &mut self.records);
        self.atoms.derive(&self.records, atoms);
        &self.atoms
    }
}

/// What controls are placed among.
pub(super) struct Ground<'a> {
    pub(super) draft: &'a Draft,
    pub(super) keys: &'a [MatchKey],
    pub(super) atoms: &'a [Atom],
    /// Supplied records.
    pub(super) records: u32,
}

impl Ground<'_> {
    fn has_supply_atom(&self, key: &MatchKey) -> bool {
        has_supply_atom(key, |slot| self.draft.origin(slot))
    }
}

/// The fingerprints by which people are told apart, key by key, with the numbers of the controls that have them.
type Watch = Vec<HashMap<Fingerprint, Vec<u32>>>;

/// Controls in their places.
#[derive(Debug)]
pub(super) struct Placed {
    blocks: u32,
    watch: Watch,
    /// The row of each control in their file.
    rows: Vec<u32>,
    /// How many of them have each key.
    keyed: Vec<u64>,
    pub(super) counts: ControlCounts,
}

impl Placed {
    /// How many blocks they fill.
    pub(super) fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The controls that share this fingerprint of a supplied record.
    pub(super) fn meet(&self, key: usize, fingerprint: &Fingerprint) -> &[u32] {
        self.watch[key].get(fingerprint).map_or(&[], Vec::as_slice)
    }

    /// Refuses controls who were supplied, and such as are no measure for the supplied people. `met` holds, for each key, the controls that
    /// share a fingerprint with a supplied record; `keyed` the supplied records with it.
    pub(super) fn check(
        &self,
        keys: &[PlannedKey],
        met: &[BTreeSet<u32>],
        keyed: &[u64],
        records: u64,
    ) -> Result<(), ControlError> {
        let proves = |planned: &PlannedKey| planned.class != Class::Aggregate;
        let shared: BTreeSet<u32> =
            keys.iter().zip(met).filter(|(planned, _)| proves(planned)).flat_map(|(_, met)| met.iter().copied()).collect();
        if !shared.is_empty() {
            let mut rows: Vec<u32> =
                shared.iter().filter_map(|number| self.rows.get(*number as usize)).map(|row| row + 1).collect();
            rows.sort_unstable();
            rows.truncate(MOST_ROWS);
            return Err(ControlError::Supplied { shared: shared.len() as u64, of: self.counts.people, rows });
        }
        for ((planned, mine), theirs) in keys.iter().zip(&self.keyed).zip(keyed) {
            let percent = |part: u64, whole: u64| u64::try_from(u128::from(part) * 100 / u128::from(whole.max(1))).unwrap_or(100);
            let (controls, records) = (percent(*mine, self.counts.people), percent(*theirs, records));
            if planned.class == Class::Person && controls + MOST_APART < records {
                return Err(ControlError::Incomparable { key: planned.key.name.clone(), controls, records });
            }
        }
        Ok(())
    }
}
