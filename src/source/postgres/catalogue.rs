//! What a database holds: its relations, with their columns, sizes and privileges, in a handful of narrow queries.
//!
//! Every table, partition, inheritance child, materialised view and foreign table of every schema is an object. A partitioned table's rows
//! are read in its partitions, or, where the account may read only the whole, through it. Views show the rows of tables; one that holds rows
//! of its own, or asks a function for them, is read.

use super::column::Form;
use super::column::quoted;
use super::column::shown;
use crate::source::Access;
use crate::source::Column;
use crate::source::Inventory;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::server::unread;
use crate::source::view;
use postgres::Client;
use postgres::Error;
use postgres::Row;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Object ids below this are the server's own (`FirstNormalObjectId`).
const FIRST_OWN_ID: u32 = 16_384;

/// Of its own schemas the server is asked only for what somebody added to them.
const RELATIONS: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, c.relispartition, c.relispopulated,
        c.reltuples::float8, c.relpages::bigint, c.relfilenode::bigint, row_security_active(c.oid),
        -- These are NULL where somebody has dropped it since the snapshot: reading it will fail.
        COALESCE(has_schema_privilege(n.oid, 'USAGE'), true) AS has_schema, COALESCE(has_table_privilege(c.oid, 'SELECT'), true) AS has_table,
        COALESCE(a.amname::text, '') AS method, pg_is_other_temp_schema(n.oid) AS is_others, COALESCE(t.relpages, 0)::bigint AS long_pages,
        pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
        to_char(GREATEST(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) AT TIME ZONE 'UTC',
            'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS vacuumed
    FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_am a ON a.oid = c.relam
        LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v')
        AND (c.oid >= $1 OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    ORDER BY n.nspname, c.relname";

/// A domain may stand for another one, and so on.
const COLUMNS: &str = "
    WITH RECURSIVE bases (oid, base) AS (
        SELECT t.oid, t.typbasetype FROM pg_type t WHERE t.typtype = 'd'
        UNION ALL SELECT o.oid, t.typbasetype FROM bases o JOIN pg_type t ON t.oid = o.base AND t.typtype = 'd'
    ), parts (part, whole) AS (
        SELECT typbasetype, oid FROM pg_type WHERE typtype = 'd'
        UNION ALL SELECT typelem, oid FROM pg_type WHERE typcategory = 'A' AND typelem <> 0
        UNION ALL SELECT a.atttypid, c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
    ), with_bytes (oid) AS (
        SELECT 'bytea'::regtype::oid UNION SELECT whole FROM with_bytes JOIN parts ON part = oid
    )
    SELECT a.attrelid, a.attnum::int4, a.attname::text, format_type(a.atttypid, a.atttypmod) AS declared,
        COALESCE(b.typname, t.typname)::text AS base, COALESCE(b.typcategory, t.typcategory)::text AS category, t.typlen < 0 AS is_long, t.oid IN (SELECT oid FROM with_bytes) AS has_bytes,
        COALESCE(has_column_privilege(a.attrelid, a.attnum, 'SELECT'), true) AS may_read,
        COALESCE(array_position(i.indkey::int2[], a.attnum), -1)::int4 AS key_place
    FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN (bases JOIN pg_type b ON b.oid = bases.base AND b.typtype <> 'd') ON bases.oid = t.oid
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND a.attnum > 0 AND NOT a.attisdropped
        AND (c.oid >= $1 OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    ORDER BY a.attrelid, a.attnum";

const CHILDREN: &str = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY inhparent, inhrelid";

/// From version 14 on: a partition that is being detached is not read through its table any more.
const CHILDREN_14: &str = "SELECT inhrelid, inhparent FROM pg_inherits WHERE NOT inhdetachpending ORDER BY inhparent, inhrelid";

/// Views, with whether they ask a function that came with no server, and which may bring rows from anywhere.
const VIEWS: &str = "
    SELECT c.oid, pg_get_viewdef(c.oid) AS definition, EXISTS (
            SELECT FROM pg_rewrite r
                JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
                JOIN pg_proc p ON p.oid = d.refobjid
            WHERE r.ev_class = c.oid AND p.proretset)
        -- The server's own functions are in no list of what depends on what, but the stored query marks each call that returns rows.
        OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_action::text LIKE '%:funcretset true%') AS asks_function,
        -- What it calls of somebody's own, or through another view, would run with the rights of whoever reads it.
        current_setting('is_superuser') = 'on' AND EXISTS (
            SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            WHERE r.ev_class = c.oid AND (
                d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass)
                OR d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                    AND EXISTS (SELECT FROM pg_class other WHERE other.oid = d.refobjid AND other.relkind = 'v'))) AS is_dangerous
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND (c.oid >= $1 OR n.nspname NOT IN ('pg_catalog', 'information_schema'))";

const LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_largeobject_metadata";

/// Why a view is not read.
const SHOWS_TABLES: &str = "a view; it shows rows of tables";

/// How the rows of an object are asked for.
#[expect(clippy::struct_excessive_bools, reason = "each says of the relation what no other does")]
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) id: u32,
    /// Schema and name.
    pub(super) relation: (String, String),
    /// A partitioned table whose partitions are read through it, or a view; else the relation alone is read, and not what inherits from it.
    pub(super) is_through: bool,
    /// Rows have a place (`ctid`) that may be asked for.
    pub(super) has_place: bool,
    /// Rows lie on pages that may be asked for one by one.
    pub(super) has_pages: bool,
    /// Pages at the last look of the statistics.
    pub(super) pages: u32,
    /// Values beyond the largest size may be there, and are looked at before they are sent.
    pub(super) may_be_long: bool,
    pub(super) forms: Vec<Form>,
    /// For each column, whether values of its type can be long.
    pub(super) long: Vec<bool>,
    /// The relations whose rows are read through this one, beside it.
    pub(super) below: Vec<u32>,
    /// What changes when the rows are written anew elsewhere (`TRUNCATE`, `VACUUM FULL`, `ALTER TABLE`).
    pub(super) file: Option<i64>,
}

