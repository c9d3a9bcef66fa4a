//! The folders that settings name: whether files can be brought, kept and put aside there, and whether there is room for them.

use crate::cli::context;
use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::failure;
use crate::report::text;
use crate::schedule::settings::Settings;
use crate::support::place;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Room below which a run may end in the middle of what it writes: an attestation has at most 64 MiB, and most have a few kilobytes.
const LEAST: u64 = 16 << 20;

/// As many times the least room is no cause for doubt, where what is needed fits in besides.
const AMPLE: u64 = 4;

/// Looks at all of them. `needed` are the bytes that answers and findings may take.
pub(super) fn examine(it: &mut Examination<'_>, settings: &Settings, needed: u64) {
    let (inbox, outbox, state) = match (&settings.originator, &settings.recipient) {
        (Some(own), _) => (&own.inbox, &own.outbox, &own.state),
        (None, Some(own)) => (&own.inbox, &own.outbox, &own.state),
        (None, None) => return,
    };
    let about = |what: &str, path: &Path| format!("the {what} `{}`", path.display());
    let name = about("inbox", inbox);
    let inbox = it.path(inbox);
    let asides = ["done", "refused"].map(|aside| inbox.join(aside));
    let asides = asides.iter().filter(|aside| aside.symlink_metadata().is_ok());
    let is_open = place::may_read(&inbox).and_then(|()| folder(&inbox));
    match asides.fold(is_open, |so_far, aside| so_far.and_then(|()| folder(aside))) {
        Ok(()) => it.fine(Group::Folders, name, "files can be read, and moved aside"),
        Err(error) => refused(it, name, &error, "files in it have to be read, and moved into `done` and `refused` in it"),
    }
    let name = about("outbox", outbox);
    let outbox = it.path(outbox);
    match folder(&outbox) {
        Ok(()) => it.fine(Group::Folders, name, "files can be written"),
        Err(error) if error.kind() == io::ErrorKind::NotFound && can_be_made(&outbox) => {
            let advice = "see that the path is right: whoever brings files to the other party has to find them";
            it.note(Level::Doubtful, Group::Folders, name, "is not there, and is made when something goes out", advice);
        }
        Err(error) => unmade(it, name, &error, "let this user write there"),
    }
    let name = about("state", state);
    let state = it.path(state);
    match folder(&state) {
        Ok(()) if place::others(&state).is_ok_and(|others| others.have_any) => {
            let what = "others than its owner may look into it, and a check refuses it: what is kept there is for nobody else";
            it.note(Level::Wrong, Group::Folders, name, what, format!("`chmod 700 {}`", state.display()));
        }
        Ok(()) => it.fine(Group::Folders, name, "files can be written, for their owner alone"),
        Err(error) if error.kind() == io::ErrorKind::NotFound && can_be_made(&state) => {
            it.fine(Group::Folders, name, "is made by the first run, for its owner alone");
        }
        Err(error) => unmade(it, name, &error, "let this user write there, and nobody else"),
    }
    if let Some(metrics) = &settings.metrics {
        // Written beside its place and renamed.
        beside(it, about("metrics", metrics), metrics, false);
    }
    if let Some(log) = &settings.log {
        beside(it, about("log", log), log, true);
    }
    let mut places = vec![("state", state), ("outbox", outbox)];
    if let Some(own) = &settings.originator {
        // Where there is none, the ledger was said to be missing.
        let ledger = own.ledger.as_ref().map(|ledger| it.path(ledger)).or_else(|| context::ledger_folder(None).ok());
        places.extend(ledger.map(|ledger| ("ledger", ledger)));
    }
    for (what, place) in places {
        room(it, what, &place, needed);
    }
}

fn refused(it: &mut Examination<'_>, about: String, error: &io::Error, advice: &str) {
    it.note(Level::Wrong, Group::Folders, about, failure::words(error), advice);
}

/// What is said of a folder that a run would make, where it were not refused.
fn unmade(it: &mut Examination<'_>, about: String, error: &io::Error, advice: &str) {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let what = "is not there, and this user may not make it";
            it.note(Level::Wrong, Group::Folders, about, what, "make the folder, for this user");
        }
        _ => refused(it, about, error, advice),
    }
}

/// Whether files can be made in a folder.
fn folder(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() { place::may_write(path) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// The folder that is there, of those above a path.
fn above(path: &Path) -> PathBuf {
    path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Whether a folder that is not there can be made.
fn can_be_made(path: &Path) -> bool {
    path.symlink_metadata().is_err() && place::may_write(&above(path)).is_ok()
}

/// Whether a file can be written, or added to.
fn beside(it: &mut Examination<'_>, about: String, path: &Path, is_added_to: bool) {
    let path = it.path(path);
    let parent = path.parent().unwrap_or(Path::new("/"));
    let result = match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        Ok(_) if is_added_to => place::may_write(&path),
        _ => folder(parent),
    };
    match result {
        Ok(()) => it.fine(Group::Folders, about, "can be written"),
        Err(error) => refused(it, about, &error, "make its folder, and let this user write there"),
    }
}

/// Whether a disk has room.
fn room(it: &mut Examination<'_>, what: &str, path: &Path, needed: u64) {
    let about = format!("the disk of the {what}");
    let expected = LEAST.saturating_add(needed);
    match place::room(&above(path)) {
        Ok(Some(room)) => {
            let words =
                format!("has room for {}; about {} may be needed, as an estimate", text::bytes(room), text::bytes(expected));
            let (level, advice) = judge(room, expected);
            it.note(level, Group::Folders, about, words, advice);
        }
        // The system does not say.
        Ok(None) => {}
        Err(error) => refused(it, about, &error, "see that the disk is there"),
    }
}

fn judge(room: u64, expected: u64) -> (Level, &'static str) {
    match room {
        _ if room < LEAST => (Level::Wrong, "make room"),
        _ if room < expected.max(AMPLE * LEAST) => (Level::Doubtful, "make room: others write to the disk as well"),
        _ => (Level::Fine, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_doubtful_and_less_is_wrong() {
        let of = |room| judge(room, LEAST).0;
        assert_eq!(
            [of(LEAST - 1), of(LEAST), of(4 * LEAST - 1), of(4 * LEAST)],
            [Level::Wrong, Level::Doubtful, Level::Doubtful, Level::Fine]
        );
        assert_eq!((judge(100 * LEAST - 1, 100 * LEAST).0, judge(100 * LEAST, 100 * LEAST).0), (Level::Doubtful, Level::Fine));
    }
}
