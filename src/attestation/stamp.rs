//! Time stamps of RFC 3161: what an authority is asked, and what its answer says.
//!
//! The structures are declared after RFC 3161 §2.4 and read by `der`; the container around the answer is that of `cms` (RFC 5652). Of an answer
//! everything is checked that needs nobody's trust: its form, what it is over, and that the key of a certificate in it has signed it. Whether that
//! certificate belongs to an authority whom anybody should believe, is not looked at: `openssl ts -verify` does, with the certificates of those whom
//! its user trusts.

use crate::support::hex;
use crate::support::time;
use cms::cert::x509::Certificate;
use cms::cert::x509::attr::Attributes;
use cms::cert::x509::ext::Extension;
use cms::cert::x509::ext::pkix::ExtendedKeyUsage;
use cms::cert::x509::ext::pkix::SubjectKeyIdentifier;
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::content_info::CmsVersion;
use cms::content_info::ContentInfo;
use cms::signed_data::EncapsulatedContentInfo;
use cms::signed_data::SignerIdentifier;
use cms::signed_data::SignerInfo;
use cms::signed_data::SignerInfos;
use der::Any;
use der::Decode;
use der::Encode;
use der::Sequence;
use der::Tag;
use der::Tagged;
use der::asn1::BitString;
use der::asn1::Int;
use der::asn1::ObjectIdentifier;
use der::asn1::OctetString;
use jiff::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::alg_id;
use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

/// The longest request or answer that is read, in bytes. Answers have some thousands, most of them certificates.
pub(crate) const LONGEST: usize = 64 << 10;

/// Bytes of the number by which an answer is known to be that to its request.
pub(crate) const NONCE_BYTES: usize = 8;

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
/// `id-signedData`, RFC 5652 §5.1.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `id-ct-TSTInfo`, RFC 3161 §2.4.2.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// The attributes `content-type` and `message-digest`, RFC 5652 §11.
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// The attributes that name the authority's certificate by its digest: SHA-1 (RFC 2634 §5.4) or another (RFC 5035 §3).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// `id-kp-timeStamping`, RFC 3161 §2.3.
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// `rsaEncryption` and the signatures with it, which is said in either way (RFC 3370 §3.2).
const RSA: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"),
];

/// Why a request or an answer was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum StampError {
    /// The person's fault: another file, most likely.
    #[error("it is longer than {LONGEST} bytes, which no time stamp is")]
    TooLong,
    /// The person's fault.
    #[error("it is no request for a time stamp")]
    NoRequest,
    /// The person's fault.
    #[error("it is no answer of a time-stamping authority")]
    NoAnswer,
    /// The authority's, or that of the request.
    #[error("the authority gave no time stamp: {reason}")]
    Rejected {
        /// Why, in words.
        reason: String,
    },
    /// The authority's fault, or the file is damaged.
    #[error("the time stamp does not hold together: {problem}")]
    Unsound {
        /// What.
        problem: &'static str,
    },
    /// The request was made by another program.
    #[error("the time stamp is over a digest that is no SHA-256 (algorithm {algorithm})")]
    OtherDigest {
        /// Its object identifier.
        algorithm: String,
    },
}

/// A request, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// SHA-256 of the document.
    pub(crate) imprint: [u8; 32],
    /// Hexadecimal.
    pub(crate) nonce: Option<String>,
    /// Under which policy the time stamp is to be given: an object identifier.
    pub(crate) policy: Option<String>,
    /// Whether the authority's certificate is to be in the answer.
    pub(crate) wants_certificate: bool,
}

/// A time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// SHA-256 of what it is over.
    pub(crate) imprint: [u8; 32],
    /// When, by the authority's clock.
    pub(crate) time: Timestamp,
    /// Under which policy: an object identifier.
    pub(crate) policy: String,
    /// The authority's number of it, hexadecimal.
    pub(crate) serial: String,
    /// That of the request, hexadecimal.
    pub(crate) nonce: Option<String>,
    /// Whose signature it bears.
    pub(crate) signer: Signer,
}

