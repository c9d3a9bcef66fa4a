//! From the SOURCE arguments to opened sessions: paths, folders, patterns, standard input and URLs.
//!
//! The order is that of the arguments, and within a folder that of the names' bytes. A file that is reached twice is read once. Whatever
//! is found and cannot be read is a [`Problem`]; only what the person named and is not there is an error. A file is left out only where it
//! belongs to a database among the sources, by its name and its content, and was not named itself.

use super::Options;
use super::Problem;
use super::ProblemCode;
use super::ServerOptions;
use super::Session;
use super::detect;
use super::file::FileKey;
use super::file::OpenedFile;
use super::file::Setting;
use super::file::file_key;
use super::file::io_reason;
#[cfg(feature = "columnar")]
use super::lake;
#[cfg(feature = "columnar")]
use super::lake::Lake;
use super::mysql;
use super::opener::Opener;
use super::postgres;
use super::server;
use super::server::Opened;
use super::server::ServerError;
use super::sql_dump;
use super::unpack::Stop;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// A sort of file that `SQLite` keeps beside a database.
struct Companion {
    /// What follows the database's name.
    ending: &'static str,
    /// How it begins, by <https://www.sqlite.org/fileformat2.html> and <https://www.sqlite.org/walformat.html>.
    starts: &'static [&'static [u8]],
}

const WAL: Companion = Companion { ending: "-wal", starts: &[b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"] };

/// Its version is written in the machine's byte order, 3007000 on a little-endian one.
const SHM: Companion = Companion { ending: "-shm", starts: &[&3_007_000_u32.to_le_bytes()] };

/// A journal whose transaction is over may keep a beginning of zeros.
const JOURNAL: Companion = Companion { ending: "-journal", starts: &[b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", &[0; 8]] };

/// A SOURCE argument as it may be shown: of a server's URL no more than its scheme, since any part of it may be a password; of what is
/// almost such a URL nothing that stands before an `@`.
pub(crate) fn shown(argument: &str) -> String {
    if is_server(argument) {
        return argument.split(':').next().unwrap_or_default().to_owned() + "://…";
    }
    if argument.contains("password") || argument.contains("PWD") {
        return "…".to_owned();
    }
    let parts = argument.split_once("//").and_then(|(before, rest)| Some((before, rest.rsplit_once('@')?.1)));
    parts.map_or_else(|| argument.to_owned(), |(before, rest)| format!("{before}//…@{rest}"))
}

/// Whether a SOURCE argument is the URL of a server.
pub(crate) fn is_server(argument: &str) -> bool {
    split_scheme(argument).is_some_and(|(scheme, _)| server_of(scheme).is_some())
        && Path::new(argument).symlink_metadata().is_err()
}

/// Everything that the SOURCE arguments lead to.
#[derive(Default)]
pub(crate) struct Found {
    /// What was opened, in a fixed order.
    pub(crate) sessions: Vec<Box<dyn Session>>,
    /// What was found and could not be opened.
    pub(crate) problems: Vec<Problem>,
}

/// Why the arguments cannot be followed. All are the person's to correct, but for the last few.
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
    /// The other end of the pipe broke.
    #[error("cannot read standard input")]
    Stdin(#[source] io::Error),
    /// What comes through the pipe cannot be kept.
    #[error("cannot write to the folder for temporary files, `{}`", folder.display())]
    Temporary {
        folder: PathBuf,
        #[source]
        error: io::Error,
    },
    /// A server that was named cannot be opened.
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("interrupted")]
    Cancelled,
}

impl From<Stop> for SourceError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Broken(error) => SourceError::Stdin(error),
            Stop::NotKept(fault) => SourceError::Temporary { folder: fault.folder, error: fault.error },
            // What is too large to be unpacked is a problem, and never comes here.
            Stop::Cancelled | Stop::TooLarge | Stop::TooDense => SourceError::Cancelled,
        }
    }
}

