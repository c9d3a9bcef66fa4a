//! `challenge`: what the originator asks, signed, with the salt that makes an answer possible.

use crate::attestation::dsse::Envelope;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::Statement;
use crate::cli::argument::within;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document::read_text;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::passphrase::PassphraseArgument;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Policy;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::ledger::challenge;
use crate::ledger::challenge::DAYS_VALID;
use crate::ledger::challenge::MOST_SPOT_CHECKS;
use crate::ledger::challenge::Request;
use crate::ledger::ordinal::ordinals;
use crate::ledger::refusal;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
use crate::report::text;
use crate::supply::seed::spot;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::toml_fault;
use anyhow::Context as _;
use clap::Args;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// Spot checks of a challenge, unless another number is asked for.
const SPOT_CHECKS: u32 = 20;

/// Ask the recipient for a scan, with the salt sealed to its key
///
/// Writes a signed challenge, to be sent to the recipient, and enters it into the ledger. A baseline is asked for on receipt, so that it is known
/// where the data are. A deletion, recheck or restore challenge can be issued from the day after the agreed one (UTC). Each challenge is
/// answered by one attestation.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua challenge [OPTIONS] --phase <PHASE> --as <KEY>
                         --out <FILE> <SUPPLY>")]
#[command(after_help = "\
A declaration file is the recipient's, and counts only as far as you accept it,
word for word. What an attestation declares and leaves out is printed in this
form, to be read, cut to what you accept, and named with `--accept`:
`residua inspect ATTESTATION --declared > accepted.toml`. Its parts are
  [[lawful_source]]          # people held from elsewhere
  name = \"electoral register\"
  target = \"sqlite:crm.db#electoral_roll\"
  source = \"open register, bought each year\"
  [lawful_source.rows]       # only rows with this cell; without it, all rows
  column = \"origin\"
  equals = \"register\"
  [[removed]]                # a target of the baseline that is gone
  target = \"exports/mailing.csv\"
  reason = \"deleted on 2017-06-29\"
  [[backup]]                 # copies that cannot be changed
  system = \"nightly backup\"
  last_copy = \"2017-06-29\"  # the last one that holds the data
  roll_off = \"2017-09-29\"   # when that one is overwritten
  rotation = \"three months\"
  [backup.beyond_use]        # what is promised of these copies
  not_used = true
  not_shared = true
  secured = true
  will_be_deleted = true
  [[not_scanned]]            # a system that may hold the data
  system = \"tape archive\"
  reason = \"offline\"
  [[onward]]                 # somebody to whom the data went on
  recipient = \"the mailing house\"
  reason = \"printed the letters\"
  [[exclusion]]              # what the recipient's map file leaves out
  target = \"crm.db#contacts\"
  column = \"fax\"             # without it, the whole target
  reason = \"not used since 2009\"

If everything was deleted, `--accept-empty` says that you accept that; without
it, a scan that read no row of a person is `inconclusive`. Accept the targets
that are gone besides, as `[[removed]]`.

Examples:
  residua challenge 4f2a --phase baseline --as keys/emma.key \\
      --out baseline.challenge.json
  residua challenge 4f2a --phase deletion --as keys/emma.key \\
      --accept declared.toml --out deletion.challenge.json")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Arguments {
    /// The supply: its id as `residua status` shows it, or as many of its first digits as tell it from the others
    supply: String,
    /// When in the life of the supply the scan takes place
    #[arg(long, value_enum, value_name = "PHASE")]
    phase: PhaseArgument,
    /// Your private key, with which the supply was made
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The challenge's file, to be written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Declarations of the recipient that you accept, in TOML; without it, none is accepted
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
    /// Declarations of the recipient that you refuse, in the same form. They are kept in your ledger and do not stand in the challenge; `verify` says where one
    /// is declared again
    #[arg(long, value_name = "FILE")]
    refuse: Option<PathBuf>,
    /// Accept that everything was deleted, and no target holds a row of a person any more. An emptied table or file of the baseline has to be
    /// read all the same, and those that are gone have to be declared and accepted
    #[arg(long)]
    accept_empty: bool,
    /// Issue the challenge although no baseline was accepted; the answer is then compared with nothing
    #[arg(long)]
    without_baseline: bool,
    /// Require that an officer of the recipient countersigns the answer, else it is inconclusive; `residua recipient add --officer` pins the officer's card
    #[arg(long)]
    require_countersignature: bool,
    /// A match key by which the recipient has to look, else the answer is inconclusive; may be repeated
    #[arg(long = "require-key", value_name = "NAME")]
    require_keys: Vec<String>,
    /// How many of the records that can be looked for a baseline has to find, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 95, value_parser = within(0_u8..=100))]
    baseline_percent: u8,
    /// How many of a target's rows may hold something of a person and form no match key, in percent; more make the answer inconclusive
    #[arg(long, value_name = "PERCENT", default_value_t = 1, value_parser = within(0_u8..=100))]
    unkeyed_percent: u8,
    /// How many records, drawn at random, the answer has to name one by one as found or not; at most 1000. Of a supply with seeds, up to half are seeds
    #[arg(long, value_name = "N", default_value_t = SPOT_CHECKS, value_parser = within(0_u32..=1000))]
    spot_checks: u32,
    /// For how many days an answer is accepted; at most 366
    #[arg(long, value_name = "DAYS", default_value_t = DAYS_VALID)]
    valid_days: u16,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    passphrase: PassphraseArgument,
    /// Overwrite an existing file; the earlier challenge stays in the ledger
    #[arg(long)]
    force: bool,
}

