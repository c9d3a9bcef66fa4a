//! The plain way through a scan, against which the quick one is held: every row by itself, every key of every row hashed, one message at a time, and
//! looked up in a map. No cell is read by its shape, no gate spares a hash, and no filter a look-up.

use super::*;
use crate::intake::infer::infer;
use crate::intake::profile::Profiles;
use crate::manifest::fixture::Fixture;
use crate::match_key::fixed;
use crate::match_key::plan::PlannedKey;
use crate::match_key::strength::Basis;
use crate::match_key::strength::Class;
use crate::source::Locator;
use crate::support::secret::Secret;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// The records that have a fingerprint, by key.
type Entries = HashMap<(usize, Fingerprint), Vec<u32>>;

fn table(text: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<&str>>());
    (lines.next().unwrap(), lines.collect())
}

fn batch(rows: &[Vec<&str>]) -> RowBatch {
    let mut batch = RowBatch::default();
    for row in rows {
        for cell in row {
            batch.push_text(cell);
        }
        batch.end_row(Locator::None);
    }
    batch
}

/// All messages of a key and a row, as `docs/format.md` has them.
fn messages(key: &MatchKey, records: &RecordBatch, row: usize) -> Vec<Vec<u8>> {
    let mut messages = vec![Vec::new()];
    for atom in &key.atoms {
        let mut forms: Vec<Vec<u8>> = Vec::new();
        for canonical in records.candidates(atom.slot(), row) {
            atom.derive(canonical, &mut Vec::new(), |form| {
                if !form.is_empty() && !forms.iter().any(|known| known == form) {
                    forms.push(form.to_vec());
                }
            });
        }
        let longer = |message: &Vec<u8>| {
            forms.iter().map(|form| [&message[..], &[u8::try_from(form.len()).unwrap()], form].concat()).collect::<Vec<_>>()
        };
        messages = messages.iter().flat_map(longer).collect();
    }
    for message in &mut messages {
        message.resize(message.len().next_multiple_of(64), 0);
    }
    messages
}

/// What the plain way counts and finds.
fn plain(lookup: &Lookup<'_>, mapping: &Mapping, entries: &Entries, rows: &[Vec<&str>]) -> (Tally, Vec<(u64, usize, u32)>) {
    let mut converter = Converter::new(mapping, Side::Recipient).without_quick();
    let mut tally = Tally::new(mapping.columns.len(), lookup.plan.keys.len(), 0);
    let mut found = BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        let mut records = RecordBatch::new();
        converter.convert(&batch(std::slice::from_ref(row)), &mut records);
        let (days, guesses, texts) = (converter.days()[0], converter.guesses()[0], converter.texts()[0]);
        let is_whole = records.candidates(Slot::Name, 0).any(has_parts);
        let (mut formed, mut number_hit) = (Formed::Nothing, false);
        let (mut is_named, mut told, mut untold) = (false, BTreeSet::<u32>::new(), Vec::<(usize, Vec<u32>)>::new());
        for (place, planned) in lookup.plan.keys.iter().enumerate() {
            let messages = messages(&planned.key, &records, 0);
            assert!(messages.len() <= MOST_COMBINATIONS);
            let key = &mut tally.keys[place];
            key.probes += messages.len() as u64;
            let slots = slots_of(&planned.key);
            if !messages.is_empty() && !guesses.meets(slots) {
                key.is_formed = true;
                let best = match () {
                    () if planned.key.is_number() || planned.key.is_digest() => Formed::Number,
                    () if planned.key.has_whole_name() && !is_whole => Formed::Half,
                    () => Formed::Whole,
                };
                formed = if is_guess(slots, days) { formed } else { formed.max(best) };
                let names_twins = lookup.names_have_parts && planned.key.is_of_twins_and_name() && !texts.has(Slot::Name);
                is_named |= names_twins && is_whole && !is_guess(slots, days);
            }
            let hits: Vec<u32> = messages
                .iter()
                .filter_map(|message| entries.get(&(place, lookup.subkeys[place].plain(message))))
                .flatten()
                .copied()
                .collect();
            let is_doubtful = texts.meets(slots) && planned.may_be_chance(messages.len());
            key.hits += hits.len() as u64;
            key.rows += u64::from(!hits.is_empty());
            key.doubtful_rows += u64::from(!hits.is_empty() && is_doubtful);
            number_hit |= !hits.is_empty() && planned.key.is_number();
            for record in &hits {
                key.records.insert(*record);
                if !is_doubtful && !planned.may_be_twins() {
                    key.proved.insert(*record);
                }
                found.insert((number as u64, *record, place));
            }
            if planned.key.tells_twins() {
                told.extend(&hits);
            }
            if planned.may_be_twins() && !is_doubtful && !hits.is_empty() {
                untold.push((place, hits));
            }
        }
        for (place, records) in untold {
            let is_twin = is_named && !records.iter().any(|record| told.contains(record));
            let key = &mut tally.keys[place];
            key.doubtful_rows += u64::from(is_twin);
            key.proved.extend(if is_twin { Vec::new() } else { records });
        }
        tally.rows += 1;
        let (is_unreadable, is_personal) = (converter.unreadable_rows()[0], converter.personal_rows()[0]);
        tally.rows_without_key += u64::from(formed == Formed::Nothing);
        tally.rows_not_understood += u64::from(formed == Formed::Nothing && is_unreadable);
        tally.rows_unkeyed += u64::from(formed < Formed::Whole && is_personal);
        tally.rows_by_number += u64::from(formed <= Formed::Number && number_hit);
    }
    tally.columns = converter.counts().to_vec();
    tally.rows_capped = converter.capped();
    tally.rows_of_attributes = converter.attributes();
    tally.overflow = converter.overflow();
    (tally, found.into_iter().map(|(row, record, place)| (row, place, record)).collect())
}

