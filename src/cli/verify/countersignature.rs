//! A recipient's confirmation of what it was handed, which comes the same way as its attestations.

use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::report::json_v1::received::EnteredV1;
use crate::report::text;
use crate::verification::countersignature;
use crate::verification::countersignature::Countersigned;
use jiff::Timestamp;
use std::path::Path;

/// Verifies one and enters it. What there is to say of it, for people and for programs.
pub(super) fn enter(
    ledger: &mut Ledger,
    path: &Path,
    bytes: &[u8],
    now: Timestamp,
) -> Result<(ExitCode, String, EnteredV1), LedgerError> {
    let result = countersignature::verify(ledger, bytes, now)?;
    let told = tell(path.display().to_string(), &result);
    if let Countersigned::Accepted(entry) = result {
        ledger.add_countersignature(now, *entry, bytes)?;
    }
    Ok(told)
}

/// What became of one, for people and for programs.
pub(super) fn tell(file: String, result: &Countersigned) -> (ExitCode, String, EnteredV1) {
    match result {
        Countersigned::Accepted(entry) => {
            let what = if entry.is_derived {
                "the manifest was made anew from the data, and is the same"
            } else {
                "receipt alone; the manifest was not compared with the data"
            };
            let by = text::signed(" by ", &entry.name, &entry.role, "");
            let words = format!("{file}\nConfirmation of supply {}{by}, signed {}: {what}\n", entry.supply_id, entry.signed_at);
            let entered = EnteredV1 {
                file,
                result: "accepted".to_owned(),
                supply_id: Some(entry.supply_id.clone()),
                derived: Some(entry.is_derived),
                reason: None,
                help: None,
            };
            (ExitCode::Clear, words, entered)
        }
        Countersigned::Refused(failure) => {
            let words = format!("{file}\nConfirmation refused: {}\n  help: {}\n", failure.reason, failure.help);
            let entered = EnteredV1 {
                file,
                result: "refused".to_owned(),
                supply_id: None,
                derived: None,
                reason: Some(failure.reason.clone()),
                help: Some(failure.help.to_owned()),
            };
            (ExitCode::VerificationFailed, words, entered)
        }
    }
}
