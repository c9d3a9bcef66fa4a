//! Values with others inside, as JSON and columnar files hold them, and the flat rows that are made of them.
//!
//! A record is shown to a [`Tree`] as events, value by value. Every scalar has a path, the names on the way to it: `address.postcode`. Lists
//! add nothing to a path, and so `children.dob` is the birthday of each child. [`Paths`] knows all paths of an object, each a column; a first
//! pass over the records finds them, and a second makes rows ([`Rows`]): a list multiplies its record's row, several lists give every
//! combination, since what is compared together has to stand in one row.

mod number;
mod paths;
mod rows;

use super::bytes;
pub(super) use number::push_plain;
pub(super) use paths::PathId;
pub(super) use paths::Paths;
pub(super) use rows::Rows;
use std::collections::HashMap;

/// Levels of records and lists within one another that are told apart; what lies deeper is one cell of text.
const MOST_LEVELS: usize = 64;

/// Values of one record. Beyond it the record is counted as too long.
const MOST_NODES: usize = 2_000_000;

/// Rows of one record in which several lists are combined. Beyond it each list stands in rows of its own.
const MOST_COMBINED: u64 = 4_096;

/// Numbers of a list that are cells of their own. A longer list of nothing but numbers is a measurement, and one cell.
const MOST_NUMBERS: u32 = 16;

/// What a tree asks of paths: those that learn names, and those that only know them.
pub(super) trait Naming {
    /// Whether a first pass is on, which keeps no values.
    const LEARNS: bool;

    /// The path of a name below another; `None` where there is none, or there are too many. `hint` is where it is looked for first.
    fn child(&mut self, parent: PathId, name: &str, hint: &mut u32) -> Option<PathId>;

    /// Notes that a scalar stands at a path, or nothing where one could.
    fn note(&mut self, path: PathId, is_null: bool);

    /// Whether a value at a path has a column to be in.
    fn has_column(&self, path: PathId) -> bool;
}

/// The values of one record, in the order in which they came.
pub(super) struct Tree<N> {
    names: N,
    nodes: Vec<Node>,
    /// The text of all scalars, one behind the other.
    text: Vec<u8>,
    open: Vec<Frame>,
    /// Where the next value stands.
    next: Option<PathId>,
    /// Containers that are open below one that has no path.
    skipped: usize,
    /// By path, the record in which it was met last.
    seen: Vec<u32>,
    serial: u32,
    /// What the record's rows come to in bytes.
    bytes: u64,
    flaws: Flaws,
}

/// What of a record is not seen as it should be.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own to be told")]
struct Flaws {
    /// It has too many values, and none is kept.
    is_too_large: bool,
    /// Values have no column, since there are too many columns.
    is_pathless: bool,
    /// Values lie too deep to be told apart.
    is_deep: bool,
    /// Several lists have too many combinations.
    is_uncombined: bool,
    /// Characters that could not be read stand as U+FFFD.
    is_lossy: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Null,
    Text,
    Number,
    /// A list of numbers, as text.
    Numbers,
    /// Bytes that are no text.
    Binary,
    List,
    Record,
    /// A record with names that stand in it more than once.
    Repeating,
    /// A record whose lists are not combined.
    Separate,
}

/// A value. One with others inside is followed by these.
#[derive(Clone, Copy)]
struct Node {
    path: PathId,
    kind: Kind,
    /// A scalar's text begins here; the node behind the last one inside.
    start: u32,
    /// A scalar's text ends here; the rows that it makes.
    end: u32,
}

impl Node {
    fn has_inside(self) -> bool {
        matches!(self.kind, Kind::List | Kind::Record | Kind::Repeating | Kind::Separate)
    }

    /// The node behind this one and all inside of it.
    fn behind(self, index: usize) -> usize {
        if self.has_inside() { self.start as usize } else { index + 1 }
    }

    /// The rows that it makes.
    fn rows(self) -> u64 {
        if self.has_inside() { u64::from(self.end) } else { 1 }
    }
}

/// A record or list that is still open.
#[derive(Clone, Copy)]
struct Frame {
    node: usize,
    path: PathId,
    is_list: bool,
    is_repeating: bool,
    /// The record that the names here belong to.
    serial: u32,
    hint: u32,
    size: Size,
    /// Values inside that make more than one row, and the rows of these.
    lists: u64,
    list_rows: u64,
    /// Numbers within, where there is nothing else.
    numbers: Option<u32>,
    has_fraction: bool,
}

