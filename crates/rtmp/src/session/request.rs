//! What viewers ask for, taken out of their commands.

use millrace_amf::Value;

use crate::command::{Command, Encoding};

/// connect.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// The application: `cfx/st`, perhaps with more of the path, a query, stray slashes.
    pub app: String,
    /// The URL that the player was given; its host is the only host name there is.
    pub tc_url: String,
    /// The page that holds the player.
    pub page_url: Option<String>,
    /// The player's own address.
    pub swf_url: Option<String>,
    /// The player's name and version.
    pub flash_version: Option<String>,
    /// How commands are to be answered.
    pub encoding: Encoding,
    /// The FourCCs that the client decodes (Enhanced RTMP); `*` stands for all.
    pub four_ccs: Vec<String>,
    /// Whether it wants no more on its way than it acknowledges, see [`super::Server::credit`].
    pub ack_gate: bool,
}

impl Connect {
    pub(super) fn parse(command: &Command) -> Self {
        let text = |name| command.object.get(name).and_then(Value::as_str).map(str::to_owned);
        let encoding = match command.object.get("objectEncoding").and_then(Value::as_number) {
            Some(3.0) => Encoding::Amf3,
            _ => Encoding::Amf0,
        };
        Self {
            app: text("app").unwrap_or_default(),
            tc_url: text("tcUrl").unwrap_or_default(),
            page_url: text("pageUrl"),
            swf_url: text("swfUrl"),
            flash_version: text("flashVer"),
            encoding,
            four_ccs: four_ccs(&command.object),
            ack_gate: command.object.get("ackGate").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

/// `fourCcList` (Enhanced RTMP v1) and the two info maps (v2), whose number has bit 1 set for "can decode".
fn four_ccs(properties: &Value) -> Vec<String> {
    let listed = properties.get("fourCcList").and_then(Value::as_array).unwrap_or_default();
    let listed = listed.iter().filter_map(Value::as_str).map(str::to_owned);
    let mapped = ["videoFourCcInfoMap", "audioFourCcInfoMap"]
        .into_iter()
        .filter_map(|name| properties.get(name)?.as_object())
        .flat_map(millrace_amf::Object::iter)
        .filter(|(_, flags)| flags.as_number().is_some_and(|flags| flags as u32 & 1 != 0))
        .map(|(name, _)| name.to_owned());
    listed.chain(mapped).collect()
}

/// Where a play begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// -2: the live stream of that name, else the recorded one; here always the recorded one, from 0.
    Any,
    /// -1: the live stream only.
    Live,
    /// Milliseconds into the recorded one.
    At(u32),
}

/// play.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// The stream name as sent, with prefix and query.
    pub name: String,
    /// Where to begin.
    pub start: Start,
    /// How much to play, in ms; 0 is one picture, `None` everything.
    pub length_ms: Option<u32>,
    /// Whether it replaces the playlist (true) or goes to its end (false).
    pub reset: bool,
}

impl Play {
    /// `play(name, start, length, reset)`. `None` when the name is no string, as in `play(false)`, which stops.
    pub(super) fn parse(command: &Command) -> Option<Self> {
        let name = command.argument(0).as_str()?.to_owned();
        let number = |index| command.argument(index).as_number().filter(|number: &f64| number.is_finite());
        Some(Self {
            name,
            start: start(number(1)),
            length_ms: number(2).filter(|length| *length >= 0.0).map(|length| length as u32),
            reset: reset(command.argument(3)),
        })
    }
}

/// Players send milliseconds: the special values are -2000 and -1000. GStreamer sends them bare: -2 and -1.
fn start(number: Option<f64>) -> Start {
    match number {
        None => Start::Any,
        Some(ms) if ms >= 0.0 => Start::At(ms as u32),
        Some(ms) if ms == -1.0 || (-1500.0..=-500.0).contains(&ms) => Start::Live,
        Some(_) => Start::Any,
    }
}

/// A boolean, or 0..3 where 1 and 3 are true (2 and 3 ask for all data messages at once as well).
fn reset(value: &Value) -> bool {
    match value {
        Value::Boolean(reset) => *reset,
        Value::Number(number) => *number as i64 & 1 == 1,
        _ => true,
    }
}

/// What play2 does with the stream it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Like play with reset.
    Reset,
    /// Like play without reset.
    Append,
    /// Another quality of the same content, from where playback stands.
    Switch,
    /// The new name takes the old one's place in the playlist.
    Swap,
    /// Like `play(false)`.
    Stop,
    /// Like play from the given offset, after a lost connection.
    Resume,
}

/// play2 (`NetStreamPlayOptions`).
#[derive(Debug, Clone, PartialEq)]
pub struct Play2 {
    /// What to play.
    pub play: Play,
    /// The item that is replaced.
    pub old_name: Option<String>,
    /// The stream time in ms at which a switch happens; `None`: as soon as it can be done.
    pub offset_ms: Option<u32>,
    /// What to do.
    pub transition: Transition,
}

impl Play2 {
    /// `None` when there is no options object or its transition is unknown.
    pub(super) fn parse(command: &Command) -> Option<Self> {
        let options = command.argument(0);
        let text = |name| options.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        // The members of the options are ActionScript seconds, unlike play's arguments.
        let ms =
            |name| options.get(name).and_then(Value::as_number).filter(|s| s.is_finite()).map(|s| s * 1000.0);
        let transition = match text("transition") {
            Some("switch") => Transition::Switch,
            Some("append" | "appendAndWait") => Transition::Append,
            Some("swap") => Transition::Swap,
            Some("stop") => Transition::Stop,
            Some("resume") => Transition::Resume,
            Some("reset") | None => Transition::Reset,
            Some(_) => return None,
        };
        let positive = |ms: Option<f64>| ms.filter(|ms| *ms >= 0.0).map(|ms| ms as u32);
        options.as_object()?;
        Some(Self {
            play: Play {
                name: text("streamName").unwrap_or_default().to_owned(),
                start: start(ms("start")),
                length_ms: positive(ms("len")),
                reset: transition != Transition::Append,
            },
            old_name: text("oldStreamName").map(str::to_owned),
            offset_ms: positive(ms("offset")),
            transition,
        })
    }
}
