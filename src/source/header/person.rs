//! Whether what stands where a name of a column should is the name of a person: attestations tell names of columns, and people never.
//!
//! Nobody knows a name by its letters. Two words with capitals are taken for one unless a word among them is one that columns are named by, so
//! that a column may go unnamed that could have been named, and a person is not told.

/// Words that names of columns are made of, and those of people hardly ever.
const WORDS: [&str; 184] = [
    "account",
    "action",
    "active",
    "activity",
    "actual",
    "address",
    "age",
    "allowance",
    "amount",
    "annual",
    "answer",
    "area",
    "asset",
    "assets",
    "attendance",
    "availability",
    "available",
    "average",
    "balance",
    "batch",
    "begin",
    "birth",
    "blood",
    "body",
    "booking",
    "branch",
    "brand",
    "budget",
    "building",
    "business",
    "call",
    "campaign",
    "capacity",
    "category",
    "channel",
    "charge",
    "city",
    "class",
    "client",
    "code",
    "color",
    "colour",
    "comment",
    "comments",
    "company",
    "contact",
    "contract",
    "cost",
    "costs",
    "count",
    "country",
    "county",
    "course",
    "credit",
    "currency",
    "current",
    "customer",
    "daily",
    "data",
    "date",
    "days",
    "debit",
    "delivery",
    "department",
    "description",
    "details",
    "device",
    "discount",
    "district",
    "document",
    "due",
    "duration",
    "email",
    "employee",
    "employer",
    "end",
    "ethnic",
    "event",
    "expectancy",
    "expected",
    "expense",
    "expenses",
    "expiry",
    "favorite",
    "favourite",
    "fee",
    "fees",
    "file",
    "final",
    "forecast",
    "frequency",
    "friday",
    "gender",
    "goods",
    "height",
    "hours",
    "income",
    "index",
    "industry",
    "insurance",
    "internal",
    "invoice",
    "item",
    "items",
    "job",
    "key",
    "kind",
    "language",
    "length",
    "level",
    "licence",
    "license",
    "list",
    "location",
    "maiden",
    "manager",
    "margin",
    "marital",
    "maximum",
    "membership",
    "message",
    "method",
    "minimum",
    "mobile",
    "monday",
    "monthly",
    "name",
    "names",
    "national",
    "net",
    "network",
    "notes",
    "number",
    "opening",
    "order",
    "orders",
    "payment",
    "percent",
    "period",
    "phone",
    "postal",
    "postcode",
    "previous",
    "priority",
    "product",
    "profit",
    "project",
    "purchase",
    "quality",
    "quantity",
    "quarter",
    "ratio",
    "reason",
    "reference",
    "region",
    "revenue",
    "saturday",
    "score",
    "section",
    "sector",
    "serial",
    "service",
    "size",
    "source",
    "state",
    "status",
    "sunday",
    "target",
    "tax",
    "team",
    "thursday",
    "time",
    "title",
    "total",
    "transaction",
    "tuesday",
    "type",
    "unit",
    "units",
    "value",
    "wednesday",
    "weight",
    "year",
    "zip",
];

/// What a word ends in that no family does.
const ENDS: [&str; 4] = ["tion", "tions", "sion", "sions"];

/// Words between the names of a person.
const PARTICLES: [&str; 12] = ["van", "von", "der", "den", "de", "da", "di", "dos", "la", "le", "bin", "al"];

/// More words than that are a phrase.
const MOST_WORDS: usize = 4;

/// Whether a text may be the name of a person, first and last, and is not known for that of a column.
pub(in crate::source) fn reads_as_person(text: &str, names_column: fn(&str) -> bool) -> bool {
    let words: Vec<&str> = text.split([' ', ',', '\t', '\n', '\r', '\u{a0}']).filter(|word| !word.is_empty()).collect();
    let (mut names, mut initials) = (0, 0);
    for word in &words {
        if is_initial(word) {
            initials += 1;
        } else if is_name(word) {
            names += 1;
        } else if !PARTICLES.contains(word) {
            return false;
        }
    }
    let is_person = words.len() <= MOST_WORDS && names > 0 && names + initials > 1;
    is_person && !words.iter().any(|word| is_columns(word)) && !names_column(text)
}

/// `M` or `M.`
fn is_initial(word: &str) -> bool {
    let mut letters = word.strip_suffix('.').unwrap_or(word).chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_none()
}

/// Whether a word is written as a name is: with a capital, perhaps all in capitals, and of letters alone.
fn is_name(word: &str) -> bool {
    let word = word.strip_suffix('.').unwrap_or(word);
    let is_joint = |letter: char| matches!(letter, '-' | '\'' | '’');
    let letters = word.chars().filter(|letter| letter.is_alphabetic()).count();
    word.starts_with(char::is_uppercase)
        && letters > 1
        && word.chars().all(|letter| letter.is_alphabetic() || is_joint(letter))
        // Two capitals are short for something.
        && (letters > 2 || word.chars().any(char::is_lowercase))
}

/// Whether columns are named by such a word.
fn is_columns(word: &str) -> bool {
    let word = word.to_lowercase();
    WORDS.binary_search(&word.as_str()).is_ok() || ENDS.iter().any(|end| word.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order() {
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn people_are_known_from_columns() {
        let names = |text: &str| text.contains("Birth") || text == "Town";
        for text in [
            "Mia Keamokin",
            "Mia Anne Keamokin",
            "KEAMOKIN, Mia",
            "M. Keamokin",
            "Mia O’Neamokin-Hill",
            "Zoë van der Berg",
            "Dr. Keamokin",
        ] {
            assert!(reads_as_person(text, names), "{text}");
        }
        for text in [
            "Mia",
            "mia keamokin",
            "Mia 2",
            "Date of Birth",
            "Place Birth",
            "Account Manager",
            "Total Sales",
            "Black Friday",
            "Net Migration",
            "UK VAT",
            "A B",
            "Mia Keamokin And All Others",
            "Mia@Keamokin X",
            "",
        ] {
            assert!(!reads_as_person(text, names), "{text}");
        }
    }
}
