//! Encodings of text files: which one a file is in, and its bytes as UTF-8.
//!
//! A byte order mark decides, then what a person states of the file, then the bytes: UTF-16 shows by its zero bytes, UTF-8 by being valid. What
//! is neither is in an encoding of one country or another, which bytes alone can only suggest. Western European text (Windows-1252, which
//! holds all of Latin-1) is taken for what it is where nothing speaks for another (see [`western`]); any other is a guess, and told as
//! a problem, since a wrong guess would hide the names that have accents.
//!
//! The labels and tables are those of the Encoding Standard, <https://encoding.spec.whatwg.org/>.

mod western;

use crate::source::file::OpenedFile;
use crate::source::label::Label;
use chardetng::EncodingDetector;
use chardetng::Iso2022JpDetection;
use chardetng::Utf8Detection;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;
use std::io;

/// Places further on in a large file that are looked at too.
const WINDOWS: u64 = 15;

/// Bytes of such a place.
const WINDOW: usize = 64 << 10;

/// Of so many code units at least one is a zero byte and a letter, or the text is not taken for UTF-16; and of all at least so many.
const UNITS_A_ZERO: usize = 4;
const FEWEST_ZEROS: usize = 3;

/// Zero bytes at the one place of a code unit for each one at the other.
const ONE_SIDED: usize = 20;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The encoding of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::source) struct Encoding {
    coding: &'static encoding_rs::Encoding,
    by: By,
    /// Bytes of the byte order mark.
    mark: usize,
    /// Of a text that was recognised as Western European, the letters that it has often.
    letters: western::Letters,
}

/// What an encoding was told by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    Mark,
    Person,
    Content,
    /// By nothing better than likelihood.
    Guess,
    /// By what a person says of all files, which this one does not look like.
    Doubt,
}

/// What became of the bytes of one row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decoded {
    /// Every byte was understood.
    Whole,
    /// Some were not, and stand as U+FFFD.
    Flawed,
    /// They are valid UTF-8 in a text that is not, and were read as UTF-8.
    Foreign,
}

impl Encoding {
    fn new(coding: &'static encoding_rs::Encoding, by: By) -> Encoding {
        Encoding { coding, by, mark: 0, letters: western::Letters::default() }
    }

