//! The recipients' keys: which card was pinned when, by which other it was replaced, and from which day on it is revoked.
//!
//! A key has one successor at most, so that from the card that a supply pins one way leads to the card that is current. A revocation reaches
//! back: what was received under the key from its day on counts no more, though it was accepted, and neither does a successor that the key
//! itself named then. Only a person who compares the successor's card can bring that one back.

pub(crate) mod officer;

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::Verified;
use crate::attestation::key::Card;
use crate::attestation::key::CardError;
use crate::ledger::entry::Basis;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::RecipientEntry;
use crate::ledger::entry::RevocationEntry;
use crate::ledger::party::officer::Officer;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What every fingerprint begins with.
const PREFIX: &str = "SHA256:";

/// The longest reason of a revocation, in bytes.
pub(crate) const LONGEST_REASON: usize = 1_000;

/// How many keys are tried that a file does not name. A forged file must not cost a signature for each of thousands of recipients; whoever is
/// asked is found by the challenge that is answered.
const MOST_TRIED: usize = 256;

/// All keys of recipients and of their officers that were ever pinned. None is both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parties {
    keys: BTreeMap<String, Key>,
    officers: BTreeMap<String, Officer>,
}

/// One key of a recipient, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The card as it was pinned first.
    pub(crate) pinned: PinnedCard,
    /// By what it was pinned.
    pub(crate) origin: Origin,
    /// When it was pinned.
    pub(crate) since: Timestamp,
    /// When and by which other key it was replaced.
    pub(crate) replaced: Option<Replacement>,
    /// The revocation that was entered for it, the earliest where there are several.
    stated: Option<Revocation>,
    /// The revocation that follows from one of the key that named it.
    inherited: Option<Revocation>,
    /// The card with its keys, once it was needed: one pass over many signatures reads each card once.
    card: OnceLock<Card>,
}

/// By what a card was pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A supply named it.
    Supply,
    /// A person compared its fingerprint.
    Compared,
    /// This key named it as its successor.
    Rotation(String),
}

/// That a key was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// When that was entered.
    pub(crate) since: Timestamp,
    /// The successor's fingerprint.
    pub(crate) by: String,
}

/// That a key is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    /// The first day (UTC) on which it no longer counts.
    pub(crate) since: Date,
    /// Why, in words.
    pub(crate) reason: String,
}

/// What a key is worth at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// It was never pinned.
    Unknown,
    /// It was pinned later.
    NotYet {
        /// When.
        since: Timestamp,
    },
    /// It is the recipient's.
    Valid,
    /// Another had taken its place.
    Replaced {
        /// When.
        since: Timestamp,
        /// The successor's fingerprint.
        by: &'a str,
    },
    /// Whoever has it may have signed with it.
    Revoked {
        /// The first day.
        since: Date,
        /// Why, in words.
        reason: &'a str,
    },
}

/// Why no key, or no single one, has a fingerprint that begins so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum KeyLookupError {
    /// The person's fault, or another ledger's key.
    #[error("no recipient of this ledger has a key whose fingerprint begins with `{prefix}`")]
    Unknown {
        /// What was looked for.
        prefix: String,
    },
    /// The person's fault.
    #[error("{count} keys have a fingerprint that begins with `{prefix}`")]
    Ambiguous {
        /// What was looked for.
        prefix: String,
        /// How many there are.
        count: usize,
    },
}

/// Why a card or a revocation does not fit what the ledger knows of its recipients' keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// A bug, or somebody's fault: fingerprint, date, digest or reason are none.
    Form,
    /// The person's fault: nothing is left to be done.
    Known,
    /// The person's fault: the key to be replaced or revoked was never pinned.
    NoKey,
    /// The person's fault.
    Itself,
    /// The person's fault: a key has one successor.
    Replaced,
    /// The person's fault: the successor is itself no longer current.
    OldSuccessor,
    /// Somebody's fault: two cards of the same key, with another name or another encryption key.
    OtherCard,
    /// The recipient's fault: it named somebody's key, or a key of its own that is known.
    RotatedToKnown,
    /// Somebody's fault: a key that is not to be relied on names no successor.
    RotatedByRevoked,
    /// The person's fault: an earlier or equal date was entered before.
    Revoked,
    /// Somebody's fault: the key that is to sign attestations is an officer's.
    IsOfficer,
    /// Somebody's fault: the key that is to countersign attestations signs them.
    OfficerAttests,
    /// The person's fault: the officer's key is revoked.
    OldOfficer,
    /// The person's fault: the recipient is not in the ledger.
    NoParty,
}

