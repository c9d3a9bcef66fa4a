//! One record of JSON, shown to a tree value by value.
//!
//! The grammar is that of `serde_json`, but for control characters in texts and bytes that are no UTF-8, which are read all the same.
//! Numbers stay as they are written, and names may stand in a record twice.

use super::siblings;
use super::siblings::Names;
use super::siblings::Siblings;
use super::siblings::Standing;
use crate::source::nested::Naming;
use crate::source::nested::Tree;
use jiff::Timestamp;
use serde::Deserializer as _;
use serde::de;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Deserializer;
use serde_json::value::RawValue;
use std::fmt;
use std::fmt::Write as _;

/// Texts that are JSON themselves, within one another, that are told apart.
const MOST_EMBEDDED: usize = 4;

/// The column of the name by which a record goes, where records are the members of an object.
const KEY: &str = "_key";

/// The column of such a member that is no record.
const VALUE: &str = "value";

/// Why a record was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Malformed {
    /// It breaks off.
    Cut,
    Wrong,
}

/// What a value stands for, by the name before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Meaning {
    Itself,
    /// Milliseconds since 1970, or a text.
    Date,
    /// A number that may be written as a text.
    Number,
}

/// How a value is read.
#[derive(Clone, Copy)]
struct Way {
    /// Texts that are JSON around it.
    embedded: usize,
    /// What it stands for.
    meaning: Meaning,
    names: Names,
}

impl Way {
    fn new(names: Names) -> Way {
        Way { embedded: 0, meaning: Meaning::Itself, names }
    }

    /// The same for what stands for itself.
    fn plain(self) -> Way {
        Way { meaning: Meaning::Itself, ..self }
    }
}

/// Reads a record; `is_member` where its name stands before it. What the tree held before is gone.
pub(super) fn record<N: Naming>(bytes: &[u8], is_member: bool, names: Names, tree: &mut Tree<N>) -> Result<(), Malformed> {
    let way = Way::new(names);
    let read = |text: &str, is_lossy: bool, tree: &mut Tree<N>| {
        tree.clear();
        if is_lossy {
            tree.mark_lossy();
        }
        if is_member { member(text, way, tree) } else { top(text, way, tree) }
    };
    let text = String::from_utf8_lossy(bytes);
    let is_lossy = matches!(text, std::borrow::Cow::Owned(_));
    let error = match read(&text, is_lossy, tree) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if bytes.iter().any(|byte| is_raw_control(*byte)) && read(&escaped(&text), is_lossy, tree).is_ok() {
        return Ok(());
    }
    Err(if error.is_eof() { Malformed::Cut } else { Malformed::Wrong })
}

/// The values that stand one behind another in a line; `None` where it is not made of values.
pub(super) fn values(line: &[u8]) -> Option<Vec<&[u8]>> {
    let text = str::from_utf8(line).ok()?;
    let values = Deserializer::from_str(text).into_iter::<&RawValue>();
    values.map(|value| value.ok().map(|value| value.get().as_bytes())).collect()
}

/// Control characters of which JSON knows only as escapes, where they stand in a text.
fn is_raw_control(byte: u8) -> bool {
    byte < 0x20
}

/// The same with control characters in texts as escapes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let (mut is_text, mut is_escape) = (false, false);
    for character in text.chars() {
        let ends = character == '"' && !is_escape;
        if is_text && !is_escape && u8::try_from(character).is_ok_and(is_raw_control) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
        is_escape = is_text && character == '\\' && !is_escape;
        is_text ^= ends;
    }
    out
}

/// A record that stands by itself.
fn top<N: Naming>(text: &str, way: Way, tree: &mut Tree<N>) -> Result<(), serde_json::Error> {
    let text = text.trim_ascii();
    let mut deserializer = Deserializer::from_str(text);
    match text.as_bytes().first() {
        Some(b'{') => {
            tree.open_record();
            deserializer.deserialize_map(Inside::new(tree, text, way))?;
            tree.close();
        }
        // A list of records in the place of one is these records.
        Some(b'[') if matches!(text[1..].trim_ascii_start().as_bytes().first(), Some(b'{' | b']')) => {
            tree.open_list();
            deserializer.deserialize_seq(Inside::new(tree, text, way))?;
            tree.close();
        }
        Some(b'[') => {
            tree.open_record();
            deserializer.deserialize_seq(Cells(&mut *tree, way))?;
            tree.close();
        }
        _ => {
            let raw: &RawValue = de::Deserialize::deserialize(&mut deserializer)?;
            tree.open_record();
            tree.name("column_1");
            value(tree, raw.get(), way)?;
            tree.close();
        }
    }
    deserializer.end()
}

/// A name and its value, out of the object that they stand in.
fn member<N: Naming>(text: &str, way: Way, tree: &mut Tree<N>) -> Result<(), serde_json::Error> {
    // With its braces it is an object of one member.
    let object = format!("{{{text}}}");
    let mut deserializer = Deserializer::from_str(&object);
    tree.open_record();
    deserializer.deserialize_map(Keyed(&mut *tree, way))?;
    tree.close();
    deserializer.end()
}

