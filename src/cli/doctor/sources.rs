//! The recipient's sources, opened and looked into as a scan would, by a child of the program that has the environment of the settings.

use crate::cli::check::child::Done;
use crate::cli::check::child::Runner;
use crate::cli::check::child::value;
use crate::cli::doctor::Diagnosis;
use crate::cli::doctor::Examination;
use crate::cli::doctor::Group;
use crate::cli::doctor::Level;
use crate::cli::doctor::files::read_map;
use crate::cli::doctor::recipient::Inbox;
use crate::cli::doctor::told;
use crate::cli::exit_code::ExitCode;
use crate::match_key;
use crate::match_key::MatchKey;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::report::json_v1::EstimateV1;
use crate::schedule::settings::Recipient;
use crate::schedule::settings::Settings;
use crate::source;
use crate::support::number::of;
use serde_json::Value;
use std::process::Stdio;

/// Gaps that may be for want of a right.
const CLOSED: [&str; 4] = ["blind", "denied", "filtered", "not_asked"];

/// Seconds of a scan for which `inspect` gives no estimate, since it is over before anybody would wait.
const SHORT: u64 = 30;

/// Match keys that are named of a source.
const MOST_KEYS: usize = 6;

/// Looks at all sources.
pub(super) fn examine(it: &mut Examination<'_>, own: &Recipient, settings: &Settings, inbox: &Inbox) {
    // A value that is missing was told of among the files.
    let has_value = |(name, secret): &(&String, &_)| value(&it.base, name, secret).is_ok();
    let found = settings.environment.iter().filter(has_value).map(|(name, secret)| (name.clone(), secret.clone())).collect();
    let runner = Runner::new(&it.base, &found, it.context);
    let Some(runner) = it.look(Group::Sources, "the sources", runner) else { return };
    let Some((done, complaint)) = inspect(it, own, &runner, &own.sources) else { return };
    if done.code == ExitCode::Clear {
        return opened(it, own, &runner, &done, inbox, true);
    }
    if own.sources.len() == 1 {
        return refused(it, own, 0, &complaint);
    }
    // One of them stops a scan of all: which, shows when each is looked at alone.
    let mut is_any_refused = false;
    for (number, source) in own.sources.iter().enumerate() {
        let Some((done, complaint)) = inspect(it, own, &runner, std::slice::from_ref(source)) else { return };
        if done.code == ExitCode::Clear {
            opened(it, own, &runner, &done, inbox, false);
        } else {
            is_any_refused = true;
            refused(it, own, number, &complaint);
        }
    }
    if !is_any_refused {
        let (what, advice) = told(&complaint);
        it.note(Level::Wrong, Group::Sources, "the sources together", what, advice);
    }
    // A part of the sources takes a part of the time.
    it.estimate = None;
}

type Inspected = (Done, String);

/// Looks at some sources, with what the settings say of a scan. `None` where the program could not be started.
fn inspect(it: &mut Examination<'_>, own: &Recipient, runner: &Runner, sources: &[String]) -> Option<Inspected> {
    let mut words = words("inspect", sources, own);
    // A map that cannot be used was told of among the files, and the sources are looked at all the same.
    if let Some(map) = own.map.as_ref().map(|map| it.path(map)).filter(|map| read_map(map).is_ok()) {
        words.extend(["--map".to_owned(), map.display().to_string()]);
    }
    if own.deep {
        words.push("--deep".to_owned());
    }
    it.look(Group::Sources, "the sources", runner.run_silently(&words, Stdio::null()))
}

fn words(command: &str, sources: &[String], own: &Recipient) -> Vec<String> {
    let mut words: Vec<String> = std::iter::once(command.to_owned()).chain(sources.iter().cloned()).collect();
    let numbers = [("--statement-timeout", own.statement_timeout), ("--connections", own.connections.map(u64::from))];
    for (flag, number) in numbers {
        words.extend(number.into_iter().flat_map(|number| [flag.to_owned(), number.to_string()]));
    }
    words
}

fn refused(it: &mut Examination<'_>, own: &Recipient, number: usize, complaint: &str) {
    let (what, advice) = told(complaint);
    let what = if what.is_empty() { "could not be looked at".to_owned() } else { what };
    it.note(Level::Wrong, Group::Sources, placed(number, own), what, advice);
}

fn shown(source: &str) -> String {
    format!("`{}`", source::shown(source))
}

