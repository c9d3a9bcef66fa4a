//! Looking a person up in one manifest, by every key that can be formed, and what was found or could not be looked for.

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MOST_COMBINATIONS;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::fingerprint::commitment;
use crate::intake::convert::Side;
use crate::intake::known_answer;
use crate::manifest::read::Manifest;
use crate::manifest::read::ReadError;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::StatementFault;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Class;
use crate::match_key::strength::PROOF;
use crate::match_key::strength::lambda;
use crate::record::field::Slot;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use crate::support::sanitize;
use crate::support::secret::Secret;
use crate::trace::Unknown;
use crate::trace::query::Query;
use crate::trace::query::Readings;
use crate::trace::query::Sort;
use roaring::RoaringBitmap;
use std::path::Path;

/// One supply, as its ledger has it.
pub(crate) struct Supplied<'a> {
    /// The baseline manifest's statement, whose signature holds.
    pub(crate) statement: &'a ManifestV1,
    /// The copy of that manifest.
    pub(crate) manifest: &'a Path,
    /// Its salt.
    pub(crate) salt: &'a Secret,
}

/// What came of looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Looked {
    /// Ordinals of records that agree by a key that does so by chance next to never.
    pub(crate) certain: RoaringBitmap,
    /// Ordinals of those that agree by other keys alone.
    pub(crate) possible: RoaringBitmap,
    /// The keys that agree.
    pub(crate) keys: Vec<String>,
    /// Of what sorts those are made.
    pub(crate) sorts: Vec<Sort>,
    /// How many records have none of the keys that were looked for in full.
    pub(crate) unsearched: u64,
}

/// A key of the supply that can be formed of what was given.
struct Formed<'a> {
    number: usize,
    planned: &'a PlannedKey,
    fingerprints: Vec<Fingerprint>,
    /// Of which fingerprints half a name is part, where the supply has whole ones.
    is_half: Vec<bool>,
    /// Whether somebody who was supplied with the same values would be found by it.
    is_full: bool,
}

/// Looks a person up. An error is an answer too: nothing can be said.
pub(crate) fn look(query: &Query, supplied: &Supplied<'_>, progress: &dyn Progress, cancel: &Cancel) -> Result<Looked, Unknown> {
    let statement = supplied.statement;
    let plan = statement.plan().map_err(of_statement)?;
    if hex::encode(&commitment(supplied.salt)) != statement.key_commitment {
        return Err(Unknown::OtherSalt);
    }
    let names_have_parts = statement.names_have_parts().map_err(of_statement)?;
    let readings = query.readings();
    let subkey = |planned: &PlannedKey| Subkey::derive(supplied.salt, &statement.supply.supply_id, &planned.key.name);
    let formed: Vec<Formed<'_>> = (plan.keys.iter().enumerate())
        .filter_map(|(number, planned)| form(number, planned, &subkey(planned), readings, names_have_parts, query))
        .collect();
    if formed.is_empty() {
        return Err(Unknown::NoKey);
    }
    let damaged = |error: ReadError| Unknown::Unusable(format!("its copy of the manifest cannot be relied on: {error}"));
    let id = hex::decode(&statement.manifest_id).ok_or_else(|| Unknown::Unusable("its statement has no id".to_owned()))?;
    let manifest = Manifest::open(supplied.manifest, &statement.layout, &id).map_err(damaged)?;
    manifest.verify(statement.asked().saturating_add(1), progress, cancel).map_err(damaged)?;
    let known = u32::try_from(statement.known_answer)
        .map_err(|_| Unknown::Unusable("its manifest counts more records than its format can tell apart".to_owned()))?;
    let mut answers = AtomBatch::default();
    answers.derive(&known_answer::record(Side::Recipient), &Atom::ALL);

    let mut looked = Looked::default();
    let mut searched = RoaringBitmap::new();
    for key in &formed {
        let section = manifest.section(key.number);
        let answer = hashed(&key.planned.key, &answers, &subkey(key.planned));
        if !answer.iter().any(|answer| section.records(answer).any(|record| record == known)) {
            return Err(Unknown::KnownAnswer);
        }
        let is_strong = is_strong(key, statement.fingerprints(key.number));
        let mut is_hit = false;
        for (fingerprint, is_half) in key.fingerprints.iter().zip(&key.is_half) {
            let found = if is_strong && !is_half { &mut looked.certain } else { &mut looked.possible };
            for record in section.records(fingerprint).filter(|record| *record != known) {
                is_hit = true;
                found.insert(record);
            }
        }
        if is_hit {
            looked.keys.push(key.planned.key.name.clone());
            looked.sorts.extend(key.planned.key.atoms.iter().filter_map(|atom| Sort::of(atom.slot())));
        }
        if key.is_full {
            searched.extend(section.entries().map(|(_, record)| record).filter(|record| *record != known));
        }
    }
    looked.possible -= &looked.certain;
    looked.sorts.sort_unstable();
    looked.sorts.dedup();
    looked.unsearched = statement.records.saturating_sub(searched.len());
    let is_found = !looked.certain.is_empty() || !looked.possible.is_empty();
    // What was looked for by guesses alone, or by half a name, was not looked for.
    if !is_found && formed.iter().all(|key| !key.is_full) { Err(Unknown::NoKey) } else { Ok(looked) }
}