/// What can be said of the signature without trusting anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key of this certificate, which the answer brought along, has signed it.
    Certificate {
        /// To whom it was issued, as it says.
        subject: String,
        /// Its SHA-256, hexadecimal.
        fingerprint: String,
    },
    /// It was not verified.
    Unverified {
        /// Why.
        because: &'static str,
    },
}

/// `MessageImprint`, RFC 3161 §2.4.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

/// `TimeStampReq`, RFC 3161 §2.4.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    req_policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    cert_req: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// `PKIStatusInfo`, RFC 3161 §2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct PkiStatusInfo {
    status: u8,
    #[asn1(optional = "true")]
    status_string: Option<Vec<String>>,
    #[asn1(optional = "true")]
    fail_info: Option<BitString>,
}

/// `TimeStampResp`, RFC 3161 §2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct TimeStampResp {
    status: PkiStatusInfo,
    #[asn1(optional = "true")]
    time_stamp_token: Option<ContentInfo>,
}

/// `SignedData`, RFC 5652 §5.1. That of `cms` refuses the same certificate twice, which OpenSSL's authority sends, and a chain with one odd certificate.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SignedData {
    version: CmsVersion,
    digest_algorithms: Any,
    encap_content_info: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    crls: Option<Vec<Any>>,
    signer_infos: SignerInfos,
}

/// `TSTInfo`, RFC 3161 §2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    /// A `GeneralizedTime`, which may have fractions of a second here and nowhere else.
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// `Accuracy`, RFC 3161 §2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u64>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

/// `SigningCertificate`, RFC 2634 §5.4.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificate {
    certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// `ESSCertID`, RFC 2634 §5.4.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct EssCertId {
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

/// `SigningCertificateV2`, RFC 5035 §3.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// `ESSCertIDv2`, RFC 5035 §4. Without an algorithm it is SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct EssCertIdV2 {
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

impl Request {
    /// The request for a time stamp over what has this SHA-256, as DER. The certificate is asked for, since nobody could verify the signature without.
    pub(crate) fn to_der(imprint: &[u8; 32], nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, StampError> {
        let unsound = |_| StampError::Unsound { problem: "the request cannot be written" };
        // A positive number whose length does not depend on what was drawn: 63 of its 64 bits are random.
        let mut number = [0; NONCE_BYTES + 1];
        number[1..].copy_from_slice(&nonce);
        number[1] |= 0x80;
        let request = TimeStampReq {
            version: 1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA_256, parameters: Some(Any::null()) },
                hashed_message: OctetString::new(imprint.as_slice()).map_err(unsound)?,
            },
            req_policy: None,
            nonce: Some(Int::new(&number).map_err(unsound)?),
            cert_req: true,
            extensions: None,
        };
        request.to_der().map_err(unsound)
    }

    /// Reads one.
    pub(crate) fn read(bytes: &[u8]) -> Result<Request, StampError> {
        if bytes.len() > LONGEST {
            return Err(StampError::TooLong);
        }
        let request = TimeStampReq::from_der(bytes).map_err(|_| StampError::NoRequest)?;
        if request.version != 1 {
            return Err(StampError::NoRequest);
        }
        Ok(Request {
            imprint: imprint(&request.message_imprint)?,
            nonce: request.nonce.as_ref().map(number),
            policy: request.req_policy.map(|policy| policy.to_string()),
            wants_certificate: request.cert_req,
        })
    }
}

