//! Documents that stay true: what they name exists, their table of exit codes is the enum, and they speak of no machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// A word in backticks that begins like this is taken for a path from the root of the repository.
const PATH_STARTS: &[&str] = &["src/", "docs/", "tests/", "testdata/", "benches/", "fuzz/", "./check", ".ci/run"];

/// Folders of machines. In two parts, so that this file does not hold what it looks for.
const MACHINE_FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Hosts of package registries: which one a machine uses is that machine's matter.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

#[test]
fn paths_named_in_documents_exist() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (path, text) in text_files() {
        let named = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => named_paths(&path, &text),
            Some("rs") if path.starts_with("src") => comment_paths(&text),
            _ => continue,
        };
        count += named.len();
        for Named { line, written, target } in named {
            let is_there = target.as_ref().is_some_and(|target| root().join(target).exists());
            if !is_there {
                problems
                    .push(format!("{}:{line}: `{written}` does not exist; correct the path, or add the file", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", listed(&problems));
    assert!(count > 0, "no path was found in any document");
}

#[test]
fn exit_codes_are_the_enum() {
    let document = read("docs/exit-codes.md");
    let source = read("src/cli/exit_code.rs");
    let (shown, defined) = (shown_codes(&document), defined_codes(&source));
    assert!(!defined.is_empty(), "src/cli/exit_code.rs: `enum ExitCode` with a line `Name = N,` for each code was not found");
    assert_eq!(shown, defined, "the table of docs/exit-codes.md (left) is not the enum of src/cli/exit_code.rs (right)");
}

#[test]
fn limits_are_those_of_the_source() {
    let document = read("docs/limits.md");
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| ") && line.contains("` |")).collect();
    let mut problems = Vec::new();
    for row in &rows {
        let shown: Vec<&str> =
            spans(row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default()).filter(|span| *span != " ").collect();
        let [file, value] = shown[..] else {
            problems.push(format!("docs/limits.md: {row}: the last cell is not a file and a number in it"));
            continue;
        };
        let source = read(&format!("src/{file}"));
        let is_so = match value.split_once(" = ") {
            Some((name, value)) => {
                source.lines().any(|line| line.contains(&format!("const {name}: ")) && line.ends_with(&format!(" = {value};")))
            }
            None => source.contains(value),
        };
        if !is_so {
            problems.push(format!("docs/limits.md: `{value}` is not what src/{file} has; correct either"));
        }
    }
    assert!(problems.is_empty(), "{}", listed(&problems));
    assert!(rows.len() > 25, "only {} limits were found", rows.len());
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let mut problems = Vec::new();
    for (path, text) in text_files() {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = machine_word(line) {
                problems.push(format!(
                    "{}:{}: holds `{word}`, which differs between machines; leave it out",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{}", listed(&problems));
}

#[test]
fn checker_finds_paths_in_markdown() {
    let text = "A [link](format.md#a), [out](https://example.org/x), [here](#top) and `src/scan.rs:12`.\n\
                ```\n[no](never.md) `src/never.rs`\n```\n\
                `cargo test` `./check` `src/demo/*.rs` `docs/{a, b}.md` ``tests/cli/``\n\
                [image]: ../img/a.png \"Title\"\n[up](../../outside.md) `docs/format.md §3` `not src/x` [root](/README.md)\n";
    let found: Vec<(usize, String, Option<String>)> = named_paths(Path::new("docs/page.md"), text)
        .into_iter()
        .map(|named| (named.line, named.written, named.target.map(|target| target.to_string_lossy().into_owned())))
        .collect();
    let expected = [
        (1, "format.md", Some("docs/format.md")),
        (1, "src/scan.rs", Some("src/scan.rs")),
        (5, "./check", Some("check")),
        (5, "src/demo/", Some("src/demo")),
        (5, "docs/", Some("docs")),
        (5, "tests/cli/", Some("tests/cli")),
        (6, "../img/a.png", Some("img/a.png")),
        (7, "../../outside.md", None),
        (7, "/README.md", None),
        (7, "docs/format.md", Some("docs/format.md")),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(line, written, target)| (line, written.to_owned(), target.map(str::to_owned))).collect();
    assert_eq!(found, expected);
}

#[test]
fn checker_finds_paths_in_comments() {
    let text = "//! See `docs/format.md` §3.\nlet a = \"`docs/never.md`\";\n    /// (`docs/attestation.md`, \"Gaps\")\n";
    let found: Vec<_> = comment_paths(text).into_iter().map(|named| (named.line, named.written)).collect();
    assert_eq!(found, [(1, "docs/format.md".to_owned()), (3, "docs/attestation.md".to_owned())]);
}

#[test]
fn checker_reads_exit_codes() {
    let document = "| code | name | meaning | commands |\n|---:|---|---|---|\n| 0 | clear | Nothing `x`. | all |\n| 12 | verification failed | A check. | `verify` |\n\n| 3 | no |\n";
    let source = "enum Other { A = 1 }\n/// Codes.\npub(crate) enum ExitCode {\n    /// Nothing\n    /// `x`.\n    Clear = 0,\n    #[doc(hidden)]\n    /// A check.\n    VerificationFailed = 12,\n}\nconst B: u8 = 3;\n";
    let expected = BTreeMap::from([
        (0, ("clear".to_owned(), "Nothing `x`.".to_owned())),
        (12, ("verification failed".to_owned(), "A check.".to_owned())),
    ]);
    assert_eq!(shown_codes(document), expected);
    assert_eq!(defined_codes(source), expected);
}

#[test]
fn checker_finds_machines_and_registries() {
    for word in MACHINE_FOLDERS {
        assert_eq!(machine_word(&format!("see {word}x")), Some(*word));
        assert_eq!(machine_word(&format!("`{word}x`")), Some(*word));
    }
    for word in REGISTRY_HOSTS {
        assert_eq!(machine_word(&format!("see https://{word}/x")), Some(*word));
        assert_eq!(machine_word(&format!("(index.{word})")), Some(*word));
    }
    assert_eq!(machine_word("https://example.org/home/x, ./work/x, target/root/x, my-crates.iota and crates.iota"), None);
}

/// A path that a document names.
struct Named {
    line: usize,
    /// As it is written, up to the first placeholder.
    written: String,
    /// From the root of the repository; `None` where it leads out of it.
    target: Option<PathBuf>,
}

/// The paths that a Markdown text names: its links, relative to it, and its words in backticks, relative to the root.
fn named_paths(document: &Path, text: &str) -> Vec<Named> {
    let folder = document.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut is_fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            for written in links(line) {
                found.push(Named { line: number + 1, target: normalized(&folder.join(&written)), written });
            }
            found.extend(spans(line).filter_map(|span| rooted_path(number + 1, span)));
        }
    }
    found
}

/// The paths in backticks in the comments of a Rust file.
fn comment_paths(text: &str) -> Vec<Named> {
    let comments = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//"));
    comments.flat_map(|(number, line)| spans(line).filter_map(move |span| rooted_path(number + 1, span))).collect()
}

/// The targets of links to files: `[text](target)` and `[label]: target`.
fn links(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let inline = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let reference =
        prose.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).and_then(|(_, rest)| rest.split_whitespace().next());
    let targets = inline.chain(reference).map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains(':')).map(str::to_owned).collect()
}

/// The texts in backticks of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).filter(|span| !span.is_empty())
}

/// The path that a text in backticks begins with, cut before a placeholder such as `*`, `<name>` or `…`.
fn rooted_path(line: usize, span: &str) -> Option<Named> {
    let start = PATH_STARTS.iter().find(|start| span.starts_with(**start))?;
    let word = span.split_whitespace().next().unwrap_or_default();
    if !start.ends_with('/') && word != *start {
        return None;
    }
    let word = word.split(':').next().unwrap_or_default().trim_end_matches([',', '.', ';']);
    let written = match word.find(['*', '<', '{', '…', '[']) {
        Some(placeholder) => &word[..=word[..placeholder].rfind('/')?],
        None => word,
    };
    Some(Named { line, written: written.to_owned(), target: normalized(Path::new(written)) })
}

/// The path without `.` and `..`; `None` where it leads out of the repository.
fn normalized(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

/// Code to name and meaning, from the table that begins `| code |`.
fn shown_codes(document: &str) -> BTreeMap<u8, (String, String)> {
    let rows = document.lines().skip_while(|line| !line.starts_with("| code |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [code, name, meaning, ..] = cells.as_slice() else { panic!("docs/exit-codes.md: a row with too few cells: {line}") };
        let code = code.parse().unwrap_or_else(|_| panic!("docs/exit-codes.md: no exit code: {line}"));
        (code, ((*name).to_owned(), (*meaning).to_owned()))
    })
    .collect()
}

/// Code to name (in words) and doc comment, from the lines `Name = N,` of `enum ExitCode`.
fn defined_codes(source: &str) -> BTreeMap<u8, (String, String)> {
    let body = source.split_once("enum ExitCode {").map_or("", |(_, rest)| rest.split_once('}').map_or(rest, |(body, _)| body));
    let mut codes = BTreeMap::new();
    let mut comment = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if let Some((name, code)) = line.trim_end_matches(',').split_once(" = ") {
            let code = code.parse().unwrap_or_else(|_| panic!("src/cli/exit_code.rs: no exit code: {line}"));
            codes.insert(code, (words(name), comment.join(" ")));
            comment.clear();
        }
    }
    codes
}

/// `VerificationFailed` as `verification failed`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The first folder of a machine or host of a registry that a line holds.
fn machine_word(line: &str) -> Option<&'static str> {
    let is_joined = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let holds = |word: &str| {
        let is_folder = word.ends_with('/');
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            let is_begun = before.is_some_and(|letter| is_joined(letter) || is_folder && letter == '.');
            !is_begun && (is_folder || !after.is_some_and(is_joined))
        })
    };
    MACHINE_FOLDERS.iter().chain(REGISTRY_HOSTS).copied().find(|word| holds(word))
}

/// Every Markdown, source, configuration and script file of the project, path from its root to text.
fn text_files() -> BTreeMap<PathBuf, String> {
    fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(root().join(folder)).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            if entry.path().is_dir() {
                let is_hidden = name.starts_with('.') && name != ".ci" && name != ".github";
                let is_made = ["target", "residua-demo", "node_modules"].contains(&name.as_str());
                let is_ours = !is_hidden && !is_made && !entry.path().join("CACHEDIR.TAG").exists();
                if is_ours {
                    walk(&path, files);
                }
                continue;
            }
            let is_read = match path.extension().and_then(|extension| extension.to_str()) {
                Some(extension) => ["md", "rs", "toml", "sh", "sql", "py", "mjs", "yml", "yaml"].contains(&extension),
                None => path == Path::new("check") || path.starts_with(".ci"),
            };
            if is_read {
                let text =
                    fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
                files.insert(path, text);
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(Path::new(""), &mut files);
    assert!(files.contains_key(Path::new("README.md")), "README.md was not found");
    files
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn listed(problems: &[String]) -> String {
    let mut text = format!("{} problems:\n", problems.len());
    for problem in problems {
        let _ = writeln!(text, "  {problem}");
    }
    text
}
