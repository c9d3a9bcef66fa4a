//! A recipient's record of what it has destroyed, which comes the same way as its attestations.

use crate::cli::exit_code::ExitCode;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::report::json_v1::closing::EnteredV1;
use crate::report::text;
use crate::support::number::of;
use crate::verification::destruction;
use crate::verification::destruction::Destroyed;
use jiff::Timestamp;
use std::path::Path;

/// Verifies one and enters it. What there is to say of it, for people and for programs.
pub(super) fn enter(
    ledger: &mut Ledger,
    path: &Path,
    bytes: &[u8],
    now: Timestamp,
) -> Result<(ExitCode, String, EnteredV1), LedgerError> {
    let result = destruction::verify(ledger, bytes, now)?;
    let next = match &result {
        Destroyed::Accepted(entry, _) => {
            format!("; `residua close {}` says whether they are all", ledger.view().short_id(&entry.supply_id))
        }
        Destroyed::Refused(_) => String::new(),
    };
    let told = tell(path.display().to_string(), &result, &next);
    if let Destroyed::Accepted(entry, _) = result {
        ledger.add_destruction(now, *entry, bytes)?;
    }
    Ok(told)
}

/// What became of one, for people and for programs; and what comes next.
pub(super) fn tell(file: String, result: &Destroyed, next: &str) -> (ExitCode, String, EnteredV1) {
    match result {
        Destroyed::Accepted(entry, items) => {
            let by = text::signed(" by ", &entry.name, &entry.role, "");
            let words = format!(
                "{file}\nRecord of destruction of supply {}{by}, of {}: {} named{next}\n",
                entry.supply_id,
                entry.destroyed_at,
                of(*items as u64, "thing")
            );
            let entered = EnteredV1 {
                file,
                result: "accepted".to_owned(),
                supply_id: Some(entry.supply_id.clone()),
                reason: None,
                help: None,
            };
            (ExitCode::Clear, words, entered)
        }
        Destroyed::Refused(failure) => {
            let words = format!("{file}\nRecord of destruction refused: {}\n  help: {}\n", failure.reason, failure.help);
            let entered = EnteredV1 {
                file,
                result: "refused".to_owned(),
                supply_id: None,
                reason: Some(failure.reason.clone()),
                help: Some(failure.help.to_owned()),
            };
            (ExitCode::VerificationFailed, words, entered)
        }
    }
}
