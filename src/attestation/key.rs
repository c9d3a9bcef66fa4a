//! A party's key file, and the card that shows its public half to the other party.
//!
//! One file holds two keys, because one party does two things: it signs statements (Ed25519) and opens salts that were sealed to
//! it (age X25519). Both are in forms that other tools read: `openssl pkey -in emma.key` finds the PKCS#8 block between the
//! comments, and `grep AGE-SECRET-KEY emma.key | age -d -i - salt.age` the other key.

use crate::attestation::JsonError;
use crate::attestation::read_typed;
use crate::attestation::read_value;
use crate::support::atomic_file;
use crate::support::hex;
use crate::support::sanitize;
use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use age::x25519::Recipient;
use data_encoding::BASE64_NOPAD;
use data_encoding::Specification;
use ed25519_dalek::Signature;
use ed25519_dalek::Signer;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::KeypairBytes;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest key file or card that is read, in bytes; ours have some 500.
const LONGEST_FILE: usize = 16 * 1024;

/// The beginning of the line that holds the owner's name.
const NAME_LINE: &str = "# name: ";

/// The beginning of the line that holds the decryption key, in age's own form.
const AGE_LINE: &str = "AGE-SECRET-KEY-1";

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// Why a key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The person's or the system's fault: the file is not there, or not for this user.
    #[error("cannot read key `{}`", show(.path))]
    Read { path: PathBuf, source: io::Error },
    /// The person's fault: other users of the machine can read, and may have read, the key.
    #[error("key `{}` can be read by others than its owner", show(.path))]
    Shared { path: PathBuf },
    /// The file's fault: it is no key file, or was damaged.
    #[error("`{}` is not a key of residua: {problem}", show(.path))]
    NotAKey { path: PathBuf, problem: &'static str },
    /// The person's fault: the name cannot stand in a key file.
    #[error("the name of a key {problem}")]
    Name { problem: &'static str },
    /// A bug: a sound key could not be written down.
    #[error("the key could not be encoded")]
    Encode,
}

/// Why a card was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CardError {
    /// The person's or the system's fault: the file is not there, or not for this user.
    #[error("cannot read card `{}`", show(.path))]
    Read { path: PathBuf, source: io::Error },
    /// The file's fault, for the reason that is the source.
    #[error("`{}` is not a usable card", show(.path))]
    File { path: PathBuf, source: Box<CardError> },
    /// The file's fault: far longer than any card.
    #[error("longer than {LONGEST_FILE} bytes")]
    TooLong,
    /// The file's fault: not the JSON of a card.
    #[error("it is not the JSON of a card")]
    Json(#[from] JsonError),
    /// The file's fault: the owner's name could not be shown as it is.
    #[error("the name {problem}")]
    Name { problem: &'static str },
    /// The file's fault: no Ed25519 public key in PEM, or a weak one.
    #[error("`publicKeyPem` is not a usable Ed25519 public key")]
    PublicKey,
    /// The file's fault: the fingerprint that people compare is that of another key.
    #[error("`fingerprint` is not that of `publicKeyPem`")]
    Fingerprint,
    /// The file's fault: salts cannot be encrypted to it.
    #[error("`ageRecipient` is not a usable X25519 recipient of age")]
    Recipient,
}

/// A party's private keys. Wiped when dropped; `Debug` tells nothing.
pub(crate) struct SigningKey {
    signing: ed25519_dalek::SigningKey,
    identity: Identity,
    pem: Zeroizing<String>,
    card: Card,
}

impl SigningKey {
    /// Makes the keys of a new party. `seed` is 32 random bytes for the signing key; age draws the other key itself.
    pub(crate) fn generate(name: &str, seed: &[u8; 32]) -> Result<SigningKey, KeyError> {
        check_name(name).map_err(|problem| KeyError::Name { problem })?;
        SigningKey::assemble(name, ed25519_dalek::SigningKey::from_bytes(seed), Identity::generate())
    }

    /// Reads a key file that is for its owner's eyes only.
    pub(crate) fn read(path: &Path) -> Result<SigningKey, KeyError> {
        let unreadable = |source| KeyError::Read { path: path.to_owned(), source };
        let not_a_key = |problem| KeyError::NotAKey { path: path.to_owned(), problem };
        let file = File::open(path).map_err(unreadable)?;
        let is_shared = atomic_file::is_readable_by_others(&file).map_err(unreadable)?;
        // Room for all from the start: a vector that grows leaves copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_FILE + 1));
        file.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > LONGEST_FILE {
            return Err(not_a_key("it is too long"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| not_a_key("it is not text"))?;
        // A card or a table that was named by mistake is no key that others have seen.
        if is_shared && (text.contains(PEM_BEGIN) || text.contains(AGE_LINE)) {
            return Err(KeyError::Shared { path: path.to_owned() });
        }
        let parts = KeyParts::find(text).map_err(not_a_key)?;
        let signing = ed25519_dalek::SigningKey::from_pkcs8_pem(&parts.pem)
            .map_err(|_| not_a_key("its private key block is not an Ed25519 key in PKCS#8"))?;
        let identity: Identity = parts.age.parse().map_err(|_| not_a_key("its AGE-SECRET-KEY line is damaged"))?;
        SigningKey::assemble(parts.name, signing, identity)
    }

    fn assemble(name: &str, signing: ed25519_dalek::SigningKey, identity: Identity) -> Result<SigningKey, KeyError> {
        // PKCS#8 version 1, without the public key: OpenSSL 3, Python's cryptography and Node refuse version 2.
        let pair = KeypairBytes { secret_key: signing.to_bytes(), public_key: None };
        let pem = pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Encode)?;
        let card = Card::assemble(name, signing.verifying_key(), identity.to_public()).ok_or(KeyError::Encode)?;
        Ok(SigningKey { signing, identity, pem, card })
    }

    /// The whole text of the key file, to be written for the owner alone.
    pub(crate) fn to_file_text(&self) -> Zeroizing<String> {
        let age = self.identity.to_string();
        let parts = [
            "# Private key of residua: it signs statements (Ed25519) and opens the salts sent to its owner (age X25519).\n",
            "# Keep it private: whoever has this file can sign in the owner's name. The card beside it is what others get.\n",
            NAME_LINE,
            self.name(),
            "\n",
            &self.pem,
            age.expose_secret(),
            "\n",
        ];
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in parts {
            text.push_str(part);
        }
        text
    }

    /// The public half, for the other party.
    pub(crate) fn card(&self) -> Card {
        self.card.clone()
    }

    /// The owner's name.
    pub(crate) fn name(&self) -> &str {
        &self.card.name
    }

    /// The fingerprint of the signing key, as on the card.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.card.fingerprint
    }

    /// An Ed25519 signature (RFC 8032) over the message.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// The key that opens what was sealed to this party's card.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}

/// The parts of a key file's text: each exactly once, among comments and empty lines and nothing else.
struct KeyParts<'a> {
    name: &'a str,
    pem: Zeroizing<String>,
    age: &'a str,
}

impl KeyParts<'_> {
    fn find(text: &str) -> Result<KeyParts<'_>, &'static str> {
        let mut name = None;
        let mut age = None;
        let mut pem: Option<Zeroizing<String>> = None;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(found) = line.strip_prefix(NAME_LINE) {
                if name.replace(found).is_some() {
                    return Err("it has two names");
                }
            } else if line.starts_with(AGE_LINE) {
                if age.replace(line).is_some() {
                    return Err("it has two AGE-SECRET-KEY lines");
                }
            } else if line == PEM_BEGIN {
                let mut block = Zeroizing::new(String::with_capacity(text.len() + 1));
                block.push_str(line);
                for line in lines.by_ref() {
                    block.push('\n');
                    block.push_str(line);
                    if line == PEM_END {
                        break;
                    }
                }
                block.push('\n');
                if pem.replace(block).is_some() {
                    return Err("it has two private key blocks");
                }
            } else if !line.is_empty() && !line.starts_with('#') {
                return Err("it holds something else");
            }
        }
        let name = name.ok_or("it has no `# name:` line")?;
        check_name(name).map_err(|_| "its name cannot be used")?;
        let pem = pem.ok_or("it has no private key block")?;
        Ok(KeyParts { name, pem, age: age.ok_or("it has no AGE-SECRET-KEY line")? })
    }
}

