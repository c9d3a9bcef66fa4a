//! Sentinels: invented rows, derived from the challenge's nonce, that a scan puts into its own input to see itself work.
//!
//! Each target gets its own. It enters after the reader and before the mapping, and must be found by every key that the target's columns can
//! form. Its expected fingerprints are built from canonical values directly, not by the mapping that is under test. None is counted.

use crate::fingerprint::Fingerprint;
use crate::fingerprint::MessageBatch;
use crate::fingerprint::Subkey;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::match_key::atom::AtomBatch;
use crate::match_key::plan::Plan;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::field::Slot;
use crate::record::schema::Usage;
use crate::source::Locator;
use crate::source::RowBatch;

/// Separates sentinels from every other use of BLAKE3's key derivation.
const CONTEXT: &str = "residua v1 sentinel";

/// One target's sentinel.
#[derive(Debug)]
pub(crate) struct Sentinel {
    /// The row, as its reader might have delivered it.
    pub(crate) row: RowBatch,
    /// The fingerprint by which each key has to find it. Empty where the target's columns form no key.
    pub(crate) expected: Vec<(usize, Fingerprint)>,
}

/// An invented person.
struct Invented {
    given: String,
    family: String,
    date: String,
    number: String,
    street: String,
    town: String,
    postcode: String,
    email: String,
    phone: String,
    identifier: String,
}

impl Invented {
    fn new(nonce: &[u8; 32], target: &str) -> Invented {
        let mut material = nonce.to_vec();
        material.extend_from_slice(target.as_bytes());
        let bytes = blake3::derive_key(CONTEXT, &material);
        let letters = |range: std::ops::Range<usize>| -> String {
            bytes[range].iter().flat_map(|byte| [b'a' + (byte >> 4), b'a' + (byte & 15)]).map(char::from).collect()
        };
        let digits =
            |range: std::ops::Range<usize>| -> String { bytes[range].iter().map(|byte| char::from(b'0' + byte % 10)).collect() };
        Invented {
            given: format!("q{}", letters(0..4)),
            family: format!("x{}", letters(4..8)),
            date: format!("{}-{:02}-{:02}", 1_920 + u32::from(bytes[8] % 60), 1 + bytes[9] % 12, 13 + bytes[10] % 16),
            number: format!("9{}", digits(11..14)),
            street: format!("z{}", letters(14..17)),
            town: format!("q{}", letters(17..20)),
            postcode: format!("ZE{} {}ZY", 1 + bytes[20] % 9, 1 + bytes[21] % 9),
            email: format!("x{}@residua.example", letters(22..26)),
            phone: format!("077009{}3", digits(26..30)),
            identifier: format!("QX{}Z", digits(0..12)),
        }
    }

    /// The column of text that speaks of the person.
    fn prose(mapping: &Mapping) -> Option<usize> {
        mapping.columns.iter().position(|taken| taken.usage == Usage::Text)
    }

    /// The cell of a column of text.
    fn sentence(&self) -> String {
        let Invented { given, family, date, number, street, town, postcode, email, phone, .. } = self;
        format!("ask {given} {family}, born {date}, of {number} {street} Road, {town}, {postcode}, {email}, {phone}")
    }

    /// The cell of a column that is taken for a field.
    fn cell(&self, taken: &Taken) -> String {
        let Some(field) = taken.field() else { return String::new() };
        match (field.kind, field.role) {
            (Kind::Name, Role::Given) => self.given.clone(),
            (Kind::Name, Role::Family) => self.family.clone(),
            (Kind::Name, Role::Full) => format!("{} {}", self.given, self.family),
            (Kind::Date, _) => self.date.clone(),
            (Kind::Postcode, _) => self.postcode.clone(),
            (Kind::Address, Role::Number) => self.number.clone(),
            (Kind::Address, Role::Street) => self.street.clone(),
            (Kind::Address, Role::Line) => format!("{} {}", self.number, self.street),
            (Kind::Address, Role::Town) => self.town.clone(),
            (Kind::Email, _) => self.email.clone(),
            (Kind::Phone, _) => self.phone.clone(),
            (Kind::Identifier, _) => self.identifier.clone(),
            _ => String::new(),
        }
    }

