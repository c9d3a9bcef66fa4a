//! The recipient's pipeline: targets are read, probed and counted, and all that was found or not seen becomes one [`Outcome`].
//!
//! Reader → [`sentinel`] row put in → mapping and normalising (`intake`) → match keys → fingerprints → [`probe`] of the manifest's index →
//! [`tally`]. A target is shared among [`worker`]s, whose tallies merge in any order. Whatever goes wrong with a source becomes a gap in the
//! outcome; an error is left for what stops the scan as such: an interruption, or a disk without room for the findings.

pub(crate) mod findings;
pub(crate) mod gap;
mod gate;
pub(crate) mod partial;
mod probe;
pub(crate) mod resume;
mod sentinel;
pub(crate) mod split;
mod tally;
mod target;
mod worker;

use crate::finding::BLOCK;
use crate::finding::Outcome;
use crate::finding::SpotCheck;
use crate::finding::Tried;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
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
use crate::record::field::Slot;
use crate::scan::gap::gap_of;
use crate::scan::gap::object_gaps;
use crate::scan::gap::source_gaps;
use crate::scan::gap::survey_gaps;
use crate::scan::gate::Gates;
use crate::scan::probe::Lookup;
use crate::scan::resume::Resume;
use crate::scan::sentinel::Sentinel;
use crate::scan::split::Merged;
use crate::scan::split::Share;
use crate::scan::split::SplitTarget;
use crate::scan::target::FoundRecords;
use crate::scan::target::TargetScan;
use crate::source::Problem;
use crate::source::Session;
use crate::support::pace::Pace;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use roaring::RoaringBitmap;
use std::io;
use std::io::Write;
use thiserror::Error;

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
    /// Whether the supplied names have a given and a family part.
    pub(crate) names_have_parts: bool,
    /// Records of the supply.
    pub(crate) records: u64,
    /// Those that can be looked for.
    pub(crate) searchable: u64,
    /// People besides of whom the manifest has fingerprints, and who were not supplied.
    pub(crate) controls: u64,
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
    /// What holds the reading back, where a person wants that.
    pub(crate) pace: Option<&'a Pace>,
    /// Where the results of finished targets are kept and taken over from, where a person wants that.
    pub(crate) resume: Option<&'a Resume<'a>>,
    /// What the runs of a divided scan handed in, which is taken in the place of reading.
    pub(crate) merged: Option<&'a Merged>,
}

/// Which of the keys that agree for a row and a record the findings list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Each of them.
    All,
    /// The one that says most: of the strongest class, and of that the one by which the fewest coincidences are to be expected.
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
    let asked = job.records.saturating_add(job.controls);
    let (lookup, sentinels) = look_for(job)?;
    let mut outcome = Outcome {
        records: job.records,
        searchable: job.searchable,
        controls: job.controls,
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
        survey_gaps(session.as_ref(), |target| job.map.exclusion(target).is_some(), &mut outcome.gaps);
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
        object_gaps(&surveyed.name, object, &surveyed.mapping, &mut outcome.gaps);
        if !object.access.is_readable() {
            continue;
        }
        let tag = u32::try_from(index).unwrap_or(u32::MAX);
        let scanned = TargetScan { job, lookup: &lookup, surveyed, session, object, sentinel: &sentinels[index], tag };
        scanned.run(&mut outcome, &mut found, &mut findings, progress, cancel)?;
        if job.surveyed.get(index + 1).is_none_or(|next| next.session != surveyed.session) {
            session.rest();
        }
    }
    for session in job.sessions {
        let is_left_out = |target: &str| job.map.exclusion(target).is_some();
        source_gaps(session.as_ref(), &session.recheck(), is_left_out, &mut outcome.gaps);
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
    outcome.person_blocks = count_blocks(&found.person, asked);
    outcome.supply_records = found.supply;
    Ok(outcome)
}

/// What is looked for, and a sentinel for each target.
fn look_for<'a>(job: &Job<'a>) -> Result<(Lookup<'a>, Vec<Sentinel>), ScanError> {
    let asked = job.records.saturating_add(job.controls);
    let known_answer = u32::try_from(asked).map_err(|_| ScanError::TooManyRecords)?;
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
    let lookup = Lookup {
        plan: job.plan,
        atoms: job.plan.atoms(),
        subkeys,
        gates: Gates::new(job.plan),
        index: Index::build(job.manifest, &extra),
        names_have_parts: job.names_have_parts,
        known_answer,
    };
    Ok((lookup, sentinels))
}

/// Reads what a share has of all targets. `findings`, where given, receives every single finding, a target after the other.
pub(crate) fn run_split(
    job: &Job<'_>,
    share: Share,
    mut findings: Option<&mut dyn Write>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Vec<SplitTarget>, ScanError> {
    let (lookup, sentinels) = look_for(job)?;
    let mut targets = Vec::new();
    for (index, surveyed) in job.surveyed.iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let session = job.sessions[surveyed.session].as_ref();
        let object = &session.inventory().objects[surveyed.object];
        let tag = u32::try_from(index).unwrap_or(u32::MAX);
        let target = TargetScan { job, lookup: &lookup, surveyed, session, object, sentinel: &sentinels[index], tag };
        let is_read = surveyed.excluded.is_none() && object.access.is_readable();
        let portion = if is_read { target.portion(share, &mut findings, progress, cancel)? } else { None };
        targets.push(SplitTarget::new(surveyed, portion));
        if job.surveyed.get(index + 1).is_none_or(|next| next.session != surveyed.session) {
            session.rest();
        }
    }
    Ok(targets)
}

/// Looks the known-answer record up by every key.
fn ask_known_answers(lookup: &Lookup<'_>) -> Tried {
    let mut atoms = AtomBatch::default();
    atoms.derive(&known_answer::record(Side::Recipient), &lookup.atoms);
    let mut tried = Tried::default();
    let (mut messages, mut fingerprints, mut hits) = (MessageBatch::default(), Vec::new(), Vec::new());
    for (number, planned) in lookup.plan.keys.iter().enumerate() {
        messages.fill(&planned.key, &atoms, |_, _| true);
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
