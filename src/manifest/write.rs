//! Writing a manifest front to back, in memory that does not grow with it.
//!
//! Worker threads push entries in any order through a [`Lane`] each; full buffers go to the [`Spill`]. At the end, run by run of
//! neighbouring top bytes, a key's entries are sorted and their fingerprints written, while ordinals and fence wait in temporary files
//! for their turn. The file depends on the set of entries and on the id alone, whatever the order, the threads and the buffers.

use crate::manifest::Fingerprint;
use crate::manifest::ManifestId;
use crate::manifest::header;
use crate::manifest::header::END_BYTES;
use crate::manifest::layout::Layout;
use crate::manifest::layout::ORDINAL_BYTES;
use crate::manifest::layout::SectionLayout;
use crate::manifest::section::SectionWriter;
use crate::manifest::section::Sink;
use crate::manifest::spill::Blocks;
use crate::manifest::spill::Entry;
use crate::manifest::spill::Spill;
use crate::manifest::spill::pack;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use rayon::prelude::*;
use std::fs::File;
use std::io;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// How much is held in memory at once.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// The most entries that a lane buffers for one key. A buffer grows as it fills, so a small supply needs little.
    block: usize,
    /// The entries that are sorted in one go; a single top byte with more is sorted as a whole.
    run: u64,
    /// The entries of the runs that are sorted side by side.
    wave: u64,
}

/// 1.3 MB a key and lane; then runs of 1.3 MB, which a core's cache holds, and 21 MB of them at a time.
const SIZES: Sizes = Sizes { block: 1 << 16, run: 1 << 16, wave: 1 << 20 };

/// Why a manifest was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The system's: the folder for temporary files is full or broken.
    #[error("cannot set entries aside in a temporary file")]
    Spill(#[source] io::Error),
    /// The system's: the manifest's own folder is full or broken.
    #[error("cannot write the manifest")]
    Output(#[source] io::Error),
    /// The person asked to stop.
    #[error("stopped on request")]
    Cancelled,
    /// A bug: a worker ended without [`Lane::finish`], so its entries would be missing.
    #[error("a worker did not hand over its entries")]
    UnfinishedLane,
}

/// Gathers the entries of one manifest.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    sizes: Sizes,
    ordinals: File,
    fence: File,
}

struct Shared {
    spill: Spill,
    keys: usize,
    unfinished_lanes: AtomicUsize,
}

/// One worker's way into a [`Writer`].
pub(crate) struct Lane {
    shared: Arc<Shared>,
    block: usize,
    buffers: Vec<Vec<Entry>>,
    scratch: Vec<u8>,
}

impl Writer {
    /// Begins a manifest of `keys` match keys. Its temporary files have no names in `spill_folder` and vanish with the process; they
    /// need 20 bytes an entry, and another 5 for each entry of the largest key.
    pub(crate) fn new(keys: usize, spill_folder: &Path) -> io::Result<Writer> {
        Writer::with_sizes(keys, spill_folder, SIZES)
    }

    fn with_sizes(keys: usize, spill_folder: &Path, sizes: Sizes) -> io::Result<Writer> {
        let spill = Spill::new(keys, spill_folder)?;
        Ok(Writer {
            shared: Arc::new(Shared { spill, keys, unfinished_lanes: AtomicUsize::new(0) }),
            sizes,
            ordinals: tempfile::tempfile_in(spill_folder)?,
            fence: tempfile::tempfile_in(spill_folder)?,
        })
    }

    /// A lane for one more worker.
    pub(crate) fn lane(&self) -> Lane {
        self.shared.unfinished_lanes.fetch_add(1, Ordering::Relaxed);
        Lane {
            shared: Arc::clone(&self.shared),
            block: self.sizes.block,
            buffers: vec![Vec::new(); self.shared.keys],
            scratch: Vec::new(),
        }
    }

