//! Looking many fingerprints up at once: a small filter for each match key in front of the sorted fingerprints.
//!
//! Nearly every probe of a scan is for somebody who was never supplied. A blocked Bloom filter settles those with one cache line of
//! memory each; only what passes costs a search in the mapped file. Fingerprints are keyed hashes, so their own bits serve as the
//! filter's hash functions.

use crate::manifest::Fingerprint;
use crate::manifest::read::Manifest;
use crate::manifest::read::Section;
use rayon::prelude::*;

/// Bits of the filter for each entry: with six probes, about one and a half in a hundred strangers pass.
const BITS_PER_ENTRY: u64 = 10;

/// Bits of a [`Block`], a cache line.
const BLOCK_BITS: u64 = 512;

/// The most bytes that all filters of a manifest have together. Beyond some 400 million entries they let more strangers pass instead.
const MOST_FILTER_BYTES: u64 = 512 << 20;

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
            let mut passed = [0u8; BATCH];
            let mut count = 0;
            for (place, fingerprint) in (0u8..).zip(batch) {
                // Without a branch, so that the processor runs ahead to the next probes' cache lines.
                passed[count] = place;
                count += usize::from(index.filter.may_hold(fingerprint));
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

/// A Bloom filter whose probes for one fingerprint all lie in one block.
struct Filter {
    blocks: Vec<Block>,
}

#[derive(Clone)]
#[repr(align(64))]
struct Block([u64; 8]);

impl Filter {
    fn new(entries: u64, bits_per_entry: u64) -> Filter {
        let blocks = (entries * bits_per_entry).div_ceil(BLOCK_BITS).clamp(1, u64::from(u32::MAX));
        Filter { blocks: vec![Block([0; 8]); usize::try_from(blocks).unwrap_or(usize::MAX)] }
    }

    fn insert(&mut self, fingerprint: &Fingerprint) {
        let (block, places) = self.locate(fingerprint);
        let Block(words) = &mut self.blocks[block];
        for (word, bit) in places {
            words[word] |= 1 << bit;
        }
    }

    #[inline]
    fn may_hold(&self, fingerprint: &Fingerprint) -> bool {
        let (block, places) = self.locate(fingerprint);
        let Block(words) = &self.blocks[block];
        places.into_iter().fold(1, |all, (word, bit)| all & (words[word] >> bit)) == 1
    }

    /// The block, by the leading bits, so that sorted fingerprints fill the filter from front to back; and the word and bit of the six
    /// probes, by the trailing half.
    #[inline]
    fn locate(&self, fingerprint: &Fingerprint) -> (usize, [(usize, u32); 6]) {
        let (halves, _) = fingerprint.as_chunks::<8>();
        let block = ((u64::from_be_bytes(halves[0]) >> 32) * self.blocks.len() as u64) >> 32;
        let bits = u64::from_le_bytes(halves[1]);
        let places = [0, 9, 18, 27, 36, 45].map(|shift| {
            let place = bits >> shift;
            ((place >> 6 & 7) as usize, (place & 63) as u32)
        });
        (block as usize, places)
    }
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
        assert!(passed < 2_000, "{passed} of 100,000 pass");
    }

    #[test]
    fn filters_of_huge_manifests_stay_bounded() {
        assert_eq!([0, 1, 400_000_000, 1_000_000_000, u64::MAX].map(bits_per_entry), [10, 10, 10, 4, 1]);
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