/// What changes when a relation is altered: its name, its columns, its file, and whether it is a partition.
pub(super) type Stamp = (String, String, Vec<(i32, String, String)>, Option<i64>, bool);

/// A relation as the catalogue has it.
#[expect(clippy::struct_excessive_bools, reason = "each says of the relation what no other does")]
struct Relation {
    reading: Reading,
    kind: String,
    is_others: bool,
    is_partition: bool,
    is_populated: bool,
    is_filtered: bool,
    has_schema: bool,
    has_table: bool,
    rows: Option<u64>,
    details: Vec<(String, String)>,
    columns: Vec<Column>,
    numbers: Vec<i32>,
    primary_key: Vec<usize>,
}

/// Lists all relations by schema and name, each with how it is read. `has_ranges`: the server finds rows by page without reading the others.
/// Beside them stands what of each shows later that it was altered.
#[expect(clippy::type_complexity, reason = "one listing, of which each part goes its own way")]
pub(super) fn list(client: &mut Client, has_ranges: bool) -> Result<(Inventory, Vec<Reading>, HashMap<u32, Stamp>), Error> {
    let block: i64 = client.query_one("SELECT current_setting('block_size')::bigint", &[])?.try_get(0)?;
    let mut relations = relations(client, has_ranges)?;
    columns(client, &mut relations)?;
    let stamps = relations.iter().map(stamp).collect();
    let order: Vec<u32> = relations.iter().map(|relation| relation.reading.id).collect();
    let place: HashMap<u32, usize> = order.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in client.query(if has_ranges { CHILDREN_14 } else { CHILDREN }, &[])? {
        children.entry(row.try_get(1)?).or_default().push(row.try_get(0)?);
    }
    let mut access: Vec<Access> = relations.iter().map(own_access).collect();
    let roots = (0..relations.len()).filter(|index| relations[*index].kind == "p" && !relations[*index].is_partition);
    for root in roots.collect::<Vec<_>>() {
        divide(root, &mut relations, &mut access, &children, &place);
    }
    views(client, &mut relations, &mut access, &place)?;
    let (mut inventory, mut readings) = (Inventory::default(), Vec::new());
    for (relation, access) in relations.into_iter().zip(access) {
        let (object, reading) = describe(relation, access, block);
        inventory.objects.push(object);
        readings.push(reading);
    }
    let large: i64 = client.query_one(LARGE_OBJECTS, &[])?.try_get(0)?;
    if large > 0 {
        let access = Access::Unsupported(format!("{large} large objects; this version does not read them"));
        inventory.objects.push(unread("large objects", ObjectKind::LargeObjects, access));
        readings.push(Reading::default());
    }
    Ok((inventory, readings, stamps))
}

