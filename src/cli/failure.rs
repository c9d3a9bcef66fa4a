//! How a failure reaches the person: what happened, why, and what to do. Advice is added here and nowhere deeper.

use crate::attestation::dsse::EnvelopeError;
use crate::attestation::key::CardError;
use crate::attestation::key::KeyError;
use crate::attestation::sealed::SealedError;
use crate::attestation::statement::StatementError;
use crate::intake::map::MapError;
use crate::ledger::LedgerError;
use crate::ledger::challenge::ChallengeError;
use crate::manifest::read::ReadError as ManifestError;
use crate::manifest::statement::StatementFault;
use crate::record::schema::SchemaError;
use crate::source::ProblemCode;
use crate::source::SourceError;
use crate::supply::SupplyError;
use std::fmt::Write;
use std::io;

/// Advice that a command gives about its own failure.
#[derive(Debug)]
pub(crate) struct Help(pub(crate) String);

impl std::fmt::Display for Help {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Help {}

/// The person pressed Ctrl-C, or the system asked the program to end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted; nothing was written")
    }
}

impl std::error::Error for Interrupted {}

/// An error with advice of its own.
pub(crate) fn advised(message: impl std::fmt::Display, help: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Help(help.into())).context(message.to_string())
}

/// The text of a failure, for standard error.
pub(crate) fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let exists = cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
        let message = if exists { "it exists already".to_owned() } else { cause.to_string() };
        // A transparent error repeats its cause's words.
        if cause.is::<Help>() || said == message {
            continue;
        }
        let _ = writeln!(text, "  cause: {message}");
        said = message;
    }
    if let Some(help) = advice(error) {
        let _ = writeln!(text, "  help: {help}");
    }
    text
}

/// What the person may do, where that can be said.
fn advice(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        cause
            .downcast_ref::<Help>()
            .map(|help| help.0.clone())
            .or_else(|| cause.downcast_ref::<SourceError>().and_then(of_source).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<SupplyError>().and_then(of_supply))
            .or_else(|| cause.downcast_ref::<ManifestError>().and_then(of_manifest).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<StatementFault>().and_then(of_statement).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<KeyError>().and_then(of_key).map(str::to_owned))
            .or_else(|| {
                cause
                    .downcast_ref::<CardError>()
                    .map(|_| "ask the other party for the file that its `residua keygen` wrote".to_owned())
            })
            .or_else(|| cause.downcast_ref::<EnvelopeError>().and_then(of_envelope).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<StatementError>().and_then(of_document).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<SealedError>().and_then(of_sealed).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<LedgerError>().and_then(LedgerError::help).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<ChallengeError>().and_then(ChallengeError::help).map(str::to_owned))
            .or_else(|| {
                cause.downcast_ref::<MapError>().map(|_| "see `residua scan --help` for the form of a map file".to_owned())
            })
            .or_else(|| {
                cause
                    .downcast_ref::<SchemaError>()
                    .map(|_| "see `residua supply --help` for the form of a schema file".to_owned())
            })
            .or_else(|| cause.downcast_ref::<io::Error>().and_then(of_io).map(str::to_owned))
    })
}

fn of_source(error: &SourceError) -> Option<&'static str> {
    match error {
        SourceError::NotFound(_) => Some("check the path; a pattern needs quotes only if your shell is not to expand it"),
        SourceError::UnknownScheme(_) => {
            Some("name a file, a folder, a pattern, `-`, or `sqlite:PATH`; export other databases to CSV")
        }
        _ => None,
    }
}

fn of_supply(error: &SupplyError) -> Option<String> {
    let advice = match error {
        SupplyError::Source(problem) => match problem.code {
            ProblemCode::RaggedRows => {
                "every row has to have as many cells as the header: export the data again with all cells quoted"
            }
            ProblemCode::Undecodable => "export the data as UTF-8, or name their encoding with `--encoding`",
            ProblemCode::AmbiguousEncoding => "name the encoding with `--encoding`, or export the data as UTF-8",
            ProblemCode::DuplicateColumn => "give each column a name of its own",
            ProblemCode::AmbiguousDelimiter => "name the delimiter with `--delimiter`",
            _ => "mend the data: a record that is not read would never be looked for",
        },
        SupplyError::NoKey => {
            "say with `--schema` what the columns hold; see `residua inspect DATA` for what they were taken for"
        }
        SupplyError::UnknownKey(_) => {
            "`residua supply --help` lists the match keys; `residua inspect DATA` shows what the columns were taken for"
        }
        SupplyError::Undecided(column) | SupplyError::Contradictory(column) => {
            return Some(format!(
                "say it with `--schema`:\n        [columns.\"{column}\"]\n        kind = \"date\"\n        order = \"dmy\"   # or mdy, ymd"
            ));
        }
        SupplyError::Implausible { .. } => "say with `--schema` what the column holds",
        SupplyError::NoColumn(_) => "write the column's name as it stands in the header",
        SupplyError::TooMany => "divide the data into several supplies",
        _ => return None,
    };
    Some(advice.to_owned())
}

fn of_manifest(error: &ManifestError) -> Option<&'static str> {
    match error {
        ManifestError::NewerVersion { .. } => Some("install a newer residua on this machine"),
        ManifestError::CutShort { .. } | ManifestError::Length { .. } | ManifestError::Unfinished => {
            Some("the file was cut or not fully copied: copy it again")
        }
        ManifestError::OtherManifest | ManifestError::Digest { .. } | ManifestError::Damaged { .. } => {
            Some("the manifest and the statement beside it do not belong together, or one was damaged: copy both again")
        }
        ManifestError::NotAManifest => Some("name the file that ends in `.residua`"),
        _ => None,
    }
}

fn of_statement(error: &StatementFault) -> Option<&'static str> {
    match error {
        StatementFault::Normaliser { .. } | StatementFault::Unknown { .. } => {
            Some("use the version of residua that the originator uses")
        }
        StatementFault::Contradiction { .. } => None,
    }
}

fn of_key(error: &KeyError) -> Option<&'static str> {
    match error {
        KeyError::Shared { .. } => Some("a private key is for its owner alone: `chmod 600` it, and consider whether it was seen"),
        KeyError::NotAKey { .. } => Some("name the file that ends in `.key`"),
        _ => None,
    }
}

fn of_envelope(error: &EnvelopeError) -> Option<&'static str> {
    match error {
        EnvelopeError::OtherKey { .. } => {
            Some("check by another channel whose key it is; never trust a key that came with the file")
        }
        EnvelopeError::Signature => Some("the file was changed after it was signed, or signed by another key: ask for it again"),
        _ => None,
    }
}

fn of_document(error: &StatementError) -> Option<&'static str> {
    match error {
        StatementError::Newer { .. } => Some("install a newer residua on this machine"),
        _ => None,
    }
}

fn of_sealed(error: &SealedError) -> Option<&'static str> {
    match error {
        SealedError::OtherKey { .. } => Some("use the key whose card the originator was given"),
        _ => None,
    }
}

fn of_io(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Some("choose another name, or overwrite it with `--force`"),
        io::ErrorKind::StorageFull => Some("make room on the disk; nothing was written"),
        _ => None,
    }
}
