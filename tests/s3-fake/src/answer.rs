//! Decides what to answer, and sends it, well or badly.

use crate::fault::Fault;
use crate::request::Request;
use bytes::Bytes;
use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Bytes written at once.
const PIECE: usize = 64 * 1024;

/// A stored object.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) content: Bytes,
    pub(crate) tag: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// A complete answer, and how its sending ends.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: Bytes,
    chunked: bool,
    ending: Ending,
    pace: Option<(usize, Duration)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Never,
    Stall(u64),
    Cut(u64),
    Reset(u64),
}

impl Answer {
    /// What `request` gets, with `fault`.
    pub(crate) fn new(request: &Request, stored: Option<&Stored>, fault: Option<&Fault>) -> Self {
        if let Some(Fault::Status { status, code }) = fault {
            return Self::error(*status, code, "as told");
        }
        if matches!(fault, Some(Fault::Silent)) {
            return Self { ending: Ending::Never, ..Self::error(500, "Silent", "") };
        }
        if request.method != "GET" {
            return Self::error(405, "MethodNotAllowed", "only GET");
        }
        let Some(stored) = stored else { return Self::error(404, "NoSuchKey", "there is none") };
        let other_tag = matches!(fault, Some(Fault::OtherTag));
        if !other_tag && request.if_match.as_ref().is_some_and(|tag| *tag != stored.tag) {
            return Self::error(412, "PreconditionFailed", "another version");
        }
        let length = stored.content.len() as u64;
        match &request.range {
            Some(_) if matches!(fault, Some(Fault::IgnoreRange)) => Self::content(stored, None, fault),
            Some(range) if range.start >= length => Self::error(416, "InvalidRange", "behind the end"),
            Some(range) => Self::content(stored, Some(range.start..range.end.min(length)), fault),
            None => Self::content(stored, None, fault),
        }
    }

    /// An error document.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let message = message.replace('&', "&amp;").replace('<', "&lt;");
        let text =
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
        let head = format!("HTTP/1.1 {status} -\r\nContent-Type: application/xml\r\n");
        let body = text.into();
        Self { status, head, body, chunked: false, ending: Ending::Whole, pace: None }
    }

    fn content(stored: &Stored, range: Option<Range<u64>>, fault: Option<&Fault>) -> Self {
        let length = stored.content.len() as u64;
        let status = if range.is_some() { 206 } else { 200 };
        let mut head = format!("HTTP/1.1 {status} -\r\nAccept-Ranges: bytes\r\n");
        let mut bytes = range.clone().unwrap_or(0..length);
        if let Some(Fault::ShiftedRange { by }) = fault {
            bytes = (bytes.start + by).min(length - 1)..(bytes.end + by).min(length);
        }
        if range.is_some() {
            line(&mut head, "Content-Range", &format!("bytes {}-{}/{length}", bytes.start, bytes.end - 1));
        }
        match fault {
            Some(Fault::NoTag) => {}
            Some(Fault::OtherTag) => line(&mut head, "ETag", "\"other\""),
            _ => line(&mut head, "ETag", &stored.tag),
        }
        stored.headers.iter().for_each(|(name, value)| line(&mut head, name, value));
        let mut body = stored.content.slice(bytes.start as usize..bytes.end as usize);
        if let Some(Fault::LongLength { extra } | Fault::LongBody { extra }) = fault {
            body = [&body[..], &vec![0xEE; *extra as usize]].concat().into();
        }
        let chunked = matches!(fault, Some(Fault::LongBody { .. }));
        Self { status, head, body, chunked, ending: ending(fault), pace: pace(fault) }
    }

    /// Sends it. Whether the connection can be used on is the answer; `sent` is told each piece of the body.
    pub(crate) async fn send(
        mut self,
        stream: &mut TcpStream,
        mut sent: impl FnMut(u64),
    ) -> io::Result<bool> {
        if self.ending == Ending::Never {
            std::future::pending::<()>().await;
        }
        let length = self.body.len().to_string();
        match self.chunked {
            true => line(&mut self.head, "Transfer-Encoding", "chunked"),
            false => line(&mut self.head, "Content-Length", &length),
        }
        stream.write_all(format!("{}\r\n", self.head).as_bytes()).await?;
        let most = match self.ending {
            Ending::Stall(after) | Ending::Cut(after) | Ending::Reset(after) => {
                after.min(self.body.len() as u64)
            }
            _ => self.body.len() as u64,
        };
        self.send_body(stream, most as usize, &mut sent).await?;
        match self.ending {
            Ending::Stall(_) => std::future::pending().await,
            Ending::Cut(_) => Ok(false),
            Ending::Reset(_) => stream.set_zero_linger().map(|()| false),
            _ => Ok(true),
        }
    }

    async fn send_body(
        &self,
        stream: &mut TcpStream,
        most: usize,
        sent: &mut impl FnMut(u64),
    ) -> io::Result<()> {
        let (piece, pause) = self.pace.unwrap_or((PIECE, Duration::ZERO));
        for piece in self.body[..most].chunks(piece.max(1)) {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            if self.chunked {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            }
            stream.write_all(piece).await?;
            if self.chunked {
                stream.write_all(b"\r\n").await?;
            }
            sent(piece.len() as u64);
        }
        if self.chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.flush().await
    }
}

fn line(head: &mut String, name: &str, value: &str) {
    write!(head, "{name}: {value}\r\n").expect("writing to a string cannot fail");
}

fn ending(fault: Option<&Fault>) -> Ending {
    match fault {
        Some(Fault::Stall { after }) => Ending::Stall(*after),
        Some(Fault::Cut { after }) => Ending::Cut(*after),
        Some(Fault::Reset { after }) => Ending::Reset(*after),
        _ => Ending::Whole,
    }
}

fn pace(fault: Option<&Fault>) -> Option<(usize, Duration)> {
    match fault {
        Some(Fault::Trickle { piece, pause }) => Some((*piece, *pause)),
        _ => None,
    }
}
