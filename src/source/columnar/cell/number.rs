//! Numbers as text.

use std::fmt::Write;

/// Below it a number of double width that is whole is exact.
const WHOLE: f64 = 9e15;

/// An integer in full digits.
pub(super) fn integer(value: i64, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    digits(value.unsigned_abs(), 1, out);
}

/// A number in so many digits at least. The formatting of the standard library, which knows of signs, widths and bases, takes several times as
/// long, and most cells of a file are numbers and days.
pub(super) fn digits(mut value: u64, least: usize, out: &mut String) {
    let mut written = [b'0'; 20];
    let mut first = written.len();
    while value > 0 && first > 0 {
        first -= 1;
        // A digit is a byte.
        written[first] += u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    first = first.min(written.len().saturating_sub(least));
    out.push_str(str::from_utf8(&written[first..]).unwrap_or_default());
}

/// The shortest digits that give the number back; whole numbers without a point, as a person would have typed them.
pub(super) fn double(value: f64, out: &mut String) {
    if value != 0.0 && value.fract() == 0.0 && value.abs() < WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and smaller than the largest")]
        return integer(value as i64, out);
    }
    // Writing to a text does not fail.
    let is_moderate = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    let _ = if is_moderate { write!(out, "{value}") } else { write!(out, "{value:e}") };
}

/// The same of a number of half the width, whose digits are fewer.
pub(super) fn single(value: f32, out: &mut String) {
    let is_moderate = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    let _ = if is_moderate { write!(out, "{value}") } else { write!(out, "{value:e}") };
}

/// A decimal of so many digits behind the point; one without a fraction as a whole number. `false` where it is written in another way.
pub(super) fn scaled(value: i64, scale: i8, out: &mut String) -> bool {
    let Some(scale) = u32::try_from(scale).ok().filter(|scale| (1..=18).contains(scale)) else { return false };
    let parts = 10_u64.pow(scale);
    let (whole, fraction) = (value.unsigned_abs() / parts, value.unsigned_abs() % parts);
    if value < 0 {
        out.push('-');
    }
    digits(whole, 1, out);
    if fraction > 0 {
        out.push('.');
        digits(fraction, scale as usize, out);
    }
    true
}

/// A decimal as it is written; one without a fraction as a whole number.
pub(super) fn decimal(written: &str, out: &mut String) {
    match written.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => out.push_str(whole),
        _ => out.push_str(written),
    }
}

/// The bytes of a UUID in hexadecimal, divided by hyphens.
pub(super) fn uuid(bytes: &[u8; 16], out: &mut String) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
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
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for value in [0, 1, 9, 10, -1, -10, 447_700_900_123, i64::MAX, i64::MIN] {
            assert_eq!(shown(|out| integer(value, out)), value.to_string());
        }
        assert_eq!(shown(|out| digits(u64::MAX, 4, out)), u64::MAX.to_string());
        assert_eq!(shown(|out| digits(7, 4, out)), "0007");
        for value in [0.0, -0.0, 1.0, -1.0, 0.5, 1e14, 1e16, -9e15, 123_456_789.25, 1e-4] {
            assert_eq!(shown(|out| double(value, out)), value.to_string());
        }
        assert_eq!(shown(|out| double(1e17, out)), "1e17");
    }

    #[test]
    fn decimals_have_their_fraction_where_there_is_one() {
        for (value, scale, text) in
            [(1_250, 2, "12.50"), (-5, 2, "-0.05"), (-500, 2, "-5"), (0, 3, "0"), (i64::MIN, 18, "-9.223372036854775808")]
        {
            assert_eq!(shown(|out| assert!(scaled(value, scale, out))), text);
        }
        assert!(!scaled(1, 0, &mut String::new()) && !scaled(1, -2, &mut String::new()) && !scaled(1, 19, &mut String::new()));
    }
}
