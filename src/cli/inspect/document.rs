//! Signed documents: the statement of a manifest, a challenge, an attestation. Their signatures are not checked here, and the output says so.

use crate::attestation::dsse::Envelope;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::statement::PredicateType;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::failure::advised;
use crate::cli::inspect::no_attestation;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
use crate::report::text::document;
use crate::report::text::document::About;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// Shows a signed document, or prints what an attestation declares.
pub(super) fn inspect(is_declared_wanted: bool, path: &Path, envelope: &Envelope, context: &Context) -> anyhow::Result<()> {
    let payload = envelope.unverified_payload();
    let reading = || format!("cannot read the document `{}`", path.display());
    let kind = PredicateType::of(payload).with_context(reading)?;
    let statement: Value = serde_json::from_slice(payload)
        .map_err(|_| advised(format!("`{}` holds no JSON", path.display()), "ask whoever sent it for it again"))?;
    if is_declared_wanted {
        return print_declared(path, kind, &statement, context);
    }
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::InspectedDocumentV1 {
            version: json_v1::VERSION,
            kind: kind.to_string(),
            key_hint: envelope.keyid().to_owned(),
            is_signature_checked: false,
            statement,
        }));
    }
    let about = about(&statement);
    let (title, check, words) = match kind {
        PredicateType::Manifest => (
            "The signed statement of a manifest: what was supplied, to whom, and how it is looked for.",
            "`residua scan` checks it against the card that `--from` names.".to_owned(),
            document::statement(&about, &predicate::<ManifestV1>(path, kind, &statement)?, context.style),
        ),
        PredicateType::Challenge => (
            "A challenge: the originator asks the recipient for a scan.",
            "`residua scan` checks it against the card that `--from` names.".to_owned(),
            document::challenge(&about, &predicate::<ChallengeV1>(path, kind, &statement)?),
        ),
        PredicateType::Attestation => (
            "An attestation: what the recipient says a scan found.",
            format!("`residua verify {}` checks it against the originator's ledger, and all it says.", path.display()),
            document::attestation(&about, &predicate::<AttestationV1>(path, kind, &statement)?, context.style),
        ),
        PredicateType::Receipt | PredicateType::Countersignature => (
            "A signed document of a kind that this program knows by name only.",
            "No command of this version checks it.".to_owned(),
            String::new(),
        ),
    };
    let keyid = envelope.keyid();
    let signer = if keyid.is_empty() { "a key that it does not name".to_owned() } else { clean(keyid) };
    context.say(&format!(
        "{title}\nThe signature was NOT checked; it is said to be of {signer}. {check}\n\n{words}\nEverything: the same command with `--format json`\n"
    ))
}

/// The file that a statement is about.
fn about(statement: &Value) -> About {
    let subject = &statement["subject"][0];
    let text = |value: &Value| value.as_str().unwrap_or("not stated").to_owned();
    About { name: text(&subject["name"]), sha256: text(&subject["digest"]["sha256"]) }
}

/// What a document says, as far as it has the form of its kind.
fn predicate<P: DeserializeOwned>(path: &Path, kind: PredicateType, statement: &Value) -> anyhow::Result<P> {
    serde_json::from_value(statement.get("predicate").cloned().unwrap_or_default()).map_err(|_| {
        advised(
            format!("`{}` calls itself a {kind} of version 1, and has not the form of one", path.display()),
            "`--format json` shows it as it stands; do not rely on it",
        )
    })
}

fn print_declared(path: &Path, kind: PredicateType, statement: &Value, context: &Context) -> anyhow::Result<()> {
    if kind != PredicateType::Attestation {
        return Err(no_attestation(path));
    }
    let attestation: AttestationV1 = predicate(path, kind, statement)?;
    let mut declared = attestation.declared;
    for exclusion in attestation.coverage.excluded {
        if !declared.exclusions.contains(&exclusion) {
            declared.exclusions.push(exclusion);
        }
    }
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::InspectedDeclarationsV1 {
            version: json_v1::VERSION,
            kind: "declarations",
            declarations: declared,
        }));
    }
    if declared.is_empty() {
        return context.print("# Nothing is declared, and nothing was left out.\n");
    }
    context.print(&toml::to_string_pretty(&declared).context("cannot write the declarations as TOML")?)
}
