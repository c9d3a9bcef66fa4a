//! Repeatable randomness: `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014) for draws, and a permutation for numbers that must stay
//! distinct.

/// The increment of `SplitMix64`: 2^64 divided by the golden ratio, made odd.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finishing function of `SplitMix64`: a bijection of 64-bit words in which every input bit stirs every output bit.
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A stream of random words.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of one thing: of `index` among the things of one `domain`, under a seed.
    pub(crate) fn of(seed: u64, domain: u64, index: u64) -> Random {
        Random(mix(seed ^ mix(domain.wrapping_mul(GAMMA) ^ mix(index.wrapping_add(GAMMA)))))
    }

    /// The next 64 random bits.
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below `bound`, by multiplication (Lemire); the bias is below 2^-32 for the small bounds used here. Zero where
    /// `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        #[allow(clippy::cast_possible_truncation)] // The product of two 32-bit numbers, shifted by 32, has 32 bits.
        let number = (((self.word() >> 32) * u64::from(bound)) >> 32) as u32;
        number
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&mut self, share: u32) -> bool {
        self.below(1000) < share
    }

    /// One of `choices`, each as likely as the next. The slice must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(u32::try_from(choices.len()).unwrap_or(u32::MAX)) as usize]
    }
}

/// Choices with weights, kept as running sums.
#[derive(Clone, Debug)]
pub(crate) struct Weighted(Vec<u32>);

impl Weighted {
    /// Takes the weights, of which at least one must be positive and whose sum must stay below 2^32.
    pub(crate) fn new(weights: impl IntoIterator<Item = u32>) -> Weighted {
        let mut total = 0;
        Weighted(
            weights
                .into_iter()
                .map(|weight| {
                    total += weight;
                    total
                })
                .collect(),
        )
    }

    /// Weights that fall with rank as Zipf's law has it, shifted: 1 / (rank + `shift`). Integers, so that no machine rounds
    /// otherwise.
    pub(crate) fn zipf(count: usize, shift: u32) -> Weighted {
        Weighted::new((1..).take(count).map(|rank: u32| 10_000_000 / (rank + shift)))
    }

    /// Draws the place of one choice.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let number = random.below(self.0.last().copied().unwrap_or(0));
        self.0.partition_point(|&sum| sum <= number)
    }
}

/// A one-to-one shuffle of the numbers below `size`: a Feistel network of four rounds over the next even power of two, walked
/// until the result falls below `size` again (Black & Rogaway, CT-RSA 2002).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    key: u64,
    size: u64,
    half: u32,
}

impl Permutation {
    /// The shuffle of the numbers below `size` under a key.
    pub(crate) fn new(key: u64, size: u64) -> Permutation {
        let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
        Permutation { key, size, half: bits.div_ceil(2).max(1) }
    }

    /// The number that `number` becomes. It must be below `size`.
    pub(crate) fn apply(&self, number: u64) -> u64 {
        debug_assert!(number < self.size, "outside the permutation");
        let mask = (1 << self.half) - 1;
        let mut number = number;
        loop {
            let (mut left, mut right) = (number >> self.half, number & mask);
            for round in 0..4 {
                (left, right) = (right, left ^ (mix(self.key ^ mix((right << 3) | round)) & mask));
            }
            number = (left << self.half) | right;
            if number < self.size {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_words() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut random = Random(1_234_567);
        assert_eq!([random.word(), random.word()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn a_permutation_is_one_to_one() {
        for size in [1, 2, 3, 1000, 4096] {
            let permutation = Permutation::new(7, size);
            let mut seen: Vec<u64> = (0..size).map(|number| permutation.apply(number)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn weights_are_kept() {
        let weighted = Weighted::new([1, 0, 3]);
        let mut random = Random::of(1, 2, 3);
        let mut drawn = [0; 3];
        for _ in 0..4000 {
            drawn[weighted.draw(&mut random)] += 1;
        }
        assert!((900..1100).contains(&drawn[0]) && drawn[1] == 0, "{drawn:?}");
    }
}
