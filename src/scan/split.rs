//! A scan that is divided among several runs of the program, on one machine or on many: what one of them hands in, and how the results become one scan again.
//!
//! Each run opens the same sources. Files whose parts the content alone decides are divided by parts; whatever is held still by a snapshot is read as a whole by one
//! of the runs, so that no row can move from one run's part to another's. A result has everything that a scan says of the ground, so that the merge needs none of the
//! sources: it goes through the same code as a scan that read them.

use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::intake::Mapping;
use crate::intake::profile::Profiles;
use crate::intake::survey::Surveyed;
use crate::scan::findings;
use crate::scan::partial;
use crate::scan::partial::Fault;
use crate::scan::tally::Tally;
use crate::source::Extent;
use crate::source::Problem;
use crate::source::Recorded;
use crate::source::Session;
use crate::source::Split;
use crate::source::SplitReport;
use crate::support::secret::Secret;
use serde::Deserialize;
use serde::Serialize;
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::ops::Range;
use tempfile::SpooledTempFile;
use thiserror::Error;

/// Parts of a file that each run reads, so that its threads have some each. The same on every machine, whatever its cores.
const PARTS: usize = 16;

/// Which share of a scan a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Share {
    /// From 1.
    pub(crate) number: u32,
    /// How many there are.
    pub(crate) of: u32,
}

impl Share {
    /// How many parts a file is to be divided into.
    pub(super) fn wanted(self) -> usize {
        (self.of as usize).saturating_mul(PARTS)
    }

    /// Its own among the parts of the object with this number. `None` where another run has all of them.
    pub(super) fn own(self, object: u32, splits: &[Split]) -> Option<Range<usize>> {
        let is_divided =
            splits.len() > 1 && splits.iter().all(|split| matches!(split.extent, Extent::Bytes { .. } | Extent::Groups { .. }));
        if !is_divided {
            return (object % self.of == self.number - 1).then_some(0..splits.len());
        }
        let place = |number: u32| splits.len().saturating_mul(number as usize) / self.of as usize;
        Some(place(self.number - 1)..place(self.number))
    }
}

/// What all runs of one scan have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The version of the program.
    pub(crate) version: String,
    /// The challenge, the manifest, the map and the declarations, by their digests.
    pub(crate) documents: Vec<String>,
    /// How the sources are read, as the command line says.
    pub(crate) told: Vec<String>,
}

/// What one run hands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitResult {
    pub(crate) asked: Asked,
    pub(crate) share: Share,
    /// RFC 3339, UTC.
    pub(crate) started_at: String,
    pub(crate) finished_at: String,
    /// Whether its findings are in it.
    pub(crate) has_findings: bool,
    /// The sources, in their order.
    pub(crate) sessions: Vec<Recorded>,
    /// What could not be opened.
    pub(crate) problems: Vec<Problem>,
    /// The objects, in their order.
    pub(crate) targets: Vec<SplitTarget>,
}

/// One object, and what the run read of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitTarget {
    session: usize,
    object: usize,
    name: String,
    mapping: Mapping,
    excluded: Option<String>,
    /// None where it is another run's, or cannot be read.
    portion: Option<Portion>,
}

/// Parts of an object that one run read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Portion {
    /// Into how many parts the object is divided.
    pub(super) parts: usize,
    /// Which of them these are.
    pub(super) own: Range<usize>,
    /// That the parts turned out not to be any, and the run read all of the object.
    pub(super) is_whole: bool,
    pub(super) tally: Tally,
    pub(super) report: SplitReport,
    /// BLAKE3 of the whole object's content.
    pub(super) content: Option<String>,
    /// Why it was not read to the end.
    pub(super) gaps: Vec<Gap>,
    /// The length of its findings in bytes.
    pub(super) findings: u64,
}

impl SplitTarget {
    /// What was read of a surveyed object.
    pub(super) fn new(surveyed: &Surveyed, portion: Option<Portion>) -> SplitTarget {
        SplitTarget {
            session: surveyed.session,
            object: surveyed.object,
            name: surveyed.name.clone(),
            mapping: surveyed.mapping.clone(),
            excluded: surveyed.excluded.clone(),
            portion,
        }
    }
}

impl SplitResult {
    /// Writes it with its findings, authenticated by a key that only those have who have the salt.
    pub(crate) fn write(
        &self,
        out: impl Write,
        salt: &Secret,
        nonce: &[u8; 32],
        findings: &mut SpooledTempFile,
    ) -> io::Result<()> {
        findings.rewind()?;
        partial::write(out, &partial::key(partial::OF_SPLIT, salt, nonce), self, findings)
    }

