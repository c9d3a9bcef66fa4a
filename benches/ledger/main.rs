//! How long it takes to open a large ledger and to show its board, beside `sha256sum` of the same lines.
//!
//! `cargo bench --bench ledger -- [RUNS [PROGRAM]]` writes a ledger of 10,000 supplies and 100,000 attestations to a temporary folder, without
//! their documents, which these commands do not open. All take turns; medians are printed. PROGRAM is another build of `residua` to be measured.

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

type Answer<T> = Result<T, Box<dyn Error>>;

const SUPPLIES: u64 = 10_000;

/// Challenges of each supply, of which each is answered once.
const ROUNDS: u64 = 10;

/// The day on which the board is asked for.
const NOW: &str = "2018-09-01T09:00:00Z";

fn main() -> Answer<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runs = arguments.first().map_or(Ok(11), |runs| runs.parse())?;
    let program = arguments.get(1).map_or(env!("CARGO_BIN_EXE_residua"), String::as_str);
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let lines = write_ledger(folder)?;
    let file = folder.join("ledger.jsonl");
    let mut out = io::stdout().lock();
    writeln!(out, "{lines} lines, {:.1} MB\n", fs::metadata(&file)?.len() as f64 / 1e6)?;

    let residua = |words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).args(["--now", NOW, "--ledger"]).arg(folder);
        command
    };
    let show = id(0);
    let mut commands = [
        ("`sha256sum` of the lines", Command::new("sha256sum")),
        ("`supplies show`: opening, and one supply", residua(&["supplies", "show", &show])),
        ("`status`", residua(&["status"])),
        ("`status --format json`", residua(&["status", "--format", "json"])),
    ];
    commands[0].1.arg(&file);
    check(&mut commands[2].1)?;

    let mut seconds = vec![Vec::new(); commands.len()];
    for _ in 0..runs {
        for ((_, command), seconds) in commands.iter_mut().zip(&mut seconds) {
            let begun = Instant::now();
            command.stdout(Stdio::null()).status()?;
            seconds.push(begun.elapsed().as_secs_f64());
        }
    }
    writeln!(out, "| what | s | against `sha256sum` | peak MB |\n|---|---:|---:|---:|")?;
    for ((name, command), own) in commands.iter_mut().zip(&seconds) {
        let ratio = median(own.iter().zip(&seconds[0]).map(|(own, other)| own / other).collect());
        writeln!(out, "| {name} | {:.2} | {ratio:.1} × | {:.0} |", median(own.clone()), peak(command)?)?;
    }
    Ok(())
}

