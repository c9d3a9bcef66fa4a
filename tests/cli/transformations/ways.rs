//! All ways of rewriting, group by group.

mod addresses;
mod files;
mod letters;
mod md5;
mod names;
mod texts;
mod values;

use crate::cli::transformations::way::Way;

/// The ways after which everybody is to be found, under the heading of each group.
pub(crate) const READABLE: [(&str, &[Way]); 6] = [
    ("Letters, blanks and encodings", letters::WAYS),
    ("Names", names::WAYS),
    ("Telephone numbers, dates, postcodes, e-mail addresses", values::WAYS),
    ("Addresses", addresses::WAYS),
    ("Files, columns and JSON", files::WAYS),
    ("Logs, notes and markup", texts::WAYS),
];

/// The ways after which nothing can be found, and a scan has to say so.
pub(crate) const UNREADABLE: &[Way] = texts::UNREADABLE;
