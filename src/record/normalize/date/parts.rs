//! A written date taken apart: numbers, a month's name, a time of day and a zone, in whatever order they stand.

use crate::record::normalize::date::DateOrder;
use crate::record::normalize::date::MINUTES_A_DAY;
use crate::record::normalize::date::Readings;

/// A number of a date and with how many digits it was written.
#[derive(Clone, Copy, Default)]
pub(super) struct Number {
    pub(super) value: i64,
    pub(super) digits: usize,
}

impl Number {
    fn is_short(self) -> bool {
        self.digits <= 2
    }

    fn is_year(self) -> bool {
        self.digits == 4
    }
}

/// What a date is written with.
#[derive(Default)]
pub(super) struct Parts {
    slots: [Number; 3],
    count: usize,
    pub(super) month: Option<i64>,
    /// Minutes of the day, and whether seconds and fractions are zero.
    pub(super) time: Option<(i64, bool)>,
    /// Minutes east of UTC.
    offset: Option<i64>,
    pub(super) slash: bool,
    /// Written `yyyymmdd`.
    pub(super) compact: bool,
}

impl Parts {
    pub(super) fn numbers(&self) -> &[Number] {
        &self.slots[..self.count]
    }

    /// All three parts of a day are there.
    fn complete(&self) -> bool {
        self.count + usize::from(self.month.is_some()) == 3
    }

    fn push(&mut self, value: i64, digits: usize) -> Option<()> {
        if self.complete() {
            return None;
        }
        self.slots[self.count] = Number { value, digits };
        self.count += 1;
        Some(())
    }

    /// Takes the text apart; none if anything in it is no part of a date.
    pub(super) fn scan(text: &str) -> Option<Parts> {
        let bytes = text.as_bytes();
        let mut parts = Parts::default();
        let (mut at, mut after_t) = (0, false);
        while at < bytes.len() {
            let byte = bytes[at];
            let start = at;
            if byte.is_ascii_digit() {
                at = run_end(bytes, at, u8::is_ascii_digit);
                let sign = start.checked_sub(1).map(|before| bytes[before]).filter(|byte| matches!(byte, b'+' | b'-'));
                at = parts.digits(text, start, at, sign, after_t)?;
                after_t = false;
            } else if byte.is_ascii_alphabetic() {
                at = run_end(bytes, at, u8::is_ascii_alphabetic);
                let word = &text[start..at];
                let ordinal = start > 0 && bytes[start - 1].is_ascii_digit();
                after_t = word.eq_ignore_ascii_case("t");
                parts.word(word, ordinal)?;
            } else if byte == b'(' {
                at += bytes[at..].iter().position(|byte| *byte == b')')? + 1;
            } else if matches!(byte, b'-' | b'/' | b'.' | b',' | b' ' | b':' | b'\'' | b'"' | b'_' | b'+' | b'\\') {
                parts.slash |= byte == b'/';
                at += 1;
            } else {
                return None;
            }
        }
        parts.complete().then_some(parts)
    }

