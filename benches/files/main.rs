//! How fast each kind of file is read, and in how much memory, beside the crate that others would read it with.
//!
//! `benches/with_files` makes the files and runs this: `cargo bench --features bench --bench files -- FOLDER RUNS`. For each file the two take turns,
//! each run in a process of its own, so that its peak of memory is its own; medians are printed.

mod bare;

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

type Answer<T> = Result<T, Box<dyn Error>>;

/// What one run says of itself: rows, seconds, and the peak of memory in MB.
struct Run {
    rows: f64,
    seconds: f64,
    peak: f64,
}

fn main() -> Answer<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [reader, file] if reader == "residua" || reader == "bare" => read(reader, file),
        [folder, runs] => measure(Path::new(folder), runs.parse()?),
        _ => Err("FOLDER RUNS".into()),
    }
}

/// One run: reads the file and prints what the other process wants to know.
fn read(reader: &str, file: &str) -> Answer<()> {
    let begun = Instant::now();
    let rows = if reader == "bare" { bare::read(Path::new(file))? } else { residua::drain(file, 1)?.0 };
    writeln!(io::stdout(), "{rows} {} {}", begun.elapsed().as_secs_f64(), peak()?)?;
    Ok(())
}

fn measure(folder: &Path, runs: usize) -> Answer<()> {
    let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut out = io::stdout().lock();
    writeln!(out, "| file | beside | M rows/s | beside it, M rows/s | time against it | peak MB | peak MB beside it |")?;
    writeln!(out, "|---|---|---:|---:|---:|---:|---:|")?;
    for file in files {
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(run("residua", &file)?);
            others.push(run("bare", &file)?);
        }
        let rate = |runs: &[Run]| median(runs.iter().map(|run| run.rows / run.seconds / 1e6).collect());
        let peak = |runs: &[Run]| median(runs.iter().map(|run| run.peak).collect());
        let ratio = median(ours.iter().zip(&others).map(|(ours, other)| ours.seconds / other.seconds).collect());
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (own_rate, other_rate, own_peak, other_peak) = (rate(&ours), rate(&others), peak(&ours), peak(&others));
        let beside = bare::name(&file);
        writeln!(
            out,
            "| `{name}` | {beside} | {own_rate:.2} | {other_rate:.2} | {ratio:.2} × | {own_peak:.0} | {other_peak:.0} |"
        )?;
    }
    Ok(())
}

fn run(reader: &str, file: &Path) -> Answer<Run> {
    let output = Command::new(env::current_exe()?).arg(reader).arg(file).output()?;
    let said = String::from_utf8(output.stdout)?;
    let words: Vec<f64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [rows, seconds, peak] = words.as_slice() else {
        return Err(format!("{reader} could not read {}: {}", file.display(), String::from_utf8_lossy(&output.stderr)).into());
    };
    Ok(Run { rows: *rows, seconds: *seconds, peak: *peak })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory that this process had at any time in MB, as Linux tells it.
fn peak() -> Answer<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1e3)
}
