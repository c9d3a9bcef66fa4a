//! Conversion: batches of rows become batches of records, cell by cell, as the mapping says.

mod day;
mod lines;
mod mail;
mod names;
mod postcodes;
mod quick;
mod unseen;

use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::convert::lines::Lines;
use crate::intake::convert::quick::Quick;
use crate::intake::convert::unseen::Unseen;
use crate::intake::text::Said;
use crate::intake::text::Slots;
use crate::intake::text::TextReader;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::armour;
use crate::record::normalize::date;
use crate::record::normalize::date::DateOrder;
use crate::record::normalize::digest;
use crate::record::normalize::email;
use crate::record::normalize::identifier;
use crate::record::normalize::phone;
use crate::record::normalize::postcode;
use crate::record::normalize::spot;
use crate::record::schema::Usage;
use crate::source::RowBatch;
use serde::Deserialize;
use serde::Serialize;

/// Slots any of which makes a row one of a person.
const TELLING: [Slot; 5] = [Slot::Name, Slot::Address, Slot::Postcode, Slot::Email, Slot::Phone];

/// Bytes of a cell beyond which it is no field: longer ones are not understood, and looked at as text is.
const LONGEST_FIELD: usize = 4_096;

/// Whose rows are converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The supplied data: one reading for each value, as the schema says.
    Originator,
    /// Anybody's data: every reading, and every date in every role.
    Recipient,
}

/// Which digests of supplied values are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digests {
    None,
    OfEmails,
}

/// What the cells of one column came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnCounts {
    /// Cells that hold something other than a placeholder.
    pub(crate) filled: u64,
    /// Cells that were not understood as what the column is taken for.
    pub(crate) unreadable: u64,
    /// Cells that look personal, in a column without a field, or of another kind than the column's.
    pub(crate) personal: u64,
    /// Cells that hold nothing that can be compared.
    pub(crate) unseen: Unseen,
}

impl ColumnCounts {
    /// Adds the counts of other rows.
    pub(crate) fn merge(&mut self, other: &ColumnCounts) {
        self.filled += other.filled;
        self.unreadable += other.unreadable;
        self.personal += other.personal;
        self.unseen.merge(other.unseen);
    }
}

/// What became of the days of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days {
    /// Cells that were read as a day.
    pub(crate) cells: u32,
    /// Those of them that may be somebody's birth: no column's name says that they are the day of something else.
    pub(crate) births: u32,
    /// Whether a day of birth was not understood.
    pub(crate) is_unread: bool,
}

/// Turns rows of one table into records.
#[derive(Clone, Debug)]
pub(crate) struct Converter {
    side: Side,
    plan: Vec<Step>,
    people: Vec<Person>,
    /// Name columns that are read together too.
    joins: Vec<names::Join>,
    address: Vec<usize>,
    lines: Lines,
    /// Days that stand in three columns.
    parted_days: Vec<day::Parted>,
    /// Columns of postcodes, where there are several: halves of one may stand in two.
    postcodes: Vec<usize>,
    counts: Vec<ColumnCounts>,
    /// Cells beyond the table's columns that look personal, and were not understood.
    overflow: u64,
    /// Rows whose text holds more than is tried.
    capped: u64,
    /// Rows that hold one value of a person under its name.
    attributes: u64,
    unreadable_rows: Vec<bool>,
    personal_rows: Vec<bool>,
    /// The days of the row being converted, and of each row of the batch.
    days: Days,
    row_days: Vec<Days>,
    row_guesses: Vec<Slots>,
    row_texts: Vec<Slots>,
    scratch: String,
    /// What is read as text: for a recipient's rows alone.
    text: TextReader,
    is_deep: bool,
    quick: Quick,
    digests: Digests,
    /// Whether no column is a name or a date, so that both stand in text where the row has them.
    is_prose: bool,
    /// Cells of the row being converted that look personal as what their column is not: its number, and what they look like.
    suspects: Vec<(usize, Kind)>,
    /// The tokens of a person's name, and how many there are after each cell.
    tokens: Vec<String>,
    cell_ends: Vec<usize>,
}

/// What is done with one column.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Part of a person's name, of an address, a postcode or a day: joined with others later.
    Joined(Kind),
    Date {
        slot: Option<Slot>,
        order: Option<DateOrder>,
        /// The day may be somebody's birth: the column's name says so, or nothing says what it is.
        is_birth: bool,
    },
    Postcode,
    Town,
    Email,
    Phone,
    Identifier,
    /// Text.
    Watched {
        /// Its words are read as names.
        holds_names: bool,
    },
    /// Left out by a person, with a reason.
    Skipped,
}

impl Step {
    /// What the column is taken for, where it is a field.
    fn kind(self) -> Option<Kind> {
        match self {
            Step::Joined(kind) => Some(kind),
            Step::Date { .. } => Some(Kind::Date),
            Step::Postcode => Some(Kind::Postcode),
            Step::Town => Some(Kind::Address),
            Step::Email => Some(Kind::Email),
            Step::Phone => Some(Kind::Phone),
            Step::Identifier => Some(Kind::Identifier),
            Step::Watched { .. } | Step::Skipped => None,
        }
    }
}

