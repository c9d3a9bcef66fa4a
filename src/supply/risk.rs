//! The risk table: how many guesses recover a field for somebody who holds manifest and salt.
//!
//! A fingerprint of a key whose other fields are known is an oracle for the last one: try every value until one matches. That is why a
//! manifest is personal data, why single weak atoms are never fingerprinted alone, and why this table is shown before anything is handed over.

use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::record::field::Slot;

/// How many values each slot can plausibly have. `None`: they cannot be listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Domains(Vec<(Slot, Option<u64>)>);

/// A step of a chain: with all that is known so far, this key recovers this slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The slot that is recovered.
    pub(crate) slot: Slot,
    /// By which key.
    pub(crate) key: String,
    /// In how many guesses at most.
    pub(crate) guesses: u64,
}

impl Domains {
    /// Sets what is known of a slot from the supplied file.
    pub(crate) fn set(&mut self, slot: Slot, values: Option<u64>) {
        self.0.retain(|(known, _)| *known != slot);
        self.0.push((slot, values));
    }

    /// Guesses that list all values of an atom: from the file where it tells (dates, numbers), else a public figure: 1.8 million UK
    /// postcodes, a thousand house numbers, a hundred thousand beginnings of addresses, ten million combinations of known names.
    #[expect(clippy::match_same_arms, reason = "a table, in the order of the atoms")]
    fn of(&self, atom: Atom) -> Option<u64> {
        if let Some((_, values)) = self.0.iter().find(|(slot, _)| *slot == atom.slot()) {
            return *values;
        }
        match atom {
            Atom::NameFull => Some(10_000_000),
            Atom::NameP3 | Atom::NamePhon => Some(1_000_000),
            Atom::NameAny => Some(100_000),
            Atom::BirthDay | Atom::ChildDay => Some(36_525),
            Atom::BirthYm | Atom::ChildYm => Some(1_200),
            Atom::PostcodeUnit => Some(1_800_000),
            Atom::PostcodeSector => Some(11_200),
            Atom::PostcodeOutward => Some(3_000),
            Atom::AddressNoWord4 => Some(100_000),
            Atom::AddressWord4 => Some(10_000),
            Atom::AddressNo => Some(1_000),
            Atom::TownP4 => Some(2_000),
            Atom::Phone => Some(1_000_000_000),
            Atom::Email | Atom::Id | Atom::EmailMd5 | Atom::EmailSha1 | Atom::EmailSha256 => None,
        }
    }

    /// Guesses that recover a key's least guarded field, its others known.
    pub(crate) fn guesses(&self, key: &MatchKey) -> Option<u64> {
        key.atoms.iter().filter_map(|atom| self.of(*atom)).min()
    }

    /// The cheapest chain from what somebody knows already to everything that can be recovered.
    pub(crate) fn chain(&self, keys: &[MatchKey], known: &[Slot]) -> Vec<Step> {
        let mut known = known.to_vec();
        let mut steps = Vec::new();
        loop {
            let step = keys
                .iter()
                .filter_map(|key| {
                    let mut unknown: Vec<Atom> = key.atoms.iter().copied().filter(|atom| !known.contains(&atom.slot())).collect();
                    unknown.dedup_by_key(|atom| atom.slot());
                    match unknown[..] {
                        [atom] => Some(Step { slot: atom.slot(), key: key.name.clone(), guesses: self.of(atom)? }),
                        _ => None,
                    }
                })
                .min_by_key(|step| step.guesses);
            let Some(step) = step else { return steps };
            known.push(step.slot);
            steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::fixed;

    #[test]
    fn a_child_is_a_few_guesses_from_name_and_address() {
        let mut domains = Domains::default();
        domains.set(Slot::Child, Some(1_826));
        domains.set(Slot::Birth, Some(9_862));
        let keys = fixed(|slot| !matches!(slot, Slot::Identifier));
        let chain = domains.chain(&keys, &[Slot::Name, Slot::Address, Slot::Postcode]);
        assert_eq!(chain[0], Step { slot: Slot::Child, key: "child_p3_outward".into(), guesses: 1_826 });
        assert!(chain.iter().any(|step| step.slot == Slot::Birth && step.guesses == 9_862));
        assert!(chain.iter().all(|step| step.slot != Slot::Email), "an address that cannot be listed cannot be guessed");
    }
}
