//! The signed envelope around every statement: DSSE 1.0.2, with one Ed25519 signature.
//!
//! "Protocol" and "Envelope" below are `protocol.md` and `envelope.md` of the specification
//! (<https://github.com/secure-systems-lab/dsse/tree/v1.0.2>). Two departures, both stricter: exactly one signature (the
//! specification allows several; a countersignature of ours is an envelope of its own), and unknown members are refused (Envelope,
//! "Parsing rules", lets consumers ignore them; here nothing in a file goes unseen).

use crate::attestation::JsonError;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::read_typed;
use crate::attestation::read_value;
use crate::support::hex;
use crate::support::sanitize;
use data_encoding::BASE64;
use data_encoding::BASE64_NOPAD;
use data_encoding::BASE64URL;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::fmt;

/// The payload's media type: an in-toto statement in JSON.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest envelope that is read, in bytes: 64 MiB.
pub(crate) const LARGEST_ENVELOPE: usize = 64 << 20;

/// Why an envelope was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EnvelopeError {
    /// The file's fault: no statement is so large.
    #[error("the envelope is larger than 64 MiB")]
    TooLarge,
    /// The file's fault: not the JSON of an envelope.
    #[error("it is not a signed document of residua (an envelope in JSON)")]
    Json(#[from] JsonError),
    /// The file's fault: it is an envelope for something else.
    #[error("it is an envelope for something else: its `payloadType` is not `{PAYLOAD_TYPE}`")]
    PayloadType,
    /// The file's fault: an envelope of ours has one signature.
    #[error("the envelope has {count} signatures, and not one")]
    Signatures { count: usize },
    /// The file's fault: the named member is not base64.
    #[error("`{member}` of the envelope is not base64")]
    Base64 { member: &'static str },
    /// The person's fault, who named another card, or the file's: it says itself that somebody else signed it.
    #[error("signed by the key `{keyid}`, and not by `{expected}`")]
    OtherKey { keyid: String, expected: String },
    /// The file's fault: altered after it was signed, or never signed by this key.
    #[error("the signature does not hold")]
    Signature,
}

/// A signed payload. Its bytes are for parsing only after [`Envelope::verify`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    payload: Vec<u8>,
    keyid: String,
    signature: Vec<u8>,
}

/// An envelope as it stands in the file (Envelope, "Standard JSON envelope").
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnvelopeJson {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

/// One signature. `keyid` is optional, and absent means empty (Envelope, "Parsing rules").
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

impl Envelope {
    /// Signs a payload of [`PAYLOAD_TYPE`] (Protocol, "Protocol", for signing).
    pub(crate) fn sign(payload: Vec<u8>, key: &SigningKey) -> Envelope {
        let signature = key.sign(&pae(PAYLOAD_TYPE, &payload)).to_vec();
        Envelope { payload, keyid: key.fingerprint().to_owned(), signature }
    }

    /// The text of the envelope's file: JSON, with a line feed at its end. The same envelope always gives the same bytes.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let json = serde_json::json!({
            "payload": BASE64.encode(&self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "keyid": self.keyid, "sig": BASE64.encode(&self.signature) }],
        });
        format!("{json:#}\n").into_bytes()
    }

    /// Reads an envelope from the whole of its file. Nothing is verified, and nothing inside the payload is looked at.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
        if bytes.len() > LARGEST_ENVELOPE {
            return Err(EnvelopeError::TooLarge);
        }
        let json: EnvelopeJson = read_typed(bytes, &read_value(bytes)?)?;
        if json.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType);
        }
        let count = json.signatures.len();
        let Ok([signature]) = <[SignatureJson; 1]>::try_from(json.signatures) else {
            return Err(EnvelopeError::Signatures { count });
        };
        Ok(Envelope {
            payload: decode(&json.payload).ok_or(EnvelopeError::Base64 { member: "payload" })?,
            keyid: signature.keyid.unwrap_or_default(),
            signature: decode(&signature.sig).ok_or(EnvelopeError::Base64 { member: "sig" })?,
        })
    }

    /// Checks the signature against a card that was pinned beforehand (Protocol, "Protocol", for verifying). The `keyid` has no
    /// part in it, except that it words the error.
    pub(crate) fn verify(&self, card: &Card) -> Result<Verified<'_>, EnvelopeError> {
        if card.verify(&pae(PAYLOAD_TYPE, &self.payload), &self.signature) {
            return Ok(Verified { payload: &self.payload });
        }
        if self.keyid.is_empty() || self.keyid == card.fingerprint() {
            return Err(EnvelopeError::Signature);
        }
        Err(EnvelopeError::OtherKey { keyid: sanitize::clean(&self.keyid), expected: card.fingerprint().to_owned() })
    }

    /// Takes a payload without a card of its signer, where its file is the one whose SHA-256 a document names that was itself authenticated. So
    /// nobody altered it since; who signed it nobody knows.
    pub(crate) fn vouched(&self, bytes: &[u8], sha256_named: &str) -> Option<Verified<'_>> {
        let is_it = hex::encode(&sha256(bytes)) == sha256_named && Envelope::parse(bytes).is_ok_and(|envelope| envelope == *self);
        is_it.then_some(Verified { payload: &self.payload })
    }

    /// The signer's fingerprint as the file claims it: a hint for finding the card, from whoever wrote the file.
    pub(crate) fn keyid(&self) -> &str {
        &self.keyid
    }

    /// The payload as anybody may have written it: to be shown by `inspect`, and never to be believed.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Envelope({} bytes)", self.payload.len())
    }
}