    /// The canonical values that the columns of a mapping ought to yield, of one candidate a slot.
    fn canonical(&self, mapping: &Mapping) -> RecordBatch {
        let mut records = RecordBatch::new();
        let has_prose = Invented::prose(mapping).is_some();
        let fields = || mapping.columns.iter().filter_map(|taken| taken.field().map(|field| (field, taken)));
        let has = |kind: Kind, roles: &[Role]| fields().any(|(field, _)| field.kind == kind && roles.contains(&field.role));
        // The first person that the columns name; a whole name in one cell stands for itself.
        let first = fields().find(|(field, _)| field.kind == Kind::Name).map(|(_, taken)| taken.group.clone());
        let named = |role| {
            fields().any(|(field, taken)| field.kind == Kind::Name && field.role == role && Some(&taken.group) == first.as_ref())
        };
        let mut name: Vec<&str> = Vec::new();
        let is_whole = !named(Role::Given) && !named(Role::Family);
        if named(Role::Given) || (is_whole && named(Role::Full)) {
            name.push(&self.given);
        }
        if named(Role::Family) || (is_whole && named(Role::Full)) {
            name.push(&self.family);
        }
        records.push(Slot::Name, &name.join(" "));
        if has_prose {
            records.push(Slot::Name, &format!("{} {}", self.given, self.family));
        }
        if has_prose || fields().any(|(field, _)| field.kind == Kind::Date) {
            let day = self.date.replace('-', "");
            records.push(Slot::Birth, &day);
            records.push(Slot::Child, &day);
        }
        if has_prose || has(Kind::Postcode, &[Role::Main]) {
            records.push(Slot::Postcode, &self.postcode.replace(' ', ""));
        }
        let number = if has(Kind::Address, &[Role::Number, Role::Line]) { self.number.as_str() } else { "" };
        if has(Kind::Address, &[Role::Street, Role::Line]) {
            records.push(Slot::Address, &format!("{number}|{}", &self.street[..4]));
        }
        if has_prose {
            records.push(Slot::Address, &format!("{}|{}", self.number, &self.street[..4]));
        }
        if has_prose || has(Kind::Address, &[Role::Town]) {
            records.push(Slot::Town, &self.town);
        }
        if has_prose || has(Kind::Email, &[Role::Main]) {
            records.push(Slot::Email, &self.email);
        }
        if has_prose || has(Kind::Phone, &[Role::Main]) {
            records.push(Slot::Phone, &self.phone[1..]);
        }
        if has(Kind::Identifier, &[Role::Main]) {
            records.push(Slot::Identifier, &self.identifier);
        }
        records.end_row();
        records
    }
}

/// Makes the sentinel of a target.
pub(crate) fn make(nonce: &[u8; 32], target: &str, mapping: &Mapping, plan: &Plan, subkeys: &[Subkey]) -> Sentinel {
    let invented = Invented::new(nonce, target);
    let mut row = RowBatch::default();
    let prose = Invented::prose(mapping);
    for (index, taken) in mapping.columns.iter().enumerate() {
        if prose == Some(index) {
            row.push_text(&invented.sentence());
        } else {
            row.push_text(&invented.cell(taken));
        }
    }
    row.end_row(Locator::None);
    let records = invented.canonical(mapping);
    let mut atoms = AtomBatch::default();
    atoms.derive(&records, &plan.atoms());
    let mut messages = MessageBatch::default();
    let mut fingerprints = Vec::new();
    let mut expected = Vec::new();
    for (number, planned) in plan.keys.iter().enumerate() {
        messages.fill(&planned.key, &atoms, |_, _| true);
        subkeys[number].hash(&messages, &mut fingerprints);
        expected.extend(fingerprints.iter().map(|fingerprint| (number, *fingerprint)));
    }
    Sentinel { row, expected }
}
