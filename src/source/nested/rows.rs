//! The flat rows of a record.

use super::Kind;
use super::Naming;
use super::PathId;
use super::Paths;
use super::Tree;
use crate::source::Locator;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::batch::Counts;
use crate::source::batch::Feed;
use crate::support::progress::Cancel;
use std::collections::HashMap;

/// Bytes that the rows of one record may come to, what is repeated on each counted each time. Beyond it every value stands in one row only.
const MOST_BYTES: u64 = 256 << 20;

/// Rows after which a record's rows look whether to go on.
const ROWS_BETWEEN_LOOKS: u64 = 4_096;

/// No cell.
const NULL: (usize, usize) = (1, 0);

/// Values of which each makes rows of its own.
#[derive(Clone, Copy)]
enum Choice {
    /// The values of a list, from a node to another.
    List { first: usize, behind: usize },
    /// Nodes that are listed apart.
    Any { from: usize, to: usize },
}

/// Makes rows of the records of one object, and counts what is wrong with them.
pub(in crate::source) struct Rows<'a> {
    paths: &'a Paths,
    /// The row that is being built: for each column a place in the record's text.
    cells: Vec<(usize, usize)>,
    /// Columns that have a cell, and which values are no text.
    set: Vec<(usize, bool)>,
    choices: Vec<Choice>,
    listed: Vec<usize>,
    scratch: Vec<u8>,
    packed: Vec<(usize, usize)>,
    binary: Counts,
    too_large: Met,
    pathless: Met,
    deep: Met,
    uncombined: Met,
    lean: Met,
}

/// How often something was met, and where first.
#[derive(Clone, Copy, Default)]
struct Met {
    count: u64,
    first: Option<Locator>,
}

impl Met {
    fn bump(&mut self, is_met: bool, locator: Locator) {
        if is_met {
            self.count += 1;
            self.first.get_or_insert(locator);
        }
    }
}

/// A record on its way into rows.
struct Job<'j, 'f, N> {
    tree: &'j Tree<N>,
    feed: &'j mut Feed<'f>,
    locator: Locator,
    cancel: &'j Cancel,
    /// The record makes one row, and so its text need not be put together anew.
    is_single: bool,
    /// Every value stands in one row only.
    is_lean: bool,
    rows: u64,
}

impl<'a> Rows<'a> {
    /// For records whose paths are all there and settled.
    pub(in crate::source) fn new(paths: &'a Paths) -> Self {
        Self {
            paths,
            cells: vec![NULL; paths.columns().len()],
            set: Vec::new(),
            choices: Vec::new(),
            listed: Vec::new(),
            scratch: Vec::new(),
            packed: Vec::new(),
            binary: Counts::default(),
            too_large: Met::default(),
            pathless: Met::default(),
            deep: Met::default(),
            uncombined: Met::default(),
            lean: Met::default(),
        }
    }

    /// Hands over the rows of a record.
    pub(in crate::source) fn write<N: Naming>(
        &mut self,
        tree: &Tree<N>,
        locator: Locator,
        feed: &mut Feed<'_>,
        cancel: &Cancel,
    ) -> Result<(), ReadError> {
        let flaws = tree.flaws;
        self.too_large.bump(flaws.is_too_large, locator);
        self.pathless.bump(flaws.is_pathless, locator);
        self.deep.bump(flaws.is_deep, locator);
        self.uncombined.bump(flaws.is_uncombined, locator);
        let Some(root) = tree.nodes.first() else { return Ok(()) };
        if root.kind == Kind::List && root.behind(0) == 1 {
            return Ok(());
        }
        let rows = root.rows();
        let is_lean = rows > 1 && tree.bytes > MOST_BYTES;
        self.lean.bump(is_lean, locator);
        let mut job = Job { tree, feed, locator, cancel, is_single: rows == 1, is_lean, rows: 0 };
        self.settle(&job, 0);
        self.choose(&mut job, 0)?;
        self.undo(0);
        self.choices.clear();
        self.listed.clear();
        Ok(())
    }

    /// What was wrong with the records, in words. The object's name is `object`.
    pub(in crate::source) fn problems(&self, source: &str, object: &str) -> Vec<Problem> {
        let counted = [
            (ProblemCode::RowTooLong, self.too_large, "records hold more than 2,000,000 values and were not read"),
            (
                ProblemCode::RowTooLong,
                self.pathless,
                "records hold values under names beyond the most columns, which were not read",
            ),
            (ProblemCode::Unsupported, self.deep, "records hold values below more than 64 others, which were read as text"),
            (
                ProblemCode::RowTooLong,
                self.uncombined,
                "records hold lists with too many combinations; each list was read on its own",
            ),
            (ProblemCode::RowTooLong, self.lean, "records make too many long rows; their values were not repeated on each"),
        ];
        let counted = counted.into_iter().filter(|(_, met, _)| met.count > 0);
        let problem = |code, detail: &str| Problem::of_source(code, source, detail).in_object(object);
        let mut problems: Vec<_> =
            counted.map(|(code, met, detail)| problem(code, detail).counted(met.count).first_at(met.first)).collect();
        problems.extend(self.binary.iter().map(|(column, count)| {
            let problem = problem(ProblemCode::BinaryCells, "cells hold bytes that are no text and were not read");
            problem.in_column(self.paths.columns().get(column).map_or("", String::as_str)).counted(count)
        }));
        problems
    }

