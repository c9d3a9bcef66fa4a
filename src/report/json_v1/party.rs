//! Recipients and their keys, for programs.

use crate::report::json_v1::approval::OfficerV1;
use serde::Serialize;

/// The recipients' keys.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecipientsV1 {
    pub(crate) version: u32,
    pub(crate) recipients: Vec<RecipientKeyV1>,
}

/// One key of a recipient.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecipientKeyV1 {
    pub(crate) name: String,
    pub(crate) key: String,
    /// `current`, `replaced` or `revoked`.
    pub(crate) state: &'static str,
    pub(crate) since: String,
    /// `supply`, `compared` or `rotation`.
    pub(crate) basis: &'static str,
    /// Supplies that were made for this very key.
    pub(crate) supplies: u64,
    pub(crate) replaced_by: Option<String>,
    pub(crate) replaced_since: Option<String>,
    pub(crate) revoked_since: Option<String>,
    pub(crate) reason: Option<String>,
    /// Who countersigns for this recipient, entered for this very key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) officers: Vec<OfficerV1>,
}

/// A key was pinned, replaced or revoked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecipientChangedV1 {
    pub(crate) version: u32,
    pub(crate) recipient: RecipientKeyV1,
    /// Challenges that nobody can answer any more.
    pub(crate) unanswerable: Vec<AffectedV1>,
    /// Challenges whose answers no longer count.
    pub(crate) no_longer_counted: Vec<AffectedV1>,
}

/// A challenge that a change of keys concerns.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AffectedV1 {
    pub(crate) supply_id: String,
    pub(crate) challenge_id: String,
    pub(crate) phase: String,
}
