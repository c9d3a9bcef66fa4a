//! Both parties check by themselves, with nothing between them but two folders and with servers of their own: the whole story of the case, in which the
//! administrator deletes by the list that the check left, and a backup is restored half a year later.

use crate::cli::harness::Output;
use crate::cli::server::MariaDb;
use crate::cli::server::Postgres;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::csv;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// The passwords of the accounts that scan.
const POSTGRES_SECRET: &str = "zephyr-at-dawn";
const MARIADB_SECRET: &str = "monsoon-at-noon";

const ORIGINATOR: &str = "\
metrics = \"originator.prom\"
log = \"originator.log\"
[originator]
key = \"keys/originator.key\"
ledger = \"ledger\"
inbox = \"to-originator\"
outbox = \"to-recipient\"
state = \"originator-state\"
recheck_days = 180
again_days = 7
";

/// Both servers, and what lies on them.
struct Story {
    world: World,
    postgres: Postgres,
    mariadb: MariaDb,
}

/// What each of the three checks of a round said: the originator's before, the recipient's, the originator's after.
struct Round(Output, Output, Output);

impl Story {
    /// Everybody is in both servers and in a file. `None` where a server is not installed.
    fn begin() -> Option<Story> {
        let (postgres, mariadb) = (Postgres::start()?, MariaDb::start()?);
        let world = World::supplied();
        fs::remove_file(world.case.path("crm.db")).expect("a file");
        postgres.create("crm");
        mariadb.create("shop");
        let everybody: Vec<&Person> = world.own.iter().chain(&world.supplied).collect();
        postgres.load_people("crm", "contacts", &everybody);
        mariadb.load_people("shop", "subscribers", &everybody);
        postgres.sql("", format!("CREATE ROLE reader LOGIN PASSWORD '{POSTGRES_SECRET}' IN ROLE pg_read_all_data;"));
        mariadb.sql("", format!("CREATE USER reader@'%' IDENTIFIED BY '{MARIADB_SECRET}'; GRANT SELECT ON *.* TO reader@'%'"));
        let story = Story { world, postgres, mariadb };
        story.set_up();
        Some(story)
    }

    /// Writes both files of settings, and makes the two folders. The outbox of the one is the inbox of the other.
    fn set_up(&self) {
        let case = &self.world.case;
        case.write("originator.toml", ORIGINATOR);
        let (crm, shop) = (self.postgres.url_as("reader", "crm"), self.mariadb.url_as("reader", "shop"));
        let restored = self.postgres.url_as("reader", "restored");
        case.write(
            "recipient.toml",
            format!(
                "metrics = \"recipient.prom\"\nlog = \"recipient.log\"\nlog_format = \"json\"\n\
                 [recipient]\nkey = \"keys/recipient.key\"\noriginators = [\"keys/originator.card.json\"]\n\
                 inbox = \"to-recipient\"\noutbox = \"to-originator\"\nstate = \"recipient-state\"\n\
                 sources = [\"{crm}\", \"{shop}\", \"exports\"]\nrestored_sources = [\"{restored}\"]\noperator = \"A. Clerk\"\n\
                 [environment]\nPGPASSWORD = {{ file = \"secrets/postgres\" }}\nMYSQL_PWD = {{ file = \"secrets/mariadb\" }}\n\
                 [hooks]\non_residual = [\"sh\", \"tell.sh\", \"residual\"]\non_clear = [\"sh\", \"tell.sh\", \"clear\"]\n\
                 on_error = [\"sh\", \"tell.sh\", \"error\"]\n"
            ),
        );
        case.write("tell.sh", "tr -d '\\n' >> told-$1.jsonl\necho >> told-$1.jsonl\n");
        case.write("secrets/postgres", format!("{POSTGRES_SECRET}\n"));
        case.write("secrets/mariadb", format!("{MARIADB_SECRET}\n"));
        for folder in ["to-originator", "to-recipient"] {
            fs::create_dir(case.path(folder)).expect("a folder");
        }
        fs::rename(case.path("handover"), case.path("to-recipient/handover")).expect("a move");
    }

    fn check(&self, who: &str, now: &str, extra: &[&str]) -> Output {
        self.world.run(now, &[&["check", "--config", &format!("{who}.toml")], extra].concat())
    }

    fn round(&self, now: &str, extra: &[&str]) -> Round {
        let asked = self.check("originator", now, extra);
        let answered = self.check("recipient", now, &[]);
        Round(asked, answered, self.check("originator", now, &[]))
    }

    #[track_caller]
    fn stands(&self, now: &str, state: &str) {
        let json = self.world.run(now, &["status", "--format", "json"]).json();
        assert_eq!(json["supplies"][0]["stateWord"], state);
    }

