//! Pages as a browser shows them: `tests/browser/look.mjs` opens them in headless Chromium and tells what it saw, and tests here judge it.
//!
//! ```text
//! let Some(seen) = look(vec![Task::new(&page).set("#files", &files).text("#result").widths(&[1200, 360])]) else { return };
//! seen[0].is_unharmed();
//! assert_eq!(seen[0].state, "holds");
//! ```
//!
//! Chromium is the command `chromium`; the packages of Node are those of `tests/package.json` (`npm ci` in `tests/`). With `RESIDUA_SCREENSHOTS`, a
//! folder, pictures are kept there: one for each width of a task that has a name.

mod report;
mod verifier;

use crate::cli::harness::skip;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// One page to look at, and what to do there.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    page: PathBuf,
    before: Option<String>,
    steps: Vec<Step>,
    widths: Vec<u32>,
    is_dark: bool,
    texts: Vec<String>,
    screenshots: BTreeMap<String, PathBuf>,
    pdf: Option<PathBuf>,
    #[serde(skip)]
    name: Option<String>,
}

/// Something that a person does.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Step {
    Set {
        set: String,
        files: Vec<PathBuf>,
    },
    Click {
        click: String,
    },
    Type {
        #[serde(rename = "type")]
        field: String,
        text: String,
    },
    Drop {
        drop: Vec<PathBuf>,
    },
}

impl Task {
    /// Opens a page and waits until it has checked what it checks by itself.
    pub(crate) fn new(page: &Path) -> Task {
        Task {
            page: page.to_owned(),
            before: None,
            steps: Vec::new(),
            widths: Vec::new(),
            is_dark: false,
            texts: Vec::new(),
            screenshots: BTreeMap::new(),
            pdf: None,
            name: None,
        }
    }

    /// Runs a script before those of the page: to take something from the browser that another one would not have.
    pub(crate) fn before(mut self, script: &str) -> Task {
        self.before = Some(script.to_owned());
        self
    }

    /// Chooses files in a field.
    pub(crate) fn set(mut self, selector: &str, files: &[PathBuf]) -> Task {
        self.steps.push(Step::Set { set: selector.to_owned(), files: files.to_vec() });
        self
    }

    /// Drops files on the page.
    pub(crate) fn drop_files(mut self, files: &[PathBuf]) -> Task {
        self.steps.push(Step::Drop { drop: files.to_vec() });
        self
    }

    /// Presses something.
    pub(crate) fn click(mut self, selector: &str) -> Task {
        self.steps.push(Step::Click { click: selector.to_owned() });
        self
    }

    /// Writes into a field.
    pub(crate) fn type_into(mut self, selector: &str, text: &str) -> Task {
        self.steps.push(Step::Type { field: selector.to_owned(), text: text.to_owned() });
        self
    }

    /// The widths of the window, in pixels of a page; 1200 otherwise.
    pub(crate) fn widths(mut self, widths: &[u32]) -> Task {
        self.widths = widths.to_vec();
        self
    }

    /// As somebody sees it who prefers dark pages.
    pub(crate) fn dark(mut self) -> Task {
        self.is_dark = true;
        self
    }

    /// Tells the text and the classes of what this finds.
    pub(crate) fn text(mut self, selector: &str) -> Task {
        self.texts.push(selector.to_owned());
        self
    }

    /// Keeps pictures under this name, where they are kept at all.
    pub(crate) fn named(mut self, name: &str) -> Task {
        self.name = Some(name.to_owned());
        self
    }

    /// Prints it to a PDF file.
    pub(crate) fn pdf(mut self, path: &Path) -> Task {
        self.pdf = Some(path.to_owned());
        self
    }

    fn with_screenshots(mut self, folder: &Path) -> Task {
        let scheme = if self.is_dark { "dark" } else { "light" };
        if let Some(name) = &self.name {
            let file = |width: &u32| (width.to_string(), folder.join(format!("{name}-{width}-{scheme}.png")));
            self.screenshots = self.widths.iter().map(file).collect();
        }
        self
    }
}

/// What was seen of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    /// `data-state` of the document in the end.
    pub(crate) state: String,
    /// The text of what a selector found, as it is seen: nothing of what is hidden.
    pub(crate) texts: BTreeMap<String, String>,
    /// Its classes.
    pub(crate) classes: BTreeMap<String, String>,
    /// Errors and warnings of the console.
    pub(crate) errors: Vec<String>,
    /// What the page's own policy stopped.
    pub(crate) violations: Vec<String>,
    /// Every address that was asked for, the page's own first.
    pub(crate) requests: Vec<String>,
    /// The texts of windows that scripts opened.
    pub(crate) dialogs: Vec<String>,
    /// By how many pixels the page is wider than the window, for each width.
    pub(crate) overflow: Vec<i64>,
    /// How long it took to load.
    pub(crate) milliseconds: u64,
    /// Whether a script from somebody's data has run and set `window.harmed`.
    pub(crate) is_harmed: bool,
    /// What was printed.
    pub(crate) pdf: Option<Pdf>,
}

