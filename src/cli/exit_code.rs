//! The exit codes, which are an interface: scripts and schedulers read them (`docs/exit-codes.md`). All other codes are reserved.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// The command did what was asked; of a scan: `clear`, or a baseline that found its share; of a verification: passed and clear.
    Clear = 0,
    /// The command could not do what was asked.
    Error = 1,
    /// The command line was not understood.
    Usage = 2,
    /// Nothing was proved either way; something was not seen.
    Inconclusive = 10,
    /// Supplied records remain, or people of them without a declared lawful source.
    Residual = 11,
    /// A check of an attestation failed, a manifest is not that of the data, a time stamp or a bundle does not fit, or a ledger is not sound.
    VerificationFailed = 12,
    /// Something is overdue.
    Overdue = 13,
}

impl ExitCode {
    /// Of several results the worst counts: an error, then a failed verification, residual, inconclusive, overdue, clear.
    pub(crate) fn worst(self, other: ExitCode) -> ExitCode {
        if self.rank() >= other.rank() { self } else { other }
    }

    fn rank(self) -> u8 {
        match self {
            ExitCode::Clear => 0,
            ExitCode::Overdue => 1,
            ExitCode::Inconclusive => 2,
            ExitCode::Residual => 3,
            ExitCode::VerificationFailed => 4,
            ExitCode::Error | ExitCode::Usage => 5,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let order = [
            ExitCode::Error,
            ExitCode::VerificationFailed,
            ExitCode::Residual,
            ExitCode::Inconclusive,
            ExitCode::Overdue,
            ExitCode::Clear,
        ];
        for (index, worse) in order.iter().enumerate() {
            for better in &order[index..] {
                assert_eq!(worse.worst(*better), *worse);
                assert_eq!(better.worst(*worse), *worse);
            }
        }
    }
}
