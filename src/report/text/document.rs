//! Signed documents in plain words: the statement of a manifest, a challenge, an attestation, a rotation. They are shown as they stand, unverified.

use crate::attestation::approval_v1::ApprovalV1;
use crate::attestation::countersignature_v1::CountersignatureV1;
use crate::attestation::destruction_v1::DestructionV1;
use crate::attestation::party_v1::RotationV1;
use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::ChallengeV1;
use crate::attestation::predicate_v1::GapV1;
use crate::attestation::predicate_v1::ReasonV1;
use crate::attestation::receipt_v1::ReceiptV1;
use crate::finding::Phase;
use crate::finding::gap::GapCode;
use crate::finding::verdict::ReasonCode;
use crate::manifest::statement::KeyV1;
use crate::manifest::statement::ManifestV1;
use crate::manifest::statement::PhaseGroup;
use crate::manifest::statement::SchemaColumn;
use crate::report::text::Align;
use crate::report::text::Style;
use crate::report::text::bytes;
use crate::report::text::clean_long;
use crate::report::text::count;
use crate::report::text::facts;
use crate::report::text::outcome;
use crate::report::text::plan;
use crate::report::text::plan_legend;
use crate::report::text::table;
use crate::report::text::word;
use crate::support::number::of;
use crate::support::sanitize::clean;
use std::fmt::Write;

/// The file that a document is about: name and SHA-256.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The name, from whoever wrote the document.
    pub(crate) name: String,
    /// SHA-256, hexadecimal.
    pub(crate) sha256: String,
}

impl About {
    fn words(&self) -> String {
        format!("`{}`, SHA-256 {}", clean(&self.name), clean(&self.sha256))
    }
}

/// A text that may be empty.
fn or_none(text: &str) -> String {
    if text.trim().is_empty() { "not stated".to_owned() } else { clean_long(text) }
}

fn party(name: &str, key: &str) -> String {
    format!("{} (key {})", or_none(name), clean(key))
}

/// What a manifest's statement says.
pub(crate) fn statement(about: &About, statement: &ManifestV1, style: Style) -> String {
    let supply = &statement.supply;
    let phases = match statement.phase_group {
        PhaseGroup::Baseline => "baseline scans, on receipt",
        PhaseGroup::Deletion => "deletion, recheck and restore scans, after the agreed day",
    };
    let mut text = facts(&[
        ("from", party(&supply.originator, &supply.originator_key)),
        ("to", party(&supply.recipient, &supply.recipient_key)),
        ("purpose", or_none(&supply.purpose)),
        ("contract", or_none(&supply.contract)),
        ("lawful basis", or_none(&supply.lawful_basis)),
        ("to be deleted", or_none(&supply.manner)),
        ("delete by", clean(&supply.delete_by)),
        ("made", clean(&statement.created_at)),
        ("supply", clean(&supply.supply_id)),
        ("manifest", format!("{}, for {phases}", clean(&statement.manifest_id))),
        ("file", format!("{}, {}", about.words(), bytes(statement.layout.file_length))),
        (
            "records",
            format!(
                "{}, of which {} form no match key and cannot be looked for{}",
                count(statement.records),
                count(statement.records_without_key),
                match statement.controls {
                    0 => String::new(),
                    controls => format!("; besides, {} people who were never supplied", count(controls)),
                }
            ),
        ),
        ("planned for", format!("scans of up to {}", of(statement.expected_rows, "row"))),
        ("normaliser", format!("version {}", clean(&statement.normalizer))),
        (
            "baseline",
            statement
                .baseline_manifest
                .as_ref()
                .map_or_else(|| "none named".to_owned(), |digest| format!("the manifest of SHA-256 {}", clean(digest))),
        ),
    ]);
    text.push_str("\nColumns of the supplied data:\n");
    text.push_str(&schema(&statement.schema, style));
    text.push_str("\nMatch keys:\n");
    text.push_str(&keys(statement, style));
    text.push_str(
        "\nA manifest holds no values, but salted hashes of personal data. It is personal data itself; handle it like the data.\n",
    );
    text
}

/// What a rotation says.
pub(crate) fn rotation(about: &About, rotation: &RotationV1) -> String {
    facts(&[
        ("old key", clean(&rotation.old_key)),
        ("new key", party(rotation.new_card.name(), rotation.new_card.fingerprint())),
        ("card", about.words()),
        ("made", clean(&rotation.rotated_at)),
    ])
}

