//! The survey: every object of the opened sources, what its columns are taken for, and what a person says about it.

use crate::intake::Mapping;
use crate::intake::convert::ColumnCounts;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::intake::infer::infer;
use crate::intake::infer::note_doubts;
use crate::intake::map::MapError;
use crate::intake::map::MapFile;
use crate::intake::map::Unused;
use crate::intake::profile::Profiles;
use crate::record::RecordBatch;
use crate::source::Access;
use crate::source::Extent;
use crate::source::Found;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::Problem;
use crate::source::ReadError;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::SplitReport;
use crate::source::Stopped;
use crate::support::progress::Cancel;

/// Rows of an object that are looked at before a scan, spread over the places that its source offers.
const SAMPLE: u64 = 6_000;

/// Bytes of an object up to which a rehearsal converts all of its rows, and rows where its bytes are not known.
const SMALL: u64 = 32 << 20;
const FEW_ROWS: u64 = 50_000;

/// One object of one source.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    /// The place of its session among the sessions.
    pub(crate) session: usize,
    /// Its place in the session's inventory.
    pub(crate) object: usize,
    /// The name by which declarations and messages speak of it.
    pub(crate) name: String,
    /// What its columns are taken for.
    pub(crate) mapping: Mapping,
    /// What the sample looked like.
    pub(crate) profiles: Profiles,
    /// Why a person left it out.
    pub(crate) excluded: Option<String>,
}

/// The name of an object: a file's is its source's, a table's follows a `#`.
pub(crate) fn target_name(session: &dyn Session, object: &Object) -> String {
    match object.kind {
        ObjectKind::File => session.identity().name.clone(),
        _ => format!("{}#{}", session.identity().name, object.name),
    }
}

/// Surveys all objects that can be read; where `is_deep`, all their columns are to be read as text too. A rule of the map has to match one of them, or a source that could not be opened.
pub(crate) fn survey(found: &Found, map: &MapFile, is_deep: bool, cancel: &Cancel) -> Result<Vec<Surveyed>, MapError> {
    let surveyed = preview(found, map, is_deep, cancel)?;
    match unused_rules(found, &surveyed, map).into_iter().next() {
        None => Ok(surveyed),
        Some(unused) => Err(unused.into()),
    }
}

/// What of the map has no effect on any target. It is a slip of the pen, unless some of the sources are not here.
pub(crate) fn unused_rules(found: &Found, surveyed: &[Surveyed], map: &MapFile) -> Vec<Unused> {
    let unopened = found.problems.iter().map(|problem| (problem.source.as_str(), None));
    let columns = |surveyed: &Surveyed| surveyed.mapping.columns.iter().map(|taken| taken.name.clone()).collect();
    let opened = surveyed.iter().map(|surveyed| (surveyed.name.as_str(), Some(columns(surveyed))));
    map.unused(&opened.chain(unopened).collect::<Vec<_>>())
}

/// Surveys all objects that can be read, for a look at some of the sources: rules of the map may be for others.
pub(crate) fn preview(found: &Found, map: &MapFile, is_deep: bool, cancel: &Cancel) -> Result<Vec<Surveyed>, MapError> {
    let mut surveyed = Vec::new();
    for (number, session) in found.sessions.iter().enumerate() {
        for (place, object) in session.inventory().objects.iter().enumerate() {
            if matches!(object.access, Access::Derived(_)) || cancel.is_cancelled() {
                continue;
            }
            let name = target_name(session.as_ref(), object);
            let excluded = map.exclusion(&name).map(str::to_owned);
            let profiles = if object.access.is_readable() && excluded.is_none() {
                sample(session.as_ref(), place, object.columns.len(), cancel)
            } else {
                Profiles::new(object.columns.len())
            };
            let mut mapping = infer(object.columns.iter().map(|column| column.name.as_str()), &profiles);
            map.apply(&name, &mut mapping)?;
            mapping.is_deep = is_deep;
            let header = object.details.iter().find(|(detail, _)| detail == "header");
            note_doubts(&mut mapping, &profiles, header.is_none_or(|(_, value)| value.starts_with("yes")));
            surveyed.push(Surveyed { session: number, object: place, name, mapping, profiles, excluded });
        }
        session.rest();
    }
    Ok(surveyed)
}

