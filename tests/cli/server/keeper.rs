//! Keeps a server's process and folder, and sees to it that both are gone when the test is, even if the test is killed.
//!
//! A shell holds the server and waits for the end of a pipe from the test; the end comes when the test drops it or dies in any way. The shell has a
//! process group of its own, since what stops a test (Ctrl-C, a test runner's limit) is sent to the test's whole group. Servers refuse to run as
//! root: then the shell and its server are `nobody`, who owns the folder.

use crate::cli::server::text;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// `$1` is the folder, `$2` the signal that ends the server, the rest its command, which starts when a line has come. A command in the
/// background of a shell has no standard input, so the pipe gets a number of its own. A test that was killed may still have a copy under way
/// in the folder, so removing it may need a second go.
const SCRIPT: &str = r#"
folder=$1 signal=$2
shift 2
mkdir -m 700 "$folder" || exit
if read -r _; then
  exec 3<&0
  "$@" 3<&- >>"$folder/log" 2>&1 &
  server=$!
  { cat <&3 >"$folder/rest"; [ -e "$folder/ended" ] || kill -s "$signal" "$server"; } &
  wait "$server"
  echo $? >"$folder/ended"
  wait
fi
for _ in 1 2 3 4 5; do
  rm -rf "$folder" && break
  sleep 1
done
"#;

/// The path of a folder for a server, which [`Keeper::of`] makes. It is short: those of sockets have at most some hundred bytes.
pub(super) fn new_folder(word: &str) -> PathBuf {
    let random = getrandom::u32().expect("randomness");
    Path::new("/tmp").join(format!("residua-{word}-{random:08x}"))
}

/// A server's process and folder.
pub(super) struct Keeper {
    folder: PathBuf,
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Keeper {
    /// Makes a folder, and takes charge of a command that starts in it at [`Keeper::go`]. The shell makes the folder, so that there is no
    /// moment at which nobody would remove it.
    pub(super) fn of(folder: PathBuf, signal: &str, command: &[OsString]) -> Keeper {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(&folder).arg(signal).args(command).current_dir("/").process_group(0);
        shell.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C").env("TZ", "UTC");
        if let Some((user, group)) = substitute() {
            shell.uid(user).gid(group);
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("a shell");
        let pipe = shell.stdin.take();
        while !folder.is_dir() {
            let is_over = shell.try_wait().expect("the shell's state").is_some();
            assert!(!is_over, "cannot make `{}`: may every user write to `/tmp`?", folder.display());
            thread::sleep(Duration::from_millis(1));
        }
        Keeper { folder, shell, pipe }
    }

    /// Where the server has all that is its own.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Copies a folder into this one, with its rights; a copy on write where the file system can. The server's user does it, who can remove
    /// what is left of a copy that was broken off, and who may not reach the folder by its path.
    pub(super) fn copy_in(&self, from: &Path, name: &str) {
        let mut copy = Command::new("cp");
        copy.arg("-a").current_dir(self.folder());
        if let Some((user, group)) = substitute() {
            copy.arg("/proc/self/fd/0").stdin(File::open(from).expect("a folder to copy")).uid(user).gid(group);
            // A link would be copied as one.
            copy.arg("-H");
        } else {
            copy.arg(from);
        }
        let status = copy.arg(name).status().expect("`cp`");
        assert!(status.success(), "cannot copy `{}` to `{}`", from.display(), self.folder().display());
    }

    /// Gives the files that the test wrote into the folder to the server's user.
    pub(super) fn hand_over(&self) {
        let Some((user, group)) = substitute() else { return };
        for entry in fs::read_dir(self.folder()).expect("a readable folder") {
            chown(entry.expect("an entry").path(), Some(user), Some(group)).expect("a file given to `nobody`");
        }
    }

    /// Starts the command.
    pub(super) fn go(&mut self) {
        use std::io::Write;
        self.pipe.as_mut().expect("a pipe").write_all(b"go\n").expect("a waiting shell");
    }

    /// Waits for something to be true of the folder. False if the command ended without it, or took too long.
    pub(super) fn wait_until(&self, patience: Duration, is_so: impl Fn(&Path) -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < patience {
            let is_over = self.has_ended();
            if is_so(self.folder()) {
                return true;
            }
            if is_over {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Whether the command ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.folder().join("ended").exists()
    }

    /// What the command printed.
    pub(super) fn log(&self) -> String {
        text(&self.folder().join("log"))
    }

    /// Ends the command, and returns when it and the folder are gone.
    pub(super) fn finish(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.finish();
    }
}

/// User and group of the server: `nobody`, if we are root.
pub(super) fn substitute() -> Option<(u32, u32)> {
    static SUBSTITUTE: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *SUBSTITUTE.get_or_init(|| {
        let is_root = identity(&["-u"]) == Some(0);
        let nobody = |option| identity(&[option, "nobody"]).expect("a user `nobody`, since servers refuse to run as root");
        is_root.then(|| (nobody("-u"), nobody("-g")))
    })
}

/// A number that `id` says.
fn identity(words: &[&str]) -> Option<u32> {
    let said = Command::new("id").args(words).output().expect("`id`").stdout;
    String::from_utf8_lossy(&said).trim().parse().ok()
}
