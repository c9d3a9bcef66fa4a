//! What a line of the ledger holds, version 1. Frozen structs of their own, like all that is written to be read again in years.

use crate::attestation::key::Card;
use crate::attestation::key::CardError;
use crate::finding::verdict::Verdict;
use crate::support::time;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Line {
    /// Counts from 1.
    pub(crate) sequence: u64,
    /// SHA-256 of the previous line without its line feed, hexadecimal; 64 zeros in the first line.
    pub(crate) previous: String,
    /// When it was appended: RFC 3339, UTC.
    pub(crate) at: String,
    /// What happened.
    pub(crate) entry: Entry,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Entry {
    /// A dataset was supplied.
    Supply(Box<SupplyEntry>),
    /// A challenge was issued.
    Challenge(ChallengeEntry),
    /// An attestation was received.
    Receipt(ReceiptEntry),
    /// The recipient confirmed what it was handed.
    Countersignature(CountersignatureEntry),
    /// A recipient's card was pinned, by itself or in the place of another.
    Recipient(Box<RecipientEntry>),
    /// A recipient's key is no longer to be relied on.
    Revocation(RevocationEntry),
    /// A party objects.
    Dispute(DisputeEntry),
    /// An objection was settled.
    Settlement(SettlementEntry),
    /// What stood behind the last whole line was cut off.
    Repair(RepairEntry),
    /// The recipient has destroyed what it had of a supply.
    Destruction(DestructionEntry),
    /// What is kept of a supply is about to be destroyed.
    Closing(ClosingEntry),
    /// What was kept of a supply is destroyed.
    Closed(ClosedEntry),
    /// An attestation that an onward recipient gave to its own supplier was received.
    Onward(OnwardEntry),
    /// A card of an officer of a recipient was pinned.
    Officer(Box<OfficerEntry>),
    /// An officer of the recipient countersigned an attestation.
    Approval(ApprovalEntry),
    /// A receipt was signed for an attestation.
    Acknowledgement(AcknowledgementEntry),
    /// A time stamp of somebody else over a document was kept.
    Stamp(StampEntry),
}

/// A supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SupplyEntry {
    /// 32 hexadecimal digits.
    pub(crate) supply_id: String,
    /// Whose key has to sign attestations, pinned.
    pub(crate) recipient: PinnedCard,
    /// Whose key signed the manifests and signs challenges, pinned.
    pub(crate) originator: PinnedCard,
    /// Distinct records.
    pub(crate) records: u64,
    /// The agreed day: `2017-06-30`.
    pub(crate) delete_by: String,
    /// What the data are for; may be empty.
    pub(crate) purpose: String,
    /// The contract under which they are supplied. This and the next two are left away where they were not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) contract: String,
    /// On what the originator bases that it may supply them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lawful_basis: String,
    /// How they are to be deleted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) manner: String,
    /// SHA-256 of the envelope of the baseline manifest's statement.
    pub(crate) baseline_statement: String,
    /// SHA-256 of the envelope of the deletion manifest's statement.
    pub(crate) deletion_statement: String,
    /// When the manifests were made: RFC 3339, UTC.
    pub(crate) created_at: String,
    /// How many of the records are seeds. Supplies from before there were any do not say it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) seeds: u32,
    /// Whether it is kept by what the originator knows each record; left away where it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) has_references: bool,
    /// SHA-256 of the baseline manifest file of which a copy is kept; left away where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept_manifest: Option<String>,
}

/// Whether a number is left out of its line.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A card as it was when the supply was made. Its keys are read when they are needed, not for every line of a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PinnedCard {
    pub(crate) name: String,
    pub(crate) public_key_pem: String,
    pub(crate) fingerprint: String,
    pub(crate) age_recipient: String,
}

