//! V6: the coverage adds up. Every number lies where the others and the signed plan allow it, and whatever the numbers show as not seen stands
//! among the gaps: an honest gap passes here and counts in the verdict, a hidden one fails.

mod baseline;

use crate::attestation::LARGEST_INTEGER;
use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::BLOCK;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::coverage::Column;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::Target;
use crate::finding::declaration::Exclusion;
use crate::finding::gap::GapCode;
use crate::match_key::MatchKey;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Class;
use crate::match_key::strength::PROOF;
use crate::match_key::strength::decimal;
use crate::support::sanitize;
use crate::verification::Context;
use crate::verification::check::Findings;
use std::collections::BTreeSet;

/// What rounding leaves of a product of floats, at least.
const ROUNDED: f64 = 1.0 - 1e-9;

pub(in crate::verification) const ALTERED: &str =
    "the attestation was not written by an unaltered residua; ask for a scan with a released one, and for an explanation";
const HIDDEN: &str = "ask the recipient why this is not among the gaps, and for a scan with a released residua";

/// Whether the sums that the verdict needs can be formed.
pub(in crate::verification) fn is_countable(outcome: &Outcome) -> bool {
    let rows = outcome.targets.iter().fold(0_u64, |sum, target| sum.saturating_add(target.rows_read));
    rows <= LARGEST_INTEGER
}

/// The coverage holds a word that this program does not know, or a λ that does not follow from the other numbers.
pub(in crate::verification) fn unreadable(findings: &mut Findings) {
    findings.fail("a class, a gap, a λ, a sum or the found ordinals are not what they can be", ALTERED);
}

pub(in crate::verification) fn check(findings: &mut Findings, context: &Context<'_>, stated: &AttestationV1, outcome: &Outcome) {
    let ours = &context.manifest;
    findings.fail_if(outcome.records != ours.records, "the number of records is not the manifest's", ALTERED);
    findings.fail_if(
        outcome.controls != ours.controls,
        "the number of people who were not supplied is not the manifest's",
        ALTERED,
    );
    findings.fail_if(
        outcome.searchable != ours.searchable(),
        "the number of records that can be looked for is not the manifest's",
        ALTERED,
    );
    findings.fail_if(
        outcome.expected_rows != ours.expected_rows,
        "the number of rows planned for is not the manifest's",
        ALTERED,
    );
    inner(findings, Some(context), stated, outcome);
    match &context.baseline {
        Some(then) => baseline::compare(findings, context, then, outcome),
        None if context.entry.phase == Phase::Baseline => {}
        None if context.challenge.baseline.is_some() => findings.doubt(
            "the challenge names a baseline that was not accepted",
            "verify the baseline's attestation, and issue a new challenge when it is accepted",
        ),
        None if context.challenge.policy.without_baseline => {}
        None => {
            findings.doubt(
                "there is no accepted baseline to compare with, and the challenge does not say `--without-baseline`",
                "issue a challenge with `--phase baseline` first; or accept with `--without-baseline` that nothing is compared",
            );
        }
    }
}

/// What the numbers of an attestation say of one another. Of one that answers another ledger's challenge there is no plan to hold them against.
pub(in crate::verification) fn inner(
    findings: &mut Findings,
    context: Option<&Context<'_>>,
    stated: &AttestationV1,
    outcome: &Outcome,
) {
    let is_complete = outcome.gaps.is_empty() && outcome.excluded.is_empty();
    findings.fail_if(
        stated.coverage.complete != is_complete,
        "`complete` is not whether there is neither a gap nor an exclusion",
        ALTERED,
    );
    places(findings, outcome);
    for target in &outcome.targets {
        counts(findings, context, outcome, target);
        hidden(findings, context, outcome, target);
    }
    let is_named = outcome.gaps.iter().any(|gap| gap.code == GapCode::RowsAbovePlan);
    if outcome.rows_probed() > outcome.expected_rows && !is_named {
        let reason = format!(
            "{} rows with a key are more than the {} planned for, which no gap says",
            outcome.rows_probed(),
            outcome.expected_rows
        );
        findings.fail(reason, HIDDEN);
    }
    records(findings, stated, outcome);
}

