//! Objections of either party to how a supply stands. They change no appraisal: while one is open, the board says so.

use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::DisputeEntry;
use crate::ledger::entry::SettlementEntry;
use crate::support::hex;
use crate::support::time;

/// The longest reason, in bytes.
pub(crate) const LONGEST_REASON: usize = 1_000;

/// An objection, and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    /// As it was entered.
    pub(crate) entry: DisputeEntry,
    /// Its end; `None` while it is open.
    pub(crate) settlement: Option<SettlementEntry>,
}

impl Supply {
    /// The objections that were not settled, the oldest first.
    pub(crate) fn open_disputes(&self) -> impl Iterator<Item = &DisputeEntry> {
        self.disputes.iter().filter(|dispute| dispute.settlement.is_none()).map(|dispute| &dispute.entry)
    }

    /// Whether an attestation with this SHA-256 was received for the supply.
    pub(crate) fn has_attestation(&self, sha256: &str) -> bool {
        self.challenges.iter().flat_map(|challenge| &challenge.receipts).any(|receipt| receipt.attestation == sha256)
    }

    /// The number of the next objection.
    pub(crate) fn next_dispute(&self) -> u32 {
        u32::try_from(self.disputes.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// What is wrong with an objection at this place of the ledger, in words.
pub(super) fn misfit(view: &LedgerView, dispute: &DisputeEntry) -> Option<&'static str> {
    let is_digest = |text: &Option<String>| text.as_ref().is_none_or(|text| hex::decode::<32>(text).is_some());
    let Some(supply) = view.by_id(&dispute.supply_id) else {
        return Some("the dispute is about a supply that is not in the ledger");
    };
    if dispute.number != supply.next_dispute() {
        Some("the dispute has another number than the next one")
    } else if !is_reason(&dispute.reason) {
        Some("the dispute lacks its reason, or has too long a one")
    } else if !is_digest(&dispute.document) || time::parse(&dispute.raised_at).is_none() {
        Some("the dispute has a digest or date that is none")
    } else if dispute.attestation.as_ref().is_some_and(|attestation| !supply.has_attestation(attestation)) {
        Some("the dispute is about an attestation that was not received for its supply")
    } else {
        None
    }
}

/// What is wrong with the end of an objection at this place of the ledger, in words.
pub(super) fn settlement_misfit(view: &LedgerView, settlement: &SettlementEntry) -> Option<&'static str> {
    let mut open = view.by_id(&settlement.supply_id).into_iter().flat_map(Supply::open_disputes);
    if !open.any(|dispute| dispute.number == settlement.number) {
        Some("the settlement is of a dispute that is not open")
    } else if !is_reason(&settlement.reason) || time::parse(&settlement.settled_at).is_none() {
        Some("the settlement lacks its reason, or has a date that is none")
    } else {
        None
    }
}

/// Whether a reason can be entered.
pub(crate) fn is_reason(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_REASON
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::LedgerError;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::Side;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;

    const NOW: &str = "2017-07-05T09:00:00Z";

    fn objection(supply_id: &str, number: u32) -> DisputeEntry {
        DisputeEntry {
            supply_id: supply_id.to_owned(),
            number,
            by: Side::Recipient,
            reason: "the roll was ours before".to_owned(),
            attestation: None,
            document: None,
            raised_at: NOW.to_owned(),
        }
    }

    fn settlement(supply_id: &str, number: u32) -> SettlementEntry {
        SettlementEntry { supply_id: supply_id.to_owned(), number, reason: "withdrawn".to_owned(), settled_at: NOW.to_owned() }
    }

    #[test]
    fn an_objection_is_open_until_it_is_settled() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        let mut enter = |entry: Entry| originator.ledger.append(at(NOW), entry);
        enter(Entry::Dispute(objection(&id, 1))).unwrap();
        enter(Entry::Dispute(objection(&id, 2))).unwrap();
        enter(Entry::Settlement(settlement(&id, 1))).unwrap();
        let refused = |result: Result<(), LedgerError>, word: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        refused(enter(Entry::Settlement(settlement(&id, 1))), "not open");
        refused(enter(Entry::Settlement(settlement(&id, 3))), "not open");
        refused(enter(Entry::Settlement(settlement(&"0".repeat(32), 2))), "not open");
        refused(enter(Entry::Settlement(SettlementEntry { reason: " ".to_owned(), ..settlement(&id, 2) })), "lacks its reason");
        refused(enter(Entry::Dispute(objection(&id, 2))), "another number");
        refused(enter(Entry::Dispute(objection(&"0".repeat(32), 1))), "not in the ledger");
        let stranger = Some("0".repeat(64));
        refused(enter(Entry::Dispute(DisputeEntry { attestation: stranger, ..objection(&id, 3) })), "not received");
        refused(enter(Entry::Dispute(DisputeEntry { reason: "x".repeat(1_001), ..objection(&id, 3) })), "too long");
        refused(enter(Entry::Dispute(DisputeEntry { document: Some("x".to_owned()), ..objection(&id, 3) })), "digest");
        // Read again from the file.
        let ledger = Ledger::open(originator.ledger.folder()).unwrap();
        let supply = &ledger.view().supplies()[0];
        assert_eq!(supply.open_disputes().map(|dispute| dispute.number).collect::<Vec<_>>(), [2]);
        assert_eq!((supply.disputes.len(), supply.next_dispute()), (2, 3));
    }
}
