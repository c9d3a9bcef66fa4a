//! The originator's pipeline: a data file becomes two manifests.
//!
//! [`draft`] reads everything once and says what each column is taken for; a person may correct that. [`sketch`] takes a sample, from which the
//! [`planner`] adds match keys to the fixed ones. [`run`] reads everything again and fingerprints each record twice, for the baseline and for the
//! deletion manifest, each with its own salt and its own shuffle; [`control`] puts people among the latter's who were not supplied, where a person
//! wants that. Alongside it keeps a larger sample, from which [`estimate`] says what each key is worth and [`risk`] what a manifest gives away.
//! Before all this, [`seed`] may write the data anew with invented people among them; [`draft_again`] then reads what was written. [`mod@derive`] is the
//! recipient's: it makes the baseline manifest anew from the data that were delivered.

mod agreement;
pub(crate) mod control;
pub(crate) mod derive;
pub(crate) mod estimate;
mod planner;
mod press;
pub(crate) mod reference;
pub(crate) mod risk;
mod sample;
pub(crate) mod seed;
mod sketch;

use crate::fingerprint::Subkey;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::convert::ColumnCounts;
use crate::intake::infer::apply_rule;
use crate::intake::infer::infer;
use crate::intake::profile::Profiles;
use crate::manifest::layout::Layout;
use crate::manifest::ordinal::Ordinals;
use crate::manifest::write::WriteError;
use crate::manifest::write::Writer;
use crate::match_key;
use crate::match_key::MatchKey;
use crate::match_key::PLANNED;
use crate::match_key::atom::Atom;
use crate::match_key::plan::Plan;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Class;
use crate::match_key::strength::has_supply_atom;
use crate::match_key::strength::lambda;
use crate::record::field::Kind;
use crate::record::field::Origin;
use crate::record::field::Slot;
use crate::record::normalize::date::OrderDecision;
use crate::record::normalize::digest::Algorithm;
use crate::record::schema::SchemaFile;
use crate::source::Problem;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::agreement::Agreement;
use crate::supply::control::ControlCounts;
use crate::supply::control::ControlError;
use crate::supply::control::Controls;
use crate::supply::control::Ground;
use crate::supply::estimate::Model;
use crate::supply::press::Guard;
use crate::supply::press::Part;
use crate::supply::press::Press;
use crate::supply::press::PressTarget;
use crate::supply::risk::Step;
use crate::supply::sample::Sampler;
use crate::supply::seed::Seed;
use crate::supply::seed::SeedError;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use rayon::prelude::*;
use std::io;
use std::io::Write;
use std::path::Path;
use thiserror::Error;

