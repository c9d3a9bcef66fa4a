//! The compound files that older office documents are: a small file system within the file ([MS-CFB]).

use super::table::Halt;
use crate::source::ProblemCode;
use crate::source::file::OpenedFile;
use std::collections::HashSet;
use std::io;
use std::io::Read;
use std::sync::Arc;

/// How a compound file begins.
pub(super) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The largest file that is opened. Workbooks of that kind end at 2 GiB.
const LARGEST: u64 = 4 << 30;

/// The most entries of a folder that are listed.
const MOST_ENTRIES: usize = 1 << 16;

/// Numbers of sectors from here on mean something else.
const LAST_SECTOR: u32 = 0xffff_fffa;

const HEADER: usize = 512;

/// A compound file.
pub(super) struct Compound {
    file: Arc<OpenedFile>,
    sector: u64,
    /// For each sector the one that follows it.
    next: Vec<u32>,
    /// The same for the small sectors that lie in a stream of their own, and where each of its sectors lies.
    small_next: Vec<u32>,
    small_sectors: Vec<u32>,
    smallest: u64,
    /// What lies at the top.
    pub(super) entries: Vec<Entry>,
}

/// A stream or a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_stream: bool,
    start: u32,
    pub(super) size: u64,
}

/// An entry with its links to others.
struct Node {
    entry: Entry,
    kind: u8,
    links: [u32; 3],
}

