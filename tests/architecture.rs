//! The rules of `ARCHITECTURE.md`, held against the text of `src/`: who may use whom, and what a file may do.
//!
//! Text is enough, because the house style makes it so: whatever a file takes from another top-level module it names as `crate::module`.
//! Comments, strings and test code are blanked first, since a test may use more than the code beside it.

mod checker;
mod text;

use crate::architecture::text::Blanked;
use crate::architecture::text::Reference;
use crate::architecture::text::climbs;
use crate::architecture::text::line_of;
use crate::architecture::text::occurrences;
use crate::architecture::text::references;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Stands in the table for "every module".
const EVERYTHING: &str = "everything";

/// Who may use whom, besides `support`, in the order in which the code is read. `ARCHITECTURE.md` shows the same table.
const TABLE: &[(&str, &[&str])] = &[
    // Tools without a domain: a dependency from here would give them one.
    ("support", &[]),
    ("record", &[]),
    ("match_key", &["record"]),
    // Names records and keys, whose atoms it hashes.
    ("fingerprint", &["record", "match_key"]),
    // The signed statement carries the schema (record) and the plan (match_key); the index is keyed by fingerprints.
    ("manifest", &["record", "match_key", "fingerprint"]),
    // An outcome counts by key and class (match_key) and says what columns were taken for (record). It reads and writes nothing.
    ("finding", &["record", "match_key"]),
    // Knows tables and cells and no word about persons. Its `Problem` becomes a gap in `scan`.
    ("source", &[]),
    // The one place where rows of a source become records.
    ("intake", &["record", "source"]),
    // The two pipelines run over the same stations, so they have the same list; neither may know the other.
    ("supply", &["record", "match_key", "fingerprint", "manifest", "finding", "source", "intake"]),
    ("scan", &["record", "match_key", "fingerprint", "manifest", "finding", "source", "intake"]),
    // Asks the originator's own copy of a manifest about one person. It reads that person as `intake` reads any row, counts nothing and judges no
    // deletion, so that it needs no word of `finding`; what the ledger holds it is handed.
    ("trace", &["record", "match_key", "fingerprint", "manifest", "intake"]),
    // What is signed: outcomes (finding) about a manifest, by key (match_key). Nothing else, so that it is readable alone.
    ("attestation", &["match_key", "manifest", "finding"]),
    // A challenge carries the policy and the phase, which are words of `finding`.
    ("ledger", &["manifest", "attestation", "finding"]),
    // Puts evidence together and holds it against itself: signed documents (attestation), the manifests' statements (manifest), phases (finding), and the
    // slice, which is the ledger's. It judges no attestation, so that it needs no word of `verification`, and `cli` has both at hand.
    ("bundle", &["manifest", "attestation", "finding", "ledger"]),
    // Never `source` or `scan`: whoever audits the verification reads no file parser.
    ("verification", &["match_key", "manifest", "finding", "attestation", "ledger"]),
    // Decides from the ledger and from challenges what is due; what it decides `cli` does by the commands that a person would type.
    ("schedule", &["finding", "attestation", "ledger"]),
    // Shows what the modules before it concluded, and concludes nothing itself.
    // The plan's table shows what each key is worth, and that is match_key's word; a manifest's statement is shown like the other documents.
    ("report", &["match_key", "manifest", "finding", "attestation", "ledger", "verification"]),
    // Invented data: it makes files and is read back through the program, as any other files are.
    ("demo", &["record"]),
    ("cli", &[EVERYTHING]),
];

/// What reaches outside the program, and so is for `cli` alone: the rest takes `now`, randomness, texts and progress as arguments.
const CLI_ONLY: &[(&str, &str)] = &[
    ("println!", "return the text, and let `cli` print it"),
    ("print!", "return the text, and let `cli` print it"),
    ("eprintln!", "return an error, a gap or a warning, and let `cli` print it"),
    ("eprint!", "return an error, a gap or a warning, and let `cli` print it"),
    ("io::stdout", "take a `&mut dyn Write` as an argument"),
    ("io::stderr", "take a `&mut dyn Write` as an argument"),
    ("std::env", "take what the environment says as an argument"),
    ("Timestamp::now", "take `now` as an argument"),
    ("SystemTime::now", "take `now` as an argument"),
    ("getrandom", "take the random bytes, or what draws them, as an argument"),
    ("OsRng", "take the random bytes, or what draws them, as an argument"),
    ("process::exit", "return an error or a result, and let `cli` choose the exit code"),
];

