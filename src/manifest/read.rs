//! Opening a manifest, verifying it, and looking fingerprints up in place.

use crate::manifest::Fingerprint;
use crate::manifest::ManifestId;
use crate::manifest::header;
use crate::manifest::header::ALIGNMENT;
use crate::manifest::header::END_BYTES;
use crate::manifest::header::VERSION;
use crate::manifest::layout::FENCE_BYTES;
use crate::manifest::layout::Layout;
use crate::manifest::layout::ORDINAL_BYTES;
use crate::manifest::layout::Placement;
use crate::manifest::layout::SectionLayout;
use crate::manifest::layout::slot;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use memmap2::Mmap;
use rayon::prelude::*;
use sha2::Digest;
use sha2::Sha256;
use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

/// Bytes that are hashed between two looks at the request to stop.
const HASH_STEP: usize = 8 << 20;

/// Entries that are checked between two looks at the request to stop.
const CHECK_STEP: usize = 1 << 20;

/// Why a manifest cannot be read or is not trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The person's: another file was named, or a transfer altered its line ends.
    #[error("the file is not a residua manifest")]
    NotAManifest,
    /// Nobody's: the file was made by a later program.
    #[error("manifest version {found} is newer than {newest}, the newest this program reads")]
    NewerVersion { found: u32, newest: u32 },
    /// The file's: a copy or a transfer stopped before its end.
    #[error("the file is cut short: {found} of {expected} bytes are there")]
    CutShort { found: u64, expected: u64 },
    /// The file's: it was longer when it was opened than its statement says.
    #[error("the file has {found} bytes, but its signed statement says {expected}")]
    Length { found: u64, expected: u64 },
    /// The file's: it has the right length, but writing or copying it never came to its end.
    #[error("the file was never finished: its end mark is missing")]
    Unfinished,
    /// The person's: file and statement do not belong together.
    #[error("the file belongs to another manifest than its signed statement")]
    OtherManifest,
    /// The statement's: its section table contradicts itself.
    #[error("the signed statement describes no possible manifest: {what}")]
    Layout { what: &'static str },
    /// The file's: its bytes are not those that were signed.
    #[error("the file is not the one that was signed: its {what} differs")]
    Digest { what: &'static str },
    /// The file's, or its maker's where the digests hold: a part breaks the format.
    #[error("the file is damaged: {what}")]
    Damaged { what: &'static str },
    /// The person asked to stop.
    #[error("stopped on request")]
    Cancelled,
    /// The system's.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An opened manifest, mapped into memory.
#[derive(Debug)]
pub(crate) struct Manifest {
    map: Mmap,
    layout: Layout,
}

/// One match key's entries, in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'m> {
    bytes: &'m [u8],
    fence_bits: u8,
    fingerprints: &'m [Fingerprint],
    fence: &'m [[u8; FENCE_BYTES]],
    ordinals: &'m [[u8; ORDINAL_BYTES as usize]],
}

impl Manifest {
    /// Maps the file at `path`. `layout` and `id` come from a statement whose signature was verified; the file has to fit them, but
    /// its content is not hashed here (see [`Manifest::verify`]).
    pub(crate) fn open(path: &Path, layout: &Layout, id: &ManifestId) -> Result<Manifest, ReadError> {
        // Opening a pipe would wait for its writer.
        if !path.metadata()?.is_file() {
            return Err(ReadError::NotAManifest);
        }
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file).take(ALIGNMENT).read_to_end(&mut start)?;
        let found = file.metadata()?.len();
        let expected = layout.file_length;
        if !header::begins_as_manifest(&start) {
            return Err(ReadError::NotAManifest);
        }
        let header = header::parse(&start).ok_or(ReadError::CutShort { found, expected })?;
        if header.version > VERSION {
            return Err(ReadError::NewerVersion { found: header.version, newest: VERSION });
        }
        if header.version == 0 {
            return Err(ReadError::Damaged { what: "its version is zero" });
        }
        if header.id != *id {
            return Err(ReadError::OtherManifest);
        }
        layout.check().map_err(|what| ReadError::Layout { what })?;
        match found.cmp(&expected) {
            Ordering::Less => return Err(ReadError::CutShort { found, expected }),
            Ordering::Greater => return Err(ReadError::Length { found, expected }),
            Ordering::Equal => {}
        }
        let manifest = Manifest { map: map(&file)?, layout: layout.clone() };
        manifest.check_frame()?;
        Ok(manifest)
    }

    /// The end mark, and zeros wherever nothing else stands (`docs/format.md` §2, §3 and §7).
    fn check_frame(&self) -> Result<(), ReadError> {
        let damaged = ReadError::Damaged { what: "its padding is not zero" };
        let end_at = self.layout.file_length - END_BYTES as u64;
        if self.range(end_at, self.layout.file_length) != Some(&header::end_mark(self.layout.file_length)) {
            return Err(ReadError::Unfinished);
        }
        if !self.range(0, ALIGNMENT).is_some_and(header::is_padded) {
            return Err(damaged);
        }
        let starts = self.layout.sections.iter().skip(1).map(|section| section.fingerprints_at).chain([end_at]);
        for (section, next) in self.layout.sections.iter().zip(starts) {
            let padding = section_end(section).and_then(|end| self.range(end, next));
            if !padding.is_some_and(|padding| padding.iter().all(|&byte| byte == 0)) {
                return Err(damaged);
            }
        }
        Ok(())
    }

    /// How many match keys the manifest has.
    pub(crate) fn keys(&self) -> usize {
        self.layout.sections.len()
    }

    /// How many entries the section of match key number `key` has.
    pub(crate) fn entries(&self, key: usize) -> u64 {
        self.layout.sections[key].entries
    }

    /// The section of match key number `key`.
    pub(crate) fn section(&self, key: usize) -> Section<'_> {
        let section = &self.layout.sections[key];
        // The layout was checked against the length of the map, so each range is there.
        let part = |from, to| self.range(from, to).unwrap_or_default();
        let end = section_end(section).unwrap_or(section.ordinals_at);
        Section {
            bytes: part(section.fingerprints_at, end),
            fence_bits: section.fence_bits,
            fingerprints: part(section.fingerprints_at, section.fence_at).as_chunks().0,
            fence: part(section.fence_at, section.ordinals_at).as_chunks().0,
            ordinals: part(section.ordinals_at, end).as_chunks().0,
        }
    }

    /// Compares all digests with the layout's, and checks the order of the entries, the fence tables, and that every ordinal is below
    /// `ordinals`: the records and the known answer. Reads the whole file.
    pub(crate) fn verify(&self, ordinals: u64, progress: &dyn Progress, cancel: &Cancel) -> Result<(), ReadError> {
        progress.begin("verifying the manifest", None, Some(self.layout.file_length));
        let (sha256, blake3) = rayon::join(|| self.sha256(progress, cancel), || blake3_of(&self.map, cancel));
        if sha256? != self.layout.sha256 {
            return Err(ReadError::Digest { what: "SHA-256 digest" });
        }
        if blake3? != self.layout.blake3 {
            return Err(ReadError::Digest { what: "BLAKE3 digest" });
        }
        (0..self.keys()).into_par_iter().try_for_each(|key| {
            let section = self.section(key);
            if blake3_of(section.bytes, cancel)? != self.layout.sections[key].blake3 {
                return Err(ReadError::Digest { what: "section digest" });
            }
            section.check(ordinals, cancel)
        })?;
        progress.end();
        Ok(())
    }

    fn sha256(&self, progress: &dyn Progress, cancel: &Cancel) -> Result<String, ReadError> {
        let mut hasher = Sha256::new();
        for step in self.map.chunks(HASH_STEP) {
            stop_if_asked(cancel)?;
            hasher.update(step);
            progress.advance(0, step.len() as u64);
        }
        Ok(hex::encode(&hasher.finalize()))
    }

    fn range(&self, from: u64, to: u64) -> Option<&[u8]> {
        self.map.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }
}

