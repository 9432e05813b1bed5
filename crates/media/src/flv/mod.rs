//! FLV (Adobe "Video File Format Specification" version 10.1, annex E).

mod open;
mod script;
mod seek;
mod tag;
mod time;
mod walk;

use std::sync::Mutex;

use bytes::Bytes;
use millrace_amf::Object;

use crate::cut::{Cutter, Grid};
use crate::position::{Place, Position};
use crate::sample::{Body, Kind, Prefix, Run, Sample};
use crate::source::{Source, Window};
use crate::track::{Selection, Track};
use crate::trail::Trail;
use crate::{Error, Limits};
use tag::Role;
use time::Times;
use walk::{Step, Walk};

pub(crate) use open::{open, sniff};

/// A run ends where the file enters another stretch of this many bytes, so that it stays bounded even if all stamps
/// are the same. Real runs are far shorter.
const STRETCH: u64 = 16 << 20;

/// A place between two tags and what reading on from there needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// Where the tag starts.
    pub(crate) offset: u64,
    /// Where the tags with the sequence headers in force stand: sound, picture; 0 if there is none.
    headers: [u64; 2],
    times: Times,
}

/// An opened FLV file.
#[derive(Debug)]
pub(crate) struct Film {
    pub(crate) tracks: Vec<Track>,
    pub(crate) duration_ms: u64,
    /// The file's own metadata, without its index and anything else that is long.
    pub(crate) own: Object,
    start: Mark,
    /// The places of the first sound and of the first video key frame, if they were seen at opening.
    first: [Option<u64>; 2],
    /// The first sequence headers by their place.
    headers: Vec<(u64, Bytes)>,
    /// The file's own index: milliseconds and places of key frames, rising.
    index: Vec<(u32, u64)>,
    /// Where scans came by: sounds for titles without video, key frames for those with.
    trails: [Mutex<Trail>; 2],
    grid: Grid,
    limits: Limits,
}

impl Film {
    pub(crate) fn start(&self) -> Position {
        Position { ms: 0, keyed: true, place: Place::Tag(self.start) }
    }

    /// Bytes of memory.
    pub(crate) fn weight(&self) -> usize {
        let trails: usize =
            self.trails.iter().map(|trail| trail.lock().map_or(0, |trail| trail.weight())).sum();
        let headers: usize =
            self.headers.iter().map(|(_, body)| body.len() + size_of::<(u64, Bytes)>()).sum();
        // A name and a value of metadata: about 64 bytes.
        size_of::<Self>()
            + trails
            + headers
            + self.index.len() * size_of::<(u32, u64)>()
            + self.own.len() * 64
    }

    async fn walk<'a, S: Source>(
        &self,
        source: &'a S,
        window: Window<'a, S>,
        mark: Mark,
    ) -> Result<Walk<'a, S>, Error> {
        Walk::new(source, window, mark, &self.headers).await
    }

    /// See [`crate::Title::run`].
    pub(crate) async fn run<S: Source>(
        &self,
        source: &S,
        from: Position,
        mark: Mark,
        selection: Selection,
    ) -> Result<Run, Error> {
        let mark = Mark { times: mark.times.begin(from.ms), ..mark };
        let mut walk = self.walk(source, Window::new(source), mark).await?;
        let headers =
            [Kind::Video, Kind::Audio].into_iter().filter(|kind| selection.takes(*kind)).filter_map(|kind| {
                let body = Body::Inline(walk.header(kind)?.clone());
                Some(Sample { kind, time_ms: from.ms, key: false, body })
            });
        let headers = headers.collect();
        let mut builder = Builder::new(Cutter::new(self.grid, from.keyed), selection, &self.limits);
        while let Some(step) = walk.next().await? {
            if let Some(next) = builder.cut(&step) {
                let end_ms = next.time_ms();
                return Ok(Run { headers, samples: builder.samples, end_ms, next: Some(next) });
            }
            builder.push(step)?;
        }
        let last = builder.samples.last().map_or(from.ms, |sample| sample.time_ms);
        let end_ms = self.duration_ms.max(u64::from(last));
        Ok(Run { headers, samples: builder.samples, end_ms, next: None })
    }
}

/// Gathers the samples of one run.
struct Builder<'a> {
    cutter: Cutter,
    selection: Selection,
    limits: &'a Limits,
    samples: Vec<Sample>,
    bytes: u64,
    /// The stretch of the last tag, and whether another one was entered since the last frame.
    stretch: Option<u64>,
    entered: bool,
    /// Whether a frame is in `samples`.
    begun: bool,
}

impl<'a> Builder<'a> {
    fn new(cutter: Cutter, selection: Selection, limits: &'a Limits) -> Self {
        let (samples, bytes, stretch) = (Vec::new(), 0, None);
        Self { cutter, selection, limits, samples, bytes, stretch, entered: false, begun: false }
    }

    /// The next run's place if it begins with this tag. Only frames begin runs: sequence headers and script data
    /// stay with what is in front of them.
    fn cut(&mut self, step: &Step) -> Option<Position> {
        let stretch = step.tag.offset / STRETCH;
        self.entered |= self.stretch.replace(stretch).is_some_and(|before| before != stretch);
        let Role::Frame { kind, key } = step.tag.role else { return None };
        if !self.selection.takes(kind) {
            return None;
        }
        let key = key && kind == Kind::Video;
        let barrier = std::mem::take(&mut self.entered) && self.begun;
        if !barrier && !self.cutter.cuts(step.ms, key) {
            self.begun = true;
            return None;
        }
        let keyed = self.cutter.keyed_at(step.ms, key);
        let mark = Mark { times: step.mark.times.at_cut(step.ms), ..step.mark };
        Some(Position { ms: step.ms, keyed, place: Place::Tag(mark) })
    }

    fn push(&mut self, step: Step) -> Result<(), Error> {
        let body = match step.tag.role {
            Role::Header(_) => match step.header {
                Some(body) => Body::Inline(body),
                None => return Ok(()),
            },
            Role::Frame { .. } | Role::Extra(_) | Role::Script => {
                Body::File { prefix: Prefix::default(), range: step.tag.body() }
            }
            Role::MetaData | Role::Other => return Ok(()),
        };
        let Some(kind) = step.tag.role.kind().filter(|kind| self.selection.takes(*kind)) else {
            return Ok(());
        };
        self.bytes += step.tag.size;
        let limit = self.limits.run_bytes;
        if self.bytes > limit {
            let what = format!("the tags of one moment, up to byte {}", step.tag.offset);
            return Err(Error::TooLarge { what, size: self.bytes, limit });
        }
        let key = matches!(step.tag.role, Role::Frame { key: true, .. });
        self.samples.push(Sample { kind, time_ms: step.ms, key, body });
        Ok(())
    }
}
