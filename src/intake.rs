//! From rows to records: what each column means, and the canonical values of each row.
//!
//! [`profile`] reads cells and counts what they look like; [`infer`] decides from headers and profiles what each column is taken for;
//! [`map`] holds what a recipient's map file says instead; [`convert`] then turns batches of rows into batches of records, with what [`text`] finds in
//! cells that are no field. Both sides go this way. They differ in one thing: an originator's ambiguous date has one reading, a recipient's has all.

pub(crate) mod convert;
pub(crate) mod infer;
pub(crate) mod known_answer;
pub(crate) mod map;
pub(crate) mod person;
pub(crate) mod profile;
pub(crate) mod survey;
pub(crate) mod text;

use crate::record::field::Field;
use crate::record::field::Slot;
use crate::record::normalize::date::DateOrder;
use crate::record::schema::Usage;
use serde::Deserialize;
use serde::Serialize;
use std::borrow::Cow;

/// Who decided what a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    /// Its name.
    Header,
    /// Its values.
    Values,
    /// A person, in a schema or map file or at a prompt.
    Person,
}

impl By {
    /// The word that files and tables use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            By::Header => "header",
            By::Values => "values",
            By::Person => "person",
        }
    }
}

/// What one column is taken for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The column's name.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) usage: Usage,
    /// Who says so.
    pub(crate) by: By,
    /// The order of day, month and year, where a person or all values decide it.
    pub(crate) order: Option<DateOrder>,
    /// Columns of one group belong to one person: the `child` of `child_first_name`.
    pub(crate) group: String,
    /// Why a person left the column out.
    pub(crate) reason: Option<String>,
    /// Why a column that is taken for text holds something of a person all the same, which is not understood.
    pub(crate) doubt: Option<Cow<'static, str>>,
    /// Whether the words of a column that is taken for text are read as names.
    pub(crate) holds_names: bool,
    /// What it looked like, where a person takes it for something by which less is found.
    pub(crate) overruled: Option<String>,
}

impl Taken {
    /// A column of which no more is known.
    pub(crate) fn new(name: &str, usage: Usage, by: By) -> Taken {
        Taken {
            name: name.to_owned(),
            usage,
            by,
            order: None,
            group: String::new(),
            reason: None,
            doubt: None,
            holds_names: false,
            overruled: None,
        }
    }

    /// The field, where the column is one.
    pub(crate) fn field(&self) -> Option<Field> {
        match self.usage {
            Usage::Field(field) => Some(field),
            Usage::Text | Usage::Ignored => None,
        }
    }

    /// Whether a person left the column out, or took it for something by which less is found than by what it looks like. Either has to be
    /// accepted.
    pub(crate) fn is_left_out(&self) -> bool {
        self.by == By::Person && (self.usage == Usage::Ignored || self.overruled.is_some())
    }

    /// Why it was left out.
    pub(crate) fn exclusion_reason(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or_default().trim();
        let Some(overruled) = &self.overruled else { return reason.to_owned() };
        let taken = format!("taken for {} by hand, where it looks like {overruled}", self.words());
        if reason.is_empty() { taken } else { format!("{taken}: {reason}") }
    }

    /// What tables and attestations call it: `name.given`, `text`, `excluded`.
    pub(crate) fn words(&self) -> String {
        match self.usage {
            Usage::Field(field) => format!("{}.{}", field.kind.word(), field.role.word()),
            Usage::Text => "text".to_owned(),
            Usage::Ignored => "excluded".to_owned(),
        }
    }
}

/// What the columns of a table are taken for, in the table's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mapping {
    /// One for each column.
    pub(crate) columns: Vec<Taken>,
    /// Whether cells of columns that are fields are read as text too.
    pub(crate) is_deep: bool,
}

impl Mapping {
    /// Whether some column of a recipient's table is a field that feeds the slot.
    pub(crate) fn feeds(&self, slot: Slot) -> bool {
        self.columns.iter().filter_map(Taken::field).any(|field| field.feeds(slot))
    }
}
