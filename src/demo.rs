//! The invented data of `residua demo`: a supply of UK consumer records, and the databases and exports of the company that
//! received it.
//!
//! Nobody in it exists. Names, towns and postcodes follow the shapes and frequencies of real ones, so that coincidences between
//! unrelated people are as common as in life; every person is a pure function of a fixed seed and an index, so that the same
//! files come out on every machine and a million people need no memory.

mod area;
mod crm;
mod export;
mod name;
pub(crate) mod people;
mod phrase;
mod place;
mod random;
pub(crate) mod world;
