//! What a person says about columns, in TOML: the `--schema` file of a supply, and the rules inside a recipient's map file.
//!
//! ```toml
//! [columns.mother_dob]
//! kind = "date"        # name, date, postcode, address, email, phone, identifier; or text (prose), ignored (nothing personal)
//! role = "birth"       # optional: a role of that kind; else the inferred one, where the kind is the same
//! origin = "common"    # optional: public, common, supply; may stand without `kind`, where a kind is inferred
//! order = "dmy"        # optional, dates only: dmy, mdy, ymd
//! group = "mother"     # optional: columns with the same word belong to one person or address
//! reason = "…"         # optional: why, for whoever reads the attestation
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Origin;
use crate::record::field::Role;
use crate::record::normalize::date::DateOrder;
use crate::support::toml_fault;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Usage {
    Field(Field),
    /// Prose, which may hold anything.
    Text,
    /// Declared to hold nothing personal.
    Ignored,
}

/// What a person says about one column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RuleTable")]
pub(crate) struct ColumnRule {
    /// `None` where what is inferred stands, and the origin alone is said.
    pub(crate) usage: Option<Usage>,
    /// Whether the field's role was named; else it is the kind's own.
    pub(crate) has_role: bool,
    /// Only with a field.
    pub(crate) origin: Option<Origin>,
    /// Only with a date.
    pub(crate) order: Option<DateOrder>,
    pub(crate) reason: Option<String>,
    /// Only with a field.
    pub(crate) group: Option<String>,
}

/// A schema file: at least one column by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaFile {
    pub(crate) columns: BTreeMap<String, ColumnRule>,
}

/// Why a schema file is refused; the fault is the person's who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SchemaError {
    /// Not TOML, or a key that there is not.
    #[error("line {line}: {message}")]
    Syntax { line: usize, message: String },
    /// Nothing is said about any column.
    #[error("the schema names no column")]
    NoColumn,
    /// What is said about a column does not make sense.
    #[error("column `{column}`: {problem}")]
    Rule { column: String, problem: RuleError },
}

/// Why the rule of one column is refused; the fault is the person's who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RuleError {
    /// A word that there is not.
    #[error("`{word}` is not one of the words for {key}, which are {allowed}")]
    Word { key: &'static str, word: String, allowed: String },
    /// A role of another kind.
    #[error("a {kind} has no role `{role}`; its roles are {allowed}")]
    Role { kind: &'static str, role: &'static str, allowed: String },
    /// Neither kind nor origin.
    #[error("`kind` is missing; only `origin` can stand without it")]
    NoKind,
    /// A key that says nothing without a kind.
    #[error("`{0}` needs `kind` beside it")]
    NeedsKind(&'static str),
    /// A key that says nothing about this kind.
    #[error("`{key}` does not go with kind `{kind}`")]
    Misplaced { key: &'static str, kind: &'static str },
}

/// The words of a rule before they are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    kind: Option<String>,
    role: Option<String>,
    origin: Option<String>,
    order: Option<String>,
    reason: Option<String>,
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    #[serde(default)]
    columns: BTreeMap<String, RuleTable>,
}

impl SchemaFile {
    pub(crate) fn parse(text: &str) -> Result<SchemaFile, SchemaError> {
        let table: FileTable = toml::from_str(text).map_err(|error| {
            let (line, message) = toml_fault::describe(text, &error);
            SchemaError::Syntax { line, message }
        })?;
        if table.columns.is_empty() {
            return Err(SchemaError::NoColumn);
        }
        let mut columns = BTreeMap::new();
        for (column, rule) in table.columns {
            match ColumnRule::try_from(rule) {
                Ok(rule) => columns.insert(column, rule),
                Err(problem) => return Err(SchemaError::Rule { column, problem }),
            };
        }
        Ok(SchemaFile { columns })
    }
}

impl TryFrom<RuleTable> for ColumnRule {
    type Error = RuleError;

    fn try_from(table: RuleTable) -> Result<ColumnRule, RuleError> {
        let Some(kind) = table.kind.as_deref() else { return without_kind(table) };
        let usage = match kind {
            "text" => Usage::Text,
            "ignored" => Usage::Ignored,
            word => {
                let kind = Kind::parse(word).ok_or_else(|| RuleError::Word {
                    key: "kind",
                    word: word.to_owned(),
                    allowed: format!("{}, text, ignored", list(Kind::ALL.iter().map(|kind| kind.word()))),
                })?;
                Usage::Field(field(kind, table.role.as_deref(), table.origin.as_deref())?)
            }
        };
        let kind = match usage {
            Usage::Field(field) => field.kind.word(),
            Usage::Text => "text",
            Usage::Ignored => "ignored",
        };
        let is_field = matches!(usage, Usage::Field(_));
        let is_date = matches!(usage, Usage::Field(Field { kind: Kind::Date, .. }));
        for (key, given, fits) in [
            ("role", table.role.is_some(), is_field),
            ("origin", table.origin.is_some(), is_field),
            ("order", table.order.is_some(), is_date),
            ("group", table.group.is_some(), is_field),
        ] {
            if given && !fits {
                return Err(RuleError::Misplaced { key, kind });
            }
        }
        let order = match table.order {
            None => None,
            Some(word) => Some(DateOrder::parse(&word).ok_or_else(|| RuleError::Word {
                key: "order",
                word: word.clone(),
                allowed: list(DateOrder::ALL.iter().map(|order| order.word())),
            })?),
        };
        let origin = match usage {
            Usage::Field(field) => table.origin.map(|_| field.origin),
            Usage::Text | Usage::Ignored => None,
        };
        Ok(ColumnRule {
            usage: Some(usage),
            has_role: table.role.is_some(),
            origin,
            order,
            reason: table.reason,
            group: table.group,
        })
    }
}

