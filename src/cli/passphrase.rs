//! The passphrase of a ledger's secrets, which comes from a file: what is typed stands in the shell's history, and what is an argument every user of
//! the machine can list.

use crate::cli::failure::advised;
use crate::ledger::Ledger;
use crate::ledger::vault::SHORTEST_PASSPHRASE;
use crate::support::atomic_file;
use age::secrecy::SecretString;
use anyhow::Context as _;
use clap::Args;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest passphrase, in bytes.
const LONGEST: usize = 4096;

/// The flag by which a command that needs secrets is told the passphrase.
#[derive(Args, Clone, Debug)]
pub(crate) struct PassphraseArgument {
    /// Where the ledger's secrets are under a passphrase (`residua ledger protect`): the file that holds it in its first line, `-` for standard input.
    /// Without it: the file named by `RESIDUA_PASSPHRASE_FILE`
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgument {
    /// Opens the secrets, where a passphrase is given and the ledger is under one.
    pub(crate) fn unlock(&self, ledger: &mut Ledger) -> anyhow::Result<()> {
        let variable = || std::env::var_os("RESIDUA_PASSPHRASE_FILE").filter(|value| !value.is_empty()).map(PathBuf::from);
        let Some(path) = self.passphrase_file.clone().or_else(variable).filter(|_| ledger.is_protected()) else { return Ok(()) };
        ledger.unlock(read(&path)?)?;
        Ok(())
    }
}

/// Reads a passphrase that is to be.
pub(crate) fn read_new(path: &Path) -> anyhow::Result<SecretString> {
    let passphrase = read(path)?;
    if age::secrecy::ExposeSecret::expose_secret(&passphrase).chars().count() < SHORTEST_PASSPHRASE {
        return Err(advised(
            format!("the passphrase has fewer than {SHORTEST_PASSPHRASE} characters"),
            "take several words that nobody would put together; whoever has the ledger's folder can try as many as there is time for",
        ));
    }
    Ok(passphrase)
}

/// The first line of a file that is for its owner's eyes only.
pub(crate) fn read(path: &Path) -> anyhow::Result<SecretString> {
    let reading = || format!("cannot read the passphrase in `{}`", path.display());
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    if path == Path::new("-") {
        io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes).with_context(reading)?;
    } else {
        let file = File::open(path).with_context(reading)?;
        if atomic_file::is_readable_by_others(&file).with_context(reading)? {
            return Err(advised("others than its owner can read the file", "`chmod 600` it, and take another passphrase")
                .context(reading()));
        }
        file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).with_context(reading)?;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) if !text.is_empty() && bytes.len() <= LONGEST => Ok(SecretString::from(text.to_owned())),
        _ => Err(advised(
            "its first line is empty, too long, or no UTF-8 text",
            "write the passphrase into the first line of the file",
        )
        .context(reading())),
    }
}
