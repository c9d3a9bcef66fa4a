//! Names of people: an order-free set of folded tokens, so that `Dr. GREEN, Mitchell` is `green mitchell`.
//!
//! Tokens end at anything but letters and digits, except that an apostrophe joins (`O'Brien` → `obrien`): hyphenated names are two
//! tokens. Titles, suffixes and the `and` of joint names are dropped wherever they stand, so that one column and several give the same
//! set; words that are surnames too (`Lord`, `Major`, `Master`) are therefore not in the list. So are tokens without a letter.

use crate::record::normalize::Reading;
use crate::record::normalize::fold_unicode;
use crate::record::normalize::is_word;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::placeholder::is_placeholder_name;
use crate::record::normalize::placeholder::is_placeholder_word;
use crate::record::normalize::plain;
use crate::support::word_set::WordSet;
use std::cmp::Ordering;

/// Appends the tokens of one cell. A cell with nothing but titles is blank, one without a letter or with a lost one unreadable.
pub(crate) fn tokens(raw: &str, out: &mut Vec<String>) -> Reading {
    if is_placeholder_name(raw) {
        return Reading::Blank;
    }
    let text = plain(raw);
    if text.contains(char::REPLACEMENT_CHARACTER) {
        // Some program could not read a letter: what is left is another name.
        return Reading::Unreadable;
    }
    if text.is_ascii() {
        tokens_ascii(&text, out)
    } else {
        let mut folded = String::with_capacity(text.len());
        fold_unicode(&text, &mut folded);
        tokens_folded(&folded, out)
    }
}

/// Bytes of a word that [`quick_words`] takes: what is longer may be text in armour.
const MOST_QUICK: usize = 11;

/// For each small letter, the letters behind it, a bit each, with which a spelling may begin that has another: see [`may_be_respelt`].
const RESPELT: [u32; 26] = {
    let mut behind = [0; 26];
    let pairs = [b"ae", b"oe", b"ue", b"aa", b"mc", b"ma", b"ai", b"st"];
    let mut at = 0;
    while at < pairs.len() {
        behind[(pairs[at][0] - b'a') as usize] |= 1 << (pairs[at][1] - b'a');
        at += 1;
    }
    behind
};

/// Whether a cell is one or two words that are tokens as they stand, but for their capitals, that have one spelling, and of which none may be a
/// placeholder. Says how many.
pub(crate) fn quick_words(cell: &str) -> Option<usize> {
    let mut bytes = cell.as_bytes();
    let mut words = 0;
    let mut may_be_respelt = false;
    loop {
        let length = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, behind) = bytes.split_at(length);
        words += 1;
        if words > 2 || !(1..=MOST_QUICK).contains(&length) {
            return None;
        }
        let mut lower = [0; MOST_QUICK + 1];
        let (mut last, mut seen) = (0, 0_u8);
        for (slot, byte) in lower.iter_mut().zip(word) {
            let is_small = byte & 0x20;
            // A capital behind a small letter: a word in base64 has some.
            seen |= (last & !byte) & 0x20;
            last = is_small;
            *slot = byte | 0x20;
        }
        let lower = &lower[..length];
        for pair in lower.windows(2) {
            may_be_respelt |= RESPELT[usize::from(pair[0] - b'a') % 26] >> ((pair[1] - b'a') % 32) & 1 == 1;
        }
        if seen != 0 || DROPPED.has(lower) || is_placeholder_word(lower) {
            return None;
        }
        match behind {
            [] => break,
            [b' ', rest @ ..] => bytes = rest,
            _ => return None,
        }
    }
    let is_one = (words == 1 || !is_placeholder(cell)) && !(may_be_respelt && self::may_be_respelt(cell.as_bytes()));
    is_one.then_some(words)
}

/// As [`canonical`], of one or two words of a cell of which [`quick_words`] says that they are tokens.
pub(crate) fn join(first: &str, second: &str, out: &mut String) {
    let is_before = first.bytes().map(|byte| byte.to_ascii_lowercase()).le(second.bytes().map(|byte| byte.to_ascii_lowercase()));
    let (one, other) = if is_before || second.is_empty() { (first, second) } else { (second, first) };
    write(one, if one.eq_ignore_ascii_case(other) { "" } else { other }, out);
    out.make_ascii_lowercase();
}

/// As [`canonical`], of two tokens.
pub(crate) fn pair(first: &str, second: &str, out: &mut String) {
    // Most differ in their first letter.
    let is_before = match first.as_bytes().first().cmp(&second.as_bytes().first()) {
        Ordering::Equal if first == second => return write(first, "", out),
        Ordering::Equal => first < second,
        order => order.is_lt(),
    };
    let (one, other) = if is_before { (first, second) } else { (second, first) };
    write(one, other, out);
}

