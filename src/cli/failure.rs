//! How a failure reaches the person: what happened, why, and what to do. Advice is added here and nowhere deeper.

use crate::attestation::dsse::EnvelopeError;
use crate::attestation::key::CardError;
use crate::attestation::key::KeyError;
use crate::attestation::sealed::SealedError;
use crate::attestation::statement::StatementError;
use crate::bundle::BundleError;
use crate::intake::map::MapError;
use crate::intake::map::Unused;
use crate::ledger::LedgerError;
use crate::ledger::challenge::ChallengeError;
use crate::manifest::read::ReadError as ManifestError;
use crate::manifest::statement::StatementFault;
use crate::record::schema::SchemaError;
use crate::report::text::clean_long;
use crate::report::text::wrap;
use crate::source::ProblemCode;
use crate::source::ReadError;
use crate::source::Refusal;
use crate::source::ServerError;
use crate::source::SourceError;
use crate::supply::SupplyError;
use crate::supply::control::ControlError;
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

/// Tells a person of an error, on standard error.
pub(crate) fn show(error: &anyhow::Error) {
    let text = render(error);
    let width = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    let text = width.map_or_else(|| text.clone(), |width| wrap::text(&text, width));
    // It can be told nowhere else.
    let _ = io::Write::write_all(&mut io::stderr().lock(), text.as_bytes());
}

/// Tells a person of what fails nothing and should be known, on standard error.
pub(crate) fn note(text: &str) {
    let text = format!("note: {}\n", clean_long(text));
    let width = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    let text = width.map_or_else(|| text.clone(), |width| wrap::text(&text, width));
    let _ = io::Write::write_all(&mut io::stderr().lock(), text.as_bytes());
}

/// What the system says of an error, in words of people where there are some.
pub(crate) fn words(error: &io::Error) -> String {
    plain(error).map_or_else(|| error.to_string(), str::to_owned)
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
            .or_else(|| cause.downcast_ref::<BundleError>().and_then(BundleError::help).map(str::to_owned))
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
        SourceError::UnknownScheme(_) => Some(
            "name a file, a folder, a pattern, `-`, `sqlite:PATH`, `postgres://…` or `mysql://…`; export other databases to CSV",
        ),
        SourceError::StdinTwice => Some("name `-` once; what comes from several programs is scanned as several files"),
        SourceError::BadDelimiter => Some("name another with `--delimiter`"),
        SourceError::Stdin(_) => Some("see what the program before the pipe says"),
        SourceError::Temporary { .. } => {
            Some("make room there, or name a folder with room that this user may write to in the environment variable `TMPDIR`")
        }
        SourceError::Server(ServerError::Address { .. }) => Some(
            "write it as `postgres://user@host:5432/database` or `mysql://user@host:3306/database`; `residua scan --help` says more",
        ),
        SourceError::Server(ServerError::File(_)) => Some("correct the file, or name another"),
        SourceError::Server(ServerError::Connect { refusal, .. }) => Some(of_refusal(*refusal)),
        SourceError::Cancelled => None,
    }
}

