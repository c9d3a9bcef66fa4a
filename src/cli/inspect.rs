//! `inspect`: what a file of ours says, or what a source holds and what its columns would be taken for.

mod document;
pub(in crate::cli) mod estimate;
mod grants;
mod ledger;
mod manifest;
mod party;
mod settings;
mod sources;
mod stamp;
mod words;

pub(crate) use crate::cli::inspect::sources::json_columns;
pub(crate) use crate::cli::inspect::words::column_rows;

use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::reading::Piped;
use crate::cli::reading::Reading;
use crate::manifest::header;
use crate::source;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

/// Bytes by which a file of ours is told from a source.
const HEAD: u64 = header::HEADER_BYTES as u64;

/// Show what a file of residua says, or what a source holds
///
/// Knows manifests with their statements, challenges, attestations, receipts, cards, findings, ledgers, time stamps, and schema, map and declaration files. Signatures
/// are checked here only against the card that `--from` names; else the output says which command checks them. Of private keys and salts nothing is shown. Everything else is looked
/// at as a source, as `scan` would: a sample of its rows is read, and no value is shown. Of several, files of residua come first; the sources
/// are looked at together. Of many tables those in which nothing of a person was recognised are only listed; `-v` shows them in full.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua inspect exports/mailing.csv
  residua inspect sqlite:crm.db exports/ --map map.toml
  residua inspect deletion.attestation.json
  residua inspect handover/deletion.residua
  residua inspect deletion.receipt.json --from keys/emma.card.json
  residua inspect baseline.attestation.json --declared > declared.toml
  residua inspect postgres://dba@db.example.org/crm
  residua inspect postgres://dba@db.example.org/crm --grants > role.sql

Exit codes: 0, or 1 where the file cannot be read.")]
pub(crate) struct Arguments {
    /// Files of residua, ledgers' folders, or sources as `residua scan` takes them
    #[arg(required = true, value_name = "FILE-OR-SOURCE")]
    subjects: Vec<String>,
    /// Print what an attestation declares, in the form that `residua challenge --accept` takes
    #[arg(long)]
    declared: bool,
    /// Show a signed document only if the key of this card has signed it
    #[arg(long, value_name = "CARD", conflicts_with_all = ["map", "grants"])]
    from: Option<PathBuf>,
    /// A map file whose effect on the sources is to be seen; `residua scan --help` has its form
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print the statements by which an administrator makes a role that may read all that these databases hold, and nothing else; the role is
    /// called `residua`, or as `--grants=NAME` says. They are only printed, and hold no password
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "residua", conflicts_with_all = ["declared", "map"], help_heading = "Servers")]
    grants: Option<String>,
    /// Print the statements by which an administrator gives the account that is used here what it lacks to read all of these databases, and nothing else
    #[arg(long, conflicts_with_all = ["declared", "map", "grants", "from"], help_heading = "Servers")]
    missing_grants: bool,
    /// Look at sources as `residua scan --deep` reads them
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    piped: Piped,
}

impl Arguments {
    /// What the parser of the command line does not see: flags that do not go together.
    pub(crate) fn fault(&self) -> Option<String> {
        self.piped.fault(&self.subjects)
    }
}

/// Inspects.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    if let Some(role) = &arguments.grants {
        grants::print(role, arguments, context)?;
        return Ok(ExitCode::Clear);
    }
    if arguments.missing_grants {
        grants::print_missing(arguments, context)?;
        return Ok(ExitCode::Clear);
    }
    let mut sources = Vec::new();
    for subject in &arguments.subjects {
        let path = Path::new(subject);
        let is_shown = if path.is_dir() { inspect_folder(path, context)? } else { inspect_file(arguments, path, context)? };
        if !is_shown && arguments.from.is_some() {
            return Err(not_signed(Path::new(&source::shown(subject))));
        }
        if !is_shown && arguments.declared {
            return Err(no_attestation(Path::new(&source::shown(subject))));
        }
        if !is_shown {
            sources.push(subject.clone());
        }
    }
    if !sources.is_empty() {
        sources::inspect(&sources, arguments, context)?;
    }
    Ok(ExitCode::Clear)
}

