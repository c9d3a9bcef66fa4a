//! Dates: any common form of a day becomes `yyyymmdd`.
//!
//! Three questions a single value may leave open: the order of `04/05/1990`, the century of `04/05/90`, and whether `1990-05-04T23:00:00Z`
//! was midnight of the 5th where it was written down. The scan side emits every answer. The supply side has one: the column's order, years
//! 30–99 in the 1900s and 00–29 in the 2000s (what spreadsheets do), and the day as written. [`ColumnOrder`] says from all values of a
//! column which order it has, or that it cannot be told.
//!
//! Read are: ISO 8601, day/month/year in any order and with any separator, words for months (of eighteen languages), `1990年5月4日`,
//! `yyyymmdd` and other runs of digits, serials of spreadsheets (20000 to 60000), Julian days, time stamps with or without a zone, seconds,
//! milli-, micro- and nanoseconds since 1970, seconds since 2001, ticks since the year 1 or 1601. Years are 1850 to 2150.

mod parts;
mod usual;
mod words;

use serde::Deserialize;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

use crate::record::normalize::Reading;
use crate::record::normalize::date::parts::Parts;
use crate::record::normalize::date::usual::Usual;
use crate::record::normalize::fold;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// A longer cell is no date.
const LONGEST: usize = 80;
/// Letters of a word that is looked up where it stands.
const LONGEST_WORD: usize = 24;
/// Two-digit years from here on are of the 1900s on the supply side, as in spreadsheets.
const CENTURY_PIVOT: i64 = 30;
const SECONDS_A_DAY: i64 = 86_400;
const MINUTES_A_DAY: i64 = 1_440;
const MILLISECONDS_A_DAY: i64 = 86_400_000;
/// Seconds from 1970 to 2001.
const APPLE_EPOCH: i64 = 978_307_200;
/// Julian days from 1850 to 2150, and the one that began at noon of the day before 1970.
const JULIAN_DAYS: std::ops::Range<i64> = 2_396_758..2_506_697;
const JULIAN_1970: i64 = 2_440_588;
/// Seconds from the year 1 to 1970, and tenths of a microsecond to 1850.
const TICKS_1970: i64 = 62_135_596_800;
const TICKS_1850: i64 = 583_487_712_000_000_000;
/// Seconds from 1601 to 1970.
const FILETIME_1970: i64 = 11_644_473_600;

/// The order of day, month and year in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum DateOrder {
    Dmy,
    Mdy,
    Ymd,
}

impl DateOrder {
    pub(crate) const ALL: [DateOrder; 3] = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            DateOrder::Dmy => "dmy",
            DateOrder::Mdy => "mdy",
            DateOrder::Ymd => "ymd",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<DateOrder> {
        DateOrder::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// A day of the calendar, in the years 1850 to 2150.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Date {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl Date {
    /// A day that exists; none otherwise.
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Option<Date> {
        if !(1850..=2150).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
            return None;
        }
        Some(Date { year: year.try_into().ok()?, month: month.try_into().ok()?, day: day.try_into().ok()? })
    }

    /// Writes the canonical form, `19560409`.
    pub(crate) fn write(self, out: &mut String) {
        out.clear();
        out.push_str(str::from_utf8(&self.digits()).unwrap_or_default());
    }

    /// The digits of the canonical form.
    #[inline]
    pub(crate) fn digits(self) -> [u8; 8] {
        let mut number = u32::from(self.year) * 10_000 + u32::from(self.month) * 100 + u32::from(self.day);
        let mut digits = [b'0'; 8];
        for digit in digits.iter_mut().rev() {
            *digit += (number % 10).to_le_bytes()[0];
            number /= 10;
        }
        digits
    }

    /// Days since 1970-01-01.
    fn serial(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn of_serial(serial: i64) -> (i64, i64, i64) {
        let shifted = serial.saturating_add(719_468);
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let part = (5 * of_year + 2) / 153;
        let month = if part < 10 { part + 3 } else { part - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * part + 2) / 5 + 1)
    }
}

/// A date is a field value, so its digits are not shown.
impl fmt::Debug for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Date(…)")
    }
}

