//! Text of a row: what stands in cells that are no single field, read for values and names wherever they are.
//!
//! All such cells of a row are one text, in the order of the columns. Escapes are undone, values with a form of their own are found
//! ([`within`]), and what stands behind a label (`"surname": …`, `dob=…`, `<phone>…`) is read as what the label says. Names have no form: any
//! two words may be one, so words are paired, near ones in long texts and all in short ones.

mod idle;
mod label;
mod pair;

use crate::intake::text::idle::Idle;
use crate::intake::text::label::Labels;
use crate::intake::text::pair::Pairs;
use crate::intake::text::pair::Place;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::normalize::escape;
use crate::record::normalize::within;
use crate::record::normalize::within::BORDER;
use crate::record::normalize::within::Word;
use std::fmt;

/// Values of one slot that are taken from the text of one row.
const MOST_VALUES: usize = 64;

/// Bytes of a cell that holds a value and no more.
const LONGEST_LONE: usize = 40;

/// The text of one row. Memory is kept from row to row.
#[derive(Clone, Default)]
pub(super) struct TextReader {
    text: String,
    cells: Vec<Cell>,
    /// Of each column up to the last that was added, the number of its cell.
    places: Vec<Option<usize>>,
    words: Vec<Word>,
    labels: Labels,
    pairs: Pairs,
    idle: Idle,
    /// Whether every cell is one of words that say nothing, as [`Idle`] tells.
    is_idle: bool,
}

/// Says how many cells there are and nothing of what they hold.
impl fmt::Debug for TextReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TextReader").field("cells", &self.cells.len()).finish_non_exhaustive()
    }
}

/// A set of slots, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots(u16);

impl Slots {
    fn insert(&mut self, slot: Slot) {
        self.0 |= 1 << slot.index();
    }

    /// The slots of some atoms or values.
    pub(crate) fn of(slots: impl Iterator<Item = Slot>) -> Slots {
        let mut all = Slots::default();
        slots.for_each(|slot| all.insert(slot));
        all
    }

    /// Whether there is a slot that both have.
    pub(crate) fn meets(self, other: Slots) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a slot is one of them.
    pub(crate) fn has(self, slot: Slot) -> bool {
        self.0 & (1 << slot.index()) != 0
    }
}

/// One cell within the text.
#[derive(Clone, Copy, Debug)]
struct Cell {
    column: usize,
    end: usize,
    /// Its words are names.
    holds_names: bool,
    /// Where the words end that may be names, if it is a field that seems to begin with somebody's name.
    names_end: Option<usize>,
    /// What it was read as already, where it is a field.
    field: Option<Kind>,
    /// The slots of which it holds a value.
    found: Slots,
}

/// What became of a row's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Whether it names or reaches somebody: a way to write or to call, a postcode, or what is said to be a name.
    pub(super) tells_person: bool,
    /// Days in it.
    pub(super) days: u32,
    /// The slots of which the row has only what may be something else just as well, a bit each: any number before a word is an address.
    pub(super) guesses: Slots,
    /// The slots with a value that the text gave.
    pub(super) given: Slots,
    /// Whether it holds more than is tried.
    pub(super) is_capped: bool,
}

