//! Where people live: postcodes in the UK's grammar, each with its town, its street and its row of houses.
//!
//! Areas, post towns and districts are close to the real ones; sectors, units and streets are invented, and their number comes
//! out at about 1.7 million units. A unit is about fifteen neighbouring addresses of one street, two units in a row share the
//! street.

use crate::demo::area::AREAS;
use crate::demo::area::LONDON_LETTERS;
use crate::demo::area::Nation;
use crate::demo::random::Random;
use crate::demo::random::Weighted;
use crate::demo::random::mix;

/// The letters of the last part of a postcode: all but C, I, K, M, O and V.
const UNIT_LETTERS: &[u8; 20] = b"ABDEFGHJLNPQRSTUWXYZ";

/// First parts of street names, the most frequent first.
const STREET_WORDS: &str = "High Station Church Park Victoria Green Manor Kings Queens Mill School London York Windsor Grange
    Springfield George Albert Alexandra North South West East New Main Broad Chapel Grove Highfield Stanley Richmond Oak Elm Ash
    Beech Cedar Birch Chestnut Hazel Holly Maple Willow Hawthorn Lime Poplar Rowan Sycamore Walnut Laurel Orchard Meadow Field
    Hill Bridge River Brook Spring Lake Wood Forest Heath Moor Common Warren Lodge Hall Castle Abbey Priory Rectory Vicarage
    Cathedral Market Mount Cross Crown Bell Swan Rose Lily Primrose Bluebell Ivy Fern Heather Clover Poppy Daisy Lavender
    Wellington Nelson Trafalgar Waterloo Churchill Gladstone Salisbury Balfour Cromwell Marlborough Churchfield Westfield
    Eastfield Northfield Southfield Fairfield Greenfield Whitefield Bradfield Woodland Woodside Hillside Lakeside Riverside
    Brookside Parkside Westbourne Eastbourne Cambridge Oxford Durham Lincoln Exeter Bristol Derby Norfolk Suffolk Essex Sussex
    Kent Surrey Devonshire Cornwall Dorset Somerset Gloucester Worcester Hereford Warwick Stafford Shrewsbury Chester Lancaster
    Carlisle Northumberland Clarence Cavendish Devon Bedford Russell Grosvenor Belgrave Portland Arundel Beaufort Clifton
    Claremont Clarendon Cliff Coronation Jubilee Regent Princes Princess Duke Earl Baron Knight Bishop Abbots Monks Friars Canon
    Deans Nuns Pilgrims Saxon Roman Norman Viking Tudor Stuart Edward Henry William James John Charles Arthur Alfred Harold
    Frederick Herbert Ernest Percy Sidney Walter Thomas Mary Anne Elizabeth Charlotte Caroline Margaret Beatrice Florence Edith
    Ethel Mabel Olive Ruby Pearl Amber Emerald Garnet Kingfisher Heron Mallard Curlew Lapwing Plover Skylark Nightingale Robin
    Wren Swallow Falcon Kestrel Eagle Osprey Raven Jackdaw Magpie Fox Badger Otter Squirrel Hare Deer Stag Fallow Roe Bramble
    Blackthorn Juniper Yew Larch Pine Spruce Alder Aspen Hornbeam Cherry Apple Pear Plum Damson Quince Medlar Mulberry Almond
    Barley Wheat Harvest Farm Barn Dairy Granary Windmill Watermill Quarry Colliery Foundry Forge Weavers Spinners Tanners
    Potters Coopers Fletcher Mason Baker Butcher Fisher Harbour Quay Dock Wharf Canal Lock Beacon Cliffe Coast Bay Sands Dunes
    Marsh Fen Broadway Byron Shelley Keats Wordsworth Tennyson Milton Shakespeare Chaucer Dickens Hardy Austen Bronte Kipling
    Ruskin Darwin Newton Faraday Brunel Stephenson Telford Watt Arkwright Livingstone Scott Drake Raleigh Hawkins Frobisher Cook
    Blake Rodney Hood Howe Jellicoe Beatty Kitchener Baden Mafeking Ladysmith Kimberley Pretoria Inkerman Alma Balaclava
    Sebastopol Raglan Cardigan Blenheim Ramillies Malplaquet Corunna Salamanca Vittoria Talavera Wembley Epsom Ascot Aintree
    Goodwood Sandown Kempton Newmarket Lords Oval Wimbledon Henley Cowes Ambleside Windermere Coniston Grasmere Ullswater
    Derwent Borrowdale Langdale Kendal Keswick Buttermere Thirlmere Ennerdale Wasdale Helvellyn Skiddaw Snowdon Pendle Kinder
    Malvern Cotswold Chiltern Mendip Quantock Exmoor Dartmoor Pennine Cheviot Lammermuir Ochil Trossachs Lomond Katrine Affric
    Glencoe Rannoch Argyll Atholl Moray Dunbar Lothian Melrose Jedburgh Kelso Selkirk Roslin Linden Lynwood Maplewood Oakfield
    Oakwood Ashfield Ashgrove Elmfield Elmwood Thornfield Thornhill Beechwood Birchwood Hazelwood Hollybush Briar Bracken Gorse
    Sorrel Tansy Teasel Thistle Vetch Yarrow";

