//! The chain of lines: each holds the digest of the one before, and what was read of a line counts only once its place in the chain is known.
//!
//! What can be said of a line alone is found out for many lines side by side: its digest, its frame and its entry. What hangs on the lines
//! before it is then held against them in their order. Nothing of this is kept for the next time: a ledger is read whole whenever it is
//! opened, since a summary beside it would be a second truth that no chain protects.
//!
//! In the slice of a bundle ([`crate::ledger::slice`]) a line may be withheld, with its digest in its place; in a ledger that is a fault.

use crate::ledger::LedgerError;
use crate::ledger::LedgerView;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Line;
use crate::ledger::entry::PinnedCard;
use crate::ledger::slice;
use crate::ledger::slice::WithheldLine;
use crate::support::hex;
use crate::support::time;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read;

/// Bytes that are read at a time, and more where a line is longer.
const BLOCK: u64 = 4 << 20;

/// Fewer lines than these are read sooner than another thread wakes up.
const FEW: usize = 256;

const NO_LINE: &str = "it is not a line of a ledger";

/// A line's SHA-256.
type Digest = [u8; 32];

/// The place of the first line.
const BEGINNING: Digest = [0; 32];

/// The lines that were read and found to hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    digests: Vec<Digest>,
    /// The last digest in hexadecimal.
    head: String,
    length: u64,
    newer: Option<u64>,
    /// Of a slice, the cards that withheld lines pin, by the number of the line; `None` in a ledger, which withholds none.
    withheld: Option<BTreeMap<u64, PinnedCard>>,
}

impl Chain {
    /// Without a line.
    pub(super) fn new() -> Chain {
        Chain { digests: Vec::new(), head: hex::encode(&BEGINNING), length: 0, newer: None, withheld: None }
    }

    /// Without a line, of a slice whose withheld lines pin these cards.
    pub(super) fn of_slice(pinned: BTreeMap<u64, PinnedCard>) -> Chain {
        Chain { withheld: Some(pinned), ..Chain::new() }
    }

