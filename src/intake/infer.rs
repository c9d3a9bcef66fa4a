//! Inference: what a column is taken for, from its name and its profile. `supply` origin is never inferred, only declared.
//!
//! Names decide where they are plain, and values must not contradict them; where a name says nothing, values decide for e-mail addresses, UK
//! postcodes, telephone numbers and dates, which are unmistakable. Everything else is text: it makes no key, and a scan looks at each of its
//! cells for what seems personal.

mod languages;
mod parts;

use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::profile::Profile;
use crate::intake::profile::Profiles;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::normalize;
use crate::record::schema::ColumnRule;
use crate::record::schema::Usage;
pub(crate) use parts::days_in_parts;
use std::borrow::Cow;

/// The share of a column's values that must agree with what its name says, in percent.
const AGREEING: u64 = 50;

/// The share of a column's values that must be of one kind where the name says nothing, in percent.
const UNMISTAKABLE: u64 = 80;

/// Takes the columns of a table for what their names and profiles say.
pub(crate) fn infer<'a>(names: impl IntoIterator<Item = &'a str>, profiles: &Profiles) -> Mapping {
    let columns = names.into_iter().enumerate().map(|(index, name)| {
        let empty = Profile::default();
        infer_column(name, profiles.columns.get(index).unwrap_or(&empty))
    });
    let mut columns: Vec<Taken> = columns.collect();
    name_among_fields(&mut columns, profiles);
    italian_among_others(&mut columns, profiles);
    parts::take(&mut columns, profiles);
    Mapping { columns, is_deep: false }
}

/// Takes for a person's name what is called just `name` within something that has a person's fields too: `user.name` beside `user.postcode`.
fn name_among_fields(columns: &mut [Taken], profiles: &Profiles) {
    let Some(full) = Field::new(Kind::Name, Role::Full) else { return };
    let words: Vec<Vec<String>> = columns.iter().map(|taken| words_of(&taken.name)).collect();
    let is_persons = |taken: &Taken| taken.usage != Usage::Text && names_person(&taken.name);
    let fields: Vec<usize> = (0..columns.len()).filter(|index| is_persons(&columns[*index])).collect();
    for index in 0..columns.len() {
        let Some((last, prefix)) = words[index].split_last() else { continue };
        let empty = Profile::default();
        let profile = profiles.columns.get(index).unwrap_or(&empty);
        let is_name = columns[index].usage == Usage::Text && !prefix.is_empty() && matches!(last.as_str(), "name" | "names");
        if is_name && is_plausible(full, profile) && fields.iter().any(|field| words[*field].starts_with(prefix)) {
            columns[index].usage = Usage::Field(full);
            columns[index].by = By::Header;
            columns[index].group = prefix.join("_");
        }
    }
}

/// Takes `via` and `CAP` for street and postcode where other columns have Italian names.
fn italian_among_others(columns: &mut [Taken], profiles: &Profiles) {
    if !columns.iter().any(|taken| languages::is_italian(&words_of(&taken.name))) {
        return;
    }
    let empty = Profile::default();
    for (index, taken) in columns.iter_mut().enumerate().filter(|(_, taken)| taken.usage == Usage::Text) {
        let profile = profiles.columns.get(index).unwrap_or(&empty);
        if let Some(field) = languages::italian(&words_of(&taken.name)).filter(|field| is_plausible(*field, profile)) {
            (taken.usage, taken.by) = (Usage::Field(field), By::Header);
        }
    }
}

fn infer_column(name: &str, profile: &Profile) -> Taken {
    let words = words_of(name);
    let (usage, by, group) = match by_header(&words) {
        Some((field, group)) if is_plausible(field, profile) => (Usage::Field(field), By::Header, group),
        _ => match by_values(&words, profile) {
            Some(field) => (Usage::Field(field), By::Values, String::new()),
            None => (Usage::Text, By::Values, String::new()),
        },
    };
    Taken { group, ..Taken::new(name, usage, by) }
}