impl TextReader {
    /// Begins a row.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.places.clear();
        self.is_idle = true;
    }

    /// Whether a cell is one of words that say nothing.
    pub(super) fn is_idle(&mut self, cell: &str) -> bool {
        self.idle.is_one(cell)
    }

    /// Adds a cell, if it is one of words that say nothing. Says whether it is.
    pub(super) fn add_idle(&mut self, column: usize, cell: &str) -> bool {
        let is_one = self.is_idle(cell);
        if is_one {
            let is_idle = self.is_idle;
            self.add_seen(column, false, None, |text| text.push_str(cell));
            self.is_idle = is_idle;
        }
        is_one
    }

    /// Adds a cell.
    pub(super) fn add(&mut self, column: usize, cell: &str, holds_names: bool) {
        self.add_beside(column, cell, holds_names, None);
    }

    /// Adds a cell that was read as a field already, beside which it may hold something else. What is added again without one holds anything.
    pub(super) fn add_beside(&mut self, column: usize, cell: &str, holds_names: bool, field: Option<Kind>) {
        if let Some(place) = self.place(column) {
            self.is_idle = false;
            let known = &mut self.cells[place];
            known.holds_names |= holds_names;
            known.names_end = None;
            known.field = known.field.and(field);
            return;
        }
        if !cell.is_empty() {
            self.add_seen(column, holds_names, field, |text| escape::push_seen(&escape::decoded(cell), text));
        }
    }

    /// Adds a cell whose text is pushed by `push`.
    fn add_seen(&mut self, column: usize, holds_names: bool, field: Option<Kind>, push: impl FnOnce(&mut String)) {
        self.is_idle = false;
        if self.places.len() <= column {
            self.places.resize(column + 1, None);
        }
        self.places[column] = Some(self.cells.len());
        if !self.text.is_empty() {
            self.text.push(BORDER);
        }
        push(&mut self.text);
        let end = self.text.len();
        self.cells.push(Cell { column, end, names_end: None, holds_names, field, found: Slots::default() });
    }

    /// As [`TextReader::add_beside`], for a cell that may name somebody, but in its first bytes alone.
    pub(super) fn add_ahead(&mut self, column: usize, cell: &str, bytes: usize, field: Option<Kind>) {
        if self.place(column).is_some() {
            return;
        }
        self.add_beside(column, cell, false, field);
        let start = self.text.len().saturating_sub(cell.len());
        if let Some(added) = self.cells.last_mut().filter(|added| added.column == column) {
            // What was escaped is looked at as a whole.
            added.names_end = Some(if self.text[..added.end].ends_with(cell) { start + bytes } else { added.end });
        }
    }

    /// The number of a column's cell, if it was added.
    fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }

    /// Reads what was added into the row that is being built. `records` has its other values already.
    pub(super) fn read(&mut self, records: &mut RecordBatch) -> Said {
        let mut said = Said::default();
        if self.cells.is_empty() {
            return said;
        }
        let TextReader { text, cells, words, labels, pairs, .. } = self;
        let has_name = records.has_open(Slot::Name);
        if self.is_idle && has_name {
            // Nothing is found in such text, and its words are no names beside a name.
            words.clear();
            labels.clear();
            said.guesses = Slots::of(Slot::ALL.into_iter().filter(|slot| !records.has_open(*slot)));
            return said;
        }
        within::words(text, words);
        let mut known = Slots::default();
        Slot::ALL.into_iter().filter(|slot| records.has_open(*slot)).for_each(|slot| known.insert(slot));
        let mut tells_other = false;
        let mut counts = [0_usize; Slot::COUNT];
        let mut take = |slot: Slot, value: &str, start: usize, is_plain: bool, is_house: bool| {
            let (mut is_known, mut is_ahead) = (false, false);
            if let Some(cell) = cell_at(cells, start).and_then(|cell| cells.get_mut(cell)) {
                cell.found.insert(slot);
                is_known = cell.field == Some(slot.kind());
                is_ahead = cell.names_end.is_some();
            }
            if is_known && !is_plain {
                // What is read as a field is read by its own rules, and not as what any number or word may be.
                return;
            }
            counts[slot.index()] += 1;
            if counts[slot.index()] > MOST_VALUES {
                said.is_capped = true;
                return;
            }
            // Somebody else than the row's own person may be told of, unless the place is for what every row has.
            tells_other |= (is_plain || is_house) && !is_ahead;
            said.tells_person |= is_plain && matches!(slot, Slot::Email | Slot::Phone | Slot::Postcode);
            for slot in [slot, if slot == Slot::Birth { Slot::Child } else { slot }] {
                if is_plain {
                    known.insert(slot);
                }
                said.given.insert(slot);
                records.push(slot, value);
            }
            said.days += u32::from(is_plain && slot == Slot::Birth && !is_known);
        };
        // What a label announces comes first: it is the likeliest where there is more than is tried.
        labels.read(text, words, &mut |slot, value, start| take(slot, value, start, true, false));
        within::find(text, words, &|word| labels.is_label(word), &mut |found| {
            // What is announced as something else is no more than that, unless it has a form of its own.
            if found.is_plain || !labels.has_announced(found.start) {
                take(found.slot, found.value, found.start, found.is_plain, found.is_house);
            }
        });
        pairs.gather(text, words, |word| {
            let start = words[word].start;
            let is_name = labels.is_name(word);
            if labels.is_label(word) || !is_name && labels.is_nameless(start) {
                return None;
            }
            let cell = cell_at(cells, start).filter(|cell| cells[*cell].names_end.is_none_or(|end| start < end))?;
            Some(Place { cell, is_named: is_name || cells[cell].holds_names, is_field: cells[cell].field.is_some() })
        });
        for cell in pairs.cells() {
            if let Some(cell) = cells.get_mut(cell) {
                cell.found.insert(Slot::Name);
            }
        }
        said.tells_person |= pairs.has_named();
        Slot::ALL.into_iter().filter(|slot| !known.has(*slot)).for_each(|slot| said.guesses.insert(slot));
        if !has_name {
            // Words are all that a name can be told by.
            said.guesses.0 &= !(1 << Slot::Name.index());
        }
        let has_other = Slot::ALL.into_iter().any(|slot| !matches!(slot, Slot::Name | Slot::Digest) && records.has_open(slot));
        let is_open = !has_name || tells_other || pairs.has_named();
        if !is_open {
            pairs.keep(|cell| cells[cell].names_end.is_some());
        }
        if has_other && (is_open || !pairs.is_empty()) {
            said.given.insert(Slot::Name);
            said.is_capped |= pairs.push(records);
        }
        said
    }

    /// Whether a cell of this column was read, and a value of this kind found in it.
    pub(super) fn has_found(&self, column: usize, kind: Kind) -> bool {
        let slot = match kind {
            Kind::Name => Slot::Name,
            Kind::Date => Slot::Birth,
            Kind::Postcode => Slot::Postcode,
            Kind::Address => Slot::Address,
            Kind::Email => Slot::Email,
            Kind::Phone => Slot::Phone,
            Kind::Identifier => Slot::Identifier,
        };
        self.place(column).is_some_and(|place| self.cells[place].found.has(slot))
    }

    /// Whether a cell of the row is the name of a day of birth or of a postcode, and another is that day or postcode and no more: an attribute with
    /// its value, as in tables in which a person has many rows.
    pub(super) fn holds_attribute(&mut self, row: &[Option<&str>]) -> bool {
        let mut start = 0;
        let mut lone = Slots::default();
        for cell in &self.cells {
            if cell.end - start <= LONGEST_LONE {
                lone.0 |= cell.found.0;
            }
            start = cell.end;
        }
        if !lone.has(Slot::Birth) && !lone.has(Slot::Postcode) {
            return false;
        }
        row.iter().flatten().filter_map(|cell| self.labels.field(cell)).any(|field| match (field.kind, field.role) {
            (Kind::Date, Role::Birth | Role::Child) => lone.has(Slot::Birth),
            (Kind::Postcode, _) => lone.has(Slot::Postcode),
            _ => false,
        })
    }

    /// The columns in whose cells a label says that something of a person follows, which was not understood.
    pub(super) fn misread(&self) -> impl Iterator<Item = usize> {
        self.labels.misread().filter_map(|start| Some(self.cells[cell_at(&self.cells, start)?].column))
    }
}

