//! The recipient's map file: how text files are written, what columns are taken for and what is left out, target by target.
//!
//! ```toml
//! [[target]]
//! match = "sqlite:crm.db#contacts"        # a target's name, or a pattern with `*`
//! [target.columns]
//! fname = { kind = "name", role = "given" }
//! notes = { kind = "ignored", reason = "holds the colour of the envelope" }
//! "*_colour" = { kind = "ignored", reason = "colours" }    # a pattern of names; a name itself goes before it
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
//! match = "sqlite:crm.db#staff*"
//! except = ["sqlite:crm.db#staff_old"]    # what is not left out all the same
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
    #[serde(default)]
    except: Vec<String>,
    reason: String,
}

/// Something of a map that has no effect on any target: most likely a slip of the pen.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum Unused {
    /// A pattern that matches no target.
    #[error("`{0}` matches no target")]
    Pattern(String),
    /// A pattern of `except` that keeps no target from being left out.
    #[error("`{except}`, an exception of `{pattern}`, matches no target that would be left out")]
    Exception {
        /// The rule.
        pattern: String,
        /// The exception.
        except: String,
    },
    /// A name or pattern of columns that no target of the rule has.
    #[error("no target that `{pattern}` matches has a column `{column}`")]
    Column {
        /// The rule.
        pattern: String,
        /// The column.
        column: String,
    },
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
    /// A part of the map that has no effect.
    #[error(transparent)]
    Unused(#[from] Unused),
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
            for except in &rule.except {
                pattern(except)?;
            }
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

    /// Applies the rules of a target to what was inferred. Of several rules for one column the last says what it holds: those before it must
    /// not hide what the column looked like. A rule that names the target itself has to find its columns there, and holds for what else the same
    /// file keeps of them: values that only a dictionary has stand under their column's name.
    pub(crate) fn apply(&self, target: &str, mapping: &mut Mapping) -> Result<(), MapError> {
        let file = target.split_once("#(").map_or(target, |(file, _)| file);
        let matching = || self.target.iter().filter(|rules| matches(&rules.pattern, target) || rules.pattern == file);
        let names: Vec<String> = mapping.columns.iter().map(|taken| taken.name.clone()).collect();
        for rules in matching().filter(|rules| rules.pattern == target) {
            if let Some(column) = rules.columns.keys().find(|column| !is_any(column, &names)) {
                return Err(MapError::NoColumn { target: target.to_owned(), column: column.clone() });
            }
        }
        for taken in &mut mapping.columns {
            let mut patterns = Vec::new();
            let mut exact = Vec::new();
            for rules in matching() {
                exact.extend(rules.columns.get(&taken.name));
                let of_patterns =
                    rules.columns.iter().filter(|(column, _)| !names.contains(*column) && matches(column, &taken.name));
                let mut of_patterns: Vec<_> = of_patterns.collect();
                // The longest says most.
                of_patterns.sort_by_key(|(column, _)| column.len());
                patterns.extend(of_patterns.into_iter().map(|(_, rule)| rule));
            }
            patterns.append(&mut exact);
            let last = patterns.iter().rposition(|rule| rule.usage.is_some()).unwrap_or(0);
            for rule in &patterns[last..] {
                apply_rule(taken, rule)
                    .map_err(|_| MapError::NotAField { target: target.to_owned(), column: taken.name.clone() })?;
            }
        }
        Ok(())
    }

    /// Why a target is left out, where it is.
    pub(crate) fn exclusion(&self, target: &str) -> Option<&str> {
        self.exclude.iter().find(|rule| rule.leaves_out(target)).map(|rule| rule.reason.as_str())
    }

    /// The rules for columns, by the pattern of their targets.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, ColumnRule>)> {
        self.target.iter().map(|rules| (rules.pattern.as_str(), &rules.columns))
    }

    /// The patterns of what is left out, each with its exceptions and its reason.
    pub(crate) fn exclusions(&self) -> impl Iterator<Item = (&str, &[String], &str)> {
        self.exclude.iter().map(|rule| (rule.pattern.as_str(), rule.except.as_slice(), rule.reason.as_str()))
    }

    /// What has no effect on any of the targets, each given with the names of its columns, where they are known.
    pub(crate) fn unused(&self, targets: &[(&str, Option<Vec<String>>)]) -> Vec<Unused> {
        let mut unused = Vec::new();
        let is_met = |pattern: &str| targets.iter().any(|(target, _)| matches(pattern, target));
        for rules in &self.target {
            let pattern = rules.pattern.clone();
            if !is_met(&pattern) {
                unused.push(Unused::Pattern(pattern));
                continue;
            }
            // What could not be opened may have any column.
            let has = |column: &str| {
                let mut met = targets.iter().filter(|(target, _)| matches(&pattern, target));
                met.any(|(_, columns)| columns.as_ref().is_none_or(|columns| is_any(column, columns)))
            };
            let missing = rules.columns.keys().filter(|column| !has(column));
            unused.extend(missing.map(|column| Unused::Column { pattern: pattern.clone(), column: column.clone() }));
        }
        for rule in &self.exclude {
            let pattern = rule.pattern.clone();
            if !is_met(&pattern) {
                unused.push(Unused::Pattern(pattern));
                continue;
            }
            let keeps = |except: &str| targets.iter().any(|(target, _)| matches(&pattern, target) && is_kept(except, target));
            let idle = rule.except.iter().filter(|except| !keeps(except));
            unused.extend(idle.map(|except| Unused::Exception { pattern: pattern.clone(), except: except.clone() }));
        }
        unused
    }
}

