//! What a person may say about how text files are read: flags of every command that reads sources.

use crate::intake::infer::names_field;
use crate::record::normalize::placeholder;
use crate::record::normalize::spot;
use crate::source::Options;
use clap::Args;

/// How text files are read, where that is not recognised.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reading {
    /// The delimiter of text files, where it is not recognised: one character, or `tab`
    #[arg(long, value_parser = parse_delimiter)]
    delimiter: Option<u8>,
    /// Whether the first row of text files names the columns, where that is not recognised
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    header: Option<bool>,
}

impl Reading {
    /// The options of the sources, with the words by which names of columns are known.
    pub(crate) fn options(&self, stdin_name: Option<String>) -> Options {
        Options {
            delimiter: self.delimiter,
            header: self.header,
            stdin_name,
            names_column: Some(names_field),
            is_value: Some(is_value),
        }
    }
}

/// A delimiter on the command line.
fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("one character, or `tab`".to_owned()),
    }
}

/// `yes` or `no` on the command line.
fn parse_yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("`yes` or `no`".to_owned()),
    }
}

/// Whether a cell is a value that no column is named by: what looks personal, or stands for a missing value.
fn is_value(cell: &str) -> bool {
    spot::spot(cell).is_some() || (!cell.trim().is_empty() && placeholder::is_placeholder(cell))
}
