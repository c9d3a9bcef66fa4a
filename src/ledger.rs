//! The originator's ledger: what was supplied to whom, what was asked, and what was answered.
//!
//! A ledger is a folder. `ledger.jsonl` has one JSON object a line, and each line holds the SHA-256 of the one before it, so that nothing in
//! the middle changes unseen; `head` names the last line, so that neither does the end. `envelopes/` keeps the signed documents as they were
//! received, under their SHA-256, `secrets/` the salts and the seeds ([`seed`]) for the owner's eyes alone, `manifests/` what `trace` asks
//! ([`kept_manifest`]), and `stamps/` time stamps of others ([`stamp`]). Lines carry summaries, so that a board over thousands of
//! supplies opens no envelope.
//!
//! [`store`] reads and appends, [`entry`] is what a line holds, and [`LedgerView`] what the lines add up to, with the recipients' keys in
//! [`party`]. `docs/ledger.md` has every member. Nothing here is ever repaired in passing: a ledger that does not add up is an error that names
//! the line. [`audit`] looks at all of it, and [`store::repair`] is the one repair, by a command of its own.

pub(crate) mod acknowledgement;
pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod board;
pub(crate) mod challenge;
pub(crate) mod closing;
pub(crate) mod dispute;
pub(crate) mod entry;
pub(crate) mod error;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod kept_manifest;
pub(crate) mod known;
pub(crate) mod onward;
pub(crate) mod ordinal;
pub(crate) mod party;
pub(crate) mod reference;
pub(crate) mod refusal;
pub(crate) mod seed;
pub(crate) mod slice;
pub(crate) mod stamp;
pub(crate) mod store;
pub(crate) mod vault;

pub(crate) use crate::ledger::error::LedgerError;
pub(crate) use crate::ledger::store::Ledger;

use crate::attestation::key::Card;
use crate::attestation::key::CardError;
use crate::finding::Phase;
use crate::ledger::dispute::Dispute;
use crate::ledger::entry::AcknowledgementEntry;
use crate::ledger::entry::ApprovalEntry;
use crate::ledger::entry::ChallengeEntry;
use crate::ledger::entry::ClosedEntry;
use crate::ledger::entry::ClosingEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::CountersignatureEntry;
use crate::ledger::entry::DestructionEntry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::entry::RepairEntry;
use crate::ledger::entry::StampEntry;
use crate::ledger::entry::SupplyEntry;
use crate::ledger::party::Key;
use crate::ledger::party::Parties;
use crate::ledger::party::Standing;
use crate::manifest::statement::PhaseGroup;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// The fewest digits by which a board names a supply.
const SHORTEST_ID: usize = 8;

/// Everything that the lines of a ledger add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerView {
    supplies: Vec<Supply>,
    by_id: BTreeMap<String, usize>,
    by_challenge: BTreeMap<String, (usize, usize)>,
    parties: Parties,
    /// Entries taken in so far.
    entries: u64,
    /// The digest of each rotation's envelope, and the fingerprint of the key that signed it.
    rotations: Vec<(String, String)>,
    repairs: Vec<RepairEntry>,
    /// Time stamps over documents that are of no supply.
    stamps: Vec<StampEntry>,
    /// The digests of all time stamps.
    stamp_digests: BTreeSet<String>,
}

/// One supply and all that followed.
#[derive(Clone, Debug)]
pub(crate) struct Supply {
    /// As it was entered.
    pub(crate) entry: SupplyEntry,
    /// The agreed day.
    pub(crate) delete_by: Date,
    /// Its challenges, the oldest first.
    pub(crate) challenges: Vec<Challenge>,
    /// The recipient's confirmations of what it was handed, the oldest first.
    pub(crate) countersignatures: Vec<CountersignatureEntry>,
    /// Objections to how it stands, the oldest first.
    pub(crate) disputes: Vec<Dispute>,
    /// The recipient's records of what it has destroyed, the oldest first.
    pub(crate) destructions: Vec<DestructionEntry>,
    /// That what is kept of it is being destroyed.
    pub(crate) closing: Option<ClosingEntry>,
    /// Those of the recipient's records that counted when that began.
    relied_on: Vec<DestructionEntry>,
    /// That it is.
    pub(crate) closed: Option<ClosedEntry>,
    /// What onward recipients attested to those who supplied them, the oldest first.
    pub(crate) onward: Vec<OnwardEntry>,
    /// Time stamps over its documents, in the order in which they came.
    pub(crate) stamps: Vec<StampEntry>,
}

