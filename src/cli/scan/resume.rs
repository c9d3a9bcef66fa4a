//! `scan --resume`: the folder of finished targets, and what is said of it.

use crate::cli::context::Context;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::failure::note;
use crate::cli::failure::words;
use crate::cli::scan::Arguments;
use crate::cli::scan::Prepared;
use crate::cli::scan::answer::own_digest;
use crate::finding::Outcome;
use crate::scan::resume::FolderError;
use crate::scan::resume::Resume;
use crate::support::number;
use crate::support::sanitize::clean;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;

/// Targets that a note names; of more it tells the number.
const MOST_NAMED: usize = 3;

/// Opens the folder of this challenge, where one is asked for.
pub(super) fn open<'a>(
    arguments: &Arguments,
    prepared: &Prepared,
    clock: &'a dyn Fn() -> Timestamp,
) -> anyhow::Result<Option<Resume<'a>>> {
    let Some(folder) = &arguments.resume else { return Ok(None) };
    let using = || format!("cannot use the folder `{}`", folder.display());
    if let Some(source) = arguments.sources.iter().find(|source| holds(Path::new(source), folder)) {
        return Err(advised(
            format!("it lies within the source `{}`, which is read as a whole", clean(source)),
            "name a folder outside of what is scanned",
        )
        .context(using()));
    }
    let challenge = &prepared.challenge.sha256;
    match Resume::open(folder, &prepared.salt, &prepared.nonce, challenge, &conditions(arguments, prepared), clock) {
        Ok(resume) => Ok(Some(resume)),
        Err(FolderError::Unusable(error)) => Err(anyhow::Error::new(error).context(using())),
        Err(error @ FolderError::Shared) => Err(advised(
            error,
            format!("`chmod 700 {}` if it holds nothing else; what is kept there tells which rows were found", folder.display()),
        )
        .context(using())),
    }
}

/// Whether a folder lies in another, or would if it were made.
fn holds(source: &Path, folder: &Path) -> bool {
    let Ok(source) = source.canonicalize() else { return false };
    // The first of those above it that is there; of a relative path, that is at last the folder in which the program runs.
    let above = folder.ancestors().map(|ancestor| if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor });
    let known = above.map(Path::canonicalize).find_map(Result::ok);
    source.is_dir() && known.is_some_and(|known| known.starts_with(source))
}

/// All that this run was told and that may change what is found in a target.
fn conditions(arguments: &Arguments, prepared: &Prepared) -> Vec<String> {
    let manifest = &prepared.statement.statement.predicate;
    vec![
        own_digest().unwrap_or_default(),
        prepared.statement.sha256.clone(),
        manifest.layout.blake3.clone(),
        prepared.configuration.clone(),
        format!("deep {}", arguments.deep),
        // `Debug` shows every flag, those too that are added later. One too many only makes the scan read a file again.
        format!("{:?}", arguments.reading),
        format!("{:?}", arguments.piped),
    ]
}

/// Tells, on standard error, which kept results were not used, and why nothing more is kept.
pub(super) fn tell(resume: &Resume<'_>, context: &Context) {
    let notes = resume.notes();
    if let Some(error) = &notes.failure {
        note(&format!("finished targets are not kept any more for `--resume`: {}", words(error)));
    }
    if context.is_quiet {
        return;
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, why) in &notes.unused {
        reasons.entry(why).or_default().push(name);
    }
    for (why, names) in reasons {
        let mut listed: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{}`", clean(name))).collect();
        if names.len() > MOST_NAMED {
            listed.push(format!("and {} more", names.len() - MOST_NAMED));
        }
        note(&format!("scanned anew, since {why}: {}", listed.join(", ")));
    }
}

/// That the person interrupted the scan, and how it goes on.
pub(super) fn interrupted(arguments: &Arguments, resume: Option<&Resume<'_>>) -> anyhow::Error {
    let kept = resume.map_or(0, Resume::kept);
    let Some(folder) = arguments.resume.as_ref().filter(|_| kept > 0) else { return Interrupted.into() };
    advised(
        "interrupted; no result was written",
        format!(
            "the same command goes on from here: {} {} kept in `{}`",
            number::of(kept as u64, "finished target"),
            if kept == 1 { "is" } else { "are" },
            folder.display()
        ),
    )
}

/// Removes what is kept, once its result is signed.
pub(super) fn finish(arguments: &Arguments, resume: &Resume<'_>) {
    let Some(folder) = arguments.resume.as_ref().filter(|_| arguments.out.is_some()) else { return };
    if let Err(error) = resume.remove() {
        note(&format!(
            "what was kept in `{}` could not all be removed ({}): remove it yourself",
            folder.display(),
            words(&error)
        ));
    }
}

/// What is said of it at the end.
pub(super) fn closing(arguments: &Arguments, outcome: &Outcome) -> String {
    let Some(folder) = &arguments.resume else { return String::new() };
    let taken = outcome.targets.iter().filter(|target| target.resumed.is_some()).count();
    let mut said = String::new();
    if taken > 0 {
        said.push_str(&format!(
            "{} of {} taken over from `{}`.\n",
            number::grouped(taken as u64),
            number::of(outcome.targets.len() as u64, "target"),
            folder.display()
        ));
    }
    if arguments.out.is_none() {
        said.push_str(&format!(
            "Finished files are kept in `{}` (for you alone), for a scan with `--out`, which removes them; or remove them yourself.\n",
            folder.display()
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_within_a_source_is_told_before_it_is_there() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("exports");
        std::fs::create_dir(&source).unwrap();
        assert!(holds(&source, &source));
        assert!(holds(&source, &source.join("kept/deep")));
        assert!(holds(root.path(), &source));
        assert!(!holds(&source, &root.path().join("exports-kept")));
        assert!(!holds(&source, root.path()));
        assert!(!holds(&root.path().join("nowhere"), &root.path().join("nowhere/kept")));
    }
}
