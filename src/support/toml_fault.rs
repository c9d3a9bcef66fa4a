//! What is wrong with a TOML file, without repeating what stands in it.

/// The line, from 1, and what is wrong there. Values that the parser would quote are left out: the file may hold somebody's data.
pub(crate) fn describe(text: &str, error: &toml::de::Error) -> (usize, String) {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    let line = 1 + before.matches('\n').count();
    let message = error.message();
    // The parser says "invalid type: string "…", expected a map", or "unknown variant `…`"; what was expected is enough.
    let quotes = message.starts_with("invalid ") || message.starts_with("unknown variant ");
    let told = match message.rsplit_once(", expected ").filter(|_| quotes) {
        Some((_, expected)) => format!("a value does not fit: expected {expected}"),
        None => message.strip_prefix(MISSING).map_or_else(|| message.to_owned(), |name| format!("{MISSING}{}", as_written(name))),
    };
    (line, told)
}

/// How the parser says that a member is not there.
const MISSING: &str = "missing field ";

/// A member's name as it is written in TOML, where JSON joins the words: `will_be_deleted`.
fn as_written(name: &str) -> String {
    let mut written = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        struct File {
            #[allow(dead_code)]
            number: u8,
        }
        let text = "\nnumber = \"Ann\"";
        let (line, told) = describe(text, &toml::from_str::<File>(text).unwrap_err());
        assert_eq!(line, 2);
        assert_eq!(told, "a value does not fit: expected u8");
    }

    #[test]
    fn a_word_that_is_none_of_several_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Choice {
            File(#[allow(dead_code)] String),
            Variable(#[allow(dead_code)] String),
        }
        #[derive(Debug, serde::Deserialize)]
        struct File {
            #[allow(dead_code)]
            secret: Choice,
        }
        let text = "secret = \"Ann\"";
        let (line, told) = describe(text, &toml::from_str::<File>(text).unwrap_err());
        assert!(line == 1 && told.starts_with("a value does not fit: expected ") && !told.contains("Ann"), "{told}");
    }

    #[test]
    fn a_member_is_named_as_one_writes_it() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct File {
            #[allow(dead_code)]
            will_be_deleted: bool,
        }
        let told = describe("", &toml::from_str::<File>("").unwrap_err()).1;
        assert_eq!(told, "missing field `will_be_deleted`");
    }
}
