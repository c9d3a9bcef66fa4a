//! Bad input: each ends in a clear error with advice, never in a panic, and leaves no file behind.

use crate::cli::harness::Output;
#[cfg(target_os = "linux")]
use crate::cli::harness::skip;
use crate::cli::messages;
use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::HERON;
use crate::cli::world::SUPPLIED;
use crate::cli::world::World;
use crate::cli::world::payload;
use crate::cli::world::sign;
use crate::snapshot;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

/// Every file with its content.
fn content(world: &World) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let content = fs::read(world.case.path(&name)).unwrap_or_default();
        (name, content)
    };
    world.case.files().into_iter().map(read).collect()
}

/// What is wrong with the way in which a command failed.
fn faults(output: &Output, code: i32, says: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    if output.code != Some(code) {
        faults.push(format!("exit code {:?}, not {code}", output.code));
    }
    let text = if code == 12 { &output.stdout } else { &output.stderr };
    for part in says.iter().filter(|part| !text.contains(**part)) {
        faults.push(format!("does not say {part:?}"));
    }
    if code == 1 {
        let is_form = |line: &str| ["  cause: ", "  help: ", "        "].iter().any(|start| line.starts_with(start));
        let mut lines = output.stderr.lines();
        if !lines.next().is_some_and(|line| line.starts_with("error: ")) || !lines.all(is_form) {
            faults.push("the error has not the form of an error".to_owned());
        }
    }
    if [CANARY, HERON].iter().any(|word| text.to_lowercase().contains(word)) {
        faults.push("a value of the data is printed".to_owned());
    }
    faults
}

/// A command line that has to fail. `@scan`, `@supply` and `@challenge` stand for what such commands always need, with outputs in `out/`.
struct Bad {
    name: &'static str,
    line: &'static str,
    code: i32,
    says: &'static [&'static str],
}

const fn bad(name: &'static str, line: &'static str, says: &'static [&'static str]) -> Bad {
    Bad { name, line, code: 1, says }
}

