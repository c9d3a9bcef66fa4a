//! What a recipient does about a challenge that came in: scan now, later, or not at all, and why.

use crate::attestation::predicate_v1::ChallengeV1;
use crate::schedule::hours::Hours;
use crate::support::time;
use jiff::SignedDuration;
use jiff::Timestamp;

/// What becomes of a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is scanned for now.
    Scan,
    /// It was answered before.
    Answered,
    /// It waits until this moment, for a reason.
    Later(Timestamp, String),
    /// It waits for something that a person has to bring, for a reason.
    Person(String),
    /// It can no longer be answered, for a reason.
    Over(String),
}

/// What is known of a challenge besides what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known<'a> {
    /// Whether an attestation was signed for it.
    pub(crate) is_answered: bool,
    /// Whether the manifest that it is about was found.
    pub(crate) has_manifest: bool,
    /// The hours in which a scan may begin.
    pub(crate) hours: Option<&'a Hours>,
}

/// Decides about a challenge whose signature holds.
pub(crate) fn turn(challenge: &ChallengeV1, known: Known<'_>, now: Timestamp) -> Turn {
    if known.is_answered {
        return Turn::Answered;
    }
    let (Some(issued), Some(expires)) = (time::parse(&challenge.issued_at), time::parse(&challenge.expires_at)) else {
        return Turn::Over("it has no valid times".to_owned());
    };
    let tolerance = SignedDuration::from_secs(i64::try_from(challenge.tolerance_seconds).unwrap_or(0).min(86_400));
    if now.duration_since(expires) > tolerance {
        return Turn::Over(format!("it expired at {}", challenge.expires_at));
    }
    if issued.duration_since(now) > tolerance {
        return Turn::Later(issued, "it was issued later than this machine's clock says: set the clock".to_owned());
    }
    if !known.has_manifest {
        return Turn::Person("the manifest that it is about is not in the inbox".to_owned());
    }
    match known.hours {
        Some(hours) if !hours.is_open(now) => {
            let opening = hours.next(now);
            // What would be answered too late by waiting is not put off.
            if opening >= expires { Turn::Scan } else { Turn::Later(opening, format!("scans begin from {}", hours.words())) }
        }
        _ => Turn::Scan,
    }
}
