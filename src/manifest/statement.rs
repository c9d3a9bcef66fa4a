//! The signed statement of a manifest (`docs/format.md`, "The signed statement"): what was supplied, under which terms, with which keys, and where
//! each section of the binary file lies. The structs are the wire form, version 1, and are frozen with it.

use crate::manifest::layout::Layout;
use crate::manifest::layout::SectionLayout;
use crate::manifest::ordinal::BLOCK;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::plan::Plan;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Basis;
use crate::match_key::strength::Class;
use crate::match_key::strength::decimal;
use crate::match_key::strength::has_supply_atom;
use crate::match_key::strength::parse_decimal;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Origin;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::normalize;
use crate::record::normalize::date::DateOrder;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

/// Which phases a manifest serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PhaseGroup {
    /// The baseline.
    Baseline,
    /// Deletion, recheck and restore.
    Deletion,
}

impl PhaseGroup {
    /// The word that files use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            PhaseGroup::Baseline => "baseline",
            PhaseGroup::Deletion => "deletion",
        }
    }
}

/// A signed statement whose content cannot be used. Its signature holds, so the fault is its author's, or this program is too old.
#[derive(Debug, Error)]
pub(crate) enum StatementFault {
    /// Another normaliser made the fingerprints: looking with this one could miss what is there.
    #[error("the manifest was made with normaliser `{found}`, and this program has `{known}`")]
    Normaliser {
        /// That of the statement.
        found: String,
        /// Ours.
        known: &'static str,
    },
    /// A word or number that this program does not know.
    #[error("the statement's {what} is not one that this program knows")]
    Unknown {
        /// Which.
        what: &'static str,
    },
    /// Two parts of the statement that contradict each other.
    #[error("the statement contradicts itself: {what}")]
    Contradiction {
        /// Which.
        what: &'static str,
    },
}

/// The predicate of a manifest's statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManifestV1 {
    /// 32 hexadecimal digits; stands in the binary header too.
    pub(crate) manifest_id: String,
    /// Which phases the manifest serves.
    pub(crate) phase_group: PhaseGroup,
    /// RFC 3339, UTC.
    pub(crate) created_at: String,
    /// What was agreed.
    pub(crate) supply: SupplyTerms,
    /// Records of the supply.
    pub(crate) records: u64,
    /// People who were not supplied, whole blocks of [`BLOCK`] ordinals of them: in a deletion manifest only, and left away where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) controls: u64,
    /// Records from which no key could be formed, and which nobody can look for.
    pub(crate) records_without_key: u64,
    /// The recipient's rows for which the keys' classes hold.
    pub(crate) expected_rows: u64,
    /// The version of the normaliser.
    pub(crate) normalizer: String,
    /// What each column was taken for.
    pub(crate) schema: Vec<SchemaColumn>,
    /// The keys, in the order of the sections.
    pub(crate) keys: Vec<KeyV1>,
    /// BLAKE3 derivation of the salt, hexadecimal.
    pub(crate) key_commitment: String,
    /// The ordinal of the known-answer record.
    pub(crate) known_answer: u64,
    /// Where everything lies in the file, and the digests.
    pub(crate) layout: Layout,
    /// SHA-256 of the baseline manifest file, in the statement of the deletion manifest; else null.
    pub(crate) baseline_manifest: Option<String>,
}

/// The terms of a supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SupplyTerms {
    /// 32 hexadecimal digits.
    pub(crate) supply_id: String,
    /// Name on the originator's card.
    pub(crate) originator: String,
    /// Fingerprint of the originator's key.
    pub(crate) originator_key: String,
    /// Name on the recipient's card.
    pub(crate) recipient: String,
    /// Fingerprint of the recipient's key.
    pub(crate) recipient_key: String,
    /// The day by which the data are to be deleted: `2017-06-30`.
    pub(crate) delete_by: String,
    /// What the data are for, in words; may be empty.
    pub(crate) purpose: String,
    /// The contract under which they are supplied. This and what follows is left away where it was not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) contract: String,
    /// On what the originator bases that it may supply them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lawful_basis: String,
    /// How they are to be deleted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) manner: String,
}