/// What one value tells about its column's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Its form needs no order: the year first with four digits, a word for the month, a serial, an epoch.
    Unambiguous,
    /// Only this order makes a day of it.
    Decided(DateOrder),
    /// Several orders do, with the same day (`05/05/1990`).
    Same,
    /// Several orders do, with different days.
    Ambiguous,
    Blank,
    Unreadable,
}

/// What all values of a column tell about its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ColumnOrder {
    /// Values that need an order.
    needing: u64,
    /// Of these, those that each order of [`DateOrder::ALL`] makes no day of.
    excluded: [u64; 3],
    /// Values with a year of two digits.
    short_years: u64,
}

/// The order of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderDecision {
    /// Every value is read the same in any order that reads it.
    NotNeeded,
    Decided(DateOrder),
    /// More than one order reads every value.
    Undecided,
    /// No order reads every value.
    Contradictory,
}

impl ColumnOrder {
    /// Takes in what one value tells, which is returned.
    pub(crate) fn add(&mut self, raw: &str) -> Shape {
        let readings = Readings::of(raw);
        let shape = readings.shape();
        if matches!(shape, Shape::Blank | Shape::Unreadable) {
            return shape;
        }
        self.short_years += u64::from(readings.short_year);
        if matches!(shape, Shape::Decided(_) | Shape::Ambiguous) {
            self.needing += 1;
            for (excluded, possible) in self.excluded.iter_mut().zip(readings.orders()) {
                *excluded += u64::from(!possible);
            }
        }
        shape
    }

    /// Takes in what other values of the same column tell.
    pub(crate) fn merge(&mut self, other: &ColumnOrder) {
        self.needing += other.needing;
        self.short_years += other.short_years;
        for (mine, theirs) in self.excluded.iter_mut().zip(other.excluded) {
            *mine += theirs;
        }
    }

    pub(crate) fn decide(&self) -> OrderDecision {
        let mut left =
            DateOrder::ALL.into_iter().zip(self.excluded).filter(|(_, excluded)| *excluded == 0).map(|(order, _)| order);
        match (self.needing, left.next(), left.next()) {
            (0, _, _) => OrderDecision::NotNeeded,
            (_, Some(order), None) => OrderDecision::Decided(order),
            (_, Some(_), Some(_)) => OrderDecision::Undecided,
            (_, None, _) => OrderDecision::Contradictory,
        }
    }

    /// Values with a two-digit year, whose century is a guess.
    pub(crate) fn short_years(&self) -> u64 {
        self.short_years
    }
}

/// Emits the days that a cell may mean: with an order at most one, without every one, each once.
pub(crate) fn parse(raw: &str, order: Option<DateOrder>, emit: &mut dyn FnMut(Date)) -> Reading {
    quick(raw, order, &mut *emit).unwrap_or_else(|| parse_any(raw, order, emit))
}

/// [`parse`] of what most dates are, `04/05/1990` and `1990-05-04`; none for a cell of any other form.
#[inline]
pub(crate) fn quick(raw: &str, order: Option<DateOrder>, mut emit: impl FnMut(Date)) -> Option<Reading> {
    let usual = Usual::scan(raw)?;
    let is_asked = |of: Option<DateOrder>| order.is_none() || of.is_none() || of == order;
    // Where both orders give one day, it is one.
    let is_other = |place: usize| order.is_some() || place == 0 || !usual.is_same();
    let mut reading = Reading::Unreadable;
    for (place, (of, day)) in usual.days().enumerate() {
        if is_asked(of)
            && is_other(place)
            && !is_default(day.0, day.1, day.2)
            && let Some(date) = Date::new(day.0, day.1, day.2)
        {
            emit(date);
            reading = Reading::Value;
        }
    }
    // A default is one in whichever order it is read.
    let is_blank = reading == Reading::Unreadable && usual.days().any(|(_, (year, month, day))| is_default(year, month, day));
    Some(if is_blank { Reading::Blank } else { reading })
}

/// [`parse`] of any cell.
fn parse_any(raw: &str, order: Option<DateOrder>, emit: &mut dyn FnMut(Date)) -> Reading {
    let readings = Readings::of_any(raw);
    let list = readings.list();
    let found = if let Some(order) = order {
        let first = list.iter().find(|reading| reading.first && reading.order.is_none_or(|needed| needed == order));
        if let Some(reading) = first {
            emit(reading.date);
        }
        first.is_some()
    } else {
        for (at, reading) in list.iter().enumerate() {
            if list[..at].iter().all(|earlier| earlier.date != reading.date) {
                emit(reading.date);
            }
        }
        !list.is_empty()
    };
    match (found, readings.blank) {
        (true, _) => Reading::Value,
        (false, true) => Reading::Blank,
        (false, false) => Reading::Unreadable,
    }
}

