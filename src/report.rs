//! What people and machines read: [`text`] for terminals, [`json_v1`] for programs. Nothing here decides anything.

pub(crate) mod json_v1;
pub(crate) mod text;
