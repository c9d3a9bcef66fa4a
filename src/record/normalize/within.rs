//! Values within text: what has a form of its own is found wherever it stands, in prose, in JSON, in a line of a log.
//!
//! A text is cut into words, runs of letters and digits. Found in them are e-mail addresses, telephone numbers, postcodes, days, house numbers with a
//! street, and what stands before a postcode as its town. A text may be the cells of a row one after another, with [`BORDER`] between: a value may cross it,
//! as a day does whose year has a column of its own. Names have no form; [`crate::intake`] pairs the words.
//!
//! Everything here is for the scan side, where one reading too many costs a look-up, and one too few a record that is not found.

mod said;
mod spelt;

use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::date;
use crate::record::normalize::email;
use crate::record::normalize::fold;
use crate::record::normalize::is_word;
use crate::record::normalize::phone;
use crate::record::normalize::postcode;
use crate::support::word_set::WordSet;

/// Between two cells.
pub(crate) const BORDER: char = '\u{1f}';

/// Digits beside letters from which on they are a value of their own: `19850312LS1` of a line whose columns touch.
const OWN_DIGITS: usize = 6;

/// Groups of digits that a telephone number is written in, at most.
const MOST_GROUPS: usize = 7;

/// Words before a postcode that may be its town.
const TOWN_WORDS: usize = 3;

/// Letters of a postcode's half, at most, and of a whole one without its space.
const HALF: usize = 4;
const WHOLE: usize = 8;

/// Words behind the name of a street or a house.
static STREETS: WordSet = WordSet::new(&[
    b"street",
    b"st",
    b"road",
    b"rd",
    b"lane",
    b"ln",
    b"avenue",
    b"ave",
    b"av",
    b"close",
    b"cl",
    b"drive",
    b"dr",
    b"way",
    b"court",
    b"ct",
    b"gardens",
    b"gdns",
    b"place",
    b"pl",
    b"crescent",
    b"cres",
    b"terrace",
    b"ter",
    b"grove",
    b"hill",
    b"park",
    b"square",
    b"sq",
    b"row",
    b"walk",
    b"mews",
    b"view",
    b"green",
    b"cottage",
    b"house",
    b"lodge",
    b"farm",
    b"villas",
    b"rise",
    b"parade",
    b"circuit",
]);

/// Whether a word is one that streets end with.
pub(crate) fn is_street(word: &[u8]) -> bool {
    STREETS.has(word)
}

/// A run of letters and digits: where it begins and ends in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Offset of its first byte.
    pub(crate) start: usize,
    /// Offset behind its last byte.
    pub(crate) end: usize,
    /// ASCII digits in it.
    digits: usize,
}

impl Word {
    /// Whether there is an ASCII digit in it.
    pub(crate) fn has_digit(self) -> bool {
        self.digits > 0
    }
}

/// Cuts a text into words. An apostrophe within a word is part of it; many digits beside letters are a word of their own.
pub(crate) fn words(text: &str, out: &mut Vec<Word>) {
    out.clear();
    let bytes = text.as_bytes();
    let (mut start, mut at) = (None, 0);
    while let Some(&byte) = bytes.get(at) {
        let is_next = |ahead: usize| text[at + ahead..].chars().next().is_some_and(char::is_alphabetic);
        let (is_part, length) = if byte.is_ascii() {
            (byte.is_ascii_alphanumeric() || start.is_some() && matches!(byte, b'\'' | b'`') && is_next(1), 1)
        } else {
            let letter = text[at..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
            let length = letter.len_utf8();
            (is_word(letter) || start.is_some() && letter == '’' && is_next(length), length)
        };
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                push(text, from, at, out);
                start = None;
            }
            _ => {}
        }
        at += length;
    }
    if let Some(from) = start {
        push(text, from, text.len(), out);
    }
}

fn push(text: &str, start: usize, end: usize, out: &mut Vec<Word>) {
    let bytes = &text.as_bytes()[start..end];
    let (mut from, mut digits) = (start, 0);
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits += run;
        if run >= OWN_DIGITS {
            if start + at > from {
                out.push(Word { start: from, end: start + at, digits: digits - run });
            }
            out.push(Word { start: start + at, end: start + at + run, digits: run });
            (from, digits) = (start + at + run, 0);
        }
        at += run.max(1);
    }
    if end > from {
        out.push(Word { start: from, end, digits });
    }
}

