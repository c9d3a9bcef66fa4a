//! From the SOURCE arguments to opened sessions: paths, folders, patterns, standard input and URLs.
//!
//! The order is that of the arguments, and within a folder that of the names' bytes. A file that is reached twice is read once. Whatever
//! is found and cannot be read is a [`Problem`]; only what the person named and is not there is an error.

use super::Options;
use super::Problem;
use super::ProblemCode;
use super::Session;
use super::detect;
use super::file::CHUNK;
use super::file::FileKey;
use super::file::OpenedFile;
use super::file::file_key;
use super::file::io_reason;
use crate::support::progress::Cancel;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// Endings of the files that `SQLite` keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Everything that the SOURCE arguments lead to.
#[derive(Default)]
pub(crate) struct Found {
    /// What was opened, in a fixed order.
    pub(crate) sessions: Vec<Box<dyn Session>>,
    /// What was found and could not be opened.
    pub(crate) problems: Vec<Problem>,
}

/// Why the arguments cannot be followed. All are the person's to correct, but for the last two.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    #[error("cannot find `{0}`")]
    NotFound(String),
    #[error("nothing matches the pattern `{0}`")]
    NoMatch(String),
    #[error("`{0}` is not a pattern")]
    BadPattern(String),
    /// The URL itself is not shown: it may hold a password.
    #[error("cannot read sources of the kind `{0}:`")]
    UnknownScheme(String),
    #[error("standard input is named more than once")]
    StdinTwice,
    #[error("a delimiter is one ASCII character other than a quote or a line break")]
    BadDelimiter,
    /// The disk is full, or the other end of the pipe broke.
    #[error("cannot read standard input")]
    Stdin(#[source] io::Error),
    #[error("interrupted")]
    Cancelled,
}

/// Opens everything that the arguments lead to. `stdin` is read only for the argument `-`.
pub(crate) fn discover(
    arguments: &[String],
    options: &Options,
    stdin: &mut dyn Read,
    cancel: &Cancel,
) -> Result<Found, SourceError> {
    if options.delimiter.is_some_and(|byte| !byte.is_ascii() || matches!(byte, b'"' | b'\n' | b'\r')) {
        return Err(SourceError::BadDelimiter);
    }
    let mut walk = Walk { options, cancel, inputs: Vec::new(), problems: Vec::new(), seen: HashSet::new() };
    let mut has_stdin = false;
    for argument in arguments {
        if argument == "-" {
            if has_stdin {
                return Err(SourceError::StdinTwice);
            }
            has_stdin = true;
            walk.inputs.push(Input::Stdin);
        } else {
            walk.argument(argument)?;
        }
    }
    walk.open(stdin)
}

/// What is to be opened.
enum Input {
    Stdin,
    File { name: String, path: PathBuf },
}

/// The way through the arguments.
struct Walk<'a> {
    options: &'a Options,
    cancel: &'a Cancel,
    inputs: Vec<Input>,
    problems: Vec<Problem>,
    seen: HashSet<Seen>,
}

/// What makes two paths lead to one file.
#[derive(Eq, Hash, PartialEq)]
enum Seen {
    Key(FileKey),
    Path(PathBuf),
}

impl Seen {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        match file_key(metadata) {
            Some(key) => Seen::Key(key),
            None => Seen::Path(path.canonicalize().unwrap_or_else(|_| path.to_owned())),
        }
    }
}

