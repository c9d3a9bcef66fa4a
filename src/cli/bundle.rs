//! `bundle`: the evidence of one supply as a folder or a zip archive, for an auditor or a regulator who has no ledger.

use crate::attestation::dsse::sha256;
use crate::bundle::Files;
use crate::bundle::archive;
use crate::bundle::check;
use crate::bundle::check::Bundle;
use crate::bundle::folder;
use crate::bundle::layout;
use crate::bundle::make;
use crate::bundle::make::Evidence;
use crate::bundle::readme;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::passphrase::PassphraseArgument;
use crate::cli::report;
use crate::cli::verify::bundle as verification;
use crate::cli::verify::bundle::Report;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::report::html;
use crate::report::json_v1;
use crate::report::json_v1::bundle::BundledV1;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::number::of;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use std::path::Path;
use std::path::PathBuf;

/// Put the evidence of one supply together, for somebody who has no ledger
///
/// One folder or zip archive with all that was signed, the cards of those who signed, and of the ledger the lines about this supply; of every other line stand
/// its number and its SHA-256 alone. It holds no salt, no seed, no reference and no manifest. `residua verify --bundle` verifies it anywhere, offline, with the same
/// result byte for byte, and the `README.md` in it says how to check it without residua.
///
/// Where the supply has seeds or controls, the bundle says which record numbers they are: do not give it to the recipient then.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua bundle 4f2a --out evidence.zip
  residua bundle 4f2a --out evidence

Exit codes: 0 written; 1 error, nothing written.")]
pub(crate) struct Arguments {
    /// The supply, by the first digits of its id
    #[arg(value_name = "SUPPLY")]
    supply: String,
    /// The folder to be made, or the zip archive where the name ends with `.zip`
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    passphrase: PassphraseArgument,
}

/// Puts it together.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let out = &arguments.out;
    if out.symlink_metadata().is_ok() {
        return Err(advised(format!("`{}` exists already", out.display()), "name a folder or file that is not there yet"));
    }
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    arguments.passphrase.unlock(&mut ledger)?;
    let supply = ledger
        .view()
        .supply(&arguments.supply)
        .map_err(|error| advised(error, "`residua supplies list` lists the supplies of the ledger"))?;
    if ledger.is_exported() && supply.closing.is_none() {
        return Err(advised(
            "an export of a ledger lacks what a bundle says in the place of the secrets",
            "name the ledger itself with `--ledger`",
        ));
    }
    let Evidence { files, newest } = make::gather(&ledger, supply)?;
    let (bundle, report) = complete(files, context)?;
    let shown = bundle.supply().context("the supply cannot be shown by itself")?;
    compare(&ledger, supply, &bundle, &report)?;
    context.check_interrupted()?;
    write(out, bundle.files(), newest)?;
    let is_secret = readme::is_secret(shown, bundle.files());
    say(out, &bundle, &report, is_secret, context)?;
    Ok(ExitCode::Clear)
}