    /// Tells the encoding of a file by its first bytes and, where these do not tell, by others further on.
    pub(in crate::source) fn detect(file: &OpenedFile, head: &[u8], stated: Option<Label>) -> io::Result<Encoding> {
        for (mark, coding) in [(MARK, UTF_8), (b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
            if head.starts_with(mark) {
                return Ok(Encoding { mark: mark.len(), ..Encoding::new(coding, By::Mark) });
            }
        }
        if let Some(label) = stated.filter(|label| label.is_of_one) {
            return Ok(Encoding::new(label.coding, By::Person));
        }
        if let Some(coding) = wide(head) {
            let is_stated = stated.is_some_and(|label| label.coding == coding);
            return Ok(Encoding::new(coding, if is_stated { By::Person } else { By::Content }));
        }
        let is_whole = head.len() as u64 >= file.size();
        let mut judge = Judge::new();
        judge.see(head, is_whole);
        if !is_whole {
            // No line is looked at twice: words are counted.
            let rest = file.size() - head.len() as u64;
            let step = (rest / WINDOWS).max(WINDOW as u64);
            for start in (0..WINDOWS).map(|window| window * step).take_while(|start| *start < rest) {
                let start = head.len() as u64 + start;
                let bytes = file.window(start, WINDOW)?;
                // Its first line began before it.
                let line = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                judge.see(&bytes[line..], false);
            }
        }
        Ok(match stated {
            None => judge.verdict(is_whole),
            Some(label) => judge.weigh(label.coding, is_whole),
        })
    }

    /// UTF-8 without a mark.
    #[cfg(test)]
    pub(super) fn of_utf8() -> Encoding {
        Encoding::new(UTF_8, By::Content)
    }

    /// Bytes of the byte order mark at the beginning.
    pub(in crate::source) fn mark(self) -> usize {
        self.mark
    }

    /// Whether records and cells can be told in the bytes as they are.
    pub(super) fn is_utf8(self) -> bool {
        self.coding == UTF_8
    }

    /// Whether a code unit has two bytes.
    pub(in crate::source) fn is_wide(self) -> bool {
        self.coding == UTF_16LE || self.coding == UTF_16BE
    }

    /// Bytes of a code unit.
    pub(super) fn unit(self) -> usize {
        if self.is_wide() { 2 } else { 1 }
    }

    /// Whether a person's word is all that it was told by.
    pub(in crate::source) fn is_stated(self) -> bool {
        self.by == By::Person
    }

    /// What makes it doubtful, in words.
    pub(in crate::source) fn doubt(self) -> Option<String> {
        match self.by {
            By::Guess => Some(format!("the text is not UTF-8, and was read as {}, which is a guess", self.name())),
            By::Doubt => Some(format!("the text was read as {}, and does not look like it", self.name())),
            By::Mark | By::Person | By::Content => None,
        }
    }

    /// Whether a row of a text that was recognised as Western European does not look like it.
    pub(super) fn is_belied_by(self, row: &[u8]) -> bool {
        let is_recognised = self.by == By::Content && self.coding == encoding_rs::WINDOWS_1252;
        is_recognised && !row.is_ascii() && self.letters.are_strange_to(row)
    }

    /// Its name, as the Encoding Standard writes it.
    pub(in crate::source) fn name(self) -> &'static str {
        self.coding.name()
    }

    /// Its name and what it was told by, for people.
    pub(super) fn words(self) -> String {
        let by = match self.by {
            By::Mark => " (byte order mark)",
            By::Person => " (stated)",
            By::Content if self.is_utf8() => "",
            By::Content => " (recognised)",
            By::Guess => " (guessed)",
            By::Doubt => " (doubtful)",
        };
        format!("{}{by}", self.name())
    }

    /// One byte for each code unit of two, which is the character where it is ASCII, and no ASCII where it is not: enough to find
    /// delimiters, quotes and line breaks. An odd byte at the end is left out.
    pub(in crate::source) fn narrow(self, wide: &[u8], out: &mut Vec<u8>) {
        let is_little = self.coding == UTF_16LE;
        out.extend(wide.chunks_exact(2).map(|unit| {
            let (low, high) = if is_little { (unit[0], unit[1]) } else { (unit[1], unit[0]) };
            if high == 0 && low.is_ascii() { low } else { 0xff }
        }));
    }

    /// Adds bytes to `out` as UTF-8.
    pub(super) fn decode(self, bytes: &[u8], out: &mut String) -> Decoded {
        if !self.is_wide()
            && let Ok(text) = str::from_utf8(bytes)
        {
            out.push_str(text);
            return if self.is_utf8() || text.is_ascii() { Decoded::Whole } else { Decoded::Foreign };
        }
        let (text, is_flawed) = self.coding.decode_without_bom_handling(bytes);
        out.push_str(&text);
        // The Standard gives bytes that Windows-1252 leaves open to control characters, which no text holds.
        let is_flawed = is_flawed || (!self.is_utf8() && text.contains(is_late_control));
        if is_flawed { Decoded::Flawed } else { Decoded::Whole }
    }
}

/// A control character beyond ASCII.
pub(super) fn is_late_control(character: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&character)
}

