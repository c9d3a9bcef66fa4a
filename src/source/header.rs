//! Whether a row names the columns or holds a record, for files in which nothing says so.
//!
//! A record that was taken for names would be lost, so a row that may be a record is read as one.

mod person;

use super::Options;
pub(super) use person::reads_as_person;
use std::collections::HashSet;

/// Rows of titles that may stand above the names.
const TITLES: usize = 20;

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Header {
    /// It does, by the sample.
    Found,
    /// It does, as stated.
    Stated,
    /// It holds a record.
    Absent,
    /// It does not, as stated.
    StatedAbsent,
    /// It does, as stated, and yet it holds values: it is read as a record.
    Doubtful,
    /// It cannot be told, so the row is read as a record, and its words are not used as names: they may be a person's.
    Unsure,
    /// It stands where names of columns do, and names people: it is read as a record, and nothing finds a name that stands alone.
    People,
}

impl Header {
    /// The words that people are shown.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Header::Found => "yes",
            Header::Stated => "yes (stated)",
            Header::Absent => "no",
            Header::StatedAbsent => "no (stated)",
            Header::Doubtful => "no (stated, but the first row holds values)",
            Header::Unsure => "unsure (the first row is read as a record)",
            Header::People => "unsure (the first row seems to name people, and is read as a record)",
        }
    }

    /// Whether the row's words are the columns' names.
    pub(super) fn is_present(self) -> bool {
        matches!(self, Header::Found | Header::Stated)
    }

    /// What about it should keep a verdict from being clear.
    pub(super) fn doubt(self) -> Option<&'static str> {
        match self {
            Header::Doubtful => Some(
                "the first row was stated to name the columns, but holds values, or answers as a form does; it was read as a record",
            ),
            Header::People => Some(
                "what should name the columns seems to name people, and a name that stands alone is not looked for; the columns go \
                 unnamed (state `--header yes` if they are no people, and `no` if it is a record)",
            ),
            _ => None,
        }
    }

    /// Judges the first of the rows, by those that follow it and by what a person stated.
    pub(super) fn judge(rows: &[Vec<String>], stated: Option<bool>, options: &Options) -> Header {
        let Some(first) = rows.first() else { return Header::Unsure };
        let holds_value = || holds_value(first, options);
        match stated {
            Some(true) if holds_value() || is_no_header(rows, options) => Header::Doubtful,
            Some(true) if is_form(first, options) || is_labelled(first, rows, options) => Header::Doubtful,
            Some(true) => Header::Stated,
            Some(false) => Header::StatedAbsent,
            None => {
                let judged = match judge_header(rows) {
                    // Over dates and numbers a record without any looks like names, but a value in it is somebody's.
                    Header::Found if holds_value() => Header::Unsure,
                    Header::Unsure
                        if !holds_value() && options.names_column.is_some_and(|names| is_mostly_names(first, names)) =>
                    {
                        Header::Found
                    }
                    judged => judged,
                };
                match judged {
                    Header::Found if names_people(first, rows, options) => Header::People,
                    Header::Found if is_form(first, options) => Header::Unsure,
                    judged => judged,
                }
            }
        }
    }

    /// Judges rows above which titles may stand, and says which of them names the columns. All rows are of one width.
    pub(super) fn find(rows: &[Vec<String>], stated: Option<bool>, options: &Options) -> (Header, Option<usize>) {
        let header = Header::judge(rows, stated, options);
        let names = |row: &Vec<String>| is_clear(row, options);
        if stated == Some(false) || rows.first().is_some_and(names) {
            return (header, header.is_present().then_some(0));
        }
        match rows.iter().take(TITLES + 1).position(names) {
            Some(row) => (if stated == Some(true) { Header::Stated } else { Header::Found }, Some(row)),
            None => (header, header.is_present().then_some(0)),
        }
    }
}

/// Whether a row, wherever it stands, can be nothing but names of columns.
pub(super) fn is_clear(row: &[String], options: &Options) -> bool {
    let filled = row.iter().filter(|cell| !cell.trim().is_empty()).count();
    let Some(names) = options.names_column else { return false };
    let count = row.iter().filter(|cell| !is_valued(cell) && names(cell)).count();
    count > 1
        && 2 * count >= filled
        && !row.iter().any(|cell| cell.contains('@'))
        && !holds_value(row, options)
        && !is_form(row, options)
        && !names_people(row, &[], options)
}

/// Whether names that a file holds apart from its rows are none of columns.
pub(super) fn names_no_column(names: &[String], options: &Options) -> bool {
    holds_value(names, options) || names_people(names, &[], options)
}

/// Whether the first row names people: across the columns, or beside words for what they are.
fn names_people(first: &[String], rows: &[Vec<String>], options: &Options) -> bool {
    let Some(names) = options.names_column else { return false };
    let is_person: Vec<bool> = filled(first).map(|cell| reads_as_person(cell, names)).collect();
    let people = is_person.iter().filter(|is_person| **is_person).count();
    // The first cell may say what the rows are about.
    let others = is_person.len() - usize::from(is_person.first() == Some(&false));
    (people > 1 && 2 * people >= others) || is_labelled(first, rows, options)
}

/// Whether the first row names people beside words for what they are, as a form does and a table on its side.
fn is_labelled(first: &[String], rows: &[Vec<String>], options: &Options) -> bool {
    let Some(names) = options.names_column else { return false };
    let is_paired = filled(first).count() > 3 && filled(first).enumerate().all(|(place, cell)| names(cell) == (place % 2 == 0));
    filled(first).any(|cell| reads_as_person(cell, names)) && (is_paired || is_on_its_side(rows, names))
}