/// One challenge and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    /// As it was entered.
    pub(crate) entry: ChallengeEntry,
    /// Its phase.
    pub(crate) phase: Phase,
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
    /// The fingerprint of the key that it was for.
    pub(crate) recipient_key: String,
    /// That key was replaced or revoked since, so that no answer can come any more.
    pub(crate) is_key_out: bool,
    /// SHA-256 of the baseline that was accepted when it was issued.
    baseline: Option<String>,
    /// What was received, the oldest first, failed attempts included. Where a key was revoked afterwards, what no longer counts is appraised
    /// here as that leaves it, and not as the line has it.
    pub(crate) receipts: Vec<ReceiptEntry>,
    /// Countersignatures of what was received, the oldest first, those included that do not count.
    pub(crate) approvals: Vec<ApprovalEntry>,
    /// Receipts that were signed for what was received, the oldest first.
    pub(crate) acknowledgements: Vec<AcknowledgementEntry>,
    /// The place of its entry in the ledger, which tells what came first where two clocks or two equal times do not.
    place: u64,
    /// The places of the receipts.
    places: Vec<u64>,
}

/// Why no supply, or no single one, has an id that begins so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum LookupError {
    /// The person's fault, or another ledger's supply.
    #[error("no supply of this ledger has an id that begins with `{prefix}`")]
    Unknown {
        /// What was looked for.
        prefix: String,
    },
    /// The person's fault.
    #[error("{count} supplies have an id that begins with `{prefix}`")]
    Ambiguous {
        /// What was looked for.
        prefix: String,
        /// How many there are.
        count: usize,
    },
}

impl LedgerView {
    /// All supplies, the oldest first.
    pub(crate) fn supplies(&self) -> &[Supply] {
        &self.supplies
    }

    /// The one supply whose id is, or begins with, `prefix`.
    pub(crate) fn supply(&self, prefix: &str) -> Result<&Supply, LookupError> {
        let shown = || sanitize::clean(prefix);
        let mut matching = self.by_id.range(prefix.to_owned()..).take_while(|(id, _)| id.starts_with(prefix));
        let first = matching.next().filter(|_| !prefix.is_empty()).ok_or_else(|| LookupError::Unknown { prefix: shown() })?;
        match matching.count() {
            0 => self.supplies.get(*first.1).ok_or_else(|| LookupError::Unknown { prefix: shown() }),
            more => Err(LookupError::Ambiguous { prefix: shown(), count: more + 1 }),
        }
    }

