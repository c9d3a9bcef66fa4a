//! Time stamps: asked of an authority that OpenSSL plays, kept, and held against the ledger.

use crate::cli::harness::Output;
use crate::cli::harness::skip;
use crate::cli::world::AFTER;
use crate::cli::world::World;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;

/// The authority's settings: one that answers, and one that knows no SHA-256.
const SETTINGS: &str = "\
[ req ]
distinguished_name = name
prompt = no
x509_extensions = extensions
[ name ]
CN = Test Time Authority
[ extensions ]
basicConstraints = critical, CA:TRUE
extendedKeyUsage = critical, timeStamping
[ good ]
serial = serial
signer_cert = authority.pem
signer_key = authority.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256, sha384
ess_cert_id_alg = sha256
[ picky ]
serial = serial
signer_cert = authority.pem
signer_key = authority.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha512
";

/// OpenSSL in the folder of a world; what it printed.
fn openssl(world: &World, words: &[&str]) -> String {
    let output = process::Command::new("openssl").args(words).current_dir(world.case.path(".")).output().expect("openssl");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {words:?}: {text}");
    text
}

/// Whether there is an OpenSSL, which a build server has.
pub(crate) fn has_openssl() -> bool {
    let is_there = process::Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    assert!(is_there || env::var_os("CI").is_none(), "`openssl` is not installed, and CI is set");
    if !is_there {
        skip("`openssl` is not installed");
    }
    is_there
}

/// A world with a clear attestation and an authority. `None` where there is no OpenSSL.
fn stamping() -> Option<World> {
    if !has_openssl() {
        return None;
    }
    let world = World::asked();
    world.keep(&[]);
    let extra = ["--out", "deletion.attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra).exits_with(0);
    found_authority(&world);
    Some(world)
}

/// Makes an authority, whose certificate is `authority.pem`.
pub(crate) fn found_authority(world: &World) {
    world.case.write("authority.cnf", SETTINGS);
    world.case.write("serial", "0A\n");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "authority.key"];
    let out = ["-out", "authority.pem", "-days", "30"];
    openssl(world, &[&["req", "-x509", "-config", "authority.cnf"][..], &key, &out].concat());
}

/// The authority answers a request.
pub(crate) fn answer(world: &World, section: &str, request: &str, out: &str) {
    let words = ["ts", "-reply", "-config", "authority.cnf", "-section", section, "-queryfile", request, "-out", out];
    openssl(world, &words);
}

fn keep(world: &World, files: &[&str]) -> Output {
    world.run(AFTER, &[&["stamp", "keep"], files].concat())
}

fn lines(world: &World) -> usize {
    world.case.read("ledger/ledger.jsonl").lines().count()
}

/// The one file in the ledger's folder of time stamps.
fn kept(world: &World) -> PathBuf {
    let mut files = fs::read_dir(world.case.path("ledger/stamps")).expect("a folder");
    let file = files.next().expect("a file").expect("a file").path();
    assert!(files.next().is_none());
    file
}

const ATTESTATION: &str = "deletion.attestation.json";
const ASKED: &str = "deletion.attestation.json.tsq";
const ANSWER: &str = "deletion.attestation.json.tsr";

