//! Match keys: the atoms that are compared together.
//!
//! A *match key* (Randall, Brown, Ferrante & Boyd, IJPDS, on multiple dynamic match keys) names a few atoms; two records agree on it when
//! they agree on each. A single key misses every record in which one of its atoms was changed, so several keys are used, each with
//! another set of atoms. This file holds the fixed keys; what their agreement is worth lives in [`strength`], and the keys of one supply
//! together with their worth in [`plan`]. Those that a planner adds for one supply are
//! named for their atoms ([`MatchKey::planned`]).

pub(crate) mod atom;
pub(crate) mod plan;
pub(crate) mod strength;

use crate::match_key::atom::Atom;
use crate::record::field::Slot;
use crate::record::normalize::digest::Algorithm;

/// A named set of atoms that are compared together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatchKey {
    /// The short name: `name_postcode_dob`.
    pub(crate) name: String,
    /// The atoms in the order in which they enter the message.
    pub(crate) atoms: Vec<Atom>,
}

/// Words of a name, each of which makes a fingerprint of its own: people of a supply have fewer on the average, by far.
const MOST_NAMES: u64 = 16;

/// Forms of an address that are hashed: the canonical one, and as it stands.
const MOST_DIGESTS: u64 = 2;

impl MatchKey {
    /// Fingerprints that a supplied record has by this key, at most.
    pub(crate) fn most_forms(&self) -> u64 {
        match () {
            () if self.atoms.contains(&Atom::NameAny) => MOST_NAMES,
            () if self.atoms.iter().any(|atom| atom.slot() == Slot::Digest) => MOST_DIGESTS,
            () => 1,
        }
    }

    /// A key of a plan, named for its atoms: `p3_dob_outward`.
    pub(crate) fn planned(atoms: Vec<Atom>) -> MatchKey {
        let words: Vec<&str> = atoms.iter().map(|atom| atom.short()).collect();
        MatchKey { name: words.join("_"), atoms }
    }

    /// Whether the key is an identifier alone.
    pub(crate) fn is_number(&self) -> bool {
        self.atoms == [Atom::Id]
    }

    /// The key of the digests of an algorithm: `email_md5`.
    pub(crate) fn of_digest(algorithm: Algorithm) -> MatchKey {
        MatchKey::planned(vec![Atom::of_digest(algorithm)])
    }

    /// Whether the key is a digest alone, which may be that of anything.
    pub(crate) fn is_digest(&self) -> bool {
        self.atoms.iter().all(|atom| atom.slot() == Slot::Digest)
    }

    /// The key with what its atoms are digests of.
    pub(crate) fn plain(&self) -> MatchKey {
        MatchKey { name: self.name.clone(), atoms: self.atoms.iter().map(|atom| atom.plain()).collect() }
    }

    /// Whether a day is part of the key.
    pub(crate) fn has_day(&self) -> bool {
        self.atoms.iter().any(|atom| matches!(atom.slot(), Slot::Birth | Slot::Child))
    }

    /// Whether the key takes a name as a whole. Of a row with a surname alone, or behind an initial, it is not the key that was supplied.
    pub(crate) fn has_whole_name(&self) -> bool {
        self.atoms.iter().any(|atom| matches!(atom, Atom::NameFull | Atom::NameP3 | Atom::NamePhon))
    }

    /// Whether the key tells a person from the others of the household. They share the address, a telephone, a surname, and now and then the month of
    /// birth.
    pub(crate) fn tells_person(&self) -> bool {
        let has = |atom: Atom| self.atoms.contains(&atom);
        let is_own = |atom: &Atom| match atom.slot() {
            Slot::Name => *atom != Atom::NameAny,
            Slot::Birth => *atom != Atom::BirthYm,
            Slot::Child | Slot::Email | Slot::Identifier | Slot::Digest => true,
            Slot::Postcode | Slot::Address | Slot::Town | Slot::Phone => false,
        };
        self.atoms.iter().any(is_own) || has(Atom::NameAny) && has(Atom::BirthYm)
    }

    /// Whether the key tells twins apart who live together. They share what the others of a household share, and the day of birth.
    pub(crate) fn tells_twins(&self) -> bool {
        let is_own = |atom: &Atom| match atom.slot() {
            Slot::Name => *atom != Atom::NameAny,
            Slot::Child | Slot::Email | Slot::Identifier | Slot::Digest => true,
            Slot::Birth | Slot::Postcode | Slot::Address | Slot::Town | Slot::Phone => false,
        };
        self.atoms.iter().any(is_own)
    }

    /// Whether the key is a whole name with nothing beside it that twins do not share, so that it is met wherever the name agrees.
    pub(crate) fn is_of_twins_and_name(&self) -> bool {
        let is_shared = |atom: &Atom| !matches!(atom.slot(), Slot::Child | Slot::Email | Slot::Identifier | Slot::Digest);
        self.has_whole_name() && self.atoms.iter().all(is_shared)
    }