    /// A run of digits from `start` to `end`: a part of the day, or where a time or an offset begins. Returns where it ends.
    fn digits(&mut self, text: &str, start: usize, end: usize, sign: Option<u8>, after_t: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        let digits = end - start;
        let value: i64 = text[start..end].parse().ok()?;
        let minutes_follow = bytes.get(end) == Some(&b':') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) && digits <= 2;
        let zone = self.time.is_some() || self.offset.is_some();
        if let Some(sign) = sign
            && (zone || self.complete() && minutes_follow)
        {
            let (minutes, end) = if minutes_follow {
                let to = run_end(bytes, end + 1, u8::is_ascii_digit);
                (value * 60 + text[end + 1..to].parse::<i64>().ok()?, to)
            } else {
                (if digits > 2 { value / 100 * 60 + value % 100 } else { value * 60 }, end)
            };
            if minutes > MINUTES_A_DAY {
                return None;
            }
            self.offset = Some(if sign == b'-' { -minutes } else { minutes });
            return Some(end);
        }
        if minutes_follow && (self.count == 0 || self.complete() || self.month.is_some()) {
            return self.clock(text, value, end);
        }
        if after_t && self.complete() && matches!(digits, 4 | 6) {
            let (time, seconds) = if digits == 6 { (value / 100, value % 100) } else { (value, 0) };
            self.time = Some((time / 100 * 60 + time % 100, seconds == 0));
            // A fraction of a second.
            let fraction = bytes.get(end) == Some(&b'.');
            return Some(if fraction { run_end(bytes, end + 1, u8::is_ascii_digit) } else { end });
        }
        if digits == 8 && self.count == 0 && self.month.is_none() {
            self.compact = true;
            self.push(value / 10_000, 4)?;
            self.push(value / 100 % 100, 2)?;
            self.push(value % 100, 2)?;
            return Some(end);
        }
        if digits > 4 {
            return None;
        }
        self.push(value, digits)?;
        Some(end)
    }

    /// The minutes and what may follow them; `end` is where the hours end.
    fn clock(&mut self, text: &str, hours: i64, end: usize) -> Option<usize> {
        if self.time.is_some() {
            return None;
        }
        let bytes = text.as_bytes();
        let mut at = run_end(bytes, end + 1, u8::is_ascii_digit);
        let minutes: i64 = text[end + 1..at].parse().ok()?;
        let mut exact = true;
        let mut separators: &[u8] = b":";
        while bytes.get(at).is_some_and(|byte| separators.contains(byte)) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            let to = run_end(bytes, at + 1, u8::is_ascii_digit);
            exact &= bytes[at + 1..to].iter().all(|byte| *byte == b'0');
            at = to;
            separators = b".,:";
        }
        if hours > 24 || minutes > 59 {
            return None;
        }
        self.time = Some((hours * 60 + minutes, exact));
        Some(at)
    }

    /// A word: a month, or one that is written with dates and says nothing about the day.
    fn word(&mut self, word: &str, after_digit: bool) -> Option<()> {
        let mut lower = [0; 12];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"st" | b"nd" | b"rd" | b"th" if after_digit => {}
            b"a" | b"am" => {
                let (minutes, exact) = self.time?;
                self.time = Some((if minutes / 60 == 12 { minutes - 720 } else { minutes }, exact));
            }
            b"p" | b"pm" => {
                let (minutes, exact) = self.time?;
                self.time = Some((if minutes < 720 { minutes + 720 } else { minutes }, exact));
            }
            b"m" if self.time.is_some() => {}
            b"t" | b"at" | b"on" | b"of" | b"the" | b"de" | b"den" | b"der" | b"le" | b"am." | b"um" | b"h" => {}
            b"z" | b"utc" | b"gmt" | b"wet" => self.offset = Some(0),
            b"bst" | b"cet" | b"ist" | b"west" => self.offset = Some(60),
            b"cest" | b"eet" => self.offset = Some(120),
            b"est" | b"cdt" => self.offset = Some(-300),
            b"edt" => self.offset = Some(-240),
            b"cst" | b"mdt" => self.offset = Some(-360),
            b"pst" => self.offset = Some(-480),
            b"pdt" | b"mst" => self.offset = Some(-420),
            _ if is_weekday(lower) => {}
            _ => {
                let month = month_of(lower)?;
                if self.month.is_some() || self.count == 3 {
                    return None;
                }
                self.month = Some(month);
            }
        }
        Some(())
    }

    /// Every reading of the parts.
    pub(super) fn evaluate(&self, readings: &mut Readings) {
        use DateOrder::Dmy;
        use DateOrder::Mdy;
        use DateOrder::Ymd;
        let [a, b, c] = self.slots;
        if let Some(month) = self.month {
            let (year, day) = if !a.is_short() || a.value > 31 { (a, b) } else { (b, a) };
            if day.is_short() && year.is_year() {
                self.day(readings, (year.value, month, day.value));
            } else if day.is_short() && year.digits == 2 {
                readings.add_short(None, (year.value, month, day.value), true);
            }
        } else if a.is_year() && b.is_short() && c.is_short() {
            self.day(readings, (a.value, b.value, c.value));
        } else if a.is_short() && b.is_short() && c.is_year() {
            readings.add(Some(Dmy), (c.value, b.value, a.value), true);
            readings.add(Some(Mdy), (c.value, a.value, b.value), true);
        } else if a.is_short() && b.is_short() && c.is_short() {
            if c.digits == 2 {
                readings.add_short(Some(Dmy), (c.value, b.value, a.value), true);
                readings.add_short(Some(Mdy), (c.value, a.value, b.value), true);
            }
            if a.digits == 2 {
                readings.add_short(Some(Ymd), (a.value, b.value, c.value), true);
            }
        }
    }

    /// A day that needs no order, with the time that stands beside it.
    fn day(&self, readings: &mut Readings, day: (i64, i64, i64)) {
        let (minutes, exact) = self.time.unwrap_or((0, true));
        readings.add_moment(day, minutes, exact, self.time.and(self.offset));
    }
}

