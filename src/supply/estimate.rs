//! Estimation of u: how often two unrelated people agree on a match key, from the supplied file itself.
//!
//! With ten or more joint collisions among distinct people of the file, u is their share of all pairs. With fewer, it is predicted from what
//! was seen of parts of the key: the largest product, over the ways to take one atom away, of what the rest comes to and of that atom's own
//! chance. So two atoms that depend on each other, as street and postcode do, count by what both together come to wherever that was seen.
//! The prediction is multiplied by a penalty: the largest ratio of what was seen to what would have been predicted among the sets of three
//! atoms or more that have ten collisions, at least 1, and [`UNKNOWN_PENALTY`] where there are none. It is never more than what would have been
//! seen. Where an atom itself has too few collisions, a built-in prior for UK people stands in. Zero collisions never mean that u is zero.
//!
//! u is the chance for one fingerprint and one probe. Of keys that take any token of a name a record has several of both.

use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::strength::Basis;
use crate::record::field::Slot;
use crate::supply::agreement::Agreement;
use crate::supply::agreement::Collisions;
use crate::supply::agreement::Groups;
use rayon::prelude::*;
use std::collections::HashMap;

/// Joint collisions from which on they speak for themselves.
const ENOUGH: u64 = 10;

/// The penalty where the file is too small to tell how its atoms depend on each other.
const UNKNOWN_PENALTY: f64 = 100.0;

/// Groups of up to one in so many records are kept for wider sets.
const KEPT: usize = 4;

/// The most atoms of a set that is looked at as such.
const MOST_ATOMS: u32 = 5;

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
    /// The chance that a fingerprint and a probe of two unrelated people agree.
    pub(crate) u: f64,
    /// Whence it comes.
    pub(crate) basis: Basis,
    /// Pairs of distinct people of the sample that agree.
    pub(crate) collisions: u64,
}

/// A set of atoms: a bit each, by their number.
type AtomSet = u32;

/// How the atoms of the supplied people agree, alone and together.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// The atoms that were sampled, each with its chance and whether that was seen.
    singles: Vec<(Atom, f64, bool)>,
    /// The chances of all sets of which enough collisions were seen.
    seen: HashMap<AtomSet, f64>,
    /// What all sets of up to [`MOST_ATOMS`] come to, as they were seen or from their parts.
    chances: HashMap<AtomSet, f64>,
    /// More than that would have been seen.
    seldom: f64,
    penalty: f64,
    /// Name tokens of a record.
    tokens: f64,
}

impl Model {
    /// Learns from a sample how atoms agree, of those that `slots` have. `span` tells the spread of a slot's numbers.
    pub(crate) fn learn(
        agreement: &Agreement<'_>,
        has: impl Fn(Slot) -> bool,
        span: impl Fn(Slot) -> Option<u64> + Sync,
    ) -> Model {
        let tokens = agreement.mean_tokens();
        let atoms: Vec<Atom> = Atom::ALL.into_iter().filter(|atom| has(atom.slot())).collect();
        let singles: Vec<(Atom, f64, bool)> = atoms
            .par_iter()
            .map(|atom| {
                let collisions = agreement.collisions(&[*atom]);
                let observed = collisions.share();
                let is_known = collisions.count >= ENOUGH;
                let chance = if is_known { observed } else { observed.max(prior(*atom)) };
                (*atom, per_probe(chance, &[*atom], tokens).max(floor(*atom, &span)), is_known)
            })
            .collect();
        let mut model = Model { singles, seen: HashMap::new(), chances: HashMap::new(), seldom: 1.0, penalty: 1.0, tokens };
        let mut most_pairs = 0.0_f64;
        // A set can only be seen often where each of its parts is.
        let mut level: Vec<AtomSet> =
            model.singles.iter().filter(|(_, _, is_known)| *is_known).map(|(atom, _, _)| bit(*atom)).collect();
        let mut groups: HashMap<AtomSet, Groups> = HashMap::new();
        for _ in 2..=MOST_ATOMS {
            let mut wider: Vec<AtomSet> = level
                .iter()
                .flat_map(|set| atoms.iter().map(move |atom| (*set, *atom)))
                .filter(|(set, atom)| bit(*atom) > *set && members(*set).all(|other| other.slot() != atom.slot()))
                .map(|(set, atom)| set | bit(atom))
                .filter(|set| parts(*set).all(|(part, _)| level.contains(&part)))
                .collect();
            wider.sort_unstable();
            wider.dedup();
            let found: Vec<(AtomSet, Collisions, Option<Groups>)> =
                wider.into_par_iter().map(|set| look_at(agreement, set, &groups)).collect();
            level.clear();
            groups.clear();
            for (set, collisions, of_set) in found {
                most_pairs = most_pairs.max(collisions.pairs);
                if collisions.count >= ENOUGH {
                    let atoms: Vec<Atom> = members(set).collect();
                    model.seen.insert(set, per_probe(collisions.share(), &atoms, tokens));
                    level.push(set);
                    groups.extend(of_set.map(|of_set| (set, of_set)));
                }
            }
            if level.is_empty() {
                break;
            }
        }
        if most_pairs > 0.0 {
            model.seldom = (2.0 * ENOUGH as f64 / most_pairs).min(1.0);
        }
        let mut known = HashMap::new();
        let mut sets: Vec<AtomSet> = vec![0];
        for atom in &atoms {
            let fits = |set: &&AtomSet| set.count_ones() < MOST_ATOMS && members(**set).all(|other| other.slot() != atom.slot());
            let wider: Vec<AtomSet> = sets.iter().filter(fits).map(|set| set | bit(*atom)).collect();
            sets.extend(wider);
        }
        // Parts come before what they are parts of.
        sets.sort_unstable_by_key(|set| set.count_ones());
        for set in sets {
            model.chance(set, &mut known);
        }
        model.chances = known;
        model.penalty = model.penalty();
        model
    }

