//! Looking many fingerprints up at once: a small filter for each match key in front of the sorted fingerprints.
//!
//! Nearly every probe of a scan is for somebody who was never supplied. A blocked Bloom filter settles those with one word of memory each, of which
//! many are asked for at once; only what passes costs a search in the mapped file. Fingerprints are keyed hashes, so their own bits serve as the
//! filter's hash functions.

use crate::manifest::Fingerprint;
use crate::manifest::read::Manifest;
use crate::manifest::read::Section;
use rayon::prelude::*;

/// Bits of the filter for each entry: with five bits an entry in one word, about four in a thousand strangers pass.
const BITS_PER_ENTRY: u64 = 16;

/// The most bytes that all filters of a manifest have together. Beyond some 500 million entries they let more strangers pass instead.
const MOST_FILTER_BYTES: u64 = 1 << 30;

/// Probes that go through the filter before the first of them is searched for. Their loads do not wait for each other.
const BATCH: usize = 64;

/// An entry that a probe met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The place in the batch.
    pub(crate) probe: u32,
    /// What has the fingerprint.
    pub(crate) found: Found,
}

/// What has a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The record of this ordinal in the manifest.
    Record(u32),
    /// An entry given to [`Index::build`], by its tag.
    Extra(u32),
}

/// A manifest's match keys, ready to be probed from many threads.
pub(crate) struct Index<'m> {
    keys: Vec<KeyIndex<'m>>,
}

struct KeyIndex<'m> {
    section: Section<'m>,
    filter: Filter,
    /// Sorted.
    extra: Vec<(Fingerprint, u32)>,
}

impl<'m> Index<'m> {
    /// Reads all fingerprints once. `extra` are further entries, held in memory: match key number, fingerprint, tag.
    pub(crate) fn build(manifest: &'m Manifest, extra: &[(usize, Fingerprint, u32)]) -> Index<'m> {
        let entries: u64 = (0..manifest.keys()).map(|key| manifest.entries(key)).sum();
        let keys = (0..manifest.keys()).into_par_iter().map(|key| {
            let mine = extra.iter().filter(|entry| entry.0 == key);
            let mut extra: Vec<(Fingerprint, u32)> = mine.map(|&(_, fingerprint, tag)| (fingerprint, tag)).collect();
            extra.sort_unstable();
            let section = manifest.section(key);
            let own = section.fingerprints();
            let mut filter = Filter::new((own.len() + extra.len()) as u64, bits_per_entry(entries));
            own.iter().chain(extra.iter().map(|(fingerprint, _)| fingerprint)).for_each(|fingerprint| filter.insert(fingerprint));
            KeyIndex { section, filter, extra }
        });
        Index { keys: keys.collect() }
    }

    /// Looks fingerprints of match key number `key` up and appends what has them to `hits`: in the order of the batch, records first
    /// and ascending. A batch holds fewer than 2³² fingerprints.
    pub(crate) fn probe(&self, key: usize, fingerprints: &[Fingerprint], hits: &mut Vec<Hit>) {
        let index = &self.keys[key];
        for (batch, first) in fingerprints.chunks(BATCH).zip((0u32..).step_by(BATCH)) {
            // All words are asked for before the first is looked at.
            let mut words = [0; BATCH];
            for (word, fingerprint) in words.iter_mut().zip(batch) {
                *word = index.filter.word(fingerprint);
            }
            let mut passed = [0u8; BATCH];
            let mut count = 0;
            for ((place, fingerprint), word) in (0u8..).zip(batch).zip(words) {
                // Without a branch, which would be guessed wrong.
                passed[count] = place;
                count += usize::from(word & mask(fingerprint) == mask(fingerprint));
            }
            for &place in &passed[..count] {
                index.find(&batch[usize::from(place)], first + u32::from(place), hits);
            }
        }
    }
}

impl KeyIndex<'_> {
    fn find(&self, fingerprint: &Fingerprint, probe: u32, hits: &mut Vec<Hit>) {
        hits.extend(self.section.records(fingerprint).map(|record| Hit { probe, found: Found::Record(record) }));
        let from = self.extra.partition_point(|(other, _)| other < fingerprint);
        let extra = self.extra[from..].iter().take_while(|(other, _)| other == fingerprint);
        hits.extend(extra.map(|&(_, tag)| Hit { probe, found: Found::Extra(tag) }));
    }
}

/// How many bits of filter each of so many entries gets.
fn bits_per_entry(entries: u64) -> u64 {
    (MOST_FILTER_BYTES * 8).checked_div(entries).unwrap_or(BITS_PER_ENTRY).clamp(1, BITS_PER_ENTRY)
}

