//! One target on its way through a scan: read by the workers, counted, and told as coverage and gaps.

use crate::finding::Outcome;
use crate::finding::coverage::Column;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::READ_AS_TEXT;
use crate::finding::coverage::Target;
use crate::finding::coverage::telling_slot;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::LawfulSource;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::intake::survey::Surveyed;
use crate::match_key::strength::Class;
use crate::match_key::strength::is_beyond_chance;
use crate::match_key::strength::lambda;
use crate::scan::Job;
use crate::scan::ScanError;
use crate::scan::findings::Place;
use crate::scan::gap::column_gaps;
use crate::scan::gap::gap_of;
use crate::scan::partial;
use crate::scan::probe::Ground;
use crate::scan::probe::Lookup;
use crate::scan::resume::Resume;
use crate::scan::sentinel::Sentinel;
use crate::scan::split::Handed;
use crate::scan::split::Portion;
use crate::scan::split::Share;
use crate::scan::tally::Tally;
use crate::scan::worker::Work;
use crate::scan::worker::WorkError;
use crate::source::Object;
use crate::source::ReadError;
use crate::source::Session;
use crate::source::Split;
use crate::source::SplitReport;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use roaring::RoaringBitmap;
use std::io;
use std::io::BufWriter;
use std::io::Seek;
use std::io::Write;
use tempfile::SpooledTempFile;

/// By how much u may be too small where the supply and the text share their names with fewer people than all.
const MARGIN: f64 = 10.0;

/// The largest share of people whose twin may be held from elsewhere, at the same address: three of a hundred are twins at all.
const TWINS: f64 = 0.03;

/// The number of a column that no row has.
const NO_COLUMN: usize = u32::MAX as usize;

/// The records found in all targets, by class.
#[derive(Default)]
pub(super) struct FoundRecords {
    pub(super) any: RoaringBitmap,
    pub(super) supply: RoaringBitmap,
    pub(super) person: RoaringBitmap,
}

/// A finished target.
struct Done {
    tally: Tally,
    report: SplitReport,
    /// BLAKE3 of its content.
    digest: Option<String>,
    /// When an earlier run of the scan read it.
    resumed: Option<String>,
    /// Why it was not read to the end.
    gaps: Vec<Gap>,
    /// Its findings.
    kept: SpooledTempFile,
}

/// What the workers came to.
struct Counted {
    tally: Tally,
    report: SplitReport,
    kept: SpooledTempFile,
    /// That the parts turned out not to be any, so that all of the target was read.
    is_whole: bool,
}

impl Counted {
    /// Where nothing was read.
    fn nothing() -> Counted {
        Counted { tally: Tally::default(), report: SplitReport::default(), kept: partial::spool(), is_whole: false }
    }
}

/// One target on its way.
pub(super) struct TargetScan<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) lookup: &'a Lookup<'a>,
    pub(super) surveyed: &'a Surveyed,
    pub(super) session: &'a dyn Session,
    pub(super) object: &'a Object,
    pub(super) sentinel: &'a Sentinel,
    pub(super) tag: u32,
}

