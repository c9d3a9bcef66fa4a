//! Where a value ends: brackets, texts and escapes are followed, and nothing else is looked at.

use memchr::memchr2;

/// What ends a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// Its own end: a closing bracket or quote, or what cannot be part of a number or word. The first byte is the value's.
    Value,
    /// A comma that is not within it.
    Comma,
}

/// The search for the end of one record, which goes on from buffer to buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    ending: Ending,
    depth: u64,
    is_text: bool,
    is_escape: bool,
}

impl Search {
    pub(super) fn new(ending: Ending) -> Self {
        Self { ending, depth: 0, is_text: false, is_escape: false }
    }

    /// Looks on in `bytes`, which follow what was looked at before. The end is the place behind the record's last byte.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.is_text {
                if std::mem::take(&mut self.is_escape) {
                    at += 1;
                    continue;
                }
                at += memchr2(b'"', b'\\', &bytes[at..])? + 1;
                if bytes[at - 1] == b'\\' {
                    self.is_escape = true;
                    continue;
                }
                self.is_text = false;
                if self.depth == 0 && self.ending == Ending::Value {
                    return Some(at);
                }
                continue;
            }
            let is_outside = self.depth == 0;
            match bytes[at] {
                b'"' => self.is_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' | b',' if is_outside => return Some(at),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 && self.ending == Ending::Value {
                        return Some(at + 1);
                    }
                }
                b' ' | b'\t' | b'\n' | b'\r' | 0x1e if is_outside && self.ending == Ending::Value => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_end_whatever_the_chunks() {
        let cases: [(&str, Ending, usize); 9] = [
            (r#"{"a":"}\"]","b":[1,{}]} {"#, Ending::Value, 23),
            (r#""a\\" 1"#, Ending::Value, 5),
            ("12,3", Ending::Value, 2),
            ("true]", Ending::Value, 4),
            ("null\n1", Ending::Value, 4),
            (r#""k": {"a":","} , "l""#, Ending::Comma, 15),
            ("1 ]", Ending::Comma, 2),
            ("[1,2],", Ending::Comma, 5),
            ("{}{}", Ending::Value, 2),
        ];
        for (text, ending, end) in cases {
            for cut in 0..end {
                let mut search = Search::new(ending);
                let found = match search.end(&text.as_bytes()[..cut]) {
                    Some(found) => found,
                    None => cut + search.end(&text.as_bytes()[cut..]).unwrap(),
                };
                assert_eq!(found, end, "{text} cut at {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn values_end_where_they_end(text in "[a\\\\\"{}\\[\\],: 1]{0,30}") {
            if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                let trimmed = text.trim();
                let mut search = Search::new(Ending::Value);
                prop_assert_eq!(search.end(format!("{trimmed} ").as_bytes()), Some(trimmed.len()));
            }
        }
    }
}