/// Every target stands in one place: read, or left out, or removed.
fn places(findings: &mut Findings, outcome: &Outcome) {
    let mut read = BTreeSet::new();
    for target in &outcome.targets {
        if !read.insert(target.name.as_str()) {
            findings.fail(format!("`{}` stands among the targets twice", sanitize::clean(&target.name)), ALTERED);
        }
    }
    for exclusion in &outcome.excluded {
        let shown = sanitize::clean(&exclusion.target);
        if exclusion.column.is_none() && read.contains(exclusion.target.as_str()) {
            findings.fail(format!("`{shown}` is both read and left out"), ALTERED);
        }
    }
    for removed in &outcome.declared.removed {
        // A target that was emptied may be declared removed and still be there.
        if outcome.targets.iter().any(|target| target.name == removed.target && target.rows_read > 0) {
            let help = "have the recipient correct its declaration file (`--declare`) and scan again";
            findings.fail(format!("`{}` is declared removed, and holds rows", sanitize::clean(&removed.target)), help);
        }
    }
}

/// The numbers of one target, among themselves and with the plan.
fn counts(findings: &mut Findings, context: Option<&Context<'_>>, outcome: &Outcome, target: &Target) {
    let shown = sanitize::clean(&target.name);
    let mut wrong = |is_wrong: bool, what: &str| findings.fail_if(is_wrong, &format!("`{shown}`: {what}"), ALTERED);
    let keyed = target.rows_read.saturating_sub(target.rows_without_key);
    wrong(target.rows_without_key > target.rows_read, "more rows without a key than rows");
    wrong(
        target.resumed.is_some() && target.content_digest.is_none(),
        "it is said to be taken over from an earlier run, and no digest says that its content is the same",
    );
    for column in &target.columns {
        wrong(
            column.filled > target.rows_read || column.unreadable > target.rows_read,
            &format!("column `{}` has more cells than there are rows", sanitize::clean(&column.name)),
        );
    }
    let probes = sum(target.by_key.iter().map(|result| result.probes));
    wrong(u128::from(target.hashes) > probes, "more fingerprints computed than the rows form");
    wrong(probes < u128::from(keyed), "fewer fingerprints than rows with a key");
    let planned = |name: &str| context.and_then(|context| context.plan.keys.iter().position(|planned| planned.key.name == name));
    // Keys with a day in them are looked up for rows that do not count as having one, where the day may be another.
    let is_certain = |result: &&KeyResult| {
        context.zip(planned(&result.key)).is_some_and(|(context, number)| !context.plan.keys[number].key.has_day())
    };
    let certain = sum(target.by_key.iter().filter(is_certain).map(|result| result.probes));
    wrong(keyed == 0 && certain > 0, "fingerprints without a row that has a key");
    let mut names = BTreeSet::new();
    for result in &target.by_key {
        let key = sanitize::clean(&result.key);
        let mut wrong = |is_wrong: bool, what: &str| wrong(is_wrong, &format!("key `{key}`: {what}"));
        wrong(!names.insert(&result.key), "it is listed twice");
        let mut planned_key = None;
        if let Some(context) = context {
            let Some(number) = planned(&result.key) else {
                wrong(true, "it is no key of the manifest");
                continue;
            };
            let planned = &context.plan.keys[number];
            let agrees = planned.class == result.class
                && planned.has_supply_atom == result.has_supply_atom
                && decimal(planned.u) == decimal(result.u)
                && context.manifest.fingerprints(number) == result.fingerprints;
            wrong(!agrees, "class, origin, u or number of fingerprints are not the manifest's");
            planned_key = Some(planned);
        }
        wrong(result.rows > result.hits || result.distinct_records > result.hits, "fewer hits than rows or records hit");
        wrong(
            (result.hits > 0) != (result.rows > 0) || (result.hits > 0) != (result.distinct_records > 0),
            "hits without a row or a record",
        );
        wrong(
            u128::from(result.hits) > u128::from(result.probes) * u128::from(result.fingerprints),
            "more hits than look-ups can give",
        );
        wrong(result.rows > result.probes.min(keyed), "more rows hit than were looked up");
        wrong(result.distinct_records > result.fingerprints.min(outcome.findable()), "more records hit than there are");
        declared_rows(&mut wrong, outcome, target, result);
        doubtful_rows(&mut wrong, planned_key, result);
    }
    let most = target.by_key.iter().map(|result| result.distinct_records).max().unwrap_or(0);
    let all = sum(target.by_key.iter().map(|result| result.distinct_records));
    wrong(
        target.records_found < most || u128::from(target.records_found) > all || target.records_found > outcome.findable(),
        "the records found are not what its keys found",
    );
}

