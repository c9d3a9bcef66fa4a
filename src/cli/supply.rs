//! `supply`: a data file becomes two manifests, and the ledger remembers.

mod agreement;
mod controls;
mod seeds;

use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::statement::Statement;
use crate::cli::argument::within;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::data;
use crate::cli::document::read_text;
use crate::cli::document::statement_path;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::inspect::column_rows;
use crate::cli::reading::Reading;
use crate::cli::recipient::check_card;
use crate::cli::supply::agreement::Agreement;
use crate::fingerprint::commitment;
use crate::intake::By;
use crate::intake::Taken;
use crate::ledger::Ledger;
use crate::ledger::store::Private;
use crate::ledger::store::Secrets;
use crate::manifest::layout::Layout;
use crate::manifest::statement::KeyV1;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::manifest::statement::SchemaColumn;
use crate::manifest::statement::SupplyTerms;
use crate::manifest::write::WriteError;
use crate::match_key;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Origin;
use crate::record::field::Slot;
use crate::record::normalize;
use crate::record::normalize::digest::Algorithm;
use crate::record::schema::SchemaFile;
use crate::record::schema::Usage;
use crate::report::json_v1;
use crate::report::text;
use crate::report::text::wrap;
use crate::source::ReadError;
use crate::source::Session;
use crate::supply;
use crate::supply::Draft;
use crate::supply::Supplied;
use crate::supply::SupplyError;
use crate::supply::control::Controls;
use crate::supply::seed;
use crate::supply::seed::Seed;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::number::of;
use crate::support::sanitize::clean;
use crate::support::secret::Secret;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// Fingerprint the data to be supplied, and write the manifests
///
/// Reads DATA twice and writes two manifests with their signed statements, to be handed over with the data: `baseline.residua`, for a scan on
/// receipt, and `deletion.residua`, for the scans after the agreed day. The salts, a copy of the baseline manifest and the supply itself go into the ledger. A manifest holds
/// salted fingerprints; it is personal data all the same, and so is handled like the data themselves.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua supply [OPTIONS] --as <KEY> --to <CARD>
                      --delete-by <YYYY-MM-DD> --out <DIR> <DATA>")]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The data: a file that holds one table, CSV for instance, or a database with one table
    data: String,
    /// Your private key; the same key signs the challenges later
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The recipient's card, whose fingerprint you compared with the recipient
    #[arg(long, value_name = "CARD")]
    to: PathBuf,
    /// The last day (UTC) on which the recipient may have the data; a deletion challenge can be issued from the next one on
    #[arg(long, value_name = "YYYY-MM-DD")]
    delete_by: String,
    /// The folder to write to; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A schema file in TOML, as below: what the columns hold. What it does not say is inferred; `residua inspect DATA` shows how
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Only these match keys; `planned` stands for those that are planned for this supply. All that the columns can form and the planned ones, if
    /// not given
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    keys: Option<Vec<String>>,
    /// Look for digests of the e-mail addresses too: unsalted, of the address in lower case, with and without what comes behind a plus. To be said
    /// here, and not in a scan: the manifest holds salted fingerprints, and can be asked for nothing that it was not made of. Each makes a match key of
    /// its own, `email_md5` for instance
    #[arg(long, value_name = "HASH,…", value_delimiter = ',', value_parser = Algorithm::WORDS)]
    probe_hashed_email: Vec<String>,
    /// How many rows the recipient will scan at the most; more become a gap, and the answer inconclusive. Ten times the records, if not given
    #[arg(long, value_name = "N")]
    expect_rows: Option<u64>,
    /// People of the same source who are not supplied, in the same columns as DATA: a thousand of them or more, drawn at random. They are hidden in the
    /// deletion manifest, and `verify` tells by them whether the recipient holds supplied people more often than others. This discloses their
    /// fingerprints to the recipient
    #[arg(long, value_name = "FILE")]
    controls: Option<String>,
    /// Invent so many people, unique to this supply, and write the data with them among the records to `data.csv` in DIR, which is what has to be
    /// handed over then. One of them found after the agreed day is decisive. At most one in a hundred records
    #[arg(long, value_name = "N", value_parser = within(1_u32..=seed::MOST_SEEDS))]
    seeds: Option<u32>,
    /// What the seeds have in some columns: a file with a row for each seed and columns named as in DATA, of addresses and numbers that reach you.
    /// Without it, e-mail addresses are at example.com and telephones reserved for fiction, by which a seed may be recognised
    #[arg(long, value_name = "FILE", requires = "seeds")]
    seed_contacts: Option<String>,
    #[command(flatten)]
    agreement: Agreement,
    /// A column by which you know the rows of DATA, a customer's number for instance. It is kept in the ledger for your eyes alone, and
    /// `verify --identify` names by it the rows that were found
    #[arg(long, value_name = "COLUMN")]
    reference: Option<String>,
    /// Keep no copy of the baseline manifest in the ledger. It is as large as `baseline.residua`, and without it `residua trace` cannot answer whether
    /// somebody was supplied
    #[arg(long)]
    no_trace: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    ledger: LedgerArgument,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// The manifests of a supply, in the order in which they are made.
