//! Atoms: the derived pieces of a canonical field that match keys compare.

use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::digest::Algorithm;
use crate::record::normalize::postcode;

/// One derived piece of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Atom {
    /// The order-free set of name tokens.
    NameFull,
    /// The set of three-letter prefixes of the name tokens.
    NameP3,
    /// The set of Soundex codes of the name tokens.
    NamePhon,
    /// Each name token of three letters or more, alone.
    NameAny,
    /// The day of birth.
    BirthDay,
    /// Year and month of birth.
    BirthYm,
    /// The supply-only date.
    ChildDay,
    /// Year and month of the supply-only date.
    ChildYm,
    /// The whole postcode.
    PostcodeUnit,
    /// A UK postcode without its last two letters.
    PostcodeSector,
    /// A UK postcode without its last three characters.
    PostcodeOutward,
    /// House number and first four letters of the street.
    AddressNoWord4,
    /// First four letters of the street.
    AddressWord4,
    /// House number.
    AddressNo,
    /// First four letters of the town.
    TownP4,
    /// E-mail address.
    Email,
    /// National significant telephone number.
    Phone,
    /// Identifier.
    Id,
    /// MD5 of an e-mail address.
    EmailMd5,
    /// SHA-1 of an e-mail address.
    EmailSha1,
    /// SHA-256 of an e-mail address.
    EmailSha256,
}

impl Atom {
    /// Every atom, in the order of the slots.
    pub(crate) const ALL: [Atom; 21] = [
        Atom::NameFull,
        Atom::NameP3,
        Atom::NamePhon,
        Atom::NameAny,
        Atom::BirthDay,
        Atom::BirthYm,
        Atom::ChildDay,
        Atom::ChildYm,
        Atom::PostcodeUnit,
        Atom::PostcodeSector,
        Atom::PostcodeOutward,
        Atom::AddressNoWord4,
        Atom::AddressWord4,
        Atom::AddressNo,
        Atom::TownP4,
        Atom::Email,
        Atom::Phone,
        Atom::Id,
        Atom::EmailMd5,
        Atom::EmailSha1,
        Atom::EmailSha256,
    ];

