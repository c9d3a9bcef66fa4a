//! What was agreed on a supply besides the day: it stands in the signed statement, where the recipient reads it, and in the ledger.

use crate::cli::failure::advised;
use crate::support::sanitize::clean;
use clap::Args;

/// Characters of one of these texts: a sentence or two, and no contract.
const MOST_CHARACTERS: usize = 1_000;

/// What was agreed, in words.
#[derive(Args, Debug, Default)]
pub(super) struct Agreement {
    /// What the data are for; stands in the signed statement, as what follows does
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) purpose: String,
    /// The contract under which they are supplied: its number, or what else it is found by
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) contract: String,
    /// On what you base that you may supply them: `consent`, `contract`, `legitimate interests` …
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) lawful_basis: String,
    /// How the recipient is to delete them, backups among them
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) manner: String,
}

impl Agreement {
    /// Refuses what would not be one line in the hands of those who read it.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for (option, text) in [
            ("--purpose", &self.purpose),
            ("--contract", &self.contract),
            ("--lawful-basis", &self.lawful_basis),
            ("--manner", &self.manner),
        ] {
            if text.chars().any(char::is_control) {
                return Err(advised(
                    format!("`{option}` holds a line break or another control character: `{}`", clean(text)),
                    "write it in one line",
                ));
            }
            if text.chars().count() > MOST_CHARACTERS {
                return Err(advised(
                    format!("`{option}` is longer than {MOST_CHARACTERS} characters"),
                    "name the document that says it",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_is_refused() {
        let of = |contract: String| Agreement { contract, ..Agreement::default() };
        assert!(of("DPA-2017/12, §4 – “deletion”".to_owned()).check().is_ok());
        for contract in ["two\nlines".to_owned(), "bell\u{7}".to_owned(), "é".repeat(MOST_CHARACTERS + 1)] {
            assert!(of(contract).check().is_err());
        }
        assert!(of("é".repeat(MOST_CHARACTERS)).check().is_ok());
    }
}
