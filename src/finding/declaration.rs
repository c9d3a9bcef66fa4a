//! What people declare and the tool cannot verify, and the policy by which an originator accepts it.
//!
//! One form serves the recipient's `--declare` file (TOML), the attestation and the challenge (JSON), so that acceptance is equality: a
//! declaration is accepted when the signed challenge holds the same one, word for word. (The digests of downstream attestations are no part
//! of it: [`Onward::is_same`].)

use crate::support::hex;
use crate::support::time;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most attestations that are named of one onward recipient.
const MOST_ATTESTATIONS: usize = 1_000;

/// Everything declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Declarations {
    /// Targets, or rows of them, that the recipient holds from elsewhere.
    #[serde(default, alias = "lawful_source")]
    pub(crate) lawful_sources: Vec<LawfulSource>,
    /// Targets that stood in the baseline and are gone.
    #[serde(default)]
    pub(crate) removed: Vec<Removed>,
    /// Backups that still hold the data until they roll off.
    #[serde(default, alias = "backup")]
    pub(crate) backups: Vec<Backup>,
    /// Systems that were not scanned.
    #[serde(default, alias = "not_scanned")]
    pub(crate) not_scanned: Vec<NotScanned>,
    /// Others to whom the data went on.
    #[serde(default)]
    pub(crate) onward: Vec<Onward>,
    /// Targets and columns left out of the scan.
    #[serde(default, alias = "exclusion")]
    pub(crate) exclusions: Vec<Exclusion>,
}

/// A target, or the rows of it with a certain cell, whose people the recipient holds lawfully from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LawfulSource {
    /// A short name, unique among the declarations.
    pub(crate) name: String,
    /// The target's name.
    pub(crate) target: String,
    /// Where the people come from, in words.
    pub(crate) source: String,
    /// Only the rows that have this cell; without it, all rows of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<RowRule>,
}

/// Rows whose column holds exactly this text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RowRule {
    /// The column's name.
    pub(crate) column: String,
    /// The cell's whole text.
    pub(crate) equals: String,
}

/// A target of the baseline that no longer exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Removed {
    /// The target's name in the baseline.
    pub(crate) target: String,
    /// Why it is gone.
    pub(crate) reason: String,
}

/// A backup that cannot be changed, and when it is gone by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Backup {
    /// The backup system.
    pub(crate) system: String,
    /// The day of the last copy that holds the data: `2017-06-30`.
    #[serde(alias = "last_copy")]
    pub(crate) last_copy: String,
    /// The day on which the last such copy is overwritten.
    #[serde(alias = "roll_off")]
    pub(crate) roll_off: String,
    /// How copies are rotated, in words.
    pub(crate) rotation: String,
    /// The four conditions under which the ICO regards data as put beyond use.
    #[serde(alias = "beyond_use")]
    pub(crate) beyond_use: BeyondUse,
}

impl Backup {
    /// Why the backup cannot stand as an exception on a UTC day, in words; `None` where it can. Copies that are neither put beyond use nor sure to
    /// be overwritten are data that were kept.
    pub(crate) fn weakness(&self, day: Date) -> Option<String> {
        let promises = &self.beyond_use;
        let lacking: Vec<&str> = [
            (promises.not_used, "that they are not used"),
            (promises.not_shared, "that they are not shared"),
            (promises.secured, "that they are secured"),
            (promises.will_be_deleted, "that they will be deleted"),
        ]
        .into_iter()
        .filter_map(|(is_given, promise)| (!is_given).then_some(promise))
        .collect();
        if !lacking.is_empty() {
            return Some(format!("of its copies it is not promised {}", lacking.join(", nor ")));
        }
        if self.system.trim().is_empty() || self.rotation.trim().is_empty() {
            return Some("it lacks the name of its system or its rotation".to_owned());
        }
        let (Some(last_copy), Some(roll_off)) = (time::parse_day(&self.last_copy), time::parse_day(&self.roll_off)) else {
            return Some("it has a day that is not of the form 2017-06-30".to_owned());
        };
        if roll_off <= last_copy {
            Some(format!("its last copy of {last_copy} cannot be overwritten on {roll_off}"))
        } else if roll_off < day {
            Some(format!("the day on which its last copy was to be overwritten has passed: {roll_off}"))
        } else {
            None
        }
    }
}

/// The conditions of the ICO's guidance "Deleting personal data": each `true` is a promise of the recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "four separate promises, each of which is given or not")]
pub(crate) struct BeyondUse {
    /// Not used to inform any decision about a person.
    #[serde(alias = "not_used")]
    pub(crate) not_used: bool,
    /// No other organisation is given access.
    #[serde(alias = "not_shared")]
    pub(crate) not_shared: bool,
    /// Guarded by technical and organisational security.
    pub(crate) secured: bool,
    /// Deleted for good as soon as that becomes possible.
    #[serde(alias = "will_be_deleted")]
    pub(crate) will_be_deleted: bool,
}

