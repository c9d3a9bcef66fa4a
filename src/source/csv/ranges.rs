//! Record boundaries of a large text, found in one pass that counts quotes, so that its parts can be read side by side.
//!
//! A line break after an even number of quotes ends a record wherever quotes are balanced. Where they are not, some part does not end
//! at the end of a record, and its reader notices: if every part ends as it should, each has begun as it should, by induction.

use super::tokenizer::QUOTE;
use memchr::memchr_iter;
use memchr::memchr2_iter;

/// Collects boundaries from chunks of a file that are shown in order.
#[derive(Debug)]
pub(super) struct Boundaries {
    /// Bytes from one boundary to where the next is looked for.
    step: u64,
    /// Nothing before this offset counts.
    start: u64,
    /// Where the next boundary is looked for.
    target: u64,
    /// Whether a quote opens or closes anything.
    has_quotes: bool,
    is_quoted: bool,
    found: Vec<u64>,
}

impl Boundaries {
    pub(super) fn new(start: u64, step: u64, has_quotes: bool) -> Self {
        let step = step.max(1);
        Self { step, start, target: start.saturating_add(step), has_quotes, is_quoted: false, found: Vec::new() }
    }

    /// Whether what comes next lies within quotes.
    pub(super) fn is_quoted(&self) -> bool {
        self.is_quoted
    }

    /// Says whether what comes next lies within quotes, after what lies before was left out.
    pub(super) fn set_quoted(&mut self, is_quoted: bool) {
        self.is_quoted = is_quoted;
    }

    /// Whether the next boundary is looked for before a place.
    pub(super) fn is_wanted_before(&self, place: u64) -> bool {
        self.target < place
    }

    /// Looks at the chunk that begins at `offset`.
    pub(super) fn visit(&mut self, offset: u64, chunk: &[u8]) {
        let within = |position: u64| usize::try_from(position.saturating_sub(offset)).map_or(chunk.len(), |p| p.min(chunk.len()));
        let mut position = within(self.start);
        loop {
            let target = within(self.target).max(position);
            self.is_quoted ^= self.has_quotes && memchr_iter(QUOTE, &chunk[position..target]).count() % 2 == 1;
            position = target;
            let mut is_quoted = self.is_quoted;
            let break_at = memchr2_iter(QUOTE, b'\n', &chunk[position..]).find(|index| {
                let is_quote = chunk[position + index] == QUOTE;
                is_quoted ^= is_quote && self.has_quotes;
                !is_quote && !is_quoted
            });
            self.is_quoted = is_quoted;
            let Some(index) = break_at else { return };
            position += index + 1;
            let boundary = offset + position as u64;
            self.found.push(boundary);
            self.target = boundary.saturating_add(self.step);
        }
    }

    /// The ranges between the boundaries, up to the end of the file. An empty text has one empty range.
    pub(super) fn ranges(self, end: u64) -> Vec<(u64, u64)> {
        let mut starts = vec![self.start.min(end)];
        starts.extend(self.found.into_iter().filter(|boundary| *boundary < end));
        let ends = starts.iter().skip(1).copied().chain([end]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_within_quotes_are_no_boundaries_whatever_the_chunks() {
        let text = b"h\na,\"1\n2\"\nb,3\nc,4";
        for chunk_size in 1..=text.len() {
            let mut boundaries = Boundaries::new(2, 1, true);
            for (index, chunk) in text.chunks(chunk_size).enumerate() {
                boundaries.visit((index * chunk_size) as u64, chunk);
            }
            assert_eq!(boundaries.ranges(text.len() as u64), [(2, 10), (10, 14), (14, 17)], "chunks of {chunk_size}");
        }
    }
}
