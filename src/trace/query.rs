//! What is known of the person who is asked about, and its readings.

use crate::intake::convert::Side;
use crate::intake::person;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::normalize::name;
use std::fmt;
use thiserror::Error;

/// Values of one sort: somebody with more is asked about twice.
const MOST_VALUES: usize = 10;

/// Names and their words.
const MOST_NAMES: usize = 100;

/// A sort of thing that is given of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Name,
    Birth,
    Postcode,
    Address,
    Email,
    Phone,
    /// By what the originator knows the row.
    Reference,
}

impl Sort {
    /// All, in the order in which people give them.
    pub(crate) const ALL: [Sort; 7] =
        [Sort::Name, Sort::Birth, Sort::Postcode, Sort::Address, Sort::Email, Sort::Phone, Sort::Reference];

    /// The member of a query's file, and the flag.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Sort::Name => "name",
            Sort::Birth => "dob",
            Sort::Postcode => "postcode",
            Sort::Address => "address",
            Sort::Email => "email",
            Sort::Phone => "phone",
            Sort::Reference => "ref",
        }
    }

    /// The sort that a slot of a match key is of. `None` of what cannot be given.
    pub(crate) fn of(slot: Slot) -> Option<Sort> {
        Some(match slot {
            Slot::Name => Sort::Name,
            Slot::Birth | Slot::Child => Sort::Birth,
            Slot::Postcode => Sort::Postcode,
            Slot::Address => Sort::Address,
            Slot::Email | Slot::Digest => Sort::Email,
            Slot::Phone => Sort::Phone,
            Slot::Identifier => Sort::Reference,
            Slot::Town => return None,
        })
    }

    fn column(self) -> (Kind, Role) {
        match self {
            Sort::Name => (Kind::Name, Role::Full),
            Sort::Birth => (Kind::Date, Role::Birth),
            Sort::Postcode => (Kind::Postcode, Role::Main),
            Sort::Address => (Kind::Address, Role::Line),
            Sort::Email => (Kind::Email, Role::Main),
            Sort::Phone => (Kind::Phone, Role::Main),
            Sort::Reference => (Kind::Identifier, Role::Main),
        }
    }

    fn slot(self) -> Slot {
        match self {
            Sort::Name => Slot::Name,
            Sort::Birth => Slot::Birth,
            Sort::Postcode => Slot::Postcode,
            Sort::Address => Slot::Address,
            Sort::Email => Slot::Email,
            Sort::Phone => Slot::Phone,
            Sort::Reference => Slot::Identifier,
        }
    }
}

/// Values as a person gave them, of any sort several.
#[derive(Clone, Default)]
pub(crate) struct Given(Vec<(Sort, String)>);

/// Says of which sort they are, and nothing of them.
impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(sort, _)| sort)).finish()
    }
}

impl Given {
    /// Adds a value.
    pub(crate) fn add(&mut self, sort: Sort, value: &str) {
        self.0.push((sort, value.to_owned()));
    }

    /// The values of a sort.
    pub(crate) fn of(&self, sort: Sort) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| *other == sort).map(|(_, value)| value.as_str())
    }

    /// The sorts of which something was given.
    pub(crate) fn sorts(&self) -> impl Iterator<Item = Sort> + use<'_> {
        Sort::ALL.into_iter().filter(|sort| self.of(*sort).next().is_some())
    }
}

/// Why a person cannot be asked about. The fault is that of whoever asks.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum QueryFault {
    /// Nothing was given.
    #[error("nothing is given of the person")]
    Nothing,
    /// A value of which nothing can be made: to leave it out would make a "no" of what was not asked.
    #[error("a value of `{}` is not understood, or is one that stands for none", .0.word())]
    NotUnderstood(Sort),
    /// More than are tried in all their combinations.
    #[error("more of `{}` is given than is tried", .0.word())]
    TooMany(Sort),
}

/// A person, in all readings.
pub(crate) struct Query {
    readings: Readings,
    /// How many values of each sort were given.
    counts: Vec<(Sort, usize)>,
}

/// Says nothing of the person.
impl fmt::Debug for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Query").field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// Rows, each with one name, or a word of one, one postcode and address of those that were given, and all that was given besides.
pub(crate) struct Readings {
    /// The atoms of each row.
    pub(crate) atoms: AtomBatch,
    /// Whether the name of each row has two parts that are more than initials.
    pub(crate) has_parts: Vec<bool>,
}

impl Query {
    /// Reads what was given of a person as a recipient's row is read.
    pub(crate) fn new(given: &Given) -> Result<Query, QueryFault> {
        if given.0.is_empty() {
            return Err(QueryFault::Nothing);
        }
        for sort in given.sorts() {
            if given.of(sort).count() > MOST_VALUES {
                return Err(QueryFault::TooMany(sort));
            }
            // A reference may be looked up as it stands, whatever it is.
            let is_read = |value: &str| match sort {
                Sort::Reference => !value.trim().is_empty(),
                _ => records(&[sort], [vec![value]]).candidates(sort.slot(), 0).next().is_some(),
            };
            if !given.of(sort).all(is_read) {
                return Err(QueryFault::NotUnderstood(sort));
            }
        }
        // A supply may have given or family names alone, in all its rows or where a cell was empty.
        let mut names: Vec<String> = given.of(Sort::Name).map(str::to_owned).collect();
        for name in given.of(Sort::Name) {
            name::tokens(name, &mut names);
        }
        if names.len() > MOST_NAMES {
            return Err(QueryFault::TooMany(Sort::Name));
        }
        let counts = given.sorts().map(|sort| (sort, given.of(sort).count())).collect();
        Ok(Query { readings: readings(given, &names), counts })
    }

