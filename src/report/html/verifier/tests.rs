//! The scripts of the page against the program, in Node: what the one refuses the other refuses, and what it judges is judged alike.

use super::*;
use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::pae;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeReference;
use crate::attestation::predicate_v1::Digest;
use crate::attestation::predicate_v1::Environment;
use crate::attestation::predicate_v1::KnownAnswers;
use crate::attestation::predicate_v1::LIMITATIONS;
use crate::attestation::predicate_v1::ManifestReference;
use crate::attestation::predicate_v1::Operator;
use crate::attestation::predicate_v1::ScanTimes;
use crate::attestation::predicate_v1::Sentinels;
use crate::attestation::predicate_v1::Tool;
use crate::attestation::predicate_v1::coverage_of;
use crate::attestation::predicate_v1::reasons;
use crate::attestation::predicate_v1::records_of;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::attestation::statement::StatementError;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::Tried;
use crate::finding::coverage::Column;
use crate::finding::coverage::KeyResult;
use crate::finding::coverage::Target;
use crate::finding::declaration::Backup;
use crate::finding::declaration::BeyondUse;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::LawfulSource;
use crate::finding::declaration::NotScanned;
use crate::finding::declaration::Onward;
use crate::finding::declaration::Policy;
use crate::finding::declaration::RowRule;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::Verdict;
use crate::finding::verdict::judge;
use crate::finding::verdict::meaning;
use crate::match_key::strength::Class;
use crate::match_key::strength::decimal;
use crate::match_key::strength::poisson_bound;
use crate::report::html::shown;
use crate::support::snapshot;
use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

#[test]
fn the_page_of_the_repository_is_this_one() {
    snapshot::document_is("docs/verifier.html", &page());
}

#[test]
fn no_script_can_end_its_element_or_make_markup_of_text() {
    for script in [ENVELOPE, VERDICT, VERIFIER] {
        assert!(script.starts_with("'use strict';"));
        for word in [
            "</script",
            "<!--",
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            "fetch(",
            "XMLHttp",
            "import(",
        ] {
            assert!(!script.contains(word), "{word}");
        }
    }
}

