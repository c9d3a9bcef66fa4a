//! The free text of a sign-up: a sentence or two that a parent might type, with nothing in it that tells who wrote it.

use crate::demo::random::Random;

const OPENINGS: &[&str] = &[
    "Expecting my first",
    "Expecting again",
    "Second time round",
    "New mum here",
    "Third trimester now",
    "First baby and a bit nervous",
    "Twins on the way",
    "Back at work soon",
    "Just moved to a bigger home",
    "Our little one has just started crawling",
    "Baby is finally sleeping through",
    "Nearly at the end of maternity leave",
    "A friend from antenatal class told me about you",
    "My midwife gave me the folder",
    "Saw the leaflet in the bounty pack",
    "Due any day",
    "Still feeling sick most mornings",
    "Teething has begun",
    "Toddler at home and another on the way",
    "Trying to be organised this time",
    "My sister recommended the diary",
    "Found you through the app",
    "Weaning is not going well",
    "We are on a tight budget",
    "Single parent and doing fine",
];

const WISHES: &[&str] = &[
    "looking for tips on sleep",
    "would love vouchers for nappies",
    "please send the week by week guide",
    "interested in pushchair offers",
    "hoping for advice on breastfeeding",
    "looking for a good car seat",
    "would like to hear about baby groups nearby",
    "keen on free samples",
    "wondering what to pack for hospital",
    "looking for nursery furniture",
    "want to know about childcare costs",
    "please no more than one message a month",
    "would enjoy recipes for weaning",
    "hoping to win the hamper",
    "after reusable nappies",
    "saving up for a cot",
    "need ideas for rainy days",
    "would like to compare baby monitors",
    "interested in life cover for parents",
    "curious about hypnobirthing",
    "looking for maternity jeans that fit",
    "want reminders for the jabs",
    "happy to test products",
    "hoping to meet other mums",
];

const ENDINGS: &[&str] = &[
    "",
    "",
    "",
    "Thank you!",
    "Thanks so much.",
    "Love the diary.",
    "Post is better than email for me.",
    "Evenings suit me best.",
    "The gift pack was lovely.",
    "Please keep it free.",
    "My partner reads it too.",
    "Fingers crossed.",
    "Any help welcome.",
    "The last newsletter was very useful.",
];

/// Writes one sign-up text.
pub(crate) fn signup(random: &mut Random) -> String {
    let joint = random.pick(&[", ", " - ", "; ", " and "]);
    let (opening, wish, ending) = (random.pick(OPENINGS), random.pick(WISHES), random.pick(ENDINGS));
    let stop = if ending.is_empty() { "." } else { ". " };
    [opening, joint, wish, stop, ending].concat()
}
