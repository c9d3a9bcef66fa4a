//! Addresses: the lines of a row's address read as one, and whom they name.
//!
//! A column of addresses or towns holds somebody's name where a letter goes to another than the row is of: `c/o Ann Lee`, `Ann Lee, 12 High Street`. Words
//! before the first number of a cell are tried as a name, and so is a first line of words alone above the line that begins with a number.

use super::Converter;
use super::LONGEST_FIELD;
use super::Side;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::email;
use crate::record::normalize::postcode;

/// Words of an address up to which all are read.
pub(super) const MOST_ADDRESS_WORDS: usize = 32;

/// Words that stand in an address before a number and are no name. Those that are somebody's surname too (`hill`, `park`) are not among them.
const PLACES: [&str; 44] = [
    "flat",
    "flt",
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "room",
    "rm",
    "floor",
    "flr",
    "studio",
    "maisonette",
    "block",
    "building",
    "no",
    "nr",
    "number",
    "box",
    "lot",
    "plot",
    "level",
    "house",
    "cottage",
    "lodge",
    "farm",
    "villas",
    "court",
    "street",
    "road",
    "rd",
    "avenue",
    "drive",
    "terrace",
    "gardens",
    "via",
    "viale",
    "rue",
    "calle",
    "plaza",
    "piazza",
    "corso",
    "rua",
    "avenida",
];

/// Digits of a number that is none of a house.
const LONG_NUMBER: usize = 5;

/// What the columns of an address are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// Nothing says which is which, so that the first may name the person or the county.
    Bare,
    /// There is a column of streets, and another: houses may be named beside the street.
    Housed,
    /// A number, or a street alone.
    Numbered,
}

impl Lines {
    /// Of columns with their part: 0 a number, 1 a street, 2 a line.
    pub(super) fn of(columns: &[(u8, usize)]) -> Lines {
        let has = |part: u8| columns.iter().any(|(found, _)| *found == part);
        match (has(0), has(1), has(2)) {
            (_, true, true) => Lines::Housed,
            (false, false, _) => Lines::Bare,
            _ => Lines::Numbered,
        }
    }
}

impl Converter {
    /// Reads the columns of the address.
    pub(super) fn address(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        if self.address.is_empty() {
            return false;
        }
        let lines: Vec<&str> = self
            .address
            .iter()
            .filter_map(|index| cells.get(*index).copied().flatten())
            .filter(|cell| cell.len() <= LONGEST_FIELD)
            .collect();
        let reading = match self.side {
            Side::Originator => {
                self.scratch.clear();
                let reading = address::form(&lines, &mut self.scratch);
                if reading == Reading::Value {
                    records.push(Slot::Address, &self.scratch);
                }
                reading
            }
            Side::Recipient => {
                if lines.iter().map(|line| line.split_whitespace().count()).sum::<usize>() > MOST_ADDRESS_WORDS {
                    // The normaliser does not read on for ever.
                    for position in 0..self.address.len() {
                        let index = self.address[position];
                        if let Some(cell) = cells.get(index).copied().flatten() {
                            self.suspect(index, Kind::Address, cell);
                        }
                    }
                }
                let is_named_first = self.names_in_address(cells, &lines);
                for line in &lines {
                    if line.contains('@') {
                        email::candidates(line, &mut |value| records.push(Slot::Email, value));
                    }
                    // A whole address in one cell ends in its postcode.
                    let found = postcode::canonical(line, &mut self.scratch) == Reading::Value;
                    if found && postcode::is_uk(self.scratch.as_bytes()) {
                        records.push(Slot::Postcode, &self.scratch);
                    }
                }
                if self.lines != Lines::Numbered && !lines.iter().any(|line| has_digit(line)) {
                    // Any line may name the house: the one above it the person or the county.
                    for line in &lines {
                        address::candidates(&[line], &mut |form| records.push(Slot::Address, form));
                    }
                } else if is_named_first {
                    address::candidates(&lines[1..], &mut |form| records.push(Slot::Address, form));
                }
                address::candidates(&lines, &mut |form| records.push(Slot::Address, form))
            }
        };
        // The lines are read as one: each that holds something counts as filled, the first as not understood.
        let mut is_first = true;
        for position in 0..self.address.len() {
            let index = self.address[position];
            if cells.get(index).copied().flatten().is_some_and(|cell| !cell.trim().is_empty()) {
                self.counts[index].filled += 1;
                self.counts[index].unreadable += u64::from(is_first && reading == Reading::Unreadable);
                is_first = false;
            }
        }
        reading == Reading::Unreadable
    }