/// How much the rows of a value come to.
#[derive(Clone, Copy)]
struct Size {
    rows: u64,
    bytes: u64,
}

impl<N: Naming> Tree<N> {
    pub(super) fn new(names: N) -> Self {
        Self {
            names,
            nodes: Vec::new(),
            text: Vec::new(),
            open: Vec::new(),
            next: Some(PathId::ROOT),
            skipped: 0,
            seen: Vec::new(),
            serial: 0,
            bytes: 0,
            flaws: Flaws::default(),
        }
    }

    /// The paths.
    pub(super) fn into_names(self) -> N {
        self.names
    }

    /// Makes room for another record.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.nodes.shrink_to(1 << 16);
        self.text.clear();
        self.text.shrink_to(1 << 20);
        self.open.clear();
        self.next = Some(PathId::ROOT);
        self.skipped = 0;
        self.bytes = 0;
        self.flaws = Flaws::default();
    }

    /// Names the next value of the open record.
    pub(super) fn name(&mut self, name: &str) {
        if self.skipped > 0 {
            return;
        }
        let Some(frame) = self.open.last_mut() else { return };
        self.next = self.names.child(frame.path, name, &mut frame.hint);
    }

    /// Says the path of the next value of the open record, where it is known.
    pub(super) fn at(&mut self, path: PathId) {
        self.next = Some(path);
    }

    /// The next value stands where the open record does, as if it took its place.
    pub(super) fn in_place(&mut self) {
        self.next = self.open.last().map(|frame| frame.path);
    }

    /// Whether values cannot be told apart any more, and are to be shown as text by [`Tree::deep`].
    pub(super) fn is_deepest(&self) -> bool {
        self.open.len() + self.skipped >= MOST_LEVELS
    }

    pub(super) fn null(&mut self) {
        self.scalar(Kind::Null, |_| {});
    }

    pub(super) fn text(&mut self, text: &str) {
        self.scalar(Kind::Text, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// A number as JSON writes it; one without a fraction gets plain digits.
    pub(super) fn number(&mut self, number: &str) {
        self.scalar(Kind::Number, |out| push_plain(number, out));
    }

    pub(super) fn truth(&mut self, is_true: bool) {
        self.text(if is_true { "true" } else { "false" });
    }

    /// Bytes that may be text.
    pub(super) fn bytes(&mut self, value: &[u8]) {
        match bytes::text(value) {
            Some(text) => self.text(&text),
            None => self.scalar(Kind::Binary, |_| {}),
        }
    }

    /// A value with others inside that lies too deep, as its text.
    pub(super) fn deep(&mut self, text: &str) {
        self.flaws.is_deep = true;
        self.text(text);
    }

    /// Notes that characters of this record could not be read, and stand as U+FFFD.
    pub(super) fn mark_lossy(&mut self) {
        self.flaws.is_lossy = true;
    }

    pub(super) fn open_list(&mut self) {
        self.enter(true);
    }

    pub(super) fn open_record(&mut self) {
        self.enter(false);
    }

    /// Closes the record or list that was opened last.
    pub(super) fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(frame) = self.open.pop() else { return };
        if !N::LEARNS && !self.flaws.is_too_large {
            self.complete(&frame);
        }
        if let Some(outer) = self.open.last() {
            self.next = Some(outer.path);
            // What a value in its record's place was met in is not what its record was met in.
            if let Some(seen) = self.seen.get_mut(frame.path.index()) {
                *seen = outer.serial;
            }
        }
    }

    /// The path of a value that comes now; `None` where it is not kept.
    fn place(&mut self) -> Option<PathId> {
        if self.skipped > 0 || self.flaws.is_too_large {
            return None;
        }
        let Some(path) = self.next else {
            self.flaws.is_pathless = true;
            return None;
        };
        if N::LEARNS {
            return Some(path);
        }
        if self.nodes.len() >= MOST_NODES || self.text.len() >= u32::MAX as usize / 4 {
            self.flaws.is_too_large = true;
            self.nodes.clear();
            self.text.clear();
            return None;
        }
        if let Some(frame) = self.open.last_mut().filter(|frame| !frame.is_list) {
            if self.seen.len() <= path.index() {
                self.seen.resize(path.index() + 1, 0);
            }
            frame.is_repeating |= self.seen[path.index()] == frame.serial;
            self.seen[path.index()] = frame.serial;
        }
        Some(path)
    }

    fn scalar(&mut self, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(path) = self.place() else { return };
        if N::LEARNS {
            self.names.note(path, kind == Kind::Null);
            return;
        }
        self.flaws.is_pathless |= kind != Kind::Null && !self.names.has_column(path);
        let start = self.text.len();
        write(&mut self.text);
        let end = self.text.len();
        self.nodes.push(Node { path, kind, start: narrow(start), end: narrow(end) });
        if let Some(frame) = self.open.last_mut() {
            frame.add(Size { rows: 1, bytes: (end - start) as u64 });
            match kind {
                Kind::Number => {
                    frame.numbers = frame.numbers.map(|count| count.saturating_add(1));
                    frame.has_fraction |= self.text[start..].contains(&b'.');
                }
                _ => frame.numbers = None,
            }
        }
    }

    fn enter(&mut self, is_list: bool) {
        let Some(path) = self.place() else {
            self.skipped += 1;
            return;
        };
        let node = self.nodes.len();
        let outer = self.open.last().map_or(0, |frame| frame.serial);
        let serial = if is_list {
            outer
        } else {
            self.serial = self.serial.checked_add(1).unwrap_or_else(|| {
                self.seen.clear();
                1
            });
            self.serial
        };
        if !N::LEARNS {
            self.nodes.push(Node { path, kind: if is_list { Kind::List } else { Kind::Record }, start: 0, end: 0 });
        }
        let size = Size { rows: u64::from(!is_list), bytes: 0 };
        self.open.push(Frame {
            node,
            path,
            is_list,
            is_repeating: false,
            serial,
            hint: 0,
            size,
            lists: 0,
            list_rows: 0,
            numbers: is_list.then_some(0),
            has_fraction: false,
        });
        self.next = Some(path);
    }

    /// Completes the node of a record or list, all of whose values are there.
    fn complete(&mut self, frame: &Frame) {
        let mut size = Size { rows: frame.size.rows.max(1), ..frame.size };
        let count = frame.numbers.filter(|count| *count > MOST_NUMBERS || (*count > 1 && frame.has_fraction));
        let kind = match count {
            Some(_) => Kind::Numbers,
            None if frame.is_list => Kind::List,
            None if frame.is_repeating => Kind::Repeating,
            None => Kind::Record,
        };
        if kind == Kind::Repeating {
            size.rows = self.rows_of_repeating(frame.node);
        }
        let mut node = Node { kind, ..self.nodes[frame.node] };
        if kind == Kind::Numbers {
            size = self.fold(frame.node, &mut node);
        } else {
            let is_separate = size.rows > MOST_COMBINED && (frame.lists > 1 || kind == Kind::Repeating);
            if is_separate {
                self.flaws.is_uncombined = true;
                node.kind = Kind::Separate;
                size.rows = if kind == Kind::Repeating { self.nodes.len() as u64 } else { frame.list_rows };
            }
            node.start = narrow(self.nodes.len());
            node.end = u32::try_from(size.rows).unwrap_or(u32::MAX);
        }
        self.nodes[frame.node] = node;
        self.bytes = size.bytes;
        if let Some(outer) = self.open.last_mut() {
            outer.add(size);
            // A list of lists of numbers is one of numbers.
            outer.numbers = outer.numbers.zip(frame.numbers).map(|(outer, inner)| outer.saturating_add(inner));
            outer.has_fraction |= frame.has_fraction;
        }
    }

    /// Puts one cell in the place of a list of numbers.
    fn fold(&mut self, index: usize, node: &mut Node) -> Size {
        let mut folded = Vec::new();
        self.write_numbers(index, self.nodes.len(), &mut folded);
        let first = self.nodes[index + 1..].iter().find(|node| !node.has_inside());
        self.text.truncate(first.map_or(self.text.len(), |node| node.start as usize));
        self.nodes.truncate(index + 1);
        node.start = narrow(self.text.len());
        self.text.extend_from_slice(&folded);
        node.end = narrow(self.text.len());
        Size { rows: 1, bytes: folded.len() as u64 }
    }

    /// Writes the list of numbers at `index`, whose last value ends before `end`, as JSON.
    fn write_numbers(&self, index: usize, end: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        let mut at = index + 1;
        while at < end {
            if at > index + 1 {
                out.push(b',');
            }
            let node = self.nodes[at];
            if node.has_inside() {
                self.write_numbers(at, node.behind(at), out);
            } else {
                out.extend_from_slice(&self.text[node.start as usize..node.end as usize]);
            }
            at = node.behind(at);
        }
        out.push(b']');
    }

    /// The rows of a record in which names stand more than once: the values of one name are alternatives.
    fn rows_of_repeating(&self, index: usize) -> u64 {
        let mut by_path: HashMap<PathId, u64> = HashMap::new();
        let mut at = index + 1;
        while let Some(node) = self.nodes.get(at) {
            *by_path.entry(node.path).or_default() += node.rows();
            at = node.behind(at);
        }
        by_path.into_values().fold(1, u64::saturating_mul)
    }
}