fn declared_rows(wrong: &mut impl FnMut(bool, &str), outcome: &Outcome, target: &Target, result: &KeyResult) {
    let mut names = BTreeSet::new();
    for (name, _) in &result.declared_rows {
        wrong(!names.insert(name), "rows under one declaration are counted twice");
        let is_declared = outcome.declared.lawful_rows(&target.name).any(|lawful| lawful.name == *name);
        wrong(!is_declared, "rows are counted under a declaration that is not there");
    }
    wrong(sum(result.declared_rows.iter().map(|(_, rows)| *rows)) > u128::from(result.rows), "more declared rows than rows hit");
}

/// Doubt makes a find weaker, so that the numbers have to bear it: a row of which chance may make a hit has many look-ups, and twins share no name.
fn doubtful_rows(wrong: &mut impl FnMut(bool, &str), planned: Option<&PlannedKey>, result: &KeyResult) {
    let declared = sum(result.declared_rows.iter().map(|(_, rows)| *rows));
    wrong(declared + u128::from(result.doubtful_rows) > u128::from(result.rows), "more declared and doubtful rows than rows hit");
    let is_all = u128::from(result.doubtful_rows) == u128::from(result.rows);
    let has_proof = result.proved_records() > 0;
    wrong(
        result.doubtful_records > result.distinct_records
            || (result.doubtful_rows == 0 && result.doubtful_records > 0)
            || (result.rows > 0 && is_all == has_proof),
        "the records in doubt are not those of the doubtful rows",
    );
    // As a product of floats: a count is exact far beyond all rows that there are.
    let is_chance = |planned: &PlannedKey| planned.lambda * result.probes as f64 >= PROOF * result.doubtful_rows as f64 * ROUNDED;
    let is_weak =
        result.class == Class::Aggregate || planned.is_some_and(|planned| !planned.may_be_twins() && !is_chance(planned));
    wrong(result.doubtful_rows > 0 && is_weak, "rows are called doubtful of which chance makes no hit");
}