/// A phase on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PhaseArgument {
    /// On receipt
    Baseline,
    /// After the agreed date
    Deletion,
    /// Again, later
    Recheck,
    /// After a backup was restored
    Restore,
}

impl From<PhaseArgument> for Phase {
    fn from(phase: PhaseArgument) -> Phase {
        match phase {
            PhaseArgument::Baseline => Phase::Baseline,
            PhaseArgument::Deletion => Phase::Deletion,
            PhaseArgument::Recheck => Phase::Recheck,
            PhaseArgument::Restore => Phase::Restore,
        }
    }
}

/// Issues a challenge.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let key = SigningKey::read(&arguments.key)?;
    let accept = match &arguments.accept {
        None => Declarations::default(),
        Some(path) => read_declarations(path)?,
    };
    let refused = match &arguments.refuse {
        None => Vec::new(),
        Some(path) => refusal::items(&read_declarations(path)?, &[]),
    };
    if let Some(both) = refusal::items(&accept, &[]).iter().find(|item| refused.iter().any(|refused| refused.is(item))) {
        return Err(advised(
            format!("the {} is both accepted and refused", both.words()),
            "strike it out of the file that `--accept` names, or of the one that `--refuse` names",
        ));
    }
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let writing = || format!("cannot write `{}`", arguments.out.display());
    let mut file = AtomicFile::create(&arguments.out, Access::Private, existing).with_context(writing)?;
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    arguments.passphrase.unlock(&mut ledger)?;
    let supply = ledger.view().supply(&arguments.supply).map_err(|error| {
        let help = "`residua supplies list` lists the supplies of the ledger";
        anyhow::Error::new(crate::cli::failure::Help(help.to_owned())).context(error.to_string())
    })?;
    if supply.entry.originator.fingerprint != key.fingerprint() {
        return Err(advised(
            "this key did not make the supply",
            "sign with the key that was named with `--as` when it was supplied",
        ));
    }
    let now = context.now();
    let request = Request {
        phase: arguments.phase.into(),
        policy: Policy {
            accept,
            required_keys: arguments.require_keys.clone(),
            baseline_percent: arguments.baseline_percent,
            unkeyed_percent: arguments.unkeyed_percent,
            without_baseline: arguments.without_baseline,
            empty_accepted: arguments.accept_empty,
            countersignature_required: arguments.require_countersignature,
        },
        spot_checks: draw_spot_checks(&ledger, supply, arguments, context)?,
        days_valid: arguments.valid_days,
        id: context.random()?,
        nonce: context.random()?,
    };
    let fewer = fewer_than_before(&ledger, supply, &request)?;
    let statement = challenge::issue(&ledger, supply, request, now)?;
    let predicate = statement.predicate.clone();
    let recipient = ledger.view().current_card(supply).name.clone();
    let envelope = Envelope::sign(statement.to_payload()?, &key).to_json();
    file.write_all(&envelope).with_context(writing)?;
    file.commit().with_context(writing)?;
    if let Err(error) = challenge::record(&mut ledger, now, &envelope, refused.clone()) {
        // A challenge that the ledger does not know could never be answered.
        let _ = fs::remove_file(&arguments.out);
        return Err(error.into());
    }
    match context.format {
        Format::Json => context.print(&json_v1::write(&json_v1::ChallengedV1 {
            version: json_v1::VERSION,
            challenge_id: predicate.challenge_id,
            supply_id: predicate.supply_id,
            phase: predicate.phase,
            expires_at: predicate.expires_at,
            file: arguments.out.display().to_string(),
        }))?,
        Format::Text => {
            context.say(&format!("Challenge {}\n", predicate.challenge_id))?;
            context.explain(&format!(
                "{} scan of supply {} by {}; answers are accepted until {}.\n{}{}{}{}{fewer}Next: give {} to the recipient, who runs `residua scan`.\n",
                predicate.phase,
                predicate.supply_id,
                crate::support::sanitize::clean(&recipient),
                predicate.expires_at,
                if predicate.policy.accept.is_empty() {
                    "No declaration is accepted.\n".to_owned()
                } else {
                    format!("Accepted, word for word. {}", text::outcome::declared(&predicate.policy.accept))
                },
                text::outcome::refused(&refused),
                if predicate.policy.empty_accepted { "The targets may be empty.\n" } else { "" },
                if predicate.policy.countersignature_required {
                    "An officer of the recipient has to countersign the answer.\n"
                } else {
                    ""
                },
                arguments.out.display()
            ))?;
        }
    }
    Ok(ExitCode::Clear)
}

