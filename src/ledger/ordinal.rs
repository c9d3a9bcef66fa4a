//! Which ordinals of a manifest are whose, by the shuffle's key that only the ledger holds.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::manifest::ordinal::BLOCK;
use crate::manifest::ordinal::Ordinals;
use crate::manifest::statement::ManifestV1;

/// The ordinals of the manifest that a statement of this ledger describes.
pub(crate) fn ordinals(ledger: &Ledger, manifest: &ManifestV1) -> Result<Ordinals, LedgerError> {
    let secrets = ledger.secrets(&manifest.supply.supply_id)?;
    let numbers = u32::try_from(manifest.records).ok().zip(u32::try_from(manifest.controls / u64::from(BLOCK)).ok());
    numbers
        .and_then(|(records, blocks)| Ordinals::new(secrets.shuffle(manifest.phase_group), records, blocks))
        .ok_or(LedgerError::Misfit { problem: "the manifest counts more people than its format can tell apart" })
}
