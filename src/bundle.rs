//! A bundle: the evidence of one supply as one folder or one zip, which somebody else verifies offline (`docs/bundle.md`).
//!
//! Whoever has a bundle has no ledger. So it holds the signed documents, the cards of those who signed them, and the ledger's slice ([`crate::ledger::slice`]),
//! which is read as a ledger to which nothing can be added: the same functions judge the same bytes, here and at the originator's.
//!
//! [`layout`] says which file is where, [`make`] puts the files together, [`check`] holds them against each other, [`folder`] and [`archive`] bring them to the
//! disk and back, and [`readme`] is the text for whoever opens it. What the attestations in it are worth is for `verification` to say.

pub(crate) mod archive;
pub(crate) mod check;
pub(crate) mod folder;
pub(crate) mod layout;
pub(crate) mod make;
pub(crate) mod readme;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;

/// The files of a bundle by their names, with `/` between folder and file.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The longest file of a bundle: that of an envelope, as everywhere.
const LARGEST_FILE: u64 = 64 << 20;

/// The most bytes of all files together.
const MOST_BYTES: u64 = 1 << 30;

/// The most files.
const MOST_FILES: usize = 100_000;

/// Why a bundle could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The system's fault, or the person's.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// The file's fault: it is no zip archive, or damaged.
    #[cfg_attr(not(feature = "archives"), expect(dead_code, reason = "this build reads none"))]
    #[error("it is no zip archive that can be read")]
    NoArchive,
    /// This build's fault, so to say.
    #[cfg_attr(feature = "archives", expect(dead_code, reason = "this build has them"))]
    #[error("this build of residua reads and writes no zip archives")]
    NoArchives,
    /// Somebody's fault: a name that no bundle has, such as one that leads out of it.
    #[error("it has a file with a name that no bundle has: `{0}`")]
    Name(String),
    /// Somebody's fault.
    #[error("it has the name `{0}` twice")]
    Twice(String),
    /// Somebody's fault: a link, a pipe, or what is encrypted.
    #[error("`{0}` is no regular file")]
    NotRegular(String),
    /// Somebody's fault: far more than evidence is.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The person's fault: it is something else.
    #[error("it is no bundle of residua: the file `{0}` is not in it")]
    NotABundle(&'static str),
}

impl BundleError {
    /// What a person may do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            BundleError::Read(_) => None,
            BundleError::NoArchive => Some("name the folder or the zip archive that `residua bundle` made"),
            BundleError::NoArchives => Some("unpack the archive, and name the folder; write a folder instead of a zip archive"),
            BundleError::NotABundle(_) => {
                Some("name the folder in which `SHA256SUMS` is; of an archive, it has to be at the top and not in a folder")
            }
            BundleError::Name(_) | BundleError::Twice(_) | BundleError::NotRegular(_) | BundleError::TooLarge(_) => {
                Some("it is not as `residua bundle` made it: ask the originator for it again")
            }
        }
    }
}

/// Takes in files one by one, as long as they can be those of a bundle.
#[derive(Debug, Default)]
struct Intake {
    files: Files,
    /// The names in small letters.
    names: BTreeSet<String>,
    bytes: u64,
}

impl Intake {
    /// The most bytes that the next file may have, and one more.
    fn room(&self) -> u64 {
        LARGEST_FILE.min(MOST_BYTES - self.bytes) + 1
    }

    fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), BundleError> {
        check_name(name)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(BundleError::TooLarge("it has a file of more than 64 MiB"));
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST_BYTES || self.files.len() == MOST_FILES {
            return Err(BundleError::TooLarge("it has more than 1 GiB, or more than 100,000 files"));
        }
        // Where systems tell no case of letters apart, one would lie over the other.
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(BundleError::Twice(shown(name)));
        }
        self.files.insert(name.to_owned(), bytes);
        Ok(())
    }
}

/// Refuses what no file of a bundle is called: there is one folder at most above each, and nothing but letters, digits and `.`, `-`, `_`.
fn check_name(name: &str) -> Result<(), BundleError> {
    let is_plain = |part: &str| {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        !part.is_empty() && part.len() <= 100 && !part.starts_with('.') && !part.ends_with('.') && part.bytes().all(is_known)
    };
    let mut parts = name.split('/');
    let is_name = parts.by_ref().take(2).all(is_plain) && parts.next().is_none();
    if is_name { Ok(()) } else { Err(BundleError::Name(shown(name))) }
}

fn shown(name: &str) -> String {
    crate::support::sanitize::clean(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for good in ["README.md", "SHA256SUMS", "attestations/1-baseline.attestation.json"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../x",
            "a/..",
            "..",
            ".",
            "a/b/c",
            "a//b",
            "a\\b",
            "C:x",
            ".hidden",
            "a b",
            "a\n",
            "caf\u{e9}",
            "a/",
            "x.",
        ] {
            assert!(matches!(check_name(bad), Err(BundleError::Name(_))), "{bad:?}");
        }
    }

    #[test]
    fn what_is_too_much_or_there_twice_is_refused() {
        let mut intake = Intake::default();
        intake.add("a", Vec::new()).unwrap();
        assert!(matches!(intake.add("A", Vec::new()), Err(BundleError::Twice(_))));
        assert_eq!(intake.room(), LARGEST_FILE + 1);
        intake.bytes = MOST_BYTES - 3;
        assert_eq!(intake.room(), 4);
        assert!(matches!(intake.add("b", vec![0; 4]), Err(BundleError::TooLarge(_))));
    }
}
