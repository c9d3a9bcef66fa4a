//! Persons within longer texts: logs, notes, markup, cells of many values; and what nobody can read.

use crate::cli::transformations::people::Date;
use crate::cli::transformations::people::Person;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::file;
use crate::cli::transformations::ways::files::in_column;
use crate::cli::transformations::ways::files::lines;
use crate::cli::transformations::ways::files::object;
use data_encoding::BASE64;

/// What nobody tells from other words in a text.
const WORDS: [&str; 4] = ["name", "address", "town", "id"];

const EVERYTHING: [&str; 9] = ["name", "birth", "child", "postcode", "address", "town", "email", "phone", "id"];

pub(crate) const WAYS: &[Way] = &[
    file("log_pairs", "lines of a log: `… first_name=\"Ann\" postcode=\"LS6 1AB\" …`", "log", |people| {
        lines(people, |person| format!("2017-03-02T10:15:00Z INFO contact saved {}", pairs(person, "=", " ", '"')))
    }),
    file("log_json", "lines of a log that end in an object", "log", |people| {
        lines(people, |person| format!("2017-03-02 10:15:00,123 [worker-3] INFO ContactStore - saved {}", object(person)))
    }),
    file("query_in_column", "a query of the web: `first_name=Ann&postcode=LS6+1AB`", "csv", |people| {
        in_column(people, "request", |person| {
            let escape = |cell: &str| {
                let escaped = |byte: u8| match byte {
                    b' ' => "+".to_owned(),
                    _ if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                };
                cell.bytes().map(escaped).collect::<String>()
            };
            let row = Row::of(person);
            row.0.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
        })
    }),
    file("pairs_in_cell", "`first_name: Ann; last_name: Green; …` in a column", "csv", |people| {
        in_column(people, "details", |person| {
            let row = Row::of(person);
            let filled = row.0.iter().filter(|(_, value)| !value.is_empty());
            filled.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("; ")
        })
    }),
    file("cell_of_bars", "all values in one cell, with bars", "csv", |people| {
        in_column(people, "record", |person| joined(person, "|"))
    })
    .losing(|_| WORDS.to_vec()),
    file("cell_of_semicolons", "all values in one cell, with semicolons", "csv", |people| {
        in_column(people, "record", |person| joined(person, ";"))
    })
    .losing(|_| WORDS.to_vec()),
    file("cell_of_blanks", "all values in one cell, with blanks", "csv", |people| {
        in_column(people, "record", |person| joined(person, " "))
    })
    .losing(|_| WORDS.to_vec()),
    file("note", "a note of a call centre in a column", "csv", |people| in_column(people, "notes", note))
        .losing(|_| WORDS.to_vec()),
    file("note_other_order", "another note, with other forms of dates and numbers", "csv", |people| {
        in_column(people, "comment", other_note)
    })
    .losing(|_| WORDS.to_vec()),
    file("note_lines", "a note a line, without columns", "txt", |people| lines(people, note)).losing(|_| WORDS.to_vec()),
    file("letter", "the head of a letter in a column, with line breaks", "csv", |people| {
        in_column(people, "body", |person| {
            let home = &person.home;
            let mut parts = vec![[person.title, &person.given, &person.family].join(" ")];
            parts.extend(home.lines());
            parts.extend([home.town.to_owned(), home.postcode(), String::new()]);
            parts.push(format!("Dear {} {},", person.title, person.family));
            parts.push(format!("Your date of birth is {} and your child's {}.", long(person.born), long(person.child_born)));
            parts.push(format!("We call {} or write to {}.", person.mobile, person.email));
            parts.join("\n")
        })
    })
    .losing(|_| WORDS.to_vec()),
    file("html_table", "a row of a page in a column: `<tr><td>Ann</td>…`", "csv", |people| {
        in_column(people, "html", |person| {
            let row = Row::of(person);
            let cell = |value: &str| format!("<td>{}</td>", value.replace('\'', "&#39;"));
            format!("<tr>{}</tr>", row.values().map(cell).collect::<String>())
        })
    })
    .losing(|_| WORDS.to_vec()),
    file("html_note", "a note with markup: `<p>Called <b>Mrs Ann Green</b> …`", "csv", |people| {
        in_column(people, "html", |person| {
            let text = note(person).replace('\'', "&#39;").replace("; ", ";<br>").replace(", ", ",&nbsp;");
            format!("<div><p>{text}</p></div>")
        })
    })
    .losing(|_| WORDS.to_vec()),
    file("xml_in_column", "elements with the names of columns, in a column", "csv", |people| in_column(people, "document", xml)),
    file("sql_inserts", "`INSERT INTO contacts (…) VALUES (…);`", "sql", |people| {
        lines(people, |person| {
            let row = Row::of(person);
            let names: Vec<&str> = row.0.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<String> = row.values().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
            format!("INSERT INTO contacts ({}) VALUES ({});", names.join(", "), values.join(", "))
        })
    }),
    file("base64_row", "an object in base64, in a column", "csv", |people| {
        in_column(people, "payload", |person| BASE64.encode(object(person).to_string().as_bytes()))
    }),
];

/// Ways after which nothing can be found, and a gap has to say so.
pub(crate) const UNREADABLE: &[Way] = &[file("md5_mail", "md5 of the e-mail address", "csv", |people| {
    in_column(people, "email_md5", |person| super::md5::hex(person.email.as_bytes()))
})
.losing(|_| EVERYTHING.to_vec())];

fn pairs(person: &Person, is: &str, between: &str, quote: char) -> String {
    let row = Row::of(person);
    row.0.iter().map(|(name, value)| format!("{name}{is}{quote}{value}{quote}")).collect::<Vec<_>>().join(between)
}

fn joined(person: &Person, sign: &str) -> String {
    Row::of(person).values().collect::<Vec<_>>().join(sign)
}

fn long(day: Date) -> String {
    format!("{} {} {}", day.day, day.month_name(), day.year)
}

fn note(person: &Person) -> String {
    let home = &person.home;
    format!(
        "Spoke to {} {} {}, {}, {} {}, dob {}; call {} after 5pm or mail {}. Child born {}.",
        person.title,
        person.given,
        person.family,
        home.lines().join(", "),
        home.town,
        home.postcode(),
        person.born.dmy(),
        person.mobile,
        person.email,
        person.child_born.dmy()
    )
}

fn other_note(person: &Person) -> String {
    let home = &person.home;
    format!(
        "CALLBACK +44 {} {} ({} {}). DOB: {}, child's DOB: {}. Lives at {}, {}. Wants letters to <{}>",
        &person.mobile[1..5],
        &person.mobile[5..],
        person.given.to_uppercase(),
        person.family.to_uppercase(),
        long(person.born),
        long(person.child_born),
        home.lines().join(", "),
        home.postcode().replace(' ', "").to_lowercase(),
        person.email
    )
}

fn xml(person: &Person) -> String {
    let row = Row::of(person);
    let element = |(name, value): &(String, String)| format!("<{name}>{}</{name}>", value.replace('\'', "&apos;"));
    format!("<contact>{}</contact>", row.0.iter().map(element).collect::<String>())
}
