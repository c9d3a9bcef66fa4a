//! `receive`: the recipient confirms what it was handed, after making the manifest anew from the data.

use crate::attestation::countersignature_v1;
use crate::attestation::countersignature_v1::CountersignatureV1;
use crate::attestation::countersignature_v1::DerivedKeyV1;
use crate::attestation::countersignature_v1::DerivedV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::sealed;
use crate::attestation::statement::Statement;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::data;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::document::statement_path;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::reading::Reading;
use crate::fingerprint::commitment;
use crate::manifest::read::Manifest;
use crate::manifest::read::ReadError as ManifestError;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::manifest::write::WriteError;
use crate::match_key::plan::Plan;
use crate::report::json_v1;
use crate::report::json_v1::received::DifferenceV1;
use crate::report::json_v1::received::ReceivedV1;
use crate::report::text;
use crate::source::ReadError;
use crate::supply::SupplyError;
use crate::supply::derive;
use crate::supply::derive::Comparison;
use crate::supply::derive::DeriveError;
use crate::supply::derive::Recipe;
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
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// Confirm what you were handed, and that the manifest is that of the data
///
/// With DATA and the challenge of the baseline, which holds the salt, every fingerprint of the baseline manifest is made anew from the data and
/// compared: a manifest that asks about somebody whom you were not given, or is not about somebody whom you were given, is not confirmed. The
/// deletion manifest has another salt, which you do not have yet; its statement names the baseline manifest, and has to agree with it in number.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua receive [OPTIONS] --manifest <FILE> --from <CARD> --as <KEY>
                       --out <FILE> [--challenge <FILE> <DATA>]")]
#[command(after_help = "\
Example:
  residua receive data.csv --manifest handover/baseline.residua \\
      --challenge baseline.challenge.json --from keys/emma.card.json \\
      --as keys/party.key --name \"A. N. Other\" --role \"data steward\" \\
      --out receipt.json

Exit codes: 0 confirmed; 12 the manifest is not that of the data, and nothing
was signed; 1 error.")]
pub(crate) struct Arguments {
    /// The data as they were delivered, in one file. Without them you confirm what you received, and nothing of what is in it
    #[arg(requires = "challenge")]
    data: Option<String>,
    /// The baseline manifest; its statement and the deletion manifest's, `deletion.residua.intoto.json`, stand beside it
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The challenge of the baseline
    #[arg(long, value_name = "FILE", requires = "data")]
    challenge: Option<PathBuf>,
    /// The originator's card, whose fingerprint you compared with the originator
    #[arg(long, value_name = "CARD")]
    from: PathBuf,
    /// Your private key
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The confirmation to write; you send it to the originator, who enters it with `residua verify`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Who confirms; stands in the document
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// In what capacity
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    role: String,
    #[command(flatten)]
    reading: Reading,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// The name of the other statement, beside the first.
const DELETION: &str = "deletion.residua";

/// The documents, after they were held against the originator's card and each other.
struct Handed {
    baseline: Document<ManifestV1>,
    deletion: Document<ManifestV1>,
    plan: Plan,
    manifest: Manifest,
}

/// Confirms.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let originator = Card::read(&arguments.from)?;
    let key = SigningKey::read(&arguments.key)?;
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let mut out = AtomicFile::create(&arguments.out, Access::Public, existing)
        .with_context(|| format!("cannot write `{}`", arguments.out.display()))?;
    let handed = open(arguments, &originator, &key, context)?;
    let derived = match (&arguments.data, &arguments.challenge) {
        (Some(data), Some(challenge)) => {
            let salt = salt(challenge, &originator, &key, &handed)?;
            let (derived, comparison) = derive(data, &handed, &salt, arguments, context)?;
            if !comparison.agrees() {
                say_differences(data, &handed, &derived, &comparison, context)?;
                return Ok(ExitCode::VerificationFailed);
            }
            Some(derived)
        }
        _ => None,
    };
    let statement = &handed.baseline.statement;
    let predicate = CountersignatureV1 {
        supply_id: statement.predicate.supply.supply_id.clone(),
        manifest_id: statement.predicate.manifest_id.clone(),
        statement_sha256: handed.baseline.sha256.clone(),
        deletion_statement_sha256: handed.deletion.sha256.clone(),
        signed_at: time::format(context.now()),
        name: clean(&arguments.name),
        role: clean(&arguments.role),
        declaration: if derived.is_some() { countersignature_v1::DERIVED } else { countersignature_v1::RECEIVED }.to_owned(),
        derived,
    };
    let words = confirmed(&predicate, arguments);
    let supply_id = predicate.supply_id.clone();
    let is_derived = predicate.derived.is_some();
    let payload = Statement::new(&statement.subject.name, statement.subject.sha256, predicate).to_payload()?;
    let writing = || format!("cannot write `{}`", arguments.out.display());
    out.write_all(&Envelope::sign(payload, &key).to_json()).with_context(writing)?;
    out.commit().with_context(writing)?;
    match context.format {
        Format::Text => context.say(&words)?,
        Format::Json => context.print(&json_v1::write(&ReceivedV1 {
            version: json_v1::VERSION,
            supply_id,
            agrees: true,
            derived: is_derived,
            differences: Vec::new(),
            file: Some(arguments.out.display().to_string()),
        }))?,
    }
    Ok(ExitCode::Clear)
}

