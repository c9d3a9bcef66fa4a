//! Whether a write-ahead log is whole. `SQLite` ends at its first faulty frame without a word, since after a crash that is its torn end;
//! where commits of the same log follow, they are lost to every reader (<https://www.sqlite.org/fileformat2.html#walformat>).

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Whether commits follow a frame that is not as it was written.
pub(super) fn is_damaged(path: &Path) -> io::Result<bool> {
    // A frame that is being written while it is read looks faulty, once.
    Ok(has_commit_after_fault(path)? && has_commit_after_fault(path)?)
}

fn has_commit_after_fault(path: &Path) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(1 << 17, File::open(path)?);
    let mut header = [0; HEADER];
    if !fill(&mut reader, &mut header)? {
        return Ok(false);
    }
    let page_size = number(&header[8..12]) as usize;
    if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
        return Ok(header != [0; HEADER]);
    }
    let is_big_endian = header[3] & 1 == 1;
    let mut sums = (0, 0);
    add(&mut sums, &header[..24], is_big_endian);
    if sums != (number(&header[24..28]), number(&header[28..32])) {
        // The whole log counts for nothing then. Zeros are the mark of one that is over.
        return Ok(header != [0; HEADER]);
    }
    let mut is_faulty = false;
    let mut frame = vec![0; FRAME_HEADER + page_size];
    while fill(&mut reader, &mut frame)? {
        let is_of_this_log = frame[8..16] == header[16..24];
        if is_faulty {
            if is_of_this_log && number(&frame[4..8]) > 0 {
                return Ok(true);
            }
            continue;
        }
        add(&mut sums, &frame[..8], is_big_endian);
        add(&mut sums, &frame[FRAME_HEADER..], is_big_endian);
        is_faulty = !is_of_this_log || sums != (number(&frame[16..20]), number(&frame[20..24]));
    }
    Ok(false)
}

/// Fills the buffer; `false` where the file ends before.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A big-endian number of four bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Carries the log's checksum on over further bytes, whose length is a multiple of eight.
fn add(sums: &mut (u32, u32), bytes: &[u8], is_big_endian: bool) {
    for pair in bytes.as_chunks::<8>().0 {
        let word = |bytes: &[u8]| {
            let word = number(bytes);
            if is_big_endian { word } else { word.swap_bytes() }
        };
        sums.0 = sums.0.wrapping_add(word(&pair[..4])).wrapping_add(sums.1);
        sums.1 = sums.1.wrapping_add(word(&pair[4..])).wrapping_add(sums.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use std::fs;

    #[test]
    fn tells_a_torn_end_from_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA page_size = 512; PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0").unwrap();
        for number in 0..6 {
            connection.execute_batch(&format!("CREATE TABLE t{number} (a); INSERT INTO t{number} VALUES ({number})")).unwrap();
        }
        let wal = fs::read(folder.path().join("a.db-wal")).unwrap();
        let copy = folder.path().join("copy");
        let damaged = |bytes: &[u8]| {
            fs::write(&copy, bytes).unwrap();
            is_damaged(&copy).unwrap()
        };
        assert!(!damaged(&wal));
        assert!(!damaged(b""));
        assert!(!damaged(&[0; 4096]));
        assert!(!damaged(&wal[..wal.len() - 5]));
        let flipped = |at: usize| {
            let mut bytes = wal.clone();
            bytes[at] ^= 0x10;
            bytes
        };
        for at in [0, 9, 17, 26, HEADER + 3, HEADER + 9, HEADER + 17, HEADER + 300, wal.len() / 2] {
            assert!(damaged(&flipped(at)), "{at}");
        }
        assert!(!damaged(&flipped(wal.len() - 300)));
        // Frames of an earlier log behind those of this one are its remains.
        let mut stale = wal.clone();
        for frame in stale[HEADER..].chunks_mut(FRAME_HEADER + 512).skip(4) {
            frame[9] ^= 1;
        }
        assert!(!damaged(&stale));
    }
}
