//! The quick way through cells of ordinary shape, which most cells are: what the long way would find is known from the shape alone.
//!
//! Each shape is one of which the normaliser says what it comes to, and of which nothing else is true that the long way looks for: it is no list, no
//! digest, no text in armour and nothing opaque, and looks like nothing that its column is not read as. Whatever is not of such a shape goes the
//! long way, and tests hold both ways against each other.

use super::Converter;
use super::Digests;
use super::Side;
use super::Step;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::date;
use crate::record::normalize::email;
use crate::record::normalize::identifier;
use crate::record::normalize::name;
use crate::record::normalize::phone;
use crate::record::normalize::postcode;

/// What the quick way knows of a table: which columns are read together, and alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quick {
    /// Whether any cell is looked at.
    is_on: bool,
    /// The columns of the one person whom the table names: given name and family name, or one column twice.
    person: Option<(usize, usize)>,
    /// The only column of the address.
    address: Option<usize>,
    /// The columns of the row at work that are of a shape that [`Converter::names`] and [`Converter::address`] read quickly, a bit each.
    ready: u64,
}

impl Quick {
    /// Forgets the row before.
    pub(super) fn clear(&mut self) {
        self.ready = 0;
    }

    fn is_ready(&self, index: usize) -> bool {
        index < 64 && self.ready >> index & 1 == 1
    }
}

impl Converter {
    /// With the quick way open, where the table has one.
    pub(super) fn with_quick(mut self) -> Converter {
        let person = match &self.people[..] {
            [person] if person.middle.is_empty() && self.joins.is_empty() => {
                match (&person.given[..], &person.family[..], &person.full[..]) {
                    ([given], [family], []) => Some((*given, *family)),
                    ([], [], [full]) => Some((*full, *full)),
                    _ => None,
                }
            }
            _ => None,
        };
        let address = if let [only] = self.address[..] { Some(only) } else { None };
        self.quick = Quick { is_on: !self.is_deep, person, address, ready: 0 };
        self
    }

    /// With the quick way closed.
    #[cfg(test)]
    pub(crate) fn without_quick(self) -> Converter {
        Converter { quick: Quick::default(), ..self }
    }

    /// Reads a cell, if it is of an ordinary shape. Says whether it was.
    pub(super) fn quick_cell(&mut self, index: usize, step: Step, cell: &str, records: &mut RecordBatch) -> bool {
        if !self.quick.is_on {
            return false;
        }
        let scratch = &mut self.scratch;
        let slot = match step {
            Step::Email if self.digests == Digests::OfEmails => return false,
            Step::Email if email::quick(cell, scratch) => Slot::Email,
            Step::Phone if phone::quick(cell, scratch) => Slot::Phone,
            Step::Postcode if postcode::quick(cell, scratch) => Slot::Postcode,
            Step::Town if address::quick_town(cell, scratch) => Slot::Town,
            Step::Identifier if identifier::quick(cell, scratch) => Slot::Identifier,
            Step::Date { slot, order, is_birth } => {
                let slots = match self.side {
                    Side::Originator => [slot, None],
                    Side::Recipient => [Some(Slot::Birth), Some(Slot::Child)],
                };
                let reading = date::quick(cell, order, |date| {
                    slots.into_iter().flatten().for_each(|slot| records.push_bytes(slot, &date.digits()));
                });
                let Some(reading) = reading.filter(|reading| *reading != Reading::Unreadable) else { return false };
                self.days.cells += u32::from(reading == Reading::Value);
                self.days.births += u32::from(is_birth && reading == Reading::Value);
                return self.count_quick(index, reading);
            }
            Step::Joined(Kind::Name) => {
                let words = if self.quick.person == Some((index, index)) { 2 } else { 1 };
                let is_one = index < 64 && name::quick_words(cell).is_some_and(|count| count <= words);
                self.quick.ready |= u64::from(is_one) << (index & 63);
                return is_one;
            }
            Step::Joined(Kind::Address) => {
                let is_one = index < 64 && self.quick.address == Some(index) && address::quick(cell, scratch);
                if is_one {
                    records.push(Slot::Address, scratch);
                    self.quick.ready |= 1 << index;
                }
                return is_one;
            }
            Step::Watched { holds_names: false } => {
                let is_idle = match self.side {
                    Side::Originator => self.text.is_idle(cell),
                    Side::Recipient => self.text.add_idle(index, cell),
                };
                self.counts[index].filled += u64::from(is_idle);
                return is_idle;
            }
            Step::Skipped => return true,
            _ => return false,
        };
        records.push(slot, &self.scratch);
        self.count_quick(index, Reading::Value)
    }

    fn count_quick(&mut self, index: usize, reading: Reading) -> bool {
        self.count(index, reading);
        true
    }