    /// Whether records that agree on this key agree on the other too, which is another and weaker one.
    pub(crate) fn implies(&self, other: &MatchKey) -> bool {
        let covers = |strong: &MatchKey, weak: &MatchKey| {
            weak.atoms.iter().all(|weak| strong.atoms.iter().any(|strong| strong.implies(*weak)))
        };
        covers(self, other) && !covers(other, self)
    }

    /// Whether records that hold exactly these slots can form the key.
    pub(crate) fn is_formable(&self, has: impl Fn(Slot) -> bool) -> bool {
        self.atoms.iter().all(|atom| has(atom.slot()))
    }
}

/// The name of the key over every mapped field of a record.
pub(crate) const WHOLE: &str = "whole";

/// What a person calls all planned keys, where keys are chosen.
pub(crate) const PLANNED: &str = "planned";

/// The name of the key of an identifier alone.
pub(crate) const NUMBER: &str = "id";

/// The fixed keys, apart from [`WHOLE`], whose atoms depend on the schema.
///
/// `dob` is the person's own date of birth, `child` a date that only this supply had (in the founding case the child's date of birth).
const FIXED: [(&str, &[Atom]); 12] = [
    ("email", &[Atom::Email]),
    ("phone", &[Atom::Phone]),
    (NUMBER, &[Atom::Id]),
    ("name_postcode", &[Atom::NameFull, Atom::PostcodeUnit]),
    ("name_dob", &[Atom::NameFull, Atom::BirthDay]),
    ("name_postcode_dob", &[Atom::NameFull, Atom::PostcodeUnit, Atom::BirthDay]),
    ("p3_outward_dob", &[Atom::NameP3, Atom::PostcodeOutward, Atom::BirthDay]),
    ("dob_postcode_no", &[Atom::BirthDay, Atom::PostcodeUnit, Atom::AddressNo]),
    ("p3_no_word4_outward", &[Atom::NameP3, Atom::AddressNoWord4, Atom::PostcodeOutward]),
    ("child_postcode_dob", &[Atom::ChildDay, Atom::PostcodeUnit, Atom::BirthDay]),
    ("child_p3_outward", &[Atom::ChildDay, Atom::NameP3, Atom::PostcodeOutward]),
    ("child_any_dob", &[Atom::ChildDay, Atom::NameAny, Atom::BirthDay]),
];

/// The atoms of [`WHOLE`], of which each supply uses those that its schema has.
const WHOLE_ATOMS: [Atom; 8] = [
    Atom::NameFull,
    Atom::BirthDay,
    Atom::ChildDay,
    Atom::PostcodeUnit,
    Atom::AddressNoWord4,
    Atom::Email,
    Atom::Phone,
    Atom::Id,
];

/// The names of all fixed keys, in their order.
pub(crate) fn fixed_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(WHOLE).chain(FIXED.iter().map(|(name, _)| *name))
}

/// The fixed keys that records with these slots can form. A `whole` of a single atom would repeat that atom's own key and is left out.
pub(crate) fn fixed(has: impl Fn(Slot) -> bool) -> Vec<MatchKey> {
    let whole: Vec<Atom> = WHOLE_ATOMS.into_iter().filter(|atom| has(atom.slot())).collect();
    let mut keys = Vec::new();
    if whole.len() > 1 {
        keys.push(MatchKey { name: WHOLE.to_owned(), atoms: whole });
    }
    keys.extend(
        FIXED
            .iter()
            .map(|(name, atoms)| MatchKey { name: (*name).to_owned(), atoms: atoms.to_vec() })
            .filter(|key| key.is_formable(&has)),
    );
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_schema_forms_thirteen_keys() {
        assert_eq!(fixed(|_| true).len(), 13);
        assert_eq!(fixed_names().count(), 13);
    }

    #[test]
    fn a_household_is_no_person() {
        assert!(fixed(|_| true).iter().all(|key| key.tells_person() == (key.name != "phone")), "a landline is a household's");
        let tells = |atoms: &[Atom]| MatchKey::planned(atoms.to_vec()).tells_person();
        assert!(!tells(&[Atom::NameAny, Atom::PostcodeUnit, Atom::AddressNoWord4]));
        assert!(!tells(&[Atom::BirthYm, Atom::PostcodeUnit, Atom::AddressNo]));
        assert!(tells(&[Atom::NameAny, Atom::BirthYm, Atom::TownP4]) && tells(&[Atom::NameP3, Atom::TownP4]));
    }

    #[test]
    fn keys_follow_the_slots() {
        let names = |has: &[Slot]| fixed(|slot| has.contains(&slot)).into_iter().map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(names(&[Slot::Email]), ["email"]);
        assert_eq!(names(&[Slot::Name, Slot::Postcode]), ["whole", "name_postcode"]);
        assert_eq!(names(&[]), Vec::<String>::new());
    }
}
