//! A MySQL or MariaDB server, in one consistent snapshot on one connection.

use super::ServerOptions;
use super::server::Opened;
use super::server::ServerError;

/// Opens what a URL asks for, by what follows `mysql:`.
pub(super) fn open(_url: &str, _options: &ServerOptions) -> Result<Opened, ServerError> {
    Err(ServerError::Address { kind: "MySQL", fault: "not read yet".to_owned() })
}