const GROUPS: [PhaseGroup; 2] = [PhaseGroup::Baseline, PhaseGroup::Deletion];

/// Columns of the list of keys in the help text.
const KEYS_WIDTH: usize = 78;

fn after_help() -> String {
    let keys = match_key::fixed_names().collect::<Vec<&str>>().join(", ");
    let keys = wrap::line(&format!("  {keys}"), KEYS_WIDTH).join("\n").replace("\n    ", "\n  ");
    format!(
        "\
Match keys (`--keys`):
{keys}
  dob: a date of birth; child: a date that only this supply had; p3: the first
  three letters of each name; no: the house number; any: any one name; outward:
  the first half of the postcode; word4: four letters of the street.
  planned: further combinations, which are planned for each supply; they are
  named for their parts. phon: how a name sounds; ym: a month of birth; unit,
  sector: a postcode, without its last two letters; town: four letters of it.

A schema file says what columns hold:
  [columns.child_dob]
  kind = \"date\"       # name, date, postcode, address, email, phone,
                      # identifier; text (prose), ignored (nothing personal)
  role = \"child\"      # of a name: given, middle, family, full
                      # of a date: birth, child, event
                      # of an address: number, street, line, town;
                      # without it what is inferred, where the kind is the same
  origin = \"supply\"   # public, common, supply: only `supply` lets a hit prove
                      # that the supplied record itself remains; may stand
                      # alone, where a kind is inferred
  order = \"dmy\"       # of dates: dmy, mdy, ymd

Example:
  residua supply data.csv --as keys/emma.key --to keys/party.card.json \\
      --delete-by 2017-06-30 --schema schema.toml --out handover"
    )
}

/// Fingerprints a dataset.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    arguments.agreement.check()?;
    let key = SigningKey::read(&arguments.key)?;
    let recipient = Card::read(&arguments.to)?;
    if time::parse_day(&arguments.delete_by).is_none() {
        return Err(advised(format!("`{}` is no day", clean(&arguments.delete_by)), "write it as 2017-06-30"));
    }
    let schema = match &arguments.schema {
        None => None,
        Some(path) => Some(
            SchemaFile::parse(&read_text(path, "schema")?)
                .with_context(|| format!("cannot use the schema `{}`", path.display()))?,
        ),
    };
    let today = time::day(context.now());
    match time::parse_day(&arguments.delete_by) {
        Some(day) if day < today => context.explain(&format!(
            "Note: `--delete-by` {} has passed: a deletion challenge can be issued at once.\n",
            arguments.delete_by
        ))?,
        Some(day) if day == today => context.explain(&format!(
            "Note: `--delete-by` {} is today (UTC): a deletion challenge can be issued from tomorrow on.\n",
            arguments.delete_by
        ))?,
        _ => {}
    }
    // Before the files in it, so that it goes after them where the supply is refused.
    let mut folder = NewFolder::of(&arguments.out);
    let mut outputs = Outputs::begin(arguments)?;
    let mut ledger = Ledger::create_or_open(&arguments.ledger.folder()?)?;
    check_card(ledger.view(), &recipient, context.now())?;

    let session = data::open(&arguments.data, &arguments.reading, context)?;
    let controls = controls::File::open(arguments, context)?;
    let object = data::only_table(session.as_ref(), &arguments.data)?;
    let mut draft = supply::draft(session.as_ref(), object, schema.as_ref(), &context.progress, &context.cancel)
        .map_err(|error| failed(error, arguments))?;
    if schema.is_none() && context.can_ask() {
        ask_origins(&mut draft, context)?;
    }
    let rows = column_rows(&draft.mapping, &draft.profiles);
    context.explain(&format!(
        "{}: {} records\n{}\n",
        clean(&arguments.data),
        text::count(draft.records()),
        text::columns(&rows, context.style)
    ))?;

    let seeded = seeds::mix_in(arguments, session.as_ref(), object, &draft, &mut outputs, context)?;
    let (session, draft, seeds) = match seeded {
        Some(seeded) => (seeded.session, seeded.draft, seeded.seeds),
        None => (session, draft, Vec::new()),
    };
    let controls = controls.as_ref().map(|file| file.read(&draft, context)).transpose()?;
    let made = make(arguments, &draft, session.as_ref(), controls.as_ref(), seeds, outputs, context)?;
    // What was written gets its name now, and some systems do not rename what is open.
    drop(session);
    let code = made.finish(&mut ledger, &key, &recipient, arguments, &draft, context)?;
    folder.missing.clear();
    Ok(code)
}