    /// What the recipient's hooks were told of this kind, the oldest first.
    fn told(&self, event: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.world.case.path(&format!("told-{event}.jsonl"))).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Deletes what the list of the newest residual answer names, as an administrator would: row by row, and a file by writing it anew.
    /// Which tables and files these were.
    fn delete_by_findings(&self) -> BTreeSet<String> {
        let told = self.told("residual").pop().expect("an event");
        let list = told["files"][0].as_str().expect("a list").to_owned();
        let list = fs::read_to_string(list).expect("a list");
        let mut places = BTreeSet::new();
        for line in list.lines().skip(2).collect::<BTreeSet<_>>() {
            let cells: Vec<&str> = line.split(',').collect();
            let (source, object, row) = (cells[0], cells[1], cells[3]);
            let table = object.rsplit('.').next().expect("a name");
            let database = source.rsplit('/').next().expect("a name");
            if source.starts_with("postgres:") && places.insert(format!("{database} {table} {row}")) {
                self.postgres.sql(database, format!("DELETE FROM {table} WHERE {row};"));
            } else if source.starts_with("mysql:") && places.insert(format!("{database} {table} {row}")) {
                self.mariadb.sql(database, format!("DELETE FROM {table} WHERE {row};"));
            } else if !source.contains("://") {
                places.insert("exports mailing.csv".to_owned());
                let own: Vec<&Person> = self.world.own.iter().collect();
                self.world.case.write("exports/mailing.csv", csv(&own, ','));
            }
        }
        places.iter().map(|place| place.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }
}

#[test]
fn the_whole_story_runs_by_itself_between_two_folders_and_two_servers() {
    let Some(story) = Story::begin() else { return };
    let Round(asked, answered, entered) = story.round(SUPPLIED, &[]);
    asked.exits_with(0).prints("issue a baseline challenge");
    answered.exits_with(0).prints("present: In the targets listed, 60 of 60");
    entered.exits_with(0).prints("appraised as present");
    story.stands(SUPPLIED, "in_use");

    // The agreed day passes, and nobody has deleted.
    let now = "2017-07-03T09:00:00Z";
    let Round(asked, answered, entered) = story.round(now, &[]);
    asked.exits_with(0).prints("issue a deletion challenge");
    answered.exits_with(11).prints("residual");
    entered.exits_with(11).prints("appraised as residual");
    story.stands(now, "residual");
    assert_eq!(story.told("residual").len(), 1);
    let places = story.delete_by_findings();
    assert_eq!(places, ["crm contacts", "exports mailing.csv", "shop subscribers"].map(str::to_owned).into());
    let left = story.world.own.len().to_string();
    assert_eq!(story.postgres.query("crm", "SELECT count(*) FROM contacts"), left);
    assert_eq!(story.mariadb.query("shop", "SELECT count(*) FROM subscribers"), left);

    // The next question finds nothing, and neither does the one half a year later.
    for (now, phase) in [("2017-07-10T09:00:00Z", "deletion"), ("2018-01-06T09:00:00Z", "recheck")] {
        let Round(asked, answered, entered) = story.round(now, &[]);
        asked.exits_with(0).prints(&format!("issue a {phase} challenge"));
        answered.exits_with(0).prints("clear: In the targets listed, no supplied record was found");
        entered.exits_with(0).prints("appraised as clear");
        story.stands(now, "attested_clear");
    }
    assert_eq!((story.told("clear").len(), story.told("residual").len()), (2, 1));

    // A backup is restored beside the data, and somebody says so.
    story.postgres.create("restored");
    let old: Vec<&Person> = story.world.own.iter().chain(&story.world.supplied[..7]).collect();
    story.postgres.load_people("restored", "contacts_2017", &old);
    let now = "2018-03-01T09:00:00Z";
    let supply = {
        let json = story.world.run(now, &["status", "--format", "json"]).json();
        json["supplies"][0]["supplyId"].as_str().expect("an id").to_owned()
    };
    let Round(asked, answered, entered) = story.round(now, &["--restore", &supply[..6]]);
    asked.exits_with(0).prints("issue a restore challenge").prints("a backup was restored");
    answered.exits_with(11).prints("residual");
    entered.exits_with(11).prints("appraised as residual");
    story.stands(now, "residual");
    assert_eq!(story.delete_by_findings(), ["restored contacts_2017".to_owned()].into());
    let Round(asked, answered, entered) = story.round("2018-03-02T09:00:00Z", &["--restore", &supply]);
    asked.exits_with(0).prints("issue a restore challenge");
    // What is looked through is the copy alone: of the places of the baseline nothing is said.
    answered.prints("the restore challenge");
    assert!(matches!(entered.code, Some(10 | 13)), "{}", entered.whole());
    // The copy is thrown away; a database beside those that are scanned would be a gap. The places of the baseline are asked for a week later, and it ends well.
    story.postgres.sql("", "DROP DATABASE restored;");
    let now = "2018-03-10T09:00:00Z";
    let Round(asked, answered, entered) = story.round(now, &[]);
    asked.prints("issue a deletion challenge");
    answered.exits_with(0).prints("clear");
    entered.exits_with(0).prints("appraised as clear");
    story.stands(now, "attested_clear");
    assert_eq!(story.told("error"), Vec::<Value>::new());
    story.world.run(now, &["ledger", "verify"]).exits_with(0);

    // The passwords stand where they were written and nowhere else, and no value of a person left the data.
    let case = &story.world.case;
    assert_eq!(case.files_with(POSTGRES_SECRET), ["secrets/postgres"]);
    assert_eq!(case.files_with(MARIADB_SECRET), ["secrets/mariadb"]);
    for word in [POSTGRES_SECRET, MARIADB_SECRET, CANARY, HERON] {
        case.never_prints(word);
    }
    let holding = [case.files_with(CANARY), case.files_with(HERON)].concat();
    let holding = holding.into_iter().filter(|name| !matches!(name.as_str(), "supply.csv" | "exports/mailing.csv"));
    assert_eq!(holding.collect::<Vec<_>>(), Vec::<String>::new());
}