/// The most lines of a file, its tests left out. At 500 it is worth a look whether the file holds two concepts.
const MOST_LINES: usize = 700;

#[test]
fn source_follows_the_architecture() {
    let problems = check_tree(&read_source(), TABLE);
    assert!(problems.is_empty(), "{}", listed(&problems));
}

#[test]
fn table_has_a_row_for_each_module() {
    let source = read_source();
    let root = &source["src/lib.rs"];
    let modules: BTreeSet<String> = declared_modules(&Blanked::of(root).text).into_iter().collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(rows.len(), TABLE.len(), "a module has two rows in the table of tests/architecture.rs");
    let without_row: Vec<_> = modules.difference(&rows).collect();
    let without_module: Vec<_> = rows.difference(&modules).collect();
    assert!(
        without_row.is_empty() && without_module.is_empty(),
        "src/lib.rs and the table of tests/architecture.rs differ: modules without a row {without_row:?}, rows without a module \
         {without_module:?}; add or remove the row there and in ARCHITECTURE.md"
    );
    for (module, uses) in TABLE {
        for used in *uses {
            assert!(*used == EVERYTHING || rows.contains(*used), "the row of `{module}` names `{used}`, which has no row itself");
        }
    }
}

#[test]
fn table_has_no_circle() {
    let edges = TABLE.iter().filter(|(module, _)| *module != "cli");
    let edges = edges.flat_map(|(module, uses)| uses.iter().map(|used| ((*module).to_owned(), (*used).to_owned()))).collect();
    assert_eq!(circle(&edges), None, "the table of tests/architecture.rs allows a circle");
}

#[test]
fn document_shows_the_same_table() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let shown = markdown_table(&document);
    let expected: Vec<(String, Vec<String>)> =
        TABLE.iter().map(|(module, uses)| ((*module).to_owned(), uses.iter().map(|used| (*used).to_owned()).collect())).collect();
    for (row, (shown, expected)) in shown.iter().zip(&expected).enumerate() {
        assert_eq!(shown, expected, "row {} of the table in ARCHITECTURE.md is not the one of tests/architecture.rs", row + 1);
    }
    assert_eq!(shown.len(), expected.len(), "the tables of ARCHITECTURE.md and tests/architecture.rs differ in length");
}

/// Every problem of a tree of files, path to text, each as `file:line: rule; what to do`.
fn check_tree(tree: &BTreeMap<String, String>, table: &[(&str, &[&str])]) -> Vec<String> {
    let blanked: BTreeMap<&str, Blanked> = tree.iter().map(|(path, text)| (path.as_str(), Blanked::of(text))).collect();
    let tests: Vec<String> = blanked.iter().flat_map(|(path, blanked)| blanked.test_files(path)).collect();
    let is_test = |path: &str| tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")));

    let mut problems = Vec::new();
    let mut edges = BTreeSet::new();
    for (path, text) in tree {
        if !text.starts_with("//!") {
            problems.push(format!("{path}:1: every file opens with `//!` and one sentence on what it holds; write it"));
        }
        if is_test(path) {
            continue;
        }
        let blanked = &blanked[path.as_str()];
        check_references(path, &blanked.text, table, &mut problems, &mut edges);
        check_manners(path, blanked, &mut problems);
    }
    if let Some(circle) = circle(&edges) {
        problems
            .push(format!("src: the modules use each other in a circle ({circle}); move what they share into the earlier one"));
    }
    problems
}

