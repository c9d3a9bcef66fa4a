//! The result of `check`, for programs.

use crate::attestation::predicate_v1::ReasonV1;
use crate::report::json_v1::write;
use serde::Serialize;

/// A run of `check`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckedV1 {
    pub(crate) version: u32,
    pub(crate) at: String,
    /// Whether nothing was done.
    pub(crate) dry_run: bool,
    /// The worst of the run.
    pub(crate) exit_code: u8,
    pub(crate) steps: Vec<StepV1>,
}

/// One thing that was done, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepV1 {
    pub(crate) what: String,
    pub(crate) about: String,
    pub(crate) why: String,
    /// The command, word by word; empty where there is none.
    pub(crate) command: Vec<String>,
    /// Null where nothing was run.
    pub(crate) exit_code: Option<u8>,
    pub(crate) result: String,
}

/// What a hook reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventV1<'a> {
    pub(crate) version: u32,
    /// `clear`, `residual`, `inconclusive`, `overdue` or `error`.
    pub(crate) event: &'a str,
    pub(crate) at: String,
    /// Which supply, challenge or file.
    pub(crate) about: &'a str,
    pub(crate) message: &'a str,
    /// Files that were left, for whoever sees to it.
    pub(crate) files: &'a [String],
}

/// What a recipient keeps beside the findings of a scan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SummaryV1<'a> {
    pub(crate) version: u32,
    pub(crate) challenge_id: &'a str,
    pub(crate) supply_id: &'a str,
    pub(crate) verdict: &'a str,
    pub(crate) meaning: &'a str,
    pub(crate) verdict_reasons: &'a [ReasonV1],
    pub(crate) finished_at: &'a str,
    /// The list of findings, where there is one.
    pub(crate) findings: Option<String>,
}

/// A line of the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedV1<'a> {
    pub(crate) version: u32,
    pub(crate) at: String,
    /// As of a step; `end` for the end of a run.
    pub(crate) what: String,
    pub(crate) about: &'a str,
    pub(crate) why: &'a str,
    /// Null where nothing was run.
    pub(crate) exit_code: Option<u8>,
    pub(crate) result: &'a str,
}

/// A line of the log, with its end.
pub(crate) fn line(logged: &LoggedV1<'_>) -> String {
    // No string holds a line break of its own: it is escaped.
    let text = write(logged);
    text.lines().map(str::trim_start).collect::<String>() + "\n"
}
