//! The nine checks of one attestation, for people and for programs.

use crate::report::json_v1::CheckV1;
use crate::report::text;
use crate::report::text::Style;
use crate::support::sanitize::clean;
use crate::verification::CheckResult;
use crate::verification::Status;
use std::fmt::Write;

/// A line a check, and what failed below it.
pub(super) fn words(checks: &[CheckResult], style: Style) -> String {
    let mut words = String::new();
    for check in checks {
        match &check.status {
            Status::Passed => {
                let _ = writeln!(words, "  V{} passed   {}", check.number, check.name);
            }
            Status::NotRun(because) => {
                let _ = writeln!(words, "  V{} not run  {}: {}", check.number, check.name, clean(because));
            }
            Status::Failed(failures) => {
                let _ = writeln!(words, "  V{} {}   {}", check.number, text::word("failed", style), check.name);
                for failure in failures {
                    let _ = writeln!(words, "       {}\n       help: {}", failure.reason, failure.help);
                }
            }
        }
    }
    words
}

/// The same for programs.
pub(super) fn json(checks: &[CheckResult]) -> Vec<CheckV1> {
    let of = |check: &CheckResult| {
        let (result, reason, help) = match &check.status {
            Status::Passed => ("passed", None, None),
            Status::NotRun(because) => ("not run", Some(because.clone()), None),
            Status::Failed(failures) => (
                "failed",
                Some(failures.iter().map(|failure| failure.reason.as_str()).collect::<Vec<_>>().join("; ")),
                failures.first().map(|failure| failure.help.to_owned()),
            ),
        };
        CheckV1 {
            check: format!("V{}", check.number),
            name: check.name.to_owned(),
            result: result.to_owned(),
            reason,
            help,
            doubts: check.doubts.iter().map(|doubt| doubt.reason.clone()).collect(),
        }
    };
    checks.iter().map(of).collect()
}