/// A value that was found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'v> {
    /// What it is; of a day [`Slot::Birth`], whosever it is.
    pub(crate) slot: Slot,
    /// Its canonical form.
    pub(crate) value: &'v str,
    /// Where it begins in the text.
    pub(crate) start: usize,
    /// Whether next to nothing else is written so. A number before a word may be anything.
    pub(crate) is_plain: bool,
    /// Whether it is written as the number of a house and its street are, and few other things.
    pub(crate) is_house: bool,
}

/// Finds the values in a text that was cut into these words; of those of which `is_passed` is so, none begins a value.
pub(crate) fn find(text: &str, words: &[Word], is_passed: &dyn Fn(usize) -> bool, emit: &mut dyn FnMut(Found<'_>)) {
    let text = Text { text, words };
    text.emails(emit);
    text.spelt_emails(emit);
    if !text.text.bytes().any(|byte| byte.is_ascii_digit()) {
        text.streets(is_passed, emit);
        return;
    }
    let mut scratch = String::new();
    for at in (0..words.len()).filter(|at| !is_passed(*at)) {
        if text.is_letters(at) && !text.has_digit(at + 1) {
            // Of letters alone only a day begins that is said in words.
            text.worded_day(at, &mut scratch, emit);
            continue;
        }
        let starts_with_digit = text.bytes(at)[0].is_ascii_digit();
        let is_phone = starts_with_digit && text.phone(at, emit);
        text.spaced_phone(at, emit);
        let days = text.day(at, &mut scratch, emit);
        text.postcode(at, is_phone || days, &mut scratch, emit);
        if starts_with_digit && !is_phone && !days {
            text.address(at, &mut scratch, emit);
        }
    }
    text.labelled_days(emit);
    text.streets(is_passed, emit);
}

#[derive(Clone, Copy)]
struct Text<'t> {
    text: &'t str,
    words: &'t [Word],
}

