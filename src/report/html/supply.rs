//! The report of one supply: the newest answer, or the one that is asked for, with all that led to it.

use crate::attestation::key::Card;
use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::Phase;
use crate::finding::declaration::Declarations;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board::BoardRow;
use crate::ledger::board::onward;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::ExceptionEntry;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::entry::clear_until;
use crate::report::html::Page;
use crate::report::html::coverage;
use crate::report::html::declared;
use crate::report::html::declared::Known;
use crate::report::html::evidence;
use crate::report::html::picture;
use crate::report::html::picture::Mood;
use crate::report::html::prose;
use crate::report::html::shown;
use crate::report::html::signed;
use crate::report::html::time_line;
use crate::support::number::grouped;
use crate::support::number::of;
use crate::support::time;
use crate::verification::CheckResult;
use crate::verification::Status;
use crate::verification::Verification;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::Markup;
use maud::html;

/// Reasons that stand in the page; the attestation has all.
const MOST_REASONS: usize = 60;

/// What a report is made of.
pub(crate) struct SupplyReport<'a> {
    /// The ledger.
    pub(crate) view: &'a LedgerView,
    /// The supply.
    pub(crate) supply: &'a Supply,
    /// Its line of the board.
    pub(crate) row: &'a BoardRow,
    /// The attestation that the report is about. `None` where there is none yet.
    pub(crate) answer: Option<Answer<'a>>,
    /// The baseline that it is compared with.
    pub(crate) baseline: Option<&'a AttestationV1>,
    /// When the report is made.
    pub(crate) made_at: Timestamp,
}

/// An attestation with what is known of it.
pub(crate) struct Answer<'a> {
    /// Its file.
    pub(crate) file: &'a [u8],
    /// What it says.
    pub(crate) stated: &'a AttestationV1,
    /// The card of the key that signed it.
    pub(crate) card: &'a Card,
    /// How it was verified just now.
    pub(crate) verification: &'a Verification,
    /// The ledger's line about it. `None` where it was not entered.
    pub(crate) recorded: Option<&'a ReceiptEntry>,
}

impl Answer<'_> {
    /// What it is worth: the worse of what the ledger has and what the checks gave just now.
    fn conclusion(&self) -> Conclusion {
        let now = self.verification.appraisal.conclusion;
        self.recorded.map_or(now, |recorded| recorded.appraisal.max(now))
    }

    /// Why it is worth no more.
    fn reasons(&self) -> &[String] {
        let now = &self.verification.appraisal;
        match self.recorded {
            Some(recorded) if recorded.appraisal > now.conclusion => &recorded.reasons,
            _ => &now.reasons,
        }
    }

    fn exceptions(&self) -> &[ExceptionEntry] {
        &self.verification.appraisal.exceptions
    }
}

/// The whole page.
pub(crate) fn page(report: &SupplyReport<'_>) -> String {
    let entry = &report.supply.entry;
    let title = format!("Deletion report: {} to {}", of(entry.records, "record"), entry.recipient.name);
    let body = html! {
        (picture::patterns())
        header {
            p.eyebrow { "Deletion report, made on " (report.made_at.strftime("%Y-%m-%d %H:%M")) " UTC with residua " (env!("CARGO_PKG_VERSION")) }
            h1 { (of(entry.records, "record")) " supplied by " (shown(&entry.originator.name)) " to " (shown(&entry.recipient.name)) }
        }
        main {
            @match &report.answer {
                Some(answer) => {
                    (verdict(answer, report.supply.open_disputes().next().is_some()))
                    @if is_superseded(report.supply, answer) {
                        div.note { p { strong { "A later answer stands in its place." } " The board says what that one is worth: " (report.row.state) "." } }
                    }
                    (evidence::check())
                },
                None => (none_yet(report.row)),
            }
            (agreed(report))
            @if let Some(answer) = &report.answer { (coverage::section(answer.stated, report.baseline)) }
            (declarations(report))
            (method(report))
            (time_line::section(report.view, report.supply, report.answer.as_ref(), report.made_at))
            @if let Some(answer) = &report.answer { (checks(answer)) }
            (signatories(report))
            (limits(report.answer.as_ref()))
            @if let Some(answer) = &report.answer { (evidence::section(answer.file, answer.card)) }
        }
    };
    let (scripts, data) = match &report.answer {
        Some(answer) => (super::SCRIPTS, vec![(evidence::BLOCK, evidence::block(answer.file, answer.card))]),
        None => (&[][..], Vec::new()),
    };
    Page { title: &title, scripts, data: &data, body }.render()
}

