//! What most dates are: two signs between three numbers of which the year has four digits, `04/05/1990` and `1990-05-04`.

use super::DateOrder;

/// Such a date, as it is written.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    numbers: [i64; 3],
    is_year_first: bool,
}

impl Usual {
    /// Takes a cell apart; none if it is of any other form.
    #[inline]
    pub(super) fn scan(raw: &str) -> Option<Usual> {
        let text: &[u8; 10] = raw.as_bytes().try_into().ok()?;
        let is_year_first = text[2].is_ascii_digit();
        let ends = if is_year_first { [4, 7] } else { [2, 5] };
        let sign = text[ends[0]];
        if text[ends[1]] != sign || !matches!(sign, b'/' | b'-' | b'.') {
            return None;
        }
        let mut numbers = [0_i64; 3];
        for (number, (start, end)) in numbers.iter_mut().zip([(0, ends[0]), (ends[0] + 1, ends[1]), (ends[1] + 1, text.len())]) {
            for digit in &text[start..end] {
                if !digit.is_ascii_digit() {
                    return None;
                }
                *number = *number * 10 + i64::from(digit - b'0');
            }
        }
        Some(Usual { numbers, is_year_first })
    }

    /// The orders that it may be in, each with year, month and day; none where the year comes first, which needs none.
    #[inline]
    pub(super) fn days(self) -> impl Iterator<Item = (Option<DateOrder>, (i64, i64, i64))> {
        let [a, b, c] = self.numbers;
        let days = if self.is_year_first {
            [Some((None, (a, b, c))), None]
        } else {
            [Some((Some(DateOrder::Dmy), (c, b, a))), Some((Some(DateOrder::Mdy), (c, a, b)))]
        };
        days.into_iter().flatten()
    }

    /// Whether every order gives the same day.
    #[inline]
    pub(super) fn is_same(self) -> bool {
        self.is_year_first || self.numbers[0] == self.numbers[1]
    }
}
