//! `check`: what cron or systemd runs on either side. It does what is due, once, by the commands that a person would type.

pub(super) mod child;
mod event;
pub(super) mod inbox;
mod originator;
pub(super) mod outdated;
pub(super) mod recipient;
pub(super) mod settled;
pub(super) mod state;
mod told;

use crate::cli::check::child::Runner;
use crate::cli::check::event::Event;
use crate::cli::check::state::State;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::failure::advised;
use crate::report::json_v1;
use crate::report::json_v1::schedule::CheckedV1;
use crate::report::json_v1::schedule::StepV1;
use crate::report::text;
use crate::schedule::metrics::SupplyMetrics;
use crate::schedule::settings::Hooks;
use crate::schedule::settings::LogFormat;
use crate::schedule::settings::Settings;
use crate::support::number;
use crate::support::sanitize::clean;
use crate::support::time;
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

/// Do what is due, once: for cron or systemd, on either side
///
/// An originator's run takes in what recipients sent, issues the challenges that are due and says what is overdue. A recipient's run answers the challenges in its inbox.
/// Each step is a command of this program that a person could type; `--dry-run` shows them with the reasons and does nothing.
///
/// Two runs never overlap. A run that was killed is picked up by the next one, and a date that was missed is caught up. All dates are UTC days.
#[derive(Args, Debug)]
#[command(after_help = "\
The file of a recipient; paths are meant from its own folder:
  [recipient]
  key = \"keys/party.key\"
  originators = [\"keys/emma.card.json\"]
  inbox = \"inbox\"      # challenges, and manifests with their statements
  outbox = \"outbox\"    # attestations
  state = \"state\"      # what was done, and findings: for nobody else
  sources = [\"postgres://residua@db.example.com/crm\", \"exports\"]
  map = \"map.toml\"
  declare = \"declared.toml\"
  max_rows_per_second = 50000
  [hours]              # in which scans begin, in UTC
  from = \"22:00\"
  to = \"05:00\"
  [environment]        # never a password itself
  PGPASSWORD = { credential = \"crm\" }   # or { file = … }, { variable = … }

The file of an originator:
  [originator]
  key = \"keys/emma.key\"
  ledger = \"ledger\"
  inbox = \"inbox\"      # what recipients sent
  outbox = \"outbox\"    # challenges, and receipts
  state = \"state\"
  recheck_days = 180   # from a clear answer to the next question
  again_days = 7       # from another answer
  [[originator.supply]]
  id = \"4f2a\"
  accept = \"accepted.toml\"

Both may have:
  metrics = \"/var/lib/prometheus/node-exporter/residua.prom\"
  log = \"residua.log\"
  [hooks]              # they get JSON on standard input
  on_residual = [\"/usr/local/bin/tell\", \"dpo@example.com\"]
  on_inconclusive = []
  on_clear = []
  on_overdue = []
  on_error = []
  timeout_seconds = 30
(`metrics`, `log` and `log_format` stand before the first line in brackets.)

Exit codes: the worst of the run: 1 error, 12 a check failed, 11 residual,
10 inconclusive, 13 something is overdue, 0.")]
pub(crate) struct Arguments {
    /// The file that says what is done, as below
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Show what would be done and why, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Ask whether records of this supply came back with a backup that its recipient restored; for an originator, may be repeated
    #[arg(long, value_name = "SUPPLY")]
    restore: Vec<String>,
}

/// One thing that was done, or would be.
#[derive(Clone, Debug, Default)]
struct Step {
    /// What, in a word or two.
    what: &'static str,
    /// About which file, supply or challenge.
    about: String,
    /// Why now.
    why: String,
    /// The command, where there is one.
    command: Vec<String>,
    /// How it ended; `None` where nothing was run.
    code: Option<ExitCode>,
    /// What came of it, in one line.
    result: String,
    /// Whom it is told.
    event: Option<Event>,
}

/// A run.
struct Run<'a> {
    context: &'a Context,
    runner: Runner,
    /// The folder from which paths are meant.
    base: PathBuf,
    now: Timestamp,
    is_dry: bool,
    state: State,
    hooks: Hooks,
    /// Events whose hook failed, which is not called again in this run.
    deaf: BTreeSet<String>,
    log: Option<(PathBuf, LogFormat)>,
    steps: Vec<Step>,
    supplies: Vec<SupplyMetrics>,
    rows: u64,
    /// Supplies of which something is no longer needed.
    outdated: u64,
    code: ExitCode,
}

impl Run<'_> {
    /// A path of the settings.
    fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Notes a step, keeps what is to be told of it, and what its end means for the whole run.
    fn note(&mut self, step: Step) -> anyhow::Result<()> {
        if let Some(code) = step.code {
            self.code = self.code.worst(code);
        }
        if let Some(event) = &step.event {
            self.tell(event)?;
        }
        if self.context.format == Format::Text {
            self.context.say(&words(&step, self.is_dry))?;
        }
        if !self.is_dry {
            told::log(self, &step)?;
        }
        self.steps.push(step);
        Ok(())
    }

    /// Keeps an event for its hook.
    fn tell(&self, event: &Event) -> anyhow::Result<()> {
        if self.is_dry || told::hook(&self.hooks, event.name).is_empty() {
            return Ok(());
        }
        event::keep(&self.state, event, self.now)
    }

    /// Something went wrong that stops this step and no other.
    fn fail(&mut self, what: &'static str, about: String, error: &anyhow::Error) -> anyhow::Result<()> {
        failure::show(error);
        let result = in_one_line(error);
        let event = Some(Event::error(&about, &result));
        self.note(Step { what, about, code: Some(ExitCode::Error), result, event, ..Step::default() })
    }
}

/// An error with its causes.
fn in_one_line(error: &anyhow::Error) -> String {
    let rendered = failure::render(error);
    let lines = rendered.lines().map(str::trim_start).filter(|line| !line.starts_with("help: "));
    lines.map(|line| line.trim_start_matches("error: ").trim_start_matches("cause: ")).collect::<Vec<_>>().join(": ")
}

/// Checks.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let watch = Instant::now();
    let (settings, base) = settled::read(&arguments.config)?;
    let now = context.now();
    if !arguments.restore.is_empty() && settings.originator.is_none() {
        return Err(advised("`--restore` is for an originator", "ask the originator for it: it issues the challenge"));
    }
    let begun = begin(arguments, &settings, &base, now, context).inspect_err(|error| {
        // Nothing can be kept for the next run.
        if !arguments.dry_run {
            told::at_once(&settings, &base, &Event::error("check", &in_one_line(error)), now);
        }
    })?;
    let Some(mut run) = begun else {
        context.explain("Another check is running; nothing was done.\n")?;
        return Ok(ExitCode::Clear);
    };
    if !run.is_dry {
        // Of a run before that was killed.
        told::hooks(&mut run)?;
    }
    let done = match (&settings.originator, &settings.recipient) {
        (Some(originator), _) => originator::run(&mut run, originator, &arguments.restore),
        (None, Some(recipient)) => recipient::run(&mut run, recipient, settings.hours.as_ref()),
        (None, None) => Ok(()),
    };
    if let Err(error) = done {
        run.fail("stop", "this run".to_owned(), &error)?;
    }
    if run.steps.is_empty() {
        context.explain("Nothing is due.\n")?;
    }
    match outdated::find(&settings, &run.base, &settled::state(&settings, &run.base), now) {
        Ok(found) => run.outdated = found.len() as u64,
        Err(error) => run.fail("look", "what is outdated".to_owned(), &error)?,
    }
    if run.outdated > 0 {
        context.explain(&format!(
            "{} {} files that are no longer needed: see `residua schedule outdated`.\n",
            number::of(run.outdated, if run.outdated == 1 { "supply" } else { "supplies" }),
            if run.outdated == 1 { "has" } else { "have" }
        ))?;
    }
    if !run.is_dry {
        told::hooks(&mut run)?;
        run.state.close(now)?;
        told::metrics(&run, &settings, watch.elapsed())?;
        told::log(&run, &Step { what: "end", code: Some(run.code), ..Step::default() })?;
    }
    if context.format == Format::Json {
        context.print(&json_v1::write(&json(&run)))?;
    }
    Ok(run.code)
}

/// Takes what a run needs. `None` where another one is at work.
fn begin<'a>(
    arguments: &Arguments,
    settings: &Settings,
    base: &Path,
    now: Timestamp,
    context: &'a Context,
) -> anyhow::Result<Option<Run<'a>>> {
    let state = settled::state(settings, base);
    let Some(state) = State::open(&state, now, arguments.dry_run)? else { return Ok(None) };
    Ok(Some(Run {
        context,
        runner: Runner::new(base, &settings.environment, context)?,
        base: base.to_owned(),
        now,
        is_dry: arguments.dry_run,
        state,
        hooks: settings.hooks.clone(),
        deaf: BTreeSet::new(),
        log: settings.log.as_ref().map(|path| (base.join(path), settings.log_format)),
        steps: Vec::new(),
        supplies: Vec::new(),
        rows: 0,
        outdated: 0,
        code: ExitCode::Clear,
    }))
}

