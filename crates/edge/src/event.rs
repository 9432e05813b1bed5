//! What an operator is told about viewers: one record for each thing that happened.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use millrace_model::Variant;
use millrace_sign::redacted;

/// Takes each event as it happens. Called from the viewers' tasks, so it must not block.
pub type Sink = Arc<dyn Fn(&Event) + Send + Sync>;

/// Something that a viewer did or that was done to it.
///
/// Everything a viewer sent is escaped in [`std::fmt::Display`], so that no name can forge a line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts up from 1 in each process.
    pub viewer: u64,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// connect was accepted.
    Connected {
        /// The distribution.
        distribution: String,
        /// How the viewer comes, whatever its URL says.
        variant: Variant,
        /// Whether a WebSocket carries it.
        websocket: bool,
        /// As sent.
        tc_url: String,
        /// As sent.
        flash_version: Option<String>,
        /// Where the page is from that holds the player, as the browser says.
        origin: Option<String>,
        /// The page itself, as sent.
        page_url: Option<String>,
        /// The player's own address, as sent.
        swf_url: Option<String>,
    },
    /// connect was refused.
    Rejected {
        /// Why, in CloudFront's words.
        reason: String,
        /// As sent.
        tc_url: String,
        /// As sent.
        app: String,
    },
    /// Media begins.
    Playing {
        /// The stream name as sent.
        name: String,
        /// The object that it meant.
        key: String,
        /// Where it begins, ms.
        start_ms: u64,
        /// From the command to the first media byte in our hands, ms.
        waited_ms: u64,
    },
    /// It can't be played.
    PlayFailed {
        /// The stream name as sent.
        name: String,
        /// The status that the viewer got.
        code: &'static str,
        /// The whole reason, with origin, key and S3's own code where there is one.
        reason: String,
    },
    /// There is no right to it: of a play, a seek, or a question for a length.
    Refused {
        /// The stream name, without the signature in it.
        name: String,
        /// The key that is said to have signed it.
        key_id: Option<String>,
        /// Why, in the words that the viewer got.
        reason: String,
    },
    /// It goes on from another place.
    Sought {
        /// Where the viewer wanted to go, ms.
        target_ms: u64,
        /// Where it was taken: the key frame at or before, ms.
        landed_ms: u64,
    },
    /// It waits.
    Paused {
        /// Where the viewer stands by its own count, ms.
        position_ms: u32,
    },
    /// It goes on.
    Unpaused {
        /// Where the viewer stands by its own count, ms.
        position_ms: u32,
    },
    /// Nothing is played any more.
    Stopped {
        /// The stream name as sent.
        name: String,
        /// Whether everything was sent.
        complete: bool,
        /// Bytes of media sent.
        bytes: u64,
        /// The last media time sent, ms.
        position_ms: u64,
    },
    /// The connection is gone.
    Disconnected {
        /// Why.
        reason: String,
        /// All bytes sent.
        bytes: u64,
        /// How long it was there, ms.
        lasted_ms: u64,
    },
}

impl EventKind {
    /// The same without signatures: whoever has one can play until it expires.
    pub(crate) fn without_secrets(mut self) -> Self {
        let hide = |text: &mut String| {
            if let Cow::Owned(redacted) = redacted(text) {
                *text = redacted;
            }
        };
        match &mut self {
            Self::Connected { tc_url, page_url, swf_url, .. } => {
                hide(tc_url);
                page_url.iter_mut().chain(swf_url).for_each(hide);
            }
            Self::Rejected { tc_url, app, .. } => {
                hide(tc_url);
                hide(app);
            }
            Self::Playing { name, .. }
            | Self::PlayFailed { name, .. }
            | Self::Refused { name, .. }
            | Self::Stopped { name, .. } => hide(name),
            Self::Sought { .. } | Self::Paused { .. } | Self::Unpaused { .. } | Self::Disconnected { .. } => {
            }
        }
        self
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "viewer {} {}: {}", self.viewer, self.peer, self.kind)
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connected {
                distribution,
                variant,
                websocket,
                tc_url,
                flash_version,
                origin,
                page_url,
                swf_url,
            } => {
                let carrier = if *websocket { " in a WebSocket" } else { "" };
                write!(f, "connected to {distribution} over {variant}{carrier} by {tc_url:?}")?;
                let told = [
                    ("with", flash_version),
                    ("from", origin),
                    ("on the page", page_url),
                    ("by the player", swf_url),
                ];
                let mut told = told.into_iter().filter_map(|(word, told)| Some((word, told.as_ref()?)));
                told.try_for_each(|(word, told)| write!(f, " {word} {told:?}"))
            }
            Self::Rejected { reason, tc_url, app } => {
                write!(f, "rejected, {reason}: {tc_url:?}, app {app:?}")
            }
            Self::Playing { name, key, start_ms, waited_ms } => {
                write!(f, "plays {name:?} ({key:?}) from {} after {waited_ms} ms", Clock(*start_ms))
            }
            Self::PlayFailed { name, code, reason } => write!(f, "can't play {name:?}, {code}: {reason}"),
            Self::Refused { name, key_id: Some(key_id), reason } => {
                write!(f, "refused {name:?}, signed with {key_id:?}: {reason}")
            }
            Self::Refused { name, key_id: None, reason } => write!(f, "refused {name:?}: {reason}"),
            Self::Sought { target_ms, landed_ms } => {
                write!(f, "seeks {}, goes on from {}", Clock(*target_ms), Clock(*landed_ms))
            }
            Self::Paused { position_ms } => write!(f, "pauses at {}", Clock(u64::from(*position_ms))),
            Self::Unpaused { position_ms } => write!(f, "goes on at {}", Clock(u64::from(*position_ms))),
            Self::Stopped { name, complete, bytes, position_ms } => {
                let how = if *complete { "got all of" } else { "stops" };
                write!(f, "{how} {name:?} at {}, {bytes} bytes", Clock(*position_ms))
            }
            Self::Disconnected { reason, bytes, lasted_ms } => {
                write!(f, "gone after {}, {bytes} bytes: {reason}", Clock(*lasted_ms))
            }
        }
    }
}

/// Milliseconds as `h:mm:ss.mmm`.
struct Clock(u64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, ms) = (self.0 / 1000, self.0 % 1000);
        write!(f, "{}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_a_viewer_sends() {
        let kind = EventKind::PlayFailed {
            name: "x\nviewer 2: forged \u{1b}[2J".to_owned(),
            code: "NetStream.Play.StreamNotFound",
            reason: "no such object".to_owned(),
        };
        let peer = SocketAddr::from(([127, 0, 0, 1], 5000));
        let line = Event { viewer: 1, peer, kind }.to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        assert!(line.starts_with("viewer 1 127.0.0.1:5000: can't play \"x\\n"), "{line}");
    }
}
