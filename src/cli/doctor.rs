//! `doctor`: looks beforehand whether `check` will be able to do its work, and changes nothing.
//!
//! Sources are looked at by a child of the program, `residua inspect`, since they are to be opened with the environment that the settings describe, and a
//! process does not change its own while threads run. What a scan checks before its first row is checked here by the same function.

mod estimate;
mod files;
mod folders;
mod originator;
mod recipient;
mod sources;

use crate::cli::check::settled;
use crate::cli::check::state::State;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::report::json_v1;
use crate::report::json_v1::EstimateV1;
use crate::report::json_v1::doctor::DiagnosisV1;
use crate::report::json_v1::doctor::ExaminedV1;
use crate::report::text;
use crate::schedule::settings::Settings;
use crate::support::time;
use clap::Args;
use jiff::Timestamp;
use std::path::Path;
use std::path::PathBuf;

/// Lines of one group and level that are printed for people.
const MOST_SHOWN: usize = 40;

/// Look beforehand whether `check` will be able to do its work
///
/// Looks at everything that the settings name: keys, cards and other files and who may read them, folders, room on the disks, the clock, the ledger or the
/// inbox, and, of a recipient, the sources: whether they are reached, which rights are missing, with the GRANT statements, which gaps a scan would have, and about
/// how long it would take. Each thing is fine, doubtful (it works, but …) or wrong. Nothing is changed, and nothing is written.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua doctor --config /etc/residua/residua.toml

Run it as the user, and with the credentials, with which `check` runs: what
another user may do says nothing. `residua check --help` has the form of the
file.

Exit codes: 0, or 1 where something is wrong.")]
pub(crate) struct Arguments {
    /// The file that `residua check` is given
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Nothing is to be done.
    Fine,
    /// It works, but somebody should see to it.
    Doubtful,
    /// It does not work.
    Wrong,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Fine => "fine",
            Level::Doubtful => "doubtful",
            Level::Wrong => "wrong",
        }
    }
}

/// What sort of thing was looked at; in this order they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Files,
    Folders,
    Ledger,
    Inbox,
    Clock,
    Sources,
    Time,
}

impl Group {
    const ALL: [Group; 7] =
        [Group::Files, Group::Folders, Group::Ledger, Group::Inbox, Group::Clock, Group::Sources, Group::Time];

    fn word(self) -> &'static str {
        match self {
            Group::Files => "files",
            Group::Folders => "folders",
            Group::Ledger => "ledger",
            Group::Inbox => "inbox",
            Group::Clock => "clock",
            Group::Sources => "sources",
            Group::Time => "time",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Group::Files => "Files",
            Group::Folders => "Folders",
            Group::Ledger => "Ledger",
            Group::Inbox => "Inbox",
            Group::Clock => "Clock",
            Group::Sources => "Sources",
            Group::Time => "Time",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Diagnosis {
    level: Level,
    group: Group,
    /// Which file, folder, challenge, source or table.
    about: String,
    what: String,
    /// What to do; may be empty.
    advice: String,
    /// The word of the gap that a scan would have.
    gap: Option<String>,
    /// Statements for an administrator.
    statements: String,
}

/// Everything that was looked at so far.
struct Examination<'a> {
    context: &'a Context,
    /// The folder from which paths are meant.
    base: PathBuf,
    now: Timestamp,
    diagnoses: Vec<Diagnosis>,
    estimate: Option<EstimateV1>,
}

impl Examination<'_> {
    /// A path of the settings.
    fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn note(&mut self, level: Level, group: Group, about: impl Into<String>, what: impl Into<String>, advice: impl Into<String>) {
        let (about, what, advice) = (about.into(), what.into(), advice.into());
        self.diagnoses.push(Diagnosis { level, group, about, what, advice, gap: None, statements: String::new() });
    }

    fn fine(&mut self, group: Group, about: impl Into<String>, what: impl Into<String>) {
        self.note(Level::Fine, group, about, what, "");
    }

    /// Something failed that `check` would fail at too.
    fn failed(&mut self, group: Group, about: impl Into<String>, error: &anyhow::Error) {
        let (what, advice) = told(&failure::render(error));
        self.note(Level::Wrong, group, about, what, advice);
    }

    /// The result of a look: what was found is returned, and what failed is noted.
    fn look<T>(&mut self, group: Group, about: &str, result: anyhow::Result<T>) -> Option<T> {
        result.map_err(|error| self.failed(group, about, &error)).ok()
    }

    fn count(&self, level: Level) -> usize {
        self.diagnoses.iter().filter(|diagnosis| diagnosis.level == level).count()
    }
}

/// What a failure says, in one line, and what it advises, from its text.
fn told(text: &str) -> (String, String) {
    let (mut what, mut advice) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("  help: ") {
            help.clone_into(&mut advice);
        } else if let Some(error) = line.strip_prefix("error: ").filter(|_| what.is_empty()) {
            error.clone_into(&mut what);
        } else if let Some(cause) = line.strip_prefix("  cause: ") {
            what.push_str(": ");
            what.push_str(cause);
        }
    }
    (what, advice)
}

