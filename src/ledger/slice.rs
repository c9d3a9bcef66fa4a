//! The slice of a ledger that shows one supply (`docs/bundle.md` §3): the lines that concern it stand as they are, and of every other line stand its
//! number and its SHA-256 alone.
//!
//! A slice is read as a ledger to which nothing can be added. Its documents are found by their digest among the files that came with it, and what the
//! secrets would say of ordinals stands in a file ([`crate::ledger::known`]).

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::ledger::Challenge;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::audit;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Line;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::known::KnownV1;
use crate::support::hex;
use crate::support::time;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;

/// The version of the form of the cards that withheld lines pin.
const VERSION: u32 = 1;

/// A line that is withheld, as it stands.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithheldLine {
    /// Its number.
    pub(super) withheld: u64,
    /// Its SHA-256, without its line feed.
    pub(super) sha256: String,
}

/// The one way to write a line that is withheld.
pub(super) fn withheld(number: u64, sha256: &str) -> String {
    format!("{{\"withheld\":{number},\"sha256\":\"{sha256}\"}}")
}

/// What stands in the place of a ledger's folder.
#[derive(Debug)]
pub(super) struct Slice {
    /// The files that came with it, by their SHA-256.
    documents: BTreeMap<String, Vec<u8>>,
    /// What the secrets would say.
    pub(super) known: Option<KnownV1>,
}