impl Walk<'_> {
    fn argument(&mut self, argument: &str) -> Result<(), SourceError> {
        let path = Path::new(argument);
        let metadata = path.symlink_metadata();
        if metadata.is_ok() || metadata.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return self.path(argument.to_owned(), path, &mut Vec::new());
        }
        if let Some((scheme, rest)) = split_scheme(argument) {
            if scheme != "sqlite" {
                return Err(SourceError::UnknownScheme(scheme.to_owned()));
            }
            let path = Path::new(rest);
            if rest.is_empty() || path.symlink_metadata().is_err() {
                return Err(SourceError::NotFound(argument.to_owned()));
            }
            return self.path(argument.to_owned(), path, &mut Vec::new());
        }
        if argument.contains(['*', '?', '[']) {
            return self.pattern(argument);
        }
        Err(SourceError::NotFound(argument.to_owned()))
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), SourceError> {
        let matches = glob::glob(pattern).map_err(|_| SourceError::BadPattern(pattern.to_owned()))?;
        let mut is_empty = true;
        for found in matches {
            is_empty = false;
            match found {
                Ok(path) => self.path(path.to_string_lossy().into_owned(), &path, &mut Vec::new())?,
                Err(error) => {
                    let name = error.path().to_string_lossy().into_owned();
                    self.problem(ProblemCode::Unreadable, &name, io_reason(error.error()));
                }
            }
        }
        if is_empty { Err(SourceError::NoMatch(pattern.to_owned())) } else { Ok(()) }
    }

    /// Follows one path. `above` are the folders on the way to it.
    fn path(&mut self, name: String, path: &Path, above: &mut Vec<Seen>) -> Result<(), SourceError> {
        if self.cancel.is_cancelled() {
            return Err(SourceError::Cancelled);
        }
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) if is_link_loop(&error) => {
                self.problem(ProblemCode::SymlinkLoop, &name, "the symbolic link leads back to itself");
                return Ok(());
            }
            Err(error) => {
                self.problem(ProblemCode::Unreadable, &name, io_reason(&error));
                return Ok(());
            }
        };
        let seen = Seen::of(path, &metadata);
        if metadata.is_dir() && above.contains(&seen) {
            self.problem(ProblemCode::SymlinkLoop, &name, "the symbolic link leads back to a folder above it");
        } else if self.seen.contains(&seen) {
            // Reached before.
        } else if metadata.is_dir() {
            above.push(seen);
            self.folder(&name, path, above)?;
            self.seen.extend(above.pop());
        } else if metadata.is_file() {
            self.seen.insert(seen);
            self.inputs.push(Input::File { name, path: path.to_owned() });
        } else {
            self.seen.insert(seen);
            self.problem(ProblemCode::NotRegular, &name, "neither a file nor a folder");
        }
        Ok(())
    }

    fn folder(&mut self, name: &str, path: &Path, above: &mut Vec<Seen>) -> Result<(), SourceError> {
        let mut children = Vec::new();
        let entries = fs::read_dir(path).map(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())));
        match entries.and_then(|mut entries| entries.try_for_each(|entry| entry.map(|child| children.push(child)))) {
            Ok(()) => {}
            Err(error) => self.problem(ProblemCode::Unreadable, name, format!("cannot list the folder: {}", io_reason(&error))),
        }
        children.sort();
        for child in children {
            let child_name = Path::new(name).join(&child).to_string_lossy().into_owned();
            self.path(child_name, &path.join(&child), above)?;
        }
        Ok(())
    }

    fn problem(&mut self, code: ProblemCode, name: &str, detail: impl Into<String>) {
        self.problems.push(Problem::of_source(code, name, detail));
    }

    fn open(mut self, stdin: &mut dyn Read) -> Result<Found, SourceError> {
        let mut found = Found { sessions: Vec::new(), problems: self.problems };
        let inputs = without_companions(std::mem::take(&mut self.inputs));
        for input in inputs {
            if self.cancel.is_cancelled() {
                return Err(SourceError::Cancelled);
            }
            let opened = match input {
                Input::Stdin => {
                    let name = self.options.stdin_name.as_deref().unwrap_or("-");
                    let copy = spool(stdin, self.cancel)?;
                    OpenedFile::unnamed(name, copy).map_err(SourceError::Stdin)?
                }
                Input::File { name, path } => match OpenedFile::open(&name, &path) {
                    Ok(file) => file,
                    Err(error) => {
                        found.problems.push(Problem::of_source(ProblemCode::Unreadable, &name, io_reason(&error)));
                        continue;
                    }
                },
            };
            match detect::open(opened, self.options) {
                Ok(session) => found.sessions.push(session),
                Err(problem) => found.problems.push(problem),
            }
        }
        Ok(found)
    }
}

/// The scheme of a URL and what follows it. A single letter is a drive.
fn split_scheme(argument: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = argument.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(letter));
    is_scheme.then_some((scheme, rest))
}

/// Whether the system gave up on a chain of symbolic links (`ELOOP`, whose `ErrorKind` is not stable yet).
fn is_link_loop(error: &io::Error) -> bool {
    let number = if cfg!(target_os = "macos") { 62 } else { 40 };
    cfg!(unix) && error.raw_os_error() == Some(number)
}

/// Leaves out the files that belong to a database among the inputs.
fn without_companions(inputs: Vec<Input>) -> Vec<Input> {
    let databases: HashSet<PathBuf> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::File { path, .. } if is_database(path) => path.canonicalize().ok(),
            _ => None,
        })
        .collect();
    let is_companion = |path: &Path| {
        let Some(path) = path.canonicalize().ok().and_then(|path| path.into_os_string().into_string().ok()) else { return false };
        COMPANIONS.iter().any(|ending| path.strip_suffix(ending).is_some_and(|owner| databases.contains(Path::new(owner))))
    };
    inputs.into_iter().filter(|input| !matches!(input, Input::File { path, .. } if is_companion(path))).collect()
}