/// What keeps a supply from being fingerprinted. Nothing was written.
#[derive(Debug, Error)]
pub(crate) enum SupplyError {
    /// The file cannot be read whole, and a record that is not read would never be looked for.
    #[error("{0}")]
    Source(Problem),
    /// Reading broke off.
    #[error(transparent)]
    Read(ReadError),
    /// The file has no row below its header.
    #[error("the data hold no record")]
    NoRecord,
    /// More records than 32 bits number.
    #[error("the data hold more than 4,294,967,294 records")]
    TooMany,
    /// The schema file speaks of a column that is not there.
    #[error("the schema speaks of a column `{0}`, which the data do not have")]
    NoColumn(String),
    /// The schema file states the origin of a column that is taken for nothing that has one.
    #[error("the schema states the origin of column `{0}`, which is taken for nothing that has one")]
    NotAField(String),
    /// No column makes a key.
    #[error("no column was recognised as one from which match keys are made")]
    NoKey,
    /// The references are to come from a column that is not there.
    #[error("the data have no column of the name that references are to come from")]
    NoReference,
    /// Digests of addresses were asked for, and there are no addresses.
    #[error("no column was recognised as one of e-mail addresses, of which digests could be made")]
    NoEmail,
    /// A key was asked for that the columns cannot form, or that does not exist.
    #[error("the columns cannot form the match key `{0}`")]
    UnknownKey(String),
    /// The order of day and month of a date column cannot be told from its values.
    #[error("the order of day and month in column `{0}` cannot be told from its values")]
    Undecided(String),
    /// A date column holds values of both orders.
    #[error("column `{0}` holds dates of different orders: no one order reads them all")]
    Contradictory(String),
    /// Most values of a column are not what the column was taken for.
    #[error("most values of column `{column}` are no {kind}: {unreadable} of {filled} were not understood")]
    Implausible {
        /// The column.
        column: String,
        /// What it was taken for.
        kind: &'static str,
        /// Values that were not understood.
        unreadable: u64,
        /// Values.
        filled: u64,
    },
    /// People cannot be controls of the supply.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A manifest could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The temporary file could not be written: a full disk, most likely.
    #[error("cannot write the temporary file")]
    Spill(#[source] io::Error),
    /// There are no seeds to be had.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

impl From<ReadError> for SupplyError {
    fn from(error: ReadError) -> SupplyError {
        match error {
            ReadError::Failed(problem) => SupplyError::Source(problem),
            other => SupplyError::Read(other),
        }
    }
}

/// What the first reading found.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// What each column is taken for.
    pub(crate) mapping: Mapping,
    /// What the values look like.
    pub(crate) profiles: Profiles,
    /// The parts in which the data are read, each with the rows before it.
    parts: Vec<(Split, u64)>,
}

/// Reads all data once: counts, profiles, and what the columns are taken for.
pub(crate) fn draft(
    session: &dyn Session,
    object: usize,
    schema: Option<&SchemaFile>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Draft, SupplyError> {
    let columns = &session.inventory().objects[object].columns;
    let (profiles, parts) = profile(session, object, progress, cancel)?;
    let mut mapping = infer(columns.iter().map(|column| column.name.as_str()), &profiles);
    if let Some(schema) = schema {
        for (name, rule) in &schema.columns {
            let taken = mapping.columns.iter_mut().find(|taken| taken.name == *name);
            let taken = taken.ok_or_else(|| SupplyError::NoColumn(name.clone()))?;
            apply_rule(taken, rule).map_err(|_| SupplyError::NotAField(name.clone()))?;
        }
    }
    decide_orders(&mut mapping, &profiles)?;
    Ok(Draft { mapping, profiles, parts })
}

/// Reads what was written of the data with seeds among them: the columns mean what they meant.
pub(crate) fn draft_again(
    session: &dyn Session,
    object: usize,
    first: &Draft,
    seeds: &[Seed],
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Draft, SupplyError> {
    let names = session.inventory().objects[object].columns.iter().map(|column| column.name.as_str());
    let (profiles, parts) = profile(session, object, progress, cancel)?;
    let is_same = names.eq(first.mapping.columns.iter().map(|taken| taken.name.as_str()));
    if !is_same || profiles.rows != first.records() + seeds.len() as u64 {
        return Err(SeedError::ReadsOtherwise.into());
    }
    let mut mapping = first.mapping.clone();
    decide_orders(&mut mapping, &profiles)?;
    Ok(Draft { mapping, profiles, parts })
}

/// Reads all data once: what the values look like, and the parts in which they are read, each with the rows before it.
fn profile(
    session: &dyn Session,
    object: usize,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<(Profiles, Vec<(Split, u64)>), SupplyError> {
    let columns = &session.inventory().objects[object].columns;
    progress.begin("reading the data", None, session.inventory().objects[object].bytes);
    let profile = |split: &Split| {
        let mut sink = ProfileSink { profiles: Profiles::new(columns.len()), progress };
        let report = session.read(split, &mut sink, cancel)?;
        match report.problems.into_iter().next() {
            Some(problem) => Err(SupplyError::Source(problem)),
            None => Ok((sink.profiles, report.rows)),
        }
    };
    let (splits, seen) = match for_each(session, session.splits(object, 16, cancel)?, profile) {
        Err(SupplyError::Read(ReadError::SplitMismatch)) => for_each(session, session.splits(object, 1, cancel)?, profile)?,
        other => other?,
    };
    progress.end();
    let mut profiles = Profiles::new(columns.len());
    let mut parts = Vec::with_capacity(splits.len());
    let mut rows = 0;
    for (split, (part, part_rows)) in splits.into_iter().zip(seen) {
        profiles.merge(&part);
        parts.push((split, rows));
        rows += part_rows;
    }
    if rows == 0 {
        return Err(SupplyError::NoRecord);
    }
    if rows >= u64::from(u32::MAX) {
        return Err(SupplyError::TooMany);
    }
    Ok((profiles, parts))
}

/// Settles the order of day and month of each date column: by a person's word, else by all its values.
fn decide_orders(mapping: &mut Mapping, profiles: &Profiles) -> Result<(), SupplyError> {
    let dates = |taken: &&mut Taken| taken.field().is_some_and(|field| field.kind == Kind::Date && field.slot().is_some());
    for (taken, profile) in mapping.columns.iter_mut().zip(&profiles.columns).filter(|(taken, _)| dates(taken)) {
        if taken.order.is_some() {
            continue;
        }
        taken.order = match profile.order.decide() {
            OrderDecision::NotNeeded => None,
            OrderDecision::Decided(order) => Some(order),
            OrderDecision::Undecided => return Err(SupplyError::Undecided(taken.name.clone())),
            OrderDecision::Contradictory => return Err(SupplyError::Contradictory(taken.name.clone())),
        };
    }
    Ok(())
}

/// Reads the parts, side by side where the source allows it, and keeps what each gave.
fn for_each<T: Send>(
    session: &dyn Session,
    splits: Vec<Split>,
    read: impl Fn(&Split) -> Result<T, SupplyError> + Sync,
) -> Result<(Vec<Split>, Vec<T>), SupplyError> {
    let results: Result<Vec<T>, SupplyError> =
        if session.is_parallel() { splits.par_iter().map(&read).collect() } else { splits.iter().map(&read).collect() };
    Ok((splits, results?))
}

struct ProfileSink<'a> {
    profiles: Profiles,
    progress: &'a dyn Progress,
}

impl Sink for ProfileSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.profiles.see(&batch, u64::MAX);
        self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}

impl Draft {
    /// The number of records.
    pub(crate) fn records(&self) -> u64 {
        self.profiles.rows
    }

    /// The slots that the columns feed, each with its origin: `supply` where any column of it is.
    pub(crate) fn slots(&self) -> Vec<(Slot, Origin)> {
        let mut slots: Vec<(Slot, Origin)> = Vec::new();
        for field in self.mapping.columns.iter().filter_map(Taken::field) {
            let Some(slot) = field.slot() else { continue };
            match slots.iter_mut().find(|(known, _)| *known == slot) {
                Some((_, origin)) if field.origin == Origin::Supply => *origin = Origin::Supply,
                Some(_) => {}
                None => slots.push((slot, field.origin)),
            }
        }
        slots
    }

    /// Who may have what feeds a slot.
    fn origin(&self, slot: Slot) -> Origin {
        self.slots().into_iter().find(|(known, _)| *known == slot).map_or(Origin::Public, |(_, origin)| origin)
    }

    /// The fixed keys that the columns form, or those of them that a person chose.
    fn fixed_keys(&self, chosen: Option<&[String]>) -> Result<Vec<MatchKey>, SupplyError> {
        let slots = self.slots();
        let keys = match_key::fixed(|slot| slots.iter().any(|(known, _)| *known == slot));
        let keys = match chosen {
            None => keys,
            Some(chosen) => {
                let is_unknown = |name: &&String| **name != PLANNED && keys.iter().all(|key| key.name != **name);
                if let Some(unknown) = chosen.iter().find(is_unknown) {
                    return Err(SupplyError::UnknownKey(unknown.clone()));
                }
                keys.into_iter().filter(|key| chosen.contains(&key.name)).collect()
            }
        };
        Ok(keys)
    }
}

/// The keys of a supply, and how the atoms of its people agree.
pub(crate) struct Planned {
    /// The fixed keys, and behind them those that were planned.
    pub(crate) keys: Vec<MatchKey>,
    /// How atoms agree.
    pub(crate) model: Model,
}

/// The keys that a person wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Only these; all, if none are named.
    pub(crate) keys: Option<&'a [String]>,
    /// Digests of e-mail addresses besides.
    pub(crate) hashed_emails: &'a [Algorithm],
}

/// Plans the keys of a supply: the fixed ones that its columns form, or those of them that a person chose, and further ones by the
/// [`planner`], unless keys were chosen and [`PLANNED`] is not among them; then the digests of addresses that are asked for.
pub(crate) fn plan(
    session: &dyn Session,
    draft: &Draft,
    controls: Option<&Controls<'_>>,
    wanted: &Wanted<'_>,
    expected_rows: u64,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Planned, SupplyError> {
    let mut keys = draft.fixed_keys(wanted.keys)?;
    let slots = draft.slots();
    let has = |slot: Slot| slots.iter().any(|(known, _)| *known == slot);
    progress.begin("planning match keys", Some(draft.records()), None);
    let sketch = sketch::take(session, draft, progress, cancel)?;
    let agreement = Agreement::new(&sketch.sampler, &sketch.sample);
    let model = Model::learn(&agreement, has, |slot| sketch.spans.width(slot));
    if wanted.keys.is_none_or(|chosen| chosen.iter().any(|name| name == PLANNED)) {
        let forms = |atom: Atom| sketch.forms[atom as usize];
        let ground = planner::Ground {
            agreement: &agreement,
            model: &model,
            records: draft.records().saturating_add(controls.map_or(0, Controls::most)),
            expected_rows,
            forms: &forms,
        };
        keys.extend(planner::plan(&ground, &keys, has));
    }
    progress.end();
    if !wanted.hashed_emails.is_empty() && !has(Slot::Email) {
        return Err(SupplyError::NoEmail);
    }
    keys.extend(Algorithm::ALL.into_iter().filter(|algorithm| wanted.hashed_emails.contains(algorithm)).map(MatchKey::of_digest));
    if keys.is_empty() { Err(SupplyError::NoKey) } else { Ok(Planned { keys, model }) }
}

/// One manifest to be made.
pub(crate) struct Target<'a> {
    /// Its id.
    pub(crate) id: [u8; 16],
    /// Its salt.
    pub(crate) salt: Secret,
    /// The key of its shuffle.
    pub(crate) shuffle: Secret,
    /// People who were not supplied, to be put among the records.
    pub(crate) controls: Option<&'a Controls<'a>>,
    /// Where it is written.
    pub(crate) out: &'a mut (dyn Write + Send),
}

/// What is to be fingerprinted.
pub(crate) struct Job<'a> {
    /// The opened data.
    pub(crate) session: &'a dyn Session,
    /// What the first reading found.
    pub(crate) draft: &'a Draft,
    /// The keys.
    pub(crate) keys: Vec<MatchKey>,
    /// How the atoms of the supplied people agree.
    pub(crate) model: Model,
    /// The supply's id.
    pub(crate) supply_id: &'a str,
    /// The recipient's rows for which the keys' classes have to hold.
    pub(crate) expected_rows: u64,
    /// Where temporary files go.
    pub(crate) spill_folder: &'a Path,
    /// The seeds among the records, in the order of their rows.
    pub(crate) seeds: &'a [Seed],
}

