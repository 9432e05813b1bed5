//! Where requests of HTTP/1 begin and end, seen on the wire before hyper reads them.
//!
//! hyper is lenient where RFC 9112 lets it be: it drops `Content-Length` beside `Transfer-Encoding` without a word, and
//! takes a bare LF for the end of a line. A proxy in front of us that reads the same bytes differently would see other
//! requests in them than we do (request smuggling). So what can be read in two ways is not passed on: hyper gets a byte
//! in its place that it refuses.
//!
//! ```text
//!   Head ──empty line──▶ Head               no body
//!    ▲ │ └─────────────▶ Sized ──▶ Head     Content-Length
//!    │ └───────────────▶ ChunkSize ─▶ Chunk ─▶ ChunkEnd ─▶ ChunkSize … ─▶ Trailers ─▶ Head
//! ```

/// Bytes of a line that are kept: the names and values that say how long a body is fit in.
const KEPT: usize = 64;
/// Digits of a length, decimal or hexadecimal, that fit in 64 bits whatever they are.
const DIGITS: usize = 16;

/// Follows the bytes of a connection.
pub(super) struct Framing {
    state: State,
    line: Line,
    /// Whether the line that says what is wanted was there.
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Clone, Copy)]
enum State {
    Head,
    Sized(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
}

/// A place that can be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ambiguous {
    /// The bytes in front of it, which can't.
    pub(super) sound: usize,
    /// Whether it is in the head of a request, where an answer says so; in a body it is too late for that.
    pub(super) in_head: bool,
}

/// The beginning of a line.
struct Line {
    kept: [u8; KEPT],
    length: usize,
    /// Whether its last byte was a CR.
    cr: bool,
}

impl Framing {
    pub(super) fn new() -> Self {
        let line = Line { kept: [0; KEPT], length: 0, cr: false };
        Self { state: State::Head, line, begun: false, length: None, chunked: false }
    }

    /// Follows the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Ambiguous> {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.state {
                State::Sized(left) | State::Chunk(left) => self.skip(left, bytes.len() - at),
                _ if !self.line.cr && !is_end(bytes[at]) => self.line.push(&bytes[at..]),
                _ => {
                    let in_head = matches!(self.state, State::Head);
                    self.end(bytes[at]).ok_or(Ambiguous { sound: at, in_head })?;
                    1
                }
            };
        }
        Ok(())
    }

    /// Passes over a body, as far as it is there.
    fn skip(&mut self, left: u64, there: usize) -> usize {
        let skipped = left.min(there as u64);
        self.state = match (self.state, left - skipped) {
            (State::Sized(_), 0) => State::Head,
            (State::Sized(_), left) => State::Sized(left),
            (_, 0) => State::ChunkEnd,
            (_, left) => State::Chunk(left),
        };
        skipped as usize
    }

    /// A byte of a line's end: CR LF, neither of which stands elsewhere.
    fn end(&mut self, byte: u8) -> Option<()> {
        match (self.line.cr, byte) {
            (true, b'\n') => {
                self.state = self.line_ended()?;
                self.line.length = 0;
                self.line.cr = false;
            }
            (false, b'\r') => self.line.cr = true,
            _ => return None,
        }
        Some(())
    }

    fn line_ended(&mut self) -> Option<State> {
        let line = &self.line;
        let empty = line.length == 0;
        match self.state {
            // Some clients write an empty line behind a body.
            State::Head if empty && !self.begun => Some(State::Head),
            State::Head if empty => self.head_ended(),
            State::Head if !self.begun => {
                self.begun = true;
                Some(State::Head)
            }
            State::Head => self.field(),
            State::ChunkSize => match line.chunk_size()? {
                0 => Some(State::Trailers),
                size => Some(State::Chunk(size)),
            },
            State::ChunkEnd => empty.then_some(State::ChunkSize),
            State::Trailers if empty => Some(State::Head),
            state => Some(state),
        }
    }

    fn head_ended(&mut self) -> Option<State> {
        self.begun = false;
        match (self.length.take(), std::mem::take(&mut self.chunked)) {
            (Some(_), true) => None,
            (None, true) => Some(State::ChunkSize),
            (Some(length @ 1..), false) => Some(State::Sized(length)),
            (_, false) => Some(State::Head),
        }
    }

    /// A line of a head that says something.
    fn field(&mut self) -> Option<State> {
        let (name, value) = self.line.field()?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = value?;
            if self.length.is_some() {
                return None;
            }
            self.length = Some(number(value, 10)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let chunked = value?.eq_ignore_ascii_case(b"chunked");
            if !chunked || self.chunked {
                return None;
            }
            self.chunked = true;
        }
        Some(State::Head)
    }
}

