//! Tables of every sort, their columns and their names.

use crate::cli::harness::skip;
use crate::cli::postgres::FOUND;
use crate::cli::postgres::PERSON;
use crate::cli::postgres::RESIDUAL;
use crate::cli::postgres::Trap;
use crate::cli::postgres::ends;
use crate::cli::postgres::fill;
use crate::cli::postgres::kept;
use crate::cli::postgres::own;
use crate::cli::postgres::prints_nothing;
use crate::cli::postgres::rows_read;
use crate::cli::postgres::run;
use crate::cli::postgres::scan;
use crate::cli::postgres::session;
use crate::cli::postgres::table;
use crate::cli::postgres::trap;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::csv;
use std::fs;

const TABLES: &[Trap] = &[
    trap("a table", |server, people| table(server, "contacts", people, ""), FOUND, RESIDUAL),
    trap("an unlogged table", unlogged, FOUND, RESIDUAL),
    trap("an address only in a generated column", generated, FOUND, PERSON),
    trap("rows of a child by inheritance", inherited, FOUND, RESIDUAL),
    trap("partitions by range, the default one, and partitions of partitions", partitioned, FOUND, RESIDUAL),
    trap("a materialised view that still shows what is deleted", materialised, FOUND, RESIDUAL),
    trap("views over tables, and a materialised view that was never filled", shown_only, FOUND, RESIDUAL),
    trap("a view of rows that are written out", view, FOUND, RESIDUAL),
    trap("a view that writes its values out beside a table", written_beside, FOUND, RESIDUAL),
    trap("a view of people that are picked from lists in its definition", picked, FOUND, RESIDUAL),
    trap("a view that asks a function", asks_function, FOUND, RESIDUAL).by("auditor:heron-secret"),
    trap("a view that asks a function of the server for each row of a table", asks_unnest, FOUND, PERSON),
    trap("a view that asks a function of the server", asks_json, FOUND, PERSON),
    trap("odd names", odd_names, FOUND, RESIDUAL),
    trap("a table without columns beside", without_columns, FOUND, RESIDUAL),
    trap("1,600 columns", many_columns, FOUND, RESIDUAL),
    trap("columns that were dropped", dropped_columns, FOUND, RESIDUAL),
    trap("a column dropped and added again", added_again, FOUND, PERSON),
    trap("rules, triggers and constraints beside", machinery, FOUND, RESIDUAL),
];

#[test]
fn whatever_the_tables_are() {
    run(TABLES);
}

fn unlogged(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql("crm", "ALTER TABLE contacts SET UNLOGGED;");
}

fn generated(server: &Postgres, people: &[&Person]) {
    table(server, "staging", people, "");
    server.sql(
        "crm",
        "CREATE TABLE logins (id integer PRIMARY KEY, a text, b text, email text GENERATED ALWAYS AS (a || '@' || b) STORED);
         INSERT INTO logins (id, a, b) SELECT id, split_part(email, '@', 1), split_part(email, '@', 2) FROM staging;
         DROP TABLE staging;",
    );
}

fn inherited(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE TABLE visitors (id integer, last_name text, first_name text);");
    server.sql("crm", format!("CREATE TABLE contacts ({}) INHERITS (visitors);", super::declared()));
    fill(server, "contacts", people);
}

fn partitioned(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", &[], "PARTITION BY RANGE (id)");
    server.sql(
        "crm",
        "CREATE TABLE contacts_low PARTITION OF contacts FOR VALUES FROM (0) TO (1010);
         CREATE TABLE contacts_mid PARTITION OF contacts FOR VALUES FROM (1010) TO (1030) PARTITION BY LIST (postcode);
         CREATE TABLE contacts_mid_none PARTITION OF contacts_mid FOR VALUES IN (NULL);
         CREATE TABLE contacts_mid_rest PARTITION OF contacts_mid DEFAULT PARTITION BY HASH (email);
         CREATE TABLE contacts_mid_rest_0 PARTITION OF contacts_mid_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE contacts_mid_rest_1 PARTITION OF contacts_mid_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
         CREATE TABLE contacts_rest PARTITION OF contacts DEFAULT;",
    );
    fill(server, "contacts", people);
}

