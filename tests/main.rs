//! The one integration binary: what the source may look like, what the documents may say, and what the program does.
//!
//! One binary links once. A new file of tests is a module here, or under `cli` where it runs the program.

mod architecture;
mod browser;
mod cli;
mod docs;
mod interop;
#[path = "../src/support/snapshot.rs"]
mod snapshot;
