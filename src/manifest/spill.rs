//! Entries on their way to a manifest, set aside in an anonymous temporary file and divided by their top byte.
//!
//! A block holds some entries of one match key, ordered by top byte only, behind a table of where each top byte begins. To sort a key,
//! a run of neighbouring top bytes is gathered from all its blocks at a time. Memory holds one run and eight bytes a block.

use crate::manifest::Fingerprint;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

/// A fingerprint and its record, big-endian, so that the order of the bytes is the order of the entries.
pub(crate) type Entry = [u8; ENTRY_BYTES];

/// Bytes of an [`Entry`].
pub(crate) const ENTRY_BYTES: usize = 20;

/// The values of a top byte.
const BUCKETS: usize = 256;

/// The bytes of a block's table: where each bucket begins, and where the last one ends, counted in entries.
const TABLE_BYTES: usize = (BUCKETS + 1) * 4;

/// The temporary file of one manifest. Several threads append at once.
pub(crate) struct Spill {
    file: File,
    contents: Mutex<Contents>,
}

struct Contents {
    end: u64,
    keys: Vec<Blocks>,
}

/// Where the blocks of one match key begin, and how many entries each bucket has.
#[derive(Clone)]
pub(crate) struct Blocks {
    starts: Vec<u64>,
    buckets: [u64; BUCKETS],
}

impl Spill {
    /// Begins an empty spill with `keys` match keys in `folder`.
    pub(crate) fn new(keys: usize, folder: &Path) -> io::Result<Spill> {
        let blocks = Blocks { starts: Vec::new(), buckets: [0; BUCKETS] };
        let contents = Mutex::new(Contents { end: 0, keys: vec![blocks; keys] });
        Ok(Spill { file: tempfile::tempfile_in(folder)?, contents })
    }

    /// Appends fewer than 2³² entries of one match key as a block. `scratch` is working space, kept by the caller between calls.
    pub(crate) fn append(&self, key: usize, entries: &[Entry], scratch: &mut Vec<u8>) -> io::Result<()> {
        let mut starts = [0u32; BUCKETS + 1];
        for entry in entries {
            starts[usize::from(entry[0]) + 1] += 1;
        }
        for bucket in 0..BUCKETS {
            starts[bucket + 1] += starts[bucket];
        }
        scratch.resize(TABLE_BYTES + size_of_val(entries), 0);
        let (table, body) = scratch.split_at_mut(TABLE_BYTES);
        for (bytes, start) in table.as_chunks_mut().0.iter_mut().zip(starts) {
            *bytes = start.to_le_bytes();
        }
        let body = body.as_chunks_mut().0;
        let mut next = starts;
        for entry in entries {
            let place = &mut next[usize::from(entry[0])];
            body[*place as usize] = *entry;
            *place += 1;
        }
        let at = self.reserve(key, &starts, scratch.len());
        write_all_at(&self.file, scratch, at)
    }

    /// Enters a block into the contents and tells where it goes.
    fn reserve(&self, key: usize, starts: &[u32; BUCKETS + 1], length: usize) -> u64 {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let at = contents.end;
        contents.end += length as u64;
        let blocks = &mut contents.keys[key];
        blocks.starts.push(at);
        for (total, pair) in blocks.buckets.iter_mut().zip(starts.windows(2)) {
            *total += u64::from(pair[1] - pair[0]);
        }
        at
    }

    /// The blocks of every match key.
    pub(crate) fn blocks(&self) -> Vec<Blocks> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }

    /// All entries of a run of buckets of one match key, in no particular order.
    pub(crate) fn gather(&self, blocks: &Blocks, buckets: &Range<usize>) -> io::Result<Vec<Entry>> {
        let total = usize::try_from(blocks.in_run(buckets)).map_err(io::Error::other)?;
        let mut entries: Vec<Entry> = vec![[0; ENTRY_BYTES]; total];
        let mut rest = entries.as_mut_slice();
        let mut table = [[0; 4]; BUCKETS + 1];
        for &at in &blocks.starts {
            let run = &mut table[buckets.start..=buckets.end];
            read_exact_at(&self.file, run.as_flattened_mut(), at + buckets.start as u64 * 4)?;
            let first = u32::from_le_bytes(run[0]);
            let end = u32::from_le_bytes(run[run.len() - 1]);
            let count = end.checked_sub(first).and_then(|count| usize::try_from(count).ok());
            let part = count.and_then(|count| rest.split_off_mut(..count)).ok_or(io::ErrorKind::InvalidData)?;
            read_exact_at(&self.file, part.as_flattened_mut(), at + TABLE_BYTES as u64 + u64::from(first) * ENTRY_BYTES as u64)?;
        }
        Ok(entries)
    }
}

impl Blocks {
    /// How many entries were appended, repeated ones included.
    pub(crate) fn entries(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Divides the buckets into runs of at most `most` entries; a bucket with more is a run of its own.
    pub(crate) fn runs(&self, most: u64) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        let mut sum = 0;
        for (bucket, entries) in self.buckets.iter().enumerate() {
            if sum > 0 && sum + entries > most {
                runs.push(start..bucket);
                start = bucket;
                sum = 0;
            }
            sum += entries;
        }
        if sum > 0 {
            runs.push(start..BUCKETS);
        }
        runs
    }

    /// How many entries a run of buckets has.
    pub(crate) fn in_run(&self, buckets: &Range<usize>) -> u64 {
        self.buckets[buckets.clone()].iter().sum()
    }
}

/// Packs an entry.
#[inline]
pub(crate) fn pack(fingerprint: &Fingerprint, record: u32) -> Entry {
    let mut entry = [0; ENTRY_BYTES];
    entry[..16].copy_from_slice(fingerprint);
    entry[16..].copy_from_slice(&record.to_be_bytes());
    entry
}

/// Unpacks an entry.
#[inline]
pub(crate) fn unpack(entry: &Entry) -> (Fingerprint, u32) {
    let [fingerprint @ .., a, b, c, d] = *entry;
    (fingerprint, u32::from_be_bytes([a, b, c, d]))
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        at += written as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_what_was_appended() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(2, folder.path()).unwrap();
        let entries: Vec<Entry> =
            (0..600u32).map(|record| pack(&[record.wrapping_mul(7).to_le_bytes()[0]; 16], record)).collect();
        let mut scratch = Vec::new();
        spill.append(1, &entries[..400], &mut scratch).unwrap();
        spill.append(1, &entries[400..], &mut scratch).unwrap();
        let [empty, blocks] = spill.blocks().try_into().ok().unwrap();
        assert!(empty.entries() == 0 && empty.runs(1).is_empty());
        assert_eq!(blocks.entries(), 600);
        for most in [1, 100, 10_000] {
            let runs = blocks.runs(most);
            let mut gathered: Vec<Entry> = runs.iter().flat_map(|run| spill.gather(&blocks, run).unwrap()).collect();
            gathered.sort_unstable();
            let mut expected = entries.clone();
            expected.sort_unstable();
            assert_eq!(gathered, expected, "runs of {most}");
        }
    }

    #[test]
    fn packing_keeps_order() {
        assert!(pack(&[1; 16], 256) > pack(&[1; 16], 255));
        assert_eq!(unpack(&pack(&[3; 16], 77)), ([3; 16], 77));
    }
}
