//! What is kept of the supplied records to estimate coincidences from: hashes of their atoms, never a value.

use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use std::hash::DefaultHasher;
use std::hash::Hasher;

/// Atoms whose agreement tells that two records are one person's, outside the key under test.
const TELLING: [Atom; 5] = [Atom::NameFull, Atom::BirthDay, Atom::PostcodeUnit, Atom::Email, Atom::Phone];

/// Name tokens that are kept for `name.any`.
const TOKENS: usize = 4;

/// What the estimate keeps of a record: hashes of the atoms that are asked for (and of the telling ones). Zero stands for an absent atom.
#[derive(Clone, Debug)]
pub(crate) struct Sampled {
    /// By [`Sampler::hashed`].
    pub(super) hashes: Box<[u64]>,
    pub(super) tokens: [u32; TOKENS],
}

/// Which atoms are sampled.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    atoms: Vec<Atom>,
}

impl Sampler {
    /// A sampler of these atoms.
    pub(crate) fn new(wanted: impl Fn(Atom) -> bool) -> Sampler {
        let is_kept = |atom: &Atom| *atom != Atom::NameAny && (TELLING.contains(atom) || wanted(*atom));
        Sampler { atoms: Atom::ALL.into_iter().filter(is_kept).collect() }
    }

    /// Whether agreement on an atom tells that two records are one person's.
    pub(super) fn is_telling(atom: Atom) -> bool {
        TELLING.contains(&atom)
    }

    /// The atoms of which a hash is kept.
    pub(super) fn hashed(&self) -> &[Atom] {
        &self.atoms
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

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
