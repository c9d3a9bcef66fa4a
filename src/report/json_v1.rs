//! Results for programs: version 1 of the JSON that `--format json` prints. These structs are frozen; the program's own types may change.

pub(crate) mod approval;
pub(crate) mod board;
pub(crate) mod bundle;
pub(crate) mod closing;
pub(crate) mod doctor;
pub(crate) mod downstream;
pub(crate) mod inspected;
pub(crate) mod ledger;
pub(crate) mod party;
pub(crate) mod received;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod set_up;
pub(crate) mod split;
pub(crate) mod stamp;
pub(crate) mod trace;

use crate::attestation::predicate_v1::Coverage;
use crate::attestation::predicate_v1::ReasonV1;
use crate::attestation::predicate_v1::SpotCheckV1;
use crate::attestation::predicate_v1::coverage_of;
use crate::attestation::predicate_v1::reasons;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::declaration::Policy;
use crate::finding::gap::Gap;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::meaning;
use crate::finding::verdict::overlaps;
use crate::report::json_v1::board::DisputeV1;
use crate::report::json_v1::board::ExceptionV1;
use crate::support::sanitize::is_harmful;
use crate::verification::appraisal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;

/// The version of every structure here.
pub(crate) const VERSION: u32 = 1;

/// Writes a result as JSON with a line feed at its end. Characters of other people's files that a terminal would obey are escaped, as JSON allows.
pub(crate) fn write(result: &impl Serialize) -> String {
    // Structures of strings and numbers always become JSON.
    let written = serde_json::to_string_pretty(result).unwrap_or_default();
    let mut text = String::with_capacity(written.len() + 1);
    for character in written.chars() {
        // Only strings hold such characters; the line breaks between the members are ours.
        if character != '\n' && is_harmful(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(character);
        }
    }
    text.push('\n');
    text
}

/// A key pair was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeygenV1 {
    pub(crate) version: u32,
    pub(crate) key: String,
    pub(crate) card: String,
    pub(crate) fingerprint: String,
    /// What the old key has signed, where the new one replaces it.
    pub(crate) rotation: Option<String>,
}

/// A supply was fingerprinted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppliedV1 {
    pub(crate) version: u32,
    pub(crate) supply_id: String,
    pub(crate) records: u64,
    pub(crate) records_without_key: u64,
    /// People who were not supplied, in the deletion manifest.
    pub(crate) controls: u64,
    pub(crate) expected_rows: u64,
    /// Of the records, invented people.
    pub(crate) seeds: u64,
    /// The file to hand over, where it was written with seeds; null where it is the one that was named.
    pub(crate) data: Option<String>,
    pub(crate) files: Vec<String>,
    pub(crate) columns: Vec<ColumnV1>,
    pub(crate) keys: Vec<PlannedKeyV1>,
}

/// What a column was taken for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColumnV1 {
    pub(crate) name: String,
    pub(crate) taken_for: String,
    /// Null where it is text because nothing says otherwise.
    pub(crate) by: Option<String>,
    pub(crate) rows: u64,
    pub(crate) filled: u64,
}

/// A key of a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlannedKeyV1 {
    pub(crate) name: String,
    pub(crate) atoms: Vec<String>,
    pub(crate) class: String,
    pub(crate) fingerprints: u64,
    pub(crate) u: String,
    pub(crate) basis: String,
    pub(crate) joint_collisions: u64,
    pub(crate) lambda: String,
    pub(crate) guesses: Option<u64>,
}

/// A challenge was issued.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChallengedV1 {
    pub(crate) version: u32,
    pub(crate) challenge_id: String,
    pub(crate) supply_id: String,
    pub(crate) phase: String,
    pub(crate) expires_at: String,
    pub(crate) file: String,
}

