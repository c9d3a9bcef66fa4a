//! Reports in a browser: every state that a page can have, wide and narrow, light and dark, and on paper; what altered pages say; and that nothing from
//! outside does harm.

use crate::browser::Seen;
use crate::browser::Task;
use crate::browser::look;
use crate::cli::report::with_targets;
use crate::cli::world::AFTER;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use serde_json::json;
use std::io::Read;
use std::io::Write;

const WORD: &str = "#check-word";
const LIST: &str = "#check-list";

/// What could do harm where it is taken for markup, script, style or another line.
const HOSTILE: &str = "</code></script><script>window.harmed=1</script><img src=x onerror=window.harmed=1><svg onload=window.harmed=1>\u{202e}\u{0}\u{1b}[31m\r\n\"'`&amp;";

const BACKUP: &str = "[[backup]]\nsystem = \"tape library\"\nlast_copy = \"2017-06-29\"\nroll_off = \"2017-09-30\"\nrotation = \"monthly\"\n\
    beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n\
    [[onward]]\nrecipient = \"A mailing house\"\nreason = \"printed the letters\"\n";

/// A page of a world.
fn page(world: &World, what: &[&str], name: &str) -> String {
    let file = format!("{name}.html");
    world.run(AFTER, &[&["report"], what, &["--html", &file, "--force"]].concat()).exits_with(0);
    file
}

/// Asks, scans and verifies, and makes the page of the answer.
fn answered(world: &World, name: &str, asking: &[&str], scanning: &[&str]) -> String {
    let (challenge, attestation) = (format!("{name}.challenge.json"), format!("{name}.json"));
    world.ask("deletion", &challenge, asking).exits_with(0);
    let extra = [scanning, &["--out", &attestation]].concat();
    world.scan("deletion", &challenge, &["crm.db", "exports"], &extra);
    world.verify(&attestation);
    page(world, &[&attestation], name)
}

/// Every state of a report that a ledger leads to.
fn states(world: &World) -> Vec<String> {
    let supply = world.supply_id();
    let mut states = vec![page(world, &[&supply], "present")];
    world.case.write("backup.toml", BACKUP);
    states.push(answered(world, "residual", &[], &[]));
    world.keep(&[]);
    world.case.write("exports/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    states.push(answered(world, "inconclusive", &[], &["--declare", "backup.toml"]));
    std::fs::remove_file(world.case.path("exports/picture.png")).expect("a removed file");
    states.push(answered(world, "excepted", &["--accept", "backup.toml"], &["--declare", "backup.toml"]));
    states.push(answered(world, "clear", &[], &[]));
    // What was overtaken says so.
    states.push(page(world, &["residual.json"], "overtaken"));
    let mut failing = payload(&world.case.read("clear.json"));
    failing["predicate"]["coverage"]["targets"][0]["name"] = json!(HOSTILE);
    failing["predicate"]["operator"]["name"] = json!(HOSTILE);
    failing["predicate"]["declared"]["notScanned"] = json!([{ "system": HOSTILE, "reason": HOSTILE }]);
    let gap = json!({ "code": "unreadable", "target": HOSTILE, "column": HOSTILE, "count": 3, "detail": HOSTILE.repeat(40) });
    failing["predicate"]["coverage"]["gaps"] = json!(vec![gap; 70]);
    world.case.write("failed.json", sign(world, "recipient", &failing));
    states.push(page(world, &["failed.json"], "failed"));
    world
        .run(AFTER, &["dispute", &supply, "--by", "recipient", "--reason", HOSTILE.split('\u{202e}').next().expect("text")])
        .exits_with(0);
    states.push(page(world, &[&supply], "disputed"));
    states
}

/// Looks at a page as people may: wide and narrow, light and dark, on paper.
fn ways(world: &World, file: &str) -> Vec<Task> {
    let name = file.trim_end_matches(".html");
    let task = || Task::new(&world.case.path(file)).text(WORD).text(LIST).named(&format!("report-{name}")).widths(&[1200, 360]);
    vec![task().pdf(&world.case.path(&format!("{name}.pdf"))), task().dark()]
}

#[test]
fn every_state_of_a_report_is_verified_and_fits() {
    let world = World::with_baseline();
    let states = states(&world);
    let tasks: Vec<Task> = states.iter().flat_map(|file| ways(&world, file)).collect();
    let Some(seen) = look(tasks) else { return };
    for (number, seen) in seen.iter().enumerate() {
        seen.is_clean();
        assert_eq!(seen.state, "holds", "{}: {seen:#?}", states[number / 2]);
        assert!(seen.text(WORD).starts_with("The signature holds"), "{seen:#?}");
        if let Some(pdf) = &seen.pdf {
            assert!(pdf.is_a4 && pdf.pages > 1, "{}: {pdf:?}", states[number / 2]);
        }
    }
}

#[test]
fn pages_without_an_attestation_fit_too() {
    let world = World::supplied();
    let files = [page(&world, &[&world.supply_id()], "none"), page(&world, &[], "board")];
    let tasks = files.iter().flat_map(|file| {
        let task =
            || Task::new(&world.case.path(file)).named(&format!("report-{file}").replace(".html", "")).widths(&[1200, 360]);
        [task().pdf(&world.case.path(&format!("{file}.pdf"))), task().dark()]
    });
    let Some(seen) = look(tasks.collect()) else { return };
    for seen in seen {
        seen.is_clean();
        // Nothing in them is signed, and none of them says so.
        assert_eq!(seen.state, "unchecked");
        assert!(seen.pdf.is_none_or(|pdf| pdf.is_a4));
    }
}

/// The block that the script reads, changed.
fn with_evidence(page: &str, change: impl FnOnce(&mut Value)) -> String {
    let (before, rest) = page.split_once("id=\"evidence\">").expect("a block");
    let (block, after) = rest.split_once("</script>").expect("its end");
    let mut evidence: Value = serde_json::from_str(block).expect("JSON");
    change(&mut evidence);
    format!("{before}id=\"evidence\">{}</script>{after}", evidence.to_string().replace('<', "\\u003c"))
}

/// The payload of the block, changed.
fn with_payload(evidence: &mut Value, change: impl FnOnce(String) -> String) {
    let packed = BASE64.decode(evidence["content"].as_str().expect("text").as_bytes()).expect("base64");
    let mut payload = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut payload).expect("gzip");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(change(payload).as_bytes()).expect("memory");
    evidence["content"] = json!(BASE64.encode(&encoder.finish().expect("memory")));
}