    /// Sorts what the lanes handed over and writes the manifest to `out`, in pieces that need no further buffer. An entry that was
    /// pushed more than once is written once. All lanes have to be finished.
    pub(crate) fn write(
        mut self,
        id: &ManifestId,
        out: &mut impl Write,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Layout, WriteError> {
        if self.shared.unfinished_lanes.load(Ordering::Acquire) > 0 {
            return Err(WriteError::UnfinishedLane);
        }
        let keys = self.shared.spill.blocks();
        progress.begin("writing the manifest", Some(keys.iter().map(Blocks::entries).sum()), None);
        let mut sink = Sink::new(out);
        sink.put(&header::encode(id))?;
        let mut sections = Vec::with_capacity(keys.len());
        for blocks in &keys {
            sections.push(self.write_section(blocks, &mut sink, progress, cancel)?);
        }
        let file_length = sink.at() + END_BYTES as u64;
        sink.put(&header::end_mark(file_length))?;
        let (sha256, blake3) = sink.finish()?;
        progress.end();
        Ok(Layout { file_length, ordinal_bytes: ORDINAL_BYTES, sections, sha256, blake3 })
    }

    fn write_section(
        &mut self,
        blocks: &Blocks,
        sink: &mut Sink<'_, impl Write>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<SectionLayout, WriteError> {
        let mut section = SectionWriter::new(sink.at(), blocks.entries(), &mut self.ordinals, &mut self.fence)?;
        let mut runs = blocks.runs(self.sizes.run).into_iter().peekable();
        while runs.peek().is_some() {
            if cancel.is_cancelled() {
                return Err(WriteError::Cancelled);
            }
            let mut wave = Vec::new();
            let mut room = self.sizes.wave;
            while let Some(run) = runs.next_if(|run| wave.is_empty() || blocks.in_run(run) <= room) {
                room = room.saturating_sub(blocks.in_run(&run));
                wave.push(run);
            }
            for run in sort_wave(&self.shared.spill, blocks, &wave)? {
                section.put(&run, sink)?;
                progress.advance(run.len() as u64, size_of_val(run.as_slice()) as u64);
            }
        }
        section.finish(sink)
    }
}

impl Lane {
    /// Adds an entry to match key number `key`.
    #[inline]
    pub(crate) fn push(&mut self, key: usize, fingerprint: &Fingerprint, record: u32) -> io::Result<()> {
        let buffer = &mut self.buffers[key];
        buffer.push(pack(fingerprint, record));
        if buffer.len() < self.block { Ok(()) } else { self.spill(key) }
    }

    /// Hands over what is still buffered. A lane that is dropped without this spoils its writer.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        for key in 0..self.buffers.len() {
            self.spill(key)?;
        }
        self.shared.unfinished_lanes.fetch_sub(1, Ordering::Release);
        Ok(())
    }

    #[cold]
    fn spill(&mut self, key: usize) -> io::Result<()> {
        let buffer = &mut self.buffers[key];
        if !buffer.is_empty() {
            self.shared.spill.append(key, buffer, &mut self.scratch)?;
            buffer.clear();
        }
        Ok(())
    }
}

/// Gathers and sorts some runs side by side.
fn sort_wave(spill: &Spill, blocks: &Blocks, wave: &[Range<usize>]) -> Result<Vec<Vec<Entry>>, WriteError> {
    let sorted: io::Result<Vec<Vec<Entry>>> = wave
        .par_iter()
        .map(|run| {
            let mut entries = spill.gather(blocks, run)?;
            if wave.len() == 1 {
                entries.par_sort_unstable_by(compare);
            } else {
                entries.sort_unstable_by(compare);
            }
            entries.dedup();
            Ok(entries)
        })
        .collect();
    sorted.map_err(WriteError::Spill)
}

