//! Finding a time in an FLV file: by its own index if that is true, else by going through the tags once.

use super::tag::{Role, Tag};
use super::walk::{BACKWARD, recall};
use super::{Film, Mark};
use crate::Error;
use crate::position::{Place, Position};
use crate::sample::Kind;
use crate::source::{Source, Window};
use crate::track::Selection;

/// Blocks that a scan reads at a time.
const SCAN_BLOCKS: u64 = 4;
/// How far an entry of the file's index may be off, in milliseconds.
const TOLERANCE: i64 = 1000;

impl Film {
    /// See [`crate::Title::locate`].
    pub(crate) async fn locate<S: Source>(
        &self,
        source: &S,
        ms: u32,
        selection: Selection,
    ) -> Result<Position, Error> {
        let kind = if selection.takes(Kind::Video) { Kind::Video } else { Kind::Audio };
        if kind == Kind::Video
            && let Some(found) = self.by_index(source, ms).await?
        {
            return Ok(self.or_start(found, kind));
        }
        Ok(self.or_start(self.by_scan(source, ms, kind).await?, kind))
    }

    /// The first key frame is the start, so that whoever seeks there shares what everybody else watches.
    fn or_start(&self, found: Position, kind: Kind) -> Position {
        let first = self.first[usize::from(kind == Kind::Video)];
        match found.place {
            Place::Tag(mark) if Some(mark.offset) == first => self.start(),
            _ => found,
        }
    }

    /// The entry of the file's index at or before `ms`, if the file really has a key frame there.
    async fn by_index<S: Source>(&self, source: &S, ms: u32) -> Result<Option<Position>, Error> {
        let after = self.index.partition_point(|(time, _)| *time <= ms);
        // An index of a file whose first stamp is not 0 may count from either; the tag itself decides.
        for (time, offset) in self.index[..after].iter().rev().take(2) {
            let mut window = Window::new(source);
            if *offset < self.start.offset {
                continue;
            }
            // One read for the tag and for what is in front of it.
            let floor = offset.saturating_sub(BACKWARD).max(self.start.offset);
            window.get(floor, *offset - floor + 1).await?;
            let Some(tag) = Tag::read(&mut window, *offset).await? else { return Ok(None) };
            let is_key = tag.role == Role::Frame { kind: Kind::Video, key: true };
            let plain = self.start.times.plain(Kind::Video, tag.stamp);
            if !is_key || (plain - i64::from(*time)).abs() > TOLERANCE {
                return Ok(None);
            }
            let Some(at) = u32::try_from(plain).ok().filter(|at| *at <= ms) else { continue };
            let mut mark = Mark { offset: *offset, ..self.start };
            recall(&mut window, &mut mark, self.start.offset).await?;
            let mark = Mark { times: mark.times.at_cut(at), ..mark };
            return Ok(Some(Position { ms: at, keyed: true, place: Place::Tag(mark) }));
        }
        Ok(None)
    }

    /// Goes through the tags from the nearest remembered place on.
    async fn by_scan<S: Source>(&self, source: &S, ms: u32, kind: Kind) -> Result<Position, Error> {
        let trail = &self.trails[usize::from(kind == Kind::Video)];
        let known = trail.lock().ok().and_then(|trail| trail.before(ms));
        let mut found = known.unwrap_or_else(|| self.start());
        let Place::Tag(mark) = found.place else { return Ok(self.start()) };
        let mut walk = self.walk(source, Window::scanning(source, SCAN_BLOCKS), mark).await?;
        while let Some(step) = walk.next().await? {
            let Role::Frame { kind: own, key } = step.tag.role else { continue };
            if own != kind {
                continue;
            }
            if step.ms > ms {
                break;
            }
            if key {
                let mark = Mark { times: step.mark.times.at_cut(step.ms), ..step.mark };
                found = Position { ms: step.ms, keyed: kind == Kind::Video, place: Place::Tag(mark) };
                if let Ok(mut trail) = trail.lock() {
                    trail.remember(found);
                }
            }
        }
        Ok(found)
    }
}