/// Notes which columns, taken for text because nothing tells otherwise, may hold names: no normaliser knows a name when it sees one, so a
/// scan reads their words as names. In a table of a few rows one such column is more likely a list of
/// categories; two are a person's. A column whose name says that it is a person's, and whose values do not look so, is a doubt, which a scan names as a gap until a
/// person has said what the column is: the values may be written in a way that nobody here reads.
pub(crate) fn note_doubts(mapping: &mut Mapping, profiles: &Profiles, has_header: bool) {
    for (taken, profile) in mapping.columns.iter_mut().zip(profiles.columns.iter()) {
        let says =
            by_header(&words_of(&taken.name)).map(|(field, _)| field).filter(|field| is_contradicted(*field, taken, profile));
        let doubt = says.map(|field| match field.kind {
            Kind::Date => "its name says that it holds a day of birth, and the values are not understood as days",
            Kind::Name => "its name says that it holds names, and the values do not look like names",
            Kind::Address => "its name says that it holds addresses, and the values do not look like addresses",
            Kind::Postcode => "its name says that it holds postcodes, and the values do not look like postcodes",
            Kind::Email => "its name says that it holds e-mail addresses, and the values do not look like e-mail addresses",
            Kind::Phone | Kind::Identifier => {
                "its name says that it holds telephone numbers, and the values do not look like them"
            }
        });
        taken.doubt = doubt.map(Cow::Borrowed);
    }
    let is_open = |taken: &Taken, profile: &Profile| taken.usage == Usage::Text && profile.mostly(profile.letters, AGREEING);
    let open = || mapping.columns.iter().zip(&profiles.columns).filter(|(taken, profile)| is_open(taken, profile));
    let like_names = open().filter(|(_, profile)| profile.looks_like_names()).count();
    for (taken, profile) in mapping.columns.iter_mut().zip(&profiles.columns) {
        if !is_open(taken, profile) || taken.doubt.is_some() {
            continue;
        }
        let looks_so = profile.looks_like_names() && (profile.is_long() || like_names > 1 || is_key(&taken.name));
        taken.holds_names = looks_so || !has_header;
    }
}

/// Whether a column holds the names that other values lie below, as those of a map do.
fn is_key(name: &str) -> bool {
    words_of(name).last().is_some_and(|word| word == "key")
}

/// Whether a column of which the name says so much is not taken for it, since the values contradict: for text, or a day of birth for
/// telephone numbers. A few values that come again and again are nobody's, and where values say plainly what they are, they are looked for.
fn is_contradicted(field: Field, taken: &Taken, profile: &Profile) -> bool {
    let is_telling = !matches!((field.kind, field.role), (Kind::Identifier, _) | (Kind::Date, Role::Event));
    let is_lost = match taken.usage {
        Usage::Text => true,
        Usage::Field(found) => field.kind == Kind::Date && found.kind == Kind::Phone && taken.by == By::Values,
        Usage::Ignored => false,
    };
    // Children of one village have few birthdays, but those are not without a digit.
    let recurs = profile.is_of_few_values() && (field.kind != Kind::Date || profile.mostly(profile.letters, AGREEING));
    is_telling && is_lost && !is_plausible(field, profile) && !recurs
}

/// Whether a text reads as the name of a column that is a field.
pub(crate) fn names_field(text: &str) -> bool {
    by_header(&words_of(text)).is_some()
}

/// The field that a text names.
pub(crate) fn field_named(text: &str) -> Option<Field> {
    by_header(&words_of(text)).map(|(field, _)| field)
}

/// Whether a text reads as the name of a field that tells people apart: not of a number, a town or the date of some event.
pub(crate) fn names_person(text: &str) -> bool {
    by_header(&words_of(text)).is_some_and(|(field, _)| {
        !matches!(
            (field.kind, field.role),
            (Kind::Identifier, _) | (Kind::Date, Role::Event) | (Kind::Address, Role::Town | Role::Number)
        )
    })
}

/// A person states the origin of a column that is taken for nothing that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAField;

