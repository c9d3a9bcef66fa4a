//! What is signed: an in-toto Statement v1 about exactly one file, as a rule the manifest.
//!
//! The layout is <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>. Its subject has a name and a SHA-256 and
//! nothing more, because strict clients refuse other digests; everything of our own is in the predicate.

use crate::attestation::JsonError;
use crate::attestation::dsse::Verified;
use crate::attestation::read_typed;
use crate::attestation::read_value;
use crate::support::hex;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// The `_type` of every statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What every predicate type of ours begins with, until the project has a public home.
const PREDICATE_PREFIX: &str = "urn:residua:";

/// The version of the predicates that this program writes, and the newest that it reads.
const PREDICATE_VERSION: u32 = 1;

/// The kinds of documents that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PredicateType {
    /// The originator's statement of what is in a manifest file.
    Manifest,
    /// The originator's request for a scan, with the sealed salt.
    Challenge,
    /// The recipient's statement of what a scan found.
    Attestation,
    /// The originator's confirmation of an attestation received.
    Receipt,
    /// The recipient's confirmation of a manifest that it derived itself.
    Countersignature,
    /// A party's statement of its new card, signed by its old key.
    Rotation,
    /// A party's statement of what it has destroyed of a supply.
    Destruction,
    /// An officer's countersignature of an attestation.
    Approval,
}

impl PredicateType {
    const ALL: [PredicateType; 8] = [
        PredicateType::Manifest,
        PredicateType::Challenge,
        PredicateType::Attestation,
        PredicateType::Receipt,
        PredicateType::Countersignature,
        PredicateType::Rotation,
        PredicateType::Destruction,
        PredicateType::Approval,
    ];

    /// The kind of document that a payload claims to be. Of an unverified payload it is a hint and no more.
    pub(crate) fn of(payload: &[u8]) -> Result<PredicateType, StatementError> {
        PredicateType::of_value(&read_value(payload)?)
    }

    fn of_value(statement: &Value) -> Result<PredicateType, StatementError> {
        if statement.get("_type").and_then(Value::as_str) != Some(STATEMENT_TYPE) {
            return Err(StatementError::NotAStatement);
        }
        let (kind, version) =
            statement.get("predicateType").and_then(Value::as_str).and_then(split_urn).ok_or(StatementError::UnknownKind)?;
        if version > PREDICATE_VERSION {
            return Err(StatementError::Newer { kind, version });
        }
        Ok(kind)
    }

    /// The word for it, as it stands in the URN and in messages.
    fn word(self) -> &'static str {
        match self {
            PredicateType::Manifest => "manifest",
            PredicateType::Challenge => "challenge",
            PredicateType::Attestation => "attestation",
            PredicateType::Receipt => "receipt",
            PredicateType::Countersignature => "countersignature",
            PredicateType::Rotation => "rotation",
            PredicateType::Destruction => "destruction",
            PredicateType::Approval => "approval",
        }
    }

    /// The `predicateType` of a statement: `urn:residua:attestation:v1`.
    pub(crate) fn urn(self) -> String {
        format!("{PREDICATE_PREFIX}{}:v{PREDICATE_VERSION}", self.word())
    }
}

impl fmt::Display for PredicateType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Takes `urn:residua:<word>:v<version>` apart; versions count from 1 and have one way to be written.
fn split_urn(urn: &str) -> Option<(PredicateType, u32)> {
    let (word, version) = urn.strip_prefix(PREDICATE_PREFIX)?.split_once(":v")?;
    let kind = PredicateType::ALL.into_iter().find(|kind| kind.word() == word)?;
    let number: u32 = version.parse().ok()?;
    (number >= 1 && number.to_string() == version).then_some((kind, number))
}

