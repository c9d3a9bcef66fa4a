//! Files that a person writes for residua (schema, map, declarations), and the findings that `scan` writes for a person.

use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::document::read_text;
use crate::finding::declaration::Declarations;
use crate::intake::map::MapFile;
use crate::record::field::Role;
use crate::record::schema::ColumnRule;
use crate::record::schema::SchemaFile;
use crate::record::schema::Usage;
use crate::report::json_v1;
use crate::report::text;
use crate::report::text::Align;
use crate::report::text::outcome;
use crate::support::number::of;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

/// Members by which a declaration file is known, in both spellings.
const DECLARED: [&str; 11] = [
    "lawful_source",
    "lawfulSources",
    "removed",
    "backup",
    "backups",
    "not_scanned",
    "notScanned",
    "onward",
    "exclusion",
    "exclusions",
    "lawful_sources",
];

/// Shows a TOML file of ours; `false` where it is none.
pub(super) fn inspect(path: &Path, context: &Context) -> anyhow::Result<bool> {
    let written = read_text(path, "file")?;
    let Ok(members) = written.parse::<toml::Table>() else { return Ok(false) };
    let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    if has(&["columns"]) {
        let schema = SchemaFile::parse(&written).with_context(|| format!("cannot use the schema `{}`", path.display()))?;
        show_schema(&schema, context)?;
    } else if has(&["target", "exclude"]) {
        let map = MapFile::parse(&written).with_context(|| format!("cannot use the map file `{}`", path.display()))?;
        show_map(&map, context)?;
    } else if has(&DECLARED) {
        show_declarations(crate::cli::challenge::read_declarations(path)?, context)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn show_schema(schema: &SchemaFile, context: &Context) -> anyhow::Result<()> {
    let rules: Vec<json_v1::inspected::RuleV1> =
        schema.columns.iter().map(|(column, rule)| json_rule(None, column, rule)).collect();
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedRulesV1 {
            version: json_v1::VERSION,
            kind: "schema",
            rules,
            texts: Vec::new(),
            excluded: Vec::new(),
        }));
    }
    context.say(&format!(
        "A schema: what an originator says of the columns that it supplies (`residua supply --schema`). The rest is inferred.\n\n{}",
        rule_table(&rules, context)
    ))
}

fn show_map(map: &MapFile, context: &Context) -> anyhow::Result<()> {
    let rules: Vec<json_v1::inspected::RuleV1> = map
        .rules()
        .flat_map(|(target, columns)| columns.iter().map(|(column, rule)| json_rule(Some(target), column, rule)))
        .collect();
    let texts: Vec<json_v1::inspected::TextRuleV1> = map
        .text_rules()
        .into_iter()
        .map(|rule| json_v1::inspected::TextRuleV1 { target: rule.pattern.as_str().to_owned(), reading: rule.text.facts() })
        .collect();
    let excluded = map.exclusions().map(|(target, except, reason)| json_v1::inspected::ExcludedV1 {
        target: target.to_owned(),
        except: except.to_vec(),
        reason: reason.to_owned(),
    });
    let excluded: Vec<json_v1::inspected::ExcludedV1> = excluded.collect();
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedRulesV1 {
            version: json_v1::VERSION,
            kind: "map",
            rules,
            texts,
            excluded,
        }));
    }
    let mut words = "A map file: what a recipient says of its columns, and what it leaves out (`residua scan --map`). What is left out or taken \
                     for less than it looks like, the originator has to accept.\n\n"
        .to_owned();
    words.push_str(&rule_table(&rules, context));
    for rule in &texts {
        let facts: Vec<String> = rule.reading.iter().map(|(name, value)| format!("{name} `{}`", clean(value))).collect();
        words.push_str(&format!("Read as stated: `{}`: {}\n", clean(&rule.target), facts.join(", ")));
    }
    for json_v1::inspected::ExcludedV1 { target, except, reason } in &excluded {
        let kept: Vec<String> = except.iter().map(|except| format!("`{}`", clean(except))).collect();
        let kept = if kept.is_empty() { String::new() } else { format!(" but for {}", kept.join(", ")) };
        words.push_str(&format!("Left out: `{}`{kept}: {}\n", clean(target), clean(reason)));
    }
    words.push_str("To see its effect on the sources:\n  residua inspect SOURCE... --map FILE\n");
    context.say(&words)
}

