//! Derivation: a recipient makes a manifest anew from the data that it was given, and holds it against the one that it was handed.
//!
//! Salt, supply and keys are the originator's, so that every fingerprint has to come out the same, and only the ordinals differ, since the shuffle is
//! secret. [`compare`] says what does not: a fingerprint of somebody who was not supplied, a record that is missing, or fingerprints of several
//! people under one ordinal, by which hits would be counted wrongly.

use crate::fingerprint::Fingerprint;
use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::manifest::read::Manifest;
use crate::manifest::read::Section;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::SchemaColumn;
use crate::manifest::statement::StatementFault;
use crate::match_key::plan::Plan;
use crate::record::field::Slot;
use crate::record::schema::Usage;
use crate::source::Session;
use crate::supply::Draft;
use crate::supply::Job;
use crate::supply::Supplied;
use crate::supply::SupplyError;
use crate::supply::Target;
use crate::supply::agreement::Agreement;
use crate::supply::estimate::Model;
use crate::supply::profile;
use crate::supply::run;
use crate::supply::sketch;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::secret::Secret;
use std::cmp::Ordering;
use std::io::Write;
use std::path::Path;
use thiserror::Error;

/// Records for each whose telephone may differ: an originator may fingerprint numbers in the place of those that are reserved for fiction, of as many
/// invented people as it may mix in.
const RECORDS_PER_OTHER_PHONE: u64 = 100;

/// What keeps a manifest from being derived.
#[derive(Debug, Error)]
pub(crate) enum DeriveError {
    /// The data have other columns than those that were fingerprinted.
    #[error(
        "the data have {found} columns, of which number {number} is `{column}`, where those that were supplied had {expected}, and there `{other}`"
    )]
    Columns {
        /// Columns of the data.
        found: usize,
        /// Columns of the statement.
        expected: usize,
        /// The first that differs, counted from 1.
        number: usize,
        /// Its name in the data; empty where there is none.
        column: String,
        /// Its name in the statement.
        other: String,
    },
    /// The statement cannot be used.
    #[error(transparent)]
    Statement(#[from] StatementFault),
    /// The data cannot be read or fingerprinted.
    #[error(transparent)]
    Supply(#[from] SupplyError),
}

/// What a manifest is made of.
pub(crate) struct Recipe<'a> {
    /// The signed statement of the manifest that was handed over.
    pub(crate) statement: &'a ManifestV1,
    /// Its plan.
    pub(crate) plan: &'a Plan,
    /// The salt.
    pub(crate) salt: &'a Secret,
    /// Any shuffle: the originator's is secret.
    pub(crate) shuffle: &'a Secret,
    /// The new manifest's id.
    pub(crate) id: [u8; 16],
    /// Where temporary files go.
    pub(crate) folder: &'a Path,
}

/// Makes the manifest of the data anew, by the statement's schema and keys.
pub(crate) fn derive(
    session: &dyn Session,
    object: usize,
    recipe: &Recipe<'_>,
    out: &mut (dyn Write + Send),
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Supplied, DeriveError> {
    let names: Vec<&str> = session.inventory().objects[object].columns.iter().map(|column| column.name.as_str()).collect();
    let mapping = mapping(&names, &recipe.statement.schema)?;
    let (profiles, parts) = profile(session, object, progress, cancel)?;
    let draft = Draft { mapping, profiles, parts };
    let slots = draft.slots();
    let sketch = sketch::take(session, &draft, progress, cancel)?;
    let has = |slot: Slot| slots.iter().any(|(known, _)| *known == slot);
    let job = Job {
        session,
        draft: &draft,
        keys: recipe.plan.keys.iter().map(|planned| planned.key.clone()).collect(),
        model: Model::learn(&Agreement::new(&sketch.sampler, &sketch.sample), has, |slot| sketch.spans.width(slot)),
        supply_id: &recipe.statement.supply.supply_id,
        expected_rows: recipe.plan.expected_rows,
        spill_folder: recipe.folder,
        seeds: &[],
    };
    let target = Target { id: recipe.id, salt: recipe.salt.clone(), shuffle: recipe.shuffle.clone(), controls: None, out };
    Ok(run(&job, vec![target], progress, cancel)?)
}

/// The columns as the statement says.
fn mapping(names: &[&str], schema: &[SchemaColumn]) -> Result<Mapping, DeriveError> {
    let differs = (0..names.len().max(schema.len()))
        .find(|number| names.get(*number).copied() != schema.get(*number).map(|column| column.name.as_str()));
    if let Some(number) = differs {
        return Err(DeriveError::Columns {
            found: names.len(),
            expected: schema.len(),
            number: number + 1,
            column: names.get(number).map_or_else(String::new, |name| (*name).to_owned()),
            other: schema.get(number).map_or_else(String::new, |column| column.name.clone()),
        });
    }
    let columns = schema.iter().map(|column| {
        let usage = column.field()?.map_or(Usage::Text, Usage::Field);
        let group = column.group.clone();
        Ok(Taken { order: column.order()?, group, ..Taken::new(&column.name, usage, By::Person) })
    });
    let columns = columns.collect::<Result<Vec<Taken>, StatementFault>>()?;
    Ok(Mapping { columns, is_deep: false })
}

/// What one key's section has, and how it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyComparison {
    /// The key.
    pub(crate) key: String,
    /// Fingerprints of the manifest that was handed over, without the known answer.
    pub(crate) fingerprints: u64,
    /// Of these, those that are not of the data.
    pub(crate) not_of_the_data: u64,
    /// Fingerprints of the data that the manifest lacks.
    pub(crate) lacking: u64,
    /// Whether the difference is explained: as many other telephones as an originator may put in the place of reserved ones.
    pub(crate) is_explained: bool,
}

