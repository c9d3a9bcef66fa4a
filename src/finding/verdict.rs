//! The verdict: one function of what an attestation holds, called by the recipient who states it and again by whoever verifies it.
//!
//! It is monotonic: a further gap, finding, hit or target, and a row that finds something, never makes it better. Declarations can, and lift a
//! verdict to `clear` only where the originator's signed challenge accepts them word for word.

use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::Tried;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::Target;
use crate::finding::declaration::LawfulSource;
use crate::finding::declaration::Policy;
use crate::match_key::strength::Class;
use crate::support::number::grouped;
use crate::support::number::of;
use std::collections::BTreeMap;

/// What a scan says of its targets, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// A baseline found the share that the challenge names, with nothing unseen. It says nothing of deletion.
    Present,
    /// No supplied record was found, and nothing stood in the way of finding one.
    Clear,
    /// Nothing was proved either way; the reasons say why.
    Inconclusive,
    /// Supplied records, or people of them without a lawful source, were found.
    Residual,
}

impl Verdict {
    /// The word that files and tables use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Present => "present",
            Verdict::Clear => "clear",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Residual => "residual",
        }
    }

    /// The verdict of a word.
    pub(crate) fn parse(word: &str) -> Option<Verdict> {
        [Verdict::Present, Verdict::Clear, Verdict::Inconclusive, Verdict::Residual]
            .into_iter()
            .find(|verdict| verdict.word() == word)
    }
}

/// Why a verdict is not `clear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReasonCode {
    /// A key of class S hit.
    SupplyRecordFound,
    /// A key of class P hit in a target without a declared lawful source.
    PersonFound,
    /// A part was not seen.
    Gap,
    /// Not one row was read from which a match key could be formed.
    NothingRead,
    /// An invented row was not found, or none was put in.
    SentinelMissed,
    /// A known-answer record was not found in the manifest.
    KnownAnswerMissed,
    /// A key of class S or P hit in text in which so much was combined that chance may explain it, or a key without a name in rows with another name.
    PossibleCoincidence,
    /// A class A key hit more records than coincidence explains.
    AggregateExcess,
    /// A target's only usable keys are so weak that their count can tell nothing, and they hit.
    WeakKeys,
    /// More rows of a target than the challenge allows hold something of a person and form no key.
    RowsUnkeyed,
    /// Hits are explained by a declaration that the challenge does not accept.
    DeclarationNotAccepted,
    /// Supplied records stand in rows that the recipient declares lawful.
    SupplyRecordDeclaredLawful,
    /// A part was left out on purpose, and the challenge does not accept that.
    ExclusionNotAccepted,
    /// A system, backup or onward recipient was not scanned, and the challenge does not accept that.
    NotScannedNotAccepted,
    /// A key that the challenge requires could not be looked for anywhere.
    RequiredKeyMissing,
    /// A baseline found too few of the supplied records.
    BaselineShare,
}

impl ReasonCode {
    /// Every code, for documents and tests.
    pub(crate) const ALL: [ReasonCode; 16] = [
        ReasonCode::SupplyRecordFound,
        ReasonCode::PersonFound,
        ReasonCode::Gap,
        ReasonCode::NothingRead,
        ReasonCode::SentinelMissed,
        ReasonCode::KnownAnswerMissed,
        ReasonCode::PossibleCoincidence,
        ReasonCode::AggregateExcess,
        ReasonCode::WeakKeys,
        ReasonCode::RowsUnkeyed,
        ReasonCode::DeclarationNotAccepted,
        ReasonCode::SupplyRecordDeclaredLawful,
        ReasonCode::ExclusionNotAccepted,
        ReasonCode::NotScannedNotAccepted,
        ReasonCode::RequiredKeyMissing,
        ReasonCode::BaselineShare,
    ];

