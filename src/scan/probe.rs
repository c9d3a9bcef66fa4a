//! Probing: a batch of rows becomes records, atoms, fingerprints and hits, column by column and key by key.

#[cfg(test)]
mod reference;

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MOST_COMBINATIONS;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::Mapping;
use crate::intake::convert::Converter;
use crate::intake::convert::Days;
use crate::intake::convert::Side;
use crate::intake::text::Slots;
use crate::manifest::index::Found;
use crate::manifest::index::Hit;
use crate::manifest::index::Index;
use crate::match_key::MatchKey;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::match_key::plan::Plan;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::scan::Listing;
use crate::scan::findings::FoundRow;
use crate::scan::findings::primary_key;
use crate::scan::gate::Gates;
use crate::scan::sentinel::Sentinel;
use crate::scan::tally::Tally;
use crate::source::RowBatch;
use std::cmp::Ordering;

/// Messages that are made before they are hashed; of a row all.
const MOST_MESSAGES: usize = 1 << 15;

/// What all workers of a scan share.
pub(crate) struct Lookup<'a> {
    /// The keys.
    pub(crate) plan: &'a Plan,
    /// The atoms that the keys use.
    pub(crate) atoms: Vec<Atom>,
    /// A subkey each.
    pub(crate) subkeys: Vec<Subkey>,
    /// In which order they are looked up, and for which rows.
    pub(crate) gates: Gates,
    /// The manifest's fingerprints, and the sentinels'.
    pub(crate) index: Index<'a>,
    /// Whether the supplied names have a given and a family part, so that half a name agrees with none of them.
    pub(crate) names_have_parts: bool,
    /// The ordinal of the known-answer record, which is no supplied record.
    pub(crate) known_answer: u32,
}

/// What all workers of one target share.
pub(crate) struct Ground<'a> {
    /// What its columns are taken for.
    pub(crate) mapping: &'a Mapping,
    /// Its sentinel.
    pub(crate) sentinel: &'a Sentinel,
    /// The tag by which the index knows the sentinel.
    pub(crate) tag: u32,
    /// Columns of its primary key, with their names.
    pub(crate) primary_key: Vec<(usize, String)>,
    /// The rows that are declared lawful: a column and its cell, one rule a declaration.
    pub(crate) lawful_rows: Vec<(usize, String)>,
    /// Which findings are listed; `None` where none are asked for.
    pub(crate) listing: Option<Listing>,
}

/// The best that was formed from a row. A key that rests on a guess does not count: see [`is_guess`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Formed {
    #[default]
    Nothing,
    /// The key of a number alone, or of a digest, which may be that of a file: neither says anything of the person beside it.
    Number,
    /// A key of half a name.
    Half,
    /// Any other key.
    Whole,
}

/// Whether a key of a row says nothing of the person in it, although it can be formed. Every day of a row is tried as the person's and as the
/// supply's own: one cell in both roles is nobody's pair of days, where a day of birth was not understood, another day stands in for it, and the
/// day of an order is nobody's birth.
/// Such keys are looked up all the same, since a record may hold one day twice; but the row does not count as one whose person was
/// looked for.
fn is_guess(slots: Slots, days: Days) -> bool {
    let (birth, child) = (slots.has(Slot::Birth), slots.has(Slot::Child));
    (birth || child) && (days.is_unread || days.births == 0) || birth && child && days.cells < 2
}

/// The slots that a key takes its atoms from.
fn slots_of(key: &MatchKey) -> Slots {
    Slots::of(key.atoms.iter().map(|atom| atom.slot()))
}

/// Whether a name has two parts that are more than initials. A letter of another script may be a part.
fn has_parts(name: &[u8]) -> bool {
    name.split(|byte| *byte == b' ').filter(|part| part.len() > 1).nth(1).is_some()
}

