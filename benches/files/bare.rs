//! The crates beside which a kind of file is read: each reads every value, and drops it.

use crate::Answer;
use serde::Deserializer;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;

/// What a file is read with, by its ending.
pub(crate) fn name(file: &Path) -> &'static str {
    match ending(file) {
        "csv" => "csv",
        "gz" => "flate2, csv",
        "zst" => "zstd, csv",
        "xz" => "liblzma, csv",
        "bz2" => "bzip2, csv",
        "zip" => "zip, csv",
        "tar" => "tar, csv",
        "json" | "jsonl" => "serde_json",
        "sql" => "lines, nothing else",
        "parquet" => "parquet",
        "arrow" => "arrow-ipc",
        "avro" => "arrow-avro",
        "xlsx" | "xls" | "ods" => "calamine",
        _ => "nothing",
    }
}

/// Reads a file to its end and counts its rows.
pub(crate) fn read(file: &Path) -> Answer<u64> {
    let mut content = BufReader::with_capacity(1 << 16, File::open(file)?);
    Ok(match ending(file) {
        "csv" => rows_of_csv(content)?,
        "gz" => rows_of_csv(flate2::bufread::MultiGzDecoder::new(content))?,
        "zst" => rows_of_csv(zstd::Decoder::with_buffer(content)?)?,
        "xz" => rows_of_csv(liblzma::bufread::XzDecoder::new_multi_decoder(content))?,
        "bz2" => rows_of_csv(bzip2::bufread::MultiBzDecoder::new(content))?,
        "zip" => rows_of_csv(zip::ZipArchive::new(content)?.by_index(0)?)?,
        "tar" => rows_of_csv(tar::Archive::new(content).entries()?.next().ok_or("an empty archive")??)?,
        "jsonl" => {
            let mut rows = 0;
            for record in serde_json::Deserializer::from_reader(content).into_iter::<Value>() {
                drop(record?);
                rows += 1;
            }
            rows
        }
        "json" => serde_json::Deserializer::from_reader(content).deserialize_seq(Records)?,
        "sql" => {
            let (mut rows, mut line) = (0, Vec::new());
            while content.read_until(b'\n', &mut line)? > 0 {
                rows += 1;
                line.clear();
            }
            rows
        }
        "parquet" => {
            let batches =
                parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(content.into_inner())?.build()?;
            rows_of_batches(batches)?
        }
        "arrow" => rows_of_batches(arrow_ipc::reader::FileReader::try_new(content, None)?)?,
        "avro" => rows_of_batches(arrow_avro::reader::ReaderBuilder::new().with_batch_size(8192).build(content)?)?,
        "xlsx" => {
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(file)?;
            let sheet = calamine::Reader::sheet_names(&book).first().cloned().ok_or("no sheet")?;
            let (mut cells, mut last) = (book.worksheet_cells_reader(&sheet)?, 0);
            while let Some(cell) = cells.next_cell()? {
                last = cell.get_position().0;
            }
            u64::from(last)
        }
        "xls" => height::<calamine::Xls<_>>(file)?,
        "ods" => height::<calamine::Ods<_>>(file)?,
        other => return Err(format!("nothing reads `.{other}`").into()),
    })
}

fn ending(file: &Path) -> &str {
    file.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}

fn rows_of_csv(content: impl Read) -> Answer<u64> {
    let (mut reader, mut record, mut rows) = (csv::Reader::from_reader(content), csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

fn rows_of_batches<E: std::error::Error + 'static>(
    batches: impl Iterator<Item = Result<arrow_array::RecordBatch, E>>,
) -> Answer<u64> {
    let mut rows = 0;
    for batch in batches {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

/// Rows of the first sheet, its header left out.
fn height<B: calamine::Reader<BufReader<File>>>(file: &Path) -> Answer<u64>
where
    B::Error: std::error::Error + 'static,
{
    let mut book: B = calamine::open_workbook(file)?;
    let sheet = book.sheet_names().first().cloned().ok_or("no sheet")?;
    Ok(book.worksheet_range(&sheet)?.height().saturating_sub(1) as u64)
}

/// Counts the records of an array, a record at a time.
struct Records;

impl<'de> Visitor<'de> for Records {
    type Value = u64;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<u64, A::Error> {
        let mut rows = 0;
        while let Some(record) = records.next_element::<Value>()? {
            drop(record);
            rows += 1;
        }
        Ok(rows)
    }
}