/// Runs all, and says of all what is wrong with them. Returns what they say, for a snapshot.
#[track_caller]
fn all_fail(world: &World, now: &str, table: &[Bad]) -> String {
    let supply = world.supply_id();
    let mut wrong = Vec::new();
    let mut said = String::new();
    fs::create_dir_all(world.case.path("out")).expect("a folder");
    for case in table {
        let line = (case.line)
            .replace("@scan", "--from keys/originator.card.json --as keys/recipient.key --out out/a.json --findings out/f.csv")
            .replace("@asked", "--manifest handover/deletion.residua --challenge deletion.challenge.json")
            .replace("@supply", "--as keys/originator.key --to keys/recipient.card.json --delete-by 2017-06-30 --out out/supply")
            .replace("@challenge", "--as keys/originator.key --out out/c.json")
            .replace("@id", &supply);
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let before = content(world);
        let output = world.run(now, &words);
        said += &messages::section(case.name, case.line, &output);
        let mut faults = faults(&output, case.code, case.says);
        let after = content(world);
        let left: Vec<&String> =
            after.iter().filter(|(name, content)| before.get(*name) != Some(content)).map(|(name, _)| name).collect();
        if !left.is_empty() || before.len() > after.len() {
            faults.push(format!("it left or changed {left:?}"));
        }
        if !faults.is_empty() {
            wrong.push(format!("{}: {}{}\n", case.name, faults.join("; "), output.whole()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
    said
}

#[test]
fn data_that_cannot_be_supplied() {
    let world = World::supplied();
    let good = world.case.read("supply.csv");
    let lines: Vec<&str> = good.lines().collect();
    let with = |name: &str, change: &dyn Fn(usize, &str) -> String| {
        let changed: Vec<String> = lines.iter().enumerate().map(|(index, line)| change(index, line)).collect();
        world.case.write(name, changed.join("\n") + "\n");
    };
    world.case.write("bad/empty.csv", "");
    world.case.write("bad/blank.csv", "\n\n\n");
    world.case.write("bad/header.csv", format!("{}\n", lines[0]));
    world.case.write("bad/binary.csv", [0_u8, 1, 2, 3, 255, 254, 0, 0]);
    world.case.write("bad/zip.csv", b"PK\x03\x04\x14\x00\x00\x00");
    world.case.write("bad/pdf.csv", "%PDF-1.7\n");
    world.case.write("bad/folder/one.csv", &good);
    world.case.write("bad/folder/two.csv", &good);
    with("bad/ragged.csv", &|index, line| if index == 30 { format!("{line},more") } else { line.to_owned() });
    with("bad/short.csv", &|index, line| if index == 30 { "QZCANARY1,Annqzcanary".to_owned() } else { line.to_owned() });
    with("bad/twice.csv", &|index, line| if index == 0 { line.replace("last_name", "first_name") } else { line.to_owned() });
    with("bad/quote.csv", &|index, line| if index == 40 { format!("\"{line}") } else { line.to_owned() });
    world.case.write(
        "bad/latin.csv",
        [good.as_bytes(), b"Q1,\xa3ukasz,Nuss,1 Road,N1 1AA,a@example.org,07700900999,13/04/1980,2014-02-03\n"].concat(),
    );
    let accented = "Q1,José,Nuss,1 Road,N1 1AA,a@example.org,07700900999,13/04/1980,2014-02-03\n";
    let flawed = b"Q1,Jos\xe9,Nuss,1 Road,N1 1AA,a@example.org,07700900999,13/04/1980,2014-02-03\n";
    world.case.write("bad/flawed.csv", [good.as_bytes(), accented.as_bytes(), accented.as_bytes(), flawed].concat());
    world.case.write("bad/colours.csv", "colour,size\nred,large\ngreen,small\nblue,large\n");
    let dates =
        |rows: &[&str]| rows.iter().fold("name,dob\n".to_owned(), |text, date| text + "Annqzcanary Marqzcanary," + date + "\n");
    world.case.write("bad/undecidable.csv", dates(&["03/04/1980", "05/06/1981", "07/08/1982", "01/12/1983"]));
    world.case.write("bad/contradictory.csv", dates(&["13/04/1980", "04/13/1981", "25/08/1982", "12/30/1983"]));
    world.case.write("bad/impossible.csv", dates(&["31/02/1980", "30/02/1981", "31/04/1982", "32/01/1983"]));
    world.database("bad/two.db", |database| {
        database.execute_batch("CREATE TABLE people(name TEXT); CREATE TABLE visits(day TEXT);").expect("two tables");
    });
    world.case.write("bad/schema-nothing.toml", "# nothing\n");
    world.case.write("bad/schema-empty.toml", "[columns]\n");
    world.case.write("bad/schema-unknown.toml", "[columns.shoe_size]\nkind = \"text\"\n");
    world.case.write("bad/schema-word.toml", "[columns.child_dob]\nkind = \"birthday\"\n");
    world.case.write("bad/schema-role.toml", "[columns.child_dob]\nkind = \"date\"\nrole = \"street\"\n");
    world.case.write("bad/schema-toml.toml", "[columns.child_dob\nkind = \"date\"\n");
    world.case.write("bad/schema-member.toml", "[columns.child_dob]\nkind = \"date\"\ncolour = \"red\"\n");
    world.case.write("bad/schema-binary.toml", [0xff_u8, 0xfe, 0]);
    world.case.write("bad/schema-prose.toml", "[columns.dob]\nkind = \"date\"\nrole = \"birth\"\norder = \"dmy\"\n");
    world.case.write("bad/schema-postcode.toml", "[columns.first_name]\nkind = \"date\"\nrole = \"birth\"\norder = \"dmy\"\n");
    let table = [
        bad("missing", "supply bad/missing.csv @supply", &["cannot find `bad/missing.csv`", "help: "]),
        bad("empty", "supply bad/empty.csv @supply", &["`bad/empty.csv`", "the file is empty", "help: "]),
        bad("blank", "supply bad/blank.csv @supply", &["`bad/blank.csv`", "holds no row", "help: "]),
        bad("header alone", "supply bad/header.csv --header yes @supply", &["`bad/header.csv`", "hold no record"]),
        bad("header alone, not said", "supply bad/header.csv @supply", &["`bad/header.csv`"]),
        bad("binary", "supply bad/binary.csv @supply", &["`bad/binary.csv`", "neither text nor a known format"]),
        bad("zip", "supply bad/zip.csv @supply", &["`bad/zip.csv`", "zip archive"]),
        bad("PDF", "supply bad/pdf.csv @supply", &["`bad/pdf.csv`", "PDF"]),
        bad("two files", "supply bad/folder @supply", &["`bad/folder`", "one file at a time"]),
        bad("two tables", "supply bad/two.db @supply", &["2 tables", "`people`, `visits`", "help: "]),
        bad("standard input", "supply - @supply", &["read twice", "help: name a file"]),
        bad(
            "ragged",
            "supply bad/ragged.csv @supply",
            &["`bad/ragged.csv`", "help: every row has to have as many cells as the header"],
        ),
        bad(
            "a short row",
            "supply bad/short.csv @supply",
            &["`bad/short.csv`", "help: every row has to have as many cells as the header"],
        ),
        bad(
            "two columns of one name",
            "supply bad/twice.csv @supply",
            &["`bad/twice.csv`", "first_name", "help: give each column a name of its own"],
        ),
        bad("open quote", "supply bad/quote.csv @supply", &["`bad/quote.csv`", "help: "]),
        bad(
            "a guessed encoding",
            "supply bad/latin.csv @supply",
            &["`bad/latin.csv`", "which is a guess", "help: name the encoding with `--encoding`"],
        ),
        bad("not UTF-8", "supply bad/flawed.csv @supply", &["`bad/flawed.csv`", "at byte", "help: export the data as UTF-8"]),
        bad("nothing personal", "supply bad/colours.csv @supply", &["no column was recognised", "help: say with `--schema`"]),
        bad(
            "undecidable",
            "supply bad/undecidable.csv @supply",
            &["`dob`", "cannot be told", "help: say it with `--schema`", "[columns.\"dob\"]"],
        ),
        bad("contradictory", "supply bad/contradictory.csv @supply", &["`dob`", "different orders", "help: "]),
        bad(
            "impossible",
            "supply bad/impossible.csv --schema bad/schema-prose.toml @supply",
            &["`dob`", "4 of 4 were not understood", "help: "],
        ),
        bad(
            "a wrong kind",
            "supply supply.csv --schema bad/schema-postcode.toml @supply",
            &["`first_name`", "60 of 60", "help: "],
        ),
        bad("schema missing", "supply supply.csv --schema bad/none.toml @supply", &["cannot read the schema `bad/none.toml`"]),
        bad(
            "schema of nothing",
            "supply supply.csv --schema bad/schema-nothing.toml @supply",
            &["`bad/schema-nothing.toml`", "names no column", "help: "],
        ),
        bad("schema of no column", "supply supply.csv --schema bad/schema-empty.toml @supply", &["names no column", "help: "]),
        bad(
            "unknown column",
            "supply supply.csv --schema bad/schema-unknown.toml @supply",
            &["`shoe_size`", "help: write the column's name"],
        ),
        bad(
            "unknown word",
            "supply supply.csv --schema bad/schema-word.toml @supply",
            &["`child_dob`", "`birthday`", "postcode", "help: "],
        ),
        bad("wrong role", "supply supply.csv --schema bad/schema-role.toml @supply", &["`child_dob`", "`street`", "help: "]),
        bad("no TOML", "supply supply.csv --schema bad/schema-toml.toml @supply", &["line 1", "help: "]),
        bad("unknown member", "supply supply.csv --schema bad/schema-member.toml @supply", &["line 3", "colour", "help: "]),
        bad("binary schema", "supply supply.csv --schema bad/schema-binary.toml @supply", &["not UTF-8", "help: "]),
        bad("unknown key", "supply supply.csv --keys email,shoe @supply", &["`shoe`", "help: `residua supply --help`"]),
        bad("key without its columns", "supply bad/colours.csv --keys email @supply", &["help: "]),
        bad(
            "no day",
            "supply supply.csv --as keys/originator.key --to keys/recipient.card.json --delete-by 30/06/2017 --out out/supply",
            &["`30/06/2017` is no day", "help: write it as 2017-06-30"],
        ),
        bad(
            "impossible day",
            "supply supply.csv --as keys/originator.key --to keys/recipient.card.json --delete-by 2017-02-30 --out out/supply",
            &["`2017-02-30` is no day"],
        ),
        bad(
            "a card as key",
            "supply supply.csv --as keys/originator.card.json --to keys/recipient.card.json --delete-by 2017-06-30 --out out/supply",
            &["keys/originator.card.json"],
        ),
        bad(
            "a key as card",
            "supply supply.csv --as keys/originator.key --to keys/recipient.key --delete-by 2017-06-30 --out out/supply",
            &["`keys/recipient.key` is not a usable card", "help: "],
        ),
        bad(
            "a file as folder",
            "supply supply.csv --as keys/originator.key --to keys/recipient.card.json --delete-by 2017-06-30 --out supply.csv",
            &["`supply.csv`"],
        ),
        Bad { name: "no arguments", line: "supply", code: 2, says: &["--delete-by"] },
        Bad { name: "unknown command", line: "erase everything", code: 2, says: &["erase"] },
        bad("--now nonsense", "--now yesterday status", &["`--now` is no time", "help: write it as 2017-06-30T09:00:00Z"]),
    ];
    // The harness gives `--now` itself, and it can be given only once.
    let (last, table) = table.split_last().expect("a table");
    snapshot::holds("messages/supply.txt", &all_fail(&world, SUPPLIED, table));
    let output = world.case.command(&last.line.split(' ').collect::<Vec<_>>()).real_time().run();
    output.stdout_is("").stderr_is("error: `--now` is no time\n  help: write it as 2017-06-30T09:00:00Z\n").exits_with(1);
}

#[test]
fn challenges_that_cannot_be_issued() {
    let world = World::with_baseline();
    world.case.write("bad/twice.toml", "[[lawful_source]]\nname = \"a\"\ntarget = \"x\"\nsource = \"y\"\n".repeat(2));
    world.case.write("bad/reason.toml", "[[removed]]\ntarget = \"x\"\nreason = \" \"\n");
    world.case.write("bad/word.toml", "[[lawful_sauce]]\nname = \"a\"\n");
    world.case.write("bad/day.toml", "[[backup]]\nsystem = \"tape\"\nlast_copy = \"soon\"\nroll_off = \"2017-12-31\"\nrotation = \"monthly\"\nbeyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n");
    world.case.write("bad/promise.toml", "[[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-06-29\"\nroll_off = \"2017-12-31\"\nrotation = \"monthly\"\nbeyond_use = { not_used = true, not_shared = false, secured = true, will_be_deleted = false }\n");
    world.case.write("bad/gone.toml", "[[backup]]\nsystem = \"tape\"\nlast_copy = \"2017-05-29\"\nroll_off = \"2017-06-29\"\nrotation = \"monthly\"\nbeyond_use = { not_used = true, not_shared = true, secured = true, will_be_deleted = true }\n");
    let early = [
        bad("too early", "challenge @id --phase deletion @challenge", &["until the end of 2017-06-30", "from 2017-07-01 on"]),
        bad("recheck too early", "challenge @id --phase recheck @challenge", &["until the end of 2017-06-30"]),
    ];
    let too_early = all_fail(&world, "2017-06-30T23:59:59Z", &early);
    let table = [
        bad("unknown supply", "challenge zz --phase deletion @challenge", &["`zz`", "help: `residua supplies list`"]),
        bad(
            "another key",
            "challenge @id --phase deletion --as keys/recipient.key --out out/c.json",
            &["this key did not make the supply", "help: "],
        ),
        bad(
            "no ledger",
            "challenge @id --phase deletion @challenge --ledger bad/none",
            &["there is no ledger in `bad/none`", "help: "],
        ),
        bad("unknown key", "challenge @id --phase deletion --require-key shoe @challenge", &["no match key `shoe`"]),
        bad("no days", "challenge @id --phase deletion --valid-days 0 @challenge", &["valid for 1 to 366 days"]),
        bad(
            "no declaration",
            "challenge @id --phase deletion --accept bad/none.toml @challenge",
            &["cannot read the declaration file `bad/none.toml`"],
        ),
        bad(
            "twice",
            "challenge @id --phase deletion --accept bad/twice.toml @challenge",
            &["two lawful sources are named `a`", "help: "],
        ),
        bad("no reason", "challenge @id --phase deletion --accept bad/reason.toml @challenge", &["lacks its reason", "help: "]),
        bad(
            "unknown word",
            "challenge @id --phase deletion --accept bad/word.toml @challenge",
            &["line 1", "lawful_sauce", "help: "],
        ),
        bad("no day", "challenge @id --phase deletion --accept bad/day.toml @challenge", &["`tape`", "2017-06-30", "help: "]),
        bad(
            "a promise that was not given",
            "challenge @id --phase deletion --accept bad/promise.toml @challenge",
            &[
                "the backup `tape` cannot be accepted",
                "not promised that they are not shared, nor that they will be deleted",
                "help: ",
            ],
        ),
        bad(
            "a backup that should be gone",
            "challenge @id --phase deletion --accept bad/gone.toml @challenge",
            &["the backup `tape` cannot be accepted", "has passed: 2017-06-29", "help: "],
        ),
        bad(
            "no folder",
            "challenge @id --phase deletion --as keys/originator.key --out none/c.json",
            &["cannot write `none/c.json`"],
        ),
        Bad { name: "unknown phase", line: "challenge @id --phase later @challenge", code: 2, says: &["later"] },
        Bad {
            name: "too many spot checks",
            line: "challenge @id --phase deletion --spot-checks 1001 @challenge",
            code: 2,
            says: &["1001"],
        },
    ];
    snapshot::holds("messages/challenge.txt", &(too_early + &all_fail(&world, AFTER, &table)));
}

#[test]
fn sources_that_cannot_be_scanned() {
    let world = World::asked();
    world.case.write("bad/map-none.toml", "[[target]]\nmatch = \"nowhere*\"\n[target.columns]\nid = { kind = \"identifier\" }\n");
    world
        .case
        .write("bad/map-column.toml", "[[target]]\nmatch = \"crm.db#contacts\"\n[target.columns]\nshoe = { kind = \"text\" }\n");
    world.case.write("bad/map-reason.toml", "[[exclude]]\nmatch = \"crm.db#contacts\"\nreason = \"\"\n");
    world.case.write("bad/map-toml.toml", "[[exclude\n");
    let table = [
        bad("missing", "scan none.db @asked @scan", &["cannot find `none.db`", "help: check the path"]),
        bad("one of two missing", "scan crm.db none.csv @asked @scan", &["cannot find `none.csv`"]),
        bad("no match", "scan none*.csv @asked @scan", &["nothing matches the pattern `none*.csv`"]),
        bad("no pattern", "scan [.csv @asked @scan", &["`[.csv`"]),
        bad("missing database", "scan sqlite:none.db @asked @scan", &["cannot find `sqlite:none.db`"]),
        bad("unknown scheme", "scan oracle://scott:hunter2-tiger@db.example/x @asked @scan", &["`oracle:`", "help: "]),
        bad("standard input twice", "scan - - @asked @scan", &["standard input is named more than once"]),
        bad("no rule matches", "scan crm.db --map bad/map-none.toml @asked @scan", &["`nowhere*` matches no target", "help: "]),
        bad(
            "no such column",
            "scan crm.db --map bad/map-column.toml @asked @scan",
            &["`crm.db#contacts` has no column `shoe`", "help: "],
        ),
        bad("left out without a reason", "scan crm.db --map bad/map-reason.toml @asked @scan", &["without a reason", "help: "]),
        bad("no TOML", "scan crm.db --map bad/map-toml.toml @asked @scan", &["line 1", "help: "]),
        bad("map missing", "scan crm.db --map bad/none.toml @asked @scan", &["cannot read the map file `bad/none.toml`"]),
        bad(
            "no folder for the result",
            "scan crm.db @asked --from keys/originator.card.json --as keys/recipient.key --out none/a.json",
            &["cannot write `none/a.json`"],
        ),
        bad(
            "no folder for the findings",
            "scan crm.db @asked --from keys/originator.card.json --as keys/recipient.key --findings none/f.csv",
            &["cannot write `none/f.csv`"],
        ),
        Bad { name: "no source", line: "scan @asked @scan", code: 2, says: &["SOURCE"] },
        Bad {
            name: "no delimiter",
            line: "scan crm.db --delimiter xx @asked @scan",
            code: 2,
            says: &["one character, or `tab`"],
        },
        Bad { name: "no threads", line: "scan crm.db --threads 0 @asked @scan", code: 2, says: &["0"] },
        bad("inspect missing", "inspect none.csv", &["cannot find `none.csv`"]),
        bad("inspect a URL", "inspect postgres2://u:hunter2-tiger@db.example/x", &["`postgres2:`"]),
    ];
    snapshot::holds("messages/sources.txt", &all_fail(&world, AFTER, &table));
    // A password in a URL is not repeated, however the URL is written.
    for url in [
        "postgres://u:hunter2-tiger@db.example/x",
        "Postgres://u:hunter2-tiger@db.example/x",
        "MYSQL://u:hunter2-tiger@[::1]/x?y=*",
    ] {
        let scan = world.scan("deletion", "deletion.challenge.json", &[url], &[]);
        let inspected = world.run(AFTER, &["inspect", url]);
        let supplied = world.run(AFTER, &world.supplying(url, "out/supply", &[]));
        for output in [scan, inspected, supplied] {
            output.exits_with(1).warns("error: ");
        }
    }
    world.case.never_prints("hunter2");
}

/// Documents with one defect each. Everything is signed by whoever should have signed it, unless that is the defect.
#[test]
fn documents_that_cannot_be_trusted() {
    let world = World::asked();
    world.run(SUPPLIED, &["keygen", "--name", "Somebody else", "--out", "keys/other"]).exits_with(0);
    // Another supply to the same recipient, with its own challenge.
    world
        .run(
            SUPPLIED,
            &[world.supplying("supply.csv", "second", &["--schema", "schema.toml", "--ledger", "second-ledger"]).as_slice()]
                .concat(),
        )
        .exits_with(0);
    let second = payload(&world.case.read("second/deletion.residua.intoto.json"))["predicate"]["supply"]["supplyId"].clone();
    let second = second.as_str().expect("an id");
    fs::create_dir_all(world.case.path("bad")).expect("a folder");
    let asking = [
        "challenge",
        second,
        "--phase",
        "deletion",
        "--as",
        "keys/originator.key",
        "--ledger",
        "second-ledger",
        "--without-baseline",
    ];
    world.run(AFTER, &[&asking[..], &["--out", "bad/second.json"]].concat()).exits_with(0);

    let read = |name: &str| world.case.read(name);
    let challenge = payload(&read("deletion.challenge.json"));
    let changed = |value: &Value, pointer: &str, to: Value| {
        let mut value = value.clone();
        *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = to;
        value
    };
    let write = |name: &str, party: &str, statement: &Value| world.case.write(name, sign(&world, party, statement));
    let mut with_more = challenge.clone();
    with_more["predicate"]["more"] = json!(1);
    let mut with_less = challenge.clone();
    with_less["predicate"].as_object_mut().expect("an object").remove("policy");
    write("bad/resigned.json", "originator", &challenge);
    write("bad/other-signer.json", "other", &challenge);
    write("bad/recipient-signer.json", "recipient", &challenge);
    let kind = challenge["predicateType"].as_str().expect("a type").replace(":v1", ":v2");
    write("bad/newer.json", "originator", &changed(&challenge, "/predicateType", json!(kind)));
    write("bad/more.json", "originator", &with_more);
    write("bad/less.json", "originator", &with_less);
    write("bad/phase.json", "originator", &changed(&challenge, "/predicate/phase", json!("revenge")));
    write("bad/times.json", "originator", &changed(&challenge, "/predicate/expiresAt", json!("soon")));
    let theirs = payload(&read("bad/second.json"));
    write(
        "bad/wrong-salt.json",
        "originator",
        &changed(&challenge, "/predicate/sealedSalt", theirs["predicate"]["sealedSalt"].clone()),
    );
    let theirs = payload(&read("baseline.challenge.json"));
    write(
        "bad/baseline-salt.json",
        "originator",
        &changed(&challenge, "/predicate/sealedSalt", theirs["predicate"]["sealedSalt"].clone()),
    );
    write("bad/no-salt.json", "originator", &changed(&challenge, "/predicate/sealedSalt", json!("")));
    let card: Value = serde_json::from_str(&read("keys/other.card.json")).expect("a card");
    write("bad/addressed.json", "originator", &changed(&challenge, "/predicate/recipientKey", card["fingerprint"].clone()));
    world.case.write("bad/cut.json", &read("deletion.challenge.json")[..400]);
    world.case.write("bad/empty.json", "");
    world.case.write("bad/binary.json", [0xff_u8; 100]);
    world.case.write("bad/two-documents.json", read("deletion.challenge.json") + &read("deletion.challenge.json"));

    // Manifests with their statements.
    let manifest = fs::read(world.case.path("handover/deletion.residua")).expect("a manifest");
    let envelope = read("handover/deletion.residua.intoto.json");
    let statement = payload(&envelope);
    let put = |name: &str, bytes: &[u8], envelope: &str| {
        world.case.write(&format!("bad/{name}.residua"), bytes);
        world.case.write(&format!("bad/{name}.residua.intoto.json"), envelope);
    };
    let with_bytes = |at: usize, bytes: &[u8]| {
        let mut manifest = manifest.clone();
        manifest[at..at + bytes.len()].copy_from_slice(bytes);
        manifest
    };
    put("cut", &manifest[..manifest.len() / 2], &envelope);
    put("longer", &[&manifest[..], b"x"].concat(), &envelope);
    put("emptied", b"", &envelope);
    put("binary", &[7; 5000], &envelope);
    put("newer", &with_bytes(8, &[9]), &envelope);
    put("magic", &with_bytes(4, b"\n\n"), &envelope);
    put("cut-statement", &manifest, &envelope[..envelope.len() / 2]);
    put("other-signer", &manifest, &sign(&world, "other", &statement));
    put(
        "newer-statement",
        &manifest,
        &sign(
            &world,
            "originator",
            &changed(
                &statement,
                "/predicateType",
                json!(statement["predicateType"].as_str().expect("a type").replace(":v1", ":v2")),
            ),
        ),
    );
    put("normalizer", &manifest, &sign(&world, "originator", &changed(&statement, "/predicate/normalizer", json!("99"))));
    put("other-statement", &manifest, &read("second/deletion.residua.intoto.json"));
    put("challenge-statement", &manifest, &read("deletion.challenge.json"));
    world.case.write("bad/alone.residua", &manifest);
    put("other-manifest", &fs::read(world.case.path("second/deletion.residua")).expect("a manifest"), &envelope);

    let with_challenge = |name: &'static str, says: &'static [&'static str]| (name, says);
    let challenges = [
        with_challenge("missing", &["cannot read the challenge `bad/missing.json`"]),
        with_challenge("empty", &["cannot accept the challenge `bad/empty.json`"]),
        with_challenge("binary", &["cannot accept the challenge `bad/binary.json`"]),
        with_challenge("cut", &["cannot accept the challenge `bad/cut.json`"]),
        with_challenge("two-documents", &["cannot accept the challenge `bad/two-documents.json`"]),
        with_challenge(
            "other-signer",
            &["cannot accept the challenge", "  cause: signed by the key `SHA256:", "  help: check by another channel"],
        ),
        with_challenge("recipient-signer", &["cannot accept the challenge", "  cause: signed by the key `SHA256:"]),
        with_challenge("newer", &["cannot accept the challenge `bad/newer.json`", "newer", "  help: install a newer residua"]),
        with_challenge("more", &["cannot accept the challenge `bad/more.json`", "  cause: "]),
        with_challenge("less", &["cannot accept the challenge `bad/less.json`", "  cause: "]),
        with_challenge("phase", &["a phase that this program does not know", "  help: "]),
        with_challenge("times", &["no valid times", "  help: "]),
        with_challenge("wrong-salt", &["the salt of the challenge is not that of the manifest", "  help: ask the originator"]),
        with_challenge("baseline-salt", &["the salt of the challenge is not that of the manifest"]),
        with_challenge("no-salt", &["the encrypted salt is damaged"]),
        with_challenge("addressed", &["addressed to another key", "  help: "]),
        with_challenge(
            "second",
            &[
                "about another manifest than `handover/deletion.residua`",
                "  help: a deletion challenge needs the deletion manifest",
            ],
        ),
    ];
    let manifests = [
        ("missing", &["cannot read the manifest statement `bad/missing.residua.intoto.json`"][..]),
        ("alone", &["cannot read the manifest statement `bad/alone.residua.intoto.json`"]),
        ("cut", &["cannot use the manifest `bad/cut.residua`", "  cause: ", "  help: the file was cut or not fully copied"]),
        ("longer", &["cannot use the manifest `bad/longer.residua`", "  help: "]),
        ("emptied", &["cannot use the manifest `bad/emptied.residua`", "  help: "]),
        ("binary", &["cannot use the manifest `bad/binary.residua`", "  help: "]),
        ("newer", &["cannot use the manifest `bad/newer.residua`", "newer", "  help: install a newer residua"]),
        ("magic", &["cannot use the manifest `bad/magic.residua`", "  help: "]),
        ("cut-statement", &["cannot accept the manifest statement"]),
        ("other-signer", &["cannot accept the manifest statement", "  cause: signed by the key", "  help: "]),
        ("newer-statement", &["cannot accept the manifest statement", "newer", "  help: install a newer residua"]),
        ("normalizer", &["cannot use the manifest", "  help: use the version of residua"]),
        ("other-statement", &["about another manifest than `bad/other-statement.residua`"]),
        ("challenge-statement", &["cannot accept the manifest statement", "  cause: "]),
        ("other-manifest", &["cannot use the manifest `bad/other-manifest.residua`", "  help: "]),
    ];
    let leak = |line: String| -> &'static str { Box::leak(line.into_boxed_str()) };
    let mut table = Vec::new();
    for (name, says) in challenges {
        table.push(bad(
            name,
            leak(format!("scan crm.db --manifest handover/deletion.residua --challenge bad/{name}.json @scan")),
            says,
        ));
    }
    for (name, says) in manifests {
        table.push(bad(
            name,
            leak(format!("scan crm.db --manifest bad/{name}.residua --challenge deletion.challenge.json @scan")),
            says,
        ));
    }
    table.extend([
        bad("baseline manifest", "scan crm.db --manifest handover/baseline.residua --challenge deletion.challenge.json @scan", &["about another manifest", "needs the deletion manifest"]),
        bad("deletion manifest", "scan crm.db --manifest handover/deletion.residua --challenge deletion.challenge.json --from keys/other.card.json --as keys/recipient.key --out out/a.json", &["cannot accept the challenge", "  help: check by another channel"]),
        bad("another's key", "scan crm.db @asked --from keys/originator.card.json --as keys/other.key --out out/a.json", &["addressed to another key"]),
        bad("no key", "scan crm.db @asked --from keys/originator.card.json --as keys/none.key --out out/a.json", &["cannot read key `keys/none.key`"]),
        bad("a card as key", "scan crm.db @asked --from keys/originator.card.json --as supply.csv --out out/a.json", &["supply.csv"]),
        bad("a manifest as challenge", "scan crm.db --manifest handover/deletion.residua --challenge handover/deletion.residua @scan", &["cannot accept the challenge"]),
    ]);
    snapshot::holds("messages/documents.txt", &all_fail(&world, AFTER, &table));
    // What is right passes: the defects above are what was refused.
    let words = world.scanning("deletion", "bad/resigned.json", &["crm.db"], &[]);
    world.run(AFTER, &words).exits_with(11);

    // In its time and no other; ten minutes are the clocks'.
    let line = "scan crm.db @asked @scan";
    all_fail(
        &world,
        "2017-07-15T09:10:01Z",
        &[bad(
            "expired",
            line,
            &["the challenge expired at 2017-07-15T09:00:00Z", "  help: ask the originator for a new challenge"],
        )],
    );
    all_fail(
        &world,
        "2017-07-01T08:49:59Z",
        &[bad("from the future", line, &["later than this machine's clock", "  help: set the clock"])],
    );
    let words = world.scanning("deletion", "deletion.challenge.json", &["crm.db"], &[]);
    world.run("2017-07-15T09:09:59Z", &words).exits_with(11);
    world.run("2017-07-01T08:50:01Z", &words).exits_with(11);
}

#[test]
fn flipped_bits_are_found() {
    let world = World::asked();
    fs::create_dir_all(world.case.path("bad")).expect("a folder");
    fs::copy(world.case.path("handover/deletion.residua.intoto.json"), world.case.path("bad/m.residua.intoto.json"))
        .expect("a copy");
    fs::copy(world.case.path("handover/deletion.residua"), world.case.path("bad/s.residua")).expect("a copy");
    let before = world.case.files();
    // First and last bytes, both sides of page borders, and places spread over the file.
    let places = |length: usize| {
        let mut places = vec![0, 1, 7, 8, 9, 12, 27, 28, 4095, 4096, 4097, length - 1, length - 9];
        places.extend((1..12).map(|part| part * length / 12 + part));
        places.retain(|place| *place < length);
        places
    };
    let documents = [
        ("handover/deletion.residua", "bad/m.residua", "bad/m.residua", "deletion.challenge.json"),
        ("handover/deletion.residua.intoto.json", "bad/s.residua.intoto.json", "bad/s.residua", "deletion.challenge.json"),
        ("deletion.challenge.json", "bad/c.json", "handover/deletion.residua", "bad/c.json"),
    ];
    let mut wrong = Vec::new();
    for (good, flipped, manifest, challenge) in documents {
        let good = fs::read(world.case.path(good)).expect("a document");
        for (number, place) in places(good.len()).into_iter().enumerate() {
            let mut bytes = good.clone();
            bytes[place] ^= 1 << (number % 8);
            world.case.write(flipped, &bytes);
            let words = [
                "scan",
                "crm.db",
                "--manifest",
                manifest,
                "--challenge",
                challenge,
                "--from",
                "keys/originator.card.json",
                "--as",
                "keys/recipient.key",
            ];
            let output = world.run(AFTER, &[&words[..], &["--out", "a.json", "--findings", "f.csv"]].concat());
            // White space around the JSON, and the `keyid` with which a reader only words its error, may read either way.
            let same = output.code == Some(11) && flipped != "bad/m.residua";
            let is_harmless = same && payload_of(&bytes) == payload_of(&good) && payload_of(&good).is_some();
            let faults = if is_harmless { Vec::new() } else { faults(&output, 1, &["error: "]) };
            if !faults.is_empty() {
                wrong.push(format!("{flipped} at {place}: {}{}", faults.join("; "), output.whole()));
            }
            for left in ["a.json", "f.csv"] {
                let is_left = fs::remove_file(world.case.path(left)).is_ok();
                if is_left != is_harmless {
                    wrong.push(format!("{flipped} at {place}: {left} was left behind: {is_left}"));
                }
            }
        }
        fs::remove_file(world.case.path(flipped)).expect("a flipped file");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.case.files().len(), before.len());
}

/// The payload of an envelope, however it is laid out.
fn payload_of(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(bytes).ok().map(|envelope| envelope["payload"].clone())
}

#[test]
fn attestations_that_cannot_be_trusted() {
    let world = World::asked();
    world.keep(&[]);
    world.run(SUPPLIED, &["keygen", "--name", "Somebody else", "--out", "keys/other"]).exits_with(0);
    world.scan("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "good.json"]).exits_with(0);
    // The same challenge, answered twice: the first that is received counts.
    let later = world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "bad/replayed.json"]);
    fs::create_dir_all(world.case.path("bad")).expect("a folder");
    world.run("2017-07-01T10:00:00Z", &later).exits_with(0);
    let good = payload(&world.case.read("good.json"));
    let write = |name: &str, party: &str, statement: &Value| {
        world.case.write(&format!("bad/{name}.json"), sign(&world, party, statement));
    };
    let changed = |pointer: &str, to: Value| {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = to;
        value
    };
    write("other-signer", "other", &good);
    write("originator-signer", "originator", &good);
    let kind = good["predicateType"].as_str().expect("a type");
    write("newer", "recipient", &changed("/predicateType", json!(kind.replace(":v1", ":v2"))));
    write("a-challenge", "recipient", &payload(&world.case.read("deletion.challenge.json")));
    write("other-challenge", "recipient", &changed("/predicate/challenge/challengeId", json!("0".repeat(32))));
    write("other-nonce", "recipient", &changed("/predicate/challenge/nonce", json!("0".repeat(64))));
    write("other-supply", "recipient", &changed("/predicate/supply", json!("0".repeat(32))));
    write("other-manifest", "recipient", &changed("/predicate/manifest/blake3", json!("0".repeat(64))));
    write("other-subject", "recipient", &changed("/subject/0/digest/sha256", json!("0".repeat(64))));
    write("backwards", "recipient", &changed("/predicate/scan/finishedAt", json!("2017-06-01T09:00:00Z")));
    write("no-sentinel", "recipient", &changed("/predicate/sentinels/detected", json!(0)));
    write("no-answers", "recipient", &changed("/predicate/knownAnswers/answered", json!(0)));
    write("no-spot-checks", "recipient", &changed("/predicate/spotChecks", json!([])));
    write("residual-said", "recipient", &changed("/predicate/verdict", json!("residual")));
    write("no-limitations", "recipient", &changed("/predicate/limitations", json!([])));
    write("rows-hidden", "recipient", &changed("/predicate/coverage/targets/0/rowsRead", json!(3)));
    let mut declared = good.clone();
    declared["predicate"]["declared"]["lawfulSources"] = json!([{ "name": "x", "target": "x", "source": "" }]);
    write("declared-twice", "recipient", &declared);
    let text = world.case.read("good.json");
    world.case.write("bad/cut.json", &text[..text.len() / 2]);
    world.case.write("bad/empty.json", "");
    world.case.write("bad/binary.json", [0_u8, 1, 2, 3]);
    world.case.write("bad/text.json", "I hereby certify that everything was deleted.\n");

    let table = [
        ("cut", "V1"),
        ("empty", "V1"),
        ("binary", "V1"),
        ("text", "V1"),
        ("newer", "V1"),
        ("a-challenge", "V1"),
        ("other-signer", "V2"),
        ("originator-signer", "V2"),
        ("other-challenge", "V3"),
        ("other-nonce", "V3"),
        ("other-supply", "V4"),
        ("other-manifest", "V4"),
        ("other-subject", "V4"),
        ("backwards", "V5"),
        ("rows-hidden", "V6"),
        ("no-sentinel", "V7"),
        ("no-answers", "V7"),
        ("no-spot-checks", "V7"),
        ("residual-said", "V8"),
        ("no-limitations", "V8"),
        ("declared-twice", "V9"),
    ];
    let mut said = String::new();
    let mut verify = |name: &str, check: &str| {
        let output = world.run(AFTER, &["verify", &format!("bad/{name}.json"), "--format", "json"]);
        output.exits_with(12).stderr_is("");
        let json = output.json();
        let checks = json["attestations"][0]["checks"].as_array().expect("checks").clone();
        assert_eq!(checks.len(), 9, "{}", output.whole());
        let failed = checks.iter().filter(|result| result["result"] == "failed");
        said.push_str(&format!("\n## {name}\n"));
        for result in failed.clone() {
            let part = |member: &str| result[member].as_str().unwrap_or_default();
            said.push_str(&messages::redacted(&format!(
                "{} {}: {}\n  help: {}\n",
                part("check"),
                part("name"),
                part("reason"),
                part("help")
            )));
            assert!(result["reason"].is_string() && result["help"].is_string(), "{}", output.whole());
        }
        assert!(failed.clone().any(|result| result["check"] == check), "{name} does not fail {check}{}", output.whole());
        assert_eq!(json["attestations"][0]["appraisal"], "failed", "{}", output.whole());
        output
    };
    for (name, check) in table {
        verify(name, check);
    }
    // Somebody else's signature puts nothing into the ledger; the recipient's own bad answers stand there and settle nothing.
    world.verify("good.json").exits_with(0);
    verify("replayed", "V3");
    snapshot::holds("messages/checks.txt", &said);
    world.verify("good.json").exits_with(0);
    world.run(AFTER, &["status"]).exits_with(0).prints("attested clear");
    world
        .verify("missing.json")
        .exits_with(1)
        .stderr_is("error: cannot read the attestation `missing.json`\n  cause: there is no such file or folder\n  help: check the path; the folder of a file that is to be written has to be there\n");
    world.run(AFTER, &["verify", "good.json", "--ledger", "none"]).exits_with(1).warns("there is no ledger in `none`");

    // Bits flipped anywhere.
    let good = text.into_bytes();
    for part in 0..24 {
        let mut bytes = good.clone();
        let place = part * (good.len() - 1) / 23;
        bytes[place] ^= 1 << (part % 7);
        world.case.write("flipped.json", &bytes);
        let output = world.verify("flipped.json");
        // The `keyid` decides nothing, and white space says nothing.
        let is_harmless = payload_of(&bytes).is_some() && payload_of(&bytes) == payload_of(&good);
        let expected = if is_harmless && output.code == Some(0) { 0 } else { 12 };
        output.exits_with(expected).stderr_is("");
    }
}

/// An answer that came too late, and one of another ledger.
#[test]
fn attestations_at_the_wrong_time_and_place() {
    let world = World::asked();
    world.keep(&[]);
    world
        .run(AFTER, &world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "good.json"]))
        .exits_with(0);
    world.run(SUPPLIED, &world.supplying("supply.csv", "second", &["--ledger", "second-ledger"])).exits_with(0);
    world.run(AFTER, &["verify", "good.json", "--ledger", "second-ledger"]).exits_with(12).prints("V3");
    world.run(SUPPLIED, &["keygen", "--name", "A third", "--out", "keys/third"]).exits_with(0);
    let third = [
        "supply",
        "supply.csv",
        "--as",
        "keys/originator.key",
        "--to",
        "keys/third.card.json",
        "--delete-by",
        "2017-06-30",
        "--out",
        "third",
        "--ledger",
        "third-ledger",
    ];
    world.run(SUPPLIED, &third).exits_with(0);
    world.run(AFTER, &["verify", "good.json", "--ledger", "third-ledger"]).exits_with(12).prints("V2");
}

#[test]
fn outputs_that_exist_are_kept() {
    let world = World::asked();
    let kept = "kept as it was";
    for name in
        ["a.json", "f.csv", "c.json", "keys/k.key", "keys/l.card.json", "s/deletion.residua", "t/baseline.residua.intoto.json"]
    {
        world.case.write(name, kept);
    }
    let scan = |extra: &[&str]| world.scanning("deletion", "deletion.challenge.json", &["crm.db"], extra);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let supply = |out: &str| world.supplying("supply.csv", out, &["--schema", "schema.toml", "--ledger", "other-ledger"]);
    let table = [
        ("a.json", scan(&["--out", "a.json"]), 11),
        ("f.csv", scan(&["--findings", "f.csv"]), 11),
        ("c.json", world.asking("deletion", "c.json", &[]), 0),
        ("keys/k.key", words(&["keygen", "--name", "K", "--out", "keys/k"]), 0),
        ("keys/l.card.json", words(&["keygen", "--name", "L", "--out", "keys/l"]), 0),
        ("s/deletion.residua", supply("s"), 0),
        ("t/baseline.residua.intoto.json", supply("t"), 0),
    ];
    for (name, words, code) in table {
        let before = content(&world);
        let refused = world.run(AFTER, &words);
        let faults = faults(&refused, 1, &[&format!("`{name}`"), "  help: choose another name, or overwrite it with `--force`"]);
        assert!(faults.is_empty(), "{name}: {faults:?}{}", refused.whole());
        let after = content(&world);
        // A ledger without a supply may be there already.
        let is_same = before.iter().all(|(name, content)| after.get(name) == Some(content));
        let new: Vec<&String> =
            after.keys().filter(|name| !before.contains_key(*name) && !name.starts_with("other-ledger/")).collect();
        assert!(is_same && new.is_empty(), "{name}: {new:?}");
        world.run(AFTER, &[&words[..], &["--force".to_owned()]].concat()).exits_with(code);
        assert!(!world.case.files_with(kept).contains(&name.to_owned()), "{name} was not overwritten");
    }
    assert!(world.case.files_with(kept).is_empty());
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    const HELP: &str = "  help: a private key is for its owner alone: `chmod 600` it";
    let world = World::asked();
    let open = |name: &str, mode: u32| {
        fs::set_permissions(world.case.path(name), fs::Permissions::from_mode(mode)).expect("another mode");
    };
    for mode in [0o644, 0o640, 0o604] {
        open("keys/recipient.key", mode);
        open("keys/originator.key", mode);
        let table = [
            bad("scan", "scan crm.db @asked @scan", &["key `keys/recipient.key` can be read by others than its owner", HELP]),
            bad("supply", "supply supply.csv @supply", &["key `keys/originator.key` can be read by others", HELP]),
            bad(
                "challenge",
                "challenge @id --phase deletion @challenge",
                &["key `keys/originator.key` can be read by others", HELP],
            ),
        ];
        all_fail(&world, AFTER, &table);
    }
    open("keys/recipient.key", 0o600);
    open("keys/originator.key", 0o600);
    let secrets = format!("ledger/secrets/{}.json", world.supply_id());
    open(&secrets, 0o644);
    all_fail(
        &world,
        AFTER,
        &[bad("salts", "challenge @id --phase deletion @challenge", &["holds secrets and can be read by others", "  help: "])],
    );
    open(&secrets, 0o400);
    world.ask("deletion", "c.json", &[]).exits_with(0);
}

#[test]
fn a_ledger_that_was_changed() {
    let world = World::with_baseline();
    let line = world.case.read("ledger/ledger.jsonl");
    let mut said = String::new();
    let mut broken = |text: &str, says: &'static [&'static str]| {
        world.case.write("ledger/ledger.jsonl", text);
        said += &all_fail(
            &world,
            AFTER,
            &[bad("status", "status", says), bad("challenge", "challenge @id --phase deletion @challenge", says)],
        );
    };
    broken(&line.replacen("60", "61", 1), &["the ledger is broken at line", "  help: "]);
    broken(&line.replacen("2017-06-30", "2018-06-30", 1), &["the ledger is broken at line", "  help: "]);
    broken(&format!("{line}{{\"sequence\":"), &["was cut short", "  help: "]);
    // What `head` knows was whole.
    broken(&line[..line.len() - 10], &["lines that stood after it are missing", "  help: "]);
    broken(line.split_once('\n').expect("lines").1, &["the ledger is broken at line 1", "  help: "]);
    broken(&line[..=line.find('\n').expect("lines")], &["the ledger is broken", "  help: "]);
    broken("", &["the ledger"]);
    snapshot::holds("messages/ledger.txt", &said);
    world.case.write("ledger/ledger.jsonl", &line);
    world.run(AFTER, &["status"]).exits_with(13);
}

/// Files may grow to so many blocks of 512 bytes and no further: a full disk, for one process.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full() {
    let world = World::asked();
    let full = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let before = world.case.files();
    let fails = |words: &[String], says: &str| {
        let output = world.command(AFTER, words).in_shell(full).run();
        let faults = faults(&output, 1, &[says]);
        assert!(faults.is_empty(), "{faults:?}{}", output.whole());
        assert_eq!(world.case.files(), before);
    };
    fails(
        &world.scanning(
            "deletion",
            "deletion.challenge.json",
            &["crm.db", "exports"],
            &["--out", "a.json", "--findings", "f.csv"],
        ),
        "cannot write",
    );
    fails(
        &world.scanning("deletion", "deletion.challenge.json", &["crm.db", "exports"], &["--out", "a.json"]),
        "cannot write `a.json`",
    );
    fails(&world.supplying("supply.csv", "full", &["--schema", "schema.toml"]), "cannot");
    // The ledger is as it was.
    world.run(AFTER, &["status"]).exits_with(0).prints("challenge issued");
    world.ask("deletion", "c.json", &[]).exits_with(0);
}

