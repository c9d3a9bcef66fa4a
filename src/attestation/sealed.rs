//! The salt, encrypted to one party's card in the age format, so that it stands in a challenge and only that party can use it.
//!
//! The text is an armored age file (<https://c2sp.org/age>) with one X25519 recipient. It says nothing about its sender: the
//! signature around the challenge does.

use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::support::secret::Secret;
use age::DecryptError;
use age::Decryptor;
use age::Identity;
use age::armor::ArmoredReader;
use std::io::Read;
use std::iter;
use zeroize::Zeroizing;

/// The longest sealed text that is looked at, in bytes; ours have some 500.
const LONGEST: usize = 16 * 1024;

/// The first line of an armored age file.
const ARMOR_BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum SealedError {
    /// The system's fault or a bug: encryption itself failed.
    #[error("the salt could not be encrypted to `{name}`")]
    Encrypt { name: String },
    /// The person's fault, who named another key, or the sender's, who named another card.
    #[error("the salt is not encrypted to the key of `{name}`")]
    OtherKey { name: String },
    /// The file's fault: no armored age file, or a damaged one.
    #[error("the encrypted salt is damaged")]
    Damaged,
    /// The file's fault: opened, but no salt is inside.
    #[error("the encrypted salt is not 32 bytes long")]
    Length,
}

/// Encrypts a secret to the owner of a card.
pub(crate) fn seal(secret: &Secret, to: &Card) -> Result<String, SealedError> {
    age::encrypt_and_armor(to.recipient(), secret.expose()).map_err(|_| SealedError::Encrypt { name: to.name().to_owned() })
}

/// Decrypts a secret that was sealed to this key's card.
pub(crate) fn open(armored: &str, key: &SigningKey) -> Result<Secret, SealedError> {
    if armored.len() > LONGEST || !armored.starts_with(ARMOR_BEGIN) {
        return Err(SealedError::Damaged);
    }
    let identity: &dyn Identity = key.identity();
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(armored.as_bytes())).map_err(|_| SealedError::Damaged)?;
    let mut plaintext = decryptor.decrypt(iter::once(identity)).map_err(|error| match error {
        DecryptError::NoMatchingKeys => SealedError::OtherKey { name: key.name().to_owned() },
        _ => SealedError::Damaged,
    })?;
    // One byte more than a secret has, so that the end of the file is reached, and with it the last of its checks.
    let mut bytes = Zeroizing::new([0; 33]);
    let mut length = 0;
    while length < bytes.len() {
        match plaintext.read(&mut bytes[length..]).map_err(|_| SealedError::Damaged)? {
            0 => break,
            count => length += count,
        }
    }
    if length != 32 {
        return Err(SealedError::Length);
    }
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&bytes[..32]);
    Ok(Secret::new(*secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::atomic_file;
    use crate::support::atomic_file::Access;
    use crate::support::atomic_file::Existing;
    use proptest::prelude::*;
    use std::process::Command;

    fn key() -> SigningKey {
        SigningKey::generate("Party", &[7; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_only() {
        let secret = Secret::new([9; 32]);
        let key = key();
        let sealed = seal(&secret, &key.card()).unwrap();
        assert!(open(&sealed, &key).is_ok_and(|opened| opened == secret));
        assert_ne!(seal(&secret, &key.card()).unwrap(), sealed);
        let error = open(&sealed, &SigningKey::generate("Other", &[7; 32]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the salt is not encrypted to the key of `Other`");
        let windows = sealed.replace('\n', "\r\n");
        assert!(open(&windows, &key).is_ok_and(|opened| opened == secret));
    }

    #[test]
    fn anything_but_a_sealed_secret_is_refused() {
        let key = key();
        for length in [0, 31, 33, 64, 8000] {
            let sealed = age::encrypt_and_armor(key.card().recipient(), &vec![1; length]).unwrap();
            assert_eq!(open(&sealed, &key).unwrap_err(), SealedError::Length, "{length}");
        }
        let sealed = seal(&Secret::new([9; 32]), &key.card()).unwrap();
        let cut = &sealed[..sealed.len() - ARMOR_BEGIN.len()];
        let long = format!("{sealed}{}", "\n".repeat(LONGEST));
        for text in ["", "x", ARMOR_BEGIN, cut, &long, &format!("{sealed}x"), &format!(" {sealed}"), "age-encryption.org/v1\n"] {
            assert_eq!(open(text, &key).unwrap_err(), SealedError::Damaged);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused_or_changes_nothing() {
        let key = key();
        let sealed = seal(&Secret::new([9; 32]), &key.card()).unwrap();
        for index in 0..sealed.len() * 8 {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index / 8] ^= 1 << (index % 8);
            if let Ok(opened) = String::from_utf8(bytes).map(|text| open(&text, &key)) {
                assert!(opened.is_err() || opened.is_ok_and(|secret| *secret.expose() == [9; 32]), "bit {index}");
            }
        }
    }

    #[test]
    fn age_opens_what_was_sealed_with_the_line_of_the_key_file() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join("age").is_file()) {
            assert!(std::env::var_os("CI").is_none(), "`age` is not installed");
            eprintln!("skipped: `age` is not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let sealed = seal(&Secret::new([9; 32]), &key.card()).unwrap();
        let key_path = folder.path().join("party.key");
        atomic_file::write(&key_path, key.to_file_text().as_bytes(), Access::Private, Existing::Keep).unwrap();
        std::fs::write(folder.path().join("salt.age"), sealed).unwrap();
        let script = "grep AGE-SECRET-KEY party.key | age -d -i - salt.age";
        let output = Command::new("sh").args(["-c", script]).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.stdout, [9; 32], "{}", String::from_utf8_lossy(&output.stderr));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn any_secret_round_trips(bytes: [u8; 32]) {
            let key = key();
            let sealed = seal(&Secret::new(bytes), &key.card()).unwrap();
            let opened = open(&sealed, &key).unwrap();
            prop_assert_eq!(opened.expose(), &bytes);
        }

        #[test]
        fn no_text_panics(text in "(?s).{0,100}", armored in "(\r?\n[A-Za-z0-9+/]{0,64}={0,2}){0,4}") {
            prop_assert!(open(&text, &key()).is_err());
            let armored = format!("{ARMOR_BEGIN}{armored}\n-----END AGE ENCRYPTED FILE-----\n");
            prop_assert!(open(&armored, &key()).is_err());
        }
    }
}
