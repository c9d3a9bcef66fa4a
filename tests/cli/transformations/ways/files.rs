//! Forms of the file: separators, headers in other languages or none, fixed widths, JSON.

use crate::cli::transformations::people::Person;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::cells;
use crate::cli::transformations::way::file;
use crate::cli::transformations::way::table;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::fmt::Write as _;

/// What nobody tells from other words where no column's name says so.
const NAMELESS: [&str; 4] = ["name", "address", "town", "id"];

pub(crate) const WAYS: &[Way] = &[
    file("tabs", "tabs between cells", "tsv", |people| separated(people, '\t')),
    file("semicolons", "semicolons between cells", "csv", |people| separated(people, ';')),
    file("bars", "bars between cells", "txt", |people| separated(people, '|')),
    file("fixed_width", "lines of fixed width under a line of names, which are not read", "txt", |people| {
        fixed_width(people, true)
    })
    .losing(|_| NAMELESS.to_vec()),
    file("fixed_width_bare", "lines of fixed width without names", "txt", |people| fixed_width(people, false))
        .losing(|_| NAMELESS.to_vec()),
    file("no_header", "no line of names", "csv", |people| {
        let whole = table(&rows(people), ',');
        whole.split_once('\n').expect("a header").1.as_bytes().to_vec()
    })
    .losing(|_| NAMELESS.to_vec()),
    cells("header_c1", "columns called `c1` to `c15`", |row, _| row.rename(|index, _| format!("c{}", index + 1)))
        .losing(|_| NAMELESS.to_vec()),
    cells("header_capitals", "`FIRSTNAME`, `DATEOFBIRTH`, `POSTCODE`", |row, _| {
        row.rename(|_, name| name.replace('_', "").to_uppercase());
    }),
    cells("header_short", "`fname`, `lname`, `addr1`, `pcode`, `dob`, `tel`", |row, _| {
        const SHORT: [&str; 15] = [
            "ttl", "fname", "mname", "lname", "addr1", "addr2", "town", "cnty", "pcode", "dob", "ch_dob", "eml", "mob", "tel",
            "cust_no",
        ];
        row.rename(|index, _| SHORT[index].to_owned());
    }),
    cells("header_german", "`Vorname`, `Nachname`, `Straße`, `PLZ`, `Geburtsdatum`", |row, _| {
        const GERMAN: [&str; 15] = [
            "Anrede",
            "Vorname",
            "Zweiter Vorname",
            "Nachname",
            "Straße",
            "Adresszusatz",
            "Ort",
            "Grafschaft",
            "PLZ",
            "Geburtsdatum",
            "Geburtsdatum Kind",
            "E-Mail-Adresse",
            "Mobiltelefon",
            "Telefon",
            "Kundennummer",
        ];
        row.rename(|index, _| GERMAN[index].to_owned());
    }),
    cells("header_french", "`Prénom`, `Nom de famille`, `Rue`, `Code postal`, `Date de naissance`", |row, _| {
        const FRENCH: [&str; 15] = [
            "Civilité",
            "Prénom",
            "Deuxième prénom",
            "Nom de famille",
            "Rue",
            "Complément",
            "Ville",
            "Comté",
            "Code postal",
            "Date de naissance",
            "Date de naissance de l'enfant",
            "Courriel",
            "Portable",
            "Téléphone",
            "Numéro de client",
        ];
        row.rename(|index, _| FRENCH[index].to_owned());
    }),
    file("lines_before_header", "a title and an empty line above the names of the columns", "csv", |people| {
        format!("Customer export,,,,,,,,,,,,,,\n,,,,,,,,,,,,,,\n{}", table(&rows(people), ',')).into_bytes()
    }),
    file("json_lines", "an object a line", "jsonl", |people| lines(people, |person| object(person).to_string())),
    file("json_nested", "objects within objects, and lists", "jsonl", |people| {
        lines(people, |person| nested(person).to_string())
    }),
    file("json_strings", "objects as strings: `\"{\\\"first_name\\\": …}\"`", "jsonl", |people| {
        lines(people, |person| Value::String(object(person).to_string()).to_string())
    }),
    file("json_in_column", "an object in a column", "csv", |people| {
        in_column(people, "payload", |person| object(person).to_string())
    }),
    file("json_nested_in_column", "objects within objects in a column", "csv", |people| {
        in_column(people, "payload", |person| nested(person).to_string())
    }),
    file("json_in_json", "an object as a string within an object", "jsonl", |people| {
        lines(people, |person| json!({ "event": "contact.updated", "body": object(person).to_string() }).to_string())
    }),
    file("json_in_json_in_column", "an object as a string within an object, in a column", "csv", |people| {
        in_column(people, "message", |person| {
            json!({ "event": "contact.updated", "body": object(person).to_string() }).to_string()
        })
    }),
    file("python_in_column", "what Python prints of an object: `{'first_name': 'Ann', …}`", "csv", |people| {
        in_column(people, "data", |person| {
            let pair = |(name, value): &(String, String)| {
                let value = if value.contains('\'') { format!("\"{value}\"") } else { format!("'{value}'") };
                format!("'{name}': {value}")
            };
            format!("{{{}}}", Row::of(person).0.iter().map(pair).collect::<Vec<_>>().join(", "))
        })
    }),
];

