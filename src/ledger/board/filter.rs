//! Which lines of the board somebody wants to see.

use crate::ledger::board::BoardRow;

/// What a line has to be like; the default lets every line pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A part of the recipient's name, in any case of its letters.
    pub(crate) recipient: Option<String>,
    /// One of these words of [`State::word`](crate::ledger::board::State::word); any where there are none.
    pub(crate) states: Vec<String>,
    /// Only what is overdue.
    pub(crate) is_overdue: bool,
    /// Only what is due within so many days, or overdue.
    pub(crate) due_within: Option<u32>,
}

impl Filter {
    /// Whether every line passes.
    pub(crate) fn is_open(&self) -> bool {
        self.recipient.is_none() && self.states.is_empty() && !self.is_overdue && self.due_within.is_none()
    }

    /// Whether a line passes. Every condition has to hold.
    pub(crate) fn passes(&self, row: &BoardRow) -> bool {
        let is_named = |part: &String| row.recipient.to_lowercase().contains(&part.to_lowercase());
        let is_soon = |within: u32| row.is_overdue || row.days.is_some_and(|days| days <= i64::from(within));
        self.recipient.as_ref().is_none_or(is_named)
            && (self.states.is_empty() || self.states.iter().any(|state| state == row.state.word()))
            && (!self.is_overdue || row.is_overdue)
            && self.due_within.is_none_or(is_soon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::board::State;
    use jiff::civil::date;

    fn row(state: State, days: Option<i64>, is_overdue: bool) -> BoardRow {
        BoardRow {
            supply_id: "4f2a".to_owned(),
            short_id: "4f2a".to_owned(),
            recipient: "Émile & Co".to_owned(),
            records: 60,
            delete_by: date(2017, 6, 30),
            state,
            next_command: String::new(),
            remark: String::new(),
            is_overdue,
            days,
            until: None,
            disputes: 0,
            missing_onward: 0,
            stamps: 0,
        }
    }

    #[test]
    fn every_condition_has_to_hold() {
        let due = row(State::Due(7), Some(7), false);
        let overdue = row(State::Residual, Some(-9), true);
        let clear = row(State::AttestedClear, None, false);
        let shown = |filter: &Filter| [&due, &overdue, &clear].map(|row| filter.passes(row));
        let none = Filter::default();
        assert!(none.is_open());
        assert_eq!(shown(&none), [true; 3]);
        let named = |name: &str| Filter { recipient: Some(name.to_owned()), ..Filter::default() };
        assert_eq!(shown(&named("émile &")), [true; 3]);
        assert_eq!(shown(&named("party")), [false; 3]);
        assert_eq!(shown(&Filter { is_overdue: true, ..none.clone() }), [false, true, false]);
        assert_eq!(shown(&Filter { due_within: Some(7), ..none.clone() }), [true, true, false]);
        assert_eq!(shown(&Filter { due_within: Some(6), ..none.clone() }), [false, true, false]);
        let states = vec!["due".to_owned(), "attested_clear".to_owned()];
        assert_eq!(shown(&Filter { states: states.clone(), ..none.clone() }), [true, false, true]);
        assert_eq!(shown(&Filter { states, due_within: Some(30), ..none }), [true, false, false]);
    }
}
