//! How the ten recipients behave, and what follows for the originator by the table of `docs/schedule.md`: written from the document, not from the program.

use crate::cli::schedule_years::AGAIN;
use crate::cli::schedule_years::AGREED;
use crate::cli::schedule_years::RECHECK;
use crate::cli::schedule_years::ROLL_OFF;
use std::collections::BTreeMap;

/// How a recipient behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    InTime,
    /// Deletes three weeks late.
    Late,
    /// Never answers but the baseline.
    Silent,
    /// Has a file for a while that nobody can read.
    Locked,
    /// Has copies in a backup.
    Backup,
    /// Restores a backup after a year.
    Restored,
    /// Of its first answer a forgery arrives before it.
    Forged,
    /// Is handed its manifests three weeks late.
    LateManifest,
    /// Whatever it sends or is sent takes its time, from summer on.
    SlowPost,
    /// Does nothing before three weeks after the agreed day; its originator asks without a baseline.
    NoBaseline,
}

pub(super) const CAST: [Habit; 10] = [
    Habit::InTime,
    Habit::Late,
    Habit::Silent,
    Habit::Locked,
    Habit::Backup,
    Habit::Restored,
    Habit::Forged,
    Habit::LateManifest,
    Habit::SlowPost,
    Habit::NoBaseline,
];

impl Habit {
    /// Whether the recipient holds the supplied people on a day, and a file that cannot be read.
    pub(super) fn holds(self, day: i64) -> (bool, bool) {
        match self {
            Habit::Late => (day < AGREED + 21, false),
            Habit::Locked => (day < AGREED - 2, (AGREED - 5..AGREED + 40).contains(&day)),
            Habit::Restored => (day < AGREED - 2 || (361..467).contains(&day), false),
            Habit::NoBaseline => (day < AGREED + 41, false),
            _ => (day < AGREED - 2, false),
        }
    }

    /// Whether its backup is declared on a day.
    pub(super) fn declares(self, day: i64) -> bool {
        self == Habit::Backup && (AGREED - 5..=ROLL_OFF).contains(&day)
    }

    /// Whether it looks after its inbox on a day.
    pub(super) fn is_awake(self, day: i64) -> bool {
        match self {
            Habit::Silent => day < AGREED,
            Habit::NoBaseline => day > AGREED + 20,
            _ => true,
        }
    }
}

/// What was asked of a recipient, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) phase: String,
    pub(super) expires: i64,
    /// The run of the originator in which it was issued.
    pub(super) issued_in: usize,
    /// The day and the run in which its answer was taken in, and the word.
    pub(super) answer: Option<(i64, usize, String, bool)>,
}

pub(super) struct Party {
    pub(super) habit: Habit,
    pub(super) folder: String,
    pub(super) supply: String,
    pub(super) asked: Vec<Asked>,
    /// The words of the answers that were signed, by their challenge, and whether a backup was declared.
    pub(super) signed: BTreeMap<String, (String, bool)>,
    pub(super) is_forged: bool,
    /// The last run.
    pub(super) last: i64,
}

impl Party {
    pub(super) fn later(&self) -> impl DoubleEndedIterator<Item = &Asked> {
        self.asked.iter().filter(|asked| asked.phase != "baseline")
    }

    /// The newest challenge of the deletion that was answered, as its place among them.
    pub(super) fn newest(&self) -> Option<usize> {
        self.later().collect::<Vec<_>>().iter().rposition(|asked| asked.answer.is_some())
    }

    pub(super) fn after_newest(&self) -> Vec<&Asked> {
        self.later().skip(self.newest().map_or(0, |place| place + 1)).collect()
    }

    pub(super) fn has_lapsed(&self, day: i64) -> bool {
        self.after_newest().iter().any(|asked| asked.expires < day)
    }

    pub(super) fn has_baseline(&self) -> bool {
        self.asked
            .iter()
            .any(|asked| asked.phase == "baseline" && asked.answer.as_ref().is_some_and(|answer| answer.2 == "present"))
    }

    /// The answers of which none is older than the newest question that was answered: their day, their worst word, whether a backup is excepted.
    pub(super) fn stands(&self) -> Option<(i64, &'static str, bool)> {
        let later: Vec<&Asked> = self.later().collect();
        let newest = later[self.newest()?];
        let standing = later.iter().filter_map(|asked| asked.answer.as_ref()).filter(|answer| answer.1 > newest.issued_in);
        let standing: Vec<_> = standing.collect();
        let word = ["residual", "inconclusive", "clear"].into_iter().find(|word| standing.iter().any(|answer| answer.2 == *word));
        let day = standing.iter().map(|answer| answer.0).max();
        Some((day.expect("an answer"), word.expect("a word"), standing.iter().any(|answer| answer.3)))
    }

    /// What the table says that is asked on a day.
    pub(super) fn due(&self, day: i64) -> Option<&'static str> {
        let was_asked = self.later().next().is_some();
        let is_open =
            |asked: &&Asked| asked.answer.is_none() && day <= asked.expires && !(was_asked && asked.phase == "baseline");
        if self.asked.iter().any(|asked| is_open(&asked)) {
            return None;
        }
        let deletion = (self.has_baseline() || self.habit == Habit::NoBaseline).then_some("deletion");
        match self.stands() {
            Some((_, "clear", _)) if self.has_lapsed(day) => Some("recheck"),
            Some((_, "clear", true)) => (day > ROLL_OFF).then_some("recheck"),
            Some((since, "clear", false)) => (day >= since + RECHECK).then_some("recheck"),
            Some((since, ..)) => deletion.filter(|_| self.has_lapsed(day) || day >= since + AGAIN),
            None if day > AGREED => deletion,
            None if self.has_baseline() => None,
            None => {
                let refused = self.asked.iter().filter_map(|asked| asked.answer.as_ref()).map(|answer| answer.0).max();
                refused.is_none_or(|since| day >= since + AGAIN).then_some("baseline")
            }
        }
    }

    /// How the board has it after what was due was asked, and whether somebody is to be told that it is overdue.
    pub(super) fn board(&self, day: i64) -> (&'static str, bool) {
        let is_waiting = self.after_newest().iter().any(|asked| day <= asked.expires);
        let has_lapsed = day > AGREED && self.has_lapsed(day);
        match self.stands() {
            _ if is_waiting => ("challenge_issued", has_lapsed),
            Some((_, "clear", true)) if day > ROLL_OFF => ("overdue", true),
            Some((_, "clear", true)) => ("clear_with_exceptions", has_lapsed),
            Some((_, "clear", false)) => ("attested_clear", has_lapsed),
            Some((_, word, _)) => (word, true),
            None if day > AGREED => ("overdue", true),
            None if !self.has_baseline() => ("awaiting_baseline", false),
            None if AGREED - day > 30 => ("in_use", false),
            None => ("due", false),
        }
    }
}
