//! The recipient's inbox: what would become of each challenge and manifest in it, by all that a scan checks before its first row.

use crate::cli::Cli;
use crate::cli::Command;
use crate::cli::check::inbox::ANSWERS;
use crate::cli::check::inbox::Asked;
use crate::cli::check::inbox::about;
use crate::cli::check::inbox::answer_name;
use crate::cli::check::inbox::look_into;
use crate::cli::check::recipient::scan_words;
use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::removal;
use crate::cli::scan;
use crate::cli::scan::Rehearsed;
use crate::match_key::MatchKey;
use crate::schedule::hours::Hours;
use crate::schedule::recipient::Known;
use crate::schedule::recipient::Turn;
use crate::schedule::recipient::turn;
use crate::schedule::settings::Recipient;
use crate::support::hex;
use crate::support::time;
use anyhow::Context as _;
use clap::Parser;
use jiff::Timestamp;
use std::path::Path;
use std::path::PathBuf;

/// Bytes of findings for each record that is asked about: two rows of it, and two keys that agree for each.
const PER_RECORD: u64 = 600;

/// What is known of the inbox.
#[derive(Default)]
pub(super) struct Inbox {
    /// The challenges that will be answered, in the order in which they will be.
    pub(super) open: Vec<Open>,
    /// The keys by which will be looked; empty where no challenge says it.
    pub(super) keys: Vec<MatchKey>,
    /// About how many bytes the answers and findings will take.
    pub(super) needed: u64,
}

/// A challenge that will be answered.
pub(super) struct Open {
    pub(super) about: String,
    /// When its scan may begin.
    pub(super) begins: Timestamp,
    /// Until when an answer is accepted.
    pub(super) expires: Timestamp,
}

/// Looks at all that lies in the inbox.
pub(super) fn examine(it: &mut Examination<'_>, own: &Recipient, hours: Option<&Hours>) -> Inbox {
    let mut known = Inbox::default();
    let looked = look_into(&it.base, own).map_err(|error| error.context("it was not looked into"));
    let Some(inbox) = it.look(Group::Inbox, "the inbox", looked) else { return known };
    for (file, why) in &inbox.refused {
        it.note(Level::Wrong, Group::Inbox, shown(it, own, file), format!("would be put aside: {why}"), "ask whom it came from");
    }
    for (file, why) in &inbox.idle {
        it.note(Level::Doubtful, Group::Inbox, shown(it, own, file), *why, "ask whom it came from");
    }
    for (digest, manifest) in &inbox.manifests {
        let about = shown(it, own, manifest);
        let read = removal::read(manifest, it.context).with_context(|| format!("cannot read `{}`", manifest.display()));
        let Some((_, sha256, _)) = it.look(Group::Inbox, &about, read) else { continue };
        if sha256 == hex::encode(digest) {
            it.fine(Group::Inbox, about, "is the manifest that its statement describes");
        } else {
            let what = "is not the manifest that the signed statement beside it describes";
            it.note(Level::Wrong, Group::Inbox, about, what, "have it sent again: it was cut short or altered");
        }
    }
    let mut asked: Vec<&Asked> = inbox.asked.iter().collect();
    asked.sort_by_key(|asked| (&asked.challenge.issued_at, &asked.challenge.challenge_id));
    for asked in asked {
        let manifest = inbox.manifests.get(&asked.manifest);
        challenge(it, own, asked, manifest, hours, &mut known);
    }
    if inbox.asked.is_empty() && inbox.refused.is_empty() {
        it.fine(Group::Inbox, "the inbox", "no challenge waits in it");
    }
    known
}

/// A file's name in the inbox.
fn shown(it: &Examination<'_>, own: &Recipient, file: &Path) -> String {
    format!("`{}`", file.strip_prefix(it.path(&own.inbox)).unwrap_or(file).display())
}

/// What would become of a challenge.
fn challenge(
    it: &mut Examination<'_>,
    own: &Recipient,
    asked: &Asked,
    manifest: Option<&PathBuf>,
    hours: Option<&Hours>,
    known: &mut Inbox,
) {
    let about = about(asked);
    let is_answered = it.path(&own.state).join(ANSWERS).join(answer_name(&asked.challenge.challenge_id)).is_file();
    let turn = turn(&asked.challenge, Known { is_answered, has_manifest: manifest.is_some(), hours }, it.now);
    let begins = match (turn, manifest) {
        (Turn::Answered, _) => return it.fine(Group::Inbox, about, "was answered"),
        (Turn::Over(why), _) => {
            return it.note(Level::Wrong, Group::Inbox, about, why, "ask the originator for a new challenge");
        }
        (Turn::Later(issued, _), _) if time::parse(&asked.challenge.issued_at) == Some(issued) && issued > it.now => {
            let what = format!("says {}, and {about} was issued at {}", time::format(it.now), time::format(issued));
            return it.note(Level::Wrong, Group::Clock, "the clock", what, "set the clock");
        }
        (Turn::Person(why), _) => {
            let advice = "bring the manifest and its statement, which came with the data, into the inbox";
            return it.note(Level::Wrong, Group::Inbox, about, why, advice);
        }
        (Turn::Scan, _) => it.now,
        (Turn::Later(opening, _), _) => opening,
    };
    let Some(manifest) = manifest else { return };
    let rehearsed = rehearse(it, own, asked, manifest);
    let Some(rehearsed) = it.look(Group::Inbox, &about, rehearsed) else { return };
    let what = format!(
        "can be answered: {} records, {} match keys; valid until {}",
        rehearsed.records,
        rehearsed.keys.len(),
        asked.challenge.expires_at
    );
    it.fine(Group::Inbox, &about, what);
    known.needed = known.needed.saturating_add(rehearsed.records.saturating_mul(PER_RECORD));
    for key in rehearsed.keys {
        if !known.keys.contains(&key) {
            known.keys.push(key);
        }
    }
    if let Some(expires) = time::parse(&asked.challenge.expires_at) {
        known.open.push(Open { about, begins, expires });
    }
}

/// Checks what the scan would check, by the words with which `check` would start it.
fn rehearse(it: &Examination<'_>, own: &Recipient, asked: &Asked, manifest: &Path) -> anyhow::Result<Rehearsed> {
    let words = scan_words(&it.base, own, asked, manifest, &it.path(&own.state));
    let command = Cli::try_parse_from(std::iter::once("residua".to_owned()).chain(words)).map(|cli| cli.command);
    match command {
        Ok(Command::Scan(arguments)) => scan::rehearse(&arguments, it.context),
        Ok(_) => anyhow::bail!("the settings make no scan"),
        Err(error) => {
            let text = error.to_string();
            anyhow::bail!("{}", text.lines().next().unwrap_or_default().trim_start_matches("error: "))
        }
    }
}
