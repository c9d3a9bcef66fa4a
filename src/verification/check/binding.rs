//! V4: the attestation is about the manifest of our ledger that serves the challenge's phase, and about the baseline that the challenge names.

use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::verification::Context;
use crate::verification::check::Findings;

const HELP: &str = "ask for a scan with the manifest and statement of this supply, as they were handed over for this phase";

pub(in crate::verification) fn check(findings: &mut Findings, context: &Context<'_>, statement: &Statement<AttestationV1>) {
    let stated = &statement.predicate;
    let ours = &context.manifest;
    let group = ours.phase_group.word();
    if statement.subject.sha256 != context.subject.sha256 {
        findings.fail(format!("the file attested is not the {group} manifest of this supply"), HELP);
    }
    findings.fail_if(stated.supply != context.supply.entry.supply_id, "the attestation names another supply", HELP);
    if stated.manifest.manifest_id != ours.manifest_id {
        findings.fail(format!("the manifest's id is not that of the {group} manifest"), HELP);
    }
    findings.fail_if(
        stated.manifest.statement_sha256 != context.manifest_digest,
        "the manifest's statement is not the one that was signed",
        HELP,
    );
    findings.fail_if(stated.manifest.blake3 != ours.layout.blake3, "the manifest's BLAKE3 is not the one that was signed", HELP);
    findings.fail_if(
        stated.baseline != context.challenge.baseline,
        "the attestation names another baseline than the challenge",
        "ask for a scan with the challenge file as it was sent",
    );
}
