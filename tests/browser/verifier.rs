//! `docs/verifier.html` in a browser: it says of a good set of documents that it holds, of each spoilt one that it does not and why, of a part of them
//! that something is missing, and nothing at all where one of its scripts was altered.

use crate::browser::Seen;
use crate::browser::Task;
use crate::browser::look;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

const ATTESTATION: &str = "deletion.attestation.json";
const CHALLENGE: &str = "deletion.challenge.json";
const STATEMENT: &str = "handover/deletion.residua.intoto.json";
const ORIGINATOR: &str = "keys/originator.card.json";
const RECIPIENT: &str = "keys/recipient.card.json";
const ALL: [&str; 5] = [ATTESTATION, CHALLENGE, STATEMENT, ORIGINATOR, RECIPIENT];

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verifier.html")
}

/// A world in which a deletion challenge was answered with `clear`.
fn answered() -> World {
    let world = World::asked();
    world.keep(&[]);
    world.scan("deletion", CHALLENGE, &["crm.db", "exports"], &["--out", ATTESTATION]).exits_with(0);
    world
}

fn paths(world: &World, files: &[&str]) -> Vec<PathBuf> {
    files.iter().map(|file| world.case.path(file)).collect()
}

/// The page with these files, and all that it says.
fn task(world: &World, files: &[&str]) -> Task {
    Task::new(&page())
        .set("#files", &paths(world, files))
        .widths(&[1200, 360])
        .text("#result")
        .text("#checks")
        .text("#parties")
        .text("#contents")
        .text("#documents")
        .text("#unrun")
}

/// Every document but for one, which is another.
fn all_but(spoilt: &str, file: &str) -> Vec<String> {
    ALL.iter().map(|one| if *one == spoilt { file } else { one }.to_owned()).collect()
}

fn statement(world: &World, file: &str) -> Value {
    payload(&world.case.read(file))
}

/// Writes the document anew, changed and signed by its party, under another name.
fn resign(world: &World, party: &str, file: &str, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut statement = statement(world, file);
    change(&mut statement);
    let name = format!("spoilt/{name}.json");
    world.case.write(&name, sign(world, party, &statement));
    name
}

/// Writes the text of a file anew with a piece exchanged.
fn exchange(world: &World, file: &str, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut json: Value = serde_json::from_str(&world.case.read(file)).expect("JSON");
    change(&mut json);
    let name = format!("spoilt/{name}.json");
    world.case.write(&name, json.to_string());
    name
}

#[track_caller]
fn fails_naming(seen: &Seen, words: &str) {
    seen.is_clean();
    assert_eq!(seen.state, "fails", "{words}: {seen:#?}");
    assert!(seen.text("#result").contains("does NOT hold") && seen.text("#result").contains(words), "{words}: {seen:#?}");
    says_nothing_good(seen);
}

#[track_caller]
fn says_nothing_good(seen: &Seen) {
    assert!(
        !seen.text("#result").contains("Everything that this page checks holds") && !seen.classes["#result"].contains("good"),
        "{seen:#?}"
    );
}