impl TargetScan<'_> {
    /// Scans the target and adds what became of it to the outcome.
    pub(super) fn run(
        &self,
        outcome: &mut Outcome,
        found: &mut FoundRecords,
        findings: &mut Option<&mut dyn Write>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(), ScanError> {
        let lawful: Vec<&LawfulSource> = self.job.declared.lawful_rows(&self.surveyed.name).collect();
        let done = match self.job.merged {
            None => self.done(&lawful, findings.is_some(), progress, cancel)?,
            Some(merged) => match merged.take(self.tag) {
                Some(Handed { tally, report, digest, gaps, kept }) => Done { tally, report, digest, resumed: None, gaps, kept },
                None => return Ok(()),
            },
        };
        self.add(done, &lawful, outcome, found, findings)
    }

    /// Reads the target, or takes over what an earlier run kept of it.
    fn done(
        &self,
        lawful: &[&LawfulSource],
        is_listed: bool,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Done, ScanError> {
        progress.begin(&self.surveyed.name, self.object.rows_expected.or(self.object.rows_estimated), self.object.bytes);
        let target = self.job.resume.map(|resume| self.identify(resume, is_listed));
        let identified = self.job.resume.zip(target.as_deref());
        let taken = match identified {
            Some((resume, target)) => resume.take(&self.surveyed.name, target, self.session, cancel),
            None => Ok(None),
        };
        let done = match taken {
            Ok(Some((partial, kept))) if self.fits(&partial.tally, lawful.len()) => {
                progress.advance(partial.report.rows, partial.report.bytes);
                Ok(Done {
                    tally: partial.tally.into_owned(),
                    report: partial.report.into_owned(),
                    digest: Some(partial.content),
                    resumed: Some(partial.scanned_at),
                    gaps: Vec::new(),
                    kept,
                })
            }
            Ok(_) => self.scan(lawful, is_listed, identified, progress, cancel),
            Err(_) => Err(ScanError::Cancelled),
        };
        progress.end();
        done
    }

    /// Adds what became of the target to the outcome.
    fn add(
        &self,
        done: Done,
        lawful: &[&LawfulSource],
        outcome: &mut Outcome,
        found: &mut FoundRecords,
        findings: &mut Option<&mut dyn Write>,
    ) -> Result<(), ScanError> {
        let Done { mut tally, report, digest, resumed, gaps, mut kept } = done;
        outcome.gaps.extend(gaps);
        if let Some(out) = findings {
            kept.rewind().and_then(|()| io::copy(&mut kept, out)).map_err(ScanError::Findings)?;
        }
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
        self.lift_doubt(&mut tally);
        outcome.sentinels.tried += tally.sentinels_injected;
        outcome.sentinels.found += tally.sentinels_detected;
        for (planned, key) in self.lookup.plan.keys.iter().zip(&tally.keys) {
            found.any |= &key.records;
            match planned.class {
                Class::Supply => found.supply |= &key.proved,
                Class::Person => found.person |= &key.proved,
                Class::Aggregate => {}
            }
        }
        outcome.targets.push(Target { resumed, ..self.target(&tally, report.bytes, digest, lawful) });
        Ok(())
    }

    /// Reads the target, and keeps what it came to where a person wants that.
    fn scan(
        &self,
        lawful: &[&LawfulSource],
        is_listed: bool,
        identified: Option<(&Resume<'_>, &str)>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Done, ScanError> {
        let mut gaps = Vec::new();
        let (read, digest) = self.attempt(lawful, is_listed, None, &mut gaps, progress, cancel)?;
        let is_read = read.is_some();
        let Counted { tally, report, mut kept, .. } = read.unwrap_or_else(Counted::nothing);
        if let (Some((resume, target)), Some(content), true) = (identified, &digest, is_read) {
            resume.keep(&self.surveyed.name, target, self.session, (&tally, &report), content, &mut kept);
        }
        Ok(Done { tally, report, digest, resumed: None, gaps, kept })
    }

    /// Reads what a share has of the target; findings go to `out`. None where another share has all of it.
    pub(super) fn portion(
        &self,
        share: Share,
        out: &mut Option<&mut dyn Write>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Option<Portion>, ScanError> {
        let lawful: Vec<&LawfulSource> = self.job.declared.lawful_rows(&self.surveyed.name).collect();
        let mut gaps = Vec::new();
        let splits = match self.session.splits(self.surveyed.object, share.wanted(), cancel) {
            Ok(splits) => splits,
            Err(ReadError::Cancelled) => return Err(ScanError::Cancelled),
            Err(error) => {
                gaps.push(self.read_gap(error));
                Vec::new()
            }
        };
        let Some(own) = share.own(self.tag, &splits) else { return Ok(None) };
        let parts = splits.len();
        progress.begin(&self.surveyed.name, self.object.rows_expected.or(self.object.rows_estimated), self.object.bytes);
        let attempted = if own.is_empty() {
            self.session.will_digest();
            self.session_digest(&mut gaps, cancel).map(|digest| (None, digest))
        } else {
            let splits = splits.get(own.clone()).unwrap_or_default();
            self.attempt(&lawful, out.is_some(), Some(splits), &mut gaps, progress, cancel)
        };
        progress.end();
        let (read, content) = attempted?;
        let Counted { tally, report, mut kept, is_whole } = read.unwrap_or_else(Counted::nothing);
        let mut findings = 0;
        if let Some(out) = out {
            findings = kept.rewind().and_then(|()| io::copy(&mut kept, out)).map_err(ScanError::Findings)?;
        }
        Ok(Some(Portion { parts, own, is_whole, tally, report, content, gaps, findings }))
    }

    /// Reads the target, or parts of it, and digests its content. What goes wrong with the source is a gap, and nothing was read.
    fn attempt(
        &self,
        lawful: &[&LawfulSource],
        is_listed: bool,
        own: Option<&[Split]>,
        gaps: &mut Vec<Gap>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(Option<Counted>, Option<String>), ScanError> {
        self.session.will_digest();
        let read = match self.read(lawful, is_listed, own, progress, cancel) {
            Ok(read) => Some(read),
            Err(WorkError::Findings(error)) => return Err(ScanError::Findings(error)),
            Err(WorkError::Read(ReadError::Cancelled)) => return Err(ScanError::Cancelled),
            Err(WorkError::Read(error)) => {
                gaps.push(self.read_gap(error));
                None
            }
            Err(error @ WorkError::Panicked) => {
                gaps.push(self.gap(None, GapCode::ReadFailed, None, error.to_string()));
                None
            }
        };
        if cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        Ok((read, self.session_digest(gaps, cancel)?))
    }

    /// BLAKE3 of the content. That it cannot be had is a gap.
    fn session_digest(&self, gaps: &mut Vec<Gap>, cancel: &Cancel) -> Result<Option<String>, ScanError> {
        match self.session.digest(cancel) {
            Ok(digest) => Ok(digest),
            Err(ReadError::Cancelled) => Err(ScanError::Cancelled),
            Err(error) => {
                gaps.push(self.read_gap(error));
                Ok(None)
            }
        }
    }

    /// That the source could not be read.
    fn read_gap(&self, error: ReadError) -> Gap {
        match error {
            ReadError::Failed(problem) => gap_of(&problem, Some(&self.surveyed.name)),
            error => self.gap(None, GapCode::ReadFailed, None, error.to_string()),
        }
    }

    /// Digest of what decides the target's result besides the scan's conditions and the file's content.
    fn identify(&self, resume: &Resume<'_>, is_listed: bool) -> String {
        let listing = is_listed.then_some(self.job.listing);
        let identity = self.session.identity();
        // `Debug` shows every member, those too that are added later. None of these hold a cell, and only their digest is kept.
        let parts = [
            format!("{:?} {:?}", self.surveyed.name, identity),
            format!("{:?} {:?}", self.session.facts(), self.session.consistency()),
            format!("{:?}", self.object),
            format!("{:?}", self.surveyed.mapping),
            format!("{listing:?} {:?}", self.sentinel.expected),
        ];
        resume.digest(&parts.each_ref().map(String::as_str))
    }

    /// Whether counts are of this target's columns, keys and declarations.
    fn fits(&self, tally: &Tally, declarations: usize) -> bool {
        let is_of_keys = tally.keys.len() == self.lookup.plan.keys.len();
        let is_of_columns = tally.columns.len() == self.surveyed.mapping.columns.len();
        is_of_keys && is_of_columns && tally.keys.iter().all(|key| key.declared_rows.len() <= declarations)
    }

    fn read(
        &self,
        lawful: &[&LawfulSource],
        is_listed: bool,
        own: Option<&[Split]>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Counted, WorkError> {
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
            listing: is_listed.then_some(self.job.listing),
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
            pace: self.job.pace,
            progress,
            cancel,
        };
        // Findings of a target wait in a file of their own until it is clear that its parts fitted together.
        let keep = || BufWriter::with_capacity(1 << 16, partial::spool());
        let mut kept = keep();
        let mut is_whole = false;
        let (tally, report) = match work.run(own, &mut kept) {
            Err(WorkError::Read(ReadError::SplitMismatch)) => {
                is_whole = true;
                kept = keep();
                work.run_serially(&mut kept)?
            }
            other => other?,
        };
        let kept = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Counted { tally, report, kept, is_whole })
    }

    /// Where more records were hit in doubtful rows than chance could ever hit, they are found. One in a thousand, as for keys of class A, would be
    /// too often here, where a find accuses, and a scan may have thousands of targets.
    fn lift_doubt(&self, tally: &mut Tally) {
        for (number, (planned, key)) in self.lookup.plan.keys.iter().zip(&mut tally.keys).enumerate() {
            let twins = if planned.may_be_twins() { TWINS * self.fingerprints(number) as f64 } else { 0.0 };
            let expected = MARGIN * lambda(self.fingerprints(number), key.probes, planned.u) + twins;
            if is_beyond_chance(expected, key.doubtful_records()) {
                key.proved = key.records.clone();
                key.doubtful_rows = 0;
            }
        }
    }

    /// Fingerprints of a key in the manifest, without the known answer.
    fn fingerprints(&self, number: usize) -> u64 {
        self.job.manifest.entries(number).saturating_sub(1)
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
        if is_counted(&tally.rows_of_attributes) {
            let detail = "values of people stand in rows of their own, each under its name, so that no row holds a person";
            gaps.push(self.gap(None, GapCode::AttributeRows, Some(tally.rows_of_attributes), detail));
        }
        column_gaps(&self.surveyed.name, &self.surveyed.mapping, &tally.columns, tally.overflow, gaps);
        // A number of the recipient's own, or any digest, makes a key, and says nothing of the person beside it.
        let forms_key = self
            .lookup
            .plan
            .keys
            .iter()
            .zip(&tally.keys)
            .any(|(planned, key)| key.is_formed && !planned.key.is_number() && !planned.key.is_digest());
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
            .any(|field| telling_slot(field.kind, field.role).is_some_and(|slot| self.job.slots.contains(&slot)))
    }

    fn has_filled_person(&self, tally: &Tally) -> bool {
        self.surveyed.mapping.columns.iter().zip(&tally.columns).any(|(taken, counts)| {
            counts.filled > 0
                && taken
                    .field()
                    .is_some_and(|field| telling_slot(field.kind, field.role).is_some_and(|slot| self.job.slots.contains(&slot)))
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
            kind: identity.kind.to_string(),
            identity: identity.facts.clone(),
            reading: (self.session.facts().iter().chain(&self.object.details).cloned())
                .chain(self.surveyed.mapping.is_deep.then(|| (READ_AS_TEXT.to_owned(), "every column".to_owned())))
                .collect(),
            consistency: self.session.consistency().as_str().to_owned(),
            content_digest,
            resumed: None,
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
                        fingerprints: self.fingerprints(number),
                        probes: key.probes,
                        hits: key.hits,
                        rows: key.rows,
                        distinct_records: key.records.len(),
                        declared_rows: (lawful.iter().zip(&key.declared_rows))
                            .filter(|(_, rows)| **rows > 0)
                            .map(|(declaration, rows)| (declaration.name.clone(), *rows))
                            .collect(),
                        doubtful_rows: key.doubtful_rows,
                        doubtful_records: key.doubtful_records(),
                        u: planned.u,
                    }
                })
                .collect(),
        }
    }
}
