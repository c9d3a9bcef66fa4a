//! What is `PostgreSQL`'s own.

use crate::cli::server::Product;
use crate::cli::server::certificate::CERTIFICATE;
use crate::cli::server::certificate::KEY;
use crate::cli::server::programs::Programs;
use crate::cli::server::text;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Whoever is not the administrator needs a password over TCP.
const ACCESS: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
";

/// Small, and careless about the machine's crash; nothing happens unless a test asks for it.
const SETTINGS: [&str; 15] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "min_wal_size=2MB",
    "max_wal_size=64MB",
    "shared_buffers=8MB",
    "max_connections=20",
    "max_worker_processes=2",
    "max_logical_replication_workers=0",
    "autovacuum=off",
    "jit=off",
    "logging_collector=off",
];

/// `PostgreSQL`.
pub(crate) struct ForPostgres;

impl Product for ForPostgres {
    const NAME: &'static str = "PostgreSQL";
    const SCHEME: &'static str = "postgres";
    const ADMINISTRATOR: &'static str = "postgres";
    const OVERRIDE: &'static str = "RESIDUA_POSTGRES_BIN";
    const PACKAGE: &'static str = "postgresql";
    const SIGNAL: &'static str = "QUIT";

    fn find() -> Option<Programs> {
        Programs::together(Self::OVERRIDE, ["postgres", "initdb", "psql"])
    }

    fn initialisation(programs: &Programs, data: &Path) -> Vec<OsString> {
        let mut command = vec![programs.maker.clone().into(), "--pgdata".into(), data.into()];
        let options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=1"];
        command.extend(options.map(OsString::from));
        command
    }

    fn settle(data: &Path) {
        fs::write(data.join("pg_hba.conf"), ACCESS).expect("the rules of access");
    }

    fn service(programs: &Programs, folder: &Path, port: u16, is_tls: bool, settings: &[&str]) -> Vec<OsString> {
        let mut command = vec![programs.server.clone().into(), "-D".into(), folder.join("data").into()];
        let mut all: Vec<String> = SETTINGS.iter().map(|&setting| setting.to_owned()).collect();
        all.push(format!("port={port}"));
        all.push(format!("unix_socket_directories={}", folder.display()));
        if is_tls {
            all.push("ssl=on".to_owned());
            all.push(format!("ssl_cert_file={}", folder.join(CERTIFICATE).display()));
            all.push(format!("ssl_key_file={}", folder.join(KEY).display()));
        }
        all.extend(settings.iter().map(|&setting| setting.to_owned()));
        command.extend(all.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
        command
    }

    fn is_ready(folder: &Path) -> bool {
        text(&folder.join("data/postmaster.pid")).trim_end().ends_with("ready")
    }

    fn client(programs: &Programs, folder: &Path, port: u16, database: &str) -> Command {
        let database = if database.is_empty() { "postgres" } else { database };
        let mut client = Command::new(&programs.client);
        client.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", Self::ADMINISTRATOR, "-d", database]);
        client.arg("-h").arg(folder).args(["-p", &port.to_string(), "-f", "-"]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            client.env_remove(name);
        }
        client.env("PGCLIENTENCODING", "UTF8");
        client
    }

    fn socket_url(folder: &Path, port: u16, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={port}&user={}", folder.display(), Self::ADMINISTRATOR)
    }

    fn quoted(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn filling(table: &str, columns: &str, rows: &mut dyn Iterator<Item = Vec<String>>) -> String {
        let mut script = format!("COPY {table} ({columns}) FROM stdin;\n");
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            script += &cells.join("\t");
            script.push('\n');
        }
        script + "\\.\n"
    }
}

/// A cell in the text format of `COPY`.
fn escaped(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}
