//! The file of seeds: the people who were invented for one supply, so that each is known again wherever it turns up. For the owner's eyes alone,
//! like the salts beside it.

use crate::finding::Phase;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::closing;
use crate::ledger::group;
use crate::manifest::statement::PhaseGroup;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The longest file of seeds that is read, in bytes.
const LONGEST: usize = 128 << 20;

/// The seeds of one supply.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Roster {
    version: u32,
    /// The columns of the data, in their order.
    pub(crate) columns: Vec<String>,
    /// In the order of their rows.
    pub(crate) seeds: Vec<SeedEntry>,
}

/// One seed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SeedEntry {
    /// Its row in the data that were handed over, from 0.
    pub(crate) row: u32,
    /// Its ordinal in the baseline manifest.
    pub(crate) baseline: u32,
    /// Its ordinal in the deletion manifest.
    pub(crate) deletion: u32,
    /// Its cells, in the order of the columns.
    pub(crate) cells: Vec<String>,
}

/// Says how many there are, and nothing of them.
impl fmt::Debug for Roster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Roster").field("count", &self.seeds.len()).finish_non_exhaustive()
    }
}

impl Roster {
    /// The seeds of data with these columns.
    pub(crate) fn new(columns: Vec<String>, seeds: Vec<SeedEntry>) -> Roster {
        Roster { version: VERSION, columns, seeds }
    }

    /// The ordinals in the manifest that serves a phase.
    pub(crate) fn ordinals(&self, phase: Phase) -> Vec<u32> {
        let ordinal = |seed: &SeedEntry| match group(phase) {
            PhaseGroup::Baseline => seed.baseline,
            PhaseGroup::Deletion => seed.deletion,
        };
        self.seeds.iter().map(ordinal).collect()
    }

    /// The rows in the data that were handed over.
    pub(crate) fn rows(&self) -> Vec<u32> {
        self.seeds.iter().map(|seed| seed.row).collect()
    }
}

impl Ledger {
    /// Keeps the seeds of a supply that is about to be entered.
    pub(super) fn keep_seeds(&self, supply_id: &str, seeds: &Roster) -> Result<(), LedgerError> {
        let name = file_name(supply_id);
        let text = serde_json::to_vec_pretty(seeds).map_err(|error| self.file_error(&name, error.into()))?;
        // As with the salts: what an interrupted supply left is of no use.
        self.write_private(&name, &text)
    }

    /// The seeds of a supply, of which its entry says that there are so many; `None` where there are none. Refused where others than the owner may
    /// read the file.
    pub(crate) fn seeds(&self, supply_id: &str) -> Result<Option<Roster>, LedgerError> {
        let count = self.view().supply(supply_id).map_or(0, |supply| supply.entry.seeds);
        if count == 0 {
            return Ok(None);
        }
        closing::refuse(self.view(), supply_id)?;
        let name = file_name(supply_id);
        let bytes = self.read_private(&name, LONGEST)?;
        let seeds = serde_json::from_slice::<Roster>(&bytes).ok();
        let is_whole = |seeds: &Roster| {
            let has_all = |seed: &SeedEntry| seed.cells.len() == seeds.columns.len();
            seeds.version == VERSION && seeds.seeds.len() as u64 == u64::from(count) && seeds.seeds.iter().all(has_all)
        };
        seeds.filter(is_whole).map(Some).ok_or_else(|| LedgerError::Seeds { path: self.path(&name) })
    }
}

pub(super) fn file_name(supply_id: &str) -> String {
    format!("secrets/{supply_id}.seeds.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::seeds;
    use std::fs;

    #[test]
    fn seeds_read_back_and_are_for_their_owner() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let (with, without) = (originator.supply_with(&card, Some(&seeds())), originator.supply(&card));
        let ledger = &originator.ledger;
        let read = ledger.seeds(&with).unwrap().unwrap();
        assert!(read == seeds());
        assert_eq!(read.ordinals(Phase::Recheck), [1_999, 5, 700, 701]);
        assert_eq!(read.ordinals(Phase::Baseline), [5, 1_999, 800, 801]);
        assert!(ledger.seeds(&without).unwrap().is_none());
        assert!(!format!("{read:?}").contains("Wren"));
        let path = ledger.folder().join(file_name(&with));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
            assert!(matches!(ledger.seeds(&with), Err(LedgerError::Shared { .. })));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        // One of them was taken out, or all.
        let text = fs::read_to_string(&path).unwrap();
        let fewer = Roster { seeds: seeds().seeds[1..].to_vec(), ..seeds() };
        for damaged in [serde_json::to_string(&fewer).unwrap(), text.replace("\"version\": 1", "\"version\": 2"), String::new()] {
            fs::write(&path, damaged).unwrap();
            let error = ledger.seeds(&with).unwrap_err();
            assert!(matches!(error, LedgerError::Seeds { .. }) && error.help().is_some());
        }
        fs::remove_file(&path).unwrap();
        assert!(ledger.seeds(&with).is_err());
    }
}
