//! How the parts of a package refer to each other.

use super::package::Package;
use super::table::Halt;
use super::xml::attribute;
use super::xml::local;
use crate::support::progress::Cancel;
use quick_xml::events::Event;
use std::borrow::Cow;

/// The most references of one part that are heeded.
const MOST: usize = 1 << 16;

/// One part's reference to another.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type, for instance `worksheet`.
    pub(super) kind: String,
    /// The other part's name in the package.
    pub(super) target: String,
}

/// The references of a part, without those that lead out of the file. The package's own are those of the part without a name.
pub(super) fn relations(package: &Package, part: &str, cancel: &Cancel) -> Result<Vec<Relation>, Halt> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let separator = if folder.is_empty() { "" } else { "/" };
    let Some(index) = package.find(&format!("{folder}{separator}_rels/{file}.rels")) else { return Ok(Vec::new()) };
    package.with_xml(index, cancel, |xml| {
        let mut relations = Vec::new();
        loop {
            match xml.next()? {
                Event::Start(element) | Event::Empty(element) if local(element.name().as_ref()) == "Relationship" => {
                    if attribute(&element, "TargetMode").is_some_and(|mode| mode == "External") || relations.len() >= MOST {
                        continue;
                    }
                    let text = |name| attribute(&element, name).map(Cow::into_owned).unwrap_or_default();
                    let kind = text("Type").rsplit('/').next().unwrap_or_default().to_owned();
                    relations.push(Relation { id: text("Id"), kind, target: resolve(folder, &text("Target")) });
                }
                Event::Eof => return Ok(relations),
                _ => {}
            }
        }
    })
}

/// The name of a part that is given relative to a folder.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let whole = if target.starts_with('/') { target } else { format!("{folder}/{target}") };
    let mut steps = Vec::new();
    for step in whole.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_their_folder() {
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl/pivotTables", "../pivotCache/a.xml"), "xl/pivotCache/a.xml");
        assert_eq!(resolve("xl", "/xl/./b.xml"), "xl/b.xml");
        assert_eq!(resolve("", "../../c.xml"), "c.xml");
    }
}