    /// The word that documents and files use: `name.p3`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Atom::NameFull => "name.full",
            Atom::NameP3 => "name.p3",
            Atom::NamePhon => "name.phon",
            Atom::NameAny => "name.any",
            Atom::BirthDay => "birth.day",
            Atom::BirthYm => "birth.ym",
            Atom::ChildDay => "child.day",
            Atom::ChildYm => "child.ym",
            Atom::PostcodeUnit => "postcode.unit",
            Atom::PostcodeSector => "postcode.sector",
            Atom::PostcodeOutward => "postcode.outward",
            Atom::AddressNoWord4 => "address.no_word4",
            Atom::AddressWord4 => "address.word4",
            Atom::AddressNo => "address.no",
            Atom::TownP4 => "town.p4",
            Atom::Email => "email",
            Atom::Phone => "phone",
            Atom::Id => "id",
            Atom::EmailMd5 => "email.md5",
            Atom::EmailSha1 => "email.sha1",
            Atom::EmailSha256 => "email.sha256",
        }
    }

    /// The word of which names of planned keys are made.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Atom::NameFull => "full",
            Atom::NameP3 => "p3",
            Atom::NamePhon => "phon",
            Atom::NameAny => "any",
            Atom::BirthDay => "dob",
            Atom::BirthYm => "ym",
            Atom::ChildDay => "child",
            Atom::ChildYm => "childym",
            Atom::PostcodeUnit => "unit",
            Atom::PostcodeSector => "sector",
            Atom::PostcodeOutward => "outward",
            Atom::AddressNoWord4 => "noword4",
            Atom::AddressWord4 => "word4",
            Atom::AddressNo => "no",
            Atom::TownP4 => "town",
            Atom::Email => "email",
            Atom::Phone => "phone",
            Atom::Id => "id",
            Atom::EmailMd5 => "email_md5",
            Atom::EmailSha1 => "email_sha1",
            Atom::EmailSha256 => "email_sha256",
        }
    }

    /// The atom of a word.
    pub(crate) fn parse(word: &str) -> Option<Atom> {
        Atom::ALL.into_iter().find(|atom| atom.word() == word)
    }

    /// The slot that the atom is derived from.
    pub(crate) fn slot(self) -> Slot {
        match self {
            Atom::NameFull | Atom::NameP3 | Atom::NamePhon | Atom::NameAny => Slot::Name,
            Atom::BirthDay | Atom::BirthYm => Slot::Birth,
            Atom::ChildDay | Atom::ChildYm => Slot::Child,
            Atom::PostcodeUnit | Atom::PostcodeSector | Atom::PostcodeOutward => Slot::Postcode,
            Atom::AddressNoWord4 | Atom::AddressWord4 | Atom::AddressNo => Slot::Address,
            Atom::TownP4 => Slot::Town,
            Atom::Email => Slot::Email,
            Atom::Phone => Slot::Phone,
            Atom::Id => Slot::Identifier,
            Atom::EmailMd5 | Atom::EmailSha1 | Atom::EmailSha256 => Slot::Digest,
        }
    }

    /// The atom of the digests of an algorithm.
    pub(crate) fn of_digest(algorithm: Algorithm) -> Atom {
        match algorithm {
            Algorithm::Md5 => Atom::EmailMd5,
            Algorithm::Sha1 => Atom::EmailSha1,
            Algorithm::Sha256 => Atom::EmailSha256,
        }
    }

    /// What the atom is a digest of, or itself: who has the one has the other.
    pub(crate) fn plain(self) -> Atom {
        if self.slot() == Slot::Digest { Atom::Email } else { self }
    }

    /// Whether records that agree on this atom agree on the other too: this one is the canonical value, from which the other is derived. A
    /// sector does not imply its outward half, since a recipient's postcode may be cut to the sector, and may read as a district then (`LS61`).
    pub(crate) fn implies(self, other: Atom) -> bool {
        self == other
            || matches!(
                (self, other),
                (Atom::NameFull, Atom::NameP3 | Atom::NamePhon)
                    | (Atom::BirthDay, Atom::BirthYm)
                    | (Atom::ChildDay, Atom::ChildYm)
                    | (Atom::PostcodeUnit, Atom::PostcodeSector | Atom::PostcodeOutward)
                    | (Atom::AddressNoWord4, Atom::AddressWord4 | Atom::AddressNo)
            )
    }

    /// Whether the atom's forms are all canonical values of its slot.
    fn is_canonical(self, records: &RecordBatch) -> bool {
        match self {
            Atom::NameFull | Atom::BirthDay | Atom::ChildDay | Atom::Email | Atom::Phone | Atom::Id => true,
            Atom::PostcodeUnit => {
                let (bytes, ends, _) = records.arena(Slot::Postcode);
                let mut start = 0;
                ends.iter().all(|end| {
                    let canonical = &bytes[start..*end as usize];
                    start = *end as usize;
                    !postcode::is_district(canonical) && !postcode::is_sector(canonical)
                })
            }
            _ => false,
        }
    }

    /// Derives the atom from a canonical value; `emit` is called once for each form, not at all where the value has no such piece.
    pub(crate) fn derive(self, canonical: &[u8], scratch: &mut Vec<Vec<u8>>, mut emit: impl FnMut(&[u8])) {
        match self {
            // A district alone is no unit and no sector, and a sector is no unit: they would be looked for in vain.
            Atom::PostcodeUnit | Atom::PostcodeSector if postcode::is_district(canonical) => {}
            Atom::PostcodeUnit if postcode::is_sector(canonical) => {}
            Atom::NameFull | Atom::BirthDay | Atom::ChildDay | Atom::PostcodeUnit | Atom::Email | Atom::Phone | Atom::Id => {
                emit(canonical);
            }
            Atom::NameP3 => derive_set(canonical, scratch, |token, out| out.extend(first_letters(token, 3)), emit),
            Atom::NamePhon => derive_set(canonical, scratch, soundex, emit),
            Atom::NameAny => canonical.split(|byte| *byte == b' ').filter(|token| letters(token) >= 3).for_each(emit),
            Atom::BirthYm | Atom::ChildYm => emit(&canonical[..canonical.len().min(6)]),
            Atom::PostcodeSector => emit(postcode::sector(canonical)),
            Atom::PostcodeOutward => emit(postcode::outward(canonical)),
            Atom::AddressNoWord4 => {
                if address_parts(canonical).is_some_and(|(number, word)| !number.is_empty() && !word.is_empty()) {
                    emit(canonical);
                }
            }
            Atom::AddressWord4 => emit_part(address_parts(canonical).map(|(_, word)| word), emit),
            Atom::AddressNo => emit_part(address_parts(canonical).map(|(number, _)| number), emit),
            Atom::TownP4 => emit(first_letters(canonical, 4)),
            // A digest is told by its length.
            Atom::EmailMd5 | Atom::EmailSha1 | Atom::EmailSha256 => {
                let is_one = |algorithm: &Algorithm| Atom::of_digest(*algorithm) == self && algorithm.digits() == canonical.len();
                if Algorithm::ALL.iter().any(is_one) {
                    emit(canonical);
                }
            }
        }
    }
}

