//! The board: one line a supply, with its state and what to do next.

pub(crate) mod filter;
pub(crate) mod onward;

use crate::finding::Phase;
use crate::ledger::Challenge;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::entry::ClosingEntry;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::DisputeEntry;
use crate::ledger::entry::ExceptionEntry;
use crate::ledger::entry::ReceiptEntry;
use crate::support::sanitize;
use crate::support::time;
use jiff::civil::Date;
use std::fmt;

/// From how many days before the agreed day a supply is called due.
const DUE_DAYS: i64 = 30;

/// Characters of an objection's reason that the board quotes.
const LONGEST_QUOTE: usize = 60;

/// Where a supply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Supplied, and no baseline was accepted yet.
    AwaitingBaseline,
    /// The agreed day is more than thirty days away.
    InUse,
    /// The agreed day comes in so many days.
    Due(i64),
    /// The agreed day passed so many days ago, and nobody was asked, or the challenge ended without an answer; or the day of an exception did.
    Overdue(i64),
    /// A challenge waits for its answer.
    ChallengeIssued,
    /// The newest attestation was appraised as clear, and so was every other that may be as new.
    AttestedClear,
    /// As [`State::AttestedClear`], but for copies in backups, of which the first are overwritten on this day.
    ClearWithExceptions(Date),
    /// An attestation that stands was appraised as residual.
    Residual,
    /// An attestation that stands was appraised as inconclusive.
    Inconclusive,
    /// A party objects, and that is not settled.
    Disputed,
    /// It was attested clear, and what was kept of it is destroyed on both sides.
    Closed,
    /// What was kept of it is destroyed, although it was not attested clear or the recipient's records are not whole.
    ClosedUnresolved,
}

impl State {
    /// The words of all states, for programs.
    pub(crate) const WORDS: [&str; 12] = [
        "awaiting_baseline",
        "in_use",
        "due",
        "overdue",
        "challenge_issued",
        "attested_clear",
        "clear_with_exceptions",
        "residual",
        "inconclusive",
        "disputed",
        "closed",
        "closed_unresolved",
    ];

    /// The word for programs: without days, which stand beside it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::AwaitingBaseline => "awaiting_baseline",
            State::InUse => "in_use",
            State::Due(_) => "due",
            State::Overdue(_) => "overdue",
            State::ChallengeIssued => "challenge_issued",
            State::AttestedClear => "attested_clear",
            State::ClearWithExceptions(_) => "clear_with_exceptions",
            State::Residual => "residual",
            State::Inconclusive => "inconclusive",
            State::Disputed => "disputed",
            State::Closed => "closed",
            State::ClosedUnresolved => "closed_unresolved",
        }
    }

    /// What a narrow table says: without the day that stands in the remark.
    pub(crate) fn short(self) -> String {
        match self {
            State::ClearWithExceptions(_) => "clear with exceptions".to_owned(),
            _ => self.to_string(),
        }
    }
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
            State::ClearWithExceptions(until) => write!(formatter, "clear with exceptions until {until}"),
            State::Residual => formatter.write_str("residual"),
            State::Inconclusive => formatter.write_str("inconclusive"),
            State::Disputed => formatter.write_str("disputed"),
            State::Closed => formatter.write_str("closed"),
            State::ClosedUnresolved => formatter.write_str("closed unresolved"),
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
    /// The next command; empty where there is none.
    pub(crate) next_command: String,
    /// When, or why, or what else; may be empty.
    pub(crate) remark: String,
    /// The agreed day has passed, no challenge waits for an answer, and the data are not attested as deleted, or a later challenge ended
    /// without an accepted answer, or an onward recipient's attestation is missing or not clear.
    pub(crate) is_overdue: bool,
    /// Days until the state changes by itself: until the agreed day, the end of a challenge, or the day of an exception. Negative where it has
    /// passed; `None` where nothing is due.
    pub(crate) days: Option<i64>,
    /// The day of the first exception, where the supply is clear but for one.
    pub(crate) until: Option<Date>,
    /// Objections that are not settled.
    pub(crate) disputes: u32,
    /// Onward recipients of whom an attestation is missing.
    pub(crate) missing_onward: u32,
    /// Time stamps over its documents.
    pub(crate) stamps: u32,
}