fn write(one: &str, other: &str, out: &mut String) {
    out.clear();
    out.push_str(one);
    if !other.is_empty() {
        out.push(' ');
        out.push_str(other);
    }
}

/// Writes the set of tokens: sorted, each once, one space between two. Empty if there is none.
pub(crate) fn canonical<T: AsRef<str> + Ord>(tokens: &mut Vec<T>, out: &mut String) {
    out.clear();
    tokens.sort_unstable();
    tokens.dedup();
    for token in tokens {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token.as_ref());
    }
}

/// The cell in its other spelling, where there is one: umlauts and their like written out or drawn together (`Müller`, `Mueller`), what follows
/// `O'`, `Mc` and `Mac` as a word of its own, `St` and `Saint`. Of a scan's many people few have one.
pub(crate) fn respelt(raw: &str) -> Option<String> {
    if !may_be_respelt(raw.as_bytes()) {
        return None;
    }
    let text = plain(raw);
    let mut words: Vec<String> = Vec::new();
    let mut is_other = false;
    for word in text.split(|letter: char| letter.is_whitespace() || matches!(letter, '-' | ',' | '.' | '/')) {
        let other = if word.is_empty() { None } else { respelt_word(&word.to_lowercase()) };
        is_other |= other.is_some();
        words.push(other.unwrap_or_else(|| word.to_owned()));
    }
    is_other.then(|| words.join(" "))
}

/// Whether a look at each word is worth its while: most names of most tables hold none of these.
fn may_be_respelt(raw: &[u8]) -> bool {
    (0..raw.len()).any(|at| {
        let byte = |ahead: usize| raw.get(at + ahead).map_or(b' ', u8::to_ascii_lowercase);
        match (byte(0), byte(1), byte(2)) {
            (b'a' | b'o' | b'u', b'e', _) | (b'a', b'a', _) | (b'm', b'c', _) | (b'm', b'a', b'c') | (b'a', b'i', b'n') => true,
            (b's', b't', after) => !after.is_ascii_alphabetic(),
            (first, second, _) => matches!(second, b'\'' | b'`' | b'&') || !first.is_ascii(),
        }
    })
}

