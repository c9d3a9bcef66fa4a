//! `keygen`: a key pair for one party.

use crate::attestation::dsse::Envelope;
use crate::attestation::key::SigningKey;
use crate::attestation::party_v1::RotationV1;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Help;
use crate::report::json_v1;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use anyhow::Context as _;
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// Make a key pair: a private key, and a card for the other party
///
/// The private key signs, and opens salts that are encrypted to it. The card holds the public halves. Give it to the other party by a
/// channel that you trust, and compare the fingerprint by another.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua keygen --name \"Emma's Diary\" --out keys/emma
writes keys/emma.key, for you alone, and keys/emma.card.json, to hand over.
  residua keygen --name \"Party\" --out keys/party-2018 --replaces keys/party.key
writes keys/party-2018.rotation.json too, to hand over in place of the card.
Keep the old key until the other party has entered the new one.")]
pub(crate) struct Arguments {
    /// The name of the party, as it will stand in signed documents
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where to write: PREFIX.key and PREFIX.card.json, and with `--replaces` PREFIX.rotation.json; missing folders are made
    #[arg(long, value_name = "PREFIX")]
    out: PathBuf,
    /// Your old private key, which signs that the new one takes its place. If it is lost, or somebody else may have it, leave this away: the
    /// other party then compares the new fingerprint
    #[arg(long, value_name = "KEY")]
    replaces: Option<PathBuf>,
    /// Overwrite existing files; the old key is then gone, and with it whatever was sealed to it
    #[arg(long)]
    force: bool,
}

/// Makes a key pair.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let old = arguments.replaces.as_deref().map(SigningKey::read).transpose()?;
    let key = SigningKey::generate(&arguments.name, &context.random()?)?;
    let path = |ending: &str| {
        let mut path = arguments.out.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    };
    let (key_path, card_path) = (path(".key"), path(".card.json"));
    let rotation = match &old {
        None => None,
        Some(old) => {
            let name = card_path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let statement = RotationV1::statement(old.fingerprint(), &key.card(), &name, context.now());
            Some((path(".rotation.json"), Envelope::sign(statement.to_payload()?, old).to_json()))
        }
    };
    if let Some(folder) = key_path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    for path in [Some(&card_path), rotation.as_ref().map(|(path, _)| path)].into_iter().flatten() {
        if existing == Existing::Keep && path.exists() {
            return Err(anyhow::Error::new(Help("choose another name, or overwrite it with `--force`".to_owned()))
                .context(format!("`{}` exists already", path.display())));
        }
    }
    atomic_file::write(&key_path, key.to_file_text().as_bytes(), Access::Private, existing)
        .with_context(|| format!("cannot write `{}`", key_path.display()))?;
    atomic_file::write(&card_path, &key.card().to_json(), Access::Public, existing)
        .with_context(|| format!("cannot write `{}`", card_path.display()))?;
    if let Some((path, envelope)) = &rotation {
        atomic_file::write(path, envelope, Access::Public, existing)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    match context.format {
        Format::Json => context.print(&json_v1::write(&json_v1::KeygenV1 {
            version: json_v1::VERSION,
            key: key_path.display().to_string(),
            card: card_path.display().to_string(),
            fingerprint: key.fingerprint().to_owned(),
            rotation: rotation.as_ref().map(|(path, _)| path.display().to_string()),
        }))?,
        Format::Text => {
            context.say(&format!("{}\n", key.fingerprint()))?;
            context.explain(&format!(
                "Private key: {} (keep it to yourself, and keep a copy in a safe place)\n\
                 Card:        {} (give it to the other party, and compare the fingerprint above by another channel)\n",
                key_path.display(),
                card_path.display()
            ))?;
            if let Some((path, _)) = &rotation {
                context.explain(&format!(
                    "Rotation:    {} (give it to the other party, who enters it with `residua recipient rotate`)\n",
                    path.display()
                ))?;
            }
        }
    }
    Ok(ExitCode::Clear)
}