/// What the challenge before accepted or required and this one does not: nothing carries over, and whoever forgets it is told.
fn fewer_than_before(ledger: &Ledger, supply: &Supply, request: &Request) -> anyhow::Result<String> {
    let is_alike = |phase: Phase| (phase == Phase::Baseline) == (request.phase == Phase::Baseline);
    let Some(before) = supply.challenges.iter().rev().find(|challenge| is_alike(challenge.phase)) else {
        return Ok(String::new());
    };
    let originator = supply.entry.originator.card()?;
    let policy = ledger.statement::<ChallengeV1>(&before.entry.envelope, &originator)?.predicate.policy;
    let mut words = String::new();
    if policy.countersignature_required && !request.policy.countersignature_required {
        words.push_str("Note: the challenge before required an officer's countersignature, and this one does not (`--require-countersignature`).\n");
    }
    if !policy.accept.is_empty() && request.policy.accept.is_empty() {
        words.push_str("Note: the challenge before accepted declarations, and this one accepts none; each challenge names its own (`--accept`).\n");
    }
    Ok(words)
}

/// Reads a declaration file and refuses one that contradicts itself.
pub(crate) fn read_declarations(path: &std::path::Path) -> anyhow::Result<Declarations> {
    let help = "see `residua challenge --help` for the form of a declaration file";
    let text = read_text(path, "declaration file")?;
    let declared: Declarations = toml::from_str(&text).map_err(|error| {
        let (line, message) = toml_fault::describe(&text, &error);
        advised(format!("cannot use the declaration file `{}`: line {line}: {message}", path.display()), help)
    })?;
    match declared.fault() {
        None => Ok(declared),
        Some(fault) => Err(advised(format!("cannot use the declaration file `{}`: {fault}", path.display()), help)),
    }
}

/// Draws different ordinals of supplied records at random. Nobody is asked about single people who were never supplied. Where there
/// are seeds, up to half of those asked for are seeds, and the ledger's secrets settle which.
fn draw_spot_checks(ledger: &Ledger, supply: &Supply, arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<u32>> {
    let digest = supply.statement(arguments.phase.into());
    let manifest: Statement<ManifestV1> = ledger.statement(digest, &supply.entry.originator.card()?)?;
    let records = u32::try_from(supply.entry.records).unwrap_or(u32::MAX);
    let wanted = arguments.spot_checks.min(records).min(u32::try_from(MOST_SPOT_CHECKS).unwrap_or(u32::MAX));
    if let Some(seeds) = ledger.seeds(&supply.entry.supply_id)? {
        let secrets = ledger.secrets(&supply.entry.supply_id)?;
        let ordinals = ordinals(ledger, &manifest.predicate)?;
        return Ok(spot::ordinals(&secrets.baseline_shuffle, &ordinals, records, &seeds.rows(), wanted));
    }
    let ordinals = (manifest.predicate.controls > 0).then(|| ordinals(ledger, &manifest.predicate)).transpose()?;
    let wanted = wanted as usize;
    let mut drawn = BTreeSet::new();
    while drawn.len() < wanted {
        let number = u64::from_le_bytes(context.random()?);
        // The remainder of 64 random bits is uneven by less than one part in 2^32.
        drawn.extend(u32::try_from(number % u64::from(records.max(1))));
    }
    Ok(drawn.into_iter().map(|number| ordinals.as_ref().map_or(number, |ordinals| ordinals.nth_supplied(number))).collect())
}