/// Whether a word is a month's, in full or shortened.
pub(crate) fn is_month(word: &str) -> bool {
    let mut lower = [0; LONGEST_WORD];
    if let Some(lower) = lower.get_mut(..word.len()).filter(|_| word.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        return matches!(words::meaning(lower), Some(words::Word::Month(_) | words::Word::MonthOrWeekday(_)));
    }
    let mut folded = String::new();
    fold(word, &mut folded);
    matches!(words::meaning(folded.as_bytes()), Some(words::Word::Month(_) | words::Word::MonthOrWeekday(_)))
}

/// Is the whole cell a day as people write it, with no time of day but midnight? Digits without a separator are not.
pub(crate) fn is_written_day(raw: &str) -> bool {
    if raw.len() > 4 * LONGEST {
        return false;
    }
    let text = readable(raw);
    if text.len() > LONGEST || is_numeric(&text) {
        return false;
    }
    let Some(parts) = Parts::scan(&text) else { return false };
    let midnight = parts.time.is_none_or(|(minutes, exact)| minutes == 0 && exact);
    let long_year = parts.numbers().iter().any(|number| number.digits == 4);
    let mut readings = Readings::default();
    parts.evaluate(&mut readings);
    midnight && !parts.compact && (long_year || parts.slash || parts.month.is_some()) && readings.length > 0
}

/// The text of a cell in ASCII, as far as dates are written in it: without accents, and `1990年5月4日金曜日` as `1990-5-4`.
#[inline]
fn readable(raw: &str) -> Cow<'_, str> {
    let text = plain(raw);
    if text.is_ascii() {
        return text;
    }
    let mut folded = String::new();
    fold(&text, &mut folded);
    if let Some((day, rest)) = folded.split_once('日') {
        let rest = rest.trim_start_matches(|letter: char| !letter.is_ascii());
        folded = format!("{} {rest}", day.replace(['年', '月'], "-"));
    }
    folded.into()
}

/// One way to read a cell.
#[derive(Clone, Copy)]
struct Candidate {
    /// The order that it supposes; none if the form needs none.
    order: Option<DateOrder>,
    date: Date,
    /// The one that the supply side takes, of those with the same order.
    first: bool,
}

/// The ways to read a cell; no form has more than sixteen.
struct Readings {
    slots: [Candidate; 16],
    length: usize,
    blank: bool,
    short_year: bool,
}

impl Default for Readings {
    fn default() -> Self {
        let unused = Candidate { order: None, date: Date { year: 1850, month: 1, day: 1 }, first: false };
        Readings { slots: [unused; 16], length: 0, blank: false, short_year: false }
    }
}

impl Readings {
    fn of(raw: &str) -> Readings {
        let Some(usual) = Usual::scan(raw) else { return Readings::of_any(raw) };
        let mut readings = Readings::default();
        for (order, day) in usual.days() {
            readings.add(order, day, true);
        }
        readings
    }

    /// [`Readings::of`] any cell.
    fn of_any(raw: &str) -> Readings {
        let mut readings = Readings::default();
        if is_placeholder(raw) {
            readings.blank = true;
            return readings;
        }
        if raw.len() > 4 * LONGEST {
            return readings;
        }
        readings.read(&readable(raw));
        readings
    }

    fn read(&mut self, text: &str) {
        let call = called(text);
        let text = call.as_deref().unwrap_or(text);
        // `/Date(641779200000+0100)/`, the old JSON of .NET.
        let text = match text.strip_prefix("/Date(").and_then(|rest| rest.split_once(')')) {
            Some((epoch, _)) => epoch.rfind(['+', '-']).filter(|at| *at > 0).map_or(epoch, |at| &epoch[..at]),
            // Access writes `#1990-05-04#`.
            None => text.trim_matches(['"', '\'', ' ', '#']),
        };
        if text.len() > LONGEST {
            return;
        }
        if let Some(day) = week_day(text) {
            self.add(None, day, true);
        } else if is_numeric(text) {
            self.numeric(text);
        } else if let Some(parts) = Parts::scan(text) {
            parts.evaluate(self);
        }
    }

