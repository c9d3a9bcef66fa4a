//! What cannot be seen: digests, encrypted and binary values, numbers that a spreadsheet cut short. A cell of such a shape holds nothing that could be compared,
//! and a column of them may be anybody's e-mail addresses all the same.
//!
//! Not opaque is what nobody can join by, or what is of no person: hashes of passwords, which are salted; UUIDs made at random or of the time; keys
//! shorter than 16 bytes. One token in a longer text is not either. A cell in JSON counts where more than half of it is opaque.

use crate::record::normalize::armour;

/// Why a cell cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opaque {
    /// A digest: MD5, the SHA family, BLAKE, RIPEMD, CRC no more.
    Hashed,
    /// 32 digits of which a random UUID without its hyphens has the fixed ones, and one digest in 64.
    Uuid,
    /// Bytes in base64, base 32 or hexadecimal that are no readable text: encrypted, packed, or a picture.
    Encoded,
    /// A word in base64 that is too short to be read as one: any word may be.
    Short,
    /// A number in scientific notation, of the size of telephone numbers and identifiers.
    Rounded,
}

/// Bytes of digests.
const DIGESTS: [usize; 6] = [16, 20, 28, 32, 48, 64];

/// Bytes of the shortest value that is called opaque, and how it is written at the least.
const SHORTEST: usize = 16;
const SHORTEST_TOKEN: usize = 22;

/// The longest number in scientific notation, and the powers of ten of telephone numbers and identifiers.
const LONGEST_NUMBER: usize = 26;
const POWERS: std::ops::RangeInclusive<u32> = 9..=15;

/// Bytes of a long token by which it is judged.
const TASTE: usize = 1_024;

/// How the hashes of passwords begin, in the notations of `crypt`, Django, Werkzeug, LDAP and ASP.NET.
const PASSWORDS: [&str; 32] = [
    "$1$",
    "$2$",
    "$2a$",
    "$2b$",
    "$2x$",
    "$2y$",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$gy$",
    "$apr1$",
    "$argon2",
    "$scrypt$",
    "$pbkdf2",
    "$P$",
    "$H$",
    "$S$",
    "$8$",
    "$9$",
    "bcrypt",
    "argon2",
    "scrypt$",
    "scrypt:",
    "pbkdf2_",
    "pbkdf2:",
    "sha1$",
    "{SSHA",
    "{CRYPT}",
    "{ARGON2",
    "AQAAAAEAA",
    "AQAAAAIAA",
];

/// Why a cell cannot be seen, if it cannot. Next to nothing for cells that are short or begin as a text does.
pub(crate) fn opaque(cell: &str) -> Option<Opaque> {
    let written = cell.trim();
    let cell = written.trim_start_matches('=').trim_matches([' ', '"', '\'']);
    if cell.len() <= LONGEST_NUMBER && is_rounded(cell) {
        return Some(Opaque::Rounded);
    }
    if cell.len() < SHORTEST_TOKEN {
        return is_short(cell).then_some(Opaque::Short);
    }
    if cell.starts_with(['{', '[']) && !PASSWORDS.iter().any(|start| cell.starts_with(start)) {
        return of_text(cell);
    }
    let head = &cell.as_bytes()[..SHORTEST_TOKEN];
    if head.iter().any(|byte| matches!(byte, b' ' | b'@' | b'\t') || !byte.is_ascii()) {
        let is_armoured = cell.starts_with("-----BEGIN PGP MESSAGE") || cell.starts_with("-----BEGIN AGE ENCRYPTED");
        return is_armoured.then_some(Opaque::Encoded);
    }
    if cell.contains("gravatar.com/") {
        // Its pictures are called by the digest of an address.
        return share(cell.split(['/', '?']), 0);
    }
    if cell.contains("://") || PASSWORDS.iter().any(|start| cell.starts_with(start)) {
        return None;
    }
    let folded;
    let mut cell = cell;
    if cell.contains('\n') {
        folded = cell.replace(['\r', '\n'], "");
        cell = &folded;
    }
    if is_uuid(cell) {
        return is_of_digest(cell).then_some(Opaque::Hashed);
    }
    if let Some((_, ending)) = cell.rsplit_once('.')
        && ending.len() <= 5
    {
        // The name of a file.
        return None;
    }
    if cell.starts_with("eyJ") && cell.matches('.').count() == 2 {
        // A signed token: its payload is read, its signature says nothing.
        let is_read = cell.split('.').nth(1).is_some_and(|payload| armour::text_of(payload).is_some());
        return (!is_read).then_some(Opaque::Encoded);
    }
    share(cell.split([':', '$', '|', ',', ';', '.', '}']).flat_map(|part| part.split("--")), cell.len())
}