/// A text that stands in a page, replaced where it stands first.
#[track_caller]
fn swap(page: &str, from: &str, to: &str) -> String {
    assert!(page.contains(from), "the page has no `{from}`");
    page.replacen(from, to, 1)
}

/// The text from one mark to the next, cut out.
#[track_caller]
fn cut(page: &str, from: &str, to: &str) -> String {
    let start = page.find(from).unwrap_or_else(|| panic!("the page has no `{from}`"));
    let end = page[start..].find(to).expect("an end") + start + to.len();
    format!("{}{}", &page[..start], &page[end..])
}

#[test]
fn an_altered_page_never_says_that_it_holds() {
    let world = World::with_baseline();
    world.case.write("backup.toml", BACKUP);
    world.case.write("exports/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    answered(&world, "report", &[], &["--declare", "backup.toml"]);
    let page = world.case.read("report.html");
    let other: Value = payload(&world.case.read("baseline.attestation.json"));
    let attestation: Value = serde_json::from_str(&world.case.read("baseline.attestation.json")).expect("an envelope");
    let originators = world.case.read("keys/originator.card.json");
    let digest = page.split("id=\"sha256\">").nth(1).expect("a digest")[..64].to_owned();
    let fails = [
        ("payload", with_evidence(&page, |block| with_payload(block, |text| swap(&text, "\"residual\"", "\"clear\"")))),
        ("space in the payload", with_evidence(&page, |block| with_payload(block, |text| format!("{text} ")))),
        (
            "signature",
            with_evidence(&page, |block| {
                let after = block["after"].as_str().expect("text");
                let at = after.find("\"sig\": \"").expect("a signature") + 12;
                let digit = if after.as_bytes()[at] == b'A' { "B" } else { "A" };
                block["after"] = json!(format!("{}{digit}{}", &after[..at], &after[at + 1..]));
            }),
        ),
        ("key", with_evidence(&page, |block| block["card"] = json!(originators))),
        (
            "fingerprint of the card",
            with_evidence(&page, |block| {
                let card = block["card"].as_str().expect("text");
                block["card"] = json!(swap(card, "SHA256:", "SHA256:A"));
            }),
        ),
        // Validly signed by the same key, and not what the page is about.
        (
            "another attestation",
            with_evidence(&page, |block| {
                block["before"] = json!("{\"payload\":\"");
                block["after"] = json!(format!(
                    "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":{}}}",
                    attestation["signatures"]
                ));
                let payload = BASE64.decode(attestation["payload"].as_str().expect("text").as_bytes()).expect("base64");
                with_payload(block, |_| String::from_utf8(payload).expect("text"));
            }),
        ),
        ("no block", swap(&page, "id=\"evidence\"", "id=\"other\"")),
        ("shown verdict", swap(&page, "data-signed=\"predicate.verdict\">residual", "data-signed=\"predicate.verdict\">clear")),
        (
            "verdict not held against it",
            swap(&page, "data-signed=\"predicate.verdict\">residual", "data-sign=\"predicate.verdict\">clear"),
        ),
        ("shown conclusion", swap(&page, "id=\"conclusion\">residual", "id=\"conclusion\">clear")),
        ("meaning", swap(&page, "In the targets listed, supplied records remain", "In the targets listed, nothing remains")),
        ("a number", swap(&page, "data-member=\"recordsFound\">60<", "data-member=\"recordsFound\">0<")),
        ("a target less", cut(&page, "<tr data-target=\"1\"", "</tr>")),
        ("a gap less", cut(&page, "<tr data-gap=\"0\"", "</tr>")),
        ("a declaration less", cut(&page, "<span data-signed=\"predicate.declared.backups.0.system\"", "</dl>")),
        ("the day of a backup", swap(&page, ">2017-09-30<", ">2017-07-30<")),
        ("a limit less", cut(&page, "<li><span data-signed=\"predicate.limitations.1\"", "</li>")),
        ("a number that only keys have", swap(&page, "data-member=\"S\">60<", "data-member=\"S\">0<")),
        ("a cell less", swap(&page, " data-member=\"recordsFound\">60<", ">0<")),
        ("the picture", swap(&page, ".recordsFound\">60<", ".recordsFound\">0<")),
        (
            "the picture's sum",
            swap(&page, "data-signed=\"predicate.records.found\">60<", "data-signed=\"predicate.records.found\">0<"),
        ),
        (
            "a declaration shortened",
            swap(
                &page,
                "<span data-signed=\"predicate.declared.onward.0.reason\">printed the letters</span>",
                "asked them to delete",
            ),
        ),
        ("a promise", swap(&page, "beyondUse.notShared\">not shared", "beyondUse.notShared\">not shared (not promised)")),
        ("a promise less", swap(&page, "data-promise=\"predicate.declared.backups.0.beyondUse.secured\"", "class=\"soft\"")),
        (
            "a tick of its own",
            swap(&page, "<strong>The originator concludes: </strong>", "<strong class=\"agrees\">Nothing remains: </strong>"),
        ),
        ("digest", swap(&page, &format!("id=\"sha256\">{digest}"), &format!("id=\"sha256\">{}", "0".repeat(64)))),
        ("fingerprint", swap(&page, "id=\"fingerprint\">SHA256:", "id=\"fingerprint\">SHA256:A")),
    ];
    assert_eq!(other["predicateType"], "urn:residua:attestation:v1");
    // That the data were there is no all-clear, though no word is better than it.
    let present = world.case.read(&self::page(&world, &["baseline.attestation.json"], "present"));
    let mut counted = payload(&world.case.read("report.json"));
    counted["predicate"]["coverage"]["gaps"][0]["count"] = json!(3);
    world.case.write("counted.json", sign(&world, "recipient", &counted));
    let counted = world.case.read(&self::page(&world, &["counted.json"], "counted"));
    let others = [
        ("a baseline as clear", swap(&present, "id=\"conclusion\">present", "id=\"conclusion\">clear")),
        ("how much of a gap", swap(&counted, "data-member=\"count\">3<", "data-member=\"count\">2<")),
        ("how much of a gap, left out", swap(&counted, " data-member=\"count\">3<", "><")),
    ];
    let fails = [&fails[..], &others].concat();
    let stopped = [
        ("script", swap(&page, "'The signature does not hold.'", "'The signature always holds.'")),
        ("script at its end", swap(&page, "  run().catch(", "  run();run().catch(")),
        (
            "a further script",
            swap(&page, "</body>", "<script>document.documentElement.dataset.state='holds';window.harmed=1</script></body>"),
        ),
    ];
    let task = |name: &str, text: &str| {
        let file = format!("altered {name}.html");
        world.case.write(&file, text);
        Task::new(&world.case.path(&file)).text(WORD).text(LIST)
    };
    let mut tasks = vec![task("not at all", &page)];
    tasks.extend(fails.iter().chain(&stopped).map(|(name, text)| task(name, text)));
    // A browser that cannot verify says so.
    let without = "crypto.subtle.importKey = () => Promise.reject(new Error('NotSupportedError'));";
    tasks.push(task("not at all", &page).before(without));
    let Some(seen) = look(tasks) else { return };
    assert_eq!(seen[0].state, "holds", "{:#?}", seen[0]);
    for ((name, _), seen) in fails.iter().zip(&seen[1..]) {
        assert!(seen.state == "fails" && !seen.text(WORD).contains("holds, and"), "{name}: {seen:#?}");
        seen.is_harmless();
    }
    let rest = &seen[1 + fails.len()..];
    for ((name, _), seen) in stopped.iter().zip(rest).take(2) {
        assert!(seen.state == "unchecked" && !seen.violations.is_empty(), "{name}: {seen:#?}");
        assert_eq!(seen.text(WORD), "The signature was not checked by this page.");
    }
    // What was added does not run, and what was there finds nothing wrong with what was signed.
    let [.., added, unsupported] = &seen[..] else { panic!("too few") };
    assert!(!added.is_harmed && !added.violations.is_empty(), "{added:#?}");
    assert!(unsupported.state == "unsupported" && unsupported.text(WORD).contains("cannot check"), "{unsupported:#?}");
}

