//! `demo`: the case that residua was made for, played with invented data from supply to `clear`.

use crate::cli::Cli;
use crate::cli::argument::within;
use crate::cli::context::Context;
use crate::cli::dispatch;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::cli::progress::Bar;
use crate::demo::world::DEFAULT_RECORDS;
use crate::demo::world::Holding;
use crate::demo::world::World;
use crate::report::text;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use clap::Parser;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Play the whole case with invented data, from supply to `clear`
///
/// An originator supplies 1,065,220 records for one campaign. The recipient loads them, deletes most, forgets a backup table and an export, and
/// is found out; then it deletes the rest. Each step is shown as the command that a person would type. All data are invented.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua demo
  residua demo --records 2000

Exit codes: 0, or 1 where a step does not end as the story tells.")]
pub(crate) struct Arguments {
    /// How many records are supplied, from 100 to 5000000; a million takes some minutes and 3 GB of disk
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RECORDS, value_parser = within(100_u64..=5_000_000))]
    records: u64,
    /// The folder to make; everything stays in it, and it may be deleted
    #[arg(long, value_name = "DIR", default_value = "residua-demo")]
    dir: PathBuf,
    /// Remove the folder of an earlier demo first; any other folder is left alone
    #[arg(long)]
    force: bool,
}

/// By this file a folder is known to be a demo's, and may be removed.
const MARK: &str = "ABOUT-THIS-FOLDER.txt";

/// What stands in that file.
const ABOUT: &str = "Made by `residua demo`. All people in these files are invented. The folder may be deleted.\n";

/// The recipient's declaration after the receipt, of which it tells the originator in its baseline.
fn declared(crm: &str) -> String {
    format!(
        "# Declared by the recipient; the originator accepts it or not.\n[[lawful_source]]\nname = \"electoral register\"\n\
         target = \"{crm}#electoral_roll\"\nsource = \"open register, bought from the councils each year\"\n"
    )
}

/// Plays the case.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let folder = &arguments.dir;
    if folder.exists() {
        if !arguments.force || !folder.join(MARK).is_file() {
            return Err(advised(
                format!("`{}` exists already", folder.display()),
                "remove it, overwrite an earlier demo with `--force`, or name another folder with `--dir`",
            ));
        }
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    fs::write(folder.join(MARK), ABOUT).with_context(|| format!("cannot write into `{}`", folder.display()))?;
    let mut story = Story { folder: folder.display().to_string(), context, is_as_told: true };
    story.play(arguments.records)
}

/// The story, told step by step.
struct Story<'a> {
    folder: String,
    context: &'a Context,
    is_as_told: bool,
}