/// Payload bytes whose signature held, or for which a document vouches whose did: the only way to a statement, so that nothing is parsed before it
/// is authenticated.
#[derive(Clone, Copy)]
pub(crate) struct Verified<'a> {
    payload: &'a [u8],
}

impl<'a> Verified<'a> {
    /// The bytes that were signed.
    pub(crate) fn payload(self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verified({} bytes)", self.payload.len())
    }
}

/// The bytes that are signed: the pre-authentication encoding of Protocol, "Signature Definition".
pub(crate) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The SHA-256 by which one file names another: over the whole file as it lies on the disk.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads base64 in either alphabet (Envelope, "Standard JSON envelope"), with or without padding; a mixture is `None`.
fn decode(text: &str) -> Option<Vec<u8>> {
    let is_for_urls = text.bytes().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = match (is_for_urls, text.ends_with('=')) {
        (false, false) => BASE64_NOPAD,
        (false, true) => BASE64,
        (true, false) => BASE64URL_NOPAD,
        (true, true) => BASE64URL,
    };
    encoding.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn key() -> SigningKey {
        SigningKey::generate("Emma's Diary", &[7; 32]).unwrap()
    }

    fn envelope() -> Envelope {
        Envelope::sign(br#"{"a":"?>~\u00ff"}"#.to_vec(), &key())
    }

    /// The envelope's text with one piece exchanged.
    fn altered(from: &str, to: &str) -> Result<Envelope, EnvelopeError> {
        let text = String::from_utf8(envelope().to_json()).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        Envelope::parse(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        assert_eq!(pae("é", b"x"), "DSSEv1 2 é 1 x".as_bytes());
    }

    #[test]
    fn a_file_that_is_named_is_read_and_no_other() {
        let (one, other) = (envelope(), Envelope::sign(b"{}".to_vec(), &key()));
        let named = |envelope: &Envelope| hex::encode(&sha256(&envelope.to_json()));
        assert_eq!(one.vouched(&one.to_json(), &named(&one)).unwrap().payload(), one.unverified_payload());
        assert!(one.vouched(&one.to_json(), &named(&other)).is_none());
        assert!(one.vouched(&other.to_json(), &named(&other)).is_none());
        assert!(one.vouched(&other.to_json(), &named(&one)).is_none());
    }

    #[test]
    fn the_file_is_always_the_same() {
        let fixed = "{\n  \"payload\": \"e30=\",\n  \"payloadType\": \"application/vnd.in-toto+json\",\n  \"signatures\": [\n    {\n      \
            \"keyid\": \"KEYID\",\n      \"sig\": \"SIG\"\n    }\n  ]\n}\n";
        let envelope = Envelope::sign(b"{}".to_vec(), &key());
        let signature = BASE64.encode(&envelope.signature);
        let fixed = fixed.replace("KEYID", key().fingerprint()).replace("SIG", &signature);
        assert_eq!(String::from_utf8(envelope.to_json()).unwrap(), fixed);
        assert_eq!(Envelope::parse(fixed.as_bytes()).unwrap(), envelope);
        assert_eq!(Envelope::parse(fixed.as_bytes()).unwrap().to_json(), fixed.as_bytes());
    }

    #[test]
    fn any_flipped_bit_is_refused_or_changes_nothing() {
        let card = key().card();
        let envelope = envelope();
        let mut bytes = envelope.to_json();
        let mut opened = 0;
        for index in 0..bytes.len() * 8 {
            bytes[index / 8] ^= 1 << (index % 8);
            if let Ok(parsed) = Envelope::parse(&bytes)
                && let Ok(verified) = parsed.verify(&card)
            {
                assert_eq!(verified.payload(), envelope.payload, "bit {index}");
                opened += 1;
            }
            bytes[index / 8] ^= 1 << (index % 8);
        }
        // White space and the hint can change; nearly everything else cannot.
        assert!((1..bytes.len() * 8 / 4).contains(&opened), "{opened}");
    }

    #[test]
    fn another_key_is_named_and_an_altered_payload_is_not_excused() {
        let other = SigningKey::generate("Other", &[8; 32]).unwrap();
        let error = envelope().verify(&other.card()).unwrap_err();
        assert_eq!(
            error,
            EnvelopeError::OtherKey { keyid: key().fingerprint().to_owned(), expected: other.fingerprint().to_owned() }
        );
        let forged = Envelope { keyid: key().fingerprint().to_owned(), ..Envelope::sign(envelope().payload, &other) };
        assert_eq!(forged.verify(&key().card()).unwrap_err(), EnvelopeError::Signature);
        let hinted = Envelope { keyid: "x\u{1b}[31m".to_owned(), ..envelope() };
        assert!(hinted.verify(&key().card()).is_ok());
        assert!(!hinted.verify(&other.card()).unwrap_err().to_string().contains('\u{1b}'));
        let short = Envelope { signature: vec![0; 3], ..envelope() };
        assert_eq!(short.verify(&key().card()).unwrap_err(), EnvelopeError::Signature);
    }

    #[test]
    fn only_the_one_form_is_read() {
        let form = |outcome: Result<Envelope, EnvelopeError>| matches!(outcome, Err(EnvelopeError::Json(_)));
        assert!(form(altered("{", "{\"more\": 1,")));
        assert!(form(altered("\"keyid\"", "\"cert\": \"x\", \"keyid\"")));
        assert!(form(altered("\"keyid\"", "\"keyid\": \"x\", \"keyid\"")));
        assert!(form(altered("\"payloadType\"", "\"payload\": \"e30=\", \"payloadType\"")));
        assert!(form(altered("\"payload\":", "\"payloads\":")));
        assert!(form(altered("]\n}", "]\n} {}")));
        assert!(form(altered(&format!("\"{}\"", key().fingerprint()), "null")));
        assert_eq!(altered("in-toto+json", "in-toto+JSON"), Err(EnvelopeError::PayloadType));
        assert_eq!(altered("\"keyid\"", "\"sig\": \"\"}, {\"keyid\""), Err(EnvelopeError::Signatures { count: 2 }));
        let signed = String::from_utf8(envelope().to_json()).unwrap();
        let (before, _) = signed.split_once('[').unwrap();
        assert_eq!(Envelope::parse(format!("{before}[]}}").as_bytes()), Err(EnvelopeError::Signatures { count: 0 }));
        let array = format!("[\"e30=\", \"{PAYLOAD_TYPE}\", [{{\"sig\": \"\"}}]]");
        assert!(form(Envelope::parse(array.as_bytes())));
        assert_eq!(Envelope::parse(&vec![b' '; LARGEST_ENVELOPE + 1]), Err(EnvelopeError::TooLarge));
    }

    #[test]
    fn the_hint_may_be_absent() {
        let parsed = altered(&format!("\"keyid\": \"{}\",", key().fingerprint()), "").unwrap();
        assert_eq!(parsed.keyid(), "");
        assert_eq!(parsed.verify(&key().card()).unwrap().payload(), envelope().payload);
        let other = SigningKey::generate("Other", &[8; 32]).unwrap();
        assert_eq!(parsed.verify(&other.card()).unwrap_err(), EnvelopeError::Signature);
    }

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        let envelope = envelope();
        let standard = BASE64.encode(&envelope.payload);
        assert!(standard.contains('+') || standard.contains('/'));
        for encoding in [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD] {
            let text = format!(
                r#"{{"signatures":[{{"sig":"{}"}}],"payloadType":"{PAYLOAD_TYPE}","payload":"{}"}}"#,
                encoding.encode(&envelope.signature),
                encoding.encode(&envelope.payload)
            );
            assert!(Envelope::parse(text.as_bytes()).unwrap().verify(&key().card()).is_ok());
        }
        for text in ["+_==", "e30", "e30=", "", "e3 0", "e31", "e30==", "e\n30", "====", "é", "a"] {
            assert_eq!(decode(text).is_some(), ["e30", "e30=", ""].contains(&text), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_payload() {
        let envelope = Envelope::sign(b"CANARY".to_vec(), &key());
        assert_eq!(format!("{envelope:?}"), "Envelope(6 bytes)");
        assert_eq!(format!("{:?}", envelope.verify(&key().card()).unwrap()), "Verified(6 bytes)");
    }

    #[test]
    fn openssl_verifies_the_signature() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join("openssl").is_file()) {
            assert!(std::env::var_os("CI").is_none(), "`openssl` is not installed");
            eprintln!("skipped: `openssl` is not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        let envelope = Envelope::parse(&envelope().to_json()).unwrap();
        write("pem", key().card().public_key_pem().as_bytes());
        write("sig", &envelope.signature);
        write("pae", &pae(PAYLOAD_TYPE, &envelope.payload));
        let verify = || {
            let arguments = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pem", "-sigfile", "sig", "-in", "pae"];
            Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap().status.success()
        };
        assert!(verify());
        write("pae", b"something else");
        assert!(!verify());
    }

    #[test]
    fn digests_are_sha256() {
        assert_eq!(
            crate::support::hex::encode(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_payload_and_hint_round_trip(payload in prop::collection::vec(any::<u8>(), 0..300), keyid in "(?s).{0,20}") {
            let envelope = Envelope { keyid, ..Envelope::sign(payload.clone(), &key()) };
            let parsed = Envelope::parse(&envelope.to_json()).unwrap();
            prop_assert_eq!(parsed.verify(&key().card()).unwrap().payload(), payload);
            prop_assert_eq!(parsed, envelope);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[A-Za-z0-9+/_=-]{0,20}") {
            prop_assert!(Envelope::parse(&bytes).is_err());
            let _ = decode(&text);
        }
    }
}