impl<'m> Section<'m> {
    /// The sorted fingerprints.
    pub(crate) fn fingerprints(&self) -> &'m [Fingerprint] {
        self.fingerprints
    }

    /// Every fingerprint with the record that has it, in their order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'m Fingerprint, u32)> + use<'m> {
        self.fingerprints.iter().zip(self.ordinals).map(|(fingerprint, ordinal)| (fingerprint, u32::from_le_bytes(*ordinal)))
    }

    /// The records that have this fingerprint, ascending.
    pub(crate) fn records(&self, fingerprint: &Fingerprint) -> impl Iterator<Item = u32> + use<'m> {
        let slot = usize::try_from(slot(fingerprint, self.fence_bits)).unwrap_or(usize::MAX);
        let ordinals = self.slot_entries(slot).and_then(|(fingerprints, ordinals)| {
            let from = fingerprints.partition_point(|other| other < fingerprint);
            let equal = fingerprints.get(from..)?.iter().take_while(|other| *other == fingerprint).count();
            ordinals.get(from..from + equal)
        });
        ordinals.unwrap_or_default().iter().map(|ordinal| u32::from_le_bytes(*ordinal))
    }

    /// The entries of one slot of the fence. `None` only where the file changed after it was verified.
    fn slot_entries(&self, slot: usize) -> Option<(&'m [Fingerprint], &'m [[u8; ORDINAL_BYTES as usize]])> {
        let position = |slot: usize| usize::try_from(u64::from_le_bytes(*self.fence.get(slot)?)).ok();
        let range = position(slot)?..position(slot.checked_add(1)?)?;
        Some((self.fingerprints.get(range.clone())?, self.ordinals.get(range)?))
    }

    /// Entries strictly ascending, a fence that agrees with them, ordinals below the limit (`docs/format.md` §4 to §6).
    fn check(&self, limit: u64, cancel: &Cancel) -> Result<(), ReadError> {
        let mut fence = self.fence.iter();
        let mut reached = 0;
        let mut last = None;
        let damaged_fence = ReadError::Damaged { what: "a fence table disagrees with the fingerprints" };
        for (position, (fingerprint, ordinal)) in (0u64..).zip(self.fingerprints.iter().zip(self.ordinals)) {
            if position % CHECK_STEP as u64 == 0 {
                stop_if_asked(cancel)?;
            }
            let entry = (fingerprint, u32::from_le_bytes(*ordinal));
            if last.is_some_and(|last| last >= entry) {
                return Err(ReadError::Damaged { what: "its fingerprints are out of order" });
            }
            if u64::from(entry.1) >= limit {
                return Err(ReadError::Damaged { what: "an ordinal is beyond the last record" });
            }
            last = Some(entry);
            let slot = slot(fingerprint, self.fence_bits);
            while reached <= slot {
                if fence.next() != Some(&position.to_le_bytes()) {
                    return Err(damaged_fence);
                }
                reached += 1;
            }
        }
        let entries = self.fingerprints.len() as u64;
        if !fence.all(|position| u64::from_le_bytes(*position) == entries) {
            return Err(damaged_fence);
        }
        Ok(())
    }
}

