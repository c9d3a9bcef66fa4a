//! What the fuzzers of `fuzz/` ask of the program: bytes of whoever, handed to one reader each. A reader may refuse them in whatever words; it may not panic, take its
//! time or memory without end, or give two answers to one question, which is asserted here.

use crate::attestation::approval_v1::ApprovalV1;
use crate::attestation::countersignature_v1::CountersignatureV1;
use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::key::SigningKey;
use crate::attestation::party_v1::RotationV1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::attestation::sealed;
use crate::attestation::stamp;
use crate::attestation::statement::Statement;
use crate::bundle::check::Bundle;
use crate::finding::declaration::Declarations;
use crate::intake::infer::infer;
use crate::intake::map::MapFile;
use crate::intake::survey;
use crate::ledger::Ledger;
use crate::ledger::board;
use crate::manifest::read::Manifest;
use crate::manifest::statement::ManifestV1;
use crate::record::normalize;
use crate::record::normalize::Reading;
use crate::record::normalize::address;
use crate::record::normalize::armour;
use crate::record::normalize::date;
use crate::record::normalize::date::DateOrder;
use crate::record::normalize::digest;
use crate::record::normalize::email;
use crate::record::normalize::identifier;
use crate::record::normalize::name;
use crate::record::normalize::opaque;
use crate::record::normalize::phone;
use crate::record::normalize::postcode;
use crate::record::normalize::spot;
use crate::record::normalize::within;
use crate::record::schema::SchemaFile;
use crate::report::text;
use crate::schedule::settings::Settings;
use crate::source;
use crate::source::Options;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::SplitReport;
use crate::source::Stopped;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Silent;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic;
use std::path::Path;
use std::sync::Once;

/// Takes bytes of others.
type Target = fn(&[u8]);

/// What takes bytes of others, by the name of its folder in `fuzz/corpus/`.
const TARGETS: [(&str, Target); 15] = [
    ("bundle", bundle),
    ("config", config),
    ("date", dates),
    ("email", emails),
    ("envelope", envelope),
    ("identifier", identifiers),
    ("key", key),
    ("ledger", ledger),
    ("manifest", manifest),
    ("name", names),
    ("phone", phones),
    ("postcode", postcodes),
    ("source", source_file),
    ("statement", statement),
    ("text", words),
];

/// Hands bytes to a target by its name.
///
/// # Panics
///
/// Where there is no such target, and where a reader gives two answers to one question.
#[cfg_attr(not(feature = "fuzz"), expect(unreachable_pub, reason = "the fuzzers' one door"))]
pub fn fuzz(target: &str, bytes: &[u8]) {
    PANICS.call_once(spare_guarded_panics);
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    assert!(found.is_some(), "there is no such target");
    if let Some((_, run)) = found {
        run(bytes);
    }
}

/// Whether the panics of guarded steps are spared by now.
static PANICS: Once = Once::new();

/// The engine ends at any panic, before anybody could catch it. Those that the program catches and names as a problem of the file are none of its finds.
fn spare_guarded_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        if !source::is_guarded() {
            before(told);
        }
    }));
}

/// A file with these bytes, in a folder that goes with it.
fn file(bytes: &[u8], name: &str, read: impl FnOnce(&Path)) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join(name);
    if fs::write(&path, bytes).is_ok() {
        read(&path);
    }
}

/// Counts the cells and their bytes, and keeps nothing.
#[derive(Debug, Default, Eq, PartialEq)]
struct Counting {
    cells: u64,
    bytes: u64,
}

impl Sink for Counting {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        for cell in (0..batch.rows()).flat_map(|row| batch.row(row)) {
            self.cells += 1;
            self.bytes += cell.map_or(0, |text| text.len() as u64);
        }
        Ok(batch)
    }
}

