//! What onward recipients attested to those who supplied them: which attestation names which, and what may be entered below it.
//!
//! An attestation is named by the SHA-256 of its file, so that nobody can name one which names them. The lines of a ledger are held against that
//! all the same, since whoever reads them follows the names.

use crate::finding::verdict::Verdict;
use crate::ledger::Challenge;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::party::Standing;
use crate::support::hex;
use crate::support::time;
use std::collections::BTreeSet;

/// Where an attestation is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// Its SHA-256, as it is named.
    pub(crate) attestation: &'a str,
    /// SHA-256 of the attestation that names it.
    pub(crate) parent: &'a str,
    /// The fingerprint of the key that signed that one, where it is pinned.
    pub(crate) signer: Option<&'a str>,
    /// The onward recipient for whom it is named.
    pub(crate) recipient: &'a str,
}

impl Supply {
    /// All places in which an attestation is named: by the answers that stand, and by what was entered below them.
    pub(crate) fn naming(&self, attestation: &str) -> Vec<Named<'_>> {
        let mut named = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<(&str, Option<&str>, &[OnwardRecipient])> = self
            .standing_answers()
            .map(|answer| (answer.attestation.as_str(), Some(self.signer(answer)), &*answer.onward))
            .collect();
        while let Some((parent, signer, onward)) = open.pop() {
            if !seen.insert(parent) {
                continue;
            }
            for OnwardRecipient { recipient, attestations } in onward {
                if let Some(attestation) = attestations.iter().find(|named| *named == attestation) {
                    named.push(Named { attestation, parent, signer, recipient });
                }
                let below = attestations.iter().filter_map(|attestation| self.entered(parent, attestation));
                open.extend(below.map(|entry| (entry.attestation.as_str(), entry.key.as_deref(), &*entry.onward)));
            }
        }
        named
    }

    /// What was entered of an attestation below the one that names it: the newest line.
    pub(crate) fn entered(&self, parent: &str, attestation: &str) -> Option<&OnwardEntry> {
        self.onward.iter().rev().find(|entry| entry.parent == parent && entry.attestation == attestation)
    }

    /// Whether an entry says anything that the newest one of its place does not.
    pub(crate) fn is_news(&self, entry: &OnwardEntry) -> bool {
        self.entered(&entry.parent, &entry.attestation).is_none_or(|known| {
            (&known.recipient, &known.key, &known.verdict, &known.onward)
                != (&entry.recipient, &entry.key, &entry.verdict, &entry.onward)
        })
    }

    /// The onward recipients whom an attestation declares, wherever it stands.
    fn declared_by<'a>(&'a self, attestation: &'a str) -> impl Iterator<Item = &'a OnwardRecipient> {
        let receipts = self.challenges.iter().flat_map(|challenge: &Challenge| &challenge.receipts);
        let receipts =
            receipts.filter(move |receipt| receipt.attestation == attestation && receipt.appraisal != Conclusion::Failed);
        let entered = self.onward.iter().filter(move |entry| entry.attestation == attestation);
        receipts.flat_map(|receipt| &receipt.onward).chain(entered.flat_map(|entry| &entry.onward))
    }

    /// Whether one attestation was entered below another, at whatever distance.
    fn is_below(&self, attestation: &str, above: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![attestation];
        while let Some(next) = open.pop() {
            if next == above {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.onward.iter().filter(|entry| entry.attestation == next).map(|entry| entry.parent.as_str()));
            }
        }
        false
    }
}

/// What is wrong with an onward recipient's attestation at this place of the ledger, in words.
pub(super) fn misfit(view: &LedgerView, entry: &OnwardEntry) -> Option<&'static str> {
    let is_digest = |text: &String| hex::decode::<32>(text).is_some();
    let named = entry.onward.iter().flat_map(|onward| &onward.attestations);
    let Some(received_at) = time::parse(&entry.received_at)
        .filter(|_| is_digest(&entry.parent) && is_digest(&entry.attestation) && named.into_iter().all(is_digest))
    else {
        return Some("the onward attestation has a digest or date that is none");
    };
    let Some(supply) = view.by_id(&entry.supply_id) else {
        return Some("the onward attestation is of a supply that is not in the ledger");
    };
    let is_named = supply
        .declared_by(&entry.parent)
        .any(|onward| onward.recipient == entry.recipient && onward.attestations.contains(&entry.attestation));
    if Verdict::parse(&entry.verdict).is_none() {
        Some("the onward attestation has a verdict that is none")
    } else if !is_named {
        Some("the onward attestation is not named by the one that it stands below")
    } else if supply.has_attestation(&entry.attestation) || supply.is_below(&entry.parent, &entry.attestation) {
        Some("the onward attestation stands above itself")
    } else if entry.key.as_ref().is_some_and(|key| view.parties().key_at(key, received_at) != Standing::Valid) {
        Some("the onward attestation is signed by a key that was not valid when it was received")
    } else if !supply.is_news(entry) {
        Some("the onward attestation is in the ledger already")
    } else {
        None
    }
}
