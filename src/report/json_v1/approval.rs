//! Papers between the parties, for programs: officers and their countersignatures, and declarations with what was said to them.

use crate::ledger::entry::ApprovalEntry;
use serde::Serialize;

/// What became of a countersignature that `verify` was given.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApprovedV1 {
    pub(crate) file: String,
    /// `accepted` or `refused`.
    pub(crate) result: &'static str,
    pub(crate) supply_id: Option<String>,
    pub(crate) challenge_id: Option<String>,
    /// SHA-256 of the attestation that it is of.
    pub(crate) attestation: Option<String>,
    /// What that attestation is appraised as now.
    pub(crate) appraisal: Option<&'static str>,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
}

/// Who countersigned an attestation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfficerSignatureV1 {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) key: String,
    pub(crate) signed_at: String,
    pub(crate) received_at: String,
}

impl From<&ApprovalEntry> for OfficerSignatureV1 {
    fn from(entry: &ApprovalEntry) -> OfficerSignatureV1 {
        OfficerSignatureV1 {
            name: entry.name.clone(),
            role: entry.role.clone(),
            key: entry.key.clone(),
            signed_at: entry.signed_at.clone(),
            received_at: entry.received_at.clone(),
        }
    }
}

/// The result of `countersign`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountersignV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) challenge_id: String,
    pub(crate) phase: String,
    /// As the attestation states it.
    pub(crate) verdict: String,
    /// SHA-256 of the attestation.
    pub(crate) attestation: String,
    pub(crate) file: String,
}

/// An officer of a recipient.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfficerV1 {
    pub(crate) name: String,
    pub(crate) key: String,
    /// `current` or `revoked`.
    pub(crate) state: &'static str,
    pub(crate) since: String,
    pub(crate) revoked_since: Option<String>,
    pub(crate) reason: Option<String>,
}

/// A declaration of the recipient, and what the originator said to it last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeclarationV1 {
    /// `proposed`, `accepted` or `refused`.
    pub(crate) state: &'static str,
    pub(crate) kind: String,
    pub(crate) name: String,
}
