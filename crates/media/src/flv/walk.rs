//! Goes from tag to tag and keeps what a place in the file must remember.

use bytes::Bytes;

use super::Mark;
use super::tag::{BACK, HEAD, Role, Tag};
use crate::Error;
use crate::sample::Kind;
use crate::source::{BLOCK, Source, Window};

/// A tag with its time.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) tag: Tag,
    /// Milliseconds of the title.
    pub(crate) ms: u32,
    /// The place in front of the tag.
    pub(crate) mark: Mark,
    /// Whether the tag is a sequence header that says something new; then its body.
    pub(crate) header: Option<Bytes>,
}

/// Reads tags forward from a mark.
pub(crate) struct Walk<'a, S> {
    window: Window<'a, S>,
    mark: Mark,
    /// The bodies of the sequence headers in force: sound, picture.
    headers: [Option<Bytes>; 2],
}

fn slot(kind: Kind) -> usize {
    usize::from(kind == Kind::Video)
}

impl<'a, S: Source> Walk<'a, S> {
    /// A walk from `mark` on. `known` are the bodies of the file's first headers by their place, which spares
    /// reading them again.
    pub(crate) async fn new(
        source: &'a S,
        window: Window<'a, S>,
        mark: Mark,
        known: &[(u64, Bytes)],
    ) -> Result<Self, Error> {
        let mut headers = [None, None];
        for (header, place) in headers.iter_mut().zip(mark.headers) {
            if place == 0 {
                continue;
            }
            *header = match known.iter().find(|(at, _)| *at == place) {
                Some((_, body)) => Some(body.clone()),
                None => body_at(&mut Window::new(source), place).await?,
            };
        }
        Ok(Self { window, mark, headers })
    }

    /// The sequence header in force for a kind.
    pub(crate) fn header(&self, kind: Kind) -> Option<&Bytes> {
        self.headers[slot(kind)].as_ref()
    }

    /// The next tag; `None` where the file ends.
    pub(crate) async fn next(&mut self) -> Result<Option<Step>, Error> {
        let Some(tag) = Tag::read(&mut self.window, self.mark.offset).await? else { return Ok(None) };
        let before = self.mark;
        let ms = match tag.role.kind() {
            // A header's stamp is often 0 wherever it stands: it has the time of what is around it.
            Some(kind) if !matches!(tag.role, Role::Header(_)) => self.mark.times.next(kind, tag.stamp),
            Some(kind) => self.mark.times.now(kind),
            None => 0,
        };
        let header = self.renew(&tag).await?;
        self.mark.offset = tag.next();
        Ok(Some(Step { tag, ms, mark: before, header }))
    }

    async fn renew(&mut self, tag: &Tag) -> Result<Option<Bytes>, Error> {
        let Role::Header(kind) = tag.role else { return Ok(None) };
        let body = self.window.get(tag.offset + HEAD, tag.size).await?;
        let current = &mut self.headers[slot(kind)];
        if current.as_ref() == Some(&body) {
            return Ok(None);
        }
        *current = Some(Bytes::copy_from_slice(&body));
        self.mark.headers[slot(kind)] = tag.offset;
        Ok(current.clone())
    }
}

/// The body of the tag at `offset`.
async fn body_at<S: Source>(window: &mut Window<'_, S>, offset: u64) -> Result<Option<Bytes>, Error> {
    match Tag::read(window, offset).await? {
        Some(tag) => Ok(Some(Bytes::copy_from_slice(&window.get(offset + HEAD, tag.size).await?))),
        None => Ok(None),
    }
}

/// How far back the tags in front of a place are looked at, in bytes.
pub(crate) const BACKWARD: u64 = BLOCK;

/// Lets a mark, come to by the file's own index, know the times of sound and picture in front of it, by going
/// backwards tag by tag. Where the sizes behind the tags are wrong, they stay unknown, which does no harm in a file
/// whose stamps are in order. The caller has the bytes in the window already.
pub(crate) async fn recall<S: Source>(
    window: &mut Window<'_, S>,
    mark: &mut Mark,
    first: u64,
) -> Result<(), Error> {
    let floor = mark.offset.saturating_sub(BACKWARD).max(first);
    let (mut at, mut missing) = (mark.offset, vec![Kind::Audio, Kind::Video]);
    while !missing.is_empty() && at >= floor + BACK {
        let bytes = window.get(at - BACK, BACK).await?;
        let size = bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let Some(before) = (at - BACK).checked_sub(size).filter(|before| *before >= floor && size >= HEAD)
        else {
            break;
        };
        let tag = match Tag::read(window, before).await {
            Ok(Some(tag)) if tag.next() == at => tag,
            Err(Error::Source(error)) => return Err(error.into()),
            _ => break,
        };
        let kind =
            tag.role.kind().filter(|kind| !matches!(tag.role, Role::Header(_)) && missing.contains(kind));
        if let Some(kind) = kind {
            mark.times.recall(kind, tag.stamp);
            missing.retain(|other| *other != kind);
        }
        at = before;
    }
    Ok(())
}
