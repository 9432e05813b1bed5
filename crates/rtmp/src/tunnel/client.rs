//! A client of a tunnel: one request at a time, as FFmpeg does it.

use bytes::Bytes;

use super::{CLOSED, Error, Numbered};

/// Bytes of the stream in one request. Servers take 64 KiB and more.
const BODY: usize = 32 << 10;

/// What a body holds that means nothing.
const NOTHING: Bytes = Bytes::from_static(&[0]);

/// A client's session. Send what [`Client::next_request`] gives by POST, and give the answer to [`Client::answer`].
#[derive(Debug, Default)]
pub struct Client {
    session: Option<String>,
    number: u32,
}

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// Its path.
    pub path: String,
    /// Its body; never empty.
    pub body: Bytes,
}

impl Client {
    /// A client that has no session yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request: it opens the session, or sends some of `outgoing`, or asks for more.
    pub fn next_request(&mut self, outgoing: &mut Vec<u8>) -> ClientRequest {
        let Some(session) = &self.session else {
            return ClientRequest { path: "/open/1".to_owned(), body: NOTHING };
        };
        let (kind, body) = match outgoing.len().min(BODY) {
            0 => (Numbered::Idle, NOTHING),
            n => (Numbered::Send, outgoing.drain(..n).collect()),
        };
        let path = path(kind, session, self.number);
        self.number = self.number.wrapping_add(1);
        ClientRequest { path, body }
    }

    /// Takes the body of an answer and returns the bytes of the stream in it.
    ///
    /// # Errors
    /// When it is no answer of a tunnel, or the server closed the session.
    pub fn answer(&mut self, mut body: Bytes) -> Result<Bytes, Error> {
        if self.session.is_none() {
            let id = std::str::from_utf8(&body).unwrap_or_default().trim_end();
            let is_id =
                !id.is_empty() && id.len() < 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            self.session = Some(is_id.then(|| id.to_owned()).ok_or(Error::NoSession)?);
            return Ok(Bytes::new());
        }
        if body.is_empty() {
            return Err(Error::NoInterval);
        }
        let interval = body.split_to(1);
        if interval[0] == CLOSED && body.is_empty() { Err(Error::Closed) } else { Ok(body) }
    }

    /// The last request, if there is a session to be closed.
    pub fn close(&mut self) -> Option<ClientRequest> {
        let session = self.session.take()?;
        Some(ClientRequest { path: path(Numbered::Close, &session, self.number), body: NOTHING })
    }
}

fn path(kind: Numbered, session: &str, number: u32) -> String {
    format!("/{}/{session}/{number}", kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunnel::Request;

    fn opened() -> Client {
        let mut client = Client::new();
        assert_eq!(client.next_request(&mut vec![1, 2, 3]).path, "/open/1");
        assert_eq!(client.answer(Bytes::from_static(b"3fe1\n")), Ok(Bytes::new()));
        client
    }

    #[test]
    fn a_session_is_opened_used_and_closed() {
        let mut client = opened();
        let mut outgoing = vec![3, 1, 4];
        let send = ClientRequest { path: "/send/3fe1/0".to_owned(), body: Bytes::from_static(&[3, 1, 4]) };
        assert_eq!(client.next_request(&mut outgoing), send);
        assert_eq!(client.answer(Bytes::from_static(b"\x01abc")), Ok(Bytes::from_static(b"abc")));
        assert_eq!(client.next_request(&mut outgoing).path, "/idle/3fe1/1");
        assert_eq!(client.answer(Bytes::from_static(b"\x03")), Ok(Bytes::new()));
        assert_eq!(client.close().map(|request| request.path), Some("/close/3fe1/2".to_owned()));
        assert_eq!(client.close(), None);
    }

    #[test]
    fn much_is_sent_in_several_requests() {
        let mut client = opened();
        let mut outgoing: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let (all, mut sent, mut numbers) = (outgoing.clone(), Vec::new(), Vec::new());
        while !outgoing.is_empty() {
            let request = client.next_request(&mut outgoing);
            match Request::parse(&request.path) {
                Some(Request::Session { id: "3fe1", number, kind: Numbered::Send }) => numbers.push(number),
                other => panic!("{other:?}"),
            }
            sent.extend_from_slice(&request.body);
        }
        assert_eq!((sent, numbers), (all, vec![0, 1, 2, 3]));
    }

    #[test]
    fn answers_that_are_none_are_told() {
        for body in ["", "\n", "<html>", "a/b\n"] {
            assert_eq!(Client::new().answer(body.into()), Err(Error::NoSession), "{body}");
        }
        assert_eq!(opened().answer(Bytes::new()), Err(Error::NoInterval));
        assert_eq!(opened().answer(NOTHING), Err(Error::Closed));
    }
}
