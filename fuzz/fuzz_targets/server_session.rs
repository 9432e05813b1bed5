//! A whole connection with a stranger: bytes at any cuts, any time between them, and the answers that an edge gives.
#![no_main]

use std::time::Duration;

use bytes::BytesMut;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use millrace_amf::Object;
use millrace_fuzz::wire::{Listener, noise, plain_handshake};
use millrace_rtmp::chunk::{Writer, stream};
use millrace_rtmp::command::{Command, Encoding};
use millrace_rtmp::handshake::BLOCK;
use millrace_rtmp::session::{Event, Limits, Rejection, Server};

/// What an ordinary player sends before a stranger takes over.
fn introduction(connected: bool) -> Vec<u8> {
    let mut bytes = plain_handshake();
    if connected {
        let properties = Object::new().with("app", "cfx/st").with("tcUrl", "rtmp://h/cfx/st");
        let connect = Command { object: properties.into(), ..Command::new("connect", 1.0, vec![]) };
        let mut writer = Writer::default();
        writer.message(&mut bytes, stream::COMMAND, &connect.to_message(0, Encoding::Amf0));
        let create = Command::new("createStream", 2.0, vec![]);
        writer.message(&mut bytes, stream::COMMAND, &create.to_message(0, Encoding::Amf0));
    }
    bytes
}

struct Talk {
    server: Server,
    listener: Listener,
    input: BytesMut,
    now: Duration,
    accepts: bool,
}

impl Talk {
    /// False: the connection is over.
    fn receive(&mut self, bytes: &[u8]) -> bool {
        self.input.extend_from_slice(bytes);
        let good = self.server.receive(&mut self.input, self.now).is_ok();
        while let Some(event) = self.server.poll_event() {
            self.answer(&event);
        }
        self.listen();
        good && !self.server.is_closing()
    }

    fn answer(&mut self, event: &Event) {
        match event {
            Event::Connect(connect) if self.accepts => self.server.accept(connect, &["hvc1"]),
            Event::Connect(_) => {
                let reason = "DistributionNotFound".to_owned();
                self.server.reject(&Rejection { reason, description: "nobody".to_owned() });
            }
            Event::StreamLength { transaction, .. } => self.server.stream_length(*transaction, 1.5),
            Event::Play { .. } => self.server.set_playing(true, self.now),
            Event::Stop { .. } => self.server.set_playing(false, self.now),
            _ => {}
        }
    }

    /// False: something did not come in time.
    fn wait(&mut self, seconds: u8) -> bool {
        self.now += Duration::from_millis(u64::from(seconds) * 500);
        let good = self.server.handle_timeout(self.now).is_ok();
        assert!(!good || self.server.poll_timeout() > self.now, "a deadline that stays in the past");
        self.listen();
        good
    }

    fn listen(&mut self) {
        let output = self.server.take_output();
        self.listener.hear(&output);
        assert!(self.listener.is_between_messages(), "half a message");
    }
}

fn talk(mut data: Unstructured<'_>) -> Result<()> {
    let start = data.int_in_range(0..=5u8)?;
    let now = Duration::from_secs(10);
    let mut talk = Talk {
        server: Server::new(Limits::default(), now, noise()),
        listener: Listener::new(1 + 2 * BLOCK),
        input: BytesMut::new(),
        now,
        accepts: start != 5,
    };
    if start > 0 && !talk.receive(&introduction(start > 2)) {
        return Ok(());
    }
    while !data.is_empty() {
        let (seconds, length): (u8, u16) = (data.arbitrary()?, data.arbitrary()?);
        // Mostly no time passes.
        if seconds > 200 && !talk.wait(seconds) {
            return Ok(());
        }
        let length = usize::from(length % 1024).min(data.len());
        if !talk.receive(data.bytes(length)?) {
            return Ok(());
        }
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    // Input that ends early is no fault.
    let _ = talk(Unstructured::new(data));
});
