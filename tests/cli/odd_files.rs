//! Files as people have them: every usual way to write a table as text, and a hundred ways to write one badly.
//!
//! Each file holds one supplied record among others. Of a file that can be read, encoding, delimiter and header are told rightly, and the
//! record is found. Of any other the record is found, or a gap names the file: nothing is ever passed over in silence.

use crate::cli::world::AFTER;
use crate::cli::world::CANARY;
use crate::cli::world::COLUMNS;
use crate::cli::world::HERON;
use crate::cli::world::Person;
use crate::cli::world::World;
use crate::cli::world::codes;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// What one scan of the folder says of one file.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) records: u64,
    pub(crate) gaps: Vec<String>,
    pub(crate) reading: BTreeMap<String, String>,
}

/// Scans the folder `odd` once, and takes the answer apart by file.
pub(crate) fn scan(world: &World, extra: &[&str]) -> BTreeMap<String, Said> {
    let scan = world.scan("deletion", "deletion.challenge.json", &["odd"], &[extra, &["--format", "json"]].concat());
    assert!(matches!(scan.code, Some(0 | 10 | 11)), "{}", scan.whole());
    let json = scan.json();
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    let list = |value: &Value| value.as_array().expect("an array").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    for target in list(&json["coverage"]["targets"]) {
        let said = said.entry(text(&target["name"])).or_default();
        said.records = target["recordsFound"].as_u64().expect("a number");
        said.reading = list(&target["reading"]).iter().map(|fact| (text(&fact["name"]), text(&fact["value"]))).collect();
    }
    for gap in list(&json["coverage"]["gaps"]) {
        said.entry(text(&gap["target"])).or_default().gaps.push(text(&gap["code"]));
    }
    for word in [CANARY, HERON] {
        world.case.never_prints(word);
    }
    said
}

/// The recipient's own people and one supplied one among them; two have names that are not ASCII.
fn people(world: &World) -> Vec<Person> {
    let mut people: Vec<Person> = world.own.iter().take(20).cloned().collect();
    people[3].first_name = format!("Zoë{HERON}");
    people[11].last_name = format!("Lefébüre{HERON}");
    people.insert(15, world.supplied[7].clone());
    people
}

/// How a table is written.
#[derive(Clone, Copy)]
struct Style {
    delimiter: char,
    has_header: bool,
    line_ends: &'static [&'static str],
    /// Which cells are quoted: those that need it, all, or all with line breaks within.
    quoting: usize,
}

fn write(people: &[&Person], style: Style) -> String {
    let cell = |text: &str| match style.quoting {
        1 => format!("\"{}\"", text.replace('"', "\"\"")),
        2 => format!("\"{}\"", text.replace(' ', "\r\n").replace('"', "\"\"")),
        _ if text.contains([style.delimiter, '"', '\n']) => format!("\"{}\"", text.replace('"', "\"\"")),
        _ => text.to_owned(),
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    if style.has_header {
        rows.push(COLUMNS.iter().map(|name| (*name).to_owned()).collect());
    }
    rows.extend(people.iter().map(|person| {
        let mut cells = person.cells();
        cells[3] = format!("{}, \"The Elms\"", cells[3]);
        cells.iter().map(|text| cell(text)).collect()
    }));
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        text += &row.join(&style.delimiter.to_string());
        text += style.line_ends[number % style.line_ends.len()];
    }
    text
}

fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

fn encoded(label: &str, text: &str) -> Vec<u8> {
    let (bytes, _, has_errors) = encoding_rs::Encoding::for_label(label.as_bytes()).expect("a label").encode(text);
    assert!(!has_errors, "the text is no {label}");
    bytes.into_owned()
}

/// A text in each of the usual encodings, with what is to be said of it.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8 (byte order mark)", marked(b"\xef\xbb\xbf", text.as_bytes().to_vec())),
        ("UTF-16LE (byte order mark)", marked(b"\xff\xfe", utf16(text, true))),
        ("UTF-16BE (byte order mark)", marked(b"\xfe\xff", utf16(text, false))),
        ("UTF-16LE (recognised)", utf16(text, true)),
        ("UTF-16BE (recognised)", utf16(text, false)),
        ("windows-1252 (recognised)", encoded("windows-1252", text)),
    ]
}