/// A system that may hold the data and was not scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NotScanned {
    /// The system.
    pub(crate) system: String,
    /// Why it was not scanned.
    pub(crate) reason: String,
}

/// Somebody to whom the data were passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Onward {
    /// Who.
    pub(crate) recipient: String,
    /// Why.
    pub(crate) reason: String,
    /// SHA-256 of the files in which that recipient attested to the declarer. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attestations: Vec<String>,
}

impl Onward {
    /// Whether both declare the same recipient for the same reason. What that recipient attested is evidence besides, which comes when it comes:
    /// naming it makes no other declaration, so that it breaks no acceptance, and it earns none either.
    pub(crate) fn is_same(&self, other: &Onward) -> bool {
        self.recipient == other.recipient && self.reason == other.reason
    }
}

/// A target, or one column of it, that the scan left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Exclusion {
    /// The target's name.
    pub(crate) target: String,
    /// The column; without it, the whole target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

impl Declarations {
    /// The first declaration that calls all rows of a target lawful.
    pub(crate) fn lawful_target(&self, target: &str) -> Option<&LawfulSource> {
        self.lawful_sources.iter().find(|lawful| lawful.rows.is_none() && lawful.target == target)
    }

    /// The declarations that call some rows of a target lawful.
    pub(crate) fn lawful_rows<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a LawfulSource> {
        self.lawful_sources.iter().filter(move |lawful| lawful.rows.is_some() && lawful.target == target)
    }

    /// Whether an onward recipient is among these, whatever attestations of it are named.
    pub(crate) fn has_onward(&self, declared: &Onward) -> bool {
        self.onward.iter().any(|onward| onward.is_same(declared))
    }

    /// Whether nothing is declared.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Declarations::default()
    }

    /// What is wrong with the declarations, in words; `None` where they can be used.
    pub(crate) fn fault(&self) -> Option<String> {
        let mut lawful_names = BTreeSet::new();
        for (index, lawful) in self.lawful_sources.iter().enumerate() {
            if lawful.name.trim().is_empty() || lawful.source.trim().is_empty() {
                return Some(format!("lawful source number {} lacks a name or a source", index + 1));
            }
            if !lawful_names.insert(&lawful.name) {
                return Some(format!("two lawful sources are named `{}`", lawful.name));
            }
        }
        for backup in &self.backups {
            if [&backup.last_copy, &backup.roll_off].iter().any(|day| time::parse_day(day).is_none()) {
                return Some(format!("backup `{}` has a day that is not of the form 2017-06-30", backup.system));
            }
        }
        let mut named = BTreeSet::new();
        for onward in &self.onward {
            let who = &onward.recipient;
            if onward.attestations.len() > MOST_ATTESTATIONS {
                return Some(format!("onward recipient `{who}` has more than {MOST_ATTESTATIONS} attestations"));
            }
            for digest in &onward.attestations {
                if hex::decode::<32>(digest).is_none() {
                    return Some(format!(
                        "an attestation of onward recipient `{who}` is not named by 64 lower-case hexadecimal digits"
                    ));
                }
                if !named.insert(digest) {
                    return Some(format!("onward recipient `{who}` has an attestation that is named twice"));
                }
            }
        }
        let reasons = (self.removed.iter().map(|removed| &removed.reason))
            .chain(self.not_scanned.iter().map(|system| &system.reason))
            .chain(self.onward.iter().map(|onward| &onward.reason))
            .chain(self.exclusions.iter().map(|exclusion| &exclusion.reason));
        if reasons.into_iter().any(|reason| reason.trim().is_empty()) {
            return Some("a declaration lacks its reason".to_owned());
        }
        None
    }
}

