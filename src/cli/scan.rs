//! `scan`: the recipient looks for the supplied records in its own databases and files, and signs what it found.

mod onward;
mod resume;

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::LARGEST_ENVELOPE;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::sealed;
use crate::attestation::statement::Statement;
use crate::cli::argument::within;
use crate::cli::challenge::read_declarations;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::document::read_text;
use crate::cli::document::statement_path;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::inspect::column_rows;
use crate::cli::reading;
use crate::cli::reading::Piped;
use crate::cli::reading::Reading;
use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Verdict;
use crate::fingerprint::commitment;
use crate::intake::map::MapFile;
use crate::intake::survey;
use crate::intake::survey::Surveyed;
use crate::manifest::read::Manifest;
use crate::manifest::read::ReadError as ManifestError;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::match_key::MatchKey;
use crate::match_key::plan::Plan;
use crate::report::json_v1;
use crate::report::text;
use crate::scan;
use crate::scan::Listing;
use crate::scan::ScanError;
use crate::scan::findings;
use crate::scan::resume::Resume;
use crate::source;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::number;
use crate::support::pace::Pace;
use crate::support::progress::Progress;
use crate::support::sanitize::clean;
use crate::support::secret::Secret;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use clap::ValueEnum;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

/// Fewer people than this are only asked about with the recipient's consent: an answer about one person is an answer about that person.
const FEW_PEOPLE: u64 = 10;

/// What signing an attestation stands for.
const DECLARATION: &str = "The targets listed are, to the operator's knowledge, all places in which the supplied data were held, \
    and the scan was run on them as described.";

/// Look for supplied records, read-only, and sign what was found
///
/// A SOURCE is a file, a folder, a pattern in quotes, `-` for standard input, a database such as `sqlite:crm.db`, or a server such as
/// `postgres://user@host/database` or `mysql://user@host/` (without a database: all that it has). Everything in it is read,
/// every table and every row, and nothing is written to it. Whatever cannot be read or understood is named as a gap, and makes the verdict
/// `inconclusive`. Without `--out` nothing is signed, and the scan may be repeated; a challenge is answered by one attestation only. No field
/// value leaves this machine.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua scan [OPTIONS] --manifest <FILE> --challenge <FILE>
                    --from <CARD> --as <KEY> <SOURCE>...")]
