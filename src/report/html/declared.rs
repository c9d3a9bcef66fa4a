//! What the recipient declares, under the headings of a certificate of deletion: backups, others to whom the data went, data retained, systems not
//! scanned. None of it was verified, and the page says so at each.

use crate::finding::declaration::BeyondUse;
use crate::finding::declaration::Declarations;
use crate::finding::verdict::Overlap;
use crate::ledger::board::onward::Branch;
use crate::ledger::board::onward::Leaf;
use crate::ledger::board::onward::Signer;
use crate::ledger::entry::ExceptionEntry;
use crate::report::html::shown;
use crate::report::html::signed;
use crate::support::number::grouped;
use maud::Markup;
use maud::html;

/// What stands beside the declarations, and is known by the originator.
pub(super) struct Known<'a> {
    /// The exceptions of the appraisal.
    pub(super) exceptions: &'a [ExceptionEntry],
    /// What is explained by declarations that the challenge accepts.
    pub(super) overlaps: &'a [Overlap],
    /// Declarations that the challenge does not accept, in words.
    pub(super) not_accepted: &'a [String],
    /// To whom the data went on.
    pub(super) onward: &'a [Branch],
}

/// The sections.
pub(super) fn sections(declared: &Declarations, known: &Known<'_>) -> Markup {
    html! {
        section {
            h2 { "Backups" }
            @if declared.backups.is_empty() {
                p { "The recipient declares no backup that still holds the data. Whether there is one was not verified." }
            } @else {
                (frame(&html! {
                    @for (number, backup) in declared.backups.iter().enumerate() {
                        @let at = |member: &str, text: &str| said("backups", number, member, text);
                        h3 { (at("system", &backup.system)) }
                        dl.facts {
                            dt { "Last copy with the data" } dd { (at("lastCopy", &backup.last_copy)) }
                            dt { "Overwritten on" } dd { (at("rollOff", &backup.roll_off)) }
                            dt { "Rotation" } dd { (at("rotation", &backup.rotation)) }
                            dt { "Put beyond use" } dd { (promises(number, &backup.beyond_use)) }
                        }
                    }
                }))
            }
            @for exception in known.exceptions {
                p { "Accepted by the originator as an exception until " strong { (shown(&exception.roll_off)) } ": " (shown(&exception.system)) "." }
            }
        }
        section {
            h2 { "Processors and others to whom the data went" }
            @if declared.onward.is_empty() {
                p { "The recipient declares nobody to whom the data went on. Whether somebody has them was not verified." }
            } @else {
                (frame(&html! {
                    ul {
                        @for (number, onward) in declared.onward.iter().enumerate() {
                            li { strong { (said("onward", number, "recipient", &onward.recipient)) } ": " (said("onward", number, "reason", &onward.reason)) }
                        }
                    }
                }))
            }
            @if !known.onward.is_empty() {
                h3 { "What those attested to whoever supplied them" }
                p { "Received by way of the recipient. It makes nothing better here." }
                (tree(known.onward))
            }
        }
        section {
            h2 { "Data retained" }
            @if declared.lawful_sources.is_empty() {
                p { "The recipient declares no people whom it holds from elsewhere." }
            } @else {
                (frame(&html! {
                    ul {
                        @for (number, lawful) in declared.lawful_sources.iter().enumerate() {
                            @let at = |member: &str, text: &str| said("lawfulSources", number, member, text);
                            li {
                                strong { (at("name", &lawful.name)) } " in " code { (at("target", &lawful.target)) }
                                @if let Some(rows) = &lawful.rows {
                                    ", rows whose " code { (at("rows.column", &rows.column)) } " is " code { (at("rows.equals", &rows.equals)) }
                                }
                                ": " (at("source", &lawful.source))
                            }
                        }
                    }
                }))
            }
            @if !known.overlaps.is_empty() {
                p { "Found, and explained by a declaration that the originator accepted:" }
                ul {
                    @for overlap in known.overlaps {
                        li { (grouped(overlap.records)) " people in " code { (shown(&overlap.target)) } ", declared as " (shown(&overlap.declaration)) " (" (shown(&overlap.source)) ")" }
                    }
                }
            }
        }
        @if !(declared.not_scanned.is_empty() && declared.removed.is_empty() && declared.exclusions.is_empty()) {
            section {
                h2 { "Systems removed, left out or not scanned" }
                (frame(&html! {
                    ul {
                        @for (number, removed) in declared.removed.iter().enumerate() {
                            li { "Removed since the baseline: " code { (said("removed", number, "target", &removed.target)) } ": " (said("removed", number, "reason", &removed.reason)) }
                        }
                        @for (number, system) in declared.not_scanned.iter().enumerate() {
                            li { "Not scanned: " strong { (said("notScanned", number, "system", &system.system)) } ": " (said("notScanned", number, "reason", &system.reason)) }
                        }
                        @for (number, exclusion) in declared.exclusions.iter().enumerate() {
                            @let at = |member: &str, text: &str| said("exclusions", number, member, text);
                            li {
                                "Left out: " code { (at("target", &exclusion.target)) }
                                @if let Some(column) = &exclusion.column { ", column " code { (at("column", column)) } }
                                ": " (at("reason", &exclusion.reason))
                            }
                        }
                    }
                }))
            }
        }
        @if !known.not_accepted.is_empty() {
            section {
                h2 { "Declarations that the originator has not accepted" }
                ul { @for declaration in known.not_accepted { li { (shown(declaration)) } } }
            }
        }
    }
}