/// The columns that name one person.
#[derive(Clone, Debug, Default)]
struct Person {
    group: String,
    given: Vec<usize>,
    middle: Vec<usize>,
    family: Vec<usize>,
    full: Vec<usize>,
}

impl Person {
    /// Whether a column is part of the name.
    fn has(&self, index: usize) -> bool {
        [&self.given, &self.middle, &self.family, &self.full].into_iter().flatten().any(|column| *column == index)
    }
}

/// Whether a cell is a list of several values, as databases and JSON write it: `{Ann,Bob}`. Of a list of one a source hands over the value.
fn is_list(cell: &str) -> bool {
    let cell = cell.trim();
    let is_closed = (cell.starts_with('{') && cell.ends_with('}')) || (cell.starts_with('[') && cell.ends_with(']'));
    is_closed && cell.contains(',')
}

impl Converter {
    /// A converter for a table with this mapping.
    pub(crate) fn new(mapping: &Mapping, side: Side) -> Converter {
        let mut people: Vec<Person> = Vec::new();
        let mut address: Vec<(u8, usize)> = Vec::new();
        let mut plan: Vec<Step> = Vec::with_capacity(mapping.columns.len());
        for (index, taken) in mapping.columns.iter().enumerate() {
            plan.push(step(taken));
            let Some(field) = taken.field() else { continue };
            match (field.kind, field.role) {
                (Kind::Name, role) => {
                    let at = people.iter().position(|person| person.group == taken.group).unwrap_or_else(|| {
                        people.push(Person { group: taken.group.clone(), ..Person::default() });
                        people.len() - 1
                    });
                    let person = &mut people[at];
                    match role {
                        Role::Given => person.given.push(index),
                        Role::Middle => person.middle.push(index),
                        Role::Family => person.family.push(index),
                        _ => person.full.push(index),
                    }
                }
                // The house number stands before the street wherever its column is.
                (Kind::Address, Role::Number) => address.push((0, index)),
                (Kind::Address, Role::Street) => address.push((1, index)),
                (Kind::Address, Role::Line) => address.push((2, index)),
                _ => {}
            }
        }
        join_halves(&mut people);
        join_names(&mut people);
        address.sort_unstable();
        let lines = Lines::of(&address);
        let is_postcode = |index: &usize| matches!(plan[*index], Step::Postcode);
        let mut postcodes: Vec<usize> = (0..plan.len()).filter(is_postcode).collect();
        if postcodes.len() < 2 {
            postcodes.clear();
        }
        for index in &postcodes {
            plan[*index] = Step::Joined(Kind::Postcode);
        }
        let parted_days = day::parted(mapping, &mut plan);
        let converter = Converter {
            side,
            postcodes,
            lines,
            parted_days,
            joins: names::joins(&people),
            people,
            address: address.into_iter().map(|(_, index)| index).collect(),
            counts: vec![ColumnCounts::default(); plan.len()],
            plan,
            overflow: 0,
            capped: 0,
            attributes: 0,
            unreadable_rows: Vec::new(),
            personal_rows: Vec::new(),
            days: Days::default(),
            row_days: Vec::new(),
            row_guesses: Vec::new(),
            row_texts: Vec::new(),
            scratch: String::new(),
            text: TextReader::default(),
            digests: Digests::None,
            quick: Quick::default(),
            is_deep: mapping.is_deep && side == Side::Recipient,
            is_prose: mapping.columns.iter().filter_map(Taken::field).all(|field| !matches!(field.kind, Kind::Name | Kind::Date)),
            suspects: Vec::new(),
            tokens: Vec::new(),
            cell_ends: Vec::new(),
        };
        converter.with_quick()
    }

    /// With digests of each supplied e-mail address beside it.
    pub(crate) fn with_digests(self, hashes_emails: bool) -> Converter {
        let digests = if hashes_emails && self.side == Side::Originator { Digests::OfEmails } else { Digests::None };
        Converter { digests, ..self }
    }

    /// Converts all rows of a batch; `records` holds one record a row afterwards.
    pub(crate) fn convert(&mut self, rows: &RowBatch, records: &mut RecordBatch) {
        records.clear();
        self.unreadable_rows.clear();
        self.personal_rows.clear();
        self.row_days.clear();
        self.row_guesses.clear();
        self.row_texts.clear();
        let mut cells: Vec<Option<&str>> = Vec::with_capacity(self.plan.len());
        for row in 0..rows.rows() {
            cells.clear();
            cells.extend(rows.row(row));
            self.days = Days::default();
            let is_unreadable = self.convert_row(&cells, records);
            let names_somebody = TELLING.into_iter().any(|slot| records.has_open(slot));
            let said = self.text(records);
            self.attributes += u64::from(self.side == Side::Recipient && self.text.holds_attribute(&cells));
            self.row_days.push(self.days);
            self.row_guesses.push(said.guesses);
            self.row_texts.push(said.given);
            self.unreadable_rows.push(is_unreadable);
            self.personal_rows.push(is_unreadable || names_somebody || said.tells_person);
            records.end_row();
        }
    }

    /// For each row of the last batch, whether a personal value of it was not understood.
    pub(crate) fn unreadable_rows(&self) -> &[bool] {
        &self.unreadable_rows
    }