#[command(after_help = "\
A map file says what columns are taken for and how text files are written,
where that was not recognised, and what is left out (`residua supply --help` has
the words for columns):
  [[target]]
  match = \"sqlite:crm.db#contacts\"   # a target's name, or a pattern with *
  [target.columns]
  fname = { kind = \"name\", role = \"given\" }
  notes = { kind = \"ignored\", reason = \"colours of envelopes\" }   # left out
  \"*_code\" = { kind = \"text\" }   # all columns of such names, but those named
  [[target]]
  match = \"exports/*.txt\"
  encoding = \"windows-1252\"       # the name that browsers use
  delimiter = \";\"                 # one character, or \"tab\"
  header = true                   # whether the first row names the columns
  [[target]]
  match = \"exports/list.prn\"
  widths = [12, 20, 8]            # columns of so many characters
  packed = true                   # beside widths: values may touch
  [[exclude]]
  match = \"sqlite:crm.db#staff*\"
  except = [\"sqlite:crm.db#staff_old\"]   # patterns of what is read all the same
  reason = \"our own employees\"
What is left out, a column or a target, the originator has to accept.

A declaration file says what the program cannot see, for the originator to
accept or not:
  [[lawful_source]]          # people held from elsewhere
  name = \"electoral register\"
  target = \"sqlite:crm.db#electoral_roll\"
  source = \"open register, bought each year\"
  [[removed]]                # a target of the baseline that is gone
  target = \"exports/mailing.csv\"
  reason = \"deleted on 2017-06-29\"
  [[not_scanned]]
  system = \"tape archive\"
  reason = \"offline\"
  [[onward]]                 # somebody to whom the data went on
  recipient = \"the mailing house\"
  reason = \"printed the letters\"
  [[backup]]                 # copies that cannot be changed
  system = \"nightly backup\"
  last_copy = \"2017-06-29\"  # the last one that holds the data
  roll_off = \"2017-09-29\"   # when that one is overwritten
  rotation = \"three months\"
  [backup.beyond_use]        # what you promise of these copies
  not_used = true
  not_shared = true
  secured = true
  will_be_deleted = true

A server is named by its URL; its login is found as its own clients find it:
  postgres://user@host:5432/database?sslmode=verify-full&sslrootcert=ca.pem
      also with a service file, the variables PGHOST, PGPASSWORD and so on, and
      ~/.pgpass; without a host the socket, without a database all databases
  mysql://user@host:3306/database?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem
      also with --defaults-file or ~/.my.cnf, and MYSQL_PWD
A server on another machine has to show a certificate for its name, unless the
URL asks for less. docs/guide-recipient.md has the whole way.

Findings list for each row which table it stands in, and in `primary_key` how
to find it: the primary key as name=value (several joined by `;`), else rowid=N
of the table, or byte=N, the place in a text file where the row begins.

Examples:
  residua scan sqlite:crm.db exports/ --manifest handover/deletion.residua \\
      --challenge deletion.challenge.json --from emma.card.json \\
      --as party.key --out deletion.attestation.json --findings findings.csv
  residua scan postgres://residua@db.example.com/crm \\
      mysql://residua@shop.example.com/ --manifest handover/deletion.residua \\
      --challenge deletion.challenge.json --from emma.card.json --as party.key
  sqlcmd -s ';' -Q 'SELECT * FROM contacts' |
      residua scan - --name crm.contacts --manifest handover/deletion.residua \\
      --challenge deletion.challenge.json --from emma.card.json --as party.key

Exit codes: 0 clear, or a baseline that found its share; 10 inconclusive;
11 residual; 1 error; 2 usage.")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Arguments {
    /// What to scan: files, folders, patterns, databases, servers, or `-`
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// The manifest that came with the data: `baseline.residua` for a baseline, else `deletion.residua`. Its signed statement stands beside
    /// it, with `.intoto.json` at the end of its name
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The originator's challenge, which holds the salt
    #[arg(long, value_name = "FILE")]
    challenge: PathBuf,
    /// The originator's card, by which its signatures are checked
    #[arg(long, value_name = "CARD")]
    from: PathBuf,
    /// Your private key, whose card the originator has
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The attestation to write, to be sent to the originator; without it, nothing is signed
    #[arg(long, value_name = "ATTESTATION")]
    out: Option<PathBuf>,
    /// Where to list every single finding, for whoever deletes; the file stays with you
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Which keys that agree for a row and a record the findings list: `all`, or the `strongest` one (S before P before A)
    #[arg(long, value_enum, value_name = "all|strongest", default_value_t = ListingArgument::All, hide_possible_values = true, requires = "findings")]
    findings_keys: ListingArgument,
    /// A map file in TOML, as below: what columns are taken for, and what is left out
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// A declaration file in TOML, as below: what you declare to the originator
    #[arg(long, value_name = "FILE")]
    declare: Option<PathBuf>,
    /// Name what an onward recipient attested to you: the recipient as the declaration file has it, and the attestation's file, which you
    /// send on to the originator; may be repeated
    #[arg(long, value_name = "RECIPIENT=FILE", requires = "declare")]
    onward: Vec<String>,
    /// Read the cells of every column as text too, and not only those that are no field: names in a column of towns, a whole person in one
    /// of telephone numbers. It takes several times as long
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    piped: Piped,
    /// Who runs the scan, by name; stands in the attestation
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    operator: String,
    /// The operator's role; stands in the attestation
    #[arg(long, value_name = "ROLE", default_value = "", hide_default_value = true)]
    operator_role: String,
    /// Tell the originator how many supplied records were found, and not which
    #[arg(long)]
    counts_only: bool,
    /// Answer although fewer than ten people are asked about, so that the answer speaks of each of them
    #[arg(long)]
    consent: bool,
    /// How many threads read and search; one for each core, if not given
    #[arg(long, value_name = "N", value_parser = within(1_u16..=1024))]
    threads: Option<u16>,
    /// Read at most N rows a second in all, to spare a system that is in use
    #[arg(long, value_name = "N", value_parser = within(1_u32..=1_000_000_000))]
    max_rows_per_second: Option<u32>,
    /// Keep what was found in each finished file in this folder, for you alone, and take over what an earlier run of the same scan kept there,
    /// after a crash or an interruption: files of which nothing has changed are not read for people again. Databases are. With `--out` what was
    /// kept is removed at the end; without, it stays for the scan that signs
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

impl Arguments {
    /// What the parser of the command line does not see: flags that do not go together.
    pub(crate) fn fault(&self) -> Option<String> {
        self.piped.fault(&self.sources)
    }
}

/// Which findings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListingArgument {
    /// Every key that agrees
    All,
    /// The strongest key that agrees: S before P before A
    Strongest,
}

/// Everything that has been checked before the first row is read.
struct Prepared {
    key: SigningKey,
    challenge: Document<ChallengeV1>,
    statement: Document<ManifestV1>,
    phase: Phase,
    plan: Plan,
    salt: Secret,
    nonce: [u8; 32],
    manifest: Manifest,
    map: MapFile,
    declared: Declarations,
    /// BLAKE3 of the map and declaration files.
    configuration: String,
}

/// Scans.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    for path in arguments.out.iter().chain(&arguments.findings) {
        if existing == Existing::Keep && path.symlink_metadata().is_ok() {
            return Err(anyhow::Error::new(io::Error::from(io::ErrorKind::AlreadyExists))
                .context(format!("cannot write `{}`", path.display())));
        }
    }
    let prepared = prepare(arguments, context)?;
    let clock = || context.now();
    let resume = resume::open(arguments, &prepared, &clock)?;
    context.explain(&introduction(&prepared))?;

    let options = arguments.reading.options(prepared.map.text_rules(), Some(&arguments.piped));
    let found = reading::discover(&arguments.sources, &options, context)?;
    let surveyed = survey::survey(&found, &prepared.map, arguments.deep, &context.cancel)
        .with_context(|| unusable(arguments.map.as_ref()))?;
    context.check_interrupted()?;
    show_survey(&surveyed, context)?;

    // Begun only now, so that the scan does not find its own half-written files.
    let begin = |path: &PathBuf, access| {
        AtomicFile::create(path, access, existing).with_context(|| format!("cannot write `{}`", path.display()))
    };
    let attestation_file = arguments.out.as_ref().map(|path| begin(path, Access::Public)).transpose()?;
    let mut findings_file = arguments.findings.as_ref().map(|path| begin(path, Access::Private)).transpose()?;

    let started = context.now();
    let watch = Instant::now();
    let mut detail = None;
    let outcome = {
        let mut sink = match &mut findings_file {
            None => None,
            Some(file) => {
                let mut sink = Digesting { out: BufWriter::new(file), hasher: blake3::Hasher::new() };
                findings::write_header(&mut sink, &context.random()?).with_context(|| "cannot write the findings".to_owned())?;
                Some(sink)
            }
        };
        let sink_of_rows = sink.as_mut().map(|sink| sink as &mut dyn Write);
        let outcome = look(arguments, &prepared, &found, &surveyed, sink_of_rows, resume.as_ref(), context)?;
        if let Some(mut sink) = sink {
            sink.out.flush().with_context(|| "cannot write the findings".to_owned())?;
            detail = Some(hex::encode(sink.hasher.finalize().as_bytes()));
        }
        outcome
    };
    let seconds = watch.elapsed().as_secs_f64();
    let finished = context.now();
    let policy = &prepared.challenge.statement.predicate.policy;
    let judgement = verdict::judge(prepared.phase, policy, &outcome);

    if let (Some(file), Some(path)) = (findings_file, &arguments.findings) {
        file.commit().with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    if let (Some(mut file), Some(path)) = (attestation_file, &arguments.out) {
        let writing = || format!("cannot write `{}`", path.display());
        let predicate = attestation(arguments, &prepared, &outcome, &judgement, (started, finished), detail);
        let subject = &prepared.statement.statement.subject;
        let payload = Statement::new(&subject.name, subject.sha256, predicate).to_payload()?;
        let envelope = Envelope::sign(payload, &prepared.key).to_json();
        if envelope.len() > LARGEST_ENVELOPE {
            return Err(advised(
                format!(
                    "the attestation of {} takes more than the 64 MiB that anybody reads",
                    number::of(outcome.targets.len() as u64, "target")
                ),
                "put small files together into fewer, or leave out with a map file what the originator accepts",
            ));
        }
        file.write_all(&envelope).with_context(writing)?;
        file.commit().with_context(writing)?;
    }
    if let Some(resume) = &resume {
        resume::finish(arguments, resume);
    }
    match context.format {
        Format::Json => {
            let mut result = json_v1::ScannedV1::new(prepared.phase, policy, &judgement, &outcome, seconds);
            result.attestation = arguments.out.as_ref().map(|path| path.display().to_string());
            result.findings = arguments.findings.as_ref().map(|path| path.display().to_string());
            context.print(&json_v1::write(&result))?;
        }
        Format::Text => {
            context.say(&text::outcome::outcome(prepared.phase, policy, &judgement, &outcome, context.style))?;
            context.say(&text::outcome::declared(&outcome.declared))?;
            context.explain(&closing(arguments, &outcome, seconds))?;
        }
    }
    Ok(match judgement.verdict {
        Verdict::Clear | Verdict::Present => ExitCode::Clear,
        Verdict::Inconclusive => ExitCode::Inconclusive,
        Verdict::Residual => ExitCode::Residual,
    })
}

/// What a scan that could begin is about.
pub(crate) struct Rehearsed {
    /// Records that are asked about.
    pub(crate) records: u64,
    /// The keys by which they are looked for.
    pub(crate) keys: Vec<MatchKey>,
}

/// Checks all that a scan checks before it reads the first row, and does nothing.
pub(crate) fn rehearse(arguments: &Arguments, context: &Context) -> anyhow::Result<Rehearsed> {
    let prepared = prepare(arguments, context)?;
    let keys = prepared.plan.keys.into_iter().map(|planned| planned.key).collect();
    Ok(Rehearsed { records: prepared.statement.statement.predicate.asked(), keys })
}

/// That the map file cannot be used.
fn unusable(map: Option<&PathBuf>) -> String {
    map.map_or_else(|| "cannot use the map file".to_owned(), |path| format!("cannot use the map file `{}`", path.display()))
}

/// Checks the documents against the originator's card and each other, and opens the manifest.
fn prepare(arguments: &Arguments, context: &Context) -> anyhow::Result<Prepared> {
    let originator = Card::read(&arguments.from)?;
    let key = SigningKey::read(&arguments.key)?;
    let challenge: Document<ChallengeV1> = document::open(&arguments.challenge, "challenge", &originator)?;
    let statement: Document<ManifestV1> =
        document::open(&statement_path(&arguments.manifest), "manifest statement", &originator)?;
    let (asked, supplied) = (&challenge.statement.predicate, &statement.statement.predicate);
    let phase = asked.phase().ok_or_else(|| {
        advised("the challenge asks for a phase that this program does not know", "install a newer residua on this machine")
    })?;
    if asked.recipient_key != key.fingerprint() {
        return Err(advised(
            "the challenge is addressed to another key",
            "use the key whose card the originator was given (`--as`)",
        ));
    }
    if asked.supply_id != supplied.supply.supply_id || challenge.statement.subject.sha256 != statement.statement.subject.sha256 {
        let needed = if phase == Phase::Baseline { PhaseGroup::Baseline } else { PhaseGroup::Deletion };
        return Err(advised(
            format!("the challenge is about another manifest than `{}`", arguments.manifest.display()),
            format!("a {} challenge needs the {} manifest of supply {}", phase.word(), needed.word(), clean(&asked.supply_id)),
        ));
    }
    check_window(asked, context.now())?;
    let opening = || format!("cannot use the manifest `{}`", arguments.manifest.display());
    let plan = supplied.plan().with_context(opening)?;
    let salt = sealed::open(&asked.sealed_salt, &key)?;
    if hex::encode(&commitment(&salt)) != supplied.key_commitment {
        return Err(advised(
            "the salt of the challenge is not that of the manifest: nothing would ever match",
            "ask the originator for a new challenge",
        ));
    }
    let nonce = hex::decode::<32>(&asked.nonce)
        .ok_or_else(|| advised("the challenge has no nonce", "ask the originator for a new challenge"))?;
    let id = hex::decode::<16>(&supplied.manifest_id)
        .ok_or_else(|| advised("the manifest's statement has no id", "ask the originator for it again"))?;
    let manifest = Manifest::open(&arguments.manifest, &supplied.layout, &id).with_context(opening)?;
    context.progress.begin("verifying the manifest", None, Some(supplied.layout.file_length));
    manifest.verify(supplied.asked() + 1, &context.progress, &context.cancel).map_err(|error| match error {
        ManifestError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error).context(opening()),
    })?;
    context.progress.end();
    if supplied.records < FEW_PEOPLE && !arguments.consent {
        return Err(advised(
            format!("the challenge asks about only {} people, so that the answer speaks of each of them", supplied.records),
            "answer with `--consent` if you may",
        ));
    }
    let mut hasher = blake3::Hasher::new();
    let mut read = |path: &Option<PathBuf>, what: &str| -> anyhow::Result<Option<String>> {
        let text = path.as_ref().map(|path| read_text(path, what)).transpose()?;
        let bytes = text.as_deref().unwrap_or_default().as_bytes();
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
        Ok(text)
    };
    let map = match (read(&arguments.map, "map file")?, &arguments.map) {
        (Some(text), Some(path)) => MapFile::parse(&text).with_context(|| unusable(Some(path)))?,
        _ => MapFile::default(),
    };
    read(&arguments.declare, "declaration file")?;
    let mut declared = arguments.declare.as_ref().map(|path| read_declarations(path)).transpose()?.unwrap_or_default();
    onward::name(&mut declared, &arguments.onward)?;
    let configuration = hex::encode(hasher.finalize().as_bytes());
    Ok(Prepared { key, challenge, statement, phase, plan, salt, nonce, manifest, map, declared, configuration })
}