impl Stamp {
    /// Reads an answer, and checks whatever can be checked from within.
    pub(crate) fn read(bytes: &[u8]) -> Result<Stamp, StampError> {
        if bytes.len() > LONGEST {
            return Err(StampError::TooLong);
        }
        let answer = TimeStampResp::from_der(bytes).map_err(|_| StampError::NoAnswer)?;
        // `granted` and `grantedWithMods`: then there must be a token, and otherwise there must be none.
        if answer.status.status > 1 {
            return Err(StampError::Rejected { reason: rejection(&answer.status) });
        }
        let unsound = |problem| StampError::Unsound { problem };
        let token = answer.time_stamp_token.ok_or(unsound("the authority grants one and gives none"))?;
        if token.content_type != SIGNED_DATA {
            return Err(unsound("it is no signed data"));
        }
        let container: SignedData = token.content.decode_as().map_err(|_| unsound("its signed data are not in their form"))?;
        let content = &container.encap_content_info;
        let (true, Some(content)) = (content.econtent_type == TST_INFO, &content.econtent) else {
            return Err(unsound("what is signed is no time stamp"));
        };
        let content: OctetString = content.decode_as().map_err(|_| unsound("what is signed is no time stamp"))?;
        let signer = check_signature(&container, content.as_bytes())?;
        let info = TstInfo::from_der(content.as_bytes()).map_err(|_| unsound("what is signed is no time stamp"))?;
        if info.version != 1 {
            return Err(unsound("it is of another version than 1"));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(unsound("it holds an extension that must be understood, and is not"));
        }
        Ok(Stamp {
            imprint: imprint(&info.message_imprint)?,
            time: generalized(&info.gen_time).ok_or(unsound("its time is none"))?,
            policy: info.policy.to_string(),
            serial: number(&info.serial_number),
            nonce: info.nonce.as_ref().map(number),
            signer,
        })
    }

    /// Whether it may be the answer to a request: over the same digest, and with the same nonce where that had one (RFC 3161 §2.4.2).
    pub(crate) fn answers(&self, request: &Request) -> bool {
        self.imprint == request.imprint && (request.nonce.is_none() || self.nonce == request.nonce)
    }
}

/// Whether a file may be an answer or a request: a SEQUENCE whose first element is a SEQUENCE (the status) or the version 1.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    if TimeStampReq::from_der(bytes).is_ok_and(|request| request.version == 1) {
        return Some(Kind::Request);
    }
    TimeStampResp::from_der(bytes).is_ok().then_some(Kind::Answer)
}

/// What a file of RFC 3161 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `.tsq`.
    Request,
    /// `.tsr`.
    Answer,
}

/// The SHA-256 that is stamped.
fn imprint(imprint: &MessageImprint) -> Result<[u8; 32], StampError> {
    let algorithm = imprint.hash_algorithm.oid;
    if algorithm != SHA_256 {
        return Err(StampError::OtherDigest { algorithm: algorithm.to_string() });
    }
    let digest = imprint.hashed_message.as_bytes().try_into();
    digest.map_err(|_| StampError::Unsound { problem: "its digest has not the length of a SHA-256" })
}

/// A number in hexadecimal, without the zero that keeps it positive.
fn number(number: &Int) -> String {
    let bytes = number.as_bytes();
    hex::encode(if bytes.len() > 1 { bytes.strip_prefix(&[0]).unwrap_or(bytes) } else { bytes })
}

/// `YYYYMMDDhhmmss[.s…]Z`, as RFC 3161 §2.4.2 narrows it.
fn generalized(time: &Any) -> Option<Timestamp> {
    let text = std::str::from_utf8(time.value()).ok().filter(|_| time.tag() == Tag::GeneralizedTime)?;
    let (whole, fraction) = text.strip_suffix('Z')?.split_at_checked(14)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_fraction =
        fraction.is_empty() || fraction.strip_prefix('.').is_some_and(|digits| is_number(digits) && !digits.is_empty());
    if !is_number(whole) || !is_fraction {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to).unwrap_or_default();
    let (day, clock) = ((part(0, 4), part(4, 6), part(6, 8)), (part(8, 10), part(10, 12), part(12, 14)));
    // The fraction adds nothing to what a time stamp is asked for, and is left away.
    time::parse(&format!("{}-{}-{}T{}:{}:{}Z", day.0, day.1, day.2, clock.0, clock.1, clock.2))
}

