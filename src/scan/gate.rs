//! Gates: a key is looked up for the rows that had a hit by a weaker one.
//!
//! Where a record agrees on name, postcode and day of birth, it agrees on name and postcode. So a row without a hit by the latter has none by the
//! former, and its fingerprints need not be made. Every hit is found as without gates; most of the hashing is not done.

use crate::match_key::plan::Plan;

/// The gate of each key, and an order in which every gate comes before what it is a gate to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gates {
    order: Vec<usize>,
    gates: Vec<Option<usize>>,
}

impl Gates {
    /// The gates of a plan: to each key the one that lets the fewest rows through, by what is expected of it.
    pub(crate) fn new(plan: &Plan) -> Gates {
        let keys = &plan.keys;
        let weaker = |number: usize| {
            let key = &keys[number].key;
            (0..keys.len()).filter(move |other| key.implies(&keys[*other].key))
        };
        let gates =
            (0..keys.len()).map(|number| weaker(number).min_by(|a, b| keys[*a].lambda.total_cmp(&keys[*b].lambda))).collect();
        // Whatever a key implies implies fewer.
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|number| weaker(*number).count());
        Gates { order, gates }
    }

    /// The numbers of the keys, gates first.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> + use<> {
        self.order.clone().into_iter()
    }

    /// The gate of a key.
    pub(crate) fn of(&self, number: usize) -> Option<usize> {
        self.gates[number]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::fixed;
    use crate::match_key::plan::PlannedKey;
    use crate::match_key::strength::Basis;
    use crate::match_key::strength::Class;

    #[test]
    fn gates_are_weaker_keys_and_come_first() {
        let keys: Vec<PlannedKey> = fixed(|_| true)
            .into_iter()
            .enumerate()
            .map(|(number, key)| PlannedKey {
                key,
                class: Class::Person,
                has_supply_atom: false,
                u: 1e-9,
                basis: Basis::Joint,
                collisions: 10,
                lambda: 1.0 / (1.0 + number as f64),
                guesses: None,
            })
            .collect();
        let plan = Plan { keys, expected_rows: 1 };
        let gates = Gates::new(&plan);
        let name = |number: usize| plan.keys[number].key.name.as_str();
        let order: Vec<usize> = gates.order().collect();
        let place = |number: usize| order.iter().position(|other| *other == number).unwrap();
        let mut behind = Vec::new();
        for number in 0..plan.keys.len() {
            assert!(order.contains(&number));
            if let Some(gate) = gates.of(number) {
                assert!(place(gate) < place(number), "{}", name(number));
                assert!(plan.keys[number].key.implies(&plan.keys[gate].key));
                behind.push(name(number));
            }
        }
        assert_eq!(behind, ["whole", "name_postcode_dob"]);
    }
}
