//! MP3: a row of MPEG audio layer III frames (ISO/IEC 11172-3, 13818-3) with tags around it.

mod frames;
mod info;
mod tags;

use std::sync::Mutex;

use crate::codec::mpeg::Header;
use crate::codec::wire::Form;
use crate::codec::wire::mp3_byte;
use crate::cut::{Cutter, Grid};
use crate::position::{Place, Position};
use crate::sample::{Body, Kind, Run, Sample};
use crate::source::{BLOCK, Source, Window};
use crate::track::{Codec, Track};
use crate::trail::Trail;
use crate::{Error, Limits};
use frames::{Frame, Search};

/// How far behind the tags the first frame is looked for.
const GARBAGE: u64 = 64 * 1024;
/// Blocks that a scan reads at a time.
const SCAN_BLOCKS: u64 = 4;

/// An opened MP3 file.
#[derive(Debug)]
pub(crate) struct Song {
    pub(crate) track: Track,
    pub(crate) duration_ms: u64,
    /// The first frame that is sound.
    first: Frame,
    /// Where the audio ends.
    end: u64,
    /// The length of a frame as a fraction (numerator, denominator) if all have the same bit rate.
    pace: Option<(u64, u64)>,
    trail: Mutex<Trail>,
    grid: Grid,
}

/// Opens a file whose first bytes are in `window`; `None` if it is no MP3.
pub(crate) async fn open<S: Source>(
    window: &mut Window<'_, S>,
    limits: &Limits,
) -> Result<Option<Song>, Error> {
    let start = tags::front(window, limits.id3).await?;
    if frames::is_free_format(window, start).await? {
        return Err(Error::mp3("frame in free format, whose length is not told,", start));
    }
    let until = start.saturating_add(GARBAGE);
    let search = Search { from: start, until, end: window.len(), like: None, confirm: 3 };
    let Some(frame) = frames::find(window, search).await? else {
        let tagged = start > 0;
        return if tagged { Err(Error::mp3("no layer III frames behind the tags", start)) } else { Ok(None) };
    };
    let bytes = window.get(frame.offset, u64::from(frame.header.length)).await?;
    let info = info::parse(&bytes, &frame.header);
    let mut first = frame;
    if info.is_some() {
        first = match frames::next(window, frame.next(), window.len(), &frame.header).await? {
            Some(first) => first,
            None => return Err(Error::mp3("no frames behind the Xing or VBRI frame", frame.offset)),
        };
    }
    let head = census(window, first, first.offset + BLOCK).await?;
    let end = tags::back(window, start).await?;
    let tail = tail(window, first, end).await?;
    let constant = head.constant && tail.is_none_or(|kbps| kbps == first.header.kbps);
    let pace = pace(&first.header, head.padded).filter(|_| constant && info.is_none_or(|info| info.constant));
    let length = end.saturating_sub(first.offset);
    let counted = match pace {
        Some((length_of, parts)) => (length * parts + length_of / 2) / length_of,
        None => length * head.frames / head.bytes.max(1),
    };
    // A count that can't be true, of a file that was cut off, is worse than none.
    let told = info.and_then(|info| info.frames).map(u64::from);
    let frames = told.filter(|told| told.abs_diff(counted) <= counted / 2 + 2).unwrap_or(counted);
    Ok(Some(Song::new(first, end, pace, frames, limits)))
}

/// What a stretch of frames has in common.
struct Census {
    frames: u64,
    bytes: u64,
    constant: bool,
    /// Whether any frame has a byte of padding.
    padded: bool,
}

/// Counts the frames from the first to `until`, or to what is no frame.
async fn census<S: Source>(window: &mut Window<'_, S>, first: Frame, until: u64) -> Result<Census, Error> {
    let mut census = Census { frames: 0, bytes: 0, constant: true, padded: false };
    let (mut next, end) = (Some(first), window.len());
    let plain = first.header.samples / 8 * first.header.kbps * 1000 / first.header.rate;
    while let Some(frame) = next.filter(|frame| frame.next() <= until) {
        census.frames += 1;
        census.bytes += u64::from(frame.header.length);
        census.constant &= frame.header.kbps == first.header.kbps;
        census.padded |= frame.header.length > plain;
        next = frames::at(window, frame.next(), end, Some(&first.header)).await?;
    }
    if census.frames == 0 {
        (census.frames, census.bytes) = (1, u64::from(first.header.length));
    }
    Ok(census)
}

/// The bit rate of the frames at the end of the file, if they all have the same, else 0; `None` without any.
async fn tail<S: Source>(window: &mut Window<'_, S>, first: Frame, end: u64) -> Result<Option<u32>, Error> {
    let from = first.offset.max(end.saturating_sub(BLOCK / 4));
    let search = Search { from, until: end, end, like: Some(&first.header), confirm: 2 };
    let mut next = frames::find(window, search).await?;
    let mut kbps = None;
    while let Some(frame) = next {
        match kbps {
            None => kbps = Some(frame.header.kbps),
            Some(before) if before != frame.header.kbps => return Ok(Some(0)),
            Some(_) => {}
        }
        next = frames::at(window, frame.next(), end, Some(&first.header)).await?;
    }
    Ok(kbps)
}

/// The mean length of frames of one bit rate. Most encoders pad, so that the mean is the exact quotient; some never
/// do, so that all frames are as long as the first.
fn pace(header: &Header, padded: bool) -> Option<(u64, u64)> {
    let bytes = u64::from(header.samples / 8 * header.kbps) * 1000;
    let rate = u64::from(header.rate);
    let pace = if padded { (bytes, rate) } else { (bytes / rate, 1) };
    (pace.0 > 0).then_some(pace)
}

