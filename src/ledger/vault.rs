//! The ledger's secrets, and the passphrase that they may be under.
//!
//! Under a passphrase each file of secrets is an age file (<https://c2sp.org/age>) to one key pair of the ledger, `secrets/NAME.age`. The public half lies in
//! `secrets/recipient`, so that a supply is entered without the passphrase; the private half in `secrets/identity.age`, itself an age file under the
//! passphrase (scrypt). So ten thousand secrets cost one slow derivation, and `age` by itself opens them all. Where `identity.age` is, new secrets are
//! encrypted; an old one may lie in the clear until `ledger protect` has come to its end. Every step can be done again.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use age::DecryptError;
use age::Decryptor;
use age::armor::ArmoredReader;
use age::scrypt;
use age::secrecy::ExposeSecret;
use age::secrecy::SecretString;
use age::x25519::Identity;
use age::x25519::Recipient;
use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::iter;
use std::str::FromStr;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// The private half under the passphrase. Where it is, the ledger is protected.
const IDENTITY: &str = "secrets/identity.age";

/// The public half.
const RECIPIENT: &str = "secrets/recipient";

/// The fewest characters of a passphrase.
pub(crate) const SHORTEST_PASSPHRASE: usize = 12;

/// The cost of the derivation: 2^17 blocks, 128 MiB, as OWASP's cheat sheet on password storage advises for scrypt.
const WORK_FACTOR: u8 = 17;

/// The highest cost that is accepted of a file: 4 GiB.
const MOST_WORK: u8 = 22;

/// The longest file that holds an identity, in bytes; ours have some 600.
const LONGEST_IDENTITY: usize = 16 * 1024;

/// Files whose content is small are read into memory that does not grow.
const SMALL: usize = 4096;

/// What opens the secrets.
#[derive(Default)]
pub(super) struct Vault {
    passphrase: Option<SecretString>,
    identity: OnceLock<Identity>,
}

/// Tells nothing.
impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault(…)")
    }
}

impl Ledger {
    /// Whether secrets are under a passphrase.
    pub(crate) fn is_protected(&self) -> bool {
        self.slice.is_none() && self.path(IDENTITY).exists()
    }

    /// Whether secrets are under a passphrase, and none was given.
    pub(crate) fn is_locked(&self) -> bool {
        self.is_protected() && self.vault.passphrase.is_none()
    }

    /// Opens the secrets with the passphrase.
    pub(crate) fn unlock(&mut self, passphrase: SecretString) -> Result<(), LedgerError> {
        self.vault.passphrase = Some(passphrase);
        self.identity().map(drop)
    }

    /// Writes a file that is for its owner alone, in the place of what an interrupted command left.
    pub(super) fn write_private(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        // Else a file could be sealed for a key that is just being given up, or be left in the clear beside those that are just being sealed.
        let _lock = self.lock()?;
        if !self.is_protected() {
            return self.replace(name, bytes);
        }
        let text = fs::read_to_string(self.path(RECIPIENT)).map_err(|source| self.file_error(RECIPIENT, source))?;
        let recipient = Recipient::from_str(text.trim()).map_err(|_| LedgerError::Vault { path: self.path(RECIPIENT) })?;
        self.replace(&sealed(name), &self.seal(name, &recipient, bytes)?)
    }

