//! Sources: what a database or file holds, what its columns are taken for and by what, and which gaps a scan of it would have.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document::read_text;
use crate::cli::inspect::Arguments;
use crate::cli::inspect::estimate;
use crate::cli::inspect::estimate::Estimate;
use crate::cli::inspect::estimate::Ground;
use crate::cli::inspect::words;
use crate::cli::inspect::words::decided_by;
use crate::cli::reading;
use crate::finding::gap::Gap;
use crate::intake::Mapping;
use crate::intake::map::MapFile;
use crate::intake::map::Unused;
use crate::intake::profile::Profiles;
use crate::intake::survey;
use crate::intake::survey::Surveyed;
use crate::intake::survey::target_name;
use crate::report::json_v1;
use crate::report::text;
use crate::report::text::outcome;
use crate::scan;
use crate::source;
use crate::source::Access;
use crate::source::Found;
use crate::source::Object;
use crate::source::Session;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use std::collections::BTreeSet;

/// One target as it was seen.
pub(super) struct Seen<'a> {
    pub(super) target: &'a Surveyed,
    pub(super) object: &'a Object,
    pub(super) session: &'a dyn Session,
    /// The number of its rows, where all of them were read.
    pub(super) counted: Option<u64>,
    /// Whether a scan would have a gap in it.
    pub(super) has_gap: bool,
}

impl Seen<'_> {
    /// All rows, exactly.
    pub(super) fn rows(&self) -> Option<u64> {
        self.object.rows_expected.or(self.counted)
    }
}

/// Shows sources.
pub(super) fn inspect(subjects: &[String], arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let map = match &arguments.map {
        None => MapFile::default(),
        Some(path) => MapFile::parse(&read_text(path, "map file")?)
            .with_context(|| format!("cannot use the map file `{}`", path.display()))?,
    };
    let options = arguments.reading.options(map.text_rules(), Some(&arguments.piped));
    let found = reading::discover(subjects, &options, context)?;
    let surveyed = survey::preview(&found, &map, arguments.deep, &context.cancel).with_context(|| {
        let name = arguments.map.as_ref().map_or_else(String::new, |path| format!(" `{}`", path.display()));
        format!("cannot use the map file{name}")
    })?;
    context.check_interrupted()?;
    let unused = survey::unused_rules(&found, &surveyed, &map);
    let mut seen: Vec<Seen<'_>> = surveyed.iter().map(|target| unread(target, &found)).collect();
    let gaps = expected_gaps(&found, &mut seen, &map, context);
    context.check_interrupted()?;
    let estimate = expected_time(&seen, arguments, context);
    context.check_interrupted()?;
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json(&found, &seen, &gaps, &unused, estimate)));
    }
    context.say(&words::sources(&found, &seen, context))?;
    // Whatever is amiss with a source has a gap, so this is a folder of nothing.
    let holds_nothing = found.sessions.iter().all(|session| session.facts().is_empty());
    if surveyed.is_empty() && gaps.is_empty() && holds_nothing {
        let names: Vec<String> = subjects.iter().map(|subject| format!("`{}`", clean(&source::shown(subject)))).collect();
        context.say(&format!("Nothing was found in {}: no file and no table.\n", names.join(", ")))?;
    }
    let title = "Gaps that a scan would have, as far as a sample shows (one makes its verdict inconclusive):";
    context.say(&outcome::gaps_together(title, &without_repeats(&gaps, &seen), context.is_verbose))?;
    let can_be_granted = |one: &Seen<'_>| {
        let is_closed = |access: &Access| matches!(access, Access::Denied(_) | Access::Filtered(_));
        let is_any_closed = is_closed(&one.object.access) || one.object.columns.iter().any(|column| is_closed(&column.access));
        one.target.excluded.is_none() && is_any_closed && !one.session.facts().is_empty()
    };
    if let Some(one) = seen.iter().find(|one| can_be_granted(one)) {
        let name = clean(&one.session.identity().name);
        context.say(&format!("What an account may not read can be granted; this prints the statements for an administrator:\n  residua inspect {name} --grants\n"))?;
    }
    if gaps.is_empty() && !surveyed.is_empty() {
        context.say("No gap is to be expected, as far as a sample shows. A scan reads every row, and only with the manifest it is seen whether the columns \
             form the supply's match keys.\n",
        )?;
    }
    if let Some(estimate) = estimate {
        context.say(&estimate.words())?;
    }
    for unused in &unused {
        context.say(&match unused {
            Unused::Pattern(pattern) => format!(
                "Note: the rule of the map for `{}` matches no target here; a scan stops where none of its targets matches.\n",
                clean(pattern)
            ),
            unused => {
                format!("Note: of the map, {}; a scan of these sources would stop.\n", text::clean_long(&unused.to_string()))
            }
        })?;
    }
    Ok(())
}

