//! `supply --controls`: the file of people who were not supplied, and what the originator is told of it.

use crate::cli::context::Context;
use crate::cli::data;
use crate::cli::failure::Interrupted;
use crate::cli::supply::Arguments;
use crate::report::text;
use crate::source::ReadError;
use crate::source::Session;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::supply::control::ControlCounts;
use crate::supply::control::Controls;
use crate::support::number::of;
use crate::support::progress::Progress as _;
use crate::support::sanitize::clean;
use anyhow::Context as _;

/// The file, opened, where one is named.
pub(super) struct File<'a> {
    name: &'a str,
    session: Box<dyn Session>,
    object: usize,
}

impl<'a> File<'a> {
    pub(super) fn open(arguments: &'a Arguments, context: &Context) -> anyhow::Result<Option<File<'a>>> {
        let Some(name) = &arguments.controls else { return Ok(None) };
        let opening = || format!("cannot use the controls `{}`", clean(name));
        let session = data::open(name, &arguments.reading, context).with_context(opening)?;
        let object = data::only_table(session.as_ref(), name).with_context(opening)?;
        Ok(Some(File { name, session, object }))
    }

    /// The people in it, with their columns taken as those of the data.
    pub(super) fn read(&self, draft: &Draft, context: &Context) -> anyhow::Result<Controls<'_>> {
        context.progress.begin("reading the controls", None, None);
        let controls = Controls::open(self.session.as_ref(), self.object, draft, &context.cancel);
        context.progress.end();
        controls.map_err(|error| match error {
            SupplyError::Read(ReadError::Cancelled) => Interrupted.into(),
            error => anyhow::Error::new(error).context(format!("cannot use the controls `{}`", clean(self.name))),
        })
    }
}

/// What became of them, and what their fingerprints disclose.
pub(super) fn words(controls: ControlCounts) -> String {
    if controls.people == 0 {
        return String::new();
    }
    let mut words = format!(
        "Controls: {} people who were never supplied fill secret blocks of the deletion manifest, chosen from {}.\n",
        text::count(controls.people),
        of(controls.rows, "row")
    );
    let left_out = controls.rows.saturating_sub(controls.people);
    if left_out > 0 {
        words.push_str(&format!(
            "  Left out: {}, {} of them without a match key of a person. There are whole blocks of 1,000, at most one for each 10,000 records or \
             part of it, and at most ten.\n",
            of(left_out, "row"),
            text::count(controls.without_key)
        ));
    }
    words.push_str(
        "Warning: controls disclose fingerprints of people who were never supplied. To somebody who holds manifest and salt they confirm that \
         these people are in your source. Take them only from people of whom you may tell that, and keep their file as you keep the data.\n",
    );
    words
}
