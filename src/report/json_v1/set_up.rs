//! The results of `schedule`, for programs.

use serde::Serialize;

/// What an administrator sets up.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetUpV1 {
    pub(crate) version: u32,
    pub(crate) files: Vec<SetUpFileV1>,
    /// Whether systemd found nothing to say against it; null where it was not asked, or is not on this machine.
    pub(crate) verified: Option<bool>,
    /// What it said.
    pub(crate) complaints: Vec<String>,
    /// What remains to be done or known, in sentences.
    pub(crate) notes: Vec<String>,
}

/// One file of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetUpFileV1 {
    pub(crate) name: String,
    pub(crate) content: String,
    /// Null where it was not written.
    pub(crate) written: Option<String>,
}

/// What comes, and when.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComingV1 {
    pub(crate) version: u32,
    pub(crate) at: String,
    /// `originator` or `recipient`.
    pub(crate) party: &'static str,
    /// When a scan may begin next; null where it may at any time, or nothing is scanned.
    pub(crate) hours_open: Option<String>,
    pub(crate) coming: Vec<ComingRowV1>,
}

/// One thing that comes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComingRowV1 {
    /// `now`, `on` a day or at a time, `person`, or `never`.
    pub(crate) when: &'static str,
    /// A day, or a time in UTC; null where there is none.
    pub(crate) on: Option<String>,
    /// Days to it; null where there are none.
    pub(crate) days: Option<i64>,
    pub(crate) supply_id: Option<String>,
    pub(crate) challenge_id: Option<String>,
    pub(crate) about: String,
    pub(crate) what: String,
    pub(crate) why: String,
    /// Until when an answer is accepted.
    pub(crate) until: Option<String>,
}

/// What is no longer needed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutdatedV1 {
    pub(crate) version: u32,
    pub(crate) at: String,
    /// Whether its destruction was asked for.
    pub(crate) destroyed: bool,
    pub(crate) outdated: Vec<OutdatedRowV1>,
}

/// What is no longer needed of one supply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutdatedRowV1 {
    pub(crate) supply_id: String,
    pub(crate) why: Vec<String>,
    pub(crate) files: Vec<String>,
    /// What was gone before and stands in no record, as `destroy --gone` takes it.
    pub(crate) gone: Vec<String>,
    /// What stands in the way of closing it.
    pub(crate) obstacles: Vec<String>,
    /// The command that destroys it, but for who signs and where the record goes.
    pub(crate) command: Vec<String>,
    /// Null where nothing was run.
    pub(crate) exit_code: Option<u8>,
    pub(crate) result: String,
    /// The record: a recipient's file, or the digest of an originator's in the ledger.
    pub(crate) record: Option<String>,
}