/// A row of each.
pub(crate) fn rows(people: &[&Person]) -> Vec<Row> {
    people.iter().map(|person| Row::of(person)).collect()
}

fn separated(people: &[&Person], separator: char) -> Vec<u8> {
    table(&rows(people), separator).into_bytes()
}

/// A line of each.
pub(crate) fn lines(people: &[&Person], line: impl Fn(&Person) -> String) -> Vec<u8> {
    people.iter().map(|person| line(person) + "\n").collect::<String>().into_bytes()
}

/// A table with a number, a word, and something of each person in one column.
pub(crate) fn in_column(people: &[&Person], name: &str, cell: impl Fn(&Person) -> String) -> Vec<u8> {
    let row = |(index, person): (usize, &&Person)| {
        let columns = [("seq", (index + 1).to_string()), ("status", "open".to_owned()), (name, cell(person))];
        Row(columns.map(|(name, value)| (name.to_owned(), value)).into())
    };
    table(&people.iter().enumerate().map(row).collect::<Vec<_>>(), ',').into_bytes()
}

fn fixed_width(people: &[&Person], has_header: bool) -> Vec<u8> {
    let rows = rows(people);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.0[column].1.chars().count());
        cells.chain([rows[0].0[column].0.len()]).max().unwrap_or(0) + 2
    };
    let widths: Vec<usize> = (0..rows[0].0.len()).map(width).collect();
    let mut text = String::new();
    let mut put = |cells: Vec<&str>| {
        for (cell, width) in cells.into_iter().zip(&widths) {
            write!(text, "{cell:<width$}").expect("a string takes all");
        }
        text.push('\n');
    };
    if has_header {
        put(rows[0].0.iter().map(|(name, _)| name.as_str()).collect());
    }
    for row in &rows {
        put(row.values().collect());
    }
    text.into_bytes()
}

/// A person as a flat object; what is empty is null.
pub(crate) fn object(person: &Person) -> Value {
    let pair = |(name, value): (String, String)| (name, if value.is_empty() { Value::Null } else { Value::String(value) });
    Value::Object(Row::of(person).0.into_iter().map(pair).collect::<Map<_, _>>())
}

fn nested(person: &Person) -> Value {
    let home = &person.home;
    let phones: Vec<&str> = [person.mobile.as_str(), &home.landline].into_iter().filter(|number| !number.is_empty()).collect();
    json!({
        "type": "contact",
        "customer_no": person.customer,
        "person": {
            "name": { "title": person.title, "first": person.given, "middle": person.middle, "last": person.family },
            "birth": { "date": person.born.iso() },
            "children": [{ "date_of_birth": person.child_born.iso() }],
        },
        "address": { "lines": home.lines(), "town": home.town, "county": home.county, "postcode": home.postcode() },
        "contact": { "email": person.email, "phones": phones },
    })
}