fn is_database(path: &Path) -> bool {
    let mut magic = [0; detect::SQLITE_MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == detect::SQLITE_MAGIC
}

/// Copies standard input into a file without a name, readable by nobody else.
fn spool(stdin: &mut dyn Read, cancel: &Cancel) -> Result<File, SourceError> {
    let mut copy = tempfile::tempfile().map_err(SourceError::Stdin)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        if cancel.is_cancelled() {
            return Err(SourceError::Cancelled);
        }
        match stdin.read(&mut chunk) {
            Ok(0) => return Ok(copy),
            Ok(count) => copy.write_all(&chunk[..count]).map_err(SourceError::Stdin)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(SourceError::Stdin(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "sub/c.csv", ".hidden.csv"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "name,born\nann,1980-01-02\n").unwrap();
        }
        folder
    }

    fn find(arguments: &[String]) -> Result<Found, SourceError> {
        discover(arguments, &Options::default(), &mut "x,1\n".as_bytes(), &Cancel::default())
    }

    fn names(found: &Found, root: &Path) -> Vec<String> {
        let prefix = format!("{}/", root.display());
        found.sessions.iter().map(|session| session.identity().name.replace(&prefix, "")).collect()
    }

    fn codes(found: &Found) -> Vec<ProblemCode> {
        found.problems.iter().map(|problem| problem.code).collect()
    }

    fn text(path: &Path) -> String {
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn walks_folders_in_order_and_reads_each_file_once() {
        let folder = folder();
        let root = text(folder.path());
        let found = find(&[root.clone(), format!("{root}/a.csv"), root.clone()]).unwrap();
        assert_eq!(names(&found, folder.path()), [".hidden.csv", "a.csv", "b.csv", "sub/c.csv"]);
        let found = find(&[format!("{root}/b.csv"), root]).unwrap();
        assert_eq!(names(&found, folder.path())[0], "b.csv");
        assert_eq!(found.sessions.len(), 4);
    }

    #[test]
    fn patterns_match_or_are_errors() {
        let folder = folder();
        let root = text(folder.path());
        let found = find(&[format!("{root}/[ab].csv")]).unwrap();
        assert_eq!(names(&found, folder.path()), ["a.csv", "b.csv"]);
        assert!(matches!(find(&[format!("{root}/*.tsv")]), Err(SourceError::NoMatch(_))));
        assert!(matches!(find(&[format!("{root}/[")]), Err(SourceError::BadPattern(_))));
    }

    #[test]
    fn what_was_named_and_is_not_there_is_an_error_without_secrets() {
        assert!(matches!(find(&["/nowhere/a.csv".to_owned()]), Err(SourceError::NotFound(_))));
        assert!(matches!(find(&["sqlite:/nowhere.db".to_owned()]), Err(SourceError::NotFound(_))));
        let Err(error) = find(&["postgres://user:secret@host/db".to_owned()]) else { panic!("a server was opened") };
        assert_eq!(error.to_string(), "cannot read sources of the kind `postgres:`");
    }

    #[test]
    fn standard_input_is_a_table_of_its_own() {
        let found = find(&["-".to_owned()]).unwrap();
        assert_eq!(found.sessions[0].identity().name, "-");
        assert!(matches!(find(&["-".to_owned(), "-".to_owned()]), Err(SourceError::StdinTwice)));
        let options = Options { stdin_name: Some("export".to_owned()), ..Options::default() };
        let found = discover(&["-".to_owned()], &options, &mut "x,1\n".as_bytes(), &Cancel::default()).unwrap();
        assert_eq!(found.sessions[0].identity().name, "export");
        assert_eq!(found.sessions[0].consistency(), crate::source::Consistency::PrivateCopy);
        let options = Options { delimiter: Some(b'"'), ..Options::default() };
        assert!(matches!(discover(&[], &options, &mut io::empty(), &Cancel::default()), Err(SourceError::BadDelimiter)));
    }

    #[test]
    fn a_database_owns_the_files_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode=wal; CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        fs::write(folder.path().join("other-wal"), "a,b\n1,2\n").unwrap();
        let found = find(&[text(folder.path())]).unwrap();
        assert_eq!(names(&found, folder.path()), ["crm.db", "other-wal"]);
        assert_eq!(codes(&found), []);
        let named = format!("sqlite:{}", path.display());
        assert_eq!(find(slice::from_ref(&named)).unwrap().sessions[0].identity().name, named);
    }

    #[cfg(unix)]
    #[test]
    fn loops_dangling_links_and_sockets_are_problems() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        let folder = folder();
        symlink(folder.path(), folder.path().join("sub/up")).unwrap();
        symlink("z2", folder.path().join("z1")).unwrap();
        symlink("z1", folder.path().join("z2")).unwrap();
        symlink("nowhere", folder.path().join("y")).unwrap();
        symlink("a.csv", folder.path().join("again.csv")).unwrap();
        let _listener = UnixListener::bind(folder.path().join("x")).unwrap();
        let found = find(&[text(folder.path())]).unwrap();
        assert_eq!(names(&found, folder.path()), [".hidden.csv", "a.csv", "b.csv", "sub/c.csv"]);
        assert_eq!(
            codes(&found),
            [
                ProblemCode::SymlinkLoop,
                ProblemCode::NotRegular,
                ProblemCode::Unreadable,
                ProblemCode::SymlinkLoop,
                ProblemCode::SymlinkLoop
            ]
        );
        let found = find(&["/dev/null".to_owned()]).unwrap();
        assert_eq!(codes(&found), [ProblemCode::NotRegular]);
    }

    #[cfg(unix)]
    #[test]
    fn a_fifo_does_not_block() {
        let folder = folder();
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert_eq!(codes(&find(&[text(&fifo)]).unwrap()), [ProblemCode::NotRegular]);
    }
}
