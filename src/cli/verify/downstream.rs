//! `verify --downstream-of`: what onward recipients attested to their own suppliers.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::failure::advised;
use crate::cli::verify::checks;
use crate::finding::verdict::Verdict;
use crate::ledger::Ledger;
use crate::report::json_v1;
use crate::report::json_v1::downstream::DownstreamV1;
use crate::report::json_v1::downstream::VerifiedDownstreamV1;
use crate::report::text;
use crate::report::text::Style;
use crate::report::text::outcome;
use crate::support::sanitize::clean;
use crate::verification::downstream;
use crate::verification::downstream::Downstream;
use crate::verification::downstream::Examined;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

/// Verifies them and enters what holds. One that a file names which is entered only now has its turn after that.
pub(super) fn run(ledger: &mut Ledger, supply: &str, paths: &[PathBuf], context: &Context) -> anyhow::Result<ExitCode> {
    let supply = ledger.view().supply(supply).map_err(|error| {
        let help = "`residua supplies list` lists the supplies of the ledger";
        advised(error, help)
    })?;
    let supply_id = supply.entry.supply_id.clone();
    let mut code = ExitCode::Clear;
    let mut waiting = Vec::new();
    for path in paths {
        match document::read(path, "attestation") {
            Ok(bytes) => waiting.push((path, bytes)),
            Err(error) => {
                failure::show(&error);
                code = code.worst(ExitCode::Error);
            }
        }
    }
    let mut results = Vec::new();
    loop {
        let (mut left, mut has_entered) = (Vec::new(), false);
        for (path, bytes) in std::mem::take(&mut waiting) {
            let result = downstream::verify(ledger, ledger.view().supply(&supply_id)?, &bytes, context.now())?;
            if matches!(result, Downstream::Refused { may_follow: true, .. }) {
                left.push((path, bytes));
                continue;
            }
            if let Downstream::Examined(examined) = &result {
                for entry in &examined.entries {
                    has_entered = true;
                    ledger.add_onward(context.now(), entry.clone(), &bytes)?;
                }
            }
            code = code.worst(tell(&supply_id, path, &result, &mut results, context)?);
        }
        if !has_entered || left.is_empty() {
            for (path, bytes) in left {
                let result = downstream::verify(ledger, ledger.view().supply(&supply_id)?, &bytes, context.now())?;
                code = code.worst(tell(&supply_id, path, &result, &mut results, context)?);
            }
            break;
        }
        waiting = left;
    }
    if context.format == Format::Json {
        let (version, attestations) = (json_v1::VERSION, Vec::new());
        context.print(&json_v1::write(&VerifiedDownstreamV1 { version, attestations, downstream: results }))?;
    }
    Ok(code)
}

/// Says what became of one.
fn tell(
    supply_id: &str,
    path: &Path,
    result: &Downstream,
    results: &mut Vec<DownstreamV1>,
    context: &Context,
) -> anyhow::Result<ExitCode> {
    match context.format {
        Format::Text => context.say(&words(supply_id, path, result, context.style))?,
        Format::Json => results.push(json(supply_id, path, result)),
    }
    Ok(exit_code(result))
}

/// The verdict that was stated, where it was entered.
fn stated(examined: &Examined) -> Option<Verdict> {
    examined.entries.first().and_then(|entry| Verdict::parse(&entry.verdict))
}

fn exit_code(result: &Downstream) -> ExitCode {
    let Downstream::Examined(examined) = result else { return ExitCode::VerificationFailed };
    match stated(examined) {
        None => ExitCode::VerificationFailed,
        Some(Verdict::Clear) => ExitCode::Clear,
        // That the data are there is no statement of their deletion.
        Some(Verdict::Present | Verdict::Inconclusive) => ExitCode::Inconclusive,
        Some(Verdict::Residual) => ExitCode::Residual,
    }
}

pub(super) fn words(supply_id: &str, path: &Path, result: &Downstream, style: Style) -> String {
    let mut words = format!("{}\n", path.display());
    let examined = match result {
        Downstream::Refused { failure, .. } => {
            let _ = writeln!(words, "Downstream attestation refused: {}\n  help: {}", failure.reason, failure.help);
            return words;
        }
        Downstream::Examined(examined) => examined,
    };
    let recipient = clean(&examined.recipient);
    let _ = writeln!(words, "attestation of `{recipient}` to its own supplier, below supply {supply_id}");
    words.push_str(&checks::words(&examined.checks, style));
    let Some(verdict) = stated(examined) else {
        words.push_str("Downstream attestation refused: a check failed, and nothing was entered.\n");
        return words;
    };
    let _ = writeln!(words, "Stated: {} (by {})", text::word(verdict.word(), style), signer(examined));
    let _ = writeln!(
        words,
        "That is what `{recipient}` states to its own supplier. It was not checked against a challenge of yours, nothing here shows that it is \
         about your data, and it makes nothing better."
    );
    if let Some(stated) = &examined.stated {
        let _ = writeln!(words, "{}", text::clean_long(&stated.meaning));
        words.push_str(&stated.judgement().as_ref().map(outcome::reasons).unwrap_or_default());
        words.push_str(&outcome::declared(&stated.declared));
    }
    words
}

/// Whose key signed it, in words.
fn signer(examined: &Examined) -> String {
    examined.key.as_ref().map_or_else(|| "a key that is not pinned".to_owned(), |key| format!("the pinned key {}", clean(key)))
}

pub(super) fn json(supply_id: &str, path: &Path, result: &Downstream) -> DownstreamV1 {
    let (file, supply_id) = (path.display().to_string(), supply_id.to_owned());
    match result {
        Downstream::Refused { failure, .. } => DownstreamV1 {
            file,
            result: "refused",
            supply_id,
            recipient: None,
            stated: None,
            key: None,
            reason: Some(failure.reason.clone()),
            help: Some(failure.help.to_owned()),
            checks: Vec::new(),
        },
        Downstream::Examined(examined) => {
            let verdict = stated(examined);
            DownstreamV1 {
                file,
                result: if verdict.is_some() { "entered" } else { "refused" },
                supply_id,
                recipient: Some(examined.recipient.clone()),
                stated: verdict.map(|verdict| verdict.word().to_owned()),
                key: examined.key.clone(),
                reason: verdict.is_none().then(|| "a check failed".to_owned()),
                help: None,
                checks: checks::json(&examined.checks),
            }
        }
    }
}
