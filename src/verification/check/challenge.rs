//! V3: the challenge is ours, word for word; no other attestation has used it; the scan ended before it expired. Of a supply that is closed nothing new is
//! judged; what came before is judged as of then.

use crate::attestation::predicate_v1::AttestationV1;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Context;
use crate::verification::check::Findings;
use crate::verification::check::timing::is_after;
use jiff::Timestamp;

/// The attestation names a challenge that the ledger does not have.
pub(in crate::verification) fn unknown(findings: &mut Findings) {
    findings.fail("the ledger has no challenge of this id", "use the ledger (`--ledger`) from which the challenge was issued");
}

pub(in crate::verification) fn check(
    findings: &mut Findings,
    context: &Context<'_>,
    stated: &AttestationV1,
    attestation: &str,
    received_at: Timestamp,
) {
    let was_received = context.recorded(attestation).is_some();
    if let Some(day) = context.supply.closing_day().filter(|_| !was_received) {
        findings.fail(
            format!("the supply was closed on {day}, and what an answer would be compared with is destroyed"),
            "`residua supplies show` has what was received before, and what was concluded from it",
        );
    }
    let named = &stated.challenge;
    let ours = &context.challenge;
    let other = "ask for a scan with the challenge file as it was sent";
    if named.phase != ours.phase {
        let phase = sanitize::clean(&named.phase);
        findings.fail(format!("the attestation is for the phase `{phase}`, and the challenge for `{}`", ours.phase), other);
    }
    findings.fail_if(
        named.sha256 != context.entry.entry.envelope,
        "the challenge that was answered is not the file that was sent",
        other,
    );
    findings.fail_if(named.nonce != ours.nonce, "the nonce is not the challenge's", other);
    findings.fail_if(named.issued_at != ours.issued_at, "the date of issue is not the challenge's", other);
    if context.entry.answer().is_some_and(|answer| answer.attestation != attestation) {
        findings.fail(
            "the challenge was already answered by another attestation",
            "issue a new challenge; each is good for one attestation",
        );
    }
    // A deadline is missed where neither clock puts the scan before it. Where ours received the file in time, the recipient's clock is
    // ahead, and that is for V5.
    let tolerance = ours.tolerance_seconds;
    let is_late = |at: Timestamp| is_after(at, context.entry.expires_at, tolerance);
    if time::parse(&stated.scan.finished_at).is_some_and(is_late) && is_late(received_at) {
        findings.fail(
            format!("the scan ended after the challenge expired on {}", ours.expires_at),
            "issue a new challenge, and have the recipient scan while it is valid",
        );
    }
}
