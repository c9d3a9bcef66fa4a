//! Idle cells: words that say nothing of anybody, whatever other such cells stand beside them. Categories, remarks of few words and the like are most
//! of the text in tables, and nothing of it need be looked at more closely.

use crate::record::normalize::within;

/// Letters of a word that is looked at; a longer one may be in armour.
const LONGEST_WORD: usize = 11;

/// Cells that are remembered, and how long they are at most: what stands in a column of categories comes again and again.
const REMEMBERED: usize = 256;
const LONGEST: usize = 48;

/// Tells idle cells, and remembers some of those it told.
#[derive(Clone, Default)]
pub(super) struct Idle {
    /// A cell and its length each, where [`place`] says; none before the first.
    known: Vec<(usize, [u8; LONGEST])>,
}

impl Idle {
    /// Whether a cell is one.
    pub(super) fn is_one(&mut self, cell: &str) -> bool {
        let bytes = cell.as_bytes();
        if bytes.is_empty() || bytes.len() > LONGEST {
            return is_idle(bytes);
        }
        if self.known.is_empty() {
            self.known.resize(REMEMBERED, (0, [0; LONGEST]));
        }
        let Some((length, known)) = self.known.get_mut(place(bytes)) else { return is_idle(bytes) };
        if known.get(..*length) == Some(bytes) {
            return true;
        }
        let is_one = is_idle(bytes);
        if is_one {
            *length = bytes.len();
            known[..bytes.len()].copy_from_slice(bytes);
        }
        is_one
    }
}

/// Where a cell is remembered, by its length, its first bytes and its last.
fn place(cell: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let ends = match (cell.first_chunk::<8>(), cell.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(21),
        _ => word(cell),
    };
    let mixed = (ends ^ cell.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    mixed as usize % REMEMBERED
}

/// Whether a cell is words in which there is neither a value nor a label nor a street, nothing escaped and nothing in armour.
fn is_idle(cell: &[u8]) -> bool {
    let mut start = 0;
    for at in 0..=cell.len() {
        let byte = cell.get(at).copied().unwrap_or(b' ');
        if byte.is_ascii_alphabetic() {
            continue;
        }
        // `lee.example` in `ann at lee.example` is a domain.
        let is_joined = byte == b'.' && cell.get(at + 1).is_some_and(|next| *next != b' ');
        if !matches!(byte, b' ' | b',' | b'.' | b';' | b'!' | b'?') || is_joined || !is_idle_word(&cell[start..at]) {
            return false;
        }
        start = at + 1;
    }
    cell.first().is_some_and(u8::is_ascii_alphabetic)
}

fn is_idle_word(word: &[u8]) -> bool {
    let is_odd = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    word.len() <= LONGEST_WORD && !word.windows(2).any(is_odd) && !word.eq_ignore_ascii_case(b"dot") && !within::is_street(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_value_are_idle() {
        let mut idle = Idle::default();
        for _ in 0..2 {
            for cell in ["active", "signed up at the school fair", "Left. Came back, twice!", "A"] {
                assert!(idle.is_one(cell), "{cell}");
            }
            for cell in [
                "",
                " active",
                "paid 12",
                "a@b",
                "high street",
                "ann at lee dot example",
                "lee.example",
                "name: ann",
                "AnnLee",
                "Bartholomewson",
                "{a}",
                "é",
            ] {
                assert!(!idle.is_one(cell), "{cell}");
            }
        }
    }
}
