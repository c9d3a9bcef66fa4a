//! The servers start, answer and are gone.

use crate::cli::server::ForMariaDb;
use crate::cli::server::ForPostgres;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::server::Product;
use crate::cli::server::Server;
use crate::cli::server::certificate::certify;
use crate::cli::server::give_up;
use crate::cli::world::COLUMNS;
use crate::cli::world::World;
use std::env;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// One server holds what it is given, another beside it does not, and both are gone when they are dropped.
fn holds_and_goes<P: Product>() {
    let Some(server) = Server::<P>::start() else { return };
    let Some(other) = Server::<P>::start() else { return };
    assert_ne!(server.port(), other.port());
    server.create("crm");
    let odd = ["", "tab\there", "line\nbreak", r"back\slash", "it's", "naïve 日本"];
    let rows = odd.iter().map(|cell| [*cell, "x"]);
    server.load_rows("crm", "odd", &["a cell", "order"], rows);
    server.insert_rows("crm", "odd", &["order"], (0..1000).map(|number| [number.to_string()]));
    let cell = P::quoted("a cell");
    assert_eq!(server.query("crm", &format!("SELECT count(*), count({cell}) FROM odd;")), "1006\t6");
    assert_eq!(server.query("crm", &format!("SELECT sum(char_length({cell})) FROM odd;")), "40");

    let world = World::new();
    let people: Vec<_> = world.supplied.iter().collect();
    for kept in [&people[..], &people[..7]] {
        server.load_people("crm", "contacts", kept);
        let columns = COLUMNS.join(", ");
        let rows = server.query("crm", &format!("SELECT {columns} FROM contacts ORDER BY id;"));
        let expected: Vec<String> = kept.iter().map(|person| person.cells().join("\t")).collect();
        assert_eq!(rows, expected.join("\n"));
    }

    let refused = catch_unwind(std::panic::AssertUnwindSafe(|| other.sql("", "SELECT 1;\nSELECT * FROM crm.odd;\nSELECT 2;")));
    let message = *refused.expect_err("no such table").downcast::<String>().expect("a message");
    assert!(message.contains(P::NAME) && message.contains("odd"), "{message}");

    let (folder, port) = (server.folder().to_owned(), server.port());
    assert!(folder.is_dir() && listens(port));
    drop(server);
    assert!(!folder.exists() && !listens(port));
    assert_eq!(other.query("", "SELECT 1;"), "1");
}

#[test]
fn postgres_holds_and_goes() {
    holds_and_goes::<ForPostgres>();
}

#[test]
fn mariadb_holds_and_goes() {
    holds_and_goes::<ForMariaDb>();
}

/// What a client says to one statement.
fn says(client: &mut Command) -> Result<String, String> {
    let output = client.stdin(Stdio::null()).output().expect("a client");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn postgres_asks_others_for_passwords() {
    let Some(mut server) = Postgres::start_with(&["log_min_messages=error", "max_connections=15"]) else { return };
    server.sql("", "CREATE ROLE reader LOGIN PASSWORD 'heron';");
    assert_eq!(server.query("", "SHOW max_connections;"), "15");
    let psql = |url: &str| {
        says(Command::new(&server.programs.client).args(["-X", "-w", "-A", "-t", "-c", "SELECT current_user", "-d", url]))
    };
    assert_eq!(psql(&server.url("postgres")), Ok("postgres".to_owned()));
    assert_eq!(psql(&server.socket_url("postgres")), Ok("postgres".to_owned()));
    assert_eq!(psql(&server.url_as("reader:heron", "postgres")), Ok("reader".to_owned()));
    assert!(psql(&server.url_as("reader:swan", "postgres")).is_err_and(|error| error.contains("password")));
    assert!(psql(&server.url_as("reader", "postgres")).is_err_and(|error| error.contains("password")));
    let port = server.port();
    server.stop();
    assert!(!listens(port));
}

#[test]
fn mariadb_asks_others_for_passwords() {
    let Some(mut server) = MariaDb::start_with(&["max-connections=15"]) else { return };
    server.sql("", "CREATE USER reader IDENTIFIED BY 'heron';");
    assert_eq!(server.query("", "SELECT @@max_connections;"), "15");
    assert_eq!(server.url("crm"), format!("mysql://root@127.0.0.1:{}/crm", server.port()));
    assert_eq!(
        server.socket_url("crm"),
        format!("mysql://root@localhost/crm?socket={}", server.folder().join("socket").display())
    );
    let port = format!("--port={}", server.port());
    let client = |options: &[&str]| {
        let mut client = Command::new(&server.programs.client);
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--execute=SELECT user()"]);
        says(client.args(options))
    };
    let over_tcp = ["--protocol=tcp", "--host=127.0.0.1", &port];
    assert_eq!(client(&[&over_tcp[..], &["--user=root"]].concat()), Ok("root@127.0.0.1".to_owned()));
    assert_eq!(client(&[&over_tcp[..], &["--user=reader", "--password=heron"]].concat()), Ok("reader@127.0.0.1".to_owned()));
    assert!(client(&[&over_tcp[..], &["--user=reader", "--password=swan"]].concat()).is_err());
    let socket = format!("--socket={}", server.folder().join("socket").display());
    assert_eq!(client(&[&socket, "--user=reader", "--password=heron"]), Ok("reader@localhost".to_owned()));
    let port = server.port();
    server.stop();
    assert!(!listens(port));
}

#[test]
fn postgres_has_certificates() {
    let (Some(right), Some(wrong)) = (Postgres::start_with_tls(), Postgres::start_with_tls_for("db.example.org")) else { return };
    let other = tempfile::tempdir().expect("a temporary folder");
    certify(other.path(), "DNS:localhost");
    let psql = |server: &Postgres, host: &str, authority: &Path| {
        let place =
            format!("host={host} port={} user=postgres sslmode=verify-full sslrootcert={}", server.port(), authority.display());
        says(
            Command::new(&server.programs.client)
                .args(["-X", "-w", "-A", "-t", "-d", &place])
                .args(["-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"]),
        )
    };
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(psql(&right, host, &right.authority()), Ok("t".to_owned()), "{host}");
    }
    assert!(psql(&right, "localhost", &other.path().join("ca.pem")).is_err());
    assert!(psql(&wrong, "localhost", &wrong.authority()).is_err_and(|error| error.contains("db.example.org")));
}