    /// The newest confirmation of a supply's recipient that the manifest is that of the data, else the newest that it was received. One by a key
    /// that was revoked by then is none.
    pub(crate) fn countersignature<'a>(&self, supply: &'a Supply) -> Option<&'a CountersignatureEntry> {
        let is_good = |entry: &&CountersignatureEntry| {
            let received_at = time::parse(&entry.received_at);
            received_at.is_some_and(|at| self.parties.key_at(&entry.key, at) == Standing::Valid)
        };
        let mut newest_first = supply.countersignatures.iter().rev().filter(is_good);
        let derived = newest_first.clone().find(|entry| entry.is_derived);
        derived.or_else(|| newest_first.next())
    }

    /// A supply by its whole id.
    fn by_id(&self, supply_id: &str) -> Option<&Supply> {
        self.supplies.get(*self.by_id.get(supply_id)?)
    }

    /// A challenge by its whole id, with its supply.
    pub(crate) fn challenge(&self, challenge_id: &str) -> Option<(&Supply, &Challenge)> {
        let (supply, challenge) = self.by_challenge.get(challenge_id)?;
        let supply = self.supplies.get(*supply)?;
        Some((supply, supply.challenges.get(*challenge)?))
    }

    /// The recipients' cards, each key once, those of the past included.
    pub(crate) fn recipients(&self) -> Vec<&PinnedCard> {
        self.parties.keys().map(|key| &key.pinned).collect()
    }

    /// The recipients' keys.
    pub(crate) fn parties(&self) -> &Parties {
        &self.parties
    }

    /// The card to which a supply's next challenge goes: the one that the supply pins, or that has taken its place.
    pub(crate) fn current_card<'a>(&'a self, supply: &'a Supply) -> &'a PinnedCard {
        let pinned = &supply.entry.recipient;
        let current = self.parties.current(&pinned.fingerprint);
        self.parties.key(current).filter(|_| current != pinned.fingerprint).map_or(pinned, |key| &key.pinned)
    }

    /// The card of a key that signs for a supply's recipient: the one that the supply pins, or one that has taken its place.
    pub(crate) fn signing_card(&self, supply: &Supply, fingerprint: &str) -> Result<Card, CardError> {
        let pinned = &supply.entry.recipient;
        match self.parties.key(fingerprint).filter(|_| fingerprint != pinned.fingerprint) {
            Some(key) => key.card().cloned(),
            None => pinned.card(),
        }
    }

    /// Whether a key was replaced or is revoked.
    fn is_out(&self, fingerprint: &str) -> bool {
        self.parties.key(fingerprint).is_some_and(Key::is_out)
    }

    /// What was cut off its end, the oldest first.
    pub(crate) fn repairs(&self) -> &[RepairEntry] {
        &self.repairs
    }

    /// As many digits of a supply's id as tell it from all others, and at least eight.
    pub(crate) fn short_id<'a>(&self, supply_id: &'a str) -> &'a str {
        let common = |other: &str| other.bytes().zip(supply_id.bytes()).take_while(|(a, b)| a == b).count();
        let before = self.by_id.range(..supply_id.to_owned()).next_back().map_or(0, |(id, _)| common(id));
        let after =
            self.by_id.range(supply_id.to_owned()..).map(|(id, _)| id).find(|id| *id != supply_id).map_or(0, |id| common(id));
        supply_id.get(..SHORTEST_ID.max(before.max(after) + 1)).unwrap_or(supply_id)
    }

    /// What is wrong with an entry at this place of the ledger, in words; `None` where it fits.
    fn misfit(&self, entry: &Entry) -> Option<&'static str> {
        let is_digest = |text: &str| hex::decode::<32>(text).is_some();
        let is_id = |text: &str| hex::decode::<16>(text).is_some();
        match entry {
            Entry::Supply(supply) => {
                if !is_id(&supply.supply_id) || !is_digest(&supply.baseline_statement) || !is_digest(&supply.deletion_statement) {
                    Some("the supply has an id or digest that is none")
                } else if time::parse_day(&supply.delete_by).is_none() || time::parse(&supply.created_at).is_none() {
                    Some("the supply has a date that is none")
                } else if self.by_id.contains_key(&supply.supply_id) {
                    Some("the supply is in the ledger already")
                } else if self.is_out(&supply.recipient.fingerprint) {
                    Some("the supply is for a key that was replaced or is revoked")
                } else if self.parties.officer(&supply.recipient.fingerprint).is_some() {
                    Some("the supply is for the key of an officer, which signs no attestations")
                } else if supply.kept_manifest.as_ref().is_some_and(|digest| !is_digest(digest)) {
                    Some("the supply keeps a manifest under a digest that is none")
                } else {
                    None
                }
            }
            Entry::Challenge(challenge) => {
                if !is_id(&challenge.challenge_id) || !is_digest(&challenge.envelope) {
                    Some("the challenge has an id or digest that is none")
                } else if Phase::parse(&challenge.phase).is_none()
                    || time::parse(&challenge.issued_at).is_none()
                    || time::parse(&challenge.expires_at).is_none()
                {
                    Some("the challenge has a phase or date that is none")
                } else if challenge.refused.iter().any(|refused| !is_digest(&refused.sha256)) {
                    Some("the challenge refuses a declaration that has no digest")
                } else if self.by_challenge.contains_key(&challenge.challenge_id) {
                    Some("the challenge is in the ledger already")
                } else {
                    match self.by_id.get(&challenge.supply_id).and_then(|index| self.supplies.get(*index)) {
                        None => Some("the challenge is of a supply that is not in the ledger"),
                        Some(supply) if supply.closing.is_some() => Some("the challenge is of a supply that is closed"),
                        Some(supply) => {
                            let addressee = addressee(supply, challenge);
                            let is_current = addressee == self.current_card(supply).fingerprint;
                            (!is_current || self.is_out(addressee))
                                .then_some("the challenge is for another key than the recipient's current one")
                        }
                    }
                }
            }
            Entry::Receipt(receipt) => match self.challenge(&receipt.challenge_id) {
                None => Some("the receipt answers a challenge that is not in the ledger"),
                Some((supply, challenge)) => {
                    if supply.entry.supply_id != receipt.supply_id || challenge.entry.phase != receipt.phase {
                        Some("the receipt names another supply or phase than its challenge")
                    } else if supply.closing.is_some() {
                        Some("the receipt is of a supply that is closed")
                    } else if !is_digest(&receipt.attestation) || time::parse(&receipt.received_at).is_none() {
                        Some("the receipt has a digest or date that is none")
                    } else if time::parse(&receipt.received_at)
                        .is_some_and(|at| self.parties.key_at(supply.signer(receipt), at) != Standing::Valid)
                    {
                        Some("the receipt is signed by a key that was not valid when it was received")
                    } else if receipt.onward.iter().flat_map(|onward| &onward.attestations).any(|digest| !is_digest(digest)) {
                        Some("the receipt names an attestation by a digest that is none")
                    } else if receipt.exceptions.iter().any(|exception| time::parse_day(&exception.roll_off).is_none()) {
                        Some("the receipt has an exception without its day")
                    } else if receipt.appraisal != Conclusion::Failed
                        && challenge.answer().is_some_and(|answer| answer.attestation != receipt.attestation)
                    {
                        Some("the challenge was already answered by another attestation")
                    } else if approval::is_unapproved(&self.parties, &supply.entry.recipient.fingerprint, challenge, receipt) {
                        Some("the receipt concludes what its challenge lets nobody conclude without a countersignature")
                    } else {
                        None
                    }
                }
            },
            Entry::Countersignature(entry) => {
                if !is_digest(&entry.envelope)
                    || time::parse(&entry.signed_at).is_none()
                    || time::parse(&entry.received_at).is_none()
                {
                    Some("the countersignature has a digest or date that is none")
                } else if !self.by_id.contains_key(&entry.supply_id) {
                    Some("the countersignature is of a supply that is not in the ledger")
                } else {
                    None
                }
            }
            Entry::Recipient(recipient) => self.parties.misfit(recipient).map(party::Misfit::problem),
            Entry::Revocation(revocation) => self.parties.misfit_of_revocation(revocation).map(party::Misfit::problem),
            Entry::Dispute(dispute) => dispute::misfit(self, dispute),
            Entry::Settlement(settlement) => dispute::settlement_misfit(self, settlement),
            Entry::Destruction(destruction) => closing::misfit_of_destruction(self, destruction),
            Entry::Closing(closing) => closing::misfit(self, closing),
            Entry::Closed(closed) => closing::misfit_of_end(self, closed),
            Entry::Officer(officer) => self.parties.officer_misfit(officer).map(party::Misfit::problem),
            Entry::Approval(entry) => approval::misfit(self, entry),
            Entry::Acknowledgement(entry) => acknowledgement::misfit(self, entry),
            Entry::Repair(repair) => {
                if !is_digest(&repair.sha256) || repair.line == 0 || repair.bytes == 0 {
                    Some("the repair has a line, length or digest that is none")
                } else if self.repairs.contains(repair) {
                    Some("the repair is in the ledger already")
                } else {
                    None
                }
            }
            Entry::Onward(entry) => onward::misfit(self, entry),
            Entry::Stamp(entry) => stamp::misfit(self, entry),
        }
    }

    /// Goes on behind a line that is withheld, which may pin a card that other lines speak of. A card that a supply pins has no beginning.
    fn pass_over(&mut self, pinned: Option<&PinnedCard>) {
        self.entries += 1;
        if let Some(card) = pinned {
            self.parties.supplied(card, Timestamp::UNIX_EPOCH);
        }
    }

    /// Takes in one further entry, which [`LedgerView::misfit`] has passed.
    fn fold(&mut self, entry: Entry) -> Result<(), &'static str> {
        if let Some(misfit) = self.misfit(&entry) {
            return Err(misfit);
        }
        self.entries += 1;
        let place = self.entries;
        match entry {
            Entry::Supply(entry) => {
                let delete_by = time::parse_day(&entry.delete_by).ok_or("the supply has a date that is none")?;
                let created_at = time::parse(&entry.created_at).ok_or("the supply has a date that is none")?;
                self.by_id.insert(entry.supply_id.clone(), self.supplies.len());
                self.parties.supplied(&entry.recipient, created_at);
                self.supplies.push(Supply {
                    entry: *entry,
                    delete_by,
                    challenges: Vec::new(),
                    countersignatures: Vec::new(),
                    disputes: Vec::new(),
                    destructions: Vec::new(),
                    closing: None,
                    relied_on: Vec::new(),
                    closed: None,
                    onward: Vec::new(),
                    stamps: Vec::new(),
                });
            }
            Entry::Challenge(entry) => {
                const NO_DATE: &str = "the challenge has a phase or date that is none";
                let phase = Phase::parse(&entry.phase).ok_or(NO_DATE)?;
                let issued_at = time::parse(&entry.issued_at).ok_or(NO_DATE)?;
                let expires_at = time::parse(&entry.expires_at).ok_or(NO_DATE)?;
                let index = *self.by_id.get(&entry.supply_id).ok_or("the challenge is of a supply that is not in the ledger")?;
                let supply = self.supplies.get_mut(index).ok_or("the challenge is of a supply that is not in the ledger")?;
                self.by_challenge.insert(entry.challenge_id.clone(), (index, supply.challenges.len()));
                let recipient_key = addressee(supply, &entry).to_owned();
                let accepted = supply.accepted_baseline().filter(|_| phase != Phase::Baseline);
                let baseline = accepted.map(|receipt| receipt.attestation.clone());
                let is_key_out = false;
                supply.challenges.push(Challenge {
                    entry,
                    phase,
                    issued_at,
                    expires_at,
                    recipient_key,
                    is_key_out,
                    baseline,
                    receipts: Vec::new(),
                    approvals: Vec::new(),
                    acknowledgements: Vec::new(),
                    place,
                    places: Vec::new(),
                });
            }
            Entry::Receipt(entry) => {
                const NO_CHALLENGE: &str = "the receipt answers a challenge that is not in the ledger";
                let (supply, challenge) = *self.by_challenge.get(&entry.challenge_id).ok_or(NO_CHALLENGE)?;
                let challenge =
                    self.supplies.get_mut(supply).and_then(|supply| supply.challenges.get_mut(challenge)).ok_or(NO_CHALLENGE)?;
                challenge.receipts.push(entry);
                challenge.places.push(place);
            }
            Entry::Dispute(entry) => {
                let supply = self.by_id.get(&entry.supply_id).and_then(|index| self.supplies.get_mut(*index));
                let supply = supply.ok_or("the dispute is about a supply that is not in the ledger")?;
                supply.disputes.push(Dispute { entry, settlement: None });
            }
            Entry::Settlement(entry) => {
                let supply = self.by_id.get(&entry.supply_id).and_then(|index| self.supplies.get_mut(*index));
                let dispute =
                    supply.and_then(|supply| supply.disputes.iter_mut().find(|dispute| dispute.entry.number == entry.number));
                dispute.ok_or("the settlement is of a dispute that is not open")?.settlement = Some(entry);
            }
            Entry::Countersignature(entry) => {
                const NO_SUPPLY: &str = "the countersignature is of a supply that is not in the ledger";
                let index = *self.by_id.get(&entry.supply_id).ok_or(NO_SUPPLY)?;
                self.supplies.get_mut(index).ok_or(NO_SUPPLY)?.countersignatures.push(entry);
            }
            Entry::Recipient(entry) => {
                let since = time::parse(&entry.since).ok_or("the recipient's card has a date that is none")?;
                self.parties.pin(&entry, since);
                self.rotations.extend(entry.statement.clone().zip(entry.replaces.clone()));
                if let Some(replaced) = entry.replaces {
                    self.put_out(&[replaced]);
                }
            }
            Entry::Revocation(entry) => {
                let since = time::parse_day(&entry.since).ok_or("the revocation has a date that is none")?;
                let reached = self.parties.revoke(&entry, since);
                self.put_out(&reached);
                for supply in &mut self.supplies {
                    supply.revoke(&self.parties, &reached);
                }
            }
            Entry::Repair(entry) => self.repairs.push(entry),
            Entry::Destruction(entry) => self.supply_mut(&entry.supply_id)?.destructions.push(entry),
            Entry::Closing(entry) => {
                let supply = self.by_id(&entry.supply_id).ok_or("the closing is of a supply that is not in the ledger")?;
                let records = supply.destructions.iter();
                let relied_on = records.filter(|record| closing::counts(&self.parties, record)).cloned().collect();
                let supply = self.supply_mut(&entry.supply_id)?;
                supply.relied_on = relied_on;
                supply.closing = Some(entry);
            }
            Entry::Closed(entry) => {
                let supply = self.supply_mut(&entry.supply_id)?;
                supply.closed = Some(entry);
            }
            Entry::Onward(entry) => self.supply_mut(&entry.supply_id)?.onward.push(entry),
            Entry::Stamp(entry) => {
                self.stamp_digests.insert(entry.stamp.clone());
                match entry.supply_id.clone() {
                    Some(supply_id) => self.supply_mut(&supply_id)?.stamps.push(entry),
                    None => self.stamps.push(entry),
                }
            }
            Entry::Officer(entry) => {
                let since = time::parse(&entry.since).ok_or("the officer's card has a date that is none")?;
                self.parties.pin_officer(&entry, since);
            }
            Entry::Approval(entry) => {
                const NO_CHALLENGE: &str = "the approval is of a challenge that is not in the ledger";
                let (supply, challenge) = *self.by_challenge.get(&entry.challenge_id).ok_or(NO_CHALLENGE)?;
                let challenge = self.supplies.get_mut(supply).and_then(|supply| supply.challenges.get_mut(challenge));
                challenge.ok_or(NO_CHALLENGE)?.approvals.push(entry);
            }
            Entry::Acknowledgement(entry) => {
                const NO_CHALLENGE: &str = "the acknowledgement is of a challenge that is not in the ledger";
                let (supply, challenge) = *self.by_challenge.get(&entry.challenge_id).ok_or(NO_CHALLENGE)?;
                let challenge = self.supplies.get_mut(supply).and_then(|supply| supply.challenges.get_mut(challenge));
                challenge.ok_or(NO_CHALLENGE)?.acknowledgements.push(entry);
            }
        }
        Ok(())
    }

    fn supply_mut(&mut self, supply_id: &str) -> Result<&mut Supply, &'static str> {
        let supply = self.by_id.get(supply_id).and_then(|index| self.supplies.get_mut(*index));
        supply.ok_or("the entry is of a supply that is not in the ledger")
    }

    /// Nobody can answer a challenge any more that is for one of these keys.
    fn put_out(&mut self, keys: &[String]) {
        for challenge in self.supplies.iter_mut().flat_map(|supply| &mut supply.challenges) {
            challenge.is_key_out |= keys.contains(&challenge.recipient_key);
        }
    }
}