    /// Reads the names of a row, if they are of an ordinary shape. Says whether they were.
    pub(super) fn quick_names(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        let Some((given, family)) = self.quick.person else { return false };
        if !self.quick.is_ready(given) || !self.quick.is_ready(family) {
            return false;
        }
        let cell = |index: usize| cells.get(index).copied().flatten().unwrap_or("");
        let is_whole = given == family;
        let (first, second) =
            if is_whole { cell(given).split_once(' ').unwrap_or((cell(given), "")) } else { (cell(given), cell(family)) };
        name::join(first, second, &mut self.scratch);
        records.push(Slot::Name, &self.scratch);
        self.count(given, Reading::Value);
        if !is_whole {
            self.count(family, Reading::Value);
        }
        true
    }

    /// Counts the address of a row, if it was of an ordinary shape. Says whether it was.
    pub(super) fn quick_address(&mut self) -> bool {
        let Some(index) = self.quick.address.filter(|index| self.quick.is_ready(*index)) else { return false };
        self.count_quick(index, Reading::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::infer::infer;
    use crate::intake::profile::Profiles;
    use crate::source::Locator;
    use crate::source::RowBatch;
    use proptest::prelude::*;

    /// What a conversion came to: the candidates of each row and slot, and all that is counted.
    fn outcome(converter: &mut Converter, rows: &RowBatch) -> (Vec<Vec<String>>, String) {
        let mut records = RecordBatch::new();
        converter.convert(rows, &mut records);
        let values = |row: usize, slot: Slot| {
            records.candidates(slot, row).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
        };
        let candidates = (0..rows.rows()).flat_map(|row| Slot::ALL.map(|slot| values(row, slot))).collect();
        let counted = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            converter.counts(),
            (converter.overflow(), converter.capped(), converter.attributes()),
            converter.days(),
            converter.guesses(),
            converter.texts(),
            converter.unreadable_rows(),
            converter.personal_rows(),
        );
        (candidates, counted)
    }

    /// Both ways through a table, row by row and all at once.
    fn assert_same(headers: &[&str], table: &[Vec<String>]) {
        let mapping = infer(headers.iter().copied(), &Profiles::default());
        for (side, hashes_emails) in [(Side::Recipient, false), (Side::Originator, false), (Side::Originator, true)] {
            let mut quick = Converter::new(&mapping, side).with_digests(hashes_emails);
            let mut long = Converter { quick: Quick::default(), ..quick.clone() };
            assert!(quick.quick.is_on);
            for row in table {
                let mut rows = RowBatch::default();
                for cell in row {
                    rows.push_text(cell);
                }
                rows.end_row(Locator::None);
                assert_eq!(outcome(&mut quick, &rows), outcome(&mut long, &rows), "{side:?} {headers:?} {row:?}");
            }
        }
    }

    const HEADERS: [&str; 12] = [
        "customer_no",
        "first_name",
        "last_name",
        "address",
        "town",
        "postcode",
        "email",
        "phone",
        "dob",
        "child_dob",
        "note",
        "status",
    ];

    /// A cell of the shape that its column mostly has, or near it, or of any other column's.
    fn cell(column: usize) -> impl Strategy<Value = String> {
        const SHAPES: [&str; 12] = [
            "[A-Z]{0,4}[0-9]{4,13}|T[0-9]{8}|[a-z]{2}[0-9]{7}",
            "[A-Z]?[a-z]{1,12}|(Mr|Dr|Null|Na|test|Mac|Mc|St|Ann-Marie|Zoe|O'Brien|Bob Ray)( [A-Z][a-z]{1,5})?|[A-Z]{3,9}",
            "[A-Z]?[a-z]{1,12}|(Mc|Mac|O'|St |Saint|Van )[A-Z][a-z]{2,6}|Null|NULL|Lee Lee|[a-zA-Z]{4,8}",
            "[0-9]{1,5}[a-c]? [A-Z][a-z]{2,9}( (Road|St|Lane|Flat|the|Box|Floor|care of))?|(Flat|Unit) [0-9], [0-9]{1,3} [A-Z][a-z]{3,6} Road|[0-9] [BbEeGg][0oOiI][oOiI][A-Z]{2}",
            "[A-Z][a-z]{2,9}( [A-Z][a-z]{2,5})?|Stoke-on-Trent|c/o Ann Lee|Leeds LS1 4AB|care of Bob|-----BEGIN PGP MESSAGE|test",
            "[A-Z]{1,2}[0-9O][0-9A-Z]? ?[0-9O][A-Z]{2}|[a-z]{2}[0-9] ?[0-9][a-z]{2}|ZZ99 [0-9][A-Z]{2}|[0-9]{4,5}",
            "([a-z]{1,8}[._-]?){1,3}[0-9]{0,4}@[a-z]{1,12}[.](com|co[.]uk|csv|org|old|info)|(old|deleted|noreply|test|na|12)[.@-][a-z]{2,5}@(test|na|gmail|lee)[.](com|net)|a[.]b@gmail[.]com|[0-9]{10,12}@x[.]net",
            "0[1-9][0-9]{8,10}|[+](44|20|39|1)[0-9 ]{7,13}|07[0-9]{3} [0-9]{6}|0114 [0-9]{3} [0-9]{4}|(0|1|7){10,11}|[+]4420[0-9]{8}|0[0-9]{7}",
            "[0-3][0-9]/[01][0-9]/(19|20)[0-9]{2}|01/01/1970|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}|31/02/1990",
            "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]|[0-9]{2}[.][0-9]{2}[.][0-9]{4}|00/00/0000",
            "[a-z]{2,9}( [a-z]{2,8}){0,4}[.!]?|paid [0-9]{1,6}|rang Ann Lee, [0-9]{2}/05/1980|dob: 0[1-9]/02/1980|high street|ann at lee dot example|a@b[.]example",
            "(active|on hold|left|new. Was here)|[A-Z][a-z]{3,9}(, [a-z]{2,5}){0,2}|[a-z]{12,16}|[A-Z][a-z]{11,15}",
        ];
        let own = proptest::string::string_regex(SHAPES[column]).unwrap();
        let other = (0..SHAPES.len()).prop_flat_map(|other| proptest::string::string_regex(SHAPES[other]).unwrap());
        prop_oneof![12 => own, 1 => other, 1 => Just(String::new()), 1 => "[ -~]{0,24}", 1 => "\\PC{0,12}"]
    }

    fn row() -> impl Strategy<Value = Vec<String>> {
        (0..HEADERS.len()).map(cell).collect::<Vec<_>>()
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same(table in prop::collection::vec(row(), 1..4)) {
            assert_same(&HEADERS, &table);
        }

        #[test]
        fn both_ways_give_the_same_of_other_tables(
            name in cell(1), family in cell(2), address in cell(3), date in cell(8), email in cell(6), text in cell(10), other in cell(11),
        ) {
            let full = format!("{name} {family}");
            let row = vec![full, address.clone(), date, email, text, other];
            assert_same(&["full_name", "address", "dob", "email", "note", "remarks"], std::slice::from_ref(&row));
            assert_same(&["name", "address_1", "created_at", "e_mail", "note", "address_2"], std::slice::from_ref(&row));
            assert_same(&["surname", "name", "date", "email", "city", "note"], &[row]);
        }
    }

    #[test]
    fn both_ways_give_the_same_of_prepared_data() {
        let febrl = include_str!("../../../testdata/febrl3/recipient.csv");
        let mut lines = febrl.lines().map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let table: Vec<_> = lines.collect();
        assert!(table.len() > 1_000);
        assert_same(&header, &table);
        let vectors = [
            (include_str!("../../../testdata/vectors/normalize/identifier.tsv"), 0),
            (include_str!("../../../testdata/vectors/normalize/name.tsv"), 1),
            (include_str!("../../../testdata/vectors/normalize/name.tsv"), 2),
            (include_str!("../../../testdata/vectors/normalize/address.tsv"), 3),
            (include_str!("../../../testdata/vectors/normalize/town.tsv"), 4),
            (include_str!("../../../testdata/vectors/normalize/postcode.tsv"), 5),
            (include_str!("../../../testdata/vectors/normalize/email.tsv"), 6),
            (include_str!("../../../testdata/vectors/normalize/phone.tsv"), 7),
            (include_str!("../../../testdata/vectors/normalize/date.tsv"), 8),
            (include_str!("../../../testdata/vectors/normalize/placeholder.tsv"), 4),
            (include_str!("../../../testdata/vectors/normalize/spot.tsv"), 10),
        ];
        let usual = [
            "C000000001",
            "Ann",
            "Lee",
            "12 Mill Road",
            "Leeds",
            "LS1 4AB",
            "ann.lee1@lee.example",
            "07700900123",
            "04/05/1990",
            "2014-10-13",
            "came back",
            "new",
        ];
        for (text, column) in vectors {
            let raw = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next());
            let row = |raw: &str| {
                let mut row = usual.map(str::to_owned).to_vec();
                raw.clone_into(&mut row[column]);
                row
            };
            assert_same(&HEADERS, &raw.map(row).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_usual_row_goes_the_quick_way() {
        let mapping = infer(HEADERS, &Profiles::default());
        let mut converter = Converter::new(&mapping, Side::Recipient);
        let usual = [
            "C000000001",
            "Ann",
            "Lee",
            "12 Mill Road",
            "Leeds",
            "LS1 4AB",
            "ann.lee@lee.com",
            "07700900123",
            "04/05/1990",
            "2014-10-13",
            "came",
            "new",
        ];
        for (index, (cell, step)) in usual.iter().zip(converter.plan.clone()).enumerate() {
            assert!(converter.quick_cell(index, step, cell, &mut RecordBatch::new()), "{cell}");
        }
        let cells = usual.map(Some);
        assert!(converter.quick_names(&cells, &mut RecordBatch::new()) && converter.quick_address());
    }
}