/// Number and word of the canonical address `7|wall`.
fn address_parts(canonical: &[u8]) -> Option<(&[u8], &[u8])> {
    let bar = canonical.iter().position(|byte| *byte == b'|')?;
    Some((&canonical[..bar], &canonical[bar + 1..]))
}

fn emit_part(part: Option<&[u8]>, mut emit: impl FnMut(&[u8])) {
    if let Some(part) = part.filter(|part| !part.is_empty()) {
        emit(part);
    }
}

/// Derives something from each token, and emits the sorted set of the results, joined by spaces.
fn derive_set(tokens: &[u8], scratch: &mut Vec<Vec<u8>>, each: impl Fn(&[u8], &mut Vec<u8>), mut emit: impl FnMut(&[u8])) {
    let mut used = 0;
    for token in tokens.split(|byte| *byte == b' ').filter(|token| !token.is_empty()) {
        if used == scratch.len() {
            scratch.push(Vec::new());
        }
        scratch[used].clear();
        each(token, &mut scratch[used]);
        if !scratch[used].is_empty() {
            used += 1;
        }
    }
    let pieces = &mut scratch[..used];
    pieces.sort_unstable();
    let mut joined = Vec::with_capacity(used * 4);
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 && pieces[index - 1] == *piece {
            continue;
        }
        if !joined.is_empty() {
            joined.push(b' ');
        }
        joined.extend_from_slice(piece);
    }
    if !joined.is_empty() {
        emit(&joined);
    }
}

/// The first `count` characters of UTF-8 text.
fn first_letters(text: &[u8], count: usize) -> &[u8] {
    let mut starts = text.iter().enumerate().filter(|(_, byte)| (**byte & 0xc0) != 0x80).map(|(index, _)| index);
    match starts.nth(count) {
        Some(end) => &text[..end],
        None => text,
    }
}

