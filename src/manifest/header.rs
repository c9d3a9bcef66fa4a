//! The fixed bytes at the two ends of a manifest: the header and the end mark (`docs/format.md` §3 and §7).

use crate::manifest::ManifestId;

/// The header's length in bytes, padding included.
pub(crate) const HEADER_BYTES: usize = 4096;

/// Every section and the end mark begin at a multiple of this.
pub(crate) const ALIGNMENT: u64 = HEADER_BYTES as u64;

/// The newest version of the format that this program reads, and the one that it writes.
pub(crate) const VERSION: u32 = 1;

/// The end mark's length in bytes.
pub(crate) const END_BYTES: usize = 16;

/// The first bytes. As in PNG, a transfer that alters line ends or clears the top bit breaks them.
const MAGIC: [u8; 8] = *b"\x89RSD\r\n\x1a\n";

/// The first half of the end mark.
const END: [u8; 8] = *b"\x89RSDEND\n";

/// The bytes of the header that are not padding.
const FILLED: usize = 28;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The version of the format.
    pub(crate) version: u32,
    /// The manifest's id.
    pub(crate) id: ManifestId,
}

/// Whether `start`, the first bytes of a file, agrees with the magic as far as it goes. An empty or very short file may agree.
pub(crate) fn begins_as_manifest(start: &[u8]) -> bool {
    start.iter().zip(&MAGIC).all(|(found, expected)| found == expected)
}

/// Reads the version and the id; `None` where `start` is too short to hold them. Looks at neither magic nor padding.
pub(crate) fn parse(start: &[u8]) -> Option<Header> {
    let (version, rest) = start.get(MAGIC.len()..)?.split_first_chunk::<4>()?;
    Some(Header { version: u32::from_le_bytes(*version), id: *rest.first_chunk::<16>()? })
}

/// Whether everything behind the version and the id, up to the first section, is zero.
pub(crate) fn is_padded(header: &[u8]) -> bool {
    header.get(FILLED..).is_some_and(|padding| padding.iter().all(|&byte| byte == 0))
}

/// The header's bytes.
pub(crate) fn encode(id: &ManifestId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(id);
    bytes.resize(HEADER_BYTES, 0);
    bytes
}

/// The end mark's bytes, in a file of `length` bytes.
pub(crate) fn end_mark(length: u64) -> [u8; END_BYTES] {
    let mut bytes = [0; END_BYTES];
    bytes[..8].copy_from_slice(&END);
    bytes[8..].copy_from_slice(&length.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let bytes = encode(&[7; 16]);
        assert_eq!(bytes.len(), 4096);
        assert!(begins_as_manifest(&bytes) && is_padded(&bytes));
        assert_eq!(parse(&bytes), Some(Header { version: VERSION, id: [7; 16] }));
        assert_eq!(parse(&bytes[..FILLED]), parse(&bytes));
        assert_eq!(parse(&bytes[..FILLED - 1]), None);
    }

    #[test]
    fn a_short_start_agrees_as_far_as_it_goes() {
        assert!(begins_as_manifest(b""));
        assert!(begins_as_manifest(b"\x89RSD"));
        assert!(!begins_as_manifest(b"\x89PNG\r\n\x1a\n"));
    }
}
