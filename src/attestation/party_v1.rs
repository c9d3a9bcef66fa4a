//! What parties sign about their own keys, version 1: the rotation, by which the holder of an old key names its new card.

use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::support::time;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// A party has a new key. Signed by the old one, about the file of the new card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RotationV1 {
    /// The fingerprint of the old key, which signs.
    pub(crate) old_key: String,
    /// The new card, whole.
    pub(crate) new_card: Card,
    /// By the party's own clock: RFC 3339, UTC. What counts is when the other party enters it.
    pub(crate) rotated_at: String,
}

impl Predicate for RotationV1 {
    const TYPE: PredicateType = PredicateType::Rotation;
}

impl RotationV1 {
    /// The statement that the holder of the old key signs; the new card's file has this name.
    pub(crate) fn statement(old_key: &str, new_card: &Card, card_name: &str, now: Timestamp) -> Statement<RotationV1> {
        let rotation = RotationV1 { old_key: old_key.to_owned(), new_card: new_card.clone(), rotated_at: time::format(now) };
        Statement::new(card_name, sha256(&new_card.to_json()), rotation)
    }
}

/// What is wrong with a rotation that this key has signed; `None` where it fits together.
pub(crate) fn fault(statement: &Statement<RotationV1>, signer: &str) -> Option<&'static str> {
    let rotation = &statement.predicate;
    if rotation.old_key != signer {
        Some("it replaces another key than the one that signed it")
    } else if rotation.new_card.fingerprint() == signer {
        Some("its new key is the old one")
    } else if statement.subject.sha256 != sha256(&rotation.new_card.to_json()) {
        Some("it is about another card than the one that it holds")
    } else if time::parse(&rotation.rotated_at).is_none() {
        Some("it has no date")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::dsse::Envelope;
    use crate::attestation::key::SigningKey;
    use crate::attestation::statement::StatementError;

    fn keys() -> (SigningKey, SigningKey) {
        (SigningKey::generate("Party", &[2; 32]).unwrap(), SigningKey::generate("Party", &[3; 32]).unwrap())
    }

    fn rotation() -> Statement<RotationV1> {
        let (old, new) = keys();
        RotationV1::statement(old.fingerprint(), &new.card(), "party.card.json", time::parse("2017-07-04T09:00:00Z").unwrap())
    }

    #[test]
    fn a_rotation_round_trips_under_the_old_key_alone() {
        let (old, new) = keys();
        let rotation = rotation();
        let file = Envelope::sign(rotation.to_payload().unwrap(), &old).to_json();
        let envelope = Envelope::parse(&file).unwrap();
        assert!(envelope.verify(&new.card()).is_err());
        let read: Statement<RotationV1> = Statement::open(envelope.verify(&old.card()).unwrap()).unwrap();
        assert_eq!(read, rotation);
        assert_eq!(fault(&read, old.fingerprint()), None);
        assert_eq!(PredicateType::of(envelope.unverified_payload()).unwrap().urn(), "urn:residua:rotation:v1");
    }

    #[test]
    fn a_rotation_that_does_not_fit_together_is_named() {
        let (old, new) = keys();
        let spoiled = |change: fn(&mut Statement<RotationV1>)| {
            let mut statement = rotation();
            change(&mut statement);
            fault(&statement, old.fingerprint()).unwrap()
        };
        assert!(fault(&rotation(), new.fingerprint()).unwrap().contains("another key"));
        assert!(spoiled(|statement| statement.predicate.old_key.push('x')).contains("another key"));
        assert!(spoiled(|statement| statement.predicate.new_card = keys().0.card()).contains("the old one"));
        assert!(spoiled(|statement| statement.subject.sha256 = [0; 32]).contains("another card"));
        assert!(spoiled(|statement| statement.predicate.rotated_at.clear()).contains("no date"));
    }

    /// A card inside is read as strictly as one from a file: fingerprint and key have to belong together.
    #[test]
    fn a_card_that_is_none_is_refused() {
        let (old, _) = keys();
        let text = String::from_utf8(rotation().to_payload().unwrap()).unwrap();
        let (_, new) = keys();
        for altered in [text.replace(new.fingerprint(), old.fingerprint()), text.replace("\"name\":\"Party\"", "\"name\":\"\"")] {
            assert_ne!(altered, text);
            let envelope = Envelope::sign(altered.into_bytes(), &old);
            let opened = Statement::<RotationV1>::open(envelope.verify(&old.card()).unwrap());
            assert!(matches!(opened, Err(StatementError::Json(_))), "{opened:?}");
        }
    }
}