    fn list(&self) -> &[Candidate] {
        &self.slots[..self.length]
    }

    /// For each order of [`DateOrder::ALL`], whether the supply side could read the cell in it.
    fn orders(&self) -> [bool; 3] {
        DateOrder::ALL
            .map(|order| self.list().iter().any(|reading| reading.first && reading.order.is_none_or(|needed| needed == order)))
    }

    fn shape(&self) -> Shape {
        let mut first = self.list().iter().filter(|reading| reading.first);
        let Some(one) = first.next() else {
            return if self.blank { Shape::Blank } else { Shape::Unreadable };
        };
        let Some(order) = one.order else { return Shape::Unambiguous };
        let (mut others, mut same) = (0, true);
        for other in first {
            if other.order.is_none() {
                return Shape::Unambiguous;
            }
            others += 1;
            same &= other.date == one.date;
        }
        match (others, same) {
            (0, _) => Shape::Decided(order),
            (_, true) => Shape::Same,
            (_, false) => Shape::Ambiguous,
        }
    }

    /// Adds a day if there is such a day and it is no default.
    fn add(&mut self, order: Option<DateOrder>, (year, month, day): (i64, i64, i64), first: bool) -> Option<Date> {
        if is_default(year, month, day) {
            self.blank = true;
            return None;
        }
        let date = Date::new(year, month, day)?;
        let known = self.list().iter().any(|reading| reading.order == order && reading.date == date && reading.first >= first);
        if !known && let Some(slot) = self.slots.get_mut(self.length) {
            *slot = Candidate { order, date, first };
            self.length += 1;
        }
        Some(date)
    }

    /// Adds a day whose year has two digits, in both centuries.
    fn add_short(&mut self, order: Option<DateOrder>, (year, month, day): (i64, i64, i64), first: bool) {
        let late = year < CENTURY_PIVOT;
        let before = self.length;
        self.add(order, (1900 + year, month, day), first && !late);
        self.add(order, (2000 + year, month, day), first && late);
        self.short_year |= self.length > before;
    }

    /// Adds the days that a moment may have been written for: the one it names, the one in UTC, and, where the clock shows a quarter of
    /// an hour past noon, the next, since that is what midnight to the east becomes when a system turns it into UTC.
    fn add_moment(&mut self, day: (i64, i64, i64), minutes: i64, exact: bool, offset: Option<i64>) {
        self.add_reading(day, minutes, exact, offset, true);
    }

    fn add_reading(&mut self, day: (i64, i64, i64), minutes: i64, exact: bool, offset: Option<i64>, first: bool) {
        let Some(date) = self.add(None, day, first) else { return };
        let shift = match offset {
            Some(offset) if offset != 0 => (minutes - offset).div_euclid(MINUTES_A_DAY),
            _ => i64::from(minutes >= MINUTES_A_DAY / 2 && minutes % 15 == 0 && exact),
        };
        if shift != 0 {
            self.add(None, Date::of_serial(date.serial() + shift), false);
        }
    }

    /// Seconds since 1970, with what is left of a second.
    fn add_epoch(&mut self, seconds: i64, exact: bool) {
        self.add_seconds(seconds, exact, true);
    }

    fn add_seconds(&mut self, seconds: i64, exact: bool, first: bool) {
        let (serial, second) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
        self.add_reading(Date::of_serial(serial), second / 60, exact && second % 60 == 0, None, first);
    }

    /// Days that a short number may count to, in milliseconds or few seconds since 1970: a birthday is midnight, hardly any other number is. A scan
    /// tries them beside what such a number mostly is.
    fn add_midnights(&mut self, value: i64, digits: usize) {
        if matches!(digits, 8..=10) && value % MILLISECONDS_A_DAY == 0 {
            self.add(None, Date::of_serial(value / MILLISECONDS_A_DAY), false);
        }
        if matches!(digits, 7 | 8) && value % SECONDS_A_DAY == 0 {
            self.add(None, Date::of_serial(value / SECONDS_A_DAY), false);
        }
    }

