//! The CSV files of the demo, each in a layout and spelling of its own.

use crate::demo::people::Person;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;

/// How one file writes a person: its header line and its rows.
pub(crate) struct Layout {
    header: &'static str,
    row: fn(&Person, &mut String),
}

/// What the originator supplies: comma-separated; the mother's date of birth is d/m/y, the child's ISO.
pub(crate) const SUPPLY: Layout = Layout {
    header: "customer_no,title,first_name,last_name,address_1,address_2,town,postcode,\
        email,phone,mother_dob,child_dob,signup_text",
    row: |person, row| {
        let Person { name, address, .. } = person;
        let fields = [&person.customer_no, name.title, name.given, &name.family, &address.line_1, &address.line_2, address.town];
        push_fields(row, ',', &fields);
        row.push(',');
        push_fields(row, ',', &[&address.postcode, &person.email, &phone_grouped(person), &day_first(person.mother_dob)]);
        row.push(',');
        push_fields(row, ',', &[&person.child_dob.to_string(), &person.signup_text]);
    },
};

/// What the recipient gave to its mailing house: semicolons, capitals, postcodes without a space, every date d/m/y.
pub(crate) const MAILING_HOUSE: Layout = Layout {
    header: "Customer Ref;Surname;Forename;Addr1;Addr2;Post Town;Post Code;DOB;Child DOB;Mobile;E-mail",
    row: |person, row| {
        let Person { name, address, .. } = person;
        let (surname, town) = (name.family.to_uppercase(), address.town.to_uppercase());
        let (first, second) = (address.line_1.to_uppercase(), address.line_2.to_uppercase());
        push_fields(
            row,
            ';',
            &[&person.customer_no, &surname, name.given, &first, &second, &town, &address.postcode.replace(' ', "")],
        );
        row.push(';');
        let phone = phone_grouped(person);
        push_fields(
            row,
            ';',
            &[&day_first(person.mother_dob), &day_first(person.child_dob), &phone, &person.email.to_uppercase()],
        );
    },
};

/// What the recipient gave to an agency: name and address in one cell each, dates with the month in words.
pub(crate) const AGENCY_EXTRACT: Layout = Layout {
    header: "Ref,Full Name,Address,PCode,Telephone,Email Address,Date of Birth,Baby DOB",
    row: |person, row| {
        let Person { name, address, .. } = person;
        let full_name = [&name.family.to_uppercase(), ", ", name.given].concat();
        let telephone = format!("+44 {}", person.phone_digits());
        push_fields(row, ',', &[&person.customer_no, &full_name, &address.lines(", "), &address.postcode.to_lowercase()]);
        row.push(',');
        push_fields(row, ',', &[&telephone, &person.email, &month_words(person.mother_dob), &month_words(person.child_dob)]);
    },
};

/// The recipient's own subscribers: tabs, no street.
pub(crate) const NEWSLETTER: Layout = Layout {
    header: "email\tforename\tsurname\tpostcode\tmobile\tdate_of_birth",
    row: |person, row| {
        let Person { name, address, .. } = person;
        let phone = format!("0{}", person.phone_digits());
        push_fields(
            row,
            '\t',
            &[&person.email, name.given, &name.family, &address.postcode, &phone, &person.mother_dob.to_string()],
        );
    },
};

/// A file on its way.
pub(crate) struct Export {
    row: fn(&Person, &mut String),
    line: String,
    file: BufWriter<File>,
}

impl Export {
    /// Begins a new file with its header; one that exists already is an error.
    pub(crate) fn create(path: &Path, layout: &Layout) -> io::Result<Export> {
        let mut file = BufWriter::with_capacity(1 << 17, File::create_new(path)?);
        writeln!(file, "{}", layout.header)?;
        Ok(Export { row: layout.row, line: String::with_capacity(512), file })
    }

    /// Adds a person.
    pub(crate) fn push(&mut self, person: &Person) -> io::Result<()> {
        self.line.clear();
        (self.row)(person, &mut self.line);
        self.line.push('\n');
        self.file.write_all(self.line.as_bytes())
    }

    /// Writes what is still in memory.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// `14/03/1985`.
fn day_first(day: jiff::civil::Date) -> String {
    format!("{:02}/{:02}/{}", day.day(), day.month(), day.year())
}

/// `14 Mar 1985`.
fn month_words(day: jiff::civil::Date) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!("{} {} {}", day.day(), MONTHS[usize::from(day.month().unsigned_abs()) - 1], day.year())
}

/// `07123 456789`.
fn phone_grouped(person: &Person) -> String {
    let mut phone = String::with_capacity(12);
    let _ = write!(phone, "07{:03} {:06}", person.mobile / 1_000_000, person.mobile % 1_000_000);
    phone
}

/// Adds fields with their delimiter between them, quoted where RFC 4180 asks for it.
fn push_fields(row: &mut String, delimiter: char, fields: &[&str]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            row.push(delimiter);
        }
        if field.contains([delimiter, '"', '\n']) {
            row.push('"');
            row.push_str(&field.replace('"', "\"\""));
            row.push('"');
        } else {
            row.push_str(field);
        }
    }
}
