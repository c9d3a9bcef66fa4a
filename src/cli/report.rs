//! `report`: a page for a browser, of one attestation, of one supply, or of all.

use crate::attestation::dsse::sha256;
use crate::attestation::predicate_v1::AttestationV1;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Help;
use crate::cli::failure::advised;
use crate::cli::passphrase::PassphraseArgument;
use crate::ledger::Challenge;
use crate::ledger::Ledger;
use crate::ledger::Supply;
use crate::ledger::board;
use crate::ledger::entry::ReceiptEntry;
use crate::report::html;
use crate::report::html::supply::Answer;
use crate::report::html::supply::SupplyReport;
use crate::report::json_v1;
use crate::report::json_v1::report::ReportV1;
use crate::support::atomic_file;
use crate::support::atomic_file::Access;
use crate::support::atomic_file::Existing;
use crate::support::hex;
use crate::support::sanitize::clean;
use crate::support::time;
use crate::verification;
use crate::verification::Verification;
use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Write a page that people can read: of an attestation, a supply, or all supplies
///
/// One file that a browser shows and a printer prints, and that loads nothing: the verdict and what it means, what was covered and what was not, what was
/// found before and now, a time line, the nine checks with their reasons, what the recipient declares, and what all this does not prove. It
/// holds the attestation itself, verifies its signature in the browser, and hands the file out again.
///
/// Of a supply it shows the answer on which the board stands. The attestation is verified anew and nothing is entered. The page says what your ledger knows,
/// seeds included where they were found: think before you hand it to the recipient.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua report 4f2a --html report.html
  residua report deletion.attestation.json --html report.html
  residua report --html board.html

Exit codes: 0 written, whatever the page says; 1 error, nothing written.")]
pub(crate) struct Arguments {
    /// An attestation's file; or a supply: its id, or as many of its first digits as tell it from the others. Without it, the board of all supplies
    #[arg(value_name = "ATTESTATION|SUPPLY")]
    what: Option<String>,
    /// Where to write the page
    #[arg(long, value_name = "FILE", required = true)]
    html: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    passphrase: PassphraseArgument,
}

/// Writes the page.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut ledger = Ledger::open(&arguments.ledger.folder()?)?;
    let (page, about) = match &arguments.what {
        None => {
            let rows = board::rows(ledger.view(), time::day(context.now()));
            (html::board::page(ledger.view(), &rows, ledger.head(), context.now()), About::default())
        }
        Some(what) => {
            arguments.passphrase.unlock(&mut ledger)?;
            if Path::new(what).is_file() {
                of_attestation(&ledger, Path::new(what), context.now())?
            } else {
                let supply = ledger.view().supply(what).map_err(|error| {
                    let help = "name a supply as `residua status` shows it, or the file of an attestation";
                    anyhow::Error::new(Help(help.to_owned())).context(error.to_string())
                })?;
                of_supply(&ledger, supply, context.now())?
            }
        }
    };
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    // What is in it is for whom its owner hands it to.
    atomic_file::write(&arguments.html, page.as_bytes(), Access::Private, existing).map_err(|error| {
        let writing = format!("cannot write the report `{}`", arguments.html.display());
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                advised("it exists already", "name another file, or overwrite it with `--force`").context(writing)
            }
            _ => anyhow::Error::new(error).context(writing),
        }
    })?;
    let file = arguments.html.display().to_string();
    match context.format {
        Format::Json => context.print(&json_v1::write(&ReportV1 {
            version: json_v1::VERSION,
            file,
            bytes: page.len() as u64,
            supply_id: about.supply_id,
            attestation: about.attestation,
        }))?,
        Format::Text => context.say(&format!("{file}: {}\n", about.words()))?,
    }
    Ok(ExitCode::Clear)
}

/// What a page is about.
#[derive(Default)]
pub(crate) struct About {
    supply_id: Option<String>,
    attestation: Option<String>,
}

