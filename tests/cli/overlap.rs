//! Every supplied person stands in a register that the recipient buys lawfully: that is no residue, and ten records that were kept are.

use crate::cli::world::COLUMNS;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::csv;

const DECLARED: &str = "[[lawful_source]]\nname = \"roll\"\ntarget = \"data/roll.csv\"\nsource = \"electoral register\"\n";

/// What a register has of somebody: the name and where it is.
fn roll<'a>(people: impl Iterator<Item = &'a Person>) -> String {
    let lines = people.map(|person| {
        let [_, first, last, address, postcode, ..] = person.cells();
        format!("{first},{last},{address},{postcode}")
    });
    ["first_name,last_name,address,postcode".to_owned()].into_iter().chain(lines).collect::<Vec<String>>().join("\n") + "\n"
}

#[test]
fn an_overlap_of_all_people_is_clear_and_ten_records_that_were_kept_are_not() {
    assert_eq!(COLUMNS[3..5], ["address", "postcode"]);
    let world = World::supplied();
    world.case.write("declared.toml", DECLARED);
    world.case.write("data/roll.csv", roll(world.supplied.iter().chain(&world.own)));
    world.case.write("data/contacts.csv", csv(&world.supplied.iter().chain(&world.own).collect::<Vec<_>>(), ','));
    world.ask("baseline", "b.json", &[]).exits_with(0);
    world.scan("baseline", "b.json", &["data"], &["--declare", "declared.toml", "--out", "b.answer.json"]).exits_with(0);
    world.verify("b.answer.json").exits_with(0);
    let ask = |name: &str| {
        world.ask("deletion", name, &["--accept", "declared.toml"]).exits_with(0);
    };
    let scan = |challenge: &str, answer: &str| {
        world.scan("deletion", challenge, &["data"], &["--declare", "declared.toml", "--out", answer, "--format", "json"])
    };

    // The supplied records are deleted. All of the people are in the register.
    world.case.write("data/contacts.csv", csv(&world.own.iter().collect::<Vec<_>>(), ','));
    ask("clear.json");
    let clear = scan("clear.json", "clear.answer.json");
    clear.exits_with(0);
    let found = &clear.json()["coverage"]["targets"];
    let on_roll = found.as_array().expect("targets").iter().find(|target| target["name"] == "data/roll.csv").expect("the roll");
    assert_eq!(on_roll["recordsFound"], world.supplied.len(), "{}", clear.whole());
    world.verify("clear.answer.json").exits_with(0).prints("electoral register");

    // Nobody accepted the declaration: it explains nothing.
    world.ask("recheck", "refused.json", &[]).exits_with(0);
    let refused = world.scan("deletion", "refused.json", &["data"], &["--declare", "declared.toml", "--format", "json"]);
    refused.exits_with(10);
    assert!(codes(&refused).contains(&"declaration_not_accepted".to_owned()), "{}", refused.whole());

    // Ten records were kept, among the recipient's own.
    world.case.write("data/contacts.csv", csv(&world.supplied[20..30].iter().chain(&world.own).collect::<Vec<_>>(), ','));
    ask("kept.json");
    let kept = scan("kept.json", "kept.answer.json");
    kept.exits_with(11);
    assert!(codes(&kept).contains(&"supply_record_found".to_owned()), "{}", kept.whole());
    world.verify("kept.answer.json").exits_with(11);
}
