//! Values that are said rather than written: the digits of a telephone number one by one, a day in words or in three labelled numbers.

use super::Found;
use super::Text;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::date;
use crate::record::normalize::date::DateOrder;
use crate::record::normalize::phone;
use crate::support::word_set::WordSet;

/// Digits of a number that is given one by one.
const FEWEST: usize = 10;
const MOST: usize = 14;

/// Words from the first label of a day to the last.
const APART: usize = 16;

/// What the parts of a day are called.
const PARTS: [[&str; 4]; 3] =
    [["day", "tag", "jour", "dia"], ["month", "monat", "mois", "mes"], ["year", "jahr", "annee", "ano"]];

static NAMED: WordSet =
    WordSet::new(&[b"day", b"tag", b"jour", b"dia", b"month", b"monat", b"mois", b"mes", b"year", b"jahr", b"annee", b"ano"]);

/// Words with which the number of a day begins.
static COUNTED: WordSet = WordSet::new(&[
    b"first",
    b"second",
    b"third",
    b"fourth",
    b"fifth",
    b"sixth",
    b"seventh",
    b"eighth",
    b"ninth",
    b"tenth",
    b"eleventh",
    b"twelfth",
    b"thirteenth",
    b"fourteenth",
    b"fifteenth",
    b"sixteenth",
    b"seventeenth",
    b"eighteenth",
    b"nineteenth",
    b"twentieth",
    b"twenty",
    b"thirty",
    b"thirtieth",
]);

/// The days of a month, as they are counted in words.
const ORDINALS: [&str; 20] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

impl Text<'_> {
    /// The telephone number whose digits begin with this word, each a word of its own.
    pub(super) fn spaced_phone(self, first: usize, emit: &mut dyn FnMut(Found<'_>)) {
        let is_digit = |at: usize| self.bytes(at).len() == 1 && self.is_digits(at);
        let is_next = |at: usize| matches!(self.gap(at), " " | "-" | "." | ", " | "  ") && is_digit(at + 1);
        if !is_digit(first) || first > 0 && is_digit(first - 1) && is_next(first - 1) {
            return;
        }
        let mut digits = self.word(first).to_owned();
        let mut last = first;
        while is_next(last) && digits.len() <= MOST {
            last += 1;
            digits.push_str(self.word(last));
        }
        let is_dialled = match digits.as_bytes() {
            [b'0', b'0', ..] => digits.len() <= MOST,
            [b'0', ..] => matches!(digits.len(), 10 | 11),
            [b'4', b'4', ..] => digits.len() == 12,
            _ => false,
        };
        if digits.len() >= FEWEST && is_dialled {
            let start = self.words[first].start;
            phone::candidates(&digits, &mut |value| {
                emit(Found { slot: Slot::Phone, value, start, is_plain: true, is_house: false });
            });
        }
    }

    /// The days of which day, month and year have a label each: `day: 3 month: 2 year: 1980`.
    pub(super) fn labelled_days(self, emit: &mut dyn FnMut(Found<'_>)) {
        let mut known: [Option<usize>; 3] = [None; 3];
        let mut scratch = String::new();
        for at in 0..self.words.len() {
            if !NAMED.has(self.bytes(at)) {
                continue;
            }
            let Some(part) = PARTS.iter().position(|names| names.iter().any(|name| self.word(at).eq_ignore_ascii_case(name)))
            else {
                continue;
            };
            let gap = self.gap(at);
            let is_part =
                self.bytes(at + 1).len() <= 4 && self.is_digits(at + 1) || part == 1 && date::is_month(self.word(at + 1));
            if !gap.contains([':', '=']) || gap.len() > 4 || !is_part {
                continue;
            }
            known[part] = Some(at + 1);
            let [Some(day), Some(month), Some(year)] = known else { continue };
            if at - day.min(month).min(year) <= APART {
                let sign = if self.is_digits(month) { "/" } else { " " };
                let text = [self.word(day), self.word(month), self.word(year)].join(sign);
                self.said_day(&text, self.words[day].start, &mut scratch, emit);
            }
            known = [None; 3];
        }
    }

    /// The day that begins with this word, its number in words: `seventeenth of March 1964`, `twenty-first March 1964`. Says whether there is one.
    pub(super) fn worded_day(self, first: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) -> bool {
        if !COUNTED.has(self.bytes(first)) {
            return false;
        }
        let is_rest = first > 0 && self.ordinal(first - 1).is_some_and(|(_, last)| last == first);
        let Some((number, last)) = self.ordinal(first).filter(|_| !is_rest) else { return false };
        for month in (last + 1..=last + 3).take_while(|word| self.is_near(word - 1)) {
            let year = self.word(month + 1);
            if date::is_month(self.word(month)) && self.is_near(month) && year.len() == 4 && self.is_digits(month + 1) {
                let text = format!("{number} {} {year}", self.word(month));
                return self.said_day(&text, self.words[first].start, scratch, emit);
            }
        }
        false
    }

    /// The number that is meant by this word, with the next if need be, and its last word.
    fn ordinal(self, at: usize) -> Option<(usize, usize)> {
        let count = |word: &str| ORDINALS.iter().position(|name| word.eq_ignore_ascii_case(name)).map(|place| place + 1);
        let word = self.word(at);
        let tens = match () {
            () if word.eq_ignore_ascii_case("twenty") => 20,
            () if word.eq_ignore_ascii_case("thirty") => 30,
            () if word.eq_ignore_ascii_case("thirtieth") => return Some((30, at)),
            () => return count(word).map(|number| (number, at)),
        };
        let is_joined = matches!(self.gap(at), "-" | " ");
        count(self.word(at + 1)).filter(|number| is_joined && *number < 10).map(|number| (tens + number, at + 1))
    }

    fn said_day(self, text: &str, start: usize, scratch: &mut String, emit: &mut dyn FnMut(Found<'_>)) -> bool {
        let reading = date::parse(text, Some(DateOrder::Dmy), &mut |day| {
            day.write(scratch);
            emit(Found { slot: Slot::Birth, value: scratch, start, is_plain: true, is_house: false });
        });
        reading == Reading::Value
    }
}
