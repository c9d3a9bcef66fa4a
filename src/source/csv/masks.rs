//! Which of 64 bytes are delimiters, line breaks and quotes, a bit each.
//!
//! Integers of 64 bits do for it on any machine. Where the processor has AVX2 it compares 32 bytes at once, which takes a fifth of the time; the
//! tests hold the two against each other.

use super::tokenizer::QUOTE;

/// Bytes that are looked at at once.
pub(super) const BLOCK: usize = 64;

/// The bytes of a block by what they are; the first byte is the lowest bit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Masks {
    /// Delimiters, LF and CR.
    pub(super) ends: u64,
    /// LF and CR.
    pub(super) breaks: u64,
    pub(super) quotes: u64,
}

/// Who is shown the blocks of a text.
pub(super) trait Visitor {
    /// Looks at one block, of which the bytes at `text` are of the text; false where the rest need not be shown.
    fn visit(&mut self, masks: Masks, text: u64) -> bool;
}

/// Shows the blocks of a text in their order. The last one is filled up.
pub(super) fn show(text: &[u8], delimiter: u8, visitor: &mut impl Visitor) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt") {
        #[allow(unsafe_code, reason = "the processor has what the function asks for, and nothing else about it is unsafe")]
        unsafe {
            wide::show(text, delimiter, visitor);
        }
        return;
    }
    show_by(text, visitor, |block| plain(block, delimiter));
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "the processor's wider half is used by what is inlined where it is allowed")]
fn show_by(text: &[u8], visitor: &mut impl Visitor, masks: impl Fn(&[u8; BLOCK]) -> Masks) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    for block in blocks {
        if !visitor.visit(masks(block), u64::MAX) {
            return;
        }
    }
    if !rest.is_empty() {
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let Masks { ends, breaks, quotes } = masks(&last);
        let is_text = (1 << rest.len()) - 1;
        // The delimiter may be zero too.
        visitor.visit(Masks { ends: ends & is_text, breaks, quotes }, is_text);
    }
}

/// With AVX2, and with instructions that count bits.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::BLOCK;
    use super::Masks;
    use super::QUOTE;
    use super::Visitor;
    use std::arch::x86_64::_mm256_cmpeq_epi8;
    use std::arch::x86_64::_mm256_movemask_epi8;
    use std::arch::x86_64::_mm256_or_si256;
    use std::arch::x86_64::_mm256_set_epi64x;
    use std::arch::x86_64::_mm256_set1_epi8;

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) fn show(text: &[u8], delimiter: u8, visitor: &mut impl Visitor) {
        super::show_by(text, visitor, |block| masks(block, delimiter));
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn masks(block: &[u8; BLOCK], delimiter: u8) -> Masks {
        let all = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
        let (delimiter, line_feed, carriage_return, quote) = (all(delimiter), all(b'\n'), all(b'\r'), all(QUOTE));
        let mut masks = Masks { ends: 0, breaks: 0, quotes: 0 };
        let (halves, _) = block.as_chunks::<32>();
        for (half, place) in halves.iter().zip([0, 32]) {
            let (words, _) = half.as_chunks::<8>();
            let word = |index: usize| words.get(index).map_or(0, |word| i64::from_le_bytes(*word));
            // The compiler makes one load of it.
            let bytes = _mm256_set_epi64x(word(3), word(2), word(1), word(0));
            let breaks = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, line_feed), _mm256_cmpeq_epi8(bytes, carriage_return));
            let ends = _mm256_or_si256(breaks, _mm256_cmpeq_epi8(bytes, delimiter));
            let bits = |mask| u64::from(_mm256_movemask_epi8(mask).cast_unsigned()) << place;
            masks.ends |= bits(ends);
            masks.breaks |= bits(breaks);
            masks.quotes |= bits(_mm256_cmpeq_epi8(bytes, quote));
        }
        masks
    }
}

/// In integers.
fn plain(block: &[u8; BLOCK], delimiter: u8) -> Masks {
    let mut masks = Masks { ends: 0, breaks: 0, quotes: 0 };
    let (pieces, _) = block.as_chunks::<8>();
    for (number, piece) in pieces.iter().enumerate() {
        let bytes = u64::from_le_bytes(*piece);
        let place = number * 8;
        let breaks = equal(bytes, b'\n') | equal(bytes, b'\r');
        masks.ends |= gathered(breaks | equal(bytes, delimiter)) << place;
        masks.breaks |= gathered(breaks) << place;
        masks.quotes |= gathered(equal(bytes, QUOTE)) << place;
    }
    masks
}

/// The highest bit of each of eight bytes that equals another.
fn equal(bytes: u64, wanted: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differing = bytes ^ (u64::from(wanted) * 0x0101_0101_0101_0101);
    !(((differing & LOW) + LOW) | differing) & !LOW
}

/// The highest bits of eight bytes, side by side.
fn gathered(bits: u64) -> u64 {
    (bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Keep(Vec<Masks>);

    impl Visitor for Keep {
        fn visit(&mut self, masks: Masks, _text: u64) -> bool {
            self.0.push(masks);
            true
        }
    }

    /// As the processor does it at its best, in integers, and byte by byte.
    fn in_all_ways(text: &[u8], delimiter: u8) -> [Vec<Masks>; 3] {
        let (mut best, mut plainly) = (Keep::default(), Keep::default());
        show(text, delimiter, &mut best);
        show_by(text, &mut plainly, |block| plain(block, delimiter));
        let is_break = |byte: u8| byte == b'\n' || byte == b'\r';
        let bits = |block: &[u8], is: &dyn Fn(u8) -> bool| {
            block.iter().enumerate().map(|(place, byte)| u64::from(is(*byte)) << place).sum()
        };
        let oracle = text.chunks(BLOCK).map(|block| Masks {
            ends: bits(block, &|byte| byte == delimiter || is_break(byte)),
            breaks: bits(block, &is_break),
            quotes: bits(block, &|byte| byte == QUOTE),
        });
        [best.0, plainly.0, oracle.collect()]
    }

    #[test]
    fn every_byte_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            let text: Vec<u8> =
                (0..BLOCK).flat_map(|place| [vec![b'x'; place], vec![byte], vec![b'y'; BLOCK - place - 1]].concat()).collect();
            let [best, plainly, oracle] = in_all_ways(&text, b'\t');
            assert_eq!(best, oracle);
            assert_eq!(plainly, oracle);
        }
    }

    proptest! {
        #[test]
        fn all_ways_agree(bytes: Vec<u8>, few in prop::collection::vec(0..7_usize, 0..300), delimiter: u8) {
            let few: Vec<u8> = few.iter().map(|index| [b',', b'\n', b'\r', QUOTE, 0, 0x80, 1][*index]).collect();
            for text in [bytes, few] {
                for delimiter in [delimiter, b',', 0] {
                    let [best, plainly, oracle] = in_all_ways(&text, delimiter);
                    prop_assert_eq!(&best, &oracle);
                    prop_assert_eq!(&plainly, &oracle);
                }
            }
        }
    }
}
