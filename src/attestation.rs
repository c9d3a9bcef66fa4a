//! Signed statements: the keys that sign them, the envelope around them, what is inside, and the salt sealed in a challenge.
//!
//! The layers, from the outside in: a file is a DSSE envelope ([`dsse`]), whose signature is checked against a pinned card
//! ([`key`]); its payload is an in-toto statement ([`statement`]) about one manifest file; the statement's predicate
//! ([`predicate_v1`], and of keys [`party_v1`]) is what residua itself says. Bytes are authenticated before their meaning is read, and what was signed is
//! never written anew. Beside a file lies perhaps a time stamp of somebody else over its bytes ([`stamp`]), which is not JSON but DER.
//!
//! All three layers are JSON from somebody else's machine. They pass through the one reader below, which refuses whatever two
//! programs could read in two ways, so that nothing is signed that the verifier does not see.

pub(crate) mod approval_v1;
pub(crate) mod countersignature_v1;
pub(crate) mod destruction_v1;
pub(crate) mod dsse;
pub(crate) mod key;
pub(crate) mod party_v1;
pub(crate) mod predicate_v1;
pub(crate) mod receipt_v1;
pub(crate) mod sealed;
pub(crate) mod stamp;
pub(crate) mod statement;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;
use std::cell::Cell;
use std::fmt;

/// The largest whole number that every JSON reader keeps exact: 2^53 − 1 (RFC 8259 §6, I-JSON).
pub(crate) const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// How many objects and arrays may lie inside one another.
const DEEPEST: usize = 32;

/// Why a JSON text was refused. Positions are counted from 1; the text itself is never quoted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// The file's fault: it is damaged, cut, followed by something else, or not JSON at all.
    #[error("not valid JSON at line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    /// The file's fault: readers disagree on which of two members of the same name counts.
    #[error("the same member name twice at line {line}, column {column}")]
    Duplicate { line: usize, column: usize },
    /// The file's fault: readers disagree on fractions, exponents and very large numbers.
    #[error("a number that is not a whole number up to 2^53-1 at line {line}, column {column}")]
    Number { line: usize, column: usize },
    /// The file's fault: nothing that residua writes is nested so deeply.
    #[error("nested more than {DEEPEST} deep at line {line}, column {column}")]
    Depth { line: usize, column: usize },
    /// The file's fault: a member is missing, unknown, or of another type.
    #[error("a member is missing, unknown or of another type, at line {line}, column {column}")]
    Member { line: usize, column: usize },
    /// The file's fault: it holds something that this program would not see, or lacks something that it would assume.
    #[error("its members are not in the form that this program reads")]
    Form,
}

/// Reads a JSON text without knowing its type, and refuses what readers disagree on.
fn read_value(bytes: &[u8]) -> Result<Value, JsonError> {
    let fault = Cell::new(Fault::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let outcome = Strict { depth: 0, fault: &fault }.deserialize(&mut deserializer);
    outcome.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match fault.get() {
            Fault::Syntax => JsonError::Syntax { line, column },
            Fault::Duplicate => JsonError::Duplicate { line, column },
            Fault::Number => JsonError::Number { line, column },
            Fault::Depth => JsonError::Depth { line, column },
        }
    })
}

/// Reads the same text as a `T`. `value` is what [`read_value`] made of it, and must be what the `T` would be written as: serde
/// by itself lets an absent optional member and an array in place of an object pass, and unknown members where a type forgot to
/// deny them.
fn read_typed<T: Serialize + DeserializeOwned>(bytes: &[u8], value: &Value) -> Result<T, JsonError> {
    let typed: T =
        serde_json::from_slice(bytes).map_err(|error| JsonError::Member { line: error.line(), column: error.column() })?;
    match serde_json::to_value(&typed) {
        Ok(again) if again == *value => Ok(typed),
        _ => Err(JsonError::Form),
    }
}

/// What [`Strict`] stumbled over, where it was not the syntax.
#[derive(Clone, Copy)]
enum Fault {
    Syntax,
    Duplicate,
    Number,
    Depth,
}

/// Builds a [`Value`] and refuses duplicate names, inexact numbers and deep nesting on the way.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a Cell<Fault>,
}

impl Strict<'_> {
    fn refuse<E: Error>(self, fault: Fault) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }

    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST { Err(self.refuse(Fault::Depth)) } else { Ok(Strict { depth: self.depth + 1, ..self }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        if number > LARGEST_INTEGER { Err(self.refuse(Fault::Number)) } else { Ok(Value::from(number)) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        if number.unsigned_abs() > LARGEST_INTEGER { Err(self.refuse(Fault::Number)) } else { Ok(Value::from(number)) }
    }

    fn visit_f64<E: Error>(self, _number: f64) -> Result<Value, E> {
        Err(self.refuse(Fault::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if values.contains_key(&name) {
                return Err(self.refuse(Fault::Duplicate));
            }
            values.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = br#" {"a":[1,-2,null,true,"x\u0041"],"b":{},"c":9007199254740991,"d":-9007199254740991} "#;
        assert_eq!(read_value(text).unwrap(), serde_json::from_slice::<Value>(text).unwrap());
    }

    #[test]
    fn refuses_what_readers_disagree_on() {
        assert_eq!(read_value(b"{\n\"a\":1,\"a\":1}"), Err(JsonError::Duplicate { line: 2, column: 9 }));
        assert!(matches!(read_value(br#"{"a":[{"b":1,"\u0062":2}]}"#), Err(JsonError::Duplicate { .. })));
        for number in ["1.0", "1e2", "-0", "9007199254740992", "-9007199254740992", "99999999999999999999999", "0.5"] {
            let error = read_value(format!("[{number}]").as_bytes()).unwrap_err();
            assert!(matches!(error, JsonError::Number { line: 1, .. }), "{number}: {error}");
        }
        for text in ["", "{", "[1,]", "{} {}", "[01]", "\u{feff}{}", "nul", "[1] x", "\"\\ud800\"", "{a:1}", "NaN", "// x\n1"] {
            assert!(matches!(read_value(text.as_bytes()), Err(JsonError::Syntax { .. })), "{text}");
        }
        assert!(matches!(read_value(b"\"\xff\""), Err(JsonError::Syntax { .. })));
    }

    #[test]
    fn nesting_has_an_end() {
        assert!(read_value(format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST)).as_bytes()).is_ok());
        for count in [DEEPEST + 1, 100_000] {
            for open in ["[", "{\"a\":"] {
                assert!(matches!(read_value(open.repeat(count).as_bytes()), Err(JsonError::Depth { .. })));
            }
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Lax {
        count: u64,
        note: Option<String>,
    }

    #[test]
    fn a_type_that_is_not_strict_is_read_strictly() {
        let read = |text: &[u8]| read_typed::<Lax>(text, &read_value(text)?);
        assert_eq!(read(br#"{"note":null,"count":1}"#), Ok(Lax { count: 1, note: None }));
        assert_eq!(read(br#"{"count":1}"#), Err(JsonError::Form));
        assert_eq!(read(br#"{"count":1,"note":null,"more":1}"#), Err(JsonError::Form));
        assert_eq!(read(br"[1,null]"), Err(JsonError::Form));
        assert!(matches!(read(br#"{"note":null}"#), Err(JsonError::Member { line: 1, .. })));
        let error = read(br#"{"count":"CANARY","note":null}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}\",:0-9a-c.eE\\\\-]{0,40}") {
            let _ = read_value(&bytes);
            if let Ok(value) = read_value(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
        }
    }
}
