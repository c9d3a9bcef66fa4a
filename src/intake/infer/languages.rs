//! Names of columns in other languages than English: German, French, Spanish, Italian, Portuguese, Dutch, Polish.
//!
//! Without accents, in small letters, and without what parts the words: `Date de naissance` is `datedenaissance`. What stands ahead of such a name says
//! whose it is (`Kunde_Vorname`), unless the name is so short that other words end in it.

use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;

/// A shorter name stands alone.
const LONG: usize = 5;

/// Names of columns.
const NAMES: [(&str, Kind, Role); 143] = [
    ("imie", Kind::Name, Role::Given),
    ("nombre", Kind::Name, Role::Given),
    ("nombres", Kind::Name, Role::Given),
    ("nome", Kind::Name, Role::Given),
    ("prenom", Kind::Name, Role::Given),
    ("prenoms", Kind::Name, Role::Given),
    ("primeironome", Kind::Name, Role::Given),
    ("rufname", Kind::Name, Role::Given),
    ("voornaam", Kind::Name, Role::Given),
    ("vorname", Kind::Name, Role::Given),
    ("zweitervorname", Kind::Name, Role::Middle),
    ("zweitname", Kind::Name, Role::Middle),
    ("deuxiemeprenom", Kind::Name, Role::Middle),
    ("secondonome", Kind::Name, Role::Middle),
    ("segundonombre", Kind::Name, Role::Middle),
    ("tweedevoornaam", Kind::Name, Role::Middle),
    ("drugieimie", Kind::Name, Role::Middle),
    ("achternaam", Kind::Name, Role::Family),
    ("apelido", Kind::Name, Role::Family),
    ("apellido", Kind::Name, Role::Family),
    ("apellidos", Kind::Name, Role::Family),
    ("cognome", Kind::Name, Role::Family),
    ("familienaam", Kind::Name, Role::Family),
    ("familienname", Kind::Name, Role::Family),
    ("nachname", Kind::Name, Role::Family),
    ("nazwisko", Kind::Name, Role::Family),
    ("nom", Kind::Name, Role::Family),
    ("nomdefamille", Kind::Name, Role::Family),
    ("nomfamille", Kind::Name, Role::Family),
    ("primerapellido", Kind::Name, Role::Family),
    ("segundoapellido", Kind::Name, Role::Family),
    ("sobrenome", Kind::Name, Role::Family),
    ("zuname", Kind::Name, Role::Family),
    ("imieinazwisko", Kind::Name, Role::Full),
    ("nombreapellidos", Kind::Name, Role::Full),
    ("nombrecompleto", Kind::Name, Role::Full),
    ("nombreyapellidos", Kind::Name, Role::Full),
    ("nomcomplet", Kind::Name, Role::Full),
    ("nomecognome", Kind::Name, Role::Full),
    ("nomecompleto", Kind::Name, Role::Full),
    ("nomeecognome", Kind::Name, Role::Full),
    ("nometprenom", Kind::Name, Role::Full),
    ("nomprenom", Kind::Name, Role::Full),
    ("nomprenoms", Kind::Name, Role::Full),
    ("prenomnom", Kind::Name, Role::Full),
    ("volledigenaam", Kind::Name, Role::Full),
    ("vollername", Kind::Name, Role::Full),
    ("vornamenachname", Kind::Name, Role::Full),
    ("vorundnachname", Kind::Name, Role::Full),
    ("calle", Kind::Address, Role::Street),
    ("rue", Kind::Address, Role::Street),
    ("straat", Kind::Address, Role::Street),
    ("straatnaam", Kind::Address, Role::Street),
    ("strasse", Kind::Address, Role::Street),
    ("ulica", Kind::Address, Role::Street),
    ("hausnr", Kind::Address, Role::Number),
    ("hausnummer", Kind::Address, Role::Number),
    ("huisnummer", Kind::Address, Role::Number),
    ("numerdomu", Kind::Address, Role::Number),
    ("numerocivico", Kind::Address, Role::Number),
    ("numerodecivico", Kind::Address, Role::Number),
    ("adres", Kind::Address, Role::Line),
    ("adresse", Kind::Address, Role::Line),
    ("anschrift", Kind::Address, Role::Line),
    ("direccion", Kind::Address, Role::Line),
    ("domicilio", Kind::Address, Role::Line),
    ("endereco", Kind::Address, Role::Line),
    ("indirizzo", Kind::Address, Role::Line),
    ("morada", Kind::Address, Role::Line),
    ("strassehausnummer", Kind::Address, Role::Line),
    ("strassenr", Kind::Address, Role::Line),
    ("strasseundhausnummer", Kind::Address, Role::Line),
    ("strasseundnr", Kind::Address, Role::Line),
    ("cidade", Kind::Address, Role::Town),
    ("citta", Kind::Address, Role::Town),
    ("ciudad", Kind::Address, Role::Town),
    ("commune", Kind::Address, Role::Town),
    ("comune", Kind::Address, Role::Town),
    ("localidad", Kind::Address, Role::Town),
    ("miasto", Kind::Address, Role::Town),
    ("miejscowosc", Kind::Address, Role::Town),
    ("ort", Kind::Address, Role::Town),
    ("plaats", Kind::Address, Role::Town),
    ("stadt", Kind::Address, Role::Town),
    ("ville", Kind::Address, Role::Town),
    ("wohnort", Kind::Address, Role::Town),
    ("woonplaats", Kind::Address, Role::Town),
    ("codepostal", Kind::Postcode, Role::Main),
    ("codicediavviamentopostale", Kind::Postcode, Role::Main),
    ("codicepostale", Kind::Postcode, Role::Main),
    ("codigopostal", Kind::Postcode, Role::Main),
    ("kodpocztowy", Kind::Postcode, Role::Main),
    ("postleitzahl", Kind::Postcode, Role::Main),
    ("datadenascimento", Kind::Date, Role::Birth),
    ("datadinascita", Kind::Date, Role::Birth),
    ("datanascita", Kind::Date, Role::Birth),
    ("dataurodzenia", Kind::Date, Role::Birth),
    ("datedenaissance", Kind::Date, Role::Birth),
    ("datenaissance", Kind::Date, Role::Birth),
    ("fechadenacimiento", Kind::Date, Role::Birth),
    ("fechanacimiento", Kind::Date, Role::Birth),
    ("gebdatum", Kind::Date, Role::Birth),
    ("geboortedag", Kind::Date, Role::Birth),
    ("geboortedatum", Kind::Date, Role::Birth),
    ("geburtsdatum", Kind::Date, Role::Birth),
    ("geburtstag", Kind::Date, Role::Birth),
    ("cellulare", Kind::Phone, Role::Main),
    ("celular", Kind::Phone, Role::Main),
    ("handy", Kind::Phone, Role::Main),
    ("handynummer", Kind::Phone, Role::Main),
    ("komorka", Kind::Phone, Role::Main),
    ("mobiel", Kind::Phone, Role::Main),
    ("mobilfunk", Kind::Phone, Role::Main),
    ("mobiltelefon", Kind::Phone, Role::Main),
    ("movil", Kind::Phone, Role::Main),
    ("numerodetelephone", Kind::Phone, Role::Main),
    ("numertelefonu", Kind::Phone, Role::Main),
    ("rufnummer", Kind::Phone, Role::Main),
    ("telefon", Kind::Phone, Role::Main),
    ("telefone", Kind::Phone, Role::Main),
    ("telefonnr", Kind::Phone, Role::Main),
    ("telefonnummer", Kind::Phone, Role::Main),
    ("telefono", Kind::Phone, Role::Main),
    ("telefonomovil", Kind::Phone, Role::Main),
    ("telefoon", Kind::Phone, Role::Main),
    ("telefoonnummer", Kind::Phone, Role::Main),
    ("correo", Kind::Email, Role::Main),
    ("correoelectronico", Kind::Email, Role::Main),
    ("courriel", Kind::Email, Role::Main),
    ("postaelettronica", Kind::Email, Role::Main),
    ("codicecliente", Kind::Identifier, Role::Main),
    ("kdnr", Kind::Identifier, Role::Main),
    ("klantnr", Kind::Identifier, Role::Main),
    ("klantnummer", Kind::Identifier, Role::Main),
    ("kundennr", Kind::Identifier, Role::Main),
    ("kundennummer", Kind::Identifier, Role::Main),
    ("mitgliedsnummer", Kind::Identifier, Role::Main),
    ("noclient", Kind::Identifier, Role::Main),
    ("numerklienta", Kind::Identifier, Role::Main),
    ("numeroclient", Kind::Identifier, Role::Main),
    ("numerocliente", Kind::Identifier, Role::Main),
    ("numerodeclient", Kind::Identifier, Role::Main),
    ("numerodecliente", Kind::Identifier, Role::Main),
];

