//! Where the parts of a manifest stand, and their digests: the part of the signed statement without which the file cannot be read.
//!
//! Given the numbers of entries and of fence bits, every position follows (`docs/format.md` §4). The positions are stated all the same,
//! for readers of a few lines, and a statement whose positions are others is refused.

use crate::manifest::Fingerprint;
use crate::manifest::header::ALIGNMENT;
use crate::manifest::header::END_BYTES;
use crate::support::hex;
use serde::Deserialize;
use serde::Serialize;

/// Bytes of a fingerprint in a section.
const FINGERPRINT_BYTES: u64 = size_of::<Fingerprint>() as u64;

/// Bytes of a position in a fence table.
pub(crate) const FENCE_BYTES: usize = 8;

/// Bytes of an ordinal in a section.
pub(crate) const ORDINAL_BYTES: u8 = 4;

/// The most fence bits that a reader accepts: a slot is taken from the first four bytes of a fingerprint.
const MOST_FENCE_BITS: u8 = 32;

/// The most fence bits that are written: a table of 2 GiB, for more than four thousand million entries.
const MOST_WRITTEN_FENCE_BITS: u8 = 28;

/// The fewest entries that a slot of the fence holds on average. Sixteen fingerprints are four cache lines.
const ENTRIES_PER_SLOT: u64 = 16;

/// The section table and the digests of one manifest file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Layout {
    /// The file's length in bytes.
    pub(crate) file_length: u64,
    /// Bytes of an ordinal: 4.
    pub(crate) ordinal_bytes: u8,
    /// One for each match key, in the statement's order of the keys.
    pub(crate) sections: Vec<SectionLayout>,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub(crate) sha256: String,
    /// BLAKE3 of the file, in lower-case hexadecimal.
    pub(crate) blake3: String,
}

/// The place of one match key's entries. Positions are in bytes from the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SectionLayout {
    /// How many entries, that is pairs of a fingerprint and a record.
    pub(crate) entries: u64,
    /// How many leading bits of a fingerprint choose its slot in the fence table.
    pub(crate) fence_bits: u8,
    /// Where the fingerprints begin: the section's first byte.
    pub(crate) fingerprints_at: u64,
    /// Where the fence table begins.
    pub(crate) fence_at: u64,
    /// Where the ordinals begin.
    pub(crate) ordinals_at: u64,
    /// BLAKE3 of the section's bytes, from its first fingerprint to its last ordinal, in lower-case hexadecimal.
    pub(crate) blake3: String,
}

/// The positions of a section's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) fence_at: u64,
    pub(crate) ordinals_at: u64,
    /// The first byte after the ordinals.
    pub(crate) end: u64,
}

impl Placement {
    /// Places a section that begins at `at`; `None` where a position does not fit 64 bits.
    pub(crate) fn new(at: u64, entries: u64, fence_bits: u8) -> Option<Placement> {
        let fence_at = at.checked_add(entries.checked_mul(FINGERPRINT_BYTES)?)?;
        let fence_length = 1u64.checked_shl(u32::from(fence_bits))?.checked_add(1)?.checked_mul(FENCE_BYTES as u64)?;
        let ordinals_at = fence_at.checked_add(fence_length)?;
        let end = ordinals_at.checked_add(entries.checked_mul(u64::from(ORDINAL_BYTES))?)?;
        Some(Placement { fence_at, ordinals_at, end })
    }
}