impl PinnedCard {
    /// The card, to be kept.
    pub(crate) fn new(card: &Card) -> PinnedCard {
        PinnedCard {
            name: card.name().to_owned(),
            public_key_pem: card.public_key_pem().to_owned(),
            fingerprint: card.fingerprint().to_owned(),
            age_recipient: card.age_recipient().to_owned(),
        }
    }

    /// The card with its keys, checked again.
    pub(crate) fn card(&self) -> Result<Card, CardError> {
        // Strings always become JSON; were it otherwise, the card would be refused for it.
        Card::parse(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChallengeEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// 32 hexadecimal digits.
    pub(crate) challenge_id: String,
    /// `baseline`, `deletion`, `recheck` or `restore`.
    pub(crate) phase: String,
    /// RFC 3339, UTC.
    pub(crate) issued_at: String,
    /// RFC 3339, UTC.
    pub(crate) expires_at: String,
    /// SHA-256 of its envelope.
    pub(crate) envelope: String,
    /// The fingerprint of the key that it was for, where that is another than the one that the supply pins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recipient_key: Option<String>,
    /// Whether it asks for an officer's countersignature; left away where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) countersignature_required: bool,
    /// The declarations of the recipient that the originator refused with it; left away where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused: Vec<RefusedEntry>,
}

/// An attestation that was received for a challenge, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReceiptEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// For which challenge.
    pub(crate) challenge_id: String,
    /// The challenge's phase.
    pub(crate) phase: String,
    /// SHA-256 of the attestation's envelope.
    pub(crate) attestation: String,
    /// RFC 3339, UTC.
    pub(crate) received_at: String,
    /// The verdict as the recipient stated it.
    pub(crate) verdict: String,
    /// What the originator concluded.
    pub(crate) appraisal: Conclusion,
    /// Why, in words.
    pub(crate) reasons: Vec<String>,
    /// The fingerprint of the key that signed. Receipts from before it was kept do not say it: then it is the one that the supply pins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signer: Option<String>,
    /// The copies in backups that are accepted for a while, where it was appraised as clear: an exception each. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exceptions: Vec<ExceptionEntry>,
    /// The onward recipients whom it declares, where no check failed. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) onward: Vec<OnwardRecipient>,
}

/// Somebody to whom the data went on, as an attestation declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OnwardRecipient {
    /// Who.
    pub(crate) recipient: String,
    /// SHA-256 of the attestations of theirs that it names.
    pub(crate) attestations: Vec<String>,
}

/// A recipient's card, pinned without a supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecipientEntry {
    /// The card.
    pub(crate) card: PinnedCard,
    /// The fingerprint of the key whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<String>,
    /// From when on it counts, which is when it was entered: RFC 3339, UTC.
    pub(crate) since: String,
    /// What the originator relies on.
    pub(crate) basis: Basis,
    /// SHA-256 of the rotation's envelope, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) statement: Option<String>,
}

/// Why a card is believed to be the recipient's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Basis {
    /// A person compared its fingerprint with the recipient, by another channel.
    Compared,
    /// The key that it replaces has signed it.
    Rotation,
}

/// A key that is no longer to be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RevocationEntry {
    /// The key's fingerprint.
    pub(crate) fingerprint: String,
    /// The first day (UTC) on which a signature by it no longer counts: `2017-06-30`.
    pub(crate) since: String,
    /// Why, in words.
    pub(crate) reason: String,
}

impl ReceiptEntry {
    /// The last day on which a clear appraisal holds as it is: that of the earliest roll-off. `None` where it has no exceptions.
    pub(crate) fn clear_until(&self) -> Option<Date> {
        clear_until(&self.exceptions).filter(|_| self.appraisal == Conclusion::Clear)
    }
}

/// The day of the earliest roll-off, from the day after which something has to be asked again.
pub(crate) fn clear_until(exceptions: &[ExceptionEntry]) -> Option<Date> {
    exceptions.iter().filter_map(|exception| time::parse_day(&exception.roll_off)).min()
}

