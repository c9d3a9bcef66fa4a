//! Sources: what a database or file holds, what its columns are taken for and by what, and which gaps a scan of it would have.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document::read_text;
use crate::cli::failure::Interrupted;
use crate::cli::inspect::Arguments;
use crate::finding::gap::Gap;
use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::map::MapFile;
use crate::intake::profile::Profiles;
use crate::intake::survey;
use crate::intake::survey::Surveyed;
use crate::record::field::Origin;
use crate::record::schema::Usage;
use crate::report::json_v1;
use crate::report::text;
use crate::report::text::ColumnRow;
use crate::report::text::outcome;
use crate::scan;
use crate::source;
use crate::source::Found;
use crate::source::Object;
use crate::source::ObjectKind;
use crate::source::SourceError;
use crate::support::number::of;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use std::fmt::Write;
use std::io;

/// Shows sources.
pub(super) fn inspect(subjects: &[String], arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let map = match &arguments.map {
        None => MapFile::default(),
        Some(path) => MapFile::parse(&read_text(path, "map file")?)
            .with_context(|| format!("cannot use the map file `{}`", path.display()))?,
    };
    let options = arguments.reading.options(map.text_rules(), None);
    let found = source::discover(subjects, &options, &mut io::stdin().lock(), &context.cancel).map_err(|error| match error {
        SourceError::Cancelled => Interrupted.into(),
        error => anyhow::Error::new(error),
    })?;
    let surveyed = survey::preview(&found, &map, &context.cancel).with_context(|| {
        let name = arguments.map.as_ref().map_or_else(String::new, |path| format!(" `{}`", path.display()));
        format!("cannot use the map file{name}")
    })?;
    context.check_interrupted()?;
    let unused = survey::unused_rules(&found, &surveyed, &map);
    let gaps = expected_gaps(&found, &surveyed, &map, context);
    context.check_interrupted()?;
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::InspectedV1 {
            version: json_v1::VERSION,
            kind: "sources",
            targets: surveyed.iter().map(|target| json_target(target, &found)).collect(),
            problems: gaps.iter().map(json_v1::InspectedProblemV1::from).collect(),
            unused_rules: unused,
        }));
    }
    for target in &surveyed {
        context.say(&words(target, &found, context))?;
    }
    // Whatever is amiss with a source has a gap, so this is a folder of nothing.
    if surveyed.is_empty() && gaps.is_empty() {
        let names: Vec<String> = subjects.iter().map(|subject| format!("`{}`", clean(subject))).collect();
        context.say(&format!("Nothing was found in {}: no file and no table.\n", names.join(", ")))?;
    }
    let title = "Gaps that a scan would have, as far as a sample shows (one makes its verdict inconclusive):";
    context.say(&outcome::gaps(title, &gaps))?;
    if gaps.is_empty() && !surveyed.is_empty() {
        context.say("No gap is to be expected, as far as a sample shows. A scan reads every row, and only with the manifest it is seen whether the columns \
             form the supply's match keys.\n",
        )?;
    }
    for pattern in &unused {
        context.say(&format!(
            "Note: the rule of the map for `{}` matches no target here; a scan stops where none of its targets matches.\n",
            clean(pattern)
        ))?;
    }
    Ok(())
}

/// One table or file in words.
fn words(target: &Surveyed, found: &Found, context: &Context) -> String {
    let object = object(target, found);
    let kind = match object.kind {
        ObjectKind::File => match found.sessions[target.session].identity().kind {
            "csv" | "tsv" => "a text file".to_owned(),
            kind => format!("a {kind} file"),
        },
        ObjectKind::Table => "a table".to_owned(),
        ObjectKind::View => "a view".to_owned(),
        ObjectKind::MaterialisedView => "a materialised view".to_owned(),
        ObjectKind::ForeignTable => "a foreign table".to_owned(),
        ObjectKind::LargeObjects => "large objects".to_owned(),
        ObjectKind::VirtualTable => "a virtual table".to_owned(),
    };
    let mut facts = vec![kind];
    facts.extend(object.rows_expected.map(|rows| of(rows, "row")));
    facts.extend(object.rows_estimated.map(|rows| format!("about {}", of(rows, "row"))));
    facts.extend(object.bytes.map(text::bytes));
    facts.extend(object.details.iter().map(|(name, value)| format!("{} `{}`", clean(name), clean(value))));
    let mut words = format!("{}\n  {}\n", clean(&target.name), facts.join(", "));
    if let Some(reason) = &target.excluded {
        let _ = writeln!(words, "  left out by the map: {}\n", clean(reason));
        return words;
    }
    words.push_str(&text::columns(&column_rows(&target.mapping, &target.profiles), context.style));
    let _ = match target.profiles.rows {
        0 => writeln!(words, "  No row was read."),
        rows => writeln!(words, "  Seen in a sample of {}.", of(rows, "row")),
    };
    if object.access.is_readable() && !target.mapping.columns.iter().any(|taken| taken.field().is_some()) {
        words.push_str(
            "  No column is taken for anything of a person.\n  help: if it holds people, say what its columns hold: with `--map` for a scan, \
             with `--schema` for a supply\n",
        );
    }
    words.push('\n');
    words
}

