//! The records of a workbook of the older kind ([MS-XLS]): each with its kind and length, and continued in others where it is long.

use super::cfb::Stream;
use super::cfb::cut;
use super::table::Halt;
use crate::support::progress::Cancel;
use encoding_rs::Encoding;
use std::io::BufReader;
use std::io::Read;

/// A record that continues the one before it.
const CONTINUE: u16 = 0x3c;

/// Reads the records of a stream.
pub(super) struct Biff<'a> {
    stream: BufReader<Stream>,
    /// Bytes of the record that were not read.
    left: usize,
    /// The head of the next record, where it was read already.
    ahead: Option<(u16, usize)>,
    cancel: &'a Cancel,
    records: u64,
}

/// How texts are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    /// Two bytes a character, or one where that does.
    Unicode,
    /// One encoding for all.
    Bytes(&'static Encoding),
}

impl<'a> Biff<'a> {
    /// Reads from a place on.
    pub(super) fn new(stream: &Stream, at: u64, cancel: &'a Cancel) -> Self {
        let mut stream = stream.clone();
        stream.go_to(at);
        Self { stream: BufReader::with_capacity(64 << 10, stream), left: 0, ahead: None, cancel, records: 0 }
    }

    /// The kind and length of the next record; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<(u16, usize)>, Halt> {
        self.records += 1;
        if self.records.is_multiple_of(1_024) && self.cancel.is_cancelled() {
            return Err(Halt::Ended(crate::source::ReadError::Cancelled));
        }
        self.pass_over()?;
        let head = match self.ahead.take() {
            Some(head) => Some(head),
            None => self.head()?,
        };
        if let Some((_, length)) = head {
            self.left = length;
        }
        Ok(head)
    }

    fn pass_over(&mut self) -> Result<(), Halt> {
        let mut scratch = [0; 512];
        while self.left > 0 {
            let length = self.left.min(scratch.len());
            self.fill(&mut scratch[..length])?;
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Option<(u16, usize)>, Halt> {
        let mut head = [0; 4];
        let mut filled = 0;
        while filled < head.len() {
            match self.stream.read(&mut head[filled..]).map_err(|error| Halt::of_io(&error, self.cancel))? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(cut()),
                count => filled += count,
            }
        }
        Ok(Some((u16::from_le_bytes([head[0], head[1]]), usize::from(u16::from_le_bytes([head[2], head[3]])))))
    }

    /// Fills a buffer from this record alone.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Halt> {
        if buffer.len() > self.left {
            return Err(Halt::failed("a record is shorter than what it should hold"));
        }
        self.left -= buffer.len();
        super::package::read_exact(&mut self.stream, buffer, self.cancel)
    }

    /// Goes on with the record that continues this one. False: there is none.
    fn go_on(&mut self) -> Result<bool, Halt> {
        if self.left > 0 {
            return Ok(true);
        }
        if self.ahead.is_none() {
            self.ahead = self.head()?;
        }
        match self.ahead {
            Some((CONTINUE, length)) => {
                self.ahead = None;
                self.left = length;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Bytes of the record, or of those that continue it.
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Halt> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            if !self.go_on()? {
                return Err(Halt::failed("a record is shorter than what it should hold"));
            }
            let length = (N - filled).min(self.left);
            self.fill(&mut bytes[filled..filled + length])?;
            filled += length;
        }
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Halt> {
        Ok(self.bytes::<1>()?[0])
    }

    pub(super) fn short(&mut self) -> Result<u16, Halt> {
        self.bytes().map(u16::from_le_bytes)
    }

    pub(super) fn long(&mut self) -> Result<u32, Halt> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(super) fn float(&mut self) -> Result<f64, Halt> {
        self.bytes().map(f64::from_le_bytes)
    }

    /// Passes over bytes, of the records that continue this one too.
    pub(super) fn skip(&mut self, mut count: usize) -> Result<(), Halt> {
        let mut scratch = [0; 512];
        while count > 0 {
            if !self.go_on()? {
                return Err(Halt::failed("a record is shorter than what it should hold"));
            }
            let length = count.min(self.left).min(scratch.len());
            self.fill(&mut scratch[..length])?;
            count -= length;
        }
        Ok(())
    }

    /// What is left of this record, without those that continue it.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, Halt> {
        let mut bytes = vec![0; self.left];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes of this record that were not read.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Adds so many characters. Where they go on in another record, that one says anew how wide they are.
    pub(super) fn characters(&mut self, count: usize, is_wide: bool, text: &mut String) -> Result<(), Halt> {
        let (mut units, mut is_wide) = (Vec::with_capacity(count), is_wide);
        while units.len() < count {
            if self.left == 0 {
                if !self.go_on()? {
                    return Err(Halt::failed("a text is shorter than it should be"));
                }
                is_wide = self.byte()? & 1 == 1;
            }
            let width = if is_wide { 2 } else { 1 };
            let here = (count - units.len()).min(self.left / width);
            if here == 0 && self.left > 0 {
                return Err(Halt::failed("a text ends in the middle of a character"));
            }
            let mut bytes = vec![0; here * width];
            self.fill(&mut bytes)?;
            if is_wide {
                units.extend(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
            } else {
                units.extend(bytes.iter().map(|byte| u16::from(*byte)));
            }
        }
        text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Ok(())
    }

    /// The characters of a text box, which begin in the record that follows.
    pub(super) fn text_box(&mut self, count: usize, text: &mut String) -> Result<(), Halt> {
        if !self.go_on()? {
            return Err(Halt::failed("the text of a comment is missing"));
        }
        let is_wide = self.byte()? & 1 == 1;
        self.characters(count, is_wide, text)
    }

    /// A text behind its length of one or two bytes.
    pub(super) fn text(&mut self, script: Script, has_short_length: bool, text: &mut String) -> Result<(), Halt> {
        let count = if has_short_length { usize::from(self.byte()?) } else { usize::from(self.short()?) };
        match script {
            Script::Unicode if count == 0 && self.left == 0 => Ok(()),
            Script::Unicode => {
                let flags = self.byte()?;
                // Runs of format and how it is spoken stand before the characters, and their content behind.
                let runs = if flags & 8 == 8 { usize::from(self.short()?) * 4 } else { 0 };
                let sound = if flags & 4 == 4 { self.long()? as usize } else { 0 };
                self.characters(count, flags & 1 == 1, text)?;
                self.skip(runs)?;
                self.skip(sound)
            }
            Script::Bytes(encoding) => {
                let mut bytes = vec![0; count];
                let mut filled = 0;
                while filled < count {
                    if !self.go_on()? {
                        return Err(Halt::failed("a text is shorter than it should be"));
                    }
                    let length = (count - filled).min(self.left);
                    self.fill(&mut bytes[filled..filled + length])?;
                    filled += length;
                }
                text.push_str(&encoding.decode_without_bom_handling(&bytes).0);
                Ok(())
            }
        }
    }
}
