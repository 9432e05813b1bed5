//! What the path of a request means.

/// A request by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// `/fcs/ident` and `/fcs/ident2`: Flash asks for the address of the server behind a load balancer. "Not found"
    /// makes it go on with the one it has.
    Ident,
    /// `/open/1`: a new session.
    Open,
    /// One of a session.
    Session {
        /// Whose.
        id: &'a str,
        /// Counts up by one with each request of the session.
        number: u32,
        /// What is asked.
        kind: Numbered,
    },
}

/// The requests of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// The body belongs to the stream.
    Send,
    /// The body means nothing.
    Idle,
    /// The same, and the session is over.
    Close,
}

impl<'a> Request<'a> {
    /// Reads a path; `None` when it is none of a tunnel.
    #[must_use]
    pub fn parse(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let kind = match parts.next()? {
            "fcs" => return matches!(parts.next()?, "ident" | "ident2").then_some(Self::Ident),
            // What stands behind is the version of the protocol: there is no other.
            "open" => return (parts.next()? == "1" && parts.next().is_none()).then_some(Self::Open),
            "send" => Numbered::Send,
            "idle" => Numbered::Idle,
            "close" => Numbered::Close,
            _ => return None,
        };
        let (id, number) = (parts.next()?, parts.next()?.parse().ok()?);
        (!id.is_empty() && parts.next().is_none()).then_some(Self::Session { id, number, kind })
    }
}

impl Numbered {
    /// The first part of its path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Idle => "idle",
            Self::Close => "close",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_tunnel_are_read() {
        assert_eq!(Request::parse("/open/1"), Some(Request::Open));
        assert_eq!(Request::parse("/fcs/ident2"), Some(Request::Ident));
        assert_eq!(Request::parse("/fcs/ident"), Some(Request::Ident));
        let session = |number, kind| Some(Request::Session { id: "3f", number, kind });
        assert_eq!(Request::parse("/send/3f/0"), session(0, Numbered::Send));
        assert_eq!(Request::parse("/idle/3f/17"), session(17, Numbered::Idle));
        assert_eq!(Request::parse("/close/3f/4294967295"), session(u32::MAX, Numbered::Close));
    }

    #[test]
    fn everything_else_is_none() {
        for path in [
            "",
            "/",
            "open/1",
            "/open",
            "/open/2",
            "/open/1/",
            "/send",
            "/send/3f",
            "/send/3f/",
            "/send//1",
            "/send/3f/-1",
            "/send/3f/4294967296",
            "/send/3f/1/2",
            "/fcs",
            "/fcs/other",
            "/crossdomain.xml",
        ] {
            assert_eq!(Request::parse(path), None, "{path}");
        }
    }
}
