//! The name of an encoding, as a person states it.

/// An encoding whose text can be told into lines and cells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Label {
    pub(super) coding: &'static encoding_rs::Encoding,
    /// It is said of this very file, rather than of all that are read.
    pub(super) is_of_one: bool,
}

impl Label {
    /// The encoding of a label of the Encoding Standard (<https://encoding.spec.whatwg.org/#names-and-labels>): `utf-8`, `utf-16le`,
    /// `windows-1252`, `latin1` and so on. `None` for what is none, or cannot be read in parts, as ISO-2022-JP.
    pub(crate) fn parse(text: &str) -> Option<Label> {
        let coding = encoding_rs::Encoding::for_label(text.as_bytes())?;
        let is_wide = coding == encoding_rs::UTF_16LE || coding == encoding_rs::UTF_16BE;
        let is_text = coding != encoding_rs::REPLACEMENT && coding != encoding_rs::X_USER_DEFINED;
        (is_wide || (is_text && coding.is_ascii_compatible())).then_some(Label { coding, is_of_one: false })
    }

    /// The same, said of one file.
    pub(crate) fn of_one_file(self) -> Label {
        Label { is_of_one: true, ..self }
    }

    /// Its name, as the Encoding Standard writes it.
    pub(super) fn name(self) -> &'static str {
        self.coding.name()
    }
}
