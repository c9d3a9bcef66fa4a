//! Cases, blanks, quotes, signs for nothing, and how letters are stored.

use crate::cli::transformations::people::strip_marks;
use crate::cli::transformations::way::Way;
use crate::cli::transformations::way::cells;
use crate::cli::transformations::way::text;
use std::fmt::Write as _;

pub(crate) const WAYS: &[Way] = &[
    cells("as_it_was", "nothing but other columns and other dates than in the supplied file", |_, _| ()),
    cells("upper", "all in capitals", |row, _| row.edit_all(str::to_uppercase)),
    cells("lower", "all in small letters", |row, _| row.edit_all(str::to_lowercase)),
    cells("title_case", "each word with one capital: `Mcdonald`, `O'neill`", |row, _| {
        row.edit(&["first_name", "middle_name", "last_name", "address_1", "address_2", "town"], title_case);
    }),
    cells("blanks", "blanks before, behind and doubled", |row, _| {
        row.edit_all(|cell| format!("  {} ", cell.replace(' ', "  ")));
    }),
    cells("blanks_no_break", "no-break spaces, before and behind too", |row, _| {
        row.edit_all(|cell| format!("\u{a0}{}\u{a0}", cell.replace(' ', "\u{a0}")));
    }),
    cells("zero_width", "zero-width spaces and joiners around the cell and behind its first letter", |row, _| {
        row.edit_all(|cell| {
            let first = cell.chars().next().map_or(0, char::len_utf8);
            format!("\u{feff}{}\u{200b}{}\u{200d}", &cell[..first], &cell[first..])
        });
    }),
    cells("quoted_twice", "each cell within quotes that belong to it", |row, _| row.edit_all(|cell| format!("\"{cell}\""))),
    cells("null_backslash_n", "`\\N` for empty cells", |row, _| fill_empty(&mut row.0, "\\N")),
    cells("null_word", "`NULL` for empty cells", |row, _| fill_empty(&mut row.0, "NULL")),
    cells("wide_digits", "full-width digits", |row, _| {
        row.edit_all(|cell| cell.chars().map(|sign| shifted(sign, '0'..='9', '０')).collect());
    }),
    cells("marks_dropped", "letters without their marks: `Renee`, `Muller`", |row, _| row.edit_all(strip_marks)),
    cells("marks_apart", "letters and marks as characters of their own (NFD)", |row, _| {
        row.edit_all(|cell| {
            const APART: [(&str, &str); 12] = [
                ("ë", "e\u{308}"),
                ("é", "e\u{301}"),
                ("â", "a\u{302}"),
                ("á", "a\u{301}"),
                ("ç", "c\u{327}"),
                ("í", "i\u{301}"),
                ("ñ", "n\u{303}"),
                ("ó", "o\u{301}"),
                ("ú", "u\u{301}"),
                ("ü", "u\u{308}"),
                ("Ó", "O\u{301}"),
                ("É", "E\u{301}"),
            ];
            APART.iter().fold(cell.to_owned(), |cell, (from, to)| cell.replace(from, to))
        });
    }),
    text("bom", "a byte order mark before UTF-8", |table| format!("\u{feff}{table}").into_bytes()),
    text("latin_1", "ISO 8859-1; `Ł` as `L`", |table| {
        table.replace('Ł', "L").replace('ł', "l").chars().map(|sign| u8::try_from(u32::from(sign)).expect("Latin-1")).collect()
    }),
    text("cp1252", "Windows-1252, with its curved apostrophes; `Ł` as `L`", |table| {
        let table = table.replace('Ł', "L").replace('ł', "l").replace('\'', "’");
        encoding_rs::WINDOWS_1252.encode(&table).0.into_owned()
    }),
    text("utf_16_le", "UTF-16 with its mark", |table| {
        format!("\u{feff}{table}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    cells("mojibake", "UTF-8 read as Windows-1252: `RenÃ©e`", |row, _| row.edit_all(mojibake)),
    cells("mojibake_twice", "UTF-8 read as Windows-1252, twice: `RenÃƒÂ©e`", |row, _| {
        row.edit_all(|cell| mojibake(&mojibake(cell)));
    }),
    cells("html_named", "HTML's named references: `Ren&eacute;e`, `O&apos;Neill`", |row, _| {
        const NAMED: [(&str, &str); 17] = [
            ("&", "&amp;"),
            ("'", "&apos;"),
            ("ë", "&euml;"),
            ("é", "&eacute;"),
            ("â", "&acirc;"),
            ("á", "&aacute;"),
            ("ç", "&ccedil;"),
            ("í", "&iacute;"),
            ("ñ", "&ntilde;"),
            ("ó", "&oacute;"),
            ("ø", "&oslash;"),
            ("ú", "&uacute;"),
            ("ü", "&uuml;"),
            ("ł", "&lstrok;"),
            ("Ó", "&Oacute;"),
            ("Ł", "&Lstrok;"),
            ("\u{a0}", "&nbsp;"),
        ];
        row.edit_all(|cell| NAMED.iter().fold(cell.to_owned(), |cell, (from, to)| cell.replace(from, to)));
    }),
    cells("html_decimal", "HTML's decimal references: `Ren&#233;e`, `O&#39;Neill`", |row, _| {
        row.edit_all(|cell| escaped(cell, |sign| format!("&#{};", u32::from(sign))));
    }),
    cells("html_hex", "HTML's hexadecimal references: `Ren&#xE9;e`, `O&#x27;Neill`", |row, _| {
        row.edit_all(|cell| escaped(cell, |sign| format!("&#x{:X};", u32::from(sign))));
    }),
    cells("url_escaped", "`%` and two hexadecimal digits: `Ren%C3%A9e`, `12%20High%20Street`", |row, _| {
        row.edit_all(url_escaped);
    }),
    cells("url_plus", "the same with `+` for blanks, as forms send it", |row, _| {
        row.edit_all(|cell| url_escaped(cell).replace("%20", "+"));
    }),
    cells("json_escaped", "`\\u` and four hexadecimal digits: `Ren\\u00e9e`, `O\\u0027Neill`", |row, _| {
        row.edit_all(|cell| escaped(cell, |sign| format!("\\u{:04x}", u32::from(sign))));
    }),
    cells("backslash_quotes", "a backslash before apostrophes: `O\\'Neill`", |row, _| {
        row.edit_all(|cell| cell.replace('\'', "\\'"));
    }),
];

fn fill_empty(cells: &mut [(String, String)], sign: &str) {
    for (_, cell) in cells.iter_mut().filter(|(_, cell)| cell.is_empty()) {
        sign.clone_into(cell);
    }
}

fn title_case(cell: &str) -> String {
    let word = |word: &str| -> String {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().collect::<String>() + &letters.as_str().to_lowercase())
            .unwrap_or_default()
    };
    cell.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A sign of a range at its place in another one.
fn shifted(sign: char, range: std::ops::RangeInclusive<char>, first: char) -> char {
    if !range.contains(&sign) {
        return sign;
    }
    char::from_u32(u32::from(sign) - u32::from(*range.start()) + u32::from(first)).expect("a character")
}

fn mojibake(cell: &str) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(cell.as_bytes()).0.into_owned()
}

/// Whether a sign is written as it is where others are escaped.
fn is_plain(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, ' ' | '-' | '.' | '_' | '/' | ',' | '@')
}

fn escaped(cell: &str, escape: impl Fn(char) -> String) -> String {
    cell.chars().map(|sign| if is_plain(sign) { sign.to_string() } else { escape(sign) }).collect()
}

fn url_escaped(cell: &str) -> String {
    let mut text = String::new();
    for byte in cell.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes all");
        }
    }
    text
}