/// What the numbers of a target show as not seen has to stand among the gaps, and what was left out among the exclusions.
fn hidden(findings: &mut Findings, context: Option<&Context<'_>>, outcome: &Outcome, target: &Target) {
    let shown = sanitize::clean(&target.name);
    let gaps = || outcome.gaps.iter().filter(|gap| gap.target == target.name);
    let expected = target.rows_expected.filter(|expected| *expected != target.rows_read);
    if let Some(expected) = expected.filter(|_| gaps().next().is_none()) {
        let reason =
            format!("`{shown}`: {} rows were read where the system counts {expected}, which no gap says", target.rows_read);
        findings.fail(reason, HIDDEN);
    }
    if target.rows_unkeyed > target.rows_read || target.rows_by_number > target.rows_read {
        findings.fail(format!("`{shown}`: more rows are counted by their kind than were read"), ALTERED);
    }
    let says_nothing = |key: &MatchKey| key.is_number() || key.is_digest();
    let is_silent = |name: &str| {
        context
            .is_some_and(|context| context.plan.keys.iter().any(|planned| planned.key.name == name && says_nothing(&planned.key)))
    };
    let is_probed = target.by_key.iter().any(|result| result.probes > 0 && !is_silent(&result.key));
    let supplied = context.map(|context| context.manifest.slots().unwrap_or_default()).unwrap_or_default();
    let is_personal = |column: &Column| {
        column.filled > 0 && column.telling_slot().is_some_and(|slot| supplied.iter().any(|(known, _)| *known == slot))
    };
    if target.rows_read > 0
        && !is_probed
        && target.columns.iter().any(is_personal)
        && !gaps().any(|gap| gap.code == GapCode::NoKey)
    {
        findings.fail(format!("`{shown}`: personal columns formed no key, which no gap says"), HIDDEN);
    }
    for column in &target.columns {
        let name = sanitize::clean(&column.name);
        let is_field = column.taken_for.split_once('.').is_some_and(|(_, role)| role != "event");
        let is_implausible = is_field && column.unreadable.saturating_mul(2) > column.filled;
        let is_named = |code: GapCode| gaps().any(|gap| gap.code == code && gap.column.as_ref() == Some(&column.name));
        if is_implausible && !is_named(GapCode::ImplausibleMapping) {
            let sort = sanitize::clean(&column.taken_for);
            findings.fail(format!("`{shown}`, column `{name}`: most values are no {sort}, which no gap says"), HIDDEN);
        }
        let left_out = |exclusion: &Exclusion| {
            exclusion.target == target.name && exclusion.column.as_ref().is_none_or(|left_out| *left_out == column.name)
        };
        if column.taken_for == "excluded" && !outcome.excluded.iter().any(left_out) {
            findings.fail(format!("`{shown}`, column `{name}`: left out, which no exclusion says"), HIDDEN);
        }
    }
}

/// The found records as a whole, against what the targets' keys found.
fn records(findings: &mut Findings, stated: &AttestationV1, outcome: &Outcome) {
    let mut wrong = |is_wrong: bool, what: &str| findings.fail_if(is_wrong, what, ALTERED);
    let lies_within = |count: u64, parts: &[u64]| {
        let most = parts.iter().copied().max().unwrap_or(0);
        count >= most && u128::from(count) <= sum(parts.iter().copied()) && count <= outcome.findable()
    };
    let of_class = |class: Class| -> Vec<u64> {
        let results = outcome.targets.iter().flat_map(|target| &target.by_key);
        results.filter(|result| result.class == class).map(KeyResult::proved_records).collect()
    };
    let found: Vec<u64> = outcome.targets.iter().map(|target| target.records_found).collect();
    wrong(!lies_within(outcome.found_records, &found), "the records found are not what the targets hold");

    let supply_count = stated.records.supply_count;
    let is_within = lies_within(supply_count, &of_class(Class::Supply)) && supply_count <= outcome.found_records;
    wrong(!is_within, "the number of supplied records found is not what the keys of class S found");
    if stated.records.supply.is_some() {
        wrong(outcome.supply_records.len() != supply_count, "the supplied records found are not as many as stated");
        let is_above = outcome.supply_records.max().is_some_and(|last| u64::from(last) >= outcome.asked());
        wrong(is_above, "a supplied record found has a number that no record has");
    }

    let blocks = &outcome.person_blocks;
    let in_block = |block: usize| outcome.asked().saturating_sub(block as u64 * u64::from(BLOCK)).min(u64::from(BLOCK));
    wrong(
        blocks.len() as u64 != outcome.asked().div_ceil(u64::from(BLOCK)),
        "the blocks of people found are not as many as the records make",
    );
    let overfull = blocks.iter().enumerate().any(|(block, count)| u64::from(*count) > in_block(block));
    wrong(overfull, "a block holds more people found than records");
    let people = u64::try_from(sum(blocks.iter().map(|count| u64::from(*count)))).unwrap_or(u64::MAX);
    let is_within = lies_within(people, &of_class(Class::Person)) && people <= outcome.found_records;
    wrong(!is_within, "the people found by blocks are not what the keys of class P found");
}

/// A sum that cannot overflow, of at most 2^64 numbers.
fn sum(numbers: impl Iterator<Item = u64>) -> u128 {
    numbers.map(u128::from).sum()
}