    /// The content of a file that is for its owner alone, up to a length. Refused where others may read it.
    pub(super) fn read_private(&self, name: &str, longest: usize) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
        self.refuse_slice()?;
        let sealed = sealed(name);
        if !self.path(&sealed).exists() {
            return self.read_plain(name, longest);
        }
        let bytes = self.read_plain(&sealed, usize::MAX)?;
        self.open_sealed(&sealed, &bytes, longest)
    }

    /// Sees that a file is there and for its owner alone, without reading it.
    pub(super) fn look_at_private(&self, name: &str) -> Result<(), LedgerError> {
        self.refuse_slice()?;
        let sealed = sealed(name);
        let name = if self.path(&sealed).exists() { &sealed } else { name };
        self.open_private(name).map(drop)
    }

    /// The names under which a file of secrets may lie.
    pub(super) fn names_of_private(name: &str) -> [String; 2] {
        [name.to_owned(), sealed(name)]
    }

    /// Puts the secrets under a passphrase, or under another one. Returns how many files were encrypted.
    pub(crate) fn protect(&self, passphrase: &SecretString) -> Result<u64, LedgerError> {
        let _lock = self.lock()?;
        let identity = if self.is_protected() { self.identity()?.clone() } else { Identity::generate() };
        let recipient = identity.to_public();
        self.replace(RECIPIENT, format!("{recipient}\n").as_bytes())?;
        let mut slow = scrypt::Recipient::new(passphrase.clone());
        slow.set_work_factor(WORK_FACTOR);
        let text = identity.to_string();
        let failed = |_| LedgerError::Vault { path: self.path(IDENTITY) };
        let armored = age::encrypt_and_armor(&slow, text.expose_secret().as_bytes()).map_err(failed)?;
        self.replace(IDENTITY, armored.as_bytes())?;
        let mut files = 0;
        for name in self.names_of_secrets()?.into_iter().filter(|name| !name.ends_with(SUFFIX)) {
            let bytes = self.read_plain(&name, usize::MAX)?;
            let encrypted = self.seal(&name, &recipient, &bytes)?;
            // What nobody could open again is not a secret kept.
            if *open(&encrypted, &identity, usize::MAX).map_err(|_| LedgerError::Vault { path: self.path(&name) })? != *bytes {
                return Err(LedgerError::Vault { path: self.path(&name) });
            }
            self.replace(&sealed(&name), &encrypted)?;
            self.remove(&name)?;
            files += 1;
        }
        Ok(files)
    }

    /// Takes the secrets from under the passphrase. Returns how many files were decrypted.
    pub(crate) fn unprotect(&self) -> Result<u64, LedgerError> {
        let _lock = self.lock()?;
        if !self.is_protected() {
            return Ok(0);
        }
        self.identity()?;
        let mut files = 0;
        for name in self.names_of_secrets()? {
            let Some(plain) = name.strip_suffix(SUFFIX).filter(|_| name != IDENTITY) else { continue };
            let bytes = self.open_sealed(&name, &self.read_plain(&name, usize::MAX)?, usize::MAX)?;
            self.replace(plain, &bytes)?;
            self.remove(&name)?;
            files += 1;
        }
        self.remove(IDENTITY)?;
        self.remove(RECIPIENT)?;
        Ok(files)
    }

    /// Names of the files of secrets, without that of the public half.
    fn names_of_secrets(&self) -> Result<Vec<String>, LedgerError> {
        let failed = |source| self.file_error("secrets", source);
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path("secrets")).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("secrets/{}", entry.file_name().to_string_lossy());
            // Files on their way to their names are left to whoever wrote them.
            let is_secret = name.ends_with(PLAIN) || name.ends_with(SUFFIX);
            if is_secret && entry.file_type().map_err(failed)?.is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The private half.
    fn identity(&self) -> Result<&Identity, LedgerError> {
        if let Some(identity) = self.vault.identity.get() {
            return Ok(identity);
        }
        let passphrase = self.vault.passphrase.clone().ok_or(LedgerError::Locked)?;
        let damaged = || LedgerError::Vault { path: self.path(IDENTITY) };
        let bytes = self.read_plain(IDENTITY, LONGEST_IDENTITY)?;
        let mut slow = scrypt::Identity::new(passphrase);
        slow.set_max_work_factor(MOST_WORK);
        let opened = open(&bytes, &slow, LONGEST_IDENTITY).map_err(|error| match error {
            Some(DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed) => LedgerError::Passphrase,
            _ => damaged(),
        })?;
        let text = std::str::from_utf8(&opened).map_err(|_| damaged())?;
        let identity = Identity::from_str(text.trim()).map_err(|_| damaged())?;
        Ok(self.vault.identity.get_or_init(|| identity))
    }

    fn open_sealed(&self, name: &str, bytes: &[u8], longest: usize) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
        let identity = self.identity()?;
        open(bytes, identity, longest).map_err(|_| LedgerError::Vault { path: self.path(name) })
    }

    fn seal(&self, name: &str, recipient: &Recipient, bytes: &[u8]) -> Result<Vec<u8>, LedgerError> {
        age::encrypt(recipient, bytes).map_err(|_| LedgerError::Vault { path: self.path(name) })
    }

    fn open_private(&self, name: &str) -> Result<File, LedgerError> {
        let path = self.path(name);
        let unreadable = |source| LedgerError::File { path: path.clone(), source };
        let file = File::open(&path).map_err(unreadable)?;
        if atomic_file::is_readable_by_others(&file).map_err(unreadable)? {
            return Err(LedgerError::Shared { path });
        }
        Ok(file)
    }

    fn read_plain(&self, name: &str, longest: usize) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
        let file = self.open_private(name)?;
        // Room for all from the start, as far as it is small: what grows leaves copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(longest.min(SMALL) + 1));
        file.take(longest as u64).read_to_end(&mut bytes).map_err(|source| self.file_error(name, source))?;
        Ok(bytes)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        atomic_file::write(&self.path(name), bytes, Access::Private, Existing::Replace)
            .map_err(|source| self.file_error(name, source))
    }

    fn remove(&self, name: &str) -> Result<(), LedgerError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.file_error(name, error)),
            _ => Ok(()),
        }
    }
}

