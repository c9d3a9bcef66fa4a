//! The predicates of challenge and attestation on the wire, version 1 (`docs/attestation.md`). Frozen structs of their own: what the
//! program's own types become may change, these may not. Every member is required, so that leaving one out is an error and not an improvement.

use crate::attestation::statement::Predicate;
use crate::attestation::statement::PredicateType;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::SpotCheck;
use crate::finding::Tried;
use crate::finding::coverage;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::Policy;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Reason;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::Verdict;
use crate::manifest::statement::ManifestV1;
use crate::match_key::strength::Class;
use crate::match_key::strength::decimal;
use crate::match_key::strength::parse_decimal;
use data_encoding::BASE64;
use roaring::RoaringBitmap;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;

impl Predicate for ManifestV1 {
    const TYPE: PredicateType = PredicateType::Manifest;
}

impl Predicate for ChallengeV1 {
    const TYPE: PredicateType = PredicateType::Challenge;
}

impl Predicate for AttestationV1 {
    const TYPE: PredicateType = PredicateType::Attestation;
}

/// What an attestation never proves, whatever its verdict.
pub(crate) const LIMITATIONS: [&str; 6] = [
    "It speaks of the targets listed and of no others; that these are the systems in use is the recipient's word.",
    "It does not prove that no copy exists elsewhere.",
    "It does not prove that bytes are gone from disks, backups or replicas.",
    "Copies that were encrypted, hashed, encoded or otherwise transformed are outside what the match keys find.",
    "Records without a usable match key could not be looked for; their number is stated.",
    "Declarations are the recipient's statements and were not verified.",
];

/// The challenge's predicate; signed by the originator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChallengeV1 {
    /// 32 hexadecimal digits.
    pub(crate) challenge_id: String,
    /// 64 hexadecimal digits; sentinels and the findings' nonce derive from it.
    pub(crate) nonce: String,
    /// `baseline`, `deletion`, `recheck` or `restore`.
    pub(crate) phase: String,
    /// The supply.
    pub(crate) supply_id: String,
    /// Fingerprint of the recipient's key, which must sign the attestation.
    pub(crate) recipient_key: String,
    /// RFC 3339, UTC.
    pub(crate) issued_at: String,
    /// RFC 3339, UTC: an attestation of a later scan is not accepted.
    pub(crate) expires_at: String,
    /// How far the two parties' clocks may differ.
    pub(crate) tolerance_seconds: u64,
    /// What the originator accepts and requires.
    pub(crate) policy: Policy,
    /// Ordinals to be answered one by one.
    pub(crate) spot_checks: Vec<u32>,
    /// The manifest's salt: an age file in armour, encrypted to the recipient.
    pub(crate) sealed_salt: String,
    /// SHA-256 of the accepted baseline attestation's file, or null.
    pub(crate) baseline: Option<String>,
    /// The head of the originator's ledger when the challenge was issued.
    pub(crate) ledger_head: String,
}

impl ChallengeV1 {
    /// The phase, where its word is known.
    pub(crate) fn phase(&self) -> Option<Phase> {
        Phase::parse(&self.phase)
    }
}

/// The attestation's predicate; signed by the recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AttestationV1 {
    /// `clear`, `residual`, `inconclusive`, or `present` for a baseline.
    pub(crate) verdict: String,
    /// What stands against it.
    pub(crate) verdict_reasons: Vec<ReasonV1>,
    /// The verdict's meaning, in one sentence.
    pub(crate) meaning: String,
    /// The supply's id.
    pub(crate) supply: String,
    /// The manifest.
    pub(crate) manifest: ManifestReference,
    /// The challenge that is answered.
    pub(crate) challenge: ChallengeReference,
    /// SHA-256 of the baseline attestation's file that the challenge names, or null.
    pub(crate) baseline: Option<String>,
    /// When the scan ran, by the recipient's clock.
    pub(crate) scan: ScanTimes,
    /// Who ran it.
    pub(crate) operator: Operator,
    /// With what.
    pub(crate) tool: Tool,
    /// On what.
    pub(crate) environment: Environment,
    /// BLAKE3 of the map and declaration files as given.
    pub(crate) configuration: Digest,
    /// What was seen.
    pub(crate) coverage: Coverage,
    /// Invented rows put in and found.
    pub(crate) sentinels: Sentinels,
    /// Known-answer records looked up and found.
    pub(crate) known_answers: KnownAnswers,
    /// What was found, by record.
    pub(crate) records: Records,
    /// The answers to the challenge's spot checks.
    pub(crate) spot_checks: Vec<SpotCheckV1>,
    /// Digest of the local findings, or null where none were written.
    pub(crate) detail: Option<Digest>,
    /// Declared by the recipient, not verified.
    pub(crate) declared: Declarations,
    /// What none of this proves.
    pub(crate) limitations: Vec<String>,
}

