//! The copies of manifests, looked at: each is there, for its owner alone, and what it was.
//!
//! A manifest may have hundreds of megabytes, and a ledger thousands of them. Where they are few, each is read and its digest compared; where they
//! are more than a person waits for, the length that the signed statement names is, and `trace` compares the digest when it asks one.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::audit::Fault;
use crate::ledger::audit::FaultKind;
use crate::ledger::audit::unseen;
use crate::ledger::kept_manifest::ENDING;
use crate::ledger::kept_manifest::digest_of;
use crate::manifest::statement::ManifestV1;
use crate::support::progress::Cancel;
use rayon::prelude::*;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

/// Bytes of all copies together up to which each is read.
const MOST_READ: u64 = 2 << 30;

/// How many copies lines name, and what is wrong with them. None is missed in an export, which takes none along.
pub(super) fn check(ledger: &Ledger, cancel: &Cancel) -> (u64, Vec<Fault>) {
    check_within(ledger, MOST_READ, cancel)
}

fn check_within(ledger: &Ledger, most_read: u64, cancel: &Cancel) -> (u64, Vec<Fault>) {
    // Of a supply that is closed none is to be there, which is seen with its secrets.
    let is_due = |supply: &&Supply| supply.entry.kept_manifest.is_some() && supply.closing.is_none();
    let kept: Vec<&Supply> = ledger.view().supplies().iter().filter(is_due).collect();
    if ledger.is_exported() {
        return (0, Vec::new());
    }
    let length = |supply: &Supply| ledger.kept_manifest(supply).ok().flatten().and_then(|path| fs::metadata(path).ok());
    let bytes: u64 = kept.iter().filter_map(|supply| length(supply)).map(|metadata| metadata.len()).fold(0, u64::saturating_add);
    let is_read = bytes <= most_read;
    let look = |supply: &&Supply| if cancel.is_cancelled() { None } else { look_at(ledger, supply, is_read) };
    (kept.len() as u64, kept.par_iter().filter_map(look).collect())
}

