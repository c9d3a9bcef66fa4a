//! Names: of a row's columns the people, and of each the spellings in which the other side may hold them.

use super::Converter;
use super::LONGEST_FIELD;
use super::Person;
use super::Side;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::name;
use crate::record::normalize::placeholder;
use crate::record::normalize::spot;
use std::ops::Range;

/// Tokens of a name up to which its pairs are candidates.
const MOST_PAIRED: usize = 6;

/// Words that many write as one with what follows.
const PARTICLES: [&str; 10] = ["mc", "mac", "o", "d", "de", "st", "van", "von", "la", "le"];

/// Pairs of name columns that are read together; a table of more has columns of more people than a row is of.
const MOST_JOINS: usize = 32;

/// Columns that may hold one name together, of which one at least is called just a name: `name` and `surname`, `forename` and `name`,
/// `name1` and `name2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Join {
    firsts: Vec<usize>,
    seconds: Vec<usize>,
}

/// The columns that a recipient's table may have parted a name into; those of one person come first. Of more than [`MOST_JOINS`] one stands for
/// those that are left out, which [`Converter::names`] tells.
pub(super) fn joins(people: &[Person]) -> Vec<Join> {
    let mut joins: Vec<Join> = Vec::new();
    let mut add = |firsts: &[usize], seconds: &[usize]| {
        let join = Join { firsts: firsts.to_vec(), seconds: seconds.to_vec() };
        if joins.len() <= MOST_JOINS && !firsts.is_empty() && !seconds.is_empty() && !joins.contains(&join) {
            joins.push(join);
        }
    };
    for person in people.iter().filter(|person| !person.full.is_empty()) {
        let firsts = [&person.given[..], &person.middle, &person.full].concat();
        if person.family.is_empty() {
            add(&firsts[..firsts.len() - 1], &firsts[firsts.len() - 1..]);
        } else {
            add(&firsts, &person.family);
        }
    }
    let full: Vec<usize> = people.iter().flat_map(|person| person.full.iter().copied()).collect();
    for (position, column) in full.iter().enumerate() {
        for person in people {
            add(&[&person.given[..], &person.middle].concat(), &[*column]);
            add(&[*column], &person.family);
        }
        for other in &full[position + 1..] {
            add(&[*column], &[*other]);
        }
    }
    joins
}

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
            let before_family = self.tokens.len();
            let middle = if given > 0 { before_family } else { 0 };
            for index in &person.family {
                is_unreadable |= self.name_cell(cells, *index);
            }
            // Of a name that lacks a half, what is called just a name has the rest: `name` and `surname`.
            let is_half = given == 0 || self.tokens.len() == before_family;
            if self.side == Side::Originator && is_half {
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
                self.push_respelt([&person.given, &person.middle], &person.family, cells, records);
                self.push_missing([&person.given, &person.middle, &person.family], cells, records);
                for index in &person.full {
                    self.push_respelt([&[*index], &[]], &[], cells, records);
                    self.push_missing([&[*index], &[], &[]], cells, records);
                }
            }
            self.people[position] = person;
        }
        if self.side == Side::Recipient {
            let joins = std::mem::take(&mut self.joins);
            for join in joins.iter().take(MOST_JOINS) {
                self.push_join(join, cells, records);
            }
            if joins.len() > MOST_JOINS {
                // Not every pair is tried: a name may stand in two columns that were not read together.
                let mut columns = self.people.iter().flat_map(|person| person.full.iter().copied());
                if let Some(index) = columns.find(|index| cell_of(cells, *index).is_some_and(|cell| !cell.trim().is_empty())) {
                    self.counts[index].personal += 1;
                }
            }
            self.joins = joins;
        }
        is_unreadable
    }

    /// The name that stands in these columns together, unless the one half says what the other does.
    fn push_join(&mut self, join: &Join, cells: &[Option<&str>], records: &mut RecordBatch) {
        self.push_missing([&join.firsts, &[], &join.seconds], cells, records);
        self.tokens.clear();
        self.cell_ends.clear();
        let mut firsts = 0;
        for (position, index) in join.firsts.iter().chain(&join.seconds).enumerate() {
            if position == join.firsts.len() {
                firsts = self.tokens.len();
            }
            let Some(cell) = cell_of(cells, *index) else { continue };
            let before = self.tokens.len();
            name::tokens(cell, &mut self.tokens);
            if self.tokens.len() > before {
                self.cell_ends.push(self.tokens.len());
            }
        }
        let (first, second) = self.tokens.split_at(firsts);
        if first.iter().all(|token| second.contains(token)) || second.iter().all(|token| first.contains(token)) {
            return;
        }
        self.push_joined_cells(firsts, records);
        self.push_pairs(0..firsts, firsts..self.tokens.len(), records);
        let mut tokens = std::mem::take(&mut self.tokens);
        self.push_name(&mut tokens, records);
        self.tokens = tokens;
        self.push_respelt([&join.firsts, &[]], &join.seconds, cells, records);
    }

    /// Names of which a word may be a placeholder or a surname, with it and without: `Jennifer Null`, `JENNIFER` and `NULL`.
    fn push_missing(&mut self, columns: [&[usize]; 3], cells: &[Option<&str>], records: &mut RecordBatch) {
        let mut words = columns
            .into_iter()
            .flatten()
            .filter_map(|index| cell_of(cells, *index))
            .flat_map(|cell| cell.split(|letter: char| !letter.is_alphanumeric()));
        if !words.any(placeholder::is_surname) {
            return;
        }
        self.tokens.clear();
        for index in columns.into_iter().flatten() {
            let Some(cell) = cell_of(cells, *index) else { continue };
            if placeholder::is_surname(cell) {
                self.tokens.push(cell.trim().to_ascii_lowercase());
            } else {
                name::tokens(cell, &mut self.tokens);
            }
        }
        let others: Vec<String> = self.tokens.iter().filter(|token| !placeholder::is_surname(token)).cloned().collect();
        // Of such words alone no name is made.
        if !others.is_empty() && others.len() < self.tokens.len() && self.tokens.len() <= MOST_PAIRED {
            for mut tokens in [std::mem::take(&mut self.tokens), others] {
                self.push_name(&mut tokens, records);
            }
        }
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
        self.push_particles(&tokens, &ends, middle, records);
        (self.tokens, self.cell_ends) = (tokens, ends);
    }

    /// Of a cell of more tokens than two, what stands before a particle or behind its word is not joined with them: `Mc Allister-Moss`. One
    /// particle after the other is joined with what follows it in its cell, and then all.
    fn push_particles(&mut self, tokens: &[String], ends: &[usize], middle: usize, records: &mut RecordBatch) {
        let joins = |at: usize| PARTICLES.contains(&tokens[at].as_str()) && !ends.contains(&(at + 1));
        let particles: Vec<usize> = (0..tokens.len()).filter(|at| joins(*at)).collect();
        let each = particles.chunks(1).filter(|_| particles.len() > 1);
        for joined in each.chain((!particles.is_empty()).then_some(&particles[..])) {
            self.tokens.clear();
            let (mut firsts, mut is_open) = (0, false);
            for (at, token) in tokens.iter().enumerate() {
                match self.tokens.last_mut() {
                    Some(last) if is_open => last.push_str(token),
                    _ => self.tokens.push(token.clone()),
                }
                is_open = joined.contains(&at);
                if at < middle {
                    firsts = self.tokens.len();
                }
            }
            self.push_pairs(0..firsts, firsts..self.tokens.len(), records);
            let mut name = std::mem::take(&mut self.tokens);
            self.push_name(&mut name, records);
            self.tokens = name;
        }
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
    fn push_respelt(&mut self, firsts: [&[usize]; 2], seconds: &[usize], cells: &[Option<&str>], records: &mut RecordBatch) {
        self.tokens.clear();
        let (mut middle, mut is_other) = (0, false);
        let columns = firsts.into_iter().flatten().map(|index| (index, true)).chain(seconds.iter().map(|index| (index, false)));
        for (index, is_first) in columns {
            let Some(cell) = cell_of(cells, *index) else { continue };
            let respelt = name::respelt(cell);
            is_other |= respelt.is_some();
            name::tokens(respelt.as_deref().unwrap_or(cell), &mut self.tokens);
            if is_first {
                middle = self.tokens.len();
            }
        }
        if is_other {
            self.push_pairs(0..middle, middle..self.tokens.len(), records);
            let mut tokens = std::mem::take(&mut self.tokens);
            self.push_name(&mut tokens, records);
            self.tokens = tokens;
        }
    }

    /// Adds the tokens of a cell to those gathered.
    fn name_cell(&mut self, cells: &[Option<&str>], index: usize) -> bool {
        let Some(cell) = cell_of(cells, index) else { return false };
        if self.side == Side::Recipient && cell.contains(|character: char| character == '@' || character.is_ascii_digit()) {
            // More than a name: a day, an address.
            self.text.add(index, cell, true);
            if let Some(kind) = spot::spot_within(cell) {
                self.suspect(index, kind, cell);
            }
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

/// A cell of a name, if there is one and it is not too long for a field.
fn cell_of<'a>(cells: &[Option<&'a str>], index: usize) -> Option<&'a str> {
    cells.get(index).copied().flatten().filter(|cell| cell.len() <= LONGEST_FIELD)
}
