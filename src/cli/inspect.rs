//! `inspect`: what a file of ours says, or what a source holds and what its columns would be taken for.

use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::statement::PredicateType;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document;
use crate::cli::document::read_text;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::Interrupted;
use crate::cli::failure::advised;
use crate::cli::reading::Reading;
use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::map::MapFile;
use crate::intake::profile::Profiles;
use crate::intake::survey;
use crate::intake::survey::Surveyed;
use crate::ledger::Ledger;
use crate::manifest::header;
use crate::record::schema::Usage;
use crate::report::json_v1;
use crate::report::text;
use crate::report::text::ColumnRow;
use crate::source;
use crate::source::Session;
use crate::source::SourceError;
use crate::support::hex;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

/// Show what a file of residua says, or what a source holds and what its columns are taken for
///
/// Documents are shown without checking their signature, and say so. Sources are sampled, not scanned.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua inspect exports/mailing.csv
  residua inspect sqlite:crm.db --map map.toml
  residua inspect deletion.attestation.json
  residua inspect baseline.attestation.json --declared > declared.toml")]
pub(crate) struct Arguments {
    /// A manifest, statement, challenge, attestation, card or ledger; or a source as `scan` takes it
    #[arg(value_name = "FILE-OR-SOURCE")]
    subject: String,
    /// Print what an attestation declares, in the form that `challenge --accept` takes
    #[arg(long)]
    declared: bool,
    /// A map file whose effect is to be seen
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Inspects.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let path = Path::new(&arguments.subject);
    if path.is_dir() && path.join("ledger.jsonl").is_file() {
        return inspect_ledger(path, context);
    }
    if path.is_file() {
        let mut start = Vec::new();
        let opened = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        opened
            .take(header::HEADER_BYTES as u64)
            .read_to_end(&mut start)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        if header::begins_as_manifest(&start) {
            return inspect_manifest(path, &start, context);
        }
        if start.starts_with(b"{") {
            let bytes = document::read(path, "document")?;
            if let Ok(envelope) = Envelope::parse(&bytes) {
                return inspect_envelope(arguments, path, &envelope, context);
            }
            if let Ok(card) = Card::parse(&bytes) {
                context.print(&format!(
                    "A card: the public keys of `{}`.\nFingerprint: {}\n",
                    card.name(),
                    card.fingerprint()
                ))?;
                return Ok(ExitCode::Clear);
            }
        }
        if start.starts_with(b"# residua private key") || start.windows(27).any(|window| window == b"-----BEGIN PRIVATE KEY-----")
        {
            context.print("A private key. Its content is not shown.\n")?;
            return Ok(ExitCode::Clear);
        }
    }
    if arguments.declared {
        return Err(advised(
            format!("`{}` is no attestation", clean(&arguments.subject)),
            "`--declared` goes with an attestation",
        ));
    }
    inspect_sources(arguments, context)
}

fn inspect_ledger(folder: &Path, context: &Context) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(folder)?;
    context.print(&format!(
        "A ledger: {} entries, {} supplies; its chain is whole.\nHead: {}\n",
        ledger.len(),
        ledger.view().supplies().len(),
        ledger.head()
    ))?;
    Ok(ExitCode::Clear)
}

fn inspect_manifest(path: &Path, start: &[u8], context: &Context) -> anyhow::Result<ExitCode> {
    let header = header::parse(start)
        .ok_or_else(|| advised(format!("`{}` begins as a manifest and is cut", path.display()), "copy it again"))?;
    context.print(&format!(
        "A manifest, format version {}, id {}.\nWhat it holds stands in its signed statement: residua inspect {}\n",
        header.version,
        hex::encode(&header.id),
        document::statement_path(path).display()
    ))?;
    Ok(ExitCode::Clear)
}

fn inspect_envelope(arguments: &Arguments, path: &Path, envelope: &Envelope, context: &Context) -> anyhow::Result<ExitCode> {
    let payload = envelope.unverified_payload();
    let kind = PredicateType::of(payload)?;
    let statement: Value = serde_json::from_slice(payload)
        .map_err(|_| advised(format!("`{}` holds no JSON", path.display()), "ask for it again"))?;
    if arguments.declared {
        let predicate = statement.get("predicate").cloned().unwrap_or_default();
        let attestation: AttestationV1 = serde_json::from_value(predicate)
            .map_err(|_| advised(format!("`{}` is no attestation", path.display()), "`--declared` goes with an attestation"))?;
        let mut declared = attestation.declared;
        for exclusion in attestation.coverage.excluded {
            if !declared.exclusions.contains(&exclusion) {
                declared.exclusions.push(exclusion);
            }
        }
        context.print(&toml::to_string_pretty(&declared).context("cannot write the declarations as TOML")?)?;
        return Ok(ExitCode::Clear);
    }
    if context.format == Format::Json {
        context.print(&json_v1::write(&json_v1::InspectedDocumentV1 {
            version: json_v1::VERSION,
            kind: kind.to_string(),
            key_hint: clean(envelope.keyid()),
            is_signature_checked: false,
            statement,
        }))?;
        return Ok(ExitCode::Clear);
    }
    let mut words =
        format!("A signed {kind}. The signature was not checked; the key is said to be {}.\n", clean(envelope.keyid()));
    if let Some(predicate) = statement.get("predicate").and_then(Value::as_object) {
        for (name, value) in predicate {
            let _ = writeln!(words, "  {}: {}", clean(name), brief(value));
        }
    }
    words.push_str("Everything: the same command with `--format json`\n");
    context.print(&words)?;
    Ok(ExitCode::Clear)
}

