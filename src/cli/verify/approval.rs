//! An officer's countersignature of an attestation, after which that attestation is judged anew.

use crate::cli::exit_code::ExitCode;
use crate::cli::verify::enter as enter_attestation;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::entry::ApprovalEntry;
use crate::report::json_v1::approval::ApprovedV1;
use crate::support::sanitize::clean;
use crate::verification::Verification;
use crate::verification::approval;
use crate::verification::approval::Approved;
use jiff::Timestamp;
use std::path::Path;

/// What became of one.
pub(super) struct Entered {
    pub(super) code: ExitCode,
    pub(super) words: String,
    pub(super) json: ApprovedV1,
    /// The attestation that it is of, as it stands now.
    pub(super) judged_anew: Option<Verification>,
}

/// Verifies one and enters it, and judges the attestation anew that it is of, from the ledger's own copy.
pub(super) fn enter(ledger: &mut Ledger, path: &Path, bytes: &[u8], now: Timestamp) -> Result<Entered, LedgerError> {
    let file = path.display().to_string();
    match approval::verify(ledger, bytes, now)? {
        Approved::Accepted(entry) => {
            let entry = *entry;
            ledger.add_approval(now, entry.clone(), bytes)?;
            // The same bytes are as old as they were, so that only the countersignature makes a difference.
            let attestation = ledger.document(&entry.attestation)?;
            let anew = enter_attestation(ledger, &attestation, now)?;
            let appraisal = anew.appraisal.conclusion.word();
            let until = anew.appraisal.clear_until();
            let until = until.map_or_else(String::new, |until| format!(" with exceptions until {until}"));
            let words = format!(
                "{file}\n{}\n  of the attestation with SHA-256 {} for supply {}, which is now appraised as: {appraisal}{until}\n",
                by(&entry),
                entry.attestation,
                entry.supply_id
            );
            let json = ApprovedV1 {
                file,
                result: "accepted",
                supply_id: Some(entry.supply_id),
                challenge_id: Some(entry.challenge_id),
                attestation: Some(entry.attestation),
                appraisal: Some(appraisal),
                reason: None,
                help: None,
            };
            Ok(Entered { code: ExitCode::Clear, words, json, judged_anew: Some(anew) })
        }
        Approved::Refused(failure) => {
            let words = format!("{file}\nCountersignature refused: {}\n  help: {}\n", failure.reason, failure.help);
            let json = ApprovedV1 {
                file,
                result: "refused",
                supply_id: None,
                challenge_id: None,
                attestation: None,
                appraisal: None,
                reason: Some(failure.reason),
                help: Some(failure.help.to_owned()),
            };
            Ok(Entered { code: ExitCode::VerificationFailed, words, json, judged_anew: None })
        }
    }
}

/// Who countersigned.
pub(super) fn by(entry: &ApprovalEntry) -> String {
    format!(
        "Countersigned by {}, {}, on {} (key {}).",
        clean(&entry.name),
        clean(&entry.role),
        clean(&entry.signed_at),
        entry.key
    )
}