/// Looks.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let (settings, base) = settled::read(&arguments.config)?;
    let now = context.now();
    let mut examination = Examination { context, base, now, diagnoses: Vec::new(), estimate: None };
    let it = &mut examination;
    files::examine(it, &arguments.config, &settings);
    clock(it, &settings);
    let mut needed = 0;
    if let Some(own) = &settings.originator {
        originator::examine(it, own, &settings.environment);
    }
    if let Some(own) = &settings.recipient {
        let inbox = recipient::examine(it, own, settings.hours.as_ref());
        context.check_interrupted()?;
        needed = inbox.needed;
        sources::examine(it, own, &settings, &inbox);
        estimate::examine(it, settings.hours.as_ref(), &inbox);
    }
    context.check_interrupted()?;
    folders::examine(it, &settings, needed);
    // Of one group and level they stay in the order in which they were found; a person wants to see first what is to be done.
    examination.diagnoses.sort_by_key(|diagnosis| (diagnosis.group, std::cmp::Reverse(diagnosis.level)));
    let code = if examination.count(Level::Wrong) > 0 { ExitCode::Error } else { ExitCode::Clear };
    match context.format {
        Format::Text => print(&examination)?,
        Format::Json => context.print(&json_v1::write(&json(examination, code)))?,
    }
    Ok(code)
}

/// Whether the clock goes back: what the last run noted is asked in the way in which `check` asks it.
fn clock(it: &mut Examination<'_>, settings: &Settings) {
    let state = settings.originator.as_ref().map(|own| &own.state).or(settings.recipient.as_ref().map(|own| &own.state));
    let Some(state) = state.map(|state| it.path(state)) else { return };
    let now = time::format(it.now);
    match State::open(&state, it.now, true) {
        Ok(_) => it.fine(Group::Clock, "the clock", format!("says {now}, and no check was at a later time")),
        Err(error) => it.failed(Group::Clock, "the clock", &error),
    }
}

fn print(examination: &Examination<'_>) -> anyhow::Result<()> {
    let context = examination.context;
    for group in Group::ALL {
        let of_group = || examination.diagnoses.iter().filter(|diagnosis| diagnosis.group == group);
        let is_shown = |level: Level| level > Level::Fine || !context.is_quiet;
        if !of_group().any(|diagnosis| is_shown(diagnosis.level)) {
            continue;
        }
        context.say(&format!("{}\n", group.title()))?;
        for level in [Level::Wrong, Level::Doubtful, Level::Fine] {
            let all: Vec<&Diagnosis> = of_group().filter(|diagnosis| diagnosis.level == level && is_shown(level)).collect();
            let shown = if context.is_verbose { all.len() } else { MOST_SHOWN.min(all.len()) };
            for diagnosis in all.iter().take(shown) {
                context.say(&words(diagnosis))?;
                // As they are: a statement that was broken for a terminal could be another one.
                context.print(&diagnosis.statements)?;
            }
            if all.len() > shown {
                context.say(&format!("  {:<8}  … and {} more, which `--verbose` shows\n", level.word(), all.len() - shown))?;
            }
        }
        context.say("\n")?;
    }
    let count = |level: Level| format!("{} {}", examination.count(level), level.word());
    context.say(&format!("{}, {}, {}.\n", count(Level::Wrong), count(Level::Doubtful), count(Level::Fine)))
}

fn words(diagnosis: &Diagnosis) -> String {
    let gap = diagnosis.gap.as_ref().map_or_else(String::new, |gap| format!(" [{gap}]"));
    let mut words = format!(
        "  {:<8}  {}{gap}: {}\n",
        diagnosis.level.word(),
        text::clean_long(&diagnosis.about),
        text::clean_long(&diagnosis.what)
    );
    if !diagnosis.advice.is_empty() {
        words.push_str(&format!("            {}\n", text::clean_long(&diagnosis.advice)));
    }
    words
}

fn json(examination: Examination<'_>, code: ExitCode) -> ExaminedV1 {
    ExaminedV1 {
        version: json_v1::VERSION,
        at: time::format(examination.now),
        exit_code: code as u8,
        fine: examination.count(Level::Fine),
        doubtful: examination.count(Level::Doubtful),
        wrong: examination.count(Level::Wrong),
        diagnoses: (examination.diagnoses.into_iter())
            .map(|diagnosis| DiagnosisV1 {
                level: diagnosis.level.word(),
                group: diagnosis.group.word(),
                about: diagnosis.about,
                gap: diagnosis.gap,
                what: diagnosis.what,
                advice: diagnosis.advice,
                statements: diagnosis.statements,
            })
            .collect(),
        estimate: examination.estimate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_its_causes_and_its_advice_apart() {
        let text = "note: x\nerror: cannot open `a`\n  cause: it is a folder\n  help: name a file\n";
        assert_eq!(told(text), ("cannot open `a`: it is a folder".to_owned(), "name a file".to_owned()));
        assert_eq!(told(""), (String::new(), String::new()));
    }
}
