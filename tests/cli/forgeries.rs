//! Documents that somebody altered, signed himself, took from elsewhere or wrote so that two readers read two things: none is believed, whoever is asked to.
//!
//! Each kind of document has a command that believes it. Spoiled in whatever way, it must be refused, and the ledger must stay as it is.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign_payload;
use data_encoding::BASE64;
use data_encoding::BASE64URL;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// A signed document, and who believes it.
struct Document {
    name: &'static str,
    /// Where the honest one lies.
    honest: &'static str,
    /// Who signed it.
    signer: &'static str,
    /// Where the forged one is put.
    place: &'static str,
    /// The command that reads it there.
    reader: fn(&World) -> Vec<String>,
    /// What that ends with if the document is honest.
    code: i32,
}

const DOCUMENTS: [Document; 8] = [
    Document {
        name: "statement of a manifest",
        honest: "handover/deletion.residua.intoto.json",
        signer: "originator",
        place: "forged/m.residua.intoto.json",
        reader: |_| scanning("forged/m.residua", "second.challenge.json"),
        code: 0,
    },
    Document {
        name: "challenge",
        honest: "second.challenge.json",
        signer: "originator",
        place: "forged/challenge.json",
        reader: |_| scanning("handover/deletion.residua", "forged/challenge.json"),
        code: 0,
    },
    Document {
        name: "attestation",
        honest: "second.answer.json",
        signer: "recipient",
        place: "forged/answer.json",
        reader: |_| words(&["verify", "forged/answer.json"]),
        code: 0,
    },
    Document {
        name: "confirmation of what was received",
        honest: "received.json",
        signer: "recipient",
        place: "forged/received.json",
        reader: |_| words(&["verify", "forged/received.json"]),
        code: 0,
    },
    Document {
        name: "countersignature",
        honest: "approval.json",
        signer: "officer",
        place: "forged/approval.json",
        reader: |_| words(&["verify", "forged/approval.json"]),
        code: 0,
    },
    Document {
        name: "record of a destruction",
        honest: "destroyed.json",
        signer: "recipient",
        place: "forged/destroyed.json",
        reader: |_| words(&["verify", "forged/destroyed.json"]),
        code: 0,
    },
    Document {
        name: "receipt",
        honest: "receipts/first.answer.json.receipt.json",
        signer: "originator",
        place: "forged/receipt.json",
        reader: |_| words(&["ledger", "verify", "--against", "forged/receipt.json"]),
        code: 0,
    },
    Document {
        name: "change of a key",
        honest: "keys/renewed.rotation.json",
        signer: "recipient",
        place: "forged/rotation.json",
        reader: |_| words(&["recipient", "rotate", "forged/rotation.json"]),
        code: 0,
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn scanning(manifest: &str, challenge: &str) -> Vec<String> {
    let who = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
    words(&[&["scan", "crm.db", "exports", "--manifest", manifest, "--challenge", challenge], &who[..]].concat())
}

/// A world in which each kind of document was made honestly.
fn world() -> World {
    let world = World::asked();
    let run = |words: &[&str], code: i32| {
        world.run(AFTER, words).exits_with(code);
    };
    world.keep(&[]);
    run(&["keygen", "--name", "Somebody", "--out", "keys/fresh"], 0);
    run(&["keygen", "--name", "The officer", "--out", "keys/officer"], 0);
    run(&["recipient", "add", "keys/recipient.card.json", "--officer", "keys/officer.card.json"], 0);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "first.answer.json"]).exits_with(0);
    run(&["verify", "first.answer.json", "--as", "keys/originator.key", "--receipts", "receipts"], 0);
    let as_officer = ["--as", "keys/officer.key", "--from", "keys/recipient.card.json", "--out", "approval.json"];
    run(&[&["countersign", "first.answer.json"], &as_officer[..], &["--name", "B. Other", "--role", "director"]].concat(), 0);
    world.ask("deletion", "second.challenge.json", &[]).exits_with(0);
    world.scan("deletion", "second.challenge.json", &["crm.db", "exports"], &["--out", "second.answer.json"]).exits_with(0);
    let handed = ["--manifest", "handover/baseline.residua", "--challenge", "baseline.challenge.json"];
    let parties = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
    let receive = [&["receive", "supply.csv"], &handed[..], &parties, &["--out", "received.json"]].concat();
    world.run(SUPPLIED, &receive).exits_with(0);
    let copy = |from: &str, to: &str| {
        fs::create_dir_all(world.case.path(to).parent().expect("a folder")).expect("a folder");
        fs::copy(world.case.path(from), world.case.path(to)).expect("a copy");
    };
    for name in ["deletion.residua", "deletion.residua.intoto.json"] {
        copy(&format!("handover/{name}"), &format!("theirs/{name}"));
    }
    copy("handover/deletion.residua", "forged/m.residua");
    run(&[&["destroy", "theirs/deletion.residua"], &parties[..], &["--out", "destroyed.json"]].concat(), 0);
    let renew = ["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key"];
    run(&renew, 0);
    world
}

