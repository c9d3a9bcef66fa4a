//! Estimation of u: how often two unrelated people agree on a match key, from the supplied file itself.
//!
//! With ten or more joint collisions among distinct people of the file, u is their share of all pairs. With fewer, it is the product of the
//! atoms' own collision probabilities times a penalty, since atoms of real people depend on each other: the largest ratio of observed to
//! predicted collisions among the keys that do have ten, at least 1, and [`UNKNOWN_PENALTY`] where no key has. Where an atom itself has too
//! few collisions, a built-in prior for UK people stands in. Zero collisions never mean that u is zero.
//!
//! Two records that agree on a key count as one person, and not as a coincidence, where they agree on something telling outside the key: a
//! mother with two children is in the file twice.

use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::match_key::strength::Basis;
use crate::record::field::Slot;
use rayon::prelude::*;
use std::hash::DefaultHasher;
use std::hash::Hasher;

/// Records that are held for the estimate; beyond, every n-th record of the file is.
pub(crate) const SAMPLE: u64 = 1 << 20;

/// Joint collisions from which on they speak for themselves.
const ENOUGH: u64 = 10;

/// The penalty where the file is too small to tell how its atoms depend on each other.
const UNKNOWN_PENALTY: f64 = 100.0;

/// Pairs that are looked at one by one, to tell two records of one person from two people. Above, the share of one person's records is
/// too small to matter.
const MOST_PAIRS: u64 = 4_000_000;

/// Atoms whose agreement tells that two records are one person's, outside the key under test.
const TELLING: [Atom; 5] = [Atom::NameFull, Atom::BirthDay, Atom::PostcodeUnit, Atom::Email, Atom::Phone];

/// Name tokens that are kept for `name.any`.
const TOKENS: usize = 4;

/// What the estimate keeps of a record: hashes of the atoms that the keys use (and of the telling ones). Zero stands for an absent atom.
#[derive(Clone, Debug)]
pub(crate) struct Sampled {
    hashes: Box<[u64]>,
    tokens: [u32; TOKENS],
}

/// Which atoms are sampled.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    atoms: Vec<Atom>,
}

/// The spread of a slot's numbers, over all records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Smallest and largest.
    range: Option<(u64, u64)>,
    /// Whether a value was no number.
    is_broken: bool,
}

impl Span {
    /// Takes in a canonical value: its digits at the end are the number.
    pub(crate) fn see(&mut self, value: &[u8]) {
        let digits = value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&value[value.len() - digits..]).ok().and_then(|digits| digits.parse::<u64>().ok());
        match number {
            Some(number) => self.merge(Span { range: Some((number, number)), is_broken: false }),
            None => self.is_broken = true,
        }
    }

    /// Takes in the values of another part.
    pub(crate) fn merge(&mut self, other: Span) {
        self.is_broken |= other.is_broken;
        self.range = match (self.range, other.range) {
            (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
            (mine, theirs) => mine.or(theirs),
        };
    }

    /// The smallest and the largest number.
    pub(crate) fn range(&self) -> Option<(u64, u64)> {
        self.range.filter(|_| !self.is_broken)
    }

    /// How many numbers the range has; `None` where the values are no numbers.
    pub(crate) fn width(&self) -> Option<u64> {
        self.range().map(|(low, high)| (high - low).saturating_add(1))
    }
}

/// What is estimated of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// The chance that two unrelated people agree.
    pub(crate) u: f64,
    /// Whence it comes.
    pub(crate) basis: Basis,
    /// Pairs of distinct people of the sample that agree.
    pub(crate) collisions: u64,
}

impl Sampler {
    /// A sampler for these keys.
    pub(crate) fn new(keys: &[MatchKey]) -> Sampler {
        let used = |atom: &Atom| TELLING.contains(atom) || keys.iter().any(|key| key.atoms.contains(atom));
        Sampler { atoms: Atom::ALL.into_iter().filter(|atom| *atom != Atom::NameAny).filter(used).collect() }
    }

