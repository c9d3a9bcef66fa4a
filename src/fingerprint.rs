//! Fingerprints: keyed BLAKE3 of the atoms of one match key of one record (`docs/format.md`, "Fingerprints").
//!
//! A message is each atom prefixed by its length (unsigned LEB128), padded with zeros to a multiple of 64 bytes, so that most messages are a
//! single BLAKE3 block. The number of atoms is fixed by the key, so the padding cannot be mistaken for atoms. Messages are gathered and
//! hashed in batches.

mod many;

use crate::fingerprint::many::BLOCK;
use crate::fingerprint::many::first_half;
use crate::match_key::MatchKey;
use crate::match_key::atom::AtomBatch;
use crate::record::normalize;
use crate::support::secret::Secret;
use crate::support::short;

/// The first 16 bytes of a keyed BLAKE3 hash.
pub(crate) type Fingerprint = [u8; 16];

/// Separates match keys from every other use of BLAKE3's key derivation.
const SUBKEY_CONTEXT: &str = "residua v1 match key";

/// Separates the salt's commitment from every other use.
const COMMITMENT_CONTEXT: &str = "residua v1 salt commitment";

/// The most combinations of ambiguous atoms that are tried for one row and key. Beyond, the row is counted as capped.
pub(crate) const MOST_COMBINATIONS: usize = 16_384;

/// The key under which one match key's messages are hashed.
#[derive(Clone)]
pub(crate) struct Subkey(Secret);

impl Subkey {
    /// Derives the subkey of a match key of a supply from the manifest's salt.
    pub(crate) fn derive(salt: &Secret, supply_id: &str, key_name: &str) -> Subkey {
        let mut material = salt.expose().to_vec();
        for part in [supply_id, key_name, normalize::VERSION] {
            push_length(&mut material, part.len());
            material.extend_from_slice(part.as_bytes());
        }
        let subkey = Subkey(Secret::new(blake3::derive_key(SUBKEY_CONTEXT, &material)));
        zeroize::Zeroize::zeroize(&mut material);
        subkey
    }

    /// The fingerprint of one message, as anybody can compute it.
    #[cfg(test)]
    pub(crate) fn plain(&self, message: &[u8]) -> Fingerprint {
        first_half(blake3::keyed_hash(self.0.expose(), message).as_bytes())
    }

    /// Hashes all messages; `out` holds one fingerprint a message afterwards.
    pub(crate) fn hash(&self, messages: &MessageBatch, out: &mut Vec<Fingerprint>) {
        out.clear();
        out.reserve(messages.len());
        let mut start = 0;
        let mut ends = messages.ends.iter().map(|end| *end as usize).peekable();
        while let Some(end) = ends.next() {
            if end - start > BLOCK {
                let hash = blake3::keyed_hash(self.0.expose(), &messages.bytes[start..end]);
                out.push(first_half(hash.as_bytes()));
                start = end;
                continue;
            }
            // A run of messages of one block each, hashed side by side.
            let mut run_end = end;
            while let Some(next) = ends.next_if(|next| next - run_end == BLOCK) {
                run_end = next;
            }
            many::hash(self.0.expose(), messages.bytes[start..run_end].as_chunks::<BLOCK>().0, out);
            start = run_end;
        }
    }
}

/// What a signed statement says of a salt without telling it: whoever holds another salt notices before it looks for anything.
pub(crate) fn commitment(salt: &Secret) -> [u8; 32] {
    blake3::derive_key(COMMITMENT_CONTEXT, salt.expose())
}

/// Padded messages of one match key, each with the row that it came from.
#[derive(Debug, Default)]
pub(crate) struct MessageBatch {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl MessageBatch {
    /// The number of messages.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The row of each message, ascending.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Fills the batch with the messages of `key`, one for each combination of the atoms' forms. `is_wanted` is asked for each row that forms the key, with
    /// the number of its combinations; of more than [`MOST_COMBINATIONS`] only those of the first forms are tried.
    pub(crate) fn fill(&mut self, key: &MatchKey, atoms: &AtomBatch, is_wanted: impl FnMut(usize, usize) -> bool) {
        self.fill_from(0, usize::MAX, key, atoms, is_wanted);
    }

