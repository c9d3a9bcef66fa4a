//! Other programs read what the program writes: OpenSSL, packages of Python and Node its signatures, age its encrypted salts.
//!
//! The three programs of `tests/interop/` are examples for whoever reads our documents without us. Here each document of the loop is made by the
//! program itself, forgeries are made of it, and every reader has to say of every one of them what stands in [`cases`].

use crate::cli::harness::Output;
use crate::cli::harness::skip;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::signing_key;
use data_encoding::BASE64;
use data_encoding::BASE64_NOPAD;
use data_encoding::HEXLOWER;
use ed25519_dalek::Signature;
use ed25519_dalek::Signer;
use ed25519_dalek::SigningKey;
use ed25519_dalek::Verifier;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The payload's type in every document.
const KIND: &str = "application/vnd.in-toto+json";

/// Every reader: by hand with OpenSSL (`verify.sh`), with the packages of Python (`verify.py`), with Node and sigstore's package (`verify.mjs`).
/// Of these `openssl`, `cryptography` and `node` take the envelope apart by our own rules and leave only the signature to the library;
/// `in-toto` looks at the statement, after `cryptography` has verified it; `securesystemslib` and `sigstore` have rules of their own.
const READERS: [&str; 6] = ["openssl", "cryptography", "securesystemslib", "in-toto", "node", "sigstore"];

/// The order of the group of Ed25519's base point, least byte first.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0x10,
];

/// A signed document of the world.
struct Document {
    name: &'static str,
    /// Who signed it: the name of its key file.
    party: &'static str,
    /// The file as the program wrote it.
    text: String,
    envelope: Value,
}

impl Document {
    fn read(world: &World, name: &'static str, party: &'static str, file: &str) -> Document {
        let text = world.case.read(file);
        Document { name, party, envelope: serde_json::from_str(&text).expect("an envelope"), text }
    }

    fn payload(&self) -> Vec<u8> {
        decode(&self.envelope["payload"])
    }

    fn signature(&self) -> Vec<u8> {
        decode(&self.envelope["signatures"][0]["sig"])
    }

    /// The envelope with one change.
    fn with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut envelope = self.envelope.clone();
        change(&mut envelope);
        envelope.to_string()
    }

    /// The envelope with these bytes for a signature.
    fn signed(&self, signature: &[u8]) -> String {
        self.with(|envelope| envelope["signatures"][0]["sig"] = encode(signature))
    }

    /// The envelope around another payload, signed by a key that need not be the one that it names.
    fn around(&self, payload: &[u8], key: &SigningKey) -> String {
        self.with(|envelope| {
            envelope["payload"] = encode(payload);
            envelope["signatures"][0]["sig"] = encode(&key.sign(&pae(KIND, payload)).to_bytes());
        })
    }
}

/// A document as a reader gets it, and what is to become of it.
struct Case {
    name: String,
    document: String,
    card: Value,
    ours: Ours,
    /// The readers that accept it.
    accepted_by: &'static [&'static str],
}

/// What `residua` makes of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ours {
    Accepts,
    /// It says this.
    Refuses(&'static str),
    /// The card's owner signed it, so `inspect` shows what it says; the command that acts on such documents says this.
    ShowsOnly(&'static str),
}

fn decode(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("text").as_bytes()).expect("base64")
}

fn encode(bytes: &[u8]) -> Value {
    BASE64.encode(bytes).into()
}

/// The pre-authentication encoding of DSSE 1.0.2.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(payload);
    signed
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

/// The same signature once more: its second half, a number, plus the order of the group.
fn malleated(mut signature: Vec<u8>) -> Vec<u8> {
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(GROUP_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "the sum has room in 32 bytes");
    signature
}

/// A card with another public key, and all else in order.
fn card_of(card: &Value, key: &VerifyingKey) -> Value {
    let wire = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), key.as_bytes()].concat();
    let mut card = card.clone();
    card["publicKeyPem"] = key.to_public_key_pem(LineEnding::LF).expect("PEM").into();
    card["fingerprint"] = format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(wire))).into();
    card
}

