//! Whether bytes that are not UTF-8 are Western European text for certain.
//!
//! Windows-1252 gives every byte a meaning, so that text in any other encoding of single bytes reads as something. What it reads as gives
//! it away: symbols within words, capitals within words, words of accented letters alone, letters of no Western language. Where it does
//! not, because the text is Czech and all its bytes happen to be letters here too, only the number of words helps: the guess of a detector is
//! relied on for many words, and for few words only where their letters are the same in the encodings of Western, Central European and
//! Turkish text, byte for byte.

use super::is_late_control;
use encoding_rs::WINDOWS_1252;

/// Letters of Western European languages beyond ASCII, in lower case.
const WESTERN: &str = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßÿœšžªº";

/// Those that stand at the same place in Windows-1250, 1252 and 1254.
const SHARED: &str = "áâäçéëíîóôöúüß";

/// Words with other letters from which on the detector's guess is relied on.
const ENOUGH: u64 = 30;

/// Words with a letter from which on it is one of the text's own.
const COMMON: u32 = 3;

/// Symbols that stand beside letters, and are no letters in the encodings of DOS.
const BESIDE_LETTERS: &str = "«»‹›¿";

/// Symbols that stand before or after words, but are letters in the encodings of DOS: they tell nothing for certain.
const AROUND_WORDS: &str = "‘’“”‚„…–—¡\u{a0}";

/// What the words of a text tell.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Words that are no Western European ones.
    odd: u64,
    /// Words that read differently in another encoding.
    telling: u64,
    /// Symbols that could be letters.
    unsure: u64,
    /// For each of [`WESTERN`] the words that it makes telling.
    letters: Vec<u32>,
}

/// Of [`WESTERN`], the letters that a text has often enough to be its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Letters(u64);

impl Letters {
    /// Whether a line holds what Western European text does not, or letters that are not this text's.
    pub(super) fn are_strange_to(self, line: &[u8]) -> bool {
        let mut evidence = Evidence::default();
        evidence.see(line);
        evidence.odd > 0 || evidence.letters.iter().enumerate().any(|(place, count)| *count > 0 && self.0 >> place & 1 == 0)
    }
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
                let after = rest.peek().copied().unwrap_or(' ');
                self.symbol(&word, before, character, after);
                word.clear();
            }
            before = character;
        }
    }

    /// Looks at what is no letter: the word that it ends, and what stands on both sides.
    fn symbol(&mut self, word: &str, before: char, symbol: char, after: char) {
        if symbol.is_ascii() {
            return;
        }
        let (is_after, is_before) = (before.is_alphabetic(), after.is_alphabetic());
        let is_mark = |character: char| BESIDE_LETTERS.contains(character) || AROUND_WORDS.contains(character);
        if is_late_control(symbol) {
            self.odd += 1;
        } else if is_after && is_before {
            match symbol {
                // `O’Brien` and `d’Aubigné`; elsewhere it may be the `Æ` of DOS.
                '’' if word.chars().count() == 1 => {}
                '’' | '–' | '—' | '·' => self.unsure += 1,
                _ => self.odd += 1,
            }
        } else if is_after || is_before {
            match symbol {
                _ if BESIDE_LETTERS.contains(symbol) => {}
                _ if AROUND_WORDS.contains(symbol) => self.unsure += 1,
                _ => self.odd += 1,
            }
        } else if !after.is_ascii() && !is_mark(symbol) && !is_mark(after) {
            // Symbols in a row are words of another script.
            self.odd += 1;
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
        let is_all_accents = lower.chars().count() > 1 && !lower.chars().any(|letter| letter.is_ascii());
        let has_late_capital = word.chars().zip(word.chars().skip(1)).any(|(one, next)| {
            // `McÉwan` is a name, and `MüLLER` a slip of the shift key.
            one.is_lowercase() && next.is_uppercase() && !next.is_ascii()
        });
        if is_foreign || is_all_accents || (has_late_capital && !lower.starts_with("mc") && !lower.starts_with("mac")) {
            self.odd += 1;
            return;
        }
        let telling = |letter: &char| !letter.is_ascii() && !SHARED.contains(*letter);
        let places: Vec<usize> =
            lower.chars().filter(telling).filter_map(|letter| WESTERN.chars().position(|known| known == letter)).collect();
        self.telling += u64::from(!places.is_empty());
        self.letters.resize(WESTERN.chars().count(), 0);
        for place in places {
            self.letters[place] += 1;
        }
    }

    /// Whether something speaks against it.
    pub(super) fn is_odd(&self) -> bool {
        self.odd > 0
    }

    /// Whether all words read alike in the encodings that come into question.
    pub(super) fn is_shared(&self) -> bool {
        self.odd + self.telling + self.unsure == 0
    }

    /// Whether nothing speaks against it.
    pub(super) fn is_certain(&self) -> bool {
        self.is_shared() || (self.odd == 0 && self.telling + self.unsure >= ENOUGH)
    }

    /// The letters that the text has often.
    pub(super) fn common(&self) -> Letters {
        let common = self.letters.iter().enumerate().filter(|(_, count)| **count >= COMMON);
        Letters(common.fold(0, |letters, (place, _)| letters | 1 << place))
    }
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
        for text in ["café", "Zoë Müller\nAndré O’Brien", "£5 a head", "5\u{a0}° – 3", "MÜLLER,Straße", "McÉwan", "«Zoë»"]
        {
            assert!(certain("windows-1252", text), "{text}");
        }
        let names = ["Løvås", "Françoise Lefèvre", "Muñoz", "Conceição", "Åse", "Ærø"];
        assert!(!certain("windows-1252", names[0]), "a few words of it may be another language");
        let mut evidence = Evidence::default();
        for _ in 0..9 {
            evidence.see(b"Fran\xe7oise Lef\xe8vre");
        }
        assert!(
            !evidence.common().are_strange_to("Hélène".chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<_>>().as_slice())
        );
        for czech in [&b"N\xecmcov\xe1"[..], b"Dvo\xf8\xe1k", b"\xdeahin", b"Tom\xa0s"] {
            assert!(evidence.common().are_strange_to(czech), "{czech:?}");
        }
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
            ("windows-1251", "Дубов"),
            ("windows-1251", "Зонд"),
            ("ibm866", "Зонд"),
            ("gbk", "林"),
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
        let words: [&[u8]; 9] = [
            b"M\x81ller",
            b"Andr\x82",
            b"Zo\x89,Le",
            b"J\x94rg",
            b"Tom\xa0s",
            b"Hern\xa0ndez",
            b"B\x91k",
            b"KJ\x92R",
            b"\x92r\x9b",
        ];
        for bytes in words {
            let mut evidence = Evidence::default();
            evidence.see(bytes);
            assert!(!evidence.is_certain(), "{bytes:?}");
        }
    }
}
