//! What a value of a statement is: a literal in any of its many forms, or an expression of literals that dumps are known to hold.

use super::coding::Declared;
use super::coding::declared;
use super::dialect::Dialect;
use super::lexer::Kind;
use super::lexer::Lexer;
use super::lexer::Token;
use super::literal::Escapes;
use super::literal::unescape;
use super::literal::unicode_escapes;
use super::row::Cell;
use super::row::Row;
use crate::source::batch::LONGEST_ROW;
use jiff::ToSpan;
use memchr::memchr;

/// Expressions within expressions that are followed.
const DEEPEST: usize = 32;

/// Reads a value and what ends it, a comma or a parenthesis, and says which; `None`: the row has no end.
pub(super) fn read(lexer: &mut Lexer<'_>, row: &mut Row) -> Option<u8> {
    let start = row.text.len();
    let mut value = Value { lexer, backslashes: false };
    if row.cells.is_empty() && value.takes(b')') {
        return Some(b')');
    }
    let mut cell = value.expression(&mut row.text, 0);
    let mut end = value.lexer.next(|_| {});
    row.backslashes |= value.backslashes;
    let mut depth = 0_usize;
    loop {
        match end.kind {
            Kind::Mark(b',' | b')') if depth == 0 => break,
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth -= 1,
            Kind::Stop | Kind::End => {
                lexer.put_back(end);
                row.text.truncate(start);
                return None;
            }
            _ => {}
        }
        cell = Cell::Unclear;
        end = lexer.next(|_| {});
    }
    row.end(cell, start);
    Some(if end.is(b',') { b',' } else { b')' })
}

/// Reads expressions from a script.
struct Value<'a, 'f> {
    lexer: &'a mut Lexer<'f>,
    backslashes: bool,
}

impl Value<'_, '_> {
    fn next(&mut self) -> Token {
        self.lexer.next(|_| {})
    }

    /// Whether the next piece is this mark, which is then taken.
    fn takes(&mut self, mark: u8) -> bool {
        let token = self.next();
        if !token.is(mark) {
            self.lexer.put_back(token);
        }
        token.is(mark)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let token = self.next();
        let is_word = self.lexer.is_word(token, word);
        if !is_word {
            self.lexer.put_back(token);
        }
        is_word
    }

    /// Adds the value of an expression to `out`, up to what does not belong to it.
    fn expression(&mut self, out: &mut Vec<u8>, depth: usize) -> Cell {
        if depth > DEEPEST {
            return Cell::Unclear;
        }
        let start = out.len();
        let mut cell = self.primary(out, depth);
        loop {
            if out.len() - start > 2 * LONGEST_ROW {
                out.truncate(start);
                cell = Cell::TooLong;
            }
            let token = self.next();
            match token.kind {
                Kind::Text | Kind::Escaped | Kind::Quoted if matches!(cell, Cell::Text | Cell::Bytes) => {
                    let more = self.literal(token, out);
                    if more != Cell::Text {
                        cell = more;
                    }
                }
                Kind::Mark(mark @ (b'|' | b':')) => {
                    // What was read before another piece cannot be put back.
                    if !self.takes(mark) {
                        return Cell::Unclear;
                    }
                    if mark == b'|' {
                        cell = self.joined(cell, out, start, depth);
                    } else {
                        let name = self.type_name();
                        cell = cast(cell, &name, out, start);
                    }
                }
                Kind::Mark(b'+') if cell == Cell::Text => cell = self.joined(cell, out, start, depth),
                Kind::Word if self.lexer.is_word(token, "collate") => {
                    self.next();
                    while self.takes(b'.') {
                        self.next();
                    }
                }
                _ => {
                    self.lexer.put_back(token);
                    return cell;
                }
            }
        }
    }

    /// Two texts that become one.
    fn joined(&mut self, left: Cell, out: &mut Vec<u8>, start: usize, depth: usize) -> Cell {
        let middle = out.len();
        let right = self.primary(out, depth + 1);
        let is_text = |cell| matches!(cell, Cell::Text | Cell::Unicode);
        match (left, right) {
            (Cell::Null, _) | (_, Cell::Null) => {
                out.truncate(start);
                Cell::Null
            }
            (left, right) if is_text(left) && is_text(right) => {
                // What was made up is in UTF-8; beside ASCII that makes no difference.
                if left == right || out[start..middle].is_ascii() {
                    right
                } else if out[middle..].is_ascii() {
                    left
                } else {
                    Cell::Unclear
                }
            }
            _ => Cell::Unclear,
        }
    }