/// The number of characters of UTF-8 text.
fn letters(text: &[u8]) -> usize {
    text.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

/// American Soundex, as the US National Archives describe it ("The Soundex Indexing System"): a letter and three digits. A token
/// without a Latin letter at its start stands for itself.
fn soundex(token: &[u8], out: &mut Vec<u8>) {
    fn code(letter: u8) -> u8 {
        match letter {
            b'b' | b'f' | b'p' | b'v' => b'1',
            b'c' | b'g' | b'j' | b'k' | b'q' | b's' | b'x' | b'z' => b'2',
            b'd' | b't' => b'3',
            b'l' => b'4',
            b'm' | b'n' => b'5',
            b'r' => b'6',
            _ => b'0',
        }
    }
    let Some(first) = token.first().filter(|byte| byte.is_ascii_lowercase()) else {
        out.extend_from_slice(token);
        return;
    };
    out.push(*first);
    let mut last = code(*first);
    for letter in &token[1..] {
        // H and W do not part letters of one code; vowels do.
        if matches!(letter, b'h' | b'w') {
            continue;
        }
        let digit = code(*letter);
        if digit != b'0' && digit != last {
            out.push(digit);
            if out.len() == 4 {
                return;
            }
        }
        last = digit;
    }
    out.resize(4, b'0');
}

/// Forms of a row among which a duplicate is looked for; more of one atom than these are no person's.
const DUPLICATE_WINDOW: usize = 64;

/// The atoms of a batch of records, atom by atom. Row r's forms of an atom are `forms(atom, r)`.
#[derive(Debug, Default)]
pub(crate) struct AtomBatch {
    rows: usize,
    bytes: Vec<u8>,
    columns: Vec<AtomColumn>,
    scratch: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct AtomColumn {
    /// Where each row's forms begin in `spans`; one more than there are rows, or empty where the atom was not asked for.
    starts: Vec<u32>,
    /// Where each form lies in the batch's bytes: offset and length.
    spans: Vec<(u32, u32)>,
}

impl AtomBatch {
    /// Derives the given atoms of all records of a batch; what the batch held before is gone.
    pub(crate) fn derive(&mut self, records: &RecordBatch, atoms: &[Atom]) {
        self.rows = records.rows();
        self.bytes.clear();
        self.columns.resize_with(Atom::ALL.len(), AtomColumn::default);
        for column in &mut self.columns {
            column.starts.clear();
            column.spans.clear();
        }
        for atom in atoms {
            if atom.is_canonical(records) {
                self.copy(records, *atom);
                continue;
            }
            let column = &mut self.columns[*atom as usize];
            for row in 0..self.rows {
                column.starts.push(offset(column.spans.len()));
                let first = column.spans.len();
                for canonical in records.candidates(atom.slot(), row) {
                    atom.derive(canonical, &mut self.scratch, |form| {
                        let window = first.max(column.spans.len().saturating_sub(DUPLICATE_WINDOW));
                        let known = column.spans[window..]
                            .iter()
                            .any(|(at, length)| &self.bytes[*at as usize..][..*length as usize] == form);
                        if !known && !form.is_empty() {
                            column.spans.push((offset(self.bytes.len()), offset(form.len())));
                            self.bytes.extend_from_slice(form);
                        }
                    });
                }
            }
            column.starts.push(offset(column.spans.len()));
        }
    }

    /// Takes all canonical values of a slot as they are. Of one row they are different already.
    fn copy(&mut self, records: &RecordBatch, atom: Atom) {
        let column = &mut self.columns[atom as usize];
        let (bytes, ends, row_ends) = records.arena(atom.slot());
        let mut start = offset(self.bytes.len());
        let base = start;
        self.bytes.extend_from_slice(bytes);
        column.spans.extend(ends.iter().map(|end| {
            let end = base.saturating_add(*end);
            let span = (start, end - start);
            start = end;
            span
        }));
        column.starts.push(0);
        column.starts.extend(row_ends);
    }

    /// Where the forms of some atoms lie, to be asked for many rows.
    pub(crate) fn views(&self, atoms: &[Atom]) -> Vec<AtomView<'_>> {
        atoms.iter().map(|atom| AtomView { bytes: &self.bytes, column: &self.columns[*atom as usize] }).collect()
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// How many forms a row has of an atom.
    pub(crate) fn count(&self, atom: Atom, row: usize) -> usize {
        let starts = &self.columns[atom as usize].starts;
        if starts.is_empty() { 0 } else { (starts[row + 1] - starts[row]) as usize }
    }

    /// A row's form number `index` of an atom.
    pub(crate) fn form(&self, atom: Atom, row: usize, index: usize) -> &[u8] {
        let column = &self.columns[atom as usize];
        let (at, length) = column.spans[column.starts[row] as usize + index];
        &self.bytes[at as usize..][..length as usize]
    }
}

/// The forms of one atom.
#[derive(Clone, Copy)]
pub(crate) struct AtomView<'a> {
    bytes: &'a [u8],
    column: &'a AtomColumn,
}

impl<'a> AtomView<'a> {
    /// How many forms a row has.
    #[inline]
    pub(crate) fn count(self, row: usize) -> usize {
        match self.column.starts.get(row..row + 2) {
            Some([start, end]) => (end - start) as usize,
            _ => 0,
        }
    }

    /// A row's form number `index`.
    #[inline]
    pub(crate) fn form(self, row: usize, index: usize) -> &'a [u8] {
        let (at, length) = self.column.spans[self.column.starts[row] as usize + index];
        &self.bytes[at as usize..][..length as usize]
    }
}