fn unread<'a>(target: &'a Surveyed, found: &'a Found) -> Seen<'a> {
    let session = found.sessions[target.session].as_ref();
    Seen { target, object: &session.inventory().objects[target.object], session, counted: None, has_gap: false }
}

/// What a scan would not see, by what is known before it and by what a sample of the rows comes to: the rest shows when all rows are read.
fn expected_gaps(found: &Found, seen: &mut [Seen<'_>], map: &MapFile, context: &Context) -> Vec<Gap> {
    let is_left_out = |target: &str| map.exclusion(target).is_some();
    let unopened = found.problems.iter().filter(|problem| !is_left_out(&problem.source));
    let mut gaps: Vec<Gap> = unopened.map(|problem| scan::gap::gap_of(problem, None)).collect();
    for session in &found.sessions {
        scan::gap::survey_gaps(session.as_ref(), is_left_out, &mut gaps);
    }
    for one in seen.iter_mut().filter(|one| one.target.excluded.is_none()) {
        let (target, object) = (one.target, one.object);
        scan::gap::object_gaps(&target.name, object, &target.mapping, &mut gaps);
        if !object.access.is_readable() {
            continue;
        }
        let rehearsal = survey::rehearse(one.session, target.object, &target.mapping, &context.cancel);
        one.counted = (rehearsal.is_whole && rehearsal.problems.is_empty()).then_some(rehearsal.rows);
        let is_left_out =
            |column: &String| target.mapping.columns.iter().any(|taken| taken.name == *column && taken.is_left_out());
        let problems = rehearsal.problems.iter().filter(|problem| !problem.column.as_ref().is_some_and(is_left_out));
        gaps.extend(problems.map(|problem| scan::gap::gap_of(problem, Some(&target.name))));
        scan::gap::column_gaps(&target.name, &target.mapping, &rehearsal.counts, rehearsal.overflow, &mut gaps);
    }
    gaps.sort();
    gaps.dedup();
    let places: BTreeSet<&str> = gaps.iter().map(|gap| gap.target.as_str()).collect();
    for one in seen {
        one.has_gap = places.contains(one.target.name.as_str());
    }
    gaps
}

/// The gaps without those of columns of objects that cannot be read as a whole.
fn without_repeats(gaps: &[Gap], seen: &[Seen<'_>]) -> Vec<Gap> {
    let closed: BTreeSet<&str> =
        seen.iter().filter(|one| !one.object.access.is_readable()).map(|one| one.target.name.as_str()).collect();
    gaps.iter().filter(|gap| gap.column.is_none() || !closed.contains(gap.target.as_str())).cloned().collect()
}

/// How long a scan of what can be read would take.
fn expected_time(seen: &[Seen<'_>], arguments: &Arguments, context: &Context) -> Option<Estimate> {
    let is_read = |one: &&Seen<'_>| one.target.excluded.is_none() && one.object.access.is_readable();
    let grounds = seen.iter().filter(is_read).map(|one| Ground {
        session: one.session,
        object: one.target.object,
        mapping: &one.target.mapping,
        rows: one.rows().or(one.object.rows_estimated),
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    estimate::estimate(&grounds.collect::<Vec<_>>(), cores, arguments.reading.connections(), &context.cancel)
}

fn json(found: &Found, seen: &[Seen<'_>], gaps: &[Gap], unused: &[Unused], estimate: Option<Estimate>) -> json_v1::InspectedV1 {
    let derived = found.sessions.iter().flat_map(|session| {
        session.inventory().objects.iter().filter_map(|object| match &object.access {
            Access::Derived(reason) => Some(json_v1::InspectedDerivedV1 {
                name: target_name(session.as_ref(), object),
                object: object.kind.as_str().to_owned(),
                reason: reason.clone(),
            }),
            _ => None,
        })
    });
    json_v1::InspectedV1 {
        version: json_v1::VERSION,
        kind: "sources",
        sources: found.sessions.iter().map(|session| json_source(session.as_ref())).collect(),
        targets: seen.iter().map(json_target).collect(),
        derived: derived.collect(),
        problems: gaps.iter().map(json_v1::InspectedProblemV1::from).collect(),
        unused_rules: unused
            .iter()
            .map(|unused| match unused {
                Unused::Pattern(pattern) => pattern.clone(),
                unused => unused.to_string(),
            })
            .collect(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time that is not negative")]
        estimate: estimate.map(|estimate| json_v1::EstimateV1 { rows: estimate.rows, seconds: estimate.seconds.ceil() as u64 }),
    }
}

fn json_source(session: &dyn Session) -> json_v1::InspectedSourceV1 {
    let identity = session.identity();
    json_v1::InspectedSourceV1 {
        name: identity.name.clone(),
        kind: identity.kind.to_string(),
        consistency: session.consistency().as_str(),
        identity: identity.facts.iter().cloned().collect(),
        facts: session.facts().iter().cloned().collect(),
        is_blind: session.inventory().blind,
        objects: counts(session),
    }
}

/// The objects of a source by whether they can be read.
pub(super) fn counts(session: &dyn Session) -> json_v1::ObjectCountsV1 {
    let mut counts = json_v1::ObjectCountsV1::default();
    for object in &session.inventory().objects {
        match object.access {
            Access::Readable => counts.readable += 1,
            Access::Denied(_) => counts.denied += 1,
            Access::Filtered(_) => counts.filtered += 1,
            Access::Unsupported(_) => counts.unsupported += 1,
            Access::Derived(_) => counts.derived += 1,
        }
    }
    counts
}

fn json_access(access: &Access) -> json_v1::AccessV1 {
    let (state, reason) = match access {
        Access::Readable => ("readable", None),
        Access::Denied(reason) => ("denied", Some(reason.clone())),
        Access::Filtered(reason) => ("filtered", Some(reason.clone())),
        Access::Derived(reason) => ("derived", Some(reason.clone())),
        Access::Unsupported(reason) => ("unsupported", Some(reason.clone())),
    };
    json_v1::AccessV1 { state, reason }
}

fn json_target(seen: &Seen<'_>) -> json_v1::InspectedTargetV1 {
    let (target, object) = (seen.target, seen.object);
    let columns = json_columns(&target.mapping, &target.profiles).into_iter().zip(&object.columns);
    json_v1::InspectedTargetV1 {
        name: target.name.clone(),
        kind: seen.session.identity().kind.to_string(),
        object: object.kind.as_str().to_owned(),
        access: json_access(&object.access),
        rows: seen.rows(),
        rows_estimated: object.rows_estimated,
        bytes: object.bytes,
        details: object.details.clone(),
        excluded: target.excluded.clone(),
        sampled_rows: target.profiles.rows,
        columns: columns
            .map(|(column, known)| json_v1::InspectedColumnV1 {
                column,
                declared_type: known.declared_type.clone(),
                access: json_access(&known.access),
            })
            .collect(),
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