fn respelt_word(word: &str) -> Option<String> {
    const WRITTEN_OUT: [(&str, &str); 6] = [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa"), ("ø", "oe"), ("æ", "a")];
    const DRAWN_TOGETHER: [(&str, &str); 4] = [("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")];
    match word {
        "st" => return Some("saint".to_owned()),
        "saint" => return Some("st".to_owned()),
        _ => {}
    }
    for prefix in ["o'", "o`", "d'", "mc", "mac"] {
        // `Mack`, `Macey` and `O'D` are whole.
        if let Some(rest) = word.strip_prefix(prefix)
            && rest.chars().filter(|letter| letter.is_alphabetic()).count() > 3
        {
            return Some(format!("{} {rest}", prefix.trim_end_matches(is_apostrophe)));
        }
    }
    let pairs: &[(&str, &str)] = if word.is_ascii() { &DRAWN_TOGETHER } else { &WRITTEN_OUT };
    let other = pairs.iter().fold(word.to_owned(), |word, (from, to)| word.replace(from, to));
    (other != word).then_some(other)
}

/// What the tokens of a cell amount to.
struct Tally {
    before: usize,
    dropped: bool,
}

impl Tally {
    fn add(&mut self, token: String, out: &mut Vec<String>) {
        if DROPPED.has(token.as_bytes()) {
            self.dropped = true;
        } else if token.chars().any(char::is_alphabetic) {
            out.push(token);
        }
    }

    fn reading(&self, out: &[String]) -> Reading {
        if out.len() > self.before {
            Reading::Value
        } else if self.dropped {
            Reading::Blank
        } else {
            Reading::Unreadable
        }
    }
}

fn tokens_ascii(text: &str, out: &mut Vec<String>) -> Reading {
    let mut tally = Tally { before: out.len(), dropped: false };
    let part = |byte: u8| byte.is_ascii_alphanumeric() || is_apostrophe(char::from(byte));
    for word in text.as_bytes().split(|byte| !part(*byte)) {
        let letters = word.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let mut token = String::with_capacity(word.len());
        token.extend(letters.map(|byte| char::from(byte.to_ascii_lowercase())));
        if !token.is_empty() {
            tally.add(token, out);
        }
    }
    tally.reading(out)
}

/// [`tokens_ascii`] for text in any script, folded.
fn tokens_folded(folded: &str, out: &mut Vec<String>) -> Reading {
    let mut tally = Tally { before: out.len(), dropped: false };
    for word in folded.split(|letter: char| !is_word(letter) && !is_apostrophe(letter)) {
        let token: String = word.chars().filter(|letter| !is_apostrophe(*letter)).collect();
        if !token.is_empty() {
            tally.add(token, out);
        }
    }
    tally.reading(out)
}

/// The ones that `plain` leaves.
fn is_apostrophe(letter: char) -> bool {
    letter == '\'' || letter == '`'
}

/// Words that are written with a name and are no part of it.
static DROPPED: WordSet = WordSet::new(&[
    b"mr",
    b"mrs",
    b"ms",
    b"miss",
    b"mx",
    b"messrs",
    b"dr",
    b"drs",
    b"prof",
    b"professor",
    b"sir",
    b"dame",
    b"rev",
    b"revd",
    b"reverend",
    b"madam",
    b"mme",
    b"mlle",
    b"herr",
    b"frau",
    b"jr",
    b"jnr",
    b"sr",
    b"snr",
    b"ii",
    b"iii",
    b"esq",
    b"esquire",
    b"obe",
    b"mbe",
    b"cbe",
    b"phd",
    b"deceased",
    b"decd",
    b"and",
]);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(raw: &str, out: &mut String) -> Reading {
        let mut list = Vec::new();
        let reading = tokens(raw, &mut list);
        canonical(&mut list, out);
        reading
    }

    #[test]
    fn vectors_hold() {
        crate::record::normalize::vectors::check(include_str!("../../../testdata/vectors/normalize/name.tsv"), form);
    }

    #[test]
    fn columns_and_one_cell_give_the_same_set() {
        let mut list = Vec::new();
        assert_eq!(tokens("Anne-Marie", &mut list), Reading::Value);
        assert_eq!(tokens("Mrs", &mut list), Reading::Blank);
        assert_eq!(tokens("O'Neill", &mut list), Reading::Value);
        let mut split = String::new();
        canonical(&mut list, &mut split);
        let mut whole = String::new();
        form("O’NEILL, Mrs Anne Marie", &mut whole);
        assert_eq!(split, whole);
    }

    #[test]
    fn words_that_are_names_too_are_kept_as_people_write_them() {
        for (raw, expected) in
            [("Null", Reading::Value), ("Na", Reading::Value), ("NULL", Reading::Blank), ("na", Reading::Blank)]
        {
            assert_eq!(form(raw, &mut String::new()), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn total_and_idempotent(raw in "\\PC{0,24}") {
            let (mut once, mut twice) = (String::new(), String::new());
            if form(&raw, &mut once) == Reading::Value && !is_placeholder_name(&once) {
                prop_assert_eq!(form(&once, &mut twice), Reading::Value);
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn the_quick_way_is_the_same(raw in "[ -~]{0,24}") {
            let (mut quick, mut slow, mut folded) = (Vec::new(), Vec::new(), String::new());
            fold_unicode(&raw, &mut folded);
            prop_assert_eq!(tokens_ascii(&raw, &mut quick), tokens_folded(&folded, &mut slow));
            prop_assert_eq!(quick, slow);
        }

        #[test]
        fn a_quick_word_is_one_token_in_one_spelling(
            raw in "[A-Z]?[a-z]{1,11}|[A-Z]{2,6}|(Mc|Mac|O'|St|Saint)[a-z]{0,5}|(dr|Null|na|test|xx|and)[a-z]?|\\PC{1,12}",
        ) {
            if quick_words(&raw) == Some(1) {
                let mut list = Vec::new();
                prop_assert_eq!(tokens(&raw, &mut list), Reading::Value);
                prop_assert_eq!(list, [raw.to_ascii_lowercase()]);
                prop_assert_eq!(respelt(&raw), None);
            }
        }

        #[test]
        fn two_tokens_are_put_in_order(first in "[a-c]{1,3}|é", second in "[a-c]{1,3}|éa?") {
            let (mut paired, mut canon) = (String::new(), String::new());
            pair(&first, &second, &mut paired);
            canonical(&mut vec![first, second], &mut canon);
            prop_assert_eq!(paired, canon);
        }

        #[test]
        fn total(raw in any::<String>()) {
            form(&raw, &mut String::new());
        }
    }

    #[test]
    fn some_names_are_spelt_in_two_ways() {
        for (raw, other) in [
            ("Müller", "mueller"),
            ("Mueller", "muller"),
            ("Jörg Weiß", "joerg Weiß"),
            ("Sørensen", "soerensen"),
            ("O'Brien", "o brien"),
            ("McDonald", "mc donald"),
            ("MacLeod", "mac leod"),
            ("St. John", "saint  John"),
            ("Saint-Clair", "st Clair"),
        ] {
            assert_eq!(respelt(raw).as_deref(), Some(other), "{raw}");
        }
        for raw in ["", "Green", "Mack", "Macey", "José", "D'Or", "Stone"] {
            assert_eq!(respelt(raw), None, "{raw}");
        }
    }
}