/// Shows a value to the tree. `raw` is a whole value.
fn value<N: Naming>(tree: &mut Tree<N>, raw: &str, way: Way) -> Result<(), serde_json::Error> {
    match raw.as_bytes().first() {
        Some(b'"') => text(tree, raw, way)?,
        Some(b'{' | b'[') if tree.is_deepest() => tree.deep(raw),
        Some(b'{') => {
            tree.open_record();
            Deserializer::from_str(raw).deserialize_map(Inside::new(tree, raw, way))?;
            tree.close();
        }
        Some(b'[') => {
            tree.open_list();
            Deserializer::from_str(raw).deserialize_seq(Inside::new(tree, raw, way.plain()))?;
            tree.close();
        }
        Some(b't') => tree.truth(true),
        Some(b'f') => tree.truth(false),
        Some(b'n') => tree.null(),
        _ => match date(raw, way.meaning) {
            Some(date) => tree.text(&date),
            None => tree.number(raw),
        },
    }
    Ok(())
}

/// Shows a text to the tree, whose quotes are still on it.
fn text<N: Naming>(tree: &mut Tree<N>, raw: &str, way: Way) -> Result<(), serde_json::Error> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return content(tree, inner, way);
    }
    // As bytes a text may hold half of a pair of surrogates, which some programs leave where they cut.
    let bytes = Deserializer::from_str(raw).deserialize_bytes(Unescaped)?;
    match String::from_utf8(bytes) {
        Ok(text) => content(tree, &text, way),
        Err(error) => {
            tree.mark_lossy();
            content(tree, &String::from_utf8_lossy(error.as_bytes()), way)
        }
    }
}

/// Shows the content of a text to the tree. One that is JSON with names in it is taken apart, as if it were no text.
fn content<N: Naming>(tree: &mut Tree<N>, text: &str, way: Way) -> Result<(), serde_json::Error> {
    if way.embedded < MOST_EMBEDDED
        && is_like_object(text)
        && let Ok(raw) = serde_json::from_str::<&RawValue>(text)
    {
        return value(tree, raw.get(), Way { embedded: way.embedded + 1, ..way.plain() });
    }
    match (way.meaning, date(text, way.meaning)) {
        (_, Some(date)) => tree.text(&date),
        (Meaning::Number, None) if text.parse::<f64>().is_ok_and(f64::is_finite) => tree.number(text),
        _ => tree.text(text),
    }
    Ok(())
}

/// Whether a text begins as an object does, or a list of objects.
fn is_like_object(text: &str) -> bool {
    let text = text.trim_ascii_start();
    match text.as_bytes().first() {
        Some(b'{') => true,
        Some(b'[') => text[1..].trim_ascii_start().starts_with('{'),
        _ => false,
    }
}

/// The date that a number of milliseconds stands for.
fn date(digits: &str, meaning: Meaning) -> Option<String> {
    let milliseconds = digits.parse().ok().filter(|_| meaning == Meaning::Date)?;
    Timestamp::from_millisecond(milliseconds).ok().map(|time| time.to_string())
}

/// The names by which databases say the type of the value behind them. They are no part of a path.
fn meaning_of(name: &str) -> Option<Meaning> {
    match name {
        "$oid" | "$uuid" | "$symbol" => Some(Meaning::Itself),
        "$date" => Some(Meaning::Date),
        "$numberLong" | "$numberInt" | "$numberDouble" | "$numberDecimal" => Some(Meaning::Number),
        _ => None,
    }
}

/// The members of an object, or the elements of a list, whose end the caller closes.
struct Inside<'t, N> {
    tree: &'t mut Tree<N>,
    /// The text of the whole.
    raw: &'t str,
    way: Way,
}

impl<'t, N> Inside<'t, N> {
    fn new(tree: &'t mut Tree<N>, raw: &'t str, way: Way) -> Self {
        Self { tree, raw, way }
    }
}

impl<'de, N: Naming> Visitor<'de> for Inside<'_, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let way = self.way;
        let siblings = Siblings::judge(self.raw, way.names);
        let mut are_people = None;
        while let Some(seen) = members.next_key_seed(Name { tree: &mut *self.tree, siblings: &siblings })? {
            let raw: &RawValue = members.next_value()?;
            let is_inside = raw.get().starts_with(['{', '[']);
            let meaning = match seen {
                Seen::Name(meaning) => meaning,
                Seen::Data(key, likelihood) => {
                    let mut is_person = || {
                        let are_people = &mut are_people;
                        siblings::is_person(&key, way.names)
                            && *are_people.get_or_insert_with(|| siblings::are_people(self.raw, way.names))
                    };
                    if likelihood == Likelihood::Plain || is_inside || is_person() {
                        keyed(self.tree, &key, raw.get(), way.plain()).map_err(inner)?;
                        continue;
                    }
                    self.tree.name(&key);
                    Meaning::Itself
                }
                Seen::Both(key) => {
                    keyed(self.tree, &key, raw.get(), way.plain()).map_err(inner)?;
                    self.tree.name(&key);
                    Meaning::Itself
                }
            };
            let meaning = if way.meaning == Meaning::Date && meaning == Meaning::Number { Meaning::Date } else { meaning };
            value(self.tree, raw.get(), Way { meaning, ..way }).map_err(inner)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            value(self.tree, raw.get(), self.way.plain()).map_err(inner)?;
        }
        Ok(())
    }
}