impl Frame {
    /// Adds what a value inside comes to.
    fn add(&mut self, inside: Size) {
        let size = &mut self.size;
        if self.is_list {
            size.rows = size.rows.saturating_add(inside.rows);
            size.bytes = size.bytes.saturating_add(inside.bytes);
        } else {
            let beside = inside.bytes.saturating_mul(size.rows);
            size.bytes = size.bytes.saturating_mul(inside.rows).saturating_add(beside);
            size.rows = size.rows.saturating_mul(inside.rows);
        }
        if inside.rows > 1 {
            self.lists += 1;
            self.list_rows = self.list_rows.saturating_add(inside.rows);
        }
    }
}

/// A place in a record. Texts end long before that.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Locator;
    use crate::source::Problem;
    use crate::source::ProblemCode;
    use crate::source::batch::Feed;
    use crate::source::testing::Collect;
    use crate::source::testing::Row;
    use crate::source::testing::codes;
    use crate::support::progress::Cancel;
    use proptest::prelude::*;

    /// A value as the tests write it.
    #[derive(Clone, Debug)]
    enum Value {
        Text(String),
        List(Vec<Value>),
        Record(Vec<(String, Value)>),
    }

    fn show<N: Naming>(tree: &mut Tree<N>, value: &Value) {
        match value {
            Value::Text(text) => tree.text(text),
            Value::List(values) => {
                tree.open_list();
                for value in values {
                    show(tree, value);
                }
                tree.close();
            }
            Value::Record(members) => {
                tree.open_record();
                for (name, value) in members {
                    tree.name(name);
                    show(tree, value);
                }
                tree.close();
            }
        }
    }

    fn learn(records: &[Value]) -> Paths {
        let mut tree = Tree::new(Paths::new());
        for record in records {
            tree.clear();
            show(&mut tree, record);
        }
        tree.into_names()
    }

    fn rows(paths: &Paths, fill: impl Fn(&mut Tree<&Paths>)) -> (Vec<Row>, Vec<Problem>) {
        let mut sink = Collect::default();
        let mut feed = Feed::new(&mut sink);
        let mut rows = Rows::new(paths);
        let mut tree = Tree::new(paths);
        fill(&mut tree);
        rows.write(&tree, Locator::None, &mut feed, &Cancel::default()).unwrap();
        feed.finish("s", "o", |_| String::new()).unwrap();
        (sink.rows, rows.problems("s", "o"))
    }

    #[test]
    fn paths_may_be_said_beforehand() {
        let mut paths = Paths::new();
        let list = paths.add(PathId::ROOT, "l").unwrap();
        let (a, b) = (paths.add(list, "a").unwrap(), paths.add(PathId::ROOT, "b").unwrap());
        paths.mark(a);
        paths.mark(b);
        assert_eq!(paths.settle(), Vec::<String>::new());
        assert_eq!(paths.columns(), ["l.a", "b"]);
        let (rows, problems) = rows(&paths, |tree| {
            tree.open_record();
            tree.at(list);
            tree.open_list();
            for number in ["1.0", "2"] {
                tree.open_record();
                tree.at(a);
                tree.number(number);
                tree.close();
            }
            tree.close();
            tree.at(b);
            tree.bytes(b"\x00\x01");
            tree.close();
        });
        assert_eq!(rows, [[Some("1".to_owned()), None], [Some("2".to_owned()), None]]);
        assert_eq!(codes(&problems), [(ProblemCode::BinaryCells, Some(2))]);
        assert_eq!(problems[0].column.as_deref(), Some("b"));
    }

    #[test]
    fn what_has_no_path_is_counted() {
        let mut paths = learn(&[Value::Record(vec![("a".to_owned(), Value::Text("1".to_owned()))])]);
        paths.settle();
        let other = Value::Record(vec![
            ("x".to_owned(), Value::List(vec![Value::Record(vec![("a".to_owned(), Value::Text("2".to_owned()))])])),
            ("a".to_owned(), Value::Text("3".to_owned())),
        ]);
        let (rows, problems) = rows(&paths, |tree| show(tree, &other));
        assert_eq!(rows, [[Some("3".to_owned())]]);
        assert_eq!(codes(&problems), [(ProblemCode::RowTooLong, Some(1))]);
        assert!(learn(&[Value::Record(vec![("n".repeat(2_000), Value::Text(String::new()))])]).settle().is_empty());
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = "[a-c]{1,2}".prop_map(Value::Text);
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::vec(("[a-l]", inner), 0..12).prop_map(Value::Record),
            ]
        })
    }

    /// Paths and texts.
    type Cells = Vec<(String, String)>;

    /// The rows of a value by the plainest way.
    fn plainly(value: &Value, path: &str) -> Vec<Cells> {
        match value {
            Value::Text(text) => vec![vec![(path.to_owned(), text.clone())]],
            Value::List(values) if values.is_empty() => vec![Vec::new()],
            Value::List(values) => values.iter().flat_map(|value| plainly(value, path)).collect(),
            Value::Record(members) => {
                let mut groups: Vec<(String, Vec<Cells>)> = Vec::new();
                for (name, value) in members {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let rows = plainly(value, &below);
                    match groups.iter_mut().find(|(known, _)| *known == below) {
                        Some((_, known)) => known.extend(rows),
                        None => groups.push((below, rows)),
                    }
                }
                groups.into_iter().fold(vec![Vec::new()], |rows, (_, group)| {
                    rows.iter()
                        .flat_map(|row| group.iter().map(move |more| [row.clone(), more.clone()].concat()))
                        .take(5_000)
                        .collect()
                })
            }
        }
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_plainest_way(members in prop::collection::vec(("[a-e]", value()), 0..5)) {
            let record = Value::Record(members);
            let mut expected = plainly(&record, "");
            prop_assume!(expected.len() <= 4_000);
            let mut paths = learn(std::slice::from_ref(&record));
            paths.settle();
            let (rows, problems) = rows(&paths, |tree| show(tree, &record));
            let cells = |row: &Row| {
                let cells = paths.columns().iter().cloned().zip(row.iter().cloned());
                cells.filter_map(|(name, cell)| Some((name, cell?))).collect::<Vec<_>>()
            };
            let mut found: Vec<_> = rows.iter().map(cells).collect();
            found.iter_mut().chain(&mut expected).for_each(|row| row.sort());
            found.sort();
            expected.sort();
            if problems.is_empty() {
                prop_assert_eq!(found, expected);
            } else {
                // Lists within it may have had more combinations than were followed here.
                prop_assert!(found.len() <= 100_000);
            }
        }

        #[test]
        fn paths_merge_in_any_grouping(records in prop::collection::vec(value(), 0..9), cut in 0_usize..9, second in 0_usize..9) {
            let (cut, second) = (cut.min(second).min(records.len()), cut.max(second).min(records.len()));
            let parts = [learn(&records[..cut]), learn(&records[cut..second]), learn(&records[second..])];
            let merged = |one: &Paths, other: &Paths| {
                let mut merged = one.clone();
                merged.merge(other);
                merged
            };
            let columns = |mut paths: Paths| (paths.settle(), paths.columns().to_vec());
            let whole = columns(learn(&records));
            prop_assert_eq!(&columns(merged(&merged(&parts[0], &parts[1]), &parts[2])), &whole);
            prop_assert_eq!(&columns(merged(&parts[0], &merged(&parts[1], &parts[2]))), &whole);
        }
    }
}