/// What the originator's signed challenge allows. The default allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Policy {
    /// The declarations that are accepted, each word for word.
    pub(crate) accept: Declarations,
    /// Keys that must have been looked for in at least one target.
    pub(crate) required_keys: Vec<String>,
    /// The share of the records that a baseline has to find, in percent.
    pub(crate) baseline_percent: u8,
    /// The share of a target's rows that may hold something of a person and form no key, in percent.
    pub(crate) unkeyed_percent: u8,
    /// Whether a supply without an accepted baseline may be judged at all.
    pub(crate) without_baseline: bool,
    /// Whether the targets may be empty: they hold no row of a person any more.
    pub(crate) empty_accepted: bool,
    /// Whether an officer of the recipient has to countersign the attestation. Absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) countersignature_required: bool,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            accept: Declarations::default(),
            required_keys: Vec::new(),
            baseline_percent: 95,
            unkeyed_percent: 1,
            without_baseline: false,
            empty_accepted: false,
            countersignature_required: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[lawful_source]]
        name = "electoral roll"
        target = "sqlite:crm.db#electoral_roll"
        source = "open register, bought each year"

        [[lawful_source]]
        name = "responders"
        target = "sqlite:crm.db#contacts"
        source = "answered the campaign"
        rows = { column = "source", equals = "reply card" }

        [[backup]]
        system = "tape"
        last_copy = "2017-06-30"
        roll_off = "2017-12-31"
        rotation = "monthly"
        beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }
    "#;

    #[test]
    fn the_file_and_the_wire_are_one_form() {
        let declared: Declarations = toml::from_str(FILE).unwrap();
        assert_eq!(declared.fault(), None);
        assert_eq!(declared.lawful_target("sqlite:crm.db#electoral_roll").unwrap().name, "electoral roll");
        assert!(declared.lawful_target("sqlite:crm.db#contacts").is_none());
        assert_eq!(declared.lawful_rows("sqlite:crm.db#contacts").count(), 1);
        let wire = serde_json::to_string(&declared).unwrap();
        assert!(wire.contains("beyondUse"));
        assert_eq!(serde_json::from_str::<Declarations>(&wire).unwrap(), declared);
    }

    #[test]
    fn faults_are_named() {
        let mut declared: Declarations = toml::from_str(FILE).unwrap();
        declared.lawful_sources[1].name = "electoral roll".into();
        assert_eq!(declared.fault().unwrap(), "two lawful sources are named `electoral roll`");
        declared.lawful_sources.clear();
        declared.backups[0].roll_off = "soon".into();
        assert!(declared.backups[0].weakness(day("2017-07-01")).unwrap().contains("not of the form"));
        assert!(declared.fault().unwrap().contains("tape"));
        assert!(toml::from_str::<Declarations>("[[lawful_sauce]]\nname='x'").is_err());
    }

    #[test]
    fn what_an_onward_recipient_attested_is_no_part_of_who_it_is() {
        let file = |attestations: &str| format!("[[onward]]\nrecipient = \"a printer\"\nreason = \"letters\"\n{attestations}");
        let plain: Declarations = toml::from_str(&file("")).unwrap();
        let wire = serde_json::to_string(&plain).unwrap();
        assert!(!wire.contains("attestations"), "{wire}");
        let digest = "0a".repeat(32);
        let named: Declarations = toml::from_str(&file(&format!("attestations = [\"{digest}\"]"))).unwrap();
        assert_eq!(named.fault(), None);
        let read: Declarations = serde_json::from_str(&serde_json::to_string(&named).unwrap()).unwrap();
        assert_eq!(read, named);
        assert!(plain.has_onward(&named.onward[0]) && named.has_onward(&plain.onward[0]));
        for other in [("a printer ", "letters"), ("a printer", "Letters")] {
            let (recipient, reason) = (other.0.to_owned(), other.1.to_owned());
            assert!(!plain.has_onward(&Onward { recipient, reason, attestations: Vec::new() }), "{other:?}");
        }
        let fault = |attestations: Vec<String>| {
            let mut declared = named.clone();
            declared.onward[0].attestations = attestations;
            declared.fault().unwrap()
        };
        for bad in [digest.to_uppercase(), digest[1..].to_owned(), String::new(), format!("{digest}0a")] {
            assert!(fault(vec![bad]).contains("64 lower-case hexadecimal digits"));
        }
        assert!(fault(vec![digest.clone(), digest.clone()]).contains("named twice"));
        assert!(fault(vec![digest.clone(); 1_001]).contains("more than 1000"));
        let mut two = named.clone();
        two.onward.push(Onward { recipient: "b".to_owned(), ..named.onward[0].clone() });
        assert!(two.fault().unwrap().contains("named twice"));
    }

    fn day(text: &str) -> Date {
        time::parse_day(text).unwrap()
    }

    #[test]
    fn a_backup_is_an_exception_with_four_promises_and_until_its_day() {
        let declared: Declarations = toml::from_str(FILE).unwrap();
        let tape = &declared.backups[0];
        for date in ["2017-07-01", "2017-12-31"] {
            assert_eq!(tape.weakness(day(date)), None, "{date}");
        }
        let weak = |change: &dyn Fn(&mut Backup), date: &str| {
            let mut tape = tape.clone();
            change(&mut tape);
            tape.weakness(day(date)).unwrap()
        };
        let now = "2017-07-01";
        assert_eq!(weak(&|_| (), "2018-01-01"), "the day on which its last copy was to be overwritten has passed: 2017-12-31");
        assert_eq!(
            weak(&|tape| tape.beyond_use.not_used = false, now),
            "of its copies it is not promised that they are not used"
        );
        assert!(weak(&|tape| tape.beyond_use.not_shared = false, now).contains("that they are not shared"));
        assert!(weak(&|tape| tape.beyond_use.secured = false, now).contains("that they are secured"));
        assert!(weak(&|tape| tape.beyond_use.will_be_deleted = false, now).contains("that they will be deleted"));
        assert!(weak(&|tape| tape.last_copy = "2017-12-31".into(), now).contains("cannot be overwritten on 2017-12-31"));
        assert!(weak(&|tape| tape.rotation = " ".into(), now).contains("lacks"));
        assert!(weak(&|tape| tape.system.clear(), now).contains("lacks"));
    }
}
