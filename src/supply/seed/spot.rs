//! Which records a challenge asks for one by one, where a supply has seeds.
//!
//! The rows are the same in every challenge of a supply, as far as so many are asked for, and in both of its manifests: were only the seeds the
//! same, whoever holds two challenges would know them.

use crate::manifest::ordinal::Ordinals;
use crate::manifest::shuffle::Shuffle;
use crate::support::secret::Secret;
use std::collections::BTreeSet;

/// Separates the order of rows from every other use of the secret.
const CONTEXT: &str = "residua v1 spot checks";

/// The ordinals to be asked for, ascending: of `wanted`, up to half are seeds. `order` settles which, `manifest` has the ordinals of its rows.
pub(crate) fn ordinals(order: &Secret, manifest: &Ordinals, records: u32, seeds: &[u32], wanted: u32) -> Vec<u32> {
    let wanted = wanted.min(records) as usize;
    let order = Shuffle::new(&Secret::new(blake3::derive_key(CONTEXT, order.expose())), records);
    let seeds: BTreeSet<u32> = seeds.iter().copied().filter(|row| *row < records).collect();
    // In an order of their own, so that fewer of them are always the same ones.
    let mut asked: Vec<u32> = seeds.iter().copied().collect();
    asked.sort_by_key(|row| order.ordinal(*row));
    asked.truncate(wanted / 2);
    let others = (0..records).map(|place| order.ordinal(place)).filter(|row| !seeds.contains(row));
    let missing = wanted - asked.len();
    asked.extend(others.take(missing));
    let ordinals: BTreeSet<u32> = asked.into_iter().map(|row| manifest.supplied(row)).collect();
    ordinals.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn seeds_hide_among_as_many_others(records in 1_u32..2_000, seeds in prop::collection::btree_set(0_u32..2_000, 0..20), wanted in 0_u32..60, key: [u8; 32]) {
            let seeds: Vec<u32> = seeds.into_iter().filter(|row| *row < records && seeds_fit(records)).collect();
            let order = Secret::new(key);
            let [first, second] = [7, 8].map(|key| Ordinals::new(&Secret::new([key; 32]), records, 0).unwrap());
            let asked = ordinals(&order, &first, records, &seeds, wanted);
            prop_assert!(asked.is_sorted() && asked.iter().all(|ordinal| *ordinal < records));
            let own: Vec<u32> = seeds.iter().map(|row| first.supplied(*row)).collect();
            let found = asked.iter().filter(|ordinal| own.contains(ordinal)).count();
            prop_assert_eq!(found, seeds.len().min(wanted.min(records) as usize / 2));
            prop_assert_eq!(asked.len(), (wanted.min(records) as usize).min(found + records as usize - seeds.len()));
            // Two challenges ask for the same, and the other manifest for the same rows.
            prop_assert_eq!(&ordinals(&order, &first, records, &seeds, wanted), &asked);
            let rows = |manifest: &Ordinals| {
                let asked = ordinals(&order, manifest, records, &seeds, wanted);
                (0..records).filter(|row| asked.binary_search(&manifest.supplied(*row)).is_ok()).collect::<Vec<u32>>()
            };
            prop_assert_eq!(rows(&first), rows(&second));
            // Whoever is asked for fewer is asked for some of the same.
            let fewer: BTreeSet<u32> = ordinals(&order, &first, records, &seeds, wanted / 2).into_iter().collect();
            if 2 * seeds.len() <= wanted as usize / 2 {
                prop_assert!(fewer.iter().all(|ordinal| asked.contains(ordinal)));
            }
        }
    }

    fn seeds_fit(records: u32) -> bool {
        records >= 100
    }
}
