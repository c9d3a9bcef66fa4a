//! Invented consumers: a mother, her household's address, and one child. Person *i* is a pure function of a seed and *i*.
//!
//! E-mail addresses lie under domains that RFC 2606 reserves, so that none can be delivered. For mobile numbers the regulator
//! reserves only a thousand for drama, too few here: the numbers have the valid form 07… and are invented at random, so one of
//! them may by chance be somebody's. Both are distinct between different people by construction.

use crate::demo::name::Name;
use crate::demo::name::Names;
use crate::demo::phrase;
use crate::demo::place::Address;
use crate::demo::place::Places;
use crate::demo::random::Permutation;
use crate::demo::random::Random;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::date;

/// The day of the campaign, from which ages are counted.
const CAMPAIGN: Date = date(2017, 5, 1);

/// The first customer number is one more than this.
const CUSTOMER_BASE: u64 = 10_000_000;

/// The most people that there can be: every one has an own number of up to nine digits.
pub(crate) const MOST_PEOPLE: u64 = 800_000_000;

/// The most records of one supply: customer numbers have eight digits.
pub(crate) const MOST_RECORDS: u64 = 99_999_999 - CUSTOMER_BASE;

/// Records come in blocks of so many, of which the last are second children of mothers earlier in the block.
const BLOCK: u64 = 1024;
const SECOND_CHILDREN: u64 = 80;

/// The shortest time between two children of one mother, in days.
const BETWEEN_CHILDREN: u32 = 300;

/// The oldest child is five years old, the youngest mother was sixteen: in days.
const OLDEST_CHILD: u32 = 1826;
const YOUNGEST_MOTHER: u32 = 16 * 365 + 4;
/// Mothers are between 18 and 45 years old at the campaign.
const MOTHER_FROM: u32 = 18 * 365 + 5;
const MOTHER_SPAN: u32 = 27 * 365 + 6;

/// Second digits of mobile numbers: 070 are personal numbers and 076 pagers.
const MOBILE: [u64; 8] = [1, 2, 3, 4, 5, 7, 8, 9];

/// Domains reserved for examples, with the weight of a popular provider on the first.
const DOMAINS: &[&str] = &[
    "mail.example.com",
    "mail.example.com",
    "mail.example.com",
    "inbox.example.net",
    "inbox.example.net",
    "post.example.org",
    "example.com",
    "example.org",
    "example.net",
    "home.example.com",
    "family.example.org",
    "broadband.example.net",
];

/// Domains of [`Random::of`] in this file.
const HOME: u64 = 1;
const CHARACTER: u64 = 2;
const CHILD: u64 = 3;
const SIGNUP: u64 = 4;
const SECOND: u64 = 5;

/// One record: a mother and one of her children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// `ED` and eight digits, sequential. Only records of a supply have one; of other people it means nothing.
    pub(crate) customer_no: String,
    pub(crate) name: Name,
    pub(crate) address: Address,
    pub(crate) email: String,
    /// The nine digits after `07`.
    pub(crate) mobile: u64,
    pub(crate) mother_dob: Date,
    pub(crate) child_dob: Date,
    pub(crate) signup_text: String,
}

impl Person {
    /// The phone number without its leading nought: `7123456789`.
    pub(crate) fn phone_digits(&self) -> String {
        format!("7{:09}", self.mobile)
    }
}

/// Everybody there is, under one seed.
#[derive(Debug)]
pub(crate) struct Population {
    seed: u64,
    names: Names,
    places: Places,
    mobiles: Permutation,
    suffixes: Permutation,
}

impl Population {
    /// The people of a seed.
    pub(crate) fn new(seed: u64) -> Population {
        Population {
            seed,
            names: Names::new(),
            places: Places::new(seed),
            mobiles: Permutation::new(seed ^ 0x07, MOST_PEOPLE),
            suffixes: Permutation::new(seed ^ 0x40, SUFFIX_BLOCK),
        }
    }

    /// Record `index` of a supply: usually person `index`, sometimes the second child of a mother whose record comes earlier.
    pub(crate) fn record(&self, index: u64) -> Person {
        let (mother, child_age) = self.second_child(index).unwrap_or_else(|| (index, self.first_child_age(index)));
        self.compose(index, mother, child_age)
    }

    /// Person `index`, with her first child.
    pub(crate) fn person(&self, index: u64) -> Person {
        self.compose(index, index, self.first_child_age(index))
    }

