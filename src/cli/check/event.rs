//! Events on their way to the hooks. Each is kept in the state folder from the moment it is known until its hook has done its work, so that a run that is
//! killed forgets none of them.

use crate::attestation::dsse::sha256;
use crate::cli::check::state::State;
use crate::report::json_v1;
use crate::report::json_v1::schedule::EventV1;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::time;
use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Events that were not told yet.
const UNTOLD: &str = "untold";

/// Marks of those that were, with the day.
const TOLD: &str = "told";

/// How many days a mark is kept: longer than the same thing could come again.
const KEPT_DAYS: i64 = 400;

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

    /// The event of a conclusion; none of a baseline that found its share.
    pub(super) fn concluded(word: &str, about: &str, message: &str, files: Vec<String>) -> Option<Event> {
        let name = ["clear", "residual", "inconclusive"].into_iter().find(|name| *name == word)?;
        Some(Event { name, about: about.to_owned(), message: message.to_owned(), files })
    }

    /// The same event has the same id. For how many days something is overdue by now makes no other event of it.
    fn id(&self) -> String {
        let message = if self.name == "overdue" { "" } else { &self.message };
        let digest = hex::encode(&sha256(format!("{}\0{}\0{message}", self.name, self.about).as_bytes()));
        digest.get(..32).unwrap_or(&digest).to_owned()
    }

    /// Whether it lasts, and is told once a day as long as it does.
    fn lasts(&self) -> bool {
        matches!(self.name, "overdue" | "error")
    }

    /// What a hook reads.
    pub(super) fn told(&self, now: Timestamp) -> String {
        json_v1::write(&EventV1 {
            version: json_v1::VERSION,
            event: self.name,
            at: time::format(now),
            about: &self.about,
            message: &self.message,
            files: &self.files,
        })
    }
}

/// An event that waits for its hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// `clear` and so on.
    pub(super) name: String,
    path: PathBuf,
}

impl Waiting {
    /// What the hook reads.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

/// Keeps an event, unless it was told before: on this day, if it is one that lasts.
pub(super) fn keep(state: &State, event: &Event, now: Timestamp) -> anyhow::Result<()> {
    let id = event.id();
    let before = fs::read_to_string(state.path(TOLD).join(&id)).ok().and_then(|day| time::parse_day(day.trim()));
    if before.is_some_and(|day| !event.lasts() || day == time::day(now)) {
        return Ok(());
    }
    let path = state.folder(UNTOLD)?.join(format!("{}-{id}.json", event.name));
    // Of what waits and lasts, the newest is told.
    let told = event.told(now);
    if fs::read_to_string(&path).is_ok_and(|waiting| !event.lasts() || waiting == told) {
        return Ok(());
    }
    atomic_file::write(&path, told.as_bytes(), Access::Private, Existing::Replace)
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// The events that wait, the oldest first.
pub(super) fn waiting(state: &State) -> anyhow::Result<Vec<Waiting>> {
    let folder = state.path(UNTOLD);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let reading = || format!("cannot read `{}`", folder.display());
    let mut events = Vec::new();
    for entry in entries {
        let path = entry.with_context(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What was being written when a run was killed begins with a full stop.
        if let Some((name, _)) = name.split_once('-').filter(|(name, _)| !name.starts_with('.')) {
            let at = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
            events.push((at, Waiting { name: name.to_owned(), path }));
        }
    }
    events.sort_by(|(one, first), (other, second)| (one, &first.path).cmp(&(other, &second.path)));
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

/// Notes that an event was told, and forgets it.
pub(super) fn is_told(state: &State, event: &Waiting, day: Date) -> anyhow::Result<()> {
    let id = event.path.file_stem().unwrap_or_default().to_string_lossy();
    let mark = state.folder(TOLD)?.join(id.split_once('-').map_or("", |(_, id)| id));
    atomic_file::write(&mark, format!("{day}\n").as_bytes(), Access::Private, Existing::Replace)
        .with_context(|| format!("cannot write `{}`", mark.display()))?;
    forget(&event.path)
}

/// Forgets an event for which there is no hook.
pub(super) fn is_for_nobody(event: &Waiting) -> anyhow::Result<()> {
    forget(&event.path)
}

/// Removes marks that are too old to be of use.
pub(super) fn prune(state: &State, day: Date) {
    for entry in fs::read_dir(state.path(TOLD)).into_iter().flatten().flatten() {
        let told = fs::read_to_string(entry.path()).ok().and_then(|day| time::parse_day(day.trim()));
        if told.is_none_or(|told| time::days_between(told, day) > KEPT_DAYS) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn forget(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn what_lasts_is_told_once_a_day_and_what_was_concluded_once() {
        let folder = tempfile::tempdir().unwrap();
        let (day, next) = (at("2017-07-01T09:00:00Z"), at("2017-07-02T09:00:00Z"));
        let state = State::open(&folder.path().join("state"), day, false).unwrap().unwrap();
        let overdue = Event { name: "overdue", about: "4f2a".to_owned(), message: "overdue 1 d".to_owned(), files: Vec::new() };
        let residual = Event::concluded("residual", "the deletion challenge", "residual: …", Vec::new()).unwrap();
        assert_eq!(Event::concluded("present", "", "", Vec::new()), None);
        for event in [&overdue, &residual, &overdue] {
            keep(&state, event, day).unwrap();
        }
        let kept = waiting(&state).unwrap();
        assert_eq!(kept.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), ["overdue", "residual"]);
        assert!(fs::read_to_string(&kept[0].path).unwrap().contains("overdue 1 d"));
        for event in &kept {
            is_told(&state, event, time::day(day)).unwrap();
        }
        for event in [&overdue, &residual] {
            keep(&state, event, at("2017-07-01T23:00:00Z")).unwrap();
        }
        assert_eq!(waiting(&state).unwrap(), []);
        for event in [&overdue, &residual] {
            keep(&state, event, next).unwrap();
        }
        assert_eq!(waiting(&state).unwrap().len(), 1);
        prune(&state, time::day(at("2019-07-01T09:00:00Z")));
        keep(&state, &residual, next).unwrap();
        assert_eq!(waiting(&state).unwrap().len(), 2);
    }
}