    fn primary(&mut self, out: &mut Vec<u8>, depth: usize) -> Cell {
        let token = self.next();
        match token.kind {
            Kind::Text | Kind::Escaped | Kind::Quoted | Kind::Dollar => self.literal(token, out),
            Kind::Number => self.number(token, false, out),
            Kind::Mark(b'-' | b'+') => {
                let number = self.next();
                if number.kind == Kind::Number {
                    return self.number(number, token.is(b'-'), out);
                }
                self.lexer.put_back(number);
                Cell::Unclear
            }
            Kind::Mark(b'(') => {
                let cell = self.expression(out, depth + 1);
                if self.takes(b')') { cell } else { self.give_up() }
            }
            Kind::Word => self.word(token, out, depth),
            _ => {
                self.lexer.put_back(token);
                Cell::Unclear
            }
        }
    }

    /// Passes over what is left within a parenthesis.
    fn give_up(&mut self) -> Cell {
        let mut depth = 1_usize;
        loop {
            let token = self.next();
            match token.kind {
                Kind::Mark(b'(') => depth += 1,
                Kind::Mark(b')') => depth -= 1,
                Kind::Stop | Kind::End => {
                    self.lexer.put_back(token);
                    return Cell::Unclear;
                }
                _ => {}
            }
            if depth == 0 {
                return Cell::Unclear;
            }
        }
    }

    /// Adds the content of a quoted text.
    fn literal(&mut self, token: Token, out: &mut Vec<u8>) -> Cell {
        if token.is_long {
            return Cell::TooLong;
        }
        if token.is_open {
            return Cell::Unclear;
        }
        let rules = &self.lexer.rules;
        let bytes = self.lexer.bytes(token);
        match token.kind {
            Kind::Dollar => {
                let tag = memchr(b'$', &bytes[1..]).map_or(0, |end| end + 2);
                out.extend_from_slice(bytes.get(tag..bytes.len().saturating_sub(tag)).unwrap_or_default());
            }
            Kind::Escaped => unescape(&bytes[2..bytes.len() - 1], b'\'', Escapes::Postgres, out),
            _ => {
                let quote = bytes[0];
                let escapes = match (rules.dialect, rules.escapes && (quote == b'\'' || rules.dialect.has_quoted_texts())) {
                    (_, false) => Escapes::None,
                    (Dialect::Postgres, true) => Escapes::Postgres,
                    _ => Escapes::Mysql,
                };
                let content = &bytes[1..bytes.len() - 1];
                self.backslashes |= rules.is_doubtful && memchr(b'\\', content).is_some();
                unescape(content, quote, escapes, out);
            }
        }
        Cell::Text
    }