/// The first byte after a section; `None` where it does not fit 64 bits, which [`Layout::check`] rules out.
fn section_end(section: &SectionLayout) -> Option<u64> {
    Some(Placement::new(section.fingerprints_at, section.entries, section.fence_bits)?.end)
}

fn blake3_of(bytes: &[u8], cancel: &Cancel) -> Result<String, ReadError> {
    let mut hasher = blake3::Hasher::new();
    for step in bytes.chunks(HASH_STEP) {
        stop_if_asked(cancel)?;
        hasher.update_rayon(step);
    }
    Ok(hex::encode(hasher.finalize().as_bytes()))
}

fn stop_if_asked(cancel: &Cancel) -> Result<(), ReadError> {
    if cancel.is_cancelled() { Err(ReadError::Cancelled) } else { Ok(()) }
}

/// Maps a whole file, read-only.
#[expect(
    unsafe_code,
    reason = "mapping a file has no safe form; a scan looks up in 277 MB and more, which must not become its own memory"
)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read-only, and its bytes are read as plain bytes that are checked at each use, so another process that
    // changes the file can alter what is found but break no rule of a type. One that cuts the file short ends the program with SIGBUS.
    unsafe { Mmap::map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::fixture::Fixture;
    use crate::manifest::fixture::on_one_thread;
    use crate::support::progress::Silent;

    #[test]
    fn a_good_manifest_passes() {
        let fixture = Fixture::small();
        fixture.verify().unwrap();
        let manifest = fixture.open().unwrap();
        assert_eq!((manifest.keys(), manifest.entries(0), manifest.entries(1), manifest.entries(2)), (3, 0, 1, 40));
        assert_eq!(manifest.section(1).records(&[7; 16]).collect::<Vec<u32>>(), [3]);
        assert_eq!(manifest.section(1).records(&[8; 16]).count() + manifest.section(0).records(&[7; 16]).count(), 0);
    }

    #[test]
    fn a_change_of_any_byte_is_refused() {
        let fixture = Fixture::small();
        on_one_thread(|| {
            for (at, byte) in (0u64..).zip(fixture.bytes()) {
                fixture.put(at, byte ^ 1 << (at % 8));
                assert!(fixture.verify().is_err(), "byte {at}");
                fixture.put(at, byte);
            }
        });
        fixture.verify().unwrap();
    }

    #[test]
    fn a_file_cut_short_anywhere_says_so() {
        let fixture = Fixture::small();
        let file = File::options().write(true).open(fixture.path()).unwrap();
        let expected = fixture.layout.file_length;
        for length in (0..expected).rev() {
            file.set_len(length).unwrap();
            let error = fixture.open().unwrap_err();
            assert_eq!(error.to_string(), format!("the file is cut short: {length} of {expected} bytes are there"));
        }
    }

    #[test]
    fn a_file_filled_up_after_a_cut_has_no_end_mark() {
        let fixture = Fixture::small();
        let file = File::options().write(true).open(fixture.path()).unwrap();
        file.set_len(9000).unwrap();
        file.set_len(fixture.layout.file_length).unwrap();
        assert_eq!(fixture.open().unwrap_err().to_string(), "the file was never finished: its end mark is missing");
    }

    /// Each change of the file or of what was signed, and the message that it gives.
    #[test]
    fn every_defect_has_its_message() {
        type Change = fn(&mut Fixture, &mut Vec<u8>);
        let changes: [(Change, &str); 10] = [
            (|_, bytes| bytes[0] = b'R', "the file is not a residua manifest"),
            (|_, bytes| bytes[8] = 2, "manifest version 2 is newer than 1, the newest this program reads"),
            (|_, bytes| bytes[8] = 0, "the file is damaged: its version is zero"),
            (|fixture, _| fixture.id[15] ^= 1, "the file belongs to another manifest than its signed statement"),
            (
                |fixture, _| fixture.layout.sections[2].entries = u64::MAX,
                "the signed statement describes no possible manifest: the positions of its sections do not follow from their sizes",
            ),
            (|_, bytes| bytes.push(0), "the file has 16401 bytes, but its signed statement says 16400"),
            (|_, bytes| bytes[4095] = 1, "the file is damaged: its padding is not zero"),
            (|_, bytes| bytes[16383] = 1, "the file is damaged: its padding is not zero"),
            (|_, bytes| bytes[8192] ^= 1, "the file is not the one that was signed: its SHA-256 digest differs"),
            (
                |fixture, _| fixture.layout.sections[1].blake3 = "0".repeat(64),
                "the file is not the one that was signed: its section digest differs",
            ),
        ];
        for (change, message) in changes {
            let mut fixture = Fixture::small();
            let mut bytes = fixture.bytes();
            change(&mut fixture, &mut bytes);
            fixture.replace(&bytes);
            assert_eq!(fixture.verify().unwrap_err().to_string(), message);
        }
    }

    /// A signature does not make a file right: what a faulty writer would sign.
    #[test]
    fn signed_damage_is_found() {
        type Change = fn(&mut [u8], usize, usize);
        let changes: [(Change, &str); 5] = [
            (|bytes, _, _| bytes[12288..12320].rotate_left(16), "the file is damaged: its fingerprints are out of order"),
            (|bytes, _, _| bytes.copy_within(12288..12304, 12304), "the file is damaged: its fingerprints are out of order"),
            (|bytes, fence, _| bytes[fence + 8] ^= 1, "the file is damaged: a fence table disagrees with the fingerprints"),
            (|bytes, fence, _| bytes[fence + 16 + 7] = 255, "the file is damaged: a fence table disagrees with the fingerprints"),
            (|bytes, _, ordinals| bytes[ordinals] = 40, "the file is damaged: an ordinal is beyond the last record"),
        ];
        let section = Fixture::small().layout.sections[2].clone();
        let [fence, ordinals] = [section.fence_at, section.ordinals_at].map(|at| usize::try_from(at).unwrap());
        for (change, message) in changes {
            let mut fixture = Fixture::small();
            let mut bytes = fixture.bytes();
            // Descending ordinals of the first two, so that they are out of order once their fingerprints are equal.
            bytes[ordinals..ordinals + 8].copy_from_slice(&[39, 0, 0, 0, 2, 0, 0, 0]);
            fixture.forge(&bytes);
            fixture.verify().unwrap();
            change(&mut bytes, fence, ordinals);
            fixture.forge(&bytes);
            assert_eq!(fixture.verify().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_folder_is_not_a_manifest() {
        let fixture = Fixture::small();
        let folder = fixture.path();
        let error = Manifest::open(folder.parent().unwrap(), &fixture.layout, &fixture.id).unwrap_err();
        assert_eq!(error.to_string(), "the file is not a residua manifest");
    }

    #[test]
    fn verifying_stops_on_request() {
        let cancel = Cancel::default();
        cancel.cancel();
        let stopped = Fixture::small().open().unwrap().verify(40, &Silent, &cancel);
        assert!(matches!(stopped, Err(ReadError::Cancelled)));
    }
}
