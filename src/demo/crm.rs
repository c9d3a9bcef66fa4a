//! The recipient's customer database: what it loaded from the supply, what it had before, and what it should have forgotten.

use crate::demo::people::Person;
use crate::demo::people::Population;
use crate::demo::random::Random;
use crate::demo::world::Extent;
use rusqlite::Connection;
use rusqlite::Statement;
use rusqlite::params;
use std::path::Path;

/// The word in `contacts.source` for rows that came with the supply.
const SUPPLIED: &str = "ED-2017";

const SCHEMA: &str = "
    CREATE TABLE contacts (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, external_ref TEXT, title TEXT, forename TEXT, surname TEXT,
        address1 TEXT, address2 TEXT, city TEXT, postcode TEXT, email TEXT, telephone TEXT, dob TEXT, child_dob TEXT
    );
    CREATE TABLE contacts_backup_2017 (
        id INTEGER PRIMARY KEY, supplier_ref TEXT, full_name TEXT, addr TEXT, post_code TEXT, email_address TEXT, mobile TEXT, dob TEXT,
        child_dob TEXT
    );
    CREATE TABLE electoral_roll (id INTEGER PRIMARY KEY, surname TEXT, forename TEXT, address TEXT, postcode TEXT);
    CREATE TABLE campaign_log (id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL, sent_at TEXT, channel TEXT, outcome TEXT);
    CREATE TABLE segments (id INTEGER PRIMARY KEY, segment TEXT NOT NULL, members INTEGER NOT NULL);
";

const CHANNELS: &[&str] = &["post", "post", "post", "mail", "text"];
const OUTCOMES: &[&str] = &["delivered", "delivered", "delivered", "opened", "opened", "returned", "unsubscribed", "no answer"];
const SOURCES: &[&str] = &["WEB", "SURVEY", "EVENT", "PARTNER"];
const SEGMENTS: &[&str] =
    &["new mothers", "marginal seats", "first-time buyers", "renters", "school gate", "no contact", "lapsed", "supporters"];

/// The domain of [`Random::of`] in this file.
const LOG: u64 = 0x20;

/// Fills a new database at `path`. `step` is called with every row.
pub(crate) fn create(path: &Path, population: &Population, extent: &Extent, step: &mut dyn FnMut()) -> rusqlite::Result<()> {
    let mut connection = open(path)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;

    let mut contact = transaction.prepare(
        "INSERT INTO contacts
         (source, external_ref, title, forename, surname, address1, address2, city, postcode, email, telephone, dob, child_dob)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for index in 0..extent.records {
        let person = population.record(index);
        let child_dob = person.child_dob.to_string();
        insert_contact(&mut contact, SUPPLIED, Some(&person.customer_no), &person, Some(&child_dob))?;
        step();
    }
    for index in extent.own_contacts() {
        let source = Random::of(extent.seed, LOG, !index).pick(SOURCES);
        insert_contact(&mut contact, source, None, &population.person(index), None)?;
        step();
    }
    drop(contact);

    let mut backup = transaction.prepare(
        "INSERT INTO contacts_backup_2017 (supplier_ref, full_name, addr, post_code, email_address, mobile, dob, child_dob)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for index in 0..extent.records {
        let person = population.record(index);
        let (name, address) = (&person.name, &person.address);
        let space = if name.title.is_empty() { "" } else { " " };
        let full_name = [name.title, space, name.given, " ", &name.family].concat();
        let mobile = format!("0{}", person.phone_digits());
        let (dob, child_dob) = (format!("{} 00:00:00", person.mother_dob), format!("{} 00:00:00", person.child_dob));
        let lines = address.lines(", ");
        backup.execute(params![person.customer_no, full_name, lines, address.postcode, person.email, mobile, dob, child_dob])?;
        step();
    }
    drop(backup);

    let mut elector =
        transaction.prepare("INSERT INTO electoral_roll (surname, forename, address, postcode) VALUES (?, ?, ?, ?)")?;
    let mut enrol = |person: Person| -> rusqlite::Result<()> {
        let Person { name, address, .. } = person;
        elector.execute(params![name.family, name.given, address.lines(", "), address.postcode])?;
        step();
        Ok(())
    };
    let mut others = extent.own_electors();
    for index in extent.supplied_electors(population) {
        enrol(population.record(index))?;
        for other in others.by_ref().take(2) {
            enrol(population.person(other))?;
        }
    }
    for other in others {
        enrol(population.person(other))?;
    }
    drop(elector);

    let mut event =
        transaction.prepare("INSERT INTO campaign_log (contact_id, sent_at, channel, outcome) VALUES (?, ?, ?, ?)")?;
    for index in 0..extent.events() {
        let mut random = Random::of(extent.seed, LOG, index);
        #[allow(clippy::cast_possible_wrap)] // The number of contacts is far below 2^63.
        let contact = (1 + random.word() % extent.contacts()) as i64;
        let (day, hour, minute, second) = (8 + random.below(23), 8 + random.below(12), random.below(60), random.below(60));
        let sent_at = format!("2017-05-{day:02} {hour:02}:{minute:02}:{second:02}");
        event.execute(params![contact, sent_at, random.pick(CHANNELS), random.pick(OUTCOMES)])?;
        step();
    }
    drop(event);

    let mut segment = transaction.prepare("INSERT INTO segments (segment, members) VALUES (?, ?)")?;
    for (share, name) in (2..).zip(SEGMENTS) {
        #[allow(clippy::cast_possible_wrap)] // As above.
        segment.execute(params![name, (extent.contacts() / share) as i64])?;
        step();
    }
    drop(segment);
    transaction.commit()
}

/// How many rows `segments` has.
pub(crate) fn segments() -> u64 {
    SEGMENTS.len() as u64
}

/// Deletes the supplied rows of `contacts`, and says how many there were.
pub(crate) fn delete_supplied_contacts(path: &Path) -> rusqlite::Result<u64> {
    let connection = open(path)?;
    Ok(connection.execute("DELETE FROM contacts WHERE source = ?", [SUPPLIED])? as u64)
}

/// Deletes all rows of `contacts_backup_2017`, which stays as an empty table, and gives the freed pages of all tables back to
/// the disk.
pub(crate) fn delete_backup(path: &Path) -> rusqlite::Result<u64> {
    let connection = open(path)?;
    let rows = connection.execute("DELETE FROM contacts_backup_2017", [])?;
    connection.execute_batch("VACUUM")?;
    Ok(rows as u64)
}

/// Opens the database for bulk work: without a journal, since a demo that was interrupted begins anew.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;")?;
    Ok(connection)
}

fn insert_contact(
    statement: &mut Statement<'_>,
    source: &str,
    external_ref: Option<&str>,
    person: &Person,
    child_dob: Option<&str>,
) -> rusqlite::Result<()> {
    let Person { name, address, .. } = person;
    let telephone = format!("+44{}", person.phone_digits());
    statement.execute(params![
        source,
        external_ref,
        name.title.to_uppercase(),
        name.given.to_uppercase(),
        name.family.to_uppercase(),
        address.line_1.to_uppercase(),
        address.line_2.to_uppercase(),
        address.town.to_uppercase(),
        address.postcode,
        person.email,
        telephone,
        person.mother_dob.to_string(),
        child_dob,
    ])?;
    Ok(())
}
