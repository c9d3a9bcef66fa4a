//! `completions` and `man`: what other programs make of the definition of the command line.

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use anyhow::Context as _;
use clap::Args;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  residua completions bash > ~/.local/share/bash-completion/completions/residua")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Print the manual page
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  residua man > residua.1 && man ./residua.1")]
pub(crate) struct ManArguments {}

/// Prints completions.
pub(crate) fn completions(arguments: &CompletionsArguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "residua", &mut text);
    context.print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::Clear)
}

/// Prints the manual page: the program's, then one for each command.
pub(crate) fn man(_arguments: &ManArguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut text).context("cannot write the manual page")?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_synopsis_section(&mut text).context("cannot write the manual page")?;
        man.render_description_section(&mut text).context("cannot write the manual page")?;
        man.render_options_section(&mut text).context("cannot write the manual page")?;
    }
    context.print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::Clear)
}
