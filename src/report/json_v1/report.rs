//! The result of `report`, for programs.

use serde::Serialize;

/// A page that was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportV1 {
    pub(crate) version: u32,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    /// Null where the page is of all supplies.
    pub(crate) supply_id: Option<String>,
    /// SHA-256 of the attestation's file; null where the page is about none.
    pub(crate) attestation: Option<String>,
}
