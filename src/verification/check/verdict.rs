//! V8: the verdict, its reasons and their meaning are what the attested findings give, judged anew by our own challenge's phase and policy.

use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::LIMITATIONS;
use crate::finding::Outcome;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::support::sanitize;
use crate::verification::check::Findings;

const HELP: &str =
    "the attestation was not written by an unaltered residua; ask for a scan with a released one, and for an explanation";

pub(in crate::verification) fn check(findings: &mut Findings, stated: &AttestationV1, outcome: &Outcome, judgement: &Judgement) {
    if stated.verdict != judgement.verdict.word() {
        let word = sanitize::clean(&stated.verdict);
        findings
            .fail(format!("the verdict is stated as `{word}`, and what is attested gives `{}`", judgement.verdict.word()), HELP);
    } else if stated.judgement().is_none_or(|stated| stated.reasons != judgement.reasons) {
        findings.fail("the reasons stated are not those that what is attested gives", HELP);
    }
    findings.fail_if(
        stated.verdict == judgement.verdict.word() && stated.meaning != verdict::meaning(judgement.verdict, outcome),
        "the meaning is stated in other words than the verdict's",
        HELP,
    );
    findings.fail_if(stated.limitations != LIMITATIONS, "the limitations are not stated as they have to be", HELP);
}
