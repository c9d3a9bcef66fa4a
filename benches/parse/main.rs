//! The `csv` crate merely parsing a file: what a scan of it is held against. Prints how many records and fields there are.
//!
//! Usage: parse FILE

use std::error::Error;
use std::fs::File;

#[allow(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: parse FILE")?;
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 18).from_reader(File::open(path)?);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut fields) = (0_u64, 0_u64);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        fields += record.len() as u64;
    }
    println!("{records} records, {fields} fields");
    Ok(())
}