impl BoardRow {
    /// What to do next, in one line.
    pub(crate) fn next_action(&self) -> String {
        let command = &self.next_command;
        if command.is_empty() {
            return self.remark.clone();
        }
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
    let stand = stand(supply, short_id, today);
    let onward = onward::Summary::new(&onward::tree(view, supply));
    let is_disputed = supply.open_disputes().next().is_some();
    let is_closed = supply.closed.is_some();
    // What was begun has to be ended, however it stood before.
    let is_half_closed = supply.closing.is_some() && !is_closed;
    let is_overdue = is_half_closed || (!is_closed && stand.is_overdue(today > supply.delete_by, is_disputed || onward.is_open));
    let disputes = u32::try_from(supply.open_disputes().count()).unwrap_or(u32::MAX);
    let until = match stand.state {
        State::ClearWithExceptions(until) => Some(until).filter(|_| !is_closed),
        _ => None,
    };
    let days = stand.due.filter(|_| !is_closed).map(|due| time::days_between(today, due));
    let next = onward.join(&stand, short_id);
    let (state, (next_command, remark)) = match (&supply.closing, supply.open_disputes().next()) {
        (Some(closing), _) if is_closed => {
            let doubts = supply.doubts_of_records(view.parties()).into_iter().map(str::to_owned).chain(onward.doubts());
            closed(closing, stand.state, &doubts.collect::<Vec<_>>(), disputes)
        }
        (Some(closing), dispute) => {
            let remark = format!("its closing was begun on {} and not ended", day(&closing.started_at));
            let state = if dispute.is_some() { State::Disputed } else { stand.state };
            (state, (format!("residua close {short_id} --as KEY"), onward.beside(remark)))
        }
        (None, Some(dispute)) => {
            let (state, (command, remark)) = disputed(dispute, stand.state, short_id);
            (state, (command, onward.beside(remark)))
        }
        (None, None) => (stand.state, next),
    };
    BoardRow {
        supply_id: supply.entry.supply_id.clone(),
        short_id: short_id.to_owned(),
        recipient: supply.entry.recipient.name.clone(),
        records: supply.entry.records,
        delete_by: supply.delete_by,
        state,
        next_command,
        remark,
        is_overdue,
        days,
        until,
        disputes,
        missing_onward: onward.missing,
        stamps: u32::try_from(supply.stamps.len()).unwrap_or(u32::MAX),
    }
}

/// The next command, and the remark that goes with it.
type Next = (String, String);

/// Where a supply stands, and what follows.
struct Stand {
    state: State,
    next: Next,
    /// A challenge after the newest answered one ended without an accepted answer, or nobody can answer it.
    has_lapsed: bool,
    /// The day on which that changes by itself.
    due: Option<Date>,
}

impl Stand {
    /// The one rule for what is overdue, and so for the exit code. What is disputed does not count as attested, and neither does what went on to
    /// somebody of whom no attestation is there, or none that is clear: `is_doubted`.
    fn is_overdue(&self, is_past: bool, is_doubted: bool) -> bool {
        is_past
            && match self.state {
                State::ChallengeIssued => self.has_lapsed,
                State::AttestedClear | State::ClearWithExceptions(_) => self.has_lapsed || is_doubted,
                State::AwaitingBaseline
                | State::InUse
                | State::Due(_)
                | State::Overdue(_)
                | State::Residual
                | State::Inconclusive
                | State::Disputed
                // How a supply stands is asked before its end.
                | State::Closed
                | State::ClosedUnresolved => true,
            }
    }
}

fn stand(supply: &Supply, id: &str, today: Date) -> Stand {
    let ask = |phase: &str| format!("residua challenge {id} --phase {phase}");
    let answers: Vec<&ReceiptEntry> = supply.standing_answers().collect();
    if let Some(open) = supply.unanswered().rev().find(|challenge| is_open(challenge, today)) {
        let (command, remark) = wait(open, id);
        let before = match worst(&answers) {
            None | Some(Conclusion::Clear) => "",
            Some(Conclusion::Residual) => "; before that: residual",
            Some(_) => "; before that: inconclusive",
        };
        let due = Some(time::day(open.expires_at));
        return Stand {
            state: State::ChallengeIssued,
            next: (command, format!("{remark}{before}")),
            has_lapsed: open.is_key_out,
            due,
        };
    }
    let ended = supply.unanswered().next_back();
    let lapsed = ended.map(lapsed);
    let has_lapsed = lapsed.is_some();
    if let Some(worst) = worst(&answers) {
        let exceptions = if worst == Conclusion::Clear { first_exceptions(&answers) } else { None };
        let due = match (worst, &exceptions) {
            (_, Some((until, _))) => Some(*until),
            (Conclusion::Clear, None) => ended.map(|challenge| time::day(challenge.expires_at)),
            _ => Some(supply.delete_by),
        };
        let (state, (command, remark)) = match exceptions {
            Some((until, systems)) => excepted(until, &systems, ask("recheck"), today),
            None => concluded(worst, ask("deletion"), ask("recheck"), id),
        };
        let remark = match lapsed {
            Some(lapsed) if state == State::AttestedClear => lapsed,
            Some(lapsed) => format!("{lapsed}; {remark}"),
            None => remark,
        };
        return Stand { state, next: (command, remark), has_lapsed, due };
    }
    let (state, next) = unanswered(supply, id, today);
    let baseline =
        supply.challenges.iter().rev().find(|challenge| challenge.phase == Phase::Baseline && is_open(challenge, today));
    let due = match (state, baseline) {
        (State::AwaitingBaseline, Some(open)) => time::day(open.expires_at).min(supply.delete_by),
        _ => supply.delete_by,
    };
    Stand { state, next, has_lapsed, due: Some(due) }
}

/// How a supply stands of which nothing is kept. What its answers, the recipient's records, and those below it were worth may have become less since.
fn closed(closing: &ClosingEntry, stood: State, doubts: &[String], disputes: u32) -> (State, Next) {
    let is_clear = stood == State::AttestedClear;
    let mut remark = format!("closed on {}", day(&closing.started_at));
    match &closing.unresolved {
        Some(reason) => remark.push_str(&format!(": {}", sanitize::clean(reason))),
        None if is_clear => {}
        None => remark.push_str(&format!("; by what counts today it would stand as `{stood}`")),
    }
    if closing.unresolved.is_none() {
        remark.extend(doubts.iter().map(|doubt| format!("; {doubt}")));
    }
    if disputes > 0 {
        remark.push_str("; an objection is not settled");
    }
    let is_resolved = is_clear && closing.unresolved.is_none() && doubts.is_empty();
    (if is_resolved { State::Closed } else { State::ClosedUnresolved }, (String::new(), remark))
}

/// The day of a time of an entry.
fn day(at: &str) -> String {
    time::parse(at).map_or_else(String::new, |at| time::day(at).to_string())
}

/// How a supply stands to which a party objects.
fn disputed(dispute: &DisputeEntry, state: State, id: &str) -> (State, Next) {
    let raised = time::parse(&dispute.raised_at).map_or_else(String::new, |at| format!(" of {}", time::day(at)));
    let reason: String = dispute.reason.chars().take(LONGEST_QUOTE).collect();
    let more = if reason.len() < dispute.reason.len() { "…" } else { "" };
    let remark = format!(
        "objection {}{raised} by the {}: {}{more}; else: {}",
        dispute.number,
        dispute.by.word(),
        sanitize::clean(&reason),
        state
    );
    (State::Disputed, (format!("residua dispute {id} --settle {} --reason TEXT", dispute.number), remark))
}

/// The worst of the answers that stand. A baseline's word and a failed check conclude nothing here.
fn worst(answers: &[&ReceiptEntry]) -> Option<Conclusion> {
    let is_any = |conclusion: Conclusion| answers.iter().any(|answer| answer.appraisal == conclusion);
    if answers.is_empty() {
        None
    } else if is_any(Conclusion::Residual) {
        Some(Conclusion::Residual)
    } else if answers.iter().all(|answer| answer.appraisal == Conclusion::Clear) {
        Some(Conclusion::Clear)
    } else {
        Some(Conclusion::Inconclusive)
    }
}

/// The earliest roll-off among the exceptions of clear answers, with the backups that are due on that day.
fn first_exceptions(answers: &[&ReceiptEntry]) -> Option<(Date, Vec<String>)> {
    let until = answers.iter().filter_map(|answer| answer.clear_until()).min()?;
    let is_due = |exception: &&ExceptionEntry| time::parse_day(&exception.roll_off) == Some(until);
    let due = answers.iter().flat_map(|answer| answer.exceptions.iter().filter(is_due));
    let mut systems: Vec<String> = due.map(|exception| format!("`{}`", sanitize::clean(&exception.system))).collect();
    systems.sort();
    systems.dedup();
    Some((until, systems))
}

/// Where a supply stands that is clear but for copies in backups. After the day of the first of them nobody knows whether they are gone.
fn excepted(until: Date, systems: &[String], recheck: String, today: Date) -> (State, Next) {
    let systems = systems.join(", ");
    if today > until {
        let remark = format!(
            "the copies in {systems} were to be overwritten on {until}; what is still there the recipient declares anew, with its day"
        );
        return (State::Overdue(time::days_between(until, today)), (recheck, remark));
    }
    let from = until.tomorrow().unwrap_or(until);
    let remark = format!("from {from} on; the copies in {systems} are to be overwritten on {until}");
    (State::ClearWithExceptions(until), (recheck, remark))
}

/// Where a supply stands of which no answer after the agreed day was accepted.
fn unanswered(supply: &Supply, id: &str, today: Date) -> (State, Next) {
    let ask = |phase: &str| format!("residua challenge {id} --phase {phase}");
    let why = format!("`residua supplies show {id}`");
    let was_asked = supply.unanswered().next().is_some();
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
            Some(open) if !was_asked => {
                let (command, remark) = wait(open, id);
                (command, format!("{remark}; or ask for the deletion and compare with nothing: `{without}`"))
            }
            None if !was_asked && is_baseline_answered => (
                format!("{} --baseline-percent N", ask("baseline")),
                format!(
                    "the baseline was not accepted; {why} says why, and N is the share that is to be found; or ask for the deletion and \
                     compare with nothing: `{without}`"
                ),
            ),
            _ => (without, "no baseline was accepted, so that the answer is compared with nothing".to_owned()),
        };
        let since = if was_asked { "the last challenge ended without an accepted answer" } else { "" };
        let remark = [since, &next.1].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        return (State::Overdue(-days), (next.0, remark));
    }
    if !has_baseline {
        let next = match open_baseline {
            Some(open) => wait(open, id),
            None if is_baseline_answered => (
                ask("baseline"),
                format!(
                    "the baseline is not accepted; {why} says why; where it found too few, `--baseline-percent` asks for a smaller share"
                ),
            ),
            None => (ask("baseline"), String::new()),
        };
        return (State::AwaitingBaseline, next);
    }
    let first = supply.delete_by.tomorrow().unwrap_or(supply.delete_by);
    let next = (ask("deletion"), format!("from {first} on"));
    (if days <= DUE_DAYS { State::Due(days) } else { State::InUse }, next)
}