/// Whether an accepted answer was overtaken by a later one.
fn is_superseded(supply: &Supply, answer: &Answer<'_>) -> bool {
    let is_it = |receipt: &ReceiptEntry| receipt.attestation == answer.verification.attestation;
    let is_after_the_day = answer.verification.asked.as_ref().is_some_and(|asked| asked.phase != Phase::Baseline);
    is_after_the_day
        && answer.recorded.is_some()
        && supply.standing_answers().next().is_some()
        && !supply.standing_answers().any(is_it)
}

/// What a conclusion is, for the eye.
pub(super) fn mood(conclusion: Conclusion) -> Mood {
    match conclusion {
        Conclusion::Clear => Mood::Good,
        Conclusion::Present => Mood::Plain,
        Conclusion::Inconclusive => Mood::Doubt,
        Conclusion::Residual | Conclusion::Failed => Mood::Bad,
    }
}

/// What a conclusion means, in a sentence for people who read it for the first time.
fn sense(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Clear => {
            "No supplied record was found where the recipient looked, and nothing stood in the way of finding one."
        }
        Conclusion::Present => {
            "A baseline: the data were found where they are expected to be. It says nothing about their deletion."
        }
        Conclusion::Inconclusive => {
            "It is not established whether supplied records remain. This is neither an accusation nor an all-clear."
        }
        Conclusion::Residual => "Supplied records remain, or people of them for whom no other lawful source is declared.",
        Conclusion::Failed => "The attestation does not satisfy the checks and is not accepted, whatever it says.",
    }
}