fn object<'a>(target: &Surveyed, found: &'a Found) -> &'a Object {
    &found.sessions[target.session].inventory().objects[target.object]
}

/// What a scan would not see, by what is known before it and by what a sample of the rows comes to: the rest shows when all rows are read.
fn expected_gaps(found: &Found, surveyed: &[Surveyed], map: &MapFile, context: &Context) -> Vec<Gap> {
    let is_left_out = |target: &str| map.exclusion(target).is_some();
    let unopened = found.problems.iter().filter(|problem| !is_left_out(&problem.source));
    let mut gaps: Vec<Gap> = unopened.map(|problem| scan::gap::gap_of(problem, None)).collect();
    for session in &found.sessions {
        scan::gap::survey_gaps(session.as_ref(), is_left_out, &mut gaps);
    }
    for target in surveyed.iter().filter(|target| target.excluded.is_none()) {
        let object = object(target, found);
        scan::gap::object_gaps(&target.name, object, &mut gaps);
        if !object.access.is_readable() {
            continue;
        }
        let session = found.sessions[target.session].as_ref();
        let rehearsal = survey::rehearse(session, target.object, &target.mapping, &context.cancel);
        let is_left_out =
            |column: &String| target.mapping.columns.iter().any(|taken| taken.name == *column && taken.is_left_out());
        let seen = rehearsal.problems.iter().filter(|problem| !problem.column.as_ref().is_some_and(is_left_out));
        gaps.extend(seen.map(|problem| scan::gap::gap_of(problem, Some(&target.name))));
        scan::gap::column_gaps(&target.name, &target.mapping, &rehearsal.counts, rehearsal.overflow, &mut gaps);
    }
    gaps.sort();
    gaps.dedup();
    gaps
}

fn json_target(target: &Surveyed, found: &Found) -> json_v1::InspectedTargetV1 {
    let object = object(target, found);
    json_v1::InspectedTargetV1 {
        name: target.name.clone(),
        kind: found.sessions[target.session].identity().kind.to_owned(),
        object: object.kind.as_str().to_owned(),
        rows: object.rows_expected,
        bytes: object.bytes,
        details: object.details.clone(),
        excluded: target.excluded.clone(),
        sampled_rows: target.profiles.rows,
        columns: json_columns(&target.mapping, &target.profiles),
    }
}

/// What columns are taken for, for programs.
pub(crate) fn json_columns(mapping: &Mapping, profiles: &Profiles) -> Vec<json_v1::ColumnV1> {
    (mapping.columns.iter().zip(&profiles.columns))
        .map(|(taken, profile)| json_v1::ColumnV1 {
            name: taken.name.clone(),
            taken_for: taken.words(),
            by: decided_by(taken).map(str::to_owned),
            rows: profiles.rows,
            filled: profile.filled,
        })
        .collect()
}

/// What columns are taken for, for people.
pub(crate) fn column_rows(mapping: &Mapping, profiles: &Profiles) -> Vec<ColumnRow> {
    (mapping.columns.iter().zip(&profiles.columns))
        .map(|(taken, profile)| {
            let mut notes = Vec::new();
            if let Some(field) = taken.field() {
                if field.origin == Origin::Supply {
                    notes.push("only this supply had it".to_owned());
                }
                if let Some(order) = taken.order {
                    notes.push(format!("order {}", order.word()));
                }
                if profile.order.short_years() > 0 {
                    notes.push("two-digit years".to_owned());
                }
            }
            notes.extend(taken.reason.clone());
            notes.extend(overruled(taken));
            ColumnRow {
                name: taken.name.clone(),
                taken_for: taken.words(),
                by: decided_by(taken).unwrap_or_default().to_owned(),
                filled: (profiles.rows, profile.filled),
                note: notes.join(", "),
            }
        })
        .collect()
}

/// Who decided what a column is taken for: nobody, where it is text because nothing says otherwise.
fn decided_by(taken: &Taken) -> Option<&'static str> {
    let is_decided = taken.usage != Usage::Text || taken.by != By::Values;
    is_decided.then(|| taken.by.word())
}

/// What a column looks like, where a person takes it for something by which less is found.
fn overruled(taken: &Taken) -> Option<String> {
    taken.overruled.as_ref().map(|looks| format!("looks like {looks}"))
}
