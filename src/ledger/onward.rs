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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::Ledger;
    use crate::ledger::LedgerError;
    use crate::ledger::audit::Audit;
    use crate::ledger::entry::Entry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::digest_of;
    use crate::ledger::fixture::onward_recipients;
    use crate::support::progress::Cancel;

    const NOW: &str = "2017-07-03T09:00:00Z";

    fn entry(supply_id: &str, parent: &str, recipient: &str, file: &str, onward: &[(&str, &[&str])]) -> OnwardEntry {
        OnwardEntry {
            supply_id: supply_id.to_owned(),
            parent: parent.to_owned(),
            recipient: recipient.to_owned(),
            attestation: digest_of(file),
            key: None,
            verdict: "clear".to_owned(),
            received_at: NOW.to_owned(),
            onward: onward_recipients(onward),
        }
    }

    /// A supply whose newest answer names two files of a client.
    fn named() -> (Originator, String, String) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        originator.challenge(&id, Phase::Deletion, NOW, Policy { without_baseline: true, ..Policy::default() });
        let answer = originator.answer(&id, Conclusion::Clear, &[("Client", &["one", "two"])]);
        (originator, id, answer)
    }

    #[test]
    fn only_what_is_named_is_entered_and_never_above_itself() {
        let (mut originator, id, answer) = named();
        let mut enter = |entry: &OnwardEntry| originator.ledger.append(at(NOW), Entry::Onward(entry.clone()));
        let one = entry(&id, &answer, "Client", "one", &[("Host", &["three", "one"]), ("Mill", &["answer 2"])]);
        let refused = |result: Result<(), LedgerError>, word: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        let host = entry(&id, &one.attestation, "Host", "three", &[("Client", &["one"])]);
        refused(enter(&host), "not named");
        refused(enter(&OnwardEntry { recipient: "Other".to_owned(), ..one.clone() }), "not named");
        refused(enter(&entry(&id, &answer, "Client", "four", &[])), "not named");
        refused(enter(&entry(&"0".repeat(32), &answer, "Client", "one", &[])), "not in the ledger");
        for bad in [
            OnwardEntry { received_at: "now".to_owned(), ..one.clone() },
            OnwardEntry { parent: "0".to_owned(), ..one.clone() },
            OnwardEntry {
                onward: vec![OnwardRecipient { recipient: "x".to_owned(), attestations: vec!["y".to_owned()] }],
                ..one.clone()
            },
        ] {
            refused(enter(&bad), "digest or date");
        }
        refused(enter(&OnwardEntry { verdict: "fine".to_owned(), ..one.clone() }), "verdict");
        refused(enter(&OnwardEntry { key: Some("SHA256:x".to_owned()), ..one.clone() }), "not valid");
        enter(&one).unwrap();
        refused(enter(&one), "already");
        enter(&OnwardEntry { verdict: "residual".to_owned(), ..one.clone() }).unwrap();
        enter(&one).unwrap();
        enter(&host).unwrap();
        // No file can name one that names it; lines that say so are refused.
        refused(enter(&entry(&id, &host.attestation, "Client", "one", &[])), "above itself");
        refused(enter(&entry(&id, &one.attestation, "Host", "one", &[])), "above itself");
        refused(enter(&entry(&id, &one.attestation, "Mill", "answer 2", &[])), "above itself");
        // Read again from the file, and what is missing of it is found.
        let ledger = Ledger::open(originator.ledger.folder()).unwrap();
        let supply = &ledger.view().supplies()[0];
        assert_eq!(supply.entered(&answer, &one.attestation), Some(&one));
        let places: Vec<(&str, &str)> =
            supply.naming(&host.attestation).iter().map(|named| (named.parent, named.recipient)).collect();
        assert_eq!(places, [(one.attestation.as_str(), "Host")]);
        assert!(supply.naming(&digest_of("four")).is_empty());
        let faults = Audit::new(&ledger, None, &Cancel::default()).unwrap().faults;
        let of_leaves = faults.iter().filter(|fault| fault.problem.starts_with("the onward recipient's attestation"));
        assert_eq!(of_leaves.filter(|fault| fault.problem.ends_with("is missing")).count(), 2, "{faults:?}");
    }

    #[test]
    fn a_superseded_answer_names_nothing() {
        let (mut originator, id, answer) = named();
        let naming = |originator: &Originator| {
            let supply = originator.ledger.view().supplies()[0].clone();
            supply.naming(&digest_of("one")).iter().map(|named| named.parent.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(naming(&originator), [answer]);
        let later = "2017-07-04T09:00:00Z";
        originator.challenge(&id, Phase::Recheck, later, Policy { without_baseline: true, ..Policy::default() });
        let newer = originator.answer(&id, Conclusion::Clear, &[("Client", &["one"])]);
        assert_eq!(naming(&originator), [newer]);
        originator.challenge(&id, Phase::Recheck, later, Policy { without_baseline: true, ..Policy::default() });
        originator.answer(&id, Conclusion::Clear, &[("Client", &[])]);
        assert!(naming(&originator).is_empty());
    }
}