    /// The atoms that [`Sampler::sample`] needs to be derived.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = Atom> {
        self.atoms.iter().copied().chain([Atom::NameAny])
    }

    /// What is kept of a row.
    pub(crate) fn sample(&self, atoms: &AtomBatch, row: usize) -> Sampled {
        let hashes =
            self.atoms.iter().map(|atom| if atoms.count(*atom, row) == 0 { 0 } else { hash(atoms.form(*atom, row, 0)).max(1) });
        let mut tokens = [0; TOKENS];
        for (index, token) in tokens.iter_mut().enumerate().take(atoms.count(Atom::NameAny, row)) {
            #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
            let half = hash(atoms.form(Atom::NameAny, row, index)) as u32;
            *token = half.max(1);
        }
        Sampled { hashes: hashes.collect(), tokens }
    }

    fn position(&self, atom: Atom) -> Option<usize> {
        self.atoms.iter().position(|other| *other == atom)
    }

    /// Estimates u of each key. `span` tells the spread of a slot's numbers.
    pub(crate) fn estimate(
        &self,
        sample: &[Sampled],
        keys: &[MatchKey],
        span: impl Fn(Slot) -> Option<u64> + Sync,
    ) -> Vec<Estimate> {
        let atoms: Vec<Atom> = Atom::ALL.into_iter().filter(|atom| keys.iter().any(|key| key.atoms.contains(atom))).collect();
        let singles: Vec<(Atom, f64, bool)> = atoms
            .par_iter()
            .map(|atom| {
                let (collisions, pairs) = self.collisions(sample, &[*atom]);
                let observed = if pairs > 0.0 { collisions as f64 / pairs } else { 0.0 };
                let is_known = collisions >= ENOUGH;
                let chance = if is_known { observed } else { observed.max(prior(*atom)) };
                // A number is guessed by chance at least as often as its range allows.
                let floor = match atom {
                    Atom::Id | Atom::Phone => span(atom.slot()).map_or(0.0, |width| 1.0 / width as f64),
                    _ => 0.0,
                };
                (*atom, chance.max(floor), is_known)
            })
            .collect();
        let single = |atom: &Atom| {
            singles.iter().find(|(known, _, _)| known == atom).map_or((1.0, false), |(_, chance, known)| (*chance, *known))
        };
        let joint: Vec<(u64, f64)> = keys.par_iter().map(|key| self.collisions(sample, &key.atoms)).collect();
        let product = |key: &MatchKey| key.atoms.iter().map(|atom| single(atom).0).product::<f64>();
        let ratios = keys.iter().zip(&joint).filter(|(key, (collisions, _))| key.atoms.len() > 1 && *collisions >= ENOUGH);
        let largest = ratios.map(|(key, (collisions, pairs))| *collisions as f64 / pairs / product(key)).fold(f64::NAN, f64::max);
        let penalty = if largest.is_nan() { UNKNOWN_PENALTY } else { largest.max(1.0) };
        keys.iter()
            .zip(&joint)
            .map(|(key, (collisions, pairs))| {
                let observed = if *pairs > 0.0 { *collisions as f64 / pairs } else { 0.0 };
                let floor = match key.atoms[..] {
                    [Atom::Id | Atom::Phone] => span(key.atoms[0].slot()).map_or(0.0, |width| 1.0 / width as f64),
                    _ => 0.0,
                };
                let (u, basis) = if *collisions >= ENOUGH {
                    (observed, Basis::Joint)
                } else {
                    let is_known = key.atoms.iter().all(|atom| single(atom).1);
                    // A single atom depends on no other.
                    let penalty = if key.atoms.len() > 1 { penalty } else { 1.0 };
                    ((product(key) * penalty).max(observed).min(1.0), if is_known { Basis::Product } else { Basis::Prior })
                };
                let (u, basis) = if floor >= u { (floor, Basis::Range) } else { (u, basis) };
                Estimate { u, basis, collisions: *collisions }
            })
            .collect()
    }

    /// Pairs of distinct people that agree on all the atoms, and the number of pairs that have them all.
    fn collisions(&self, sample: &[Sampled], atoms: &[Atom]) -> (u64, f64) {
        let positions: Vec<usize> = atoms.iter().filter_map(|atom| self.position(*atom)).collect();
        let by_token = atoms.contains(&Atom::NameAny);
        if positions.is_empty() {
            return if by_token { token_collisions(sample) } else { (0, 0.0) };
        }
        let mut keyed: Vec<(u64, u32)> = (0_u32..)
            .zip(sample)
            .filter(|(_, record)| {
                positions.iter().all(|position| record.hashes[*position] != 0) && (!by_token || record.tokens[0] != 0)
            })
            .map(|(index, record)| (positions.iter().fold(0, |mixed, position| mix(mixed, record.hashes[*position])), index))
            .collect();
        keyed.sort_unstable();
        let count = keyed.len() as f64;
        let raw: u64 = keyed.chunk_by(|a, b| a.0 == b.0).map(|group| pairs_of(group.len())).sum();
        let telling: Vec<usize> = TELLING
            .iter()
            .filter(|telling| atoms.iter().all(|atom| atom.slot() != telling.slot()))
            .filter_map(|atom| self.position(*atom))
            .collect();
        let distinct = if raw > MOST_PAIRS && !by_token {
            raw
        } else {
            let agree = |a: u32, b: u32| {
                let (a, b) = (&sample[a as usize], &sample[b as usize]);
                let is_same =
                    telling.iter().any(|position| a.hashes[*position] != 0 && a.hashes[*position] == b.hashes[*position]);
                !is_same && (!by_token || shares_token(a, b))
            };
            keyed
                .chunk_by(|a, b| a.0 == b.0)
                .map(|group| {
                    let pairs = (0..group.len()).flat_map(|first| (0..first).map(move |second| (first, second)));
                    pairs.filter(|(first, second)| agree(group[*first].1, group[*second].1)).count() as u64
                })
                .sum()
        };
        (distinct, count * (count - 1.0) / 2.0)
    }
}

