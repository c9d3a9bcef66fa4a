//! `completions` and `man`: what other programs make of the definition of the command line.

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use anyhow::Context as _;
use clap::Args;
use clap::Command;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;

/// Print completions for a shell
///
/// A shell that reads them completes commands, flags and their values. Where it looks for them is the shell's matter.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  residua completions bash > ~/.local/share/bash-completion/completions/residua
  residua completions zsh > ~/.zfunc/_residua        # a folder of your $fpath
  residua completions fish > ~/.config/fish/completions/residua.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page
///
/// One page in troff for the program and all its commands, with the words of `--help`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua man > residua.1 && man ./residua.1")]
pub(crate) struct ManArguments {}

/// Prints completions.
pub(crate) fn completions(arguments: &CompletionsArguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "residua", &mut text);
    context.print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::Clear)
}

/// Prints the manual page: the program's, then a section for each command. Flags of every command stand once, with the program's.
pub(crate) fn man(_arguments: &ManArguments, context: &Context) -> anyhow::Result<ExitCode> {
    const WRITING: &str = "cannot write the manual page";
    let mut text = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut text).context(WRITING)?;
    let mut page = as_written(&String::from_utf8_lossy(&text));
    for subcommand in command.get_subcommands() {
        // There is one page, and not one for each command.
        let name = subcommand.get_name();
        page = page.replace(&format!("residua\\-{name}(1)\n"), &format!("residua {name}\n"));
    }
    page = page.replace("residua\\-help(1)\n", "residua help\n");
    for subcommand in command.get_subcommands() {
        page.push_str(&section("residua", subcommand).context(WRITING)?);
    }
    context.print(&page)?;
    Ok(ExitCode::Clear)
}

/// The section of one command, and of those below it.
fn section(parent: &str, command: &Command) -> io::Result<String> {
    let name = format!("{parent} {}", command.get_name());
    let man = clap_mangen::Man::new(command.clone().bin_name(name.clone()));
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.get_after_help().is_some() {
        man.render_extra_section(&mut text)?;
    }
    let text = as_written(&String::from_utf8_lossy(&text));
    // The headings of a page become those of a section of it; what each part defines anew, the page has defined.
    let lines = text.lines().filter(|line| !line.starts_with(".ie ") && !line.starts_with(".el "));
    let lines = lines.map(|line| line.replacen(".SH ", ".SS ", 1) + "\n");
    let mut section = format!(".SH \"{}\"\n{}", name.to_uppercase(), lines.collect::<String>());
    for subcommand in command.get_subcommands() {
        section.push_str(&self::section(&name, subcommand)?);
    }
    Ok(section)
}

/// Examples keep their lines.
fn as_written(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut is_example = false;
    for line in page.lines() {
        if is_example && (line.starts_with(".SH") || line.starts_with(".ie ")) {
            text.push_str(".in\n.fi\n");
            is_example = false;
        }
        if line.starts_with(".TH ") {
            let version = env!("CARGO_PKG_VERSION");
            text.push_str(&format!(".TH RESIDUA 1 \"\" \"residua {version}\" \"residua manual\"\n"));
        } else if line == ".SH EXTRA" {
            text.push_str(".SH \"EXAMPLES AND FURTHER WORDS\"\n.nf\n.in 0\n");
            is_example = true;
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    if is_example {
        text.push_str(".in\n.fi\n");
    }
    text
}
