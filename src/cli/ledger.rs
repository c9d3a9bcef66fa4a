//! `ledger`: whether the ledger is sound, the one repair that there is, and a copy for others.

use crate::attestation::dsse::Envelope;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::passphrase::PassphraseArgument;
use crate::cli::passphrase::read_new;
use crate::ledger::Ledger;
use crate::ledger::audit::Audit;
use crate::ledger::audit::Fault;
use crate::ledger::store::repair::Repaired;
use crate::report::json_v1;
use crate::report::json_v1::ledger::AuditV1;
use crate::report::json_v1::ledger::CarriedV1;
use crate::report::json_v1::ledger::CutV1;
use crate::report::json_v1::ledger::ExportV1;
use crate::report::json_v1::ledger::FaultV1;
use crate::report::json_v1::ledger::ProtectedV1;
use crate::report::json_v1::ledger::RepairV1;
use crate::report::text;
use crate::support::atomic_file;
use crate::support::number::of;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use clap::Subcommand;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Verify the ledger, repair its end, export it, or put its secrets under a passphrase
///
/// The ledger is a chain: each line holds the digest of the one before, and every command that uses it verifies them all. `docs/ledger.md` has its form.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua ledger verify --against deletion.challenge.json
  residua ledger repair
  residua ledger export --out for-the-auditor")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at everything in the ledger, and say all that is wrong
    ///
    /// The lines and their head; each document that a line names, by its digest, and by the recipient's key where the recipient signed it; the salts
    /// and seeds that each supply needs, and that nobody but you can read them. Nothing is changed.
    ///
    /// Whoever writes the ledger anew from some line on, head and all, is not found out so. Every challenge, and every receipt of `residua verify --receipts`,
    /// names the last line of its time: keep those that you handed out, or ask a recipient for one, and hold them against the ledger with `--against`.
    #[command(after_help = "\
Example:
  residua ledger verify --against deletion.challenge.json

Exit codes: 0 sound; 12 faults; 1 something could not be looked at.")]
    Verify {
        /// A challenge or a receipt that left the house, to be held against the lines; may be repeated
        #[arg(long, value_name = "FILE")]
        against: Vec<PathBuf>,
        #[command(flatten)]
        ledger: LedgerArgument,
        #[command(flatten)]
        passphrase: PassphraseArgument,
    },
    /// Cut off a last line that was not written to its end
    ///
    /// A command that was killed, or a machine that failed, may leave half a line, and then no command uses the ledger. What is cut off is kept in a
    /// file beside the lines, and a line of its own says so. Nothing else is ever repaired: a ledger that was altered is restored from a backup.
    Repair {
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Copy the ledger without its secrets
    ///
    /// The lines, their head, and the documents that they name: for whoever is to see what was supplied, asked and answered. `status`, `supplies` and
    /// `ledger verify` read the copy with `--ledger DIR`; nothing is added to it. It names your recipients, and holds no salt, seed or reference.
    Export {
        /// The folder to be made
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Put the ledger's secrets under a passphrase, or under another one
    ///
    /// Salts, seeds and references are encrypted as age files. `supply` and `status` go on without the passphrase; `challenge`, `verify` and whatever else
    /// needs a secret takes `--passphrase-file`. Nobody can restore a passphrase that is lost, and nothing can be asked of the supplies then. Removed
    /// files may be restored from the medium, and backups made before hold the secrets as they were.
    #[command(after_help = "\
Example:
  residua ledger protect --new-passphrase-file passphrase.txt

`age` opens the files, too: age -d secrets/identity.age > identity, and then
age -d -i identity secrets/FILE.age.")]
    Protect {
        /// The file that holds the new passphrase in its first line, for its owner alone; `-` for standard input
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: PathBuf,
        #[command(flatten)]
        ledger: LedgerArgument,
        #[command(flatten)]
        passphrase: PassphraseArgument,
    },
    /// Take the ledger's secrets from under the passphrase
    Unprotect {
        #[command(flatten)]
        ledger: LedgerArgument,
        #[command(flatten)]
        passphrase: PassphraseArgument,
    },
}

/// Verifies, repairs or exports.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Verify { against, ledger, passphrase } => verify(&ledger.folder()?, passphrase, against, context),
        Command::Repair { ledger } => repair(&ledger.folder()?, context),
        Command::Export { out, ledger } => export(&ledger.folder()?, out, context),
        Command::Protect { new_passphrase_file, ledger, passphrase } => {
            let mut ledger = Ledger::open(&ledger.folder()?)?;
            passphrase.unlock(&mut ledger)?;
            let was_protected = ledger.is_protected();
            let files = ledger.protect(&read_new(new_passphrase_file)?)?;
            if was_protected {
                context.explain("The passphrase was changed. Backups from before open with the old one.\n")?;
            }
            protected(true, files, context)
        }
        Command::Unprotect { ledger, passphrase } => {
            let mut ledger = Ledger::open(&ledger.folder()?)?;
            passphrase.unlock(&mut ledger)?;
            let files = ledger.unprotect()?;
            protected(false, files, context)
        }
    }
}

