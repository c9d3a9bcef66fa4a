//! The predicate of a record of destruction on the wire, version 1 (`docs/attestation.md`, §13): what a party has destroyed of a supply. A frozen struct of
//! its own, as all predicates are.

use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use serde::Deserialize;
use serde::Serialize;

impl Predicate for DestructionV1 {
    const TYPE: PredicateType = PredicateType::Destruction;
}

/// What a recipient says by signing.
pub(crate) const OF_RECIPIENT: &str =
    "What is listed here is destroyed. I hold no other copy of the manifests, challenges, salts and findings of this supply.";

/// What an originator says by signing.
pub(crate) const OF_ORIGINATOR: &str =
    "What is listed here is destroyed. I hold no other copy of the manifests, salts and findings of this supply.";

/// A party's word for itself, in a recipient's record.
pub(crate) const RECIPIENT: &str = "recipient";

/// A party's word for itself, in an originator's record.
pub(crate) const ORIGINATOR: &str = "originator";

/// A record of destruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DestructionV1 {
    /// 32 hexadecimal digits.
    pub(crate) supply_id: String,
    /// `originator` or `recipient`.
    pub(crate) party: String,
    /// What is destroyed.
    pub(crate) items: Vec<ItemV1>,
    /// Why the originator closed the supply although something stood in the way; null where nothing did.
    pub(crate) unresolved: Option<String>,
    /// RFC 3339, UTC, by the signer's clock.
    pub(crate) destroyed_at: String,
    /// Who signed, as that person says.
    pub(crate) name: String,
    /// In what capacity, as that person says.
    pub(crate) role: String,
    /// What is said by signing.
    pub(crate) declaration: String,
}

/// One thing that is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ItemV1 {
    /// A word of `docs/attestation.md`.
    pub(crate) what: String,
    /// `removed` or `gone`.
    pub(crate) how: String,
    /// Of the file, 64 hexadecimal digits; null for secrets.
    pub(crate) sha256: Option<String>,
    /// Of a list of findings, 64 hexadecimal digits; null for all else.
    pub(crate) blake3: Option<String>,
}

impl ItemV1 {
    /// A file that the program removed.
    pub(crate) fn removed(what: &str, sha256: Option<String>, blake3: Option<String>) -> ItemV1 {
        ItemV1 { what: what.to_owned(), how: "removed".to_owned(), sha256, blake3 }
    }

    /// A file that was gone before, by its SHA-256 or, of a list of findings, its BLAKE3.
    pub(crate) fn gone(what: &str, digest: String) -> ItemV1 {
        let (sha256, blake3) = if what == FINDINGS { (None, Some(digest)) } else { (Some(digest), None) };
        ItemV1 { what: what.to_owned(), how: "gone".to_owned(), sha256, blake3 }
    }

    /// One of the originator's secrets, of which nothing is told; removed now, or by a command before that did not come to its end.
    pub(crate) fn secret(what: &str, was_there: bool) -> ItemV1 {
        let how = if was_there { "removed" } else { "gone" };
        ItemV1 { what: what.to_owned(), how: how.to_owned(), sha256: None, blake3: None }
    }

    /// Whether it is the file with this digest, of either kind.
    pub(crate) fn is(&self, digest: &str) -> bool {
        [&self.sha256, &self.blake3].into_iter().flatten().any(|known| known == digest)
    }
}

/// The words of [`ItemV1::what`].
pub(crate) const BASELINE_MANIFEST: &str = "baseline manifest";
pub(crate) const DELETION_MANIFEST: &str = "deletion manifest";
pub(crate) const CHALLENGE: &str = "challenge";
pub(crate) const FINDINGS: &str = "findings";
pub(crate) const IDENTIFIED: &str = "identified";
