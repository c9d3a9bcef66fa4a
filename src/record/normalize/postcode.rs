//! Postcodes: the UK's by their grammar, with O/0 and I/1 put right by position; every other country's as letters and digits.
//!
//! A UK code is recognised by its shape, its area (one of the 124 that exist, `BF` of the forces, `BX` of banks) and the letters that its inward
//! half may have, so that a Dutch or Canadian code is never rewritten. It is found too where it ends a cell with a town before it. A
//! district's leading zero (`L01 1AA`) is dropped. An inward half alone (`1AA`) is no code of any country. A code that lost its own leading zero (`2119` of `02119`) stays as it is.

use crate::record::normalize::Reading;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// Longest code of any country, and more.
const LONGEST: usize = 16;

/// The code in upper case without spaces: `sw1a 1aa` → `SW1A1AA`. A code without a digit is unreadable, and so is an inward half alone; no fixed
/// abode (`ZZ99…`) is blank.
pub(crate) fn canonical(raw: &str, out: &mut String) -> Reading {
    out.clear();
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    let text = text.strip_suffix(".0").unwrap_or(&text);
    let mut code = [0; LONGEST];
    let whole = squeeze(text.bytes(), &mut code);
    if let Some(unit) = whole.and_then(Unit::parse) {
        unit.write(out);
        return Reading::Value;
    }
    if let Some(unit) = last_unit(text) {
        unit.write(out);
        return Reading::Value;
    }
    let is_code = |code: &&[u8]| code.iter().any(u8::is_ascii_digit) && !is_inward(code);
    let Some(code) = whole.filter(is_code) else { return Reading::Unreadable };
    if code.starts_with(b"ZZ99") || code.iter().all(|byte| *byte == b'0') || code.iter().all(|byte| *byte == b'9') {
        return Reading::Blank;
    }
    out.extend(code.iter().map(|byte| char::from(*byte)));
    Reading::Value
}