    /// Puts what is certain of a value into the row, and what is not among the choices.
    fn settle<N>(&mut self, job: &Job<'_, '_, N>, index: usize) {
        let nodes = &job.tree.nodes;
        let node = nodes[index];
        match node.kind {
            Kind::Null => {}
            Kind::Text | Kind::Number | Kind::Numbers | Kind::Binary => {
                if let Some(column) = self.paths.column(node.path) {
                    let is_binary = node.kind == Kind::Binary;
                    self.cells[column] = if is_binary { NULL } else { (node.start as usize, node.end as usize) };
                    self.set.push((column, is_binary));
                }
            }
            Kind::List if node.rows() > 1 => self.choices.push(Choice::List { first: index + 1, behind: node.behind(index) }),
            Kind::List | Kind::Record => {
                let mut at = index + 1;
                while at < node.behind(index) {
                    self.settle(job, at);
                    at = nodes[at].behind(at);
                }
            }
            Kind::Repeating => {
                for group in groups(job.tree, index) {
                    match *group.as_slice() {
                        [single] => self.settle(job, single),
                        _ => self.choose_among(group),
                    }
                }
            }
            Kind::Separate => {
                let groups = groups(job.tree, index);
                let (single, several): (Vec<_>, Vec<_>) =
                    groups.into_iter().partition(|group| group.iter().map(|index| nodes[*index].rows()).sum::<u64>() == 1);
                single.into_iter().flatten().for_each(|index| self.settle(job, index));
                self.choose_among(several.into_iter().flatten().collect());
            }
        }
    }

    fn choose_among(&mut self, nodes: Vec<usize>) {
        let from = self.listed.len();
        self.listed.extend(nodes);
        self.choices.push(Choice::Any { from, to: self.listed.len() });
    }

    /// Makes the rows of all choices from one on.
    fn choose<N: Naming>(&mut self, job: &mut Job<'_, '_, N>, at: usize) -> Result<(), ReadError> {
        let Some(choice) = self.choices.get(at).copied() else { return self.write_row(job) };
        let (set, choices, listed) = (self.set.len(), self.choices.len(), self.listed.len());
        let (mut next, behind) = match choice {
            Choice::List { first, behind } => (first, behind),
            Choice::Any { from, to } => (from, to),
        };
        while next < behind {
            let (index, follows) = match choice {
                Choice::List { .. } => (next, job.tree.nodes[next].behind(next)),
                Choice::Any { .. } => (self.listed[next], next + 1),
            };
            self.settle(job, index);
            self.choose(job, at + 1)?;
            self.undo(set);
            self.choices.truncate(choices);
            self.listed.truncate(listed);
            next = follows;
        }
        Ok(())
    }

    /// Takes out of the row what was put into it after a moment.
    fn undo(&mut self, set: usize) {
        while self.set.len() > set {
            if let Some((column, _)) = self.set.pop() {
                self.cells[column] = NULL;
            }
        }
    }

    fn write_row<N: Naming>(&mut self, job: &mut Job<'_, '_, N>) -> Result<(), ReadError> {
        job.rows += 1;
        if job.rows.is_multiple_of(ROWS_BETWEEN_LOOKS) && job.cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let text = &job.tree.text;
        if job.tree.flaws.is_lossy {
            for (column, _) in &self.set {
                let (start, end) = self.cells[*column];
                if text.get(start..end).is_some_and(|cell| memchr::memmem::find(cell, "\u{fffd}".as_bytes()).is_some()) {
                    job.feed.batch.mark_undecodable(*column);
                }
            }
        }
        for (column, _) in self.set.iter().filter(|(_, is_binary)| *is_binary) {
            self.binary.bump(*column);
        }
        if job.is_single {
            job.feed.batch.push_raw_row(text, &self.cells, job.locator);
        } else {
            self.scratch.clear();
            self.scratch.shrink_to(1 << 20);
            self.packed.clear();
            self.packed.resize(self.cells.len(), NULL);
            for (column, _) in &self.set {
                if let Some(cell) = self.cells.get(*column).and_then(|(start, end)| text.get(*start..*end)) {
                    let start = self.scratch.len();
                    self.scratch.extend_from_slice(cell);
                    self.packed[*column] = (start, self.scratch.len());
                }
            }
            job.feed.batch.push_raw_row(&self.scratch, &self.packed, job.locator);
        }
        if job.is_lean {
            self.undo(0);
        }
        job.feed.row_done()
    }
}

/// The values of a record by their names, in the order of the first of each.
fn groups<N>(tree: &Tree<N>, index: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_path: HashMap<PathId, usize> = HashMap::new();
    let behind = tree.nodes[index].behind(index);
    let mut at = index + 1;
    while at < behind {
        let node = tree.nodes[at];
        let group = *by_path.entry(node.path).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(at);
        at = node.behind(at);
    }
    groups
}
