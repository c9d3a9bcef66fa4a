//! `trace`: which supplies held a person, from the ledger alone, and so who has to be told of an erasure.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::passphrase::PassphraseArgument;
use crate::ledger::Challenge;
use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::Supply;
use crate::ledger::board;
use crate::ledger::ordinal::ordinals;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::report::csv;
use crate::report::json_v1;
use crate::report::json_v1::trace::OnwardV1;
use crate::report::json_v1::trace::TraceV1;
use crate::report::json_v1::trace::TracedV1;
use crate::report::text;
use crate::support::time;
use crate::trace::Answer;
use crate::trace::Referenced;
use crate::trace::Unknown;
use crate::trace::lookup;
use crate::trace::lookup::Looked;
use crate::trace::lookup::Supplied;
use crate::trace::query::Given;
use crate::trace::query::Query;
use crate::trace::query::Sort;
use anyhow::Context as _;
use clap::ArgGroup;
use clap::Args;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::PathBuf;

/// Bytes of a query: more is another file.
const LARGEST_QUERY: u64 = 64 << 10;

/// Tell which supplies held a person who is to be erased
///
/// Whoever was given the person's data has to be told of an erasure (GDPR Art. 19). Looks the person up in the copies of the manifests that the ledger keeps, by every match key that can be formed of what is given. Give all that the
/// person goes by; each value may be given several times, and every combination is tried. Nothing that is asked is stored or printed. Where the salts of a
/// supply were destroyed, no copy was kept, or nothing that is given goes with its keys, the answer is `unknown`, and never a no.
#[derive(Args)]
#[command(group = ArgGroup::new("person").required(true).multiple(true).args(["email", "phone", "name", "postcode", "dob", "address", "reference", "query"]))]
#[command(override_usage = "\
residua trace [OPTIONS] --query <FILE|->
       residua trace [OPTIONS] --email <EMAIL> --name <NAME> …")]
#[command(after_help = "\
What is given on the command line can be seen by other users of the machine and
stays in the shell's history. In earnest, use `--query -`, or a file that you
delete afterwards:
  email = [\"ann@example.com\", \"a.green@example.org\"]
  phone = \"07700 900123\"
  name = \"Ann Green\"
  postcode = \"SW1A 1AA\"
  dob = \"1980-04-03\"
  address = \"1 Mill Lane\"
  ref = \"4711\"              # what `supply --reference` kept of the row

Answers:
  held       a record agrees by a key that agrees by chance next to never, or
             by an e-mail address, telephone or reference that was asked for
  possible   records agree by keys that strangers may share
  not held   every record was looked for by something that was given
  not found  some records have nothing that was given, and the others disagree
  unknown    nothing can be said, and why

Examples:
  residua trace --query - < query.toml
  residua trace --query query.toml --format csv > answer.csv

Exit codes: 0 where every supply is held or not held; 10 where one is possible,
not found or unknown.")]
pub(crate) struct Arguments {
    /// An e-mail address
    #[arg(long, value_name = "EMAIL")]
    email: Vec<String>,
    /// A telephone number
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Vec<String>,
    /// The whole name, in any order of its words
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// A postcode
    #[arg(long, value_name = "POSTCODE")]
    postcode: Vec<String>,
    /// A date of birth; if it may be read in two ways, both are tried. A second one may be a child's
    #[arg(long, value_name = "DATE")]
    dob: Vec<String>,
    /// House number and street
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
    /// By what you know the row: looked for among what `supply --reference` kept, and as an identifier of the data
    #[arg(long = "ref", value_name = "REFERENCE")]
    reference: Vec<String>,
    /// A file with these values in TOML, as below, or `-` for standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["email", "phone", "name", "postcode", "dob", "address", "reference"])]
    query: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    passphrase: PassphraseArgument,
    /// What stands without a flag: it may be a value, and the parser would repeat it.
    #[arg(hide = true)]
    stray: Vec<String>,
}

/// Says nothing of the person.
impl fmt::Debug for Arguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Arguments").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Arguments {
    /// What the parser of the command line would say with the value in it.
    pub(crate) fn fault(&self) -> Option<String> {
        let is_stray = !self.stray.is_empty();
        is_stray.then(|| "a value stands without its flag; if it has spaces in it, put it in quotes".to_owned())
    }

    fn given(&self) -> anyhow::Result<Given> {
        if let Some(path) = &self.query {
            return read(path);
        }
        let mut given = Given::default();
        for (sort, values) in [
            (Sort::Name, &self.name),
            (Sort::Birth, &self.dob),
            (Sort::Postcode, &self.postcode),
            (Sort::Address, &self.address),
            (Sort::Email, &self.email),
            (Sort::Phone, &self.phone),
            (Sort::Reference, &self.reference),
        ] {
            for value in values {
                given.add(sort, value);
            }
        }
        Ok(given)
    }
}

