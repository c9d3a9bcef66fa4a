//! Verification: nine numbered checks of one attestation, and the appraisal that follows (`docs/verification.md`).
//!
//! Everything is judged from two things, the attestation's bytes and the originator's ledger. No source, scan or file parser is reached from
//! here, so that whoever audits the checks reads this folder and the modules that it names, and nothing else. All checks run whose inputs
//! exist; one that could not run says why.

pub(crate) mod appraisal;
pub(crate) mod approval;
mod check;
pub(crate) mod countersignature;
pub(crate) mod destruction;
pub(crate) mod downstream;
#[cfg(test)]
mod fixture;
mod paper;
#[cfg(test)]
mod vectors;

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::attestation::statement::Subject;
use crate::finding::Phase;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Overlap;
use crate::ledger::Challenge;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::ApprovalEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::entry::RefusedEntry;
use crate::ledger::group;
use crate::ledger::known::Known;
use crate::ledger::refusal;
use crate::manifest::statement::ManifestV1;
use crate::match_key::plan::Plan;
use crate::support::hex;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::appraisal::Appraisal;
use jiff::Timestamp;

/// One of the nine checks, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckResult {
    /// 1 to 9.
    pub(crate) number: u8,
    /// What it checks, in a few words.
    pub(crate) name: &'static str,
    /// How it went.
    pub(crate) status: Status,
    /// What it found that no party need answer for, and that still keeps the appraisal from being `clear`.
    pub(crate) doubts: Vec<Failure>,
}

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The attestation satisfies it.
    Passed,
    /// It does not, for each of these reasons.
    Failed(Vec<Failure>),
    /// What it needs is not there, for this reason.
    NotRun(String),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What.
    pub(crate) reason: String,
    /// What a person may do about it.
    pub(crate) help: &'static str,
}

/// All that is known of an attestation after its verification.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    /// SHA-256 of the attestation's file.
    pub(crate) attestation: String,
    /// When it was received; where the ledger knows these bytes already, when they were received first.
    pub(crate) received_at: Timestamp,
    /// The fingerprint of the key that signed it, where a recipient of the ledger has it.
    pub(crate) signer: Option<String>,
    /// V1 to V9, in this order.
    pub(crate) checks: Vec<CheckResult>,
    /// The originator's conclusion.
    pub(crate) appraisal: Appraisal,
    /// What was attested, where a pinned key signed it and it could be read.
    pub(crate) stated: Option<AttestationV1>,
    /// The verdict as recomputed, where that was possible.
    pub(crate) judgement: Option<Judgement>,
    /// The lawful overlap that stands beside the verdict.
    pub(crate) overlaps: Vec<Overlap>,
    /// The recipient's declarations that the challenge does not accept, each in a few words.
    pub(crate) not_accepted: Vec<String>,
    /// Those among them that the originator refused before, each with the day, in a few words.
    pub(crate) refused_before: Vec<String>,
    /// The countersignature by an officer of the recipient that counts, required or not.
    pub(crate) approved: Option<ApprovalEntry>,
    /// What was asked, where the challenge is ours.
    pub(crate) asked: Option<Asked>,
}

/// The challenge that an attestation answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The supply.
    pub(crate) supply_id: String,
    /// The recipient's name on the pinned card.
    pub(crate) recipient: String,
    /// The challenge.
    pub(crate) challenge_id: String,
    /// Its phase.
    pub(crate) phase: Phase,
    /// The agreed day.
    pub(crate) delete_by: String,
    /// What it would be compared with is destroyed.
    pub(crate) is_closed: bool,
    /// Whether an officer of the recipient has to countersign.
    pub(crate) is_countersignature_required: bool,
}

impl Verification {
    /// Whether a countersignature could make it better.
    pub(crate) fn awaits_countersignature(&self) -> bool {
        self.approved.is_none() && self.asked.as_ref().is_some_and(|asked| asked.is_countersignature_required)
    }

    /// The entry for the ledger; `None` where no pinned recipient signed an answer to a challenge of this ledger, and nobody can be held to it.
    pub(crate) fn receipt(&self) -> Option<ReceiptEntry> {
        // What was concluded before its end stays as it was concluded.
        let asked = self.asked.as_ref().filter(|asked| !asked.is_closed)?;
        let stated = self.stated.as_ref()?;
        let is_signed = self.checks.iter().any(|check| check.number == 2 && check.status == Status::Passed);
        is_signed.then(|| ReceiptEntry {
            supply_id: asked.supply_id.clone(),
            challenge_id: asked.challenge_id.clone(),
            phase: asked.phase.word().to_owned(),
            attestation: self.attestation.clone(),
            received_at: time::format(self.received_at),
            verdict: sanitize::clean(&stated.verdict),
            appraisal: self.appraisal.conclusion,
            reasons: self.appraisal.reasons.clone(),
            signer: self.signer.clone(),
            exceptions: self.appraisal.exceptions.clone(),
            onward: if self.appraisal.conclusion == Conclusion::Failed { Vec::new() } else { downstream::declared(stated) },
        })
    }
}