/// A key of small order, and a signature that it makes without anybody's secret. The payload has as many spaces at its end as that takes.
fn without_secret(key: [u8; 32], payload: &[u8]) -> (VerifyingKey, Vec<u8>, [u8; 64]) {
    let verifying = VerifyingKey::from_bytes(&key).expect("a point");
    let ends = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    // The four points whose order divides four.
    let points = [ends(1, 0, 0), ends(0xec, 0xff, 0x7f), ends(0, 0, 0), ends(0, 0, 0x80)];
    for spaces in 0..100 {
        let payload = [payload, &vec![b' '; spaces]].concat();
        for point in points {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&point);
            if verifying.verify(&pae(KIND, &payload), &Signature::from_bytes(&signature)).is_ok() {
                return (verifying, payload, signature);
            }
        }
    }
    panic!("no such signature in a hundred payloads")
}

/// What is made of a document, and who must accept it. `other` is another document of the same party.
fn cases(world: &World, document: &Document, other: &Document) -> Vec<Case> {
    let card =
        |party: &str| -> Value { serde_json::from_str(&world.case.read(&format!("keys/{party}.card.json"))).expect("a card") };
    let own = card(document.party);
    let other_party = if document.party == "originator" { "recipient" } else { "originator" };
    let key = signing_key(&world.case, &format!("keys/{}.key", document.party));
    let stranger = signing_key(&world.case, "keys/stranger.key");
    let fingerprint = |card: &Value| card["fingerprint"].clone();
    let (payload, signature) = (document.payload(), document.signature());
    let genuine = document.envelope["signatures"][0].clone();
    let of_stranger = json!({
        "keyid": fingerprint(&card("stranger")),
        "sig": encode(&stranger.sign(&pae(KIND, &payload)).to_bytes()),
    });
    let digit = |payload: &[u8]| {
        let text = String::from_utf8(payload.to_vec()).expect("JSON");
        let digest = text.find("\"sha256\":\"").expect("the subject's digest") + "\"sha256\":\"".len();
        digest + text[digest..].find(|letter: char| letter.is_ascii_digit()).expect("a digit in a digest")
    };

    let mut cases = Vec::new();
    let mut add = |name: &str, card: &Value, document_text: String, ours, accepted_by| {
        let name = if name.is_empty() { document.name.to_owned() } else { format!("{}.{name}", document.name) };
        cases.push(Case { name, document: document_text, card: card.clone(), ours, accepted_by });
    };
    let nobody: &[&str] = &[];
    let broken = Ours::Refuses("the signature does not hold");
    let another = Ours::Refuses("and not by");

    add("", &own, document.text.clone(), Ours::Accepts, &READERS);

    // What was signed, or the signature, is another.
    let altered = document.with(|envelope| envelope["payload"] = encode(&flipped(payload.clone(), digit(&payload))));
    add("payload-bit", &own, altered, broken, nobody);
    let replaced = document.with(|envelope| envelope["payload"] = other.envelope["payload"].clone());
    add("payload-of-another", &own, replaced, broken, nobody);
    add("signature-bit-of-point", &own, document.signed(&flipped(signature.clone(), 0)), broken, nobody);
    add("signature-bit-of-number", &own, document.signed(&flipped(signature.clone(), 32)), broken, nobody);
    add("signature-cut", &own, document.signed(&signature[..63]), broken, nobody);
    add("signature-longer", &own, document.signed(&[&signature[..], &[0]].concat()), broken, nobody);
    add("signature-empty", &own, document.signed(&[]), broken, nobody);
    // Whoever sees a signature can make this of it; it would give one document two names.
    add("signature-malleated", &own, document.signed(&malleated(signature.clone())), broken, nobody);
    add("signature-of-bare-payload", &own, document.signed(&key.sign(&payload).to_bytes()), broken, nobody);

    // Somebody else signed.
    let by_stranger = document.with(|envelope| envelope["signatures"] = json!([of_stranger.clone()]));
    add("stranger", &own, by_stranger, another, nobody);
    add("stranger-with-keyid", &own, document.around(&payload, &stranger), broken, nobody);
    add("card-of-stranger", &card("stranger"), document.text.clone(), another, nobody);
    add("card-of-other-party", &card(other_party), document.text.clone(), another, nobody);

    // The payload is called something else.
    let type_error = Ours::Refuses("its `payloadType` is not");
    add("type-changed", &own, document.with(|envelope| envelope["payloadType"] = "application/json".into()), type_error, nobody);
    // The right key signed it under that type. The packages compare no type: that is for whoever calls them.
    let other_type = document.with(|envelope| {
        envelope["payloadType"] = "application/json".into();
        envelope["signatures"][0]["sig"] = encode(&key.sign(&pae("application/json", &payload)).to_bytes());
    });
    add("type-signed", &own, other_type, type_error, &["securesystemslib", "sigstore"]);

    // More than one signature. DSSE allows several, and securesystemslib is satisfied with one that holds; we refuse what nobody looked at.
    let two = Ours::Refuses("has 2 signatures, and not one");
    let signatures = |all: [&Value; 2]| document.with(|envelope| envelope["signatures"] = json!(all));
    add("signature-twice", &own, signatures([&genuine, &genuine]), two, nobody);
    add("signature-appended", &own, signatures([&genuine, &of_stranger]), two, &["securesystemslib"]);
    add("signature-prepended", &own, signatures([&of_stranger, &genuine]), two, &["securesystemslib"]);
    let none = document.with(|envelope| envelope["signatures"] = json!([]));
    add("signature-absent", &own, none, Ours::Refuses("has 0 signatures, and not one"), nobody);

    // A `keyid` is a hint and no part of a decision, here and in DSSE. securesystemslib says of itself that it departs from that.
    let all_but_one: &[&str] = &["openssl", "cryptography", "in-toto", "node", "sigstore"];
    let keyless = document.with(|envelope| envelope["signatures"] = json!([{ "sig": genuine["sig"].clone() }]));
    add("keyid-absent", &own, keyless, Ours::Accepts, all_but_one);
    let elsewhere = document.with(|envelope| envelope["signatures"][0]["keyid"] = fingerprint(&card("stranger")));
    add("keyid-of-stranger", &own, elsewhere, Ours::Accepts, all_but_one);

    // What a signature does not cover. DSSE lets readers ignore it; we do not, and neither do those that follow our rules.
    let form = Ours::Refuses("it is not a signed document of residua");
    let packages: &[&str] = &["securesystemslib", "sigstore"];
    add("member-added", &own, document.with(|envelope| envelope["note"] = "accepted by all".into()), form, packages);
    let signed_note = document.with(|envelope| envelope["signatures"][0]["note"] = "read it all".into());
    add("signature-member-added", &own, signed_note, form, packages);
    add("cut", &own, document.text[..document.text.len() / 2].to_owned(), form, nobody);
    add("two-values", &own, document.text.repeat(2), form, nobody);
    let no_list = document.with(|envelope| envelope["signatures"] = genuine.clone());
    add("signatures-without-list", &own, no_list, form, nobody);
    let whole = document.envelope.to_string();
    let payload_text = |payload: &Value| format!("\"payload\":{payload}");
    let once = payload_text(&document.envelope["payload"]);
    assert_eq!(whole.matches(&once).count(), 1, "{whole}");
    // The readers of JSON in jq and Node take the last of two members of a name and cannot be told otherwise. Here that is the genuine one.
    let twice = whole.replace(&once, &format!("{},{once}", payload_text(&other.envelope["payload"])));
    add("payload-twice", &own, twice, form, &["openssl", "node", "sigstore"]);
    // Node's reader of base64, which sigstore uses, skips over what is none.
    let text = document.envelope["payload"].as_str().expect("base64");
    let strewn = document.with(|envelope| envelope["payload"] = format!("{}!{}", &text[..8], &text[8..]).into());
    add("base64-strewn", &own, strewn, Ours::Refuses("`payload` of the envelope is not base64"), &["sigstore"]);

    // A card whose key has no secret: what it verifies, anybody can write. Nobody is given one by `keygen`; whoever has one pinned was deceived
    // before. OpenSSL's verification, on which all of these readers stand, does not refuse such keys.
    let weak = Ours::Refuses("`publicKeyPem` is not a usable Ed25519 public key");
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for (name, point) in [("key-of-order-one", neutral), ("key-of-zeros", [0; 32])] {
        let (verifying, payload, signature) = without_secret(point, &payload);
        let card = card_of(&own, &verifying);
        let forged = document.with(|envelope| {
            envelope["payload"] = encode(&payload);
            envelope["signatures"] = json!([{ "keyid": fingerprint(&card), "sig": encode(&signature) }]);
        });
        add(name, &card, forged, weak, &READERS);
    }

    // Rightly signed, and no statement of ours. Only in-toto's package reads statements, and it knows no predicates.
    let signatures_only: &[&str] = &["openssl", "cryptography", "securesystemslib", "node", "sigstore"];
    let restated = |member: &str, value: Value| {
        let mut statement: Value = serde_json::from_slice(&payload).expect("a statement");
        statement[member] = value;
        document.around(statement.to_string().as_bytes(), &key)
    };
    let subjects = Ours::ShowsOnly("the statement has 0 subjects, and not one");
    add("subject-absent", &own, restated("subject", json!([])), subjects, signatures_only);
    let older = restated("_type", "https://in-toto.io/Statement/v0.1".into());
    add("statement-of-another-version", &own, older, Ours::Refuses("no in-toto statement of version 1"), signatures_only);
    let foreign = restated("predicateType", "https://example.org/provenance/v1".into());
    add("predicate-of-another", &own, foreign, Ours::Refuses("of a kind that this program does not know"), &READERS);
    cases
}