/// A challenge is answered while it is valid. The clocks of two parties differ a little.
fn check_window(challenge: &ChallengeV1, now: Timestamp) -> anyhow::Result<()> {
    let malformed = || advised("the challenge has no valid times", "ask the originator for a new challenge");
    let tolerance = SignedDuration::from_secs(i64::try_from(challenge.tolerance_seconds).unwrap_or(0).min(86_400));
    let issued = time::parse(&challenge.issued_at).ok_or_else(malformed)?;
    let expires = time::parse(&challenge.expires_at).ok_or_else(malformed)?;
    if now.duration_since(expires) > tolerance {
        return Err(advised(
            format!("the challenge expired at {}", challenge.expires_at),
            "ask the originator for a new challenge",
        ));
    }
    if issued.duration_since(now) > tolerance {
        return Err(advised(
            format!("the challenge was issued at {}, which is later than this machine's clock", challenge.issued_at),
            "set the clock",
        ));
    }
    Ok(())
}

fn introduction(prepared: &Prepared) -> String {
    let statement = &prepared.statement.statement.predicate;
    format!(
        "{} asks for a {} scan: {} records supplied for deletion by {}, {}.\n{}\n",
        clean(&statement.supply.originator),
        prepared.phase.word(),
        text::count(statement.records),
        clean(&statement.supply.delete_by),
        number::of(statement.keys.len() as u64, "match key"),
        text::asked_besides(statement.records, statement.controls)
    )
}