    /// The largest ratio of what was seen to what would have been predicted.
    fn penalty(&self) -> f64 {
        let ratio = |(set, seen): (&AtomSet, &f64)| seen / self.by_parts(*set, &mut HashMap::new());
        let is_apart = |set: AtomSet| members(set).any(|atom| !is_of_household(atom));
        let of_size = |is_wanted: fn(u32) -> bool| {
            let sets = self.seen.iter().filter(|(set, _)| is_wanted(set.count_ones()) && is_apart(**set));
            sets.map(ratio).fold(f64::NAN, f64::max)
        };
        let wide = of_size(|size| size > 2);
        // A file too small for sets of three tells by pairs.
        let largest = if wide.is_nan() { of_size(|size| size == 2) } else { wide };
        if largest.is_nan() { UNKNOWN_PENALTY } else { largest.max(1.0) }
    }

    fn single(&self, atom: Atom) -> (f64, bool) {
        self.singles
            .iter()
            .find(|(known, _, _)| *known == atom)
            .map_or((1.0, false), |(_, chance, is_known)| (*chance, *is_known))
    }

    /// What a set comes to: as it was seen, else from its parts.
    fn chance(&self, set: AtomSet, known: &mut HashMap<AtomSet, f64>) -> f64 {
        if let Some(seen) = self.seen.get(&set).or_else(|| self.chances.get(&set)).or_else(|| known.get(&set)) {
            return *seen;
        }
        let chance = self.by_parts(set, known);
        known.insert(set, chance);
        chance
    }

    fn by_parts(&self, set: AtomSet, known: &mut HashMap<AtomSet, f64>) -> f64 {
        let atoms: Vec<Atom> = members(set).collect();
        match atoms[..] {
            [] => 1.0,
            [atom] => self.single(atom).0,
            // People of one household share all of these at once.
            [a, b] if is_of_household(a) && is_of_household(b) => self.single(a).0.min(self.single(b).0).min(self.seldom),
            _ => {
                let largest = parts(set).map(|(part, atom)| self.chance(part, known) * self.single(atom).0).fold(0.0, f64::max);
                largest.min(self.seldom)
            }
        }
    }

    /// How many name tokens a record has.
    pub(crate) fn tokens(&self) -> f64 {
        self.tokens
    }

    /// What is to be expected of a set of atoms, as far as the sample tells.
    pub(crate) fn predict(&self, atoms: &[Atom]) -> f64 {
        let set = atoms.iter().fold(0, |set, atom| set | bit(*atom));
        if let Some(seen) = self.seen.get(&set) {
            return *seen;
        }
        let predicted = self.chance(set, &mut HashMap::new());
        // An atom alone depends on no other.
        let penalty = if atoms.len() > 1 { self.penalty } else { 1.0 };
        (predicted * penalty).min(self.seldom.max(predicted)).min(1.0)
    }

    /// Estimates u of each key, from the collisions of a larger sample where there are enough.
    pub(crate) fn estimate(
        &self,
        agreement: &Agreement<'_>,
        keys: &[MatchKey],
        span: impl Fn(Slot) -> Option<u64> + Sync,
    ) -> Vec<Estimate> {
        keys.par_iter().map(|key| self.estimate_one(agreement, key, &span)).collect()
    }