/// What of each relation shows that it was altered, by its id.
pub(super) fn stamps(client: &mut Client) -> Result<HashMap<u32, Stamp>, Error> {
    let mut relations = relations(client, false)?;
    columns(client, &mut relations)?;
    Ok(relations.iter().map(stamp).collect())
}

fn stamp(relation: &Relation) -> (u32, Stamp) {
    let columns = relation.columns.iter().zip(&relation.numbers);
    let columns =
        columns.map(|(column, number)| (*number, column.name.clone(), column.declared_type.clone().unwrap_or_default()));
    let (schema, name) = relation.reading.relation.clone();
    (relation.reading.id, (schema, name, columns.collect(), relation.reading.file, relation.is_partition))
}

fn relations(client: &mut Client, has_ranges: bool) -> Result<Vec<Relation>, Error> {
    client.query(RELATIONS, &[&FIRST_OWN_ID])?.iter().map(|row| relation(row, has_ranges)).collect()
}

fn relation(row: &Row, has_ranges: bool) -> Result<Relation, Error> {
    let kind: String = row.try_get("relkind")?;
    let method: String = row.try_get("method")?;
    let is_heap = method == "heap";
    let has_table: bool = row.try_get("has_table")?;
    let (tuples, pages): (f64, i64) = (row.try_get("reltuples")?, row.try_get("relpages")?);
    let live: i64 = row.try_get("live")?;
    // Without statistics `reltuples` is -1, or 0 in old versions.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate that is not negative")]
    let rows = if tuples > 0.0 { Some(tuples as u64) } else { u64::try_from(live).ok().filter(|live| *live > 0) };
    let mut details = Vec::new();
    if kind == "r" || kind == "m" {
        let dead: i64 = row.try_get("dead")?;
        let vacuumed: Option<String> = row.try_get("vacuumed")?;
        details.push(("deadRows".to_owned(), dead.to_string()));
        details.push(("lastVacuum".to_owned(), vacuumed.unwrap_or_else(|| "unknown".to_owned())));
    }
    let long_pages: i64 = row.try_get("long_pages")?;
    let reading = Reading {
        id: row.try_get("oid")?,
        relation: (row.try_get("nspname")?, row.try_get("relname")?),
        // The right to single columns does not cover it.
        has_place: is_heap && has_table && (kind == "r" || kind == "m"),
        has_pages: is_heap && has_table && has_ranges && (kind == "r" || kind == "m"),
        pages: u32::try_from(pages).unwrap_or(0),
        // Compressed, a value may be smaller by two orders of magnitude; what is not stored apart cannot be too long even so. Statistics may
        // be old, so any page counts.
        may_be_long: long_pages > 0 || pages == 0 || kind == "f" || kind == "v" || kind == "p",
        file: row.try_get("relfilenode")?,
        ..Reading::default()
    };
    Ok(Relation {
        reading,
        is_others: row.try_get("is_others")?,
        is_partition: row.try_get("relispartition")?,
        is_populated: row.try_get("relispopulated")?,
        is_filtered: row.try_get("row_security_active")?,
        has_schema: row.try_get("has_schema")?,
        has_table,
        rows,
        kind,
        details,
        columns: Vec::new(),
        numbers: Vec::new(),
        primary_key: Vec::new(),
    })
}

fn columns(client: &mut Client, relations: &mut [Relation]) -> Result<(), Error> {
    let place: HashMap<u32, usize> = relations.iter().enumerate().map(|(index, relation)| (relation.reading.id, index)).collect();
    let mut keys: Vec<Vec<(i32, usize)>> = vec![Vec::new(); relations.len()];
    for row in client.query(COLUMNS, &[&FIRST_OWN_ID])? {
        // A relation that came into being between the two queries is not in the snapshot.
        let Some(index) = place.get(&row.try_get::<_, u32>("attrelid")?).copied() else { continue };
        let relation = &mut relations[index];
        let key_place: i32 = row.try_get("key_place")?;
        if key_place >= 0 {
            keys[index].push((key_place, relation.columns.len()));
        }
        let may_read: bool = row.try_get("may_read")?;
        let access = if may_read { Access::Readable } else { Access::Denied("no privilege to read the column".to_owned()) };
        relation.reading.forms.push(Form::of(
            &row.try_get::<_, String>("base")?,
            &row.try_get::<_, String>("category")?,
            row.try_get("has_bytes")?,
        ));
        relation.reading.long.push(row.try_get("is_long")?);
        relation.numbers.push(row.try_get("attnum")?);
        relation.columns.push(Column { name: row.try_get("attname")?, declared_type: Some(row.try_get("declared")?), access });
    }
    for (relation, mut key) in relations.iter_mut().zip(keys) {
        key.sort_unstable();
        relation.primary_key = key.into_iter().map(|(_, column)| column).collect();
    }
    Ok(())
}

