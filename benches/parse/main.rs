//! What merely reading takes, beside which a scan is held: the `csv` crate parsing a file, the driver of `SQLite` handing over every cell of its tables, or that of
//! `PostgreSQL` every line of a table `people`. Prints how many records and fields there are.
//!
//! Usage: parse FILE|URL

use rusqlite::Connection;
use rusqlite::OpenFlags;
use std::error::Error;
use std::fs::File;
use std::io::BufRead;

#[allow(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: parse FILE|URL")?;
    let (records, fields) = if path.starts_with("postgres://") {
        lines(&path)?
    } else if path.ends_with(".sqlite") {
        cells(&path)?
    } else {
        parse(&path)?
    };
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

fn lines(url: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let mut reader = client.copy_out("COPY people TO STDOUT (FORMAT text)")?;
    let (mut records, mut width) = (0, 0);
    loop {
        // A message of the server is a line.
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok((records, records * width));
        }
        if records == 0 {
            width = bytes.split(|byte| *byte == b'\t').count() as u64;
        }
        records += 1;
        let length = bytes.len();
        reader.consume(length);
    }
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