/// A way to spoil a document: a name, and the bytes.
type Forgery = (String, Vec<u8>);

fn envelope(text: &str) -> Value {
    serde_json::from_str(text).expect("an envelope")
}

/// One bit of each of so many bytes, spread over the file.
fn flipped(text: &str, places: usize) -> Vec<Forgery> {
    let step = (text.len() / places).max(1);
    let flip = |at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1 << (at % 7);
        (format!("bit {} of byte {at} flipped", at % 7), bytes)
    };
    (0..text.len()).step_by(step).map(flip).collect()
}

/// The same words under another signature.
fn resigned(world: &World, text: &str, signer: &str) -> Vec<Forgery> {
    let statement = payload(text);
    let bytes = serde_json::to_vec(&statement).expect("JSON");
    let fresh = || envelope(&sign_payload(&world.case, "keys/fresh.key", "keys/fresh.card.json", &bytes));
    let card: Value = serde_json::from_str(&world.case.read("keys/fresh.card.json")).expect("a card");
    let honest = envelope(text);
    let mut forged = vec![("signed with a fresh key".to_owned(), fresh())];
    let mut add = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut value = fresh();
        change(&mut value);
        forged.push((name.to_owned(), value));
    };
    add("signed with a fresh key, and said to be the signer's", &|value| {
        value["signatures"][0]["keyid"] = honest["signatures"][0]["keyid"].clone();
    });
    add("signed with a fresh key, without a word on whose", &|value| {
        value["signatures"][0].as_object_mut().expect("an object").remove("keyid");
    });
    for member in ["cert", "publicKey", "card", "jwk"] {
        add(&format!("a fresh key in `{member}` of the signature"), &|value| value["signatures"][0][member] = card.clone());
        add(&format!("a fresh key in `{member}` of the envelope"), &|value| value[member] = card.clone());
    }
    add("two signatures, the honest one first", &|value| {
        value["signatures"] = json!([honest["signatures"][0], fresh()["signatures"][0]]);
    });
    add("two signatures, the honest one last", &|value| {
        value["signatures"] = json!([fresh()["signatures"][0], honest["signatures"][0]]);
    });
    add("no signature", &|value| value["signatures"] = json!([]));
    add("an empty signature", &|value| value["signatures"][0]["sig"] = json!(""));
    add("a signature of zeros", &|value| value["signatures"][0]["sig"] = json!(BASE64.encode(&[0; 64])));
    add("another payload type", &|value| value["payloadType"] = json!("application/json"));
    // Every fingerprint of the honest signer in the words themselves, exchanged for the fresh key's.
    let own: Value = serde_json::from_str(&world.case.read(&format!("keys/{signer}.card.json"))).expect("a card");
    let exchanged =
        statement.to_string().replace(own["fingerprint"].as_str().expect("one"), card["fingerprint"].as_str().expect("one"));
    let exchanged = sign_payload(&world.case, "keys/fresh.key", "keys/fresh.card.json", exchanged.as_bytes());
    forged.push(("a fresh key named in the words and signed with".to_owned(), envelope(&exchanged)));
    forged.into_iter().map(|(name, value)| (name, value.to_string().into_bytes())).collect()
}

