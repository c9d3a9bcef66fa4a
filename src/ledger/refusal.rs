//! Declarations of a recipient one by one, and those that the originator refused: by their digest, so that one that is given again is known, word for word.

use crate::attestation::dsse::sha256;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::ledger::Challenge;
use crate::ledger::entry::RefusedEntry;
use crate::support::hex;
use crate::support::sanitize;
use serde::Serialize;
use std::collections::BTreeSet;

/// Every declaration, in the order in which they are shown. `excluded` is what a map file left out besides.
pub(crate) fn items(declared: &Declarations, excluded: &[Exclusion]) -> Vec<RefusedEntry> {
    let lawful = declared.lawful_sources.iter().filter_map(|lawful| item("lawful source", &lawful.name, lawful));
    let removed = declared.removed.iter().filter_map(|removed| item("removed target", &removed.target, removed));
    let backups = declared.backups.iter().filter_map(|backup| item("backup", &backup.system, backup));
    let systems = declared.not_scanned.iter().filter_map(|system| item("system not scanned", &system.system, system));
    let onward = declared.onward.iter().filter_map(|onward| item("onward recipient", &onward.recipient, onward));
    let exclusions = declared.exclusions.iter().chain(excluded).filter_map(|exclusion| {
        let column = exclusion.column.as_ref().map_or_else(String::new, |column| format!(", column {column}"));
        item("exclusion", &format!("{}{column}", exclusion.target), exclusion)
    });
    // There may be as many as a file of a stranger has room for.
    let mut known = BTreeSet::new();
    let all = lawful.chain(removed).chain(backups).chain(systems).chain(onward).chain(exclusions);
    all.filter(|item| known.insert((item.kind.clone(), item.sha256.clone()))).collect()
}

/// Its digest is over the JSON in which attestations and challenges have it.
fn item(kind: &str, name: &str, declaration: &impl Serialize) -> Option<RefusedEntry> {
    let json = serde_json::to_vec(declaration).ok()?;
    Some(RefusedEntry { kind: kind.to_owned(), name: sanitize::clean(name), sha256: hex::encode(&sha256(&json)) })
}

impl RefusedEntry {
    /// It in a few words.
    pub(crate) fn words(&self) -> String {
        format!("{} `{}`", sanitize::clean(&self.kind), sanitize::clean(&self.name))
    }

    /// Whether it is the same declaration, word for word.
    pub(crate) fn is(&self, other: &RefusedEntry) -> bool {
        (&self.kind, &self.sha256) == (&other.kind, &other.sha256)
    }
}

impl Challenge {
    /// Whether the challenge refused a declaration.
    pub(crate) fn refuses(&self, item: &RefusedEntry) -> bool {
        self.entry.refused.iter().any(|refused| refused.is(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[lawful_source]]
        name = "register"
        target = "crm.db#register"
        source = "bought each year"
        [[removed]]
        target = "exports/mailing.csv"
        reason = "deleted"
        [[backup]]
        system = "tape"
        last_copy = "2017-06-29"
        roll_off = "2017-09-29"
        rotation = "three months"
        beyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }
        [[not_scanned]]
        system = "archive"
        reason = "offline"
        [[onward]]
        recipient = "the mailing house"
        reason = "printed the letters"
        [[exclusion]]
        target = "crm.db#contacts"
        column = "fax"
        reason = "not used"
    "#;

    #[test]
    fn each_declaration_is_one_and_any_other_word_is_another() {
        let declared: Declarations = toml::from_str(FILE).unwrap();
        let all = items(&declared, &[]);
        let words: Vec<String> = all.iter().map(RefusedEntry::words).collect();
        assert_eq!(
            words,
            [
                "lawful source `register`",
                "removed target `exports/mailing.csv`",
                "backup `tape`",
                "system not scanned `archive`",
                "onward recipient `the mailing house`",
                "exclusion `crm.db#contacts, column fax`",
            ]
        );
        // What a map leaves out and the file names too is one.
        assert_eq!(items(&declared, &declared.exclusions), all);
        for (from, to) in [
            ("bought", "had"),
            ("deleted\"", "gone\""),
            ("three", "two"),
            ("offline", "lost"),
            ("printed", "sent"),
            ("not used\"", "old\""),
        ] {
            let other: Declarations = toml::from_str(&FILE.replacen(from, to, 1)).unwrap();
            let changed = items(&other, &[]).iter().zip(&all).filter(|(other, item)| !other.is(item)).count();
            assert_eq!(changed, 1, "{from}");
        }
    }
}