/// The number of the cell that an offset lies in.
fn cell_at(cells: &[Cell], offset: usize) -> Option<usize> {
    let at = cells.partition_point(|cell| cell.end <= offset);
    (at < cells.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the text of these cells yields of a slot, the cells that hold names marked with a star.
    fn read(cells: &[&str], slot: Slot) -> Vec<String> {
        let (records, _, _) = reader(cells);
        records.candidates(slot, 0).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }

    fn reader(cells: &[&str]) -> (RecordBatch, Said, TextReader) {
        let mut reader = TextReader::default();
        for (column, cell) in cells.iter().enumerate() {
            reader.add(column, cell.trim_start_matches('*'), cell.starts_with('*'));
        }
        let mut records = RecordBatch::new();
        let said = reader.read(&mut records);
        records.end_row();
        (records, said, reader)
    }

    fn names(cells: &[&str]) -> Vec<String> {
        read(cells, Slot::Name)
    }

    #[test]
    fn words_are_paired_where_something_else_is_known() {
        assert!(names(&["Spoke to Ann Lee"]).is_empty());
        let text = ["Spoke to Mrs Ann Green of 13 High Street, Leeds LS1 4AB, born 3 Feb 1980"];
        assert!(names(&text).contains(&"ann green".to_owned()));
        assert_eq!(read(&text, Slot::Birth), ["19800203"]);
        assert_eq!(read(&text, Slot::Child), ["19800203"]);
        assert!(read(&text, Slot::Address).contains(&"13|high".to_owned()));
        assert!(read(&text, Slot::Town).contains(&"leeds".to_owned()));
    }

    #[test]
    fn names_of_three_words_and_other_spellings_are_tried() {
        let found = names(&["1980-02-03 Mary Jane Mc Donald"]);
        for name in ["jane mary mcdonald", "mary mcdonald", "donald jane mary"] {
            let name: Vec<&str> = name.split(' ').collect();
            assert!(found.contains(&name.join(" ")) || name.len() == 3, "{name:?} of {found:?}");
        }
        assert!(names(&["1980-02-03 Seán O'Brien"]).contains(&"obrien sean".to_owned()));
        assert!(names(&["1980-02-03 AnnLee"]).contains(&"ann lee".to_owned()));
        assert!(names(&["ＡｎｎＧｒａｙ, Ｌｅｅ １９８０-０２-０３"]).contains(&"gray lee".to_owned()));
        assert_eq!(names(&["1980-02-03 Ann McDonald"]), ["ann mcdonald", "ann donald mc"]);
        assert!(names(&["1980-02-03 Jörg Müller"]).contains(&"joerg mueller".to_owned()));
    }

    #[test]
    fn signs_that_nobody_sees_part_no_words() {
        let text = "rang Ja\u{ad}ck Illing\u{200b}worth, BS15\u{200e} 8RH, 07400\u{202c} 900123";
        assert!(names(&[text]).contains(&"illingworth jack".to_owned()));
        assert_eq!(read(&[text], Slot::Postcode), ["BS158RH"]);
        assert_eq!(read(&[text], Slot::Phone), ["7400900123"]);
        assert!(names(&["José Müller 1980-02-03"]).contains(&"jose muller".to_owned()));
    }

    #[test]
    fn labels_say_what_follows() {
        for text in [
            r#"{"surname":"Lee","address":{"line":"1 Old Mill Road, by the church"},"dob":"1980-02-03","colour":"red and blue and a little green too, all over it","first_name":"Ann"}"#,
            r#"{"body":"{\"surname\":\"Lee\",\"x\":\"one two three four five six seven eight nine ten eleven twelve\",\"dob\":\"1980-02-03\",\"first_name\":\"Ann\"}"}"#,
            "first_name=Ann level=info message=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o surname=Lee dob=1980-02-03 one two three four five six seven eight",
            "<r><surname>Lee</surname><p>one two three four five six seven eight nine ten eleven twelve thirteen</p><dob>1980-02-03</dob><firstName>Ann</firstName></r>",
            r#""surname"=>"Lee", "text"=>"one two three four five six seven eight nine ten eleven twelve thirteen", "dob"=>"1980-02-03", "firstname"=>"Ann""#,
        ] {
            let found = names(&[text]);
            assert!(found.contains(&"ann lee".to_owned()), "{text}: {found:?}");
            assert_eq!(read(&[text], Slot::Birth), ["19800203"], "{text}");
            assert!(found.iter().all(|name| !name.contains("surname")), "{text}: {found:?}");
        }
        assert!(read(&[r#"{"date_of_birth":"29254"}"#], Slot::Birth).contains(&"19800203".to_owned()));
        assert!(read(&[r#"{"zip":"02119-1234"}"#], Slot::Postcode).contains(&"021191234".to_owned()));
        assert_eq!(read(&["customer_no: AB-12/3"], Slot::Identifier), ["AB123"]);
        assert!(read(&[r#"{"city":"Leeds","n":1}"#], Slot::Town).contains(&"leeds".to_owned()));
    }

    #[test]
    fn a_name_behind_another_label_is_a_name() {
        for text in [
            "level=info id=42 user Ann Lee postcode LS1 4AB dob 03/02/1980 and so on for many more words than are paired at once, to the end",
            r#"{"address":"Mrs Ann Lee, 12 High Street, Leeds","dob":"1980-02-03","ref":"one two three four five six seven eight nine ten eleven twelve"}"#,
            r#"{"ref":"42 for Ann Lee, LS1 4AB, and one two three four five six seven eight nine ten eleven twelve thirteen"}"#,
            "postcode=one of Ann Lee of Leeds LS1 4AB; one two three four five six seven eight nine ten eleven twelve",
        ] {
            assert!(names(&[text]).contains(&"ann lee".to_owned()), "{text}: {:?}", names(&[text]));
        }
        let town = r#"{"name":"Ann Lee","town":"Stoke on Trent","postcode":"ST4 1AA"}"#;
        assert!(!names(&[town]).contains(&"stoke trent".to_owned()), "a town is no name");
    }

    #[test]
    fn what_a_label_announces_and_is_not_understood_is_named() {
        let misread = |text: &str| reader(&["", text]).2.misread().collect::<Vec<_>>();
        assert_eq!(misread(r#"{"dob":"a long time ago"}"#), [1]);
        assert_eq!(misread(r#"{"email":"7b1f0c5e"}"#), [1]);
        assert_eq!(misread(r#"{"surname":"4711"}"#), [1]);
        assert!(misread(r#"{"dob":null,"email":"","phone":"n/a","surname":"Lee","id":"???"}"#).is_empty());
        assert!(misread("Phone: see below").is_empty());
    }

    #[test]
    fn cells_of_names_are_paired_across_a_long_row() {
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen";
        assert!(names(&["*Ann", long, "*Lee", "1980-02-03"]).contains(&"ann lee".to_owned()));
        assert!(names(&["Ann", long, "Lee", "1980-02-03"]).contains(&"ann lee".to_owned()), "short cells");
        let (_, said, _) = reader(&["*Ann", "1980-02-03"]);
        assert!(said.tells_person);
        assert_eq!(said.days, 1);
    }

    #[test]
    fn a_half_name_of_a_column_and_half_of_text_are_one() {
        let mut reader = TextReader::default();
        reader.add(0, "Ann", true);
        let mut records = RecordBatch::new();
        records.push(Slot::Name, "lee");
        records.push(Slot::Birth, "19800203");
        reader.read(&mut records);
        records.end_row();
        assert!(records.candidates(Slot::Name, 0).any(|name| name == b"ann lee"));
    }

    #[test]
    fn somebody_else_beside_the_row_s_own_name_is_looked_for_where_a_house_is_told() {
        let names = |note: &str| {
            let mut reader = TextReader::default();
            reader.add(4, note, false);
            let mut records = RecordBatch::new();
            records.push(Slot::Name, "bob ray");
            records.push(Slot::Postcode, "LS14AB");
            reader.read(&mut records);
            records.end_row();
            records.candidates(Slot::Name, 0).filter(|name| *name == b"ann lee").count()
        };
        for note in [
            "parcel for Ann Lee, 12 High Street, Leeds",
            "ann lee, 12 high street",
            "Ann Lee of 12 Kingsway",
            "Ann Lee, 1980-02-03",
        ] {
            assert_eq!(names(note), 1, "{note}");
        }
        for note in ["rang Ann Lee 3 times", "Ann Lee on 10 July", "Ann Lee", "Ann Lee said 5. Nothing more"] {
            assert_eq!(names(note), 0, "{note}");
        }
    }

    #[test]
    fn of_a_field_that_begins_with_a_name_no_more_is_paired() {
        let mut reader = TextReader::default();
        reader.add(3, "no Smith here", false);
        reader.add_ahead(2, "Ann Lee, 12 High Street, Little Marlow LS1 4AB", 9, Some(Kind::Address));
        let mut records = RecordBatch::new();
        records.push(Slot::Name, "bob ray");
        reader.read(&mut records);
        records.end_row();
        let found: Vec<&[u8]> = records.candidates(Slot::Name, 0).collect();
        assert_eq!(found, [&b"bob ray"[..], b"ann lee"]);
        assert!(records.candidates(Slot::Postcode, 0).any(|code| code == b"LS14AB"));
    }

    #[test]
    fn more_than_is_tried_is_said() {
        let word = |number: usize| "abcdefghij".chars().cycle().skip(number).take(5 + number / 10).collect::<String>();
        let words: Vec<String> = (0..300).map(word).collect();
        assert!(reader(&[&format!("1980-02-03 {} ", words.join(" ").repeat(7))]).1.is_capped);
        let days: Vec<String> = (1..99).map(|day| format!("19{day:02}-01-01")).collect();
        assert!(reader(&[&days.join(" ")]).1.is_capped);
        assert!(!reader(&["1980-02-03 Ann Green"]).1.is_capped);
    }

    #[test]
    fn a_cell_is_known_by_what_was_found_in_it() {
        let (_, _, reader) = reader(&["a@example.com", "Ann Green", "1980-02-03"]);
        assert!(reader.has_found(0, Kind::Email) && !reader.has_found(1, Kind::Email));
        assert!(reader.has_found(1, Kind::Name) && reader.has_found(2, Kind::Date) && !reader.has_found(9, Kind::Date));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), marked in "[{}<>\":=a-dO'é 0-9,/;&%\\\\-]{0,60}") {
            reader(&[&text, &marked]);
            reader(&[&format!("*{marked}"), &text]);
        }
    }
}