/// Whether a relation can be read by itself.
fn own_access(relation: &Relation) -> Access {
    let (schema, _) = &relation.reading.relation;
    if relation.is_others {
        return Access::Unsupported("a temporary table of another session, which nobody else can read".to_owned());
    }
    if !relation.has_schema {
        return Access::Denied(format!("no privilege to use the schema {}", shown(schema)));
    }
    let has_some = relation.columns.iter().any(|column| column.access.is_readable());
    if !relation.has_table && !has_some {
        return Access::Denied("no privilege to read it".to_owned());
    }
    if relation.is_filtered {
        return Access::Filtered("row-level security hides rows from this account".to_owned());
    }
    match relation.kind.as_str() {
        "m" if !relation.is_populated => Access::Derived("a materialised view that was never filled".to_owned()),
        "v" => Access::Derived(SHOWS_TABLES.to_owned()),
        _ => Access::Readable,
    }
}

/// Decides where the rows of a partitioned table are read: in the partitions, each by itself; through the table, where not every partition
/// can be read by itself and the table can; or else wherever they can be.
fn divide(
    index: usize,
    relations: &mut [Relation],
    access: &mut [Access],
    children: &BTreeMap<u32, Vec<u32>>,
    place: &HashMap<u32, usize>,
) {
    let mut below = Vec::new();
    let mut open = vec![index];
    while let Some(at) = open.pop() {
        let parts = children.get(&relations[at].reading.id).into_iter().flatten().filter_map(|id| place.get(id).copied());
        for part in parts {
            below.push(part);
            open.push(part);
        }
    }
    let is_leaf = |part: &usize| relations[*part].kind != "p";
    let is_whole =
        |part: usize| access[part].is_readable() && relations[part].columns.iter().all(|column| column.access.is_readable());
    let (_, name) = &relations[index].reading.relation;
    if below.iter().filter(|part| is_leaf(part)).all(|part| is_whole(*part)) {
        access[index] = Access::Derived("a partitioned table; its rows are read in its partitions".to_owned());
        for part in below.iter().filter(|part| relations[**part].kind == "p") {
            access[*part] = Access::Derived("a partitioned table; its rows are read in its partitions".to_owned());
        }
    } else if is_whole(index) {
        let name = shown(name);
        for part in &below {
            access[*part] = Access::Derived(format!("a partition; its rows are read through {name}"));
        }
        relations[index].reading.is_through = true;
        relations[index].reading.below = below.iter().map(|part| relations[*part].reading.id).collect();
        relations[index].rows = None;
        relations[index].details.push(("partitions".to_owned(), below.len().to_string()));
    } else {
        access[index] = Access::Derived("a partitioned table; its rows are read in its partitions".to_owned());
        let parts = children.get(&relations[index].reading.id).into_iter().flatten().filter_map(|id| place.get(id).copied());
        for part in parts.collect::<Vec<_>>() {
            if relations[part].kind == "p" {
                divide(part, relations, access, children, place);
            }
        }
    }
}

