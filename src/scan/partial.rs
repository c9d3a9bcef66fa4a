//! The file of what was read and is not signed yet: of one finished target, from which a scan that was broken off goes on, or of one share of a divided scan. It holds what was
//! counted, and the findings.
//!
//! A line with the version, the length of the counts, the counts in JSON, the findings as they will stand in the list, and a keyed digest of all
//! of that. The key derives from the manifest's salt and the challenge's nonce, so that nobody without the salt can write such a file, and that
//! of one challenge is none of another. Nothing is read of a file before its digest was found right. It need not be understood by another
//! version of the program, which reads the target again.

use crate::scan::tally::Tally;
use crate::source::SplitReport;
use crate::support::secret::Secret;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use tempfile::SpooledTempFile;
use thiserror::Error;

/// What a file begins with. Its number rises with every change to what follows.
const HEAD: &[u8] = b"residua partial 1\n";

/// Separates these keys from every other use of BLAKE3's key derivation, and the files of finished targets from those of splits.
pub(super) const OF_TARGET: &str = "residua v1 partial result";
pub(super) const OF_SPLIT: &str = "residua v1 split result";

/// The most bytes of counts that are read: more than a target with 10,000 columns and 32 keys of four thousand million records each has.
const MOST_COUNTS: u64 = 1 << 36;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// Bytes of counts or findings that are held in memory; more go to a file without a name.
const HELD: usize = 1 << 20;

/// Bytes of the digest at the end.
const DIGEST: usize = blake3::OUT_LEN;

/// What is kept of one finished target besides its findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Partial<'a> {
    /// Digest of what the scan was asked and told.
    pub(super) scan: String,
    /// Digest of the target's name, source, columns and mapping.
    pub(super) target: String,
    /// Digest of what the system said of the file.
    pub(super) standing: String,
    /// BLAKE3 of the file's content.
    pub(super) content: String,
    /// When the target was finished.
    pub(super) scanned_at: String,
    /// What was counted.
    pub(super) tally: Cow<'a, Tally>,
    /// What the reading came to.
    pub(super) report: Cow<'a, SplitReport>,
}

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// The system could not read it, or gave no room for its findings.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It begins otherwise.
    #[error("it is of another version of residua")]
    Version,
    /// It is cut short, altered, or another challenge's.
    #[error("it is damaged")]
    Damaged,
}

/// A file for what is on its way: in memory while it is little.
pub(super) fn spool() -> SpooledTempFile {
    SpooledTempFile::new(HELD)
}

/// The key of all files of one challenge and kind.
pub(super) fn key(context: &'static str, salt: &Secret, nonce: &[u8; 32]) -> Secret {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(salt.expose());
    hasher.update(nonce);
    Secret::new(*hasher.finalize().as_bytes())
}

/// Writes what was counted, and the findings.
pub(super) fn write(out: impl Write, key: &Secret, partial: &impl Serialize, findings: &mut impl Read) -> io::Result<()> {
    let mut out = Digesting { out, hasher: blake3::Hasher::new_keyed(key.expose()) };
    let mut counts = BufWriter::new(spool());
    serde_json::to_writer(&mut counts, partial)?;
    let mut counts = counts.into_inner().map_err(io::IntoInnerError::into_error)?;
    let length = counts.stream_position()?;
    counts.rewind()?;
    out.write_all(HEAD)?;
    out.write_all(&length.to_le_bytes())?;
    io::copy(&mut counts, &mut out)?;
    io::copy(findings, &mut out)?;
    let digest = out.hasher.finalize();
    out.out.write_all(digest.as_bytes())?;
    out.out.flush()
}