/// The JSON around the payload, written so that readers may differ.
fn reworded(text: &str) -> Vec<Forgery> {
    let honest = envelope(text);
    let compact = honest.to_string();
    let payload_text = honest["payload"].as_str().expect("a payload");
    let other = BASE64.encode(br#"{"_type":"https://in-toto.io/Statement/v1"}"#);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let forged = [
        ("a second payload behind", compact.replacen('{', &format!("{{\"payload\":\"{other}\","), 1)),
        (
            "a second payload before",
            compact.strip_suffix('}').expect("an object").to_owned() + &format!(",\"payload\":\"{other}\"}}"),
        ),
        ("a name that is the same once unescaped", compact.replacen('{', &format!("{{\"p\\u0061yload\":\"{other}\","), 1)),
        ("a second list of signatures", compact.replacen('{', "{\"signatures\":[],", 1)),
        ("a document behind it", format!("{compact}{compact}")),
        ("text behind it", format!("{compact}x")),
        ("a zero byte behind it", format!("{compact}\0")),
        ("a byte order mark before it", format!("\u{feff}{compact}")),
        ("an array around it", format!("[{compact}]")),
        ("cut in the middle", compact[..compact.len() / 2].to_owned()),
        ("empty", String::new()),
        ("a hundred thousand brackets", nested(100_000)),
        ("a hundred thousand brackets in a member", compact.replacen('{', &format!("{{\"x\":{},", nested(100_000)), 1)),
        ("a number beyond all bounds", compact.replacen('{', "{\"x\":1e999999999,", 1)),
        ("both alphabets of base64", compact.replacen(payload_text, &mixed(payload_text), 1)),
        ("a line feed in base64", compact.replacen(payload_text, &format!("{}\\n{}", &payload_text[..8], &payload_text[8..]), 1)),
        ("bits behind the end of base64", compact.replacen(payload_text, &trailing_bits(payload_text), 1)),
        ("padding in the middle", compact.replacen(payload_text, &format!("e30={payload_text}"), 1)),
    ];
    forged.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

/// Base64 with letters of both alphabets.
fn mixed(payload: &str) -> String {
    let bytes = BASE64.decode(payload.as_bytes()).expect("base64");
    // Three bytes in front that need both, so that the text itself is sound in neither.
    format!("-+8A{}", &BASE64URL.encode(&bytes)[4..])
}

/// The last letter holds bits that no byte has.
fn trailing_bits(payload: &str) -> String {
    match payload.trim_end_matches('=') {
        unpadded if unpadded.len() % 4 == 0 => format!("{payload}A"),
        unpadded => {
            let last = unpadded.chars().last().expect("a letter");
            format!("{}{}{}", &unpadded[..unpadded.len() - 1], char::from(last as u8 + 1), &payload[unpadded.len()..])
        }
    }
}

/// What the honest key signs, and no honest program would write.
fn signed_nonsense(world: &World, text: &str, signer: &str) -> Vec<Forgery> {
    let statement = payload(text).to_string();
    let inner =
        |name: &str, value: &str| statement.replacen("\"predicate\":{", &format!("\"predicate\":{{\"{name}\":{value},"), 1);
    let kind = payload(text)["predicateType"].as_str().expect("a type").to_owned();
    let predicate = payload(text)["predicate"].clone();
    let (member, value) = predicate.as_object().expect("an object").iter().next().expect("a member");
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let forged = [
        ("a member twice", inner(member, &value.to_string())),
        ("a member that nobody knows", inner("surprise", "1")),
        ("a predicate twice", statement.replacen('{', "{\"predicate\":{},", 1)),
        ("a predicate type twice", statement.replacen('{', &format!("{{\"predicateType\":\"{kind}\","), 1)),
        ("a later version", statement.replace(&kind, &kind.replace(":v1", ":v2"))),
        ("another kind of statement", statement.replace("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v2")),
        ("no subject", without(&statement, "subject")),
        ("no predicate", without(&statement, "predicate")),
        ("a number beyond all bounds", inner("records", "1e999999999")),
        ("a number of a thousand digits", inner("records", &"9".repeat(1_000))),
        ("a negative number", inner("records", "-1")),
        ("a hundred thousand brackets", inner("surprise", &nested)),
        ("half a surrogate", inner("surprise", "\"\\ud800\"")),
        ("text behind it", format!("{statement} {{}}")),
        ("bytes that are no UTF-8", String::new()),
    ];
    let sign =
        |bytes: &[u8]| sign_payload(&world.case, &format!("keys/{signer}.key"), &format!("keys/{signer}.card.json"), bytes);
    forged
        .into_iter()
        .map(|(name, text)| {
            let bytes = if text.is_empty() { [statement.as_bytes(), b"\xff"].concat() } else { text.into_bytes() };
            (format!("{name}, signed by the right key"), sign(&bytes).into_bytes())
        })
        .collect()
}

fn without(statement: &str, member: &str) -> String {
    let mut value: Value = serde_json::from_str(statement).expect("a statement");
    value.as_object_mut().expect("an object").remove(member);
    value.to_string()
}

/// Whether the words that are signed are those of the honest document.
fn says_the_same(bytes: &[u8], honest: &str) -> bool {
    let payload = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok().map(|envelope| envelope["payload"].clone());
    payload(bytes) == payload(honest.as_bytes())
}

/// Refused in words, and without anything printed that believes it.
fn is_refused(output: &Output) -> bool {
    match output.code {
        Some(1) => output.stderr.starts_with("error: "),
        Some(12) => true,
        _ => false,
    }
}

#[test]
fn no_forged_document_is_believed() {
    let world = world();
    let ledger = world.case.read("ledger/ledger.jsonl");
    let files = world.case.files();
    let mut believed = Vec::new();
    let mut tried = 0;
    for document in &DOCUMENTS {
        let honest = world.case.read(document.honest);
        let mut forgeries = flipped(&honest, 60);
        forgeries.extend(resigned(&world, &honest, document.signer));
        forgeries.extend(reworded(&honest));
        forgeries.extend(signed_nonsense(&world, &honest, document.signer));
        for other in DOCUMENTS.iter().filter(|other| other.name != document.name) {
            // `verify` reads several kinds, each for what it is, and a ledger is held against whatever names its head.
            let both_verified = [document, other].iter().all(|one| (one.reader)(&world)[0] == "verify");
            if !both_verified && (document.name, other.name) != ("receipt", "challenge") {
                forgeries.push((format!("a {}", other.name), world.case.read(other.honest).into_bytes()));
            }
            // Under the other's name the right key signed these words.
            let mut statement = payload(&world.case.read(other.honest));
            statement["predicateType"] = payload(&honest)["predicateType"].clone();
            let signer = document.signer;
            let bytes = statement.to_string().into_bytes();
            let forged = sign_payload(&world.case, &format!("keys/{signer}.key"), &format!("keys/{signer}.card.json"), &bytes);
            forgeries.push((format!("the words of a {}", other.name), forged.into_bytes()));
        }
        for (name, bytes) in forgeries {
            world.case.write(document.place, &bytes);
            let output = world.run(AFTER, &(document.reader)(&world));
            let is_harmless = says_the_same(&bytes, &honest) && output.code == Some(document.code);
            tried += usize::from(!is_harmless);
            if !is_harmless && !is_refused(&output) {
                believed.push(format!("{}: {name}{}", document.name, output.whole()));
            }
            if world.case.read("ledger/ledger.jsonl") != ledger {
                if !is_harmless {
                    believed.push(format!("{}: {name} was entered{}", document.name, output.whole()));
                }
                world.case.write("ledger/ledger.jsonl", &ledger);
                world.case.write("ledger/head", head(&ledger));
            }
        }
        fs::remove_file(world.case.path(document.place)).expect("a forged file");
    }
    assert!(believed.is_empty(), "{} of {tried}:\n{}", believed.len(), believed[..believed.len().min(8)].join("\n"));
    assert_eq!(world.case.files().into_iter().filter(|name| !files.contains(name) && !name.starts_with("ledger/")).count(), 0);
    // The commands do believe what is honest.
    for document in &DOCUMENTS {
        fs::copy(world.case.path(document.honest), world.case.path(document.place)).expect("a copy");
        world.run(AFTER, &(document.reader)(&world)).exits_with(document.code);
    }
    assert!(tried > 900, "only {tried} forgeries were tried");
    eprintln!("{tried} forgeries were refused");
}

/// What stands in the file `head` of a ledger of these lines.
fn head(lines: &str) -> String {
    use sha2::Digest;
    let last = lines.lines().last().expect("a line");
    format!("{} {}\n", lines.lines().count(), data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(last.as_bytes())))
}
