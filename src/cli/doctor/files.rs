//! The files that settings name: whether they are there, of the right kind, and for whom.

use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::cli::challenge::read_declarations;
use crate::cli::check::child::value;
use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::document::read_text;
use crate::cli::failure::advised;
use crate::cli::passphrase;
use crate::intake::map::MapFile;
use crate::schedule::settings::Hooks;
use crate::schedule::settings::Secret;
use crate::schedule::settings::Settings;
use crate::support::place;
use anyhow::Context as _;
use std::path::Path;
use std::path::PathBuf;

/// Looks at all of them.
pub(super) fn examine(it: &mut Examination<'_>, config: &Path, settings: &Settings) {
    let about = named("the settings", config);
    match open(config) {
        Some((level, whom)) => {
            let what = format!("{whom} may write to it, and so choose what is run");
            it.note(level, Group::Files, about, what, format!("`chmod go-w {}`", config.display()));
        }
        None => it.fine(Group::Files, about, "can be used"),
    }
    let key = settings.originator.as_ref().map(|own| &own.key).or(settings.recipient.as_ref().map(|own| &own.key));
    if let Some(key) = key {
        let about = named("the key", key);
        let read = SigningKey::read(&it.path(key)).map_err(anyhow::Error::new);
        if let Some(key) = it.look(Group::Files, &about, read) {
            it.fine(Group::Files, about, format!("is that of `{}`, for its owner alone", key.name()));
        }
    }
    if let Some(own) = &settings.originator {
        if let Some(file) = &own.passphrase_file {
            let about = named("the passphrase", file);
            if it.look(Group::Files, &about, passphrase::read(&it.path(file))).is_some() {
                it.fine(Group::Files, about, "is there, for its owner alone");
            }
        }
        for rule in &own.supply {
            if let Some(file) = &rule.accept {
                declarations(it, named("what is accepted", file), file);
            }
        }
    }
    if let Some(own) = &settings.recipient {
        for file in &own.originators {
            let about = named("the card", file);
            let read = Card::read(&it.path(file)).map_err(anyhow::Error::new);
            if let Some(card) = it.look(Group::Files, &about, read) {
                it.fine(Group::Files, about, format!("is that of `{}`, {}", card.name(), card.fingerprint()));
            }
        }
        if let Some(file) = &own.map {
            let about = named("the map", file);
            let read = read_map(&it.path(file));
            if it.look(Group::Files, &about, read).is_some() {
                it.fine(Group::Files, about, "can be used");
            }
        }
        if let Some(file) = &own.declare {
            declarations(it, named("what is declared", file), file);
        }
    }
    for (name, secret) in &settings.environment {
        environment(it, name, secret);
    }
    hooks(it, &settings.hooks);
}

/// A map file, as a scan reads it.
pub(super) fn read_map(path: &Path) -> anyhow::Result<MapFile> {
    MapFile::parse(&read_text(path, "map file")?).with_context(|| format!("cannot use the map file `{}`", path.display()))
}

/// Whether others than its owner may write to a file, and who they are. A group may be that of the owner alone.
fn open(path: &Path) -> Option<(Level, &'static str)> {
    match place::others(path).ok()? {
        others if others.all_may_write => Some((Level::Wrong, "everybody")),
        others if others.may_write => Some((Level::Doubtful, "its group")),
        _ => None,
    }
}

fn named(what: &str, path: &Path) -> String {
    format!("{what} `{}`", path.display())
}

fn declarations(it: &mut Examination<'_>, about: String, file: &Path) {
    let read = read_declarations(&it.path(file));
    if it.look(Group::Files, &about, read).is_some() {
        it.fine(Group::Files, about, "can be used");
    }
}

/// Whether a variable has a value, which is not told.
fn environment(it: &mut Examination<'_>, name: &str, secret: &Secret) {
    let about = format!("the value of `{name}`");
    let Some(value) = it.look(Group::Files, &about, value(&it.base, name, secret)) else { return };
    let shared = match secret {
        Secret::File(path) => Some(it.path(path)).filter(|path| place::others(path).is_ok_and(|others| others.have_any)),
        // The service manager sees to its credentials, also by lists that the mode does not show.
        Secret::Credential(_) | Secret::Variable(_) => None,
    };
    match shared {
        Some(path) => {
            let what = format!("others than its owner may read `{}`", path.display());
            let advice = "`chmod 600` it, and choose another password: somebody may have read this one";
            it.note(Level::Doubtful, Group::Files, about, what, advice);
        }
        None if value.is_empty() => {
            it.note(Level::Doubtful, Group::Files, about, "is empty", "write it into the first line");
        }
        None => it.fine(Group::Files, about, "is there"),
    }
}

fn hooks(it: &mut Examination<'_>, hooks: &Hooks) {
    let all = [
        ("on_clear", &hooks.on_clear),
        ("on_residual", &hooks.on_residual),
        ("on_inconclusive", &hooks.on_inconclusive),
        ("on_overdue", &hooks.on_overdue),
        ("on_error", &hooks.on_error),
    ];
    for (name, command) in all {
        let Some((program, arguments)) = command.split_first() else { continue };
        let about = format!("the hook {name}");
        let found = find(&it.base, program);
        let Some(file) = it.look(Group::Files, &about, found) else { continue };
        // A script that is given to its interpreter decides as much as a program.
        let scripts = arguments.iter().map(|argument| it.base.join(argument)).filter(|path| path.is_file());
        let files = std::iter::once(file.clone()).chain(scripts);
        let worst =
            files.filter_map(|path| open(&path).map(|(level, whom)| (level, whom, path))).max_by_key(|(level, ..)| *level);
        match worst {
            Some((level, whom, path)) => {
                let what = format!("{whom} may write to `{}`, and so choose what is run", path.display());
                it.note(level, Group::Files, about, what, "`chmod go-w` it");
            }
            None => it.fine(Group::Files, about, format!("runs `{}`", file.display())),
        }
    }
}

/// The file of a program, as the system finds it.
fn find(base: &Path, program: &str) -> anyhow::Result<PathBuf> {
    let starting = || format!("cannot start `{program}`");
    let is_path = Path::new(program).components().count() > 1;
    let path = if is_path {
        base.join(program)
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut files = std::env::split_paths(&folders).map(|folder| folder.join(program));
        files.find(|file| file.is_file() && place::may_run(file).is_ok()).ok_or_else(|| {
            advised("no folder of `PATH` holds such a program", "write its whole path into the settings").context(starting())
        })?
    };
    if path.is_dir() {
        return Err(advised("it is a folder", "name a program").context(starting()));
    }
    let mark = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => advised("this user may not run it", "`chmod u+x` it").context(starting()),
        _ => anyhow::Error::new(error).context(starting()),
    };
    place::may_run(&path).map_err(mark)?;
    Ok(path)
}
