//! Lines that fit a terminal: broken between words, with what follows indented; commands stay in one piece, so that they can be copied.

/// The longest name in front of what it stands for.
const LONGEST_NAME: usize = 20;

/// Breaks each line that is longer than `width`. Lines that hold a command alone stay as they are: the terminal breaks them itself, and a copy of
/// them still works.
pub(crate) fn text(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for whole in text.split_inclusive('\n') {
        match whole.strip_suffix('\n') {
            Some(content) => line(content, width).iter().for_each(|part| {
                wrapped.push_str(part);
                wrapped.push('\n');
            }),
            None => wrapped.push_str(&line(whole, width).join("\n")),
        }
    }
    wrapped
}

/// One line as one or more.
pub(crate) fn line(line: &str, width: usize) -> Vec<String> {
    let content = line.trim_start_matches(' ');
    let is_command = content.starts_with("residua ") || content.starts_with("$ ");
    if is_command || shown_width(line) <= width {
        return vec![line.to_owned()];
    }
    let most = width * 2 / 3;
    let indent = line.len() - content.len();
    let (hang, indent) = (hang(indent, content).min(most), indent.min(most));
    let mut parts = Vec::new();
    let mut current = " ".repeat(indent);
    let mut is_empty = true;
    for piece in pieces(content, width.saturating_sub(hang.max(indent)).max(1)) {
        let needed = shown_width(&piece) + usize::from(!is_empty);
        if !is_empty && shown_width(&current) + needed > width {
            parts.push(current.trim_end().to_owned());
            current = " ".repeat(hang);
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
        }
        current.push_str(&piece);
        is_empty = false;
    }
    parts.push(current.trim_end().to_owned());
    parts
}

/// How far the continuation of a line is indented: below the text after a label, else a little further than the line.
fn hang(indent: usize, content: &str) -> usize {
    const LONGEST_LABEL: usize = 12;
    // A name and what it stands for, some spaces apart.
    if let Some((name, rest)) = content.split_once("  ").filter(|(name, _)| indent > 0 && name.chars().count() <= LONGEST_NAME) {
        return indent + name.chars().count() + 2 + (rest.len() - rest.trim_start_matches(' ').len());
    }
    let label = content.split_once(": ").map(|(label, _)| label.chars().count());
    match label.filter(|length| *length <= LONGEST_LABEL && (indent > 0 || content.starts_with("error"))) {
        Some(length) => indent + length + 2,
        _ if indent == 0 => 0,
        _ => indent + 2,
    }
}

/// What is not broken: words, and what stands in backticks. What is longer than a line is broken anywhere.
fn pieces(content: &str, longest: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut open = String::new();
    for word in content.split(' ') {
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(word);
        if open.matches('`').count().is_multiple_of(2) {
            pieces.push(std::mem::take(&mut open));
        } else if shown_width(&open) > longest {
            pieces.extend(std::mem::take(&mut open).split(' ').map(str::to_owned));
        }
    }
    if !open.is_empty() {
        pieces.extend(open.split(' ').map(str::to_owned));
    }
    pieces.into_iter().flat_map(|piece| cut(&piece, longest)).collect()
}

/// A piece in parts of at most `longest` characters; one with escape sequences stays whole.
fn cut(piece: &str, longest: usize) -> Vec<String> {
    if shown_width(piece) <= longest || piece.contains('\u{1b}') {
        return vec![piece.to_owned()];
    }
    if piece.contains(' ') {
        return piece.split(' ').flat_map(|word| cut(word, longest)).collect();
    }
    let characters: Vec<char> = piece.chars().collect();
    characters.chunks(longest).map(|part| part.iter().collect()).collect()
}

/// The characters that a terminal shows, without those of colours.
fn shown_width(text: &str) -> usize {
    let mut width = 0;
    let mut is_escaped = false;
    for character in text.chars() {
        match character {
            '\u{1b}' => is_escaped = true,
            'm' if is_escaped => is_escaped = false,
            _ if is_escaped => {}
            _ => width += 1,
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_broken_between_words_and_not_within_commands() {
        assert_eq!(line("one two three", 8), ["one two", "three"]);
        assert_eq!(line("    one two three", 12), ["    one two", "      three"]);
        assert_eq!(line("  help: one two three", 15), ["  help: one two", "        three"]);
        assert_eq!(line("error: one two three", 15), ["error: one two", "       three"]);
        assert_eq!(line("say `residua status` now", 17), ["say", "`residua status`", "now"]);
        assert_eq!(line("  residua challenge 4f2a --phase deletion", 20), ["  residua challenge 4f2a --phase deletion"]);
        assert_eq!(line("  name  one two three", 16), ["  name  one two", "        three"]);
        assert_eq!(line("  abcdefghij", 8), ["  abcd", "    efgh", "    ij"]);
        assert_eq!(line("         a:a::", 12), ["        a:a:", "        :"]);
        assert_eq!(text("a b\nc d e\n", 3), "a b\nc d\ne\n");
        assert_eq!(text("a b", 1), "a\nb");
    }

    #[test]
    fn colours_have_no_width() {
        assert_eq!(line("Verdict: \u{1b}[1;32mclear\u{1b}[0m", 14).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(words in "[a-z`: ]{0,200}", indent in 0_usize..6, width in 12_usize..90) {
            let whole = format!("{}{words}", " ".repeat(indent));
            let parts = line(&whole, width);
            let letters = |text: &str| text.chars().filter(|character| *character != ' ').collect::<String>();
            prop_assert_eq!(letters(&parts.concat()), letters(&whole));
            let is_command = words.trim_start().starts_with("residua ");
            prop_assert!(is_command || parts.iter().all(|part| part.trim_end().chars().count() <= width), "{parts:?}");
        }
    }
}