/// The fingerprint of the key that a challenge is for.
fn addressee<'a>(supply: &'a Supply, challenge: &'a ChallengeEntry) -> &'a str {
    challenge.recipient_key.as_deref().unwrap_or(&supply.entry.recipient.fingerprint)
}

impl Supply {
    /// The newest attestation of a baseline that was accepted: all checks passed, and it found the share asked for with nothing unseen.
    pub(crate) fn accepted_baseline(&self) -> Option<&ReceiptEntry> {
        let baselines = self.challenges.iter().filter(|challenge| challenge.phase == Phase::Baseline);
        baselines.rev().filter_map(Challenge::answer).find(|receipt| receipt.appraisal == Conclusion::Present)
    }

    /// The accepted baseline of this SHA-256.
    pub(crate) fn accepted_baseline_of(&self, attestation: &str) -> Option<&ReceiptEntry> {
        let baselines = self.challenges.iter().filter(|challenge| challenge.phase == Phase::Baseline);
        baselines
            .filter_map(Challenge::answer)
            .find(|receipt| receipt.appraisal == Conclusion::Present && receipt.attestation == attestation)
    }

    /// The fingerprint of the key that signed a received attestation.
    pub(crate) fn signer<'a>(&'a self, receipt: &'a ReceiptEntry) -> &'a str {
        receipt.signer.as_deref().unwrap_or(&self.entry.recipient.fingerprint)
    }