fn materialised(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql("crm", "CREATE MATERIALIZED VIEW report AS SELECT * FROM contacts;\nDELETE FROM contacts WHERE id >= 5000;");
}

fn shown_only(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql(
        "crm",
        "CREATE VIEW all_of_them AS SELECT * FROM contacts;
         CREATE VIEW leads AS SELECT upper(last_name) AS last_name, 'lead'::text AS kind FROM all_of_them WHERE id > 7;
         CREATE MATERIALIZED VIEW report AS SELECT * FROM leads WITH NO DATA;",
    );
}

/// A view of people that are written out in its definition.
fn view(server: &Postgres, people: &[&Person]) {
    server.sql("crm", format!("CREATE VIEW contacts ({}) AS VALUES {};", COLUMNS.join(", "), super::values(people)));
}

fn written_beside(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE TABLE one (number integer);\nINSERT INTO one VALUES (1);");
    table(server, "contacts", &people[..people.len() - 1], "");
    let cells = people[people.len() - 1].cells();
    let columns: Vec<String> = COLUMNS.iter().zip(&cells).map(|(column, cell)| format!("'{cell}' AS {column}")).collect();
    server.sql("crm", format!("CREATE VIEW guest AS SELECT {} FROM one;", columns.join(", ")));
}

fn picked(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE TABLE one (number integer);\nINSERT INTO one VALUES (1);");
    table(server, "contacts", &people[..people.len() - 1], "");
    let cells = people[people.len() - 1].cells();
    let columns = COLUMNS.iter().zip(&cells).map(|(column, cell)| format!("(ARRAY['{cell}', ''])[number] AS {column}"));
    server.sql("crm", format!("CREATE VIEW guest AS SELECT {} FROM one;", columns.collect::<Vec<_>>().join(", ")));
}

fn asks_function(server: &Postgres, people: &[&Person]) {
    server.sql(
        "crm",
        format!(
            "CREATE FUNCTION people() RETURNS TABLE ({}) LANGUAGE sql AS $$ VALUES {} $$;
             CREATE VIEW contacts AS SELECT * FROM people();",
            super::declared(),
            super::values(people)
        ),
    );
}

fn asks_unnest(server: &Postgres, people: &[&Person]) {
    let emails: Vec<String> = people.iter().map(|person| format!("'{}'", person.email)).collect();
    server.sql(
        "crm",
        format!(
            "CREATE TABLE one (number integer);\nINSERT INTO one VALUES (1);
             CREATE VIEW mails AS SELECT unnest(ARRAY[{}]) AS email FROM one;",
            emails.join(", ")
        ),
    );
}

fn asks_json(server: &Postgres, people: &[&Person]) {
    let emails: Vec<String> = people.iter().map(|person| format!("{:?}", person.email)).collect();
    server.sql(
        "crm",
        format!("CREATE VIEW mails AS SELECT value AS email FROM json_array_elements_text('[{}]');", emails.join(", ")),
    );
}

fn odd_names(server: &Postgres, people: &[&Person]) {
    // A part of the people in each, the left-over one in the last.
    let tables = [
        "\"Weird.Schema\".\"People.of 2017\"",
        "\"a \"\"quoted\"\" schema\".\"it's\"",
        "\"Ärzte für 日本\".\"👶🏽\"",
        "\"pg temp\".\"select\"",
        "\"public\".\"a\nb\\n\tc\"",
        "\" \".\" \"",
        "\"a;b--\".\"/*\"",
    ];
    let columns = "\"a\"\"b\" text, \"select\" text, \"from.x\" text, \" \" text, \"back\\slash\" text, \"line\nbreak\" text";
    let each = people.len().div_ceil(tables.len());
    for (part, name) in people.chunks(each).zip(tables) {
        let schema = name.split_once("\".\"").expect("a schema").0.to_owned() + "\"";
        server.sql("crm", format!("CREATE SCHEMA IF NOT EXISTS {schema};"));
        table(server, name, part, "");
        server.sql(
            "crm",
            format!(
                "ALTER TABLE {name} {};",
                columns.split(", ").map(|column| format!("ADD {column}")).collect::<Vec<_>>().join(", ")
            ),
        );
        server.sql("crm", format!("UPDATE {name} SET \"a\"\"b\" = 'x', \"select\" = E'\\t', \" \" = '';"));
    }
}