/// Puts what a person says about a column in place of what was inferred. What is not said stays: the role, where the kind is the same.
pub(crate) fn apply_rule(taken: &mut Taken, rule: &ColumnRule) -> Result<(), NotAField> {
    let Some(usage) = rule.usage else {
        let field = taken.field().ok_or(NotAField)?;
        taken.usage = Usage::Field(Field { origin: rule.origin.unwrap_or(field.origin), ..field });
        taken.by = By::Person;
        taken.reason.clone_from(&rule.reason);
        return Ok(());
    };
    let usage = match (usage, taken.field()) {
        // That it is a date of something says no more than that it is a date.
        (Usage::Field(stated), Some(inferred))
            if !rule.has_role && stated.kind == inferred.kind && inferred.role != Role::Event =>
        {
            Usage::Field(Field { role: inferred.role, ..stated })
        }
        _ => usage,
    };
    let looks_like = taken.field().filter(|field| field.kind != Kind::Identifier && field.role != Role::Event);
    let is_weaker = match usage {
        Usage::Field(field) => field.kind == Kind::Identifier,
        Usage::Text => true,
        Usage::Ignored => false,
    };
    taken.overruled = looks_like.filter(|_| is_weaker).map(|_| taken.words());
    taken.usage = usage;
    taken.by = By::Person;
    taken.order = rule.order;
    taken.reason.clone_from(&rule.reason);
    if let Some(group) = &rule.group {
        taken.group.clone_from(group);
    }
    Ok(())
}

/// The words of a column's name, without accents: `childFirst_Name2` gives `child`, `first`, `name`.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut previous_lower = false;
    for character in normalize::plain(name).chars() {
        if character.is_alphabetic() {
            if character.is_uppercase() && previous_lower {
                words.push(std::mem::take(&mut current));
            }
            current.extend(character.to_lowercase());
            previous_lower = character.is_lowercase();
        } else {
            previous_lower = false;
            // The apostrophe of "mother's" and the hyphen of "e-mail" part no words that matter.
            if !matches!(character, '\'' | '’') && !current.is_empty() {
                words.push(std::mem::take(&mut current));
            }
        }
    }
    if !current.is_empty() {
        words.push(current);
    }
    for word in words.iter_mut().filter(|word| !word.is_ascii()) {
        *word = normalize::folded(word);
    }
    words
}

/// Words of a first name's column.
const GIVEN: [&str; 8] = ["first", "given", "forename", "fore", "firstname", "fname", "givenname", "christian"];

/// Words of a family name's column.
const FAMILY: [&str; 8] = ["last", "family", "surname", "lastname", "lname", "familyname", "maiden", "sur"];

/// Words that, beside `name`, make it the name of a person.
const PEOPLE: [&str; 39] = [
    "full",
    "customer",
    "contact",
    "client",
    "person",
    "member",
    "subscriber",
    "mother",
    "father",
    "parent",
    "child",
    "patient",
    "applicant",
    "holder",
    "recipient",
    "addressee",
    "elector",
    "owner",
    "user",
    "employee",
    "guest",
    "passenger",
    "author",
    "payer",
    "lead",
    "staff",
    "account",
    "billing",
    "delivery",
    "shipping",
    "buyer",
    "insured",
    "tenant",
    "student",
    "donor",
    "resident",
    "voter",
    "carer",
    "guardian",
];

/// Words of a column that says when something happened to a row or an order.
const EVENTS: [&str; 14] = [
    "created",
    "updated",
    "modified",
    "changed",
    "deleted",
    "expires",
    "expiry",
    "registered",
    "ordered",
    "shipped",
    "delivered",
    "paid",
    "invoiced",
    "logged",
];

