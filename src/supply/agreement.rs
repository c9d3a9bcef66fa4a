//! How many pairs of sampled people agree on some atoms.
//!
//! Two records that agree on a key count as one person, and not as a coincidence, where they agree on something telling outside the key: a
//! mother with two children is in the file twice.
//!
//! The planner asks of hundreds of sets of atoms. So each atom's records are put into classes of equal values once, and only those that share
//! theirs with another are looked at again.

use crate::match_key::atom::Atom;
use crate::supply::sample::Sampled;
use crate::supply::sample::Sampler;
use std::sync::OnceLock;

/// Pairs that are looked at one by one, to tell two records of one person from two people. Above, the share of one person's records is
/// too small to matter, and of name tokens, which have to be looked at, fewer records are.
const MOST_PAIRS: u64 = 4_000_000;

/// Up to so many records all pairs are looked at. In larger groups those that agree are sorted next to each other.
const FEW: usize = 12;

/// The class of a record without the atom, and of one whose value no other has. The others begin behind.
const ABSENT: u32 = 0;
const ALONE: u32 = 1;

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

/// The sampled records by what they have in common.
#[derive(Debug)]
pub(crate) struct Agreement<'a> {
    pub(super) sampler: &'a Sampler,
    pub(super) sample: &'a [Sampled],
    /// By the sampler's atoms, each once it is asked for.
    columns: Vec<OnceLock<Column>>,
    /// A bit for each record with a token.
    with_tokens: Vec<u64>,
}

/// One atom of all records.
#[derive(Debug)]
struct Column {
    /// The class of each record.
    classes: Vec<u32>,
    /// The records that share their class, class by class.
    shared: Vec<u32>,
    /// A bit for each record that has the atom.
    present: Vec<u64>,
}

impl Column {
    fn new(hashes: impl Iterator<Item = u64>) -> Column {
        let mut sorted: Vec<(u64, u32)> = hashes.zip(0..).collect();
        let mut classes = vec![ABSENT; sorted.len()];
        sorted.retain(|(hash, _)| *hash != 0);
        sorted.sort_unstable();
        let (mut shared, mut next) = (Vec::new(), ALONE + 1);
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            let class = if group.len() == 1 { ALONE } else { next };
            for (_, record) in group {
                classes[*record as usize] = class;
            }
            if class != ALONE {
                shared.extend(group.iter().map(|(_, record)| *record));
                next += 1;
            }
        }
        let present = present(classes.iter().map(|class| *class != ABSENT));
        Column { classes, shared, present }
    }

    fn class(&self, record: u32) -> u32 {
        self.classes[record as usize]
    }
}

/// Records in groups: those of a group agree on something. Groups of one are left out.
#[derive(Debug)]
pub(crate) struct Groups {
    records: Vec<u32>,
    /// The number of records in each group, in their order.
    sizes: Vec<u32>,
}

impl Groups {
    fn each(&self) -> impl Iterator<Item = &[u32]> {
        let mut rest = &self.records[..];
        self.sizes.iter().map(move |size| {
            let (group, others) = rest.split_at(*size as usize);
            rest = others;
            group
        })
    }

    /// How many records there are in all groups.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// What is left of groups without some records.
    fn of<'a>(groups: impl Iterator<Item = &'a [u32]>, is_kept: impl Fn(u32) -> bool) -> Groups {
        let (mut records, mut sizes) = (Vec::new(), Vec::new());
        for group in groups {
            let before = records.len();
            records.extend(group.iter().filter(|record| is_kept(**record)));
            match records.len() - before {
                0 | 1 => records.truncate(before),
                count => sizes.push(size(count)),
            }
        }
        Groups { records, sizes }
    }

    /// Divides each group by another atom, and keeps what has two records.
    fn divided(&self, column: &Column) -> Groups {
        let (mut divided, mut sorted) = (Groups { records: Vec::new(), sizes: Vec::new() }, Vec::new());
        for group in self.each() {
            sorted.clear();
            sorted.extend(group.iter().map(|record| (column.class(*record), *record)).filter(|(class, _)| *class > ALONE));
            sorted.sort_unstable();
            for group in sorted.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
                divided.records.extend(group.iter().map(|(_, record)| *record));
                divided.sizes.push(size(group.len()));
            }
        }
        divided
    }
}

