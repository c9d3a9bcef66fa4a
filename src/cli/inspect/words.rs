//! Sources in words: what each is, its objects with what their columns are taken for, and briefly what is not read by itself.
//!
//! A database of a few tables is shown table by table. Of many tables those of interest are, which hold something of a person or have a gap;
//! the others are listed, so that nothing is forgotten and something is found.

use crate::cli::context::Context;
use crate::cli::inspect::sources::Seen;
use crate::cli::inspect::sources::counts;
use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::profile::Profiles;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Origin;
use crate::record::field::Role;
use crate::record::schema::Usage;
use crate::report::text;
use crate::report::text::Align;
use crate::report::text::ColumnRow;
use crate::source::Access;
use crate::source::Consistency;
use crate::source::Found;
use crate::source::ObjectKind;
use crate::source::Session;
use crate::support::number::grouped;
use crate::support::number::of;
use crate::support::sanitize::clean;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Targets that are all shown in full.
const FEW: usize = 24;

/// All sources in words.
pub(super) fn sources(found: &Found, seen: &[Seen<'_>], context: &Context) -> String {
    let is_brief = seen.len() > FEW && !context.is_verbose;
    let mut text = String::new();
    // Files have no head of their own: what there is to list of them is listed together.
    let mut headless: Vec<&Seen<'_>> = Vec::new();
    for (number, session) in found.sessions.iter().enumerate() {
        let own: Vec<&Seen<'_>> = seen.iter().filter(|one| one.target.session == number).collect();
        let has_head = !session.facts().is_empty();
        if has_head {
            text.push_str(&head(session.as_ref()));
        }
        let (full, listed): (Vec<_>, Vec<_>) = own.into_iter().partition(|one| !is_brief || is_of_interest(one));
        for one in full {
            text.push_str(&words(one, is_brief, context));
        }
        if has_head {
            text.push_str(&list(&listed, true, context));
        } else {
            headless.extend(listed);
        }
        text.push_str(&derived(session.as_ref()));
    }
    text.push_str(&list(&headless, false, context));
    text
}

/// Whether a target is worth a look although there are many.
fn is_of_interest(one: &Seen<'_>) -> bool {
    // Numbers and days of events stand in nearly every table.
    let is_telling = |field: Field| field.kind != Kind::Identifier && field.role != Role::Event;
    let is_of_person = |taken: &Taken| taken.field().is_some_and(is_telling) || taken.by == By::Person;
    one.target.excluded.is_none()
        && one.object.access.is_readable()
        && (one.has_gap || (one.rows() != Some(0) && one.target.mapping.columns.iter().any(is_of_person)))
}

/// What a source is: the server, the database, who asks, and how much there is.
fn head(session: &dyn Session) -> String {
    let identity = session.identity();
    let known: BTreeMap<&str, &str> =
        (identity.facts.iter().chain(session.facts())).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let is_mariadb = known.get("version").is_some_and(|version| version.to_ascii_lowercase().contains("mariadb"));
    let product = match identity.kind.as_ref() {
        "postgres" => "PostgreSQL",
        "mysql" if is_mariadb => "MariaDB",
        "mysql" => "MySQL",
        kind => kind,
    };
    let mut facts: Vec<(String, String)> = Vec::new();
    let server: Vec<&str> = std::iter::once(product).chain(known.get("version").copied()).collect();
    let role = match known.get("role").copied() {
        None => String::new(),
        Some("unknown") => ", which does not tell this account whether it is a replica".to_owned(),
        Some(role) => format!(", a {}", clean(role)),
    };
    let lag = known.get("lagSeconds").map_or_else(String::new, |lag| format!(" that is {} s behind", clean(lag)));
    facts.push(("server".to_owned(), format!("{}{role}{lag}", clean(&server.join(" ")))));
    let mut others: Vec<&(String, String)> = identity.facts.iter().chain(session.facts()).collect();
    others.retain(|(name, _)| !matches!(name.as_str(), "version" | "role" | "lagSeconds"));
    // Who asks of what comes first.
    others.sort_by_key(|(name, _)| !matches!(name.as_str(), "database" | "user" | "tls"));
    for (name, value) in others {
        let shown = match name.as_str() {
            "tls" => "TLS".to_owned(),
            "walPosition" => "WAL position".to_owned(),
            name => spaced(name),
        };
        facts.push((shown, clean(value)));
    }
    facts.push(("rows".to_owned(), stillness(session.consistency()).to_owned()));
    let counts = counts(session);
    let all = counts.readable + counts.denied + counts.filtered + counts.unsupported + counts.derived;
    let parts = [
        (counts.readable, "readable"),
        (counts.denied, "denied"),
        (counts.filtered, "filtered"),
        (counts.unsupported, "unsupported"),
        (counts.derived, "without rows of their own"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{} {word}", grouped(*number)));
    let parts: Vec<String> = parts.collect();
    let blind = if session.inventory().blind { "; there may be more that this account cannot list" } else { "" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    facts.push(("objects".to_owned(), format!("{}{parts}{blind}", grouped(all))));
    let facts: Vec<(&str, String)> = facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    format!("{}\n{}\n", clean(&identity.name), text::facts(&facts))
}

/// What holds the rows still.
fn stillness(consistency: Consistency) -> &'static str {
    match consistency {
        Consistency::SharedSnapshot => "of one moment, in a snapshot that all connections share",
        Consistency::OneConnection => "of one moment, in a snapshot of one connection",
        Consistency::FileStat => "as the file holds them, which is looked at again at the end",
        Consistency::PrivateCopy => "of a private copy",
        Consistency::None => "not held still: they may move while they are read",
    }
}

/// `systemIdentifier` as `system identifier`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for letter in clean(name).chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// One table or file in words; `is_brief` where it is one of many.
fn words(seen: &Seen<'_>, is_brief: bool, context: &Context) -> String {
    let (target, object) = (seen.target, seen.object);
    let mut words = format!("{}\n  {}\n", clean(&target.name), facts(seen).join(", "));
    if let Some(reason) = &target.excluded {
        let _ = writeln!(words, "  left out by the map: {}\n", text::clean_long(reason));
        return words;
    }
    if let Some((_, reason)) = object.access.problem() {
        let _ = writeln!(words, "  cannot be read: {}\n", clean(reason));
        return words;
    }
    let rows = column_rows(&target.mapping, &target.profiles).into_iter().zip(&target.mapping.columns).zip(&object.columns);
    let (mut shown, mut texts) = (Vec::new(), Vec::new());
    for ((mut row, taken), column) in rows {
        if let Some((_, reason)) = column.access.problem() {
            row.filled = (0, 0);
            // What stands in many lines is short; the gap below says it in full.
            let is_denied = matches!(column.access, Access::Denied(_));
            let denied = if is_denied { "denied".to_owned() } else { format!("cannot be read: {reason}") };
            row.note = if row.note.is_empty() { denied } else { format!("{}, {denied}", row.note) };
        } else if is_brief && taken.field().is_none() && row.note.is_empty() && row.by.is_empty() {
            texts.push(clean(&row.name));
            continue;
        }
        shown.push(row);
    }
    if !shown.is_empty() {
        words.push_str(&text::columns(&shown, context.style));
    }
    if !texts.is_empty() {
        let _ = writeln!(words, "  taken for text: {}", texts.join(", "));
    }
    let _ = match target.profiles.rows {
        0 => writeln!(words, "  No row was read."),
        rows => writeln!(words, "  Seen in a sample of {}.", of(rows, "row")),
    };
    if !target.mapping.columns.iter().any(|taken| taken.field().is_some()) {
        words.push_str(
            "  No column is taken for anything of a person.\n  help: if it holds people, say what its columns hold: with `--map` for a scan, \
             with `--schema` for a supply\n",
        );
    }
    words.push('\n');
    words
}

/// What a target is, and how large.
fn facts(seen: &Seen<'_>) -> Vec<String> {
    let object = seen.object;
    let mut facts = vec![kind(seen)];
    match (seen.rows(), object.rows_estimated) {
        (Some(rows), _) => facts.push(of(rows, "row")),
        (None, Some(rows)) => facts.push(format!("about {}", of(rows, "row"))),
        (None, None) => {}
    }
    facts.extend(object.bytes.map(text::bytes));
    if !object.access.is_readable() && !object.columns.is_empty() {
        facts.push(of(object.columns.len() as u64, "column"));
    }
    for (name, value) in &object.details {
        match (name.as_str(), value.as_str()) {
            ("deadRows", "0") | ("lastVacuum", "unknown") => {}
            ("deadRows", dead) => {
                let number = dead.parse().map_or_else(|_| clean(dead), grouped);
                facts.push(format!("{number} dead rows (deleted or replaced, and not vacuumed away)"));
            }
            // The day is enough for people.
            ("lastVacuum", time) => facts.push(format!("last vacuumed on {}", clean(time.split('T').next().unwrap_or(time)))),
            ("partitions", number) => facts.push(format!("read with its {} partitions", clean(number))),
            (name, value) => facts.push(format!("{} `{}`", clean(name), clean(value))),
        }
    }
    facts
}

fn kind(seen: &Seen<'_>) -> String {
    match seen.object.kind {
        ObjectKind::File => match seen.session.identity().kind.as_ref() {
            "csv" | "tsv" => "a text file".to_owned(),
            kind => format!("a {kind} file"),
        },
        ObjectKind::Table => "a table".to_owned(),
        ObjectKind::View => "a view".to_owned(),
        ObjectKind::MaterialisedView => "a materialised view".to_owned(),
        ObjectKind::ForeignTable => "a foreign table".to_owned(),
        ObjectKind::LargeObjects => "large objects".to_owned(),
        ObjectKind::VirtualTable => "a virtual table".to_owned(),
    }
}

/// Targets that are not shown in full, by why they are not. Below a head their short names are enough.
fn list(targets: &[&Seen<'_>], has_head: bool, context: &Context) -> String {
    let name = |one: &Seen<'_>| if has_head { one.object.name.clone() } else { one.target.name.clone() };
    let mut words = String::new();
    let mut excluded: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut unread: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut empty, mut plain) = (Vec::new(), Vec::new());
    for one in targets {
        match (&one.target.excluded, one.object.access.problem()) {
            (Some(reason), _) => excluded.entry(reason).or_default().push(name(one)),
            (None, Some((_, reason))) => unread.entry(reason).or_default().push(name(one)),
            (None, None) if one.rows() == Some(0) => empty.push(name(one)),
            (None, None) => plain.push(*one),
        }
    }
    if !plain.is_empty() {
        let head = [("name", Align::Left), ("rows", Align::Right), ("columns", Align::Right), ("size", Align::Right)];
        let rows = plain.iter().map(|one| {
            let rows = match (one.rows(), one.object.rows_estimated) {
                (Some(rows), _) => grouped(rows),
                (None, Some(rows)) => format!("about {}", grouped(rows)),
                (None, None) => "unknown".to_owned(),
            };
            let size = one.object.bytes.map_or_else(|| "unknown".to_owned(), text::bytes);
            vec![name(one), rows, grouped(one.object.columns.len() as u64), size]
        });
        let _ = writeln!(
            words,
            "{} with nothing of a person but numbers and days of events (a scan reads them all the same; `-v` shows their columns):\n{}",
            of(plain.len() as u64, "object"),
            text::table(&head, rows, context.style)
        );
    }
    if !empty.is_empty() {
        let _ = writeln!(words, "{} without a row:\n  {}\n", of(empty.len() as u64, "object"), joined(&empty));
    }
    for (reason, names) in unread {
        let _ = writeln!(
            words,
            "{} that cannot be read ({}):\n  {}\n",
            of(names.len() as u64, "object"),
            clean(reason),
            joined(&names)
        );
    }
    for (reason, names) in excluded {
        let number = of(names.len() as u64, "object");
        let _ = writeln!(words, "{number} left out by the map ({}):\n  {}\n", text::clean_long(reason), joined(&names));
    }
    words
}

/// What has no rows of its own, so that nothing seems to be forgotten.
fn derived(session: &dyn Session) -> String {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for object in &session.inventory().objects {
        if let Access::Derived(reason) = &object.access {
            by_reason.entry(reason).or_default().push(object.name.clone());
        }
    }
    if by_reason.is_empty() {
        return String::new();
    }
    let mut words = "Not read by themselves, since they hold no rows of their own:\n".to_owned();
    for (reason, names) in by_reason {
        let _ = writeln!(words, "  {}: {}", joined(&names), clean(reason));
    }
    words.push('\n');
    words
}

fn joined(names: &[String]) -> String {
    names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ")
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
pub(super) fn decided_by(taken: &Taken) -> Option<&'static str> {
    let is_decided = taken.usage != Usage::Text || taken.by != By::Values;
    is_decided.then(|| taken.by.word())
}

/// What a column looks like, where a person takes it for something by which less is found.
fn overruled(taken: &Taken) -> Option<String> {
    taken.overruled.as_ref().map(|looks| format!("looks like {looks}"))
}
