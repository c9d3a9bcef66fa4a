//! The two parties' folders: the originator's supply, and the recipient's database and exports before and after each deletion.
//!
//! ```text
//! originator/supply.csv, schema.toml
//! recipient/crm.db                              contacts, contacts_backup_2017, electoral_roll, campaign_log, segments
//! recipient/declared.toml
//! recipient/exports/mailing_house.csv           supplied people
//! recipient/exports/newsletter.tsv              the recipient's own people
//! recipient/exports/2017/agency_extract.csv     a fifth of the supplied people
//! ```
//!
//! People who were not supplied come from the same population with indices beyond the supply's, another stretch for every
//! table, so that two tables never share one of them: what coincides then is chance.

use crate::demo::crm;
use crate::demo::export;
use crate::demo::export::Export;
use crate::demo::people::MOST_PEOPLE;
use crate::demo::people::MOST_RECORDS;
use crate::demo::people::Population;
use crate::support::progress::Progress;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use thiserror::Error;

/// The records of the case: those of the ICO's monetary penalty notice of 2018.
pub(crate) const DEFAULT_RECORDS: u64 = 1_065_220;

/// The seed of every demo. Another one would be another population.
const SEED: u64 = 0x2017_0501;

/// Progress is told after so many rows.
const STRIDE: u64 = 4096;

/// What the originator knows about its columns and cannot be inferred.
const SCHEMA: &str = "\
# Columns whose meaning is declared. All others are inferred from their headers and values.

# Only this supply holds the child's date of birth: who has it has it from here.
[columns.child_dob]
kind = \"date\"
role = \"child\"
origin = \"supply\"

[columns.mother_dob]
kind = \"date\"
role = \"birth\"
origin = \"common\"
";

/// Why a demo's data could not be made or changed.
#[derive(Debug, Error)]
pub(crate) enum DemoError {
    /// The person asked for too much.
    #[error("{0} records are more than the demo's {MOST_RECORDS} customer numbers")]
    TooMany(u64),
    /// The disk or its permissions; an `AlreadyExists` inside is the person's to remove.
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A file that was there is gone or protected.
    #[error("cannot delete `{}`", path.display())]
    Delete { path: PathBuf, source: io::Error },
    /// The disk again, seen through `SQLite`; otherwise a bug.
    #[error("cannot change the database `{}`", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    /// The folder changed while it was measured.
    #[error("cannot measure `{}`", path.display())]
    Measure { path: PathBuf, source: io::Error },
}

/// How many people of which kind there are, and the stretches of the population that they fill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) seed: u64,
    /// The supplied records.
    pub(crate) records: u64,
}

impl Extent {
    /// People in `contacts` whom the recipient has from elsewhere.
    pub(crate) fn own_contacts(&self) -> Range<u64> {
        self.records..self.records + self.records * 2 / 5
    }

    /// Rows of `contacts`.
    pub(crate) fn contacts(&self) -> u64 {
        self.own_contacts().end.max(1)
    }

    /// Supplied people who are also on the electoral roll: a fifth of the records, each mother once.
    pub(crate) fn supplied_electors<'a>(&self, population: &'a Population) -> impl Iterator<Item = u64> + use<'a> {
        (0..self.records).step_by(5).filter(|&index| population.second_child(index).is_none())
    }

    /// The others on the electoral roll.
    pub(crate) fn own_electors(&self) -> Range<u64> {
        let start = self.own_contacts().end;
        start..start + self.records * 2 / 5
    }

    /// The readers of the newsletter.
    fn readers(&self) -> Range<u64> {
        let start = self.own_electors().end;
        start..start + self.records * 3 / 10
    }

    /// Rows of `campaign_log`.
    pub(crate) fn events(&self) -> u64 {
        self.records * 3 / 10
    }
}

/// One table or file of the world, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// The file, below the world's folder.
    pub(crate) file: &'static str,
    /// The table, in a database.
    pub(crate) table: Option<&'static str>,
    pub(crate) rows: u64,
    /// So many of the rows hold a supplied record; on the electoral roll, a supplied person.
    pub(crate) supplied: u64,
}

