//! What became of the attestations of onward recipients, and the tree in which they stand.

use crate::ledger::board::onward::Branch;
use crate::ledger::board::onward::Leaf;
use crate::ledger::board::onward::Signer;
use crate::report::json_v1::CheckV1;
use crate::report::json_v1::VerificationV1;
use serde::Serialize;

/// Attestations of onward recipients were verified.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifiedDownstreamV1 {
    pub(crate) version: u32,
    /// Always empty: none of them answers a challenge of the ledger.
    pub(crate) attestations: Vec<VerificationV1>,
    pub(crate) downstream: Vec<DownstreamV1>,
}

/// One attestation of an onward recipient.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownstreamV1 {
    pub(crate) file: String,
    /// `entered` or `refused`.
    pub(crate) result: &'static str,
    pub(crate) supply_id: String,
    /// For whom it is named.
    pub(crate) recipient: Option<String>,
    /// What it states to its own supplier; null where it was refused.
    pub(crate) stated: Option<String>,
    /// The pinned key that signed it; null where none that is pinned did.
    pub(crate) key: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) checks: Vec<CheckV1>,
}

/// Somebody to whom the data went on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BranchV1 {
    pub(crate) recipient: String,
    /// None of their attestations was entered, or not all that are named.
    pub(crate) is_missing: bool,
    /// Declared by an earlier answer, and by none that stands.
    pub(crate) is_dropped: bool,
    pub(crate) attestations: Vec<LeafV1>,
    /// SHA-256 of those that are named and were not entered.
    pub(crate) unentered: Vec<String>,
}

/// What an onward recipient attested to its own supplier.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeafV1 {
    pub(crate) attestation: String,
    pub(crate) stated: &'static str,
    /// `pinned`, `unpinned`, or `invalid`: replaced or revoked when it was received.
    pub(crate) key: &'static str,
    /// The name on the card of the pinned key.
    pub(crate) signer: Option<String>,
    pub(crate) received_at: String,
    pub(crate) onward: Vec<BranchV1>,
}

impl From<&Branch> for BranchV1 {
    fn from(branch: &Branch) -> BranchV1 {
        BranchV1 {
            recipient: branch.recipient.clone(),
            is_missing: branch.is_missing(),
            is_dropped: branch.is_dropped,
            attestations: branch.leaves.iter().map(LeafV1::from).collect(),
            unentered: branch.unentered.clone(),
        }
    }
}

impl From<&Leaf> for LeafV1 {
    fn from(leaf: &Leaf) -> LeafV1 {
        let (key, signer) = match &leaf.signer {
            Signer::Unpinned => ("unpinned", None),
            Signer::Pinned(name) => ("pinned", Some(name.clone())),
            Signer::Out => ("invalid", None),
        };
        LeafV1 {
            attestation: leaf.attestation.clone(),
            stated: leaf.word(),
            key,
            signer,
            received_at: leaf.received_at.clone(),
            onward: leaf.branches.iter().map(BranchV1::from).collect(),
        }
    }
}