/// Reads a query. Neither its path nor anything in it is repeated: what was meant as a value may stand in either.
fn read(path: &PathBuf) -> anyhow::Result<Given> {
    let mut bytes = Vec::new();
    let reading = "cannot read the query";
    if path.as_os_str() == "-" {
        io::stdin().lock().take(LARGEST_QUERY + 1).read_to_end(&mut bytes).context(reading)?;
    } else {
        File::open(path).context(reading)?.take(LARGEST_QUERY + 1).read_to_end(&mut bytes).context(reading)?;
    }
    let form = "`residua trace --help` shows how it is written";
    if bytes.len() as u64 > LARGEST_QUERY {
        return Err(advised("the query is too large for one person", form));
    }
    let text = String::from_utf8(bytes).map_err(|_| advised("the query is not UTF-8 text", "save it as UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        advised(format!("the query is not understood at line {}", 1 + before.matches('\n').count()), form)
    })?;
    let mut given = Given::default();
    for (member, value) in &table {
        let sort = Sort::ALL.into_iter().find(|sort| sort.word() == member);
        let sort = sort.ok_or_else(|| advised("the query has a member that is none", form))?;
        let values = match value {
            toml::Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let value = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Datetime(date) => date.to_string(),
                _ => return Err(advised(format!("`{}` of the query is neither a text nor a list of texts", sort.word()), form)),
            };
            given.add(sort, &value);
        }
    }
    Ok(given)
}

/// Traces a person.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let given = arguments.given()?;
    let query = Query::new(&given).map_err(|fault| {
        advised(fault, "leave it out, or write it as it stands in the data; what is left out is not looked for")
    })?;
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    arguments.passphrase.unlock(&mut ledger)?;
    let ledger = ledger;
    let today = time::day(context.now());
    let mut supplies = Vec::new();
    let mut is_plain = true;
    for supply in ledger.view().supplies() {
        let traced = Traced::new(&ledger, supply, &given, &query, context)?;
        is_plain &= traced.answer.is_plain();
        supplies.push(traced.json(&ledger, supply, today));
    }
    let result = TraceV1 {
        version: json_v1::VERSION,
        today: today.to_string(),
        asked_by: given.sorts().map(Sort::word).collect(),
        is_exported: ledger.is_exported(),
        supplies,
    };
    match context.format {
        Format::Text if context.is_csv => context.print(&csv::trace(&result.supplies))?,
        Format::Text => context.say(&text::trace::trace(&result))?,
        Format::Json => context.print(&json_v1::write(&result))?,
    }
    Ok(if is_plain { ExitCode::Clear } else { ExitCode::Inconclusive })
}

/// What one supply answered.
struct Traced {
    answer: Answer,
    looked: Option<Looked>,
    /// Whether it was found among the references.
    is_referenced: bool,
    /// The columns of the data of which the manifest has nothing.
    columns: Vec<String>,
    /// The rows of the data that agree, from 0.
    rows: BTreeSet<u32>,
    /// The numbers of the seeds among them, from 1.
    seeds: Vec<u32>,
}

impl Traced {
    fn new(ledger: &Ledger, supply: &Supply, given: &Given, query: &Query, context: &Context) -> anyhow::Result<Traced> {
        let id = &supply.entry.supply_id;
        let mut rows = BTreeSet::new();
        let (referenced, unread) = match references(ledger, supply, given) {
            Ok((referenced, found)) => {
                rows.extend(found);
                (referenced, None)
            }
            Err(error) => (Referenced::NotAsked, Some(unusable(&error))),
        };
        let mut statement = None;
        let mut looked = look(ledger, supply, query, &mut statement, context);
        context.check_interrupted()?;
        if let (Err(Unknown::NoKey), Some(unread)) = (&looked, unread) {
            looked = Err(unread);
        }
        let answer = Answer::of(&looked, referenced);
        if let (Ok(looked), Some(statement)) = (&looked, &statement)
            && let Ok(ordinals) = ordinals(ledger, statement)
        {
            rows.extend((&looked.certain | &looked.possible).iter().filter_map(|ordinal| ordinals.row(ordinal)));
        }
        // Where they cannot be read, whoever agrees is taken for a person.
        let roster = if rows.is_empty() { None } else { ledger.seeds(id).ok().flatten() };
        let seeds = roster.map(|roster| (1..).zip(roster.rows()).filter(|(_, row)| rows.contains(row)).map(|(number, _)| number));
        let seeds = seeds.map(Iterator::collect).unwrap_or_default();
        // A partner, or whoever stands in a remark, is in no manifest.
        let is_none = matches!(answer, Answer::NotHeld | Answer::NotFound { .. });
        let schema = statement.into_iter().filter(|_| is_none).flat_map(|statement| statement.schema);
        let columns = schema.filter(|column| column.kind.is_none()).map(|column| column.name).collect();
        Ok(Traced { answer, looked: looked.ok(), is_referenced: referenced == Referenced::Found, columns, rows, seeds })
    }

    /// Whether nobody agrees but invented people.
    fn is_seed_alone(&self) -> bool {
        !self.seeds.is_empty() && self.seeds.len() == self.rows.len()
    }

