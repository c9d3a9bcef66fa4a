//! A connection to a database, how its transactions begin, and what the server's errors come to in words.

use super::address::Address;
use crate::source::ProblemCode;
use crate::source::ServerError;
use crate::source::ServerOptions;
use crate::source::server::LOCK_PATIENCE_SECONDS;
use crate::source::server::Refusal;
use crate::source::server::TlsMode;
use crate::source::server::client_config;
use crate::source::server::refusal_of;
use postgres::CancelToken;
use postgres::Client;
use postgres::Config;
use postgres::Error;
use postgres::NoTls;
use postgres::error::SqlState;
use std::collections::HashMap;
use std::error::Error as _;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::OnceLock;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a connection is asked for, whatever its user's settings are, as far as the server knows the setting. A person's time limit for
/// statements comes besides; what the user's own settings say of time limits does not count.
const SETTINGS: [(&str, &str); 12] = [
    // What would be hidden is an error.
    ("row_security", "off"),
    // No function, operator or table of somebody's own stands in for one of the server's, not even a temporary one.
    ("search_path", "pg_catalog, pg_temp"),
    ("datestyle", "ISO, YMD"),
    ("intervalstyle", "postgres"),
    // Midnight at home is a day before or the next in the zone of a role; what midnights become in UTC is known to whoever reads dates.
    ("timezone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("idle_in_transaction_session_timeout", "0"),
    ("transaction_timeout", "0"),
    // The number of connections says how much is asked of the server.
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
    ("default_transaction_deferrable", "off"),
];

/// Opens connections to one database.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    statement_timeout_ms: u128,
    /// The statements that set what is to be set, once it is known which settings the server has.
    settings: Arc<OnceLock<String>>,
}

/// An open connection.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) canceller: Canceller,
}

/// Breaks off what a connection is doing, from another thread.
pub(super) struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// Asks the server to break off.
    pub(super) fn cancel(&self) -> Result<(), Error> {
        match &self.tls {
            None => self.token.cancel_query(NoTls),
            Some(tls) => self.token.cancel_query(tls.clone()),
        }
    }
}

