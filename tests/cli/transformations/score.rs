//! Who was found by what: the list of findings, held against who stands in which row.

use crate::cli::transformations::people::MEMBERS;
use crate::cli::transformations::people::Person;
use crate::cli::transformations::people::strip_marks;
use crate::cli::transformations::way::Way;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A match key, as the signed statement has it.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) atoms: Vec<String>,
}

impl Key {
    /// Whether a hit proves something by itself.
    fn proves(&self) -> bool {
        self.class != "A"
    }

    /// Whether a way leaves all that the key takes of a person.
    fn survives(&self, way: &Way, person: &Person) -> bool {
        let lost = (way.loses)(person);
        self.atoms.iter().all(|atom| !lost.iter().any(|lost| atom == lost || atom.split('.').next() == Some(lost)))
    }
}

/// A line of the list of findings, with places in the lists of people and keys.
#[derive(Clone, Copy)]
pub(crate) struct Tie {
    /// Who stands in the row.
    pub(crate) person: usize,
    pub(crate) key: usize,
    pub(crate) record: u64,
}

/// What the supplied file itself says.
pub(crate) struct Truth {
    /// Whose each record is.
    owners: BTreeMap<u64, usize>,
    /// By which keys each member's own record is found where nothing was rewritten.
    keys: Vec<BTreeSet<usize>>,
}

impl Truth {
    /// From the findings in the supplied file: a record is the row that most keys tie to it.
    pub(crate) fn of(ties: &[Tie]) -> Truth {
        let mut counts: BTreeMap<u64, BTreeMap<usize, usize>> = BTreeMap::new();
        for tie in ties {
            *counts.entry(tie.record).or_default().entry(tie.person).or_default() += 1;
        }
        let most = |rows: BTreeMap<usize, usize>| rows.into_iter().max_by_key(|(_, keys)| *keys).expect("a row").0;
        let owners: BTreeMap<u64, usize> = counts.into_iter().map(|(record, rows)| (record, most(rows))).collect();
        let people: BTreeSet<usize> = owners.values().copied().collect();
        assert_eq!((owners.len(), people.len()), (MEMBERS, MEMBERS), "the supplied file does not tell whose each record is");
        let mut keys = vec![BTreeSet::new(); MEMBERS];
        for tie in ties.iter().filter(|tie| owners[&tie.record] == tie.person) {
            keys[tie.person].insert(tie.key);
        }
        Truth { owners, keys }
    }
}

/// What was found of one way.
pub(crate) struct Score {
    /// Members who were tied to their own record by some key.
    pub(crate) found: usize,
    /// Each key with the share of members that it finds, of those of whom all that it takes survives.
    pub(crate) recalls: Vec<(String, f64)>,
    /// Rows that a key ties to the record of somebody with whom the person does not share what the key takes, and rows of people who were not
    /// supplied that a key which proves ties to any record.
    pub(crate) wrong: BTreeSet<String>,
}

impl Score {
    pub(crate) fn of(way: &Way, people: &[Person], keys: &[Key], truth: &Truth, ties: &[Tie]) -> Score {
        let mut right = vec![vec![false; keys.len()]; people.len()];
        let mut others = BTreeSet::new();
        for tie in ties {
            let owner = truth.owners[&tie.record];
            if owner == tie.person {
                right[tie.person][tie.key] = true;
            } else {
                others.insert((tie.person, owner, tie.key));
            }
        }
        let is_wrong = |(person, owner, key): &(usize, usize, usize)| {
            let key = &keys[*key];
            let is_accused = key.proves() && *person >= MEMBERS;
            let shares = |atoms: &[String]| share(&people[*person], &people[*owner], atoms);
            // In prose two words may be a name by chance; of those who live together the rest agrees. A key that proves nobody may find that.
            let live_together = shares(&["address.no_word4".to_owned(), "postcode.unit".to_owned()]);
            is_accused || !shares(&key.atoms) && (key.proves() || !live_together)
        };
        let named = |(person, owner, key): (usize, usize, usize)| format!("{person} for {owner} by {}", keys[key].name);
        let recall = |(index, key): (usize, &Key)| {
            let meant = |member: &usize| truth.keys[*member].contains(&index) && key.survives(way, &people[*member]);
            let meant: Vec<usize> = (0..MEMBERS).filter(meant).collect();
            let found = meant.iter().filter(|member| right[**member][index]).count();
            (!meant.is_empty()).then(|| (key.name.clone(), found as f64 / meant.len() as f64))
        };
        Score {
            found: right[..MEMBERS].iter().filter(|keys| keys.contains(&true)).count(),
            recalls: keys.iter().enumerate().filter_map(recall).collect(),
            wrong: others.into_iter().filter(is_wrong).map(named).collect(),
        }
    }

