//! `merge`: what the runs of a divided scan found becomes one attestation.

use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::failure::note;
use crate::cli::scan::Asked;
use crate::cli::scan::Places;
use crate::cli::scan::answer;
use crate::cli::scan::prepare::Prepared;
use crate::cli::scan::prepare::prepare;
use crate::cli::scan::split;
use crate::finding::verdict;
use crate::report::text;
use crate::scan;
use crate::scan::ScanError;
use crate::scan::partial::Fault;
use crate::scan::split::MergeError;
use crate::scan::split::Named;
use crate::scan::split::SplitResult;
use crate::support::atomic_file::Existing;
use crate::support::number;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

/// Make one attestation of what `scan --split` wrote
///
/// A RESULT is the file of one share of a scan. All have to be of the same challenge, manifest, map and declarations, and to have seen the same sources; a
/// share that two files have alike counts once, and one that is missing is a gap of every target of which it had to read something. The sources are not
/// needed here. The attestation says what that of an undivided scan would say.
#[derive(Args, Debug)]
#[command(override_usage = "\
residua merge [OPTIONS] --manifest <FILE> --challenge <FILE>
                     --from <CARD> --as <KEY> <RESULT>...")]
#[command(after_help = "\
Example, of a scan on two machines that see the same files:
  residua scan /mnt/exports --split 1/2 --out 1.split \\
      --manifest deletion.residua --challenge deletion.challenge.json \\
      --from emma.card.json --as party.key
  residua scan /mnt/exports --split 2/2 --out 2.split ...
  residua merge 1.split 2.split --out deletion.attestation.json \\
      --manifest deletion.residua --challenge deletion.challenge.json \\
      --from emma.card.json --as party.key

Exit codes: 0 clear, or a baseline that found its share; 10 inconclusive;
11 residual; 1 error; 2 usage.")]
pub(crate) struct Arguments {
    /// What `residua scan --split` wrote, of each share
    #[arg(required = true, value_name = "RESULT")]
    results: Vec<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    /// The attestation to write, to be sent to the originator; without it, nothing is signed
    #[arg(long, value_name = "ATTESTATION")]
    out: Option<PathBuf>,
    /// Where to list every single finding, where the shares were scanned `--with-findings`; the file stays with you
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// Merges.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let places = Places {
        out: arguments.out.as_ref(),
        findings: arguments.findings.as_ref(),
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
    };
    places.check()?;
    let prepared = prepare(&arguments.asked, context)?;
    let watch = Instant::now();
    let handed_in = arguments.results.iter().map(|path| read(path, &prepared)).collect::<anyhow::Result<Vec<Named>>>()?;
    let merged = scan::split::merge(handed_in, places.findings.is_some()).map_err(|error| {
        let help = match &error {
            MergeError::NoFindings(_) => "scan each share with `--with-findings`, or merge without `--findings`",
            MergeError::Findings(_) => "make room for them, or merge without `--findings`",
            MergeError::Nothing | MergeError::Different(..) | MergeError::Twice(..) => {
                "name the results of one scan, of runs that see the same files; where a source changed meanwhile, scan all shares again"
            }
        };
        advised(error, help)
    })?;
    for name in &merged.duplicates {
        note(&format!("`{}` is of a share that another file has alike, and counts once", clean(name)));
    }
    let job = scan::Job { merged: Some(&merged), ..prepared.job(&merged.sessions, &merged.problems, &merged.surveyed) };
    let mut answer = places.begin()?;
    let outcome = answer.list(context, |sink| {
        scan::run(&job, sink, &context.progress, &context.cancel).map_err(|error| match error {
            ScanError::Cancelled => Interrupted.into(),
            error => anyhow::Error::new(error),
        })
    })?;
    let judgement = verdict::judge(prepared.phase, &prepared.challenge.statement.predicate.policy, &outcome);
    answer.sign(&arguments.asked, &prepared, &outcome, &judgement, merged.times.clone())?;
    let mut closing = format!(
        "{} rows, as {} of {} read them.\n",
        text::count(outcome.rows_read()),
        number::of(u64::from(merged.of) - merged.missing.len() as u64, "share"),
        merged.of
    );
    closing.push_str(&answer::of_findings(places, &outcome));
    closing.push_str(&answer::of_attestation(places, "merge"));
    answer::show(places, &prepared, &outcome, &judgement, (watch.elapsed().as_secs_f64(), &closing), context)
}

/// Reads one result, and holds it against the documents.
fn read(path: &Path, prepared: &Prepared) -> anyhow::Result<Named> {
    let reading = || format!("cannot use `{}`", path.display());
    let file = File::open(path).with_context(reading)?;
    let (result, findings) = SplitResult::read(&file, &prepared.salt, &prepared.nonce).map_err(|fault| match fault {
        Fault::Unreadable(error) => anyhow::Error::new(error).context(reading()),
        Fault::Version => {
            advised("it is no result of a share, or of another version of residua", "scan the share again with this version")
                .context(reading())
        }
        Fault::Damaged => advised(
            "it is damaged, or answers another challenge",
            "name what `residua scan --split` wrote for this challenge, or scan the share again",
        )
        .context(reading()),
    })?;
    let own = split::asked(prepared, Vec::new());
    if result.asked.version != own.version {
        return Err(advised(
            format!("it was written by residua {}, and this is {}", clean(&result.asked.version), own.version),
            "scan and merge with one version",
        )
        .context(reading()));
    }
    if result.asked.documents != own.documents {
        return Err(advised(
            "it is of another challenge, manifest, map file or declaration file",
            "name the same files as when the share was scanned",
        )
        .context(reading()));
    }
    Ok(Named { name: path.display().to_string(), result, findings })
}