/// Finds the views that have to be read.
fn views(
    client: &mut Client,
    relations: &mut [Relation],
    access: &mut [Access],
    place: &HashMap<u32, usize>,
) -> Result<(), Error> {
    if !relations.iter().any(|relation| relation.kind == "v") {
        return Ok(());
    }
    for row in client.query(VIEWS, &[&FIRST_OWN_ID])? {
        let Some(index) = place.get(&row.try_get::<_, u32>("oid")?).copied() else { continue };
        let definition: Option<String> = row.try_get("definition")?;
        let holds_rows = row.try_get("asks_function")? || definition.as_deref().is_none_or(is_written);
        relations[index].reading.is_through = true;
        let is_dangerous: bool = row.try_get("is_dangerous")?;
        match (&access[index], holds_rows) {
            (Access::Derived(_), true) if is_dangerous => {
                let detail = "a view that calls functions of somebody's own, which are not run with a superuser's rights";
                access[index] = Access::Unsupported(detail.to_owned());
            }
            (Access::Derived(_), true) => access[index] = Access::Readable,
            // Whether this account may ask it does not matter: the tables below say what is hidden.
            (_, false) => access[index] = Access::Derived(SHOWS_TABLES.to_owned()),
            (_, true) => {}
        }
    }
    Ok(())
}

/// Whether a definition, as the server writes it, holds rows. It adds the type to each value, as in `'Ann'::text`; without the colons it reads
/// as a value and its name. Its brackets quote no name, as they do elsewhere, but hold values or places of an array: as those of a function they
/// are looked into.
fn is_written(definition: &str) -> bool {
    view::holds_rows(&definition.replace("::", " ").replace('[', "(").replace(']', ")"))
}

fn describe(relation: Relation, access: Access, block: i64) -> (Object, Reading) {
    let (schema, name) = &relation.reading.relation;
    let kind = match relation.kind.as_str() {
        "v" => ObjectKind::View,
        "m" => ObjectKind::MaterialisedView,
        "f" => ObjectKind::ForeignTable,
        _ => ObjectKind::Table,
    };
    let is_stored = matches!(kind, ObjectKind::Table | ObjectKind::MaterialisedView) && relation.reading.pages > 0;
    let object = Object {
        name: format!("{}.{}", shown(schema), shown(name)),
        kind,
        columns: relation.columns,
        primary_key: relation.primary_key,
        rows_expected: None,
        rows_estimated: relation.rows,
        bytes: is_stored.then(|| u64::from(relation.reading.pages) * u64::try_from(block).unwrap_or(8_192)),
        access,
        details: relation.details,
    };
    (object, relation.reading)
}

/// The statement that sends the rows of an object, or of a part of it.
pub(super) fn copy(object: &Object, reading: &Reading, part: &str, longest: usize) -> (String, crate::source::copy_text::Prefix) {
    let has_place = reading.has_place && !reading.is_through && object.primary_key.is_empty();
    let guarded: Vec<usize> = (0..object.columns.len())
        .filter(|index| reading.may_be_long && reading.long[*index] && object.columns[*index].access.is_readable())
        .collect();
    let has_long = !guarded.is_empty();
    let mut selected = Vec::with_capacity(object.columns.len() + 2);
    if has_place {
        selected.push("ctid".to_owned());
    }
    let length = |index: usize| {
        let name = quoted(&object.columns[index].name);
        // The length of text is known without unpacking it. Of others it is that of what is sent: a cast may be somebody's own function.
        let is_text = object.columns[index].declared_type.as_deref().is_some_and(is_measured);
        if is_text { format!("octet_length({name})") } else { format!("octet_length(concat({name}))") }
    };
    if has_long {
        let marks = guarded.iter().map(|index| format!("CASE WHEN {} > {longest} THEN {} END", length(*index), index + 1));
        selected.push(format!("array_remove(ARRAY[{}], NULL)", marks.collect::<Vec<_>>().join(", ")));
    }
    for (index, column) in object.columns.iter().enumerate() {
        let name = quoted(&column.name);
        selected.push(match column.access {
            // A column that may not be read keeps its place.
            _ if !column.access.is_readable() => "NULL".to_owned(),
            // Where no length is known, the value is sent.
            _ if guarded.contains(&index) => format!("CASE WHEN {} > {longest} THEN NULL ELSE {name} END", length(index)),
            _ => name,
        });
    }
    let (schema, name) = &reading.relation;
    let only = if reading.is_through { "" } else { "ONLY " };
    let query = format!("SELECT {} FROM {only}{}.{}{part}", selected.join(", "), quoted(schema), quoted(name));
    (format!("COPY ({query}) TO STDOUT (FORMAT text)"), crate::source::copy_text::Prefix { has_place, has_long })
}

/// Types whose length the server knows without writing their values out.
fn is_measured(declared: &str) -> bool {
    let base = declared.split('(').next().unwrap_or_default();
    matches!(base, "text" | "character varying" | "bytea")
}