impl<'a> Agreement<'a> {
    /// What the records of a sample have in common.
    pub(crate) fn new(sampler: &'a Sampler, sample: &'a [Sampled]) -> Agreement<'a> {
        let columns = (0..sampler.hashed().len()).map(|_| OnceLock::new()).collect();
        Agreement { sampler, sample, columns, with_tokens: present(sample.iter().map(|record| record.tokens[0] != 0)) }
    }

    /// How many name tokens the records have that have any.
    pub(crate) fn mean_tokens(&self) -> f64 {
        self.sampler.mean_tokens(self.sample)
    }

    /// How many records there are.
    pub(crate) fn records(&self) -> usize {
        self.sample.len()
    }

    /// Pairs of distinct people that agree on all the atoms, and the number of pairs that have them all.
    pub(crate) fn collisions(&self, atoms: &[Atom]) -> Collisions {
        self.collisions_of(atoms, &self.groups(atoms))
    }

    /// The records that agree on all the atoms. Of those with tokens, which may agree.
    pub(crate) fn groups(&self, atoms: &[Atom]) -> Groups {
        let columns = self.columns(|atom| atoms.contains(&atom));
        let by_token = atoms.contains(&Atom::NameAny);
        let may_agree = |record: u32| !by_token || self.has_token(record);
        let Some(narrowest) = columns.iter().min_by_key(|column| column.shared.len()) else {
            let records: Vec<u32> = (0..size(self.sample.len())).filter(|record| may_agree(*record)).collect();
            return Groups { sizes: vec![size(records.len())], records };
        };
        let others: Vec<&&Column> = columns.iter().filter(|column| !std::ptr::eq(**column, *narrowest)).collect();
        let groups = narrowest.shared.chunk_by(|a, b| narrowest.class(*a) == narrowest.class(*b));
        let may_agree = |record| may_agree(record) && others.iter().all(|column| column.class(record) > ALONE);
        let groups = Groups::of(groups, may_agree);
        others.iter().fold(groups, |groups, column| groups.divided(column))
    }

    /// Divides groups of records by another atom. Of those with tokens, of which no column is kept, by whether they have any.
    pub(crate) fn divided(&self, groups: &Groups, atom: Atom) -> Groups {
        match self.columns(|other| other == atom).first() {
            Some(column) => groups.divided(column),
            None => Groups::of(groups.each(), |record| self.has_token(record)),
        }
    }

    fn has_token(&self, record: u32) -> bool {
        self.with_tokens[record as usize / 64] >> (record % 64) & 1 == 1
    }

    fn columns(&self, is_wanted: impl Fn(Atom) -> bool) -> Vec<&Column> {
        let hashed = self.sampler.hashed().iter().enumerate().filter(|(_, atom)| is_wanted(**atom));
        let column = |(place, _): (usize, &Atom)| {
            self.columns[place].get_or_init(|| Column::new(self.sample.iter().map(|record: &Sampled| record.hashes[place])))
        };
        hashed.map(column).collect()
    }

    /// As [`Agreement::collisions`], of what [`Agreement::groups`] says of the atoms.
    pub(crate) fn collisions_of(&self, atoms: &[Atom], groups: &Groups) -> Collisions {
        let by_token = atoms.contains(&Atom::NameAny);
        let mut stride = 1_usize;
        let mut drawn = None;
        let (groups, raw) = loop {
            let groups = drawn.as_ref().unwrap_or(groups);
            let raw: u64 = groups.each().map(|group| pairs_of(group.len())).sum();
            if raw <= MOST_PAIRS || !by_token {
                break (groups, raw);
            }
            let share = (raw as f64 / MOST_PAIRS as f64).sqrt().ceil();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive whole number")]
            let further = (share as usize).max(2);
            stride = stride.saturating_mul(further);
            drawn = Some(Groups::of(groups.each(), |record| (record as usize).is_multiple_of(stride)));
        };
        let count = self.with_all(atoms, stride) as f64;
        let distinct = if raw > MOST_PAIRS {
            raw
        } else {
            let is_outside = |atom: Atom| atoms.iter().all(|other| other.slot() != atom.slot());
            let telling = self.columns(|atom| Sampler::is_telling(atom) && is_outside(atom));
            let mut sorted = Vec::new();
            groups.each().map(|group| self.distinct(group, &telling, by_token, &mut sorted)).sum()
        };
        Collisions { count: distinct, pairs: count * (count - 1.0) / 2.0 }
    }

    /// How many records have all these atoms, of each `stride`-th one.
    fn with_all(&self, atoms: &[Atom], stride: usize) -> u64 {
        let columns = self.columns(|atom| atoms.contains(&atom));
        let tokens = atoms.contains(&Atom::NameAny).then_some(&self.with_tokens);
        let word = |place: usize| {
            let all = columns.iter().map(|column| &column.present).chain(tokens);
            all.fold(u64::MAX, |left, present| left & present[place])
        };
        let words = self.with_tokens.len();
        match stride {
            1 => (0..words).map(|place| u64::from(word(place).count_ones())).sum::<u64>().min(self.sample.len() as u64),
            _ => (0..self.sample.len()).step_by(stride).map(|record| word(record / 64) >> (record % 64) & 1).sum(),
        }
    }

    /// The pairs of a group that are two people; of tokens, those that share one.
    fn distinct(&self, group: &[u32], telling: &[&Column], by_token: bool, sorted: &mut Vec<(u32, u32)>) -> u64 {
        let is_same = |columns: &[&Column], a: u32, b: u32| {
            columns.iter().any(|column| column.class(a) > ALONE && column.class(a) == column.class(b))
        };
        let tokens = |record: u32| &self.sample[record as usize].tokens;
        if group.len() <= FEW {
            let agree = |a: u32, b: u32| !is_same(telling, a, b) && (!by_token || shared_token(tokens(a), tokens(b)) != 0);
            return count_pairs(&group.iter().copied(), agree);
        }
        if by_token {
            sorted.clear();
            let entries = group.iter().flat_map(|record| tokens(*record).iter().map(|token| (*token, *record)));
            sorted.extend(entries.filter(|(token, _)| *token != 0));
            sorted.sort_unstable();
            sorted.dedup();
            // A pair that shares several tokens counts at the least of them.
            return sorted
                .chunk_by(|a, b| a.0 == b.0)
                .map(|run| {
                    let agree = |a, b| shared_token(tokens(a), tokens(b)) == run[0].0 && !is_same(telling, a, b);
                    count_pairs(&run.iter().map(|(_, record)| *record), agree)
                })
                .sum();
        }
        let mut distinct = pairs_of(group.len());
        for (place, column) in telling.iter().enumerate() {
            sorted.clear();
            sorted.extend(group.iter().map(|record| (column.class(*record), *record)).filter(|(class, _)| *class > ALONE));
            sorted.sort_unstable();
            for run in sorted.chunk_by(|a, b| a.0 == b.0) {
                // Each pair is taken away once.
                distinct -= count_pairs(&run.iter().map(|(_, record)| *record), |a, b| !is_same(&telling[..place], a, b));
            }
        }
        distinct
    }
}

