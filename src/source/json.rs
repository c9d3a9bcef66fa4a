//! JSON and JSON Lines, read whole: records on lines or one behind the other, the elements of a list, and the lists within a document.
//!
//! A document is never held in memory. One pass finds where its lists of records lie (see [`document`]), the next learns which paths their
//! values have, so that a column that only the last record has is a column too; then rows are read, part by part and side by side. What
//! stands in no list of records is one record more.

mod bounds;
mod document;
mod lines;
mod parse;
mod records;
mod siblings;

use super::Access;
use super::Column;
use super::Consistency;
use super::Extent;
use super::Identity;
use super::Inventory;
use super::Locator;
use super::Object;
use super::ObjectKind;
use super::Options;
use super::Problem;
use super::ProblemCode;
use super::ReadError;
use super::Session;
use super::Sink;
use super::Split;
use super::SplitReport;
use super::batch::Feed;
use super::batch::LONGEST_ROW;
use super::file::OpenedFile;
use super::nested::Naming;
use super::nested::Paths;
use super::nested::Rows;
use super::nested::Tree;
use crate::support::progress::Cancel;
use document::Damage;
use document::List;
pub(super) use lines::is_json;
use memchr::memchr;
use parse::Malformed;
use rayon::prelude::*;
use records::Next;
use records::Order;
use records::Records;
use siblings::Names;
use std::collections::HashSet;
use std::ops::Range;

/// The largest and the smallest part of a file that is read on its own, in bytes.
const LARGEST_SPLIT: u64 = 8 << 20;
const SMALLEST_SPLIT: u64 = 64 << 10;

/// How far apart places are noted at which records begin, at most.
const WIDEST_STEP: u64 = 4 << 20;

/// Places that a small file has.
const STEPS: u64 = 64;

/// Parts whose paths are in memory before they are merged.
const PARTS_AT_ONCE: usize = 64;

/// An opened JSON file.
pub(super) struct JsonSession {
    file: OpenedFile,
    identity: Identity,
    inventory: Inventory,
    /// How each object of the inventory is read.
    parts: Vec<Part>,
}

/// One object.
struct Part {
    list: List,
    /// What is put together, where the object is what stands in no list.
    rest: Vec<Range<u64>>,
    paths: Paths,
    names: Names,
}

/// Opens a file that begins as JSON does.
pub(super) fn open(file: OpenedFile, options: &Options, cancel: &Cancel) -> Result<Box<dyn Session>, Problem> {
    let name = file.name().to_owned();
    match JsonSession::open(file, options.names_column, cancel) {
        Ok(session) => Ok(Box::new(session)),
        Err(ReadError::Failed(problem)) => Err(problem),
        Err(error) => Err(Problem::of_source(ProblemCode::Unreadable, &name, error.to_string())),
    }
}

impl JsonSession {
    fn open(file: OpenedFile, names: Names, cancel: &Cancel) -> Result<Self, ReadError> {
        let failed = |code, detail: &str| Err(ReadError::Failed(Problem::of_source(code, file.name(), detail)));
        let head = file.head(4).map_err(|error| file.failed(&error))?;
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.contains(&0) {
            return failed(ProblemCode::Unsupported, "JSON in UTF-16; this version reads JSON in UTF-8 only");
        }
        let start = if head.starts_with(lines::MARK) { lines::MARK.len() as u64 } else { 0 };
        let step = (file.size() / STEPS).clamp(SMALLEST_SPLIT, WIDEST_STEP);
        let is_lines = lines::is_lines(&file, start).map_err(|error| file.failed(&error))?;
        let mut problems = Vec::new();
        let (lists, rest) = if is_lines {
            (vec![line_list(&file, start, step, cancel)?], Vec::new())
        } else {
            let mut layout = document::layout(&file, start, step, names, cancel)?;
            if layout.lists.is_empty() && layout.whole.is_none() && layout.damage == Some(Damage::Cut) && file.size() <= start {
                return failed(ProblemCode::Empty, "the file holds no row");
            }
            problems.extend(layout.damage.map(|damage| damage_problem(&file, damage)));
            // A document that is one list has no more to it.
            let is_list = layout.lists.iter().any(|list| list.path.is_empty());
            let rest = if is_list { Vec::new() } else { layout.rest() };
            (std::mem::take(&mut layout.lists), rest)
        };
        let mut parts = Vec::new();
        let mut damaged = None;
        for list in lists {
            let part = Part { list, rest: Vec::new(), paths: Paths::new(), names };
            let (paths, damage) = learn(&file, &part, step, cancel)?;
            damaged = damaged.into_iter().chain(damage).min();
            parts.push(Part { paths, ..part });
        }
        if let Some(place) = damaged {
            let detail = format!("the document is no JSON at byte {place}; what follows was not read");
            problems.push(Problem::of_source(ProblemCode::ReadFailed, file.name(), detail).in_object(file.name()));
            for part in &mut parts {
                part.list.cut(place);
            }
        }
        if let Some(whole) = whole_of(&rest) {
            let list = List { path: String::new(), order: Order::Rest, range: whole, starts: Vec::new() };
            let part = Part { list, rest, paths: Paths::new(), names };
            if let Some(paths) = learn_rest(&file, &part)? {
                parts.insert(0, Part { paths, ..part });
            } else {
                let detail = "what stands outside of its lists is no JSON, or longer than 16 MiB; it was not read";
                problems.push(Problem::of_source(ProblemCode::ReadFailed, file.name(), detail).in_object(file.name()));
            }
        }
        Ok(Self::of_parts(file, parts, problems))
    }

