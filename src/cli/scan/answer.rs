//! What a scan and a merge end in: the attestation, the findings, and what is said of both.

use crate::attestation::dsse::Envelope;
use crate::attestation::dsse::LARGEST_ENVELOPE;
use crate::attestation::predicate_v1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::Statement;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::scan::prepare::Asked;
use crate::cli::scan::prepare::Prepared;
use crate::finding::Outcome;
use crate::finding::verdict;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::Verdict;
use crate::report::json_v1;
use crate::report::text;
use crate::scan::findings;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::number;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// What signing an attestation stands for.
const DECLARATION: &str = "The targets listed are, to the operator's knowledge, all places in which the supplied data were held, \
    and the scan was run on them as described.";

/// Where the answer goes.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Places<'a> {
    /// The attestation, where one is signed.
    pub(in crate::cli) out: Option<&'a PathBuf>,
    /// The findings, where they are listed.
    pub(in crate::cli) findings: Option<&'a PathBuf>,
    /// Whether what stands there is replaced.
    pub(in crate::cli) existing: Existing,
}

impl<'a> Places<'a> {
    /// Refuses in time what stands in the way.
    pub(in crate::cli) fn check(self) -> anyhow::Result<()> {
        for path in self.out.into_iter().chain(self.findings) {
            if self.existing == Existing::Keep && path.symlink_metadata().is_ok() {
                return Err(anyhow::Error::new(io::Error::from(io::ErrorKind::AlreadyExists)).context(writing(path)));
            }
        }
        Ok(())
    }

    /// Begins the files. Not before the sources are known, so that a scan does not find its own half-written files.
    pub(in crate::cli) fn begin(self) -> anyhow::Result<Answer<'a>> {
        let begin = |path: &PathBuf, access| AtomicFile::create(path, access, self.existing).with_context(|| writing(path));
        Ok(Answer {
            places: self,
            attestation: self.out.map(|path| begin(path, Access::Public)).transpose()?,
            findings: self.findings.map(|path| begin(path, Access::Private)).transpose()?,
            detail: None,
        })
    }
}

/// That a file cannot be written.
pub(super) fn writing(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

/// An answer on its way.
pub(in crate::cli) struct Answer<'a> {
    places: Places<'a>,
    attestation: Option<AtomicFile>,
    findings: Option<AtomicFile>,
    /// BLAKE3 of the findings.
    detail: Option<String>,
}

impl Answer<'_> {
    /// What looking comes to, with a place for its findings where they are listed.
    pub(in crate::cli) fn list(
        &mut self,
        context: &Context,
        look: impl FnOnce(Option<&mut dyn Write>) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<Outcome> {
        let unwritten = || "cannot write the findings".to_owned();
        let Some(file) = &mut self.findings else { return look(None) };
        let mut sink = Digesting { out: BufWriter::new(file), hasher: blake3::Hasher::new() };
        findings::write_header(&mut sink, &context.random()?).with_context(unwritten)?;
        let outcome = look(Some(&mut sink))?;
        sink.out.flush().with_context(unwritten)?;
        self.detail = Some(hex::encode(sink.hasher.finalize().as_bytes()));
        Ok(outcome)
    }

    /// Signs what was found, and gives the files their names. `times` are when the scan began and ended.
    pub(in crate::cli) fn sign(
        self,
        given: &Asked,
        prepared: &Prepared,
        outcome: &Outcome,
        judgement: &Judgement,
        times: (String, String),
    ) -> anyhow::Result<()> {
        if let (Some(file), Some(path)) = (self.findings, self.places.findings) {
            file.commit().with_context(|| writing(path))?;
        }
        if let (Some(mut file), Some(path)) = (self.attestation, self.places.out) {
            let predicate = attestation(given, prepared, outcome, judgement, times, self.detail);
            let subject = &prepared.statement.statement.subject;
            let payload = Statement::new(&subject.name, subject.sha256, predicate).to_payload()?;
            let envelope = Envelope::sign(payload, &prepared.key).to_json();
            if envelope.len() > LARGEST_ENVELOPE {
                return Err(advised(
                    format!(
                        "the attestation of {} takes more than the 64 MiB that anybody reads",
                        number::of(outcome.targets.len() as u64, "target")
                    ),
                    "put small files together into fewer, or leave out with a map file what the originator accepts",
                ));
            }
            file.write_all(&envelope).with_context(|| writing(path))?;
            file.commit().with_context(|| writing(path))?;
        }
        Ok(())
    }
}

