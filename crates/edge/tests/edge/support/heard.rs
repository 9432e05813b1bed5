//! What a player hears.

use bytes::Bytes;
use millrace_amf::Value;
use millrace_rtmp::command::{Command, values};
use millrace_rtmp::message::{Message, UserControl, kind};

use super::Sent;

/// A message that came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Status { stream: u32, code: String, level: String, description: String },
    Control(UserControl),
    Data { stream: u32, time_ms: u32, name: String, code: String, body: Bytes, values: Vec<Value> },
    Media { stream: u32, sent: Sent },
    Reply(Command),
    Other(u8),
}

impl Heard {
    /// In a word, for comparing orders.
    fn label(&self) -> String {
        match self {
            Self::Status { code, .. } => code.clone(),
            Self::Control(event) => format!("{event:?}"),
            Self::Data { name, code, .. } => format!("{name} {code}").trim_end().to_owned(),
            Self::Media { .. } => "media".to_owned(),
            Self::Reply(command) => command.name.clone(),
            Self::Other(kind) => format!("type {kind}"),
        }
    }

    pub(crate) fn is_status(&self, wanted: &str) -> bool {
        matches!(self, Self::Status { code, .. } if code == wanted)
    }
}

/// The order of what came; a row of media is one word.
pub(crate) fn labels(heard: &[Heard]) -> Vec<String> {
    let mut labels: Vec<String> = heard.iter().map(Heard::label).collect();
    labels.dedup_by(|a, b| a == b && a == "media");
    labels
}

/// The media in it.
pub(crate) fn media_of(heard: &[Heard]) -> Vec<Sent> {
    let sent = heard.iter().filter_map(|heard| match heard {
        Heard::Media { sent, .. } => Some(sent.clone()),
        _ => None,
    });
    sent.collect()
}

impl Heard {
    /// A message as it is understood.
    pub(super) fn from(message: Message) -> Self {
        match message.kind {
            kind::USER_CONTROL => {
                Self::Control(UserControl::parse(&message.body).expect("a user control event"))
            }
            kind::COMMAND_AMF0 => {
                let command = Command::parse(&message).expect("a command");
                let information = command.argument(0).clone();
                match command.name.as_str() {
                    "onStatus" => Self::Status {
                        stream: message.stream,
                        code: text(&information, "code"),
                        level: text(&information, "level"),
                        description: text(&information, "description"),
                    },
                    _ => Self::Reply(command),
                }
            }
            kind::DATA_AMF0 => Self::data(message),
            kind::AUDIO | kind::VIDEO => Self::Media { stream: message.stream, sent: sent(message) },
            other => Self::Other(other),
        }
    }

    /// Data of the server's own, or out of the file.
    fn data(message: Message) -> Self {
        let values = values(&message).unwrap_or_default();
        let name = values.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        let own = ["|RtmpSampleAccess", "onStatus", "onMetaData", "onPlayStatus"];
        if !own.contains(&name.as_str()) {
            return Self::Media { stream: message.stream, sent: sent(message) };
        }
        let code = values.get(1).map(|value| text(value, "code")).unwrap_or_default();
        Self::Data {
            stream: message.stream,
            time_ms: message.time_ms,
            name,
            code,
            body: message.body,
            values,
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn sent(message: Message) -> Sent {
    Sent { kind: message.kind, time_ms: message.time_ms, body: message.body }
}