fn show_survey(surveyed: &[Surveyed], context: &Context) -> anyhow::Result<()> {
    for target in surveyed {
        if let Some(reason) = &target.excluded {
            context.explain(&format!("{}: left out ({})\n", clean(&target.name), clean(reason)))?;
        } else if context.is_verbose {
            let rows = column_rows(&target.mapping, &target.profiles);
            context.explain(&format!("{}\n{}\n", clean(&target.name), text::columns(&rows, context.style)))?;
        } else {
            let fields: Vec<String> = (target.mapping.columns.iter())
                .filter(|taken| taken.field().is_some())
                .map(|taken| format!("{} as {}", clean(&taken.name), taken.words()))
                .collect();
            let fields = if fields.is_empty() { "no personal column recognised".to_owned() } else { fields.join(", ") };
            context.explain(&format!("{}: {fields}\n", clean(&target.name)))?;
        }
    }
    context.explain("\n")
}

/// Looks for the records, and turns what stops a scan into words.
fn look(
    arguments: &Arguments,
    prepared: &Prepared,
    found: &source::Found,
    surveyed: &[Surveyed],
    findings: Option<&mut dyn Write>,
    resume: Option<&Resume<'_>>,
    context: &Context,
) -> anyhow::Result<Outcome> {
    let statement = &prepared.statement.statement.predicate;
    let slots: Vec<_> = statement.slots()?.into_iter().map(|(slot, _)| slot).collect();
    let pace = arguments.max_rows_per_second.and_then(NonZeroU32::new).map(Pace::new);
    let job = scan::Job {
        sessions: &found.sessions,
        problems: &found.problems,
        map: &prepared.map,
        surveyed,
        declared: &prepared.declared,
        manifest: &prepared.manifest,
        plan: &prepared.plan,
        slots: &slots,
        names_have_parts: statement.names_have_parts()?,
        records: statement.records,
        searchable: statement.searchable(),
        controls: statement.controls,
        supply_id: &statement.supply.supply_id,
        salt: &prepared.salt,
        nonce: &prepared.nonce,
        spot_checks: &prepared.challenge.statement.predicate.spot_checks,
        listing: match arguments.findings_keys {
            ListingArgument::All => Listing::All,
            ListingArgument::Strongest => Listing::Strongest,
        },
        threads: arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
        pace: pace.as_ref(),
        resume,
    };
    let outcome = scan::run(&job, findings, &context.progress, &context.cancel);
    if let Some(resume) = resume {
        resume::tell(resume, context);
    }
    outcome.map_err(|error| match error {
        ScanError::Cancelled => resume::interrupted(arguments, resume),
        error => anyhow::Error::new(error),
    })
}

