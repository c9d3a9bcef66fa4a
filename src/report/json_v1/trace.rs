//! What `trace` prints: which supplies held a person. No value that was asked for stands in it.

use serde::Serialize;

/// The result of `trace`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TraceV1 {
    pub(crate) version: u32,
    pub(crate) today: String,
    /// Of what sorts the values were: `name`, `dob`, `postcode`, `address`, `email`, `phone`, `ref`.
    pub(crate) asked_by: Vec<&'static str>,
    /// Whether the ledger is a copy without secrets, which cannot be asked.
    pub(crate) is_exported: bool,
    /// The oldest first.
    pub(crate) supplies: Vec<TracedV1>,
}

/// What one supply answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TracedV1 {
    pub(crate) supply_id: String,
    #[serde(skip)]
    pub(crate) short_id: String,
    pub(crate) recipient: String,
    pub(crate) records: u64,
    pub(crate) supplied_at: String,
    pub(crate) delete_by: String,
    /// `held`, `possible`, `not_found`, `not_held` or `unknown`.
    pub(crate) answer: &'static str,
    /// Of `unknown`: `not_kept`, `missing`, `no_salt`, `no_key`, `normalizer`, `other_salt`, `known_answer` or `unusable`.
    pub(crate) reason: Option<&'static str>,
    pub(crate) reason_text: Option<String>,
    /// Of what sorts the keys are that agree.
    pub(crate) found_by: Vec<&'static str>,
    /// Those keys.
    pub(crate) keys: Vec<String>,
    /// The rows of the data that agree, from 1.
    pub(crate) rows: Vec<u64>,
    /// Which seeds are among them.
    pub(crate) seeds: Vec<u32>,
    /// Of `not_found`: how many records have nothing by which it was asked.
    pub(crate) not_looked_for: Option<u64>,
    /// Of `not_held` and `not_found`: the columns of the data of which a manifest has nothing, so that nobody in them was looked for.
    pub(crate) columns_not_looked_in: Vec<String>,
    /// Whether the recipient is to be told of an erasure: held or possible, and not by seeds alone.
    pub(crate) is_to_be_told: bool,
    /// To whom it passed the data on, as its answers say.
    pub(crate) onward: Vec<OnwardV1>,
    /// Whether an answer that may name others could not be read.
    pub(crate) is_onward_unread: bool,
    pub(crate) state: String,
    pub(crate) state_word: &'static str,
}

/// Somebody to whom the data went on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnwardV1 {
    pub(crate) recipient: String,
    pub(crate) reason: String,
}