/// Every supply has to stand on the board, or what was measured was an error.
fn check(status: &mut Command) -> Answer<()> {
    let output = status.output()?;
    let shown = String::from_utf8_lossy(&output.stdout).lines().count() as u64;
    if shown < SUPPLIES {
        return Err(format!("the board has {shown} lines: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(())
}

/// A ledger as a folder. Its lines are written here, since the program makes sure of each line three times that it is on the disk.
fn write_ledger(folder: &Path) -> Answer<u64> {
    for name in ["envelopes", "secrets"] {
        fs::create_dir(folder.join(name))?;
    }
    let mut file = BufWriter::new(File::create(folder.join("ledger.jsonl"))?);
    let (mut sequence, mut previous) = (0, "0".repeat(64));
    let mut append = |at: String, entry: Value| -> Answer<()> {
        sequence += 1;
        // The order of the members is the program's.
        let line = format!(r#"{{"sequence":{sequence},"previous":"{previous}","at":"{at}","entry":{entry}}}"#);
        previous = hex(&Sha256::digest(&line));
        Ok(writeln!(file, "{line}")?)
    };
    for supply in 0..SUPPLIES {
        append("2017-05-05T09:00:00Z".to_owned(), of_supply(supply))?;
    }
    // All supplies of a round before the next, so that lines of one supply lie far apart.
    for round in 0..ROUNDS {
        for supply in 0..SUPPLIES {
            append(time(round, 9), of_challenge(supply, round))?;
            append(time(round, 15), of_receipt(supply, round))?;
        }
    }
    file.into_inner()?.sync_all()?;
    fs::write(folder.join("head"), format!("{sequence} {previous}\n"))?;
    Ok(sequence)
}

fn of_supply(supply: u64) -> Value {
    json!({ "supply": {
        "supplyId": id(supply),
        "recipient": card(&format!("Recipient {}", supply % 500), supply % 500),
        "originator": card("The originator", 500),
        "records": 1_000 + supply * 100,
        "deleteBy": "2017-06-30",
        "purpose": "one campaign by post and e-mail",
        "baselineStatement": digest("baseline", supply),
        "deletionStatement": digest("deletion", supply),
        "createdAt": "2017-05-05T09:00:00Z",
    }})
}

fn of_challenge(supply: u64, round: u64) -> Value {
    json!({ "challenge": {
        "supplyId": id(supply),
        "challengeId": id(SUPPLIES + supply * ROUNDS + round),
        "phase": phase(round),
        "issuedAt": time(round, 9),
        "expiresAt": time(round + 1, 9),
        "envelope": digest("challenge", supply * ROUNDS + round),
    }})
}

fn of_receipt(supply: u64, round: u64) -> Value {
    let (verdict, appraisal, reasons): (_, _, &[&str]) = match (round, supply % 10) {
        (0, _) => ("present", "present", &[]),
        (_, 0) => ("residual", "residual", &["212 records of the supply were found, 209 of them in `crm.db#contacts`"]),
        (_, 1) => (
            "inconclusive",
            "inconclusive",
            &["a place of the baseline was not scanned: `exports/march.csv`", "2 files could not be read"],
        ),
        _ => ("clear", "clear", &[]),
    };
    json!({ "receipt": {
        "supplyId": id(supply),
        "challengeId": id(SUPPLIES + supply * ROUNDS + round),
        "phase": phase(round),
        "attestation": digest("attestation", supply * ROUNDS + round),
        "receivedAt": time(round, 15),
        "verdict": verdict,
        "appraisal": appraisal,
        "reasons": reasons,
    }})
}

/// A card as long as a true one. Its keys are none, and no board reads them.
fn card(name: &str, number: u64) -> Value {
    json!({
        "name": name,
        "publicKeyPem": format!("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{:.44}\n-----END PUBLIC KEY-----\n", digest("key", number)),
        "fingerprint": format!("SHA256:{:.43}", digest("fingerprint", number)),
        "ageRecipient": format!("age1{:.58}", digest("recipient", number)),
    })
}

fn phase(round: u64) -> &'static str {
    match round {
        0 => "baseline",
        1 => "deletion",
        _ => "recheck",
    }
}

/// A baseline in May, the deletion in July, and a recheck each month thereafter.
fn time(round: u64, hour: u64) -> String {
    let month = if round == 0 { 4 } else { round + 5 };
    format!("{}-{:02}-08T{hour:02}:00:00Z", 2017 + month / 12, month % 12 + 1)
}

/// The identifiers of supplies, and after them those of challenges.
fn id(number: u64) -> String {
    digest("id", number)[..32].to_owned()
}

/// Digits that look like chance and are the same in each run.
fn digest(what: &str, number: u64) -> String {
    hex(&Sha256::digest(format!("{what} {number}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory that a run has at any time in MB, as Linux tells it every other millisecond; elsewhere no number.
fn peak(command: &mut Command) -> Answer<f64> {
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let path = format!("/proc/{}/status", child.id());
    let mut peak = f64::NAN;
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
        peak = kilobytes.map_or(peak, |kilobytes| peak.max(kilobytes / 1e3));
        thread::sleep(Duration::from_millis(2));
    }
    Ok(peak)
}
