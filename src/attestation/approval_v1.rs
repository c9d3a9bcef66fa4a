//! The predicate of an approval on the wire, version 1 (`docs/attestation.md`, §14): an officer of the recipient countersigns an attestation. A frozen
//! struct of its own, as all predicates are.

use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use serde::Deserialize;
use serde::Serialize;

impl Predicate for ApprovalV1 {
    const TYPE: PredicateType = PredicateType::Approval;
}

/// What is said by signing.
pub(crate) const APPROVED: &str = "I have read this attestation, and I approve it on behalf of the recipient.";

/// The longest name or role, in bytes.
const LONGEST: usize = 1_000;

/// An officer's approval of an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApprovalV1 {
    /// 32 hexadecimal digits: the supply that the attestation is about.
    pub(crate) supply_id: String,
    /// 32 hexadecimal digits: the challenge that it answers.
    pub(crate) challenge_id: String,
    /// By the officer's clock: RFC 3339, UTC.
    pub(crate) signed_at: String,
    /// Who signed, as that person says.
    pub(crate) name: String,
    /// In what capacity, as that person says.
    pub(crate) role: String,
    /// What is said by signing.
    pub(crate) declaration: String,
}

impl ApprovalV1 {
    /// What is wrong with it by itself; `None` where it can be used.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let is_id = |text: &str| hex::decode::<16>(text).is_some();
        if !is_id(&self.supply_id) || !is_id(&self.challenge_id) {
            Some("it names no supply or no challenge")
        } else if time::parse(&self.signed_at).is_none() {
            Some("it has no time at which it was signed")
        } else if !is_line(&self.name) || !is_line(&self.role) {
            Some("the name or the role of who signed is not one line of 1 to 1000 bytes")
        } else if self.declaration != APPROVED {
            Some("it declares something else than that the attestation is approved")
        } else {
            None
        }
    }
}

/// Whether a name or a role can stand in an approval.
pub(crate) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST && !text.chars().any(sanitize::is_harmful)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::dsse::Envelope;
    use crate::attestation::key::SigningKey;
    use crate::attestation::statement::Statement;

    fn approval() -> ApprovalV1 {
        ApprovalV1 {
            supply_id: "ab".repeat(16),
            challenge_id: "cd".repeat(16),
            signed_at: "2017-07-01T09:00:00Z".to_owned(),
            name: "B. Other".to_owned(),
            role: "director".to_owned(),
            declaration: APPROVED.to_owned(),
        }
    }

    #[test]
    fn it_round_trips_and_says_what_it_is() {
        let key = SigningKey::generate("Officer", &[3; 32]).unwrap();
        let statement = Statement::new("deletion.attestation.json", [7; 32], approval());
        let file = Envelope::sign(statement.to_payload().unwrap(), &key).to_json();
        let envelope = Envelope::parse(&file).unwrap();
        assert_eq!(PredicateType::of(envelope.unverified_payload()).unwrap().urn(), "urn:residua:approval:v1");
        assert_eq!(Statement::<ApprovalV1>::open(envelope.verify(&key.card()).unwrap()).unwrap(), statement);
        assert_eq!(approval().fault(), None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let fault = |change: fn(&mut ApprovalV1)| {
            let mut approval = approval();
            change(&mut approval);
            approval.fault().unwrap()
        };
        assert!(fault(|approval| approval.supply_id.clear()).contains("no supply"));
        assert!(fault(|approval| approval.challenge_id.push('0')).contains("no challenge"));
        assert!(fault(|approval| approval.signed_at.clear()).contains("no time"));
        assert!(fault(|approval| approval.name = " ".to_owned()).contains("one line"));
        assert!(fault(|approval| approval.role = "two\nlines".to_owned()).contains("one line"));
        assert!(fault(|approval| approval.role = "x".repeat(LONGEST + 1)).contains("one line"));
        assert!(fault(|approval| approval.declaration = "I do not approve it.".to_owned()).contains("something else"));
    }
}
