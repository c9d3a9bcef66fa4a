//! The board and what stands on it, for programs.

use crate::ledger::board::BoardRow;
use crate::ledger::dispute::Dispute;
use crate::ledger::entry::ExceptionEntry;
use crate::report::json_v1::downstream::BranchV1;
use serde::Serialize;

/// The board.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BoardV1 {
    pub(crate) version: u32,
    pub(crate) today: String,
    pub(crate) supplies: Vec<BoardRowV1>,
}

/// One line of the board.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BoardRowV1 {
    pub(crate) supply_id: String,
    pub(crate) recipient: String,
    pub(crate) records: u64,
    pub(crate) delete_by: String,
    pub(crate) state: String,
    /// The state in one word, without days.
    pub(crate) state_word: &'static str,
    pub(crate) days: Option<i64>,
    pub(crate) until: Option<String>,
    /// Objections that are not settled.
    pub(crate) disputes: u32,
    pub(crate) is_overdue: bool,
    pub(crate) next_action: String,
    pub(crate) next_command: String,
    pub(crate) remark: String,
    /// Onward recipients of whom an attestation is missing.
    pub(crate) missing_onward: u32,
    /// Time stamps that are kept over its documents.
    pub(crate) stamps: u32,
    /// The tree below the supply, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) onward: Option<Vec<BranchV1>>,
}

impl From<&BoardRow> for BoardRowV1 {
    fn from(row: &BoardRow) -> BoardRowV1 {
        BoardRowV1 {
            supply_id: row.supply_id.clone(),
            recipient: row.recipient.clone(),
            records: row.records,
            delete_by: row.delete_by.to_string(),
            state: row.state.to_string(),
            state_word: row.state.word(),
            days: row.days,
            until: row.until.map(|until| until.to_string()),
            disputes: row.disputes,
            is_overdue: row.is_overdue,
            next_action: row.next_action(),
            next_command: row.next_command.clone(),
            remark: row.remark.clone(),
            missing_onward: row.missing_onward,
            stamps: row.stamps,
            onward: None,
        }
    }
}

/// Copies in a backup that are accepted until a day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExceptionV1 {
    pub(crate) system: String,
    pub(crate) last_copy: String,
    pub(crate) roll_off: String,
    pub(crate) rotation: String,
}

impl From<&ExceptionEntry> for ExceptionV1 {
    fn from(entry: &ExceptionEntry) -> ExceptionV1 {
        ExceptionV1 {
            system: entry.system.clone(),
            last_copy: entry.last_copy.clone(),
            roll_off: entry.roll_off.clone(),
            rotation: entry.rotation.clone(),
        }
    }
}

/// An objection was entered or settled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DisputedV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) number: u32,
    pub(crate) is_open: bool,
}

/// An objection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DisputeV1 {
    pub(crate) number: u32,
    pub(crate) by: &'static str,
    pub(crate) reason: String,
    pub(crate) attestation: Option<String>,
    pub(crate) document: Option<String>,
    pub(crate) raised_at: String,
    /// Null while it is open.
    pub(crate) settled_at: Option<String>,
    pub(crate) settlement: Option<String>,
}

impl From<&Dispute> for DisputeV1 {
    fn from(dispute: &Dispute) -> DisputeV1 {
        let settlement = dispute.settlement.as_ref();
        DisputeV1 {
            number: dispute.entry.number,
            by: dispute.entry.by.word(),
            reason: dispute.entry.reason.clone(),
            attestation: dispute.entry.attestation.clone(),
            document: dispute.entry.document.clone(),
            raised_at: dispute.entry.raised_at.clone(),
            settled_at: settlement.map(|settlement| settlement.settled_at.clone()),
            settlement: settlement.map(|settlement| settlement.reason.clone()),
        }
    }
}