/// A source by its place in the settings too: of a server's URL, which may hold what nobody should see, little is shown.
fn placed(number: usize, own: &Recipient) -> String {
    let source = own.sources.get(number).map(|source| shown(source)).unwrap_or_default();
    if own.sources.len() > 1 { format!("{source}, number {} of `sources`", number + 1) } else { source }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Says what was seen of sources that could be opened.
fn opened(it: &mut Examination<'_>, own: &Recipient, runner: &Runner, done: &Done, inbox: &Inbox, are_all: bool) {
    let seen = &done.json;
    let mut has_source = false;
    for source in list(seen, "sources") {
        has_source = true;
        one(it, source, seen, &inbox.keys);
    }
    let mut is_closed = false;
    for gap in list(seen, "problems") {
        let (code, place) = (text(gap, "code"), text(gap, "place"));
        if code == "not_asked" && !are_all {
            // It may be another of the sources.
            continue;
        }
        is_closed |= CLOSED.contains(&code);
        let column = gap.get("column").and_then(Value::as_str).map_or_else(String::new, |column| format!(", column `{column}`"));
        let count = gap.get("count").and_then(Value::as_u64).map_or_else(String::new, |count| format!(" ({count})"));
        it.diagnoses.push(Diagnosis {
            level: Level::Doubtful,
            group: Group::Sources,
            about: format!("`{place}`{column}"),
            what: format!("{}{count}; a scan would have this gap", text(gap, "detail")),
            advice: text(gap, "help").to_owned(),
            gap: Some(code.to_owned()),
            statements: String::new(),
        });
    }
    if !has_source && list(seen, "problems").next().is_none() {
        let names: Vec<String> = own.sources.iter().map(|source| shown(source)).collect();
        let advice = "see that the path is right: a scan of nothing finds nothing";
        it.note(Level::Doubtful, Group::Sources, names.join(", "), "holds no file and no table", advice);
    }
    if are_all {
        for rule in list(seen, "unusedRules").filter_map(Value::as_str) {
            let advice = "mend the map: a scan stops where a rule fits nothing";
            it.note(Level::Wrong, Group::Sources, "the map", format!("a rule fits none of the sources: {rule}"), advice);
        }
    }
    if is_closed {
        grants(it, own, runner);
    }
    it.estimate = expected(seen, own);
}

/// Says what a source is, and by which keys people can be looked for in it.
fn one(it: &mut Examination<'_>, source: &Value, seen: &Value, asked: &[MatchKey]) {
    let name = text(source, "name");
    let about = format!("`{name}`");
    let within = format!("{name}#");
    let is_read = |target: &&Value| target.get("excluded").is_none_or(Value::is_null);
    let of_source = |target: &&Value| text(target, "name") == name || text(target, "name").starts_with(&within);
    let targets: Vec<&Value> = list(seen, "targets").filter(of_source).filter(is_read).collect();
    let facts = source.get("facts").and_then(Value::as_object);
    let fact = |name: &str| facts.and_then(|facts| facts.get(name)).and_then(Value::as_str);
    let server = [("version", ""), ("tls", "TLS "), ("user", "as "), ("role", "a ")]
        .into_iter()
        .filter_map(|(name, before)| Some(format!(", {before}{}", fact(name)?)));
    let readable = source.pointer("/objects/readable").and_then(Value::as_u64).unwrap_or(0);
    let what = format!("{}{}: {} can be read", text(source, "kind"), server.collect::<String>(), of(readable, "object"));
    if targets.is_empty() {
        return it.fine(Group::Sources, about, what);
    }
    let fields = |target: &Value| -> Vec<Field> {
        // What may not be read forms no key, whatever its name says.
        let readable = list(target, "columns").filter(|column| is_readable(target) && is_readable(column));
        readable.filter_map(|column| field(text(column, "takenFor"))).collect()
    };
    let all: Vec<Vec<Field>> = targets.iter().map(|target| fields(target)).collect();
    if all.iter().all(Vec::is_empty) {
        let what = format!("{what}; no column that can be read is taken for anything of a person");
        let advice = "see `residua inspect` of it, and say in a map file what the columns are; what stands in text is looked for all the same";
        return it.note(Level::Doubtful, Group::Sources, about, what, advice);
    }
    let known = if asked.is_empty() { match_key::fixed(|_| true) } else { asked.to_vec() };
    let is_formed =
        |key: &&MatchKey| all.iter().any(|fields| key.is_formable(|slot| fields.iter().any(|field| field.feeds(slot))));
    let formed: Vec<&str> = known.iter().filter(is_formed).map(|key| key.name.as_str()).collect();
    let of_whom = if asked.is_empty() { "the usual match keys" } else { "the match keys of the challenges" };
    if formed.is_empty() {
        let advice = "say in a map file what its columns are, if they hold people";
        let what = format!("{what}; none of {of_whom} can be formed of its columns");
        return it.note(Level::Doubtful, Group::Sources, about, what, advice);
    }
    let more = if formed.len() > MOST_KEYS { ", …" } else { "" };
    let names = formed.iter().take(MOST_KEYS).copied().collect::<Vec<_>>().join(", ");
    let what = format!("{what}; {} of {} of {of_whom} can be formed of its columns: {names}{more}", formed.len(), known.len());
    it.fine(Group::Sources, about, what);
}

/// Whether a target or a column can be read.
fn is_readable(value: &Value) -> bool {
    value.pointer("/access/state").and_then(Value::as_str) == Some("readable")
}

/// What a column is taken for, by the words for it.
fn field(words: &str) -> Option<Field> {
    let (kind, role) = words.split_once('.')?;
    Field::new(Kind::parse(kind)?, Role::parse(role)?)
}

/// The statements that are missing, of each server with a gap that may be for want of a right.
fn grants(it: &mut Examination<'_>, own: &Recipient, runner: &Runner) {
    for (number, source) in own.sources.iter().enumerate().filter(|(_, source)| source::is_server(source)) {
        let mut words = words("inspect", std::slice::from_ref(source), own);
        words.push("--missing-grants".to_owned());
        let Ok((done, _)) = runner.run_silently(&words, Stdio::null()) else { continue };
        let statements = text(&done.json, "statements");
        if done.code != ExitCode::Clear || statements.is_empty() {
            continue;
        }
        it.diagnoses.push(Diagnosis {
            level: Level::Doubtful,
            group: Group::Sources,
            about: placed(number, own),
            what: format!("the account `{}` lacks rights", text(&done.json, "role")),
            advice: "let an administrator run these statements, and look again:".to_owned(),
            gap: None,
            statements: statements.to_owned(),
        });
    }
}

/// How long a scan would take, by what `inspect` measured and what the settings allow.
fn expected(seen: &Value, own: &Recipient) -> Option<EstimateV1> {
    let is_read = |target: &&Value| target.get("excluded").is_none_or(Value::is_null) && is_readable(target);
    let number = |target: &Value, name: &str| target.get(name).and_then(Value::as_u64);
    let rows = |target: &Value| number(target, "rows").or_else(|| number(target, "rowsEstimated"));
    let counted: u64 = list(seen, "targets").filter(is_read).filter_map(rows).fold(0, u64::saturating_add);
    let measured = seen.get("estimate").filter(|estimate| !estimate.is_null());
    let (rows, seconds) = match measured {
        Some(estimate) => {
            (number(estimate, "rows").unwrap_or(counted).max(counted), number(estimate, "seconds").unwrap_or(SHORT))
        }
        None if counted > 0 => (counted, SHORT),
        None => return None,
    };
    // It was measured for one thread on each core.
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let threads = own.threads.map_or(cores, u64::from).clamp(1, cores);
    let slowed = if measured.is_some() { seconds.saturating_mul(cores) / threads } else { seconds };
    let held = own.max_rows_per_second.filter(|most| *most > 0).map_or(0, |most| rows.div_ceil(u64::from(most)));
    Some(EstimateV1 { rows, seconds: slowed.max(held) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn own(more: &str) -> Recipient {
        let text =
            "[recipient]\nkey = \"k\"\noriginators = [\"o\"]\ninbox = \"i\"\noutbox = \"o\"\nstate = \"s\"\nsources = [\"x\"]\n";
        Settings::parse(&format!("{text}{more}")).unwrap().recipient.unwrap()
    }

    #[test]
    fn rows_a_second_hold_a_scan_back() {
        let target = |rows: Value, estimated: Value, state: &str| json!({ "rows": rows, "rowsEstimated": estimated, "excluded": null, "access": { "state": state } });
        let seen = json!({
            "estimate": { "rows": 3_000_000, "seconds": 90 },
            "targets": [
                target(json!(1_000_000), json!(7), "readable"),
                target(json!(null), json!(2_000_000), "readable"),
                target(json!(9_000_000), json!(null), "denied"),
            ],
        });
        let of = |more: &str| expected(&seen, &own(more)).map(|estimate| (estimate.rows, estimate.seconds));
        assert_eq!(of(""), Some((3_000_000, 90)));
        assert_eq!(of("max_rows_per_second = 1000"), Some((3_000_000, 3_000)));
        assert_eq!(of("max_rows_per_second = 1000000000"), Some((3_000_000, 90)));
        let short = json!({ "estimate": null, "targets": [target(json!(5), json!(null), "readable")] });
        assert_eq!(expected(&short, &own("")).map(|estimate| estimate.seconds), Some(SHORT));
        assert!(expected(&json!({}), &own("")).is_none());
    }

    #[test]
    fn words_for_columns_are_fields_again() {
        assert_eq!(field("name.given"), Field::new(Kind::Name, Role::Given));
        assert!(field("text").is_none() && field("excluded").is_none() && field("name.child").is_none());
    }
}
