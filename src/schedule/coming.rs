//! What comes: the decisions of both sides put in the order of their days, for whoever wants to know beforehand.

use crate::schedule::originator::Next;
use crate::schedule::recipient::Turn;
use crate::support::time;
use jiff::Timestamp;
use jiff::civil::Date;

/// When something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// By the next run.
    Now,
    /// Not by itself: a person has to see to it.
    Person,
    /// On a UTC day.
    On(Date),
    /// At a time, or by the first run after it.
    At(Timestamp),
    /// Not at all, as things stand.
    Never,
}

/// One thing that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coming {
    /// When.
    pub(crate) when: When,
    /// What is done.
    pub(crate) what: String,
    /// Of which supply or challenge, in words.
    pub(crate) about: String,
    /// The supply's whole id, where it is known.
    pub(crate) supply: Option<String>,
    /// The challenge's whole id, where it is about one.
    pub(crate) challenge: Option<String>,
    /// Why then.
    pub(crate) why: String,
    /// Until when an answer is accepted.
    pub(crate) until: Option<String>,
}

impl When {
    /// The day, where there is one.
    pub(crate) fn day(self, today: Date) -> Option<Date> {
        match self {
            When::Now => Some(today),
            When::On(day) => Some(day),
            When::At(moment) => Some(time::day(moment)),
            When::Person | When::Never => None,
        }
    }

    /// Days from a day to it.
    pub(crate) fn days(self, today: Date) -> Option<i64> {
        self.day(today).map(|day| time::days_between(today, day))
    }

    /// For people.
    pub(crate) fn words(self) -> String {
        match self {
            When::Now => "now".to_owned(),
            When::Person => "by hand".to_owned(),
            When::On(day) => day.to_string(),
            When::At(moment) => time::format(moment),
            When::Never => "-".to_owned(),
        }
    }

    /// What is there to be seen to first: what is done now, what a person has to do, then by day.
    fn place(self) -> (u8, String) {
        match self {
            When::Now => (0, String::new()),
            When::Person => (1, String::new()),
            // A day begins before every time of it; both are written so that their order is that of their text.
            When::On(day) => (2, day.to_string()),
            When::At(moment) => (2, time::format(moment)),
            When::Never => (3, String::new()),
        }
    }
}

/// What the originator's decision about a supply means: when, what, and why.
pub(crate) fn of_supply(next: Next) -> (When, String, String) {
    match next {
        Next::Ask { phase, without_baseline, why } => {
            let without = if without_baseline { ", without a baseline" } else { "" };
            (When::Now, format!("issue a {} challenge{without}", phase.word()), why)
        }
        Next::On(day, why) => (When::On(day), "issue a challenge".to_owned(), why),
        Next::Wait(day) => (When::On(day), "the challenge ends".to_owned(), "an answer is awaited until then".to_owned()),
        Next::Person(why) => (When::Person, "nothing is asked".to_owned(), why),
        Next::Nothing => (When::Never, "nothing".to_owned(), String::new()),
    }
}

/// What the recipient's decision about a challenge means: when, what, and why.
pub(crate) fn of_challenge(turn: Turn) -> (When, String, String) {
    match turn {
        Turn::Scan => (When::Now, "scan and answer".to_owned(), "it came in".to_owned()),
        Turn::Answered => (When::Now, "put aside".to_owned(), "it was answered".to_owned()),
        Turn::Later(moment, why) => (When::At(moment), "scan and answer".to_owned(), why),
        Turn::Person(why) => (When::Person, "waits".to_owned(), why),
        Turn::Over(why) => (When::Now, "put aside, unanswered".to_owned(), why),
    }
}

/// In the order in which it comes.
pub(crate) fn sort(coming: &mut [Coming]) {
    coming.sort_by_cached_key(|one| (one.when.place(), one.about.clone()));
}

/// Leaves out what comes later than in so many days, and what is more than so many.
pub(crate) fn limit(coming: &mut Vec<Coming>, today: Date, days: Option<u32>, count: Option<usize>) {
    if let Some(most) = days {
        // What a person has to see to waits for no day.
        coming.retain(|one| one.when == When::Person || one.when.days(today).is_some_and(|days| days <= i64::from(most)));
    }
    coming.truncate(count.unwrap_or(usize::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;

    fn day(text: &str) -> Date {
        time::parse_day(text).unwrap()
    }

    fn coming(when: When) -> Coming {
        let text = String::new;
        Coming { when, what: text(), about: when.words(), supply: None, challenge: None, why: text(), until: None }
    }

    #[test]
    fn what_comes_first_stands_first() {
        let at = |text: &str| When::At(time::parse(text).unwrap());
        let order = [
            When::Now,
            When::Person,
            When::On(day("2017-07-01")),
            at("2017-07-01T22:00:00Z"),
            When::On(day("2017-07-02")),
            When::Never,
        ];
        let mut rows: Vec<Coming> = order.iter().rev().copied().map(coming).collect();
        sort(&mut rows);
        assert_eq!(rows.iter().map(|row| row.when).collect::<Vec<_>>(), order);
        let today = day("2017-06-30");
        assert_eq!(
            rows.iter().map(|row| row.when.days(today)).collect::<Vec<_>>(),
            [Some(0), None, Some(1), Some(1), Some(2), None]
        );
        let mut soon = rows.clone();
        limit(&mut soon, today, Some(1), None);
        assert_eq!(soon.iter().map(|row| row.when).collect::<Vec<_>>(), order[..4]);
        limit(&mut rows, today, None, Some(1));
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn decisions_are_put_into_words() {
        let ask = |without_baseline| Next::Ask { phase: Phase::Deletion, without_baseline, why: "due".to_owned() };
        assert_eq!(of_supply(ask(false)), (When::Now, "issue a deletion challenge".to_owned(), "due".to_owned()));
        assert_eq!(of_supply(ask(true)).1, "issue a deletion challenge, without a baseline");
        assert_eq!(of_supply(Next::Wait(day("2017-07-01"))).0, When::On(day("2017-07-01")));
        assert_eq!(of_supply(Next::Person("x".to_owned())).0, When::Person);
        assert_eq!(of_supply(Next::Nothing).0, When::Never);
        assert_eq!(
            of_challenge(Turn::Over("late".to_owned())),
            (When::Now, "put aside, unanswered".to_owned(), "late".to_owned())
        );
        assert_eq!(of_challenge(Turn::Person("x".to_owned())).0, When::Person);
    }
}
