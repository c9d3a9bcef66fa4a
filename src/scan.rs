//! The recipient's pipeline: targets are read, probed and counted, and all that was found or not seen becomes one [`Outcome`].
//!
//! Reader → [`sentinel`] row put in → mapping and normalising (`intake`) → match keys → fingerprints → [`probe`] of the manifest's index →
//! [`tally`]. A target is shared among [`worker`]s, whose tallies merge in any order. Whatever goes wrong with a source becomes a gap in the
//! outcome; an error is left for what stops the scan as such: an interruption, or a disk without room for the findings.

pub(crate) mod findings;
mod probe;
mod sentinel;
mod tally;
mod worker;

use crate::finding::BLOCK;
use crate::finding::Outcome;
use crate::finding::SpotCheck;
use crate::finding::Tried;
use crate::finding::coverage::Column;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::Target;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::LawfulSource;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::convert::Side;
use crate::intake::known_answer;
use crate::intake::map::MapFile;
use crate::intake::survey::Surveyed;
use crate::manifest::index::Found;
use crate::manifest::index::Index;
use crate::manifest::read::Manifest;
use crate::match_key::atom::AtomBatch;
use crate::match_key::plan::Plan;
use crate::match_key::strength::Class;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::scan::findings::Place;
use crate::scan::probe::Ground;
use crate::scan::probe::Lookup;
use crate::scan::sentinel::Sentinel;
use crate::scan::tally::Tally;
use crate::scan::worker::Work;
use crate::scan::worker::WorkError;
use crate::source::Object;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Session;
use crate::source::SplitReport;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use roaring::RoaringBitmap;
use std::io;
use std::io::BufWriter;
use std::io::Seek;
use std::io::Write;
use thiserror::Error;

/// The number of a column that no row has.
const NO_COLUMN: usize = u32::MAX as usize;

/// Everything that a scan needs, checked beforehand.
pub(crate) struct Job<'a> {
    /// The opened sources.
    pub(crate) sessions: &'a [Box<dyn Session>],
    /// What could not be opened.
    pub(crate) problems: &'a [Problem],
    /// What a person says of the sources.
    pub(crate) map: &'a MapFile,
    /// The objects of the sources, and what their columns are taken for.
    pub(crate) surveyed: &'a [Surveyed],
    /// What the recipient declares.
    pub(crate) declared: &'a Declarations,
    /// The manifest, verified.
    pub(crate) manifest: &'a Manifest,
    /// Its plan.
    pub(crate) plan: &'a Plan,
    /// The slots of the supplied records.
    pub(crate) slots: &'a [Slot],
    /// Records of the supply.
    pub(crate) records: u64,
    /// Those that can be looked for.
    pub(crate) searchable: u64,
    /// The supply's id.
    pub(crate) supply_id: &'a str,
    /// The manifest's salt.
    pub(crate) salt: &'a Secret,
    /// The challenge's nonce.
    pub(crate) nonce: &'a [u8; 32],
    /// The challenge's spot checks.
    pub(crate) spot_checks: &'a [u32],
    /// Which keys of a row and record the findings list.
    pub(crate) listing: Listing,
    /// How many workers.
    pub(crate) threads: usize,
}

/// Which of the keys that agree for a row and a record the findings list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Each of them.
    All,
    /// Those of the strongest class.
    Strongest,
}

