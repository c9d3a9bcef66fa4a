//! `verify --identify`: which rows of the originator's own data were found, for those who may see them.

use crate::cli::context::Context;
use crate::ledger::Ledger;
use crate::ledger::entry::Conclusion;
use crate::ledger::ordinal::ordinals;
use crate::manifest::statement::ManifestV1;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::csv::quote;
use crate::support::number::of;
use crate::support::sanitize::clean;
use crate::verification::Verification;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

/// The columns of the file.
pub(in crate::cli) const HEADER: &str = "attestation,supply,record,found_by,row,reference";

/// The file, on its way.
pub(super) struct Identified {
    out: BufWriter<AtomicFile>,
    rows: u64,
    /// Attestations that name no record, although they found some.
    unnamed: Vec<String>,
}

impl Identified {
    /// Begins the file.
    pub(super) fn begin(path: &Path, is_forced: bool) -> anyhow::Result<Identified> {
        let existing = if is_forced { Existing::Replace } else { Existing::Keep };
        let file = AtomicFile::create(path, Access::Private, existing).with_context(|| writing(path))?;
        let mut out = BufWriter::new(file);
        writeln!(out, "{HEADER}").with_context(|| writing(path))?;
        Ok(Identified { out, rows: 0, unnamed: Vec::new() })
    }

    /// Adds the records that an attestation names: those found by a key of class S, and the spot checks that were answered as found. Of one whose checks
    /// failed nothing is believed.
    pub(super) fn add(&mut self, ledger: &Ledger, file: &Path, verification: &Verification) -> anyhow::Result<()> {
        let (Some(asked), Some(stated)) = (&verification.asked, &verification.stated) else { return Ok(()) };
        if verification.appraisal.conclusion == Conclusion::Failed {
            return Ok(());
        }
        let Some(outcome) = stated.outcome() else { return Ok(()) };
        let file = file.display().to_string();
        if stated.records.supply.is_none() && stated.records.supply_count > 0 {
            self.unnamed.push(clean(&file));
        }
        let mut found: BTreeMap<u32, &str> = outcome.supply_records.iter().map(|record| (record, "supply_key")).collect();
        for answer in outcome.spot_checks.iter().filter(|answer| answer.found) {
            found.entry(answer.record).or_insert("spot_check");
        }
        if found.is_empty() {
            return Ok(());
        }
        let supply = ledger.view().supply(&asked.supply_id)?;
        let manifest = ledger.statement::<ManifestV1>(supply.statement(asked.phase), &supply.entry.originator.card()?)?.predicate;
        let ordinals = ordinals(ledger, &manifest)?;
        let references = ledger.references(&asked.supply_id)?;
        let seeds = ledger.seeds(&asked.supply_id)?.map(|roster| roster.rows()).unwrap_or_default();
        for (record, by) in found {
            let (row, reference) = match ordinals.row(record) {
                // Whoever was not supplied has no row.
                None => (String::new(), "never supplied".to_owned()),
                Some(row) => {
                    let seed = seeds.iter().position(|seed| *seed == row).map(|number| format!("seed {}", number + 1));
                    let kept = || references.as_ref().and_then(|references| references.get(row as usize)).cloned();
                    ((u64::from(row) + 1).to_string(), seed.or_else(kept).unwrap_or_default())
                }
            };
            let record = record.to_string();
            let cells = [&file, &asked.supply_id, &record, by, &row, &reference].map(quote);
            writeln!(self.out, "{}", cells.join(",")).context("cannot write the rows")?;
            self.rows += 1;
        }
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn finish(self, path: &Path, context: &Context) -> anyhow::Result<()> {
        let file = self.out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(|| writing(path))?;
        file.commit().with_context(|| writing(path))?;
        let mut words = format!("Rows: {} ({}, for those alone who may see them)\n", path.display(), of(self.rows, "row"));
        for file in &self.unnamed {
            words.push_str(&format!("  `{file}` gives the number of supplied records found, and does not name them.\n"));
        }
        context.explain(&words)
    }
}

fn writing(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}
