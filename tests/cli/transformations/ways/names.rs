//! Names: titles, order, middle names, marks, apostrophes, hyphens.

use crate::cli::transformations::people::Person;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::cells;

/// What hangs on the set of all tokens of a name.
const AS_A_SET: [&str; 3] = ["name.full", "name.p3", "name.phon"];

pub(crate) const WAYS: &[Way] = &[
    cells("title_in_first_name", "`Mrs Ann` as first name, no column of titles", |row, person| {
        row.set("first_name", format!("{} {}", person.title, person.given));
        row.drop("title");
    }),
    cells("title_dotted", "`Mrs.` and `Dr.`, and `Esq.` behind the family name of men", |row, person| {
        row.set("title", format!("{}.", person.title));
        if person.title == "Mr" {
            row.set("last_name", format!("{} Esq.", person.family));
        }
    }),
    cells("full_name", "title, given, middle and family name in one column", |row, person| {
        one_column(row, &[person.title, &person.given, person.middle, &person.family].join(" "));
    }),
    cells("family_first", "`Green Ann` in one column", |row, person| {
        one_column(row, &[&person.family, &person.given, person.middle].join(" "));
    }),
    cells("family_comma", "`GREEN, Ann Jane (Mrs)` in one column", |row, person| {
        let rest = format!("{} {}", person.given, person.middle);
        one_column(row, &format!("{}, {} ({})", person.family.to_uppercase(), rest.trim(), person.title));
    }),
    cells("names_swapped", "given name in the column of family names, and the other way round", |row, person| {
        row.set("first_name", person.family.clone());
        row.set("last_name", person.given.clone());
    }),
    cells("middle_initial", "`J.` for a middle name", |row, _| {
        row.edit(&["middle_name"], |cell| format!("{}.", &cell[..1]));
    })
    .losing(middle),
    cells("middle_dropped", "no middle names", |row, _| row.drop("middle_name")).losing(middle),
    cells("middle_added", "a middle name that the supplied file did not have", |row, person| {
        if person.middle.is_empty() {
            row.set("middle_name", "Ambrose");
        }
    })
    .losing(|person| if person.middle.is_empty() { AS_A_SET.to_vec() } else { Vec::new() }),
    cells("initial_and_family", "`A Green` instead of the given name", |row, person| {
        row.set("first_name", person.given.chars().take(1).collect::<String>());
        row.set("middle_name", "");
    })
    .losing(|_| vec!["name"]),
    cells("names_cut", "names cut to 10 characters", |row, _| {
        row.edit(&["first_name", "middle_name", "last_name"], |cell| cell.chars().take(10).collect());
    })
    .losing(|person| {
        let is_long = |name: &str| name.chars().count() > 10;
        // Of a double name the second half may vanish; otherwise the first three letters stay.
        let halves = |name: &str| name.split(['-', '\'']).count() > 1;
        match [person.given.as_str(), &person.family] {
            names if names.iter().any(|name| is_long(name) && halves(name)) => vec!["name"],
            names if names.iter().any(|name| is_long(name)) => vec!["name.full", "name.phon", "name.any"],
            _ => Vec::new(),
        }
    }),
    cells("apostrophe_curved", "`O’Neill`", |row, _| row.edit_all(|cell| cell.replace('\'', "’"))),
    cells("apostrophe_dropped", "`ONeill`, `Kings Road`", |row, _| row.edit_all(|cell| cell.replace('\'', ""))),
    cells("apostrophe_blank", "`O Neill`, in names", |row, _| {
        row.edit(&["first_name", "last_name"], |cell| cell.replace('\'', " "));
    }),
    cells("hyphen_blank", "`Green Hart`, `Anne Marie`", |row, _| {
        row.edit(&["first_name", "last_name"], |cell| cell.replace('-', " "));
    }),
    cells("hyphen_dropped", "`GreenHart`, `AnneMarie`", |row, _| {
        row.edit(&["first_name", "last_name"], |cell| cell.replace('-', ""));
    })
    .losing(|person| if format!("{}{}", person.given, person.family).contains('-') { vec!["name"] } else { Vec::new() }),
    cells("mac_apart", "`Mc Donald`, `Mac Donald`", |row, _| {
        row.edit(&["last_name"], |cell| {
            let names = ["McAllister", "McCormack", "McDonald", "McIntyre", "MacDonald"];
            let apart = |cell: String, name: &&str| {
                let at = if name.starts_with("Mac") { 3 } else { 2 };
                cell.replace(*name, &format!("{} {}", &name[..at], &name[at..]))
            };
            names.iter().fold(cell.to_owned(), apart)
        });
    }),
    cells("umlaut_written_out", "`Mueller`, `Soerensen`", |row, _| {
        row.edit(&["last_name"], |cell| cell.replace('ü', "ue").replace('ø', "oe"));
    }),
];

fn one_column(row: &mut Row, name: &str) {
    let words: Vec<&str> = name.split_whitespace().collect();
    row.replace(&["first_name", "middle_name", "last_name"], &[("full_name", words.join(" "))]);
    row.drop("title");
}

/// Without the middle name the set of all tokens is another one.
fn middle(person: &Person) -> Vec<&'static str> {
    if person.middle.is_empty() { Vec::new() } else { AS_A_SET.to_vec() }
}