    /// For each row of the last batch, whether it holds something of a person: a name, an address, a way to reach somebody.
    pub(crate) fn personal_rows(&self) -> &[bool] {
        &self.personal_rows
    }

    /// For each row of the last batch, what became of its days.
    pub(crate) fn days(&self) -> &[Days] {
        &self.row_days
    }

    /// For each row of the last batch, the slots that hold guesses alone.
    pub(crate) fn guesses(&self) -> &[Slots] {
        &self.row_guesses
    }

    /// For each row of the last batch, the slots with a value that text gave.
    pub(crate) fn texts(&self) -> &[Slots] {
        &self.row_texts
    }

    /// The counts of all batches so far, a column each.
    pub(crate) fn counts(&self) -> &[ColumnCounts] {
        &self.counts
    }

    /// Cells beyond the table's columns that look personal, and were not understood.
    pub(crate) fn overflow(&self) -> u64 {
        self.overflow
    }

    /// Rows whose text holds more than is tried.
    pub(crate) fn capped(&self) -> u64 {
        self.capped
    }

    /// Rows that hold one value of a person under its name.
    pub(crate) fn attributes(&self) -> u64 {
        self.attributes
    }

    /// Notes that a cell looks like something that its column is not read as. It is read as text.
    fn suspect(&mut self, index: usize, kind: Kind, cell: &str) {
        if self.side == Side::Originator {
            if let Some(counts) = self.counts.get_mut(index) {
                counts.personal += 1;
            }
            return;
        }
        self.suspects.push((index, kind));
        let holds_names = kind == Kind::Name || self.people.iter().any(|person| person.has(index));
        self.text.add(index, cell, holds_names);
    }

    /// Reads the text of the row.
    fn text(&mut self, records: &mut RecordBatch) -> Said {
        let said = self.text.read(records);
        self.capped += u64::from(said.is_capped);
        self.days.cells += said.days;
        self.days.births += if self.is_prose { said.days } else { 0 };
        for (index, kind) in self.suspects.drain(..) {
            if !self.text.has_found(index, kind) {
                match self.counts.get_mut(index) {
                    Some(counts) => counts.personal += 1,
                    None => self.overflow += 1,
                }
            }
        }
        for index in self.text.misread() {
            if let Some(counts) = self.counts.get_mut(index) {
                counts.personal += 1;
            }
        }
        said
    }

    fn convert_row(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        let mut is_unreadable = false;
        self.text.clear();
        self.quick.clear();
        for (index, cell) in cells.iter().enumerate() {
            let Some(cell) = *cell else { continue };
            let Some(step) = self.plan.get(index).copied() else {
                if let Some(kind) = spot::spot(cell) {
                    self.suspect(index, kind, cell);
                } else if self.side == Side::Recipient {
                    self.text.add(index, cell, false);
                }
                continue;
            };
            if self.quick_cell(index, step, cell, records) {
                continue;
            }
            let is_field = !matches!(step, Step::Watched { .. } | Step::Skipped);
            if self.side == Side::Recipient && !matches!(step, Step::Skipped) {
                self.counts[index].unseen.see(cell);
                digest::find(cell, &mut |digest| records.push(Slot::Digest, digest));
            }
            // The name of a mailbox may decode by chance, and an address is what it is.
            let is_address = matches!(step, Step::Email) && cell.contains('@') && email::is_whole(cell);
            let is_armour = is_field && !is_address && self.side == Side::Recipient && armour::is_any(cell);
            if is_armour || is_field && self.is_deep {
                let field = step.kind().filter(|_| !is_armour);
                self.text.add_beside(index, cell, self.people.iter().any(|person| person.has(index)), field);
            }
            if cell.len() > LONGEST_FIELD && is_field {
                self.days.is_unread |= matches!(step, Step::Date { is_birth: true, .. });
                self.count(index, Reading::Unreadable);
                self.suspect(index, step.kind().unwrap_or(Kind::Name), cell);
                is_unreadable = true;
                continue;
            }
            if self.side == Side::Recipient && is_field && is_list(cell) {
                // Which of the values belong together nobody says.
                self.suspect(index, step.kind().unwrap_or(Kind::Name), cell);
            }
            let reading = match step {
                Step::Joined(_) | Step::Skipped => continue,
                Step::Watched { holds_names } => {
                    self.counts[index].filled += u64::from(!cell.is_empty());
                    match self.side {
                        Side::Originator => self.counts[index].personal += u64::from(spot::spot_within(cell).is_some()),
                        Side::Recipient => {
                            self.text.add(index, cell, holds_names);
                            self.joined_email(index, cells, records);
                            self.suspects.extend(spot::spot_within(cell).map(|kind| (index, kind)));
                        }
                    }
                    self.numeric_date(cell, records);
                    continue;
                }
                Step::Date { slot, order, is_birth } => {
                    let reading = self.date(cell, slot, order, records);
                    self.days.is_unread |= is_birth && reading == Reading::Unreadable;
                    // Counted as any day is, above.
                    self.days.births -= u32::from(!is_birth && reading == Reading::Value);
                    reading
                }
                Step::Postcode => self.simple(cell, Slot::Postcode, postcode::canonical, records),
                Step::Town => {
                    self.names_in_town(index, cell);
                    self.spotted(cell, records);
                    self.simple(cell, Slot::Town, address::town, records)
                }
                Step::Email => match self.side {
                    Side::Originator => {
                        if self.digests == Digests::OfEmails {
                            digest::of_email(cell, &mut |digest| records.push(Slot::Digest, digest));
                        }
                        self.simple(cell, Slot::Email, email::canonical, records)
                    }
                    Side::Recipient => {
                        if cell.contains('@') && !email::is_whole(cell) {
                            // What stands beside the address.
                            self.suspect(index, Kind::Email, cell);
                        }
                        mail::called_numbers(cell, &mut |value| records.push(Slot::Phone, value));
                        email::candidates(cell, &mut |value| records.push(Slot::Email, value))
                    }
                },
                Step::Phone => match self.side {
                    Side::Originator => self.simple(cell, Slot::Phone, phone::canonical, records),
                    Side::Recipient => {
                        self.numeric_date(cell, records);
                        phone::candidates(cell, &mut |value| records.push(Slot::Phone, value))
                    }
                },
                Step::Identifier => {
                    self.numeric_date(cell, records);
                    self.spotted(cell, records);
                    self.simple(cell, Slot::Identifier, identifier::canonical, records)
                }
            };
            is_unreadable |= self.judge(index, reading, cell);
        }
        is_unreadable |= self.postcodes(cells, records);
        is_unreadable |= self.parted_days(cells, records);
        is_unreadable |= !self.quick_names(cells, records) && self.names(cells, records);
        is_unreadable |= !self.quick_address() && self.address(cells, records);
        is_unreadable
    }