/// A scan is over.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScannedV1 {
    pub(crate) version: u32,
    pub(crate) phase: String,
    pub(crate) verdict: String,
    pub(crate) verdict_reasons: Vec<AdvisedReasonV1>,
    pub(crate) gaps: Vec<InspectedProblemV1>,
    pub(crate) meaning: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) hashes_per_row: f64,
    pub(crate) seconds: f64,
    /// Records and controls.
    pub(crate) people_asked_about: u64,
    pub(crate) never_supplied: u64,
    pub(crate) records_found: u64,
    pub(crate) supply_records_found: u64,
    pub(crate) overlaps: Vec<OverlapV1>,
    pub(crate) coverage: Coverage,
    pub(crate) sentinels_injected: u64,
    pub(crate) sentinels_detected: u64,
    pub(crate) known_answers_asked: u64,
    pub(crate) known_answers_answered: u64,
    pub(crate) spot_checks: Vec<SpotCheckV1>,
    pub(crate) attestation: Option<String>,
    pub(crate) findings: Option<String>,
}

/// A reason of a verdict as an attestation holds it, with what may be done about it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdvisedReasonV1 {
    #[serde(flatten)]
    pub(crate) reason: ReasonV1,
    /// Where a gap is: the parts of `place`.
    pub(crate) gap: Option<GapPlaceV1>,
    pub(crate) help: String,
}

/// Where a gap is, part by part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GapPlaceV1 {
    pub(crate) target: String,
    pub(crate) column: Option<String>,
    pub(crate) code: String,
}

impl AdvisedReasonV1 {
    /// A reason of a scan with these gaps.
    fn new(reason: ReasonV1, gaps: &[Gap]) -> AdvisedReasonV1 {
        let code = ReasonCode::parse(&reason.code);
        let gap = (gaps.iter()).find(|gap| code == Some(ReasonCode::Gap) && reason.place.as_ref() == Some(&gap.place()));
        let help = match (code, gap) {
            (_, Some(gap)) => gap.code.help(),
            (Some(code), None) => appraisal::help(code, reason.count),
            (None, None) => "",
        };
        AdvisedReasonV1 {
            help: help.to_owned(),
            gap: gap.map(|gap| GapPlaceV1 {
                target: gap.target.clone(),
                column: gap.column.clone(),
                code: gap.code.word().to_owned(),
            }),
            reason,
        }
    }
}

/// People held lawfully, by an accepted declaration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OverlapV1 {
    pub(crate) target: String,
    pub(crate) declaration: String,
    pub(crate) source: String,
    pub(crate) records: u64,
}

impl ScannedV1 {
    /// The result of a scan that took so many seconds.
    pub(crate) fn new(phase: Phase, policy: &Policy, judgement: &Judgement, outcome: &Outcome, seconds: f64) -> ScannedV1 {
        let hashes: u64 = outcome.targets.iter().map(|target| target.hashes).sum();
        let rows = outcome.rows_read();
        ScannedV1 {
            version: VERSION,
            phase: phase.word().to_owned(),
            verdict: judgement.verdict.word().to_owned(),
            verdict_reasons: reasons(judgement).into_iter().map(|reason| AdvisedReasonV1::new(reason, &outcome.gaps)).collect(),
            gaps: outcome.gaps.iter().map(InspectedProblemV1::from).collect(),
            meaning: meaning(judgement.verdict, outcome),
            rows,
            bytes: outcome.targets.iter().map(|target| target.bytes).sum(),
            hashes_per_row: if rows == 0 { 0.0 } else { hashes as f64 / rows as f64 },
            seconds,
            people_asked_about: outcome.asked(),
            never_supplied: outcome.controls,
            records_found: outcome.found_records,
            supply_records_found: outcome.supply_records.len(),
            overlaps: overlaps(policy, outcome)
                .into_iter()
                .map(|overlap| OverlapV1 {
                    target: overlap.target,
                    declaration: overlap.declaration,
                    source: overlap.source,
                    records: overlap.records,
                })
                .collect(),
            coverage: coverage_of(outcome),
            sentinels_injected: outcome.sentinels.tried,
            sentinels_detected: outcome.sentinels.found,
            known_answers_asked: outcome.known_answers.tried,
            known_answers_answered: outcome.known_answers.found,
            spot_checks: outcome
                .spot_checks
                .iter()
                .map(|check| SpotCheckV1 { record: check.record, found: check.found })
                .collect(),
            attestation: None,
            findings: None,
        }
    }
}

