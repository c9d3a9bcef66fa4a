//! The result of `doctor`, for programs.

use crate::report::json_v1::EstimateV1;
use serde::Serialize;

/// What `check` would find.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExaminedV1 {
    pub(crate) version: u32,
    pub(crate) at: String,
    /// 1 where something is wrong.
    pub(crate) exit_code: u8,
    pub(crate) fine: usize,
    pub(crate) doubtful: usize,
    pub(crate) wrong: usize,
    pub(crate) diagnoses: Vec<DiagnosisV1>,
    /// How long one scan of all sources would take; null where there is nothing to be scanned, or nothing can be said.
    pub(crate) estimate: Option<EstimateV1>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiagnosisV1 {
    /// `fine`, `doubtful` or `wrong`.
    pub(crate) level: &'static str,
    /// `files`, `folders`, `ledger`, `inbox`, `clock`, `sources` or `time`.
    pub(crate) group: &'static str,
    /// Which file, folder, challenge, source or table.
    pub(crate) about: String,
    /// The word of the gap that a scan would have; null where it is none.
    pub(crate) gap: Option<String>,
    pub(crate) what: String,
    /// What to do; empty where nothing is to be done.
    pub(crate) advice: String,
    /// Statements for an administrator of the server; empty where there are none.
    pub(crate) statements: String,
}