impl Slice {
    /// The bytes of a document or a time stamp.
    pub(super) fn document(&self, digest: &str) -> io::Result<Vec<u8>> {
        self.documents.get(digest).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Cards that withheld lines pin: those of supplies that are not shown.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinnedV1 {
    version: u32,
    pinned: Vec<PinV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinV1 {
    line: u64,
    card: PinnedCard,
}

/// The files of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SliceFiles {
    /// The lines, each with its line feed.
    pub(crate) lines: Vec<u8>,
    /// Number and SHA-256 of the last line.
    pub(crate) head: Vec<u8>,
    /// The cards that withheld lines pin, where there are some.
    pub(crate) pinned: Option<Vec<u8>>,
    /// What the secrets would say, where there is something.
    pub(crate) known: Option<Vec<u8>>,
}

impl SliceFiles {
    /// How many lines are withheld.
    pub(crate) fn withheld(&self) -> u64 {
        let lines = self.lines.split(|byte| *byte == b'\n');
        lines.filter(|line| line.starts_with(b"{\"withheld\":")).count() as u64
    }
}

/// One attestation that was received for a supply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    /// The challenge that it was received for.
    pub(crate) challenge: &'a Challenge,
    /// What was concluded last, as the lines add up.
    pub(crate) receipt: &'a ReceiptEntry,
}

impl Supply {
    /// All attestations that were received, in the order in which each came first.
    pub(crate) fn received(&self) -> Vec<Received<'_>> {
        let mut first: BTreeMap<(&str, &str), (u64, Received<'_>)> = BTreeMap::new();
        for challenge in &self.challenges {
            for (receipt, place) in challenge.receipts.iter().zip(&challenge.places) {
                let newest = Received { challenge, receipt };
                let key = (challenge.entry.challenge_id.as_str(), receipt.attestation.as_str());
                first.entry(key).or_insert((*place, newest)).1 = newest;
            }
        }
        let mut received: Vec<(u64, Received<'_>)> = first.into_values().collect();
        received.sort_by_key(|(place, _)| *place);
        received.into_iter().map(|(_, received)| received).collect()
    }

    /// The number of the line by which an attestation was entered first for which this receipt was given.
    pub(crate) fn acknowledged_at(&self, envelope: &str) -> Option<u64> {
        self.challenges.iter().find_map(|challenge| {
            let given = challenge.acknowledgements.iter().find(|given| given.envelope == envelope)?;
            let mut entered = challenge.receipts.iter().zip(&challenge.places);
            entered.find(|(receipt, _)| receipt.attestation == given.attestation).map(|(_, place)| *place)
        })
    }
}

impl Challenge {
    /// The number of its line.
    pub(crate) fn place(&self) -> u64 {
        self.place
    }
}

/// Which lines concern a supply.
struct Concern<'a> {
    supply: &'a Supply,
    /// The keys of its recipient, past and current, and of those who signed what came from onward recipients.
    keys: BTreeSet<String>,
    /// Those of them that are its recipient's.
    own: BTreeSet<String>,
    /// Officers of its recipient.
    officers: BTreeSet<String>,
}

impl<'a> Concern<'a> {
    fn new(ledger: &Ledger, supply: &'a Supply, lines: &[(Vec<u8>, Line)]) -> Concern<'a> {
        let own = family(lines, BTreeSet::from([supply.entry.recipient.fingerprint.clone()]));
        let mut signers = own.clone();
        for entry in &supply.onward {
            signers.extend(entry.key.clone());
            signers.extend(signers_of(ledger, &entry.attestation));
        }
        let mut officers = BTreeSet::new();
        for (_, line) in lines {
            if let Entry::Officer(officer) = &line.entry
                && (own.contains(&officer.party) || signers.contains(&officer.card.fingerprint))
            {
                officers.insert(officer.card.fingerprint.clone());
                signers.insert(officer.party.clone());
            }
        }
        Concern { supply, keys: family(lines, signers), own, officers }
    }

    fn has(&self, entry: &Entry) -> bool {
        let is_ours = |supply_id: &str| supply_id == self.supply.entry.supply_id;
        match entry {
            Entry::Supply(entry) => is_ours(&entry.supply_id),
            Entry::Challenge(entry) => is_ours(&entry.supply_id),
            Entry::Receipt(entry) => is_ours(&entry.supply_id),
            Entry::Countersignature(entry) => is_ours(&entry.supply_id),
            Entry::Recipient(entry) => self.keys.contains(&entry.card.fingerprint),
            Entry::Revocation(entry) => self.keys.contains(&entry.fingerprint) || self.officers.contains(&entry.fingerprint),
            Entry::Dispute(entry) => is_ours(&entry.supply_id),
            Entry::Settlement(entry) => is_ours(&entry.supply_id),
            Entry::Repair(_) => false,
            Entry::Destruction(entry) => is_ours(&entry.supply_id),
            Entry::Closing(entry) => is_ours(&entry.supply_id),
            Entry::Closed(entry) => is_ours(&entry.supply_id),
            Entry::Onward(entry) => is_ours(&entry.supply_id),
            Entry::Officer(entry) => {
                self.officers.contains(&entry.card.fingerprint)
                    && (self.own.contains(&entry.party) || self.keys.contains(&entry.party))
            }
            Entry::Approval(entry) => is_ours(&entry.supply_id),
            Entry::Acknowledgement(entry) => is_ours(&entry.supply_id),
            // Of no single supply: a rotation's, which is sorted out where the rotations are known.
            Entry::Stamp(entry) => entry.supply_id.as_deref().is_some_and(is_ours),
        }
    }
}

/// The keys that have replaced these, or were replaced by them, at whatever distance.
fn family(lines: &[(Vec<u8>, Line)], mut keys: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let before = keys.len();
        for (_, line) in lines {
            if let Entry::Recipient(entry) = &line.entry
                && let Some(replaces) = &entry.replaces
                && (keys.contains(replaces) || keys.contains(&entry.card.fingerprint))
            {
                keys.insert(replaces.clone());
                keys.insert(entry.card.fingerprint.clone());
            }
        }
        if keys.len() == before {
            return keys;
        }
    }
}

/// The keys of the ledger by which a document is signed, or says to be.
fn signers_of(ledger: &Ledger, digest: &str) -> Vec<String> {
    let parties = ledger.view().parties();
    let Some(envelope) = ledger.document(digest).ok().and_then(|bytes| Envelope::parse(&bytes).ok()) else { return Vec::new() };
    let mut signers = Vec::new();
    signers.extend(parties.signer(&envelope, || None).ok().flatten().map(|(_, key)| key.pinned.fingerprint.clone()));
    signers.extend(parties.officer_signer(&envelope).ok().flatten().map(|(_, officer)| officer.pinned.fingerprint.clone()));
    let claimed = envelope.keyid();
    signers.extend(parties.key(claimed).map(|key| key.pinned.fingerprint.clone()));
    signers
}

impl Ledger {
    /// The slice that shows one supply, and when its newest line was appended.
    pub(crate) fn slice(&self, supply: &Supply) -> Result<(SliceFiles, Timestamp), LedgerError> {
        let unread = || LedgerError::Misfit { problem: "the lines of the ledger cannot be read again" };
        let mut lines = Vec::new();
        for bytes in self.raw_lines()? {
            let line: Line = serde_json::from_slice(&bytes).map_err(|_| unread())?;
            lines.push((bytes, line));
        }
        let concern = Concern::new(self, supply, &lines);
        let rotations: BTreeSet<&String> = lines
            .iter()
            .filter(|(_, line)| concern.has(&line.entry))
            .filter_map(|(_, line)| if let Entry::Recipient(entry) = &line.entry { entry.statement.as_ref() } else { None })
            .collect();
        let is_kept = |entry: &Entry| {
            let is_of_rotation =
                matches!(entry, Entry::Stamp(stamp) if stamp.supply_id.is_none() && rotations.contains(&stamp.document));
            concern.has(entry) || is_of_rotation
        };
        let mut files = SliceFiles { head: format!("{} {}\n", self.len(), self.head()).into_bytes(), ..SliceFiles::default() };
        let (mut pinned, mut seen, mut newest) = (Vec::new(), BTreeSet::new(), Timestamp::UNIX_EPOCH);
        for (bytes, line) in &lines {
            let card = match &line.entry {
                Entry::Supply(entry) => Some(&entry.recipient),
                Entry::Recipient(entry) => Some(&entry.card),
                _ => None,
            };
            let card = card.filter(|card| concern.keys.contains(&card.fingerprint) && seen.insert(card.fingerprint.clone()));
            if is_kept(&line.entry) {
                files.lines.extend_from_slice(bytes);
                newest = time::parse(&line.at).unwrap_or(newest).max(newest);
            } else {
                files.lines.extend_from_slice(withheld(line.sequence, &hex::encode(&sha256(bytes))).as_bytes());
                pinned.extend(card.map(|card| PinV1 { line: line.sequence, card: card.clone() }));
            }
            files.lines.push(b'\n');
        }
        if !pinned.is_empty() {
            files.pinned = Some(pinned_json(&PinnedV1 { version: VERSION, pinned }));
        }
        files.known = KnownV1::of(self, supply)?.map(|known| known.to_json());
        Ok((files, newest))
    }

