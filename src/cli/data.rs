//! The data of a supply: a file that holds one table, at the originator who hands it over, and at the recipient who was handed it.

use crate::cli::context::Context;
use crate::cli::failure::advised;
use crate::cli::reading::Reading;
use crate::source;
use crate::source::Session;
use crate::supply::SupplyError;
use crate::support::sanitize::clean;

/// Tables that are named where there is more than one.
const MOST_NAMED: usize = 8;

/// Opens the file of the data.
pub(crate) fn open(data: &String, reading: &Reading, context: &Context) -> anyhow::Result<Box<dyn Session>> {
    if data == "-" {
        return Err(advised("the data are read twice, which standard input cannot be", "name a file"));
    }
    if source::is_server(data) {
        return Err(advised(
            "the data that are supplied are a file, not a server",
            "export what is handed over to a CSV file, and supply that: it is what the recipient will have",
        ));
    }
    let options = reading.options(Vec::new(), None);
    let found = crate::cli::reading::discover(std::slice::from_ref(data), &options, context)?;
    if let Some(problem) = found.problems.into_iter().next() {
        return Err(SupplyError::Source(problem).into());
    }
    let mut sessions = found.sessions.into_iter();
    match (sessions.next(), sessions.next()) {
        (Some(session), None) => Ok(session),
        _ => {
            Err(advised(format!("`{}` is not one file", clean(data)), "supply one file at a time; each makes its own manifests"))
        }
    }
}

/// The number of the one table that the data are.
pub(crate) fn only_table(session: &dyn Session, data: &str) -> anyhow::Result<usize> {
    let inventory = session.inventory();
    if let Some(problem) = inventory.problems.first() {
        return Err(SupplyError::Source(problem.clone()).into());
    }
    let readable: Vec<usize> =
        (0..inventory.objects.len()).filter(|index| inventory.objects[*index].access.is_readable()).collect();
    match readable[..] {
        [object] => Ok(object),
        [] => Err(advised(format!("`{}` holds no table that can be read", clean(data)), "name the file that holds the data")),
        _ => {
            let names: Vec<String> =
                readable.iter().take(MOST_NAMED).map(|index| format!("`{}`", clean(&inventory.objects[*index].name))).collect();
            let more = if readable.len() > MOST_NAMED { " and others" } else { "" };
            Err(advised(
                format!("`{}` holds {} tables, and a supply is one: {}{more}", clean(data), readable.len(), names.join(", ")),
                "export the table that is supplied to a CSV file",
            ))
        }
    }
}