fn of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unreachable => {
            "check host and port, and whether the server listens there and a firewall lets this machine through"
        }
        Refusal::Login => {
            "check user and password; the password comes from the URL, the environment (`PGPASSWORD`, `MYSQL_PWD`) or a file \
             (`~/.pgpass`, a service file, `~/.my.cnf`, `--defaults-file`), in this order"
        }
        Refusal::NoPassword => {
            "put the password into `~/.pgpass`, readable by you alone, as `host:port:database:user:password` (`*` for any), or into \
             `PGPASSWORD`; this program does not ask for it"
        }
        Refusal::NoRight => {
            "let the administrator grant it: `residua inspect URL --grants`, run as an administrator, prints the statements"
        }
        Refusal::NoDatabase => "check the database's name; a URL without one reads all databases of the server",
        Refusal::Expired => "have the server's certificate renewed",
        Refusal::Certificate => {
            "give the authority that signed the server's certificate with `?sslrootcert=FILE` (PostgreSQL) or `?ssl-ca=FILE` (MySQL) behind \
             the URL, and name the host as the certificate does; without any check of the server: `?sslmode=require` or `?ssl-mode=REQUIRED`"
        }
        Refusal::Other => "see whether `psql` or `mariadb` connects from here with the same address, user and password",
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
                "supply a CSV file, or another file that is read and holds one table: export the data to one"
            }
            ProblemCode::Unreadable | ProblemCode::Denied => "give this user the right to read it",
            ProblemCode::DoubtfulHeader => {
                "say with `--header yes` that the first row names the columns, or with `--header no` that it is a record; where one sheet holds \
                 several tables, supply each as a file of its own"
            }
            ProblemCode::CutShort | ProblemCode::RowTooLong => "obtain the whole file, or close the quote that stays open in it",
            ProblemCode::NotRegular | ProblemCode::SymlinkLoop => "name the regular file that holds the data",
            ProblemCode::BeyondLimit => "unpack it, and supply what comes out",
            ProblemCode::ReadFailed => "see what the system says, mend it, and supply the data again",
            ProblemCode::ChangedWhileRead => "supply it again while nothing writes to it, or supply a copy",
            _ => "mend the data, or export them again: a record that is not read would never be looked for",
        },
        SupplyError::NoRecord => "supply a file with at least one row; if its first row is a record, say `--header no`",
        SupplyError::NoKey => "say with `--schema` what the columns hold; `residua inspect DATA` shows what they are taken for",
        SupplyError::NoReference => "name a column of the data with `--reference`, as it stands in their header",
        SupplyError::NoEmail => {
            "leave `--probe-hashed-email` out, or say with `--schema` which column holds the addresses; `residua inspect DATA` shows what they are \
             taken for"
        }
        SupplyError::UnknownKey(_) => {
            "`residua supply --help` lists the match keys; `residua inspect DATA` shows what the columns were taken for"
        }
        SupplyError::Contradictory(_) => {
            "write all dates of the column in one form, `2017-06-30` for instance, and export the data again; if it holds no dates, say so \
             with `--schema`"
        }
        SupplyError::Undecided(column) => {
            return Some(format!(
                "say it with `--schema`:\n        [columns.\"{column}\"]\n        kind = \"date\"\n        order = \"dmy\"   # or mdy, ymd"
            ));
        }
        SupplyError::Implausible { .. } => "say with `--schema` what the column holds",
        SupplyError::NoColumn(_) => "write the column's name as it stands in the header",
        SupplyError::NotAField(_) => "say its `kind` too; `residua supply --help` has the words",
        SupplyError::Control(error) => return of_controls(error),
        SupplyError::TooMany => "divide the data into several supplies",
        SupplyError::Seed(error) => return error.help().map(str::to_owned),
        SupplyError::Spill(_) | SupplyError::Write(_) | SupplyError::Read(_) => return None,
    };
    Some(advice.to_owned())
}

fn of_controls(error: &ControlError) -> Option<String> {
    let advice = match error {
        ControlError::Source(problem) => return of_supply(&SupplyError::Source(problem.clone())),
        ControlError::Read(_) => return None,
        ControlError::NoColumn(_) => "export the controls with the columns of the data, under the same names",
        ControlError::TooFew { .. } => {
            "name a file with more people who were not supplied, and with the same columns filled; or leave `--controls` away"
        }
        ControlError::FewRecords(_) => "leave `--controls` away: so few records are no measure",
        ControlError::Supplied { .. } => {
            "take everybody who is supplied out of the controls, members of a household who share such a key too, and supply again"
        }
        ControlError::Incomparable { .. } => {
            "draw the controls at random from the people of whom the supplied ones were drawn, before they were divided: with others in their place \
             a recipient would be accused for the difference"
        }
    };
    Some(advice.to_owned())
}

