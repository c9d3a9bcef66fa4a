//! Several people named in one cell: whose the dates in it are nobody says, so every name is tried with every date. What agrees that way may be
//! chance, and accuses nobody; a person who was supplied and stands there is found all the same.

use crate::cli::transformations::people::Draws;
use crate::cli::world::World;
use crate::cli::world::codes;

const SUPPLY: usize = 100;

/// People whose names are drawn from few, so that halves of names and months of birth agree by chance.
fn person(draws: &mut Draws) -> [String; 7] {
    let mut name = || {
        let letter = |set: &[u8], number: usize| char::from(set[number % set.len()]);
        let (head, tail) = (draws.below(40), draws.below(9));
        let vowel = |number| letter(b"aeiou", number);
        format!(
            "{}{}{}{}{}",
            letter(b"BDGKLMNT", head / 5),
            vowel(head),
            letter(b"bdgk", head),
            vowel(tail),
            letter(b"nrst", tail)
        )
    };
    let (first, last) = (name(), name() + "son");
    let unit = |number: usize| char::from(b"ABDEFGHJLN"[number]);
    let postcode = format!("LS{} {}{}{}", 1 + draws.below(19), draws.below(10), unit(draws.below(10)), unit(draws.below(10)));
    let birth = format!("{:02}/{:02}/{}", 1 + draws.below(28), 1 + draws.below(12), 1960 + draws.below(36));
    let email = format!("{first}.{last}{}@example.com", draws.below(1_000));
    let child = format!("{}-{:02}-{:02}", 2013 + draws.below(4), 1 + draws.below(12), 1 + draws.below(28));
    [first, last, format!("{} {} Road", 1 + draws.below(180), name_of_street(draws.below(12))), postcode, birth, email, child]
}

fn name_of_street(number: usize) -> &'static str {
    ["Acacia", "Beech", "Cedar", "Dale", "Elm", "Fern", "Grove", "Hazel", "Ivy", "Juniper", "Kings", "Larch"][number]
}

#[test]
fn people_named_together_accuse_nobody() {
    let world = World::new();
    let mut draws = Draws::of(11);
    let supplied: Vec<[String; 7]> = (0..SUPPLY).map(|_| person(&mut draws)).collect();
    let rows = supplied.iter().map(|cells| cells.join(",") + "\n");
    world.case.write(
        "people.csv",
        "first_name,last_name,address,postcode,dob,email,child_dob\n".to_owned() + &rows.collect::<String>(),
    );
    world.supply("people.csv", "handover", &[]).exits_with(0);
    let is_supplied = |[first, last, ..]: &[String; 7]| supplied.iter().any(|cells| cells[0] == *first && cells[1] == *last);
    let mut others = std::iter::repeat_with(move || person(&mut draws)).filter(|cells| !is_supplied(cells));
    // With their postcodes a text says more of each.
    let note = |people: &[[String; 7]], has_postcodes: bool| {
        let named = people.iter().map(|[first, last, _, postcode, birth, ..]| {
            if has_postcodes { format!("{first} {last} of {postcode} {birth}") } else { format!("{first} {last} {birth}") }
        });
        named.collect::<Vec<String>>().join(", ")
    };
    let scan = |name: &str, note: &str| {
        world.case.write(&format!("{name}/notes.csv"), format!("number,note\n1,\"{note}\"\n2,none\n"));
        world.ask("deletion", &format!("{name}.json"), &["--without-baseline"]).exits_with(0);
        world.scan("deletion", &format!("{name}.json"), &[name], &["--format", "json"])
    };
    let one = &supplied[40];

    // Four others, who have between them the two names and the day of birth of one who was supplied.
    let mut people: Vec<[String; 7]> = others.by_ref().take(4).collect();
    people[0][0].clone_from(&one[0]);
    people[1][1].clone_from(&one[1]);
    people[2][4].clone_from(&one[4]);
    let crowd = scan("crowd", &note(&people, false));
    crowd.exits_with(10);
    assert!(codes(&crowd).contains(&"possible_coincidence".to_owned()), "{}", crowd.whole());
    // By fields nothing of it is there.
    let rows = people.iter().map(|[first, last, _, _, birth, ..]| format!("{first},{last},{birth}\n"));
    world.case.write("fields/people.csv", "first_name,last_name,dob\n".to_owned() + &rows.collect::<String>());
    world.scan("deletion", "crowd.json", &["fields"], &[]).exits_with(0);

    // One who was supplied stands among three others: there are keys so strong that no number of tries reaches them by chance.
    people[2].clone_from(one);
    let kept = scan("kept", &note(&people, true));
    kept.exits_with(11);
    assert!(codes(&kept).contains(&"person_found".to_owned()), "{}", kept.whole());
}
