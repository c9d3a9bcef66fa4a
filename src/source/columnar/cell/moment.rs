//! Days, times and spans of time as text.

use super::Clock;
use super::number::digits;
use super::number::integer;
use std::fmt::Write;

const SECONDS_A_DAY: i64 = 86_400;

/// How a moment is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Zone {
    /// As a clock on a wall that nobody knows the place of.
    Unknown,
    /// In UTC, and so marked; places that go by a name among them.
    Utc,
    /// So many seconds before UTC's clock.
    Offset(i32),
}

impl Zone {
    pub(super) fn of(name: Option<&str>) -> Zone {
        match name {
            None => Zone::Unknown,
            Some(name) => offset(name).map_or(Zone::Utc, Zone::Offset),
        }
    }
}

/// The seconds of `+05:30` and its like.
fn offset(name: &str) -> Option<i32> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|character| *character != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = digits[2..].parse().unwrap_or(0);
    (hours <= 24 && minutes < 60 && (hours, minutes) != (0, 0)).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// A day, from days since 1970.
pub(super) fn date(days: i64, out: &mut String) {
    let (year, month, day) = civil(days);
    if year < 0 {
        out.push('-');
    }
    digits(year.unsigned_abs(), 4, out);
    out.push('-');
    two(month, out);
    out.push('-');
    two(day, out);
}

/// A part of a day or of a year, which has two digits; what is no such part, in a damaged file, is written as it is.
fn two(part: i64, out: &mut String) {
    match u8::try_from(part) {
        Ok(part @ 0..100) => {
            out.push(char::from(b'0' + part / 10));
            out.push(char::from(b'0' + part % 10));
        }
        _ => integer(part, out),
    }
}

/// A day from milliseconds since 1970; with the time where there is one.
pub(super) fn date_or_stamp(milliseconds: i64, out: &mut String) {
    let a_day = SECONDS_A_DAY * 1_000;
    if milliseconds.rem_euclid(a_day) == 0 {
        date(milliseconds.div_euclid(a_day), out);
    } else {
        stamp(super::clock(milliseconds, 1_000), Zone::Unknown, out);
    }
}

/// A time of day, from seconds since midnight.
pub(super) fn time((seconds, rest): Clock, out: &mut String) {
    two(seconds.div_euclid(3_600), out);
    out.push(':');
    two(seconds.rem_euclid(3_600) / 60, out);
    out.push(':');
    two(seconds.rem_euclid(60), out);
    fraction(rest, out);
}

/// A moment, from seconds since 1970.
pub(super) fn stamp((seconds, rest): Clock, zone: Zone, out: &mut String) {
    let shift = if let Zone::Offset(shift) = zone { i64::from(shift) } else { 0 };
    let seconds = seconds.saturating_add(shift);
    date(seconds.div_euclid(SECONDS_A_DAY), out);
    out.push(' ');
    time((seconds.rem_euclid(SECONDS_A_DAY), rest), out);
    match zone {
        Zone::Unknown => {}
        Zone::Utc => out.push('Z'),
        Zone::Offset(shift) => {
            let sign = if shift < 0 { '-' } else { '+' };
            let minutes = shift.abs() / 60;
            let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    }
}

/// A span of time, as ISO 8601 writes it.
pub(super) fn duration((months, days): (i32, i32), (seconds, rest): Clock, out: &mut String) {
    out.push('P');
    if months != 0 {
        let _ = write!(out, "{months}M");
    }
    if days != 0 {
        let _ = write!(out, "{days}D");
    }
    if (seconds, rest) != (0, 0) || (months, days) == (0, 0) {
        // The rest counts upwards: what is negative is turned round.
        let (sign, seconds, rest) = match (seconds < 0, rest) {
            (false, rest) => ("", seconds.unsigned_abs(), rest),
            (true, 0) => ("-", seconds.unsigned_abs(), 0),
            (true, rest) => ("-", seconds.unsigned_abs() - 1, 1_000_000_000 - rest),
        };
        let _ = write!(out, "T{sign}{seconds}");
        fraction(rest, out);
        out.push('S');
    }
}

/// What is left of a second, in as few digits as it takes.
fn fraction(nanoseconds: u32, out: &mut String) {
    if nanoseconds > 0 {
        out.push('.');
        digits(u64::from(nanoseconds), 9, out);
        out.truncate(out.trim_end_matches('0').len());
    }
}

/// Year, month and day, from days since 1970; the algorithm of Howard Hinnant, "chrono-compatible low-level date algorithms".
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let part = (5 * of_year + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * part + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn days_and_moments_have_all_their_digits() {
        for (days, text) in
            [(0, "1970-01-01"), (-1, "1969-12-31"), (19_781, "2024-02-28"), (-719_528, "0000-01-01"), (2_932_897, "10000-01-01")]
        {
            assert_eq!(shown(|out| date(days, out)), text);
        }
        assert_eq!(shown(|out| date(-719_529, out)), "-0001-12-31");
        assert_eq!(shown(|out| time((45_296, 0), out)), "12:34:56");
        assert_eq!(shown(|out| time((360_001, 0), out)), "100:00:01");
        assert_eq!(shown(|out| stamp((-1, 999_000_000), Zone::Utc, out)), "1969-12-31 23:59:59.999Z");
        assert_eq!(shown(|out| stamp((0, 1), Zone::Offset(19_800), out)), "1970-01-01 05:30:00.000000001+05:30");
    }
}