/// Copies in a backup that were put beyond use and are overwritten on a day, as the recipient declared and the challenge accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExceptionEntry {
    /// The backup system.
    pub(crate) system: String,
    /// The day of the last copy that holds the data.
    pub(crate) last_copy: String,
    /// The day on which that copy is overwritten.
    pub(crate) roll_off: String,
    /// How copies are rotated, in words.
    pub(crate) rotation: String,
}

/// A recipient's confirmation of what it was handed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CountersignatureEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// SHA-256 of its envelope.
    pub(crate) envelope: String,
    /// Fingerprint of the key that signed it.
    pub(crate) key: String,
    /// Who confirmed, as that person says; may be empty.
    pub(crate) name: String,
    /// In what capacity; may be empty.
    pub(crate) role: String,
    /// Whether the manifest was made anew from the data, and was the same.
    pub(crate) is_derived: bool,
    /// When it was signed, by the recipient's clock: RFC 3339, UTC.
    pub(crate) signed_at: String,
    /// RFC 3339, UTC.
    pub(crate) received_at: String,
}

/// A line that was not written to its end, and was cut off by a command that a person gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RepairEntry {
    /// Which line it would have been, counted from 1.
    pub(crate) line: u64,
    /// How many bytes of it there were.
    pub(crate) bytes: u64,
    /// Their SHA-256.
    pub(crate) sha256: String,
}

impl RepairEntry {
    /// The file beside the lines in which they are kept.
    pub(crate) fn kept(&self) -> String {
        format!("torn-{}-{:.8}", self.line, self.sha256)
    }
}

/// What the originator concludes, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Conclusion {
    /// A baseline found the data where they were expected.
    Present,
    /// No supplied record was found, and nothing stood in the way of finding one.
    Clear,
    /// It is not established.
    Inconclusive,
    /// Supplied records, or people of them without a lawful source, remain.
    Residual,
    /// A check failed: the attestation is not accepted, whatever it says, and its challenge stays open.
    Failed,
}

impl Conclusion {
    /// The word that files and tables use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Conclusion::Present => "present",
            Conclusion::Clear => "clear",
            Conclusion::Inconclusive => "inconclusive",
            Conclusion::Residual => "residual",
            Conclusion::Failed => "failed",
        }
    }
}

impl From<Verdict> for Conclusion {
    fn from(verdict: Verdict) -> Conclusion {
        match verdict {
            Verdict::Present => Conclusion::Present,
            Verdict::Clear => Conclusion::Clear,
            Verdict::Inconclusive => Conclusion::Inconclusive,
            Verdict::Residual => Conclusion::Residual,
        }
    }
}

/// An objection to how a supply stands. The originator enters it, whoever raised it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DisputeEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// Counts from 1 for each supply.
    pub(crate) number: u32,
    /// Who objects.
    pub(crate) by: Side,
    /// Why, in words.
    pub(crate) reason: String,
    /// SHA-256 of the attestation that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attestation: Option<String>,
    /// SHA-256 of a paper that goes with it, which the ledger does not keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<String>,
    /// RFC 3339, UTC.
    pub(crate) raised_at: String,
}

/// The end of an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SettlementEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// The objection's number.
    pub(crate) number: u32,
    /// How, in words.
    pub(crate) reason: String,
    /// RFC 3339, UTC.
    pub(crate) settled_at: String,
}

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// Who supplied.
    Originator,
    /// Who was supplied.
    Recipient,
}

impl Side {
    /// The word that files and tables use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Side::Originator => "originator",
            Side::Recipient => "recipient",
        }
    }
}

/// A recipient's record of what it has destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DestructionEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// SHA-256 of its envelope.
    pub(crate) envelope: String,
    /// Fingerprint of the key that signed it.
    pub(crate) key: String,
    /// Who signed, as that person says; may be empty.
    pub(crate) name: String,
    /// In what capacity; may be empty.
    pub(crate) role: String,
    /// By the recipient's clock: RFC 3339, UTC.
    pub(crate) destroyed_at: String,
    /// RFC 3339, UTC.
    pub(crate) received_at: String,
}

