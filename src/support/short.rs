//! Copies of a few bytes. A call of the system's own takes longer than most cells take.

/// Copies `from` to `to`, which has its length; of two lengths nothing is copied.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    if to.len() != from.len() {
        return;
    }
    match from.len() {
        0..4 => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        4..8 => ends::<4>(to, from),
        8..=16 => ends::<8>(to, from),
        17..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Whether two runs of bytes are the same.
#[inline]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    // Most that differ do so in their length or at their ends.
    one.len() == other.len() && one.last() == other.last() && one.first() == other.first() && one == other
}

/// Copies the first and the last bytes, which overlap or touch.
#[inline]
fn ends<const SIZE: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<SIZE>(), from.first_chunk::<SIZE>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<SIZE>(), from.last_chunk::<SIZE>()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        let from: Vec<u8> = (1..=100).collect();
        for length in 0..=from.len() {
            let mut to = vec![0; length];
            copy(&mut to, &from[..length]);
            assert_eq!(to, from[..length]);
        }
        let mut other = [7; 3];
        copy(&mut other, &[1; 4]);
        assert_eq!(other, [7; 3]);
    }
}
