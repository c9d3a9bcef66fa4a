//! Cells of CSV files that the program writes.

use crate::support::sanitize::is_harmful;
use std::borrow::Cow;

/// A cell as it is written: quoted where RFC 4180, section 2, asks for it, without what would do something to a terminal (`\u{1b}` stands for it), and with an
/// apostrophe before what a spreadsheet would take for a formula. Names of files and tables, and cells of keys, may be of somebody else's making.
pub(crate) fn quote(cell: &str) -> Cow<'_, str> {
    let is_harmless = !cell.contains(is_harmful) && !is_formula(cell);
    if is_harmless && !cell.contains(['"', ',']) {
        return Cow::Borrowed(cell);
    }
    let mut written = String::with_capacity(cell.len() + 8);
    written.push('"');
    if is_formula(cell) {
        written.push('\'');
    }
    for character in cell.chars() {
        match character {
            '"' => written.push_str("\"\""),
            _ if is_harmful(character) => written.extend(character.escape_unicode()),
            _ => written.push(character),
        }
    }
    written.push('"');
    Cow::Owned(written)
}

/// Whether a spreadsheet would compute it. A telephone number or a negative one is no formula.
fn is_formula(cell: &str) -> bool {
    let is_number = |rest: &str| rest.chars().all(|character| character.is_ascii_digit() || " .,-()".contains(character));
    match cell.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some(sign @ ('+' | '-')) => !is_number(&cell[sign.len_utf8()..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_signs_of_the_form_are_quoted() {
        for (cell, quoted) in
            [("plain", "plain"), ("a,b", "\"a,b\""), ("say \"so\"", "\"say \"\"so\"\"\""), ("a\nb", "\"a\\u{a}b\""), ("", "")]
        {
            assert_eq!(quote(cell), quoted);
        }
    }

    #[test]
    fn nothing_is_done_to_a_terminal_or_by_a_spreadsheet() {
        for (cell, quoted) in [
            ("\u{1b}[2J\u{202e}", "\"\\u{1b}[2J\\u{202e}\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""),
            ("-2+3", "\"'-2+3\""),
            ("+44 20 7946 0958", "+44 20 7946 0958"),
            ("-5", "-5"),
        ] {
            assert_eq!(quote(cell), quoted);
        }
    }
}
