//! The predicate of a receipt on the wire, version 1 (`docs/attestation.md`, §15): the originator confirms an attestation that it entered. A frozen struct
//! of its own, as all predicates are.

use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use serde::Deserialize;
use serde::Serialize;

impl Predicate for ReceiptV1 {
    const TYPE: PredicateType = PredicateType::Receipt;
}

/// The originator's confirmation of an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReceiptV1 {
    /// 32 hexadecimal digits.
    pub(crate) supply_id: String,
    /// 32 hexadecimal digits: the challenge that was answered.
    pub(crate) challenge_id: String,
    /// SHA-256 of the attestation's file.
    pub(crate) attestation_sha256: String,
    /// When these bytes were received first: RFC 3339, UTC.
    pub(crate) received_at: String,
    /// SHA-256 of a line of the ledger after, or at, the attestation's own.
    pub(crate) ledger_head: String,
    /// Which line that is, counted from 1.
    pub(crate) ledger_entries: u64,
    /// What the originator concluded; null where it does not say.
    pub(crate) appraisal: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::dsse::Envelope;
    use crate::attestation::key::SigningKey;
    use crate::attestation::statement::Statement;

    #[test]
    fn it_round_trips_and_says_what_it_is() {
        let key = SigningKey::generate("Emma's Diary", &[1; 32]).unwrap();
        for appraisal in [None, Some("clear".to_owned())] {
            let receipt = ReceiptV1 {
                supply_id: "ab".repeat(16),
                challenge_id: "cd".repeat(16),
                attestation_sha256: "07".repeat(32),
                received_at: "2017-07-01T09:00:00Z".to_owned(),
                ledger_head: "ef".repeat(32),
                ledger_entries: 5,
                appraisal,
            };
            let statement = Statement::new("deletion.attestation.json", [7; 32], receipt);
            let file = Envelope::sign(statement.to_payload().unwrap(), &key).to_json();
            let envelope = Envelope::parse(&file).unwrap();
            assert_eq!(PredicateType::of(envelope.unverified_payload()).unwrap().urn(), "urn:residua:receipt:v1");
            assert_eq!(Statement::<ReceiptV1>::open(envelope.verify(&key.card()).unwrap()).unwrap(), statement);
        }
    }
}