/// All rows of an object, in so many parts. None where reading broke off, or where the parts turned out to be none and a scan would read it whole.
fn read_all(session: &dyn Session, object: usize, parts: usize) -> Option<(SplitReport, Counting)> {
    let cancel = Cancel::default();
    let (mut report, mut counting) = (SplitReport::default(), Counting::default());
    for split in session.splits(object, parts, &cancel).ok()? {
        report.absorb(session.read(&split, &mut counting, &cancel).ok()?);
    }
    Some((report, counting))
}

/// A file of any kind, as a scan and an inspection read it. How many parts it is read in changes nothing of what is read.
fn source_file(bytes: &[u8]) {
    file(bytes, "held", |path| {
        let cancel = Cancel::default();
        let named = [path.to_string_lossy().into_owned()];
        let Ok(found) = source::discover(&named, &Options::default(), &mut io::empty(), &Silent, &cancel) else { return };
        let surveyed = survey::preview(&found, &MapFile::default(), true, &cancel).unwrap_or_default();
        for table in &surveyed {
            let session = found.sessions[table.session].as_ref();
            survey::rehearse(session, table.object, &table.mapping, &cancel);
        }
        for session in &found.sessions {
            for object in 0..session.inventory().objects.len() {
                let [whole, parted] = [1, 3].map(|parts| read_all(session.as_ref(), object, parts));
                if let (Some((whole, seen)), Some((parted, seen_in_parts))) = (whole, parted) {
                    assert_eq!(whole.rows, parted.rows, "parts change how many rows there are");
                    assert_eq!(seen, seen_in_parts, "parts change what is read");
                    assert_eq!(whole.problems.is_empty(), parted.problems.is_empty(), "parts change what is wrong");
                }
            }
        }
    });
}

/// A manifest file behind the payload of its statement and a line feed. Whoever signs both can make all digests fit.
fn manifest(bytes: &[u8]) {
    let Some(end) = memchr::memchr(b'\n', bytes) else { return };
    let Some(mut predicate) = signed::<ManifestV1>(&bytes[..end]) else { return };
    let layout = &mut predicate.layout;
    let content = &bytes[end + 1..];
    layout.sha256 = hex::encode(&Sha256::digest(content));
    layout.blake3 = blake3::hash(content).to_hex().to_string();
    let ends: Vec<u64> = layout.sections.iter().skip(1).map(|next| next.fingerprints_at).chain([layout.file_length]).collect();
    for (section, end) in layout.sections.iter_mut().zip(ends) {
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        let part = content.get(at(section.fingerprints_at)..at(end)).unwrap_or_default();
        section.blake3 = blake3::hash(part).to_hex().to_string();
    }
    let Some(id) = hex::decode::<16>(&predicate.manifest_id) else { return };
    let layout = predicate.layout.clone();
    let _ = predicate.plan();
    file(content, "manifest", |path| {
        let Ok(manifest) = Manifest::open(path, &layout, &id) else { return };
        let is_sound = manifest.verify(predicate.records + predicate.controls + 1, &Silent, &Cancel::default()).is_ok();
        for key in 0..manifest.keys() {
            let section = manifest.section(key);
            for (fingerprint, record) in section.entries() {
                let is_there = section.records(fingerprint).any(|found| found == record);
                assert!(is_there || !is_sound, "an entry of a sound manifest is not found");
            }
        }
    });
}

/// The predicate in a payload, as the fuzzer's own key signed it.
fn signed<P: crate::attestation::statement::Predicate>(payload: &[u8]) -> Option<P> {
    let key = SigningKey::generate("A fuzzer", &[7; 32]).ok()?;
    let envelope = Envelope::sign(payload.to_vec(), &key);
    let statement: Statement<P> = Statement::open(envelope.verify(&key.card()).ok()?).ok()?;
    let again = statement.to_payload().ok()?;
    let reread: Option<Statement<P>> = envelope_of(&again, &key);
    assert!(reread.is_some(), "what was read cannot be read again once it is written");
    Some(statement.predicate)
}

