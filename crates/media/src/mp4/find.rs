//! Finds the `moov` box with few reads, wherever it stands, and never touches what is inside `mdat`.

use bytes::Bytes;

use super::boxes::{Header, name};
use super::index::Sidx;
use crate::source::{BLOCK, Source, Window};
use crate::{Error, Limits};

/// What was found at the top level of the file.
#[derive(Debug)]
pub(crate) struct Found {
    /// The whole `moov` box, header included.
    pub(crate) moov: Bytes,
    /// Where it stands.
    pub(crate) offset: u64,
}

/// How many boxes are looked at before the `moov`: some recorders put thousands of `free` boxes there.
const BOXES: usize = 4096;

/// What stands behind the samples is read at once if it has no more bytes than this, or than a quarter of them.
const TAIL: u64 = 8 * BLOCK;

/// Goes from box to box until the `moov` is there.
pub(crate) async fn moov<S: Source>(window: &mut Window<'_, S>, limits: &Limits) -> Result<Found, Error> {
    let (mut at, mut skipped) = (0, 0);
    for _ in 0..BOXES {
        let Some((header, size)) = top(window, at, skipped).await? else { break };
        if header.kind == *b"moov" {
            let moov = whole(window, at, size, limits).await?;
            return Ok(Found { moov, offset: at });
        }
        if header.kind == *b"moof" {
            return Err(Error::mp4("'moof' box in front of any 'moov' box", at));
        }
        if header.kind == *b"mdat" {
            skipped = size;
        }
        at = at.saturating_add(size);
    }
    Err(Error::mp4("no 'moov' box where the row of boxes ends,", at.min(window.len())))
}

/// The box at `at`, its size resolved and checked against the file; `None` at the end of the file.
///
/// `skipped` is the size of the `mdat` in front, if one was jumped over: what stands behind is then most likely
/// the `moov`, and if it is small against the samples it is read at once to the end of the file.
pub(crate) async fn top<S: Source>(
    window: &mut Window<'_, S>,
    at: u64,
    skipped: u64,
) -> Result<Option<(Header, u64)>, Error> {
    let left = window.len().saturating_sub(at);
    if skipped > 0 && window.held(at) < Header::MOST.min(left) && left <= TAIL.max(skipped / 4) {
        window.load(at..window.len()).await?;
    }
    let bytes = window.get(at, Header::MOST).await?;
    let Some(header) = Header::parse(&bytes, at)? else { return Ok(None) };
    let size = header.size.unwrap_or(left);
    if size > left && header.kind != *b"mdat" {
        let what = format!(
            "{} box of {size} bytes runs past the end of the file ({} bytes)",
            name(header.kind),
            window.len()
        );
        return Err(Error::mp4(what, at));
    }
    Ok(Some((header, size)))
}

/// A whole box, by one more read at most.
pub(crate) async fn whole<S: Source>(
    window: &mut Window<'_, S>,
    at: u64,
    size: u64,
    limits: &Limits,
) -> Result<Bytes, Error> {
    if size > limits.moov {
        let what = format!("the index box at byte {at}");
        return Err(Error::TooLarge { what, size, limit: limits.moov });
    }
    let held = window.held(at);
    if held >= size {
        return window.get(at, size).await;
    }
    // The head of the box is here already: only the rest is asked for.
    let head = window.get(at, held).await?;
    window.load(at + held..at + size).await?;
    let rest = window.get(at + held, size - held).await?;
    Ok([head, rest].concat().into())
}

/// What stands between the `moov` and the first fragment.
#[derive(Debug)]
pub(crate) struct Fragments {
    /// Where the first `moof` stands.
    pub(crate) first: u64,
    /// All segment indexes in front of it.
    pub(crate) indexes: Vec<Sidx>,
}

/// Goes on behind the `moov` to the first `moof`; `None` if the file ends before there is one.
pub(crate) async fn fragments<S: Source>(
    window: &mut Window<'_, S>,
    mut at: u64,
    limits: &Limits,
) -> Result<Option<Fragments>, Error> {
    let mut indexes = Vec::new();
    for _ in 0..BOXES {
        let Some((header, size)) = top(window, at, 0).await? else { return Ok(None) };
        match &header.kind {
            b"moof" => return Ok(Some(Fragments { first: at, indexes })),
            b"sidx" => {
                let bytes = whole(window, at, size, limits).await?;
                indexes.push(Sidx::parse(&bytes, at)?);
            }
            _ => {}
        }
        at = at.saturating_add(size);
    }
    Ok(None)
}
