//! A media file, opened: its tracks, its times, and its samples run by run.

use millrace_amf::Value;

use crate::error::Refusal;
use crate::position::{Place, Position};
use crate::sample::{Kind, Run};
use crate::source::{BLOCK, Source, Window};
use crate::track::{Capabilities, Selection, Track};
use crate::{Error, Limits, flv, metadata, mp3, mp4};

/// What kind of file a title is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// ISO base media: mp4, m4v, m4a, mov, f4v, 3gp.
    Mp4,
    /// Flash Video.
    Flv,
    /// A row of MPEG audio frames.
    Mp3,
}

impl std::fmt::Display for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Mp4 => "MP4",
            Self::Flv => "FLV",
            Self::Mp3 => "MP3",
        })
    }
}

/// The index of one media file: what it holds and how to find it. Immutable but for places it learns on the way;
/// one title serves any number of viewers at once.
#[derive(Debug)]
pub struct Title {
    inner: Inner,
    /// The length of the file in bytes.
    file: u64,
}

#[derive(Debug)]
enum Inner {
    Mp4(mp4::Movie),
    Flv(flv::Film),
    Mp3(mp3::Song),
}

/// Opens a media file. What it is, is decided by its bytes, never by a name.
///
/// Reads the first 256 KiB, for MP4 the rest of its index by one more read, for FLV and MP3 the end of the file.
///
/// # Errors
/// [`Error::NotMedia`] when the bytes are no known container, [`Error::Structure`] when they contradict themselves,
/// [`Error::TooLarge`] when they go beyond `limits`, [`Error::Source`] when `source` fails.
pub async fn open<S: Source>(source: &S, limits: &Limits) -> Result<Title, Error> {
    let mut window = Window::new(source);
    let head = window.get(0, BLOCK).await?;
    let inner = if mp4::sniff(&head) {
        Inner::Mp4(mp4::open(&mut window, limits).await?)
    } else if flv::sniff(&head) {
        Inner::Flv(flv::open(&mut window, limits).await?)
    } else if let Some(song) = mp3::open(&mut window, limits).await? {
        Inner::Mp3(song)
    } else {
        return Err(Error::NotMedia { found: first_bytes(&head) });
    };
    Ok(Title { inner, file: source.len() })
}

