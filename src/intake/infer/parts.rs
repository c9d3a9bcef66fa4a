//! Days that stand in three columns: `dob_day`, `dob_month` and `dob_year`. One of them alone is no day.

use crate::intake::By;
use crate::intake::Taken;
use crate::intake::infer::by_header;
use crate::intake::infer::words_of;
use crate::intake::profile::Profile;
use crate::intake::profile::Profiles;
use crate::record::field::Kind;
use crate::record::schema::Usage;

/// Words for day, month and year.
const PARTS: [&[&str]; 3] = [
    &["day", "dd", "tag", "jour", "dia"],
    &["month", "mon", "mm", "monat", "mois", "mes"],
    &["year", "yr", "yy", "yyyy", "jahr", "annee"],
];

/// The share of the cells of a day and a year that have to be numbers, in percent.
const NUMBERS: u64 = 80;

/// Takes three such columns for the day that they make. Where their names say no more than that, they stand beside each other.
pub(super) fn take(columns: &mut [Taken], profiles: &Profiles) {
    let empty = Profile::default();
    let holds_numbers = |index: usize| {
        let profile = profiles.columns.get(index).unwrap_or(&empty);
        profile.filled == 0 || profile.mostly(profile.codes, NUMBERS)
    };
    let names: Vec<String> = columns.iter().map(|taken| taken.name.clone()).collect();
    for (triple, mut words) in triples(names.iter().map(String::as_str)) {
        let is_bare = words.is_empty();
        words.push("date".to_owned());
        let Some((field, _)) = by_header(&words).filter(|(field, _)| field.kind == Kind::Date) else { continue };
        if !holds_numbers(triple[0]) || !holds_numbers(triple[2]) {
            continue;
        }
        for index in triple {
            let taken = &mut columns[index];
            (taken.usage, taken.by) = (Usage::Field(field), if is_bare { By::Values } else { By::Header });
            taken.group.clear();
        }
    }
}

/// Columns of day, month and year that are taken for dates, and so for one.
pub(crate) fn days_in_parts(columns: &[Taken]) -> Vec<[usize; 3]> {
    let is_date = |index: &usize| columns[*index].field().is_some_and(|field| field.kind == Kind::Date);
    let triples = triples(columns.iter().map(|taken| taken.name.as_str())).into_iter().map(|(triple, _)| triple);
    triples.filter(|triple| triple.iter().all(is_date)).collect()
}

/// Columns of day, month and year whose names have the same other words, with these words.
fn triples<'a>(names: impl Iterator<Item = &'a str>) -> Vec<([usize; 3], Vec<String>)> {
    let mut found: Vec<([Vec<usize>; 3], Vec<String>)> = Vec::new();
    for (index, name) in names.enumerate() {
        let mut words = words_of(name);
        let part_of = |word: &String| PARTS.iter().position(|part| part.contains(&word.as_str()));
        let mut parts = (0..words.len()).filter_map(|at| Some((at, part_of(&words[at])?)));
        let (Some((at, part)), None) = (parts.next(), parts.next()) else { continue };
        words.remove(at);
        let place = found.iter().position(|(_, known)| *known == words).unwrap_or_else(|| {
            found.push((Default::default(), words));
            found.len() - 1
        });
        found[place].0[part].push(index);
    }
    let whole = found.into_iter().filter_map(|(parts, words)| match [&parts[0][..], &parts[1], &parts[2]] {
        [[day], [month], [year]] => Some(([*day, *month, *year], words)),
        _ => None,
    });
    let stand_together =
        |triple: &[usize; 3]| triple.iter().max().zip(triple.iter().min()).is_some_and(|(last, first)| last - first == 2);
    whole.filter(|(triple, words)| !words.is_empty() || stand_together(triple)).collect()
}
