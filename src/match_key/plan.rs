//! The plan of one supply: its match keys, what each is worth, and the rows for which that holds.

use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::strength::Basis;
use crate::match_key::strength::Class;
use crate::match_key::strength::PROOF;

/// One key of a plan, with its worth.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlannedKey {
    /// The key.
    pub(crate) key: MatchKey,
    /// What a hit means.
    pub(crate) class: Class,
    /// Whether the key has an atom that only this supply had.
    pub(crate) has_supply_atom: bool,
    /// The chance that two unrelated people agree.
    pub(crate) u: f64,
    /// Whence `u` comes.
    pub(crate) basis: Basis,
    /// The pairs of distinct people of the supplied file that agree.
    pub(crate) collisions: u64,
    /// Expected coincidences over the expected rows.
    pub(crate) lambda: f64,
    /// How many guesses recover the least guarded field for somebody who knows the key's other fields and holds manifest and salt;
    /// `None` where the values cannot be listed.
    pub(crate) guesses: Option<u64>,
}

impl PlannedKey {
    /// Whether a hit in a row that forms so many combinations proves nothing: were all expected rows like it, the key would be one of class A.
    pub(crate) fn may_be_chance(&self, combinations: usize) -> bool {
        // A count of combinations is small, and exact as a float.
        self.class != Class::Aggregate && self.lambda * combinations as f64 >= PROOF
    }

    /// Whether a hit names a person whom the recipient may hold from elsewhere, or as well the twin at the same address.
    pub(crate) fn may_be_twins(&self) -> bool {
        self.class == Class::Person && !self.key.tells_twins()
    }
}

/// The keys of a supply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The keys; their position is the number of their section in the manifest.
    pub(crate) keys: Vec<PlannedKey>,
    /// The recipient's rows for which the classes were chosen.
    pub(crate) expected_rows: u64,
}

impl Plan {
    /// The atoms that the keys use, each once, in a fixed order.
    pub(crate) fn atoms(&self) -> Vec<Atom> {
        let used = |atom: &Atom| self.keys.iter().any(|planned| planned.key.atoms.contains(atom));
        Atom::ALL.into_iter().filter(used).collect()
    }
}
