//! The encodings that scripts declare, by the names that the databases have for them.

use super::dialect::Dialect;
use encoding_rs::Encoding;
use std::borrow::Cow;

/// How the texts of a part of the script are encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Coding {
    pub(super) encoding: &'static Encoding,
    /// The script or a person says so.
    pub(super) is_declared: bool,
}

impl Coding {
    pub(super) const UTF_8: Coding = Coding { encoding: encoding_rs::UTF_8, is_declared: false };

    pub(super) fn is_utf8(self) -> bool {
        self.encoding == encoding_rs::UTF_8
    }

    /// A text, and whether its bytes were understood.
    pub(super) fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        // Old programs stored the bytes of UTF-8 as Western European text. No such text is valid UTF-8 otherwise, but by the oddest chance.
        if (self.is_utf8() || self.encoding == encoding_rs::WINDOWS_1252)
            && let Ok(text) = str::from_utf8(bytes)
        {
            return (Cow::Borrowed(text), true);
        }
        let (text, is_flawed) = self.encoding.decode_without_bom_handling(bytes);
        let is_late = |character: char| ('\u{80}'..='\u{9f}').contains(&character);
        let is_whole = !is_flawed && (self.is_utf8() || !text.contains(is_late));
        (text, is_whole)
    }
}

/// What a declared name comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Declared {
    Known(&'static Encoding),
    /// Bytes of any encoding.
    Bytes,
    /// Nothing that this program knows.
    Unknown,
}

/// The encoding of a name, as the database of a dialect has it.
pub(super) fn declared(name: &str, dialect: Dialect) -> Declared {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let label = match plain.as_str() {
        "utf8" | "unicode" | "utf8mb3" | "utf8mb4" | "ascii" => "utf-8",
        "sqlascii" | "binary" | "muleinternal" => return Declared::Bytes,
        "latin1" | "win1252" | "windows1252" | "cp1252" => "windows-1252",
        "latin5" => "windows-1254",
        "latin7" => "iso-8859-13",
        "latin2" => "iso-8859-2",
        "latin3" => "iso-8859-3",
        "latin4" => "iso-8859-4",
        "latin6" => "iso-8859-10",
        "latin8" => "iso-8859-14",
        "latin9" => "iso-8859-15",
        "latin10" => "iso-8859-16",
        "greek" => "iso-8859-7",
        "hebrew" => "iso-8859-8",
        "koi8" | "koi8r" => "koi8-r",
        "koi8u" => "koi8-u",
        "win866" | "alt" | "cp866" => "ibm866",
        "win874" | "tis620" => "windows-874",
        "macroman" => "macintosh",
        "sjis" | "cp932" | "shiftjis" | "mskanji" | "win932" | "shiftjis2004" => "shift_jis",
        "ujis" | "eucjpms" | "eucjp" | "eucjis2004" => "euc-jp",
        "euckr" | "uhc" | "win949" => "euc-kr",
        "euccn" | "gb2312" | "gbk" | "win936" => "gbk",
        "gb18030" => "gb18030",
        "big5" | "win950" => "big5",
        _ => "",
    };
    // `windows-1250` and its kin go by several names.
    let page = ["windows", "win", "cp"].iter().find_map(|start| plain.strip_prefix(start)).filter(|page| page.starts_with("125"));
    let iso = plain.strip_prefix("iso8859").filter(|_| dialect != Dialect::Mysql).map(|part| format!("iso-8859-{part}"));
    let found = match (page, iso) {
        _ if !label.is_empty() => Encoding::for_label(label.as_bytes()),
        (Some(page), _) => Encoding::for_label(format!("windows-{page}").as_bytes()),
        (_, Some(iso)) => Encoding::for_label(iso.as_bytes()),
        _ => None,
    };
    found.map_or(Declared::Unknown, Declared::Known)
}

/// Whether a byte that looks like ASCII may be a part of another character, so that quotes cannot be told in the bytes.
pub(super) fn hides_ascii(encoding: &'static Encoding) -> bool {
    [encoding_rs::SHIFT_JIS, encoding_rs::GBK, encoding_rs::GB18030, encoding_rs::BIG5].contains(&encoding)
}

/// An encoding that hides ASCII, where the beginning of a script declares one.
pub(super) fn hiding(head: &[u8], dialect: Dialect) -> Option<&'static Encoding> {
    head.split(|byte| *byte == b'\n').take(2_000).find_map(|line| {
        let line = String::from_utf8_lossy(&line[..line.len().min(200)]).to_lowercase();
        let at = ["set names ", "client_encoding", "character_set_client"]
            .iter()
            .find_map(|word| Some(line.find(word)? + word.len()))?;
        let line = line[at..].trim_start_matches(|byte: char| byte.is_whitespace() || matches!(byte, '=' | '\'' | '"'));
        let name: String = line.chars().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, '_' | '-')).collect();
        match declared(&name, dialect) {
            Declared::Known(encoding) => hides_ascii(encoding).then_some(encoding),
            _ => None,
        }
    })
}