    fn number(&mut self, token: Token, is_negative: bool, out: &mut Vec<u8>) -> Cell {
        if token.is_long {
            return Cell::TooLong;
        }
        let dialect = self.lexer.rules.dialect;
        let bytes = self.lexer.bytes(token);
        if let Some(digits) = bytes.strip_prefix(b"0x").or_else(|| bytes.strip_prefix(b"0X")) {
            return hexadecimal(digits, out);
        }
        if !bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-' | b'_')) {
            return Cell::Unclear;
        }
        let start = out.len();
        if is_negative {
            out.push(b'-');
        }
        out.extend_from_slice(bytes);
        plain_number(out, start, dialect);
        Cell::Text
    }

    fn word(&mut self, token: Token, out: &mut Vec<u8>, depth: usize) -> Cell {
        if token.is_long {
            return Cell::Unclear;
        }
        let word = String::from_utf8_lossy(self.lexer.bytes(token)).to_ascii_lowercase();
        match word.as_str() {
            "null" => return Cell::Null,
            "default" => return Cell::Default,
            "true" | "false" | "inf" | "infinity" | "nan" => {
                out.extend_from_slice(word.as_bytes());
                return Cell::Text;
            }
            _ => {}
        }
        let next = self.next();
        let is_text = matches!(next.kind, Kind::Text | Kind::Escaped | Kind::Quoted);
        match word.as_str() {
            "n" if next.kind == Kind::Text => return self.literal(next, out),
            "x" if next.kind == Kind::Text => return self.digits(next, out),
            "b" if next.kind == Kind::Text => return self.bits(next, out),
            "u" if next.is(b'&') => {
                let text = self.next();
                if text.kind == Kind::Text {
                    return self.unicode(text, b"", out);
                }
                self.lexer.put_back(text);
                return Cell::Unclear;
            }
            "date" | "time" | "timestamp" | "timestamptz" | "datetime" if next.kind == Kind::Text => {
                return self.literal(next, out);
            }
            _ if word.starts_with('_') => return self.introduced(&word, next, out),
            _ if is_text && self.lexer.rules.dialect == Dialect::Postgres => return self.literal(next, out),
            _ => {}
        }
        if next.is(b'(') {
            return self.function(&word, out, depth);
        }
        self.lexer.put_back(next);
        Cell::Unclear
    }

    /// A literal whose character set is named before it.
    fn introduced(&mut self, word: &str, next: Token, out: &mut Vec<u8>) -> Cell {
        let start = out.len();
        let cell = match next.kind {
            Kind::Text | Kind::Quoted => self.literal(next, out),
            Kind::Number => self.number(next, false, out),
            Kind::Word if self.lexer.is_word(next, "x") => {
                let text = self.next();
                if text.kind == Kind::Text { self.digits(text, out) } else { Cell::Unclear }
            }
            _ => {
                self.lexer.put_back(next);
                Cell::Unclear
            }
        };
        if !matches!(cell, Cell::Text | Cell::Bytes) {
            return cell;
        }
        match declared(&word[1..], Dialect::Mysql) {
            Declared::Known(encoding) => {
                let (text, is_flawed) = encoding.decode_without_bom_handling(&out[start..]);
                if is_flawed {
                    return Cell::Bytes;
                }
                let text = text.into_owned();
                out.truncate(start);
                out.extend_from_slice(text.as_bytes());
                Cell::Unicode
            }
            Declared::Bytes => Cell::Bytes,
            Declared::Unknown if word.starts_with("_utf16") || word.starts_with("_utf32") || word.starts_with("_ucs2") => {
                Cell::Bytes
            }
            Declared::Unknown => Cell::Unclear,
        }
    }

    /// The digits of `X'…'`.
    fn digits(&mut self, token: Token, out: &mut Vec<u8>) -> Cell {
        if token.is_long || token.is_open {
            return Cell::TooLong;
        }
        let bytes = self.lexer.bytes(token);
        hexadecimal(&bytes[1..bytes.len() - 1], out)
    }

    /// The digits of `b'…'`: a number, or text as it stands.
    fn bits(&mut self, token: Token, out: &mut Vec<u8>) -> Cell {
        let bytes = self.lexer.bytes(token);
        let digits = bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default();
        if token.is_long || token.is_open || !digits.iter().all(|digit| matches!(digit, b'0' | b'1')) {
            return Cell::Unclear;
        }
        if self.lexer.rules.dialect == Dialect::Mysql {
            if digits.len() > 64 {
                return Cell::Unclear;
            }
            let number = digits.iter().fold(0_u64, |number, digit| (number << 1) | u64::from(digit - b'0'));
            out.extend_from_slice(number.to_string().as_bytes());
            // A number already, and no bytes of one.
            return Cell::Unicode;
        }
        out.extend_from_slice(digits);
        Cell::Text
    }

    /// A text with characters as `\0041` and `\+000041`, or with `u` before the digits too (`\u0041`).
    fn unicode(&mut self, token: Token, marks: &[u8], out: &mut Vec<u8>) -> Cell {
        let mut plain = Vec::new();
        if token.is_long || token.is_open {
            return Cell::TooLong;
        }
        let bytes = self.lexer.bytes(token);
        unescape(&bytes[1..bytes.len() - 1], b'\'', Escapes::None, &mut plain);
        match unicode_escapes(&String::from_utf8_lossy(&plain), marks) {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Cell::Unicode
            }
            None => Cell::Unclear,
        }
    }

    /// A function behind its opening parenthesis.
    fn function(&mut self, name: &str, out: &mut Vec<u8>, depth: usize) -> Cell {
        let start = out.len();
        let cell = match name {
            "cast" | "try_cast" => {
                let cell = self.expression(out, depth + 1);
                if !self.takes_word("as") {
                    return self.give_up();
                }
                let name = self.type_name();
                cast(cell, &name, out, start)
            }
            "convert" | "try_convert" => {
                if self.lexer.rules.dialect == Dialect::SqlServer {
                    let name = self.type_name();
                    if !self.takes(b',') {
                        return self.give_up();
                    }
                    let cell = self.expression(out, depth + 1);
                    if self.takes(b',') {
                        self.expression(&mut Vec::new(), depth + 1);
                    }
                    cast(cell, &name, out, start)
                } else {
                    let cell = self.expression(out, depth + 1);
                    if self.takes_word("using") || self.takes(b',') {
                        self.type_name();
                    }
                    cell
                }
            }
            "replace" => self.replaced(out, depth),
            "char" | "chr" | "nchar" => {
                let mut text = Vec::new();
                loop {
                    let mut number = Vec::new();
                    let cell = self.expression(&mut number, depth + 1);
                    let code = str::from_utf8(&number).ok().and_then(|number| number.parse().ok()).and_then(char::from_u32);
                    let Some(code) = code.filter(|_| cell == Cell::Text) else { return self.give_up() };
                    text.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
                    if !self.takes(b',') {
                        break;
                    }
                }
                let is_ascii = text.is_ascii();
                out.append(&mut text);
                if is_ascii { Cell::Text } else { Cell::Unicode }
            }
            "unistr" => {
                let token = self.next();
                if token.kind == Kind::Text {
                    self.unicode(token, b"uU", out)
                } else {
                    self.lexer.put_back(token);
                    Cell::Unclear
                }
            }
            "from_base64" | "unhex" => {
                let mut text = Vec::new();
                let cell = self.expression(&mut text, depth + 1);
                text.retain(|byte| !byte.is_ascii_whitespace());
                match (cell, name) {
                    (Cell::Text, "unhex") => hexadecimal(&text, out),
                    (Cell::Text, _) => match data_encoding::BASE64.decode(&text) {
                        Ok(bytes) => {
                            out.extend_from_slice(&bytes);
                            Cell::Bytes
                        }
                        Err(_) => Cell::Unclear,
                    },
                    (cell, _) => cell,
                }
            }
            // The form of a date that stands there is told by its column, as in any other source.
            "to_date" | "to_timestamp" | "str_to_date" | "date" | "datetime" => {
                let cell = self.expression(out, depth + 1);
                while self.takes(b',') {
                    self.expression(&mut Vec::new(), depth + 1);
                }
                if cell == Cell::Text { cell } else { Cell::Unclear }
            }
            _ => return self.give_up(),
        };
        if self.takes(b')') { cell } else { self.give_up() }
    }

    /// `replace(text, what, with)`, by which one program writes line breaks.
    fn replaced(&mut self, out: &mut Vec<u8>, depth: usize) -> Cell {
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for (place, part) in parts.iter_mut().enumerate() {
            if place > 0 && !self.takes(b',') {
                return Cell::Unclear;
            }
            if self.expression(part, depth + 1) != Cell::Text {
                return Cell::Unclear;
            }
        }
        let [text, what, with] = parts;
        let (mut rest, mut length) = (text.as_slice(), text.len());
        while let Some(at) = memchr::memmem::find(rest, &what).filter(|_| !what.is_empty()) {
            length += with.len();
            if length > 2 * LONGEST_ROW {
                return Cell::TooLong;
            }
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(&with);
            rest = &rest[at + what.len()..];
        }
        out.extend_from_slice(rest);
        Cell::Text
    }

    /// A type's name, in lower case, up to what does not belong to it.
    fn type_name(&mut self) -> String {
        let mut name = String::new();
        loop {
            let token = self.next();
            let word = String::from_utf8_lossy(self.lexer.bytes(token)).to_ascii_lowercase();
            let is_more =
                ["varying", "precision", "with", "without", "time", "zone", "unsigned", "signed"].contains(&word.as_str());
            match token.kind {
                Kind::Word if name.is_empty() || name.ends_with('.') || is_more => {
                    if !name.is_empty() && !name.ends_with('.') {
                        name.push(' ');
                    }
                    name.push_str(&word);
                }
                Kind::Name | Kind::Quoted if name.is_empty() || name.ends_with('.') => {
                    name.push_str(word.trim_matches(['"', '`', '[', ']']));
                }
                Kind::Mark(b'.') => name.push('.'),
                Kind::Mark(b'(') if !name.is_empty() => {
                    self.give_up();
                }
                Kind::Mark(b'[') if !name.is_empty() => {
                    while !matches!(self.next().kind, Kind::Mark(b']') | Kind::End | Kind::Stop) {}
                    name.push_str("[]");
                }
                _ => {
                    self.lexer.put_back(token);
                    return name;
                }
            }
        }
    }
}

