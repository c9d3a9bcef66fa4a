//! The pieces of a script, one after another, from a file of any size: what is quoted, commented or sent through `COPY` may be cut anywhere by
//! the chunks in which the file is read.

use super::dialect::Dialect;
use crate::source::batch::LONGEST_ROW;
use crate::source::file::OpenedFile;
use crate::source::file::io_reason;
use memchr::memchr;
use memchr::memchr2;
use memchr::memmem;

/// The most bytes of one piece that are kept: a text of the greatest length with each byte written as two, and some to spare.
const LONGEST_PIECE: usize = 2 * LONGEST_ROW + (1 << 20);

/// Bytes that are kept of a line that is a command.
const LONGEST_LINE: usize = 1 << 16;

/// How pieces are told apart at a place of the script.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Rules {
    pub(super) dialect: Dialect,
    /// A backslash escapes what follows it in a text.
    pub(super) escapes: bool,
    /// Nothing says whether it does.
    pub(super) is_doubtful: bool,
    /// What ends a statement; `;` unless the script says otherwise.
    pub(super) delimiter: Vec<u8>,
}

/// What sort of piece it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A bare word.
    Word,
    Number,
    /// Between single quotes.
    Text,
    /// Between single quotes, with backslashes that escape: `E'…'`.
    Escaped,
    /// Between double quotes: a name, or a text.
    Quoted,
    /// A name between backticks or brackets.
    Name,
    /// Between two tags with dollars.
    Dollar,
    Comment,
    /// The end of a statement.
    Stop,
    /// Any other byte.
    Mark(u8),
    /// The end of what is read.
    End,
}

/// A piece in the buffer; it stays there until the next is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    start: usize,
    end: usize,
    /// Nothing stands before it on its line.
    pub(super) is_first: bool,
    /// What closes it is missing.
    pub(super) is_open: bool,
    /// It was too long to be kept: only its beginning and its end are there.
    pub(super) is_long: bool,
}

impl Token {
    pub(super) fn is(self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// What a look at the buffer found.
enum Look {
    Piece(Kind, usize, bool),
    /// The piece goes on behind the buffer; up to this place nothing of it has to be looked at again.
    More(Kind, usize),
    /// A byte that is passed over like a blank: a mark of a comment that is executed.
    Blank(usize),
}

/// Reads pieces from a range of a file.
pub(super) struct Lexer<'a> {
    input: Input<'a>,
    /// Bytes that are read at once.
    chunk: usize,
    pub(super) buffer: Vec<u8>,
    /// The place of the buffer in the file.
    base: u64,
    /// The next byte of the buffer.
    pub(super) at: usize,
    end: u64,
    pub(super) rules: Rules,
    /// Why reading broke off.
    pub(super) failed: Option<String>,
    /// The file ended before it should.
    pub(super) is_short: bool,
}

/// What is read.
enum Input<'a> {
    File(&'a OpenedFile),
    /// Everything is in the buffer.
    Nothing,
}

impl<'a> Lexer<'a> {
    /// From `start` to `end` of a file.
    pub(super) fn new(file: &'a OpenedFile, start: u64, end: u64, rules: Rules, chunk: usize) -> Self {
        Self {
            input: Input::File(file),
            chunk: chunk.max(1),
            buffer: Vec::new(),
            base: start,
            at: 0,
            end,
            rules,
            failed: None,
            is_short: false,
        }
    }

    /// Of a text in memory.
    pub(super) fn of_text(text: &[u8], rules: Rules) -> Lexer<'static> {
        Lexer {
            input: Input::Nothing,
            chunk: 1,
            buffer: text.to_vec(),
            base: 0,
            at: 0,
            end: text.len() as u64,
            rules,
            failed: None,
            is_short: false,
        }
    }

    /// The place in the file of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The place in the file of a piece.
    pub(super) fn offset_of(&self, token: Token) -> u64 {
        self.base + token.start as u64
    }

