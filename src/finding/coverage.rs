//! Coverage: what a scan saw of each target, and what each match key found there.

use crate::match_key::NUMBER;
use crate::match_key::strength::Class;
use crate::match_key::strength::lambda;
use crate::match_key::strength::poisson_bound;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;

/// The fact of a reading that says that columns were read as text which are fields.
pub(crate) const READ_AS_TEXT: &str = "read_as_text";

/// One table or file, as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    /// The name by which declarations and messages speak of it: `sqlite:crm.db#contacts`, `exports/mailing.csv`.
    pub(crate) name: String,
    /// The source that it belongs to: `sqlite:crm.db`.
    pub(crate) source: String,
    /// The kind of source: `csv`, `sqlite`.
    pub(crate) kind: String,
    /// Facts that stay the same from scan to scan, name and value.
    pub(crate) identity: Vec<(String, String)>,
    /// How it was read, name and value: the delimiter that was recognised, whether the first row is a header.
    pub(crate) reading: Vec<(String, String)>,
    /// How consistent the reading was.
    pub(crate) consistency: String,
    /// BLAKE3 of the content, where the target is a file.
    pub(crate) content_digest: Option<String>,
    /// When an earlier run of the same scan read it, whose result was taken over: RFC 3339, UTC. `None` where this run read it.
    pub(crate) resumed: Option<String>,
    /// BLAKE3 of the names and declared types of the columns.
    pub(crate) schema_digest: String,
    /// The rows that the system said it holds.
    pub(crate) rows_expected: Option<u64>,
    /// The rows read.
    pub(crate) rows_read: u64,
    /// Rows from which no match key could be formed.
    pub(crate) rows_without_key: u64,
    /// Rows that hold something of a person, and from which no key but a number's was formed.
    pub(crate) rows_unkeyed: u64,
    /// Rows with a hit by a number's key and no other key.
    pub(crate) rows_by_number: u64,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Fingerprints computed.
    pub(crate) hashes: u64,
    /// Distinct records that any key found.
    pub(crate) records_found: u64,
    /// The columns, and what each was taken for.
    pub(crate) columns: Vec<Column>,
    /// The keys that could be formed.
    pub(crate) by_key: Vec<KeyResult>,
}

impl Target {
    /// Whether its columns can form a key that tells people apart. An identifier alone does not: it may be the recipient's own.
    pub(crate) fn could_hold_people(&self) -> bool {
        self.columns.iter().any(|column| column.telling_slot().is_some()) && self.by_key.iter().any(|result| result.key != NUMBER)
    }

    /// Whether it could hold people, and holds no row at all.
    pub(crate) fn is_emptied(&self) -> bool {
        self.rows_read == 0 && self.could_hold_people()
    }
}

/// One column of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// What it was taken for: `name.given`, `text`, `excluded`.
    pub(crate) taken_for: String,
    /// Whether that was inferred or said by a person.
    pub(crate) by: String,
    /// Cells that hold something other than a placeholder.
    pub(crate) filled: u64,
    /// Cells that were not understood as what the column was taken for.
    pub(crate) unreadable: u64,
}

/// The slot by which a field tells people apart; `None` for a town, an identifier, or a date that is nobody's birth.
pub(crate) fn telling_slot(kind: Kind, role: Role) -> Option<Slot> {
    match (kind, role) {
        (Kind::Name, _) => Some(Slot::Name),
        (Kind::Date, Role::Birth) => Some(Slot::Birth),
        (Kind::Date, Role::Child) => Some(Slot::Child),
        (Kind::Address, Role::Number | Role::Street | Role::Line) => Some(Slot::Address),
        (Kind::Postcode, _) => Some(Slot::Postcode),
        (Kind::Email, _) => Some(Slot::Email),
        (Kind::Phone, _) => Some(Slot::Phone),
        _ => None,
    }
}

/// Whether a column that is taken for this (`name.given`) feeds a slot.
pub(crate) fn feeds(taken_for: &str, slot: Slot) -> bool {
    let field = taken_for.split_once('.').and_then(|(kind, role)| Field::new(Kind::parse(kind)?, Role::parse(role)?));
    field.is_some_and(|field| field.feeds(slot))
}

impl Column {
    /// As [`telling_slot`], of what the column was taken for: `name.given`.
    pub(crate) fn telling_slot(&self) -> Option<Slot> {
        let (kind, role) = self.taken_for.split_once('.')?;
        telling_slot(Kind::parse(kind)?, Role::parse(role)?)
    }
}

/// What one match key found in one target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyResult {
    /// The key's name.
    pub(crate) key: String,
    /// Its class in the plan.
    pub(crate) class: Class,
    /// Whether it has an atom that only the supply had.
    pub(crate) has_supply_atom: bool,
    /// Fingerprints of the key in the manifest.
    pub(crate) fingerprints: u64,
    /// Fingerprints formed from the target's rows.
    pub(crate) probes: u64,
    /// Pairs of a probe and a fingerprint that agreed.
    pub(crate) hits: u64,
    /// Rows with at least one hit.
    pub(crate) rows: u64,
    /// Distinct records hit.
    pub(crate) distinct_records: u64,
    /// Rows with a hit that a declaration of lawful rows covers, by the declaration's name. Each row counts for the first that covers it.
    pub(crate) declared_rows: Vec<(String, u64)>,
    /// Rows with a hit, covered by no declaration, in whose text so many names and values were combined that chance may explain the hit: of a
    /// supply's whole scan with such rows, a hundredth of a coincidence or more would be expected.
    pub(crate) doubtful_rows: u64,
    /// Records hit in such rows alone.
    pub(crate) doubtful_records: u64,
    /// The chance that two unrelated people agree, from the plan.
    pub(crate) u: f64,
}

impl KeyResult {
    /// The coincidences to expect from the probes that were made.
    pub(crate) fn lambda(&self) -> f64 {
        lambda(self.fingerprints, self.probes, self.u)
    }

    /// Distinct records hit in rows that leave no doubt.
    pub(crate) fn proved_records(&self) -> u64 {
        self.distinct_records.saturating_sub(self.doubtful_records)
    }

    /// The largest count of distinct records that coincidence explains.
    pub(crate) fn bound(&self) -> u64 {
        poisson_bound(self.lambda())
    }

    /// Whether even a full copy of the rows would not exceed the bound, so that the count can tell nothing.
    pub(crate) fn is_blind(&self) -> bool {
        self.bound() >= self.probes.min(self.fingerprints)
    }
}
