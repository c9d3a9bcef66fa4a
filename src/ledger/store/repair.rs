//! The one repair that there is, and that only a person orders: what a command that failed left of its line is cut off.
//!
//! First the bytes are kept in a file of their own, then the lines end with the last whole one, then a line says so. Whichever of these steps
//! is the last that a machine gets to, the command can be given again: bytes that are kept already stay, and where nothing is torn any more,
//! the line that is lacking is made up for from the file. A line that `head` knows was whole once and is never cut off: what damaged it was no
//! command that failed.

use crate::ledger::Ledger;
use crate::ledger::LedgerError;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Line;
use crate::ledger::entry::RepairEntry;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use jiff::Timestamp;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;

/// What was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repaired {
    /// As the ledger has it.
    pub(crate) entry: RepairEntry,
    /// Whether all of the line was there but its line feed. The command that wrote it did not finish all the same.
    pub(crate) was_whole: bool,
}

impl Repaired {
    fn new(line: u64, bytes: &[u8]) -> Repaired {
        let entry = RepairEntry { line, bytes: bytes.len() as u64, sha256: hex::encode(&Sha256::digest(bytes)) };
        Repaired { entry, was_whole: serde_json::from_slice::<Line>(bytes).is_ok() }
    }
}

impl Ledger {
    /// Cuts off a torn last line, and makes up for what an earlier repair did not get to. Any other fault is an error, and nothing is changed.
    /// Returns what is said in lines that were added; nothing where there was nothing to repair.
    pub(crate) fn repair(folder: &Path, now: Timestamp) -> Result<Vec<Repaired>, LedgerError> {
        let mut ledger = Ledger::new(folder);
        if !ledger.lines_path().is_file() {
            return Err(LedgerError::Missing { folder: folder.to_owned() });
        }
        let _lock = ledger.lock()?;
        let known = match ledger.read_further() {
            Err(LedgerError::Torn { .. }) => {
                let known = ledger.check_head()?;
                ledger.keep_torn()?;
                ledger.cut_torn()?;
                known
            }
            read => read?,
        };
        ledger.enter_repairs(now, known)
    }