#[test]
fn a_good_set_holds() {
    let world = answered();
    let pdf = world.case.path("page.pdf");
    let [first, rest] = [&ALL[..2], &ALL[2..]];
    let tasks = vec![
        task(&world, &ALL).named("holds").pdf(&pdf),
        task(&world, &ALL).named("holds").dark(),
        // In another order, and one after the other, with files beside them that are none of these documents.
        task(&world, rest)
            .set("#files", &paths(&world, &["supply.csv", "keys/originator.card.json"]))
            .set("#files", &paths(&world, first)),
        Task::new(&page())
            .drop_files(&paths(&world, &ALL))
            .text("#result")
            .text("#parties")
            .text("#checks")
            .text("#contents")
            .text("#unrun"),
        Task::new(&page()).widths(&[1200, 360]).text("#result").text("#unrun").named("empty"),
        task(&world, &ALL).click("#again").text("#documents"),
    ];
    let Some(seen) = look(tasks) else { return };
    let challenge = statement(&world, CHALLENGE);
    for seen in &seen[..4] {
        seen.is_clean();
        assert_eq!(seen.state, "holds", "{seen:#?}");
        assert!(
            seen.text("#result").contains("Everything that this page checks holds") && seen.text("#result").contains("clear"),
            "{seen:#?}"
        );
        assert!(seen.text("#result").contains("compare the two fingerprints"), "{seen:#?}");
        assert!(seen.classes["#result"].contains("good"), "{seen:#?}");
        let fingerprint = challenge["predicate"]["recipientKey"].as_str().expect("a fingerprint");
        assert!(seen.text("#parties").contains(fingerprint), "{seen:#?}");
        assert!(!seen.text("#checks").contains("NOT") && !seen.text("#checks").contains("not checked"), "{seen:#?}");
        assert!(seen.text("#contents").contains("no supplied record was found") && seen.text("#unrun").is_empty(), "{seen:#?}");
    }
    let printed = seen[0].pdf.as_ref().expect("a PDF file");
    assert!(printed.is_a4 && (1..=6).contains(&printed.pages), "{printed:?}");
    for seen in &seen[4..] {
        seen.is_clean();
        assert_eq!(seen.state, "incomplete", "{seen:#?}");
        assert!(seen.text("#result").contains("Drop the cards of both parties, the attestation"), "{seen:#?}");
        says_nothing_good(seen);
    }
    assert_eq!(seen[5].text("#documents"), "");
}

#[test]
fn what_remains_is_said_and_is_not_green() {
    let world = World::asked();
    world.scan("deletion", CHALLENGE, &["crm.db", "exports"], &["--out", ATTESTATION]).exits_with(11);
    let Some(seen) = look(vec![task(&world, &ALL).named("residual")]) else { return };
    seen[0].is_clean();
    assert_eq!(seen[0].state, "holds", "{seen:#?}");
    assert!(seen[0].text("#result").contains("residual") && !seen[0].classes["#result"].contains("good"), "{seen:#?}");
    assert!(seen[0].text("#contents").contains("supplied records were found"), "{seen:#?}");
}

