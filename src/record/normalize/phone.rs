//! Telephone numbers: the national significant number, with the UK as the default country.
//!
//! `+44 (0)20 7946 0958`, `0044 20 79460958`, `020 7946 0958` and the `2079460958` that a spreadsheet left are all `2079460958`. Another
//! country's number keeps its country code (`+49 (0)30 901820` → `4930901820`), so that one written without it is another number. Where
//! these digits could be a British number too, the plus stays (`+20 3 123 4567` of Alexandria → `+2031234567`).
//! Extensions are dropped. A cell may hold several numbers; [`canonical`] takes the first, [`candidates`] all.

use crate::record::normalize::Reading;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// Digits of a number, at least and at most (ITU-T E.164 has the upper bound).
const SHORTEST: usize = 7;
const LONGEST: usize = 15;
/// Digits from which on a number lacks nothing, as it is written.
const WHOLE: usize = 10;
/// Digits of a number that may be the UK's as well as another country's.
const TWOFOLD: usize = 10;

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

/// Codes of countries whose numbers begin with a zero of their own, which is no trunk prefix: Italy, San Marino, and six of Africa.
const ZERO_STAYS: [&[u8]; 8] = [b"39", b"378", b"225", b"226", b"227", b"229", b"241", b"242"];

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

/// Bytes of a cell that [`quick`] reads.
const MOST_QUICK: usize = 20;

/// What [`candidates`] gives of a cell that is one number, written with a zero or a plus, digits and blanks; false for any other cell, and for digits
/// that may be a date too.
pub(crate) fn quick(cell: &str, out: &mut String) -> bool {
    out.clear();
    let bytes = cell.as_bytes();
    let [b'0' | b'+', middle @ .., b'0'..=b'9'] = bytes else { return false };
    let is_usual = bytes.len() <= MOST_QUICK && middle.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ');
    let may_be_date = bytes[0] == b'0' && bytes.len() != 11 && !middle.contains(&b' ');
    if !is_usual || may_be_date {
        return false;
    }
    let rest = match bytes {
        // A British number with its zero, or with its country's code.
        [b'0', rest @ ..] if bytes.len() == 11 && !middle.contains(&b' ') => rest,
        [b'+', b'4', b'4', rest @ ..] if bytes.len() == 13 && !middle.contains(&b' ') => rest,
        _ => {
            let Ok(number) = number(cell, &mut None) else { return false };
            out.push_str(number.text());
            return !number.bare;
        }
    };
    if rest[0] == b'0' || may_be_filler(rest) && is_filler(rest) {
        return false;
    }
    out.push_str(&cell[cell.len() - rest.len()..]);
    true
}

/// Whether a number may be one of which [`is_filler`] says that it is: its first digits go on as a filler's do.
fn may_be_filler(rest: &[u8]) -> bool {
    match rest {
        [first, second, third, ..] => {
            let step = second.wrapping_sub(*first);
            let goes_on =
                third.wrapping_sub(*second) == step || [first, second, third].iter().any(|digit| matches!(digit, b'0' | b'9'));
            goes_on || rest.starts_with(b"712")
        }
        _ => true,
    }
}

/// Every number of the cell. Ten digits with neither a zero nor a plus before them may be either of two countries' where [`is_twofold`].
pub(crate) fn candidates(raw: &str, emit: &mut dyn FnMut(&str)) -> Reading {
    each(raw, &mut |number| {
        emit(number.text());
        if number.bare && is_twofold(&number.text) {
            emit(number.marked().text());
        }
    })
}

/// Splits the cell where one number ends and another begins, and reads each. A slash separates two numbers only if both are long enough;
/// after a whole number it is followed by the last digits of another, which are left out.
fn each(raw: &str, emit: &mut dyn FnMut(Number)) -> Reading {
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let mut reading = Reading::Unreadable;
    let mut take = |part: &str| {
        let mut rest = Some(part);
        while let Some(part) = rest.take() {
            match number(part, &mut rest) {
                Ok(number) => {
                    reading = Reading::Value;
                    emit(number);
                }
                Err(Reading::Blank) if reading == Reading::Unreadable => reading = Reading::Blank,
                Err(_) => {}
            }
        }
    };
    for line in raw.split('\n') {
        let text = plain(line);
        let text = text.strip_suffix(".0").unwrap_or(&text);
        for part in text.split([';', ',', '|', '&']).filter(|part| !part.trim_start().starts_with("ext=")) {
            let digits = |piece: &str| piece.bytes().filter(u8::is_ascii_digit).count();
            let Some((first, _)) = part.split_once('/') else {
                take(part);
                continue;
            };
            if part.split('/').filter(|piece| digits(piece) >= SHORTEST).count() > 1 {
                part.split('/').for_each(&mut take);
            } else {
                take(if digits(first) >= WHOLE { first } else { part });
            }
        }
    }
    reading
}

/// The digits of a number, perhaps after a plus.
#[derive(Clone, Copy, Default)]
struct Number {
    text: [u8; LONGEST + 1],
    length: usize,
    /// Neither a zero nor a plus stood before it.
    bare: bool,
}

impl Number {
    fn text(&self) -> &str {
        str::from_utf8(&self.text[..self.length]).unwrap_or("")
    }

    fn push(&mut self, digits: &[u8]) {
        for (slot, digit) in self.text[self.length..].iter_mut().zip(digits) {
            *slot = *digit;
            self.length += 1;
        }
    }

    /// The same number with a plus before it.
    fn marked(&self) -> Number {
        let mut marked = Number::default();
        marked.push(b"+");
        marked.push(&self.text[..self.length]);
        marked
    }
}

