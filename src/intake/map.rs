//! The recipient's map file: how text files are written, what columns are taken for and what is left out, target by target.
//!
//! ```toml
//! [[target]]
//! match = "sqlite:crm.db#contacts"        # a target's name, or a pattern with `*`
//! [target.columns]
//! fname = { kind = "name", role = "given" }
//! notes = { kind = "ignored", reason = "holds the colour of the envelope" }
//!
//! [[target]]
//! match = "exports/*.txt"                 # a text file's name: how it is written, where that is not recognised
//! delimiter = ";"                         # one character, or "tab"
//! header = true
//! encoding = "windows-1252"
//! # widths = [12, 20, 8]                  # instead of a delimiter: columns of so many characters
//! # packed = true                         # whose values may touch
//!
//! [[exclude]]
//! match = "sqlite:crm.db#staff"
//! reason = "our own employees"
//! ```

use crate::intake::Mapping;
use crate::intake::infer::apply_rule;
use crate::record::schema::ColumnRule;
use crate::record::schema::Usage;
use crate::source::Label;
use crate::source::TextOptions;
use crate::source::TextRule;
use crate::support::toml_fault;
use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// A parsed map file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapFile {
    /// Rules for columns.
    #[serde(default)]
    target: Vec<TargetRules>,
    /// Targets left out.
    #[serde(default)]
    exclude: Vec<ExcludeRule>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRules {
    #[serde(rename = "match")]
    pattern: String,
    delimiter: Option<String>,
    header: Option<bool>,
    encoding: Option<String>,
    widths: Option<Vec<usize>>,
    packed: Option<bool>,
    #[serde(default)]
    columns: BTreeMap<String, ColumnRule>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExcludeRule {
    #[serde(rename = "match")]
    pattern: String,
    reason: String,
}

/// A map file that cannot be used: the fault is its writer's.
#[derive(Debug, Error)]
pub(crate) enum MapError {
    /// It is no TOML, or has members or words that it must not have.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A pattern that is none.
    #[error("`{0}` is not a pattern")]
    Pattern(String),
    /// What is said about how a text is written says nothing.
    #[error("`{pattern}`: {fault}")]
    Text {
        /// The rule.
        pattern: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Something is left out without a reason.
    #[error("`{0}` is left out without a reason")]
    NoReason(String),
    /// A rule for a target that names a column which it has not.
    #[error("target `{target}` has no column `{column}`")]
    NoColumn {
        /// The target.
        target: String,
        /// The column.
        column: String,
    },
    /// A rule states the origin of a column that is taken for nothing that has one.
    #[error("target `{target}`: column `{column}` is taken for nothing that has an origin")]
    NotAField {
        /// The target.
        target: String,
        /// The column.
        column: String,
    },
    /// A rule that matched no target at all: most likely a slip of the pen.
    #[error("`{0}` matches no target")]
    Unused(String),
}

impl MapFile {
    /// Reads a map file.
    pub(crate) fn parse(text: &str) -> Result<MapFile, MapError> {
        let map: MapFile = toml::from_str(text).map_err(|error| {
            let (line, message) = toml_fault::describe(text, &error);
            MapError::Syntax { line, message }
        })?;
        for rules in &map.target {
            pattern(&rules.pattern)?;
            rules.text()?;
            for (column, rule) in &rules.columns {
                if rule.usage == Some(Usage::Ignored) && rule.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                    return Err(MapError::NoReason(column.clone()));
                }
            }
        }
        for rule in &map.exclude {
            pattern(&rule.pattern)?;
            if rule.reason.trim().is_empty() {
                return Err(MapError::NoReason(rule.pattern.clone()));
            }
        }
        Ok(map)
    }

    /// How text files are written.
    pub(crate) fn text_rules(&self) -> Vec<TextRule> {
        let rule = |rules: &TargetRules| Some(TextRule { pattern: pattern(&rules.pattern).ok()?, text: rules.text().ok()? });
        self.target.iter().filter_map(rule).filter(|rule| rule.text != TextOptions::default()).collect()
    }

    /// Applies the rules of a target to what was inferred.
    pub(crate) fn apply(&self, target: &str, mapping: &mut Mapping) -> Result<(), MapError> {
        for rules in self.target.iter().filter(|rules| matches(&rules.pattern, target)) {
            for (column, rule) in &rules.columns {
                let place = || (target.to_owned(), column.clone());
                let Some(taken) = mapping.columns.iter_mut().find(|taken| taken.name == *column) else {
                    let (target, column) = place();
                    return Err(MapError::NoColumn { target, column });
                };
                apply_rule(taken, rule).map_err(|_| {
                    let (target, column) = place();
                    MapError::NotAField { target, column }
                })?;
            }
        }
        Ok(())
    }

    /// Why a target is left out, where it is.
    pub(crate) fn exclusion(&self, target: &str) -> Option<&str> {
        self.exclude.iter().find(|rule| matches(&rule.pattern, target)).map(|rule| rule.reason.as_str())
    }

    /// The rules for columns, by the pattern of their targets.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, ColumnRule>)> {
        self.target.iter().map(|rules| (rules.pattern.as_str(), &rules.columns))
    }

    /// The patterns of what is left out, each with its reason.
    pub(crate) fn exclusions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.exclude.iter().map(|rule| (rule.pattern.as_str(), rule.reason.as_str()))
    }

    /// The patterns that match none of the targets.
    pub(crate) fn unused<'a>(&self, targets: &(impl Iterator<Item = &'a str> + Clone)) -> Vec<String> {
        let patterns = self.target.iter().map(|rules| &rules.pattern).chain(self.exclude.iter().map(|rule| &rule.pattern));
        patterns.filter(|pattern| !targets.clone().any(|target| matches(pattern, target))).cloned().collect()
    }
}

