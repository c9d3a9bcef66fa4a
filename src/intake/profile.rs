//! Profiles: what the cells of a column look like, counted. They rest on all rows where a supply is made, on a sample where a scan begins.

use crate::record::field::Kind;
use crate::record::normalize;
use crate::record::normalize::Reading;
use crate::record::normalize::date::ColumnOrder;
use crate::record::normalize::date::Shape;
use crate::record::normalize::email;
use crate::record::normalize::phone;
use crate::record::normalize::placeholder;
use crate::record::normalize::postcode;
use crate::record::normalize::spot;
use crate::source::RowBatch;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hasher;

/// Different cells that are told apart; enough to know a column of names from one of a few words.
const MOST_DISTINCT: usize = 500;

/// The longest UK postcode, with a space to spare.
const LONGEST_POSTCODE: usize = 9;

/// A list of categories has so many at most.
const FEW_VALUES: u64 = 20;

/// Filled cells from which on one column alone can be said to look like names.
const ENOUGH_NAMES: u64 = 20;

/// Counts over the cells of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Cells that hold something other than a placeholder.
    pub(crate) filled: u64,
    /// E-mail addresses.
    pub(crate) emails: u64,
    /// Telephone numbers of ten digits or more.
    pub(crate) phones: u64,
    /// Those of them that begin as what is dialled does, rather than as any long number.
    pub(crate) plain_phones: u64,
    /// UK postcodes.
    pub(crate) uk_postcodes: u64,
    /// Dates that are written as such, not merely as a number.
    pub(crate) dates: u64,
    /// Seven or eight digits that form a date or count the days to one.
    pub(crate) compact_dates: u64,
    /// Numbers with a point that form a date: `20141013.0`, a serial with a time of day, a Julian day.
    pub(crate) decimal_dates: u64,
    /// Cells of digits alone.
    pub(crate) digits: u64,
    /// Cells of letters, spaces, hyphens, apostrophes and full stops alone.
    pub(crate) letters: u64,
    /// Cells with a digit and nothing but letters, digits, hyphens, slashes and full stops.
    pub(crate) codes: u64,
    /// Words in all filled cells.
    pub(crate) words: u64,
    /// Hashes of different cells, up to [`MOST_DISTINCT`].
    distinct: BTreeSet<u64>,
    /// What the dates tell about the order of day, month and year.
    pub(crate) order: ColumnOrder,
}

impl Profile {
    /// Counts one cell.
    fn see(&mut self, cell: &str, scratch: &mut String) {
        let text = &*normalize::plain(cell);
        if placeholder::is_placeholder(text) {
            return;
        }
        self.filled += 1;
        let Signs { digits, letters, others, words, ats, blanks, apostrophes, points, slashes } = Signs::of(text);
        self.words += words;
        if self.distinct.len() < MOST_DISTINCT {
            let mut hasher = DefaultHasher::new();
            hasher.write(text.as_bytes());
            self.distinct.insert(hasher.finish());
        }
        self.digits += u64::from(digits > 0 && digits == text.len());
        self.letters += u64::from(digits == 0 && letters > 0 && others == 0 && ats == 0 && slashes == 0);
        self.codes += u64::from(digits > 0 && others == 0 && ats == 0 && blanks == 0 && apostrophes == 0);
        if ats > 0 {
            let is_one =
                email::quick(text, scratch) || email::canonical(text, scratch) == Reading::Value && email::is_whole(text);
            self.emails += u64::from(is_one);
            return;
        }
        if digits == 0 || text.len() > 40 {
            return;
        }
        // A postcode, and not what ends in one.
        if text.len() <= LONGEST_POSTCODE
            && (postcode::quick(text, scratch) || postcode::canonical(text, scratch) == Reading::Value)
            && postcode::is_uk(scratch.as_bytes())
        {
            self.uk_postcodes += 1;
        }
        if digits >= 10 && letters == 0 {
            let is_phone = phone::quick(text, scratch) || phone::canonical(text, scratch) == Reading::Value;
            self.phones += u64::from(is_phone);
            self.plain_phones += u64::from(is_phone && looks_dialled(text));
        }
        if digits < 3 {
            return;
        }
        let is_number = digits + usize::from(points > 0) == text.len();
        if matches!(self.order.add(text), Shape::Blank | Shape::Unreadable) {
            return;
        }
        if !is_number {
            self.dates += 1;
        } else if points > 0 {
            self.decimal_dates += 1;
        } else if matches!(digits, 7 | 8) {
            self.compact_dates += 1;
        }
    }

    /// Whether the cells are of letters, of one to four words, and of many values: as names are, and categories are not.
    pub(crate) fn looks_like_names(&self) -> bool {
        let different = self.distinct.len() as u64;
        self.filled > 1
            && self.mostly(self.letters, 90)
            && self.words <= self.filled.saturating_mul(4)
            && different.saturating_mul(4) >= self.filled.min(MOST_DISTINCT as u64)
    }

    /// Whether a few values come again and again: `yes` and `no`, kinds of telephones.
    pub(crate) fn is_of_few_values(&self) -> bool {
        let different = self.distinct.len() as u64;
        different <= FEW_VALUES && self.filled >= different.saturating_mul(10)
    }

    /// Whether there are enough cells to say so of this column alone.
    pub(crate) fn is_long(&self) -> bool {
        self.filled >= ENOUGH_NAMES
    }

