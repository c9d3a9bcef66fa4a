//! Files of this program that are to be destroyed: what each is, its digest, and its removal. Whatever is not known for one of ours is left alone.

use crate::attestation::destruction_v1::BASELINE_MANIFEST;
use crate::attestation::destruction_v1::CHALLENGE;
use crate::attestation::destruction_v1::DELETION_MANIFEST;
use crate::attestation::destruction_v1::FINDINGS;
use crate::attestation::destruction_v1::IDENTIFIED;
use crate::attestation::destruction_v1::ItemV1;
use crate::attestation::key::Card;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::Subject;
use crate::cli::context::Context;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::document::statement_path;
use crate::cli::failure::advised;
use crate::cli::verify::IDENTIFIED_HEADER;
use crate::manifest::header;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::report::json_v1::closing::DestroyedItemV1;
use crate::scan::findings;
use crate::support::hex;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;

/// A file that is to be destroyed.
#[derive(Debug)]
pub(super) struct Doomed {
    pub(super) path: PathBuf,
    seen: Seen,
    /// As the record names it.
    pub(super) item: ItemV1,
    /// The supply that it says itself to be of; findings say none.
    pub(super) supply_id: Option<String>,
    /// The manifest that it is, or is about.
    pub(super) manifest: Option<(PhaseGroup, Subject)>,
}

/// What the files are. Nothing is removed before all were looked at.
pub(super) fn recognise(paths: &[PathBuf], originator: &Card, context: &Context) -> anyhow::Result<Vec<Doomed>> {
    let mut doomed: Vec<Doomed> = Vec::new();
    for path in paths {
        let next = recognise_one(path, originator, context)?;
        if doomed.iter().any(|known| known.seen == next.seen) {
            return Err(advised(
                format!("`{}` is named twice, and nothing was destroyed", path.display()),
                "name each file once",
            ));
        }
        doomed.push(next);
    }
    Ok(doomed)
}

fn recognise_one(path: &Path, originator: &Card, context: &Context) -> anyhow::Result<Doomed> {
    let looking = || format!("cannot destroy `{}`", path.display());
    let seen = Seen::of(path).with_context(looking)?;
    let (start, sha256, blake3) = read(path, context).with_context(looking)?;
    let path = path.to_owned();
    if header::begins_as_manifest(&start) {
        let statement: Document<ManifestV1> = document::open(&statement_path(&path), "manifest statement", originator)?;
        let (subject, manifest) = (statement.statement.subject, statement.statement.predicate);
        if hex::encode(&subject.sha256) != sha256 {
            return Err(advised(
                "the file is not the one that the statement beside it is about",
                "name the manifest as you were handed it",
            )
            .context(looking()));
        }
        let what = match manifest.phase_group {
            PhaseGroup::Baseline => BASELINE_MANIFEST,
            PhaseGroup::Deletion => DELETION_MANIFEST,
        };
        let item = ItemV1::removed(what, Some(sha256), None);
        let supply_id = Some(manifest.supply.supply_id);
        return Ok(Doomed { path, seen, item, supply_id, manifest: Some((manifest.phase_group, subject)) });
    }
    if findings::is_list(&start) {
        let item = ItemV1::removed(FINDINGS, Some(sha256), Some(blake3));
        return Ok(Doomed { path, seen, item, supply_id: None, manifest: None });
    }
    if start.starts_with(IDENTIFIED_HEADER.as_bytes()) {
        let item = ItemV1::removed(IDENTIFIED, Some(sha256), None);
        return Ok(Doomed { path, seen, item, supply_id: None, manifest: None });
    }
    let challenge: Document<ChallengeV1> = document::open(&path, "challenge", originator).map_err(|error| {
        advised(
            format!("`{}` is no manifest, list of findings, or challenge of this originator: {error:#}", path.display()),
            "nothing was destroyed; residua removes its own files alone, and all others are for you to see to",
        )
    })?;
    let subject = challenge.statement.subject;
    let challenge = challenge.statement.predicate;
    let group = if challenge.phase == PhaseGroup::Baseline.word() { PhaseGroup::Baseline } else { PhaseGroup::Deletion };
    let item = ItemV1::removed(CHALLENGE, Some(sha256), None);
    Ok(Doomed { path, seen, item, supply_id: Some(challenge.supply_id), manifest: Some((group, subject)) })
}

/// Which file stands under a name, and in which state: what is removed has to be what was read.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and when anything of it was changed last.
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
    #[cfg(not(unix))]
    node: PathBuf,
}