impl Line {
    /// Adds bytes up to the line's end; the result is how many.
    fn push(&mut self, bytes: &[u8]) -> usize {
        let bytes = bytes.split(|byte| is_end(*byte)).next().unwrap_or_default();
        let place = self.kept.get_mut(self.length..).unwrap_or_default();
        let fits = bytes.len().min(place.len());
        place[..fits].copy_from_slice(&bytes[..fits]);
        self.length += bytes.len();
        bytes.len()
    }

    /// The line, as far as it is kept.
    fn kept(&self) -> &[u8] {
        &self.kept[..self.length.min(KEPT)]
    }

    /// Its name, and its value unless that is too long to be kept. Nothing stands in front of a name, and only the colon
    /// behind it.
    fn field(&self) -> Option<(&[u8], Option<&[u8]>)> {
        let kept = self.kept();
        // The fields that matter here have short names.
        let Some(colon) = kept.iter().position(|byte| *byte == b':') else {
            return (self.length > KEPT && !is_blank(kept[0])).then_some((kept, None));
        };
        let (name, value) = (&kept[..colon], kept[colon + 1..].trim_ascii());
        let sound = name.iter().all(|byte| !is_blank(*byte));
        sound.then_some((name, (self.length <= KEPT).then_some(value)))
    }

    /// The size in front of a chunk. Extensions say nothing to anybody, and hyper bounds them.
    fn chunk_size(&self) -> Option<u64> {
        let size = self.kept().split(|byte| *byte == b';').next()?;
        number(size.trim_ascii_end(), 16)
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A number of digits only: Rust's own reading would take a sign.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let digits = (1..=DIGITS).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit);
    digits.then(|| u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// A request to which these lines belong.
    fn request(lines: &str, body: &str) -> String {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n{body}")
    }

    /// Where it becomes ambiguous, in however many pieces it comes.
    fn judged(bytes: &str) -> Result<(), Ambiguous> {
        let whole = Framing::new().take(bytes.as_bytes());
        let mut framing = Framing::new();
        let pieces = bytes.bytes().enumerate().try_for_each(|(sound, byte)| {
            framing.take(&[byte]).map_err(|fault| Ambiguous { sound: sound + fault.sound, ..fault })
        });
        assert_eq!(whole, pieces, "{bytes:?}");
        whole
    }

    #[test]
    fn requests_follow_each_other_with_bodies_of_every_kind() {
        let chunks = "5;a=\"b\"\r\nGET /\r\nA \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        for one in [
            request("", ""),
            request("Content-Length: 0\r\n", ""),
            request("content-length:\t5 \r\n", "\n\n\n\n\n"),
            request("Transfer-Encoding: Chunked\r\n", chunks),
            request(&format!("Cookie: {}\r\n", "x".repeat(9000)), ""),
            request(&format!("{}: x\r\n", "x".repeat(9000)), ""),
            format!("\r\n{}", request("", "")),
        ] {
            assert_eq!(judged(&[one.as_str(), NEXT, &one, NEXT].concat()), Ok(()), "{one}");
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_never_ends() {
        for lines in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length : 5\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding:\x0bchunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            " Transfer-Encoding: chunked\r\n",
            "X: y\r\n folded\r\n",
            "X: y\nZ: z\r\n",
            "X: y\rZ: z\r\n",
            "X: y\r\r\n",
            "no colon\r\n",
            "\n",
        ] {
            let fault = judged(&request(lines, "")).expect_err(lines);
            assert!(fault.in_head && fault.sound < request(lines, "").len(), "{lines:?}");
        }
        let far = format!("Content-Length:{}5\r\n", " ".repeat(100));
        assert!(judged(&request(&far, "")).is_err());
    }

    #[test]
    fn chunks_that_can_be_read_in_two_ways_are_found() {
        for body in [
            "5\n",
            "5;\n\r\n",
            "5;a=b\rc\r\n",
            "0x5\r\n",
            "+5\r\n",
            " 5\r\n",
            "\r\n",
            ";\r\n",
            "10000000000000000\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "0\r\nX: y\nZ: z\r\n\r\n",
        ] {
            let bytes = request("Transfer-Encoding: chunked\r\n", body);
            assert!(judged(&bytes).is_err_and(|fault| !fault.in_head), "{body:?}");
        }
    }
}
