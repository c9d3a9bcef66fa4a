//! The recipients' officers: people of a recipient who countersign what its key has attested.
//!
//! An officer's key signs no attestation, and a key that signs attestations is no officer's: whoever has the one key of a recipient can then not say
//! everything in its name. An officer belongs to the recipient, and not to one of its keys, so that it stays where the recipient's key is replaced.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::Verified;
use crate::attestation::key::Card;
use crate::attestation::key::CardError;
use crate::ledger::entry::OfficerEntry;
use crate::ledger::entry::PinnedCard;
use crate::ledger::party::KeyLookupError;
use crate::ledger::party::MOST_TRIED;
use crate::ledger::party::Misfit;
use crate::ledger::party::PREFIX;
use crate::ledger::party::Parties;
use crate::ledger::party::Revocation;
use crate::ledger::party::Standing;
use crate::support::sanitize;
use crate::support::time;
use jiff::Timestamp;
use std::sync::OnceLock;

/// An officer's key, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Officer {
    /// The card as it was pinned first.
    pub(crate) pinned: PinnedCard,
    /// For whom it was pinned.
    posts: Vec<Post>,
    /// The revocation that was entered for it, the earliest where there are several.
    pub(super) revoked: Option<Revocation>,
    /// The card with its keys, once it was needed.
    card: OnceLock<Card>,
}

/// That a key is an officer's of a recipient.
#[derive(Clone, Debug)]
struct Post {
    /// The fingerprint of a key of the recipient's.
    party: String,
    /// When that was entered.
    since: Timestamp,
}

impl Officer {
    /// From which day on it is revoked, and why.
    pub(crate) fn revoked(&self) -> Option<&Revocation> {
        self.revoked.as_ref()
    }

    /// The key of the recipient for which it was pinned first.
    pub(crate) fn party(&self) -> &str {
        self.posts.first().map(|post| post.party.as_str()).unwrap_or_default()
    }

    /// When it was pinned for this very key of a recipient.
    pub(crate) fn since(&self, party: &str) -> Option<Timestamp> {
        self.posts.iter().find(|post| post.party == party).map(|post| post.since)
    }

    /// The card with its keys, checked again.
    fn card(&self) -> Result<&Card, CardError> {
        if let Some(card) = self.card.get() {
            return Ok(card);
        }
        let card = self.pinned.card()?;
        Ok(self.card.get_or_init(|| card))
    }
}

impl Parties {
    /// All officers, by fingerprint.
    pub(crate) fn officers(&self) -> impl Iterator<Item = &Officer> {
        self.officers.values()
    }

    /// An officer by the whole fingerprint of its key.
    pub(crate) fn officer(&self, fingerprint: &str) -> Option<&Officer> {
        self.officers.get(fingerprint)
    }

