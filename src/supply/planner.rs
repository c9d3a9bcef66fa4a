//! The planner: which combinations of atoms are added to the fixed keys, for one supply.
//!
//! A recipient's system rewrites what it loads, and each rewriting breaks the keys that hold what was rewritten. So the planner draws many ways in
//! which records of this supply could be damaged ([`Damage`]), and asks of every combination of two to five atoms which of them it would
//! survive. It takes the one that adds most for what it costs, and goes on until nothing adds anything, the hashes of a row are used up
//! ([`MOST_HASHES`], the fixed keys' included), or the coincidences that are to be expected of all that it took ([`MOST_LAMBDA`]). A combination
//! is worth its survivals, [`FOUND`] times, and once more where it proves: where λ is below [`PROOF`] and it tells a person from the others of the household.
//!
//! Nothing of this looks at a recipient's rows or at anything that says which rows are the same person, and nothing is random: the same file and the same number
//! of expected rows give the same plan.

mod damage;

use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::strength::PROOF;
use crate::record::field::Slot;
use crate::supply::agreement::Agreement;
use crate::supply::estimate::Model;
use crate::supply::planner::damage::Damage;
use crate::supply::planner::damage::Survivals;
use rayon::prelude::*;

/// The most hashes of a row of which each value has one reading, the fixed keys' included.
pub(crate) const MOST_HASHES: f64 = 32.0;

/// The most coincidences to be expected of all planned keys together, over the expected rows.
pub(crate) const MOST_LAMBDA: f64 = 0.5;

/// A fixed key of which more coincidences are to be expected finds nobody in particular.
const TELLING_LAMBDA: f64 = 1.0;

/// The most keys, the fixed ones included: each takes its place in the manifest.
const MOST_KEYS: usize = 32;

/// The hashes of a row that a key costs at least, in the choice of keys.
const LEAST_PRICE: f64 = 0.1;

/// The share of a recipient's rows that may be copies of supplied records, which a gate lets through that they survive: where there are more,
/// looking them up takes more hashes, and the answer is there long before.
const COPIES: f64 = 0.5;

/// Prices of all coincidences that are allowed, where all hashes cost 1.
const PRICES: [f64; 4] = [1.0, 0.25, 0.5, 2.0];

/// How much more it is worth to find a damaged record at all than to prove it.
const FOUND: u32 = 4;

/// A combination that adds less than this share of all damaged records is not worth its hashes.
const LEAST_GAIN: f64 = 0.000_2;

/// Atoms of a combination.
const SIZES: std::ops::RangeInclusive<usize> = 2..=5;

/// What the planner is told of a supply.
pub(crate) struct Ground<'a> {
    /// The sampled records, and what they have in common.
    pub(crate) agreement: &'a Agreement<'a>,
    /// How their atoms agree.
    pub(crate) model: &'a Model,
    /// Records of the supply.
    pub(crate) records: u64,
    /// The recipient's rows.
    pub(crate) expected_rows: u64,
    /// How many forms a recipient's row has of an atom of which it has any, dates in one reading.
    pub(crate) forms: &'a (dyn Fn(Atom) -> f64 + Sync),
}

/// A combination with what it costs and what it survives.
#[derive(Clone)]
struct Candidate {
    key: MatchKey,
    lambda: f64,
    /// Hashes of a row, where no gate spares them.
    hashes: f64,
    /// The share of a recipient's rows that it lets through as a gate.
    passing: f64,
    survivals: Survivals,
    /// Whether it tells a person from the others of a household.
    tells_person: bool,
    /// Whether its collisions in the sample were counted.
    is_seen: bool,
}

impl Candidate {
    /// Whether a hit proves a person.
    fn proves(&self) -> bool {
        self.tells_person && self.lambda < PROOF
    }
}

impl Ground<'_> {
    /// The coincidences to be expected of a key. Of a name's tokens, each makes a fingerprint.
    fn lambda(&self, key: &MatchKey) -> f64 {
        let forms = if key.atoms.contains(&Atom::NameAny) { self.model.tokens() } else { 1.0 };
        self.records as f64 * self.expected_rows as f64 * forms * forms * self.model.predict(&key.atoms)
    }

    fn candidate(&self, damage: &Damage, key: MatchKey) -> Candidate {
        let survivals = damage.survivals(&key.atoms);
        let hashes = damage.present(&key.atoms) * key.atoms.iter().map(|atom| (self.forms)(*atom)).product::<f64>();
        let lambda = self.lambda(&key);
        // The damages are drawn more often than real ones; real copies pass more often than that.
        let surviving = f64::from(survivals.count()) / damage.draws() as f64;
        let passing = (COPIES * f64::midpoint(surviving, 1.0) + lambda / self.expected_rows.max(1) as f64).min(1.0);
        let tells_person = key.tells_person();
        Candidate { tells_person, key, lambda, hashes, passing, survivals, is_seen: false }
    }
}