impl KeyComparison {
    /// Whether the section is that of the data.
    pub(crate) fn agrees(&self) -> bool {
        self.not_of_the_data == 0 && self.lacking == 0 || self.is_explained
    }
}

/// How a manifest that was handed over differs from the one derived from the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// A key each.
    pub(crate) keys: Vec<KeyComparison>,
    /// Whether fingerprints of one record of the data stand under one ordinal, record by record.
    pub(crate) has_same_records: bool,
}

impl Comparison {
    /// Whether the manifest is that of the data.
    pub(crate) fn agrees(&self) -> bool {
        self.has_same_records && self.keys.iter().all(KeyComparison::agrees)
    }
}

/// Holds the manifest that was handed over against the one of the data. Both were verified, and have the keys of the plan.
pub(crate) fn compare(plan: &Plan, records: u64, handed: &Manifest, derived: &Manifest) -> Comparison {
    let most_others = records / RECORDS_PER_OTHER_PHONE;
    let mut keys = Vec::with_capacity(plan.keys.len());
    let mut marks = [Marks::new(records), Marks::new(records)];
    for (number, planned) in plan.keys.iter().enumerate() {
        let (theirs, ours) = (handed.section(number), derived.section(number));
        let (not_of_the_data, lacking) = differences(theirs.fingerprints(), ours.fingerprints());
        let has_phone = planned.key.atoms.iter().any(|atom| atom.slot() == Slot::Phone);
        let is_explained =
            has_phone && not_of_the_data == lacking && lacking <= most_others.saturating_mul(planned.key.most_forms());
        keys.push(KeyComparison {
            key: planned.key.name.clone(),
            fingerprints: handed.entries(number).saturating_sub(1),
            not_of_the_data,
            lacking,
            is_explained,
        });
        // Where telephones may differ, they say nothing of whose the other values are.
        if !has_phone {
            for (marks, section) in marks.iter_mut().zip([theirs, ours]) {
                marks.add(number, &section);
            }
        }
    }
    let [theirs, ours] = marks.map(Marks::sorted);
    Comparison { keys, has_same_records: theirs == ours }
}

/// How many of two sorted lists stand in the first alone, and how many in the second.
fn differences(first: &[Fingerprint], second: &[Fingerprint]) -> (u64, u64) {
    let (mut left, mut right) = (first.iter().peekable(), second.iter().peekable());
    let mut only = (0_u64, 0_u64);
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => match a.cmp(b) {
                Ordering::Equal => {
                    left.next();
                    right.next();
                }
                Ordering::Less => {
                    only.0 += 1;
                    left.next();
                }
                Ordering::Greater => {
                    only.1 += 1;
                    right.next();
                }
            },
            (Some(_), None) => {
                only.0 += 1;
                left.next();
            }
            (None, Some(_)) => {
                only.1 += 1;
                right.next();
            }
            (None, None) => return only,
        }
    }
}

/// For each ordinal a number that depends on all its fingerprints and their keys, in any order.
struct Marks(Vec<u128>);

impl Marks {
    fn new(records: u64) -> Marks {
        // The known answer's ordinal follows the last record's. Memory: 16 bytes a record.
        Marks(vec![0; usize::try_from(records).unwrap_or(0) + 1])
    }

    fn add(&mut self, key: usize, section: &Section<'_>) {
        for (fingerprint, ordinal) in section.entries() {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&(key as u64).to_le_bytes());
            hasher.update(fingerprint);
            let mut mark = [0; 16];
            mark.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            if let Some(sum) = self.0.get_mut(ordinal as usize) {
                *sum = sum.wrapping_add(u128::from_le_bytes(mark));
            }
        }
    }

    fn sorted(self) -> Vec<u128> {
        let mut marks = self.0;
        marks.sort_unstable();
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_differ_by_what_one_of_them_lacks() {
        let list = |numbers: &[u8]| numbers.iter().map(|number| [*number; 16]).collect::<Vec<Fingerprint>>();
        assert_eq!(differences(&list(&[1, 2, 2, 5]), &list(&[1, 2, 2, 5])), (0, 0));
        assert_eq!(differences(&list(&[1, 2, 2, 5]), &list(&[2, 3, 5])), (2, 1));
        assert_eq!(differences(&list(&[]), &list(&[7])), (0, 1));
        assert_eq!(differences(&list(&[7, 8]), &list(&[])), (2, 0));
    }

    #[test]
    fn other_columns_are_named() {
        let column = |name: &str| SchemaColumn::new(name, None, None, "");
        let error = mapping(&["a", "c"], &[column("a"), column("b"), column("c")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the data have 2 columns, of which number 2 is `c`, where those that were supplied had 3, and there `b`"
        );
        assert!(mapping(&["a"], &[column("a")]).is_ok());
    }
}