/// How the name of a file of secrets ends.
const PLAIN: &str = ".json";

/// How the name of an encrypted file ends.
const SUFFIX: &str = ".age";

fn sealed(name: &str) -> String {
    format!("{name}{SUFFIX}")
}

/// Decrypts up to a length. `None` where the content itself is damaged.
fn open(bytes: &[u8], identity: &dyn age::Identity, longest: usize) -> Result<Zeroizing<Vec<u8>>, Option<DecryptError>> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes))?;
    let plaintext = decryptor.decrypt(iter::once(identity))?;
    let mut opened = Zeroizing::new(Vec::with_capacity(bytes.len()));
    plaintext.take(longest as u64).read_to_end(&mut opened).map_err(|_| None)?;
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::seeds;
    use std::process::Command;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn names(ledger: &Ledger) -> Vec<String> {
        let folder = fs::read_dir(ledger.path("secrets")).unwrap();
        let mut names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Whoever changes what secrets are under holds the lock, and what is written meanwhile would be left out.
    #[test]
    fn a_secret_is_written_only_while_nobody_changes_what_secrets_are_under() {
        let originator = Originator::new();
        let ledger = &originator.ledger;
        let lock = ledger.lock().unwrap();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| ledger.write_private("secrets/x.json", b"{}"));
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert!(!ledger.path("secrets/x.json").exists() && !writing.is_finished());
            drop(lock);
            writing.join().unwrap().unwrap();
        });
        assert!(ledger.path("secrets/x.json").exists());
    }

    #[test]
    fn secrets_are_under_the_passphrase_and_come_back() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let first = originator.supply_with(&card, Some(&seeds()));
        let ledger = &mut originator.ledger;
        let before = (names(ledger), ledger.secrets(&first).unwrap());
        assert_eq!(ledger.protect(&secret("several odd words")).unwrap(), 2);
        assert!(names(ledger).iter().all(|name| name.ends_with(SUFFIX) || name == "recipient"), "{:?}", names(ledger));
        // As another command finds it.
        let second = {
            originator.ledger = Ledger::open(originator.ledger.folder()).unwrap();
            assert!(originator.ledger.is_locked());
            // A supply is entered without the passphrase.
            originator.supply(&card)
        };
        let ledger = &mut originator.ledger;
        for id in [&first, &second] {
            assert!(matches!(ledger.secrets(id), Err(LedgerError::Locked)));
        }
        assert!(matches!(ledger.seeds(&first), Err(LedgerError::Locked)));
        assert!(matches!(ledger.unlock(secret("other odd words")), Err(LedgerError::Passphrase)));
        ledger.unlock(secret("several odd words")).unwrap();
        assert_eq!(ledger.secrets(&first).unwrap(), before.1);
        assert!(ledger.seeds(&first).unwrap().unwrap() == seeds() && ledger.secrets(&second).is_ok());
        assert!(!format!("{ledger:?}").contains("odd words"));
        // Under another one; the old one opens no more.
        assert_eq!(ledger.protect(&secret("some further words")).unwrap(), 0);
        let mut again = Ledger::open(ledger.folder()).unwrap();
        assert!(matches!(again.unlock(secret("several odd words")), Err(LedgerError::Passphrase)));
        again.unlock(secret("some further words")).unwrap();
        assert_eq!(again.unprotect().unwrap(), 3);
        let again = Ledger::open(ledger.folder()).unwrap();
        assert!(!again.is_protected());
        assert_eq!(again.secrets(&first).unwrap(), before.1);
        assert_eq!(names(&again).len(), before.0.len() + 1);
        assert_eq!(again.unprotect().unwrap(), 0);
    }

    #[test]
    fn what_was_begun_is_ended() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        let ledger = &mut originator.ledger;
        let name = crate::ledger::store::secrets_name(&id);
        let plain = fs::read(ledger.path(&name)).unwrap();
        let before = ledger.secrets(&id).unwrap();
        ledger.protect(&secret("several odd words")).unwrap();
        ledger.unlock(secret("several odd words")).unwrap();
        // The machine failed before the file in the clear was removed.
        ledger.replace(&name, &plain).unwrap();
        assert_eq!(ledger.secrets(&id).unwrap(), before);
        assert_eq!(ledger.protect(&secret("several odd words")).unwrap(), 1);
        assert!(!ledger.path(&name).exists());
        // Before the encrypted one was made.
        ledger.replace(&name, &plain).unwrap();
        ledger.remove(&sealed(&name)).unwrap();
        assert_eq!(ledger.secrets(&id).unwrap(), before);
        assert_eq!(ledger.protect(&secret("several odd words")).unwrap(), 1);
        // On the way back.
        ledger.replace(&name, &plain).unwrap();
        assert_eq!(ledger.unprotect().unwrap(), 1);
        assert_eq!(ledger.secrets(&id).unwrap(), before);
        // A public half without a private one is no passphrase.
        fs::write(ledger.path(RECIPIENT), "x").unwrap();
        assert!(!ledger.is_protected());
    }

    #[test]
    fn what_is_damaged_or_for_others_is_refused() {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        let ledger = &mut originator.ledger;
        ledger.protect(&secret("several odd words")).unwrap();
        ledger.unlock(secret("several odd words")).unwrap();
        let name = sealed(&crate::ledger::store::secrets_name(&id));
        let bytes = fs::read(ledger.path(&name)).unwrap();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            fs::write(ledger.path(&name), &bytes[..length]).unwrap();
            assert!(matches!(ledger.secrets(&id), Err(LedgerError::Vault { .. })), "{length}");
        }
        fs::write(ledger.path(&name), &bytes).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(ledger.path(&name), fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(ledger.secrets(&id), Err(LedgerError::Shared { .. })));
            let ledger = Ledger::open(ledger.folder()).unwrap();
            assert!(matches!(ledger.look_at_private(&crate::ledger::store::secrets_name(&id)), Err(LedgerError::Shared { .. })));
            fs::set_permissions(ledger.path(&name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(ledger.path(IDENTITY), "age").unwrap();
        let mut again = Ledger::open(ledger.folder()).unwrap();
        assert!(matches!(again.unlock(secret("several odd words")), Err(LedgerError::Vault { .. })));
        fs::write(ledger.path(RECIPIENT), "age1").unwrap();
        assert!(matches!(again.write_private("secrets/x.json", b"x"), Err(LedgerError::Vault { .. })));
    }

    #[test]
    fn age_opens_what_the_ledger_keeps() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join("age").is_file()) {
            assert!(std::env::var_os("CI").is_none(), "`age` is not installed");
            eprintln!("skipped: `age` is not installed");
            return;
        }
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let id = originator.supply(&card);
        let ledger = &mut originator.ledger;
        let name = crate::ledger::store::secrets_name(&id);
        let plain = fs::read(ledger.path(&name)).unwrap();
        ledger.protect(&secret("several odd words")).unwrap();
        ledger.unlock(secret("several odd words")).unwrap();
        // `age` asks a terminal for the passphrase; what it would find there is an identity of its own.
        let identity = ledger.path("identity");
        let text = ledger.identity().unwrap().to_string();
        atomic_file::write(&identity, text.expose_secret().as_bytes(), Access::Private, Existing::Keep).unwrap();
        let opened = Command::new("age").arg("-d").arg("-i").arg(&identity).arg(ledger.path(&sealed(&name))).output().unwrap();
        assert!(opened.status.success() && opened.stdout == plain);
        let begin = fs::read_to_string(ledger.path(IDENTITY)).unwrap();
        assert!(begin.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    }
}
