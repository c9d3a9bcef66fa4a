//! What a command gets from the world around it: clock, randomness, terminal, interruption. Nothing outside `cli` reads these.

use crate::cli::failure::Interrupted;
use crate::cli::progress::Bar;
use crate::report::text::Style;
use crate::report::text::wrap;
use crate::support::progress::Cancel;
use anyhow::Context as _;
use clap::Args;
use clap::ValueEnum;
use jiff::Timestamp;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;

/// The form of the result on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs; versioned.
    Json,
}

/// The form of the result as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArgument {
    /// For people.
    Text,
    /// For programs; versioned.
    Json,
    /// For spreadsheets; only of commands that print a table.
    Csv,
}

/// Whether something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Where a terminal shows it.
    Auto,
    /// Not at all.
    Never,
}

/// The world around one run of the program.
pub(crate) struct Context {
    /// The form of the result.
    pub(crate) format: Format,
    /// Whether the result is a table for spreadsheets. Commands that have none are refused it.
    pub(crate) is_csv: bool,
    /// Whether standard output is for the result alone, without explanations.
    pub(crate) is_quiet: bool,
    /// Whether more is told.
    pub(crate) is_verbose: bool,
    /// How text is laid out.
    pub(crate) style: Style,
    /// The bar.
    pub(crate) progress: Bar,
    /// Set by Ctrl-C.
    pub(crate) cancel: Cancel,
    /// A fixed time in place of the clock.
    pub(crate) fixed_now: Option<Timestamp>,
}

impl Context {
    /// The time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub(crate) fn now(&self) -> Timestamp {
        self.fixed_now.unwrap_or_else(Timestamp::now)
    }

    /// Random bytes of the operating system.
    pub(crate) fn random<const N: usize>(&self) -> anyhow::Result<[u8; N]> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).context("cannot draw random numbers from the operating system")?;
        Ok(bytes)
    }

    /// Writes the result as it is. A reader that went away is no failure of ours.
    pub(crate) fn print(&self, text: &str) -> anyhow::Result<()> {
        match io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.context("cannot write to standard output"),
        }
    }

    /// Writes a result for people: on a terminal, in lines that fit it.
    pub(crate) fn say(&self, text: &str) -> anyhow::Result<()> {
        match self.style.width {
            Some(width) => self.print(&wrap::text(text, usize::from(width))),
            None => self.print(text),
        }
    }

    /// Writes what explains the result: for people who did not ask for quiet.
    pub(crate) fn explain(&self, text: &str) -> anyhow::Result<()> {
        if self.format == Format::Text && !self.is_quiet { self.say(text) } else { Ok(()) }
    }

    /// Says on standard error what a person must not miss, whatever form the result has.
    pub(crate) fn warn(&self, text: &str) -> anyhow::Result<()> {
        writeln!(io::stderr().lock(), "warning: {text}").context("cannot write to standard error")
    }

    /// Whether a person can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.format == Format::Text && !self.is_quiet && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose safe answer is no.
    pub(crate) fn ask(&self, question: &str) -> anyhow::Result<bool> {
        let mut error = io::stderr().lock();
        write!(error, "{question} [y/N] ").context("cannot ask")?;
        error.flush().context("cannot ask")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).context("cannot read the answer")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// An error, once the person has interrupted.
    pub(crate) fn check_interrupted(&self) -> anyhow::Result<()> {
        if self.cancel.is_cancelled() { Err(Interrupted.into()) } else { Ok(()) }
    }
}

/// The flag by which a command is told its ledger.
#[derive(Args, Clone, Debug)]
pub(crate) struct LedgerArgument {
    /// The originator's ledger, a folder. Without it: the folder named by `RESIDUA_LEDGER`, else `residua/ledger` in your user's data directory
    /// (Linux: `~/.local/share`, macOS: `~/Library/Application Support`)
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

impl LedgerArgument {
    /// The folder that is meant.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        ledger_folder(self.ledger.as_ref())
    }
}

/// The ledger that is meant: the one named, else `$RESIDUA_LEDGER`, else a folder in the user's data directory.
pub(crate) fn ledger_folder(named: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.clone());
    }
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("RESIDUA_LEDGER") {
        return Ok(folder);
    }
    // The XDG base directory specification; macOS has its own place.
    let data = if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    data.or_else(|| variable("APPDATA")).map(|data| data.join("residua").join("ledger")).ok_or_else(|| {
        crate::cli::failure::advised("there is no place for the ledger", "name one with `--ledger DIR` or `RESIDUA_LEDGER`")
    })
}
