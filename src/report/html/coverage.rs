//! What a scan covered and, before that, what it did not; and what was found where, at the baseline and now.

use crate::attestation::predicate_v1::AttestationV1;
use crate::attestation::predicate_v1::TargetV1;
use crate::finding::gap::GapCode;
use crate::report::html::picture;
use crate::report::html::shown;
use crate::report::html::signed;
use crate::support::number::grouped;
use crate::support::number::of;
use maud::Markup;
use maud::html;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Targets that the picture shows; the table has all.
const DRAWN: usize = 24;

/// Gaps that stand in the page at once; more are folded away.
const AT_ONCE: usize = 60;

/// Targets that stand in the page at once.
const ROWS_AT_ONCE: usize = 40;

/// The section, of an attestation beside the baseline that it is compared with, where there is one.
pub(super) fn section(stated: &AttestationV1, baseline: Option<&AttestationV1>) -> Markup {
    let coverage = &stated.coverage;
    html! {
        section {
            h2 { "Systems: what was not covered" }
            (gaps(stated))
            @if !coverage.excluded.is_empty() {
                h3 { "Left out on purpose" }
                ul {
                    @for (number, exclusion) in coverage.excluded.iter().enumerate() {
                        @let at = |member: &str, text: &str| signed(&format!("predicate.coverage.excluded.{number}.{member}"), text);
                        li {
                            code { (at("target", &exclusion.target)) }
                            @if let Some(column) = &exclusion.column { ", column " code { (at("column", column)) } }
                            ": " (at("reason", &exclusion.reason))
                        }
                    }
                }
            }
            p {
                "Of " (signed("predicate.coverage.records", &grouped(coverage.records))) " supplied records, "
                (signed("predicate.coverage.searchable", &grouped(coverage.searchable)))
                " could be looked for; the others hold too little to be recognised. What is not among the targets below was not looked at at all."
            }
        }
        section {
            h2 { "Systems: what was covered, and what was found" }
            (before_and_now(stated, baseline))
            (targets(stated))
            p {
                "The scan put " (signed("predicate.sentinels.injected", &grouped(stated.sentinels.injected)))
                " invented rows into its own input and found " (signed("predicate.sentinels.detected", &grouped(stated.sentinels.detected)))
                " of them; of " (signed("predicate.knownAnswers.asked", &grouped(stated.known_answers.asked))) " known answers of the manifest it found "
                (signed("predicate.knownAnswers.answered", &grouped(stated.known_answers.answered))) "."
            }
        }
    }
}

fn gaps(stated: &AttestationV1) -> Markup {
    let gaps = &stated.coverage.gaps;
    if gaps.is_empty() {
        return html! { p { "The recipient names nothing in the targets listed that could not be seen." } };
    }
    let codes: BTreeSet<&str> = gaps.iter().map(|gap| gap.code.as_str()).collect();
    let row = |number: usize| {
        let gap = gaps.get(number)?;
        Some(html! {
            tr data-gap=(number) {
                th scope="row" { code data-member="target" { (shown(&gap.target)) } @if let Some(column) = &gap.column { ", column " code data-member="column" { (shown(column)) } } }
                td data-member="detail" { (shown(&gap.detail)) }
                td.number data-member=[gap.count.map(|_| "count")] { @if let Some(count) = gap.count { (grouped(count)) } }
                td { code data-member="code" { (shown(&gap.code)) } }
            }
        })
    };
    html! {
        p { strong { (of(gaps.len() as u64, "part")) " could not be seen." } " Each of them is enough for the verdict not to be " em { "clear" } "." }
        div.scroll {
            table.stacked {
                thead { tr { th scope="col" { "Where" } th scope="col" { "What" } th.number scope="col" { "How many" } th scope="col" { "Code" } } }
                tbody { @for number in 0..gaps.len().min(AT_ONCE) { (row(number).unwrap_or_default()) } }
            }
        }
        @if gaps.len() > AT_ONCE {
            details {
                summary { (of((gaps.len() - AT_ONCE) as u64, "further part")) " that could not be seen" }
                div.scroll { table.stacked { tbody.far { @for number in AT_ONCE..gaps.len() { (row(number).unwrap_or_default()) } } } }
            }
        }
        details.screen {
            summary { "What can be done about them" }
            ul { @for code in codes { @if let Some(code) = GapCode::parse(code) { li { code { (code.word()) } ": " (code.help()) } } } }
        }
    }
}

/// What was found in one target then and now. `None` where it was not scanned.
struct Pair<'a> {
    name: &'a str,
    before: Option<u64>,
    now: Option<u64>,
    /// Where the number of now stands in the signed document.
    place: String,
}

