//! `schedule install`: what an administrator sets up, so that `check` is run. It is printed and, on request, written; nothing is started or switched on.

use crate::cli::check::settled;
use crate::cli::context;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure;
use crate::cli::failure::advised;
use crate::cli::schedule::analyze;
use crate::cli::schedule::analyze::Verdict;
use crate::report::json_v1;
use crate::report::json_v1::set_up::SetUpFileV1;
use crate::report::json_v1::set_up::SetUpV1;
use crate::report::text::clean_long;
use crate::schedule::crontab;
use crate::schedule::crontab::Every;
use crate::schedule::hours::Hours;
use crate::schedule::quoting;
use crate::schedule::quoting::QuotingError;
use crate::schedule::reach::Reach;
use crate::schedule::settings::Settings;
use crate::schedule::unit;
use crate::schedule::unit::Setup;
use crate::source::is_server;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use anyhow::Context as _;
use clap::Args;
use clap::ValueEnum;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// Print what an administrator sets up, so that checks run by themselves
///
/// A service and a timer of systemd, or a line of a crontab. The result alone is on standard output; what remains to be done is said on standard error. Nothing is started.
///
/// The service is closed in: the file system is read-only but for what a check writes by these settings, there is no network unless a source is a server or a hook is set, no
/// privilege is gained. Where `systemd-analyze` is installed, it reads the units first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua schedule install --config residua.toml --systemd --user residua
  residua schedule install --config crm.toml --systemd --user residua \\
      --name crm --write /etc/systemd/system
  residua schedule install --config residua.toml --cron
  residua schedule install --config residua.toml --cron --user residua \\
      --write /etc/cron.d

Exit codes: 0, or 1 when it could not be done.")]
pub(crate) struct Arguments {
    /// The file of settings of `residua check`
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A service and a timer of systemd
    #[arg(long, required_unless_present = "cron", conflicts_with = "cron")]
    systemd: bool,
    /// A line of a crontab: of `/etc/cron.d` where `--user` is given, else of a user's own
    #[arg(long)]
    cron: bool,
    /// The account under which checks run, by name or number. It owns the private key, reads the sources and writes the inbox, the outbox and the state.
    /// A service has none by default, since the default of systemd is root
    #[arg(long, value_name = "NAME", required_unless_present = "cron")]
    user: Option<String>,
    /// Under which name it is set up, where a machine has several: `NAME-check`
    #[arg(long, value_name = "NAME", default_value = "residua")]
    name: String,
    /// How often a check runs
    #[arg(long, value_enum, value_name = "hour|day", default_value_t = EveryArgument::Hour, hide_possible_values = true)]
    every: EveryArgument,
    /// When the timer starts a check instead, in the words of systemd.time(7): `*-*-* 02:30:00 UTC`
    #[arg(long, value_name = "TIMES", conflicts_with_all = ["cron", "every"])]
    on_calendar: Option<String>,
    /// Write the files into this folder as well, all or none
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long, requires = "write")]
    force: bool,
}

/// How often, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EveryArgument {
    /// Every hour.
    Hour,
    /// Once a day.
    Day,
}

/// Prints, and writes where that is wished.
pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let (settings, base) = settled::read(&arguments.config)?;
    let config = base.join(arguments.config.file_name().unwrap_or(OsStr::new(".")));
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let program = fs::canonicalize(&program).unwrap_or(program);
    let usual = settings.originator.as_ref().is_some_and(|own| own.ledger.is_none());
    let ledger = match settings.originator.as_ref().map(|own| &own.ledger) {
        Some(Some(ledger)) => Some(settle(&base.join(ledger))),
        Some(None) => Some(settle(&std::path::absolute(context::ledger_folder(None)?).context("cannot find the ledger")?)),
        None => None,
    };
    let settle_from_base = |path: &Path| settle(&base.join(path));
    let reach = Reach::of(&settings, (&program, &config, ledger.as_deref()), settle_from_base, is_server);
    let hours = settings.hours.as_ref();
    check_sense(arguments, &reach, hours)?;
    let hours_words = hours.map(Hours::words);
    let setup = Setup {
        name: &arguments.name,
        program: &program,
        config: &config,
        user: arguments.user.as_deref(),
        ledger: ledger.as_deref().filter(|_| usual),
        reach: &reach,
        hours: hours_words.as_deref(),
    };
    let files = render(arguments, &setup).map_err(unwritable)?;
    let (verified, complaints) = if arguments.cron { (None, Vec::new()) } else { ask_systemd(arguments, &files)? };
    let written = match &arguments.write {
        Some(folder) => write(folder, &files, arguments.force)?,
        None => Vec::new(),
    };
    let notes = notes(arguments, &setup, &settings, verified, !written.is_empty());
    if context.format == Format::Json {
        let files = files.into_iter().enumerate().map(|(number, (name, content))| SetUpFileV1 {
            name,
            content,
            written: written.get(number).map(|path| path.display().to_string()),
        });
        let files = files.collect();
        context.print(&json_v1::write(&SetUpV1 { version: json_v1::VERSION, files, verified, complaints, notes }))?;
        return Ok(ExitCode::Clear);
    }
    let texts: Vec<&str> = files.iter().map(|(_, content)| content.as_str()).collect();
    context.print(&texts.join("\n"))?;
    for complaint in complaints {
        context.warn(&format!("systemd says: {}", clean_long(&complaint)))?;
    }
    if !context.is_quiet {
        for note in &notes {
            failure::note(note);
        }
    }
    Ok(ExitCode::Clear)
}

