//! Receipts that the originator signed for attestations which it entered. They change nothing; they bind what the originator can say later.

use crate::attestation::dsse::sha256;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::entry::AcknowledgementEntry;
use crate::ledger::entry::Entry;
use crate::support::hex;
use jiff::Timestamp;

impl Ledger {
    /// The newest receipt that was signed for an attestation and says this of its appraisal: the file as it was handed out.
    pub(crate) fn kept_receipt(
        &self,
        challenge_id: &str,
        attestation: &str,
        appraisal: Option<&str>,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some((supply, challenge)) = self.view().challenge(challenge_id) else { return Ok(None) };
        let originator = supply.entry.originator.card()?;
        for kept in challenge.acknowledgements.iter().rev().filter(|kept| kept.attestation == attestation) {
            let receipt = self.statement::<ReceiptV1>(&kept.envelope, &originator)?.predicate;
            if receipt.appraisal.as_deref() == appraisal {
                return self.document(&kept.envelope).map(Some);
            }
        }
        Ok(None)
    }

    /// Enters a receipt that was signed.
    pub(crate) fn add_acknowledgement(
        &mut self,
        now: Timestamp,
        entry: AcknowledgementEntry,
        envelope: &[u8],
    ) -> Result<(), LedgerError> {
        if hex::encode(&sha256(envelope)) != entry.envelope {
            return Err(LedgerError::Misfit { problem: "the acknowledgement is another document" });
        }
        self.keep_document(envelope)?;
        self.append(now, Entry::Acknowledgement(entry))
    }
}

/// What is wrong with a receipt at this place of the ledger, in words.
pub(super) fn misfit(view: &LedgerView, entry: &AcknowledgementEntry) -> Option<&'static str> {
    let is_digest = |text: &str| hex::decode::<32>(text).is_some();
    if !is_digest(&entry.envelope) || !is_digest(&entry.attestation) {
        return Some("the acknowledgement has a digest that is none");
    }
    match view.challenge(&entry.challenge_id).filter(|(supply, _)| supply.entry.supply_id == entry.supply_id) {
        None => Some("the acknowledgement is of a challenge that is not in the ledger"),
        Some((_, challenge)) if challenge.receipts.iter().all(|receipt| receipt.attestation != entry.attestation) => {
            Some("the acknowledgement is of an attestation that was not received for its challenge")
        }
        Some((_, challenge)) if challenge.acknowledgements.contains(entry) => {
            Some("the acknowledgement is in the ledger already")
        }
        Some(_) => None,
    }
}
