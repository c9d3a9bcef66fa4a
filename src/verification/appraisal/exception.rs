//! Copies in backups that cannot be changed, for which a clear appraisal does not speak: accepted with a day, and open again after it.

use crate::attestation::predicate_v1::AttestationV1;
use crate::finding::Phase;
use crate::ledger::entry::Conclusion;
use crate::ledger::entry::ExceptionEntry;
use crate::ledger::entry::clear_until;
use crate::support::sanitize;
use crate::verification::Context;
use crate::verification::appraisal::Appraisal;
use crate::verification::check;
use jiff::civil::Date;

impl Appraisal {
    /// Notes the exceptions of an appraisal that is clear. Beside a worse one they mean nothing.
    pub(in crate::verification) fn except(&mut self, exceptions: Vec<ExceptionEntry>) {
        if self.conclusion == Conclusion::Clear {
            self.exceptions = exceptions;
        }
    }

    /// The last day on which a clear appraisal holds as it is; `None` where it has no exceptions.
    pub(crate) fn clear_until(&self) -> Option<Date> {
        clear_until(&self.exceptions)
    }
}

/// The declared backups that the challenge accepts, the one that is gone first before the others.
pub(in crate::verification) fn exceptions(context: &Context<'_>, stated: &AttestationV1) -> Vec<ExceptionEntry> {
    if context.entry.phase == Phase::Baseline {
        return Vec::new();
    }
    let accepted = check::declaration::accepted_backups(stated, &context.challenge.policy.accept);
    let mut exceptions: Vec<ExceptionEntry> = accepted
        .map(|backup| ExceptionEntry {
            system: sanitize::clean(&backup.system),
            last_copy: sanitize::clean(&backup.last_copy),
            roll_off: sanitize::clean(&backup.roll_off),
            rotation: sanitize::clean(&backup.rotation),
        })
        .collect();
    exceptions.sort_by(|one, other| (&one.roll_off, &one.system).cmp(&(&other.roll_off, &other.system)));
    exceptions
}
