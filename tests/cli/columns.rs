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

#[test]
fn a_postcode_in_two_columns() {
    let world = World::asked();
    let (own, kept) = people(&world);
    let halves = |person: &Person| {
        let (outward, inward) = person.postcode.split_at(person.postcode.len() - 3);
        (outward.trim().to_owned(), inward.to_owned())
    };
    for header in ["postcode_outward,postcode_inward", "postcode1,postcode2", "pc_out,pc_in"] {
        let header = format!("first_name,last_name,{header}");
        let row = |person: &Person| {
            let (outward, inward) = halves(person);
            format!("{},{},{outward},{inward}", person.first_name, person.last_name)
        };
        assert_eq!(scan(&world, &table(&header, &own, row), &[]), (0, vec![]), "{header}");
        let (code, codes) = scan(&world, &table(&header, &kept, row), &[]);
        assert!(code == 11 && codes.contains(&"person_found".to_owned()), "{header}: {code} and {codes:?}");
    }
    // A half alone is no postcode that could be looked for.
    let is_seen = |half: &dyn Fn(&Person) -> String| {
        let row = |person: &Person| format!("{},{},{}", person.first_name, person.last_name, half(person));
        scan(&world, &table("first_name,last_name,postcode", &kept, row), &[])
    };
    let (code, codes) = is_seen(&|person| halves(person).1);
    assert!(code == 10 && codes.contains(&"implausible_mapping".to_owned()), "{code} and {codes:?}");
    // A district finds people by the keys that ask for no more.
    for cut in [0, 1] {
        let (code, codes) = is_seen(&|person| format!("{} {}", halves(person).0, &halves(person).1[..cut]));
        assert!(code != 0, "{cut}: {codes:?}");
    }
}

/// A postcode and two days, of which the child's is written in some way.
fn days(people: &[&Person], write: impl Fn((usize, usize, usize)) -> String) -> String {
    table("postcode,mother_dob,child_dob", people, |person| {
        format!("{},{},{}", person.postcode, Person::iso(person.mother_dob), write(person.child_dob))
    })
}

/// A way to write a day.
type Writing = fn((usize, usize, usize)) -> String;

#[test]
fn dates_as_programs_write_them() {
    const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    let world = World::asked();
    let (own, kept) = people(&world);
    let writings: [(&str, Writing); 6] = [
        ("Access", |date| format!("#{}#", Person::iso(date))),
        ("Excel", |date| format!("\"=\"\"{}\"\"\"", Person::iso(date))),
        ("pandas", |(year, month, day)| format!("{year}{month:02}{day:02}.0")),
        ("Python", |(year, month, day)| format!("\"datetime.date({year}, {month}, {day})\"")),
        ("Mongo", |date| format!("\"ISODate(\"\"{}T00:00:00Z\"\")\"", Person::iso(date))),
        ("Roman months", |(year, month, day)| format!("{day}.{}.{year}", ROMAN[month - 1])),
    ];
    for (name, write) in writings {
        assert_eq!(scan(&world, &days(&own, write), &[]), (0, vec![]), "{name}");
        assert_eq!(scan(&world, &days(&kept, write), &[]).0, 11, "{name}");
    }
}

#[test]
fn dates_that_are_not_understood() {
    let world = World::asked();
    let (own, kept) = people(&world);
    let writings: [(&str, Writing); 4] = [
        ("commas", |(year, month, day)| format!("\"1,4{:02},{month:03},{day:03}\"", year % 100)),
        ("exponents", |(year, month, day)| format!("1.{year}{month:02}{day:02}e+09")),
        ("Russian", |(year, _, day)| format!("{day} октября {year}")),
        ("words", |(year, ..)| format!("in the autumn of {year}")),
    ];
    for (name, write) in writings {
        // The mother's day of birth and the postcode tell who is kept.
        for (people, expected) in [(&own, 10), (&kept, 11)] {
            let (code, codes) = scan(&world, &days(people, write), &[]);
            assert!(code == expected && codes.contains(&"unmapped_personal".to_owned()), "{name}: {code} and {codes:?}");
        }
    }
    // A few of them among others that are.
    let some = |(year, month, day)| {
        if month == 11 { format!("{day} listopada {year}") } else { Person::iso((year, month, day)) }
    };
    let (code, codes) = scan(&world, &days(&own, some), &[]);
    assert!(code == 10 && codes.contains(&"unreadable_values".to_owned()), "{code} and {codes:?}");
    // Another day of the row does not stand in for the one that is not understood.
    let created = table("postcode,mother_dob,created_at,child_dob", &own, |person| {
        format!("{},{},2020-01-02,{}", person.postcode, Person::iso(person.mother_dob), some(person.child_dob))
    });
    let (code, codes) = scan(&world, &created, &[]);
    assert!(code == 10 && codes.contains(&"unreadable_values".to_owned()), "{code} and {codes:?}");
    // A key of other fields finds the person all the same.
    let named = table("name,postcode,mother_dob,child_dob", &own, |person| {
        let (name, birth) = (person.full_name(), Person::iso(person.mother_dob));
        format!("{name},{},{birth},{}", person.postcode, some(person.child_dob))
    });
    assert_eq!(scan(&world, &named, &[]), (0, vec![]));
    // One day is nobody's pair of days.
    let one = table("postcode,created_at", &own, |person| format!("{},{}", person.postcode, Person::iso(person.child_dob)));
    let (code, codes) = scan(&world, &one, &[]);
    assert!(code == 10 && codes.contains(&"rows_unkeyed".to_owned()), "{code} and {codes:?}");
}
