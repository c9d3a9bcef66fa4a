//! Cells of CSV files that the program writes.

use std::borrow::Cow;

/// Quotes a cell where RFC 4180, section 2, asks for it.
pub(crate) fn quote(cell: &str) -> Cow<'_, str> {
    if cell.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_signs_of_the_form_are_quoted() {
        for (cell, quoted) in
            [("plain", "plain"), ("a,b", "\"a,b\""), ("say \"so\"", "\"say \"\"so\"\"\""), ("a\nb", "\"a\nb\""), ("", "")]
        {
            assert_eq!(quote(cell), quoted);
        }
    }
}