/// The command that runs a program of `tests/interop/`; `None` where what it needs is missing. On a build server nothing may be.
fn readers(program: &str) -> Option<Command> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let answers = |command: &OsString, arguments: &[&str]| {
        Command::new(command).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let (runner, is_there, missing) = match program {
        "verify.sh" => {
            let is_there = [("bash", "--version"), ("jq", "--version"), ("openssl", "version")]
                .iter()
                .all(|(tool, version)| answers(&tool.into(), &[version]));
            ("bash".into(), is_there, "`bash`, `jq` or `openssl` is not installed")
        }
        "verify.py" => {
            let python = python();
            let modules = "import cryptography, google.protobuf, in_toto_attestation, securesystemslib";
            let is_there = answers(&python, &["-c", modules]);
            (
                python,
                is_there,
                "the packages of tests/interop/requirements.txt are not in `interop-venv` of cargo's folder (or RESIDUA_PYTHON)",
            )
        }
        _ => {
            let is_there = tests.join("node_modules/@sigstore/verify").is_dir() && answers(&"node".into(), &["--version"]);
            ("node".into(), is_there, "`node` is not installed, or `npm ci` was not run in tests/")
        }
    };
    assert!(is_there || env::var_os("CI").is_none(), "{missing}, and CI is set");
    if !is_there {
        skip(missing);
        return None;
    }
    let mut command = Command::new(runner);
    command.arg(tests.join("interop").join(program));
    Some(command)
}