/// What stops a scan as such.
#[derive(Debug, Error)]
pub(crate) enum ScanError {
    /// The person interrupted it.
    #[error("interrupted")]
    Cancelled,
    /// The findings could not be written.
    #[error("cannot write the findings")]
    Findings(#[source] io::Error),
    /// The supply has more records than ordinals of 32 bits can tell apart: the manifest is not one of this program's.
    #[error("the manifest counts more records than its format can tell apart")]
    TooManyRecords,
}

/// Scans all targets. `findings`, where given, receives every single finding.
pub(crate) fn run(
    job: &Job<'_>,
    mut findings: Option<&mut dyn Write>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome, ScanError> {
    let known_answer = u32::try_from(job.records).map_err(|_| ScanError::TooManyRecords)?;
    let subkeys: Vec<Subkey> =
        job.plan.keys.iter().map(|planned| Subkey::derive(job.salt, job.supply_id, &planned.key.name)).collect();
    let sentinels: Vec<Sentinel> = job
        .surveyed
        .iter()
        .map(|surveyed| sentinel::make(job.nonce, &surveyed.name, &surveyed.mapping, job.plan, &subkeys))
        .collect();
    let extra: Vec<_> = (0_u32..)
        .zip(&sentinels)
        .flat_map(|(tag, sentinel)| sentinel.expected.iter().map(move |(key, fingerprint)| (*key, *fingerprint, tag)))
        .collect();
    let lookup =
        Lookup { plan: job.plan, atoms: job.plan.atoms(), subkeys, index: Index::build(job.manifest, &extra), known_answer };

    let mut outcome = Outcome {
        records: job.records,
        searchable: job.searchable,
        expected_rows: job.plan.expected_rows,
        declared: job.declared.clone(),
        known_answers: ask_known_answers(&lookup),
        ..Outcome::default()
    };
    let mut found = FoundRecords::default();
    for problem in job.problems {
        match job.map.exclusion(&problem.source) {
            Some(reason) => {
                outcome.excluded.push(Exclusion { target: problem.source.clone(), column: None, reason: reason.to_owned() });
            }
            None => outcome.gaps.push(gap_of(problem, None)),
        }
    }
    for session in job.sessions {
        survey_gaps(session.as_ref(), &mut outcome.gaps);
    }
    for (index, surveyed) in job.surveyed.iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let session = job.sessions[surveyed.session].as_ref();
        let object = &session.inventory().objects[surveyed.object];
        if let Some(reason) = &surveyed.excluded {
            outcome.excluded.push(Exclusion { target: surveyed.name.clone(), column: None, reason: reason.clone() });
            continue;
        }
        object_gaps(&surveyed.name, object, &mut outcome.gaps);
        if !object.access.is_readable() {
            continue;
        }
        let tag = u32::try_from(index).unwrap_or(u32::MAX);
        let scanned = TargetScan { job, lookup: &lookup, surveyed, session, object, sentinel: &sentinels[index], tag };
        scanned.run(&mut outcome, &mut found, &mut findings, progress, cancel)?;
    }
    for session in job.sessions {
        outcome.gaps.extend(session.recheck().iter().map(|problem| gap_of(problem, None)));
    }
    if outcome.rows_probed() > outcome.expected_rows {
        outcome.gaps.push(Gap {
            target: "all targets".to_owned(),
            column: None,
            code: GapCode::RowsAbovePlan,
            count: Some(outcome.rows_probed()),
            detail: format!("the keys' classes hold for {} rows with a key", outcome.expected_rows),
        });
    }
    outcome.gaps.sort();
    outcome.gaps.dedup();
    outcome.excluded.sort();
    outcome.found_records = found.any.len();
    outcome.spot_checks = job
        .spot_checks
        .iter()
        .map(|record| SpotCheck { record: *record, found: found.supply.contains(*record) || found.person.contains(*record) })
        .collect();
    outcome.person_blocks = count_blocks(&found.person, job.records);
    outcome.supply_records = found.supply;
    Ok(outcome)
}

/// The records found in all targets, by class.
#[derive(Default)]
struct FoundRecords {
    any: RoaringBitmap,
    supply: RoaringBitmap,
    person: RoaringBitmap,
}

/// Looks the known-answer record up by every key.
fn ask_known_answers(lookup: &Lookup<'_>) -> Tried {
    let mut atoms = AtomBatch::default();
    atoms.derive(&known_answer::record(Side::Recipient), &lookup.atoms);
    let mut tried = Tried::default();
    let (mut messages, mut fingerprints, mut hits) = (MessageBatch::default(), Vec::new(), Vec::new());
    for (number, planned) in lookup.plan.keys.iter().enumerate() {
        messages.fill(&planned.key, &atoms);
        lookup.subkeys[number].hash(&messages, &mut fingerprints);
        hits.clear();
        lookup.index.probe(number, &fingerprints, &mut hits);
        tried.tried += 1;
        tried.found += u64::from(hits.iter().any(|hit| hit.found == Found::Record(lookup.known_answer)));
    }
    tried
}

/// Records of a bitmap by blocks of ordinals.
fn count_blocks(records: &RoaringBitmap, of: u64) -> Vec<u32> {
    let mut blocks = vec![0_u32; usize::try_from(of.div_ceil(u64::from(BLOCK))).unwrap_or(0)];
    for record in records {
        if let Some(block) = blocks.get_mut((record / BLOCK) as usize) {
            *block += 1;
        }
    }
    blocks
}

/// What an inventory already says that cannot be seen.
fn survey_gaps(session: &dyn Session, gaps: &mut Vec<Gap>) {
    let inventory = session.inventory();
    if inventory.blind {
        gaps.push(Gap {
            target: session.identity().name.clone(),
            column: None,
            code: GapCode::Blind,
            count: None,
            detail: "objects may exist that this account cannot list".to_owned(),
        });
    }
    gaps.extend(inventory.problems.iter().map(|problem| gap_of(problem, None)));
}

fn object_gaps(name: &str, object: &Object, gaps: &mut Vec<Gap>) {
    let gap = |column: Option<&str>, code, detail: &str| Gap {
        target: name.to_owned(),
        column: column.map(str::to_owned),
        code: gap_code(code),
        count: None,
        detail: detail.to_owned(),
    };
    if let Some((code, detail)) = object.access.problem() {
        gaps.push(gap(None, code, detail));
    }
    for column in &object.columns {
        if let Some((code, detail)) = column.access.problem() {
            gaps.push(gap(Some(&column.name), code, detail));
        }
    }
}

/// One target on its way.
struct TargetScan<'a> {
    job: &'a Job<'a>,
    lookup: &'a Lookup<'a>,
    surveyed: &'a Surveyed,
    session: &'a dyn Session,
    object: &'a Object,
    sentinel: &'a Sentinel,
    tag: u32,
}