#[test]
fn each_spoilt_document_is_named() {
    let world = answered();
    let recipient = |file: &str, name: &str, change: &dyn Fn(&mut Value)| {
        resign(&world, "recipient", file, name, |statement| change(statement))
    };
    let originator = |file: &str, name: &str, change: &dyn Fn(&mut Value)| {
        resign(&world, "originator", file, name, |statement| change(statement))
    };
    let other_card: Value = serde_json::from_str(&world.case.read(ORIGINATOR)).expect("a card");
    let flipped = |text: &Value| {
        let mut bytes = BASE64.decode(text.as_str().expect("text").as_bytes()).expect("base64");
        bytes[40] ^= 1;
        json!(BASE64.encode(&bytes))
    };
    let repacked = |json: &mut Value, from: &str, to: &str| {
        let text = BASE64.decode(json["payload"].as_str().expect("text").as_bytes()).expect("base64");
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains(from), "{text}");
        json["payload"] = json!(BASE64.encode(text.replacen(from, to, 1).as_bytes()));
    };

    // A scan that found people, of which the recipient says otherwise.
    world.keep(&world.supplied.iter().collect::<Vec<_>>());
    world.scan("deletion", CHALLENGE, &["crm.db", "exports"], &["--out", "residual.json"]).exits_with(11);

    let mut cases: Vec<(&str, String, &str)> = Vec::new();
    let mut add = |spoilt: &'static str, file: String, words: &'static str| cases.push((spoilt, file, words));

    add(
        ATTESTATION,
        exchange(&world, ATTESTATION, "payload", |json| repacked(json, "\"clear\"", "\"cleAr\"")),
        "Attestation: signature",
    );
    add(
        ATTESTATION,
        exchange(&world, ATTESTATION, "signature", |json| json["signatures"][0]["sig"] = flipped(&json["signatures"][0]["sig"])),
        "Attestation: signature",
    );
    add(
        STATEMENT,
        exchange(&world, STATEMENT, "statement", |json| repacked(json, "\"records\":60", "\"records\":61")),
        "Statement of the manifest: signature",
    );
    add(
        CHALLENGE,
        exchange(&world, CHALLENGE, "challenge", |json| repacked(json, "\"unkeyedPercent\":1", "\"unkeyedPercent\":9")),
        "Challenge: signature",
    );
    add(ATTESTATION, exchange(&world, ATTESTATION, "member", |json| json["more"] = json!(1)), "not a signed document");
    let twice = world.case.read(ATTESTATION).replacen("\"payloadType\"", "\"payload\": \"e30=\", \"payloadType\"", 1);
    world.case.write("spoilt/twice.json", twice);
    add(ATTESTATION, "spoilt/twice.json".to_owned(), "the same member name twice");
    world.case.write("spoilt/cut.json", &world.case.read(ATTESTATION)[..400]);
    add(ATTESTATION, "spoilt/cut.json".to_owned(), "not valid JSON");

    add(
        RECIPIENT,
        exchange(&world, RECIPIENT, "card", |json| json["publicKeyPem"] = other_card["publicKeyPem"].clone()),
        "fingerprint is not that of publicKeyPem",
    );
    add(
        RECIPIENT,
        exchange(&world, RECIPIENT, "fingerprint", |json| json["fingerprint"] = other_card["fingerprint"].clone()),
        "fingerprint is not that of publicKeyPem",
    );
    add(
        RECIPIENT,
        exchange(&world, RECIPIENT, "card-name", |json| json["name"] = json!("Somebody else")),
        "names another recipient than the card",
    );
    add(ORIGINATOR, exchange(&world, ORIGINATOR, "card-member", |json| json["more"] = json!("x")), "not the JSON of a card");

    add(
        STATEMENT,
        originator(STATEMENT, "records", &|json| json["predicate"]["records"] = json!(61)),
        "is not the one that the attestation names",
    );
    add(
        CHALLENGE,
        originator(CHALLENGE, "policy", &|json| json["predicate"]["policy"]["unkeyedPercent"] = json!(9)),
        "is not the file that the attestation names",
    );
    add(CHALLENGE, recipient(CHALLENGE, "own-challenge", &|_| ()), "signed by different keys");
    add(STATEMENT, recipient(STATEMENT, "own-statement", &|_| ()), "is not signed by the originator whose key it names");
    add(ATTESTATION, originator(ATTESTATION, "own-attestation", &|_| ()), "is not signed by the key that the challenge was for");

    let stated = |name: &str, change: &dyn Fn(&mut Value)| recipient(ATTESTATION, name, &|json| change(&mut json["predicate"]));
    add(
        ATTESTATION,
        recipient(ATTESTATION, "subject", &|json| json["subject"][0]["digest"]["sha256"] = json!("0".repeat(64))),
        "not the manifest of the statement",
    );
    add(
        ATTESTATION,
        stated("manifest-id", &|stated| stated["manifest"]["manifestId"] = json!("0".repeat(32))),
        "Manifest that was looked for",
    );
    add(ATTESTATION, stated("supply", &|stated| stated["supply"] = json!("0".repeat(32))), "names another supply");
    add(ATTESTATION, stated("nonce", &|stated| stated["challenge"]["nonce"] = json!("0".repeat(64))), "its nonce is another");
    add(ATTESTATION, stated("phase", &|stated| stated["challenge"]["phase"] = json!("recheck")), "its phase is another");
    add(
        ATTESTATION,
        stated("late", &|stated| stated["scan"]["finishedAt"] = json!("2099-01-01T00:00:00Z")),
        "after the challenge had expired",
    );
    add(
        ATTESTATION,
        stated("early", &|stated| stated["scan"]["startedAt"] = json!("2017-01-01T00:00:00Z")),
        "before the challenge was issued",
    );
    add(
        ATTESTATION,
        stated("backwards", &|stated| stated["scan"]["startedAt"] = json!("2017-07-02T00:00:00Z")),
        "ended before it began",
    );
    add(ATTESTATION, stated("no-time", &|stated| stated["scan"]["startedAt"] = json!("2017-02-30T00:00:00Z")), "not in UTC");
    let taken =
        |at: &'static str| move |stated: &mut Value| stated["coverage"]["targets"][0]["resumed"] = json!({ "scannedAt": at });
    add(ATTESTATION, stated("resumed-late", &taken("2099-01-01T00:00:00Z")), "was scanned after this one began");
    add(ATTESTATION, stated("resumed-early", &taken("2017-01-01T00:00:00Z")), "was scanned before the challenge was issued");
    add(ATTESTATION, stated("resumed-no-time", &taken("2017-07-01")), "at which a target was scanned is not in UTC");
    let null = |stated: &mut Value| stated["coverage"]["targets"][0]["resumed"] = Value::Null;
    add(ATTESTATION, stated("resumed-null", &null), "not in the form that this page reads");
    add(ATTESTATION, stated("complete", &|stated| stated["coverage"]["complete"] = json!(false)), "complete where it is not");
    add(
        ATTESTATION,
        stated("class", &|stated| stated["coverage"]["targets"][0]["byKey"][0]["class"] = json!("A")),
        "are not the manifest's",
    );
    add(
        ATTESTATION,
        stated("lambda", &|stated| stated["coverage"]["targets"][0]["byKey"][0]["lambda"] = json!("1.00e-99")),
        "none that can be judged",
    );
    add(ATTESTATION, stated("sentinels", &|stated| stated["sentinels"]["detected"] = json!(0)), "sentinels were found");
    add(ATTESTATION, stated("limitations", &|stated| stated["limitations"] = json!([])), "its limitations are not stated");
    add(
        ATTESTATION,
        stated("meaning", &|stated| stated["meaning"] = json!("All is well.")),
        "its meaning is stated in other words",
    );
    add(ATTESTATION, stated("unknown", &|stated| stated["more"] = json!(1)), "not in the form that this page reads");
    add(ATTESTATION, stated("fraction", &|stated| stated["coverage"]["records"] = json!(60.5)), "not a whole number");
    let lie = |json: &mut Value| {
        let stated = &mut json["predicate"];
        let clear = statement(&world, ATTESTATION)["predicate"]["meaning"].clone();
        (stated["verdict"], stated["verdictReasons"], stated["meaning"]) = (json!("clear"), json!([]), clear);
    };
    let lied = recipient("residual.json", "lie", &lie);
    add(ATTESTATION, lied.clone(), "it is stated as clear, and what is attested gives residual");

    let mut tasks: Vec<Task> = Vec::new();
    for (spoilt, file, _) in &cases {
        let files = all_but(spoilt, file);
        tasks.push(task(&world, &files.iter().map(String::as_str).collect::<Vec<_>>()).widths(&[360]).named("fails"));
    }
    // A false verdict shows without the challenge too, since no challenge explains it.
    tasks.push(task(&world, &[&lied, STATEMENT, ORIGINATOR, RECIPIENT]));
    let Some(seen) = look(tasks) else { return };
    for ((_, _, words), seen) in cases.iter().zip(&seen) {
        fails_naming(seen, words);
    }
    fails_naming(seen.last().expect("the last page"), "no challenge leads from what is attested to clear");
}

