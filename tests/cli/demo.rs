//! `demo` plays the case to its end, and leaves nothing but its own folder.

use crate::cli::harness::Case;

#[test]
fn demo_ends_as_the_story_tells() {
    let case = Case::new();
    let output = case.command(&["demo", "--records", "2000"]).real_time().run();
    output.exits_with(0).stderr_is("");
    let steps = [
        "$ residua keygen --name \"The originator\"",
        "$ residua supply residua-demo/originator/supply.csv",
        "--phase baseline",
        "Verdict (baseline): present",
        "$ residua status",
        "(exit code 13)",
        "--phase deletion",
        "Verdict (deletion): residual",
        "(exit code 11)",
        "Appraisal: residual",
        "Verdict (deletion): clear",
        "Appraisal: clear",
        "attested clear",
    ];
    let mut rest = output.stdout.as_str();
    for step in steps {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step:?} is missing, or comes too early{}", output.whole()));
        rest = &rest[at + step.len()..];
    }
    // What was forgotten is named, and the declared overlap stands beside `clear`.
    output.prints("backup").prints("electoral");
    assert!(!output.stdout.contains("(exit code 12)") && !output.stdout.contains("(exit code 1)"), "{}", output.whole());

    let files = case.files();
    assert!(files.iter().all(|name| name.starts_with("residua-demo/")), "{files:?}");
    for name in [
        "ABOUT-THIS-FOLDER.txt",
        "originator/supply.csv",
        "originator/schema.toml",
        "handover/baseline.residua",
        "handover/deletion.residua.intoto.json",
        "recipient/crm.db",
        "recipient/findings-1.csv",
        "deletion-1.attestation.json",
        "deletion-2.attestation.json",
    ] {
        assert!(files.contains(&format!("residua-demo/{name}")), "{name} is not among {files:?}");
    }
    // No name of the invented people is printed: the supply's rows and the output share nothing.
    let supply = case.read("residua-demo/originator/supply.csv");
    for line in supply.lines().skip(1).step_by(97) {
        let email = line.split(',').find(|cell| cell.contains('@'));
        assert!(email.is_none_or(|email| !output.stdout.contains(email)), "an e-mail address of the supply is printed");
    }

    // A person goes on by hand where the demo ended.
    let ledger = "residua-demo/originator/ledger";
    let status = case.command(&["status", "--ledger", ledger]).now("2017-07-06T09:00:00Z").run();
    status.exits_with(0).prints("attested clear");
    let attestations = ["residua-demo/deletion-2.attestation.json", "residua-demo/baseline.attestation.json"];
    case.command(&["verify", "--ledger", ledger])
        .arg(attestations[0])
        .arg(attestations[1])
        .now("2017-07-06T09:00:00Z")
        .run()
        .exits_with(0);

    // Its folder is not overwritten by itself, and is with `--force`.
    let before = case.files();
    let again = case.command(&["demo", "--records", "100"]).run();
    again.exits_with(1).stdout_is("");
    again.stderr_is(
        "error: `residua-demo` exists already\n  help: remove it, overwrite an earlier demo with `--force`, or name another folder with `--dir`\n",
    );
    assert_eq!(case.files(), before);
    case.command(&["demo", "--records", "300", "--force", "--format", "json"]).run().exits_with(0);
}

#[test]
fn demo_removes_only_what_a_demo_made() {
    let case = Case::new();
    case.write("precious/thesis.txt", "years of work");
    for words in
        [&["demo", "--records", "100", "--dir", "precious"][..], &["demo", "--records", "100", "--dir", "precious", "--force"]]
    {
        case.run(words).exits_with(1).stdout_is("").warns("error: `precious` exists already");
        assert_eq!(case.files(), ["precious/thesis.txt"]);
    }
    case.write("file", "not a folder");
    case.run(&["demo", "--records", "100", "--dir", "file", "--force"]).exits_with(1).warns("error: `file` exists already");
    case.run(&["demo", "--records", "99"]).exits_with(2);
    assert_eq!(case.files(), ["file", "precious/thesis.txt"]);
}