/// The combinations to be added to the fixed keys of a supply that has these slots.
pub(crate) fn plan(ground: &Ground<'_>, fixed: &[MatchKey], has: impl Fn(Slot) -> bool) -> Vec<MatchKey> {
    let damage = Damage::draw(ground.agreement.sampler, ground.agreement.sample);
    let start = Chosen::fixed(&damage, fixed.iter().map(|key| ground.candidate(&damage, key.clone())).collect());
    let atoms: Vec<Atom> = Atom::ALL.into_iter().filter(|atom| has(atom.slot())).collect();
    let is_new = |atoms: &Vec<Atom>| {
        let has_all = |key: &MatchKey| key.atoms.len() == atoms.len() && key.atoms.iter().all(|atom| atoms.contains(atom));
        !fixed.iter().any(has_all)
    };
    let combinations: Vec<MatchKey> = combinations(&atoms)
        .into_iter()
        .filter(is_new)
        .map(MatchKey::planned)
        .filter(|key| ground.lambda(key) <= MOST_LAMBDA)
        .collect();
    let mut candidates: Vec<Candidate> = minimal(combinations, |key| key.tells_person() && ground.lambda(key) < PROOF)
        .into_par_iter()
        .map(|key| ground.candidate(&damage, key))
        .filter(|candidate| candidate.hashes > 0.0)
        .collect();
    loop {
        let taken = choose(&damage, &candidates, &start);
        // A few collisions in the sample say more of a key than the model, which is made of its parts.
        let unseen: Vec<usize> = taken.iter().copied().filter(|index| !candidates[*index].is_seen).collect();
        let seen: Vec<f64> = unseen
            .par_iter()
            .map(|index| {
                let key = &candidates[*index].key;
                ground.model.estimate_one(ground.agreement, key, &|_| None).u / ground.model.predict(&key.atoms)
            })
            .collect();
        let is_settled = seen.iter().all(|ratio| *ratio <= 1.0);
        for (index, ratio) in unseen.into_iter().zip(seen) {
            let candidate = &mut candidates[index];
            candidate.is_seen = true;
            candidate.lambda *= ratio.max(1.0);
        }
        if is_settled {
            return taken.into_iter().map(|index| candidates[index].key.clone()).collect();
        }
    }
}

/// Chooses among the candidates, with coincidences at several prices against hashes: which of the two runs out first is only known in the end.
fn choose(damage: &Damage, candidates: &[Candidate], start: &Chosen) -> Vec<usize> {
    let choices = PRICES.map(|price| choose_at(price, damage, candidates, start));
    let best = choices.into_iter().rev().max_by_key(|taken| start.with(candidates, taken).worth());
    best.unwrap_or_default()
}

/// Chooses the best candidate after the other, and then looks whether it gets better without one of them.
fn choose_at(price: f64, damage: &Damage, candidates: &[Candidate], start: &Chosen) -> Vec<usize> {
    let greedy = |taken| greedy(price, damage, candidates, start, taken);
    let mut taken = greedy(Vec::new());
    loop {
        let worth = start.with(candidates, &taken).worth();
        let others =
            |index: usize| taken.iter().copied().enumerate().filter(move |(other, _)| *other != index).map(|(_, key)| key);
        let anew = (0..taken.len()).map(|index| greedy(others(index).collect()));
        let best = anew.map(|taken| (start.with(candidates, &taken).worth(), taken)).max_by_key(|(worth, _)| *worth);
        match best {
            Some((better, anew)) if better > worth => taken = anew,
            _ => return taken,
        }
    }
}