/// The columns of the supplied data.
fn schema(columns: &[SchemaColumn], style: Style) -> String {
    let head = [("column", Align::Left), ("taken for", Align::Left), ("origin", Align::Left)];
    let rows = columns.iter().map(|column| {
        let taken = match (&column.kind, &column.role) {
            (Some(kind), Some(role)) => format!("{kind}.{role}"),
            (Some(kind), None) => kind.clone(),
            (None, _) => "nothing that makes a key".to_owned(),
        };
        let origin = match column.origin.as_deref() {
            Some("supply") => "only this supply had it",
            Some("common") => "many may have it",
            Some("public") => "public",
            Some(other) => other,
            None => "",
        };
        vec![column.name.clone(), taken, origin.to_owned()]
    });
    table(&head, rows, style)
}

/// The keys of a statement, with what each is worth.
pub(crate) fn keys(statement: &ManifestV1, style: Style) -> String {
    let mut text = plan(&statement.keys, |key| statement.fingerprints(key), style);
    text.push_str(&plan_legend(statement.expected_rows));
    let is_supply = |key: &KeyV1| key.class == "S";
    if !statement.keys.iter().any(is_supply) {
        text.push_str("No key is of class S: a hit can prove a person, and never the supplied record.\n");
    }
    text
}

/// What a phase means.
fn phase(word: &str) -> String {
    match Phase::parse(word) {
        Some(Phase::Baseline) => "baseline: on receipt, to see that the data are found".to_owned(),
        Some(Phase::Deletion) => "deletion: after the agreed day".to_owned(),
        Some(Phase::Recheck) => "recheck: again, later".to_owned(),
        Some(Phase::Restore) => "restore: after a backup was restored".to_owned(),
        None => format!("{}, which this program does not know", clean(word)),
    }
}

/// What a recipient confirms of a manifest.
pub(crate) fn countersignature(about: &About, signed: &CountersignatureV1) -> String {
    let derived = match &signed.derived {
        None => "no: the manifest was not compared with the data".to_owned(),
        Some(derived) => format!(
            "from {}, of which {} form no match key; by {}",
            of(derived.records, "record"),
            count(derived.records_without_key),
            of(derived.keys.len() as u64, "key")
        ),
    };
    facts(&[
        ("says", or_none(&signed.declaration)),
        ("by", or_none(&signed.name)),
        ("as", or_none(&signed.role)),
        ("signed", clean(&signed.signed_at)),
        ("supply", clean(&signed.supply_id)),
        ("manifest", clean(&signed.manifest_id)),
        ("file", about.words()),
        ("derived", derived),
    ])
}

/// What a party says that it has destroyed.
pub(crate) fn destruction(about: &About, record: &DestructionV1) -> String {
    let mut text = facts(&[
        ("says", or_none(&record.declaration)),
        ("by", or_none(&record.name)),
        ("as", or_none(&record.role)),
        ("party", clean(&record.party)),
        ("destroyed", clean(&record.destroyed_at)),
        ("supply", clean(&record.supply_id)),
        ("manifest", about.words()),
    ]);
    if let Some(reason) = &record.unresolved {
        text.push_str(&facts(&[("unresolved", or_none(reason))]));
    }
    text.push_str("\nWhat is destroyed:\n");
    for item in &record.items {
        let digest = match (&item.sha256, &item.blake3) {
            (Some(digest), _) => format!(", SHA-256 {}", clean(digest)),
            (None, Some(digest)) => format!(", BLAKE3 {}", clean(digest)),
            (None, None) => String::new(),
        };
        text.push_str(&format!("  {} ({}){digest}\n", clean(&item.what), clean(&item.how)));
    }
    text
}

/// What an officer approves.
pub(crate) fn approval(about: &About, signed: &ApprovalV1) -> String {
    facts(&[
        ("says", or_none(&signed.declaration)),
        ("by", or_none(&signed.name)),
        ("as", or_none(&signed.role)),
        ("signed", clean(&signed.signed_at)),
        ("supply", clean(&signed.supply_id)),
        ("challenge", clean(&signed.challenge_id)),
        ("attestation", about.words()),
    ])
}

/// What an originator confirms.
pub(crate) fn receipt(about: &About, signed: &ReceiptV1) -> String {
    facts(&[
        ("received", clean(&signed.received_at)),
        ("attestation", about.words()),
        ("supply", clean(&signed.supply_id)),
        ("challenge", clean(&signed.challenge_id)),
        (
            "appraisal",
            signed
                .appraisal
                .as_ref()
                .map_or_else(|| "not stated: it says that these bytes were received".to_owned(), |word| clean(word)),
        ),
        ("ledger", format!("line {}, head {}, when it was issued", count(signed.ledger_entries), clean(&signed.ledger_head))),
    ])
}

