//! Telephone numbers, dates, postcodes and e-mail addresses.

use crate::cli::transformations::people::Date;
use crate::cli::transformations::way::Row;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::cells;

pub(crate) const WAYS: &[Way] = &[
    // Telephone numbers.
    cells("phone_plus_44", "`+447700900123`", |row, _| phones(row, |digits| format!("+44{}", &digits[1..]))),
    cells("phone_0044", "`00447700900123`", |row, _| phones(row, |digits| format!("0044{}", &digits[1..]))),
    cells("phone_blanks", "`07700 900 123`", |row, _| phones(row, |digits| parted(digits, " "))),
    cells("phone_zero_in_brackets", "`+44 (0)7700 900123`", |row, _| {
        phones(row, |digits| format!("+44 (0){} {}", &digits[1..5], &digits[5..]));
    }),
    cells("phone_dots", "`07700.900.123`", |row, _| phones(row, |digits| parted(digits, "."))),
    cells("phone_hyphens", "`07700-900-123`", |row, _| phones(row, |digits| parted(digits, "-"))),
    cells("phone_no_zero", "`7700900123`: a spreadsheet took it for a number", |row, _| {
        phones(row, |digits| digits[1..].to_owned());
    }),
    cells("phone_formula", "`=\"07700900123\"`: a formula that keeps the zero", |row, _| {
        phones(row, |digits| format!("=\"{digits}\""));
    }),
    cells("phone_tel", "`tel:+44-7700-900123`", |row, _| {
        phones(row, |digits| format!("tel:+44-{}-{}", &digits[1..5], &digits[5..]));
    }),
    cells("phone_extension", "`07700 900123 ext 12`", |row, _| {
        phones(row, |digits| format!("{} {} ext 12", &digits[..5], &digits[5..]));
    }),
    cells("phone_both_in_one", "mobile and landline in one cell, with a slash", |row, person| {
        let both: Vec<&str> = [person.mobile.as_str(), &person.home.landline].into_iter().filter(|it| !it.is_empty()).collect();
        row.replace(&["mobile", "phone"], &[("telephone", both.join(" / "))]);
    }),
    // Dates.
    cells("date_iso", "`1985-03-12`", |row, _| dates(row, Date::iso)),
    cells("date_month_first", "`03/12/1985`", |row, _| dates(row, |day| format!("{:02}/{:02}/{}", day.month, day.day, day.year))),
    cells("date_dots", "`12.03.1985`", |row, _| dates(row, |day| day.dmy().replace('/', "."))),
    cells("date_unpadded", "`12/3/1985`", |row, _| dates(row, |day| format!("{}/{}/{}", day.day, day.month, day.year))),
    cells("date_two_digit_year", "`12/03/85`", |row, _| {
        dates(row, |day| format!("{:02}/{:02}/{:02}", day.day, day.month, day.year % 100));
    }),
    cells("date_short_month", "`12-Mar-1985`", |row, _| {
        dates(row, |day| format!("{:02}-{}-{}", day.day, &day.month_name()[..3], day.year));
    }),
    cells("date_long_month", "`12 March 1985`", |row, _| {
        dates(row, |day| format!("{} {} {}", day.day, day.month_name(), day.year));
    }),
    cells("date_ordinal", "`12th March 1985`", |row, _| {
        dates(row, |day| format!("{}{} {} {}", day.day, ending(day.day), day.month_name(), day.year));
    }),
    cells("date_digits", "`19850312`", |row, _| dates(row, |day| day.iso().replace('-', ""))),
    cells("date_digits_day_first", "`12031985`", |row, _| dates(row, |day| day.dmy().replace('/', ""))),
    cells("date_spreadsheet", "`31118`: a spreadsheet's day", |row, _| dates(row, |day| (day.since_1970() + 25_569).to_string())),
    cells("date_epoch", "`479433600`: seconds since 1970", |row, _| dates(row, |day| (day.since_1970() * 86_400).to_string())),
    cells("date_epoch_milliseconds", "`479433600000`", |row, _| dates(row, |day| (day.since_1970() * 86_400_000).to_string())),
    cells("date_midnight", "`1985-03-12 00:00:00`", |row, _| dates(row, |day| format!("{} 00:00:00", day.iso()))),
    cells("date_time_zone", "`1985-03-12T00:00:00.000Z`", |row, _| dates(row, |day| format!("{}T00:00:00.000Z", day.iso()))),
    cells("date_in_columns", "day, month and year in columns of their own", |row, person| {
        for (name, day) in [("date_of_birth", person.born), ("child_dob", person.child_born)] {
            let prefix = name.trim_end_matches("_of_birth").trim_end_matches("_dob").replace("date", "birth");
            row.replace(
                &[name],
                &[
                    (&format!("{prefix}_day"), day.day.to_string()),
                    (&format!("{prefix}_month"), day.month.to_string()),
                    (&format!("{prefix}_year"), day.year.to_string()),
                ],
            );
        }
    }),
    // Postcodes.
    cells("postcode_no_blank", "`LS61AB`", |row, _| row.edit(&["postcode"], |cell| cell.replace(' ', ""))),
    cells("postcode_eight_wide", "`LS6  1AB`, `EC1V 1AB`: filled up to eight characters", |row, person| {
        row.set("postcode", format!("{:<5}{}", person.home.outward, person.home.inward));
    }),
    cells("postcode_hyphen", "`LS6-1AB`", |row, _| row.edit(&["postcode"], |cell| cell.replace(' ', "-"))),
    cells("postcode_dot", "`LS6.1AB`", |row, _| row.edit(&["postcode"], |cell| cell.replace(' ', "."))),
    cells("postcode_o_for_0", "letters `O` and `I` for the digits 0 and 1", |row, _| {
        row.edit(&["postcode"], |cell| cell.replace('0', "O").replace('1', "I"));
    }),
    cells("postcode_halves", "outward and inward half in columns of their own", |row, person| {
        row.replace(
            &["postcode"],
            &[("postcode_outward", person.home.outward.clone()), ("postcode_inward", person.home.inward.clone())],
        );
    }),
    cells("postcode_in_town", "`Leeds LS6 1AB` in the column of towns", |row, person| {
        row.set("town", format!("{} {}", person.home.town, person.home.postcode()));
        row.drop("postcode");
    }),
    // E-mail addresses.
    cells("mail_tag", "`ann.green+news@example.com`", |row, _| row.edit(&["email"], |cell| cell.replace('@', "+news@"))),
    cells("mail_gmail_dots", "Gmail addresses without dots, or with more", |row, person| {
        row.edit(&["email"], |cell| match cell.strip_suffix("@gmail.com") {
            Some(local) if person.index % 2 == 0 => format!("{}@gmail.com", local.replace('.', "")),
            Some(local) => format!("{}.{}@gmail.com", &local[..1], &local[1..]),
            None => cell.to_owned(),
        });
    }),
    cells("mail_googlemail", "`@googlemail.com` for `@gmail.com`", |row, _| {
        row.edit(&["email"], |cell| cell.replace("@gmail.com", "@googlemail.com"));
    }),
    cells("mail_mailto", "`mailto:ann.green@example.com`", |row, _| row.edit(&["email"], |cell| format!("mailto:{cell}"))),
    cells("mail_with_name", "`Ann Green <ann.green@example.com>`", |row, person| {
        row.edit(&["email"], |cell| format!("{} {} <{cell}>", person.given, person.family));
    }),
    cells("mail_dot_behind", "`ann.green@example.com.`", |row, _| row.edit(&["email"], |cell| format!("{cell}."))),
    cells("mail_two", "another address behind it, with a semicolon", |row, person| {
        row.edit(&["email"], |cell| format!("{cell}; office{}@work.example", person.index));
    }),
];

fn phones(row: &mut Row, change: impl Fn(&str) -> String) {
    row.edit(&["mobile", "phone"], change);
}

/// `07700 900 123`
fn parted(digits: &str, sign: &str) -> String {
    [&digits[..5], &digits[5..8], &digits[8..]].join(sign)
}

fn dates(row: &mut Row, write: impl Fn(Date) -> String) {
    row.edit(&["date_of_birth", "child_dob"], |cell| {
        let parts: Vec<i64> = cell.split('/').map(|part| part.parse().expect("a number")).collect();
        write(Date { year: parts[2], month: parts[1], day: parts[0] })
    });
}

/// `st` of `1st`.
fn ending(day: i64) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}
