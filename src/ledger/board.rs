//! The board: one line a supply, with its state and what to do next.

use crate::finding::Phase;
use crate::ledger::Challenge;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::ReceiptEntry;
use crate::support::time;
use jiff::civil::Date;
use std::fmt;

/// From how many days before the agreed day a supply is called due.
const DUE_DAYS: i64 = 30;

/// Where a supply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Supplied, and no baseline was accepted yet.
    AwaitingBaseline,
    /// The agreed day is more than thirty days away.
    InUse,
    /// The agreed day comes in so many days.
    Due(i64),
    /// The agreed day passed so many days ago, and nobody was asked, or the challenge ended without an answer.
    Overdue(i64),
    /// A challenge waits for its answer.
    ChallengeIssued,
    /// The newest attestation was appraised as clear.
    AttestedClear,
    /// The newest attestation was appraised as residual.
    Residual,
    /// The newest attestation was appraised as inconclusive.
    Inconclusive,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::AwaitingBaseline => formatter.write_str("awaiting baseline"),
            State::InUse => formatter.write_str("in use"),
            State::Due(days) => write!(formatter, "due in {days} d"),
            State::Overdue(days) => write!(formatter, "overdue {days} d"),
            State::ChallengeIssued => formatter.write_str("challenge issued"),
            State::AttestedClear => formatter.write_str("attested clear"),
            State::Residual => formatter.write_str("residual"),
            State::Inconclusive => formatter.write_str("inconclusive"),
        }
    }
}

/// One line of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoardRow {
    /// The supply.
    pub(crate) supply_id: String,
    /// As many digits of it as a person has to type.
    pub(crate) short_id: String,
    /// The name on the recipient's card.
    pub(crate) recipient: String,
    /// Distinct records.
    pub(crate) records: u64,
    /// The agreed day.
    pub(crate) delete_by: Date,
    /// Where it stands.
    pub(crate) state: State,
    /// The next command.
    pub(crate) next_command: String,
    /// When, or why, or what else; may be empty.
    pub(crate) remark: String,
    /// The agreed day has passed, the data are not attested as deleted, and no challenge waits for an answer.
    pub(crate) is_overdue: bool,
}

impl BoardRow {
    /// What to do next, in one line.
    pub(crate) fn next_action(&self) -> String {
        let command = &self.next_command;
        if self.remark.is_empty() { format!("`{command}`") } else { format!("`{command}` ({})", self.remark) }
    }
}

/// The board on a UTC day, the oldest supply first.
pub(crate) fn rows(view: &LedgerView, today: Date) -> Vec<BoardRow> {
    view.supplies().iter().map(|supply| row(view, supply, today)).collect()
}

/// The line of one supply.
pub(crate) fn row(view: &LedgerView, supply: &Supply, today: Date) -> BoardRow {
    let short_id = view.short_id(&supply.entry.supply_id);
    let (state, (next_command, remark)) = stand(supply, short_id, today);
    let is_past = today > supply.delete_by;
    BoardRow {
        supply_id: supply.entry.supply_id.clone(),
        short_id: short_id.to_owned(),
        recipient: supply.entry.recipient.name.clone(),
        records: supply.entry.records,
        delete_by: supply.delete_by,
        state,
        next_command,
        remark,
        is_overdue: is_past && (!matches!(state, State::AttestedClear | State::ChallengeIssued) || waits_in_vain(supply, today)),
    }
}

/// The next command, and the remark that goes with it.
type Next = (String, String);