/// Opens everything that the arguments lead to. `stdin` is read only for the argument `-`. What is copied or unpacked counts as progress in bytes.
pub(crate) fn discover(
    arguments: &[String],
    options: &Options,
    stdin: &mut dyn Read,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Found, SourceError> {
    let mut delimiters =
        options.text_rules.iter().map(|rule| &rule.text).chain([&options.text]).filter_map(|text| text.delimiter);
    if delimiters.any(|byte| !byte.is_ascii() || matches!(byte, b'"' | b'\n' | b'\r')) {
        return Err(SourceError::BadDelimiter);
    }
    let mut walk = Walk {
        options,
        progress,
        cancel,
        inputs: Vec::new(),
        problems: Vec::new(),
        seen: HashSet::new(),
        #[cfg(feature = "columnar")]
        lakes: Vec::new(),
        named: HashSet::new(),
    };
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
    File {
        name: String,
        path: PathBuf,
        setting: Setting,
    },
    /// What the log of a table of many files keeps of rows, as text.
    #[cfg(feature = "columnar")]
    Values {
        name: String,
        content: Vec<u8>,
    },
    /// A folder that `pg_dump` made.
    Dump {
        name: String,
        path: PathBuf,
    },
    /// A server, by the function that opens its kind and what follows its scheme.
    Server {
        open: OpenServer,
        url: String,
    },
}

/// Opens a server by what follows the scheme of its URL.
type OpenServer = fn(&str, &ServerOptions) -> Result<Opened, ServerError>;

/// The servers that are read, by the schemes of their URLs.
fn server_of(scheme: &str) -> Option<OpenServer> {
    match scheme {
        "postgres" | "postgresql" => Some(postgres::open),
        "mysql" | "mariadb" => Some(mysql::open),
        _ => None,
    }
}

/// The way through the arguments.
struct Walk<'a> {
    options: &'a Options,
    progress: &'a dyn Progress,
    cancel: &'a Cancel,
    inputs: Vec<Input>,
    problems: Vec<Problem>,
    seen: HashSet<Seen>,
    /// The tables of many files in whose folders the walk is, the innermost last.
    #[cfg(feature = "columnar")]
    lakes: Vec<(PathBuf, Lake)>,
    /// Files that are arguments themselves, rather than found in a folder or by a pattern.
    named: HashSet<Seen>,
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
            return self.named_path(argument, path);
        }
        if let Some((scheme, rest)) = split_scheme(argument) {
            if let Some(open) = server_of(scheme) {
                self.inputs.push(Input::Server { open, url: rest.to_owned() });
                return Ok(());
            }
            if scheme != "sqlite" {
                return Err(SourceError::UnknownScheme(scheme.to_owned()));
            }
            let path = Path::new(rest);
            if rest.is_empty() || path.symlink_metadata().is_err() {
                return Err(SourceError::NotFound(shown(argument)));
            }
            return self.named_path(argument, path);
        }
        if argument.contains(['*', '?', '[']) {
            return self.pattern(argument);
        }
        Err(SourceError::NotFound(shown(argument)))
    }

    fn named_path(&mut self, argument: &str, path: &Path) -> Result<(), SourceError> {
        self.named.extend(path.metadata().ok().map(|metadata| Seen::of(path, &metadata)));
        self.path(argument.to_owned(), path, &mut Vec::new())
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
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
                self.problem(ProblemCode::Unreadable, &name, "the symbolic link leads nowhere");
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
        } else if metadata.is_dir() && is_dump(path) {
            self.seen.insert(seen);
            self.inputs.push(Input::Dump { name, path: path.to_owned() });
        } else if metadata.is_dir() {
            above.push(seen);
            self.folder(&name, path, above)?;
            self.seen.extend(above.pop());
        } else if metadata.is_file() {
            let is_named = self.named.contains(&seen);
            self.seen.insert(seen);
            if is_named || !(is_mark(path) || self.is_told(path)) {
                let setting = self.setting(&name, path);
                self.inputs.push(Input::File { name, path: path.to_owned(), setting });
            }
        } else {
            self.seen.insert(seen);
            self.problem(ProblemCode::NotRegular, &name, "neither a file nor a folder");
        }
        Ok(())
    }

    /// Whether a file is of the log of a table of many files, and was read with it.
    #[cfg(feature = "columnar")]
    fn is_told(&self, path: &Path) -> bool {
        self.lakes.last().is_some_and(|(root, lake)| path.strip_prefix(root).is_ok_and(|inner| lake.has_read(inner)))
    }

    /// Whether a file is of the log of a table of many files, and was read with it: none, where no such table is read.
    #[cfg(not(feature = "columnar"))]
    fn is_told(&self, path: &Path) -> bool {
        path.as_os_str().is_empty()
    }

    /// What is known of a file from the folders of its path.
    #[cfg(feature = "columnar")]
    fn setting(&self, name: &str, path: &Path) -> Setting {
        let mut setting = Setting { columns: lake::partitions(Path::new(name)), ..Setting::default() };
        if let Some((root, lake)) = self.lakes.last()
            && let Ok(inner) = path.strip_prefix(root)
        {
            setting.names.clone_from(lake.renames());
            setting.notes = lake.notes(inner);
        }
        setting
    }

    /// What is known of a file from the folders of its path: nothing, where no format of such folders is read.
    #[cfg(not(feature = "columnar"))]
    fn setting(&self, _name: &str, _path: &Path) -> Setting {
        Setting::default()
    }

    #[cfg(feature = "columnar")]
    fn folder(&mut self, name: &str, path: &Path, above: &mut Vec<Seen>) -> Result<(), SourceError> {
        let Some(mut lake) = lake::describe(path, self.cancel) else { return self.children(name, path, above) };
        self.problems.extend(lake.problems(name));
        if let Some((log, content)) = lake.take_values() {
            let name = Path::new(name).join(log).to_string_lossy().into_owned();
            self.inputs.push(Input::Values { name, content });
        }
        self.lakes.push((path.to_owned(), lake));
        let walked = self.children(name, path, above);
        self.lakes.pop();
        walked
    }

    #[cfg(not(feature = "columnar"))]
    fn folder(&mut self, name: &str, path: &Path, above: &mut Vec<Seen>) -> Result<(), SourceError> {
        self.children(name, path, above)
    }

    fn children(&mut self, name: &str, path: &Path, above: &mut Vec<Seen>) -> Result<(), SourceError> {
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
        let inputs = self.without_companions();
        let mut files = Opener::new(self.options, self.progress, self.cancel);
        files.found.problems = self.problems;
        let mut servers = Vec::new();
        for input in inputs {
            if self.cancel.is_cancelled() {
                return Err(SourceError::Cancelled);
            }
            let file = match input {
                Input::Server { open, url } => {
                    let mut opened = open(&url, &self.options.servers)?;
                    let found = &mut files.found;
                    let known: Vec<String> = found.sessions.iter().map(|session| session.identity().name.clone()).collect();
                    opened.sessions.retain(|session| !known.contains(&session.identity().name));
                    found.sessions.append(&mut opened.sessions);
                    found.problems.append(&mut opened.problems);
                    servers.push(opened);
                    continue;
                }
                Input::Stdin => {
                    let name = self.options.stdin_name.as_deref().unwrap_or("-");
                    files.pipe(name, stdin)?
                }
                #[cfg(feature = "columnar")]
                Input::Values { name, content } => files.pipe(&name, &mut content.as_slice())?.stated(None),
                Input::Dump { name, path } => {
                    match sql_dump::open_folder(&name, &path, self.options, self.options.limits.bytes, self.cancel) {
                        Ok(session) => files.found.sessions.push(session),
                        Err(problem) => files.found.problems.push(problem),
                    }
                    continue;
                }
                Input::File { name, path, setting } => match OpenedFile::open(&name, &path) {
                    Ok(file) => file.set_in(setting),
                    Err(error) => {
                        let problem = Problem::of_source(ProblemCode::Unreadable, &name, io_reason(&error));
                        files.found.problems.push(problem);
                        continue;
                    }
                },
            };
            files.open(file)?;
        }
        let mut found = files.found;
        found.problems.extend(server::not_asked(&servers));
        Ok(found)
    }

    /// Takes the inputs, but for files that belong to a database among them. A log that was named without its database is a problem.
    fn without_companions(&mut self) -> Vec<Input> {
        let inputs = std::mem::take(&mut self.inputs);
        let databases: HashSet<PathBuf> = inputs
            .iter()
            .filter_map(|input| match input {
                Input::File { path, .. } if is_database(path) => path.canonicalize().ok(),
                _ => None,
            })
            .collect();
        let mut kept = Vec::new();
        for input in inputs {
            let Input::File { name, path, .. } = &input else {
                kept.push(input);
                continue;
            };
            let is_named = path.metadata().is_ok_and(|metadata| self.named.contains(&Seen::of(path, &metadata)));
            let has_database = |companion: &Companion| companion.owner(path).is_some_and(|owner| databases.contains(&owner));
            if !is_named {
                if ![WAL, SHM, JOURNAL].iter().any(|companion| has_database(companion) && companion.is_content_of(path, true)) {
                    kept.push(input);
                }
            } else if WAL.owner(path).is_none() || !WAL.is_content_of(path, false) {
                kept.push(input);
            } else if !has_database(&WAL) {
                let detail = "belongs to the database beside it; name the database";
                self.problems.push(Problem::of_source(ProblemCode::Unsupported, name, detail));
            }
        }
        kept
    }
}