#[test]
fn mariadb_has_certificates() {
    let (Some(right), Some(wrong)) = (MariaDb::start_with_tls(), MariaDb::start_with_tls_for("db.example.org")) else { return };
    let client = |server: &MariaDb, host: &str| {
        let mut client = Command::new(&server.programs.client);
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--execute=SHOW STATUS LIKE 'Ssl_version'"]);
        client.args(["--user=root", "--protocol=tcp", "--ssl-verify-server-cert", &format!("--host={host}")]);
        client.arg(format!("--port={}", server.port())).arg(format!("--ssl-ca={}", server.authority().display()));
        says(&mut client)
    };
    for host in ["localhost", "127.0.0.1"] {
        assert!(client(&right, host).is_ok_and(|version| version.contains("TLSv1")), "{host}: {:?}", client(&right, host));
    }
    assert!(client(&wrong, "localhost").is_err());
}

#[test]
#[ignore = "`nothing_is_left_of_a_killed_test` starts and kills it"]
fn waits_to_be_killed() {
    let (Some(first), Some(second)) = (Postgres::start(), MariaDb::start()) else { return };
    for (folder, port) in [(first.folder(), first.port()), (second.folder(), second.port())] {
        println!("\nserver {port} {}", folder.display());
    }
    thread::sleep(Duration::from_secs(30));
}

#[test]
fn nothing_is_left_of_a_killed_test() {
    // Those who have no servers are told by the other tests.
    if ForPostgres::find().is_none() || ForMariaDb::find().is_none() {
        return;
    }
    let mut victim = Command::new(env::current_exe().expect("this program"));
    victim.args(["--exact", "cli::server::tests::waits_to_be_killed", "--include-ignored", "--nocapture"]);
    let mut victim = victim.process_group(0).stdout(Stdio::piped()).spawn().expect("a test");
    let lines = BufReader::new(victim.stdout.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
    let told = lines.filter_map(|line| {
        let (port, folder) = line.strip_prefix("server ")?.split_once(' ')?;
        Some((port.parse().expect("a port"), PathBuf::from(folder)))
    });
    let servers: Vec<(u16, PathBuf)> = told.take(2).collect();
    assert!(servers.len() == 2 && servers.iter().all(|(port, folder)| listens(*port) && folder.is_dir()), "{servers:?}");
    // The whole group, as a test runner does it.
    let status = Command::new("kill").args(["-s", "KILL", "--", &format!("-{}", victim.id())]).status().expect("`kill`");
    assert!(status.success());
    victim.wait().expect("a dead test");
    let is_left = || servers.iter().any(|(port, folder)| listens(*port) || folder.exists());
    for _ in 0..200 {
        if !is_left() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(!is_left(), "{servers:?}");
}

#[test]
fn a_missing_server_is_no_skip_on_a_build_server() {
    give_up::<ForPostgres>(false);
    let panic = catch_unwind(|| give_up::<ForMariaDb>(true)).expect_err("no skip");
    let message = panic.downcast::<String>().expect("a message");
    assert!(message.starts_with("MariaDB is not installed: install the package `mariadb-server`"), "{message}");
}
