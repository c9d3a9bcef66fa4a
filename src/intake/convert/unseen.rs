//! Cells of a column that hold nothing that can be compared, counted.

use crate::record::normalize::opaque::Opaque;
use crate::record::normalize::opaque::opaque;
use serde::Deserialize;
use serde::Serialize;

/// What the cells of one column came to that cannot be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unseen {
    /// Digests.
    hashed: u64,
    /// What may be a digest, and is written as random UUIDs are without their hyphens.
    uuids: u64,
    /// Encrypted or binary values.
    pub(crate) encoded: u64,
    /// Words in base64.
    pub(crate) short: u64,
    /// Numbers that lost their last digits.
    pub(crate) rounded: u64,
}

/// Random UUIDs without hyphens in a column of nothing else: as many digests look so by chance once in sixteen millions.
const ENOUGH_UUIDS: u64 = 4;

impl Unseen {
    /// Looks at a cell.
    pub(super) fn see(&mut self, cell: &str) {
        match opaque(cell) {
            None => {}
            Some(Opaque::Hashed) => self.hashed += 1,
            Some(Opaque::Uuid) => self.uuids += 1,
            Some(Opaque::Encoded) => self.encoded += 1,
            Some(Opaque::Short) => self.short += 1,
            Some(Opaque::Rounded) => self.rounded += 1,
        }
    }

    pub(super) fn merge(&mut self, other: Unseen) {
        self.hashed += other.hashed;
        self.uuids += other.uuids;
        self.encoded += other.encoded;
        self.short += other.short;
        self.rounded += other.rounded;
    }

    /// Digests, if the cells are no random UUIDs.
    pub(crate) fn hashed(&self) -> u64 {
        if self.hashed == 0 && self.uuids >= ENOUGH_UUIDS { 0 } else { self.hashed + self.uuids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Unseen {
        let mut unseen = Unseen::default();
        for cell in cells {
            unseen.see(cell);
        }
        unseen
    }

    #[test]
    fn a_column_of_random_uuids_is_no_column_of_digests() {
        let uuid = "cfbff0d193754685968c48ce8b15ae17";
        assert_eq!(of(&[uuid; 3]).hashed(), 3);
        assert_eq!(of(&[uuid; 4]).hashed(), 0);
        let mut mixed = of(&[uuid; 4]);
        mixed.merge(of(&["5d41402abc4b2a76b9719d911017c592", "ann"]));
        assert_eq!((mixed.hashed(), mixed.encoded, mixed.rounded), (5, 0, 0));
    }
}