    /// The bytes of a piece.
    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        self.buffer.get(token.start..token.end).unwrap_or_default()
    }

    /// What was read since a place of the file, where all of it is still in the buffer.
    pub(super) fn since(&self, offset: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        self.buffer.get(start..self.at)
    }

    /// Goes back to before a piece that was just read.
    pub(super) fn put_back(&mut self, token: Token) {
        self.at = token.start;
    }

    /// Whether a piece is a bare word, in any case.
    pub(super) fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Word && self.bytes(token).eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether nothing is left to read beyond the buffer.
    fn is_filled(&self) -> bool {
        self.base + self.buffer.len() as u64 >= self.end || self.failed.is_some() || self.is_short
    }

    /// Reads on, and drops what lies before `keep`, which moves to the beginning of the buffer.
    fn fill(&mut self, keep: usize) {
        self.buffer.drain(..keep);
        self.base += keep as u64;
        self.at = self.at.saturating_sub(keep);
        let Input::File(file) = self.input else { return };
        let filled = self.buffer.len();
        let left = self.end.saturating_sub(self.base + filled as u64);
        // A long piece is not read by small steps.
        let wanted = self.chunk.max(filled / 2).min(usize::try_from(left).unwrap_or(usize::MAX));
        self.buffer.resize(filled + wanted, 0);
        let read = file.read_at(&mut self.buffer[filled..], self.base + filled as u64);
        self.buffer.truncate(filled + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(0) if wanted > 0 => self.is_short = true,
            Ok(_) => {}
            Err(error) => self.failed = Some(io_reason(&error)),
        }
        if self.buffer.capacity() > 8 * self.chunk.max(1 << 16) && self.buffer.len() <= 2 * self.chunk {
            self.buffer.shrink_to(2 * self.chunk);
        }
    }

    /// The next piece.
    pub(super) fn token(&mut self) -> Token {
        let mut is_first = self.at == 0 && self.base == 0 || self.at > 0 && self.buffer[self.at - 1] == b'\n';
        loop {
            while let Some(byte) = self.buffer.get(self.at) {
                match byte {
                    b'\n' => is_first = true,
                    b' ' | b'\t' | b'\r' | 0x0b | 0x0c | 0 | 0x1a => {}
                    // A byte order mark, where scripts were joined.
                    0xef if self.buffer[self.at..].starts_with(b"\xef\xbb\xbf") => self.at += 2,
                    _ => break,
                }
                self.at += 1;
            }
            let start = self.at;
            if start >= self.buffer.len() {
                if self.is_filled() {
                    return Token { kind: Kind::End, start, end: start, is_first, is_open: false, is_long: false };
                }
                self.fill(start);
                continue;
            }
            if let Some(token) = self.piece(is_first) {
                return token;
            }
        }
    }

    /// The next piece that is no comment. Comments are shown to `comment`.
    pub(super) fn next(&mut self, mut comment: impl FnMut(&[u8])) -> Token {
        let mut is_first = false;
        loop {
            let mut token = self.token();
            is_first |= token.is_first;
            if token.kind != Kind::Comment {
                token.is_first = is_first;
                return token;
            }
            comment(self.bytes(token));
        }
    }

    /// The piece that begins here; `None`: a blank was passed over.
    fn piece(&mut self, is_first: bool) -> Option<Token> {
        let (mut known, mut is_long) = (None, false);
        loop {
            let start = self.at;
            match self.look(start, known) {
                Look::Blank(length) => {
                    self.at += length;
                    return None;
                }
                Look::Piece(kind, length, is_open) => {
                    self.at = start + length;
                    return Some(Token { kind, start, end: self.at, is_first, is_open, is_long });
                }
                Look::More(kind, resume) => {
                    let mut resume = resume;
                    let length = self.buffer.len() - start;
                    if length > LONGEST_PIECE {
                        // The beginning says what it is, and is kept; what follows it is dropped.
                        is_long = true;
                        let head = 64.min(resume);
                        self.buffer.drain(start + head..start + resume);
                        // Places in the file are told by the buffer's end from now on.
                        self.base += (resume - head) as u64;
                        resume = head;
                    }
                    known = Some((kind, resume));
                    self.fill(start);
                }
            }
        }
    }

    /// Looks at the piece that begins at a place of the buffer, of which a beginning may be known.
    fn look(&self, start: usize, known: Option<(Kind, usize)>) -> Look {
        let text = &self.buffer[start..];
        let is_last = self.is_filled();
        if let Some((kind, resume)) = known
            && resume > 0
        {
            return self.rest(text, kind, resume, is_last);
        }
        let delimiter = self.rules.delimiter.as_slice();
        if text.starts_with(delimiter) {
            return Look::Piece(Kind::Stop, delimiter.len(), false);
        }
        // Two bytes tell what most pieces are, more what a comment is.
        if !is_last && text.len() < delimiter.len().max(12) {
            return Look::More(Kind::End, 0);
        }
        let (dialect, next) = (self.rules.dialect, text.get(1).copied());
        match text[0] {
            b'\'' => self.rest(text, Kind::Text, 1, is_last),
            b'e' | b'E' if next == Some(b'\'') && dialect.has_escape_texts() => self.rest(text, Kind::Escaped, 2, is_last),
            b'"' => self.rest(text, Kind::Quoted, 1, is_last),
            b'`' => self.rest(text, Kind::Name, 1, is_last),
            b'[' if dialect.has_brackets(next) => self.rest(text, Kind::Name, 1, is_last),
            b'-' if next == Some(b'-') && dialect.is_dash_comment(text.get(2).copied()) => {
                self.rest(text, Kind::Comment, 2, is_last)
            }
            b'#' if dialect.has_hash_comments() => self.rest(text, Kind::Comment, 1, is_last),
            b'/' if next == Some(b'*') => match dialect.executed(text) {
                Some(length) => Look::Blank(length),
                None => self.rest(text, Kind::Comment, 2, is_last),
            },
            b'*' if next == Some(b'/') && dialect.has_executed() => Look::Blank(2),
            b'$' if dialect.has_dollars() && next.is_some_and(|next| next == b'$' || is_letter(next)) => {
                let tag = text[1..].iter().position(|byte| !is_letter(*byte) && !byte.is_ascii_digit()).map(|length| length + 1);
                match tag {
                    Some(end) if text[end] == b'$' => self.rest(text, Kind::Dollar, end + 1, is_last),
                    None if !is_last && text.len() < 1 << 10 => Look::More(Kind::Dollar, 0),
                    _ => Look::Piece(Kind::Mark(b'$'), 1, false),
                }
            }
            first if is_letter(first) || matches!(first, b'@') => self.rest(text, Kind::Word, 1, is_last),
            first if first.is_ascii_digit() || (first == b'.' && next.is_some_and(|next| next.is_ascii_digit())) => {
                self.rest(text, Kind::Number, 1, is_last)
            }
            other => Look::Piece(Kind::Mark(other), 1, false),
        }
    }

    /// Looks for the end of a piece from a place within it.
    fn rest(&self, text: &[u8], kind: Kind, from: usize, is_last: bool) -> Look {
        let open = |resume: usize| if is_last { Look::Piece(kind, text.len(), true) } else { Look::More(kind, resume) };
        match kind {
            Kind::Word => {
                let has_dollars = self.rules.delimiter.first() != Some(&b'$');
                let ends = |byte: &u8| !is_of_word(*byte) || (*byte == b'$' && !has_dollars);
                match text[from..].iter().position(ends) {
                    Some(length) => Look::Piece(kind, from + length, false),
                    None if is_last => Look::Piece(kind, text.len(), false),
                    None => Look::More(kind, text.len()),
                }
            }
            Kind::Number => {
                let mut at = from;
                while let Some(byte) = text.get(at) {
                    let is_sign = matches!(byte, b'+' | b'-') && matches!(text[at - 1], b'e' | b'E') && !text.starts_with(b"0x");
                    if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign) {
                        return Look::Piece(kind, at, false);
                    }
                    at += 1;
                }
                if is_last { Look::Piece(kind, at, false) } else { Look::More(kind, at) }
            }
            Kind::Text | Kind::Escaped | Kind::Quoted | Kind::Name => {
                let (quote, escapes) = match (kind, text[0]) {
                    (Kind::Text, _) => (b'\'', self.rules.escapes),
                    (Kind::Escaped, _) => (b'\'', true),
                    (Kind::Quoted, _) => (b'"', self.rules.escapes && self.rules.dialect.has_quoted_texts()),
                    (_, b'[') => (b']', false),
                    _ => (b'`', false),
                };
                match end_of_quoted(text, from, quote, escapes, is_last) {
                    Ok(end) => Look::Piece(kind, end, false),
                    Err(resume) => open(resume),
                }
            }
            Kind::Dollar => {
                let tag_end = memchr(b'$', &text[1..]).map_or(1, |end| end + 2);
                let (tag, from) = (&text[..tag_end], from.max(tag_end));
                match memmem::find(&text[from..], tag) {
                    Some(at) => Look::Piece(kind, from + at + tag.len(), false),
                    None => open(text.len().saturating_sub(tag.len()).max(from)),
                }
            }
            Kind::Comment if text.starts_with(b"/*") => self.end_of_comment(text, from, is_last),
            // A comment to the end of the line needs none at the end of the file.
            _ => match memchr(b'\n', &text[from..]) {
                Some(length) => Look::Piece(kind, from + length, false),
                None if is_last => Look::Piece(kind, text.len(), false),
                None => Look::More(kind, text.len()),
            },
        }
    }

    /// The end of a comment between `/*` and `*/`. They nest in one dialect; there it is looked at from its beginning each time.
    fn end_of_comment(&self, text: &[u8], from: usize, is_last: bool) -> Look {
        let nests = self.rules.dialect == Dialect::Postgres;
        let (mut depth, mut at) = (1_usize, if nests { 2 } else { from.max(2) });
        while let Some(next) = memchr2(b'*', b'/', &text[at..]).map(|offset| at + offset) {
            match (text[next], text.get(next + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    if depth == 0 {
                        return Look::Piece(Kind::Comment, next + 2, false);
                    }
                    at = next + 2;
                }
                (b'/', Some(b'*')) if nests => {
                    depth += 1;
                    at = next + 2;
                }
                _ => at = next + 1,
            }
        }
        if is_last { Look::Piece(Kind::Comment, text.len(), true) } else { Look::More(Kind::Comment, text.len() - 1) }
    }

    /// The rest of the line, which ends behind it.
    pub(super) fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        loop {
            let rest = &self.buffer[self.at..];
            let end = memchr(b'\n', rest);
            let length = end.unwrap_or(rest.len());
            line.extend_from_slice(&rest[..length.min(LONGEST_LINE.saturating_sub(line.len()))]);
            self.at += length + usize::from(end.is_some());
            if end.is_some() || self.is_filled() {
                return line.trim_ascii_end().to_owned();
            }
            self.fill(self.at);
        }
    }

    /// Makes the next bytes up to the end of a line stand in the buffer, and says where it is: behind its break, or at the end of what is read.
    /// `None`: the line is longer than `most`.
    pub(super) fn line_end(&mut self, most: usize) -> Option<(usize, bool)> {
        let mut from = self.at;
        loop {
            if let Some(length) = memchr(b'\n', &self.buffer[from..]) {
                return Some((from + length, true));
            }
            if self.is_filled() {
                return Some((self.buffer.len(), false));
            }
            if self.buffer.len() - self.at > most {
                return None;
            }
            let looked_at = self.buffer.len() - self.at;
            self.fill(self.at);
            from = looked_at;
        }
    }

    /// Passes over bytes up to the break of the line, without keeping any; whether there is one.
    pub(super) fn skip_line(&mut self) -> bool {
        loop {
            if let Some(length) = memchr(b'\n', &self.buffer[self.at..]) {
                self.at += length + 1;
                return true;
            }
            self.at = self.buffer.len();
            if self.is_filled() {
                return false;
            }
            self.fill(self.at);
        }
    }

    /// Reads on where little is left in the buffer; whether anything is left at all.
    pub(super) fn more(&mut self) -> bool {
        if self.at >= self.buffer.len() && !self.is_filled() {
            self.fill(self.at);
        }
        self.at < self.buffer.len()
    }
}

/// Where a quoted text ends, looked for from a place within it; `Err`: not before the end of what is there.
pub(super) fn end_of_quoted(text: &[u8], from: usize, quote: u8, escapes: bool, is_last: bool) -> Result<usize, usize> {
    let mut at = from;
    loop {
        let found = if escapes { memchr2(quote, b'\\', &text[at..]) } else { memchr(quote, &text[at..]) };
        let Some(next) = found.map(|offset| at + offset) else { return Err(text.len()) };
        if text[next] == quote {
            match text.get(next + 1) {
                Some(byte) if *byte == quote => at = next + 2,
                Some(_) => return Ok(next + 1),
                None if is_last => return Ok(next + 1),
                None => return Err(next),
            }
        } else if next + 1 < text.len() {
            at = next + 2;
        } else {
            return Err(next);
        }
    }
}

/// Whether a byte may stand within a bare word.
pub(super) fn is_of_word(byte: u8) -> bool {
    is_letter(byte) || byte.is_ascii_digit() || matches!(byte, b'$' | b'@' | b'#')
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}