    /// Reads one that [`SplitResult::write`] wrote for the same challenge.
    pub(crate) fn read(file: &File, salt: &Secret, nonce: &[u8; 32]) -> Result<(SplitResult, SpooledTempFile), Fault> {
        let length = file.metadata().map_err(Fault::Unreadable)?.len();
        partial::read(BufReader::new(file), length, &partial::key(partial::OF_SPLIT, salt, nonce))
    }

    /// The rows that were read.
    pub(crate) fn rows(&self) -> u64 {
        self.targets.iter().filter_map(|target| target.portion.as_ref()).map(|portion| portion.tally.rows).sum()
    }

    /// The objects of which something was read.
    pub(crate) fn portions(&self) -> usize {
        self.targets
            .iter()
            .filter(|target| target.portion.as_ref().is_some_and(|portion| portion.is_whole || !portion.own.is_empty()))
            .count()
    }

    /// All that has to be the same in each run: the sources, the objects, and what their columns are taken for.
    fn ground(&self) -> Vec<String> {
        let sessions = self.sessions.iter().map(Recorded::ground);
        let targets = self.targets.iter().map(|target| {
            format!("{} {} {:?} {:?} {:?}", target.session, target.object, target.name, target.mapping, target.excluded)
        });
        sessions.chain(targets).collect()
    }

    /// What was read and counted, whoever read it and when: the same in two runs of one share over the same rows.
    fn read_anew(&self) -> Vec<Option<Portion>> {
        let steady = |portion: &Portion| {
            let mut portion = portion.clone();
            // One for each thread.
            (portion.tally.sentinels_injected, portion.tally.sentinels_detected, portion.tally.hashes) = (0, 0, 0);
            portion
        };
        self.targets.iter().map(|target| target.portion.as_ref().map(steady)).collect()
    }
}

/// A file for findings on their way.
pub(crate) fn spool() -> SpooledTempFile {
    partial::spool()
}

/// Why results do not make one scan.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum MergeError {
    /// There is none.
    #[error("there is nothing to merge")]
    Nothing,
    /// They are of different scans.
    #[error("`{0}` and `{1}` are not of one scan: {2}")]
    Different(String, String, &'static str),
    /// One share was read twice, with two results.
    #[error(
        "`{0}` and `{1}` are both split {2}, and differ: the source changed between them, or one of them was not the same scan"
    )]
    Twice(String, String, u32),
    /// Findings are asked for, and one of them was scanned without.
    #[error("`{0}` has no findings in it")]
    NoFindings(String),
    /// The disk.
    #[error("the findings cannot be put together: {0}")]
    Findings(String),
}

/// What was read of a target, by all runs together.
pub(super) struct Handed {
    pub(super) tally: Tally,
    pub(super) report: SplitReport,
    pub(super) digest: Option<String>,
    pub(super) gaps: Vec<Gap>,
    pub(super) kept: SpooledTempFile,
}

/// Results that make one scan.
pub(crate) struct Merged {
    /// The sources, as they were opened elsewhere.
    pub(crate) sessions: Vec<Box<dyn Session>>,
    /// What could not be opened.
    pub(crate) problems: Vec<Problem>,
    /// The objects.
    pub(crate) surveyed: Vec<Surveyed>,
    /// When the first began and the last ended: RFC 3339, UTC.
    pub(crate) times: (String, String),
    /// How many shares there are.
    pub(crate) of: u32,
    /// The shares that nobody handed in.
    pub(crate) missing: Vec<u32>,
    /// Files of a share that another file has too.
    pub(crate) duplicates: Vec<String>,
    targets: Vec<RefCell<Option<Handed>>>,
}

impl Merged {
    /// What was read of the target with this number, once.
    pub(super) fn take(&self, number: u32) -> Option<Handed> {
        self.targets.get(number as usize).and_then(RefCell::take)
    }
}

/// A result, and the file that it stands in.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) result: SplitResult,
    pub(crate) findings: SpooledTempFile,
}

