//! Identifiers: letters and digits, upper case, without what separates, precedes or follows them (`#ab-123 456` → `AB123456`).
//!
//! Spreadsheets are the usual reason why two copies of a number differ: a trailing `.0` is dropped, and so are the leading zeros of an
//! identifier of digits only. One in scientific notation has lost its end and is unreadable.

use crate::record::normalize::Reading;
use crate::record::normalize::fold;
use crate::record::normalize::is_word;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// No identifier is longer: a SHA-512 in hexadecimal has 128 characters.
const LONGEST: usize = 256;
/// The same character so many times over is a filler.
const FILLER: usize = 6;

/// Letters and digits of a cell that [`quick`] reads.
const MOST_LETTERS: usize = 3;
const MOST_DIGITS: usize = 9;
/// A longer cell may be text in armour.
const LONG: usize = 12;
/// Digits behind letters that may be a day: `Z19900504`.
const DIGITS_OF_DAY: usize = 8;

/// What [`canonical`] writes of a cell that is one to three capitals, and behind them so many digits that the whole is no postcode, no day and no
/// telephone number; false for any other cell.
pub(crate) fn quick(cell: &str, out: &mut String) -> bool {
    out.clear();
    let bytes = cell.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let digits = bytes.len() - letters;
    let is_one = (1..=MOST_LETTERS).contains(&letters)
        && (DIGITS_OF_DAY - letters..=MOST_DIGITS).contains(&digits)
        && digits != DIGITS_OF_DAY
        && bytes.len() < LONG
        && bytes[letters..].iter().all(u8::is_ascii_digit);
    if is_one {
        out.push_str(cell);
    }
    is_one
}

pub(crate) fn canonical(raw: &str, out: &mut String) -> Reading {
    out.clear();
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    let text = match text.rsplit_once('.') {
        Some((whole, decimals)) if is_digits(whole) && !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0') => whole,
        _ => &text,
    };
    if is_scientific(text) {
        return Reading::Unreadable;
    }
    if text.is_ascii() {
        out.extend(text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_uppercase())));
    } else {
        fold(text, out);
        out.retain(is_word);
        out.make_ascii_uppercase();
    }
    if is_digits(out) {
        let zeros = out.bytes().take_while(|byte| *byte == b'0').count();
        out.drain(..zeros);
        if out.is_empty() {
            return Reading::Blank;
        }
    }
    let first = out.bytes().next();
    let reading = if first.is_none() || out.len() > LONGEST {
        Reading::Unreadable
    } else if is_placeholder(out) || out.len() >= FILLER && out.bytes().all(|byte| Some(byte) == first) {
        Reading::Blank
    } else {
        return Reading::Value;
    };
    out.clear();
    reading
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `1.23457E+15`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some((whole, decimals)) = mantissa.split_once(['.', ',']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    is_digits(whole) && is_digits(decimals) && is_digits(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_hold() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/identifier.tsv"), canonical);
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in prop_oneof!["\\PC{0,16}", "[0-9A-Ea-e.+-]{0,12}"]) {
            let (mut once, mut twice) = (String::new(), String::new());
            if canonical(&raw, &mut once) == Reading::Value {
                prop_assert_eq!(canonical(&once, &mut twice), Reading::Value);
                prop_assert_eq!(once, twice);
            } else {
                prop_assert!(once.is_empty());
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            canonical(&raw, &mut String::new());
        }
    }
}