/// A PDF file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pdf {
    pub(crate) pages: u32,
    #[serde(rename = "isA4")]
    pub(crate) is_a4: bool,
}

impl Seen {
    /// No script of a stranger ran, nothing was loaded, and nothing lies beside the window.
    #[track_caller]
    pub(crate) fn is_harmless(&self) {
        assert!(!self.is_harmed && self.dialogs.is_empty(), "{self:#?}");
        assert_eq!(self.requests.len(), 1, "{self:#?}");
        assert!(self.requests[0].starts_with("file://"), "{self:#?}");
        assert!(self.overflow.iter().all(|pixels| *pixels == 0), "{self:#?}");
    }

    /// And the page worked without a word of complaint.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        self.is_harmless();
        assert!(self.errors.is_empty() && self.violations.is_empty(), "{self:#?}");
        assert!(self.milliseconds < 60_000, "{self:#?}");
    }

    /// The text of a selector.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> &str {
        self.texts.get(selector).unwrap_or_else(|| panic!("the task has no `.text({selector:?})`"))
    }
}

/// Looks at pages, one after the other in one browser. `None`, said loudly, where there is no browser; on a build server there has to be one.
#[track_caller]
pub(crate) fn look(tasks: Vec<Task>) -> Option<Vec<Seen>> {
    let chromium = found("chromium");
    let node = found("node");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let packages = tests.join("node_modules/puppeteer-core");
    let missing = if node.is_none() {
        Some("`node` is not installed")
    } else if chromium.is_none() {
        Some("`chromium` is not installed")
    } else if !packages.is_dir() {
        Some("the packages of Node are not installed (`npm ci` in `tests/`)")
    } else {
        None
    };
    if let Some(missing) = missing {
        assert!(env::var_os("CI").is_none(), "{missing}, and CI is set");
        skip(missing);
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pictures = env::var_os("RESIDUA_SCREENSHOTS").map(PathBuf::from);
    let tasks: Vec<Task> = match &pictures {
        Some(pictures) => {
            fs::create_dir_all(pictures).expect("the folder of pictures");
            tasks.into_iter().map(|task| task.with_screenshots(pictures)).collect()
        }
        None => tasks,
    };
    let [asked, told] = ["tasks.json", "seen.json"].map(|name| folder.path().join(name));
    let asking = serde_json::json!({ "chromium": chromium, "isRoot": is_root(), "tasks": tasks });
    fs::write(&asked, asking.to_string()).expect("a new file");
    let output = Command::new("node")
        .arg(tests.join("browser/look.mjs"))
        .args([&asked, &told])
        .output()
        .expect("node starts as it did before");
    assert!(output.status.success(), "the pages were not looked at:\n{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<Seen> = serde_json::from_slice(&fs::read(told).expect("what was seen")).expect("JSON of what was seen");
    assert_eq!(seen.len(), tasks.len());
    Some(seen)
}

/// Where a command lies.
fn found(command: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(command)).find(|path| path.is_file())
}

/// Chromium refuses to build its sandbox for the superuser.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// What the harness is for, it sees: a page that does everything that a page must not.
#[test]
fn harm_is_seen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("harm.html");
    let body = "<p id=shown class=x>seen</p><p id=hidden hidden>unseen</p><div style='width: 900px'>wide</div><img src='http://example.invalid/x.png'>\
        <script>window.harmed = 1; console.error('cried'); alert('opened');</script>";
    fs::write(&page, format!("<!doctype html><html data-state=holds><title>x</title><body>{body}")).expect("a page");
    let strict = folder.path().join("strict.html");
    let policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">";
    fs::write(&strict, format!("<!doctype html><html data-state=unchecked><title>x</title>{policy}<body>{body}"))
        .expect("a page");
    let pdf = folder.path().join("harm.pdf");
    let tasks = vec![Task::new(&page).widths(&[1200, 360]).text("#shown").text("#hidden").pdf(&pdf), Task::new(&strict)];
    let Some(seen) = look(tasks) else { return };
    let [harm, strict] = &seen[..] else { panic!("{seen:#?}") };
    assert!(harm.is_harmed && harm.dialogs == ["opened"] && harm.errors.iter().any(|error| error == "cried"), "{harm:#?}");
    assert!(harm.requests.iter().any(|request| request.contains("example.invalid")), "{harm:#?}");
    assert!(harm.overflow[0] == 0 && harm.overflow[1] > 500, "{harm:#?}");
    assert_eq!([harm.text("#shown"), harm.text("#hidden"), &harm.classes["#shown"]], ["seen", "", "x"]);
    let printed = harm.pdf.as_ref().expect("a PDF file");
    assert!(!printed.is_a4 && printed.pages >= 1, "{printed:?}");
    assert!(
        !strict.is_harmed && strict.dialogs.is_empty() && strict.violations.len() >= 2 && strict.state == "unchecked",
        "{strict:#?}"
    );
}