fn attestation(
    arguments: &Arguments,
    prepared: &Prepared,
    outcome: &Outcome,
    judgement: &Judgement,
    (started, finished): (Timestamp, Timestamp),
    detail: Option<String>,
) -> AttestationV1 {
    let statement = &prepared.statement.statement.predicate;
    let challenge = &prepared.challenge.statement.predicate;
    AttestationV1 {
        verdict: judgement.verdict.word().to_owned(),
        verdict_reasons: predicate_v1::reasons(judgement),
        meaning: verdict::meaning(judgement.verdict, outcome),
        supply: statement.supply.supply_id.clone(),
        manifest: predicate_v1::ManifestReference {
            manifest_id: statement.manifest_id.clone(),
            statement_sha256: prepared.statement.sha256.clone(),
            blake3: statement.layout.blake3.clone(),
        },
        challenge: predicate_v1::ChallengeReference {
            challenge_id: challenge.challenge_id.clone(),
            nonce: challenge.nonce.clone(),
            phase: challenge.phase.clone(),
            issued_at: challenge.issued_at.clone(),
            sha256: prepared.challenge.sha256.clone(),
        },
        baseline: challenge.baseline.clone(),
        scan: predicate_v1::ScanTimes { started_at: time::format(started), finished_at: time::format(finished) },
        operator: predicate_v1::Operator {
            name: clean(&arguments.operator),
            role: clean(&arguments.operator_role),
            declaration: DECLARATION.to_owned(),
        },
        tool: predicate_v1::Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: own_digest(),
        },
        environment: predicate_v1::Environment { os: std::env::consts::OS.to_owned(), arch: std::env::consts::ARCH.to_owned() },
        configuration: predicate_v1::Digest { blake3: prepared.configuration.clone() },
        coverage: predicate_v1::coverage_of(outcome),
        sentinels: predicate_v1::Sentinels { injected: outcome.sentinels.tried, detected: outcome.sentinels.found },
        known_answers: predicate_v1::KnownAnswers { asked: outcome.known_answers.tried, answered: outcome.known_answers.found },
        records: predicate_v1::records_of(outcome, arguments.counts_only),
        spot_checks: (outcome.spot_checks.iter())
            .map(|check| predicate_v1::SpotCheckV1 { record: check.record, found: check.found })
            .collect(),
        detail: detail.map(|blake3| predicate_v1::Digest { blake3 }),
        declared: outcome.declared.clone(),
        limitations: predicate_v1::LIMITATIONS.iter().map(|limitation| (*limitation).to_owned()).collect(),
    }
}

