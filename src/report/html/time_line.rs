//! What happened from the supply to the verdict, as a picture and as a table, and by whose clock.

use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::report::html::picture;
use crate::report::html::shown;
use crate::report::html::supply::Answer;
use crate::support::time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

const ORIGINATOR: &str = "the originator's clock";
const RECIPIENT: &str = "the recipient's clock";

/// Something that happened.
struct Event {
    at: Timestamp,
    what: String,
    /// Whose clock says so.
    clock: String,
}

/// The section. Of what is still to come only the agreed day is in it.
pub(super) fn section(view: &LedgerView, supply: &Supply, answer: Option<&Answer<'_>>, now: Timestamp) -> Markup {
    let events = events(view, supply, answer);
    let times: Vec<Timestamp> = events.iter().map(|event| event.at).collect();
    let agreed = supply.delete_by.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    html! {
        section {
            h2 { "Time line" }
            figure { (picture::time_line(&times, agreed)) }
            div.scroll {
                table.stacked {
                    thead { tr { th.number scope="col" { "No." } th scope="col" { "When (UTC)" } th scope="col" { "What" } th scope="col" { "By whose clock" } } }
                    tbody {
                        @for (number, event) in (1..).zip(&events) {
                            tr {
                                td.number { (number) }
                                td.nowrap { (moment(event.at)) }
                                td { (shown(&event.what)) }
                                td { (shown(&event.clock)) }
                            }
                        }
                    }
                }
            }
            p {
                "The agreed day is " strong { (supply.delete_by) } "."
                @if time::day(now) <= supply.delete_by { " It has not passed." }
            }
        }
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn events(view: &LedgerView, supply: &Supply, answer: Option<&Answer<'_>>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut add = |at: &str, what: String, clock: &str| {
        // Text that is no time has nothing to say in a time line; the lines of the ledger were held against their form before.
        if let Some(at) = time::parse(at) {
            events.push(Event { at, what, clock: clock.to_owned() });
        }
    };
    add(&supply.entry.created_at, "data supplied, manifests made".to_owned(), ORIGINATOR);
    for confirmed in &supply.countersignatures {
        let how = if confirmed.is_derived { ", manifest made anew from the data" } else { "" };
        add(&confirmed.signed_at, format!("receipt of the data confirmed{how}"), RECIPIENT);
    }
    for challenge in &supply.challenges {
        let phase = challenge.phase.word();
        add(&challenge.entry.issued_at, format!("{phase} challenge issued"), ORIGINATOR);
        let mut newest: Vec<(&str, &str, &str, &str)> = Vec::new();
        for receipt in &challenge.receipts {
            // The same bytes judged anew are one attestation, with the word that counts now.
            match newest.iter_mut().find(|known| known.0 == receipt.attestation) {
                Some(known) => (known.2, known.3) = (&receipt.verdict, receipt.appraisal.word()),
                None => newest.push((&receipt.attestation, &receipt.received_at, &receipt.verdict, receipt.appraisal.word())),
            }
        }
        for (_, at, verdict, appraisal) in newest {
            add(at, format!("{phase} attestation received: stated {verdict}, concluded {appraisal}"), ORIGINATOR);
        }
        for approval in &challenge.approvals {
            add(&approval.signed_at, format!("{phase} attestation countersigned by an officer"), "the officer's clock");
        }
    }
    if let Some(answer) = answer {
        let phase = &answer.stated.challenge.phase;
        add(&answer.stated.scan.started_at, format!("{phase} scan of this report begun"), RECIPIENT);
        add(&answer.stated.scan.finished_at, format!("{phase} scan of this report ended"), RECIPIENT);
    }
    for stamp in &supply.stamps {
        let by = stamp.authority.as_deref().unwrap_or("an authority whose signature was not verified");
        add(&stamp.time, format!("time stamp over the {}", view.stamped_words(stamp)), by);
    }
    for dispute in &supply.disputes {
        add(&dispute.entry.raised_at, format!("objection by the {}", dispute.entry.by.word()), ORIGINATOR);
        if let Some(end) = &dispute.settlement {
            add(&end.settled_at, "objection settled".to_owned(), ORIGINATOR);
        }
    }
    for record in &supply.destructions {
        add(&record.destroyed_at, "manifest and findings destroyed, as the recipient signs".to_owned(), RECIPIENT);
    }
    if let Some(closed) = &supply.closed {
        add(&closed.closed_at, "supply closed".to_owned(), ORIGINATOR);
    }
    events.sort_by_key(|event| event.at);
    events
}
