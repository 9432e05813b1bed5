//! What is done about each command of a viewer.

use std::time::Duration;

use millrace_amf::Value;

use super::super::event::Event;
use super::super::request::{Connect, Play, Play2};
use super::{Phase, Server};
use crate::Error;
use crate::command::Command;
use crate::message::kind;
use crate::status::{Status, code};

impl Server {
    pub(super) fn perform(&mut self, stream: u32, command: &Command, now: Duration) -> Result<(), Error> {
        match (self.phase, command.name.as_str()) {
            (Phase::AwaitConnect, "connect") => {
                self.enter(Phase::Connecting, now);
                self.events.push_back(Event::Connect(Connect::parse(command)));
            }
            (Phase::AwaitConnect, _) => {
                return Err(Error::BadMessage { kind: kind::COMMAND_AMF0, what: "a command before connect" });
            }
            (_, "connect") => {
                return Err(Error::BadMessage { kind: kind::COMMAND_AMF0, what: "a second connect" });
            }
            _ if self.on_connection(command) => {}
            _ if !self.streams.contains(&stream) => self.unknown(command),
            _ => self.on_stream(stream, command),
        }
        Ok(())
    }

    /// Commands that are about the connection, whichever stream they came on. False: it is none of them.
    fn on_connection(&mut self, command: &Command) -> bool {
        let transaction = command.transaction;
        match command.name.as_str() {
            "createStream" => self.create_stream(transaction),
            "deleteStream" => {
                let stream = command.argument(0).as_number().unwrap_or_default() as u32;
                self.streams.retain(|id| *id != stream);
                self.events.push_back(Event::Delete { stream });
            }
            "getStreamLength" => {
                match command.argument(0).as_str().filter(|name| name.len() <= self.limits.name) {
                    Some(name) => {
                        self.events.push_back(Event::StreamLength { transaction, name: name.to_owned() });
                    }
                    None => self.result(transaction, 0.0.into()),
                }
            }
            "FCSubscribe" => {
                self.result(transaction, Value::Null);
                let name = command.argument(0).as_str().unwrap_or_default();
                let status = Status::ok(code::PLAY_START, format!("FCSubscribe to stream {name}."));
                let arguments = vec![status.to_object("millrace").into()];
                self.command(0, &Command::new("onFCSubscribe", 0.0, arguments));
            }
            "FCUnsubscribe" => self.command(0, &Command::new("onFCUnsubscribe", 0.0, vec![])),
            "checkBandwidth" => {
                self.result(transaction, Value::Null);
                // Some players wait for this for ever; what they do with zeros is to take no quality away.
                self.command(0, &Command::new("onBWDone", 0.0, vec![0.0.into(); 4]));
            }
            "_checkbw" | "releaseStream" | "FCPublish" | "FCUnpublish" => {
                self.result(transaction, Value::Null);
            }
            "_result" | "_error" | "onStatus" => {}
            _ => return false,
        }
        true
    }

    fn create_stream(&mut self, transaction: f64) {
        if self.streams.len() >= self.limits.streams {
            let most = self.limits.streams;
            return self.fail(transaction, &format!("no more than {most} streams at one time"));
        }
        // GStreamer compares with 1, so the first one has to be that.
        let id = (1..).find(|id| !self.streams.contains(id)).unwrap_or(1);
        self.streams.push(id);
        self.result(transaction, Value::from(id));
    }

    fn on_stream(&mut self, stream: u32, command: &Command) {
        let number = |index| command.argument(index).as_number();
        let on = command.argument(0) != &Value::Boolean(false);
        let event = match command.name.as_str() {
            "play" => match Play::parse(command) {
                Some(play) if play.name.len() <= self.limits.name => Event::Play { stream, play },
                Some(_) => {
                    let what = format!("the stream name is longer than {} bytes", self.limits.name);
                    return self.status(stream, &Status::error(code::PLAY_STREAM_NOT_FOUND, what));
                }
                None => Event::Stop { stream },
            },
            "play2" => match Play2::parse(command) {
                Some(play2) if play2.play.name.len() <= self.limits.name => Event::Play2 { stream, play2 },
                _ => {
                    let what = "play2 wants an options object with a known transition and a name";
                    return self.status(stream, &Status::error(code::PLAY_FAILED, what));
                }
            },
            "pause" | "pauseRaw" => Event::Pause {
                stream,
                pause: command.argument(0).as_bool().unwrap_or(true),
                position_ms: number(1).unwrap_or_default() as u32,
            },
            "seek" => Event::Seek { stream, position_ms: number(0).unwrap_or(f64::NAN) },
            "receiveAudio" => Event::ReceiveAudio { stream, on },
            "receiveVideo" => Event::ReceiveVideo { stream, on },
            "closeStream" => Event::Stop { stream },
            "publish" => {
                let name = command.argument(0).as_str().unwrap_or_default();
                let status =
                    Status::error(code::PUBLISH_DENIED, "this server plays and does not record").about(name);
                return self.status(stream, &status);
            }
            _ => return self.unknown(command),
        };
        self.events.push_back(event);
    }

    fn unknown(&mut self, command: &Command) {
        self.fail(command.transaction, &format!("Method not found ({}).", command.name));
    }

    fn fail(&mut self, transaction: f64, description: &str) {
        if transaction != 0.0 {
            let information = Status::error(code::CALL_FAILED, description).to_object("millrace").into();
            self.command(0, &Command::new("_error", transaction, vec![information]));
        }
    }
}