/// One column of the supplied data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SchemaColumn {
    /// The column's name.
    pub(crate) name: String,
    /// `name`, `date` …, or null where the column makes no key.
    pub(crate) kind: Option<String>,
    /// `given`, `birth` …
    pub(crate) role: Option<String>,
    /// `public`, `common` or `supply`.
    pub(crate) origin: Option<String>,
    /// `dmy`, `mdy` or `ymd`: in what order the dates of the column are read, where that decides anything; else left away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<String>,
    /// The word that columns of one person or address share, where there is one; else left away.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
}

/// One match key of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyV1 {
    /// The short name.
    pub(crate) name: String,
    /// The atoms, in the order of the message.
    pub(crate) atoms: Vec<String>,
    /// `S`, `P` or `A`.
    pub(crate) class: String,
    /// Decimal.
    pub(crate) u: String,
    /// `joint`, `product`, `prior` or `range`.
    pub(crate) basis: String,
    /// Pairs of distinct people of the supplied file that agree.
    pub(crate) joint_collisions: u64,
    /// Decimal: expected coincidences over the expected rows.
    pub(crate) lambda: String,
    /// Guesses that recover the key's least guarded field; null where they cannot be counted.
    pub(crate) guesses: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl SchemaColumn {
    /// The wire form of a column that is a field, or of one that makes no key.
    pub(crate) fn new(name: &str, field: Option<Field>, order: Option<DateOrder>, group: &str) -> SchemaColumn {
        SchemaColumn {
            name: name.to_owned(),
            kind: field.map(|field| field.kind.word().to_owned()),
            role: field.map(|field| field.role.word().to_owned()),
            origin: field.map(|field| field.origin.word().to_owned()),
            order: order.map(|order| order.word().to_owned()),
            group: field.map_or_else(String::new, |_| group.to_owned()),
        }
    }

    /// In what order dates are read, where that was decided.
    pub(crate) fn order(&self) -> Result<Option<DateOrder>, StatementFault> {
        let parse = |word: &String| DateOrder::parse(word).ok_or(StatementFault::Unknown { what: "order of dates" });
        self.order.as_ref().map(parse).transpose()
    }

    /// What the column was taken for.
    pub(crate) fn field(&self) -> Result<Option<Field>, StatementFault> {
        let unknown = StatementFault::Unknown { what: "schema" };
        match (&self.kind, &self.role, &self.origin) {
            (None, None, None) => Ok(None),
            (Some(kind), Some(role), Some(origin)) => match (Kind::parse(kind), Role::parse(role), Origin::parse(origin)) {
                (Some(kind), Some(role), Some(origin)) => Ok(Some(Field { kind, role, origin })),
                _ => Err(unknown),
            },
            _ => Err(unknown),
        }
    }
}

impl KeyV1 {
    /// As [`MatchKey::most_forms`]. Of atoms that this program does not know a record has one form.
    pub(crate) fn most_forms(&self) -> u64 {
        let atoms = self.atoms.iter().filter_map(|atom| Atom::parse(atom)).collect();
        MatchKey { name: String::new(), atoms }.most_forms()
    }

    /// The wire form of a planned key.
    pub(crate) fn new(planned: &PlannedKey) -> KeyV1 {
        KeyV1 {
            name: planned.key.name.clone(),
            atoms: planned.key.atoms.iter().map(|atom| atom.word().to_owned()).collect(),
            class: planned.class.letter().to_owned(),
            u: decimal(planned.u),
            basis: planned.basis.word().to_owned(),
            joint_collisions: planned.collisions,
            lambda: decimal(planned.lambda),
            guesses: planned.guesses,
        }
    }
}

impl ManifestV1 {
    /// Which slots the supplied records have, each with its origin: `supply` where any of its columns is.
    pub(crate) fn slots(&self) -> Result<Vec<(Slot, Origin)>, StatementFault> {
        let mut slots: Vec<(Slot, Origin)> = Vec::new();
        for column in &self.schema {
            let Some(field) = column.field()? else { continue };
            let Some(slot) = field.slot() else { continue };
            match slots.iter_mut().find(|(known, _)| *known == slot) {
                Some((_, origin)) => {
                    if field.origin == Origin::Supply {
                        *origin = Origin::Supply;
                    }
                }
                None => slots.push((slot, field.origin)),
            }
        }
        Ok(slots)
    }

