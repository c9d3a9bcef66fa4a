//! Tables as a script makes and fills them.

use super::script::Declaration;
use std::sync::Arc;

/// The most columns of a table, and values of a row that are taken for columns.
pub(super) const MOST_COLUMNS: usize = 10_000;

/// A table by its full name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct TableName {
    pub(super) database: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl TableName {
    /// The same in small letters, for dialects that do not tell them apart.
    pub(super) fn folded(&self) -> TableName {
        let fold = |part: &Option<String>| part.as_ref().map(|part| part.to_lowercase());
        TableName { database: fold(&self.database), schema: fold(&self.schema), name: self.name.to_lowercase() }
    }

    /// For people, as the script qualifies it.
    pub(super) fn shown(&self, with_database: bool) -> String {
        let database = self.database.as_deref().filter(|_| with_database);
        let parts = [database, self.schema.as_deref(), Some(self.name.as_str())];
        parts.into_iter().flatten().map(shown).collect::<Vec<_>>().join(".")
    }
}

/// A name for people, quoted only where it would be misread.
fn shown(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '$' | '-' | ' '));
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Where the values of rows go that name no columns: for each the column, `None` where it is computed from others.
type Positions = Arc<Vec<Option<usize>>>;

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: TableName,
    pub(super) columns: Vec<TableColumn>,
    /// The columns are counted rather than named.
    pub(super) is_made_up: bool,
    /// The columns that were declared, each list from a place of the script on.
    declared: Vec<(u64, Positions)>,
    pub(super) rows: u64,
    /// The table was removed again, or stands for a view.
    pub(super) is_dropped: bool,
    /// Names that were declared more than once.
    pub(super) repeated: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) declared_type: Option<String>,
}

impl Table {
    pub(super) fn new(name: TableName) -> Self {
        let (columns, declared, repeated) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, columns, is_made_up: false, declared, rows: 0, is_dropped: false, repeated }
    }

    /// The place of a column by its name.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        exact.or_else(|| self.columns.iter().position(|column| column.name.to_lowercase() == name.to_lowercase()))
    }

    /// Takes the columns of a declaration that stands at a place of the script.
    pub(super) fn declare(&mut self, offset: u64, columns: &[Declaration]) {
        if self.is_made_up {
            // What the rows showed of their number is named now.
            let named: Vec<&Declaration> = columns.iter().filter(|column| !column.is_generated).collect();
            for (column, declaration) in self.columns.iter_mut().zip(named) {
                column.name.clone_from(&declaration.name);
            }
            self.is_made_up = false;
        }
        let mut positions = Vec::new();
        for column in columns.iter().take(MOST_COLUMNS) {
            positions.push((!column.is_generated).then(|| self.place_of(column, &positions)));
        }
        self.declared.push((offset, Arc::new(positions)));
    }

    /// Adds columns to those that were declared before.
    pub(super) fn extend(&mut self, offset: u64, columns: &[Declaration]) {
        let mut positions = self.declared.last().map(|(_, positions)| positions.as_ref().clone()).unwrap_or_default();
        for column in columns {
            if positions.len() < MOST_COLUMNS {
                positions.push((!column.is_generated).then(|| self.place_of(column, &positions)));
            }
        }
        self.declared.push((offset, Arc::new(positions)));
    }

    /// The place of a declared column, which is made where there is none of its name. `taken` are those of its own declaration.
    fn place_of(&mut self, declaration: &Declaration, taken: &[Option<usize>]) -> usize {
        let exact = self.columns.iter().position(|column| column.name == declaration.name);
        if let Some(place) = exact {
            if !taken.contains(&Some(place)) {
                if self.columns[place].declared_type.is_none() {
                    self.columns[place].declared_type.clone_from(&declaration.declared_type);
                }
                return place;
            }
            self.repeated.push(declaration.name.clone());
        }
        self.add(&declaration.name, declaration.declared_type.clone())
    }

    fn add(&mut self, name: &str, declared_type: Option<String>) -> usize {
        let is_known = |name: &str| self.columns.iter().any(|column| column.name == name);
        let mut unique = name.to_owned();
        if is_known(name) {
            // Names that repeat without end are numbered by their place.
            let numbers = (2..20).chain(self.columns.len() + 1..2 * MOST_COLUMNS);
            unique = numbers.map(|number| format!("{name}_{number}")).find(|name| !is_known(name)).unwrap_or_default();
        }
        self.columns.push(TableColumn { name: unique, declared_type });
        self.columns.len() - 1
    }

    /// The place of a column that a statement names, which is made where there is none.
    pub(super) fn listed(&mut self, name: &str) -> usize {
        self.column(name).unwrap_or_else(|| if self.columns.len() < MOST_COLUMNS { self.add(name, None) } else { usize::MAX })
    }

    /// Notes that rows without names have so many values.
    pub(super) fn widen(&mut self, values: usize) {
        if self.declared.is_empty() && (self.columns.is_empty() || self.is_made_up) {
            self.is_made_up = true;
            for number in self.columns.len()..values.min(MOST_COLUMNS) {
                self.columns.push(TableColumn { name: format!("column_{}", number + 1), declared_type: None });
            }
        }
    }

    /// Where the values of rows at a place of the script go that name no columns.
    pub(super) fn positions(&self, offset: u64) -> Option<Positions> {
        self.declared.iter().rev().find(|(from, _)| *from <= offset).map(|(_, positions)| positions.clone())
    }

    /// The columns as they were declared last.
    pub(super) fn declarations(&self) -> Vec<Declaration> {
        let positions = self.declared.last().map(|(_, positions)| positions.as_ref().clone()).unwrap_or_default();
        let column = |place: Option<usize>| {
            let column = place.and_then(|place| self.columns.get(place));
            Declaration {
                name: column.map(|column| column.name.clone()).unwrap_or_default(),
                declared_type: column.and_then(|column| column.declared_type.clone()),
                is_generated: column.is_none(),
            }
        };
        positions.into_iter().map(column).collect()
    }
}

/// How the rows of a statement go into a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filling {
    /// The place of the table.
    pub(super) table: usize,
    pub(super) layout: Layout,
}

/// Which value belongs to which column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Layout {
    /// The statement names the columns.
    Listed(Vec<usize>),
    /// The columns in their order, with those that are computed or without.
    Positional { all: Positions, stored: Vec<usize> },
    /// The first value to the first column: nothing names any.
    Counted,
}

impl Layout {
    /// That of a statement at a place of the script, which names columns or does not.
    pub(super) fn positional(table: &Table, offset: u64) -> Layout {
        match table.positions(offset) {
            Some(all) => Layout::Positional { stored: all.iter().flatten().copied().collect(), all },
            None => Layout::Counted,
        }
    }
}
