//! What is wrong with a TOML file, without repeating what stands in it.

/// The line, from 1, and what is wrong there. Values that the parser would quote are left out: the file may hold somebody's data.
pub(crate) fn describe(text: &str, error: &toml::de::Error) -> (usize, String) {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    let line = 1 + before.matches('\n').count();
    let message = error.message();
    // The parser says "invalid type: string "…", expected a map"; what was expected is enough.
    let told = match (message.strip_prefix("invalid "), message.rsplit_once(", expected ")) {
        (Some(_), Some((_, expected))) => format!("a value does not fit: expected {expected}"),
        _ => message.to_owned(),
    };
    (line, told)
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
}
