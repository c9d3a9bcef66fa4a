//! Cells that are filled and say nothing: what exports, forms and erasures leave where there is no value.
//!
//! A placeholder is the whole cell, in any case, with or without brackets or quotes round it. Some of these words are names too: `Null`,
//! `Na`, `Nan` and `Nil`. In a name they are a placeholder except in exactly that spelling, since exports write `NULL`, `null`, `NA` or
//! `NaN` and people write `Null`. So a person of that name is kept where the data has ordinary case, and has one name less where the data
//! is all capitals. Since the other side may have it the other way, a scan looks for names with and without such words ([`is_surname`]).

use std::borrow::Cow;

use crate::record::normalize::plain;
use crate::support::word_set::WordSet;

/// Placeholders that are people's names.
const SURNAMES: [&str; 9] = ["null", "na", "nan", "nil", "blank", "test", "void", "missing", "empty"];

/// The words, in small letters.
static WORDS: WordSet = WordSet::new(&[
    b"null",
    b"nul",
    b"nil",
    b"none",
    b"nan",
    b"na",
    b"n/a",
    b"n.a.",
    b"n.a",
    b"n\\a",
    b"n-a",
    b"#n/a",
    b"#na",
    b"#null!",
    b"#value!",
    b"#ref!",
    b"#name?",
    b"#num!",
    b"#div/0!",
    b"\\n",
    b"undefined",
    b"undef",
    b"empty",
    b"blank",
    b"missing",
    b"void",
    b"unknown",
    b"unknwon",
    b"unkown",
    b"unk",
    b"not known",
    b"not-known",
    b"notknown",
    b"not given",
    b"notgiven",
    b"not provided",
    b"notprovided",
    b"not available",
    b"not applicable",
    b"not specified",
    b"not stated",
    b"not disclosed",
    b"not recorded",
    b"unspecified",
    b"undisclosed",
    b"withheld",
    b"no name",
    b"noname",
    b"no data",
    b"nodata",
    b"no value",
    b"no address",
    b"no email",
    b"noemail",
    b"no phone",
    b"no number",
    b"no fixed abode",
    b"nfa",
    b"tba",
    b"tbc",
    b"tbd",
    b"t.b.c.",
    b"test",
    b"test test",
    b"testing",
    b"test user",
    b"testuser",
    b"dummy",
    b"asdf",
    b"asdfasdf",
    b"qwerty",
    b"redacted",
    b"deleted",
    b"erased",
    b"removed",
    b"anonymous",
    b"anonymised",
    b"anonymized",
    b"anon",
    b"masked",
    b"suppressed",
    b"gdpr",
    b"gdpr deleted",
    b"gdpr erased",
]);

/// Is the cell empty, or a word for "there is no value"?
pub(crate) fn is_placeholder(raw: &str) -> bool {
    let text = if raw.is_ascii() { Cow::Borrowed(raw) } else { plain(raw) };
    is_placeholder_word(core(&text).as_bytes())
}

/// As [`is_placeholder`], for a name.
pub(crate) fn is_placeholder_name(raw: &str) -> bool {
    !matches!(raw.trim(), "Null" | "Na" | "Nan" | "Nil") && is_placeholder(raw)
}

/// Whether a word for "there is no value" is a name too, in whatever case.
pub(crate) fn is_surname(word: &str) -> bool {
    SURNAMES.iter().any(|name| word.trim().eq_ignore_ascii_case(name))
}

/// The cell without space, brackets and quotes round it.
fn core(text: &str) -> &str {
    // Most cells begin and end with a letter or a digit.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return text;
    }
    text.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control() || "\"'`()[]<>{}=".contains(letter))
}

/// As [`is_placeholder`], for a word with nothing round it. Every word of [`SURNAMES`] is one.
pub(super) fn is_placeholder_word(word: &[u8]) -> bool {
    let Some(&first) = word.first() else { return true };
    if !first.is_ascii_alphanumeric() && word.iter().all(|byte| b"-_.*?/\\#,:;=+~!|".contains(byte)) {
        return true;
    }
    if matches!(word, [b'x' | b'X', b'x' | b'X', ..]) && word.iter().all(|byte| byte.eq_ignore_ascii_case(&b'x')) {
        return true;
    }
    WORDS.has(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_hold() {
        let text = include_str!("../../../testdata/vectors/normalize/placeholder.tsv");
        for row in crate::record::normalize::vectors::rows(text) {
            let [raw, any, name] = row.as_slice() else { panic!("a vector has not three cells: {row:?}") };
            assert_eq!(is_placeholder(raw), any == "yes", "of {raw:?}");
            assert_eq!(is_placeholder_name(raw), name == "yes", "of {raw:?} as a name");
        }
    }

    #[test]
    fn surnames_are_placeholders() {
        for name in SURNAMES {
            assert!(is_placeholder(name) && is_surname(&format!(" {} ", name.to_uppercase())), "{name}");
        }
        assert!(!is_surname("none") && !is_surname("unknown") && !is_surname("Green"));
    }

    proptest! {
        #[test]
        fn total(raw in any::<String>()) {
            prop_assert!(is_placeholder(&raw) || !is_placeholder_name(&raw));
        }
    }
}
