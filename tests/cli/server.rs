//! Throw-away `PostgreSQL` and `MariaDB` servers, made of what is installed on this machine.
//!
//! ```text
//! let Some(server) = Postgres::start() else { return };
//! server.create("crm");
//! server.load_people("crm", "contacts", &people);
//! server.sql("crm", "CREATE VIEW v AS SELECT * FROM contacts");
//! world.scan("deletion", "deletion.challenge.json", &[&server.url("crm")], &[]).exits_with(11);
//! ```
//!
//! Each test has a server of its own, on a socket and on a port of 127.0.0.1. The administrator (`postgres`, `root`) needs no password; other
//! users, which a test makes, need theirs over TCP. Server and folder are gone when the test ends, even if it is killed.
//!
//! `RESIDUA_POSTGRES_BIN` and `RESIDUA_MARIADB_BIN` name a folder with the programs of another version.

mod certificate;
mod keeper;
mod mariadb;
mod postgres;
mod programs;
mod template;

use crate::cli::harness::skip;
use crate::cli::server::certificate::AUTHORITY;
use crate::cli::server::certificate::certify;
use crate::cli::server::keeper::Keeper;
use crate::cli::server::keeper::new_folder;
use crate::cli::server::mariadb::ForMariaDb;
use crate::cli::server::postgres::ForPostgres;
use crate::cli::server::programs::Programs;
use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::marker::PhantomData;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// A `PostgreSQL` server.
pub(crate) type Postgres = Server<ForPostgres>;

/// A `MariaDB` server.
pub(crate) type MariaDb = Server<ForMariaDb>;

/// How often another port is tried when somebody took the free one first.
const ATTEMPTS: usize = 5;

/// How long a start may take before something is wrong; it is a fraction of a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// What differs from server to server.
pub(crate) trait Product {
    /// As its makers write it.
    const NAME: &'static str;
    /// The scheme of its URLs.
    const SCHEME: &'static str;
    /// Who may do everything, without a password.
    const ADMINISTRATOR: &'static str;
    /// The variable that names a folder with its programs.
    const OVERRIDE: &'static str;
    /// What a Debian machine has to install.
    const PACKAGE: &'static str;
    /// Ends it at once, as a crash does, and leaves no memory of the system taken.
    const SIGNAL: &'static str;

    /// Its programs, if all of them are there.
    fn find() -> Option<Programs>;

    /// The command that makes a data folder.
    fn initialisation(programs: &Programs, data: &Path) -> Vec<OsString>;

    /// What is changed by hand in a new data folder.
    fn settle(data: &Path);

    /// The command that serves from a folder.
    fn service(programs: &Programs, folder: &Path, port: u16, is_tls: bool, settings: &[&str]) -> Vec<OsString>;

    /// Whether it answers by now.
    fn is_ready(folder: &Path) -> bool;

    /// Its client as the administrator, which reads statements from standard input and stops at the first that fails.
    fn client(programs: &Programs, folder: &Path, port: u16, database: &str) -> Command;

    /// The URL of a database by the socket.
    fn socket_url(folder: &Path, port: u16, database: &str) -> String;

    /// The name of a column in a statement.
    fn quoted(name: &str) -> String;

    /// Statements that add rows of texts to a table.
    fn filling(table: &str, columns: &str, rows: &mut dyn Iterator<Item = Vec<String>>) -> String;
}

/// A running server. It is gone when this is dropped.
pub(crate) struct Server<P> {
    keeper: Keeper,
    programs: Programs,
    port: u16,
    product: PhantomData<P>,
}

impl<P: Product> Server<P> {
    /// A server without TLS; `None`, said loudly, where none is installed.
    pub(crate) fn start() -> Option<Server<P>> {
        Server::start_with(&[])
    }

    /// With further settings of the server, as `name=value`; they win over ours.
    pub(crate) fn start_with(settings: &[&str]) -> Option<Server<P>> {
        Server::launch(settings, None)
    }

    /// With TLS, and a certificate for `localhost` and 127.0.0.1 by an authority of its own: [`Server::authority`].
    pub(crate) fn start_with_tls() -> Option<Server<P>> {
        Server::launch(&[], Some("DNS:localhost,IP:127.0.0.1"))
    }

    /// With TLS, and a certificate for another host.
    pub(crate) fn start_with_tls_for(host: &str) -> Option<Server<P>> {
        Server::launch(&[], Some(&format!("DNS:{host}")))
    }

    /// One that follows another which is not there, and so is behind it.
    pub(crate) fn start_as_replica() -> Option<Server<P>> {
        Server::launch_with(
            &["wal_level=replica", "hot_standby=on", "max_connections=100", "max_worker_processes=8", "max_wal_senders=10"],
            None,
            Some("data/standby.signal"),
        )
    }

    fn launch(settings: &[&str], certified: Option<&str>) -> Option<Server<P>> {
        Server::launch_with(settings, certified, None)
    }