    /// Takes their worth from the answers that keys have signed which were revoked when they were received, from those that lack a required
    /// countersignature by it, and from those that were compared with such a baseline. Nothing becomes better by it: what was `residual` stays so until the recipient answers again.
    fn revoke(&mut self, parties: &Parties, keys: &[String]) {
        let pinned = &self.entry.recipient.fingerprint;
        let mut is_baseline_lost = false;
        for challenge in &mut self.challenges {
            for receipt in challenge.receipts.iter_mut().filter(|receipt| receipt.appraisal != Conclusion::Failed) {
                let signer = receipt.signer.as_ref().unwrap_or(pinned);
                let Some(received_at) = time::parse(&receipt.received_at).filter(|_| keys.contains(signer)) else { continue };
                if let Standing::Revoked { since, reason } = parties.key_at(signer, received_at) {
                    let because = format!("signed by `{signer}`, which is revoked as of {since}: {reason}");
                    is_baseline_lost |= receipt.appraisal == Conclusion::Present;
                    lessen(receipt, because);
                }
            }
        }
        is_baseline_lost |= self.lessen_unapproved(parties);
        if !is_baseline_lost {
            return;
        }
        let is_lost = |challenge: &Challenge| {
            challenge.baseline.as_ref().is_some_and(|baseline| self.accepted_baseline_of(baseline).is_none())
        };
        let lost: Vec<bool> = self.challenges.iter().map(is_lost).collect();
        for (challenge, _) in self.challenges.iter_mut().zip(lost).filter(|(_, is_lost)| *is_lost) {
            for receipt in challenge.receipts.iter_mut().filter(|receipt| receipt.appraisal != Conclusion::Failed) {
                lessen(
                    receipt,
                    "the baseline that it was compared with was signed or countersigned by a key that was revoked by then"
                        .to_owned(),
                );
            }
        }
    }