const SUPPLY: &str = "originator/supply.csv";
const CRM: &str = "recipient/crm.db";
const MAILING_HOUSE: &str = "recipient/exports/mailing_house.csv";
const NEWSLETTER: &str = "recipient/exports/newsletter.tsv";
const AGENCY_EXTRACT: &str = "recipient/exports/2017/agency_extract.csv";

/// The folders of both parties.
#[derive(Debug)]
pub(crate) struct World {
    folder: PathBuf,
    holdings: Vec<Holding>,
}

impl World {
    /// Writes the world of `records` supplied records into `folder`, which is made where it is missing. `declared` becomes the
    /// recipient's `declared.toml`. Files that exist already are an error; after an error, what was written so far stays.
    pub(crate) fn create(folder: &Path, records: u64, declared: &str, progress: &dyn Progress) -> Result<World, DemoError> {
        // The world has 2.1 times as many people as records: `MOST_RECORDS` keeps it below `MOST_PEOPLE`.
        const { assert!(MOST_RECORDS * 3 < MOST_PEOPLE) };
        if records > MOST_RECORDS {
            return Err(DemoError::TooMany(records));
        }
        let extent = Extent { seed: SEED, records };
        let population = Population::new(SEED);
        let mut world = World { folder: folder.to_owned(), holdings: holdings(&extent, &population) };
        for path in [world.originator(), world.exports().join("2017")] {
            fs::create_dir_all(&path).map_err(|source| DemoError::Write { path, source })?;
        }
        for (path, text) in [(world.schema(), SCHEMA), (world.declared(), declared)] {
            create_new(&path, text)?;
        }
        // SQLite would open a database that is there; this refuses it.
        create_new(&world.crm(), "")?;

        let rows = world.holdings.iter().map(|holding| holding.rows).sum();
        progress.begin("inventing both parties' data", Some(rows), None);
        let (files, database) = thread::scope(|scope| {
            let database = scope.spawn(|| {
                let mut stride = Stride { progress, rows: 0 };
                crm::create(&world.crm(), &population, &extent, &mut || stride.step())
            });
            let files = world.write_files(&population, &extent, progress);
            (files, database.join())
        });
        progress.end();
        files?;
        let path = world.crm();
        match database {
            Ok(result) => result.map_err(|source| DemoError::Database { path, source })?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        world.holdings.retain(|holding| holding.rows > 0);
        Ok(world)
    }

    /// Deletes as the recipient did: the supplied rows of `contacts` and the agency's extract, but neither the backup table nor
    /// the mailing house's export. Returns what is gone. Deleted rows leave free pages behind; `VACUUM` waits for
    /// [`World::delete_rest`].
    pub(crate) fn delete_most(&mut self) -> Result<Vec<Holding>, DemoError> {
        let path = self.crm();
        let rows = crm::delete_supplied_contacts(&path).map_err(|source| DemoError::Database { path, source })?;
        remove(&self.agency_extract())?;
        Ok(vec![self.forget(CRM, Some("contacts"), rows), self.forget_file(AGENCY_EXTRACT)])
    }

    /// Deletes what was forgotten: the rows of `contacts_backup_2017` (the empty table stays, as a target that can still be
    /// looked into) and the mailing house's export. Returns what is gone.
    pub(crate) fn delete_rest(&mut self) -> Result<Vec<Holding>, DemoError> {
        let path = self.crm();
        let rows = crm::delete_backup(&path).map_err(|source| DemoError::Database { path, source })?;
        remove(&self.mailing_house())?;
        Ok(vec![self.forget(CRM, Some("contacts_backup_2017"), rows), self.forget_file(MAILING_HOUSE)])
    }

    /// Every table and file with its rows, as they stand now, the supply first.
    pub(crate) fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// The bytes of all files of the world.
    pub(crate) fn bytes_on_disk(&self) -> Result<u64, DemoError> {
        let mut bytes = 0;
        let mut folders = vec![self.originator(), self.recipient()];
        while let Some(path) = folders.pop() {
            let measure = || -> io::Result<(u64, Vec<PathBuf>)> {
                let (mut sum, mut inner) = (0, Vec::new());
                for entry in fs::read_dir(&path)? {
                    let entry = entry?;
                    let metadata = entry.metadata()?;
                    if metadata.is_dir() {
                        inner.push(entry.path());
                    } else {
                        sum += metadata.len();
                    }
                }
                Ok((sum, inner))
            };
            let (sum, inner) = measure().map_err(|source| DemoError::Measure { path: path.clone(), source })?;
            bytes += sum;
            folders.extend(inner);
        }
        Ok(bytes)
    }

    /// The originator's folder.
    pub(crate) fn originator(&self) -> PathBuf {
        self.folder.join("originator")
    }

    /// The schema of the data to supply.
    pub(crate) fn schema(&self) -> PathBuf {
        self.originator().join("schema.toml")
    }

    /// The recipient's folder.
    pub(crate) fn recipient(&self) -> PathBuf {
        self.folder.join("recipient")
    }

    /// The recipient's database.
    pub(crate) fn crm(&self) -> PathBuf {
        self.folder.join(CRM)
    }

    /// The folder of the recipient's exports.
    pub(crate) fn exports(&self) -> PathBuf {
        self.recipient().join("exports")
    }

    /// The recipient's declaration.
    pub(crate) fn declared(&self) -> PathBuf {
        self.recipient().join("declared.toml")
    }

    /// The export that the first deletion forgets.
    pub(crate) fn mailing_house(&self) -> PathBuf {
        self.folder.join(MAILING_HOUSE)
    }

    /// The export that the first deletion removes.
    pub(crate) fn agency_extract(&self) -> PathBuf {
        self.folder.join(AGENCY_EXTRACT)
    }

    /// Writes the four exports; the three with supplied people side by side, so that each person is made once.
    fn write_files(&self, population: &Population, extent: &Extent, progress: &dyn Progress) -> Result<(), DemoError> {
        let create = |file: &str, layout| {
            let path = self.folder.join(file);
            match Export::create(&path, layout) {
                Ok(export) => Ok((export, path)),
                Err(source) => Err(DemoError::Write { path, source }),
            }
        };
        let write =
            |result: io::Result<()>, path: &Path| result.map_err(|source| DemoError::Write { path: path.to_owned(), source });
        let mut stride = Stride { progress, rows: 0 };
        let (mut supply, supply_path) = create(SUPPLY, &export::SUPPLY)?;
        let (mut mailing, mailing_path) = create(MAILING_HOUSE, &export::MAILING_HOUSE)?;
        let (mut agency, agency_path) = create(AGENCY_EXTRACT, &export::AGENCY_EXTRACT)?;
        for index in 0..extent.records {
            let person = population.record(index);
            write(supply.push(&person), &supply_path)?;
            write(mailing.push(&person), &mailing_path)?;
            if index % 5 == 2 {
                write(agency.push(&person), &agency_path)?;
                stride.step();
            }
            stride.step();
            stride.step();
        }
        let (mut newsletter, newsletter_path) = create(NEWSLETTER, &export::NEWSLETTER)?;
        for index in extent.readers() {
            write(newsletter.push(&population.person(index)), &newsletter_path)?;
            stride.step();
        }
        write(supply.finish(), &supply_path)?;
        write(mailing.finish(), &mailing_path)?;
        write(agency.finish(), &agency_path)?;
        write(newsletter.finish(), &newsletter_path)
    }

    /// Takes deleted rows off a holding, and says what they were.
    fn forget(&mut self, file: &'static str, table: Option<&'static str>, rows: u64) -> Holding {
        for holding in self.holdings.iter_mut().filter(|holding| holding.file == file && holding.table == table) {
            holding.rows = holding.rows.saturating_sub(rows);
            holding.supplied = holding.supplied.saturating_sub(rows);
        }
        Holding { file, table, rows, supplied: rows }
    }

    /// Takes a deleted file off the holdings, and says what it was.
    fn forget_file(&mut self, file: &'static str) -> Holding {
        let rows = self.holdings.iter().filter(|holding| holding.file == file).map(|holding| holding.rows).sum();
        self.holdings.retain(|holding| holding.file != file);
        Holding { file, table: None, rows, supplied: rows }
    }
}

/// The tables and files of a new world.
fn holdings(extent: &Extent, population: &Population) -> Vec<Holding> {
    let records = extent.records;
    let agency = (records + 2) / 5;
    let length = |range: Range<u64>| range.end - range.start;
    let electors = extent.supplied_electors(population).count() as u64;
    let table = |table, rows, supplied| Holding { file: CRM, table: Some(table), rows, supplied };
    let file = |file, rows, supplied| Holding { file, table: None, rows, supplied };
    vec![
        file(SUPPLY, records, records),
        table("contacts", records + length(extent.own_contacts()), records),
        table("contacts_backup_2017", records, records),
        table("electoral_roll", electors + length(extent.own_electors()), electors),
        table("campaign_log", extent.events(), 0),
        table("segments", crm::segments(), 0),
        file(MAILING_HOUSE, records, records),
        file(NEWSLETTER, length(extent.readers()), 0),
        file(AGENCY_EXTRACT, agency, agency),
    ]
}

/// Rows done by one thread, told in strides.
struct Stride<'a> {
    progress: &'a dyn Progress,
    rows: u64,
}