fn concluded(worst: Conclusion, again: String, recheck: String, id: &str) -> (State, Next) {
    match worst {
        Conclusion::Clear => (State::AttestedClear, (recheck, "nothing is due; a recheck may be asked for later".to_owned())),
        Conclusion::Residual => (State::Residual, (again, "after the recipient has deleted the rest".to_owned())),
        Conclusion::Inconclusive | Conclusion::Present | Conclusion::Failed => {
            let why = format!("after the recipient has mended what the reasons name: `residua supplies show {id}`");
            (State::Inconclusive, (again, why))
        }
    }
}

/// That a challenge ended, in words.
fn lapsed(challenge: &Challenge) -> String {
    let (what, issued) = (asked_for(challenge.phase), time::day(challenge.issued_at));
    if challenge.receipts.is_empty() {
        format!("the {what} of {issued} was not answered")
    } else {
        format!("what was received for the {what} of {issued} failed its checks")
    }
}

/// What a challenge asks for.
fn asked_for(phase: Phase) -> &'static str {
    match phase {
        Phase::Baseline => "baseline",
        Phase::Deletion => "deletion scan",
        Phase::Recheck => "recheck",
        Phase::Restore => "scan after a restore",
    }
}

/// Whether an answer can still come.
fn is_open(challenge: &Challenge, today: Date) -> bool {
    challenge.answer().is_none() && today <= time::day(challenge.expires_at)
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
    use crate::ledger::entry::SettlementEntry;
    use crate::ledger::entry::Side;
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
            let newest = self.originator.ledger.view().supplies()[0].challenges.len() - 1;
            self.answer_to(newest, appraisal);
        }

        /// Enters an answer to a challenge by its number.
        fn answer_to(&mut self, challenge: usize, appraisal: Conclusion) {
            self.answer_but_for(challenge, appraisal, &[]);
        }

        /// As [`Desk::answer_to`], but for copies in backups, which are overwritten on these days.
        fn answer_but_for(&mut self, challenge: usize, appraisal: Conclusion, backups: &[(&str, &str)]) {
            let exceptions = backups.iter().map(|(system, roll_off)| ExceptionEntry {
                system: (*system).to_owned(),
                last_copy: "2017-06-29".to_owned(),
                roll_off: (*roll_off).to_owned(),
                rotation: "monthly".to_owned(),
            });
            let exceptions = exceptions.collect();
            let challenge = self.originator.ledger.view().supplies()[0].challenges[challenge].entry.clone();
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
                exceptions,
                onward: Vec::new(),
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
        desk.expect("2018-09-20", "attested clear", true, "--phase recheck` (the recheck of 2018-07-20 was not answered");
        desk.answer(Conclusion::Residual);
        desk.expect("2018-09-20", "residual", true, "");
    }

    /// Two challenges that were open at once, answered in this order: the first one by the first number.
    fn both_answered(order: [(usize, Conclusion); 2]) -> Desk {
        let mut desk = Desk::new();
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        desk.ask(Phase::Deletion, "2017-07-04T09:00:00Z");
        for (challenge, appraisal) in order {
            desk.answer_to(challenge, appraisal);
        }
        desk
    }

    #[test]
    fn a_clear_answer_hides_no_other_that_may_be_as_new() {
        use Conclusion::Clear;
        use Conclusion::Inconclusive;
        use Conclusion::Residual;
        for (other, state) in [(Residual, "residual"), (Inconclusive, "inconclusive")] {
            for order in [[(1, Clear), (0, other)], [(0, Clear), (1, other)], [(0, other), (1, Clear)], [(1, other), (0, Clear)]]
            {
                let mut desk = both_answered(order);
                desk.expect("2017-07-05", state, true, "--phase deletion");
                // What was asked after all of that, and answered, counts.
                desk.ask(Phase::Deletion, "2017-07-06T09:00:00Z");
                desk.answer(Clear);
                desk.expect("2017-07-06", "attested clear", false, "nothing is due");
                // The same bytes judged anew are as old as they were.
                let view = desk.originator.ledger.view();
                let again =
                    view.supplies()[0].challenges.iter().filter_map(Challenge::answer).find(|receipt| receipt.appraisal == other);
                let again = ReceiptEntry { reasons: vec!["anew".to_owned()], ..again.unwrap().clone() };
                desk.originator.ledger.append(at("2017-07-07T09:00:00Z"), Entry::Receipt(again)).unwrap();
                desk.expect("2017-07-07", "attested clear", false, "nothing is due");
            }
        }
        both_answered([(0, Clear), (1, Clear)]).expect("2017-07-05", "attested clear", false, "");
    }

    #[test]
    fn a_recheck_without_an_accepted_answer_is_not_quiet() {
        let clear = || {
            let mut desk = both_answered([(0, Conclusion::Clear), (1, Conclusion::Clear)]);
            desk.ask(Phase::Recheck, "2018-07-20T09:00:00Z");
            desk.expect("2018-08-03", "challenge issued", false, "await the attestation until 2018-08-03");
            desk
        };
        let mut desk = clear();
        desk.expect("2018-08-04", "attested clear", true, "the recheck of 2018-07-20 was not answered");
        desk.ask(Phase::Restore, "2018-08-05T09:00:00Z");
        desk.answer(Conclusion::Failed);
        desk.expect("2018-08-06", "challenge issued", false, "failed its checks");
        desk.expect(
            "2018-09-06",
            "attested clear",
            true,
            "what was received for the scan after a restore of 2018-08-05 failed its checks",
        );
        desk.ask(Phase::Recheck, "2018-09-06T09:00:00Z");
        desk.answer(Conclusion::Clear);
        desk.expect("2018-09-07", "attested clear", false, "nothing is due");
        // One that was forgotten while a later one was answered.
        let mut desk = clear();
        desk.ask(Phase::Recheck, "2018-07-21T09:00:00Z");
        desk.answer(Conclusion::Clear);
        desk.expect("2018-09-06", "attested clear", false, "nothing is due");
    }

    #[test]
    fn clear_with_exceptions_opens_again_after_its_day() {
        let mut desk = Desk::new();
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        desk.answer_but_for(0, Conclusion::Clear, &[("disk", "2017-12-31"), ("tape", "2017-09-29")]);
        for day in ["2017-07-03", "2017-09-29"] {
            desk.expect(day, "clear with exceptions until 2017-09-29", false, "--phase recheck` (from 2017-09-30 on");
        }
        desk.expect(
            "2017-09-30",
            "overdue 1 d",
            true,
            "--phase recheck` (the copies in `tape` were to be overwritten on 2017-09-29",
        );
        // Asked again, and neither silence nor an answer that failed lets the exception live on.
        desk.ask(Phase::Recheck, "2017-09-30T09:00:00Z");
        desk.expect("2017-10-14", "challenge issued", false, "");
        desk.expect("2017-10-15", "overdue 16 d", true, "the recheck of 2017-09-30 was not answered; the copies in `tape`");
        desk.answer(Conclusion::Failed);
        desk.expect("2017-10-15", "overdue 16 d", true, "failed its checks; the copies in `tape`");
        // The tape is gone, the disk is not.
        desk.ask(Phase::Recheck, "2017-10-15T09:00:00Z");
        desk.answer_but_for(2, Conclusion::Clear, &[("disk", "2017-12-31")]);
        desk.expect("2017-10-16", "clear with exceptions until 2017-12-31", false, "`disk`");
        // A recheck before the day that nobody answers is not quiet either.
        desk.ask(Phase::Recheck, "2017-10-16T09:00:00Z");
        desk.expect("2017-11-16", "clear with exceptions until 2017-12-31", true, "the recheck of 2017-10-16 was not answered");
        desk.ask(Phase::Recheck, "2018-01-01T09:00:00Z");
        desk.answer(Conclusion::Clear);
        desk.expect("2030-01-01", "attested clear", false, "nothing is due");
        // Of two answers that stand, the earlier day counts, whichever came first.
        for exceptions in [[0, 1], [1, 0]] {
            let mut desk = Desk::new();
            desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
            desk.ask(Phase::Deletion, "2017-07-03T10:00:00Z");
            desk.answer_but_for(exceptions[0], Conclusion::Clear, &[("tape", "2017-09-29")]);
            desk.answer_but_for(exceptions[1], Conclusion::Clear, &[]);
            desk.expect("2017-07-04", "clear with exceptions until 2017-09-29", false, "");
        }
    }

    #[test]
    fn an_objection_stands_before_all_else_until_it_is_settled() {
        let mut desk = Desk::new();
        let object = |desk: &mut Desk, number: u32, reason: &str| {
            let entry = DisputeEntry {
                supply_id: desk.id.clone(),
                number,
                by: Side::Recipient,
                reason: reason.to_owned(),
                attestation: None,
                document: None,
                raised_at: "2017-07-04T09:00:00Z".to_owned(),
            };
            desk.originator.ledger.append(at("2017-07-04T09:00:00Z"), Entry::Dispute(entry)).unwrap();
        };
        let settle = |desk: &mut Desk, number: u32| {
            let entry = SettlementEntry {
                supply_id: desk.id.clone(),
                number,
                reason: "withdrawn".to_owned(),
                settled_at: "2017-07-06T09:00:00Z".to_owned(),
            };
            desk.originator.ledger.append(at("2017-07-06T09:00:00Z"), Entry::Settlement(entry)).unwrap();
        };
        object(&mut desk, 1, "not our supply");
        desk.expect("2017-06-30", "disputed", false, "residua dispute 01010101 --settle 1 --reason TEXT");
        settle(&mut desk, 1);
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        object(&mut desk, 2, &"\u{202e}much to say ".repeat(20));
        desk.expect("2017-07-05", "disputed", false, "…; else: challenge issued");
        assert!(!desk.on("2017-07-05").2.contains('\u{202e}'));
        desk.answer(Conclusion::Clear);
        desk.expect("2017-07-05", "disputed", true, "objection 2 of 2017-07-04 by the recipient: ");
        desk.expect("2017-07-05", "disputed", true, "else: attested clear");
        object(&mut desk, 3, "and this");
        settle(&mut desk, 2);
        desk.expect("2017-07-06", "disputed", true, "--settle 3");
        settle(&mut desk, 3);
        desk.expect("2017-07-06", "attested clear", false, "nothing is due");
    }

    #[test]
    fn days_count_to_what_comes_next() {
        let mut desk = Desk::new();
        let days = |desk: &Desk, day: &str| {
            let row = rows(desk.originator.ledger.view(), time::parse_day(day).unwrap()).remove(0);
            assert!(State::WORDS.contains(&row.state.word()));
            (row.state.word(), row.days, row.until.map(|day| day.to_string()))
        };
        assert_eq!(days(&desk, "2017-05-06"), ("awaiting_baseline", Some(55), None));
        desk.ask(Phase::Baseline, "2017-05-08T09:00:00Z");
        assert_eq!(days(&desk, "2017-05-12"), ("awaiting_baseline", Some(10), None));
        desk.answer(Conclusion::Present);
        assert_eq!(days(&desk, "2017-05-30"), ("in_use", Some(31), None));
        assert_eq!(days(&desk, "2017-06-30"), ("due", Some(0), None));
        assert_eq!(days(&desk, "2017-07-03"), ("overdue", Some(-3), None));
        desk.ask(Phase::Deletion, "2017-07-03T09:00:00Z");
        assert_eq!(days(&desk, "2017-07-10"), ("challenge_issued", Some(7), None));
        desk.answer(Conclusion::Residual);
        assert_eq!(days(&desk, "2017-07-10"), ("residual", Some(-10), None));
        desk.ask(Phase::Deletion, "2017-07-10T09:00:00Z");
        desk.answer_but_for(2, Conclusion::Clear, &[("tape", "2017-09-29")]);
        assert_eq!(days(&desk, "2017-09-19"), ("clear_with_exceptions", Some(10), Some("2017-09-29".to_owned())));
        assert_eq!(days(&desk, "2017-10-01"), ("overdue", Some(-2), None));
        desk.ask(Phase::Recheck, "2017-10-01T09:00:00Z");
        desk.answer(Conclusion::Clear);
        assert_eq!(days(&desk, "2017-10-02"), ("attested_clear", None, None));
        desk.ask(Phase::Recheck, "2018-10-01T09:00:00Z");
        assert_eq!(days(&desk, "2018-10-20"), ("attested_clear", Some(-5), None));
    }

    #[test]
    fn what_is_overdue_follows_from_the_state() {
        let until = time::parse_day("2017-09-29").unwrap();
        let table = [
            (State::AwaitingBaseline, [true, true, true]),
            (State::InUse, [true, true, true]),
            (State::Due(0), [true, true, true]),
            (State::Overdue(3), [true, true, true]),
            (State::ChallengeIssued, [false, true, false]),
            (State::AttestedClear, [false, true, true]),
            (State::ClearWithExceptions(until), [false, true, true]),
            (State::Residual, [true, true, true]),
            (State::Inconclusive, [true, true, true]),
            (State::Disputed, [true, true, true]),
            (State::Closed, [true, true, true]),
            (State::ClosedUnresolved, [true, true, true]),
        ];
        assert_eq!(table.map(|(state, _)| state.word()), State::WORDS);
        for (state, [plain, lapsed, disputed]) in table {
            let stand = |has_lapsed| Stand { state, next: Next::default(), has_lapsed, due: None };
            let found =
                [stand(false).is_overdue(true, false), stand(true).is_overdue(true, false), stand(false).is_overdue(true, true)];
            assert_eq!(found, [plain, lapsed, disputed], "{state}");
            assert!(!stand(true).is_overdue(false, true), "{state}: nothing is overdue before the agreed day has passed");
        }
    }
}