/// What the scripts make of the cases; `None`, said loudly, where there is no Node.
fn node(cases: &[Value]) -> Option<Vec<Value>> {
    let is_there = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(is_there || std::env::var_os("CI").is_none(), "`node` is not installed, and CI is set");
    if !is_there {
        eprintln!("SKIPPED: `node` is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let [asked, answered] = ["cases.json", "results.json"].map(|name| folder.path().join(name));
    std::fs::write(&asked, serde_json::to_vec(cases).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/scripts.mjs");
    let output = Command::new("node").arg(script).args([&asked, &answered]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Vec<Value> = serde_json::from_slice(&std::fs::read(answered).unwrap()).unwrap();
    assert_eq!(results.len(), cases.len());
    Some(results)
}

/// A source of numbers that is the same in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn is_one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.index(all.len())]
    }

    fn text(&mut self, all: &[&str]) -> String {
        (*self.of(all)).to_owned()
    }

    fn many<T>(&mut self, end: u64, mut make: impl FnMut(&mut Dice) -> T) -> Vec<T> {
        (0..self.below(end)).map(|_| make(self)).collect()
    }
}

/// Names whose order differs between UTF-8 and UTF-16, and few of them, so that they meet.
const PLACES: [&str; 6] = ["t", "tt", "\u{ffff}", "\u{10000}", "é, column x", "__proto__"];
const WORDS: [&str; 4] = ["a", "b", "toString", ""];
const TAKEN: [&str; 16] = [
    "name.given",
    "name.full",
    "name.main",
    "date.birth",
    "date.child",
    "date.event",
    "address.town",
    "address.line",
    "postcode.main",
    "email.main",
    "email.given",
    "phone.other",
    "identifier.main",
    "text",
    "name",
    "name.full.x",
];

fn small(dice: &mut Dice) -> u64 {
    *dice.of(&[0, 0, 1, 2, 3, 5, 6, 10, 72, 73, 132, 1_000, 100_000, (1 << 53) - 1])
}

fn key_result(dice: &mut Dice) -> KeyResult {
    let hits = small(dice);
    let mantissa = *dice.of(&[1.0, 1.125, 2.5, 3.375, 9.995, 7.77]);
    let exponent = *dice.of(&[-15, -12, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0]);
    KeyResult {
        key: dice.text(&["id", "email", "name_postcode", "\u{ffff}k", "\u{10000}k"]),
        class: *dice.of(&[Class::Supply, Class::Person, Class::Person, Class::Aggregate]),
        has_supply_atom: dice.is_one_in(2),
        fingerprints: *dice.of(&[0, 1, 50, 1_000, 1_000_000]),
        probes: small(dice),
        hits: if dice.is_one_in(8) { small(dice) } else { hits },
        rows: if dice.is_one_in(8) { small(dice) } else { hits },
        distinct_records: if dice.is_one_in(4) { small(dice) } else { hits },
        declared_rows: dice.many(4, |dice| (dice.text(&WORDS), small(dice))),
        doubtful_rows: if dice.is_one_in(4) { small(dice) } else { 0 },
        doubtful_records: if dice.is_one_in(4) { small(dice) } else { 0 },
        // As it comes back from a statement, so that λ is that of the stated u.
        u: decimal(mantissa * 10_f64.powi(exponent)).parse().unwrap(),
    }
}

fn target(dice: &mut Dice) -> Target {
    let is_empty = dice.is_one_in(2);
    let rows = if is_empty { 0 } else { *dice.of(&[1, 10, 1_000, 1_015, 1 << 40]) };
    Target {
        name: dice.text(&PLACES),
        resumed: dice.is_one_in(4).then(|| "2017-07-01T09:00:00Z".to_owned()),
        rows_read: rows,
        rows_without_key: if dice.is_one_in(3) { *dice.of(&[rows, rows + 1, 1]) } else { 0 },
        rows_unkeyed: if dice.is_one_in(5) { *dice.of(&[1, 10, 11, rows]) } else { 0 },
        rows_by_number: u64::from(dice.is_one_in(5)),
        columns: dice.many(4, |dice| Column { taken_for: dice.text(&TAKEN), ..Column::default() }),
        by_key: dice.many(5, key_result),
        ..Target::default()
    }
}

fn exclusion(dice: &mut Dice) -> Exclusion {
    let column = dice.is_one_in(2).then(|| dice.text(&WORDS));
    Exclusion { target: dice.text(&PLACES), column, reason: dice.text(&WORDS) }
}

fn declarations(dice: &mut Dice) -> Declarations {
    let lawful_source = |dice: &mut Dice| LawfulSource {
        name: dice.text(&WORDS),
        target: dice.text(&PLACES),
        source: dice.text(&WORDS),
        rows: dice.is_one_in(2).then(|| RowRule { column: dice.text(&WORDS), equals: dice.text(&WORDS) }),
    };
    let backup = |dice: &mut Dice| Backup {
        system: dice.text(&WORDS),
        last_copy: "2017-06-30".to_owned(),
        roll_off: "2017-12-31".to_owned(),
        rotation: dice.text(&WORDS),
        beyond_use: BeyondUse { not_used: dice.is_one_in(2), not_shared: true, secured: true, will_be_deleted: true },
    };
    let onward = |dice: &mut Dice| Onward {
        recipient: dice.text(&WORDS),
        reason: dice.text(&WORDS),
        attestations: dice.many(2, |_| "0a".repeat(32)),
    };
    Declarations {
        lawful_sources: dice.many(5, lawful_source),
        removed: Vec::new(),
        backups: if dice.is_one_in(4) { dice.many(3, backup) } else { Vec::new() },
        not_scanned: if dice.is_one_in(4) {
            dice.many(3, |dice| NotScanned { system: dice.text(&PLACES), reason: dice.text(&WORDS) })
        } else {
            Vec::new()
        },
        onward: if dice.is_one_in(4) { dice.many(3, onward) } else { Vec::new() },
        exclusions: if dice.is_one_in(4) { dice.many(3, exclusion) } else { Vec::new() },
    }
}

fn tried(dice: &mut Dice) -> Tried {
    if dice.is_one_in(6) { Tried { tried: dice.below(3), found: dice.below(3) } } else { Tried { tried: 3, found: 3 } }
}

fn outcome(dice: &mut Dice) -> Outcome {
    let gap = |dice: &mut Dice| Gap {
        target: dice.text(&PLACES),
        column: dice.is_one_in(2).then(|| dice.text(&WORDS)),
        code: *dice.of(&GapCode::ALL),
        count: dice.is_one_in(2).then(|| small(dice)),
        detail: String::new(),
    };
    let excluded = |dice: &mut Dice| if dice.is_one_in(4) { dice.many(3, exclusion) } else { Vec::new() };
    let (records, is_emptied) = (*dice.of(&[0, 1, 1_000, 1_065_220, (1 << 53) - 1]), dice.is_one_in(4));
    let mut outcome = Outcome {
        records,
        searchable: records / (1 + dice.below(2)),
        controls: *dice.of(&[0, 0, 1, 1_000]),
        expected_rows: 10_000,
        targets: dice.many(5, target),
        gaps: if dice.is_one_in(3) { dice.many(4, gap) } else { Vec::new() },
        excluded: excluded(dice),
        declared: declarations(dice),
        sentinels: tried(dice),
        known_answers: tried(dice),
        found_records: *dice.of(&[0, records, records / 100 * 95, records / 20 * 19, 949, 950]),
        ..Outcome::default()
    };
    if is_emptied {
        // Nothing is left: what the policy may accept.
        for target in &mut outcome.targets {
            (target.rows_read, target.rows_without_key, target.rows_unkeyed, target.rows_by_number) = (0, 0, 0, 0);
            for result in &mut target.by_key {
                (result.probes, result.hits, result.rows, result.distinct_records) = (0, 0, 0, 0);
                (result.doubtful_rows, result.doubtful_records) = (0, 0);
                result.declared_rows.clear();
            }
        }
    }
    outcome
}

/// What a challenge may say to it: some of what is declared, some of it in other words, or nothing.
fn policy(dice: &mut Dice, outcome: &Outcome) -> Policy {
    let mut accept = Declarations::default();
    if !dice.is_one_in(3) {
        accept = Declarations { exclusions: outcome.excluded.clone(), ..outcome.declared.clone() };
        if dice.is_one_in(3) {
            accept.lawful_sources.retain(|_| dice.is_one_in(2));
            accept.exclusions.retain(|_| dice.is_one_in(2));
            accept.onward.iter_mut().for_each(|onward| onward.attestations.clear());
        }
        if dice.is_one_in(6) {
            accept.lawful_sources.iter_mut().for_each(|lawful| lawful.source.push('.'));
            accept.backups.iter_mut().for_each(|backup| backup.beyond_use.secured = false);
            accept.not_scanned.iter_mut().for_each(|system| system.reason.push('.'));
        }
    }
    Policy {
        accept,
        required_keys: if dice.is_one_in(4) { dice.many(3, |dice| dice.text(&["email", "id", "none"])) } else { Vec::new() },
        baseline_percent: *dice.of(&[0, 95, 95, 100, 255]),
        unkeyed_percent: *dice.of(&[0, 1, 1, 100, 255]),
        without_baseline: dice.is_one_in(4),
        empty_accepted: dice.is_one_in(2),
        countersignature_required: dice.is_one_in(4),
    }
}

fn attestation(outcome: &Outcome, phase: Phase) -> AttestationV1 {
    let text = String::new;
    AttestationV1 {
        verdict: text(),
        verdict_reasons: Vec::new(),
        meaning: text(),
        supply: text(),
        manifest: ManifestReference { manifest_id: text(), statement_sha256: text(), blake3: text() },
        challenge: ChallengeReference {
            challenge_id: text(),
            nonce: text(),
            phase: phase.word().to_owned(),
            issued_at: text(),
            sha256: text(),
        },
        baseline: None,
        scan: ScanTimes { started_at: text(), finished_at: text() },
        operator: Operator { name: text(), role: text(), declaration: text() },
        tool: Tool { name: text(), version: text(), sha256: None },
        environment: Environment { os: text(), arch: text() },
        configuration: Digest { blake3: text() },
        coverage: coverage_of(outcome),
        sentinels: Sentinels { injected: outcome.sentinels.tried, detected: outcome.sentinels.found },
        known_answers: KnownAnswers { asked: outcome.known_answers.tried, answered: outcome.known_answers.found },
        records: records_of(outcome, true),
        spot_checks: Vec::new(),
        detail: None,
        declared: outcome.declared.clone(),
        limitations: LIMITATIONS.map(str::to_owned).to_vec(),
    }
}

/// Decimals in other spellings, and texts that are none.
const SPELLINGS: [&str; 22] = [
    "1e-5", "1E-5", "+1.25e-9", ".5", "5.", "-0", "0", "1", "1e400", "-1", "inf", "infinity", "nan", "NaN", "", " 1", "1e",
    "0x1", "1_0", "--1", "e5", "1.2.3",
];

#[test]
fn what_is_attested_is_judged_alike() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..4_000 {
        let phase = *dice.of(&Phase::ALL);
        let outcome = outcome(&mut dice);
        let policy = policy(&mut dice, &outcome);
        let mut stated = attestation(&outcome, phase);
        if number % 10 == 0 {
            for result in stated.coverage.targets.iter_mut().flat_map(|target| &mut target.by_key) {
                result.u = dice.text(&SPELLINGS);
                if let Ok(u) = result.u.parse::<f64>() {
                    result.lambda = decimal(result.fingerprints as f64 * result.probes as f64 * u);
                }
            }
        }
        let rows = stated.coverage.targets.iter().fold(0_u64, |sum, target| sum.saturating_add(target.rows_read));
        let again = stated.outcome().filter(|_| rows <= crate::attestation::LARGEST_INTEGER);
        let judgement = again.as_ref().map(|outcome| judge(phase, &policy, outcome));
        if let Some(judgement) = &judgement {
            stated.verdict = judgement.verdict.word().to_owned();
            stated.verdict_reasons = reasons(judgement);
            *seen.entry(judgement.verdict.word()).or_default() += 1;
            for reason in &judgement.reasons {
                *seen.entry(reason.code.word()).or_default() += 1;
            }
        } else {
            *seen.entry("none").or_default() += 1;
        }
        let verdicts = [Verdict::Present, Verdict::Clear, Verdict::Inconclusive, Verdict::Residual];
        expected.push((
            judgement.map(|judgement| json!({ "verdict": judgement.verdict.word(), "reasons": reasons(&judgement) })),
            verdicts.map(|verdict| meaning(verdict, &outcome)),
            policy.unkeyed_percent <= 100 && policy.baseline_percent <= 100 && !policy.without_baseline,
        ));
        cases.push(json!({ "do": "judge", "attestation": stated, "phase": phase.word(), "policy": policy }));
    }
    // Each word is among them, often enough to mean something.
    for word in ReasonCode::ALL.map(ReasonCode::word).into_iter().chain(["present", "clear", "inconclusive", "residual", "none"])
    {
        assert!(seen.get(word).is_some_and(|count| *count >= 20), "{word}: {seen:?}");
    }
    let Some(results) = node(&cases) else { return };
    for (number, (result, (judgement, meanings, is_plain))) in results.iter().zip(expected).enumerate() {
        assert_eq!(result["judgement"], json!(judgement), "case {number}: {}", cases[number]);
        assert_eq!(result["meanings"], json!(meanings), "case {number}");
        // What a challenge led to is among what any challenge can lead to.
        if judgement.is_some() && is_plain {
            assert_eq!(result["isPossible"], true, "case {number}: {}", cases[number]);
        }
    }
}

#[test]
fn numbers_are_rounded_and_bounded_alike() {
    let mut dice = Dice(7);
    let mut values =
        vec![0.0, 1.0, 0.5, 1.125, 1.135, 9.995, 99.95, 112_500.0, 113_500.0, 1e22, 5e-324, f64::MAX, 49.999, 50.0, 1e15];
    for _ in 0..20_000 {
        let mantissa = dice.below(1 << 53) as f64;
        let exponent = i32::try_from(dice.below(80)).unwrap() - 75;
        values.push(mantissa * 2_f64.powi(exponent));
        // Exactly between two decimals of three digits.
        values.push((dice.below(9_000) + 1_000) as f64 / 8.0);
    }
    let Some(results) = node(&[json!({ "do": "numbers", "values": values })]) else { return };
    for (value, result) in values.iter().zip(results[0].as_array().unwrap()) {
        assert_eq!(result[0], decimal(*value), "{value:?}");
        assert_eq!(result[1].as_f64().unwrap().to_bits(), (poisson_bound(*value) as f64).to_bits(), "{value:?}");
    }
}

#[test]
fn the_words_are_the_programs() {
    let Some(results) = node(&[json!({ "do": "words" }), json!({ "do": "supported" })]) else { return };
    assert_eq!(results[0]["gaps"], json!(GapCode::ALL.map(GapCode::word).to_vec()));
    assert_eq!(results[0]["reasons"], json!(ReasonCode::ALL.map(ReasonCode::word)));
    assert_eq!(results[0]["phases"], json!(Phase::ALL.map(Phase::word)));
    assert_eq!(results[0]["limitations"], json!(LIMITATIONS));
    assert_eq!(results[0]["policy"], json!(Policy::default()));
    assert_eq!(results[1], true);
    for word in ReasonCode::ALL.map(ReasonCode::word) {
        assert!(VERIFIER.contains(&format!("    {word}: '")), "the page has no words for {word}");
    }
}

#[test]
fn text_from_files_is_shown_alike() {
    let mut texts =
        vec!["Café crm.db".to_owned(), "a\u{1b}[31mb\nc".to_owned(), "x\u{202e}y\u{e0041}".to_owned(), "z".repeat(5_000)];
    texts.extend((0..0x3000).chain(0xfe00..0x1_0000).chain(0xe_0000..0xe_0100).filter_map(char::from_u32).map(String::from));
    let cases: Vec<Value> = texts.iter().map(|text| json!({ "do": "visible", "text": text, "longest": 2_000 })).collect();
    let Some(results) = node(&cases) else { return };
    for (text, result) in texts.iter().zip(results) {
        assert_eq!(result, shown(text));
    }
}

fn key() -> SigningKey {
    SigningKey::generate("Emma's Diary", &[7; 32]).unwrap()
}

fn spki(card: &Card) -> Vec<u8> {
    let lines: Vec<&str> = card.public_key_pem().lines().collect();
    BASE64.decode(lines[1].as_bytes()).unwrap()
}

/// A file with a few bytes exchanged, taken out or put in; often by such as mean something in JSON.
fn altered(dice: &mut Dice, file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..=dice.below(2) {
        let at = dice.index(file.len());
        let byte = *dice.of(b"\"{}[],:-0129.eE+/=_\\u nt\n\t\x00\x1f\x7f\xc3\xff\xefaZ");
        match dice.below(6) {
            0 => file[at] = byte,
            1 => file.insert(at, byte),
            2 => drop(file.remove(at)),
            3 => file[at] ^= 1 << dice.below(8),
            4 => {
                let piece = file[at..(at + 1 + dice.index(40)).min(file.len())].to_vec();
                file.splice(at..at, piece);
            }
            _ => {
                let word = *dice.of(&[
                    "\"a\":1,",
                    "null",
                    "\\u0061",
                    "\\ud83d\\ude00",
                    "\\ud83d",
                    "1e3",
                    "-0",
                    "9007199254740992",
                    "{}",
                    "\u{feff}",
                    "__proto__",
                ]);
                file.splice(at..at, word.bytes());
            }
        }
    }
    file
}

#[test]
fn what_the_program_refuses_to_read_is_refused() {
    let mut dice = Dice(11);
    let (key, card) = (key(), key().card());
    let outcome = Outcome { declared: declarations(&mut dice), ..outcome(&mut dice) };
    let payload = Statement::new("deletion.residua", [0xab; 32], attestation(&outcome, Phase::Deletion)).to_payload().unwrap();
    let envelope = Envelope::sign(br#"{"a":"?>~\u00ff"}"#.to_vec(), &key).to_json();
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    let mut add = |way: &str, file: &[u8], is_read: bool| {
        cases.push(json!({ "do": way, "file": BASE64.encode(file) }));
        expected.push(is_read);
    };

    let open = |payload: &[u8]| {
        let signed = Envelope::sign(payload.to_vec(), &key);
        Statement::<AttestationV1>::open(signed.verify(&card).unwrap()).is_ok()
    };
    let is_json = |text: &[u8]| !matches!(PredicateType::of(text), Err(StatementError::Json(_)));
    // Base64 with padding inside is read by the program's library as two texts, and is no base64 to the page.
    let is_plain = |text: &Value| text.as_str().is_some_and(|text| !text.trim_end_matches('=').contains('='));
    let is_envelope = |file: &[u8]| {
        let json: Value = serde_json::from_slice(file).unwrap_or_default();
        Envelope::parse(file).is_ok() && is_plain(&json["payload"]) && is_plain(&json["signatures"][0]["sig"])
    };
    for (text, is_valid) in [
        (r#" {"a":[1,-2,null,true,"x\u0041"],"b":{},"c":9007199254740991,"d":-9007199254740991} "#, true),
        (r#"{"a":[{"b":1,"\u0062":2}]}"#, false),
        (r#"{"__proto__":1}"#, true),
        (r#"{"__proto__":1,"__proto__":1}"#, false),
    ] {
        assert_eq!(is_json(text.as_bytes()), is_valid, "{text}");
        add("json", text.as_bytes(), is_valid);
    }
    for text in [
        "1.0",
        "1e2",
        "-0",
        "9007199254740992",
        "-9007199254740992",
        "99999999999999999999999",
        "0.5",
        "",
        "{",
        "[1,]",
        "{} {}",
        "[01]",
        "\u{feff}{}",
        "nul",
        "[1] x",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83d\\ude00\"",
        "{a:1}",
        "NaN",
        "// x\n1",
        "\"\u{1}\"",
        "\"\u{7f}\"",
        "\"\\x\"",
        "\"\\u12\"",
        "-",
        "\"",
        "[",
        "tru",
        "\u{a0}1",
        "\u{c}1",
        "1 ",
        "\r\n\t 1",
    ] {
        add("json", text.as_bytes(), is_json(text.as_bytes()));
    }
    for depth in [31, 32, 33, 1_000] {
        for text in
            [format!("{}{}", "[".repeat(depth), "]".repeat(depth)), format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))]
        {
            add("json", text.as_bytes(), is_json(text.as_bytes()));
        }
    }
    for (way, original, is_read) in [
        ("json", &payload, &is_json as &dyn Fn(&[u8]) -> bool),
        ("statement", &payload, &open),
        ("envelope", &envelope, &is_envelope),
        ("card", &card.to_json(), &|file| Card::parse(file).is_ok()),
    ] {
        add(way, original, is_read(original));
        for _ in 0..1_500 {
            let file = altered(&mut dice, original);
            add(way, &file, is_read(&file));
        }
    }
    // Members that are absent or present where they may not be.
    let text = String::from_utf8(payload.clone()).unwrap();
    for (from, to) in [
        ("\"verdict\":\"\",", ""),
        ("\"baseline\":null", "\"baseline\":1"),
        ("\"complete\":", "\"controls\":0,\"complete\":"),
        ("\"detail\":null,", ""),
        ("\"removed\":[]", "\"removed\":{}"),
        ("\"lawfulSources\"", "\"lawful_sources\""),
        ("\"limitations\":[", "\"limitations\":[1,"),
        ("\"expectedRows\":10000", "\"expectedRows\":-1"),
        ("attestation:v1", "attestation:v2"),
        ("attestation:v1", "attestation:v01"),
        ("attestation:v1", "opinion:v1"),
        ("Statement/v1", "Statement/v0.1"),
        ("abab", "ABAB"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        add("statement", changed.as_bytes(), open(changed.as_bytes()));
    }
    let read = expected.iter().filter(|is_read| **is_read).count();
    assert!(read > 500 && read < expected.len() - 500, "{read} of {}", expected.len());
    let Some(results) = node(&cases) else { return };
    for (number, (result, is_read)) in results.iter().zip(expected).enumerate() {
        let file = BASE64.decode(cases[number]["file"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(result["refused"].is_null(), is_read, "{result} {} {}", cases[number]["do"], String::from_utf8_lossy(&file));
    }
}

#[test]
fn signatures_hold_for_the_page_where_they_hold_for_the_program() {
    let mut dice = Dice(13);
    let (key, card) = (key(), key().card());
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    let mut add = |message: &[u8], signature: &[u8], spki: &[u8], holds: bool| {
        let [message, signature, spki] = [message, signature, spki].map(|bytes| BASE64.encode(bytes));
        cases.push(json!({ "do": "signature", "message": message, "signature": signature, "spki": spki }));
        expected.push(holds);
    };
    let ours = spki(&card);
    for length in 0..100 {
        let message: Vec<u8> = (0..length).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        let message = pae("application/vnd.in-toto+json", &message);
        let signature = key.sign(&message);
        add(&message, &signature, &ours, true);
        let mut flipped = signature;
        flipped[dice.index(64)] ^= 1 << dice.below(8);
        add(&message, &flipped, &ours, card.verify(&message, &flipped));
        add(&message[1..], &signature, &ours, false);
        add(&message, &signature[..63], &ours, false);
        add(&message, &plus_order(signature), &ours, card.verify(&message, &plus_order(signature)));
    }
    // Keys and nonces of small order, in every form: a signature of such a key holds for any message or for one in eight.
    let small = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let mut points = 0;
    for text in small {
        for sign in [0, 0x80] {
            let mut point: [u8; 32] = HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap();
            point[31] |= sign;
            let Ok(verifying) = VerifyingKey::from_bytes(&point) else { continue };
            assert!(verifying.is_weak(), "{text}");
            points += 1;
            for message in 0..32_u8 {
                for nonce in small {
                    let nonce = HEXLOWER.decode(nonce.as_bytes()).unwrap();
                    let signature = [nonce.as_slice(), &[0; 32]].concat();
                    let strict = verifying.verify_strict(&[message], &Signature::from_slice(&signature).unwrap()).is_ok();
                    assert!(!strict);
                    add(&[message], &signature, &[&ours[..12], &point].concat(), strict);
                }
            }
        }
    }
    assert!(points >= 8, "{points}");
    let Some(results) = node(&cases) else { return };
    for (number, (result, holds)) in results.iter().zip(expected).enumerate() {
        assert_eq!(*result, holds, "{}", cases[number]);
    }
}

/// The same signature with the order of the group added to S: what a lax verifier takes for another good one.
fn plus_order(mut signature: [u8; 64]) -> [u8; 64] {
    let order = HEXLOWER.decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    signature
}
