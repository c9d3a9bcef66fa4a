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
use crate::source::ReadError;
use crate::source::SourceError;
use crate::supply::SupplyError;
use crate::support::sanitize::is_harmful;
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

/// The text of a failure, for standard error. Whatever a file's name or word holds, it is harmless to a terminal.
pub(crate) fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let message = cause.downcast_ref::<io::Error>().and_then(plain).map_or_else(|| cause.to_string(), str::to_owned);
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
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_harmful(character) {
            harmless.extend(character.escape_unicode());
        } else {
            harmless.push(character);
        }
    }
    harmless
}

/// What the system says, in words of people.
fn plain(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Some("it exists already"),
        io::ErrorKind::NotFound => Some("there is no such file or folder"),
        io::ErrorKind::PermissionDenied => Some("this user may not do that"),
        io::ErrorKind::IsADirectory => Some("it is a folder"),
        io::ErrorKind::NotADirectory => Some("a part of the path is no folder"),
        io::ErrorKind::StorageFull => Some("the disk is full"),
        io::ErrorKind::ReadOnlyFilesystem => Some("the disk can only be read"),
        _ => None,
    }
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
            .or_else(|| cause.downcast_ref::<StatementFault>().map(of_statement).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<KeyError>().and_then(of_key).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<CardError>().and_then(of_card).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<EnvelopeError>().map(of_envelope).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<StatementError>().and_then(of_document).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<SealedError>().and_then(of_sealed).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<LedgerError>().and_then(LedgerError::help).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<ChallengeError>().and_then(ChallengeError::help).map(str::to_owned))
            .or_else(|| cause.downcast_ref::<MapError>().map(of_map).map(str::to_owned))
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
        SourceError::NotFound(_) => Some("check the path, as seen from the folder that you are in"),
        SourceError::NoMatch(_) => Some("check the pattern, and put it in quotes, so that the shell leaves it alone"),
        SourceError::BadPattern(_) => {
            Some("in a pattern, `*`, `?` and `[…]` have a meaning; name the file or its folder instead")
        }
        SourceError::UnknownScheme(_) => {
            Some("name a file, a folder, a pattern, `-`, or `sqlite:PATH`; export other databases to CSV")
        }
        SourceError::StdinTwice => Some("name `-` once; what comes from several programs is scanned as several files"),
        SourceError::BadDelimiter => Some("name another with `--delimiter`"),
        _ => None,
    }
}

fn of_supply(error: &SupplyError) -> Option<String> {
    let advice = match error {
        SupplyError::Source(problem) | SupplyError::Read(ReadError::Failed(problem)) => match problem.code {
            ProblemCode::RaggedRows => {
                "every row has to have as many cells as the header: export the data again with all cells quoted"
            }
            ProblemCode::Undecodable => "export the data as UTF-8, or name their encoding with `--encoding`",
            ProblemCode::AmbiguousEncoding => "name the encoding with `--encoding`, or export the data as UTF-8",
            ProblemCode::DuplicateColumn => "give each column a name of its own",
            ProblemCode::AmbiguousDelimiter => "name the delimiter with `--delimiter`",
            ProblemCode::Empty => "name the file that holds the data",
            ProblemCode::UnknownFormat | ProblemCode::Unsupported => {
                "supply a CSV or TSV file, or a SQLite database with one table: export the data to one"
            }
            ProblemCode::Unreadable | ProblemCode::Denied => "give this user the right to read it",
            ProblemCode::ChangedWhileRead => "supply it again while nothing writes to it, or supply a copy",
            _ => "mend the data, or export them again: a record that is not read would never be looked for",
        },
        SupplyError::NoRecord => "supply a file with at least one row; if its first row is a record, say `--header no`",
        SupplyError::NoKey => "say with `--schema` what the columns hold; `residua inspect DATA` shows what they are taken for",
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
        SupplyError::Spill(_) | SupplyError::Write(_) | SupplyError::Read(_) => return None,
    };
    Some(advice.to_owned())
}

fn of_map(error: &MapError) -> &'static str {
    match error {
        MapError::Syntax { .. } | MapError::Pattern(_) => "see `residua scan --help` for the form of a map file",
        MapError::NoReason(_) => "write in `reason` why it is left out: the originator reads it, and accepts it or not",
        MapError::NoColumn { .. } => "write the column's name as `residua inspect SOURCE` shows it",
        MapError::Unused(_) => "write the target's name as `residua inspect SOURCE` shows it, or remove the rule",
    }
}

fn of_card(error: &CardError) -> Option<&'static str> {
    match error {
        CardError::Read { .. } => None,
        _ => Some("ask the other party for the file that its `residua keygen` wrote, which ends in `.card.json`"),
    }
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

fn of_statement(error: &StatementFault) -> &'static str {
    match error {
        StatementFault::Normaliser { .. } | StatementFault::Unknown { .. } => {
            "use the version of residua that the originator uses"
        }
        StatementFault::Contradiction { .. } => "ask the originator for a manifest that a released residua wrote",
    }
}

fn of_key(error: &KeyError) -> Option<&'static str> {
    match error {
        KeyError::Shared { .. } => Some("a private key is for its owner alone: `chmod 600` it, and consider whether it was seen"),
        KeyError::NotAKey { .. } => Some("name the file that ends in `.key`, as `residua keygen` wrote it"),
        KeyError::Name { .. } => Some("give another name with `--name`"),
        KeyError::Read { .. } | KeyError::Encode => None,
    }
}

fn of_envelope(error: &EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::OtherKey { .. } => "check by another channel whose key it is; never trust a key that came with the file",
        EnvelopeError::Signature => "the file was changed after it was signed, or signed by another key: ask for it again",
        EnvelopeError::TooLarge
        | EnvelopeError::Json(_)
        | EnvelopeError::PayloadType
        | EnvelopeError::Signatures { .. }
        | EnvelopeError::Base64 { .. } => {
            "check that this is the file that you mean; if it is, it was cut or altered on its way: ask for it again"
        }
    }
}

fn of_document(error: &StatementError) -> Option<&'static str> {
    match error {
        StatementError::Newer { .. } => Some("install a newer residua on this machine"),
        StatementError::OtherKind { .. } => Some("name the other file; `residua inspect FILE` says what a file is"),
        StatementError::NotAStatement | StatementError::UnknownKind => Some("name a file that residua wrote"),
        StatementError::Json(_) | StatementError::Subjects { .. } | StatementError::Digest => {
            Some("it was written by another program or version: ask for one that a released residua wrote")
        }
        StatementError::Unwritable => None,
    }
}

fn of_sealed(error: &SealedError) -> Option<&'static str> {
    match error {
        SealedError::OtherKey { .. } => Some("use the key whose card the originator was given"),
        SealedError::Damaged | SealedError::Length => Some("ask the originator for a new challenge"),
        SealedError::Encrypt { .. } => None,
    }
}

fn of_io(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Some("choose another name, or overwrite it with `--force`"),
        io::ErrorKind::StorageFull => Some("make room on the disk; nothing was written"),
        io::ErrorKind::NotFound => Some("check the path; the folder of a file that is to be written has to be there"),
        io::ErrorKind::PermissionDenied => Some("use an account that may, or change who may (`ls -l` shows it)"),
        io::ErrorKind::IsADirectory => Some("name a file in it"),
        io::ErrorKind::NotADirectory => Some("check the path"),
        _ => None,
    }
}