fn stand(supply: &Supply, id: &str, today: Date) -> (State, Next) {
    let asked: Vec<&Challenge> = supply.challenges.iter().filter(|challenge| challenge.phase != Phase::Baseline).collect();
    let answered = asked.iter().rposition(|challenge| challenge.answer().is_some());
    let later = asked.get(answered.map_or(0, |position| position + 1)..).unwrap_or_default();
    if let Some(open) = later.iter().rev().find(|challenge| is_open(challenge, today)) {
        return (State::ChallengeIssued, wait(open, id));
    }
    let ask = |phase: &str| format!("residua challenge {id} --phase {phase}");
    let why = format!("`residua supplies show {id}`");
    if let Some(answer) = answered.and_then(|position| asked.get(position)).and_then(|challenge| challenge.answer()) {
        return concluded(answer, ask("deletion"), ask("recheck"), &why);
    }
    let days = time::days_between(today, supply.delete_by);
    let baselines = supply.challenges.iter().rev().filter(|challenge| challenge.phase == Phase::Baseline);
    let open_baseline = baselines.clone().find(|challenge| is_open(challenge, today));
    let is_baseline_answered = baselines.clone().any(|challenge| challenge.answer().is_some());
    let has_baseline = supply.accepted_baseline().is_some();
    if days < 0 {
        let without = format!("{} --without-baseline", ask("deletion"));
        let next = match open_baseline {
            _ if has_baseline => (ask("deletion"), String::new()),
            // Nobody asked for the deletion yet, and what the baseline found can still be compared with.
            Some(open) if later.is_empty() => {
                let (command, remark) = wait(open, id);
                (command, format!("{remark}; or ask for the deletion and compare with nothing: `{without}`"))
            }
            None if later.is_empty() && is_baseline_answered => (
                format!("{} --baseline-percent N", ask("baseline")),
                format!(
                    "the baseline was not accepted; {why} says why, and N is the share that is to be found; or ask for the deletion and \
                     compare with nothing: `{without}`"
                ),
            ),
            _ => (without, "no baseline was accepted, so that the answer is compared with nothing".to_owned()),
        };
        let since = if later.is_empty() { "" } else { "the last challenge ended without an accepted answer" };
        let remark = [since, &next.1].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        return (State::Overdue(-days), (next.0, remark));
    }
    if !has_baseline {
        let next = match open_baseline {
            Some(open) => wait(open, id),
            None if is_baseline_answered => (
                ask("baseline"),
                format!("the baseline was not accepted; {why} says why; `--baseline-percent` asks for a smaller share"),
            ),
            None => (ask("baseline"), String::new()),
        };
        return (State::AwaitingBaseline, next);
    }
    let first = supply.delete_by.tomorrow().unwrap_or(supply.delete_by);
    let next = (ask("deletion"), format!("from {first} on"));
    (if days <= DUE_DAYS { State::Due(days) } else { State::InUse }, next)
}

fn concluded(answer: &ReceiptEntry, again: String, recheck: String, why: &str) -> (State, Next) {
    match answer.appraisal {
        Conclusion::Clear => (State::AttestedClear, (recheck, "nothing is due; a recheck may be asked for later".to_owned())),
        Conclusion::Residual => (State::Residual, (again, "after the recipient has deleted the rest".to_owned())),
        Conclusion::Inconclusive | Conclusion::Present | Conclusion::Failed => {
            (State::Inconclusive, (again, format!("after the recipient has mended what the reasons name: {why}")))
        }
    }
}

/// Whether an answer can still come.
fn is_open(challenge: &Challenge, today: Date) -> bool {
    challenge.answer().is_none() && today <= time::day(challenge.expires_at)
}

/// Whether the challenge that waits for its answer is for a key that was replaced or revoked since.
fn waits_in_vain(supply: &Supply, today: Date) -> bool {
    let mut asked = supply.challenges.iter().rev().filter(|challenge| challenge.phase != Phase::Baseline);
    asked.find(|challenge| is_open(challenge, today)).is_some_and(|challenge| challenge.is_key_out)
}

