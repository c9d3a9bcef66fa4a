//! `destroy`: the recipient removes what it had of a supply for residua, and signs that it did.

mod begun;

use crate::attestation::destruction_v1;
use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::destruction_v1::ItemV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::statement::Statement;
use crate::attestation::statement::Subject;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::Document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::removal;
use crate::cli::removal::Doomed;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::report::json_v1;
use crate::report::json_v1::closing::DestroyedV1;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use begun::Begun;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// Remove the manifests, challenges and findings of a supply, and sign that they are destroyed
///
/// For the recipient, once the originator says that the supply is to be closed: without these files nothing can be scanned for any more. Each file is
/// known by its content, a manifest by the statement beside it, which stays; a challenge is removed for the salt in it. Nothing else is ever
/// removed, and nothing at all unless every file is known and of one supply. A list of findings does not say of which supply it is: that is for you to
/// know. Attestations are evidence and are kept.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  residua destroy handover/baseline.residua handover/deletion.residua \\
      baseline.challenge.json deletion.challenge.json findings.csv \\
      --from keys/emma.card.json --as keys/party.key \\
      --name \"A. N. Other\" --role \"data steward\" --out destroyed.json

What a file system, a snapshot or a backup still holds of a removed file is
not looked at. Where the command broke off, give it again: until the record
stands, `RECORD.begun` keeps what was there.

Exit codes: 0 destroyed, or tried; 1 error: what could not be removed is
listed, and the record names only what was.")]
pub(crate) struct Arguments {
    /// The files
    #[arg(required_unless_present = "of", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A manifest's statement, which stays, to say of which supply this is where no file does: findings alone, or what is named with `--gone`
    #[arg(long, value_name = "STATEMENT")]
    of: Option<PathBuf>,
    /// The originator's card, whose fingerprint you compared with the originator
    #[arg(long, value_name = "CARD")]
    from: PathBuf,
    /// Your private key
    #[arg(long = "as", value_name = "KEY")]
    key: PathBuf,
    /// The record to write; you send it to the originator, who enters it with `residua verify`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Something that was gone before, by its digest: `baseline=SHA256`, `deletion=SHA256`, `challenge=SHA256` or `findings=BLAKE3`; may be repeated
    #[arg(long, value_name = "WHAT=DIGEST", value_parser = removal::gone)]
    gone: Vec<ItemV1>,
    /// Who signs; stands in the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    name: String,
    /// In what capacity
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    role: String,
    /// Say what would be removed, and remove and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Overwrite an existing record
    #[arg(long)]
    force: bool,
}