impl About {
    fn words(&self) -> String {
        match (&self.supply_id, &self.attestation) {
            (Some(supply), Some(attestation)) => format!("report of supply {supply} and its attestation {attestation}"),
            (Some(supply), None) => format!("report of supply {supply}, of which no attestation was received"),
            (None, _) => "board of all supplies".to_owned(),
        }
    }
}

fn of_attestation(ledger: &Ledger, path: &Path, now: Timestamp) -> anyhow::Result<(String, About)> {
    let bytes = document::read(path, "attestation")?;
    let verification = verification::verify(ledger, &bytes, now)?;
    let asked = verification.asked.as_ref().and_then(|asked| ledger.view().supply(&asked.supply_id).ok());
    let Some(supply) = asked else {
        return Err(advised(
            format!("`{}` is no attestation that a recipient of this ledger signed for one of its challenges", path.display()),
            "`residua verify` says what is wrong with it; a report is only made of what somebody can be held to",
        ));
    };
    page(ledger, supply, Some(&(bytes, verification)), now)
}

/// The page of a supply, by the answer on which the board stands.
pub(crate) fn of_supply(ledger: &Ledger, supply: &Supply, now: Timestamp) -> anyhow::Result<(String, About)> {
    let answer = newest(supply).map(|receipt| {
        let bytes = ledger.document(&receipt.attestation)?;
        let verification = verification::verify(ledger, &bytes, now)?;
        anyhow::Ok((bytes, verification))
    });
    page(ledger, supply, answer.transpose()?.as_ref(), now)
}

/// The answer on which the board stands: of those that stand the worst, and where none does, the newest of a baseline.
fn newest(supply: &Supply) -> Option<&ReceiptEntry> {
    let standing = supply.standing_answers().max_by_key(|answer| answer.appraisal);
    standing.or_else(|| supply.challenges.iter().rev().find_map(Challenge::answer))
}

fn page(
    ledger: &Ledger,
    supply: &Supply,
    answer: Option<&(Vec<u8>, Verification)>,
    now: Timestamp,
) -> anyhow::Result<(String, About)> {
    let view = ledger.view();
    let digest = answer.map(|(file, _)| hex::encode(&sha256(file)));
    let about = About { supply_id: Some(supply.entry.supply_id.clone()), attestation: digest };
    let (mut card, mut baseline) = (None, None);
    if let Some((_, verification)) = answer {
        let signer = verification.signer.as_deref().unwrap_or(&supply.entry.recipient.fingerprint);
        card = Some(view.signing_card(supply, signer)?);
        baseline = named_baseline(ledger, supply, verification)?;
    }
    let receipts = || supply.challenges.iter().flat_map(|challenge| &challenge.receipts).rev();
    let answer = match (answer, &card) {
        (Some((file, verification)), Some(card)) => {
            let stated = verification.stated.as_ref().with_context(|| {
                format!("the attestation {} cannot be read", clean(about.attestation.as_deref().unwrap_or_default()))
            })?;
            let recorded = receipts().find(|receipt| Some(&receipt.attestation) == about.attestation.as_ref());
            Some(Answer { file, stated, card, verification, recorded })
        }
        _ => None,
    };
    let row = board::row(view, supply, time::day(now));
    let report = SupplyReport { view, supply, row: &row, answer, baseline: baseline.as_ref(), made_at: now };
    Ok((html::supply::page(&report), about))
}

/// The accepted baseline with which an attestation is compared.
fn named_baseline(ledger: &Ledger, supply: &Supply, verification: &Verification) -> anyhow::Result<Option<AttestationV1>> {
    let named = verification.stated.as_ref().and_then(|stated| stated.baseline.as_deref());
    let receipt = named.and_then(|digest| supply.accepted_baseline_of(digest));
    Ok(receipt.map(|receipt| ledger.received(supply, receipt)).transpose()?)
}
