//! The hours of a day in which work may be done, in UTC.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// From a time of the day to another; over midnight where the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "HoursText")]
pub(crate) struct Hours {
    from: Time,
    to: Time,
}

/// As they are written: `from = "22:00"`, `to = "06:00"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursText {
    from: String,
    to: String,
}

impl TryFrom<HoursText> for Hours {
    type Error = String;

    fn try_from(text: HoursText) -> Result<Hours, String> {
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| "a time of the day, as 22:00".to_owned());
        let (from, to) = (time(&text.from)?, time(&text.to)?);
        if from == to { Err("two different times of the day".to_owned()) } else { Ok(Hours { from, to }) }
    }
}

impl Hours {
    /// Whether work may begin at this moment.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        let time = now.to_zoned(TimeZone::UTC).time();
        if self.from < self.to { self.from <= time && time < self.to } else { self.from <= time || time < self.to }
    }

    /// When work may begin next: now, where it may.
    pub(crate) fn next(&self, now: Timestamp) -> Timestamp {
        if self.is_open(now) {
            return now;
        }
        let today = now.to_zoned(TimeZone::UTC).date();
        let opening = today.to_datetime(self.from).to_zoned(TimeZone::UTC).map(|moment| moment.timestamp());
        match opening {
            Ok(opening) if opening >= now => opening,
            // It has passed today.
            Ok(opening) => opening + SignedDuration::from_hours(24),
            Err(_) => now,
        }
    }

    /// Whether they are fewer than one in the whole, so that a run every hour may miss them.
    pub(crate) fn is_short(&self) -> bool {
        self.length() < SignedDuration::from_hours(1)
    }

    /// From the one time of the day to the other.
    pub(crate) fn length(&self) -> SignedDuration {
        let length = self.to.duration_since(self.from);
        if length.is_negative() { length + SignedDuration::from_hours(24) } else { length }
    }

    /// For people: `22:00 to 06:00 UTC`.
    pub(crate) fn words(&self) -> String {
        format!("{} to {} UTC", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::time;

    fn hours(from: &str, to: &str) -> Result<Hours, String> {
        Hours::try_from(HoursText { from: from.to_owned(), to: to.to_owned() })
    }

    #[test]
    fn a_night_goes_over_midnight() {
        let night = hours("22:00", "06:00").unwrap();
        let at = |text: &str| time::parse(&format!("2017-07-01T{text}:00Z")).unwrap();
        for (moment, is_open, next) in [
            ("21:59", false, "2017-07-01T22:00:00Z"),
            ("22:00", true, "2017-07-01T22:00:00Z"),
            ("05:59", true, "2017-07-01T05:59:00Z"),
            ("06:00", false, "2017-07-01T22:00:00Z"),
        ] {
            assert_eq!(night.is_open(at(moment)), is_open, "{moment}");
            assert_eq!(time::format(night.next(at(moment))), next, "{moment}");
        }
        let lunch = hours("12:00", "13:00").unwrap();
        assert_eq!(time::format(lunch.next(at("13:00"))), "2017-07-02T12:00:00Z");
        assert_eq!(lunch.words(), "12:00 to 13:00 UTC");
        assert!(!lunch.is_short() && !night.is_short());
        assert!(hours("12:00", "12:59").unwrap().is_short() && hours("23:50", "00:20").unwrap().is_short());
        assert_eq!((lunch.length().as_hours(), night.length().as_hours()), (1, 8));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (from, to) in [("22", "06:00"), ("24:00", "06:00"), ("22:00", "22:00"), ("", "")] {
            assert!(hours(from, to).is_err(), "{from} {to}");
        }
    }
}
