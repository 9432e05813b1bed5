//! One viewer: connects, plays, seeks when told to, and notes what came and when.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::str::FromStr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::BytesMut;
use millrace_media::{Kind, mux::flv};
use millrace_rtmp::message::kind;
use millrace_rtmp::session::{Client, ClientEvent, ClientPlay};
use millrace_rtmp::status::code;
use tokio::time::{Instant, sleep_until, timeout};

use super::player::Player;
use super::report::Live;
use super::transport::{Target, Transport};

/// How long a server may take for a connection, and for each thing it says until the first media comes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Room for each read, bytes.
const READ: usize = 256 << 10;

/// What every viewer does.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) target: Target,
    pub(super) play: ClientPlay,
    pub(super) duration: Option<Duration>,
    pub(super) seeks: Vec<SeekOrder>,
    pub(super) prebuffer: Duration,
}

/// `TARGET@AT`: where to seek, and after how much time of playing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeekOrder {
    target: Duration,
    at: Duration,
}

impl FromStr for SeekOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wants = || format!("{text:?} is no seek; write TARGET@AT, such as 5m@10s");
        let (target, at) = text.split_once('@').ok_or_else(wants)?;
        let time = |text| humantime::parse_duration(text).map_err(|_| wants());
        Ok(Self { target: time(target)?, at: time(at)? })
    }
}

/// What one viewer saw.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Why it could not go on; none if it got all it asked for.
    pub(super) failure: Option<String>,
    pub(super) connected: Option<Duration>,
    pub(super) started: Option<Duration>,
    pub(super) first_media: Option<Duration>,
    pub(super) first_video: Option<Duration>,
    /// From each seek to the first media after it.
    pub(super) seeks: Vec<Duration>,
    pub(super) bytes: u64,
    pub(super) messages: u64,
    pub(super) backwards: u64,
    pub(super) media: Duration,
    pub(super) stalls: u64,
    pub(super) stalled: Duration,
    pub(super) worst_stall: Duration,
}

impl Outcome {
    /// That of a viewer of which nothing else is known.
    pub(super) fn failed(why: String) -> Self {
        Self { failure: Some(why), ..Self::default() }
    }
}

/// Why a viewer stopped.
enum End {
    /// The server said that everything was sent.
    Complete,
    /// It played for as long as it was told.
    Enough,
    Failed(String),
}

struct Viewer<'a> {
    orders: &'a Orders,
    live: &'a Live,
    client: Client,
    transport: Transport,
    input: BytesMut,
    began: Instant,
    /// When bytes came last.
    heard: Instant,
    player: Player,
    /// Seeks that are still to be made.
    seeks: std::slice::Iter<'a, SeekOrder>,
    /// When the seek that is under way was asked for.
    seeking: Option<Duration>,
    /// The last stamps of audio and video.
    stamps: [Option<u32>; 2],
    output: Option<Output>,
    outcome: Outcome,
}

/// Plays as ordered; `output` gets everything as an FLV file.
pub(super) async fn play(orders: &Orders, output: Option<File>, live: &Live) -> Outcome {
    let began = Instant::now();
    let transport = match timeout(PATIENCE, orders.target.connect()).await {
        Ok(Ok(transport)) => transport,
        Ok(Err(why)) => return lost(live, why),
        Err(_) => return lost(live, format!("{} does not answer", orders.target.address)),
    };
    let random = Box::new(|bytes: &mut [u8]| {
        let _ = getrandom::fill(bytes);
    });
    let output = match output.map(Output::new).transpose() {
        Ok(output) => output,
        Err(error) => return lost(live, format!("the output can't be written: {error}")),
    };
    let mut viewer = Viewer {
        orders,
        live,
        client: Client::new(orders.play.clone(), random),
        transport,
        input: BytesMut::new(),
        began,
        heard: Instant::now(),
        player: Player::new(orders.prebuffer),
        seeks: orders.seeks.iter(),
        seeking: None,
        stamps: [None; 2],
        output,
        outcome: Outcome::default(),
    };
    live.playing.fetch_add(1, Relaxed);
    let end = viewer.watch().await;
    let ended = viewer.now();
    live.playing.fetch_sub(1, Relaxed);
    viewer.transport.close().await;
    viewer.finish(end, ended)
}

fn lost(live: &Live, why: String) -> Outcome {
    live.failed.fetch_add(1, Relaxed);
    Outcome::failed(why)
}