impl Stride<'_> {
    fn step(&mut self) {
        self.rows += 1;
        if self.rows == STRIDE {
            self.progress.advance(self.rows, 0);
            self.rows = 0;
        }
    }
}

impl Drop for Stride<'_> {
    fn drop(&mut self) {
        self.progress.advance(self.rows, 0);
    }
}

fn create_new(path: &Path, text: &str) -> Result<(), DemoError> {
    let write = || io::Write::write_all(&mut fs::File::create_new(path)?, text.as_bytes());
    write().map_err(|source| DemoError::Write { path: path.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), DemoError> {
    fs::remove_file(path).map_err(|source| DemoError::Delete { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::progress::Silent;
    use rusqlite::Connection;
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering;

    /// The BLAKE3 digest of `supply.csv` with 200 records.
    const SUPPLY_OF_200: &str = "08b52372b13e3448e357d3078ffd84b236368209fd0362587ac4b0ad6ed1ef4c";

    fn world(records: u64) -> (tempfile::TempDir, World) {
        let folder = tempfile::tempdir().unwrap();
        let world = World::create(folder.path(), records, "# declared\n", &Silent).unwrap();
        (folder, world)
    }

    /// The rows that are really there: of a table by counting, of a file by its lines without the header.
    fn count(folder: &Path, holding: &Holding) -> u64 {
        let path = folder.join(holding.file);
        match holding.table {
            Some(table) => {
                let query = format!("SELECT count(*) FROM {table}");
                let rows: i64 = Connection::open(path).unwrap().query_row(&query, [], |row| row.get(0)).unwrap();
                rows.unsigned_abs()
            }
            None => fs::read_to_string(path).unwrap().lines().count() as u64 - 1,
        }
    }

    /// A digest over every file of supply and exports, and over every cell of the database.
    fn digest(folder: &Path, world: &World) -> String {
        let mut hasher = blake3::Hasher::new();
        for holding in world.holdings() {
            let path = folder.join(holding.file);
            let Some(table) = holding.table else {
                hasher.update(&fs::read(path).unwrap());
                continue;
            };
            let connection = Connection::open(path).unwrap();
            let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY id")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    hasher.update(format!("{:?}", row.get_ref(column).unwrap()).as_bytes());
                }
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    #[test]
    fn the_same_world_comes_out_twice() {
        let ((first, first_world), (second, second_world)) = (world(200), world(200));
        assert_eq!(digest(first.path(), &first_world), digest(second.path(), &second_world));
        // On every machine: a changed list or formula shows here, and changes every demo that people compare.
        assert_eq!(blake3::hash(&fs::read(first_world.folder.join(SUPPLY)).unwrap()).to_hex().as_str(), SUPPLY_OF_200);
        assert_eq!(first_world.bytes_on_disk().unwrap(), second_world.bytes_on_disk().unwrap());
    }

    #[test]
    fn holdings_are_what_is_there() {
        for records in [1, 2, 2003] {
            let (folder, world) = world(records);
            for holding in world.holdings() {
                assert_eq!(count(folder.path(), holding), holding.rows, "{holding:?}");
            }
        }
    }

    #[test]
    fn progress_counts_every_row() {
        struct Counter(AtomicU64, AtomicU64);
        impl Progress for Counter {
            fn begin(&self, _stage: &str, rows: Option<u64>, _bytes: Option<u64>) {
                self.0.store(rows.unwrap(), Ordering::Relaxed);
            }
            fn advance(&self, rows: u64, _bytes: u64) {
                self.1.fetch_add(rows, Ordering::Relaxed);
            }
            fn hits(&self, _count: u64) {}
            fn end(&self) {}
        }
        let folder = tempfile::tempdir().unwrap();
        let counter = Counter(AtomicU64::new(0), AtomicU64::new(0));
        World::create(folder.path(), 5000, "", &counter).unwrap();
        assert_eq!(counter.0.into_inner(), counter.1.into_inner());
    }

    #[test]
    fn the_first_deletion_forgets_and_the_second_does_not() {
        let (folder, mut world) = world(1000);
        let whole = world.bytes_on_disk().unwrap();
        let gone = world.delete_most().unwrap();
        assert_eq!(gone.iter().map(|holding| holding.rows).collect::<Vec<u64>>(), [1000, 200]);
        assert!(!world.agency_extract().exists() && world.mailing_house().exists());
        for holding in world.holdings() {
            assert_eq!(count(folder.path(), holding), holding.rows, "{holding:?}");
        }
        let left: Vec<&str> =
            world.holdings().iter().filter(|holding| holding.supplied == 1000).map(|h| h.table.unwrap_or(h.file)).collect();
        assert_eq!(left, [SUPPLY, "contacts_backup_2017", MAILING_HOUSE]);

        let gone = world.delete_rest().unwrap();
        assert_eq!(gone.iter().map(|holding| holding.rows).collect::<Vec<u64>>(), [1000, 1000]);
        assert!(!world.mailing_house().exists());
        for holding in world.holdings() {
            assert_eq!(count(folder.path(), holding), holding.rows, "{holding:?}");
        }
        let left: Vec<&str> =
            world.holdings().iter().filter(|holding| holding.supplied > 0).map(|h| h.table.unwrap_or(h.file)).collect();
        assert_eq!(left, [SUPPLY, "electoral_roll"]);
        assert!(world.bytes_on_disk().unwrap() < whole * 7 / 10);
        assert!(matches!(world.delete_rest(), Err(DemoError::Delete { .. })));
    }

    #[test]
    fn a_world_is_not_written_over() {
        let (folder, _world) = world(1);
        let error = World::create(folder.path(), 1, "", &Silent).unwrap_err();
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        let error = World::create(folder.path(), u64::MAX, "", &Silent).unwrap_err();
        assert!(matches!(error, DemoError::TooMany(u64::MAX)));
    }

    #[test]
    fn the_supply_is_a_table_of_thirteen_full_columns() {
        let (_folder, world) = world(300);
        let text = fs::read_to_string(world.folder.join(SUPPLY)).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!((header.len(), header[0], header[12]), (13, "customer_no", "signup_text"));
        for line in lines {
            // Only the last column is ever quoted.
            let fields: Vec<&str> = line.splitn(13, ',').collect();
            assert_eq!(fields.len(), 13, "{line}");
            for (name, field) in header.iter().zip(fields) {
                assert!(!field.is_empty() || ["title", "address_2"].contains(name), "{line}");
            }
        }
        assert_eq!(fs::read_to_string(world.declared()).unwrap(), "# declared\n");
        assert!(fs::read_to_string(world.schema()).unwrap().contains("[columns.child_dob]"));
    }
}
