//! Lines that are divided by place rather than by a delimiter.

/// Finds the cells of a line by the columns' widths in characters, as start and end in bytes, without the blanks around them. A line that
/// ends early has fewer cells; what stands behind the last column is one cell more.
pub(super) fn cells(line: &str, widths: &[usize], spans: &mut Vec<(usize, usize)>) {
    spans.clear();
    let mut start = 0;
    for width in widths {
        if start == line.len() && !spans.is_empty() {
            return;
        }
        let end = line[start..].char_indices().nth(*width).map_or(line.len(), |(offset, _)| start + offset);
        spans.push(trimmed(line, start, end));
        start = end;
    }
    let rest = trimmed(line, start, line.len());
    if rest.0 < rest.1 {
        spans.push(rest);
    }
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
        cells(line, widths, &mut spans);
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
}
