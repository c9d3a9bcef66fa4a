//! The compact encoding of Thrift, in which Parquet writes its footer and the headers of its pages, read as far as it takes to see that
//! what is declared can be true.

/// The deepest nesting that is followed.
const DEEPEST: u32 = 32;

/// Types of fields and of elements.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// A place in encoded bytes. Every step is `None` where the bytes end early or are no such encoding.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A field's number and type.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) number: i16,
    kind: u8,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes that were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number of any width.
    pub(super) fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The next field of a structure whose last field had this number; `Some(None)` at its end.
    #[expect(clippy::option_option, reason = "the end of a structure is no damage")]
    pub(super) fn field(&mut self, last: &mut i16) -> Option<Option<Field>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let step = i16::from(byte >> 4);
        let number = if step == 0 { i16::try_from(self.integer()?).ok()? } else { last.checked_add(step)? };
        *last = number;
        Some(Some(Field { number, kind: byte & 0x0f }))
    }

    /// The number of elements of a list of structures.
    pub(super) fn structures(&mut self, field: Field) -> Option<usize> {
        let (kind, count) = self.list(field.kind)?;
        (kind == STRUCT || count == 0).then_some(count)
    }

    fn list(&mut self, kind: u8) -> Option<(u8, usize)> {
        if kind != LIST && kind != SET {
            return None;
        }
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        let count = usize::try_from(count).ok()?;
        // An element has one byte at least.
        (count <= self.bytes.len() - self.at).then_some((byte & 0x0f, count))
    }

    /// Whether the field is a structure of its own.
    pub(super) fn is_structure(field: Field) -> bool {
        field.kind == STRUCT
    }

    /// The value of a field that is true or false.
    pub(super) fn truth(field: Field) -> bool {
        field.kind == TRUE
    }

    /// Passes over a field.
    pub(super) fn skip(&mut self, field: Field) -> Option<()> {
        match field.kind {
            TRUE | FALSE => Some(()),
            kind => self.skip_value(kind, DEEPEST),
        }
    }

    fn skip_value(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE | BYTE => self.advance(1),
            4..=6 => self.varint().map(drop),
            DOUBLE => self.advance(8),
            BINARY => {
                let length = self.varint()?;
                self.advance(usize::try_from(length).ok()?)
            }
            LIST | SET => {
                let (kind, count) = self.list(kind)?;
                (0..count).try_for_each(|_| self.skip_value(kind, depth))
            }
            MAP => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_value(kinds >> 4, depth)?;
                    self.skip_value(kinds & 0x0f, depth)
                })
            }
            STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    match field.kind {
                        TRUE | FALSE => {}
                        kind => self.skip_value(kind, depth)?,
                    }
                }
                Some(())
            }
            _ => None,
        }
    }

    fn advance(&mut self, count: usize) -> Option<()> {
        let at = self.at.checked_add(count).filter(|at| *at <= self.bytes.len())?;
        self.at = at;
        Some(())
    }
}
