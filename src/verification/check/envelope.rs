//! V1: the file is a signed envelope, and what is inside is an attestation of a version that this program reads.

use crate::attestation::dsse::EnvelopeError;
use crate::attestation::statement::StatementError;
use crate::verification::check::Findings;
use std::error::Error;

pub(in crate::verification) fn not_an_envelope(findings: &mut Findings, error: &EnvelopeError) {
    findings.fail(chain(error), "obtain the file again, and compare its length with the recipient's copy");
}

pub(in crate::verification) fn not_an_attestation(findings: &mut Findings, error: &StatementError) {
    let help = match error {
        StatementError::Newer { .. } => "install a newer residua on this machine",
        StatementError::OtherKind { .. } => "verify the file that the recipient's `residua scan` wrote",
        _ => "ask the recipient to scan again with an unaltered residua; the file is signed, so it was written so",
    };
    findings.fail(chain(error), help);
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