fn filled(row: &[String]) -> impl Iterator<Item = &String> {
    row.iter().filter(|cell| !cell.trim().is_empty())
}

/// Whether the first cells of the rows read as names of columns.
fn is_on_its_side(rows: &[Vec<String>], names: fn(&str) -> bool) -> bool {
    let words = rows.iter().filter_map(|row| filled(row).next());
    let (count, known) = words.fold((0, 0), |(count, known), word| (count + 1, known + usize::from(names(word))));
    known > 1 && 2 * known >= count
}

/// Whether a cell with a colon says what stands beside it.
fn is_form(row: &[String], options: &Options) -> bool {
    let ends = |cell: &str| cell.trim_end().ends_with(':');
    let is_answer = |cell: &str| !cell.trim().is_empty() && !ends(cell) && !options.names_column.is_some_and(|names| names(cell));
    row.windows(2).any(|pair| ends(&pair[0]) && is_answer(&pair[1]))
}

/// The words of a first row that may be told as names of columns. Unless the row is stated to name these, one goes unnamed whose name may be a
/// person's: a name that stands alone is nothing that a scan could find.
pub(super) fn told(first: &[String], header: Header, options: &Options) -> Vec<String> {
    let names = options.names_column.filter(|_| header != Header::Stated);
    let is_person = |name: &str| names.is_some_and(|names| reads_as_person(name, names));
    first.iter().map(|name| if is_person(name) { String::new() } else { name.clone() }).collect()
}

fn holds_value(row: &[String], options: &Options) -> bool {
    options.is_value.is_some_and(|is_value| row.iter().any(|cell| is_value(cell)))
}

/// The name of a column that no row names.
pub(super) fn column_name(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// Whether the first row looks like names over columns of which some hold numbers, dates or addresses.
fn judge_header(rows: &[Vec<String>]) -> Header {
    let Some((first, others)) = rows.split_first() else { return Header::Unsure };
    if first.iter().any(|cell| is_valued(cell)) {
        return Header::Absent;
    }
    let recurs = others.iter().any(|row| row.iter().zip(first).any(|(cell, name)| !name.trim().is_empty() && cell == name));
    if recurs && !others.iter().any(|row| row == first) {
        return Header::Absent;
    }
    // The first name may be missing: some programs write row numbers without one.
    if recurs || first.iter().skip(1).any(|cell| cell.trim().is_empty()) || first.iter().any(|cell| cell.len() > 64) {
        return Header::Unsure;
    }
    let is_valued_column = |column: usize| {
        let cells: Vec<_> = others.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.trim().is_empty()).collect();
        let valued = cells.iter().filter(|cell| is_valued(cell)).count();
        2 * cells.len() >= others.len() && 10 * valued >= 8 * cells.len().max(1)
    };
    if (0..first.len()).any(is_valued_column) { Header::Found } else { Header::Unsure }
}

/// Whether at least half of the cells, and two of them, read as names of columns.
fn is_mostly_names(first: &[String], names: fn(&str) -> bool) -> bool {
    let count = first.iter().filter(|cell| !is_valued(cell) && names(cell)).count();
    count > 1 && 2 * count >= first.len()
}

/// Whether a first row that is stated to be a header looks like a record: it is the only row and none of its words are names of columns, or
/// it holds values as the rows below do.
fn is_no_header(rows: &[Vec<String>], options: &Options) -> bool {
    let Some((first, others)) = rows.split_first() else { return false };
    if options.names_column.is_none_or(|names| is_mostly_names(first, names)) {
        return false;
    }
    let filled = first.iter().filter(|cell| !cell.trim().is_empty()).count();
    let valued = first.iter().filter(|cell| is_valued(cell)).count();
    others.is_empty() || 4 * valued >= filled.max(1)
}

/// Whether a cell holds what a column's name does not: an `@`, or digits other than a short number after a word (`address_1`).
fn is_valued(cell: &str) -> bool {
    let cell = cell.trim();
    let word = cell.trim_end_matches(|character: char| character.is_ascii_digit());
    let is_numbered_word = cell.len() - word.len() <= 2 && word.chars().next().is_some_and(char::is_alphabetic);
    cell.contains('@') || (!is_numbered_word && cell.contains(|character: char| character.is_ascii_digit())) || has_digit(word)
}

fn has_digit(text: &str) -> bool {
    text.contains(|character: char| character.is_ascii_digit())
}

/// Names made unique (`name`, `name_2`), and those that were not.
pub(super) fn unique_names(header: &[String]) -> (Vec<String>, Vec<String>) {
    let originals: HashSet<&str> = header.iter().map(|name| name.trim()).collect();
    let (mut names, mut duplicates) = (Vec::<String>::new(), Vec::new());
    let mut taken = HashSet::new();
    for (index, name) in header.iter().enumerate() {
        let base = if name.trim().is_empty() { column_name(index) } else { name.trim().to_owned() };
        let mut unique = base.clone();
        if taken.contains(&unique) {
            if !duplicates.contains(&base) {
                duplicates.push(base.clone());
            }
            let mut number = 2;
            while taken.contains(&unique) || originals.contains(unique.as_str()) {
                unique = format!("{base}_{number}");
                number += 1;
            }
        }
        taken.insert(unique.clone());
        names.push(unique);
    }
    (names, duplicates)
}
