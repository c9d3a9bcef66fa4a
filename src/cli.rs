//! The command line: arguments in, results out. One file a command holds its arguments and a short `run`.

mod argument;
mod bundle;
mod challenge;
mod check;
mod close;
mod context;
mod countersign;
mod data;
mod demo;
mod destroy;
mod dispute;
mod doctor;
mod document;
#[cfg(feature = "bench")]
pub(crate) mod drain;
mod exit_code;
mod failure;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod inspect;
mod keygen;
mod ledger;
mod merge;
mod meta;
mod passphrase;
mod progress;
mod reading;
mod receive;
mod recipient;
mod removal;
mod report;
mod scan;
mod schedule;
mod stamp;
mod status;
mod supplies;
mod supply;
mod trace;
mod verify;

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::FormatArgument;
use crate::cli::context::When;
use crate::cli::exit_code::ExitCode;
use crate::cli::progress::Bar;
use crate::manifest::header;
use crate::record::normalize;
use crate::report::json_v1;
use crate::report::text::Style;
use crate::source;
use crate::support::progress::Cancel;
use crate::support::time;
use clap::Args;
use clap::ColorChoice;
use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::Subcommand;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::sync::LazyLock;

/// What the program is, and the whole loop.
const ABOUT: &str = "\
Verifies that a shared dataset was deleted.

The originator keeps salted fingerprints of every record that it supplies. After the agreed date the recipient scans its own databases and \
files against them, read-only, and signs an attestation; the originator verifies it. No field value leaves the recipient.";

const EXAMPLES: &str = "\
Examples:
  residua demo                     # plays the whole case with invented data
  residua keygen --name \"Emma's Diary\" --out keys/emma
  residua supply data.csv --as keys/emma.key --to keys/party.card.json \\
      --delete-by 2017-06-30 --out handover
  residua challenge 4f2a --phase deletion --as keys/emma.key \\
      --out deletion.challenge.json
  residua scan sqlite:crm.db exports/ --manifest handover/deletion.residua \\
      --challenge deletion.challenge.json --from keys/emma.card.json \\
      --as keys/party.key --out deletion.attestation.json
  residua verify deletion.attestation.json
  residua status

Exit codes:
   0  the command did what was asked; of a scan or verification: clear, or a
      baseline that found its share
   1  the command could not do what was asked
   2  the command line was not understood
  10  inconclusive: something was not seen, or could not be judged
  11  residual: supplied records remain, or people of them
  12  a check of an attestation failed, a time stamp or a bundle does not
      fit, or the ledger is not sound
  13  something is overdue
Of several results the worst counts: 1, 12, 11, 10, 13, 0.";

/// Columns of help texts, on a wide terminal and in a file too: examples are written for them.
const WIDEST: usize = 80;

/// The arguments of a whole call.
#[derive(Debug, Parser)]
#[command(name = "residua", version, long_version = long_version(), about = ABOUT.split('\n').next(), long_about = ABOUT, after_help = EXAMPLES)]
#[command(max_term_width = WIDEST)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
struct Global {
    /// Form of the result on standard output: `text` for people, `json` for programs, with a version in it; `csv` for spreadsheets, of
    /// `status`, `supplies list` and `trace` alone
    #[arg(long, value_enum, value_name = "text|json|csv", default_value_t = FormatArgument::Text, hide_possible_values = true, global = true, help_heading = "Output")]
    format: FormatArgument,
    /// Print the result alone, without what explains it
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// Tell more: `scan` then shows what every column is taken for
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,
    /// Progress on standard error: `auto` shows it where that is a terminal
    #[arg(long, value_enum, value_name = "auto|never", default_value_t = When::Auto, hide_possible_values = true, global = true, help_heading = "Output")]
    progress: When,
    /// Colour: `auto` shows it on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, value_name = "auto|never", default_value_t = When::Auto, hide_possible_values = true, global = true, help_heading = "Output")]
    color: When,
    /// A fixed time in place of the clock, for tests
    #[arg(long, hide = true, global = true)]
    now: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Keygen(keygen::Arguments),
    Supply(supply::Arguments),
    Receive(receive::Arguments),
    Challenge(challenge::Arguments),
    Scan(scan::Arguments),
    Merge(merge::Arguments),
    Countersign(countersign::Arguments),
    Verify(verify::Arguments),
    Bundle(bundle::Arguments),
    Status(status::Arguments),
    Check(check::Arguments),
    Schedule(schedule::Arguments),
    Doctor(doctor::Arguments),
    Report(report::Arguments),
    Supplies(supplies::Arguments),
    Recipient(recipient::Arguments),
    Dispute(dispute::Arguments),
    Stamp(stamp::Arguments),
    Destroy(destroy::Arguments),
    Close(close::Arguments),
    Trace(trace::Arguments),
    Ledger(ledger::Arguments),
    Inspect(inspect::Arguments),
    Demo(demo::Arguments),
    Completions(meta::CompletionsArguments),
    Man(meta::ManArguments),
}