/// One number, and what follows an `or` after it. Letters are its label or its extension; anything else that is written with letters is
/// none.
fn number<'part>(part: &'part str, rest: &mut Option<&'part str>) -> Result<Number, Reading> {
    let bytes = part.as_bytes();
    // With a country code before it and a trunk prefix in brackets, the longest is `00`, code, `(0)` and the number.
    let mut digits = [0; LONGEST + 6];
    let (mut length, mut at, mut plus) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            byte @ b'0'..=b'9' => {
                *digits.get_mut(length).ok_or(Reading::Unreadable)? = byte;
                length += 1;
            }
            b'+' if length == 0 => plus = true,
            // The trunk prefix, not to be dialled after a country's code.
            b'(' if bytes[at..].starts_with(b"(0)") && (plus || length > 0) && !keeps_zero(&digits[..length]) => at += 2,
            // `#` and a few digits after the number are an extension.
            b'#' if length >= SHORTEST => break,
            letter if letter.is_ascii_alphabetic() => {
                let end = bytes[at..].iter().position(|byte| !byte.is_ascii_alphabetic()).map_or(bytes.len(), |word| at + word);
                let word = &part[at..end];
                let is_one_of = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
                if length >= SHORTEST && is_one_of(&["x", "ext", "extn", "extension"]) {
                    break;
                }
                if length >= SHORTEST && is_one_of(&["or", "and"]) {
                    *rest = Some(&part[end..]);
                    break;
                }
                if !is_one_of(&LABELS) {
                    return Err(Reading::Unreadable);
                }
                at = end - 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b':' | b'[' | b']' | b'_' | b'\'' | b'"' => {}
            _ => return Err(Reading::Unreadable),
        }
        at += 1;
    }
    national(&digits[..length], plus)
}

/// Do these digits, perhaps after `00`, end with the code of a country whose numbers begin with a zero of their own?
fn keeps_zero(digits: &[u8]) -> bool {
    ZERO_STAYS.contains(&digits.strip_prefix(b"00").unwrap_or(digits))
}

/// What follows `011` or `0011`, by which one dials out of North America and Australia, where there are more digits than a British number,
/// or one of North America after `00`, has: `01144 20 7946 0958`, but not Sheffield's `0114 420 1234`.
fn dialled_abroad(digits: &[u8]) -> Option<&[u8]> {
    match digits {
        [b'0', b'1', b'1', rest @ ..] if digits.len() > 11 && rest[0] != b'0' => Some(rest),
        [b'0', b'0', b'1', b'1', rest @ ..] if digits.len() > 13 => Some(rest),
        _ => None,
    }
}

/// Drops the prefixes until there is none: what is left starts with neither a zero nor, with ten digits to follow, the UK's own code.
/// Another country's number keeps its code and loses the trunk prefix after it.
fn national(digits: &[u8], plus: bool) -> Result<Number, Reading> {
    if let Some(rest) = dialled_abroad(digits) {
        return national(rest, true);
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let mut rest = &digits[zeros..];
    let is_foreign = (zeros == 2 || plus && zeros == 0) && !rest.starts_with(b"44");
    loop {
        rest = match rest {
            [b'0', tail @ ..] => tail,
            [b'4', b'4', tail @ ..] if tail.len() >= 9 && !is_foreign => tail,
            _ => break,
        };
    }
    if is_filler(rest) && (!digits.is_empty()) {
        return Err(Reading::Blank);
    }
    let mut number = Number { bare: zeros == 0 && !plus, ..Number::default() };
    let mut length = rest.len();
    if is_foreign {
        let (code, mut tail) = rest.split_at(code_length(rest).min(rest.len()));
        while !ZERO_STAYS.contains(&code)
            && let [b'0', after @ ..] = tail
        {
            tail = after;
        }
        length = code.len() + tail.len();
        number.push(code);
        number.push(tail);
        if is_twofold(&number.text) {
            number = number.marked();
        }
    } else {
        number.push(rest);
    }
    if (SHORTEST..=LONGEST).contains(&length) { Ok(number) } else { Err(Reading::Unreadable) }
}

/// How many digits the country code has with which these begin (ITU-T E.164, Annex).
fn code_length(digits: &[u8]) -> usize {
    match digits {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}

/// Can these ten digits be the UK's as well as another country's with its code? `2031234567` is London's `020 3123 4567` and Alexandria's
/// `+20 3 123 4567`. Only the ranges count that are in use in the UK, and no country's numbers have ten digits with the codes 1 and 7.
fn is_twofold(text: &[u8; LONGEST + 1]) -> bool {
    text[TWOFOLD] == 0
        && text[TWOFOLD - 1] != 0
        && match text[0] {
            b'2' => b"03489".contains(&text[1]),
            b'3' => b"0347".contains(&text[1]),
            b'5' => b"56".contains(&text[1]),
            b'8' => b"023457".contains(&text[1]),
            b'9' => b"018".contains(&text[1]),
            _ => false,
        }
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

    #[test]
    fn numbers_that_may_be_of_two_countries_are_both_where_nothing_tells() {
        let every = |cell| {
            let mut found = Vec::new();
            candidates(cell, &mut |number| found.push(number.to_owned()));
            found
        };
        assert_eq!(every("2031234567"), ["2031234567", "+2031234567"]);
        assert_eq!(every("020 3123 4567"), ["2031234567"]);
        assert_eq!(every("+20 3 123 4567"), ["+2031234567"]);
        assert_eq!(every("7700900123"), ["7700900123"]);
        assert_eq!(every("01632 960123 or 07700 900123\n07700 900124"), ["1632960123", "7700900123", "7700900124"]);
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
