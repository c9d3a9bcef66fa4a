//! UTC time stamps and days, in the two forms that our files use: `2017-06-30T09:00:00Z` and `2017-06-30`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Writes a time stamp in RFC 3339, UTC, whole seconds.
pub(crate) fn format(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a time stamp in RFC 3339 that ends in `Z`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.ends_with('Z').then(|| text.parse().ok()).flatten()
}

/// Reads a day, `2017-06-30`.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// The UTC day of a time stamp.
pub(crate) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// How many days `day` lies after `from`; negative where it lies before.
pub(crate) fn days_between(from: Date, day: Date) -> i64 {
    i64::from(from.until(day).map_or(0, |span| span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let time = parse("2017-06-30T09:00:00Z").unwrap();
        assert_eq!(format(time), "2017-06-30T09:00:00Z");
        assert_eq!(day(time).to_string(), "2017-06-30");
        assert_eq!(parse("2017-06-30T09:00:00+01:00"), None);
        assert_eq!(parse_day("30/06/2017"), None);
        assert_eq!(days_between(parse_day("2017-06-30").unwrap(), parse_day("2018-07-01").unwrap()), 366);
    }
}
