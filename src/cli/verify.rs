//! `verify`: the originator checks attestations against its ledger, and enters what it received.

mod approval;
pub(super) mod bundle;
mod checks;
mod countersignature;
mod destruction;
mod downstream;
mod identify;
mod receipts;

pub(super) use crate::cli::verify::identify::HEADER as IDENTIFIED_HEADER;

use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::PredicateType;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::passphrase::PassphraseArgument;
use crate::cli::verify::identify::Identified;
use crate::cli::verify::receipts::Receipts;
use crate::finding::verdict::ReasonCode;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::entry::Conclusion;
use crate::report::json_v1;
use crate::report::json_v1::VerifiedV1;
use crate::report::json_v1::approval::OfficerSignatureV1;
use crate::report::json_v1::board::ExceptionV1;
use crate::report::text;
use crate::report::text::Style;
use crate::report::text::outcome;
use crate::support::atomic_file::Existing;
use crate::support::sanitize::clean;
use crate::verification;
use crate::verification::Failure;
use crate::verification::Verification;
use clap::ArgGroup;
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

/// Check attestations against the ledger, and enter them
///
/// Runs nine numbered checks on each attestation, all of them, and says of each that fails what to do. The appraisal starts from the verdict that
/// the recipient states, and can only worsen it. Attestations that a recipient of the ledger signed are entered into it; entering one twice
/// changes nothing. A confirmation that the recipient wrote with `residua receive` is checked and entered too, and so is the countersignature of an
/// attestation by the recipient's officer, before or after it. A file that cannot be read keeps none of the others from being entered.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("written").multiple(true)))]
#[command(after_help = "\
Examples:
  residua verify deletion.attestation.json
  residua verify deletion.attestation.json --as keys/emma.key \\
      --receipts receipts
  residua verify client.attestation.json --downstream-of 4f2a
  residua verify --bundle evidence.zip --from keys/emma.card.json

Exit codes: 0 clear, or a baseline that found its share; 10 inconclusive;
11 residual; 12 a check failed; 1 error. Of several attestations the worst
counts. Of a bundle those answers count that stand; where there are none
beyond a baseline it is 10, and 12 where anything in it does not fit.")]
pub(crate) struct Arguments {
    /// The attestations, confirmations and countersignatures, as the recipient sent them
    #[arg(required_unless_present = "bundle", value_name = "ATTESTATION")]
    attestations: Vec<PathBuf>,
    /// Write which rows of your own data were found, by the reference that `supply --reference` kept, and by their numbers: what the attestations name,
    /// which are records found by a key of class S and spot checks. It is personal data
    #[arg(long, value_name = "FILE", group = "written")]
    identify: Option<PathBuf>,
    /// Your private key, with which the supply was made, to sign receipts
    #[arg(long = "as", value_name = "KEY", requires = "receipts")]
    key: Option<PathBuf>,
    /// Write a signed receipt into this folder for each attestation that was entered, which the recipient keeps: these bytes, when they were received,
    /// and the state of your ledger. It does not say what you concluded
    #[arg(long, value_name = "DIR", requires = "key", group = "written")]
    receipts: Option<PathBuf>,
    /// Let the receipts say what you concluded. Where that is worse than what the attestation states, the recipient learns that you know more than a
    /// scan shows, which is that there are seeds or controls
    #[arg(long, requires = "receipts")]
    with_appraisal: bool,
    /// Overwrite existing files
    #[arg(long, requires = "written")]
    force: bool,
    /// The files are attestations that onward recipients gave to their own suppliers, below this supply: its recipient's newest answer names
    /// them, or an attestation that was entered so. They are checked as far as that goes without their challenge, and make nothing better
    #[arg(long, value_name = "SUPPLY", conflicts_with = "written")]
    downstream_of: Option<String>,
    /// Verify all evidence of a supply that `residua bundle` put together, a folder or a zip archive: without a ledger, and with the same result for everybody
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["attestations", "written", "key", "with_appraisal", "force", "downstream_of", "ledger", "passphrase_file"]
    )]
    bundle: Option<PathBuf>,
    /// The originator's card as you were given it, to be compared with the one in the bundle
    #[arg(long, value_name = "CARD", requires = "bundle", conflicts_with = "attestations")]
    from: Option<PathBuf>,
    /// The recipient's card as you were given it, likewise
    #[arg(long, value_name = "CARD", requires = "bundle", conflicts_with = "attestations")]
    to: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    passphrase: PassphraseArgument,
}

/// What there is to say at the end.
struct Report<'a> {
    context: &'a Context,
    identified: Option<Identified>,
    receipts: Option<Receipts>,
    code: ExitCode,
    json: VerifiedV1,
}

