//! `scan`: the recipient looks for the supplied records in its own databases and files, and signs what it found.

pub(in crate::cli) mod answer;
mod onward;
pub(in crate::cli) mod prepare;
mod resume;
pub(in crate::cli) mod split;

use crate::cli::argument::within;
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::inspect::column_rows;
use crate::cli::reading;
use crate::cli::reading::Piped;
use crate::cli::reading::Reading;
use crate::finding::Outcome;
use crate::finding::verdict;
use crate::intake::survey;
use crate::intake::survey::Surveyed;
use crate::match_key::MatchKey;
use crate::report::text;
use crate::scan;
use crate::scan::Listing;
use crate::scan::ScanError;
use crate::scan::split::Share;
use crate::support::atomic_file::Existing;
use crate::support::pace::Pace;
use crate::support::sanitize::clean;
use crate::support::time;
pub(in crate::cli) use answer::Places;
use anyhow::Context as _;
use clap::Args;
use clap::ValueEnum;
pub(in crate::cli) use prepare::Asked;
use prepare::Prepared;
use prepare::introduction;
use prepare::prepare;
use prepare::unusable;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Instant;

/// The most shares of one scan.
const MOST_SHARES: u32 = 1_000_000;

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
pub(crate) struct Arguments {
    /// What to scan: files, folders, patterns, databases, servers, or `-`
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    #[command(flatten)]
    asked: Asked,
    /// The attestation to write, to be sent to the originator; without it, nothing is signed
    #[arg(long, value_name = "ATTESTATION")]
    out: Option<PathBuf>,
    /// Where to list every single finding, for whoever deletes; the file stays with you
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Which keys that agree for a row and a record the findings list: `all`, or the `strongest` one (S before P before A)
    #[arg(long, value_enum, value_name = "all|strongest", default_value_t = ListingArgument::All, hide_possible_values = true, requires = "findings")]
    findings_keys: ListingArgument,
    /// Read the cells of every column as text too, and not only those that are no field: names in a column of towns, a whole person in one
    /// of telephone numbers. It takes several times as long
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    piped: Piped,
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
    /// Scan the Nth of so many shares, each on a machine or at a time of its own, and write to `--out` what `residua merge` makes one attestation
    /// of. Files are divided; a table of a database is read by one of them. For the findings say `--with-findings`
    #[arg(long, value_name = "N/OF", value_parser = parse_share, requires = "out", conflicts_with_all = ["findings", "findings_keys", "resume"])]
    split: Option<Share>,
    /// Put the findings into what `--split` writes, for `residua merge --findings`
    #[arg(long, requires = "split")]
    with_findings: bool,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

impl Arguments {
    /// What the parser of the command line does not see: flags that do not go together.
    pub(crate) fn fault(&self) -> Option<String> {
        let is_piped = self.split.is_some() && self.sources.iter().any(|source| source == "-");
        let piped = || {
            "'--split' divides what each run can open by itself, and nobody else sees what comes through the pipe '-'".to_owned()
        };
        self.piped.fault(&self.sources).or_else(|| is_piped.then(piped))
    }
}

/// A share on the command line: `2/8`.
fn parse_share(text: &str) -> Result<Share, String> {
    let share = text.split_once('/').and_then(|(number, of)| Some(Share { number: number.parse().ok()?, of: of.parse().ok()? }));
    let is_one = |share: &Share| (1..=share.of).contains(&share.number) && share.of <= MOST_SHARES;
    share.filter(is_one).ok_or_else(|| format!("is not a share such as `2/8`: the second of eight, of at most {MOST_SHARES}"))
}

/// Which findings are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListingArgument {
    /// Every key that agrees
    All,
    /// The strongest key that agrees: S before P before A
    Strongest,
}

/// Scans.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let places = Places {
        out: arguments.out.as_ref(),
        findings: arguments.findings.as_ref(),
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
    };
    places.check()?;
    let prepared = prepare(&arguments.asked, context)?;
    let clock = || context.now();
    let resume = resume::open(arguments, &prepared, &clock)?;
    context.explain(&introduction(&prepared))?;

    let options = arguments.reading.options(prepared.map.text_rules(), Some(&arguments.piped));
    let found = reading::discover(&arguments.sources, &options, context)?;
    let surveyed = survey::survey(&found, &prepared.map, arguments.deep, &context.cancel)
        .with_context(|| unusable(arguments.asked.map.as_ref()))?;
    context.check_interrupted()?;
    show_survey(&surveyed, context)?;

    let pace = arguments.max_rows_per_second.and_then(NonZeroU32::new).map(Pace::new);
    let job = scan::Job {
        listing: match arguments.findings_keys {
            ListingArgument::All => Listing::All,
            ListingArgument::Strongest => Listing::Strongest,
        },
        threads: arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
        pace: pace.as_ref(),
        resume: resume.as_ref(),
        ..prepared.job(&found.sessions, &found.problems, &surveyed)
    };
    if let Some(share) = arguments.split {
        return split::run(arguments, share, &prepared, &job, context);
    }
    let mut answer = places.begin()?;
    let started = time::format(context.now());
    let watch = Instant::now();
    let outcome = answer.list(context, |sink| {
        let outcome = scan::run(&job, sink, &context.progress, &context.cancel);
        if let Some(resume) = &resume {
            resume::tell(resume, context);
        }
        outcome.map_err(|error| match error {
            ScanError::Cancelled => resume::interrupted(arguments, resume.as_ref()),
            error => anyhow::Error::new(error),
        })
    })?;
    let seconds = watch.elapsed().as_secs_f64();
    let times = (started, time::format(context.now()));
    let judgement = verdict::judge(prepared.phase, &prepared.challenge.statement.predicate.policy, &outcome);
    answer.sign(&arguments.asked, &prepared, &outcome, &judgement, times)?;
    if let Some(resume) = &resume {
        resume::finish(arguments, resume);
    }
    let closing = closing(arguments, places, &outcome, seconds);
    answer::show(places, &prepared, &outcome, &judgement, (seconds, &closing), context)
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
    let prepared = prepare(&arguments.asked, context)?;
    let keys = prepared.plan.keys.into_iter().map(|planned| planned.key).collect();
    Ok(Rehearsed { records: prepared.statement.statement.predicate.asked(), keys })
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

fn closing(arguments: &Arguments, places: Places<'_>, outcome: &Outcome, seconds: f64) -> String {
    let rows = outcome.rows_read();
    let hashes: u64 = outcome.targets.iter().map(|target| target.hashes).sum();
    let mut words = format!(
        "{} rows, {}, {:.1} hashes a row, in {seconds:.1} seconds.\n",
        text::count(rows),
        text::bytes(outcome.targets.iter().map(|target| target.bytes).sum()),
        if rows == 0 { 0.0 } else { hashes as f64 / rows as f64 }
    );
    words.push_str(&answer::of_findings(places, outcome));
    words.push_str(&resume::closing(arguments, outcome));
    words.push_str(&answer::of_attestation(places, "scan"));
    words
}
