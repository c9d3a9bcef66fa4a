//! Dumps of servers by their own programs, in every form: a scan of the dump finds what a scan of the server finds, and as much of it.

use crate::cli::harness::Output;
use crate::cli::harness::skip;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use serde_json::Value;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// The number of the supplied person who is left behind.
const LEFT: usize = 23;

/// Texts that have their troubles in a dump.
const TRICKY: &[&str] =
    &["it''s; -- ''", "C:\\\\", "a\tb", "a\nb", "\"x\" `y` [z] $t$", "(1, 2), (3", "\\.", "\\N", "NULL", "", "Zoë 😀"];

/// A scan of one source, signed by nobody, with its report in JSON.
fn scan(world: &World, source: &str) -> Output {
    world.run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &[source], &["--format", "json"]))
}

/// What a scan found, without where: its exit code, reasons, keys, and rows.
fn found(scan: &Output) -> (Option<i32>, Value, Vec<u64>) {
    let json = scan.json();
    let targets = json["coverage"]["targets"].as_array().expect("targets");
    let mut rows: Vec<u64> = targets.iter().filter_map(|target| target["rowsRead"].as_u64()).filter(|rows| *rows > 0).collect();
    rows.sort_unstable();
    (scan.code, json!([json["recordsFound"], json["supplyRecordsFound"], json["overlaps"], json["verdict"]]), rows)
}

/// Runs a program that writes a dump; `false`, said loudly, where it is not installed.
pub(crate) fn dump(program: &str, arguments: &[&str]) -> bool {
    let Ok(ended) = Command::new(program).args(arguments).output() else {
        assert!(std::env::var_os("CI").is_none(), "{program} is not installed; with CI set, no test is skipped");
        skip(&format!("{program} is not installed"));
        return false;
    };
    assert!(ended.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    true
}

/// The people who stay, without and with one who was supplied.
fn kept(world: &World, has_left: bool) -> Vec<&Person> {
    world.own.iter().chain(world.supplied.iter().skip(LEFT).take(usize::from(has_left))).collect()
}

/// The dump reads as the server does.
#[track_caller]
fn same(world: &World, path: &Path, server: &Output, has_left: bool, form: &str) {
    let dump = scan(world, &path.display().to_string());
    dump.exits_with(if has_left { 11 } else { 0 });
    assert_eq!(found(&dump), found(server), "{form}\n{}", dump.whole());
}

/// A table beside that of the people, with every tricky text.
fn tricky(quote: impl Fn(&str) -> String) -> String {
    let rows: Vec<String> = TRICKY.iter().enumerate().map(|(number, text)| format!("({number}, {}, 'x')", quote(text))).collect();
    format!("CREATE TABLE notes (id integer, note text, last text);\nINSERT INTO notes VALUES {};\n", rows.join(", "))
}

#[test]
fn dumps_of_postgres_read_as_the_server() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.sql("crm", tricky(|text| format!("'{text}'")));
    let extras = "CREATE VIEW v AS SELECT id FROM notes;\n\
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END; $$;\n\
        CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f();\n\
        CREATE TABLE made (a integer, b text GENERATED ALWAYS AS ('n' || a::text) STORED, c bytea);\n\
        INSERT INTO made (a, c) VALUES (1, '\\x4142'), (2, NULL);";
    server.sql("crm", extras);
    for has_left in [false, true] {
        server.load_people("crm", "contacts", &kept(&world, has_left));
        let whole = scan(&world, &server.socket_url("crm"));
        whole.exits_with(if has_left { 11 } else { 0 });
        let (folder, port) = (server.folder().display().to_string(), server.port().to_string());
        let forms: [&[&str]; 9] = [
            &[],
            &["--inserts"],
            &["--column-inserts"],
            &["--rows-per-insert=7"],
            &["--clean", "--if-exists", "--create"],
            &["--data-only"],
            &["--encoding=UTF8", "--quote-all-identifiers"],
            &["-Fc"],
            &["-Ft"],
        ];
        for (number, form) in forms.iter().enumerate() {
            let path = world.case.path(&format!("dumps/{number}"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            let file = path.display().to_string();
            let fixed = ["-h", &folder, "-p", &port, "-U", "postgres", "-d", "crm", "-f", &file];
            if !dump("pg_dump", &[&fixed[..], form].concat()) {
                return;
            }
            same(&world, &path, &whole, has_left, &form.join(" "));
            // Without its end, it is never clear.
            let bytes = std::fs::read(&path).expect("the dump");
            world.case.write("cut", &bytes[..bytes.len() * 2 / 3]);
            let cut = scan(&world, "cut");
            assert!(matches!(cut.code, Some(10 | 11)), "{form:?}{}", cut.whole());
            assert!(codes(&cut).iter().any(|code| code.starts_with("gap:")), "{form:?}{}", cut.whole());
        }
    }
}

#[test]
fn dumps_of_mariadb_read_as_the_server() {
    let Some(server) = MariaDb::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.sql("crm", tricky(|text| format!("'{text}'")));
    let extras = "CREATE VIEW v AS SELECT id FROM notes;\n\
        CREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW SET NEW.last = 'y';\n\
        CREATE TABLE made (a integer, b varchar(20) AS (concat('n', a)) STORED, c blob, d bit(3));\n\
        INSERT INTO made (a, c, d) VALUES (1, 'AB', b'101'), (2, NULL, NULL);";
    server.sql("crm", extras);
    for has_left in [false, true] {
        server.load_people("crm", "contacts", &kept(&world, has_left));
        let whole = scan(&world, &server.socket_url("crm"));
        whole.exits_with(if has_left { 11 } else { 0 });
        let socket = format!("--socket={}", server.folder().join("socket").display());
        let forms: [&[&str]; 9] = [
            &[],
            &["--skip-extended-insert"],
            &["--complete-insert", "--skip-quote-names"],
            &["--hex-blob", "--compact"],
            &["--skip-opt", "--replace"],
            &["--databases"],
            &["--compatible=ansi"],
            &["--default-character-set=utf8mb4", "--routines", "--triggers", "--events"],
            &["--insert-ignore", "--skip-comments"],
        ];
        for (number, form) in forms.iter().enumerate() {
            let path = world.case.path(&format!("dumps/{number}"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            let result = format!("--result-file={}", path.display());
            let fixed = ["--no-defaults", &socket, "--user=root", &result];
            if !dump("mariadb-dump", &[&fixed[..], form, &["crm"]].concat()) {
                return;
            }
            same(&world, &path, &whole, has_left, &form.join(" "));
        }
    }
}
