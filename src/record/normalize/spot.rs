//! Does a cell of an unmapped column look like personal data? One such cell makes a gap, so both errors cost: a miss lets a verdict be
//! clear that should not be, a false alarm makes an honest one inconclusive. The rule, in the order in which it is tried:
//!
//! 1. **E-mail**, anywhere in the text: letters before an `@` (or `%40`), and after it a domain with a dot and a last label of letters.
//! 2. **Telephone number**, anywhere, not within a longer word or number. Bare digits: 11 that begin with `01`, `02`, `03`, `07` or `08`;
//!    12 that begin with `447`, `441`, `442` or `443`; 14 that begin with `0044`; the whole cell 10 that begin with `7` (a mobile without its zero). With
//!    separators: `+` and 10 to 15 digits; `00` and 11 to 15; `0` and a first group of three or more, 10 or 11 in all; groups of 3-3-4.
//!    So time stamps, prices, coordinates, IP addresses, UUIDs, hashes, 13-digit article numbers and zero-padded counters pass.
//! 3. **UK postcode**, anywhere with its space, or without it as the whole cell; areas that exist, and no O for 0.
//! 4. **Date**, as the whole cell, as people write it and with no time but midnight. `yyyymmdd`, serials and epochs are bare numbers: one
//!    cell cannot tell, so they are left to the inference over a whole column.
//!
//! Names and streets are words like others and are not spotted. Text without a digit and without an `@` costs two searches.
//!
//! In prose and JSON no cell is a value of its own, so there [`spot_within`] also looks at single words: a date or a postcode without its space
//! counts where the text is JSON, hstore, XML or a list of a database, or where two words in a row begin as names do.

use crate::record::field::Kind;
use crate::record::normalize::date::is_written_day;
use crate::record::normalize::plain;
use crate::record::normalize::postcode::is_uk;

/// Longer cells are no dates.
const LONGEST_DATE: usize = 80;

/// The kind of personal data that a cell looks like, if any.
pub(crate) fn spot(text: &str) -> Option<Kind> {
    // Full-width letters and digits begin with this byte.
    if memchr::memchr(0xef, text.as_bytes()).is_some() {
        return look(&plain(text));
    }
    look(text)
}

/// As [`spot`], for text that is not one value: prose, JSON.
pub(crate) fn spot_within(text: &str) -> Option<Kind> {
    let spotted = spot(text);
    if spotted.is_none() && is_list(text) && has_name(text) {
        return Some(Kind::Name);
    }
    spotted.or_else(|| {
        let digits = text.bytes().filter(u8::is_ascii_digit).take(2).count();
        if digits < 2 {
            return None;
        }
        if !is_structured(text) && !has_name(text) {
            return None;
        }
        let is_edge = |letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '/' | '.');
        text.split(is_edge).map(|word| word.trim_matches(['.', '-'])).find_map(|word| {
            if word.len() > 10 || !word.bytes().any(|byte| byte.is_ascii_digit()) {
                None
            } else if is_written_day(word) {
                Some(Kind::Date)
            } else {
                (word.len() >= 5 && is_postcode(word.as_bytes())).then_some(Kind::Postcode)
            }
        })
    })
}

/// Whether a text is a database's list or row, whose values stand without a name: `{Ann Green,Bob Ray}`.
fn is_list(text: &str) -> bool {
    let text = text.trim();
    let is_closed = (text.starts_with('{') && text.ends_with('}'))
        || (text.starts_with('[') && text.ends_with(']'))
        || (text.starts_with('(') && text.ends_with(')') && text.contains(','));
    is_closed && !text.contains("\":")
}

/// Whether a text holds values beside each other, as JSON, hstore, XML and a database's lists and rows do.
fn is_structured(text: &str) -> bool {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{' | b'[') => true,
        Some(b'"') => text.contains("=>"),
        Some(b'<') => text.ends_with('>'),
        Some(b'(') => text.ends_with(')') && text.contains(','),
        _ => false,
    }
}

/// Two words in a row that begin with a capital and go on in small letters.
fn has_name(text: &str) -> bool {
    let is_name = |word: &str| {
        let mut letters = word.trim_matches(|letter: char| !letter.is_alphanumeric()).chars();
        letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
    };
    let mut previous = false;
    text.split_whitespace().any(|word| {
        let both = previous && is_name(word);
        previous = is_name(word) && !word.ends_with(['.', ',', ':', ';']);
        both
    })
}

fn look(text: &str) -> Option<Kind> {
    let bytes = text.as_bytes();
    if has_email(bytes) {
        return Some(Kind::Email);
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let cell = text.trim();
    if digits >= 10 && (has_phone(bytes) || is_bare_mobile(cell.as_bytes())) {
        return Some(Kind::Phone);
    }
    if digits >= 2 && (has_postcode(bytes) || is_postcode(cell.as_bytes())) {
        return Some(Kind::Postcode);
    }
    (digits >= 3 && cell.len() <= LONGEST_DATE && is_written_day(cell)).then_some(Kind::Date)
}

fn has_email(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'@', b'%', bytes).any(|at| {
        let after = match bytes[at] {
            b'@' => at + 1,
            _ if bytes[at..].starts_with(b"%40") => at + 3,
            _ => return false,
        };
        let before =
            at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric() || b"._-+".contains(&bytes[before]));
        before && starts_with_domain(&bytes[after..])
    })
}