/// Pairs of records that share a name token, among the first few thousand.
fn token_collisions(sample: &[Sampled]) -> (u64, f64) {
    let few = &sample[..sample.len().min(2_000)];
    let pairs = (0..few.len()).flat_map(|first| (0..first).map(move |second| (first, second)));
    let shared = pairs.filter(|(first, second)| shares_token(&few[*first], &few[*second])).count();
    (shared as u64, pairs_of(few.len()) as f64)
}

fn shares_token(a: &Sampled, b: &Sampled) -> bool {
    a.tokens.iter().any(|token| *token != 0 && b.tokens.contains(token))
}

fn pairs_of(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Combines two hashes; the multiplier is that of the 64-bit golden ratio.
fn mix(mixed: u64, hash: u64) -> u64 {
    (mixed.rotate_left(23) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The chance that two unrelated people of the UK agree on an atom, to the order of magnitude, for files that are too small to tell.
///
/// Names: Σp² over the name frequencies of birth and electoral registers. Dates: a span of eighty (birth) or three (supply-only) years.
/// Postcodes: 1.7 million units, 11,200 sectors, 3,000 districts of unequal size. Streets and numbers: the commonest are a few percent.
/// E-mail addresses, telephone numbers and identifiers belong to one person or household each; what is left is mistyping.
#[expect(clippy::match_same_arms, reason = "a table, in the order of the atoms")]
fn prior(atom: Atom) -> f64 {
    match atom {
        Atom::NameFull => 3e-6,
        Atom::NameP3 => 3e-5,
        Atom::NamePhon => 2e-5,
        Atom::NameAny => 5e-3,
        Atom::BirthDay => 5e-5,
        Atom::BirthYm => 1.5e-3,
        Atom::ChildDay => 1e-3,
        Atom::ChildYm => 3e-2,
        Atom::PostcodeUnit => 1e-6,
        Atom::PostcodeSector => 2e-4,
        Atom::PostcodeOutward => 7e-4,
        Atom::AddressNoWord4 => 2e-4,
        Atom::AddressWord4 => 5e-3,
        Atom::AddressNo => 2e-2,
        Atom::TownP4 => 1e-2,
        Atom::Email => 1e-12,
        Atom::Phone | Atom::Id => 1e-9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::fixed;
    use crate::record::RecordBatch;

    fn estimates(people: &[[&str; 4]]) -> Vec<(String, Estimate)> {
        let slots = [Slot::Name, Slot::Birth, Slot::Postcode, Slot::Email];
        let mut records = RecordBatch::new();
        for person in people {
            for (slot, value) in slots.iter().zip(person) {
                records.push(*slot, value);
            }
            records.end_row();
        }
        let keys = fixed(|slot| slots.contains(&slot));
        let sampler = Sampler::new(&keys);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &sampler.atoms().collect::<Vec<_>>());
        let sample: Vec<Sampled> = (0..people.len()).map(|row| sampler.sample(&atoms, row)).collect();
        let estimates = sampler.estimate(&sample, &keys, |_| None);
        keys.into_iter().map(|key| key.name).zip(estimates).collect()
    }

    fn of(estimates: &[(String, Estimate)], key: &str) -> Estimate {
        estimates.iter().find(|(name, _)| name == key).unwrap().1
    }

    #[test]
    fn a_small_file_falls_back_on_priors_and_the_large_penalty() {
        let found =
            estimates(&[["green ann", "19800101", "M11AE", "a@example.com"], ["webb bob", "19810101", "M11AE", "b@example.com"]]);
        let key = of(&found, "name_postcode");
        assert_eq!(key.basis, Basis::Prior);
        assert_eq!(key.collisions, 0);
        assert!(key.u > 1e-10, "{}", key.u);
        assert!(found.iter().all(|(_, estimate)| estimate.u > 0.0), "no collision never means that there is none");
    }

    #[test]
    fn one_person_twice_is_no_coincidence() {
        let found = estimates(&[
            ["green ann", "19800101", "M11AE", "a@example.com"],
            ["green ann", "19800101", "M11AE", "a@example.com"],
        ]);
        assert!(found.iter().all(|(name, estimate)| name == "whole" || estimate.collisions == 0), "{found:?}");
    }

    #[test]
    fn enough_collisions_speak_for_themselves() {
        let people: Vec<[String; 4]> = (0..40)
            .map(|number| ["green ann".into(), format!("19{number:02}0101"), format!("M{number}"), format!("{number}@e.org")])
            .collect();
        let people: Vec<[&str; 4]> = people.iter().map(|person| [&*person[0], &*person[1], &*person[2], &*person[3]]).collect();
        let mut keys = fixed(|slot| slot == Slot::Name || slot == Slot::Birth);
        keys.push(MatchKey { name: "name".into(), atoms: vec![Atom::NameFull] });
        let mut records = RecordBatch::new();
        for person in &people {
            records.push(Slot::Name, person[0]);
            records.push(Slot::Birth, person[1]);
            records.end_row();
        }
        let sampler = Sampler::new(&keys);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &sampler.atoms().collect::<Vec<_>>());
        let sample: Vec<Sampled> = (0..40).map(|row| sampler.sample(&atoms, row)).collect();
        let name = *sampler.estimate(&sample, &keys, |_| None).last().unwrap();
        assert_eq!((name.basis, name.collisions), (Basis::Joint, 40 * 39 / 2));
        assert!((name.u - 1.0).abs() < 1e-9);
    }

    #[test]
    fn sequential_numbers_are_weak() {
        let mut span = Span::default();
        span.see(b"ED00000101");
        span.see(b"ED00000200");
        assert_eq!(span.width(), Some(100));
        span.see(b"ABC");
        assert_eq!(span.width(), None);
    }
}
