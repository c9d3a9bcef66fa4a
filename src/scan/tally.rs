//! Tallies: what one worker counted in one target. They merge in any order, so that threads, and later machines, can share a target.

use crate::intake::convert::ColumnCounts;
use roaring::RoaringBitmap;
use serde::Deserialize;
use serde::Serialize;

/// The counts of one target, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    /// Rows read.
    pub(crate) rows: u64,
    /// Rows from which no key was formed.
    pub(crate) rows_without_key: u64,
    /// Of these, rows in which a personal value was not understood.
    pub(crate) rows_not_understood: u64,
    /// Rows that hold something of a person, and from which no key but a number's was formed.
    pub(crate) rows_unkeyed: u64,
    /// Rows with a hit by a number's key and no other key.
    pub(crate) rows_by_number: u64,
    /// Rows with more readings than are tried, counted once for each key.
    pub(crate) rows_capped: u64,
    /// Rows that hold one value of a person under its name.
    pub(crate) rows_of_attributes: u64,
    /// Fingerprints computed.
    pub(crate) hashes: u64,
    /// Sentinels put in.
    pub(crate) sentinels_injected: u64,
    /// Sentinels found by every key that had to find them.
    pub(crate) sentinels_detected: u64,
    /// Personal cells beyond the table's columns.
    pub(crate) overflow: u64,
    /// A column each.
    pub(crate) columns: Vec<ColumnCounts>,
    /// A key each.
    pub(crate) keys: Vec<KeyTally>,
}

/// The counts of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyTally {
    /// Fingerprints formed: looked up, or behind a gate that the row did not pass.
    pub(crate) probes: u64,
    /// Whether some row forms it by more than guesses from text.
    pub(crate) is_formed: bool,
    /// Pairs of a probe and a record.
    pub(crate) hits: u64,
    /// Rows with a hit.
    pub(crate) rows: u64,
    /// Rows with a hit that a declaration of rows covers, in the order of the declarations.
    pub(crate) declared_rows: Vec<u64>,
    /// Rows with a hit, covered by no declaration, in whose text so much was combined that chance may explain the hit.
    pub(crate) doubtful_rows: u64,
    /// The records hit.
    #[serde(with = "ordinals")]
    pub(crate) records: RoaringBitmap,
    /// The records hit in other than doubtful rows.
    #[serde(with = "ordinals")]
    pub(crate) proved: RoaringBitmap,
}

/// A bitmap of ordinals as text: its portable form in base64.
mod ordinals {
    use data_encoding::BASE64;
    use roaring::RoaringBitmap;
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error;

    pub(super) fn serialize<S: Serializer>(ordinals: &RoaringBitmap, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(ordinals.serialized_size());
        // Writing to memory cannot fail.
        let _ = ordinals.serialize_into(&mut bytes);
        serializer.serialize_str(&BASE64.encode(&bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RoaringBitmap, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(D::Error::custom)?;
        RoaringBitmap::deserialize_from(bytes.as_slice()).map_err(D::Error::custom)
    }
}

impl KeyTally {
    /// Records hit in doubtful rows alone.
    pub(crate) fn doubtful_records(&self) -> u64 {
        self.records.len().saturating_sub(self.proved.len())
    }
}

impl Tally {
    /// An empty tally for a target with so many columns, keys and declarations of rows.
    pub(crate) fn new(columns: usize, keys: usize, declarations: usize) -> Tally {
        Tally {
            columns: vec![ColumnCounts::default(); columns],
            keys: vec![KeyTally { declared_rows: vec![0; declarations], ..KeyTally::default() }; keys],
            ..Tally::default()
        }
    }

    /// Adds the counts of another part of the same target.
    pub(crate) fn merge(&mut self, other: Tally) {
        self.rows += other.rows;
        self.rows_without_key += other.rows_without_key;
        self.rows_not_understood += other.rows_not_understood;
        self.rows_unkeyed += other.rows_unkeyed;
        self.rows_by_number += other.rows_by_number;
        self.rows_capped += other.rows_capped;
        self.rows_of_attributes += other.rows_of_attributes;
        self.hashes += other.hashes;
        self.sentinels_injected += other.sentinels_injected;
        self.sentinels_detected += other.sentinels_detected;
        self.overflow += other.overflow;
        for (mine, theirs) in self.columns.iter_mut().zip(&other.columns) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.keys.iter_mut().zip(other.keys) {
            mine.probes += theirs.probes;
            mine.is_formed |= theirs.is_formed;
            mine.hits += theirs.hits;
            mine.rows += theirs.rows;
            for (mine, theirs) in mine.declared_rows.iter_mut().zip(theirs.declared_rows) {
                *mine += theirs;
            }
            mine.doubtful_rows += theirs.doubtful_rows;
            mine.records |= theirs.records;
            mine.proved |= theirs.proved;
        }
    }

    /// The records that any key hit.
    pub(crate) fn found(&self) -> RoaringBitmap {
        self.keys.iter().fold(RoaringBitmap::new(), |found, key| found | &key.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn tallies()(
            rows in 0_u64..100,
            hits in 0_u64..100,
            records in prop::collection::vec(0_u32..1_000, 0..20),
            proved in prop::collection::vec(0_u32..1_000, 0..20),
            declared in 0_u64..9,
            doubtful in 0_u64..9,
        ) -> Tally {
            let mut tally = Tally::new(1, 1, 1);
            tally.rows = rows;
            tally.columns[0].filled = rows;
            tally.keys[0] = KeyTally {
                probes: rows,
                is_formed: rows > 0,
                hits,
                rows,
                declared_rows: vec![declared],
                doubtful_rows: doubtful,
                records: records.into_iter().collect(),
                proved: proved.into_iter().collect(),
            };
            tally
        }
    }

    fn merged(parts: &[Tally]) -> Tally {
        let mut whole = Tally::new(1, 1, 1);
        for part in parts {
            whole.merge(part.clone());
        }
        whole
    }

    proptest! {
        #[test]
        fn parts_merge_in_any_order_and_grouping(parts in prop::collection::vec(tallies(), 0..5), split in any::<prop::sample::Index>()) {
            let whole = merged(&parts);
            let mut reversed = parts.clone();
            reversed.reverse();
            prop_assert_eq!(&merged(&reversed), &whole);
            let (left, right) = parts.split_at(split.index(parts.len() + 1));
            prop_assert_eq!(merged(&[merged(left), merged(right)]), whole);
        }
    }
}
