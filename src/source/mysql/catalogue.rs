//! What the databases of a server hold: their tables and views, with columns, keys and sizes, in a few wide queries.
//!
//! Every table of any engine is an object, a partitioned one as a whole. Views show the rows of tables; one that holds rows of its own, or
//! whose definition is not shown, is read. A table that keeps the history of its rows is read with it: a row that was deleted is there.

use super::column::Form;
use super::column::literal;
use super::column::may_be_long;
use super::column::quoted;
use super::column::shown;
use super::connection::Connection;
use super::connection::text;
use crate::source::Access;
use crate::source::Column;
use crate::source::Extent;
use crate::source::Inventory;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::view;
use mysql_async::Error;
use mysql_async::Row;
use std::collections::HashMap;

/// Databases that hold nothing of anybody's: they show what the server knows of itself.
const SYSTEM: [&str; 2] = ["information_schema", "performance_schema"];

/// A database of the server's own, of views and one table of settings.
const SYS: &str = "sys";

/// The database that the server keeps for itself; logs and statistics in it hold other people's values.
const OWN: &str = "mysql";

/// Databases that most servers have, and that most often hold nothing.
const OFTEN_EMPTY: [&str; 3] = [OWN, SYS, "test"];

/// Tables of the server's own that hold no values of others. What is not listed is read.
const OWN_TABLES: [&str; 51] = [
    "columns_priv",
    "component",
    "db",
    "default_roles",
    "engine_cost",
    "event",
    "firewall_group_allowlist",
    "firewall_groups",
    "firewall_membership",
    "firewall_users",
    "firewall_whitelist",
    "func",
    "global_grants",
    "global_priv",
    "gtid_executed",
    "gtid_slave_pos",
    "help_category",
    "help_keyword",
    "help_relation",
    "help_topic",
    "host",
    "index_stats",
    "innodb_dynamic_metadata",
    "innodb_index_stats",
    "innodb_table_stats",
    "ndb_binlog_index",
    "password_history",
    "plugin",
    "proc",
    "procs_priv",
    "proxies_priv",
    "replication_asynchronous_connection_failover",
    "replication_asynchronous_connection_failover_managed",
    "replication_group_configuration_version",
    "replication_group_member_actions",
    "role_edges",
    "roles_mapping",
    "server_cost",
    "servers",
    "slave_master_info",
    "slave_relay_log_info",
    "slave_worker_info",
    "table_stats",
    "tables_priv",
    "time_zone",
    "time_zone_leap_second",
    "time_zone_name",
    "time_zone_transition",
    "time_zone_transition_type",
    "transaction_registry",
    "user",
];

/// Engines that keep the rows of a snapshot.
const WITH_SNAPSHOT: [&str; 3] = ["innodb", "rocksdb", "tokudb"];

/// Engines without a snapshot that know how many rows they have; others guess, and guess anew once a table was opened.
const COUNTING: [&str; 4] = ["myisam", "aria", "memory", "heap"];

/// Engines whose rows lie elsewhere.
const FOREIGN: [&str; 6] = ["federated", "connect", "spider", "s3", "sphinx", "oqgraph"];

const TABLES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, ROW_FORMAT, TABLE_ROWS, DATA_LENGTH, CREATE_TIME, UPDATE_TIME, \
     TABLE_COLLATION, CREATE_OPTIONS FROM information_schema.TABLES";

const COLUMNS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, CHARACTER_SET_NAME, PRIVILEGES \
     FROM information_schema.COLUMNS";

const KEYS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS";

const VIEWS: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS";

/// How the rows of an object are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Database and name.
    pub(super) table: (String, String),
    /// Rows that were deleted are kept as history.
    pub(super) has_history: bool,
    /// The snapshot of the transaction covers it.
    pub(super) is_held: bool,
    pub(super) forms: Vec<Form>,
    /// For each column, whether values of its type can be too long.
    pub(super) long: Vec<bool>,
    pub(super) stamp: Stamp,
}

/// What changes when a table is altered, or, without a snapshot, written to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Stamp {
    created: Option<String>,
    engine: Option<String>,
    columns: Vec<(String, String)>,
    /// When it was last written to, and how many rows it has: known where rows do not change under a transaction's hands.
    pub(super) written: Option<String>,
    rows: Option<u64>,
}

impl Reading {
    /// Whether rows of a table may change while they are read. A view shows what its tables show.
    pub(super) fn is_unheld(&self, object: &Object) -> bool {
        !self.is_held && object.kind != ObjectKind::View && object.access.is_readable()
    }
}