    /// Seconds since 1970, or since 2001, as Apple's systems count them: nothing in the number tells, and the first is far more common.
    fn add_either_epoch(&mut self, seconds: i64, exact: bool) {
        self.add_epoch(seconds, exact);
        self.add_seconds(seconds + APPLE_EPOCH, exact, false);
    }

    /// A number: a run of digits, a serial, an epoch.
    fn numeric(&mut self, text: &str) {
        use DateOrder::Dmy;
        use DateOrder::Mdy;
        use DateOrder::Ymd;
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let whole_number = decimals.bytes().all(|byte| byte == b'0');
        let Ok(value) = whole.parse::<i64>() else { return };
        if value == 0 {
            self.blank = true;
            return;
        }
        let digits = whole.len();
        if whole_number {
            self.add_midnights(if negative { -value } else { value }, digits);
        }
        if negative {
            match digits {
                5..=10 => self.add_either_epoch(-value, whole_number),
                11..=13 => self.add_epoch((-value).div_euclid(1_000), value % 1_000 == 0),
                _ => {}
            }
            return;
        }
        if digits == 7 && JULIAN_DAYS.contains(&value) {
            // A Julian day begins at noon.
            let half_day = i64::from(decimals.starts_with(['5', '6', '7', '8', '9']));
            self.add(None, Date::of_serial(value - JULIAN_1970 + half_day), true);
            return;
        }
        if !whole_number && !matches!(digits, 5..=10) {
            return;
        }
        // Digits from the left: two, two and the rest; or the year, two and two.
        let (last4, last2) = (value % 10_000, value % 100);
        match digits {
            5 | 6 => {
                if (20_000..=60_000).contains(&value) && digits == 5 {
                    self.add(None, Date::of_serial(value - 25_569), true);
                    // Spreadsheets of old Macintoshes count from 1904.
                    self.add(None, Date::of_serial(value - 25_569 + 1_462), false);
                }
                let (a, b) = (value / 10_000, value / 100 % 100);
                let first = digits == 6;
                if whole_number {
                    self.add_short(Some(Dmy), (last2, b, a), first);
                    self.add_short(Some(Mdy), (last2, a, b), first);
                    if first {
                        self.add_short(Some(Ymd), (a, b, last2), true);
                    }
                }
            }
            7 | 8 => {
                let (a, b) = (value / 1_000_000, value / 10_000 % 100);
                if digits == 8 && whole_number {
                    self.add(None, (value / 10_000, value / 100 % 100, last2), true);
                }
                if whole_number {
                    // A slip in `yyyymmdd` is no second of 1970 to 1973: better unreadable than another day.
                    self.add(Some(Dmy), (last4, b, a), true);
                    self.add(Some(Mdy), (last4, a, b), true);
                } else {
                    self.add_either_epoch(value, false);
                }
            }
            9 | 10 => self.add_either_epoch(value, whole_number),
            11 | 13 => self.add_epoch(value / 1_000, value % 1_000 == 0),
            12 => {
                self.stamp(value / 10_000, value % 10_000 * 100);
                self.add_epoch(value / 1_000, value % 1_000 == 0);
            }
            14 => self.stamp(value / 1_000_000, value % 1_000_000),
            16 => self.add_epoch(value / 1_000_000, value % 1_000_000 == 0),
            17 => self.stamp(value / 1_000_000_000, value / 1_000 % 1_000_000),
            // Tenths of a microsecond since the year 1, as .NET counts, or since 1601, as Windows does.
            18 if value > TICKS_1850 => self.add_epoch(value / 10_000_000 - TICKS_1970, value % 10_000_000 == 0),
            18 => self.add_epoch(value / 10_000_000 - FILETIME_1970, value % 10_000_000 == 0),
            19 => self.add_epoch(value / 1_000_000_000, value % 1_000_000_000 == 0),
            _ => {}
        }
    }

    /// `yyyymmdd` and `hhmmss`.
    fn stamp(&mut self, day: i64, time: i64) {
        let (hours, minutes, seconds) = (time / 10_000, time / 100 % 100, time % 100);
        if hours <= 24 && minutes < 60 && seconds <= 60 {
            let day = (day / 10_000, day / 100 % 100, day % 100);
            self.add_moment(day, hours * 60 + minutes, seconds == 0, None);
        }
    }
}

