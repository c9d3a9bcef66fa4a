//! Output on a terminal of 80 columns, made by `script`: nothing is wider, nothing is lost, and colour is there only where it is wanted.

use crate::cli::harness::skip;
use crate::cli::world::AFTER;
use crate::cli::world::World;

/// Columns of the terminal.
const WIDTH: usize = 80;

/// What a command prints on a terminal, by lines; `None` where this machine has no `script` of util-linux.
fn on_terminal(world: &World, words: &[&str], environment: &[(&str, &str)]) -> Option<Vec<String>> {
    let mut command = world.command(AFTER, words).in_shell("exec script -qec \"stty cols 80 rows 50; exec $*\" /dev/null");
    for (name, value) in environment {
        command = command.env(name, value);
    }
    let output = command.env("TERM", "xterm").run();
    if output.code == Some(127) || output.stderr.contains("script:") || output.stdout.contains("stty:") {
        let is_due = cfg!(target_os = "linux") && std::env::var_os("CI").is_some();
        assert!(!is_due, "there is no `script` that makes a terminal, and CI is set");
        skip("there is no `script` that makes a terminal");
        return None;
    }
    Some(output.stdout.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect())
}

/// What is shown, without white space, rules and colours.
fn letters(text: &str) -> String {
    let mut kept = String::new();
    let mut is_escaped = false;
    for character in text.chars() {
        match character {
            '\u{1b}' => is_escaped = true,
            'm' if is_escaped => is_escaped = false,
            _ if is_escaped || character.is_whitespace() || character == '─' => {}
            _ => kept.push(character),
        }
    }
    kept
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let world = World::asked();
    let deep = format!("{}/mailing_of_the_agency.csv", "folder_with_a_long_name/".repeat(4).trim_end_matches('/'));
    world.case.write(&deep, world.case.read("exports/mailing.csv"));
    world.case.write("bad.bin", [0_u8, 1, 2]);
    let scan = world.scanning("deletion", "deletion.challenge.json", &["crm.db", &deep, "bad.bin"], &["--out", "a.json"]);
    world.run(AFTER, &scan).exits_with(11);
    let id = world.supply_id();
    let again = world.scanning("deletion", "deletion.challenge.json", &["crm.db", &deep, "bad.bin"], &["--progress", "never"]);
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let lines: [&[&str]; 12] = [
        &["status"],
        &["supplies", "list"],
        &["supplies", "show", &id],
        &["verify", "a.json"],
        &["inspect", "a.json"],
        &["inspect", "deletion.challenge.json"],
        &["inspect", "handover/deletion.residua"],
        &["inspect", "handover/deletion.residua.intoto.json"],
        &["inspect", "ledger"],
        &["inspect", "crm.db"],
        &["inspect", &deep],
        &["--verbose"],
    ];
    for words in lines {
        let words = if words == ["--verbose"] { [&again[..], words].concat() } else { words.to_vec() };
        let Some(shown) = on_terminal(&world, &words, &[]) else { return };
        let is_command = |line: &str| line.trim_start().starts_with("residua ");
        for line in shown.iter().filter(|line| !is_command(line)) {
            let width = letters_and_spaces(line);
            assert!(width <= WIDTH, "{words:?}: {width} columns: {line}\n{}", shown.join("\n"));
        }
        // Every word of the piped output is on the terminal too, wherever it stands there.
        let piped = world.run(AFTER, &words).stdout;
        let screen = letters(&shown.join(""));
        let is_steady = |word: &&str| !word.chars().all(|character| character.is_ascii_digit() || character == '.');
        for word in piped.split_whitespace().filter(is_steady) {
            assert!(screen.contains(&letters(word)), "{words:?}: `{word}` is not on the terminal:\n{}", shown.join("\n"));
        }
    }
}

/// How wide a line is on the terminal.
fn letters_and_spaces(line: &str) -> usize {
    let mut width = 0;
    let mut is_escaped = false;
    for character in line.chars() {
        match character {
            '\u{1b}' => is_escaped = true,
            'm' if is_escaped => is_escaped = false,
            _ if is_escaped => {}
            _ => width += 1,
        }
    }
    width
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let world = World::asked();
    let scan = world.scanning("deletion", "deletion.challenge.json", &["crm.db"], &["--out", "a.json"]);
    world.run(AFTER, &scan).exits_with(11);
    let is_coloured = |lines: &[String]| lines.iter().any(|line| line.contains('\u{1b}'));
    let Some(shown) = on_terminal(&world, &["verify", "a.json"], &[]) else { return };
    assert!(is_coloured(&shown), "{shown:?}");
    let Some(shown) = on_terminal(&world, &["verify", "a.json"], &[("NO_COLOR", "1")]) else { return };
    assert!(!is_coloured(&shown), "{shown:?}");
    for words in [
        &["verify", "a.json", "--color", "never"][..],
        &["--color=never", "scan", "--help"],
        &["scan", "--help", "--color", "never"],
    ] {
        let Some(shown) = on_terminal(&world, words, &[]) else { return };
        assert!(!is_coloured(&shown), "{words:?}: {shown:?}");
    }
    for words in [&["verify", "a.json"][..], &["inspect", "a.json"], &["status"]] {
        assert!(!world.run(AFTER, words).stdout.contains('\u{1b}'), "{words:?}");
    }
}
