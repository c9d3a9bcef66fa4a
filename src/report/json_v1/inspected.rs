//! What `inspect` prints of documents, files of keys and settings, for programs.

use crate::finding::declaration::Declarations;
use crate::report::json_v1::SupplyV1;
use crate::report::json_v1::board::BoardRowV1;
use serde::Serialize;

/// A document of ours, as `inspect` shows it: its payload is the signed statement, and its signature was not checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedDocumentV1 {
    pub(crate) version: u32,
    pub(crate) kind: String,
    pub(crate) key_hint: String,
    pub(crate) is_signature_checked: bool,
    pub(crate) statement: serde_json::Value,
}

/// A manifest's file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedManifestV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) bytes: u64,
    pub(crate) format_version: u32,
    pub(crate) manifest_id: String,
    /// The statement's file, where it is beside the manifest.
    pub(crate) statement: Option<String>,
    pub(crate) is_signature_checked: bool,
    pub(crate) comparisons: Vec<ComparisonV1>,
    pub(crate) keys: Vec<InspectedKeyV1>,
}

/// What was compared with a statement; `agrees` is null where it was not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComparisonV1 {
    pub(crate) what: &'static str,
    pub(crate) agrees: Option<bool>,
    pub(crate) problem: Option<String>,
}

/// A key of a manifest, by its unverified statement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedKeyV1 {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) fingerprints: u64,
    pub(crate) bytes: u64,
}

/// A card.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedCardV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) fingerprint: String,
    pub(crate) age_recipient: String,
    pub(crate) public_key_pem: String,
}

/// A private key, salts or a sealed salt: that it is one, and nothing of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedSecretV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) is_readable_by_others: Option<bool>,
}

/// A ledger.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedLedgerV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) is_whole: bool,
    pub(crate) entries: u64,
    pub(crate) head: String,
    pub(crate) recipients: Vec<PartyV1>,
    pub(crate) board: Vec<BoardRowV1>,
    pub(crate) supplies: Vec<SupplyV1>,
}

/// A party and its key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartyV1 {
    pub(crate) name: String,
    pub(crate) fingerprint: String,
}

/// A schema or a map file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedRulesV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) rules: Vec<RuleV1>,
    pub(crate) texts: Vec<TextRuleV1>,
    pub(crate) excluded: Vec<ExcludedV1>,
}

/// How text files are written, by a map file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TextRuleV1 {
    pub(crate) target: String,
    pub(crate) reading: Vec<(String, String)>,
}

/// What a person says of a column; of a target's, in a map file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleV1 {
    pub(crate) target: Option<String>,
    pub(crate) column: String,
    pub(crate) taken_for: String,
    pub(crate) origin: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) reason: Option<String>,
}

/// A target that a map file leaves out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExcludedV1 {
    pub(crate) target: String,
    /// Patterns of what is not left out all the same.
    pub(crate) except: Vec<String>,
    pub(crate) reason: String,
}

/// A declaration file, or what an attestation declares.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedDeclarationsV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) declarations: Declarations,
}

/// A findings file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedFindingsV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) findings: u64,
}
