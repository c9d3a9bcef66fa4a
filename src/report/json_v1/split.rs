//! A share of a scan, for programs: what `scan --split` prints.

use serde::Serialize;

/// The result of `scan --split`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SplitV1 {
    pub(crate) version: u32,
    /// Which of the shares, from 1.
    pub(crate) split: u32,
    /// How many shares there are.
    pub(crate) of: u32,
    /// Rows that were read.
    pub(crate) rows: u64,
    /// Targets of which something was read.
    pub(crate) targets: usize,
    /// What `merge` takes.
    pub(crate) file: String,
}