/// The least token that two records share; 0 for none.
fn shared_token(a: &[u32], b: &[u32]) -> u32 {
    a.iter().copied().filter(|token| *token != 0 && b.contains(token)).min().unwrap_or_default()
}

fn count_pairs(records: &(impl Iterator<Item = u32> + Clone), is_counted: impl Fn(u32, u32) -> bool) -> u64 {
    let with_earlier =
        |(place, record): (usize, u32)| records.clone().take(place).filter(|earlier| is_counted(record, *earlier)).count() as u64;
    records.clone().enumerate().map(with_earlier).sum()
}

/// A bit for each record.
fn present(records: impl Iterator<Item = bool>) -> Vec<u64> {
    let bits: Vec<bool> = records.collect();
    bits.chunks(64).map(|bits| (0..).zip(bits).fold(0, |word, (place, bit)| word | u64::from(*bit) << place)).collect()
}

fn pairs_of(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

/// The number of records in something; a sample has no more.
fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::atom::AtomBatch;
    use crate::record::RecordBatch;
    use crate::record::field::Slot;
    use proptest::prelude::*;

    /// Every pair of records is looked at.
    fn plain(sampler: &Sampler, sample: &[Sampled], atoms: &[Atom]) -> Collisions {
        let by_token = atoms.contains(&Atom::NameAny);
        let hashed: Vec<Atom> = atoms.iter().copied().filter(|atom| *atom != Atom::NameAny).collect();
        let is_outside = |atom: &Atom| Sampler::is_telling(*atom) && atoms.iter().all(|other| other.slot() != atom.slot());
        let telling: Vec<Atom> = sampler.hashed().iter().copied().filter(is_outside).collect();
        let value = |record: &Sampled, atom: &Atom| sampler.hash_of(record, *atom);
        let agree = |a: &Sampled, b: &Sampled, atom: &Atom| value(a, atom).is_some() && value(a, atom) == value(b, atom);
        let has_all = |record: &&Sampled| atoms.iter().all(|atom| value(record, atom).is_some());
        let records: Vec<&Sampled> = sample.iter().filter(has_all).collect();
        let mut count = 0;
        for (place, a) in records.iter().enumerate() {
            for b in &records[..place] {
                let shares = a.tokens.iter().any(|token| *token != 0 && b.tokens.contains(token));
                let is_same = telling.iter().any(|atom| agree(a, b, atom));
                count += u64::from(hashed.iter().all(|atom| agree(a, b, atom)) && !is_same && (!by_token || shares));
            }
        }
        let number = records.len() as f64;
        Collisions { count, pairs: number * (number - 1.0) / 2.0 }
    }

    fn sample(people: &[[usize; 5]]) -> (Sampler, Vec<Sampled>) {
        let mut records = RecordBatch::new();
        for person in people {
            let names = ["", "green ann", "green bob", "webb ann", "webb ann bob green", "webb ann ann", "green green"];
            let values: [&[&str]; 5] = [
                &names,
                &["", "19800101", "19800102", "19810101"],
                &["", "M11AE", "M11AD", "LS12AB"],
                &["", "a@example.com", "b@example.com"],
                &["", "leeds", "york"],
            ];
            for ((slot, values), index) in
                [Slot::Name, Slot::Birth, Slot::Postcode, Slot::Email, Slot::Town].iter().zip(values).zip(person)
            {
                let value = values[*index % values.len()];
                if !value.is_empty() {
                    records.push(*slot, value);
                }
            }
            records.end_row();
        }
        let sampler = Sampler::new(|_| true);
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &sampler.atoms().collect::<Vec<_>>());
        let sample = (0..people.len()).map(|row| sampler.sample(&atoms, row)).collect();
        (sampler, sample)
    }

    proptest! {
        #[test]
        fn pairs_are_those_that_are_found_one_by_one(people in prop::collection::vec(any::<[usize; 5]>(), 0..90)) {
            let (sampler, sample) = sample(&people);
            let agreement = Agreement::new(&sampler, &sample);
            for atoms in [
                &[Atom::NameFull][..],
                &[Atom::NameAny],
                &[Atom::TownP4],
                &[Atom::Email, Atom::TownP4],
                &[Atom::NameAny, Atom::TownP4],
                &[Atom::NameAny, Atom::PostcodeOutward, Atom::BirthYm],
                &[Atom::NameP3, Atom::BirthYm, Atom::TownP4],
                &[Atom::NamePhon, Atom::BirthDay, Atom::PostcodeUnit, Atom::TownP4],
            ] {
                prop_assert_eq!(agreement.collisions(atoms), plain(&sampler, &sample, atoms), "{:?}", atoms);
            }
        }
    }

    #[test]
    fn of_too_many_pairs_with_tokens_fewer_records_are_looked_at() {
        let people: Vec<[usize; 5]> = (0..6_000).map(|number| [1 + number % 6, number % 4, 1 + number % 3, 0, 1]).collect();
        let (sampler, sample) = sample(&people);
        let agreement = Agreement::new(&sampler, &sample);
        // Of 18 million pairs; those that agree on a telling atom are not told apart.
        assert_eq!(agreement.collisions(&[Atom::TownP4]), Collisions { count: pairs_of(6_000), pairs: pairs_of(6_000) as f64 });
        let drawn: Vec<Sampled> = sample.iter().step_by(3).cloned().collect();
        assert_eq!(agreement.collisions(&[Atom::NameAny, Atom::TownP4]), plain(&sampler, &drawn, &[Atom::NameAny, Atom::TownP4]));
    }
}