    /// The word that files use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ReasonCode::SupplyRecordFound => "supply_record_found",
            ReasonCode::PersonFound => "person_found",
            ReasonCode::Gap => "gap",
            ReasonCode::NothingRead => "nothing_read",
            ReasonCode::SentinelMissed => "sentinel_missed",
            ReasonCode::KnownAnswerMissed => "known_answer_missed",
            ReasonCode::PossibleCoincidence => "possible_coincidence",
            ReasonCode::AggregateExcess => "aggregate_excess",
            ReasonCode::WeakKeys => "weak_keys",
            ReasonCode::RowsUnkeyed => "rows_unkeyed",
            ReasonCode::DeclarationNotAccepted => "declaration_not_accepted",
            ReasonCode::SupplyRecordDeclaredLawful => "supply_record_declared_lawful",
            ReasonCode::ExclusionNotAccepted => "exclusion_not_accepted",
            ReasonCode::NotScannedNotAccepted => "not_scanned_not_accepted",
            ReasonCode::RequiredKeyMissing => "required_key_missing",
            ReasonCode::BaselineShare => "baseline_share",
        }
    }

    /// The code of a word.
    pub(crate) fn parse(word: &str) -> Option<ReasonCode> {
        ReasonCode::ALL.into_iter().find(|code| code.word() == word)
    }

    /// What the parties may do about it.
    pub(crate) fn help(self) -> &'static str {
        match self {
            ReasonCode::SupplyRecordFound => {
                "the recipient deletes the rows that `residua scan --findings FILE` lists, and answers a new challenge"
            }
            ReasonCode::PersonFound => {
                "the recipient deletes the rows that `residua scan --findings FILE` lists, or declares with `--declare` where else it has \
                 these people from, which the originator accepts or not with `residua challenge --accept`"
            }
            ReasonCode::Gap => "each gap says what can be done about it",
            ReasonCode::NothingRead => {
                "scan the tables and files that hold people; `residua inspect SOURCE` shows what their columns are taken for. If everything \
                 was deleted: the recipient leaves at least one table or file of the baseline in its place, without rows and with the names of \
                 its columns, and declares those that are gone under `[[removed]]`; the originator accepts both with \
                 `residua challenge --accept-empty --accept FILE`"
            }
            ReasonCode::SentinelMissed => {
                "scan again with a released residua; if it happens again, report it: the scan did not see a row of its own"
            }
            ReasonCode::KnownAnswerMissed => {
                "copy the manifest and its statement again, and scan with the version of residua that the originator uses"
            }
            ReasonCode::PossibleCoincidence => {
                "look at the rows that `residua scan --findings FILE` lists, whose text names several people, or whose name is another than that of the \
                 supplied person, as a twin's is: delete what was supplied, or declare with `--declare` where else it comes from; several people in \
                 one cell are told apart once each has a row of its own"
            }
            ReasonCode::AggregateExcess => {
                "look at the rows that `residua scan --findings FILE` lists: delete what was supplied, or declare with `--declare` where else \
                 it comes from"
            }
            ReasonCode::WeakKeys => {
                "map more of the target's columns with `--map`, so that a key can be formed that tells people apart"
            }
            ReasonCode::RowsUnkeyed => {
                "map further columns with `--map`, or look at the values of these rows; what is allowed the originator says with \
                 `residua challenge --unkeyed-percent`"
            }
            ReasonCode::DeclarationNotAccepted => {
                "the recipient deletes the rows, or the originator accepts the declaration: `residua inspect ATTESTATION --declared > \
                 accepted.toml`, cut to what is accepted, then `residua challenge --accept accepted.toml`"
            }
            ReasonCode::SupplyRecordDeclaredLawful => {
                "the recipient explains how data that only this supply had came into these rows, or deletes them"
            }
            ReasonCode::ExclusionNotAccepted => {
                "the recipient scans it too, or the originator accepts that it is left out: `residua inspect ATTESTATION --declared > \
                 accepted.toml`, cut to what is accepted, then `residua challenge --accept accepted.toml`"
            }
            ReasonCode::NotScannedNotAccepted => {
                "the recipient scans it too, or the originator accepts the declaration: `residua inspect ATTESTATION --declared > \
                 accepted.toml`, cut to what is accepted, then `residua challenge --accept accepted.toml`"
            }
            ReasonCode::RequiredKeyMissing => {
                "map the columns that the key is made of with `--map`; `residua inspect SOURCE` shows what they are taken for"
            }
            ReasonCode::BaselineShare => {
                "scan all places that hold the data, and map their columns with `--map`; the originator asks again with another \
                 `residua challenge --baseline-percent`, if fewer are to be found"
            }
        }
    }

    /// The verdict that the reason leads to by itself.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            ReasonCode::SupplyRecordFound | ReasonCode::PersonFound => Verdict::Residual,
            _ => Verdict::Inconclusive,
        }
    }
}

/// One reason, with its place and its count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    /// What it is.
    pub(crate) code: ReasonCode,
    /// The target, column or declaration that it concerns.
    pub(crate) place: Option<String>,
    /// The match key.
    pub(crate) key: Option<String>,
    /// How many: records for findings, else whatever the code counts.
    pub(crate) count: Option<u64>,
}

impl Reason {
    fn new(code: ReasonCode) -> Reason {
        Reason { code, place: None, key: None, count: None }
    }

    fn at(self, place: &str) -> Reason {
        Reason { place: Some(place.to_owned()), ..self }
    }

    fn of(self, key: &str) -> Reason {
        Reason { key: Some(key.to_owned()), ..self }
    }

    fn counting(self, count: u64) -> Reason {
        Reason { count: Some(count), ..self }
    }
}

/// Reasons of one code at one place, for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReasonGroup<'a> {
    /// What they are.
    pub(crate) code: ReasonCode,
    /// Where.
    pub(crate) place: Option<&'a str>,
    /// The keys, or the names of declarations.
    pub(crate) keys: Vec<&'a str>,
    /// The largest count.
    pub(crate) count: Option<u64>,
}

/// Puts reasons of one code at one place together. Reasons come sorted, so that a group's stand side by side.
pub(crate) fn group(reasons: &[Reason]) -> Vec<ReasonGroup<'_>> {
    reasons
        .chunk_by(|a, b| a.code == b.code && a.place == b.place)
        .map(|group| ReasonGroup {
            code: group[0].code,
            place: group[0].place.as_deref(),
            keys: group.iter().filter_map(|reason| reason.key.as_deref()).collect(),
            count: group.iter().filter_map(|reason| reason.count).max(),
        })
        .collect()
}