fn of_map(error: &MapError) -> &'static str {
    match error {
        MapError::Syntax { .. } | MapError::Pattern(_) | MapError::Text { .. } => {
            "see `residua scan --help` for the form of a map file"
        }
        MapError::NoReason(_) => "write in `reason` why it is left out: the originator reads it, and accepts it or not",
        MapError::NotAField { .. } => "say its `kind` too; `residua supply --help` has the words",
        MapError::NoColumn { .. } => "write the column's name as `residua inspect SOURCE` shows it",
        MapError::Unused(Unused::Pattern(_)) => {
            "write the target's name as `residua inspect SOURCE` shows it, or remove the rule"
        }
        MapError::Unused(Unused::Exception { .. }) => {
            "write the target's name as `residua inspect SOURCE` shows it, or remove the exception"
        }
        MapError::Unused(Unused::Column { .. }) => {
            "write the column's name as `residua inspect SOURCE` shows it, or remove its line"
        }
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
        ManifestError::Layout { .. } => Some("ask the originator for a manifest that a released residua wrote"),
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
        io::ErrorKind::ReadOnlyFilesystem => Some("name a file on another disk"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::JsonError;
    use crate::attestation::statement::PredicateType;
    use crate::manifest::write::WriteError;
    use crate::record::schema::RuleError;
    use crate::scan::ScanError;
    use crate::source::Problem;
    use crate::supply::seed::SeedError;
    use crate::support::snapshot;
    use anyhow::Error;
    use std::path::PathBuf;

    fn path() -> PathBuf {
        PathBuf::from("some/file")
    }

    fn io(kind: io::ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    fn system() -> Vec<Error> {
        use io::ErrorKind as Kind;
        let kinds = [
            Kind::NotFound,
            Kind::PermissionDenied,
            Kind::AlreadyExists,
            Kind::IsADirectory,
            Kind::NotADirectory,
            Kind::StorageFull,
            Kind::ReadOnlyFilesystem,
            Kind::TimedOut,
        ];
        kinds.into_iter().map(|kind| Error::new(io(kind)).context("cannot write `some/file`")).collect()
    }

    fn refused(reason: &str, refusal: Refusal) -> SourceError {
        let name = "postgres://db.example.com/crm".to_owned();
        SourceError::Server(ServerError::Connect { name, reason: reason.to_owned(), refusal })
    }

    fn sources() -> Vec<Error> {
        let word = || "some*".to_owned();
        let of_supply = |error| Error::new(error).context("cannot supply `data.csv`");
        let codes = [
            ProblemCode::Unreadable,
            ProblemCode::UnknownFormat,
            ProblemCode::Unsupported,
            ProblemCode::Denied,
            ProblemCode::Filtered,
            ProblemCode::Empty,
            ProblemCode::NotRegular,
            ProblemCode::SymlinkLoop,
            ProblemCode::AmbiguousDelimiter,
            ProblemCode::DoubtfulWidths,
            ProblemCode::DoubtfulHeader,
            ProblemCode::RaggedRows,
            ProblemCode::AmbiguousEncoding,
            ProblemCode::Undecodable,
            ProblemCode::BinaryCells,
            ProblemCode::RowTooLong,
            ProblemCode::BeyondLimit,
            ProblemCode::DuplicateColumn,
            ProblemCode::ChangedWhileRead,
            ProblemCode::CutShort,
            ProblemCode::ReadFailed,
            ProblemCode::NotAsked,
            ProblemCode::Stale,
        ];
        let problem = |code: ProblemCode| Problem::of_source(code, "data.csv", format!("(what was seen: {})", code.as_str()));
        let mut errors: Vec<Error> = [
            SourceError::NotFound(word()),
            SourceError::NoMatch(word()),
            SourceError::BadPattern(word()),
            SourceError::UnknownScheme("oracle".into()),
            SourceError::StdinTwice,
            SourceError::BadDelimiter,
            SourceError::Stdin(io(io::ErrorKind::BrokenPipe)),
            SourceError::Temporary { folder: "/full".into(), error: io(io::ErrorKind::StorageFull) },
            SourceError::Server(ServerError::Address { kind: "PostgreSQL", fault: "a port is a number up to 65535".into() }),
            SourceError::Server(ServerError::File("`ca.pem` cannot be read".into())),
            refused("Connection refused (os error 111)", Refusal::Unreachable),
            refused("password authentication failed for user \"reader\"", Refusal::Login),
            refused("password missing", Refusal::NoPassword),
            refused("permission denied for database \"crm\"", Refusal::NoRight),
            refused("database \"crm\" does not exist", Refusal::NoDatabase),
            refused("invalid peer certificate: Expired", Refusal::Expired),
            refused("invalid peer certificate: UnknownIssuer", Refusal::Certificate),
            refused("too many clients already", Refusal::Other),
        ]
        .into_iter()
        .map(Error::new)
        .collect();
        errors.extend(codes.into_iter().map(|code| of_supply(SupplyError::Source(problem(code)))));
        errors.extend(
            [
                SupplyError::Read(ReadError::SplitMismatch),
                SupplyError::NoRecord,
                SupplyError::TooMany,
                SupplyError::NoColumn("dob".into()),
                SupplyError::NotAField("colour".into()),
                SupplyError::NoKey,
                SupplyError::UnknownKey("shoe".into()),
                SupplyError::NoReference,
                SupplyError::NoEmail,
                SupplyError::Undecided("dob".into()),
                ControlError::NoColumn("dob".into()).into(),
                ControlError::TooFew { rows: 1_200, usable: 999 }.into(),
                ControlError::FewRecords(999).into(),
                ControlError::Supplied { shared: 1, of: 1_000, rows: vec![7] }.into(),
                ControlError::Incomparable { key: "name_dob".into(), controls: 75, records: 100 }.into(),
                SupplyError::Contradictory("dob".into()),
                SupplyError::Implausible { column: "dob".into(), kind: "date", unreadable: 9, filled: 10 },
                SupplyError::Write(WriteError::Output(io(io::ErrorKind::StorageFull))),
                SupplyError::Write(WriteError::Spill(io(io::ErrorKind::StorageFull))),
                SupplyError::Write(WriteError::UnfinishedLane),
                SupplyError::Spill(io(io::ErrorKind::StorageFull)),
                SeedError::TooFew { records: 99, most: 0 }.into(),
                SeedError::TooAlike("family names").into(),
                SeedError::NotUnique.into(),
                SeedError::SharesKey("name_dob".into()).into(),
                SeedError::NoKey.into(),
                SeedError::NoColumn("shoe".into()).into(),
                SeedError::FewContacts { rows: 2, wanted: 6 }.into(),
                SeedError::TakenContact(2).into(),
                SeedError::WideRow.into(),
                SeedError::ReadsOtherwise.into(),
                SeedError::Output(io(io::ErrorKind::StorageFull)).into(),
            ]
            .map(of_supply),
        );
        errors.extend([
            Error::new(ScanError::Findings(io(io::ErrorKind::StorageFull))),
            Error::new(ScanError::TooManyRecords),
            Interrupted.into(),
        ]);
        errors
    }

    fn settings() -> Vec<Error> {
        let of_map = |error| Error::new(error).context("cannot use the map file `map.toml`");
        let of_schema = |error| Error::new(error).context("cannot use the schema `schema.toml`");
        let rule = |problem| of_schema(SchemaError::Rule { column: "dob".into(), problem });
        vec![
            of_map(MapError::Syntax { line: 3, message: "unclosed table, expected `]`".into() }),
            of_map(MapError::Pattern("[".into())),
            of_map(MapError::NoReason("notes".into())),
            of_map(MapError::Text { pattern: "exports/*".into(), fault: "widths are numbers of characters" }),
            of_map(MapError::NoColumn { target: "crm.db#contacts".into(), column: "shoe".into() }),
            of_map(MapError::NotAField { target: "crm.db#contacts".into(), column: "shoe".into() }),
            of_map(MapError::Unused(Unused::Pattern("nowhere*".into()))),
            of_map(MapError::Unused(Unused::Exception { pattern: "crm.db#*".into(), except: "nowhere*".into() })),
            of_map(MapError::Unused(Unused::Column { pattern: "crm.db#*".into(), column: "shoe".into() })),
            of_schema(SchemaError::Syntax { line: 3, message: "unclosed table, expected `]`".into() }),
            of_schema(SchemaError::NoColumn),
            rule(RuleError::Word { key: "kind", word: "birthday".into(), allowed: "name, date".into() }),
            rule(RuleError::Role { kind: "date", role: "street", allowed: "birth, child".into() }),
            rule(RuleError::Misplaced { key: "order", kind: "name" }),
        ]
    }

    fn documents() -> Vec<Error> {
        let accepting = |error: Error| error.context("cannot accept the challenge `some/file`");
        let using = |error: Error| error.context("cannot use the manifest `some/file`");
        let (line, column) = (1, 7);
        let json = [
            JsonError::Syntax { line, column },
            JsonError::Duplicate { line, column },
            JsonError::Number { line, column },
            JsonError::Depth { line, column },
            JsonError::Member { line, column },
            JsonError::Form,
        ];
        let mut errors: Vec<Error> = json.into_iter().map(|error| accepting(EnvelopeError::Json(error).into())).collect();
        errors.extend(
            [
                EnvelopeError::TooLarge,
                EnvelopeError::PayloadType,
                EnvelopeError::Signatures { count: 2 },
                EnvelopeError::Base64 { member: "sig" },
                EnvelopeError::OtherKey { keyid: "SHA256:theirs".into(), expected: "SHA256:ours".into() },
                EnvelopeError::Signature,
            ]
            .map(|error| accepting(error.into())),
        );
        errors.extend(
            [
                StatementError::Json(JsonError::Form),
                StatementError::NotAStatement,
                StatementError::UnknownKind,
                StatementError::Newer { kind: PredicateType::Challenge, version: 2 },
                StatementError::OtherKind { found: PredicateType::Attestation, wanted: PredicateType::Challenge },
                StatementError::Subjects { count: 2 },
                StatementError::Digest,
                StatementError::Unwritable,
            ]
            .map(|error| accepting(error.into())),
        );
        errors.extend(
            [
                ManifestError::NotAManifest,
                ManifestError::NewerVersion { found: 2, newest: 1 },
                ManifestError::CutShort { found: 10, expected: 20 },
                ManifestError::Length { found: 30, expected: 20 },
                ManifestError::Unfinished,
                ManifestError::OtherManifest,
                ManifestError::Layout { what: "a fence table has too many bits" },
                ManifestError::Digest { what: "SHA-256 digest" },
                ManifestError::Damaged { what: "its fingerprints are out of order" },
            ]
            .map(|error| using(error.into())),
        );
        errors.extend(
            [
                StatementFault::Normaliser { found: "99".into(), known: "residua-1" },
                StatementFault::Unknown { what: "class" },
                StatementFault::Contradiction { what: "it has not one section for each key" },
            ]
            .map(|error| using(error.into())),
        );
        errors.extend(
            [
                SealedError::Encrypt { name: "The recipient".into() },
                SealedError::OtherKey { name: "The recipient".into() },
                SealedError::Damaged,
                SealedError::Length,
            ]
            .map(Error::new),
        );
        errors
    }

    fn keys() -> Vec<Error> {
        let mut errors: Vec<Error> = [
            KeyError::Read { path: path(), source: io(io::ErrorKind::NotFound) },
            KeyError::Shared { path: path() },
            KeyError::NotAKey { path: path(), problem: "it has no private key block" },
            KeyError::Name { problem: "is empty" },
            KeyError::Encode,
        ]
        .into_iter()
        .map(Error::new)
        .collect();
        let of_file = |error| Error::new(CardError::File { path: path(), source: Box::new(error) });
        errors.push(CardError::Read { path: path(), source: io(io::ErrorKind::NotFound) }.into());
        errors.extend(
            [
                CardError::TooLong,
                CardError::Json(JsonError::Form),
                CardError::Name { problem: "is empty" },
                CardError::PublicKey,
                CardError::Fingerprint,
                CardError::Recipient,
            ]
            .map(of_file),
        );
        errors
    }

    fn ledgers() -> Vec<Error> {
        let errors = [
            LedgerError::Missing { folder: path() },
            LedgerError::File { path: path(), source: io(io::ErrorKind::PermissionDenied) },
            LedgerError::Torn { line: 3 },
            LedgerError::Exported { folder: path() },
            LedgerError::Broken { line: 3, problem: "lines that stood after it are missing" },
            LedgerError::Broken { line: 0, problem: "lines that stood after it are missing" },
            LedgerError::Newer { line: 3 },
            LedgerError::Shared { path: path() },
            LedgerError::Secrets { path: path() },
            LedgerError::Document { sha256: "0a1b".into(), problem: "is missing" },
            LedgerError::Envelope { name: "The originator".into(), source: EnvelopeError::Signature },
            LedgerError::Statement(StatementError::Digest),
            LedgerError::Card(CardError::PublicKey),
            LedgerError::Misfit { problem: "the challenge is of another ledger's supply" },
        ];
        let day = |text: &str| crate::support::time::parse_day(text).unwrap();
        let asked = [
            ChallengeError::TooEarly { phase: "deletion", delete_by: day("2017-06-30"), first: day("2017-07-01") },
            ChallengeError::NoBaseline,
            ChallengeError::EmptyWithoutBaseline,
            ChallengeError::Declarations { fault: "a declaration lacks its reason".into() },
            ChallengeError::Backup {
                system: "tape".into(),
                weakness: "of its copies it is not promised that they are secured".into(),
            },
            ChallengeError::Request { problem: "the manifest has no match key `shoe`".into() },
            ChallengeError::Sealed(SealedError::Encrypt { name: "The recipient".into() }),
        ];
        errors.into_iter().map(Error::new).chain(asked.into_iter().map(Error::new)).collect()
    }

    /// Every error that a command may end with, as the person reads it: also those that a test cannot provoke. What has no help is listed here.
    #[test]
    fn errors_read_well_and_say_what_to_do() {
        const WITHOUT_HELP: [&str; 9] = [
            "timed out",
            "the records do not end where the part of the file ends",
            "a worker did not hand over its entries",
            "the manifest counts more records than its format can tell apart",
            "interrupted; nothing was written",
            "the statement cannot be written",
            "could not be encrypted to",
            "the key could not be encoded",
            "the challenge is of another ledger's supply",
        ];
        let mut text = String::new();
        for error in [system(), sources(), settings(), documents(), keys(), ledgers()].into_iter().flatten() {
            let rendered = render(&error);
            let is_excepted = WITHOUT_HELP.iter().any(|words| rendered.contains(words));
            assert_ne!(rendered.contains("\n  help: "), is_excepted, "{rendered}");
            text += &rendered;
            text.push('\n');
        }
        snapshot::holds("messages/errors.txt", &text);
    }

    #[test]
    fn names_of_files_are_harmless() {
        let rendered = render(&advised("cannot read `a\u{1b}[31m\u{202e}`", "first\n        second"));
        assert_eq!(rendered, "error: cannot read `a\\u{1b}[31m\\u{202e}`\n  help: first\n        second\n");
    }
}
