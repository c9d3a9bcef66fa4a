//! Which file of a bundle is where, and what it is: names that a person understands, numbered in the order of time.
//!
//! Nobody writes a list of them. Whoever makes a bundle and whoever reads it work it out from the lines of its slice, so that a file that no line names, or
//! that stands in another's place, shows.

use crate::attestation::dsse::sha256;
use crate::attestation::key::CardError;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::ledger::entry::PinnedCard;
use crate::support::hex;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// The text for whoever opens a bundle.
pub(crate) const README: &str = "README.md";

/// The digests of all other files.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// What `verify --bundle` said when the bundle was made, for people.
pub(crate) const VERIFIED_TEXT: &str = "verification.txt";

/// The same for programs.
pub(crate) const VERIFIED_JSON: &str = "verification.json";

/// The page about the supply.
pub(crate) const REPORT: &str = "report.html";

/// The page that verifies documents.
pub(crate) const VERIFIER: &str = "verifier.html";

/// The slice's lines.
pub(crate) const LINES: &str = "ledger/ledger.jsonl";

/// The number and digest of its last line.
pub(crate) const HEAD: &str = "ledger/head";

/// The cards that withheld lines pin.
pub(crate) const PINNED: &str = "ledger/pinned.json";

/// What the secrets would say of ordinals.
pub(crate) const KNOWN: &str = "ledger/known.json";

/// One document, time stamp or card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Its file.
    pub(crate) name: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a file of evidence is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed document, in words; with the file of the card by which its signature is verified, where there is one.
    Document {
        /// In words.
        what: &'static str,
        /// `None` of an onward recipient's whose key is not pinned.
        card: Option<String>,
    },
    /// A time stamp.
    Stamp {
        /// The file of the document that it is over.
        over: Option<String>,
    },
    /// A card.
    Card {
        /// Whose, in a word.
        role: &'static str,
        /// As the lines pin it.
        pinned: PinnedCard,
    },
}

/// All evidence of a supply, in the order in which a person reads it.
pub(crate) fn papers(ledger: &Ledger, supply: &Supply) -> Result<Vec<Paper>, CardError> {
    let cards = cards(ledger, supply)?;
    let card_of = |fingerprint: &str| {
        cards.iter().find_map(|paper| match &paper.kind {
            Kind::Card { pinned, .. } if pinned.fingerprint == fingerprint => Some(paper.name.clone()),
            _ => None,
        })
    };
    let originator = card_of(&supply.entry.originator.fingerprint);
    let mut shelf = Shelf::default();
    for (name, digest) in [("baseline", &supply.entry.baseline_statement), ("deletion", &supply.entry.deletion_statement)] {
        shelf.put(format!("statements/{name}.residua.intoto.json"), digest, "statement of a manifest", originator.clone());
    }
    let confirmations = supply.countersignatures.iter().map(|entry| (entry.envelope.as_str(), "", card_of(&entry.key)));
    shelf.number("confirmations", "confirmation.json", "recipient's confirmation of what it was handed", confirmations);
    let challenges = supply.challenges.iter();
    let challenges = challenges.map(|challenge| (challenge.entry.envelope.as_str(), challenge.phase.word(), originator.clone()));
    shelf.number("challenges", "challenge.json", "challenge", challenges);
    let received = supply.received().into_iter().map(|received| {
        let receipt = received.receipt;
        (receipt.attestation.as_str(), received.challenge.phase.word(), card_of(supply.signer(receipt)))
    });
    shelf.number("attestations", "attestation.json", "attestation", received);
    let approvals = supply.challenges.iter().flat_map(|challenge| {
        challenge.approvals.iter().map(|entry| (entry.envelope.as_str(), challenge.phase.word(), card_of(&entry.key)))
    });
    shelf.number("approvals", "approval.json", "officer's countersignature of an attestation", approvals);
    let receipts = supply.challenges.iter().flat_map(|challenge| {
        challenge.acknowledgements.iter().map(|entry| (entry.envelope.as_str(), challenge.phase.word(), originator.clone()))
    });
    shelf.number("receipts", "receipt.json", "receipt for an attestation", receipts);
    let onward = supply.onward.iter().map(|entry| (entry.attestation.as_str(), "", entry.key.as_deref().and_then(card_of)));
    shelf.number("onward", "attestation.json", "attestation of an onward recipient", onward);
    let rotations = ledger.rotations().map(|(digest, signer)| (digest, "", card_of(signer)));
    shelf.number("rotations", "rotation.json", "rotation: a key names its successor", rotations);
    let destructions = supply.destructions.iter().map(|entry| (entry.envelope.as_str(), "recipient", card_of(&entry.key)));
    let own = supply.closed.iter().map(|entry| (entry.record.as_str(), "originator", originator.clone()));
    shelf.number("destructions", "destroyed.json", "record of destruction", destructions.chain(own));
    shelf.stamps(ledger);
    shelf.papers.extend(cards);
    Ok(shelf.papers)
}

