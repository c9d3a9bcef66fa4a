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
    let file = path.display().to_string();
    match destruction::verify(ledger, bytes, now)? {
        Destroyed::Accepted(entry, items) => {
            let by = text::signed(" by ", &entry.name, &entry.role, "");
            let words = format!(
                "{file}\nRecord of destruction of supply {}{by}, of {}: {} named; `residua close {}` says whether they are all\n",
                entry.supply_id,
                entry.destroyed_at,
                of(items as u64, "thing"),
                ledger.view().short_id(&entry.supply_id)
            );
            let entered = EnteredV1 {
                file,
                result: "accepted".to_owned(),
                supply_id: Some(entry.supply_id.clone()),
                reason: None,
                help: None,
            };
            ledger.add_destruction(now, *entry, bytes)?;
            Ok((ExitCode::Clear, words, entered))
        }
        Destroyed::Refused(failure) => {
            let words = format!("{file}\nRecord of destruction refused: {}\n  help: {}\n", failure.reason, failure.help);
            let entered = EnteredV1 {
                file,
                result: "refused".to_owned(),
                supply_id: None,
                reason: Some(failure.reason),
                help: Some(failure.help.to_owned()),
            };
            Ok((ExitCode::VerificationFailed, words, entered))
        }
    }
}
