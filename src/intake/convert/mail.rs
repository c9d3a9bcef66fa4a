//! Addresses of mail that are no cell's whole: halves in two columns, and telephone numbers that are written as addresses.

use super::Converter;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::email;
use crate::record::normalize::phone;

/// Columns on either side of a domain's in which its other half is looked for.
const NEAR: usize = 2;

/// Digits of a number that is written as an address, at least.
const FEWEST_DIGITS: usize = 10;

impl Converter {
    /// Reads a cell that holds a domain with each of its neighbours, as servers of mail keep their users: `ann`, `lee.example`.
    pub(super) fn joined_email(&mut self, index: usize, cells: &[Option<&str>], records: &mut RecordBatch) {
        let domain = cells.get(index).copied().flatten().unwrap_or("");
        if !domain.contains('.') || domain.contains(char::is_whitespace) {
            return;
        }
        let near = index.saturating_sub(NEAR)..=index + NEAR;
        for local in near.filter(|other| *other != index).filter_map(|other| cells.get(other).copied().flatten()) {
            if email::joined(local, domain, &mut self.scratch) == Reading::Value {
                records.push(Slot::Email, &self.scratch);
            }
        }
    }
}

/// The telephone numbers of addresses by which programs call: `447700900123@s.whatsapp.net`, `sip:+447700900123@host`.
pub(super) fn called_numbers(cell: &str, emit: &mut dyn FnMut(&str)) {
    for address in cell.split([',', ';', ' ', '<', '>']) {
        let Some((number, _)) = address.split_once('@') else { continue };
        let number = number.rsplit(':').next().unwrap_or(number);
        let digits = number.strip_prefix('+').unwrap_or(number);
        if digits.len() >= FEWEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            phone::candidates(number, emit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_called_at_hosts() {
        for cell in ["447700900123@s.whatsapp.net", "sip:+447700900123@host.example:5060", "<07700900123@host.example>"] {
            let mut found = Vec::new();
            called_numbers(cell, &mut |number| found.push(number.to_owned()));
            assert_eq!(found, ["7700900123"], "{cell}");
        }
        for cell in ["ann@lee.example", "ann12@lee.example", "447700900123", "12@lee.example"] {
            called_numbers(cell, &mut |number| panic!("{number} of {cell}"));
        }
    }
}
