//! Canonical forms, the same on both sides: what may differ between two copies of a person's data and still be the same data.
//!
//! One function a kind turns a raw cell into its canonical form; all of them are total and idempotent, and their version is part of every
//! match key, so that two versions can never disagree unnoticed. Ambiguity is resolved on the scan side only: there every candidate is
//! emitted, while a manifest holds one form.
//!
//! Idempotent with one exception: a value whose canonical form happens to spell a placeholder (`Null`, a name, becomes `null`) is blank
//! when it is read again. Nothing reads canonical forms again.
//!
//! A function that writes into `out` clears it first, and leaves it empty unless it says [`Reading::Value`]; `name::tokens` alone appends,
//! because a name may stand in several columns.

pub(crate) mod address;
pub(crate) mod armour;
#[cfg(test)]
mod authority;
pub(crate) mod date;
pub(crate) mod digest;
pub(crate) mod email;
pub(crate) mod escape;
pub(crate) mod identifier;
mod latin;
pub(crate) mod name;
pub(crate) mod opaque;
pub(crate) mod phone;
pub(crate) mod placeholder;
pub(crate) mod postcode;
pub(crate) mod spot;
pub(crate) mod within;

use std::borrow::Cow;

use crate::record::normalize::escape::may_be_escaped;
use crate::record::normalize::escape::repair;
use crate::record::normalize::escape::unescape;
use crate::record::normalize::escape::unquoted;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::char::is_combining_mark;

/// The version of every rule in this module. A change to any canonical form is a new version.
pub(crate) const VERSION: &str = "residua-1";

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Value,
    /// Empty, a placeholder or a default: it says nothing about anybody.
    Blank,
    /// Something that this kind cannot be made of.
    Unreadable,
}

/// Rounds of undoing escapes: a value escaped twice is seen, one escaped more often than this is not.
const UNESCAPE_ROUNDS: usize = 3;

/// The text within `="…"`, which exports write so that a spreadsheet takes a value for text, and within a pair of quotes that was quoted once
/// more; any other text as it is.
fn unwrapped(text: &str) -> &str {
    let quoted = text.strip_prefix('=').unwrap_or(text);
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| quoted.len() < text.len() || !inner.contains('"')).unwrap_or(text)
}

/// The text of a cell without what systems add on the way: HTML entities, `\u0040`, `%40` and UTF-8 read as Windows-1252 are undone, compatibility
/// forms (full-width digits) unified, invisible characters dropped, white space and controls made spaces, dashes `-`, apostrophes `'`.
pub(crate) fn plain(raw: &str) -> Cow<'_, str> {
    let trimmed = unwrapped(raw.trim_matches(|letter: char| letter.is_ascii_whitespace() || letter.is_ascii_control()));
    let bytes = trimmed.as_bytes();
    if !may_be_escaped(bytes) && bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Cow::Borrowed(trimmed);
    }
    let mut text = trimmed.to_owned();
    for _ in 0..UNESCAPE_ROUNDS {
        match unquoted(&text).or_else(|| unescape(&text)).or_else(|| repair(&text)) {
            Some(better) => text = better,
            None => break,
        }
    }
    let text: String = text.chars().filter_map(unify).nfkc().filter_map(unify).collect();
    Cow::Owned(text.trim().to_owned())
}

/// A character as [`plain`] keeps it, or none for one that is not to be seen.
fn unify(letter: char) -> Option<char> {
    Some(match letter {
        ' '..='~' => letter,
        '\u{ad}'
        | '\u{34f}'
        | '\u{488}'
        | '\u{489}'
        | '\u{61c}'
        | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20dd}'..='\u{20e0}'
        | '\u{20e2}'..='\u{20e4}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => return None,
        '\u{b4}'
        | '\u{2b9}'..='\u{2bf}'
        | '\u{2c8}'
        | '\u{2018}'..='\u{201b}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{a78b}'
        | '\u{a78c}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        _ if letter.is_whitespace() || letter.is_control() => ' ',
        _ => digit(letter).unwrap_or(letter),
    })
}