/// Destroys.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let originator = Card::read(&arguments.from)?;
    let key = SigningKey::read(&arguments.key)?;
    if arguments.files.is_empty() && arguments.gone.is_empty() {
        return Err(advised("nothing is named that is to be destroyed", "name the files, or what was gone before with `--gone`"));
    }
    let begun = Begun::read(&arguments.out)?;
    let has_gone = |path: &PathBuf| begun.as_ref().is_some_and(|begun| begun.has_removed(path));
    let named: Vec<PathBuf> = arguments.files.iter().filter(|path| !has_gone(path)).cloned().collect();
    let doomed = removal::recognise(&named, &originator, context)?;
    let stated = arguments.of.as_ref().map(|path| document::open(path, "manifest statement", &originator)).transpose()?;
    let (supply_id, subject) = of_one_supply(&doomed, stated, begun.as_ref())?;
    if arguments.dry_run {
        let json = DestroyedV1 {
            version: json_v1::VERSION,
            supply_id: supply_id.clone(),
            destroyed: Vec::new(),
            remaining: named.iter().map(|path| path.display().to_string()).collect(),
            file: None,
        };
        let words: String = doomed.iter().map(Doomed::words).collect();
        match context.format {
            Format::Text => context.say(&format!("Of supply {supply_id} would be removed:\n{words}"))?,
            Format::Json => context.print(&json_v1::write(&json))?,
        }
        return Ok(ExitCode::Clear);
    }
    // A record of a command that broke off names no more than this one will.
    let existing = if arguments.force || begun.is_some() { Existing::Replace } else { Existing::Keep };
    let writing = || format!("cannot write `{}`", arguments.out.display());
    // Begun before anything is removed, so that a folder that takes no file is found out in time.
    let mut out = AtomicFile::create(&arguments.out, Access::Public, existing).with_context(writing)?;
    Begun::new(&supply_id, &subject, &doomed, begun.as_ref()).write(&arguments.out)?;
    let gone = gone_before(&arguments.gone, begun.as_ref());
    let (removed, remaining) = removal::remove(doomed);
    let items: Vec<ItemV1> = removed.iter().map(|doomed| doomed.item.clone()).chain(gone.iter().cloned()).collect();
    let is_recorded = !items.is_empty();
    if is_recorded {
        let predicate = DestructionV1 {
            supply_id: supply_id.clone(),
            party: destruction_v1::RECIPIENT.to_owned(),
            items,
            unresolved: None,
            destroyed_at: time::format(context.now()),
            name: clean(&arguments.name),
            role: clean(&arguments.role),
            declaration: destruction_v1::OF_RECIPIENT.to_owned(),
        };
        let payload = Statement::new(&subject.name, subject.sha256, predicate).to_payload()?;
        out.write_all(&Envelope::sign(payload, &key).to_json()).with_context(writing)?;
        out.commit().with_context(writing)?;
    }
    if remaining.is_empty() {
        Begun::forget(&arguments.out);
    }
    match context.format {
        Format::Text => {
            let mut words: String = removed.iter().map(Doomed::words).collect();
            if let Some(begun) = &begun {
                words.extend(begun.gone().iter().map(|item| format!("  {} (by a command that broke off)\n", item.what)));
            }
            context.say(&format!("Destroyed of supply {supply_id}:\n{words}"))?;
            if is_recorded {
                let record = arguments.out.display();
                context.say(&format!("Record: {record} (send it to the originator, who runs `residua verify`)\n"))?;
            }
        }
        Format::Json => context.print(&json_v1::write(&DestroyedV1 {
            version: json_v1::VERSION,
            supply_id,
            destroyed: removed.iter().map(Doomed::json).chain(gone.iter().map(removal::json)).collect(),
            remaining: remaining.clone(),
            file: is_recorded.then(|| arguments.out.display().to_string()),
        }))?,
    }
    if remaining.is_empty() {
        return Ok(ExitCode::Clear);
    }
    Err(advised(
        format!("not destroyed: {}", remaining.join("; ")),
        "see why they could not be removed, and give the same command again: its record names what is gone by then as well",
    ))
}

/// What was gone before, each thing once: as the command names it, and as a command before left it that broke off.
fn gone_before(named: &[ItemV1], begun: Option<&Begun>) -> Vec<ItemV1> {
    let mut gone = named.to_vec();
    for item in begun.map(Begun::gone).unwrap_or_default() {
        if ![&item.sha256, &item.blake3].into_iter().flatten().any(|digest| named.iter().any(|named| named.is(digest))) {
            gone.push(item);
        }
    }
    gone
}

/// The one supply that all files are of, and the manifest that the record is about.
fn of_one_supply(
    doomed: &[Doomed],
    stated: Option<Document<ManifestV1>>,
    begun: Option<&Begun>,
) -> anyhow::Result<(String, Subject)> {
    let stated = stated.map(|stated| (stated.statement.predicate, stated.statement.subject));
    let stated = stated.map(|(manifest, subject)| (manifest.supply.supply_id, (manifest.phase_group, subject)));
    let stated = stated.as_ref();
    let supplies = doomed.iter().filter_map(|doomed| doomed.supply_id.as_ref()).chain(stated.map(|(supply_id, _)| supply_id));
    let mut supplies = supplies.chain(begun.map(|begun| &begun.supply_id));
    let manifests = || doomed.iter().filter_map(|doomed| doomed.manifest.as_ref()).chain(stated.map(|(_, manifest)| manifest));
    let subject = manifests().find(|(group, _)| *group == PhaseGroup::Deletion).or_else(|| manifests().next());
    let begun = begun.and_then(Begun::subject);
    let (Some(supply_id), Some(subject)) = (supplies.next(), begun.as_ref().or(subject.map(|(_, subject)| subject))) else {
        return Err(advised(
            "nothing says which supply this is of, and nothing was destroyed",
            "name a manifest or a challenge of it too, or the statement of one that is gone (`--of`)",
        ));
    };
    if supplies.any(|other| other != supply_id) {
        return Err(advised(
            "the files are of several supplies, and nothing was destroyed",
            "destroy those of one supply at a time",
        ));
    }
    Ok((supply_id.clone(), Subject { name: subject.name.clone(), sha256: subject.sha256 }))
}