/// What became of a supply.
#[derive(Clone, Debug)]
pub(crate) struct Supplied {
    /// Records.
    pub(crate) records: u64,
    /// Records from which no key could be formed.
    pub(crate) records_without_key: u64,
    /// Records with each key, in the order of the plan.
    pub(crate) keyed: Vec<u64>,
    /// People who were not supplied, manifest by manifest.
    pub(crate) controls: Vec<ControlCounts>,
    /// The keys with their worth.
    pub(crate) plan: Plan,
    /// Where everything lies, manifest by manifest.
    pub(crate) layouts: Vec<Layout>,
    /// What the cells came to, a column each.
    pub(crate) columns: Vec<ColumnCounts>,
    /// How somebody who knows names and addresses recovers the rest.
    pub(crate) chain: Vec<Step>,
    /// The ordinals of the seeds, manifest by manifest.
    pub(crate) seeds: Vec<Vec<u32>>,
}

/// Fingerprints all records for each target and writes the manifests.
pub(crate) fn run(
    job: &Job<'_>,
    targets: Vec<Target<'_>>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Supplied, SupplyError> {
    let records = job.draft.records();
    let count = u32::try_from(records).map_err(|_| SupplyError::TooMany)?;
    let sampler = Sampler::new(|atom| uses(&job.keys, atom));
    let atoms: Vec<Atom> =
        Atom::ALL.into_iter().filter(|atom| sampler.atoms().any(|other| other == *atom) || uses(&job.keys, *atom)).collect();
    let ground = Ground { draft: job.draft, keys: &job.keys, atoms: &atoms, records: count };
    let mut press = Press {
        job,
        guard: Guard::default(),
        keys: &job.keys,
        atoms: &atoms,
        sampler: &sampler,
        targets: targets.iter().map(|target| press_target(job, &ground, target, cancel)).collect::<Result<_, SupplyError>>()?,
        records,
        progress,
        cancel,
    };
    press.guard_seeds();
    progress.begin("fingerprinting", Some(records), None);
    let bases: Vec<(&Split, u64)> = job.draft.parts.iter().map(|(split, base)| (split, *base)).collect();
    let read = |(split, base): &(&Split, u64)| press.part(split, *base);
    let parts: Result<Vec<Part>, SupplyError> =
        if job.session.is_parallel() { bases.par_iter().map(read).collect() } else { bases.iter().map(read).collect() };
    let mut whole = parts?.into_iter().reduce(Part::merge).ok_or(SupplyError::NoRecord)?;
    if whole.rows != records {
        return Err(SupplyError::Read(ReadError::SplitMismatch));
    }
    if let Some(problem) = job.session.recheck().into_iter().next() {
        return Err(SupplyError::Source(problem));
    }
    press.known_answer()?;
    progress.end();
    check_columns(&job.draft.mapping, &whole.columns)?;
    progress.begin("estimating coincidences", None, None);
    let spans = std::mem::take(&mut whole.spans);
    // A digest agrees by chance as what it is a digest of does.
    let plain: Vec<MatchKey> = job.keys.iter().map(MatchKey::plain).collect();
    let estimates = job.model.estimate(&Agreement::new(&sampler, &whole.sample), &plain, |slot| spans.width(slot));
    drop(std::mem::take(&mut whole.sample));
    progress.end();

    let mut placed = Vec::with_capacity(targets.len());
    let seeds =
        press.targets.iter().map(|target| job.seeds.iter().map(|seed| target.ordinals.supplied(seed.row)).collect()).collect();
    let mut layouts = Vec::with_capacity(targets.len());
    for (press_target, target) in press.targets.into_iter().zip(targets) {
        let mut out = io::BufWriter::with_capacity(1 << 20, target.out);
        layouts.push(press_target.writer.write(&target.id, &mut out, progress, cancel)?);
        placed.push(press_target.placed);
    }
    let domains = spans.domains();
    let keys: Vec<PlannedKey> = (job.keys.iter().zip(estimates).enumerate())
        .map(|(number, (key, estimate))| {
            // The manifest with people besides the records holds the most.
            let entries = layouts.iter().filter_map(|layout| layout.sections.get(number)).map(|section| section.entries - 1);
            let fingerprints = entries.max().unwrap_or(0);
            // Who has several forms of a key in the supply has as many among the recipient's rows.
            let rows_with_key = whole.keyed.get(number).copied().unwrap_or(0).max(1);
            let probes = u128::from(job.expected_rows) * u128::from(fingerprints.max(rows_with_key)) / u128::from(rows_with_key);
            let lambda = lambda(fingerprints, u64::try_from(probes).unwrap_or(u64::MAX), estimate.u);
            let has_supply_atom = has_supply_atom(key, |slot| job.draft.origin(slot));
            PlannedKey {
                key: key.clone(),
                // A key that a whole household shares proves nobody.
                class: if has_supply_atom || key.tells_person() { Class::of(lambda, has_supply_atom) } else { Class::Aggregate },
                has_supply_atom,
                u: estimate.u,
                basis: estimate.basis,
                collisions: estimate.collisions,
                lambda,
                guesses: domains.guesses(key),
            }
        })
        .collect();
    for placed in placed.iter().flatten() {
        placed.check(&keys, &whole.met, &whole.keyed, records)?;
    }
    // By these a find is laid at somebody's door, and a seed's find must be nobody else's.
    let tells = |key: &&PlannedKey| key.class != Class::Aggregate;
    if let Some(key) = whole.shared.iter().filter_map(|number| keys.get(*number)).find(tells) {
        return Err(SeedError::SharesKey(key.key.name.clone()).into());
    }
    let chain = domains.chain(&job.keys, &[Slot::Name, Slot::Address, Slot::Postcode, Slot::Town]);
    Ok(Supplied {
        records,
        records_without_key: whole.records_without_key,
        keyed: whole.keyed,
        controls: placed.iter().map(|placed| placed.as_ref().map_or_else(Default::default, |placed| placed.counts)).collect(),
        plan: Plan { keys, expected_rows: job.expected_rows },
        layouts,
        columns: whole.columns,
        chain,
        seeds,
    })
}

