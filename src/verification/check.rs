//! The nine checks, a file each, and what gathers their results.

pub(super) mod binding;
pub(super) mod challenge;
pub(super) mod controls;
pub(super) mod coverage;
pub(super) mod declaration;
pub(super) mod envelope;
pub(super) mod signature;
pub(super) mod timing;
pub(super) mod verdict;

use crate::attestation::dsse::Envelope;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::verification::CheckResult;
use crate::verification::Failure;
use crate::verification::Status;
use jiff::Timestamp;

/// What each check is called.
const NAMES: [&str; 9] = [
    "envelope and types",
    "signature of the pinned key",
    "our challenge, used once, in its window",
    "our manifest",
    "times in order",
    "coverage adds up and agrees with the baseline",
    "sentinels, known answers, spot checks",
    "verdict follows from what is attested",
    "declarations can be used",
];

/// What one check has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    failures: Vec<Failure>,
    doubts: Vec<Failure>,
}

impl Findings {
    /// The first thing that is wrong, if anything is.
    pub(super) fn into_first(self) -> Option<Failure> {
        self.failures.into_iter().next()
    }

    /// The attestation does not satisfy the check.
    pub(super) fn fail(&mut self, reason: impl Into<String>, help: &'static str) {
        self.failures.push(Failure { reason: reason.into(), help });
    }

    /// As [`Findings::fail`], where something is so.
    pub(super) fn fail_if(&mut self, is_wrong: bool, reason: &str, help: &'static str) {
        if is_wrong {
            self.fail(reason, help);
        }
    }

    /// The attestation satisfies the check, and still the appraisal cannot be better than inconclusive.
    pub(super) fn doubt(&mut self, reason: impl Into<String>, help: &'static str) {
        self.doubts.push(Failure { reason: reason.into(), help });
    }
}

/// The results so far, by number.
#[derive(Debug, Default)]
pub(super) struct Checks {
    results: [Option<(Status, Vec<Failure>)>; 9],
}

impl Checks {
    /// Runs a check and keeps its result in the place of an earlier one.
    pub(super) fn run(&mut self, number: u8, check: impl FnOnce(&mut Findings)) {
        let mut findings = Findings::default();
        check(&mut findings);
        let status = if findings.failures.is_empty() { Status::Passed } else { Status::Failed(findings.failures) };
        self.keep(number, status, findings.doubts);
    }

    /// Notes why a check cannot run.
    pub(super) fn skip(&mut self, number: u8, because: &str) {
        self.keep(number, Status::NotRun(because.to_owned()), Vec::new());
    }

    /// Notes why none of the checks that have no result can run.
    pub(super) fn skip_rest(&mut self, because: &str) {
        for place in &mut self.results {
            place.get_or_insert_with(|| (Status::NotRun(because.to_owned()), Vec::new()));
        }
    }

    fn keep(&mut self, number: u8, status: Status, doubts: Vec<Failure>) {
        if let Some(place) = self.results.get_mut(usize::from(number).wrapping_sub(1)) {
            *place = Some((status, doubts));
        }
    }

    /// All nine in their order.
    pub(super) fn finish(mut self) -> Vec<CheckResult> {
        self.skip_rest("it was not reached");
        let results = (1..).zip(NAMES).zip(self.results);
        results
            .filter_map(|((number, name), result)| result.map(|(status, doubts)| CheckResult { number, name, status, doubts }))
            .collect()
    }
}

/// Runs V1 and the first half of V2: from bytes to a statement that a pinned recipient signed, with the fingerprint of the key.
pub(super) fn open(
    checks: &mut Checks,
    view: &LedgerView,
    bytes: &[u8],
    received_at: Timestamp,
) -> Result<Option<(Statement<AttestationV1>, String)>, LedgerError> {
    let envelope = match Envelope::parse(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            checks.run(1, |findings| envelope::not_an_envelope(findings, &error));
            checks.skip_rest("the file is no signed envelope (V1)");
            return Ok(None);
        }
    };
    let Some((verified, signer)) = view.parties().signer(&envelope, || signature::addressee(view, &envelope))? else {
        checks.skip(1, "the envelope has its form; what is inside is not read before its signature holds (V2)");
        checks.run(2, |findings| signature::unknown(findings, view, &envelope));
        checks.skip_rest("what is inside is not read before its signature holds (V2)");
        return Ok(None);
    };
    let signer = signer.pinned.fingerprint.clone();
    checks.run(2, |findings| {
        signature::judge(findings, view, &signer, received_at);
    });
    match Statement::open(verified) {
        Ok(statement) => {
            checks.run(1, |_| {});
            Ok(Some((statement, signer)))
        }
        Err(error) => {
            checks.run(1, |findings| envelope::not_an_attestation(findings, &error));
            checks.skip_rest("the statement cannot be read (V1)");
            Ok(None)
        }
    }
}