#[test]
fn every_usual_text_is_read_as_what_it_is() {
    let world = World::asked();
    let everybody = people(&world);
    let everybody: Vec<&Person> = everybody.iter().collect();
    let mut expected = BTreeMap::new();
    let mut number = 0;
    for delimiter in [',', ';', '\t', '|'] {
        for has_header in [true, false] {
            let line_ends: [&[&str]; 5] = [&["\n"], &["\r\n"], &["\r"], &["\n", "\r\n"], &["\n\n", "\r\n", "\r"]];
            for line_ends in line_ends {
                number += 1;
                let text = write(&everybody, Style { delimiter, has_header, line_ends, quoting: number % 3 });
                for (encoding, bytes) in encodings(&text) {
                    // What it holds is told by the content and never by the name.
                    let name = format!("odd/{:03}.dat", expected.len());
                    world.case.write(&name, bytes);
                    let shown = if delimiter == '\t' { "tab".to_owned() } else { delimiter.to_string() };
                    expected.insert(name, (encoding, shown, has_header));
                }
            }
        }
    }
    assert!(expected.len() >= 200, "{} files", expected.len());
    let said = scan(&world, &[]);
    let mut wrong = Vec::new();
    for (name, (encoding, delimiter, has_header)) in &expected {
        let Some(said) = said.get(name) else {
            wrong.push(format!("{name}: not a word"));
            continue;
        };
        let header = if *has_header { "yes" } else { "no" };
        let reading = |key: &str| said.reading.get(key).map_or("", String::as_str);
        let is_told = reading("encoding") == *encoding && reading("delimiter") == delimiter && reading("header") == header;
        // Without a header nothing says what the columns of names hold, which is a gap of its own.
        let is_whole = if *has_header { said.gaps.is_empty() } else { said.gaps.iter().all(|gap| gap == "unmapped_personal") };
        if !is_told || !is_whole || said.records != 1 {
            wrong.push(format!("{name}: {said:?}, not {encoding}, {delimiter}, {header}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

/// Bytes that look like nothing.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}

/// The files that are odd, by what is odd about them.
#[expect(clippy::format_collect, reason = "a table of small files, of which each line should say what it is")]
fn odd_files(everybody: &[&Person]) -> Vec<(&'static str, Vec<u8>)> {
    let plain = csv(everybody, ',');
    let (header, body) = plain.split_once('\n').expect("a header");
    let lines: Vec<&str> = body.lines().collect();
    let each = |change: &dyn Fn(usize, &str) -> String| -> Vec<u8> {
        let rows: Vec<String> = lines.iter().enumerate().map(|(number, line)| change(number, line)).collect();
        format!("{header}\n{}\n", rows.join("\n")).into_bytes()
    };
    let table = |cells: &dyn Fn(&Person) -> Vec<String>, header: &str, delimiter: &str| -> Vec<u8> {
        let rows: Vec<String> = everybody.iter().map(|person| cells(person).join(delimiter)).collect();
        format!("{header}\n{}\n", rows.join("\n")).into_bytes()
    };
    let text = |text: String| text.into_bytes();
    let fixed = |line_end: &str| -> String {
        let row = |cells: &[String; 9]| cells.iter().map(|cell| format!("{cell:<30}")).collect::<String>() + line_end;
        let names = COLUMNS.map(str::to_owned);
        std::iter::once(row(&names)).chain(everybody.iter().map(|person| row(&person.cells()))).collect()
    };
    let polish = plain.replace("Zoë", "Łucja").replace("Lefébüre", "Wiśniewska");
    let ascii = plain.replace("Zoë", "Zoe").replace("Lefébüre", "Lefebure");
    let mut files: Vec<(&'static str, Vec<u8>)> = vec![
        // Quotes.
        (
            "stray quotes within cells",
            each(&|number, line| if number % 3 == 0 { line.replace("Road", "Ro\"ad 5\"") } else { line.to_owned() }),
        ),
        ("text after a closing quote", each(&|_, line| line.replacen(',', ",\"Dr\" ", 1))),
        (
            "a space before each quote",
            each(&|_, line| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(", ")),
        ),
        ("single quotes", each(&|_, line| line.split(',').map(|cell| format!("'{cell}'")).collect::<Vec<_>>().join(","))),
        ("typographic quotes", each(&|_, line| line.split(',').map(|cell| format!("“{cell}”")).collect::<Vec<_>>().join(","))),
        ("escaped by backslash", each(&|_, line| line.replace("Road", "\\\"Road\\\""))),
        ("a quote opens in the first row", each(&|number, line| if number == 0 { format!("\"{line}") } else { line.to_owned() })),
        ("a quote opens in the middle", each(&|number, line| if number == 9 { format!("\"{line}") } else { line.to_owned() })),
        ("a quote opens in the last row", each(&|number, line| if number == 20 { format!("\"{line}") } else { line.to_owned() })),
        ("a quote opens in the header", text(format!("\"{plain}"))),
        ("quotes all over", each(&|number, line| if number % 4 == 0 { line.replace(',', "\",") } else { line.to_owned() })),
        (
            "a formula for each cell",
            each(&|_, line| line.split(',').map(|cell| format!("=\"{cell}\"")).collect::<Vec<_>>().join(",")),
        ),
        // Rows.
        ("a cell more in one row", each(&|number, line| if number == 4 { format!("{line},more") } else { line.to_owned() })),
        (
            "a cell less in one row",
            each(&|number, line| if number == 4 { line.rsplit_once(',').expect("cells").0.to_owned() } else { line.to_owned() }),
        ),
        ("delimiters at the ends of rows", each(&|_, line| format!("{line},,"))),
        ("delimiters at the ends of all lines", text(plain.replace('\n', ",\n"))),
        ("a delimiter before each row", text(plain.lines().map(|line| format!(",{line}\n")).collect())),
        ("blank lines", text(plain.replace('\n', "\n\n\r\n"))),
        ("lines of blanks", text(plain.replace('\n', "\n   \n"))),
        ("blank lines first", text(format!("\n\n\r\n{plain}"))),
        ("a comment first", text(format!("# made by hand\n{plain}"))),
        ("a title first", text(format!("Mailing list of spring\n\n{plain}"))),
        ("a title of several cells first", text(format!("Mailing list,of,spring,,,,,,\n{plain}"))),
        ("a sum at the end", text(format!("{plain}Total,21\n"))),
        ("a remark at the end", text(format!("{plain}\n(21 rows)\n"))),
        ("the header again on each page", text(format!("{plain}{header}\n{}\n", lines[..3].join("\n")))),
        ("the header at the end", text(format!("{body}{header}\n"))),
        ("two tables", text(format!("{plain}\ncolour;size\nred;1\ngreen;2\n"))),
        ("two delimiters", text(format!("{plain}{}", csv(everybody, ';')))),
        ("a line across", text(plain.replacen('\n', "\n-----,-----,-----,-----,-----,-----,-----,-----,-----\n", 1))),
        ("no line end at the end", text(plain.trim_end().to_owned())),
        ("the end of DOS", text(format!("{plain}\u{1a}"))),
        ("form feeds", text(plain.replace('\n', "\n\u{c}"))),
        ("a vertical tab for each break", text(plain.replace(" Road", "\u{b}Road"))),
        ("one row", text(format!("{header}\n{}\n", lines[15]))),
        ("one row without a header", text(format!("{}\n", lines[15]))),
        ("cut within a row", text(format!("{plain}{}", &lines[2][..20]))),
        ("one long line", text(body.replace('\n', ","))),
        // Headers.
        ("two columns of one name", text(plain.replacen("last_name", "first_name", 1))),
        ("all columns of one name", text(plain.replacen(header, &["x"; 9].join(","), 1))),
        ("names of nothing", text(plain.replacen(header, &["a", "b", "c", "d", "e", "f", "g", "h", "i"].join(","), 1))),
        ("numbers for names", text(plain.replacen(header, &(1..=9).map(|n| n.to_string()).collect::<Vec<_>>().join(","), 1))),
        ("no name for a column", text(plain.replacen("first_name", "", 1))),
        ("no names at all", text(plain.replacen(header, ",,,,,,,,", 1))),
        ("capitals", text(plain.replacen(header, &header.to_uppercase(), 1))),
        ("spaces in names", text(plain.replacen(header, &header.replace('_', " "), 1))),
        (
            "names of several lines",
            text(plain.replacen(
                header,
                &header.split(',').map(|name| format!("\"{}\"", name.replace('_', "\n"))).collect::<Vec<_>>().join(","),
                1,
            )),
        ),
        ("names in German", text(plain.replacen(header, "Nr,Vorname,Nachname,Straße,PLZ,E-Mail,Telefon,Geburtsdatum,Kind", 1))),
        ("a person for a header", text(format!("{}\n{plain}", lines[15]))),
        (
            "wrong names",
            text(plain.replacen(header, "email,phone,postcode,first_name,mother_dob,last_name,address,child_dob,id", 1)),
        ),
        ("fewer names than cells", text(plain.replacen(",phone,mother_dob,child_dob", "", 1))),
        ("more names than cells", text(plain.replacen(header, &format!("{header},colour,size"), 1))),
        ("only a header", text(format!("{header}\n"))),
        ("types below the header", text(plain.replacen('\n', "\nint,text,text,text,text,text,text,date,date\n", 1))),
        // Delimiters.
        ("two bytes for a delimiter", text(plain.replace(',', "||"))),
        ("a colon for a delimiter", text(plain.replace(',', ":"))),
        ("a caret for a delimiter", text(plain.replace(',', "^"))),
        ("a tilde for a delimiter", text(plain.replace(',', "~"))),
        (
            "blanks for a delimiter",
            table(&|person| person.cells().iter().map(|cell| cell.replace(' ', "_")).collect(), &header.replace(',', " "), " "),
        ),
        ("the unit separator of ASCII", text(plain.replace(',', "\u{1f}"))),
        ("the separators of ASCII", text(plain.replace(',', "\u{1f}").replace('\n', "\u{1e}"))),
        ("a thorn for a delimiter", text(plain.replace(',', "þ"))),
        ("a broken bar in Latin-1", encoded("windows-1252", &plain.replace(',', "¦"))),
        ("blanks around delimiters", text(plain.replace(',', " , "))),
        ("a table of a terminal", text(plain.lines().map(|line| format!("| {} |\n", line.replace(',', " | "))).collect())),
        (
            "a table of psql",
            text(format!("{}\n-----+-----\n{}(21 rows)\n", header.replace(',', " | "), body.replace(',', " | "))),
        ),
        ("a hint for spreadsheets", text(format!("sep=;\n{}", csv(everybody, ';')))),
        ("a wrong hint for spreadsheets", text(format!("sep=;\n{plain}"))),
        (
            "commas in numbers",
            table(
                &|person| vec![format!("{},5", person.id), person.email.clone(), person.postcode.clone()],
                "sum;email;postcode",
                ";",
            ),
        ),
        // Cells.
        (
            "NULL for nothing",
            each(&|number, line| {
                if number % 2 == 0 {
                    line.replacen(lines[number].split(',').nth(4).expect("a cell"), "\\N", 1)
                } else {
                    line.to_owned()
                }
            }),
        ),
        ("cells filled up with zero bytes", text(plain.replace(',', "\0\0\0,"))),
        ("zero bytes within cells", text(plain.replace(" Road", "\0Road"))),
        ("zero bytes at the end", [plain.as_bytes(), &[0; 400]].concat()),
        ("a hole of zero bytes", [plain.as_bytes(), &[0; 300], body.as_bytes()].concat()),
        ("cells of many lines", each(&|_, line| line.replacen(',', &format!(",\"{}\",", "a note\n".repeat(300)), 1))),
        (
            "a cell of a megabyte",
            each(&|number, line| {
                if number == 3 { line.replacen(',', &format!(",{}", "x".repeat(1 << 20)), 1) } else { line.to_owned() }
            }),
        ),
        (
            "a cell of seventeen megabytes",
            each(&|number, line| {
                if number == 3 { line.replacen(',', &format!(",{}", "x".repeat(17 << 20)), 1) } else { line.to_owned() }
            }),
        ),
        (
            "a quoted cell of seventeen megabytes",
            each(&|number, line| {
                if number == 3 {
                    line.replacen(',', &format!(",\"{}\",", ("x".repeat(1_023) + "\n").repeat(17 << 10)), 1)
                } else {
                    line.to_owned()
                }
            }),
        ),
        ("five thousand columns", each(&|number, line| format!("{line}{}", ",".repeat(5_000 + number % 2)))),
        ("controls in cells", each(&|_, line| line.replacen(',', ",\u{7}\u{1b}[31m", 1))),
        ("invisible characters", each(&|_, line| line.replace("Road", "\u{200b}Ro\u{ad}ad\u{feff}"))),
        (
            "full-width letters",
            table(
                &|person| vec![person.email.replace('@', "＠"), person.phone.clone(), person.postcode.clone()],
                "email,phone,postcode",
                ",",
            ),
        ),
        ("everything in one cell", table(&|person| vec![person.cells().join(" ")], "notes", ",")),
        ("everything in one quoted cell", table(&|person| vec![format!("\"{}\"", person.cells().join(", "))], "notes", ",")),
        (
            "JSON in a cell",
            table(
                &|person| vec![person.id.to_string(), format!("\"{{\"\"email\"\": \"\"{}\"\"}}\"", person.email)],
                "id,data",
                ",",
            ),
        ),
        ("e-mail addresses and nothing else", table(&|person| vec![person.email.clone()], "email", ",")),
        ("e-mail addresses without a header", text(everybody.iter().map(|person| person.email.clone() + "\n").collect())),
        ("telephone numbers and nothing else", text(everybody.iter().map(|person| person.phone.clone() + "\n").collect())),
        ("names and nothing else", text(everybody.iter().map(|person| person.full_name() + "\n").collect())),
        (
            "names and addresses without a header",
            table(&|person| vec![person.full_name(), person.address(), person.postcode.clone()], "", ","),
        ),
        (
            "turned on its side",
            text(
                (0..9)
                    .map(|column| {
                        format!(
                            "{},{}\n",
                            COLUMNS[column],
                            everybody.iter().map(|person| person.cells()[column].clone()).collect::<Vec<_>>().join(",")
                        )
                    })
                    .collect(),
            ),
        ),
        (
            "a card each",
            text(
                everybody
                    .iter()
                    .map(|person| {
                        COLUMNS.iter().zip(person.cells()).map(|(name, cell)| format!("{name}: {cell}\n")).collect::<String>()
                            + "\n"
                    })
                    .collect(),
            ),
        ),
        (
            "a report",
            text(
                everybody
                    .iter()
                    .map(|person| format!("On that day we wrote to {} of {}.\n", person.email, person.address()))
                    .collect(),
            ),
        ),
        // Columns of fixed width.
        ("columns of fixed width", text(fixed("\n"))),
        ("columns of fixed width without line ends", text(fixed(""))),
        ("columns of fixed width in Latin-1", encoded("windows-1252", &fixed("\r\n"))),
        // Encodings.
        ("Latin-1 without a table's rest", encoded("windows-1252", "José\nZoë\n")),
        ("Windows-1250", encoded("windows-1250", &polish)),
        ("ISO 8859-2", encoded("iso-8859-2", &polish)),
        ("Windows-1251", encoded("windows-1251", &ascii.replace("Zoe", "Зоя"))),
        ("KOI8", encoded("koi8-r", &ascii.replace("Zoe", "Зоя"))),
        ("Windows-1253", encoded("windows-1253", &ascii.replace("Zoe", "Ζωή"))),
        ("Windows-1254", encoded("windows-1254", &ascii.replace("Zoe", "Şükrü"))),
        ("Windows-1255", encoded("windows-1255", &ascii.replace("Zoe", "זואי"))),
        ("Windows-1257", encoded("windows-1257", &ascii.replace("Zoe", "Žydrūnas"))),
        ("Shift JIS", encoded("shift_jis", &ascii.replace("Zoe", "山田"))),
        ("EUC-JP", encoded("euc-jp", &ascii.replace("Zoe", "山田"))),
        ("ISO-2022-JP", encoded("iso-2022-jp", &ascii.replace("Zoe", "山田"))),
        ("GBK", encoded("gbk", &ascii.replace("Zoe", "王小明"))),
        ("Big5", encoded("big5", &ascii.replace("Zoe", "王小明"))),
        ("EUC-KR", encoded("euc-kr", &ascii.replace("Zoe", "김민수"))),
        ("Mac Roman", encoded("macintosh", &plain)),
        (
            "code page 850",
            plain
                .chars()
                .map(|letter| match letter {
                    'ë' => 0x89,
                    'é' => 0x82,
                    'ü' => 0x81,
                    other => u8::try_from(other).expect("ASCII"),
                })
                .collect(),
        ),
        (
            "EBCDIC",
            plain
                .bytes()
                .map(|byte| match byte {
                    b'\n' => 0x25,
                    b' ' => 0x40,
                    b',' => 0x6b,
                    b'0'..=b'9' => byte - b'0' + 0xf0,
                    b'a'..=b'i' => byte - b'a' + 0x81,
                    b'j'..=b'r' => byte - b'j' + 0x91,
                    b's'..=b'z' => byte - b's' + 0xa2,
                    b'A'..=b'I' => byte - b'A' + 0xc1,
                    b'J'..=b'R' => byte - b'J' + 0xd1,
                    b'S'..=b'Z' => byte - b'S' + 0xe2,
                    b'@' => 0x7c,
                    _ => 0x4b,
                })
                .collect(),
        ),
        ("UTF-7", text(ascii.replace("Zoe", "Zo+AOs-"))),
        ("UTF-8 and Latin-1 by turns", [plain.as_bytes(), &encoded("windows-1252", body)].concat()),
        (
            "Latin-1 and one row of UTF-8",
            [encoded("windows-1252", &format!("{plain}{body}")), lines[3].as_bytes().to_vec(), b"\n".to_vec()].concat(),
        ),
        ("UTF-8 and half a character", [plain.as_bytes(), b"\xc3"].concat()),
        ("UTF-8 read as Latin-1", text(plain.replace('ë', "Ã«").replace('é', "Ã©").replace('ü', "Ã¼"))),
        ("UTF-16 cut in a character", utf16(&plain, true)[..plain.len()].to_vec().into_iter().chain([0x41]).collect()),
        ("UTF-16 of both orders", [utf16(&format!("\u{feff}{plain}"), true), utf16(body, false)].concat()),
        ("UTF-16 with a lone surrogate", [utf16(&format!("\u{feff}{plain}"), true), vec![0, 0xd8, b'\n', 0]].concat()),
        ("UTF-16 after UTF-8", [plain.as_bytes(), &utf16(body, true)].concat()),
        ("UTF-8 with the mark of UTF-16", [b"\xff\xfe", plain.as_bytes()].concat()),
        ("UTF-16 with the mark of UTF-8", [b"\xef\xbb\xbf".to_vec(), utf16(&plain, true)].concat()),
        ("two marks", text(format!("\u{feff}\u{feff}{plain}"))),
        ("a mark before each row", text(plain.replace('\n', "\n\u{feff}"))),
        ("UTF-32", plain.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect()),
        ("UTF-32 with a mark", format!("\u{feff}{plain}").chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect()),
        ("a mark and nothing else", b"\xef\xbb\xbf".to_vec()),
        ("a mark of UTF-16 and nothing else", b"\xff\xfe".to_vec()),
        // No tables.
        ("nothing", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("one line end", b"\n".to_vec()),
        ("blanks", b"   \n \t \n".to_vec()),
        ("one zero byte", vec![0]),
        ("zero bytes", vec![0; 5_000]),
        ("noise", noise(50_000)),
        ("noise without zero bytes", noise(50_000).into_iter().filter(|byte| *byte != 0).collect()),
        ("noise of letters", noise(50_000).into_iter().map(|byte| b'a' + byte % 26).collect()),
        ("noise with a header", [header.as_bytes(), b"\n", &noise(20_000)].concat()),
        ("a table and noise", [plain.as_bytes(), &noise(20_000)].concat()),
        ("base64", text(data_encoding::BASE64.encode(plain.as_bytes()))),
        ("hexadecimal", text(data_encoding::HEXLOWER.encode(plain.as_bytes()))),
        ("quoted-printable", text(plain.replace('@', "=40").replace(',', "=2C"))),
        ("JSON", text(format!("[{{\"email\": {:?}}}]", everybody[15].email))),
        ("JSON lines", text(everybody.iter().map(|person| format!("{{\"email\": {:?}}}\n", person.email)).collect())),
        ("JSON of numbers and texts", text(format!("[1, \"{}\"]\n", everybody[15].email))),
        ("a text in quotes", text(format!("\"{}\"\n", everybody[15].email))),
        (
            "YAML",
            text(everybody.iter().map(|person| format!("- email: {}\n  phone: '{}'\n", person.email, person.phone)).collect()),
        ),
        ("TOML", text(everybody.iter().map(|person| format!("[[person]]\nemail = \"{}\"\n", person.email)).collect())),
        ("INI", text(everybody.iter().map(|person| format!("[{}]\nemail={}\n", person.id, person.email)).collect())),
        ("LDIF", text(everybody.iter().map(|person| format!("dn: cn={}\nmail: {}\n\n", person.id, person.email)).collect())),
        ("XML", text(format!("<?xml version=\"1.0\"?>\n<p>{}</p>\n", everybody[15].email))),
        ("HTML", text(format!("<table><tr><td>{}</td></tr></table>\n", everybody[15].email))),
        ("an SQL script", text(format!("-- dump\nINSERT INTO people VALUES ('{}');\n", everybody[15].email))),
        (
            "an SQL script that begins late",
            text(format!("\n\nSET NAMES utf8;\nINSERT INTO people VALUES ('{}');\n", everybody[15].email)),
        ),
        ("a letter", text(format!("Dear all,\n\nplease write to {}, and be quick.\n\nYours\n", everybody[15].email))),
        (
            "a log",
            text(
                everybody.iter().map(|person| format!("2017-05-05T09:00:00Z INFO sent to={} in 5 ms\n", person.email)).collect(),
            ),
        ),
        ("a card file", text(format!("BEGIN:VCARD\nEMAIL:{}\nEND:VCARD\n", everybody[15].email))),
        (
            "a mailbox",
            text(format!("From x@y.example Fri May  5 09:00:00 2017\nTo: {}\nSubject: hello\n\nHello.\n", everybody[15].email)),
        ),
        ("a mailbox in a table's clothes", text(format!("From,To\nx@y.example,{}\n", everybody[15].email))),
        ("gzip", [b"\x1f\x8b\x08\0".to_vec(), noise(500)].concat()),
        ("a zip archive", [b"PK\x03\x04".to_vec(), noise(500)].concat()),
        ("Parquet", [b"PAR1".to_vec(), noise(500), b"PAR1".to_vec()].concat()),
        ("a PDF document", [b"%PDF-1.7\n".to_vec(), noise(500)].concat()),
        ("an old spreadsheet", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), noise(500)].concat()),
        ("a database that is cut", [b"SQLite format 3\0".to_vec(), noise(500)].concat()),
        ("an encrypted database", noise(8_192)),
        ("a picture", [b"\x89PNG\r\n\x1a\n".to_vec(), noise(500)].concat()),
        ("a program", [b"\x7fELF".to_vec(), noise(500)].concat()),
        (
            "a tar archive",
            [b"people.csv".to_vec(), vec![0; 90], b"0000644\0".to_vec(), plain.as_bytes().to_vec(), vec![0; 1024]].concat(),
        ),
        ("a script", text(format!("#!/bin/sh\nmail {} <letter\n", everybody[15].email))),
    ];
    // The same table cut at every so many bytes: within a name, a quote, a line end.
    let quoted = write(everybody, Style { delimiter: ',', has_header: true, line_ends: &["\r\n"], quoting: 2 });
    for part in 1..=24 {
        files.push(("cut", quoted.as_bytes()[..quoted.len() * part / 25].to_vec()));
        files.push(("cut in UTF-16", utf16(&quoted, true)[..quoted.len() * 2 * part / 25].to_vec()));
    }
    files
}

#[test]
fn no_odd_file_is_passed_over_in_silence() {
    let world = World::asked();
    let everybody = people(&world);
    let everybody: Vec<&Person> = everybody.iter().collect();
    let files = odd_files(&everybody);
    assert!(files.len() >= 200, "{} files", files.len());
    for (number, (_, content)) in files.iter().enumerate() {
        world.case.write(&format!("odd/{number:03}.csv"), content);
    }
    let said = scan(&world, &[]);
    let (mut silent, mut found) = (Vec::new(), 0);
    for (number, (oddity, content)) in files.iter().enumerate() {
        let name = format!("odd/{number:03}.csv");
        // A file may hold several tables, each a target of its own.
        let mut about = Said::default();
        for (_, one) in said.iter().filter(|(target, _)| **target == name || target.starts_with(&format!("{name}#"))) {
            about.records += one.records;
            about.gaps.extend(one.gaps.iter().cloned());
        }
        let said = about;
        found += u64::from(said.records > 0);
        // What holds no record may be read to its end without a word; what was disguised holds it all the same.
        let holds_record = holds(content, &everybody[15].email) || DISGUISED.contains(oddity);
        if holds_record && said.records == 0 && said.gaps.is_empty() {
            silent.push(format!("{name}, {oddity}: {said:?}"));
        }
    }
    assert!(silent.is_empty(), "{} of {}:\n{}", silent.len(), files.len(), silent.join("\n"));
    assert!(found > 90, "the record was found in {found} of {} files only", files.len());
}

/// Odd files in which the record does not stand as plain text.
const DISGUISED: [&str; 9] = [
    "full-width letters",
    "EBCDIC",
    "UTF-32",
    "UTF-32 with a mark",
    "base64",
    "hexadecimal",
    "quoted-printable",
    "noise with a header",
    "a table and noise",
];

/// Whether a text stands in the bytes, as it is or in UTF-16.
fn holds(content: &[u8], text: &str) -> bool {
    [text.as_bytes(), &utf16(text, true), &utf16(text, false)].iter().any(|bytes| memchr::memmem::find(content, bytes).is_some())
}

#[test]
fn what_is_stated_of_a_file_goes_before_what_it_looks_like() {
    let world = World::asked();
    let everybody = people(&world);
    let everybody: Vec<&Person> = everybody.iter().collect();
    let files: BTreeMap<&str, Vec<u8>> = odd_files(&everybody).into_iter().collect();
    for (name, oddity) in [
        ("fixed", "columns of fixed width"),
        ("colon", "a colon for a delimiter"),
        ("polish", "Windows-1250"),
        ("bare", "one row without a header"),
    ] {
        world.case.write(&format!("odd/{name}.txt"), &files[oddity]);
    }
    world.case.write(
        "map.toml",
        "[[target]]\nmatch = \"odd/fixed.txt\"\nwidths = [30, 30, 30, 30, 30, 30, 30, 30, 30]\n\
         [[target]]\nmatch = \"odd/colon.txt\"\ndelimiter = \":\"\n\
         [[target]]\nmatch = \"odd/pol*.txt\"\nencoding = \"windows-1250\"\n\
         [[target]]\nmatch = \"odd/bare.txt\"\ndelimiter = \",\"\nheader = false\n",
    );
    let said = scan(&world, &["--map", "map.toml"]);
    let reading = |name: &str, key: &str| said[&format!("odd/{name}.txt")].reading.get(key).cloned().unwrap_or_default();
    assert_eq!(reading("fixed", "widths"), "30,30,30,30,30,30,30,30,30");
    assert_eq!(reading("colon", "delimiter"), ":");
    assert_eq!(reading("polish", "encoding"), "windows-1250 (stated)");
    assert_eq!(reading("bare", "header"), "no (stated)");
    for name in ["fixed", "colon", "polish"] {
        let said = &said[&format!("odd/{name}.txt")];
        assert_eq!((said.records, said.gaps.len()), (1, 0), "{name}: {said:?}");
    }
    // The same for all files, by flags.
    fs::remove_dir_all(world.case.path("odd")).expect("a folder");
    world.case.write("odd/fixed.txt", &files["columns of fixed width in Latin-1"]);
    let widths = ["30"; 9].join(",");
    let said = scan(&world, &["--widths", &widths, "--encoding", "latin1", "--header", "yes"]);
    let said = &said["odd/fixed.txt"];
    assert_eq!((said.records, said.gaps.len(), said.reading["encoding"].as_str()), (1, 0, "windows-1252 (stated)"), "{said:?}");
}

#[test]
fn what_is_stated_wrongly_is_held_against_the_file() {
    let world = World::asked();
    let everybody = people(&world);
    let everybody: Vec<&Person> = everybody.iter().collect();
    let files: BTreeMap<&str, Vec<u8>> = odd_files(&everybody).into_iter().collect();
    let ends_in = |extra: &[&str], file: &str, content: &[u8], code: &str| {
        let _ = fs::remove_dir_all(world.case.path("odd"));
        world.case.write(&format!("odd/{file}"), content);
        let said = scan(&world, extra);
        let said = &said[&format!("odd/{file}")];
        assert!(said.gaps.iter().any(|gap| gap == code), "{extra:?}: {said:?}");
    };
    ends_in(&["--encoding", "windows-1252"], "a.csv", &files["Windows-1250"], "ambiguous_encoding");
    ends_in(&["--delimiter", ";"], "a.csv", &files["no line end at the end"], "ambiguous_delimiter");
    let fixed = &files["columns of fixed width"];
    for widths in ["30,30,30,30,30,10,50,30,30", "34,34,34,34,34,34,34,16,16"] {
        ends_in(&["--widths", widths], "a.prn", fixed, "doubtful_widths");
    }
    ends_in(&[], "a.csv", &files["a wrong hint for spreadsheets"], "ambiguous_delimiter");
    ends_in(&["--delimiter", ";"], "a.csv", &files["no line end at the end"], "ambiguous_delimiter");
    ends_in(&["--header", "yes"], "a.csv", &files["one row without a header"], "doubtful_header");
    // A file in UTF-8 stays so, whatever is said of all.
    let _ = fs::remove_dir_all(world.case.path("odd"));
    world.case.write("odd/a.csv", &files["no line end at the end"]);
    for encoding in ["windows-1252", "utf-16le"] {
        let said = scan(&world, &["--encoding", encoding]);
        assert_eq!((said["odd/a.csv"].records, said["odd/a.csv"].reading["encoding"].as_str()), (1, "UTF-8"));
    }
}

#[test]
fn an_exclusion_hides_no_gap_of_what_it_does_not_leave_out() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().collect();
    world.database("odd/x.db", |database| {
        for table in ["contacts", "\"old.db\""] {
            create(database, table, "");
            insert(database, table, &own);
        }
    });
    let path = world.case.path("odd/x.db");
    let database = fs::read(&path).expect("a database");
    fs::write(&path, [database.clone(), database].concat()).expect("a longer database");
    world.case.write("map.toml", "[[exclude]]\nmatch = \"odd/*.db\"\nreason = \"old\"\n");
    let said = scan(&world, &["--map", "map.toml"]);
    assert_eq!(said["odd/x.db"].gaps, ["unknown_format"]);
    assert!(said.contains_key("odd/x.db#contacts") && !said.contains_key("odd/x.db#old.db"), "{said:?}");
    world.case.write("map.toml", "[[exclude]]\nmatch = \"odd/x.db#*\"\nreason = \"old\"\n");
    let said = scan(&world, &["--map", "map.toml"]);
    assert!(said.is_empty(), "all of it is left out: {said:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_may_hold_more_files_than_are_usually_open() {
    let world = World::asked();
    let own: Vec<&Person> = world.own.iter().take(1).collect();
    for number in 0..150 {
        world.case.write(&format!("odd/{number}.csv"), csv(&own, ','));
    }
    world.case.write("odd/last.csv", csv(&[&world.supplied[7]], ','));
    let arguments = world.scanning("deletion", "deletion.challenge.json", &["odd"], &["--format", "json"]);
    let scan = world.command(AFTER, &arguments).in_shell("ulimit -S -n 64; exec \"$@\"").run();
    scan.exits_with(11);
    assert!(codes(&scan).iter().all(|code| !code.starts_with("gap:unreadable")), "{}", scan.whole());
}

#[cfg(feature = "columnar")]
#[test]
fn values_that_a_dictionary_kept_of_deleted_rows_are_looked_for() {
    use arrow_array::ArrayRef;
    use arrow_array::DictionaryArray;
    use arrow_array::Int32Array;
    use arrow_array::StringArray;
    use std::sync::Arc;
    let world = World::asked();
    let write = |name: &str, columns: &[(&str, Vec<&str>)], rows: &[i32]| {
        let category = |values: &Vec<&str>| -> ArrayRef {
            let values: ArrayRef = Arc::new(StringArray::from(values.clone()));
            Arc::new(DictionaryArray::new(Int32Array::from(rows.to_vec()), values))
        };
        let columns = columns.iter().map(|(name, values)| (*name, category(values)));
        let batch = arrow_array::RecordBatch::try_from_iter(columns).expect("a batch");
        let mut content = Vec::new();
        let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut content, &batch.schema()).expect("a writer");
        writer.write(&batch).expect("room");
        writer.finish().expect("room");
        drop(writer);
        world.case.write(&format!("odd/{name}.feather"), content);
    };
    let people = [&world.own[0], &world.supplied[7], &world.own[1]];
    let emails = || people.iter().map(|person| person.email.as_str()).collect::<Vec<_>>();
    write("kept", &[("email", emails())], &[0, 2, 0]);
    write("whole", &[("email", vec![emails()[0], emails()[2]])], &[1, 0, 1]);
    write("others", &[("email", vec![emails()[0], emails()[2]])], &[1, 1]);
    // Of names and postcodes alone nobody can be looked for, whatever stands beside them.
    let names = people.iter().map(|person| person.last_name.as_str()).collect();
    let postcodes = people.iter().map(|person| person.postcode.as_str()).collect();
    write("parts", &[("last_name", names), ("postcode", postcodes), ("email", emails())], &[0, 2]);
    let said = scan(&world, &[]);
    let of = |name: &str| said.get(&format!("odd/{name}")).map(|said| (said.records, said.gaps.join(" ")));
    let unused = |name: &str, column: &str| of(&format!("{name}.feather#(values of {column} that no row uses)"));
    assert_eq!(of("kept.feather"), Some((0, String::new())), "{said:?}");
    assert_eq!(unused("kept", "email"), Some((1, String::new())), "{said:?}");
    assert_eq!(of("whole.feather"), Some((0, String::new())), "{said:?}");
    assert_eq!(unused("whole", "email"), None, "{said:?}");
    assert_eq!(unused("others", "email"), Some((0, String::new())), "{said:?}");
    assert_eq!(of("parts.feather"), Some((0, String::new())), "{said:?}");
    assert_eq!(unused("parts", "email"), Some((1, String::new())), "{said:?}");
    assert_eq!(unused("parts", "last_name"), Some((0, "no_key".to_owned())), "{said:?}");
    assert_eq!(unused("parts", "postcode"), Some((0, "no_key".to_owned())), "{said:?}");
}

/// Tables whose first row names people, and forms: each tells that somebody may be in it, and prints nobody's name.
#[test]
fn people_are_no_names_of_columns() {
    let world = World::asked();
    let everybody = people(&world);
    let (one, other) = (&everybody[15], &everybody[3]);
    let (mine, theirs) = (one.full_name(), other.full_name());
    let (town, age) = ("Town,Leeds", "Age,40\nScore,12\nPoints,7\nBonus,9");
    let files = [
        ("form.csv", format!("Name:,{mine}\nMail:,{}\nPostcode:,{}\nBorn:,{}\n", one.email, one.postcode, one.cells()[7])),
        ("pairs.csv", format!("Name,{mine},{town}\n1,2,3,4\n5,6,7,8\n")),
        ("numbers.csv", format!("Name,{mine}\n{age}\n")),
        ("across.csv", format!("Day,{mine},{theirs}\n2020-01-01,1,0\n2020-01-02,0,1\n")),
        ("across.tsv", format!("Day\t{mine}\t{theirs}\tTotal\n2020-01-01\t1\t0\t1\n2020-01-02\t0\t1\t1\n")),
        (
            "surnames.csv",
            format!("Day,\"{}, {}\",\"{}, {}\"\n1,2,3\n4,5,6\n", one.last_name, one.first_name, other.last_name, "M."),
        ),
    ];
    for (name, content) in &files {
        world.case.write(&format!("odd/{name}"), content);
    }
    let said = scan(&world, &[]);
    let silent: Vec<_> = said.iter().filter(|(_, said)| said.gaps.is_empty() && said.records == 0).collect();
    assert!(silent.is_empty() && said.len() == files.len(), "{said:?}");
    // What is stated makes a header of no form.
    let forms = &files[..2];
    for (name, content) in forms {
        world.case.write(&format!("stated/{name}"), content);
    }
    let scan = world.scan("deletion", "deletion.challenge.json", &["stated"], &["--header", "yes", "--format", "json"]);
    let json = scan.json();
    let doubted: Vec<_> = json["coverage"]["gaps"].as_array().expect("gaps").iter().map(|gap| &gap["target"]).collect();
    assert!(forms.iter().all(|(name, _)| doubted.iter().any(|target| **target == *format!("stated/{name}"))), "{doubted:?}");
    world.case.never_prints(CANARY);
    world.case.never_prints(HERON);
    // One name among many of columns goes unnamed, unless these are stated.
    let (name, content) = ("odd/lone.csv", "Id,Region,Lorem Ipsum\n1,2,3\n4,5,6\n");
    world.case.write(name, content);
    let columns = |extra: &[&str]| world.run(AFTER, &[&["inspect", name, "--format", "json"], extra].concat()).whole();
    assert!(!columns(&[]).contains("Lorem Ipsum") && columns(&[]).contains("column_3"));
    assert!(columns(&["--header", "yes"]).contains("Lorem Ipsum"));
}

/// Headers of ordinary tables are in no doubt, whatever two words with capitals stand in them.
#[test]
fn ordinary_headers_are_names_of_columns() {
    let world = World::asked();
    let headers = [
        "Region,Account Manager,Total Sales,Net Margin",
        "Week,Black Friday,Cyber Monday,Opening Hours",
        "Country,Life Expectancy,Gross Profit,Marital Status",
        "Id,First Name,Customer Since,Date of Birth",
        "No,Home Address,Mother Maiden Name,Job Title",
        "Id,Email,Phone,Shoe Colour",
        "Country,Lorem Ipsum,Rain,Snow",
    ];
    for (number, header) in headers.iter().enumerate() {
        world.case.write(&format!("odd/{number}.csv"), format!("{header}\n1,2,3,4\n5,6,7,8\n9,10,11,12\n"));
    }
    let said = scan(&world, &[]);
    assert_eq!(said.len(), headers.len());
    for (name, said) in &said {
        let reading = said.reading.get("header").map_or("", String::as_str);
        assert!(!said.gaps.contains(&"doubtful_header".to_owned()) && reading == "yes", "{name}: {said:?}");
    }
}

/// Objects whose members are called after people are no single row, and name no column.
#[test]
fn names_of_members_are_no_names_of_columns() {
    let world = World::asked();
    let everybody = people(&world);
    let of = |name: &dyn Fn(&Person) -> String, value: &dyn Fn(&Person) -> String| {
        let members: Vec<String> =
            everybody[10..20].iter().map(|person| format!("{:?}: {}", name(person), value(person))).collect();
        format!("{{{}}}", members.join(",\n"))
    };
    let record = |person: &Person| format!("{{\"first_name\": {:?}, \"postcode\": {:?}}}", person.first_name, person.postcode);
    let postcode = |person: &Person| format!("{:?}", person.postcode);
    let whole = |person: &Person| format!("{{\"email\": {:?}, \"postcode\": {:?}}}", person.email, person.postcode);
    let files = [
        ("surnames.json", of(&|person| person.last_name.clone(), &record), 1),
        ("nested.json", format!("{{\"version\": 1, \"all\": {}}}", of(&|person| person.last_name.clone(), &record)), 1),
        ("postcodes.json", of(&Person::full_name, &postcode), 1),
        ("found.json", of(&|person| person.last_name.clone(), &whole), 1),
    ];
    for (name, content, _) in &files {
        world.case.write(&format!("odd/{name}"), content);
    }
    // Names that look like those of columns stay ones, and are no less read as data.
    world.case.write("odd/small.json", of(&|person| "abcdefghijklmnop"[person.id % 10..][..5].to_owned(), &record));
    let said = scan(&world, &[]);
    for (name, _, records) in &files {
        let said = &said[&format!("odd/{name}")];
        assert!(said.records == *records && (said.records > 0 || !said.gaps.is_empty()), "{name}: {said:?}");
    }
    assert!(said.contains_key("odd/small.json"), "{said:?}");
}
