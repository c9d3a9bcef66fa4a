//! A connection to a server, how it is secured and set up, and what the server's errors come to in words.

use super::address::Address;
use crate::source::ProblemCode;
use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::server::CONNECT_PATIENCE;
use crate::source::server::LOCK_PATIENCE_SECONDS;
use crate::source::server::Refusal;
use crate::source::server::Roots;
use crate::source::server::TlsMode;
use crate::source::server::authorities;
use crate::source::server::refusal_of;
use mysql_async::ClientIdentity;
use mysql_async::Conn;
use mysql_async::DriverError;
use mysql_async::Error;
use mysql_async::IoError;
use mysql_async::Opts;
use mysql_async::OptsBuilder;
use mysql_async::Row;
use mysql_async::SslOpts;
use mysql_async::prelude::Queryable;
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The largest packet that is taken, which is the largest that a server sends. Cells are measured before they are sent.
const LARGEST_PACKET: usize = 1 << 30;

/// How long a silent connection is kept, in seconds: whoever reads slowly is not to be cut off.
const SILENCE_SECONDS: u64 = 86_400;

/// Seconds without a word after which a connection that waits shows that it lives: firewalls forget silent ones.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Opens connections to one server.
pub(super) struct Connector {
    /// Without how it is secured.
    opts: OptsBuilder,
    mode: TlsMode,
    tls: Option<SslOpts>,
    statement_timeout: Duration,
}

/// An open connection, and what drives it.
pub(super) struct Connection {
    runtime: Runtime,
    /// There until it is dropped.
    conn: Option<Conn>,
    /// The number by which the server knows it.
    pub(super) id: u64,
    pub(super) is_secured: bool,
    pub(super) is_mariadb: bool,
    pub(super) version: String,
}

