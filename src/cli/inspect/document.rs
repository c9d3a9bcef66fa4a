//! Signed documents: the statement of a manifest, a challenge, an attestation. Their signatures are checked against a card where one is named; else the output says that
//! they are not.

use crate::attestation::approval_v1::ApprovalV1;
use crate::attestation::countersignature_v1::CountersignatureV1;
use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::party_v1::RotationV1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::attestation::statement::PredicateType;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::failure::advised;
use crate::cli::inspect::Arguments;
use crate::cli::inspect::no_attestation;
use crate::finding::declaration::Backup;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::LawfulSource;
use crate::finding::declaration::NotScanned;
use crate::finding::declaration::Onward;
use crate::finding::declaration::Removed;
use crate::manifest::statement::ManifestV1;
use crate::report::json_v1;
use crate::report::text::document;
use crate::report::text::document::About;
use crate::support::sanitize::clean;
use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// Shows a signed document, or prints what an attestation declares.
pub(super) fn inspect(arguments: &Arguments, path: &Path, envelope: &Envelope, context: &Context) -> anyhow::Result<()> {
    // Of a document that is not the card's nothing is shown that somebody could rely on.
    let card = arguments.from.as_ref().map(|card| Card::read(card)).transpose()?;
    if let Some(card) = &card {
        envelope.verify(card).with_context(|| format!("cannot accept the document `{}`", path.display()))?;
    }
    let payload = envelope.unverified_payload();
    let reading = || format!("cannot read the document `{}`", path.display());
    let kind = PredicateType::of(payload).with_context(reading)?;
    let statement: Value = serde_json::from_slice(payload)
        .map_err(|_| advised(format!("`{}` holds no JSON", path.display()), "ask whoever sent it for it again"))?;
    if arguments.declared {
        return print_declared(path, kind, &statement, context);
    }
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedDocumentV1 {
            version: json_v1::VERSION,
            kind: kind.to_string(),
            key_hint: envelope.keyid().to_owned(),
            is_signature_checked: card.is_some(),
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
        PredicateType::Countersignature => (
            "The recipient's confirmation of what it was handed.",
            format!("`residua verify {}` checks it against the originator's ledger, and enters it.", path.display()),
            document::countersignature(&about, &predicate::<CountersignatureV1>(path, kind, &statement)?),
        ),
        PredicateType::Rotation => (
            "A rotation: the holder of an old key names its new card.",
            format!(
                "`residua recipient rotate {}` checks it against the originator's ledger, and enters the card.",
                path.display()
            ),
            document::rotation(&about, &predicate::<RotationV1>(path, kind, &statement)?),
        ),
        PredicateType::Destruction => (
            "A record of destruction: what a party has destroyed of a supply.",
            format!("`residua verify {}` checks a recipient's against the originator's ledger, and enters it.", path.display()),
            document::destruction(&about, &predicate::<DestructionV1>(path, kind, &statement)?),
        ),
        PredicateType::Approval => (
            "An officer's countersignature of an attestation.",
            format!("`residua verify {}` checks it against the originator's ledger, and enters it.", path.display()),
            document::approval(&about, &predicate::<ApprovalV1>(path, kind, &statement)?),
        ),
        PredicateType::Receipt => (
            "A receipt: the originator confirms an attestation that it received.",
            "`--from CARD` checks it against the originator's card; the originator's own ledger, `residua ledger verify --against`.".to_owned(),
            document::receipt(&about, &predicate::<ReceiptV1>(path, kind, &statement)?),
        ),
    };
    let keyid = envelope.keyid();
    let signer = if keyid.is_empty() { "a key that it does not name".to_owned() } else { clean(keyid) };
    let signature = match &card {
        Some(card) => format!("The signature is by {}, the key of the card of {}.", card.fingerprint(), clean(card.name())),
        None => format!("The signature was NOT checked; it is said to be of {signer}. {check}"),
    };
    context.say(&format!("{title}\n{signature}\n\n{words}\nEverything: the same command with `--format json`\n"))
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
        return context.print(&json_v1::write(&json_v1::inspected::InspectedDeclarationsV1 {
            version: json_v1::VERSION,
            kind: "declarations",
            declarations: declared,
        }));
    }
    if declared.is_empty() {
        return context.print("# Nothing is declared, and nothing was left out.\n");
    }
    context.print(&declaration_file(&declared)?)
}

/// Declarations in the form that `residua challenge --help` describes; empty lists are left out.
#[derive(Serialize)]
struct DeclarationFile<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    lawful_source: &'a [LawfulSource],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    removed: &'a [Removed],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    backup: Vec<BackupForm<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_scanned: &'a [NotScanned],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    onward: &'a [Onward],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exclusion: &'a [Exclusion],
}

#[derive(Serialize)]
struct BackupForm<'a> {
    system: &'a str,
    last_copy: &'a str,
    roll_off: &'a str,
    rotation: &'a str,
    beyond_use: BeyondUseForm,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "four separate promises, each of which is given or not")]
struct BeyondUseForm {
    not_used: bool,
    not_shared: bool,
    secured: bool,
    will_be_deleted: bool,
}

impl BackupForm<'_> {
    fn of(backup: &Backup) -> BackupForm<'_> {
        let promised = &backup.beyond_use;
        BackupForm {
            system: &backup.system,
            last_copy: &backup.last_copy,
            roll_off: &backup.roll_off,
            rotation: &backup.rotation,
            beyond_use: BeyondUseForm {
                not_used: promised.not_used,
                not_shared: promised.not_shared,
                secured: promised.secured,
                will_be_deleted: promised.will_be_deleted,
            },
        }
    }
}

fn declaration_file(declared: &Declarations) -> anyhow::Result<String> {
    let file = DeclarationFile {
        lawful_source: &declared.lawful_sources,
        removed: &declared.removed,
        backup: declared.backups.iter().map(BackupForm::of).collect(),
        not_scanned: &declared.not_scanned,
        onward: &declared.onward,
        exclusion: &declared.exclusions,
    };
    toml::to_string_pretty(&file).context("cannot write the declarations as TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"[[lawful_source]]
name = "register"
target = "crm.db#register"
source = "bought each year"

[lawful_source.rows]
column = "origin"
equals = "register"

[[removed]]
target = "exports/mailing.csv"
reason = "deleted"

[[backup]]
system = "tape"
last_copy = "2017-06-29"
roll_off = "2017-09-29"
rotation = "three months"

[backup.beyond_use]
not_used = true
not_shared = true
secured = true
will_be_deleted = false

[[not_scanned]]
system = "tape archive"
reason = "offline"

[[onward]]
recipient = "the mailing house"
reason = "printed the letters"

[[exclusion]]
target = "crm.db#contacts"
column = "fax"
reason = "not used"
"#;

    #[test]
    fn what_is_printed_is_what_the_help_describes_and_reads_as_it_was() {
        let declared: Declarations = toml::from_str(FILE).unwrap();
        assert_eq!(declaration_file(&declared).unwrap(), FILE);
        // The names that attestations use are read too.
        let wire = toml::to_string_pretty(&declared).unwrap();
        assert!(wire.contains("[[lawfulSources]]"));
        assert_eq!(toml::from_str::<Declarations>(&wire).unwrap(), declared);
    }

    #[test]
    fn empty_lists_are_not_printed() {
        let declared: Declarations = toml::from_str("[[exclusion]]\ntarget = \"t\"\nreason = \"r\"\n").unwrap();
        assert_eq!(declaration_file(&declared).unwrap(), "[[exclusion]]\ntarget = \"t\"\nreason = \"r\"\n");
    }
}
