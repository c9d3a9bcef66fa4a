//! Addresses: the house number and the first four letters of the street's first word, wherever the cell borders are.
//!
//! The supply side has one [`form`]: the first number directly before a word, after flats, floors and units are set aside (`Flat 2, 14 High
//! Street` → `14|high`), or else what there is (`Rose Cottage, Mill Lane` → `|rose`). Of `14a` and `12-14` the first digits count, of
//! `PO Box 12` the word `box`. The scan side emits every number with the word that follows it ([`candidates`]), since a recipient may have
//! set its cells otherwise, and a number in a cell of its own with the first word of every other cell, since the house may be named on one
//! line and the street on the next; where there is no number, the first word behind each comma. Street types stay: stripping them costs recall (design §4).
//!
//! Cells of one address are given in the order in which it is written. What follows the 64th token is prose, and is not looked at.

use crate::record::normalize::Reading;
use crate::record::normalize::fold;
use crate::record::normalize::is_word;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;
use crate::record::normalize::postcode;
use crate::support::word_set::WordSet;
use unicode_normalization::UnicodeNormalization;

const MOST_TOKENS: usize = 64;
/// House numbers have so many digits at most; more are a telephone number or the like.
const MOST_DIGITS: usize = 6;
/// A longer number that does not begin the address is another country's postcode.
const USUAL_DIGITS: usize = 4;

/// The one form of an address, `14|high`: number and word, of which one may be missing.
pub(crate) fn form(cells: &[&str], out: &mut String) -> Reading {
    out.clear();
    if let [cell] = cells
        && is_form(cell)
    {
        out.push_str(cell);
        return Reading::Value;
    }
    let mut tokens = Vec::with_capacity(16);
    let filled = tokenize(cells, &mut tokens);
    write_form(&tokens, out);
    reading(out, filled)
}

/// The form, and every number with the next word.
pub(crate) fn candidates(cells: &[&str], emit: &mut dyn FnMut(&str)) -> Reading {
    if let [cell] = cells
        && is_form(cell)
    {
        emit(cell);
        return Reading::Value;
    }
    let mut tokens = Vec::with_capacity(16);
    let filled = tokenize(cells, &mut tokens);
    let (mut first, mut out) = (String::new(), String::new());
    write_form(&tokens, &mut first);
    if !first.is_empty() {
        emit(&first);
    }
    let mut pair = |number: Option<&Token>, word: Option<&Token>| {
        write(number, word, &mut out);
        if out != first {
            emit(&out);
        }
    };
    let is_word = |token: &&Token| token.part == Part::Word;
    let opening = tokens.iter().find(is_word);
    let starts_with_word = tokens.first().is_some_and(|token| token.part == Part::Word);
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_number()) {
        let next = tokens[at + 1..].iter().find(is_word);
        pair(Some(token), next.or(opening));
        if starts_with_word && next.is_some() {
            pair(Some(token), opening);
        }
    }
    if starts_with_word && tokens.iter().any(Token::is_number) {
        pair(None, opening);
    }
    // A number in a cell of its own belongs to any line: one may name the house, and another the street.
    let has_word = |cell: usize| tokens.iter().any(|token| token.cell == cell && token.part == Part::Word);
    for number in tokens.iter().filter(|token| token.part == Part::Number && !has_word(token.cell)) {
        for line in 0..cells.len() {
            if let Some(word) = tokens.iter().find(|token| token.cell == line && token.part == Part::Word) {
                pair(Some(number), Some(word));
            }
        }
    }
    if !tokens.iter().any(|token| token.part == Part::Number) {
        // The house may be named behind the street, or the county stand first.
        for at in (0..tokens.len()).filter(|at| tokens[*at].opens) {
            let mut part = tokens[at..].iter().enumerate().take_while(|(ahead, token)| *ahead == 0 || !token.opens);
            if let Some((_, word)) = part.find(|(_, token)| token.part == Part::Word) {
                pair(None, Some(word));
            }
        }
    }
    reading(&first, filled)
}

/// Letters of a word that [`quick`] takes: what is longer may be text in armour.
const MOST_LETTERS: usize = 11;