/// Puts results together. A share that two files have alike counts once; one that is missing becomes a gap of each target of which it had to read something.
pub(crate) fn merge(mut handed_in: Vec<Named>, are_findings_wanted: bool) -> Result<Merged, MergeError> {
    handed_in.sort_by_key(|named| named.result.share);
    let Some(first) = handed_in.first() else { return Err(MergeError::Nothing) };
    let (asked, of, ground) = (first.result.asked.clone(), first.result.share.of, first.result.ground());
    for other in &handed_in {
        let differ = |why| Err(MergeError::Different(first.name.clone(), other.name.clone(), why));
        let theirs = &other.result.asked;
        if theirs.version != asked.version {
            return differ("they are of two versions of residua");
        }
        if theirs.documents != asked.documents {
            return differ("the challenge, the manifest, the map or the declarations are others");
        }
        if theirs.told != asked.told {
            return differ("the sources were read with other flags");
        }
        if other.result.share.of != of {
            return differ("the scan was divided into another number of splits");
        }
        if other.result.ground() != ground {
            return differ("the sources, their tables or columns, or what the columns are taken for are others");
        }
        if are_findings_wanted && !other.result.has_findings {
            return Err(MergeError::NoFindings(other.name.clone()));
        }
    }
    let mut duplicates = Vec::new();
    let mut results: Vec<Named> = Vec::new();
    for named in handed_in {
        match results.last().filter(|last| last.result.share == named.result.share) {
            Some(last) if last.result.read_anew() == named.result.read_anew() => duplicates.push(named.name),
            Some(last) => return Err(MergeError::Twice(last.name.clone(), named.name, named.result.share.number)),
            None => results.push(named),
        }
    }
    let missing = (1..=of).filter(|number| results.iter().all(|named| named.result.share.number != *number)).collect();
    put_together(results, of, missing, duplicates)
}

fn put_together(mut results: Vec<Named>, of: u32, missing: Vec<u32>, duplicates: Vec<String>) -> Result<Merged, MergeError> {
    let times = (
        results.iter().map(|named| named.result.started_at.clone()).min().unwrap_or_default(),
        results.iter().map(|named| named.result.finished_at.clone()).max().unwrap_or_default(),
    );
    let (mut sessions, mut problems): (Vec<Recorded>, Vec<Problem>) = (Vec::new(), Vec::new());
    for (number, named) in results.iter().enumerate() {
        if number == 0 {
            sessions.clone_from(&named.result.sessions);
        } else {
            for (mine, theirs) in sessions.iter_mut().zip(&named.result.sessions) {
                mine.absorb(theirs.clone());
            }
        }
        for problem in &named.result.problems {
            if !problems.contains(problem) {
                problems.push(problem.clone());
            }
        }
        for target in named.result.targets.iter().filter(|target| target.portion.is_some()) {
            if let (Some(mine), Some(theirs)) = (sessions.get_mut(target.session), named.result.sessions.get(target.session)) {
                mine.adopt(target.object, theirs);
            }
        }
    }
    let count = results.first().map_or(0, |named| named.result.targets.len());
    let (mut surveyed, mut targets) = (Vec::new(), Vec::new());
    for number in 0..count {
        let mut read = Vec::new();
        let mut known = None;
        for named in &mut results {
            let Some(target) = named.result.targets.get_mut(number) else { continue };
            if let Some(portion) = target.portion.take() {
                read.push((portion, &mut named.findings));
            }
            known = Some(&*target);
        }
        let Some(target) = known else { continue };
        let object = sessions.get(target.session).and_then(|session| session.object(target.object));
        let place = sessions.get(target.session).zip(object);
        let prefix = place.map(|(session, object)| findings::prefix(&session.identity().name, &object.name)).unwrap_or_default();
        let is_due = target.excluded.is_none() && object.is_some_and(|object| object.access.is_readable());
        let handed = hand(&target.name, read, is_due.then_some(missing.as_slice()), &prefix);
        targets.push(RefCell::new(Some(handed.map_err(|error| MergeError::Findings(error.to_string()))?)));
        surveyed.push(Surveyed {
            session: target.session,
            object: target.object,
            name: target.name.clone(),
            mapping: target.mapping.clone(),
            profiles: Profiles::new(0),
            excluded: target.excluded.clone(),
        });
    }
    let sessions = sessions.into_iter().map(|session| Box::new(session) as Box<dyn Session>).collect();
    Ok(Merged { sessions, problems, surveyed, times, of, missing, duplicates, targets })
}

