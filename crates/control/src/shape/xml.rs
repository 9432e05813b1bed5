//! Bytes to elements.
//!
//! Only what requests are made of: elements and text. Attributes, comments and processing instructions are passed
//! over; namespaces and prefixes mean nothing. There are no document types and so no entities but XML's own five.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::Fault;
use super::path::{quoted, shortened};
use super::scalar::is_xml;

/// Elements can be nested this deep. The deepest of the API's own bodies stays far below.
pub const MAX_DEPTH: usize = 32;

/// A body has no more elements than this. A distribution with all its quotas used up has a few thousand.
pub const MAX_ELEMENTS: usize = 20_000;

/// An element without what nobody asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name, without a prefix.
    pub(super) name: String,
    /// All text directly in it, as it was before it was escaped, with line ends as XML reads them.
    pub(super) text: String,
    /// The elements directly in it.
    pub(super) children: Vec<Self>,
}

/// Reads a body; says `None` if there is nothing in it.
pub(super) fn parse(body: &[u8]) -> Result<Option<Element>, Fault> {
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_matches(BLANKS).is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        let before = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            // It may quote what it met, however long that is.
            Err(error) => return Err(at(reader.error_position(), &shortened(&error.to_string()))),
        };
        if matches!(event, Event::Eof) {
            return tree.finished(before).map(Some);
        }
        tree.take(event, before == 0).map_err(|wrong| at(before, &wrong))?;
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn at(position: u64, wrong: &str) -> Fault {
    Fault::malformed(format!("The body is not the XML it should be; at byte {position}: {wrong}"))
}

fn not_utf8(body: &[u8], error: std::str::Utf8Error) -> Fault {
    let hint = match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] => "; it looks like UTF-16",
        _ => "",
    };
    at(error.valid_up_to() as u64, &format!("only UTF-8 is read here, and this is not{hint}"))
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, is_first: bool) -> Result<(), String> {
        match event {
            Event::Start(start) => self.begin(&start),
            Event::Empty(start) => {
                self.begin(&start)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(resolved(&reference)?.encode_utf8(&mut [0; 4])),
            Event::Decl(declaration) if is_first => declared(&declaration),
            Event::Decl(_) => Err("an XML declaration can only be the very first".to_owned()),
            Event::DocType(_) => Err("document types are not read here".to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.count += 1;
        if self.count > MAX_ELEMENTS {
            return Err(format!("there are more than {MAX_ELEMENTS} elements"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("elements are nested deeper than {MAX_DEPTH}"));
        }
        if self.root.is_some() {
            return Err("there is a second root element".to_owned());
        }
        let name = start.local_name().into_inner().to_owned();
        self.open.push(Element { name, ..Element::default() });
        Ok(())
    }

    /// The reader has seen that the names agree.
    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if let Some(bad) = text.chars().find(|c| !is_xml(*c)) {
            return Err(format!("the character U+{:04X} can't be part of XML", u32::from(bad)));
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim_matches(BLANKS).is_empty() => {}
            None => return Err(format!("{} is outside of the root element", quoted(text))),
        }
        Ok(())
    }

    fn finished(self, position: u64) -> Result<Element, Fault> {
        match (self.open.last(), self.root) {
            (Some(open), _) => Err(at(position, &format!("{} is not closed", quoted(&open.name)))),
            (None, Some(root)) => Ok(root),
            (None, None) => Err(at(position, "there is no element")),
        }
    }
}

fn declared(declaration: &BytesDecl<'_>) -> Result<(), String> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") => Ok(()),
        Some(Ok(name)) => Err(format!("only UTF-8 is read here, and this says it is {}", quoted(&name))),
        Some(Err(_)) => Err("the XML declaration can't be read".to_owned()),
    }
}

fn resolved(reference: &BytesRef<'_>) -> Result<char, String> {
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        name => match reference.resolve_char_ref() {
            Ok(Some(c)) => Ok(c),
            _ => Err(format!("{} stands for nothing", quoted(&format!("&{name};")))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> String {
        parse(body.as_bytes()).unwrap().unwrap().text
    }

    fn wrong(body: impl AsRef<[u8]>) -> String {
        let fault = parse(body.as_ref()).unwrap_err();
        assert_eq!(fault.code, "MalformedXML");
        fault.message.split_once(": ").unwrap().1.to_owned()
    }

    #[test]
    fn elements_and_text_are_all_that_is_left() {
        let body = "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<!-- a --><x:a b='1' xmlns:x='y'>1<?p q?>\
                    <x:b/><![CDATA[<&]]><!-- > -->2<b>3</b></x:a>\n<!-- b -->";
        let b = |text: &str| Element { name: "b".to_owned(), text: text.to_owned(), children: Vec::new() };
        let a = Element { name: "a".to_owned(), text: "1<&2".to_owned(), children: vec![b(""), b("3")] };
        assert_eq!(parse(body.as_bytes()), Ok(Some(a)));
    }

    #[test]
    fn text_is_what_xml_says_it_is() {
        assert_eq!(text("<a>\r\n x\ry \n</a>"), "\n x\ny \n");
        assert_eq!(text("<a>&#13;&#xA;&lt;&gt;&amp;&apos;&quot;&#x1F600;</a>"), "\r\n<>&'\"\u{1F600}");
        assert_eq!(text("<a>x<b>y</b>z</a>"), "xz");
    }

    #[test]
    fn nothing_is_not_an_element() {
        for body in ["", " \r\n\t", "\u{feff}\n"] {
            assert_eq!(parse(body.as_bytes()), Ok(None));
        }
        assert_eq!(wrong("<?xml version='1.0'?> "), "there is no element");
        assert_eq!(wrong("<!-- a -->"), "there is no element");
    }

    #[test]
    fn no_entity_is_ever_defined() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;</a>";
        assert_eq!(wrong(bomb), "document types are not read here");
        assert_eq!(wrong("<a>&b;</a>"), "\"&b;\" stands for nothing");
        for reference in ["&#0;", "&#x110000;", "&#xd800;", "&#;", "&#1;"] {
            let _ = wrong(format!("<a>{reference}</a>"));
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for body in [
            "a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>b",
            "<a",
            "<a>&</a>",
            "<a>\u{1}</a>",
            "<a>\u{ffff}</a>",
        ] {
            let _ = wrong(body);
        }
        assert_eq!(wrong("<a><b></b>"), "\"a\" is not closed");
        assert_eq!(wrong(" <?xml version='1.0'?><a/>"), "an XML declaration can only be the very first");
    }

    #[test]
    fn only_utf8_is_read() {
        let latin = "only UTF-8 is read here, and this says it is \"ISO-8859-1\"";
        assert_eq!(wrong("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), latin);
        assert_eq!(wrong(b"<a>\xe9</a>"), "only UTF-8 is read here, and this is not");
        let utf16 = "only UTF-8 is read here, and this is not; it looks like UTF-16";
        assert_eq!(wrong(b"\xff\xfe<\0a\0"), utf16);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(wrong(nested(MAX_DEPTH + 1)), "elements are nested deeper than 32");
        let row = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        assert!(parse(row(MAX_ELEMENTS).as_bytes()).is_ok());
        assert_eq!(wrong(row(MAX_ELEMENTS + 1)), "there are more than 20000 elements");
    }
}
