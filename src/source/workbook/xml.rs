//! The events of a part in XML, one at a time and none of them beyond bounds.

use super::package::PartReader;
use super::table::Halt;
use crate::source::ProblemCode;
use crate::support::progress::Cancel;
use quick_xml::Reader;
use quick_xml::errors::Error;
use quick_xml::events::BytesRef;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use std::borrow::Cow;
use std::io::BufReader;

/// The most bytes of one event: a tag, or the text between two.
const LONGEST_EVENT: u64 = 48 << 20;

/// The most bytes of an element's name.
const LONGEST_NAME: usize = 4_096;

/// The most elements that may lie within each other.
const DEEPEST: usize = 1_000;

/// Reads a part as XML.
pub(super) struct Xml<'a, 'p> {
    reader: Reader<&'a mut BufReader<PartReader<'p>>>,
    buffer: Vec<u8>,
    depth: usize,
    cancel: Cancel,
}

impl<'a, 'p> Xml<'a, 'p> {
    pub(super) fn new(part: &'a mut BufReader<PartReader<'p>>, cancel: &Cancel) -> Self {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().check_end_names = true;
        reader.config_mut().allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), depth: 0, cancel: cancel.clone() }
    }

    /// Is lenient with elements that are not closed, as in drawings of an older kind.
    pub(super) fn lenient(&mut self) {
        let config = self.reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
    }

    /// The next event. The end of the part within an element is a fault.
    pub(super) fn next(&mut self) -> Result<Event<'_>, Halt> {
        self.reader.get_mut().get_mut().event_left = LONGEST_EVENT;
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => return Err(fault(&error, &self.cancel)),
        };
        match &event {
            // The names of open elements are kept.
            Event::Start(element) if element.name().as_ref().len() > LONGEST_NAME => {
                return Err(Halt::failed("the name of an element of XML is too long"));
            }
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Eof if self.depth > 0 && self.reader.config().check_end_names => {
                return Err(Halt::Fault(ProblemCode::CutShort, "the XML ends within an element".to_owned()));
            }
            _ => {}
        }
        if self.depth > DEEPEST {
            return Err(Halt::failed(format!("more than {DEEPEST} elements of XML lie within each other")));
        }
        Ok(event)
    }

    /// Passes over all that lies in the element whose start was the last event.
    pub(super) fn skip(&mut self) -> Result<(), Halt> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.next()?, Event::Eof) {
                break;
            }
        }
        Ok(())
    }
}

fn fault(error: &Error, cancel: &Cancel) -> Halt {
    match error {
        Error::Io(error) => Halt::of_io(error, cancel),
        Error::Syntax(_) => Halt::failed("the XML breaks off or is damaged"),
        Error::Encoding(_) => Halt::failed("the XML holds bytes that are no text"),
        _ => Halt::failed("the XML is damaged"),
    }
}

/// An attribute by its name without a prefix.
pub(super) fn attribute<'a>(element: &'a BytesStart<'_>, name: &str) -> Option<Cow<'a, str>> {
    let found = element.attributes().with_checks(false).flatten().find(|attribute| local(attribute.key.as_ref()) == name)?;
    Some(unescaped(found.value))
}

/// The value of an attribute with its references resolved.
pub(super) fn unescaped(value: Cow<'_, str>) -> Cow<'_, str> {
    if !value.contains('&') {
        return value;
    }
    match quick_xml::escape::unescape(&value) {
        Ok(text) => Cow::Owned(text.into_owned()),
        Err(_) => value,
    }
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Adds the text of an event, where it is one.
pub(super) fn push_text(text: &mut String, event: &Event<'_>) -> Result<(), Halt> {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(&part.xml10_content()),
        Event::GeneralRef(reference) => text.push(character(reference)?),
        _ => {}
    }
    Ok(())
}

/// The character that a reference stands for.
fn character(reference: &BytesRef<'_>) -> Result<char, Halt> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Ok(character);
    }
    match reference.xml10_content().as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        "nbsp" => Ok(' '),
        _ => Err(Halt::failed("the XML refers to an entity that it does not define")),
    }
}
