//! One test for each way to break a rule, so that a checker which sees nothing fails here.

use crate::architecture::CLI_ONLY;
use crate::architecture::EVERYTHING;
use crate::architecture::MOST_LINES;
use crate::architecture::check_tree;
use crate::architecture::markdown_table;
use std::collections::BTreeMap;

const SMALL: &[(&str, &[&str])] =
    &[("support", &[]), ("record", &[]), ("source", &[]), ("intake", &["record", "source"]), ("cli", &[EVERYTHING])];
const ROOT: &str = "//! Root.\nmod cli;\nmod intake;\nmod record;\nmod source;\nmod support;\npub use crate::cli::main;\n";

/// The problems of one file in a crate that is otherwise in order.
fn problems(path: &str, text: &str) -> Vec<String> {
    let tree = BTreeMap::from([("src/lib.rs".to_owned(), ROOT.to_owned()), (path.to_owned(), format!("//! Head.\n{text}"))]);
    check_tree(&tree, SMALL)
}

#[track_caller]
fn accepts(path: &str, text: &str) {
    assert_eq!(problems(path, text), Vec::<String>::new(), "for {text:?}");
}

#[track_caller]
fn refuses(path: &str, text: &str, place: &str, rule: &str) {
    let problems = problems(path, text);
    assert!(problems.len() == 1, "one problem expected for {text:?}, not {problems:?}");
    assert!(problems[0].starts_with(&format!("{place}: ")), "{:?} does not begin with {place:?}", problems[0]);
    assert!(problems[0].contains(rule), "{:?} does not say {rule:?}", problems[0]);
}

#[test]
fn allowed_references_pass() {
    accepts("src/intake.rs", "use crate::record::Field;\nuse crate::source;\nfn f() { crate::support::hex::encode(b\"\") }\n");
    accepts("src/intake/map.rs", "use crate::intake::Row;\nuse super::Column;\n");
    accepts("src/cli/scan.rs", "use crate::intake;\nfn f() { println!(\"{:?}\", std::env::args()) }\n");
}

#[test]
fn forbidden_reference_is_named_with_its_line() {
    refuses("src/record.rs", "\nuse crate::source::Row;\n", "src/record.rs:3", "`record` may not use `source`");
    refuses("src/record/field.rs", "fn f() { crate::intake::g() }\n", "src/record/field.rs:2", "`record` may not use `intake`");
    refuses("src/support/hex.rs", "use crate::record;\n", "src/support/hex.rs:2", "`support` may not use `record`");
    refuses("src/source.rs", "pub(in crate::record) fn f() {}\n", "src/source.rs:2", "`source` may not use `record`");
    refuses("src/record.rs", "use crate :: source;\n", "src/record.rs:2", "`record` may not use `source`");
    refuses("src/record.rs", "use crate::r#source;\n", "src/record.rs:2", "`record` may not use `source`");
    refuses("src/lib.rs", "use crate::record;\n", "src/lib.rs:2", "only `cli`");
}

#[test]
fn grouped_and_roundabout_references_are_refused() {
    refuses("src/intake.rs", "use crate::{record, source};\n", "src/intake.rs:2", "one `use` a line");
    refuses("src/intake.rs", "use crate::*;\n", "src/intake.rs:2", "one `use` a line");
    refuses("src/record.rs", "use super::source::Row;\n", "src/record.rs:2", "leaves the module");
    refuses("src/record/field.rs", "use super::super::source::Row;\n", "src/record/field.rs:2", "leaves the module");
    refuses("src/intake.rs", "use crate::main;\n", "src/intake.rs:2", "no row");
    refuses("src/other.rs", "fn f() {}\n", "src/other.rs:1", "no row");
}

#[test]
fn comments_strings_and_characters_are_no_references() {
    accepts(
        "src/record.rs",
        "// crate::source\n/* crate::source /* println!() */ std::env::var */\n/// [`crate::source`]\nfn f() {}\n",
    );
    accepts("src/record.rs", "const A: &str = \"crate::source \\\" println!\";\nconst B: &str = r#\"\"crate::source\"#;\n");
    refuses("src/record.rs", "const A: char = '\"';\nuse crate::source;\n", "src/record.rs:3", "may not use");
    refuses(
        "src/record.rs",
        "const A: char = '\\'';\nfn f<'a>(x: &'a str) {}\nuse crate::source;\n",
        "src/record.rs:4",
        "may not use",
    );
    refuses("src/record.rs", "const A: &[u8] = br##\"\"#\"##;\nuse crate::source;\n", "src/record.rs:3", "may not use");
}