fn attestation(
    given: &Asked,
    prepared: &Prepared,
    outcome: &Outcome,
    judgement: &Judgement,
    (started_at, finished_at): (String, String),
    detail: Option<String>,
) -> AttestationV1 {
    let statement = &prepared.statement.statement.predicate;
    let challenge = &prepared.challenge.statement.predicate;
    AttestationV1 {
        verdict: judgement.verdict.word().to_owned(),
        verdict_reasons: predicate_v1::reasons(judgement),
        meaning: verdict::meaning(judgement.verdict, outcome),
        supply: statement.supply.supply_id.clone(),
        manifest: predicate_v1::ManifestReference {
            manifest_id: statement.manifest_id.clone(),
            statement_sha256: prepared.statement.sha256.clone(),
            blake3: statement.layout.blake3.clone(),
        },
        challenge: predicate_v1::ChallengeReference {
            challenge_id: challenge.challenge_id.clone(),
            nonce: challenge.nonce.clone(),
            phase: challenge.phase.clone(),
            issued_at: challenge.issued_at.clone(),
            sha256: prepared.challenge.sha256.clone(),
        },
        baseline: challenge.baseline.clone(),
        scan: predicate_v1::ScanTimes { started_at, finished_at },
        operator: predicate_v1::Operator {
            name: clean(&given.operator),
            role: clean(&given.operator_role),
            declaration: DECLARATION.to_owned(),
        },
        tool: predicate_v1::Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: own_digest(),
        },
        environment: predicate_v1::Environment { os: std::env::consts::OS.to_owned(), arch: std::env::consts::ARCH.to_owned() },
        configuration: predicate_v1::Digest { blake3: prepared.configuration.clone() },
        coverage: predicate_v1::coverage_of(outcome),
        sentinels: predicate_v1::Sentinels { injected: outcome.sentinels.tried, detected: outcome.sentinels.found },
        known_answers: predicate_v1::KnownAnswers { asked: outcome.known_answers.tried, answered: outcome.known_answers.found },
        records: predicate_v1::records_of(outcome, given.counts_only),
        spot_checks: (outcome.spot_checks.iter())
            .map(|check| predicate_v1::SpotCheckV1 { record: check.record, found: check.found })
            .collect(),
        detail: detail.map(|blake3| predicate_v1::Digest { blake3 }),
        declared: outcome.declared.clone(),
        limitations: predicate_v1::LIMITATIONS.iter().map(|limitation| (*limitation).to_owned()).collect(),
    }
}

/// Shows the verdict. `closing` is said at the end to people who want words.
pub(in crate::cli) fn show(
    places: Places<'_>,
    prepared: &Prepared,
    outcome: &Outcome,
    judgement: &Judgement,
    (seconds, closing): (f64, &str),
    context: &Context,
) -> anyhow::Result<ExitCode> {
    let policy = &prepared.challenge.statement.predicate.policy;
    match context.format {
        Format::Json => {
            let mut result = json_v1::ScannedV1::new(prepared.phase, policy, judgement, outcome, seconds);
            result.attestation = places.out.map(|path| path.display().to_string());
            result.findings = places.findings.map(|path| path.display().to_string());
            context.print(&json_v1::write(&result))?;
        }
        Format::Text => {
            context.say(&text::outcome::outcome(prepared.phase, policy, judgement, outcome, context.style))?;
            context.say(&text::outcome::declared(&outcome.declared))?;
            context.explain(closing)?;
        }
    }
    Ok(match judgement.verdict {
        Verdict::Clear | Verdict::Present => ExitCode::Clear,
        Verdict::Inconclusive => ExitCode::Inconclusive,
        Verdict::Residual => ExitCode::Residual,
    })
}

/// Where the findings are, and how to use them.
pub(in crate::cli) fn of_findings(places: Places<'_>, outcome: &Outcome) -> String {
    let Some(path) = places.findings else { return String::new() };
    let mut words = format!("Findings: {} (for you alone)\n", path.display());
    if outcome.controls > 0 {
        words.push_str(
            "  Some of the people in it may never have been supplied: do not delete by class P what you have from elsewhere.\n",
        );
    }
    words
}

/// Where the attestation is. `again` says what to do where nothing was signed.
pub(in crate::cli) fn of_attestation(places: Places<'_>, again: &str) -> String {
    match places.out {
        Some(path) => format!("Attestation: {} (send it to the originator, who runs `residua verify`)\n", path.display()),
        None => format!("Nothing was signed. To sign, {again} again with `--out ATTESTATION`.\n"),
    }
}

/// SHA-256 of this program, where its file can be read.
pub(super) fn own_digest() -> Option<String> {
    use sha2::Digest;
    let mut file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer).ok()? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Some(hex::encode(&hasher.finalize()))
}

/// Writes and digests at once.
struct Digesting<'a> {
    out: BufWriter<&'a mut AtomicFile>,
    hasher: blake3::Hasher,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