fn envelope_of<P: crate::attestation::statement::Predicate>(payload: &[u8], key: &SigningKey) -> Option<Statement<P>> {
    Statement::open(Envelope::sign(payload.to_vec(), key).verify(&key.card()).ok()?).ok()
}

/// The payload of a document of each kind, under a good signature.
fn statement(bytes: &[u8]) {
    if let Some(attestation) = signed::<AttestationV1>(bytes) {
        let _ = attestation.outcome();
        let _ = attestation.judgement();
    }
    if let Some(challenge) = signed::<ChallengeV1>(bytes) {
        let _ = challenge.phase();
        if let Ok(key) = SigningKey::generate("A fuzzer", &[8; 32]) {
            let _ = sealed::open(&challenge.sealed_salt, &key);
        }
    }
    if let Some(manifest) = signed::<ManifestV1>(bytes) {
        let _ = (manifest.plan(), manifest.searchable(), manifest.asked());
    }
    signed::<ReceiptV1>(bytes);
    signed::<CountersignatureV1>(bytes);
    signed::<RotationV1>(bytes);
    signed::<DestructionV1>(bytes);
    signed::<ApprovalV1>(bytes);
}

/// The file of a signed document, of a sealed salt, or of a time stamp.
fn envelope(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(Envelope::parse(&envelope.to_json()).as_ref(), Ok(&envelope), "another envelope once it is written");
    }
    if let (Ok(text), Ok(key)) = (std::str::from_utf8(bytes), SigningKey::generate("A fuzzer", &[8; 32])) {
        let _ = sealed::open(text, &key);
    }
    let _ = (stamp::kind(bytes), stamp::Request::read(bytes), stamp::Stamp::read(bytes));
}

/// A card, and the file of a private key.
fn key(bytes: &[u8]) {
    if let Ok(card) = Card::parse(bytes) {
        assert!(
            Card::parse(&card.to_json()).is_ok_and(|again| again.fingerprint() == card.fingerprint()),
            "another card once it is written"
        );
    }
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("key");
    let written = crate::support::atomic_file::write(
        &path,
        bytes,
        crate::support::atomic_file::Access::Private,
        crate::support::atomic_file::Existing::Keep,
    );
    if written.is_ok() {
        let _ = SigningKey::read(&path);
    }
}

/// The lines of a ledger, whose `head` names the last of them.
fn ledger(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let last = lines.last().map_or_else(|| "0".repeat(64), |line| hex::encode(&Sha256::digest(line)));
    let written = fs::write(folder.path().join("ledger.jsonl"), bytes)
        .and_then(|()| fs::write(folder.path().join("head"), format!("{} {last}\n", lines.len())));
    if written.is_ok()
        && let Ok((ledger, _)) = Ledger::open_as_is(folder.path())
    {
        board::rows(ledger.view(), jiff::civil::date(2017, 7, 1));
    }
}

/// The files of a bundle, one after the other: a name, a line feed, a length in two bytes, the content.
fn bundle(bytes: &[u8]) {
    let mut files = BTreeMap::new();
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Some((length, behind)) = rest[end + 1..].split_first_chunk::<2>() else { break };
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        files.insert(name, behind[..length].to_vec());
        rest = &behind[length..];
    }
    // Sums that fit cost whoever forges a bundle nothing.
    files.insert(crate::bundle::layout::SUMS.to_owned(), crate::bundle::check::sums(&files));
    if let Ok(bundle) = Bundle::open(files) {
        bundle.checks(&Cancel::default());
    }
}

/// A text of settings, of whichever file of them.
fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (Settings::parse(text), SchemaFile::parse(text), toml::from_str::<Declarations>(text));
    if let Ok(map) = MapFile::parse(text) {
        let mut mapping = infer(["name", "email", "dob"], &crate::intake::profile::Profiles::new(3));
        let _ = map.apply("held.csv", &mut mapping);
    }
}