impl Connector {
    /// For the server at an address.
    pub(super) fn new(address: &Address, options: &ServerOptions) -> Result<Connector, ServerError> {
        let tls = match address.tls {
            TlsMode::Off => None,
            mode => Some(ssl_opts(mode, &address.roots).map_err(ServerError::File)?),
        };
        let opts = OptsBuilder::default()
            .ip_or_hostname(address.host.clone())
            .tcp_port(address.port)
            .user(address.user.clone())
            .pass(address.password.as_ref().map(|password| password.as_str().to_owned()))
            .socket(address.socket.as_ref().map(|socket| socket.to_string_lossy().into_owned()))
            // The server would otherwise be asked for a socket, and that one be taken.
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEPALIVE))
            .max_allowed_packet(Some(LARGEST_PACKET))
            .wait_timeout(Some(usize::try_from(SILENCE_SECONDS).unwrap_or(usize::MAX)))
            .stmt_cache_size(0);
        let statement_timeout = options.statement_timeout.unwrap_or_default();
        Ok(Connector { opts, mode: address.tls, tls, statement_timeout })
    }

    /// Opens a connection and sets it up.
    pub(super) fn connect(&self) -> Result<Connection, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io_error)?;
        let (conn, is_secured) = self.open(&runtime)?;
        let mut connection =
            Connection { runtime, conn: Some(conn), id: 0, is_secured, is_mariadb: false, version: String::new() };
        let row = connection.query("SELECT CONNECTION_ID(), VERSION()")?.into_iter().next();
        let (id, version) = row.map(|row| (text(&row, 0), text(&row, 1))).unwrap_or_default();
        connection.id = id.and_then(|id| id.parse().ok()).unwrap_or_default();
        connection.version = version.unwrap_or_default();
        connection.is_mariadb = connection.version.to_ascii_lowercase().contains("mariadb");
        self.set_up(&mut connection)?;
        Ok(connection)
    }

    fn open(&self, runtime: &Runtime) -> Result<(Conn, bool), Error> {
        let connect = |tls: Option<SslOpts>| {
            let opts: Opts = self.opts.clone().ssl_opts(tls).into();
            runtime.block_on(async {
                match tokio::time::timeout(CONNECT_PATIENCE, Conn::new(opts)).await {
                    Ok(opened) => opened,
                    Err(_) => Err(io_error(io::Error::new(io::ErrorKind::TimedOut, "it does not answer"))),
                }
            })
        };
        let error = match connect(self.tls.clone()) {
            Ok(conn) => return Ok((conn, self.tls.is_some())),
            Err(error) => error,
        };
        let Some(tls) = &self.tls else { return Err(error) };
        if self.mode == TlsMode::Preferred && matches!(error, Error::Driver(DriverError::NoClientSslFlagFromServer)) {
            return connect(None).map(|conn| (conn, false));
        }
        // The authority is good and the host is not looked at: the certificate is checked against a name of its own.
        if self.mode == TlsMode::Authority
            && let Some(name) = own_name(&error)
        {
            return connect(Some(tls.clone().with_danger_tls_hostname_override(Some(name)))).map(|conn| (conn, true));
        }
        Err(error)
    }

    /// Settings that a server does not know are left out: none of them changes which rows are seen.
    fn set_up(&self, connection: &mut Connection) -> Result<(), Error> {
        let seconds = self.statement_timeout.as_secs_f64();
        let milliseconds = self.statement_timeout.as_millis();
        let settings = [
            // Quotes, backslashes and operators mean what they mean here; what is not strict does not break off.
            "sql_mode = ''".to_owned(),
            format!("wait_timeout = {SILENCE_SECONDS}"),
            format!("net_write_timeout = {SILENCE_SECONDS}"),
            format!("net_read_timeout = {SILENCE_SECONDS}"),
            format!("lock_wait_timeout = {LOCK_PATIENCE_SECONDS}"),
            format!("innodb_lock_wait_timeout = {LOCK_PATIENCE_SECONDS}"),
            // MariaDB in seconds, MySQL in milliseconds.
            format!("max_statement_time = {seconds}"),
            format!("max_execution_time = {milliseconds}"),
            "idle_transaction_timeout = 0".to_owned(),
            "idle_readonly_transaction_timeout = 0".to_owned(),
            // MySQL's statistics are those of this moment.
            "information_schema_stats_expiry = 0".to_owned(),
            // A person's limit on rows would cut off tables.
            "sql_select_limit = 18446744073709551615".to_owned(),
            "max_join_size = 18446744073709551615".to_owned(),
            // Rows that a table's history keeps are asked for by name.
            "system_versioning_asof = DEFAULT".to_owned(),
            // What is asked before the transaction begins writes nothing either, whatever function of somebody's own it calls.
            "TRANSACTION READ ONLY".to_owned(),
        ];
        for setting in settings {
            match connection.run(&format!("SET SESSION {setting}")) {
                Ok(()) => {}
                Err(Error::Server(error)) if !is_of_connection(error.code) => {}
                Err(error) => return Err(error),
            }
        }
        // The driver does it while it greets; a server's `init_connect` may have undone it.
        connection.run("SET NAMES utf8mb4")
    }

    /// Breaks off what a connection is doing.
    pub(super) fn kill(&self, id: u64) -> Result<(), Error> {
        self.connect()?.run(&format!("KILL QUERY {id}"))
    }
}

impl Connection {
    /// Runs a statement without rows.
    pub(super) fn run(&mut self, statement: &str) -> Result<(), Error> {
        self.drive(async |conn| conn.query_drop(statement).await)
    }

    /// Runs a statement without rows, but not for long.
    pub(super) fn run_within(&mut self, statement: &str, patience: Duration) -> Result<(), Error> {
        let late = || io_error(io::Error::new(io::ErrorKind::TimedOut, "it does not answer"));
        self.drive(async |conn| match tokio::time::timeout(patience, conn.query_drop(statement)).await {
            Ok(done) => done,
            Err(_) => Err(late()),
        })
    }

