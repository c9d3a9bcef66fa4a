//! BLAKE3 of a file, put together from the digests of its blocks, which come in any order: so that the digest is made of bytes that are read anyhow.

use blake3::Hash;
use blake3::Hasher;
use blake3::hazmat::ChainingValue;
use blake3::hazmat::HasherExt;
use blake3::hazmat::Mode;
use blake3::hazmat::left_subtree_len;
use blake3::hazmat::merge_subtrees_non_root;
use blake3::hazmat::merge_subtrees_root;
use std::collections::BTreeMap;

/// Bytes of a block.
pub(in crate::source) const BLOCK: u64 = 64 << 10;

/// What is known of the digest of a file of one size.
#[derive(Debug)]
pub(super) struct Tree {
    size: u64,
    /// Values of subtrees by the number of blocks in them, as a power of two, and by their place among those of the same number. Two that make up a larger
    /// one become that at once, so that there are few wherever blocks come more or less in their order.
    nodes: BTreeMap<(u32, u64), ChainingValue>,
}

impl Tree {
    pub(super) fn new(size: u64) -> Self {
        Self { size, nodes: BTreeMap::new() }
    }

    /// Whether a block was already added.
    pub(super) fn holds(&self, block: u64) -> bool {
        (0..self.levels()).any(|level| self.nodes.contains_key(&(level, block >> level)))
    }

    /// Adds a block that is not held.
    pub(super) fn add(&mut self, block: u64, value: ChainingValue) {
        let (mut level, mut place, mut value) = (0, block, value);
        // The topmost value is made otherwise, when all is there.
        while level + 2 < self.levels()
            && let Some(sibling) = self.nodes.remove(&(level, place ^ 1))
        {
            let (left, right) = if place & 1 == 0 { (value, sibling) } else { (sibling, value) };
            value = merge_subtrees_non_root(&left, &right, Mode::Hash);
            level += 1;
            place >>= 1;
        }
        self.nodes.insert((level, place), value);
    }

    /// The digest of the file. `read` is asked for the blocks that were not added, by their offset and length.
    pub(super) fn finish<E>(&self, mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, E>) -> Result<Hash, E> {
        if self.size <= BLOCK {
            return Ok(blake3::hash(&read(0, self.size)?));
        }
        let middle = left_subtree_len(self.size);
        let left = self.subtree(0, middle, &mut read)?;
        let right = self.subtree(middle, self.size - middle, &mut read)?;
        Ok(merge_subtrees_root(&left, &right, Mode::Hash))
    }

    fn subtree<E>(
        &self,
        offset: u64,
        length: u64,
        read: &mut impl FnMut(u64, u64) -> Result<Vec<u8>, E>,
    ) -> Result<ChainingValue, E> {
        let level = levels(length) - 1;
        if let Some(value) = self.nodes.get(&(level, (offset / BLOCK) >> level)) {
            return Ok(*value);
        }
        if length <= BLOCK {
            return Ok(value(offset / BLOCK, &read(offset, length)?));
        }
        let middle = left_subtree_len(length);
        let left = self.subtree(offset, middle, read)?;
        let right = self.subtree(offset + middle, length - middle, read)?;
        Ok(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }

    fn levels(&self) -> u32 {
        levels(self.size)
    }
}

/// The value of a block of a file of several blocks. It is whole, unless it is the last one.
pub(super) fn value(block: u64, bytes: &[u8]) -> ChainingValue {
    Hasher::new().set_input_offset(block * BLOCK).update(bytes).finalize_non_root()
}

/// The levels of a tree over so many bytes.
fn levels(length: u64) -> u32 {
    length.div_ceil(BLOCK).next_power_of_two().trailing_zeros() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn content(size: usize) -> Vec<u8> {
        (0..size).map(|place| (place / 7 + place * place / 1_001).to_le_bytes()[0]).collect()
    }

    fn blocks(content: &[u8]) -> Vec<(u64, &[u8])> {
        (0..).zip(content.chunks(usize::try_from(BLOCK).unwrap())).collect()
    }

    /// The digest, and how many blocks had to be read for it.
    fn finished(tree: &Tree, content: &[u8]) -> (Hash, usize) {
        let mut count = 0;
        let hash = tree.finish(|offset, length| {
            count += 1;
            let offset = usize::try_from(offset).unwrap();
            Ok::<_, Infallible>(content[offset..offset + usize::try_from(length).unwrap()].to_vec())
        });
        (hash.unwrap(), count)
    }

    #[test]
    fn blocks_in_order_leave_few_values() {
        let content = content(37 * 65_536 + 5);
        let mut tree = Tree::new(content.len() as u64);
        for (number, bytes) in blocks(&content) {
            assert!(!tree.holds(number));
            tree.add(number, value(number, bytes));
            assert!((0..=number).all(|number| tree.holds(number)) && !tree.holds(number + 1));
            assert!(tree.nodes.len() <= 6);
        }
        assert_eq!(finished(&tree, &content), (blake3::hash(&content), 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn any_blocks_in_any_order_make_the_digest(
            count in 0_usize..20,
            rest in prop::sample::select(vec![0_usize, 1, 1_024, 5_000, 65_535]),
            order in prop::collection::vec(0_usize..21, 0..40),
        ) {
            let content = content(count * 65_536 + rest);
            let blocks = blocks(&content);
            let mut tree = Tree::new(content.len() as u64);
            if blocks.len() > 1 {
                for (number, bytes) in order.iter().filter_map(|index| blocks.get(*index)) {
                    if !tree.holds(*number) {
                        tree.add(*number, value(*number, bytes));
                    }
                }
            }
            let missing = blocks.iter().filter(|(number, _)| !tree.holds(*number)).count().max(usize::from(blocks.len() < 2));
            prop_assert_eq!(finished(&tree, &content), (blake3::hash(&content), missing));
        }
    }
}
