//! Whom a run tells: hook commands, a file for Prometheus, a log. None of them gets a value of the data: they are told what the commands said.

use crate::cli::check::Run;
use crate::cli::check::Step;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::failure::advised;
use crate::report::json_v1;
use crate::report::json_v1::schedule::EventV1;
use crate::schedule::metrics;
use crate::schedule::metrics::Metrics;
use crate::schedule::settings::Hooks;
use crate::schedule::settings::Settings;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// How long a hook may take, where nothing is said.
const PATIENCE: u64 = 30;

/// How often a hook is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// Something that somebody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// `clear`, `residual`, `inconclusive`, `overdue` or `error`.
    pub(super) name: &'static str,
    /// Which supply, challenge or file.
    pub(super) about: String,
    /// In a sentence.
    pub(super) message: String,
    /// Files that were left.
    pub(super) files: Vec<String>,
}

impl Event {
    /// That something went wrong.
    pub(super) fn error(about: &str, message: &str) -> Event {
        Event { name: "error", about: about.to_owned(), message: message.to_owned(), files: Vec::new() }
    }
}

/// Tells everybody. What cannot be told is an error of the run: who relies on being told has to hear of it somewhere.
pub(super) fn tell(run: &mut Run<'_>, settings: &Settings, took: Duration) -> anyhow::Result<()> {
    let events: Vec<Event> = run.steps.iter().filter_map(|step| step.event.clone()).collect();
    for event in events {
        let command = hook(&settings.hooks, event.name);
        if command.is_empty() {
            continue;
        }
        if let Err(error) = call(command, &event, run, settings.hooks.timeout_seconds.unwrap_or(PATIENCE)) {
            run.code = run.code.worst(ExitCode::Error);
            failure::show(&error);
            let about = format!("the hook on_{}", event.name);
            run.steps.push(Step {
                what: "tell",
                about,
                code: Some(ExitCode::Error),
                result: error.to_string(),
                ..Step::default()
            });
        }
    }
    if let Some(path) = &settings.metrics {
        let metrics = Metrics {
            finished: run.now.as_second(),
            seconds: took.as_secs_f64(),
            code: run.code as u8,
            rows: run.rows,
            supplies: run.supplies.clone(),
        };
        let path = run.path(path);
        // Prometheus runs under an account of its own.
        atomic_file::write(&path, metrics::text(&metrics).as_bytes(), Access::Public, Existing::Replace)
            .with_context(|| format!("cannot write the metrics `{}`", path.display()))?;
    }
    if let Some(path) = &settings.log {
        let path = run.path(path);
        log(&path, run).with_context(|| format!("cannot write the log `{}`", path.display()))?;
    }
    Ok(())
}

fn hook<'a>(hooks: &'a Hooks, event: &str) -> &'a [String] {
    match event {
        "clear" => &hooks.on_clear,
        "residual" => &hooks.on_residual,
        "inconclusive" => &hooks.on_inconclusive,
        "overdue" => &hooks.on_overdue,
        _ => &hooks.on_error,
    }
}

/// Runs a hook with the event on its standard input, and ends it when its time is over.
fn call(command: &[String], event: &Event, run: &Run<'_>, patience: u64) -> anyhow::Result<()> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let calling = || format!("the hook on_{} did not do its work", event.name);
    let told = json_v1::write(&EventV1 {
        version: json_v1::VERSION,
        event: event.name,
        at: time::format(run.now),
        about: &event.about,
        message: &event.message,
        files: &event.files,
    });
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&run.base)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{}`", clean(program)))
        .with_context(calling)?;
    let input = child.stdin.take();
    // A hook that does not read must not hold the run up.
    let writer = std::thread::spawn(move || input.map(|mut input| input.write_all(told.as_bytes())));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().with_context(calling)? {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(patience) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(advised(
                format!("`{}` took more than {patience} seconds and was ended", clean(program)),
                "see `timeout_seconds`",
            )
            .context(calling()));
        }
        std::thread::sleep(LOOK);
    };
    // It may have ended without reading to the end.
    let _ = writer.join();
    if status.success() {
        return Ok(());
    }
    let how = status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
    Err(advised(format!("`{}` {how}", clean(program)), "run it by hand; it gets JSON on standard input").context(calling()))
}

/// A line for each step, and one for the end.
fn log(path: &Path, run: &Run<'_>) -> std::io::Result<()> {
    let at = time::format(run.now);
    let mut text = String::new();
    for step in &run.steps {
        let code = step.code.map_or_else(String::new, |code| format!(" [{}]", code as u8));
        let why = if step.why.is_empty() { String::new() } else { format!(" ({})", clean(&step.why)) };
        let result = if step.result.is_empty() { String::new() } else { format!(": {}", clean(&step.result)) };
        text.push_str(&format!("{at} {}{code} {}{why}{result}\n", step.what.replace(' ', "-"), clean(&step.about)));
    }
    text.push_str(&format!("{at} end [{}]\n", run.code as u8));
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}