/// A rule that leaves the kind to what is inferred.
fn without_kind(table: RuleTable) -> Result<ColumnRule, RuleError> {
    for (key, is_given) in [("role", table.role.is_some()), ("order", table.order.is_some()), ("group", table.group.is_some())] {
        if is_given {
            return Err(RuleError::NeedsKind(key));
        }
    }
    let origin = table.origin.as_deref().map(parse_origin).transpose()?.ok_or(RuleError::NoKind)?;
    Ok(ColumnRule { usage: None, has_role: false, origin: Some(origin), order: None, reason: table.reason, group: None })
}

fn parse_origin(word: &str) -> Result<Origin, RuleError> {
    Origin::parse(word).ok_or_else(|| RuleError::Word {
        key: "origin",
        word: word.to_owned(),
        allowed: list(Origin::ALL.iter().map(|origin| origin.word())),
    })
}

/// The field of a kind, with the role and the origin that were named or else the kind's own.
fn field(kind: Kind, role: Option<&str>, origin: Option<&str>) -> Result<Field, RuleError> {
    let allowed = || list(Role::of(kind).iter().map(|role| role.word()));
    let mut field = match role {
        None => Field::of(kind),
        Some(word) => {
            let role =
                Role::parse(word).ok_or_else(|| RuleError::Word { key: "role", word: word.to_owned(), allowed: allowed() })?;
            Field::new(kind, role).ok_or_else(|| RuleError::Role { kind: kind.word(), role: role.word(), allowed: allowed() })?
        }
    };
    if let Some(word) = origin {
        field.origin = parse_origin(word)?;
    }
    Ok(field)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        SchemaFile::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_schema_is_read() {
        let text = "[columns.mother_dob]\nkind = \"date\"\nrole = \"birth\"\norigin = \"common\"\norder = \"dmy\"\n\
                    [columns.\"Child DOB\"]\nkind = \"date\"\nrole = \"child\"\norigin = \"supply\"\n\
                    [columns.surname]\nkind = \"name\"\nrole = \"family\"\ngroup = \"mother\"\n\
                    [columns.notes]\nkind = \"text\"\n[columns.sku]\nkind = \"ignored\"\nreason = \"stock numbers\"\n";
        let columns = SchemaFile::parse(text).expect("a schema").columns;
        assert_eq!(columns.len(), 5);
        assert_eq!(columns["mother_dob"].order, Some(DateOrder::Dmy));
        assert_eq!(
            columns["Child DOB"].usage,
            Some(Usage::Field(Field { kind: Kind::Date, role: Role::Child, origin: Origin::Supply }))
        );
        assert_eq!(columns["surname"].group.as_deref(), Some("mother"));
        let text = ColumnRule { usage: Some(Usage::Text), has_role: false, origin: None, order: None, reason: None, group: None };
        assert_eq!(columns["notes"], text);
        let alone = SchemaFile::parse("[columns.dob]\norigin = \"supply\"").expect("a schema").columns;
        assert_eq!(alone["dob"], ColumnRule { usage: None, origin: Some(Origin::Supply), ..text });
        assert_eq!(columns["sku"].reason.as_deref(), Some("stock numbers"));
    }

    #[test]
    fn refusals_name_the_column_and_the_words() {
        assert_eq!(error(""), "the schema names no column");
        assert_eq!(
            error("[columns.a]\nkind = \"nmae\""),
            "column `a`: `nmae` is not one of the words for kind, which are name, date, postcode, address, email, phone, identifier, \
             text, ignored"
        );
        assert_eq!(
            error("[columns.a]\nkind = \"date\"\nrole = \"full\""),
            "column `a`: a date has no role `full`; its roles are birth, child, event"
        );
        assert_eq!(
            error("[columns.a]\nkind = \"email\"\norigin = \"mine\""),
            "column `a`: `mine` is not one of the words for origin, which are public, common, supply"
        );
        assert_eq!(error("[columns.a]\nkind = \"name\"\norder = \"dmy\""), "column `a`: `order` does not go with kind `name`");
        assert_eq!(error("[columns.a]\nkind = \"text\"\nrole = \"full\""), "column `a`: `role` does not go with kind `text`");
        assert!(error("[columns.a]\nkind = \"date\"\ncolour = \"red\"").starts_with("line 3: unknown field `colour`"));
        assert!(error("[colums.a]\nkind = \"date\"").starts_with("line 1: unknown field `colums`"));
        assert_eq!(error("[columns.a]\nrole = \"full\""), "column `a`: `role` needs `kind` beside it");
        assert_eq!(error("[columns.a]\nreason = \"x\""), "column `a`: `kind` is missing; only `origin` can stand without it");
    }

    #[test]
    fn a_rule_is_read_inside_another_file() {
        #[derive(Deserialize)]
        struct Map {
            target: BTreeMap<String, ColumnRule>,
        }
        let map: Map = toml::from_str("[target.phone]\nkind = \"phone\"").expect("a map");
        assert_eq!(map.target["phone"].usage, Some(Usage::Field(Field::of(Kind::Phone))));
        let refused = toml::from_str::<Map>("[target.phone]\nkind = \"fone\"").err().expect("refused");
        assert!(refused.message().contains("`fone` is not one of the words for kind"));
    }
}