    /// Tries as names what stands in the lines of an address as names do. Says whether the first line is no more than that.
    fn names_in_address(&mut self, cells: &[Option<&str>], lines: &[&str]) -> bool {
        let is_named_first = match lines {
            [first, second, rest @ ..] if self.lines == Lines::Bare => {
                let has_number = has_digit(second) || !second.is_empty() && !rest.iter().any(|line| has_digit(line));
                !has_digit(first) && has_number && name_ahead(first).is_some()
            }
            _ => false,
        };
        let mut is_first = true;
        for position in 0..self.address.len() {
            let index = self.address[position];
            let Some(cell) = cells.get(index).copied().flatten().filter(|cell| !cell.is_empty()) else { continue };
            let is_name = std::mem::take(&mut is_first) && is_named_first;
            if names_carer(cell) {
                self.text.add(index, cell, true);
            } else if let Some(end) = name_ahead(cell).filter(|end| is_name || *end < cell.len()) {
                self.text.add_ahead(index, cell, end, Some(Kind::Address));
            }
        }
        is_named_first
    }

    /// Tries as a name what stands in a town's cell as names do, and reads what stands behind it.
    pub(super) fn names_in_town(&mut self, index: usize, cell: &str) {
        if self.side == Side::Originator {
            return;
        }
        if names_carer(cell) {
            self.text.add(index, cell, true);
        } else if let Some(end) = name_ahead(cell).filter(|end| *end < cell.len()) {
            self.text.add_ahead(index, cell, end, None);
        }
    }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Where two words or more end that stand before the first number of a cell, if they may be a name.
fn name_ahead(cell: &str) -> Option<usize> {
    let number = cell.find(|sign: char| sign.is_ascii_digit()).unwrap_or(cell.len());
    // A postcode begins with letters.
    let end = if has_digit(cell) { cell[..number].trim_end_matches(char::is_alphanumeric).len() } else { number };
    let mut count = 0;
    for word in cell[..end].split(|sign: char| !sign.is_alphanumeric() && sign != '\'').filter(|word| word.len() > 1) {
        if PLACES.iter().any(|place| word.eq_ignore_ascii_case(place)) {
            return None;
        }
        count += 1;
    }
    // What ends with its first number is a place: `Cliff View 2`.
    let behind = cell[number..].trim_start_matches(|sign: char| sign.is_ascii_digit());
    let goes_on =
        number == cell.len() || behind.len() + LONG_NUMBER <= cell.len() - number || behind.chars().any(char::is_alphanumeric);
    (count >= 2 && goes_on).then_some(end)
}

/// Whether a cell says in whose care something is: it names somebody.
fn names_carer(cell: &str) -> bool {
    let holds = |word: &[u8]| cell.as_bytes().windows(word.len()).any(|sign| sign.eq_ignore_ascii_case(word));
    (cell.contains('/') && holds(b"c/o")) || holds(b"care of")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_the_number() {
        for (cell, name) in [
            ("Ann Lee, 12 High Street", Some("Ann Lee, ")),
            ("Ann Lee LS1 4AB", Some("Ann Lee ")),
            ("Mrs Ann O'Neill", Some("Mrs Ann O'Neill")),
            ("Leeds LS1 4AB", None),
            ("Ground Floor Flat 2, 12 High Street", None),
            ("Rose Cottage, 3 Mill Lane", None),
            ("Cliff View 2", None),
            ("Ann Lee 07700900123", Some("Ann Lee ")),
            ("12 High Street, Ann Lee", None),
            ("", None),
        ] {
            assert_eq!(name_ahead(cell).map(|end| &cell[..end]), name, "{cell}");
        }
    }

    #[test]
    fn carers_are_named() {
        assert!(names_carer("c/o Ann Lee") && names_carer("Care of Ann Lee") && !names_carer("12 High Street"));
    }
}
