//! The recipient's inbox: the challenges that came in, from whom, and the manifests that they are about. It is only read here.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::PredicateType;
use crate::attestation::statement::Statement;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::SupplyTerms;
use crate::schedule::settings::Recipient;
use crate::support::hex;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The folder in the inbox for challenges that were answered, and for those that cannot be.
pub(in crate::cli) const DONE: &str = "done";
pub(in crate::cli) const REFUSED: &str = "refused";

/// Attestations that were signed, by their challenge: a folder in that of the state.
pub(in crate::cli) const ANSWERS: &str = "answers";

/// What was found, for whoever deletes: likewise.
pub(in crate::cli) const FINDINGS: &str = "findings";

/// How deep folders in the inbox are looked into, and how large a signed document is.
const DEEPEST: usize = 8;
const LARGEST: u64 = 64 << 20;

/// A challenge that came in.
pub(in crate::cli) struct Asked {
    pub(in crate::cli) file: PathBuf,
    pub(in crate::cli) challenge: ChallengeV1,
    /// The card of whom it is from.
    pub(in crate::cli) card: PathBuf,
    /// The SHA-256 of the manifest that it is about.
    pub(in crate::cli) manifest: [u8; 32],
    /// The SHA-256 of the file, hexadecimal.
    pub(in crate::cli) sha256: String,
}

/// What lies in the inbox.
#[derive(Default)]
pub(in crate::cli) struct Inbox {
    /// Challenges, the first issued first.
    pub(in crate::cli) asked: Vec<Asked>,
    /// Manifests, by the SHA-256 that their signed statements name.
    pub(in crate::cli) manifests: BTreeMap<[u8; 32], PathBuf>,
    /// What was agreed of the supplies of these manifests.
    pub(in crate::cli) terms: Vec<SupplyTerms>,
    /// Challenges of which nobody whose card is named is the author, and why they are not answered.
    pub(in crate::cli) refused: Vec<(PathBuf, String)>,
    /// Statements of manifests that are of no use, and why.
    pub(in crate::cli) idle: Vec<(PathBuf, &'static str)>,
}

/// What a challenge is called.
pub(in crate::cli) fn about(asked: &Asked) -> String {
    let challenge = &asked.challenge;
    let first = |id: &str| id.get(..8).unwrap_or(id).to_owned();
    format!("the {} challenge {} of supply {}", challenge.phase, first(&challenge.challenge_id), first(&challenge.supply_id))
}

/// The file of the answer to a challenge.
pub(in crate::cli) fn answer_name(challenge: &str) -> String {
    format!("{challenge}.attestation.json")
}

/// Reads every document of the inbox. What is none is left where it lies: people put data beside them.
pub(in crate::cli) fn look_into(base: &Path, own: &Recipient) -> anyhow::Result<Inbox> {
    let key = SigningKey::read(&base.join(&own.key))?;
    let originators = own.originators.iter().map(|path| {
        let path = base.join(path);
        Ok((Card::read(&path)?, path))
    });
    let originators: Vec<(Card, PathBuf)> = originators.collect::<anyhow::Result<_>>()?;
    let mut inbox = Inbox::default();
    let mut files = Vec::new();
    list(&base.join(&own.inbox), DEEPEST, &[DONE, REFUSED], &mut files)?;
    files.sort();
    for file in files {
        let Some(bytes) = read_small(&file) else { continue };
        let Ok(envelope) = Envelope::parse(&bytes) else { continue };
        let Ok(kind) = PredicateType::of(envelope.unverified_payload()) else { continue };
        let signed = originators.iter().find_map(|(card, path)| Some((envelope.verify(card).ok()?, path)));
        match (kind, signed) {
            (PredicateType::Challenge, None) => {
                inbox.refused.push((file, "it is not signed by an originator whose card `originators` names".to_owned()));
            }
            (PredicateType::Challenge, Some((verified, card))) => match Statement::<ChallengeV1>::open(verified) {
                Ok(statement) if statement.predicate.recipient_key != key.fingerprint() => {
                    inbox.refused.push((file, "it is addressed to another key".to_owned()));
                }
                // Files are named by them.
                Ok(statement) if !is_named(&statement.predicate) => {
                    inbox.refused.push((file, "its ids or its phase are none that this program knows".to_owned()));
                }
                Ok(statement) => inbox.asked.push(Asked {
                    file,
                    challenge: statement.predicate,
                    card: card.clone(),
                    manifest: statement.subject.sha256,
                    sha256: hex::encode(&sha256(&bytes)),
                }),
                Err(error) => inbox.refused.push((file, error.to_string())),
            },
            (PredicateType::Manifest, Some((verified, _))) => {
                let manifest =
                    file.to_string_lossy().strip_suffix(".intoto.json").map(PathBuf::from).filter(|path| path.is_file());
                match (Statement::<ManifestV1>::open(verified), manifest) {
                    (Ok(statement), Some(manifest)) => {
                        inbox.manifests.insert(statement.subject.sha256, manifest);
                        if statement.predicate.supply.recipient_key == key.fingerprint() {
                            inbox.terms.push(statement.predicate.supply);
                        } else {
                            inbox.idle.push((file, "its manifest was made for another key than that of the settings"));
                        }
                    }
                    (Ok(_), None) => inbox.idle.push((file, "the manifest that it is about does not lie beside it")),
                    (Err(_), _) => inbox.idle.push((file, "it is no statement of a manifest that this program reads")),
                }
            }
            (PredicateType::Manifest, None) => {
                inbox.idle.push((file, "it is not signed by an originator whose card `originators` names"));
            }
            _ => {}
        }
    }
    inbox.asked.sort_by(|one, other| {
        (&one.challenge.issued_at, &one.challenge.challenge_id).cmp(&(&other.challenge.issued_at, &other.challenge.challenge_id))
    });
    Ok(inbox)
}

/// Whether a challenge's ids are 32 hexadecimal digits each, and its phase is one of ours.
fn is_named(challenge: &ChallengeV1) -> bool {
    let ids = [&challenge.challenge_id, &challenge.supply_id];
    ids.into_iter().all(|id| hex::decode::<16>(id).is_some()) && challenge.phase().is_some()
}

/// All files that may be signed documents, with those that were put aside.
pub(in crate::cli) fn all_files(inbox: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    list(inbox, DEEPEST, &[], &mut files)?;
    files.sort();
    Ok(files)
}

/// A file that is small enough for a signed document.
pub(in crate::cli) fn read_small(file: &Path) -> Option<Vec<u8>> {
    fs::metadata(file).ok().filter(|metadata| metadata.len() <= LARGEST)?;
    fs::read(file).ok()
}

/// All files of a folder and of those in it, but for some.
fn list(folder: &Path, deeper: usize, without: &[&str], files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let reading = || format!("cannot read the inbox `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Somebody is still writing it.
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            if deeper > 0 && !without.contains(&name.as_ref()) {
                list(&path, deeper - 1, without, files)?;
            }
        } else if name.ends_with(".json") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