    /// Reads a slice with the files that came with it, by their SHA-256. As far as it is sound it is read; and all that is wrong with it, in words.
    pub(crate) fn open_slice(files: &SliceFiles, documents: BTreeMap<String, Vec<u8>>) -> (Ledger, Vec<String>) {
        let mut problems = Vec::new();
        let mut pins = BTreeMap::new();
        if let Some(bytes) = &files.pinned {
            match parse_pinned(bytes) {
                Some(read) => pins = read,
                None => problems.push("the file of cards that withheld lines pin is none".to_owned()),
            }
        }
        let known = files.known.as_ref().and_then(|bytes| KnownV1::parse(bytes));
        if known.is_none() && files.known.is_some() {
            problems.push("the file of what is known of seeds and controls is none".to_owned());
        }
        let (ledger, faults) = Ledger::of_slice(&files.lines, &files.head, pins, Slice { documents, known });
        problems.splice(..0, faults);
        (ledger, problems)
    }

    /// Refuses whoever asks for a secret where there is no folder in which it could be.
    pub(super) fn refuse_slice(&self) -> Result<(), LedgerError> {
        if self.slice.is_some() { self.refuse_export() } else { Ok(()) }
    }
}

fn pinned_json(pinned: &PinnedV1) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(pinned).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn parse_pinned(bytes: &[u8]) -> Option<BTreeMap<u64, PinnedCard>> {
    let read: PinnedV1 = serde_json::from_slice(bytes).ok()?;
    let is_ours = read.version == VERSION && pinned_json(&read) == bytes;
    let count = read.pinned.len();
    let pins: BTreeMap<u64, PinnedCard> = read.pinned.into_iter().map(|pin| (pin.line, pin.card)).collect();
    (is_ours && count > 0 && pins.len() == count).then_some(pins)
}

/// A document that the lines of a ledger name, with what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedDocument {
    /// SHA-256 of its file.
    pub(crate) sha256: String,
    /// In words.
    pub(crate) what: &'static str,
    /// Whether the originator signed it.
    pub(crate) is_ours: bool,
    /// Whether it is of the supplies, and not of a key alone.
    pub(crate) has_supply: bool,
}

