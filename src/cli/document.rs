//! Signed documents on the way in: read, checked against a pinned card, opened. Nothing in them is believed before.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::sha256;
use crate::attestation::key::Card;
use crate::attestation::statement::Predicate;
use crate::attestation::statement::Statement;
use crate::cli::failure::advised;
use crate::support::hex;
use anyhow::Context as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The largest document that is read: that of an envelope.
const LARGEST: u64 = 64 << 20;

/// A document whose signature holds.
pub(crate) struct Document<P> {
    /// What it says.
    pub(crate) statement: Statement<P>,
    /// SHA-256 of the file, hexadecimal.
    pub(crate) sha256: String,
}

/// Reads a small file whole.
pub(crate) fn read(path: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let reading = || format!("cannot read the {what} `{}`", path.display());
    let length = fs::metadata(path).with_context(reading)?.len();
    if length > LARGEST {
        return Err(advised(
            format!("`{}` is too large: no {what} that is read here has more than 64 MiB", path.display()),
            "check that this is the file that you mean",
        ));
    }
    fs::read(path).with_context(reading)
}

/// Reads a text file that a person wrote.
pub(crate) fn read_text(path: &Path, what: &str) -> anyhow::Result<String> {
    String::from_utf8(read(path, what)?)
        .map_err(|_| advised(format!("the {what} `{}` is not UTF-8 text", path.display()), "save it as UTF-8"))
}

/// Opens a document that the card's key has signed.
pub(crate) fn open<P: Predicate>(path: &Path, what: &str, signer: &Card) -> anyhow::Result<Document<P>> {
    let bytes = read(path, what)?;
    let opening = || format!("cannot accept the {what} `{}`", path.display());
    if bytes.is_empty() {
        return Err(advised("the file is empty", "ask for it again, or copy it again").context(opening()));
    }
    let envelope = Envelope::parse(&bytes).with_context(opening)?;
    let statement = Statement::open(envelope.verify(signer).with_context(opening)?).with_context(opening)?;
    Ok(Document { statement, sha256: hex::encode(&sha256(&bytes)) })
}

/// The statement's file that stands beside a manifest.
pub(crate) fn statement_path(manifest: &Path) -> PathBuf {
    let mut path = manifest.to_owned().into_os_string();
    path.push(".intoto.json");
    PathBuf::from(path)
}
