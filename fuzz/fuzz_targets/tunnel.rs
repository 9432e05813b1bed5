//! Tunnels without HTTP: requests in any order against a model that remembers everything, the size of answers, paths,
//! and a client whose server says anything.
#![no_main]

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use millrace_rtmp::tunnel::{AnswerSize, Client, Error, Interval, Numbered, Place, Request, Sequence};

/// Requests as a session's whole history knows them.
#[derive(Default)]
struct Model {
    /// Every request that had its turn: its number, and which of those that came it was.
    begun: Vec<(u32, usize)>,
    /// Those that came before their turn.
    early: Vec<(u32, usize)>,
    busy: bool,
}

impl Model {
    fn due(&self) -> Option<u32> {
        self.begun.last().map(|(number, _)| number.wrapping_add(1))
    }

    fn begin(&mut self, number: u32, which: usize) {
        assert!(!self.busy, "two at one time");
        assert!(self.due().is_none_or(|due| number == due), "{number} out of its turn");
        assert!(self.begun.iter().all(|(_, begun)| *begun != which), "twice the same");
        self.begun.push((number, which));
        self.busy = true;
    }

    fn place(&mut self, number: u32, which: usize) -> Place<usize> {
        let ahead = self.due().map_or(0, |due| number.wrapping_sub(due) as i32);
        match ahead {
            0 if !self.busy => {
                self.begin(number, which);
                Place::Now(which)
            }
            0..=3 => {
                self.early.retain(|(early, _)| *early != number);
                self.early.push((number, which));
                Place::Early
            }
            -1 if self.busy => Place::Instead(which),
            -1 => Place::Again(which),
            _ => {
                let expected = self.due().unwrap_or(number);
                Place::Refused(which, Error::OutOfOrder { number, expected })
            }
        }
    }

    fn done(&mut self) -> Option<usize> {
        self.busy = false;
        let due = self.due()?;
        let at = self.early.iter().position(|(number, _)| *number == due)?;
        let (number, which) = self.early.remove(at);
        self.begin(number, which);
        Some(which)
    }
}

fn sequence(input: &mut Unstructured<'_>) -> Result<()> {
    let (mut sequence, mut model) = (Sequence::default(), Model::default());
    let mut now = Duration::ZERO;
    let mut which = 0;
    while !input.is_empty() {
        match input.arbitrary::<u8>()? {
            // Done with the one being worked on.
            0..80 if model.busy => assert_eq!(sequence.done(now), model.done()),
            80..100 => now += Duration::from_millis(input.arbitrary::<u16>()?.into()),
            100..110 => {
                let number = input.arbitrary()?;
                assert_eq!(sequence.place(number, which, now), model.place(number, which));
            }
            near => {
                let number =
                    model.due().unwrap_or(u32::MAX).wrapping_add(u32::from(near % 8)).wrapping_sub(3);
                assert_eq!(sequence.place(number, which, now), model.place(number, which));
            }
        }
        which += 1;
        assert!(model.early.len() <= 4, "{:?}", model.early);
        assert_eq!(sequence.is_urged(), !model.early.is_empty());
        let missing = !model.busy && !model.early.is_empty();
        assert_eq!(sequence.deadline().is_some(), missing);
        let late = sequence.deadline().is_some_and(|deadline| deadline <= now);
        assert_eq!(sequence.check(now).is_err(), late);
    }
    let all: BTreeSet<usize> = model.begun.iter().map(|(_, which)| *which).collect();
    assert_eq!(all.len(), model.begun.len());
    Ok(())
}

fn answers(input: &mut Unstructured<'_>) -> Result<()> {
    let most: u32 = input.arbitrary()?;
    let most = most as usize;
    let (mut size, mut interval) = (AnswerSize::new(most), Interval::default());
    let (mut now, mut before) = (Duration::ZERO, 1);
    while !input.is_empty() {
        now += Duration::from_millis(input.arbitrary::<u16>()?.into());
        size.asked(now);
        let bytes = size.get().min(input.arbitrary::<u32>()? as usize);
        size.answered(bytes, now);
        assert!((most.min(16 << 10)..=most).contains(&size.get()), "{} of {most}", size.get());
        let byte = interval.next(bytes > 0);
        assert!([1, 3, 5, 9, 0x11, 0x21].contains(&byte));
        assert!(if bytes > 0 { byte == 1 } else { byte >= before });
        before = byte;
    }
    Ok(())
}

fn paths(text: &str) {
    let Some(request) = Request::parse(text) else { return };
    if let Request::Session { id, number, kind } = request {
        assert!(!id.is_empty() && !id.contains('/') && text.contains(id));
        let name = match kind {
            Numbered::Send => "send",
            Numbered::Idle => "idle",
            Numbered::Close => "close",
        };
        assert_eq!(Request::parse(&format!("/{name}/{id}/{number}")), Some(request));
    }
}

/// A client with a server that answers anything.
fn client(input: &mut Unstructured<'_>) -> Result<()> {
    let mut client = Client::new();
    assert_eq!(client.next_request(&mut Vec::new()).path, "/open/1");
    let opened: &[u8] = input.arbitrary()?;
    if client.answer(Bytes::copy_from_slice(opened)).is_err() {
        assert_eq!(client.close(), None, "there is no session");
        return Ok(());
    }
    let mut expected = 0;
    while !input.is_empty() {
        let mut outgoing = vec![7; usize::from(input.arbitrary::<u16>()?) * 2];
        let said = outgoing.len();
        let request = client.next_request(&mut outgoing);
        let Some(Request::Session { number, kind, .. }) = Request::parse(&request.path) else {
            panic!("{} is no path", request.path);
        };
        assert_eq!(number, expected);
        assert!(!request.body.is_empty());
        let sent = if kind == Numbered::Send { request.body.len() } else { 0 };
        assert_eq!((sent + outgoing.len(), said == 0), (said, kind == Numbered::Idle));
        expected += 1;
        let answer: &[u8] = input.arbitrary()?;
        match client.answer(Bytes::copy_from_slice(answer)) {
            Ok(content) => assert_eq!(content, answer[1..]),
            Err(error) => {
                assert_eq!(error, if answer.is_empty() { Error::NoInterval } else { Error::Closed })
            }
        }
    }
    assert!(client.close().is_some_and(|request| request.path.starts_with("/close/")));
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    let Some((part, bytes)) = data.split_first() else { return };
    let mut input = Unstructured::new(bytes);
    let _ = match part % 4 {
        0 => sequence(&mut input),
        1 => answers(&mut input),
        2 => client(&mut input),
        _ => {
            paths(&String::from_utf8_lossy(bytes));
            Ok(())
        }
    };
});
