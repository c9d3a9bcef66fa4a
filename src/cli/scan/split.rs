//! `scan --split`: one share of a scan, and the file that `residua merge` takes.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::scan::Arguments;
use crate::cli::scan::answer::own_digest;
use crate::cli::scan::answer::writing;
use crate::cli::scan::prepare::Prepared;
use crate::record::normalize;
use crate::report::json_v1;
use crate::report::json_v1::split::SplitV1;
use crate::report::text;
use crate::scan;
use crate::scan::ScanError;
use crate::scan::split::Asked;
use crate::scan::split::Share;
use crate::scan::split::SplitResult;
use crate::source::Recorded;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::AtomicFile;
use crate::support::atomic_file::Existing;
use crate::support::time;
use anyhow::Context as _;
use std::io::BufWriter;
use std::io::Write;

/// Reads a share and writes what it came to.
pub(super) fn run(
    arguments: &Arguments,
    share: Share,
    prepared: &Prepared,
    job: &scan::Job<'_>,
    context: &Context,
) -> anyhow::Result<ExitCode> {
    let Some(path) = &arguments.out else { return Ok(ExitCode::Error) };
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let mut file = AtomicFile::create(path, Access::Private, existing).with_context(|| writing(path))?;
    let started_at = time::format(context.now());
    let mut findings = BufWriter::new(scan::split::spool());
    let sink = arguments.with_findings.then_some(&mut findings as &mut dyn Write);
    let targets = scan::run_split(job, share, sink, &context.progress, &context.cancel).map_err(|error| match error {
        ScanError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error),
    })?;
    let sessions = job.sessions.iter().map(|session| Recorded::of(session.as_ref(), &context.cancel)).collect();
    context.check_interrupted()?;
    let result = SplitResult {
        asked: asked(prepared, told(arguments)),
        share,
        started_at,
        finished_at: time::format(context.now()),
        has_findings: arguments.with_findings,
        sessions,
        problems: job.problems.to_vec(),
        targets,
    };
    let mut findings = findings.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(|| writing(path))?;
    let mut out = BufWriter::new(&mut file);
    result.write(&mut out, &prepared.salt, &prepared.nonce, &mut findings).with_context(|| writing(path))?;
    out.flush().with_context(|| writing(path))?;
    drop(out);
    file.commit().with_context(|| writing(path))?;
    let (rows, parts) = (result.rows(), result.portions());
    match context.format {
        Format::Json => context.print(&json_v1::write(&SplitV1 {
            version: json_v1::VERSION,
            split: share.number,
            of: share.of,
            rows,
            targets: parts,
            file: path.display().to_string(),
        }))?,
        Format::Text => {
            context.say(&format!("Split {} of {}: {} rows of {parts} targets.\n", share.number, share.of, text::count(rows)))?;
            context.explain(&format!(
                "Result: {} (for you alone; `residua merge` makes one attestation of all {})\n",
                path.display(),
                share.of
            ))?;
        }
    }
    Ok(ExitCode::Clear)
}

/// What all runs of one scan have in common: the documents, and how the sources were `told` to be read.
pub(in crate::cli) fn asked(prepared: &Prepared, told: Vec<String>) -> Asked {
    Asked {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        documents: vec![
            prepared.challenge.sha256.clone(),
            prepared.statement.sha256.clone(),
            prepared.statement.statement.predicate.layout.blake3.clone(),
            prepared.configuration.clone(),
            normalize::VERSION.to_owned(),
        ],
        told,
    }
}

/// How the sources are read, as the command line says. `Debug` shows every flag, those too that are added later.
fn told(arguments: &Arguments) -> Vec<String> {
    vec![
        own_digest().unwrap_or_default(),
        format!("deep {}", arguments.deep),
        format!("{:?}", arguments.reading),
        format!("{:?}", arguments.piped),
    ]
}
