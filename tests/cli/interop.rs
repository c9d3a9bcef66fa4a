//! Other tools read what the program writes: OpenSSL its signatures, age its encrypted salts.

use crate::cli::harness::skip;
use crate::cli::world::World;
use crate::cli::world::payload;
use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use serde_json::Value;
use std::env;
use std::fs;
use std::process::Command;

/// Whether a tool is on this machine. On a build server it has to be.
fn has(tool: &str, version: &str) -> bool {
    let is_there = Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success());
    assert!(is_there || env::var_os("CI").is_none(), "`{tool}` is not installed, and CI is set");
    if !is_there {
        skip(&format!("`{tool}` is not installed"));
    }
    is_there
}

/// A world in which a deletion challenge was answered.
fn answered() -> World {
    let world = World::asked();
    world.keep(&[]);
    world
        .scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "deletion.attestation.json"])
        .exits_with(0);
    world
}

#[test]
fn openssl_verifies_every_signature() {
    if !has("openssl", "version") {
        return;
    }
    let world = answered();
    let signed = [
        ("deletion.attestation.json", "recipient"),
        ("deletion.challenge.json", "originator"),
        ("handover/baseline.residua.intoto.json", "originator"),
        ("handover/deletion.residua.intoto.json", "originator"),
    ];
    for (file, party) in signed {
        let envelope: Value = serde_json::from_str(&world.case.read(file)).expect("an envelope");
        let card: Value = serde_json::from_str(&world.case.read(&format!("keys/{party}.card.json"))).expect("a card");
        let decode = |value: &Value| BASE64.decode(value.as_str().expect("text").as_bytes()).expect("base64");
        let (kind, payload) = (envelope["payloadType"].as_str().expect("a type"), decode(&envelope["payload"]));
        assert_eq!(kind, "application/vnd.in-toto+json");
        // The pre-authentication encoding of DSSE 1.0.2.
        let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        signed.extend(&payload);
        world.case.write("signed.bin", &signed);
        world.case.write("signature.bin", decode(&envelope["signatures"][0]["sig"]));
        world.case.write("public.pem", card["publicKeyPem"].as_str().expect("a key"));
        let verify = || {
            let words = [
                "pkeyutl",
                "-verify",
                "-pubin",
                "-inkey",
                "public.pem",
                "-rawin",
                "-in",
                "signed.bin",
                "-sigfile",
                "signature.bin",
            ];
            Command::new("openssl").args(words).current_dir(world.case.path("")).output().expect("openssl's output")
        };
        let output = verify();
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        *signed.last_mut().expect("a byte") ^= 1;
        world.case.write("signed.bin", &signed);
        assert!(!verify().status.success(), "{file}: openssl verifies anything");
    }
}

#[test]
fn openssl_reads_the_private_key() {
    if !has("openssl", "version") {
        return;
    }
    let world = World::new();
    let words = ["pkey", "-in", "keys/originator.key", "-pubout"];
    let output = Command::new("openssl").args(words).current_dir(world.case.path("")).output().expect("openssl's output");
    let card: Value = serde_json::from_str(&world.case.read("keys/originator.card.json")).expect("a card");
    assert_eq!(String::from_utf8_lossy(&output.stdout), card["publicKeyPem"].as_str().expect("a key"));
}

#[test]
fn age_opens_the_salt() {
    if !has("age", "--version") {
        return;
    }
    let world = World::asked();
    let secrets = format!("ledger/secrets/{}.json", world.supply_id());
    let secrets: Value = serde_json::from_str(&world.case.read(&secrets)).expect("secrets");
    for (phase, member) in [("baseline", "baselineSalt"), ("deletion", "deletionSalt")] {
        let challenge = payload(&world.case.read(&format!("{phase}.challenge.json")));
        world.case.write("salt.age", challenge["predicate"]["sealedSalt"].as_str().expect("a sealed salt"));
        // As a person would: the line of the key file is an identity of age's own.
        let key = world.case.read("keys/recipient.key");
        let identity = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).expect("an identity");
        world.case.write("identity.txt", identity);
        let decrypt = || {
            let words = ["--decrypt", "--identity", "identity.txt", "salt.age"];
            Command::new("age").args(words).current_dir(world.case.path("")).output().expect("age's output")
        };
        let output = decrypt();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout.len(), 32, "{phase}");
        assert_eq!(secrets[member], HEXLOWER.encode(&output.stdout), "{phase}");
        // Nobody else opens it.
        let other = world.case.read("keys/originator.key");
        let identity = other.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).expect("an identity");
        fs::write(world.case.path("identity.txt"), identity).expect("another identity");
        assert!(!decrypt().status.success(), "{phase}");
    }
}
