//! The second half of V6: a later scan beside the accepted baseline. What differs without a declaration that the challenge accepts is no failure,
//! since systems change; it is named, and the appraisal cannot be better than inconclusive.

use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::KeyResultV1;
use crate::attestation::predicate_v1::TargetV1;
use crate::finding::Outcome;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::READ_AS_TEXT;
use crate::finding::coverage::Target;
use crate::finding::coverage::feeds;
use crate::match_key::plan::Plan;
use crate::match_key::strength::Class;
use crate::support::sanitize;
use crate::verification::Context;
use crate::verification::check::Findings;

/// The fewest rows of which a count is called implausible.
const FEWEST_ROWS: u64 = 100;

const GONE: &str =
    "the recipient scans it again under the same name, or declares it as `[[removed]]`, which a new challenge accepts";
const ACCEPT: &str = "if you accept the declaration: `residua inspect ATTESTATION --declared > accepted.toml`, cut it to what you accept, \
     and issue a new challenge with `--accept accepted.toml`";
const MAPPING: &str = "the recipient maps its columns as in the baseline (`--map`), or explains what has changed";
const EMPTIED: &str = "ask the recipient what became of the other rows; if all of it was deleted, it declares the target as `[[removed]]`, \
     which a new challenge accepts";
const NOWHERE: &str =
    "the recipient scans an emptied table or file of the baseline under the same name, with the names of its columns";
const CHANGED: &str = "ask the recipient how the data of this target were changed since the baseline";

pub(super) fn compare(findings: &mut Findings, context: &Context<'_>, then: &AttestationV1, now: &Outcome) {
    for before in &then.coverage.targets {
        let shown = sanitize::clean(&before.name);
        let declared = now.declared.removed.iter().find(|removed| removed.target == before.name);
        let is_accepted = declared.is_some_and(|removed| context.challenge.policy.accept.removed.contains(removed));
        if is_accepted {
            continue;
        }
        let is_excluded = now.excluded.iter().any(|exclusion| exclusion.target == before.name && exclusion.column.is_none());
        match now.targets.iter().find(|target| target.name == before.name) {
            Some(after) => compare_target(findings, &context.plan, &shown, before, after, now),
            // An exclusion was judged with the verdict.
            None if is_excluded => {}
            None if declared.is_some() => {
                findings.doubt(format!(
                    "`{shown}` of the baseline is gone; it is declared removed, which the challenge does not accept"
                ), ACCEPT);
            }
            None => findings.doubt(format!("`{shown}` of the baseline is gone, and nobody declares why (a target goes by the name under which it was scanned)"), GONE),
        }
    }
    let holds_nothing_now = |before: &TargetV1| {
        let emptied = now.targets.iter().find(|target| target.name == before.name && target.is_emptied());
        emptied.is_some_and(|after| {
            changed_fact(before, after).is_none() && lost_keys(&context.plan, before, after).next().is_none()
        })
    };
    // An empty place shows something only if it is one where the data were.
    if now.is_seen_empty() && !then.coverage.targets.iter().any(|before| held_supply(before) && holds_nothing_now(before)) {
        let reason = "no row formed a key, and none of the targets that were read empty is one in which the baseline found supplied records";
        findings.doubt(reason, NOWHERE);
    }
}

/// Whether more of the supply was found there than coincidence explains.
fn held_supply(before: &TargetV1) -> bool {
    let is_found =
        |result: KeyResult| result.distinct_records > if result.class == Class::Aggregate { result.bound() } else { 0 };
    before.by_key.iter().filter_map(KeyResultV1::key_result).any(is_found)
}

/// The keys that the columns formed then and cannot form now. A key that only what stood in text formed may go with it.
fn lost_keys<'a>(plan: &Plan, before: &'a TargetV1, after: &'a Target) -> impl Iterator<Item = &'a KeyResultV1> {
    let columns = || before.columns.iter().map(|column| column.taken_for.as_str());
    let formed: Vec<String> = plan
        .keys
        .iter()
        .filter(|planned| planned.key.is_formable(|slot| columns().any(|taken_for| feeds(taken_for, slot))))
        .map(|planned| planned.key.name.clone())
        .collect();
    (before.by_key.iter())
        .filter(move |key| key.probes > 0 && formed.contains(&key.key) && !after.by_key.iter().any(|other| other.key == key.key))
}

