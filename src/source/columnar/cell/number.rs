//! Numbers as text.

use std::fmt::Write;

/// An integer in full digits.
pub(super) fn integer(value: i64, out: &mut String) {
    // Writing to a text does not fail.
    let _ = write!(out, "{value}");
}

/// The shortest digits that give the number back; whole numbers without a point, as a person would have typed them.
pub(super) fn double(value: f64, out: &mut String) {
    let is_moderate = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    let _ = if is_moderate { write!(out, "{value}") } else { write!(out, "{value:e}") };
}

/// The same of a number of half the width, whose digits are fewer.
pub(super) fn single(value: f32, out: &mut String) {
    let is_moderate = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    let _ = if is_moderate { write!(out, "{value}") } else { write!(out, "{value:e}") };
}

/// A decimal as it is written; one without a fraction as a whole number.
pub(super) fn decimal(written: &str, out: &mut String) {
    match written.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => out.push_str(whole),
        _ => out.push_str(written),
    }
}

/// The bytes of a UUID in hexadecimal, divided by hyphens.
pub(super) fn uuid(bytes: &[u8; 16], out: &mut String) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}
