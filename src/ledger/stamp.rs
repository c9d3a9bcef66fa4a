//! Time stamps of others over the ledger's documents: the folder in which they are kept, and what they may be entered for.
//!
//! A time stamp changes no appraisal and no state. It says that somebody else saw the digest of a document at a time, which neither party can have
//! chosen; `docs/verification.md` has what that is worth.

use crate::attestation::dsse::sha256;
use crate::attestation::stamp::Signer;
use crate::attestation::stamp::Stamp;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::audit;
use crate::ledger::entry::Entry;
use crate::ledger::entry::StampEntry;
use crate::ledger::store::create_private_folder;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::time;
use jiff::Timestamp;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The folder of all time stamps.
pub(super) const FOLDER: &str = "stamps";

/// What ends the name of each.
pub(super) const ENDING: &str = ".tsr";

/// The document that a time stamp is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    /// What it is, in words.
    pub(crate) what: &'static str,
    /// The supply that it is of, where it is of one.
    pub(crate) supply_id: Option<String>,
}

impl StampEntry {
    /// The line for a time stamp whose file has this digest.
    pub(crate) fn new(stamp: &Stamp, digest: String, stamped: &Stamped) -> StampEntry {
        let (authority, certificate) = match &stamp.signer {
            Signer::Certificate { subject, fingerprint } => (Some(subject.clone()), Some(fingerprint.clone())),
            Signer::Unverified { .. } => (None, None),
        };
        StampEntry {
            supply_id: stamped.supply_id.clone(),
            document: hex::encode(&stamp.imprint),
            stamp: digest,
            time: time::format(stamp.time),
            policy: stamp.policy.clone(),
            serial: stamp.serial.clone(),
            authority,
            certificate,
        }
    }
}

impl LedgerView {
    /// The document of this SHA-256 that a line names. Of several supplies that have it, the oldest counts.
    pub(crate) fn stamped(&self, document: &str) -> Option<Stamped> {
        let found = audit::documents(self).into_iter().find(|named| named.sha256 == document)?;
        Some(Stamped { what: found.what, supply_id: found.supply_id.map(str::to_owned) })
    }

    /// All time stamps.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = &StampEntry> {
        self.supplies.iter().flat_map(|supply| &supply.stamps).chain(&self.stamps)
    }

    /// What a time stamp is over, in words.
    pub(crate) fn stamped_words(&self, entry: &StampEntry) -> &'static str {
        let supply = entry.supply_id.as_ref().and_then(|id| self.by_id(id));
        let named = supply.map(audit::documents_of).unwrap_or_default();
        named.iter().find(|named| named.sha256 == entry.document).map_or("rotation", |named| named.what)
    }
}

/// What is wrong with a line of a time stamp at this place of the ledger.
pub(super) fn misfit(view: &LedgerView, entry: &StampEntry) -> Option<&'static str> {
    let is_digest = |text: &str| hex::decode::<32>(text).is_some();
    if !is_digest(&entry.document) || !is_digest(&entry.stamp) || time::parse(&entry.time).is_none() {
        return Some("the time stamp has a digest or time that is none");
    }
    if entry.certificate.is_some() != entry.authority.is_some()
        || entry.certificate.as_ref().is_some_and(|digest| !is_digest(digest))
    {
        return Some("the time stamp names an authority without its certificate");
    }
    if view.stamp_digests.contains(&entry.stamp) {
        return Some("the time stamp is in the ledger already");
    }
    let is_named = match &entry.supply_id {
        Some(supply_id) => match view.by_id(supply_id) {
            Some(supply) => audit::documents_of(supply).iter().any(|named| named.sha256 == entry.document),
            None => return Some("the time stamp is of a supply that is not in the ledger"),
        },
        None => view.rotations.iter().any(|(digest, _)| *digest == entry.document),
    };
    (!is_named).then_some("the time stamp is over a document that no line before it names")
}

