//! Lines that are divided by place rather than by a delimiter.

/// Finds the cells of a line by the columns' widths in characters, as start and end in bytes, without the blanks around them. A line that
/// ends early has fewer cells; what stands behind the last column is one cell more. `cuts` counts by column how often its end stands within
/// a word.
pub(super) fn cells(line: &str, widths: &[usize], spans: &mut Vec<(usize, usize)>, cuts: &mut [u64]) {
    spans.clear();
    let mut start = 0;
    for (column, width) in widths.iter().enumerate() {
        if start == line.len() && !spans.is_empty() {
            return;
        }
        let end = line[start..].char_indices().nth(*width).map_or(line.len(), |(offset, _)| start + offset);
        let is_within_word = |text: Option<char>| text.is_some_and(char::is_alphanumeric);
        if is_within_word(line[start..end].chars().next_back())
            && is_within_word(line[end..].chars().next())
            && let Some(count) = cuts.get_mut(column)
        {
            *count += 1;
        }
        spans.push(trimmed(line, start, end));
        start = end;
    }
    let rest = trimmed(line, start, line.len());
    if rest.0 < rest.1 {
        spans.push(rest);
    }
}

/// Whether a column ends within words in more rows than values that fill it to the brim explain.
pub(super) fn is_doubtful(cuts: u64, rows: u64) -> bool {
    cuts * 100 > rows
}

fn trimmed(line: &str, start: usize, end: usize) -> (usize, usize) {
    let cell = &line[start..end];
    let from = start + (cell.len() - cell.trim_start().len());
    (from, from + cell.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divide<'a>(line: &'a str, widths: &[usize]) -> Vec<&'a str> {
        let mut spans = Vec::new();
        cells(line, widths, &mut spans, &mut []);
        spans.into_iter().map(|(start, end)| &line[start..end]).collect()
    }

    #[test]
    fn divides_by_characters_and_not_by_bytes() {
        assert_eq!(divide("Zoë   Leeds 1980", &[6, 6, 4]), ["Zoë", "Leeds", "1980"]);
        assert_eq!(divide("      Leeds", &[6, 6, 4]), ["", "Leeds"]);
        assert_eq!(divide("Zoë   Leeds 1980 x ", &[6, 6, 4]), ["Zoë", "Leeds", "1980", "x"]);
        assert_eq!(divide("Zoë   Leeds 1980  ", &[6, 6, 4]), ["Zoë", "Leeds", "1980"]);
        assert_eq!(divide("   ", &[2, 6]), ["", ""]);
    }

    #[test]
    fn counts_words_that_are_cut() {
        let mut cuts = [0; 3];
        for line in ["Zoë   Leeds 1980", "AndréaLeeds 1981"] {
            cells(line, &[6, 4, 6], &mut Vec::new(), &mut cuts);
        }
        assert_eq!(cuts, [1, 2, 0]);
        assert!(is_doubtful(2, 100) && !is_doubtful(1, 100) && !is_doubtful(0, 0));
    }
}
