//! Many messages of one block hashed at once, on all lanes of the processor.
//!
//! BLAKE3 hashes several inputs of equal length side by side; its crate uses that for the chunks of one long input, and keeps the entry out of
//! its documented interface. So the crate's version is pinned, and before the first use the entry has to give what `keyed_hash` gives; where
//! it does not, each message is hashed by itself. The result is the same either way, and anybody can check it with any BLAKE3.

use crate::fingerprint::Fingerprint;
use blake3::IncrementCounter;
use blake3::platform::Platform;
use blake3::platform::words_from_le_bytes_32;
use std::sync::LazyLock;

/// A message of one block.
pub(super) const BLOCK: usize = 64;

/// Messages handed over at a time: a multiple of every processor's number of lanes.
const WAVE: usize = 64;

/// Bytes of a whole hash.
const HASH: usize = 32;

// Domain flags of the BLAKE3 specification, section 2.2, table 3.
const CHUNK_START: u8 = 1 << 0;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;
const KEYED_HASH: u8 = 1 << 4;

/// Whether the quick way gives what the plain way gives, on this machine.
static IS_SOUND: LazyLock<bool> = LazyLock::new(|| {
    let key = [0x5a; 32];
    let blocks: Vec<[u8; BLOCK]> =
        (0..2 * WAVE).map(|number| std::array::from_fn(|place| (number * 31 + place * 7).to_le_bytes()[0])).collect();
    let (mut quick, mut plain) = (Vec::new(), Vec::new());
    side_by_side(&key, &blocks, &mut quick);
    one_by_one(&key, &blocks, &mut plain);
    quick == plain
});

/// Hashes each block under the key and appends the fingerprints.
pub(super) fn hash(key: &[u8; 32], blocks: &[[u8; BLOCK]], out: &mut Vec<Fingerprint>) {
    if *IS_SOUND {
        side_by_side(key, blocks, out);
    } else {
        one_by_one(key, blocks, out);
    }
}

fn side_by_side(key: &[u8; 32], blocks: &[[u8; BLOCK]], out: &mut Vec<Fingerprint>) {
    let platform = Platform::detect();
    let words = words_from_le_bytes_32(key);
    let mut hashes = [0; WAVE * HASH];
    for wave in blocks.chunks(WAVE) {
        let mut inputs = [&wave[0]; WAVE];
        for (input, block) in inputs.iter_mut().zip(wave) {
            *input = block;
        }
        platform.hash_many(
            &inputs[..wave.len()],
            &words,
            0,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            CHUNK_END | ROOT,
            &mut hashes[..wave.len() * HASH],
        );
        out.extend(hashes.chunks_exact(HASH).take(wave.len()).map(first_half));
    }
}

fn one_by_one(key: &[u8; 32], blocks: &[[u8; BLOCK]], out: &mut Vec<Fingerprint>) {
    out.extend(blocks.iter().map(|block| first_half(blake3::keyed_hash(key, block).as_bytes())));
}

/// The first 16 bytes of a hash.
pub(super) fn first_half(hash: &[u8]) -> Fingerprint {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_quick_way_is_sound_here() {
        assert!(*IS_SOUND);
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same(key in any::<[u8; 32]>(), blocks in prop::collection::vec(any::<[u8; 32]>(), 0..200)) {
            let blocks: Vec<[u8; BLOCK]> = blocks.iter().map(|half| std::array::from_fn(|place| half[place % 32])).collect();
            let (mut quick, mut plain) = (Vec::new(), Vec::new());
            hash(&key, &blocks, &mut quick);
            one_by_one(&key, &blocks, &mut plain);
            prop_assert_eq!(quick, plain);
        }
    }
}