/// Why the authority refused, in words. What it says itself is made harmless where it is shown.
fn rejection(status: &PkiStatusInfo) -> String {
    let word = match status.status {
        2 => "rejected",
        3 => "it is waited for",
        4 => "a revocation is coming",
        5 => "a revocation was made",
        _ => "a status that RFC 3161 does not know",
    };
    // The bits of RFC 3161 §2.4.2.
    let bits = [
        (0, "the algorithm is not supported"),
        (2, "the request is not permitted"),
        (5, "the request has another form"),
        (14, "the authority's clock is not available"),
        (15, "the policy is not supported"),
        (16, "the extension is not supported"),
        (17, "what else was asked for is not available"),
        (25, "the authority's system failed"),
    ];
    let has = |bit: usize| {
        status
            .fail_info
            .as_ref()
            .and_then(|bits| bits.raw_bytes().get(bit / 8))
            .is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
    };
    let named = bits.into_iter().filter(|(bit, _)| has(*bit)).map(|(_, words)| words.to_owned());
    let said = status.status_string.iter().flatten().map(|text| format!("\"{text}\""));
    let parts: Vec<String> = std::iter::once(word.to_owned()).chain(named).chain(said).collect();
    parts.join("; ")
}

/// Checks the one signature over the content by the certificate that is in the container, as RFC 5652 §5.4 to §5.6 has it.
fn check_signature(signed: &SignedData, content: &[u8]) -> Result<Signer, StampError> {
    let unsound = |problem| StampError::Unsound { problem };
    let [info] = signed.signer_infos.0.as_slice() else {
        return Err(unsound("it bears another number of signatures than one"));
    };
    let attributes = info.signed_attrs.as_ref().ok_or(unsound("its signature has no attributes"))?;
    let kind = attribute(attributes, CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err(unsound("its signature is for something else than a time stamp"));
    }
    let Some(digest) = digest(info.digest_alg.oid, content) else {
        return Ok(Signer::Unverified { because: "its digest is of another algorithm than SHA-256, SHA-384 and SHA-512" });
    };
    let named = attribute(attributes, MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
    if named.is_none_or(|named| named.as_bytes() != digest) {
        return Err(unsound("its signature is over another content"));
    }
    let Some((certificate, der)) = certificate(signed, &info.sid) else {
        return Ok(Signer::Unverified { because: "the authority's certificate is not in it, or cannot be read" });
    };
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>().ok().flatten();
    if !usage.is_some_and(|(_, usage)| usage.0.contains(&TIME_STAMPING)) {
        return Err(unsound("the certificate in it is not one for time stamps"));
    }
    if !names(attributes, &der) {
        return Err(unsound("its signature is by another certificate than the one in it"));
    }
    let message = attributes.to_der().map_err(|_| unsound("its signature's attributes are not in their form"))?;
    if let Some(because) = verify(&certificate, info, &message)? {
        return Ok(Signer::Unverified { because });
    }
    Ok(Signer::Certificate {
        subject: certificate.tbs_certificate.subject.to_string(),
        fingerprint: hex::encode(&Sha256::digest(der)),
    })
}

/// The one value of an attribute.
fn attribute(attributes: &Attributes, oid: ObjectIdentifier) -> Option<&Any> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let (Some(attribute), None) = (found.next(), found.next()) else { return None };
    let [value] = attribute.values.as_slice() else { return None };
    Some(value)
}

/// The digest of an algorithm that is known.
fn digest(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        SHA_256 => Some(Sha256::digest(bytes).to_vec()),
        SHA_384 => Some(Sha384::digest(bytes).to_vec()),
        SHA_512 => Some(Sha512::digest(bytes).to_vec()),
        _ => None,
    }
}

/// Whether the signature names this certificate as the one by which it was made, which RFC 3161 §2.4.1 and RFC 5816 ask for.
fn names(attributes: &Attributes, certificate: &[u8]) -> bool {
    let second = attribute(attributes, SIGNING_CERTIFICATE_V2).and_then(|value| value.decode_as::<SigningCertificateV2>().ok());
    if let Some(named) = second.as_ref().and_then(|named| named.certs.first()) {
        let algorithm = named.hash_algorithm.as_ref().map_or(SHA_256, |algorithm| algorithm.oid);
        return digest(algorithm, certificate).is_some_and(|digest| digest == named.cert_hash.as_bytes());
    }
    let first = attribute(attributes, SIGNING_CERTIFICATE).and_then(|value| value.decode_as::<SigningCertificate>().ok());
    let named = first.as_ref().and_then(|named| named.certs.first());
    named.is_some_and(|named| named.cert_hash.as_bytes() == Sha1::digest(certificate).as_slice())
}

