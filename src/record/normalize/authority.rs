//! The canonical forms held against authorities that are not ours, by the vectors in `testdata/vectors/authority`. How each was made says
//! the script beside it. A line that names a reason is a known departure, and must still be one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use unicode_normalization::char::canonical_combining_class;

use crate::record::normalize::Reading;
use crate::record::normalize::date;
use crate::record::normalize::date::DateOrder;
use crate::record::normalize::email;
use crate::record::normalize::fold;
use crate::record::normalize::name;
use crate::record::normalize::phone;
use crate::record::normalize::postcode;
use crate::record::normalize::vectors::rows;

fn name_of(writing: &str) -> Option<String> {
    let (mut tokens, mut out) = (Vec::new(), String::new());
    let reading = name::tokens(writing, &mut tokens);
    name::canonical(&mut tokens, &mut out);
    (reading == Reading::Value).then_some(out)
}

#[test]
fn numbers_are_those_of_libphonenumber() {
    let (mut forms, mut wrong) = (BTreeMap::new(), String::new());
    for row in rows(include_str!("../../../testdata/vectors/authority/phone.tsv")) {
        let (writing, number, excepted) = match row.as_slice() {
            [writing, number] => (writing, number, false),
            [writing, number, _] => (writing, number, true),
            _ => panic!("a vector has neither two nor three cells: {row:?}"),
        };
        let mut form = String::new();
        let reading = phone::canonical(writing, &mut form);
        if excepted {
            if forms.get(number) == Some(&form) {
                let _ = writeln!(wrong, "{writing:?} is no exception any more");
            }
            continue;
        }
        let known = forms.entry(number.clone()).or_insert_with(|| form.clone());
        if reading != Reading::Value || known != &form {
            let _ = writeln!(wrong, "{writing:?}, {number}: {reading:?} {form}, not {known}");
        }
    }
    let mut numbers = BTreeMap::new();
    for (number, form) in forms {
        if let Some(other) = numbers.insert(form, number.clone()) {
            let _ = writeln!(wrong, "{number} and {other} are one");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn letters_are_one_however_unicode_writes_them() {
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/fold.tsv")) {
        let forms: Vec<Option<String>> = row.iter().map(|writing| name_of(writing)).collect();
        if forms[0].is_none() || forms.iter().any(|form| form != &forms[0]) {
            let _ = writeln!(wrong, "{row:?}: {forms:?}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn latin_letters_fold_as_cldr_says() {
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/latin.tsv")) {
        let form = name_of(&row[0]);
        if form.as_ref() != Some(&row[1]) {
            let _ = writeln!(wrong, "{}: {form:?}, not {}", row[0], row[1]);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn letters_that_html_names_are_read() {
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/entity.tsv")) {
        let (mut named, mut letter) = (String::new(), String::new());
        fold(&format!("a{}a", row[0]), &mut named);
        fold(&format!("a{}a", row[1]), &mut letter);
        if named != letter {
            let _ = writeln!(wrong, "{}: {named}, not {letter}", row[0]);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A name in a script that nobody here reads is kept, and does not pass for none; and what is folded stays so.
#[test]
fn no_letter_vanishes_and_folding_ends() {
    // Han and Hangul are as regular as they are many. Of what is left, these are points of Arabic that stand alone.
    let is_counted = |letter: &char| !matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    let is_point = |letter: char| matches!(letter, '\u{fc5e}'..='\u{fc63}' | '\u{fe70}'..='\u{fe7e}');
    let mut wrong = String::new();
    for letter in ('\u{80}'..='\u{1ffff}').filter(|letter| letter.is_alphabetic()).filter(is_counted) {
        let (mut once, mut twice) = (String::new(), String::new());
        fold(letter.encode_utf8(&mut [0; 4]), &mut once);
        fold(&once, &mut twice);
        let is_mark = canonical_combining_class(letter) != 0;
        if once != twice || once.is_empty() && !is_mark && !is_point(letter) {
            let _ = writeln!(wrong, "{letter} {:x}: {once:?}, {twice:?}", u32::from(letter));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// In the order of its column each text is the day that it says, or is not read at all where the vector says so; without an order that
/// day is among its readings.
#[test]
fn days_are_those_that_systems_write() {
    let days = |text: &str, order: Option<DateOrder>| {
        let mut found = Vec::new();
        date::parse(text, order, &mut |date| {
            let mut out = String::new();
            date.write(&mut out);
            found.push(out);
        });
        found
    };
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/date.tsv")) {
        let [text, order, day, system] = row.as_slice() else { panic!("a vector has not four cells: {row:?}") };
        let order = DateOrder::parse(order).expect("an order");
        let (read, all) = (days(text, Some(order)), days(text, None));
        let is_right =
            if day == "(unreadable)" { all.is_empty() } else { read == std::slice::from_ref(day) && all.contains(day) };
        if !is_right {
            let _ = writeln!(wrong, "{text:?} of {system} is {read:?} or {all:?}, not {day}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn postcodes_follow_the_published_grammar() {
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/postcode.tsv")) {
        let [writing, code, kind] = row.as_slice() else { panic!("a vector has not three cells: {row:?}") };
        let mut form = String::new();
        let reading = postcode::canonical(writing, &mut form);
        let is_uk = postcode::is_uk(form.as_bytes());
        let expected = if code.bytes().any(|byte| byte.is_ascii_digit()) { Reading::Value } else { Reading::Unreadable };
        if reading != expected || expected == Reading::Value && &form != code || is_uk != (kind == "uk") {
            let _ = writeln!(wrong, "{writing:?} is {form}, {is_uk}, not {code}, {kind}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What is an address is read as that one. What is none may be read: texts are searched for addresses, and a lax reading harms nobody.
#[test]
fn addresses_are_those_of_the_standards() {
    let mut wrong = String::new();
    for row in rows(include_str!("../../../testdata/vectors/authority/mail.tsv")) {
        let mut form = String::new();
        let reading = email::canonical(&row[0], &mut form);
        let is_same = reading == Reading::Value && form == row[1];
        if row[1] != "-" && is_same == (row.len() > 2) {
            let _ = writeln!(wrong, "{row:?} is {form}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