    /// Whether the supplied names have a given and a family part.
    pub(crate) fn names_have_parts(&self) -> Result<bool, StatementFault> {
        let fields: Vec<Field> = self.schema.iter().filter_map(|column| column.field().transpose()).collect::<Result<_, _>>()?;
        let has = |role: Role| fields.iter().any(|field| field.kind == Kind::Name && field.role == role);
        Ok(has(Role::Full) || has(Role::Given) && has(Role::Family))
    }

    /// The plan that the statement signs, after checking that it is one that this program can carry out.
    pub(crate) fn plan(&self) -> Result<Plan, StatementFault> {
        if self.normalizer != normalize::VERSION {
            return Err(StatementFault::Normaliser { found: self.normalizer.clone(), known: normalize::VERSION });
        }
        if self.layout.sections.len() != self.keys.len() {
            return Err(StatementFault::Contradiction { what: "it has not one section for each key" });
        }
        if self.records.checked_add(self.controls) != Some(self.known_answer) {
            return Err(StatementFault::Contradiction { what: "the known-answer record does not follow the last record" });
        }
        if self.controls > 0 && (self.phase_group == PhaseGroup::Baseline || !self.controls.is_multiple_of(u64::from(BLOCK))) {
            return Err(StatementFault::Contradiction {
                what: "people who were not supplied fill no whole blocks of a deletion manifest",
            });
        }
        let slots = self.slots()?;
        let origin = |slot: Slot| slots.iter().find(|(known, _)| *known == slot).map_or(Origin::Public, |(_, origin)| *origin);
        let mut keys: Vec<PlannedKey> = Vec::with_capacity(self.keys.len());
        for wire in &self.keys {
            let unknown = |what| StatementFault::Unknown { what };
            let atoms: Option<Vec<Atom>> = wire.atoms.iter().map(|word| Atom::parse(word)).collect();
            let key = MatchKey { name: wire.name.clone(), atoms: atoms.ok_or(unknown("atom"))? };
            if key.atoms.is_empty() || keys.iter().any(|known| known.key.name == key.name) {
                return Err(StatementFault::Contradiction { what: "a key without atoms, or two keys of one name" });
            }
            let has_supply_atom = has_supply_atom(&key, origin);
            let class = Class::parse(&wire.class).ok_or(unknown("class"))?;
            if class == Class::Supply && !has_supply_atom {
                return Err(StatementFault::Contradiction { what: "a key of class S without a field that only this supply had" });
            }
            keys.push(PlannedKey {
                key,
                class,
                has_supply_atom,
                u: parse_decimal(&wire.u).ok_or(unknown("u"))?,
                basis: Basis::parse(&wire.basis).ok_or(unknown("basis"))?,
                collisions: wire.joint_collisions,
                lambda: parse_decimal(&wire.lambda).ok_or(unknown("lambda"))?,
                guesses: wire.guesses,
            });
        }
        Ok(Plan { keys, expected_rows: self.expected_rows })
    }

    /// How many fingerprints of people a section holds: all but the known answer's.
    pub(crate) fn fingerprints(&self, key: usize) -> u64 {
        self.layout.sections.get(key).map_or(0, |section| section.entries.saturating_sub(1))
    }

    /// Records that have at least one key.
    pub(crate) fn searchable(&self) -> u64 {
        self.records.saturating_sub(self.records_without_key)
    }

    /// Everybody whom the manifest asks about: the supplied records, and the people who were not supplied.
    pub(crate) fn asked(&self) -> u64 {
        self.records.saturating_add(self.controls)
    }

