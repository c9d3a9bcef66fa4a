//! What is no longer needed: findings, manifests and challenges at a recipient, the secrets of a supply at an originator. Nothing is destroyed by the
//! calendar; it is listed, and a person has it destroyed.

use crate::ledger::board::State;
use crate::support::time;
use jiff::civil::Date;
use serde::Deserialize;

/// After how many days something is outdated; never, where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// At a recipient: the list of what a scan found, from the day of the scan.
    #[serde(rename = "findings_days")]
    pub(crate) findings: Option<u16>,
    /// At a recipient: manifests and challenges, from the agreed day and the newest answer.
    #[serde(rename = "manifests_days")]
    pub(crate) manifests: Option<u16>,
    /// At an originator: all that is secret of a supply, from the newest answer.
    #[serde(rename = "closing_days")]
    pub(crate) closing: Option<u16>,
}

/// An answer that a recipient gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// When its scan ended.
    pub(crate) day: Date,
    /// What it stated.
    pub(crate) verdict: &'a str,
    /// Whether a later one was given for the supply.
    pub(crate) is_superseded: bool,
}

impl Retention {
    /// Why the findings of a scan are outdated; none where they are not. The newest are needed as long as something is to be deleted by them.
    pub(crate) fn findings(&self, answer: Answer<'_>, today: Date) -> Option<String> {
        let days = self.findings?;
        let is_needed = !answer.is_superseded && matches!(answer.verdict, "residual" | "inconclusive");
        passed(answer.day, days, today).filter(|_| !is_needed).map(|age| format!("found {age} days ago"))
    }

    /// Why the manifests and challenges of a supply are outdated; none where they are not. They are needed until an answer was clear, and while another is
    /// owed.
    pub(crate) fn manifests(&self, delete_by: Date, newest: Option<Answer<'_>>, is_asked: bool, today: Date) -> Option<String> {
        let days = self.manifests?;
        let newest = newest.filter(|newest| newest.verdict == "clear" && !is_asked)?;
        passed(delete_by.max(newest.day), days, today)
            .map(|age| format!("answered as clear, and nothing was asked for {age} days"))
    }

    /// Why a supply may be closed; none where it may not.
    pub(crate) fn supply(&self, state: State, newest: Option<Date>, today: Date) -> Option<String> {
        let days = self.closing?;
        let newest = newest.filter(|_| state == State::AttestedClear)?;
        passed(newest, days, today).map(|age| format!("attested clear for {age} days"))
    }
}

/// The days from one to another, where they are as many as were set.
fn passed(from: Date, days: u16, today: Date) -> Option<i64> {
    Some(time::days_between(from, today)).filter(|age| *age >= i64::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Retention = Retention { findings: Some(30), manifests: Some(365), closing: Some(60) };

    fn day(text: &str) -> Date {
        time::parse_day(text).unwrap()
    }

    fn answer(verdict: &str, is_superseded: bool) -> Answer<'_> {
        Answer { day: day("2017-07-09"), verdict, is_superseded }
    }

    #[test]
    fn findings_are_kept_while_something_is_deleted_by_them() {
        for (verdict, is_superseded, today, is_outdated) in [
            ("present", false, "2017-08-07", false),
            ("present", false, "2017-08-08", true),
            ("clear", false, "2017-08-08", true),
            ("residual", false, "2019-08-08", false),
            ("inconclusive", false, "2019-08-08", false),
            ("residual", true, "2017-08-08", true),
        ] {
            let outdated = SET.findings(answer(verdict, is_superseded), day(today));
            assert_eq!(outdated.is_some(), is_outdated, "{verdict} {today} {outdated:?}");
        }
        assert_eq!(Retention::default().findings(answer("clear", true), day("2030-01-01")), None);
    }

    #[test]
    fn manifests_are_kept_until_clear_and_while_an_answer_is_owed() {
        let by = day("2017-06-30");
        let outdated = |verdict, is_asked, today| SET.manifests(by, Some(answer(verdict, false)), is_asked, day(today));
        assert_eq!(outdated("clear", false, "2018-07-08"), None);
        assert!(outdated("clear", false, "2018-07-09").unwrap().contains("365 days"));
        assert_eq!(outdated("clear", true, "2018-07-09"), None);
        assert_eq!(outdated("residual", false, "2030-07-09"), None);
        assert_eq!(SET.manifests(by, None, false, day("2030-01-01")), None);
        // An answer before the agreed day ends nothing.
        assert_eq!(SET.manifests(day("2020-01-01"), Some(answer("clear", false)), false, day("2019-01-01")), None);
    }

    #[test]
    fn a_supply_may_be_closed_once_it_stood_clear_for_a_while() {
        let newest = Some(day("2017-07-09"));
        assert_eq!(SET.supply(State::AttestedClear, newest, day("2017-09-06")), None);
        assert!(SET.supply(State::AttestedClear, newest, day("2017-09-07")).is_some());
        assert_eq!(SET.supply(State::Residual, newest, day("2030-01-01")), None);
        assert_eq!(Retention::default().supply(State::AttestedClear, newest, day("2030-01-01")), None);
    }
}
