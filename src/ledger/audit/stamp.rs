//! The time stamps, looked at: each is there, is what it was, and is over the document that its line names.

use crate::attestation::dsse::sha256;
use crate::attestation::stamp::Stamp;
use crate::ledger::Ledger;
use crate::ledger::audit::Fault;
use crate::ledger::audit::FaultKind;
use crate::ledger::audit::unseen;
use crate::ledger::entry::StampEntry;
use crate::ledger::stamp::file_name;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::time;
use rayon::prelude::*;
use std::io;

/// How many time stamps lines name, and what is wrong with them.
pub(super) fn check(ledger: &Ledger, cancel: &Cancel) -> (u64, Vec<Fault>) {
    let stamps: Vec<&StampEntry> = ledger.view().stamps().collect();
    let look = |entry: &&StampEntry| if cancel.is_cancelled() { None } else { look_at(ledger, entry) };
    (stamps.len() as u64, stamps.par_iter().filter_map(look).collect())
}

fn look_at(ledger: &Ledger, entry: &StampEntry) -> Option<Fault> {
    let name = file_name(&entry.stamp);
    let problem = match ledger.read_stamp(&entry.stamp) {
        Ok(bytes) if hex::encode(&sha256(&bytes)) != entry.stamp => "was altered",
        Ok(bytes) => match Stamp::read(&bytes) {
            Ok(stamp) if hex::encode(&stamp.imprint) != entry.document => "is over another document than its line says",
            Ok(stamp) if (&time::format(stamp.time), &stamp.serial) != (&entry.time, &entry.serial) => {
                "is another than its line says"
            }
            Ok(_) => return None,
            Err(_) => "is none",
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
        // Of our own making: what stands there is no file.
        Err(error) if error.kind() == io::ErrorKind::Other => "is no regular file",
        Err(error) => return Some(unseen(&name, &error)),
    };
    Some(Fault {
        kind: FaultKind::Stamp,
        problem: format!(
            "the time stamp `{}` over the {} `{}` {problem}",
            entry.stamp,
            ledger.view().stamped_words(entry),
            entry.document
        ),
        help: format!("restore `{name}` from a backup of the ledger, or from the authority's answer: its SHA-256 is its name"),
    })
}
