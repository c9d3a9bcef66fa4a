//! Addresses: split over columns in other ways, shortened, in one cell, cut.

use crate::cli::transformations::people::Home;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::cells;

pub(crate) const WAYS: &[Way] = &[
    cells("address_one_line", "house, number and street in one column", |row, person| {
        row.replace(&["address_1", "address_2"], &[("address", person.home.lines().join(", "))]);
    }),
    cells("address_number_apart", "the house number in a column of its own", |row, person| {
        let Home { flat, house, number, street, .. } = &person.home;
        row.replace(
            &["address_1", "address_2"],
            &[("house_name", [flat.as_str(), house].concat()), ("house_number", number.clone()), ("street", street.clone())],
        );
    }),
    cells("address_numbered_lines", "four numbered lines, with the town and county in the last ones", |row, person| {
        let Home { town, county, .. } = &person.home;
        let mut lines = person.home.lines();
        lines.extend([(*town).to_owned(), (*county).to_owned()]);
        lines.resize(4, String::new());
        let names = ["address1", "address2", "address3", "address4"];
        row.replace(&["address_1", "address_2", "town", "county"], &names.iter().copied().zip(lines).collect::<Vec<_>>());
    })
    .losing(|_| vec!["town"]),
    cells("address_flat_behind", "`12 High Street, Flat 2`", |row, person| {
        let lines: Vec<String> = person.home.lines().into_iter().rev().collect();
        row.replace(&["address_1", "address_2"], &[("address", lines.join(", "))]);
    }),
    cells("address_flat_slash", "`2/12 High Street`", |row, person| {
        let Home { flat, house, .. } = &person.home;
        let street = person.home.number_street();
        let line = match flat.strip_prefix("Flat ") {
            Some(flat) => format!("{flat}/{street}"),
            None => [*house, &street].join(" "),
        };
        row.replace(&["address_1", "address_2"], &[("address", line.trim().to_owned())]);
    })
    .losing(|person| if person.home.flat.is_empty() { Vec::new() } else { vec!["address"] }),
    cells("address_no", "`No. 12 High Street`", |row, _| lines(row, |line| with_number(line, "No. {}"))),
    cells("address_short", "`St`, `Rd`, `Ave`, `Ln`, `Cl`, `Dr`, `Terr`", |row, _| lines(row, shortened)),
    cells("address_short_flat", "`Flt 2` or `Apartment 2` for `Flat 2`", |row, person| {
        let word = if person.index % 2 == 0 { "Flt" } else { "Apartment" };
        lines(row, |line| line.replace("Flat ", &format!("{word} ")));
    }),
    cells("address_country", "a column of countries, and the county behind the town", |row, person| {
        row.replace(
            &["town", "county"],
            &[("town", format!("{}, {}", person.home.town, person.home.county)), ("country", "United Kingdom".to_owned())],
        );
    }),
    cells("address_one_cell", "all with commas in one cell, the postcode too", |row, person| one_cell(row, &person.home, ", "))
        .losing(|_| vec!["town"]),
    cells("address_cell_of_lines", "all in one cell, with line breaks", |row, person| one_cell(row, &person.home, "\n"))
        .losing(|_| vec!["town"]),
    cells("address_cell_of_blanks", "all in one cell, with nothing but blanks", |row, person| one_cell(row, &person.home, " "))
        .losing(|_| vec!["town"]),
    cells("address_cut", "lines cut to 20 characters", |row, _| lines(row, |line| line.chars().take(20).collect())).losing(
        |person| {
            let is_cut = person.home.lines()[1..].join(", ").chars().count() > 20;
            if is_cut { vec!["address"] } else { Vec::new() }
        },
    ),
    cells("address_in_name", "columns filled one to the left: the first line stands under `last_name`", |row, person| {
        let lines = person.home.lines();
        let name = [&person.given, person.middle, &person.family].join(" ");
        row.replace(
            &["first_name", "middle_name", "last_name", "address_1", "address_2"],
            &[
                ("first_name", name),
                ("last_name", lines[0].clone()),
                ("address_1", lines[1..].join(", ")),
                ("address_2", String::new()),
            ],
        );
    })
    .losing(|_| vec!["name", "address"]),
    cells("name_in_address", "the name as first line of the address", |row, person| {
        let lines = person.home.lines();
        let name = [&person.given, person.middle, &person.family].join(" ").replace("  ", " ");
        row.replace(
            &["title", "first_name", "middle_name", "last_name", "address_1", "address_2"],
            &[("address_1", name), ("address_2", lines[0].clone()), ("address_3", lines[1..].join(", "))],
        );
    })
    .losing(|_| vec!["name"]),
];

/// Changes both lines.
fn lines(row: &mut Row, change: impl Fn(&str) -> String) {
    row.edit(&["address_1", "address_2"], |cell| cell.split(", ").map(&change).collect::<Vec<_>>().join(", "));
}

/// The line with its number in a pattern.
fn with_number(line: &str, pattern: &str) -> String {
    match line.split_once(' ') {
        Some((number, rest)) if number.starts_with(|sign: char| sign.is_ascii_digit()) => {
            format!("{} {rest}", pattern.replace("{}", number))
        }
        _ => line.to_owned(),
    }
}

fn shortened(line: &str) -> String {
    const SHORT: [(&str, &str); 7] = [
        (" Street", " St"),
        (" Road", " Rd"),
        (" Avenue", " Ave"),
        (" Lane", " Ln"),
        (" Close", " Cl"),
        (" Drive", " Dr"),
        (" Terrace", " Terr"),
    ];
    let shorten = |(long, short): &(&str, &str)| line.strip_suffix(long).map(|start| format!("{start}{short}"));
    SHORT.iter().find_map(shorten).unwrap_or_else(|| line.to_owned())
}

fn one_cell(row: &mut Row, home: &Home, sign: &str) {
    let mut parts = home.lines();
    parts.extend([home.town.to_owned(), home.county.to_owned(), home.postcode()]);
    row.replace(&["address_1", "address_2", "town", "county", "postcode"], &[("address", parts.join(sign))]);
}