/// Compares entries as bytes. Their first eight nearly always differ, and compare quickest as a number.
#[inline]
fn compare(one: &Entry, other: &Entry) -> std::cmp::Ordering {
    let start = |entry: &Entry| entry.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    start(one).cmp(&start(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::fixture::Fixture;
    use crate::support::progress::Silent;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::thread;

    /// Entries of three keys, with many repetitions and equal top bytes.
    fn entries() -> impl Strategy<Value = Vec<(usize, Fingerprint, u32)>> {
        let fingerprint = prop_oneof![
            any::<Fingerprint>(),
            (any::<u8>(), 0u8..3).prop_map(|(top, last)| (u128::from(top) << 120 | u128::from(last)).to_be_bytes()),
            Just([9; 16]),
        ];
        proptest::collection::vec((0usize..3, fingerprint, 0u32..50), 0..400)
    }

    fn sizes() -> impl Strategy<Value = Sizes> {
        (1usize..60, 1u64..100, 1u64..300).prop_map(|(block, run, wave)| Sizes { block, run, wave })
    }

    fn write(entries: &[(usize, Fingerprint, u32)], lanes: usize, sizes: Sizes) -> (Layout, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::with_sizes(3, folder.path(), sizes).unwrap();
        thread::scope(|scope| {
            for part in entries.chunks(entries.len().div_ceil(lanes).max(1)) {
                let mut lane = writer.lane();
                scope.spawn(move || {
                    for (key, fingerprint, record) in part {
                        lane.push(*key, fingerprint, *record).unwrap();
                    }
                    lane.finish().unwrap();
                });
            }
        });
        let mut bytes = Vec::new();
        let layout = writer.write(&[5; 16], &mut bytes, &Silent, &Cancel::default()).unwrap();
        (layout, bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_file_depends_on_the_set_of_entries_alone(entries in entries(), lanes in 1usize..5, sizes in sizes()) {
            let set: BTreeSet<_> = entries.iter().copied().collect();
            let ordered: Vec<_> = set.into_iter().collect();
            let (layout, bytes) = write(&entries, lanes, sizes);
            prop_assert_eq!(layout.check(), Ok(()));
            prop_assert_eq!(layout.file_length, bytes.len() as u64);
            prop_assert!((layout, bytes) == write(&ordered, 1, SIZES));
        }

        #[test]
        fn what_was_pushed_is_found_and_nothing_else(entries in entries(), strangers: [Fingerprint; 20]) {
            let mut pushed = vec![Vec::new(); 3];
            for (key, fingerprint, record) in &entries {
                pushed[*key].push((*fingerprint, *record));
            }
            let fixture = Fixture::new(&pushed);
            let sections: Vec<BTreeSet<(Fingerprint, u32)>> = pushed.into_iter().map(BTreeSet::from_iter).collect();
            let manifest = fixture.open().unwrap();
            manifest.verify(50, &Silent, &Cancel::default()).unwrap();
            for (key, section) in sections.iter().enumerate() {
                prop_assert_eq!(manifest.entries(key), section.len() as u64);
                for fingerprint in entries.iter().map(|(_, fingerprint, _)| fingerprint).chain(&strangers) {
                    let found: Vec<u32> = manifest.section(key).records(fingerprint).collect();
                    let expected: Vec<u32> = section.range((*fingerprint, 0)..=(*fingerprint, u32::MAX)).map(|entry| entry.1).collect();
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn equal_fingerprints_of_many_records_all_stay() {
        let entries: Vec<(Fingerprint, u32)> = (0..5000).rev().map(|record| ([255; 16], record)).collect();
        let fixture = Fixture::new(&[entries]);
        let manifest = fixture.open().unwrap();
        manifest.verify(5000, &Silent, &Cancel::default()).unwrap();
        assert!(manifest.section(0).records(&[255; 16]).eq(0..5000));
    }

    #[test]
    fn a_manifest_without_keys_is_one() {
        Fixture::new(&[]).verify().unwrap();
    }

    /// A change of this digest is a change of the format, and needs a new version.
    #[test]
    fn the_format_stays_as_it_is() {
        let layout = Fixture::small().layout;
        assert_eq!(layout.sha256, "4839930b83d4946bea5af746fcd122eb5661f300c2208f803a22a4618100c185");
    }

    #[test]
    fn a_lane_that_was_dropped_spoils_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::new(1, folder.path()).unwrap();
        let mut lane = writer.lane();
        lane.push(0, &[1; 16], 1).unwrap();
        drop(lane);
        let written = writer.write(&[0; 16], &mut Vec::new(), &Silent, &Cancel::default());
        assert!(matches!(written, Err(WriteError::UnfinishedLane)));
    }

    #[test]
    fn writing_stops_on_request_and_tells_of_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let filled = || {
            let writer = Writer::new(1, folder.path()).unwrap();
            let mut lane = writer.lane();
            lane.push(0, &[1; 16], 1).unwrap();
            lane.finish().unwrap();
            writer
        };
        let cancel = Cancel::default();
        let full = filled().write(&[0; 16], &mut [0; 5000].as_mut_slice(), &Silent, &cancel);
        assert!(matches!(full, Err(WriteError::Output(_))));
        cancel.cancel();
        let stopped = filled().write(&[0; 16], &mut Vec::new(), &Silent, &cancel);
        assert!(matches!(stopped, Err(WriteError::Cancelled)));
    }
}
