//! What every command-line program owes: a version and a help text.

use crate::cli::harness::Case;

#[test]
fn version_is_printed() {
    let case = Case::new();
    case.run(&["--version"]).exits_with(0).prints(env!("CARGO_PKG_VERSION")).stderr_is("");
}

#[test]
fn help_names_the_commands() {
    let case = Case::new();
    let output = case.run(&["--help"]);
    output.exits_with(0).stderr_is("");
    for command in ["keygen", "supply", "challenge", "scan", "verify", "status"] {
        output.prints(command);
    }
}