fn first_bytes(head: &[u8]) -> String {
    if head.is_empty() {
        return "nothing".to_owned();
    }
    head.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

impl Title {
    /// The container it came in.
    #[must_use]
    pub fn container(&self) -> Container {
        match &self.inner {
            Inner::Mp4(_) => Container::Mp4,
            Inner::Flv(_) => Container::Flv,
            Inner::Mp3(_) => Container::Mp3,
        }
    }

    /// The length in milliseconds; 0 if the file does not tell.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        match &self.inner {
            Inner::Mp4(movie) => movie.duration_ms,
            Inner::Flv(film) => film.duration_ms,
            Inner::Mp3(song) => song.duration_ms,
        }
    }

    /// The audio and video tracks in the order of the file, also those that can't be sent.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        match &self.inner {
            Inner::Mp4(movie) => &movie.tracks,
            Inner::Flv(film) => &film.tracks,
            Inner::Mp3(song) => std::slice::from_ref(&song.track),
        }
    }

    /// The length of the file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file
    }

    /// Chooses what is sent to a client: of each kind the first enabled track that it can play, else the first it
    /// can play at all.
    ///
    /// # Errors
    /// [`Error::NoSupportedTrack`] with each track's reason when neither a video nor an audio track can be sent.
    pub fn select(&self, caps: &Capabilities) -> Result<Selection, Error> {
        let video = self.choose(Kind::Video, caps);
        let audio = self.choose(Kind::Audio, caps);
        if video.is_none() && audio.is_none() {
            return Err(Error::NoSupportedTrack { refused: self.refusals(caps) });
        }
        Ok(Selection { video, audio })
    }

    fn choose(&self, kind: Kind, caps: &Capabilities) -> Option<u8> {
        let fits = |&(index, track): &(usize, &Track)| {
            track.kind == kind && self.refusal(index, track, caps).is_none()
        };
        let mut fitting = self.tracks().iter().enumerate().filter(fits);
        let first = fitting.clone().next();
        let enabled = fitting.find(|(_, track)| track.enabled);
        enabled.or(first).and_then(|(index, _)| u8::try_from(index).ok())
    }

    fn refusal(&self, index: usize, track: &Track, caps: &Capabilities) -> Option<&'static str> {
        if let Some(why) = track.codec.refusal(caps) {
            return Some(why);
        }
        if track.extended.is_some_and(|code| !caps.accepts(code)) {
            return Some("in the extended form, which the client did not list as playable");
        }
        match &self.inner {
            Inner::Mp4(movie) => movie.refusal(index),
            Inner::Flv(_) | Inner::Mp3(_) => None,
        }
    }

    fn refusals(&self, caps: &Capabilities) -> Vec<Refusal> {
        let reason = |(index, track): (usize, &Track)| {
            let why = self.refusal(index, track, caps)?;
            Some(Refusal { track: track.id, codec: track.codec.name(), offset: track.offset, why })
        };
        self.tracks().iter().enumerate().filter_map(reason).collect()
    }

    /// The ECMA array that `onMetaData` carries, the same at each call.
    #[must_use]
    pub fn metadata(&self, selection: &Selection) -> Value {
        metadata::describe(self, selection)
    }

    pub(crate) fn details(&self, selection: &Selection) -> metadata::Details {
        match &self.inner {
            Inner::Mp4(movie) => metadata::Details {
                moov: Some(movie.moov_offset),
                seek_points: selection
                    .video()
                    .map(|index| movie.seek_points(index, metadata::SEEK_POINTS))
                    .unwrap_or_default(),
                own: None,
            },
            Inner::Flv(film) => {
                metadata::Details { own: Some(film.own.clone()), ..metadata::Details::default() }
            }
            Inner::Mp3(_) => metadata::Details::default(),
        }
    }

    /// How many bytes of memory this takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.inner {
            Inner::Mp4(movie) => movie.weight(),
            Inner::Flv(film) => film.weight(),
            Inner::Mp3(song) => song.weight(),
        }
    }

    /// The place before the first sample. The same for every selection.
    #[must_use]
    pub fn start(&self) -> Position {
        match &self.inner {
            Inner::Mp4(movie) => movie.start(),
            Inner::Flv(film) => film.start(),
            Inner::Mp3(song) => song.start(),
        }
    }

    /// The place of the video key frame at or before `ms`; without video, of the audio frame at or before it. A
    /// time before the first key frame is the start, a time behind the end the last key frame.
    ///
    /// # Errors
    /// [`Error::Source`] when `source` fails, [`Error::Structure`] when the file turns out to be broken there.
    pub async fn locate<S: Source>(
        &self,
        source: &S,
        ms: u64,
        selection: Selection,
    ) -> Result<Position, Error> {
        let ms = u32::try_from(ms).unwrap_or(u32::MAX);
        match &self.inner {
            Inner::Mp4(movie) => movie.locate(source, ms, selection).await,
            Inner::Flv(film) => film.locate(source, ms, selection).await,
            Inner::Mp3(song) => song.locate(source, ms).await,
        }
    }

    /// The samples from a place to the next cut (see [`Run`]). `from` must be a position of this title.
    ///
    /// # Errors
    /// As [`Title::locate`]; [`Error::TooLarge`] when a sample, or all samples of one cell, are too large to send.
    pub async fn run<S: Source>(
        &self,
        source: &S,
        from: Position,
        selection: Selection,
    ) -> Result<Run, Error> {
        match (&self.inner, from.place) {
            (Inner::Mp4(movie), _) => movie.run(source, from, selection).await,
            (Inner::Flv(film), Place::Tag(mark)) => film.run(source, from, mark, selection).await,
            (Inner::Mp3(song), Place::Frame { index, offset }) => {
                song.run(source, from, (index, offset)).await
            }
            _ => Ok(self.nothing()),
        }
    }

    /// What a position of another title leads to.
    fn nothing(&self) -> Run {
        Run { headers: Vec::new(), samples: Vec::new(), end_ms: self.duration_ms(), next: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    /// Titles are shared by the threads of a server, and its tasks move between them.
    #[test]
    fn everything_can_be_shared_and_moved() {
        fn is_shared<T: Send + Sync + 'static>() {}
        is_shared::<Title>();
        is_shared::<Error>();
        let source =
            Memory(b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x09\0\0\x01\0\0\0\0\0\0\0\x12\0\0\0\x0c"[..].into());
        let title = futures::executor::block_on(is_send(open(&source, &Limits::default()))).unwrap();
        let selection = title.select(&Capabilities::classic()).unwrap();
        let _ = futures::executor::block_on(is_send(title.locate(&source, 0, selection))).unwrap();
        let run = futures::executor::block_on(is_send(title.run(&source, title.start(), selection))).unwrap();
        assert_eq!(run.samples.len(), 1);
    }

    #[test]
    fn a_position_of_another_title_leads_nowhere() {
        let source =
            Memory(b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x09\0\0\x01\0\0\0\0\0\0\0\x12\0\0\0\x0c"[..].into());
        let title = futures::executor::block_on(open(&source, &Limits::default())).unwrap();
        let selection = title.select(&Capabilities::classic()).unwrap();
        let foreign = Position { place: Place::Frame { index: 0, offset: 0 }, ..title.start() };
        let run = futures::executor::block_on(title.run(&source, foreign, selection)).unwrap();
        assert!(run.samples.is_empty() && run.next.is_none());
    }
}
