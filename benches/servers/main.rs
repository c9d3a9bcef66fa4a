//! How fast a server's table is read, beside the bare driver that reads the same columns and drops them.
//!
//! `benches/with_servers` starts throw-away servers, fills them and runs this: `cargo bench --features bench --bench servers -- URL TABLE COLUMNS
//! RUNS`. The two take turns, each run is printed, and at the end the medians and the median of the ratios of runs side by side.

use mysql_async::prelude::Queryable;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::io::BufRead;
use std::io::Write;
use std::time::Instant;

type Answer<T> = Result<T, Box<dyn Error>>;

fn main() -> Answer<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [url, table, columns, runs] = arguments.as_slice() else { return Err("URL TABLE COLUMNS RUNS".into()) };
    let mut out = io::stdout().lock();
    let (mut ours, mut bare, mut parallel) = (Vec::new(), Vec::new(), Vec::new());
    let is_postgres = url.starts_with("postgres");
    for run in 1..=runs.parse()? {
        let reads = if is_postgres { vec![(&mut ours, 1), (&mut parallel, 2)] } else { vec![(&mut ours, 1)] };
        for (times, connections) in reads {
            let begun = Instant::now();
            let (rows, bytes) = residua::drain(url, connections)?;
            let seconds = begun.elapsed().as_secs_f64();
            writeln!(out, "{run}: residua, {connections} connections: {rows} rows, {bytes} bytes, {seconds:.2} s")?;
            times.push((rows as f64, seconds));
        }
        let begun = Instant::now();
        let rows = if is_postgres { copy(url, table, columns)? } else { select(url, table, columns)? };
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(out, "{run}: bare driver: {rows} rows, {seconds:.2} s")?;
        bare.push((rows as f64, seconds));
    }
    let rate = |times: &[(f64, f64)]| median(times.iter().map(|(rows, seconds)| rows / seconds / 1e6).collect());
    let ratio = |times: &[(f64, f64)]| median(times.iter().zip(&bare).map(|((_, ours), (_, bare))| ours / bare).collect());
    writeln!(
        out,
        "bare driver {:.2} M rows/s; residua {:.2} M rows/s, {:.2} × its time",
        rate(&bare),
        rate(&ours),
        ratio(&ours)
    )?;
    if is_postgres {
        writeln!(out, "residua, two connections: {:.2} M rows/s, {:.2} × its time", rate(&parallel), ratio(&parallel))?;
    }
    writeln!(out, "peak memory of this process: {}", peak()?)?;
    Ok(())
}

/// Reads by `COPY`, row by row, and drops what came.
fn copy(url: &str, table: &str, columns: &str) -> Answer<u64> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)?;
    let mut reader = client.copy_out(&format!("COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT text)"))?;
    let mut rows = 0;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(rows);
        }
        let count = bytes.len();
        rows += 1;
        reader.consume(count);
    }
}

/// Reads by the text protocol, row by row, and drops what came.
fn select(url: &str, table: &str, columns: &str) -> Answer<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = mysql_async::Conn::new(mysql_async::Opts::from_url(url)?).await?;
        let mut result = connection.query_iter(format!("SELECT {columns} FROM {table}")).await?;
        let mut rows = 0;
        while let Some(row) = result.next().await? {
            drop(row);
            rows += 1;
        }
        Ok(rows)
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory that this process had at any time, as Linux tells it.
fn peak() -> Answer<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned())
}
