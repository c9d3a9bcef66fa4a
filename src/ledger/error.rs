//! Why a ledger could not be read or written, and what a person may do about it.

use crate::attestation::dsse::EnvelopeError;
use crate::attestation::key::CardError;
use crate::attestation::statement::StatementError;
use crate::support::sanitize;
use jiff::civil::Date;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why a ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The person's fault: another folder, or nothing was supplied yet.
    #[error("there is no ledger in `{}`", show(.folder))]
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The system's fault, or the person's, who may not use the file.
    #[error("cannot use `{}` of the ledger", show(.path))]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A crash or a full disk: the last line was not written to its end.
    #[error("the last line of the ledger, line {line}, was cut short")]
    Torn {
        /// Counted from 1.
        line: u64,
    },
    /// The person's fault: a copy of a ledger goes on in another way than the ledger.
    #[error("`{}` is an export of a ledger, to which nothing is added", show(.folder))]
    Exported {
        /// Where it is.
        folder: PathBuf,
    },
    /// Somebody's fault: a line was altered, put in, taken out or moved.
    #[error("the ledger is broken at {}: {problem}", place(*.line))]
    Broken {
        /// Counted from 1; 0 where there is none.
        line: u64,
        /// In words.
        problem: &'static str,
    },
    /// Nobody's fault, as far as can be told: the lines hold together, and one of them is of a later kind.
    #[error("line {line} of the ledger is of a kind that this version of residua does not know")]
    Newer {
        /// The first one, counted from 1.
        line: u64,
    },
    /// The person's fault: other users of the machine can read, and may have read, the secrets.
    #[error("`{}` holds secrets and can be read by others than its owner", show(.path))]
    Shared {
        /// Which file.
        path: PathBuf,
    },
    /// The file's fault: it is no file of seeds, was damaged, or is of another supply.
    #[error("`{}` does not hold the seeds of its supply", show(.path))]
    Seeds {
        /// Which file.
        path: PathBuf,
    },
    /// The file's fault: it is no file of references, was damaged, or is of another supply.
    #[error("`{}` does not hold the references of its supply", show(.path))]
    References {
        /// Which file.
        path: PathBuf,
    },
    /// The file's fault: it is no file of secrets, or was damaged.
    #[error("`{}` is not a file of salts", show(.path))]
    Secrets {
        /// Which file.
        path: PathBuf,
    },
    /// The person's fault: what is asked for was destroyed on purpose.
    #[error("supply {supply_id} was closed on {day}, and its salts, seeds and references are destroyed")]
    Closed {
        /// Its id.
        supply_id: String,
        /// When that began.
        day: Date,
    },
    /// The person's fault: secrets are asked for, and no passphrase was given.
    #[error("the secrets of the ledger are under a passphrase")]
    Locked,
    /// The person's fault, or the file's.
    #[error("the passphrase is not that of the ledger, or its file `secrets/identity.age` is damaged")]
    Passphrase,
    /// The file's fault: it is not what the passphrase leads to, or was damaged.
    #[error("`{}` cannot be opened with the passphrase of the ledger", show(.path))]
    Vault {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody's fault: a document that the ledger names is not what it was.
    #[error("the document `{sha256}` of the ledger {problem}")]
    Document {
        /// Its digest as the ledger names it.
        sha256: String,
        /// In words.
        problem: &'static str,
    },
    /// The person's fault: a document that is signed by another key than the supply's originator, or by none.
    #[error("the document is not signed by `{name}`, the originator of this supply")]
    Envelope {
        /// The originator.
        name: String,
        /// What is wrong.
        source: EnvelopeError,
    },
    /// The person's fault: another kind of document than is expected here.
    #[error("the document cannot be used")]
    Statement(#[from] StatementError),
    /// The ledger's fault: a pinned card that is none.
    #[error("a card of the ledger cannot be used")]
    Card(#[from] CardError),
    /// The person's fault: what is to be entered does not fit what is there.
    #[error("{problem}")]
    Misfit {
        /// In words.
        problem: &'static str,
    },
}

/// A line in words.
fn place(line: u64) -> String {
    if line == 0 { "its beginning, since it has no line".to_owned() } else { format!("line {line}") }
}

impl LedgerError {
    /// What a person may do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        Some(match self {
            LedgerError::Missing { .. } => "name the folder with `--ledger`; `residua supply` makes a new ledger",
            LedgerError::File { .. } | LedgerError::Misfit { .. } | LedgerError::Statement(_) => return None,
            LedgerError::Torn { .. } => {
                "`residua ledger repair` cuts it off and keeps it in a file of its own; the command that wrote it did not finish and has to be run again"
            }
            LedgerError::Exported { .. } => "name the ledger itself with `--ledger`",
            LedgerError::Broken { .. } | LedgerError::Card(_) => {
                "the ledger was changed by something else than residua; restore it from a backup, and find out who changed it"
            }
            LedgerError::Newer { .. } => {
                "install a newer residua on this machine, since a newer one has written to this ledger; if the newest does not know the line \
                 either, something else wrote it: restore the ledger from a backup"
            }
            LedgerError::Shared { .. } => "find out who could read it; then `chmod 600` the file",
            LedgerError::Secrets { .. }
            | LedgerError::Seeds { .. }
            | LedgerError::References { .. }
            | LedgerError::Vault { .. }
            | LedgerError::Document { .. } => "restore the file from a backup of the ledger",
            LedgerError::Locked => "name the file that holds it with `--passphrase-file`",
            LedgerError::Passphrase => "name the file of the passphrase that `residua ledger protect` was last given",
            LedgerError::Closed { .. } => {
                "`residua supplies show` has what was asked and answered; nothing more can be asked of it"
            }
            LedgerError::Envelope { .. } => "sign with the key that made the supply (`--as`)",
        })
    }
}

fn show(path: &Path) -> String {
    sanitize::clean(&path.to_string_lossy())
}
