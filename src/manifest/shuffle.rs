//! The shuffle that turns a row's place in the supplied file into its ordinal in a manifest, and back.
//!
//! A permutation of 0..n that is a function of a secret key needs no table of n entries, neither while a manifest is written nor in the
//! ledger, and is destroyed by destroying 32 bytes. It is a Feistel network over the smallest even number of bits that holds n, walked until
//! the result lies below n (Black & Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, methods 2 and 3), with keyed BLAKE3 as the round
//! function.

use crate::support::secret::Secret;

/// Rounds of the network. Four make a strong pseudorandom permutation (Luby & Rackoff, 1988); the rest is margin for small domains.
const ROUNDS: u8 = 8;

/// A permutation of the numbers below `count`.
#[derive(Debug)]
pub(crate) struct Shuffle {
    key: Secret,
    count: u32,
    half_bits: u32,
}

impl Shuffle {
    /// The permutation of the numbers below `count` that belongs to a key.
    pub(crate) fn new(key: Secret, count: u32) -> Shuffle {
        let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
        Shuffle { key, count, half_bits: bits.div_ceil(2).max(1) }
    }

    /// The ordinal of a row; both are below the count.
    pub(crate) fn ordinal(&self, row: u32) -> u32 {
        self.walk(row, |value| self.network(value, 0..ROUNDS))
    }

    /// The row of an ordinal.
    pub(crate) fn row(&self, ordinal: u32) -> u32 {
        self.walk(ordinal, |value| {
            // The inverse of a Feistel network is itself with the halves exchanged and the rounds reversed.
            let exchanged = self.exchange(value);
            self.exchange(self.network(exchanged, (0..ROUNDS).rev()))
        })
    }

    fn walk(&self, start: u32, step: impl Fn(u64) -> u64) -> u32 {
        debug_assert!(start < self.count);
        let mut value = u64::from(start);
        loop {
            value = step(value);
            match u32::try_from(value) {
                Ok(below) if below < self.count => return below,
                _ => {}
            }
        }
    }

    fn network(&self, value: u64, rounds: impl Iterator<Item = u8>) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for round in rounds {
            let mut message = [0; 9];
            message[0] = round;
            message[1..].copy_from_slice(&right.to_le_bytes());
            let hash = blake3::keyed_hash(self.key.expose(), &message);
            let mut word = [0; 8];
            word.copy_from_slice(&hash.as_bytes()[..8]);
            (left, right) = (right, left ^ (u64::from_le_bytes(word) & mask));
        }
        left << self.half_bits | right
    }

    fn exchange(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        (value & mask) << self.half_bits | value >> self.half_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_ordinal_is_given_once() {
        for count in [1_u32, 2, 3, 10, 1_000, 4_097] {
            let shuffle = Shuffle::new(Secret::new([3; 32]), count);
            let mut ordinals: Vec<u32> = (0..count).map(|row| shuffle.ordinal(row)).collect();
            ordinals.sort_unstable();
            assert!(ordinals.into_iter().eq(0..count), "{count}");
        }
    }

    proptest! {
        #[test]
        fn the_inverse_leads_back(count in 1_u32.., position in any::<prop::sample::Index>(), key in any::<[u8; 32]>()) {
            let row = u32::try_from(position.index(count as usize)).unwrap();
            let shuffle = Shuffle::new(Secret::new(key), count);
            prop_assert_eq!(shuffle.row(shuffle.ordinal(row)), row);
        }
    }
}
