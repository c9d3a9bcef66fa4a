//! `trace`: which supplies held a person. The one wrong answer is a no that is none.

use crate::cli::harness::Output;
use crate::cli::seeds;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::supply_csv;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Three supplies: all sixty with their numbers as references, the second half to another recipient, and the first half without a copy.
fn three() -> World {
    let world = World::supplied();
    world.run(SUPPLIED, &["keygen", "--name", "=Another \"one\"", "--out", "keys/other"]).exits_with(0);
    world.case.write("half.csv", supply_csv(&world.supplied[30..]));
    world.case.write("first.csv", supply_csv(&world.supplied[..30]));
    let mut second = world.supplying("half.csv", "second", &["--schema", "schema.toml", "--reference", "customer_no"]);
    let to = second.iter().position(|word| word == "--to").expect("a flag");
    "keys/other.card.json".clone_into(&mut second[to + 1]);
    world.run(SUPPLIED, &second).exits_with(0);
    world.supply("first.csv", "third", &["--no-trace"]).exits_with(0);
    world
}

fn trace(world: &World, flags: &[&str]) -> Output {
    world.run(AFTER, &[&["trace"], flags].concat())
}

/// The answers of all supplies.
#[track_caller]
fn answers(world: &World, flags: &[&str]) -> Vec<String> {
    let output = trace(world, &[flags, &["--format", "json"]].concat());
    let json = output.stderr_is("").json();
    let supplies = json["supplies"].as_array().expect("supplies");
    let answers: Vec<String> = supplies.iter().map(|supply| supply["answer"].as_str().expect("a word").to_owned()).collect();
    let is_plain = answers.iter().all(|answer| matches!(answer.as_str(), "held" | "not_held"));
    output.exits_with(if is_plain { 0 } else { 10 });
    answers
}

/// Writes a file for its owner alone.
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a written file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("rights");
    }
}

fn first_supply(world: &World, flags: &[&str]) -> Value {
    trace(world, &[flags, &["--format", "json"]].concat()).json()["supplies"][0].clone()
}

#[test]
fn each_supply_answers_for_itself() {
    let world = three();
    let (early, late) = (&world.supplied[7], &world.supplied[45]);
    assert_eq!(answers(&world, &["--email", &early.email]), ["held", "not_held", "unknown"]);
    assert_eq!(answers(&world, &["--email", &late.email]), ["held", "held", "unknown"]);
    assert_eq!(answers(&world, &["--phone", &late.phone]), ["held", "held", "unknown"]);
    let (name, dob) = (late.full_name(), Person::dmy(late.mother_dob));
    assert_eq!(answers(&world, &["--name", &name, "--postcode", &late.postcode]), ["held", "held", "unknown"]);
    assert_eq!(answers(&world, &["--name", &name, "--dob", &dob]), ["held", "held", "unknown"]);
    // By the number: among what was kept of the second, and as an identifier of the first.
    assert_eq!(answers(&world, &["--ref", &early.customer_no]), ["held", "not_held", "unknown"]);
    assert_eq!(answers(&world, &["--ref", &format!(" {} ", late.customer_no)]), ["held", "held", "unknown"]);
    // The recipient's own people were supplied to nobody, and a slip of the pen is nobody.
    assert_eq!(answers(&world, &["--email", &world.own[3].email]), ["not_held", "not_held", "unknown"]);
    assert_eq!(answers(&world, &["--email", &format!("x{}", late.email)]), ["not_held", "not_held", "unknown"]);
    // What forms no key of a supply says nothing about it.
    assert_eq!(answers(&world, &["--postcode", &late.postcode]), ["unknown", "unknown", "unknown"]);
    let half = ["--name", &late.last_name, "--postcode", &late.postcode];
    assert!(answers(&world, &half).iter().all(|answer| answer == "unknown" || answer == "possible"), "a surname alone");

    let shown = trace(&world, &["--email", &late.email]);
    shown
        .exits_with(10)
        .prints("Asked by e-mail address.\n")
        .prints("The recipient: held, by e-mail address\n  60 records supplied 2017-05-05, to be deleted by 2017-06-30; overdue 1 d\n  row 46 of the data\n  tell The recipient\n")
        .prints("=Another \"one\": held, by e-mail address\n")
        .prints("The recipient: unknown: no copy of its manifest is kept\n")
        .prints("Of 3 supplies: held 2, possible 0, not held 0, not found 0, unknown 1.\n")
        .prints("GDPR Art. 19");
    let json = first_supply(&world, &["--email", &late.email, "--name", &name]);
    assert_eq!((&json["foundBy"], &json["rows"]), (&serde_json::json!(["email"]), &serde_json::json!([46])));
    assert_eq!((json["isToBeTold"].as_bool(), json["stateWord"].as_str()), (Some(true), Some("overdue")));
    let csv = trace(&world, &["--ref", &late.customer_no, "--format", "csv"]);
    let lines: Vec<&str> = csv.exits_with(10).stdout.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("supply_id,recipient,records,supplied_at,delete_by,answer,reason,found_by,rows,seeds,"));
    assert!(
        lines[2].contains("\"'=Another \"\"one\"\"\",30,") && lines[2].contains(",\"held\",\"\",\"ref\",\"16\",\"\",,true,"),
        "{}",
        lines[2]
    );
    assert!(lines[3].contains(",\"unknown\",\"no copy of its manifest is kept\","));
}