fn run_end(bytes: &[u8], start: usize, is_part: impl Fn(&u8) -> bool) -> usize {
    bytes[start..].iter().position(|byte| !is_part(byte)).map_or(bytes.len(), |length| start + length)
}

fn is_weekday(word: &[u8]) -> bool {
    const DAYS: [&[u8]; 7] = [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];
    word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(word))
}

/// The month that a word names: English in full or from its third letter on, other languages in full and as they are shortened.
fn month_of(word: &[u8]) -> Option<i64> {
    const ENGLISH: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    if word.len() >= 3
        && let Some(at) = ENGLISH.iter().position(|month| month.starts_with(word))
    {
        return i64::try_from(at + 1).ok();
    }
    Some(match word {
        b"januar" | b"januari" | b"janvier" | b"janv" | b"enero" | b"ene" => 1,
        b"februar" | b"februari" | b"fevrier" | b"fevr" | b"fev" | b"febrero" => 2,
        b"marz" | b"maerz" | b"mrz" | b"maart" | b"mrt" | b"mars" | b"marzo" => 3,
        b"avril" | b"avr" | b"abril" | b"abr" => 4,
        b"mai" | b"mei" | b"mayo" => 5,
        b"juni" | b"juin" | b"junio" => 6,
        b"juli" | b"juillet" | b"juil" | b"julio" => 7,
        b"augustus" | b"aout" | b"agosto" | b"ago" => 8,
        b"sept" | b"septembre" | b"septiembre" => 9,
        b"oktober" | b"okt" | b"octobre" | b"octubre" => 10,
        b"novembre" | b"noviembre" => 11,
        b"dezember" | b"dez" | b"decembre" | b"diciembre" | b"dic" => 12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_weekdays_may_be_shortened() {
        for (word, month) in [("jan", 1), ("sept", 9), ("december", 12), ("dez", 12), ("aout", 8), ("may", 5)] {
            assert_eq!(month_of(word.as_bytes()), Some(month), "{word}");
        }
        assert_eq!(month_of(b"ja"), None);
        assert_eq!(month_of(b"janet"), None);
        assert!(is_weekday(b"tues") && !is_weekday(b"tu") && !is_weekday(b"tuesdays"));
    }

    #[test]
    fn what_is_no_part_of_a_date_refuses_it() {
        for text in [
            "",
            "1",
            "1 2",
            "1 2 3 4",
            "12345 1 1",
            "1 Jan Feb",
            "1 Jan 1990 (open",
            "1/1/1990 25:00",
            "1/1/1990 10:60",
            "1/1/1990 am",
            "1;1;1990",
        ] {
            assert!(Parts::scan(text).is_none(), "{text}");
        }
    }
}
