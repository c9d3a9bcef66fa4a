//! Numbers as a person would have typed them.

/// Digits of a whole number that is written out. A longer one is left as it is.
const MOST_DIGITS: usize = 40;

/// Adds a number as JSON writes it; one with point or exponent that is whole gets plain digits, so that a telephone number or a year that
/// came as a float reads as itself.
pub(in crate::source) fn push_plain(number: &str, out: &mut Vec<u8>) {
    if !number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || !push_whole(number, out) {
        out.extend_from_slice(number.as_bytes());
    }
}

/// Adds the digits of a number that is whole, and says whether it is.
fn push_whole(number: &str, out: &mut Vec<u8>) -> bool {
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i32>() else { return false };
    let fraction = fraction.trim_end_matches('0');
    let Ok(places) = i32::try_from(fraction.len()) else { return false };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() > MOST_DIGITS {
        return false;
    }
    let mut digits = format!("{whole}{fraction}");
    let Some(shift) = exponent.checked_sub(places) else { return false };
    if let Ok(zeros) = usize::try_from(shift) {
        if digits.len().saturating_add(zeros) > MOST_DIGITS && digits.bytes().any(|byte| byte != b'0') {
            return false;
        }
        digits.extend(std::iter::repeat_n('0', zeros.min(MOST_DIGITS)));
    } else {
        let cut = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX);
        let kept = digits.len().saturating_sub(cut);
        if digits[kept..].bytes().any(|byte| byte != b'0') {
            return false;
        }
        digits.truncate(kept);
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        out.push(b'0');
    } else {
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(digits.as_bytes());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(number: &str) -> String {
        let mut out = Vec::new();
        push_plain(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whole_numbers_get_plain_digits() {
        for (number, expected) in [
            ("1980", "1980"),
            ("-7", "-7"),
            ("1980.0", "1980"),
            ("447700900123.0", "447700900123"),
            ("4.47700900123e11", "447700900123"),
            ("1E3", "1000"),
            ("12500e-2", "125"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("0e9999", "0"),
            ("12.50", "12.50"),
            ("1.5e-7", "1.5e-7"),
            ("1e400", "1e400"),
            ("1e99999999999", "1e99999999999"),
            ("51.5072", "51.5072"),
        ] {
            assert_eq!(plain(number), expected, "{number}");
        }
        let long = "7".repeat(1_000);
        assert_eq!(plain(&long), long);
        assert_eq!(plain(&format!("{long}.0")), format!("{long}.0"));
    }

    proptest! {
        #[test]
        fn any_text_is_taken(number in "[-0-9.eE+]{0,60}") {
            plain(&number);
        }

        #[test]
        fn floats_keep_their_value(number: f64) {
            let text = plain(&format!("{number:e}"));
            let is_same = text.parse::<f64>().unwrap().to_bits() == (number + 0.0).to_bits();
            prop_assert!(is_same || number == 0.0);
        }
    }
}