impl Misfit {
    /// What is wrong.
    pub(crate) fn problem(self) -> &'static str {
        match self {
            Misfit::Form => "the entry of a recipient's key has a fingerprint, date, digest or reason that is none",
            Misfit::Known => "this key is in the ledger already",
            Misfit::NoKey => "the key to be replaced or revoked is not in the ledger",
            Misfit::Itself => "a key cannot take its own place",
            Misfit::Replaced => "the key was replaced already",
            Misfit::OldSuccessor => "the new key was itself replaced or revoked",
            Misfit::OtherCard => "the ledger pins another card of this key, with another name or another encryption key",
            Misfit::RotatedToKnown => "a rotation names a new key, and this one is in the ledger already",
            Misfit::RotatedByRevoked => "the key that signed the rotation is revoked, so that it names no successor",
            Misfit::Revoked => "the key is revoked already, as of this day or an earlier one",
            Misfit::IsOfficer => "this key is an officer's, who countersigns, and so it cannot sign attestations",
            Misfit::OfficerAttests => {
                "this key is a recipient's own, which signs attestations, and so it cannot countersign them"
            }
            Misfit::OldOfficer => "this officer's key is revoked",
            Misfit::NoParty => "the officer is one of a recipient who is not in the ledger",
        }
    }

    /// What a person may do about it.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Misfit::Form => "write the date as 2017-06-30, and give a reason of at most 1000 characters in one line",
            Misfit::Known | Misfit::Replaced | Misfit::Revoked | Misfit::OldSuccessor => {
                "`residua recipient list` shows every key and what became of it; name the one that is current"
            }
            Misfit::NoKey => {
                "`residua recipient list` shows the keys of the ledger; a recipient's first card needs no `--replaces`"
            }
            Misfit::Itself => "name the recipient's new card",
            Misfit::OtherCard => {
                "compare both cards with the recipient; of a new encryption key it has to make a new card (`residua keygen`)"
            }
            Misfit::IsOfficer | Misfit::OfficerAttests | Misfit::OldOfficer => {
                "have the person make a key of its own (`residua keygen`), and compare its fingerprint by another channel"
            }
            Misfit::NoParty => "pin the recipient's card first: `residua recipient add CARD`",
            Misfit::RotatedToKnown | Misfit::RotatedByRevoked => {
                "ask the recipient by another channel for the fingerprint of its new card, and enter that with \
                 `residua recipient add CARD --replaces KEY`"
            }
        }
    }
}

impl Key {
    /// The revocation that counts: the earlier one of its own and of what it inherited.
    pub(crate) fn revoked(&self) -> Option<&Revocation> {
        self.stated.iter().chain(&self.inherited).min_by_key(|revocation| revocation.since)
    }

    /// Whether nothing of this key is to be accepted any more that comes from now on.
    pub(crate) fn is_out(&self) -> bool {
        self.replaced.is_some() || self.revoked().is_some()
    }

    /// The card with its keys, checked again.
    pub(crate) fn card(&self) -> Result<&Card, CardError> {
        if let Some(card) = self.card.get() {
            return Ok(card);
        }
        let card = self.pinned.card()?;
        Ok(self.card.get_or_init(|| card))
    }

    fn new(pinned: PinnedCard, origin: Origin, since: Timestamp) -> Key {
        Key { pinned, origin, since, replaced: None, stated: None, inherited: None, card: OnceLock::new() }
    }
}

impl Parties {
    /// All keys, by fingerprint.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// A key by its whole fingerprint.
    pub(crate) fn key(&self, fingerprint: &str) -> Option<&Key> {
        self.keys.get(fingerprint)
    }

    /// The one key whose fingerprint is, or begins with, `prefix`; `SHA256:` may be left out.
    pub(crate) fn find(&self, prefix: &str) -> Result<&Key, KeyLookupError> {
        let shown = || sanitize::clean(prefix);
        let digits = prefix.strip_prefix(PREFIX).unwrap_or(prefix);
        let whole = format!("{PREFIX}{digits}");
        let mut matching = self.keys.range(whole.clone()..).take_while(|(fingerprint, _)| fingerprint.starts_with(&whole));
        let (_, first) =
            matching.next().filter(|_| !digits.is_empty()).ok_or_else(|| KeyLookupError::Unknown { prefix: shown() })?;
        match matching.count() {
            0 => Ok(first),
            more => Err(KeyLookupError::Ambiguous { prefix: shown(), count: more + 1 }),
        }
    }