fn look_at(ledger: &Ledger, supply: &Supply, is_read: bool) -> Option<Fault> {
    let problem = match ledger.kept_manifest(supply) {
        Ok(None) => return None,
        Ok(Some(path)) => match differs(ledger, supply, &path, is_read) {
            Ok(false) => return None,
            Ok(true) => "was altered",
            Err(error) => return Some(unseen(&path.to_string_lossy(), &error)),
        },
        Err(LedgerError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => "is missing",
        Err(LedgerError::Shared { .. }) => "can be read by others than its owner",
        Err(LedgerError::File { path, source }) => return Some(unseen(&path.to_string_lossy(), &source)),
        Err(_) => "cannot be used",
    };
    let digest = supply.entry.kept_manifest.as_deref().unwrap_or_default();
    let of_supply = ledger.view().short_id(&supply.entry.supply_id);
    Some(Fault {
        kind: FaultKind::Manifest,
        problem: format!("the copy of the baseline manifest of supply {of_supply} {problem}"),
        help: if problem.starts_with("can be read") {
            format!("find out who could read it; then `chmod 600` the file `manifests/{digest}{ENDING}`")
        } else {
            format!(
                "restore `manifests/{digest}{ENDING}` from a backup of the ledger, or from the `baseline.residua` that you handed over: its SHA-256 is its name; \
                 until then `residua trace` cannot answer for this supply"
            )
        },
    })
}

/// Whether a copy is not what it was.
fn differs(ledger: &Ledger, supply: &Supply, path: &Path, is_read: bool) -> io::Result<bool> {
    if is_read {
        return Ok(Some(digest_of(path)?) != supply.entry.kept_manifest);
    }
    let originator = supply.entry.originator.card().ok();
    let statement = originator.and_then(|card| ledger.statement::<ManifestV1>(&supply.entry.baseline_statement, &card).ok());
    // A statement that cannot be used was told already.
    let Some(statement) = statement else { return Ok(false) };
    Ok(fs::metadata(path)?.len() != statement.predicate.layout.file_length)
}

/// The digests of the copies that lines name.
pub(super) fn named(ledger: &Ledger) -> HashSet<&str> {
    ledger.view().supplies().iter().filter_map(|supply| supply.entry.kept_manifest.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::audit::Audit;
    use crate::ledger::fixture::Originator;
    use std::path::PathBuf;

    /// A ledger with two supplies, of one of which a manifest is kept, and that manifest.
    fn kept() -> (Originator, PathBuf) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        originator.supply(&card);
        originator.supply_with_manifest(&card);
        let supply = originator.ledger.view().supplies().last().unwrap();
        let path = originator.ledger.kept_manifest(supply).unwrap().unwrap();
        (originator, path)
    }

    fn faults(originator: &Originator, most_read: u64) -> Vec<String> {
        let (kept, faults) = check_within(&originator.ledger, most_read, &Cancel::default());
        assert_eq!(kept, 1);
        assert!(faults.iter().all(|fault| fault.kind == FaultKind::Manifest && fault.help.contains("manifests/")));
        faults.into_iter().map(|fault| fault.problem).collect()
    }

    #[test]
    fn a_copy_is_there_for_its_owner_and_as_it_was() {
        let (originator, path) = kept();
        let (whole, most) = (fs::read(&path).unwrap(), MOST_READ);
        assert_eq!(faults(&originator, most), Vec::<String>::new());
        let said = |most_read| faults(&originator, most_read).first().cloned().unwrap_or_default();
        let mut altered = whole.clone();
        altered[0] ^= 1;
        fs::write(&path, &altered).unwrap();
        assert!(said(most).ends_with("was altered"));
        // Of very many the length alone is compared.
        assert_eq!(said(0), "");
        fs::write(&path, &whole[1..]).unwrap();
        assert!(said(0).ends_with("was altered") && said(most).ends_with("was altered"));
        fs::remove_file(&path).unwrap();
        assert!(said(most).ends_with("is missing") && said(0).ends_with("is missing"));
        fs::create_dir(&path).unwrap();
        let (_, unread) = check_within(&originator.ledger, most, &Cancel::default());
        assert_eq!(unread[0].kind, FaultKind::Unseen);
    }

    #[cfg(unix)]
    #[test]
    fn a_copy_that_others_can_read_is_a_fault() {
        use std::os::unix::fs::PermissionsExt;
        let (originator, path) = kept();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(faults(&originator, MOST_READ)[0].ends_with("can be read by others than its owner"));
    }

    #[test]
    fn an_export_has_no_copy_and_what_no_line_names_is_noted() {
        let (originator, path) = kept();
        let export = originator.folder.path().join("export");
        fs::create_dir(&export).unwrap();
        originator.ledger.export(&export, crate::ledger::fixture::at("2017-05-08T09:00:00Z")).unwrap();
        assert!(!export.join("manifests").exists());
        let copy = Ledger::open(&export).unwrap();
        let audit = Audit::new(&copy, None, &Cancel::default()).unwrap();
        assert_eq!((audit.manifests, audit.faults), (0, Vec::new()));
        fs::write(path.with_file_name("other.residua"), "left over").unwrap();
        let audit = Audit::new(&originator.ledger, None, &Cancel::default()).unwrap();
        assert_eq!(audit.manifests, 1);
        assert!(audit.notes.iter().any(|note| note.contains("in `manifests`: `other.residua`;")), "{:?}", audit.notes);
    }

    #[test]
    fn what_is_not_the_signed_file_is_not_kept() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let error = originator.try_supply_with_manifest(&card, b"another manifest").unwrap_err();
        assert!(error.to_string().contains("altered before it was copied"));
        assert!(originator.ledger.view().supplies().is_empty());
        assert_eq!(fs::read_dir(originator.ledger.folder().join("manifests")).unwrap().count(), 0);
    }
}