impl Layout {
    /// Tells whether the layout is one that a writer makes, or else what contradicts it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.ordinal_bytes != ORDINAL_BYTES {
            return Err("the width of its ordinals is unknown");
        }
        if self.sections.iter().any(|section| section.fence_bits > MOST_FENCE_BITS) {
            return Err("a fence table has too many bits");
        }
        let digests = self.sections.iter().map(|section| &section.blake3).chain([&self.sha256, &self.blake3]);
        if !digests.into_iter().all(|digest| hex::decode::<32>(digest).is_some()) {
            return Err("a digest is not 64 lower-case hexadecimal digits");
        }
        let end = self.end_mark_at().ok_or("the positions of its sections do not follow from their sizes")?;
        if end.checked_add(END_BYTES as u64) != Some(self.file_length) {
            return Err("the file's length does not follow from the sizes of the sections");
        }
        Ok(())
    }

    /// Where the end mark stands; `None` where a section is not where its predecessors' sizes put it.
    fn end_mark_at(&self) -> Option<u64> {
        let mut at = ALIGNMENT;
        for section in &self.sections {
            let placement = Placement::new(at, section.entries, section.fence_bits)?;
            let stated = (section.fingerprints_at, section.fence_at, section.ordinals_at);
            if stated != (at, placement.fence_at, placement.ordinals_at) {
                return None;
            }
            at = placement.end.checked_next_multiple_of(ALIGNMENT)?;
        }
        Some(at)
    }
}

/// How many fence bits are written for so many entries (`docs/format.md` §5).
pub(crate) fn fence_bits(entries: u64) -> u8 {
    let bits = (entries / ENTRIES_PER_SLOT).checked_ilog2().unwrap_or(0);
    u8::try_from(bits).unwrap_or(u8::MAX).min(MOST_WRITTEN_FENCE_BITS)
}

/// The slot of a fingerprint in a fence table of `fence_bits` ≤ 32 bits.
#[inline]
pub(crate) fn slot(fingerprint: &Fingerprint, fence_bits: u8) -> u64 {
    let [a, b, c, d, ..] = *fingerprint;
    u64::from(u32::from_be_bytes([a, b, c, d])) >> (MOST_FENCE_BITS - fence_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let digest = "0".repeat(64);
        let section = |entries, fingerprints_at| {
            let placement = Placement::new(fingerprints_at, entries, 1).unwrap();
            SectionLayout {
                entries,
                fence_bits: 1,
                fingerprints_at,
                fence_at: placement.fence_at,
                ordinals_at: placement.ordinals_at,
                blake3: digest.clone(),
            }
        };
        Layout {
            file_length: 16_400,
            ordinal_bytes: 4,
            sections: vec![section(3, 4096), section(300, 8192)],
            sha256: digest.clone(),
            blake3: digest,
        }
    }

    #[test]
    fn a_consistent_layout_passes_and_any_change_does_not() {
        assert_eq!(layout().check(), Ok(()));
        let changes: [fn(&mut Layout); 10] = [
            |layout| layout.file_length += 1,
            |layout| layout.ordinal_bytes = 8,
            |layout| layout.sha256.push('0'),
            |layout| layout.blake3 = "F".repeat(64),
            |layout| layout.sections[0].entries += 1,
            |layout| layout.sections[0].fence_bits = 33,
            |layout| layout.sections[1].fingerprints_at += 4096,
            |layout| layout.sections[1].fence_at += 8,
            |layout| layout.sections[1].ordinals_at = u64::MAX,
            |layout| layout.sections[1].entries = u64::MAX,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = layout();
            change(&mut other);
            assert!(other.check().is_err(), "change {number}");
        }
    }

    #[test]
    fn fences_hold_sixteen_to_thirty_two_entries_a_slot() {
        assert_eq!([0, 1, 31, 32, 63, 64].map(fence_bits), [0, 0, 0, 1, 1, 2]);
        assert_eq!(fence_bits(1_065_220), 16);
        assert_eq!(fence_bits(u64::MAX), MOST_WRITTEN_FENCE_BITS);
    }

    #[test]
    fn slots_are_leading_bits() {
        let fingerprint = [0xa5, 1, 2, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
        assert_eq!([0, 1, 4, 8, 32].map(|bits| slot(&fingerprint, bits)), [0, 1, 0xa, 0xa5, 0xa501_0203]);
    }
}