/// A real one, where the user may mount a small file system.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_is_full() {
    use std::process::Command;
    let world = World::asked();
    fs::create_dir_all(world.case.path("small")).expect("a folder");
    let small = world.case.path("small");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8k", "tmpfs"]).arg(&small).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        skip("this user may not mount a small file system");
        return;
    }
    let words = world.scanning(
        "deletion",
        "deletion.challenge.json",
        &["crm.db", "exports"],
        &["--out", "small/a.json", "--findings", "small/f.csv"],
    );
    let scan = world.run(AFTER, &words);
    let supply = world.run(SUPPLIED, &world.supplying("supply.csv", "small/s", &["--ledger", "third"]));
    let left: Vec<String> = world.case.files().into_iter().filter(|name| name.starts_with("small/")).collect();
    let unmounted = Command::new("umount").arg(&small).status().expect("umount");
    assert!(unmounted.success());
    for output in [scan, supply] {
        let faults = faults(&output, 1, &["cannot", "  help: make room on the disk; nothing was written"]);
        assert!(faults.is_empty(), "{faults:?}{}", output.whole());
    }
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_standard_output_that_is_full_or_gone() {
    let world = World::asked();
    if fs::metadata("/dev/full").is_ok() {
        let output = world.command(AFTER, &["status"]).in_shell("exec \"$@\" > /dev/full").run();
        output.exits_with(1).warns("error: cannot write to standard output");
    }
    // Whoever reads only the beginning of the output is no failure of ours.
    let output = world.command(AFTER, &["man"]).in_shell("\"$@\" | head -n 1 > /dev/null").run();
    output.exits_with(0).stderr_is("");
}