    /// As [`MessageBatch::fill`], from a row on, until there are `most` messages. Returns the row to go on with: text has many readings.
    pub(crate) fn fill_from(
        &mut self,
        first: usize,
        most: usize,
        key: &MatchKey,
        atoms: &AtomBatch,
        mut is_wanted: impl FnMut(usize, usize) -> bool,
    ) -> usize {
        self.bytes.clear();
        self.ends.clear();
        self.rows.clear();
        let views = atoms.views(&key.atoms);
        let mut choice = vec![0_usize; key.atoms.len()];
        let mut counts = choice.clone();
        for row in first..atoms.rows() {
            if self.ends.len() >= most {
                return row;
            }
            let combinations = views.iter().map(|view| view.count(row)).fold(1_usize, usize::saturating_mul);
            if combinations == 0 || !is_wanted(row, combinations) {
                continue;
            }
            if combinations == 1 {
                self.push(views.iter().map(|view| view.form(row, 0)), row);
                continue;
            }
            counts.clear();
            counts.extend(views.iter().map(|view| view.count(row)));
            let tried = tried(&mut counts);
            choice.fill(0);
            for _ in 0..tried {
                self.push(views.iter().zip(&choice).map(|(view, index)| view.form(row, *index)), row);
                advance(&mut choice, &counts);
            }
        }
        atoms.rows()
    }

    #[inline]
    fn push<'a>(&mut self, forms: impl Iterator<Item = &'a [u8]> + Clone, row: usize) {
        // Nearly all fit into one block, which is written where it stays.
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; BLOCK]);
        if write_block(&mut self.bytes[start..], forms.clone()).is_some() {
            self.end(row);
            return;
        }
        self.bytes.truncate(start);
        for form in forms {
            push_length(&mut self.bytes, form.len());
            self.bytes.extend_from_slice(form);
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
        self.end(row);
    }

    #[inline]
    fn end(&mut self, row: usize) {
        // A batch of rows is a few MiB, far from the limits of 32 bits.
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
    }
}

/// Writes the message of these forms into a block of zeros, if it fits.
#[inline]
fn write_block<'a>(mut rest: &mut [u8], forms: impl Iterator<Item = &'a [u8]>) -> Option<()> {
    for form in forms {
        // Below 128 a length is one byte.
        let (length, behind) = rest.split_first_mut()?;
        *length = u8::try_from(form.len()).ok().filter(|length| *length < 0x80)?;
        let (place, behind) = behind.split_at_mut_checked(form.len())?;
        short::copy(place, form);
        rest = behind;
    }
    Some(())
}

/// Cuts the numbers of forms until their product is no more than is tried, which is returned. The likeliest forms come first, so that the
/// longest list loses its end.
fn tried(counts: &mut [usize]) -> usize {
    loop {
        let product = counts.iter().copied().fold(1_usize, usize::saturating_mul);
        let Some(longest) = counts.iter_mut().max().filter(|_| product > MOST_COMBINATIONS) else { return product };
        *longest -= (*longest / 16).max(1);
    }
}

/// Steps to the next combination, the last position first.
fn advance(choice: &mut [usize], counts: &[usize]) {
    for position in (0..choice.len()).rev() {
        choice[position] += 1;
        if choice[position] < counts[position] {
            return;
        }
        choice[position] = 0;
    }
}

