//! A manifest on its way out: the file as a stream that is hashed as it goes, and the section that is being written to it.
//!
//! A section's fingerprints come before its fence and its ordinals, which become known at the same time. So those wait in files.

use crate::manifest::Fingerprint;
use crate::manifest::header::ALIGNMENT;
use crate::manifest::header::HEADER_BYTES;
use crate::manifest::layout::FENCE_BYTES;
use crate::manifest::layout::ORDINAL_BYTES;
use crate::manifest::layout::SectionLayout;
use crate::manifest::layout::fence_bits;
use crate::manifest::layout::slot;
use crate::manifest::spill::Entry;
use crate::manifest::spill::unpack;
use crate::manifest::write::WriteError;
use crate::support::hex;
use sha2::Digest;
use sha2::Sha256;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::Write;

/// Bytes that are hashed and written at a time.
const PIECE: usize = 256 << 10;

/// One section on its way: fingerprints go straight out, ordinals and fence wait.
pub(crate) struct SectionWriter<'f> {
    at: u64,
    entries: u64,
    /// Bits of the waiting fence: at least as many as are written, since repeated entries only lower the number.
    waiting_bits: u8,
    /// The next slot of the waiting fence.
    next_slot: u64,
    ordinals: BufWriter<&'f mut File>,
    fence: BufWriter<&'f mut File>,
    blake3: blake3::Hasher,
    piece: Vec<u8>,
}

impl<'f> SectionWriter<'f> {
    /// Begins a section at `at` of at most `most` entries. What the two files hold is lost.
    pub(crate) fn new(at: u64, most: u64, ordinals: &'f mut File, fence: &'f mut File) -> Result<SectionWriter<'f>, WriteError> {
        ordinals.rewind().map_err(WriteError::Spill)?;
        fence.rewind().map_err(WriteError::Spill)?;
        Ok(SectionWriter {
            at,
            entries: 0,
            waiting_bits: fence_bits(most),
            next_slot: 0,
            ordinals: BufWriter::with_capacity(PIECE, ordinals),
            fence: BufWriter::with_capacity(PIECE, fence),
            blake3: blake3::Hasher::new(),
            piece: Vec::new(),
        })
    }

    /// Takes the next entries, sorted and without repetition.
    pub(crate) fn put(&mut self, entries: &[Entry], sink: &mut Sink<'_, impl Write>) -> Result<(), WriteError> {
        for piece in entries.chunks(PIECE / size_of::<Fingerprint>()) {
            self.piece.clear();
            for entry in piece {
                let (fingerprint, record) = unpack(entry);
                self.fence_up_to(slot(&fingerprint, self.waiting_bits)).map_err(WriteError::Spill)?;
                self.ordinals.write_all(&record.to_le_bytes()).map_err(WriteError::Spill)?;
                self.piece.extend(fingerprint);
                self.entries += 1;
            }
            self.blake3.update(&self.piece);
            sink.put(&self.piece)?;
        }
        Ok(())
    }

    /// Notes that all slots up to `slot` begin at or before the next entry.
    #[inline]
    fn fence_up_to(&mut self, slot: u64) -> io::Result<()> {
        while self.next_slot <= slot {
            self.fence.write_all(&self.entries.to_le_bytes())?;
            self.next_slot += 1;
        }
        Ok(())
    }

    /// Writes what waits, and fills up to the next boundary.
    pub(crate) fn finish(mut self, sink: &mut Sink<'_, impl Write>) -> Result<SectionLayout, WriteError> {
        self.fence_up_to(1 << self.waiting_bits).map_err(WriteError::Spill)?;
        let fence_bits = fence_bits(self.entries);
        let fence_at = sink.at;
        // A fence of fewer bits is every second, fourth, … position of one with more.
        let step = 1 << (self.waiting_bits - fence_bits);
        copy_every::<FENCE_BYTES>(self.fence, step, self.next_slot, &mut self.blake3, sink)?;
        let ordinals_at = sink.at;
        copy_every::<{ ORDINAL_BYTES as usize }>(self.ordinals, 1, self.entries, &mut self.blake3, sink)?;
        sink.pad()?;
        Ok(SectionLayout {
            entries: self.entries,
            fence_bits,
            fingerprints_at: self.at,
            fence_at,
            ordinals_at,
            blake3: hex::encode(self.blake3.finalize().as_bytes()),
        })
    }
}

/// Copies the first and from there every `step`-th of `items` items that wait in a file.
fn copy_every<const WIDTH: usize>(
    waiting: BufWriter<&mut File>,
    step: u64,
    items: u64,
    section: &mut blake3::Hasher,
    sink: &mut Sink<'_, impl Write>,
) -> Result<(), WriteError> {
    let file = waiting.into_inner().map_err(|error| WriteError::Spill(error.into_error()))?;
    file.rewind().map_err(WriteError::Spill)?;
    let mut piece = vec![[0; WIDTH]; PIECE / WIDTH];
    let mut position = 0;
    while position < items {
        let count = piece.len().min(usize::try_from(items - position).unwrap_or(usize::MAX));
        let items_read = &mut piece[..count];
        file.read_exact(items_read.as_flattened_mut()).map_err(WriteError::Spill)?;
        let mut kept = 0;
        for item in 0..count {
            if (position + item as u64).is_multiple_of(step) {
                items_read[kept] = items_read[item];
                kept += 1;
            }
        }
        let bytes = items_read[..kept].as_flattened();
        section.update(bytes);
        sink.put(bytes)?;
        position += count as u64;
    }
    Ok(())
}

/// The file on its way out, hashed as it goes.
pub(crate) struct Sink<'o, W> {
    out: &'o mut W,
    at: u64,
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl<'o, W: Write> Sink<'o, W> {
    /// Begins a file.
    pub(crate) fn new(out: &'o mut W) -> Sink<'o, W> {
        Sink { out, at: 0, sha256: Sha256::new(), blake3: blake3::Hasher::new() }
    }

    /// How many bytes are out.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Writes further bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
        self.out.write_all(bytes).map_err(WriteError::Output)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Zeros up to the next boundary; a header is as long as the boundaries are apart.
    fn pad(&mut self) -> Result<(), WriteError> {
        let used = usize::try_from(self.at % ALIGNMENT).unwrap_or(0);
        self.put(&[0; HEADER_BYTES][..(HEADER_BYTES - used) % HEADER_BYTES])
    }

    /// Ends the file, and tells its SHA-256 and BLAKE3 in hexadecimal.
    pub(crate) fn finish(self) -> Result<(String, String), WriteError> {
        self.out.flush().map_err(WriteError::Output)?;
        Ok((hex::encode(&self.sha256.finalize()), hex::encode(self.blake3.finalize().as_bytes())))
    }
}