    /// Eight digits can be a day, other numbers of that size the seconds or milliseconds before or since 1970, whatever a recipient's column
    /// is called.
    fn numeric_date(&mut self, cell: &str, records: &mut RecordBatch) {
        let cell = cell.trim();
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        let is_one = matches!(digits.len(), 8..=10 | 12 | 13) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_one && self.side == Side::Recipient {
            self.date(cell, None, None, records);
        }
    }

    /// Takes what a recipient's cell looks like for what it looks like, whatever its column is taken for: a kind that accepts any text sees
    /// nothing odd in a telephone number.
    fn spotted(&mut self, cell: &str, records: &mut RecordBatch) {
        if self.side == Side::Originator {
            return;
        }
        match spot::spot(cell) {
            Some(Kind::Email) => {
                email::candidates(cell, &mut |value| records.push(Slot::Email, value));
            }
            Some(Kind::Phone) => {
                phone::candidates(cell, &mut |value| records.push(Slot::Phone, value));
            }
            Some(Kind::Postcode) => {
                self.simple(cell, Slot::Postcode, postcode::canonical, records);
            }
            Some(Kind::Date) => {
                self.date(cell, None, None, records);
            }
            _ => {}
        }
    }

    /// Counts a cell. What is not of the column's own kind may be personal in another way.
    fn judge(&mut self, index: usize, reading: Reading, cell: &str) -> bool {
        let is_unreadable = self.count(index, reading);
        if is_unreadable && let Some(kind) = spot::spot(cell) {
            self.suspect(index, kind, cell);
        }
        is_unreadable
    }

    fn count(&mut self, index: usize, reading: Reading) -> bool {
        let counts = &mut self.counts[index];
        counts.filled += u64::from(reading != Reading::Blank);
        counts.unreadable += u64::from(reading == Reading::Unreadable);
        reading == Reading::Unreadable
    }

    fn simple(
        &mut self,
        cell: &str,
        slot: Slot,
        canonical: fn(&str, &mut String) -> Reading,
        records: &mut RecordBatch,
    ) -> Reading {
        self.scratch.clear();
        let reading = canonical(cell, &mut self.scratch);
        if reading == Reading::Value {
            records.push(slot, &self.scratch);
        }
        reading
    }

    fn date(&mut self, cell: &str, slot: Option<Slot>, order: Option<DateOrder>, records: &mut RecordBatch) -> Reading {
        let scratch = &mut self.scratch;
        let side = self.side;
        let reading = date::parse(cell, order, &mut |date| {
            scratch.clear();
            date.write(scratch);
            match side {
                Side::Originator => {
                    if let Some(slot) = slot {
                        records.push(slot, scratch);
                    }
                }
                Side::Recipient => {
                    records.push(Slot::Birth, scratch);
                    records.push(Slot::Child, scratch);
                }
            }
        });
        self.days.cells += u32::from(reading == Reading::Value);
        self.days.births += u32::from(reading == Reading::Value);
        reading
    }
}

/// Joins people of whom one has only given names and one only a family name: `mother_first_name` and `surname` are one person's.
fn join_halves(people: &mut Vec<Person>) {
    let is_given = |person: &Person| !person.given.is_empty() && person.family.is_empty() && person.full.is_empty();
    let is_family = |person: &Person| person.given.is_empty() && !person.family.is_empty() && person.full.is_empty();
    let families: Vec<usize> =
        people.iter().filter(|person| is_family(person)).flat_map(|person| person.family.clone()).collect();
    if families.is_empty() || !people.iter().any(is_given) {
        return;
    }
    for person in people.iter_mut().filter(|person| is_given(person)) {
        person.family.clone_from(&families);
    }
    people.retain(|person| !is_family(person));
}

