//! Runs the program in a folder of its own, with an environment and a clock of its own, and says everything when it disappoints.
//!
//! ```text
//! let case = Case::new();
//! case.write("people.csv", "name,email\n…");
//! case.run(&["inspect", "people.csv"]).exits_with(0).prints("email").stderr_is("");
//! case.command(&["scan", "-"]).input("name\n…").now("2017-07-02T09:00:00Z").run().exits_with(11);
//! case.never_prints("canary");
//! ```
//!
//! `RESIDUA_PROGRAM` names another program to test: an installed one, or a build with a sanitiser.

use serde_json::Value;
use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

/// The moment at which tests run unless they say otherwise: a spring morning before the agreed date of the founding case.
pub(crate) const NOW: &str = "2017-05-01T09:00:00Z";

/// One test's folder and what the program said in it.
pub(crate) struct Case {
    /// Removes the folder when the test ends.
    _guard: TempDir,
    /// The folder without symbolic links, so that it is found in output.
    folder: PathBuf,
    program: OsString,
    /// What every command printed so far, as command line and output.
    said: Mutex<Vec<(String, String)>>,
}

impl Case {
    /// An empty folder for the program under test.
    pub(crate) fn new() -> Case {
        Case::of(env::var_os("RESIDUA_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_residua").into()))
    }

    /// An empty folder for another program.
    fn of(program: impl Into<OsString>) -> Case {
        let guard = tempfile::Builder::new().prefix("residua-test-").tempdir().expect("a temporary folder");
        let folder = guard.path().canonicalize().expect("the temporary folder's path");
        Case { _guard: guard, folder, program: program.into(), said: Mutex::default() }
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, content).expect("a new file");
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("cannot read `{name}`: {error}"))
    }

    /// The names of all files in the folder, sorted, with `/` between folders: what a command left behind.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a readable folder") {
                let path = entry.expect("a readable entry").path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.folder).expect("a path in the folder").to_string_lossy();
                    files.push(name.replace('\\', "/"));
                }
            }
        }
        files.sort();
        files
    }

    /// A command to be changed before it is run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command<'_> {
        let arguments = arguments.iter().map(OsString::from).collect();
        Command { case: self, arguments, now: Some(NOW.to_owned()), environment: Vec::new(), input: None, script: None }
    }

    /// Runs a command as it is.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).run()
    }

    /// No command of this case printed the word, in any case of its letters.
    #[track_caller]
    pub(crate) fn never_prints(&self, word: &str) {
        for (line, output) in self.said.lock().expect("no panic").iter() {
            assert!(!holds(output.as_bytes(), word), "`{word}` stands in the output of `{line}`:\n{output}");
        }
    }

    /// The files in the folder that hold the word, in any case of its letters.
    pub(crate) fn files_with(&self, word: &str) -> Vec<String> {
        let holds_word = |name: &String| holds(&fs::read(self.path(name)).expect("a readable file"), word);
        self.files().into_iter().filter(holds_word).collect()
    }

    /// The text with this case's folder as `[TMP]`.
    fn redacted(&self, text: &str) -> String {
        text.replace(&*self.folder.to_string_lossy(), "[TMP]")
    }
}

/// A command line with its surroundings.
pub(crate) struct Command<'case> {
    case: &'case Case,
    arguments: Vec<OsString>,
    now: Option<String>,
    environment: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
    script: Option<String>,
}