/// A canonical form read again is itself, or spells a placeholder; and what is ordinary reads the same quickly.
fn settled(raw: &str, canonical: impl Fn(&str, &mut String) -> Reading, quick: impl Fn(&str, &mut String) -> bool) {
    let (mut once, mut twice, mut quickly) = (String::new(), String::new(), String::new());
    let reading = canonical(raw, &mut once);
    if reading == Reading::Value {
        // What is escaped in part, or deeper than is looked, may be undone further.
        let is_escaped = once.contains(['%', '&', '\\']);
        let again = canonical(&once, &mut twice);
        assert!(is_escaped || again != Reading::Unreadable, "a canonical form that cannot be read");
        assert!(is_escaped || twice.is_empty() || once == twice, "a canonical form that is not its own");
    }
    if quick(raw, &mut quickly) {
        assert_eq!((reading, &once), (Reading::Value, &quickly), "read another way quickly");
    }
}

fn emails(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    settled(raw, email::canonical, email::quick);
    email::candidates(raw, &mut |_| ());
    digest::of_email(raw, &mut |_| ());
    digest::find(raw, &mut |_| ());
}

fn phones(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    settled(raw, phone::canonical, phone::quick);
    phone::candidates(raw, &mut |_| ());
}

fn postcodes(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    settled(raw, postcode::canonical, postcode::quick);
    settled(raw, address::town, address::quick_town);
    let mut form = String::new();
    address::form(&[raw], &mut form);
    address::candidates(&[raw], &mut |_| ());
}

fn identifiers(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    settled(raw, identifier::canonical, identifier::quick);
    let _ = (opaque::opaque(raw), armour::is_any(raw), spot::spot(raw), spot::spot_within(raw));
}

fn dates(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    for order in [None, DateOrder::parse("dmy"), DateOrder::parse("mdy"), DateOrder::parse("ymd")] {
        let mut days = Vec::new();
        let reading = date::parse(raw, order, &mut |day| days.push(day));
        assert_eq!(reading == Reading::Value, !days.is_empty(), "a reading without a day, or a day without one");
        for day in days {
            let (mut written, mut again) = (String::new(), Vec::new());
            day.write(&mut written);
            date::parse(&written, None, &mut |day| again.push(day));
            assert!(again.contains(&day), "a day that is another once it is written");
        }
    }
    let _ = date::ColumnOrder::default().add(raw);
}

fn names(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    let (mut tokens, mut canonical) = (Vec::new(), String::new());
    if name::tokens(raw, &mut tokens) == Reading::Value {
        assert!(!tokens.is_empty(), "a name without a word");
        name::canonical(&mut tokens, &mut canonical);
    }
    let _ = (name::respelt(raw), name::quick_words(raw));
    let folded = normalize::folded(raw);
    let is_escaped = folded.contains(['%', '&', '\\']);
    assert!(is_escaped || normalize::folded(&folded) == folded, "folded twice is another");
}

/// A cell of text, as it is looked through, and as it is shown.
fn words(bytes: &[u8]) {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    let mut found = Vec::new();
    within::words(raw, &mut found);
    within::find(raw, &found, &|_| false, &mut |_| ());
    let shown = crate::support::sanitize::clean(raw);
    assert!(!shown.chars().any(char::is_control), "a control character is shown");
    text::wrap::line(&shown, 78);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fuzzers found and what they began with, over and over.
    #[test]
    fn the_corpus_is_read_or_refused() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (target, _) in TARGETS {
            let mut files: Vec<_> = fs::read_dir(corpus.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            assert!(files.len() >= 3, "{target} has too few seeds");
            for path in files {
                let bytes = fs::read(&path).unwrap();
                let read = std::panic::catch_unwind(|| fuzz(target, &bytes));
                assert!(read.is_ok(), "{}", path.display());
            }
        }
    }
}
