//! The texts that the cells of all sheets share, in one piece of memory.

use super::table::Halt;
use crate::source::ProblemCode;

/// Bytes of texts that are kept.
const MOST_BYTES: usize = 128 << 20;

/// Texts that are kept.
const MOST_TEXTS: usize = 8 << 20;

/// Bytes of one piece of memory.
const BLOCK: usize = 1 << 20;

/// Shared texts by their numbers. They lie in blocks, so that none is copied when more come.
#[derive(Default)]
pub(super) struct Strings {
    blocks: Vec<String>,
    /// For each text its block and its end there; it begins where the one before it ends, or with its block.
    ends: Vec<(u16, u32)>,
    bytes: usize,
    /// Why texts of the file are not here.
    pub(super) fault: Option<(ProblemCode, String)>,
}

impl Strings {
    pub(super) fn push(&mut self, text: &str) -> Result<(), Halt> {
        if self.bytes + text.len() > MOST_BYTES || self.ends.len() >= MOST_TEXTS {
            return Err(Halt::unsupported(format!(
                "the cells share texts of more than {} MiB; save the sheets as CSV files",
                MOST_BYTES >> 20
            )));
        }
        let has_room = self.blocks.last().is_some_and(|block| block.len() + text.len() <= block.capacity());
        if !has_room {
            self.blocks.push(String::with_capacity(BLOCK.max(text.len())));
        }
        let number =
            u16::try_from(self.blocks.len() - 1).map_err(|_| Halt::unsupported("the cells share too many long texts"))?;
        if let Some(block) = self.blocks.last_mut() {
            block.push_str(text);
            self.bytes += text.len();
            self.ends.push((number, u32::try_from(block.len()).unwrap_or(u32::MAX)));
        }
        Ok(())
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let (block, end) = *self.ends.get(index)?;
        let start = match index.checked_sub(1).map(|before| self.ends[before]) {
            Some((before, start)) if before == block => start,
            _ => 0,
        };
        self.blocks.get(usize::from(block))?.get(start as usize..end as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_by_their_numbers() {
        let mut strings = Strings::default();
        let long = "x".repeat(BLOCK + 1);
        for text in ["a", "", &long, "é", ""] {
            strings.push(text).unwrap();
        }
        let texts: Vec<_> = (0..6).map(|index| strings.get(index)).collect();
        assert_eq!(texts, [Some("a"), Some(""), Some(long.as_str()), Some("é"), Some(""), None]);
        assert_eq!(strings.len(), 5);
    }
}