    /// What a signature by this key is worth that was received at this time.
    pub(crate) fn key_at(&self, fingerprint: &str, at: Timestamp) -> Standing<'_> {
        let Some(key) = self.keys.get(fingerprint) else { return Standing::Unknown };
        if let Some(revocation) = key.revoked().filter(|revocation| time::day(at) >= revocation.since) {
            return Standing::Revoked { since: revocation.since, reason: &revocation.reason };
        }
        if let Some(replacement) = key.replaced.as_ref().filter(|replacement| at >= replacement.since) {
            return Standing::Replaced { since: replacement.since, by: &replacement.by };
        }
        // A supply exists before anything is asked about it, so that its card has no beginning.
        if key.origin != Origin::Supply && at < key.since {
            return Standing::NotYet { since: key.since };
        }
        Standing::Valid
    }

    /// The key that took the place of this one, and of that one, and so on: itself where there is none.
    pub(crate) fn current<'a>(&'a self, fingerprint: &'a str) -> &'a str {
        let mut current = fingerprint;
        // A new key was never replaced when it took a place, so that no way leads back.
        while let Some(replacement) = self.keys.get(current).and_then(|key| key.replaced.as_ref()) {
            current = &replacement.by;
        }
        current
    }

    /// Whose key signed the envelope: the payload, and the key. The envelope's `keyid` is where the search begins, what its payload says of the
    /// key where it goes on, and neither decides anything.
    pub(crate) fn signer<'a>(
        &self,
        envelope: &'a Envelope,
        likely: impl FnOnce() -> Option<String>,
    ) -> Result<Option<(Verified<'a>, &Key)>, CardError> {
        let named = self.keys.get(envelope.keyid()).into_iter();
        let likely = std::iter::once_with(likely).flatten().filter_map(|fingerprint| self.keys.get(&fingerprint));
        for key in named.chain(likely).chain(self.keys.values().take(MOST_TRIED)) {
            if let Ok(verified) = envelope.verify(key.card()?) {
                return Ok(Some((verified, key)));
            }
        }
        Ok(None)
    }

    /// Whether [`Parties::signer`] tries every key, and not only those that a file names itself.
    pub(crate) fn is_every_key_tried(&self) -> bool {
        self.keys.len() <= MOST_TRIED
    }

    /// Takes in the card that a supply pins.
    pub(super) fn supplied(&mut self, card: &PinnedCard, at: Timestamp) {
        self.keys.entry(card.fingerprint.clone()).or_insert_with(|| Key::new(card.clone(), Origin::Supply, at));
    }

    /// What is wrong with a card that is to be pinned.
    pub(crate) fn misfit(&self, entry: &RecipientEntry) -> Option<Misfit> {
        let is_digest = |text: &String| hex::decode::<32>(text).is_some();
        let has_form = entry.card.fingerprint.starts_with(PREFIX)
            && time::parse(&entry.since).is_some()
            && entry.statement.as_ref().is_none_or(is_digest)
            && entry.statement.is_some() == (entry.basis == Basis::Rotation)
            && (entry.replaces.is_some() || entry.basis == Basis::Compared);
        if !has_form {
            return Some(Misfit::Form);
        }
        if self.officers.contains_key(&entry.card.fingerprint) {
            return Some(Misfit::IsOfficer);
        }
        let known = self.keys.get(&entry.card.fingerprint);
        let Some(replaces) = &entry.replaces else { return known.map(|_| Misfit::Known) };
        let Some(old) = self.keys.get(replaces) else { return Some(Misfit::NoKey) };
        if *replaces == entry.card.fingerprint {
            return Some(Misfit::Itself);
        }
        let is_named_by_old = known.is_some_and(|key| key.origin == Origin::Rotation(replaces.clone()));
        let is_successor = old.replaced.as_ref().is_some_and(|replacement| replacement.by == entry.card.fingerprint);
        if entry.basis == Basis::Rotation {
            if old.revoked().is_some() {
                return Some(Misfit::RotatedByRevoked);
            }
            if old.replaced.is_some() {
                return Some(Misfit::Replaced);
            }
            return known.map(|_| Misfit::RotatedToKnown);
        }
        // The one thing that may be said of a key twice: that its successor, whom it named itself, was compared after all.
        let is_confirmation = is_successor && is_named_by_old;
        if old.replaced.is_some() && !is_confirmation {
            return Some(Misfit::Replaced);
        }
        let known = known?;
        let is_doubtful = known.inherited.is_some() && !is_confirmation;
        if known.pinned != entry.card {
            Some(Misfit::OtherCard)
        } else if (known.replaced.is_some() && !is_confirmation) || known.stated.is_some() || is_doubtful {
            Some(Misfit::OldSuccessor)
        } else {
            None
        }
    }

    /// Takes in a card, which [`Parties::misfit`] has passed.
    pub(super) fn pin(&mut self, entry: &RecipientEntry, since: Timestamp) {
        let fingerprint = &entry.card.fingerprint;
        let origin = match (&entry.replaces, entry.basis) {
            (Some(replaces), Basis::Rotation) => Origin::Rotation(replaces.clone()),
            _ => Origin::Compared,
        };
        let key = self.keys.entry(fingerprint.clone()).or_insert_with(|| Key::new(entry.card.clone(), origin, since));
        let is_named_by_old = entry.replaces.as_ref().is_some_and(|replaces| key.origin == Origin::Rotation(replaces.clone()));
        if is_named_by_old && entry.basis == Basis::Compared {
            // It was the recipient's all along, as a person now knows.
            key.origin = Origin::Compared;
            key.inherited = None;
        }
        if let Some(old) = entry.replaces.as_ref().and_then(|replaces| self.keys.get_mut(replaces)) {
            old.replaced.get_or_insert_with(|| Replacement { since, by: fingerprint.clone() });
        }
    }

    /// What is wrong with a revocation.
    pub(crate) fn misfit_of_revocation(&self, entry: &RevocationEntry) -> Option<Misfit> {
        let is_line = !entry.reason.trim().is_empty() && !entry.reason.chars().any(sanitize::is_harmful);
        let Some(since) = time::parse_day(&entry.since).filter(|_| is_line && entry.reason.len() <= LONGEST_REASON) else {
            return Some(Misfit::Form);
        };
        let stated = match (self.keys.get(&entry.fingerprint), self.officers.get(&entry.fingerprint)) {
            (Some(key), _) => key.stated.as_ref(),
            (None, Some(officer)) => officer.revoked(),
            (None, None) => return Some(Misfit::NoKey),
        };
        stated.filter(|stated| stated.since <= since).map(|_| Misfit::Revoked)
    }

    /// Takes in a revocation, which [`Parties::misfit_of_revocation`] has passed. Returns the keys that it reaches: this one, and those
    /// that it named as successors on that day or later, and they in turn.
    pub(super) fn revoke(&mut self, entry: &RevocationEntry, since: Date) -> Vec<String> {
        let mut reached = vec![entry.fingerprint.clone()];
        if let Some(officer) = self.officers.get_mut(&entry.fingerprint) {
            officer.revoked = Some(Revocation { since, reason: entry.reason.clone() });
            return reached;
        }
        let Some(key) = self.keys.get_mut(&entry.fingerprint) else { return reached };
        key.stated = Some(Revocation { since, reason: entry.reason.clone() });
        let (mut from, mut since) = (entry.fingerprint.clone(), since);
        while let Some(by) = self.keys.get(&from).and_then(|key| key.replaced.as_ref()).map(|replacement| replacement.by.clone())
        {
            let Some(next) = self.keys.get_mut(&by) else { break };
            let named = time::day(next.since);
            if next.origin != Origin::Rotation(from.clone()) || named < since {
                break;
            }
            let reason = format!("it was named by `{from}` on {named}, which is revoked as of {since}");
            if next.inherited.as_ref().is_none_or(|inherited| named < inherited.since) {
                next.inherited = Some(Revocation { since: named, reason });
            }
            reached.push(by.clone());
            (from, since) = (by, named);
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::finding::Phase;
    use crate::ledger::LedgerView;
    use crate::ledger::board;
    use crate::ledger::board::State;
    use crate::ledger::entry::ApprovalEntry;
    use crate::ledger::entry::ChallengeEntry;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::OfficerEntry;
    use crate::ledger::entry::ReceiptEntry;
    use crate::ledger::entry::SupplyEntry;
    use crate::ledger::fixture::at;
    use proptest::prelude::*;

    const EARLY: &str = "2017-07-01T09:00:00Z";
    const ROTATED: &str = "2017-07-04T09:00:00Z";
    const LATE: &str = "2017-07-09T09:00:00Z";

    fn pinned(number: u8) -> PinnedCard {
        PinnedCard::new(&SigningKey::generate("Party", &[number; 32]).unwrap().card())
    }

    fn entry(card: &PinnedCard, replaces: Option<&PinnedCard>, basis: Basis) -> RecipientEntry {
        RecipientEntry {
            card: card.clone(),
            replaces: replaces.map(|card| card.fingerprint.clone()),
            since: ROTATED.to_owned(),
            basis,
            statement: (basis == Basis::Rotation).then(|| "0".repeat(64)),
        }
    }

    fn revocation(card: &PinnedCard, since: &str) -> RevocationEntry {
        RevocationEntry { fingerprint: card.fingerprint.clone(), since: since.to_owned(), reason: "laptop stolen".to_owned() }
    }

    impl Parties {
        fn enter(&mut self, entry: &RecipientEntry) {
            assert_eq!(self.misfit(entry), None, "{entry:?}");
            self.pin(entry, at(&entry.since));
        }

        fn lose(&mut self, card: &PinnedCard, since: &str) {
            let entry = revocation(card, since);
            assert_eq!(self.misfit_of_revocation(&entry), None);
            self.revoke(&entry, time::parse_day(since).unwrap());
        }
    }

    /// A first card that a supply names, and a second that the first has signed.
    fn rotated() -> (Parties, PinnedCard, PinnedCard) {
        let (old, new) = (pinned(1), pinned(2));
        let mut parties = Parties::default();
        parties.supplied(&old, at("2017-05-05T09:00:00Z"));
        parties.enter(&entry(&new, Some(&old), Basis::Rotation));
        (parties, old, new)
    }

    #[test]
    fn a_key_is_worth_what_it_was_when_something_was_received() {
        let (mut parties, old, new) = rotated();
        let standing = |parties: &Parties, card: &PinnedCard, when: &str| match parties.key_at(&card.fingerprint, at(when)) {
            Standing::Unknown => "unknown",
            Standing::NotYet { .. } => "not yet",
            Standing::Valid => "valid",
            Standing::Replaced { .. } => "replaced",
            Standing::Revoked { .. } => "revoked",
        };
        assert_eq!(standing(&parties, &pinned(9), LATE), "unknown");
        assert_eq!([EARLY, ROTATED, LATE].map(|when| standing(&parties, &old, when)), ["valid", "replaced", "replaced"]);
        assert_eq!([EARLY, ROTATED, LATE].map(|when| standing(&parties, &new, when)), ["not yet", "valid", "valid"]);
        assert_eq!(parties.current(&old.fingerprint), new.fingerprint);
        parties.lose(&new, "2017-07-09");
        assert_eq!(
            ["2017-07-08T23:59:59Z", "2017-07-09T00:00:00Z"].map(|when| standing(&parties, &new, when)),
            ["valid", "revoked"]
        );
        // An earlier day may be found out later, and never a later one.
        assert_eq!(parties.misfit_of_revocation(&revocation(&new, "2017-07-10")), Some(Misfit::Revoked));
        parties.lose(&new, "2017-07-06");
        assert_eq!(standing(&parties, &new, "2017-07-06T00:00:00Z"), "revoked");
        assert_eq!(standing(&parties, &old, EARLY), "valid");
    }

    /// Whoever has a stolen key can name a card of its own; what it names after that day is worth no more than the key.
    #[test]
    fn a_stolen_key_names_no_successor() {
        let (mut parties, old, new) = rotated();
        let third = pinned(3);
        parties.enter(&RecipientEntry { since: LATE.to_owned(), ..entry(&third, Some(&new), Basis::Rotation) });
        parties.lose(&old, "2017-07-04");
        for card in [&new, &third] {
            assert!(matches!(parties.key_at(&card.fingerprint, at(LATE)), Standing::Revoked { .. }));
            let reason = &parties.key(&card.fingerprint).unwrap().revoked().unwrap().reason;
            assert!(reason.contains("it was named by"), "{reason}");
        }
        // Compared after all, the one that was named is the recipient's, and was so before.
        assert_eq!(parties.misfit(&entry(&new, None, Basis::Compared)), Some(Misfit::Known));
        parties.enter(&entry(&new, Some(&old), Basis::Compared));
        assert_eq!(parties.key_at(&new.fingerprint, at(ROTATED)), Standing::Valid);
        assert!(matches!(parties.key_at(&third.fingerprint, at(LATE)), Standing::Revoked { .. }));
        // A further one may be compared and take the place of the last.
        let fourth = pinned(4);
        parties.enter(&entry(&fourth, Some(&third), Basis::Compared));
        assert_eq!(parties.current(&old.fingerprint), fourth.fingerprint);
        assert_eq!(parties.key_at(&fourth.fingerprint, at(LATE)), Standing::Valid);

        // What was named before that day, or was compared, stays.
        let (mut parties, old, new) = rotated();
        parties.lose(&old, "2017-07-05");
        assert_eq!(parties.key_at(&new.fingerprint, at(LATE)), Standing::Valid);
        let mut parties = Parties::default();
        parties.supplied(&old, at(EARLY));
        parties.enter(&entry(&new, Some(&old), Basis::Compared));
        parties.lose(&old, "2017-07-01");
        assert_eq!(parties.key_at(&new.fingerprint, at(LATE)), Standing::Valid);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (mut parties, old, new) = rotated();
        let (third, fourth) = (pinned(3), pinned(4));
        let misfit = |parties: &Parties, card: &PinnedCard, replaces: &PinnedCard, basis| {
            let misfit = parties.misfit(&entry(card, Some(replaces), basis)).unwrap();
            assert!(!misfit.problem().is_empty() && !misfit.help().is_empty());
            misfit
        };
        assert_eq!(parties.misfit(&entry(&third, None, Basis::Rotation)), Some(Misfit::Form));
        assert_eq!(
            parties.misfit(&RecipientEntry { since: String::new(), ..entry(&third, None, Basis::Compared) }),
            Some(Misfit::Form)
        );
        assert_eq!(misfit(&parties, &third, &fourth, Basis::Compared), Misfit::NoKey);
        assert_eq!(misfit(&parties, &new, &new, Basis::Compared), Misfit::Itself);
        assert_eq!(misfit(&parties, &third, &old, Basis::Compared), Misfit::Replaced);
        assert_eq!(misfit(&parties, &third, &old, Basis::Rotation), Misfit::Replaced);
        assert_eq!(misfit(&parties, &old, &new, Basis::Compared), Misfit::OldSuccessor);
        assert_eq!(misfit(&parties, &old, &new, Basis::Rotation), Misfit::RotatedToKnown);
        // Two keys of one party may have one successor, which a person compared; it has to be the same card.
        parties.supplied(&third, at(EARLY));
        let other = PinnedCard { age_recipient: third.age_recipient.clone(), ..new.clone() };
        assert_eq!(misfit(&parties, &other, &third, Basis::Compared), Misfit::OtherCard);
        assert_eq!(parties.misfit(&entry(&new, Some(&third), Basis::Compared)), None);
        parties.lose(&new, "2017-07-09");
        assert_eq!(misfit(&parties, &new, &third, Basis::Compared), Misfit::OldSuccessor);
        assert_eq!(misfit(&parties, &new, &old, Basis::Compared), Misfit::OldSuccessor);
        assert_eq!(misfit(&parties, &fourth, &new, Basis::Rotation), Misfit::RotatedByRevoked);

        let no = |entry: RevocationEntry| parties.misfit_of_revocation(&entry);
        assert_eq!(no(revocation(&fourth, "2017-07-01")), Some(Misfit::NoKey));
        assert_eq!(no(revocation(&old, "01/07/2017")), Some(Misfit::Form));
        for reason in [String::new(), " ".to_owned(), "a\nb".to_owned(), "\u{202e}".to_owned(), "x".repeat(LONGEST_REASON + 1)] {
            assert_eq!(no(RevocationEntry { reason, ..revocation(&old, "2017-07-01") }), Some(Misfit::Form));
        }
    }

    #[test]
    fn a_key_is_found_by_its_first_characters() {
        let (parties, old, _) = rotated();
        let digits = old.fingerprint.strip_prefix("SHA256:").unwrap();
        for prefix in [old.fingerprint.as_str(), digits, &digits[..6]] {
            assert_eq!(parties.find(prefix).unwrap().pinned, old);
        }
        for prefix in ["SHA256:", "", "sha256:", "SHA256:SHA256:"] {
            assert!(matches!(parties.find(prefix), Err(KeyLookupError::Unknown { .. })), "{prefix}");
        }
        let mut many = Parties::default();
        for number in 0..=100 {
            many.supplied(&pinned(number), at(EARLY));
        }
        let ambiguous = |letter: u8| matches!(many.find(&char::from(letter).to_string()), Err(KeyLookupError::Ambiguous { .. }));
        assert!((b'A'..=b'Z').any(ambiguous));
    }

    /// Forged hints cost signatures and no further reading of cards.
    #[test]
    fn a_card_is_read_once() {
        let (parties, old, _) = rotated();
        let stranger = SigningKey::generate("Party", &[9; 32]).unwrap();
        let envelope = Envelope::sign(b"{}".to_vec(), &stranger);
        assert!(parties.signer(&envelope, || None).unwrap().is_none());
        let key = parties.key(&old.fingerprint).unwrap();
        let first: *const Card = key.card().unwrap();
        assert!(parties.signer(&envelope, || None).unwrap().is_none());
        assert!(std::ptr::eq(first, key.card().unwrap()));
    }

    /// In a ledger of very many keys a file is held against those that it names, and a bounded number of others.
    #[test]
    fn a_key_among_many_is_found_by_what_the_file_says() {
        let mut many = Parties::default();
        let keyed = |number: u16| {
            let mut seed = [7; 32];
            seed[..2].copy_from_slice(&number.to_le_bytes());
            SigningKey::generate("Party", &seed).unwrap()
        };
        let keys: Vec<SigningKey> = (0..257).map(keyed).collect();
        for key in &keys {
            many.supplied(&PinnedCard::new(&key.card()), at(EARLY));
        }
        assert!(!many.is_every_key_tried());
        let last = many.keys().last().unwrap().pinned.fingerprint.clone();
        let key = keys.iter().find(|key| key.fingerprint() == last).unwrap();
        let signed = Envelope::sign(b"{}".to_vec(), key);
        let found = |envelope: &Envelope, likely: Option<String>| many.signer(envelope, || likely).unwrap().is_some();
        assert!(found(&signed, None));
        let text = String::from_utf8(signed.to_json()).unwrap().replace(&last, "");
        let nameless = Envelope::parse(text.as_bytes()).unwrap();
        assert!(!found(&nameless, None));
        assert!(found(&nameless, Some(last.clone())));
        assert!(!found(&Envelope::sign(b"{}".to_vec(), &SigningKey::generate("Party", &[9; 32]).unwrap()), Some(last)));
        let first = many.keys().next().unwrap().pinned.fingerprint.clone();
        let key = keys.iter().find(|key| key.fingerprint() == first).unwrap();
        let text = String::from_utf8(Envelope::sign(b"{}".to_vec(), key).to_json()).unwrap().replace(&first, "");
        assert!(found(&Envelope::parse(text.as_bytes()).unwrap(), None));
    }

    fn id(number: usize) -> String {
        format!("{number:032x}")
    }

    /// Something that happens in a ledger, by small numbers; what does not fit is left out.
    #[derive(Clone, Debug)]
    enum Step {
        Supply { key: u8 },
        Ask { supply: usize, phase: usize, day: i8, is_required: bool },
        Answer { challenge: usize, appraisal: usize, day: i8 },
        Pin { card: u8, replaces: u8, is_rotation: bool, day: i8 },
        Officer { officer: u8, key: u8, day: i8 },
        Approve { receipt: usize, officer: u8, day: i8 },
        Revoke { key: u8, day: i8 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let (key, day) = (0..4_u8, 1..28_i8);
        prop_oneof![
            2 => key.clone().prop_map(|key| Step::Supply { key }),
            5 => (0..3_usize, 0..4_usize, day.clone(), any::<bool>())
                .prop_map(|(supply, phase, day, is_required)| Step::Ask { supply, phase, day, is_required }),
            2 => (5..7_u8, key.clone(), day.clone()).prop_map(|(officer, key, day)| Step::Officer { officer, key, day }),
            4 => (0..8_usize, 5..7_u8, day.clone()).prop_map(|(receipt, officer, day)| Step::Approve { receipt, officer, day }),
            6 => (0..8_usize, 0..5_usize, day.clone())
                .prop_map(|(challenge, appraisal, day)| Step::Answer { challenge, appraisal, day }),
            2 => (key.clone(), key.clone(), any::<bool>(), day.clone())
                .prop_map(|(card, replaces, is_rotation, day)| Step::Pin { card, replaces, is_rotation, day }),
            1 => (prop_oneof![key, 5..7_u8], day).prop_map(|(key, day)| Step::Revoke { key, day }),
        ]
    }

    fn on(day: i8) -> String {
        format!("2017-07-{day:02}T09:00:00Z")
    }

    /// The entry that a step makes, as the program itself would make it.
    fn entry_of(view: &LedgerView, cards: &[PinnedCard], step: &Step, number: usize) -> Option<Entry> {
        let card = |key: u8| cards[usize::from(key)].clone();
        Some(match *step {
            Step::Supply { key } => Entry::Supply(Box::new(SupplyEntry {
                supply_id: id(number),
                recipient: card(key),
                originator: card(4),
                records: 1,
                delete_by: if number.is_multiple_of(2) { "2017-06-30" } else { "2017-07-14" }.to_owned(),
                purpose: String::new(),
                contract: String::new(),
                lawful_basis: String::new(),
                manner: String::new(),
                baseline_statement: "0".repeat(64),
                deletion_statement: "0".repeat(64),
                created_at: "2017-05-05T09:00:00Z".to_owned(),
                seeds: 0,
                has_references: false,
                kept_manifest: None,
            })),
            Step::Ask { supply, phase, day, is_required } => {
                let supply = view.supplies().get(supply)?;
                let current = view.current_card(supply).fingerprint.clone();
                Entry::Challenge(ChallengeEntry {
                    supply_id: supply.entry.supply_id.clone(),
                    challenge_id: id(number),
                    phase: ["baseline", "deletion", "recheck", "restore"][phase].to_owned(),
                    issued_at: on(day),
                    expires_at: on(day.saturating_add(3)),
                    envelope: "0".repeat(64),
                    recipient_key: (current != supply.entry.recipient.fingerprint).then_some(current),
                    countersignature_required: is_required,
                    refused: Vec::new(),
                })
            }
            Step::Answer { challenge, appraisal, day } => {
                let all = view.supplies().iter().flat_map(|supply| &supply.challenges);
                let challenge = all.clone().nth(challenge % all.count().max(1))?;
                let is_baseline = challenge.phase == Phase::Baseline;
                Entry::Receipt(ReceiptEntry {
                    supply_id: challenge.entry.supply_id.clone(),
                    challenge_id: challenge.entry.challenge_id.clone(),
                    phase: challenge.entry.phase.clone(),
                    attestation: format!("{:064x}", number % 3),
                    received_at: on(day),
                    verdict: String::new(),
                    appraisal: [
                        if is_baseline { Conclusion::Present } else { Conclusion::Clear },
                        if is_baseline { Conclusion::Present } else { Conclusion::Clear },
                        Conclusion::Inconclusive,
                        Conclusion::Residual,
                        Conclusion::Failed,
                    ][appraisal],
                    reasons: Vec::new(),
                    signer: Some(challenge.recipient_key.clone()),
                    exceptions: Vec::new(),
                    onward: Vec::new(),
                })
            }
            Step::Officer { officer, key, day } => {
                Entry::Officer(Box::new(OfficerEntry { party: card(key).fingerprint, card: card(officer), since: on(day) }))
            }
            Step::Approve { receipt, officer, day } => {
                let all = view.supplies().iter().flat_map(|supply| &supply.challenges).flat_map(|challenge| &challenge.receipts);
                let receipt = all.clone().nth(receipt % all.count().max(1))?;
                Entry::Approval(ApprovalEntry {
                    supply_id: receipt.supply_id.clone(),
                    challenge_id: receipt.challenge_id.clone(),
                    attestation: receipt.attestation.clone(),
                    envelope: format!("{number:064x}"),
                    key: card(officer).fingerprint,
                    name: "B. Other".to_owned(),
                    role: "director".to_owned(),
                    signed_at: on(day),
                    received_at: on(day),
                })
            }
            Step::Pin { card: new, replaces, is_rotation, day } => {
                let basis = if is_rotation { Basis::Rotation } else { Basis::Compared };
                let entry = entry(&card(new), Some(&card(replaces)), basis);
                Entry::Recipient(Box::new(RecipientEntry { since: on(day), ..entry }))
            }
            Step::Revoke { key, day } => Entry::Revocation(revocation(&card(key), &on(day)[..10])),
        })
    }

    /// From best to worst.
    fn rank(state: State) -> u8 {
        match state {
            State::AttestedClear => 0,
            // Of these the proptest makes none.
            State::ClearWithExceptions(_) | State::Disputed | State::Closed | State::ClosedUnresolved => 5,
            State::InUse | State::Due(_) => 1,
            State::AwaitingBaseline | State::ChallengeIssued => 2,
            State::Inconclusive | State::Overdue(_) => 3,
            State::Residual => 4,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Whatever has happened, no supply stands better after a key is revoked, on any day.
        #[test]
        fn a_revocation_improves_nothing(steps in prop::collection::vec(step(), 4..40), key in prop_oneof![0..4_u8, 5..7_u8], since in 1..28_i8, today in 1..30_i8) {
            let cards: Vec<PinnedCard> = (1..=7).map(pinned).collect();
            let mut view = LedgerView::default();
            for (number, step) in steps.iter().enumerate() {
                if let Some(entry) = entry_of(&view, &cards, step, number + 1) {
                    let _ = view.fold(entry);
                }
            }
            let mut after = view.clone();
            if after.fold(Entry::Revocation(revocation(&cards[usize::from(key)], &on(since)[..10]))).is_ok() {
                let today = time::parse_day(&on(today)[..10]).unwrap();
                for supply in after.supplies() {
                    for receipt in supply.challenges.iter().flat_map(|challenge| &challenge.receipts) {
                        let standing = after.parties().key_at(supply.signer(receipt), at(&receipt.received_at));
                        let is_good = receipt.appraisal < Conclusion::Inconclusive;
                        prop_assert!(!(is_good && matches!(standing, Standing::Revoked { .. })), "{:?}", receipt);
                        let (_, challenge) = after.challenge(&receipt.challenge_id).unwrap();
                        let is_approved = after.approval(supply, challenge, &receipt.attestation).is_some();
                        prop_assert!(!(is_good && challenge.entry.countersignature_required && !is_approved), "{:?}", receipt);
                    }
                }
                for (before, after) in board::rows(&view, today).into_iter().zip(board::rows(&after, today)) {
                    prop_assert!(rank(after.state) >= rank(before.state), "{:?} became {:?}", before, after);
                    prop_assert!(after.is_overdue || !before.is_overdue, "{:?} became {:?}", before, after);
                }
            }
        }
    }
}
