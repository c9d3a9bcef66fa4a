//! `countersign`: an officer of the recipient approves an attestation before it goes to the originator.

use crate::attestation::approval_v1;
use crate::attestation::approval_v1::ApprovalV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::report::json_v1;
use crate::report::json_v1::approval::CountersignV1;
use crate::report::text;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// Countersign an attestation as an officer of the recipient
///
/// For a person who answers for the recipient and did not run the scan. Shows what the attestation states, and signs that it is approved. The key is
/// a person's own, made with `residua keygen`; the originator pins its card beside the recipient's (`residua recipient add --officer`). Read the attestation
/// first: `residua inspect ATTESTATION`.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua countersign [OPTIONS] --as <KEY> --from <CARD> --name <TEXT>
                           --role <TEXT> --out <FILE> <ATTESTATION>")]
#[command(after_help = "\
Example:
  residua countersign deletion.attestation.json --as keys/officer.key \\
      --from keys/party.card.json --name \"B. Other\" --role director \\
      --out deletion.approval.json

Exit codes: 0 countersigned; 1 error, and nothing was signed.")]
pub(crate) struct Arguments {
    /// The attestation, as `residua scan --out` wrote it
    attestation: PathBuf,
    /// Your own private key, and not the one that signed the attestation
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The card of the recipient, whose key signed the attestation
    #[arg(long, value_name = "CARD")]
    from: PathBuf,
    /// Who you are; stands in the document
    #[arg(long, value_name = "TEXT", value_parser = line)]
    name: String,
    /// In what capacity you sign; stands in the document
    #[arg(long, value_name = "TEXT", value_parser = line)]
    role: String,
    /// The countersignature to write; it goes to the originator with the attestation, who enters both with `residua verify`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

fn line(text: &str) -> Result<String, String> {
    let text = text.trim();
    if approval_v1::is_line(text) { Ok(text.to_owned()) } else { Err("one line of 1 to 1000 bytes".to_owned()) }
}

/// Countersigns.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let card = Card::read(&arguments.from)?;
    let key = SigningKey::read(&arguments.key)?;
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let writing = || format!("cannot write `{}`", arguments.out.display());
    let mut out = AtomicFile::create(&arguments.out, Access::Public, existing).with_context(writing)?;
    let signed: Document<AttestationV1> = document::open(&arguments.attestation, "attestation", &card)?;
    if key.fingerprint() == card.fingerprint() {
        return Err(advised(
            "this is the key that signed the attestation",
            "somebody else countersigns, with a key of its own (`residua keygen`) whose card the originator has pinned",
        ));
    }
    let stated = &signed.statement.predicate;
    let approval = ApprovalV1 {
        supply_id: stated.supply.clone(),
        challenge_id: stated.challenge.challenge_id.clone(),
        signed_at: time::format(context.now()),
        name: arguments.name.clone(),
        role: arguments.role.clone(),
        declaration: approval_v1::APPROVED.to_owned(),
    };
    if let Some(fault) = approval.fault() {
        return Err(advised(
            format!("`{}` cannot be countersigned: {fault}", arguments.attestation.display()),
            "have the scan made again with an unaltered residua",
        ));
    }
    let name = arguments.attestation.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let digest = hex::decode(&signed.sha256).ok_or_else(|| advised("the attestation has no digest", "report it as a mistake"))?;
    let payload = Statement::new(&name, digest, approval).to_payload()?;
    out.write_all(&Envelope::sign(payload, &key).to_json()).with_context(writing)?;
    out.commit().with_context(writing)?;
    match context.format {
        Format::Json => context.print(&json_v1::write(&CountersignV1 {
            version: json_v1::VERSION,
            supply_id: stated.supply.clone(),
            challenge_id: stated.challenge.challenge_id.clone(),
            phase: stated.challenge.phase.clone(),
            verdict: stated.verdict.clone(),
            attestation: signed.sha256.clone(),
            file: arguments.out.display().to_string(),
        }))?,
        Format::Text => {
            context.say(&format!(
                "You countersign as {}, {}, what {} attests:\n{}{}\n",
                clean(&arguments.name),
                clean(&arguments.role),
                clean(card.name()),
                text::facts(&[
                    ("supply", clean(&stated.supply)),
                    ("challenge", format!("{} ({})", clean(&stated.challenge.challenge_id), clean(&stated.challenge.phase))),
                    ("verdict", clean(&stated.verdict)),
                    ("attestation", format!("SHA-256 {}", signed.sha256)),
                ]),
                text::clean_long(&stated.meaning)
            ))?;
            context.explain(&format!(
                "Next: send {} with the attestation to the originator, who runs `residua verify` on both.\n",
                arguments.out.display()
            ))?;
        }
    }
    Ok(ExitCode::Clear)
}
