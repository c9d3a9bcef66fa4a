//! Whether bytes that are not UTF-8 are Western European text for certain.
//!
//! Windows-1252 gives every byte a meaning, so that text in any other encoding of single bytes reads as something. What it reads as gives
//! it away: symbols within words, capitals within words, letters of no Western language. Where it does not, because the text is Czech and
//! all its bytes happen to be letters here too, only the number of words helps: the guess of a detector is relied on for many words, and
//! for few words only where their letters are the same in the encodings of Western, Central European and Turkish text, byte for byte.

use super::is_late_control;
use encoding_rs::WINDOWS_1252;

/// Letters of Western European languages beyond ASCII, in lower case.
const WESTERN: &str = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßÿœšžªº";

/// Those that stand at the same place in Windows-1250, 1252 and 1254.
const SHARED: &str = "áâäçéëíîóôöúüß";

/// Words with other letters from which on the detector's guess is relied on.
const ENOUGH: u64 = 30;

/// Symbols that stand between two letters, before one and after one.
const WITHIN: &str = "’‘·\u{a0}\u{ad}–—";
const BEFORE: &str = "‘’“«‹¡¿„‚…–—\u{a0}";
const AFTER: &str = "’”»›…–—\u{a0}";

/// Of these, such as are letters in the encodings of DOS: they tell nothing for certain.
const LETTERS_OF_DOS: &str = "…–—";

/// What the words of a text tell.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Words that are no Western European ones.
    odd: u64,
    /// Words that read differently in another encoding.
    telling: u64,
}

impl Evidence {
    /// Looks at a line.
    pub(super) fn see(&mut self, line: &[u8]) {
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(line);
        let mut word = String::new();
        let mut before = ' ';
        let mut rest = text.chars().chain([' ']).peekable();
        while let Some(character) = rest.next() {
            if character.is_alphabetic() {
                word.push(character);
            } else {
                self.word(&word);
                word.clear();
                let after = rest.peek().copied().unwrap_or(' ');
                self.symbol(before.is_alphabetic(), character, after.is_alphabetic());
            }
            before = character;
        }
    }

    /// Looks at what is no letter, and whether letters stand beside it.
    fn symbol(&mut self, is_after: bool, symbol: char, is_before: bool) {
        let usual = match (is_after, is_before) {
            _ if symbol.is_ascii() => return,
            (true, true) => WITHIN,
            (true, false) => AFTER,
            (false, true) => BEFORE,
            (false, false) => "",
        };
        if is_late_control(symbol) || ((is_after || is_before) && !usual.contains(symbol)) {
            self.odd += 1;
        } else if is_after && LETTERS_OF_DOS.contains(symbol) {
            self.telling += 1;
        }
    }

    fn word(&mut self, word: &str) {
        if word.is_ascii() {
            return;
        }
        let lower = word.to_lowercase();
        // Portuguese has an `õ` before an `e`; anywhere else it is the `ő` of Hungarian.
        let is_hungarian = lower.replace("õe", "").contains('õ');
        let is_foreign = is_hungarian || lower.chars().any(|letter| !letter.is_ascii() && !WESTERN.contains(letter));
        let has_late_capital = word.chars().zip(word.chars().skip(1)).any(|(one, next)| {
            // `McÉwan` is a name, and `MüLLER` a slip of the shift key.
            one.is_lowercase() && next.is_uppercase() && !next.is_ascii()
        });
        if is_foreign || (has_late_capital && !lower.starts_with("mc") && !lower.starts_with("mac")) {
            self.odd += 1;
        } else if lower.chars().any(|letter| !letter.is_ascii() && !SHARED.contains(letter)) {
            self.telling += 1;
        }
    }

    /// Whether something speaks against it.
    pub(super) fn is_odd(&self) -> bool {
        self.odd > 0
    }

    /// Whether all words read alike in the encodings that come into question.
    pub(super) fn is_shared(&self) -> bool {
        self.odd == 0 && self.telling == 0
    }

    /// Whether nothing speaks against it.
    pub(super) fn is_certain(&self) -> bool {
        self.is_shared() || (self.odd == 0 && self.telling >= ENOUGH)
    }
}

/// Whether a line holds what Western European text does not.
pub(super) fn is_odd_line(line: &[u8]) -> bool {
    let mut evidence = Evidence::default();
    evidence.see(line);
    evidence.odd > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::Encoding;

    fn certain(label: &str, text: &str) -> bool {
        let coding = Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, has_errors) = coding.encode(text);
        assert!(!has_errors, "{text} is no {label}");
        let mut evidence = Evidence::default();
        bytes.split(|byte| *byte == b'\n').for_each(|line| evidence.see(line));
        evidence.is_certain()
    }

    #[test]
    fn western_text_is_certain_where_it_could_be_nothing_else() {
        for text in ["café", "Zoë Müller\nAndré O’Brien", "£5 a head", "5\u{a0}° – “so”", "MÜLLER,Straße", "McÉwan"]
        {
            assert!(certain("windows-1252", text), "{text}");
        }
        let names = ["Løvås", "Françoise Lefèvre", "Muñoz", "Conceição", "Åse", "Ærø"];
        assert!(!certain("windows-1252", names[0]), "a few words of it may be another language");
        let many: Vec<_> = (0..40).map(|number| names[number % names.len()]).collect();
        assert!(certain("windows-1252", &many.join("\n")));
    }

    #[test]
    fn other_text_is_not() {
        for (label, text) in [
            ("windows-1250", "Łukasz"),
            ("windows-1250", "Wałęsa"),
            ("windows-1250", "Dvořák"),
            ("iso-8859-2", "Grześ"),
            ("iso-8859-2", "Erdős"),
            ("windows-1254", "Şahin"),
            ("windows-1254", "Yıldız"),
            ("windows-1251", "Иванов"),
            ("koi8-r", "Иванов"),
            ("macintosh", "café"),
            ("macintosh", "Müller"),
            ("ibm866", "Иванов"),
            ("shift_jis", "山田"),
            ("gbk", "王小明"),
            ("windows-1253", "Παπαδόπουλος"),
        ] {
            assert!(!certain(label, text), "{text} in {label}");
        }
    }

    #[test]
    fn text_of_dos_is_not() {
        // Müller and Zoë in code pages 437 and 850.
        let words: [&[u8]; 4] = [b"M\x81ller", b"Andr\x82", b"Zo\x89,Le", b"J\x94rg"];
        for bytes in words {
            let mut evidence = Evidence::default();
            evidence.see(bytes);
            assert!(!evidence.is_certain(), "{bytes:?}");
        }
    }
}
