//! Files that programs put beside data files, and that hold no rows, told by what is in them.

use super::is_file;
use serde::Deserialize;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes of a file that lists others.
const LONGEST_LIST: u64 = 4 << 20;

/// How Hadoop's checksum files begin.
const CHECKSUMS: &[u8] = b"crc\0";

/// What `_committed_…` holds: the names of files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Committed {
    added: Vec<String>,
    removed: Vec<String>,
}

/// Whether a file is a checksum of its neighbour, or a mark that a job began or ended. What merely bears such a name is none.
pub(in crate::source) fn is_mark(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if !is_file(path) {
        return false;
    }
    let size = fs::metadata(path).map_or(u64::MAX, |metadata| metadata.len());
    if let Some(neighbour) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".crc")) {
        return is_checksum(path, size, &path.with_file_name(neighbour));
    }
    if name == "_SUCCESS" || name.starts_with("_started_") {
        return size == 0;
    }
    if name.starts_with("_committed_") && size <= LONGEST_LIST {
        let is_name = |name: &String| !name.contains(['/', '\\', '\n', ' ', ',']) && name.contains('.');
        let listed = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Committed>(&bytes).ok());
        return listed.is_some_and(|listed| listed.added.iter().chain(&listed.removed).all(is_name));
    }
    false
}

/// Whether a file has the one checksum of each run of bytes of its neighbour, and nothing else.
fn is_checksum(path: &Path, size: u64, neighbour: &Path) -> bool {
    let mut head = [0; 8];
    let is_read = File::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok());
    if !is_read || !head.starts_with(CHECKSUMS) || !is_file(neighbour) {
        return false;
    }
    let run = u64::from(u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
    let length = fs::metadata(neighbour).map_or(0, |metadata| metadata.len());
    run > 0 && size == 8 + 4 * length.div_ceil(run)
}