/// What a party hands out: its name and its public keys. A `Card` that exists was checked; whether to trust it is for the person
/// who compares the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CardJson", into = "CardJson")]
pub(crate) struct Card {
    name: String,
    public_key_pem: String,
    fingerprint: String,
    age_recipient: String,
    verifying: VerifyingKey,
    recipient: Recipient,
}

/// A card as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CardJson {
    name: String,
    public_key_pem: String,
    fingerprint: String,
    age_recipient: String,
}

impl Card {
    /// Reads a card and checks that its parts are sound and belong together.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Card, CardError> {
        if bytes.len() > LONGEST_FILE {
            return Err(CardError::TooLong);
        }
        let json: CardJson = read_typed(bytes, &read_value(bytes)?)?;
        Card::try_from(json)
    }

    /// Reads a card from its file.
    pub(crate) fn read(path: &Path) -> Result<Card, CardError> {
        let unreadable = |source| CardError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Card::parse(&bytes).map_err(|error| CardError::File { path: path.to_owned(), source: Box::new(error) })
    }

    fn assemble(name: &str, verifying: VerifyingKey, recipient: Recipient) -> Option<Card> {
        Some(Card {
            name: name.to_owned(),
            public_key_pem: verifying.to_public_key_pem(LineEnding::LF).ok()?,
            fingerprint: fingerprint(&verifying),
            age_recipient: recipient.to_string(),
            verifying,
            recipient,
        })
    }

    /// The text of the card's file: JSON, with a line feed at its end.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let members = [
            ("name", &self.name),
            ("publicKeyPem", &self.public_key_pem),
            ("fingerprint", &self.fingerprint),
            ("ageRecipient", &self.age_recipient),
        ];
        let lines = members.map(|(name, text)| format!("  \"{name}\": {}", Value::from(text.as_str())));
        format!("{{\n{}\n}}\n", lines.join(",\n")).into_bytes()
    }

    /// Whether the owner of this card signed the message: `verify_strict`, so that a signature has one reading only.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.verifying.verify_strict(message, &signature).is_ok())
    }

    /// The owner's name, free of control characters.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The signing key as SPKI in PEM, for other tools.
    pub(crate) fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }

    /// The signing key's fingerprint in OpenSSH's form, `SHA256:…`.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The encryption key in age's form, `age1…`.
    pub(crate) fn age_recipient(&self) -> &str {
        &self.age_recipient
    }

    /// The encryption key itself.
    pub(super) fn recipient(&self) -> &Recipient {
        &self.recipient
    }
}

