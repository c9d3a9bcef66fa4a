//! V5: issued, started, finished and received in this order.
//!
//! Two clocks are involved. What one clock says of itself must be in order, or the check fails. Where the two disagree by more than the
//! challenge's tolerance, nobody knows which is wrong: the check passes, and the appraisal is inconclusive.

use crate::attestation::predicate_v1::AttestationV1;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Context;
use crate::verification::check::Findings;
use crate::verification::check::coverage::ALTERED;
use jiff::Timestamp;

/// Whether `at` lies after `limit` by more than a tolerance.
pub(in crate::verification) fn is_after(at: Timestamp, limit: Timestamp, tolerance_seconds: u64) -> bool {
    let tolerance = i64::try_from(tolerance_seconds).unwrap_or(i64::MAX);
    at.as_second() > limit.as_second().saturating_add(tolerance)
}

const CLOCKS: &str = "compare the clocks of both parties, set the one that is wrong, and issue a new challenge";

pub(in crate::verification) fn check(
    findings: &mut Findings,
    context: &Context<'_>,
    stated: &AttestationV1,
    received_at: Timestamp,
) {
    let (Some(begin), Some(end)) = (time::parse(&stated.scan.started_at), time::parse(&stated.scan.finished_at)) else {
        findings
            .fail("the begin or the end of the scan is no UTC time", "ask the recipient to scan again with an unaltered residua");
        return;
    };
    let tolerance = context.challenge.tolerance_seconds;
    if is_after(begin, end, tolerance) {
        findings.fail("the scan ended before it began", "have the recipient set its clock, and scan again");
    }
    let minutes = |earlier: Timestamp, later: Timestamp| later.as_second().saturating_sub(earlier.as_second()) / 60;
    let issued = context.entry.issued_at;
    if is_after(issued, begin, tolerance) {
        let minutes = minutes(begin, issued);
        findings.doubt(
            format!("the clocks disagree: by the recipient's, the scan began {minutes} minutes before the challenge was issued"),
            CLOCKS,
        );
    }
    if is_after(end, received_at, tolerance) {
        let minutes = minutes(received_at, end);
        findings.doubt(
            format!(
                "the clocks disagree: by the recipient's, the scan ended {minutes} minutes after the attestation was received"
            ),
            CLOCKS,
        );
    }
    resumed(findings, stated, (issued, begin), tolerance);
}

/// Targets that an earlier run of the scan read were read after the challenge, which that run needed too, and before this run began.
fn resumed(findings: &mut Findings, stated: &AttestationV1, (issued, begin): (Timestamp, Timestamp), tolerance: u64) {
    let resumed = stated.coverage.targets.iter().filter_map(|target| Some((&target.name, target.resumed.as_ref()?)));
    let mut is_early = false;
    for (name, resumed) in resumed {
        let shown = sanitize::clean(name);
        let Some(scanned) = time::parse(&resumed.scanned_at) else {
            findings.fail(format!("`{shown}`: the time at which it was scanned is no UTC time"), ALTERED);
            return;
        };
        if is_after(scanned, begin, tolerance) {
            findings.fail(
                format!("`{shown}`: it is said to be taken over from an earlier run, and was scanned after this one began"),
                "have the recipient set its clock, and scan again without `--resume`",
            );
            return;
        }
        if is_after(issued, scanned, tolerance) && !is_early {
            let minutes = issued.as_second().saturating_sub(scanned.as_second()) / 60;
            let reason = format!(
                "the clocks disagree: by the recipient's, `{shown}` was scanned {minutes} minutes before the challenge was issued"
            );
            findings.doubt(reason, CLOCKS);
            is_early = true;
        }
    }
}
