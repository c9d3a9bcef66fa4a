//! What `receive` prints, and what became of confirmations that `verify` entered.

use serde::Serialize;

/// The result of `receive`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) agrees: bool,
    pub(crate) derived: bool,
    pub(crate) differences: Vec<DifferenceV1>,
    pub(crate) file: Option<String>,
}

/// One key by which a manifest is not that of the data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DifferenceV1 {
    pub(crate) key: String,
    pub(crate) fingerprints: u64,
    pub(crate) not_of_the_data: u64,
    pub(crate) lacking: u64,
}

/// A confirmation that the ledger holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountersignedV1 {
    pub(crate) signed_at: String,
    pub(crate) received_at: String,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) derived: bool,
}

/// What became of a confirmation that `verify` was given.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnteredV1 {
    pub(crate) file: String,
    pub(crate) result: String,
    pub(crate) supply_id: Option<String>,
    pub(crate) derived: Option<bool>,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
}
