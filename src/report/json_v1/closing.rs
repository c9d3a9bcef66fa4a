//! The end of a supply, for programs: what `destroy` and `close` print, and what became of records that `verify` entered.

use crate::ledger::entry::DestructionEntry;
use serde::Serialize;

/// The result of `destroy`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestroyedV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) destroyed: Vec<DestroyedItemV1>,
    /// Files that could not be removed.
    pub(crate) remaining: Vec<String>,
    /// The record; null of a trial, and where nothing was destroyed.
    pub(crate) file: Option<String>,
}

/// One thing that is destroyed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestroyedItemV1 {
    pub(crate) what: String,
    /// `removed` or `gone`.
    pub(crate) how: String,
    /// Null of what was gone before, and of secrets.
    pub(crate) file: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) blake3: Option<String>,
}

/// The result of `close`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) is_closed: bool,
    pub(crate) unresolved: Option<String>,
    /// What stands in the way.
    pub(crate) obstacles: Vec<String>,
    pub(crate) destroyed: Vec<DestroyedItemV1>,
    /// The SHA-256 of the originator's record, which the ledger keeps.
    pub(crate) record: Option<String>,
}

/// What became of a record of destruction that `verify` was given.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnteredV1 {
    pub(crate) file: String,
    pub(crate) result: String,
    pub(crate) supply_id: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
}

/// A recipient's record that the ledger holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestructionV1 {
    pub(crate) envelope: String,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) destroyed_at: String,
    pub(crate) received_at: String,
}

impl From<&DestructionEntry> for DestructionV1 {
    fn from(entry: &DestructionEntry) -> DestructionV1 {
        DestructionV1 {
            envelope: entry.envelope.clone(),
            key: entry.key.clone(),
            name: entry.name.clone(),
            role: entry.role.clone(),
            destroyed_at: entry.destroyed_at.clone(),
            received_at: entry.received_at.clone(),
        }
    }
}

/// The end of a supply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosingV1 {
    pub(crate) started_at: String,
    pub(crate) unresolved: Option<String>,
    /// Null where it did not come to its end.
    pub(crate) closed_at: Option<String>,
    /// SHA-256 of the originator's own record.
    pub(crate) record: Option<String>,
}
