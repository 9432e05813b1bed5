//! Going from frame to frame, over garbage if there is some.

use crate::Error;
use crate::codec::mpeg::{Fault, Header};
use crate::source::{Source, Window};

/// A frame and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) header: Header,
}

impl Frame {
    /// Where the next frame should stand.
    pub(crate) fn next(&self) -> u64 {
        self.offset + u64::from(self.header.length)
    }
}

/// Reads the frame at `offset`, if a whole one of the same stream stands there.
pub(crate) async fn at<S: Source>(
    window: &mut Window<'_, S>,
    offset: u64,
    end: u64,
    like: Option<&Header>,
) -> Result<Option<Frame>, Error> {
    let bytes = window.get(offset, Header::SIZE).await?;
    let frame = Header::parse(&bytes).ok().map(|header| Frame { offset, header });
    Ok(frame.filter(|frame| frame.next() <= end && like.is_none_or(|like| frame.header.alike(like))))
}

/// Whether `count` frames of the same stream follow a frame, or as many as there are to the end.
async fn confirmed<S: Source>(
    window: &mut Window<'_, S>,
    frame: Frame,
    end: u64,
    count: usize,
) -> Result<bool, Error> {
    let mut offset = frame.next();
    for _ in 0..count {
        if offset + Header::SIZE > end {
            return Ok(true);
        }
        let bytes = window.get(offset, Header::SIZE).await?;
        match Header::parse(&bytes) {
            Ok(header) if header.alike(&frame.header) => offset += u64::from(header.length),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// What to look for, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// The first byte that may be a frame's.
    pub(crate) from: u64,
    /// The first byte that may not be one.
    pub(crate) until: u64,
    /// Where the audio ends.
    pub(crate) end: u64,
    /// The stream the frame must belong to.
    pub(crate) like: Option<&'a Header>,
    /// How many frames must follow it: eleven set bits alone are found in any data.
    pub(crate) confirm: usize,
}

/// The first frame of a stretch.
pub(crate) async fn find<S: Source>(
    window: &mut Window<'_, S>,
    search: Search<'_>,
) -> Result<Option<Frame>, Error> {
    const PIECE: u64 = 16 * 1024;
    let until = search.until.min(search.end);
    let mut from = search.from;
    while from < until {
        let piece = window.get(from, PIECE.min(until - from)).await?;
        for (index, _) in piece.iter().enumerate().filter(|(_, byte)| **byte == 0xff) {
            let offset = from + index as u64;
            let Some(frame) = at(window, offset, search.end, search.like).await? else { continue };
            if confirmed(window, frame, search.end, search.confirm).await? {
                return Ok(Some(frame));
            }
        }
        from += piece.len() as u64;
    }
    Ok(None)
}

/// The frame at `offset`, or the next one behind what is none.
pub(crate) async fn next<S: Source>(
    window: &mut Window<'_, S>,
    offset: u64,
    end: u64,
    like: &Header,
) -> Result<Option<Frame>, Error> {
    if let Some(frame) = at(window, offset, end, Some(like)).await? {
        return Ok(Some(frame));
    }
    find(window, Search { from: offset, until: end, end, like: Some(like), confirm: 2 }).await
}

/// Whether the bytes at `offset` are a frame whose length its header does not tell.
pub(crate) async fn is_free_format<S: Source>(
    window: &mut Window<'_, S>,
    offset: u64,
) -> Result<bool, Error> {
    let bytes = window.get(offset, Header::SIZE).await?;
    Ok(Header::parse(&bytes) == Err(Fault::FreeFormat))
}