/// What the checks from V3 on compare with: all of it from the ledger.
struct Context<'a> {
    view: &'a LedgerView,
    supply: &'a Supply,
    /// The challenge as the ledger has it.
    entry: &'a Challenge,
    /// The challenge as it was signed.
    challenge: ChallengeV1,
    /// SHA-256 of the envelope of the manifest's statement.
    manifest_digest: &'a str,
    /// The file that the manifest's statement is about.
    subject: Subject,
    manifest: ManifestV1,
    plan: Plan,
    /// Which ordinals are seeds, and which are those of people who were not supplied.
    known: Known,
    /// The baseline attestation that the challenge names.
    baseline: Option<AttestationV1>,
    /// Whether an earlier challenge had already released the salt.
    is_salt_known: bool,
}

impl<'a> Context<'a> {
    /// What was concluded last of these bytes, where they were received before.
    fn recorded(&self, attestation: &str) -> Option<&'a ReceiptEntry> {
        self.entry.receipts.iter().rev().find(|receipt| receipt.attestation == attestation)
    }
}

/// What an envelope says that it is. It is not believed by that; each kind has its own verification.
pub(crate) fn kind(envelope: &[u8]) -> Option<PredicateType> {
    Envelope::parse(envelope).ok().and_then(|envelope| PredicateType::of(envelope.unverified_payload()).ok())
}

/// Verifies one attestation against the ledger of the originator. An error is the ledger's; whatever is wrong with the attestation is a
/// failed check.
pub(crate) fn verify(ledger: &Ledger, envelope: &[u8], received_at: Timestamp) -> Result<Verification, LedgerError> {
    let digest = hex::encode(&sha256(envelope));
    let mut checks = check::Checks::default();
    let opened = check::open(&mut checks, ledger.view(), envelope, received_at)?;
    let mut verification = Verification {
        attestation: digest,
        received_at,
        signer: None,
        checks: Vec::new(),
        appraisal: Appraisal::default(),
        stated: None,
        judgement: None,
        overlaps: Vec::new(),
        not_accepted: Vec::new(),
        refused_before: Vec::new(),
        approved: None,
        asked: None,
    };
    // What only the ledger knows of the ordinals, and what was found.
    let mut known = None;
    // What was concluded of these bytes before the supply was closed, and when that was.
    let mut recorded = None;
    if let Some((statement, signer)) = opened {
        let context = context(ledger, &statement)?;
        if let Some(context) = &context {
            let first = context.entry.receipts.iter().find(|receipt| receipt.attestation == verification.attestation);
            verification.received_at = first.and_then(|receipt| time::parse(&receipt.received_at)).unwrap_or(received_at);
        }
        let outcome = statement.predicate.outcome();
        verification.signer = Some(signer);
        examine(&mut checks, &mut verification, context.as_ref(), statement);
        recorded = context.as_ref().and_then(|context| {
            let day = context.supply.closing_day()?;
            context.recorded(&verification.attestation).cloned().map(|receipt| (day, receipt))
        });
        known = context.map(|context| context.known).zip(outcome);
    }
    verification.checks = checks.finish();
    let exceptions = std::mem::take(&mut verification.appraisal.exceptions);
    verification.appraisal =
        appraisal::appraise(&verification.checks, verification.judgement.as_ref(), verification.appraisal.notes);
    if let (Some(asked), Some((known, outcome))) = (&verification.asked, &known) {
        if let Some(control_blocks) = &known.control_blocks {
            appraisal::control::compare(&mut verification.appraisal, control_blocks, outcome);
        }
        appraisal::seed::weigh(&mut verification.appraisal, asked.phase, &asked.recipient, &known.seeds, outcome);
    }
    verification.appraisal.except(exceptions);
    if let Some((day, receipt)) = recorded {
        verification.appraisal.notes.push(format!(
            "the supply was closed on {day}: this is judged as of when it was received, without what its secrets knew of seeds and controls, which is destroyed; \
             where more was concluded then, that stands"
        ));
        verification.appraisal.hold(&receipt);
    }
    Ok(verification)
}