/// The cards of everybody who signs here.
fn cards(ledger: &Ledger, supply: &Supply) -> Result<Vec<Paper>, CardError> {
    let parties = ledger.view().parties();
    let current = parties.current(&supply.entry.recipient.fingerprint);
    let mut keys: Vec<_> = parties.keys().collect();
    keys.sort_by(|one, other| (one.since, &one.pinned.fingerprint).cmp(&(other.since, &other.pinned.fingerprint)));
    let is_own = |fingerprint: &str| parties.current(fingerprint) == current;
    let (own, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| is_own(&key.pinned.fingerprint));
    let groups: [(&'static str, Vec<&PinnedCard>); 4] = [
        ("originator", vec![&supply.entry.originator]),
        ("recipient", own.into_iter().map(|key| &key.pinned).collect()),
        ("officer", parties.officers().map(|officer| &officer.pinned).collect()),
        ("onward", others.into_iter().map(|key| &key.pinned).collect()),
    ];
    let mut papers = Vec::new();
    for (role, cards) in groups {
        let is_one = cards.len() == 1;
        for (number, pinned) in (1..).zip(cards) {
            let name = if is_one { format!("cards/{role}.card.json") } else { format!("cards/{role}-{number}.card.json") };
            let sha256 = hex::encode(&sha256(&pinned.card()?.to_json()));
            papers.push(Paper { name, sha256, kind: Kind::Card { role, pinned: pinned.clone() } });
        }
    }
    Ok(papers)
}

/// Documents on their places, each once.
#[derive(Default)]
struct Shelf {
    papers: Vec<Paper>,
    seen: BTreeSet<String>,
}

impl Shelf {
    fn put(&mut self, name: String, digest: &str, what: &'static str, card: Option<String>) {
        if self.seen.insert(digest.to_owned()) {
            self.papers.push(Paper { name, sha256: digest.to_owned(), kind: Kind::Document { what, card } });
        }
    }

    /// Puts documents into a folder in the order in which they come, each with its number and a word before its ending. So many digits that names sort.
    fn number<'a>(
        &mut self,
        folder: &str,
        ending: &str,
        what: &'static str,
        documents: impl Iterator<Item = (&'a str, &'a str, Option<String>)>,
    ) {
        let mut known = BTreeSet::new();
        let documents: Vec<_> = documents.filter(|(digest, ..)| known.insert(*digest)).collect();
        let digits = documents.len().to_string().len();
        for (number, (digest, word, card)) in (1..).zip(documents) {
            let word = if word.is_empty() { String::new() } else { format!("-{word}") };
            self.put(format!("{folder}/{number:0digits$}{word}.{ending}"), digest, what, card);
        }
    }

    /// Time stamps, each named by the document that it is over.
    fn stamps(&mut self, ledger: &Ledger) {
        let names: BTreeMap<String, String> =
            self.papers.iter().map(|paper| (paper.sha256.clone(), paper.name.clone())).collect();
        let stamps: Vec<_> = ledger.view().stamps().collect();
        let digits = stamps.len().to_string().len();
        for (number, entry) in (1..).zip(stamps) {
            let over = names.get(&entry.document).cloned();
            let stem = over.as_deref().and_then(|name| name.rsplit('/').next()).and_then(|name| name.strip_suffix(".json"));
            let name = format!("stamps/{number:0digits$}-{}.tsr", stem.unwrap_or("document"));
            self.papers.push(Paper { name, sha256: entry.stamp.clone(), kind: Kind::Stamp { over } });
        }
    }
}