    /// Whether at least `percent` of the filled cells are counted in `count`.
    pub(crate) fn mostly(&self, count: u64, percent: u64) -> bool {
        self.filled > 0 && count.saturating_mul(100) >= self.filled.saturating_mul(percent)
    }

    /// Adds the counts of another part of the same column.
    pub(crate) fn merge(&mut self, other: &Profile) {
        self.filled += other.filled;
        self.emails += other.emails;
        self.phones += other.phones;
        self.plain_phones += other.plain_phones;
        self.uk_postcodes += other.uk_postcodes;
        self.dates += other.dates;
        self.compact_dates += other.compact_dates;
        self.decimal_dates += other.decimal_dates;
        self.digits += other.digits;
        self.letters += other.letters;
        self.codes += other.codes;
        self.words += other.words;
        let room = MOST_DISTINCT.saturating_sub(self.distinct.len());
        self.distinct.extend(other.distinct.iter().take(room));
        self.order.merge(&other.order);
    }
}

/// What the characters of a cell are.
#[derive(Default)]
struct Signs {
    digits: usize,
    letters: usize,
    /// Neither of these nor one of those below.
    others: usize,
    /// Runs of anything but white space.
    words: u64,
    ats: usize,
    blanks: usize,
    apostrophes: usize,
    points: usize,
    slashes: usize,
}

/// For each character of ASCII, what [`Signs`] counts it as.
const CLASSES: [u8; 128] = {
    let mut classes = [OTHER; 128];
    let mut byte = 0;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'0'..=b'9' => 0,
            b'a'..=b'z' | b'A'..=b'Z' => 1,
            b'@' => 3,
            b' ' => 4,
            b'\'' => 5,
            b'.' => 6,
            b'/' => 7,
            b'-' => UNCOUNTED,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};
const OTHER: u8 = 2;
const UNCOUNTED: u8 = 8;

impl Signs {
    fn of(text: &str) -> Signs {
        let mut counts = [0; 9];
        let (mut words, mut is_parted) = (0, true);
        let mut add = |class: u8, is_blank: bool| {
            counts[usize::from(class)] += 1;
            words += u64::from(is_parted && !is_blank);
            is_parted = is_blank;
        };
        if text.is_ascii() {
            for byte in text.bytes() {
                add(CLASSES[usize::from(byte % 128)], matches!(byte, b' ' | b'\t'..=b'\r'));
            }
        } else {
            for character in text.chars() {
                let class = match u8::try_from(character) {
                    Ok(byte) if byte.is_ascii() => CLASSES[usize::from(byte % 128)],
                    _ if character == '’' => UNCOUNTED,
                    _ if character.is_alphabetic() => 1,
                    _ => OTHER,
                };
                add(class, character.is_whitespace());
            }
        }
        let [digits, letters, others, ats, blanks, apostrophes, points, slashes, _] = counts;
        Signs { digits, letters, others, words, ats, blanks, apostrophes, points, slashes }
    }
}

/// Whether a number begins as a telephone number does: with a `+`, or with one zero or two. A count of seconds, a customer's number and an
/// address of a network do not.
fn looks_dialled(text: &str) -> bool {
    let start = text.trim_start_matches('(');
    let is_padded = start.starts_with("000");
    (start.starts_with(['+', '0']) && !is_padded) || spot::spot(text) == Some(Kind::Phone)
}

/// Profiles of the columns of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profiles {
    /// Rows seen.
    pub(crate) rows: u64,
    /// One for each column.
    pub(crate) columns: Vec<Profile>,
}

impl Profiles {
    /// Empty profiles of a table with so many columns.
    pub(crate) fn new(columns: usize) -> Profiles {
        Profiles { rows: 0, columns: vec![Profile::default(); columns] }
    }

    /// Counts the cells of a batch, up to `most` rows in all.
    pub(crate) fn see(&mut self, batch: &RowBatch, most: u64) {
        let mut scratch = String::new();
        for row in 0..batch.rows() {
            if self.rows >= most {
                return;
            }
            self.rows += 1;
            for (profile, cell) in self.columns.iter_mut().zip(batch.row(row)) {
                if let Some(cell) = cell {
                    profile.see(cell, &mut scratch);
                }
            }
        }
    }

    /// Adds the profiles of other rows of the same table.
    pub(crate) fn merge(&mut self, other: &Profiles) {
        self.rows += other.rows;
        for (profile, other) in self.columns.iter_mut().zip(&other.columns) {
            profile.merge(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn characters_are_counted_as_what_they_are(text in "[a-zA-Z0-9@ '’./ \t-]{0,12}|\\PC{0,12}|[\0-\u{7f}]{0,12}") {
            let signs = Signs::of(&text);
            let count = |is_one: &dyn Fn(char) -> bool| text.chars().filter(|character| is_one(*character)).count();
            let named = |character: char| "@ './-’".contains(character);
            prop_assert_eq!(signs.digits, count(&|character| character.is_ascii_digit()));
            prop_assert_eq!(signs.letters, count(&|character| character.is_alphabetic()));
            let is_other = |character: char| !character.is_ascii_digit() && !character.is_alphabetic() && !named(character);
            prop_assert_eq!(signs.others, count(&is_other));
            prop_assert_eq!(
                [signs.ats, signs.blanks, signs.apostrophes, signs.points, signs.slashes],
                ['@', ' ', '\'', '.', '/'].map(|sign| count(&|character| character == sign))
            );
            prop_assert_eq!(signs.words, text.split_whitespace().count() as u64);
        }
    }
}