    /// Estimates u of one key.
    pub(crate) fn estimate_one(
        &self,
        agreement: &Agreement<'_>,
        key: &MatchKey,
        span: &impl Fn(Slot) -> Option<u64>,
    ) -> Estimate {
        let collisions = agreement.collisions(&key.atoms);
        let observed = per_probe(collisions.share(), &key.atoms, self.tokens);
        let (u, basis) = if collisions.count >= ENOUGH {
            (observed, Basis::Joint)
        } else {
            let is_known = key.atoms.iter().all(|atom| self.single(*atom).1);
            // What is more frequent would have been seen more often.
            let seldom = if collisions.pairs > 0.0 { (2.0 * ENOUGH as f64 / collisions.pairs).min(1.0) } else { 1.0 };
            let predicted = self.predict(&key.atoms).min(seldom).max(observed);
            (predicted, if is_known { Basis::Product } else { Basis::Prior })
        };
        let floor = if let [atom] = key.atoms[..] { floor(atom, span) } else { 0.0 };
        let (u, basis) = if floor >= u { (floor, Basis::Range) } else { (u, basis) };
        Estimate { u, basis, collisions: collisions.count }
    }
}

/// How the records agree on a set, and in which groups, where those are small enough to be kept. `known` has the groups of some of its parts.
fn look_at(agreement: &Agreement<'_>, set: AtomSet, known: &HashMap<AtomSet, Groups>) -> (AtomSet, Collisions, Option<Groups>) {
    let atoms: Vec<Atom> = members(set).collect();
    let of_parts = parts(set).filter_map(|(part, atom)| Some((known.get(&part)?, atom)));
    let groups = match of_parts.min_by_key(|(groups, _)| groups.len()) {
        Some((groups, atom)) => agreement.divided(groups, atom),
        None => agreement.groups(&atoms),
    };
    let collisions = agreement.collisions_of(&atoms, &groups);
    (set, collisions, (groups.len() <= agreement.records() / KEPT).then_some(groups))
}

fn bit(atom: Atom) -> AtomSet {
    1 << atom as u32
}

fn members(set: AtomSet) -> impl Iterator<Item = Atom> {
    Atom::ALL.into_iter().filter(move |atom| set & bit(*atom) != 0)
}

/// A set without one of its atoms, and that atom, for each of them.
fn parts(set: AtomSet) -> impl Iterator<Item = (AtomSet, Atom)> {
    members(set).map(move |atom| (set & !bit(atom), atom))
}

/// Whether people of one household share it.
fn is_of_household(atom: Atom) -> bool {
    matches!(atom.slot(), Slot::Postcode | Slot::Address | Slot::Town | Slot::Phone | Slot::Email)
}

/// The chance for one fingerprint and one probe, of the chance that two people agree.
fn per_probe(chance: f64, atoms: &[Atom], tokens: f64) -> f64 {
    if atoms.contains(&Atom::NameAny) { chance / (tokens * tokens) } else { chance }
}

/// A number is guessed by chance at least as often as its range allows.
fn floor(atom: Atom, span: &impl Fn(Slot) -> Option<u64>) -> f64 {
    match atom {
        Atom::Id | Atom::Phone => span(atom.slot()).map_or(0.0, |width| 1.0 / width as f64),
        _ => 0.0,
    }
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
        Atom::Email | Atom::EmailMd5 | Atom::EmailSha1 | Atom::EmailSha256 => 1e-12,
        Atom::Phone | Atom::Id => 1e-9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::atom::AtomBatch;
    use crate::match_key::fixed;
    use crate::record::RecordBatch;
    use crate::supply::sample::Sampled;
    use crate::supply::sample::Sampler;

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
        let sampler = Sampler::new(|_| true);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &sampler.atoms().collect::<Vec<_>>());
        let sample: Vec<Sampled> = (0..people.len()).map(|row| sampler.sample(&atoms, row)).collect();
        let agreement = Agreement::new(&sampler, &sample);
        let model = Model::learn(&agreement, |slot| slots.contains(&slot), |_| None);
        let estimates = model.estimate(&agreement, &keys, |_| None);
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
        let sampler = Sampler::new(|_| true);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &sampler.atoms().collect::<Vec<_>>());
        let sample: Vec<Sampled> = (0..40).map(|row| sampler.sample(&atoms, row)).collect();
        let agreement = Agreement::new(&sampler, &sample);
        let model = Model::learn(&agreement, |slot| matches!(slot, Slot::Name | Slot::Birth), |_| None);
        let name = *model.estimate(&agreement, &keys, |_| None).last().unwrap();
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