impl Ledger {
    /// Keeps a time stamp and enters it. `false` where the same bytes were entered before.
    pub(crate) fn add_stamp(&mut self, now: Timestamp, entry: StampEntry, bytes: &[u8]) -> Result<bool, LedgerError> {
        self.refuse_export()?;
        if hex::encode(&sha256(bytes)) != entry.stamp {
            return Err(LedgerError::Misfit { problem: "the time stamp is another file" });
        }
        create_private_folder(&self.path(FOLDER)).map_err(|source| self.file_error(FOLDER, source))?;
        let name = file_name(&entry.stamp);
        match atomic_file::write(&self.path(&name), bytes, Access::Private, Existing::Keep) {
            // One whose command did not finish, or the same once more. Where it was damaged since, it is whole again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(self.path(&name)).ok().as_deref() != Some(bytes) {
                    atomic_file::write(&self.path(&name), bytes, Access::Private, Existing::Replace)
                        .map_err(|source| self.file_error(&name, source))?;
                }
            }
            written => written.map_err(|source| self.file_error(&name, source))?,
        }
        let mut is_new = true;
        self.append_after(now, |view| {
            is_new = !view.stamp_digests.contains(&entry.stamp);
            is_new.then_some(Entry::Stamp(entry))
        })?;
        Ok(is_new)
    }

    /// Where a time stamp and its document are, to be named to other programs.
    pub(crate) fn stamp_paths(&self, entry: &StampEntry) -> (PathBuf, PathBuf) {
        (self.path(&file_name(&entry.stamp)), self.path(&format!("envelopes/{}.json", entry.document)))
    }

    /// The bytes of a time stamp, whatever they are. Its name is a digest.
    pub(super) fn read_stamp(&self, digest: &str) -> io::Result<Vec<u8>> {
        if let Some(slice) = &self.slice {
            return slice.document(digest);
        }
        let path = self.path(&file_name(digest));
        // Whoever opens a pipe waits for its other end.
        if fs::metadata(&path)?.is_file() { fs::read(&path) } else { Err(io::Error::other("it is no regular file")) }
    }
}

/// The file of a time stamp, below the ledger's folder.
pub(super) fn file_name(digest: &str) -> String {
    format!("{FOLDER}/{digest}{ENDING}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;

    const NOW: &str = "2017-05-08T09:00:00Z";

    #[test]
    fn a_time_stamp_has_to_fit_the_lines_before_it() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply_id = originator.supply(&card);
        let other = originator.supply(&card);
        originator.challenge(&supply_id, Phase::Baseline, NOW, Policy::default());
        let view = originator.ledger.view();
        let document = view.supply(&supply_id).unwrap().challenges[0].entry.envelope.clone();
        let stamped = Stamped { what: "challenge", supply_id: Some(supply_id.clone()) };
        assert_eq!((view.stamped(&document), view.stamped(&"0".repeat(64))), (Some(stamped), None));
        let bytes = b"an answer";
        let good = StampEntry {
            supply_id: Some(supply_id.clone()),
            document,
            stamp: hex::encode(&sha256(bytes)),
            time: NOW.to_owned(),
            policy: "1.2.3".to_owned(),
            serial: "01".to_owned(),
            authority: None,
            certificate: None,
        };
        let wrong = [
            StampEntry { supply_id: Some(other), ..good.clone() },
            StampEntry { supply_id: Some("0".repeat(32)), ..good.clone() },
            StampEntry { supply_id: None, ..good.clone() },
            StampEntry { document: "0".repeat(64), ..good.clone() },
            StampEntry { document: "../x".to_owned(), ..good.clone() },
            StampEntry { stamp: "../x".to_owned(), ..good.clone() },
            StampEntry { time: "yesterday".to_owned(), ..good.clone() },
            StampEntry { authority: Some("CN=x".to_owned()), ..good.clone() },
            StampEntry { authority: Some("CN=x".to_owned()), certificate: Some("x".to_owned()), ..good.clone() },
        ];
        let before = originator.ledger.len();
        for entry in wrong {
            assert!(matches!(originator.ledger.append(at(NOW), Entry::Stamp(entry)), Err(LedgerError::Misfit { .. })));
        }
        assert!(originator.ledger.add_stamp(at(NOW), good.clone(), b"another").is_err());
        assert_eq!(originator.ledger.len(), before);
        assert!(originator.ledger.add_stamp(at(NOW), good.clone(), bytes).unwrap());
        assert!(!originator.ledger.add_stamp(at(NOW), good.clone(), bytes).unwrap());
        assert!(originator.ledger.append(at(NOW), Entry::Stamp(good.clone())).is_err(), "the same once more");
        let again = Ledger::open(originator.ledger.folder()).unwrap();
        assert_eq!(again.view().stamps().collect::<Vec<_>>(), [&good]);
        assert_eq!(again.view().supply(&supply_id).unwrap().stamps.len(), 1);
    }
}