/// The verdict with its reasons, in a fixed order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// What stands against `clear` (or, of a baseline, against `present`).
    pub(crate) reasons: Vec<Reason>,
}

/// People whom the recipient holds lawfully, by a declaration that the challenge accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// The target.
    pub(crate) target: String,
    /// The declaration's name.
    pub(crate) declaration: String,
    /// Where the people come from, as declared.
    pub(crate) source: String,
    /// The most distinct records that any one key found there.
    pub(crate) records: u64,
}

/// Judges a scan.
pub(crate) fn judge(phase: Phase, policy: &Policy, outcome: &Outcome) -> Judgement {
    let mut reasons = Vec::new();
    for gap in &outcome.gaps {
        reasons.push(Reason { code: ReasonCode::Gap, place: Some(gap.place()), key: None, count: gap.count });
    }
    let is_empty = may_be_empty(phase, policy) && outcome.is_seen_empty();
    if outcome.rows_probed() == 0 && !is_empty {
        reasons.push(Reason::new(ReasonCode::NothingRead));
    }
    missed(&mut reasons, ReasonCode::SentinelMissed, outcome.sentinels, outcome.rows_probed() > 0 || is_empty);
    missed(&mut reasons, ReasonCode::KnownAnswerMissed, outcome.known_answers, true);
    for key in &policy.required_keys {
        // In an emptied target a key that its columns can form is as good as looked for.
        let is_looked_for = |target: &Target| {
            let is_due = |result: &KeyResult| result.probes > 0 || (is_empty && target.is_emptied());
            target.by_key.iter().any(|result| result.key == *key && is_due(result))
        };
        if !outcome.targets.iter().any(is_looked_for) {
            reasons.push(Reason::new(ReasonCode::RequiredKeyMissing).of(key));
        }
    }
    if phase == Phase::Baseline {
        if outcome.found_records.saturating_mul(100) < outcome.searchable.saturating_mul(u64::from(policy.baseline_percent)) {
            reasons.push(Reason::new(ReasonCode::BaselineShare).counting(outcome.found_records));
        }
    } else {
        judge_declarations(&mut reasons, policy, outcome);
        for target in &outcome.targets {
            judge_target(&mut reasons, policy, outcome, target);
        }
    }
    reasons.sort();
    reasons.dedup();
    let best = if phase == Phase::Baseline { Verdict::Present } else { Verdict::Clear };
    let verdict = reasons.iter().map(|reason| reason.code.verdict()).max().unwrap_or(best);
    Judgement { verdict, reasons }
}

/// Whether the originator accepts that nothing is left. A baseline finds the data; and without one, nothing says that empty targets ever held any.
fn may_be_empty(phase: Phase, policy: &Policy) -> bool {
    policy.empty_accepted && !policy.without_baseline && phase != Phase::Baseline
}

fn missed(reasons: &mut Vec<Reason>, code: ReasonCode, tried: Tried, is_due: bool) {
    if tried.found < tried.tried || (is_due && tried.tried == 0) {
        reasons.push(Reason::new(code).counting(tried.tried.saturating_sub(tried.found)));
    }
}

fn judge_declarations(reasons: &mut Vec<Reason>, policy: &Policy, outcome: &Outcome) {
    for exclusion in &outcome.excluded {
        if !policy.accept.exclusions.contains(exclusion) {
            let place = exclusion
                .column
                .as_ref()
                .map_or_else(|| exclusion.target.clone(), |column| format!("{}, column {column}", exclusion.target));
            reasons.push(Reason::new(ReasonCode::ExclusionNotAccepted).at(&place));
        }
    }
    let declared = &outcome.declared;
    let refused =
        (declared.not_scanned.iter().filter(|system| !policy.accept.not_scanned.contains(system)).map(|system| &system.system))
            .chain(declared.backups.iter().filter(|backup| !policy.accept.backups.contains(backup)).map(|backup| &backup.system))
            .chain(declared.onward.iter().filter(|onward| !policy.accept.has_onward(onward)).map(|onward| &onward.recipient));
    for place in refused {
        reasons.push(Reason::new(ReasonCode::NotScannedNotAccepted).at(place));
    }
}