/// The certificate that a signature names, and its bytes.
fn certificate(signed: &SignedData, sid: &SignerIdentifier) -> Option<(Certificate, Vec<u8>)> {
    let is_named = |certificate: &Certificate| {
        let body = &certificate.tbs_certificate;
        match sid {
            SignerIdentifier::IssuerAndSerialNumber(named) => {
                (&body.issuer, &body.serial_number) == (&named.issuer, &named.serial_number)
            }
            SignerIdentifier::SubjectKeyIdentifier(named) => {
                body.get::<SubjectKeyIdentifier>().is_ok_and(|found| found.is_some_and(|(_, found)| found == *named))
            }
        }
    };
    let certificates = signed.certificates.iter().flatten();
    let mut read = certificates.filter_map(|any| Some((any.decode_as::<Certificate>().ok()?, any.to_der().ok()?)));
    read.find(|(certificate, _)| is_named(certificate))
}

/// Verifies a signature; why that cannot be done, where it cannot.
fn verify(certificate: &Certificate, info: &SignerInfo, message: &[u8]) -> Result<Option<&'static str>, StampError> {
    const UNKNOWN: &str = "its signature is of an algorithm that this program does not verify";
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let stated = inside(&info.signature_algorithm);
    let algorithm: &[u8] = if RSA.contains(&info.signature_algorithm.oid) {
        match info.digest_alg.oid {
            SHA_384 => alg_id::RSA_PKCS1_SHA384.as_ref(),
            SHA_512 => alg_id::RSA_PKCS1_SHA512.as_ref(),
            _ => alg_id::RSA_PKCS1_SHA256.as_ref(),
        }
    } else {
        &stated
    };
    let public = inside(&key.algorithm);
    let known = default_provider().signature_verification_algorithms.all;
    let known = known.iter().find(|known| *known.public_key_alg_id() == *public && *known.signature_alg_id() == *algorithm);
    let (Some(known), Some(bits)) = (known, key.subject_public_key.as_bytes()) else { return Ok(Some(UNKNOWN)) };
    match known.verify_signature(bits, message, info.signature.as_bytes()) {
        Ok(()) => Ok(None),
        Err(_) => Err(StampError::Unsound { problem: "its signature is not by the key of the certificate in it" }),
    }
}