/// What [`candidates`] gives of a single cell that is a house number and words without meaning of their own, `12 Mill Road`, none of which may be
/// a postcode; false for any other cell.
pub(crate) fn quick(cell: &str, out: &mut String) -> bool {
    out.clear();
    let digits = cell.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=USUAL_DIGITS).contains(&digits) || cell.starts_with('0') {
        return false;
    }
    let (number, mut rest) = cell.split_at(digits);
    let (mut words, mut letters, mut before) = (0, digits, number);
    while let Some(word) = rest.strip_prefix(' ') {
        let length = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, behind) = word.split_at(length);
        if !(3..=MOST_LETTERS).contains(&length)
            || words >= MOST_TOKENS / 4
            || MEANINGFUL.has(word.as_bytes())
            || postcode::ends_in_unit(before, word)
        {
            return false;
        }
        if words == 0 {
            out.push_str(number);
            out.push('|');
            out.push_str(&word[..length.min(4)]);
            out.make_ascii_lowercase();
        }
        (words, letters, before, rest) = (words + 1, letters + length, word, behind);
    }
    rest.is_empty() && words > 0 && letters > 7
}

/// Words of an address that are not the name of anything, or say what stands beside them.
static MEANINGFUL: WordSet = WordSet::new(&[
    b"flat",
    b"flt",
    b"apt",
    b"apartment",
    b"unit",
    b"suite",
    b"ste",
    b"room",
    b"floor",
    b"flr",
    b"studio",
    b"maisonette",
    b"num",
    b"number",
    b"the",
    b"box",
]);

/// What [`town`] writes of a cell of letters, blanks and hyphens alone; false for any other cell.
pub(crate) fn quick_town(cell: &str, out: &mut String) -> bool {
    out.clear();
    let bytes = cell.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let (mut run, mut last, mut is_odd) = (0, 0, 0_u8);
    for byte in bytes {
        let is_letter = byte.is_ascii_alphabetic();
        run = if is_letter || *byte == b'-' { run + 1 } else { 0 };
        if run > MOST_LETTERS || run == 0 && *byte != b' ' {
            return false;
        }
        // A capital behind a small letter: a word in base64 has some.
        let small = if is_letter { byte & 0x20 } else { 0 };
        is_odd |= last & !small & (u8::from(is_letter) << 5);
        last = small;
    }
    let names_carer = || bytes.windows(4).any(|word| word.eq_ignore_ascii_case(b"care"));
    if is_odd != 0 || cell.len() >= CARER && names_carer() || is_placeholder(cell) {
        return false;
    }
    if run == bytes.len() && !bytes.contains(&b'-') {
        out.push_str(cell);
    } else {
        out.extend(cell.chars().filter(char::is_ascii_alphabetic));
    }
    out.make_ascii_lowercase();
    true
}

/// Letters of `care of`.
const CARER: usize = 7;

/// A town's letters, folded: `Stoke-on-Trent` → `stokeontrent`. What follows a comma or a bracket is the county.
pub(crate) fn town(raw: &str, out: &mut String) -> Reading {
    out.clear();
    if is_placeholder(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    let named = text.split([',', '(', ';']).find(|part| part.chars().any(char::is_alphabetic));
    fold(named.unwrap_or(""), out);
    let folded = out.len();
    out.retain(|letter| is_word(letter) && !letter.is_numeric());
    if out.len() < folded && !out.is_ascii() {
        // Marks that a digit parted have an order (UAX #15).
        *out = out.nfd().collect();
    }
    if !out.chars().any(char::is_alphabetic) {
        out.clear();
        return Reading::Unreadable;
    }
    Reading::Value
}

fn reading(form: &str, filled: bool) -> Reading {
    match (form.is_empty(), filled) {
        (false, _) => Reading::Value,
        (true, true) => Reading::Unreadable,
        (true, false) => Reading::Blank,
    }
}

/// What a token is in an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Number,
    /// The number of a flat or a floor.
    Unit,
    /// The second number of a range.
    Range,
    Word,
    /// Says nothing about the place: `flat`, `the`, a single letter.
    Noise,
}

/// A number without leading zeros, or the beginning of a folded word.
#[derive(Clone, Copy)]
struct Token {
    text: [u8; 16],
    length: usize,
    part: Part,
    /// The place of its cell.
    cell: usize,
    /// Whether it begins the address, or follows a comma.
    opens: bool,
}

impl Token {
    fn new(text: &str, part: Part) -> Token {
        let mut token = Token { text: [0; 16], length: 0, part, cell: 0, opens: false };
        token.length = (0..=text.len().min(16)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        token.text[..token.length].copy_from_slice(&text.as_bytes()[..token.length]);
        token
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.text[..self.length]).unwrap_or("")
    }

    fn is_number(&self) -> bool {
        matches!(self.part, Part::Number | Part::Unit | Part::Range)
    }
}

fn write(number: Option<&Token>, word: Option<&Token>, out: &mut String) {
    out.clear();
    out.push_str(number.map_or("", Token::text));
    out.push('|');
    out.extend(word.map_or("", Token::text).chars().take(4));
}