/// Why a statement was refused, or could not be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum StatementError {
    /// The file's fault: not the JSON of such a statement.
    #[error("it has not the form of a document of residua")]
    Json(#[from] JsonError),
    /// The file's fault: some other signed document.
    #[error("it is a signed document, and not of residua (no in-toto statement of version 1)")]
    NotAStatement,
    /// The file's fault: a statement of some other program.
    #[error("it is a signed document of a kind that this program does not know")]
    UnknownKind,
    /// The person's fault: a newer residua wrote the file.
    #[error("{kind} version {version} is newer than {PREDICATE_VERSION}, the newest this program reads")]
    Newer { kind: PredicateType, version: u32 },
    /// The person's fault: a good file in the wrong place.
    #[error("it is of the kind `{found}`, and not `{wanted}`")]
    OtherKind { found: PredicateType, wanted: PredicateType },
    /// The file's fault: a statement of ours is about one file.
    #[error("the statement has {count} subjects, and not one")]
    Subjects { count: usize },
    /// The file's fault: the subject's digest is not 64 lower-case hexadecimal digits.
    #[error("the subject's `sha256` is not a digest")]
    Digest,
    /// A bug: this program was about to sign what it would itself refuse to read.
    #[error("the statement cannot be written")]
    Unwritable,
}

/// What a statement says beyond its subject. Whole numbers up to 2^53 − 1, no fractions; an empty option is written as `null`.
pub(crate) trait Predicate: Serialize + DeserializeOwned {
    /// The kind of document that has this predicate.
    const TYPE: PredicateType;
}

/// The file that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The file's name, from whoever wrote the statement.
    pub(crate) name: String,
    /// The SHA-256 of the whole file.
    pub(crate) sha256: [u8; 32],
}

/// A statement about one file: the manifest, or of a rotation the new card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement<P> {
    pub(crate) subject: Subject,
    pub(crate) predicate: P,
}