/// What a declaration says, held against the signed document.
fn said(list: &str, number: usize, member: &str, text: &str) -> Markup {
    signed(&format!("predicate.declared.{list}.{number}.{member}"), text)
}

/// A frame that nobody takes for a finding.
fn frame(inside: &Markup) -> Markup {
    html! {
        div.declared {
            p { span."stamp-of-doubt" { "Declared, not verified" } }
            (inside)
        }
    }
}

/// The four conditions, each with whether it is promised.
fn promises(backup: usize, promises: &BeyondUse) -> Markup {
    let conditions = [
        ("notUsed", promises.not_used, "not used"),
        ("notShared", promises.not_shared, "not shared"),
        ("secured", promises.secured, "secured"),
        ("willBeDeleted", promises.will_be_deleted, "deleted as soon as possible"),
    ];
    html! {
        @for (number, (member, is_promised, condition)) in conditions.into_iter().enumerate() {
            @if number > 0 { "; " }
            span data-promise=(format!("predicate.declared.backups.{backup}.beyondUse.{member}")) {
                (condition) @if !is_promised { strong { " (not promised)" } }
            }
        }
    }
}

fn tree(branches: &[Branch]) -> Markup {
    html! {
        ul {
            @for branch in branches {
                @for leaf in &branch.leaves {
                    li { strong { (shown(&branch.recipient)) } ": " (statement(leaf)) @if !leaf.branches.is_empty() { (tree(&leaf.branches)) } }
                }
                @for digest in &branch.unentered {
                    li { strong { (shown(&branch.recipient)) } ": an attestation is named and missing, SHA-256 " code { (shown(digest)) } }
                }
                @if branch.is_dropped {
                    li { strong { (shown(&branch.recipient)) } ": declared before and no longer, without an attestation" }
                } @else if branch.leaves.is_empty() && branch.unentered.is_empty() {
                    li { strong { (shown(&branch.recipient)) } ": no attestation" }
                }
            }
        }
    }
}

fn statement(leaf: &Leaf) -> Markup {
    html! {
        "states " strong { (leaf.word()) } ", received " (shown(&leaf.received_at)) ", signed by "
        @match &leaf.signer {
            Signer::Unpinned => { "a key that nobody here has compared" },
            Signer::Pinned(name) => { "the key of " (shown(name)) },
            Signer::Out => { "a key that was not valid then" },
        }
    }
}