fn write_form(tokens: &[Token], out: &mut String) {
    let mut rest =
        tokens.iter().enumerate().filter(|(_, token)| !matches!(token.part, Part::Noise | Part::Unit | Part::Range)).peekable();
    let mut boxed = None;
    while let Some((at, token)) = rest.next() {
        let Some((_, next)) = rest.peek() else { break };
        if token.part == Part::Word && token.text() == "box" && next.part == Part::Number {
            boxed = boxed.or(Some((*next, token)));
        } else if token.part == Part::Number
            && next.part == Part::Word
            && boxed.is_none()
            && (token.length <= USUAL_DIGITS || at == 0)
        {
            return write(Some(token), Some(next), out);
        }
    }
    if let Some((number, word)) = boxed {
        return write(Some(number), Some(word), out);
    }
    let of = |part: Part| tokens.iter().find(|token| token.part == part);
    let (number, word) = (of(Part::Number).or_else(|| of(Part::Unit)), of(Part::Word));
    if number.is_some() || word.is_some() {
        write(number, word, out);
    }
}

/// Is this cell a form already?
fn is_form(cell: &str) -> bool {
    let Some((number, word)) = cell.split_once('|') else { return false };
    let is_number = number.len() <= MOST_DIGITS && !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || number.is_empty() && word.is_empty() || word.chars().count() > 4 || !word.chars().all(is_word) {
        return false;
    }
    let mut folded = String::new();
    fold(word, &mut folded);
    folded == word
}

/// The tokens of all cells, and whether any cell was filled.
fn tokenize(cells: &[&str], tokens: &mut Vec<Token>) -> bool {
    let mut filled = false;
    let mut folded = String::new();
    for (number, cell) in cells.iter().enumerate().filter(|(_, cell)| !is_placeholder(cell)) {
        filled = true;
        let before = tokens.len();
        folded.clear();
        fold(cell, &mut folded);
        folded.retain(|letter| letter != '\'' && letter != '`');
        // Of several cells the first alone: to the others their columns say what they are, and each form more costs every row of a scan.
        let (mut between, mut is_open) = ("", tokens.is_empty());
        let mut rest = folded.as_str();
        while let Some(start) = rest.find(is_word) {
            let gap = &rest[..start];
            let end = rest[start..].find(|letter| !is_word(letter)).map_or(rest.len(), |length| start + length);
            let joined = !tokens.is_empty() && between == "within" && matches!(gap.trim(), "-" | "/");
            let known = tokens.len();
            add(&rest[start..end], joined, tokens);
            is_open |= gap.contains(',');
            if let Some(token) = tokens.get_mut(known) {
                token.opens = std::mem::take(&mut is_open);
            }
            if tokens.len() >= MOST_TOKENS {
                tokens.truncate(MOST_TOKENS);
                break;
            }
            between = "within";
            rest = &rest[end..];
        }
        for token in &mut tokens[before.min(MOST_TOKENS)..] {
            token.cell = number;
        }
    }
    mark(tokens);
    filled
}

/// Adds a word as it stands in the text: letters, digits, or both.
fn add(text: &str, joined: bool, tokens: &mut Vec<Token>) {
    let letters = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = text[..text.len() - letters.len()].trim_start_matches('0');
    let has_digits = letters.len() < text.len();
    let glued = letters.chars().count() >= 3 && letters.chars().all(char::is_alphabetic);
    if has_digits && (letters.chars().nth(1).is_none() || glued) {
        if !digits.is_empty() && digits.len() <= MOST_DIGITS {
            let after_number = tokens.last().is_some_and(Token::is_number);
            tokens.push(Token::new(digits, if joined && after_number { Part::Range } else { Part::Number }));
        }
        if glued {
            tokens.push(Token::new(letters, Part::Word));
        }
    } else {
        let single = text.chars().nth(1).is_none();
        tokens.push(Token::new(text, if single { Part::Noise } else { Part::Word }));
    }
}