impl<'t> Text<'t> {
    /// A word, or nothing where there is none.
    fn word(self, at: usize) -> &'t str {
        self.words.get(at).map_or("", |word| &self.text[word.start..word.end])
    }

    fn bytes(self, at: usize) -> &'t [u8] {
        self.word(at).as_bytes()
    }

    /// What stands between a word and the next.
    fn gap(self, at: usize) -> &'t str {
        match (self.words.get(at), self.words.get(at + 1)) {
            (Some(word), Some(next)) => &self.text[word.end..next.start],
            _ => "",
        }
    }

    /// From the first of these words to the last.
    fn span(self, first: usize, last: usize) -> &'t str {
        &self.text[self.words[first].start..self.words[last].end]
    }

    fn is_digits(self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.digits == word.end - word.start)
    }

    fn is_letters(self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.digits == 0)
    }

    fn has_digit(self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.has_digit())
    }

    /// Whether a word has the next one as its neighbour, with no more between than the signs that part the pieces of one value.
    fn is_near(self, at: usize) -> bool {
        let gap = self.gap(at);
        if gap == " " {
            return true;
        }
        // Columns of fixed width are parted by many blanks.
        let is_short = gap.chars().count() <= 3 || gap.trim_matches(' ').is_empty();
        at + 1 < self.words.len() && is_short && !gap.contains(['"', '<', '>', '{', '}', '[', ']', '\n'])
    }

    /// Whether a word is a cell of its own.
    fn is_cell(self, at: usize) -> bool {
        let word = self.words[at];
        self.text[..word.start].chars().next_back().is_none_or(|letter| letter == BORDER)
            && self.text[word.end..].chars().next().is_none_or(|letter| letter == BORDER)
    }

    fn emails(self, emit: &mut dyn FnMut(Found<'_>)) {
        let mut start = 0;
        for cell in self.text.split(BORDER) {
            if cell.contains('@') {
                email::candidates(cell, &mut |value| {
                    emit(Found { slot: Slot::Email, value, start, is_plain: true, is_house: false });
                });
            }
            start += cell.len() + BORDER.len_utf8();
        }
    }

    /// The numbers that begin with this group of digits. Says whether there is one.
    fn phone(self, first: usize, emit: &mut dyn FnMut(Found<'_>)) -> bool {
        let mut start = self.words[first].start;
        let before = &self.text[..start];
        let opened = before.strip_suffix('(').unwrap_or(before);
        let has_plus = opened.ends_with('+');
        if has_plus {
            start = opened.len() - 1;
        } else if opened.ends_with(|letter: char| letter.is_ascii_digit()) {
            return false;
        }
        let is_part = |letter: char| matches!(letter, ' ' | '-' | '.' | ',' | '(' | ')' | '/' | '\u{a0}' | BORDER);
        let group = self.bytes(first);
        let (mut digits, mut last, mut found) = (0, first, false);
        loop {
            if !self.is_digits(last) {
                break;
            }
            digits += self.words[last].end - self.words[last].start;
            let is_dialled = match group {
                _ if has_plus => (9..=15).contains(&digits),
                [b'0', b'0', ..] => (11..=17).contains(&digits),
                [b'0', b'1'..=b'9', ..] => (10..=12).contains(&digits),
                [b'4', b'4', ..] => matches!(digits, 12 | 13),
                _ => digits == 10,
            };
            if is_dialled {
                let end = self.words[last].end;
                let number = self.text[start..end].replace([BORDER, ','], " ");
                phone::candidates(&number, &mut |value| {
                    found = true;
                    emit(Found {
                        slot: Slot::Phone,
                        value,
                        start,
                        is_plain: digits != 10 || group[0] == b'0' || group[0] == b'7',
                        is_house: false,
                    });
                });
            }
            let gap = self.gap(last);
            if gap.is_empty() || gap.len() > 4 || !gap.chars().all(is_part) || last - first + 1 >= MOST_GROUPS || digits > 15 {
                break;
            }
            last += 1;
        }
        found
    }

    /// The days that begin with this word. Says whether there is one that can be little else.
    fn day(self, at: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) -> bool {
        let start = self.words[at].start;
        let mut read = |text: &str, is_plain: bool| {
            let reading = date::parse(text, None, &mut |day| {
                day.write(scratch);
                emit(Found { slot: Slot::Birth, value: scratch, start, is_plain, is_house: false });
            });
            reading == Reading::Value
        };
        if !self.bytes(at)[0].is_ascii_digit() {
            if !self.month_first(at) {
                return self.worded_day(at, scratch, emit);
            }
            return read(&self.span(at, at + 2).replace(BORDER, " "), true);
        }
        if let Some(last) = self.tight(at) {
            let date = self.span(at, last);
            let date = date.split(['T', 't']).next().filter(|day| day.len() >= 6).unwrap_or(date);
            let has_day = read(date, true);
            return self.timed(last).is_some_and(|end| read(&self.text[start..end], true)) | has_day;
        }
        let spaced =
            self.is_digits(at) && self.is_digits(at + 1) && self.is_digits(at + 2) && self.is_near(at) && self.is_near(at + 1);
        if spaced && let [year_first, _, year_last] = [0, 1, 2].map(|ahead| self.bytes(at + ahead).len()) {
            let middle = self.bytes(at + 1).len() <= 2;
            let sign = if year_first == 4 { "-" } else { "/" };
            let is_day = middle && (year_first == 4 && year_last <= 2 || year_first <= 2 && matches!(year_last, 2 | 4));
            if is_day && read(&[self.word(at), self.word(at + 1), self.word(at + 2)].join(sign), year_first + year_last > 4) {
                return true;
            }
        }
        // `12 March 1985`, `12th of March, 1985`.
        for month in [at + 1, at + 2] {
            let is_near = (at..=month).all(|word| self.is_near(word));
            if is_near && self.is_letters(month) && self.is_letters(at + 1) && date::is_month(self.word(month)) {
                return read(&self.span(at, month + 1).replace(BORDER, " "), true);
            }
        }
        let word = self.word(at);
        if self.is_digits(at) {
            let is_whole = self.is_cell(at);
            let is_negative =
                self.text[..start].ends_with('-') && !self.text[..start - 1].ends_with(|letter: char| letter.is_alphanumeric());
            return match word.len() {
                8 => read(word, false),
                9 | 10 | 12 | 13 => {
                    if is_negative {
                        read(&self.text[start - 1..self.words[at].end], false)
                    } else {
                        read(word, false)
                    };
                    false
                }
                5..=7 if is_whole => {
                    read(word, false);
                    false
                }
                5 if self.gap(at) == "." && self.is_digits(at + 1) => {
                    read(self.span(at, at + 1), false);
                    false
                }
                _ => false,
            };
        }
        let letters = word.chars().filter(|letter| letter.is_alphabetic()).count();
        letters >= 3 && word.len() <= 16 && read(word, true)
    }

    /// The last of three words, each joined to the next by the same sign of a date.
    fn tight(self, at: usize) -> Option<usize> {
        let sign = self.gap(at);
        (matches!(sign, "-" | "/" | ".") && self.gap(at + 1) == sign).then_some(at + 2)
    }

    /// Where the time of day ends that follows a date, whose last word may hold its hour.
    fn timed(self, last: usize) -> Option<usize> {
        let hour = if self.word(last).contains(['T', 't']) {
            last
        } else if self.gap(last) == " " {
            last + 1
        } else {
            return None;
        };
        if self.gap(hour) != ":" {
            return None;
        }
        let mut end = hour + 1;
        while matches!(self.gap(end), ":" | "." | "+" | "-") && self.bytes(end + 1).first().is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        Some(self.words[end].end)
    }

    /// `March 12, 1985`.
    fn month_first(self, at: usize) -> bool {
        let starts = |ahead: usize| self.bytes(at + ahead).first().is_some_and(u8::is_ascii_digit);
        starts(1) && starts(2) && self.is_near(at) && self.is_near(at + 1) && date::is_month(self.word(at))
    }

    /// The postcode that begins with this word, in one word or two, and its town. Other countries' are numbers like many.
    fn postcode(self, at: usize, is_taken: bool, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) {
        let word = self.word(at);
        // Every code has a digit, the Canadian ones in both halves.
        if !word.is_ascii() || word.len() > WHOLE || self.is_letters(at) && !self.has_digit(at + 1) {
            return;
        }
        let start = self.words[at].start;
        let mut read = |code: &str, is_uk: bool| {
            let reading = postcode::canonical(code, scratch);
            if reading == Reading::Value && (!is_uk || postcode::is_uk(scratch.as_bytes())) {
                emit(Found { slot: Slot::Postcode, value: scratch, start, is_plain: is_uk, is_house: false });
                return true;
            }
            false
        };
        let is_one_case =
            |code: &str| !(code.contains(|l: char| l.is_ascii_lowercase()) && code.contains(|l: char| l.is_ascii_uppercase()));
        let has_digit = |code: &str| code.bytes().any(|byte| byte.is_ascii_digit());
        let next = self.word(at + 1);
        let mut found = false;
        // A line may be broken between its halves.
        let is_broken = matches!(self.gap(at), "\n" | "\r\n");
        if (2..=HALF).contains(&word.len()) && next.len() == 3 && next.is_ascii() && (self.is_near(at) || is_broken) {
            let code = [word, next].concat();
            found = has_digit(&code) && is_one_case(&code) && read(&code, true);
            // `K1A 0B1` of Canada.
            let is_canadian = !found
                && word.len() == 3
                && word.bytes().zip(next.bytes()).enumerate().all(|(place, (first, second))| {
                    let (is_letter, is_digit) = (place % 2 == 0, place % 2 == 1);
                    first.is_ascii_alphabetic() == is_letter && second.is_ascii_alphabetic() == is_digit
                });
            if is_canadian {
                found = read(&code, false);
            }
        }
        if !found && word.len() >= 5 && has_digit(word) && !self.is_digits(at) {
            found = is_one_case(word) && read(word, true);
        }
        if !found && !is_taken && self.is_digits(at) {
            // `1017 AB` of the Netherlands.
            if word.len() == 4 && next.len() == 2 && next.bytes().all(|byte| byte.is_ascii_uppercase()) && self.is_near(at) {
                found = read(&[word, next].concat(), false);
            }
            let is_year = word.len() == 4 && ("1850".."2151").contains(&word);
            if !found && matches!(word.len(), 4 | 5) && !is_year {
                found = read(word, false);
            }
        }
        if found {
            self.town(at, scratch, emit);
        }
    }

    /// What stands before a postcode: one word, two, three.
    fn town(self, postcode: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) {
        for first in (postcode.saturating_sub(TOWN_WORDS)..postcode).rev() {
            if !self.is_letters(first) || !self.is_near(first) {
                break;
            }
            let town = self.span(first, postcode - 1).replace([BORDER, ','], " ");
            if address::town(&town, scratch) == Reading::Value {
                emit(Found {
                    slot: Slot::Town,
                    value: scratch,
                    start: self.words[first].start,
                    is_plain: false,
                    is_house: false,
                });
            }
        }
    }

    /// The address that begins with this number.
    fn address(self, at: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) {
        let word = self.word(at);
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 4 || word.len() > digits + 1 {
            return;
        }
        let start = self.words[at].start;
        let mut last = at;
        while last < at + 4 && self.is_near(last) {
            last += 1;
        }
        let street = self.street_end(at);
        let is_house = street.is_some();
        let mut read = |first: usize, last: usize| {
            scratch.clear();
            scratch.extend(self.span(first, last).chars().map(|letter| if letter == BORDER { ' ' } else { letter }));
            address::candidates(&[scratch.as_str()], &mut |value| {
                emit(Found { slot: Slot::Address, value, start, is_plain: false, is_house });
            });
        };
        if last > at {
            read(at, last);
        }
        // `Rue de la Paix 12`, `Hauptstraße 5`.
        let mut first = at;
        while first > 0 && at - first < 3 && self.is_near(first - 1) && self.is_letters(first - 1) {
            first -= 1;
            read(first, at);
        }
        if let Some(street) = street {
            self.town_behind(street, scratch, emit);
        }
    }

    /// Where the street ends that this number seems to be of: at a word that streets end with, or at a word that begins as names do and is no month.
    fn street_end(self, at: usize) -> Option<usize> {
        let is_joined =
            |word: usize| self.is_near(word) && self.is_letters(word + 1) && !self.gap(word).contains(['.', ':', '/', '-']);
        let mut folded = String::new();
        let mut is_street = |word: usize| {
            folded.clear();
            fold(self.word(word), &mut folded);
            STREETS.has(folded.as_bytes())
        };
        let typed = (at..at + 4).take_while(|word| is_joined(*word)).map(|word| word + 1).skip(1).find(|word| is_street(*word));
        let named = || {
            let mut letters = self.word(at + 1).chars();
            let is_name = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
            let is_own = is_joined(at) && !self.gap(at).contains(BORDER) && self.word(at + 1).len() >= 4;
            (is_own && is_name && !date::is_month(self.word(at + 1))).then_some(at + 1)
        };
        typed.or_else(named)
    }

    /// What stands behind a street, and may be its town: one word, two, three, behind a comma, or as names begin.
    fn town_behind(self, street: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) {
        let first = street + 1;
        let is_parted = self.gap(street).contains([',', BORDER]);
        if !self.is_near(street) || !is_parted && !self.word(first).starts_with(char::is_uppercase) {
            return;
        }
        for last in first..first + TOWN_WORDS {
            if !self.is_letters(last) || last > first && self.gap(last - 1).chars().any(|sign| !matches!(sign, ' ' | '-')) {
                break;
            }
            if address::town(self.span(first, last), scratch) == Reading::Value {
                let start = self.words[first].start;
                emit(Found { slot: Slot::Town, value: scratch, start, is_plain: false, is_house: false });
            }
        }
    }

    /// Streets and houses without a number.
    fn streets(self, is_passed: &dyn Fn(usize) -> bool, emit: &mut dyn FnMut(Found<'_>)) {
        let mut folded = String::new();
        for at in 1..self.words.len() {
            let word = self.word(at);
            if word.len() > 9 || word.is_ascii() && !is_street(word.as_bytes()) {
                continue;
            }
            if is_passed(at) || !self.is_near(at - 1) || !self.is_letters(at) {
                continue;
            }
            folded.clear();
            fold(word, &mut folded);
            if !is_street(folded.as_bytes()) {
                continue;
            }
            let mut first = at;
            while first > 0 && at - first < 3 && self.is_near(first - 1) && self.is_letters(first - 1) {
                first -= 1;
                let street = self.span(first, at).replace(BORDER, " ");
                let start = self.words[first].start;
                address::candidates(&[&street], &mut |value| {
                    emit(Found { slot: Slot::Address, value, start, is_plain: false, is_house: false });
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, slot: Slot) -> Vec<String> {
        let mut cut = Vec::new();
        words(text, &mut cut);
        let mut values = Vec::new();
        find(text, &cut, &|_| false, &mut |found| {
            assert!(found.start <= text.len());
            if found.slot == slot {
                values.push(found.value.to_owned());
            }
        });
        values
    }

    fn cut(text: &str) -> Vec<&str> {
        let mut cut = Vec::new();
        words(text, &mut cut);
        cut.into_iter().map(|word| &text[word.start..word.end]).collect()
    }

    #[test]
    fn texts_are_cut_into_words() {
        assert_eq!(cut("Ann O'Brien-Lee, 12A High St."), ["Ann", "O'Brien", "Lee", "12A", "High", "St"]);
        assert_eq!(cut("GREEN     19850312LS1 4AB"), ["GREEN", "19850312", "LS1", "4AB"]);
        assert_eq!(cut("José\u{1f}Łódź"), ["José", "Łódź"]);
        assert_eq!(cut(" '' "), Vec::<&str>::new());
    }

    #[test]
    fn days_are_found_wherever_they_stand() {
        for text in [
            "born 13/03/1985 in Leeds",
            r#"{"dob":"1985-03-13"}"#,
            "on the 13th of March, 1985.",
            "13 Mar 1985 and no more",
            "March 13, 1985",
            "dob=13.03.1985;",
            "at 1985-03-13T00:00:00Z precisely",
            "at 1985-03-13 00:00:00 precisely",
            "13-Mar-1985",
            "x 13Mar1985 y",
            "GREEN     19850313LS1 4AB",
            "13\u{1f}3\u{1f}1985",
            "1985 / 03 / 13",
            "31119",
            "479520000 since",
            "day: 13 month: 3 year: 1985",
            r#"{"year":1985,"month":"March","day":13}"#,
            "birth_day=13&birth_month=03&birth_year=1985",
            "the thirteenth of March 1985",
        ] {
            assert!(found(text, Slot::Birth).contains(&"19850313".to_owned()), "{text}: {:?}", found(text, Slot::Birth));
        }
        assert!(found("version 1.2 of 300 pages, 12 in all", Slot::Birth).is_empty());
        assert_eq!(found("the twenty-first of March, 1985", Slot::Birth), ["19850321"]);
        assert!(found("day: 3 of year: 1985, month: see above", Slot::Birth).is_empty());
        assert_eq!(found("04/05/1990", Slot::Birth), ["19900504", "19900405"]);
    }

    #[test]
    fn telephone_numbers_are_found_in_any_grouping() {
        for text in [
            "call 07700 900123 after six",
            "+44 (0)7700 900 123",
            "tel:+447700900123",
            "mob 0044 7700 900123.",
            "(07700) 900-123",
            "07700\u{1f}900123",
            "7700900123",
            "phones: 0113 496 0000/07700 900123",
            "07700, 900123",
            "it is 0 7 7 0 0 9 0 0 1 2 3 thanks",
            "4-4-7-7-0-0-9-0-0-1-2-3",
        ] {
            assert!(found(text, Slot::Phone).contains(&"7700900123".to_owned()), "{text}: {:?}", found(text, Slot::Phone));
        }
        assert!(found("order 12 of 2017, 3.50 each", Slot::Phone).is_empty());
    }

    #[test]
    fn postcodes_bring_their_town() {
        for text in [
            "12 High Street, Leeds, LS1 4AB",
            "leeds ls14ab",
            "Leeds\u{1f}LS1\u{1f}4AB",
            "(Leeds LS1-4AB)",
            "Leeds LS1\n4AB",
            "Leeds LSl 4AB LS1 4AB",
        ] {
            assert!(found(text, Slot::Postcode).contains(&"LS14AB".to_owned()), "{text}: {:?}", found(text, Slot::Postcode));
            assert!(found(text, Slot::Town).contains(&"leeds".to_owned()) || text.contains("LSl"), "{text}");
        }
        assert!(found("Stoke on Trent ST4 1AA", Slot::Town).contains(&"stokeontrent".to_owned()));
        assert_eq!(found("Ottawa K1A 0B1", Slot::Postcode), ["K1A0B1"]);
        assert_eq!(found("1017 AB Amsterdam", Slot::Postcode), ["1017AB"]);
        assert_eq!(found("Sydney 2000 in 1999", Slot::Postcode), Vec::<String>::new());
        assert_eq!(found("Brunswick 3056", Slot::Postcode), ["3056"]);
    }

    #[test]
    fn addresses_are_numbers_with_words_and_names_of_streets() {
        for (text, form) in [
            ("lives at 12 High Street now", "12|high"),
            ("Flat 2, 14a High St", "14|high"),
            ("12\u{1f}High Street", "12|high"),
            ("Hauptstraße 5, Ulm", "5|haup"),
            ("of Rose Cottage, Mill Lane", "|rose"),
            ("of Rose Cottage, Mill Lane", "|mill"),
        ] {
            assert!(found(text, Slot::Address).contains(&form.to_owned()), "{text}: {:?}", found(text, Slot::Address));
        }
    }

    #[test]
    fn towns_stand_behind_streets_too() {
        for text in [
            "12 High Street, Leeds",
            "12 high street, leeds and so on",
            "12 Kingsway, Leeds",
            "12 High Street Leeds",
            "12 High St\u{1f}Leeds",
        ] {
            assert!(found(text, Slot::Town).contains(&"leeds".to_owned()), "{text}: {:?}", found(text, Slot::Town));
        }
        assert!(found("1 Mill Lane, Stoke on Trent", Slot::Town).contains(&"stokeontrent".to_owned()));
        for text in ["12 high street and more", "12 Leeds", "Leeds, 12 pounds", "12 July, Leeds"] {
            assert!(found(text, Slot::Town).is_empty(), "{text}: {:?}", found(text, Slot::Town));
        }
    }

    #[test]
    fn addresses_of_mail_are_spelt_out() {
        for text in [
            "mail ann.lee @ mail.example ok",
            "ann.lee@\nmail.example",
            "write to ann.lee(at)mail.example",
            "ann.lee [at] mail[dot]example",
            "it is ann dot lee at mail dot example, thanks",
            "ANN DOT LEE AT MAIL DOT EXAMPLE",
        ] {
            assert!(
                found(text, Slot::Email).contains(&"ann.lee@mail.example".to_owned()),
                "{text}: {:?}",
                found(text, Slot::Email)
            );
        }
        for text in ["look at this. Now", "at 5 @ 6", "met at the dot", "x @", "@ y", "at"] {
            assert!(found(text, Slot::Email).is_empty(), "{text}: {:?}", found(text, Slot::Email));
        }
    }

    #[test]
    fn numbers_that_are_called_by_address_are_numbers() {
        for text in ["447700900123@s.whatsapp.net", "sip:+447700900123@host.example:5060", "tel:07700900123;phone-context=x"] {
            assert!(found(text, Slot::Phone).contains(&"7700900123".to_owned()), "{text}: {:?}", found(text, Slot::Phone));
        }
    }

    #[test]
    fn addresses_of_mail_are_found() {
        assert_eq!(found("a\u{1f}mail <Ann@lee.example>, please", Slot::Email), ["ann@lee.example"]);
    }

    /// As [`words`], letter by letter.
    fn words_by_letters(text: &str) -> Vec<(usize, usize)> {
        let letters: Vec<(usize, char)> = text.char_indices().collect();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut is_open = false;
        for (place, (at, letter)) in letters.iter().enumerate() {
            let joins = is_open
                && matches!(letter, '\'' | '’' | '`')
                && letters.get(place + 1).is_some_and(|(_, next)| next.is_alphabetic());
            if is_word(*letter) || joins {
                if !is_open {
                    runs.push((*at, *at));
                }
                if let Some(run) = runs.last_mut() {
                    run.1 = at + letter.len_utf8();
                }
            }
            is_open = is_word(*letter) || joins;
        }
        runs
    }

    proptest! {
        #[test]
        fn words_are_runs_of_letters_and_few_digits(text in "[a-zA-Z0-9 '`’é\u{301}Ł,]{0,40}|\\PC{0,24}") {
            let mut cut = Vec::new();
            words(&text, &mut cut);
            for word in &cut {
                let digits = text[word.start..word.end].bytes().filter(u8::is_ascii_digit).count();
                prop_assert_eq!(word.digits, digits);
            }
            // What is cut off as a number of its own touches what it was cut from.
            let mut joined: Vec<(usize, usize)> = Vec::new();
            for word in cut {
                match joined.last_mut() {
                    Some(last) if last.1 == word.start => last.1 = word.end,
                    _ => joined.push((word.start, word.end)),
                }
            }
            prop_assert_eq!(joined, words_by_letters(&text));
        }

        #[test]
        fn total(text in any::<String>(), signs in "[0-9a-zA-ZÉ@+(). /:T\u{1f}'’-]{0,60}") {
            found(&text, Slot::Birth);
            found(&signs, Slot::Birth);
        }
    }
}