/// The field that a name stands for, and the group that its other words name.
fn by_header(words: &[String]) -> Option<(Field, String)> {
    let joined: String = words.concat();
    let has = |word: &str| words.iter().any(|other| other == word);
    let any = |list: &[&str]| list.iter().any(|word| has(word));
    let ends = |list: &[&str]| list.iter().any(|end| joined.ends_with(end));
    let field = |kind, role| Field::new(kind, role);
    let with_group = |field: Option<Field>, own: &[&str]| {
        let group: Vec<&str> = words.iter().map(String::as_str).filter(|word| !own.contains(word)).collect();
        field.map(|field| (field, group.join("_")))
    };

    if any(&["email", "mail", "emailaddress"]) || joined.contains("email") {
        return with_group(field(Kind::Email, Role::Main), words.iter().map(String::as_str).collect::<Vec<_>>().as_slice());
    }
    if let Some((field, behind)) = languages::field_of(words)
        && !any(&["ip", "mac", "web"])
    {
        // Of the words that are no part of the name, none says whose telephone it is.
        let group = if field.kind == Kind::Name { words[..behind].join("_") } else { String::new() };
        return Some((field, group));
    }
    if any(&["phone", "telephone", "tel", "mobile", "cell", "msisdn", "landline", "cellphone", "handy", "gsm"])
        || ends(&["phone", "phonenumber", "mobile"])
    {
        return Some((field(Kind::Phone, Role::Main)?, String::new()));
    }
    let halves = ["out", "in", "outward", "inward", "outcode", "incode", "outer", "inner"];
    if any(&["postcode", "postcodes", "zip", "zipcode", "postalcode", "pcode", "plz", "eircode"])
        || ends(&["postcode", "postalcode", "zipcode"])
        || (any(&["pc", "pcd", "postal", "post"]) && any(&halves))
        || matches!(joined.as_str(), "outwardcode" | "inwardcode" | "outcode" | "incode" | "outward" | "inward")
    {
        return Some((field(Kind::Postcode, Role::Main)?, String::new()));
    }
    let is_birth =
        any(&["dob", "birth", "birthdate", "birthday", "born", "geburtsdatum"]) || ends(&["dob", "dateofbirth", "birthdate"]);
    if any(&["child", "baby", "children", "infant", "childs", "babys", "due"]) && (is_birth || has("date")) {
        return Some((field(Kind::Date, Role::Child)?, String::new()));
    }
    if is_birth && !any(&["place", "name", "country", "town", "city"]) {
        return Some((field(Kind::Date, Role::Birth)?, String::new()));
    }
    let name_words = ["name", "names"];
    if any(&["surname", "lastname", "lname", "familyname", "maiden"])
        || ((has("last") || has("family") || has("sur")) && any(&name_words))
    {
        return with_group(field(Kind::Name, Role::Family), &[&FAMILY[..], &name_words].concat());
    }
    if any(&["forename", "forenames", "firstname", "fname", "givenname"])
        || ((has("first") || has("given") || has("christian")) && any(&name_words))
    {
        return with_group(field(Kind::Name, Role::Given), &[&GIVEN[..], &name_words, &["forenames"]].concat());
    }
    if (has("middle") && any(&name_words)) || any(&["middlename", "mname"]) {
        return with_group(field(Kind::Name, Role::Middle), &["middle", "name", "names", "middlename", "mname"]);
    }
    if words == ["name"] || has("fullname") || (has("name") && any(&PEOPLE)) {
        return with_group(field(Kind::Name, Role::Full), &["full", "name", "fullname"]);
    }
    if has("housename") || (has("house") && has("name")) {
        return Some((field(Kind::Address, Role::Line)?, String::new()));
    }
    if any(&["town", "city", "suburb", "locality", "posttown"]) {
        return Some((field(Kind::Address, Role::Town)?, String::new()));
    }
    if (has("street") || has("house") || has("building") || has("address")) && any(&["number", "no", "num"]) {
        return Some((field(Kind::Address, Role::Number)?, String::new()));
    }
    if any(&["street", "road"]) && !any(&["type"]) {
        return Some((field(Kind::Address, Role::Street)?, String::new()));
    }
    if any(&["address", "addr", "addressline", "adr"]) && !any(&["ip", "type", "id", "mac"]) {
        return Some((field(Kind::Address, Role::Line)?, String::new()));
    }
    if any(&["id", "no", "ref", "reference", "urn", "uuid", "guid", "customerno", "customerid", "nino", "ssn"])
        || (has("number") && any(&["customer", "account", "member", "membership", "reference", "client", "insurance"]))
        || ends(&["_id", "customerno", "accountno"])
    {
        return Some((field(Kind::Identifier, Role::Main)?, String::new()));
    }
    let ends_as_event = words.last().is_some_and(|word| ["at", "on", "from", "until", "since", "till"].contains(&word.as_str()));
    if any(&["date", "timestamp", "datetime"]) || any(&EVENTS) || (words.len() > 1 && ends_as_event) {
        return Some((field(Kind::Date, Role::Event)?, String::new()));
    }
    None
}

