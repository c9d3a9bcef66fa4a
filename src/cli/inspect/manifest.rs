//! A manifest's file: what its header says, and whether the statement beside it is its own. The signature is for `scan` to check.

use crate::attestation::dsse::Envelope;
use crate::attestation::statement::PredicateType;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::statement_path;
use crate::cli::failure::advised;
use crate::manifest::header;
use crate::manifest::layout::SectionLayout;
use crate::manifest::read::Manifest;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
use crate::report::text;
use crate::support::hex;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The largest file whose digest is computed for a look: some seconds from a disk.
const LARGEST_DIGESTED: u64 = 4 << 30;

/// What was compared, and how it went.
struct Comparison {
    what: &'static str,
    result: Compared,
}

/// How a comparison went.
enum Compared {
    Agrees,
    Differs(String),
    NotDone(&'static str),
}

/// Shows a manifest. `start` is its beginning.
pub(super) fn inspect(path: &Path, start: &[u8], context: &Context) -> anyhow::Result<()> {
    let header = header::parse(start).ok_or_else(|| {
        advised(format!("`{}` begins as a manifest and is cut short", path.display()), "copy it again, with its statement")
    })?;
    let length = fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?.len();
    let beside = statement_path(path);
    let statement = read_statement(&beside)?;
    let comparisons = match &statement {
        Some(statement) => compare(path, length, &header.id, statement),
        None => Vec::new(),
    };
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedManifestV1 {
            version: json_v1::VERSION,
            kind: "manifest file",
            bytes: length,
            format_version: header.version,
            manifest_id: hex::encode(&header.id),
            statement: statement.as_ref().map(|_| beside.display().to_string()),
            is_signature_checked: false,
            comparisons: comparisons.iter().map(json_comparison).collect(),
            keys: statement.iter().flat_map(json_keys).collect(),
        }));
    }
    let mut words =
        "A manifest: salted fingerprints of the supplied records. It holds no values, and is personal data all the same.\n\n"
            .to_owned();
    words.push_str(&text::facts(&[
        ("size", format!("{} ({} bytes)", text::bytes(length), text::count(length))),
        ("format", format!("version {} (this program reads up to {})", header.version, header::VERSION)),
        ("id", hex::encode(&header.id)),
    ]));
    match &statement {
        None => {
            let _ = writeln!(
                words,
                "\nIts signed statement is not beside it: `{}`. Without the statement nothing in a manifest can be read.\n  help: copy it to \
                 the same folder; `residua supply` wrote both",
                beside.display()
            );
        }
        Some(statement) => {
            let _ = writeln!(words, "\nCompared with the statement beside it, whose signature was NOT checked:");
            for comparison in &comparisons {
                let result = match &comparison.result {
                    Compared::Agrees => "as the statement says",
                    Compared::Differs(problem) => problem,
                    Compared::NotDone(reason) => reason,
                };
                let _ = writeln!(words, "  {}: {result}", comparison.what);
            }
            if comparisons.iter().any(|comparison| matches!(comparison.result, Compared::Differs(_))) {
                words.push_str("  help: the two do not belong together, or one was damaged: copy both again\n");
            }
            let supply = &statement.supply;
            let _ = writeln!(
                words,
                "\n{} records from {} to {}, to be deleted by {}; for {} scans.\n{}\nMatch keys and their sections:",
                text::count(statement.records),
                clean(&supply.originator),
                clean(&supply.recipient),
                clean(&supply.delete_by),
                statement.phase_group.word(),
                text::asked_besides(statement.records, statement.controls)
            );
            words.push_str(&sections(statement, context));
            let _ = writeln!(
                words,
                "\nAll terms:\n  residua inspect {}\n`residua scan` checks signature, digests and order before it uses a manifest.",
                beside.display()
            );
        }
    }
    context.say(&words)
}

