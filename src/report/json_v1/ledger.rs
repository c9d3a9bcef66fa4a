//! What `ledger verify`, `repair` and `export` print.

use serde::Serialize;

/// The result of `ledger verify`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditV1 {
    pub(crate) version: u32,
    /// Whether there is no fault.
    pub(crate) sound: bool,
    pub(crate) lines: u64,
    pub(crate) head: String,
    pub(crate) supplies: u64,
    pub(crate) documents: u64,
    /// Documents whose signature by a recipient was checked.
    pub(crate) signed: u64,
    /// Files of secrets.
    pub(crate) secrets: u64,
    /// Copies of manifests.
    pub(crate) manifests: u64,
    /// Time stamps.
    pub(crate) stamps: u64,
    pub(crate) exported: bool,
    pub(crate) faults: Vec<FaultV1>,
    pub(crate) notes: Vec<String>,
    pub(crate) against: Vec<CarriedV1>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaultV1 {
    /// `lines`, `card`, `document`, `signature`, `secrets`, `kept`, `manifest`, `stamp`, `carried` or `unseen`.
    pub(crate) kind: String,
    pub(crate) problem: String,
    pub(crate) help: String,
}

/// A challenge that was held against the lines.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CarriedV1 {
    pub(crate) file: String,
    /// The line that was the last one when it was issued; null where there is no such line.
    pub(crate) line: Option<u64>,
}

/// The result of `ledger repair`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepairV1 {
    pub(crate) version: u32,
    /// What was cut off; empty where nothing was torn.
    pub(crate) repaired: Vec<CutV1>,
}

/// A line that was cut off.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CutV1 {
    pub(crate) line: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// The file in the ledger's folder that holds them.
    pub(crate) kept: String,
    /// Whether only its line feed was lacking.
    pub(crate) was_whole: bool,
}

/// The result of `ledger export`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportV1 {
    pub(crate) version: u32,
    pub(crate) folder: String,
    pub(crate) lines: u64,
    pub(crate) head: String,
    /// Files beside the lines that were copied.
    pub(crate) files: u64,
    /// Files that lines name, and that the ledger does not have.
    pub(crate) missing: u64,
}

/// The result of `ledger protect` and `ledger unprotect`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProtectedV1 {
    pub(crate) version: u32,
    pub(crate) is_protected: bool,
    /// How many files were encrypted or decrypted by this call.
    pub(crate) files: u64,
}
