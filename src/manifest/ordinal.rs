//! Which ordinals of a manifest are whose (`docs/format.md` §6): the supplied records', and those of people who were not supplied.
//!
//! The latter, the controls, fill whole blocks of ordinals. Which blocks follows from the key of the shuffle, so that whoever holds that key,
//! the originator's ledger, needs to remember nothing else. The rest of the ordinals are the supplied records', in the order of their shuffle.

use crate::manifest::shuffle::Shuffle;
use crate::support::secret::Secret;

/// Ordinals are counted in blocks of this size.
pub(crate) const BLOCK: u32 = 1_000;

/// Separates the choice of blocks from every other use of a shuffle's key.
const BLOCKS_CONTEXT: &str = "residua v1 control blocks";

/// The ordinals of one manifest.
#[derive(Debug)]
pub(crate) struct Ordinals {
    shuffle: Shuffle,
    supplied: u32,
    /// The blocks of the controls, ascending.
    blocks: Vec<u32>,
}

impl Ordinals {
    /// The ordinals of so many supplied records and so many blocks of controls. `None` where they are more than 32 bits number, the
    /// known-answer record included.
    pub(crate) fn new(key: &Secret, supplied: u32, blocks: u32) -> Option<Ordinals> {
        let all = blocks.checked_mul(BLOCK)?.checked_add(supplied)?;
        let full_blocks = all.checked_add(1).map(|_| all / BLOCK)?;
        let choice = Shuffle::new(&Secret::new(blake3::derive_key(BLOCKS_CONTEXT, key.expose())), full_blocks);
        let mut blocks: Vec<u32> = (0..blocks).map(|number| choice.ordinal(number)).collect();
        blocks.sort_unstable();
        Some(Ordinals { shuffle: Shuffle::new(key, supplied), supplied, blocks })
    }

    /// The ordinal of a supplied record, by its row.
    pub(crate) fn supplied(&self, row: u32) -> u32 {
        self.nth_supplied(self.shuffle.ordinal(row))
    }

    /// The `number`-th of the ordinals that supplied records have, ascending from 0.
    pub(crate) fn nth_supplied(&self, number: u32) -> u32 {
        debug_assert!(number < self.supplied);
        // Each block of controls before it moves it on by one block.
        let block = self.blocks.iter().fold(number / BLOCK, |block, control| if *control <= block { block + 1 } else { block });
        block * BLOCK + number % BLOCK
    }

    /// The row of the supplied record that has an ordinal; `None` where a control or nobody has it.
    pub(crate) fn row(&self, ordinal: u32) -> Option<u32> {
        let block = ordinal / BLOCK;
        if self.is_control_block(block) || ordinal >= self.end() {
            return None;
        }
        let before = self.blocks.partition_point(|control| *control < block);
        let number = ordinal - u32::try_from(before).ok()?.checked_mul(BLOCK)?;
        (number < self.supplied).then(|| self.shuffle.row(number))
    }

    /// The ordinal of a control, by its number.
    pub(crate) fn control(&self, number: u32) -> u32 {
        self.blocks[(number / BLOCK) as usize] * BLOCK + number % BLOCK
    }

    /// The blocks of the controls, ascending.
    pub(crate) fn control_blocks(&self) -> &[u32] {
        &self.blocks
    }

    /// Whether a block is one of controls.
    pub(crate) fn is_control_block(&self, block: u32) -> bool {
        self.blocks.binary_search(&block).is_ok()
    }

    /// The ordinal after the last one: that of the known-answer record.
    pub(crate) fn end(&self) -> u32 {
        self.blocks.iter().fold(self.supplied, |sum, _| sum + BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ordinals(key: u8, supplied: u32, blocks: u32) -> Ordinals {
        Ordinals::new(&Secret::new([key; 32]), supplied, blocks).unwrap()
    }

    #[test]
    fn without_controls_ordinals_are_the_shuffle() {
        let (plain, shuffle) = (ordinals(3, 2_500, 0), Shuffle::new(&Secret::new([3; 32]), 2_500));
        assert!((0..2_500).all(|row| plain.supplied(row) == shuffle.ordinal(row)));
        assert_eq!(plain.end(), 2_500);
        assert!((0..3).all(|block| !plain.is_control_block(block)));
    }

    #[test]
    fn what_32_bits_cannot_number_is_refused() {
        let key = Secret::new([1; 32]);
        assert!(Ordinals::new(&key, u32::MAX, 0).is_none());
        assert_eq!(Ordinals::new(&key, u32::MAX - 1, 0).unwrap().end(), u32::MAX - 1);
        assert!(Ordinals::new(&key, u32::MAX - 500, 1).is_none());
        assert!(Ordinals::new(&key, 1, u32::MAX).is_none());
    }

    #[test]
    fn every_block_may_be_one_of_controls() {
        let chosen = |key: u8| (0..6).filter(|block| ordinals(key, 5_000, 1).is_control_block(*block)).collect::<Vec<u32>>();
        let seen: BTreeSet<Vec<u32>> = (0..100).map(chosen).collect();
        assert_eq!(seen.len(), 6, "{seen:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn each_ordinal_is_somebodys(supplied in 0_u32..6_000, blocks in 0_u32..5, key in any::<[u8; 32]>()) {
            let ordinals = Ordinals::new(&Secret::new(key), supplied, blocks).unwrap();
            let total = supplied + blocks * BLOCK;
            prop_assert_eq!(ordinals.end(), total);
            let of_controls: BTreeSet<u32> = (0..blocks * BLOCK).map(|number| ordinals.control(number)).collect();
            let of_supplied: BTreeSet<u32> = (0..supplied).map(|row| ordinals.supplied(row)).collect();
            prop_assert!((0..supplied).map(|number| ordinals.nth_supplied(number)).eq(of_supplied.iter().copied()));
            prop_assert!((0..supplied).all(|row| ordinals.row(ordinals.supplied(row)) == Some(row)));
            prop_assert!(of_controls.iter().chain(&[total, u32::MAX]).all(|ordinal| ordinals.row(*ordinal).is_none()));
            prop_assert_eq!(of_controls.len() + of_supplied.len(), total as usize);
            prop_assert!(of_controls.is_disjoint(&of_supplied));
            prop_assert!(of_controls.union(&of_supplied).all(|ordinal| *ordinal < total));
            // Whole blocks, and the last one of the supplied may be a part.
            prop_assert!(of_controls.iter().all(|ordinal| ordinals.is_control_block(ordinal / BLOCK)));
            prop_assert!(of_supplied.iter().all(|ordinal| !ordinals.is_control_block(ordinal / BLOCK)));
        }
    }
}
