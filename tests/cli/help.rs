//! Help texts, manual page and completions: whole, within 80 columns, without escape sequences, and kept to be read in `tests/snapshots/`.

use crate::cli::harness::Case;
use crate::cli::harness::Output;
use crate::snapshot;

/// Columns of every help text.
const WIDEST: usize = 80;

/// The commands below one, as its help names them; `help` itself is the parser's.
fn commands(case: &Case, parent: &[String]) -> Vec<Vec<String>> {
    let mut words: Vec<&str> = parent.iter().map(String::as_str).collect();
    words.push("--help");
    let help = case.command(&words).real_time().run();
    let listed = help.stdout.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    let mut found = vec![parent.to_vec()];
    for name in names.filter(|name| *name != "help") {
        found.extend(commands(case, &[parent, &[name.to_owned()]].concat()));
    }
    found
}

#[track_caller]
fn is_plain(output: &Output) {
    output.exits_with(0).stderr_is("");
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= WIDEST, "more than {WIDEST} columns: {line}{}", output.whole());
        assert!(!line.contains('\u{1b}'), "an escape sequence: {line:?}");
    }
}

#[test]
fn help_texts_fit_and_read_well() {
    let case = Case::new();
    let all = commands(&case, &[]);
    assert!(all.len() >= 14, "{all:?}");
    let mut text = String::new();
    for command in all {
        for flag in ["--help", "-h"] {
            let words: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
            let output = case.command(&words).real_time().run();
            is_plain(&output);
            for plain in [&["--color", "never"][..], &["--color=never"]] {
                let again = case.command(&[plain, &words].concat()).real_time().run();
                assert_eq!(again.stdout, output.stdout);
            }
            let without = case.command(&words).env("NO_COLOR", "1").real_time().run();
            assert_eq!(without.stdout, output.stdout);
            // The parser ends some lines with spaces, which nobody sees.
            let shown: String = output.stdout.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
            text += &format!("$ residua {}\n{shown}\n", words.join(" "));
        }
    }
    snapshot::holds("help.txt", &text);
}

/// Every example of a help text is a command line that the parser understands.
#[test]
fn examples_are_understood() {
    let case = Case::new();
    let mut count = 0;
    for command in commands(&case, &[]) {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = case.command(&words).real_time().run().stdout;
        let examples = help.split("Example").nth(1).unwrap_or_default().replace("\\\n", " ").replace("|\n", "| ");
        for line in examples.lines().filter(|line| line.starts_with("  ")) {
            let line = line.split('#').next().unwrap_or_default().split('>').next().unwrap_or_default();
            let Some(at) = line.find("residua ") else { continue };
            let call = line[at + "residua ".len()..].split("&&").next().unwrap_or_default();
            let mut arguments = Vec::new();
            for (number, part) in call.split('"').enumerate() {
                if number % 2 == 1 {
                    arguments.push(part.to_owned());
                } else {
                    arguments.extend(part.split_whitespace().map(str::to_owned));
                }
            }
            // With `--help` behind it a command line is parsed up to there and not run.
            arguments.push("--help".to_owned());
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            case.command(&arguments).real_time().run().exits_with(0);
            // A flag that does not exist would be refused before that.
            for flag in arguments.iter().filter(|argument| argument.starts_with("--") && **argument != "--help") {
                let words: &[&str] = if ["supplies", "recipient", "ledger", "schedule"].contains(&arguments[0]) {
                    &arguments[..2]
                } else {
                    &arguments[..1]
                };
                let of_command = case.command(&[words, &["--help"]].concat()).real_time().run().stdout;
                assert!(of_command.contains(flag), "`{flag}` of the example `{call}` is no flag of `{}`", arguments[0]);
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// The files that the help texts show can be used as they stand there.
#[test]
fn files_in_examples_can_be_used() {
    let case = Case::new();
    let shown = |command: &str, title: &str| {
        let help = case.command(&[command, "--help"]).real_time().run().stdout;
        let from = help.find(title).unwrap_or_else(|| panic!("`{title}` in the help of {command}"));
        let lines = help[from..].lines().skip_while(|line| !line.starts_with("  [")).take_while(|line| line.starts_with("  "));
        lines.map(|line| line.to_owned() + "\n").collect::<String>()
    };
    for (name, command, title, kind) in [
        ("map.toml", "scan", "A map file says", "map"),
        ("declared.toml", "scan", "A declaration file says", "declarations"),
        ("accepted.toml", "challenge", "A declaration file is", "declarations"),
        ("schema.toml", "supply", "A schema file says", "schema"),
    ] {
        case.write(name, shown(command, title));
        let json = case.run(&["inspect", name, "--format", "json"]);
        json.exits_with(0).stderr_is("");
        assert_eq!(json.json()["kind"], kind, "{}", json.whole());
    }
}

#[test]
fn manual_page_has_every_command() {
    let case = Case::new();
    let page = case.command(&["man"]).real_time().run();
    page.exits_with(0).stderr_is("").prints(".TH RESIDUA 1");
    assert!(!page.stdout.contains('\u{1b}'));
    for command in commands(&case, &[]).into_iter().filter(|command| !command.is_empty()) {
        page.prints(&format!(".SH \"RESIDUA {}\"", command.join(" ").to_uppercase()));
    }
    // Examples keep their lines, and every section that opens so closes again.
    let count = |word: &str| page.stdout.lines().filter(|line| *line == word).count();
    assert!(count(".nf") > 8);
    assert_eq!(count(".nf"), count(".fi"));
}

#[test]
fn completions_know_every_command() {
    let case = Case::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = case.command(&["completions", shell]).real_time().run();
        script.exits_with(0).stderr_is("");
        assert!(!script.stdout.contains('\u{1b}'));
        for command in commands(&case, &[]).into_iter().filter_map(|command| command.last().cloned()) {
            script.prints(&command);
        }
    }
}