impl Viewer<'_> {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    async fn watch(&mut self) -> End {
        loop {
            if let Err(error) = self.transport.send(&self.client.take_output()).await {
                return End::Failed(format!("the connection broke: {error}"));
            }
            let due = self.seeks.as_slice().first().map(|seek| seek.at);
            let enough = self.orders.duration;
            let soon = Duration::from_millis(500);
            let wake = [due, enough].into_iter().flatten().fold(self.now() + soon, Duration::min);
            self.input.reserve(READ);
            tokio::select! {
                received = self.transport.receive(&mut self.input) => {
                    match received {
                        Ok(0) => return End::Failed("the server closed the connection".to_owned()),
                        Ok(n) => self.live.bytes.fetch_add(n as u64, Relaxed),
                        Err(why) => return End::Failed(why),
                    };
                    self.heard = Instant::now();
                    if let Some(end) = self.take() {
                        return end;
                    }
                }
                () = sleep_until(self.began + wake) => {
                    if self.outcome.first_media.is_none() && self.heard.elapsed() > PATIENCE {
                        return End::Failed(format!("nothing came for {PATIENCE:?}"));
                    }
                }
            }
            self.look();
            if self.live.leave.load(Relaxed) || enough.is_some_and(|enough| self.now() >= enough) {
                return End::Enough;
            }
        }
    }

    /// What the clock alone brings: seeks and stalls.
    fn look(&mut self) {
        let now = self.now();
        let stalls = self.player.stalls;
        self.player.look(now);
        self.live.stalls.fetch_add(self.player.stalls - stalls, Relaxed);
        let playing = self.outcome.first_media.is_some() && self.seeking.is_none();
        if playing
            && self.seeks.as_slice().first().is_some_and(|seek| now >= seek.at)
            && let Some(seek) = self.seeks.next()
        {
            self.client.seek(seek.target.as_millis() as f64);
            self.seeking = Some(now);
            self.player.flush();
        }
    }

    /// Takes what came in; the end, if it was the end.
    fn take(&mut self) -> Option<End> {
        let before = self.input.len();
        if let Err(error) = self.client.receive(&mut self.input) {
            return Some(End::Failed(error.to_string()));
        }
        self.outcome.bytes += (before - self.input.len()) as u64;
        while let Some(event) = self.client.poll_event() {
            let end = match event {
                ClientEvent::Connected => {
                    self.outcome.connected = Some(self.now());
                    None
                }
                ClientEvent::Status { code, level, description } => self.status(&code, &level, &description),
                ClientEvent::Media(message) => {
                    let kind = if message.kind == kind::VIDEO { Kind::Video } else { Kind::Audio };
                    self.media(kind, message.time_ms, &message.body)
                }
                ClientEvent::Data { time_ms, values, body } => {
                    let is_metadata = values.first().and_then(|name| name.as_str()) == Some("onMetaData");
                    if is_metadata { self.save(Kind::Data, time_ms, &body) } else { None }
                }
                ClientEvent::Control(_) | ClientEvent::Command(_) => None,
            };
            if end.is_some() {
                return end;
            }
        }
        None
    }

    fn status(&mut self, code: &str, level: &str, description: &str) -> Option<End> {
        match code {
            code::PLAY_START => {
                let now = self.now();
                self.outcome.started.get_or_insert(now);
                None
            }
            code::SEEK_NOTIFY => {
                self.stamps = [None; 2];
                None
            }
            code::PLAY_STOP => Some(End::Complete),
            _ if level == "error" => Some(End::Failed(format!("{code}: {description}"))),
            _ => None,
        }
    }

    fn media(&mut self, kind: Kind, time_ms: u32, body: &[u8]) -> Option<End> {
        let now = self.now();
        self.outcome.messages += 1;
        self.outcome.first_media.get_or_insert(now);
        if kind == Kind::Video {
            self.outcome.first_video.get_or_insert(now);
        }
        if let Some(asked) = self.seeking.take_if(|_| self.stamps == [None; 2]) {
            self.outcome.seeks.push(now - asked);
        }
        let last = &mut self.stamps[usize::from(kind == Kind::Video)];
        if last.is_some_and(|last| time_ms < last) {
            self.outcome.backwards += 1;
        }
        *last = Some(time_ms);
        self.player.receive(Duration::from_millis(u64::from(time_ms)), now);
        self.save(kind, time_ms, body)
    }

    fn save(&mut self, kind: Kind, time_ms: u32, body: &[u8]) -> Option<End> {
        let result = self.output.as_mut().map_or(Ok(()), |output| output.write(kind, time_ms, body));
        result.err().map(|error| End::Failed(format!("the output can't be written: {error}")))
    }

    fn finish(mut self, end: End, ended: Duration) -> Outcome {
        if let Some(Err(error)) = self.output.take().map(Output::finish) {
            self.outcome.failure = Some(format!("the output can't be written: {error}"));
        }
        match end {
            End::Failed(why) => {
                self.outcome.failure.get_or_insert(why);
            }
            // The model would stall at the end of everything, and no viewer minds that.
            End::Complete => {}
            End::Enough => self.player.look(ended),
        }
        let counter = if self.outcome.failure.is_some() { &self.live.failed } else { &self.live.done };
        counter.fetch_add(1, Relaxed);
        self.outcome.media = self.player.span();
        self.outcome.stalls = self.player.stalls;
        self.outcome.stalled = self.player.stalled;
        self.outcome.worst_stall = self.player.worst_stall;
        self.outcome
    }
}

/// An FLV file that is being written.
struct Output {
    file: std::io::BufWriter<File>,
    audio: bool,
    video: bool,
}

impl Output {
    fn new(file: File) -> std::io::Result<Self> {
        let mut file = std::io::BufWriter::with_capacity(1 << 20, file);
        file.write_all(&flv::header(true, true))?;
        Ok(Self { file, audio: false, video: false })
    }

    fn write(&mut self, kind: Kind, time_ms: u32, body: &[u8]) -> std::io::Result<()> {
        self.audio |= kind == Kind::Audio;
        self.video |= kind == Kind::Video;
        let tag = flv::tag(kind, time_ms, body).map_err(std::io::Error::other)?;
        self.file.write_all(&tag)
    }

    /// Only now it is known what the file holds, so its head is written again.
    fn finish(mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&flv::header(self.audio, self.video))?;
        self.file.flush()
    }
}
