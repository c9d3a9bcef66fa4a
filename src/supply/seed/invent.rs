//! Invention: one seed from many people, none of whom it is.
//!
//! Each field comes from a row of its own, far from the others. What is copied is common: a name that several bear, a category that many rows
//! have. What is somebody's own is made anew in the same shape, or left empty.

use crate::intake::Mapping;
use crate::intake::Taken;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::supply::seed::SeedError;
use crate::supply::seed::pool::Parts;
use crate::supply::seed::pool::Pool;
use crate::supply::seed::pool::parts;
use crate::supply::seed::random::Random;
use crate::supply::seed::shape;

/// How often a row is drawn in search of one that serves.
const TRIES: usize = 400;

/// How often a row is drawn in search of a day that can be moved.
const DAY_TRIES: usize = 40;

/// How often a row is drawn in search of a category.
const CATEGORY_TRIES: usize = 20;

/// Rows that are nearer to each other may be of one household.
const APART: u64 = 16;

/// In a column that is empty so often, in percent, nobody wonders at an empty cell.
const OFTEN_EMPTY: u64 = 5;

/// Names that nobody can own, by RFC 2606.
const HOSTS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// What may stand before the number of a dwelling.
const DWELLINGS: [&str; 6] = ["flat", "unit", "apartment", "apt", "no", "nr"];

/// A seed on its way.
#[derive(Clone)]
pub(super) struct Invented {
    pub(super) cells: Vec<String>,
    /// Columns that hold a reserved telephone number, each with what is fingerprinted in its place. Others use such numbers as well.
    pub(super) stand_ins: Vec<(usize, String)>,
}

/// Invents people after a pool.
pub(super) struct Inventor<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) pool: &'a Pool,
    pub(super) random: Random,
    /// Seeds that are wanted; numbers that count on go so far beyond the last one.
    pub(super) wanted: u64,
}