/// The Python that has the packages: the one that is named, or that of the folder that `.ci/run` makes.
fn python() -> OsString {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("interop-venv");
    env::var_os("RESIDUA_PYTHON").unwrap_or_else(|| folder.join("bin/python").into())
}

/// What a program said of each case: case and reader to whether it was accepted. And everything that it printed.
fn answers(mut command: Command, folder: &Path) -> (BTreeMap<(String, String), bool>, String) {
    // Errors of OpenSSL and jq have no language of their own, but `base64` has.
    let output = command.arg(folder).env("LC_ALL", "C").output().expect("a program's output");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}");
    let mut answers = BTreeMap::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let mut words = line.split(' ');
        let case = words.next().expect("a case").to_owned();
        for word in words {
            let (reader, answer) = word.split_once('=').expect("an answer");
            let is_accepted = match answer {
                "accepted" => true,
                "refused" => false,
                other => panic!("{line}: {other}"),
            };
            assert!(answers.insert((case.clone(), reader.to_owned()), is_accepted).is_none(), "{line}: said twice");
        }
    }
    (answers, said)
}

/// A world in which a deletion was asked for and attested, what was signed until then, and a stranger with a key.
fn world() -> (World, Vec<Document>) {
    let world = World::with_baseline();
    let from_originator = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
    let receiving =
        ["receive", "supply.csv", "--manifest", "handover/baseline.residua", "--challenge", "baseline.challenge.json"];
    let out = ["--out", "countersignature.json"];
    world.run(SUPPLIED, &[&receiving[..], &from_originator, &out].concat()).exits_with(0);
    world.ask("deletion", "deletion.challenge.json", &[]).exits_with(0);
    world.keep(&[]);
    let out = ["--out", "attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &out).exits_with(0);
    world.run(SUPPLIED, &["keygen", "--name", "A stranger", "--out", "keys/stranger"]).exits_with(0);
    let read = |name, party, file| Document::read(&world, name, party, file);
    let documents = vec![
        read("attestation", "recipient", "attestation.json"),
        read("countersignature", "recipient", "countersignature.json"),
        read("challenge", "originator", "deletion.challenge.json"),
        read("baseline-statement", "originator", "handover/baseline.residua.intoto.json"),
        read("deletion-statement", "originator", "handover/deletion.residua.intoto.json"),
    ];
    (world, documents)
}

/// What is signed after the attestation was entered.
fn afterwards(world: &World) -> Vec<Document> {
    let run = |words: &[&str]| world.run(AFTER, words).exits_with(0).stdout.len();
    run(&["verify", "attestation.json", "--as", "keys/originator.key", "--receipts", "receipts"]);
    run(&["keygen", "--name", "The officer", "--out", "keys/officer"]);
    run(&["recipient", "add", "keys/recipient.card.json", "--officer", "keys/officer.card.json"]);
    let officer = ["--as", "keys/officer.key", "--name", "B. Other", "--role", "director", "--out", "approval.json"];
    run(&[&["countersign", "attestation.json", "--from", "keys/recipient.card.json"][..], &officer].concat());
    world.case.write("theirs.json", world.case.read("deletion.challenge.json"));
    let recipient =
        ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--name", "A. N. Other", "--role", "steward"];
    run(&[&["destroy", "theirs.json", "--out", "destruction.json"][..], &recipient].concat());
    run(&["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key"]);
    let read = |name, party, file| Document::read(world, name, party, file);
    vec![
        read("receipt", "originator", "receipts/attestation.json.receipt.json"),
        read("approval", "officer", "approval.json"),
        read("destruction", "recipient", "destruction.json"),
        read("rotation", "recipient", "keys/renewed.rotation.json"),
    ]
}

/// What the command says that acts on documents of this kind. Where it refuses, nothing may come of the document.
fn act(world: &World, kind: &str, document: &str) -> Output {
    let scan = |manifest: &str, challenge: &str, at: &str| {
        let who = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--out", "acted.json", "--force"];
        world.run(at, &[&["scan", "crm.db", "--manifest", manifest, "--challenge", challenge][..], &who].concat())
    };
    world.case.write("acted/document.json", document);
    match kind {
        "attestation" | "countersignature" | "approval" | "destruction" => world.verify("acted/document.json"),
        "rotation" => world.run(AFTER, &["recipient", "rotate", "acted/document.json"]),
        "challenge" => scan("handover/deletion.residua", "acted/document.json", AFTER),
        "receipt" => world.run(AFTER, &["ledger", "verify", "--against", "acted/document.json"]),
        _ => {
            let (phase, at) = if kind == "baseline-statement" { ("baseline", SUPPLIED) } else { ("deletion", AFTER) };
            let manifest = format!("acted/{phase}.residua");
            fs::copy(world.case.path(&format!("handover/{phase}.residua")), world.case.path(&manifest)).expect("a manifest");
            world.case.write(&format!("{manifest}.intoto.json"), document);
            scan(&manifest, &format!("{phase}.challenge.json"), at)
        }
    }
}

/// The command that acts on such documents refuses a forged one, writes nothing and enters nothing.
fn is_not_acted_on(world: &World, kind: &str, case: &Case, problems: &mut Vec<String>) {
    let ledger = || world.case.read("ledger/ledger.jsonl");
    let before = ledger();
    let output = act(world, kind, &case.document);
    let is_refused = matches!(output.code, Some(1 | 12)) && ledger() == before && !world.case.path("acted.json").exists();
    let is_explained = match case.ours {
        Ours::ShowsOnly(refusal) => output.stdout.contains(refusal) || output.stderr.contains(refusal),
        _ => true,
    };
    if !is_refused || !is_explained {
        problems.push(format!("{}: it was acted on, or refused for something else{}", case.name, output.whole()));
    }
}

#[test]
fn others_verify_what_we_sign_and_refuse_what_is_forged() {
    let (world, mut documents) = world();
    let mut problems = Vec::new();
    let mut all = Vec::new();
    // Of each kind the forgeries come first, while nothing of it was entered. The rotation comes last, since no older key counts after it.
    for (at, other) in [(0, 1), (1, 0), (2, 3), (3, 4), (4, 3), (5, 2), (6, 0), (7, 0), (8, 7)] {
        if at == documents.len() {
            documents.extend(afterwards(&world));
        }
        let (document, cases) = (&documents[at], cases(&world, &documents[at], &documents[other]));
        for case in cases.iter().filter(|case| case.ours != Ours::Accepts && !case.name.contains(".card-of-")) {
            is_not_acted_on(&world, document.name, case, &mut problems);
        }
        // So the refusals were of the forgery. A baseline finds nobody any more, which is no refusal.
        let acted = act(&world, document.name, &document.text);
        assert!(matches!(acted.code, Some(0 | 10)), "{}{}", document.name, acted.whole());
        let _ = fs::remove_file(world.case.path("acted.json"));
        all.extend(cases);
    }

    for case in &all {
        let [file, card] = ["document", "card"].map(|part| format!("cases/{}/{part}.json", case.name));
        world.case.write(&file, &case.document);
        world.case.write(&card, case.card.to_string());
        let shown = world.run(AFTER, &["inspect", &file, "--from", &card]);
        let is_right = match case.ours {
            Ours::Accepts | Ours::ShowsOnly(_) => shown.code == Some(0) && shown.stdout.contains("The signature is by"),
            Ours::Refuses(refusal) => shown.code == Some(1) && shown.stdout.is_empty() && shown.stderr.contains(refusal),
        };
        if !is_right {
            problems.push(format!("{}: expected {:?} of `residua inspect`{}", case.name, case.ours, shown.whole()));
        }
    }

    let mut said_by = BTreeMap::new();
    for program in ["verify.sh", "verify.py", "verify.mjs"] {
        let Some(command) = readers(program) else { continue };
        let (answers, said) = answers(command, &world.case.path("cases"));
        let readers: Vec<&str> = READERS.into_iter().filter(|reader| answers.keys().any(|(_, name)| name == reader)).collect();
        assert_eq!(answers.len(), all.len() * readers.len(), "{program}: not one answer of each reader for each case: {said}");
        for case in &all {
            for reader in &readers {
                let expected = case.accepted_by.contains(reader);
                if answers.get(&(case.name.clone(), (*reader).to_owned())) != Some(&expected) {
                    let reasons = said.lines().filter(|line| line.split(' ').next() == Some(&case.name)).collect::<Vec<_>>();
                    problems.push(format!("{} by {reader}: expected {expected}: {}", case.name, reasons.join("; ")));
                }
            }
        }
        said_by.insert(program, readers);
    }
    let named = [("verify.sh", &READERS[..1]), ("verify.py", &READERS[1..4]), ("verify.mjs", &READERS[4..])];
    for (program, readers) in named {
        assert!(said_by.get(program).is_none_or(|said| said == readers), "{program} has other readers: {said_by:?}");
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Whether a tool is on this machine. On a build server it has to be.
fn has(tool: &str, version: &str) -> bool {
    let is_there = Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success());
    assert!(is_there || env::var_os("CI").is_none(), "`{tool}` is not installed, and CI is set");
    if !is_there {
        skip(&format!("`{tool}` is not installed"));
    }
    is_there
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
