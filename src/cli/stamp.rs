//! `stamp`: time stamps of an authority over signed documents, asked for and kept. Both go by files, and nothing is sent.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::stamp::Request;
use crate::attestation::stamp::Signer;
use crate::attestation::stamp::Stamp;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document::read;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::ledger::Ledger;
use crate::ledger::LedgerView;
use crate::ledger::entry::StampEntry;
use crate::report::json_v1;
use crate::report::json_v1::stamp::StampAskedV1;
use crate::report::json_v1::stamp::StampRequestV1;
use crate::report::json_v1::stamp::StampResultV1;
use crate::report::json_v1::stamp::StampV1;
use crate::report::json_v1::stamp::StampsKeptV1;
use crate::report::text;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use clap::Subcommand;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// Ask for time stamps over signed documents, and keep them
///
/// A time stamp (RFC 3161) is a signature of an authority that neither party runs: it saw the digest of a document at a time. So an attestation cannot
/// have been signed later than that, whatever either clock said. Requests and answers are files; `residua` itself sends nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua stamp ask deletion.attestation.json
  curl --data-binary @deletion.attestation.json.tsq \\
      -H \"Content-Type: application/timestamp-query\" \\
      -o deletion.attestation.json.tsr https://tsa.example.org/
  residua stamp keep deletion.attestation.json.tsr

The authority sees a digest and nothing else.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a request for a time stamp beside each document
    ///
    /// The request is over the SHA-256 of the file as it is, which is the name of the document in the ledger. It asks for the authority's certificate,
    /// and holds a random number by which the answer is known to be that to this request.
    #[command(after_help = "\
Example:
  residua stamp ask deletion.attestation.json

Exit codes: 0 written; 1 error, nothing written.")]
    Ask {
        /// Signed documents: attestations, receipts, challenges, statements of manifests. The request to FILE is `FILE.tsq`
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Overwrite existing requests
        #[arg(long)]
        force: bool,
    },
    /// Check time stamps, and keep those that fit in the ledger
    ///
    /// Checked is that the authority granted it, that it is over the SHA-256 of a document that the ledger names, that it answers the request beside it where
    /// there is one (`X.tsq` beside `X.tsr`), and that the key of a certificate for time stamps that came with it has signed it. Not checked is whether anybody
    /// should trust that certificate; `openssl ts -verify` checks it against certificates that you trust.
    #[command(after_help = "\
Example:
  residua stamp keep deletion.attestation.json.tsr
  openssl ts -verify -in deletion.attestation.json.tsr \\
      -data deletion.attestation.json -CAfile ca.pem

Exit codes: 0 kept; 12 one was refused, and those that fit are kept; 1 error.")]
    Keep {
        /// Answers of a time-stamping authority
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
}

/// Asks or keeps.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Ask { files, force } => ask(files, *force, context),
        Command::Keep { files, ledger } => keep(files, &mut Ledger::open(&ledger.folder()?)?, context),
    }
}

fn ask(files: &[PathBuf], force: bool, context: &Context) -> anyhow::Result<ExitCode> {
    let existing = if force { Existing::Replace } else { Existing::Keep };
    let mut requests = Vec::new();
    let mut outs = Vec::new();
    for path in files {
        let bytes = read(path, "document")?;
        if Envelope::parse(&bytes).is_err() {
            return Err(advised(
                format!("`{}` is no signed document", path.display()),
                "name attestations, receipts, challenges or statements of manifests; a manifest is stamped with its statement",
            ));
        }
        let digest = sha256(&bytes);
        let request = Request::to_der(&digest, context.random()?)?;
        let mut out = path.clone().into_os_string();
        out.push(".tsq");
        let out = PathBuf::from(out);
        let writing = || format!("cannot write `{}`", out.display());
        let mut file = AtomicFile::create(&out, Access::Public, existing).with_context(writing)?;
        file.write_all(&request).with_context(writing)?;
        requests.push(StampRequestV1 {
            document: path.display().to_string(),
            sha256: hex::encode(&digest),
            file: out.display().to_string(),
        });
        outs.push((out, file));
    }
    for (out, file) in outs {
        file.commit().with_context(|| format!("cannot write `{}`", out.display()))?;
    }
    match context.format {
        Format::Json => context.print(&json_v1::write(&StampAskedV1 { version: json_v1::VERSION, requests }))?,
        Format::Text => {
            for request in &requests {
                context.say(&format!("{}: request for a time stamp over SHA-256 {}\n", request.file, request.sha256))?;
            }
            context.explain(
                "Next: give each request to a time-stamping authority, which sees nothing of the document but this digest, and run \
                 `residua stamp keep` with its answers. `residua stamp --help` shows how.\n",
            )?;
        }
    }
    Ok(ExitCode::Clear)
}

/// What became of one file.
struct Outcome {
    path: String,
    result: Result<(StampEntry, Signature, bool), Refusal>,
}

/// What was seen of a signature, in words.
type Signature = Option<&'static str>;

/// Why a time stamp is not kept, and what may be done.
struct Refusal {
    why: String,
    help: &'static str,
}

