//! The file of references: by what the originator knows the row of each record. For the owner's eyes alone, like the salts beside it; with the key
//! of the shuffle it leads from an ordinal, which is all that an attestation names, to a row of the originator's own data.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::closing;

/// The longest file that is read, in bytes.
const LONGEST: usize = 1 << 32;

impl Ledger {
    /// Keeps the references of a supply that is about to be entered: a JSON array of texts, in the order of the rows.
    pub(super) fn keep_references(&self, supply_id: &str, references: &[String]) -> Result<(), LedgerError> {
        let name = file_name(supply_id);
        let text = serde_json::to_vec(references).map_err(|error| self.file_error(&name, error.into()))?;
        // As with the salts: what an interrupted supply left is of no use.
        self.write_private(&name, &text)
    }

    /// The references of a supply; `None` where none were kept. Refused where others than the owner may read the file.
    pub(crate) fn references(&self, supply_id: &str) -> Result<Option<Vec<String>>, LedgerError> {
        let Some(supply) = self.view().supply(supply_id).ok().filter(|supply| supply.entry.has_references) else {
            return Ok(None);
        };
        closing::refuse(self.view(), &supply.entry.supply_id)?;
        let name = file_name(&supply.entry.supply_id);
        let bytes = self.read_private(&name, LONGEST)?;
        let references = serde_json::from_slice::<Vec<String>>(&bytes).ok();
        let is_whole = |references: &Vec<String>| references.len() as u64 == supply.entry.records;
        references.filter(is_whole).map(Some).ok_or_else(|| LedgerError::References { path: self.path(&name) })
    }
}

pub(super) fn file_name(supply_id: &str) -> String {
    format!("secrets/{supply_id}.references.json")
}