fn compare_target(findings: &mut Findings, plan: &Plan, shown: &str, before: &TargetV1, after: &Target, now: &Outcome) {
    if let Some(fact) = changed_fact(before, after) {
        findings.doubt(
            format!("`{shown}` is not the one of the baseline: its {} is another", sanitize::clean(fact)),
            "ask what became of the earlier one: it is scanned too, or declared as removed",
        );
    }
    implausible(findings, shown, before, after, now.controls);
    // Of an empty target values map nothing, and its rows prove nothing; where nothing is left anywhere, the empty targets are all the proof.
    if after.rows_read == 0 && !now.is_seen_empty() {
        return;
    }
    for column in &before.columns {
        let same = after.columns.iter().find(|other| other.name == column.name);
        if let Some(same) = same.filter(|same| same.filled > 0 && same.taken_for != column.taken_for) {
            let [name, was, is] = [&column.name, &column.taken_for, &same.taken_for].map(|text| sanitize::clean(text));
            findings
                .doubt(format!("`{shown}`, column `{name}` is taken for `{is}`, and was for `{was}` in the baseline"), MAPPING);
        }
    }
    let was_deep = before.reading.iter().any(|fact| fact.name == READ_AS_TEXT);
    if was_deep && !after.reading.iter().any(|(name, _)| name == READ_AS_TEXT) {
        let reason = format!("`{shown}`: every column was read as text in the baseline (`--deep`), and is not now");
        findings.doubt(reason, "have the recipient scan again with `--deep`, as at the baseline");
    }
    for key in lost_keys(plan, before, after) {
        let reason = format!("`{shown}` formed the key `{}` in the baseline, and does not now", sanitize::clean(&key.key));
        findings.doubt(reason, MAPPING);
    }
}

/// The first fact that makes it another source.
fn changed_fact<'a>(before: &'a TargetV1, after: &'a Target) -> Option<&'a str> {
    if before.kind != after.kind {
        return Some("kind");
    }
    let now = |name: &str| after.identity.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let was = |name: &str| before.identity.iter().any(|fact| fact.name == name);
    let changed = before.identity.iter().find(|fact| now(&fact.name) != Some(fact.value.as_str()));
    let new = after.identity.iter().find(|(name, _)| !was(name));
    changed.map(|fact| fact.name.as_str()).or(new.map(|(name, _)| name.as_str()))
}

/// Counts that a deletion does not explain.
fn implausible(findings: &mut Findings, shown: &str, before: &TargetV1, after: &Target, controls: u64) {
    let hit_before = before.by_key.iter().map(|key| key.rows).max().unwrap_or(0);
    let hit_after = after.by_key.iter().map(|key| key.rows).max().unwrap_or(0);
    let keyed_before = before.rows_read.saturating_sub(before.rows_without_key);
    let keyed_after = after.rows_read.saturating_sub(after.rows_without_key);

    // Counts do not depend on the salt, so the same bytes give the same counts.
    let is_same_file = before.content_digest.as_ref().is_some_and(|digest| Some(&digest.blake3) == after.content_digest.as_ref());
    let same_mapping = before.columns.len() == after.columns.len()
        && before.columns.iter().zip(&after.columns).all(|(was, is)| was.name == is.name && was.taken_for == is.taken_for);
    let differs = before.by_key.len() != after.by_key.len()
        || before.by_key.iter().zip(&after.by_key).any(|(was, is)| !is_same(was, is, controls));
    if is_same_file && (before.rows_read != after.rows_read || (same_mapping && differs)) {
        findings.doubt(
            format!("`{shown}` has the same content as in the baseline, and other counts"),
            "ask for a scan with an unaltered residua, and for an explanation",
        );
        return;
    }
    // Most rows were the supply's, they are said to be gone, and the target has not shrunk: values may have been rewritten instead.
    let is_mostly_supply = hit_before >= FEWEST_ROWS && hit_before >= keyed_before / 2;
    if is_mostly_supply && hit_after < hit_before / 2 && keyed_after >= keyed_before {
        findings.doubt(format!(
            "`{shown}` held {hit_before} rows of the supply among {keyed_before}, of which {hit_after} are found now, and has not become smaller"
        ), CHANGED);
    }
    // Few rows were the supply's, and most of the others are gone too: it may be another copy.
    let others_before = before.rows_read.saturating_sub(hit_before);
    if hit_before < keyed_before / 2 && others_before >= FEWEST_ROWS && after.rows_read < others_before / 2 {
        findings.doubt(format!(
            "`{shown}` had {} rows, {hit_before} of them of the supply, and has {} now: more are gone than were to be deleted",
            before.rows_read, after.rows_read
        ), if after.rows_read == 0 { EMPTIED } else { CHANGED });
    }
}

/// Whether a key found the same in the same rows. A baseline asks for no controls; a later scan may find them besides.
fn is_same(was: &KeyResultV1, is: &KeyResult, controls: u64) -> bool {
    let (then, now) = ([was.hits, was.rows, was.distinct_records], [is.hits, is.rows, is.distinct_records]);
    let more = is.distinct_records.saturating_sub(was.distinct_records);
    let is_explained = more <= controls && then.iter().zip(now).all(|(was, is)| *was <= is) && (more > 0 || then == now);
    was.key == is.key && was.probes == is.probes && is_explained
}