    fn json(self, ledger: &Ledger, supply: &Supply, today: jiff::civil::Date) -> TracedV1 {
        let entry = &supply.entry;
        let row = board::row(ledger.view(), supply, today);
        let is_to_be_told = self.answer.is_to_be_told() && !self.is_seed_alone();
        let (onward, is_onward_unread) =
            if self.answer == Answer::NotHeld { (Vec::new(), false) } else { onward(ledger, supply) };
        let mut found_by: Vec<Sort> = self.looked.iter().flat_map(|looked| looked.sorts.iter().copied()).collect();
        found_by.extend(self.is_referenced.then_some(Sort::Reference));
        found_by.sort_unstable();
        found_by.dedup();
        let (reason, reason_text) = match &self.answer {
            Answer::Unknown(unknown) => (Some(unknown.word()), Some(unknown.to_string())),
            _ => (None, None),
        };
        TracedV1 {
            supply_id: entry.supply_id.clone(),
            short_id: row.short_id.clone(),
            recipient: entry.recipient.name.clone(),
            records: entry.records,
            supplied_at: entry.created_at.clone(),
            delete_by: entry.delete_by.clone(),
            answer: self.answer.word(),
            reason,
            reason_text,
            found_by: found_by.into_iter().map(Sort::word).collect(),
            keys: self.looked.map(|looked| looked.keys).unwrap_or_default(),
            rows: self.rows.into_iter().map(|row| u64::from(row) + 1).collect(),
            seeds: self.seeds,
            not_looked_for: match self.answer {
                Answer::NotFound { unsearched } => Some(unsearched),
                _ => None,
            },
            columns_not_looked_in: self.columns,
            is_to_be_told,
            onward,
            is_onward_unread,
            state: row.state.to_string(),
            state_word: row.state.word(),
        }
    }
}

/// Looks in one supply's manifest, whose statement is handed out too.
fn look(
    ledger: &Ledger,
    supply: &Supply,
    query: &Query,
    opened: &mut Option<ManifestV1>,
    context: &Context,
) -> Result<Looked, Unknown> {
    let is_missing =
        |error: &LedgerError| matches!(error, LedgerError::File { source, .. } if source.kind() == io::ErrorKind::NotFound);
    let secrets = ledger.secrets(&supply.entry.supply_id);
    let is_gone = |error: &LedgerError| is_missing(error) || matches!(error, LedgerError::Closed { .. });
    let secrets = secrets.map_err(|error| if is_gone(&error) { Unknown::NoSalt } else { unusable(&error) })?;
    let manifest = ledger.kept_manifest(supply);
    let manifest = manifest.map_err(|error| if is_missing(&error) { Unknown::Missing } else { unusable(&error) })?;
    let manifest = manifest.ok_or(Unknown::NotKept)?;
    let originator = supply.entry.originator.card().map_err(|error| unusable(&error.into()))?;
    let statement = ledger.statement::<ManifestV1>(&supply.entry.baseline_statement, &originator);
    let statement = &opened.insert(statement.map_err(|error| unusable(&error))?.predicate);
    let supplied = Supplied { statement, manifest: &manifest, salt: secrets.salt(PhaseGroup::Baseline) };
    lookup::look(query, &supplied, &context.progress, &context.cancel)
}

/// An error of the ledger as the reason of an answer.
fn unusable(error: &LedgerError) -> Unknown {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    Unknown::Unusable(format!("{error}{cause}"))
}

/// The rows that the originator knows by what was given.
fn references(ledger: &Ledger, supply: &Supply, given: &Given) -> Result<(Referenced, Vec<u32>), LedgerError> {
    let asked: Vec<&str> = given.of(Sort::Reference).map(str::trim).collect();
    if asked.is_empty() {
        return Ok((Referenced::NotAsked, Vec::new()));
    }
    let Some(references) = ledger.references(&supply.entry.supply_id)? else { return Ok((Referenced::NotAsked, Vec::new())) };
    let is_asked = |reference: &String| asked.contains(&reference.trim());
    let rows: Vec<u32> = (0..).zip(&references).filter(|(_, reference)| is_asked(reference)).map(|(row, _)| row).collect();
    // Rows without a reference could not be looked for by one.
    let is_whole = references.iter().all(|reference| !reference.trim().is_empty());
    let outcome = match (rows.is_empty(), is_whole) {
        (false, _) => Referenced::Found,
        (true, true) => Referenced::Absent,
        (true, false) => Referenced::NotAsked,
    };
    Ok((outcome, rows))
}

/// To whom the recipient passed the data on, as its answers say, and whether one of them cannot be read.
fn onward(ledger: &Ledger, supply: &Supply) -> (Vec<OnwardV1>, bool) {
    let mut onward: Vec<OnwardV1> = Vec::new();
    let mut is_unread = false;
    for receipt in supply.challenges.iter().filter_map(Challenge::answer) {
        let Ok(answer) = ledger.received(supply, receipt) else {
            is_unread = true;
            continue;
        };
        for declared in answer.declared.onward {
            if onward.iter().all(|known| known.recipient != declared.recipient) {
                onward.push(OnwardV1 { recipient: declared.recipient, reason: declared.reason });
            }
        }
    }
    (onward, is_unread)
}