/// The DER of an algorithm without the header of its SEQUENCE.
fn inside(algorithm: &AlgorithmIdentifierOwned) -> Vec<u8> {
    Any::encode_from(algorithm).map(|any| any.value().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;

    /// Made by `openssl ts` over `document.txt`: an EC key, an RSA key and a fraction of a second, SHA-384, without certificate, rejected.
    fn file(name: &str) -> Vec<u8> {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stamps").join(name)).unwrap()
    }

    fn document() -> [u8; 32] {
        Sha256::digest(file("document.txt")).into()
    }

    /// The bytes with some that stand in them once replaced.
    fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    }

    fn problem(bytes: &[u8]) -> String {
        Stamp::read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_asked_is_read_back() {
        for nonce in [[0; 8], [0xff; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
            let request = Request::to_der(&document(), nonce).unwrap();
            assert_eq!(kind(&request), Some(Kind::Request));
            let request = Request::read(&request).unwrap();
            assert_eq!((request.imprint, request.policy.clone(), request.wants_certificate), (document(), None, true));
            let nonce = request.nonce.unwrap();
            assert_eq!(nonce.len(), 16);
            assert!(nonce.as_bytes()[0] >= b'8', "{nonce}");
        }
        let theirs = Request::read(&file("granted.tsq")).unwrap();
        assert_eq!((theirs.imprint, theirs.wants_certificate), (document(), true));
    }

    #[test]
    fn answers_are_verified() {
        let request = Request::read(&file("granted.tsq")).unwrap();
        for name in ["granted.tsr", "fraction.tsr"] {
            let bytes = file(name);
            assert_eq!(kind(&bytes), Some(Kind::Answer));
            let stamp = Stamp::read(&bytes).unwrap();
            assert!(stamp.imprint == document() && stamp.answers(&request), "{name}");
            assert_eq!(stamp.policy, "1.3.6.1.4.1.55555.1");
            let Signer::Certificate { subject, fingerprint } = stamp.signer else { panic!("{name}") };
            assert!(subject.contains("Test Time Authority") && fingerprint.len() == 64, "{subject}");
        }
        let bare = Stamp::read(&file("bare.tsr")).unwrap();
        assert!(matches!(bare.signer, Signer::Unverified { .. }));
        assert!(!bare.answers(&request), "another nonce");
        assert!(!bare.answers(&Request { imprint: [0; 32], nonce: None, ..request }), "another document");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(problem(&file("rejected.tsr")).split(':').next().unwrap(), "the authority gave no time stamp");
        assert!(problem(&file("rejected.tsr")).contains("the algorithm is not supported"), "{}", problem(&file("rejected.tsr")));
        assert_eq!(Stamp::read(&file("sha384.tsr")), Err(StampError::OtherDigest { algorithm: SHA_384.to_string() }));
        assert_eq!(Stamp::read(&file("granted.tsq")), Err(StampError::NoAnswer));
        assert_eq!(Request::read(&file("granted.tsr")), Err(StampError::NoRequest));
        assert_eq!(Stamp::read(&vec![0x30; LONGEST + 1]), Err(StampError::TooLong));
        let good = file("granted.tsr");
        // Another document in the time stamp than the one that was signed.
        assert!(problem(&replaced(&good, &document(), &[7; 32])).contains("another content"));
        // A certificate for something else, and one that was altered.
        let time_stamping = TIME_STAMPING.as_bytes();
        let mut server = time_stamping.to_vec();
        *server.last_mut().unwrap() = 1;
        assert!(problem(&replaced(&good, time_stamping, &server)).contains("not one for time stamps"));
        let end = good.len() - 1;
        let mut forged = good.clone();
        forged[end] ^= 1;
        assert!(problem(&forged).contains("not by the key"), "{}", problem(&forged));
        // A status that grants nothing, with a token all the same.
        let mut waiting = good.clone();
        let status = good.windows(3).position(|window| window == [2, 1, 0]).unwrap();
        waiting[status + 2] = 3;
        assert!(problem(&waiting).contains("waited for"));
    }

    #[test]
    fn times_are_those_of_the_rfc() {
        let read = |text: &str| generalized(&Any::new(Tag::GeneralizedTime, text.as_bytes()).unwrap()).map(time::format);
        assert_eq!(read("20170702093000Z").as_deref(), Some("2017-07-02T09:30:00Z"));
        assert_eq!(read("20170702093000.808Z").as_deref(), Some("2017-07-02T09:30:00Z"));
        for text in [
            "",
            "Z",
            "20170702093000",
            "201707020930Z",
            "20170702093000.Z",
            "20171302093000Z",
            "20170702093000+0100",
            "2017070209300é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(generalized(&Any::new(Tag::UtcTime, b"20170702093000Z".as_slice()).unwrap()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (kind(&bytes), Stamp::read(&bytes), Request::read(&bytes));
        }

        /// No altered answer says another document or time with a signature that holds.
        #[test]
        fn what_is_altered_is_not_believed(at in any::<prop::sample::Index>(), bit in 0..8_u8, is_rsa in any::<bool>()) {
            let good = file(if is_rsa { "fraction.tsr" } else { "granted.tsr" });
            let known = Stamp::read(&good).unwrap();
            let mut bytes = good;
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            if let Ok(stamp) = Stamp::read(&bytes) && stamp.signer != known.signer {
                let is_unverified = matches!(stamp.signer, Signer::Unverified { .. });
                prop_assert!(is_unverified);
            } else if let Ok(stamp) = Stamp::read(&bytes) {
                prop_assert_eq!(stamp, known);
            }
        }
    }
}
