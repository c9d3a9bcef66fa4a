//! The randomness that seeds are drawn by: a stream from 32 bytes that the caller drew.

use crate::support::secret::Secret;

/// Separates this stream from every other use of BLAKE3's key derivation.
const CONTEXT: &str = "residua v1 seeds";

/// A stream of random numbers.
pub(super) struct Random(blake3::OutputReader);

impl Random {
    /// The stream that belongs to a secret.
    pub(super) fn new(secret: &Secret) -> Random {
        Random(blake3::Hasher::new_derive_key(CONTEXT).update(secret.expose()).finalize_xof())
    }

    /// A number below `count`; 0 where there is none. Uneven by less than one part in 2^32 for what is counted here.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        u64::try_from((u128::from(u64::from_le_bytes(word)) * u128::from(count)) >> 64).unwrap_or(0)
    }

    /// A place in a list of so many.
    pub(super) fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    /// One of a list; the list is not empty.
    pub(super) fn of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        list.get(self.place(list.len())).copied()
    }

    /// A digit, as a character; `is_first` leaves zero out.
    pub(super) fn digit(&mut self, is_first: bool) -> char {
        let digit = if is_first { 1 + self.below(9) } else { self.below(10) };
        char::from(b'0' + u8::try_from(digit).unwrap_or(0))
    }
}