fn of_statement(fault: StatementFault) -> Unknown {
    match fault {
        StatementFault::Normaliser { found, known } => Unknown::Normaliser { found: sanitize::clean(&found), known },
        fault => Unknown::Unusable(format!("its manifest's statement cannot be used: {fault}")),
    }
}

/// Forms a key of every reading; `None` where there is none.
fn form<'a>(
    number: usize,
    planned: &'a PlannedKey,
    subkey: &Subkey,
    readings: &Readings,
    names_have_parts: bool,
    query: &Query,
) -> Option<Formed<'a>> {
    let key = &planned.key;
    let takes_whole_name = names_have_parts && key.has_whole_name();
    let is_half = |row: usize| takes_whole_name && !readings.has_parts.get(row).copied().unwrap_or(false);
    let mut is_full = false;
    let mut is_capped = false;
    let mut messages = MessageBatch::default();
    messages.fill(key, &readings.atoms, |row, combinations| {
        is_capped |= combinations > MOST_COMBINATIONS;
        is_full |= !is_half(row);
        true
    });
    if messages.len() == 0 {
        return None;
    }
    let mut fingerprints = Vec::new();
    subkey.hash(&messages, &mut fingerprints);
    // A day that was given is looked for as any day that the supply has. But a date of the supply's own, a child's birth for instance, was not given
    // where there is one day alone. What was read out of a value of another sort was not given either.
    let is_given = |slot: Slot| Sort::of(slot).is_some_and(|sort| query.count(sort) > usize::from(slot == Slot::Child));
    let is_given = key.atoms.iter().all(|atom| is_given(atom.slot()));
    let is_half = messages.rows().iter().map(|row| is_half(*row as usize)).collect();
    Some(Formed { number, planned, fingerprints, is_half, is_full: is_full && !is_capped && is_given })
}

/// The fingerprints of a key of one record.
fn hashed(key: &MatchKey, atoms: &AtomBatch, subkey: &Subkey) -> Vec<Fingerprint> {
    let mut messages = MessageBatch::default();
    messages.fill(key, atoms, |_, _| true);
    let mut fingerprints = Vec::new();
    subkey.hash(&messages, &mut fingerprints);
    fingerprints
}