/// Last parts of street names, the most frequent first.
const STREET_TYPES: &str = "Road Street Close Avenue Lane Drive Way Gardens Court Grove Crescent Place Terrace Walk View Rise
    Mews Row Hill Park";

const VILLAGES: &[(&str, &str)] = &[
    ("Upper", ""),
    ("Lower", ""),
    ("Great", ""),
    ("Little", ""),
    ("", " Green"),
    ("", " End"),
    ("", " Park"),
    ("West", ""),
    ("East", ""),
    ("", " St Mary"),
    ("", ""),
    ("", " Heath"),
];

const VILLAGE_NAMES: &[&str] = &[
    "Ashby", "Barton", "Burton", "Carlton", "Compton", "Denby", "Drayton", "Eaton", "Fenwick", "Hatton", "Hinton", "Horton",
    "Kirkby", "Langton", "Marston", "Milton", "Morton", "Newton", "Norton", "Preston", "Shipton", "Stanton", "Stoke", "Sutton",
    "Thornton", "Upton", "Walton", "Weston", "Whitton", "Wootton",
];

const HOUSE_FIRST: &[&str] = &[
    "Rose",
    "Ivy",
    "Holly",
    "Orchard",
    "Oak",
    "Willow",
    "Primrose",
    "Honeysuckle",
    "Bramble",
    "Church",
    "Mill",
    "Forge",
    "Old",
    "Spring",
    "Hill",
    "Meadow",
    "Brook",
    "Lilac",
    "Jasmine",
    "Wisteria",
    "Yew Tree",
    "Corner",
    "Swallow",
    "Beech",
];

const HOUSE_LAST: &[&str] = &["Cottage", "House", "Farm", "Lodge", "View", "Bank", "Barn", "Villa"];

/// An address. The second line is a village, the street of a flat or of a named house, or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) line_1: String,
    pub(crate) line_2: String,
    pub(crate) town: &'static str,
    /// With its space: `LS6 2AB`.
    pub(crate) postcode: String,
}

impl Address {
    /// The lines that are not empty and the town, in one.
    pub(crate) fn lines(&self, between: &str) -> String {
        let second = if self.line_2.is_empty() { "" } else { between };
        [&self.line_1, second, &self.line_2, between, self.town].concat()
    }
}

/// One postal district.
#[derive(Debug)]
struct District {
    outward: String,
    town: &'static str,
    nation: Nation,
    /// Sectors are numbered from 1 (the tenth is 0).
    sectors: u32,
    /// Units in each sector.
    units: u32,
}

/// One of the units, before a house in it is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    district: usize,
    sector: u32,
    number: u32,
}

/// The kingdom's postal districts and streets.
#[derive(Debug)]
pub(crate) struct Places {
    seed: u64,
    districts: Vec<District>,
    weights: Weighted,
    street_words: Vec<&'static str>,
    street_types: Vec<&'static str>,
    street_word_weights: Weighted,
    street_type_weights: Weighted,
}

/// Domains of [`Random::of`] in this file.
const DISTRICT: u64 = 0x10;
const STREET: u64 = 0x11;
const UNIT: u64 = 0x12;
const SECTOR: u64 = 0x13;

impl Places {
    /// Lays out the districts under a seed.
    pub(crate) fn new(seed: u64) -> Places {
        let mut districts = Vec::new();
        for (area, nation, towns) in AREAS {
            let letters = LONDON_LETTERS.iter().find(|(name, _)| name == area).map_or("", |(_, letters)| letters);
            for &(town, first, last) in *towns {
                for number in first..=last {
                    let names = if letters.is_empty() {
                        vec![format!("{area}{number}")]
                    } else {
                        letters.chars().map(|letter| format!("{area}{number}{letter}")).collect()
                    };
                    for outward in names {
                        let mut random = Random::of(seed, DISTRICT, districts.len() as u64);
                        let (sectors, units) = (2 + random.below(8), 70 + random.below(120));
                        districts.push(District { outward, town, nation: *nation, sectors, units });
                    }
                }
            }
        }
        // Some districts are younger than others: between half and one and a half times the usual share of mothers.
        let weights = Weighted::new(districts.iter().enumerate().map(|(index, district)| {
            let share = 50 + Random::of(seed, DISTRICT, !(index as u64)).below(101);
            district.sectors * district.units * share
        }));
        let street_words: Vec<&'static str> = STREET_WORDS.split_whitespace().collect();
        let street_types: Vec<&'static str> = STREET_TYPES.split_whitespace().collect();
        let (street_word_weights, street_type_weights) =
            (Weighted::zipf(street_words.len(), 25), Weighted::zipf(street_types.len(), 2));
        Places { seed, districts, weights, street_words, street_types, street_word_weights, street_type_weights }
    }