#[test]
fn what_is_missing_is_asked_for() {
    let world = answered();
    let without = |file: &str| ALL.into_iter().filter(|one| *one != file).collect::<Vec<_>>();
    let baseline: Vec<&str> = [&ALL[..], &["baseline.attestation.json"]].concat();
    let cases = [
        (without(ATTESTATION), "Drop the attestation."),
        (without(CHALLENGE), "Drop the challenge."),
        (without(STATEMENT), "Drop the statement of the manifest."),
        (without(ORIGINATOR), "Drop the card of the originator."),
        (without(RECIPIENT), "Drop the card of the recipient."),
        (vec![ATTESTATION, CHALLENGE, STATEMENT], "Drop the cards of both parties"),
        (baseline, "Drop one attestation only"),
        (vec!["supply.csv"], "Drop the cards of both parties, the attestation"),
    ];
    let Some(seen) = look(cases.iter().map(|(files, _)| task(&world, files).named("incomplete")).collect()) else { return };
    for ((files, words), seen) in cases.iter().zip(seen) {
        seen.is_clean();
        assert_eq!(seen.state, "incomplete", "{files:?} {seen:#?}");
        assert!(seen.text("#result").contains("Not complete") && seen.text("#result").contains(words), "{files:?} {seen:#?}");
        says_nothing_good(&seen);
    }
}