/// The two pages in a bundle: the report verifies itself, and the other one what lies beside it.
#[test]
fn the_pages_of_a_bundle_hold() {
    let world = World::with_baseline();
    world.keep(&[]);
    answered(&world, "deletion.attestation", &[], &[]);
    world.run(AFTER, &["bundle", &world.supply_id(), "--out", "evidence"]).exits_with(0);
    let file = |name: &str| world.case.path(&format!("evidence/{name}"));
    let chosen = [
        "attestations/2-deletion.attestation.json",
        "challenges/2-deletion.challenge.json",
        "statements/deletion.residua.intoto.json",
        "cards/originator.card.json",
        "cards/recipient.card.json",
    ];
    let tasks = vec![Task::new(&file("report.html")), Task::new(&file("verifier.html")).set("#files", &chosen.map(file))];
    let Some(seen) = look(tasks) else { return };
    for seen in seen {
        seen.is_clean();
        assert_eq!(seen.state, "holds", "{seen:#?}");
    }
}

/// A row opens to what was signed of it, and a long list can be searched.
#[test]
fn a_report_of_ten_thousand_targets_is_usable() {
    let world = World::with_baseline();
    world.keep(&[]);
    answered(&world, "deletion.attestation", &[], &[]);
    world.case.write("many.json", with_targets(&world, 10_000));
    let file = page(&world, &["many.json"], "many");
    let path = world.case.path(&file);
    let task = || Task::new(&path).text(WORD).text("#filtered").text("#detail").text("#saved");
    let tasks = vec![
        task().click("tr[data-target=\"7\"] th").click("#save"),
        task().type_into("#filter", "delivery-00042").widths(&[360]),
    ];
    let Some(seen) = look(tasks) else { return };
    for seen in &seen {
        seen.is_clean();
        assert_eq!(seen.state, "holds", "{seen:#?}");
    }
    let [opened, searched]: &[Seen; 2] = seen.as_slice().try_into().expect("two");
    let detail = opened.text("#detail");
    assert!(
        detail.contains("exports/region-7/delivery-00007.csv") && detail.contains("child.date") | detail.contains("date."),
        "{detail}"
    );
    assert_eq!(opened.text("#saved"), "Its SHA-256 is the one above.");
    assert_eq!(searched.text("#filtered"), "1 of 10000");
}