/// Holds each `crate::x` and each `super::` of a file against the table, and notes which modules it uses.
fn check_references(
    path: &str,
    text: &str,
    table: &[(&str, &[&str])],
    problems: &mut Vec<String>,
    edges: &mut BTreeSet<(String, String)>,
) {
    let module = top_module(path);
    let is_root = module == "lib" || module == "main";
    let row = table.iter().find(|(name, _)| *name == module);
    if !is_root && row.is_none() {
        problems.push(format!(
            "{path}:1: the module `{module}` has no row in the table; add it in tests/architecture.rs and ARCHITECTURE.md"
        ));
        return;
    }
    for (line, used) in references(text) {
        let Reference::Module(used) = used else {
            problems
                .push(format!("{path}:{line}: `use crate::{{…}}` and `use crate::*` hide what is used; write one `use` a line"));
            continue;
        };
        if used == module {
            continue;
        }
        let problem = if is_root {
            (used != "cli").then(|| format!("the crate's root may use only `cli`, not `{used}`; move the code into a module"))
        } else if !table.iter().any(|(name, _)| *name == used) {
            Some(format!(
                "`crate::{used}` has no row in the table of tests/architecture.rs; use a module that has one, or add it"
            ))
        } else {
            let allowed = row.map_or(&[][..], |(_, uses)| uses);
            let is_allowed = used == "support" || allowed.contains(&used.as_str()) || allowed.contains(&EVERYTHING);
            (!is_allowed).then(|| {
                let allowed: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
                let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                format!(
                    "`{module}` may not use `{used}` (besides `support` it may use {allowed}); move the code to where both are known, or \
                     pass what is needed as an argument"
                )
            })
        };
        problems.extend(problem.map(|problem| format!("{path}:{line}: {problem}")));
        edges.insert((module.clone(), used));
    }
    let depth = path.trim_end_matches(".rs").split('/').count() - 1;
    for (line, steps, is_glob) in climbs(text) {
        if is_glob {
            problems.push(format!("{path}:{line}: `use super::*` outside tests hides what is used; name each thing"));
        } else if !is_root && steps >= depth {
            problems.push(format!(
                "{path}:{line}: this `super::` leaves the module `{module}`; write `crate::…`, so that it is seen"
            ));
        }
    }
}

/// Holds a file against the rules that concern it alone.
fn check_manners(path: &str, blanked: &Blanked, problems: &mut Vec<String>) {
    if top_module(path) != "cli" {
        for (word, help) in CLI_ONLY {
            for at in occurrences(&blanked.text, word) {
                let line = line_of(&blanked.text, at);
                problems.push(format!("{path}:{line}: only `cli` may mention `{word}`; {help}"));
            }
        }
    }
    let over = (1..=blanked.text.lines().count()).filter(|line| !blanked.is_test_line(*line)).nth(MOST_LINES);
    if let Some(line) = over {
        problems.push(format!(
            "{path}:{line}: a file has at most {MOST_LINES} lines before its tests; move one of its concepts into a file of its own"
        ));
    }
}

/// A circle among the edges, if there is one, as `a → b → a`.
fn circle(edges: &BTreeSet<(String, String)>) -> Option<String> {
    fn walk<'a>(edges: &'a BTreeSet<(String, String)>, trail: &mut Vec<&'a str>) -> Option<String> {
        let last = *trail.last()?;
        for (_, used) in edges.iter().filter(|(module, _)| module == last) {
            if let Some(start) = trail.iter().position(|module| module == used) {
                let mut circle = trail[start..].to_vec();
                circle.push(used);
                return Some(circle.join(" → "));
            }
            trail.push(used);
            let found = walk(edges, trail);
            trail.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }
    edges.iter().find_map(|(module, _)| walk(edges, &mut vec![module]))
}

/// The top-level module that a file belongs to: `src/scan/probe.rs` is `scan`.
fn top_module(path: &str) -> String {
    path.trim_start_matches("src/").trim_end_matches(".rs").split('/').next().unwrap_or_default().to_owned()
}

/// The names of all `mod x;` lines.
fn declared_modules(text: &str) -> Vec<String> {
    let declarations = text.lines().filter_map(|line| line.trim().strip_suffix(';')?.rsplit_once("mod "));
    declarations.map(|(_, name)| name.trim().to_owned()).collect()
}

/// The table under the header `| module | may use … |`: each row's module, and what it may use.
fn markdown_table(text: &str) -> Vec<(String, Vec<String>)> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| module | may use")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells = rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.replace('`', "").trim().to_owned()).collect());
    cells
        .map(|cells: Vec<String>| {
            let uses = cells.get(1).map(String::as_str).unwrap_or_default();
            let uses = uses.split(',').map(|used| used.trim().to_owned()).filter(|used| used != "–").collect();
            (cells[0].clone(), uses)
        })
        .collect()
}

/// Every Rust file under `src/`, as path from the crate's root to text.
fn read_source() -> BTreeMap<String, String> {
    fn walk(folder: &Path, name: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let path = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &path, files);
            } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
                files.insert(path, fs::read_to_string(entry.path()).expect("a source file in UTF-8"));
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&root().join("src"), "src", &mut files);
    assert!(files.contains_key("src/lib.rs"), "the source was not found");
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn listed(problems: &[String]) -> String {
    let mut text = format!("{} broken rules (ARCHITECTURE.md):\n", problems.len());
    for problem in problems {
        let _ = writeln!(text, "  {problem}");
    }
    text
}