impl ExcludeRule {
    fn leaves_out(&self, target: &str) -> bool {
        matches(&self.pattern, target) && !self.except.iter().any(|except| is_kept(except, target))
    }
}

/// Whether an exception holds for a target. One for tables of a source keeps the source itself too: where it cannot be opened, that is not
/// left out, but not seen.
fn is_kept(except: &str, target: &str) -> bool {
    matches(except, target) || except.split_once('#').is_some_and(|(source, _)| matches(source, target))
}

/// Whether a name or pattern is that of any of the columns.
fn is_any(column: &str, names: &[String]) -> bool {
    names.iter().any(|name| matches(column, name))
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
    use crate::intake::Taken;
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
        let columns = || Some(vec!["fn".to_owned(), "notes".to_owned()]);
        assert_eq!(map.unused(&[("sqlite:crm.db#staff", columns())]), []);
        assert_eq!(map.unused(&[("sqlite:crm.db#people", columns())]), [Unused::Pattern("sqlite:crm.db#staff".into())]);
        let exact = MapFile::parse(&FILE.replace("crm.db#*", "crm.db#contacts")).unwrap();
        let mut mapping = infer(["fn", "other"], &Profiles::default());
        assert!(
            matches!(exact.apply("sqlite:crm.db#contacts", &mut mapping), Err(MapError::NoColumn { column, .. }) if column == "notes")
        );
    }

    #[test]
    fn only_what_is_excepted_can_be_kept() {
        let map = "[[exclude]]\nmatch = 'postgres://h/*'\nexcept = ['postgres://h/crm#public.contacts', 'postgres://h/crm#public.mail*']\nreason = 'x'";
        let map = MapFile::parse(map).unwrap();
        let is_left_out = |target| map.exclusion(target).is_some();
        assert!(is_left_out("postgres://h/crm#public.orders") && is_left_out("postgres://h/other"));
        assert!(!is_left_out("postgres://h/crm#public.contacts") && !is_left_out("postgres://h/crm#public.mailing"));
        // Where the database cannot be opened, what was to be kept in it is not seen.
        assert!(!is_left_out("postgres://h/crm"));
        let target = |name| (name, Some(Vec::new()));
        assert_eq!(map.unused(&[target("postgres://h/crm#public.contacts"), target("postgres://h/crm#public.mailing")]), []);
        let unused = map.unused(&[target("postgres://h/crm#public.contacts")]);
        assert!(matches!(unused.as_slice(), [Unused::Exception { except, .. }] if except.ends_with("mail*")), "{unused:?}");
        assert!(MapFile::parse("[[exclude]]\nmatch='a'\nexcept=['[']\nreason='x'").is_err());
    }

    #[test]
    fn columns_may_be_patterns() {
        let map = "[[target]]\nmatch = 'a#*'\n[target.columns]\n'*_note' = { kind = 'ignored', reason = 'x' }\nold_note = { kind = 'text' }\n\
                   '*nick_note' = { kind = 'name' }";
        let map = MapFile::parse(map).unwrap();
        let words = |columns: &[&str]| {
            let mut mapping = infer(columns.iter().copied(), &Profiles::default());
            map.apply("a#b", &mut mapping).unwrap();
            mapping.columns.iter().map(Taken::words).collect::<Vec<_>>()
        };
        assert_eq!(words(&["a_note", "old_note", "nick_note", "note"]), ["excluded", "text", "name.full", "text"]);
        // Not every target of a pattern has every column, but one has to.
        assert_eq!(words(&["other"]), ["text"]);
        let columns = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let (first, second) = (("a#b", columns(&["old_note"])), ("a#c", columns(&["nick_note"])));
        assert_eq!(map.unused(&[first.clone(), second]), []);
        assert_eq!(
            map.unused(std::slice::from_ref(&first)),
            [Unused::Column { pattern: "a#*".into(), column: "*nick_note".into() }]
        );
        assert_eq!(map.unused(&[first, ("a#c", None)]), []);
        // A target that is named has to have them.
        let named = MapFile::parse("[[target]]\nmatch = 'a#b'\n[target.columns]\n'x*' = { kind = 'text' }").unwrap();
        assert!(matches!(named.apply("a#b", &mut infer(["y"], &Profiles::default())), Err(MapError::NoColumn { .. })));
    }

    #[test]
    fn a_rule_for_a_file_holds_for_what_else_it_keeps_of_the_column() {
        let map = MapFile::parse(
            "[[target]]\nmatch = 'a.parquet'\n[target.columns]\nc1 = { kind = 'email' }\nc2 = { kind = 'phone' }\n",
        )
        .unwrap();
        let mut mapping = infer(["c1"], &Profiles::default());
        map.apply("a.parquet#(values of c1 that no row uses)", &mut mapping).unwrap();
        assert_eq!(mapping.columns[0].words(), "email.main");
    }

    #[test]
    fn a_later_rule_does_not_hide_what_an_earlier_one_left_out() {
        let rule =
            |kind: &str| format!("[[target]]\nmatch = 'a'\n[target.columns]\nemail = {{ kind = '{kind}', reason = 'x' }}\n");
        let map = MapFile::parse(&format!("{}{}", rule("ignored"), rule("text"))).unwrap();
        let mut mapping = infer(["email"], &Profiles::default());
        map.apply("a", &mut mapping).unwrap();
        assert_eq!(mapping.columns[0].words(), "text");
        assert!(mapping.columns[0].is_left_out(), "{:?}", mapping.columns[0]);
    }
}