/// What [`canonical`] writes of a cell that is a UK unit with at most one blank in it; false for any other cell.
pub(crate) fn quick(cell: &str, out: &mut String) -> bool {
    out.clear();
    let bytes = cell.as_bytes();
    let mut code = [0; 7];
    let length = match bytes {
        [outward @ .., b' ', digit, one, other] if (2..=4).contains(&outward.len()) => {
            code[..outward.len()].copy_from_slice(outward);
            code[outward.len()..outward.len() + 3].copy_from_slice(&[*digit, *one, *other]);
            outward.len() + 3
        }
        _ if (5..=7).contains(&bytes.len()) => {
            code[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        }
        _ => return false,
    };
    let code = &mut code[..length];
    code.make_ascii_uppercase();
    if is_exact(code) {
        out.push_str(str::from_utf8(code).unwrap_or_default());
        return true;
    }
    if !code.iter().all(u8::is_ascii_alphanumeric) || !code[length - 3].is_ascii_digit() {
        return false;
    }
    let Some(unit) = Unit::parse(code) else { return false };
    unit.write(out);
    true
}

/// Whether a code in upper case is a UK unit with nothing to put right, which [`Unit::parse`] gives as it is.
fn is_exact(code: &[u8]) -> bool {
    let [outward @ .., digit, one, other] = code else { return false };
    let is_of = |byte: u8, letters: u32| byte.is_ascii_uppercase() && letters >> ((byte - b'A') & 31) & 1 == 1;
    if !digit.is_ascii_digit() || !is_of(*one, INWARD_LETTERS) || !is_of(*other, INWARD_LETTERS) {
        return false;
    }
    let area = |first: u8, second: Option<u8>| {
        let row = AREA_LETTERS[usize::from(first.wrapping_sub(b'A') % 26)];
        first.is_ascii_uppercase() && second.map_or(row >> ALONE & 1 == 1, |second| is_of(second, row))
    };
    // A district's leading zero would be dropped.
    let is_number = |digits: &[u8]| matches!(digits, [b'0'..=b'9'] | [b'1'..=b'9', b'0'..=b'9']);
    let is_district = |district: &[u8]| match district {
        [number, letter] if letter.is_ascii_uppercase() => number.is_ascii_digit() && is_of(*letter, DISTRICT_LETTERS),
        number => is_number(number),
    };
    match outward {
        [first, second, district @ ..] if second.is_ascii_uppercase() => area(*first, Some(*second)) && is_district(district),
        [first, district @ ..] => area(*first, None) && is_district(district),
        [] => false,
    }
}

/// A set of letters, a bit each.
const fn letters(of: &[u8]) -> u32 {
    let (mut set, mut at) = (0, 0);
    while at < of.len() {
        set |= 1 << if of[at] == b'.' { ALONE } else { (of[at] - b'A') as u32 };
        at += 1;
    }
    set
}

/// The bit of an area of one letter.
const ALONE: u32 = 26;

/// The letters of the inward half, those that may end a district, and of [`AREAS`].
const INWARD_LETTERS: u32 = letters(INWARD);
const DISTRICT_LETTERS: u32 = letters(ENDING);
const AREA_LETTERS: [u32; 26] = {
    let mut rows = [0; 26];
    let mut at = 0;
    while at < rows.len() {
        rows[at] = letters(AREAS[at].as_bytes());
        at += 1;
    }
    rows
};

/// Does this canonical code name a UK unit?
pub(crate) fn is_uk(canonical: &[u8]) -> bool {
    canonical == b"GIR0AA" || Unit::parse(canonical).is_some_and(|unit| unit.bytes() == canonical)
}

/// Is this canonical code the outward half of a UK unit alone (`SW1A`)? It names thousands of people's district, and no unit.
pub(crate) fn is_district(canonical: &[u8]) -> bool {
    if canonical.len() > LONGEST_DISTRICT {
        return false;
    }
    let shapes = SHAPES.into_iter().filter(|shape| shape.len() == canonical.len());
    shapes.into_iter().any(|shape| read_outward(canonical, shape).is_some_and(|(changes, _)| changes == 0))
}

/// Is this canonical code a UK unit without its last two letters (`SW1A1`), and nothing else?
pub(crate) fn is_sector(canonical: &[u8]) -> bool {
    !is_district(canonical) && canonical.split_last().is_some_and(|(last, rest)| last.is_ascii_digit() && is_district(rest))
}

/// The code whose halves stand in two cells: a UK unit, or else what both make together, where neither is a UK unit alone. The latter may be none:
/// two cells may hold two codes.
pub(crate) fn joined(first: &str, second: &str, out: &mut String) -> Halves {
    out.clear();
    let (first, second) = (plain(first), plain(second));
    let (mut one, mut other) = ([0; LONGEST], [0; LONGEST]);
    let (Some(one), Some(other)) = (squeeze(first.bytes(), &mut one), squeeze(second.bytes(), &mut other)) else {
        return Halves::None;
    };
    let mut code = [0; LONGEST];
    let Some(whole) = squeeze(one.iter().chain(other).copied(), &mut code) else { return Halves::None };
    if one.is_empty() || other.is_empty() {
        return Halves::None;
    }
    if other.len() == 3
        && let Some(unit) = Unit::parse(whole)
    {
        unit.write(out);
        return Halves::Unit;
    }
    let is_open = |half: &[u8]| Unit::parse(half).is_none() && !is_district(half) && !is_inward(half);
    if is_open(one) && is_open(other) && whole.iter().any(u8::is_ascii_digit) {
        out.extend(whole.iter().map(|byte| char::from(*byte)));
        return Halves::Perhaps;
    }
    Halves::None
}

/// What two cells make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halves {
    /// A UK unit.
    Unit,
    /// Perhaps another country's code.
    Perhaps,
    None,
}

/// Letters and digits that are the inward half of a UK unit, and no code of another country.
fn is_inward(code: &[u8]) -> bool {
    matches!(code, [digit, letters @ ..] if digit.is_ascii_digit() && letters.len() == 2 && letters.iter().all(u8::is_ascii_uppercase))
}

/// The outward half of a UK unit (`SW1A`), also of one that is cut to its sector; the whole code of any other.
pub(crate) fn outward(canonical: &[u8]) -> &[u8] {
    let behind = if is_uk(canonical) { 3 } else { usize::from(is_sector(canonical)) };
    &canonical[..canonical.len() - behind]
}

/// The sector of a UK unit (`SW1A1`); the whole code of any other.
pub(crate) fn sector(canonical: &[u8]) -> &[u8] {
    if is_uk(canonical) { &canonical[..canonical.len() - 2] } else { canonical }
}

/// Letters and digits in upper case, or none if there are too many of them, or any other than ASCII ones.
fn squeeze(text: impl Iterator<Item = u8>, code: &mut [u8; LONGEST]) -> Option<&[u8]> {
    let mut length = 0;
    for byte in text {
        if byte.is_ascii_alphanumeric() {
            *code.get_mut(length)? = byte.to_ascii_uppercase();
            length += 1;
        } else if !byte.is_ascii() {
            return None;
        }
    }
    Some(&code[..length])
}