/// Whether a column's values can be what its name says. An empty column contradicts nothing.
fn is_plausible(field: Field, profile: &Profile) -> bool {
    if profile.filled == 0 {
        return true;
    }
    match (field.kind, field.role) {
        (Kind::Email, _) => profile.mostly(profile.emails, AGREEING),
        // A name says telephone: shorter numbers than the unmistakable ones pass.
        (Kind::Phone, _) => !profile.mostly(profile.letters, AGREEING) && !profile.mostly(profile.emails, AGREEING),
        (Kind::Date, Role::Event) => profile.mostly(profile.dates + profile.compact_dates + profile.decimal_dates, AGREEING),
        (Kind::Date, _) => profile.mostly(profile.dates + profile.digits + profile.decimal_dates, AGREEING),
        (Kind::Postcode, _) => profile.mostly(profile.uk_postcodes + profile.codes, AGREEING),
        (Kind::Name, _) => profile.mostly(profile.letters, AGREEING) || !profile.mostly(profile.codes + profile.digits, AGREEING),
        (Kind::Identifier, _) => profile.mostly(profile.codes, AGREEING),
        (Kind::Address, Role::Number) => !profile.mostly(profile.letters, UNMISTAKABLE),
        (Kind::Address, _) => !profile.mostly(profile.emails, AGREEING),
    }
}

