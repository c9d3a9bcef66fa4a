//! What is `MariaDB`'s own.

use crate::cli::server::Product;
use crate::cli::server::certificate::CERTIFICATE;
use crate::cli::server::certificate::KEY;
use crate::cli::server::programs::Programs;
use crate::cli::server::text;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// How files are laid out, in a new data folder and in service.
const LAYOUT: [&str; 6] = [
    "innodb-log-file-size=4M",
    "innodb-autoextend-increment=1",
    "innodb-doublewrite=0",
    "innodb-flush-method=nosync",
    "innodb-use-native-aio=0",
    "debug-no-sync",
];

/// Small, and careless about the machine's crash.
const SETTINGS: [&str; 13] = [
    "bind-address=127.0.0.1",
    "skip-name-resolve",
    "skip-log-bin",
    "performance-schema=off",
    "innodb-flush-log-at-trx-commit=0",
    "innodb-buffer-pool-size=16M",
    "innodb-temp-data-file-path=ibtmp1:3M:autoextend",
    "innodb-buffer-pool-load-at-startup=0",
    "innodb-buffer-pool-dump-at-shutdown=0",
    "key-buffer-size=1M",
    "aria-pagecache-buffer-size=1M",
    "max-connections=20",
    "character-set-server=utf8mb4",
];

/// Rows of one statement, which may not be longer than the server allows.
const ROWS: usize = 200;

/// `MariaDB`.
pub(crate) struct ForMariaDb;

impl Product for ForMariaDb {
    const NAME: &'static str = "MariaDB";
    const SCHEME: &'static str = "mysql";
    const ADMINISTRATOR: &'static str = "root";
    const OVERRIDE: &'static str = "RESIDUA_MARIADB_BIN";
    const PACKAGE: &'static str = "mariadb-server";
    const SIGNAL: &'static str = "KILL";

    fn find() -> Option<Programs> {
        Programs::apart(Self::OVERRIDE, ["mariadbd", "mariadb-install-db", "mariadb"])
    }

    fn initialisation(programs: &Programs, data: &Path) -> Vec<OsString> {
        let options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
        let layout = LAYOUT.iter().map(|setting| format!("--{setting}").into());
        let mut command: Vec<OsString> = vec![programs.maker.clone().into(), "--no-defaults".into()];
        command.push(format!("--datadir={}", data.display()).into());
        command.extend(options.map(OsString::from).into_iter().chain(layout));
        command
    }

    fn settle(_data: &Path) {}

    fn service(programs: &Programs, folder: &Path, port: u16, is_tls: bool, settings: &[&str]) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![programs.server.clone().into(), "--no-defaults".into()];
        let place = |name: &str, path: &str| format!("--{name}={}", folder.join(path).display()).into();
        command.extend([place("datadir", "data"), place("socket", "socket"), place("pid-file", "pid"), place("tmpdir", "")]);
        command.push(format!("--port={port}").into());
        if is_tls {
            command.extend([place("ssl-cert", CERTIFICATE), place("ssl-key", KEY)]);
        } else {
            command.push("--skip-ssl".into());
        }
        command.extend(LAYOUT.iter().chain(&SETTINGS).chain(settings).map(|setting| format!("--{setting}").into()));
        command
    }

    fn is_ready(folder: &Path) -> bool {
        text(&folder.join("log")).contains("ready for connections")
    }

    fn client(programs: &Programs, folder: &Path, _port: u16, database: &str) -> Command {
        let mut client = Command::new(&programs.client);
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", "--user=root"]);
        client.arg(format!("--socket={}", folder.join("socket").display()));
        if !database.is_empty() {
            client.arg(format!("--database={database}"));
        }
        client
    }

    fn socket_url(folder: &Path, _port: u16, database: &str) -> String {
        format!("mysql://{}@localhost/{database}?socket={}", Self::ADMINISTRATOR, folder.join("socket").display())
    }

    fn quoted(name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn filling(table: &str, columns: &str, rows: &mut dyn Iterator<Item = Vec<String>>) -> String {
        let mut script = String::new();
        for (number, row) in rows.enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| literal(cell)).collect();
            let before = match number {
                0 => format!("INSERT INTO {table} ({columns}) VALUES"),
                _ if number % ROWS == 0 => format!(";\nINSERT INTO {table} ({columns}) VALUES"),
                _ => ",".to_owned(),
            };
            write!(script, "{before}\n({})", cells.join(", ")).expect("a string takes all");
        }
        script + ";\n"
    }
}

/// A text in a statement.
fn literal(cell: &str) -> String {
    format!("'{}'", cell.replace('\\', "\\\\").replace('\'', "''"))
}
