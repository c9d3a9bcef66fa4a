//! Six hundred invented people of the United Kingdom: who was supplied, and who was not. The same ones each time, without a clock or chance.
//!
//! Some live together: two people with one family name, one address, one landline and one child. Of some households one person was supplied
//! and the other was not; those have no child together, since the child's day of birth is what only the supply had. Twins share a date of birth
//! too; of those both were supplied, or none.

use std::fmt::Write as _;

/// Who was supplied: the first ones.
pub(crate) const MEMBERS: usize = 400;

/// Who was not.
pub(crate) const OTHERS: usize = 200;

/// An invented person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// From 0; below [`MEMBERS`] a supplied one.
    pub(crate) index: usize,
    pub(crate) title: &'static str,
    pub(crate) given: String,
    /// Empty where there is none.
    pub(crate) middle: &'static str,
    pub(crate) family: String,
    pub(crate) home: Home,
    pub(crate) born: Date,
    pub(crate) child_born: Date,
    /// Empty where there is none.
    pub(crate) email: String,
    pub(crate) mobile: String,
    pub(crate) customer: String,
}

/// Where a household lives.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// `Flat 2`, or empty.
    pub(crate) flat: String,
    /// `Rose Cottage`, or empty.
    pub(crate) house: &'static str,
    /// `12A`; empty where the house has but a name.
    pub(crate) number: String,
    pub(crate) street: String,
    pub(crate) town: &'static str,
    pub(crate) county: &'static str,
    pub(crate) outward: String,
    pub(crate) inward: String,
    /// Eleven digits; empty where there is none.
    pub(crate) landline: String,
}

impl Home {
    /// `12A High Street`, or the street alone.
    pub(crate) fn number_street(&self) -> String {
        format!("{} {}", self.number, self.street).trim().to_owned()
    }