/// One reason of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReasonV1 {
    /// A word of `docs/attestation.md`.
    pub(crate) code: String,
    /// Where.
    pub(crate) place: Option<String>,
    /// By which key.
    pub(crate) key: Option<String>,
    /// How many.
    pub(crate) count: Option<u64>,
}

/// The manifest that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManifestReference {
    /// Its id.
    pub(crate) manifest_id: String,
    /// SHA-256 of the envelope of its statement.
    pub(crate) statement_sha256: String,
    /// BLAKE3 of the file.
    pub(crate) blake3: String,
}

/// The challenge that is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChallengeReference {
    /// Its id.
    pub(crate) challenge_id: String,
    /// Its nonce.
    pub(crate) nonce: String,
    /// Its phase.
    pub(crate) phase: String,
    /// When it was issued.
    pub(crate) issued_at: String,
    /// SHA-256 of its file.
    pub(crate) sha256: String,
}

/// Begin and end of the scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScanTimes {
    /// RFC 3339, UTC.
    pub(crate) started_at: String,
    /// RFC 3339, UTC.
    pub(crate) finished_at: String,
}

/// The person who answers for the scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Operator {
    /// As given on the command line; may be empty.
    pub(crate) name: String,
    /// As given on the command line; may be empty.
    pub(crate) role: String,
    /// The sentence that signing stands for.
    pub(crate) declaration: String,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tool {
    /// `residua`.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// SHA-256 of the executable, or null where it could not be read.
    pub(crate) sha256: Option<String>,
}

/// The machine, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Environment {
    /// Operating system.
    pub(crate) os: String,
    /// Processor architecture.
    pub(crate) arch: String,
}

/// A digest that in-toto's own digest sets have no place for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Digest {
    /// Hexadecimal.
    pub(crate) blake3: String,
}

/// What was seen and what was not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Coverage {
    /// Whether there is neither a gap nor an exclusion.
    pub(crate) complete: bool,
    /// Records of the supply.
    pub(crate) records: u64,
    /// Those that have a key.
    pub(crate) searchable: u64,
    /// People besides who were not supplied; left away where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) controls: u64,
    /// Rows for which the classes were planned.
    pub(crate) expected_rows: u64,
    /// Tables and files.
    pub(crate) targets: Vec<TargetV1>,
    /// What could not be seen.
    pub(crate) gaps: Vec<GapV1>,
    /// What was left out on purpose.
    pub(crate) excluded: Vec<Exclusion>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A table or file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TargetV1 {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) identity: Vec<Fact>,
    pub(crate) reading: Vec<Fact>,
    pub(crate) consistency: String,
    pub(crate) content_digest: Option<Digest>,
    /// That an earlier run of the same scan read it; left away where this one did.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub(crate) resumed: Option<ResumedV1>,
    pub(crate) schema_digest: Digest,
    pub(crate) rows_expected: Option<u64>,
    pub(crate) rows_read: u64,
    pub(crate) rows_without_key: u64,
    pub(crate) rows_unkeyed: u64,
    pub(crate) rows_by_number: u64,
    pub(crate) bytes: u64,
    pub(crate) hashes: u64,
    pub(crate) records_found: u64,
    pub(crate) columns: Vec<ColumnV1>,
    pub(crate) by_key: Vec<KeyResultV1>,
}

/// A target whose result was taken over from an earlier run of the same scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResumedV1 {
    /// RFC 3339, UTC: when that run had read it.
    pub(crate) scanned_at: String,
}

/// A member that may be absent, and is never null.
fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A stable fact about a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A column, and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ColumnV1 {
    pub(crate) name: String,
    pub(crate) taken_for: String,
    pub(crate) by: String,
    pub(crate) filled: u64,
    pub(crate) unreadable: u64,
}

/// What one key found in one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyResultV1 {
    pub(crate) key: String,
    pub(crate) class: String,
    pub(crate) supply_only: bool,
    pub(crate) fingerprints: u64,
    pub(crate) probes: u64,
    pub(crate) hits: u64,
    pub(crate) rows: u64,
    pub(crate) distinct_records: u64,
    pub(crate) declared_rows: Vec<DeclaredRows>,
    pub(crate) doubtful_rows: u64,
    pub(crate) doubtful_records: u64,
    pub(crate) u: String,
    pub(crate) lambda: String,
}

/// Rows with a hit that a declaration of rows covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeclaredRows {
    pub(crate) declaration: String,
    pub(crate) rows: u64,
}

/// A part that was not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GapV1 {
    pub(crate) code: String,
    pub(crate) target: String,
    pub(crate) column: Option<String>,
    pub(crate) count: Option<u64>,
    pub(crate) detail: String,
}

