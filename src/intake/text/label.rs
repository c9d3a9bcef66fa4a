//! Labels: names of fields within a text, and what stands behind them. `"surname": "Lee"` of JSON, `surname=Lee` of a log or a link,
//! `"surname"=>"Lee"` of hstore, `<surname>Lee</surname>` and `surname="Lee"` of XML, `Surname: Lee` of a letter.

use crate::intake::infer::field_named;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::date;
use crate::record::normalize::identifier;
use crate::record::normalize::phone;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::postcode;
use crate::record::normalize::within::BORDER;
use crate::record::normalize::within::Word;
use std::collections::HashMap;

/// Labels whose meaning is remembered.
const MOST_REMEMBERED: usize = 10_000;

/// A longer name names nothing.
const LONGEST_LABEL: usize = 64;

/// Objects within each other whose labels are remembered.
const DEEPEST: usize = 16;

/// Words of a label, and of what stands behind one without quotes.
const LABEL_WORDS: usize = 4;
const VALUE_WORDS: usize = 12;

/// Words of a town, and of a postcode with its town.
const TOWN_WORDS: usize = 4;

/// What a word is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Word,
    /// Part of a label, or of a tag.
    Label,
    /// Part of what stands behind the label of a name.
    Name,
}

/// A label and the words behind it.
#[derive(Clone, Copy, Debug)]
struct Labelled {
    field: Field,
    first: usize,
    last: usize,
    /// Quotes or tags say where the value ends: it is a value, and not the rest of a sentence.
    is_closed: bool,
    /// A sign of equality or a joined name says that it is a value, and it is one word, or a sign that parts values stands behind it. Where
    /// nothing says where a value ends, what follows may be prose.
    is_assigned: bool,
}

/// A value that was understood as what its label announces.
#[derive(Clone, Copy, Debug)]
struct Announced {
    start: usize,
    end: usize,
    /// Whether it can hold no name beside what it is. An address may begin with one, and anything is an identifier.
    is_nameless: bool,
}

/// The labels of a row's text.
#[derive(Clone, Default)]
pub(super) struct Labels {
    known: HashMap<String, Option<Field>>,
    parts: Vec<Part>,
    misread: Vec<usize>,
    /// In the order of their beginnings.
    announced: Vec<Announced>,
    /// The labels of the objects that the place lies in: `name` of `{"name":{"first":…}}`.
    within: Vec<String>,
    /// The word up to which objects were followed.
    followed: usize,
}

