//! Onward recipients: an originator supplies a broker, the broker a client whose database it hosts, and the originator sees the tree.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::create;
use crate::cli::world::insert;
use crate::cli::world::payload;
use crate::cli::world::sign;

/// What the broker declares, and the originator accepts.
const DECLARED: &str = "[[onward]]\nrecipient = \"the client\"\nreason = \"runs its own mailings\"\n";

/// What stands below the supply once everything is entered, but for the client's signature.
const WHOLE: &str = "└─ the client: stated clear, key of The client, received 2017-07-01T09:00:00Z\n";

/// The broker is the recipient of the world, and an originator with a ledger of its own towards the client.
struct Chain {
    world: World,
}

impl Chain {
    /// All three have keys, the client was supplied by the broker, and the broker's baseline is accepted.
    fn new() -> Chain {
        let chain = Chain { world: World::with_baseline() };
        let world = &chain.world;
        world.keep(&[]);
        world.run(SUPPLIED, &["keygen", "--name", "The client", "--out", "keys/client"]).exits_with(0);
        let mut words = world.supplying("supply.csv", "onward", &["--schema", "schema.toml", "--ledger", "broker"]);
        for (flag, value) in [("--as", "keys/recipient.key"), ("--to", "keys/client.card.json")] {
            let at = words.iter().position(|word| word == flag).expect("a flag");
            value.clone_into(&mut words[at + 1]);
        }
        world.run(SUPPLIED, &words).exits_with(0);
        world.case.write("accepted.toml", DECLARED);
        chain
    }

    /// The client answers the broker, having kept these people; the broker enters it in its own ledger.
    fn client_answers(&self, out: &str, kept: &[&Person], code: i32) {
        let world = &self.world;
        let statement = payload(&world.case.read("onward/deletion.residua.intoto.json"));
        let id = statement["predicate"]["supply"]["supplyId"].as_str().expect("an id").to_owned();
        let people: Vec<&Person> = world.own.iter().chain(kept.iter().copied()).collect();
        world.database("client.db", |database| {
            database.execute_batch("DROP TABLE IF EXISTS contacts").expect("a dropped table");
            create(database, "contacts", "");
            insert(database, "contacts", &people);
        });
        let challenge = format!("{out}.challenge.json");
        let asking = ["challenge", &id, "--phase", "deletion", "--without-baseline", "--as", "keys/recipient.key"];
        world.run(AFTER, &[&asking[..], &["--out", &challenge, "--ledger", "broker"]].concat()).exits_with(0);
        let scanning = ["scan", "client.db", "--manifest", "onward/deletion.residua", "--challenge", &challenge];
        let signing = ["--from", "keys/recipient.card.json", "--as", "keys/client.key", "--out", out];
        world.run(AFTER, &[&scanning[..], &signing].concat()).exits_with(code);
        world.run(AFTER, &["verify", out, "--ledger", "broker"]).exits_with(code);
    }

    /// The broker answers the originator, and names these as the client's.
    fn broker_answers(&self, out: &str, named: &[&str]) -> Output {
        let world = &self.world;
        let challenge = format!("{out}.challenge.json");
        world.ask("deletion", &challenge, &["--accept", "accepted.toml"]).exits_with(0);
        let named: Vec<String> = named.iter().map(|file| format!("the client={file}")).collect();
        let flags: Vec<&str> = named.iter().flat_map(|named| ["--onward", named.as_str()]).collect();
        let signing = ["--declare", "accepted.toml", "--out", out];
        world.scan("deletion", &challenge, &["crm.db", "exports"], &[&signing, &flags[..]].concat()).exits_with(0);
        world.verify(out)
    }

    fn downstream(&self, files: &[&str]) -> Output {
        let id = self.world.supply_id();
        self.world.run(AFTER, &[&["verify"], files, &["--downstream-of", &id[..8]]].concat())
    }

    /// The board with its tree; the supply's id is `SUPPLY`.
    fn tree(&self, code: i32) -> String {
        let output = self.world.run(AFTER, &["status", "--tree"]);
        output.exits_with(code);
        let text = output.stdout.replace(&self.world.supply_id()[..8], "SUPPLY");
        text[text.find("\nOnward").or(text.find("\nNo onward")).expect("a tree")..].to_owned()
    }
}

