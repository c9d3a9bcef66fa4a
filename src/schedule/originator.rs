//! What an originator has to ask for, supply by supply. The board says how a supply stands; here it follows whether the schedule asks now, later, or
//! leaves it to a person.

use crate::finding::Phase;
use crate::ledger::Challenge;
use crate::ledger::Supply;
use crate::ledger::board::BoardRow;
use crate::ledger::board::State;
use crate::schedule::settings::Originator;
use crate::support::time;
use jiff::ToSpan;
use jiff::civil::Date;

/// When is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Whether a baseline is asked for.
    pub(crate) baseline: bool,
    /// Days from a clear answer to a recheck.
    pub(crate) recheck_days: Option<u16>,
    /// Days from another answer until it is asked again.
    pub(crate) again_days: u16,
    /// Whether the deletion is asked for although no baseline was accepted.
    pub(crate) without_baseline: bool,
}

impl Rules {
    /// What the settings say of one supply.
    pub(crate) fn of(own: &Originator, supply_id: &str) -> Rules {
        Rules {
            baseline: own.baseline,
            recheck_days: own.recheck_days,
            again_days: own.again_days,
            without_baseline: own.rule(supply_id).is_some_and(|rule| rule.without_baseline),
        }
    }
}

/// What is to be done about a supply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A challenge is to be issued.
    Ask {
        /// Of this phase.
        phase: Phase,
        /// Whether its answer is compared with nothing.
        without_baseline: bool,
        /// Why now.
        why: String,
    },
    /// Nothing before this day.
    On(Date, String),
    /// An answer is awaited until this day.
    Wait(Date),
    /// Nothing by itself: a person has to see to it.
    Person(String),
    /// Nothing at all.
    Nothing,
}

/// What follows from how a supply stands on a UTC day.
pub(crate) fn next(supply: &Supply, row: &BoardRow, rules: Rules, today: Date) -> Next {
    match due(supply, row, rules, today) {
        // Whatever is asked after the agreed day is compared with the baseline, the first time and each time after it.
        Next::Ask { phase, why, .. } if phase != Phase::Baseline && supply.accepted_baseline().is_none() => {
            if rules.without_baseline {
                Next::Ask { phase, without_baseline: true, why }
            } else {
                Next::Person(format!("{why}, and no baseline was accepted"))
            }
        }
        next => next,
    }
}

/// Whether a question after the agreed day ended without an answer, and no later one was answered: asking anew does not make it any less overdue.
pub(crate) fn is_kept_waiting(supply: &Supply, today: Date) -> bool {
    supply.closed.is_none() && today > supply.delete_by && lapsed(supply, today)
}

/// What is to be done, whether there is a baseline or not.
fn due(supply: &Supply, row: &BoardRow, rules: Rules, today: Date) -> Next {
    if supply.closed.is_some() {
        return Next::Nothing;
    }
    if supply.closing.is_some() {
        return Next::Person("its closing was begun and not ended".to_owned());
    }
    if supply.open_disputes().next().is_some() {
        return Next::Person("an objection is not settled".to_owned());
    }
    // A baseline that is still awaited holds nothing up once another question was asked.
    let was_asked = supply.challenges.iter().any(|challenge| challenge.phase != Phase::Baseline);
    let counts = |challenge: &&Challenge| is_open(challenge, today) && !(was_asked && challenge.phase == Phase::Baseline);
    if let Some(open) = supply.challenges.iter().rev().find(counts) {
        return Next::Wait(time::day(open.expires_at));
    }
    let ask = |phase, why: String| Next::Ask { phase, without_baseline: false, why };
    let newest = newest_answer(supply);
    match row.state {
        State::Closed | State::ClosedUnresolved | State::Disputed => Next::Nothing,
        State::AwaitingBaseline if !rules.baseline => Next::On(after(supply.delete_by, 1), "the deletion".to_owned()),
        State::AwaitingBaseline => match baseline_answered(supply) {
            Some(day) => later(after(day, rules.again_days), today, Phase::Baseline, "the baseline before was not accepted"),
            None => ask(Phase::Baseline, "no baseline was accepted yet".to_owned()),
        },
        State::InUse | State::Due(_) => Next::On(after(supply.delete_by, 1), "the deletion".to_owned()),
        State::AttestedClear | State::ClearWithExceptions(_) if lapsed(supply, today) => {
            ask(Phase::Recheck, "the challenge before was not answered".to_owned())
        }
        State::ClearWithExceptions(until) => {
            Next::On(after(until, 1), "a recheck, since copies in backups are overwritten by then".to_owned())
        }
        State::AttestedClear => match (rules.recheck_days, newest) {
            (Some(days), Some(day)) => later(after(day, days), today, Phase::Recheck, "a recheck is asked for at an interval"),
            _ => Next::Nothing,
        },
        State::Residual | State::Inconclusive => match newest {
            Some(day) if !lapsed(supply, today) => {
                later(after(day, rules.again_days), today, Phase::Deletion, "the answer before was not clear")
            }
            _ => ask(Phase::Deletion, "the challenge before was not answered".to_owned()),
        },
        State::Overdue(_) if newest.is_some() => ask(Phase::Recheck, "the day of a backup has passed".to_owned()),
        State::Overdue(_) | State::ChallengeIssued => {
            let is_again = supply.unanswered().next().is_some();
            let why = if is_again { "the challenge before was not answered" } else { "the agreed day has passed" };
            ask(Phase::Deletion, why.to_owned())
        }
    }
}

/// On a day or after it.
fn later(day: Date, today: Date, phase: Phase, why: &str) -> Next {
    if day > today { Next::On(day, why.to_owned()) } else { Next::Ask { phase, without_baseline: false, why: why.to_owned() } }
}

fn after(day: Date, days: u16) -> Date {
    day.checked_add(i32::from(days).days()).unwrap_or(Date::MAX)
}

/// Whether an answer to a challenge can still come.
fn is_open(challenge: &Challenge, today: Date) -> bool {
    challenge.answer().is_none() && !challenge.is_key_out && today <= time::day(challenge.expires_at)
}

/// Whether a later challenge than the newest answered one ended without an accepted answer.
fn lapsed(supply: &Supply, today: Date) -> bool {
    supply.unanswered().any(|challenge| !is_open(challenge, today))
}

/// The day on which the newest answer after the agreed day came in.
pub(crate) fn newest_answer(supply: &Supply) -> Option<Date> {
    supply.standing_answers().filter_map(|answer| time::parse(&answer.received_at)).max().map(time::day)
}

/// The day of the newest answer to a baseline that was not accepted.
fn baseline_answered(supply: &Supply) -> Option<Date> {
    let baselines = supply.challenges.iter().filter(|challenge| challenge.phase == Phase::Baseline);
    let answers = baselines.filter_map(Challenge::answer).filter_map(|answer| time::parse(&answer.received_at));
    answers.max().map(time::day)
}