fn judge_target(reasons: &mut Vec<Reason>, policy: &Policy, outcome: &Outcome, target: &Target) {
    let lawful = outcome.declared.lawful_target(&target.name);
    let is_accepted = |declaration: &LawfulSource| policy.accept.lawful_sources.contains(declaration);
    // Rows under a name that nobody declared are not declared.
    let known = |name: &str| outcome.declared.lawful_rows(&target.name).find(|declaration| declaration.name == name);
    for result in target.by_key.iter().filter(|result| result.rows > 0 || result.hits > 0 || result.distinct_records > 0) {
        let declared: Vec<(&LawfulSource, u64)> = result
            .declared_rows
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .filter_map(|(name, rows)| Some((known(name)?, *rows)))
            .collect();
        let declared_rows = declared.iter().fold(0_u64, |sum, (_, rows)| sum.saturating_add(*rows));
        let has_undeclared_rows = declared_rows < result.rows || declared.is_empty();
        let is_undeclared = lawful.is_none() && has_undeclared_rows;
        let undeclared_rows = result.rows.saturating_sub(declared_rows);
        let is_proved = undeclared_rows > result.doubtful_rows || declared.is_empty() && result.doubtful_rows == 0;
        let is_doubtful = result.doubtful_rows > 0;
        if is_doubtful && (result.class == Class::Supply || result.class == Class::Person && lawful.is_none()) {
            let reason = Reason::new(ReasonCode::PossibleCoincidence).at(&target.name).of(&result.key);
            reasons.push(reason.counting(result.doubtful_rows));
        }
        let refused =
            declared.iter().map(|(declaration, _)| *declaration).chain(lawful).filter(|declaration| !is_accepted(declaration));
        match result.class {
            // What only this supply had cannot come from a register; single rows may be answers that the people gave themselves.
            Class::Supply if is_proved => reasons.push(found(ReasonCode::SupplyRecordFound, target, result)),
            Class::Supply if is_doubtful => {}
            Class::Supply => reasons.push(found(ReasonCode::SupplyRecordDeclaredLawful, target, result)),
            Class::Person if is_undeclared && is_proved => reasons.push(found(ReasonCode::PersonFound, target, result)),
            Class::Person if is_undeclared && is_doubtful => {}
            Class::Person => {
                for declaration in refused {
                    reasons.push(Reason::new(ReasonCode::DeclarationNotAccepted).at(&target.name).of(&declaration.name));
                }
            }
            Class::Aggregate => {
                let is_explained = !result.has_supply_atom && !is_undeclared && refused.count() == 0;
                if result.distinct_records > result.bound() && !is_explained {
                    reasons.push(found(ReasonCode::AggregateExcess, target, result));
                }
            }
        }
    }
    let explained = lawful.is_some_and(is_accepted);
    let mut probed = target.by_key.iter().filter(|result| result.probes > 0).peekable();
    let only_weak = probed.peek().is_some() && probed.all(|result| result.class == Class::Aggregate);
    for result in target.by_key.iter().filter(|result| !explained && result.distinct_records > 0 && result.is_blind()) {
        if only_weak || target.rows_by_number > 0 {
            reasons.push(found(ReasonCode::WeakKeys, target, result));
        }
    }
    let allowed = target.rows_read.saturating_mul(u64::from(policy.unkeyed_percent));
    if !explained && target.rows_unkeyed.saturating_mul(100) > allowed {
        reasons.push(Reason::new(ReasonCode::RowsUnkeyed).at(&target.name).counting(target.rows_unkeyed));
    }
}

fn found(code: ReasonCode, target: &Target, result: &KeyResult) -> Reason {
    Reason::new(code).at(&target.name).of(&result.key).counting(result.proved_records())
}

/// The lawful overlap that stands beside a verdict: hits in targets whose declarations the challenge accepts.
pub(crate) fn overlaps(policy: &Policy, outcome: &Outcome) -> Vec<Overlap> {
    let mut overlaps = Vec::new();
    for target in &outcome.targets {
        let accepted = |declaration: &&LawfulSource| policy.accept.lawful_sources.contains(declaration);
        let whole = outcome.declared.lawful_target(&target.name).filter(accepted);
        let mut most: BTreeMap<&str, (&LawfulSource, u64)> = BTreeMap::new();
        for result in &target.by_key {
            if let Some(declaration) = whole {
                let entry = most.entry(&declaration.name).or_insert((declaration, 0));
                entry.1 = entry.1.max(result.distinct_records);
            }
            for (name, rows) in &result.declared_rows {
                if let Some(declaration) =
                    outcome.declared.lawful_rows(&target.name).filter(accepted).find(|lawful| lawful.name == *name)
                {
                    let entry = most.entry(&declaration.name).or_insert((declaration, 0));
                    entry.1 = entry.1.max(*rows);
                }
            }
        }
        overlaps.extend(most.into_values().filter(|(_, records)| *records > 0).map(|(declaration, records)| Overlap {
            target: target.name.clone(),
            declaration: declaration.name.clone(),
            source: declaration.source.clone(),
            records,
        }));
    }
    overlaps
}

