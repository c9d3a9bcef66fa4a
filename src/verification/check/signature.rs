//! V2: signed by the key that the supply pins for its recipient. The envelope's `keyid` is where the search begins, and decides nothing.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::Verified;
use crate::attestation::statement::PredicateType;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::support::sanitize;
use crate::verification::Context;
use crate::verification::check::Findings;

/// The recipient of this ledger whose key signed the envelope: the payload, and the key's fingerprint.
pub(in crate::verification) fn find_signer<'a>(
    envelope: &'a Envelope,
    view: &LedgerView,
) -> Result<Option<(Verified<'a>, String)>, LedgerError> {
    let mut recipients = view.recipients();
    recipients.sort_by_key(|card| card.fingerprint != envelope.keyid());
    for pinned in recipients {
        if let Ok(verified) = envelope.verify(&pinned.card()?) {
            return Ok(Some((verified, pinned.fingerprint.clone())));
        }
    }
    Ok(None)
}

/// No recipient of this ledger signed it. What it calls itself is not believed; it only tells a person who took the wrong file so.
pub(in crate::verification) fn unknown(findings: &mut Findings, envelope: &Envelope) {
    if let Some(kind) = PredicateType::of(envelope.unverified_payload()).ok().filter(|kind| *kind != PredicateType::Attestation) {
        findings.fail(
            format!("this is no attestation of a recipient of this ledger: it calls itself a {kind}"),
            "name the file that the recipient's `residua scan --out` wrote",
        );
        return;
    }
    let keyid = sanitize::clean(envelope.keyid());
    let claim = if keyid.is_empty() { String::new() } else { format!("; it claims to be signed by `{keyid}`") };
    findings.fail(
        format!("no recipient of this ledger has signed these bytes{claim}"),
        "if the recipient has a new key, the supply has to be made again for its card; else the file was altered, or is somebody else's",
    );
}

pub(in crate::verification) fn check(findings: &mut Findings, context: &Context<'_>, signer: &str) {
    let expected = &context.supply.entry.recipient.fingerprint;
    if signer != expected {
        findings.fail(
            format!("signed by `{signer}`, another recipient of this ledger; the challenge was for `{expected}`"),
            "ask the recipient whom the challenge names for its own attestation",
        );
    }
}