fn wait(challenge: &Challenge, id: &str) -> Next {
    if challenge.is_key_out {
        let again = format!("residua challenge {id} --phase {}", challenge.phase.word());
        return (again, "nobody can answer the last challenge: its key was replaced or revoked".to_owned());
    }
    let until = time::day(challenge.expires_at);
    let remark = if challenge.receipts.is_empty() {
        format!("await the attestation until {until}")
    } else {
        format!("the attestation received failed its checks: ask for another until {until}")
    };
    ("residua verify ATTESTATION".to_owned(), remark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::declaration::Policy;
    use crate::ledger::entry::Entry;
    use crate::ledger::entry::RevocationEntry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;

    struct Desk {
        originator: Originator,
        id: String,
    }

    impl Desk {
        fn new() -> Desk {
            let mut originator = Originator::new();
            let card = originator.recipient.card();
            let id = originator.supply(&card);
            Desk { originator, id }
        }

        fn ask(&mut self, phase: Phase, now: &str) {
            let agreed = Policy { without_baseline: true, ..Policy::default() };
            self.originator.challenge(&self.id, phase, now, agreed);
        }

        /// Enters an answer to the newest challenge.
        fn answer(&mut self, appraisal: Conclusion) {
            let challenge = self.originator.ledger.view().supplies()[0].challenges.last().unwrap().entry.clone();
            let attestation = self.originator.ledger.len().to_string().into_bytes();
            let receipt = ReceiptEntry {
                supply_id: challenge.supply_id,
                challenge_id: challenge.challenge_id,
                phase: challenge.phase,
                attestation: self.originator.ledger.keep_document(&attestation).unwrap(),
                received_at: challenge.issued_at.clone(),
                verdict: "x".to_owned(),
                appraisal,
                reasons: Vec::new(),
                signer: None,
            };
            self.originator.ledger.add_receipt(at(&challenge.issued_at), receipt, &attestation).unwrap();
        }

        /// State, overdue or not, and next action.
        fn on(&self, day: &str) -> (String, bool, String) {
            let row = rows(self.originator.ledger.view(), time::parse_day(day).unwrap()).remove(0);
            (row.state.to_string(), row.is_overdue, row.next_action())
        }

        fn expect(&self, day: &str, state: &str, is_overdue: bool, next: &str) {
            let (found, overdue, action) = self.on(day);
            assert_eq!((found.as_str(), overdue), (state, is_overdue), "{day}");
            assert!(action.contains(next), "{day}: {action}");
        }
    }

    /// A challenge that is for a key of the past waits for nobody.
    #[test]
    fn a_challenge_that_nobody_can_answer_is_to_be_issued_anew() {
        let mut desk = Desk::new();
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        desk.expect("2017-07-03", "challenge issued", false, "await the attestation");
        let fingerprint = desk.originator.recipient.fingerprint().to_owned();
        let entry = RevocationEntry { fingerprint, since: "2017-07-03".to_owned(), reason: "stolen".to_owned() };
        desk.originator.ledger.append(at("2017-07-03T10:00:00Z"), Entry::Revocation(entry)).unwrap();
        desk.expect("2017-07-03", "challenge issued", true, "residua challenge 01010101 --phase deletion` (nobody can answer");
        desk.expect("2017-07-18", "overdue 18 d", true, "");
    }

    #[test]
    fn the_life_of_a_supply() {
        let mut desk = Desk::new();
        desk.expect("2017-05-06", "awaiting baseline", false, "residua challenge 01010101 --phase baseline");
        desk.expect("2017-07-02", "overdue 2 d", true, "--phase deletion --without-baseline` (");
        desk.ask(Phase::Baseline, "2017-05-08T09:00:00Z");
        desk.expect("2017-05-22", "awaiting baseline", false, "await the attestation until 2017-05-22");
        desk.expect("2017-05-23", "awaiting baseline", false, "--phase baseline");
        desk.answer(Conclusion::Failed);
        desk.expect("2017-05-09", "awaiting baseline", false, "failed its checks");
        desk.answer(Conclusion::Inconclusive);
        desk.expect("2017-05-09", "awaiting baseline", false, "residua supplies show 01010101");
        desk.expect("2017-07-02", "overdue 2 d", true, "`residua challenge 01010101 --phase baseline --baseline-percent N` (");
        desk.expect("2017-07-02", "overdue 2 d", true, "--phase deletion --without-baseline`");
        desk.ask(Phase::Baseline, "2017-05-08T09:00:00Z");
        desk.answer(Conclusion::Present);
        desk.expect("2017-05-30", "in use", false, "`residua challenge 01010101 --phase deletion` (from 2017-07-01 on)");
        desk.expect("2017-05-31", "due in 30 d", false, "from 2017-07-01");
        desk.expect("2017-06-30", "due in 0 d", false, "from 2017-07-01");
        desk.expect("2017-07-01", "overdue 1 d", true, "`residua challenge 01010101 --phase deletion`");
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        desk.expect("2017-07-17", "challenge issued", false, "until 2017-07-17");
        desk.expect("2017-07-18", "overdue 18 d", true, "ended without");
        desk.ask(Phase::Deletion, "2017-07-18T09:00:00Z");
        desk.answer(Conclusion::Residual);
        desk.expect("2017-07-18", "residual", true, "deleted the rest");
        desk.ask(Phase::Deletion, "2017-07-19T09:00:00Z");
        desk.expect("2017-07-19", "challenge issued", false, "residua verify");
        desk.answer(Conclusion::Inconclusive);
        desk.expect("2017-07-19", "inconclusive", true, "mend");
        desk.ask(Phase::Deletion, "2017-07-20T09:00:00Z");
        desk.answer(Conclusion::Clear);
        desk.expect("2017-07-20", "attested clear", false, "--phase recheck` (nothing is due");
        desk.ask(Phase::Recheck, "2018-07-20T09:00:00Z");
        desk.expect("2018-07-20", "challenge issued", false, "");
        desk.expect("2018-09-20", "attested clear", false, "");
        desk.answer(Conclusion::Residual);
        desk.expect("2018-09-20", "residual", true, "");
    }
}