/// What a value is after it was cast to a type.
fn cast(cell: Cell, name: &str, out: &mut Vec<u8>, start: usize) -> Cell {
    let name = name.rsplit('.').next().unwrap_or_default();
    let is_moment = name.starts_with("datetime") || name.starts_with("timestamp") || name == "smalldatetime";
    match cell {
        Cell::Text if name == "bytea" => match out[start..].strip_prefix(b"\\x").map(<[u8]>::to_vec) {
            Some(digits) => {
                out.truncate(start);
                hexadecimal(&digits, out)
            }
            None => cell,
        },
        Cell::Text if is_moment && out.get(start + 10) == Some(&b'T') => {
            out[start + 10] = b' ';
            cell
        }
        Cell::Bytes if is_moment || name == "date" || name == "time" => match packed_moment(&out[start..], name) {
            Some(text) => {
                out.truncate(start);
                out.extend_from_slice(text.as_bytes());
                Cell::Text
            }
            None => Cell::Unclear,
        },
        _ => cell,
    }
}

/// A moment as SQL Server's scripts have it in hexadecimal.
fn packed_moment(bytes: &[u8], name: &str) -> Option<String> {
    let since = |year: i16, days: i64| jiff::civil::date(year, 1, 1).checked_add(days.days()).ok();
    match (name, bytes) {
        ("datetime", [_, _, _, _, rest @ ..]) if rest.len() == 4 => {
            let day = since(1900, i64::from(i32::from_be_bytes(bytes[..4].try_into().ok()?)))?;
            let ticks = u64::from(u32::from_be_bytes(rest.try_into().ok()?));
            let (seconds, thousandths) = (ticks / 300, (ticks % 300 * 10 + 1) / 3);
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let fraction = if thousandths == 0 { String::new() } else { format!(".{thousandths:03}") };
            (hours < 24).then(|| format!("{day} {hours:02}:{minutes:02}:{:02}{fraction}", seconds % 60))
        }
        ("smalldatetime", [a, b, c, d]) => {
            let day = since(1900, i64::from(u16::from_be_bytes([*a, *b])))?;
            let minutes = u16::from_be_bytes([*c, *d]);
            (minutes < 1440).then(|| format!("{day} {:02}:{:02}:00", minutes / 60, minutes % 60))
        }
        ("date", [a, b, c]) => since(1, i64::from(u32::from_le_bytes([*a, *b, *c, 0]))).map(|day| day.to_string()),
        _ => None,
    }
}

