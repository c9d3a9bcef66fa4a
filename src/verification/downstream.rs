//! Downstream attestations: what an onward recipient attested to the one who had supplied it, as far as it can be checked here
//! (`docs/verification.md`, "Downstream attestations").
//!
//! The challenge that it answers is another ledger's, so that five of the nine checks have nothing to compare with. What remains is the onward
//! recipient's statement to its own supplier, of which it is known that it does not contradict itself, and that the attestation above it names
//! these very bytes. It makes nothing better.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::attestation::statement::StatementError;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Onward;
use crate::finding::declaration::Policy;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Reason;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::Verdict;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::onward::Named;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::CheckResult;
use crate::verification::Failure;
use crate::verification::Status;
use crate::verification::check;
use crate::verification::check::Checks;
use jiff::Timestamp;

/// Why checks do not run that compare with a challenge.
const OTHERS: &str = "it answers another ledger's challenge, which is not here";

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) enum Downstream {
    /// Nobody who counts names it, or it is not what `--downstream-of` is for.
    Refused {
        /// Why.
        failure: Failure,
        /// Whether it may be named by a file that is entered later.
        may_follow: bool,
    },
    /// It is named, and was looked at.
    Examined(Box<Examined>),
}

/// What is known of a downstream attestation.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// For whom it is named.
    pub(crate) recipient: String,
    /// V1 to V9, in this order.
    pub(crate) checks: Vec<CheckResult>,
    /// What was attested, where it could be read.
    pub(crate) stated: Option<AttestationV1>,
    /// The fingerprint of the pinned key that signed it.
    pub(crate) key: Option<String>,
    /// What is to be entered, for each attestation that names it; nothing where a check failed.
    pub(crate) entries: Vec<OnwardEntry>,
}

/// The onward recipients whom an attestation declares, as the ledger keeps them.
pub(super) fn declared(stated: &AttestationV1) -> Vec<OnwardRecipient> {
    let kept = |onward: &Onward| OnwardRecipient {
        recipient: sanitize::clean(&onward.recipient),
        attestations: onward.attestations.clone(),
    };
    stated.declared.onward.iter().map(kept).collect()
}

/// Verifies one below a supply, by its whole id. An error is the ledger's.
pub(crate) fn verify(ledger: &Ledger, supply: &Supply, bytes: &[u8], received_at: Timestamp) -> Result<Downstream, LedgerError> {
    let refuse = |reason: String, help: &'static str, may_follow: bool| {
        Ok(Downstream::Refused { failure: Failure { reason, help }, may_follow })
    };
    let view = ledger.view();
    let digest = hex::encode(&sha256(bytes));
    let named = supply.naming(&digest);
    let Some(first) = named.first().copied() else {
        return refuse(
            format!(
                "no attestation that stands for supply {} names these bytes (SHA-256 {digest})",
                view.short_id(&supply.entry.supply_id)
            ),
            "verify first what names it; if nothing does, have the recipient name it in its answer to a new challenge (`residua scan --onward \
             RECIPIENT=FILE`). A file of which a byte was changed is another file",
            true,
        );
    };
    if supply.has_attestation(&digest) {
        return refuse(
            "it is an attestation of the supply's own recipient, and not of somebody to whom the data went on".to_owned(),
            "ask the recipient why it names its own attestation as another's",
            false,
        );
    }
    let mut checks = Checks::default();
    let (statement, key) = open(&mut checks, ledger, supply, bytes, &named, received_at)?;
    let mut examined =
        Examined { recipient: first.recipient.to_owned(), checks: Vec::new(), stated: None, key, entries: Vec::new() };
    if let Some(stated) = statement.map(|statement| statement.predicate) {
        if view.challenge(&stated.challenge.challenge_id).is_some() {
            return refuse(
                "it answers a challenge of this ledger, and so is no statement of somebody to whom the data went on".to_owned(),
                "verify it without `--downstream-of`",
                false,
            );
        }
        examine(&mut checks, &stated);
        examined.stated = Some(stated);
    }
    examined.checks = checks.finish();
    let has_failed = examined.checks.iter().any(|check| matches!(check.status, Status::Failed(_)));
    if let Some(stated) = examined.stated.as_ref().filter(|_| !has_failed) {
        let entry = |named: &Named<'_>| OnwardEntry {
            supply_id: supply.entry.supply_id.clone(),
            parent: named.parent.to_owned(),
            recipient: named.recipient.to_owned(),
            attestation: digest.clone(),
            key: examined.key.clone(),
            verdict: stated.verdict.clone(),
            received_at: time::format(first_received(supply, &digest).unwrap_or(received_at)),
            onward: declared(stated),
        };
        examined.entries = named.iter().map(entry).collect();
    }
    Ok(Downstream::Examined(Box::new(examined)))
}

/// When the same bytes were received first, where they were.
fn first_received(supply: &Supply, digest: &str) -> Option<Timestamp> {
    let known = supply.onward.iter().find(|entry| entry.attestation == digest)?;
    time::parse(&known.received_at)
}