#[test]
fn without_salts_or_a_sound_copy_nothing_is_denied() {
    let world = World::supplied();
    let id = world.supply_id();
    let nobody = ["--email", "nobody@example.com"];
    assert_eq!(answers(&world, &nobody), ["not_held"]);
    let reason = || first_supply(&world, &nobody)["reason"].as_str().map(str::to_owned);
    let kept = world.case.files().into_iter().find(|name| name.starts_with("ledger/manifests/")).expect("a copy");
    let digest = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(
        fs::read(world.case.path("handover/baseline.residua")).expect("a manifest"),
    ));
    assert_eq!(kept, format!("ledger/manifests/{digest}.residua"));
    // What was handed over may be gone.
    fs::remove_dir_all(world.case.path("handover")).expect("a removed folder");
    assert_eq!(answers(&world, &["--email", &world.supplied[0].email]), ["held"]);

    let secrets = world.case.path(&format!("ledger/secrets/{id}.json"));
    let salts = fs::read(&secrets).expect("salts");
    fs::remove_file(&secrets).expect("a removed file");
    for person in [&world.supplied[0], &world.own[0]] {
        assert_eq!(answers(&world, &["--email", &person.email]), ["unknown"]);
    }
    assert_eq!(reason().as_deref(), Some("no_salt"));
    trace(&world, &nobody).exits_with(10).prints("its salts are not there").prints("is no no");
    put(&secrets, b"{}");
    assert_eq!(reason().as_deref(), Some("unusable"));
    put(&secrets, &salts);
    assert_eq!(reason(), None);

    let kept = world.case.path(&kept);
    let whole = fs::read(&kept).expect("a copy");
    for (damaged, word) in [(&whole[1..], "unusable"), (&whole[..whole.len() - 1], "unusable"), (b"", "unusable")] {
        put(&kept, damaged);
        assert_eq!(reason().as_deref(), Some(word));
    }
    let mut altered = whole.clone();
    altered[5_000] ^= 1;
    put(&kept, &altered);
    assert_eq!(reason().as_deref(), Some("unusable"));
    fs::remove_file(&kept).expect("a removed file");
    assert_eq!(reason().as_deref(), Some("missing"));
    world.run(AFTER, &["ledger", "verify"]).exits_with(12).prints("the copy of the baseline manifest of supply");
    put(&kept, &whole);
    assert_eq!(reason(), None);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).expect("other rights");
        assert_eq!(reason().as_deref(), Some("unusable"));
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).expect("its rights");
    }
    assert_eq!(reason(), None);
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);

    // An export cannot be asked.
    world.run(AFTER, &["ledger", "export", "--out", "copy"]).exits_with(0);
    let exported = trace(&world, &["--email", &world.supplied[0].email, "--ledger", "copy"]);
    exported.exits_with(10).prints("This ledger is an export").prints("unknown: its salts are not there");
    assert!(!world.case.path("copy/manifests").exists());
    world.run(AFTER, &["ledger", "verify", "--ledger", "copy"]).exits_with(0);
}

#[test]
fn records_without_what_was_given_are_counted() {
    let world = World::new();
    let mut people = world.supplied.clone();
    for person in &mut people[..4] {
        person.email.clear();
    }
    world.case.write("supply.csv", supply_csv(&people));
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    assert_eq!(answers(&world, &["--email", &world.own[0].email]), ["not_found"]);
    let asked = first_supply(&world, &["--email", &world.own[0].email]);
    assert_eq!((&asked["notLookedFor"], &asked["isToBeTold"]), (&Value::from(4), &Value::from(false)));
    trace(&world, &["--email", &world.own[0].email]).prints("not found; 4 of 60 records could not be looked for\n");
    assert_eq!(answers(&world, &["--email", &world.own[0].email, "--phone", &world.own[0].phone]), ["not_held"]);
}

/// A column that is taken for text is in no manifest, and neither are the people in it.
#[test]
fn columns_that_nobody_looked_in_are_named() {
    let world = World::new();
    let text = supply_csv(&world.supplied);
    let with_partner = |(number, line): (usize, &str)| match number {
        0 => format!("{line},partner_name\n"),
        _ => format!("{line},Quentin Zed{}\n", "abcdefgh".chars().nth(number % 8).expect("a letter")),
    };
    world.case.write("supply.csv", text.lines().enumerate().map(with_partner).collect::<String>());
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    let partner = ["--name", "Quentin Zedb", "--postcode", &world.supplied[0].postcode];
    trace(&world, &partner).exits_with(0).prints("not held\n  not looked in: `partner_name`, of which a manifest has nothing\n");
    assert_eq!(first_supply(&world, &partner)["columnsNotLookedIn"], serde_json::json!(["partner_name"]));
    let held = first_supply(&world, &["--email", &world.supplied[0].email]);
    assert_eq!((&held["answer"], &held["columnsNotLookedIn"]), (&Value::from("held"), &serde_json::json!([])));
}

