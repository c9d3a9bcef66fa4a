//! Archives of `pg_dump`: only its own sister program `pg_restore` reads every version of them, and makes the script that they stand for.

use super::Copied;
use super::SqlSession;
use crate::source::Options;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::Session;
use crate::source::file::CHUNK;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use crate::source::unpack::NotKept;
use crate::support::progress::Cancel;
use std::fs::File;
use std::io;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// The program.
const PROGRAM: &str = "pg_restore";

/// Bytes by which a sort of archive is told.
const HEAD: usize = 16;

/// How long it is between looks at the program's state.
const STEP: Duration = Duration::from_millis(10);

/// Whether a file is an archive, in the custom form or as `tar`, by its beginning.
pub(in crate::source) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PGDMP") || (head.starts_with(b"toc.dat\0") && head.get(257..262) == Some(b"ustar"))
}

/// Whether a file is the list of an archive that is a folder, by its beginning: it names the form of `tar` without being one.
fn is_list_of_folder(head: &[u8]) -> bool {
    const FORM: usize = 10;
    const TAR: u8 = 3;
    head.starts_with(b"PGDMP") && head.get(FORM) == Some(&TAR)
}

/// Opens an archive in one file. The script may have so many bytes.
pub(in crate::source) fn open_archive(
    file: OpenedFile,
    options: &Options,
    limit: u64,
    cancel: &Cancel,
) -> Result<Box<dyn Session>, Problem> {
    let problem = |code, detail: &str| Problem::of_source(code, file.name(), detail);
    if file.head(HEAD).is_ok_and(|head| is_list_of_folder(&head)) {
        let detail = "the list of a folder that pg_dump made, and that is read as a folder alone; unpack it, where it is in an archive, \
                      and scan the folder";
        return Err(problem(ProblemCode::Unsupported, detail));
    }
    let copied = {
        // The program goes back and forth in the archive, which it cannot in a pipe.
        let mut archive = tempfile::tempfile().map_err(|error| not_kept(file.name(), error))?;
        spool(&file, &mut archive, limit, cancel).map_err(|detail| problem(ProblemCode::ReadFailed, &detail))?;
        restore(file.name(), PROGRAM, Input::File(archive), limit, cancel)?
    };
    SqlSession::open(file, Some(copied), options, cancel, (super::CHUNK, None))
        .map(|session| Box::new(session) as Box<dyn Session>)
}

/// Opens an archive that is a folder with a `toc.dat`.
pub(in crate::source) fn open_folder(
    name: &str,
    path: &Path,
    options: &Options,
    limit: u64,
    cancel: &Cancel,
) -> Result<Box<dyn Session>, Problem> {
    let copied = restore(name, PROGRAM, Input::Folder(path), limit, cancel)?;
    let file = copied.text.clone();
    SqlSession::open(file, Some(copied), options, cancel, (super::CHUNK, None))
        .map(|session| Box::new(session) as Box<dyn Session>)
}

/// What the program reads.
enum Input<'a> {
    File(File),
    Folder(&'a Path),
}

/// That a temporary file could not be made.
fn not_kept(name: &str, error: io::Error) -> Problem {
    Problem::of_source(ProblemCode::ReadFailed, name, copying(error))
}

fn copying(error: io::Error) -> String {
    format!("it could not be copied into {}", NotKept::new(error).words())
}

/// Copies a file. An error is in words.
fn spool(file: &OpenedFile, copy: &mut File, limit: u64, cancel: &Cancel) -> Result<(), String> {
    let (mut chunk, mut offset) = (vec![0; CHUNK], 0);
    loop {
        if cancel.is_cancelled() {
            return Err("interrupted".to_owned());
        }
        let count = file.read_at(&mut chunk, offset).map_err(|error| io_reason(&error))?;
        if count == 0 {
            return copy.rewind().map_err(copying);
        }
        copy.write_all(&chunk[..count]).map_err(copying)?;
        offset += count as u64;
        if offset > limit {
            return Err("the archive is larger than what is unpacked".to_owned());
        }
    }
}

