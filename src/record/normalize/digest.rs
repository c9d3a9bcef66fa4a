//! Digests of e-mail addresses, as advertising networks and mailing services exchange them: MD5, SHA-1 or SHA-256, without a salt.
//!
//! The supply's side makes them of addresses ([`of_email`]); a recipient's side finds what has the length of one ([`find`]), and never makes any. They
//! are for comparison: nothing here is protected by MD5 or SHA-1, and a digest of an address protects nobody.

use crate::record::normalize::Reading;
use crate::record::normalize::armour;
use crate::record::normalize::email;
use data_encoding::HEXLOWER;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;

/// What an address is hashed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 32 bytes.
    Sha256,
}

/// The shortest way to write a digest: 16 bytes in base64.
const SHORTEST: usize = 22;

/// Signs of the longest: 32 bytes in hexadecimal, with `0x` before them.
const LONGEST: usize = 66;

/// Digests that are taken from one cell.
const MOST: usize = 64;

impl Algorithm {
    /// All of them.
    pub(crate) const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256];

    /// The words for them, in the order of [`Algorithm::ALL`].
    pub(crate) const WORDS: [&str; 3] = ["md5", "sha1", "sha256"];

    /// The algorithm of a word.
    pub(crate) fn parse(word: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().zip(Algorithm::WORDS).find(|(_, known)| *known == word).map(|(algorithm, _)| algorithm)
    }

    /// The digits of its digests.
    pub(crate) const fn digits(self) -> usize {
        match self {
            Algorithm::Md5 => 32,
            Algorithm::Sha1 => 40,
            Algorithm::Sha256 => 64,
        }
    }

    fn digest(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => HEXLOWER.encode(&Md5::digest(text)),
            Algorithm::Sha1 => HEXLOWER.encode(&Sha1::digest(text)),
            Algorithm::Sha256 => HEXLOWER.encode(&Sha256::digest(text)),
        }
    }
}

/// The digests, in small hexadecimal, of a supplied cell's address: of its canonical form, and of the address as it stands, in lower case, where that is
/// another. Nearly all who hash addresses do so after the one or the other.
pub(crate) fn of_email(cell: &str, emit: &mut dyn FnMut(&str)) {
    let mut canonical = String::new();
    if email::canonical(cell, &mut canonical) != Reading::Value {
        return;
    }
    let plain = cell.trim().to_lowercase();
    let is_one =
        !plain.contains(char::is_whitespace) && plain.matches('@').count() == 1 && !plain.contains([':', '<', ',', ';', '"']);
    let other = (is_one && plain != canonical).then_some(plain);
    for text in std::iter::once(&canonical).chain(&other) {
        for algorithm in Algorithm::ALL {
            emit(&algorithm.digest(text));
        }
    }
}

/// What may be a digest in a cell, in small hexadecimal, wherever it stands: in hexadecimal of either case, in base64, or written as a UUID.
pub(crate) fn find(cell: &str, emit: &mut dyn FnMut(&str)) {
    if cell.len() < SHORTEST {
        return;
    }
    let mut count = 0;
    let mut take = |bytes: Option<Vec<u8>>| {
        let bytes =
            bytes.filter(|bytes| count < MOST && Algorithm::ALL.iter().any(|algorithm| algorithm.digits() == bytes.len() * 2));
        if let Some(bytes) = &bytes {
            count += 1;
            emit(&HEXLOWER.encode(bytes));
        }
        bytes.is_some()
    };
    armour::each_run(cell.as_bytes(), |start, end| {
        let run = cell[start..end].trim_end_matches('=');
        if (SHORTEST..=LONGEST).contains(&run.len()) {
            let is_uuid = run.len() == 36 && run.matches('-').count() == 4;
            let whole = if is_uuid { armour::hex(&run.replace('-', "")) } else { hexadecimal(run) };
            if take(whole) {
                return;
            }
            take(armour::base64(run));
        }
        // A path, or a name and a digest.
        for piece in run.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|piece| piece.len() < run.len()) {
            if (Algorithm::Md5.digits()..=LONGEST).contains(&piece.len()) {
                take(hexadecimal(piece));
            }
        }
    });
}

fn hexadecimal(token: &str) -> Option<Vec<u8>> {
    armour::hex(token.strip_prefix("0x").or_else(|| token.strip_prefix('x')).unwrap_or(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    fn of(cell: &str) -> Vec<String> {
        let mut digests = Vec::new();
        of_email(cell, &mut |digest| digests.push(digest.to_owned()));
        digests
    }

    fn found(cell: &str) -> Vec<String> {
        let mut digests = Vec::new();
        find(cell, &mut |digest| digests.push(digest.to_owned()));
        digests
    }

    /// Digests of the tools `md5sum`, `sha1sum` and `sha256sum`.
    const ANN: [&str; 3] = [
        "a98c4b8a5e3d416ef700cef9b70761b4",
        "67efafaeed9a35484e3dccd6c52c1f0a717a620b",
        "9e85d51db0bf611e5c56baf816cea2b61f555437cd309d1a45348e010fd0fa55",
    ];

    #[test]
    fn addresses_are_hashed_as_others_do() {
        assert_eq!(of(" Ann@Lee.Example "), ANN);
        assert_eq!(of("ann+shop@lee.example").len(), 6);
        assert_eq!(of("ann+shop@lee.example")[..3], ANN);
        assert_eq!(of("Ann Lee <ann@lee.example>"), ANN);
        assert!(of("nobody").is_empty());
        for (algorithm, digest) in Algorithm::ALL.into_iter().zip(ANN) {
            assert_eq!(digest.len(), algorithm.digits());
        }
        assert!(
            Algorithm::ALL.into_iter().zip(Algorithm::WORDS).all(|(algorithm, word)| Algorithm::parse(word) == Some(algorithm))
        );
    }

    #[test]
    fn digests_are_found_however_they_are_written() {
        for digest in ANN {
            let bytes = armour::hex(digest).unwrap();
            for cell in [
                digest.to_owned(),
                digest.to_uppercase(),
                format!("0x{digest}"),
                format!("sha256:{digest}"),
                format!("{{\"h\":\"{digest}\"}}"),
                format!("https://www.gravatar.com/avatar/{digest}?s=80"),
                format!("user_{digest}"),
                BASE64.encode(&bytes),
                BASE64URL_NOPAD.encode(&bytes),
            ] {
                assert!(found(&cell).contains(&digest.to_owned()), "{cell}");
            }
        }
        let digits = ANN[0];
        let uuid = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
        assert_eq!(found(&uuid), [digits]);
        assert!(found("550e8400e29b41d4a71644665544").is_empty() && found("a note of the day").is_empty());
        assert_eq!(found(&format!("{digits} ").repeat(100)).len(), MOST);
    }

    proptest! {
        #[test]
        fn total(cell in any::<String>(), token in "[A-Fa-f0-9+/=_ -]{0,90}", address in "[a-z.+]{0,4}@[a-z.]{0,9}") {
            for cell in [cell, token, address] {
                find(&cell, &mut |_| ());
                of_email(&cell, &mut |_| ());
            }
        }
    }
}