/// What a challenge asks.
pub(crate) fn challenge(about: &About, challenge: &ChallengeV1) -> String {
    let policy = &challenge.policy;
    let mut text = facts(&[
        ("asks for", phase(&challenge.phase)),
        ("addressed to", format!("the key {}", clean(&challenge.recipient_key))),
        ("issued", clean(&challenge.issued_at)),
        ("answer by", format!("{}; the clocks may differ by {} s", clean(&challenge.expires_at), challenge.tolerance_seconds)),
        ("supply", clean(&challenge.supply_id)),
        ("manifest", about.words()),
        ("challenge", clean(&challenge.challenge_id)),
        ("nonce", clean(&challenge.nonce)),
        (
            "baseline",
            match &challenge.baseline {
                Some(digest) => format!("compared with the attestation of SHA-256 {}", clean(digest)),
                None if challenge.phase == Phase::Baseline.word() => "this is the one to be made".to_owned(),
                None => "none to compare with".to_owned(),
            },
        ),
        (
            "salt",
            if challenge.sealed_salt.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") {
                "encrypted to the recipient, whose private key alone opens it".to_owned()
            } else {
                "not in the form of an encrypted salt".to_owned()
            },
        ),
        ("ledger", format!("head {} when it was issued", clean(&challenge.ledger_head))),
    ]);
    text.push_str("\nWhat an answer has to hold:\n");
    let keys = policy.required_keys.iter().map(|key| format!("`{}`", clean(key))).collect::<Vec<_>>().join(", ");
    let mut asked = vec![format!(
        "{} of the supply, drawn by the originator, each said to be found or not",
        of(challenge.spot_checks.len() as u64, "record")
    )];
    if !keys.is_empty() {
        asked.push(format!("a search by {keys}"));
    }
    if policy.countersignature_required {
        asked.push("a countersignature by an officer of the recipient (`residua countersign`)".to_owned());
    }
    if challenge.phase == Phase::Baseline.word() {
        asked.push(format!("at least {} % of the records that can be looked for", policy.baseline_percent));
    } else {
        asked.push(format!("at most {} % of a target's rows that hold a person and form no match key", policy.unkeyed_percent));
        if policy.empty_accepted {
            asked.push("no row of a person: the originator accepts that everything was deleted".to_owned());
        }
        if policy.without_baseline {
            asked.push("no accepted baseline: the originator lets it be judged without one".to_owned());
        }
    }
    for line in asked {
        let _ = writeln!(text, "  - {line}");
    }
    if policy.accept.is_empty() {
        text.push_str("\nNo declaration of the recipient is accepted.\n");
    } else {
        text.push_str("\nAccepted by the originator, word for word:\n");
        text.push_str(&outcome::declarations(&policy.accept));
    }
    text
}