/// Adds the candidate that adds most for its price to those that were taken, until none adds anything.
fn greedy(price: f64, damage: &Damage, candidates: &[Candidate], start: &Chosen, mut taken: Vec<usize>) -> Vec<usize> {
    let mut chosen = start.with(candidates, &taken);
    let least = LEAST_GAIN * damage.draws() as f64;
    while chosen.keys.len() < MOST_KEYS {
        let used = chosen.hashes();
        let value = |candidate: &Candidate| {
            let gain = f64::from(chosen.gain(candidate));
            if gain < least || candidate.lambda > chosen.coincidences {
                return 0.0;
            }
            let hashes = chosen.hashes_with(candidate);
            if hashes > MOST_HASHES {
                return 0.0;
            }
            // A key that a gate spares nearly every row takes its place in the manifest all the same.
            gain / ((hashes - used).max(LEAST_PRICE) / MOST_HASHES + price * candidate.lambda / MOST_LAMBDA)
        };
        let values: Vec<f64> = candidates.par_iter().map(value).collect();
        // Of equals the first, in the order of the atoms.
        let best = (0..values.len()).filter(|index| values[*index] > 0.0).min_by(|a, b| values[*b].total_cmp(&values[*a]));
        let Some(best) = best else { break };
        chosen.add(&candidates[best]);
        taken.push(best);
    }
    taken
}

/// What a choice of keys comes to.
#[derive(Clone)]
struct Chosen {
    /// Damaged records that a key finds.
    found: Survivals,
    /// Those that a key proves.
    proven: Survivals,
    /// Coincidences that are left.
    coincidences: f64,
    /// All keys, the fixed ones first.
    keys: Vec<Candidate>,
}

impl Chosen {
    /// Nothing but fixed keys. Their coincidences are what they are.
    fn fixed(damage: &Damage, keys: Vec<Candidate>) -> Chosen {
        let mut chosen = Chosen { found: damage.none(), proven: damage.none(), coincidences: MOST_LAMBDA, keys: Vec::new() };
        for key in keys {
            if key.lambda < TELLING_LAMBDA {
                chosen.found.add(&key.survivals);
            }
            if key.proves() {
                chosen.proven.add(&key.survivals);
            }
            chosen.keys.push(key);
        }
        chosen
    }

    fn with(&self, candidates: &[Candidate], taken: &[usize]) -> Chosen {
        let mut chosen = self.clone();
        for index in taken {
            chosen.add(&candidates[*index]);
        }
        chosen
    }

    fn add(&mut self, candidate: &Candidate) {
        self.found.add(&candidate.survivals);
        if candidate.proves() {
            self.proven.add(&candidate.survivals);
        }
        self.coincidences -= candidate.lambda;
        self.keys.push(candidate.clone());
    }

    /// Hashes of a row: those of a key behind a gate are made for the rows that the gate lets through.
    fn hashes(&self) -> f64 {
        self.keys.iter().map(|key| key.hashes * self.share(key)).sum()
    }

    /// The hashes of a row with one more key.
    fn hashes_with(&self, candidate: &Candidate) -> f64 {
        let behind = |key: &Candidate| if key.key.implies(&candidate.key) { candidate.passing } else { 1.0 };
        let others = self.keys.iter().map(|key| key.hashes * self.share(key).min(behind(key))).sum::<f64>();
        others + candidate.hashes * self.share(candidate)
    }

    /// The share of the rows for which a key is looked up.
    fn share(&self, candidate: &Candidate) -> f64 {
        let gates = self.keys.iter().filter(|gate| candidate.key.implies(&gate.key));
        gates.map(|gate| gate.passing).fold(1.0, f64::min)
    }

    /// What a candidate adds. To find comes before to prove: what is found can be looked at.
    fn gain(&self, candidate: &Candidate) -> u32 {
        let proof = if candidate.proves() { candidate.survivals.beyond(&self.proven) } else { 0 };
        candidate.survivals.beyond(&self.found) * FOUND + proof
    }

    fn worth(&self) -> u32 {
        self.found.count() * FOUND + self.proven.count()
    }
}

/// Leaves out what implies a weaker combination that proves already: it survives less, and proves no more.
fn minimal(mut combinations: Vec<MatchKey>, proves: impl Fn(&MatchKey) -> bool) -> Vec<MatchKey> {
    combinations.sort_by_key(|key| key.atoms.len());
    // Of keys of one length too, one may be the weaker: `p3` of `full`.
    let proving: Vec<MatchKey> = combinations.iter().filter(|key| proves(key)).cloned().collect();
    let mut least: Vec<MatchKey> = Vec::new();
    for key in proving {
        if !least.iter().any(|other| key.implies(other)) {
            least.retain(|other| !other.implies(&key));
            least.push(key);
        }
    }
    combinations.retain(|key| !least.iter().any(|other| key.implies(other)));
    combinations
}

