//! The `onStatus` vocabulary: what players wait for and branch on.

use millrace_amf::{Object, Value};

/// Status codes, as Flash Media Server spells them.
pub mod code {
    /// connect went through.
    pub const CONNECT_SUCCESS: &str = "NetConnection.Connect.Success";
    /// connect was refused.
    pub const CONNECT_REJECTED: &str = "NetConnection.Connect.Rejected";
    /// An unknown command.
    pub const CALL_FAILED: &str = "NetConnection.Call.Failed";
    /// The playlist was flushed.
    pub const PLAY_RESET: &str = "NetStream.Play.Reset";
    /// Media follows.
    pub const PLAY_START: &str = "NetStream.Play.Start";
    /// Playback has ended.
    pub const PLAY_STOP: &str = "NetStream.Play.Stop";
    /// In `onPlayStatus`: the whole playlist was sent.
    pub const PLAY_COMPLETE: &str = "NetStream.Play.Complete";
    /// In `onPlayStatus`: the next item of the playlist begins.
    pub const PLAY_SWITCH: &str = "NetStream.Play.Switch";
    /// A play2 was understood.
    pub const PLAY_TRANSITION: &str = "NetStream.Play.Transition";
    /// In `onPlayStatus`: the media of the new stream begins.
    pub const PLAY_TRANSITION_COMPLETE: &str = "NetStream.Play.TransitionComplete";
    /// There is no such name.
    pub const PLAY_STREAM_NOT_FOUND: &str = "NetStream.Play.StreamNotFound";
    /// It is there and can't be played just now.
    pub const PLAY_FAILED: &str = "NetStream.Play.Failed";
    /// It is no media file.
    pub const PLAY_FILE_STRUCTURE_INVALID: &str = "NetStream.Play.FileStructureInvalid";
    /// It is one, with nothing in it that this player can play.
    pub const PLAY_NO_SUPPORTED_TRACK: &str = "NetStream.Play.NoSupportedTrackFound";
    /// Paused.
    pub const PAUSE_NOTIFY: &str = "NetStream.Pause.Notify";
    /// Playing again.
    pub const UNPAUSE_NOTIFY: &str = "NetStream.Unpause.Notify";
    /// Media from the sought place follows.
    pub const SEEK_NOTIFY: &str = "NetStream.Seek.Notify";
    /// The place can't be sought.
    pub const SEEK_FAILED: &str = "NetStream.Seek.Failed";
    /// Publishing is not for viewers.
    pub const PUBLISH_DENIED: &str = "NetStream.Publish.Denied";
    /// A data message: the stream's data begins.
    pub const DATA_START: &str = "NetStream.Data.Start";
    /// A request was refused, with the reason in the description.
    pub const FAILED: &str = "NetStream.Failed";
}

/// How bad it is. FFmpeg ends at any `error`, so that one is only for what ends playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As asked.
    Status,
    /// It goes on, though.
    Warning,
    /// It does not.
    Error,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The information object of an `onStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How bad it is.
    pub level: Level,
    /// See [`code`].
    pub code: &'static str,
    /// For people.
    pub description: String,
    /// The stream name that it is about.
    pub details: Option<String>,
}

impl Status {
    /// Something went as asked.
    #[must_use]
    pub fn ok(code: &'static str, description: impl Into<String>) -> Self {
        Self { level: Level::Status, code, description: description.into(), details: None }
    }

    /// Something ends here.
    #[must_use]
    pub fn error(code: &'static str, description: impl Into<String>) -> Self {
        Self { level: Level::Error, code, description: description.into(), details: None }
    }

    /// About this stream name.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        self.details = Some(name.to_owned());
        self
    }

    /// As a value. `client` is the id that Flash Media Server puts into each.
    #[must_use]
    pub fn to_object(&self, client: &str) -> Object {
        let mut object = Object::new()
            .with("level", self.level.as_str())
            .with("code", self.code)
            .with("description", self.description.as_str());
        if let Some(details) = &self.details {
            object.push("details", details.as_str());
        }
        object.with("clientid", client)
    }
}

/// The values of the data message `onPlayStatus`, which players of playlists and of play2 wait for.
#[must_use]
pub fn play_status(code: &'static str, more: Object) -> [Value; 2] {
    let mut info = Object::new().with("level", "status").with("code", code);
    more.iter().for_each(|(name, value)| info.push(name, value.clone()));
    ["onPlayStatus".into(), info.into()]
}