    /// Keeps what stands behind the last whole line.
    fn keep_torn(&self) -> Result<(), LedgerError> {
        let torn = self.read_torn().map_err(|source| self.file_error("ledger.jsonl", source))?;
        let name = Repaired::new(self.len() + 1, &torn).entry.kept();
        match atomic_file::write(&self.path(&name), &torn, Access::Private, Existing::Keep) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::read(self.path(&name)) {
                Ok(kept) if kept == torn => Ok(()),
                _ => Err(self.file_error(&name, error)),
            },
            written => written.map_err(|source| self.file_error(&name, source)),
        }
    }

    fn read_torn(&self) -> io::Result<Vec<u8>> {
        let mut torn = Vec::new();
        let mut file = File::open(self.lines_path())?;
        file.seek(SeekFrom::Start(self.chain.length()))?;
        file.read_to_end(&mut torn)?;
        Ok(torn)
    }

    fn cut_torn(&self) -> Result<(), LedgerError> {
        let file = OpenOptions::new().append(true).open(self.lines_path());
        let cut = file.and_then(|file| file.set_len(self.chain.length()).and_then(|()| file.sync_all()));
        cut.map_err(|source| self.file_error("ledger.jsonl", source))
    }

    /// Enters what was kept and has no line yet, where nothing is torn any more and `head` knows the lines up to a number.
    fn enter_repairs(&mut self, now: Timestamp, mut known: u64) -> Result<Vec<Repaired>, LedgerError> {
        let lacking = self.repairs_without_line()?;
        for repaired in &lacking {
            self.append_line(now, Entry::Repair(repaired.entry.clone()), known)?;
            self.write_head()?;
            known = self.len();
        }
        Ok(lacking)
    }

    /// What is kept beside the lines, as [`Ledger::repair`] keeps it, and stands in none of them.
    pub(crate) fn repairs_without_line(&self) -> Result<Vec<Repaired>, LedgerError> {
        let mut lacking = Vec::new();
        let unreadable = |source| self.file_error("", source);
        for file in fs::read_dir(self.path("")).map_err(unreadable)? {
            let file = file.map_err(unreadable)?;
            let name = file.file_name().to_string_lossy().into_owned();
            let line = name.strip_prefix("torn-").and_then(|rest| rest.split_once('-')).and_then(|(line, _)| line.parse().ok());
            let Some(line) = line.filter(|line| (1..=self.len() + 1).contains(line)) else { continue };
            if !file.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            let repaired = Repaired::new(line, &fs::read(file.path()).map_err(|source| self.file_error(&name, source))?);
            // What has another name was put there, or altered, by somebody else.
            if repaired.entry.bytes > 0 && repaired.entry.kept() == name && !self.view.repairs().contains(&repaired.entry) {
                lacking.push(repaired);
            }
        }
        lacking.sort_by_key(|repaired| repaired.entry.line);
        Ok(lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    const NOW: &str = "2017-05-08T09:00:00Z";

    /// A ledger of three lines, of which `head` knows two: its folder, and its lines.
    fn lagging() -> (Originator, PathBuf, Vec<u8>) {
        let mut originator = Originator::new();
        let card = originator.recipient.card();
        let supply = originator.supply(&card);
        originator.challenge(&supply, Phase::Baseline, NOW, Policy::default());
        let folder = originator.ledger.folder().to_owned();
        let head = fs::read(folder.join("head")).unwrap();
        originator.challenge(&supply, Phase::Baseline, NOW, Policy::default());
        fs::write(folder.join("head"), head).unwrap();
        let lines = fs::read(folder.join("ledger.jsonl")).unwrap();
        (originator, folder, lines)
    }

    /// Where the last line begins.
    fn last(lines: &[u8]) -> usize {
        memchr::memrchr(b'\n', &lines[..lines.len() - 1]).unwrap() + 1
    }

    fn kept(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("torn-")).collect()
    }

    /// All files of the folder itself.
    fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    #[test]
    fn a_line_torn_at_any_byte_is_cut_off_and_kept() {
        let (_originator, folder, lines) = lagging();
        let (path, head) = (folder.join("ledger.jsonl"), fs::read(folder.join("head")).unwrap());
        let from = last(&lines);
        assert!(Ledger::repair(&folder, at(NOW)).unwrap().is_empty());
        for end in from + 1..lines.len() {
            let torn = &lines[from..end];
            fs::write(&path, &lines[..end]).unwrap();
            fs::write(folder.join("head"), &head).unwrap();
            let done = Ledger::repair(&folder, at(NOW)).unwrap();
            let [Repaired { entry, was_whole }] = done.as_slice() else { panic!("{done:?}") };
            assert_eq!((entry.line, entry.bytes, *was_whole), (3, torn.len() as u64, end == lines.len() - 1));
            let file = folder.join(entry.kept());
            assert_eq!(fs::read(&file).unwrap(), torn);
            assert!(!atomic_file::is_readable_by_others(&File::open(&file).unwrap()).unwrap());
            let ledger = Ledger::open(&folder).unwrap();
            assert_eq!((ledger.len(), ledger.view().repairs()), (3, std::slice::from_ref(entry)));
            assert!(fs::read(&path).unwrap().starts_with(&lines[..from]));
            // Once is enough.
            let before = content(&folder);
            assert!(Ledger::repair(&folder, at(NOW)).unwrap().is_empty());
            assert_eq!(content(&folder), before);
            fs::remove_file(file).unwrap();
        }
    }

    #[test]
    fn a_repair_that_was_cut_off_itself_goes_on_where_it_ended() {
        let (mut originator, folder, lines) = lagging();
        let path = folder.join("ledger.jsonl");
        let torn = |folder: &Path| {
            fs::write(folder.join("ledger.jsonl"), &lines[..lines.len() - 20]).unwrap();
            let mut ledger = Ledger::new(folder);
            let fault = ledger.read_further().unwrap_err();
            assert!(matches!(fault, LedgerError::Torn { line: 3 }), "{fault}");
            ledger
        };
        let head = fs::read(folder.join("head")).unwrap();
        // Each step in turn is the last one that the machine gets to.
        for steps in 0..=4 {
            fs::write(folder.join("head"), &head).unwrap();
            let mut ledger = torn(&folder);
            let mut known = ledger.check_head().unwrap();
            if steps > 0 {
                ledger.keep_torn().unwrap();
            }
            if steps > 1 {
                ledger.cut_torn().unwrap();
            }
            if steps > 2 {
                let entry = Entry::Repair(ledger.repairs_without_line().unwrap().remove(0).entry);
                ledger.append_line(at(NOW), entry, known).unwrap();
                known = 2;
            }
            if steps > 3 {
                ledger.write_head().unwrap();
                known = 3;
            }
            let done = Ledger::repair(&folder, at(NOW)).unwrap();
            assert_eq!(done.len(), usize::from(steps < 3), "{steps}");
            let again = Ledger::open(&folder).unwrap();
            assert_eq!((again.len(), again.view().repairs().len(), kept(&folder).len()), (3, 1, 1), "{steps} {known}");
            fs::remove_file(folder.join(&kept(&folder)[0])).unwrap();
        }
        // What was appended between the cut and the line that says so does no harm.
        fs::write(folder.join("head"), &head).unwrap();
        let ledger = torn(&folder);
        ledger.keep_torn().unwrap();
        ledger.cut_torn().unwrap();
        originator.ledger = Ledger::open(&folder).unwrap();
        let card = originator.recipient.card();
        originator.supply(&card);
        assert_eq!(Ledger::repair(&folder, at(NOW)).unwrap()[0].entry.line, 3);
        let again = Ledger::open(&folder).unwrap();
        assert_eq!((again.len(), again.view().supplies().len()), (4, 2));
        // The next line is torn, too, and cut off likewise.
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole, &b"{\"seq"[..]].concat()).unwrap();
        assert_eq!(Ledger::repair(&folder, at(NOW)).unwrap()[0].entry.line, 5);
        assert_eq!(Ledger::open(&folder).unwrap().view().repairs().len(), 2);
    }

    #[test]
    fn nothing_else_is_repaired() {
        let (originator, folder, lines) = lagging();
        let path = folder.join("ledger.jsonl");
        let head = fs::read_to_string(folder.join("head")).unwrap();
        let from = last(&lines);
        let text = String::from_utf8(lines.clone()).unwrap();
        let refused = |lines: &str, head: &str, word: &str| {
            fs::write(&path, lines).unwrap();
            fs::write(folder.join("head"), head).unwrap();
            let before = content(&folder);
            let error = Ledger::repair(&folder, at(NOW)).unwrap_err();
            assert!(error.to_string().contains(word) && error.help().is_some(), "{error}");
            assert_eq!(content(&folder), before);
        };
        // `head` knows the line that is cut short: it was whole.
        let ahead = format!("3 {}\n", originator.ledger.head());
        refused(&text[..text.len() - 9], &ahead, "lines that stood after it are missing");
        refused(&text[..from], &ahead, "lines that stood after it are missing");
        refused(&text[..text.len() - 9], "x", "`head` is damaged");
        refused(&text.replacen("T09:", "T08:", 1), &head, "broken at line 2");
        refused(&(text.replacen("T09:", "T08:", 1) + "{\"seq"), &head, "broken at line 2");
        refused(&format!("{text}x\n"), &head, "broken at line 4");
        refused(&format!("{}{{\"seq", text.replacen("\"challenge\":", "\"later\":", 1)), &head, "broken at line 3");
        refused(&format!("{}{{\"seq", text[..from].replacen("\"challenge\":", "\"later\":", 1)), &head, "altered");
        fs::remove_file(&path).unwrap();
        assert!(matches!(Ledger::repair(&folder, at(NOW)), Err(LedgerError::Missing { .. })));
    }

    #[test]
    fn what_others_put_there_is_no_repair() {
        let (_originator, folder, _lines) = lagging();
        let name = Repaired::new(3, b"x").entry.kept();
        for (name, content) in [(name.as_str(), "y"), ("torn-3-00000000", "x"), ("torn-", "x"), ("torn-9-2d711642", "x")] {
            fs::write(folder.join(name), content).unwrap();
            assert!(Ledger::repair(&folder, at(NOW)).unwrap().is_empty(), "{name}");
            fs::remove_file(folder.join(name)).unwrap();
        }
        fs::create_dir(folder.join(&name)).unwrap();
        assert!(Ledger::repair(&folder, at(NOW)).unwrap().is_empty());
    }
}