/// A table as the server lists it.
struct Table {
    reading: Reading,
    kind: String,
    engine: String,
    has_engine: bool,
    rows: Option<u64>,
    bytes: Option<u64>,
    details: Vec<(String, String)>,
    columns: Vec<Column>,
    primary_key: Vec<usize>,
}

/// The names of all databases that the account is shown, without those that hold nothing of anybody's.
pub(super) fn databases(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let rows = connection.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY SCHEMA_NAME")?;
    let names = rows.iter().filter_map(|row| text(row, 0));
    Ok(names.filter(|name| !SYSTEM.contains(&name.as_str())).collect())
}

/// Lists all tables and views of databases, each with how it is read.
pub(super) fn list(connection: &mut Connection, databases: &[String]) -> Result<(Inventory, Vec<Reading>), Error> {
    let tables = tables(connection, databases)?;
    let mut definitions = HashMap::new();
    if tables.iter().any(|table| table.kind == "VIEW") {
        for row in connection.query(&format!("{VIEWS} {}", of(databases)))? {
            definitions.insert((cell(&row, 0), cell(&row, 1)), cell(&row, 2));
        }
    }
    let (mut inventory, mut readings) = (Inventory::default(), Vec::new());
    for table in tables {
        let access = access(&table, definitions.get(&table.reading.table).map(String::as_str));
        let (object, reading) = describe(table, access);
        inventory.objects.push(object);
        readings.push(reading);
    }
    Ok((inventory, readings))
}

/// What of each table shows that it was altered or written to.
pub(super) fn stamps(connection: &mut Connection, databases: &[String]) -> Result<HashMap<(String, String), Stamp>, Error> {
    let tables = tables(connection, databases)?;
    Ok(tables.into_iter().map(|table| (table.reading.table, table.reading.stamp)).collect())
}

/// Whether a table holds no row. In doubt it does.
pub(super) fn is_empty(connection: &mut Connection, reading: &Reading) -> bool {
    let (database, name) = &reading.table;
    let history = if reading.has_history { " FOR SYSTEM_TIME ALL" } else { "" };
    let query = format!("SELECT 1 FROM {}.{}{history} LIMIT 1", quoted(database), quoted(name));
    connection.query(&query).is_ok_and(|rows| rows.is_empty())
}

/// Whether a database is one that most servers have, and holds nothing of anybody's. In doubt it does.
pub(super) fn is_idle(connection: &mut Connection, database: &str) -> bool {
    if !OFTEN_EMPTY.contains(&database) {
        return false;
    }
    let Ok(tables) = tables(connection, &[database.to_owned()]) else { return false };
    let is_whole = |table: &Table| table.columns.iter().all(|column| column.access.is_readable());
    // Somebody's view may call somebody's function: it is not asked here.
    tables.iter().all(|table| table.kind != "VIEW" && is_whole(table) && is_empty(connection, &table.reading))
}

fn cell(row: &Row, column: usize) -> String {
    text(row, column).unwrap_or_default()
}

fn of(databases: &[String]) -> String {
    let names: Vec<String> = databases.iter().map(|name| literal(name)).collect();
    format!("WHERE TABLE_SCHEMA IN ({})", names.join(", "))
}

fn is_own_table(database: &str, name: &str) -> bool {
    (database == OWN && OWN_TABLES.contains(&name)) || (database == SYS && name == "sys_config")
}

fn tables(connection: &mut Connection, databases: &[String]) -> Result<Vec<Table>, Error> {
    if databases.is_empty() {
        return Ok(Vec::new());
    }
    let rows = connection.query(&format!("{TABLES} {} ORDER BY TABLE_SCHEMA, TABLE_NAME", of(databases)))?;
    // A sequence holds a number, and what is temporary is seen by nobody else.
    let is_wanted = |table: &Table| {
        let (database, name) = &table.reading.table;
        let is_own = is_own_table(database, name) || (database == SYS && table.kind == "VIEW");
        !matches!(table.kind.as_str(), "SEQUENCE" | "SYSTEM VIEW" | "TEMPORARY") && !is_own
    };
    let mut tables: Vec<Table> = rows.iter().map(table).filter(is_wanted).collect();
    let place: HashMap<(String, String), usize> =
        tables.iter().enumerate().map(|(index, table)| (table.reading.table.clone(), index)).collect();
    for row in connection.query(&format!("{COLUMNS} {} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION", of(databases)))? {
        let Some(index) = place.get(&(cell(&row, 0), cell(&row, 1))).copied() else { continue };
        add_column(&mut tables[index], &row);
    }
    let order = "AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX";
    for row in connection.query(&format!("{KEYS} {} {order}", of(databases)))? {
        let Some(index) = place.get(&(cell(&row, 0), cell(&row, 1))).copied() else { continue };
        let name = cell(&row, 2);
        let table = &mut tables[index];
        table.primary_key.extend(table.columns.iter().position(|column| column.name == name));
    }
    Ok(tables)
}

