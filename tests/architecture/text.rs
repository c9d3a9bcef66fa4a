//! Reading Rust as text: comments, literals and test code blanked out, and what is left searched for paths.
//!
//! This is no parser. It knows where a comment, a literal and an item end, which is all that the rules need.

/// A file's text without comments, without the content of strings, and without test code. Lines and positions are kept.
pub(crate) struct Blanked {
    pub(crate) text: String,
    /// First and last line of each piece of test code.
    test_lines: Vec<(usize, usize)>,
    /// Modules declared `#[cfg(test)] mod x;`.
    test_modules: Vec<String>,
    /// The whole file is `#![cfg(test)]`.
    is_test: bool,
}

impl Blanked {
    pub(crate) fn of(source: &str) -> Blanked {
        let mut text = blank_literals(source);
        let is_test = text.contains("#![cfg(test)]");
        let mut test_lines = Vec::new();
        let mut test_modules = Vec::new();
        let mut from = 0;
        while let Some(start) = find_test_attribute(&text, from) {
            let (end, item) = item_end(&text, start);
            let words: Vec<&str> = item.split_whitespace().collect();
            if let Some(name) = item.strip_suffix(';').and_then(|_| words.iter().skip_while(|word| **word != "mod").nth(1)) {
                test_modules.push(name.trim_end_matches(';').to_owned());
            }
            test_lines.push((line_of(&text, start), line_of(&text, end - 1)));
            let blank: String = text[start..end].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
            text.replace_range(start..end, &blank);
            from = start + blank.len();
        }
        Blanked { text, test_lines, test_modules, is_test }
    }

    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test || self.test_lines.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }

    /// The files, without `.rs`, that are test code because this one says so.
    pub(crate) fn test_files(&self, path: &str) -> Vec<String> {
        let stem = path.trim_end_matches(".rs");
        let folder = if stem == "src/lib" { "src" } else { stem };
        let mut files: Vec<String> = self.test_modules.iter().map(|module| format!("{folder}/{module}")).collect();
        if self.is_test {
            files.push(stem.to_owned());
        }
        files
    }
}

/// Replaces comments and the content of literals with spaces, byte for byte except that anything outside ASCII becomes one space.
fn blank_literals(source: &str) -> String {
    let letters: Vec<char> = source.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut index = 0;
    while index < letters.len() {
        let end = if at(index) == '/' && at(index + 1) == '/' {
            (index..letters.len()).find(|end| at(*end) == '\n').unwrap_or(letters.len())
        } else if at(index) == '/' && at(index + 1) == '*' {
            block_comment_end(&letters, index)
        } else if let Some(end) = raw_string_end(&letters, index) {
            end
        } else if at(index) == '"' {
            quoted_end(&letters, index, '"')
        } else if at(index) == '\'' && (at(index + 1) == '\\' || at(index + 2) == '\'') {
            quoted_end(&letters, index, '\'')
        } else {
            out.push(if at(index).is_ascii() { at(index) } else { ' ' });
            index += 1;
            continue;
        };
        out.extend((index..end).map(|blank| if at(blank) == '\n' { '\n' } else { ' ' }));
        index = end;
    }
    out
}