/// The ASCII digit of a decimal digit in another script.
fn digit(letter: char) -> Option<char> {
    const ZEROS: [u32; 10] = [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xe50, 0xff10];
    let code = u32::from(letter);
    ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&code)).and_then(|zero| char::from_digit(code - zero, 10))
}

/// Appends the text, lower-cased and without marks: `Łukasz Ångström` → `lukasz angstrom`. Other characters stay, as [`plain`] leaves them.
fn fold(raw: &str, out: &mut String) {
    let text = plain(raw);
    if text.is_ascii() {
        let start = out.len();
        out.push_str(&text);
        out[start..].make_ascii_lowercase();
    } else {
        let mut folded = String::with_capacity(text.len());
        fold_unicode(&text, &mut folded);
        // A mark at the end that stood on nothing leaves the space before it.
        out.push_str(folded.trim_matches(' '));
    }
}

/// The text, lower-cased and without marks.
pub(crate) fn folded(raw: &str) -> String {
    let mut out = String::new();
    fold(raw, &mut out);
    out
}

/// [`fold`] for any text; on ASCII it is equal to the quick way.
fn fold_unicode(text: &str, out: &mut String) {
    for letter in text.nfkd() {
        if letter.is_ascii() {
            out.push(letter.to_ascii_lowercase());
            continue;
        }
        match letter {
            // The iota that Greek writes below a vowel, and beside it in capitals.
            '\u{345}' => out.push('ι'),
            // `ŀ` comes apart so: Catalan `Gal·la`.
            '·' if out.ends_with('l') => {}
            // By way of the capital, small letters that have one in common become one: `ς` and `σ`, `ſ` and `s`.
            _ if !is_accent(letter) => {
                let lower = letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
                for lower in lower.filter(|lower| !is_accent(*lower)) {
                    match latin::base(lower) {
                        Some(base) => out.push_str(base),
                        None => out.push(lower),
                    }
                }
            }
            _ => {}
        }
    }
}

/// A mark that people leave out: an accent, a point, a tone, by its combining class. Vowel signs of Indian scripts are letters, and have
/// class 0; the voicing of Japanese kana (8), the sign that joins consonants (9) and the vowels and tones of Thai, Lao and Tibetan (84 to
/// 132) make other words.
fn is_accent(letter: char) -> bool {
    !matches!(canonical_combining_class(letter), 0 | 8 | 9 | 84..=132)
}

/// Part of a word in any script.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining_mark(letter)
}

/// Reading of the vectors in `testdata/vectors/normalize`: tab-separated, `#` begins a comment line, `\t`, `\n` and `\u{…}` are escapes,
/// `(blank)` and `(unreadable)` stand for readings without a value.
#[cfg(test)]
mod vectors {
    use std::fmt::Write as _;

    use super::Reading;

    pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rows: Vec<Vec<String>> = lines.map(|line| line.split('\t').map(decode).collect()).collect();
        assert!(rows.len() >= 30, "a file of vectors is nearly empty");
        rows
    }

    pub(super) fn shown(reading: Reading, value: &str) -> String {
        match reading {
            Reading::Value => value.to_owned(),
            Reading::Blank => "(blank)".to_owned(),
            Reading::Unreadable => "(unreadable)".to_owned(),
        }
    }

    /// Runs a normaliser over rows of raw and canonical form, and again over its own results.
    pub(super) fn check(text: &str, canonical: impl Fn(&str, &mut String) -> Reading) {
        let mut wrong = String::new();
        for row in rows(text) {
            let [raw, expected] = row.as_slice() else { panic!("a vector has not two cells: {row:?}") };
            let mut out = "left over".to_owned();
            let reading = canonical(raw, &mut out);
            let found = shown(reading, &out);
            let mut again = String::new();
            if &found != expected {
                let _ = writeln!(wrong, "{raw:?}: {found}, not {expected}");
            } else if reading == Reading::Value && (canonical(&out, &mut again) != Reading::Value || out != again) {
                let _ = writeln!(wrong, "{raw:?}: {found}, and of that {again}");
            } else if reading != Reading::Value && !out.is_empty() {
                let _ = writeln!(wrong, "{raw:?}: left over {out}");
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    fn decode(cell: &str) -> String {
        let mut out = String::new();
        let mut rest = cell;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(escape) = rest.strip_prefix("u{") {
                let end = escape.find('}').expect("a closed escape");
                out.push(u32::from_str_radix(&escape[..end], 16).ok().and_then(char::from_u32).expect("a character"));
                rest = &escape[end + 1..];
            } else if let Some(tail) = rest.strip_prefix('t') {
                out.push('\t');
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('n') {
                out.push('\n');
                rest = tail;
            } else {
                out.push('\\');
            }
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_encodings_are_undone() {
        assert_eq!(plain("O&#39;Brien &amp; Co"), "O'Brien & Co");
        assert_eq!(plain("O&amp;#x27;Brien"), "O'Brien");
        assert_eq!(plain(" =\"07700 900123\" "), "07700 900123");
        assert_eq!(plain("=\"Renée\""), "Renée");
        assert_eq!(plain("=\""), "=\"");
        assert_eq!(plain("Ren&eacute;e"), "Renée");
        assert_eq!(plain("Ren\\u00e9e"), "Renée");
        assert_eq!(plain("O%27Brien"), "O'Brien");
        assert_eq!(plain("Ren%C3%A9e%20Ann"), "Renée Ann");
        assert_eq!(plain("Ren%C3%A9e+O%27Brien"), "Renée O'Brien");
        assert_eq!(plain("+44%207700+1"), "+44 7700+1");
        assert_eq!(plain("ann+news%40lee.example"), "ann+news@lee.example");
        assert_eq!(plain("C:\\users 50% a+b"), "C:\\users 50% a+b");
        assert_eq!(plain("\"Ann\""), "Ann");
        assert_eq!(plain("\"Ann\" or \"Anna\""), "\"Ann\" or \"Anna\"");
        assert_eq!(plain("JosÃ© MÃ¼ller"), "José Müller");
        assert_eq!(plain("SÃO"), "SÃO");
        assert_eq!(plain("AT&T; Ltd"), "AT&T; Ltd");
        assert_eq!(plain("\u{feff}０７\u{a0}９４６‑０９"), "07 946-09");
        assert_eq!(plain("a\u{200b}b\0c\t"), "ab c");
        assert_eq!(plain("O’Neill O´Neill OʼNeill"), "O'Neill O'Neill O'Neill");
    }

    #[test]
    fn folding_reaches_letters_that_do_not_decompose() {
        assert_eq!(folded("STRASSE Straße ẞ"), "strasse strasse ss");
        assert_eq!(
            folded("Łukasz Ångström Søren Đorđe Þóra Æther İnci ılgın"),
            "lukasz angstrom soren dorde thora aether inci ilgin"
        );
        assert_eq!(folded("Σίσυφος"), "σισυφοσ");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(raw in "\\PC{0,24}") {
            let once = folded(&raw);
            // Words are what its users take; what is left of escapes in other text may be undone one round further.
            for word in once.split(|letter| !is_word(letter)) {
                prop_assert_eq!(folded(word), word);
            }
        }

        #[test]
        fn the_quick_way_is_the_same(raw in "[ -~]{0,24}") {
            let text = plain(&raw);
            let mut quick = String::new();
            fold(&text, &mut quick);
            let mut slow = String::new();
            fold_unicode(&plain(&text), &mut slow);
            prop_assert_eq!(quick, slow);
        }

        #[test]
        fn plain_is_total(raw in any::<String>()) {
            plain(&raw);
        }
    }
}
