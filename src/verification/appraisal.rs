//! The appraisal: what the originator concludes. It begins with the verdict and can only worsen it.

pub(super) mod control;
pub(super) mod exception;
pub(super) mod seed;

use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::Phase;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::ReasonGroup;
use crate::finding::verdict::group;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::ExceptionEntry;
use crate::ledger::entry::ReceiptEntry;
use crate::support::number::grouped;
use crate::support::number::of;
use crate::support::sanitize;
use crate::verification::CheckResult;
use crate::verification::Context;
use crate::verification::Failure;
use crate::verification::Status;

/// The originator's conclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appraisal {
    /// The word.
    pub(crate) conclusion: Conclusion,
    /// Why it is no better, in words. Empty where nothing stands against it.
    pub(crate) reasons: Vec<String>,
    /// Those of the reasons that only the ledger knows, and no scan.
    pub(crate) known: Vec<Failure>,
    /// What a reader should know besides; it changes nothing.
    pub(crate) notes: Vec<String>,
    /// The copies in backups for which `clear` does not speak, and the days on which they are gone.
    pub(crate) exceptions: Vec<ExceptionEntry>,
}

/// Nothing was concluded yet, so nothing is accepted.
impl Default for Appraisal {
    fn default() -> Appraisal {
        Appraisal {
            conclusion: Conclusion::Failed,
            reasons: Vec::new(),
            known: Vec::new(),
            notes: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

impl Appraisal {
    /// Is no better than what was concluded when the same bytes were entered, and says so.
    pub(crate) fn hold(&mut self, recorded: &ReceiptEntry) {
        if recorded.appraisal <= self.conclusion {
            return;
        }
        let reasons = if recorded.reasons.is_empty() { "no reason is kept".to_owned() } else { recorded.reasons.join("; ") };
        let reason = format!(
            "in the ledger it is appraised as `{}`, which is worse than what is seen now, and counts: {}",
            recorded.appraisal.word(),
            reasons.split_inclusive(' ').map(sanitize::clean).collect::<String>()
        );
        self.conclusion = recorded.appraisal;
        self.exceptions.clear();
        self.reasons.push(reason.clone());
        self.notes.push(reason);
    }

    /// Takes in what only the ledger knows. It never makes the conclusion better.
    fn worsen(&mut self, conclusion: Conclusion, reason: String, help: &'static str) {
        self.conclusion = self.conclusion.max(conclusion);
        self.reasons.push(reason.clone());
        self.known.push(Failure { reason, help });
    }
}

/// Concludes from the checks and the recomputed verdict. Never better than the verdict; a failed check, or one that could not run, is worst.
pub(super) fn appraise(checks: &[CheckResult], judgement: Option<&Judgement>, notes: Vec<String>) -> Appraisal {
    let mut failures = Vec::new();
    let mut doubts = Vec::new();
    for check in checks {
        match &check.status {
            Status::Passed => doubts.extend(check.doubts.iter().map(|doubt| doubt.reason.clone())),
            Status::Failed(found) => {
                failures.extend(found.iter().map(|failure| format!("V{}: {}", check.number, failure.reason)));
            }
            Status::NotRun(because) => failures.push(format!("V{} could not run: {because}", check.number)),
        }
    }
    let Some(judgement) = judgement.filter(|_| failures.is_empty()) else {
        return Appraisal { conclusion: Conclusion::Failed, reasons: failures, known: Vec::new(), notes, exceptions: Vec::new() };
    };
    let mut conclusion = Conclusion::from(judgement.verdict);
    if !doubts.is_empty() {
        conclusion = conclusion.max(Conclusion::Inconclusive);
    }
    let reasons = group(&judgement.reasons).iter().map(words).chain(doubts).collect();
    Appraisal { conclusion, reasons, known: Vec::new(), notes, exceptions: Vec::new() }
}

/// What changes nothing and should be known.
pub(super) fn notes(context: &Context<'_>, stated: &AttestationV1) -> Vec<String> {
    let mut notes = Vec::new();
    let phase = context.entry.phase;
    if phase != Phase::Baseline && context.is_salt_known {
        notes.push(
            "the salt was released by an earlier challenge, so that the scan took place after this one rests on the recipient's clock".to_owned(),
        );
    }
    if phase != Phase::Baseline && context.challenge.baseline.is_none() {
        notes.push(
            "the challenge was issued without a baseline, so nothing says whether these are the places where the data were"
                .to_owned(),
        );
    }
    if context.challenge.policy.empty_accepted && stated.outcome().is_some_and(|outcome| outcome.is_seen_empty()) {
        notes.push(
            "no row of a person is left, as the challenge accepts; an empty copy in the same place would look the same, so this rests on the targets being those of the baseline"
                .to_owned(),
        );
    }
    let resumed: Vec<&str> =
        stated.coverage.targets.iter().filter_map(|target| Some(target.resumed.as_ref()?.scanned_at.as_str())).collect();
    if let Some(first) = resumed.iter().min() {
        notes.push(format!(
            "{} of {} were read by an earlier run of the scan, from {} on, and taken over, since their content was the same when this run came to them",
            grouped(resumed.len() as u64),
            of(stated.coverage.targets.len() as u64, "target"),
            sanitize::clean(first)
        ));
    }
    let baseline = if phase == Phase::Baseline { Some(stated) } else { context.baseline.as_ref() };
    if let Some(baseline) = baseline {
        let mut found = baseline.coverage.targets.iter().filter(|target| target.records_found > 0).peekable();
        if found.peek().is_some() && found.all(|target| matches!(target.kind.as_str(), "csv" | "tsv")) {
            notes.push("the baseline found the data in files only, and in no system in which they would be used".to_owned());
        }
    }
    notes
}

/// What the parties may do about reasons of a verdict.
pub(crate) fn help(code: ReasonCode, count: Option<u64>) -> &'static str {
    match (code, count.unwrap_or_default()) {
        (ReasonCode::SentinelMissed, 0) => {
            "say with `--map` what the columns hold; `residua inspect SOURCE` shows what they are taken for"
        }
        _ => code.help(),
    }
}

/// Keys by their names, of many the first ones.
fn named(keys: &[&str]) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> = keys.iter().take(SHOWN).map(|key| format!("`{}`", sanitize::clean(key))).collect();
    if keys.len() > SHOWN {
        names.push(format!("and {} more", keys.len() - SHOWN));
    }
    names.join(", ")
}

/// Reasons of a verdict in words.
pub(crate) fn words(reasons: &ReasonGroup<'_>) -> String {
    let place = reasons.place.map(sanitize::clean).unwrap_or_default();
    let keys = named(&reasons.keys);
    let number = reasons.count.unwrap_or_default();
    match reasons.code {
        ReasonCode::SupplyRecordFound => format!("`{place}` holds {}, found by {keys}", of(number, "supplied record")),
        ReasonCode::PersonFound => {
            format!(
                "`{place}` holds {} of the people asked about without a declared lawful source, found by {keys}",
                grouped(number)
            )
        }
        ReasonCode::Gap => match reasons.count {
            Some(number) => format!("not all was seen: {place} ({})", grouped(number)),
            None => format!("not all was seen: {place}"),
        },
        ReasonCode::NothingRead => "not one row was read from which a match key could be formed".to_owned(),
        ReasonCode::SentinelMissed if number == 0 => {
            "by what they are taken for the columns form no match key, so that the scan could put in no row of its own to see itself work"
                .to_owned()
        }
        ReasonCode::SentinelMissed => format!("not found: {} that the scan put in itself", of(number, "sentinel row")),
        ReasonCode::KnownAnswerMissed if number == 0 => "no known answer was looked up in the manifest".to_owned(),
        ReasonCode::KnownAnswerMissed => format!("not found: {} of the manifest", of(number, "known answer")),
        ReasonCode::PossibleCoincidence => format!(
            "in `{place}`, {} of text with many names and values, or of another name, {} with people asked about by {keys}, which may be chance or a twin",
            of(number, "row"),
            if number == 1 { "agrees" } else { "agree" }
        ),
        ReasonCode::AggregateExcess => {
            format!("`{place}` holds more records that agree on {keys} than coincidence explains: {}", grouped(number))
        }
        ReasonCode::WeakKeys => format!(
            "`{place}` has no key that could tell coincidence from a find, and {keys} agrees for {}",
            of(number, "record")
        ),
        ReasonCode::RowsUnkeyed => {
            format!(
                "in `{place}`, {} with something of a person formed no match key, more than the challenge allows",
                of(number, "row")
            )
        }
        ReasonCode::DeclarationNotAccepted => {
            format!("people found in `{place}` are declared lawful as {keys}, which the challenge does not accept")
        }
        ReasonCode::SupplyRecordDeclaredLawful => {
            format!("`{place}` is declared lawful, and holds {}, found by {keys}", of(number, "supplied record"))
        }
        ReasonCode::ExclusionNotAccepted => format!("`{place}` was left out, which the challenge does not accept"),
        ReasonCode::NotScannedNotAccepted => format!("`{place}` was not scanned, which the challenge does not accept"),
        ReasonCode::RequiredKeyMissing => format!("no target could be searched by {keys}, which the challenge requires"),
        ReasonCode::BaselineShare => {
            format!("the baseline found {}, fewer than the share that the challenge asks for", of(number, "record"))
        }
    }
}