/// The elements of a list that stands for a record.
struct Cells<'t, N>(&'t mut Tree<N>, Way);

impl<'de, N: Naming> Visitor<'de> for Cells<'_, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let (mut number, mut name) = (0_u64, String::new());
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            number += 1;
            name.clear();
            // Writing to a string does not fail.
            let _ = write!(name, "column_{number}");
            self.0.name(&name);
            value(self.0, raw.get(), self.1).map_err(inner)?;
        }
        Ok(())
    }
}

/// A name that is data, and the record behind it.
struct Keyed<'t, N>(&'t mut Tree<N>, Way);

impl<'de, N: Naming> Visitor<'de> for Keyed<'_, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            self.0.name(KEY);
            self.0.text(&key);
            let raw: &RawValue = members.next_value()?;
            if raw.get().starts_with('{') {
                let inside = Inside::new(&mut *self.0, raw.get(), self.1);
                Deserializer::from_str(raw.get()).deserialize_map(inside).map_err(inner)?;
            } else {
                self.0.name(VALUE);
                value(self.0, raw.get(), self.1).map_err(inner)?;
            }
        }
        Ok(())
    }
}

/// An error from within a value. Its text would hold no more than a place.
fn inner<E: de::Error>(_error: serde_json::Error) -> E {
    E::custom("a value is malformed")
}

/// Whether a name is data, and no name of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Likelihood {
    /// It is.
    Plain,
    /// It is if other values lie below it.
    Likely,
}

/// Whether the name of a member says whose values lie below it, rather than what they are: an e-mail address, a long number, a day, capitals and
/// digits in two parts, as postcodes are, or words with capitals. In an attestation names of columns are told, and data never.
pub(super) fn likelihood(name: &str) -> Option<Likelihood> {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_long = name.as_bytes().windows(5).any(|window| window.iter().all(u8::is_ascii_digit));
    if name.contains('@') || is_long || digits >= 6 {
        return Some(Likelihood::Plain);
    }
    if !name.contains(' ') {
        return None;
    }
    let is_code = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b' ';
    if digits > 0 && name.len() <= 9 && name.bytes().all(is_code) {
        return Some(Likelihood::Plain);
    }
    let mut words = name.split(' ').filter(|word| !word.is_empty());
    let is_of_names =
        words.all(|word| word.starts_with(char::is_uppercase) && !word.contains(|letter: char| letter.is_ascii_digit()));
    is_of_names.then_some(Likelihood::Likely)
}

/// The name below which all stands whose own name is data.
const ANY: &str = "*";

/// Shows a member to the tree whose name is data.
fn keyed<N: Naming>(tree: &mut Tree<N>, key: &str, raw: &str, way: Way) -> Result<(), serde_json::Error> {
    tree.name(ANY);
    if tree.is_deepest() {
        tree.deep(raw);
        return Ok(());
    }
    tree.open_record();
    tree.name(KEY);
    tree.text(key);
    if raw.starts_with('{') {
        Deserializer::from_str(raw).deserialize_map(Inside::new(tree, raw, way))?;
    } else {
        tree.name(VALUE);
        value(tree, raw, way)?;
    }
    tree.close();
    Ok(())
}

/// What the name of a member is.
enum Seen {
    /// It was shown to the tree, and its value stands for this.
    Name(Meaning),
    /// It was kept, since it may be data.
    Data(String, Likelihood),
    /// It was kept, since it may be data, and may name a column.
    Both(String),
}

/// The name of a member, shown to the tree; what its value stands for.
struct Name<'t, N> {
    tree: &'t mut Tree<N>,
    siblings: &'t Siblings,
}

impl<'de, N: Naming> DeserializeSeed<'de> for Name<'_, N> {
    type Value = Seen;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<N: Naming> Visitor<'_> for Name<'_, N> {
    type Value = Seen;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Seen, E> {
        if let Some(likelihood) = likelihood(name) {
            return Ok(Seen::Data(name.to_owned(), likelihood));
        }
        match self.siblings.standing(name) {
            Some(Standing::Key) => return Ok(Seen::Data(name.to_owned(), Likelihood::Likely)),
            Some(Standing::Both) => return Ok(Seen::Both(name.to_owned())),
            None => {}
        }
        let meaning = if name.starts_with('$') { meaning_of(name) } else { None };
        match meaning {
            Some(_) => self.tree.in_place(),
            None => self.tree.name(name),
        }
        Ok(Seen::Name(meaning.unwrap_or(Meaning::Itself)))
    }
}

/// The bytes of a text without its escapes.
struct Unescaped;

impl Visitor<'_> for Unescaped {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}
