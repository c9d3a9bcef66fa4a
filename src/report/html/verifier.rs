//! The page that verifies an attestation in a browser, without the program: `docs/verifier.html` is what [`page`] makes.
//!
//! What it does stands in its scripts: [`ENVELOPE`] reads and verifies signed documents, [`VERDICT`] judges what an attestation states, and the third
//! compares and shows. They are a second implementation of the formats' documents, so that nobody has to believe the first.

use crate::report::html::Page;
use maud::Markup;
use maud::html;

/// Reads and verifies signed documents, for every page that does.
pub(crate) const ENVELOPE: &str = include_str!("envelope.js");

/// Judges what an attestation states.
const VERDICT: &str = include_str!("verdict.js");

/// Compares the documents, and shows what came of it.
const VERIFIER: &str = include_str!("verifier.js");

/// The whole page, which is the same for everybody.
pub(crate) fn page() -> String {
    Page { title: "Verify an attestation of residua", scripts: &[ENVELOPE, VERDICT, VERIFIER], data: &[], body: body() }.render()
}

fn body() -> Markup {
    html! {
        header {
            p class="eyebrow" { "residua" }
            h1 { "Verify an attestation without the program" }
            p {
                "This page checks in your browser who signed an attestation of deletion, what it is about, and whether its verdict follows from what it \
                 states. It needs no network and sends nothing anywhere: its policy forbids the browser to load or send anything."
            }
        }
        main {
            div id="unrun" class="note" {
                p {
                    strong { "The script of this page has not run. Nothing was checked." }
                    " If this text stays, the browser does not allow scripts on this page, or the page was altered. Use an unaltered copy, or verify with \
                     OpenSSL, as the section “By hand” of the document " code { "docs/attestation.md" } " says."
                }
            }
            section class="screen" aria-labelledby="files-head" {
                h2 id="files-head" { "The files" }
                div id="drop" class="note drop" {
                    p {
                        label for="files" { "Drop the files anywhere on this page, or choose them here, in any order and at once or one after the other:" }
                    }
                    p { input type="file" id="files" multiple disabled; }
                    ul {
                        li { "the attestation" }
                        li { "the card of the recipient, who signed it, and the card of the originator" }
                        li { "the statement of the manifest (" code { ".residua.intoto.json" } ")" }
                        li { "the challenge that was answered" }
                    }
                    p { button type="button" id="again" disabled { "Start again without files" } }
                }
            }
            div id="result" class="verdict plain" role="status" aria-live="polite" { p { "Nothing was checked yet." } }
            section id="documents" aria-label="Files" {}
            section id="parties" aria-label="Keys" {}
            section id="checks" aria-label="Checks" {}
            section id="contents" aria-label="Contents" {}
            section aria-labelledby="limits-head" {
                h2 id="limits-head" { "What this page does not check" }
                ul {
                    li { "Whether a card belongs to whom it names. Only comparing its fingerprint with its owner shows that." }
                    li { "Whether the keys are still valid: replaced, revoked, or countersigned by an officer. The originator’s ledger knows that." }
                    li { "Whether the challenge was answered once only, and when the attestation was received. The ledger knows that too." }
                    li { "Whether all the numbers add up (check V6), and how they compare with the baseline. A few that must agree are compared." }
                    li { "Seeds and controls, which only the originator can tell, and whether an accepted backup is still an exception." }
                    li { "The bytes of the manifest and of the findings. Only digests that name them are compared." }
                    li { "Whether what the recipient signed is true." }
                }
                p {
                    "What the originator’s " code { "residua verify" } " checks of this stands in the document " code { "docs/verification.md" } "."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