impl Companion {
    /// The database that a file belongs to by its name.
    fn owner(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?.into_os_string().into_string().ok()?;
        path.strip_suffix(self.ending).map(PathBuf::from)
    }

    /// Whether a file begins as this sort does, or is empty where it may be. One that cannot be read does not.
    fn is_content_of(&self, path: &Path, may_be_empty: bool) -> bool {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(8).read_to_end(&mut head));
        read.is_ok() && (self.starts.iter().any(|start| head.starts_with(start)) || (may_be_empty && head.is_empty()))
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

/// Whether a folder is an archive of `pg_dump`.
fn is_dump(folder: &Path) -> bool {
    let mut magic = [0; 5];
    File::open(folder.join("toc.dat")).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && &magic == b"PGDMP"
}

/// Whether a file beside data files only says something of them.
fn is_mark(path: &Path) -> bool {
    #[cfg(feature = "columnar")]
    let is_mark = lake::is_mark(path);
    #[cfg(not(feature = "columnar"))]
    let is_mark = path.as_os_str().is_empty();
    is_mark
}

fn is_database(path: &Path) -> bool {
    let mut magic = [0; detect::SQLITE_MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == detect::SQLITE_MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::TextOptions;
    use crate::support::progress::Silent;
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
        discover(arguments, &Options::default(), &mut "x,1\n".as_bytes(), &Silent, &Cancel::default())
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
        let Err(error) = find(&["oracle://user:secret@host/db".to_owned()]) else { panic!("a server was opened") };
        assert_eq!(error.to_string(), "cannot read sources of the kind `oracle:`");
        let Err(error) = find(&["postgres//user:secret@host/db".to_owned()]) else { panic!("a file was opened") };
        assert_eq!(error.to_string(), "cannot find `postgres//…@host/db`");
        assert_eq!(shown("mysql://user:secret@host/db"), "mysql://…");
        assert_eq!(shown("exports//a.csv"), "exports//a.csv");
        assert_eq!(shown("host=db password=secret"), "…");
    }

    #[test]
    fn standard_input_is_a_table_of_its_own() {
        let found = find(&["-".to_owned()]).unwrap();
        assert_eq!(found.sessions[0].identity().name, "-");
        assert!(matches!(find(&["-".to_owned(), "-".to_owned()]), Err(SourceError::StdinTwice)));
        let options = Options { stdin_name: Some("export".to_owned()), ..Options::default() };
        let found = discover(&["-".to_owned()], &options, &mut "x,1\n".as_bytes(), &Silent, &Cancel::default()).unwrap();
        assert_eq!(found.sessions[0].identity().name, "export");
        assert_eq!(found.sessions[0].consistency(), crate::source::Consistency::PrivateCopy);
        let text = TextOptions { delimiter: Some(b'"'), ..TextOptions::default() };
        let options = Options { text, ..Options::default() };
        assert!(matches!(discover(&[], &options, &mut io::empty(), &Silent, &Cancel::default()), Err(SourceError::BadDelimiter)));
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

    #[test]
    fn a_file_is_not_left_out_for_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let connection = rusqlite::Connection::open(at("crm.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        for name in ["crm.db-shm", "crm.db-journal"] {
            fs::write(at(name), "name,born\nann,1980-01-02\n").unwrap();
        }
        fs::write(at("crm.db-wal"), b"\x1f\x8b\x08\x00").unwrap();
        let inputs = |arguments: &[String]| {
            let mut walk = Walk {
                options: &Options::default(),
                progress: &Silent,
                cancel: &Cancel::default(),
                inputs: Vec::new(),
                problems: Vec::new(),
                seen: HashSet::new(),
                #[cfg(feature = "columnar")]
                lakes: Vec::new(),
                named: HashSet::new(),
            };
            for argument in arguments {
                walk.argument(argument).unwrap();
            }
            let inputs = walk.without_companions();
            (inputs.len(), walk.problems.len())
        };
        assert_eq!(inputs(&[text(folder.path())]), (4, 0));
        let genuine: [(&str, &[u8]); 6] = [
            ("crm.db-wal", b"\x37\x7f\x06\x83\0\x2d\xe2\x18"),
            ("crm.db-wal", b""),
            ("crm.db-shm", b"\x18\xe2\x2d\0\0\0\0\0"),
            ("crm.db-shm", b""),
            ("crm.db-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\0"),
            ("crm.db-journal", &[0; 512]),
        ];
        for (name, content) in genuine {
            let before = fs::read(at(name)).unwrap();
            fs::write(at(name), content).unwrap();
            assert_eq!(inputs(&[text(folder.path())]), (3, 0), "{name}");
            fs::write(at(name), before).unwrap();
        }
    }

    #[test]
    fn a_companion_that_was_named_is_never_left_out_silently() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| text(&folder.path().join(name));
        let connection = rusqlite::Connection::open(at("crm.db")).unwrap();
        connection.execute_batch("PRAGMA journal_mode=wal; CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        let found = find(&[at("crm.db-wal")]).unwrap();
        assert_eq!((found.sessions.len(), codes(&found)), (0, vec![ProblemCode::Unsupported]));
        assert_eq!(found.problems[0].detail, "belongs to the database beside it; name the database");
        for arguments in [[at("crm.db"), at("crm.db-wal")], [text(folder.path()), at("crm.db-wal")]] {
            let found = find(&arguments).unwrap();
            assert_eq!((names(&found, folder.path()), codes(&found)), (vec!["crm.db".to_owned()], Vec::new()));
        }
        let found = find(&[text(folder.path()), at("crm.db-shm")]).unwrap();
        assert_eq!(codes(&found), [ProblemCode::UnknownFormat]);
        fs::write(at("crm.db-journal"), "").unwrap();
        assert_eq!(codes(&find(&[at("crm.db"), at("crm.db-journal")]).unwrap()), [ProblemCode::Empty]);
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
