//! No value of the data, and no salt, stands in anything that the program prints or writes, whether it succeeds or fails.

use crate::cli::harness::holds;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::COLUMNS;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::csv;
use data_encoding::BASE64;
use data_encoding::BASE64_NOPAD;
use data_encoding::BASE64URL_NOPAD;
use data_encoding::HEXLOWER;
use serde_json::Value;
use std::fs;

/// Files in which people's data stand on purpose.
const DATA: [&str; 7] = ["in/", "supply.csv", "crm.db", "exports/", "bad/", "broken.db", "declared.toml"];

/// Everything that the program wrote, by name: the files as they are, and what stands inside their base64.
pub(crate) fn written(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut written = Vec::new();
    for name in world.case.files().into_iter().filter(|name| !DATA.iter().any(|data| name.starts_with(data))) {
        let bytes = fs::read(world.case.path(&name)).expect("a readable file");
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Some(payload) = json["payload"].as_str() {
            written.push((format!("{name}, payload"), BASE64.decode(payload.as_bytes()).expect("base64")));
        }
        written.push((name, bytes));
    }
    written
}

/// Verifies, repairs and exports the ledger, sound and not, and leaves it as it was, but for what was cut off.
fn spoil_ledger(world: &World) {
    let run = |words: &[&str]| {
        for format in ["text", "json"] {
            world.run(AFTER, &[words, &["--format", format]].concat());
        }
    };
    let verify = ["ledger", "verify", "--against", "baseline.challenge.json"];
    let lines = world.case.read("ledger/ledger.jsonl");
    let secrets = format!("ledger/secrets/{}.json", world.supply_id());
    let salts = world.case.read(&secrets);
    run(&verify);
    run(&["ledger", "verify", "--against", "supply.csv"]);
    run(&["ledger", "export", "--out", "copy"]);
    run(&["ledger", "verify", "--ledger", "copy"]);
    for broken in [salts.replacen('"', "", 1), salts[..salts.len() / 2].to_owned(), "{}".to_owned()] {
        world.case.write(&secrets, broken);
        run(&verify);
    }
    world.case.write(&secrets, &salts);
    world.case.write("ledger/ledger.jsonl", lines.replacen("2017", "2018", 1));
    for command in ["verify", "repair"] {
        run(&["ledger", command]);
    }
    // A line that a command left half written may hold what a whole one holds.
    world.case.write("ledger/ledger.jsonl", format!("{lines}{}", &lines[..400]));
    for command in ["verify", "repair", "verify"] {
        run(&["ledger", command]);
    }
}

/// Asks who was given a person, well and badly: by flags, by a file and by a pipe.
fn trace(world: &World) {
    for person in [&world.supplied[7], &world.own[7]] {
        let (name, dob, address) = (person.full_name(), Person::dmy(person.mother_dob), person.address());
        let flags = [
            &["--email", &person.email, "--phone", &person.phone, "--name", &name, "--postcode", &person.postcode][..],
            &["--name", &name, "--dob", &dob, "--dob", &Person::iso(person.child_dob), "--address", &address],
            &["--ref", &person.customer_no],
            &["--postcode", &person.postcode],
            &["--dob", &name],
            &["--phone", &person.email],
            &["--name", &name, &dob],
            &[&person.email],
            &["--mail", &person.email],
            &["--query", &person.email],
            &["--query", "supply.csv"],
        ];
        let query = format!("email = {:?}\nname = [{name:?}]\ndob = {:?}\nref = {:?}\n", person.email, dob, person.customer_no);
        for format in ["text", "json", "csv"] {
            for flags in flags {
                world.run(AFTER, &[&["trace", "--format", format], flags].concat());
            }
            let whole = query.len();
            for piped in [&query, &query[..whole / 2], &query.replace("email", &person.last_name), &query.replace(" = ", ": ")] {
                world.command(AFTER, &["trace", "--query", "-", "--verbose", "--format", format]).input(piped).run();
            }
        }
    }
}

