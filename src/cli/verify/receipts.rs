//! `verify --receipts`: what the recipient gets for an attestation that was entered.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::SigningKey;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::attestation::statement::Statement;
use crate::cli::failure::advised;
use crate::ledger::Ledger;
use crate::ledger::entry::AcknowledgementEntry;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::time;
use crate::verification::Verification;
use crate::verification::appraisal::Appraisal;
use anyhow::Context as _;
use jiff::Timestamp;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// What receipts are to say, and where they go.
pub(super) struct Receipts {
    key: SigningKey,
    folder: PathBuf,
    is_appraisal_told: bool,
    existing: Existing,
}

impl Receipts {
    /// Reads the key, which has to be that of a supply, and makes the folder.
    pub(super) fn begin(
        ledger: &Ledger,
        key: &Path,
        folder: &Path,
        is_appraisal_told: bool,
        existing: Existing,
    ) -> anyhow::Result<Receipts> {
        let key = SigningKey::read(key)?;
        if ledger.view().supplies().iter().all(|supply| supply.entry.originator.fingerprint != key.fingerprint()) {
            return Err(advised(
                "this key made no supply of this ledger",
                "sign receipts with the key that was named with `--as` when it was supplied",
            ));
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(Receipts { key, folder: folder.to_owned(), is_appraisal_told, existing })
    }

    /// Writes the receipt of an attestation, and enters that it was given; the same one again where there is one. `None` where nothing was entered
    /// that could be confirmed.
    pub(super) fn write(
        &self,
        ledger: &mut Ledger,
        path: &Path,
        verification: &Verification,
        now: Timestamp,
    ) -> anyhow::Result<Option<PathBuf>> {
        let Some(receipt) = verification.receipt() else { return Ok(None) };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let supply = ledger.view().supply(&receipt.supply_id)?;
        if supply.entry.originator.fingerprint != self.key.fingerprint() {
            return Err(advised(
                format!("no receipt for `{}`: this key did not make its supply", path.display()),
                "sign with the key that was named with `--as` when it was supplied",
            ));
        }
        let appraisal = self.is_appraisal_told.then(|| told(&verification.appraisal));
        let kept = ledger.kept_receipt(&receipt.challenge_id, &receipt.attestation, appraisal.as_deref())?;
        let bytes = if let Some(kept) = kept {
            kept
        } else {
            let digest = hex::decode(&receipt.attestation).context("the attestation has no digest")?;
            let predicate = ReceiptV1 {
                supply_id: receipt.supply_id.clone(),
                challenge_id: receipt.challenge_id.clone(),
                attestation_sha256: receipt.attestation.clone(),
                received_at: time::format(verification.received_at),
                ledger_head: ledger.head().to_owned(),
                ledger_entries: ledger.len(),
                appraisal: appraisal.clone(),
            };
            let payload = Statement::new(&name, digest, predicate).to_payload()?;
            let bytes = Envelope::sign(payload, &self.key).to_json();
            let entry = AcknowledgementEntry {
                supply_id: receipt.supply_id,
                challenge_id: receipt.challenge_id,
                attestation: receipt.attestation,
                envelope: hex::encode(&sha256(&bytes)),
            };
            ledger.add_acknowledgement(now, entry, &bytes)?;
            bytes
        };
        let out = self.folder.join(format!("{name}.receipt.json"));
        // The same one, written before, is left as it is.
        if fs::read(&out).is_ok_and(|there| there == bytes) {
            return Ok(Some(out));
        }
        atomic_file::write(&out, &bytes, Access::Public, self.existing)
            .with_context(|| format!("cannot write the receipt `{}`", out.display()))?;
        Ok(Some(out))
    }
}

/// What was concluded, with the day up to which it holds.
fn told(appraisal: &Appraisal) -> String {
    let word = appraisal.conclusion.word();
    appraisal.clear_until().map_or_else(|| word.to_owned(), |until| format!("{word} with exceptions until {until}"))
}