/// What cannot work is refused here, where a person sees it, and not by the first run, which nobody watches.
fn check_sense(arguments: &Arguments, reach: &Reach, hours: Option<&Hours>) -> anyhow::Result<()> {
    quoting::name(&arguments.name).map_err(unwritable)?;
    if arguments.cron && !reach.credentials.is_empty() {
        return Err(advised(
            format!("cron hands out no credentials, and the settings take `{}` from one", reach.credentials.join("`, `")),
            "use `--systemd`, or say `{ file = … }` in the settings",
        ));
    }
    if arguments.every == EveryArgument::Day && hours.is_some() {
        return Err(advised(
            "the settings have `[hours]`, which one run a day may miss",
            "let it run every hour: what is not due is not done, and scans keep to their hours",
        ));
    }
    if arguments.cron && arguments.write.is_some() && arguments.user.is_none() {
        return Err(advised(
            "a file for `/etc/cron.d` names the account in each line",
            "give it with `--user NAME`; or add what is printed without `--write` to a user's own crontab, by `crontab -e`",
        ));
    }
    if let Some(times) = &arguments.on_calendar {
        quoting::calendar(times).map_err(unwritable)?;
        if analyze::understands_calendar(times)? == Some(false) {
            return Err(advised(
                format!("systemd does not understand the times `{times}`"),
                "see `systemd-analyze calendar` and systemd.time(7)",
            ));
        }
    }
    Ok(())
}

/// A path or word that cannot stand where it has to.
fn unwritable(error: QuotingError) -> anyhow::Error {
    let help = match &error {
        QuotingError::Path { .. } => "give it another name or place, and name that in the settings",
        QuotingError::Word { .. } => "see `residua schedule install --help`",
    };
    advised(error, help)
}

/// The files, by their names.
fn render(arguments: &Arguments, setup: &Setup<'_>) -> Result<Vec<(String, String)>, QuotingError> {
    let every = match arguments.every {
        EveryArgument::Hour => Every::Hour,
        EveryArgument::Day => Every::Day,
    };
    if arguments.cron {
        // Many machines have the same path of the settings, but not the same number.
        let machine = fs::read("/etc/machine-id").unwrap_or_default();
        return Ok(vec![(crontab::file_name(setup.name), crontab::text(setup, every, &machine)?)]);
    }
    Ok(vec![
        (unit::service_name(setup.name), unit::service(setup)?),
        (unit::timer_name(setup.name), unit::timer(setup, every, arguments.on_calendar.as_deref())?),
    ])
}

/// Whether systemd takes the files, and what it says against them.
fn ask_systemd(arguments: &Arguments, files: &[(String, String)]) -> anyhow::Result<(Option<bool>, Vec<String>)> {
    match analyze::verify(files)? {
        Verdict::NotThere => Ok((None, Vec::new())),
        Verdict::Said(complaints) if complaints.is_empty() => Ok((Some(true), complaints)),
        Verdict::Said(complaints) if arguments.write.is_some() && !arguments.force => {
            let said: Vec<String> = complaints.iter().map(|complaint| clean_long(complaint)).collect();
            Err(advised(
                format!("systemd finds fault with the units, and nothing was written: {}", said.join("; ")),
                "see to that, or write them in spite of it with `--force`",
            ))
        }
        Verdict::Said(complaints) => Ok((Some(false), complaints)),
    }
}

/// Writes all files or none, and says where they stand.
fn write(folder: &Path, files: &[(String, String)], is_forced: bool) -> anyhow::Result<Vec<PathBuf>> {
    let existing = if is_forced { Existing::Replace } else { Existing::Keep };
    let mut begun = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        let mut file = AtomicFile::create(&path, Access::Public, existing).map_err(|error| not_written(&path, &error))?;
        file.write_all(content.as_bytes()).map_err(|error| not_written(&path, &error))?;
        begun.push((path, file));
    }
    let mut done: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (path, file) in begun {
        let before = fs::read(&path).ok();
        if let Err(error) = file.commit() {
            // A timer without its service, or one of another day, would be worse than none.
            for (path, before) in done {
                let _ = match before {
                    Some(before) => fs::write(&path, before),
                    None => fs::remove_file(&path),
                };
            }
            return Err(not_written(&path, &error));
        }
        done.push((path, before));
    }
    Ok(done.into_iter().map(|(path, _)| path).collect())
}