    /// How many units there are.
    #[cfg(test)]
    pub(crate) fn units(&self) -> u32 {
        self.districts.iter().map(|district| district.sectors * district.units).sum()
    }

    /// Draws a unit.
    pub(crate) fn draw(&self, random: &mut Random) -> Unit {
        let district = self.weights.draw(random);
        let District { sectors, units, .. } = self.districts[district];
        Unit { district, sector: random.below(sectors), number: random.below(units) }
    }

    /// The nation in which a unit lies.
    pub(crate) fn nation(&self, unit: Unit) -> Nation {
        self.districts[unit.district].nation
    }

    /// Draws one of the addresses of a unit.
    pub(crate) fn address(&self, place: Unit, random: &mut Random) -> Address {
        let district = &self.districts[place.district];
        let sector_id = mix(place.district as u64) ^ u64::from(place.sector);
        let mut of_sector = Random::of(self.seed, SECTOR, sector_id);
        // Two units in a row are two ends of one street.
        let mut of_street = Random::of(self.seed, STREET, mix(sector_id) ^ u64::from(place.number / 2));
        let mut of_unit = Random::of(self.seed, UNIT, mix(sector_id) ^ u64::from(place.number));

        let word = self.street_words[self.street_word_weights.draw(&mut of_street)];
        let kind = self.street_types[self.street_type_weights.draw(&mut of_street)];
        let street = [word, " ", kind].concat();
        let first_number = 1 + (place.number % 2) * (20 + of_street.below(60));
        let step = 1 + of_street.below(2);
        let houses = 8 + of_unit.below(16);
        let house = random.below(houses);

        let mut village = String::new();
        if of_sector.permille(180) {
            let (before, after) = of_sector.pick(VILLAGES);
            let space = if before.is_empty() { "" } else { " " };
            village = [before, space, of_sector.pick(VILLAGE_NAMES), after].concat();
        }
        let (line_1, line_2) = match of_unit.below(100) {
            0..4 => {
                let first = HOUSE_FIRST[(house as usize + of_unit.below(24) as usize) % HOUSE_FIRST.len()];
                ([first, " ", of_unit.pick(HOUSE_LAST)].concat(), street)
            }
            4..11 => (format!("Flat {}", house + 1), format!("{first_number} {street}")),
            _ => (format!("{} {street}", first_number + house * step), village),
        };
        // The letters of a sector's units lie scattered: 7 has no factor in common with 400.
        let code = (place.number * 7 + of_sector.below(400)) % 400;
        let letters = [code / 20, code % 20].map(|index| char::from(UNIT_LETTERS[index as usize]));
        let postcode = format!("{} {}{}{}", district.outward, (place.sector + 1) % 10, letters[0], letters[1]);
        Address { line_1, line_2, town: district.town, postcode }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::collections::HashSet;

    #[test]
    fn there_are_as_many_units_as_in_the_kingdom() {
        let places = Places::new(1);
        assert!((1_600_000..1_800_000).contains(&places.units()), "{}", places.units());
        let outward: HashSet<&str> = places.districts.iter().map(|district| district.outward.as_str()).collect();
        assert_eq!(outward.len(), places.districts.len(), "a district is listed twice");
    }

    #[test]
    fn the_units_of_a_sector_have_distinct_postcodes() {
        let places = Places::new(1);
        let units = places.districts[3].units;
        let postcodes: HashSet<String> = (0..units)
            .map(|unit| places.address(Unit { district: 3, sector: 0, number: unit }, &mut Random::of(1, 2, 3)).postcode)
            .collect();
        assert_eq!(postcodes.len(), units as usize);
    }

    #[test]
    fn a_postcode_is_one_street_of_one_town() {
        let places = Places::new(1);
        let mut streets: HashMap<String, (String, &str)> = HashMap::new();
        for index in 0..20_000 {
            let mut random = Random::of(9, 9, index);
            let unit = Unit { district: 70, sector: 1, number: random.below(70) };
            let address = places.address(unit, &mut random);
            let street = [&address.line_1, &address.line_2]
                .iter()
                .find_map(|line| {
                    line.split_once(|c: char| c.is_ascii_digit())
                        .map(|(_, rest)| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
                })
                .unwrap_or(&address.line_2)
                .to_owned();
            if address.line_1.starts_with("Flat") || address.line_1.chars().all(|c| !c.is_ascii_digit()) {
                continue;
            }
            let known = streets.entry(address.postcode).or_insert((street.clone(), address.town));
            assert_eq!(*known, (street, address.town));
        }
        assert!(streets.len() > 60);
    }
}