impl Labels {
    /// Forgets the text before.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.misread.clear();
        self.announced.clear();
        self.within.clear();
        self.followed = 0;
    }

    /// Finds the labels of a text, and reads what stands behind them.
    pub(super) fn read(&mut self, text: &str, words: &[Word], emit: &mut dyn FnMut(Slot, &str, usize)) {
        self.clear();
        self.parts.resize(words.len(), Part::Word);
        if memchr::memchr3(b':', b'=', b'<', text.as_bytes()).is_none() {
            return;
        }
        let view = View { text, words };
        let mut at = 0;
        while at < words.len() {
            let labelled = if view.is_tag(at) { self.tag(view, at) } else { self.label(view, at) };
            if let Some(labelled) = labelled {
                self.value(view, labelled, emit);
            }
            at += 1;
        }
    }

    /// Whether a word is part of a label.
    pub(super) fn is_label(&self, word: usize) -> bool {
        self.parts.get(word) == Some(&Part::Label)
    }

    /// Whether a word is part of what is said to be a name.
    pub(super) fn is_name(&self, word: usize) -> bool {
        self.parts.get(word) == Some(&Part::Name)
    }

    /// Whether a place in the text lies within a value that was understood as what its label announces.
    pub(super) fn has_announced(&self, start: usize) -> bool {
        self.announced_at(start).is_some()
    }

    /// Whether a place in the text lies within such a value, and that can hold no name.
    pub(super) fn is_nameless(&self, start: usize) -> bool {
        self.announced_at(start).is_some_and(|announced| announced.is_nameless)
    }

    fn announced_at(&self, start: usize) -> Option<Announced> {
        let next = self.announced.partition_point(|announced| announced.start <= start);
        next.checked_sub(1).map(|at| self.announced[at]).filter(|announced| start < announced.end)
    }

    /// Where values begin that were not understood.
    pub(super) fn misread(&self) -> impl Iterator<Item = usize> {
        self.misread.iter().copied()
    }

    /// The tag whose name begins with a word, with what stands behind it.
    fn tag(&mut self, view: View<'_>, first: usize) -> Option<Labelled> {
        let mut last = first;
        while matches!(view.gap(last), "_" | "-" | "." | ":") {
            last += 1;
        }
        self.parts[first..=last].fill(Part::Label);
        let is_closing = view.before(first).ends_with('/');
        if is_closing || !view.after(last).starts_with('>') {
            return None;
        }
        let field = self.field(view.span(first, last))?;
        let value = last + 1;
        let end = (value..view.words.len()).take_while(|word| *word == value || !view.before(*word).contains('<')).last()?;
        (!view.before(value).contains('<')).then_some(Labelled {
            field,
            first: value,
            last: end,
            is_closed: true,
            is_assigned: false,
        })
    }

    /// The label that ends with a word, with what stands behind it.
    fn label(&mut self, view: View<'_>, last: usize) -> Option<Labelled> {
        let after = view.after(last);
        let sign = after.trim_start_matches(['"', '\'', ' ']);
        let is_sign = sign.starts_with('=') && !sign.starts_with("==") || sign.starts_with(':') && !sign.starts_with("://");
        let is_time = view.ends_with_digit(last) && view.gap(last) == ":";
        if !is_sign || is_time || self.parts[last] != Part::Word {
            return None;
        }
        let is_quoted = after.starts_with(['"', '\'']);
        let mut first = last;
        let mut field = None;
        if is_quoted {
            while first > 0 && last - first < LABEL_WORDS && !view.before(first).ends_with(['"', '\'']) {
                first -= 1;
            }
            self.leave(view, first);
            field = self.member(view.span(first, last));
            if view.after(last).contains('{') && self.within.len() < DEEPEST {
                self.within.push(view.span(first, last).to_owned());
            }
        } else {
            let joins: &[&str] = if sign.starts_with('=') { &["_", "-", "."] } else { &["_", "-", ".", " "] };
            loop {
                field = field.or_else(|| self.field(view.span(first, last)));
                // A name is read to its end where its parts are joined: `child_dob` is no day of birth.
                let is_joined = first > 0 && matches!(view.gap(first - 1), "_" | "-" | ".");
                let goes_on = first > 0
                    && last - first < LABEL_WORDS
                    && joins.contains(&view.gap(first - 1))
                    && self.parts[first - 1] == Part::Word;
                if !goes_on || field.is_some() && !is_joined {
                    break;
                }
                if is_joined {
                    field = None;
                }
                first -= 1;
            }
        }
        if is_quoted || field.is_some() {
            self.parts[first..=last].fill(Part::Label);
        }
        let field = field?;
        let value = last + 1;
        // `Name:` in one cell, and the name in the next.
        let gap = view.gap(last);
        let gap = gap.strip_prefix(':').and_then(|rest| rest.trim_start().strip_prefix(BORDER)).unwrap_or(gap);
        let is_empty =
            gap.contains("\"\"") || gap.contains("''") || gap.contains([BORDER, '\n', ',', '{', '}', ']', '&', ';', '|']);
        if value >= view.words.len() || is_empty {
            return None;
        }
        let quote = gap.chars().next_back().filter(|sign| matches!(sign, '"' | '\''));
        let ends = |word: usize| {
            let gap = view.gap(word);
            match quote {
                Some(quote) => gap.contains([quote, BORDER]),
                None => gap.contains([BORDER, '\n', ',', ';', '|', '&', '}', ']', '"', '<', '=', ':']),
            }
        };
        let mut end = value;
        while end + 1 < view.words.len() && end - value + 1 < VALUE_WORDS && !ends(end) {
            end += 1;
        }
        if quote.is_none() && view.gap(end).trim_start().starts_with(['=', ':']) {
            // What stands before the sign is the next label.
            while end > value && matches!(view.gap(end - 1), "_" | "-" | ".") {
                end -= 1;
            }
            end = end.checked_sub(1).filter(|end| *end >= value)?;
        }
        let is_machines = sign.starts_with('=') || view.span(first, last).contains('_');
        let is_parted =
            view.after(end).starts_with(['&', ';', '|', '\n', BORDER]) || !view.span(value, end).contains(char::is_whitespace);
        Some(Labelled {
            field,
            first: value,
            last: end,
            is_closed: is_quoted || quote.is_some(),
            is_assigned: is_machines && is_parted,
        })
    }

    /// Reads a value as what its label says.
    fn value(&mut self, view: View<'_>, labelled: Labelled, emit: &mut dyn FnMut(Slot, &str, usize)) {
        let Labelled { field, first, last, is_closed, is_assigned } = labelled;
        let span = view.span(first, last);
        let start = view.words[first].start;
        let mut out = String::new();
        let reading = match (field.kind, field.role) {
            (Kind::Name, _) => {
                let mut is_name = false;
                for word in first..=last {
                    if self.parts[word] == Part::Word {
                        self.parts[word] = Part::Name;
                        is_name |= view.span(word, word).chars().any(char::is_alphabetic);
                    }
                }
                if is_name { Reading::Value } else { Reading::Unreadable }
            }
            (Kind::Date, _) => date::parse(view.signed(first, last), None, &mut |day| {
                day.write(&mut out);
                emit(Slot::Birth, &out, start);
            }),
            (Kind::Postcode, _) => simple(postcode::canonical, Slot::Postcode, span, start, emit),
            (Kind::Address, Role::Town) => simple(address::town, Slot::Town, span, start, emit),
            (Kind::Address, _) => address::candidates(&[span], &mut |form| emit(Slot::Address, form, start)),
            (Kind::Phone, _) => phone::candidates(span, &mut |number| emit(Slot::Phone, number, start)),
            (Kind::Identifier, _) => simple(identifier::canonical, Slot::Identifier, span, start, emit),
            // Addresses of mail are found without a label.
            (Kind::Email, _) if span.contains('@') => Reading::Value,
            (Kind::Email, _) => Reading::Unreadable,
        };
        if (is_closed || is_assigned) && reading == Reading::Value {
            let is_nameless = match (field.kind, field.role) {
                (Kind::Date | Kind::Phone | Kind::Email, _) => true,
                (Kind::Postcode, _) | (Kind::Address, Role::Town) => last - first < TOWN_WORDS,
                (Kind::Identifier, _) => !span.contains(char::is_whitespace),
                (Kind::Name | Kind::Address, _) => false,
            };
            self.announced.push(Announced { start, end: view.words[last].end, is_nameless });
        }
        let tells = !matches!((field.kind, field.role), (Kind::Identifier | Kind::Address, _) | (Kind::Date, Role::Event));
        if tells && is_closed && reading == Reading::Unreadable && !is_placeholder(span) && !is_word_of_state(span) {
            self.misread.push(start);
        }
    }

    /// The field that a label names by itself, or within its object.
    fn member(&mut self, label: &str) -> Option<Field> {
        if let Some(field) = self.field(label) {
            return Some(field);
        }
        let within = self.within.last().filter(|within| !within.is_empty())?;
        let whole = format!("{within} {label}");
        self.field(&whole)
    }

    /// Leaves the objects that end before a word.
    fn leave(&mut self, view: View<'_>, word: usize) {
        let ended: usize = (self.followed..=word).map(|word| view.before(word).matches('}').count()).sum();
        self.within.truncate(self.within.len().saturating_sub(ended));
        self.followed = word + 1;
    }

    /// The field that a label names.
    pub(super) fn field(&mut self, label: &str) -> Option<Field> {
        if label.len() > LONGEST_LABEL {
            return None;
        }
        if let Some(known) = self.known.get(label) {
            return *known;
        }
        let field = field_named(label);
        if self.known.len() < MOST_REMEMBERED {
            self.known.insert(label.to_owned(), field);
        }
        field
    }
}