impl Seen {
    /// Looks at a file. Refused where it has another name, under which it would outlive its removal.
    fn of(path: &Path) -> anyhow::Result<Seen> {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.file_type().is_symlink() {
            return Err(advised("it is a link to the file", "name the file itself"));
        }
        if !metadata.is_file() {
            return Err(advised("it is no regular file", "name the files one by one"));
        }
        #[cfg(unix)]
        let node = {
            use std::os::unix::fs::MetadataExt;
            if metadata.nlink() > 1 {
                return Err(advised(
                    "it has a second name (a hard link), under which it would stay",
                    "remove the other name first; `find DIR -samefile FILE` finds it",
                ));
            }
            (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let node = path.to_owned();
        Ok(Seen { length: metadata.len(), modified: metadata.modified().ok(), node })
    }
}

/// The beginning of a file, its SHA-256 and its BLAKE3.
pub(in crate::cli) fn read(path: &Path, context: &Context) -> anyhow::Result<(Vec<u8>, String, String)> {
    let mut file = File::open(path)?;
    let (mut sha256, mut blake3) = (Sha256::new(), blake3::Hasher::new());
    let (mut start, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    loop {
        context.check_interrupted()?;
        let length = file.read(&mut chunk)?;
        let Some(part) = chunk.get(..length).filter(|part| !part.is_empty()) else { break };
        if start.is_empty() {
            start.extend_from_slice(part);
        }
        sha256.update(part);
        blake3.update(part);
    }
    Ok((start, hex::encode(&sha256.finalize()), blake3.finalize().to_hex().to_string()))
}

/// A thing that was gone before: `deletion=SHA256`.
pub(super) fn gone(text: &str) -> Result<ItemV1, String> {
    const FORM: &str =
        "is not `baseline=SHA256`, `deletion=SHA256`, `challenge=SHA256` or `findings=BLAKE3`, with 64 hexadecimal digits";
    let (what, digest) = text.split_once('=').ok_or(FORM)?;
    let what = match what {
        "baseline" => BASELINE_MANIFEST,
        "deletion" => DELETION_MANIFEST,
        "challenge" => CHALLENGE,
        "findings" => FINDINGS,
        _ => return Err(FORM.to_owned()),
    };
    let digest = digest.to_lowercase();
    hex::decode::<32>(&digest).ok_or(FORM)?;
    Ok(ItemV1::gone(what, digest))
}

/// Removes the files. What was removed, and what was not, with the reason.
pub(super) fn remove(doomed: Vec<Doomed>) -> (Vec<Doomed>, Vec<String>) {
    let (mut removed, mut remaining) = (Vec::new(), Vec::new());
    for doomed in doomed {
        match remove_one(&doomed) {
            Ok(()) => removed.push(doomed),
            Err(error) => remaining.push(format!("`{}`: {error}", doomed.path.display())),
        }
    }
    (removed, remaining)
}

/// Removes a file, if it is still the one that was read: reading a large one takes its time, and somebody may have put another in its place.
fn remove_one(doomed: &Doomed) -> anyhow::Result<()> {
    anyhow::ensure!(Seen::of(&doomed.path)? == doomed.seen, "it was changed after it was read");
    fs::remove_file(&doomed.path)?;
    Ok(sync_folder(&doomed.path)?)
}

/// Has the removal of a name on the disk.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl Doomed {
    /// It in one line.
    pub(super) fn words(&self) -> String {
        format!("  {} `{}`\n", self.item.what, clean(&self.path.to_string_lossy()))
    }

    /// It for programs.
    pub(super) fn json(&self) -> DestroyedItemV1 {
        DestroyedItemV1 { file: Some(self.path.display().to_string()), ..json(&self.item) }
    }
}

/// A thing that is destroyed, for programs.
pub(super) fn json(item: &ItemV1) -> DestroyedItemV1 {
    DestroyedItemV1 {
        what: item.what.clone(),
        how: item.how.clone(),
        file: None,
        sha256: item.sha256.clone(),
        blake3: item.blake3.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doomed(path: &Path) -> Doomed {
        let item = ItemV1::removed(FINDINGS, None, None);
        Doomed { path: path.to_owned(), seen: Seen::of(path).unwrap(), item, supply_id: None, manifest: None }
    }

    #[test]
    fn what_was_put_in_its_place_after_it_was_read_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings.csv");
        let write = |text: &str| {
            let passing = folder.path().join("new");
            fs::write(&passing, text).unwrap();
            fs::rename(passing, &path).unwrap();
        };
        write("old");
        let old = doomed(&path);
        write("new");
        let (removed, remaining) = remove(vec![old]);
        assert!(removed.is_empty() && remaining[0].contains("it was changed after it was read"), "{remaining:?}");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // Longer by a line.
        let old = doomed(&path);
        fs::write(&path, "new and more").unwrap();
        assert!(remove(vec![old]).0.is_empty() && path.exists());
        #[cfg(unix)]
        {
            let old = doomed(&path);
            fs::hard_link(&path, folder.path().join("other")).unwrap();
            assert!(remove(vec![old]).1[0].contains("second name"));
            fs::remove_file(folder.path().join("other")).unwrap();
        }
        let (removed, remaining) = remove(vec![doomed(&path)]);
        assert_eq!((removed.len(), remaining.len(), path.exists()), (1, 0, false));
    }
}