#[test]
fn a_key_that_was_replaced_since_is_named_by_the_challenge() {
    let world = answered();
    world.case.run(&["keygen", "--name", "The recipient", "--out", "keys/newer"]).exits_with(0);
    let newer: Value = serde_json::from_str(&world.case.read("keys/newer.card.json")).expect("a card");
    let challenge = resign(&world, "originator", CHALLENGE, "newer-challenge", |json| {
        json["predicate"]["recipientKey"] = newer["fingerprint"].clone();
    });
    let digest = HEXLOWER.encode(&Sha256::digest(world.case.read(&challenge)));
    let attestation = resign(&world, "newer", ATTESTATION, "newer-attestation", |json| {
        json["predicate"]["challenge"]["sha256"] = json!(digest);
    });
    let files = [attestation.as_str(), &challenge, STATEMENT, ORIGINATOR, "keys/newer.card.json"];
    let tasks = vec![
        task(&world, &files),
        task(&world, &[files[0], files[2], files[3], files[4]]),
        // Who was not asked has not answered.
        task(&world, &[files[0], CHALLENGE, files[2], files[3], files[4]]),
    ];
    let Some(seen) = look(tasks) else { return };
    seen[0].is_clean();
    assert_eq!(seen[0].state, "holds", "{seen:#?}");
    assert!(seen[0].text("#checks").contains("another key than the statement names"), "{seen:#?}");
    fails_naming(&seen[1], "is not signed by the recipient whose key the statement of the manifest names");
    fails_naming(&seen[2], "is not signed by the key that the challenge was for");
}