impl Inventor<'_> {
    /// A seed for a place among the rows. What `given` holds takes the place of what would be invented.
    pub(super) fn invent(&mut self, place: u64, given: &[Option<String>]) -> Result<Invented, SeedError> {
        let is_given = |column: usize| given.get(column).is_some_and(Option::is_some);
        let mut cells: Vec<String> =
            (0..self.mapping.columns.len()).map(|column| given.get(column).cloned().flatten().unwrap_or_default()).collect();
        let base = self.base(place, &is_given)?;
        let mut used = vec![self.pool.row(base).number];
        let mut stand_ins = Vec::new();
        self.names(base, &mut used, &is_given, &mut cells)?;
        self.address(&mut used, &is_given, &mut cells)?;
        let mapping = self.mapping;
        for (column, taken) in mapping.columns.iter().enumerate() {
            if is_given(column) {
                continue;
            }
            let own = self.pool.row(base).cells[column].as_str();
            match taken.field().map(|field| (field.kind, field.role)) {
                Some((Kind::Name | Kind::Address | Kind::Postcode | Kind::Email, _)) => {}
                Some((Kind::Date, Role::Event)) if self.pool.is_category(column, own) => own.clone_into(&mut cells[column]),
                Some((Kind::Date, Role::Event)) => {
                    cells[column] =
                        shape::moved(own, taken.order, self.pool.is_padded(column), &mut self.random).unwrap_or_default();
                }
                Some((Kind::Date, _)) => cells[column] = self.day(column, taken, &mut used),
                Some((Kind::Phone, _)) => {
                    if self.pool.empty_percent(column) < OFTEN_EMPTY {
                        cells[column] = self.phone(column);
                        stand_ins.push((column, shape::nobodys_phone(&mut self.random)));
                    }
                }
                Some((Kind::Identifier, _)) => cells[column] = self.number(column, own),
                None => cells[column] = self.other(column, own),
            }
        }
        self.emails(&is_given, &mut cells);
        Ok(Invented { cells, stand_ins })
    }

    /// The columns that have such a field.
    fn columns(&self, is_one: impl Fn(Field) -> bool) -> Vec<usize> {
        let fields = self.mapping.columns.iter().map(Taken::field).enumerate();
        fields.filter_map(|(column, field)| field.filter(|field| is_one(*field)).map(|_| column)).collect()
    }

    fn role(&self, role: Role) -> Vec<usize> {
        self.columns(|field| field.kind == Kind::Name && field.role == role)
    }

    /// The row after which the seed is made: one beside its place, whose given name many bear.
    fn base(&mut self, place: u64, is_given: &impl Fn(usize) -> bool) -> Result<usize, SeedError> {
        let [given, full] = [Role::Given, Role::Full]
            .map(|role| self.role(role).into_iter().filter(|column| !is_given(*column)).collect::<Vec<usize>>());
        let serves = |index: usize| {
            let cells = &self.pool.row(index).cells;
            let is_common = |name: &str| self.pool.is_common_given(name);
            given.iter().all(|column| is_common(&cells[*column]))
                && full.iter().all(|column| parts(&cells[*column]).is_some_and(|parts| is_common(parts.given)))
        };
        let near = self.pool.near(place);
        let first = self.random.place(near.len().max(1));
        let mut turned = near.iter().cycle().skip(first).take(near.len()).copied();
        if let Some(index) = turned.find(|index| serves(*index)) {
            return Ok(index);
        }
        for _ in 0..TRIES {
            match self.pool.any(&mut self.random) {
                Some(index) if serves(index) => return Ok(index),
                _ => {}
            }
        }
        Err(SeedError::TooAlike("given names"))
    }

    /// Draws a row that serves, far from the rows that were used.
    fn draw(&mut self, used: &mut Vec<u64>, tries: usize, serves: impl Fn(&[String]) -> bool) -> Option<usize> {
        for _ in 0..tries {
            let index = self.pool.any(&mut self.random)?;
            let row = self.pool.row(index);
            if used.iter().all(|used| used.abs_diff(row.number) >= APART) && serves(&row.cells) {
                used.push(row.number);
                return Some(index);
            }
        }
        None
    }

    fn names(
        &mut self,
        base: usize,
        used: &mut Vec<u64>,
        is_given: &impl Fn(usize) -> bool,
        cells: &mut [String],
    ) -> Result<(), SeedError> {
        let pool = self.pool;
        let [given, middle, family, full] = [Role::Given, Role::Middle, Role::Family, Role::Full].map(|role| self.role(role));
        for column in given.iter().copied().filter(|column| !is_given(*column)) {
            cells[column].clone_from(&pool.row(base).cells[column]);
        }
        for column in middle.iter().copied().filter(|column| !is_given(*column)) {
            let is_empty = pool.row(base).cells[column].trim().is_empty();
            let other = self.draw(used, TRIES, |cells| pool.is_common_given(&cells[column])).filter(|_| !is_empty);
            cells[column] = other.map(|index| pool.row(index).cells[column].clone()).unwrap_or_default();
        }
        // What is given need not be drawn.
        let is_open = |column: &usize| !is_given(*column);
        let (own_family, own_full): (Vec<usize>, Vec<usize>) =
            (family.iter().copied().filter(is_open).collect(), full.into_iter().filter(is_open).collect());
        if own_family.is_empty() && own_full.is_empty() {
            return Ok(());
        }
        let serves = |cells: &[String]| {
            let is_fit = |column: &usize| cells[*column].trim().is_empty() || pool.is_common_family(&cells[*column]);
            own_family.iter().all(is_fit)
                && own_family.first().is_none_or(|column| !cells[*column].trim().is_empty())
                && own_full.iter().all(|column| parts(&cells[*column]).is_some_and(|parts| pool.is_common_family(parts.family)))
        };
        let other = pool.row(self.draw(used, TRIES, serves).ok_or(SeedError::TooAlike("family names"))?);
        for column in own_family {
            cells[column].clone_from(&other.cells[column]);
        }
        for column in own_full {
            let group = &self.mapping.columns[column].group;
            // What the columns of the parts say, where there are such columns.
            let part = |columns: &[usize]| {
                columns
                    .iter()
                    .copied()
                    .find(|other| self.mapping.columns[*other].group == *group)
                    .map(|other| cells[other].clone())
            };
            let (Some(mine), Some(theirs)) = (parts(&pool.row(base).cells[column]), parts(&other.cells[column])) else {
                continue;
            };
            let given = part(&given).unwrap_or_else(|| mine.given.to_owned());
            let family = part(&family).unwrap_or_else(|| theirs.family.to_owned());
            cells[column] = whole(mine, given.trim(), family.trim());
        }
        Ok(())
    }

    /// Street, town and postcode of one row, with another house number.
    fn address(&mut self, used: &mut Vec<u64>, is_given: &impl Fn(usize) -> bool, cells: &mut [String]) -> Result<(), SeedError> {
        let all = self.columns(|field| matches!(field.kind, Kind::Address | Kind::Postcode));
        // An address that is given in part is not completed with somebody else's.
        if all.is_empty() || all.iter().any(|column| is_given(*column)) {
            return Ok(());
        }
        let pool = self.pool;
        let numbers = self.columns(|field| field.role == Role::Number);
        let streets = self.columns(|field| field.role == Role::Street);
        let lines = self.columns(|field| field.role == Role::Line);
        let postcodes = self.columns(|field| field.kind == Kind::Postcode);
        let numbered: Vec<usize> = numbers.iter().chain(&streets).chain(&lines).copied().collect();
        let is_whole = |cells: &[String]| postcodes.iter().all(|column| !cells[*column].trim().is_empty());
        if numbered.is_empty() {
            let index = self.draw(used, TRIES, is_whole).ok_or(SeedError::TooAlike("addresses"))?;
            for column in all {
                cells[column].clone_from(&pool.row(index).cells[column]);
            }
            return Ok(());
        }
        let with_number = |cells: &[String]| numbered.iter().copied().find(|column| is_numbered(&cells[*column]));
        let serves = |cells: &[String]| is_whole(cells) && with_number(cells).is_some();
        let index = self.draw(used, TRIES, serves).ok_or(SeedError::TooAlike("addresses with a house number"))?;
        let source = &pool.row(index).cells;
        for column in all {
            let cell = source[column].as_str();
            // A line without a number beside one with a number is the name of a house.
            let is_own = lines.contains(&column)
                && !cell.contains(|character: char| character.is_ascii_digit())
                && pool.count(column, cell) < 2;
            cells[column] = if is_own { String::new() } else { cell.to_owned() };
        }
        let Some(column) = with_number(source) else { return Ok(()) };
        // Of a flat's number and the house's either may be the one that is compared, so that all are new.
        for which in 0..shape::digit_groups(&source[column]).len().min(2) {
            if let Some(new) = shape::renumbered(&cells[column], which, &mut self.random) {
                cells[column] = new;
            }
        }
        Ok(())
    }

    /// A date of birth of another row, moved by some days where its writing is known.
    fn day(&mut self, column: usize, taken: &Taken, used: &mut Vec<u64>) -> String {
        let pool = self.pool;
        let mut drawn = None;
        for _ in 0..DAY_TRIES {
            let mut away = used.clone();
            let Some(index) = self.draw(&mut away, TRIES, |cells| !cells[column].trim().is_empty()) else { break };
            let cell = &pool.row(index).cells[column];
            if let Some(moved) = shape::moved(cell, taken.order, pool.is_padded(column), &mut self.random) {
                used.push(pool.row(index).number);
                return moved;
            }
            drawn = Some(index);
        }
        let Some(index) = drawn else { return String::new() };
        used.push(pool.row(index).number);
        pool.row(index).cells[column].clone()
    }

    /// A reserved number, written as those of the column are.
    fn phone(&mut self, column: usize) -> String {
        for _ in 0..TRIES {
            let Some(index) = self.pool.any(&mut self.random) else { break };
            if let Some(number) = shape::reserved_phone(&self.pool.row(index).cells[column], &mut self.random) {
                return number;
            }
        }
        String::new()
    }

    /// A number or code of the same shape.
    fn number(&mut self, column: usize, like: &str) -> String {
        let mut like = like.trim();
        for _ in 0..TRIES {
            if !like.is_empty() {
                break;
            }
            let Some(index) = self.pool.any(&mut self.random) else { break };
            like = self.pool.row(index).cells[column].trim();
        }
        let numbers = self.pool.numbers[column];
        if numbers.is_dense() && !shape::digit_groups(like).is_empty() {
            return shape::beyond(like, numbers, self.wanted * 4, &mut self.random);
        }
        shape::shaped(like, &self.pool.constants(column, like), &mut self.random)
    }

    /// A cell of a column that is taken for nothing: what many rows have, or else nothing, or else a code of the same shape.
    fn other(&mut self, column: usize, own: &str) -> String {
        let is_open = |cell: &str| cell.trim().is_empty() || self.pool.is_category(column, cell);
        if is_open(own) {
            return own.to_owned();
        }
        for _ in 0..CATEGORY_TRIES {
            let Some(index) = self.pool.any(&mut self.random) else { break };
            let cell = &self.pool.row(index).cells[column];
            if is_open(cell) {
                return cell.clone();
            }
        }
        // Words may name somebody, and words of random letters would be seen from afar.
        let is_code = !own.contains(char::is_whitespace) && own.contains(|character: char| character.is_ascii_digit());
        let is_plain = own.chars().all(|character| character.is_ascii_graphic()) && own.len() <= 40;
        if is_code && is_plain { self.number(column, own) } else { String::new() }
    }

    /// Addresses at hosts that nobody owns, after the seed's own name.
    fn emails(&mut self, is_given: &impl Fn(usize) -> bool, cells: &mut [String]) {
        let columns = self.columns(|field| field.kind == Kind::Email);
        let name = |role: Role| self.role(role).first().map(|column| cells[*column].clone());
        let full = name(Role::Full).unwrap_or_default();
        let halves = parts(&full);
        let given = name(Role::Given).or_else(|| halves.map(|parts| parts.given.to_owned())).unwrap_or_default();
        let family = name(Role::Family).or_else(|| halves.map(|parts| parts.family.to_owned())).unwrap_or_default();
        for column in columns.into_iter().filter(|column| !is_given(*column)) {
            let (mut local, given, family) = (String::new(), plain(&given), plain(&family));
            let dot = if self.random.below(2) == 0 && !given.is_empty() && !family.is_empty() { "." } else { "" };
            for part in [&given, dot, &family] {
                local.push_str(part);
            }
            if local.is_empty() {
                local.push_str("post");
            }
            // So many digits that nobody else has thought of the same address.
            for place in 0..5 {
                local.push(self.random.digit(place == 0));
            }
            let host = self.random.of(&HOSTS).unwrap_or(HOSTS[0]);
            let address = format!("{local}@{host}");
            let like = self.pool.any(&mut self.random).map_or("", |index| &self.pool.row(index).cells[column]);
            let is_loud = like.chars().any(char::is_uppercase) && !like.chars().any(char::is_lowercase);
            cells[column] = if is_loud { address.to_uppercase() } else { address };
        }
    }
}

/// A whole name in the writing of another.
fn whole(like: Parts<'_>, given: &str, family: &str) -> String {
    match (like.is_turned, like.title) {
        (true, _) => format!("{family}, {given}"),
        (false, "") => format!("{given} {family}"),
        (false, title) => format!("{title} {given} {family}"),
    }
}

/// The ASCII letters of a name, small.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a cell is a street with a house number and nothing that names the house.
fn is_numbered(cell: &str) -> bool {
    let cell = cell.trim();
    let Some((start, end)) = shape::digit_groups(cell).first().copied() else { return false };
    let before = cell[..start].trim().trim_end_matches('.').to_lowercase();
    // `Hauptstraße 12`, `Hauptstraße 12a`
    let is_last = !before.contains(',') && cell[end..].chars().count() <= 1;
    end - start <= 5 && (before.is_empty() || DWELLINGS.contains(&before.as_str()) || is_last)
}
