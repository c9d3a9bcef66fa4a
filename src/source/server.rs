//! What the sources on servers share: what a person states about them, the parts of their URLs, and how a connection is secured.

mod limit;
mod tls;
mod url;

pub(super) use limit::Connections;
pub(super) use tls::Roots;
pub(super) use tls::TlsMode;
pub(super) use tls::authorities;
pub(super) use tls::client_config;
pub(super) use tls::refusal_of;
pub(super) use url::ServerUrl;
pub(super) use url::named;

use crate::source::Access;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::Session;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// How long a connection is waited for.
pub(super) const CONNECT_PATIENCE: Duration = Duration::from_secs(15);

/// How long a lock that somebody else holds is waited for, in seconds: who waits for a lock makes others wait behind it.
pub(super) const LOCK_PATIENCE_SECONDS: u64 = 10;

/// What a person states about all servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerOptions {
    /// Asks the environment for a variable. Without it there is none.
    pub(crate) variable: Option<fn(&str) -> Option<String>>,
    /// The most connections to a database at a time, at least 1; without it, as many as are useful.
    pub(crate) connections: Option<usize>,
    /// After this time the server breaks a statement off; without it, never.
    pub(crate) statement_timeout: Option<Duration>,
    /// An option file of MySQL's or MariaDB's clients.
    pub(crate) defaults_file: Option<PathBuf>,
}

impl ServerOptions {
    /// A variable of the environment that holds something.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.variable.and_then(|variable| variable(name)).filter(|value| !value.is_empty())
    }
}

/// Why a server is not opened. Never holds a password: what is shown of a URL is its name.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub(crate) enum ServerError {
    /// The URL, a service or an option file says nothing that can be followed.
    #[error("cannot use the address of the {kind} server: {fault}")]
    Address {
        /// `PostgreSQL` or `MySQL`.
        kind: &'static str,
        fault: String,
    },
    /// The server cannot be reached, or refuses.
    #[error("cannot connect to `{name}`: {reason}")]
    Connect {
        /// The source's name.
        name: String,
        reason: String,
        refusal: Refusal,
    },
    /// A file that says how to connect cannot be used.
    #[error("{0}")]
    File(String),
}

/// What stands in the way of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Nobody answers there.
    Unreachable,
    /// The server does not take user and password.
    Login,
    /// No password is to be found.
    NoPassword,
    /// The user may not connect to the database.
    NoRight,
    /// There is no such database.
    NoDatabase,
    /// The server's certificate is over.
    Expired,
    /// The server's certificate is not one to be trusted.
    Certificate,
    /// Anything else.
    Other,
}

/// One database of a server as it was asked for, or all of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    One(String),
    All,
}

/// What a URL of a server led to.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) sessions: Vec<Box<dyn Session>>,
    pub(super) problems: Vec<Problem>,
    /// What stays the same whatever URL leads to the server.
    pub(super) server: String,
    /// The names, as sources, of its databases that were asked for.
    pub(super) asked: Vec<String>,
    /// Those of the others.
    pub(super) others: Vec<String>,
}

/// What is left of a server beside the objects that can be described as tables: something whose rows cannot be read.
pub(super) fn unread(name: &str, kind: ObjectKind, access: Access) -> Object {
    Object {
        name: name.to_owned(),
        kind,
        columns: Vec::new(),
        primary_key: Vec::new(),
        rows_expected: None,
        rows_estimated: None,
        bytes: None,
        access,
        details: Vec::new(),
    }
}

/// Whether others than its owner may read or write a file.
#[cfg(unix)]
pub(super) fn is_shared(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o077 != 0
}

/// Other systems say it in other ways.
#[cfg(not(unix))]
pub(super) fn is_shared(_metadata: &Metadata) -> bool {
    false
}

/// The databases of the servers that are not among the sources, each once.
pub(super) fn not_asked(servers: &[Opened]) -> Vec<Problem> {
    let mut told = BTreeSet::new();
    let others = servers.iter().flat_map(|server| server.others.iter().map(move |other| (server, other)));
    let is_asked = |server: &Opened, other: &str| {
        // The same database may be called otherwise where another URL leads to the server: its last part is the same.
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        servers.iter().any(|known| known.server == server.server && known.asked.iter().any(|asked| last(asked) == last(other)))
    };
    let problem = |name: &String| {
        let detail = "a database of the same server, which is not among the sources";
        Problem::of_source(ProblemCode::NotAsked, name, detail)
    };
    others
        .filter(|(server, other)| !is_asked(server, other) && told.insert((*other).clone()))
        .map(|(_, other)| problem(other))
        .collect()
}