    /// Of a slice, the first line that is said to pin a card and is not withheld, or is not there.
    pub(super) fn misplaced_pin(&self) -> Option<u64> {
        self.withheld.as_ref().and_then(|pinned| pinned.keys().next().copied())
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> u64 {
        self.digests.len() as u64
    }

    /// The last line's SHA-256; 64 zeros where there is none.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// Bytes of all lines.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The first line, if any, that a newer version wrote: it holds together with the others, and what it says is unknown.
    pub(super) fn newer(&self) -> Option<u64> {
        self.newer
    }

    /// Which line has this SHA-256, counted from 1. 64 zeros stand for the place before the first.
    pub(super) fn line_of(&self, digest: &str) -> Option<u64> {
        let digest: Digest = hex::decode(digest)?;
        // Most who ask, ask for the last one.
        let index = self.digests.iter().rposition(|known| *known == digest);
        index.map(|index| index as u64 + 1).or_else(|| (digest == BEGINNING).then_some(0))
    }

    /// Adds a line, without its line feed, that follows the last one.
    pub(super) fn append(&mut self, line: &[u8]) {
        self.link(Sha256::digest(line).into(), line.len());
        self.head = hex::encode(&self.last());
    }

    /// Reads the lines of a file from where it stands, and adds up in `view` what they say. What is sound is taken in also where a fault follows.
    pub(super) fn read(&mut self, file: File, view: &mut LedgerView) -> Result<(), Fault> {
        self.read_blocks(Blocks { file, block: BLOCK, has_ended: false, rest: Vec::new() }, view)
    }

    /// As [`Chain::read`], of lines that are there already.
    pub(super) fn read_bytes(&mut self, bytes: &[u8], view: &mut LedgerView) -> Result<(), Fault> {
        self.read_blocks(Blocks { file: bytes, block: BLOCK, has_ended: false, rest: Vec::new() }, view)
    }

    fn read_blocks(&mut self, mut blocks: Blocks<impl Read + Send>, view: &mut LedgerView) -> Result<(), Fault> {
        let read = self.take_blocks(&mut blocks, view);
        self.head = hex::encode(&self.last());
        read?;
        if blocks.rest.is_empty() { Ok(()) } else { Err(LedgerError::Torn { line: self.len() + 1 }.into()) }
    }

    /// Takes in the lines of one block while the next one is read.
    fn take_blocks(&mut self, blocks: &mut Blocks<impl Read + Send>, view: &mut LedgerView) -> Result<(), Fault> {
        let mut lines = blocks.next()?;
        while let Some(read) = lines {
            if blocks.has_ended {
                return Ok(self.take(read, view)?);
            }
            let (taken, next) = rayon::join(|| self.take(read, view), || blocks.next());
            // In the order of the lines: what is wrong with these comes before what keeps the next ones from being read.
            taken?;
            lines = next?;
        }
        Ok(())
    }

    /// Takes in lines as far as each follows the one before.
    fn take(&mut self, lines: Vec<ReadLine>, view: &mut LedgerView) -> Result<(), LedgerError> {
        for line in lines {
            let number = self.len() + 1;
            let broken = |problem| LedgerError::Broken { line: number, problem };
            let frame = line.frame.map_err(broken)?;
            if frame.sequence != number {
                return Err(broken("its number does not follow the number of the line before"));
            }
            if frame.is_withheld {
                let pinned = self.withheld.as_mut().ok_or(broken(NO_LINE))?.remove(&number);
                view.pass_over(pinned.as_ref());
                self.link(line.digest, line.length);
                continue;
            }
            if frame.previous != Some(self.last()) {
                return Err(broken("it does not hold the digest of the line before, so one of the two was altered"));
            }
            if !frame.has_date {
                return Err(broken("it has no date"));
            }
            // Behind a line that is not understood nothing is added up: who knows what it changed. That it holds together is still seen.
            match frame.entry {
                Some(entry) if self.newer.is_none() => view.fold(entry).map_err(broken)?,
                Some(_) => {}
                None => self.newer = self.newer.or(Some(number)),
            }
            self.link(line.digest, line.length);
        }
        Ok(())
    }

    fn last(&self) -> Digest {
        self.digests.last().copied().unwrap_or(BEGINNING)
    }

    fn link(&mut self, digest: Digest, length: usize) {
        self.digests.push(digest);
        self.length += length as u64 + 1;
    }
}

/// Why the lines could not be read to their end.
#[derive(Debug)]
pub(super) enum Fault {
    /// The system's fault.
    System(io::Error),
    /// What the lines are.
    Lines(LedgerError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::System(error)
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Fault {
        Fault::Lines(error)
    }
}

/// The file's whole lines, a block at a time.
struct Blocks<R> {
    file: R,
    /// Bytes that are read at a time.
    block: u64,
    /// Whether all was read.
    has_ended: bool,
    /// What stands behind the last line feed.
    rest: Vec<u8>,
}

impl<R: Read> Blocks<R> {
    /// The next lines, or `None` where no further line feed comes.
    fn next(&mut self) -> io::Result<Option<Vec<ReadLine>>> {
        while !self.has_ended {
            let searched = self.rest.len();
            let read = self.file.by_ref().take(self.block).read_to_end(&mut self.rest)?;
            self.has_ended = (read as u64) < self.block;
            let fresh = self.rest.get(searched..).unwrap_or_default();
            if let Some(end) = memchr::memrchr(b'\n', fresh) {
                let after = self.rest.split_off(searched + end + 1);
                let lines = std::mem::replace(&mut self.rest, after);
                return Ok(Some(read_lines(&lines)));
            }
        }
        Ok(None)
    }
}

/// What can be said of lines, each without the others, on all cores where there are many.
fn read_lines(bytes: &[u8]) -> Vec<ReadLine> {
    let mut from = 0;
    let lines = memchr::memchr_iter(b'\n', bytes).map(|end| {
        let line = bytes.get(from..end).unwrap_or_default();
        from = end + 1;
        line
    });
    let lines: Vec<&[u8]> = lines.collect();
    if lines.len() < FEW {
        return lines.into_iter().map(ReadLine::new).collect();
    }
    lines.into_par_iter().map(ReadLine::new).collect()
}

/// What can be said of a line without the lines before it.
struct ReadLine {
    digest: Digest,
    length: usize,
    frame: Result<Frame, &'static str>,
}

/// What a line is.
struct Frame {
    sequence: u64,
    /// The line stands elsewhere, and here are its number and its digest alone.
    is_withheld: bool,
    /// `None` where it is no digest, and so not that of the line before.
    previous: Option<Digest>,
    has_date: bool,
    /// `None` where this version does not know what the line holds.
    entry: Option<Entry>,
}

/// A line of any version.
#[derive(Deserialize)]
struct AnyLine {
    sequence: u64,
    previous: String,
    at: String,
    #[serde(rename = "entry")]
    _entry: IgnoredAny,
}

impl ReadLine {
    fn new(bytes: &[u8]) -> ReadLine {
        let known = serde_json::from_slice::<Line>(bytes)
            .map(|line| Frame::new(line.sequence, &line.previous, &line.at, Some(line.entry)));
        if known.is_err()
            && let Some((sequence, digest)) = withheld(bytes)
        {
            let frame = Frame { sequence, is_withheld: true, previous: None, has_date: false, entry: None };
            return ReadLine { digest, length: bytes.len(), frame: Ok(frame) };
        }
        let frame = known.or_else(|_| {
            let any =
                serde_json::from_slice::<AnyLine>(bytes).map(|line| Frame::new(line.sequence, &line.previous, &line.at, None));
            any.map_err(|error| if error.is_data() { NO_LINE } else { "it is not JSON" })
        });
        ReadLine { digest: Sha256::digest(bytes).into(), length: bytes.len(), frame }
    }
}

impl Frame {
    fn new(sequence: u64, previous: &str, at: &str, entry: Option<Entry>) -> Frame {
        Frame { sequence, is_withheld: false, previous: hex::decode(previous), has_date: time::parse(at).is_some(), entry }
    }
}

/// The number and the digest of a line that is withheld. There is one way to write it, so that nothing else can stand in it.
fn withheld(bytes: &[u8]) -> Option<(u64, Digest)> {
    let line: WithheldLine = serde_json::from_slice(bytes).ok()?;
    let digest = hex::decode(&line.sha256)?;
    (slice::withheld(line.withheld, &line.sha256).as_bytes() == bytes).then_some((line.withheld, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::entry::PinnedCard;
    use crate::ledger::entry::SupplyEntry;

    #[test]
    fn lines_are_the_same_in_blocks_of_any_size() {
        let text = format!("one\n\n{}\nfour\n\n", "three".repeat(9));
        let lengths = |torn: &str, block: u64| {
            let text = format!("{text}{torn}");
            let mut blocks = Blocks { file: text.as_bytes(), block, has_ended: false, rest: Vec::new() };
            let mut lines = Vec::new();
            while let Some(more) = blocks.next().unwrap() {
                lines.extend(more.into_iter().map(|line| (line.length, line.digest)));
            }
            assert_eq!(blocks.rest, torn.as_bytes());
            lines
        };
        let expected: Vec<(usize, Digest)> = text.lines().map(|line| (line.len(), Sha256::digest(line).into())).collect();
        for block in 1..=text.len() as u64 + 9 {
            for torn in ["", "x", "a torn line that is longer than many a block"] {
                assert_eq!(lengths(torn, block), expected, "{block}");
            }
        }
    }

    /// Lines of supplies that hold together.
    fn supplies(count: u64) -> Vec<String> {
        let card = || PinnedCard {
            name: "Party".to_owned(),
            public_key_pem: String::new(),
            fingerprint: String::new(),
            age_recipient: String::new(),
        };
        let mut previous = hex::encode(&BEGINNING);
        let line = |sequence: u64| {
            let supply = SupplyEntry {
                supply_id: format!("{sequence:032x}"),
                recipient: card(),
                originator: card(),
                records: sequence,
                delete_by: "2017-06-30".to_owned(),
                purpose: "one campaign ".repeat(usize::try_from(sequence % 7).unwrap()),
                contract: String::new(),
                lawful_basis: String::new(),
                manner: String::new(),
                baseline_statement: "a".repeat(64),
                deletion_statement: "b".repeat(64),
                created_at: "2017-05-05T09:00:00Z".to_owned(),
                seeds: 0,
                has_references: false,
                kept_manifest: None,
            };
            let at = "2017-05-05T09:00:00Z".to_owned();
            let line = Line { sequence, previous: previous.clone(), at, entry: Entry::Supply(Box::new(supply)) };
            let line = serde_json::to_string(&line).unwrap();
            previous = hex::encode(&Sha256::digest(&line));
            line
        };
        (1..=count).map(line).collect()
    }

    #[test]
    fn a_chain_is_the_same_in_blocks_of_any_size() {
        const LINES: u64 = 600;
        let lines = supplies(LINES);
        let read = |text: &str, block: u64| {
            let (mut chain, mut view) = (Chain::new(), LedgerView::default());
            let fault =
                chain.read_blocks(Blocks { file: text.as_bytes(), block, has_ended: false, rest: Vec::new() }, &mut view).err();
            assert_eq!(view.supplies().len() as u64, chain.newer().map_or(chain.len(), |line| line - 1));
            assert!(view.supplies().iter().zip(1..).all(|(supply, number)| supply.entry.records == number));
            (chain, fault.map(|fault| format!("{fault:?}")))
        };
        let whole = lines.join("\n") + "\n";
        let altered = |number: usize, from: &str, to: &str| {
            let mut lines = lines.clone();
            lines[number - 1] = lines[number - 1].replace(from, to);
            lines.join("\n") + "\n"
        };
        let cases = [
            (whole.clone(), LINES, None, ""),
            (format!("{whole}x"), LINES, None, "Torn { line: 601 }"),
            (whole[..whole.len() - 1].to_owned(), LINES - 1, None, "Torn { line: 600 }"),
            (altered(300, "Party", "Porty"), 300, None, "Broken { line: 301"),
            (altered(600, "supply\":", "later\":"), LINES, Some(600), ""),
            (altered(400, "supply\":", "later\":"), 400, Some(400), "Broken { line: 401"),
            // The first fault is told, whatever follows in the same block or the next.
            (altered(200, "}", "") + "x", 199, None, "Broken { line: 200"),
        ];
        for (text, sound, newer, fault) in cases {
            let first = read(&text, BLOCK);
            assert_eq!((first.0.len(), first.0.newer()), (sound, newer));
            assert!(first.1.as_deref().unwrap_or_default().contains(fault) && first.1.is_none() == fault.is_empty(), "{first:?}");
            for block in [7, 500, 5_000, 70_000, 300_000] {
                assert_eq!(read(&text, block), first, "{block}");
            }
        }
        // The line of a supply that is in the ledger already, in another block.
        let mut chain = read(&whole, 700).0;
        let again = lines[0].replace("\"sequence\":1,", "\"sequence\":601,").replace(&"0".repeat(64), chain.head());
        let mut view = LedgerView::default();
        let text = format!("{whole}{again}\n");
        chain = Chain::new();
        let fault = chain
            .read_blocks(Blocks { file: text.as_bytes(), block: 70_000, has_ended: false, rest: Vec::new() }, &mut view)
            .unwrap_err();
        assert!(
            format!("{fault:?}").contains("Broken { line: 601, problem: \"the supply is in the ledger already\""),
            "{fault:?}"
        );
        assert_eq!((chain.len(), chain.length()), (LINES, whole.len() as u64));
    }

    /// Nothing of what could not be read is taken for the end.
    #[test]
    fn a_disk_that_fails_is_no_end() {
        struct Failing<'a>(&'a [u8]);
        impl Read for Failing<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                if self.0.is_empty() { Err(io::Error::other("a bad sector")) } else { self.0.read(into) }
            }
        }
        let text = supplies(20).join("\n") + "\n";
        for block in [1, 700, BLOCK] {
            let (mut chain, mut view) = (Chain::new(), LedgerView::default());
            let blocks = Blocks { file: Failing(text.as_bytes()), block, has_ended: false, rest: Vec::new() };
            assert!(matches!(chain.read_blocks(blocks, &mut view), Err(Fault::System(_))));
            assert!(chain.len() <= 20);
        }
    }

