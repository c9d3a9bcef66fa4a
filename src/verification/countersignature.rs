//! A recipient's countersignature of a manifest: whether it is of a supply of this ledger, and signed by whom it was supplied to.

use crate::attestation::countersignature_v1::CountersignatureV1;
use crate::attestation::statement::Statement;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::entry::CountersignatureEntry;
use crate::manifest::statement::KeyV1;
use crate::manifest::statement::ManifestV1;
use crate::support::sanitize;
use crate::support::time;
use crate::verification::Failure;
use crate::verification::paper;
use crate::verification::paper::Kind;
use crate::verification::paper::Paper;
use jiff::Timestamp;

/// Seeds may have telephones of their own that stand for reserved ones. Where there are none, nothing explains a difference.
const OTHER_PHONES: &str = "ask the recipient which file it compared, and whether it is the one that was handed over";

/// As it is opened.
const KIND: Kind<CountersignatureV1> = Kind {
    supply_id: |said| &said.supply_id,
    known: |supply, digest| {
        supply.countersignatures.iter().find(|known| known.envelope == digest).map(|known| known.received_at.as_str())
    },
    unreadable: "ask the recipient for the file that `residua receive` wrote",
    foreign: "ask the recipient of the supply for its own confirmation",
};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Countersigned {
    /// It can be entered.
    Accepted(Box<CountersignatureEntry>),
    /// It cannot.
    Refused(Failure),
}

/// Verifies one. An error is the ledger's.
pub(crate) fn verify(ledger: &Ledger, bytes: &[u8], received_at: Timestamp) -> Result<Countersigned, LedgerError> {
    let refuse = |reason: String, help: &'static str| Ok(Countersigned::Refused(Failure { reason, help }));
    let Paper { supply, statement, signer, digest, received_at } = match paper::open(ledger, bytes, received_at, &KIND)? {
        Ok(paper) => paper,
        Err(failure) => return Ok(Countersigned::Refused(failure)),
    };
    let said = &statement.predicate;
    let originator = supply.entry.originator.card()?;
    let manifest: Statement<ManifestV1> = ledger.statement(&supply.entry.baseline_statement, &originator)?;
    let is_ours = statement.subject.sha256 == manifest.subject.sha256
        && said.statement_sha256 == supply.entry.baseline_statement
        && said.deletion_statement_sha256 == supply.entry.deletion_statement
        && said.manifest_id == manifest.predicate.manifest_id;
    if !is_ours {
        return refuse(
            "it confirms another manifest than the supply's".to_owned(),
            "ask the recipient which files it was handed, and compare their digests",
        );
    }
    if time::parse(&said.signed_at).is_none() {
        return refuse("it has no time at which it was signed".to_owned(), "ask the recipient to write it again");
    }
    if let Some(derived) = &said.derived {
        let keys = &manifest.predicate.keys;
        let known_forms = |number: usize| keys.get(number).map_or(1, KeyV1::most_forms);
        let numbers = derived.keys.iter().enumerate().all(|(number, key)| {
            keys.get(number).is_some_and(|known| known.name == key.key)
                && key.fingerprints == manifest.predicate.fingerprints(number)
                && key.other <= u64::from(supply.entry.seeds).saturating_mul(known_forms(number))
        });
        let is_same = derived.keys.len() == keys.len()
            && derived.records == manifest.predicate.records
            && derived.records_without_key == manifest.predicate.records_without_key;
        if !numbers || !is_same {
            return refuse("what it says was derived from the data is not what the manifest holds".to_owned(), OTHER_PHONES);
        }
    }
    Ok(Countersigned::Accepted(Box::new(CountersignatureEntry {
        supply_id: said.supply_id.clone(),
        envelope: digest,
        key: signer,
        name: sanitize::clean(&said.name),
        role: sanitize::clean(&said.role),
        is_derived: said.derived.is_some(),
        signed_at: said.signed_at.clone(),
        received_at: time::format(received_at),
    })))
}