    fn of_parts(file: OpenedFile, mut parts: Vec<Part>, mut problems: Vec<Problem>) -> Self {
        let mut objects = Vec::new();
        let mut names = HashSet::new();
        let mut kept = Vec::new();
        for part in &mut parts {
            let duplicates = part.paths.settle();
            // Nothing but lists stands in the document: no object of its own.
            let is_needless = part.list.order == Order::Rest && part.paths.columns().is_empty();
            kept.push(!is_needless);
            if is_needless {
                continue;
            }
            let object = object(&file, part, &mut names);
            problems.extend(duplicates.iter().map(|column| {
                let detail = "several columns bear this name; the later ones were numbered";
                Problem::of_source(ProblemCode::DuplicateColumn, file.name(), detail).in_object(&object.name).in_column(column)
            }));
            objects.push(object);
        }
        let mut kept = kept.into_iter();
        parts.retain(|_| kept.next().unwrap_or(true));
        let identity = Identity { kind: "json".into(), name: file.name().to_owned(), facts: file.facts() };
        Self { identity, inventory: Inventory { objects, blind: false, problems }, parts, file }
    }

    /// The part that a split belongs to, and its range of bytes.
    fn part(&self, split: &Split) -> Option<(&Part, Range<u64>)> {
        let part = self.parts.get(split.object)?;
        let whole = &part.list.range;
        match split.extent {
            Extent::Whole if part.list.order == Order::Rest => Some((part, whole.clone())),
            Extent::Bytes { start, end } if start <= end && start >= whole.start && end <= whole.end => Some((part, start..end)),
            _ => None,
        }
    }
}

impl Session for JsonSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn consistency(&self) -> Consistency {
        self.file.consistency()
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, object: usize, wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        let list = &self.parts.get(object).ok_or(ReadError::UnknownSplit)?.list;
        if list.order == Order::Rest {
            return Ok(vec![Split { object, index: 0, extent: Extent::Whole }]);
        }
        let size = (list.range.end - list.range.start).div_ceil(wanted.max(1) as u64);
        let size = if wanted > 1 { size.clamp(SMALLEST_SPLIT, LARGEST_SPLIT) } else { u64::MAX };
        let split = |(index, range): (usize, Range<u64>)| Split {
            object,
            index,
            extent: Extent::Bytes { start: range.start, end: range.end },
        };
        Ok(list.ranges(size).into_iter().enumerate().map(split).collect())
    }

    fn is_parallel(&self) -> bool {
        true
    }

    fn read(&self, split: &Split, sink: &mut dyn Sink, cancel: &Cancel) -> Result<SplitReport, ReadError> {
        let (part, range) = self.part(split).ok_or(ReadError::UnknownSplit)?;
        let object = &self.inventory.objects[split.object];
        let mut feed = Feed::new(sink);
        let mut rows = Rows::new(&part.paths);
        let mut tree = Tree::new(&part.paths);
        let mut flaws = Flaws::default();
        let bytes = if part.list.order == Order::Rest { part.bytes() } else { range.end - range.start };
        if part.list.order == Order::Rest {
            match rest_of(&self.file, part)? {
                Some(text) if parse::record(&text, false, part.names, &mut tree).is_ok() => {
                    rows.write(&tree, Locator::ByteOffset(range.start), &mut feed, cancel)?;
                }
                _ => flaws.malformed.bump(range.start),
            }
        } else {
            let mut records = Records::new(&self.file, part.list.order, range);
            each(&mut records, part, &mut tree, &mut flaws, cancel, |tree, place| {
                rows.write(tree, Locator::ByteOffset(place), &mut feed, cancel)
            })?;
            flaws.broken = records.broken();
        }
        let name = |column: usize| part.paths.columns().get(column).cloned().unwrap_or_default();
        let mut report = feed.finish(self.file.name(), &object.name, name)?;
        report.bytes = bytes;
        report.problems.extend(rows.problems(self.file.name(), &object.name));
        report.problems.extend(flaws.problems(self.file.name(), &object.name, part.list.order));
        Ok(report)
    }

    fn recheck(&self) -> Vec<Problem> {
        self.file.recheck().into_iter().collect()
    }

    fn digest(&self, cancel: &Cancel) -> Result<Option<String>, ReadError> {
        self.file.digest(cancel).map(Some)
    }

    fn standing(&self) -> Option<String> {
        self.file.standing()
    }
}

