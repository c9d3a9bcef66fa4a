//! From a file to the sessions that read it: one, or as many as it holds packed, however deep.

use super::Found;
use super::Identity;
use super::Options;
use super::Problem;
use super::ProblemCode;
use super::detect;
use super::file::OpenedFile;
use super::file::io_reason;
use super::guard::guarded;
#[cfg(feature = "archives")]
use super::sql_dump;
use super::unpack::Spool;
use super::unpack::Stop;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use std::io::Read;

#[cfg(feature = "archives")]
use super::unpack::Codec;
#[cfg(feature = "archives")]
use super::unpack::Zip;
#[cfg(feature = "archives")]
use super::unpack::is_tar;
#[cfg(feature = "archives")]
use super::unpack::tar_members;

/// Opens files, and keeps what came of them.
pub(super) struct Opener<'a> {
    options: &'a Options,
    cancel: &'a Cancel,
    spool: Spool<'a>,
    pub(super) found: Found,
}

impl<'a> Opener<'a> {
    pub(super) fn new(options: &'a Options, progress: &'a dyn Progress, cancel: &'a Cancel) -> Self {
        Self { options, cancel, spool: Spool::new(options.limits, progress), found: Found::default() }
    }

    /// Copies a pipe to its end, so that it can be read as a file.
    pub(super) fn pipe(&mut self, name: &str, pipe: &mut dyn Read) -> Result<OpenedFile, Stop> {
        let copied = self.spool.pipe(pipe, self.cancel)?;
        match copied.broken {
            Some(error) => Err(Stop::Broken(error)),
            None => Ok(OpenedFile::private(name, &copied.held, copied.window).stated(self.options.stdin_format)),
        }
    }

    /// Opens a file as what it is. What cannot be read is added to the problems; the only error is [`Stop::Cancelled`].
    pub(super) fn open(&mut self, file: OpenedFile) -> Result<(), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let head = match file.head(detect::HEAD) {
            Ok(head) => head,
            Err(error) => {
                self.problem(ProblemCode::Unreadable, &file, &io_reason(&error));
                return Ok(());
            }
        };
        #[cfg(feature = "archives")]
        let Some((file, head)) = self.open_packed(file, head)? else { return Ok(()) };
        let stated = file.stated_kind();
        let name = file.name().to_owned();
        let setting = file.setting().columns.clone();
        let opened = guarded(|| detect::open(file, &head, self.options, self.cancel)).unwrap_or_else(|| {
            let detail = "the part of the program that was to open it broke down";
            Err(Problem::of_source(ProblemCode::ReadFailed, &name, detail))
        });
        match opened {
            Ok(session) if stated.is_some_and(|stated| stated != session.identity().kind) => {
                let Identity { name, kind, .. } = session.identity();
                let detail = format!("it was stated to be of another format (`--input-format`), and reads as {kind}");
                self.found.problems.push(Problem::of_source(ProblemCode::Unsupported, name, detail));
            }
            Ok(session) => {
                // Columnar files take them for columns.
                let is_columnar = matches!(session.identity().kind.as_ref(), "parquet" | "arrow" | "avro");
                let is_name = |column: &str| self.options.names_column.is_some_and(|names_column| names_column(column));
                for (column, _) in setting.iter().filter(|(column, _)| !is_columnar && is_name(column)) {
                    let detail =
                        "the folders of its path hold values of a column that is not in the file, and were not read with it";
                    let problem = Problem::of_source(ProblemCode::Unsupported, &name, detail).in_object(&name).in_column(column);
                    self.found.problems.push(problem);
                }
                self.found.sessions.push(session);
            }
            // Nothing came out because something hindered it, which is said already.
            Err(problem) if problem.code == ProblemCode::Empty && self.is_hindered(&name) => {}
            Err(problem) => self.found.problems.push(problem),
        }
        Ok(())
    }

    /// Whether a file's content was not unpacked to its end.
    fn is_hindered(&self, name: &str) -> bool {
        let hinders = |code| matches!(code, ProblemCode::CutShort | ProblemCode::ReadFailed);
        self.found.problems.iter().any(|problem| problem.source == name && hinders(problem.code))
    }

    /// Opens what a file holds packed. Gives a file back that is not packed.
    #[cfg(feature = "archives")]
    fn open_packed(&mut self, file: OpenedFile, head: Vec<u8>) -> Result<Option<(OpenedFile, Vec<u8>)>, Stop> {
        let codec = Codec::of(&head);
        let is_zip = head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06");
        let is_tar = is_tar(&head) && !sql_dump::is_archive(&head);
        if (codec.is_none() && !is_zip && !is_tar) || (is_zip && detect::is_office(&file, self.cancel)) {
            return Ok(Some((file, head)));
        }
        if file.depth() >= self.spool.limits().depth {
            self.problem(ProblemCode::BeyondLimit, &file, "it lies in more packings than are opened");
            return Ok(None);
        }
        let problems = &mut self.found.problems;
        let members = if let Some(codec) = codec {
            codec.unpack(&file, &mut self.spool, problems, self.cancel).map(|content| vec![content])
        } else if is_zip {
            match Zip::open(&file) {
                Ok(zip) => zip.members(&mut self.spool, problems, self.cancel),
                Err(problem) => {
                    problems.push(problem);
                    return Ok(None);
                }
            }
        } else {
            tar_members(&file, &mut self.spool, problems, self.cancel)
        };
        match members {
            Ok(members) => members.into_iter().try_for_each(|member| self.open(member))?,
            Err(stop @ Stop::Cancelled) => return Err(stop),
            Err(stop) => problems.push(stop.problem(file.name())),
        }
        Ok(None)
    }

    fn problem(&mut self, code: ProblemCode, file: &OpenedFile, detail: &str) {
        self.found.problems.push(Problem::of_source(code, file.name(), detail));
    }
}