/// Scans a table both ways, and says how many findings there were.
fn assert_same(supplied: &str, recipient: &str) -> usize {
    let (header, rows) = table(supplied);
    let mapping = infer(header, &Profiles::default());
    let mut records = RecordBatch::new();
    Converter::new(&mapping, Side::Originator).convert(&batch(&rows), &mut records);
    let planned = |(number, key): (usize, MatchKey)| PlannedKey {
        class: if number % 3 == 0 { Class::Person } else { Class::Aggregate },
        has_supply_atom: false,
        u: 1e-9,
        basis: Basis::Joint,
        collisions: 0,
        lambda: 1e-3 / (1.0 + number as f64),
        guesses: None,
        key,
    };
    let several = [
        vec![Atom::NameAny, Atom::BirthYm],
        vec![Atom::NamePhon, Atom::PostcodeOutward],
        vec![Atom::AddressWord4, Atom::TownP4],
        vec![Atom::NameP3, Atom::BirthYm],
    ];
    let keys = fixed(|_| true).into_iter().chain(several.map(MatchKey::planned)).enumerate().map(planned).collect();
    let plan = Plan { keys, expected_rows: 1_000 };
    let subkeys: Vec<Subkey> =
        plan.keys.iter().map(|planned| Subkey::derive(&Secret::new([3; 32]), "supply", &planned.key.name)).collect();
    let mut entries = Entries::new();
    let mut sections = vec![Vec::new(); plan.keys.len()];
    for row in 0..records.rows() {
        let record = u32::try_from(row).unwrap();
        for (place, planned) in plan.keys.iter().enumerate() {
            for message in messages(&planned.key, &records, row) {
                let fingerprint = subkeys[place].plain(&message);
                entries.entry((place, fingerprint)).or_default().push(record);
                sections[place].push((fingerprint, record));
            }
        }
    }
    let fixture = Fixture::new(&sections);
    let manifest = fixture.open().unwrap();
    let lookup = Lookup {
        gates: Gates::new(&plan),
        atoms: plan.atoms(),
        index: Index::build(&manifest, &[]),
        names_have_parts: true,
        known_answer: u32::MAX,
        plan: &plan,
        subkeys,
    };
    let (header, rows) = table(recipient);
    let mapping = infer(header, &Profiles::default());
    let sentinel = Sentinel { row: RowBatch::default(), expected: Vec::new() };
    let ground = Ground {
        mapping: &mapping,
        sentinel: &sentinel,
        tag: 0,
        primary_key: Vec::new(),
        lawful_rows: Vec::new(),
        listing: Some(Listing::All),
    };
    let mut prober = Prober::new(&lookup, &ground);
    let mut found = Vec::new();
    let mut base = 0;
    for part in rows.chunks(700) {
        let first = found.len();
        prober.probe(&batch(part), &mut found);
        found[first..].iter_mut().for_each(|finding| finding.row += base);
        base += part.len() as u64;
    }
    let mut found: Vec<(u64, usize, u32)> = found.into_iter().map(|finding| (finding.row, finding.key, finding.record)).collect();
    found.sort_by_key(|(row, key, record)| (*row, *record, *key));
    let tally = Tally { hashes: 0, ..prober.finish() };
    let (expected, all) = plain(&lookup, &mapping, &entries, &rows);
    assert_eq!(found, all);
    assert_eq!(tally, expected);
    all.len()
}

#[test]
fn the_quick_way_finds_and_counts_what_the_plain_way_does() {
    let supplied = include_str!("../../../testdata/febrl3/supplied.csv");
    assert!(assert_same(supplied, include_str!("../../../testdata/febrl3/recipient.csv")) > 1_000);
    assert!(assert_same(supplied, supplied) > 1_000);
}

#[test]
fn both_ways_are_the_same_for_rows_with_text() {
    let supplied = "first_name,last_name,address,postcode,email,phone,dob
Ann,Lee,12 Mill Road,LS1 4AB,ann.lee@lee.example,07700900123,1980-02-03
Bob,Ray,7 Wall Street,SW1A 1AA,bob@ray.example,07700900456,1975-11-30
Michael,O'Brien,Rose Cottage Mill Lane,EH1 1YZ,m.obrien@mail.example,0131 496 0000,1990-05-04";
    let recipient = "name,note,dob,email,contact
Lee Ann,came back,03/02/1980,ANN.LEE+x@LEE.example,+44 7700 900123
,spoke to Bob Ray of 7 Wall Street SW1A 1AA born 30 Nov 1975,,,bob at ray dot example
Michael O Brien,active,,,
Nobody Else,rang 07700 900456 about Ann Lee LS1 4AB,1970-01-01,,0131 496 0000
,,,,";
    assert!(assert_same(supplied, recipient) >= 8);
}