/// Invented rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sentinels {
    pub(crate) injected: u64,
    pub(crate) detected: u64,
}

/// Known-answer records, one a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KnownAnswers {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
}

/// What was found, by record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Records {
    /// Distinct records found by any key in any target.
    pub(crate) found: u64,
    /// Distinct records found by a key of class S.
    pub(crate) supply_count: u64,
    /// Those records: a roaring bitmap of ordinals in its portable form, base64; null with `--counts-only`.
    pub(crate) supply: Option<String>,
    /// Records found by a key of class P, counted by blocks of 1,000 ordinals.
    pub(crate) person_blocks: Vec<u32>,
}

/// The answer to a spot check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SpotCheckV1 {
    pub(crate) record: u32,
    pub(crate) found: bool,
}

/// The reasons of a judgement, in their wire form.
pub(crate) fn reasons(judgement: &Judgement) -> Vec<ReasonV1> {
    let wire = |reason: &Reason| ReasonV1 {
        code: reason.code.word().to_owned(),
        place: reason.place.clone(),
        key: reason.key.clone(),
        count: reason.count,
    };
    judgement.reasons.iter().map(wire).collect()
}

/// Coverage in its wire form.
pub(crate) fn coverage_of(outcome: &Outcome) -> Coverage {
    Coverage {
        complete: outcome.gaps.is_empty() && outcome.excluded.is_empty(),
        records: outcome.records,
        searchable: outcome.searchable,
        controls: outcome.controls,
        expected_rows: outcome.expected_rows,
        targets: outcome.targets.iter().map(target).collect(),
        gaps: outcome.gaps.iter().map(gap).collect(),
        excluded: outcome.excluded.clone(),
    }
}

/// The found records in their wire form; `counts_only` leaves the ordinals out.
pub(crate) fn records_of(outcome: &Outcome, counts_only: bool) -> Records {
    Records {
        found: outcome.found_records,
        supply_count: outcome.supply_records.len(),
        supply: (!counts_only).then(|| encode_bitmap(&outcome.supply_records)),
        person_blocks: outcome.person_blocks.clone(),
    }
}

fn target(target: &coverage::Target) -> TargetV1 {
    TargetV1 {
        name: target.name.clone(),
        source: target.source.clone(),
        kind: target.kind.clone(),
        identity: facts(&target.identity),
        reading: facts(&target.reading),
        consistency: target.consistency.clone(),
        content_digest: target.content_digest.clone().map(|blake3| Digest { blake3 }),
        resumed: target.resumed.clone().map(|scanned_at| ResumedV1 { scanned_at }),
        schema_digest: Digest { blake3: target.schema_digest.clone() },
        rows_expected: target.rows_expected,
        rows_read: target.rows_read,
        rows_without_key: target.rows_without_key,
        rows_unkeyed: target.rows_unkeyed,
        rows_by_number: target.rows_by_number,
        bytes: target.bytes,
        hashes: target.hashes,
        records_found: target.records_found,
        columns: target
            .columns
            .iter()
            .map(|column| ColumnV1 {
                name: column.name.clone(),
                taken_for: column.taken_for.clone(),
                by: column.by.clone(),
                filled: column.filled,
                unreadable: column.unreadable,
            })
            .collect(),
        by_key: target.by_key.iter().map(key_result).collect(),
    }
}

fn facts(pairs: &[(String, String)]) -> Vec<Fact> {
    pairs.iter().map(|(name, value)| Fact { name: name.clone(), value: value.clone() }).collect()
}

fn pairs(facts: &[Fact]) -> Vec<(String, String)> {
    facts.iter().map(|fact| (fact.name.clone(), fact.value.clone())).collect()
}

fn key_result(result: &coverage::KeyResult) -> KeyResultV1 {
    KeyResultV1 {
        key: result.key.clone(),
        class: result.class.letter().to_owned(),
        supply_only: result.has_supply_atom,
        fingerprints: result.fingerprints,
        probes: result.probes,
        hits: result.hits,
        rows: result.rows,
        distinct_records: result.distinct_records,
        declared_rows: result
            .declared_rows
            .iter()
            .map(|(declaration, rows)| DeclaredRows { declaration: declaration.clone(), rows: *rows })
            .collect(),
        doubtful_rows: result.doubtful_rows,
        doubtful_records: result.doubtful_records,
        u: decimal(result.u),
        lambda: decimal(result.lambda()),
    }
}

fn gap(gap: &Gap) -> GapV1 {
    GapV1 {
        code: gap.code.word().to_owned(),
        target: gap.target.clone(),
        column: gap.column.clone(),
        count: gap.count,
        detail: gap.detail.clone(),
    }
}

