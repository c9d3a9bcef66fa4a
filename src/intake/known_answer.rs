//! The known-answer record: an invented record that stands in every manifest, in every key's section.
//!
//! A scan sends it through its own normaliser, keys and index before anything else. If it is not found, the scan would not have found
//! anything: a wrong salt, another normaliser, a damaged index.

use crate::intake::convert::Side;
use crate::intake::person;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Role;

/// The record, cell by cell, in forms that the normaliser has to work on. The name has one token of three letters or more, so that each
/// key has exactly one fingerprint of it; the numbers and the domain are reserved for such uses.
const CELLS: [(Kind, Role, &str); 10] = [
    (Kind::Name, Role::Given, "Qx"),
    (Kind::Name, Role::Family, "KNOWNÁNSWER"),
    (Kind::Date, Role::Birth, "3 February 1901"),
    (Kind::Date, Role::Child, "1902-03-04"),
    (Kind::Postcode, Role::Main, "qx1 9zy"),
    (Kind::Address, Role::Line, "9137 Knownanswer Street"),
    (Kind::Address, Role::Town, "Knownanswer"),
    (Kind::Email, Role::Main, "Known.Answer@Residua.Example"),
    (Kind::Phone, Role::Main, "+44 (0)7700 900137"),
    (Kind::Identifier, Role::Main, "known-answer-1"),
];

/// The known-answer record as one side reads it.
pub(crate) fn record(side: Side) -> RecordBatch {
    let columns = CELLS.map(|(kind, role, _)| (kind, role));
    person::records(&columns, [CELLS.map(|(_, _, cell)| cell).to_vec()], side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::field::Slot;

    #[test]
    fn every_slot_has_one_value_that_both_sides_read() {
        let (supplied, probed) = (record(Side::Originator), record(Side::Recipient));
        for slot in Slot::ALL {
            let mine: Vec<&[u8]> = supplied.candidates(slot, 0).collect();
            assert_eq!(mine.len(), if slot == Slot::Digest { 3 } else { 1 }, "{slot:?}");
            let is_found = |mine: &&[u8]| probed.candidates(slot, 0).any(|value| value == *mine);
            assert!(mine.iter().all(is_found), "{slot:?}");
        }
    }
}