fn keep(files: &[PathBuf], ledger: &mut Ledger, context: &Context) -> anyhow::Result<ExitCode> {
    // What cannot be read is told before anything is entered.
    let answers: Vec<(&PathBuf, Vec<u8>)> =
        files.iter().map(|path| Ok((path, read(path, "time stamp")?))).collect::<anyhow::Result<_>>()?;
    let mut outcomes = Vec::new();
    for (path, bytes) in answers {
        let checked = check(path, &bytes, ledger.view());
        let result = match checked {
            Err(refusal) => Err(refusal),
            Ok((entry, signature)) => {
                let is_new = ledger.add_stamp(context.now(), entry.clone(), &bytes)?;
                Ok((entry, signature, is_new))
            }
        };
        outcomes.push(Outcome { path: path.display().to_string(), result });
    }
    match context.format {
        Format::Json => {
            let results = outcomes.iter().map(|outcome| json(ledger.view(), outcome)).collect();
            context.print(&json_v1::write(&StampsKeptV1 { version: json_v1::VERSION, results }))?;
        }
        Format::Text => {
            for outcome in &outcomes {
                context.say(&words(ledger.view(), outcome))?;
            }
            if let Some((entry, ..)) = outcomes.iter().rev().find_map(|outcome| outcome.result.as_ref().ok()) {
                let (stamp, document) = ledger.stamp_paths(entry);
                context.explain(&format!(
                    "Whether the certificate is that of an authority to be trusted was not checked. OpenSSL checks it against certificates that you trust:\n  \
                     openssl ts -verify -in {} -data {} -CAfile ca.pem\n",
                    stamp.display(),
                    document.display()
                ))?;
            }
        }
    }
    let has_refused = outcomes.iter().any(|outcome| outcome.result.is_err());
    Ok(if has_refused { ExitCode::VerificationFailed } else { ExitCode::Clear })
}

/// Holds an answer against itself, the request beside it and the ledger.
fn check(path: &Path, bytes: &[u8], view: &LedgerView) -> Result<(StampEntry, Signature), Refusal> {
    let stamp = Stamp::read(bytes).map_err(|error| Refusal {
        why: error.to_string(),
        help: "ask for another with `residua stamp ask`; the answer is DER, as the authority sends it (`.tsr`)",
    })?;
    let beside = path.with_extension("tsq");
    // One that is there and cannot be read is not answered either.
    let is_answer =
        || read(&beside, "request").is_ok_and(|request| Request::read(&request).is_ok_and(|request| stamp.answers(&request)));
    if beside != path && fs::metadata(&beside).is_ok() && !is_answer() {
        return Err(Refusal {
            why: format!("it does not answer the request `{}` beside it", clean(&beside.to_string_lossy())),
            help: "put the answer beside the request that it was given for, or move away a request that is another's",
        });
    }
    let document = hex::encode(&stamp.imprint);
    let Some(stamped) = view.stamped(&document) else {
        return Err(Refusal {
            why: format!("it is over the SHA-256 {document}, and no line of the ledger names a document that has it"),
            help: "enter the document first (`residua verify`); the file that was stamped has to be the one that was entered, byte for byte",
        });
    };
    let signature = match &stamp.signer {
        Signer::Certificate { .. } => None,
        Signer::Unverified { because } => Some(*because),
    };
    Ok((StampEntry::new(&stamp, hex::encode(&sha256(bytes)), &stamped), signature))
}

fn json(view: &LedgerView, outcome: &Outcome) -> StampResultV1 {
    let kept = outcome.result.as_ref().ok();
    StampResultV1 {
        file: outcome.path.clone(),
        stamp: kept.map(|(entry, ..)| StampV1::new(view, entry)),
        is_new: kept.is_some_and(|(.., is_new)| *is_new),
        refused: outcome.result.as_ref().err().map(|refusal| refusal.why.clone()),
    }
}

fn words(view: &LedgerView, outcome: &Outcome) -> String {
    let name = clean(&outcome.path);
    let (entry, signature, is_new) = match &outcome.result {
        Ok(kept) => kept,
        Err(Refusal { why, help }) => return format!("{name}: refused: {}\n  help: {help}\n", text::clean_long(why)),
    };
    let of_supply = entry.supply_id.as_ref().map(|id| format!(" of supply {}", view.short_id(id))).unwrap_or_default();
    let mut facts = vec![
        ("over", format!("the {}{of_supply}, SHA-256 {}", view.stamped_words(entry), entry.document)),
        ("time", format!("{}, by the authority's clock", entry.time)),
        ("policy", clean(&entry.policy)),
        ("serial number", clean(&entry.serial)),
    ];
    match (&entry.authority, &entry.certificate, signature) {
        (Some(authority), Some(certificate), _) => {
            facts.push(("signed by", format!("the key of a certificate for {}", text::clean_long(authority))));
            facts.push(("certificate", format!("SHA-256 {certificate}")));
        }
        (_, _, because) => facts.push(("signed by", format!("not verified: {}", because.unwrap_or("it cannot be")))),
    }
    let what = if *is_new { "time stamp kept" } else { "time stamp was kept before" };
    format!("{name}: {what}\n{}", text::facts(&facts))
}

/// A time stamp of the ledger in one line.
pub(crate) fn line(view: &LedgerView, entry: &StampEntry) -> String {
    let by = match &entry.authority {
        Some(authority) => format!("by {}", text::clean_long(authority)),
        None => "whose signature was not verified,".to_owned(),
    };
    format!("time stamp of {} {by} over the {} {}", entry.time, view.stamped_words(entry), entry.document)
}