impl Story<'_> {
    fn play(&mut self, records: u64) -> anyhow::Result<ExitCode> {
        let folder = self.folder.clone();
        let path = |rest: &str| format!("{folder}/{rest}");
        let crm = format!("sqlite:{}", path("recipient/crm.db"));
        let (exports, supply_csv, schema) =
            (path("recipient/exports"), path("originator/supply.csv"), path("originator/schema.toml"));
        let (originator, recipient) = (path("originator/keys/originator"), path("recipient/keys/recipient"));
        let (original_card, recipient_card) = (format!("{originator}.card.json"), format!("{recipient}.card.json"));
        let (originator_key, recipient_key) = (format!("{originator}.key"), format!("{recipient}.key"));
        let (ledger, handover) = (path("originator/ledger"), path("handover"));
        let declaration = path("recipient/declared.toml");

        self.tell(
            "Both parties' data are invented first: a file to be supplied, and a recipient's CRM and exports that hold it.",
        )?;
        let mut world = World::create(Path::new(&self.folder), records, &declared(&crm), &self.context.progress)?;
        self.context.check_interrupted()?;
        self.show_holdings(&world)?;

        self.chapter("5 May 2017: the parties exchange cards, and the data are supplied")?;
        self.step("2017-05-05", ExitCode::Clear, &["keygen", "--name", "The originator", "--out", &originator])?;
        self.step("2017-05-05", ExitCode::Clear, &["keygen", "--name", "The recipient", "--out", &recipient])?;
        let supplied = ["supply", &supply_csv, "--as", &originator_key, "--to", &recipient_card, "--delete-by", "2017-06-30"];
        let further = ["--purpose", "one campaign", "--schema", &schema, "--out", &handover, "--ledger", &ledger];
        self.step("2017-05-05", ExitCode::Clear, &[&supplied[..], &further[..]].concat())?;
        let supply_id = self.only_supply(&ledger)?;

        self.chapter("8 May 2017: the baseline shows where the data are")?;
        let (asked, answered) = (path("baseline.challenge.json"), path("baseline.attestation.json"));
        let signing = ["--as", &originator_key, "--ledger", &ledger];
        self.step(
            "2017-05-08",
            ExitCode::Clear,
            &[&["challenge", &supply_id, "--phase", "baseline", "--out", &asked][..], &signing].concat(),
        )?;
        let manifest = format!("{handover}/baseline.residua");
        let who = ["--from", &original_card, "--as", &recipient_key];
        let scan = [
            "scan",
            &crm,
            &exports,
            "--manifest",
            &manifest,
            "--challenge",
            &asked,
            "--declare",
            &declaration,
            "--out",
            &answered,
        ];
        self.step("2017-05-08", ExitCode::Clear, &[&scan[..], &who].concat())?;
        self.step("2017-05-08", ExitCode::Clear, &["verify", &answered, "--ledger", &ledger])?;

        self.chapter("30 June 2017: the recipient deletes, and forgets a backup table and an export")?;
        let gone = world.delete_most()?;
        self.show_gone(&gone)?;
        self.step("2017-07-03", ExitCode::Overdue, &["status", "--ledger", &ledger])?;

        self.chapter("3 July 2017: the originator asks, and what was forgotten is found")?;
        let (asked, answered, findings) =
            (path("deletion-1.challenge.json"), path("deletion-1.attestation.json"), path("recipient/findings-1.csv"));
        let accepting = ["challenge", &supply_id, "--phase", "deletion", "--accept", &declaration, "--out", &asked];
        self.step("2017-07-03", ExitCode::Clear, &[&accepting[..], &signing].concat())?;
        let manifest = format!("{handover}/deletion.residua");
        let scan = ["scan", &crm, &exports, "--manifest", &manifest, "--challenge", &asked, "--declare", &declaration];
        let outputs = ["--out", &answered, "--findings", &findings, "--findings-keys", "strongest"];
        self.step("2017-07-03", ExitCode::Residual, &[&scan[..], &outputs, &who].concat())?;
        self.step("2017-07-03", ExitCode::Residual, &["verify", &answered, "--ledger", &ledger])?;

        self.chapter("5 July 2017: the rest is deleted, and a second challenge ends in `clear`")?;
        let gone = world.delete_rest()?;
        self.show_gone(&gone)?;
        let declaration = path("recipient/declared-after.toml");
        self.declare_removed(&declaration, &crm)?;
        let (asked, answered) = (path("deletion-2.challenge.json"), path("deletion-2.attestation.json"));
        let accepting = ["challenge", &supply_id, "--phase", "deletion", "--accept", &declaration, "--out", &asked];
        self.step("2017-07-05", ExitCode::Clear, &[&accepting[..], &signing].concat())?;
        let scan = [
            "scan",
            &crm,
            &exports,
            "--manifest",
            &manifest,
            "--challenge",
            &asked,
            "--declare",
            &declaration,
            "--out",
            &answered,
        ];
        self.step("2017-07-05", ExitCode::Clear, &[&scan[..], &who].concat())?;
        self.step("2017-07-05", ExitCode::Clear, &["verify", &answered, "--ledger", &ledger])?;
        self.step("2017-07-05", ExitCode::Clear, &["status", "--ledger", &ledger])?;

        self.tell(&format!(
            "Look around in {}: handover/ holds the manifests with their signed statements, the challenges and attestations lie beside it, and \
             recipient/findings-1.csv lists row by row what had been forgotten. The folder takes {} and may be deleted.",
            self.folder,
            text::bytes(world.bytes_on_disk()?)
        ))?;
        if self.is_as_told {
            Ok(ExitCode::Clear)
        } else {
            Err(advised(
                "a step of the demo did not end as the story tells",
                "its output above says how it ended; this is a defect of residua",
            ))
        }
    }

    fn tell(&self, words: &str) -> anyhow::Result<()> {
        self.context.say(&format!("\n{words}\n"))
    }

    fn chapter(&self, title: &str) -> anyhow::Result<()> {
        self.context.say(&format!("\n== {title} ==\n"))
    }

    /// Runs one command as a person would, on a day of the story.
    fn step(&mut self, day: &str, expected: ExitCode, words: &[&str]) -> anyhow::Result<()> {
        self.context.check_interrupted()?;
        let shown: Vec<String> =
            words.iter().map(|word| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() }).collect();
        self.context.print(&format!("\n$ residua {}\n", shown.join(" ")))?;
        let cli = Cli::try_parse_from(std::iter::once("residua").chain(words.iter().copied()))?;
        let context = Context {
            format: self.context.format,
            is_csv: false,
            is_quiet: self.context.is_quiet,
            is_verbose: self.context.is_verbose,
            style: self.context.style,
            progress: Bar::new(self.context.progress.is_shown()),
            cancel: self.context.cancel.clone(),
            fixed_now: time::parse(&format!("{day}T09:00:00Z")),
        };
        let code = dispatch(&cli.command, &context)?;
        self.context.print(&format!("(exit code {})\n", code as u8))?;
        self.is_as_told &= code == expected;
        Ok(())
    }

    fn only_supply(&self, ledger: &str) -> anyhow::Result<String> {
        let ledger = crate::ledger::Ledger::open(Path::new(ledger))?;
        let view = ledger.view();
        let supply = view.supplies().first().context("the ledger of the demo holds no supply")?;
        Ok(view.short_id(&supply.entry.supply_id).to_owned())
    }

    /// The recipient's second declaration: the first, and the exports that it removed since the baseline.
    fn declare_removed(&self, file: &str, crm: &str) -> anyhow::Result<()> {
        let mut words = declared(crm);
        for export in ["recipient/exports/mailing_house.csv", "recipient/exports/2017/agency_extract.csv"] {
            words.push_str(&format!(
                "\n[[removed]]\ntarget = \"{}/{export}\"\nreason = \"deleted at the end of the campaign\"\n",
                self.folder
            ));
        }
        fs::write(file, words).with_context(|| format!("cannot write `{file}`"))?;
        self.tell(&format!("The recipient declares in {file} which exports it removed since the baseline."))
    }

    fn show_holdings(&self, world: &World) -> anyhow::Result<()> {
        use crate::report::text::Align;
        let rows =
            world.holdings().iter().map(|holding| vec![place(holding), text::count(holding.rows), text::count(holding.supplied)]);
        let head = [("where", Align::Left), ("rows", Align::Right), ("of them supplied", Align::Right)];
        self.context.say(&text::table(&head, rows, self.context.style))?;
        self.tell(&format!("{} in {}", text::bytes(world.bytes_on_disk()?), self.folder))
    }

    fn show_gone(&self, gone: &[Holding]) -> anyhow::Result<()> {
        for holding in gone {
            self.context.say(&format!("deleted: {} ({} rows)\n", place(holding), text::count(holding.rows)))?;
        }
        Ok(())
    }
}

fn place(holding: &Holding) -> String {
    match holding.table {
        Some(table) => format!("{}, table {table}", holding.file),
        None => holding.file.to_owned(),
    }
}
