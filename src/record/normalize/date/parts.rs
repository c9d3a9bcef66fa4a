//! A written date taken apart: numbers, a month's name, a time of day and a zone, in whatever order they stand.

use crate::record::normalize::date::DateOrder;
use crate::record::normalize::date::MINUTES_A_DAY;
use crate::record::normalize::date::Readings;
use crate::record::normalize::date::words;
use crate::record::normalize::date::words::Word;

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
    /// The month may be a day of the week.
    unsure: bool,
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
                match roman(bytes, start, at) {
                    Some(month) => parts.name_month(month, false)?,
                    None => parts.word(word, ordinal)?,
                }
            } else if byte == b'(' {
                at += bytes[at..].iter().position(|byte| *byte == b')')? + 1;
            } else if byte == b'[' {
                // A zone, as Java has it: `[Europe/London]`.
                at = run_end(bytes, at + 1, |byte| byte.is_ascii_alphabetic() || b"/_".contains(byte));
                if bytes.get(at) != Some(&b']') {
                    return None;
                }
                at += 1;
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
        // Day, month or year of most dates.
        if digits <= 4 && bytes.get(end) != Some(&b':') && self.time.is_none() && self.offset.is_none() && !self.complete() {
            let value = bytes[start..end].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            self.push(value, digits)?;
            return Some(end);
        }
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
        // `04MAY90:12:30` has its year there.
        let glued = self.month.is_some() && start > 0 && bytes[start - 1].is_ascii_alphabetic() && !self.complete();
        if minutes_follow && !glued && (self.count == 0 || self.complete() || self.month.is_some()) {
            return self.clock(text, value, end, b':');
        }
        if self.time.is_none() && self.complete() && digits <= 2 && is_dotted(&bytes[end..]) {
            return self.clock(text, value, end, b'.');
        }
        if after_t && self.complete() && matches!(digits, 4 | 6) {
            let (time, seconds) = if digits == 6 { (value / 100, value % 100) } else { (value, 0) };
            self.time = Some((time / 100 * 60 + time % 100, seconds == 0));
            return Some(fraction_end(bytes, end));
        }
        // `19900504123005Z`
        if matches!(digits, 12 | 14) && self.count == 0 && self.month.is_none() {
            let value = if digits == 12 { value * 100 } else { value };
            let (day, time) = (value / 1_000_000, value % 1_000_000);
            if time / 10_000 > 24 || time / 100 % 100 > 59 {
                return None;
            }
            self.compact_day(day)?;
            self.time = Some((time / 10_000 * 60 + time / 100 % 100, time % 100 == 0));
            return Some(fraction_end(bytes, end));
        }
        if digits == 8 && self.count == 0 && self.month.is_none() {
            self.compact_day(value)?;
            return Some(end);
        }
        if digits > 4 {
            return None;
        }
        self.push(value, digits)?;
        Some(end)
    }

    /// `yyyymmdd`.
    fn compact_day(&mut self, value: i64) -> Option<()> {
        self.compact = true;
        self.push(value / 10_000, 4)?;
        self.push(value / 100 % 100, 2)?;
        self.push(value % 100, 2)
    }

    /// The minutes and what may follow them; `end` is where the hours end, and `colon` what stands for it.
    fn clock(&mut self, text: &str, hours: i64, end: usize, colon: u8) -> Option<usize> {
        if self.time.is_some() {
            return None;
        }
        let bytes = text.as_bytes();
        let mut at = run_end(bytes, end + 1, u8::is_ascii_digit);
        let minutes: i64 = text[end + 1..at].parse().ok()?;
        let mut exact = true;
        let mut separators: &[u8] = &[colon];
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
        let mut lower = [0; 16];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"t" => {}
            word if after_digit && words::is_ordinal(word) => {}
            // German: `am 4. Mai`.
            b"am" if self.count == 0 && self.time.is_none() => {}
            b"a" | b"am" => {
                let (minutes, exact) = self.time?;
                self.time = Some((if minutes / 60 == 12 { minutes - 720 } else { minutes }, exact));
            }
            b"p" | b"pm" => {
                let (minutes, exact) = self.time?;
                self.time = Some((if minutes < 720 { minutes + 720 } else { minutes }, exact));
            }
            b"m" if self.time.is_some() => {}
            b"z" | b"utc" | b"gmt" | b"wet" => self.offset = Some(0),
            b"bst" | b"cet" | b"ist" | b"west" => self.offset = Some(60),
            b"cest" | b"eet" => self.offset = Some(120),
            b"est" | b"cdt" => self.offset = Some(-300),
            b"edt" => self.offset = Some(-240),
            b"cst" | b"mdt" => self.offset = Some(-360),
            b"pst" => self.offset = Some(-480),
            b"pdt" | b"mst" => self.offset = Some(-420),
            word => match words::meaning(word)? {
                Word::Month(month) => self.name_month(month, false)?,
                Word::MonthOrWeekday(_) if self.month.is_some() || self.count == 3 => {}
                Word::MonthOrWeekday(month) => self.name_month(month, true)?,
                Word::Nothing => {}
            },
        }
        Some(())
    }

    fn name_month(&mut self, month: i64, unsure: bool) -> Option<()> {
        if self.month.is_some() && !self.unsure || self.count == 3 {
            return None;
        }
        self.month = Some(month);
        self.unsure = unsure;
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

/// The month of `13.X.1990` and `13. X. 1990`. Between spaces alone, `X` is a cross, `V` a unit and `I` a word.
fn roman(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    const MONTHS: [&[u8]; 12] = [b"I", b"II", b"III", b"IV", b"V", b"VI", b"VII", b"VIII", b"IX", b"X", b"XI", b"XII"];
    let month = MONTHS.iter().position(|month| *month == &bytes[start..end])?;
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| b"./-".contains(byte));
    let parted = is_edge(bytes[..start].trim_ascii_end().last()) && is_edge(bytes.get(end));
    parted.then(|| i64::try_from(month + 1).ok()).flatten()
}

/// Two digits after a point, which are the minutes of a time.
fn is_dotted(rest: &[u8]) -> bool {
    matches!(rest, [b'.', b'0'..=b'5', b'0'..=b'9', ..]) && !rest.get(3).is_some_and(u8::is_ascii_digit)
}

/// Where a fraction of a second ends that may begin here.
fn fraction_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) == Some(&b'.') { run_end(bytes, at + 1, u8::is_ascii_digit) } else { at }
}

fn run_end(bytes: &[u8], start: usize, is_part: impl Fn(&u8) -> bool) -> usize {
    bytes[start..].iter().position(|byte| !is_part(byte)).map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

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
