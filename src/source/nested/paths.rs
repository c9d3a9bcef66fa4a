//! The paths of an object's values, and the columns that they become.

use super::Naming;
use std::collections::HashMap;
use std::collections::HashSet;

/// Columns of one object.
const MOST_COLUMNS: usize = 4_096;

/// Paths of one object: those of columns, and those on the way to them.
const MOST_PATHS: usize = 2 * MOST_COLUMNS;

/// Bytes of one name; nothing that is a name is longer.
const LONGEST_NAME: usize = 1_024;

/// Bytes of the names of all columns.
const MOST_NAME_BYTES: usize = 4 << 20;

/// The column of a record that is one scalar.
const CELL: &str = "column_1";

/// Names below one path that are looked through one by one.
const FEW: usize = 8;

/// The place of a path among all.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::source) struct PathId(u32);

impl PathId {
    /// Where a record itself stands.
    pub(in crate::source) const ROOT: PathId = PathId(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug, Default)]
struct Path {
    name: Box<str>,
    /// Bytes of the names up to here.
    length: usize,
    children: Vec<PathId>,
    /// Where there are many.
    by_name: HashMap<Box<str>, PathId>,
    /// Whether a value that is no record or list was met here.
    has_scalar: bool,
    /// Whether one was met that is null.
    has_null: bool,
    column: Option<u32>,
}

/// All paths of an object, in the order in which they were first met.
#[derive(Clone, Debug)]
pub(in crate::source) struct Paths {
    all: Vec<Path>,
    name_bytes: usize,
    columns: Vec<String>,
}

impl Paths {
    pub(in crate::source) fn new() -> Self {
        Self { all: vec![Path::default()], name_bytes: 0, columns: Vec::new() }
    }

    /// The path of a name below another, which is made where there is none; `None` where there are too many.
    pub(in crate::source) fn add(&mut self, parent: PathId, name: &str) -> Option<PathId> {
        if let Some(known) = self.find(parent, name) {
            return Some(known);
        }
        self.make(parent, name)
    }

    fn make(&mut self, parent: PathId, name: &str) -> Option<PathId> {
        let length = self.all[parent.index()].length + name.len() + 1;
        if self.all.len() >= MOST_PATHS || name.len() > LONGEST_NAME || self.name_bytes + length > MOST_NAME_BYTES {
            return None;
        }
        self.name_bytes += length;
        let child = PathId(u32::try_from(self.all.len()).ok()?);
        self.all.push(Path { name: name.into(), length, ..Path::default() });
        let outer = &mut self.all[parent.index()];
        outer.children.push(child);
        if outer.children.len() > FEW {
            // The first few come in with the one that makes them many.
            let new = if outer.by_name.is_empty() { outer.children.clone() } else { vec![child] };
            for id in new {
                let name = self.all[id.index()].name.clone();
                self.all[parent.index()].by_name.insert(name, id);
            }
        }
        Some(child)
    }

    /// Says that a value stands at a path, so that it is a column.
    pub(in crate::source) fn mark(&mut self, path: PathId) {
        self.all[path.index()].has_scalar = true;
    }

    fn find(&self, parent: PathId, name: &str) -> Option<PathId> {
        let outer = &self.all[parent.index()];
        if outer.by_name.is_empty() {
            return outer.children.iter().copied().find(|child| *self.all[child.index()].name == *name);
        }
        outer.by_name.get(name).copied()
    }

    /// Adds the paths of what comes behind. That of three parts it matters not which two are merged first.
    pub(in crate::source) fn merge(&mut self, other: &Paths) {
        let mut ids = vec![None; other.all.len()];
        ids[0] = Some(PathId::ROOT);
        // A path always stands behind the one that it is below.
        for (index, path) in other.all.iter().enumerate() {
            let Some(id) = ids[index] else { continue };
            let known = &mut self.all[id.index()];
            known.has_scalar |= path.has_scalar;
            known.has_null |= path.has_null;
            for child in &path.children {
                ids[child.index()] = self.add(id, &other.all[child.index()].name);
            }
        }
    }

    /// Gives every path with a value its column, what stands below one record together, and says which names were given to several. To be
    /// called once all paths are there.
    pub(in crate::source) fn settle(&mut self) -> Vec<String> {
        let mut taken = HashSet::new();
        let mut duplicates = Vec::new();
        let mut pending = vec![(PathId::ROOT, String::new())];
        self.columns.clear();
        while let Some((id, name)) = pending.pop() {
            let path = &mut self.all[id.index()];
            path.column = None;
            // What is always null is a column too, unless it is known that it would be a record.
            let is_column = path.has_scalar || (path.has_null && path.children.is_empty());
            if is_column && id != PathId::ROOT && name == CELL && self.all[0].column.is_some() {
                // A list may hold scalars and lists, each a row: their first cells are one column.
                self.all[id.index()].column = Some(0);
            } else if is_column && self.columns.len() < MOST_COLUMNS {
                let path = &mut self.all[id.index()];
                path.column = u32::try_from(self.columns.len()).ok();
                let mut unique = if id == PathId::ROOT { CELL.to_owned() } else { name.clone() };
                if taken.contains(&unique) {
                    duplicates.push(unique.clone());
                    let mut number = 2;
                    while taken.contains(&format!("{unique}_{number}")) {
                        number += 1;
                    }
                    unique = format!("{unique}_{number}");
                }
                taken.insert(unique.clone());
                self.columns.push(unique);
            }
            for child in self.all[id.index()].children.iter().rev() {
                let below = &self.all[child.index()].name;
                let name = if id == PathId::ROOT { below.to_string() } else { format!("{name}.{below}") };
                pending.push((*child, name));
            }
        }
        duplicates
    }

    /// The names of the columns.
    pub(in crate::source) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column of a path.
    pub(super) fn column(&self, path: PathId) -> Option<usize> {
        self.all.get(path.index())?.column.map(|column| column as usize)
    }
}

impl Naming for Paths {
    const LEARNS: bool = true;

    #[inline]
    fn child(&mut self, parent: PathId, name: &str, hint: &mut u32) -> Option<PathId> {
        (&*self).child(parent, name, hint).or_else(|| self.make(parent, name))
    }

    #[inline]
    fn note(&mut self, path: PathId, is_null: bool) {
        let path = &mut self.all[path.index()];
        path.has_null |= is_null;
        path.has_scalar |= !is_null;
    }

    fn has_column(&self, _path: PathId) -> bool {
        true
    }
}

impl Naming for &Paths {
    const LEARNS: bool = false;

    #[inline]
    fn child(&mut self, parent: PathId, name: &str, hint: &mut u32) -> Option<PathId> {
        let children = &self.all[parent.index()].children;
        // Records have their names in the order of the record before, or leave some out.
        let expected = children.iter().skip(*hint as usize).take(3);
        for (step, id) in expected.enumerate() {
            if *self.all[id.index()].name == *name {
                *hint = hint.saturating_add(u32::try_from(step).unwrap_or(0) + 1);
                return Some(*id);
            }
        }
        self.find(parent, name)
    }

    fn note(&mut self, _path: PathId, _is_null: bool) {}

    #[inline]
    fn has_column(&self, path: PathId) -> bool {
        self.column(path).is_some()
    }
}