/// Pages beside the evidence, which say again what is in it. They hang on the evidence alone, and so does the day that the report is of: that of the newest
/// line.
pub(super) fn pages(bundle: &Bundle) -> anyhow::Result<[(&'static str, Vec<u8>); 2]> {
    let supply = bundle.supply().context("the supply cannot be shown by itself")?;
    let (report, _) = report::of_supply(bundle.ledger(), supply, bundle.newest())?;
    Ok([(layout::REPORT, report.into_bytes()), (layout::VERIFIER, html::verifier::page().into_bytes())])
}

/// Adds to the evidence what is made of it, and verifies the whole as anybody will who gets it.
fn complete(evidence: Files, context: &Context) -> anyhow::Result<(Bundle, Report)> {
    // What is said of a bundle says nothing of what stands in these files but that they are listed: they may be empty while it is found out.
    let mut files = evidence;
    for name in [layout::VERIFIED_TEXT, layout::VERIFIED_JSON, layout::README, layout::SUMS] {
        files.insert(name.to_owned(), Vec::new());
    }
    let bundle = Bundle::open(files.clone())?;
    for (name, bytes) in pages(&bundle)? {
        files.insert(name.to_owned(), bytes);
    }
    let supply = bundle.supply().context("the supply cannot be shown by itself")?;
    files.insert(layout::README.to_owned(), readme::text(&bundle, supply, &files).into_bytes());
    let sealed = |mut files: Files| -> anyhow::Result<(Bundle, Report)> {
        let sums = check::sums(&files);
        files.insert(layout::SUMS.to_owned(), sums);
        let bundle = Bundle::open(files)?;
        let report = verification::report(&bundle, &context.cancel)?;
        Ok((bundle, report))
    };
    let (_, first) = sealed(files.clone())?;
    files.insert(layout::VERIFIED_TEXT.to_owned(), first.text.clone().into_bytes());
    files.insert(layout::VERIFIED_JSON.to_owned(), json_v1::write(&first.json).into_bytes());
    let (bundle, report) = sealed(files)?;
    if !report.is_sound {
        return Err(advised(
            format!("the evidence does not hold together, and nothing was written:\n{}", report.text),
            "`residua ledger verify` says what is wrong with the ledger",
        ));
    }
    if (first.text, json_v1::write(&first.json)) != (report.text.clone(), json_v1::write(&report.json)) {
        return Err(advised("the bundle does not say the same of itself twice, and nothing was written", "please report this"));
    }
    Ok((bundle, report))
}

/// Nobody is to be shown by a bundle what the ledger itself does not show.
fn compare(ledger: &Ledger, supply: &Supply, bundle: &Bundle, report: &Report) -> anyhow::Result<()> {
    let own = verification::judge(ledger, supply, bundle.papers())?;
    let is_same = report.judged.as_ref().is_some_and(|(text, json)| (text, json) == (&own.text, &own.json));
    if is_same {
        return Ok(());
    }
    Err(advised(
        "the bundle comes to another result than your ledger, and nothing was written",
        "`residua ledger verify` looks at the ledger; if it is sound, please report this",
    ))
}

fn write(out: &Path, files: &Files, newest: Timestamp) -> anyhow::Result<()> {
    let writing = || format!("cannot write the bundle `{}`", out.display());
    if archive::is_archive(out) {
        let bytes = archive::to_bytes(files, newest).with_context(writing)?;
        atomic_file::write(out, &bytes, Access::Private, Existing::Keep).with_context(writing)
    } else {
        folder::write(out, files).with_context(writing)
    }
}

fn say(out: &Path, bundle: &Bundle, report: &Report, is_secret: bool, context: &Context) -> anyhow::Result<()> {
    let files = bundle.files();
    let sums = files.get(layout::SUMS).map(|bytes| hex::encode(&sha256(bytes))).unwrap_or_default();
    let supply = bundle.supply().map(|supply| &supply.entry);
    match context.format {
        Format::Json => context.print(&json_v1::write(&BundledV1 {
            version: json_v1::VERSION,
            supply_id: supply.map(|entry| entry.supply_id.clone()).unwrap_or_default(),
            bundle: out.display().to_string(),
            files: files.len() as u64,
            sha256_sums: sums,
            not_for_the_recipient: is_secret,
            verification: report.code as u8,
        }))?,
        Format::Text => {
            context.say(&format!(
                "{}: {}, and what they come to in `{}` (exit code {})\nSHA-256 of its `{}`: {sums}\n",
                out.display(),
                of(files.len() as u64, "file"),
                layout::VERIFIED_TEXT,
                report.code as u8,
                layout::SUMS
            ))?;
            context.explain(
                "Whoever gets it starts with `README.md`. Tell them the SHA-256 above and the fingerprints of the keys by another channel.\n",
            )?;
        }
    }
    if is_secret {
        let recipient = supply.map(|entry| clean(&entry.recipient.name)).unwrap_or_default();
        context.warn(&format!(
            "this bundle says which records are seeds or controls, or that there are some: do not give it to {recipient}, who could answer for those alone"
        ))?;
    }
    Ok(())
}
