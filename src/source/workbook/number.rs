//! Numbers of cells as text: dates by their number format, whole numbers in full digits.

use jiff::civil::Date;
use jiff::civil::date;
use std::fmt::Write as _;

/// What a number format makes of a number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Format {
    #[default]
    Plain,
    /// A day, a time of day or both.
    Date,
    /// A length of time, in hours above 24 too.
    Duration,
}

/// The day behind the last one that a spreadsheet shows, 9999-12-31, in the system of 1900.
const LAST_SERIAL: f64 = 2_958_466.0;

/// Days from 1899-12-30 to 1904-01-01, where the other system begins.
const DAYS_TO_1904: f64 = 1_462.0;

const MILLIS_A_DAY: i64 = 86_400_000;

impl Format {
    /// One of the formats that a workbook does not spell out.
    pub(super) fn built_in(id: u32) -> Format {
        match id {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Format::Date,
            46 => Format::Duration,
            _ => Format::Plain,
        }
    }

    /// A format that is spelt out, judged by its first section.
    pub(super) fn of_code(code: &str) -> Format {
        if code.eq_ignore_ascii_case("general") {
            return Format::Plain;
        }
        let code = code.as_bytes();
        let mut at = 0;
        while let Some(byte) = code.get(at) {
            at += 1;
            let rest = &code[at..];
            let until = |end: u8| rest.iter().position(|byte| *byte == end).unwrap_or(rest.len());
            match byte {
                b';' => break,
                b'\\' | b'_' | b'*' => at += 1,
                b'"' => at += until(b'"') + 1,
                b'[' => {
                    let inside = rest[..until(b']')].to_ascii_lowercase();
                    if let [first @ (b'h' | b'm' | b's'), others @ ..] = inside.as_slice()
                        && others.iter().all(|byte| byte == first)
                    {
                        return Format::Duration;
                    }
                    at += inside.len() + 1;
                }
                b'd' | b'm' | b'h' | b'y' | b's' | b'D' | b'M' | b'H' | b'Y' | b'S' => return Format::Date,
                _ => {}
            }
        }
        Format::Plain
    }
}

/// Writes a number as a CSV export would show it, after what `text` holds.
pub(super) fn push_number(text: &mut String, number: f64, format: Format, is_1904: bool) {
    let is_written = match format {
        Format::Plain => false,
        Format::Date => push_date(text, number, is_1904),
        Format::Duration => push_duration(text, number),
    };
    if !is_written {
        push_plain(text, number);
    }
}

/// A number as it was written in digits, which may be more than a float holds.
pub(super) fn push_written(text: &mut String, written: &str, format: Format, is_1904: bool) -> bool {
    let written = written.trim();
    let digits = written.strip_prefix('-').unwrap_or(written);
    let is_whole = !digits.is_empty() && digits.len() < 40 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if format == Format::Plain && is_whole {
        let significant = digits.trim_start_matches('0');
        let sign = if written.starts_with('-') && !significant.is_empty() { "-" } else { "" };
        text.push_str(sign);
        text.push_str(if significant.is_empty() { "0" } else { significant });
        return true;
    }
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            push_number(text, number, format, is_1904);
            true
        }
        _ => false,
    }
}

/// The shortest digits that mean this float, without an exponent.
fn push_plain(text: &mut String, number: f64) {
    // Minus nought is nought. Writing to a string does not fail.
    let _ = write!(text, "{}", if number == 0.0 { 0.0 } else { number });
}

