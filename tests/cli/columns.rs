//! Columns that say what they hold in an unusual way: a name in two columns, dates in a writing that nobody reads. Each table is scanned
//! with supplied people in it and without.

use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::csv;
use std::fmt::Write;

/// Scans a text table of the recipient's own people, or of kept ones too. Returns the exit code, the reasons' codes and the gaps'.
fn scan(world: &World, table: &str, map: &[&str]) -> (i32, Vec<String>) {
    world.case.write("place/held.csv", table);
    let extra = [map, &["--format", "json"]].concat();
    let scan = world.scan("deletion", "deletion.challenge.json", &["place"], &extra);
    let code = scan.code.expect("an exit code");
    assert!(code != 1, "{}", scan.whole());
    let json = scan.json();
    let codes = |value: &serde_json::Value| -> Vec<String> {
        let all = value.as_array().expect("an array").iter();
        all.map(|element| element["code"].as_str().expect("a code").to_owned()).collect()
    };
    (code, [codes(&json["verdictReasons"]), codes(&json["coverage"]["gaps"])].concat())
}

fn table(header: &str, people: &[&Person], row: impl Fn(&Person) -> String) -> String {
    people.iter().fold(format!("{header}\n"), |mut text, person| {
        writeln!(text, "{}", row(person)).expect("a string takes all");
        text
    })
}

/// The recipient's own people, and with ten supplied ones.
fn people(world: &World) -> (Vec<&Person>, Vec<&Person>) {
    let own: Vec<&Person> = world.own.iter().collect();
    let kept = own.iter().copied().chain(&world.supplied[20..30]).collect();
    (own, kept)
}

#[test]
fn a_name_in_two_columns_of_which_one_is_called_just_a_name() {
    let world = World::asked();
    let (own, kept) = people(&world);
    for header in [
        "name,surname",
        "first_name,name",
        "forename,name",
        "christian_name,name",
        "name,last_name",
        "full_name,surname",
        "NAME1,NAME2",
        "customer_name_1,customer_name_2",
        "contact_name,surname",
        "mother_name,mother_surname",
        "patient_forename,patient_name",
    ] {
        let header = format!("{header},postcode");
        let row = |person: &Person| format!("{},{},{}", person.first_name, person.last_name, person.postcode);
        assert_eq!(scan(&world, &table(&header, &own, row), &[]), (0, vec![]), "{header}");
        let (code, codes) = scan(&world, &table(&header, &kept, row), &[]);
        assert!(code == 11 && codes.contains(&"person_found".to_owned()), "{header}: {code} and {codes:?}");
    }
}

#[test]
fn a_supply_with_such_columns() {
    let world = World::new();
    let data = csv(&world.supplied.iter().collect::<Vec<_>>(), ',').replacen("first_name,last_name", "name,surname", 1);
    world.case.write("supply.csv", data);
    world.supply("supply.csv", "handover", &[]).exits_with(0);
    world.ask("deletion", "deletion.challenge.json", &["--without-baseline"]).exits_with(0);
    let (own, kept) = people(&world);
    for (header, parted) in
        [("first_name,last_name,postcode", true), ("full_name,postcode", false), ("name,surname,postcode", true)]
    {
        let row = |person: &Person| {
            format!("{}{}{},{}", person.first_name, if parted { "," } else { " " }, person.last_name, person.postcode)
        };
        assert_eq!(scan(&world, &table(header, &own, row), &[]), (0, vec![]), "{header}");
        assert_eq!(scan(&world, &table(header, &kept, row), &[]).0, 11, "{header}");
    }
}