/// What an attestation states, the verdict first.
pub(crate) fn attestation(about: &About, stated: &AttestationV1, style: Style) -> String {
    let known = stated.outcome().zip(stated.judgement());
    let verdict = known.as_ref().map_or_else(|| clean(&stated.verdict), |(_, judgement)| word(judgement.verdict.word(), style));
    let mut text = format!("Verdict ({}), as stated: {verdict}\n", clean(&stated.challenge.phase));
    let _ = writeln!(text, "{}\n", clean_long(&stated.meaning));
    match &known {
        Some((outcome, judgement)) => {
            text.push_str(&outcome::targets(&outcome.targets, outcome.asked(), style));
            text.push_str(&outcome::resumed(&outcome.targets));
            text.push('\n');
            text.push_str(&outcome::keys_found(&outcome.targets, style));
            text.push_str(&outcome::readings(&outcome.targets));
            text.push_str(&outcome::reasons(judgement));
            text.push_str(&outcome::gaps("Gaps (what was not seen):", &outcome.gaps, "the same command with `--format json`"));
            text.push_str(&outcome::excluded(&outcome.excluded));
            text.push_str(&outcome::controls(outcome.sentinels, outcome.known_answers));
        }
        None => text.push_str(&as_it_stands(stated)),
    }
    if !stated.coverage.complete && stated.coverage.gaps.is_empty() && stated.coverage.excluded.is_empty() {
        text.push_str("It calls itself incomplete, and names neither a gap nor what was left out.\n");
    }
    let declared = outcome::declared(&stated.declared);
    text.push_str(if declared.is_empty() { "The recipient declares nothing besides.\n" } else { &declared });
    text.push_str("\nThe scan:\n");
    text.push_str(&facts(&[
        ("began", format!("{}, by the recipient's clock", clean(&stated.scan.started_at))),
        ("ended", clean(&stated.scan.finished_at)),
        ("run by", operator(&stated.operator.name, &stated.operator.role)),
        ("declares", or_none(&stated.operator.declaration)),
        (
            "with",
            format!(
                "{} {} on {} ({}); {}",
                clean(&stated.tool.name),
                clean(&stated.tool.version),
                clean(&stated.environment.os),
                clean(&stated.environment.arch),
                stated
                    .tool
                    .sha256
                    .as_ref()
                    .map_or_else(|| "its file could not be read".to_owned(), |digest| format!("SHA-256 {}", clean(digest)))
            ),
        ),
        ("settings", format!("BLAKE3 {} of map and declaration files", clean(&stated.configuration.blake3))),
        (
            "findings",
            stated.detail.as_ref().map_or_else(
                || "none was written".to_owned(),
                |digest| format!("BLAKE3 {}; it stays with the recipient", clean(&digest.blake3)),
            ),
        ),
    ]));
    text.push_str("\nAbout:\n");
    text.push_str(&facts(&[
        ("supply", clean(&stated.supply)),
        ("manifest", about.words()),
        ("challenge", format!("{}, issued {}", clean(&stated.challenge.challenge_id), clean(&stated.challenge.issued_at))),
        (
            "baseline",
            stated
                .baseline
                .as_ref()
                .map_or_else(|| "none".to_owned(), |digest| format!("the attestation of SHA-256 {}", clean(digest))),
        ),
        ("records", records(stated)),
        (
            "spot checks",
            format!(
                "{} answered, {} of them found",
                count(stated.spot_checks.len() as u64),
                count(stated.spot_checks.iter().filter(|check| check.found).count() as u64)
            ),
        ),
    ]));
    text.push_str("\nWhat it does not prove, in its own words:\n");
    for limitation in &stated.limitations {
        let _ = writeln!(text, "  - {}", clean_long(limitation));
    }
    text
}

fn operator(name: &str, role: &str) -> String {
    match (name.trim().is_empty(), role.trim().is_empty()) {
        (true, true) => "not stated".to_owned(),
        (_, true) => clean(name),
        (true, _) => clean(role),
        _ => format!("{}, {}", clean(name), clean(role)),
    }
}

fn records(stated: &AttestationV1) -> String {
    let records = &stated.records;
    let named = if records.supply.is_some() { "named by their numbers in the manifest" } else { "not named, only counted" };
    format!("{} found by any key, {} by a key of class S ({named})", count(records.found), count(records.supply_count))
}

/// An attestation with words or numbers that this program does not know, as far as it can be shown.
fn as_it_stands(stated: &AttestationV1) -> String {
    let mut text = "Some words or numbers are none that this program knows; they are shown as they stand.\n".to_owned();
    for target in &stated.coverage.targets {
        let _ =
            writeln!(text, "  `{}`: {}, {} found", clean(&target.name), of(target.rows_read, "row"), count(target.records_found));
    }
    for reason in &stated.verdict_reasons {
        text.push_str(&reason_as_it_stands(reason));
    }
    for gap in &stated.coverage.gaps {
        text.push_str(&gap_as_it_stands(gap));
    }
    text.push_str(&outcome::excluded(&stated.coverage.excluded));
    text
}

fn reason_as_it_stands(reason: &ReasonV1) -> String {
    let part = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| format!(", `{}`", clean(text)));
    let number = reason.count.map_or_else(String::new, |number| format!(" ({})", count(number)));
    let help = ReasonCode::parse(&reason.code).map_or_else(String::new, |code| format!("    help: {}\n", code.help()));
    format!("  reason {}{}{}{number}\n{help}", clean(&reason.code), part(&reason.place), part(&reason.key))
}

fn gap_as_it_stands(gap: &GapV1) -> String {
    let column = gap.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
    let help = GapCode::parse(&gap.code).map_or_else(String::new, |code| format!("    help: {}\n", code.help()));
    format!("  gap {}: `{}`{column}: {}\n{help}", clean(&gap.code), clean(&gap.target), clean(&gap.detail))
}