/// Verifies.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    if let Some(path) = &arguments.bundle {
        return bundle::run(path, arguments.from.as_deref(), arguments.to.as_deref(), context);
    }
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    arguments.passphrase.unlock(&mut ledger)?;
    if let Some(supply) = &arguments.downstream_of {
        return downstream::run(&mut ledger, supply, &arguments.attestations, context);
    }
    let identified = arguments.identify.as_ref().map(|path| Identified::begin(path, arguments.force)).transpose()?;
    let json = VerifiedV1::new();
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let receipts = match (&arguments.key, &arguments.receipts) {
        (Some(key), Some(folder)) => Some(Receipts::begin(&ledger, key, folder, arguments.with_appraisal, existing)?),
        _ => None,
    };
    let mut report = Report { context, identified, receipts, code: ExitCode::Clear, json };
    // An officer may countersign what comes only after it, so that attestations are entered first.
    let (mut approvals, mut waiting) = (Vec::new(), Vec::new());
    for path in &arguments.attestations {
        let bytes = match document::read(path, "attestation") {
            Ok(bytes) => bytes,
            Err(error) => {
                failure::show(&error);
                report.code = report.code.worst(ExitCode::Error);
                continue;
            }
        };
        match verification::kind(&bytes) {
            Some(PredicateType::Approval) => approvals.push((path, bytes)),
            Some(PredicateType::Countersignature) => {
                let (code, words, entered) = countersignature::enter(&mut ledger, path, &bytes, context.now())?;
                report.code = report.code.worst(code);
                report.say(&words)?;
                report.json.countersignatures.push(entered);
            }
            Some(PredicateType::Destruction) => {
                let (code, words, entered) = destruction::enter(&mut ledger, path, &bytes, context.now())?;
                report.code = report.code.worst(code);
                report.say(&words)?;
                report.json.destructions.push(entered);
            }
            _ => {
                let verification = enter(&mut ledger, &bytes, context.now())?;
                if verification.awaits_countersignature() {
                    waiting.push((path, verification));
                } else {
                    report.attestation(&mut ledger, path, &verification)?;
                }
            }
        }
    }
    for (path, bytes) in approvals {
        let entered = approval::enter(&mut ledger, path, &bytes, context.now())?;
        report.code = report.code.worst(entered.code);
        report.say(&entered.words)?;
        report.json.approvals.push(entered.json);
        let Some(anew) = entered.judged_anew else { continue };
        let mut is_here = false;
        for (_, verification) in waiting.iter_mut().filter(|(_, waiting)| waiting.attestation == anew.attestation) {
            verification.clone_from(&anew);
            is_here = true;
        }
        if !is_here {
            report.code = report.code.worst(exit_code(anew.appraisal.conclusion));
        }
    }
    for (path, verification) in waiting {
        report.attestation(&mut ledger, path, &verification)?;
    }
    if context.format == Format::Json {
        context.print(&json_v1::write(&report.json))?;
    }
    if let (Some(identified), Some(path)) = (report.identified, &arguments.identify) {
        identified.finish(path, context)?;
    }
    Ok(report.code)
}

/// Verifies an attestation and enters it.
fn enter(ledger: &mut Ledger, bytes: &[u8], now: Timestamp) -> Result<Verification, LedgerError> {
    let verification = verification::verify(ledger, bytes, now)?;
    if let Some(receipt) = verification.receipt() {
        ledger.add_receipt(now, receipt, bytes)?;
    }
    Ok(verification)
}

impl Report<'_> {
    fn say(&self, words: &str) -> anyhow::Result<()> {
        if self.context.format == Format::Text { self.context.say(words) } else { Ok(()) }
    }

    fn attestation(&mut self, ledger: &mut Ledger, path: &Path, verification: &Verification) -> anyhow::Result<()> {
        if let Some(identified) = &mut self.identified {
            identified.add(ledger, path, verification)?;
        }
        self.code = self.code.worst(exit_code(verification.appraisal.conclusion));
        self.say(&words(path, verification, self.context.style))?;
        let receipt = match &self.receipts {
            Some(receipts) => receipts.write(ledger, path, verification, self.context.now()),
            None => Ok(None),
        };
        let receipt = receipt.unwrap_or_else(|error| {
            // It is entered all the same, and so may the others be.
            failure::show(&error);
            self.code = self.code.worst(ExitCode::Error);
            None
        });
        if let Some(receipt) = &receipt {
            self.say(&format!("Receipt: {} (send it to the recipient)\n", receipt.display()))?;
        }
        if self.context.format == Format::Json {
            let receipt = receipt.map(|receipt| receipt.display().to_string());
            self.json.attestations.push(json_v1::VerificationV1 { receipt, ..json(path, verification) });
        }
        Ok(())
    }
}

fn exit_code(conclusion: Conclusion) -> ExitCode {
    match conclusion {
        Conclusion::Present | Conclusion::Clear => ExitCode::Clear,
        Conclusion::Inconclusive => ExitCode::Inconclusive,
        Conclusion::Residual => ExitCode::Residual,
        Conclusion::Failed => ExitCode::VerificationFailed,
    }
}