/// Words of English too: they are names of columns only beside other Italian ones.
const ITALIAN: [(&str, Kind, Role); 2] = [("via", Kind::Address, Role::Street), ("cap", Kind::Postcode, Role::Main)];

/// Those others.
const TELLING: [&str; 7] = ["cognome", "citta", "comune", "datadinascita", "datanascita", "telefono", "indirizzo"];

/// The field that a column's words name, without accents, and how many of the words do not belong to its name.
pub(super) fn field_of(words: &[String]) -> Option<(Field, usize)> {
    (0..words.len()).find_map(|first| {
        let name = words[first..].concat();
        let is_one = |known: &str| known == name && (first == 0 || name.len() >= LONG);
        let (_, kind, role) = NAMES.into_iter().find(|(known, ..)| is_one(known))?;
        Some((Field::new(kind, role)?, first))
    })
}

/// The field of a column whose name says so beside other Italian ones.
pub(super) fn italian(words: &[String]) -> Option<Field> {
    let [word] = words else { return None };
    let (_, kind, role) = ITALIAN.into_iter().find(|(known, ..)| known == word)?;
    Field::new(kind, role)
}

/// Whether a column's name makes its table an Italian one.
pub(super) fn is_italian(words: &[String]) -> bool {
    TELLING.contains(&words.concat().as_str())
}