fn not_written(path: &Path, error: &io::Error) -> anyhow::Error {
    let help = match error.kind() {
        io::ErrorKind::AlreadyExists => "`--force` replaces it; another `--name` sets up another",
        io::ErrorKind::PermissionDenied => "run it as an administrator, or write into another folder and move the files",
        _ => "nothing was written; see to the folder that `--write` names",
    };
    advised(failure::words(error), help).context(format!("cannot write `{}`", path.display()))
}

/// What remains to be done, or to be known.
fn notes(arguments: &Arguments, setup: &Setup<'_>, settings: &Settings, verified: Option<bool>, is_written: bool) -> Vec<String> {
    let reach = setup.reach;
    let mut notes = Vec::new();
    let base = setup.config.parent().unwrap_or(Path::new("/"));
    let metrics = settings.metrics.as_ref().map(|metrics| settle(&base.join(metrics)));
    let user = setup.user.map(|user| format!("-o {user} ")).unwrap_or_default();
    for folder in reach.written.iter().filter(|folder| !folder.is_dir()) {
        let mode = if metrics.as_ref().is_some_and(|metrics| metrics.parent() == Some(folder)) { "0755" } else { "0700" };
        let folder = folder.display().to_string();
        let quoted = folder.replace('\'', "'\\''");
        notes.push(format!("the folder `{folder}` is not there yet; make it first: install -d -m {mode} {user}'{quoted}'"));
    }
    if let Some(ledger) = setup.ledger {
        notes.push(format!(
            "the settings name no ledger, so that it is the usual one of who asks, `{}`; name it there if the account is another",
            ledger.display()
        ));
    }
    for name in &reach.credentials {
        notes.push(format!("put the value of the credential `{name}` into `{}/{name}`, for root alone", unit::CREDENTIALS));
    }
    for name in &reach.variables {
        notes.push(format!("the settings take `{name}` from the environment, in which it has to be set"));
    }
    if !reach.kept_apart().is_empty() && !arguments.cron {
        notes.push(
            "the settings, the key or a source lie in a folder that is written; the unit keeps them read-only, and a folder of \
             their own would be better"
                .to_owned(),
        );
    }
    if reach.needs_temporary() {
        notes.push("the settings name files below /tmp or /var/tmp, where the system may remove them at any time".to_owned());
    }
    if settings.hours.is_some_and(|hours| hours.is_short()) {
        notes.push(
            "the hours of the settings are shorter than one, so that a run every hour may miss them: make them longer".to_owned(),
        );
    }
    if let Some(own) = settings.originator.as_ref().map(|own| &own.key).or(settings.recipient.as_ref().map(|own| &own.key)) {
        notes.extend(setup.user.and_then(|user| strange_owner(&base.join(own), user)));
    }
    if arguments.cron {
        notes.push(match (is_written, setup.user) {
            (true, _) => "cron reads the file by itself".to_owned(),
            (false, Some(_)) => format!("this is for a file in /etc/cron.d, such as {}", crontab::file_name(setup.name)),
            (false, None) => "add it by `crontab -e`, as the user who owns the key".to_owned(),
        });
        return notes;
    }
    let timer = unit::timer_name(setup.name);
    let first = if is_written { "" } else { "put the files into /etc/systemd/system, each under its name (`--write` does); " };
    notes.push(format!("{first}to switch it on: systemctl daemon-reload, then systemctl enable --now {timer}"));
    notes.push(
        match verified {
            Some(true) => "systemd read the units and found no fault",
            Some(false) => "systemd found fault with the units",
            None => "`systemd-analyze` is not on this machine, so that nothing but residua has read the units",
        }
        .to_owned(),
    );
    notes
}

/// That the key belongs to another account than the one under which it would be read.
#[cfg(unix)]
fn strange_owner(key: &Path, user: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(key).ok()?.uid();
    // Accounts of a directory service are not in the file, and nothing is said of them.
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let number = user.parse::<u32>().ok().or_else(|| {
        let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
        fields.into_iter().find(|fields| fields.first() == Some(&user))?.get(2)?.parse().ok()
    })?;
    (number != owner).then(|| format!("the key `{}` does not belong to `{user}`, who may not be able to read it", key.display()))
}

#[cfg(not(unix))]
fn strange_owner(_key: &Path, _user: &str) -> Option<String> {
    None
}

/// A path without links, `.` and `..`, as far as it is there.
fn settle(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(found), Ok(rest)) = (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return plain(&found.join(rest));
        }
    }
    plain(path)
}

/// A path without `.` and `..`, by its words alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            _ => plain.push(component),
        }
    }
    plain
}
