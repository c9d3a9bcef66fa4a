//! Whether the time does: about how long the scans take, against the hours in which they may begin and the days until which answers are accepted.

use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::doctor::recipient::Inbox;
use crate::cli::doctor::recipient::Open;
use crate::cli::inspect::estimate::duration;
use crate::report::text;
use crate::schedule::hours::Hours;
use crate::support::time;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Compares the estimate with what is allowed.
pub(super) fn examine(it: &mut Examination<'_>, hours: Option<&Hours>, inbox: &Inbox) {
    let Some(estimate) = &it.estimate else { return };
    let (rows, seconds) = (estimate.rows, estimate.seconds);
    let takes = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let words = duration(seconds as f64);
    let what = format!(
        "a scan of about {} rows would take {words}: an estimate, from reading and converting a part of the rows, doubled for hashing and comparing",
        text::count(rows)
    );
    it.fine(Group::Time, "one scan", what);
    if let Some(hours) = hours {
        let length = hours.length();
        if takes > length {
            let what = format!("from {}, and a scan that begins then would go on after them", hours.words());
            let advice = "widen the hours, or see that the scan may go on: `check` does not stop it";
            it.note(Level::Doubtful, Group::Time, "the hours", what, advice);
        } else {
            it.fine(Group::Time, "the hours", format!("from {}, in which a scan has an end", hours.words()));
        }
    }
    let mut free = it.now;
    for open in &inbox.open {
        let ends = end(free.max(open.begins), takes);
        free = ends;
        let (level, what) = judge(open, it.now, ends);
        let advice = match level {
            Level::Fine => "",
            _ => {
                "raise `max_rows_per_second` or `threads`, widen the hours, or ask the originator for a challenge that is valid for longer"
            }
        };
        it.note(level, Group::Time, open.about.clone(), what, advice);
    }
}

fn end(begins: Timestamp, takes: SignedDuration) -> Timestamp {
    begins.checked_add(takes).unwrap_or(Timestamp::MAX)
}

/// Whether an answer comes in time. Where an estimate is off by less than a factor of two, that is open.
fn judge(open: &Open, now: Timestamp, ends: Timestamp) -> (Level, String) {
    let (left, takes) = (open.expires.duration_since(now), ends.duration_since(now));
    let both = format!("answered about {}, and valid until {}", time::format(ends), time::format(open.expires));
    if ends <= open.expires {
        (Level::Fine, format!("would be {both}"))
    } else if takes.as_secs() <= left.as_secs().saturating_mul(2) {
        (Level::Doubtful, format!("may be too late: {both}"))
    } else {
        (Level::Wrong, format!("would be too late: {both}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_comes_too_late_is_told_by_how_far() {
        let at = |text: &str| time::parse(text).unwrap();
        let now = at("2017-07-01T00:00:00Z");
        let open = Open { about: "it".to_owned(), begins: now, expires: at("2017-07-01T10:00:00Z") };
        let of = |ends: &str| judge(&open, now, at(ends)).0;
        assert_eq!(of("2017-07-01T10:00:00Z"), Level::Fine);
        assert_eq!(of("2017-07-01T10:00:01Z"), Level::Doubtful);
        assert_eq!(of("2017-07-01T20:00:00Z"), Level::Doubtful);
        assert_eq!(of("2017-07-01T20:00:01Z"), Level::Wrong);
        assert_eq!(end(now, SignedDuration::MAX), Timestamp::MAX);
    }
}
