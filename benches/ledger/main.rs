//! How long it takes to open a large ledger, to show its board and to verify all of it, beside `sha256sum` of its lines.
//!
//! `cargo bench --bench ledger -- [RUNS [PROGRAM]]` writes a ledger of 10,000 supplies and 100,000 attestations with its documents and secrets to a
//! temporary folder (230,000 files, some 1.7 GB). All take turns; medians are printed. PROGRAM is another build of `residua` to be measured.

use data_encoding::BASE64;
use ed25519_dalek::Signer;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
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

const RECIPIENTS: u64 = 500;

/// Bytes inside the envelopes of a manifest's statement, a challenge and an attestation, as those of a supply with a dozen keys have them.
const STATEMENT: usize = 6_000;
const CHALLENGE: usize = 3_000;
const ATTESTATION: usize = 8_000;

/// The day on which the board is asked for.
const NOW: &str = "2018-09-01T09:00:00Z";

fn main() -> Answer<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runs = arguments.first().map_or(Ok(11), |runs| runs.parse())?;
    let program = arguments.get(1).map_or(env!("CARGO_BIN_EXE_residua"), String::as_str);
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let lines = write_ledger(folder, &parties(program)?)?;
    let file = folder.join("ledger.jsonl");
    let mut out = io::stdout().lock();
    writeln!(out, "{lines} lines, {:.1} MB\n", fs::metadata(&file)?.len() as f64 / 1e6)?;

    let residua = |words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).args(["--now", NOW, "--ledger"]).arg(folder);
        command
    };
    let mut commands = [
        ("`sha256sum` of the lines", Command::new("sha256sum")),
        ("`recipient list`: opening, and 500 keys", residua(&["recipient", "list"])),
        ("`status`", residua(&["status"])),
        ("`status --format json`", residua(&["status", "--format", "json"])),
        ("`ledger verify`", residua(&["ledger", "verify"])),
    ];
    commands[0].1.arg(&file);
    check(&mut commands[2].1)?;
    let verified = commands[4].1.output()?;
    if !verified.status.success() {
        return Err(format!("the ledger is not sound: {}", String::from_utf8_lossy(&verified.stderr)).into());
    }
    writeln!(out, "{}", String::from_utf8_lossy(&verified.stdout))?;

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

/// A party with the key that signs its documents.
struct Party {
    card: Value,
    key: SigningKey,
}

/// The originator, and after it the recipients.
fn parties(program: &str) -> Answer<Vec<Party>> {
    let folder = tempfile::tempdir()?;
    let party = |number: u64| -> Answer<Party> {
        let out = folder.path().join(number.to_string());
        let name = if number == 0 { "The originator".to_owned() } else { format!("Recipient {number}") };
        let status = Command::new(program)
            .args(["keygen", "--quiet", "--name", &name, "--out"])
            .arg(&out)
            .stdout(Stdio::null())
            .status()?;
        let key = fs::read_to_string(out.with_extension("key"))?;
        let pem = key.find("-----BEGIN").zip(key.find("AGE-SECRET")).and_then(|(from, to)| key.get(from..to));
        let key = SigningKey::from_pkcs8_pem(pem.ok_or("no key")?.trim_end())?;
        let card = serde_json::from_slice(&fs::read(out.with_extension("card.json"))?)?;
        if status.success() { Ok(Party { card, key }) } else { Err("no key was made".into()) }
    };
    (0..=RECIPIENTS).map(party).collect()
}

/// Keeps a document as the program does, and returns its digest.
fn keep(folder: &Path, bytes: &[u8]) -> Answer<String> {
    let digest = hex(&Sha256::digest(bytes));
    fs::write(folder.join("envelopes").join(format!("{digest}.json")), bytes)?;
    Ok(digest)
}

/// A signed document with so many bytes of JSON in it. What it says is nobody's business here.
fn document(party: &Party, what: &str, number: u64, length: usize) -> Vec<u8> {
    let filler = digest(what, number).repeat(length / 64);
    let payload = format!(r#"{{"{what}":{number},"filler":"{filler}"}}"#);
    let kind = "application/vnd.in-toto+json";
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(payload.as_bytes());
    let signature = json!({ "keyid": party.card["fingerprint"], "sig": BASE64.encode(&party.key.sign(&signed).to_bytes()) });
    let envelope = json!({ "payload": BASE64.encode(payload.as_bytes()), "payloadType": kind, "signatures": [signature] });
    format!("{envelope:#}\n").into_bytes()
}

/// Salts and keys of shuffles, for their owner alone.
fn keep_secrets(folder: &Path, supply: u64) -> Answer<()> {
    let secret = |what: &str| digest(what, supply);
    let names = ["baselineSalt", "deletionSalt", "baselineShuffle", "deletionShuffle"];
    let members: Vec<String> = names.iter().map(|name| format!("  \"{name}\": \"{}\"", secret(name))).collect();
    let path = folder.join("secrets").join(format!("{}.json", id(supply)));
    fs::write(&path, format!("{{\n{}\n}}\n", members.join(",\n")))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
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
fn write_ledger(folder: &Path, parties: &[Party]) -> Answer<u64> {
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
    let recipient = |supply: u64| -> Answer<&Party> {
        Ok(parties.get(usize::try_from(1 + supply % RECIPIENTS)?).ok_or("no such recipient")?)
    };
    let originator = parties.first().ok_or("no originator")?;
    for supply in 0..SUPPLIES {
        let statement = |what| keep(folder, &document(originator, what, supply, STATEMENT));
        let statements = [statement("baseline")?, statement("deletion")?];
        append("2017-05-05T09:00:00Z".to_owned(), of_supply(supply, originator, recipient(supply)?, &statements))?;
        keep_secrets(folder, supply)?;
    }
    // All supplies of a round before the next, so that lines of one supply lie far apart.
    for round in 0..ROUNDS {
        for supply in 0..SUPPLIES {
            let number = supply * ROUNDS + round;
            let challenge = keep(folder, &document(originator, "challenge", number, CHALLENGE))?;
            append(time(round, 9), of_challenge(supply, round, &challenge))?;
            let attestation = keep(folder, &document(recipient(supply)?, "attestation", number, ATTESTATION))?;
            append(time(round, 15), of_receipt(supply, round, &attestation))?;
        }
    }
    file.into_inner()?.sync_all()?;
    fs::write(folder.join("head"), format!("{sequence} {previous}\n"))?;
    Ok(sequence)
}

fn of_supply(supply: u64, originator: &Party, recipient: &Party, [baseline, deletion]: &[String; 2]) -> Value {
    json!({ "supply": {
        "supplyId": id(supply),
        "recipient": recipient.card,
        "originator": originator.card,
        "records": 1_000 + supply * 100,
        "deleteBy": "2017-06-30",
        "purpose": "one campaign by post and e-mail",
        "baselineStatement": baseline,
        "deletionStatement": deletion,
        "createdAt": "2017-05-05T09:00:00Z",
    }})
}

fn of_challenge(supply: u64, round: u64, envelope: &str) -> Value {
    json!({ "challenge": {
        "supplyId": id(supply),
        "challengeId": id(SUPPLIES + supply * ROUNDS + round),
        "phase": phase(round),
        "issuedAt": time(round, 9),
        "expiresAt": time(round + 1, 9),
        "envelope": envelope,
    }})
}

fn of_receipt(supply: u64, round: u64, attestation: &str) -> Value {
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
        "attestation": attestation,
        "receivedAt": time(round, 15),
        "verdict": verdict,
        "appraisal": appraisal,
        "reasons": reasons,
    }})
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