fn without_columns(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql(
        "crm",
        "CREATE TABLE nothing ();\nINSERT INTO nothing DEFAULT VALUES;\nINSERT INTO nothing DEFAULT VALUES;
         CREATE TABLE empty_nothing ();\nCREATE TABLE all_dropped (a text);\nINSERT INTO all_dropped VALUES ('x');
         ALTER TABLE all_dropped DROP a;",
    );
}

fn many_columns(server: &Postgres, people: &[&Person]) {
    let more: Vec<String> = (COLUMNS.len()..1600).map(|number| format!("c{number} text")).collect();
    server.sql("crm", format!("CREATE TABLE contacts ({}, {});", more.join(", "), super::declared()));
    fill(server, "contacts", people);
    // Long values in another column let each column be measured.
    server.sql("crm", "UPDATE contacts SET c1599 = repeat('x', 100), c9 = 'y';");
}

fn dropped_columns(server: &Postgres, people: &[&Person]) {
    server.sql("crm", format!("CREATE TABLE contacts (old1 text, {}, old2 text);", super::declared()));
    fill(server, "contacts", people);
    server.sql("crm", "ALTER TABLE contacts DROP old1, DROP old2, ADD note text DEFAULT 'none';");
}

/// What is found stands in the later column of the name alone, beside a table that never had another.
fn added_again(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE TABLE contacts (id integer, email text);");
    let rows: Vec<String> = people.iter().map(|person| format!("({}, '{}')", person.id, person.email)).collect();
    server.sql("crm", "INSERT INTO contacts SELECT n, 'old' || n || '@mail.example' FROM generate_series(1, 9) AS n;");
    server.sql("crm", "ALTER TABLE contacts DROP email; ALTER TABLE contacts ADD email text;");
    server.sql("crm", format!("INSERT INTO contacts VALUES {};", rows.join(", ")));
}

fn machinery(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql(
        "crm",
        "ALTER TABLE contacts ADD PRIMARY KEY (id), ADD CHECK (id > 0);
         CREATE TABLE log (n integer REFERENCES contacts);
         CREATE RULE silent AS ON DELETE TO contacts DO INSTEAD NOTHING;
         CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER never BEFORE INSERT OR UPDATE ON contacts EXECUTE FUNCTION never();
         CREATE SEQUENCE s;\nCREATE INDEX ON contacts (email);\nCREATE TYPE pair AS (a text, b text);",
    );
}

#[test]
fn every_row_is_read_once() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    let people = kept(&world);
    let (parents, children) = people.split_at(30);
    table(&server, "visitors", parents, "");
    server.sql("crm", "CREATE TABLE members (email2 text) INHERITS (visitors);");
    fill(&server, "members", &children[..children.len() - 1]);
    // Found by the child's own column alone.
    server.sql("crm", format!("INSERT INTO members (id, email2) VALUES (1, '{}');", world.supplied[super::LEFT].email));
    partitioned(&server, &people[..40]);
    let report = scan(&world, &[&server.url("crm")], &["--findings", "found.csv"]);
    ends(&report, 11, PERSON);
    let rows = |name: &str| {
        let all = rows_read(&report);
        let rows = all.iter().filter(|(object, _)| object == &format!("crm#public.{name}"));
        rows.map(|(_, rows)| *rows).collect::<Vec<_>>()
    };
    assert_eq!((rows("visitors"), rows("members")), (vec![30], vec![11]), "{:?}", rows_read(&report));
    assert_eq!((rows("contacts_low"), rows("contacts_rest")), (vec![10], vec![10]), "{:?}", rows_read(&report));
    let total: u64 = rows_read(&report).iter().map(|(_, rows)| rows).sum();
    assert_eq!(total, 41 + 40, "{:?}", rows_read(&report));
    let found = world.case.read("found.csv");
    assert!(found.contains("members") && !found.contains("visitors"), "{found}");
    prints_nothing(&world);
}

