//! Members of an object that are records of one shape, or values of people: which of their names are data.
//!
//! What is told apart here is told by guess, and nothing is lost by a wrong one: a value whose name is data stands in rows of its own beside
//! all that its object holds otherwise, and where the name looks like one of a column it stands below that too.

use crate::source::header::reads_as_person;
use serde::Deserializer as _;
use serde::de;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Deserializer;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

/// Whether a text reads as the name of a column, where the caller knows.
pub(super) type Names = Option<fn(&str) -> bool>;

/// Members of one shape that make their names data, and where these look like names of columns.
const FEW: usize = 2;
const FEW_OF_COLUMNS: usize = 3;

/// Names that people's records have in common and are known.
const KNOWN: usize = 2;

/// What the name of a member is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Data.
    Key,
    /// Data, or the name of a column.
    Both,
}

/// The names of an object's members that are or may be data.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    standings: HashMap<String, Standing>,
    /// Whether there is no other member.
    is_whole: bool,
}

impl Siblings {
    /// Judges the members of an object by its text. Most objects hold no two others, and cost a search.
    pub(super) fn judge(raw: &str, names: Names) -> Siblings {
        let is_nested = memchr::memchr_iter(b'{', raw.as_bytes()).nth(FEW).is_some();
        let Some(known) = names.filter(|_| is_nested) else { return Siblings::default() };
        let Some(members) = members(raw) else { return Siblings::default() };
        let records: Vec<_> = members.iter().filter(|(_, value)| value.get().starts_with('{')).collect();
        let is_column = |(name, _): &&(Cow<'_, str>, &RawValue)| known(name);
        if records.len() < FEW || records.iter().any(is_column) {
            return Siblings::default();
        }
        let shapes: Option<Vec<HashSet<_>>> = records.iter().map(|(_, value)| shape(value.get())).collect();
        if !shapes.is_some_and(|shapes| is_one_shape(&shapes, known)) {
            return Siblings::default();
        }
        let is_role = |name: &str| known(&format!("{name} name"));
        let roles = records.iter().filter(|(name, _)| is_role(name)).count();
        if 2 * roles >= records.len() {
            return Siblings::default();
        }
        let standing = |name: &str| match is_identifier(name) {
            _ if is_role(name) => None,
            false => Some(Standing::Key),
            true => (records.len() >= FEW_OF_COLUMNS).then_some(Standing::Both),
        };
        let standings: HashMap<String, Standing> =
            records.iter().filter_map(|(name, _)| Some((name.to_string(), standing(name)?))).collect();
        let is_whole = standings.len() == members.len() && standings.values().all(|standing| *standing == Standing::Key);
        Siblings { standings, is_whole }
    }

    pub(super) fn standing(&self, name: &str) -> Option<Standing> {
        self.standings.get(name).copied()
    }

    /// Whether the object is nothing but records whose names are data.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Whether the members of an object are named after people, at least half of them.
pub(super) fn are_people(raw: &str, names: Names) -> bool {
    let Some(members) = members(raw) else { return false };
    2 * members.iter().filter(|(name, _)| is_person(name, names)).count() >= members.len()
}

/// Whether the name of a member reads as that of a person.
pub(super) fn is_person(name: &str, names: Names) -> bool {
    names.is_some_and(|names| reads_as_person(name, names))
}

/// Whether the shapes are mostly the same, and what they share is known for names of columns.
fn is_one_shape(shapes: &[HashSet<String>], known: fn(&str) -> bool) -> bool {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in shapes.iter().flatten() {
        *counts.entry(name).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1 && 2 * *count >= shapes.len());
    let is_alike =
        |shape: &HashSet<String>| 3 * shape.iter().filter(|name| counts.contains_key(name.as_str())).count() >= 2 * shape.len();
    counts.keys().filter(|name| known(name)).count() >= KNOWN && shapes.iter().all(is_alike)
}

/// Whether a name is written as programs write those of columns: in small letters, but for those that begin a word within.
fn is_identifier(name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '$');
    !name.starts_with(|letter: char| letter.is_uppercase() || letter.is_ascii_digit()) && name.chars().all(is_part)
}

/// The names in an object.
fn shape(raw: &str) -> Option<HashSet<String>> {
    Some(members(raw)?.into_iter().map(|(name, _)| name.into_owned()).collect())
}

/// The members of an object; `None` where it is malformed.
fn members(raw: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    Deserializer::from_str(raw).deserialize_map(Members).ok()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Text(name)) = members.next_key()? {
            all.push((name, members.next_value()?));
        }
        Ok(all)
    }
}

/// A name, which is copied only where it holds escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Text<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}
