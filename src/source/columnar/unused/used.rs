//! Which values of a dictionary are used.

/// A mark for each value of a dictionary.
#[derive(Clone)]
pub(in super::super) struct Used {
    marks: Vec<u64>,
    values: u64,
    /// Values without a mark.
    left: u64,
}

impl Used {
    pub(super) fn none_of(values: u64) -> Self {
        Self { marks: Vec::new(), values, left: values }
    }

    /// Makes room for more values, which stand behind the others.
    pub(super) fn extend(&mut self, values: u64) {
        self.values = self.values.saturating_add(values);
        self.left = self.left.saturating_add(values);
    }

    /// Marks a value, if there is one of this number.
    #[inline]
    pub(super) fn mark(&mut self, value: usize) {
        if value as u64 >= self.values {
            return;
        }
        let (word, bit) = (value / 64, 1 << (value % 64));
        if word >= self.marks.len() {
            self.marks.resize(word + 1, 0);
        }
        self.left -= u64::from(self.marks[word] & bit == 0);
        self.marks[word] |= bit;
    }

    pub(in super::super) fn is_used(&self, value: usize) -> bool {
        self.marks.get(value / 64).is_some_and(|word| word & (1 << (value % 64)) != 0)
    }

    /// The number of all values.
    pub(super) fn values(&self) -> u64 {
        self.values
    }

    /// The number of values that are not used.
    pub(in super::super) fn left(&self) -> u64 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_marked_once() {
        let mut used = Used::none_of(3);
        for value in [1, 1, 3, usize::MAX] {
            used.mark(value);
        }
        assert_eq!((used.left(), used.is_used(0), used.is_used(1)), (2, false, true));
        used.extend(98);
        used.mark(100);
        assert_eq!((used.values(), used.left(), used.is_used(100), used.is_used(1_000)), (101, 99, true, false));
    }
}