/// The statement beside a manifest, unverified; `None` where there is none.
fn read_statement(beside: &Path) -> anyhow::Result<Option<ManifestV1>> {
    if !beside.is_file() {
        return Ok(None);
    }
    let reading = || format!("cannot read the statement `{}`", beside.display());
    let bytes = document::read(beside, "statement")?;
    let envelope = Envelope::parse(&bytes).with_context(reading)?;
    let payload = envelope.unverified_payload();
    let is_other =
        || advised(format!("`{}` is no statement of a manifest", beside.display()), "copy manifest and statement again");
    if PredicateType::of(payload).with_context(reading)? != PredicateType::Manifest {
        return Err(is_other());
    }
    let mut statement: Value = serde_json::from_slice(payload).map_err(|_| is_other())?;
    serde_json::from_value(statement["predicate"].take()).map(Some).map_err(|_| is_other())
}

/// The checks that cost little: `scan` makes all of them, and the signature's before.
fn compare(path: &Path, length: u64, id: &[u8; 16], statement: &ManifestV1) -> Vec<Comparison> {
    const FRAME: &str = "header, padding and end mark";
    const DIGEST: &str = "BLAKE3 digest";
    let mut comparisons = Vec::new();
    let mut note = |what, result| comparisons.push(Comparison { what, result });
    let differs = |is_other: bool, problem: String| if is_other { Compared::Differs(problem) } else { Compared::Agrees };
    let is_other = hex::encode(id) != statement.manifest_id;
    note("id", differs(is_other, "the statement is about another manifest".to_owned()));
    let expected = statement.layout.file_length;
    note("length", differs(length != expected, format!("the statement says {} bytes", text::count(expected))));
    if is_other || length != expected {
        return comparisons;
    }
    match Manifest::open(path, &statement.layout, id) {
        Ok(_) => note(FRAME, Compared::Agrees),
        Err(error) => note(FRAME, Compared::Differs(error.to_string())),
    }
    if length > LARGEST_DIGESTED {
        note(DIGEST, Compared::NotDone("not compared, since the file is large; `residua scan` compares it"));
        return comparisons;
    }
    let mut hasher = blake3::Hasher::new();
    match hasher.update_mmap_rayon(path) {
        Ok(hasher) => {
            let is_other = hex::encode(hasher.finalize().as_bytes()) != statement.layout.blake3;
            note(DIGEST, differs(is_other, "the file is not the one that the statement is about".to_owned()));
        }
        Err(error) => note(DIGEST, Compared::Differs(format!("the file could not be read to its end: {error}"))),
    }
    comparisons
}

fn sections(statement: &ManifestV1, context: &Context) -> String {
    let head = [
        ("key", text::Align::Left),
        ("class", text::Align::Left),
        ("fingerprints", text::Align::Right),
        ("size", text::Align::Right),
    ];
    let rows = statement.keys.iter().zip(&statement.layout.sections).enumerate().map(|(number, (key, section))| {
        vec![
            key.name.clone(),
            key.class.clone(),
            text::count(statement.fingerprints(number)),
            text::bytes(section_bytes(section)),
        ]
    });
    text::table(&head, rows, context.style)
}

/// From the first fingerprint to the last ordinal, as far as the statement's own numbers go.
fn section_bytes(section: &SectionLayout) -> u64 {
    section.ordinals_at.saturating_sub(section.fingerprints_at).saturating_add(section.entries.saturating_mul(4))
}

fn json_comparison(comparison: &Comparison) -> json_v1::inspected::ComparisonV1 {
    let (agrees, problem) = match &comparison.result {
        Compared::Agrees => (Some(true), None),
        Compared::Differs(problem) => (Some(false), Some(problem.clone())),
        Compared::NotDone(reason) => (None, Some((*reason).to_owned())),
    };
    json_v1::inspected::ComparisonV1 { what: comparison.what, agrees, problem }
}

fn json_keys(statement: &ManifestV1) -> Vec<json_v1::inspected::InspectedKeyV1> {
    (statement.keys.iter().zip(&statement.layout.sections).enumerate())
        .map(|(number, (key, section))| json_v1::inspected::InspectedKeyV1 {
            name: key.name.clone(),
            class: key.class.clone(),
            fingerprints: statement.fingerprints(number),
            bytes: section_bytes(section),
        })
        .collect()
}