    /// How many values of a sort were given.
    pub(crate) fn count(&self, sort: Sort) -> usize {
        self.counts.iter().find(|(other, _)| *other == sort).map_or(0, |(_, count)| *count)
    }

    /// Its readings.
    pub(crate) fn readings(&self) -> &Readings {
        &self.readings
    }
}

fn records<'v>(sorts: &[Sort], rows: impl IntoIterator<Item = Vec<&'v str>>) -> RecordBatch {
    let columns: Vec<(Kind, Role)> = sorts.iter().map(|sort| sort.column()).collect();
    person::records(&columns, rows, Side::Recipient)
}

/// Names, postcodes and addresses are read alone, since several in one row would be read together; of each combination a row is made.
fn readings(given: &Given, names: &[String]) -> Readings {
    let one_each = |values: Vec<String>| if values.is_empty() { vec![String::new()] } else { values };
    let several = |sort: Sort| one_each(given.of(sort).map(str::to_owned).collect());
    let (names, postcodes, addresses) = (one_each(names.to_vec()), several(Sort::Postcode), several(Sort::Address));
    let mut sorts = vec![Sort::Name, Sort::Postcode, Sort::Address];
    let mut others = Vec::new();
    for sort in [Sort::Birth, Sort::Email, Sort::Phone, Sort::Reference] {
        for value in given.of(sort) {
            sorts.push(sort);
            others.push(value);
        }
    }
    let mut rows = Vec::with_capacity(names.len() * postcodes.len() * addresses.len());
    for name in &names {
        for postcode in &postcodes {
            for address in &addresses {
                let mut row = vec![name.as_str(), postcode.as_str(), address.as_str()];
                row.extend(&others);
                rows.push(row);
            }
        }
    }
    let records = records(&sorts, rows);
    let mut atoms = AtomBatch::default();
    atoms.derive(&records, &Atom::ALL);
    let has_parts = (0..records.rows()).map(|row| records.candidates(Slot::Name, row).any(has_parts)).collect();
    Readings { atoms, has_parts }
}

/// Whether a canonical name has two parts that are more than initials.
fn has_parts(name: &[u8]) -> bool {
    name.split(|byte| *byte == b' ').filter(|part| part.len() > 1).nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[(Sort, &str)]) -> Given {
        let mut given = Given::default();
        for (sort, value) in values {
            given.add(*sort, value);
        }
        given
    }

    fn fault(values: &[(Sort, &str)]) -> QueryFault {
        Query::new(&given(values)).unwrap_err()
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_repeated() {
        assert_eq!(fault(&[]), QueryFault::Nothing);
        for (sort, value) in [
            (Sort::Email, "annqzcanary"),
            (Sort::Email, ""),
            (Sort::Phone, "none"),
            (Sort::Birth, "yesterday"),
            (Sort::Birth, "01/01/1900"),
            (Sort::Postcode, "  "),
            (Sort::Name, "n/a"),
            (Sort::Reference, " "),
        ] {
            let fault = fault(&[(Sort::Email, "ann@example.com"), (sort, value)]);
            assert_eq!(fault, QueryFault::NotUnderstood(sort), "{value:?}");
            assert!(!fault.to_string().contains("qzcanary"));
        }
        assert_eq!(fault(&[(Sort::Email, "ann@example.com"); 11]), QueryFault::TooMany(Sort::Email));
        let words = "Ann Green ".repeat(50);
        assert_eq!(fault(&[(Sort::Name, &words)]), QueryFault::TooMany(Sort::Name));
        let query = Query::new(&given(&[(Sort::Email, "annqzcanary@example.com")])).unwrap();
        let shown = format!("{query:?} {:?}", given(&[(Sort::Name, "Annqzcanary Green")]));
        assert!(!shown.contains("qzcanary") && shown.contains("Name"));
    }

    #[test]
    fn each_name_postcode_and_address_is_read_alone() {
        let all = [
            (Sort::Name, "Ann Green"),
            (Sort::Name, "Ann Webb"),
            (Sort::Postcode, "SW1A 1AA"),
            (Sort::Postcode, "EC1A 1BB"),
            (Sort::Address, "1 Mill Lane"),
            (Sort::Address, "22 High Street"),
            (Sort::Birth, "03/04/1980"),
        ];
        let query = Query::new(&given(&all)).unwrap();
        let readings = query.readings();
        // Two names and their four words.
        assert_eq!((readings.atoms.rows(), query.count(Sort::Birth)), (24, 1));
        for row in 0..24 {
            for atom in [Atom::NameFull, Atom::PostcodeUnit, Atom::AddressNoWord4] {
                assert_eq!(readings.atoms.count(atom, row), 1, "{atom:?}");
            }
            assert_eq!(readings.atoms.count(Atom::BirthDay, row), 2, "both ways");
        }
        assert!(readings.has_parts.iter().enumerate().all(|(row, has)| *has == (row < 8)));
    }
}
