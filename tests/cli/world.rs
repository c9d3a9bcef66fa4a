//! Two parties and their data: an originator that supplies 60 invented people, and a recipient that holds them among people of its own.
//!
//! ```text
//! let world = World::with_baseline();
//! world.keep(&[&world.supplied[7]]);
//! world.ask("deletion", "asked.json", &[]);
//! world.scan("deletion", "asked.json", &["crm.db", "exports"], &[]).exits_with(11);
//! ```
//!
//! Every value of a supplied person holds [`CANARY`], and every value of the recipient's own people [`HERON`], or is one of
//! [`Person::telltales`] where its form leaves no room for a word. None of them may stand in anything that the program prints or writes.

use crate::cli::harness::Case;
use crate::cli::harness::Command;
use crate::cli::harness::Output;
use rusqlite::Connection;
use rusqlite::params_from_iter;
use serde_json::Value;
use std::fmt::Write;

/// Stands in the values of supplied people.
pub(crate) const CANARY: &str = "qzcanary";

/// Stands in the values of the recipient's own people.
pub(crate) const HERON: &str = "vxheron";

/// The day of the supply and of the baseline.
pub(crate) const SUPPLIED: &str = "2017-05-05T09:00:00Z";

/// The day after the agreed one.
pub(crate) const AFTER: &str = "2017-07-01T09:00:00Z";

/// The agreed day.
pub(crate) const DELETE_BY: &str = "2017-06-30";

/// A schema that declares the child's date of birth to be the supply's own.
pub(crate) const SCHEMA: &str = "[columns.child_dob]\nkind = \"date\"\nrole = \"child\"\norigin = \"supply\"\n";

/// The columns of a recipient's table; the first is its key.
pub(crate) const COLUMNS: [&str; 9] =
    ["id", "first_name", "last_name", "address", "postcode", "email", "phone", "mother_dob", "child_dob"];

const SUPPLY_SIZE: usize = 60;
const OWN_SIZE: usize = 40;

const GIVEN: [&str; 20] = [
    "Ann", "Bor", "Cla", "Der", "Ele", "Fer", "Gre", "Ham", "Ing", "Jas", "Kar", "Lor", "Moi", "Nig", "Oli", "Pie", "Que", "Rho",
    "Ste", "Tob",
];
const FAMILY: [&str; 15] =
    ["Abb", "Bry", "Cob", "Dun", "Ewi", "Fos", "Gar", "Hol", "Irv", "Jut", "Kem", "Lam", "Mar", "Nas", "Orm"];
const STREETS: [&str; 12] =
    ["Maple", "Rowan", "Hazel", "Alder", "Birch", "Cedar", "Elder", "Larch", "Aspen", "Thorn", "Hawth", "Willow"];

/// An invented person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    /// The key of the person's row.
    pub(crate) id: usize,
    pub(crate) customer_no: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) number: usize,
    pub(crate) street: String,
    pub(crate) postcode: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    /// Year, month, day.
    pub(crate) mother_dob: (usize, usize, usize),
    pub(crate) child_dob: (usize, usize, usize),
}