fn encode_bitmap(bitmap: &RoaringBitmap) -> String {
    let mut bytes = Vec::with_capacity(bitmap.serialized_size());
    // Writing to memory cannot fail.
    let _ = bitmap.serialize_into(&mut bytes);
    BASE64.encode(&bytes)
}

impl AttestationV1 {
    /// The outcome that the attestation states, ready to be judged again. `None` where a word is unknown or a number is none.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let targets: Option<Vec<coverage::Target>> = self.coverage.targets.iter().map(TargetV1::target).collect();
        let gaps: Option<Vec<Gap>> = self.coverage.gaps.iter().map(GapV1::gap).collect();
        let supply_records = match &self.records.supply {
            Some(text) => RoaringBitmap::deserialize_from(BASE64.decode(text.as_bytes()).ok()?.as_slice()).ok()?,
            None => RoaringBitmap::new(),
        };
        Some(Outcome {
            records: self.coverage.records,
            searchable: self.coverage.searchable,
            controls: self.coverage.controls,
            expected_rows: self.coverage.expected_rows,
            targets: targets?,
            gaps: gaps?,
            excluded: self.coverage.excluded.clone(),
            declared: self.declared.clone(),
            sentinels: Tried { tried: self.sentinels.injected, found: self.sentinels.detected },
            known_answers: Tried { tried: self.known_answers.asked, found: self.known_answers.answered },
            found_records: self.records.found,
            supply_records,
            person_blocks: self.records.person_blocks.clone(),
            spot_checks: self.spot_checks.iter().map(|check| SpotCheck { record: check.record, found: check.found }).collect(),
        })
    }

    /// The verdict and reasons as stated. `None` where a word is unknown.
    pub(crate) fn judgement(&self) -> Option<Judgement> {
        let reasons: Option<Vec<Reason>> = self.verdict_reasons.iter().map(ReasonV1::reason).collect();
        Some(Judgement { verdict: Verdict::parse(&self.verdict)?, reasons: reasons? })
    }
}

impl ReasonV1 {
    fn reason(&self) -> Option<Reason> {
        let code = ReasonCode::parse(&self.code)?;
        Some(Reason { code, place: self.place.clone(), key: self.key.clone(), count: self.count })
    }
}

impl TargetV1 {
    fn target(&self) -> Option<coverage::Target> {
        let by_key: Option<Vec<coverage::KeyResult>> = self.by_key.iter().map(KeyResultV1::key_result).collect();
        Some(coverage::Target {
            name: self.name.clone(),
            source: self.source.clone(),
            kind: self.kind.clone(),
            identity: pairs(&self.identity),
            reading: pairs(&self.reading),
            consistency: self.consistency.clone(),
            content_digest: self.content_digest.as_ref().map(|digest| digest.blake3.clone()),
            resumed: self.resumed.as_ref().map(|resumed| resumed.scanned_at.clone()),
            schema_digest: self.schema_digest.blake3.clone(),
            rows_expected: self.rows_expected,
            rows_read: self.rows_read,
            rows_without_key: self.rows_without_key,
            rows_unkeyed: self.rows_unkeyed,
            rows_by_number: self.rows_by_number,
            bytes: self.bytes,
            hashes: self.hashes,
            records_found: self.records_found,
            columns: self
                .columns
                .iter()
                .map(|column| coverage::Column {
                    name: column.name.clone(),
                    taken_for: column.taken_for.clone(),
                    by: column.by.clone(),
                    filled: column.filled,
                    unreadable: column.unreadable,
                })
                .collect(),
            by_key: by_key?,
        })
    }
}

impl KeyResultV1 {
    /// What the key found. `None` where a word is unknown or a number is none.
    pub(crate) fn key_result(&self) -> Option<coverage::KeyResult> {
        let result = coverage::KeyResult {
            key: self.key.clone(),
            class: Class::parse(&self.class)?,
            has_supply_atom: self.supply_only,
            fingerprints: self.fingerprints,
            probes: self.probes,
            hits: self.hits,
            rows: self.rows,
            distinct_records: self.distinct_records,
            declared_rows: self.declared_rows.iter().map(|declared| (declared.declaration.clone(), declared.rows)).collect(),
            doubtful_rows: self.doubtful_rows,
            doubtful_records: self.doubtful_records,
            u: parse_decimal(&self.u)?,
        };
        // λ is stated for the reader; it must be what the other numbers give.
        (decimal(result.lambda()) == self.lambda).then_some(result)
    }
}

impl GapV1 {
    fn gap(&self) -> Option<Gap> {
        Some(Gap {
            target: self.target.clone(),
            column: self.column.clone(),
            code: GapCode::parse(&self.code)?,
            count: self.count,
            detail: self.detail.clone(),
        })
    }
}