/// Runs the program to its end, or for as long as it is wanted. What it wrote until then stands.
fn restore(name: &str, program: &str, input: Input<'_>, limit: u64, cancel: &Cancel) -> Result<Copied, Problem> {
    let failed = |error: &io::Error| Problem::of_source(ProblemCode::Unreadable, name, io_reason(error));
    let out = tempfile::tempfile().map_err(|error| not_kept(name, error))?;
    let mut command = Command::new(program);
    command.args(["-f", "-"]).stdout(out.try_clone().map_err(|error| failed(&error))?).stderr(Stdio::null());
    match input {
        Input::File(file) => command.stdin(file),
        Input::Folder(path) => command.stdin(Stdio::null()).args(["-F", "d", "--"]).arg(path),
    };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let detail = "a pg_dump archive; install `pg_restore` (package postgresql-client) so that it can be read";
            return Err(Problem::of_source(ProblemCode::Unsupported, name, detail));
        }
        Err(error) => return Err(failed(&error)),
    };
    let size = || out.metadata().map_or(0, |metadata| metadata.len());
    let mut ended = None;
    let ending = loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break None,
            Ok(Some(_)) => break Some("`pg_restore` gave an error, for a damaged archive or one of a newer version"),
            Ok(None) => {}
            Err(_) => break Some("`pg_restore` cannot be waited for"),
        }
        if cancel.is_cancelled() {
            ended = Some("interrupted");
        } else if size() > limit {
            ended = Some("the archive unpacks to more than is read");
        }
        if ended.is_some() {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            let _ = child.wait();
            break ended;
        }
        thread::sleep(STEP);
    };
    let mut problems = Vec::new();
    if let Some(detail) = ending {
        if size() == 0 || cancel.is_cancelled() {
            return Err(Problem::of_source(ProblemCode::ReadFailed, name, detail));
        }
        problems.push(Problem::of_source(ProblemCode::ReadFailed, name, format!("{detail}; what it wrote before was read")));
    }
    let text = OpenedFile::unnamed(name, out).map_err(|error| failed(&error))?;
    Ok(Copied { text, form: "a pg_dump archive, by `pg_restore`".to_owned(), problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How the list of a folder begins, and how an archive in one file does, as version 14 writes them.
    #[test]
    fn the_list_of_a_folder_is_no_archive() {
        let head = |form: u8| [&b"PGDMP\x01\x0e\x00\x04\x08"[..], &[form, 1, 0, 0]].concat();
        assert_eq!([1, 3].map(|form| is_list_of_folder(&head(form))), [false, true]);
        let mut copy = tempfile::tempfile().unwrap();
        copy.write_all(&head(3)).unwrap();
        let file = OpenedFile::unnamed("dump.tar.gz/crm/toc.dat", copy).unwrap();
        let problem = open_archive(file, &Options::default(), 1 << 20, &Cancel::default()).err().unwrap();
        assert_eq!(problem.code, ProblemCode::Unsupported);
        assert!(problem.detail.contains("scan the folder"), "{}", problem.detail);
    }

    #[test]
    fn an_archive_that_cannot_be_unpacked_is_a_problem() {
        let code = |program: &str, cancel: &Cancel| {
            let mut archive = tempfile::tempfile().unwrap();
            archive.write_all(b"PGDMP and nothing more").unwrap();
            archive.rewind().unwrap();
            restore("crm.dump", program, Input::File(archive), 1 << 20, cancel).err().map(|problem| problem.code)
        };
        let cancel = Cancel::default();
        assert_eq!(code("a-program-that-is-nowhere", &cancel), Some(ProblemCode::Unsupported));
        assert_eq!(code("false", &cancel), Some(ProblemCode::ReadFailed));
        assert!(matches!(code(PROGRAM, &cancel), Some(ProblemCode::ReadFailed | ProblemCode::Unsupported)));
        let archive = tempfile::tempfile().unwrap();
        // What it writes is read.
        let copied = restore("crm.dump", "echo", Input::File(archive), 1 << 20, &cancel).unwrap();
        assert_eq!((copied.text.head(10).unwrap(), copied.problems.len()), (b"-f -\n".to_vec(), 0));
    }

    #[test]
    fn archives_are_told_by_their_beginning() {
        let mut tar = vec![0; 512];
        tar[..7].copy_from_slice(b"toc.dat");
        assert!(!is_archive(&tar));
        tar[257..262].copy_from_slice(b"ustar");
        assert!(is_archive(&tar) && is_archive(b"PGDMP\x01") && !is_archive(b"PGDUMP"));
    }
}