/// A folder that may not have been there: it is removed again with those above it, as far as they are empty, where nothing was supplied.
struct NewFolder {
    /// What was missing, the innermost first.
    missing: Vec<PathBuf>,
}

impl NewFolder {
    fn of(folder: &Path) -> NewFolder {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err();
        NewFolder { missing: folder.ancestors().take_while(is_missing).map(Path::to_owned).collect() }
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        for path in &self.missing {
            let _ = fs::remove_dir(path);
        }
    }
}

/// The four files, on their way, and with seeds a fifth.
struct Outputs {
    data: Option<(PathBuf, AtomicFile)>,
    manifests: Vec<(PathBuf, AtomicFile)>,
    statements: Vec<(PathBuf, AtomicFile)>,
}

impl Outputs {
    fn begin(arguments: &Arguments) -> anyhow::Result<Outputs> {
        let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
        if arguments.out.is_file() {
            return Err(advised(
                format!("`{}` is a file, and the manifests need a folder", arguments.out.display()),
                "name another folder with `--out`",
            ));
        }
        fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make the folder `{}`", arguments.out.display()))?;
        let begin = |path: PathBuf| {
            let file = AtomicFile::create(&path, Access::Private, existing)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
            Ok::<_, anyhow::Error>((path, file))
        };
        let data = arguments.seeds.map(|_| begin(arguments.out.join(seeds::DATA))).transpose()?;
        let mut outputs = Outputs { data, manifests: Vec::new(), statements: Vec::new() };
        for name in ["baseline.residua", "deletion.residua"] {
            let path = arguments.out.join(name);
            outputs.statements.push(begin(statement_path(&path))?);
            outputs.manifests.push(begin(path)?);
        }
        Ok(outputs)
    }
}

fn failed(error: SupplyError, arguments: &Arguments) -> anyhow::Error {
    match error {
        SupplyError::Read(ReadError::Cancelled) | SupplyError::Write(WriteError::Cancelled) => Interrupted.into(),
        error @ SupplyError::Control(_) => {
            let file = arguments.controls.as_deref().unwrap_or_default();
            anyhow::Error::new(error).context(format!("cannot use the controls `{}`", clean(file)))
        }
        error => anyhow::Error::new(error).context(format!("cannot supply `{}`", clean(&arguments.data))),
    }
}

/// Asks which dates only this supply had. It accuses, so it is never inferred.
fn ask_origins(draft: &mut Draft, context: &Context) -> anyhow::Result<()> {
    let could = |taken: &&mut Taken| taken.field().is_some_and(|field| field.kind == Kind::Date && field.slot().is_some());
    for taken in draft.mapping.columns.iter_mut().filter(could) {
        let question = format!("Did the recipient have the dates of column `{}` from nobody but you?", clean(&taken.name));
        if let (true, Usage::Field(field)) = (context.ask(&question)?, taken.usage) {
            taken.usage = Usage::Field(Field { origin: Origin::Supply, ..field });
            taken.by = By::Person;
        }
    }
    Ok(())
}

/// A supply whose manifests are written, under their passing names.
struct Made {
    supplied: Supplied,
    supply_id: String,
    outputs: Outputs,
    secrets: Secrets,
    manifest_ids: [[u8; 16]; 2],
    seeds: Vec<Seed>,
    references: Option<Vec<String>>,
}

