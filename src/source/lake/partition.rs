//! Columns whose values stand only in the names of folders: `country=GB/dob_year=1980/part-0.parquet`.

use percent_encoding::percent_decode_str;
use std::path::Path;

/// How NULL is written there.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The columns that the folders of a path name, with their values, the outermost first.
pub(in crate::source) fn partitions(relative: &Path) -> Vec<(String, Option<String>)> {
    let folders = relative.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|folder| {
            let folder = folder.as_os_str().to_string_lossy();
            let (name, value) = folder.split_once('=').filter(|(name, _)| !name.is_empty())?;
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            Some((decoded(name), (value != NULL).then(|| decoded(value))))
        })
        .collect()
}