    /// The key that finds least.
    pub(crate) fn lowest(&self) -> Option<&(String, f64)> {
        self.recalls.iter().min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

/// Whether two people have the same value of each atom, as people would say.
fn share(one: &Person, other: &Person, atoms: &[String]) -> bool {
    atoms.iter().all(|atom| !forms(one, atom).is_disjoint(&forms(other, atom)))
}

/// What a person has of an atom.
fn forms(person: &Person, atom: &str) -> BTreeSet<String> {
    let home = &person.home;
    let names = strip_marks(&format!("{} {} {}", person.given, person.middle, person.family)).to_lowercase().replace('\'', "");
    let tokens: BTreeSet<&str> = names.split([' ', '-']).filter(|token| !token.is_empty()).collect();
    let set = |each: fn(&str) -> String| tokens.iter().map(|token| each(token)).collect::<BTreeSet<_>>();
    let joined = |set: BTreeSet<String>| BTreeSet::from([set.into_iter().collect::<Vec<_>>().join(" ")]);
    let first = |text: &str, count: usize| text.chars().take(count).collect::<String>().to_lowercase();
    let street: String = home.street.chars().filter(|sign| sign.is_alphanumeric()).collect();
    // A house may go by the name that it has, or by that of its street.
    let words = || [street.as_str(), home.house].map(|word| first(&word.replace("The ", "").replace(' ', ""), 4));
    let numbers = || [home.number.to_lowercase(), first(&home.flat.replace("Flat ", ""), 4)];
    let filled = |forms: Vec<String>| forms.into_iter().filter(|form| !form.is_empty()).collect::<BTreeSet<_>>();
    match atom {
        "name.full" => joined(set(str::to_owned)),
        "name.p3" => joined(set(|token| token.chars().take(3).collect())),
        // Names that sound alike begin alike at least.
        "name.phon" => joined(set(|token| token.chars().take(1).collect())),
        "name.any" => set(str::to_owned),
        "birth.day" => filled(vec![person.born.iso()]),
        "birth.ym" => filled(vec![first(&person.born.iso(), 7)]),
        "child.day" => filled(vec![person.child_born.iso()]),
        "child.ym" => filled(vec![first(&person.child_born.iso(), 7)]),
        "postcode.unit" => filled(vec![home.postcode()]),
        "postcode.sector" => filled(vec![format!("{} {}", home.outward, &home.inward[..1])]),
        "postcode.outward" => filled(vec![home.outward.clone()]),
        "address.no" => filled(numbers().into()),
        "address.word4" => filled(words().into()),
        "address.no_word4" => {
            let pairs = numbers().map(|number| words().map(|word| format!("{number}|{word}")));
            pairs.into_iter().flatten().filter(|pair| !pair.starts_with('|') && !pair.ends_with('|')).collect()
        }
        "town.p4" => filled(vec![first(home.town, 4)]),
        "email" => filled(vec![person.email.clone()]),
        "phone" => filled(vec![person.mobile.clone(), home.landline.clone()]),
        "id" => filled(vec![person.customer.clone()]),
        _ => panic!("the suite does not know the atom `{atom}`"),
    }
}