/// What stands within the brackets of `ISODate("…")` and its like, and of `datetime.date(1990, 5, 4)` the day with hyphens.
fn called(text: &str) -> Option<String> {
    let (name, inner) = text.strip_suffix(')')?.split_once('(')?;
    match name {
        "ISODate" | "new ISODate" | "new Date" | "Timestamp" | "DateTime" if inner.contains(['"', '\'']) => {
            Some(inner.to_owned())
        }
        "datetime.date" | "datetime.datetime" | "date" | "datetime" => {
            let mut numbers = inner.split(',').map(str::trim);
            let day = [numbers.next()?, numbers.next()?, numbers.next()?].join("-");
            let (hour, minute) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
            // Seconds, fractions and a zone do not change the day.
            Some(format!("{day} {hour}:{minute:0>2}"))
        }
        _ => None,
    }
}

/// The day of `1990-W18-5` or `1990W185`: in the week of the year as ISO 8601 counts, Monday first.
fn week_day(text: &str) -> Option<(i64, i64, i64)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let (year, rest) = text.split_at_checked(4)?;
    let rest = rest.strip_prefix("-W").or_else(|| rest.strip_prefix('W'))?;
    let (week, day) = rest.split_at_checked(2)?;
    let (year, week, day) = (digits(year)?, digits(week)?, digits(day.strip_prefix('-').unwrap_or(day))?);
    // The fourth of January is in the first week; 1970 began on a Thursday.
    let monday = |year| Date::new(year, 1, 4).map(|date| date.serial() - (date.serial() + 3).rem_euclid(7));
    let (first, serial) = (monday(year)?, monday(year)? + 7 * (week - 1) + day - 1);
    let is_one = week >= 1 && (1..=7).contains(&day) && serial >= first && serial < monday(year + 1)?;
    is_one.then(|| Date::of_serial(serial))
}

