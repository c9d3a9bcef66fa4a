//! What a person may state about the sources, where it is otherwise found out.

use super::label::Label;
use super::server::ServerOptions;
use super::unpack::Limits;

/// What a person states, and what the callers know that sources do not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// How text files are read that no rule is about.
    pub(crate) text: TextOptions,
    /// How single text files are read; the first that matches counts, and what it leaves open `text` says.
    pub(crate) text_rules: Vec<TextRule>,
    /// The name of standard input; `-` where none is given.
    pub(crate) stdin_name: Option<String>,
    /// The format that standard input is stated to have.
    pub(crate) stdin_format: Option<InputFormat>,
    /// Whether a cell reads as a column's name, for first rows that look like any other. What names there are the caller knows.
    pub(crate) names_column: Option<fn(&str) -> bool>,
    /// Whether a cell is a value that no column is named by, for first rows that are stated to be a header and are none.
    pub(crate) is_value: Option<fn(&str) -> bool>,
    /// How far what is packed is unpacked.
    pub(crate) limits: Limits,
    /// How servers are reached and treated.
    pub(crate) servers: ServerOptions,
}

/// A format, as a person states it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InputFormat {
    /// As the identity of a source names it.
    pub(super) kind: &'static str,
}

/// The words for formats, each with the kind that it means.
const FORMATS: [(&str, &str); 15] = [
    ("csv", "csv"),
    ("tsv", "csv"),
    ("text", "csv"),
    ("json", "json"),
    ("jsonl", "json"),
    ("parquet", "parquet"),
    ("arrow", "arrow"),
    ("avro", "avro"),
    ("workbook", "workbook"),
    ("xlsx", "workbook"),
    ("xls", "workbook"),
    ("ods", "workbook"),
    ("sql", "sql-dump"),
    ("pg_dump", "sql-dump"),
    ("sqlite", "sqlite"),
];

impl InputFormat {
    /// The format of a word; `None` where there is none.
    pub(crate) fn parse(word: &str) -> Option<InputFormat> {
        FORMATS.iter().find(|(known, _)| *known == word).map(|(_, kind)| InputFormat { kind })
    }

    /// All words.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|(word, _)| *word)
    }
}

/// How a text file is written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TextOptions {
    /// The delimiter; any ASCII byte but a quote or a line break.
    pub(crate) delimiter: Option<u8>,
    /// Whether the first row names the columns.
    pub(crate) header: Option<bool>,
    pub(crate) encoding: Option<Label>,
    /// The widths of the columns in characters, where lines are divided by place; none of them 0.
    pub(crate) widths: Option<Vec<usize>>,
    /// Columns of fixed width may touch, so that no blank need stand between them.
    pub(crate) is_packed: bool,
    /// Delimiter or widths are said of this very file, rather than of all that are read.
    pub(crate) is_shape_of_one: bool,
}

impl TextOptions {
    /// What is stated, in words.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        let delimiter = self.delimiter.map(|byte| if byte == b'\t' { "tab".to_owned() } else { char::from(byte).to_string() });
        let header = self.header.map(|is_header| if is_header { "yes" } else { "no" }.to_owned());
        let widths = self.widths.as_ref().map(|widths| widths.iter().map(usize::to_string).collect::<Vec<_>>().join(","));
        let encoding = self.encoding.map(|label| label.name().to_owned());
        let packed = self.is_packed.then(|| "yes".to_owned());
        let all = [("delimiter", delimiter), ("widths", widths), ("packed", packed), ("header", header), ("encoding", encoding)];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// How the text files of a name are written.
#[derive(Clone, Debug)]
pub(crate) struct TextRule {
    pub(crate) pattern: glob::Pattern,
    pub(crate) text: TextOptions,
}

impl Options {
    /// What is stated about the source of a name.
    pub(super) fn text_of(&self, name: &str) -> TextOptions {
        let is_about = |rule: &&TextRule| rule.pattern.as_str() == name || rule.pattern.matches(name);
        let Some(rule) = self.text_rules.iter().find(is_about) else { return self.text.clone() };
        let (special, general) = (&rule.text, &self.text);
        // Delimiter and widths exclude each other: the rule's word on either takes the place of both.
        let has_shape = special.delimiter.is_some() || special.widths.is_some();
        let shape = if has_shape { special } else { general };
        TextOptions {
            delimiter: shape.delimiter,
            widths: shape.widths.clone(),
            is_packed: special.is_packed || general.is_packed,
            is_shape_of_one: has_shape,
            header: special.header.or(general.header),
            encoding: special.encoding.or(general.encoding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_goes_before_what_is_said_of_all() {
        let general = TextOptions { delimiter: Some(b';'), header: Some(true), ..TextOptions::default() };
        let rule = |pattern: &str, text| TextRule { pattern: glob::Pattern::new(pattern).unwrap(), text };
        let options = Options {
            text: general.clone(),
            text_rules: vec![
                rule("a[1].csv", TextOptions { header: Some(false), ..TextOptions::default() }),
                rule("*.txt", TextOptions { widths: Some(vec![3]), ..TextOptions::default() }),
            ],
            ..Options::default()
        };
        assert_eq!(options.text_of("b.csv"), general);
        assert_eq!(options.text_of("a[1].csv"), TextOptions { header: Some(false), ..general });
        let fixed = TextOptions { widths: Some(vec![3]), header: Some(true), is_shape_of_one: true, ..TextOptions::default() };
        assert_eq!(options.text_of("b.txt"), fixed);
    }
}
