//! Pages for browsers, as files: what is in them, what is not, and when none is written. What a browser makes of them is `tests/browser`.

use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use serde_json::Value;
use serde_json::json;

/// The headings by which officers know a certificate of deletion.
const HEADINGS: [&str; 11] = [
    "What was supplied and agreed",
    "Systems: what was not covered",
    "Systems: what was covered, and what was found",
    "Backups",
    "Processors and others to whom the data went",
    "Data retained",
    "Method of deletion",
    "Time line",
    "Checks",
    "Signatories",
    "What this does not prove",
];

/// The text between the tags of what is shown.
fn text(page: &str) -> String {
    let shown = page.split_once("<body>").and_then(|(_, body)| body.split_once("<script")).map_or(page, |(body, _)| body);
    let mut text = String::new();
    let mut is_tag = false;
    for character in shown.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(character),
            _ => {}
        }
    }
    text
}

#[track_caller]
fn page(world: &World, what: &[&str], file: &str) -> String {
    world.run(AFTER, &[&["report"], what, &["--html", file, "--force"]].concat()).exits_with(0).prints(file);
    world.case.read(file)
}

#[test]
fn a_report_says_it_all_and_loads_nothing() {
    let world = World::asked();
    world.keep(&[&world.supplied[3]]);
    let extra = ["--out", "deletion.attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra).exits_with(11);
    let before = world.case.read("ledger/ledger.jsonl");

    // Of an answer that was not entered, and it is not entered by this.
    let shown = page(&world, &["deletion.attestation.json"], "first.html");
    assert!(shown.contains("Not entered.") && world.case.read("ledger/ledger.jsonl") == before);
    world.verify("deletion.attestation.json").exits_with(11);
    let supply = world.supply_id();
    let shown = page(&world, &[&supply[..6]], "report.html");
    assert!(!shown.contains("Not entered."));
    let said = text(&shown);
    for heading in HEADINGS {
        assert!(shown.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    for words in ["residual", "The originator concludes:", "Supplied records remain", "contacts", "9 of 9 passed"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // One file: nothing in it is fetched from elsewhere, and no value of a person is in it.
    // The type of a statement is a name, and nobody goes there.
    let shown = shown.replace("https://in-toto.io/Statement/v1", "");
    for part in ["http:", "https:", "src=", "<link", "<img", "<iframe", "@import", " style=", " onclick", " onload"] {
        assert!(!shown.contains(part), "{part}");
    }
    for value in [CANARY, HERON] {
        assert!(!shown.contains(value));
    }
    assert!(shown.contains("default-src 'none'; script-src 'sha256-"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(world.case.path("report.html")).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let json = world.run(AFTER, &["report", &supply, "--html", "json.html", "--format", "json"]).exits_with(0).json();
    assert_eq!((json["version"].as_u64(), json["supplyId"].as_str()), (Some(1), Some(supply.as_str())));
    assert_eq!(json["bytes"].as_u64(), Some(world.case.read("json.html").len() as u64));
}

#[test]
fn a_report_tells_what_came_before_and_after() {
    let world = World::supplied();
    let supply = world.supply_id();
    assert!(text(&page(&world, &[&supply], "r.html")).contains("No attestation of this supply was received"));
    let world = World::asked();
    let supply = world.supply_id();
    let baseline = page(&world, &[&supply], "r.html");
    assert!(text(&baseline).contains("present") && text(&baseline).contains("It says nothing about their deletion."));
    world.keep(&[&world.supplied[3]]);
    let scan = |challenge: &str, out: &str| world.scan("deletion", challenge, &["crm.db", "exports"], &["--out", out]);
    scan("deletion.challenge.json", "one.json").exits_with(11);
    world.verify("one.json").exits_with(11);
    world.ask("deletion", "second.challenge.json", &[]).exits_with(0);
    world.keep(&[]);
    scan("second.challenge.json", "two.json").exits_with(0);
    world.verify("two.json").exits_with(0);
    let newest = page(&world, &[&supply], "r.html");
    assert!(newest.contains(">clear</span>") && !newest.contains("A later answer stands in its place."));
    assert!(newest.contains("No supplied record was found where the recipient looked"));
    let overtaken = page(&world, &["one.json"], "r.html");
    assert!(overtaken.contains(">residual</span>") && overtaken.contains("A later answer stands in its place."));
    assert!(text(&overtaken).contains("attested clear"));
    // Both baseline and now stand in the table of the picture.
    let total = "<td class=\"number\">60</td><td class=\"number\"><strong><span data-signed=\"predicate.records.found\">0</span></strong></td>";
    assert!(newest.contains(total), "{newest}");
    let board = page(&world, &[], "board.html");
    assert!(text(&board).contains("1 supply, 60 records") && text(&board).contains("no time stamp over the newest answer"));
    world.run(AFTER, &["dispute", &supply, "--by", "recipient", "--reason", "not <b>ours</b>"]).exits_with(0);
    let disputed = page(&world, &[&supply], "r.html");
    assert!(
        disputed.contains("not &lt;b&gt;ours&lt;/b&gt;") && text(&disputed).contains("Objection 1 by the recipient, not settled")
    );
}

#[test]
fn nothing_is_written_about_what_nobody_can_be_held_to() {
    let world = World::asked();
    world
        .run(AFTER, &["report", "ffff", "--html", "r.html"])
        .exits_with(1)
        .warns("no supply of this ledger has an id that begins with `ffff`");
    world
        .run(AFTER, &["report", "supply.csv", "--html", "r.html"])
        .exits_with(1)
        .warns("`supply.csv` is no attestation that a recipient of this ledger signed");
    world.run(AFTER, &["report", "deletion.challenge.json", "--html", "r.html"]).exits_with(1).warns("is no attestation");
    let forged = world.case.read("baseline.attestation.json").replacen("\"sig\": \"", "\"sig\": \"AAAA", 1);
    world.case.write("forged.json", forged);
    world.run(AFTER, &["report", "forged.json", "--html", "r.html"]).exits_with(1).warns("is no attestation");
    assert!(!world.case.path("r.html").exists());
    world.case.write("r.html", "mine");
    world.run(AFTER, &["report", "--html", "r.html"]).exits_with(1).warns("it exists already");
    assert_eq!(world.case.read("r.html"), "mine");
    world.run(AFTER, &["report"]).exits_with(2);
}

/// What the recipient's own key signed, and what the checks refuse: the page says so, and its texts do no harm.
#[test]
fn an_answer_that_fails_is_shown_as_failed() {
    let world = World::asked();
    world.keep(&[]);
    let extra = ["--out", "deletion.attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra).exits_with(0);
    let mut statement = payload(&world.case.read("deletion.attestation.json"));
    let hostile = "</code><script>harmed()</script>\u{202e}\u{0}\"'&";
    statement["predicate"]["coverage"]["targets"][0]["name"] = json!(hostile);
    statement["predicate"]["coverage"]["gaps"] = json!([
        { "code": "unreadable", "target": hostile, "column": hostile, "count": 3, "detail": hostile }
    ]);
    statement["predicate"]["operator"]["name"] = json!(hostile);
    world.case.write("hostile.json", sign(&world, "recipient", &statement));
    let shown = page(&world, &["hostile.json"], "r.html");
    assert!(shown.contains(">failed</span>") && text(&shown).contains("is not accepted, whatever it says"));
    assert!(!shown.contains("<script>harmed") && !shown.contains('\u{202e}') && !shown.contains('\u{0}'));
    assert!(shown.contains("&lt;script&gt;harmed()&lt;/script&gt;\\u{202e}\\u{0}&quot;"));
}

/// An attestation of many targets, signed by the recipient. Its counts do not add up, which is nothing to the page's size.
pub(crate) fn with_targets(world: &World, count: usize) -> String {
    let mut statement = payload(&world.case.read("deletion.attestation.json"));
    let mut first = statement["predicate"]["coverage"]["targets"][0].clone();
    // With all keys ten thousand targets take more than the 64 MiB of a document.
    first["byKey"].as_array_mut().expect("keys").truncate(12);
    let targets: Vec<Value> = (0..count)
        .map(|number| {
            let mut target = first.clone();
            let digest = blake3::hash(number.to_string().as_bytes()).to_hex();
            target["name"] = json!(format!("exports/region-{}/delivery-{number:05}.csv", number % 97));
            target["identity"] = json!([{ "name": "path", "value": format!("/srv/data/exports/region-{}/delivery-{number:05}.csv", number % 97) }]);
            target["contentDigest"] = json!({ "blake3": digest.as_str() });
            target["rowsRead"] = json!(number * 7919 % 100_003);
            target["recordsFound"] = json!(if number % 50 == 0 { number % 61 } else { 0 });
            target
        })
        .collect();
    statement["predicate"]["coverage"]["targets"] = json!(targets);
    sign(world, "recipient", &statement)
}

/// A page of a thousand targets takes less than 2 MB, the attestation in it included.
#[test]
fn a_page_of_many_targets_stays_small() {
    let world = World::asked();
    world.keep(&[]);
    let extra = ["--out", "deletion.attestation.json"];
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &extra).exits_with(0);
    let many = with_targets(&world, 1_000);
    assert!(many.len() > 1_000_000, "the attestation itself has {} bytes", many.len());
    world.case.write("many.json", many);
    let shown = page(&world, &["many.json"], "r.html");
    assert_eq!(shown.matches("<tr data-target=").count(), 1_000);
    assert!(shown.len() < 2_000_000, "{} bytes", shown.len());
}