impl List {
    /// Parts of about `size` bytes, as far as places are known.
    fn ranges(&self, size: u64) -> Vec<Range<u64>> {
        let mut ranges = Vec::new();
        let mut start = self.range.start;
        for place in self.starts.iter().copied().filter(|place| (self.range.start..self.range.end).contains(place)) {
            if place - start >= size {
                ranges.push(start..place);
                start = place;
            }
        }
        ranges.push(start..self.range.end);
        ranges
    }

    /// Leaves out what follows a place.
    fn cut(&mut self, place: u64) {
        self.range.end = self.range.end.min(place).max(self.range.start);
    }
}

impl Part {
    /// Bytes of the file that it is read from.
    fn bytes(&self) -> u64 {
        let range = &self.list.range;
        if self.list.order == Order::Rest { length_of(&self.rest) } else { range.end - range.start }
    }
}

/// How often something was met, and where first.
#[derive(Clone, Copy, Default)]
struct Met {
    count: u64,
    first: Option<u64>,
}

impl Met {
    fn bump(&mut self, place: u64) {
        self.count += 1;
        self.first.get_or_insert(place);
    }
}

/// What was wrong with the records of a range.
#[derive(Default)]
struct Flaws {
    malformed: Met,
    too_long: Met,
    cut: Met,
    broken: Option<Problem>,
}

impl Flaws {
    fn problems(self, source: &str, object: &str, order: Order) -> Vec<Problem> {
        let malformed =
            if order == Order::Lines { "lines are no JSON and were not read" } else { "records are no JSON and were not read" };
        let counted = [
            (ProblemCode::ReadFailed, self.malformed, malformed),
            (ProblemCode::RowTooLong, self.too_long, "records are longer than 16 MiB and were not read"),
            (ProblemCode::CutShort, self.cut, "the last record breaks off and was not read"),
        ];
        let counted = counted.into_iter().filter(|(_, met, _)| met.count > 0);
        let problem = |(code, met, detail): (_, Met, &str)| {
            let problem = Problem::of_source(code, source, detail).in_object(object).counted(met.count);
            problem.first_at(met.first.map(Locator::ByteOffset))
        };
        counted.map(problem).chain(self.broken.map(|problem| problem.in_object(object))).collect()
    }
}

/// Shows every record of a range to `visit`, in the tree and with its place. Where records are parts of a document, the first that is
/// damaged is the last.
fn each<N: Naming>(
    records: &mut Records<'_>,
    part: &Part,
    tree: &mut Tree<N>,
    flaws: &mut Flaws,
    cancel: &Cancel,
    mut visit: impl FnMut(&mut Tree<N>, u64) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let (order, names) = (part.list.order, part.names);
    loop {
        let place = match records.next(cancel)? {
            Next::Record(place) => place,
            Next::TooLong(place) => {
                flaws.too_long.bump(place);
                continue;
            }
            Next::End => return Ok(()),
        };
        let offset = records.offset(place.start);
        let bytes = records.bytes(place.clone());
        let error = match parse::record(bytes, order == Order::Members, names, tree) {
            Ok(()) => {
                visit(tree, offset)?;
                continue;
            }
            Err(error) => error,
        };
        if order != Order::Lines {
            flaws.malformed.bump(offset);
            return Ok(());
        }
        match parse::values(bytes) {
            Some(values) => {
                for value in values {
                    match parse::record(value, false, names, tree) {
                        Ok(()) => visit(tree, offset)?,
                        Err(_) => flaws.malformed.bump(offset),
                    }
                }
            }
            None if error == Malformed::Cut && records.is_end(place.end) => flaws.cut.bump(offset),
            None => flaws.malformed.bump(offset),
        }
    }
}