/// As [`opaque`], of JSON and of lists.
fn of_text(cell: &str) -> Option<Opaque> {
    share(cell.split(|sign: char| !sign.is_ascii() || !armour::is_sign(sign as u8) && sign != '='), cell.len())
}

/// What most of a cell is, of its parts.
fn share<'p>(parts: impl Iterator<Item = &'p str>, length: usize) -> Option<Opaque> {
    let (mut covered, mut longest, mut kind) = (0, 0, None);
    for part in parts.filter(|part| part.len() >= SHORTEST_TOKEN) {
        if let Some(found) = token(part) {
            covered += part.len();
            if part.len() > longest {
                (longest, kind) = (part.len(), Some(found));
            }
        }
    }
    kind.filter(|_| covered * 2 > length)
}

/// What a token is, that is neither readable nor a word.
fn token(token: &str) -> Option<Opaque> {
    let bare = token.trim_end_matches('=');
    if bare.len() < SHORTEST_TOKEN || !bare.bytes().all(armour::is_sign) {
        return None;
    }
    let of_bytes = |length: usize| if DIGESTS.contains(&length) { Opaque::Hashed } else { Opaque::Encoded };
    let hexadecimal = bare.strip_prefix("0x").or_else(|| bare.strip_prefix('x')).unwrap_or(bare);
    if hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        // Text in hexadecimal is found as text; numbers, however long, are numbers.
        let is_one = hexadecimal.len() >= 2 * SHORTEST && hexadecimal.len().is_multiple_of(2) && is_various(hexadecimal);
        let is_opaque = is_one && armour::text_of(token).is_none();
        let is_uuid = hexadecimal.len() == 32 && hexadecimal.as_bytes()[12] == b'4' && is_variant(hexadecimal.as_bytes()[16]);
        return is_opaque.then(|| if is_uuid { Opaque::Uuid } else { of_bytes(hexadecimal.len() / 2) });
    }
    let taste = &bare[..bare.len().min(TASTE)];
    let length = if is_random(taste) && armour::base64(taste).is_some() {
        // Three quarters, without what fills the last sign up.
        bare.len() * 3 / 4
    } else if bare.len() * 5 / 8 >= SHORTEST && armour::base32(taste).is_some() {
        bare.len() * 5 / 8
    } else {
        return None;
    };
    (length >= SHORTEST && armour::text_of(token).is_none()).then(|| of_bytes(length))
}

/// Whether a cell is groups of four signs that decode to a word, and is written as no word is: `QW5u`, `TGVlZHM=`.
fn is_short(cell: &str) -> bool {
    if !cell.len().is_multiple_of(4) || !(4..SHORTEST_TOKEN).contains(&cell.len()) {
        return false;
    }
    let bare = cell.trim_end_matches('=');
    let is_odd = |pair: &[u8]| {
        pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase() || pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic()
    };
    (bare.len() < cell.len() || bare.as_bytes().windows(2).any(is_odd))
        && bare.bytes().all(armour::is_sign)
        && armour::text_of(cell).is_none()
        && armour::base64(bare).is_some_and(|bytes| str::from_utf8(&bytes).is_ok_and(is_word))
}

/// Whether a text is a word in capitals, in small letters or with one capital before them, or a number or day.
fn is_word(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'/'));
    let is_even = text.chars().skip(1).all(char::is_lowercase) || text.chars().all(char::is_uppercase);
    text.len() > 1 && (is_number || is_even && text.chars().all(char::is_alphabetic))
}

