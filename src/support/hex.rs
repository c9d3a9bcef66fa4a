//! Bytes as lower-case hexadecimal digits and back.

use data_encoding::HEXLOWER;

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Reads exactly `N` bytes from lower-case hexadecimal digits; anything else is `None`.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_the_rest() {
        assert_eq!(encode(&[0, 255, 16]), "00ff10");
        assert_eq!(decode::<3>("00ff10"), Some([0, 255, 16]));
        assert_eq!(decode::<2>("00ff10"), None);
        assert_eq!(decode::<3>("00FF10"), None);
        assert_eq!(decode::<1>("zz"), None);
    }
}