/// Whether a word of letters is a UK unit as [`last_unit`] finds it, or is one with the word before it. `O` may stand for a zero and `I` for a one.
pub(crate) fn ends_in_unit(before: &str, word: &str) -> bool {
    // Few words get further.
    let [.., b'o' | b'O' | b'i' | b'I', one, other] = word.as_bytes() else { return false };
    let may_be_unit = |length: usize| (SHORTEST_UNIT..=LONGEST_UNIT).contains(&length);
    if !may_be_unit(word.len()) && !may_be_unit(before.len() + word.len()) {
        return false;
    }
    let is_inward = |letter: u8| INWARD_LETTERS >> (letter.to_ascii_uppercase().wrapping_sub(b'A') & 31) & 1 == 1;
    if !is_inward(*one) || !is_inward(*other) {
        return false;
    }
    let mut code = [0; LONGEST];
    let pair = before.bytes().chain(word.bytes());
    squeeze(pair, &mut code).and_then(Unit::parse).is_some() || squeeze(word.bytes(), &mut code).and_then(Unit::parse).is_some()
}

/// The letters that may end a district.
const ENDING: &[u8] = b"ABCDEFGHJKMNPRSTUVWXY";

/// Characters of a unit.
const SHORTEST_UNIT: usize = 5;
const LONGEST_UNIT: usize = 7;

/// Characters of the longest outward half.
const LONGEST_DISTRICT: usize = 4;

/// The letters that the inward half of a unit may have.
const INWARD: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";

/// The last one or two words that make a UK unit, in a cell of several words.
fn last_unit(text: &str) -> Option<Unit> {
    if text.len() < 8 {
        return None;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric();
    let (mut later, mut code): (&[u8], [u8; LONGEST]) = (&[], [0; LONGEST]);
    for word in text.as_bytes().rsplit(|byte| !is_part(byte)).filter(|word| !word.is_empty()) {
        let pair = word.iter().chain(later).copied();
        let found = squeeze(pair, &mut code).and_then(Unit::parse);
        if let Some(unit) = found.or_else(|| squeeze(word.iter().copied(), &mut code).and_then(Unit::parse)) {
            return Some(unit);
        }
        later = word;
    }
    None
}

/// A UK unit put right: at most seven characters.
struct Unit {
    code: [u8; 7],
    length: usize,
}

/// Shapes of the outward half by length: `A` a letter, `9` a digit, `B` a letter that may end a district.
const SHAPES: [&[u8]; 6] = [b"A9", b"A99", b"AA9", b"A9B", b"AA99", b"AA9B"];

impl Unit {
    /// Reads upper-case letters and digits.
    fn parse(code: &[u8]) -> Option<Unit> {
        if !(SHORTEST_UNIT..=LONGEST_UNIT).contains(&code.len()) {
            return None;
        }
        let (outward, inward) = code.split_at(code.len() - 3);
        // Every outward half has a digit, or a letter that may be meant for one, in its last two places.
        outward[outward.len() - 2..].iter().find_map(|byte| as_digit(*byte))?;
        let inward = [as_digit(inward[0])?, inward[1], inward[2]];
        if !inward[1..].iter().all(|byte| INWARD.contains(byte)) {
            return None;
        }
        if matches!(outward, b"GIR" | b"G1R") && &inward == b"0AA" {
            return Some(Unit { code: *b"GIR0AA\0", length: 6 });
        }
        let mut best: Option<(usize, [u8; 4])> = None;
        for shape in SHAPES.into_iter().filter(|shape| shape.len() == outward.len()) {
            if let Some((changes, read)) = read_outward(outward, shape)
                && best.is_none_or(|(fewest, _)| changes < fewest)
            {
                best = Some((changes, read));
            }
        }
        let (_, read) = best?;
        let mut unit = Unit { code: [0; 7], length: 0 };
        for (at, &byte) in read[..outward.len()].iter().enumerate() {
            // `L01` is district 1; a lone zero is a district of its own.
            let leading = byte == b'0' && read[at - 1].is_ascii_alphabetic() && read.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !leading {
                unit.push(byte);
            }
        }
        for byte in inward {
            unit.push(byte);
        }
        Some(unit)
    }

    fn push(&mut self, byte: u8) {
        self.code[self.length] = byte;
        self.length += 1;
    }

    fn bytes(&self) -> &[u8] {
        &self.code[..self.length]
    }

    fn write(&self, out: &mut String) {
        out.push_str(str::from_utf8(self.bytes()).unwrap_or_default());
    }
}

/// The outward half read in a shape, and how many characters had to be put right.
fn read_outward(outward: &[u8], shape: &[u8]) -> Option<(usize, [u8; 4])> {
    let mut read = [0; 4];
    for ((slot, &byte), wanted) in read.iter_mut().zip(outward).zip(shape) {
        *slot = match wanted {
            b'9' => as_digit(byte)?,
            b'B' => Some(byte).filter(|byte| ENDING.contains(byte))?,
            _ => as_letter(byte)?,
        };
    }
    let second = if shape[1] == b'A' { read[1] } else { 0 };
    let changes = read.iter().zip(outward).filter(|(read, raw)| read != raw).count();
    is_area(read[0], second).then_some((changes, read))
}

fn as_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte),
        b'O' => Some(b'0'),
        b'I' => Some(b'1'),
        _ => None,
    }
}