/// UTF-16 without a mark, if bytes look like it: zero bytes on one side of the code units only, and line breaks where code units are.
fn wide(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let coding = if odd > even { UTF_16LE } else { UTF_16BE };
    let (most, least) = (even.max(odd), even.min(odd));
    if most < FEWEST_ZEROS || head.len() % 2 == 1 || most * UNITS_A_ZERO < head.len() / 2 || least * ONE_SIDED > most {
        return None;
    }
    let mut units = Vec::with_capacity(head.len() / 2);
    Encoding::new(coding, By::Content).narrow(head, &mut units);
    let is_line = units.iter().any(|unit| matches!(unit, b'\n' | b'\r')) || units.iter().all(|unit| *unit >= b' ');
    is_line.then_some(coding)
}

/// Looks at parts of a text that is not UTF-16.
struct Judge {
    detector: EncodingDetector,
    western: western::Evidence,
    /// Lines that are valid UTF-8 and not ASCII.
    valid: u64,
    /// Lines that are not valid UTF-8.
    invalid: u64,
    /// Some of these.
    lines: Vec<Vec<u8>>,
}

/// Lines that are kept to be read in two encodings.
const KEPT_LINES: usize = 1_000;

impl Judge {
    fn new() -> Self {
        let detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        Self { detector, western: western::Evidence::default(), valid: 0, invalid: 0, lines: Vec::new() }
    }