/// A Bloom filter whose bits for one fingerprint all lie in one word.
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn new(entries: u64, bits_per_entry: u64) -> Filter {
        let words = (entries * bits_per_entry).div_ceil(u64::from(u64::BITS)).clamp(1, u64::from(u32::MAX));
        Filter { words: vec![0; usize::try_from(words).unwrap_or(usize::MAX)] }
    }

    fn insert(&mut self, fingerprint: &Fingerprint) {
        let place = self.place(fingerprint);
        self.words[place] |= mask(fingerprint);
    }

    #[cfg(test)]
    fn may_hold(&self, fingerprint: &Fingerprint) -> bool {
        self.word(fingerprint) & mask(fingerprint) == mask(fingerprint)
    }

    #[inline]
    fn word(&self, fingerprint: &Fingerprint) -> u64 {
        self.words[self.place(fingerprint)]
    }

    /// The word of a fingerprint, by its leading bits, so that sorted ones fill the filter from front to back.
    #[inline]
    fn place(&self, fingerprint: &Fingerprint) -> usize {
        let (halves, _) = fingerprint.as_chunks::<8>();
        (((u64::from_be_bytes(halves[0]) >> 32) * self.words.len() as u64) >> 32) as usize
    }
}

/// The bits of a fingerprint in its word, by its trailing half.
#[inline]
fn mask(fingerprint: &Fingerprint) -> u64 {
    let (halves, _) = fingerprint.as_chunks::<8>();
    let bits = u64::from_le_bytes(halves[1]);
    [0, 6, 12, 18, 24].into_iter().fold(0, |mask, shift| mask | 1 << (bits >> shift & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::fixture::Fixture;
    use crate::manifest::fixture::on_one_thread;

    fn fingerprint(number: u32) -> Fingerprint {
        *blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().unwrap()
    }

    #[test]
    fn finds_records_and_extras_in_the_order_of_the_batch() {
        let mut entries: Vec<(Fingerprint, u32)> = (0..1000).map(|number| (fingerprint(number), number)).collect();
        entries.push((fingerprint(5), 2000));
        let fixture = Fixture::new(&[vec![], entries]);
        let manifest = fixture.open().unwrap();
        let extra = [(1, fingerprint(5), 70), (1, fingerprint(8000), 71), (1, fingerprint(8000), 72), (0, fingerprint(9000), 73)];
        let index = Index::build(&manifest, &extra);

        let batch: Vec<Fingerprint> = (0..10_000).map(fingerprint).collect();
        let mut hits = Vec::new();
        index.probe(1, &batch, &mut hits);
        let mut expected: Vec<Hit> = (0..1000).map(|number| Hit { probe: number, found: Found::Record(number) }).collect();
        expected.insert(6, Hit { probe: 5, found: Found::Record(2000) });
        expected.insert(7, Hit { probe: 5, found: Found::Extra(70) });
        expected.extend([71, 72].map(|tag| Hit { probe: 8000, found: Found::Extra(tag) }));
        assert_eq!(hits, expected);

        hits.clear();
        index.probe(0, &batch, &mut hits);
        assert_eq!(hits, [Hit { probe: 9000, found: Found::Extra(73) }]);
    }

    #[test]
    fn few_strangers_pass_the_filter() {
        let mut filter = Filter::new(20_000, bits_per_entry(20_000));
        (0..20_000).for_each(|number| filter.insert(&fingerprint(number)));
        assert!((0..20_000).all(|number| filter.may_hold(&fingerprint(number))));
        let passed = (20_000..120_000).filter(|&number| filter.may_hold(&fingerprint(number))).count();
        assert!(passed < 600, "{passed} of 100,000 pass");
    }

    #[test]
    fn filters_of_huge_manifests_stay_bounded() {
        assert_eq!([0, 1, 500_000_000, 1_000_000_000, u64::MAX].map(bits_per_entry), [16, 16, 16, 8, 1]);
    }

    /// Opening does not look at the sections. Whoever probes before verifying may find anything, but does not crash.
    #[test]
    fn damaged_sections_are_probed_without_a_panic() {
        let fixture = Fixture::small();
        let batch: Vec<Fingerprint> = fixture.bytes().as_chunks().0.to_vec();
        let end_at = fixture.layout.file_length - 16;
        on_one_thread(|| {
            for (at, byte) in (0..end_at).zip(fixture.bytes()).skip(4096) {
                fixture.put(at, !byte);
                if let Ok(manifest) = fixture.open() {
                    let index = Index::build(&manifest, &[]);
                    (0..3).for_each(|key| index.probe(key, &batch, &mut Vec::new()));
                }
                fixture.put(at, byte);
            }
        });
    }
}
