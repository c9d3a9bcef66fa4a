//! What merely reading a file takes, beside which a scan of it is held: the `csv` crate parsing it, or the driver of `SQLite` handing over every cell of its tables.
//! Prints how many records and fields there are.
//!
//! Usage: parse FILE

use rusqlite::Connection;
use rusqlite::OpenFlags;
use std::error::Error;
use std::fs::File;

#[allow(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: parse FILE")?;
    let (records, fields) = if path.ends_with(".sqlite") { cells(&path)? } else { parse(&path)? };
    println!("{records} records, {fields} fields");
    Ok(())
}

fn parse(path: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 18).from_reader(File::open(path)?);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut fields) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        fields += record.len() as u64;
    }
    Ok((records, fields))
}

fn cells(path: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let (mut records, mut fields) = (0, 0);
    for table in tables {
        let mut read = connection.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
        let width = read.column_count();
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            records += 1;
            for column in 0..width {
                std::hint::black_box(row.get_ref(column)?);
                fields += 1;
            }
        }
    }
    Ok((records, fields))
}
