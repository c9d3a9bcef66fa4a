//! `supply --seeds`: the data are written anew with invented people among them, and supplied as they were written.

use crate::cli::context::Context;
use crate::cli::data;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::reading;
use crate::cli::supply::Arguments;
use crate::cli::supply::Outputs;
use crate::cli::supply::failed;
use crate::ledger::seed::Roster;
use crate::ledger::seed::SeedEntry;
use crate::source::Label;
use crate::source::ReadError;
use crate::source::Session;
use crate::source::TextOptions;
use crate::supply;
use crate::supply::Draft;
use crate::supply::Supplied;
use crate::supply::SupplyError;
use crate::supply::seed;
use crate::supply::seed::Seed;
use crate::supply::seed::contacts::Contacts;
use crate::support::sanitize::clean;
use crate::support::secret::Secret;
use std::path::Path;

/// The file that is handed over.
pub(super) const DATA: &str = "data.csv";

/// What was written, opened again.
pub(super) struct Seeded {
    pub(super) session: Box<dyn Session>,
    pub(super) draft: Draft,
    pub(super) seeds: Vec<Seed>,
}

/// Writes the data with seeds, and reads what was written; `None` where no seeds are wanted.
pub(super) fn mix_in(
    arguments: &Arguments,
    session: &dyn Session,
    object: usize,
    draft: &Draft,
    outputs: &mut Outputs,
    context: &Context,
) -> anyhow::Result<Option<Seeded>> {
    let (Some(wanted), Some((_, file))) = (arguments.seeds, &mut outputs.data) else { return Ok(None) };
    let refused = |error| failed(error, arguments);
    seed::check_room(draft.records(), wanted).map_err(|error| refused(error.into()))?;
    let contacts = contacts(arguments, draft, wanted, context)?;
    let secret = Secret::new(context.random()?);
    let order = seed::Order { session, object, draft, wanted, contacts: contacts.as_ref(), secret: &secret };
    let seeds = seed::mix_in(&order, file, &context.progress, &context.cancel).map_err(refused)?;
    let session = open_written(file.passing_path(), draft.mapping.columns.len(), arguments, context)?;
    let object = data::only_table(session.as_ref(), DATA)?;
    let again =
        supply::draft_again(session.as_ref(), object, draft, &seeds, &context.progress, &context.cancel).map_err(refused)?;
    Ok(Some(Seeded { session, draft: again, seeds }))
}

/// Opens what was written, which nothing about has to be recognised.
fn open_written(path: &Path, columns: usize, arguments: &Arguments, context: &Context) -> anyhow::Result<Box<dyn Session>> {
    let mut options = arguments.reading.options(Vec::new(), None);
    options.text = TextOptions {
        // What is one column has none.
        delimiter: (columns > 1).then_some(b','),
        header: Some(true),
        encoding: Label::parse("utf-8"),
        widths: None,
        is_packed: false,
        is_shape_of_one: true,
    };
    let path = path.to_str().ok_or_else(|| {
        advised(format!("`{}` has a name that is not UTF-8", arguments.out.display()), "name another folder with `--out`")
    })?;
    let mut found = reading::discover(&[path.to_owned()], &options, context)?;
    match (found.problems.pop(), found.sessions.pop()) {
        (None, Some(session)) if found.sessions.is_empty() => Ok(session),
        (Some(problem), _) => Err(failed(SupplyError::Source(problem), arguments)),
        _ => Err(failed(seed::SeedError::ReadsOtherwise.into(), arguments)),
    }
}

/// Reads what is given for the seeds.
fn contacts(arguments: &Arguments, draft: &Draft, wanted: u32, context: &Context) -> anyhow::Result<Option<Contacts>> {
    let Some(file) = &arguments.seed_contacts else { return Ok(None) };
    let refused = |error| match error {
        SupplyError::Read(ReadError::Cancelled) => Interrupted.into(),
        error => anyhow::Error::new(error).context(format!("cannot use the contacts `{}`", clean(file))),
    };
    let options = arguments.reading.options(Vec::new(), None);
    let mut found = reading::discover(std::slice::from_ref(file), &options, context)?;
    if let Some(problem) = found.problems.pop() {
        return Err(refused(SupplyError::Source(problem)));
    }
    let session = found.sessions.pop().filter(|_| found.sessions.is_empty());
    let session =
        session.ok_or_else(|| advised(format!("`{}` is not one file", clean(file)), "name the CSV file that holds them"))?;
    let object = data::only_table(session.as_ref(), file)?;
    Contacts::read(session.as_ref(), object, &draft.mapping, wanted, &context.cancel).map(Some).map_err(refused)
}

/// What the ledger keeps of the seeds; `None` where there are none.
pub(super) fn entry(seeds: &[Seed], supplied: &Supplied, draft: &Draft) -> Option<Roster> {
    let [baseline, deletion] = supplied.seeds.as_slice() else { return None };
    let entries = seeds.iter().zip(baseline.iter().zip(deletion));
    let entries = entries.map(|(seed, (baseline, deletion))| SeedEntry {
        row: seed.row,
        baseline: *baseline,
        deletion: *deletion,
        cells: seed.cells.clone(),
    });
    let columns = draft.mapping.columns.iter().map(|taken| taken.name.clone()).collect();
    (!seeds.is_empty()).then(|| Roster::new(columns, entries.collect()))
}

/// What has to be known of a supply with seeds; nothing where there are none.
pub(super) fn words(seeds: &[Seed], draft: &Draft, arguments: &Arguments) -> String {
    if seeds.is_empty() {
        return String::new();
    }
    let data = arguments.out.join(DATA);
    let mut words = format!(
        "Seeds: {} of the records are invented people, whom nobody else is given. Hand over `{}`, and not `{}`: only there they are.\n\
         Tell nobody that there are any; `residua supplies show SUPPLY --seeds` says who they are.\n",
        seeds.len(),
        data.display(),
        clean(&arguments.data)
    );
    let of = |is_odd: &dyn Fn(usize) -> bool| {
        let names = (0..draft.mapping.columns.len()).filter(|column| is_odd(*column));
        names.map(|column| format!("`{}`", clean(&draft.mapping.columns[column].name))).collect::<Vec<_>>().join(", ")
    };
    let empty = of(&|column| {
        let is_rare = draft.profiles.columns[column].filled * 20 > draft.records() * 19;
        is_rare && seeds.iter().filter(|seed| seed.cells[column].trim().is_empty()).count() * 2 > seeds.len()
    });
    if !empty.is_empty() {
        words.push_str(&format!("Note: seeds are empty in {empty}, where records hardly ever are, and so may be recognised. Give these columns with `--seed-contacts`.\n"));
    }
    let reserved = of(&|column| seeds.iter().any(|seed| seed.stand_ins.iter().any(|(other, _)| *other == column)));
    if !reserved.is_empty() {
        words.push_str(&format!("Note: seeds have reserved telephone numbers in {reserved}, which others use too: nothing is looked for by them, and they may be recognised.\n"));
    }
    words + "\n"
}
