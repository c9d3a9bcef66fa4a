//! What is packed: compressed files and archives, unpacked so that their content is read as any other file is.
//!
//! Content that lies compressed goes into a private copy without a name (see `spool`), which vanishes with the program; what an archive
//! holds as it is, is read where it lies. So every reader may go to any place of its file, whatever the file came in. What hinders the
//! unpacking is a problem, and what came out before it is read all the same.

mod limit;
mod spool;

#[cfg(feature = "archives")]
mod compressed;
#[cfg(feature = "archives")]
mod tar;
#[cfg(feature = "archives")]
mod zip;

#[cfg(feature = "archives")]
pub(super) use compressed::Codec;
pub(crate) use limit::Limits;
pub(super) use spool::NotKept;
pub(super) use spool::Spool;
pub(super) use spool::Stop;
#[cfg(feature = "archives")]
pub(super) use tar::is_tar;
#[cfg(feature = "archives")]
pub(super) use tar::members as tar_members;
#[cfg(feature = "archives")]
pub(super) use zip::Zip;

/// The name of a file within an archive: as a path below the archive's own. Nothing is ever written under it.
#[cfg(feature = "archives")]
fn member_name(archive: &str, member: &str) -> String {
    let parts: Vec<&str> = member.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    format!("{archive}/{}", parts.join("/"))
}