/// Gives the columns of half a name to the one person of whom there is just a name: `contact_name` and `surname`. Halves of a person who is
/// named otherwise (`child_surname`) are somebody else's.
fn join_names(people: &mut Vec<Person>) {
    let is_half = |person: &Person| person.group.is_empty() && person.full.is_empty();
    let is_named = |person: &Person| person.given.is_empty() && person.family.is_empty() && !person.full.is_empty();
    let Some(half) = people.iter().position(is_half) else { return };
    let is_whole = !people[half].given.is_empty() && !people[half].family.is_empty();
    let mut named = people.iter().enumerate().filter(|(_, person)| is_named(person));
    if let (false, Some((at, _)), None) = (is_whole, named.next(), named.next()) {
        let Person { given, middle, family, .. } = people[half].clone();
        let person = &mut people[at];
        (person.given, person.family) = (given, family);
        person.middle.extend(middle);
        people.remove(half);
    }
}

fn step(taken: &Taken) -> Step {
    let field = match taken.usage {
        Usage::Field(field) => field,
        Usage::Text => return Step::Watched { holds_names: taken.holds_names },
        Usage::Ignored => return Step::Skipped,
    };
    match (field.kind, field.role) {
        (Kind::Address, Role::Town) => Step::Town,
        (Kind::Name | Kind::Address, _) => Step::Joined(field.kind),
        (Kind::Date, _) => {
            let is_birth = field.slot().is_some() || taken.by == By::Values;
            Step::Date { slot: field.slot(), order: taken.order, is_birth }
        }
        (Kind::Postcode, _) => Step::Postcode,
        (Kind::Email, _) => Step::Email,
        (Kind::Phone, _) => Step::Phone,
        (Kind::Identifier, _) => Step::Identifier,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::convert::lines::MOST_ADDRESS_WORDS;
    use crate::intake::infer::infer;
    use crate::intake::profile::Profiles;
    use crate::source::Locator;

    /// The candidates of one row under these headers, slot by slot as asked.
    fn candidates(side: Side, headers: &[&str], cells: &[&str], slot: Slot) -> Vec<String> {
        let (records, _) = converted(side, headers, cells);
        records.candidates(slot, 0).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }

    fn converted(side: Side, headers: &[&str], cells: &[&str]) -> (RecordBatch, Converter) {
        let mapping = infer(headers.iter().copied(), &Profiles::default());
        let mut rows = RowBatch::default();
        for cell in cells {
            rows.push_text(cell);
        }
        rows.end_row(Locator::None);
        let mut records = RecordBatch::new();
        let mut converter = Converter::new(&mapping, side);
        converter.convert(&rows, &mut records);
        (records, converter)
    }

    #[test]
    fn halves_of_a_name_are_one_person() {
        for side in [Side::Originator, Side::Recipient] {
            assert_eq!(candidates(side, &["mother_first_name", "surname"], &["Ann", "Green"], Slot::Name), ["ann green"]);
        }
        // Two whole people stay two, of whom the originator's manifest holds the first.
        let headers = ["first_name", "last_name", "child_first_name", "child_last_name"];
        let cells = ["Ann", "Green", "Tom", "Webb"];
        assert_eq!(candidates(Side::Recipient, &headers, &cells, Slot::Name), ["ann green", "tom webb"]);
        assert_eq!(candidates(Side::Originator, &headers, &cells, Slot::Name), ["ann green"]);
    }

    #[test]
    fn a_name_in_two_columns_of_which_one_is_called_just_a_name() {
        for headers in [
            ["name", "surname"],
            ["first_name", "name"],
            ["forename", "name"],
            ["christian_name", "name"],
            ["name", "last_name"],
            ["name", "family_name"],
            ["full_name", "surname"],
            ["NAME1", "NAME2"],
            ["customer_name_1", "customer_name_2"],
            ["contact_name", "surname"],
            ["mother_name", "mother_surname"],
            ["patient_forename", "patient_name"],
        ] {
            let of = |side, cells: &[&str]| candidates(side, &headers, cells, Slot::Name);
            for cells in [["Ann", "Green"], ["Green", "Ann"]] {
                assert!(of(Side::Recipient, &cells).contains(&"ann green".to_owned()), "{headers:?}");
                assert_eq!(of(Side::Originator, &cells), ["ann green"], "{headers:?}");
            }
            let found = of(Side::Recipient, &["Jörg Peter", "Mc Donald"]);
            for name in ["donald jorg mc peter", "jorg mcdonald", "donald joerg mc peter"] {
                assert!(found.iter().any(|found| found == name), "{headers:?}: {name} is not in {found:?}");
            }
        }
        // What repeats the other column adds nothing.
        for side in [Side::Originator, Side::Recipient] {
            let found = candidates(side, &["full_name", "surname"], &["Ann Green", "Green"], Slot::Name);
            assert!(found.contains(&"ann green".to_owned()) && found.len() <= 2, "{found:?}");
        }
        let three = ["first_name", "last_name", "name"];
        assert_eq!(candidates(Side::Recipient, &three, &["Ann", "Green", "Ann Green"], Slot::Name), ["ann green"]);
        assert_eq!(candidates(Side::Originator, &three, &["Ann", "Green", "Green Ltd"], Slot::Name), ["ann green"]);
        // Three columns of one name, and a name whose half is of somebody else.
        let parts = candidates(Side::Recipient, &["name1", "name2", "name3"], &["Ann", "Marie", "Green"], Slot::Name);
        assert!(parts.contains(&"ann green marie".to_owned()), "{parts:?}");
        let others = ["name", "child_surname"];
        assert_eq!(candidates(Side::Originator, &others, &["Ann Green", "Webb"], Slot::Name), ["ann green"]);
        assert!(candidates(Side::Recipient, &others, &["Ann", "Green"], Slot::Name).contains(&"ann green".to_owned()));
        let many: Vec<String> = (0..40).map(|number| format!("name_{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let cells = ["a b"; 40];
        candidates(Side::Recipient, &many, &cells, Slot::Name);
    }

    #[test]
    fn longer_names_are_candidates_by_pairs_on_the_recipients_side_only() {
        let found = candidates(Side::Recipient, &["full_name"], &["GREEN, Ann Marie"], Slot::Name);
        for name in ["ann green marie", "ann green", "ann marie", "green marie"] {
            assert!(found.iter().any(|found| found == name), "{name}");
        }
        assert_eq!(candidates(Side::Originator, &["full_name"], &["GREEN, Ann Marie"], Slot::Name), ["ann green marie"]);
        let parts =
            candidates(Side::Recipient, &["first_name", "middle_name", "last_name"], &["Ann", "Marie", "Green"], Slot::Name);
        assert_eq!(parts, ["ann green", "green marie", "ann green marie"]);
    }

    #[test]
    fn names_of_two_words_are_candidates_as_one_on_the_recipients_side_only() {
        let (split, full) = (["first_name", "last_name"], ["full_name"]);
        for (headers, cells, expected) in [
            (&split[..], &["John", "Mc Donald"][..], "john mcdonald"),
            (&split, &["John Patrick", "Mc Donald"], "john mcdonald"),
            (&split, &["John", "O Brien"], "john obrien"),
            (&split, &["Mary-Ann", "De Luca"], "deluca maryann"),
            (&split, &["", "van der Berg"], "vanderberg"),
            (&full, &["John Mc Donald"], "john mcdonald"),
            (&full, &["O BRIEN, John"], "john obrien"),
            (&full, &["Mary Ann Webb"], "maryann webb"),
        ] {
            let found = candidates(Side::Recipient, headers, cells, Slot::Name);
            assert!(found.iter().any(|found| found == expected), "{cells:?}: {found:?}");
            assert_eq!(candidates(Side::Originator, headers, cells, Slot::Name).len(), 1);
        }
        let found = candidates(Side::Recipient, &split, &["Mary Ann", "De Luca"], Slot::Name);
        assert!(found.iter().any(|found| found == "ann de luca mary"), "the form of the originator's side: {found:?}");
        assert_eq!(candidates(Side::Recipient, &split, &["John", "Webb"], Slot::Name), ["john webb"]);
        assert_eq!(candidates(Side::Recipient, &full, &["John Webb"], Slot::Name), ["john webb"]);
        // Beyond so many tokens a cell is no name, and its combinations are not tried.
        let long = candidates(Side::Recipient, &split, &["a1 b2 c3 d4", "e5 f6 g7"], Slot::Name);
        assert_eq!(long.len(), 1);
    }

    #[test]
    fn more_name_columns_than_are_read_together_are_told() {
        let personal = |columns: usize| {
            let headers: Vec<String> = (1..=columns).map(|number| format!("name{number}")).collect();
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let mut batch = RowBatch::default();
            (0..columns).for_each(|_| batch.push_text("Ann"));
            batch.end_row(Locator::None);
            let mapping = infer(headers.iter().copied(), &Profiles::new(columns));
            let mut converter = Converter::new(&mapping, Side::Recipient);
            converter.convert(&batch, &mut RecordBatch::new());
            converter.counts().iter().map(|counts| counts.personal).sum::<u64>()
        };
        assert_eq!((personal(3), personal(12)), (0, 1));
    }

    #[test]
    fn names_are_candidates_in_their_other_spelling_on_the_recipients_side_only() {
        for (cells, expected) in [
            (["Jörg", "Müller"], "joerg mueller"),
            (["Joerg", "Mueller"], "jorg muller"),
            (["John", "O’Brien"], "brien john o"),
            (["Ann Mary", "O&#39;Brien"], "ann brien mary o"),
            (["Ann", "MACDONALD"], "ann donald mac"),
            (["Ann", "St John"], "ann john saint"),
        ] {
            let found = candidates(Side::Recipient, &["first_name", "last_name"], &cells, Slot::Name);
            assert!(found.iter().any(|found| found == expected), "{cells:?}: {found:?}");
            assert_eq!(candidates(Side::Originator, &["first_name", "last_name"], &cells, Slot::Name).len(), 1);
            let full = candidates(Side::Recipient, &["full_name"], &[&cells.join(" ")], Slot::Name);
            assert!(full.iter().any(|found| found == expected), "{cells:?}: {full:?}");
        }
    }

    #[test]
    fn surnames_that_are_placeholders_too_are_found_in_any_case() {
        let split = ["first_name", "last_name"];
        for surname in ["Null", "Na", "Nil", "Nan", "Blank", "Test", "Void", "Missing"] {
            let writings = [
                (&split[..], vec!["Jennifer".to_owned(), surname.to_owned()]),
                (&split, vec!["JENNIFER".to_owned(), surname.to_uppercase()]),
                (&["full_name"], vec![format!("Jennifer {surname}")]),
                (&["full_name"], vec![format!("JENNIFER {}", surname.to_uppercase())]),
                (&["name", "surname"], vec!["JENNIFER".to_owned(), surname.to_uppercase()]),
            ];
            for (headers, cells) in &writings {
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                let supplied = candidates(Side::Originator, headers, &cells, Slot::Name);
                assert_eq!(supplied.len(), 1, "{cells:?}");
                for (headers, cells) in &writings {
                    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                    let found = candidates(Side::Recipient, headers, &cells, Slot::Name);
                    assert!(found.contains(&supplied[0]), "{supplied:?} is not in {found:?} of {cells:?}");
                }
            }
        }
        assert!(candidates(Side::Recipient, &split, &["NULL", "NULL"], Slot::Name).is_empty());
    }

    #[test]
    fn cells_are_taken_for_what_they_look_like_in_columns_that_take_anything() {
        let phone = candidates(Side::Recipient, &["contact_no"], &["07700 900123"], Slot::Phone);
        assert_eq!(phone, ["7700900123"]);
        assert_eq!(candidates(Side::Recipient, &["ref"], &["a@example.com"], Slot::Email), ["a@example.com"]);
        assert_eq!(candidates(Side::Recipient, &["city"], &["Leeds LS2 4AH"], Slot::Postcode), ["LS24AH"]);
        assert_eq!(candidates(Side::Recipient, &["address"], &["12 High Street, Leeds LS2 4AH"], Slot::Postcode), ["LS24AH"]);
        assert!(candidates(Side::Originator, &["ref"], &["a@example.com"], Slot::Email).is_empty());
    }

    #[test]
    fn any_date_of_a_recipient_is_tried_in_every_role() {
        let headers = ["created_at", "dob"];
        let cells = ["2017-05-13", "1980-02-28"];
        assert_eq!(candidates(Side::Recipient, &headers, &cells, Slot::Birth), ["20170513", "19800228"]);
        assert_eq!(candidates(Side::Recipient, &headers, &cells, Slot::Child), ["20170513", "19800228"]);
        assert_eq!(candidates(Side::Originator, &headers, &cells, Slot::Birth), ["19800228"]);
        assert!(candidates(Side::Originator, &headers, &cells, Slot::Child).is_empty());
    }

    #[test]
    fn the_days_of_a_row_are_counted() {
        let days = |headers: &[&str], cells: &[&str]| {
            let days = converted(Side::Recipient, headers, cells).1.days()[0];
            (days.cells, days.is_unread)
        };
        assert_eq!(days(&["dob", "child_dob"], &["04/05/1990", "2014-10-13"]), (2, false));
        assert_eq!(days(&["dob", "child_dob"], &["04/05/1990", "13 listopada 2014"]), (1, true));
        assert_eq!(days(&["dob", "child_dob"], &["04/05/1990", "n/a"]), (1, false));
        // No day of a life is unread where the column says that it holds others.
        assert_eq!(days(&["created_at"], &["13 listopada 2014"]), (0, false));
        assert_eq!(days(&["dob"], &[&"x".repeat(LONGEST_FIELD + 1)]), (0, true));
    }

    #[test]
    fn bare_numbers_can_be_days() {
        for (cell, day) in
            [("19800228", "19800228"), ("320544000", "19800228"), ("-157766400", "19650101"), ("1494633600", "20170513")]
        {
            let found = candidates(Side::Recipient, &["created"], &[cell], Slot::Birth);
            assert!(found.iter().any(|found| found == day), "{cell}: {found:?}");
        }
        assert!(candidates(Side::Recipient, &["created"], &["1234"], Slot::Birth).is_empty());
    }

    #[test]
    fn what_text_holds_is_looked_for() {
        let (records, converter) =
            converted(Side::Recipient, &["notes"], &["wrote to a@example.com again, +44 7700 900123, LS1 4AB"]);
        for slot in [Slot::Email, Slot::Phone, Slot::Postcode, Slot::Name] {
            assert!(records.candidates(slot, 0).count() > 0, "{slot:?}");
        }
        assert_eq!(converter.counts()[0].personal, 0);
        assert!(converter.personal_rows()[0]);
    }

    #[test]
    fn an_address_that_decodes_by_chance_is_an_address() {
        let headers = ["first_name", "surname", "email"];
        // The letters before the sign are base64 of twelve readable signs.
        let cells = ["Fiona", "Mckay", "fionamckay495563@inbox.example.net"];
        assert_eq!(candidates(Side::Recipient, &headers, &cells, Slot::Name), ["fiona mckay"]);
        let hidden = ["", "", "YW5uLmxlZUBtYWlsLmV4YW1wbGU"];
        assert!(candidates(Side::Recipient, &headers, &hidden, Slot::Email).contains(&"ann.lee@mail.example".to_owned()));
    }

    #[test]
    fn words_beside_a_persons_columns_are_no_names() {
        let headers = ["first_name", "surname", "postcode", "status"];
        let names = |status: &str| candidates(Side::Recipient, &headers, &["Ann", "Lee", "LS1 4AB", status], Slot::Name);
        assert_eq!(names("on hold for now"), ["ann lee"]);
        assert!(names("for Bob Ray, 1980-02-03").contains(&"bob ray".to_owned()));
    }

    #[test]
    fn somebody_else_in_a_cell_of_the_row_is_looked_for() {
        let headers = ["name", "address", "postcode", "dob"];
        let found = |cells: [&str; 4], slot| candidates(Side::Recipient, &headers, &cells, slot);
        let day = ["Ann Lee 17/03/1964", "1 High Street", "LS1 4AB", "1980-02-03"];
        assert!(
            found(day, Slot::Name).contains(&"ann lee".to_owned()) && found(day, Slot::Birth).contains(&"19640317".to_owned())
        );
        let care = ["Ann Lee", "c/o Bob Ray, 13 Mill Road, Leeds", "LS1 4AB", "1980-02-03"];
        assert!(
            found(care, Slot::Name).contains(&"bob ray".to_owned()) && found(care, Slot::Address).contains(&"13|mill".to_owned())
        );
    }

    #[test]
    fn what_is_too_long_for_a_field_is_named() {
        let long = "&".repeat(LONGEST_FIELD + 1);
        for header in ["full_name", "email", "dob", "address"] {
            let (_, converter) = converted(Side::Recipient, &[header], &[&long]);
            assert_eq!((converter.counts()[0].unreadable, converter.counts()[0].personal), (1, 1), "{header}");
        }
    }

    #[test]
    fn a_long_address_is_read_as_text() {
        let long = "note ".repeat(MOST_ADDRESS_WORDS + 1) + "13 High Street";
        let (_, converter) = converted(Side::Recipient, &["address"], &[&long]);
        assert_eq!(converter.counts()[0].personal, 0);
        assert!(candidates(Side::Recipient, &["address"], &[&long], Slot::Address).contains(&"13|high".to_owned()));
        let long = "note ".repeat(MOST_ADDRESS_WORDS + 1);
        let (_, converter) = converted(Side::Recipient, &["address"], &[&long]);
        assert_eq!(converter.counts()[0].personal, 1, "nothing of it is an address");
    }

    #[test]
    fn cells_beyond_the_last_column_are_read_as_text() {
        let mapping = infer(["id"], &Profiles::default());
        let mut rows = RowBatch::default();
        for cell in ["1", "plain", "a@example.com"] {
            rows.push_text(cell);
        }
        rows.end_row(Locator::None);
        let mut converter = Converter::new(&mapping, Side::Recipient);
        let mut records = RecordBatch::new();
        converter.convert(&rows, &mut records);
        assert_eq!((converter.overflow(), records.candidates(Slot::Email, 0).count()), (0, 1));
    }

    #[test]
    fn a_house_is_named_beside_its_street() {
        let found = candidates(Side::Recipient, &["house_name", "street"], &["Ivy House", "Garden Road"], Slot::Address);
        assert!(found.contains(&"|ivy".to_owned()) && found.contains(&"|gard".to_owned()), "{found:?}");
    }

    #[test]
    fn a_day_in_three_columns_is_one() {
        let headers = ["dob_day", "dob_month", "dob_year"];
        for cells in [["4", "5", "1990"], ["04", "May", "1990"], ["4.0", "5.0", "1990.0"]] {
            for side in [Side::Originator, Side::Recipient] {
                assert_eq!(candidates(side, &headers, &cells, Slot::Birth), ["19900504"], "{cells:?}");
            }
            let (_, converter) = converted(Side::Recipient, &headers, &cells);
            assert_eq!(converter.days(), [Days { cells: 1, births: 1, is_unread: false }]);
        }
        assert_eq!(candidates(Side::Recipient, &headers, &["4", "5", "90"], Slot::Birth), ["19900504", "20900504"]);
        assert_eq!(candidates(Side::Originator, &headers, &["4", "5", "90"], Slot::Birth), ["19900504"]);
        // What holds a whole day is one.
        assert_eq!(candidates(Side::Recipient, &headers, &["1990-05-04", "", ""], Slot::Birth), ["19900504"]);
        for cells in [["", "", "1990"], ["31", "2", "1990"], ["?", "May", "1990"]] {
            let (_, converter) = converted(Side::Recipient, &headers, &cells);
            assert!(converter.days()[0].is_unread && converter.unreadable_rows()[0], "{cells:?}");
        }
        let (_, converter) = converted(Side::Recipient, &headers, &["", "", "0"]);
        assert!(!converter.days()[0].is_unread);
    }

    #[test]
    fn a_particle_is_tried_as_one_with_what_follows() {
        let found = |family| candidates(Side::Recipient, &["first_name", "last_name"], &["Ann", family], Slot::Name);
        assert!(found("Mc Allister-Moss").contains(&"ann mcallister moss".to_owned()));
        assert!(found("Mc Allister-Mc Donald").contains(&"ann mcallister mcdonald".to_owned()));
        assert!(found("O Neill Van Dyke").contains(&"ann dyke oneill van".to_owned()));
        assert!(found("de la Cruz Vega").contains(&"ann delacruz vega".to_owned()));
        assert_eq!(found("Moss").len(), 1);
    }
}