/// What JSON writes where there is no text: such a value is nobody's.
fn is_word_of_state(span: &str) -> bool {
    matches!(span, "true" | "false" | "null" | "0" | "1")
}

fn simple(
    canonical: fn(&str, &mut String) -> Reading,
    slot: Slot,
    span: &str,
    start: usize,
    emit: &mut dyn FnMut(Slot, &str, usize),
) -> Reading {
    let mut out = String::new();
    let reading = canonical(span, &mut out);
    if reading == Reading::Value {
        emit(slot, &out, start);
    }
    reading
}

/// The words of a text, and what stands between them.
#[derive(Clone, Copy)]
struct View<'t> {
    text: &'t str,
    words: &'t [Word],
}

impl<'t> View<'t> {
    fn span(self, first: usize, last: usize) -> &'t str {
        &self.text[self.words[first].start..self.words[last].end]
    }

    /// As [`View::span`], with the sign before a number.
    fn signed(self, first: usize, last: usize) -> &'t str {
        let start = self.words[first].start;
        let signed = start - usize::from(self.before(first).ends_with('-'));
        &self.text[signed..self.words[last].end]
    }

    fn gap(self, word: usize) -> &'t str {
        self.words.get(word + 1).map_or("", |next| &self.text[self.words[word].end..next.start])
    }

    /// From the end of the word before to this word.
    fn before(self, word: usize) -> &'t str {
        let from = word.checked_sub(1).map_or(0, |before| self.words[before].end);
        &self.text[from..self.words[word].start]
    }

    /// From the end of this word to the next, or to the end of the text.
    fn after(self, word: usize) -> &'t str {
        let to = self.words.get(word + 1).map_or(self.text.len(), |next| next.start);
        &self.text[self.words[word].end..to]
    }

    fn ends_with_digit(self, word: usize) -> bool {
        self.span(word, word).ends_with(|letter: char| letter.is_ascii_digit())
    }

    /// Whether a word begins the name of a tag.
    fn is_tag(self, word: usize) -> bool {
        self.before(word).ends_with('<') || self.before(word).ends_with("</")
    }
}