/// Labels with a dot between, the last of two or more letters.
fn starts_with_domain(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-.".contains(byte) || !byte.is_ascii()));
    let domain = bytes[..end.unwrap_or(bytes.len())].trim_ascii_end();
    let domain = domain.strip_suffix(b".").unwrap_or(domain);
    let Some(dot) = memchr::memrchr(b'.', domain) else { return false };
    let last = &domain[dot + 1..];
    dot > 0 && domain[0] != b'.' && last.len() >= 2 && last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
}

/// Ten digits that a spreadsheet made of a UK mobile number.
fn is_bare_mobile(cell: &[u8]) -> bool {
    let cell = cell.strip_suffix(b".0").unwrap_or(cell);
    cell.len() == 10 && cell.iter().all(u8::is_ascii_digit) && cell[0] == b'7' && b"1234579".contains(&cell[1])
}

fn has_phone(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|ahead| at + ahead) {
        let run = Run::read(bytes, start);
        if run.is_phone(bytes) {
            return true;
        }
        at = run.ends[0];
    }
    false
}

/// Telephone numbers have so many groups of digits at most.
const MOST_GROUPS: usize = 6;

/// Digits in groups, with the separators of telephone numbers between.
struct Run {
    start: usize,
    /// How many groups there are, and where each ends.
    count: usize,
    ends: [usize; MOST_GROUPS],
    /// Digits up to the end of each group.
    digits: [usize; MOST_GROUPS],
}

impl Run {
    /// Reads from the first digit on. A group ends at up to three separators; more, or any other byte, end the run.
    fn read(bytes: &[u8], start: usize) -> Run {
        let mut run = Run { start, count: 0, ends: [start; MOST_GROUPS], digits: [0; MOST_GROUPS] };
        let (mut at, mut digits) = (start, 0);
        while run.count < MOST_GROUPS {
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at += length;
            digits += length;
            run.ends[run.count] = at;
            run.digits[run.count] = digits;
            run.count += 1;
            let gap = bytes[at..].iter().take(4).take_while(|byte| b" -.()".contains(byte) || !byte.is_ascii()).count();
            if gap == 0 || gap > 3 || !bytes.get(at + gap).is_some_and(u8::is_ascii_digit) {
                break;
            }
            at += gap;
        }
        run
    }

    /// Do the first groups, one or more, make a number that stands by itself?
    fn is_phone(&self, bytes: &[u8]) -> bool {
        let bracket = usize::from(self.start > 0 && bytes[self.start - 1] == b'(');
        let mut open = self.start - bracket;
        let plus = open > 0 && bytes[open - 1] == b'+';
        open -= usize::from(plus);
        !is_inside(&bytes[..open]) && (0..self.count).any(|last| self.ends_here(bytes, last) && self.is_number(bytes, last, plus))
    }

    /// Can a number end with this group?
    fn ends_here(&self, bytes: &[u8], last: usize) -> bool {
        let tail = &bytes[self.ends[last]..];
        let Some(&next) = tail.first() else { return true };
        if last + 1 < self.count {
            return next == b' ';
        }
        let extension = tail.starts_with(b"x") || tail.starts_with(b"ext");
        extension || !(next.is_ascii_alphanumeric() || b"_:%@".contains(&next))
    }