impl Person {
    /// The `index`-th person whose values hold the word. Numbers are spread so that people have next to nothing in common.
    fn invent(index: usize, word: &str) -> Person {
        let seen = if word == CANARY { 0 } else { SUPPLY_SIZE };
        let unique = index + seen;
        let given = GIVEN[index % GIVEN.len()];
        let family = FAMILY[(index / 4 + index) % FAMILY.len()];
        // Units of the form AA9A 9AA, so that a postcode is seven characters long and does not occur by chance.
        let (area, letter) =
            (["EC1", "EC2", "EC3", "EC4", "WC1", "WC2", "SW1", "EC5", "WC3"][unique / 12], b"ABEHMNPRVWXY"[unique % 12]);
        Person {
            // Those who were supplied came last into the recipient's tables.
            id: if word == CANARY { 5000 } else { 1000 } + index,
            customer_no: format!("{}{}", word.to_uppercase(), 10_000 + unique * 7919 % 89_999),
            first_name: format!("{given}{word}"),
            last_name: format!("{family}{word}"),
            number: 3 + unique * 7 % 190,
            street: format!("{}{word} Road", STREETS[unique % STREETS.len()]),
            postcode: format!("{area}{} {}QZ", char::from(letter), unique * 3 % 10),
            email: format!("{word}.{}{unique}@example.com", given.to_lowercase()),
            phone: format!("07700{}", 900_100 + unique * 8_317 % 99_000),
            mother_dob: (1961 + unique % 29, 1 + unique * 5 % 12, 2 + unique * 11 % 27),
            child_dob: (2013 + unique % 4, 1 + unique * 7 % 12, 2 + unique * 13 % 27),
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("{} {}", self.number, self.street)
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// `17/02/1971`
    pub(crate) fn dmy(date: (usize, usize, usize)) -> String {
        format!("{:02}/{:02}/{}", date.2, date.1, date.0)
    }

    /// `1971-02-17`
    pub(crate) fn iso(date: (usize, usize, usize)) -> String {
        format!("{}-{:02}-{:02}", date.0, date.1, date.2)
    }

    /// The cells of the person's row, in the order of [`COLUMNS`].
    pub(crate) fn cells(&self) -> [String; 9] {
        [
            self.id.to_string(),
            self.first_name.clone(),
            self.last_name.clone(),
            self.address(),
            self.postcode.clone(),
            self.email.clone(),
            self.phone.clone(),
            Person::dmy(self.mother_dob),
            Person::iso(self.child_dob),
        ]
    }

    /// Values without room for a word, in the forms in which they may leak.
    pub(crate) fn telltales(&self) -> Vec<String> {
        let mut telltales =
            vec![self.postcode.clone(), self.postcode.replace(' ', ""), self.phone.clone(), self.phone[1..].to_owned()];
        for date in [self.mother_dob, self.child_dob] {
            telltales.extend([Person::dmy(date), Person::iso(date)]);
        }
        telltales
    }
}

/// The parties, their keys and their data, in the folder of a case.
pub(crate) struct World {
    pub(crate) case: Case,
    /// Who was supplied.
    pub(crate) supplied: Vec<Person>,
    /// The recipient's own people.
    pub(crate) own: Vec<Person>,
}

impl World {
    /// The parties with keys, and `supply.csv` with its schema. Nothing is supplied yet.
    pub(crate) fn new() -> World {
        let world = World {
            case: Case::new(),
            supplied: (0..SUPPLY_SIZE).map(|index| Person::invent(index, CANARY)).collect(),
            own: (0..OWN_SIZE).map(|index| Person::invent(index, HERON)).collect(),
        };
        world.run(SUPPLIED, &["keygen", "--name", "The originator", "--out", "keys/originator"]).exits_with(0);
        world.run(SUPPLIED, &["keygen", "--name", "The recipient", "--out", "keys/recipient"]).exits_with(0);
        world.case.write("supply.csv", supply_csv(&world.supplied));
        world.case.write("schema.toml", SCHEMA);
        world
    }

    /// Supplied, with the manifests in `handover/`; the recipient holds everybody in `crm.db` and `exports/mailing.csv`.
    pub(crate) fn supplied() -> World {
        let world = World::new();
        world.supply("supply.csv", "handover", &[]).exits_with(0);
        world.keep(&world.supplied.iter().collect::<Vec<_>>());
        world
    }

    /// Supplied, and the baseline is accepted.
    pub(crate) fn with_baseline() -> World {
        let world = World::supplied();
        world.run(SUPPLIED, &world.asking("baseline", "baseline.challenge.json", &[])).exits_with(0);
        let signing = ["--out", "baseline.attestation.json"];
        world
            .run(SUPPLIED, &world.scanning("baseline", "baseline.challenge.json", &["crm.db", "exports"], &signing))
            .exits_with(0);
        world.run(SUPPLIED, &["verify", "baseline.attestation.json"]).exits_with(0);
        world
    }

    /// With a baseline, nothing deleted, and a deletion challenge in `deletion.challenge.json`.
    pub(crate) fn asked() -> World {
        let world = World::with_baseline();
        world.ask("deletion", "deletion.challenge.json", &[]).exits_with(0);
        world
    }

    /// A command at a moment.
    pub(crate) fn run(&self, now: &str, arguments: &[impl AsRef<str>]) -> Output {
        self.command(now, arguments).run()
    }

    /// A command at a moment, to be changed before it is run.
    pub(crate) fn command(&self, now: &str, arguments: &[impl AsRef<str>]) -> Command<'_> {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        self.case.command(&arguments).now(now)
    }

    /// `supply` of a file into a folder.
    pub(crate) fn supply(&self, data: &str, out: &str, extra: &[&str]) -> Output {
        self.run(SUPPLIED, &self.supplying(data, out, &[&["--schema", "schema.toml"], extra].concat()))
    }

    /// The words of a `supply` without a schema.
    pub(crate) fn supplying(&self, data: &str, out: &str, extra: &[&str]) -> Vec<String> {
        let fixed = [
            "supply",
            data,
            "--as",
            "keys/originator.key",
            "--to",
            "keys/recipient.card.json",
            "--delete-by",
            DELETE_BY,
            "--out",
            out,
        ];
        words(&[&fixed[..], extra])
    }

    /// The words of a `challenge`.
    pub(crate) fn asking(&self, phase: &str, out: &str, extra: &[&str]) -> Vec<String> {
        let supply = self.supply_id();
        words(&[&["challenge", &supply, "--phase", phase, "--as", "keys/originator.key", "--out", out], extra])
    }

    /// The words of a `scan`.
    pub(crate) fn scanning(&self, manifest: &str, challenge: &str, sources: &[&str], extra: &[&str]) -> Vec<String> {
        let manifest = format!("handover/{manifest}.residua");
        let who = ["--from", "keys/originator.card.json", "--as", "keys/recipient.key"];
        words(&[&["scan"], sources, &["--manifest", &manifest, "--challenge", challenge], &who, extra])
    }

    /// A challenge after the agreed day.
    pub(crate) fn ask(&self, phase: &str, out: &str, extra: &[&str]) -> Output {
        self.run(AFTER, &self.asking(phase, out, extra))
    }

    /// A scan after the agreed day.
    pub(crate) fn scan(&self, manifest: &str, challenge: &str, sources: &[&str], extra: &[&str]) -> Output {
        self.run(AFTER, &self.scanning(manifest, challenge, sources, extra))
    }

    /// A verification after the agreed day.
    pub(crate) fn verify(&self, attestation: &str) -> Output {
        self.run(AFTER, &["verify", attestation])
    }

    /// The only supply's id, as the statement beside its manifest says it.
    pub(crate) fn supply_id(&self) -> String {
        let text = payload(&self.case.read("handover/deletion.residua.intoto.json"));
        text["predicate"]["supply"]["supplyId"].as_str().expect("a supply's id").to_owned()
    }

    /// Writes the recipient's data: its own people, and those who were kept.
    pub(crate) fn keep(&self, kept: &[&Person]) {
        let people: Vec<&Person> = self.own.iter().chain(kept.iter().copied()).collect();
        self.database("crm.db", |database| {
            database.execute_batch("DROP TABLE IF EXISTS contacts").expect("a dropped table");
            create(database, "contacts", "");
            insert(database, "contacts", &people);
        });
        self.case.write("exports/mailing.csv", csv(&people, ','));
    }

    /// Opens a database in the folder to change it.
    pub(crate) fn database(&self, name: &str, change: impl FnOnce(&Connection)) {
        let path = self.case.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        let database = Connection::open(path).expect("a database");
        change(&database);
        database.close().expect("a closed database");
    }
}

fn words(parts: &[&[&str]]) -> Vec<String> {
    parts.concat().into_iter().map(str::to_owned).collect()
}

/// A table with [`COLUMNS`], all text but the first; `options` follow the closing parenthesis.
pub(crate) fn create(database: &Connection, table: &str, options: &str) {
    let columns: Vec<String> = COLUMNS[1..].iter().map(|column| format!("{column} TEXT")).collect();
    database
        .execute_batch(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {}) {options}", columns.join(", ")))
        .expect("a new table");
}

/// Adds people to a table with [`COLUMNS`].
pub(crate) fn insert(database: &Connection, table: &str, people: &[&Person]) {
    let statement = format!("INSERT INTO {table} ({}) VALUES (?,?,?,?,?,?,?,?,?)", COLUMNS.join(", "));
    for person in people {
        database.execute(&statement, params_from_iter(person.cells())).expect("a new row");
    }
}

/// People as a text table with [`COLUMNS`].
pub(crate) fn csv(people: &[&Person], delimiter: char) -> String {
    let mut text = COLUMNS.join(&delimiter.to_string()) + "\n";
    for person in people {
        text += &(person.cells().join(&delimiter.to_string()) + "\n");
    }
    text
}

/// The supplied file.
pub(crate) fn supply_csv(people: &[Person]) -> String {
    let mut text = "customer_no,first_name,last_name,address,postcode,email,phone,mother_dob,child_dob\n".to_owned();
    for person in people {
        let cells = person.cells();
        writeln!(text, "{},{}", person.customer_no, cells[1..].join(",")).expect("a string takes all");
    }
    text
}

/// The statement inside a signed document.
#[track_caller]
pub(crate) fn payload(envelope: &str) -> serde_json::Value {
    let envelope: serde_json::Value = serde_json::from_str(envelope).expect("an envelope");
    let payload = envelope["payload"].as_str().expect("a payload");
    serde_json::from_slice(&data_encoding::BASE64.decode(payload.as_bytes()).expect("base64")).expect("a statement")
}

/// A statement signed by a party of the world, whatever it says: what a forger with a key could write.
pub(crate) fn sign(world: &World, party: &str, statement: &serde_json::Value) -> String {
    sign_as(&world.case, &format!("keys/{party}.key"), &format!("keys/{party}.card.json"), statement)
}

/// A statement signed with a key file, whatever it says.
pub(crate) fn sign_as(case: &Case, key: &str, card: &str, statement: &serde_json::Value) -> String {
    sign_payload(case, key, card, &serde_json::to_vec(statement).expect("JSON"))
}

/// A payload signed with a key file, whatever its bytes are.
pub(crate) fn sign_payload(case: &Case, key: &str, card: &str, payload: &[u8]) -> String {
    use ed25519_dalek::Signer;
    const KIND: &str = "application/vnd.in-toto+json";
    let key = signing_key(case, key);
    let card: serde_json::Value = serde_json::from_str(&case.read(card)).expect("a card");
    let mut signed = format!("DSSEv1 {} {KIND} {} ", KIND.len(), payload.len()).into_bytes();
    signed.extend(payload);
    let encode = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let signature = serde_json::json!({ "keyid": card["fingerprint"], "sig": encode(&key.sign(&signed).to_bytes()) });
    serde_json::json!({ "payload": encode(payload), "payloadType": KIND, "signatures": [signature] }).to_string()
}

/// The private key for signing in a key file.
pub(crate) fn signing_key(case: &Case, key: &str) -> ed25519_dalek::SigningKey {
    use ed25519_dalek::pkcs8::DecodePrivateKey;
    let file = case.read(key);
    let pem = &file[file.find("-----BEGIN").expect("a key")..file.find("AGE-SECRET").expect("another key")];
    ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim_end()).expect("a private key")
}

/// The codes of a scan's reasons, and after `gap:` those of its gaps.
pub(crate) fn codes(scan: &Output) -> Vec<String> {
    let json = scan.json();
    let all = |value: &Value, prefix: &str| -> Vec<String> {
        let each = value.as_array().expect("an array").iter();
        each.map(|element| format!("{prefix}{}", element["code"].as_str().expect("a code"))).collect()
    };
    [all(&json["verdictReasons"], ""), all(&json["coverage"]["gaps"], "gap:")].concat()
}
