//! What `bundle` and `verify --bundle` print.

use crate::report::json_v1::VerificationV1;
use crate::report::json_v1::approval::ApprovedV1;
use crate::report::json_v1::board::DisputeV1;
use crate::report::json_v1::closing;
use crate::report::json_v1::downstream::DownstreamV1;
use crate::report::json_v1::received;
use serde::Serialize;

/// A bundle was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundledV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    /// The folder or archive.
    pub(crate) bundle: String,
    pub(crate) files: u64,
    /// SHA-256 of `SHA256SUMS`, which stands for all of it.
    pub(crate) sha256_sums: String,
    /// Whether its recipient must not see it.
    pub(crate) not_for_the_recipient: bool,
    /// The exit code with which its verification ends.
    pub(crate) verification: u8,
}

/// A bundle was verified.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleVerifiedV1 {
    pub(crate) version: u32,
    /// The version of the program.
    pub(crate) residua: &'static str,
    /// Null where the bundle does not show one supply.
    pub(crate) supply: Option<BundledSupplyV1>,
    /// What the bundle itself was held against, B1 to B6.
    pub(crate) checks: Vec<BundleCheckV1>,
    pub(crate) keys: Vec<BundledKeyV1>,
    /// What was received; null where the bundle does not show one supply, or what is in it cannot be used.
    pub(crate) received: Option<JudgedV1>,
    /// The exit code that follows, without the cards that were named on the command line.
    pub(crate) exit_code: u8,
    /// The cards that were named on the command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pinned: Vec<NamedCardV1>,
}

/// The supply of a bundle.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundledSupplyV1 {
    pub(crate) supply_id: String,
    pub(crate) originator: String,
    pub(crate) recipient: String,
    pub(crate) records: u64,
    pub(crate) seeds: u32,
    pub(crate) delete_by: String,
    pub(crate) closed_since: Option<String>,
    pub(crate) lines: u64,
    pub(crate) withheld: u64,
    pub(crate) head: String,
}

/// One check of the bundle itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleCheckV1 {
    pub(crate) check: String,
    pub(crate) name: &'static str,
    /// `passed`, `failed` or `not run`.
    pub(crate) result: &'static str,
    pub(crate) looked_at: Option<String>,
    pub(crate) faults: Vec<String>,
}

/// A key on which the evidence rests.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundledKeyV1 {
    pub(crate) role: &'static str,
    pub(crate) name: String,
    pub(crate) fingerprint: String,
    pub(crate) card: String,
    pub(crate) state: String,
}

/// A card that was named on the command line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedCardV1 {
    /// `originator` or `recipient`.
    pub(crate) role: &'static str,
    pub(crate) fingerprint: String,
    pub(crate) agrees: bool,
}

/// What was received for a supply, judged anew.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JudgedV1 {
    pub(crate) countersignatures: Vec<received::EnteredV1>,
    /// In the order in which they came.
    pub(crate) attestations: Vec<BundledAttestationV1>,
    pub(crate) approvals: Vec<ApprovedV1>,
    pub(crate) onward: Vec<DownstreamV1>,
    pub(crate) destructions: Vec<closing::EnteredV1>,
    pub(crate) disputes: Vec<DisputeV1>,
    pub(crate) stamps: Vec<String>,
    /// What the answers that stand come to; null where nothing was answered beyond a baseline.
    pub(crate) stands: Option<&'static str>,
    /// What does not agree with what the ledger's lines say of it.
    pub(crate) contradictions: Vec<String>,
}

/// One attestation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundledAttestationV1 {
    pub(crate) received_at: String,
    /// What the ledger's lines come to for it.
    pub(crate) recorded: &'static str,
    pub(crate) recorded_reasons: Vec<String>,
    #[serde(flatten)]
    pub(crate) verification: VerificationV1,
}