/// Says whether the secrets are under a passphrase now.
fn protected(is_protected: bool, files: u64, context: &Context) -> anyhow::Result<ExitCode> {
    let (how, what) = if is_protected { ("under a passphrase", "encrypted") } else { ("under no passphrase", "decrypted") };
    match context.format {
        Format::Text => context.say(&format!("The ledger's secrets are {how}; {} {what}\n", of(files, "file")))?,
        Format::Json => {
            context.print(&json_v1::write(&ProtectedV1 { version: json_v1::VERSION, is_protected, files }))?;
        }
    }
    Ok(ExitCode::Clear)
}

fn verify(folder: &Path, passphrase: &PassphraseArgument, against: &[PathBuf], context: &Context) -> anyhow::Result<ExitCode> {
    // What cannot be read is told before the work.
    let mut challenges = Vec::new();
    for path in against {
        let bytes = document::read(path, "document")?;
        let envelope = Envelope::parse(&bytes).with_context(|| accepting(path))?;
        challenges.push((path, bytes, envelope));
    }
    let (mut ledger, fault) = Ledger::open_as_is(folder)?;
    passphrase.unlock(&mut ledger)?;
    let mut audit = Audit::new(&ledger, fault.as_ref(), &context.cancel).ok_or(Interrupted)?;
    for (path, bytes, envelope) in &challenges {
        audit.compare(&ledger, &path.display().to_string(), bytes, envelope).with_context(|| accepting(path))?;
    }
    match context.format {
        Format::Json => context.print(&json_v1::write(&json(&audit)))?,
        Format::Text => {
            context.say(&words(&audit, context))?;
            if audit.faults.is_empty() && against.is_empty() {
                context.explain(
                    "Whether the ledger was written anew from some line on shows only against a challenge or a receipt that left the house (`--against FILE`).\n",
                )?;
            }
        }
    }
    Ok(if audit.has_unseen() {
        ExitCode::Error
    } else if audit.faults.is_empty() {
        ExitCode::Clear
    } else {
        ExitCode::VerificationFailed
    })
}

fn accepting(path: &Path) -> String {
    format!("cannot hold `{}` against the ledger", path.display())
}

fn words(audit: &Audit, context: &Context) -> String {
    let mut facts = vec![
        ("lines", format!("{}, the last one {}", text::count(audit.lines), audit.head)),
        ("supplies", text::count(audit.supplies)),
        ("documents", format!("{}, {} of them signed by recipients", text::count(audit.documents), text::count(audit.signed))),
    ];
    if !audit.is_exported {
        facts.push(("secrets", of(audit.secrets, "file")));
        if audit.manifests > 0 {
            facts.push(("manifests", of(audit.manifests, "file")));
        }
    }
    if audit.stamps > 0 {
        facts.push(("time stamps", of(audit.stamps, "file")));
    }
    let mut words = format!("Looked at:\n{}", text::facts(&facts));
    for carried in &audit.carried {
        if let Some(line) = carried.line {
            let _ = writeln!(words, "`{}` was issued after line {line}, which is there.", clean(&carried.name));
        }
    }
    for fault in &audit.faults {
        let _ = writeln!(words, "Fault: {}\n  help: {}", text::clean_long(&fault.problem), text::clean_long(&fault.help));
    }
    for note in &audit.notes {
        let _ = writeln!(words, "Note: {}", text::clean_long(note));
    }
    let result = match audit.faults.len() as u64 {
        0 => "The ledger is sound.".to_owned(),
        faults => text::word(&format!("The ledger has {}.", of(faults, "fault")), context.style),
    };
    words + &result + "\n"
}