/// The intent to destroy what is kept of a supply. From then on its secrets may be there or not, and nothing more is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClosingEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// RFC 3339, UTC.
    pub(crate) started_at: String,
    /// Why it is closed although something stands in the way; absent where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unresolved: Option<String>,
}

/// What was kept of a supply is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClosedEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// SHA-256 of the envelope of the originator's record.
    pub(crate) record: String,
    /// RFC 3339, UTC.
    pub(crate) closed_at: String,
}

/// An attestation that an onward recipient gave to its own supplier, received by way of those who named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OnwardEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// SHA-256 of the attestation that names it.
    pub(crate) parent: String,
    /// The onward recipient for whom it is named.
    pub(crate) recipient: String,
    /// Its SHA-256.
    pub(crate) attestation: String,
    /// The fingerprint of the pinned key that signed it; `None` where none that is pinned did.
    pub(crate) key: Option<String>,
    /// The verdict as it is stated.
    pub(crate) verdict: String,
    /// RFC 3339, UTC.
    pub(crate) received_at: String,
    /// The onward recipients whom it declares in its turn. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) onward: Vec<OnwardRecipient>,
}

/// A person of the recipient who countersigns attestations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OfficerEntry {
    /// The fingerprint of a key of the recipient's.
    pub(crate) party: String,
    /// The officer's card, compared by a person.
    pub(crate) card: PinnedCard,
    /// From when on it counts, which is when it was entered: RFC 3339, UTC.
    pub(crate) since: String,
}

/// An officer's countersignature of an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApprovalEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// Which challenge the attestation answers.
    pub(crate) challenge_id: String,
    /// SHA-256 of the attestation's envelope.
    pub(crate) attestation: String,
    /// SHA-256 of the approval's envelope.
    pub(crate) envelope: String,
    /// The fingerprint of the officer's key, which signed it.
    pub(crate) key: String,
    /// Who signed, as that person says.
    pub(crate) name: String,
    /// In what capacity.
    pub(crate) role: String,
    /// When it was signed, by the officer's clock: RFC 3339, UTC.
    pub(crate) signed_at: String,
    /// RFC 3339, UTC.
    pub(crate) received_at: String,
}

/// A receipt that the originator signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AcknowledgementEntry {
    /// Whose.
    pub(crate) supply_id: String,
    /// Which challenge the attestation answers.
    pub(crate) challenge_id: String,
    /// SHA-256 of the attestation's envelope.
    pub(crate) attestation: String,
    /// SHA-256 of the receipt's envelope.
    pub(crate) envelope: String,
}

/// A declaration that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefusedEntry {
    /// What it is, in a word or two: `lawful source`.
    pub(crate) kind: String,
    /// What it is called, or what it is about.
    pub(crate) name: String,
    /// SHA-256 of the declaration as JSON.
    pub(crate) sha256: String,
}

/// A time stamp (RFC 3161) over a document that an earlier line names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StampEntry {
    /// Whose document it is; absent where it is of no single supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) supply_id: Option<String>,
    /// SHA-256 of the document's envelope, which is what the time stamp is over.
    pub(crate) document: String,
    /// SHA-256 of the time stamp's file.
    pub(crate) stamp: String,
    /// The time in it, by the authority's clock, without fractions of a second: RFC 3339, UTC.
    pub(crate) time: String,
    /// The policy under which it was given: an object identifier.
    pub(crate) policy: String,
    /// The authority's number of it, hexadecimal.
    pub(crate) serial: String,
    /// To whom the certificate in it was issued, as that says. Absent where the signature was not verified by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<String>,
    /// SHA-256 of that certificate. Absent where the signature was not verified by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<String>,
}