fn words(step: &Step, is_dry: bool) -> String {
    let mut words =
        format!("{} {}", if is_dry { format!("would {}", step.what) } else { step.what.to_owned() }, clean(&step.about));
    if !step.why.is_empty() {
        words.push_str(&format!(": {}", text::clean_long(&step.why)));
    }
    words.push('\n');
    if !step.command.is_empty() {
        words.push_str(&format!("  residua {}\n", shell(&step.command)));
    }
    if !step.result.is_empty() {
        words.push_str(&format!("  {}\n", text::clean_long(&step.result)));
    }
    words
}

/// A command as it can be pasted into a shell.
fn shell(command: &[String]) -> String {
    let is_plain =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte));
    let quoted =
        command.iter().map(|word| if is_plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) });
    clean_line(&quoted.collect::<Vec<_>>().join(" "))
}

/// A long line made harmless without being cut.
fn clean_line(line: &str) -> String {
    line.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

fn json(run: &Run<'_>) -> CheckedV1 {
    CheckedV1 {
        version: json_v1::VERSION,
        at: time::format(run.now),
        dry_run: run.is_dry,
        exit_code: run.code as u8,
        steps: (run.steps.iter())
            .map(|step| StepV1 {
                what: step.what.replace(' ', "_"),
                about: step.about.clone(),
                why: step.why.clone(),
                command: step.command.clone(),
                exit_code: step.code.map(|code| code as u8),
                result: step.result.clone(),
            })
            .collect(),
    }
}