/// Runs every command, well and badly, in a world of people.
fn run_everything(world: &World) {
    let run = |now: &str, words: &[&str]| {
        for format in ["text", "json"] {
            world.run(now, &[words, &["--verbose", "--format", format]].concat());
        }
    };
    let signing = |words: Vec<String>| world.run(AFTER, &words);
    for file in ["supply.csv", "crm.db", "exports", "deletion.challenge.json", "baseline.attestation.json", "keys/recipient.key"]
    {
        run(AFTER, &["inspect", file]);
    }
    for file in ["handover/deletion.residua", "handover/deletion.residua.intoto.json", "keys/recipient.card.json", "ledger"] {
        run(AFTER, &["inspect", file]);
    }
    run(AFTER, &["inspect", "baseline.attestation.json", "--declared"]);
    run(AFTER, &["status"]);
    run(AFTER, &["supplies", "list"]);
    run(AFTER, &["supplies", "show", &world.supply_id()]);
    let folders = "inbox = \"in\"\noutbox = \"out\"\nstate = \"state\"\n";
    world.case.write("originator.toml", format!("[originator]\nkey = \"keys/originator.key\"\nledger = \"ledger\"\n{folders}"));
    world.case.write("in/people.csv", crate::cli::world::supply_csv(&world.supplied));
    run(AFTER, &["check", "--config", "originator.toml", "--dry-run"]);
    run(AFTER, &["check", "--config", "supply.csv"]);
    world.case.write("units/none", "");
    for config in ["originator.toml", "supply.csv", "keys/recipient.key"] {
        run(AFTER, &["schedule", "next", "--config", config]);
        run(AFTER, &["schedule", "outdated", "--config", config, "--destroy"]);
        run(AFTER, &["schedule", "install", "--config", config, "--systemd", "--user", "residua", "--write", "units"]);
        run(AFTER, &["schedule", "install", "--config", config, "--cron"]);
    }
    let recipient = "[recipient]\nkey = \"keys/recipient.key\"\noriginators = [\"keys/originator.card.json\"]\nsources = [\"crm.db\", \"exports\"]\n";
    world.case.write("recipient.toml", format!("{recipient}{folders}"));
    run(AFTER, &["doctor", "--config", "originator.toml"]);
    run(AFTER, &["doctor", "--config", "recipient.toml"]);
    run(AFTER, &["doctor", "--config", "supply.csv"]);
    for (what, page) in
        [(&[][..], "board.html"), (&["baseline.attestation.json"], "report.html"), (&["supply.csv"], "report.html")]
    {
        run(AFTER, &[&["report"], what, &["--html", page, "--force"]].concat());
    }
    run(AFTER, &["dispute", &world.supply_id(), "--by", "recipient", "--reason", "not ours", "--document", "supply.csv"]);
    run(AFTER, &["dispute", &world.supply_id(), "--by", "recipient", "--reason", "not ours", "--attestation", "crm.db"]);
    run(AFTER, &["dispute", &world.supply_id(), "--settle", "1", "--reason", "theirs"]);
    let who = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--out", "destroyed.json"];
    run(AFTER, &[&["destroy", "crm.db", "supply.csv"], &who[..]].concat());
    run(AFTER, &[&["destroy", "handover/deletion.residua", "deletion.challenge.json", "--dry-run"], &who[..]].concat());
    run(AFTER, &["close", &world.supply_id(), "supply.csv", "--as", "keys/originator.key"]);
    run(AFTER, &["close", &world.supply_id(), "handover/deletion.residua", "--as", "keys/originator.key"]);
    for words in [&["status"][..], &["supplies", "list"]] {
        world.run(AFTER, &[words, &["--format", "csv"]].concat());
    }
    spoil_ledger(world);
    trace(world);

    // What was handed over is confirmed, and held against other data.
    let handed = ["--manifest", "handover/baseline.residua", "--challenge", "baseline.challenge.json"];
    let parties = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key", "--out", "receipt.json", "--force"];
    run(AFTER, &[&["receive", "supply.csv"][..], &handed, &parties].concat());
    run(AFTER, &["verify", "receipt.json"]);
    run(AFTER, &["inspect", "receipt.json"]);
    world.case.write("bad/fewer.csv", crate::cli::world::supply_csv(&world.supplied[1..]));
    for file in ["bad/fewer.csv", "exports/mailing.csv", "crm.db"] {
        run(AFTER, &[&["receive", file][..], &handed, &parties].concat());
    }

    // A scan that finds, and one of sources that are broken in many ways.
    let outputs = ["--out", "1.attestation.json", "--findings", "1.findings.csv", "--verbose"];
    signing(world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &outputs)).exits_with(11);
    run(AFTER, &["verify", "1.attestation.json"]);
    run(AFTER, &["verify", "1.attestation.json", "--identify", "rows.csv", "--force"]);
    for file in
        ["1.attestation.json", "1.findings.csv", "handover/deletion.residua.intoto.json", "schema.toml", "ledger/ledger.jsonl"]
    {
        run(AFTER, &["inspect", file]);
    }
    run(AFTER, &["inspect", &format!("ledger/secrets/{}.json", world.supply_id())]);
    let people: Vec<&Person> = world.own.iter().chain(&world.supplied).collect();
    let rows = csv(&people, ',');
    let body = rows.split_once('\n').expect("a header").1;
    world.case.write("bad/ragged.csv", format!("{rows}{body}extra,{body}"));
    world.case.write("bad/no-header.csv", body);
    world.case.write("bad/quote.csv", format!("{rows}\"{body}"));
    world.case.write("bad/latin.csv", [rows.as_bytes(), b"\xe9\xff,", body.as_bytes()].concat());
    world.case.write("bad/twice.csv", rows.replacen("last_name", "first_name", 1));
    world.case.write("bad/binary.csv", [body.as_bytes(), &[0, 1, 2]].concat());
    world.case.write("bad/notes.csv", format!("notes\n{}", rows.replace(',', " ")));
    world.case.write("bad/dump.sql", format!("INSERT INTO people VALUES ('{body}');\n"));
    world.case.write("bad/people.json", format!("[{{\"name\": {body:?}}}]"));
    // Values of people where names of columns are expected, of the sort that a missing header makes of them.
    world
        .case
        .write("bad/mixed.csv", format!("{}\n{}", COLUMNS.join(","), "Annqzcanary Marqzcanary;1 Mapleqzcanary Road\n".repeat(5)));
    world.database("broken.db", |database| {
        database
            .execute_batch("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, dob TEXT CHECK (name <> ''))")
            .expect("a table");
        for person in &people {
            let row = (person.id.to_string(), person.full_name(), format!("{}x", Person::dmy(person.mother_dob)));
            database.execute("INSERT INTO people VALUES (?, ?, ?)", row).expect("a row");
        }
        database.execute("UPDATE people SET name = CAST(name AS BLOB) WHERE id % 7 = 0", []).expect("blobs");
    });
    let mut content = fs::read(world.case.path("broken.db")).expect("a database");
    let end = content.len();
    content[end - 1000..].fill(0x41);
    world.case.write("bad/overwritten.db", &content);
    let outputs = ["--out", "2.attestation.json", "--findings", "2.findings.csv"];
    world.ask("deletion", "2.challenge.json", &[]).exits_with(0);
    signing(world.scanning("deletion", "2.challenge.json", &["bad", "broken.db"], &outputs)).exits_with(11);
    run(AFTER, &["verify", "2.attestation.json"]);
    // What is kept for a scan that goes on, which takes it over the second time, and speaks of what it cannot use the third time.
    for extra in [&[][..], &[], &["--deep"]] {
        let kept = ["--resume", "kept", "--findings", "kept.csv", "--force", "--verbose"];
        let words = world.scanning("deletion", "2.challenge.json", &["bad", "exports", "supply.csv"], &[&kept, extra].concat());
        world.run(AFTER, &words).exits_with(11);
    }
    // In shares, of which one is missing the first time, and one is cut.
    for share in ["1/2", "2/2"] {
        let shared = ["--split", share, "--out", &format!("{}.split", &share[..1]), "--with-findings", "--verbose"];
        world.run(AFTER, &world.scanning("deletion", "2.challenge.json", &["bad", "exports"], &shared)).exits_with(0);
    }
    let asked = world.scanning("deletion", "2.challenge.json", &[], &["--findings", "merged.csv", "--force"]);
    let asked: Vec<&str> = asked.iter().skip(1).map(String::as_str).collect();
    world.case.write("cut.split", &fs::read(world.case.path("2.split")).expect("a result")[..400]);
    for (results, code) in
        [(&["1.split"][..], 11), (&["1.split", "2.split"], 11), (&["1.split", "cut.split"], 1), (&["1.split", "supply.csv"], 1)]
    {
        world.run(AFTER, &[&["merge"], results, &asked].concat()).exits_with(code);
    }
    let words = world.scanning("deletion", "2.challenge.json", &["bad", "broken.db", "exports"], &["--delimiter", ","]);
    run(AFTER, &words.iter().map(String::as_str).collect::<Vec<_>>());
    for file in ["bad", "broken.db"] {
        run(AFTER, &["inspect", file]);
    }
    // From standard input.
    let words = world.scanning("deletion", "2.challenge.json", &["-"], &["--name", "a pipe", "--verbose"]);
    world.command(AFTER, &words).input(&rows).run().exits_with(11);
    world.command(AFTER, &words).input(body).run();

    // Supplies that are refused, and one that is quick to say what it saw.
    for name in ["ragged", "no-header", "quote", "latin", "twice", "binary", "notes", "mixed"] {
        run(
            SUPPLIED,
            &world
                .supplying(&format!("bad/{name}.csv"), &format!("refused/{name}"), &[])
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
    }
    world.case.write("bad/dates.csv", "name,dob\nAnnqzcanary Marqzcanary,03/04/qzcanary\nBorqzcanary Ormqzcanary,99/99/1980\n");
    world.case.write("bad/order.csv", "name,dob\nAnnqzcanary Marqzcanary,03/04/1980\nBorqzcanary Ormqzcanary,05/06/1981\n");
    for name in ["dates", "order"] {
        run(
            SUPPLIED,
            &world
                .supplying(&format!("bad/{name}.csv"), &format!("refused/{name}"), &[])
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
    }

    // Rules for rows hold a cell of the recipient's own choice; that it is declared is its will, and its number no value.
    world.case.write("declared.toml", "[[lawful_source]]\nname = \"own\"\ntarget = \"crm.db#contacts\"\nsource = \"our shop\"\n");
    let words = world.scanning("deletion", "2.challenge.json", &["crm.db"], &["--declare", "declared.toml"]);
    run(AFTER, &words.iter().map(String::as_str).collect::<Vec<_>>());
    world.keep(&[]);
    world.ask("deletion", "3.challenge.json", &[]).exits_with(0);
    signing(world.scanning("deletion", "3.challenge.json", &["crm.db", "exports"], &["--out", "3.attestation.json"]))
        .exits_with(0);
    run(AFTER, &["verify", "3.attestation.json", "2.attestation.json", "1.attestation.json"]);
    // To whom the data went on, and what of them is named well and badly.
    world.case.write("declared.toml", "[[onward]]\nrecipient = \"a printer\"\nreason = \"letters\"\n");
    world.ask("deletion", "4.challenge.json", &["--accept", "declared.toml"]).exits_with(0);
    let sources = ["crm.db", "exports"];
    for (named, out) in [("crm.db", "none"), ("nobody=crm.db", "none"), ("a printer=1.attestation.json", "4.attestation.json")] {
        let flags = ["--declare", "declared.toml", "--onward", named, "--out", out];
        let words = world.scanning("deletion", "4.challenge.json", &sources, &flags);
        run(AFTER, &words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    run(AFTER, &["verify", "4.attestation.json"]);
    run(AFTER, &["verify", "1.attestation.json", "crm.db", "--downstream-of", &world.supply_id()]);
    run(AFTER, &["status", "--tree"]);
    run(AFTER, &["verify", "crm.db"]);
    // An officer's countersignature, and what is none.
    run(AFTER, &["keygen", "--name", "The officer", "--out", "keys/officer", "--force"]);
    for wrong in ["crm.db", "supply.csv", "keys/officer.card.json"] {
        run(AFTER, &["recipient", "add", "keys/recipient.card.json", "--officer", wrong]);
    }
    for file in ["3.attestation.json", "supply.csv", "crm.db"] {
        let as_officer = ["--as", "keys/officer.key", "--from", "keys/recipient.card.json", "--out", "approval.json", "--force"];
        let words = [&["countersign", file][..], &as_officer, &["--name", "B. Other", "--role", "director"]];
        run(AFTER, &words.concat());
    }
    run(AFTER, &["verify", "approval.json", "supply.csv"]);
    let receipts = ["--as", "keys/originator.key", "--receipts", "receipts", "--with-appraisal", "--force"];
    run(AFTER, &[&["verify", "3.attestation.json", "2.attestation.json"][..], &receipts].concat());
    run(AFTER, &["inspect", "receipts/3.attestation.json.receipt.json", "--from", "keys/originator.card.json"]);
    run(AFTER, &["ledger", "verify", "--against", "receipts/3.attestation.json.receipt.json"]);
    run(AFTER, &["inspect", "approval.json"]);
    // The evidence for others: written, read, spoiled, and what is none.
    world.run(AFTER, &["bundle", &world.supply_id(), "--out", "evidence"]).exits_with(0);
    run(AFTER, &["verify", "--bundle", "evidence", "--from", "keys/recipient.card.json"]);
    let slice = world.case.read("evidence/ledger/ledger.jsonl");
    world.case.write("evidence/ledger/ledger.jsonl", &slice[..slice.len() / 2]);
    world.run(AFTER, &["verify", "--bundle", "evidence"]).exits_with(12);
    for wrong in ["crm.db", "exports", "supply.csv"] {
        world.run(AFTER, &["verify", "--bundle", wrong]).exits_with(1);
    }
    // Time stamps of what is a document and of what is none, and answers that are none.
    for file in ["3.attestation.json", "supply.csv", "crm.db"] {
        run(AFTER, &["stamp", "ask", file, "--force"]);
        run(AFTER, &["stamp", "keep", file]);
    }
    run(AFTER, &["inspect", "3.attestation.json.tsq"]);
    run(AFTER, &["stamp", "keep", "3.attestation.json.tsq", "keys/recipient.card.json"]);
    run(AFTER, &["recipient", "list"]);
    // A new key, one that is lost, and what is none.
    let renew = ["keygen", "--name", "The recipient", "--out", "keys/renewed", "--replaces", "keys/recipient.key", "--force"];
    run(AFTER, &renew);
    run(AFTER, &["inspect", "keys/renewed.rotation.json"]);
    for wrong in ["crm.db", "supply.csv", "3.attestation.json"] {
        run(AFTER, &["recipient", "rotate", wrong]);
        run(AFTER, &["recipient", "add", wrong]);
    }
    run(AFTER, &["recipient", "rotate", "keys/renewed.rotation.json"]);
    run(AFTER, &["recipient", "list"]);
    run(AFTER, &["verify", "3.attestation.json"]);
    run(AFTER, &["recipient", "revoke", "SHA256:", "--since", "2017-07-01", "--reason", "lost"]);
    let fingerprint = |card: &str| {
        let card: Value = serde_json::from_str(&world.case.read(card)).expect("a card");
        card["fingerprint"].as_str().expect("a fingerprint").to_owned()
    };
    run(AFTER, &["recipient", "revoke", &fingerprint("keys/recipient.card.json"), "--since", "2017-05-01", "--reason", "lost"]);
    run(AFTER, &["recipient", "add", "keys/renewed.card.json", "--replaces", &fingerprint("keys/recipient.card.json")]);
    run(AFTER, &["verify", "exports/mailing.csv"]);
    run(AFTER, &["status"]);
    run(AFTER, &["supplies", "show", &world.supply_id()]);
    for wrong in ["crm.db", "supply.csv"] {
        for flag in ["--manifest", "--challenge", "--from", "--as", "--map", "--declare"] {
            let mut words = world.scanning(
                "deletion",
                "3.challenge.json",
                &["crm.db"],
                &["--map", "schema.toml", "--declare", "schema.toml"],
            );
            let at = words.iter().position(|word| word == flag).expect("a flag");
            wrong.clone_into(&mut words[at + 1]);
            run(AFTER, &words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        run(
            SUPPLIED,
            &world.supplying("supply.csv", "refused/schema", &["--schema", wrong]).iter().map(String::as_str).collect::<Vec<_>>(),
        );
        run(
            AFTER,
            &world.asking("deletion", "refused.json", &["--accept", wrong]).iter().map(String::as_str).collect::<Vec<_>>(),
        );
        run(
            AFTER,
            &world.asking("deletion", "refused.json", &["--refuse", wrong]).iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
}

#[test]
fn no_value_and_no_salt_leaves_its_place() {
    let world = World::asked();
    run_everything(&world);
    let written = written(&world);
    assert!(written.len() > 30, "{}", written.len());
    assert!(written.iter().any(|(name, _)| name.starts_with("kept/") && name.ends_with(".partial")));

    let people: Vec<&Person> = world.own.iter().chain(&world.supplied).collect();
    let telltales: Vec<String> = people.iter().flat_map(|person| person.telltales()).collect();
    for word in [CANARY, HERON].into_iter().chain(telltales.iter().map(String::as_str)) {
        world.case.never_prints(word);
        for (name, bytes) in &written {
            assert!(!holds(bytes, word), "`{word}` stands in {name}");
        }
    }

    // The salts stay in the file of secrets, in whatever spelling.
    let secret_file = format!("ledger/secrets/{}.json", world.supply_id());
    let secrets: Value = serde_json::from_str(&world.case.read(&secret_file)).expect("secrets");
    let secrets: Vec<String> = secrets
        .as_object()
        .expect("an object")
        .values()
        .filter_map(Value::as_str)
        .filter(|text| text.len() == 64)
        .map(str::to_owned)
        .collect();
    assert_eq!(secrets.len(), 4);
    for secret in secrets {
        let bytes = HEXLOWER.decode(secret.as_bytes()).expect("hexadecimal");
        // From any of three places a text in base64 looks another way; the middle of it is enough.
        let spelled =
            [secret.clone(), BASE64_NOPAD.encode(&bytes)[..42].to_owned(), BASE64URL_NOPAD.encode(&bytes)[..42].to_owned()];
        for word in &spelled {
            world.case.never_prints(word);
        }
        for (name, content) in written.iter().filter(|(name, _)| *name != secret_file) {
            assert!(memchr::memmem::find(content, &bytes).is_none(), "a salt stands in {name}");
            assert!(spelled.iter().all(|word| !holds(content, word)), "a salt stands in {name}");
        }
    }

    // The private keys stay in their files.
    for party in ["originator", "recipient", "renewed"] {
        let file = format!("keys/{party}.key");
        for line in world.case.read(&file).lines().filter(|line| !line.starts_with('#') && !line.starts_with("-----")) {
            world.case.never_prints(line);
            assert!(
                written.iter().all(|(name, content)| *name == file || !holds(content, line)),
                "a private key of the {party} left its file"
            );
        }
    }
}

/// A person says that the first row names the columns, and it names a person instead.
#[test]
fn a_record_taken_for_a_header_is_not_printed() {
    let world = World::asked();
    let people: Vec<&Person> = world.supplied.iter().collect();
    world.case.write("bad/no-header.csv", csv(&people, ',').split_once('\n').expect("a header").1);
    let stated = ["--header", "yes", "--verbose"];
    world.run(AFTER, &["inspect", "bad/no-header.csv", "--header", "yes"]);
    let outputs = ["--out", "a.json", "--findings", "f.csv"];
    let code = world.scan("deletion", "deletion.challenge.json", &["bad/no-header.csv"], &[&stated[..], &outputs].concat()).code;
    assert!(matches!(code, Some(1 | 10 | 11)), "{code:?}");
    world.run(AFTER, &world.supplying("bad/no-header.csv", "refused/stated", &stated));
    world.case.never_prints(CANARY);
    for (name, bytes) in written(&world) {
        assert!(!holds(&bytes, CANARY), "a value stands in {name}");
    }
}

/// The test above would find what it looks for.
#[test]
fn values_are_where_they_are_expected() {
    let world = World::asked();
    let data: Vec<String> = world.case.files_with(CANARY);
    assert_eq!(data, ["crm.db", "exports/mailing.csv", "supply.csv"]);
    let supply = world.case.read("supply.csv");
    for person in &world.supplied {
        for value in [&person.customer_no, &person.first_name, &person.last_name, &person.street, &person.email] {
            assert!(holds(value.as_bytes(), CANARY) && supply.contains(value.as_str()), "{value}");
        }
        assert!(
            supply.contains(&person.postcode)
                && supply.contains(&person.phone)
                && supply.contains(&Person::dmy(person.mother_dob))
        );
    }
}
