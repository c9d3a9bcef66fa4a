//! Telephone numbers: the national significant number, with the UK as the default country.
//!
//! `+44 (0)20 7946 0958`, `0044 20 79460958`, `020 7946 0958` and the `2079460958` that a spreadsheet left are all `2079460958`. Another
//! country's number keeps its country code (`+49 30 901820` → `4930901820`), so that one written without it is another number.
//! Extensions are dropped. A cell may hold several numbers; [`canonical`] takes the first, [`candidates`] all.

use crate::record::normalize::Reading;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// Digits of a number, at least and at most (ITU-T E.164 has the upper bound).
const SHORTEST: usize = 7;
const LONGEST: usize = 15;

/// Words that stand beside a number.
const LABELS: [&str; 36] = [
    "tel",
    "telephone",
    "phone",
    "ph",
    "mobile",
    "mob",
    "cell",
    "home",
    "work",
    "office",
    "h",
    "w",
    "m",
    "t",
    "p",
    "c",
    "fax",
    "f",
    "day",
    "daytime",
    "eve",
    "evening",
    "evenings",
    "number",
    "no",
    "uk",
    "gb",
    "call",
    "whatsapp",
    "after",
    "or",
    "and",
    "mum",
    "dad",
    "contact",
    "landline",
];

/// The first number of the cell.
pub(crate) fn canonical(raw: &str, out: &mut String) -> Reading {
    out.clear();
    let mut first = Number::default();
    let reading = each(raw, &mut |number| {
        if first.length == 0 {
            first = number;
        }
    });
    out.push_str(first.text());
    reading
}

/// Every number of the cell.
pub(crate) fn candidates(raw: &str, emit: &mut dyn FnMut(&str)) -> Reading {
    each(raw, &mut |number| emit(number.text()))
}

/// Splits the cell where one number ends and another begins, and reads each. A slash separates two numbers only if both are long enough.
fn each(raw: &str, emit: &mut dyn FnMut(Number)) -> Reading {
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    let text = text.strip_suffix(".0").unwrap_or(&text);
    let mut reading = Reading::Unreadable;
    let mut take = |part: &str| match number(part) {
        Ok(number) => {
            reading = Reading::Value;
            emit(number);
        }
        Err(Reading::Blank) if reading == Reading::Unreadable => reading = Reading::Blank,
        Err(_) => {}
    };
    for part in text.split([';', ',', '|']).filter(|part| !part.trim_start().starts_with("ext=")) {
        let long = |piece: &str| piece.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST;
        if part.contains('/') && part.split('/').filter(|piece| long(piece)).count() > 1 {
            part.split('/').for_each(&mut take);
        } else {
            take(part);
        }
    }
    reading
}

/// The digits of a number.
#[derive(Clone, Copy, Default)]
struct Number {
    digits: [u8; LONGEST],
    length: usize,
}

impl Number {
    fn text(&self) -> &str {
        str::from_utf8(&self.digits[..self.length]).unwrap_or("")
    }
}

/// One number. Letters are its label or its extension; anything else that is written with letters is none.
fn number(part: &str) -> Result<Number, Reading> {
    let bytes = part.as_bytes();
    // With a country code before it and a trunk prefix in brackets, the longest is `00`, code, `(0)` and the number.
    let mut digits = [0; LONGEST + 6];
    let (mut length, mut at, mut international) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            byte @ b'0'..=b'9' => {
                *digits.get_mut(length).ok_or(Reading::Unreadable)? = byte;
                length += 1;
            }
            b'+' if length == 0 => international = true,
            b'(' if bytes[at..].starts_with(b"(0)") && (international || digits[..length].starts_with(b"00")) => at += 2,
            // `#` and a few digits after the number are an extension.
            b'#' if length >= SHORTEST => break,
            letter if letter.is_ascii_alphabetic() => {
                let end = bytes[at..].iter().position(|byte| !byte.is_ascii_alphabetic()).map_or(bytes.len(), |word| at + word);
                let word = &part[at..end];
                if length >= SHORTEST && ["x", "ext", "extn", "extension"].iter().any(|ext| word.eq_ignore_ascii_case(ext)) {
                    break;
                }
                if !LABELS.iter().any(|label| word.eq_ignore_ascii_case(label)) {
                    return Err(Reading::Unreadable);
                }
                at = end - 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b':' | b'[' | b']' | b'_' | b'\'' | b'"' => {}
            _ => return Err(Reading::Unreadable),
        }
        at += 1;
    }
    national(&digits[..length])
}

/// Drops the prefixes until there is none: what is left starts with neither a zero nor, with ten digits to follow, the UK's own code.
fn national(digits: &[u8]) -> Result<Number, Reading> {
    let mut rest = digits;
    loop {
        rest = match rest {
            [b'0', tail @ ..] => tail,
            [b'4', b'4', tail @ ..] if tail.len() >= 9 => tail,
            _ => break,
        };
    }
    if is_filler(rest) && (!digits.is_empty()) {
        return Err(Reading::Blank);
    }
    if !(SHORTEST..=LONGEST).contains(&rest.len()) {
        return Err(Reading::Unreadable);
    }
    let mut number = Number { digits: [0; LONGEST], length: rest.len() };
    number.digits[..rest.len()].copy_from_slice(rest);
    Ok(number)
}

/// Zeros only, one digit over and over (`07777 777777`), one digit and zeros (`07000 000000`), or counting up or down (`01234 567890`).
fn is_filler(rest: &[u8]) -> bool {
    let Some((&first, tail)) = rest.split_first() else { return true };
    if rest.len() < SHORTEST {
        return false;
    }
    let counts = |step: u8| rest.windows(2).all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0');
    tail.iter().all(|digit| *digit == first)
        || tail.iter().all(|digit| *digit == b'0')
        || counts(1)
        || counts(9)
        || rest == b"7123456789"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_hold() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/phone.tsv"), canonical);
    }

    #[test]
    fn every_number_is_a_candidate() {
        let mut found = Vec::new();
        let reading = candidates("01632 960123 / 07700 900123; 07000000000", &mut |number| found.push(number.to_owned()));
        assert_eq!(reading, Reading::Value);
        assert_eq!(found, ["1632960123", "7700900123"]);
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in prop_oneof!["\\PC{0,24}", "[+]?[04 ()-]{0,5}[0-9 /-]{5,20}"]) {
            let (mut once, mut twice) = (String::new(), String::new());
            if canonical(&raw, &mut once) == Reading::Value {
                prop_assert_eq!(canonical(&once, &mut twice), Reading::Value);
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            canonical(&raw, &mut String::new());
        }
    }
}