/// Whether hexadecimal digits are as different as those of a digest, letters among them.
fn is_various(token: &str) -> bool {
    let seen = token.bytes().take(64).fold(0_u16, |seen, byte| seen | 1 << char::from(byte).to_digit(16).unwrap_or(0));
    seen.count_ones() >= 6 && token.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether letters of both cases and digits stand side by side as they do by chance. Words, in capitals or parted by hyphens, do not.
fn is_random(token: &str) -> bool {
    let class = |byte: &u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let (mut seen, mut breaks) = (0_u8, 0);
    for pair in token.as_bytes().windows(2) {
        let [first, second] = [class(&pair[0]), class(&pair[1])];
        seen |= 1 << first | 1 << second;
        breaks += usize::from(first != second && first != 3 && second != 3 && (first, second) != (1, 0));
    }
    let least = if token.len() < 64 { 5 } else { 10 };
    seen & 0b111 == 0b111 && breaks * least >= token.len() - 1
}

/// Whether a cell is a UUID with its hyphens.
fn is_uuid(cell: &str) -> bool {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let mut bytes = cell.bytes().enumerate();
    cell.len() == 36 && bytes.all(|(at, byte)| if is_hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// Whether a UUID is a digest: the name-based ones are, and `md5(…)::uuid`, whose digits follow no version. Of those of SQL Server the parts are turned round.
fn is_of_digest(uuid: &str) -> bool {
    let digits = uuid.as_bytes();
    let has_version = b"124678".contains(&digits[14]) || digits[16] == b'1';
    !(is_variant(digits[19]) && has_version) && is_various(&uuid.replace('-', ""))
}

fn is_variant(digit: u8) -> bool {
    matches!(digit, b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

/// Whether a cell is a number like `4.47701E+11`.
fn is_rounded(cell: &str) -> bool {
    if !cell.starts_with(|sign: char| sign.is_ascii_digit() || sign == '+') {
        return false;
    }
    let Some((mantissa, power)) = cell.strip_prefix('+').unwrap_or(cell).split_once(['e', 'E']) else { return false };
    let digits = power.strip_prefix('+').unwrap_or(power);
    let is_mantissa = mantissa.starts_with(|sign: char| sign.is_ascii_digit() && sign != '0')
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    // One digit before the point, as the notation has it: `12E10` is a code.
    is_mantissa
        && mantissa.as_bytes().get(1).is_none_or(|sign| matches!(sign, b'.' | b','))
        && (power.len() > digits.len() || mantissa.len() > 1)
        && digits.len() <= 2
        && digits.parse::<u32>().is_ok_and(|power| POWERS.contains(&power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE32_NOPAD;
    use data_encoding::BASE64;
    use data_encoding::BASE64URL_NOPAD;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use sha2::Digest;
    use sha2::Sha256;

    fn bytes(seed: u32, length: usize) -> Vec<u8> {
        (0..)
            .flat_map(|block: u32| Sha256::digest([seed.to_le_bytes(), block.to_le_bytes()].concat()).to_vec())
            .take(length)
            .collect()
    }

    /// The share of a hundred values of a kind that are found to be one, in percent.
    fn found(kind: Opaque, write: impl Fn(u32) -> String) -> usize {
        (0..100).filter(|seed| opaque(&write(*seed)) == Some(kind)).count()
    }

    #[test]
    fn digests_are_told_by_their_length() {
        for length in DIGESTS {
            for write in [
                (|bytes: &[u8]| HEXLOWER.encode(bytes)) as fn(&[u8]) -> String,
                |bytes| HEXLOWER.encode(bytes).to_uppercase(),
                |bytes| format!("0x{}", HEXLOWER.encode(bytes)),
                |bytes| format!("sha256:{}", HEXLOWER.encode(bytes)),
                |bytes| BASE64.encode(bytes),
                |bytes| BASE64URL_NOPAD.encode(bytes),
                |bytes| format!("{{\"hash\":\"{}\"}}", HEXLOWER.encode(bytes)),
            ] {
                assert!(found(Opaque::Hashed, |seed| write(&bytes(seed, length))) > 80, "{}", write(&bytes(1, length)));
            }
        }
        let uuid = |bytes: Vec<u8>| {
            let digits = HEXLOWER.encode(&bytes);
            [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
        };
        assert!(found(Opaque::Hashed, |seed| uuid(bytes(seed, 16))) > 75, "md5()::uuid");
        assert_eq!(opaque("https://www.gravatar.com/avatar/5d41402abc4b2a76b9719d911017c592?s=80"), Some(Opaque::Hashed));
        assert_eq!(opaque("cfbff0d1-9375-5685-968c-48ce8b15ae17"), Some(Opaque::Hashed), "of version 5");
        assert_eq!(opaque("cfbff0d193754685968c48ce8b15ae17"), Some(Opaque::Uuid));
    }

    #[test]
    fn encrypted_values_are_told_by_their_signs() {
        for length in [17, 24, 40, 61, 96, 200, 2_000] {
            for write in [
                (|bytes: &[u8]| HEXLOWER.encode(bytes)) as fn(&[u8]) -> String,
                |bytes| BASE64.encode(bytes),
                |bytes| BASE64URL_NOPAD.encode(bytes),
                |bytes| BASE32_NOPAD.encode(bytes),
                |bytes| format!("enc:v1:{}", BASE64.encode(bytes)),
                |bytes| format!("{}:{}", HEXLOWER.encode(&bytes[..16]), HEXLOWER.encode(bytes)),
                |bytes| format!("[\"{}\"]", BASE64.encode(bytes)),
            ] {
                let share = found(Opaque::Encoded, |seed| write(&bytes(seed, length)));
                assert!(share > 80, "{share} % of {}", write(&bytes(1, length)));
            }
        }
        assert_eq!(opaque("-----BEGIN PGP MESSAGE-----\n\nhQEMA"), Some(Opaque::Encoded));
        let picture = format!("data:image/png;base64,{}", BASE64.encode(&bytes(3, 900)));
        assert_eq!(opaque(&picture), Some(Opaque::Encoded));
        let encoded = BASE64.encode(&bytes(3, 300));
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
        assert_eq!(opaque(&lines.join("\n")), Some(Opaque::Encoded));
    }

    #[test]
    fn numbers_cut_short_are_told_by_their_power() {
        for cell in ["4.47701E+11", "4.47701e+11", "7,7009E+09", "4.477009e11", "1E+11", " 4.47701E+11 ", "=\"4.47701E+11\""] {
            assert_eq!(opaque(cell), Some(Opaque::Rounded), "{cell}");
        }
        for cell in
            ["1.5E-03", "6.02E+23", "-4.47701E+11", "12E10", "1E10", "3E", "4.47E+8", "447701", "E+11", "1.2.3", "0.5E+10"]
        {
            assert_eq!(opaque(cell), None, "{cell}");
        }
    }

    #[test]
    fn short_words_are_told_in_base64_and_not_as_words() {
        let names = ["Ann", "Bob", "Chris", "Dave", "Eddie", "Fay", "George", "Lee", "José", "Leeds", "1980"];
        let count = |write: fn(&str) -> String| names.iter().filter(|name| opaque(&write(name)) == Some(Opaque::Short)).count();
        assert!(count(|name| BASE64.encode(name.as_bytes())) >= 8);
        assert_eq!(count(str::to_owned), 0);
        for cell in [
            "spring", "ABCD1234", "20170630", "SW1A1AA", "true", "a1b2c3d4", "PO-10047", "12345678", "iPhone12", "eBay2019",
            "A1B2", "SW1A", "SW1B", "WC1A", "EC1B", "M1AA",
        ] {
            assert_eq!(opaque(cell), None, "{cell}");
        }
    }

    #[test]
    fn what_nobody_joins_by_is_no_gap() {
        for cell in [
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno",
            "pbkdf2_sha256$390000$Wc5F0kHDoPZ5aSXHHVkLpR$3q8i3nLDb6gRzAV8rWy4nQ6o2mZ5Qv8HcP0sJrE1dKs=",
            "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
            "550e8400-e29b-41d4-a716-446655440000",
            "{550E8400-E29B-41D4-A716-446655440000}",
            "a8f3e5b2-4c1d-ea11-a94b-281878f6f5d2",
            "00000000-0000-0000-0000-000000000001",
            "00000000000000000000000000000001",
            "507f1f77bcf86cd799439011",
            "2f1acc6c3a606b082e5eef5e54414ffb.jpg",
            "https://shop.example/reset?token=5d41402abc4b2a76b9719d911017c592",
            "V1StGXR8_Z5jdHi6B-myT",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "Product-Long-Name-2019-Edition",
            "CustomerAccountBillingV2Extended",
            "the commit 5d41402abc4b2a76b9719d911017c5925d41402a mends it",
            "{\"commit\":\"5d41402abc4b2a76b9719d911017c592\",\"by\":\"nobody that anybody here would know of\"}",
            "INTERNATIONALISATION2020OFFICE",
            "GB33BUKB20201555555555",
            "ann.lee.of.the.old.mill.road@lee.example",
            "1234567890123456789012345678901234567890",
        ] {
            assert_eq!(opaque(cell), None, "{cell}");
        }
        let payload = BASE64URL_NOPAD.encode(b"{\"sub\":\"ann@lee.example\"}");
        let signed =
            format!("{}.{payload}.{}", BASE64URL_NOPAD.encode(b"{\"alg\":\"RS256\"}"), BASE64URL_NOPAD.encode(&bytes(2, 256)));
        assert_eq!(opaque(&signed), None, "a signed token is read");
        assert_eq!(opaque(&BASE64.encode(b"Ann Lee,1980-02-03,ann@lee.example")), None, "so is text");
    }

    proptest! {
        #[test]
        fn total(cell in any::<String>(), token in "[A-Za-z0-9+/=_.:$,;{}\"\n-]{0,90}", number in "[0-9.,eE+]{0,12}", hexadecimal in "[0-9a-f-]{30,40}") {
            for cell in [cell, token, number, hexadecimal] {
                opaque(&cell);
            }
        }
    }
}