    fn is_number(&self, bytes: &[u8], last: usize, plus: bool) -> bool {
        let first = &bytes[self.start..self.ends[0]];
        let digits = self.digits[last];
        if plus {
            return first[0] != b'0' && (10..=15).contains(&digits);
        }
        if last == 0 {
            let uk = first[0] == b'0' && b"12378".contains(first.get(1).unwrap_or(&0));
            let code = first.starts_with(b"44") && b"1237".contains(first.get(2).unwrap_or(&0));
            return uk && digits == 11 || code && digits == 12 || first.starts_with(b"0044") && digits == 14;
        }
        match first {
            [b'0', b'0', next, ..] => *next != b'0' && (11..=15).contains(&digits),
            [b'0', next, _, ..] => *next != b'0' && matches!(digits, 10 | 11),
            _ => self.count == 3 && self.digits[..3] == [3, 6, 10] && last == 2,
        }
    }
}

/// Do these bytes end within a word, a number, a path or an expression? A label (`tel:`, `phone=`) before a number is none of these.
fn is_inside(before: &[u8]) -> bool {
    match before {
        [.., other, b':' | b'='] => other.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric() || b"_-./%#$&@\\".contains(last),
        [] => false,
    }
}

/// A unit in two words: the digit of the inward half follows a space, the outward half precedes it.
fn has_postcode(bytes: &[u8]) -> bool {
    let boundary = |at: usize| bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    memchr::memchr2_iter(b' ', 0xa0, bytes).any(|gap| {
        let Some(inward) = bytes.get(gap + 1..gap + 4) else { return false };
        if !inward[0].is_ascii_digit()
            || !inward[1].is_ascii_alphabetic()
            || !inward[2].is_ascii_alphabetic()
            || !boundary(gap + 4)
        {
            return false;
        }
        let before = bytes[..gap].strip_suffix(b"\xc2").unwrap_or(&bytes[..gap]);
        let length = before.iter().rev().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if !(2..=4).contains(&length) || before.len() > length && before[before.len() - length - 1] == b'_' {
            return false;
        }
        let mut code = [0; 7];
        code[..length].copy_from_slice(&before[before.len() - length..]);
        code[length..length + 3].copy_from_slice(inward);
        is_postcode(&code[..length + 3])
    })
}

/// A unit without its space, in either case.
fn is_postcode(cell: &[u8]) -> bool {
    let mut code = [0; 7];
    let Some(code) = code.get_mut(..cell.len()) else { return false };
    code.copy_from_slice(cell);
    let mixed = code.iter().any(u8::is_ascii_uppercase) && code.iter().any(u8::is_ascii_lowercase);
    code.make_ascii_uppercase();
    !mixed && is_uk(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_hold() {
        for row in crate::record::normalize::vectors::rows(include_str!("../../../testdata/vectors/normalize/spot.tsv")) {
            let [text, expected] = row.as_slice() else { panic!("a vector has not two cells: {row:?}") };
            assert_eq!(spot(text).map_or("-", Kind::word), expected, "of {text:?}");
        }
    }

    proptest! {
        #[test]
        fn prose_without_digits_is_quiet(text in "[ -/:-?A-~]{0,40}") {
            prop_assert_eq!(spot(&text), None);
        }

        #[test]
        fn total(text in any::<String>(), tail in "[0-9+() @.%a-zA-Z/-]{0,30}") {
            spot(&text);
            spot(&tail);
        }
    }

    #[test]
    fn prose_and_json_are_looked_at_word_by_word() {
        assert_eq!(spot_within("Spoke to Ann Green of 13 High Street; mother born 1980-02-03"), Some(Kind::Date));
        assert_eq!(spot_within(r#"{"name":"Ann Green","dob":"1980-02-03"}"#), Some(Kind::Date));
        assert_eq!(spot_within(r#"{"pc":"LS24AH"}"#), Some(Kind::Postcode));
        assert_eq!(spot_within(r#""dob"=>"1980-02-03""#), Some(Kind::Date));
        assert_eq!(spot_within("<p><d>1980-02-03</d></p>"), Some(Kind::Date));
        assert_eq!(spot_within("(green,1980-02-03)"), Some(Kind::Date));
        assert_eq!(spot_within("{Ann Green,Bob Ray}"), Some(Kind::Name));
        assert_eq!(spot_within(r#"["Ann Green"]"#), Some(Kind::Name));
        assert_eq!(spot_within(r#"{"title":"Hello World"}"#), None);
        let long = format!("{}Ann Green 1980-02-03", "word ".repeat(50_000));
        assert_eq!(spot_within(&long), Some(Kind::Date), "the end of a long text counts as its beginning does");
        for plain in [
            "shipped on 2017-02-03 by van",
            "order 10293847 sent",
            "Spoke to Ann Green",
            "version 1.2.3",
            "{}",
            r#"{"n": 123456}"#,
        ] {
            assert_eq!(spot_within(plain), None, "{plain}");
        }
    }
}