fn as_letter(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte),
        b'0' => Some(b'O'),
        b'1' => Some(b'I'),
        _ => None,
    }
}

/// The postcode areas: a row of second letters for each first letter, with `.` for an area of one letter (Royal Mail, as of 2024).
const AREAS: [&str; 26] = [
    "BL",
    ".ABDFHLNRSTX",
    "ABFHMORTVW",
    "ADEGHLNTY",
    ".CHNX",
    "KY",
    ".LUY",
    "ADGPRSUX",
    "GMPV",
    "E",
    "ATWY",
    ".ADELNSU",
    ".EKL",
    ".EGNPRW",
    "LX",
    "AEHLOR",
    "",
    "GHM",
    ".AEGKLMNOPRSTWY",
    "ADFNQRSW",
    "B",
    "",
    ".ACDFNRSV",
    "",
    "O",
    "E",
];

/// Is there an area of this letter (with a second of 0), or of these two?
fn is_area(first: u8, second: u8) -> bool {
    let row = AREAS[usize::from(first.wrapping_sub(b'A') % 26)];
    row.as_bytes().contains(if second == 0 { &b'.' } else { &second })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_make_a_code() {
        let joined = |one, other| {
            let mut out = String::new();
            (super::joined(one, other, &mut out), out)
        };
        assert_eq!(joined("SWIA", " 1aa "), (Halves::Unit, "SW1A1AA".to_owned()));
        assert_eq!(joined("K1A", "0B1"), (Halves::Perhaps, "K1A0B1".to_owned()));
        for (one, other) in [("1AA", "SW1A"), ("SW1A", ""), ("SW1A", "12"), ("SW1A 1AA", "M1 1AE"), ("Leeds", "York")] {
            assert_eq!(joined(one, other), (Halves::None, String::new()), "{one} {other}");
        }
    }

    #[test]
    fn vectors_hold() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/postcode.tsv"), canonical);
    }

    #[test]
    fn parts_of_a_unit() {
        assert_eq!((outward(b"SW1A1AA"), sector(b"SW1A1AA")), (&b"SW1A"[..], &b"SW1A1"[..]));
        assert_eq!((outward(b"M11AE"), sector(b"M11AE")), (&b"M1"[..], &b"M11"[..]));
        assert_eq!((outward(b"2119"), sector(b"2119")), (&b"2119"[..], &b"2119"[..]));
        assert_eq!((outward(b""), sector(b"")), (&b""[..], &b""[..]));
        assert!(is_uk(b"GIR0AA"));
        assert!(!is_uk(b"SWIA1AA"));
        assert!(!is_uk(b"1012AB"));
        assert!(is_district(b"SW1A") && is_district(b"G18"));
        assert!(
            is_sector(b"SW1A1") && is_sector(b"LS161") && !is_sector(b"LS61") && !is_sector(b"SW1A1AA") && !is_sector(b"80331")
        );
        assert_eq!(outward(b"SW1A1"), b"SW1A");
        assert!(!is_district(b"2119") && !is_district(b"SW1A1AA") && !is_district(b"D80331") && !is_district(b""));
    }

    #[test]
    fn there_are_124_areas_and_two_without_a_place() {
        assert_eq!(AREAS.iter().map(|row| row.len()).sum::<usize>(), 126);
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in prop_oneof!["\\PC{0,12}", "[A-Z0OI1]{1,2}[0-9OI][0-9A-Z]? ?[0-9OI][A-Z]{2}", "[A-Za-z0-9 ]{0,12}"]) {
            let (mut once, mut twice) = (String::new(), String::new());
            if canonical(&raw, &mut once) == Reading::Value {
                prop_assert_eq!(canonical(&once, &mut twice), Reading::Value);
                prop_assert_eq!(&once, &twice);
                outward(once.as_bytes());
                sector(once.as_bytes());
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            canonical(&raw, &mut String::new());
            is_uk(raw.as_bytes());
        }
    }
}