impl Connector {
    /// For a database at an address.
    pub(super) fn new(address: &Address, database: &str, options: &ServerOptions) -> Result<Connector, ServerError> {
        let tls = match address.tls {
            TlsMode::Off => None,
            mode => {
                let config = client_config(mode, &address.roots);
                let config = config.map_err(ServerError::File)?;
                Some(MakeRustlsConnect::new(config))
            }
        };
        let statement_timeout_ms = options.statement_timeout.map_or(0, |timeout| timeout.as_millis());
        Ok(Connector { config: address.config(database), tls, statement_timeout_ms, settings: Arc::default() })
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> Result<Connection, Error> {
        let client = match &self.tls {
            None => self.config.connect(NoTls),
            Some(tls) => self.config.connect(tls.clone()),
        }?;
        let canceller = Canceller { token: client.cancel_token(), tls: self.tls.clone() };
        Ok(Connection { client, canceller })
    }

    /// Begins a read-only transaction, under a snapshot where one is named. Settings last as long as it does: behind a pooler the connection
    /// is somebody else's afterwards.
    pub(super) fn begin(&self, client: &mut Client, snapshot: Option<&str>) -> Result<(), Error> {
        let settings = if let Some(settings) = self.settings.get() {
            settings
        } else {
            let settings = self.known_settings(client)?;
            self.settings.get_or_init(|| settings)
        };
        let snapshot = snapshot.map(|name| format!("SET TRANSACTION SNAPSHOT '{}';", name.replace('\'', "")));
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";
        client.batch_execute(&format!("{begin} {} {settings}", snapshot.unwrap_or_default()))
    }

    fn known_settings(&self, client: &mut Client) -> Result<String, Error> {
        let rows = in_safety(client, |client| client.simple_query("SELECT lower(name), setting FROM pg_catalog.pg_settings"))?;
        let known: HashMap<&str, &str> = rows
            .iter()
            .filter_map(|message| match message {
                postgres::SimpleQueryMessage::Row(row) => Some((row.get(0)?, row.get(1).unwrap_or_default())),
                _ => None,
            })
            .collect();
        let mut statements = String::new();
        if known.get("server_encoding") == Some(&"SQL_ASCII") {
            // Such a database holds bytes of any encoding. Asked for UTF-8, it would send no row of a table with others.
            statements.push_str("SET LOCAL client_encoding = 'SQL_ASCII'; ");
        }
        for (name, value) in SETTINGS.iter().filter(|(name, _)| known.contains_key(name)) {
            let value = if *name == "search_path" { (*value).to_owned() } else { format!("'{value}'") };
            let _ = write!(statements, "SET LOCAL {name} = {value}; ");
        }
        let _ = write!(statements, "SET LOCAL lock_timeout = '{LOCK_PATIENCE_SECONDS}s'; ");
        let _ = write!(statements, "SET LOCAL statement_timeout = {};", self.statement_timeout_ms);
        Ok(statements)
    }
}

/// Asks the catalogue before the settings of a session are known. Whoever owns a database may make functions and operators in it that are
/// called as the server's own are, and would run with the rights of whoever asks: none is found here, and nothing can be written.
pub(super) fn in_safety<T>(client: &mut Client, ask: impl FnOnce(&mut Client) -> Result<T, Error>) -> Result<T, Error> {
    client.batch_execute("BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL row_security = off")?;
    let asked = ask(client);
    client.batch_execute(if asked.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    asked
}

/// What went wrong, where functions of somebody's own may have spoken: by its code alone.
pub(super) fn code_alone(error: &Error) -> String {
    error.code().map_or_else(|| reason(error), |code| format!("the server reports error {}", code.code()))
}

/// What went wrong, in words for people. Only such messages of the server are repeated as speak of its own affairs: others quote values.
pub(super) fn reason(error: &Error) -> String {
    let Some(told) = error.as_db_error() else {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        return match (error.is_closed(), cause.is_empty()) {
            (true, _) => "the server closed the connection".to_owned(),
            (false, true) => error.to_string(),
            (false, false) => cause,
        };
    };
    let code = told.code().code();
    // Classes of appendix A: connections, logins, names of objects, rights, resources, locks, operators, the system, inner errors.
    let speaks_of_itself = ["08", "28", "3D", "3F", "42", "53", "55", "57", "58", "XX", "0A", "40", "25"];
    if speaks_of_itself.iter().any(|class| code.starts_with(class)) {
        told.message().to_owned()
    } else {
        format!("the server reports error {code}")
    }
}

/// What sort of problem an error while reading is.
pub(super) fn code(error: &Error) -> ProblemCode {
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE && is_row_security(error) => ProblemCode::Filtered,
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => ProblemCode::Denied,
        _ => ProblemCode::ReadFailed,
    }
}

/// Whether the server would have hidden rows. Its message may be in any language; the table's routine is always the same.
fn is_row_security(error: &Error) -> bool {
    error.as_db_error().and_then(postgres::error::DbError::routine).is_some_and(|routine| routine == "check_enable_rls")
}

/// What stands in the way of a connection.
pub(super) fn refusal(error: &Error) -> Refusal {
    match error.code() {
        Some(code) if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) => {
            Refusal::Login
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => Refusal::NoDatabase,
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Refusal::NoRight,
        Some(_) => Refusal::Other,
        None => cause(error),
    }
}

/// What stands in the way before the server says a word.
fn cause(error: &Error) -> Refusal {
    let mut refusal = Refusal::Other;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(current) = cause {
        let of_system = current.downcast_ref::<std::io::Error>();
        let inner = of_system.and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(error)) = inner.or(current.downcast_ref()) {
            return refusal_of(error);
        }
        if of_system.is_some() {
            refusal = Refusal::Unreachable;
        } else if current.to_string() == "password missing" {
            refusal = Refusal::NoPassword;
        }
        cause = current.source();
    }
    refusal
}
