//! What people see of a server before a scan, and the statements of a role that may read it all.

use crate::cli::harness::Output;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use serde_json::Value;
use serde_json::json;
use std::process::Command;
use std::process::Stdio;

/// Something of each sort.
const GROUND: &str = r#"
    CREATE SCHEMA "Sales ""2";
    CREATE TABLE "Sales ""2".leads (id int, name text, phone text);
    INSERT INTO "Sales ""2".leads VALUES (1, 'Ann Nash', '07700 900123');
    ALTER TABLE "Sales ""2".leads ENABLE ROW LEVEL SECURITY;
    CREATE TABLE "odd
--; DROP TABLE contacts;" (id int);
    CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
    CREATE TABLE events_17 PARTITION OF events FOR VALUES FROM ('2017-01-01') TO ('2018-01-01');
    CREATE VIEW people AS SELECT * FROM contacts;
    CREATE ROLE clerk LOGIN PASSWORD 'clerk';
    GRANT SELECT (id, first_name) ON contacts TO clerk;
"#;

fn inspect(world: &World, arguments: &[&str]) -> Output {
    let output = world.run(AFTER, &[&["inspect"], arguments].concat());
    output.exits_with(0).stderr_is("");
    output
}

fn crm(server: &Postgres, world: &World) {
    server.create("crm");
    server.load_people("crm", "contacts", &world.supplied.iter().collect::<Vec<&Person>>());
    server.sql("crm", GROUND);
    server.sql("crm", "DELETE FROM contacts WHERE id % 2 = 0; ANALYZE;");
}

fn of<'a>(list: &'a Value, name: &str) -> &'a Value {
    let is_it = |one: &&Value| one["name"].as_str().is_some_and(|known| known.ends_with(name));
    list.as_array().expect("a list").iter().find(is_it).unwrap_or_else(|| panic!("{name} in {list:#}"))
}

#[test]
fn a_server_is_shown_with_all_that_it_holds() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    crm(&server, &world);
    let shown = inspect(&world, &[&server.url("crm")]);
    shown.prints("server             PostgreSQL ").prints(", a primary").prints("user               postgres");
    shown.prints("4 readable, 2 without rows of their own").prints("a snapshot that all connections share");
    shown.prints("dead rows (deleted or replaced, and not vacuumed away)").prints("first_name").prints("name.given");
    shown.prints("public.events: a partitioned table; its rows are read in its partitions");
    shown.prints("public.people: a view; it shows rows of tables");
    let json = inspect(&world, &[&server.url("crm"), "--format", "json"]).json();
    let source = &json["sources"][0];
    assert_eq!(source["facts"]["role"], "primary");
    assert_eq!(source["identity"]["database"], "crm");
    assert_eq!(source["consistency"], "shared-snapshot");
    assert_eq!(source["objects"]["derived"], 2);
    assert_eq!(of(&json["derived"], "people")["object"], "view");
    let contacts = of(&json["targets"], "contacts");
    assert_eq!(contacts["access"], json!({ "state": "readable", "reason": null }));
    assert_eq!(contacts["rows"], (world.supplied.len() / 2) as u64, "{contacts:#}");
    assert_eq!(of(&contacts["columns"], "first_name")["takenFor"], "name.given");
    // A scan of so few rows is over at once.
    assert_eq!(json["estimate"], Value::Null);
}

#[test]
fn what_an_account_may_not_read_is_said_of_tables_and_columns() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    crm(&server, &world);
    let url = server.url_as("clerk:clerk", "crm");
    let shown = inspect(&world, &[&url]);
    shown.prints("header       –  denied\n").prints("cannot be read: no privilege");
    shown.prints("--grants\n");
    assert!(!shown.stdout.contains("clerk:clerk"), "{}", shown.whole());
    let json = inspect(&world, &[&url, "--format", "json"]).json();
    let contacts = of(&json["targets"], "contacts");
    let access = |name: &str| of(&contacts["columns"], name)["access"]["state"].clone();
    assert_eq!([access("first_name"), access("last_name")], ["readable", "denied"]);
    assert_eq!(of(&json["targets"], "events_17")["access"]["state"], "denied");
}

#[test]
fn many_tables_are_listed_and_those_of_people_shown() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.load_people("crm", "contacts", &world.supplied.iter().collect::<Vec<&Person>>());
    for number in 0..40 {
        server.sql("crm", format!("CREATE TABLE t{number} (id int, code text); INSERT INTO t{number} VALUES (1, 'open');"));
    }
    server.sql("crm", "CREATE TABLE empty (name text); ANALYZE;");
    let url = server.url("crm");
    let shown = inspect(&world, &[&url]);
    shown.prints("40 objects with nothing of a person but numbers and days of events").prints("  public.t39 ");
    shown.prints("1 object without a row:\n  public.empty\n").prints("name.given");
    assert!(!shown.stdout.contains("crm#public.t39"), "{}", shown.whole());
    inspect(&world, &[&url, "-v"]).prints("crm#public.t39").prints("code");
    assert_eq!(inspect(&world, &[&url, "--format", "json"]).json()["targets"].as_array().map(Vec::len), Some(42));
}

