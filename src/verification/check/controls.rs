//! V7: the scan saw its own sentinels, the manifest gave its known answers, and every spot check was answered as the rest of the attestation has it.

use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::BLOCK;
use crate::finding::Outcome;
use crate::verification::Context;
use crate::verification::check::Findings;

const SCAN_AGAIN: &str = "have the recipient scan again; if it happens again, report it as a bug of residua";

pub(in crate::verification) fn check(
    findings: &mut Findings,
    context: &Context<'_>,
    stated: &AttestationV1,
    outcome: Option<&Outcome>,
) {
    let sentinels = &stated.sentinels;
    if sentinels.injected != sentinels.detected {
        findings.fail(format!("{} of {} sentinels were found", sentinels.detected, sentinels.injected), SCAN_AGAIN);
    }
    if sentinels.injected == 0 && outcome.is_some_and(|outcome| outcome.rows_probed() > 0) {
        findings.fail("rows were searched without a sentinel among them", SCAN_AGAIN);
    }
    let keys = context.manifest.keys.len() as u64;
    let known = &stated.known_answers;
    if known.asked != keys || known.answered != keys {
        let help = "have the recipient scan with the manifest as it was handed over";
        findings
            .fail(format!("{} of {} known answers were given, and the manifest has {keys}", known.answered, known.asked), help);
    }
    let asked: Vec<u32> = stated.spot_checks.iter().map(|answer| answer.record).collect();
    if asked != context.challenge.spot_checks {
        let help = "ask for a scan with the challenge file as it was sent";
        findings.fail("the spot checks answered are not those of the challenge, in its order", help);
        return;
    }
    let Some(outcome) = outcome else { return };
    for answer in &stated.spot_checks {
        let is_supply = outcome.supply_records.contains(answer.record);
        let in_block = outcome.person_blocks.get((answer.record / BLOCK) as usize).copied().unwrap_or(0);
        // Without the ordinals (`--counts-only`), a record of class S may be any.
        let may_be_supply = is_supply || (stated.records.supply.is_none() && stated.records.supply_count > 0);
        if is_supply && !answer.found {
            findings.fail(format!("record {} is answered as not found, and named as found", answer.record), SCAN_AGAIN);
        } else if answer.found && !may_be_supply && in_block == 0 {
            findings.fail(format!("record {} is answered as found, and counted nowhere", answer.record), SCAN_AGAIN);
        }
    }
}
