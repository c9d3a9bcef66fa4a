//! Compressed files: one content, in one stream or in several after another.

use super::Spool;
use super::Stop;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use crate::source::file::Packing;
use crate::support::progress::Cancel;
use flate2::bufread::GzDecoder;
use std::cell::Cell;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::rc::Rc;

/// The most memory that a decoder of xz may ask for. `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 128 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::source) enum Codec {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

/// How compressed files begin.
const SIGNATURES: [(&[u8], Codec); 4] =
    [(b"\x1f\x8b", Codec::Gzip), (b"\x28\xb5\x2f\xfd", Codec::Zstd), (b"\xfd7zXZ\0", Codec::Xz), (b"BZh", Codec::Bzip2)];

impl Codec {
    /// The codec by which a content that begins so is compressed.
    pub(in crate::source) fn of(head: &[u8]) -> Option<Codec> {
        SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)).map(|(_, codec)| *codec)
    }

    /// The word for it.
    pub(in crate::source) fn as_str(self) -> &'static str {
        match self {
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Xz => "xz",
            Codec::Bzip2 => "bzip2",
        }
    }

    fn decoder<'a>(self, input: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Codec::Gzip => Box::new(GzipMembers(Some(GzDecoder::new(input)))),
            Codec::Zstd => Box::new(zstd::Decoder::with_buffer(input)?),
            Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
            Codec::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
            }
        })
    }

    /// Decompresses a file into a private copy. What is wrong with it is added to the problems.
    pub(in crate::source) fn unpack(
        self,
        file: &OpenedFile,
        spool: &mut Spool<'_>,
        problems: &mut Vec<Problem>,
        cancel: &Cancel,
    ) -> Result<OpenedFile, Stop> {
        let packed = Rc::new(Cell::new(0));
        let input = BufReader::with_capacity(CHUNK, Counted { input: file.reader(), count: packed.clone() });
        let mut broken = None;
        let mut content: Box<dyn Read + '_> = match self.decoder(input) {
            Ok(decoder) => decoder,
            Err(error) => {
                broken = Some(error);
                Box::new(io::empty())
            }
        };
        let copied = spool.unpack(&mut content, &|| packed.get(), cancel)?;
        if let Some(error) = broken.or(copied.broken) {
            problems.push(damage(file.name(), self.as_str(), &error));
        }
        if self == Codec::Gzip && has_more_than_content(file) {
            let detail = "the gzip file holds a comment or a field of its own, which is not read";
            problems.push(Problem::of_source(ProblemCode::Unsupported, file.name(), detail));
        }
        let packing = Packing { format: self.as_str(), member: None };
        Ok(file.unpacked(file.name(), packing, &copied.held, copied.window))
    }
}

/// Whether the first header of a gzip file has a comment, or a longer extra field than the programs that pack in blocks write (RFC 1952, section
/// 2.3.1).
fn has_more_than_content(file: &OpenedFile) -> bool {
    const EXTRA: u8 = 1 << 2;
    const COMMENT: u8 = 1 << 4;
    const LONGEST: u16 = 64;
    let head = file.head(12).unwrap_or_default();
    let flags = head.get(3).copied().unwrap_or(0);
    let extra = head.get(10..12).map_or(0, |length| u16::from_le_bytes([length[0], length[1]]));
    flags & COMMENT != 0 || (flags & EXTRA != 0 && extra > LONGEST)
}

/// What an error within packed content means. The decoder's own words may quote what it read, so they are not told.
pub(super) fn damage(source: &str, format: &str, error: &io::Error) -> Problem {
    let (code, detail) = match error.kind() {
        io::ErrorKind::UnexpectedEof => (ProblemCode::CutShort, "ends before its end; what came out of it before was read"),
        _ => (ProblemCode::ReadFailed, "is damaged, or packed in a way that is not read; what came out of it before was read"),
    };
    Problem::of_source(code, source, format!("the {format} content {detail}"))
}

/// Counts the bytes that are taken from a reader.
struct Counted<R> {
    input: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// The members of a gzip file one after another (RFC 1952, section 2.2). Behind the last may stand zeros, as tapes leave them, and nothing else:
/// the decoder of the crate for several members leaves out whatever follows.
struct GzipMembers<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(mut input) = self.0.take().map(GzDecoder::into_inner) else { break };
            let mut is_padded = false;
            loop {
                let rest = input.fill_buf()?;
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                match rest.get(zeros) {
                    None if rest.is_empty() => return Ok(0),
                    None => {
                        is_padded = true;
                        input.consume(zeros);
                    }
                    Some(0x1f) if zeros == 0 && !is_padded => break,
                    Some(_) => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
            self.0 = Some(GzDecoder::new(input));
        }
        Ok(0)
    }
}