    /// The rows of a statement, all at once.
    pub(super) fn query(&mut self, statement: &str) -> Result<Vec<Row>, Error> {
        self.drive(async |conn| conn.query(statement).await)
    }

    fn drive<T>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
        let Some(conn) = &mut self.conn else { return Err(DriverError::ConnectionClosed.into()) };
        self.runtime.block_on(work(conn))
    }

    /// What drives the connection, and the connection.
    pub(super) fn parts(&mut self) -> Option<(&Runtime, &mut Conn)> {
        let conn = self.conn.as_mut()?;
        Some((&self.runtime, conn))
    }

    /// Takes leave of the server without a word, so that it stops sending.
    pub(super) fn cut(&mut self) {
        // Outside of what drives it, the driver closes it rather than to read the rest of the table first.
        drop(self.conn.take());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            let leave = async move { tokio::time::timeout(Duration::from_secs(1), conn.disconnect()).await };
            let _ = self.runtime.block_on(leave);
        }
    }
}

/// A cell of a row as text.
pub(super) fn text(row: &Row, column: usize) -> Option<String> {
    bytes(row, column).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// A cell of a row as it came.
#[inline]
pub(super) fn bytes(row: &Row, column: usize) -> Option<&[u8]> {
    match row.as_ref(column) {
        Some(mysql_async::Value::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

fn io_error(error: io::Error) -> Error {
    Error::Io(IoError::Io(error))
}

fn ssl_opts(mode: TlsMode, roots: &Roots) -> Result<SslOpts, String> {
    let mut opts = SslOpts::default();
    if mode >= TlsMode::Authority {
        let authorities = authorities(roots.authorities.as_deref())?;
        let authorities = authorities.iter().map(|certificate| certificate.to_vec().into()).collect();
        opts = opts.with_disable_built_in_roots(true).with_root_certs(authorities);
    } else {
        // The driver's own authorities stay, since it asks for some; nothing is checked.
        opts = opts.with_danger_accept_invalid_certs(true);
    }
    if let Some((certificate, key)) = &roots.client {
        let unusable = |path: &Path| format!("`{}` holds no certificate or key in PEM", path.display());
        CertificateDer::from_pem_file(certificate).map_err(|_| unusable(certificate))?;
        PrivateKeyDer::from_pem_file(key).map_err(|_| unusable(key))?;
        opts = opts.with_client_identity(Some(ClientIdentity::new(certificate.clone().into(), key.clone().into())));
    }
    Ok(opts)
}

/// What is wrong with a certificate, where one stands in the way.
fn certificate_error(error: &Error) -> Option<&CertificateError> {
    fn of_tls(error: &rustls::Error) -> Option<&CertificateError> {
        match error {
            rustls::Error::InvalidCertificate(error) => Some(error),
            _ => None,
        }
    }
    match error {
        Error::Io(IoError::Tls(mysql_async::TlsError::Tls(error))) => of_tls(error),
        Error::Io(IoError::Io(error)) => error.get_ref().and_then(|inner| inner.downcast_ref()).and_then(of_tls),
        _ => None,
    }
}

/// A name that a certificate is good for, where only the name was wrong. One with a wildcard is filled in.
fn own_name(error: &Error) -> Option<String> {
    let Some(CertificateError::NotValidForNameContext { presented, .. }) = certificate_error(error) else { return None };
    let name = presented.first()?;
    let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')')).trim_matches('"');
    Some(inner.replace('*', "host"))
}

/// What stands in the way of a connection.
pub(super) fn refusal(error: &Error) -> Refusal {
    match (certificate_error(error), error) {
        (Some(error), _) => refusal_of(error),
        (None, Error::Server(error)) => match error.code {
            1045 | 1698 => Refusal::Login,
            1044 => Refusal::NoRight,
            1049 => Refusal::NoDatabase,
            _ => Refusal::Other,
        },
        (None, Error::Io(IoError::Io(_))) => Refusal::Unreachable,
        (None, _) => Refusal::Other,
    }
}

/// Codes after which the connection is of no more use.
fn is_of_connection(code: u16) -> bool {
    matches!(code, 1040 | 1053 | 1077..=1080 | 1152..=1161 | 1184 | 1203 | 1927 | 3159 | 3169 | 4031)
}

/// What went wrong, where functions of somebody's own may have spoken: by its code alone.
pub(super) fn code_alone(error: &Error) -> String {
    match error {
        Error::Server(error) => format!("the server reports error {}", error.code),
        other => reason(other),
    }
}

/// What went wrong, in words for people. Only such messages of the server are repeated as speak of its own affairs: others quote values.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Server(error) if speaks_of_itself(error.code) => error.message.trim().to_owned(),
        Error::Server(error) => format!("the server reports error {}", error.code),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => "the server offers no TLS".to_owned(),
        Error::Driver(DriverError::ConnectionClosed) => "the server closed the connection".to_owned(),
        Error::Driver(DriverError::UnknownAuthPlugin { .. } | DriverError::CleartextPluginDisabled) => {
            "the server asks for a way to log in that this program does not know".to_owned()
        }
        Error::Driver(DriverError::MysqlOldPasswordDisabled) => "the server asks for a login that is not safe".to_owned(),
        Error::Io(IoError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        Error::Io(IoError::Io(error)) => error.to_string(),
        Error::Io(IoError::Tls(error)) => error.to_string(),
        // What else the driver says may hold what was sent.
        Error::Driver(_) | Error::Other(_) | Error::Url(_) => "the server's answer was not understood".to_owned(),
    }
}

/// Errors about objects, rights, logins, connections and limits. None of their messages holds a value of a row.
fn speaks_of_itself(code: u16) -> bool {
    matches!(
        code,
        // Logins, rights, names.
        1040..=1049 | 1051 | 1054 | 1064 | 1109 | 1129..=1133 | 1141..=1147 | 1227 | 1356 | 1370 | 1449 | 1698 | 1820 | 1862 | 3118
            // Stops, timeouts, locks.
            | 1053 | 1077..=1080 | 1158..=1161 | 1203 | 1205 | 1213 | 1226 | 1290 | 1317 | 1412 | 1927 | 1969 | 3024 | 4031
            // Files, tables, engines, memory.
            | 1005 | 1010 | 1016..=1018 | 1021 | 1023..=1028 | 1030 | 1033..=1038 | 1114 | 1153 | 1194 | 1195 | 1286
            | 1932 | 1877
    )
}

/// What sort of problem an error while reading is.
pub(super) fn code(error: &Error) -> ProblemCode {
    match error {
        Error::Server(error) if matches!(error.code, 1044 | 1045 | 1142 | 1143 | 1227 | 1356 | 1370) => ProblemCode::Denied,
        _ => ProblemCode::ReadFailed,
    }
}

/// Waits for something to come, and looks now and then whether it is still wanted.
pub(super) async fn unless<T>(work: impl Future<Output = T>, is_over: impl Fn() -> bool, look: Duration) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout(look, work.as_mut()).await {
            return Some(done);
        }
        if is_over() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: u16, message: &str) -> String {
        reason(&Error::Server(mysql_async::ServerError { code, message: message.to_owned(), state: "HY000".to_owned() }))
    }

    #[test]
    fn messages_that_quote_values_are_not_repeated() {
        for code in [1062, 1292, 1366, 1264, 1406, 1411, 3140, 1105, 1210, 1582] {
            assert_eq!(told(code, "Incorrect value: 'canary'"), format!("the server reports error {code}"));
        }
        assert_eq!(told(1146, "Table 'crm.t' doesn't exist"), "Table 'crm.t' doesn't exist");
        let error = Error::Driver(DriverError::UnexpectedPacket { payload: b"canary".to_vec() });
        assert!(!reason(&error).contains("canary"));
    }
}