impl Command<'_> {
    /// One argument more.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// A variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// What stands on standard input; nothing otherwise.
    pub(crate) fn input(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = Some(input.as_ref().to_owned());
        self
    }

    /// Lets a shell start the program, with surroundings of its own: `ulimit -f 8; exec "$@"`.
    #[cfg(unix)]
    pub(crate) fn in_shell(mut self, script: impl Into<String>) -> Self {
        self.script = Some(script.into());
        self
    }

    /// Another time than [`NOW`].
    pub(crate) fn now(mut self, now: &str) -> Self {
        self.now = Some(now.to_owned());
        self
    }

    /// The clock of the machine, for what must work without `--now`.
    pub(crate) fn real_time(mut self) -> Self {
        self.now = None;
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Output {
        self.run_while(|_| ())
    }

    /// Runs it to its end, and tells the most memory that it held at a time, in bytes. Where the system does not tell, that is 0.
    pub(crate) fn run_measured(self) -> (Output, u64) {
        let peak = Arc::new(AtomicU64::new(0));
        let seen = peak.clone();
        let output = self.run_while(move |process| {
            std::thread::spawn(move || {
                // The last look is at most a moment before the end.
                while let Some(bytes) = peak_memory(process) {
                    seen.store(bytes, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        });
        (output, peak.load(Ordering::Relaxed))
    }

    /// Runs it to its end, and meanwhile does something to it, by its process id.
    pub(crate) fn run_while(self, meddle: impl FnOnce(u32)) -> Output {
        let case = self.case;
        let mut command = match &self.script {
            None => process::Command::new(&case.program),
            Some(script) => {
                let mut command = process::Command::new("sh");
                command.args(["-c", script.as_str(), "sh"]).arg(&case.program);
                command
            }
        };
        command.current_dir(&case.folder).env_clear();
        for name in ["PATH", "SystemRoot"] {
            // Windows starts no program without `SystemRoot`; elsewhere it is not set.
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", &case.folder).env("RESIDUA_LEDGER", case.path("ledger")).envs(self.environment);
        if let Some(now) = &self.now {
            command.args(["--now", now]);
        }
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());

        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", case.program.display()));
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.input.unwrap_or_default();
        // From a thread of its own, since the program may print before it has read everything; it may also end without reading it.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        meddle(child.id());
        let ended = child.wait_with_output().expect("the program's output");
        writer.join().expect("the writer of standard input");

        let line: Vec<String> = self.arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let output = Output {
            line: case.redacted(&line.join(" ")),
            code: ended.status.code(),
            stdout: case.redacted(&String::from_utf8(ended.stdout).expect("standard output in UTF-8")),
            stderr: case.redacted(&String::from_utf8(ended.stderr).expect("standard error in UTF-8")),
        };
        assert!(!output.stderr.contains("panicked at"), "the program panicked{}", output.whole());
        case.said.lock().expect("no panic").push((output.line.clone(), format!("{}{}", output.stdout, output.stderr)));
        output
    }
}

/// The most memory that a running process held so far, by Linux.
fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
}

/// What a command said, with the case's folder as `[TMP]`.
#[derive(Debug)]
pub(crate) struct Output {
    line: String,
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The exit code is this one.
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "another exit code than expected{}", self.whole());
        self
    }

    /// Standard error is exactly this.
    #[track_caller]
    pub(crate) fn stderr_is(&self, expected: &str) -> &Self {
        assert_eq!(self.stderr, expected, "another standard error than expected{}", self.whole());
        self
    }

    /// Standard output is exactly this.
    #[track_caller]
    pub(crate) fn stdout_is(&self, expected: &str) -> &Self {
        assert_eq!(self.stdout, expected, "another standard output than expected{}", self.whole());
        self
    }

    /// Standard output holds this somewhere.
    #[track_caller]
    pub(crate) fn prints(&self, part: &str) -> &Self {
        assert!(self.stdout.contains(part), "standard output does not hold {part:?}{}", self.whole());
        self
    }

    /// Standard error holds this somewhere. Errors are better tested with [`Output::stderr_is`].
    #[track_caller]
    pub(crate) fn warns(&self, part: &str) -> &Self {
        assert!(self.stderr.contains(part), "standard error does not hold {part:?}{}", self.whole());
        self
    }

    /// Standard output as JSON, which has a version.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is no JSON: {error}{}", self.whole()));
        assert_eq!(value["version"], 1, "the JSON has another version{}", self.whole());
        value
    }

    /// Everything, for a message of a test's own.
    pub(crate) fn whole(&self) -> String {
        let Output { line, code, stdout, stderr } = self;
        format!("\n--- residua {line}\n--- exit code {code:?}\n--- standard output\n{stdout}--- standard error\n{stderr}---")
    }
}

/// Says loudly that a test proves nothing on this machine.
#[expect(clippy::print_stderr, reason = "cargo shows it with the test's name")]
pub(crate) fn skip(because: &str) {
    eprintln!("SKIPPED: {because}");
}

/// Whether the bytes hold an ASCII word, in any case of its letters. Normalising changes case, so a leak may too.
pub(crate) fn holds(bytes: &[u8], word: &str) -> bool {
    assert!(word.len() >= 4 && word.is_ascii(), "`{word}` is no word to search for");
    memchr::memmem::find(&bytes.to_ascii_lowercase(), word.to_ascii_lowercase().as_bytes()).is_some()
}

/// The harness itself, with the shell in the place of the program.
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Case, Output) {
        let case = Case::of("sh");
        let output = case.command(&["-c", script]).env("EXTRA", "yes").real_time().run();
        (case, output)
    }

    #[test]
    fn environment_is_scrubbed() {
        let (_case, output) = shell("cd /; env | grep -v -e '^PATH=' -e '^PWD=' -e '^OLDPWD=' -e '^SHLVL=' -e '^_=' | sort");
        output.exits_with(0).stdout_is("EXTRA=yes\nHOME=[TMP]\nRESIDUA_LEDGER=[TMP]/ledger\n");
    }

    #[test]
    fn code_and_streams_are_told_apart() {
        let (_case, output) = shell("echo out; pwd >&2; exit 11");
        output.exits_with(11).stdout_is("out\n").stderr_is("[TMP]\n").prints("ou").warns("TMP");
    }

    #[test]
    fn input_reaches_the_program() {
        let case = Case::of("sh");
        let input = "line\n".repeat(100_000);
        case.command(&["-c"]).arg("tee copy").input(&input).real_time().run().exits_with(0).stdout_is(&input);
        assert_eq!(case.read("copy"), input);
        // A program that does not read its input is no error.
        case.command(&["-c", "exit 3"]).input(&input).real_time().run().exits_with(3);
    }

    #[test]
    fn clock_is_an_argument() {
        let case = Case::of("echo");
        case.run(&["status"]).stdout_is(&format!("--now {NOW} status\n"));
        case.command(&["status"]).now("2018-01-01T00:00:00Z").run().stdout_is("--now 2018-01-01T00:00:00Z status\n");
    }

    #[test]
    fn files_are_listed_and_searched() {
        let case = Case::of("sh");
        case.write("b/c.txt", "a CANARY sings");
        case.write("a.txt", "nothing");
        assert_eq!(case.files(), ["a.txt", "b/c.txt"]);
        assert_eq!(case.files_with("canary"), ["b/c.txt"]);
        assert_eq!(case.path("a.txt").file_name(), Some(OsStr::new("a.txt")));
        assert!(Path::new(&case.path("b")).is_dir());
    }

    #[test]
    fn canary_is_found_in_either_stream() {
        for script in ["echo a Canary", "echo a canary >&2"] {
            let (case, _output) = shell(script);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case.never_prints("canary")));
            assert!(result.is_err(), "{script}");
        }
        shell("echo a sparrow").0.never_prints("canary");
    }
}