    fn launch_with(settings: &[&str], certified: Option<&str>, mark: Option<&str>) -> Option<Server<P>> {
        let Some(programs) = P::find() else {
            give_up::<P>(env::var_os("CI").is_some());
            return None;
        };
        let template = template::ready::<P>(&programs);
        for _ in 0..ATTEMPTS {
            // Taken until the server comes, so that no other test is given it meanwhile.
            let held = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            let port = held.local_addr().expect("an address").port();
            let folder = new_folder(P::SCHEME);
            let command = P::service(&programs, &folder, port, certified.is_some(), settings);
            let mut keeper = Keeper::of(folder, P::SIGNAL, &command);
            keeper.copy_in(&template, "data");
            if let Some(mark) = mark {
                fs::write(keeper.folder().join(mark), "").expect("a mark");
                keeper.hand_over();
            }
            if let Some(names) = certified {
                certify(keeper.folder(), names);
                keeper.hand_over();
            }
            drop(held);
            keeper.go();
            if keeper.wait_until(PATIENCE, P::is_ready) {
                return Some(Server { keeper, programs, port, product: PhantomData });
            }
            let log = keeper.log();
            assert!(log.to_lowercase().contains("already in use"), "{} does not start; its log:\n{log}", P::NAME);
        }
        panic!("{} found no free port in {ATTEMPTS} attempts", P::NAME);
    }

    /// The administrator's URL of a database, over TCP.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_as(P::ADMINISTRATOR, database)
    }

    /// The URL of a database over TCP for a login, `user` or `user:password`.
    pub(crate) fn url_as(&self, login: &str, database: &str) -> String {
        format!("{}://{login}@127.0.0.1:{}/{database}", P::SCHEME, self.port)
    }

    /// The administrator's URL of a database, by the socket.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        P::socket_url(self.folder(), self.port, database)
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Holds the server's data, socket, log and certificates, until it stops.
    pub(crate) fn folder(&self) -> &Path {
        self.keeper.folder()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.keeper.log()
    }

    /// The certificate of the authority that a client has to trust, of a server with TLS.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder().join(AUTHORITY)
    }

    /// Makes an empty database.
    #[track_caller]
    pub(crate) fn create(&self, database: &str) {
        self.sql("", format!("CREATE DATABASE {database};"));
    }

    /// Runs statements as the administrator; without a database (`""`) where the server itself is meant. Panics with the client's words.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, statements: impl AsRef<[u8]>) {
        self.run(database, statements.as_ref());
    }

    /// The rows of a statement, a line each, with tabs between cells.
    #[track_caller]
    pub(crate) fn query(&self, database: &str, statement: &str) -> String {
        let rows = self.run(database, statement.as_bytes());
        rows.trim_end_matches('\n').to_owned()
    }

    #[track_caller]
    fn run(&self, database: &str, statements: &[u8]) -> String {
        let mut client = P::client(&self.programs, self.folder(), self.port, database);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().expect("the server's client");
        let mut stdin = client.stdin.take().expect("a pipe");
        let ended = thread::scope(|scope| {
            // A client that stops at a failure does not read the rest.
            scope.spawn(move || drop(stdin.write_all(statements)));
            client.wait_with_output().expect("the client's output")
        });
        assert!(ended.status.success(), "{} refuses: {}", P::NAME, String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("rows in UTF-8")
    }

    /// Makes a table of texts and fills it.
    #[track_caller]
    pub(crate) fn load_rows<Row>(&self, database: &str, table: &str, columns: &[&str], rows: impl IntoIterator<Item = Row>)
    where
        Row: IntoIterator,
        Row::Item: Into<String>,
    {
        let declared: Vec<String> = columns.iter().map(|column| format!("{} text", P::quoted(column))).collect();
        self.sql(database, format!("CREATE TABLE {table} ({});", declared.join(", ")));
        self.insert_rows(database, table, columns, rows);
    }

    /// Adds rows to a table.
    #[track_caller]
    pub(crate) fn insert_rows<Row>(&self, database: &str, table: &str, columns: &[&str], rows: impl IntoIterator<Item = Row>)
    where
        Row: IntoIterator,
        Row::Item: Into<String>,
    {
        let columns: Vec<String> = columns.iter().map(|column| P::quoted(column)).collect();
        let mut rows = rows.into_iter().map(|row| row.into_iter().map(Into::into).collect());
        self.sql(database, P::filling(table, &columns.join(", "), &mut rows));
    }

    /// Holds exactly these people in a table, as `crm.db` of a world does: [`COLUMNS`], all text but the first, which is the key.
    #[track_caller]
    pub(crate) fn load_people(&self, database: &str, table: &str, people: &[&Person]) {
        let columns: Vec<String> = COLUMNS[1..].iter().map(|column| format!("{column} text")).collect();
        self.sql(
            database,
            format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id integer PRIMARY KEY, {});", columns.join(", ")),
        );
        self.insert_rows(database, table, &COLUMNS, people.iter().map(|person| person.cells()));
    }

    /// Ends it at once, as a crash does. Its folder is gone too.
    pub(crate) fn stop(&mut self) {
        self.keeper.finish();
    }
}

/// Says that a test proves nothing without the server; a panic on a build server.
fn give_up<P: Product>(is_ci: bool) {
    let message = format!(
        "{} is not installed: install the package `{}`, or name the folder of its programs in {}",
        P::NAME,
        P::PACKAGE,
        P::OVERRIDE
    );
    assert!(!is_ci, "{message}; with CI set, no test is skipped");
    skip(&message);
}

/// A text file, or nothing if it cannot be read yet.
fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The harness itself.
mod tests;
