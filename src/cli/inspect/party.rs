//! What a party has: its card, which is shown, and its private key and salts, of which nothing is.

use crate::attestation::key::Card;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::report::json_v1;
use crate::report::text;
use crate::support::atomic_file;
use crate::support::sanitize::clean;
use std::fs::File;
use std::path::Path;

/// Shows a card.
pub(super) fn inspect_card(path: &Path, card: &Card, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedCardV1 {
            version: json_v1::VERSION,
            kind: "card",
            name: card.name().to_owned(),
            fingerprint: card.fingerprint().to_owned(),
            age_recipient: card.age_recipient().to_owned(),
            public_key_pem: card.public_key_pem().to_owned(),
        }));
    }
    let words = text::facts(&[
        ("name", clean(card.name())),
        ("signing key", format!("{} (Ed25519)", card.fingerprint())),
        ("salts go to", format!("{} (age X25519)", clean(card.age_recipient()))),
    ]);
    context.say(&format!(
        "A card: the public keys of a party, to be handed to the other one. Its parts belong together.\n\n{words}\nAnybody can write a card \
         with any name. Compare the fingerprint SHA256:… with its owner by another channel before you use `{}`.\n",
        path.display()
    ))
}

/// Says that a file is a private key, and who may read it.
pub(super) fn inspect_private_key(path: &Path, context: &Context) -> anyhow::Result<()> {
    hidden(
        path,
        context,
        "private key",
        "A private key: it signs in its owner's name, and opens the salts that are sent to it.",
        "The card beside it, which `residua keygen` wrote, is what others get.",
    )
}

/// Says that a file holds the salts of a supply.
pub(super) fn inspect_salts(path: &Path, context: &Context) -> anyhow::Result<()> {
    hidden(
        path,
        context,
        "salts",
        "The salts of a supply, from the originator's ledger: with them and a manifest, people can be looked for.",
        "They leave the ledger only inside challenges, encrypted to the recipient.",
    )
}

/// Says that a file is encrypted by age.
pub(super) fn inspect_sealed(_path: &Path, context: &Context) -> anyhow::Result<()> {
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedSecretV1 {
            version: json_v1::VERSION,
            kind: "sealed salt",
            is_readable_by_others: None,
        }));
    }
    context.say(
        "An encrypted file of age, in the form in which a challenge carries a salt. Only the private key that it was encrypted to opens it; \
         nothing of its content can be shown.\n",
    )
}

/// Says what a secret is without showing any of it.
fn hidden(path: &Path, context: &Context, kind: &'static str, what: &str, further: &str) -> anyhow::Result<()> {
    let is_shared = File::open(path).and_then(|file| atomic_file::is_readable_by_others(&file)).unwrap_or(false);
    if context.format == Format::Json {
        return context.print(&json_v1::write(&json_v1::inspected::InspectedSecretV1 {
            version: json_v1::VERSION,
            kind,
            is_readable_by_others: Some(is_shared),
        }));
    }
    let mut words = format!("{what} Its content is not shown.\n{further}\n");
    if is_shared {
        words.push_str(&format!(
            "Others than its owner can read it.\n  help: find out who could; then `chmod 600 {}`\n",
            path.display()
        ));
    }
    context.say(&words)
}
