//! The predicate of a countersignature on the wire, version 1 (`docs/attestation.md`, §11): the recipient confirms what it was handed, and says whether
//! it made the manifest anew from the data. A frozen struct of its own, as all predicates are.

use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use serde::Deserialize;
use serde::Serialize;

impl Predicate for CountersignatureV1 {
    const TYPE: PredicateType = PredicateType::Countersignature;
}

/// What is said by signing.
pub(crate) const RECEIVED: &str = "I have received the data and this manifest.";

/// What is said by signing where the manifest was derived.
pub(crate) const DERIVED: &str =
    "I have received the data and this manifest, and the manifest is that of the data: I have made it anew from them.";

/// A recipient's confirmation of a baseline manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CountersignatureV1 {
    /// 32 hexadecimal digits.
    pub(crate) supply_id: String,
    /// 32 hexadecimal digits, of the baseline manifest.
    pub(crate) manifest_id: String,
    /// SHA-256 of the envelope of its statement.
    pub(crate) statement_sha256: String,
    /// SHA-256 of the envelope of the deletion manifest's statement, which was seen to belong to it.
    pub(crate) deletion_statement_sha256: String,
    /// When it was signed: RFC 3339, UTC.
    pub(crate) signed_at: String,
    /// Who signed, as that person says.
    pub(crate) name: String,
    /// In what capacity, as that person says.
    pub(crate) role: String,
    /// What is said by signing.
    pub(crate) declaration: String,
    /// What was derived from the data; null where nothing was.
    pub(crate) derived: Option<DerivedV1>,
}

/// A manifest made anew from the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DerivedV1 {
    /// Records of the data.
    pub(crate) records: u64,
    /// Records of which no key could be formed.
    pub(crate) records_without_key: u64,
    /// BLAKE3 of the file; null where the data are no file.
    pub(crate) data_blake3: Option<String>,
    /// A key each, in the order of the manifest.
    pub(crate) keys: Vec<DerivedKeyV1>,
}

/// One key of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DerivedKeyV1 {
    /// Its name.
    pub(crate) key: String,
    /// Fingerprints of the data, without the known answer.
    pub(crate) fingerprints: u64,
    /// Of these, those that the manifest has others for: telephones in the place of reserved ones.
    pub(crate) other: u64,
}