#[test]
fn a_time_stamp_is_asked_for_kept_and_shown() {
    let Some(world) = stamping() else { return };
    world
        .run(AFTER, &["stamp", "ask", ATTESTATION])
        .exits_with(0)
        .prints("deletion.attestation.json.tsq: request for a time stamp");
    let text = openssl(&world, &["ts", "-query", "-in", ASKED, "-text"]);
    for part in ["Version: 1", "Hash Algorithm: sha256", "Certificate required: yes", "Nonce: 0x"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Not over one that may be on its way to an authority.
    world.run(AFTER, &["stamp", "ask", ATTESTATION]).exits_with(1).warns("it exists already");
    world.run(AFTER, &["inspect", ASKED]).exits_with(0).prints("A request for a time stamp").prints("asked for");
    answer(&world, "good", ASKED, ANSWER);
    world.run(AFTER, &["inspect", ANSWER]).exits_with(0).prints("Test Time Authority").prints("was not checked");
    let json = world.run(AFTER, &["inspect", ANSWER, "--format", "json"]).exits_with(0).json();
    assert_eq!(json["kind"], "time stamp");

    // Not before the attestation is entered.
    let before = lines(&world);
    keep(&world, &[ANSWER]).exits_with(12).prints("no line of the ledger names a document that has it");
    assert!(lines(&world) == before && !world.case.path("ledger/stamps").exists());
    world.verify(ATTESTATION).exits_with(0);
    let status = || world.run(AFTER, &["status"]).exits_with(0).whole();
    let (without, before) = (status(), lines(&world));
    keep(&world, &[ANSWER])
        .exits_with(0)
        .prints("deletion.attestation.json.tsr: time stamp kept")
        .prints("over           the attestation of supply")
        .prints("Test Time Authority")
        .prints("openssl ts -verify -in ");
    keep(&world, &[ANSWER]).exits_with(0).prints("time stamp was kept before");
    assert_eq!((lines(&world), status()), (before + 1, without), "it changes no state");

    // What is kept is what OpenSSL accepts for the document as the ledger has it.
    let line: Value = serde_json::from_str(world.case.read("ledger/ledger.jsonl").lines().last().expect("a line")).expect("JSON");
    let entry = &line["entry"]["stamp"];
    let stamp = format!("ledger/stamps/{}.tsr", entry["stamp"].as_str().expect("a digest"));
    let document = format!("ledger/envelopes/{}.json", entry["document"].as_str().expect("a digest"));
    let text = openssl(&world, &["ts", "-verify", "-in", &stamp, "-data", &document, "-CAfile", "authority.pem"]);
    assert!(text.contains("Verification: OK"), "{text}");

    let time = entry["time"].as_str().expect("a time");
    let shown = format!("time stamp of {time} by CN=Test Time Authority over the attestation ");
    world.run(AFTER, &["supplies", "show", &world.supply_id()]).exits_with(0).prints(&shown);
    let supply = world.run(AFTER, &["supplies", "show", &world.supply_id(), "--format", "json"]).json();
    assert_eq!(supply["supplies"][0]["stamps"][0]["what"], "attestation");
    assert_eq!(world.run(AFTER, &["status", "--format", "json"]).json()["supplies"][0]["stamps"], 1);

    world.run(AFTER, &["ledger", "verify"]).exits_with(0).prints("time stamps  1 file").prints("The ledger is sound");
    world.run(AFTER, &["ledger", "export", "--out", "copy"]).exits_with(0);
    world.run(AFTER, &["ledger", "verify", "--ledger", "copy"]).exits_with(0).prints("time stamps  1 file");
    keep(&world, &[ANSWER, "--ledger", "copy"]).exits_with(1).warns("an export");
}

#[test]
fn a_time_stamp_that_does_not_fit_is_refused() {
    let Some(world) = stamping() else { return };
    world.verify(ATTESTATION).exits_with(0);
    let before = lines(&world);
    let refused = |file: &str, why: &str| {
        keep(&world, &[file]).exits_with(12).prints("refused: ").prints(why);
        assert!(lines(&world) == before && !world.case.path("ledger/stamps").exists(), "{file}");
    };
    world.run(AFTER, &["stamp", "ask", ATTESTATION, "deletion.challenge.json"]).exits_with(0);
    answer(&world, "picky", ASKED, "rejected.tsr");
    refused("rejected.tsr", "the authority gave no time stamp: rejected; the algorithm is not supported");
    world.run(AFTER, &["inspect", "rejected.tsr"]).exits_with(0).prints("gave no time stamp: rejected");
    openssl(&world, &["ts", "-query", "-data", ATTESTATION, "-sha384", "-cert", "-out", "other.tsq"]);
    answer(&world, "good", "other.tsq", "longer.tsr");
    refused("longer.tsr", "over a digest that is no SHA-256");
    // The answer to another request, over the same document and over another one.
    openssl(&world, &["ts", "-query", "-data", ATTESTATION, "-sha256", "-cert", "-out", "again.tsq"]);
    answer(&world, "good", "again.tsq", ANSWER);
    refused(ANSWER, "does not answer the request `deletion.attestation.json.tsq` beside it");
    answer(&world, "good", "deletion.challenge.json.tsq", ANSWER);
    refused(ANSWER, "does not answer the request `deletion.attestation.json.tsq` beside it");
    // Something else, and a time stamp that was altered.
    let long = vec![0x30; 90_000];
    for (name, bytes) in [("empty.tsr", &b""[..]), ("text.tsr", b"0not DER"), ("page.tsr", b"<html>"), ("zero.tsr", &long)] {
        world.case.write(name, bytes);
        keep(&world, &[name]).exits_with(12).prints("refused: ");
    }
    answer(&world, "good", ASKED, ANSWER);
    let mut bytes = fs::read(world.case.path(ANSWER)).expect("an answer");
    *bytes.last_mut().expect("a byte") ^= 1;
    world.case.write("altered.tsr", bytes);
    refused("altered.tsr", "its signature is not by the key of the certificate in it");
    // One that is refused does not keep the others out.
    keep(&world, &["altered.tsr", ANSWER]).exits_with(12).prints("time stamp kept");
    assert_eq!(lines(&world), before + 1);
    // Only signed documents are asked for.
    world.run(AFTER, &["stamp", "ask", "crm.db", ATTESTATION, "--force"]).exits_with(1).warns("`crm.db` is no signed document");
    assert!(!world.case.path("crm.db.tsq").exists());
}

#[test]
fn a_time_stamp_that_was_altered_later_is_found() {
    let Some(world) = stamping() else { return };
    world.run(AFTER, &["stamp", "ask", "deletion.challenge.json"]).exits_with(0);
    answer(&world, "good", "deletion.challenge.json.tsq", "challenge.tsr");
    keep(&world, &["challenge.tsr"]).exits_with(0).prints("the challenge of supply");
    let file = kept(&world);
    let good = fs::read(&file).expect("a time stamp");
    let verify = || world.run(AFTER, &["ledger", "verify", "--format", "json"]);
    fs::write(&file, &good[1..]).expect("a time stamp");
    let json = verify().exits_with(12).json();
    assert_eq!((&json["faults"][0]["kind"], &json["stamps"]), (&Value::from("stamp"), &Value::from(1)));
    fs::remove_file(&file).expect("a time stamp");
    world.run(AFTER, &["ledger", "verify"]).exits_with(12).prints("is missing");
    // What the authority gave is there still.
    keep(&world, &["challenge.tsr"]).exits_with(0).prints("was kept before");
    verify().exits_with(0);
    fs::write(world.case.path("ledger/stamps/other.tsr"), b"x").expect("a file");
    world.run(AFTER, &["ledger", "verify"]).exits_with(0).prints("no line names 1 file in `stamps`: `other.tsr`");
}