#[test]
fn hostile_texts_do_no_harm() {
    let world = answered();
    let texts = [
        "<script>window.harmed=1;alert(1)</script>",
        "</script><img src=x onerror=\"window.harmed=1\">",
        "\"><svg onload=window.harmed=1>",
        "javascript:window.harmed=1",
        "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{e0041}",
        "\u{1b}[2J\u{0}\u{7f}\u{85}\r\n\t",
        "__proto__",
        "{{constructor.constructor('window.harmed=1')()}}",
    ];
    let long = "W".repeat(10_000);
    let hostile = |json: &mut Value| {
        let stated = &mut json["predicate"];
        stated["operator"] = json!({ "name": texts[0], "role": texts[4], "declaration": texts[1] });
        for (number, target) in stated["coverage"]["targets"].as_array_mut().expect("targets").iter_mut().enumerate() {
            target["name"] = json!(format!("{}{number}", texts[number % texts.len()]));
            target["kind"] = json!(texts[5]);
        }
        let declare = |text: &&str| json!({ "target": text, "reason": texts[1] });
        stated["declared"]["removed"] = texts.iter().map(declare).collect();
        stated["declared"]["removed"].as_array_mut().expect("an array").push(json!({ "target": long, "reason": long }));
    };
    let name = resign(&world, "recipient", ATTESTATION, "hostile", hostile);
    let mut files = all_but(ATTESTATION, &name);
    for (number, name) in ["<img src=x onerror=window.harmed=1>", "\u{202e}nosj", "x'\"&<b>"].into_iter().enumerate() {
        world.case.write(name, number.to_string());
        files.push(name.to_owned());
    }
    // All of it once more where nothing holds.
    let broken = resign(&world, "recipient", ATTESTATION, "broken", |json| {
        hostile(json);
        json["predicate"]["verdict"] = json!(long);
        json["predicate"]["operator"]["role"] = json!(long);
        json["predicate"]["verdictReasons"] = json!([{ "code": texts[1], "place": texts[4], "key": long, "count": null }]);
        json["predicate"]["challenge"]["phase"] = json!(texts[2]);
        json["predicate"]["coverage"]["gaps"] = texts
            .iter()
            .map(|text| json!({ "code": text, "target": text, "column": text, "count": 1, "detail": text }))
            .collect();
    });
    let broken = all_but(ATTESTATION, &broken);
    let tasks = [files, broken]
        .map(|files| task(&world, &files.iter().map(String::as_str).collect::<Vec<_>>()).text("body").named("hostile"));
    let Some(seen) = look(tasks.to_vec()) else { return };
    for seen in &seen {
        seen.is_clean();
        let body = seen.text("body");
        assert!(body.contains(texts[0]) && body.contains("\\u{202e}gnp.exe") && body.contains("\\u{1b}[2J\\u{0}"), "{seen:#?}");
        assert!(
            !body.contains(['\u{202e}', '\u{1b}', '\u{feff}', '\u{200b}']) && !body.contains(&"W".repeat(2_001)),
            "{seen:#?}"
        );
    }
    assert_eq!([&seen[0].state, &seen[1].state], ["holds", "fails"], "{seen:#?}");
}

#[test]
fn an_altered_page_says_nothing() {
    let world = answered();
    let text = fs::read_to_string(page()).expect("the page");
    // A byte in each of its scripts, and one in each that would make it say more.
    let changes = [
        ("DSSEv1 ", "DSSEv2 "),
        ("if (s >= ORDER) return false;", "if (s >= ORDER) return true ;"),
        ("return isBaseline ? 'present' : 'clear';", "return isBaseline ? 'clear' : 'clear';"),
        ("this.rows.some(row => row.state === 'fails')", "this.rows.some(row => row.state === 'fail5')"),
    ];
    let mut tasks = Vec::new();
    for (number, (from, to)) in changes.into_iter().enumerate() {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let path = world.case.path(&format!("altered-{number}.html"));
        fs::write(&path, text.replacen(from, to, 1)).expect("a page");
        tasks.push(
            Task::new(&path).set("#files", &paths(&world, &ALL)).text("body").text("#unrun").named("altered").widths(&[1200]),
        );
    }
    let Some(seen) = look(tasks) else { return };
    for seen in seen {
        seen.is_harmless();
        assert_eq!(seen.state, "unchecked", "{seen:#?}");
        assert!(!seen.violations.is_empty(), "{seen:#?}");
        assert!(seen.text("#unrun").contains("has not run. Nothing was checked."), "{seen:#?}");
        assert!(!seen.text("body").contains("holds"), "{seen:#?}");
    }
}

#[test]
fn a_browser_without_ed25519_is_told_so() {
    let scripts = [
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('Unrecognized name', 'NotSupportedError'));",
        "crypto.subtle.verify = () => Promise.resolve(true);",
        "Object.defineProperty(crypto, 'subtle', { value: undefined });",
    ];
    let tasks = scripts
        .map(|script| Task::new(&page()).before(script).text("#result").text("body").widths(&[1200, 360]).named("unsupported"));
    let Some(seen) = look(tasks.to_vec()) else { return };
    for seen in seen {
        seen.is_clean();
        assert_eq!(seen.state, "unsupported", "{seen:#?}");
        assert!(
            seen.text("#result").contains("This browser cannot verify") && seen.text("#result").contains("OpenSSL"),
            "{seen:#?}"
        );
        assert!(!seen.text("body").contains("holds"), "{seen:#?}");
    }
}