impl Ledger {
    /// All documents that lines name, each once.
    pub(crate) fn named_documents(&self) -> Vec<NamedDocument> {
        let mut seen = BTreeSet::new();
        let documents = audit::documents(self.view()).into_iter().filter(|document| seen.insert(document.sha256.to_owned()));
        let named = documents.map(|document| NamedDocument {
            sha256: document.sha256.to_owned(),
            what: document.what,
            is_ours: document.is_ours(),
            has_supply: document.supply_id.is_some(),
        });
        named.collect()
    }

    /// The digests of the rotations by which keys of recipients were replaced, in the order in which they came, each with the key that signed it.
    pub(crate) fn rotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.view().rotations.iter().map(|(digest, signer)| (digest.as_str(), signer.as_str()))
    }

    /// The bytes of a time stamp that a line names.
    pub(crate) fn stamp(&self, digest: &str) -> Result<Vec<u8>, LedgerError> {
        let problem = |problem| LedgerError::Document { sha256: digest.to_owned(), problem };
        let bytes = self.read_stamp(digest).map_err(|_| problem("is missing or cannot be read"))?;
        if hex::encode(&sha256(&bytes)) == digest { Ok(bytes) } else { Err(problem("was altered")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::seeds;

    const NOW: &str = "2017-07-03T09:00:00Z";

    /// A supply with seeds between lines of another's, who is revoked.
    fn two() -> (Originator, String, String) {
        let mut originator = Originator::new();
        let (card, other) = (originator.recipient.card(), SigningKey::generate("Other", &[9; 32]).unwrap().card());
        let first = originator.supply(&other);
        let id = originator.supply_with(&card, Some(&seeds()));
        let without = || Policy { without_baseline: true, ..Policy::default() };
        for (supply, appraisal) in [(&id, Conclusion::Failed), (&first, Conclusion::Clear), (&id, Conclusion::Clear)] {
            originator.challenge(supply, Phase::Deletion, NOW, without());
            originator.answer(supply, appraisal, &[]);
        }
        let revocation = RevocationEntry {
            fingerprint: other.fingerprint().to_owned(),
            since: "2017-07-01".to_owned(),
            reason: "lost".to_owned(),
        };
        originator.ledger.append(at(NOW), Entry::Revocation(revocation)).unwrap();
        (originator, id, first)
    }

    fn problems(files: &SliceFiles) -> Vec<String> {
        Ledger::open_slice(files, BTreeMap::new()).1
    }

    #[test]
    fn a_slice_shows_one_supply_and_nothing_is_added_to_it() {
        let (originator, id, first) = two();
        let ledger = &originator.ledger;
        let supply = ledger.view().supply(&id).unwrap();
        let (files, newest) = ledger.slice(supply).unwrap();
        assert_eq!((newest, files.withheld(), files.pinned.is_some()), (at(NOW), 4, false));
        let text = String::from_utf8(files.lines.clone()).unwrap();
        assert!(text.contains(&id) && !text.contains(&first) && !text.contains("lost") && !text.contains("Other"));
        let (mut slice, problems) = Ledger::open_slice(&files, BTreeMap::new());
        assert_eq!((problems, slice.len(), slice.head()), (Vec::new(), ledger.len(), ledger.head()));
        assert_eq!(slice.line_of(ledger.head()), Some(ledger.len()));
        let shown = slice.view().supplies()[0].clone();
        assert_eq!((slice.view().supplies().len(), &shown.entry.supply_id), (1, &id));
        let places: Vec<u64> = shown.challenges.iter().map(Challenge::place).collect();
        assert_eq!(places, supply.challenges.iter().map(Challenge::place).collect::<Vec<u64>>());
        let received = |supply: &Supply| -> Vec<(String, Conclusion)> {
            supply.received().iter().map(|one| (one.receipt.attestation.clone(), one.receipt.appraisal)).collect()
        };
        assert_eq!((received(&shown).len(), received(&shown)), (2, received(supply)));
        // There is no folder in which anything is looked for, and none to which anything is written.
        assert!(slice.is_exported() && !slice.is_protected());
        assert!(matches!(slice.secrets(&id), Err(LedgerError::Exported { .. })));
        assert!(matches!(slice.seeds(&id), Err(LedgerError::Exported { .. })));
        assert!(slice.keep_document(b"x").is_err());
        let line: Line = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        assert!(matches!(slice.append(at(NOW), line.entry), Err(LedgerError::Exported { .. })));
        assert!(slice.document(&"0".repeat(64)).is_err());
    }

    #[test]
    fn every_change_to_a_slice_that_it_can_hold_is_found() {
        let (originator, id, _) = two();
        let ledger = &originator.ledger;
        let (files, _) = ledger.slice(ledger.view().supply(&id).unwrap()).unwrap();
        let text = String::from_utf8(files.lines.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let with = |text: String| SliceFiles { lines: text.into_bytes(), ..files.clone() };
        for number in 0..lines.len() {
            let without: String =
                lines.iter().enumerate().filter(|(index, _)| *index != number).flat_map(|(_, line)| [*line, "\n"]).collect();
            assert!(!problems(&with(without)).is_empty(), "{number}");
        }
        for (from, to) in [
            ("{\"withheld\":1,", "{\"withheld\": 1,"),
            ("{\"withheld\":1,", "{\"withheld\":2,"),
            ("{\"withheld\":1,\"sha256\":\"", "{\"withheld\":1,\"sha256\":\"0"),
        ] {
            assert!(text.contains(from) && !problems(&with(text.replace(from, to))).is_empty(), "{to}");
        }
        assert!(!problems(&with(text.trim_end().to_owned())).is_empty());
        assert!(!problems(&SliceFiles { head: b"9 x\n".to_vec(), ..files.clone() }).is_empty());
        let card = &ledger.view().supply(&id).unwrap().entry.recipient;
        for line in [2, 99] {
            let pinned = PinnedV1 { version: VERSION, pinned: vec![PinV1 { line, card: card.clone() }] };
            let said = problems(&SliceFiles { pinned: Some(pinned_json(&pinned)), ..files.clone() });
            assert_eq!(said, [format!("a card is said to be pinned by line {line}, which is not withheld")]);
        }
        for (pinned, known) in [(Some(b"{}".to_vec()), None), (None, Some(b"{}".to_vec()))] {
            assert_eq!(problems(&SliceFiles { pinned, known, ..files.clone() }).len(), 1);
        }
    }
}