    /// Flat or house, and number and street: each in a line of its own.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = [self.flat.clone(), self.house.to_owned(), self.number_street()];
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }

    pub(crate) fn postcode(&self) -> String {
        format!("{} {}", self.outward, self.inward)
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

impl Date {
    /// `1985-03-12`
    pub(crate) fn iso(self) -> String {
        format!("{}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `12/03/1985`
    pub(crate) fn dmy(self) -> String {
        format!("{:02}/{:02}/{}", self.day, self.month, self.year)
    }

    /// `March`
    pub(crate) fn month_name(self) -> &'static str {
        MONTHS[usize::try_from(self.month - 1).expect("a month")]
    }

    /// Days since 1970-01-01 (Hinnant, `days_from_civil`).
    pub(crate) fn since_1970(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }
}

/// Repeatable draws (`SplitMix64`).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn of(seed: usize) -> Draws {
        Draws(seed as u64 ^ 0x5eed_5eed_5eed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("a small number")
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of the words of a text.
    fn word(&mut self, words: &'static str) -> &'static str {
        self.pick(&words.split(' ').collect::<Vec<_>>())
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// An order of so many things.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// Given names of women and of men.
const GIVEN: [&str; 2] = [
    "Alice Amelia Anna Anne-Marie Beatrice Bethan Bronwen Charlotte Chloë Deborah Eleanor Emily Fatima Fiona Florence Grace \
    Hannah Harriet Isobel Jacqueline Joanna Katherine Laura Lucy Margaret Naomi Olivia Penelope Priya Rachel Renée \
    Rosalind Samantha Siân Stephanie Tamsin Victoria Wendy Yasmin Zoë",
    "Adam Alistair Andrew Benjamin Callum Christopher Daniel David Dylan Edward Fergus François Gareth George Hamish Henry \
    Imran Jack James José Joshua Kenneth Lewis Łukasz Marcus Matthew Nicholas Oliver Patrick Peter Rajesh Rhodri Robert \
    Samuel Seán Thomas Vincent Walter William Zachary",
];

const FAMILY: &str = "Abbott Ahmed Allen Armstrong Ashworth Atkinson Baker Barrett Begum Bennett Blackwood Bradshaw Briggs Brown Butterworth \
    Campbell Carter Chapman Clarke Coleman Cooper Cunningham Dawson D'Arcy Davies Dixon Drummond Edwards Ellis Evans \
    Fairclough Farquharson Fletcher Forsyth Gallagher García Gibson Goodwin Greenhalgh Griffiths Hargreaves Harrison \
    Higginbottom Holloway Hughes Jackson Johnson Jones Kaur Kavanagh Kennedy Khan Kowalczyk Lancaster Lawson Lloyd \
    MacDonald Mackenzie Marshall McAllister McCormack McDonald McIntyre Mitchell Montgomery Morgan Müller Murphy Naylor \
    Nuñez O'Brien O'Connor O'Neill Okafor Osborne Ó'Súilleabháin Parker Patel Pemberton Pritchard Quinn Ramsbottom \
    Robertson Rowlands Sanderson Shah Sinclair Smith Stewart Sørensen Taylor Thompson Thwaite Underwood Vaughan Walker \
    Whitehead Wilkinson Wójcik Young";

const MIDDLE: &str = "Alexander Beth Catherine Elizabeth Frances Hugh Ivor Jane Leigh Louise Owen Rhys Rose Stuart";

const STREETS: &str = "Abbey Albert Beech Bridge Canal Castle Chapel Church Dale Elm Factory Garden Grange Green Hawthorn High King's Lime \
    London Manor Mill Nelson Orchard Park Queen's Station Tower Victoria Wellington York";

const STREET_ENDS: [&str; 9] = ["Street", "Street", "Road", "Road", "Avenue", "Lane", "Close", "Drive", "Terrace"];

const HOUSES: [&str; 8] =
    ["Rose Cottage", "The Old Rectory", "Ivy House", "Hillside", "Holly Lodge", "Fernleigh", "The Willows", "Brook Farm"];

/// Town, county, districts.
const TOWNS: [(&str, &str, &[&str]); 30] = [
    ("Aberdeen", "Aberdeenshire", &["AB10", "AB11", "AB24"]),
    ("Bath", "Somerset", &["BA1", "BA2"]),
    ("Birmingham", "West Midlands", &["B13", "B17", "B29"]),
    ("Bolton", "Greater Manchester", &["BL1", "BL3"]),
    ("Brighton", "East Sussex", &["BN1", "BN2"]),
    ("Bristol", "Avon", &["BS3", "BS6", "BS16"]),
    ("Cambridge", "Cambridgeshire", &["CB1", "CB4"]),
    ("Cardiff", "South Glamorgan", &["CF10", "CF14"]),
    ("Chester", "Cheshire", &["CH1", "CH3"]),
    ("Coventry", "West Midlands", &["CV1", "CV6"]),
    ("Derby", "Derbyshire", &["DE1", "DE22"]),
    ("Dundee", "Angus", &["DD1", "DD4"]),
    ("Edinburgh", "Midlothian", &["EH3", "EH10", "EH16"]),
    ("Exeter", "Devon", &["EX1", "EX4"]),
    ("Glasgow", "Lanarkshire", &["G11", "G41", "G69"]),
    ("Huddersfield", "West Yorkshire", &["HD1", "HD3"]),
    ("Ipswich", "Suffolk", &["IP1", "IP4"]),
    ("Leeds", "West Yorkshire", &["LS6", "LS8", "LS17"]),
    ("Leicester", "Leicestershire", &["LE2", "LE5"]),
    ("Liverpool", "Merseyside", &["L8", "L15", "L18"]),
    ("London", "Greater London", &["N1", "SE15", "SW1A", "W1T", "E17", "EC1V"]),
    ("Manchester", "Greater Manchester", &["M14", "M20", "M21"]),
    ("Newcastle upon Tyne", "Tyne and Wear", &["NE2", "NE6"]),
    ("Norwich", "Norfolk", &["NR2", "NR5"]),
    ("Nottingham", "Nottinghamshire", &["NG3", "NG7"]),
    ("Oxford", "Oxfordshire", &["OX1", "OX4"]),
    ("Plymouth", "Devon", &["PL3", "PL4"]),
    ("Sheffield", "South Yorkshire", &["S6", "S10", "S11"]),
    ("Swansea", "West Glamorgan", &["SA1", "SA2"]),
    ("York", "North Yorkshire", &["YO10", "YO24"]),
];

/// Exchanges of which numbers are kept for invented people, without their last four digits.
const EXCHANGES: [&str; 6] = ["0113496", "0114496", "0121496", "0131496", "0151496", "0161496"];

/// Everybody, the supplied ones first.
pub(crate) fn everybody() -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for index in 0..MEMBERS + OTHERS {
        let mut draws = Draws::of(index);
        // Of those who live with somebody the second one follows from the first.
        let with = match index {
            400..430 => Some(index - 400),
            300..400 | 540..600 if index % 2 == 1 => Some(index - 1),
            _ => None,
        };
        let is_twin = matches!(index, 395 | 397 | 399 | 595 | 597 | 599);
        let mut person = stranger(index, &mut draws);
        if let Some(with) = with.map(|with| people[with].clone()) {
            person.family.clone_from(&with.family);
            person.home.clone_from(&with.home);
            if index < MEMBERS || with.index >= MEMBERS {
                person.child_born = with.child_born;
            }
            if is_twin {
                person.born = with.born;
            }
            if person.given == with.given {
                // Nobody shares a name with whom they live with.
                "Morwenna".clone_into(&mut person.given);
            }
            if !person.email.is_empty() {
                person.email = mail_address(&person, &mut draws);
            }
        }
        people.push(person);
    }
    people
}

fn stranger(index: usize, draws: &mut Draws) -> Person {
    let sex = draws.below(2);
    let given = draws.word(GIVEN[sex]).to_owned();
    let mut family = draws.word(FAMILY).to_owned();
    if draws.percent(6) {
        write!(family, "-{}", draws.pick(&["Hart", "Lowe", "Moss", "Pryce", "Webb"])).expect("a string takes all");
    }
    let middle = if draws.percent(40) { draws.word(MIDDLE) } else { "" };
    let title = if draws.percent(6) { "Dr" } else { draws.pick([&["Mrs", "Ms", "Miss"][..], &["Mr"]][sex]) };
    let born = Date { year: 1955 + draw(draws, 44), month: 1 + draw(draws, 12), day: 1 + draw(draws, 28) };
    let child_born = Date { year: 2012 + draw(draws, 5), month: 1 + draw(draws, 12), day: 1 + draw(draws, 28) };
    let home = home(index, draws);
    // 7 and 3 share no factor with the ranges, so that no two are equal.
    let mobile = format!("077009{:05}", (10_007 + index * 7_331) % 100_000);
    let customer = format!("KD{:06}", (104_729 + index * 7_919 * 3) % 1_000_000);
    let mut person =
        Person { index, title, given, middle, family, home, born, child_born, email: String::new(), mobile, customer };
    if !draws.percent(8) {
        person.email = mail_address(&person, draws);
    }
    person
}

fn draw(draws: &mut Draws, bound: usize) -> i64 {
    i64::try_from(draws.below(bound)).expect("a small number")
}

fn home(index: usize, draws: &mut Draws) -> Home {
    let (town, county, districts) = draws.pick(&TOWNS);
    let letter = |draws: &mut Draws| char::from(draws.pick(b"ABDEFGHJLNPQRSTUWXYZ"));
    let inward = format!("{}{}{}", draws.below(10), letter(draws), letter(draws));
    let street = format!("{} {}", draws.word(STREETS), draws.pick(&STREET_ENDS));
    let sort = draws.below(100);
    let mut number = (1 + draws.below(180)).to_string();
    if (8..14).contains(&sort) {
        number.push(char::from(draws.pick(b"ABC")));
    }
    let house = if sort < 8 { draws.pick(&HOUSES) } else { "" };
    if sort < 4 {
        number.clear();
    }
    let flat = if sort >= 88 { format!("Flat {}", 1 + draws.below(12)) } else { String::new() };
    let landline = if draws.percent(70) {
        format!("{}{:04}", EXCHANGES[index % EXCHANGES.len()], (index * 37 + 11) % 1_000)
    } else {
        String::new()
    };
    Home { flat, house, number, street, town, county, outward: draws.pick(districts).to_owned(), inward, landline }
}

fn mail_address(person: &Person, draws: &mut Draws) -> String {
    let word = |name: &str| {
        let folded = strip_marks(name).to_lowercase();
        folded.chars().filter(char::is_ascii_alphanumeric).collect::<String>()
    };
    let (given, family, number) = (word(&person.given), word(&person.family), 100 + person.index);
    match draws.below(5) {
        0 => format!("{given}.{family}{number}@gmail.com"),
        1 => format!("{given}{number}@post.example"),
        2 => format!("{family}_{given}{number}@mail.example.org"),
        3 => format!("{}.{family}{number}@example.net", &given[..1]),
        _ => format!("{given}.{family}{number}@example.com"),
    }
}

/// Letters without what stands over, under or in them.
pub(crate) fn strip_marks(text: &str) -> String {
    const PLAIN: [(&str, &str); 20] = [
        ("ë", "e"),
        ("é", "e"),
        ("è", "e"),
        ("â", "a"),
        ("á", "a"),
        ("ç", "c"),
        ("í", "i"),
        ("ñ", "n"),
        ("ó", "o"),
        ("ö", "o"),
        ("ø", "o"),
        ("ú", "u"),
        ("ü", "u"),
        ("ł", "l"),
        ("Ó", "O"),
        ("Ł", "L"),
        ("Ö", "O"),
        ("Ü", "U"),
        ("Ø", "O"),
        ("É", "E"),
    ];
    PLAIN.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