/// A member of a statement in one line.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.as_u64().map_or_else(|| value.to_string(), text::count),
        Value::String(value) => clean(value.lines().next().unwrap_or_default()),
        Value::Array(values) => match values.len() {
            0 => "none".to_owned(),
            count => format!("{count} entries"),
        },
        Value::Object(members) => {
            let shown = members.iter().filter(|(_, value)| !value.is_array() && !value.is_object());
            shown.map(|(name, value)| format!("{} {}", clean(name), brief(value))).collect::<Vec<_>>().join(", ")
        }
    }
}

fn inspect_sources(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let map = match &arguments.map {
        None => MapFile::default(),
        Some(path) => MapFile::parse(&read_text(path, "map file")?)
            .with_context(|| format!("cannot use the map file `{}`", path.display()))?,
    };
    let options = arguments.reading.options(map.text_rules(), None);
    let found = source::discover(std::slice::from_ref(&arguments.subject), &options, &mut io::stdin().lock(), &context.cancel)
        .map_err(|error| match error {
            SourceError::Cancelled => Interrupted.into(),
            error => anyhow::Error::new(error),
        })?;
    let surveyed = survey::survey(&found, &map, &context.cancel)?;
    context.check_interrupted()?;
    let problems = problems(&found, &surveyed);
    if context.format == Format::Json {
        let targets = surveyed.iter().map(|target| json_target(target, &found.sessions)).collect();
        context.print(&json_v1::write(&json_v1::InspectedV1 { version: json_v1::VERSION, targets, problems }))?;
        return Ok(ExitCode::Clear);
    }
    for target in &surveyed {
        let object = &found.sessions[target.session].inventory().objects[target.object];
        let mut words = format!("{} ({})", clean(&target.name), object.kind.as_str());
        if let Some(rows) = object.rows_expected {
            let _ = write!(words, ": {} rows", text::count(rows));
        }
        for (name, value) in &object.details {
            let _ = write!(words, ", {} `{}`", clean(name), clean(value));
        }
        words.push('\n');
        if let Some(reason) = &target.excluded {
            let _ = writeln!(words, "left out: {}", clean(reason));
        } else if target.profiles.rows == 0 {
            words.push_str("no row was read\n");
        }
        words.push_str(&text::columns(&column_rows(&target.mapping, &target.profiles), context.style));
        let _ = writeln!(words, "from {} sampled rows\n", text::count(target.profiles.rows));
        context.print(&words)?;
    }
    for problem in problems {
        context.print(&format!("Not seen: {}: `{}`: {}\n", problem.code, clean(&problem.place), clean(&problem.detail)))?;
    }
    Ok(ExitCode::Clear)
}

fn problems(found: &source::Found, surveyed: &[Surveyed]) -> Vec<json_v1::InspectedProblemV1> {
    let of_problem = |problem: &source::Problem| json_v1::InspectedProblemV1 {
        code: problem.code.as_str().to_owned(),
        place: problem.object.clone().unwrap_or_else(|| problem.source.clone()),
        detail: problem.detail.clone(),
    };
    let mut problems: Vec<_> = found.problems.iter().map(of_problem).collect();
    for session in &found.sessions {
        problems.extend(session.inventory().problems.iter().map(of_problem));
    }
    for target in surveyed {
        let object = &found.sessions[target.session].inventory().objects[target.object];
        if let Some((code, detail)) = object.access.problem() {
            problems.push(json_v1::InspectedProblemV1 {
                code: code.as_str().to_owned(),
                place: target.name.clone(),
                detail: detail.to_owned(),
            });
        }
    }
    problems
}

fn json_target(target: &Surveyed, sessions: &[Box<dyn Session>]) -> json_v1::InspectedTargetV1 {
    let session = &sessions[target.session];
    let object = &session.inventory().objects[target.object];
    json_v1::InspectedTargetV1 {
        name: target.name.clone(),
        kind: session.identity().kind.to_owned(),
        rows: object.rows_expected,
        details: object.details.clone(),
        columns: json_columns(&target.mapping, &target.profiles),
    }
}

/// What columns are taken for, for programs.
pub(crate) fn json_columns(mapping: &Mapping, profiles: &Profiles) -> Vec<json_v1::ColumnV1> {
    (mapping.columns.iter().zip(&profiles.columns))
        .map(|(taken, profile)| json_v1::ColumnV1 {
            name: taken.name.clone(),
            taken_for: taken.words(),
            by: taken.by.word().to_owned(),
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
                if field.origin == crate::record::field::Origin::Supply {
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
            let by = match taken.usage {
                Usage::Text if taken.by == By::Values => "",
                _ => taken.by.word(),
            };
            ColumnRow {
                name: taken.name.clone(),
                taken_for: taken.words(),
                by: by.to_owned(),
                filled: (profiles.rows, profile.filled),
                note: notes.join(", "),
            }
        })
        .collect()
}
