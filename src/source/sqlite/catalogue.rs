//! What a database holds: its tables and views by name, each with its columns and with how it is read.

use super::Reading;
use super::quoted;
use super::reason;
use super::sample;
use super::table_query;
use crate::source::Access;
use crate::source::Column;
use crate::source::Inventory;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::view;
use rusqlite::Connection;

/// `SQLite`'s own tables that hold no values of rows.
const WITHOUT_VALUES: [&str; 2] = ["sqlite_sequence", "sqlite_stat1"];

/// The most columns that a result may have; with a row id, a table of that many has one too many.
const MOST_COLUMNS: usize = 2_000;

/// Where the rows of a table or view are.
#[derive(Clone, Copy)]
enum Store {
    /// On pages of its own.
    Pages,
    /// Written, at least in part, into the definition of a view.
    Definition,
    /// In the tables that a view shows.
    OtherTables,
    /// Wherever a module of the database has them.
    Module,
}

/// Lists tables and views by name, each with how it is read.
pub(super) fn list(connection: &Connection, source: &str) -> rusqlite::Result<(Inventory, Vec<Reading>)> {
    let query = "SELECT name, type, rootpage, sql FROM main.sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let (mut inventory, mut readings) = (Inventory::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let Ok(name) = row.get::<_, String>(0) else {
            inventory.blind = true;
            let detail = "a table's name cannot be read";
            inventory.problems.push(Problem::of_source(ProblemCode::Unsupported, source, detail));
            continue;
        };
        let is_view = row.get_ref(1)?.as_bytes().ok() == Some(b"view");
        let is_stored = row.get_ref(2)?.as_i64().is_ok_and(|page| page != 0);
        let store = match (is_view, is_stored) {
            // A definition that is no text cannot be judged: what is wrong with it shows when it is read.
            (true, _) if row.get_ref(3)?.as_str().map_or(true, view::holds_rows) => Store::Definition,
            (true, _) => Store::OtherTables,
            (false, true) => Store::Pages,
            (false, false) => Store::Module,
        };
        if WITHOUT_VALUES.contains(&name.as_str()) {
            continue;
        }
        if name == sample::SAMPLES
            && is_utf8(connection)
            && let Ok(samples) = sample::list(connection)
        {
            for (object, index) in samples {
                inventory.objects.push(object);
                readings.push(Reading::Samples(index));
            }
            continue;
        }
        let (object, row_id) = describe(connection, name, store);
        inventory.objects.push(object);
        readings.push(Reading::Table(row_id));
    }
    Ok((inventory, readings))
}

/// Whether text is stored as UTF-8, as the samples are read.
fn is_utf8(connection: &Connection) -> bool {
    connection.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0)).is_ok_and(|encoding| encoding == "UTF-8")
}

/// Columns, key, size and access of one table or view.
fn describe(connection: &Connection, name: String, store: Store) -> (Object, Option<&'static str>) {
    let (kind, mut access) = match store {
        Store::Pages => (ObjectKind::Table, Access::Readable),
        Store::Definition => (ObjectKind::View, Access::Readable),
        Store::OtherTables => (ObjectKind::View, Access::Derived("a view; it shows rows of tables".to_owned())),
        Store::Module => {
            (ObjectKind::VirtualTable, Access::Unsupported("a virtual table; this version does not read it".to_owned()))
        }
    };
    if name == sample::SAMPLES {
        access = Access::Unsupported("samples of indexed values in a binary form".to_owned());
    }
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    let mut generated = Vec::new();
    match columns_of(connection, &name) {
        Ok(listed) => {
            for Listed { name, declared_type, key_place, is_generated } in listed {
                if key_place > 0 {
                    key.push((key_place, columns.len()));
                }
                if is_generated {
                    generated.push(columns.len());
                }
                let declared_type = Some(declared_type).filter(|declared| !declared.is_empty());
                columns.push(Column { name, declared_type, access: Access::Readable });
            }
        }
        Err(error) if access.is_readable() => {
            access = Access::Unsupported(format!("its columns cannot be listed: {}", reason(&error)));
        }
        Err(_) => {}
    }
    if columns.is_empty() && access.is_readable() {
        access = Access::Unsupported("its columns cannot be listed".to_owned());
    }
    key.sort_unstable();
    let is_table = kind == ObjectKind::Table;
    let count = || connection.query_row(&format!("SELECT count(*) FROM main.{}", quoted(&name)), [], |row| row.get::<_, i64>(0));
    let rows_expected = if is_table { count().ok().and_then(|count| u64::try_from(count).ok()) } else { None };
    let row_id = if is_table && access.is_readable() { row_id_alias(connection, &name, &columns) } else { None };
    let primary_key = key.into_iter().map(|(_, index)| index).collect();
    let (rows_estimated, bytes, details) = (None, None, Vec::new());
    let mut object = Object { name, kind, columns, primary_key, rows_expected, rows_estimated, bytes, access, details };
    if !generated.is_empty() && object.access.is_readable() {
        note_uncomputable(connection, &mut object, &generated);
    }
    (object, row_id)
}

/// Notes which generated columns cannot be computed here, for instance for want of a function of the application's own. The others of
/// the table are read all the same.
fn note_uncomputable(connection: &Connection, object: &mut Object, generated: &[usize]) {
    if connection.prepare(&table_query(object, None, false)).is_ok() {
        return;
    }
    for index in generated {
        let column = &mut object.columns[*index];
        let query = format!("SELECT {} FROM main.{}", quoted(&column.name), quoted(&object.name));
        if let Err(error) = connection.prepare(&query) {
            column.access = Access::Unsupported(format!("a generated column that cannot be computed: {}", reason(&error)));
        }
    }
}

/// A column as the database lists it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) declared_type: String,
    /// Its place in the primary key, from 1; 0 where it is not in it.
    pub(super) key_place: i64,
    pub(super) is_generated: bool,
}

/// Every column, generated ones included.
pub(super) fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Listed>> {
    let query = "SELECT name, type, pk, hidden <> 0 FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";
    let mut statement = connection.prepare_cached(query)?;
    let columns = statement.query_map([table], |row| {
        Ok(Listed { name: row.get(0)?, declared_type: row.get(1)?, key_place: row.get(2)?, is_generated: row.get(3)? })
    })?;
    columns.collect()
}

/// A name of the row id that no column bears; `None` where the table has no row id, or where there is no room for it beside the columns.
fn row_id_alias(connection: &Connection, table: &str, columns: &[Column]) -> Option<&'static str> {
    let is_free = |alias: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(alias));
    let alias = ["rowid", "_rowid_", "oid"].into_iter().find(is_free).filter(|_| columns.len() < MOST_COLUMNS)?;
    connection.prepare(&format!("SELECT {alias} FROM main.{}", quoted(table))).is_ok().then_some(alias)
}