/// Sets aside what says nothing about the house: units and floors with their numbers, articles, the `no` before a number.
fn mark(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        if tokens[at].part != Part::Word {
            continue;
        }
        let (head, tail) = tokens.split_at_mut(at + 1);
        let token = &mut head[at];
        let next = tail.first_mut();
        match token.text() {
            "flat" | "flt" | "apt" | "apartment" | "unit" | "suite" | "ste" | "room" | "rm" | "floor" | "flr" | "studio"
            | "maisonette" => {
                token.part = Part::Noise;
                if token.text() == "floor" || token.text() == "flr" {
                    // `2nd floor`, `ground floor`
                    if let Some(before) = at.checked_sub(1).map(|before| &mut head[before])
                        && is_level(before.text())
                    {
                        before.part = Part::Noise;
                        continue;
                    }
                }
                let is_range = |token: &&mut Token| token.part == Part::Range;
                if let Some(next) = next
                    && next.part == Part::Number
                {
                    next.part = Part::Unit;
                    tail[1..].iter_mut().take_while(is_range).for_each(|token| token.part = Part::Unit);
                }
            }
            "no" | "nr" | "num" | "number" if next.as_ref().is_some_and(|next| next.part == Part::Number) => {
                token.part = Part::Noise;
            }
            "the" if next.as_ref().is_some_and(|next| next.part == Part::Word) => token.part = Part::Noise,
            "po" if next.as_ref().is_some_and(|next| next.text() == "box") => token.part = Part::Noise,
            _ => {}
        }
    }
}

/// A word that stands before `floor`.
fn is_level(word: &str) -> bool {
    let ordinal = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    matches!(word, "ground" | "first" | "second" | "third" | "fourth" | "fifth" | "top" | "upper" | "lower" | "basement")
        || ordinal.len() < word.len() && matches!(ordinal, "st" | "nd" | "rd" | "th")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cells of a vector are separated by ` ¦ `.
    fn cells(raw: &str) -> Vec<&str> {
        raw.split(" ¦ ").collect()
    }

    fn every(cells: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        candidates(cells, &mut |form| found.push(form.to_owned()));
        found
    }

    #[test]
    fn vectors_hold() {
        let text = include_str!("../../../testdata/vectors/normalize/address.tsv");
        crate::record::normalize::vectors::check(text, |raw, out| form(&cells(raw), out));
    }

    #[test]
    fn towns() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/town.tsv"), town);
    }

    #[test]
    fn every_split_finds_the_form() {
        for split in [
            &["Flat 2", "14 High Street"][..],
            &["2", "14 High Street"],
            &["14", "High Street"],
            &["High Street", "14"],
            &["High Street 14"],
            &["14a High St., Leeds"],
            &["12-14 High Street"],
            &["Rose Cottage", "14 High Street"],
        ] {
            assert!(every(split).iter().any(|form| form == "14|high"), "{split:?}");
        }
        assert_eq!(every(&["Flat 2, 14 High Street"]), ["14|high", "2|high"]);
        assert_eq!(every(&["Rose Cottage, 14 Mill Lane"]), ["14|mill", "14|rose", "|rose"]);
        // The lines stand in either order.
        assert_eq!(every(&["14", "Rose Cottage", "Mill Lane"]), ["14|rose", "14|mill"]);
        assert_eq!(every(&["14", "Mill Lane", "Rose Cottage"]), ["14|mill", "14|rose"]);
        assert_eq!(every(&["14", "", "Mill Lane"]), ["14|mill"]);
        assert!(every(&["Rose Cottage", "Mill Lane", "14"]).iter().any(|form| form == "14|mill"));
        assert_eq!(every(&["14 Mill Lane", "Leeds"]), ["14|mill"], "a number beside its street belongs to no other line");
        // The house behind the street, and the county first.
        assert_eq!(every(&["Garden Road, Ivy House"]), ["|gard", "|ivy"]);
        assert_eq!(every(&["Kent, The Old Mill, Garden Road"]), ["|kent", "|old", "|gard"]);
        assert_eq!(every(&["Flat 2, Garden Road, Ivy House"]), ["2|gard", "|gard", "|ivy"]);
        assert_eq!(every(&["7"]), ["7|"]);
        assert!(every(&["", "n/a"]).is_empty());
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in prop_oneof!["\\PC{0,24}", "(flat|unit|the|no|po|box|mill|rose|14|2a|9-11|1st|floor|[a-z0-9]{1,8}|[, /-]){0,6}"]) {
            let (mut once, mut twice) = (String::new(), String::new());
            let reading = form(&[&raw], &mut once);
            let all = every(&[&raw]);
            if reading == Reading::Value {
                prop_assert_eq!(form(&[&once], &mut twice), Reading::Value);
                prop_assert_eq!(&once, &twice);
                prop_assert!(all.contains(&once));
            } else {
                prop_assert!(once.is_empty() && all.is_empty());
            }
        }

        #[test]
        fn towns_are_idempotent(raw in "\\PC{0,16}") {
            let (mut once, mut twice) = (String::new(), String::new());
            if town(&raw, &mut once) == Reading::Value && !is_placeholder(&once) {
                prop_assert_eq!(town(&once, &mut twice), Reading::Value);
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            every(&[&raw, &raw]);
            town(&raw, &mut String::new());
        }
    }
}