/// All combinations of the right size, of at most one atom a slot, in the order of the atoms.
fn combinations(atoms: &[Atom]) -> Vec<Vec<Atom>> {
    let mut all: Vec<Vec<Atom>> = vec![Vec::new()];
    for atom in atoms {
        let wider: Vec<Vec<Atom>> = all
            .iter()
            .filter(|set| set.len() < *SIZES.end() && set.iter().all(|other| other.slot() != atom.slot()))
            .map(|set| set.iter().copied().chain([*atom]).collect())
            .collect();
        all.extend(wider);
    }
    all.retain(|set| SIZES.contains(&set.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::atom::AtomBatch;
    use crate::match_key::fixed;
    use crate::match_key::strength::lambda;
    use crate::record::RecordBatch;
    use crate::supply::sample::Sampled;
    use crate::supply::sample::Sampler;

    const SLOTS: [Slot; 4] = [Slot::Name, Slot::Birth, Slot::Postcode, Slot::Address];

    fn planned(records: u64, expected_rows: u64) -> Vec<MatchKey> {
        let mut people = RecordBatch::new();
        for number in 0..2_000_u64 {
            // Numbers without a common divisor, so that the values are spread.
            let spread = |of: u64, step: u64| number * step % of;
            let letters = |seed: u64| -> String {
                (0..4).map(|place| char::from(b'a' + u8::try_from(seed / 7_u64.pow(place) % 23).unwrap())).collect()
            };
            people.push(Slot::Name, &format!("{} {}", letters(spread(389, 7)), letters(spread(1_009, 31))));
            people.push(Slot::Birth, &format!("19{:02}{:02}{:02}", spread(60, 17), 1 + spread(12, 5), 1 + spread(28, 11)));
            people.push(Slot::Postcode, &format!("LS{}{}AB", 1 + spread(29, 13), spread(10, 3)));
            people.push(Slot::Address, &format!("{}|{}", 1 + spread(97, 19), letters(spread(211, 23))));
            people.end_row();
        }
        let sampler = Sampler::new(|_| true);
        let mut atoms = AtomBatch::default();
        atoms.derive(&people, &sampler.atoms().collect::<Vec<_>>());
        let sample: Vec<Sampled> = (0..2_000).map(|row| sampler.sample(&atoms, row)).collect();
        let agreement = Agreement::new(&sampler, &sample);
        let has = |slot: Slot| SLOTS.contains(&slot);
        let model = Model::learn(&agreement, has, |_| None);
        let forms = |atom: Atom| if atom == Atom::NameAny { 2.0 } else { 1.0 };
        let ground = Ground { agreement: &agreement, model: &model, records, expected_rows, forms: &forms };
        let keys = plan(&ground, &fixed(has), has);
        let total: f64 = keys.iter().map(|key| lambda(records, expected_rows, model.predict(&key.atoms))).sum();
        assert!(total <= MOST_LAMBDA * 4.0 + 1e-9, "{total}");
        keys
    }

    #[test]
    fn a_plan_is_the_same_each_time_and_repeats_no_fixed_key() {
        let keys = planned(2_000, 20_000);
        assert_eq!(keys, planned(2_000, 20_000));
        assert!(keys.len() > 5, "{}", keys.len());
        let fixed = fixed(|slot| SLOTS.contains(&slot));
        for (number, key) in keys.iter().enumerate() {
            assert!(SIZES.contains(&key.atoms.len()));
            let repeats = |other: &MatchKey| other.name == key.name || other.atoms == key.atoms;
            assert!(!fixed.iter().any(repeats) && !keys[..number].iter().any(repeats), "{}", key.name);
            let mut slots: Vec<Slot> = key.atoms.iter().map(|atom| atom.slot()).collect();
            slots.dedup();
            assert_eq!(slots.len(), key.atoms.len());
        }
    }

    #[test]
    fn more_rows_take_longer_keys() {
        let mean = |keys: &[MatchKey]| keys.iter().map(|key| key.atoms.len()).sum::<usize>() as f64 / keys.len().max(1) as f64;
        let (few, many) = (planned(2_000, 2_000), planned(40_000, 400_000));
        assert!(mean(&few) < mean(&many), "{} {}", mean(&few), mean(&many));
    }

    #[test]
    fn combinations_take_one_atom_of_a_slot() {
        let all = combinations(&[Atom::NameFull, Atom::NameP3, Atom::BirthDay, Atom::TownP4]);
        assert_eq!(all.len(), 2 + 2 + 1 + 2);
    }
}
