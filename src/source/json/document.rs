//! What a document is made of: the lists of records in it, and the rest.
//!
//! One pass over the file follows the objects that stand outside of records, and notes where their lists lie. Nothing else is kept of it.

use super::bounds::Ending;
use super::bounds::Search;
use super::parse;
use super::records::Order;
use super::siblings::Names;
use super::siblings::Siblings;
use crate::source::ReadError;
use crate::source::batch::LONGEST_ROW;
use crate::source::file::OpenedFile;
use crate::support::progress::Cancel;
use std::ops::Range;

/// Bytes that are read at once.
const READ_SIZE: usize = 1 << 20;

/// Objects within one another that are looked into for lists of records.
const MOST_LEVELS: usize = 8;

/// Lists of records of one document.
const MOST_LISTS: usize = 1_024;

/// Members, all of them objects, from which on they are records and their names are data.
const MANY_OBJECTS: u64 = 16;

/// The same for members that may be lists too.
const MANY_MEMBERS: u64 = 512;

/// A list within such members of so many bytes speaks against it.
const LARGE_LIST: u64 = 1 << 20;

/// A list of so many elements and bytes belongs to the values beside it, as the addresses of a person do.
const FEW_ELEMENTS: u64 = 16;
const FEW_BYTES: u64 = 64 << 10;

/// Bytes of a name that are kept.
const KEPT_NAME: usize = 256;

/// Where records lie.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct List {
    /// The names on the way to it; empty for the document itself.
    pub(super) path: String,
    pub(super) order: Order,
    /// What lies between its brackets.
    pub(super) range: Range<u64>,
    /// Places in it at which records begin, far apart.
    pub(super) starts: Vec<u64>,
}

/// How a document ends too early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Damage {
    /// The file ends within it.
    Cut,
    /// What stands at a place of the file cannot stand there.
    At(u64),
    /// It holds too many lists; those from a place on were not looked at.
    Crowded(u64),
}

/// What a file is made of.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) lists: Vec<List>,
    /// The whole of the document, where it is there to its end.
    pub(super) whole: Option<Range<u64>>,
    pub(super) damage: Option<Damage>,
}

impl Layout {
    /// What of the document lies in none of its lists: the ranges that stay.
    pub(super) fn rest(&self) -> Vec<Range<u64>> {
        let Some(whole) = self.whole.clone() else { return Vec::new() };
        let mut ranges = Vec::new();
        let mut from = whole.start;
        for list in &self.lists {
            ranges.push(from..list.range.start);
            from = list.range.end;
        }
        ranges.push(from..whole.end);
        ranges
    }
}

/// Why the pass ends before the end of the file.
enum Stop {
    Damage(Damage),
    Read(ReadError),
}

/// Looks through the document that begins at `start`. `step` is how far apart places are noted.
pub(super) fn layout(file: &OpenedFile, start: u64, step: u64, names: Names, cancel: &Cancel) -> Result<Layout, ReadError> {
    let (buffer, lists) = (vec![0; READ_SIZE], Vec::new());
    let mut pass = Pass { file, cancel, names, step, buffer, base: start, filled: 0, at: 0, lists };
    let mut layout = Layout::default();
    match pass.document() {
        Ok((whole, is_alone)) => {
            if is_alone {
                layout.whole = Some(whole);
            } else {
                let end = file.size();
                let mut list = List { path: String::new(), order: Order::Values, range: whole.start..end, starts: Vec::new() };
                match pass.values(&mut list, whole.end) {
                    Ok(()) => {}
                    Err(Stop::Damage(damage)) => layout.damage = Some(damage),
                    Err(Stop::Read(error)) => return Err(error),
                }
                pass.lists = vec![list];
            }
        }
        Err(Stop::Damage(damage)) => layout.damage = Some(damage),
        Err(Stop::Read(error)) => return Err(error),
    }
    layout.lists = pass.lists;
    layout.lists.sort_by_key(|list| list.range.start);
    Ok(layout)
}

/// A list of the object that is looked at.
struct Candidate {
    list: List,
    elements: u64,
}

struct Pass<'a> {
    file: &'a OpenedFile,
    cancel: &'a Cancel,
    names: Names,
    step: u64,
    buffer: Vec<u8>,
    base: u64,
    filled: usize,
    at: usize,
    lists: Vec<List>,
}

