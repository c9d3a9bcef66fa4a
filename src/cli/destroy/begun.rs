//! What a `destroy` is about to remove, written down beside its record before anything goes: where it is killed in the middle, the same command finds here what was
//! there, and its record names all of it.

use crate::attestation::destruction_v1::ItemV1;
use crate::attestation::statement::Subject;
use crate::cli::failure::advised;
use crate::cli::removal::Doomed;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use anyhow::Context as _;
use serde::Deserialize;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

const VERSION: u32 = 1;

/// The name beside the record.
fn beside(record: &Path) -> PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(".begun");
    PathBuf::from(name)
}

/// A destruction that was begun.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Begun {
    version: u32,
    pub(super) supply_id: String,
    /// The manifest that the record is about.
    manifest: String,
    manifest_sha256: String,
    files: Vec<BegunFile>,
}

/// A file that was there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BegunFile {
    /// Whole, so that it is the same from every folder.
    path: String,
    item: ItemV1,
}

/// A path as it is written down.
fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

impl Begun {
    /// What is about to be removed for a record, and what a command before removed for it.
    pub(super) fn new(supply_id: &str, subject: &Subject, doomed: &[Doomed], before: Option<&Begun>) -> Begun {
        let files = doomed.iter().map(|doomed| BegunFile { path: whole(&doomed.path), item: doomed.item.clone() });
        let went = before.into_iter().flat_map(Begun::went).cloned();
        Begun {
            version: VERSION,
            supply_id: supply_id.to_owned(),
            manifest: subject.name.clone(),
            manifest_sha256: hex::encode(&subject.sha256),
            files: files.chain(went).collect(),
        }
    }

    /// What a command before had begun and did not end. None where there was none.
    pub(super) fn read(record: &Path) -> anyhow::Result<Option<Begun>> {
        let path = beside(record);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        let begun =
            serde_json::from_slice::<Begun>(&bytes).ok().filter(|begun| begun.version == VERSION && begun.subject().is_some());
        begun.map(Some).ok_or_else(|| {
            advised(
                format!("`{}` is not what `residua destroy` writes before it removes anything, and nothing was destroyed", path.display()),
                "it would say what a command that broke off has removed; name that with `--gone`, remove this file, and run the command again",
            )
        })
    }

    /// Writes it, and has it on the disk.
    pub(super) fn write(&self, record: &Path) -> anyhow::Result<()> {
        let path = beside(record);
        let bytes = serde_json::to_vec_pretty(self)?;
        atomic_file::write(&path, &bytes, Access::Private, Existing::Replace)
            .with_context(|| format!("cannot write `{}`, and nothing was destroyed", path.display()))
    }

    /// Removes it, once the record stands. What stays is no harm: it is asked for again only where the record is written anew.
    pub(super) fn forget(record: &Path) {
        let _ = fs::remove_file(beside(record));
    }

    /// The manifest that the record is about.
    pub(super) fn subject(&self) -> Option<Subject> {
        Some(Subject { name: self.manifest.clone(), sha256: hex::decode(&self.manifest_sha256)? })
    }

    /// What was there and is no longer.
    fn went(&self) -> impl Iterator<Item = &BegunFile> {
        self.files
            .iter()
            .filter(|file| Path::new(&file.path).symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound))
    }

    /// Whether a file was there and is no longer, so that it need not be found.
    pub(super) fn has_removed(&self, path: &Path) -> bool {
        let path = whole(path);
        self.went().any(|file| file.path == path)
    }

    /// For the record: as what was gone before, since this command did not see it go.
    pub(super) fn gone(&self) -> Vec<ItemV1> {
        self.went().map(|file| ItemV1 { how: "gone".to_owned(), ..file.item.clone() }).collect()
    }
}