impl TargetScan<'_> {
    fn run(
        &self,
        outcome: &mut Outcome,
        found: &mut FoundRecords,
        findings: &mut Option<&mut dyn Write>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(), ScanError> {
        progress.begin(&self.surveyed.name, self.object.rows_expected, self.object.bytes);
        let lawful: Vec<&LawfulSource> = self.job.declared.lawful_rows(&self.surveyed.name).collect();
        let read = self.read(&lawful, findings, progress, cancel);
        progress.end();
        let (tally, report) = match read {
            Ok(read) => read,
            Err(WorkError::Findings(error)) => return Err(ScanError::Findings(error)),
            Err(WorkError::Read(ReadError::Cancelled)) => return Err(ScanError::Cancelled),
            Err(WorkError::Read(ReadError::Failed(problem))) => {
                outcome.gaps.push(gap_of(&problem, Some(&self.surveyed.name)));
                (Tally::default(), SplitReport::default())
            }
            Err(error @ WorkError::Panicked) => {
                outcome.gaps.push(self.gap(None, GapCode::ReadFailed, None, error.to_string()));
                (Tally::default(), SplitReport::default())
            }
            Err(WorkError::Read(error @ (ReadError::Stopped(_) | ReadError::SplitMismatch | ReadError::UnknownSplit))) => {
                outcome.gaps.push(self.gap(None, GapCode::ReadFailed, None, error.to_string()));
                (Tally::default(), SplitReport::default())
            }
        };
        if cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let digest = match self.session.digest(cancel) {
            Ok(digest) => digest,
            Err(ReadError::Cancelled) => return Err(ScanError::Cancelled),
            Err(ReadError::Failed(problem)) => {
                outcome.gaps.push(gap_of(&problem, Some(&self.surveyed.name)));
                None
            }
            Err(error) => {
                outcome.gaps.push(self.gap(None, GapCode::ReadFailed, None, error.to_string()));
                None
            }
        };
        let is_left_out =
            |column: &String| self.surveyed.mapping.columns.iter().any(|taken| taken.name == *column && taken.is_left_out());
        let seen = report.problems.iter().filter(|problem| !problem.column.as_ref().is_some_and(is_left_out));
        outcome.gaps.extend(seen.map(|problem| gap_of(problem, Some(&self.surveyed.name))));
        self.tally_gaps(&tally, &mut outcome.gaps);
        for taken in self.surveyed.mapping.columns.iter().filter(|taken| taken.is_left_out()) {
            outcome.excluded.push(Exclusion {
                target: self.surveyed.name.clone(),
                column: Some(taken.name.clone()),
                reason: taken.exclusion_reason(),
            });
        }
        outcome.sentinels.tried += tally.sentinels_injected;
        outcome.sentinels.found += tally.sentinels_detected;
        for (planned, key) in self.lookup.plan.keys.iter().zip(&tally.keys) {
            found.any |= &key.records;
            match planned.class {
                Class::Supply => found.supply |= &key.records,
                Class::Person => found.person |= &key.records,
                Class::Aggregate => {}
            }
        }
        outcome.targets.push(self.target(&tally, report.bytes, digest, &lawful));
        Ok(())
    }

    fn read(
        &self,
        lawful: &[&LawfulSource],
        findings: &mut Option<&mut dyn Write>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(Tally, SplitReport), WorkError> {
        let column = |name: &str| self.object.columns.iter().position(|column| column.name == name);
        let ground = Ground {
            mapping: &self.surveyed.mapping,
            sentinel: self.sentinel,
            tag: self.tag,
            primary_key: (self.object.primary_key.iter())
                .filter_map(|index| Some((*index, self.object.columns.get(*index)?.name.clone())))
                .collect(),
            // A rule for a column that is not there covers no row.
            lawful_rows: lawful
                .iter()
                .filter_map(|declaration| declaration.rows.as_ref())
                .map(|rule| (column(&rule.column).unwrap_or(NO_COLUMN), rule.equals.clone()))
                .collect(),
            listing: findings.is_some().then_some(self.job.listing),
        };
        let keys: Vec<(String, &'static str)> =
            self.lookup.plan.keys.iter().map(|planned| (planned.key.name.clone(), planned.class.letter())).collect();
        let work = Work {
            session: self.session,
            object: self.surveyed.object,
            lookup: self.lookup,
            ground: &ground,
            place: Place { source: &self.session.identity().name, object: &self.object.name, keys: &keys },
            threads: self.job.threads,
            progress,
            cancel,
        };
        // Findings of a target wait in a file of their own until it is clear that its parts fitted together.
        let keep = || BufWriter::with_capacity(1 << 16, tempfile::SpooledTempFile::new(1 << 20));
        let mut kept = keep();
        let read = match work.run(&mut kept) {
            Err(WorkError::Read(ReadError::SplitMismatch)) => {
                kept = keep();
                work.run_serially(&mut kept)?
            }
            other => other?,
        };
        if let Some(out) = findings {
            let mut kept = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
            kept.rewind()?;
            io::copy(&mut kept, out)?;
        }
        Ok(read)
    }

    fn gap(&self, column: Option<&str>, code: GapCode, count: Option<u64>, detail: impl Into<String>) -> Gap {
        Gap { target: self.surveyed.name.clone(), column: column.map(str::to_owned), code, count, detail: detail.into() }
    }

    /// What the counts say was not seen, or not understood.
    fn tally_gaps(&self, tally: &Tally, gaps: &mut Vec<Gap>) {
        let is_counted = |count: &u64| *count > 0;
        if let Some(expected) = self.object.rows_expected.filter(|expected| *expected != tally.rows) {
            let detail = format!("{} rows were read where the source counts {expected}", tally.rows);
            gaps.push(self.gap(None, GapCode::RowCount, Some(expected.abs_diff(tally.rows)), detail));
        }
        if is_counted(&tally.rows_not_understood) {
            let detail = "personal values were not understood, and no other value of the row made a key";
            gaps.push(self.gap(None, GapCode::UnreadableValues, Some(tally.rows_not_understood), detail));
        }
        if is_counted(&tally.rows_capped) {
            let detail = "more combinations of ambiguous values than are tried";
            gaps.push(self.gap(None, GapCode::TooManyReadings, Some(tally.rows_capped), detail));
        }
        if is_counted(&tally.overflow) {
            let detail = "cells beyond the last column look personal";
            gaps.push(self.gap(None, GapCode::UnmappedPersonal, Some(tally.overflow), detail));
        }
        for (taken, counts) in self.surveyed.mapping.columns.iter().zip(&tally.columns) {
            if is_counted(&counts.personal) {
                let detail = "cells look personal, and are not of a field that the column is mapped to";
                gaps.push(self.gap(Some(&taken.name), GapCode::UnmappedPersonal, Some(counts.personal), detail));
            }
            if let Some(doubt) = taken.doubt.filter(|_| counts.filled > 0) {
                gaps.push(self.gap(Some(&taken.name), GapCode::UnmappedPersonal, Some(counts.filled), doubt));
            }
            // A date that is no day of anybody's life does not matter; that of a person does.
            let matters = taken.field().is_some_and(|field| field.role != Role::Event);
            if matters && counts.unreadable.saturating_mul(2) > counts.filled {
                let detail = format!("most values are no {}", taken.words());
                gaps.push(self.gap(Some(&taken.name), GapCode::ImplausibleMapping, Some(counts.unreadable), detail));
            }
        }
        // A number of the recipient's own makes a key, and says nothing of the person beside it.
        let forms_key =
            self.lookup.plan.keys.iter().zip(&tally.keys).any(|(planned, key)| key.probes > 0 && !planned.key.is_number());
        if tally.rows > 0 && !forms_key && self.holds_people() && self.has_filled_person(tally) {
            let detail = "the columns hold personal data, but form none of the supply's match keys";
            gaps.push(self.gap(None, GapCode::NoKey, Some(tally.rows), detail));
        }
    }

    /// Whether some column holds what tells people apart, of a sort that was supplied.
    fn holds_people(&self) -> bool {
        self.surveyed
            .mapping
            .columns
            .iter()
            .filter_map(crate::intake::Taken::field)
            .any(|field| is_personal(field.kind, field.role, self.job.slots))
    }

    fn has_filled_person(&self, tally: &Tally) -> bool {
        self.surveyed.mapping.columns.iter().zip(&tally.columns).any(|(taken, counts)| {
            counts.filled > 0 && taken.field().is_some_and(|field| is_personal(field.kind, field.role, self.job.slots))
        })
    }

    fn target(&self, tally: &Tally, bytes: u64, content_digest: Option<String>, lawful: &[&LawfulSource]) -> Target {
        let identity = self.session.identity();
        let mut schema = blake3::Hasher::new();
        for column in &self.object.columns {
            for part in [&column.name, column.declared_type.as_deref().unwrap_or_default()] {
                schema.update(&(part.len() as u64).to_le_bytes());
                schema.update(part.as_bytes());
            }
        }
        let mapped =
            |planned: &crate::match_key::plan::PlannedKey| planned.key.is_formable(|slot| self.surveyed.mapping.feeds(slot));
        Target {
            name: self.surveyed.name.clone(),
            source: identity.name.clone(),
            kind: identity.kind.to_owned(),
            identity: identity.facts.clone(),
            reading: self.object.details.clone(),
            consistency: self.session.consistency().as_str().to_owned(),
            content_digest,
            schema_digest: hex::encode(schema.finalize().as_bytes()),
            rows_expected: self.object.rows_expected,
            rows_read: tally.rows,
            rows_without_key: tally.rows_without_key,
            rows_unkeyed: tally.rows_unkeyed,
            rows_by_number: tally.rows_by_number,
            bytes,
            hashes: tally.hashes,
            records_found: tally.found().len(),
            columns: (self.surveyed.mapping.columns.iter().enumerate())
                .map(|(index, taken)| Column {
                    name: taken.name.clone(),
                    taken_for: taken.words(),
                    by: taken.by.word().to_owned(),
                    filled: tally.columns.get(index).map_or(0, |counts| counts.filled),
                    unreadable: tally.columns.get(index).map_or(0, |counts| counts.unreadable),
                })
                .collect(),
            by_key: (self.lookup.plan.keys.iter().enumerate())
                .filter(|(number, planned)| mapped(planned) || tally.keys.get(*number).is_some_and(|key| key.probes > 0))
                .map(|(number, planned)| {
                    let key = tally.keys.get(number).cloned().unwrap_or_default();
                    KeyResult {
                        key: planned.key.name.clone(),
                        class: planned.class,
                        has_supply_atom: planned.has_supply_atom,
                        fingerprints: self.job.manifest.entries(number).saturating_sub(1),
                        probes: key.probes,
                        hits: key.hits,
                        rows: key.rows,
                        distinct_records: key.records.len(),
                        declared_rows: (lawful.iter().zip(&key.declared_rows))
                            .filter(|(_, rows)| **rows > 0)
                            .map(|(declaration, rows)| (declaration.name.clone(), *rows))
                            .collect(),
                        u: planned.u,
                    }
                })
                .collect(),
        }
    }
}

/// Whether a field tells people apart, and is of a sort that the supplied records have. A date tells nobody apart unless it is a birth.
fn is_personal(kind: Kind, role: Role, supplied: &[Slot]) -> bool {
    let slot = match (kind, role) {
        (Kind::Name, _) => Slot::Name,
        (Kind::Date, Role::Birth) => Slot::Birth,
        (Kind::Date, Role::Child) => Slot::Child,
        (Kind::Address, Role::Number | Role::Street | Role::Line) => Slot::Address,
        (Kind::Postcode, _) => Slot::Postcode,
        (Kind::Email, _) => Slot::Email,
        (Kind::Phone, _) => Slot::Phone,
        _ => return false,
    };
    supplied.contains(&slot)
}

/// A source's problem as a gap. `target` is the name of the object, where the problem is of one.
fn gap_of(problem: &Problem, target: Option<&str>) -> Gap {
    let place = match (&problem.object, target) {
        (_, Some(target)) => target.to_owned(),
        (Some(object), None) if *object != problem.source => format!("{}#{object}", problem.source),
        _ => problem.source.clone(),
    };
    Gap {
        target: place,
        column: problem.column.clone(),
        code: gap_code(problem.code),
        count: problem.count,
        detail: problem.detail.clone(),
    }
}

fn gap_code(code: ProblemCode) -> GapCode {
    match code {
        ProblemCode::Unreadable => GapCode::Unreadable,
        ProblemCode::UnknownFormat => GapCode::UnknownFormat,
        ProblemCode::Unsupported => GapCode::Unsupported,
        ProblemCode::Denied => GapCode::Denied,
        ProblemCode::Filtered => GapCode::Filtered,
        ProblemCode::Empty => GapCode::Empty,
        ProblemCode::NotRegular => GapCode::NotRegular,
        ProblemCode::SymlinkLoop => GapCode::SymlinkLoop,
        ProblemCode::AmbiguousDelimiter => GapCode::AmbiguousDelimiter,
        ProblemCode::DoubtfulHeader => GapCode::DoubtfulHeader,
        ProblemCode::RaggedRows => GapCode::RaggedRows,
        ProblemCode::NotUtf8 => GapCode::NotUtf8,
        ProblemCode::BinaryCells => GapCode::BinaryCells,
        ProblemCode::RowTooLong => GapCode::RowTooLong,
        ProblemCode::DuplicateColumn => GapCode::DuplicateColumn,
        ProblemCode::ChangedWhileRead => GapCode::ChangedWhileRead,
        ProblemCode::CutShort => GapCode::CutShort,
        ProblemCode::ReadFailed => GapCode::ReadFailed,
    }
}