fn make(
    arguments: &Arguments,
    draft: &Draft,
    session: &dyn Session,
    controls: Option<&Controls<'_>>,
    seeds: Vec<Seed>,
    mut outputs: Outputs,
    context: &Context,
) -> anyhow::Result<Made> {
    let supply_id = hex::encode(&context.random::<16>()?);
    let secrets = Secrets {
        baseline_salt: Secret::new(context.random()?),
        deletion_salt: Secret::new(context.random()?),
        baseline_shuffle: Secret::new(context.random()?),
        deletion_shuffle: Secret::new(context.random()?),
    };
    let manifest_ids = [context.random::<16>()?, context.random::<16>()?];
    let expected_rows = arguments.expect_rows.unwrap_or_else(|| draft.records().saturating_mul(10));
    let hashed_emails: Vec<Algorithm> = arguments.probe_hashed_email.iter().filter_map(|word| Algorithm::parse(word)).collect();
    let wanted = supply::Wanted { keys: arguments.keys.as_deref(), hashed_emails: &hashed_emails };
    let planned = supply::plan(session, draft, controls, &wanted, expected_rows, &context.progress, &context.cancel)
        .map_err(|error| failed(error, arguments))?;
    let job = supply::Job {
        session,
        draft,
        keys: planned.keys,
        model: planned.model,
        supply_id: &supply_id,
        expected_rows,
        spill_folder: &arguments.out,
        seeds: &seeds,
    };
    let targets = (outputs.manifests.iter_mut().zip(GROUPS).zip(manifest_ids))
        .map(|(((_, file), group), id)| supply::Target {
            id,
            salt: secrets.salt(group).clone(),
            shuffle: secrets.shuffle(group).clone(),
            // On receipt there is nothing yet to hold them against.
            controls: controls.filter(|_| group == PhaseGroup::Deletion),
            out: file,
        })
        .collect();
    let supplied = supply::run(&job, targets, &context.progress, &context.cancel).map_err(|error| failed(error, arguments))?;
    let references =
        arguments.reference.as_deref().map(|column| supply::reference::read(session, draft, column, &context.cancel));
    let references = references.transpose().map_err(|error| failed(error, arguments))?;
    context.check_interrupted()?;
    Ok(Made { supplied, supply_id, outputs, secrets, manifest_ids, seeds, references })
}