    /// SHA-256 of the envelope of the manifest statement for a phase.
    pub(crate) fn statement(&self, phase: Phase) -> &str {
        match group(phase) {
            PhaseGroup::Baseline => &self.entry.baseline_statement,
            PhaseGroup::Deletion => &self.entry.deletion_statement,
        }
    }
}

impl Challenge {
    /// The attestation that used the challenge up: its newest receipt that did not fail.
    pub(crate) fn answer(&self) -> Option<&ReceiptEntry> {
        self.receipts.iter().rev().find(|receipt| receipt.appraisal != Conclusion::Failed)
    }
}

/// An appraisal that no longer rests on what it rested on is inconclusive at best.
fn lessen(receipt: &mut ReceiptEntry, because: String) {
    receipt.appraisal = receipt.appraisal.max(Conclusion::Inconclusive);
    if !receipt.reasons.contains(&because) {
        receipt.reasons.insert(0, because);
    }
}

impl Challenge {
    /// The place in the ledger of the answer's first receipt. The same bytes judged anew are as old as they were.
    fn answered(&self) -> Option<u64> {
        let answer = self.answer()?;
        let is_of_it =
            |receipt: &ReceiptEntry| receipt.attestation == answer.attestation && receipt.appraisal != Conclusion::Failed;
        self.receipts.iter().zip(&self.places).find(|(receipt, _)| is_of_it(receipt)).map(|(_, place)| *place)
    }
}