    /// The mother of record `index` and the age of its child in days, where it is the second of one mother.
    pub(crate) fn second_child(&self, index: u64) -> Option<(u64, u32)> {
        let (block, place) = (index - index % BLOCK, index % BLOCK);
        let nth = place.checked_sub(BLOCK - SECOND_CHILDREN)?;
        // Each of these records has its own stretch of mothers to choose from, so no mother is chosen twice.
        let stretch = (BLOCK - SECOND_CHILDREN) / SECOND_CHILDREN;
        let mut random = Random::of(self.seed, SECOND, index);
        let mother = block + nth * stretch + random.word() % stretch;
        let first = self.first_child_age(mother);
        let oldest = self.oldest_child(mother);
        if first >= BETWEEN_CHILDREN {
            Some((mother, random.below(first - BETWEEN_CHILDREN + 1)))
        } else if first + BETWEEN_CHILDREN < oldest {
            Some((mother, first + BETWEEN_CHILDREN + random.below(oldest - first - BETWEEN_CHILDREN)))
        } else {
            None
        }
    }

    /// The mother's age at the campaign in days: the sum of three even draws, which is bell-shaped and bounded.
    fn mother_age(&self, mother: u64) -> u32 {
        let mut random = Random::of(self.seed, CHARACTER, mother);
        MOTHER_FROM + random.below(MOTHER_SPAN / 3) + random.below(MOTHER_SPAN / 3) + random.below(MOTHER_SPAN / 3)
    }

    fn oldest_child(&self, mother: u64) -> u32 {
        OLDEST_CHILD.min(self.mother_age(mother) - YOUNGEST_MOTHER)
    }

    fn first_child_age(&self, mother: u64) -> u32 {
        Random::of(self.seed, CHILD, mother).below(self.oldest_child(mother))
    }

    /// The household of a mother: her own, or with one in fifty the one of somebody a little earlier.
    fn household(&self, mother: u64) -> u64 {
        let mut random = Random::of(self.seed, HOME, !mother);
        if random.permille(20) { mother.saturating_sub(1 + u64::from(random.below(60))) } else { mother }
    }

    fn compose(&self, record: u64, mother: u64, child_age: u32) -> Person {
        let mut home = Random::of(self.seed, HOME, self.household(mother));
        let unit = self.places.draw(&mut home);
        let address = self.places.address(unit, &mut home);
        let mut character = Random::of(self.seed, CHARACTER, !mother);
        let name = self.names.draw(self.places.nation(unit), &mut character);
        let email = self.email(mother, &name, &mut character);
        let number = self.mobiles.apply(mother % MOST_PEOPLE);
        #[allow(clippy::cast_possible_truncation)] // Below 8.
        let second_digit = MOBILE[(number / 100_000_000) as usize];
        Person {
            customer_no: format!("ED{:08}", CUSTOMER_BASE + 1 + record),
            address,
            email,
            mobile: second_digit * 100_000_000 + number % 100_000_000,
            mother_dob: days_before_campaign(self.mother_age(mother)),
            child_dob: days_before_campaign(child_age),
            signup_text: phrase::signup(&mut Random::of(self.seed, SIGNUP, record)),
            name,
        }
    }

    /// An address made of the name and a number of her own. The number stands last before `@` or `+`, after a letter, so that
    /// no two agree.
    fn email(&self, mother: u64, name: &Name, random: &mut Random) -> String {
        let (given, family) = (plain_letters(name.given), plain_letters(&name.family));
        let mut email = String::with_capacity(48);
        let initial = given.get(..1).unwrap_or("x");
        for part in match random.below(8) {
            0..3 => [&given, ".", &family],
            3 => [initial, "", &family],
            4 => [&given, "", &family],
            5 => [&given, "_", &family],
            6 => [&family, ".", &given],
            _ => [&given, "-", initial],
        } {
            email.push_str(part);
        }
        let suffix = mother - mother % SUFFIX_BLOCK + self.suffixes.apply(mother % SUFFIX_BLOCK);
        email.push_str(&suffix.to_string());
        if random.permille(15) {
            email.push_str("+baby");
        }
        email.push('@');
        email.push_str(random.pick(DOMAINS));
        email
    }
}

/// Numbers of e-mail addresses are shuffled in blocks of so many.
const SUFFIX_BLOCK: u64 = 10_000_000;

fn days_before_campaign(days: u32) -> Date {
    CAMPAIGN.saturating_sub(i64::from(days).days())
}

