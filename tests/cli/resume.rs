//! `scan --resume`: a scan that was broken off goes on, and finds exactly what it would have found. Whatever changed meanwhile is read anew.

use crate::cli::harness::Output;
use crate::cli::world::AFTER;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::csv;
use crate::cli::world::payload;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

const FILES: usize = 40;

/// A recipient with many files and a database, who kept a supplied person in each of three files.
fn many_files() -> World {
    let world = World::asked();
    for number in 0..FILES {
        let mut people: Vec<&Person> = world.own.iter().cycle().skip(number).take(20).collect();
        if [0, 17, FILES - 1].contains(&number) {
            people.push(&world.supplied[number]);
        }
        world.case.write(&format!("data/{number:02}.csv"), csv(&people, ','));
    }
    world
}

fn words(world: &World, sources: &[&str], extra: &[&str]) -> Vec<String> {
    world.scanning("deletion", "deletion.challenge.json", sources, &[&["--format", "json", "--threads", "2"], extra].concat())
}

fn scan(world: &World, extra: &[&str]) -> Output {
    world.run(AFTER, &words(world, &["data", "crm.db"], extra))
}

/// The files in the folder, whatever challenge they are of.
fn kept(world: &World) -> Vec<PathBuf> {
    let names = world.case.files().into_iter().filter(|name| name.starts_with("kept/") && name.ends_with(".partial"));
    names.map(|name| world.case.path(&name)).collect()
}

/// The targets that were taken over.
fn resumed(scan: &Output) -> BTreeSet<String> {
    let json = scan.json();
    let targets = json["coverage"]["targets"].as_array().expect("targets");
    let taken = targets.iter().filter(|target| target["resumed"]["scannedAt"].is_string());
    taken.map(|target| target["name"].as_str().expect("a name").to_owned()).collect()
}

/// The result without times, and without what says that some of it is taken over.
fn timeless(scan: &Output) -> String {
    let mut json = scan.json();
    assert!(json["seconds"].is_number(), "{json}");
    json["seconds"] = Value::Null;
    for target in json["coverage"]["targets"].as_array_mut().expect("targets") {
        target.as_object_mut().expect("an object").remove("resumed");
    }
    serde_json::to_string_pretty(&json).expect("JSON")
}

/// The findings below their nonce.
fn findings(world: &World, name: &str) -> String {
    world.case.read(name).split_once('\n').expect("a nonce").1.to_owned()
}