#[test]
fn test_code_is_left_out_and_nothing_else() {
    accepts(
        "src/record.rs",
        "#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::source::Row;\n    fn f() { println!(\"}\") }\n}\n",
    );
    accepts("src/record.rs", "#[cfg(test)]\n#[allow(unused)]\nfn f(x: [u8; 2]) { crate::source::g() }\n");
    accepts("src/record.rs", "#[cfg(test)]\nuse crate::source::{A, B};\n");
    refuses("src/record.rs", "#[cfg(test)]\nmod tests {}\nuse crate::source;\n", "src/record.rs:4", "may not use");
    refuses("src/record.rs", "#[cfg(test)]\nuse a::{B, C};\nuse crate::source;\n", "src/record.rs:4", "may not use");
    refuses(
        "src/record.rs",
        "struct A {\n    #[cfg(test)]\n    b: u8,\n    c: crate::source::Row,\n}\n",
        "src/record.rs:5",
        "may not use",
    );
    refuses("src/record.rs", "#[cfg(not(test))]\nfn f() { crate::source::g() }\n", "src/record.rs:3", "may not use");
}

#[test]
fn files_of_tests_are_left_out() {
    let head = "//! Head.\n";
    let mut tree = BTreeMap::from([
        ("src/lib.rs".to_owned(), ROOT.to_owned()),
        ("src/record.rs".to_owned(), format!("{head}#[cfg(test)]\nmod fixture;\n")),
        ("src/record/fixture.rs".to_owned(), format!("{head}use crate::source;\nuse super::*;\n")),
    ]);
    assert_eq!(check_tree(&tree, SMALL), Vec::<String>::new());
    tree.insert("src/record.rs".to_owned(), format!("{head}mod fixture;\n"));
    assert_eq!(check_tree(&tree, SMALL).len(), 2);
}

#[test]
fn the_outside_is_for_cli() {
    for (word, _) in CLI_ONLY {
        let text = if word.ends_with('!') { format!("fn f() {{ {word}(\"\") }}\n") } else { format!("fn f() {{ {word}() }}\n") };
        refuses("src/intake.rs", &text, "src/intake.rs:2", "only `cli` may");
        accepts("src/cli.rs", &text);
    }
    refuses("src/intake.rs", "use std::env;\n", "src/intake.rs:2", "`std::env`");
    accepts("src/intake.rs", "const A: &str = env!(\"CARGO_PKG_VERSION\");\nfn my_getrandom() {}\nuse std::envelope;\n");
}

#[test]
fn manners_of_files_are_checked() {
    let tree = BTreeMap::from([("src/lib.rs".to_owned(), ROOT.to_owned()), ("src/record.rs".to_owned(), "// No.\n".to_owned())]);
    let found = check_tree(&tree, SMALL);
    assert!(found.len() == 1 && found[0].starts_with("src/record.rs:1: ") && found[0].contains("`//!`"), "{found:?}");
    refuses("src/record.rs", "use super::*;\n", "src/record.rs:2", "`use super::*`");
    let body = "fn f() {}\n".repeat(MOST_LINES);
    refuses("src/record.rs", &body, "src/record.rs:701", "700 lines");
    let tests = format!("#[cfg(test)]\nmod tests {{\n{body}}}\n");
    accepts("src/record.rs", &tests);
}

#[test]
fn circle_is_found() {
    let tree = BTreeMap::from([
        ("src/lib.rs".to_owned(), ROOT.to_owned()),
        ("src/record.rs".to_owned(), "//! Head.\nuse crate::source;\n".to_owned()),
        ("src/source.rs".to_owned(), "//! Head.\nuse crate::record;\n".to_owned()),
    ]);
    let lenient: &[(&str, &[&str])] = &[("support", &[]), ("record", &["source"]), ("source", &["record"]), ("cli", &[])];
    let found = check_tree(&tree, lenient);
    assert!(found.len() == 1 && found[0].contains("record → source → record"), "{found:?}");
}

#[test]
fn markdown_rows_are_read() {
    let text = "| a | b |\n|---|---|\n| no | no |\n\n| module | may use |\n|---|---|\n| `x` | `y`, `z` |\n| `y` | – |\n| `c` | everything |\n\n| n | n |\n";
    let expected = [("x", vec!["y", "z"]), ("y", vec![]), ("c", vec![EVERYTHING])];
    let expected: Vec<(String, Vec<String>)> =
        expected.into_iter().map(|(module, uses)| (module.to_owned(), uses.into_iter().map(str::to_owned).collect())).collect();
    assert_eq!(markdown_table(text), expected);
}