impl TryFrom<CardJson> for Card {
    type Error = CardError;

    fn try_from(json: CardJson) -> Result<Card, CardError> {
        check_name(&json.name).map_err(|problem| CardError::Name { problem })?;
        let verifying = VerifyingKey::from_public_key_pem(&json.public_key_pem).map_err(|_| CardError::PublicKey)?;
        let recipient: Recipient = json.age_recipient.parse().map_err(|_| CardError::Recipient)?;
        let card = Card::assemble(&json.name, verifying, recipient).ok_or(CardError::PublicKey)?;
        // One form only: PEM readers skip text around the block, Bech32 has two cases, and a weak key signs anything.
        if card.public_key_pem != json.public_key_pem || card.verifying.is_weak() {
            return Err(CardError::PublicKey);
        }
        if card.fingerprint != json.fingerprint {
            return Err(CardError::Fingerprint);
        }
        if card.age_recipient != json.age_recipient || !is_of_large_order(&card.age_recipient) {
            return Err(CardError::Recipient);
        }
        Ok(card)
    }
}

impl From<Card> for CardJson {
    fn from(card: Card) -> CardJson {
        CardJson {
            name: card.name,
            public_key_pem: card.public_key_pem,
            fingerprint: card.fingerprint,
            age_recipient: card.age_recipient,
        }
    }
}

/// OpenSSH's fingerprint of an Ed25519 key: SHA-256 over the wire form (RFC 8709 §4), in base64 without padding.
fn fingerprint(verifying: &VerifyingKey) -> String {
    format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(ssh_wire(verifying))))
}

/// The wire form of RFC 8709 §4: two strings, each behind its length in four bytes.
fn ssh_wire(verifying: &VerifyingKey) -> Vec<u8> {
    [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), verifying.as_bytes()].concat()
}