    /// Looks at whole lines; the last one may be cut unless `is_end`.
    fn see(&mut self, bytes: &[u8], is_end: bool) {
        let last = if is_end { None } else { bytes.iter().rposition(|byte| *byte == b'\n') };
        let bytes = last.map_or(bytes, |last| &bytes[..=last]);
        if bytes.is_ascii() {
            return;
        }
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()) {
            match str::from_utf8(line) {
                Ok(_) => self.valid += 1,
                // A long line that the sample cuts within a character.
                Err(error) if error.error_len().is_none() && !is_end && last.is_none() => self.valid += 1,
                Err(_) => {
                    self.invalid += 1;
                    self.detector.feed(line, false);
                    self.western.see(line);
                    if self.lines.len() < KEPT_LINES {
                        self.lines.push(line.to_vec());
                    }
                }
            }
        }
    }

    /// What a person says of all files holds for this one, unless it looks like another and would then read differently. UTF-8 is kept
    /// whatever is said: what is valid UTF-8 is next to never anything else.
    fn weigh(mut self, stated: &'static encoding_rs::Encoding, is_whole: bool) -> Encoding {
        if stated == UTF_8 {
            // Rows that are not are told one by one.
            return Encoding::new(UTF_8, By::Person);
        }
        let is_utf8 = self.invalid == 0 && (self.valid > 0 || stated == UTF_16LE || stated == UTF_16BE);
        let (lines, is_odd) = (std::mem::take(&mut self.lines), self.western.is_odd());
        let own = self.verdict(is_whole);
        if is_utf8 || (own.coding == stated && !(stated == encoding_rs::WINDOWS_1252 && is_odd)) {
            let coding = if is_utf8 { UTF_8 } else { stated };
            let by = if is_utf8 { By::Content } else { By::Person };
            return Encoding::new(coding, by);
        }
        let read = |coding: &'static encoding_rs::Encoding, line: &[u8]| coding.decode_without_bom_handling(line).0.into_owned();
        let is_other = lines.iter().any(|line| read(stated, line) != read(own.coding, line)) || (own.coding == stated && is_odd);
        Encoding::new(stated, if is_other { By::Doubt } else { By::Person })
    }

    /// Lines of both sorts are a text in UTF-8 or one in another encoding, whichever there are more of; the others are told row by row.
    fn verdict(mut self, is_whole: bool) -> Encoding {
        if self.invalid == 0 || self.valid > self.invalid {
            return Encoding::new(UTF_8, By::Content);
        }
        self.detector.feed(b"\n", true);
        let guess = self.detector.guess(None, Utf8Detection::Deny);
        let is_western = self.western.is_certain() && guess == encoding_rs::WINDOWS_1252;
        if is_western || (is_whole && self.western.is_shared()) {
            let letters = self.western.common();
            return Encoding { letters, ..Encoding::new(encoding_rs::WINDOWS_1252, By::Content) };
        }
        Encoding::new(guess, By::Guess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn detect(content: &[u8], stated: Option<&str>) -> String {
        let mut copy = tempfile::tempfile().unwrap();
        copy.write_all(content).unwrap();
        let file = OpenedFile::unnamed("t", copy).unwrap();
        let head = file.head(1 << 20).unwrap();
        Encoding::detect(&file, &head, stated.and_then(Label::parse)).unwrap().words()
    }

    fn utf16(text: &str, is_little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn tells_encodings() {
        let text = "name,born\nZoë,1980\nRené,1981\n";
        let latin: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
        assert_eq!(detect(text.as_bytes(), None), "UTF-8");
        assert_eq!(detect(b"name,born\n", None), "UTF-8");
        assert_eq!(detect(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), None), "UTF-8 (byte order mark)");
        assert_eq!(detect(&latin, None), "windows-1252 (recognised)");
        assert_eq!(detect(&latin, Some("latin1")), "windows-1252 (stated)");
        assert_eq!(detect(&latin, Some("windows-1250")), "windows-1250 (stated)", "the same in both");
        assert_eq!(detect(b"name,born\nann,1980\n", Some("windows-1250")), "windows-1250 (stated)");
        assert_eq!(detect(text.as_bytes(), Some("windows-1252")), "UTF-8");
        assert_eq!(detect(&utf16(text, true), Some("windows-1252")), "UTF-16LE (recognised)");
        assert_eq!(detect(&utf16(text, true), None), "UTF-16LE (recognised)");
        assert_eq!(detect(&utf16(text, false), None), "UTF-16BE (recognised)");
        assert_eq!(detect(&[b"\xff\xfe".to_vec(), utf16(text, true)].concat(), None), "UTF-16LE (byte order mark)");
        assert_eq!(detect(&[b"\xfe\xff".to_vec(), utf16(text, false)].concat(), Some("utf-8")), "UTF-16BE (byte order mark)");
        assert_eq!(detect(&utf16("имя;дата\nИван;1980\nОльга;1981\n", true), None), "UTF-16LE (recognised)");
        assert_eq!(detect("Łódź;1\nKraków;2\n".as_bytes(), None), "UTF-8");
    }

    #[test]
    fn what_is_not_western_for_certain_is_a_guess() {
        for (label, text) in [
            ("windows-1250", "jméno,město\nDvořák,Brno\nNěmcová,Zlín\n"),
            ("windows-1251", "имя,город\nИван,Москва\nОльга,Казань\n"),
            ("windows-1254", "ad,şehir\nYıldız,İzmir\n"),
            ("shift_jis", "氏名,住所\n山田太郎,東京都\n"),
            ("iso-8859-2", "imię,miasto\nŁukasz,Łódź\n"),
            ("windows-1252", "name,town\nLøvås,Bodø\n"),
        ] {
            let bytes = Label::parse(label).unwrap().coding.encode(text).0;
            let words = detect(&bytes, None);
            assert!(words.ends_with("(guessed)"), "{label}: {words}");
        }
    }

    #[test]
    fn what_is_said_of_all_files_is_held_against_each() {
        let polish = Label::parse("windows-1250").unwrap().coding.encode("imię,miasto\nŁukasz,Łódź\nWałęsa,Gdańsk\n").0;
        assert_eq!(detect(&polish, Some("windows-1250")), "windows-1250 (stated)");
        assert_eq!(detect(&polish, Some("windows-1252")), "windows-1252 (doubtful)");
        assert_eq!(detect(b"Andr\x82,Zo\x89\nM\x81ller\n", Some("windows-1252")), "windows-1252 (doubtful)");
        let few = Label::parse("windows-1252").unwrap().coding.encode("name,town\nLøvås,Bodø\n").0;
        assert_eq!(detect(&few, Some("windows-1252")), "windows-1252 (doubtful)", "two words could be Baltic");
        let one = |content: &[u8]| {
            let mut copy = tempfile::tempfile().unwrap();
            copy.write_all(content).unwrap();
            let file = OpenedFile::unnamed("t", copy).unwrap();
            let label = Label::parse("windows-1252").map(Label::of_one_file);
            Encoding::detect(&file, content, label).unwrap().words()
        };
        assert_eq!((one(&few), one(&polish)), ("windows-1252 (stated)".to_owned(), "windows-1252 (stated)".to_owned()));
    }

    #[test]
    fn looks_at_large_files_further_on() {
        let mut content = b"name,born\n".to_vec();
        while content.len() < 3 << 20 {
            content.extend(b"ann,1980\n");
        }
        for _ in 0..20_000 {
            content.extend(b"Ren\xe9e Lef\xe8vre,1981\nZo\xeb Mu\xf1oz,1982\nChlo\xe9 d\x92Aubign\xe9,1983\n");
        }
        assert_eq!(detect(&content, None), "windows-1252 (recognised)");
    }

    #[test]
    fn no_line_counts_twice() {
        // Beyond the first part there is less than the places that are looked at would hold.
        let mut content = b"ann,1980\n".repeat((1 << 20) / 9);
        content.extend(b"ann,1980\n".repeat(20));
        content.extend(b"Fran\xe7oise Lef\xe8vre,1981\nH\xe9l\xe8ne d'Amb\xe8re,1982\nIr\xe8ne Bri\xe8re,1983\n");
        let words = detect(&content, None);
        assert!(words.ends_with("(guessed)"), "{words}");
    }

    #[test]
    fn lines_of_both_sorts_are_what_most_are() {
        assert_eq!(
            detect("Zoë\nRené\n".as_bytes().iter().chain(b"Zo\xeb\n").copied().collect::<Vec<_>>().as_slice(), None),
            "UTF-8"
        );
        assert_eq!(detect(b"Zo\xeb\nRen\xe9\nZo\xc3\xab\n", None), "windows-1252 (recognised)");
    }

    #[test]
    fn decoding_says_what_it_did_not_understand() {
        let decode = |label: &str, bytes: &[u8]| {
            let mut text = String::new();
            let encoding = Encoding {
                coding: Label::parse(label).unwrap().coding,
                by: By::Person,
                mark: 0,
                letters: western::Letters::default(),
            };
            let decoded = encoding.decode(bytes, &mut text);
            (text, decoded)
        };
        assert_eq!(decode("latin1", b"Ren\xe9"), ("René".to_owned(), Decoded::Whole));
        assert_eq!(decode("latin1", "René".as_bytes()), ("René".to_owned(), Decoded::Foreign));
        assert_eq!(decode("latin1", b"Ren\x81"), ("Ren\u{81}".to_owned(), Decoded::Flawed));
        assert_eq!(decode("utf-8", b"Ren\xe9"), ("Ren\u{fffd}".to_owned(), Decoded::Flawed));
        assert_eq!(decode("utf-16le", b"R\0\x00\xd8"), ("R\u{fffd}".to_owned(), Decoded::Flawed));
        assert_eq!(decode("utf-16be", b"\0R\xd8\x3d\xde\x00"), ("R\u{1f600}".to_owned(), Decoded::Whole));
    }

    #[test]
    fn labels_are_of_encodings_that_can_be_read() {
        for label in ["utf-8", "UTF-16", "utf-16be", "latin1", "iso-8859-15", "cp1252", "windows-1250", "gbk", "shift_jis"] {
            assert!(Label::parse(label).is_some(), "{label}");
        }
        for label in ["", "utf-32", "cp850", "iso-2022-jp", "replacement", "x-user-defined", "ebcdic"] {
            assert!(Label::parse(label).is_none(), "{label}");
        }
    }
}