/// One worker's tools.
pub(crate) struct Prober<'a> {
    lookup: &'a Lookup<'a>,
    ground: &'a Ground<'a>,
    converter: Converter,
    sentinel_converter: Converter,
    records: RecordBatch,
    atoms: AtomBatch,
    messages: MessageBatch,
    fingerprints: Vec<Fingerprint>,
    hits: Vec<Hit>,
    /// What was formed from each row of the batch.
    formed: Vec<Formed>,
    /// Whether a number alone hit, for each row of the batch.
    number_hits: Vec<bool>,
    /// For each key, the rows of the batch with a hit.
    passed: Vec<Vec<bool>>,
    /// Whether a hit of the key at work in each row of the batch may be chance: so much was combined in the row's text.
    doubtful: Vec<bool>,
    /// Whether each row of the batch names somebody in full. Empty where the supplied names have one part.
    names: Vec<bool>,
    /// Whether each row of the batch forms a key by which twins would be told apart.
    named: Vec<bool>,
    /// The rows and records of the batch that agree on such a key.
    told: Vec<(u32, u32)>,
    /// The rows and records of the batch that agree on a key that twins share, by its number.
    untold: Vec<(usize, u32, u32)>,
    tally: Tally,
}

impl<'a> Prober<'a> {
    /// A worker for a target.
    pub(crate) fn new(lookup: &'a Lookup<'a>, ground: &'a Ground<'a>) -> Prober<'a> {
        let converter = Converter::new(ground.mapping, Side::Recipient);
        Prober {
            lookup,
            ground,
            sentinel_converter: converter.clone(),
            converter,
            records: RecordBatch::new(),
            atoms: AtomBatch::default(),
            messages: MessageBatch::default(),
            fingerprints: Vec::new(),
            hits: Vec::new(),
            formed: Vec::new(),
            number_hits: Vec::new(),
            passed: vec![Vec::new(); lookup.plan.keys.len()],
            doubtful: Vec::new(),
            names: Vec::new(),
            named: Vec::new(),
            told: Vec::new(),
            untold: Vec::new(),
            tally: Tally::new(ground.mapping.columns.len(), lookup.plan.keys.len(), ground.lawful_rows.len()),
        }
    }

    /// What was counted.
    pub(crate) fn finish(mut self) -> Tally {
        self.tally.columns = self.converter.counts().to_vec();
        self.tally.overflow = self.converter.overflow();
        self.tally.rows_capped += self.converter.capped();
        self.tally.rows_of_attributes += self.converter.attributes();
        self.tally
    }

    /// Sends the target's sentinel the way of every row, and notes whether it was found.
    pub(crate) fn inject_sentinel(&mut self) {
        if self.ground.sentinel.expected.is_empty() {
            return;
        }
        self.tally.sentinels_injected += 1;
        self.sentinel_converter.convert(&self.ground.sentinel.row, &mut self.records);
        self.atoms.derive(&self.records, &self.lookup.atoms);
        let mut missing = 0;
        for number in 0..self.lookup.plan.keys.len() {
            self.messages.fill(&self.lookup.plan.keys[number].key, &self.atoms, |_, _| true);
            self.look_up(number);
            let due = self.ground.sentinel.expected.iter().any(|(key, _)| *key == number);
            let found = self.hits.iter().any(|hit| hit.found == Found::Extra(self.ground.tag));
            missing += u32::from(due && !found);
        }
        self.tally.sentinels_detected += u64::from(missing == 0);
    }

    /// Probes all rows of a batch; findings are appended to `found`, with row numbers within the part that the batch is of. Returns the
    /// number of hits.
    pub(crate) fn probe(&mut self, batch: &RowBatch, found: &mut Vec<FoundRow>) -> u64 {
        self.converter.convert(batch, &mut self.records);
        self.atoms.derive(&self.records, &self.lookup.atoms);
        self.names.clear();
        if self.lookup.names_have_parts {
            let names = |row: usize| self.records.candidates(Slot::Name, row);
            self.names.extend((0..batch.rows()).map(|row| names(row).any(has_parts)));
        }
        self.formed.clear();
        self.formed.resize(batch.rows(), Formed::Nothing);
        self.named.clear();
        self.named.resize(batch.rows(), false);
        self.told.clear();
        self.untold.clear();
        self.doubtful.clear();
        self.doubtful.resize(batch.rows(), false);
        self.number_hits.clear();
        self.number_hits.resize(batch.rows(), false);
        let mut all_hits = 0;
        let first = found.len();
        for number in self.lookup.gates.order() {
            let mut next = 0;
            while next < batch.rows() {
                next = self.fill(number, next);
                self.look_up(number);
                self.tally.hashes += self.fingerprints.len() as u64;
                all_hits += self.count(number, batch, found);
            }
        }
        self.judge_twins(batch);
        self.put_in_order(found, first);
        self.tally.rows += batch.rows() as u64;
        let rows = self.converter.unreadable_rows().iter().zip(self.converter.personal_rows());
        for ((formed, number_hit), (is_unreadable, is_personal)) in self.formed.iter().zip(&self.number_hits).zip(rows) {
            let has_key = *formed > Formed::Nothing;
            self.tally.rows_without_key += u64::from(!has_key);
            self.tally.rows_not_understood += u64::from(!has_key && *is_unreadable);
            self.tally.rows_unkeyed += u64::from(*formed < Formed::Whole && *is_personal);
            self.tally.rows_by_number += u64::from(*formed <= Formed::Number && *number_hit);
        }
        all_hits
    }

    /// What a key without a name found proves nothing in a row with a name that agrees with none of those records: a twin at the same address has all the
    /// rest. One record that a name agrees with speaks for the row.
    fn judge_twins(&mut self, batch: &RowBatch) {
        self.told.sort_unstable();
        for group in self.untold.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (number, row, _) = group[0];
            let is_told = group.iter().any(|(_, row, record)| self.told.binary_search(&(*row, *record)).is_ok());
            let is_covered = |(column, cell): &(usize, String)| batch.cell(row as usize, *column) == Some(cell.as_str());
            let tally = &mut self.tally.keys[number];
            if self.named[row as usize] && !is_told && !self.ground.lawful_rows.iter().any(is_covered) {
                tally.doubtful_rows += 1;
            } else {
                tally.proved.extend(group.iter().map(|(_, _, record)| *record));
            }
        }
    }

    /// Puts what the batch found in the order of the rows, each key once for a row and record, or only the key that says most.
    fn put_in_order(&self, found: &mut Vec<FoundRow>, first: usize) {
        let planned = |finding: &FoundRow| &self.lookup.plan.keys[finding.key];
        let mut fresh = found.split_off(first);
        fresh.sort_unstable_by_key(|finding| (finding.row, finding.record, planned(finding).class, finding.key));
        fresh.dedup_by_key(|finding| (finding.row, finding.record, finding.key));
        for group in fresh.chunk_by(|a, b| (a.row, a.record) == (b.row, b.record)) {
            if self.ground.listing == Some(Listing::All) {
                found.extend_from_slice(group);
                continue;
            }
            let strength = |finding: &&FoundRow| (planned(finding).class, planned(finding).lambda);
            let strongest = group.iter().min_by(|a, b| strength(a).partial_cmp(&strength(b)).unwrap_or(Ordering::Equal));
            found.extend(strongest.cloned());
        }
    }

    /// Makes the messages of one key, of the rows from `first` on that may have a hit, and counts those of all. Returns the row to go on with.
    fn fill(&mut self, number: usize, first: usize) -> usize {
        let planned = &self.lookup.plan.keys[number];
        let key = &planned.key;
        let gate = self.lookup.gates.of(number);
        let (is_number, takes_whole_name) = (key.is_number() || key.is_digest(), key.has_whole_name());
        let by_name = self.lookup.names_have_parts && key.is_of_twins_and_name();
        let (days, guesses, rows) = (self.converter.days(), self.converter.guesses(), self.formed.len());
        let (texts, doubtful) = (self.converter.texts(), &mut self.doubtful);
        let mut passed = std::mem::take(&mut self.passed[number]);
        if first == 0 {
            passed.clear();
            passed.resize(rows, false);
        }
        let (names, passed_gate) = (&self.names, gate.map(|gate| &self.passed[gate]));
        let slots = slots_of(key);
        let (formed, mut probes, mut is_formed) = (&mut self.formed, 0, false);
        let told_by_name = &mut self.named;
        let (tally, mut capped) = (&mut self.tally, 0);
        let next = self.messages.fill_from(first, MOST_MESSAGES, key, &self.atoms, |row, combinations| {
            let is_open = passed_gate.is_none_or(|passed| passed[row]);
            if is_open && combinations > MOST_COMBINATIONS {
                capped += 1;
                // What is not tried may be a hit all the same.
                passed[row] = true;
            }
            let combinations = combinations.min(MOST_COMBINATIONS);
            probes += combinations as u64;
            doubtful[row] = texts[row].meets(slots) && planned.may_be_chance(combinations);
            if guesses[row].meets(slots) {
                return is_open;
            }
            is_formed = true;
            if !is_guess(slots, days[row]) {
                let is_half = takes_whole_name && names.get(row).is_some_and(|is_whole| !is_whole);
                let best = if is_number {
                    Formed::Number
                } else if is_half {
                    Formed::Half
                } else {
                    Formed::Whole
                };
                formed[row] = best.max(formed[row]);
                // Words of a text are nobody's name against another.
                told_by_name[row] |= by_name && !is_half && !texts[row].has(Slot::Name);
            }
            is_open
        });
        tally.rows_capped += capped;
        tally.keys[number].probes += probes;
        tally.keys[number].is_formed |= is_formed;
        self.passed[number] = passed;
        next
    }

    /// Hashes and looks up the messages of one key.
    fn look_up(&mut self, number: usize) {
        self.lookup.subkeys[number].hash(&self.messages, &mut self.fingerprints);
        self.hits.clear();
        self.lookup.index.probe(number, &self.fingerprints, &mut self.hits);
    }

    fn count(&mut self, number: usize, batch: &RowBatch, found: &mut Vec<FoundRow>) -> u64 {
        let tally = &mut self.tally.keys[number];
        let planned = &self.lookup.plan.keys[number];
        // Whether the row is of the person or of a twin shows once all keys were looked up.
        let may_be_twins = planned.may_be_twins();
        let mut counted = 0;
        let mut last_row = None;
        for hit in &self.hits {
            // A row may agree with an invented one by a weak key. Where it agrees with a record too, that is a hit of its own.
            let Found::Record(record) = hit.found else { continue };
            let row = self.messages.rows()[hit.probe as usize];
            self.passed[number][row as usize] = true;
            if record == self.lookup.known_answer {
                continue;
            }
            counted += 1;
            tally.records.insert(record);
            let covering = || {
                let is_covered = |(column, cell): &(usize, String)| batch.cell(row as usize, *column) == Some(cell.as_str());
                self.ground.lawful_rows.iter().position(is_covered)
            };
            let is_doubtful = self.doubtful[row as usize] && covering().is_none();
            if may_be_twins && !is_doubtful {
                self.untold.push((number, row, record));
            } else if !is_doubtful {
                tally.proved.insert(record);
            }
            if planned.key.tells_twins() {
                self.told.push((row, record));
            }
            if last_row != Some(row) {
                last_row = Some(row);
                tally.rows += 1;
                tally.doubtful_rows += u64::from(is_doubtful);
                self.number_hits[row as usize] |= self.lookup.plan.keys[number].key.is_number();
                if let Some(position) = covering() {
                    tally.declared_rows[position] += 1;
                }
            }
            if self.ground.listing.is_some() {
                found.push(FoundRow {
                    row: batch.first_row() + u64::from(row),
                    primary_key: primary_key(batch, row as usize, &self.ground.primary_key),
                    key: number,
                    record,
                });
            }
        }
        tally.hits += counted;
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_in_two_roles_and_a_day_in_the_place_of_another_are_guesses() {
        let key = |name: &str| crate::match_key::fixed(|_| true).into_iter().find(|key| key.name == name).unwrap();
        let of = |name, cells, is_unread| is_guess(slots_of(&key(name)), Days { cells, births: cells, is_unread });
        assert!(is_guess(slots_of(&key("name_dob")), Days { cells: 1, births: 0, is_unread: false }));
        for name in ["child_postcode_dob", "child_any_dob", "whole"] {
            assert!(of(name, 1, false) && of(name, 2, true) && !of(name, 2, false), "{name}");
        }
        for name in ["name_dob", "child_p3_outward"] {
            assert!(!of(name, 1, false) && of(name, 1, true), "{name}");
        }
        for name in ["name_postcode", "email", "id"] {
            assert!(!of(name, 0, true), "{name}");
        }
    }
}