fn before_and_now(stated: &AttestationV1, baseline: Option<&AttestationV1>) -> Markup {
    // Each by its name, with its place. Of several with one name, which no scan writes, it is the one in which most was found.
    let of_target = |attestation: &'_ AttestationV1| -> BTreeMap<String, (u64, usize)> {
        let mut found = BTreeMap::new();
        for (index, target) in attestation.coverage.targets.iter().enumerate() {
            let place = found.entry(target.name.clone()).or_insert((target.records_found, index));
            *place = (target.records_found, index).max(*place);
        }
        found
    };
    let now = of_target(stated);
    let before = baseline.map(of_target).unwrap_or_default();
    let names: BTreeSet<&str> = now.keys().chain(before.keys()).map(String::as_str).collect();
    let pair = |name| {
        let (found, index) = now.get(name).copied().unzip();
        let place = index.map(|index| format!("predicate.coverage.targets.{index}.recordsFound")).unwrap_or_default();
        Pair { name, before: before.get(name).map(|(found, _)| *found), now: found, place }
    };
    let mut pairs: Vec<Pair<'_>> = names.into_iter().map(pair).collect();
    // Those that were found in most stand first; what is gone without being scanned is never among the rest.
    pairs.sort_by_key(|pair| {
        (std::cmp::Reverse(pair.now.unwrap_or(0)), pair.now.is_some(), std::cmp::Reverse(pair.before.unwrap_or(0)), pair.name)
    });
    let (drawn, rest) = pairs.split_at(pairs.len().min(DRAWN));
    let total = Pair {
        name: "",
        before: baseline.map(|baseline| baseline.records.found),
        now: Some(stated.records.found),
        place: "predicate.records.found".to_owned(),
    };
    let most = drawn.iter().chain([&total]).flat_map(|pair| [pair.before, pair.now]).flatten().max().unwrap_or(0);
    let word = |number: Option<u64>, none: &str| number.map_or_else(|| none.to_owned(), grouped);
    let bar = |pair: &Pair<'_>, label: Markup| {
        html! {
            tr {
                th scope="row" { (label) }
                td.bar { (picture::bars(pair.before, pair.now, most)) }
                td.number { (word(pair.before, if baseline.is_some() { "not scanned" } else { "–" })) }
                td.number { strong { @if let Some(now) = pair.now { (signed(&pair.place, &grouped(now))) } @else { "not scanned" } } }
            }
        }
    };
    let (rest_before, rest_now) = (
        rest.iter().filter(|pair| pair.before.unwrap_or(0) > 0).count(),
        rest.iter().filter(|pair| pair.now.unwrap_or(0) > 0).count(),
    );
    html! {
        figure {
            div.scroll {
                table.picture {
                    caption {
                        "Supplied records found in each target. Hatched, above: at the baseline. Solid, below: in this scan."
                        @if baseline.is_none() { " There is no accepted baseline to compare with." }
                    }
                    thead { tr { th scope="col" { "Target" } th scope="col" { "Records found" } th.number scope="col" { "Baseline" } th.number scope="col" { "Now" } } }
                    tbody {
                        (bar(&total, html! { strong { "All targets together, each record once" } }))
                        @for pair in drawn { (bar(pair, html! { code { (shown(pair.name)) } })) }
                    }
                }
            }
            @if !rest.is_empty() {
                p.soft {
                    (of(rest.len() as u64, "further target")) ", not drawn: something was found in " (grouped(rest_before as u64))
                    " of them at the baseline and in " (grouped(rest_now as u64)) " now. The table lists every target."
                }
            }
        }
    }
}

/// The records that the keys of a class found at most; `None` where no such key could be formed.
fn most(target: &TargetV1, class: &str) -> Option<u64> {
    target.by_key.iter().filter(|result| result.class == class).map(|result| result.distinct_records).max()
}

fn targets(stated: &AttestationV1) -> Markup {
    let targets = &stated.coverage.targets;
    if targets.is_empty() {
        return html! { p { strong { "No target was read." } } };
    }
    let unseen: BTreeSet<&str> = stated.coverage.gaps.iter().map(|gap| gap.target.as_str()).collect();
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), grouped);
    let row = |index: usize| {
        let target = targets.get(index)?;
        Some(html! {
            tr data-target=(index) {
                th scope="row" {
                    code data-member="name" { (shown(&target.name)) }
                    @if unseen.contains(target.name.as_str()) { " " span."stamp-of-doubt" { "not all seen" } }
                    @if let Some(resumed) = &target.resumed { " " span.soft { "read by an earlier run, at " (shown(&resumed.scanned_at)) } }
                }
                td data-member="kind" { (shown(&target.kind)) }
                td.number data-member="rowsRead" { (grouped(target.rows_read)) }
                td.number data-member="rowsWithoutKey" { (grouped(target.rows_without_key)) }
                td.number data-member="recordsFound" { (grouped(target.records_found)) }
                td.number data-member="S" { (number(most(target, "S"))) }
                td.number data-member="P" { (number(most(target, "P"))) }
            }
        })
    };
    let head = html! {
        thead {
            tr {
                th scope="col" { "Target" }
                th scope="col" { "Kind" }
                th.number scope="col" { "Rows read" }
                th.number scope="col" { "of them without a key" }
                th.number scope="col" { "Records found" }
                th.number scope="col" { "S" }
                th.number scope="col" { "P" }
            }
        }
    };
    html! {
        h3 { "Every target" }
        p.soft {
            "A target is one table or one file. A row without a key holds too little to be compared. S: records that nobody but this supply had. "
            "P: people who may be known from elsewhere too. –: no such key could be formed there. Records that are found by weak keys alone count in "
            em { "Records found" } " and may be coincidence."
        }
        div.screen {
            label for="filter" { "Show targets whose name has: " }
            input #filter type="search" autocomplete="off" disabled;
            " " span #filtered.soft aria-live="polite" {}
        }
        div.scroll {
            table #targets {
                (head)
                tbody { @for index in 0..targets.len().min(ROWS_AT_ONCE) { (row(index).unwrap_or_default()) } }
            }
        }
        @if targets.len() > ROWS_AT_ONCE {
            details #further {
                summary { (of((targets.len() - ROWS_AT_ONCE) as u64, "further target")) }
                div.scroll {
                    table #more-targets {
                        (head)
                        @for start in (ROWS_AT_ONCE..targets.len()).step_by(200) {
                            tbody.far { @for index in start..targets.len().min(start + 200) { (row(index).unwrap_or_default()) } }
                        }
                    }
                }
            }
        }
        div #detail.note.screen hidden tabindex="-1" {}
    }
}