/// Numbers that are the same in every run of the test: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn is_running(id: u32) -> bool {
    // A process that ended and was not waited for is a zombie.
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Runs a scan, and sends it a signal once so many further targets are kept, and a moment later. Says nothing of one that ended before.
fn break_off(world: &World, words: &[String], signal: &str, further: u64, moment: Duration) -> Output {
    let before = kept(world).len();
    world.command(AFTER, words).run_while(|id| {
        while is_running(id) && ((kept(world).len() - before) as u64) < further {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(moment);
        // One that has ended meanwhile is not there any more.
        let _ = Command::new("kill").args([signal, &id.to_string()]).status();
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_scan_that_is_killed_again_and_again_finds_what_one_in_a_piece_finds() {
    let world = many_files();
    let whole = scan(&world, &["--findings", "whole.csv"]);
    whole.exits_with(11).stderr_is("");
    let slow = ["--resume", "kept", "--findings", "found.csv", "--max-rows-per-second", "400"];
    let mut dice = Dice(0x5eed_0f0e_9a1d_2017);
    let mut killed = 0;
    let mut at_once = BTreeSet::new();
    for _ in 0..7 {
        let (further, moment) = (dice.below(6), Duration::from_millis(dice.below(60)));
        let output = break_off(&world, &words(&world, &["data", "crm.db"], &slow), "-KILL", further, moment);
        killed += usize::from(output.code.is_none());
        at_once.insert(kept(&world).len());
        assert!(!world.case.path("found.csv").exists() || output.code.is_some(), "half a list of findings");
    }
    assert!(killed >= 5 && at_once.len() >= 3 && !at_once.contains(&FILES), "{killed} {at_once:?}");
    let kept_before = kept(&world).len();

    let last = scan(&world, &["--resume", "kept", "--findings", "found.csv", "--out", "last.json", "--force"]);
    last.exits_with(11).stderr_is("");
    assert_eq!(resumed(&last).len(), kept_before);
    assert!(resumed(&last).iter().all(|name| name.starts_with("data/")), "a database was taken over: {:?}", resumed(&last));
    let named = |scan: &Output| timeless(scan).replace("whole.csv", "found.csv").replace("\"last.json\"", "null");
    let (whole_json, last_json) = (named(&whole), named(&last));
    assert!(whole_json == last_json, "{whole_json}\n--- resumed\n{last_json}");
    assert_eq!(findings(&world, "whole.csv"), findings(&world, "found.csv"));
    assert!(findings(&world, "found.csv").lines().count() > 3);

    // Signed, it is verified like any other, and the folder is empty.
    assert!(!world.case.files().iter().any(|name| name.starts_with("kept/")), "{:?}", world.case.files());
    let stated = payload(&world.case.read("last.json"));
    let targets = stated["predicate"]["coverage"]["targets"].as_array().expect("targets").clone();
    assert_eq!(targets.iter().filter(|target| target["resumed"]["scannedAt"] == AFTER).count(), kept_before);
    assert!(targets.iter().any(|target| target.get("resumed").is_none()));
    let note = format!("{kept_before} of {} targets were read by an earlier run of the scan, from {AFTER} on", FILES + 1);
    world.verify("last.json").exits_with(11).prints(&note);
    world.run(AFTER, &["inspect", "last.json"]).exits_with(0).prints("Taken over from an earlier run of this scan");
}

#[cfg(unix)]
#[test]
fn an_interruption_says_how_it_goes_on() {
    let world = many_files();
    let slow = ["--resume", "kept", "--out", "a.json", "--max-rows-per-second", "400"];
    let output = break_off(&world, &words(&world, &["data"], &slow), "-INT", 3, Duration::from_millis(20));
    let count = kept(&world).len();
    output.exits_with(1).stderr_is(&format!(
        "error: interrupted; no result was written\n  help: the same command goes on from here: {count} finished targets are kept in `kept`\n"
    ));
    assert!(!world.case.path("a.json").exists());
    let private = |path: &PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().expect("a file").permissions().mode() & 0o777
    };
    assert_eq!(private(&world.case.path("kept")), 0o700);
    assert!(kept(&world).iter().all(|path| private(path) == 0o600));
    let words = world.scanning("deletion", "deletion.challenge.json", &["data"], &["--resume", "kept", "--out", "a.json"]);
    let last = world.run(AFTER, &words);
    last.exits_with(11).stderr_is("").prints(&format!("{count} of 40 targets taken over from `kept`."));
    assert!(kept(&world).is_empty());
}

/// Writes over a file so that size, time and number are as before.
fn write_over(world: &World, name: &str, content: &str) {
    let path = world.case.path(name);
    let before = path.metadata().expect("a file");
    assert_eq!(before.len(), content.len() as u64);
    fs::write(&path, content).expect("a file that may be written");
    let file = File::options().append(true).open(&path).expect("a file");
    file.set_modified(before.modified().expect("a time")).expect("a time that may be set");
    assert_eq!(path.metadata().expect("a file").modified().expect("a time"), before.modified().expect("a time"));
}

#[test]
fn a_file_that_looks_the_same_and_holds_something_else_is_read_anew() {
    let world = World::asked();
    world.keep(&[]);
    let own: Vec<&Person> = world.own.iter().collect();
    let without = csv(&own, ',');
    let with = csv(&[&own[1..], &[&world.supplied[7]]].concat(), ',');
    // Blanks at the end of the last cell count for nothing.
    let fill = |text: &str| format!("{}{}\n", text.trim_end(), " ".repeat(without.len().max(with.len()) - text.len()));
    let (without, with) = (fill(&without), fill(&with));
    world.case.write("data/a.csv", &without);
    world.case.write("data/b.csv", &without);
    let resume = ["--resume", "kept"];
    let first = scan(&world, &resume);
    first.exits_with(0).stderr_is("");
    assert!(resumed(&first).is_empty());
    assert_eq!(kept(&world).len(), 2);
    let second = scan(&world, &resume);
    second.exits_with(0).stderr_is("");
    assert_eq!(resumed(&second), BTreeSet::from(["data/a.csv".to_owned(), "data/b.csv".to_owned()]));

    write_over(&world, "data/b.csv", &with);
    let third = scan(&world, &resume);
    third.exits_with(11).stderr_is("note: scanned anew, since the file has changed: `data/b.csv`\n");
    assert!(codes(&third).contains(&"supply_record_found".to_owned()));
    assert_eq!(resumed(&third), BTreeSet::from(["data/a.csv".to_owned()]));
    let digest = |scan: &Output| scan.json()["coverage"]["targets"][1]["contentDigest"]["blake3"].clone();
    assert_ne!(digest(&third), digest(&second));
    // What was found then is found again, and what is gone is gone.
    let fourth = scan(&world, &resume);
    fourth.exits_with(11).stderr_is("");
    assert_eq!(resumed(&fourth).len(), 2);
    assert_eq!(timeless(&fourth), timeless(&third));
    write_over(&world, "data/b.csv", &without);
    scan(&world, &resume).exits_with(0);

    // The database is read anew each time, with what is in it now.
    world.keep(&[&world.supplied[7]]);
    let fifth = scan(&world, &resume);
    fifth.exits_with(11);
    assert_eq!(resumed(&fifth).len(), 2);
}

#[test]
fn nothing_is_taken_over_where_anything_else_is_asked_or_told() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write("data/a.csv", csv(&own, ','));
    world.case.write("data/b.csv", csv(&[&own[..], &[&world.supplied[7]]].concat(), ','));
    world.case.write("map.toml", "[[exclude]]\nmatch = \"data/a.csv\"\nreason = \"ours\"\n");
    world.case.write("declare.toml", "[[not_scanned]]\nsystem = \"tape\"\nreason = \"offline\"\n");
    let taken = |extra: &[&str]| {
        let scan = world.run(AFTER, &words(&world, &["data"], &[&["--resume", "kept", "--force"], extra].concat()));
        scan.exits_with(11);
        (resumed(&scan).len(), scan.stderr)
    };
    assert_eq!(taken(&[]), (0, String::new()));
    let told = "note: scanned anew, since what was kept of it is of a scan with another map, other flags or another residua: `data/a.csv`, `data/b.csv`\n";
    let flags: [&[&str]; 8] = [
        &["--deep"],
        &["--map", "map.toml"],
        &["--declare", "declare.toml"],
        &["--delimiter", ","],
        &["--header", "yes"],
        &["--encoding", "utf-8"],
        &["--unpack-limit", "1"],
        &["--widths", "5,9"],
    ];
    for extra in flags {
        let (count, stderr) = taken(extra);
        assert_eq!(count, 0, "{extra:?}");
        let expected = if extra[0] == "--map" { told.replace("`data/a.csv`, ", "") } else { told.to_owned() };
        assert_eq!(stderr, expected, "{extra:?}");
        // And back: what the other scan wrote is not taken over either.
        assert!(taken(&[]).0 < 2, "{extra:?}");
        assert_eq!(taken(&[]), (2, String::new()));
    }
    // A list of findings that was not kept cannot be completed.
    for extra in [&["--findings", "f.csv"][..], &["--findings", "f.csv", "--findings-keys", "strongest"]] {
        assert_eq!(taken(extra).0, 0, "{extra:?}");
        let rows = findings(&world, "f.csv");
        assert_eq!(taken(extra).0, 2, "{extra:?}");
        assert_eq!(findings(&world, "f.csv"), rows);
    }
    // What changes no result changes nothing here.
    taken(&[]);
    assert_eq!(taken(&["--operator", "B. Other", "--max-rows-per-second", "100000", "--counts-only"]).0, 2);

    // Another challenge, and with it the other manifest, has a folder of its own.
    world.ask("recheck", "second.challenge.json", &[]).exits_with(0);
    let other = world.scanning("deletion", "second.challenge.json", &["data"], &["--format", "json", "--resume", "kept"]);
    let scan = world.run(AFTER, &other);
    scan.exits_with(11).stderr_is("");
    assert_eq!((resumed(&scan).len(), kept(&world).len()), (0, 4));
    assert_eq!(taken(&[]).0, 2);
    // The files of one in the place of the other's.
    let (mut first, second): (Vec<PathBuf>, Vec<PathBuf>) =
        kept(&world).into_iter().partition(|path| path.parent() == kept(&world)[0].parent());
    first.sort();
    for (from, to) in first.iter().flat_map(|from| second.iter().map(move |to| (from, to))) {
        fs::copy(from, to).expect("a copy");
        for words in [&other, &words(&world, &["data"], &["--resume", "kept"])] {
            let scan = world.run(AFTER, words);
            scan.exits_with(11);
            assert!(
                scan.stderr.is_empty() || scan.stderr.starts_with("note: scanned anew, since what was kept of it is damaged")
            );
        }
    }
}

#[test]
fn a_clock_that_went_back_takes_nothing_over() {
    let world = World::asked();
    let words = words(&world, &["exports"], &["--resume", "kept"]);
    world.run("2017-07-01T09:00:01Z", &words).exits_with(11).stderr_is("");
    let scan = world.run(AFTER, &words);
    let why = "what was kept of it is of a later time than this machine's clock shows";
    scan.exits_with(11).stderr_is(&format!("note: scanned anew, since {why}: `exports/mailing.csv`\n"));
    assert!(resumed(&scan).is_empty());
    let later = world.run("2017-07-01T12:00:00Z", &words);
    later.exits_with(11).stderr_is("");
    assert_eq!(later.json()["coverage"]["targets"][0]["resumed"]["scannedAt"], AFTER);
}

#[test]
fn what_is_damaged_is_read_anew() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    world.case.write("data/a.csv", csv(&own, ','));
    world.case.write("data/b.csv", csv(&[&own[..], &[&world.supplied[7]]].concat(), ','));
    let scan = || world.run(AFTER, &words(&world, &["data"], &["--resume", "kept", "--findings", "f.csv", "--force"]));
    let first = scan();
    first.exits_with(11).stderr_is("");
    let rows = findings(&world, "f.csv");
    let expect = |why: &str, count: usize| {
        let again = scan();
        assert_eq!(timeless(&again), timeless(&first), "{why}");
        assert_eq!(findings(&world, "f.csv"), rows, "{why}");
        assert_eq!(resumed(&again).len(), 2 - count, "{why}");
        again.exits_with(11).warns(&format!("note: scanned anew, since what was kept of it {why}: `data/"));
        assert_eq!(resumed(&scan()).len(), if why.contains("cannot be read") { 1 } else { 2 }, "it was kept anew after {why}");
    };
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        for path in kept(&world) {
            let mut bytes = fs::read(&path).expect("a file");
            change(&mut bytes);
            fs::write(&path, bytes).expect("a file");
        }
    };
    change(&|bytes| bytes.truncate(bytes.len() / 2));
    expect("is damaged", 2);
    change(&Vec::clear);
    expect("is damaged", 2);
    change(&|bytes| bytes.truncate(20));
    expect("is damaged", 2);
    for place in [30, 400, 2_000] {
        change(&|bytes| bytes[place] ^= 1);
        expect("is damaged", 2);
    }
    change(&|bytes| *bytes.last_mut().expect("a byte") ^= 1);
    expect("is damaged", 2);
    change(&|bytes| bytes.extend(b"x"));
    expect("is damaged", 2);
    change(&|bytes| bytes[16] = b'2');
    expect("is of another version of residua", 2);
    // One target's in the place of another's.
    let [one, other] = &kept(&world)[..] else { panic!("two files") };
    fs::copy(one, other).expect("a copy");
    let again = scan();
    again.exits_with(11).warns("note: scanned anew, since its columns are others, or taken for something else: `data/");
    assert_eq!(timeless(&again), timeless(&first));
    fs::remove_file(one).expect("a file");
    fs::create_dir(one).expect("a folder");
    let again = scan();
    again.exits_with(11).warns("what was kept of it cannot be read").warns("note: finished targets are not kept any more");
    assert_eq!(timeless(&again), timeless(&first));
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_for_what_is_kept_stops_nothing() {
    let world = World::asked();
    let arguments = words(&world, &["exports"], &["--resume", "kept"]);
    let plain = world.run(AFTER, &words(&world, &["exports"], &[]));
    let output = world.command(AFTER, &arguments).in_shell("trap '' XFSZ; ulimit -f 2; exec \"$@\"").run();
    output.exits_with(11).warns("note: finished targets are not kept any more for `--resume`: ");
    assert_eq!(timeless(&output), timeless(&plain));
    assert!(!world.case.files().iter().any(|name| name.starts_with("kept/")), "{:?}", world.case.files());
    // With room it is kept again.
    world.run(AFTER, &arguments).exits_with(11).stderr_is("");
    assert_eq!(kept(&world).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_serve_is_refused_before_anything_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::asked();
    let run = |folder: &str| world.run(AFTER, &words(&world, &["exports"], &["--resume", folder]));
    fs::create_dir(world.case.path("open")).expect("a folder");
    fs::set_permissions(world.case.path("open"), fs::Permissions::from_mode(0o755)).expect("a mode");
    run("open").exits_with(1).stderr_is(
        "error: cannot use the folder `open`\n  cause: others than its owner may look into the folder\n  \
         help: `chmod 700 open` if it holds nothing else; what is kept there tells which rows were found\n",
    );
    run("exports/kept").exits_with(1).stderr_is(
        "error: cannot use the folder `exports/kept`\n  cause: it lies within the source `exports`, which is read as a whole\n  \
         help: name a folder outside of what is scanned\n",
    );
    assert!(!world.case.path("exports/kept").exists());
    run("crm.db").exits_with(1).warns("error: cannot use the folder `crm.db`");
    run("crm.db/kept").exits_with(1).warns("error: cannot use the folder `crm.db/kept`");
}

/// What is unpacked is held against its content too, and a workbook of a change in one of its sheets only by the whole.
#[cfg(feature = "archives")]
#[test]
fn packed_files_are_taken_over_too() {
    use std::io::Write;
    let world = World::asked();
    let pack = |person: &Person| {
        let people: Vec<&Person> = world.own.iter().chain([person]).collect();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(csv(&people, ',').as_bytes()).expect("memory");
        world.case.write("packed/a.csv.gz", packed.finish().expect("memory"));
    };
    pack(&world.supplied[7]);
    let scan = || world.run(AFTER, &words(&world, &["packed"], &["--resume", "kept"]));
    let first = scan();
    let second = scan();
    second.exits_with(11).stderr_is("");
    assert_eq!((resumed(&first).len(), resumed(&second).len()), (0, 1));
    assert_eq!(timeless(&first), timeless(&second));
    pack(&world.supplied[8]);
    let third = scan();
    third.exits_with(11).warns("the file has changed");
    assert!(resumed(&third).is_empty());
}
