//! Pictures in a page: drawn in the page's own ink, told apart by pattern and word and not by colour alone.

use jiff::Timestamp;
use maud::Markup;
use maud::html;

/// How near two dots of a time line may stand, in percent of its width, before one of them moves to the next lane.
const NEAR: f64 = 6.5;

/// Lanes of a time line; more dots than fit beside one another stand on top of each other, and the table tells them apart.
const MOST_LANES: usize = 6;

/// Height of a lane in pixels.
const LANE: f64 = 24.0;

/// What a verdict is worth, for the eye, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mood {
    /// Nothing was found, and nothing stood in the way.
    Good,
    /// There is nothing to conclude yet.
    Plain,
    /// It was not established.
    Doubt,
    /// Something was found, or does not hold.
    Bad,
}

impl Mood {
    /// The class of the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Mood::Good => "good",
            Mood::Doubt => "doubt",
            Mood::Bad => "bad",
            Mood::Plain => "plain",
        }
    }
}

/// A sign: a tick, a question in a triangle, a cross in an octagon, a ring. The word beside it says the same.
pub(super) fn sign(mood: Mood) -> Markup {
    let (frame, inside) = match mood {
        Mood::Good => ("M20 2a18 18 0 1 0 .01 0z", "M11 21l6 6 12-14"),
        Mood::Doubt => ("M20 3L38 36H2z", "M20 14v11M20 29.5v2"),
        Mood::Bad => ("M13 2h14l11 11v14L27 38H13L2 27V13z", "M13 13l14 14M27 13L13 27"),
        Mood::Plain => ("M20 2a18 18 0 1 0 .01 0z", "M12 20h16"),
    };
    html! {
        svg viewBox="0 0 40 40" aria-hidden="true" {
            path d=(frame) fill="none" stroke="currentColor" stroke-width="2.5" {}
            path d=(inside) fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// The pattern by which `before` is filled. Once a page, before any bar.
pub(super) fn patterns() -> Markup {
    html! {
        svg width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line x1="0" y1="0" x2="0" y2="5" stroke="currentColor" stroke-width="1.2" {}
                }
            }
        }
    }
}

/// Two bars of one target: hatched what the baseline found, solid what is found now. `most` is the number that fills the width. Where a number is
/// not known there is no bar, and none is not nought.
pub(super) fn bars(before: Option<u64>, now: Option<u64>, most: u64) -> Markup {
    html! {
        svg width="100%" height="22" aria-hidden="true" {
            line x1="0" y1="0" x2="0" y2="22" class="axis" {}
            @if let Some(before) = before {
                rect x="0" y="1" width=(width(before, most)) height="9" class="before" {}
            }
            @if let Some(now) = now {
                rect x="0" y="12" width=(width(now, most)) height="9" class="after-bar" {}
            }
        }
    }
}

/// One bar.
pub(super) fn bar(number: u64, most: u64) -> Markup {
    html! {
        svg width="100%" height="13" aria-hidden="true" {
            rect x="0" y="1" width=(width(number, most)) height="11" class="before" {}
        }
    }
}

/// The width of a bar. What is there shows, however little it is.
fn width(number: u64, most: u64) -> String {
    let share = if most == 0 { 0.0 } else { number as f64 * 100.0 / most as f64 };
    if number == 0 { "1".to_owned() } else { format!("{:.2}%", share.clamp(0.8, 100.0)) }
}

/// A time line with a numbered dot for each time, in their order, and a dashed line at the agreed day.
pub(super) fn time_line(times: &[Timestamp], deadline: Option<Timestamp>) -> Markup {
    let all = times.iter().copied().chain(deadline);
    let (Some(first), Some(last)) = (all.clone().min(), all.max()) else { return html! {} };
    let span = (last.as_second() - first.as_second()).max(1) as f64;
    // A margin on both sides, in which half a dot and half a date have room.
    let place = |time: Timestamp| 4.0 + (time.as_second() - first.as_second()) as f64 * 92.0 / span;
    let mut lanes: Vec<f64> = Vec::new();
    let mut dots = Vec::new();
    for (number, time) in (1..).zip(times) {
        let at = place(*time);
        let free = lanes.iter().position(|end| at - end >= NEAR);
        let lane = free.unwrap_or_else(|| {
            if lanes.len() < MOST_LANES {
                lanes.push(at);
                lanes.len() - 1
            } else {
                number % MOST_LANES
            }
        });
        if let Some(end) = lanes.get_mut(lane) {
            *end = at;
        }
        dots.push((number, at, 16.0 + lane as f64 * LANE));
    }
    let floor = 16.0 + lanes.len().max(1) as f64 * LANE;
    html! {
        svg width="100%" height=(floor + 40.0) role="img" aria-label="Time line; the table below it says what each number stands for" {
            line x1="4%" y1=(floor) x2="96%" y2=(floor) class="axis" {}
            @if let Some(deadline) = deadline {
                @let at = place(deadline);
                line x1=(percent(at)) y1="0" x2=(percent(at)) y2=(floor + 6.0) class="deadline" {}
                text x=(percent(at)) y=(floor + 34.0) text-anchor=(anchor(at)) { "to be deleted by" }
            }
            @for (number, at, height) in dots {
                line x1=(percent(at)) y1=(height) x2=(percent(at)) y2=(floor) class="axis" {}
                circle cx=(percent(at)) cy=(height) r="10" class="dot" {}
                text x=(percent(at)) y=(height + 4.5) text-anchor="middle" { (number) }
            }
            text x="0" y=(floor + 18.0) { (first.strftime("%Y-%m-%d")) }
            @if last > first {
                text x="100%" y=(floor + 18.0) text-anchor="end" { (last.strftime("%Y-%m-%d")) }
            }
        }
    }
}

fn percent(at: f64) -> String {
    format!("{at:.2}%")
}

/// On which side of its place a word stands, so that it stays in the picture.
fn anchor(at: f64) -> &'static str {
    if at < 25.0 {
        "start"
    } else if at > 75.0 {
        "end"
    } else {
        "middle"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::time;

    /// A find of one in a million is seen, and what was not scanned is not drawn as nothing.
    #[test]
    fn little_shows_and_unknown_does_not() {
        let drawn = bars(Some(1_000_000), Some(1), 1_000_000).into_string();
        assert!(drawn.contains("width=\"100.00%\"") && drawn.contains("width=\"0.80%\""), "{drawn}");
        assert!(!bars(Some(5), None, 5).into_string().contains("after-bar"));
        assert!(bars(None, Some(0), 0).into_string().contains("width=\"1\""));
    }

    /// However many things happen at once, each has a place in the picture.
    #[test]
    fn a_time_line_holds_any_times() {
        let at = |text: &str| time::parse(text).unwrap();
        assert_eq!(time_line(&[], None).into_string(), "");
        for count in [1, 2, 40] {
            let times = vec![at("2017-05-05T09:00:00Z"); count];
            let drawn = time_line(&times, Some(at("2017-06-30T00:00:00Z"))).into_string();
            assert_eq!(drawn.matches("<circle").count(), count);
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
