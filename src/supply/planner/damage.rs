//! Ways in which a record may be damaged on its way through a recipient's systems, drawn for records of the supply.
//!
//! Each field is damaged apart from the others, more often than real data are, so that what survives several damages at once counts. What a
//! damage leaves follows from what it is: a slip behind the third letter leaves the beginnings of a name, one in a postcode's last letters its
//! sector. The shares are set beforehand, for no data in particular.

use crate::match_key::atom::Atom;
use crate::record::field::Slot;
use crate::supply::sample::Sampled;
use crate::supply::sample::Sampler;

/// Damaged records that are drawn.
const DRAWS: usize = 1 << 13;

/// The share of fields that are left whole, of 100.
const WHOLE: u64 = 60;

/// A bit for each damaged record.
#[derive(Clone, Debug)]
pub(super) struct Survivals(Vec<u64>);

impl Survivals {
    /// Adds those of another.
    pub(super) fn add(&mut self, other: &Survivals) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// How many are not among the others.
    pub(super) fn beyond(&self, others: &Survivals) -> u32 {
        self.0.iter().zip(&others.0).map(|(mine, theirs)| (mine & !theirs).count_ones()).sum()
    }
}

/// Damaged records, by what of each survives.
pub(super) struct Damage {
    draws: usize,
    /// For each atom, whether it survives, and whether the record had it.
    atoms: Vec<(Survivals, Survivals)>,
}

impl Damage {
    /// Draws damages for records of a sample.
    pub(super) fn draw(sampler: &Sampler, sample: &[Sampled]) -> Damage {
        let words = DRAWS.div_ceil(64);
        let blank = || Survivals(vec![0; words]);
        let mut atoms: Vec<(Survivals, Survivals)> = Atom::ALL.iter().map(|_| (blank(), blank())).collect();
        for draw in 0..DRAWS {
            let Some(record) = sample.get(draw * sample.len() / DRAWS) else { break };
            let bit = 1_u64 << (draw % 64);
            for atom in Atom::ALL {
                let Some(hash) = sampler.hash_of(record, atom) else { continue };
                let (survives, present) = &mut atoms[atom as usize];
                present.0[draw / 64] |= bit;
                // A shorter form that is the longer one, as of a postcode of another country, is lost with it.
                let longer = longer(atom).filter(|longer| sampler.hash_of(record, *longer) == Some(hash)).unwrap_or(atom);
                if is_left(longer, draw as u64) {
                    survives.0[draw / 64] |= bit;
                }
            }
        }
        Damage { draws: DRAWS, atoms }
    }

    /// How many damaged records there are.
    pub(super) fn draws(&self) -> usize {
        self.draws
    }

    /// A set of none of them.
    pub(super) fn none(&self) -> Survivals {
        Survivals(vec![0; self.draws.div_ceil(64)])
    }

    /// Those of which all these atoms survive.
    pub(super) fn survivals(&self, atoms: &[Atom]) -> Survivals {
        self.all(atoms, |(survives, _)| survives)
    }

    /// The share of the records that have all these atoms.
    pub(super) fn present(&self, atoms: &[Atom]) -> f64 {
        f64::from(self.all(atoms, |(_, present)| present).count()) / self.draws as f64
    }

    fn all(&self, atoms: &[Atom], of: impl Fn(&(Survivals, Survivals)) -> &Survivals) -> Survivals {
        let mut all = Survivals(vec![u64::MAX; self.draws.div_ceil(64)]);
        for atom in atoms {
            for (mine, theirs) in all.0.iter_mut().zip(&of(&self.atoms[*atom as usize]).0) {
                *mine &= theirs;
            }
        }
        all
    }
}

/// The form that an atom is part of.
fn longer(atom: Atom) -> Option<Atom> {
    match atom {
        Atom::PostcodeSector | Atom::PostcodeOutward => Some(Atom::PostcodeUnit),
        Atom::NameP3 | Atom::NamePhon => Some(Atom::NameFull),
        _ => None,
    }
}

/// Whether a damage leaves an atom.
#[expect(clippy::match_same_arms, reason = "a table, in the order of the atoms")]
fn is_left(atom: Atom, draw: u64) -> bool {
    let slot = atom.slot();
    let (is_whole, kind, chance) = (percent(draw, slot, 0) < WHOLE, percent(draw, slot, 1), percent(draw, slot, 2));
    is_whole
        || match atom {
            // 40: a slip further back; 35: one in the first letters of a part; 25: another name.
            Atom::NameFull => false,
            Atom::NameP3 => kind < 40,
            Atom::NamePhon => kind < 40 && chance < 50,
            // Of several parts one is left.
            Atom::NameAny => kind < 75,
            // 40: another day of the month; 60: another date.
            Atom::BirthYm | Atom::ChildYm => kind < 40,
            // 30: the last letters; 30: the sector; 40: another postcode.
            Atom::PostcodeSector => kind < 30,
            Atom::PostcodeOutward => kind < 60,
            // 30: the number; 40: the street; 30: both.
            Atom::AddressWord4 => kind < 30,
            Atom::AddressNo => (30..70).contains(&kind),
            Atom::BirthDay
            | Atom::ChildDay
            | Atom::PostcodeUnit
            | Atom::AddressNoWord4
            | Atom::TownP4
            | Atom::Email
            | Atom::Phone
            | Atom::Id
            | Atom::EmailMd5
            | Atom::EmailSha1
            | Atom::EmailSha256 => false,
        }
}

/// A number below 100 that hangs on nothing but its place, by `SplitMix64` (Steele, Lea & Flood, 2014).
fn percent(draw: u64, slot: Slot, question: u64) -> u64 {
    let mut state = (draw * 64 + slot as u64 * 4 + question + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state ^ (state >> 31)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_field_fits_together() {
        for draw in 0..5_000 {
            let left = |atom| is_left(atom, draw);
            assert!(!left(Atom::NameFull) || left(Atom::NameP3) && left(Atom::NamePhon) && left(Atom::NameAny));
            assert!(!left(Atom::PostcodeUnit) || left(Atom::PostcodeSector));
            assert!(!left(Atom::PostcodeSector) || left(Atom::PostcodeOutward));
            assert!(!left(Atom::BirthDay) || left(Atom::BirthYm));
            assert_eq!(left(Atom::AddressNoWord4), left(Atom::AddressNo) && left(Atom::AddressWord4));
        }
    }

    #[test]
    fn fields_are_damaged_apart_from_each_other() {
        let share =
            |atoms: &[Atom]| (0..20_000).filter(|draw| atoms.iter().all(|atom| is_left(*atom, *draw))).count() as f64 / 20_000.0;
        let (name, birth) = (share(&[Atom::NameFull]), share(&[Atom::BirthDay]));
        assert!((name - 0.6).abs() < 0.02 && (birth - 0.6).abs() < 0.02, "{name} {birth}");
        assert!((share(&[Atom::NameFull, Atom::BirthDay]) - name * birth).abs() < 0.02);
    }
}