/// Reads what was counted, and the findings, from a file of `length` bytes.
pub(super) fn read<P: DeserializeOwned>(file: impl Read, length: u64, key: &Secret) -> Result<(P, SpooledTempFile), Fault> {
    let mut signed = length.checked_sub(DIGEST as u64).ok_or(Fault::Damaged)?;
    let mut source = Hashing { file, hasher: blake3::Hasher::new_keyed(key.expose()) };
    let mut head = [0; HEAD.len()];
    signed = signed.checked_sub(head.len() as u64).ok_or(Fault::Damaged)?;
    source.fill(&mut head)?;
    if head != HEAD {
        return Err(Fault::Version);
    }
    let mut size = [0; 8];
    signed = signed.checked_sub(size.len() as u64).ok_or(Fault::Damaged)?;
    source.fill(&mut size)?;
    let size = u64::from_le_bytes(size);
    signed = signed.checked_sub(size).filter(|_| size <= MOST_COUNTS).ok_or(Fault::Damaged)?;
    let mut counts = spool();
    source.copy(size, &mut counts)?;
    let mut findings = spool();
    source.copy(signed, &mut findings)?;
    let digest = source.hasher.finalize();
    let mut stated = [0; DIGEST];
    source.fill(&mut stated)?;
    // The comparison of two digests takes the same time wherever they differ.
    if digest != blake3::Hash::from_bytes(stated) || source.file.read(&mut [0]).map_err(Fault::Unreadable)? != 0 {
        return Err(Fault::Damaged);
    }
    counts.rewind().and_then(|()| findings.rewind()).map_err(Fault::Unreadable)?;
    Ok((serde_json::from_reader(BufReader::new(counts)).map_err(|_| Fault::Damaged)?, findings))
}

