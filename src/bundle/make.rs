//! Puts the evidence of one supply together: the slice of the ledger, and every document that it names.

use crate::bundle::Files;
use crate::bundle::layout;
use crate::bundle::layout::Kind;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The evidence, and when its newest line was appended: the time of all files in an archive.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The files.
    pub(crate) files: Files,
    /// The newest line that is shown.
    pub(crate) newest: Timestamp,
}

/// Gathers the evidence of a supply of this ledger. What is missing or altered in the ledger is an error.
pub(crate) fn gather(ledger: &Ledger, supply: &Supply) -> Result<Evidence, LedgerError> {
    let (slice, newest) = ledger.slice(supply)?;
    let (shown, problems) = Ledger::open_slice(&slice, BTreeMap::new());
    let [supply] = shown.view().supplies() else {
        return Err(LedgerError::Misfit { problem: "the lines of one supply cannot be shown without the others" });
    };
    if !problems.is_empty() {
        return Err(LedgerError::Misfit { problem: "the lines of this supply do not hold together without the others" });
    }
    let mut files = Files::from([(layout::LINES.to_owned(), slice.lines.clone()), (layout::HEAD.to_owned(), slice.head.clone())]);
    files.extend(slice.pinned.map(|bytes| (layout::PINNED.to_owned(), bytes)));
    files.extend(slice.known.map(|bytes| (layout::KNOWN.to_owned(), bytes)));
    for paper in layout::papers(&shown, supply)? {
        let bytes = match &paper.kind {
            Kind::Document { .. } => ledger.document(&paper.sha256)?,
            Kind::Stamp { .. } => ledger.stamp(&paper.sha256)?,
            Kind::Card { pinned, .. } => pinned.card()?.to_json(),
        };
        files.insert(paper.name, bytes);
    }
    Ok(Evidence { files, newest })
}
