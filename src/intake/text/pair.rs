//! Pairs: any two words of a text may be somebody's name.
//!
//! Of a short text all words are paired. Of a long one each with the three before it, those that are said to be names with each other, and those of short cells, since a
//! table may have each name in a column of its own. Three or four words in a row are a name too, where all begin with a capital, or none does.

use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::name;
use crate::record::normalize::within::Word;

/// Words of which all are paired.
const SHORT: usize = 16;

/// Words of names, and of short cells, of which all are paired; of more, those within [`NEAR`] places.
const NAMED: usize = 32;
const NEAR: usize = 8;

/// Places between two words of a long text that are paired.
const APART: usize = 3;

/// Words of a cell that is short.
const SHORT_CELL: usize = 3;

/// Names that are tried for one row.
const MOST_NAMES: usize = 4_096;

/// Letters of a name's part.
const LONGEST: usize = 40;

/// Words that are parts of a name which some write as one word with the next.
const PARTICLES: [&str; 22] = [
    "mc", "mac", "o", "d", "de", "di", "da", "del", "della", "le", "la", "van", "von", "st", "el", "al", "abu", "ben", "bin",
    "san", "fitz", "ap",
];

/// Small words of prose that are nobody's name. Those that are somebody's (`will`, `an`, `no`) are not among them.
const PROSE: [&str; 24] = [
    "the", "of", "with", "from", "has", "had", "have", "been", "was", "were", "this", "that", "which", "would", "could",
    "should", "their", "there", "about", "because", "please", "its", "for", "are",
];

/// Where a word stands that may be part of a name.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The number of its cell.
    pub(super) cell: usize,
    /// Whether it is said to be a name.
    pub(super) is_named: bool,
    /// Whether its cell is a field, which says more of one thing than one word: a name in it stands there as a whole.
    pub(super) is_field: bool,
}

impl Place {
    /// Whether words at both places may be parts of one name.
    fn may_join(self, other: Place) -> bool {
        self.cell == other.cell || self.is_named && other.is_named || !self.is_field && !other.is_field
    }
}

/// One word that may be part of a name.
#[derive(Clone)]
struct Entry {
    /// Its spellings, each of one token or more.
    forms: Vec<Vec<String>>,
    place: Place,
    is_capital: bool,
    /// Whether it stands right behind the entry before.
    follows: bool,
}

/// The halves of a word that two names were written as: `AnnLee`. Not those of `McDonald`.
fn glued(word: &str) -> Option<(&str, &str)> {
    let second =
        word.char_indices().zip(word.chars().skip(1)).find(|((_, letter), next)| letter.is_lowercase() && next.is_uppercase());
    let at = second.map(|((at, letter), _)| at + letter.len_utf8())?;
    let (first, second) = word.split_at(at);
    let is_name = |half: &str| half.starts_with(char::is_uppercase) && half.chars().skip(1).all(char::is_lowercase);
    let has_two = |half: &str| half.chars().nth(1).is_some();
    let is_particle = PARTICLES.contains(&first.to_lowercase().as_str());
    (!is_particle && [first, second].into_iter().all(|half| is_name(half) && has_two(half))).then_some((first, second))
}

/// The words of a row's text that may be names.
#[derive(Clone, Default)]
pub(super) struct Pairs {
    entries: Vec<Entry>,
    name: String,
}

impl Pairs {
    /// Gathers the words; `place` says of each where it stands, and nothing of a label.
    pub(super) fn gather(&mut self, text: &str, words: &[Word], place: impl Fn(usize) -> Option<Place>) {
        self.entries.clear();
        let mut last: Option<usize> = None;
        let mut particle: Option<(usize, String)> = None;
        for (number, word) in words.iter().enumerate() {
            let raw = &text[word.start..word.end];
            let Some(place) = place(number) else { continue };
            if raw.bytes().any(|byte| byte.is_ascii_digit()) || raw.len() > LONGEST || !place.is_named && PROSE.contains(&raw) {
                continue;
            }
            let before = particle.take().filter(|(at, _)| at + 1 == number);
            let lower = raw.to_lowercase();
            if PARTICLES.contains(&lower.as_str()) {
                particle = Some((number, lower));
            }
            if raw.chars().take(2).count() < 2 {
                continue;
            }
            let mut tokens = Vec::new();
            name::tokens(raw, &mut tokens);
            if tokens.is_empty() {
                continue;
            }
            let mut forms = vec![tokens];
            if let Some(respelt) = name::respelt(raw) {
                let mut tokens = Vec::new();
                name::tokens(&respelt, &mut tokens);
                forms.push(tokens);
            }
            if let Some((_, particle)) = before {
                forms.push(vec![particle + &forms[0].concat()]);
            }
            let follows = last.is_some_and(|last| {
                let gap = &text[words[last].end..word.start];
                last + 1 == number && (gap.chars().count() <= 3 || gap.trim_matches(' ').is_empty())
            });
            last = Some(number);
            let entry = |forms: Vec<Vec<String>>, follows| Entry {
                forms,
                place,
                is_capital: raw.starts_with(char::is_uppercase),
                follows,
            };
            if let Some((first, second)) = glued(raw) {
                for half in [first, second] {
                    let mut tokens = Vec::new();
                    name::tokens(half, &mut tokens);
                    if !tokens.is_empty() {
                        self.entries.push(entry(vec![tokens], false));
                    }
                }
            }
            self.entries.push(entry(forms, follows));
        }
    }

