//! What a person may say about how text files are read: flags of every command that reads sources.

use crate::cli::argument::within;
use crate::cli::context::Context;
use crate::cli::failure::Interrupted;
use crate::intake::infer::names_field;
use crate::record::normalize::placeholder;
use crate::record::normalize::spot;
use crate::source;
use crate::source::Found;
use crate::source::InputFormat;
use crate::source::Label;
use crate::source::Limits;
use crate::source::Options;
use crate::source::ServerOptions;
use crate::source::SourceError;
use crate::source::TextOptions;
use crate::source::TextRule;
use crate::support::progress::Progress;
use clap::Args;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How text files are read, where that is not to be recognised.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reading {
    /// The delimiter of every text file named here, instead of the one recognised: one character, or `tab`. For single files a map file says it
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter)]
    delimiter: Option<u8>,
    /// Whether the first row of every text file named here names the columns, instead of what is recognised. For single files a map file says it
    #[arg(long, value_name = "yes|no", value_parser = parse_yes_no)]
    header: Option<bool>,
    /// The encoding of every text file named here that is not plainly in another, as by a byte order mark or by being valid UTF-8: `utf-8`,
    /// `utf-16le`, `windows-1252` and so on. For single files a map file says it, and then only a byte order mark goes before
    #[arg(long, value_name = "NAME", value_parser = parse_encoding)]
    encoding: Option<Label>,
    /// How many characters each column has, as `12,20,8`, where the columns of every text file named here are of fixed width. For single files
    /// a map file says it
    #[arg(long, value_name = "N,N,…", value_parser = parse_widths, conflicts_with = "delimiter")]
    widths: Option<Widths>,
    /// How many GiB of temporary files may come of all that is compressed or in an archive; 64, if not given. What would go beyond it is a gap
    #[arg(long, value_name = "GIB", value_parser = within(1_u64..=1_048_576))]
    unpack_limit: Option<u64>,
    /// How many connections read a server's database at a time; 4, if not given. One more holds the snapshot; with 1, a single one does both
    #[arg(long, value_name = "N", value_parser = within(1_u16..=64), help_heading = "Servers")]
    connections: Option<u16>,
    /// After how many seconds a server breaks a single statement off; never, if not given
    #[arg(long, value_name = "SECONDS", value_parser = within(1_u64..=604_800), help_heading = "Servers")]
    statement_timeout: Option<u64>,
    /// An option file of MySQL's or MariaDB's clients, for address and login
    #[arg(long, value_name = "FILE", help_heading = "Servers")]
    defaults_file: Option<PathBuf>,
}

/// What is said of standard input, where it is a source.
#[derive(Args, Clone, Debug)]
pub(crate) struct Piped {
    /// What standard input (`-`) is, instead of what its first bytes say. What is otherwise is a gap
    #[arg(long, value_name = "FORMAT", value_parser = parse_format, help = format_help())]
    input_format: Option<InputFormat>,
    /// The name of standard input in results and declarations; `-`, if not given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Piped {
    /// What is said of standard input although no source is. It would be left unheeded, and somebody might rely on it.
    pub(crate) fn fault(&self, sources: &[String]) -> Option<String> {
        if sources.iter().any(|source| source == "-") {
            return None;
        }
        let flag = self.input_format.map(|_| "--input-format").or(self.name.as_ref().map(|_| "--name"))?;
        Some(format!("'{flag}' is said of standard input, and no source is '-'; other files are told by their content and name"))
    }
}

/// The widths of columns in characters.
#[derive(Clone, Debug)]
struct Widths(Vec<usize>);

/// Connections that read a database, where nothing is said.
const CONNECTIONS: usize = 4;

impl Reading {
    /// How many connections read a database at a time.
    pub(crate) fn connections(&self) -> usize {
        self.connections.map_or(CONNECTIONS, usize::from)
    }

    /// The options of the sources: what is said here of all text files and in a map file of some, and the words by which names of columns
    /// are known.
    pub(crate) fn options(&self, text_rules: Vec<TextRule>, piped: Option<&Piped>) -> Options {
        Options {
            text: TextOptions {
                delimiter: self.delimiter,
                header: self.header,
                encoding: self.encoding,
                widths: self.widths.as_ref().map(|widths| widths.0.clone()),
                is_packed: false,
                is_shape_of_one: false,
            },
            text_rules,
            stdin_name: piped.and_then(|piped| piped.name.clone()),
            stdin_format: piped.and_then(|piped| piped.input_format),
            names_column: Some(names_field),
            is_value: Some(is_value),
            limits: self
                .unpack_limit
                .map_or_else(Limits::default, |gibibytes| Limits { bytes: gibibytes << 30, ..Limits::default() }),
            servers: ServerOptions {
                variable: Some(|name| std::env::var(name).ok()),
                connections: self.connections.map(usize::from),
                statement_timeout: self.statement_timeout.map(Duration::from_secs),
                defaults_file: self.defaults_file.clone(),
            },
        }
    }
}

/// Opens sources; standard input is the one named `-`. A stage of unpacking that they began ends here.
pub(crate) fn discover(sources: &[String], options: &Options, context: &Context) -> anyhow::Result<Found> {
    let found = source::discover(sources, options, &mut io::stdin().lock(), &context.progress, &context.cancel);
    context.progress.end();
    found.map_err(|error| match error {
        SourceError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error),
    })
}

/// The help text of `--input-format`, which lists every format.
fn format_help() -> String {
    let words = InputFormat::words().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    format!("What standard input (`-`) is, instead of what its first bytes say: {words}. What is otherwise is a gap")
}

/// A format on the command line.
fn parse_format(text: &str) -> Result<InputFormat, String> {
    let words = || InputFormat::words().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    InputFormat::parse(text).ok_or_else(|| format!("unknown format; one of {}", words()))
}

/// An encoding on the command line.
fn parse_encoding(text: &str) -> Result<Label, String> {
    Label::parse(text).ok_or_else(|| "unknown name; write for instance `utf-16le`, `windows-1252` or `windows-1250`".to_owned())
}

/// Widths on the command line.
fn parse_widths(text: &str) -> Result<Widths, String> {
    let widths: Option<Vec<usize>> = text.split(',').map(|width| width.trim().parse().ok().filter(|width| *width > 0)).collect();
    widths.map(Widths).ok_or_else(|| "numbers of characters, as `12,20,8`".to_owned())
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