fn damaged() -> Halt {
    Halt::failed("the file's own table of its parts is damaged")
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

impl Compound {
    pub(super) fn open(file: &Arc<OpenedFile>) -> Result<Compound, Halt> {
        let read = |at: u64, length: usize| file.window(at, length).map_err(|_| Halt::failed("the file cannot be read"));
        let header = read(0, HEADER)?;
        let shift = short(&header, 0x1e);
        if header.len() < HEADER || !header.starts_with(MAGIC) || !matches!(shift, 9 | 12) {
            return Err(damaged());
        }
        if file.size() > LARGEST {
            return Err(Halt::unsupported("the document is larger than any of its kind"));
        }
        let sector = 1_u64 << shift;
        let sectors = usize::try_from(file.size() / sector + 1).map_err(|_| damaged())?;
        let mut compound = Compound {
            file: Arc::clone(file),
            sector,
            next: Vec::new(),
            small_next: Vec::new(),
            small_sectors: Vec::new(),
            smallest: u64::from(long(&header, 0x38)),
            entries: Vec::new(),
        };
        let mut tables: Vec<u32> = (0..109).map(|index| long(&header, 0x4c + 4 * index)).collect();
        let (mut more, mut seen) = (long(&header, 0x44), 0);
        while more < LAST_SECTOR {
            let list = compound.sector_bytes(more)?;
            let places = list.len() / 4;
            tables.extend((0..places.saturating_sub(1)).map(|index| long(&list, 4 * index)));
            more = if places == 0 { u32::MAX } else { long(&list, 4 * (places - 1)) };
            seen += 1;
            if seen > sectors {
                return Err(damaged());
            }
        }
        for table in tables.into_iter().filter(|table| *table < LAST_SECTOR) {
            let bytes = compound.sector_bytes(table)?;
            compound.next.extend((0..bytes.len() / 4).map(|index| long(&bytes, 4 * index)));
            if compound.next.len() > 2 * sectors + 4_096 {
                return Err(damaged());
            }
        }
        let directory = compound.chain(long(&header, 0x30))?;
        let mut nodes = Vec::new();
        for place in directory {
            let bytes = compound.sector_bytes(place)?;
            nodes.extend(bytes.chunks_exact(128).map(node));
            if nodes.len() > MOST_ENTRIES {
                return Err(damaged());
            }
        }
        let root = nodes.first().filter(|root| root.kind == 5).ok_or_else(damaged)?;
        for place in compound.chain(long(&header, 0x3c))? {
            let bytes = compound.sector_bytes(place)?;
            compound.small_next.extend((0..bytes.len() / 4).map(|index| long(&bytes, 4 * index)));
        }
        compound.small_sectors = compound.chain(root.entry.start)?;
        let (mut open, mut seen) = (vec![root.links[2]], HashSet::new());
        while let Some(place) = open.pop() {
            let Some(node) = nodes.get(place as usize).filter(|_| seen.insert(place)) else { continue };
            if matches!(node.kind, 1 | 2) {
                compound.entries.push(node.entry.clone());
            }
            open.extend([node.links[0], node.links[1]]);
        }
        Ok(compound)
    }

    /// Whether bytes stand behind the last sector that is in use.
    pub(super) fn has_other_bytes(&self) -> Result<bool, Halt> {
        let last = self.next.iter().rposition(|next| *next != u32::MAX).map_or(0, |last| last as u64 + 1);
        let mut at = (last + 1) * self.sector;
        while at < self.file.size() {
            let bytes = self.file.window(at, 64 << 10).map_err(|_| damaged())?;
            if bytes.is_empty() {
                break;
            }
            if bytes.iter().any(|byte| !matches!(byte, 0 | 0xff)) {
                return Ok(true);
            }
            at += bytes.len() as u64;
        }
        Ok(false)
    }

    fn sector_bytes(&self, sector: u32) -> Result<Vec<u8>, Halt> {
        let at = (u64::from(sector) + 1) * self.sector;
        let bytes = self.file.window(at, usize::try_from(self.sector).unwrap_or(HEADER)).map_err(|_| damaged())?;
        if bytes.is_empty() { Err(damaged()) } else { Ok(bytes) }
    }

    /// The sectors of a stream, in order.
    fn chain(&self, first: u32) -> Result<Vec<u32>, Halt> {
        follow(&self.next, first)
    }

    /// What lies at the top under a name.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// A stream, to be read from its beginning.
    pub(super) fn stream(&self, entry: &Entry) -> Result<Stream, Halt> {
        let is_small = entry.size < self.smallest;
        let sectors = if is_small { follow(&self.small_next, entry.start)? } else { self.chain(entry.start)? };
        let per_sector = self.sector / 64;
        let place = |sector: &u32| {
            if !is_small {
                return Some((u64::from(*sector) + 1) * self.sector);
            }
            let large = usize::try_from(u64::from(*sector) / per_sector).ok()?;
            let large = u64::from(*self.small_sectors.get(large)?);
            Some((large + 1) * self.sector + u64::from(*sector) % per_sector * 64)
        };
        let places = sectors.iter().map(place).collect::<Option<Vec<u64>>>().ok_or_else(damaged)?;
        let sector = if is_small { 64 } else { self.sector };
        // A size that the sectors do not hold is found out at their end.
        Ok(Stream { file: Arc::clone(&self.file), places: places.into(), sector, size: entry.size, at: 0 })
    }
}

fn follow(next: &[u32], first: u32) -> Result<Vec<u32>, Halt> {
    let (mut chain, mut sector) = (Vec::new(), first);
    while sector < LAST_SECTOR {
        chain.push(sector);
        sector = *next.get(sector as usize).ok_or_else(damaged)?;
        if chain.len() > next.len() {
            return Err(damaged());
        }
    }
    Ok(chain)
}

fn node(bytes: &[u8]) -> Node {
    let length = usize::from(short(bytes, 64)).clamp(2, 64) - 2;
    let name = encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes[..length]).0.into_owned();
    let kind = bytes[66];
    let size = u64::from(long(bytes, 120)) | u64::from(long(bytes, 124)) << 32;
    let entry = Entry { name, is_stream: kind == 2, start: long(bytes, 116), size: size.min(LARGEST) };
    Node { entry, kind, links: [long(bytes, 68), long(bytes, 72), long(bytes, 76)] }
}

/// Reads a stream.
#[derive(Clone)]
pub(super) struct Stream {
    file: Arc<OpenedFile>,
    places: Arc<[u64]>,
    sector: u64,
    size: u64,
    at: u64,
}

impl Stream {
    /// Reads on from another place.
    pub(super) fn go_to(&mut self, at: u64) {
        self.at = at;
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        if left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let index = usize::try_from(self.at / self.sector).unwrap_or(usize::MAX);
        let within = self.at % self.sector;
        let Some(place) = self.places.get(index) else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream is shorter than the file says"));
        };
        // Sectors that lie one after another are read at once.
        let wanted = left.min(buffer.len() as u64);
        let mut run = self.sector - within;
        let mut last = index;
        while run < wanted && self.places.get(last + 1).is_some_and(|next| *next == self.places[last] + self.sector) {
            run += self.sector;
            last += 1;
        }
        let length = usize::try_from(run.min(wanted)).unwrap_or(buffer.len());
        let count = self.file.read_at(&mut buffer[..length], place + within)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends within a stream"));
        }
        self.at += count as u64;
        Ok(count)
    }
}

/// The fault of a stream that ends too early.
pub(super) fn cut() -> Halt {
    Halt::Fault(ProblemCode::CutShort, "the workbook ends too early".to_owned())
}