/// The points of Curve25519 of small order, as u coordinates in RFC 7748's form with the unused top bit clear. With one of these
/// as recipient the shared secret is zero whatever the sender draws, at which the age crate panics.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Whether a recipient, in the form that age itself writes, is none of the points of small order.
fn is_of_large_order(recipient: &str) -> bool {
    let point = recipient.strip_prefix("age1").and_then(|data| data.get(..52)).and_then(|data| {
        let mut bech32 = Specification::new();
        bech32.symbols.push_str("qpzry9x8gf2tvdw0s3jn54khce6mua7l");
        let bytes = bech32.encoding().ok()?.decode(data.as_bytes()).ok()?;
        <[u8; 32]>::try_from(bytes).ok()
    });
    point.is_some_and(|mut point| {
        point[31] &= 0x7f;
        !SMALL_ORDER.contains(&hex::encode(&point).as_str())
    })
}

/// A name stands in a line of the key file, on terminals and in reports, so it must show itself as it is.
fn check_name(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() {
        Err("is empty")
    } else if name.trim() != name {
        Err("begins or ends with white space")
    } else if sanitize::clean(name) != name {
        Err("is too long or has control or invisible characters")
    } else {
        Ok(())
    }
}

/// A path made fit for a message.
fn show(path: &Path) -> String {
    sanitize::clean(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::atomic_file::Access;
    use crate::support::atomic_file::Existing;
    use proptest::prelude::*;
    use std::process::Command;

    fn key() -> SigningKey {
        SigningKey::generate("Emma's Diary", &[7; 32]).unwrap()
    }

    /// The text of a key file, read back through a file.
    fn read_text(text: &[u8]) -> Result<SigningKey, KeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emma.key");
        atomic_file::write(&path, text, Access::Private, Existing::Keep).unwrap();
        SigningKey::read(&path)
    }

    /// The program, or `None` with a word about it where it is missing; under `CI` it has to be there.
    fn tool(name: &str) -> Option<Command> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
            return Some(Command::new(name));
        }
        assert!(std::env::var_os("CI").is_none(), "`{name}` is not installed");
        eprintln!("skipped: `{name}` is not installed");
        None
    }

    /// A card's JSON with one member changed.
    fn altered(change: impl FnOnce(&mut Value)) -> Result<Card, CardError> {
        let mut json = serde_json::from_slice(&key().card().to_json()).unwrap();
        change(&mut json);
        Card::parse(json.to_string().as_bytes())
    }

    #[test]
    fn a_key_file_reads_back() {
        let key = key();
        let again = read_text(key.to_file_text().as_bytes()).unwrap();
        assert_eq!(again.card(), key.card());
        assert_eq!(again.name(), "Emma's Diary");
        assert_eq!(again.to_file_text(), key.to_file_text());
        assert!(key.card().verify(b"message", &again.sign(b"message")));
        let windows = key.to_file_text().replace('\n', "\r\n");
        assert_eq!(read_text(windows.as_bytes()).unwrap().card(), key.card());
    }

    #[test]
    fn nothing_secret_shows_in_debug() {
        assert_eq!(format!("{:?}", key()), "SigningKey(…)");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emma.key");
        atomic_file::write(&path, key().to_file_text().as_bytes(), Access::Public, Existing::Keep).unwrap();
        assert!(matches!(SigningKey::read(&path), Err(KeyError::Shared { .. })));
        assert!(matches!(SigningKey::read(&folder.path().join("none")), Err(KeyError::Read { .. })));
    }

    #[test]
    fn a_file_that_is_not_quite_a_key_is_refused() {
        let text = key().to_file_text();
        let age = text.lines().find(|line| line.starts_with(AGE_LINE)).unwrap();
        let damaged: Vec<String> = vec![
            String::new(),
            text.replace(NAME_LINE, "# "),
            text.replace("Emma's", "Emma\u{202e}s"),
            text.replace(age, ""),
            text.replace(age, &age.to_lowercase()),
            text.replace(age, &format!("{AGE_LINE}QQQQ")),
            text.replace(PEM_END, ""),
            text.replace(PEM_BEGIN, ""),
            text.replace("MC4CAQ", "MC5CAQ"),
            format!("{}{}", *text, *text),
            format!("{}{age}\n", *text),
            format!("{}more\n", *text),
            format!("{}#{}\n", *text, "-".repeat(LONGEST_FILE)),
        ];
        for text in damaged {
            let error = read_text(text.as_bytes()).unwrap_err();
            assert!(matches!(error, KeyError::NotAKey { .. }), "{error}");
            assert!(!error.to_string().contains(age));
        }
        assert!(matches!(read_text(b"\xff\xfe"), Err(KeyError::NotAKey { .. })));
    }

    #[test]
    fn names_that_would_not_show_as_they_are_are_refused() {
        for name in ["", " ", " Emma", "Emma\n", "Em\u{1b}[31mma", "Em\nma", "x\u{202e}y", &"x".repeat(201)] {
            assert!(matches!(SigningKey::generate(name, &[7; 32]), Err(KeyError::Name { .. })), "{name:?}");
        }
        for name in ["Emma's Diary", "# name: x", "AGE-SECRET-KEY-1", "名前", "-----BEGIN PRIVATE KEY-----"] {
            let key = SigningKey::generate(name, &[7; 32]).unwrap();
            assert_eq!(read_text(key.to_file_text().as_bytes()).unwrap().name(), name);
        }
    }

    #[test]
    fn a_card_reads_back_and_its_json_is_fixed() {
        let card = key().card();
        assert_eq!(Card::parse(&card.to_json()).unwrap(), card);
        assert_eq!(serde_json::from_str::<Card>(&serde_json::to_string(&card).unwrap()).unwrap(), card);
        let fixed = format!(
            "{{\n  \"name\": \"Emma's Diary\",\n  \"publicKeyPem\": \"{}\",\n  \"fingerprint\": \"{}\",\n  \"ageRecipient\": \"{}\"\n}}\n",
            card.public_key_pem().replace('\n', "\\n"),
            card.fingerprint(),
            card.age_recipient()
        );
        assert_eq!(String::from_utf8(card.to_json()).unwrap(), fixed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emma.card.json");
        std::fs::write(&path, card.to_json()).unwrap();
        assert_eq!(Card::read(&path).unwrap(), card);
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(Card::read(&path), Err(CardError::File { .. })));
    }

    #[test]
    fn a_card_whose_parts_do_not_fit_is_refused() {
        let other = SigningKey::generate("Other", &[8; 32]).unwrap().card();
        assert!(matches!(altered(|json| json["fingerprint"] = other.fingerprint().into()), Err(CardError::Fingerprint)));
        assert!(matches!(altered(|json| json["publicKeyPem"] = other.public_key_pem().into()), Err(CardError::Fingerprint)));
        assert!(matches!(altered(|json| json["name"] = "a\u{7}".into()), Err(CardError::Name { .. })));
        assert!(matches!(altered(|json| json["more"] = 1.into()), Err(CardError::Json(_))));
        assert!(matches!(altered(|json| json["name"] = Value::Null), Err(CardError::Json(_))));
        let upper = key().card().age_recipient().to_uppercase();
        assert!(matches!(altered(|json| json["ageRecipient"] = upper.into()), Err(CardError::Recipient)));
        assert!(matches!(altered(|json| json["ageRecipient"] = "age1".into()), Err(CardError::Recipient)));
        for pem in [
            String::new(),
            format!("note\n{}", other.public_key_pem()),
            other.public_key_pem().replace("PUBLIC", "PRIVATE"),
            // An X25519 key, and the identity element, with which every message has a valid signature.
            spki("302a300506032b656e032100", &[9; 32]),
            spki("302a300506032b6570032100", &[[1].as_slice(), &[0; 31]].concat()),
        ] {
            assert!(matches!(altered(|json| json["publicKeyPem"] = pem.clone().into()), Err(CardError::PublicKey)), "{pem}");
        }
        assert!(matches!(Card::parse(&vec![b' '; LONGEST_FILE + 1]), Err(CardError::TooLong)));
        let doubled = String::from_utf8(key().card().to_json()).unwrap().replacen('{', "{\"name\":\"x\",", 1);
        assert!(matches!(Card::parse(doubled.as_bytes()), Err(CardError::Json(JsonError::Duplicate { .. }))));
    }

    /// An SPKI block of the given DER head and key.
    fn spki(head: &str, key: &[u8]) -> String {
        let der = [&hex::decode::<12>(head).unwrap(), key].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", data_encoding::BASE64.encode(&der))
    }

    #[test]
    fn recipients_at_which_age_would_panic_are_refused() {
        for (point, top_bit) in SMALL_ORDER.iter().flat_map(|point| [(point, 0), (point, 0x80)]) {
            let mut point: [u8; 32] = hex::decode(point).unwrap();
            point[31] |= top_bit;
            let recipient = bech32("age", &point);
            recipient.parse::<Recipient>().unwrap();
            assert!(matches!(altered(|json| json["ageRecipient"] = recipient.into()), Err(CardError::Recipient)));
        }
        assert!(bech32("age", &[9; 32]).parse::<Recipient>().is_ok_and(|recipient| is_of_large_order(&recipient.to_string())));
    }

    /// Bech32 (BIP 173) of 32 bytes, for recipients that age itself would not write.
    fn bech32(prefix: &str, bytes: &[u8; 32]) -> String {
        const SYMBOLS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
        let groups: Vec<u8> = (0..52).map(|group| (0..5).fold(0, |value, at| value << 1 | bit(group * 5 + at))).collect();
        let head = prefix.bytes().map(|byte| byte >> 5).chain([0]).chain(prefix.bytes().map(|byte| byte & 31));
        let checksum = head.chain(groups.iter().copied()).chain([0; 6]).fold(1u32, |sum, value| {
            let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
            let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
            generators.iter().enumerate().filter(|(at, _)| sum >> 25 >> at & 1 == 1).fold(next, |next, (_, by)| next ^ by)
        }) ^ 1;
        let tail = (0..6).map(|at| (checksum >> (5 * (5 - at)) & 31) as u8);
        let data = groups.iter().copied().chain(tail).map(|value| char::from(SYMBOLS[usize::from(value)]));
        format!("{prefix}1{}", data.collect::<String>())
    }

    #[test]
    fn the_fingerprint_is_that_of_openssh() {
        let card = key().card();
        assert_eq!(card.fingerprint(), "SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE");
        let Some(mut keygen) = tool("ssh-keygen") else { return };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emma.pub");
        let wire = data_encoding::BASE64.encode(&ssh_wire(&card.verifying));
        std::fs::write(&path, format!("ssh-ed25519 {wire} emma\n")).unwrap();
        let output = keygen.arg("-lf").arg(&path).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(&format!(" {} ", card.fingerprint())));
    }

    #[test]
    fn openssl_reads_the_key_file() {
        let Some(mut openssl) = tool("openssl") else { return };
        let key = key();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emma.key");
        atomic_file::write(&path, key.to_file_text().as_bytes(), Access::Private, Existing::Keep).unwrap();
        let output = openssl.args(["pkey", "-pubout", "-in"]).arg(&path).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), key.card().public_key_pem());
        let output = Command::new("openssl").args(["pkey", "-noout", "-text", "-in"]).arg(&path).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().starts_with("ED25519 Private-Key:"));
    }

    #[test]
    fn only_the_owner_s_signature_over_the_same_bytes_holds() {
        let key = key();
        let signature = key.sign(b"message");
        assert!(key.card().verify(b"message", &signature));
        assert!(!key.card().verify(b"massage", &signature));
        assert!(!key.card().verify(b"message", &signature[..63]));
        assert!(!SigningKey::generate("Other", &[8; 32]).unwrap().card().verify(b"message", &signature));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_seed_and_plain_name_round_trip(seed: [u8; 32], name in "[!-~é][ -~é]{0,40}[!-~é]") {
            let key = SigningKey::generate(&name, &seed).unwrap();
            let parts = KeyParts::find(&key.to_file_text()).map(|parts| (parts.name.to_owned(), parts.pem.to_string())).unwrap();
            prop_assert_eq!(parts, (name, key.pem.to_string()));
            prop_assert_eq!(Card::parse(&key.card().to_json()).unwrap(), key.card());
        }

        #[test]
        fn no_text_panics(text in "(?s).{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = KeyParts::find(&text);
            let _ = is_of_large_order(&text);
            let _ = is_of_large_order(&format!("age1{text}"));
            prop_assert!(Card::parse(&bytes).is_err());
        }
    }
}
