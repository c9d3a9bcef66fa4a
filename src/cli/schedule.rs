//! `schedule`: what surrounds `check`. Setting it up, and what it will do.

mod analyze;
mod install;
mod next;
mod outdated;

use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use clap::Args;
use clap::Subcommand;

/// Set up scheduled checks, show what they will do, and what may go
///
/// `residua check` does what is due; these commands do none of it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua schedule install --config residua.toml --systemd --user residua
  residua schedule install --config residua.toml --cron
  residua schedule next --config residua.toml --days 30
  residua schedule outdated --config residua.toml")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Install(install::Arguments),
    Next(next::Arguments),
    Outdated(outdated::Arguments),
}

/// Sets up or shows.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Install(arguments) => install::run(arguments, context),
        Command::Next(arguments) => next::run(arguments, context),
        Command::Outdated(arguments) => outdated::run(arguments, context),
    }
}
