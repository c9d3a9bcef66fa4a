//! Values after a pattern: identifiers, telephone numbers, days and house numbers that look like those of the data and are nobody's.

use crate::record::normalize::date;
use crate::record::normalize::date::Date;
use crate::record::normalize::date::DateOrder;
use crate::supply::seed::pool::Numbers;
use crate::supply::seed::pool::ending;
use crate::supply::seed::random::Random;

/// Days by which a date of birth is moved at the most.
const MOST_DAYS: u64 = 20;

/// Numbers that Ofcom reserves for drama, without the last three digits: of mobile telephones, and of no area.
const RESERVED: [&str; 2] = ["7700900", "1632960"];

/// A value of the same shape: other digits for digits and other letters for letters, but where the character is a constant.
pub(super) fn shaped(like: &str, constants: &[bool], random: &mut Random) -> String {
    let mut last = None;
    let mut out = String::with_capacity(like.len());
    for (character, is_constant) in like.chars().zip(constants) {
        let is_first = last.is_none_or(|last: char| !last.is_ascii_digit());
        last = Some(character);
        out.push(match character {
            _ if *is_constant => character,
            '0'..='9' => random.digit(is_first && character != '0'),
            'a'..='z' => letter(b'a', random),
            'A'..='Z' => letter(b'A', random),
            other => other,
        });
    }
    out
}

fn letter(first: u8, random: &mut Random) -> char {
    char::from(first + u8::try_from(random.below(26)).unwrap_or(0))
}

/// A number beyond all others of a column that counts on, after the same beginning.
pub(super) fn beyond(like: &str, numbers: Numbers, room: u64, random: &mut Random) -> String {
    let (start, digits) = ending(like);
    let number = numbers.most.saturating_add(1 + random.below(room.max(8)));
    format!("{start}{number:0width$}", width = digits.len())
}

/// A telephone number that nobody has, as the other is written; `None` where that is not a British one.
pub(super) fn reserved_phone(like: &str, random: &mut Random) -> Option<String> {
    let digits: String = like.chars().filter(char::is_ascii_digit).collect();
    let national = digits.trim_start_matches("00").strip_prefix("44").unwrap_or(&digits).trim_start_matches('0');
    if national.len() != 10 {
        return None;
    }
    let start = RESERVED[usize::from(!national.starts_with('7'))];
    let number = format!("{start}{}{}{}", random.digit(false), random.digit(false), random.digit(false));
    let prefix = &digits[..digits.len() - national.len()];
    let mut new = prefix.chars().chain(number.chars());
    like.chars().map(|character| if character.is_ascii_digit() { new.next() } else { Some(character) }).collect()
}

/// A number under a country code that no country has: it is in no telephone book, and counts like any other.
pub(super) fn nobodys_phone(random: &mut Random) -> String {
    let mut number = "+999".to_owned();
    number.extend((0..12).map(|place| random.digit(place == 0)));
    number
}