/// The field that unmistakable values stand for, where the name says nothing.
fn by_values(words: &[String], profile: &Profile) -> Option<Field> {
    if profile.mostly(profile.emails, UNMISTAKABLE) {
        return Some(Field::of(Kind::Email));
    }
    if profile.mostly(profile.uk_postcodes, UNMISTAKABLE) {
        return Some(Field::of(Kind::Postcode));
    }
    if profile.mostly(profile.dates, UNMISTAKABLE) {
        return Field::new(Kind::Date, Role::Event);
    }
    let is_count = words.iter().any(|word| matches!(word.as_str(), "amount" | "price" | "total" | "sum" | "count" | "quantity"));
    if profile.mostly(profile.plain_phones, UNMISTAKABLE) && !is_count {
        return Some(Field::of(Kind::Phone));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::field::Origin;
    use crate::source::Locator;
    use crate::source::RowBatch;

    fn taken(header: &str, cells: &[&str]) -> String {
        column(header, cells).words()
    }

    /// The column with the doubts that a scan has.
    fn column(header: &str, cells: &[&str]) -> Taken {
        let mut batch = RowBatch::default();
        for cell in cells {
            batch.push_text(cell);
            batch.end_row(Locator::None);
        }
        let mut profiles = Profiles::new(1);
        profiles.see(&batch, u64::MAX);
        let mut mapping = infer([header], &profiles);
        note_doubts(&mut mapping, &profiles, true);
        mapping.columns.remove(0)
    }

    #[test]
    fn headers_in_many_spellings() {
        for (header, expected) in [
            ("first_name", "name.given"),
            ("Forename", "name.given"),
            ("firstName", "name.given"),
            ("LAST NAME", "name.family"),
            ("Surname", "name.family"),
            ("mother's surname", "name.family"),
            ("full_name", "name.full"),
            ("Name", "name.full"),
            ("customer name", "name.full"),
            ("segment_name", "text"),
            ("file name", "text"),
            ("username", "text"),
            ("E-mail", "email.main"),
            ("emailAddress", "email.main"),
            ("Mobile", "phone.main"),
            ("phone_number", "phone.main"),
            ("Post Code", "postcode.main"),
            ("postal_code", "postcode.main"),
            ("DOB", "date.birth"),
            ("Date of Birth", "date.birth"),
            ("mother_dob", "date.birth"),
            ("Child DOB", "date.child"),
            ("baby due date", "date.child"),
            ("created_at", "date.event"),
            ("valid_from", "date.event"),
            ("created", "date.event"),
            ("from", "text"),
            ("address_1", "address.line"),
            ("Addr1", "address.line"),
            ("street_number", "address.number"),
            ("suburb", "address.town"),
            ("house_name", "address.line"),
            ("mname", "name.middle"),
            ("customer_no", "identifier.main"),
            ("soc_sec_id", "identifier.main"),
            ("title", "text"),
            ("state", "text"),
        ] {
            assert_eq!(taken(header, &[]), expected, "{header}");
        }
    }

    #[test]
    fn headers_in_other_languages() {
        for (headers, expected) in [
            (
                "Kundennummer|Vorname|Nachname|Straße|Hausnummer|PLZ|Ort|Geburtsdatum|Telefon|Handy|E-Mail-Adresse",
                "identifier.main name.given name.family address.street address.number postcode.main address.town date.birth \
                 phone.main phone.main email.main",
            ),
            (
                "Numéro client|Prénom|Nom|Rue|Ville|Code postal|Date de naissance|Téléphone|courriel",
                "identifier.main name.given name.family address.street address.town postcode.main date.birth phone.main \
                 email.main",
            ),
            (
                "nombre|apellidos|calle|ciudad|código postal|fecha_de_nacimiento|teléfono|correo",
                "name.given name.family address.street address.town postcode.main date.birth phone.main email.main",
            ),
            (
                "Nome|Cognome|Via|Città|CAP|DataDiNascita",
                "name.given name.family address.street address.town postcode.main date.birth",
            ),
            ("voornaam|achternaam|straat|plaats|geboortedatum", "name.given name.family address.street address.town date.birth"),
            (
                "Imię|Nazwisko|Ulica|Miasto|Kod pocztowy|Data urodzenia",
                "name.given name.family address.street address.town postcode.main date.birth",
            ),
            ("NOM DE FAMILLE|STRASSE|Kunde_Vorname", "name.family address.street name.given"),
            // In English they are none.
            ("via|cap|sent_via|support|Sort", "text text text text text"),
        ] {
            let mapping = infer(headers.split('|'), &Profiles::default());
            let words: Vec<String> = mapping.columns.iter().map(Taken::words).collect();
            assert_eq!(words.join(" "), expected, "{headers}");
        }
        let mapping = infer(["Vorname", "Kind_Vorname"], &Profiles::default());
        assert_eq!((mapping.columns[0].group.as_str(), mapping.columns[1].group.as_str()), ("", "kind"));
        // A number of something is no name.
        assert_eq!(taken("nombre", &["12", "14"]), "text");
    }

    #[test]
    fn values_decide_where_names_do_not() {
        assert_eq!(taken("c7", &["a@example.com", "b@example.org", ""]), "email.main");
        assert_eq!(taken("c7", &["SW1A 1AA", "M1 1AE"]), "postcode.main");
        assert_eq!(taken("c7", &["1980-02-28", "28/02/1980"]), "date.event");
        assert_eq!(taken("c7", &["07700 900123", "+44 7700 900456"]), "phone.main");
        assert_eq!(taken("c7", &["spring", "summer"]), "text");
        assert_eq!(taken("c7", &["12", "14"]), "text");
    }

    #[test]
    fn values_contradict_names() {
        assert_eq!(taken("email", &["yes", "no", "yes"]), "text");
        assert_eq!(taken("name", &["P-100", "P-101"]), "text");
        assert_eq!(taken("contact", &["a@example.com"]), "email.main");
        assert_eq!(taken("email_sent_at", &["2017-05-01 10:00:00", "2017-05-02 10:00:00"]), "date.event");
    }

    #[test]
    fn a_rule_keeps_what_it_does_not_say() {
        let ruled = |name: &str, rule: &str| {
            let rules = crate::record::schema::SchemaFile::parse(&format!("[columns.c]\n{rule}")).unwrap();
            let mut taken = infer([name], &Profiles::default()).columns.remove(0);
            apply_rule(&mut taken, &rules.columns["c"]).map(|()| (taken.words(), taken.field().map(|field| field.origin)))
        };
        let said = |words: &str, origin| Ok((words.to_owned(), Some(origin)));
        let supply = Origin::Supply;
        assert_eq!(ruled("Child DOB", "kind = 'date'\norigin = 'supply'"), said("date.child", supply));
        assert_eq!(ruled("Child DOB", "origin = 'supply'"), said("date.child", supply));
        assert_eq!(ruled("Child DOB", "kind = 'date'\nrole = 'birth'"), said("date.birth", Origin::Common));
        assert_eq!(ruled("first_name", "kind = 'name'"), said("name.given", Origin::Public));
        assert_eq!(ruled("first_name", "kind = 'date'"), said("date.birth", Origin::Common));
        assert_eq!(ruled("created_at", "kind = 'date'"), said("date.birth", Origin::Common));
        assert_eq!(ruled("colour", "origin = 'supply'"), Err(NotAField));
    }

    #[test]
    fn values_that_are_not_understood_make_a_doubt() {
        for (header, cells) in [
            ("child_dob", &["1.413158e+09", "1.313158e+09"][..]),
            ("dob", &["1,413,158,400", "1,313,158,400"]),
            ("birth_date", &["13 октября 2014", "14 мая 1990"]),
            ("date of birth", &["2014년 10월 13일", "1990년 5월 4일"]),
            ("name", &["P-100", "P-101"]),
            ("email", &["ann at post", "bob at post"]),
            ("postcode", &["north of the river", "south of it"]),
        ] {
            let taken = column(header, cells);
            assert_eq!((taken.words().as_str(), taken.doubt.is_some()), ("text", true), "{header}");
        }
        let flags = ["yes", "no"].repeat(20);
        let phones: Vec<String> = (0..40).map(|number| format!("077009001{number:02}")).collect();
        let phones: Vec<&str> = phones.iter().map(String::as_str).collect();
        for (header, cells) in [("email_opt_in", &flags[..]), ("email", &[]), ("email", &phones), ("c7", &["a1 b2", "c3 d4"])] {
            assert_eq!(column(header, cells).doubt, None, "{header}");
        }
    }

    #[test]
    fn days_as_numbers_with_a_point_are_days() {
        for header in ["dob", "created_at"] {
            for cells in [["20141013.0", "19900504.0"], ["2456944.5", "2448015.5"], ["2456944", "2448016"]] {
                assert!(taken(header, &cells).starts_with("date."), "{header}: {cells:?}");
            }
        }
        assert_eq!(taken("postcode", &["=\"M1 1AE\"", "=\"SW1A 1AA\""]), "postcode.main");
    }

    #[test]
    fn what_is_not_to_be_seen_makes_no_other_column() {
        for (header, cells, expected) in [
            ("first_name", ["\"Ann\"", "\"Bob\""], "name.given"),
            ("first_name", ["An\u{200b}n", "\u{feff}Bob"], "name.given"),
            ("c7", ["\u{200b}M1 1AE", "SW1A\u{200d} 1AA"], "postcode.main"),
            ("c7", ["０７７００ ９００１２３", "０７７００ ９００４５６"], "phone.main"),
            ("customer_no", ["\"A-100\"", "A\u{ad}-101"], "identifier.main"),
            ("dob", ["\"641779200\"", "６４１７７９２００"], "date.birth"),
            ("c7", ["ann%40lee.example", "bob\\u0040lee.example"], "email.main"),
        ] {
            assert_eq!(taken(header, &cells), expected, "{header}: {cells:?}");
        }
    }

    #[test]
    fn a_day_in_three_columns() {
        let words = |headers: &[&str]| {
            let mapping = infer(headers.iter().copied(), &Profiles::default());
            let parts = days_in_parts(&mapping.columns);
            (mapping.columns.iter().map(Taken::words).collect::<Vec<_>>(), parts)
        };
        assert_eq!(words(&["dob_day", "dob_month", "dob_year"]), (vec!["date.birth".to_owned(); 3], vec![[0, 1, 2]]));
        assert_eq!(words(&["childYear", "childDay", "childMonth"]), (vec!["date.child".to_owned(); 3], vec![[1, 2, 0]]));
        assert_eq!(words(&["Year", "Month", "Day"]), (vec!["date.event".to_owned(); 3], vec![[2, 1, 0]]));
        assert_eq!(words(&["birth_year", "birth_month"]).1, Vec::<[usize; 3]>::new());
        assert_eq!(words(&["year", "month", "total", "day"]), (vec!["text".to_owned(); 4], vec![]));
        assert_eq!(words(&["day", "month", "year", "day"]).1, Vec::<[usize; 3]>::new());
    }

    #[test]
    fn groups_name_the_person() {
        let mapping = infer(["first_name", "child_first_name", "child_surname"], &Profiles::default());
        let groups: Vec<&str> = mapping.columns.iter().map(|column| column.group.as_str()).collect();
        assert_eq!(groups, ["", "child", "child"]);
    }
}