    /// Whether two statements speak of the same supply with the same keys and counts, as a baseline and its deletion manifest must. A section
    /// of the deletion manifest may be larger by what its controls explain.
    pub(crate) fn pairs_with(&self, baseline: &ManifestV1) -> bool {
        let most_more = |key: &KeyV1| self.controls.saturating_mul(key.most_forms());
        let sections = || self.layout.sections.iter().zip(&baseline.layout.sections).zip(&self.keys);
        let explains = |((mine, theirs), key): ((&SectionLayout, &SectionLayout), &KeyV1)| {
            mine.entries.checked_sub(theirs.entries).is_some_and(|more| more <= most_more(key))
        };
        self.supply == baseline.supply
            && self.records == baseline.records
            && self.records_without_key == baseline.records_without_key
            && self.schema == baseline.schema
            && self.keys == baseline.keys
            && baseline.controls == 0
            && self.layout.sections.len() == baseline.layout.sections.len()
            && self.keys.len() == self.layout.sections.len()
            && sections().all(explains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::ledger::fixture::Originator;

    fn pair() -> (ManifestV1, ManifestV1) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        originator.supply(&card);
        let supply = &originator.ledger.view().supplies()[0];
        let statement = |phase| {
            let envelope = originator.ledger.statement::<ManifestV1>(supply.statement(phase), &originator.key.card());
            envelope.unwrap().predicate
        };
        (statement(Phase::Baseline), statement(Phase::Deletion))
    }

    /// The deletion statement with a block of people who were not supplied.
    fn with_controls(deletion: &ManifestV1) -> ManifestV1 {
        let mut deletion = ManifestV1 { controls: 1_000, known_answer: deletion.records + 1_000, ..deletion.clone() };
        for section in &mut deletion.layout.sections {
            section.entries += 1_000;
        }
        deletion
    }

    #[test]
    fn a_statement_without_controls_is_as_it_ever_was() {
        let (_, deletion) = pair();
        let text = serde_json::to_string(&deletion).unwrap();
        assert!(!text.contains("controls"));
        assert_eq!(serde_json::from_str::<ManifestV1>(&text).unwrap(), deletion);
        let hidden = with_controls(&deletion);
        let text = serde_json::to_string(&hidden).unwrap();
        assert!(text.contains("\"controls\":1000"));
        assert_eq!(serde_json::from_str::<ManifestV1>(&text).unwrap(), hidden);
        assert_eq!((hidden.asked(), deletion.asked()), (deletion.records + 1_000, deletion.records));
    }

    #[test]
    fn controls_fill_whole_blocks_of_a_deletion_manifest() {
        let (baseline, deletion) = pair();
        let refused = |statement: &ManifestV1| statement.plan().unwrap_err().to_string();
        let hidden = with_controls(&deletion);
        assert!(hidden.plan().is_ok());
        let follows = "the known-answer record does not follow";
        assert!(refused(&ManifestV1 { known_answer: deletion.records, ..hidden.clone() }).contains(follows));
        assert!(refused(&ManifestV1 { controls: u64::MAX, ..hidden.clone() }).contains(follows));
        assert!(refused(&ManifestV1 { known_answer: deletion.records + 1_000, ..deletion.clone() }).contains(follows));
        let part = ManifestV1 { controls: 999, known_answer: deletion.records + 999, ..deletion };
        assert!(refused(&part).contains("no whole blocks"));
        assert!(refused(&with_controls(&baseline)).contains("no whole blocks"));
    }

    #[test]
    fn a_pair_differs_by_what_its_controls_explain() {
        let (baseline, deletion) = pair();
        assert!(deletion.pairs_with(&baseline));
        let hidden = with_controls(&deletion);
        assert!(hidden.pairs_with(&baseline));
        assert!(!deletion.pairs_with(&hidden) && !hidden.pairs_with(&hidden));
        let changed = |statement: &ManifestV1, key: usize, by: i64| {
            let mut statement = statement.clone();
            let entries = &mut statement.layout.sections[key].entries;
            *entries = entries.checked_add_signed(by).unwrap();
            statement.pairs_with(&baseline)
        };
        assert!(!changed(&deletion, 1, 1) && !changed(&deletion, 1, -1));
        // Key 0 has a fingerprint for each word of a name, key 1 one for each person.
        assert!(changed(&hidden, 0, 3_000) && !changed(&hidden, 0, 100_000));
        assert!(changed(&hidden, 1, -1_000) && !changed(&hidden, 1, -1_001) && !changed(&hidden, 1, 1));
        let mut short = hidden.clone();
        short.layout.sections.pop();
        assert!(!short.pairs_with(&baseline));
    }
}