#[test]
fn the_printed_role_reads_everything_and_writes_nothing() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    crm(&server, &world);
    server.sql("", "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; REVOKE CONNECT ON DATABASE crm FROM PUBLIC;");
    let statements = inspect(&world, &[&server.url("crm"), "--grants=It's"]).stdout;
    assert!(statements.contains("CREATE ROLE \"It's\" LOGIN") && statements.contains("BYPASSRLS"), "{statements}");
    assert!(statements.lines().all(|line| !line.starts_with("--; DROP")), "{statements}");
    assert!(!statements.contains("PASSWORD"), "{statements}");
    server.sql("", &statements);
    // Tables come and go, and the statements may be run again.
    server.sql("", &statements);
    server.sql("", "ALTER ROLE \"It's\" PASSWORD 'secret';");
    let url = server.url_as("It%27s:secret", "crm");
    let json = inspect(&world, &[&url, "--format", "json"]).json();
    let gaps: Vec<&Value> = json["problems"].as_array().expect("problems").iter().map(|gap| &gap["code"]).collect();
    assert!(!gaps.iter().any(|code| ["denied", "filtered", "not_asked"].iter().any(|word| *code == word)), "{json:#}");
    world.scan("deletion", "deletion.challenge.json", &[&url], &[]).exits_with(11);
    // The statements of two databases are of one role.
    server.create("other");
    let both = inspect(&world, &[&server.url("crm"), &server.url("other"), "--grants", "--format", "json"]).json();
    let statements = both["statements"].as_str().expect("statements");
    assert_eq!([both["kind"].clone(), both["role"].clone()], ["grants", "residua"]);
    assert_eq!(statements.matches("CREATE ROLE").count(), 1, "{statements}");
    assert!(statements.contains("\\connect crm\n") && statements.contains("\\connect other\n"), "{statements}");
    let refuses = |statement: &str| {
        let mut client = Command::new("psql");
        client.args(["-X", "-h", "127.0.0.1", "-p", &server.port().to_string(), "-U", "It's", "-d", "crm", "-c", statement]);
        client.env("PGPASSWORD", "secret").stdout(Stdio::null()).stderr(Stdio::null());
        !client.status().expect("psql").success()
    };
    assert!(!refuses("SELECT 1"), "the role may log in");
    for statement in
        ["DELETE FROM contacts", "SET default_transaction_read_only = off; DELETE FROM contacts", "CREATE TABLE x (y int)"]
    {
        assert!(refuses(statement), "{statement}");
    }
}

#[test]
fn a_source_without_accounts_has_nothing_to_grant() {
    let world = World::asked();
    let refused = world.run(AFTER, &["inspect", "crm.db", "--grants"]);
    refused.exits_with(1).warns("has no accounts").warns("help: leave it away");
}

#[test]
fn a_map_names_what_is_read_and_columns_by_pattern() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    crm(&server, &world);
    let url = server.url("crm");
    let map = format!(
        "[[exclude]]\nmatch = \"{url}#*\"\nexcept = [\"{url}#public.contacts\", \"{url}#public.events*\"]\nreason = \"the campaign had these\"\n\
         [[target]]\nmatch = \"{url}#*\"\n[target.columns]\n\"child*\" = {{ kind = \"ignored\", reason = \"a test\" }}\n"
    )
    .replace("postgres@", "");
    world.case.write("only.toml", &map);
    let json = inspect(&world, &[&url, "--map", "only.toml", "--format", "json"]).json();
    assert_eq!(of(&json["targets"], "leads")["excluded"], "the campaign had these");
    assert_eq!(of(&json["targets"], "contacts")["excluded"], Value::Null);
    assert_eq!(of(&of(&json["targets"], "contacts")["columns"], "child_dob")["takenFor"], "excluded");
    assert_eq!(json["unusedRules"], json!([]));
    let scan = world.scan("deletion", "deletion.challenge.json", &[&url], &["--map", "only.toml", "--format", "json"]).json();
    let excluded = scan["coverage"]["excluded"].as_array().expect("exclusions");
    assert!(excluded.iter().any(|one| one["column"] == "child_dob"), "{scan:#}");
    // An exception of nothing, and a column that no target has, are slips.
    world.case.write("slip.toml", map.replace("public.events*", "public.nowhere*"));
    inspect(&world, &[&url, "--map", "slip.toml"]).prints("an exception of").prints("public.nowhere*");
    world.scan("deletion", "deletion.challenge.json", &[&url], &["--map", "slip.toml"]).exits_with(1).warns("public.nowhere*");
    world.case.write("slip.toml", map.replace("child*", "shoe*"));
    let refused = world.scan("deletion", "deletion.challenge.json", &[&url], &["--map", "slip.toml"]);
    refused.exits_with(1).warns("has a column `shoe*`").warns("help: ");
}