/// Whether an agreement is the person's: by a key that proves something in a scan of many rows, or by an address, a telephone or a number that
/// was asked for itself. All that was tried together has to stay as far from coincidence as one hit of a scan.
fn is_strong(key: &Formed<'_>, entries: u64) -> bool {
    let planned = key.planned;
    let names_somebody = matches!(planned.key.plain().atoms[..], [Atom::Email | Atom::Phone | Atom::Id]);
    let is_proof = lambda(entries, key.fingerprints.len() as u64, planned.u) < PROOF;
    names_somebody || planned.class != Class::Aggregate && is_proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::person;
    use crate::manifest::fixture::Fixture;
    use crate::manifest::statement::KeyV1;
    use crate::manifest::statement::PhaseGroup;
    use crate::manifest::statement::SchemaColumn;
    use crate::manifest::statement::SupplyTerms;
    use crate::match_key::fixed;
    use crate::match_key::strength::Basis;
    use crate::record::field::Field;
    use crate::record::field::Kind;
    use crate::record::field::Origin;
    use crate::record::field::Role;
    use crate::record::normalize;
    use crate::support::progress::Silent;
    use crate::trace::query::Given;

    const COLUMNS: [(Kind, Role); 6] = [
        (Kind::Name, Role::Full),
        (Kind::Date, Role::Birth),
        (Kind::Date, Role::Child),
        (Kind::Postcode, Role::Main),
        (Kind::Email, Role::Main),
        (Kind::Phone, Role::Main),
    ];

    /// Ordinals are the order. The last two lack what the others have.
    const PEOPLE: [[&str; 6]; 4] = [
        ["Ann Green", "1980-04-03", "2014-05-06", "SW1A 1AA", "ann@example.com", "07700 900101"],
        ["Bob Mary Webb", "1975-12-25", "2013-01-31", "EC1A 1BB", "bob@example.com", "07700 900102"],
        ["Cleo Hart", "1990-02-28", "", "SW1A 1AA", "", "07700 900103"],
        ["Dora Finch", "1988-08-08", "", "M1 1AE", "", ""],
    ];

    /// A manifest of these people by keys of these classes.
    struct Supply {
        statement: ManifestV1,
        file: Fixture,
        salt: Secret,
    }

    impl Supply {
        fn of(people: &[[&str; 6]], keys: &[(&str, Class)]) -> Supply {
            let salt = Secret::new([7; 32]);
            let mut records = [AtomBatch::default(), AtomBatch::default()];
            records[0]
                .derive(&person::records(&COLUMNS, people.iter().map(|cells| cells.to_vec()), Side::Originator), &Atom::ALL);
            records[1].derive(&known_answer::record(Side::Originator), &Atom::ALL);
            let count = u32::try_from(people.len()).unwrap();
            let keys: Vec<PlannedKey> = keys
                .iter()
                .map(|(name, class)| PlannedKey {
                    key: fixed(|_| true).into_iter().find(|key| key.name == *name).unwrap(),
                    class: *class,
                    has_supply_atom: *class == Class::Supply,
                    u: 1e-9,
                    basis: Basis::Product,
                    collisions: 0,
                    lambda: 1e-5,
                    guesses: None,
                })
                .collect();
            let section = |planned: &PlannedKey| {
                let subkey = Subkey::derive(&salt, "5u", &planned.key.name);
                let mut entries = Vec::new();
                for (base, atoms) in [(0, &records[0]), (count, &records[1])] {
                    let mut messages = MessageBatch::default();
                    messages.fill(&planned.key, atoms, |_, _| true);
                    let mut hashes = Vec::new();
                    subkey.hash(&messages, &mut hashes);
                    entries.extend(hashes.into_iter().zip(messages.rows().iter().map(|row| base + row)));
                }
                entries
            };
            let file = Fixture::new(&keys.iter().map(section).collect::<Vec<_>>());
            let columns = COLUMNS.map(|(kind, role)| {
                let field = Field::new(kind, role).unwrap();
                let origin = if role == Role::Child { Origin::Supply } else { field.origin };
                SchemaColumn::new("column", Some(Field { origin, ..field }), None, "")
            });
            let text = String::new;
            let statement = ManifestV1 {
                manifest_id: hex::encode(&file.id),
                phase_group: PhaseGroup::Baseline,
                created_at: text(),
                supply: SupplyTerms {
                    supply_id: "5u".to_owned(),
                    originator: text(),
                    originator_key: text(),
                    recipient: text(),
                    recipient_key: text(),
                    delete_by: text(),
                    purpose: text(),
                    contract: text(),
                    lawful_basis: text(),
                    manner: text(),
                },
                records: u64::from(count),
                controls: 0,
                records_without_key: 0,
                expected_rows: 100,
                normalizer: normalize::VERSION.to_owned(),
                schema: columns.to_vec(),
                keys: keys.iter().map(KeyV1::new).collect(),
                key_commitment: hex::encode(&commitment(&salt)),
                known_answer: u64::from(count),
                layout: file.layout.clone(),
                baseline_manifest: None,
            };
            Supply { statement, file, salt }
        }

        fn all() -> Supply {
            let keys = [
                ("email", Class::Person),
                ("phone", Class::Aggregate),
                ("name_postcode", Class::Person),
                ("name_dob", Class::Person),
                ("p3_outward_dob", Class::Aggregate),
                ("child_any_dob", Class::Supply),
            ];
            Supply::of(&PEOPLE, &keys)
        }

        fn look(&self, values: &[(Sort, &str)]) -> Result<Looked, Unknown> {
            let mut given = Given::default();
            for (sort, value) in values {
                given.add(*sort, value);
            }
            let supplied = Supplied { statement: &self.statement, manifest: &self.file.path(), salt: &self.salt };
            look(&Query::new(&given).unwrap(), &supplied, &Silent, &Cancel::default())
        }

        /// The ordinals that are certain and that are possible, and how many records could not be looked for.
        #[track_caller]
        fn finds(&self, values: &[(Sort, &str)]) -> (Vec<u32>, Vec<u32>, u64) {
            let looked = self.look(values).unwrap();
            (looked.certain.iter().collect(), looked.possible.iter().collect(), looked.unsearched)
        }
    }

    #[test]
    fn each_sort_finds_whom_it_is_of() {
        let all = Supply::all();
        assert_eq!(all.finds(&[(Sort::Email, "Ann+list@Example.com")]), (vec![0], vec![], 2));
        // A telephone is the household's, and was asked for all the same.
        assert_eq!(all.finds(&[(Sort::Phone, "+44 7700 900102")]), (vec![1], vec![], 1));
        assert_eq!(all.finds(&[(Sort::Name, "GREEN, Ann"), (Sort::Postcode, "sw1a1aa")]), (vec![0], vec![], 0));
        assert_eq!(all.finds(&[(Sort::Name, "Bob Mary Webb"), (Sort::Birth, "25/12/1975")]), (vec![1], vec![], 0));
        let looked =
            all.look(&[(Sort::Name, "Ann Green"), (Sort::Postcode, "SW1A 1AA"), (Sort::Email, "x@example.com")]).unwrap();
        assert_eq!((looked.keys, looked.sorts), (vec!["name_postcode".to_owned()], vec![Sort::Name, Sort::Postcode]));
    }

    #[test]
    fn an_ambiguous_day_is_looked_for_both_ways() {
        let all = Supply::all();
        for day in ["03/04/1980", "04/03/1980", "3 April 1980"] {
            assert_eq!(all.finds(&[(Sort::Name, "Ann Green"), (Sort::Birth, day)]).0, [0], "{day}");
        }
        assert_eq!(all.finds(&[(Sort::Name, "Ann Green"), (Sort::Birth, "1980-03-04")]).0, [0_u32; 0]);
    }

    #[test]
    fn weak_keys_alone_are_possible() {
        let all = Supply::all();
        // Three letters of each word, the day and the district.
        let values = [(Sort::Name, "Anna Greene"), (Sort::Birth, "1980-04-03"), (Sort::Postcode, "SW1A 2AA")];
        assert_eq!(all.finds(&values), (vec![], vec![0], 0));
        // A class holds for so many combinations; more agree by chance.
        let mut doubtful = Supply::all();
        for key in &mut doubtful.statement.keys {
            key.u = "1.00e-2".to_owned();
        }
        assert_eq!(doubtful.finds(&[(Sort::Name, "Ann Green"), (Sort::Birth, "1980-04-03")]), (vec![], vec![0], 0));
        assert_eq!(doubtful.finds(&[(Sort::Email, "ann@example.com")]).0, [0]);
    }

    #[test]
    fn a_slip_finds_nobody_and_says_who_could_not_be_looked_for() {
        let all = Supply::all();
        assert_eq!(all.finds(&[(Sort::Email, "anne@example.com")]), (vec![], vec![], 2));
        assert_eq!(all.finds(&[(Sort::Email, "anne@example.com"), (Sort::Phone, "07700 900199")]), (vec![], vec![], 1));
        assert_eq!(all.finds(&[(Sort::Name, "Anne Green"), (Sort::Postcode, "SW1A 1AA")]), (vec![], vec![], 0));
    }

    #[test]
    fn what_forms_no_key_in_full_is_no_answer() {
        let all = Supply::all();
        for values in [
            &[(Sort::Postcode, "SW1A 1AA")][..],
            &[(Sort::Reference, "4711")],
            // Half a name agrees with none of whole ones.
            &[(Sort::Name, "Green"), (Sort::Postcode, "SW1A 1AA")],
            &[(Sort::Name, "A. Green"), (Sort::Postcode, "EC1A 1BB")],
            // What a number looks like was not given as that.
            &[(Sort::Reference, "07700900199")],
        ] {
            assert_eq!(all.look(values), Err(Unknown::NoKey), "{values:?}");
        }
        // One day is not the person's and a child's.
        let child = Supply::of(&PEOPLE, &[("child_any_dob", Class::Supply)]);
        let name = (Sort::Name, "Nell Sharp");
        assert_eq!(child.look(&[name, (Sort::Birth, "1980-04-03")]), Err(Unknown::NoKey));
        assert_eq!(child.finds(&[name, (Sort::Birth, "1980-04-03"), (Sort::Birth, "2014-05-06")]), (vec![], vec![], 2));
        let both = [(Sort::Name, "Green"), (Sort::Birth, "1980-04-03"), (Sort::Birth, "2014-05-06")];
        assert_eq!(child.finds(&both), (vec![0], vec![], 2));
    }

    #[test]
    fn a_supply_of_surnames_is_asked_by_the_words_of_a_name() {
        let mut people = PEOPLE;
        people[0][0] = "Green";
        let mut supply = Supply::of(&people, &[("name_postcode", Class::Person)]);
        let name = supply.statement.schema[0].role.as_mut().unwrap();
        "family".clone_into(name);
        assert_eq!(supply.finds(&[(Sort::Name, "Ann Green"), (Sort::Postcode, "SW1A 1AA")]).0, [0]);
        assert_eq!(supply.finds(&[(Sort::Name, "Green"), (Sort::Postcode, "SW1A 1AA")]).0, [0]);
    }

    #[test]
    fn half_a_name_that_agrees_is_a_possibility() {
        let mut people = PEOPLE;
        people[0][0] = "Green";
        let supply = Supply::of(&people, &[("name_postcode", Class::Person)]);
        assert_eq!(supply.finds(&[(Sort::Name, "Green"), (Sort::Postcode, "SW1A 1AA")]), (vec![], vec![0], 4));
        // Of a record without a given name nobody can tell.
        assert_eq!(supply.finds(&[(Sort::Name, "Ann Green"), (Sort::Postcode, "SW1A 1AA")]), (vec![], vec![0], 0));
    }

    #[test]
    fn what_cannot_be_relied_on_is_no_answer() {
        let email = [(Sort::Email, "nobody@example.com")];
        let unknown = |supply: &Supply| supply.look(&email).unwrap_err();
        assert!(Supply::all().look(&email).is_ok());
        let mut supply = Supply::all();
        supply.statement.normalizer = "residua-0".to_owned();
        let known = normalize::VERSION;
        assert_eq!(unknown(&supply), Unknown::Normaliser { found: "residua-0".to_owned(), known });
        let mut supply = Supply::all();
        supply.salt = Secret::new([8; 32]);
        assert_eq!(unknown(&supply), Unknown::OtherSalt);
        // A manifest that was made with another salt than its statement says, or of another supply.
        supply.statement.key_commitment = hex::encode(&commitment(&supply.salt));
        assert_eq!(unknown(&supply), Unknown::KnownAnswer);
        let mut supply = Supply::all();
        supply.statement.supply.supply_id = "6u".to_owned();
        assert_eq!(unknown(&supply), Unknown::KnownAnswer);
        let supply = Supply::all();
        let whole = supply.file.bytes();
        let at = supply.file.layout.sections[0].fingerprints_at;
        supply.file.put(at, whole[usize::try_from(at).unwrap()] ^ 1);
        assert!(matches!(unknown(&supply), Unknown::Unusable(_)));
        supply.file.replace(&whole[..whole.len() - 1]);
        assert!(unknown(&supply).to_string().contains("cut short"));
        supply.file.replace(b"");
        assert!(matches!(unknown(&supply), Unknown::Unusable(_)));
        std::fs::remove_file(supply.file.path()).unwrap();
        assert!(matches!(unknown(&supply), Unknown::Unusable(_)));
    }
}
