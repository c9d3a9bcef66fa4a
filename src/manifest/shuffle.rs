//! The shuffle that turns a row's place in the supplied file into its ordinal in a manifest, and back.
//!
//! A permutation of 0..n that is a function of a secret key needs no table of n entries, neither while a manifest is written nor in the
//! ledger, and is destroyed by destroying 32 bytes. It is a Feistel network over the smallest even number of bits that holds n, walked until
//! the result lies below n (Black & Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, methods 2 and 3), with keyed BLAKE3 as the round
//! function. Of half a number there are so few that what the round function gives for each is looked up: 1 MiB at most.

use crate::support::secret::Secret;
use std::fmt;
use zeroize::Zeroizing;

/// Rounds of the network. Four make a strong pseudorandom permutation (Luby & Rackoff, 1988); the rest is margin for small domains.
const ROUNDS: u8 = 8;

/// A permutation of the numbers below `count`.
pub(crate) struct Shuffle {
    /// What the round function gives for each half, round by round: as secret as the key.
    rounds: Zeroizing<Vec<u16>>,
    count: u32,
    half_bits: u32,
}

/// Says how many numbers there are and nothing of their order.
impl fmt::Debug for Shuffle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shuffle").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Shuffle {
    /// The permutation of the numbers below `count` that belongs to a key.
    pub(crate) fn new(key: &Secret, count: u32) -> Shuffle {
        let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
        let half_bits = bits.div_ceil(2).max(1);
        let halves = 0..1_u64 << half_bits;
        let rounds = (0..ROUNDS).flat_map(|round| halves.clone().map(move |half| (round, half)));
        // Of its full size from the start: what grows leaves a copy behind.
        let mut table = Zeroizing::new(Vec::with_capacity(usize::from(ROUNDS) << half_bits));
        table.extend(rounds.map(|(round, half)| round_function(key, round, half)));
        Shuffle { rounds: table, count, half_bits }
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
            let place = u64::from(round) << self.half_bits | right;
            let word = usize::try_from(place).ok().and_then(|place| self.rounds.get(place)).copied().unwrap_or(0);
            (left, right) = (right, left ^ (u64::from(word) & mask));
        }
        left << self.half_bits | right
    }

    fn exchange(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        (value & mask) << self.half_bits | value >> self.half_bits
    }
}

/// The round function, for one half of a number. A half has no more than 16 bits.
fn round_function(key: &Secret, round: u8, half: u64) -> u16 {
    let mut message = [0; 9];
    message[0] = round;
    message[1..].copy_from_slice(&half.to_le_bytes());
    let hash = blake3::keyed_hash(key.expose(), &message);
    u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ledgers hold keys, so that an ordinal has to stay what it was. The numbers are from another implementation, with BLAKE3 in Python.
    #[test]
    fn a_key_gives_the_same_ordinals_for_ever() {
        let of = |count: u32, rows: &[u32]| {
            let shuffle = Shuffle::new(&Secret::new([7; 32]), count);
            rows.iter().map(|row| shuffle.ordinal(*row)).collect::<Vec<u32>>()
        };
        assert_eq!(of(10, &[0, 1, 2, 9]), [9, 5, 4, 6]);
        assert_eq!(of(1_065_220, &[0, 1, 1_065_219]), [146_331, 570_782, 699_755]);
        assert_eq!(of(u32::MAX, &[0, 1, u32::MAX - 1]), [437_841_601, 3_476_843_227, 3_834_509_359]);
    }

    #[test]
    fn every_ordinal_is_given_once() {
        for count in [1_u32, 2, 3, 10, 1_000, 4_097] {
            let shuffle = Shuffle::new(&Secret::new([3; 32]), count);
            let mut ordinals: Vec<u32> = (0..count).map(|row| shuffle.ordinal(row)).collect();
            ordinals.sort_unstable();
            assert!(ordinals.into_iter().eq(0..count), "{count}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_inverse_leads_back(count in 1_u32.., position in any::<prop::sample::Index>(), key in any::<[u8; 32]>()) {
            let row = u32::try_from(position.index(count as usize)).unwrap();
            let shuffle = Shuffle::new(&Secret::new(key), count);
            prop_assert_eq!(shuffle.row(shuffle.ordinal(row)), row);
        }
    }
}