fn no_attestation(path: &Path) -> anyhow::Error {
    advised(
        format!("`{}` is no attestation", clean(&path.to_string_lossy())),
        "`--declared` prints what an attestation declares: name the file that `residua scan --out` wrote",
    )
}

fn not_signed(path: &Path) -> anyhow::Error {
    advised(
        format!("`{}` is no signed document", clean(&path.to_string_lossy())),
        "`--from` is for challenges, attestations, receipts and the like; leave it away to see what this file is",
    )
}

/// Shows a folder of ours; `false` where it is none.
fn inspect_folder(path: &Path, context: &Context) -> anyhow::Result<bool> {
    if !path.join("ledger.jsonl").is_file() {
        return Ok(false);
    }
    ledger::inspect(path, context)?;
    Ok(true)
}

/// Shows a file of ours; `false` where it is none.
fn inspect_file(arguments: &Arguments, path: &Path, context: &Context) -> anyhow::Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let reading = || format!("cannot read `{}`", path.display());
    let mut start = Vec::new();
    File::open(path).with_context(reading)?.take(HEAD).read_to_end(&mut start).with_context(reading)?;
    let holds = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
    let begins = |word: &[u8]| start.starts_with(word);
    if arguments.declared && !begins(b"{") {
        return Err(no_attestation(path));
    }
    if arguments.from.is_some() && !begins(b"{") {
        return Err(not_signed(path));
    }
    if path.file_name().is_some_and(|name| name == "ledger.jsonl") && path.with_file_name("head").is_file() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ledger::inspect(folder, context)?;
    } else if !start.is_empty() && header::begins_as_manifest(&start) {
        manifest::inspect(path, &start, context)?;
    } else if begins(b"{") {
        return inspect_json(arguments, path, &holds, context);
    } else if begins(b"# residua private key") || begins(b"# Private key of residua") || holds(b"-----BEGIN PRIVATE KEY-----") {
        party::inspect_private_key(path, context)?;
    } else if begins(b"-----BEGIN AGE ENCRYPTED FILE-----") || begins(b"age-encryption.org/") {
        party::inspect_sealed(path, context)?;
    } else if begins(b"# nonce ") && holds(b"\nsource,object,row,primary_key,") {
        settings::inspect_findings(path, context)?;
    } else if path.extension().is_some_and(|extension| extension == "toml") {
        return settings::inspect(path, context);
    } else if begins(stamp::SEQUENCE) {
        return stamp::inspect(path, context);
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// Shows a JSON document of ours; `false` where it is none.
fn inspect_json(arguments: &Arguments, path: &Path, holds: &dyn Fn(&[u8]) -> bool, context: &Context) -> anyhow::Result<bool> {
    if arguments.from.is_none() && holds(b"\"baselineSalt\"") && holds(b"\"deletionSalt\"") {
        party::inspect_salts(path, context)?;
        return Ok(true);
    }
    // Ours have the payload first, and it may be longer than what was looked at; it begins with `{"`, in base64.
    if holds(b"\"payloadType\"") || (holds(b"\"payload\"") && holds(b"\"eyJ")) {
        let bytes = crate::cli::document::read(path, "document")?;
        let envelope = Envelope::parse(&bytes).with_context(|| format!("cannot read the document `{}`", path.display()))?;
        document::inspect(arguments, path, &envelope, context)?;
        return Ok(true);
    }
    if arguments.declared {
        return Err(no_attestation(path));
    }
    if arguments.from.is_some() {
        return Err(not_signed(path));
    }
    if holds(b"\"publicKeyPem\"") {
        party::inspect_card(path, &Card::read(path)?, context)?;
        return Ok(true);
    }
    Ok(false)
}
