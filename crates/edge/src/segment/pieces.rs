//! Where the bytes of a segment are in the file, and reading them in few pieces.

use std::ops::Range;

use bytes::Bytes;
use millrace_media::{Body, Sample};

use crate::titles::{OpenTitle, PlayError};

/// Parts of a file closer than this are read in one piece.
pub(super) const GAP: u64 = 64 << 10;

/// The bytes of a file that some samples need, as slices of the cache's blocks.
#[derive(Default)]
pub(super) struct Pieces(Vec<(u64, Bytes)>);

impl Pieces {
    pub(super) async fn read(title: &OpenTitle, samples: &[Sample]) -> Result<Self, PlayError> {
        let mut pieces = Vec::new();
        for extent in extents(samples) {
            let mut at = extent.start;
            for slice in title.object.read(extent).await? {
                let length = slice.len() as u64;
                pieces.push((at, slice));
                at += length;
            }
        }
        Ok(Self(pieces))
    }

    /// The slices that make up `range`, which lies in one of the extents.
    pub(super) fn get<'a>(&'a self, range: &Range<u64>, out: &mut Vec<&'a [u8]>) {
        let first = self.0.partition_point(|(at, slice)| at + slice.len() as u64 <= range.start);
        for (at, slice) in &self.0[first..] {
            if *at >= range.end {
                break;
            }
            let from = range.start.saturating_sub(*at) as usize;
            let to = (range.end - at).min(slice.len() as u64) as usize;
            out.push(&slice[from..to]);
        }
    }
}

/// The parts of the file that the samples lie in, in order; parts with a small gap between them are one.
pub(super) fn extents(samples: &[Sample]) -> Vec<Range<u64>> {
    let mut ranges: Vec<_> = samples
        .iter()
        .filter_map(|sample| match &sample.body {
            Body::File { range, .. } if !range.is_empty() => Some(range.clone()),
            _ => None,
        })
        .collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut extents: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match extents.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => extents.push(range),
        }
    }
    extents
}
