//! The program as a person runs it. [`harness`] has the builder; each command has a file of its own beside it.

mod basics;
mod harness;