/// A day near another one, written as it is; `None` where its writing is beyond this program, or has no day nearby. `is_padded`: the days of the
/// column have zeros before their numbers, as `03/04/1990` has and `3/4/1990` has not.
pub(super) fn moved(cell: &str, order: Option<DateOrder>, is_padded: bool, random: &mut Random) -> Option<String> {
    let days = 1 + i64::try_from(random.below(MOST_DAYS)).unwrap_or(0);
    let days = if random.below(2) == 0 { days } else { -days };
    let read = |cell: &str| {
        let mut found = None;
        date::parse(cell, order, &mut |date| found = found.or(Some(date)));
        found
    };
    let date = read(cell)?;
    let day = jiff::civil::date(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    let day = day.checked_add(jiff::Span::new().days(days)).ok()?;
    let wanted = Date::new(i64::from(day.year()), i64::from(day.month()), i64::from(day.day()))?;
    let groups = digit_groups(cell);
    WRITINGS.into_iter().find_map(|writing| {
        // The way in which the old day was written is one in which it comes out as it stands there.
        let (old, rest) = written(cell, &groups, writing, is_padded, date)?;
        if old != cell[..cell.len() - rest.len()] {
            return None;
        }
        let new = written(cell, &groups, writing, is_padded, wanted)?.0 + &at_another_time(rest, random);
        (read(&new) == Some(wanted)).then_some(new)
    })
}

/// A part of a date.
#[derive(Clone, Copy)]
enum Part {
    Year,
    Month,
    Day,
}

/// The orders in which the parts of a date are written.
const WRITINGS: [[Part; 3]; 3] =
    [[Part::Year, Part::Month, Part::Day], [Part::Day, Part::Month, Part::Year], [Part::Month, Part::Day, Part::Year]];

/// A day in the writing of a cell, and what stands in the cell behind it; `None` where the cell has too few digits.
fn written<'a>(
    cell: &'a str,
    groups: &[(usize, usize)],
    writing: [Part; 3],
    is_padded: bool,
    date: Date,
) -> Option<(String, &'a str)> {
    let number = |part: Part, width: usize| match part {
        Part::Year if width == 2 => u32::from(date.year % 100),
        Part::Year => u32::from(date.year),
        Part::Month => u32::from(date.month),
        Part::Day => u32::from(date.day),
    };
    let (start, end) = *groups.first()?;
    if end - start == 8 {
        let mut out = cell[..start].to_owned();
        for part in writing {
            let width = if matches!(part, Part::Year) { 4 } else { 2 };
            out.push_str(&format!("{:0width$}", number(part, width)));
        }
        return Some((out, &cell[end..]));
    }
    let groups: &[(usize, usize); 3] = groups.first_chunk()?;
    let (mut out, mut from) = (String::with_capacity(cell.len()), 0);
    for ((start, end), part) in groups.iter().zip(writing) {
        out.push_str(&cell[from..*start]);
        let is_year = matches!(part, Part::Year);
        let width = if is_year && end - start > 2 { 4 } else { 2 };
        let number = number(part, end - start);
        out.push_str(&if is_padded || is_year { format!("{number:0width$}") } else { number.to_string() });
        from = *end;
    }
    Some((out, &cell[from..]))
}

/// The time of day behind a date, with other digits; midnight stays.
fn at_another_time(rest: &str, random: &mut Random) -> String {
    if !rest.contains(':') || rest.chars().all(|character| !character.is_ascii_digit() || character == '0') {
        return rest.to_owned();
    }
    let mut out = String::with_capacity(rest.len());
    let mut from = 0;
    for (at, (start, end)) in digit_groups(rest).into_iter().enumerate() {
        let most = match (at, end - start) {
            (0, 2) => 24,
            (1 | 2, 2) => 60,
            // Fractions of a second, and zones.
            _ => break,
        };
        out.push_str(&rest[from..start]);
        out.push_str(&format!("{:02}", random.below(most)));
        from = end;
    }
    out + &rest[from..]
}

/// Another house number in the place of the `which`-th number of a cell, not much larger; `None` where there is none.
pub(super) fn renumbered(cell: &str, which: usize, random: &mut Random) -> Option<String> {
    let (start, end) = digit_groups(cell).get(which).copied()?;
    let number: u64 = cell[start..end].parse().ok().filter(|number| *number < 100_000)?;
    Some(format!("{}{}{}", &cell[..start], 1 + random.below(number * 2 + 30), &cell[end..]))
}