/// The paths of the records of a list, and where the first stands that is damaged.
fn learn(file: &OpenedFile, part: &Part, step: u64, cancel: &Cancel) -> Result<(Paths, Option<u64>), ReadError> {
    let order = part.list.order;
    let mut learned = Paths::new();
    let mut damage = None;
    for ranges in part.list.ranges(step).chunks(PARTS_AT_ONCE) {
        let learn = |range: &Range<u64>| {
            let mut tree = Tree::new(Paths::new());
            let mut flaws = Flaws::default();
            let mut records = Records::new(file, order, range.clone());
            each(&mut records, part, &mut tree, &mut flaws, cancel, |_, _| Ok(()))?;
            Ok((tree.into_names(), flaws.malformed.first))
        };
        let parts: Vec<Result<_, ReadError>> = ranges.par_iter().map(learn).collect();
        for part in parts {
            let (paths, malformed) = part?;
            learned.merge(&paths);
            damage = damage.into_iter().chain(malformed).min();
        }
    }
    Ok((learned, damage.filter(|_| order != Order::Lines)))
}

/// The paths of what stands in no list; `None` where it is no JSON, or too long.
fn learn_rest(file: &OpenedFile, part: &Part) -> Result<Option<Paths>, ReadError> {
    let mut tree = Tree::new(Paths::new());
    let is_read = rest_of(file, part)?.is_some_and(|text| parse::record(&text, false, part.names, &mut tree).is_ok());
    Ok(is_read.then(|| tree.into_names()))
}

/// What stands in no list, with the lists empty; `None` where it is too long.
fn rest_of(file: &OpenedFile, part: &Part) -> Result<Option<Vec<u8>>, ReadError> {
    if length_of(&part.rest) > LONGEST_ROW as u64 {
        return Ok(None);
    }
    let mut text = Vec::new();
    for range in &part.rest {
        let length = usize::try_from(range.end - range.start).unwrap_or(0);
        text.extend(file.window(range.start, length).map_err(|error| file.failed(&error))?);
    }
    Ok(Some(text))
}

fn length_of(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

fn whole_of(rest: &[Range<u64>]) -> Option<Range<u64>> {
    Some(rest.first()?.start..rest.last()?.end)
}

/// The lines of a file, and places at which some begin.
fn line_list(file: &OpenedFile, start: u64, step: u64, cancel: &Cancel) -> Result<List, ReadError> {
    let end = file.size();
    let mut starts: Vec<u64> = Vec::new();
    let mut target = start.saturating_add(step);
    while target < end {
        let mut place = target - 1;
        let line_end = loop {
            if cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let window = file.window(place, 64 << 10).map_err(|error| file.failed(&error))?;
            match memchr(b'\n', &window) {
                Some(length) => break Some(place + length as u64 + 1),
                None if window.is_empty() => break None,
                None => place += window.len() as u64,
            }
        };
        let Some(line_end) = line_end.filter(|line_end| *line_end < end) else { break };
        starts.push(line_end);
        target = line_end.saturating_add(step);
    }
    Ok(List { path: String::new(), order: Order::Lines, range: start..end, starts })
}

fn damage_problem(file: &OpenedFile, damage: Damage) -> Problem {
    let (code, detail) = match damage {
        Damage::Cut => (ProblemCode::CutShort, "the document breaks off at the file's end".to_owned()),
        Damage::At(place) => {
            (ProblemCode::ReadFailed, format!("the document is no JSON at byte {place}; what follows was not read"))
        }
        Damage::Crowded(place) => (
            ProblemCode::Unsupported,
            format!("the document holds more than 1,024 lists; those from byte {place} on were not read"),
        ),
    };
    Problem::of_source(code, file.name(), detail).in_object(file.name())
}

/// An object as the inventory shows it.
fn object(file: &OpenedFile, part: &Part, names: &mut HashSet<String>) -> Object {
    let list = &part.list;
    let is_file = list.path.is_empty();
    let mut name = if is_file { file.name().to_owned() } else { list.path.clone() };
    let mut number = 2;
    while !names.insert(name.clone()) {
        name = format!("{}_{number}", list.path);
        number += 1;
    }
    let records = match list.order {
        Order::Lines => "one on each line",
        Order::Values => "one behind the other",
        Order::Elements => "the elements of a list",
        Order::Members => "the members of an object, with their names in the column `_key`",
        Order::Rest => "one, of what stands in no list of records",
    };
    let mut details = vec![("records".to_owned(), records.to_owned())];
    let columns = part.paths.columns();
    let is_numbered = |(index, name): (usize, &String)| *name == format!("column_{}", index + 1);
    if !columns.is_empty() && columns.iter().enumerate().all(is_numbered) {
        details.push(("header".to_owned(), "no".to_owned()));
    }
    let column = |name: &String| Column { name: name.clone(), declared_type: None, access: Access::Readable };
    Object {
        name,
        kind: if is_file { ObjectKind::File } else { ObjectKind::Table },
        columns: columns.iter().map(column).collect(),
        primary_key: Vec::new(),
        rows_expected: None,
        rows_estimated: None,
        bytes: Some(part.bytes()),
        access: Access::Readable,
        details,
    }
}

#[cfg(test)]
mod tests;
