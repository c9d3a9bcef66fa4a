//! Names: of a row's columns the people, and of each the spellings in which the other side may hold them.

use super::Converter;
use super::LONGEST_FIELD;
use super::Person;
use super::Side;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::name;
use crate::record::normalize::spot;
use std::ops::Range;

/// Tokens of a name up to which its pairs are candidates.
const MOST_PAIRED: usize = 6;

impl Converter {
    pub(super) fn names(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        let mut is_unreadable = false;
        let people = match self.side {
            // The manifest holds one form: the first person that the row names.
            Side::Originator => self.people.len().min(1),
            Side::Recipient => self.people.len(),
        };
        for position in 0..people {
            let person = std::mem::take(&mut self.people[position]);
            self.tokens.clear();
            self.cell_ends.clear();
            for index in &person.given {
                is_unreadable |= self.name_cell(cells, *index);
            }
            let given = self.tokens.len();
            for index in &person.middle {
                is_unreadable |= self.name_cell(cells, *index);
            }
            let middle = if given > 0 { self.tokens.len() } else { 0 };
            for index in &person.family {
                is_unreadable |= self.name_cell(cells, *index);
            }
            if self.side == Side::Originator && self.tokens.is_empty() {
                for index in &person.full {
                    is_unreadable |= self.name_cell(cells, *index);
                }
            }
            if self.side == Side::Recipient {
                self.push_joined_cells(middle, records);
                self.push_pairs(0..middle, middle..self.tokens.len(), records);
            }
            let mut tokens = std::mem::take(&mut self.tokens);
            self.push_name(&mut tokens, records);
            self.tokens = tokens;
            if self.side == Side::Recipient {
                for index in &person.full {
                    self.tokens.clear();
                    is_unreadable |= self.name_cell(cells, *index);
                    let tokens = std::mem::take(&mut self.tokens);
                    self.push_name(&mut tokens.clone(), records);
                    self.tokens = tokens;
                    let count = self.tokens.len();
                    self.push_pairs(0..count, 0..count, records);
                    self.push_joined_neighbours(records);
                }
                self.push_respelt(&person, cells, records);
            }
            self.people[position] = person;
        }
        is_unreadable
    }

    /// Middle names, second given names and double family names come and go: of a name of more than two tokens, each pair is a candidate too.
    fn push_pairs(&mut self, firsts: Range<usize>, seconds: Range<usize>, records: &mut RecordBatch) {
        if !(3..=MOST_PAIRED).contains(&self.tokens.len()) {
            return;
        }
        for first in firsts {
            for second in seconds.clone().filter(|second| *second > first) {
                let mut pair = vec![self.tokens[first].clone(), self.tokens[second].clone()];
                self.push_name(&mut pair, records);
            }
        }
    }

    /// Some write in two words what others write in one: `Mc Donald`, `De Luca`, `Mary Ann`. Each cell of several tokens is tried as one token
    /// too. The first `middle` tokens are given names.
    fn push_joined_cells(&mut self, middle: usize, records: &mut RecordBatch) {
        if self.tokens.len() == self.cell_ends.len() || self.tokens.len() > MOST_PAIRED {
            return;
        }
        let (tokens, ends) = (std::mem::take(&mut self.tokens), std::mem::take(&mut self.cell_ends));
        // Every choice of cells to join, of which each has several tokens.
        for joined in 1..1_usize << ends.len() {
            self.tokens.clear();
            let (mut start, mut firsts, mut is_new) = (0, 0, true);
            for (cell, end) in ends.iter().enumerate() {
                let part = &tokens[start..*end];
                if (joined >> cell) & 1 == 1 {
                    is_new &= part.len() > 1;
                    self.tokens.push(part.concat());
                } else {
                    self.tokens.extend_from_slice(part);
                }
                start = *end;
                if start <= middle {
                    firsts = self.tokens.len();
                }
            }
            if is_new {
                self.push_pairs(0..firsts, firsts..self.tokens.len(), records);
                let mut name = std::mem::take(&mut self.tokens);
                self.push_name(&mut name, records);
                self.tokens = name;
            }
        }
        (self.tokens, self.cell_ends) = (tokens, ends);
    }

    /// As [`Converter::push_joined_cells`], for a whole name in one cell: each two neighbours.
    fn push_joined_neighbours(&mut self, records: &mut RecordBatch) {
        if !(3..=MOST_PAIRED).contains(&self.tokens.len()) {
            return;
        }
        for first in 0..self.tokens.len() - 1 {
            let mut name = self.tokens.clone();
            let second = name.remove(first + 1);
            name[first].push_str(&second);
            self.push_name(&mut name, records);
        }
    }

    /// Names that are spelt in two ways, as the other side may have spelt them: `Müller` and `Mueller`, `O'Brien` and `O Brien`.
    fn push_respelt(&mut self, person: &Person, cells: &[Option<&str>], records: &mut RecordBatch) {
        let parts: Vec<usize> = [&person.given, &person.middle, &person.family].into_iter().flatten().copied().collect();
        for columns in std::iter::once(&parts[..]).chain(person.full.chunks(1)) {
            self.tokens.clear();
            let (mut firsts, mut is_other) = (0, false);
            for index in columns {
                let Some(cell) = cells.get(*index).copied().flatten().filter(|cell| cell.len() <= LONGEST_FIELD) else {
                    continue;
                };
                let respelt = name::respelt(cell);
                is_other |= respelt.is_some();
                name::tokens(respelt.as_deref().unwrap_or(cell), &mut self.tokens);
                if !person.family.contains(index) {
                    firsts = self.tokens.len();
                }
            }
            if is_other {
                self.push_pairs(0..firsts, firsts..self.tokens.len(), records);
                let mut tokens = std::mem::take(&mut self.tokens);
                self.push_name(&mut tokens, records);
                self.tokens = tokens;
            }
        }
    }

    /// Adds the tokens of a cell to those gathered.
    fn name_cell(&mut self, cells: &[Option<&str>], index: usize) -> bool {
        let Some(cell) = cells.get(index).copied().flatten().filter(|cell| cell.len() <= LONGEST_FIELD) else { return false };
        if self.side == Side::Recipient && cell.contains(|character: char| character == '@' || character.is_ascii_digit()) {
            self.counts[index].personal += u64::from(spot::spot(cell).is_some());
        }
        let before = self.tokens.len();
        let reading = name::tokens(cell, &mut self.tokens);
        if self.tokens.len() > before {
            self.cell_ends.push(self.tokens.len());
        }
        self.count(index, reading)
    }

    fn push_name(&mut self, tokens: &mut Vec<String>, records: &mut RecordBatch) {
        if tokens.is_empty() {
            return;
        }
        self.scratch.clear();
        name::canonical(tokens, &mut self.scratch);
        records.push(Slot::Name, &self.scratch);
    }
}