/// Appends a length as unsigned LEB128.
fn push_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(0x80 | length.to_le_bytes()[0]);
        length >>= 7;
    }
    out.push(length.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_key::atom::Atom;
    use crate::record::RecordBatch;
    use crate::record::field::Slot;

    fn salt() -> Secret {
        Secret::new([7; 32])
    }

    fn atoms(rows: &[&[(Slot, &str)]]) -> AtomBatch {
        let mut records = RecordBatch::new();
        for row in rows {
            for (slot, value) in *row {
                records.push(*slot, value);
            }
            records.end_row();
        }
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &Atom::ALL);
        atoms
    }

    fn key(atoms: &[Atom]) -> MatchKey {
        MatchKey { name: "test".into(), atoms: atoms.to_vec() }
    }

    #[test]
    fn a_message_is_length_prefixed_and_padded() {
        let mut batch = MessageBatch::default();
        let rows = atoms(&[&[(Slot::Name, "green mitchell"), (Slot::Postcode, "SW1A1AA")]]);
        batch.fill(&key(&[Atom::NameFull, Atom::PostcodeUnit]), &rows, |_, _| true);
        assert_eq!(batch.len(), 1);
        assert_eq!(batch.bytes.len(), 64);
        assert!(batch.bytes.starts_with(b"\x0egreen mitchell\x07SW1A1AA\0"));
    }

    #[test]
    fn a_row_without_an_atom_makes_no_message() {
        let mut batch = MessageBatch::default();
        let rows = atoms(&[&[(Slot::Name, "green")], &[(Slot::Postcode, "SW1A1AA")]]);
        batch.fill(&key(&[Atom::NameFull, Atom::PostcodeUnit]), &rows, |_, _| true);
        assert_eq!(batch.len(), 0);
    }

    #[test]
    fn ambiguity_makes_every_combination_and_caps() {
        let mut batch = MessageBatch::default();
        let rows = atoms(&[&[
            (Slot::Birth, "19560409"),
            (Slot::Birth, "19560904"),
            (Slot::Name, "a"),
            (Slot::Name, "b"),
            (Slot::Name, "c"),
        ]]);
        batch.fill(&key(&[Atom::NameFull, Atom::BirthDay]), &rows, |_, combinations| combinations == 6);
        assert_eq!(batch.len(), 6);
        let many: Vec<String> = (0..140).map(|number| format!("n{number}")).collect();
        let row: Vec<(Slot, &str)> = many
            .iter()
            .map(|name| (Slot::Name, name.as_str()))
            .chain(many.iter().map(|name| (Slot::Phone, name.as_str())))
            .collect();
        let rows = atoms(&[&row]);
        batch.fill(&key(&[Atom::NameFull, Atom::Phone]), &rows, |_, combinations| combinations == 19_600);
        assert!((MOST_COMBINATIONS / 2..=MOST_COMBINATIONS).contains(&batch.len()));
    }

    #[test]
    fn long_atoms_take_further_blocks() {
        let long = "x".repeat(200);
        let mut batch = MessageBatch::default();
        batch.fill(&key(&[Atom::Email]), &atoms(&[&[(Slot::Email, &long)]]), |_, _| true);
        assert_eq!(batch.bytes.len(), 256);
        assert_eq!(&batch.bytes[..2], &[0xc8, 0x01]);
    }

    #[test]
    fn a_batch_hashes_as_its_messages_do() {
        let long = "x".repeat(100);
        let emails = ["a", &long, "b", "c", &long, &long, "d"];
        let rows: Vec<[(Slot, &str); 1]> = emails.iter().map(|email| [(Slot::Email, *email)]).collect();
        let rows: Vec<&[(Slot, &str)]> = rows.iter().map(|row| &row[..]).collect();
        let mut batch = MessageBatch::default();
        batch.fill(&key(&[Atom::Email]), &atoms(&rows), |_, _| true);
        let subkey = Subkey::derive(&salt(), "s", "email");
        let mut out = Vec::new();
        subkey.hash(&batch, &mut out);
        let mut start = 0;
        for (end, fingerprint) in batch.ends.iter().zip(&out) {
            let plain = blake3::keyed_hash(subkey.0.expose(), &batch.bytes[start..*end as usize]);
            assert_eq!(fingerprint, &plain.as_bytes()[..16]);
            start = *end as usize;
        }
        assert_eq!(out.len(), emails.len());
    }

    #[test]
    fn subkeys_differ_by_salt_supply_and_key() {
        let mut batch = MessageBatch::default();
        batch.fill(&key(&[Atom::Email]), &atoms(&[&[(Slot::Email, "a@example.com")]]), |_, _| true);
        let mut seen = Vec::new();
        for subkey in [
            Subkey::derive(&salt(), "s1", "email"),
            Subkey::derive(&salt(), "s2", "email"),
            Subkey::derive(&salt(), "s1", "phone"),
            Subkey::derive(&Secret::new([8; 32]), "s1", "email"),
        ] {
            let mut out = Vec::new();
            subkey.hash(&batch, &mut out);
            assert!(!seen.contains(&out[0]));
            seen.push(out[0]);
        }
        assert_ne!(commitment(&salt()), commitment(&Secret::new([8; 32])));
    }
}