impl Song {
    fn new(first: Frame, end: u64, pace: Option<(u64, u64)>, frames: u64, limits: &Limits) -> Self {
        let header = first.header;
        let bytes = end.saturating_sub(first.offset);
        let ticks = frames * u64::from(header.samples);
        let duration_ms = (ticks * 1000 + u64::from(header.rate) / 2) / u64::from(header.rate);
        let mut track = Track::new(1, Kind::Audio, Codec::Mp3, first.offset);
        track.sample_rate = header.rate;
        track.channels = header.channels;
        track.timescale = header.rate;
        (track.ticks, track.bytes) = (ticks, bytes);
        let trail = Mutex::new(Trail::new(limits.checkpoints));
        Self { track, duration_ms, first, end, pace, trail, grid: Grid::new(bytes, duration_ms) }
    }

    pub(crate) fn start(&self) -> Position {
        self.place(0, self.first.offset)
    }

    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.trail.lock().map_or(0, |trail| trail.weight())
    }

    fn place(&self, index: u64, offset: u64) -> Position {
        Position { ms: self.ms(index), keyed: false, place: Place::Frame { index, offset } }
    }

    /// The time of a frame by its number.
    fn ms(&self, index: u64) -> u32 {
        let (samples, rate) = (u64::from(self.first.header.samples), u64::from(self.first.header.rate));
        u32::try_from((index.saturating_mul(samples * 1000) + rate / 2) / rate).unwrap_or(u32::MAX)
    }

    /// The number of the last frame at or before `ms`.
    fn index_at(&self, ms: u32) -> u64 {
        let (samples, rate) = (u64::from(self.first.header.samples), u64::from(self.first.header.rate));
        let guess = u64::from(ms) * rate / (samples * 1000) + 1;
        (0..3).map(|back| guess.saturating_sub(back)).find(|index| self.ms(*index) <= ms).unwrap_or(0)
    }

    /// See [`crate::Title::locate`].
    pub(crate) async fn locate<S: Source>(&self, source: &S, ms: u32) -> Result<Position, Error> {
        if let Some(pace) = self.pace
            && let Some(found) = self.by_pace(source, self.index_at(ms), pace).await?
        {
            return Ok(found);
        }
        self.by_scan(source, ms).await
    }

    /// Goes where frame `wanted` must be if all frames are alike, and looks whether one is there.
    async fn by_pace<S: Source>(
        &self,
        source: &S,
        wanted: u64,
        (length, parts): (u64, u64),
    ) -> Result<Option<Position>, Error> {
        let header = &self.first.header;
        let whole = self.end.saturating_sub(self.first.offset);
        let last = (whole.saturating_mul(parts) / length).saturating_sub(1);
        let wanted = wanted.min(last);
        if wanted == 0 {
            return Ok(Some(self.start()));
        }
        let guess = self.first.offset + wanted.saturating_mul(length) / parts;
        let mut window = Window::new(source);
        // Padding lets a frame stand one byte off; more than half a frame off, it would be another frame.
        let from = guess.saturating_sub(u64::from(header.length) / 2).max(self.first.offset);
        let until = from + u64::from(header.length);
        let search = Search { from, until, end: self.end, like: Some(header), confirm: 2 };
        let frame = frames::find(&mut window, search).await?;
        Ok(frame
            .filter(|frame| frame.header.kbps == header.kbps)
            .map(|frame| self.place(wanted, frame.offset)))
    }

    /// Counts frames from the nearest remembered place on.
    async fn by_scan<S: Source>(&self, source: &S, ms: u32) -> Result<Position, Error> {
        let known = self.trail.lock().ok().and_then(|trail| trail.before(ms));
        let mut found = known.unwrap_or_else(|| self.start());
        let Place::Frame { mut index, mut offset } = found.place else { return Ok(found) };
        let mut window = Window::scanning(source, SCAN_BLOCKS);
        while let Some(frame) = frames::next(&mut window, offset, self.end, &self.first.header).await? {
            if self.ms(index) > ms {
                break;
            }
            found = self.place(index, frame.offset);
            if let Ok(mut trail) = self.trail.lock() {
                trail.remember(found);
            }
            (index, offset) = (index + 1, frame.next());
        }
        Ok(found)
    }

    /// See [`crate::Title::run`].
    pub(crate) async fn run<S: Source>(
        &self,
        source: &S,
        from: Position,
        (mut index, mut offset): (u64, u64),
    ) -> Result<Run, Error> {
        let mut window = Window::new(source);
        let mut cutter = Cutter::new(self.grid, from.keyed);
        let mut samples = Vec::new();
        while let Some(frame) = frames::next(&mut window, offset, self.end, &self.first.header).await? {
            let ms = self.ms(index);
            if cutter.cuts(ms, false) {
                let next = self.place(index, frame.offset);
                return Ok(Run { headers: Vec::new(), samples, end_ms: next.time_ms(), next: Some(next) });
            }
            let form = Form::Sound(mp3_byte(frame.header.rate, frame.header.channels));
            let body = Body::File { prefix: form.prefix(true, 0), range: frame.offset..frame.next() };
            samples.push(Sample { kind: Kind::Audio, time_ms: ms, key: true, body });
            (index, offset) = (index + 1, frame.next());
        }
        let end_ms = self.duration_ms.max(u64::from(self.ms(index)));
        Ok(Run { headers: Vec::new(), samples, end_ms, next: None })
    }
}