/// Where the runs of ASCII digits are.
pub(super) fn digit_groups(cell: &str) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (at, _) in cell.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => groups.push((at, at + 1)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::normalize::Reading;
    use crate::record::normalize::phone;
    use crate::support::secret::Secret;
    use proptest::prelude::*;

    fn random(seed: u8) -> Random {
        Random::new(&Secret::new([seed; 32]))
    }

    #[test]
    fn days_move_and_keep_their_writing() {
        let cases = [
            ("17/02/1971", Some(DateOrder::Dmy), 10),
            ("02/17/1971", Some(DateOrder::Mdy), 10),
            ("1971-02-17", None, 10),
            ("17.02.71", Some(DateOrder::Dmy), 8),
            ("19710217", None, 8),
            ("1971-02-17 00:00:00", None, 19),
            ("2016-03-04T12:33:21", None, 19),
        ];
        for (cell, order, length) in cases {
            for seed in 0..20 {
                let new = moved(cell, order, true, &mut random(seed)).unwrap_or_else(|| panic!("{cell}"));
                assert_eq!(new.len(), length, "{cell} {new}");
                let mask = |cell: &str| cell.replace(|character: char| character.is_ascii_digit(), "9");
                assert_eq!(mask(&new), mask(cell));
                assert_ne!(new[..length.min(10)], cell[..length.min(10)], "{cell}");
                assert_eq!(new.ends_with(" 00:00:00"), cell.ends_with(" 00:00:00"));
            }
        }
        // A part stays in its place, whatever other place it could be read in.
        for (cell, order) in [
            ("6/11/1980", DateOrder::Dmy),
            ("6/11/1980", DateOrder::Mdy),
            ("06/06/1981", DateOrder::Mdy),
            ("31.12.01", DateOrder::Dmy),
        ] {
            for seed in 0..40 {
                let new = moved(cell, Some(order), cell.starts_with('0'), &mut random(seed)).unwrap_or_else(|| panic!("{cell}"));
                let [old, parts] = [cell, &new].map(|text| text.split(['/', '.']).map(str::len).collect::<Vec<_>>());
                assert!(parts.len() == 3 && parts[2] == old[2] && parts[0] <= 2 && parts[1] <= 2, "{cell} {new}");
            }
        }
        for cell in ["", "soon", "3 March 1971", "17"] {
            assert_eq!(moved(cell, None, true, &mut random(1)), None, "{cell}");
        }
    }

    #[test]
    fn telephones_keep_their_writing_and_belong_to_nobody() {
        for (cell, start) in [
            ("07911 123456", "07700 900"),
            ("+44 (0)7911 123 456", "+44 (0)7700 900 "),
            ("(0131) 496-1234", "(0163) 296-0"),
            ("00447911123456", "00447700900"),
            ("7911123456", "7700900"),
        ] {
            let new = reserved_phone(cell, &mut random(3)).unwrap();
            assert!(new.starts_with(start) && new.len() == cell.len(), "{cell} {new}");
            let mut out = String::new();
            phone::canonical(&new, &mut out);
            assert!(out.ends_with(
                &new.chars().filter(char::is_ascii_digit).collect::<String>()
                    [new.chars().filter(char::is_ascii_digit).count() - 10..]
            ));
        }
        assert_eq!(reserved_phone("+1 212 555 0100 22", &mut random(3)), None);
        assert_eq!(reserved_phone("none", &mut random(3)), None);
    }

    #[test]
    fn what_stands_in_for_a_telephone_is_read_as_one() {
        let different: std::collections::BTreeSet<String> = (0..50)
            .map(|seed| {
                let mut out = String::new();
                assert_eq!(phone::canonical(&nobodys_phone(&mut random(seed)), &mut out), Reading::Value);
                out
            })
            .collect();
        assert!(
            different.len() == 50 && different.iter().all(|number| number.contains("999") && number.len() >= 15),
            "{different:?}"
        );
    }

    #[test]
    fn house_numbers_change_alone() {
        let new = renumbered("Flat 3, 12 High Street", 1, &mut random(2)).unwrap();
        assert!(new.starts_with("Flat 3, ") && new.ends_with(" High Street"), "{new}");
        assert_eq!(renumbered("Rose Cottage", 0, &mut random(2)), None);
    }

    proptest! {
        #[test]
        fn shapes_are_kept(cell in "[A-Za-z0-9 /-]{0,20}", seed: u8) {
            let kind = |character: char| match character {
                '0'..='9' => '9',
                'a'..='z' => 'a',
                'A'..='Z' => 'A',
                other => other,
            };
            let free = vec![false; cell.len()];
            let new = shaped(&cell, &free, &mut random(seed));
            prop_assert_eq!(new.chars().map(kind).collect::<String>(), cell.chars().map(kind).collect::<String>());
            prop_assert_eq!(shaped(&cell, &vec![true; cell.len()], &mut random(seed)), cell);
        }

        #[test]
        fn nothing_panics(cell in ".{0,40}", seed: u8) {
            let mut random = random(seed);
            let _ = (moved(&cell, None, seed % 2 == 0, &mut random), reserved_phone(&cell, &mut random), renumbered(&cell, 0, &mut random));
            let _ = beyond(&cell, Numbers::default(), 3, &mut random);
        }
    }
}
