//! What each part of an Excel workbook may hold: nothing that rows are made of, texts, copies of rows, or something that is not read.

use super::outside::Look;

/// What a part may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sort {
    /// No rows and no texts of people.
    Nothing,
    Sheet,
    PivotCache,
    /// Copies of cells of other workbooks.
    External,
    Texts(Texts),
    /// Something that is not read, in words for people.
    Unread(&'static str),
}

/// Texts that stand outside of cells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Texts {
    /// What they are called.
    pub(super) label: &'static str,
    /// Elements whose text counts; all, where there are none.
    pub(super) within: &'static [&'static str],
    /// Elements whose texts are one.
    pub(super) whole: &'static [&'static str],
    /// Values of attributes count too.
    pub(super) has_attributes: bool,
    /// Elements may lack their ends.
    pub(super) is_lenient: bool,
}

impl Texts {
    const fn of(label: &'static str, within: &'static [&'static str], whole: &'static [&'static str]) -> Sort {
        Sort::Texts(Texts { label, within, whole, has_attributes: false, is_lenient: false })
    }
}

const COMMENTS: Sort = Texts::of("(comments)", &["t", "text"], &["comment", "threadedComment"]);
const DRAWINGS: Sort = Texts::of("(text boxes)", &["t"], &["txBody"]);
const CHARTS: Sort = Texts::of("(charts)", &["t", "v", "pt"], &["pt", "p"]);
const DIAGRAMS: Sort = Texts::of("(diagrams)", &["t"], &["pt"]);
const REVISIONS: Sort = Texts::of("(revisions)", &["v", "t"], &["nc", "oc"]);
const RICH: Sort = Texts::of("(data types)", &["v"], &["rv"]);
const PROPERTIES: Sort = Texts::of("(properties)", &[], &["property"]);
const OLD_DRAWINGS: Sort = Sort::Texts(Texts {
    label: "(text boxes of an older kind)",
    within: &["textbox"],
    whole: &["textbox"],
    has_attributes: false,
    is_lenient: true,
});
const CUSTOM_XML: Sort =
    Sort::Texts(Texts { label: "(custom XML)", within: &[], whole: &[], has_attributes: true, is_lenient: false });

/// Names of parts below the workbook's folder, by their beginnings in lower case.
const BELOW: [(&str, Sort); 55] = [
    ("worksheets/", Sort::Sheet),
    ("macrosheets/", Sort::Sheet),
    ("intlmacrosheets/", Sort::Sheet),
    ("dialogsheets/", Sort::Sheet),
    ("chartsheets/", Sort::Nothing),
    ("pivotcache/", Sort::PivotCache),
    ("externallinks/", Sort::External),
    ("threadedcomments/", COMMENTS),
    ("comments", COMMENTS),
    ("drawings/vmldrawing", OLD_DRAWINGS),
    ("drawings/", DRAWINGS),
    ("charts/style", Sort::Nothing),
    ("charts/colors", Sort::Nothing),
    ("charts/", CHARTS),
    ("chartex/", CHARTS),
    ("diagrams/data", DIAGRAMS),
    ("diagrams/", Sort::Nothing),
    ("revisions/revisionlog", REVISIONS),
    ("revisions/", Sort::Nothing),
    ("richdata/rdrichvalue.xml", RICH),
    ("richdata/rdarray", RICH),
    ("richdata/", Sort::Nothing),
    ("embeddings/", Sort::Unread("embedded objects")),
    ("activex/", Sort::Unread("controls (ActiveX)")),
    ("model/", Sort::Unread("a data model")),
    ("customdata/", Sort::Unread("a data model")),
    ("customproperty", Sort::Unread("data of add-ins")),
    ("workbook.", Sort::Nothing),
    ("styles.", Sort::Nothing),
    ("theme/", Sort::Nothing),
    ("calcchain.", Sort::Nothing),
    ("sharedstrings.", Sort::Nothing),
    ("printersettings/", Sort::Nothing),
    ("tables/", Sort::Nothing),
    ("pivottables/", Sort::Nothing),
    ("querytables/", Sort::Nothing),
    ("connections.", Sort::Nothing),
    ("metadata.", Sort::Nothing),
    ("persons/", Sort::Nothing),
    ("slicers/", Sort::Nothing),
    ("slicercaches/", Sort::Nothing),
    ("timelines/", Sort::Nothing),
    ("timelinecaches/", Sort::Nothing),
    ("ctrlprops/", Sort::Nothing),
    ("media/", Sort::Nothing),
    ("ink/", Sort::Nothing),
    ("vba", Sort::Nothing),
    ("webextensions/", Sort::Nothing),
    ("xmlmaps.", Sort::Nothing),
    ("volatiledependencies.", Sort::Nothing),
    ("attachedtoolbars.", Sort::Nothing),
    ("featurepropertybag/", Sort::Nothing),
    ("namedsheetviews/", Sort::Nothing),
    ("usernames.", Sort::Nothing),
    ("_rels/", Sort::Nothing),
];

/// Names of parts elsewhere, by their beginnings in lower case.
const ELSEWHERE: [(&str, Sort); 12] = [
    ("[content_types].xml", Sort::Nothing),
    ("_rels/", Sort::Nothing),
    ("docprops/custom.xml", PROPERTIES),
    ("docprops/", Sort::Nothing),
    ("docmetadata/", Sort::Nothing),
    ("customxml/itemprops", Sort::Nothing),
    ("customxml/", CUSTOM_XML),
    ("customui", Sort::Nothing),
    ("usercustomization/", Sort::Nothing),
    ("_xmlsignatures/", Sort::Nothing),
    ("__macosx/", Sort::Nothing),
    (".ds_store", Sort::Nothing),
];

/// What a part may hold, by its name; `folder` is the workbook's, with a slash at its end.
pub(super) fn sort(name: &str, folder: &str) -> Sort {
    let name = name.to_lowercase();
    let is_named = |ending: &str| name.rsplit_once('.').is_some_and(|(_, found)| found == ending);
    if is_named("rels") || name.ends_with('/') {
        return Sort::Nothing;
    }
    let found =
        |names: &[(&str, Sort)], name: &str| names.iter().find(|(start, _)| name.starts_with(start)).map(|(_, sort)| *sort);
    let below = name
        .strip_prefix(&folder.to_lowercase())
        .and_then(|below| if below.contains("binaryindex") { Some(Sort::Nothing) } else { found(&BELOW, below) });
    match below.or_else(|| found(&ELSEWHERE, &name)) {
        None => Sort::Unread("parts of an unknown kind"),
        Some(COMMENTS) if is_named("bin") => Sort::Unread("comments"),
        Some(Sort::External) if is_named("bin") => Sort::Unread("copies of cells of other workbooks"),
        Some(Sort::PivotCache) if is_named("bin") => Sort::Unread("copies of rows for pivot tables"),
        Some(Sort::Texts(_)) if !is_named("xml") && !is_named("vml") => Sort::Unread("parts of an unknown kind"),
        Some(sort) => sort,
    }
}

/// Parts of no rows that hold no texts of people either, by their beginnings below the workbook's folder.
const MUTE: [&str; 6] = ["theme/", "calcchain.", "printersettings/", "media/", "pivotcache/", "vba"];

/// What of a part is looked at for texts that stand outside of cells; its name in lower case.
pub(super) fn look(name: &str, sort: Sort) -> Option<Look> {
    let is_mute = || name.split_once('/').is_some_and(|(_, below)| MUTE.iter().any(|start| below.starts_with(start)));
    match name.rsplit_once('.')?.1 {
        "rels" => Some(Look::All),
        "xml" => match sort {
            Sort::Sheet | Sort::External => Some(Look::Sheet),
            Sort::Texts(texts) if texts.has_attributes => None,
            Sort::Texts(_) => Some(Look::Attributes),
            Sort::Nothing if name != "[content_types].xml" && !is_mute() => Some(Look::All),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_known_or_named() {
        let sort = |name| sort(name, "xl/");
        assert_eq!(sort("xl/worksheets/sheet1.xml"), Sort::Sheet);
        assert_eq!(sort("xl/worksheets/_rels/sheet1.xml.rels"), Sort::Nothing);
        assert_eq!(sort("xl/worksheets/binaryIndex1.bin"), Sort::Nothing);
        assert_eq!(sort("xl/comments1.xml"), COMMENTS);
        assert_eq!(sort("xl/comments/comment1.xml"), COMMENTS);
        assert_eq!(sort("xl/comments1.bin"), Sort::Unread("comments"));
        assert_eq!(sort("xl/drawings/vmlDrawing1.vml"), OLD_DRAWINGS);
        assert_eq!(sort("xl/model/item.data"), Sort::Unread("a data model"));
        assert_eq!(sort("xl/sharedStrings.xml"), Sort::Nothing);
        assert_eq!(sort("customXml/item1.xml"), CUSTOM_XML);
        assert_eq!(sort("xl/anything.xml"), Sort::Unread("parts of an unknown kind"));
        assert_eq!(sort("secret/anything.xml"), Sort::Unread("parts of an unknown kind"));
    }
}
