//! Whom a run tells: hook commands, a file for Prometheus, a log. None of them gets a value of the data: they are told what the commands said.

use crate::cli::check::Run;
use crate::cli::check::Step;
use crate::cli::check::event;
use crate::cli::check::event::Event;
use crate::cli::check::event::Waiting;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::failure::advised;
use crate::report::json_v1;
use crate::report::json_v1::schedule;
use crate::report::json_v1::schedule::LoggedV1;
use crate::schedule::metrics;
use crate::schedule::metrics::Metrics;
use crate::schedule::settings::Hooks;
use crate::schedule::settings::LogFormat;
use crate::schedule::settings::Settings;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use jiff::Timestamp;
use std::fs::File;
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

/// Tells the hooks what waits for them. What cannot be told is an error of the run, and waits for the next one: who relies on being told has to hear of it
/// somewhere.
pub(super) fn hooks(run: &mut Run<'_>) -> anyhow::Result<()> {
    let day = time::day(run.now);
    for waiting in event::waiting(&run.state)? {
        let command = hook(&run.hooks, &waiting.name).to_vec();
        if command.is_empty() {
            event::is_for_nobody(&waiting)?;
            continue;
        }
        if run.deaf.contains(&waiting.name) {
            continue;
        }
        match call(&command, &waiting, run) {
            Ok(()) => event::is_told(&run.state, &waiting, day)?,
            Err(error) => {
                failure::show(&error);
                run.deaf.insert(waiting.name.clone());
                let about = format!("the hook on_{}", waiting.name);
                let result = format!(
                    "{}; it is told again by the next run",
                    error.chain().nth(1).map_or_else(String::new, ToString::to_string)
                );
                run.note(Step { what: "tell", about, code: Some(ExitCode::Error), result, ..Step::default() })?;
            }
        }
    }
    event::prune(&run.state, day);
    Ok(())
}

/// Calls the hook for an error where nothing can be kept for it.
pub(super) fn at_once(settings: &Settings, folder: &Path, event: &Event, now: Timestamp) {
    let told = Told::Text(event.told(now));
    if let Err(error) = command(&settings.hooks.on_error, "error", told, folder, patience(&settings.hooks)) {
        failure::show(&error);
    }
}

/// Writes the file for Prometheus.
pub(super) fn metrics(run: &Run<'_>, settings: &Settings, took: Duration) -> anyhow::Result<()> {
    let Some(path) = &settings.metrics else { return Ok(()) };
    let metrics = Metrics {
        finished: run.context.now().as_second(),
        seconds: took.as_secs_f64(),
        code: run.code as u8,
        rows: run.rows,
        outdated: run.outdated,
        supplies: run.supplies.clone(),
    };
    let path = run.path(path);
    // Prometheus runs under an account of its own.
    atomic_file::write(&path, metrics::text(&metrics).as_bytes(), Access::Public, Existing::Replace)
        .with_context(|| format!("cannot write the metrics `{}`", path.display()))
}

pub(super) fn hook<'a>(hooks: &'a Hooks, event: &str) -> &'a [String] {
    match event {
        "clear" => &hooks.on_clear,
        "residual" => &hooks.on_residual,
        "inconclusive" => &hooks.on_inconclusive,
        "overdue" => &hooks.on_overdue,
        _ => &hooks.on_error,
    }
}

fn patience(hooks: &Hooks) -> u64 {
    hooks.timeout_seconds.unwrap_or(PATIENCE)
}

/// What a hook reads on its standard input.
enum Told {
    /// The event as it was kept: the hook has all of it even where the run that called it is killed.
    Kept(File),
    /// What could not be kept.
    Text(String),
}

fn call(words: &[String], waiting: &Waiting, run: &Run<'_>) -> anyhow::Result<()> {
    let told = waiting.open().with_context(|| calling(&waiting.name))?;
    command(words, &waiting.name, Told::Kept(told), &run.base, patience(&run.hooks))
}

fn calling(event: &str) -> String {
    format!("the hook on_{event} did not do its work")
}

/// Runs a hook with the event on its standard input, and ends it when its time is over.
fn command(words: &[String], event: &str, told: Told, folder: &Path, patience: u64) -> anyhow::Result<()> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let calling = || calling(event);
    let (stdin, told) = match told {
        Told::Kept(file) => (Stdio::from(file), String::new()),
        Told::Text(text) => (Stdio::piped(), text),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(stdin)
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

/// Adds a line to the log for a step, or for the end.
pub(super) fn log(run: &Run<'_>, step: &Step) -> anyhow::Result<()> {
    let Some((path, format)) = &run.log else { return Ok(()) };
    let at = time::format(run.context.now());
    let line = match format {
        LogFormat::Text => {
            let code = step.code.map_or_else(String::new, |code| format!(" [{}]", code as u8));
            let about = if step.about.is_empty() { String::new() } else { format!(" {}", clean(&step.about)) };
            let why = if step.why.is_empty() { String::new() } else { format!(" ({})", clean(&step.why)) };
            let result = if step.result.is_empty() { String::new() } else { format!(": {}", clean(&step.result)) };
            format!("{at} {}{code}{about}{why}{result}\n", step.what.replace(' ', "-"))
        }
        LogFormat::Json => schedule::line(&LoggedV1 {
            version: json_v1::VERSION,
            at,
            what: step.what.replace(' ', "_"),
            about: &step.about,
            why: &step.why,
            exit_code: step.code.map(|code| code as u8),
            result: &step.result,
        }),
    };
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .with_context(|| format!("cannot write the log `{}`", path.display()))
}
