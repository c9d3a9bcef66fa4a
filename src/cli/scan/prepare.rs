//! What a scan and a merge are asked and told: the documents, checked against each other before anything is read.

use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::sealed;
use crate::cli::challenge::read_declarations;
use crate::cli::context::Context;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::document::read_text;
use crate::cli::document::statement_path;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::scan::onward;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::fingerprint::commitment;
use crate::intake::map::MapFile;
use crate::intake::survey::Surveyed;
use crate::manifest::read::Manifest;
use crate::manifest::read::ReadError as ManifestError;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::match_key::plan::Plan;
use crate::record::field::Slot;
use crate::report::text;
use crate::scan;
use crate::scan::Listing;
use crate::source::Problem;
use crate::source::Session;
use crate::support::hex;
use crate::support::number;
use crate::support::progress::Progress;
use crate::support::sanitize::clean;
use crate::support::secret::Secret;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::path::PathBuf;

/// Fewer people than this are only asked about with the recipient's consent: an answer about one person is an answer about that person.
const FEW_PEOPLE: u64 = 10;

/// The documents, and what the recipient says besides.
#[derive(Args, Debug)]
pub(in crate::cli) struct Asked {
    /// The manifest that came with the data: `baseline.residua` for a baseline, else `deletion.residua`. Its signed statement stands beside
    /// it, with `.intoto.json` at the end of its name
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) manifest: PathBuf,
    /// The originator's challenge, which holds the salt
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) challenge: PathBuf,
    /// The originator's card, by which its signatures are checked
    #[arg(long, value_name = "CARD")]
    pub(in crate::cli) from: PathBuf,
    /// Your private key, whose card the originator has
    #[arg(long = "as", value_name = "KEY")]
    pub(in crate::cli) key: PathBuf,
    /// A map file in TOML, as below: what columns are taken for, and what is left out
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) map: Option<PathBuf>,
    /// A declaration file in TOML, as below: what you declare to the originator
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) declare: Option<PathBuf>,
    /// Name what an onward recipient attested to you: the recipient as the declaration file has it, and the attestation's file, which you
    /// send on to the originator; may be repeated
    #[arg(long, value_name = "RECIPIENT=FILE", requires = "declare")]
    pub(in crate::cli) onward: Vec<String>,
    /// Who runs the scan, by name; stands in the attestation
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(in crate::cli) operator: String,
    /// The operator's role; stands in the attestation
    #[arg(long, value_name = "ROLE", default_value = "", hide_default_value = true)]
    pub(in crate::cli) operator_role: String,
    /// Tell the originator how many supplied records were found, and not which
    #[arg(long)]
    pub(in crate::cli) counts_only: bool,
    /// Answer although fewer than ten people are asked about, so that the answer speaks of each of them
    #[arg(long)]
    pub(in crate::cli) consent: bool,
}

/// Everything that has been checked before the first row is read.
pub(in crate::cli) struct Prepared {
    pub(in crate::cli) key: SigningKey,
    pub(in crate::cli) challenge: Document<ChallengeV1>,
    pub(in crate::cli) statement: Document<ManifestV1>,
    pub(in crate::cli) phase: Phase,
    pub(in crate::cli) plan: Plan,
    pub(in crate::cli) salt: Secret,
    pub(in crate::cli) nonce: [u8; 32],
    pub(in crate::cli) manifest: Manifest,
    pub(in crate::cli) map: MapFile,
    pub(in crate::cli) declared: Declarations,
    /// BLAKE3 of the map and declaration files.
    pub(in crate::cli) configuration: String,
    slots: Vec<Slot>,
    names_have_parts: bool,
}

impl Prepared {
    /// The scan of these sources, by one thread and to the end, with every key listed.
    pub(in crate::cli) fn job<'a>(
        &'a self,
        sessions: &'a [Box<dyn Session>],
        problems: &'a [Problem],
        surveyed: &'a [Surveyed],
    ) -> scan::Job<'a> {
        let statement = &self.statement.statement.predicate;
        scan::Job {
            sessions,
            problems,
            map: &self.map,
            surveyed,
            declared: &self.declared,
            manifest: &self.manifest,
            plan: &self.plan,
            slots: &self.slots,
            names_have_parts: self.names_have_parts,
            records: statement.records,
            searchable: statement.searchable(),
            controls: statement.controls,
            supply_id: &statement.supply.supply_id,
            salt: &self.salt,
            nonce: &self.nonce,
            spot_checks: &self.challenge.statement.predicate.spot_checks,
            listing: Listing::All,
            threads: 1,
            pace: None,
            resume: None,
            merged: None,
        }
    }
}

/// That the map file cannot be used.
pub(in crate::cli) fn unusable(map: Option<&PathBuf>) -> String {
    map.map_or_else(|| "cannot use the map file".to_owned(), |path| format!("cannot use the map file `{}`", path.display()))
}

/// Checks the documents against the originator's card and each other, and opens the manifest.
pub(in crate::cli) fn prepare(given: &Asked, context: &Context) -> anyhow::Result<Prepared> {
    let originator = Card::read(&given.from)?;
    let key = SigningKey::read(&given.key)?;
    let challenge: Document<ChallengeV1> = document::open(&given.challenge, "challenge", &originator)?;
    let statement: Document<ManifestV1> = document::open(&statement_path(&given.manifest), "manifest statement", &originator)?;
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
            format!("the challenge is about another manifest than `{}`", given.manifest.display()),
            format!("a {} challenge needs the {} manifest of supply {}", phase.word(), needed.word(), clean(&asked.supply_id)),
        ));
    }
    check_window(asked, context.now())?;
    let opening = || format!("cannot use the manifest `{}`", given.manifest.display());
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
    let manifest = Manifest::open(&given.manifest, &supplied.layout, &id).with_context(opening)?;
    context.progress.begin("verifying the manifest", None, Some(supplied.layout.file_length));
    manifest.verify(supplied.asked() + 1, &context.progress, &context.cancel).map_err(|error| match error {
        ManifestError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error).context(opening()),
    })?;
    context.progress.end();
    if supplied.records < FEW_PEOPLE && !given.consent {
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
    let map = match (read(&given.map, "map file")?, &given.map) {
        (Some(text), Some(path)) => MapFile::parse(&text).with_context(|| unusable(Some(path)))?,
        _ => MapFile::default(),
    };
    read(&given.declare, "declaration file")?;
    let mut declared = given.declare.as_ref().map(|path| read_declarations(path)).transpose()?.unwrap_or_default();
    onward::name(&mut declared, &given.onward)?;
    let configuration = hex::encode(hasher.finalize().as_bytes());
    let slots = supplied.slots()?.into_iter().map(|(slot, _)| slot).collect();
    let names_have_parts = supplied.names_have_parts()?;
    Ok(Prepared {
        key,
        challenge,
        statement,
        phase,
        plan,
        salt,
        nonce,
        manifest,
        map,
        declared,
        configuration,
        slots,
        names_have_parts,
    })
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

pub(in crate::cli) fn introduction(prepared: &Prepared) -> String {
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
