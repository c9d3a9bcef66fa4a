//! `verify`: the originator checks attestations against its ledger, and enters what it received.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::ledger_folder;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::entry::Conclusion;
use crate::report::json_v1;
use crate::report::text;
use crate::support::sanitize::clean;
use crate::verification;
use crate::verification::Status;
use crate::verification::Verification;
use clap::Args;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

/// Verify attestations against the ledger, and enter them
///
/// Runs nine numbered checks on each attestation, all of them, and says of each that fails what to do. The appraisal starts from the verdict that
/// the recipient states, and can only worsen it. Attestations that a pinned recipient signed are entered into the ledger.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua verify deletion.attestation.json

Exit codes: 0 clear (or a baseline that found its share), 10 inconclusive, 11 residual, 12 a check failed. Of several attestations the worst counts.")]
pub(crate) struct Arguments {
    /// The attestations
    #[arg(required = true, value_name = "ATTESTATION")]
    attestations: Vec<PathBuf>,
    /// The ledger; else `$RESIDUA_LEDGER`, else a folder of your user's data directory
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

/// Verifies.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut ledger = Ledger::open(&ledger_folder(arguments.ledger.as_ref())?)?;
    let mut code = ExitCode::Clear;
    let mut results = Vec::new();
    for path in &arguments.attestations {
        let bytes = document::read(path, "attestation")?;
        let now = context.now();
        let verification = verification::verify(&ledger, &bytes, now)?;
        if let Some(receipt) = verification.receipt() {
            ledger.add_receipt(now, receipt, &bytes)?;
        }
        code = code.worst(exit_code(verification.appraisal.conclusion));
        match context.format {
            Format::Text => context.print(&words(path, &verification, context))?,
            Format::Json => results.push(json(path, &verification)),
        }
    }
    if context.format == Format::Json {
        context.print(&json_v1::write(&json_v1::VerifiedV1 { version: json_v1::VERSION, attestations: results }))?;
    }
    Ok(code)
}

fn exit_code(conclusion: Conclusion) -> ExitCode {
    match conclusion {
        Conclusion::Present | Conclusion::Clear => ExitCode::Clear,
        Conclusion::Inconclusive => ExitCode::Inconclusive,
        Conclusion::Residual => ExitCode::Residual,
        Conclusion::Failed => ExitCode::VerificationFailed,
    }
}

fn words(path: &Path, verification: &Verification, context: &Context) -> String {
    let mut words = format!("{}\n", path.display());
    if let Some(asked) = &verification.asked {
        let _ = writeln!(
            words,
            "{} scan of supply {} by {}, agreed for deletion by {}",
            asked.phase.word(),
            asked.supply_id,
            clean(&asked.recipient),
            clean(&asked.delete_by)
        );
    }
    for check in &verification.checks {
        match &check.status {
            Status::Passed => {
                let _ = writeln!(words, "  V{} passed   {}", check.number, check.name);
            }
            Status::NotRun(because) => {
                let _ = writeln!(words, "  V{} not run  {}: {}", check.number, check.name, clean(because));
            }
            Status::Failed(failures) => {
                let _ = writeln!(words, "  V{} {}   {}", check.number, text::word("failed", context.style), check.name);
                for failure in failures {
                    let _ = writeln!(words, "       {}\n       help: {}", failure.reason, failure.help);
                }
            }
        }
    }
    let _ = writeln!(words, "Appraisal: {}", text::word(verification.appraisal.conclusion.word(), context.style));
    // What failed stands at its check already.
    for reason in verification.appraisal.reasons.iter().filter(|_| verification.appraisal.conclusion != Conclusion::Failed) {
        let _ = writeln!(words, "  {reason}");
    }
    if let Some(stated) = verification.stated.as_ref().filter(|_| verification.appraisal.conclusion != Conclusion::Failed) {
        let _ = writeln!(words, "  {}", clean_long(&stated.meaning));
    }
    for overlap in &verification.overlaps {
        let _ = writeln!(
            words,
            "Declared overlap: {} people in `{}`, held lawfully as `{}` ({}); declared by the recipient, accepted by you.",
            text::count(overlap.records),
            clean(&overlap.target),
            clean(&overlap.declaration),
            clean(&overlap.source)
        );
    }
    if let Some(stated) = &verification.stated {
        words.push_str(&text::declared(&stated.declared));
    }
    for declaration in &verification.not_accepted {
        let _ = writeln!(words, "Not accepted by the challenge: {declaration}");
    }
    for note in &verification.appraisal.notes {
        let _ = writeln!(words, "Note: {note}");
    }
    words
}

/// The meaning is our own sentence where V8 passed, and longer than what is otherwise quoted.
fn clean_long(text: &str) -> String {
    text.split_inclusive(' ').map(clean).collect()
}

fn json(path: &Path, verification: &Verification) -> json_v1::VerificationV1 {
    json_v1::VerificationV1 {
        file: path.display().to_string(),
        appraisal: verification.appraisal.conclusion.word().to_owned(),
        appraisal_reasons: verification.appraisal.reasons.clone(),
        checks: (verification.checks.iter())
            .map(|check| {
                let (result, reason, help) = match &check.status {
                    Status::Passed => ("passed", None, None),
                    Status::NotRun(because) => ("not run", Some(because.clone()), None),
                    Status::Failed(failures) => (
                        "failed",
                        Some(failures.iter().map(|failure| failure.reason.as_str()).collect::<Vec<_>>().join("; ")),
                        failures.first().map(|failure| failure.help.to_owned()),
                    ),
                };
                json_v1::CheckV1 {
                    check: format!("V{}", check.number),
                    name: check.name.to_owned(),
                    result: result.to_owned(),
                    reason,
                    help,
                }
            })
            .collect(),
    }
}