impl Made {
    /// Signs the statements, gives all files their names, and enters the supply into the ledger.
    fn finish(
        mut self,
        ledger: &mut Ledger,
        key: &SigningKey,
        recipient: &Card,
        arguments: &Arguments,
        draft: &Draft,
        context: &Context,
    ) -> anyhow::Result<ExitCode> {
        let now = context.now();
        let card = key.card();
        let mut envelopes = Vec::new();
        for (number, group) in GROUPS.into_iter().enumerate() {
            let layout = self.supplied.layouts[number].clone();
            let sha256 = hex::decode::<32>(&layout.sha256).unwrap_or_default();
            let predicate = self.predicate(group, number, layout, &card, recipient, arguments, draft, now);
            let name =
                self.outputs.manifests[number].0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let payload = Statement::new(&name, sha256, predicate).to_payload()?;
            envelopes.push(Envelope::sign(payload, key).to_json());
        }
        for ((path, file), envelope) in self.outputs.statements.iter_mut().zip(&envelopes) {
            file.write_all(envelope).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let mut written: Vec<PathBuf> = Vec::new();
        let seeds = seeds::entry(&self.seeds, &self.supplied, draft);
        let baseline = self.outputs.manifests[0].0.clone();
        let private = Private {
            secrets: &self.secrets,
            seeds: seeds.as_ref(),
            references: self.references.as_deref(),
            manifest: (!arguments.no_trace).then_some(baseline.as_path()),
        };
        let mut files = self.outputs.data.into_iter().chain(self.outputs.manifests).chain(self.outputs.statements);
        let result = files
            .try_for_each(|(path, file)| {
                file.commit().with_context(|| format!("cannot write `{}`", path.display()))?;
                written.push(path);
                Ok::<(), anyhow::Error>(())
            })
            .and_then(|()| {
                let [baseline, deletion] = [0, 1].map(|number: usize| envelopes[number].as_slice());
                ledger.add_supply(now, recipient, &card, baseline, deletion, &private).map_err(anyhow::Error::from)
            });
        if let Err(error) = result {
            // All or nothing: manifests that the ledger does not know are of no use.
            for path in &written {
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        show(&self.supplied, &self.supply_id, &self.seeds, &written, arguments, draft, context)?;
        Ok(ExitCode::Clear)
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a statement says")]
    fn predicate(
        &self,
        group: PhaseGroup,
        number: usize,
        layout: Layout,
        originator: &Card,
        recipient: &Card,
        arguments: &Arguments,
        draft: &Draft,
        now: jiff::Timestamp,
    ) -> ManifestV1 {
        let salt = self.secrets.salt(group);
        ManifestV1 {
            manifest_id: hex::encode(&self.manifest_ids[number]),
            phase_group: group,
            created_at: time::format(now),
            supply: SupplyTerms {
                supply_id: self.supply_id.clone(),
                originator: originator.name().to_owned(),
                originator_key: originator.fingerprint().to_owned(),
                recipient: recipient.name().to_owned(),
                recipient_key: recipient.fingerprint().to_owned(),
                delete_by: arguments.delete_by.clone(),
                purpose: arguments.agreement.purpose.clone(),
                contract: arguments.agreement.contract.clone(),
                lawful_basis: arguments.agreement.lawful_basis.clone(),
                manner: arguments.agreement.manner.clone(),
            },
            records: self.supplied.records,
            controls: self.supplied.controls[number].people,
            records_without_key: self.supplied.records_without_key,
            expected_rows: self.supplied.plan.expected_rows,
            normalizer: normalize::VERSION.to_owned(),
            schema: draft
                .mapping
                .columns
                .iter()
                .map(|taken| SchemaColumn::new(&taken.name, taken.field(), taken.order, &taken.group))
                .collect(),
            keys: self.supplied.plan.keys.iter().map(KeyV1::new).collect(),
            key_commitment: hex::encode(&commitment(salt)),
            known_answer: self.supplied.records + self.supplied.controls[number].people,
            layout,
            baseline_manifest: (group == PhaseGroup::Deletion).then(|| self.supplied.layouts[0].sha256.clone()),
        }
    }
}

fn show(
    supplied: &Supplied,
    supply_id: &str,
    seeds: &[Seed],
    written: &[PathBuf],
    arguments: &Arguments,
    draft: &Draft,
    context: &Context,
) -> anyhow::Result<()> {
    let controls = supplied.controls.last().copied().unwrap_or_default();
    let fingerprints = |number: usize| supplied.layouts[0].sections[number].entries.saturating_sub(1);
    if context.format == Format::Json {
        let keys = supplied.plan.keys.iter().enumerate().map(|(number, planned)| {
            let wire = KeyV1::new(planned);
            json_v1::PlannedKeyV1 {
                name: wire.name,
                atoms: wire.atoms,
                class: wire.class,
                fingerprints: fingerprints(number),
                u: wire.u,
                basis: wire.basis,
                joint_collisions: wire.joint_collisions,
                lambda: wire.lambda,
                guesses: wire.guesses,
            }
        });
        return context.print(&json_v1::write(&json_v1::SuppliedV1 {
            version: json_v1::VERSION,
            supply_id: supply_id.to_owned(),
            records: supplied.records,
            records_without_key: supplied.records_without_key,
            controls: controls.people,
            expected_rows: supplied.plan.expected_rows,
            seeds: seeds.len() as u64,
            data: (!seeds.is_empty()).then(|| arguments.out.join(seeds::DATA).display().to_string()),
            files: written.iter().map(|path| path.display().to_string()).collect(),
            columns: super::inspect::json_columns(&draft.mapping, &draft.profiles),
            keys: keys.collect(),
        }));
    }
    let planned: Vec<KeyV1> = supplied.plan.keys.iter().map(KeyV1::new).collect();
    context.explain(&text::plan(&planned, fingerprints, context.style))?;
    let mut words = format!(
        "{}\nRisk: to somebody who holds manifest and salt, a fingerprint confirms a guess. Somebody who knows a name and an address recovers\n",
        text::plan_legend(supplied.plan.expected_rows)
    );
    for step in &supplied.chain {
        words.push_str(&format!("  {} by `{}` in at most {} guesses\n", step.slot.word(), step.key, text::count(step.guesses)));
    }
    if supplied.chain.is_empty() {
        words.push_str("  nothing further that can be listed\n");
    }
    words
        .push_str("Eight million guesses take a second. A manifest is personal data; hand it over like the data themselves.\n\n");
    for (taken, counts) in draft.mapping.columns.iter().zip(&supplied.columns).filter(|(_, counts)| counts.unreadable > 0) {
        words.push_str(&format!(
            "Note: {} of {} values of column `{}` were not understood; those records have no key with it.\n",
            text::count(counts.unreadable),
            text::count(counts.filled),
            clean(&taken.name)
        ));
    }
    if supplied.records_without_key > 0 {
        words.push_str(&format!(
            "Note: {} records form no key at all, and nobody can look for them.\n",
            text::count(supplied.records_without_key)
        ));
    }
    words.push_str(&lacking(supplied, draft));
    words.push_str(&controls::words(controls));
    if supplied.plan.keys.iter().all(|planned| !planned.has_supply_atom) {
        words.push_str(
            "Note: no column is declared to be of `supply` origin, so that a hit can prove a person, but never the supplied record.\n",
        );
        words.push_str(&origin_lines(draft));
    }
    let tells_people = |slot: Slot| !matches!(slot, Slot::Identifier | Slot::Town | Slot::Address);
    if !draft.slots().iter().any(|(slot, _)| tells_people(*slot)) {
        words.push_str("Note: no column is taken for a name, a date, a postcode, an e-mail address or a telephone: is this a file of people?\n");
    }
    words.push_str(&seeds::words(seeds, draft, arguments));
    context.explain(&words)?;
    context.say(&format!("Supply {supply_id}\n"))?;
    for path in written {
        context.explain(&format!("  {} ({})\n", path.display(), text::bytes(size(path))))?;
    }
    context.explain(&format!(
        "Next: hand the folder over{}, then\n  residua challenge {} --phase baseline --as {} --out baseline.challenge.json\n",
        if seeds.is_empty() { " with the data" } else { ", with the data in it" },
        &supply_id[..8],
        arguments.key.display()
    ))
}

/// Which keys are missing from how many records, and the columns that are empty there.
fn lacking(supplied: &Supplied, draft: &Draft) -> String {
    let mut by_number: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (planned, keyed) in supplied.plan.keys.iter().zip(&supplied.keyed) {
        let lacking = supplied.records.saturating_sub(*keyed);
        if lacking > 0 {
            by_number.entry(lacking).or_default().push(format!("`{}`", planned.key.name));
        }
    }
    let mut words = String::new();
    for (lacking, keys) in &by_number {
        words.push_str(&format!(
            "Note: {} of {} cannot be looked for by {}.\n",
            text::count(*lacking),
            of(supplied.records, "record"),
            keys.join(", ")
        ));
    }
    if words.is_empty() {
        return words;
    }
    for ((taken, profile), counts) in draft.mapping.columns.iter().zip(&draft.profiles.columns).zip(&supplied.columns) {
        let Some(field) = taken.field().filter(|field| field.slot().is_some()) else { continue };
        // Cells of names and addresses are joined before they are read, and what stands for none is left out before that.
        let is_joined = matches!(field.kind, Kind::Name | Kind::Address);
        let empty = supplied.records.saturating_sub(if is_joined { profile.filled } else { counts.filled });
        if empty > 0 {
            words.push_str(&format!(
                "  column `{}`: {} of {} empty, or standing for none, as 01/01/1970 does\n",
                clean(&taken.name),
                text::count(empty),
                of(supplied.records, "value")
            ));
        }
    }
    words
}

/// The lines of a schema file that declare the likeliest column to be of `supply` origin.
fn origin_lines(draft: &Draft) -> String {
    let dates = || (draft.mapping.columns.iter()).filter(|taken| taken.field().is_some_and(|field| field.kind == Kind::Date));
    let has_slot = |slot: Slot| move |taken: &&Taken| taken.field().and_then(Field::slot) == Some(slot);
    let candidate = dates().find(has_slot(Slot::Child)).or_else(|| dates().find(has_slot(Slot::Birth)));
    match candidate {
        None => "  `residua supply --help` has the form of a file for `--schema`, which declares it.\n".to_owned(),
        Some(taken) => format!(
            "  If the recipient had the values of `{}` from nobody but you, supply again with `--schema FILE`, and in the file:\n  \
             [columns.{}]\n  origin = \"supply\"\n",
            clean(&taken.name),
            toml_key(&clean(&taken.name))
        ),
    }
}

/// A key as TOML writes it.
fn toml_key(name: &str) -> String {
    let is_bare = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