/// Writes and digests at once.
struct Digesting<W> {
    out: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads and digests at once.
struct Hashing<R> {
    file: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Hashing<R> {
    /// Reads so many bytes. A file that ends before is damaged.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        self.file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Damaged,
            _ => Fault::Unreadable(error),
        })?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Copies so many bytes, with no more memory than what was read of them takes.
    fn copy(&mut self, mut count: u64, out: &mut impl Write) -> Result<(), Fault> {
        let mut chunk = vec![0; CHUNK];
        while count > 0 {
            let step = usize::try_from(count).unwrap_or(CHUNK).min(CHUNK);
            let Some(bytes) = chunk.get_mut(..step) else { break };
            self.fill(bytes)?;
            out.write_all(bytes).map_err(Fault::Unreadable)?;
            count -= step as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::convert::ColumnCounts;
    use crate::scan::tally::KeyTally;
    use crate::source::Problem;
    use crate::source::ProblemCode;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn encoded(partial: &Partial<'_>, findings: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &Secret::new(KEY), partial, &mut &*findings).unwrap();
        bytes
    }

    fn decoded(bytes: &[u8], key: [u8; 32]) -> Result<(Partial<'static>, Vec<u8>), Fault> {
        let (partial, mut findings) = read(bytes, bytes.len() as u64, &Secret::new(key))?;
        let mut content = Vec::new();
        findings.read_to_end(&mut content).unwrap();
        Ok((partial, content))
    }

    prop_compose! {
        fn key_tallies()(
            numbers in any::<[u64; 4]>(),
            is_formed in any::<bool>(),
            declared_rows in prop::collection::vec(any::<u64>(), 0..3),
            records in prop::collection::vec(any::<u32>(), 0..50),
            proved in prop::collection::vec(any::<u32>(), 0..50),
        ) -> KeyTally {
            let [probes, hits, rows, doubtful_rows] = numbers;
            let (records, proved) = (records.into_iter().collect(), proved.into_iter().collect());
            KeyTally { probes, is_formed, hits, rows, declared_rows, doubtful_rows, records, proved }
        }
    }

    prop_compose! {
        fn partials()(
            words in any::<[String; 5]>(),
            numbers in any::<[u64; 13]>(),
            columns in prop::collection::vec(any::<[u64; 3]>(), 0..4),
            keys in prop::collection::vec(key_tallies(), 0..4),
            problems in prop::collection::vec(any::<(String, Option<String>, Option<u64>)>(), 0..3),
        ) -> Partial<'static> {
            let [scan, target, standing, content, scanned_at] = words;
            let [a, b, c, d, e, f, g, h, i, j, k, rows, bytes] = numbers;
            let tally = Tally {
                rows: a,
                rows_without_key: b,
                rows_not_understood: c,
                rows_unkeyed: d,
                rows_by_number: e,
                rows_capped: f,
                rows_of_attributes: g,
                hashes: h,
                sentinels_injected: i,
                sentinels_detected: j,
                overflow: k,
                columns: (columns.into_iter())
                    .map(|[filled, unreadable, personal]| ColumnCounts { filled, unreadable, personal, ..ColumnCounts::default() })
                    .collect(),
                keys,
            };
            let problems = problems.into_iter().map(|(source, column, count)| {
                let problem = Problem::of_source(ProblemCode::RaggedRows, &source, "ragged");
                Problem { column, count, first: count, ..problem }
            });
            let (tally, report) = (Cow::Owned(tally), Cow::Owned(SplitReport { rows, bytes, problems: problems.collect() }));
            Partial { scan, target, standing, content, scanned_at, tally, report }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(partial in partials(), findings in prop::collection::vec(any::<u8>(), 0..300)) {
            let (read, content) = decoded(&encoded(&partial, &findings), KEY).unwrap();
            prop_assert_eq!(read, partial);
            prop_assert_eq!(content, findings);
        }

        #[test]
        fn what_was_altered_anywhere_is_refused(
            partial in partials(),
            findings in prop::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..=255,
        ) {
            let mut bytes = encoded(&partial, &findings);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(decoded(&bytes, KEY).is_err());
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), is_headed in any::<bool>()) {
            let bytes = if is_headed { [HEAD, &bytes].concat() } else { bytes };
            prop_assert!(decoded(&bytes, KEY).is_err());
        }
    }

    fn sample() -> Vec<u8> {
        let tally = Tally::new(2, 1, 0);
        let word = |word: &str| word.to_owned();
        let partial = Partial {
            scan: word("s"),
            target: word("t"),
            standing: word("n"),
            content: word("c"),
            scanned_at: word("2017-07-01T09:00:00Z"),
            tally: Cow::Owned(tally),
            report: Cow::default(),
        };
        encoded(&partial, b"crm.csv,crm.csv,1,byte=0,email,A,7\n")
    }

    #[test]
    fn every_single_byte_counts() {
        let bytes = sample();
        assert!(decoded(&bytes, KEY).is_ok());
        for at in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                assert!(decoded(&bytes, KEY).is_err(), "byte {at}");
            }
            assert!(decoded(&bytes[..at], KEY).is_err(), "cut at {at}");
        }
        assert!(matches!(decoded(&[&bytes[..], b"x"].concat(), KEY), Err(Fault::Damaged)));
        assert!(matches!(
            read::<Partial<'static>>(&*[&bytes[..], b"x"].concat(), bytes.len() as u64, &Secret::new(KEY)),
            Err(Fault::Damaged)
        ));
    }

    #[test]
    fn another_key_and_another_version_are_told() {
        let bytes = sample();
        assert!(matches!(decoded(&bytes, [8; 32]), Err(Fault::Damaged)));
        let newer = String::from_utf8_lossy(&bytes).replacen("partial 1", "partial 2", 1).into_bytes();
        assert!(matches!(decoded(&newer, KEY), Err(Fault::Version)));
        let salt = |byte| Secret::new([byte; 32]);
        assert_ne!(key(OF_TARGET, &salt(1), &[2; 32]), key(OF_TARGET, &salt(2), &[2; 32]));
        assert_ne!(key(OF_TARGET, &salt(1), &[2; 32]), key(OF_TARGET, &salt(1), &[3; 32]));
        assert_ne!(key(OF_TARGET, &salt(1), &[2; 32]), key(OF_SPLIT, &salt(1), &[2; 32]));
    }

    /// A length in a file that was made to break us takes no memory.
    #[test]
    fn a_length_beyond_the_file_is_damage() {
        for size in [u64::MAX, MOST_COUNTS, 1 << 40] {
            let bytes = [HEAD, &size.to_le_bytes(), &[0; 64]].concat();
            assert!(matches!(decoded(&bytes, KEY), Err(Fault::Damaged)), "{size}");
        }
    }
}