/// Attestations were verified.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifiedV1 {
    pub(crate) version: u32,
    pub(crate) attestations: Vec<VerificationV1>,
    /// Confirmations of what was handed over, which are entered the same way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) countersignatures: Vec<received::EnteredV1>,
    /// Records of destruction, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) destructions: Vec<closing::EnteredV1>,
    /// Countersignatures of attestations by officers of the recipient.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) approvals: Vec<approval::ApprovedV1>,
}

impl VerifiedV1 {
    /// Without results.
    pub(crate) fn new() -> VerifiedV1 {
        VerifiedV1 {
            version: VERSION,
            attestations: Vec::new(),
            countersignatures: Vec::new(),
            destructions: Vec::new(),
            approvals: Vec::new(),
        }
    }
}

/// One attestation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationV1 {
    pub(crate) file: String,
    /// What was asked, and of whom: null where the attestation answers no challenge of the ledger.
    pub(crate) supply_id: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) challenge_id: Option<String>,
    pub(crate) phase: Option<String>,
    pub(crate) delete_by: Option<String>,
    pub(crate) appraisal: String,
    pub(crate) appraisal_reasons: Vec<String>,
    /// The last day on which a clear appraisal holds as it is; null where it has no exceptions.
    pub(crate) clear_until: Option<String>,
    pub(crate) exceptions: Vec<ExceptionV1>,
    /// What the verdict means, in the recipient's words; null where a check failed.
    pub(crate) meaning: Option<String>,
    pub(crate) not_accepted: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) refused_before: Vec<String>,
    pub(crate) notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) countersigned_by: Option<approval::OfficerSignatureV1>,
    /// The file of the receipt that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<String>,
    pub(crate) checks: Vec<CheckV1>,
}

/// One check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckV1 {
    pub(crate) check: String,
    pub(crate) name: String,
    pub(crate) result: String,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) doubts: Vec<String>,
}

/// What `inspect` saw in sources.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) sources: Vec<InspectedSourceV1>,
    pub(crate) targets: Vec<InspectedTargetV1>,
    /// What holds no rows of its own.
    pub(crate) derived: Vec<InspectedDerivedV1>,
    pub(crate) problems: Vec<InspectedProblemV1>,
    /// Patterns of the map file that match none of the targets; of exceptions and columns a sentence.
    pub(crate) unused_rules: Vec<String>,
    /// Null where a scan is short or nothing can be said.
    pub(crate) estimate: Option<EstimateV1>,
}

/// An opened source: a file, or a database of a server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedSourceV1 {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) consistency: &'static str,
    /// What stays the same.
    pub(crate) identity: BTreeMap<String, String>,
    /// What holds at this moment.
    pub(crate) facts: BTreeMap<String, String>,
    /// There may be objects that cannot even be listed.
    pub(crate) is_blind: bool,
    pub(crate) objects: ObjectCountsV1,
}

/// How many objects there are, by whether they can be read.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectCountsV1 {
    pub(crate) readable: u64,
    pub(crate) denied: u64,
    pub(crate) filtered: u64,
    pub(crate) unsupported: u64,
    pub(crate) derived: u64,
}

/// An object whose rows are read elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedDerivedV1 {
    pub(crate) name: String,
    pub(crate) object: String,
    pub(crate) reason: String,
}

/// Whether something can be read: `readable`, `denied`, `filtered`, `unsupported` or `derived`, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessV1 {
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
}

/// How long a scan would take.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EstimateV1 {
    pub(crate) rows: u64,
    pub(crate) seconds: u64,
}

/// What was taken of a column, and whether it can be read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedColumnV1 {
    #[serde(flatten)]
    pub(crate) column: ColumnV1,
    pub(crate) declared_type: Option<String>,
    pub(crate) access: AccessV1,
}