impl Pass<'_> {
    /// The first value, and whether nothing follows it.
    fn document(&mut self) -> Result<(Range<u64>, bool), Stop> {
        let first = self.after_blanks()?;
        let start = self.offset();
        match first {
            Some(b'{') => drop(self.object("", 1)?),
            Some(b'[') => {
                let candidate = self.list(String::new())?;
                self.lists.push(candidate.list);
            }
            Some(_) => self.skip_value()?,
            None => return Err(Stop::Damage(Damage::Cut)),
        }
        let end = self.offset();
        let is_alone = self.after_blanks()?.is_none();
        // Only where the first could be a record are those behind it records too.
        if !is_alone && end - start > LONGEST_ROW as u64 {
            return Err(Stop::Damage(Damage::At(self.offset())));
        }
        Ok((start..end, is_alone))
    }

    /// Values one behind the other, of which the first ends at `end`.
    fn values(&mut self, list: &mut List, end: u64) -> Result<(), Stop> {
        let mut noted = list.range.start;
        let mut good_end = end;
        while self.after_blanks()?.is_some() {
            if self.offset() - noted >= self.step {
                noted = self.offset();
                list.starts.push(noted);
            }
            if let Err(stop) = self.skip_value() {
                list.range.end = good_end;
                return Err(stop);
            }
            good_end = self.offset();
        }
        Ok(())
    }

    /// An object outside of records; whether values stand in it besides lists of records. Its lists are noted even where it is damaged.
    fn object(&mut self, path: &str, level: usize) -> Result<bool, Stop> {
        let mut candidates = Vec::new();
        let (mark, start) = (self.lists.len(), self.offset() + 1);
        let mut keyed = None;
        let outcome = self.members(path, level, mark, start, &mut candidates, &mut keyed);
        let has_lists = self.lists.len() > mark || !candidates.is_empty();
        if keyed.is_none() && level == 1 && has_lists && outcome.is_ok() && self.is_of_people(start)? {
            // Lists of which each belongs to somebody would be called after him.
            keyed = Some(List { order: Order::Members, ..List::at(path.to_owned(), start) });
        }
        if let Some(mut list) = keyed {
            self.lists.truncate(mark);
            if outcome.is_ok() {
                list.range.end = self.offset() - 1;
            }
            self.keep(list)?;
            return outcome.map(|_| false);
        }
        let has_scalars = outcome.as_ref().is_ok_and(|has_scalars| *has_scalars);
        for candidate in candidates {
            let bytes = candidate.list.range.end - candidate.list.range.start;
            let is_part = has_scalars && candidate.elements <= FEW_ELEMENTS && bytes <= FEW_BYTES;
            if !is_part && candidate.elements > 0 {
                self.keep(candidate.list)?;
            }
        }
        outcome
    }

    /// Whether the object that was passed, whose members begin at `start`, is nothing but records whose names are data.
    fn is_of_people(&self, start: u64) -> Result<bool, Stop> {
        let length = usize::try_from(self.offset() - start).unwrap_or(usize::MAX).saturating_add(1);
        if length > LONGEST_ROW {
            return Ok(false);
        }
        let bytes = self.file.window(start - 1, length).map_err(|error| Stop::Read(self.file.failed(&error)))?;
        Ok(str::from_utf8(&bytes).is_ok_and(|text| Siblings::judge(text, self.names).is_whole()))
    }

    fn keep(&mut self, list: List) -> Result<(), Stop> {
        if self.lists.len() >= MOST_LISTS {
            return Err(Stop::Damage(Damage::Crowded(list.range.start)));
        }
        self.lists.push(list);
        Ok(())
    }

    /// The members of an object, whose end is passed; whether values stand in it besides lists. Where its members turn out to be records, they
    /// become `keyed`.
    fn members(
        &mut self,
        path: &str,
        level: usize,
        mark: usize,
        start: u64,
        candidates: &mut Vec<Candidate>,
        keyed: &mut Option<List>,
    ) -> Result<bool, Stop> {
        self.at += 1;
        let (mut members, mut objects, mut scalars, mut has_scalars, mut noted) = (0_u64, 0_u64, 0_u64, false, start);
        loop {
            match self.after_blanks()? {
                Some(b'}') if members == 0 => break,
                Some(b'"') => {}
                other => return Err(self.unexpected(other)),
            }
            let place = self.offset();
            let name = self.name()?;
            match self.after_blanks()? {
                Some(b':') => self.at += 1,
                other => return Err(self.unexpected(other)),
            }
            let first = self.after_blanks()?;
            members += 1;
            // What lies below a name that is data is a record, however few there are.
            let is_data = scalars == 0 && matches!(first, Some(b'{' | b'[')) && parse::likelihood(&name).is_some();
            if let Some(list) = keyed {
                if place - noted >= self.step {
                    noted = place;
                    list.starts.push(place);
                }
                self.skip_value()?;
                list.range.end = self.offset();
            } else {
                let below = if path.is_empty() { name } else { format!("{path}.{name}") };
                match first {
                    Some(b'{') => {
                        objects += 1;
                        if level < MOST_LEVELS {
                            has_scalars |= self.object(&below, level + 1)?;
                        } else {
                            has_scalars = true;
                            self.skip_value()?;
                        }
                    }
                    Some(b'[') => {
                        let mut candidate = Candidate { list: List::at(below, self.offset() + 1), elements: 0 };
                        let outcome = self.elements(&mut candidate);
                        if candidate.elements > 0 {
                            candidates.push(candidate);
                        }
                        outcome?;
                        if candidates.len() > MOST_LISTS {
                            return Err(Stop::Damage(Damage::Crowded(place)));
                        }
                    }
                    Some(_) => {
                        has_scalars = true;
                        scalars += 1;
                        self.skip_value()?;
                    }
                    None => return Err(Stop::Damage(Damage::Cut)),
                }
                let is_large = |list: &List| list.order == Order::Members || list.range.end - list.range.start > LARGE_LIST;
                let is_keyed = (objects == members && objects == MANY_OBJECTS && !self.lists[mark..].iter().any(is_large))
                    || (scalars == 0 && members == MANY_MEMBERS)
                    || is_data;
                if is_keyed {
                    let range = start..self.offset();
                    *keyed = Some(List { order: Order::Members, range, ..List::at(path.to_owned(), start) });
                }
            }
            match self.after_blanks()? {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                other => return Err(self.unexpected(other)),
            }
        }
        self.at += 1;
        Ok(has_scalars)
    }

    /// A list outside of records.
    fn list(&mut self, path: String) -> Result<Candidate, Stop> {
        let mut candidate = Candidate { list: List::at(path, self.offset() + 1), elements: 0 };
        match self.elements(&mut candidate) {
            Ok(()) => Ok(candidate),
            Err(stop) => {
                self.lists.push(candidate.list);
                Err(stop)
            }
        }
    }

    /// The elements of a list, whose end is passed.
    fn elements(&mut self, candidate: &mut Candidate) -> Result<(), Stop> {
        self.at += 1;
        let list = &mut candidate.list;
        let mut noted = list.range.start;
        loop {
            match self.after_blanks()? {
                Some(b']') if candidate.elements == 0 => break,
                None => return Err(Stop::Damage(Damage::Cut)),
                Some(b',' | b']' | b'}' | b':') => return Err(Stop::Damage(Damage::At(self.offset()))),
                Some(_) => {}
            }
            if self.offset() - noted >= self.step {
                noted = self.offset();
                list.starts.push(noted);
            }
            self.skip_value()?;
            list.range.end = self.offset();
            candidate.elements += 1;
            match self.after_blanks()? {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                other => return Err(self.unexpected(other)),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn unexpected(&self, byte: Option<u8>) -> Stop {
        Stop::Damage(byte.map_or(Damage::Cut, |_| Damage::At(self.offset())))
    }

    /// The name that begins here, as far as it is kept.
    fn name(&mut self) -> Result<String, Stop> {
        let mut search = Search::new(Ending::Value);
        let mut raw = Vec::new();
        loop {
            let fresh = &self.buffer[self.at..self.filled];
            let end = search.end(fresh);
            let seen = &fresh[..end.unwrap_or(fresh.len())];
            raw.extend_from_slice(&seen[..seen.len().min(KEPT_NAME - raw.len().min(KEPT_NAME))]);
            self.at += seen.len();
            if end.is_some() {
                break;
            }
            if !self.fill()? {
                return Err(Stop::Damage(Damage::Cut));
            }
        }
        let text = String::from_utf8_lossy(&raw).into_owned();
        Ok(serde_json::from_str(&text).unwrap_or_else(|_| text.trim_matches('"').to_owned()))
    }

    /// Passes over the value that begins here.
    fn skip_value(&mut self) -> Result<(), Stop> {
        let mut search = Search::new(Ending::Value);
        let is_open = self.buffer[..self.filled].get(self.at).is_some_and(|byte| matches!(byte, b'{' | b'[' | b'"'));
        let mut is_first = true;
        loop {
            match search.end(&self.buffer[self.at..self.filled]) {
                // A bracket or comma where a value should be.
                Some(0) if is_first => return Err(Stop::Damage(Damage::At(self.offset()))),
                Some(length) => {
                    self.at += length;
                    return Ok(());
                }
                None => self.at = self.filled,
            }
            is_first = false;
            if !self.fill()? {
                // A number or word may end where the file ends.
                return if is_open { Err(Stop::Damage(Damage::Cut)) } else { Ok(()) };
            }
        }
    }

    /// The next byte that is no blank, which stays; `None` at the end of the file.
    fn after_blanks(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x1e);
            if let Some(place) = self.buffer[self.at..self.filled].iter().position(|byte| !is_blank(byte)) {
                self.at += place;
                return Ok(Some(self.buffer[self.at]));
            }
            self.at = self.filled;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Where it stands in the file.
    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads on, once all is passed that was read; false at the end of the file.
    fn fill(&mut self) -> Result<bool, Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Read(ReadError::Cancelled));
        }
        self.base += self.filled as u64;
        self.at = 0;
        let result = self.file.read_at(&mut self.buffer, self.base);
        self.filled = *result.as_ref().unwrap_or(&0);
        let count = result.map_err(|error| Stop::Read(self.file.failed(&error)))?;
        Ok(count > 0)
    }
}

impl List {
    fn at(path: String, start: u64) -> List {
        List { path, order: Order::Elements, range: start..start, starts: Vec::new() }
    }
}