/// Runs V1 and V2. A key that is not pinned is no failure: the attestation above, which was authenticated, names these bytes.
fn open(
    checks: &mut Checks,
    ledger: &Ledger,
    supply: &Supply,
    bytes: &[u8],
    named: &[Named<'_>],
    received_at: Timestamp,
) -> Result<(Option<Statement<AttestationV1>>, Option<String>), LedgerError> {
    let view = ledger.view();
    let envelope = match Envelope::parse(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            checks.run(1, |findings| check::envelope::not_an_envelope(findings, &error));
            checks.skip_rest("the file is no signed envelope (V1)");
            return Ok((None, None));
        }
    };
    let signed = view.parties().signer(&envelope, || None)?;
    let key = signed.map(|(_, key)| key.pinned.fingerprint.clone());
    let verified = match (signed, &key) {
        (Some((verified, _)), Some(key)) => {
            let received_at = first_received(supply, &hex::encode(&sha256(bytes))).unwrap_or(received_at);
            checks.run(2, |findings| {
                check::signature::judge(findings, view, key, received_at);
                let current = |key: &str| view.parties().current(key).to_owned();
                if named.iter().any(|named| named.signer.is_some_and(|signer| current(signer) == current(key))) {
                    findings.fail(
                        format!("signed by `{key}`, by whom the attestation is signed that names it as another's"),
                        "ask for the attestation of the onward recipient, signed by its own key",
                    );
                }
            });
            Some(verified)
        }
        _ if view.parties().key(envelope.keyid()).is_some() => {
            let claimed = sanitize::clean(envelope.keyid());
            checks.run(2, |findings| {
                findings.fail(
                    format!("it claims to be signed by `{claimed}`, which is pinned here, and the signature is not that key's"),
                    "ask the onward recipient itself for its attestation, and compare the SHA-256 of the file",
                );
            });
            checks.skip_rest("what is inside is not read where a signature is false (V2)");
            return Ok((None, None));
        }
        _ => {
            checks.skip(
                2,
                "it is signed by a key that is not pinned here; the attestation above it names these bytes, and nothing else says whose they are",
            );
            named.first().and_then(|named| envelope.vouched(bytes, named.attestation))
        }
    };
    let statement = verified.map(Statement::open).unwrap_or(Err(StatementError::NotAStatement));
    match statement {
        Ok(statement) => {
            checks.run(1, |_| {});
            Ok((Some(statement), key))
        }
        Err(error) => {
            checks.run(1, |findings| check::envelope::not_an_attestation(findings, &error));
            checks.skip_rest("the statement cannot be read (V1)");
            Ok((None, key))
        }
    }
}

/// Runs those of V3 to V9 that need the document alone.
fn examine(checks: &mut Checks, stated: &AttestationV1) {
    for number in [3, 4, 5, 7] {
        checks.skip(number, OTHERS);
    }
    checks.run(9, |findings| check::declaration::check(findings, stated));
    let outcome = stated.outcome().filter(check::coverage::is_countable);
    let Some(outcome) = outcome else {
        checks.run(6, check::coverage::unreadable);
        checks.skip(8, "the coverage holds words or numbers that cannot be judged (V6)");
        return;
    };
    checks.run(6, |findings| {
        check::coverage::inner(findings, None, stated, &outcome);
        findings.fail_if(
            outcome.searchable > outcome.records,
            "more records can be looked for than there are",
            check::coverage::ALTERED,
        );
    });
    checks.run(8, |findings| {
        let judgement = judgement(stated, &outcome);
        match judgement {
            Some(judgement) => check::verdict::check(findings, stated, &outcome, &judgement),
            None => findings.fail(
                format!(
                    "the verdict `{}` with its reasons is none to which what is attested leads, whatever the challenge accepted",
                    sanitize::clean(&stated.verdict)
                ),
                check::coverage::ALTERED,
            ),
        }
    });
}

/// The judgement that an attestation's findings and its own reasons lead to, where any challenge could have led there. What the challenge accepted
/// is not known, so that the reasons stated have to lie between those that no challenge takes away and those that the strictest one gives.
fn judgement(stated: &AttestationV1, outcome: &Outcome) -> Option<Judgement> {
    let phase = Phase::parse(&stated.challenge.phase)?;
    let Judgement { reasons, .. } = stated.judgement()?;
    let missing = reasons.iter().filter(|reason| reason.code == ReasonCode::RequiredKeyMissing);
    let required_keys: Vec<String> = missing.filter_map(|reason| reason.key.clone()).collect();
    let is_within = |empty_accepted: bool| {
        let lenient = Policy {
            accept: Declarations { exclusions: outcome.excluded.clone(), ..outcome.declared.clone() },
            required_keys: required_keys.clone(),
            baseline_percent: 0,
            unkeyed_percent: 100,
            without_baseline: false,
            empty_accepted,
        };
        let strict = Policy { accept: Declarations::default(), baseline_percent: 100, unkeyed_percent: 0, ..lenient.clone() };
        let (least, most) = (verdict::judge(phase, &lenient, outcome), verdict::judge(phase, &strict, outcome));
        let holds = |all: &[Reason], some: &[Reason]| some.iter().all(|reason| all.contains(reason));
        holds(&reasons, &least.reasons) && holds(&most.reasons, &reasons)
    };
    if !is_within(false) && !is_within(true) {
        return None;
    }
    let best = if phase == Phase::Baseline { Verdict::Present } else { Verdict::Clear };
    let mut sorted = reasons;
    sorted.sort();
    sorted.dedup();
    let verdict = sorted.iter().map(|reason| reason.code.verdict()).max().unwrap_or(best);
    Some(Judgement { verdict, reasons: sorted })
}
