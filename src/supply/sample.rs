//! What is kept of the supplied records to estimate coincidences from: hashes of their atoms, never a value.
//!
//! Two records that agree on a key count as one person, and not as a coincidence, where they agree on something telling outside the key: a
//! mother with two children is in the file twice.

use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use std::hash::DefaultHasher;
use std::hash::Hasher;

/// Pairs that are looked at one by one, to tell two records of one person from two people. Above, the share of one person's records is
/// too small to matter, and of name tokens, which have to be looked at, fewer records are.
const MOST_PAIRS: u64 = 4_000_000;

/// Atoms whose agreement tells that two records are one person's, outside the key under test.
const TELLING: [Atom; 5] = [Atom::NameFull, Atom::BirthDay, Atom::PostcodeUnit, Atom::Email, Atom::Phone];

/// Name tokens that are kept for `name.any`.
const TOKENS: usize = 4;

/// What the estimate keeps of a record: hashes of the atoms that are asked for (and of the telling ones). Zero stands for an absent atom.
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

/// How many pairs of distinct people agree, of how many that could.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Collisions {
    /// Pairs that agree.
    pub(crate) count: u64,
    /// Pairs that have all that is compared.
    pub(crate) pairs: f64,
}

impl Collisions {
    /// The share of the pairs that agree.
    pub(crate) fn share(self) -> f64 {
        if self.pairs > 0.0 { self.count as f64 / self.pairs } else { 0.0 }
    }
}

impl Sampler {
    /// A sampler of these atoms.
    pub(crate) fn new(wanted: impl Fn(Atom) -> bool) -> Sampler {
        let is_kept = |atom: &Atom| *atom != Atom::NameAny && (TELLING.contains(atom) || wanted(*atom));
        Sampler { atoms: Atom::ALL.into_iter().filter(is_kept).collect() }
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

    /// The hash of a record's atom; `None` where it has none. Of a name's tokens, the first one's.
    pub(crate) fn hash_of(&self, record: &Sampled, atom: Atom) -> Option<u64> {
        let hash = match atom {
            Atom::NameAny => u64::from(record.tokens[0]),
            _ => record.hashes[self.position(atom)?],
        };
        (hash != 0).then_some(hash)
    }

    /// How many name tokens the records have that have any.
    pub(crate) fn mean_tokens(&self, sample: &[Sampled]) -> f64 {
        let counts = sample.iter().map(Sampled::tokens).filter(|count| *count > 0);
        let (records, tokens) = counts.fold((0, 0), |(records, tokens), count| (records + 1, tokens + count));
        if records == 0 { 1.0 } else { f64::from(tokens) / f64::from(records) }
    }

    fn position(&self, atom: Atom) -> Option<usize> {
        self.atoms.iter().position(|other| *other == atom)
    }

    /// Pairs of distinct people that agree on all the atoms, and the number of pairs that have them all.
    pub(crate) fn collisions(&self, sample: &[Sampled], atoms: &[Atom]) -> Collisions {
        self.collisions_among(sample, 1, atoms)
    }

    /// As [`Sampler::collisions`], of each `stride`-th record.
    fn collisions_among(&self, sample: &[Sampled], stride: usize, atoms: &[Atom]) -> Collisions {
        let positions: Vec<usize> = atoms.iter().filter_map(|atom| self.position(*atom)).collect();
        let by_token = atoms.contains(&Atom::NameAny);
        let mut keyed: Vec<(u64, u32)> = (0_u32..)
            .zip(sample)
            .step_by(stride)
            .filter(|(_, record)| {
                positions.iter().all(|position| record.hashes[*position] != 0) && (!by_token || record.tokens[0] != 0)
            })
            .map(|(index, record)| (positions.iter().fold(0, |mixed, position| mix(mixed, record.hashes[*position])), index))
            .collect();
        keyed.sort_unstable();
        let count = keyed.len() as f64;
        let raw: u64 = keyed.chunk_by(|a, b| a.0 == b.0).map(|group| pairs_of(group.len())).sum();
        if raw > MOST_PAIRS && by_token {
            let share = (raw as f64 / MOST_PAIRS as f64).sqrt().ceil();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive whole number")]
            let further = (share as usize).max(2);
            return self.collisions_among(sample, stride.saturating_mul(further), atoms);
        }
        let telling: Vec<usize> = TELLING
            .iter()
            .filter(|telling| atoms.iter().all(|atom| atom.slot() != telling.slot()))
            .filter_map(|atom| self.position(*atom))
            .collect();
        let distinct = if raw > MOST_PAIRS {
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
        Collisions { count: distinct, pairs: count * (count - 1.0) / 2.0 }
    }
}

/// Whether a row belongs to a sample of so many of so many records: all of them, or evenly spread ones.
pub(crate) fn is_drawn(row: u64, records: u64, size: u64) -> bool {
    records <= size || {
        let place = |row: u64| u128::from(row) * u128::from(size) / u128::from(records);
        place(row) != place(row + 1)
    }
}

impl Sampled {
    fn tokens(&self) -> u32 {
        self.tokens.iter().map(|token| u32::from(*token != 0)).sum()
    }
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