/// The letters of a name as people write them in an e-mail address: lower case, without accents and punctuation.
fn plain_letters(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = letter.to_ascii_lowercase();
        match letter {
            'a'..='z' => plain.push(letter),
            'á' | 'â' | 'ą' | 'Á' => plain.push('a'),
            'ć' => plain.push('c'),
            'é' | 'ë' | 'ę' | 'è' | 'ē' | 'ė' | 'É' => plain.push('e'),
            'í' => plain.push('i'),
            'ł' => plain.push('l'),
            'ń' | 'ņ' => plain.push('n'),
            'ó' => plain.push('o'),
            'ś' => plain.push('s'),
            'ú' => plain.push('u'),
            'ź' | 'ż' | 'Ż' => plain.push('z'),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::collections::HashSet;

    const SEED: u64 = 2017;
    const PEOPLE: u64 = 50_000;

    /// `A9 9AA` to `AA9A 9AA`, with the letters that the last part allows.
    fn is_postcode(text: &str) -> bool {
        let Some((outward, inward)) = text.split_once(' ') else { return false };
        let shape: String = outward
            .chars()
            .map(|c| match c {
                'A'..='Z' => 'A',
                '0'..='9' => '9',
                _ => '?',
            })
            .collect();
        let mut inward = inward.chars();
        ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"].contains(&shape.as_str())
            && inward.next().is_some_and(|digit| digit.is_ascii_digit())
            && inward.clone().count() == 2
            && inward.all(|letter| "ABDEFGHJLNPQRSTUWXYZ".contains(letter))
    }

    #[test]
    fn every_record_is_complete_and_well_formed() {
        let population = Population::new(SEED);
        for index in 0..20_000 {
            let person = population.record(index);
            assert_eq!(person, population.record(index));
            for field in [&person.name.family, &person.address.line_1, &person.email, &person.signup_text, &person.customer_no] {
                assert!(!field.trim().is_empty(), "{person:?}");
            }
            assert!(!person.name.given.is_empty() && !person.address.town.is_empty());
            assert!(is_postcode(&person.address.postcode), "{person:?}");
            assert!((100_000_000..1_000_000_000).contains(&person.mobile), "{person:?}");
            assert!(!person.signup_text.contains(|c: char| c.is_ascii_digit() || c == '@'), "{person:?}");
            let (_, domain) = person.email.split_once('@').unwrap();
            assert!(["example.com", "example.org", "example.net"].iter().any(|reserved| domain.ends_with(reserved)));
            assert!(person.email.is_ascii());
            let (from, to) = (date(1972, 4, 1), date(1999, 5, 2));
            assert!(person.mother_dob > from && person.mother_dob < to, "{person:?}");
            assert!(person.child_dob > date(2012, 4, 29) && person.child_dob <= CAMPAIGN, "{person:?}");
        }
    }

    #[test]
    fn contact_details_belong_to_one_mother() {
        let population = Population::new(SEED);
        let people: Vec<Person> = (0..20_000).map(|index| population.person(index)).collect();
        let emails: HashSet<&str> = people.iter().map(|person| person.email.as_str()).collect();
        let mobiles: HashSet<u64> = people.iter().map(|person| person.mobile).collect();
        assert_eq!((emails.len(), mobiles.len()), (people.len(), people.len()));
    }

    #[test]
    fn second_children_are_of_the_same_mother_and_another_day() {
        let population = Population::new(SEED);
        let mut mothers = HashSet::new();
        for index in 0..10 * BLOCK {
            let Some((mother, _)) = population.second_child(index) else { continue };
            assert!(mothers.insert(mother), "three children");
            assert!(mother < index && population.second_child(mother).is_none());
            let (first, second) = (population.record(mother), population.record(index));
            assert_eq!(
                (&first.name, &first.address, &first.email, first.mother_dob),
                (&second.name, &second.address, &second.email, second.mother_dob)
            );
            assert_ne!((first.child_dob, first.customer_no), (second.child_dob, second.customer_no));
        }
        assert!(mothers.len() as u64 > 10 * SECOND_CHILDREN * 9 / 10, "{}", mothers.len());
    }

    #[test]
    fn names_ages_and_homes_are_as_frequent_as_in_life() {
        let population = Population::new(SEED);
        let mut families: HashMap<String, u64> = HashMap::new();
        let mut givens: HashMap<&str, u64> = HashMap::new();
        let mut homes: HashMap<String, u64> = HashMap::new();
        let (mut thirties, mut teenagers) = (0, 0);
        for index in 0..PEOPLE {
            let person = population.person(index);
            *families.entry(person.name.family).or_default() += 1;
            *givens.entry(person.name.given).or_default() += 1;
            *homes
                .entry(format!("{} {} {}", person.address.line_1, person.address.line_2, person.address.postcode))
                .or_default() += 1;
            thirties += u64::from(person.mother_dob.year() <= 1987 && person.mother_dob.year() > 1977);
            teenagers += u64::from(person.mother_dob.year() >= 1998);
        }
        let smiths = families["Smith"];
        assert!((PEOPLE / 300..PEOPLE / 60).contains(&smiths), "{smiths}");
        assert_eq!(families.values().max(), families.get("Smith").max(families.get("Jones")));
        assert!(families.len() > 3000, "{}", families.len());
        assert!(givens.len() > 500 && givens["Sarah"] < PEOPLE / 30, "{} {}", givens.len(), givens["Sarah"]);
        assert!(families.keys().any(|name| name.contains('\'')) && families.keys().any(|name| name.contains('-')));
        let shared = homes.values().filter(|&&count| count > 1).count() as u64;
        assert!((PEOPLE / 100..PEOPLE / 30).contains(&shared), "{shared}");
        assert!(
            (PEOPLE * 2 / 5..PEOPLE * 4 / 5).contains(&thirties) && (1..PEOPLE / 20).contains(&teenagers),
            "{thirties} {teenagers}"
        );
    }
}