#[test]
fn foreign_tables_are_read() {
    let Some(server) = Postgres::start() else { return };
    if server.query("", "SELECT count(*) FROM pg_available_extensions WHERE name = 'file_fdw';") == "0" {
        return skip("PostgreSQL's package of contributions is not installed: no foreign table is read");
    }
    let world = World::asked();
    let path = server.folder().join("people.csv");
    for (code, people) in [(0, own(&world)), (11, kept(&world))] {
        server.sql("", "DROP DATABASE IF EXISTS crm;\nCREATE DATABASE crm;");
        fs::write(&path, csv(&people, ',')).expect("a file");
        server.sql(
            "crm",
            format!(
                "CREATE EXTENSION file_fdw;\nCREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
                 CREATE FOREIGN TABLE contacts ({}) SERVER files OPTIONS (filename '{}', format 'csv', header 'true');",
                super::declared(),
                path.display()
            ),
        );
        ends(&scan(&world, &[&server.url("crm")], &[]), code, if code == 0 { &[] } else { RESIDUAL });
    }
    // Gone, its rows are not seen.
    fs::remove_file(&path).expect("no file");
    ends(&scan(&world, &[&server.url("crm")], &[]), 10, &["gap:read_failed"]);
    prints_nothing(&world);
}

#[test]
fn temporary_tables_and_large_objects_are_gaps() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    table(&server, "contacts", &own(&world), "");
    let mut other = session(&server, "crm");
    other.batch_execute("CREATE TEMPORARY TABLE mine (email text)").expect("a table");
    ends(&scan(&world, &[&server.url("crm")], &[]), 10, &["gap:unsupported"]);
    drop(other);
    super::until(|| server.query("crm", "SELECT count(*) FROM pg_class WHERE relname = 'mine';") == "0");
    ends(&scan(&world, &[&server.url("crm")], &[]), 0, &[]);
    server.sql("crm", "SELECT lo_create(0);");
    let report = scan(&world, &[&server.url("crm")], &[]);
    ends(&report, 10, &["gap:unsupported"]);
    let target = report.json()["coverage"]["gaps"][0]["target"].as_str().expect("a target").to_owned();
    world.case.write("map.toml", format!("[[exclude]]\nmatch = \"{target}\"\nreason = \"photographs of goods\"\n"));
    let report = scan(&world, &[&server.url("crm")], &["--map", "map.toml"]);
    assert!(report.json()["coverage"]["gaps"].as_array().is_some_and(Vec::is_empty), "{}", report.whole());
    assert_eq!(report.json()["coverage"]["excluded"][0]["target"], target.as_str(), "{}", report.whole());
    prints_nothing(&world);
}

#[test]
fn databases_of_odd_names() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    for (name, escaped) in [
        ("My \"crm\"", "My%20%22crm%22"),
        ("a/b%c?d#e", "a%2Fb%25c%3Fd%23e"),
        ("Größe@日本", "Gr%C3%B6%C3%9Fe%40%E6%97%A5%E6%9C%AC"),
        ("it's", "it's"),
    ] {
        let quoted = name.replace('"', "\"\"");
        server.sql("", format!("CREATE DATABASE \"{quoted}\";"));
        let mut client = session(&server, escaped);
        client.batch_execute(&format!("CREATE TABLE contacts ({})", super::declared())).expect("a table");
        let insert = format!("INSERT INTO contacts ({}) VALUES {}", COLUMNS.join(", "), super::values(&kept(&world)));
        client.batch_execute(&insert).expect("rows");
        drop(client);
        ends(&scan(&world, &[&server.url(escaped)], &[]), 11, RESIDUAL);
        ends(&scan(&world, &[&server.socket_url(escaped)], &[]), 11, RESIDUAL);
        world.run(AFTER, &["inspect", &server.url(escaped)]).exits_with(0);
        server.sql("", format!("DROP DATABASE \"{quoted}\" WITH (FORCE);"));
    }
    prints_nothing(&world);
}
