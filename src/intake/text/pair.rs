//! Pairs: any two words of a text may be somebody's name.
//!
//! Of a short text all words are paired. Of a long one each with the three before it, those that are said to be names with each other, and those of short cells, since a
//! table may have each name in a column of its own. Three or four words in a row are a name too, where all begin with a capital, or none does.

use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::name;
use crate::record::normalize::within::Word;
use crate::support::word_set::WordSet;
use std::ops::Range;

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
static PARTICLES: WordSet = WordSet::new(&[
    b"mc", b"mac", b"o", b"d", b"de", b"di", b"da", b"del", b"della", b"le", b"la", b"van", b"von", b"st", b"el", b"al", b"abu",
    b"ben", b"bin", b"san", b"fitz", b"ap",
]);

/// Small words of prose that are nobody's name, in small letters. Those that are somebody's (`will`, `an`, `no`) are not among them.
static PROSE: WordSet = WordSet::new(&[
    b"the", b"of", b"with", b"from", b"has", b"had", b"have", b"been", b"was", b"were", b"this", b"that", b"which", b"would",
    b"could", b"should", b"their", b"there", b"about", b"because", b"please", b"its", b"for", b"are",
]);

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
    /// Its spellings, of [`Forms`].
    forms: Range<usize>,
    place: Place,
    is_capital: bool,
    /// Whether it stands right behind the entry before.
    follows: bool,
}

/// The spellings of all words: one token, or more with blanks between.
#[derive(Clone, Default)]
struct Forms {
    letters: String,
    ends: Vec<usize>,
}

impl Forms {
    fn clear(&mut self) {
        self.letters.clear();
        self.ends.clear();
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, form: usize) -> &str {
        let start = form.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(form).map_or("", |end| &self.letters[start..*end])
    }

    /// Adds the form of these tokens.
    fn push<T: AsRef<str>>(&mut self, tokens: &[T]) {
        for (number, token) in tokens.iter().enumerate() {
            if number > 0 {
                self.letters.push(' ');
            }
            self.letters.push_str(token.as_ref());
        }
        self.ends.push(self.letters.len());
    }

    /// Adds a token that is written in other letters.
    fn push_lower(&mut self, token: &str) {
        let start = self.letters.len();
        self.letters.push_str(token);
        self.letters[start..].make_ascii_lowercase();
        self.ends.push(self.letters.len());
    }
}

