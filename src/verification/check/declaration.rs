//! V9: the declarations can be used, and each says one thing. What a declaration may do is decided by the challenge, and V8 has judged by that.

use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::Phase;
use crate::finding::declaration::Backup;
use crate::finding::declaration::Declarations;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Context;
use crate::verification::check::Findings;
use jiff::Timestamp;
use std::collections::BTreeSet;

const HELP: &str = "have the recipient correct its declaration file (`--declare`) and scan again";

pub(in crate::verification) fn check(findings: &mut Findings, stated: &AttestationV1) {
    let declared = &stated.declared;
    if let Some(fault) = declared.fault() {
        findings.fail(format!("the declarations cannot be used: {}", sanitize::clean(&fault)), HELP);
    }
    twice(findings, "removed target", declared.removed.iter().map(|removed| removed.target.clone()));
    twice(findings, "backup", declared.backups.iter().map(|backup| backup.system.clone()));
    twice(findings, "system not scanned", declared.not_scanned.iter().map(|system| system.system.clone()));
    twice(findings, "onward recipient", declared.onward.iter().map(|onward| onward.recipient.clone()));
    twice(
        findings,
        "exclusion",
        declared.exclusions.iter().map(|exclusion| place(&exclusion.target, exclusion.column.as_deref())),
    );
    let mut whole = BTreeSet::new();
    for lawful in declared.lawful_sources.iter().filter(|lawful| lawful.rows.is_none()) {
        if !whole.insert(&lawful.target) {
            findings.fail(format!("`{}` is declared lawful twice", sanitize::clean(&lawful.target)), HELP);
        }
    }
}

/// Looks at the backups that the challenge accepts: an honest declaration of copies that are still in use, or should be gone, is no exception.
pub(in crate::verification) fn exceptions(
    findings: &mut Findings,
    context: &Context<'_>,
    stated: &AttestationV1,
    received_at: Timestamp,
) {
    if context.entry.phase == Phase::Baseline {
        return;
    }
    let today = time::day(received_at);
    for backup in accepted_backups(stated, &context.challenge.policy.accept) {
        let is_yet_to_be_made = time::parse_day(&backup.last_copy).is_some_and(|last_copy| last_copy > today);
        let weakness = backup.weakness(today).or_else(|| {
            let words = || format!("its last copy with the data is dated {}, so that they were still there", backup.last_copy);
            is_yet_to_be_made.then(words)
        });
        if let Some(weakness) = weakness {
            findings.doubt(
                format!("the backup `{}` is no exception: {}", sanitize::clean(&backup.system), sanitize::clean(&weakness)),
                "issue a new challenge: the recipient leaves the backup out of its declarations if its copies are gone, and otherwise \
                 declares it with all four promises and the day on which they will be, which you accept or not",
            );
        }
    }
}

/// The declared backups that the challenge accepts.
pub(in crate::verification) fn accepted_backups<'a>(
    stated: &'a AttestationV1,
    accept: &'a Declarations,
) -> impl Iterator<Item = &'a Backup> {
    stated.declared.backups.iter().filter(|backup| accept.backups.contains(backup))
}

fn twice(findings: &mut Findings, what: &str, names: impl Iterator<Item = String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        let shown = sanitize::clean(&name);
        if !seen.insert(name) {
            findings.fail(format!("the {what} `{shown}` is declared twice"), HELP);
        }
    }
}

fn place(target: &str, column: Option<&str>) -> String {
    column.map_or_else(|| target.to_owned(), |column| format!("{target}, column {column}"))
}

/// The declarations that the challenge does not accept, each in a few words.
pub(in crate::verification) fn not_accepted(stated: &AttestationV1, accept: &Declarations) -> Vec<String> {
    let declared = &stated.declared;
    let name = |what: &str, name: &str| format!("{what} `{}`", sanitize::clean(name));
    let lawful = declared.lawful_sources.iter().filter(|lawful| !accept.lawful_sources.contains(lawful));
    let removed = declared.removed.iter().filter(|removed| !accept.removed.contains(removed));
    let backups = declared.backups.iter().filter(|backup| !accept.backups.contains(backup));
    let not_scanned = declared.not_scanned.iter().filter(|system| !accept.not_scanned.contains(system));
    let onward = declared.onward.iter().filter(|onward| !accept.has_onward(onward));
    let excluded =
        declared.exclusions.iter().chain(&stated.coverage.excluded).filter(|exclusion| !accept.exclusions.contains(exclusion));
    let mut list: Vec<String> = (lawful.map(|lawful| name("lawful source", &lawful.name)))
        .chain(removed.map(|removed| name("removed target", &removed.target)))
        .chain(backups.map(|backup| name("backup", &backup.system)))
        .chain(not_scanned.map(|system| name("system not scanned", &system.system)))
        .chain(onward.map(|onward| name("onward recipient", &onward.recipient)))
        .chain(excluded.map(|exclusion| name("exclusion", &place(&exclusion.target, exclusion.column.as_deref()))))
        .collect();
    let mut seen = BTreeSet::new();
    list.retain(|entry| seen.insert(entry.clone()));
    list
}
