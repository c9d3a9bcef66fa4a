//! The copy of a supply's baseline manifest, by which `trace` answers whether a person was supplied. For the owner's eyes alone, although it holds no
//! value: the salt beside it makes it as good as a list of people that can be asked.
//!
//! It is the baseline manifest and not the deletion manifest, since that one may hold controls, who were not supplied.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::closing;
use crate::ledger::store::create_private_folder;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// The folder of all copies.
pub(super) const FOLDER: &str = "manifests";

/// What ends the name of each.
pub(super) const ENDING: &str = ".residua";

/// Bytes that are copied or hashed at a time.
const STEP: usize = 1 << 20;

impl Ledger {
    /// Copies a manifest that was just written, whole or not at all. Refused where the file is not the one that was signed.
    pub(super) fn keep_manifest(&self, digest: &str, written: &Path) -> Result<(), LedgerError> {
        let name = file_name(digest);
        create_private_folder(&self.path(FOLDER)).map_err(|source| self.file_error(FOLDER, source))?;
        let unreadable = |source| LedgerError::File { path: written.to_owned(), source };
        let mut from = File::open(written).map_err(unreadable)?;
        let failed = |source| self.file_error(&name, source);
        let mut copy = AtomicFile::create(&self.path(&name), Access::Private, Existing::Replace).map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; STEP];
        loop {
            let read = from.read(&mut buffer).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            copy.write_all(&buffer[..read]).map_err(failed)?;
        }
        if hex::encode(&hasher.finalize()) != digest {
            return Err(LedgerError::Misfit {
                problem: "the baseline manifest was altered before it was copied into the ledger",
            });
        }
        copy.commit().map_err(failed)
    }

    /// Removes the copy of a supply that could not be entered after all.
    pub(super) fn forget_manifest(&self, digest: &str) {
        // What stays behind is named by no line, and `ledger verify` notes it.
        let _ = fs::remove_file(self.path(&file_name(digest)));
    }

    /// Where the copy of a supply's baseline manifest is; `None` where none was kept. Refused where others than the owner may read it. Whether it is
    /// what it was, its reader has to see.
    pub(crate) fn kept_manifest(&self, supply: &Supply) -> Result<Option<PathBuf>, LedgerError> {
        let Some(digest) = &supply.entry.kept_manifest else { return Ok(None) };
        closing::refuse(self.view(), &supply.entry.supply_id)?;
        self.refuse_slice()?;
        let name = file_name(digest);
        let path = self.path(&name);
        // Whoever opens a pipe waits for its other end.
        let is_file = fs::metadata(&path).map_err(|source| self.file_error(&name, source))?.is_file();
        if !is_file {
            return Err(self.file_error(&name, io::Error::other("it is no regular file")));
        }
        let file = File::open(&path).map_err(|source| self.file_error(&name, source))?;
        if atomic_file::is_readable_by_others(&file).map_err(|source| self.file_error(&name, source))? {
            return Err(LedgerError::Shared { path });
        }
        Ok(Some(path))
    }
}

/// The SHA-256 of a file, read front to back.
pub(super) fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; STEP];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

/// The name of a copy within the ledger.
pub(super) fn file_name(digest: &str) -> String {
    format!("{FOLDER}/{digest}{ENDING}")
}