/// SHA-256 of this program, where its file can be read.
fn own_digest() -> Option<String> {
    use sha2::Digest;
    let mut file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer).ok()? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Some(hex::encode(&hasher.finalize()))
}

fn closing(arguments: &Arguments, outcome: &Outcome, seconds: f64) -> String {
    let rows = outcome.rows_read();
    let hashes: u64 = outcome.targets.iter().map(|target| target.hashes).sum();
    let mut words = format!(
        "{} rows, {}, {:.1} hashes a row, in {seconds:.1} seconds.\n",
        text::count(rows),
        text::bytes(outcome.targets.iter().map(|target| target.bytes).sum()),
        if rows == 0 { 0.0 } else { hashes as f64 / rows as f64 }
    );
    let show = |path: &Path| path.display().to_string();
    if let Some(path) = &arguments.findings {
        words.push_str(&format!("Findings: {} (for you alone)\n", show(path)));
        if outcome.controls > 0 {
            words.push_str("  Some of the people in it may never have been supplied: do not delete by class P what you have from elsewhere.\n");
        }
    }
    words.push_str(&resume::closing(arguments, outcome));
    match &arguments.out {
        Some(path) => {
            words.push_str(&format!("Attestation: {} (send it to the originator, who runs `residua verify`)\n", show(path)));
        }
        None => words.push_str("Nothing was signed. To sign, scan again with `--out ATTESTATION`.\n"),
    }
    words
}

/// Writes and digests at once.
struct Digesting<'a> {
    out: BufWriter<&'a mut AtomicFile>,
    hasher: blake3::Hasher,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
