//! What a column means: its kind (how it is normalised), its role (whose date, which part of a name) and its origin (who else may have it).

use serde::Deserialize;
use serde::Serialize;

/// How a value is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    Name,
    Date,
    Postcode,
    Address,
    Email,
    Phone,
    Identifier,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Name, Kind::Date, Kind::Postcode, Kind::Address, Kind::Email, Kind::Phone, Kind::Identifier];

    /// The word for it in schema files, statements and reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::Name => "name",
            Kind::Date => "date",
            Kind::Postcode => "postcode",
            Kind::Address => "address",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Identifier => "identifier",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Which part a column plays among those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Role {
    // Names.
    Given,
    Middle,
    Family,
    Full,
    // Dates: the person's own birth, the supply-only date, and any other day.
    Birth,
    Child,
    Event,
    // Addresses.
    Number,
    Street,
    Line,
    Town,
    // Every other kind has one part.
    Main,
}

impl Role {
    pub(crate) const ALL: [Role; 12] = [
        Role::Given,
        Role::Middle,
        Role::Family,
        Role::Full,
        Role::Birth,
        Role::Child,
        Role::Event,
        Role::Number,
        Role::Street,
        Role::Line,
        Role::Town,
        Role::Main,
    ];

    /// The roles that a column of this kind can have.
    pub(crate) const fn of(kind: Kind) -> &'static [Role] {
        match kind {
            Kind::Name => &[Role::Given, Role::Middle, Role::Family, Role::Full],
            Kind::Date => &[Role::Birth, Role::Child, Role::Event],
            Kind::Address => &[Role::Number, Role::Street, Role::Line, Role::Town],
            Kind::Postcode | Kind::Email | Kind::Phone | Kind::Identifier => &[Role::Main],
        }
    }

    /// The role of a column for which none was named.
    pub(crate) const fn default_of(kind: Kind) -> Role {
        match kind {
            Kind::Name => Role::Full,
            Kind::Date => Role::Birth,
            Kind::Address => Role::Line,
            Kind::Postcode | Kind::Email | Kind::Phone | Kind::Identifier => Role::Main,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Role::Given => "given",
            Role::Middle => "middle",
            Role::Family => "family",
            Role::Full => "full",
            Role::Birth => "birth",
            Role::Child => "child",
            Role::Event => "event",
            Role::Number => "number",
            Role::Street => "street",
            Role::Line => "line",
            Role::Town => "town",
            Role::Main => "main",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Who else may hold a value of this column. It decides what a hit means (design §5), so `Supply` is only ever declared, never inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// Anybody may hold it: a name, an address.
    Public,
    /// Many hold it: a date of birth, an e-mail address.
    Common,
    /// Only this supply had it.
    Supply,
}

impl Origin {
    pub(crate) const ALL: [Origin; 3] = [Origin::Public, Origin::Common, Origin::Supply];

    /// The origin of a column for which none was declared.
    pub(crate) const fn default_of(kind: Kind) -> Origin {
        match kind {
            Kind::Name | Kind::Address | Kind::Postcode => Origin::Public,
            Kind::Date | Kind::Email | Kind::Phone | Kind::Identifier => Origin::Common,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Origin::Public => "public",
            Origin::Common => "common",
            Origin::Supply => "supply",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Origin> {
        Origin::ALL.into_iter().find(|origin| origin.word() == word)
    }
}

/// A column's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    pub(crate) origin: Origin,
}

impl Field {
    /// A field of this kind with its default role and origin.
    pub(crate) const fn of(kind: Kind) -> Field {
        Field { kind, role: Role::default_of(kind), origin: Origin::default_of(kind) }
    }

    /// A field with the kind's default origin; none if the kind has no such role.
    pub(crate) fn new(kind: Kind, role: Role) -> Option<Field> {
        Role::of(kind).contains(&role).then_some(Field { kind, role, origin: Origin::default_of(kind) })
    }

    /// Where the field's values go in a record. The date of an event identifies nobody and goes nowhere.
    pub(crate) const fn slot(self) -> Option<Slot> {
        match (self.kind, self.role) {
            (Kind::Name, _) => Some(Slot::Name),
            (Kind::Date, Role::Event) => None,
            (Kind::Date, Role::Child) => Some(Slot::Child),
            (Kind::Date, _) => Some(Slot::Birth),
            (Kind::Postcode, _) => Some(Slot::Postcode),
            (Kind::Address, Role::Town) => Some(Slot::Town),
            (Kind::Address, _) => Some(Slot::Address),
            (Kind::Email, _) => Some(Slot::Email),
            (Kind::Phone, _) => Some(Slot::Phone),
            (Kind::Identifier, _) => Some(Slot::Identifier),
        }
    }

    /// Whether a recipient's column of this field feeds a slot. There any date can be any date, and an address may end in its postcode.
    pub(crate) fn feeds(self, slot: Slot) -> bool {
        match slot {
            Slot::Birth | Slot::Child => self.kind == Kind::Date,
            Slot::Postcode => matches!(self.slot(), Some(Slot::Postcode | Slot::Address)),
            _ => self.slot() == Some(slot),
        }
    }
}

/// A place in a record that match keys take their atoms from. `Child` is that of the supply-only date (in the founding case the child's
/// date of birth).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Slot {
    Name,
    Birth,
    Child,
    Postcode,
    Address,
    Town,
    Email,
    Phone,
    Identifier,
    /// A digest of an e-mail address; no column of its own has it.
    Digest,
}

impl Slot {
    pub(crate) const COUNT: usize = 10;

    /// All slots, in the order of [`Slot::index`].
    pub(crate) const ALL: [Slot; Slot::COUNT] = [
        Slot::Name,
        Slot::Birth,
        Slot::Child,
        Slot::Postcode,
        Slot::Address,
        Slot::Town,
        Slot::Email,
        Slot::Phone,
        Slot::Identifier,
        Slot::Digest,
    ];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// What a column is whose values go there.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Slot::Name => Kind::Name,
            Slot::Birth | Slot::Child => Kind::Date,
            Slot::Postcode => Kind::Postcode,
            Slot::Address | Slot::Town => Kind::Address,
            Slot::Email | Slot::Digest => Kind::Email,
            Slot::Phone => Kind::Phone,
            Slot::Identifier => Kind::Identifier,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Slot::Name => "name",
            Slot::Birth => "birth",
            Slot::Child => "child",
            Slot::Postcode => "postcode",
            Slot::Address => "address",
            Slot::Town => "town",
            Slot::Email => "email",
            Slot::Phone => "phone",
            Slot::Identifier => "identifier",
            Slot::Digest => "digest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(kind));
            assert!(Role::of(kind).contains(&Role::default_of(kind)));
        }
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.word()) == Some(role)));
        assert!(Origin::ALL.into_iter().all(|origin| Origin::parse(origin.word()) == Some(origin)));
        assert!(Slot::ALL.into_iter().enumerate().all(|(at, slot)| slot.index() == at));
        assert_eq!(Kind::parse("Name"), None);
    }

    #[test]
    fn every_role_belongs_to_one_kind_or_is_main() {
        for role in Role::ALL {
            let kinds = Kind::ALL.into_iter().filter(|kind| Role::of(*kind).contains(&role)).count();
            assert_eq!(kinds, if role == Role::Main { 4 } else { 1 });
        }
    }

    #[test]
    fn only_an_event_has_no_slot() {
        for kind in Kind::ALL {
            for &role in Role::of(kind) {
                assert_eq!(Field::new(kind, role).and_then(Field::slot).is_none(), role == Role::Event);
            }
        }
        assert_eq!(Field::new(Kind::Email, Role::Birth), None);
        assert_eq!(Field::of(Kind::Address).slot(), Some(Slot::Address));
        assert_eq!(Field::new(Kind::Address, Role::Town).and_then(Field::slot), Some(Slot::Town));
    }
}