/// Adds bytes that are written in hexadecimal.
fn hexadecimal(digits: &[u8], out: &mut Vec<u8>) -> Cell {
    if digits.len() / 2 > 2 * LONGEST_ROW {
        return Cell::TooLong;
    }
    let mut even = Vec::new();
    let digits = if digits.len() % 2 == 1 {
        even.push(b'0');
        even.extend_from_slice(digits);
        &even
    } else {
        digits
    };
    match data_encoding::HEXLOWER_PERMISSIVE.decode(digits) {
        Ok(bytes) => {
            out.extend_from_slice(&bytes);
            Cell::Bytes
        }
        Err(_) => Cell::Unclear,
    }
}

/// Whole numbers without point and exponent, as a person would have typed them.
pub(super) fn plain_number(out: &mut Vec<u8>, start: usize, dialect: Dialect) {
    let number = &out[start..];
    let has_exponent = number.iter().any(|byte| matches!(byte, b'e' | b'E'));
    let is_real = matches!(dialect, Dialect::Sqlite | Dialect::SqlServer) && number.contains(&b'.');
    if !has_exponent && !is_real {
        return;
    }
    let Some(real) = str::from_utf8(number).ok().and_then(|number| number.parse::<f64>().ok()) else { return };
    if real.is_finite() && (has_exponent || number.ends_with(b".0")) && (real == 0.0 || (1e-5..1e17).contains(&real.abs())) {
        out.truncate(start);
        out.extend_from_slice(real.to_string().as_bytes());
    }
}

/// Reads a value behind `=`, and takes the comma behind it where there is one, which it says.
pub(super) fn assigned(lexer: &mut Lexer<'_>, row: &mut Row) -> bool {
    let start = row.text.len();
    let mut value = Value { lexer, backslashes: false };
    let mut cell = value.expression(&mut row.text, 0);
    row.backslashes |= value.backslashes;
    let mut depth = 0_usize;
    let is_more = loop {
        let token = lexer.next(|_| {});
        match token.kind {
            Kind::Mark(b',') if depth == 0 => break true,
            Kind::Stop | Kind::End => {
                lexer.put_back(token);
                break false;
            }
            // `ON DUPLICATE KEY UPDATE …` and `RETURNING …` belong to no value.
            Kind::Word if depth == 0 && (lexer.is_word(token, "on") || lexer.is_word(token, "returning")) => {
                lexer.put_back(token);
                break false;
            }
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        cell = Cell::Unclear;
    };
    row.end(cell, start);
    is_more
}
