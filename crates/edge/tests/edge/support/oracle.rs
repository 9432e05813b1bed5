//! What a viewer has to receive, taken from the file itself.

use bytes::Bytes;
use millrace_media::source::Memory;
use millrace_media::{Body, Capabilities, Kind, Limits, Position, Sample, Selection, Source, Title};

/// A media message as it arrives.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// 8 audio, 9 video, 18 data.
    pub(crate) kind: u8,
    pub(crate) time_ms: u32,
    pub(crate) body: Bytes,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = &self.body[..self.body.len().min(6)];
        write!(f, "{} at {} ms: {} bytes {head:02x?}", self.kind, self.time_ms, self.body.len())
    }
}

impl Sent {
    /// A picture that a decoder can start with (no sequence header).
    pub(crate) fn is_key_picture(&self) -> bool {
        self.kind == 9 && self.body.starts_with(&[0x17, 1])
    }

    /// The configuration of a decoder.
    pub(crate) fn is_header(&self) -> bool {
        (self.kind == 9 && self.body.starts_with(&[0x17, 0]))
            || (self.kind == 8 && self.body.starts_with(&[0xaf, 0]))
    }
}

/// A file as the media crate reads it.
pub(crate) struct Oracle {
    source: Memory,
    pub(crate) title: Title,
    selection: Selection,
}

impl Oracle {
    /// For a player without Enhanced RTMP.
    pub(crate) async fn of(film: &Bytes) -> Self {
        Self::with(film, &Capabilities::classic()).await
    }

    pub(crate) async fn with(film: &Bytes, capabilities: &Capabilities) -> Self {
        let source = Memory(film.clone());
        let title = millrace_media::open(&source, &Limits::default()).await.expect("a film that opens");
        let selection = title.select(capabilities).expect("a film with tracks");
        Self { source, title, selection }
    }

    /// Everything, as for a viewer who plays from the start.
    pub(crate) async fn whole(&self) -> Vec<Sent> {
        self.follow(self.title.start()).await
    }

    /// Everything from the key frame at or before `ms`, with media times.
    pub(crate) async fn from(&self, ms: u64) -> Vec<Sent> {
        let at = self.title.locate(&self.source, ms, self.selection).await.expect("a film to seek in");
        self.follow(at).await
    }

    /// The time of the key frame at or before `ms`.
    pub(crate) async fn key_ms(&self, ms: u64) -> u64 {
        let at = self.title.locate(&self.source, ms, self.selection).await.expect("a film to seek in");
        at.time_ms()
    }

    /// How many runs there are from the start to the end.
    pub(crate) async fn runs(&self) -> u64 {
        let (mut next, mut count) = (Some(self.title.start()), 0);
        while let Some(at) = next {
            next = self.title.run(&self.source, at, self.selection).await.expect("a sound film").next;
            count += 1;
        }
        count
    }

    async fn follow(&self, mut at: Position) -> Vec<Sent> {
        let mut all = Vec::new();
        loop {
            let run = self.title.run(&self.source, at, self.selection).await.expect("a sound film");
            if all.is_empty() {
                let first_ms = run.samples.first().map_or(0, |sample| sample.time_ms);
                for header in &run.headers {
                    all.push(Sent { time_ms: first_ms, ..self.sent(header).await });
                }
            }
            for sample in &run.samples {
                all.push(self.sent(sample).await);
            }
            match run.next {
                Some(next) => at = next,
                None => return all,
            }
        }
    }

    async fn sent(&self, sample: &Sample) -> Sent {
        let body = match &sample.body {
            Body::Inline(bytes) => bytes.clone(),
            Body::File { prefix, range } => {
                let rest = self.source.read(range.clone()).await.expect("a sample within its file");
                [prefix, &rest[..]].concat().into()
            }
        };
        let kind = match sample.kind {
            Kind::Audio => 8,
            Kind::Video => 9,
            Kind::Data => 18,
        };
        Sent { kind, time_ms: sample.time_ms, body }
    }
}

/// What comes before the first message at or after `ms`, stamped from `base_ms`.
pub(crate) fn until(messages: &[Sent], ms: u32, base_ms: u32) -> Vec<Sent> {
    let before = messages.iter().take_while(|sent| sent.time_ms < ms);
    before.map(|sent| Sent { time_ms: sent.time_ms - base_ms, ..sent.clone() }).collect()
}

/// Compares and tells the first difference.
#[track_caller]
pub(crate) fn assert_same(got: &[Sent], want: &[Sent]) {
    if let Some(at) = (0..got.len().min(want.len())).find(|at| got[*at] != want[*at]) {
        let around = |list: &[Sent]| format!("{:#?}", &list[at.saturating_sub(2)..list.len().min(at + 4)]);
        panic!("message {at} differs\n got {}\n want {}", around(got), around(want));
    }
    let (longer, rest) = if got.len() > want.len() { ("too much", got) } else { ("missing", want) };
    let at = got.len().min(want.len());
    assert!(got.len() == want.len(), "{} {longer}: {:?}", rest.len() - at, &rest[at..rest.len().min(at + 4)]);
}