    #[test]
    fn a_line_is_read_as_far_as_it_is_known() {
        let zeros = "0".repeat(64);
        let line = |entry: &str| format!(r#"{{"sequence":1,"previous":"{zeros}","at":"2017-05-05T09:00:00Z","entry":{entry}}}"#);
        let read = |text: &str| ReadLine::new(text.as_bytes()).frame;
        let later = read(&line(r#"{"later":{"supplyId":"x","of":[1,{"a":null}]}}"#)).unwrap();
        assert_eq!((later.sequence, later.previous, later.has_date), (1, Some(BEGINNING), true));
        assert!(later.entry.is_none());
        assert!(!read(&line("{}").replace("T09", " at ")).unwrap().has_date);
        assert_eq!(read(&line("{}").replace("00", "0x")).unwrap().previous, None);
        let refused = |text: &str, problem: &str| assert_eq!(read(text).err(), Some(problem), "{text}");
        refused(&line("{}").replace(":1,", ":-1,"), "it is not a line of a ledger");
        refused(&line("{}").replace("previous", "before"), "it is not a line of a ledger");
        refused("[]", "it is not a line of a ledger");
        refused(&line("{"), "it is not JSON");
        refused("", "it is not JSON");
        refused(&line(&"[".repeat(100_000)), "it is not JSON");
        refused("\u{feff}{}", "it is not JSON");
    }
}