fn is_prose(raw: &str) -> bool {
    PROSE.has(raw.as_bytes()) && raw.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The halves of a word that two names were written as: `AnnLee`. Not those of `McDonald`.
fn glued(word: &str) -> Option<(&str, &str)> {
    let second =
        word.char_indices().zip(word.chars().skip(1)).find(|((_, letter), next)| letter.is_lowercase() && next.is_uppercase());
    let at = second.map(|((at, letter), _)| at + letter.len_utf8())?;
    let (first, second) = word.split_at(at);
    let is_name = |half: &str| half.starts_with(char::is_uppercase) && half.chars().skip(1).all(char::is_lowercase);
    let has_two = |half: &str| half.chars().nth(1).is_some();
    let is_particle = PARTICLES.has(first.as_bytes());
    (!is_particle && [first, second].into_iter().all(|half| is_name(half) && has_two(half))).then_some((first, second))
}

/// The words of a row's text that may be names.
#[derive(Clone, Default)]
pub(super) struct Pairs {
    entries: Vec<Entry>,
    forms: Forms,
    tokens: Vec<String>,
    name: String,
}

impl Pairs {
    /// Gathers the words; `place` says of each where it stands, and nothing of a label.
    pub(super) fn gather(&mut self, text: &str, words: &[Word], place: impl Fn(usize) -> Option<Place>) {
        self.entries.clear();
        self.forms.clear();
        let mut last: Option<usize> = None;
        let mut particle: Option<usize> = None;
        for (number, word) in words.iter().enumerate() {
            let raw = &text[word.start..word.end];
            let Some(place) = place(number) else { continue };
            if word.has_digit() || raw.len() > LONGEST || !place.is_named && is_prose(raw) {
                continue;
            }
            let before = particle.take().filter(|at| at + 1 == number);
            if PARTICLES.has(raw.as_bytes()) {
                particle = Some(number);
            }
            if raw.chars().take(2).count() < 2 {
                continue;
            }
            let first = self.forms.len();
            // Most words are one token as they stand, in one spelling, and not two names in one.
            let is_quick = name::quick_words(raw) == Some(1);
            if is_quick {
                self.forms.push_lower(raw);
            } else if !self.spell(raw) {
                continue;
            }
            if let Some(before) = before.and_then(|before| words.get(before)) {
                let particle = text[before.start..before.end].to_lowercase();
                let joined = particle + &self.forms.get(first).replace(' ', "");
                self.forms.push(&[joined]);
            }
            let forms = first..self.forms.len();
            let follows = last.is_some_and(|last| {
                let gap = &text[words[last].end..word.start];
                last + 1 == number && (gap == " " || gap.chars().count() <= 3 || gap.trim_matches(' ').is_empty())
            });
            last = Some(number);
            let entry = |forms, follows| Entry { forms, place, is_capital: raw.starts_with(char::is_uppercase), follows };
            if !is_quick && let Some((first, second)) = glued(raw) {
                for half in [first, second] {
                    self.tokens.clear();
                    name::tokens(half, &mut self.tokens);
                    if !self.tokens.is_empty() {
                        self.forms.push(&self.tokens);
                        self.entries.push(entry(self.forms.len() - 1..self.forms.len(), false));
                    }
                }
            }
            self.entries.push(entry(forms, follows));
        }
    }

    /// Adds the spellings of a word. Says whether it has any.
    fn spell(&mut self, raw: &str) -> bool {
        self.tokens.clear();
        name::tokens(raw, &mut self.tokens);
        if self.tokens.is_empty() {
            return false;
        }
        self.forms.push(&self.tokens);
        if let Some(respelt) = name::respelt(raw) {
            self.tokens.clear();
            name::tokens(&respelt, &mut self.tokens);
            self.forms.push(&self.tokens);
        }
        true
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
        let Pairs { entries, forms, name, .. } = self;
        let is_token = |form: &str| !form.is_empty() && !form.contains(' ');
        let mut left = MOST_NAMES;
        let mut push = |parts: &[&str]| {
            if left == 0 {
                return false;
            }
            left -= 1;
            match parts {
                [one, other] if is_token(one) && is_token(other) => name::pair(one, other, name),
                _ => {
                    let mut tokens: Vec<&str> =
                        parts.iter().flat_map(|part| part.split(' ')).filter(|token| !token.is_empty()).collect();
                    name::canonical(&mut tokens, name);
                }
            }
            records.push(Slot::Name, name);
            true
        };
        let mut is_whole = true;
        if let [only] = entries.as_slice() {
            // A single word is nobody's name, unless something says so.
            for form in only.forms.clone().filter(|_| only.place.is_named) {
                is_whole &= push(&[forms.get(form)]);
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
                    let parts: Vec<&str> = run.iter().map(|entry| forms.get(entry.forms.start)).collect();
                    is_whole &= push(&parts);
                }
            }
        }
        let mut pair = |first: &Entry, second: &Entry| {
            if !first.place.may_join(second.place) {
                return;
            }
            for one in first.forms.clone() {
                for other in second.forms.clone() {
                    is_whole &= push(&[forms.get(one), forms.get(other)]);
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
        for token in known.into_iter().take(NEAR) {
            let form = self.forms.len();
            self.forms.push(&[token]);
            self.entries.push(Entry { forms: form..form + 1, place, is_capital: false, follows: false });
        }
    }
}
