//! A copy of a ledger for somebody who is to see what was supplied, asked and answered, and not the secrets.

use crate::ledger::Ledger;
use crate::ledger::audit;
use crate::ledger::entry::RepairEntry;
use crate::ledger::stamp;
use crate::ledger::store::document_name;
use crate::support::time;
use jiff::Timestamp;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;

/// The file by which a copy is known. Nothing is added to one: the chain would go on in two ways.
pub(super) const MARK: &str = "exported";

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    /// Files that lines name, and that are in the copy.
    pub(crate) files: u64,
    /// Files that lines name, and that the ledger does not have.
    pub(crate) missing: u64,
}

impl Ledger {
    /// Copies the lines as they were read, their head and the documents that they name into an empty folder. The documents are copied as they are:
    /// whether they are what they should be, the copy shows as well as the ledger.
    pub(crate) fn export(&self, into: &Path, now: Timestamp) -> io::Result<Exported> {
        let mut lines = File::open(self.lines_path())?.take(self.chain.length());
        let mut copy = create(&into.join("ledger.jsonl"))?;
        io::copy(&mut lines, &mut copy)?;
        copy.sync_all()?;
        create(&into.join("head"))?.write_all(format!("{} {}\n", self.len(), self.head()).as_bytes())?;
        super::create_private_folder(&into.join("envelopes"))?;
        let documents: BTreeSet<&str> = audit::documents(self.view()).into_iter().map(|document| document.sha256).collect();
        let names = documents.into_par_iter().map(document_name);
        let names = names.chain(self.view().repairs().par_iter().map(RepairEntry::kept));
        let stamps: Vec<String> = self.view().stamps().map(|entry| stamp::file_name(&entry.stamp)).collect();
        if !stamps.is_empty() {
            super::create_private_folder(&into.join(stamp::FOLDER))?;
        }
        let names = names.chain(stamps);
        let copied = names.map(|name| self.copy(&name, into));
        let count = |is_there: bool| if is_there { (1, 0) } else { (0, 1) };
        let sum = |left: (u64, u64), right: (u64, u64)| Ok((left.0 + right.0, left.1 + right.1));
        let (files, missing) = copied.map(|copied| copied.map(count)).try_reduce(|| (0, 0), sum)?;
        let mark = format!("A copy of a ledger without its secrets, made at {}. Nothing is added to it.\n", time::format(now));
        create(&into.join(MARK))?.write_all(mark.as_bytes())?;
        Ok(Exported { files, missing })
    }

    /// Copies one file, if it is there.
    fn copy(&self, name: &str, into: &Path) -> io::Result<bool> {
        let from = self.path(name);
        match fs::metadata(&from) {
            Ok(metadata) if metadata.is_file() => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(false),
        }
        io::copy(&mut File::open(from)?, &mut create(&into.join(name))?)?;
        Ok(true)
    }
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