#[test]
fn a_query_comes_from_a_file_or_a_pipe_and_is_not_repeated() {
    let world = three();
    let person = &world.supplied[45];
    let query = format!(
        "email = [\"{}\", \"{}\"]\nname = \"{}\"\ndob = {}\nref = 4711\n",
        world.own[1].email,
        person.email,
        person.full_name(),
        Person::iso(person.mother_dob)
    );
    let before = world.case.files();
    let piped = world.command(AFTER, &["trace", "--query", "-", "--format", "json"]).input(&query).run();
    assert_eq!(piped.exits_with(10).json()["askedBy"], serde_json::json!(["name", "dob", "email", "ref"]));
    assert_eq!(piped.json()["supplies"][1]["answer"], "held");
    assert_eq!(world.case.files(), before, "nothing is stored");
    world.case.write("query.toml", query);
    assert_eq!(answers(&world, &["--query", "query.toml"]), ["held", "held", "unknown"]);

    // Whatever goes wrong, nothing of it is told.
    let email = person.email.as_str();
    for (text, said) in [
        (format!("email = \"{email}"), "the query is not understood at line 1"),
        (format!("\n{email}\n"), "the query is not understood at line 2"),
        (format!("\"{email}\" = 1\n"), "a member that is none"),
        (format!("email = {{ {CANARY} = 1 }}\n"), "`email` of the query is neither"),
        (format!("email = \"{CANARY}\"\n"), "a value of `email` is not understood"),
        (String::new(), "nothing is given of the person"),
        (format!("email = \"{email}\"\n").repeat(3_000), "too large"),
    ] {
        world.command(AFTER, &["trace", "--query", "-"]).input(&text).run().exits_with(1).stdout_is("").warns(said);
    }
    world.command(AFTER, &["trace", "--query", "-"]).input(b"\xff\xfe").run().exits_with(1).warns("not UTF-8");
    trace(&world, &["--query", email]).exits_with(1).warns("cannot read the query\n  cause: there is no such file");
    for words in [&["--dob", CANARY][..], &["--postcode", ""], &["--name", "n/a", "--email", email]] {
        trace(&world, words).exits_with(1).stdout_is("").warns("is not understood");
    }
    for words in [
        &[email][..],
        &["--email", email, &person.first_name],
        &["--mail", email],
        &["--query", "-", "--email", email],
        &["--email", email, "--format", CANARY],
        &[],
    ] {
        assert!(matches!(trace(&world, words).code, Some(2)), "{words:?}");
    }
    let mail = format!("--mail={email}");
    trace(&world, &[&mail]).exits_with(2);
    world.case.never_prints(HERON);
    world.case.never_prints(email);
    world.case.never_prints(&person.full_name());
}

#[test]
fn who_had_it_from_the_recipient_is_named() {
    let world = World::with_baseline();
    world.keep(&[]);
    world.case.write("declared.toml", "[[onward]]\nrecipient = \"the mailing house\"\nreason = \"printed the letters\"\n");
    world.run(AFTER, &world.asking("deletion", "asked.json", &["--accept", "declared.toml"])).exits_with(0);
    let extra = ["--declare", "declared.toml", "--out", "answer.json"];
    world.scan("deletion", "asked.json", &["crm.db", "exports"], &extra).exits_with(0);
    world.verify("answer.json").exits_with(0);
    let email = ["--email", world.supplied[3].email.as_str()];
    trace(&world, &email)
        .exits_with(0)
        .prints("to be deleted by 2017-06-30; attested clear\n")
        .prints("  tell The recipient\n  it passed the data on to `the mailing house`: printed the letters\n");
    let json = first_supply(&world, &email);
    assert_eq!(
        (&json["onward"][0]["recipient"], &json["isOnwardUnread"]),
        (&Value::from("the mailing house"), &Value::from(false))
    );
}

#[test]
fn a_seed_is_nobody_to_be_told_of() {
    let (world, _) = seeds::seeded(&[]);
    let id = world.supply_id();
    let shown = world.run(AFTER, &["supplies", "show", &id, "--seeds", "--format", "json"]).json();
    let seed = &shown["supplies"][0]["seeds"][1];
    let email = seed["cells"]["email"].as_str().expect("an address");
    let asked = first_supply(&world, &["--email", email]);
    assert_eq!(
        (&asked["answer"], &asked["seeds"], &asked["isToBeTold"]),
        (&Value::from("held"), &serde_json::json!([2]), &Value::from(false))
    );
    trace(&world, &["--email", email]).prints("seed 2 of this supply agrees, an invented person\n");
}