    /// What a countersignature by this key is worth for the recipient who has this key, where it was received at this time.
    pub(crate) fn officer_at(&self, fingerprint: &str, party: &str, at: Timestamp) -> Standing<'_> {
        let Some(officer) = self.officers.get(fingerprint) else { return Standing::Unknown };
        let is_theirs = |post: &&Post| self.current(&post.party) == self.current(party);
        let Some(since) = officer.posts.iter().filter(is_theirs).map(|post| post.since).min() else { return Standing::Unknown };
        match &officer.revoked {
            Some(revocation) if time::day(at) >= revocation.since => {
                Standing::Revoked { since: revocation.since, reason: &revocation.reason }
            }
            _ if at < since => Standing::NotYet { since },
            _ => Standing::Valid,
        }
    }

    /// Whether the recipient who has this key has an officer who could countersign at this time.
    pub(crate) fn has_officer(&self, party: &str, at: Timestamp) -> bool {
        self.officers.keys().any(|key| self.officer_at(key, party, at) == Standing::Valid)
    }

    /// Which officer's key signed the envelope: the payload, and the officer. The envelope's `keyid` is where the search begins, and decides nothing.
    pub(crate) fn officer_signer<'a>(&self, envelope: &'a Envelope) -> Result<Option<(Verified<'a>, &Officer)>, CardError> {
        let named = self.officers.get(envelope.keyid()).into_iter();
        for officer in named.chain(self.officers.values().take(MOST_TRIED)) {
            if let Ok(verified) = envelope.verify(officer.card()?) {
                return Ok(Some((verified, officer)));
            }
        }
        Ok(None)
    }

    /// The fingerprint of the one key, a recipient's or an officer's, that is, or begins with, `prefix`; `SHA256:` may be left out.
    pub(crate) fn find_any(&self, prefix: &str) -> Result<&str, KeyLookupError> {
        let digits = prefix.strip_prefix(PREFIX).unwrap_or(prefix);
        let whole = format!("{PREFIX}{digits}");
        let officers = self.officers.range(whole.clone()..).map(|(fingerprint, _)| fingerprint.as_str());
        let officers: Vec<&str> =
            officers.take_while(|fingerprint| !digits.is_empty() && fingerprint.starts_with(&whole)).collect();
        match (self.find(prefix), officers.as_slice()) {
            (found, []) => found.map(|key| key.pinned.fingerprint.as_str()),
            (Err(KeyLookupError::Unknown { .. }), [one]) => Ok(one),
            (found, several) => {
                let recipients = match found {
                    Ok(_) => 1,
                    Err(KeyLookupError::Ambiguous { count, .. }) => count,
                    Err(KeyLookupError::Unknown { .. }) => 0,
                };
                Err(KeyLookupError::Ambiguous { prefix: sanitize::clean(prefix), count: recipients + several.len() })
            }
        }
    }

    /// What is wrong with an officer's card that is to be pinned. That its party is not in the ledger is told last, for whoever is about to enter
    /// that, too.
    pub(crate) fn officer_misfit(&self, entry: &OfficerEntry) -> Option<Misfit> {
        let key = &entry.card.fingerprint;
        if !key.starts_with(PREFIX) || time::parse(&entry.since).is_none() {
            return Some(Misfit::Form);
        }
        if self.keys.contains_key(key) || *key == entry.party {
            return Some(Misfit::OfficerAttests);
        }
        if let Some(officer) = self.officers.get(key) {
            let is_theirs = |post: &Post| self.current(&post.party) == self.current(&entry.party);
            if officer.pinned != entry.card {
                return Some(Misfit::OtherCard);
            } else if officer.revoked.is_some() {
                return Some(Misfit::OldOfficer);
            } else if officer.posts.iter().any(is_theirs) {
                return Some(Misfit::Known);
            }
        }
        (!self.keys.contains_key(&entry.party)).then_some(Misfit::NoParty)
    }

    /// Takes in an officer's card, which [`Parties::officer_misfit`] has passed.
    pub(in crate::ledger) fn pin_officer(&mut self, entry: &OfficerEntry, since: Timestamp) {
        let officer = self.officers.entry(entry.card.fingerprint.clone()).or_insert_with(|| Officer {
            pinned: entry.card.clone(),
            posts: Vec::new(),
            revoked: None,
            card: OnceLock::new(),
        });
        officer.posts.push(Post { party: entry.party.clone(), since });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::key::SigningKey;
    use crate::ledger::entry::Basis;
    use crate::ledger::entry::RecipientEntry;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::fixture::at;

    const EARLY: &str = "2017-07-01T09:00:00Z";
    const LATE: &str = "2017-07-09T09:00:00Z";

    fn pinned(number: u8) -> PinnedCard {
        PinnedCard::new(&SigningKey::generate("Party", &[number; 32]).unwrap().card())
    }

    fn officer(card: &PinnedCard, party: &PinnedCard) -> OfficerEntry {
        OfficerEntry { party: party.fingerprint.clone(), card: card.clone(), since: EARLY.to_owned() }
    }

    fn successor(card: &PinnedCard, of: &PinnedCard) -> RecipientEntry {
        RecipientEntry {
            card: card.clone(),
            replaces: Some(of.fingerprint.clone()),
            since: EARLY.to_owned(),
            basis: Basis::Compared,
            statement: None,
        }
    }

    /// Two recipients, and an officer of the first.
    fn parties() -> (Parties, [PinnedCard; 3]) {
        let cards = [pinned(1), pinned(2), pinned(3)];
        let mut parties = Parties::default();
        parties.supplied(&cards[0], at(EARLY));
        parties.supplied(&cards[1], at(EARLY));
        let entry = officer(&cards[2], &cards[0]);
        assert_eq!(parties.officer_misfit(&entry), None);
        parties.pin_officer(&entry, at(EARLY));
        (parties, cards)
    }

    #[test]
    fn an_officer_is_one_recipient_s_from_when_it_was_entered_until_it_is_revoked() {
        let (mut parties, [first, second, card]) = parties();
        let standing = |parties: &Parties, party: &PinnedCard, time: &str| match parties.officer_at(
            &card.fingerprint,
            &party.fingerprint,
            at(time),
        ) {
            Standing::Valid => "valid",
            Standing::Revoked { .. } => "revoked",
            Standing::NotYet { .. } => "not yet",
            Standing::Unknown => "unknown",
            Standing::Replaced { .. } => "replaced",
        };
        assert_eq!(standing(&parties, &first, EARLY), "valid");
        assert_eq!(standing(&parties, &first, "2017-07-01T08:59:59Z"), "not yet");
        assert_eq!(standing(&parties, &second, EARLY), "unknown");
        // The recipient has a new key, and its officer all the same.
        let new = pinned(4);
        parties.pin(&successor(&new, &first), at(LATE));
        assert_eq!(standing(&parties, &new, LATE), "valid");
        assert!(parties.has_officer(&new.fingerprint, at(LATE)) && !parties.has_officer(&second.fingerprint, at(LATE)));
        assert_eq!(parties.officer_misfit(&officer(&card, &new)), Some(Misfit::Known));

        let revoke = |since: &str| RevocationEntry {
            fingerprint: card.fingerprint.clone(),
            since: since.to_owned(),
            reason: "left".to_owned(),
        };
        for (since, misfit) in [("2017-07-05", None), ("2017-07-06", Some(Misfit::Revoked)), ("2017-07-04", None)] {
            assert_eq!(parties.misfit_of_revocation(&revoke(since)), misfit, "{since}");
            if misfit.is_none() {
                let reached = parties.revoke(&revoke(since), time::parse_day(since).unwrap());
                assert_eq!(reached, std::slice::from_ref(&card.fingerprint));
            }
        }
        assert_eq!(standing(&parties, &first, "2017-07-03T23:59:59Z"), "valid");
        assert_eq!(standing(&parties, &first, "2017-07-04T00:00:00Z"), "revoked");
        assert!(!parties.has_officer(&first.fingerprint, at(LATE)));
        assert_eq!(parties.officer_misfit(&officer(&card, &second)), Some(Misfit::OldOfficer));
    }

    /// Who attests does not countersign, and the other way round.
    #[test]
    fn no_key_is_both() {
        let (mut parties, [first, second, card]) = parties();
        let misfit = |parties: &Parties, card: &PinnedCard, party: &PinnedCard| {
            let misfit = parties.officer_misfit(&officer(card, party)).unwrap();
            assert!(!misfit.problem().is_empty() && !misfit.help().is_empty());
            misfit
        };
        assert_eq!(misfit(&parties, &first, &first), Misfit::OfficerAttests);
        assert_eq!(misfit(&parties, &second, &first), Misfit::OfficerAttests);
        assert_eq!(misfit(&parties, &pinned(8), &pinned(8)), Misfit::OfficerAttests);
        assert_eq!(parties.misfit(&successor(&card, &first)), Some(Misfit::IsOfficer));
        assert_eq!(parties.misfit(&RecipientEntry { replaces: None, ..successor(&card, &first) }), Some(Misfit::IsOfficer));
        // Nor is one that was replaced.
        parties.pin(&successor(&pinned(4), &first), at(LATE));
        assert_eq!(misfit(&parties, &first, &second), Misfit::OfficerAttests);

        assert_eq!(misfit(&parties, &pinned(8), &pinned(9)), Misfit::NoParty);
        assert_eq!(misfit(&parties, &PinnedCard { age_recipient: String::new(), ..card.clone() }, &second), Misfit::OtherCard);
        assert_eq!(
            parties.officer_misfit(&OfficerEntry { since: String::new(), ..officer(&pinned(8), &first) }),
            Some(Misfit::Form)
        );
        // One person may be an officer of two companies.
        assert_eq!(parties.officer_misfit(&officer(&card, &second)), None);
    }

    #[test]
    fn a_key_is_found_whosever_it_is() {
        let (parties, cards) = parties();
        for card in &cards {
            for prefix in [card.fingerprint.as_str(), card.fingerprint.strip_prefix(PREFIX).unwrap()] {
                assert_eq!(parties.find_any(prefix).unwrap(), card.fingerprint);
            }
        }
        for prefix in ["", "SHA256:", "SHA256:!"] {
            assert!(matches!(parties.find_any(prefix), Err(KeyLookupError::Unknown { .. })), "{prefix}");
        }
        let mut many = parties;
        for number in 10..=140 {
            let card = pinned(number);
            many.pin_officer(&officer(&card, &cards[0]), at(EARLY));
        }
        let ambiguous =
            |letter: u8| matches!(many.find_any(&char::from(letter).to_string()), Err(KeyLookupError::Ambiguous { .. }));
        assert!((b'A'..=b'Z').any(ambiguous));
    }

    #[test]
    fn only_an_officer_s_signature_is_found() {
        let (parties, _) = parties();
        let by = |number: u8| {
            let envelope = Envelope::sign(b"{}".to_vec(), &SigningKey::generate("Party", &[number; 32]).unwrap());
            parties.officer_signer(&envelope).unwrap().map(|(_, officer)| officer.pinned.fingerprint.clone())
        };
        assert_eq!(by(3), Some(pinned(3).fingerprint));
        assert_eq!((by(1), by(9)), (None, None));
    }
}