fn show_declarations(declared: Declarations, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedDeclarationsV1 {
            version: json_v1::VERSION,
            kind: "declarations",
            declarations: declared,
        }));
    }
    context.say(&format!(
        "A declaration file: what a recipient says and the program cannot see (`residua scan --declare`). It counts where the originator \
         accepts it word for word (`residua challenge --accept`).\n\n{}",
        outcome::declared(&declared)
    ))
}

fn rule_table(rules: &[json_v1::inspected::RuleV1], context: &Context) -> String {
    if rules.is_empty() {
        return "It says nothing of any column.\n".to_owned();
    }
    let has_targets = rules.iter().any(|rule| rule.target.is_some());
    let mut head = vec![
        ("column", Align::Left),
        ("taken for", Align::Left),
        ("origin", Align::Left),
        ("order", Align::Left),
        ("reason", Align::Left),
    ];
    if has_targets {
        head.insert(0, ("target", Align::Left));
    }
    let rows = rules.iter().map(|rule| {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row =
            vec![rule.column.clone(), rule.taken_for.clone(), part(&rule.origin), part(&rule.order), part(&rule.reason)];
        if has_targets {
            row.insert(0, part(&rule.target));
        }
        row
    });
    text::table(&head, rows, context.style)
}

fn json_rule(target: Option<&str>, column: &str, rule: &ColumnRule) -> json_v1::inspected::RuleV1 {
    let (taken_for, origin) = match rule.usage {
        None => ("as inferred".to_owned(), rule.origin.map(|origin| origin.word().to_owned())),
        Some(Usage::Field(field)) => {
            let is_certain = rule.has_role || Role::of(field.kind).len() == 1;
            let part = if is_certain { format!(".{}", field.role.word()) } else { String::new() };
            (format!("{}{part}", field.kind.word()), Some(field.origin.word().to_owned()))
        }
        Some(Usage::Text) => ("text".to_owned(), None),
        Some(Usage::Ignored) => ("excluded".to_owned(), None),
    };
    json_v1::inspected::RuleV1 {
        target: target.map(str::to_owned),
        column: column.to_owned(),
        taken_for,
        origin,
        order: rule.order.map(|order| order.word().to_owned()),
        reason: rule.reason.clone(),
    }
}

/// Says what a findings file is, and how much it lists; its values stay in it.
pub(super) fn inspect_findings(path: &Path, context: &Context) -> anyhow::Result<()> {
    let findings = count_findings(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedFindingsV1 {
            version: json_v1::VERSION,
            kind: "findings",
            findings,
        }));
    }
    context.say(&format!(
        "A findings file of `residua scan --findings`: {}, a line for each row, match key and supplied record that agree. It holds primary keys \
         of your tables and stays with you; its rows are not shown here.\n\n{}\nAn attestation names the file's BLAKE3 digest, and nothing of \
         what stands in it.\n",
        of(findings, "finding"),
        text::facts(&[
            ("source, object", "the file or database, and the table in it".to_owned()),
            ("row", "the row's number, counted from 1, without the header".to_owned()),
            ("primary_key", "its primary key as name=value; else rowid=…, or byte=… for the place in a file".to_owned()),
            ("match_key, class", "what agrees, and what that proves: S the supplied record, P the person".to_owned()),
            ("record", "the record's number in the manifest, which only the originator can trace".to_owned()),
        ])
    ))
}

/// Records of a findings file below its two first lines. Line breaks within quotes belong to a cell.
fn count_findings(path: &Path) -> std::io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let (mut lines, mut is_quoted, mut is_open) = (0_u64, false, false);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        for byte in bytes {
            is_quoted ^= *byte == b'"';
            is_open = *byte != b'\n' || is_quoted;
            lines += u64::from(!is_open);
        }
        let length = bytes.len();
        reader.consume(length);
    }
    Ok((lines + u64::from(is_open)).saturating_sub(2))
}