/// Runs V2's second half and V3 to V9.
fn examine(
    checks: &mut check::Checks,
    verification: &mut Verification,
    context: Option<&Context<'_>>,
    statement: Statement<AttestationV1>,
) {
    let stated = &statement.predicate;
    let digest = verification.attestation.as_str();
    checks.run(9, |findings| check::declaration::check(findings, stated));
    let Some(context) = context else {
        checks.run(3, check::challenge::unknown);
        checks.skip_rest("the challenge is not one of this ledger (V3), so there is nothing to compare with");
        verification.stated = Some(statement.predicate);
        return;
    };
    checks.run(9, |findings| {
        check::declaration::check(findings, stated);
        check::declaration::exceptions(findings, context, stated, verification.received_at);
    });
    let outcome = stated.outcome().filter(check::coverage::is_countable);
    let signer = verification.signer.as_deref().unwrap_or_default();
    checks.run(2, |findings| {
        check::signature::check(findings, context, signer, verification.received_at);
        check::signature::countersigned(findings, context, digest);
    });
    checks.run(3, |findings| check::challenge::check(findings, context, stated, digest, verification.received_at));
    checks.run(4, |findings| check::binding::check(findings, context, &statement));
    checks.run(5, |findings| check::timing::check(findings, context, stated, verification.received_at));
    checks.run(6, |findings| match &outcome {
        Some(outcome) => check::coverage::check(findings, context, stated, outcome),
        None => check::coverage::unreadable(findings),
    });
    checks.run(7, |findings| check::controls::check(findings, context, stated, outcome.as_ref()));
    match &outcome {
        Some(outcome) => {
            let judgement = verdict::judge(context.entry.phase, &context.challenge.policy, outcome);
            checks.run(8, |findings| check::verdict::check(findings, stated, outcome, &judgement));
            verification.overlaps = verdict::overlaps(&context.challenge.policy, outcome);
            verification.judgement = Some(judgement);
        }
        None => checks.skip(8, "the coverage holds words or numbers that cannot be judged (V6)"),
    }
    verification.not_accepted = check::declaration::not_accepted(stated, &context.challenge.policy.accept);
    verification.refused_before = refused_before(context, stated);
    verification.appraisal.notes = appraisal::notes(context, stated);
    verification.appraisal.exceptions = appraisal::exception::exceptions(context, stated);
    verification.approved = context.view.approval(context.supply, context.entry, &verification.attestation).cloned();
    verification.asked = Some(Asked {
        supply_id: context.supply.entry.supply_id.clone(),
        recipient: context.supply.entry.recipient.name.clone(),
        challenge_id: context.entry.entry.challenge_id.clone(),
        phase: context.entry.phase,
        delete_by: context.supply.entry.delete_by.clone(),
        is_closed: context.supply.closing.is_some(),
        is_countersignature_required: context.challenge.policy.countersignature_required,
    });
    verification.stated = Some(statement.predicate);
}

/// The declarations that the challenge does not accept, and that it or an earlier one refused.
fn refused_before(context: &Context<'_>, stated: &AttestationV1) -> Vec<String> {
    let accepted = refusal::items(&context.challenge.policy.accept, &[]);
    let later =
        context.supply.challenges.iter().skip_while(|other| other.entry.challenge_id != context.entry.entry.challenge_id).skip(1);
    let until = context.supply.challenges.len() - later.count();
    let refused = |item: &RefusedEntry| {
        let by = context.supply.challenges.iter().take(until).rev().find(|challenge| challenge.refuses(item))?;
        Some(format!("{} (on {})", item.words(), time::day(by.issued_at)))
    };
    let items = refusal::items(&stated.declared, &stated.coverage.excluded);
    items.iter().filter(|item| !accepted.iter().any(|accepted| accepted.is(item))).filter_map(refused).collect()
}

/// Gathers what the ledger knows of the challenge that an attestation names. `None` where it knows nothing.
fn context<'a>(ledger: &'a Ledger, statement: &Statement<AttestationV1>) -> Result<Option<Context<'a>>, LedgerError> {
    let Some((supply, entry)) = ledger.view().challenge(&statement.predicate.challenge.challenge_id) else { return Ok(None) };
    let damaged = |digest: &str, problem| LedgerError::Document { sha256: digest.to_owned(), problem };
    let originator = supply.entry.originator.card()?;
    let challenge: ChallengeV1 = ledger.statement::<ChallengeV1>(&entry.entry.envelope, &originator)?.predicate;
    let agrees = challenge.challenge_id == entry.entry.challenge_id
        && challenge.supply_id == entry.entry.supply_id
        && challenge.phase == entry.entry.phase
        && challenge.issued_at == entry.entry.issued_at
        && challenge.expires_at == entry.entry.expires_at
        && challenge.policy.countersignature_required == entry.entry.countersignature_required;
    if !agrees {
        return Err(damaged(&entry.entry.envelope, "is another challenge than its entry says"));
    }
    let manifest_digest = supply.statement(entry.phase);
    let manifest: Statement<ManifestV1> = ledger.statement(manifest_digest, &originator)?;
    let plan = manifest
        .predicate
        .plan()
        .map_err(|_| damaged(manifest_digest, "is a manifest statement that this program cannot use"))?;
    let known = ledger.known(supply, entry.phase, &manifest.predicate)?;
    let baseline = match &challenge.baseline {
        Some(digest) => match supply.accepted_baseline_of(digest) {
            Some(receipt) => Some(ledger.received(supply, receipt)?),
            None => None,
        },
        None => None,
    };
    let earlier = supply.challenges.iter().take_while(|other| other.entry.challenge_id != entry.entry.challenge_id);
    let is_salt_known = earlier.into_iter().any(|other| group(other.phase) == group(entry.phase));
    Ok(Some(Context {
        view: ledger.view(),
        supply,
        entry,
        challenge,
        manifest_digest,
        subject: manifest.subject,
        manifest: manifest.predicate,
        plan,
        known,
        baseline,
        is_salt_known,
    }))
}