#[test]
fn from_the_originator_to_the_client_and_back() {
    let chain = Chain::new();
    let world = &chain.world;
    assert_eq!(chain.tree(13), "\nNo onward recipient is declared.\n");
    // The client is declared, and nothing of it is named.
    let verified = chain.broker_answers("1.json", &[]);
    verified.exits_with(0).prints("Appraisal: clear\n").prints("  passed on to `the client`: runs its own mailings\n");
    assert_eq!(chain.tree(13), "\nOnward recipients:\n  SUPPLY The recipient: attested clear\n  └─ the client: missing\n");
    let board = world.run(AFTER, &["status"]);
    board.exits_with(13).prints("attested clear").prints("no attestation").prints("--downstream-of");
    let json = world.run(AFTER, &["status", "--format", "json"]).json();
    assert_eq!((json["supplies"][0]["missingOnward"].as_u64(), json["supplies"][0].get("onward")), (Some(1), None));

    // The same declaration with what the client attested is accepted as it was.
    chain.client_answers("client.json", &[], 0);
    chain.downstream(&["client.json"]).exits_with(12).prints("Downstream attestation refused: no attestation that stands");
    let verified = chain.broker_answers("2.json", &["client.json"]);
    verified.exits_with(0).prints("Appraisal: clear\n").prints("mailings; names 1 attestation of it\n");
    assert!(chain.tree(13).contains("└─ the client: missing (named, SHA-256 "));
    let refused = world.run(AFTER, &["verify", "client.json"]);
    refused.exits_with(12).prints("no recipient of this ledger has signed these bytes");

    // Bytes that nobody names, and those that are.
    world.case.write("forged.json", format!("{}\n", world.case.read("client.json")));
    let refused = chain.downstream(&["forged.json"]);
    refused.exits_with(12).prints("Downstream attestation refused: no attestation that stands").prints("names these bytes");
    let entered = chain.downstream(&["client.json"]);
    entered
        .exits_with(0)
        .prints("  V1 passed   envelope and types\n  V2 not run  signature of the pinned key: it is signed by a key that is not pinned here")
        .prints("  V3 not run  our challenge, used once, in its window: it answers another ledger's challenge, which is not here\n")
        .prints("  V8 passed   verdict follows from what is attested\n  V9 passed   declarations can be used\n")
        .prints("Stated: clear (by a key that is not pinned)\n")
        .prints("That is what `the client` states to its own supplier. It was not checked against a challenge of yours");
    assert!(!entered.stdout.contains("Appraisal"), "{}", entered.whole());
    assert_eq!(
        chain.tree(0),
        "\nOnward recipients:\n  SUPPLY The recipient: attested clear\n  └─ the client: stated clear, unpinned key, received \
         2017-07-01T09:00:00Z\n"
    );
    world.run(AFTER, &["status"]).exits_with(0).prints("by a key that is not pinned");

    // With the client's card it is known whose it is.
    world.run(AFTER, &["recipient", "add", "keys/client.card.json"]).exits_with(0);
    chain.downstream(&["client.json"]).exits_with(0).prints("V2 passed").prints("Stated: clear (by the pinned key SHA256:");
    let lines = || world.case.read("ledger/ledger.jsonl").lines().count();
    let before = lines();
    chain.downstream(&["client.json"]).exits_with(0);
    assert_eq!(lines(), before, "entered twice");
    let whole = format!("\nOnward recipients:\n  SUPPLY The recipient: attested clear\n  {WHOLE}");
    assert_eq!(chain.tree(0), whole);
    world
        .run(AFTER, &["supplies", "show", &world.supply_id()])
        .exits_with(0)
        .prints(&format!("  onward recipients:\n    {WHOLE}State: attested clear\n"));
    let json = world.run(AFTER, &["status", "--tree", "--format", "json"]).json();
    let branch = &json["supplies"][0]["onward"][0];
    assert_eq!((branch["recipient"].as_str(), branch["isMissing"].as_bool()), (Some("the client"), Some(false)));
    let leaf = &branch["attestations"][0];
    assert_eq!((leaf["stated"].as_str(), leaf["key"].as_str()), (Some("clear"), Some("pinned")));

    // The ledger is sound with it, and says so when it is not.
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);
    world.run(AFTER, &["ledger", "export", "--out", "copy"]).exits_with(0);
    world.run(AFTER, &["ledger", "verify", "--ledger", "copy"]).exits_with(0);
    world.run(AFTER, &["inspect", "ledger"]).exits_with(0).prints("of onward recipients");
    let digest = leaf["attestation"].as_str().expect("a digest");
    let kept = format!("copy/envelopes/{digest}.json");
    assert_eq!(world.case.read(&kept), world.case.read("client.json"));
    world.case.write(&kept, world.case.read("forged.json"));
    world.run(AFTER, &["ledger", "verify", "--ledger", "copy"]).exits_with(12).prints("the onward recipient's attestation");

    // A newer answer names it anew, or it counts no more.
    chain.broker_answers("3.json", &[]).exits_with(0);
    assert_eq!(chain.tree(13), "\nOnward recipients:\n  SUPPLY The recipient: attested clear\n  └─ the client: missing\n");
    chain.downstream(&["client.json"]).exits_with(12);
}