/// A statement as it stands in the payload.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[serde(bound(serialize = "P: Serialize", deserialize = "P: DeserializeOwned"))]
struct StatementJson<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<SubjectJson>,
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectJson {
    name: String,
    digest: DigestJson,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestJson {
    sha256: String,
}

impl<P: Predicate> Statement<P> {
    /// Makes a statement about the file of this name and SHA-256.
    pub(crate) fn new(subject_name: &str, sha256: [u8; 32], predicate: P) -> Statement<P> {
        Statement { subject: Subject { name: subject_name.to_owned(), sha256 }, predicate }
    }

    /// The bytes to sign. They are read back first: what this program would refuse, it does not sign.
    pub(crate) fn to_payload(&self) -> Result<Vec<u8>, StatementError> {
        let json = StatementJson {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![SubjectJson {
                name: self.subject.name.clone(),
                digest: DigestJson { sha256: hex::encode(&self.subject.sha256) },
            }],
            predicate_type: P::TYPE.urn(),
            predicate: &self.predicate,
        };
        let payload = serde_json::to_vec(&json).map_err(|_| StatementError::Unwritable)?;
        Statement::<P>::parse(&payload).map_err(|_| StatementError::Unwritable)?;
        Ok(payload)
    }

    /// Reads a statement whose signature held.
    pub(crate) fn open(verified: Verified<'_>) -> Result<Statement<P>, StatementError> {
        Statement::parse(verified.payload())
    }

    fn parse(payload: &[u8]) -> Result<Statement<P>, StatementError> {
        let value = read_value(payload)?;
        let found = PredicateType::of_value(&value)?;
        if found != P::TYPE {
            return Err(StatementError::OtherKind { found, wanted: P::TYPE });
        }
        let json: StatementJson<P> = read_typed(payload, &value)?;
        let count = json.subject.len();
        let Ok([subject]) = <[SubjectJson; 1]>::try_from(json.subject) else {
            return Err(StatementError::Subjects { count });
        };
        let sha256 = hex::decode(&subject.digest.sha256).ok_or(StatementError::Digest)?;
        Ok(Statement { subject: Subject { name: subject.name, sha256 }, predicate: json.predicate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestation::dsse::Envelope;
    use crate::attestation::key::SigningKey;
    use proptest::prelude::*;

    /// A predicate of the shape that ours have, without `deny_unknown_fields`, so that the statement's own strictness shows.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sample {
        row_count: u64,
        note: Option<String>,
        parts: Vec<Part>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Part {
        lambda: String,
    }

    impl Predicate for Sample {
        const TYPE: PredicateType = PredicateType::Attestation;
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Other {}

    impl Predicate for Other {
        const TYPE: PredicateType = PredicateType::Challenge;
    }

    #[derive(Serialize, Deserialize)]
    struct Ratio {
        ratio: f64,
    }

    impl Predicate for Ratio {
        const TYPE: PredicateType = PredicateType::Receipt;
    }

    fn statement() -> Statement<Sample> {
        let part = Part { lambda: "0.003".to_owned() };
        Statement::new("deletion.residua", [0xab; 32], Sample { row_count: 3, note: None, parts: vec![part] })
    }

    /// Signs a payload, and opens it.
    fn open<P: Predicate>(payload: &[u8]) -> Result<Statement<P>, StatementError> {
        let key = SigningKey::generate("Emma's Diary", &[7; 32]).unwrap();
        let envelope = Envelope::sign(payload.to_vec(), &key);
        Statement::open(envelope.verify(&key.card()).unwrap())
    }

    /// Opens the sample's text with one piece exchanged.
    fn altered(from: &str, to: &str) -> Result<Statement<Sample>, StatementError> {
        let text = String::from_utf8(statement().to_payload().unwrap()).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        open(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn the_payload_is_an_in_toto_statement() {
        let digest = "ab".repeat(32);
        let fixed = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"deletion.residua","digest":{{"sha256":"{digest}"}}}}],"#
        ) + r#""predicateType":"urn:residua:attestation:v1","predicate":{"rowCount":3,"note":null,"parts":[{"lambda":"0.003"}]}}"#;
        assert_eq!(String::from_utf8(statement().to_payload().unwrap()).unwrap(), fixed);
        assert_eq!(open(fixed.as_bytes()), Ok(statement()));
        assert_eq!(PredicateType::of(fixed.as_bytes()), Ok(PredicateType::Attestation));
    }

    #[test]
    fn another_document_is_called_by_its_name() {
        assert_eq!(altered("Statement/v1", "Statement/v0.1"), Err(StatementError::NotAStatement));
        let payload = statement().to_payload().unwrap();
        let error = open::<Other>(&payload).unwrap_err();
        assert_eq!(error.to_string(), "it is of the kind `attestation`, and not `challenge`");
        let error = altered("attestation:v1", "attestation:v2").unwrap_err();
        assert_eq!(error.to_string(), "attestation version 2 is newer than 1, the newest this program reads");
        for urn in ["attestation:v0", "attestation:v01", "attestation:v", "attestation", "attestation:v+1", "opinion:v1", ":v1"] {
            assert_eq!(altered("attestation:v1", urn), Err(StatementError::UnknownKind), "{urn}");
        }
        for text in ["[]", "1", "null", "{}", "\"x\""] {
            assert_eq!(open::<Sample>(text.as_bytes()), Err(StatementError::NotAStatement));
        }
    }

    #[test]
    fn every_kind_has_its_urn() {
        for kind in PredicateType::ALL {
            assert_eq!(split_urn(&kind.urn()), Some((kind, 1)));
        }
        assert_eq!(PredicateType::Countersignature.urn(), "urn:residua:countersignature:v1");
    }

    #[test]
    fn nothing_unseen_doubled_or_missing_passes() {
        let refused = |from: &str, to: &str| match altered(from, to) {
            Err(StatementError::Json(error)) => error,
            outcome => panic!("{to}: {outcome:?}"),
        };
        assert!(matches!(refused("\"predicate\":", "\"more\":1,\"predicate\":"), JsonError::Member { .. }));
        assert!(matches!(refused("\"name\":", "\"uri\":\"x\",\"name\":"), JsonError::Member { .. }));
        assert!(matches!(refused("\"sha256\":", "\"blake3\":\"x\",\"sha256\":"), JsonError::Member { .. }));
        assert!(matches!(refused("\"rowCount\":3,", ""), JsonError::Member { .. }));
        assert!(matches!(refused("\"rowCount\":3", "\"rowCount\":-3"), JsonError::Member { .. }));
        assert!(matches!(refused("\"rowCount\":3", "\"rowCount\":3,\"rowCount\":3"), JsonError::Duplicate { .. }));
        assert!(matches!(refused("\"rowCount\":3", "\"rowCount\":3.0"), JsonError::Number { .. }));
        assert!(matches!(refused("\"rowCount\":3", "\"rowCount\":9007199254740992"), JsonError::Number { .. }));
        assert!(matches!(refused("\"note\":null,", ""), JsonError::Form));
        assert!(matches!(refused("\"lambda\":", "\"more\":1,\"lambda\":"), JsonError::Form));
        assert!(matches!(refused("{\"lambda\":\"0.003\"}", "[\"0.003\"]"), JsonError::Form));
        assert!(matches!(refused("null", &"[".repeat(5000)), JsonError::Depth { .. }));
    }

    #[test]
    fn there_is_one_subject_with_one_digest() {
        let subject = format!("{{\"name\":\"deletion.residua\",\"digest\":{{\"sha256\":\"{}\"}}}}", "ab".repeat(32));
        assert_eq!(altered(&subject, ""), Err(StatementError::Subjects { count: 0 }));
        assert_eq!(altered(&subject, &format!("{subject},{subject}")), Err(StatementError::Subjects { count: 2 }));
        assert_eq!(altered("abab", "ABAB"), Err(StatementError::Digest));
        assert_eq!(altered("abab", ""), Err(StatementError::Digest));
    }

    #[test]
    fn errors_quote_nothing() {
        for (from, to) in [("3", "\"CANARY\""), ("\"note\"", "\"CANARY\":1,\"note\""), ("attestation:v1", "CANARY")] {
            let error = anyhow_like(&altered(from, to).unwrap_err());
            assert!(!error.contains("CANARY"), "{error}");
        }
    }

    /// An error with all its causes.
    fn anyhow_like(error: &dyn std::error::Error) -> String {
        format!("{error} {error:?} {}", error.source().map(ToString::to_string).unwrap_or_default())
    }

    #[test]
    fn what_would_be_refused_is_not_signed() {
        let mut large = statement();
        large.predicate.row_count = u64::MAX;
        assert_eq!(large.to_payload(), Err(StatementError::Unwritable));
        assert_eq!(Statement::new("x", [0; 32], Ratio { ratio: 0.5 }).to_payload(), Err(StatementError::Unwritable));
    }

    #[test]
    fn any_flipped_bit_under_a_good_signature_is_read_or_refused_but_never_panics() {
        let mut payload = statement().to_payload().unwrap();
        for index in 0..payload.len() * 8 {
            payload[index / 8] ^= 1 << (index % 8);
            let _ = Statement::<Sample>::parse(&payload);
            payload[index / 8] ^= 1 << (index % 8);
        }
    }

    proptest! {
        #[test]
        fn any_statement_round_trips(
            name in "(?s).{0,20}", sha256: [u8; 32], row_count in 0..=crate::attestation::LARGEST_INTEGER,
            note in prop::option::of("(?s).{0,20}"), lambdas in prop::collection::vec("(?s).{0,9}", 0..4),
        ) {
            let parts = lambdas.into_iter().map(|lambda| Part { lambda }).collect();
            let statement = Statement::new(&name, sha256, Sample { row_count, note, parts });
            prop_assert_eq!(Statement::parse(&statement.to_payload().unwrap()), Ok(statement));
        }
    }
}