fn verdict(answer: &Answer<'_>, is_disputed: bool) -> Markup {
    let conclusion = answer.conclusion();
    let reasons = answer.reasons();
    let until: Option<Date> = clear_until(answer.exceptions()).filter(|_| conclusion == Conclusion::Clear);
    // A verdict that holds but for a backup, or to which somebody objects, is no plain one.
    let is_plain = until.is_none() && !is_disputed;
    let mood = if is_plain { mood(conclusion) } else { mood(conclusion).max(Mood::Doubt) };
    let differs = answer.stated.verdict != conclusion.word();
    html! {
        div class={ "verdict " (mood.class()) } {
            (picture::sign(mood))
            div {
                p.word { span #conclusion { (conclusion.word()) } @if let Some(until) = until { ", with exceptions until " (until) } @if is_disputed { ", and disputed" } }
                p { strong { "The originator concludes: " } (sense(conclusion)) @if until.is_some() { " Copies in backups are excepted, which stand below." } }
                p {
                    strong { "The recipient states " q { (signed("predicate.verdict", &answer.stated.verdict)) } ": " }
                    (signed("predicate.meaning", &answer.stated.meaning))
                }
                @if differs && reasons.is_empty() { p { "The two differ; see the checks below." } }
            }
        }
        @if answer.recorded.is_none() {
            div.note { p { strong { "Not entered." } " The originator's ledger has no line about this attestation. " code { "residua verify" } " enters it." } }
        }
        @if !reasons.is_empty() {
            h3 { "Why it is no better" }
            ul {
                @for reason in reasons.iter().take(MOST_REASONS) { li { (prose(reason)) } }
                @if reasons.len() > MOST_REASONS { li { "and " (grouped((reasons.len() - MOST_REASONS) as u64)) " more" } }
            }
        }
        @if !answer.verification.appraisal.notes.is_empty() {
            h3 { "To be known besides" }
            ul { @for note in &answer.verification.appraisal.notes { li { (prose(note)) } } }
        }
    }
}

fn none_yet(row: &BoardRow) -> Markup {
    html! {
        @let mood = if row.is_overdue { Mood::Bad } else { Mood::Plain };
        div class={ "verdict " (mood.class()) } {
            (picture::sign(mood))
            div {
                p.word { (row.state) }
                p { "No attestation of this supply was received that says what remains. So nothing is known of its deletion but what the recipient may have said." }
            }
        }
    }
}

fn agreed(report: &SupplyReport<'_>) -> Markup {
    let entry = &report.supply.entry;
    let said = [("Purpose", &entry.purpose), ("Contract", &entry.contract), ("Lawful basis", &entry.lawful_basis)];
    html! {
        section {
            h2 { "What was supplied and agreed" }
            dl.facts {
                dt { "Records" } dd { (grouped(entry.records)) }
                dt { "Supplied" } dd { (shown(&entry.created_at)) }
                dt { "To be deleted by" } dd { (shown(&entry.delete_by)) }
                @for (what, said) in said { @if !said.is_empty() { dt { (what) } dd { (shown(said)) } } }
                dt { "Supply" } dd {
                    @if report.answer.is_some() { code { (signed("predicate.supply", &entry.supply_id)) } } @else { code { (entry.supply_id) } }
                }
                dt { "Stands on the board as" } dd { (report.row.state) " (" (time::day(report.made_at)) ")" }
                @if !report.row.remark.is_empty() { dt { "Remark" } dd { (prose(&report.row.remark)) } }
            }
            @for dispute in &report.supply.disputes {
                div.note {
                    p {
                        strong { "Objection " (dispute.entry.number) " by the " (dispute.entry.by.word()) }
                        @if dispute.settlement.is_none() { ", not settled" }
                        ": " (shown(&dispute.entry.reason))
                    }
                    @if let Some(end) = &dispute.settlement { p { "Settled on " (shown(&end.settled_at)) ": " (shown(&end.reason)) } }
                }
            }
        }
    }
}

fn declarations(report: &SupplyReport<'_>) -> Markup {
    let Some(answer) = &report.answer else { return html! {} };
    let none = Declarations::default();
    let declared = answer.verification.stated.as_ref().map_or(&none, |stated| &stated.declared);
    let onward = onward::tree(report.view, report.supply);
    let known = Known {
        exceptions: answer.exceptions(),
        overlaps: &answer.verification.overlaps,
        not_accepted: &answer.verification.not_accepted,
        onward: &onward,
    };
    declared::sections(declared, &known)
}

fn method(report: &SupplyReport<'_>) -> Markup {
    let manner = &report.supply.entry.manner;
    html! {
        section {
            h2 { "Method of deletion" }
            @if manner.is_empty() {
                p { "No manner of deletion was agreed when the data were supplied." }
            } @else {
                p { "Agreed when the data were supplied: " (shown(manner)) }
            }
            p { "How the recipient deleted was not verified. What was verified is what a scan finds afterwards." }
            @for record in &report.supply.destructions {
                p {
                    "The recipient has signed on " (shown(&record.destroyed_at)) " that it destroyed the manifest and the findings"
                    @if !record.name.is_empty() { " (" (shown(&record.name)) @if !record.role.is_empty() { ", " (shown(&record.role)) } ")" }
                    "."
                }
            }
            @if let Some(closed) = &report.supply.closed {
                p { "The originator closed the supply on " (shown(&closed.closed_at)) " and destroyed what it kept of it." }
            }
        }
    }
}

fn checks(answer: &Answer<'_>) -> Markup {
    html! {
        section {
            h2 { "Checks" }
            @let failed = answer.verification.checks.iter().filter(|check| check.status != Status::Passed).count();
            p {
                "Made again when this report was made, from the attestation's bytes and the originator's ledger alone: "
                (answer.verification.checks.len() - failed) " of " (answer.verification.checks.len()) " passed."
            }
            div.scroll {
                table.stacked {
                    thead { tr { th scope="col" { "Check" } th scope="col" { "What must hold" } th scope="col" { "Result" } } }
                    tbody { @for check in &answer.verification.checks { (one_check(check)) } }
                }
            }
        }
    }
}

fn one_check(check: &CheckResult) -> Markup {
    let word = match &check.status {
        Status::Passed if check.doubts.is_empty() => "✓ passed",
        Status::Passed => "✓ passed, with doubts",
        Status::Failed(_) => "✗ failed",
        Status::NotRun(_) => "– not run",
    };
    html! {
        tr {
            th.short scope="row" { "V" (check.number) }
            td {
                (check.name)
                @if let Status::Failed(failures) = &check.status {
                    ul { @for failure in failures.iter().take(MOST_REASONS) { li { (prose(&failure.reason)) br; span.soft { (prose(failure.help)) } } } }
                }
                @if let Status::NotRun(because) = &check.status { p.soft { (prose(because)) } }
                @if !check.doubts.is_empty() {
                    ul { @for doubt in check.doubts.iter().take(MOST_REASONS) { li { "Doubt: " (prose(&doubt.reason)) br; span.soft { (prose(doubt.help)) } } } }
                }
            }
            td.mark { (word) }
        }
    }
}

fn signatories(report: &SupplyReport<'_>) -> Markup {
    let entry = &report.supply.entry;
    html! {
        section {
            h2 { "Signatories" }
            @if let Some(answer) = &report.answer {
                @let operator = &answer.stated.operator;
                h3 { "For the recipient, " (shown(answer.card.name())) }
                dl.facts {
                    @if !operator.name.is_empty() { dt { "Ran the scan" } dd { (signed("predicate.operator.name", &operator.name)) } }
                    @if !operator.role.is_empty() { dt { "As" } dd { (signed("predicate.operator.role", &operator.role)) } }
                    dt { "Says" } dd { (signed("predicate.operator.declaration", &operator.declaration)) }
                    dt { "Key" } dd { code { (answer.card.fingerprint()) } }
                    dt { "With" } dd { (signed("predicate.tool.name", &answer.stated.tool.name)) " " (signed("predicate.tool.version", &answer.stated.tool.version)) ", which proves nothing about an altered one" }
                }
                @if let Some(approved) = &answer.verification.approved {
                    h3 { "Countersigned by an officer of the recipient" }
                    dl.facts {
                        dt { "Officer" } dd { (shown(&approved.name)) @if !approved.role.is_empty() { ", " (shown(&approved.role)) } }
                        dt { "On" } dd { (shown(&approved.signed_at)) }
                        dt { "Key" } dd { code { (approved.key) } }
                    }
                }
            }
            @if let Some(confirmed) = report.view.countersignature(report.supply) {
                h3 { "Receipt of the data" }
                p {
                    "Confirmed by the recipient on " (shown(&confirmed.signed_at))
                    @if !confirmed.name.is_empty() { " (" (shown(&confirmed.name)) @if !confirmed.role.is_empty() { ", " (shown(&confirmed.role)) } ")" }
                    ": " @if confirmed.is_derived { "it made the manifest anew from the data, and found the same." } @else { "receipt alone." }
                }
            }
            h3 { "For the originator, " (shown(&entry.originator.name)) }
            dl.facts { dt { "Key" } dd { code { (entry.originator.fingerprint) } } }
            p.soft { "The originator's conclusion on this page is not signed. It signs challenges and receipts; the evidence bundle of the supply has them." }
            h3 { "Time stamps of a third party (RFC 3161)" }
            (stamps(report))
        }
    }
}

fn stamps(report: &SupplyReport<'_>) -> Markup {
    let digest = report.answer.as_ref().map(|answer| answer.verification.attestation.as_str());
    let is_stamped = digest.is_some_and(|digest| report.supply.stamps.iter().any(|stamp| stamp.document == digest));
    html! {
        @if digest.is_some() && !is_stamped {
            p { "There is none over this attestation: when it was signed rests on the two parties' clocks." }
        } @else if report.supply.stamps.is_empty() {
            p { "There is none." }
        }
        @if !report.supply.stamps.is_empty() {
            ul {
                @for stamp in &report.supply.stamps {
                    li {
                        (shown(&stamp.time)) " over the " (report.view.stamped_words(stamp)) ", "
                        @match &stamp.authority {
                            Some(authority) => { "by " (shown(authority)) "; whether that certificate is to be trusted was not checked" },
                            None => { "whose signature was not verified" },
                        }
                        @if digest == Some(stamp.document.as_str()) { " (this attestation)" }
                    }
                }
            }
        }
    }
}

fn limits(answer: Option<&Answer<'_>>) -> Markup {
    html! {
        section {
            h2 { "What this does not prove" }
            @if let Some(answer) = answer {
                ul { @for (number, limit) in answer.stated.limitations.iter().enumerate() { li { (signed(&format!("predicate.limitations.{number}"), limit)) } } }
            }
            p {
                "An attestation proves this: that a key said, after a challenge, these things about these targets. It does not prove that they are true. "
                "An untrue one can be found out by the baseline, by invented people among the data, by the identity of the systems, by numbers that do not add up, "
                "and by the same scan made again on site."
            }
        }
    }
}