impl Supply {
    /// Challenges after the agreed day, the oldest first.
    fn asked(&self) -> impl DoubleEndedIterator<Item = &Challenge> {
        self.challenges.iter().filter(|challenge| challenge.phase != Phase::Baseline)
    }

    /// The newest challenge after the agreed day that was answered.
    fn newest_answered(&self) -> Option<&Challenge> {
        self.asked().rev().find(|challenge| challenge.answer().is_some())
    }

    /// The answers that stand: that to the newest answered challenge, and those that came in only after it was issued, whose scans may be as new.
    pub(crate) fn standing_answers(&self) -> impl Iterator<Item = &ReceiptEntry> {
        let newest = self.newest_answered().map_or(u64::MAX, |challenge| challenge.place);
        let stands = move |challenge: &&Challenge| challenge.answered().is_some_and(|place| place > newest);
        self.asked().filter(stands).filter_map(Challenge::answer)
    }

    /// The challenges after the newest answered one.
    pub(crate) fn unanswered(&self) -> impl DoubleEndedIterator<Item = &Challenge> {
        let newest = self.newest_answered().map_or(0, |challenge| challenge.place);
        self.asked().filter(move |challenge| challenge.place > newest)
    }
}

/// Which manifest serves a phase.
pub(crate) fn group(phase: Phase) -> PhaseGroup {
    if phase == Phase::Baseline { PhaseGroup::Baseline } else { PhaseGroup::Deletion }
}
