//! What a way of rewriting is: a change to the cells of each row, or a file of its own making.

use crate::cli::transformations::people::Person;
use std::fmt::Write as _;

/// One way in which a recipient's system writes a record anew.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// What it does, for the table in the document.
    pub(crate) about: &'static str,
    /// What does not survive of a person, as slots (`name`) or atoms (`name.full`).
    pub(crate) loses: fn(&Person) -> Vec<&'static str>,
    pub(crate) form: Form,
}

/// How the file comes about.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A text table with [`COLUMNS`], after each row was changed.
    Cells(fn(&mut Row, &Person)),
    /// A text table with [`COLUMNS`], whose text was changed as a whole.
    Text(fn(&str) -> Vec<u8>),
    /// Any file: the end of its name, and what makes its bytes.
    File(&'static str, fn(&[&Person]) -> Vec<u8>),
}

/// A way that changes cells.
pub(crate) const fn cells(name: &'static str, about: &'static str, change: fn(&mut Row, &Person)) -> Way {
    Way { name, about, loses: |_| Vec::new(), form: Form::Cells(change) }
}

/// A way that changes the text of the whole table.
pub(crate) const fn text(name: &'static str, about: &'static str, change: fn(&str) -> Vec<u8>) -> Way {
    Way { name, about, loses: |_| Vec::new(), form: Form::Text(change) }
}

/// A way with a file of its own.
pub(crate) const fn file(name: &'static str, about: &'static str, end: &'static str, make: fn(&[&Person]) -> Vec<u8>) -> Way {
    Way { name, about, loses: |_| Vec::new(), form: Form::File(end, make) }
}

impl Way {
    /// The same, losing something.
    pub(crate) const fn losing(mut self, loses: fn(&Person) -> Vec<&'static str>) -> Way {
        self.loses = loses;
        self
    }

    /// The name of the way's file.
    pub(crate) fn file_name(&self) -> String {
        let end = if let Form::File(end, _) = self.form { end } else { "csv" };
        format!("{}.{end}", self.name)
    }

    /// The file of these people.
    pub(crate) fn write(&self, people: &[&Person]) -> Vec<u8> {
        match self.form {
            Form::Cells(change) => changed(people, change).into_bytes(),
            Form::Text(change) => change(&changed(people, |_, _| ())),
            Form::File(_, make) => make(people),
        }
    }
}

/// A text table of rows that were changed.
pub(crate) fn changed(people: &[&Person], change: fn(&mut Row, &Person)) -> String {
    let rows: Vec<Row> = people
        .iter()
        .map(|person| {
            let mut row = Row::of(person);
            change(&mut row, person);
            row
        })
        .collect();
    table(&rows, ',')
}

/// A text table, with the names of the first row.
pub(crate) fn table(rows: &[Row], separator: char) -> String {
    let mut text = String::new();
    put_line(&mut text, rows[0].0.iter().map(|(name, _)| name.as_str()), separator);
    for row in rows {
        put_line(&mut text, row.values(), separator);
    }
    text
}

/// A line of a text table.
pub(crate) fn put_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>, separator: char) {
    let quoted = cells.map(|cell| {
        if cell.contains([separator, '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    });
    let line = quoted.collect::<Vec<_>>().join(&separator.to_string());
    writeln!(text, "{line}").expect("a string takes all");
}

/// A row of the recipient's: names of columns and cells.
#[derive(Clone)]
pub(crate) struct Row(pub(crate) Vec<(String, String)>);

impl Row {
    /// A person as the recipient holds everybody before anything is rewritten.
    pub(crate) fn of(person: &Person) -> Row {
        let lines = person.home.lines();
        let cell = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Row(vec![
            cell("title", person.title),
            cell("first_name", &person.given),
            cell("middle_name", person.middle),
            cell("last_name", &person.family),
            cell("address_1", &lines[0]),
            cell("address_2", &lines[1..].join(", ")),
            cell("town", person.home.town),
            cell("county", person.home.county),
            cell("postcode", &person.home.postcode()),
            cell("date_of_birth", &person.born.dmy()),
            cell("child_dob", &person.child_born.dmy()),
            cell("email", &person.email),
            cell("mobile", &person.mobile),
            cell("phone", &person.home.landline),
            cell("customer_no", &person.customer),
        ])
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }

    fn at(&self, name: &str) -> usize {
        self.0.iter().position(|(column, _)| column == name).unwrap_or_else(|| panic!("no column `{name}`"))
    }

    pub(crate) fn cell(&self, name: &str) -> &str {
        &self.0[self.at(name)].1
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let at = self.at(name);
        self.0[at].1 = value.into();
    }

    /// Changes the filled cells of these columns.
    pub(crate) fn edit(&mut self, names: &[&str], change: impl Fn(&str) -> String) {
        for name in names {
            if !self.cell(name).is_empty() {
                self.set(name, change(self.cell(name)));
            }
        }
    }

    /// Changes all filled cells.
    pub(crate) fn edit_all(&mut self, change: impl Fn(&str) -> String) {
        for (_, value) in self.0.iter_mut().filter(|(_, value)| !value.is_empty()) {
            *value = change(value);
        }
    }

    pub(crate) fn drop(&mut self, name: &str) {
        let at = self.at(name);
        self.0.remove(at);
    }

    /// Puts other columns in the place of the first of these, and takes the rest away.
    pub(crate) fn replace(&mut self, names: &[&str], others: &[(&str, String)]) {
        let at = self.at(names[0]);
        for name in names {
            self.drop(name);
        }
        for (name, value) in others.iter().rev() {
            self.0.insert(at, ((*name).to_owned(), value.clone()));
        }
    }

    /// Names the columns anew.
    pub(crate) fn rename(&mut self, name: impl Fn(usize, &str) -> String) {
        for (index, (column, _)) in self.0.iter_mut().enumerate() {
            *column = name(index, column);
        }
    }
}