/// Opens what was handed over.
fn open(arguments: &Arguments, originator: &Card, key: &SigningKey, context: &Context) -> anyhow::Result<Handed> {
    let baseline: Document<ManifestV1> = document::open(&statement_path(&arguments.manifest), "manifest statement", originator)?;
    let beside = arguments.manifest.with_file_name(DELETION);
    let deletion: Document<ManifestV1> = document::open(&statement_path(&beside), "manifest statement", originator)?;
    let (first, second) = (&baseline.statement.predicate, &deletion.statement.predicate);
    if first.phase_group != PhaseGroup::Baseline || second.phase_group != PhaseGroup::Deletion {
        return Err(advised(
            format!("`{}` is no baseline manifest with a deletion manifest beside it", arguments.manifest.display()),
            "name the `baseline.residua` of the folder that you were handed, with all that was in it",
        ));
    }
    if !second.pairs_with(first) || second.baseline_manifest.as_deref() != Some(first.layout.sha256.as_str()) {
        return Err(advised(
            "the two manifests are not of one supply: they differ in what they say of it, or in their numbers of fingerprints",
            "ask the originator for both as they were made",
        ));
    }
    // The key may have been replaced since. Then the challenge is for the new one, and its salt opens with no other.
    if first.supply.recipient_key != key.fingerprint() && arguments.challenge.is_none() {
        return Err(advised(
            "the supply is one to another key",
            "use the key whose card the originator was given (`--as`); if it was replaced since, name the data and a challenge that was issued for the new one (`--challenge`)",
        ));
    }
    let opening = || format!("cannot use the manifest `{}`", arguments.manifest.display());
    let plan = first.plan().with_context(opening)?;
    let id = hex::decode::<16>(&first.manifest_id)
        .ok_or_else(|| advised("the manifest's statement has no id", "ask the originator for it again"))?;
    let manifest = Manifest::open(&arguments.manifest, &first.layout, &id).with_context(opening)?;
    verify(&manifest, first.asked() + 1, context).with_context(opening)?;
    Ok(Handed { baseline, deletion, plan, manifest })
}

fn verify(manifest: &Manifest, ordinals: u64, context: &Context) -> anyhow::Result<()> {
    manifest.verify(ordinals, &context.progress, &context.cancel).map_err(|error| match error {
        ManifestError::Cancelled => Interrupted.into(),
        error => error.into(),
    })
}

/// The salt of the baseline.
fn salt(path: &Path, originator: &Card, key: &SigningKey, handed: &Handed) -> anyhow::Result<Secret> {
    let challenge: Document<ChallengeV1> = document::open(path, "challenge", originator)?;
    if challenge.statement.subject.sha256 != handed.baseline.statement.subject.sha256 {
        return Err(advised(
            "the challenge is about another manifest",
            "use the challenge of the baseline of this supply, in which the originator releases its salt",
        ));
    }
    let salt = sealed::open(&challenge.statement.predicate.sealed_salt, key)?;
    if hex::encode(&commitment(&salt)) != handed.baseline.statement.predicate.key_commitment {
        return Err(advised("the salt of the challenge is not that of the manifest", "ask the originator for a new challenge"));
    }
    Ok(salt)
}