    /// The cells with a word that may be a name.
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().map(|entry| entry.place.cell)
    }

    /// Leaves out the words of other cells.
    pub(super) fn keep(&mut self, is_kept: impl Fn(usize) -> bool) {
        self.entries.retain(|entry| is_kept(entry.place.cell));
    }

    /// Whether there is no word that may be a name.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether some word is said to be a name.
    pub(super) fn has_named(&self) -> bool {
        self.entries.iter().any(|entry| entry.place.is_named)
    }

    /// Adds the names to the row that is being built. Says whether there were more than are tried.
    pub(super) fn push(&mut self, records: &mut RecordBatch) -> bool {
        self.add_known(records);
        let Pairs { entries, name } = self;
        let mut left = MOST_NAMES;
        let mut push = |parts: &[&[String]]| {
            if left == 0 {
                return false;
            }
            left -= 1;
            let mut tokens: Vec<&str> = parts.iter().flat_map(|part| part.iter().map(String::as_str)).collect();
            name::canonical(&mut tokens, name);
            records.push(Slot::Name, name);
            true
        };
        let mut is_whole = true;
        if let [only] = entries.as_slice() {
            // A single word is nobody's name, unless something says so.
            for form in only.forms.iter().filter(|_| only.place.is_named) {
                is_whole &= push(&[form.as_slice()]);
            }
            return !is_whole;
        }
        // The likeliest first: of names that come so late that no more are tried, the row is said to hold more.
        let has_capitals = entries.iter().any(|entry| entry.is_capital);
        for length in [3, 4] {
            for run in entries.windows(length) {
                let is_run =
                    run[1..].iter().all(|entry| entry.follows) && run.iter().all(|entry| entry.is_capital == has_capitals);
                let is_named = run.iter().all(|entry| entry.place.is_named);
                if is_run || is_named {
                    let parts: Vec<&[String]> = run.iter().map(|entry| entry.forms[0].as_slice()).collect();
                    is_whole &= push(&parts);
                }
            }
        }
        let mut pair = |first: &Entry, second: &Entry| {
            if !first.place.may_join(second.place) {
                return;
            }
            for one in &first.forms {
                for other in &second.forms {
                    is_whole &= push(&[one.as_slice(), other.as_slice()]);
                }
            }
        };
        let near = |place: usize, apart: usize| place.saturating_sub(apart)..place;
        let mut pair_all = |list: &[&Entry], apart: usize| {
            for second in 0..list.len() {
                for first in near(second, apart) {
                    pair(list[first], list[second]);
                }
            }
        };
        let named: Vec<&Entry> = entries.iter().filter(|entry| entry.place.is_named).collect();
        pair_all(&named, if named.len() <= NAMED { NAMED } else { NEAR });
        let all: Vec<&Entry> = entries.iter().collect();
        pair_all(&all, if all.len() <= SHORT { SHORT } else { APART });
        if all.len() > SHORT {
            let cells = entries.chunk_by(|a, b| a.place.cell == b.place.cell);
            let short: Vec<&Entry> = cells.filter(|cell| cell.len() <= SHORT_CELL).flatten().collect();
            pair_all(&short, if short.len() <= NAMED { NAMED } else { NEAR });
        }
        !is_whole
    }

    /// Half a name may stand in a column of its own, and the other in the text.
    fn add_known(&mut self, records: &RecordBatch) {
        if !self.has_named() {
            return;
        }
        let mut known: Vec<String> = Vec::new();
        for name in records.open(Slot::Name).take(NEAR) {
            known.extend(String::from_utf8_lossy(name).split(' ').map(str::to_owned));
        }
        known.sort_unstable();
        known.dedup();
        let place = Place { cell: usize::MAX, is_named: true, is_field: true };
        let entry = |token| Entry { forms: vec![vec![token]], place, is_capital: false, follows: false };
        self.entries.extend(known.into_iter().take(NEAR).map(entry));
    }
}