/// Profiles a few thousand rows. What cannot be read here cannot be read by the scan either, which reports it.
fn sample(session: &dyn Session, object: usize, columns: usize, cancel: &Cancel) -> Profiles {
    let mut profiles = Profiles::new(columns);
    let Ok(splits) = session.samples(object, SAMPLE, cancel) else { return profiles };
    let each = SAMPLE / splits.len().max(1) as u64;
    for split in &splits {
        let mut sink = SampleSink { profiles: Profiles::new(columns), most: each };
        match session.read(split, &mut sink, cancel) {
            Ok(_) | Err(ReadError::Stopped(_)) => profiles.merge(&sink.profiles),
            Err(_) => {}
        }
    }
    profiles
}

/// What a part of an object's rows came to when they were converted as a scan converts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rehearsal {
    /// The counts of the cells, a column each.
    pub(crate) counts: Vec<ColumnCounts>,
    /// Personal cells beyond the last column.
    pub(crate) overflow: u64,
    /// How many rows were converted.
    pub(crate) rows: u64,
    /// Whether these were all rows.
    pub(crate) is_whole: bool,
    /// What was wrong with the parts that were read to their ends.
    pub(crate) problems: Vec<Problem>,
}

/// Converts the rows of an object as a scan would, to see what it would not understand: all rows of a small object, a sample of a large one.
pub(crate) fn rehearse(session: &dyn Session, object: usize, mapping: &Mapping, cancel: &Cancel) -> Rehearsal {
    let Object { bytes, rows_expected, .. } = session.inventory().objects[object];
    let is_small = bytes.map_or_else(|| rows_expected.is_some_and(|rows| rows <= FEW_ROWS), |bytes| bytes <= SMALL);
    let splits =
        if is_small { session.splits(object, 1, cancel) } else { session.samples(object, SAMPLE, cancel) }.unwrap_or_default();
    let most = if is_small { u64::MAX } else { SAMPLE / splits.len().max(1) as u64 };
    let mut sink =
        RehearsalSink { converter: Converter::new(mapping, Side::Recipient), records: RecordBatch::new(), rows: 0, most };
    let mut report = SplitReport::default();
    let (mut rows, mut is_read) = (0, true);
    for split in &splits {
        sink.rows = 0;
        let read = session.read(split, &mut sink, cancel);
        is_read &= read.is_ok();
        match read {
            Ok(part) => report.absorb(part),
            Err(ReadError::Failed(problem)) => report.problems.push(problem),
            Err(_) => {}
        }
        rows += sink.rows;
    }
    // A sample from the beginning that ends before it is full has seen every row.
    let is_all = match splits.as_slice() {
        [Split { extent: Extent::First { rows: most }, .. }] => rows < *most,
        [Split { extent: Extent::Whole, .. }] => true,
        _ => is_small,
    };
    let (counts, overflow) = (sink.converter.counts().to_vec(), sink.converter.overflow());
    Rehearsal { counts, overflow, rows, is_whole: is_all && is_read, problems: report.problems }
}

struct RehearsalSink {
    converter: Converter,
    records: RecordBatch,
    rows: u64,
    most: u64,
}

impl Sink for RehearsalSink {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.converter.convert(&batch, &mut self.records);
        self.rows += batch.rows() as u64;
        if self.rows >= self.most { Err(Stopped) } else { Ok(batch) }
    }
}

struct SampleSink {
    profiles: Profiles,
    most: u64,
}

impl Sink for SampleSink {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.profiles.see(&batch, self.most);
        if self.profiles.rows >= self.most { Err(Stopped) } else { Ok(batch) }
    }
}
