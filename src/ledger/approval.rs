//! Countersignatures of attestations by the recipient's officers: which of them count, and what becomes of an answer that rests on one that counts
//! no more.

use crate::attestation::dsse::sha256;
use crate::ledger::Challenge;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::ApprovalEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::Entry;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::lessen;
use crate::ledger::party::Parties;
use crate::ledger::party::Standing;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;

impl Ledger {
    /// Enters an officer's countersignature of an attestation. `false` where the same bytes were entered before.
    pub(crate) fn add_approval(&mut self, now: Timestamp, entry: ApprovalEntry, envelope: &[u8]) -> Result<bool, LedgerError> {
        if hex::encode(&sha256(envelope)) != entry.envelope {
            return Err(LedgerError::Misfit { problem: "the approval is another document" });
        }
        self.keep_document(envelope)?;
        let mut is_new = true;
        self.append_after(now, |view| {
            let known =
                view.challenge(&entry.challenge_id).map(|(_, challenge)| challenge.approvals.as_slice()).unwrap_or_default();
            is_new = known.iter().all(|known| known.envelope != entry.envelope);
            is_new.then_some(Entry::Approval(entry))
        })?;
        Ok(is_new)
    }
}

impl LedgerView {
    /// The newest countersignature of an attestation that counts.
    pub(crate) fn approval<'a>(&self, supply: &Supply, challenge: &'a Challenge, attestation: &str) -> Option<&'a ApprovalEntry> {
        approval(&self.parties, &supply.entry.recipient.fingerprint, challenge, attestation)
    }
}

impl Challenge {
    /// All countersignatures of an attestation, the newest first, those included that do not count.
    pub(crate) fn approvals_of<'a>(&'a self, attestation: &'a str) -> impl Iterator<Item = &'a ApprovalEntry> {
        self.approvals.iter().rev().filter(move |approval| approval.attestation == attestation)
    }
}

/// What the key of a countersignature was worth when that was received.
pub(crate) fn standing<'a>(parties: &'a Parties, party: &str, approval: &ApprovalEntry) -> Standing<'a> {
    let received_at = time::parse(&approval.received_at);
    received_at.map_or(Standing::Unknown, |at| parties.officer_at(&approval.key, party, at))
}

fn approval<'a>(parties: &Parties, party: &str, challenge: &'a Challenge, attestation: &str) -> Option<&'a ApprovalEntry> {
    let mut newest_first = challenge.approvals.iter().rev().filter(|approval| approval.attestation == attestation);
    newest_first.find(|approval| standing(parties, party, approval) == Standing::Valid)
}

/// Whether a receipt concludes what its challenge lets nobody conclude without a countersignature that counts.
pub(super) fn is_unapproved(parties: &Parties, party: &str, challenge: &Challenge, receipt: &ReceiptEntry) -> bool {
    challenge.entry.countersignature_required
        && receipt.appraisal < Conclusion::Inconclusive
        && approval(parties, party, challenge, &receipt.attestation).is_none()
}

/// What is wrong with a countersignature at this place of the ledger, in words.
pub(super) fn misfit(view: &LedgerView, entry: &ApprovalEntry) -> Option<&'static str> {
    let is_digest = |text: &str| hex::decode::<32>(text).is_some();
    let Some(received_at) = time::parse(&entry.received_at) else { return Some("the approval has a date that is none") };
    if !is_digest(&entry.envelope) || !is_digest(&entry.attestation) || time::parse(&entry.signed_at).is_none() {
        return Some("the approval has a digest or date that is none");
    }
    let Some((supply, challenge)) =
        view.challenge(&entry.challenge_id).filter(|(supply, _)| supply.entry.supply_id == entry.supply_id)
    else {
        return Some("the approval is of a challenge that is not in the ledger");
    };
    if challenge.receipts.iter().all(|receipt| receipt.attestation != entry.attestation) {
        Some("the approval is of an attestation that was not received for its challenge")
    } else if view.parties.officer_at(&entry.key, &supply.entry.recipient.fingerprint, received_at) != Standing::Valid {
        Some("the approval is signed by a key that was no officer's of the recipient when it was received")
    } else {
        None
    }
}

impl Supply {
    /// Takes their worth from the answers whose challenge requires a countersignature, and that have none any more. Whether a baseline was among them.
    pub(super) fn lessen_unapproved(&mut self, parties: &Parties) -> bool {
        let party = self.entry.recipient.fingerprint.clone();
        let mut is_baseline_lost = false;
        for challenge in &mut self.challenges {
            let unapproved: Vec<usize> = (0..)
                .zip(&challenge.receipts)
                .filter(|(_, receipt)| is_unapproved(parties, &party, challenge, receipt))
                .map(|(index, _)| index)
                .collect();
            for index in unapproved {
                let Some(receipt) = challenge.receipts.get(index) else { continue };
                let because = because(parties, &party, challenge, &receipt.attestation);
                is_baseline_lost |= receipt.appraisal == Conclusion::Present;
                if let Some(receipt) = challenge.receipts.get_mut(index) {
                    lessen(receipt, because);
                }
            }
        }
        is_baseline_lost
    }
}

/// Why no countersignature of an attestation counts, in words.
pub(crate) fn because(parties: &Parties, party: &str, challenge: &Challenge, attestation: &str) -> String {
    let Some(approval) = challenge.approvals_of(attestation).next() else {
        return "the challenge requires a countersignature by an officer of the recipient, and none was received".to_owned();
    };
    let by = format!("the required countersignature by {} is signed by `{}`", sanitize::clean(&approval.name), approval.key);
    match standing(parties, party, approval) {
        Standing::Revoked { since, reason } => format!("{by}, which is revoked as of {since}: {}", sanitize::clean(reason)),
        _ => format!("{by}, which was no officer's of the recipient when it was received"),
    }
}
