//! V2: signed by the key that the challenge was for, which was the recipient's when the file was received. The envelope's `keyid` is where
//! the search for the key begins, and decides nothing.

use crate::attestation::dsse::Envelope;
use crate::attestation::statement::PredicateType;
use crate::ledger::LedgerView;
use crate::ledger::approval;
use crate::ledger::party::Standing;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Context;
use crate::verification::check::Findings;
use jiff::Timestamp;
use serde_json::Value;

/// The key that the challenge was for which the file says that it answers. Nothing has been verified by then: it is a hint and no more.
pub(in crate::verification) fn addressee(view: &LedgerView, envelope: &Envelope) -> Option<String> {
    let statement: Value = serde_json::from_slice(envelope.unverified_payload()).ok()?;
    let (_, challenge) = view.challenge(statement.pointer("/predicate/challenge/challengeId")?.as_str()?)?;
    Some(challenge.recipient_key.clone())
}

/// No recipient of this ledger signed it. What it calls itself is not believed; it only tells a person who took the wrong file so.
pub(in crate::verification) fn unknown(findings: &mut Findings, view: &LedgerView, envelope: &Envelope) {
    if let Some(kind) = PredicateType::of(envelope.unverified_payload()).ok().filter(|kind| *kind != PredicateType::Attestation) {
        findings.fail(
            format!("this is no attestation of a recipient of this ledger: it calls itself a {kind}"),
            "name the file that the recipient's `residua scan --out` wrote",
        );
        return;
    }
    let keyid = sanitize::clean(envelope.keyid());
    let claim = if keyid.is_empty() { String::new() } else { format!("; it claims to be signed by `{keyid}`") };
    // Of very many recipients not everyone's key is tried.
    let nobody =
        if view.parties().is_every_key_tried() { "no recipient of this ledger" } else { "no recipient whom this file names" };
    findings.fail(
        format!("{nobody} has signed these bytes{claim}"),
        "if the recipient has a new key, enter it: `residua recipient rotate` with what its old key has signed, or `residua recipient add CARD \
         --replaces KEY` once you have compared the fingerprint; else the file was altered, or is somebody else's",
    );
}

/// Whether the key was the recipient's when the file was received; and why not, if not.
pub(in crate::verification) fn judge(findings: &mut Findings, view: &LedgerView, signer: &str, received_at: Timestamp) -> bool {
    match view.parties().key_at(signer, received_at) {
        Standing::Valid => return true,
        // Whose signature was found is in the ledger.
        Standing::Unknown => {
            findings.fail(format!("signed by `{signer}`, which this ledger does not pin"), "verify the file again");
        }
        Standing::NotYet { since } => findings.fail(
            format!("signed by `{signer}`, which this ledger has pinned since {}, after the file was received", time::format(since)),
            "look at the clock of this machine: it was set back since the card was entered, or was wrong then",
        ),
        Standing::Replaced { since, by } => findings.fail(
            format!("signed by `{signer}`, which `{by}` has replaced since {}", time::format(since)),
            "issue a new challenge, which goes to the new key, and have the recipient scan and sign with that",
        ),
        Standing::Revoked { since, reason } => findings.fail(
            format!("signed by `{signer}`, which is revoked as of {since}: {}", sanitize::clean(reason)),
            "whoever has the key may have signed this: enter the recipient's new card (`residua recipient add CARD --replaces KEY`), and issue a \
             new challenge",
        ),
    }
    false
}

pub(in crate::verification) fn check(findings: &mut Findings, context: &Context<'_>, signer: &str, received_at: Timestamp) {
    let is_valid = judge(findings, context.view, signer, received_at);
    let expected = context.challenge.recipient_key.as_str();
    if signer == expected {
        return;
    }
    let parties = context.view.parties();
    if parties.current(signer) != parties.current(expected) {
        findings.fail(
            format!("signed by `{signer}`, another recipient of this ledger; the challenge was for `{expected}`"),
            "ask the recipient whom the challenge names for its own attestation",
        );
    } else if is_valid {
        findings.fail(
            format!("signed by `{signer}`; the challenge was for `{expected}`, another key of the same recipient"),
            "issue a new challenge, which goes to the recipient's current key",
        );
    }
}

/// A challenge may require that an officer of the recipient approves the attestation. Where that is missing nothing is wrong with the attestation, and
/// yet nobody but who has the one key stands behind it.
pub(in crate::verification) fn countersigned(findings: &mut Findings, context: &Context<'_>, attestation: &str) {
    let is_missing = context.view.approval(context.supply, context.entry, attestation).is_none();
    if context.challenge.policy.countersignature_required && is_missing {
        let party = &context.supply.entry.recipient.fingerprint;
        findings.doubt(
            approval::because(context.view.parties(), party, context.entry, attestation),
            "ask the recipient's officer for the countersignature: `residua countersign`",
        );
    }
}