/// What a verdict means, in the sentence that is printed and signed with it.
pub(crate) fn meaning(verdict: Verdict, outcome: &Outcome) -> String {
    let controls = match outcome.controls {
        0 => String::new(),
        controls => format!(" (and {} who were never supplied, as a measure)", grouped(controls)),
    };
    let looked = format!(
        "{} of {} could be looked for{controls}, in {} of {}, of which {} formed a key",
        grouped(outcome.searchable),
        of(outcome.records, "supplied record"),
        of(outcome.rows_read(), "row"),
        of(outcome.targets.len() as u64, "target"),
        grouped(outcome.rows_probed())
    );
    match verdict {
        // Only a challenge that accepts empty targets leads here.
        Verdict::Clear if outcome.rows_probed() == 0 => format!(
            "In the targets listed, no row of a person is left, which the originator accepted beforehand, and so no supplied record was found; \
             {looked}. This speaks of these targets at the time of the scan, and not of copies elsewhere."
        ),
        Verdict::Clear => format!(
            "In the targets listed, no supplied record was found; {looked}. This speaks of these targets at the time of the scan, and not of copies elsewhere."
        ),
        Verdict::Residual => format!(
            "In the targets listed, supplied records remain, or people of them without a declared lawful source; {looked}. \
             Class S names supplied records; class P speaks of people, whom the recipient may hold from elsewhere.{}",
            if outcome.controls > 0 {
                " Some of those found may never have been supplied, which only the originator can tell."
            } else {
                ""
            }
        ),
        Verdict::Inconclusive => {
            format!(
                "In the targets listed, it was not established whether supplied records remain; {looked}. The reasons say what stood in the way."
            )
        }
        Verdict::Present => format!(
            "In the targets listed, {} of {} were found; {looked}. A baseline says where the data are, and nothing about their deletion.",
            grouped(outcome.found_records),
            of(outcome.records, "supplied record")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::coverage::Column;
    use crate::finding::declaration::Declarations;
    use crate::finding::declaration::Exclusion;
    use crate::finding::declaration::NotScanned;
    use crate::finding::declaration::Onward;
    use crate::finding::gap::Gap;
    use crate::finding::gap::GapCode;
    use proptest::prelude::*;

    fn result(class: Class, records: u64) -> KeyResult {
        KeyResult {
            key: format!("key_{}", class.letter()),
            class,
            has_supply_atom: class == Class::Supply,
            fingerprints: 1_000,
            probes: 1_000,
            hits: records,
            rows: records,
            distinct_records: records,
            declared_rows: Vec::new(),
            doubtful_rows: 0,
            doubtful_records: 0,
            u: if class == Class::Aggregate { 1e-6 } else { 1e-15 },
        }
    }

    fn target(name: &str, by_key: Vec<KeyResult>) -> Target {
        let columns = vec![Column { name: "email".into(), taken_for: "email.main".into(), ..Column::default() }];
        Target { name: name.into(), rows_read: 1_000, columns, by_key, ..Target::default() }
    }

    /// A target without a row, whose columns could form keys.
    fn emptied(name: &str) -> Target {
        let key = |class| KeyResult { probes: 0, ..result(class, 0) };
        Target { rows_read: 0, ..target(name, vec![key(Class::Supply), key(Class::Person)]) }
    }

    fn clean() -> Outcome {
        Outcome {
            records: 1_000,
            searchable: 1_000,
            expected_rows: 10_000,
            targets: vec![target("crm", vec![result(Class::Supply, 0), result(Class::Person, 0), result(Class::Aggregate, 0)])],
            sentinels: Tried { tried: 1, found: 1 },
            known_answers: Tried { tried: 3, found: 3 },
            ..Outcome::default()
        }
    }

    fn lawful(target: &str) -> LawfulSource {
        LawfulSource { name: format!("lawful {target}"), target: target.into(), source: "register".into(), rows: None }
    }

    fn verdict(outcome: &Outcome) -> Verdict {
        judge(Phase::Deletion, &Policy::default(), outcome).verdict
    }

    fn only_reason(outcome: &Outcome, policy: &Policy) -> ReasonCode {
        let judgement = judge(Phase::Deletion, policy, outcome);
        assert_eq!(judgement.reasons.len(), 1, "{:?}", judgement.reasons);
        judgement.reasons[0].code
    }

    fn accepting(declared: Declarations) -> Policy {
        Policy { accept: declared, ..Policy::default() }
    }

    #[test]
    fn nothing_found_and_nothing_missed_is_clear() {
        assert_eq!(judge(Phase::Deletion, &Policy::default(), &clean()), Judgement { verdict: Verdict::Clear, reasons: vec![] });
    }

    #[test]
    fn an_empty_outcome_is_never_clear() {
        assert_eq!(verdict(&Outcome::default()), Verdict::Inconclusive);
    }

    #[test]
    fn each_reason_by_itself() {
        let policy = Policy::default();
        let mut outcome = clean();
        outcome.targets[0].by_key[0] = result(Class::Supply, 1);
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::SupplyRecordFound);
        assert_eq!(verdict(&outcome), Verdict::Residual);

        let mut outcome = clean();
        outcome.targets[0].by_key[1] = result(Class::Person, 1);
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::PersonFound);
        assert_eq!(verdict(&outcome), Verdict::Residual);

        let mut outcome = clean();
        outcome.gaps.push(Gap {
            target: "crm".into(),
            column: None,
            code: GapCode::RaggedRows,
            count: Some(3),
            detail: String::new(),
        });
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::Gap);

        let mut outcome = clean();
        outcome.targets[0].rows_read = 0;
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::NothingRead);
        outcome.targets[0].rows_read = 500;
        outcome.targets[0].rows_without_key = 500;
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::NothingRead);

        let mut outcome = clean();
        outcome.sentinels.found = 0;
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::SentinelMissed);

        let mut outcome = clean();
        outcome.known_answers.found = 2;
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::KnownAnswerMissed);

        for class in [Class::Supply, Class::Person] {
            let mut outcome = clean();
            outcome.targets[0].by_key[1] = KeyResult { doubtful_rows: 2, doubtful_records: 2, ..result(class, 2) };
            assert_eq!(only_reason(&outcome, &policy), ReasonCode::PossibleCoincidence);
            assert_eq!(verdict(&outcome), Verdict::Inconclusive);
            outcome.targets[0].by_key[1].rows += 1;
            outcome.targets[0].by_key[1].distinct_records += 1;
            let judgement = judge(Phase::Deletion, &policy, &outcome);
            assert_eq!(
                (judgement.verdict, judgement.reasons[0].count),
                (Verdict::Residual, Some(1)),
                "a row beside them proves it"
            );
        }

        // λ = 1,000 × 1,000 × 1e-6 = 1, of which 5 is the bound.
        let mut outcome = clean();
        outcome.targets[0].by_key[2] = result(Class::Aggregate, 5);
        assert_eq!(verdict(&outcome), Verdict::Clear);
        outcome.targets[0].by_key[2] = result(Class::Aggregate, 6);
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::AggregateExcess);

        let mut outcome = clean();
        outcome.targets[0].by_key = vec![KeyResult { u: 1.0, ..result(Class::Aggregate, 1) }];
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::WeakKeys);

        let mut outcome = clean();
        outcome.excluded.push(Exclusion {
            target: "crm".into(),
            column: Some("notes".into()),
            reason: "empty since 2009".into(),
        });
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::ExclusionNotAccepted);
        let accepted = accepting(Declarations { exclusions: outcome.excluded.clone(), ..Declarations::default() });
        assert_eq!(judge(Phase::Deletion, &accepted, &outcome).verdict, Verdict::Clear);

        let mut outcome = clean();
        outcome.declared.not_scanned.push(NotScanned { system: "data lake".into(), reason: "no access".into() });
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::NotScannedNotAccepted);

        let required = Policy { required_keys: vec!["email".into()], ..Policy::default() };
        assert_eq!(only_reason(&clean(), &required), ReasonCode::RequiredKeyMissing);
    }

    #[test]
    fn emptied_targets_are_clear_only_where_that_is_accepted_and_seen() {
        let accepting = Policy { empty_accepted: true, ..Policy::default() };
        let empty = Outcome { targets: vec![emptied("crm")], ..clean() };
        let reason = |policy: &Policy, change: &dyn Fn(&mut Outcome)| {
            let mut outcome = empty.clone();
            change(&mut outcome);
            only_reason(&outcome, policy)
        };
        for phase in [Phase::Deletion, Phase::Recheck, Phase::Restore] {
            assert_eq!(judge(phase, &accepting, &empty).verdict, Verdict::Clear);
        }
        assert!(meaning(Verdict::Clear, &empty).contains("no row of a person is left"));
        assert!(!meaning(Verdict::Clear, &clean()).contains("is left"));
        // Never by itself, never in a baseline, never without one.
        assert_eq!(reason(&Policy::default(), &|_| ()), ReasonCode::NothingRead);
        let codes =
            |policy| judge(Phase::Baseline, policy, &empty).reasons.into_iter().map(|reason| reason.code).collect::<Vec<_>>();
        assert_eq!(codes(&accepting), [ReasonCode::NothingRead, ReasonCode::BaselineShare]);
        assert_eq!(reason(&Policy { without_baseline: true, ..accepting.clone() }, &|_| ()), ReasonCode::NothingRead);
        // No target, none of which a key could be formed, or of an identifier alone.
        assert_eq!(reason(&accepting, &|outcome| outcome.targets.clear()), ReasonCode::NothingRead);
        assert_eq!(reason(&accepting, &|outcome| outcome.targets[0].by_key.clear()), ReasonCode::NothingRead);
        assert_eq!(reason(&accepting, &|outcome| outcome.targets[0].columns.clear()), ReasonCode::NothingRead);
        assert_eq!(
            reason(&accepting, &|outcome| {
                outcome.targets[0].by_key.truncate(1);
                outcome.targets[0].by_key[0].key = crate::match_key::NUMBER.into();
            }),
            ReasonCode::NothingRead
        );
        // Rows that could hold people and are blank, beside the empty target; rows elsewhere that hold something of a person.
        let beside = |by_key: Vec<KeyResult>, rows_unkeyed: u64| {
            let target = Target { rows_read: 1_000, rows_without_key: 1_000, rows_unkeyed, ..target("log", by_key) };
            reason(&accepting, &move |outcome| outcome.targets.push(target.clone()))
        };
        assert_eq!(beside(emptied("").by_key, 0), ReasonCode::NothingRead);
        assert_eq!(beside(Vec::new(), 1), ReasonCode::NothingRead);
        let mut outcome = empty.clone();
        outcome.targets.push(Target { rows_without_key: 1_000, ..target("log", Vec::new()) });
        assert_eq!(judge(Phase::Deletion, &accepting, &outcome).verdict, Verdict::Clear);
        // The scan saw itself work, and everything else stands against it as ever.
        assert_eq!(reason(&accepting, &|outcome| outcome.sentinels = Tried::default()), ReasonCode::SentinelMissed);
        assert_eq!(reason(&accepting, &|outcome| outcome.sentinels.tried = 2), ReasonCode::SentinelMissed);
        assert_eq!(reason(&accepting, &|outcome| outcome.known_answers.found = 2), ReasonCode::KnownAnswerMissed);
        let gap = Gap { target: "crm".into(), column: None, code: GapCode::CutShort, count: None, detail: String::new() };
        assert_eq!(reason(&accepting, &move |outcome| outcome.gaps.push(gap.clone())), ReasonCode::Gap);
        let exclusion = Exclusion { target: "lake".into(), column: None, reason: "x".into() };
        assert_eq!(
            reason(&accepting, &move |outcome| outcome.excluded.push(exclusion.clone())),
            ReasonCode::ExclusionNotAccepted
        );
        // A key that is required has to be one that the columns can form.
        let requiring = |key: &str| Policy { required_keys: vec![key.into()], ..accepting.clone() };
        assert_eq!(judge(Phase::Deletion, &requiring("key_P"), &empty).verdict, Verdict::Clear);
        assert_eq!(reason(&requiring("key_A"), &|_| ()), ReasonCode::RequiredKeyMissing);
    }

    #[test]
    fn lawful_holding_explains_people_but_never_supplied_records() {
        let mut outcome = clean();
        outcome.targets[0].by_key[1] = result(Class::Person, 400);
        outcome.targets[0].by_key[2] = result(Class::Aggregate, 400);
        outcome.declared.lawful_sources.push(lawful("crm"));
        assert_eq!(
            judge(Phase::Deletion, &Policy::default(), &outcome).verdict,
            Verdict::Inconclusive,
            "declared, but not accepted"
        );
        let policy = accepting(outcome.declared.clone());
        assert_eq!(judge(Phase::Deletion, &policy, &outcome).verdict, Verdict::Clear);
        assert_eq!(overlaps(&policy, &outcome)[0].records, 400);
        outcome.targets[0].by_key[0] = result(Class::Supply, 1);
        assert_eq!(only_reason(&outcome, &policy), ReasonCode::SupplyRecordFound, "what only the supply had is in no register");
        // The same declaration in other words is another declaration.
        let mut other = policy.clone();
        other.accept.lawful_sources[0].source = "the register".into();
        assert_ne!(judge(Phase::Deletion, &other, &outcome).reasons.len(), 1);
        // A target that is not the declared one is not explained.
        outcome.targets.push(target("backup", vec![result(Class::Person, 1)]));
        assert_eq!(judge(Phase::Deletion, &policy, &outcome).verdict, Verdict::Residual);
    }

    #[test]
    fn an_onward_recipient_is_accepted_whatever_of_it_is_named() {
        let onward = |reason: &str, attestations: &[&str]| Onward {
            recipient: "printer".into(),
            reason: reason.into(),
            attestations: attestations.iter().map(|digest| (*digest).to_owned()).collect(),
        };
        let mut outcome = clean();
        outcome.declared.onward.push(onward("letters", &["0a"]));
        assert_eq!(only_reason(&outcome, &Policy::default()), ReasonCode::NotScannedNotAccepted);
        for accepted in [onward("letters", &[]), onward("letters", &["0a"]), onward("letters", &["0b"])] {
            let policy = accepting(Declarations { onward: vec![accepted], ..Declarations::default() });
            assert_eq!(judge(Phase::Deletion, &policy, &outcome).verdict, Verdict::Clear);
        }
        let other = accepting(Declarations { onward: vec![onward("cards", &["0a"])], ..Declarations::default() });
        assert_eq!(only_reason(&outcome, &other), ReasonCode::NotScannedNotAccepted);
    }

    #[test]
    fn supplied_records_in_rows_declared_lawful_are_inconclusive() {
        let mut outcome = clean();
        outcome.targets[0].by_key[0] = KeyResult { declared_rows: vec![("replies".into(), 1)], ..result(Class::Supply, 1) };
        let rows = crate::finding::declaration::RowRule { column: "source".into(), equals: "reply".into() };
        outcome.declared.lawful_sources.push(LawfulSource { name: "replies".into(), rows: Some(rows), ..lawful("crm") });
        assert_eq!(only_reason(&outcome, &accepting(outcome.declared.clone())), ReasonCode::SupplyRecordDeclaredLawful);
    }

    #[test]
    fn rows_that_no_key_could_find_are_few_or_named() {
        let mut outcome = clean();
        outcome.targets[0].rows_unkeyed = 10;
        assert_eq!(verdict(&outcome), Verdict::Clear);
        outcome.targets[0].rows_unkeyed = 11;
        assert_eq!(only_reason(&outcome, &Policy::default()), ReasonCode::RowsUnkeyed);
        let mut outcome = clean();
        outcome.targets[0].rows_by_number = 1;
        outcome.targets[0].by_key[2] = KeyResult { u: 1.0, ..result(Class::Aggregate, 1) };
        assert_eq!(only_reason(&outcome, &Policy::default()), ReasonCode::WeakKeys, "found by its number alone");
    }

    #[test]
    fn rows_under_an_undeclared_name_are_not_declared() {
        let mut outcome = clean();
        outcome.targets[0].by_key[1] = KeyResult { declared_rows: vec![("reply".into(), 1)], ..result(Class::Person, 1) };
        assert_eq!(verdict(&outcome), Verdict::Residual);
    }

    #[test]
    fn a_baseline_is_present_or_inconclusive_but_never_clear() {
        let mut outcome = clean();
        outcome.found_records = 949;
        assert_eq!(judge(Phase::Baseline, &Policy::default(), &outcome).verdict, Verdict::Inconclusive);
        outcome.found_records = 950;
        assert_eq!(judge(Phase::Baseline, &Policy::default(), &outcome).verdict, Verdict::Present);
        outcome.gaps.push(Gap { target: "crm".into(), column: None, code: GapCode::NoKey, count: None, detail: String::new() });
        assert_eq!(judge(Phase::Baseline, &Policy::default(), &outcome).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn words_round_trip() {
        for code in ReasonCode::ALL {
            assert_eq!(ReasonCode::parse(code.word()), Some(code));
        }
    }

    fn classes() -> impl Strategy<Value = Class> {
        prop_oneof![Just(Class::Supply), Just(Class::Person), Just(Class::Aggregate)]
    }

    prop_compose! {
        fn key_results()(
            class in classes(),
            records in 0_u64..20,
            declared in 0_u64..20,
            doubtful in 0_u64..20,
            u in -15..0_i32,
            supply in any::<bool>(),
        ) -> KeyResult {
            let declared = declared.min(records);
            let doubtful = if class == Class::Aggregate { 0 } else { doubtful.min(records - declared) };
            KeyResult {
                has_supply_atom: supply,
                u: 10_f64.powi(u),
                declared_rows: vec![("rows".to_owned(), declared)],
                doubtful_rows: doubtful,
                doubtful_records: doubtful,
                ..result(class, records)
            }
        }
    }

    prop_compose! {
        fn outcomes()(
            keys in prop::collection::vec(prop::collection::vec(key_results(), 0..4), 0..4),
            is_declared in any::<bool>(),
            gaps in 0_usize..2,
            sentinels in 0_u64..3,
            found in 0_u64..1_000,
            is_emptied in prop::bool::weighted(0.3),
        ) -> Outcome {
            let mut outcome = clean();
            outcome.targets = keys.into_iter().enumerate().map(|(index, by_key)| target(&format!("t{index}"), by_key)).collect();
            if is_emptied {
                outcome.targets.iter_mut().for_each(|target| *target = emptied(&target.name));
            }
            if is_declared {
                outcome.declared.lawful_sources.push(lawful("t0"));
            }
            outcome.gaps = vec![Gap { target: "t".into(), column: None, code: GapCode::NoKey, count: None, detail: String::new() }; gaps];
            outcome.sentinels = Tried { tried: 2, found: sentinels.min(2) };
            outcome.found_records = found;
            outcome
        }
    }

    proptest! {
        #[test]
        fn the_verdict_is_monotonic(
            outcome in outcomes(),
            accepts in any::<bool>(),
            empty_accepted in any::<bool>(),
            step in 0_u8..8,
            extra in key_results(),
            position in any::<prop::sample::Index>(),
        ) {
            let policy = if accepts { accepting(outcome.declared.clone()) } else { Policy::default() };
            let policy = Policy { empty_accepted, ..policy };
            let mut worse = outcome.clone();
            let at = |outcome: &Outcome| position.index(outcome.targets.len().max(1));
            match step {
                0 => worse.gaps.push(Gap { target: "x".into(), column: None, code: GapCode::Blind, count: None, detail: String::new() }),
                1 => worse.targets.push(target("another", vec![extra])),
                // A further row that hits: probe, hit, record.
                2 => for result in worse.targets.iter_mut().flat_map(|target| &mut target.by_key) {
                    result.hits += 1;
                    result.rows += 1;
                    result.distinct_records += 1;
                },
                3 => worse.sentinels.tried += 1,
                // A further row in whose text there is a doubtful hit.
                4 => for result in worse.targets.iter_mut().flat_map(|target| &mut target.by_key) {
                    if result.class != Class::Aggregate {
                        result.hits += 1;
                        result.rows += 1;
                        result.distinct_records += 1;
                        result.doubtful_rows += 1;
                        result.doubtful_records += 1;
                    }
                },
                // A further row that yields nothing.
                5 => {
                    let index = at(&worse);
                    if let Some(target) = worse.targets.get_mut(index) {
                        target.rows_read += 1;
                        target.rows_without_key += 1;
                    }
                }
                // The data went on to somebody who attested something.
                6 => worse.declared.onward.push(Onward {
                    recipient: "x".into(),
                    reason: "y".into(),
                    attestations: vec!["0a".repeat(32)],
                }),
                _ => worse.declared.not_scanned.push(NotScanned { system: "tape".into(), reason: "old".into() }),
            }
            // Reading nothing at all is the one state that a further row cures.
            prop_assume!(outcome.rows_probed() > 0 || (empty_accepted && outcome.is_seen_empty()));
            let before = judge(Phase::Deletion, &policy, &outcome).verdict;
            let after = judge(Phase::Deletion, &policy, &worse).verdict;
            prop_assert!(after >= before, "{before:?} became {after:?}");
        }
    }
}
