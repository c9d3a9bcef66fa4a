//! A set of words, of which nearly every other word is told by one bit, without a comparison.

/// Places of the bits: a few dozen words fill a small part of them.
const PLACES: usize = 1_024;

/// A set of words in small letters.
pub(crate) struct WordSet {
    words: &'static [&'static [u8]],
    seen: [u64; PLACES / 64],
}

impl WordSet {
    /// The set of these words, none of which is empty.
    pub(crate) const fn new(words: &'static [&'static [u8]]) -> WordSet {
        let mut seen = [0; PLACES / 64];
        let mut at = 0;
        while at < words.len() {
            let word = words[at];
            let place = place(word[0], word[word.len() - 1], word.len());
            seen[place / 64] |= 1 << (place % 64);
            at += 1;
        }
        WordSet { words, seen }
    }

    /// Whether a word is one of them, in whatever case.
    #[inline]
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return false };
        let place = place(first.to_ascii_lowercase(), last.to_ascii_lowercase(), word.len());
        self.seen[place / 64] >> (place % 64) & 1 == 1 && self.words.iter().any(|known| word.eq_ignore_ascii_case(known))
    }
}

/// The place of a word, by its first and last letter and its length.
const fn place(first: u8, last: u8, length: usize) -> usize {
    (first as usize ^ (last as usize) << 2 ^ length << 6) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_in_any_case() {
        const WORDS: WordSet = WordSet::new(&[b"n/a", b"x", b"not known", b"street"]);
        for word in ["n/a", "N/A", "x", "Not Known", "STREET"] {
            assert!(WORDS.has(word.as_bytes()), "{word}");
        }
        for word in ["", "na", "xx", "not  known", "strete", "a"] {
            assert!(!WORDS.has(word.as_bytes()), "{word}");
        }
    }
}