fn words(path: &Path, verification: &Verification, style: Style) -> String {
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
    words.push_str(&checks::words(&verification.checks, style));
    let until = verification.appraisal.clear_until();
    let _ = writeln!(
        words,
        "Appraisal: {}{}",
        text::word(verification.appraisal.conclusion.word(), style),
        until.map_or_else(String::new, |until| format!(" with exceptions until {until}"))
    );
    words.push_str(&outcome::exceptions(&verification.appraisal.exceptions, "  "));
    if let Some(from) = until.and_then(|until| until.tomorrow().ok()) {
        let _ = writeln!(
            words,
            "From {from} on the supply is open again: ask then with `--phase recheck` whether the copies are gone."
        );
    }
    // What failed stands at its check already.
    if verification.appraisal.conclusion != Conclusion::Failed {
        words.push_str(&concluded(verification));
    }
    if let Some(approved) = &verification.approved {
        let _ = writeln!(words, "{}", approval::by(approved));
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
        words.push_str(&outcome::declared(&stated.declared));
    }
    let reasons = named_by_reasons(verification);
    for declaration in verification.not_accepted.iter().filter(|declaration| !is_a_reason(declaration, &reasons)) {
        let _ = writeln!(words, "Not accepted by the challenge: {declaration}");
    }
    for declaration in &verification.refused_before {
        let _ = writeln!(words, "Refused by you before, word for word: {declaration}");
    }
    for note in &verification.appraisal.notes {
        let _ = writeln!(words, "Note: {note}");
    }
    words
}

/// What the reasons that were listed say of declarations that are not accepted, as a declaration in words ends.
fn named_by_reasons(verification: &Verification) -> BTreeSet<String> {
    let is_listed = verification.appraisal.conclusion != Conclusion::Failed;
    let reasons = verification.judgement.iter().filter(|_| is_listed).flat_map(|judgement| &judgement.reasons);
    let named = reasons.filter_map(|reason| match reason.code {
        ReasonCode::ExclusionNotAccepted | ReasonCode::NotScannedNotAccepted => reason.place.as_ref(),
        ReasonCode::DeclarationNotAccepted => reason.key.as_ref(),
        _ => None,
    });
    named.map(|name| format!(" `{}`", clean(name))).collect()
}

/// Whether a declaration that is not accepted stands among the reasons that were listed.
fn is_a_reason(declaration: &str, reasons: &BTreeSet<String>) -> bool {
    declaration.match_indices(" `").any(|(at, _)| declaration.get(at..).is_some_and(|ending| reasons.contains(ending)))
}

/// The meaning, and why the appraisal is no better.
fn concluded(verification: &Verification) -> String {
    let mut words = String::new();
    if let Some(stated) = &verification.stated {
        let _ = writeln!(words, "{}", text::clean_long(&stated.meaning));
    }
    words.push_str(&verification.judgement.as_ref().map(outcome::reasons).unwrap_or_default());
    let doubts: Vec<&Failure> = verification.checks.iter().flat_map(|check| &check.doubts).collect();
    if !doubts.is_empty() {
        words.push_str("Doubts (no failed check, but nothing explains them either):\n");
    }
    for doubt in doubts {
        let _ = writeln!(words, "  {}\n    help: {}", doubt.reason, doubt.help);
    }
    if !verification.appraisal.known.is_empty() {
        words.push_str("Known to your ledger alone:\n");
    }
    for known in &verification.appraisal.known {
        let _ = writeln!(words, "  {}\n    help: {}", known.reason, known.help);
    }
    let attested = verification.stated.as_ref().and_then(AttestationV1::outcome);
    let rest = "`residua inspect ATTESTATION --format json`";
    words.push_str(&attested.map(|outcome| outcome::gaps("Gaps (what was not seen):", &outcome.gaps, rest)).unwrap_or_default());
    words
}

fn json(path: &Path, verification: &Verification) -> json_v1::VerificationV1 {
    let asked = verification.asked.as_ref();
    let is_failed = verification.appraisal.conclusion == Conclusion::Failed;
    json_v1::VerificationV1 {
        file: path.display().to_string(),
        supply_id: asked.map(|asked| asked.supply_id.clone()),
        recipient: asked.map(|asked| asked.recipient.clone()),
        challenge_id: asked.map(|asked| asked.challenge_id.clone()),
        phase: asked.map(|asked| asked.phase.word().to_owned()),
        delete_by: asked.map(|asked| asked.delete_by.clone()),
        appraisal: verification.appraisal.conclusion.word().to_owned(),
        appraisal_reasons: verification.appraisal.reasons.clone(),
        clear_until: verification.appraisal.clear_until().map(|until| until.to_string()),
        exceptions: verification.appraisal.exceptions.iter().map(ExceptionV1::from).collect(),
        meaning: verification.stated.as_ref().filter(|_| !is_failed).map(|stated| stated.meaning.clone()),
        not_accepted: verification.not_accepted.clone(),
        refused_before: verification.refused_before.clone(),
        notes: verification.appraisal.notes.clone(),
        receipt: None,
        countersigned_by: verification.approved.as_ref().map(OfficerSignatureV1::from),
        checks: checks::json(&verification.checks),
    }
}