fn block_comment_end(letters: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut index = start;
    while index < letters.len() {
        match (letters[index], letters.get(index + 1)) {
            ('/', Some('*')) => (depth, index) = (depth + 1, index + 2),
            ('*', Some('/')) => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

/// Where a raw string that begins here ends; `None` where none begins.
fn raw_string_end(letters: &[char], start: usize) -> Option<usize> {
    if letters[start] != 'r' || start > 1 && is_word(letters[start - 1]) && !matches!(letters[start - 1], 'b' | 'c') {
        return None;
    }
    let hashes = letters[start + 1..].iter().take_while(|letter| **letter == '#').count();
    let mut index = start + 1 + hashes;
    if letters.get(index) != Some(&'"') {
        return None;
    }
    index += 1;
    while index < letters.len() {
        let closing = letters[index + 1..].iter().take_while(|letter| **letter == '#').count();
        if letters[index] == '"' && closing >= hashes {
            return Some(index + 1 + hashes);
        }
        index += 1;
    }
    Some(letters.len())
}

/// Where a string or character that begins here ends.
fn quoted_end(letters: &[char], start: usize, quote: char) -> usize {
    let mut index = start + 1;
    while index < letters.len() && letters[index] != quote {
        index += if letters[index] == '\\' { 2 } else { 1 };
    }
    (index + 1).min(letters.len())
}

/// Where the next `#[cfg(test)]` or `#[cfg(all(test, …))]` begins.
fn find_test_attribute(text: &str, from: usize) -> Option<usize> {
    ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|attribute| text[from..].find(attribute)).min().map(|at| from + at)
}

/// The end of the item whose attributes begin at `start`, and the item without its attributes, up to its body.
fn item_end(text: &str, start: usize) -> (usize, &str) {
    const ITEMS: [&str; 16] = [
        "pub",
        "fn",
        "mod",
        "use",
        "struct",
        "enum",
        "impl",
        "const",
        "static",
        "type",
        "trait",
        "unsafe",
        "async",
        "let",
        "macro_rules",
        "extern",
    ];
    let mut head = start;
    while text[head..].starts_with('#') {
        head += matching_end(&text[head..]);
        head += text[head..].len() - text[head..].trim_start().len();
    }
    let first_word: String = text[head..].chars().take_while(|letter| is_word(*letter)).collect();
    let is_item = ITEMS.contains(&first_word.as_str());
    let is_use = text[head..].split_whitespace().find(|word| !word.starts_with("pub")) == Some("use");
    let mut depth = 0;
    for (at, letter) in text[head..].char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if is_use => depth += 1,
            '}' if is_use => depth -= 1,
            '{' if depth == 0 => return (head + at + matching_end(&text[head + at..]), &text[head..head + at]),
            ';' if depth == 0 => return (head + at + 1, &text[head..=head + at]),
            // A field, a variant or an arm, the last one perhaps without a comma.
            ',' if depth == 0 && !is_item => return (head + at + 1, &text[head..head + at]),
            '}' if depth == 0 => return (head + at, &text[head..head + at]),
            _ => {}
        }
    }
    (text.len(), &text[head..])
}

/// The length of the text up to the bracket that closes the first one.
fn matching_end(text: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Where a word stands in a text and is not part of a longer one.
pub(crate) fn occurrences(text: &str, word: &str) -> Vec<usize> {
    let ends_open = word.ends_with(is_word);
    let is_whole = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(before.is_some_and(is_word) || ends_open && after.is_some_and(is_word))
    };
    text.match_indices(word).map(|(at, _)| at).filter(is_whole).collect()
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// What follows a `crate::`.
pub(crate) enum Reference {
    Module(String),
    Group,
}

/// Every `crate::x` of a blanked text, with its line.
pub(crate) fn references(text: &str) -> Vec<(usize, Reference)> {
    let mut found = Vec::new();
    for at in occurrences(text, "crate") {
        let Some(rest) = text[at + "crate".len()..].trim_start().strip_prefix("::") else { continue };
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("r#").unwrap_or(rest);
        let name: String = rest.chars().take_while(|letter| is_word(*letter)).collect();
        let reference = if name.is_empty() { Reference::Group } else { Reference::Module(name) };
        found.push((line_of(text, at), reference));
    }
    found
}

/// Every chain of `super::`: its line, its length, and whether it ends in `*`.
pub(crate) fn climbs(text: &str) -> Vec<(usize, usize, bool)> {
    let mut found: Vec<(usize, usize, bool)> = Vec::new();
    let mut end = 0;
    for at in occurrences(text, "super") {
        if at < end {
            continue;
        }
        let mut rest = &text[at..];
        let mut steps = 0;
        while let Some(tail) = rest.strip_prefix("super").and_then(|tail| tail.trim_start().strip_prefix("::")) {
            steps += 1;
            rest = tail.trim_start();
        }
        end = text.len() - rest.len();
        if steps > 0 {
            found.push((line_of(text, at), steps, rest.starts_with('*')));
        }
    }
    found
}