/// Program version, and the versions of what it writes and reads.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{}\nmanifest format {}, statements v1, normaliser {}, JSON output {}",
            env!("CARGO_PKG_VERSION"),
            header::VERSION,
            normalize::VERSION,
            json_v1::VERSION
        )
    });
    &TEXT
}

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output, complaints to standard error; neither can be told if that fails.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::Usage } else { ExitCode::Clear }.into();
        }
    };
    let cancel = Cancel::default();
    let handler = cancel.clone();
    // Without a handler Ctrl-C ends the program at once, which leaves no half file either: files get their names last. So does a second
    // Ctrl-C, for whoever does not want to wait for a read to return.
    let _ = ctrlc::set_handler(move || {
        if handler.is_cancelled() {
            // Nothing is open that would be left half written.
            std::process::exit(ExitCode::Error as i32);
        }
        handler.cancel();
    });
    // What a panic says may quote what was read, so that only its place is told; and nothing where a file was made to break its reader.
    std::panic::set_hook(Box::new(|panic| {
        if !source::is_guarded() {
            let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
            let _ = writeln!(io::stderr().lock(), "error: a mistake of the program{place}; please report it");
        }
    }));
    // A folder may hold more files than the usual 1,024, and each stays open while it is read. Where no more are allowed, the rest are gaps.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match context(&cli.global, cancel).and_then(|context| dispatch(&cli.command, &context)) {
        Ok(code) => code.into(),
        Err(error) => {
            failure::show(&error);
            ExitCode::Error.into()
        }
    }
}

/// Reads the command line. Help and complaints of the parser obey `--color` too, which it would not look at itself.
fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let is_plain = arguments.windows(2).any(|pair| pair[0] == "--color" && pair[1] == "never")
        || arguments.iter().any(|argument| argument == "--color=never");
    let color = if is_plain { ColorChoice::Never } else { ColorChoice::Auto };
    // Who asks for the help of `help` is helped.
    let is_help = arguments.get(1).is_some_and(|first| first == "help");
    let arguments = arguments.iter().filter(|argument| !(is_help && (*argument == "--help" || *argument == "-h")));
    let matches = Cli::command().color(color).try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let has_table = match &cli.command {
        Command::Status(_) | Command::Trace(_) => true,
        Command::Supplies(arguments) => arguments.has_table(),
        _ => false,
    };
    let fault = match &cli.command {
        _ if cli.global.format == FormatArgument::Csv && !has_table => Some(
            "`--format csv` is for `residua status`, `residua supplies list` and `residua trace`; other results are no table"
                .to_owned(),
        ),
        Command::Scan(arguments) => arguments.fault(),
        Command::Inspect(arguments) => arguments.fault(),
        Command::Trace(arguments) => arguments.fault(),
        _ => None,
    };
    let Some(fault) = fault else { return Ok(cli) };
    let mut command = Cli::command().color(color);
    command.build();
    let name = matches.subcommand_name().unwrap_or_default();
    let command = command.find_subcommand_mut(name).map_or_else(Cli::command, |command| command.clone());
    Err(command.color(color).error(ErrorKind::ArgumentConflict, fault))
}

fn context(global: &Global, cancel: Cancel) -> anyhow::Result<Context> {
    let fixed_now = match &global.now {
        None => None,
        Some(text) => {
            Some(time::parse(text).ok_or_else(|| failure::advised("`--now` is no time", "write it as 2017-06-30T09:00:00Z"))?)
        }
    };
    let is_coloured = global.color == When::Auto
        && io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Ok(Context {
        format: if global.format == FormatArgument::Json { Format::Json } else { Format::Text },
        is_csv: global.format == FormatArgument::Csv,
        is_quiet: global.quiet,
        is_verbose: global.verbose,
        style: Style { is_coloured, width: io::stdout().is_terminal().then(terminal_width).flatten() },
        progress: Bar::new(global.progress == When::Auto && !global.quiet && io::stderr().is_terminal()),
        cancel,
        fixed_now,
    })
}

fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

fn dispatch(command: &Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Keygen(arguments) => keygen::run(arguments, context),
        Command::Supply(arguments) => supply::run(arguments, context),
        Command::Receive(arguments) => receive::run(arguments, context),
        Command::Challenge(arguments) => challenge::run(arguments, context),
        Command::Scan(arguments) => scan::run(arguments, context),
        Command::Merge(arguments) => merge::run(arguments, context),
        Command::Countersign(arguments) => countersign::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Bundle(arguments) => bundle::run(arguments, context),
        Command::Status(arguments) => status::run(arguments, context),
        Command::Check(arguments) => check::run(arguments, context),
        Command::Schedule(arguments) => schedule::run(arguments, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Report(arguments) => report::run(arguments, context),
        Command::Supplies(arguments) => supplies::run(arguments, context),
        Command::Recipient(arguments) => recipient::run(arguments, context),
        Command::Dispute(arguments) => dispute::run(arguments, context),
        Command::Stamp(arguments) => stamp::run(arguments, context),
        Command::Destroy(arguments) => destroy::run(arguments, context),
        Command::Close(arguments) => close::run(arguments, context),
        Command::Trace(arguments) => trace::run(arguments, context),
        Command::Ledger(arguments) => ledger::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::Completions(arguments) => meta::completions(arguments, context),
        Command::Man(arguments) => meta::man(arguments, context),
    }
}