/// Begins one manifest, with the people in it who were not supplied.
fn press_target(job: &Job<'_>, ground: &Ground<'_>, target: &Target<'_>, cancel: &Cancel) -> Result<PressTarget, SupplyError> {
    let subkeys: Vec<Subkey> = job.keys.iter().map(|key| Subkey::derive(&target.salt, job.supply_id, &key.name)).collect();
    let writer = Writer::new(job.keys.len(), job.spill_folder).map_err(SupplyError::Spill)?;
    let place = |controls: &Controls<'_>| controls.place(ground, &target.shuffle, &subkeys, &writer, cancel);
    let placed = target.controls.map(place).transpose()?;
    let blocks = placed.as_ref().map_or(0, control::Placed::blocks);
    let ordinals = Ordinals::new(&target.shuffle, ground.records, blocks).ok_or(SupplyError::TooMany)?;
    Ok(PressTarget { subkeys, ordinals, placed, writer })
}

fn uses(keys: &[MatchKey], atom: Atom) -> bool {
    keys.iter().any(|key| key.atoms.contains(&atom))
}

/// A column of which most is not understood was taken for the wrong thing, and its keys would be missing.
fn check_columns(mapping: &Mapping, counts: &[ColumnCounts]) -> Result<(), SupplyError> {
    for (taken, counts) in mapping.columns.iter().zip(counts) {
        let Some(field) = taken.field().filter(|field| field.slot().is_some()) else { continue };
        if counts.unreadable.saturating_mul(2) > counts.filled {
            return Err(SupplyError::Implausible {
                column: taken.name.clone(),
                kind: field.kind.word(),
                unreadable: counts.unreadable,
                filled: counts.filled,
            });
        }
    }
    Ok(())
}