#[test]
fn a_client_that_kept_records_and_one_that_forges() {
    let chain = Chain::new();
    let world = &chain.world;
    chain.client_answers("client.json", &[&world.supplied[7]], 11);
    // The client's key signs that it is clear, over findings that are not.
    let mut statement = payload(&world.case.read("client.json"));
    let predicate = &mut statement["predicate"];
    predicate["verdict"] = "clear".into();
    predicate["verdictReasons"] = serde_json::json!([]);
    world.case.write("forged.json", sign(world, "client", &statement));
    chain.broker_answers("1.json", &["client.json", "forged.json"]).exits_with(0);
    let refused = chain.downstream(&["forged.json"]);
    refused.exits_with(12).prints("V8 failed").prints("refused: a check failed, and nothing was entered.\n");
    assert!(!refused.stdout.contains("Stated:"), "{}", refused.whole());
    let json =
        world.run(AFTER, &["verify", "forged.json", "client.json", "--downstream-of", &world.supply_id(), "--format", "json"]);
    let json = json.exits_with(12).json();
    assert_eq!((json["downstream"][0]["result"].as_str(), json["downstream"][0]["stated"].as_str()), (Some("refused"), None));
    assert_eq!(
        (json["downstream"][1]["result"].as_str(), json["downstream"][1]["stated"].as_str()),
        (Some("entered"), Some("residual"))
    );
    chain.downstream(&["client.json"]).exits_with(11).prints("Stated: residual (by a key that is not pinned)");
    let tree = chain.tree(13);
    assert!(
        tree.contains("├─ the client: stated residual, unpinned key") && tree.contains("└─ the client: missing (named"),
        "{tree}"
    );
    let csv = world.run(AFTER, &["status", "--format", "csv"]);
    csv.exits_with(13).prints("onward recipient `the client`: stated residual").prints("\",1\r\n");
}

#[test]
fn what_cannot_be_named_or_looked_up() {
    let chain = Chain::new();
    let world = &chain.world;
    world.ask("deletion", "asked.json", &["--accept", "accepted.toml"]).exits_with(0);
    let scan = |flags: &[&str]| world.scan("deletion", "asked.json", &["crm.db", "exports"], flags);
    let declare = ["--declare", "accepted.toml"];
    for (named, words) in [
        ("nobody=baseline.attestation.json", "no `[[onward]]` whose recipient is `nobody`"),
        ("the client", "no `[[onward]]` whose recipient is `the client`"),
        ("the client=none.json", "cannot read the attestation `none.json`"),
        ("the client=asked.json", "it is a challenge"),
        ("the client=supply.csv", "cannot name `supply.csv` as an attestation"),
    ] {
        let output = scan(&[&declare[..], &["--onward", named]].concat());
        output.exits_with(1).stdout_is("");
        assert!(output.stderr.contains(words), "{}", output.whole());
    }
    scan(&["--onward", "the client=baseline.attestation.json"]).exits_with(2).stdout_is("");
    world.case.write("accepted.toml", format!("{DECLARED}attestations = [\"0A\"]\n"));
    let output = scan(&declare);
    output.exits_with(1).stdout_is("");
    assert!(output.stderr.contains("64 lower-case hexadecimal digits"), "{}", output.whole());
    // The recipient's own attestation is nobody else's.
    world.case.write("accepted.toml", DECLARED);
    chain.broker_answers("1.json", &["baseline.attestation.json"]).exits_with(0);
    chain.downstream(&["baseline.attestation.json"]).exits_with(12).prints("an attestation of the supply's own recipient");
    world.run(AFTER, &["verify", "1.json", "--downstream-of", "ffff"]).exits_with(1).stdout_is("");
    chain.downstream(&["none.json"]).exits_with(1);
}