/// An offset within a batch, which is far smaller than 4 GiB: a batch of the source holds a few MiB.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(atom: Atom, canonical: &str) -> Vec<String> {
        let mut found = Vec::new();
        atom.derive(canonical.as_bytes(), &mut Vec::new(), |form| found.push(String::from_utf8(form.to_vec()).unwrap()));
        found
    }

    #[test]
    fn names() {
        assert_eq!(forms(Atom::NameFull, "green mitchell"), ["green mitchell"]);
        assert_eq!(forms(Atom::NameP3, "mitchell green"), ["gre mit"]);
        assert_eq!(forms(Atom::NameP3, "anna ann le"), ["ann le"]);
        assert_eq!(forms(Atom::NameAny, "le mitchell"), ["mitchell"]);
        assert_eq!(forms(Atom::NameP3, "łukasz"), ["łuk"]);
    }

    /// Examples of the US National Archives and of Knuth, The Art of Computer Programming, volume 3.
    #[test]
    fn soundex_examples() {
        for (name, expected) in [
            ("washington", "w252"),
            ("lee", "l000"),
            ("gutierrez", "g362"),
            ("pfister", "p236"),
            ("jackson", "j250"),
            ("tymczak", "t522"),
            ("ashcraft", "a261"),
            ("robert", "r163"),
            ("rupert", "r163"),
            ("honeyman", "h555"),
        ] {
            assert_eq!(forms(Atom::NamePhon, name), [expected], "{name}");
        }
    }

    #[test]
    fn places_and_dates() {
        assert_eq!(forms(Atom::PostcodeUnit, "SW1A1AA"), ["SW1A1AA"]);
        assert_eq!(forms(Atom::PostcodeUnit, "SW1A"), Vec::<String>::new());
        assert_eq!(forms(Atom::PostcodeUnit, "2119"), ["2119"]);
        assert_eq!(forms(Atom::PostcodeSector, "SW1A1AA"), ["SW1A1"]);
        assert!(forms(Atom::PostcodeSector, "SW1A").is_empty() && forms(Atom::PostcodeUnit, "SW1A1").is_empty());
        assert_eq!(forms(Atom::PostcodeOutward, "SW1A1"), ["SW1A"]);
        assert_eq!(forms(Atom::PostcodeOutward, "SW1A1AA"), ["SW1A"]);
        assert_eq!(forms(Atom::AddressNoWord4, "7|wall"), ["7|wall"]);
        assert_eq!(forms(Atom::AddressNo, "7|wall"), ["7"]);
        assert_eq!(forms(Atom::AddressWord4, "|rose"), ["rose"]);
        assert_eq!(forms(Atom::AddressNoWord4, "|rose"), Vec::<String>::new());
        assert_eq!(forms(Atom::AddressNo, "|rose"), Vec::<String>::new());
        assert_eq!(forms(Atom::TownP4, "towradgi"), ["towr"]);
        assert_eq!(forms(Atom::BirthYm, "19560409"), ["195604"]);
    }

    #[test]
    fn what_implies_another_atom_determines_it() {
        let values = [
            "green ann",
            "greene ann",
            "19560409",
            "19560410",
            "SW1A1AA",
            "SW1A1",
            "SW1A",
            "2119",
            "7|wall",
            "7|",
            "|wall",
            "towradgi",
        ];
        for (atom, other) in Atom::ALL.into_iter().flat_map(|atom| Atom::ALL.map(|other| (atom, other))) {
            if !atom.implies(other) {
                continue;
            }
            for (a, b) in values.into_iter().flat_map(|a| values.map(|b| (a, b))) {
                let agree = |atom| forms(atom, a) == forms(atom, b) && !forms(atom, a).is_empty();
                assert!(!agree(atom) || agree(other), "{atom:?} {other:?} {a} {b}");
            }
        }
        assert!(!Atom::PostcodeSector.implies(Atom::PostcodeOutward));
    }

    #[test]
    fn words_round_trip() {
        for atom in Atom::ALL {
            assert_eq!(Atom::parse(atom.word()), Some(atom));
            assert_eq!(Atom::ALL[atom as usize], atom);
        }
    }

    #[test]
    fn batches_hold_every_row_apart() {
        let mut records = RecordBatch::new();
        records.push(Slot::Name, "green mitchell");
        records.end_row();
        records.end_row();
        records.push(Slot::Name, "toby webb");
        records.push(Slot::Name, "webb");
        records.end_row();
        let mut atoms = AtomBatch::default();
        atoms.derive(&records, &[Atom::NameFull, Atom::NameAny]);
        assert_eq!(atoms.rows(), 3);
        assert_eq!(atoms.count(Atom::NameFull, 0), 1);
        assert_eq!(atoms.count(Atom::NameFull, 1), 0);
        assert_eq!(atoms.form(Atom::NameFull, 2, 1), b"webb");
        assert_eq!(atoms.count(Atom::NameAny, 2), 2, "a form that two candidates share counts once");
        assert_eq!(atoms.count(Atom::Email, 0), 0);
    }
}