/// The statements that make a role for a scan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantsV1 {
    pub(crate) version: u32,
    pub(crate) kind: &'static str,
    pub(crate) role: String,
    pub(crate) statements: String,
}

/// One table or file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedTargetV1 {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) object: String,
    pub(crate) access: AccessV1,
    /// The exact number of rows.
    pub(crate) rows: Option<u64>,
    /// About how many rows there are, by the database's statistics.
    pub(crate) rows_estimated: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) details: Vec<(String, String)>,
    pub(crate) excluded: Option<String>,
    pub(crate) sampled_rows: u64,
    pub(crate) columns: Vec<InspectedColumnV1>,
}

/// Something that a scan would not see.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectedProblemV1 {
    pub(crate) code: String,
    pub(crate) place: String,
    pub(crate) column: Option<String>,
    pub(crate) count: Option<u64>,
    pub(crate) detail: String,
    pub(crate) help: String,
}

impl From<&Gap> for InspectedProblemV1 {
    fn from(gap: &Gap) -> InspectedProblemV1 {
        InspectedProblemV1 {
            code: gap.code.word().to_owned(),
            place: gap.target.clone(),
            column: gap.column.clone(),
            count: gap.count,
            detail: gap.detail.clone(),
            help: gap.code.help().to_owned(),
        }
    }
}

/// Supplies of a ledger.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuppliesV1 {
    pub(crate) version: u32,
    pub(crate) supplies: Vec<SupplyV1>,
}

/// One supply with all that followed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SupplyV1 {
    pub(crate) supply_id: String,
    pub(crate) recipient: String,
    pub(crate) recipient_key: String,
    pub(crate) records: u64,
    pub(crate) delete_by: String,
    pub(crate) purpose: String,
    pub(crate) contract: String,
    pub(crate) lawful_basis: String,
    pub(crate) manner: String,
    pub(crate) created_at: String,
    /// The invented people among the records, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seeds: Option<Vec<SeedV1>>,
    /// The recipient's confirmation of what it was handed; null where there is none.
    pub(crate) countersigned: Option<received::CountersignedV1>,
    pub(crate) challenges: Vec<ChallengeV1>,
    pub(crate) disputes: Vec<DisputeV1>,
    /// The recipient's records of what it has destroyed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) destructions: Vec<closing::DestructionV1>,
    /// Its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closing: Option<closing::ClosingV1>,
    /// To whom the recipient passed the data on; left away where there is nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) onward: Vec<downstream::BranchV1>,
    /// What the newest answer declares, where one supply is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) declarations: Vec<approval::DeclarationV1>,
    /// Time stamps over its documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stamps: Vec<stamp::StampV1>,
}

/// An invented person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeedV1 {
    /// As reasons of an appraisal number it, from 1.
    pub(crate) seed: usize,
    /// The row in the file that was handed over, from 1.
    pub(crate) row: u64,
    pub(crate) cells: BTreeMap<String, String>,
}

/// Says which one it is and nothing of whom it is made of.
impl fmt::Debug for SeedV1 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SeedV1").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// A challenge and its answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChallengeV1 {
    pub(crate) challenge_id: String,
    pub(crate) phase: String,
    pub(crate) issued_at: String,
    pub(crate) expires_at: String,
    pub(crate) receipts: Vec<ReceiptV1>,
}

/// An attestation as it was received.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptV1 {
    pub(crate) attestation: String,
    pub(crate) received_at: String,
    pub(crate) verdict: String,
    pub(crate) appraisal: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) exceptions: Vec<ExceptionV1>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_terminal_obeys_are_escaped() {
        let party = inspected::PartyV1 { name: "a\u{9b}31m\u{202e}\u{e0041}\tb é".to_owned(), fingerprint: String::new() };
        let text = write(&party);
        assert!(text.chars().all(|character| character == '\n' || !is_harmful(character)), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["name"], party.name);
    }
}