impl TargetRules {
    fn text(&self) -> Result<TextOptions, MapError> {
        let fault = |fault| MapError::Text { pattern: self.pattern.clone(), fault };
        let delimiter = match self.delimiter.as_deref() {
            None => None,
            Some("tab" | "\t") => Some(b'\t'),
            Some(text) => match text.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
                _ => return Err(fault("a delimiter is one character other than a quote, or `tab`")),
            },
        };
        let encoding = self.encoding.as_deref().map(|label| {
            Label::parse(label)
                .map(Label::of_one_file)
                .ok_or(fault("unknown name of an encoding; write for instance `utf-16le`, `windows-1252` or `windows-1250`"))
        });
        if self.widths.as_ref().is_some_and(|widths| widths.is_empty() || widths.contains(&0)) {
            return Err(fault("widths are numbers of characters"));
        }
        if delimiter.is_some() && self.widths.is_some() {
            return Err(fault("lines are divided by a delimiter or by widths, not by both"));
        }
        if self.packed.is_some() && self.widths.is_none() {
            return Err(fault("`packed` goes with `widths`"));
        }
        let (widths, is_packed) = (self.widths.clone(), self.packed.unwrap_or(false));
        Ok(TextOptions {
            delimiter,
            header: self.header,
            encoding: encoding.transpose()?,
            widths,
            is_packed,
            is_shape_of_one: false,
        })
    }
}

fn pattern(text: &str) -> Result<glob::Pattern, MapError> {
    glob::Pattern::new(text).map_err(|_| MapError::Pattern(text.to_owned()))
}

fn matches(pattern_text: &str, target: &str) -> bool {
    pattern_text == target || pattern(pattern_text).is_ok_and(|pattern| pattern.matches(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::infer::infer;
    use crate::intake::profile::Profiles;

    const FILE: &str = r#"
        [[target]]
        match = "sqlite:crm.db#*"
        [target.columns]
        fn = { kind = "name", role = "given" }
        notes = { kind = "ignored", reason = "colour of the envelope" }

        [[exclude]]
        match = "sqlite:crm.db#staff"
        reason = "our own employees"
    "#;

    #[test]
    fn rules_replace_what_was_inferred() {
        let map = MapFile::parse(FILE).unwrap();
        let mut mapping = infer(["fn", "notes"], &Profiles::default());
        map.apply("sqlite:crm.db#contacts", &mut mapping).unwrap();
        assert_eq!(mapping.columns[0].words(), "name.given");
        assert_eq!(mapping.columns[1].words(), "excluded");
        assert_eq!(map.exclusion("sqlite:crm.db#staff"), Some("our own employees"));
        assert_eq!(map.exclusion("sqlite:crm.db#contacts"), None);
    }

    #[test]
    fn slips_are_errors() {
        let error = |text: &str| MapFile::parse(text).unwrap_err().to_string();
        assert!(error("[[exclude]]\nmatch='a'\nreason=' '").contains("without a reason"));
        assert!(error("[[target]]\nmatch='a'\n[target.columns]\nx={kind='ignored'}").contains("without a reason"));
        assert!(error("[[target]]\nmatch='a'\n[target.columns]\nx={kind='nonsense'}").contains("line"));
        let map = MapFile::parse(FILE).unwrap();
        assert_eq!(map.unused(&["sqlite:crm.db#staff"].into_iter()), Vec::<String>::new());
        assert_eq!(map.unused(&["sqlite:crm.db#people"].into_iter()), ["sqlite:crm.db#staff"]);
        let mut mapping = infer(["other"], &Profiles::default());
        assert!(map.apply("sqlite:crm.db#contacts", &mut mapping).is_err());
    }
}
