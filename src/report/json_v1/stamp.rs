//! Time stamps, for programs.

use crate::attestation::stamp::Request;
use crate::attestation::stamp::Signer;
use crate::attestation::stamp::Stamp;
use crate::ledger::LedgerView;
use crate::ledger::entry::StampEntry;
use crate::support::hex;
use crate::support::time;
use serde::Serialize;

/// The result of `stamp ask`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StampAskedV1 {
    pub(crate) version: u32,
    pub(crate) requests: Vec<StampRequestV1>,
}

/// A request that was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StampRequestV1 {
    pub(crate) document: String,
    pub(crate) sha256: String,
    /// The request.
    pub(crate) file: String,
}

/// The result of `stamp keep`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StampsKeptV1 {
    pub(crate) version: u32,
    pub(crate) results: Vec<StampResultV1>,
}

/// What became of one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StampResultV1 {
    pub(crate) file: String,
    /// Null where it was refused.
    pub(crate) stamp: Option<StampV1>,
    /// `false` where it was in the ledger already, and where it was refused.
    pub(crate) is_new: bool,
    /// Why it was refused.
    pub(crate) refused: Option<String>,
}

/// A time stamp that the ledger keeps.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StampV1 {
    /// SHA-256 of its file.
    pub(crate) stamp: String,
    /// SHA-256 of the document.
    pub(crate) document: String,
    /// What that is, in words.
    pub(crate) what: &'static str,
    pub(crate) supply_id: Option<String>,
    pub(crate) time: String,
    pub(crate) policy: String,
    pub(crate) serial: String,
    /// Null where the signature was not verified by a certificate in it. That the certificate is one to be trusted, nobody has checked.
    pub(crate) authority: Option<String>,
    pub(crate) certificate: Option<String>,
}

impl StampV1 {
    /// As a line of the ledger has it.
    pub(crate) fn new(view: &LedgerView, entry: &StampEntry) -> StampV1 {
        StampV1 {
            stamp: entry.stamp.clone(),
            document: entry.document.clone(),
            what: view.stamped_words(entry),
            supply_id: entry.supply_id.clone(),
            time: entry.time.clone(),
            policy: entry.policy.clone(),
            serial: entry.serial.clone(),
            authority: entry.authority.clone(),
            certificate: entry.certificate.clone(),
        }
    }
}

/// A time stamp or the request for one, inspected.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedStampV1 {
    pub(crate) version: u32,
    /// `time stamp` or `time stamp request`.
    pub(crate) kind: &'static str,
    /// SHA-256 of the document; null where none was given.
    pub(crate) sha256: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) certificate: Option<String>,
    /// Why the authority gave none.
    pub(crate) rejected: Option<String>,
}

impl InspectedStampV1 {
    /// An answer without a time stamp.
    pub(crate) fn rejected(reason: String) -> InspectedStampV1 {
        InspectedStampV1 {
            version: super::VERSION,
            kind: "time stamp",
            sha256: None,
            time: None,
            policy: None,
            serial: None,
            nonce: None,
            authority: None,
            certificate: None,
            rejected: Some(reason),
        }
    }
}

impl From<&Request> for InspectedStampV1 {
    fn from(request: &Request) -> InspectedStampV1 {
        InspectedStampV1 {
            kind: "time stamp request",
            sha256: Some(hex::encode(&request.imprint)),
            policy: request.policy.clone(),
            nonce: request.nonce.clone(),
            rejected: None,
            ..InspectedStampV1::rejected(String::new())
        }
    }
}

impl From<&Stamp> for InspectedStampV1 {
    fn from(stamp: &Stamp) -> InspectedStampV1 {
        let (authority, certificate) = match &stamp.signer {
            Signer::Certificate { subject, fingerprint } => (Some(subject.clone()), Some(fingerprint.clone())),
            Signer::Unverified { .. } => (None, None),
        };
        InspectedStampV1 {
            sha256: Some(hex::encode(&stamp.imprint)),
            time: Some(time::format(stamp.time)),
            policy: Some(stamp.policy.clone()),
            serial: Some(stamp.serial.clone()),
            nonce: stamp.nonce.clone(),
            authority,
            certificate,
            rejected: None,
            ..InspectedStampV1::rejected(String::new())
        }
    }
}
