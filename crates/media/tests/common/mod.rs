//! What several tests need: a source that counts, and whole titles as lists.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod boxes;
pub mod flv;

use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;
use futures::executor::block_on;
use millrace_media::source::Memory;
use millrace_media::{
    Body, Capabilities, Error, Kind, Limits, Position, Run, Sample, Selection, Source, SourceError, Title,
    open,
};

/// A file in memory that remembers what was read of it.
pub struct Counted {
    pub file: Memory,
    pub reads: Mutex<Vec<Range<u64>>>,
}

impl Counted {
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { file: Memory(bytes.into()), reads: Mutex::new(Vec::new()) }
    }

    pub fn take_reads(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.reads.lock().unwrap())
    }
}

impl Source for Counted {
    fn len(&self) -> u64 {
        self.file.len()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        self.reads.lock().unwrap().push(range.clone());
        self.file.read(range).await
    }
}

pub fn open_bytes(bytes: impl Into<Bytes>) -> Result<(Title, Memory), Error> {
    let source = Memory(bytes.into());
    let title = block_on(open(&source, &Limits::default()))?;
    Ok((title, source))
}

/// All runs from a position on.
pub fn runs_from<S: Source>(
    title: &Title,
    source: &S,
    from: Position,
    selection: Selection,
) -> Result<Vec<(Position, Run)>, Error> {
    let mut runs = Vec::new();
    let mut next = Some(from);
    while let Some(at) = next {
        let run = block_on(title.run(source, at, selection))?;
        next = run.next;
        runs.push((at, run));
        assert!(runs.len() < 100_000, "the runs do not end");
    }
    Ok(runs)
}

/// All samples from the start, for a client that takes everything.
pub fn samples_of<S: Source>(title: &Title, source: &S) -> Result<(Selection, Vec<Sample>), Error> {
    let selection = title.select(&Capabilities::all())?;
    let runs = runs_from(title, source, title.start(), selection)?;
    Ok((selection, runs.into_iter().flat_map(|(_, run)| run.samples).collect()))
}

/// The bytes of a message.
pub fn body_of(file: &[u8], body: &Body) -> Vec<u8> {
    match body {
        Body::Inline(bytes) => bytes.to_vec(),
        Body::File { prefix, range } => {
            let mut whole = prefix.to_vec();
            whole.extend_from_slice(&file[range.start as usize..range.end as usize]);
            whole
        }
    }
}

/// What must hold for every title: times never fall, runs chain, every located position joins the shared borders,
/// and whatever one starts from, the samples are those of the whole title from there on.
pub fn check_runs<S: Source>(title: &Title, source: &S) {
    let selection = title.select(&Capabilities::all()).unwrap();
    let whole = runs_from(title, source, title.start(), selection).unwrap();
    let mut last = [0; 3];
    for sample in whole.iter().flat_map(|(_, run)| &run.samples) {
        let last = &mut last[sample.kind as usize];
        assert!(sample.time_ms >= *last, "time falls from {last} to {}", sample.time_ms);
        *last = sample.time_ms;
    }
    let media: Vec<&Sample> = whole.iter().flat_map(|(_, run)| &run.samples).collect();
    let duration = title.duration_ms();
    let times = (0..=20).map(|i| duration * i / 20).chain([duration + 10_000]);
    for ms in times {
        let at = block_on(title.locate(source, ms, selection)).unwrap();
        assert!(at.time_ms() <= ms, "located {} for {ms}", at.time_ms());
        let runs = runs_from(title, source, at, selection).unwrap();
        if selection.video().is_some() && at != title.start() {
            let first = runs[0].1.samples.iter().find(|s| s.kind == Kind::Video).unwrap();
            assert!(first.key, "a run from {at:?} does not start with a key frame");
            assert_eq!(u64::from(first.time_ms), at.time_ms());
        }
        let tail: Vec<&Sample> = runs.iter().flat_map(|(_, run)| &run.samples).collect();
        compare_tails(&media, &tail, at);
        // Who seeks to a border that others come to by playing gets the very run that they get.
        let border = whole.iter().find(|(other, run)| {
            let first = run.samples.iter().find(|s| s.kind == Kind::Video);
            other.time_ms() == at.time_ms()
                && first.is_none_or(|s| s.key && u64::from(s.time_ms) == at.time_ms())
        });
        if let Some((border, _)) = border {
            assert_eq!(*border, at, "the same place by two ways");
        }
        // From the next cut on, the borders are those of the viewer who came from the start.
        for (position, run) in runs.iter().skip(1) {
            let shared = whole.iter().find(|(other, _)| other == position);
            let (_, shared) =
                shared.unwrap_or_else(|| panic!("{position:?} after {at:?} is nobody else's border"));
            assert_eq!(shared, run);
        }
    }
}

fn compare_tails(media: &[&Sample], tail: &[&Sample], at: Position) {
    for kind in [Kind::Audio, Kind::Video] {
        let whole: Vec<_> = media.iter().filter(|s| s.kind == kind).collect();
        let part: Vec<_> = tail.iter().filter(|s| s.kind == kind).collect();
        assert!(part.len() <= whole.len());
        assert_eq!(part[..], whole[whole.len() - part.len()..], "{kind:?} from {at:?}");
    }
}