fn table(row: &Row) -> Table {
    let engine = text(row, 3);
    let number = |column| text(row, column).and_then(|number| number.parse::<u64>().ok());
    let kind = cell(row, 2);
    let lower = engine.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_held = WITH_SNAPSHOT.contains(&lower.as_str());
    let stamp = Stamp {
        created: text(row, 7),
        engine: engine.clone(),
        columns: Vec::new(),
        written: text(row, 8).filter(|_| !is_held),
        rows: number(5).filter(|_| COUNTING.contains(&lower.as_str())),
    };
    let mut details = Vec::new();
    let mut detail = |name: &str, value: Option<String>| {
        details.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    detail("engine", engine.clone());
    detail("collation", text(row, 9));
    let has_history = kind == "SYSTEM VERSIONED";
    if has_history {
        detail("history", Some("read".to_owned()));
    }
    if cell(row, 10).contains("partitioned") {
        detail("partitioned", Some("yes".to_owned()));
    }
    Table {
        reading: Reading { table: (cell(row, 0), cell(row, 1)), has_history, is_held, stamp, ..Reading::default() },
        has_engine: engine.is_some(),
        engine: lower,
        kind,
        rows: number(5),
        bytes: number(6),
        details,
        columns: Vec::new(),
        primary_key: Vec::new(),
    }
}

fn add_column(table: &mut Table, row: &Row) {
    let (name, data_type) = (cell(row, 2), cell(row, 4).to_ascii_lowercase());
    let declared = cell(row, 3);
    let may_read = cell(row, 6).split(',').any(|right| right.trim().eq_ignore_ascii_case("select"));
    let access = if may_read { Access::Readable } else { Access::Denied("no privilege to read the column".to_owned()) };
    table.reading.forms.push(Form::of(&data_type, text(row, 5).as_deref()));
    table.reading.long.push(may_be_long(&data_type));
    table.reading.stamp.columns.push((name.clone(), declared.clone()));
    // The words of a list may be what people are called.
    let declared = if matches!(data_type.as_str(), "enum" | "set") { data_type } else { declared };
    table.columns.push(Column { name, declared_type: Some(declared), access });
}

fn access(table: &Table, definition: Option<&str>) -> Access {
    let is_view = table.kind == "VIEW";
    if is_view {
        return match definition.filter(|definition| !definition.is_empty()) {
            Some(definition) if !view::holds_rows(definition) => Access::Derived("a view; it shows rows of tables".to_owned()),
            _ if table.columns.iter().any(|column| column.access.is_readable()) => Access::Readable,
            _ => Access::Denied("a view that this account may neither read nor look into".to_owned()),
        };
    }
    if !table.has_engine {
        return Access::Unsupported("the server cannot open the table".to_owned());
    }
    if !table.columns.iter().any(|column| column.access.is_readable()) {
        return Access::Denied("no privilege to read it".to_owned());
    }
    Access::Readable
}

fn describe(table: Table, access: Access) -> (Object, Reading) {
    let (database, name) = &table.reading.table;
    let kind = match table.kind.as_str() {
        "VIEW" => ObjectKind::View,
        _ if FOREIGN.contains(&table.engine.as_str()) => ObjectKind::ForeignTable,
        _ => ObjectKind::Table,
    };
    let object = Object {
        name: format!("{}.{}", shown(database), shown(name)),
        kind,
        columns: table.columns,
        primary_key: table.primary_key,
        rows_expected: None,
        rows_estimated: table.rows.filter(|_| kind == ObjectKind::Table),
        bytes: table.bytes.filter(|_| kind == ObjectKind::Table),
        access,
        details: table.details,
    };
    (object, table.reading)
}

/// The statement that sends the rows of an object, or of a part of it, and whether before each row stands a list of cells that are too
/// long to be sent.
pub(super) fn select(object: &Object, reading: &Reading, extent: &Extent, longest: usize) -> Option<(String, bool)> {
    let is_readable = |index: usize| object.columns[index].access.is_readable();
    let name = |index: usize| quoted(&object.columns[index].name);
    let guarded: Vec<usize> = (0..object.columns.len()).filter(|index| reading.long[*index] && is_readable(*index)).collect();
    let mut selected = Vec::with_capacity(object.columns.len() + 1);
    if !guarded.is_empty() {
        let marks = guarded.iter().map(|index| format!("IF(OCTET_LENGTH({}) > {longest}, '{index}', NULL)", name(*index)));
        selected.push(format!("CONCAT_WS(',', {})", marks.collect::<Vec<_>>().join(", ")));
    }
    for (index, form) in reading.forms.iter().enumerate() {
        selected.push(match form {
            // A column that may not be read keeps its place.
            _ if !is_readable(index) => "NULL".to_owned(),
            _ if guarded.contains(&index) => format!("IF(OCTET_LENGTH({0}) > {longest}, NULL, {0})", name(index)),
            form => form.selected(&name(index)),
        });
    }
    let (database, table) = &reading.table;
    let history = if reading.has_history { " FOR SYSTEM_TIME ALL" } else { "" };
    let part = match extent {
        Extent::Whole => String::new(),
        Extent::First { rows } => format!(" LIMIT {rows}"),
        Extent::Last { rows } if !object.primary_key.is_empty() => {
            let key: Vec<String> = object.primary_key.iter().map(|index| format!("{} DESC", name(*index))).collect();
            format!(" ORDER BY {} LIMIT {rows}", key.join(", "))
        }
        _ => return None,
    };
    let query = format!("SELECT {} FROM {}.{}{history}{part}", selected.join(", "), quoted(database), quoted(table));
    Some((query, !guarded.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(columns: &[(&str, &str)]) -> (Object, Reading) {
        let column = |(name, _): &(&str, &str)| Column {
            name: (*name).to_owned(),
            declared_type: None,
            access: if name.starts_with("secret") { Access::Denied(String::new()) } else { Access::Readable },
        };
        let mut object = crate::source::server::unread("crm.t", ObjectKind::Table, Access::Readable);
        object.columns = columns.iter().map(column).collect();
        let reading = Reading {
            table: ("crm".to_owned(), "t`x".to_owned()),
            forms: columns.iter().map(|(_, data_type)| Form::of(data_type, None)).collect(),
            long: columns.iter().map(|(_, data_type)| may_be_long(data_type)).collect(),
            ..Reading::default()
        };
        (object, reading)
    }

    #[test]
    fn a_statement_names_every_column_and_measures_the_long_ones() {
        let (mut object, mut reading) = described(&[("id", "int"), ("a`b", "longtext"), ("secret", "text"), ("flags", "bit")]);
        let (whole, has_long) = select(&object, &reading, &Extent::Whole, 9).unwrap();
        assert!(has_long);
        assert_eq!(
            whole,
            "SELECT CONCAT_WS(',', IF(OCTET_LENGTH(`a``b`) > 9, '1', NULL)), `id`, IF(OCTET_LENGTH(`a``b`) > 9, NULL, `a``b`), NULL, \
             CAST(`flags` AS UNSIGNED) FROM `crm`.`t``x`"
        );
        assert!(select(&object, &reading, &Extent::Last { rows: 5 }, 9).is_none());
        object.primary_key = vec![0];
        reading.has_history = true;
        let (last, _) = select(&object, &reading, &Extent::Last { rows: 5 }, 9).unwrap();
        assert!(last.ends_with(" FROM `crm`.`t``x` FOR SYSTEM_TIME ALL ORDER BY `id` DESC LIMIT 5"), "{last}");
    }

    #[test]
    fn tables_of_the_server_hold_nothing_but_logs_and_statistics_do() {
        assert!(
            is_own_table("mysql", "user") && is_own_table("mysql", "innodb_table_stats") && is_own_table("sys", "sys_config")
        );
        assert!(!is_own_table("mysql", "innodb_held") && !is_own_table("sys", "held"));
        assert!(!is_own_table("mysql", "general_log") && !is_own_table("mysql", "slow_log"));
        assert!(!is_own_table("mysql", "column_stats") && !is_own_table("mysql", "contacts"));
        assert!(!is_own_table("crm", "user"));
    }
}
