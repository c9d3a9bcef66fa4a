//! How far unpacking goes, so that a small file cannot fill the machine.

/// Bounds of what is unpacked. Where one of them ends the unpacking, that is a problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limits {
    /// Bytes of all private copies together.
    pub(crate) bytes: u64,
    /// How many times as large as its packed form a content may be.
    pub(crate) ratio: u64,
    /// How many packings may lie in each other.
    pub(crate) depth: usize,
    /// Files of one archive.
    pub(crate) members: u64,
}

/// Below so many bytes no ratio is minded: a short text of one letter packs well.
const MINDED: u64 = 64 << 20;

impl Default for Limits {
    /// Tables of people pack some 3 to 30 times smaller, dumps of few distinct values a hundred times; a gzip bomb a thousand times.
    fn default() -> Self {
        Self { bytes: 64 << 30, ratio: 500, depth: 8, members: 100_000 }
    }
}

impl Limits {
    /// Whether so many bytes are too many for so many packed ones.
    pub(super) fn is_beyond_ratio(&self, unpacked: u64, packed: u64) -> bool {
        unpacked > MINDED && unpacked / packed.max(1) > self.ratio
    }
}