fn push_date(text: &mut String, serial: f64, is_1904: bool) -> bool {
    let shifted = if is_1904 { serial + DAYS_TO_1904 } else { serial };
    if !(0.0..LAST_SERIAL).contains(&shifted) || serial < 0.0 {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below the last serial, which is checked")]
    let millis = (shifted * MILLIS_A_DAY as f64).round() as i64;
    let (day, time) = (millis.div_euclid(MILLIS_A_DAY), millis.rem_euclid(MILLIS_A_DAY));
    let is_time_only = if is_1904 { serial < 1.0 && time > 0 } else { day == 0 };
    if is_time_only {
        push_time(text, time);
        return true;
    }
    if day == 60 && !is_1904 {
        // A day that never was, kept for the sake of an older spreadsheet.
        text.push_str("1900-02-29");
    } else {
        let first: Date = if day < 60 && !is_1904 { date(1899, 12, 31) } else { date(1899, 12, 30) };
        let Ok(day) = first.checked_add(jiff::Span::new().days(day)) else { return false };
        let _ = write!(text, "{day}");
    }
    if time > 0 {
        text.push(' ');
        push_time(text, time);
    }
    true
}

fn push_time(text: &mut String, millis: i64) {
    let seconds = millis / 1_000;
    let _ = write!(text, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    push_fraction(text, millis % 1_000);
}

fn push_fraction(text: &mut String, millis: i64) {
    if millis > 0 {
        let fraction = format!(".{millis:03}");
        text.push_str(fraction.trim_end_matches('0'));
    }
}

fn push_duration(text: &mut String, days: f64) -> bool {
    if days.abs() >= LAST_SERIAL || !days.is_finite() {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below the last serial, which is checked")]
    let millis = (days.abs() * MILLIS_A_DAY as f64).round() as i64;
    let seconds = millis / 1_000;
    let sign = if days < 0.0 && millis > 0 { "-" } else { "" };
    let _ = write!(text, "{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    push_fraction(text, millis % 1_000);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64, format: Format, is_1904: bool) -> String {
        let mut text = String::new();
        push_number(&mut text, number, format, is_1904);
        text
    }

    #[test]
    fn numbers_have_neither_exponent_nor_needless_fraction() {
        for (number, expected) in [
            (447_700_900_123.0, "447700900123"),
            (1980.0, "1980"),
            (-0.0, "0"),
            (1.1, "1.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
        ] {
            assert_eq!(shown(number, Format::Plain, false), expected);
        }
        for (written, expected) in [("007", "7"), ("-0", "0"), ("12345678901234567890", "12345678901234567890"), ("1E3", "1000")]
        {
            let mut text = String::new();
            assert!(push_written(&mut text, written, Format::Plain, false));
            assert_eq!(text, expected);
        }
        assert!(!push_written(&mut String::new(), "1x", Format::Plain, false));
        assert!(!push_written(&mut String::new(), "inf", Format::Plain, false));
    }

    #[test]
    fn serials_are_dates_in_both_systems() {
        for (serial, is_1904, expected) in [
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            (60.0, false, "1900-02-29"),
            (61.0, false, "1900-03-01"),
            (25_569.0, false, "1970-01-01"),
            (42_916.5, false, "2017-06-30 12:00:00"),
            (42_916.999_999_999, false, "2017-07-01"),
            (42_916.000_011_574, false, "2017-06-30 00:00:01"),
            (0.75, false, "18:00:00"),
            (2_958_465.0, false, "9999-12-31"),
            (2_958_466.0, false, "2958466"),
            (-1.0, false, "-1"),
            (0.0, true, "1904-01-01"),
            (0.5, true, "12:00:00"),
            (24_107.0, true, "1970-01-01"),
        ] {
            assert_eq!(shown(serial, Format::Date, is_1904), expected);
        }
        assert_eq!(shown(1.5625, Format::Duration, false), "37:30:00");
        assert_eq!(shown(-0.5, Format::Duration, false), "-12:00:00");
    }

    #[test]
    fn formats_are_told_by_their_codes() {
        for code in ["dd/mm/yyyy", "[$-809]d mmmm yyyy;@", "h:mm AM/PM", "m\"M\"d\"D\";@", "yy\\-mm", "[Red]d/m"] {
            assert_eq!(Format::of_code(code), Format::Date, "{code}");
        }
        for code in ["[h]:mm:ss", "[mm]:ss", "[ss]"] {
            assert_eq!(Format::of_code(code), Format::Duration, "{code}");
        }
        for code in
            ["General", "0.00", "#,##0\\ [$\u{20bd}-46D]", "\"days\" 0", "[Red]0;d", "_d0*y", "0\\d", "@", "[<=9]0;d", "\"", "["]
        {
            assert_eq!(Format::of_code(code), Format::Plain, "{code}");
        }
    }
}
