//! What people and machines read: [`text`] for terminals, [`html`] for browsers, [`json_v1`] for programs, [`csv`] for spreadsheets. Nothing here decides
//! anything.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json_v1;
pub(crate) mod text;