/// Makes the manifest anew and compares.
fn derive(
    data: &String,
    handed: &Handed,
    salt: &Secret,
    arguments: &Arguments,
    context: &Context,
) -> anyhow::Result<(DerivedV1, Comparison)> {
    let statement = &handed.baseline.statement.predicate;
    let session = data::open(data, &arguments.reading, context)?;
    let object = data::only_table(session.as_ref(), data)?;
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).context("cannot write the temporary file")?;
    let shuffle = Secret::new(context.random()?);
    let recipe = Recipe { statement, plan: &handed.plan, salt, shuffle: &shuffle, id: context.random()?, folder };
    let deriving = || format!("cannot make the manifest of `{}` anew", clean(data));
    let supplied = derive::derive(session.as_ref(), object, &recipe, file.as_file_mut(), &context.progress, &context.cancel)
        .map_err(|error| match error {
            DeriveError::Supply(SupplyError::Read(ReadError::Cancelled) | SupplyError::Write(WriteError::Cancelled)) => {
                anyhow::Error::from(Interrupted)
            }
            DeriveError::Supply(error) => anyhow::Error::new(error).context(deriving()),
            DeriveError::Statement(error) => anyhow::Error::new(error).context(deriving()),
            error @ DeriveError::Columns { .. } => advised(
                error,
                "name the file as it was delivered, with the options by which it is read as the originator read it",
            )
            .context(deriving()),
        })?;
    let layout = &supplied.layouts[0];
    let derived = Manifest::open(file.path(), layout, &recipe.id).with_context(deriving)?;
    let comparison = derive::compare(&handed.plan, statement.records.max(supplied.records), &handed.manifest, &derived);
    let digest = session.digest(&context.cancel).map_err(|error| match error {
        ReadError::Cancelled => anyhow::Error::from(Interrupted),
        error => anyhow::Error::from(SupplyError::from(error)).context(deriving()),
    })?;
    let keys = comparison.keys.iter().enumerate().map(|(number, key)| DerivedKeyV1 {
        key: key.key.clone(),
        fingerprints: layout.sections.get(number).map_or(0, |section| section.entries.saturating_sub(1)),
        other: key.lacking,
    });
    let derived = DerivedV1 {
        records: supplied.records,
        records_without_key: supplied.records_without_key,
        data_blake3: digest,
        keys: keys.collect(),
    };
    Ok((derived, comparison))
}

/// Tells what is not as it should be.
fn say_differences(
    data: &str,
    handed: &Handed,
    derived: &DerivedV1,
    comparison: &Comparison,
    context: &Context,
) -> anyhow::Result<()> {
    let statement = &handed.baseline.statement.predicate;
    let differing = || comparison.keys.iter().filter(|key| !key.agrees());
    if context.format == Format::Json {
        return context.print(&json_v1::write(&ReceivedV1 {
            version: json_v1::VERSION,
            supply_id: statement.supply.supply_id.clone(),
            agrees: false,
            derived: true,
            differences: differing()
                .map(|key| DifferenceV1 {
                    key: key.key.clone(),
                    fingerprints: key.fingerprints,
                    not_of_the_data: key.not_of_the_data,
                    lacking: key.lacking,
                })
                .collect(),
            file: None,
        }));
    }
    let mut words = format!("The manifest is not that of `{}`, and nothing was signed.\n", clean(data));
    if statement.records != derived.records {
        words.push_str(&format!(
            "  It speaks of {}, and the data hold {}.\n",
            of(statement.records, "record"),
            text::count(derived.records)
        ));
    }
    for key in differing() {
        words.push_str(&format!(
            "  `{}`: of {} of the manifest {} not of the data; of the data {} not in it\n",
            key.key,
            of(key.fingerprints, "fingerprint"),
            are(key.not_of_the_data),
            are(key.lacking)
        ));
    }
    if comparison.keys.iter().all(derive::KeyComparison::agrees) {
        words.push_str("  Fingerprints of several people stand under one number, so that a scan would count them wrongly.\n");
    }
    words.push_str(
        "  help: check that this is the file as it was delivered, and whole; then ask the originator for manifests of the data that you have\n",
    );
    context.say(&words)
}

fn are(number: u64) -> String {
    format!("{} {}", text::count(number), if number == 1 { "is" } else { "are" })
}

fn confirmed(predicate: &CountersignatureV1, arguments: &Arguments) -> String {
    let mut words = String::new();
    match &predicate.derived {
        None => words.push_str(
            "You confirm what you received. What is in the manifest was not looked at: name the data and the challenge of the baseline for that.\n",
        ),
        Some(derived) => {
            let fingerprints: u64 = derived.keys.iter().map(|key| key.fingerprints).sum();
            words.push_str(&format!(
                "The manifest is that of the data: {} of {} by {} came out the same.\n",
                of(fingerprints, "fingerprint"),
                of(derived.records, "record"),
                of(derived.keys.len() as u64, "key")
            ));
            let other = derived.keys.iter().map(|key| key.other).max().unwrap_or(0);
            if other > 0 {
                words.push_str(&format!(
                    "  but for the telephones of up to {}, for which the originator has others: numbers that are reserved for fiction, most likely\n",
                    of(other, "record")
                ));
            }
        }
    }
    words
        .push_str(&format!("Confirmation: {} (send it to the originator, who runs `residua verify`)\n", arguments.out.display()));
    words
}