fn json(audit: &Audit) -> AuditV1 {
    let fault =
        |fault: &Fault| FaultV1 { kind: fault.kind.word().to_owned(), problem: fault.problem.clone(), help: fault.help.clone() };
    AuditV1 {
        version: json_v1::VERSION,
        sound: audit.faults.is_empty(),
        lines: audit.lines,
        head: audit.head.clone(),
        supplies: audit.supplies,
        documents: audit.documents,
        signed: audit.signed,
        secrets: audit.secrets,
        manifests: audit.manifests,
        stamps: audit.stamps,
        exported: audit.is_exported,
        faults: audit.faults.iter().map(fault).collect(),
        notes: audit.notes.clone(),
        against: (audit.carried.iter()).map(|carried| CarriedV1 { file: carried.name.clone(), line: carried.line }).collect(),
    }
}

fn repair(folder: &Path, context: &Context) -> anyhow::Result<ExitCode> {
    let repaired = Ledger::repair(folder, context.now())?;
    match context.format {
        Format::Json => context
            .print(&json_v1::write(&RepairV1 { version: json_v1::VERSION, repaired: repaired.iter().map(cut).collect() }))?,
        Format::Text => {
            let mut words = String::new();
            for Repaired { entry, was_whole } in &repaired {
                let _ = writeln!(
                    words,
                    "Line {} was cut off: {}, kept in `{}` of the ledger's folder.",
                    entry.line,
                    of(entry.bytes, "byte"),
                    entry.kept()
                );
                if *was_whole {
                    words.push_str("Only its line feed was lacking, and still the command that wrote it did not finish.\n");
                }
            }
            if repaired.is_empty() {
                context.say("Nothing to repair.\n")?;
            } else {
                context.say(&words)?;
                context.explain(
                    "Next: run the command again that did not finish; `residua status` shows where each supply stands.\n",
                )?;
            }
        }
    }
    Ok(ExitCode::Clear)
}

fn cut(repaired: &Repaired) -> CutV1 {
    let entry = &repaired.entry;
    CutV1 {
        line: entry.line,
        bytes: entry.bytes,
        sha256: entry.sha256.clone(),
        kept: entry.kept(),
        was_whole: repaired.was_whole,
    }
}

fn export(folder: &Path, out: &Path, context: &Context) -> anyhow::Result<ExitCode> {
    let writing = || format!("cannot write `{}`", out.display());
    if out.symlink_metadata().is_ok() {
        return Err(advised(format!("`{}` exists already", out.display()), "name a folder that is not there yet"));
    }
    let ledger = Ledger::open(folder)?;
    let copy = atomic_file::folder_beside(out).with_context(writing)?;
    let exported = ledger.export(copy.path(), context.now()).with_context(writing)?;
    // What was copied is read again before it gets its name: the lines may have been changed since.
    let read = Ledger::open(copy.path())?;
    if (read.len(), read.head()) != (ledger.len(), ledger.head()) {
        return Err(advised("the ledger was changed while it was copied", "export it again"));
    }
    context.check_interrupted()?;
    fs::rename(copy.path(), out).with_context(writing)?;
    match context.format {
        Format::Json => context.print(&json_v1::write(&ExportV1 {
            version: json_v1::VERSION,
            folder: out.display().to_string(),
            lines: read.len(),
            head: read.head().to_owned(),
            files: exported.files,
            missing: exported.missing,
        }))?,
        Format::Text => {
            let files = of(exported.files, "file");
            context.say(&format!(
                "{}: {} and {files} that they name, without secrets\n",
                out.display(),
                of(read.len(), "line")
            ))?;
            if exported.missing > 0 {
                context.say(&format!(
                    "{} that lines name could not be copied, since the ledger does not have them; `residua ledger verify` says which.\n",
                    of(exported.missing, "file")
                ))?;
            }
            context.explain(&format!("Read it with `residua ledger verify --ledger {}`.\n", out.display()))?;
        }
    }
    Ok(ExitCode::Clear)
}