/// What was read of one target. Of each run the findings of its targets follow each other, so that those of this one are the next.
fn hand(name: &str, mut read: Vec<(Portion, &mut SpooledTempFile)>, missing: Option<&[u32]>, prefix: &str) -> io::Result<Handed> {
    read.sort_by_key(|(portion, _)| portion.own.start);
    let gap = |code, detail: String| Gap { target: name.to_owned(), column: None, code, count: None, detail };
    let mut gaps = Vec::new();
    // Somebody who read all of it, since its parts were none, has seen what the others took for their parts.
    let whole = read.iter().position(|(portion, _)| portion.is_whole);
    let mut contents: Vec<&String> = read.iter().filter_map(|(portion, _)| portion.content.as_ref()).collect();
    contents.dedup();
    let digest = contents.first().map(|content| (*content).clone());
    if contents.len() > 1 || read.windows(2).any(|pair| pair[0].0.parts != pair[1].0.parts) {
        gaps.push(gap(GapCode::ChangedWhileRead, "the splits read it with different contents".to_owned()));
    }
    let (mut covered, mut parts) = (0, None);
    for (portion, _) in &read {
        parts = Some(portion.parts);
        if portion.own.start == covered {
            covered = portion.own.end;
        }
    }
    if whole.is_none() && missing.is_some() && parts != Some(covered) {
        let numbers: Vec<String> = missing.unwrap_or_default().iter().map(u32::to_string).collect();
        gaps.push(match numbers.as_slice() {
            [] => gap(GapCode::ReadFailed, "the splits do not cover it".to_owned()),
            _ => gap(GapCode::MissingSplit, format!("not all of it was read: split {} was not handed in", numbers.join(", "))),
        });
    }
    let mut tally: Option<Tally> = None;
    let mut report = SplitReport::default();
    let mut kept = BufWriter::new(partial::spool());
    for (number, (portion, findings)) in read.into_iter().enumerate() {
        let counts = whole.is_none_or(|whole| whole == number);
        let mut own = BufReader::new(Read::by_ref(findings).take(portion.findings));
        if !counts {
            io::copy(&mut own, &mut io::sink())?;
            continue;
        }
        findings::shift(own, &mut kept, prefix, report.rows)?;
        gaps.extend(portion.gaps);
        report.absorb(portion.report);
        match &mut tally {
            // One that failed has no columns and keys, and no counts.
            Some(tally) if !tally.keys.is_empty() => tally.merge(portion.tally),
            _ => tally = Some(portion.tally),
        }
    }
    let kept = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Handed { tally: tally.unwrap_or_default(), report, digest, gaps, kept })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::tally::KeyTally;

    const KEY: &str = "email";

    /// A run that read these parts of an object with so many.
    fn portion(parts: usize, own: Range<usize>, rows: u64) -> Portion {
        let keys = vec![KeyTally { rows, records: [u32::try_from(own.start).unwrap()].into(), ..KeyTally::default() }];
        Portion {
            parts,
            own,
            is_whole: false,
            tally: Tally { rows, keys, ..Tally::default() },
            report: SplitReport { rows, ..SplitReport::default() },
            content: Some("c".to_owned()),
            gaps: Vec::new(),
            findings: 0,
        }
    }

    fn result(number: u32, of: u32, portion: Option<Portion>) -> Named {
        let target =
            SplitTarget { session: 0, object: 0, name: "t".to_owned(), mapping: Mapping::default(), excluded: None, portion };
        let result = SplitResult {
            asked: Asked { version: "1".to_owned(), documents: Vec::new(), told: Vec::new() },
            share: Share { number, of },
            started_at: format!("2017-07-01T09:00:0{number}Z"),
            finished_at: format!("2017-07-01T09:00:1{number}Z"),
            has_findings: false,
            sessions: Vec::new(),
            problems: Vec::new(),
            targets: vec![target],
        };
        Named { name: format!("{number}.split"), result, findings: spool() }
    }

    fn handed(read: Vec<Portion>, missing: &[u32], lines: &[&str]) -> Handed {
        let mut spools: Vec<SpooledTempFile> = (lines.iter())
            .map(|lines| {
                let mut spool = spool();
                spool.write_all(lines.as_bytes()).unwrap();
                spool.rewind().unwrap();
                spool
            })
            .collect();
        hand("t", read.into_iter().zip(&mut spools).collect(), Some(missing), "s,t,").unwrap()
    }

    fn codes(handed: &Handed) -> Vec<GapCode> {
        handed.gaps.iter().map(|gap| gap.code).collect()
    }

    #[test]
    fn parts_follow_each_other_and_rows_are_counted_through() {
        let line = |row: u64| format!("s,t,{row},byte=0,{KEY},A,7\n");
        let mut parts = vec![portion(6, 2..4, 10), portion(6, 4..6, 5), portion(6, 0..2, 100)];
        let lines = [line(1), String::new(), line(1) + &line(100)];
        for (part, lines) in parts.iter_mut().zip(&lines) {
            part.findings = lines.len() as u64;
        }
        let mut whole = handed(parts, &[], &lines.each_ref().map(String::as_str));
        assert_eq!((whole.tally.rows, whole.report.rows, codes(&whole)), (115, 115, vec![]));
        assert_eq!(whole.tally.keys[0].records.iter().collect::<Vec<_>>(), [0, 2, 4]);
        let mut found = String::new();
        whole.kept.rewind().unwrap();
        whole.kept.read_to_string(&mut found).unwrap();
        assert_eq!(found, line(1) + &line(100) + &line(101));
    }

    #[test]
    fn what_nobody_read_and_what_was_read_of_two_states_are_gaps() {
        let cases = [
            (vec![portion(6, 0..2, 1), portion(6, 2..6, 1)], &[][..], vec![]),
            (vec![portion(6, 0..2, 1), portion(6, 4..6, 1)], &[2], vec![GapCode::MissingSplit]),
            (vec![portion(6, 0..2, 1), portion(6, 2..4, 1)], &[3], vec![GapCode::MissingSplit]),
            (vec![portion(6, 2..6, 1)], &[], vec![GapCode::ReadFailed]),
            (vec![portion(6, 0..3, 1), portion(6, 2..6, 1)], &[], vec![GapCode::ReadFailed]),
            (vec![], &[1], vec![GapCode::MissingSplit]),
            (vec![portion(6, 0..3, 1), portion(7, 3..7, 1)], &[], vec![GapCode::ChangedWhileRead]),
            (
                vec![portion(6, 0..3, 1), Portion { content: Some("d".to_owned()), ..portion(6, 3..6, 1) }],
                &[],
                vec![GapCode::ChangedWhileRead],
            ),
        ];
        for (number, (read, missing, expected)) in cases.into_iter().enumerate() {
            let lines = vec![""; read.len()];
            assert_eq!(codes(&handed(read, missing, &lines)), expected, "case {number}");
        }
        // Whoever read all of it has read what others were to read.
        let whole = Portion { is_whole: true, ..portion(6, 0..2, 60) };
        let read = handed(vec![portion(6, 2..4, 20), whole], &[3], &["", ""]);
        assert_eq!((read.tally.rows, codes(&read)), (60, vec![]));
    }

    #[test]
    fn one_share_has_one_result() {
        let merged =
            |results: Vec<Named>| merge(results, false).map(|merged| (merged.times, merged.missing, merged.duplicates.len()));
        let half = |number: u32, rows| result(number, 2, Some(portion(2, number as usize - 1..number as usize, rows)));
        let times = ("2017-07-01T09:00:01Z".to_owned(), "2017-07-01T09:00:12Z".to_owned());
        assert_eq!(merged(vec![half(2, 5), half(1, 5)]), Ok((times.clone(), vec![], 0)));
        assert_eq!(merged(vec![half(2, 5), half(1, 5), half(2, 5)]), Ok((times, vec![], 1)));
        assert_eq!(merged(vec![half(1, 5)]).map(|merged| merged.1), Ok(vec![2]));
        assert_eq!(merged(vec![half(1, 5), half(1, 6)]), Err(MergeError::Twice("1.split".into(), "1.split".into(), 1)));
        assert_eq!(merged(vec![]), Err(MergeError::Nothing));
        assert!(matches!(merged(vec![half(1, 5), result(2, 3, None)]), Err(MergeError::Different(..))));
        let mut other = half(2, 5);
        other.result.asked.told.push("deep true".to_owned());
        assert!(matches!(merged(vec![half(1, 5), other]), Err(MergeError::Different(..))));
    }

    #[test]
    fn shares_have_every_part_once() {
        let split = |index, extent| Split { object: 0, index, extent };
        for of in 1..=9 {
            for parts in 0..40 {
                let divided: Vec<Split> = (0..parts).map(|index| split(index, Extent::Bytes { start: 0, end: 0 })).collect();
                let pages: Vec<Split> = (0..parts).map(|index| split(index, Extent::Pages { first: 0, last: None })).collect();
                for (object, splits) in [(0, &divided), (5, &divided), (7, &pages)] {
                    let own: Vec<usize> =
                        (1..=of).filter_map(|number| Share { number, of }.own(object, splits)).flatten().collect();
                    assert_eq!(own, (0..parts).collect::<Vec<_>>(), "{of} shares of {parts} parts");
                }
            }
        }
    }
}
