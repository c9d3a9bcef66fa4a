//! The statements by which an administrator lets a scan read a server.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::inspect::Arguments;
use crate::cli::reading;
use crate::report::json_v1;
use crate::source::ReadError;
use crate::support::sanitize::clean;

/// Prints the statements for a role, for all databases named.
pub(super) fn print(role: &str, arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let options = arguments.reading.options(Vec::new(), Some(&arguments.piped));
    let found = reading::discover(&arguments.subjects, &options, context)?;
    let (mut text, mut last) = (String::new(), String::new());
    for session in &found.sessions {
        let name = &session.identity().name;
        let grants = session.grants(role, found.sessions.len()).map_err(|error| unseen(name, error))?;
        let Some(grants) = grants else { return Err(without_accounts(name, "--grants")) };
        if grants.server != last {
            text.push_str(&grants.server);
            last.clone_from(&grants.server);
        }
        text.push('\n');
        text.push_str(&grants.database);
    }
    for (number, problem) in found.problems.iter().enumerate() {
        text.push_str(if number == 0 { "\n-- Not looked at, so that nothing is granted there:\n" } else { "" });
        text.push_str(&format!("--   {}\n", clean(&problem.to_string())));
    }
    tell(role.to_owned(), text, context)
}

/// Prints the statements that give the accounts that are used here what they lack.
pub(super) fn print_missing(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let options = arguments.reading.options(Vec::new(), Some(&arguments.piped));
    let found = reading::discover(&arguments.subjects, &options, context)?;
    let (mut text, mut accounts) = (String::new(), Vec::new());
    for session in &found.sessions {
        let name = &session.identity().name;
        let missing = session.missing_grants().map_err(|error| unseen(name, error))?;
        let Some(missing) = missing else { return Err(without_accounts(name, "--missing-grants")) };
        let account = session.facts().iter().find(|(fact, _)| fact == "user").map(|(_, user)| user.clone());
        accounts.extend(account.filter(|account| !accounts.contains(account)));
        // Of two databases of a server some statements are the same.
        if !text.contains(&missing) {
            text.push_str(&missing);
        }
    }
    if text.is_empty() && context.format == Format::Text {
        return context.explain("Nothing is missing that could be granted.\n");
    }
    tell(accounts.join(", "), text, context)
}

fn tell(role: String, statements: String, context: &Context) -> anyhow::Result<()> {
    match context.format {
        // As they are: a statement that was broken for a terminal could be another one.
        Format::Text => context.print(&statements),
        Format::Json => {
            context.print(&json_v1::write(&json_v1::GrantsV1 { version: json_v1::VERSION, kind: "grants", role, statements }))
        }
    }
}

fn unseen(name: &str, error: ReadError) -> anyhow::Error {
    match error {
        ReadError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error).context(format!("cannot see what `{}` holds", clean(name))),
    }
}

fn without_accounts(name: &str, flag: &str) -> anyhow::Error {
    advised(
        format!("`{}` has no accounts that something could be granted to", clean(name)),
        format!("leave it away: `{flag}` goes with servers, such as `postgres://…`"),
    )
}