/// Digits, perhaps with a sign and decimals.
fn is_numeric(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    !whole.is_empty() && whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit())
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days that systems and forms write where there is none.
fn is_default(year: i64, month: i64, day: i64) -> bool {
    year == 9999
        || month == 0 && day == 0
        || matches!((year, month, day), (1900, 1, 0) | (1899, 12, 30 | 31) | (1111, 11, 11) | (2099 | 2999, 12, 31))
        || (month, day) == (1, 1) && matches!(year, 1 | 1753 | 1800 | 1900 | 1970)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every(raw: &str, order: Option<DateOrder>) -> (Reading, Vec<String>) {
        let mut found = Vec::new();
        let reading = parse(raw, order, &mut |date| {
            let mut out = String::new();
            date.write(&mut out);
            found.push(out);
        });
        found.sort();
        (reading, found)
    }

    #[test]
    fn vectors_hold() {
        let text = include_str!("../../../testdata/vectors/normalize/date.tsv");
        for row in crate::record::normalize::vectors::rows(text) {
            let [raw, order, expected] = row.as_slice() else { panic!("a vector has not three cells: {row:?}") };
            let (reading, found) = every(raw, DateOrder::parse(order));
            assert_eq!(&crate::record::normalize::vectors::shown(reading, &found.join(" ")), expected, "of {raw:?} {order}");
        }
    }

    #[test]
    fn a_value_tells_about_its_column() {
        for (raw, expected) in [
            ("1990-05-04", Shape::Unambiguous),
            ("4 May 1990", Shape::Unambiguous),
            ("43101", Shape::Unambiguous),
            ("31/05/1990", Shape::Decided(DateOrder::Dmy)),
            ("05/31/1990", Shape::Decided(DateOrder::Mdy)),
            ("90/05/31", Shape::Decided(DateOrder::Ymd)),
            ("04/05/1990", Shape::Ambiguous),
            ("05/05/1990", Shape::Same),
            ("05/05/06", Shape::Ambiguous),
            ("01/01/1900", Shape::Blank),
            ("", Shape::Blank),
            ("soon", Shape::Unreadable),
            ("31/02/1990", Shape::Unreadable),
        ] {
            assert_eq!(ColumnOrder::default().add(raw), expected, "of {raw:?}");
        }
    }

    #[test]
    fn a_column_decides_or_does_not() {
        let decide = |values: &[&str]| {
            let mut column = ColumnOrder::default();
            for value in values {
                column.add(value);
            }
            column.decide()
        };
        assert_eq!(decide(&["04/05/1990", "31/05/1990", "", "05/05/1990"]), OrderDecision::Decided(DateOrder::Dmy));
        assert_eq!(decide(&["04/05/1990", "12/31/1990"]), OrderDecision::Decided(DateOrder::Mdy));
        assert_eq!(decide(&["04/05/1990", "03/05/1990"]), OrderDecision::Undecided);
        assert_eq!(decide(&["31/05/1990", "05/31/1990"]), OrderDecision::Contradictory);
        assert_eq!(decide(&["1990-05-04", "05/05/1990", "4 May 1990"]), OrderDecision::NotNeeded);
        assert_eq!(decide(&["90/05/31", "04/05/06"]), OrderDecision::Decided(DateOrder::Ymd));
        assert_eq!(decide(&[]), OrderDecision::NotNeeded);
    }

    #[test]
    fn days_as_people_write_them() {
        for raw in
            ["04/05/1990", "4.5.1990", "1990-05-04", "1990-05-04 00:00:00", "1990-05-04T00:00:00.000Z", "4 May 1990", "4/5/90"]
        {
            assert!(is_written_day(raw), "{raw}");
        }
        for raw in ["1990-05-04 12:30:00", "19900504", "12-34-56", "12-05-90", "1.2.12", "641779200", "31/02/1990", "May", ""] {
            assert!(!is_written_day(raw), "{raw}");
        }
    }

    #[test]
    fn no_digit_is_shown() {
        assert_eq!(format!("{:?}", Date::new(1990, 5, 4)), "Some(Date(…))");
    }

    proptest! {
        #[test]
        fn total_and_at_most_one_form(raw in prop_oneof!["\\PC{0,24}", "[0-9]{1,4}[-/. ][0-9]{1,4}[-/. ][0-9]{1,4}[T 0-9:Z+-]{0,12}", "-?[0-9.]{1,20}"]) {
            let (reading, all) = every(&raw, None);
            prop_assert_eq!(reading == Reading::Value, !all.is_empty());
            for order in DateOrder::ALL {
                let (reading, found) = every(&raw, Some(order));
                prop_assert!(found.len() <= 1);
                prop_assert_eq!(reading == Reading::Value, found.len() == 1);
                prop_assert!(found.iter().all(|date| all.contains(date)), "the scan side misses a reading");
            }
            is_written_day(&raw);
        }

        #[test]
        fn usual_dates_are_read_as_all_are(raw in "[0-3][0-9][/.-][01][0-9][/.-](1[89]|20)[0-9]{2}|(1[89]|20)[0-9]{2}[/.-][01][0-9][/.-][0-3][0-9]|(01|11|12|31|30|00)[/.-](01|11|12|31|30|00)[/.-](1899|1900|1970|1111|2099|9999|0001)|[0-9/.-]{10}") {
            for order in DateOrder::ALL.map(Some).into_iter().chain([None]) {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                if let Some(reading) = quick(&raw, order, |date| one.push(date.serial())) {
                    prop_assert_eq!(reading, parse_any(&raw, order, &mut |date| other.push(date.serial())), "{} {:?}", raw, order);
                    prop_assert_eq!(one, other);
                }
            }
            let (one, other) = (Readings::of(&raw), Readings::of_any(&raw));
            prop_assert_eq!((one.shape(), one.orders(), one.short_year), (other.shape(), other.orders(), other.short_year));
        }

        #[test]
        fn canonical_forms_are_themselves(serial in -43_000_i64..65_000) {
            let (year, month, day) = Date::of_serial(serial);
            if let Some(date) = Date::new(year, month, day) {
                prop_assert_eq!(date.serial(), serial);
                let mut out = String::new();
                date.write(&mut out);
                if !is_default(year, month, day) {
                    prop_assert_eq!(every(&out, None), (Reading::Value, vec![out.clone()]));
                    prop_assert_eq!(every(&out, Some(DateOrder::Mdy)), (Reading::Value, vec![out]));
                }
            }
        }

        #[test]
        fn total(raw in any::<String>()) {
            every(&raw, None);
            ColumnOrder::default().add(&raw);
        }
    }
}
